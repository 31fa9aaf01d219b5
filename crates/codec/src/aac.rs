//! AAC: the AudioSpecificConfig that Matroska and MP4 carry, and the ADTS header of raw streams.
//!
//! ```text
//! AudioSpecificConfig                                     ISO/IEC 14496-3, 1.6.2.1
//!   audioObjectType (5, or 31 and 6 more)
//!   samplingFrequencyIndex (4) [samplingFrequency (24)]
//!   channelConfiguration (4)
//!   [extension frequency, audioObjectType]                types 5 (SBR) and 29 (PS): hierarchical signalling
//!   GASpecificConfig [program_config_element]             4.4.1, 4.4.1.1
//!   epConfig                                              error resilient types
//!   [0x2b7, extension type, SBR .. 0x548, PS]             backward-compatible signalling
//! ```
//!
//! [`AudioSpecificConfig::check`] tells what is wrong with one and [`AudioSpecificConfig::rebuilt`] mends it; where there is
//! none, [`AudioSpecificConfig::from_codec_id`] makes one from Matroska's old CodecIDs and [`adts::audio_specific_config`]
//! from a frame.

pub mod adts;
mod check;
mod codec_id;
mod describe;
mod extension;
mod frequency;
mod object_type;
mod pce;
mod specific;
mod stated;

use bytes::Bytes;

pub use adts::Adts;
pub use extension::Extension;
pub use frequency::SamplingFrequency;
pub use object_type::object_type_name;
pub use pce::{ProgramConfigElement, SyntacticElement};
pub use specific::{EldSpecificConfig, GaExtension, GaSpecificConfig, SpecificConfig};
pub(crate) use stated::{
    BIT_DEPTH, CHANNELS, COUNTS, OUTPUT_SAMPLING_FREQUENCY, SAMPLING_FREQUENCY, disagreement, is_rate,
};

use crate::{
    bits::{BitReader, BitWriter},
    error::{Error, ErrorKind},
};
use object_type::{AOT_BSAC, AOT_ELD, AOT_LC, AOT_LD, AOT_PS, AOT_SBR, has_ep_config, is_general_audio};

/// The configuration of an AAC decoder, CodecPrivate of `A_AAC` and DecoderSpecificInfo of MP4.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AudioSpecificConfig {
    /// `audioObjectType` of the core coder, 1 to 95: 2 is AAC LC, 39 ER AAC ELD. The types 5 (SBR) and 29 (PS) that wrap
    /// another one stand in [`Self::extension`].
    pub audio_object_type: u8,
    /// `samplingFrequencyIndex` and `samplingFrequency` of the core coder.
    pub frequency: SamplingFrequency,
    /// `channelConfiguration`, 0 to 15; 0 says that a program config element has the channels.
    pub channel_configuration: u8,
    /// Spectral band replication and parametric stereo, when signalled.
    pub extension: Option<Extension>,
    /// What is particular to the object type.
    pub specific: SpecificConfig,
    /// `epConfig`, 0 to 3, of error resilient general audio types.
    pub ep_config: Option<u8>,
    /// The bits after the last one understood, from the first of them on, filled up with zeros to whole bytes.
    pub trailing: Bytes,
}

impl AudioSpecificConfig {
    /// AAC LC without extensions, which two bytes can say. `None` for a frequency of 0 or from 2^24 on, or a channel
    /// count that has no configuration of its own.
    pub fn lc(sampling_frequency: u32, channels: u8) -> Option<Self> {
        let channel_configuration = match channels {
            1..=6 => channels,
            7 => 11,
            8 => 7,
            _ => return None,
        };
        Some(Self {
            audio_object_type: AOT_LC,
            frequency: SamplingFrequency::from_hz(sampling_frequency)?,
            channel_configuration,
            extension: None,
            specific: SpecificConfig::Ga(GaSpecificConfig::default()),
            ep_config: None,
            trailing: Bytes::new(),
        })
    }

    /// Reads a configuration.
    ///
    /// # Errors
    /// [`ErrorKind::Missing`] without bytes, [`ErrorKind::Truncated`] when a field is cut off, [`ErrorKind::Invalid`] for
    /// object type 0 and reserved frequencies.
    pub fn read(data: &[u8]) -> Result<Self, Error> {
        if data.is_empty() {
            return Err(Error::new(ErrorKind::Missing, STRUCTURE, None, "", "there are no bytes", SECTION));
        }
        let r = &mut BitReader::plain(data, STRUCTURE, SECTION);
        let mut audio_object_type = object_type::read(r)?;
        let frequency = SamplingFrequency::read(r)?;
        let channel_configuration = r.u8(4, "channelConfiguration")?;
        let mut extension = None;
        if matches!(audio_object_type, AOT_SBR | AOT_PS) {
            let wrapper = audio_object_type;
            let extension_frequency = SamplingFrequency::read(r)?;
            audio_object_type = object_type::read(r)?;
            extension = Some(Extension {
                hierarchical: true,
                audio_object_type: wrapper,
                sbr_present_flag: true,
                ps_present_flag: (wrapper == AOT_PS).then_some(true),
                frequency: Some(extension_frequency),
                channel_configuration: match audio_object_type {
                    AOT_BSAC => Some(r.u8(4, "extensionChannelConfiguration")?),
                    _ => None,
                },
            });
        }
        let specific = match audio_object_type {
            ga if is_general_audio(ga) => {
                SpecificConfig::Ga(GaSpecificConfig::read(r, audio_object_type, channel_configuration)?)
            }
            AOT_ELD => SpecificConfig::Eld(EldSpecificConfig::read(r)?),
            _ => SpecificConfig::Other,
        };
        let ep_config = if has_ep_config(audio_object_type) { Some(r.u8(2, "epConfig")?) } else { None };
        // Error protection data of unknown length follows these two values.
        let protected = ep_config.is_some_and(|ep_config| ep_config > 1);
        if extension.is_none() && !protected && matches!(specific, SpecificConfig::Ga(_)) {
            extension = Extension::read_backward_compatible(r);
        }
        Ok(Self {
            audio_object_type,
            frequency,
            channel_configuration,
            extension,
            specific,
            ep_config,
            trailing: read_trailing(r),
        })
    }

    /// The bytes of the configuration.
    ///
    /// # Errors
    /// [`ErrorKind::Invalid`] when parts contradict each other, so that a reader would not get this value back: no program
    /// config element where `channelConfiguration` is 0, a specific part of another object type, and the like.
    pub fn write(&self) -> Result<Vec<u8>, Error> {
        let mut w = BitWriter::default();
        let before = self.extension.filter(|extension| extension.hierarchical);
        if let Some(extension) = before {
            if !matches!(extension.audio_object_type, AOT_SBR | AOT_PS) {
                return Err(inconsistent("extensionAudioObjectType", "is neither 5 nor 29 in front"));
            }
            object_type::put(&mut w, extension.audio_object_type);
        } else if matches!(self.audio_object_type, AOT_SBR | AOT_PS) {
            return Err(inconsistent("audioObjectType", "is that of an extension, which wraps another type"));
        } else {
            object_type::put(&mut w, self.audio_object_type);
        }
        self.frequency.put(&mut w);
        w.put(4, self.channel_configuration);
        if let Some(extension) = before {
            extension
                .frequency
                .ok_or_else(|| inconsistent("extensionSamplingFrequencyIndex", "is absent"))?
                .put(&mut w);
            object_type::put(&mut w, self.audio_object_type);
            if self.audio_object_type == AOT_BSAC {
                w.put(4, extension.channel_configuration.unwrap_or(0));
            }
        }
        match (&self.specific, self.audio_object_type) {
            (SpecificConfig::Ga(ga), audio_object_type) if is_general_audio(audio_object_type) => {
                ga.put(&mut w, audio_object_type, self.channel_configuration)?;
            }
            (SpecificConfig::Eld(eld), AOT_ELD) => eld.put(&mut w),
            (SpecificConfig::Other, audio_object_type)
                if !is_general_audio(audio_object_type) && !matches!(audio_object_type, 0 | AOT_ELD | 96..) => {}
            _ => return Err(inconsistent("audioObjectType", "does not go with the specific configuration")),
        }
        match self.ep_config {
            Some(ep_config) if has_ep_config(self.audio_object_type) => w.put(2, ep_config),
            None if !has_ep_config(self.audio_object_type) => {}
            _ => return Err(inconsistent("epConfig", "does not go with audioObjectType")),
        }
        if let Some(extension) = self.extension.filter(|extension| !extension.hierarchical) {
            extension.put_backward_compatible(&mut w)?;
        }
        if let Some((&last, whole)) = self.trailing.split_last() {
            for &byte in whole {
                w.put(8, byte);
            }
            // A last part of a byte goes no further than it was read, or a reader would take the zeros behind it for more.
            let part = w.bits_to_byte_end();
            if part > 0 && last.trailing_zeros() >= u32::from(8 - part) {
                w.put(part, last >> (8 - part));
            } else {
                w.put(8, last);
            }
        }
        Ok(w.finish())
    }

    /// The sampling frequency of the core coder in hertz. Frames of [`Self::samples_per_frame`] count in it.
    pub fn sampling_frequency(&self) -> u32 {
        self.frequency.hz()
    }

    /// The sampling frequency that a decoder puts out in hertz: that of the extension where SBR is signalled.
    pub fn output_sampling_frequency(&self) -> u32 {
        let extension = self.extension.filter(|extension| extension.sbr_present_flag);
        extension.and_then(|extension| extension.frequency).unwrap_or(self.frequency).hz()
    }

    /// Channels of the core coder; `None` for reserved configurations.
    pub fn channels(&self) -> Option<u8> {
        match self.channel_configuration {
            0 => match &self.specific {
                SpecificConfig::Ga(ga) => Some(ga.program_config_element.as_ref()?.channels()),
                _ => None,
            },
            configuration => channels_of(configuration),
        }
    }

    /// Channels that a decoder puts out: two where parametric stereo is signalled for one.
    pub fn output_channels(&self) -> Option<u8> {
        let stereo = self.extension.and_then(|extension| extension.ps_present_flag).unwrap_or(false);
        self.channels().map(|channels| if stereo && channels == 1 { 2 } else { channels })
    }

    /// Samples of the core coder in one frame and channel: 1024 or 960, 512 or 480 for the low delay types; `None` for
    /// types that say it elsewhere.
    pub fn samples_per_frame(&self) -> Option<u32> {
        let (short, low_delay) = match &self.specific {
            SpecificConfig::Ga(ga) => (ga.frame_length_flag, self.audio_object_type == AOT_LD),
            SpecificConfig::Eld(eld) => (eld.frame_length_flag, true),
            SpecificConfig::Other => return None,
        };
        Some(match (low_delay, short) {
            (false, false) => 1024,
            (false, true) => 960,
            (true, false) => 512,
            (true, true) => 480,
        })
    }

    /// The object type as RFC 6381 wants it: that of the wrapper (5, 29) where SBR or PS stand in front.
    pub(crate) fn signalled_object_type(&self) -> u8 {
        let before = self.extension.filter(|extension| extension.hierarchical);
        before.map_or(self.audio_object_type, |extension| extension.audio_object_type)
    }
}

/// Channels of a `channelConfiguration` other than 0; `None` for the reserved ones.
fn channels_of(channel_configuration: u8) -> Option<u8> {
    match channel_configuration {
        1..=6 => Some(channel_configuration),
        7 | 12 | 14 => Some(8),
        11 => Some(7),
        13 => Some(24),
        _ => None,
    }
}

/// What is left, moved to start at a byte. Less than a byte counts only when it is not zero.
fn read_trailing(r: &mut BitReader<'_>) -> Bytes {
    let mut bytes = Vec::new();
    while r.bits_left() >= 8
        && let Ok(byte) = r.u8(8, "trailing")
    {
        bytes.push(byte);
    }
    let [left, ..] = r.bits_left().to_le_bytes();
    if let Ok(bits) = r.u8(left, "trailing")
        && left > 0
        && (bits > 0 || !bytes.is_empty())
    {
        bytes.push(bits << (8 - left));
    }
    Bytes::from(bytes)
}

fn inconsistent(field: &'static str, rule: &str) -> Error {
    Error::new(ErrorKind::Invalid, STRUCTURE, None, field, rule, SECTION)
}

const STRUCTURE: &str = "AudioSpecificConfig";
const SECTION: &str = "ISO/IEC 14496-3, 1.6.2.1";

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::testdata::{AAC_2_1, AAC_7_1_WIDE, hex};

    fn config(text: &str) -> AudioSpecificConfig {
        let data = hex(text);
        let config = AudioSpecificConfig::read(&data).unwrap();
        assert_eq!(config.write().unwrap(), data);
        config
    }

    #[test]
    fn two_bytes_of_the_vogels_capture() {
        let config = config("1190");
        assert_eq!((config.audio_object_type, config.sampling_frequency(), config.channels()), (2, 48_000, Some(2)));
        assert_eq!((config.samples_per_frame(), config.extension), (Some(1024), None));
        assert_eq!(AudioSpecificConfig::lc(48_000, 2), Some(config));
    }

    #[test]
    fn ffmpeg_configurations_say_that_there_is_no_sbr() {
        // Rates and channels as ffprobe 5.1 reports them.
        for (text, rate, channels) in [
            ("120856e500", 44_100, 1),
            ("119056e500", 48_000, 2),
            ("11b056e500", 48_000, 6),
            ("11b856e500", 48_000, 8),
            ("158856e500", 8_000, 1),
            ("101056e500", 96_000, 2),
        ] {
            let config = config(text);
            assert_eq!((config.sampling_frequency(), config.channels()), (rate, Some(channels)));
            assert_eq!((config.output_sampling_frequency(), config.output_channels()), (rate, Some(channels)));
            let extension = config.extension.unwrap();
            assert!(!extension.hierarchical && !extension.sbr_present_flag);
            assert!(config.trailing.is_empty());
        }
    }

    #[test]
    fn program_config_elements_of_ffmpeg_give_the_channels() {
        let config_2_1 = config(AAC_2_1);
        assert_eq!((config_2_1.sampling_frequency(), config_2_1.channels()), (32_000, Some(3)));
        let wide = config(AAC_7_1_WIDE);
        assert_eq!((wide.channel_configuration, wide.channels()), (0, Some(8)));
        assert!(!wide.extension.unwrap().sbr_present_flag);
    }

    #[test]
    fn sbr_in_front_doubles_the_output() {
        // Type 5, index 6 (24 kHz), 2 channels, extension index 3 (48 kHz), type 2.
        let config = config("2b118800");
        assert_eq!((config.audio_object_type, config.signalled_object_type()), (2, 5));
        assert_eq!((config.sampling_frequency(), config.output_sampling_frequency()), (24_000, 48_000));
        assert_eq!((config.channels(), config.output_channels()), (Some(2), Some(2)));
    }

    #[test]
    fn ps_in_front_makes_mono_stereo() {
        // Type 29, index 6, 1 channel, extension index 3, type 2.
        let config = config("eb098800");
        assert_eq!(config.signalled_object_type(), 29);
        assert_eq!((config.channels(), config.output_channels()), (Some(1), Some(2)));
        assert_eq!(config.output_sampling_frequency(), 48_000);
    }

    #[test]
    fn sbr_and_ps_at_the_end_are_found() {
        // Type 2, index 7 (22.05 kHz), 1 channel; 0x2b7, type 5, SBR, index 4 (44.1 kHz); 0x548, PS.
        let config = config("138856e5a54880");
        assert_eq!((config.sampling_frequency(), config.output_sampling_frequency()), (22_050, 44_100));
        assert_eq!((config.signalled_object_type(), config.output_channels()), (2, Some(2)));
        assert_eq!(config.extension.unwrap().ps_present_flag, Some(true));
    }

    #[test]
    fn escaped_type_and_frequency_are_read() {
        let mut w = BitWriter::default();
        w.put(5, 31_u8);
        w.put(6, 7_u8); // 39
        w.put(4, 15_u8);
        w.put(24, 22_000_u32);
        w.put(4, 1_u8);
        w.put(5, 0b1_0000_u8); // 480 samples, no resilience, no SBR
        w.put(4, 0_u8); // ELDEXT_TERM
        let data = w.finish();
        let config = AudioSpecificConfig::read(&data).unwrap();
        assert_eq!((config.audio_object_type, config.sampling_frequency()), (39, 22_000));
        assert_eq!((config.samples_per_frame(), config.channels()), (Some(480), Some(1)));
        assert_eq!(config.frequency.index(), 15);
        assert_eq!(config.write().unwrap(), data);
    }

    #[test]
    fn bits_that_end_with_the_last_byte_are_not_read_as_more_once_written() {
        // ER AAC Scalable ends within a byte; 15 bits follow that begin like an extension, which takes at least 16.
        let config = config("a189c0ab7b");
        assert_eq!((config.audio_object_type, config.extension), (20, None));
        assert_eq!(config.trailing[..], hex("56f6"));
        // Zeros count where they follow a whole byte.
        assert_eq!(self::config("a189c0aa00").trailing[..], hex("5400"));
    }

    #[test]
    fn escaped_frequency_stays_escaped_when_the_table_has_it() {
        let mut w = BitWriter::default();
        w.put(5, 2_u8);
        w.put(4, 15_u8);
        w.put(24, 48_000_u32);
        w.put(4, 2_u8);
        w.put(3, 0_u8);
        let data = w.finish();
        let config = AudioSpecificConfig::read(&data).unwrap();
        assert_eq!((config.sampling_frequency(), config.write().unwrap()), (48_000, data));
    }

    #[test]
    fn low_delay_and_short_frames_have_their_lengths() {
        let of = |audio_object_type, frame_length_flag| {
            let specific = SpecificConfig::Ga(GaSpecificConfig { frame_length_flag, ..Default::default() });
            let base = AudioSpecificConfig::lc(48_000, 2).unwrap();
            AudioSpecificConfig { audio_object_type, specific, ..base }.samples_per_frame()
        };
        assert_eq!((of(2, false), of(2, true)), (Some(1024), Some(960)));
        assert_eq!((of(23, false), of(23, true)), (Some(512), Some(480)));
    }

    #[test]
    fn channel_configurations_are_not_channel_counts() {
        let of = |channel_configuration| {
            let base = AudioSpecificConfig::lc(48_000, 2).unwrap();
            AudioSpecificConfig { channel_configuration, ..base }.channels()
        };
        assert_eq!([1, 2, 3, 4, 5, 6].map(of), [1, 2, 3, 4, 5, 6].map(Some));
        assert_eq!([7, 11, 12, 13, 14].map(of), [8, 7, 8, 24, 8].map(Some));
        assert_eq!([8, 9, 10, 15].map(of), [None; 4]);
        for channels in 1..=8 {
            assert_eq!(AudioSpecificConfig::lc(16_000, channels).unwrap().channels(), Some(channels));
        }
        assert_eq!(AudioSpecificConfig::lc(16_000, 9), None);
    }

    #[test]
    fn bits_behind_an_unknown_type_are_kept() {
        // Type 42 (USAC), 48 kHz, stereo, then its own configuration.
        let data = hex("f94640aabbcc");
        let config = AudioSpecificConfig::read(&data).unwrap();
        assert_eq!((config.audio_object_type, config.specific.clone()), (42, SpecificConfig::Other));
        assert_eq!(config.samples_per_frame(), None);
        let written = config.write().unwrap();
        assert_eq!(AudioSpecificConfig::read(&written).unwrap(), config);
        assert!(written.starts_with(&data));
    }

    #[test]
    fn broken_configurations_say_what_is_wrong() {
        let error = |text: &str| AudioSpecificConfig::read(&hex(text)).unwrap_err().to_string();
        assert_eq!(
            error("0000"),
            "AudioSpecificConfig byte 0: audioObjectType is 0, the null object (ISO/IEC 14496-3, 1.6.2.1)"
        );
        assert_eq!(
            error("1690"),
            "AudioSpecificConfig byte 0: samplingFrequencyIndex is 13, which is reserved (ISO/IEC 14496-3, 1.6.2.1)"
        );
        assert_eq!(
            error("11"),
            "AudioSpecificConfig byte 0: samplingFrequencyIndex is cut off, 1 more bits are needed (ISO/IEC 14496-3, 1.6.2.1)"
        );
        assert_eq!(AudioSpecificConfig::read(&[]).unwrap_err().kind(), ErrorKind::Missing);
    }

    #[test]
    fn contradictions_are_not_written() {
        let base = AudioSpecificConfig::lc(48_000, 2).unwrap();
        for broken in [
            AudioSpecificConfig { channel_configuration: 0, ..base.clone() },
            AudioSpecificConfig { audio_object_type: 5, ..base.clone() },
            AudioSpecificConfig { audio_object_type: 39, ..base.clone() },
            AudioSpecificConfig { ep_config: Some(0), ..base.clone() },
            AudioSpecificConfig { specific: SpecificConfig::Other, ..base },
        ] {
            assert_eq!(broken.write().unwrap_err().kind(), ErrorKind::Invalid, "{broken:?}");
        }
    }

    proptest! {
        #[test]
        fn what_is_read_is_written_and_read_again(data in proptest::collection::vec(any::<u8>(), 1..40)) {
            if let Ok(config) = AudioSpecificConfig::read(&data) {
                let written = config.write().unwrap();
                prop_assert_eq!(AudioSpecificConfig::read(&written).unwrap(), config);
            }
        }

        #[test]
        fn mutations_are_written_and_read_again(which in 0_usize..4, at in 0_usize..28, byte: u8, cut in 0_usize..28) {
            let mut data = hex([AAC_2_1, AAC_7_1_WIDE, "138856e5a54880", "2b118800"][which]);
            if let Some(target) = data.get_mut(at) {
                *target = byte;
            }
            data.truncate(cut);
            if let Ok(config) = AudioSpecificConfig::read(&data) {
                let written = config.write().unwrap();
                prop_assert_eq!(AudioSpecificConfig::read(&written).unwrap(), config);
            }
        }

        #[test]
        fn lc_configurations_keep_rate_and_channels(hz in 1_u32..1 << 24, channels in 1_u8..9) {
            let config = AudioSpecificConfig::lc(hz, channels).unwrap();
            let back = AudioSpecificConfig::read(&config.write().unwrap()).unwrap();
            prop_assert_eq!(&back, &config);
            prop_assert_eq!((back.sampling_frequency(), back.channels()), (hz, Some(channels)));
        }
    }
}
