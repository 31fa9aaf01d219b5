//! WAVEFORMATEX, the private data of `A_MS/ACM` (Microsoft, mmreg.h): how Kinesis Video streams carry G.711.
//!
//! ```text
//! wFormatTag u16, nChannels u16, nSamplesPerSec u32, nAvgBytesPerSec u32, nBlockAlign u16, wBitsPerSample u16,
//! cbSize u16, then so many bytes more            little-endian; the older PCMWAVEFORMAT ends before cbSize
//!
//! WAVEFORMATEXTENSIBLE, wFormatTag 0xfffe, cbSize from 22 on:
//! wValidBitsPerSample u16, dwChannelMask u32, SubFormat GUID (a format tag and 14 fixed bytes)
//! ```

mod check;
mod describe;
mod tag;

use bytes::Bytes;
use nom::{
    bytes::complete::take,
    number::complete::{le_u16, le_u32},
};

pub use tag::format_tag_name;

use crate::{
    error::{Error, ErrorKind},
    fields::Fields,
};

/// The format of audio as Windows describes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WaveFormat {
    /// `wFormatTag`: 6 A-law, 7 mu-law, 1 PCM.
    pub format_tag: u16,
    /// `nChannels`, at least 1.
    pub channels: u16,
    /// `nSamplesPerSec` in hertz, at least 1.
    pub samples_per_sec: u32,
    /// `nAvgBytesPerSec`. Not to be trusted: the Kinesis Video C producer writes an eighth of it.
    pub avg_bytes_per_sec: u32,
    /// `nBlockAlign` in bytes.
    pub block_align: u16,
    /// `wBitsPerSample`. Not to be trusted: the Kinesis Video C producer writes 0.
    pub bits_per_sample: u16,
    /// The `cbSize` bytes behind the fields; `None` when the data ends before `cbSize`.
    pub extra: Option<Bytes>,
    /// Bytes after those that `cbSize` announces, kept as they are.
    pub trailing: Bytes,
}

/// The two companding laws of ITU-T G.711, with 8 bits a sample.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum G711Law {
    /// A-law, the one that the service takes.
    ALaw,
    /// Mu-law.
    MuLaw,
}

impl WaveFormat {
    /// The format of G.711 audio, with all fields right.
    pub fn g711(law: G711Law, channels: u16, samples_per_sec: u32) -> Self {
        Self {
            format_tag: match law {
                G711Law::ALaw => WAVE_FORMAT_ALAW,
                G711Law::MuLaw => WAVE_FORMAT_MULAW,
            },
            channels,
            samples_per_sec,
            avg_bytes_per_sec: samples_per_sec.saturating_mul(u32::from(channels)),
            block_align: channels,
            bits_per_sample: 8,
            extra: Some(Bytes::new()),
            trailing: Bytes::new(),
        }
    }

    /// Reads 16 bytes, or 18 and as many as `cbSize` says.
    ///
    /// # Errors
    /// [`ErrorKind::Missing`] without bytes, [`ErrorKind::Truncated`] when a field is cut off, [`ErrorKind::Invalid`] for no
    /// channels or a rate of 0.
    pub fn read(data: &[u8]) -> Result<Self, Error> {
        if data.is_empty() {
            return Err(Error::new(ErrorKind::Missing, STRUCTURE, None, "", "there are no bytes", SECTION));
        }
        let f = &mut Fields::new(STRUCTURE, SECTION, data);
        let format_tag = f.read("wFormatTag", le_u16)?;
        let channels = f.read("nChannels", le_u16)?;
        if channels == 0 {
            return Err(f.invalid(2, "nChannels", "is 0"));
        }
        let samples_per_sec = f.read("nSamplesPerSec", le_u32)?;
        if samples_per_sec == 0 {
            return Err(f.invalid(4, "nSamplesPerSec", "is 0"));
        }
        let avg_bytes_per_sec = f.read("nAvgBytesPerSec", le_u32)?;
        let block_align = f.read("nBlockAlign", le_u16)?;
        let bits_per_sample = f.read("wBitsPerSample", le_u16)?;
        let extra = if f.rest().is_empty() {
            None
        } else {
            let size = f.read("cbSize", le_u16)?;
            Some(Bytes::copy_from_slice(f.read("extra format information", take(size))?))
        };
        Ok(Self {
            format_tag,
            channels,
            samples_per_sec,
            avg_bytes_per_sec,
            block_align,
            bits_per_sample,
            extra,
            trailing: Bytes::copy_from_slice(f.rest()),
        })
    }

    /// The bytes of the format.
    ///
    /// # Errors
    /// [`ErrorKind::Invalid`] when there are more than 65535 extra bytes, or trailing bytes without a `cbSize` before them.
    pub fn write(&self) -> Result<Vec<u8>, Error> {
        let mut out = Vec::new();
        out.extend(self.format_tag.to_le_bytes());
        out.extend(self.channels.to_le_bytes());
        out.extend(self.samples_per_sec.to_le_bytes());
        out.extend(self.avg_bytes_per_sec.to_le_bytes());
        out.extend(self.block_align.to_le_bytes());
        out.extend(self.bits_per_sample.to_le_bytes());
        let invalid = |rule: &str| Error::new(ErrorKind::Invalid, STRUCTURE, None, "cbSize", rule, SECTION);
        match &self.extra {
            Some(extra) => {
                let size = u16::try_from(extra.len()).map_err(|_| invalid("would be above 65535"))?;
                out.extend(size.to_le_bytes());
                out.extend_from_slice(extra);
            }
            None if self.trailing.is_empty() => {}
            None => return Err(invalid("is absent, and bytes follow")),
        }
        out.extend_from_slice(&self.trailing);
        Ok(out)
    }

    /// Which G.711 law the samples are coded with, `None` for any other format. An extensible format is looked into.
    pub fn g711_law(&self) -> Option<G711Law> {
        match self.sub_format().unwrap_or(self.format_tag) {
            WAVE_FORMAT_ALAW => Some(G711Law::ALaw),
            WAVE_FORMAT_MULAW => Some(G711Law::MuLaw),
            _ => None,
        }
    }

    /// The format tag inside a WAVEFORMATEXTENSIBLE (`wFormatTag` 0xfffe), whose SubFormat is a GUID that ends like all
    /// those made from format tags. `None` for any other format.
    pub fn sub_format(&self) -> Option<u16> {
        let extra = self.extra.as_ref().filter(|_| self.format_tag == WAVE_FORMAT_EXTENSIBLE)?;
        // wValidBitsPerSample (2), dwChannelMask (4), SubFormat (16)
        match extra.get(6..22)?.split_at_checked(2)? {
            ([low, high], tail) if *tail == GUID_TAIL => Some(u16::from_le_bytes([*low, *high])),
            _ => None,
        }
    }

    /// The same with the bytes of each number turned around, when `wFormatTag` is that of G.711 written big-endian and the
    /// channels agree with that.
    pub(crate) fn turned_around(&self) -> Option<Self> {
        let law = matches!(self.format_tag.swap_bytes(), WAVE_FORMAT_ALAW | WAVE_FORMAT_MULAW);
        let channels = self.channels.swap_bytes();
        let samples_per_sec = self.samples_per_sec.swap_bytes();
        (law && (1..=255).contains(&channels) && samples_per_sec > 0).then(|| Self {
            format_tag: self.format_tag.swap_bytes(),
            channels,
            samples_per_sec,
            avg_bytes_per_sec: self.avg_bytes_per_sec.swap_bytes(),
            block_align: self.block_align.swap_bytes(),
            bits_per_sample: self.bits_per_sample.swap_bytes(),
            ..self.clone()
        })
    }
}

/// A GUID of a format tag: the tag, then these bytes (KSDATAFORMAT_SUBTYPE_WAVEFORMATEX).
const GUID_TAIL: [u8; 14] = [0, 0, 0, 0, 0x10, 0, 0x80, 0, 0, 0xaa, 0, 0x38, 0x9b, 0x71];
const STRUCTURE: &str = "WAVEFORMATEX";
const SECTION: &str = "mmreg.h";
const WAVE_FORMAT_ALAW: u16 = 6;
const WAVE_FORMAT_MULAW: u16 = 7;
const WAVE_FORMAT_EXTENSIBLE: u16 = 0xfffe;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::testdata::hex;

    #[test]
    fn ffmpeg_formats_come_back_byte_for_byte() {
        let alaw = hex("06000100401f0000401f0000010008000000");
        let format = WaveFormat::read(&alaw).unwrap();
        assert_eq!(format, WaveFormat::g711(G711Law::ALaw, 1, 8_000));
        assert_eq!(format.write().unwrap(), alaw);
        let mulaw = hex("07000200803e0000007d0000020008000000");
        let format = WaveFormat::read(&mulaw).unwrap();
        assert_eq!(format, WaveFormat::g711(G711Law::MuLaw, 2, 16_000));
        assert_eq!(format.g711_law(), Some(G711Law::MuLaw));
        assert_eq!(format.write().unwrap(), mulaw);
    }

    #[test]
    fn kinesis_c_producer_writes_wrong_sizes() {
        // nAvgBytesPerSec is an eighth of the rate and wBitsPerSample 0.
        let data = hex("06000100401f0000e8030000010000000000");
        let format = WaveFormat::read(&data).unwrap();
        assert_eq!((format.avg_bytes_per_sec, format.bits_per_sample), (1_000, 0));
        assert_eq!((format.channels, format.samples_per_sec, format.g711_law()), (1, 8_000, Some(G711Law::ALaw)));
        assert_eq!(format.write().unwrap(), data);
    }

    #[test]
    fn sixteen_bytes_and_bytes_after_the_extra_ones_are_taken() {
        let short = hex("01000200803e000000fa000004001000");
        let format = WaveFormat::read(&short).unwrap();
        assert_eq!((format.extra.clone(), format.g711_law()), (None, None));
        assert_eq!(format.write().unwrap(), short);
        let long = hex("06000100401f0000401f00000100080002000102ff");
        let format = WaveFormat::read(&long).unwrap();
        assert_eq!((&format.extra.as_ref().unwrap()[..], &format.trailing[..]), (&[1, 2][..], &[0xff][..]));
        assert_eq!(format.write().unwrap(), long);
    }

    #[test]
    fn broken_formats_say_what_is_wrong() {
        let error = |text: &str| WaveFormat::read(&hex(text)).unwrap_err();
        assert_eq!(error("06000000").to_string(), "WAVEFORMATEX byte 2: nChannels is 0 (mmreg.h)");
        assert_eq!(error("0600010000000000").field(), "nSamplesPerSec");
        assert_eq!(
            error("06000100401f0000401f0000010008000900").to_string(),
            "WAVEFORMATEX byte 18: extra format information is cut off, 0 of its bytes are left (mmreg.h)"
        );
        assert_eq!(error("").kind(), ErrorKind::Missing);
        assert_eq!(error("06000100401f0000401f00000100080000").kind(), ErrorKind::Truncated);
    }

    prop_compose! {
        fn format()(
            tag: u16, channels in 1_u16.., samples_per_sec in 1_u32.., avg_bytes_per_sec: u32, block_align: u16,
            bits_per_sample: u16, extra in proptest::option::of(any::<Vec<u8>>()), trailing: Vec<u8>,
        ) -> WaveFormat {
            let trailing = if extra.is_some() { Bytes::from(trailing) } else { Bytes::new() };
            let extra = extra.map(Bytes::from);
            WaveFormat {
                format_tag: tag, channels, samples_per_sec, avg_bytes_per_sec, block_align, bits_per_sample, extra, trailing,
            }
        }
    }

    proptest! {
        #[test]
        fn writing_then_reading_is_identity(format in format()) {
            prop_assert_eq!(WaveFormat::read(&format.write().unwrap()).unwrap(), format);
        }

        #[test]
        fn any_bytes_are_read_without_panic(data: Vec<u8>) {
            if let Ok(format) = WaveFormat::read(&data) {
                prop_assert_eq!(format.write().unwrap(), data);
            }
        }
    }
}
