//! What a readable WAVEFORMATEX still has wrong as private data of G.711, and how it is mended.

use bytes::Bytes;

use super::{SECTION, STRUCTURE, WAVE_FORMAT_EXTENSIBLE, WaveFormat, tag};
use crate::{
    aac::{BIT_DEPTH, CHANNELS, COUNTS, OUTPUT_SAMPLING_FREQUENCY, SAMPLING_FREQUENCY, disagreement, is_rate},
    codec_private::Stated,
    error::{Error, ErrorKind},
    fault::{Effect, Fault},
};

impl WaveFormat {
    /// All that a readable format still has wrong.
    ///
    /// Anything but G.711 is fatal, since nothing else in `A_MS/ACM` becomes a clip. The fields that the Kinesis Video C
    /// producer fills wrongly are mendable: what they have to be follows from the others.
    pub fn check(&self) -> Vec<Fault> {
        let mut faults = Vec::new();
        if let Some(turned) = self.turned_around() {
            let rule = format!(
                "is {} with its bytes turned around: the fields are big-endian",
                tag::in_words(turned.format_tag)
            );
            faults.push(Fault::mendable(invalid(0, "wFormatTag", rule)));
            faults.extend(turned.check());
            return faults;
        }
        let Some(law) = self.g711_law() else {
            faults.push(Fault::fatal(self.other_format()));
            return faults;
        };
        if self.format_tag == WAVE_FORMAT_EXTENSIBLE {
            let inside = Self::g711(law, 1, 1).format_tag;
            let rule = format!("is extensible around {}, which needs no extension", tag::in_words(inside));
            faults.push(Fault::mendable(invalid(0, "wFormatTag", rule)));
        } else if let Some(extra @ 1..) = self.extra.as_ref().map(Bytes::len) {
            faults.push(Fault::harmless(invalid(16, "cbSize", format!("is {extra}, G.711 has nothing more to say"))));
        }
        self.check_numbers(&mut faults);
        if self.extra.is_none() {
            let rule = "is absent; without it the structure is the older PCMWAVEFORMAT, which is for PCM alone";
            faults.push(Fault::harmless(invalid(16, "cbSize", rule.to_owned())));
        }
        if !self.trailing.is_empty() {
            let rule = format!("is followed by {} bytes more than it says", self.trailing.len());
            faults.push(Fault::harmless(invalid(16, "cbSize", rule)));
        }
        faults
    }

    /// Where it disagrees with the container's Audio element. All of it is harmless: the private data counts.
    pub fn check_against(&self, stated: &Stated) -> Vec<Fault> {
        if let Some(turned) = self.turned_around() {
            return turned.check_against(stated);
        }
        let mut faults = Vec::new();
        let rate = self.samples_per_sec;
        for (field, hz, section) in [
            ("SamplingFrequency", stated.sampling_frequency, SAMPLING_FREQUENCY),
            ("OutputSamplingFrequency", stated.output_sampling_frequency, OUTPUT_SAMPLING_FREQUENCY),
        ] {
            if let Some(hz) = hz.filter(|hz| !is_rate(*hz, rate)) {
                let rule = format!("is {hz}, the private data says {rate}; {COUNTS}");
                faults.push(disagreement(field, rule, section));
            }
        }
        if let Some(channels) = stated.channels.filter(|channels| *channels != u64::from(self.channels)) {
            let rule = format!("is {channels}, the private data says {}; {COUNTS}", self.channels);
            faults.push(disagreement("Channels", rule, CHANNELS));
        }
        if let (Some(bits), Some(_)) = (stated.bit_depth.filter(|bits| *bits != 8), self.g711_law()) {
            let rule = format!("is {bits}, a sample of G.711 has 8 bits; {COUNTS}");
            faults.push(disagreement("BitDepth", rule, BIT_DEPTH));
        }
        faults
    }

    /// The same with what [`Self::check`] calls mendable put right.
    ///
    /// # Errors
    /// The first fatal fault, when there is one.
    pub fn rebuilt(&self) -> Result<Self, Error> {
        if let Some(fault) = self.check().into_iter().find(|fault| fault.effect == Effect::Fatal) {
            return Err(fault.error);
        }
        let format = self.turned_around().unwrap_or_else(|| self.clone());
        let law = format.g711_law().ok_or_else(|| format.other_format())?;
        let right = Self::g711(law, format.channels, format.samples_per_sec);
        if format.format_tag == WAVE_FORMAT_EXTENSIBLE {
            return Ok(right);
        }
        Ok(Self { extra: format.extra, trailing: format.trailing, ..right })
    }

    fn check_numbers(&self, faults: &mut Vec<Fault>) {
        if self.channels > 2 {
            let rule = format!("is {}, the Kinesis Video producers take 1 and 2", self.channels);
            faults.push(Fault::harmless(invalid(2, "nChannels", rule)));
        }
        let rate = self.samples_per_sec;
        if rate != 8_000 {
            let rule = format!("is {rate}, G.711 is made for 8000");
            let error =
                Error::new(ErrorKind::Invalid, STRUCTURE, 4, "nSamplesPerSec", rule, "ITU-T G.711, Sampling rate");
            faults.push(Fault::harmless(error));
        }
        let bytes_per_sec = rate.saturating_mul(u32::from(self.channels));
        if self.avg_bytes_per_sec != bytes_per_sec {
            let producer = if self.avg_bytes_per_sec == bytes_per_sec / 8 {
                ", the Kinesis Video C producer's eighth"
            } else {
                ""
            };
            let rule = format!(
                "is {}{producer}; {rate} samples a second in {} channels make {bytes_per_sec}",
                self.avg_bytes_per_sec, self.channels
            );
            faults.push(Fault::mendable(invalid(8, "nAvgBytesPerSec", rule)));
        }
        if self.block_align != self.channels {
            let rule = format!("is {}, {} channels of 8 bits make {}", self.block_align, self.channels, self.channels);
            faults.push(Fault::mendable(invalid(12, "nBlockAlign", rule)));
        }
        if self.bits_per_sample != 8 {
            let producer = if self.bits_per_sample == 0 { ", as the Kinesis Video C producer leaves it" } else { "" };
            let rule = format!("is {}{producer}; a sample of G.711 has 8", self.bits_per_sample);
            faults.push(Fault::mendable(invalid(14, "wBitsPerSample", rule)));
        }
    }

    fn other_format(&self) -> Error {
        let rule = match (self.format_tag, self.sub_format()) {
            (WAVE_FORMAT_EXTENSIBLE, Some(inside)) => {
                format!("is extensible around {}, not G.711", tag::in_words(inside))
            }
            (WAVE_FORMAT_EXTENSIBLE, None) => {
                "is extensible around a SubFormat that is no format tag, not G.711".to_owned()
            }
            (format_tag, _) => format!("is {}, not G.711", tag::in_words(format_tag)),
        };
        Error::new(ErrorKind::Unsupported, STRUCTURE, 0, "wFormatTag", rule, SECTION)
    }
}

fn invalid(at: usize, field: &'static str, rule: String) -> Error {
    Error::new(ErrorKind::Invalid, STRUCTURE, at, field, rule, SECTION)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::{testdata::hex, wave::G711Law};

    const RIGHT: &str = "06000100401f0000401f0000010008000000";

    fn format(text: &str) -> WaveFormat {
        WaveFormat::read(&hex(text)).unwrap()
    }

    fn right() -> WaveFormat {
        format(RIGHT)
    }

    fn extensible(tag: u16) -> WaveFormat {
        let extra = [&[8, 0, 4, 0, 0, 0][..], &tag.to_le_bytes(), &super::super::GUID_TAIL].concat();
        WaveFormat { format_tag: WAVE_FORMAT_EXTENSIBLE, extra: Some(extra.into()), ..right() }
    }

    fn only(format: &WaveFormat, effect: Effect) -> String {
        let faults = format.check();
        let [fault] = &faults[..] else { panic!("{faults:?}") };
        assert_eq!(fault.effect, effect, "{fault}");
        fault.to_string()
    }

    #[test]
    fn both_laws_of_ffmpeg_have_nothing_wrong() {
        for text in [RIGHT, "07000200401f0000803e0000020008000000"] {
            assert_eq!(format(text).check(), []);
            assert_eq!(format(text).rebuilt().unwrap(), format(text));
        }
    }

    #[test]
    fn the_c_producer_is_mended() {
        let faults = format("06000100401f0000e8030000010000000000").check();
        assert!(faults.iter().all(|fault| fault.effect == Effect::Mendable));
        assert_eq!(
            faults.iter().map(ToString::to_string).collect::<Vec<_>>(),
            [
                "WAVEFORMATEX byte 8: nAvgBytesPerSec is 1000, the Kinesis Video C producer's eighth; 8000 samples a second in 1 \
                 channels make 8000 (mmreg.h)",
                "WAVEFORMATEX byte 14: wBitsPerSample is 0, as the Kinesis Video C producer leaves it; a sample of G.711 has 8 \
                 (mmreg.h)",
            ]
        );
        assert_eq!(format("06000100401f0000e8030000010000000000").rebuilt().unwrap(), right());
    }

    #[test]
    fn other_wrong_sizes_are_mended() {
        let wrong = WaveFormat { block_align: 0, ..right() };
        assert!(only(&wrong, Effect::Mendable).contains("nBlockAlign is 0, 1 channels of 8 bits make 1"));
        assert_eq!(wrong.rebuilt().unwrap(), right());
        let wrong = WaveFormat { bits_per_sample: 16, ..right() };
        assert!(only(&wrong, Effect::Mendable).contains("wBitsPerSample is 16; a sample of G.711 has 8"));
        let wrong = WaveFormat { avg_bytes_per_sec: 64_000, ..right() };
        assert!(only(&wrong, Effect::Mendable).contains("is 64000; 8000 samples"));
    }

    #[test]
    fn what_is_unusual_is_harmless() {
        assert!(only(&format("06000100401f0000401f000001000800"), Effect::Harmless).contains("cbSize is absent"));
        assert!(only(&format("06000100401f0000401f000001000800020001ff"), Effect::Harmless).contains("cbSize is 2"));
        assert!(
            only(&format("06000100401f0000401f000001000800000001"), Effect::Harmless).contains("followed by 1 bytes")
        );
        let many = WaveFormat::g711(G711Law::ALaw, 3, 8_000);
        assert!(only(&many, Effect::Harmless).contains("nChannels is 3"));
        let fast = WaveFormat::g711(G711Law::ALaw, 1, 16_000);
        assert!(only(&fast, Effect::Harmless).contains("is 16000, G.711 is made for 8000"));
    }

    #[test]
    fn what_is_not_g711_is_named() {
        for (tag, words) in [
            (1, "is 0x0001 (PCM), not G.711"),
            (0x11, "is 0x0011 (IMA ADPCM), not G.711"),
            (0x55, "is 0x0055 (MP3), not G.711"),
            (0xff, "is 0x00ff (AAC), not G.711"),
            (0x1610, "is 0x1610 (HE-AAC), not G.711"),
            (0x4321, "is 0x4321, not G.711"),
        ] {
            let other = WaveFormat { format_tag: tag, ..right() };
            assert!(only(&other, Effect::Fatal).contains(words), "{words}");
            assert_eq!(other.rebuilt().unwrap_err().kind(), ErrorKind::Unsupported);
        }
        assert!(only(&extensible(1), Effect::Fatal).contains("is extensible around 0x0001 (PCM), not G.711"));
        let bare = WaveFormat { format_tag: WAVE_FORMAT_EXTENSIBLE, ..right() };
        assert!(only(&bare, Effect::Fatal).contains("a SubFormat that is no format tag"));
    }

    #[test]
    fn an_extensible_format_around_g711_is_unwrapped() {
        let wrapped = extensible(6);
        assert_eq!(wrapped.g711_law(), Some(G711Law::ALaw));
        assert!(only(&wrapped, Effect::Mendable).contains("is extensible around 0x0006 (G.711 A-law)"));
        assert_eq!(wrapped.rebuilt().unwrap(), right());
    }

    #[test]
    fn big_endian_fields_are_named_and_turned_around() {
        let turned = format("0006000100001f4000001f40000100080000");
        assert_eq!(
            only(&turned, Effect::Mendable),
            "WAVEFORMATEX byte 0: wFormatTag is 0x0006 (G.711 A-law) with its bytes turned around: the fields are big-endian \
             (mmreg.h)"
        );
        assert_eq!(turned.rebuilt().unwrap(), right());
        assert!(turned.check_against(&Stated { sampling_frequency: Some(8_000.0), ..Default::default() }).is_empty());
    }

    #[test]
    fn the_private_data_counts_where_the_container_disagrees() {
        let stated = Stated {
            sampling_frequency: Some(44_100.0),
            output_sampling_frequency: Some(8_000.0),
            channels: Some(2),
            bit_depth: Some(16),
            ..Default::default()
        };
        let faults = right().check_against(&stated);
        let fields: Vec<_> = faults.iter().map(|fault| fault.error.field()).collect();
        assert_eq!(fields, ["SamplingFrequency", "Channels", "BitDepth"]);
        assert!(faults.iter().all(|fault| fault.effect == Effect::Harmless && fault.to_string().contains(COUNTS)));
        assert_eq!(right().check_against(&Stated::default()), []);
    }

    proptest! {
        #[test]
        fn what_is_rebuilt_has_only_harmless_faults(
            mut data in proptest::collection::vec(any::<u8>(), 16..44), tag in 0_usize..6, small: bool,
        ) {
            let tags = [[6, 0], [7, 0], [0, 6], [0, 7], [0xfe, 0xff], [1, 0]];
            data[..2].copy_from_slice(&tags[tag]);
            if let (true, [_, _, low, high, .., a, b]) = (small, &mut data[..]) {
                (*low, *high, *a, *b) = (1, 0, 0, 0);
            }
            if let Ok(format) = WaveFormat::read(&data) {
                let fatal = format.check().iter().any(|fault| fault.effect == Effect::Fatal);
                prop_assert_eq!(format.rebuilt().is_err(), fatal);
                if let Ok(rebuilt) = format.rebuilt() {
                    prop_assert!(rebuilt.check().iter().all(|fault| fault.effect == Effect::Harmless), "{:?}", rebuilt.check());
                    prop_assert_eq!(WaveFormat::read(&rebuilt.write().unwrap()).unwrap(), rebuilt);
                }
            }
        }
    }
}
