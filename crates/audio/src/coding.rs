//! What the samples of a track are, and what they are written as.

use fragkit_fragment::codec::aac::AudioSpecificConfig;
use fragkit_fragment::codec::wave::G711Law;
use fragkit_fragment::codec::{CodecPrivate, ErrorKind as CodecErrorKind};
use fragkit_fragment::{AudioClock, Pcm, PcmEncoding, Track};

use crate::error::{Error, ErrorKind};
use crate::g711::{a_law, mu_law};

/// What a track of sound holds.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Coding {
    Pcm(Pcm),
    G711 { law: G711Law, channels: u16, sampling_frequency: u32 },
    Aac(Box<AudioSpecificConfig>),
}

/// What the samples of a WAV file are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct SampleFormat {
    pub(crate) coding: SampleCoding,
    /// Bits of one sample of one channel.
    pub(crate) bits: u16,
    pub(crate) channels: u16,
    pub(crate) sampling_frequency: u32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SampleCoding {
    Integer,
    Float,
    ALaw,
    MuLaw,
}

/// What is done to the bytes of samples on their way into a WAV file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Conversion {
    None,
    /// The bytes of each sample of so many turned round.
    Swap(usize),
    ALaw,
    MuLaw,
}

impl Coding {
    pub(crate) fn of(track: &Track) -> Result<(Coding, AudioClock), Error> {
        let number = track.entry.number;
        let unsupported = |message: String| Err(Error::new(ErrorKind::UnsupportedMedia, message));
        if let Some(name) = track.refused_encoding {
            return unsupported(format!("track {number} is stored with {name}"));
        }
        let coding = match (track.pcm(), &track.codec_private) {
            (Some(pcm), _) => Some(Coding::Pcm(pcm)),
            (None, Ok(CodecPrivate::Wave(wave))) => {
                let law = wave.g711_law();
                let (channels, sampling_frequency) = (wave.channels, wave.samples_per_sec);
                law.map(|law| Coding::G711 { law, channels, sampling_frequency })
            }
            (None, Ok(CodecPrivate::Aac(config))) => Some(Coding::Aac(Box::new(config.clone()))),
            (None, Err(error)) if error.kind() != CodecErrorKind::Unsupported => {
                let error = Error::new(ErrorKind::UnsupportedMedia, format!("track {number}: {error}"));
                return Err(error.hint("`fragkit inspect` shows the private data and what to change at the producer"));
            }
            _ => None,
        };
        match coding.zip(track.audio_clock()) {
            Some(known) => Ok(known),
            None => Err(Error::new(
                ErrorKind::UnsupportedMedia,
                format!("track {number}: {} is no sound that can be written", track.entry.codec_id),
            )
            .hint("PCM and G.711 go into WAV, AAC into M4A")),
        }
    }

    /// In words.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Coding::Pcm(_) => "PCM",
            Coding::G711 { .. } => "G.711",
            Coding::Aac(_) => "AAC",
        }
    }

    /// What it is in a WAV file, G.711 decoded or not; `None` for AAC.
    pub(crate) fn in_wav(&self, decode: bool) -> Option<(SampleFormat, Conversion)> {
        Some(match *self {
            Coding::Pcm(Pcm { sampling_frequency, channels, bits, encoding }) => {
                let (coding, conversion) = match encoding {
                    PcmEncoding::Float => (SampleCoding::Float, Conversion::None),
                    PcmEncoding::LittleEndian => (SampleCoding::Integer, Conversion::None),
                    PcmEncoding::BigEndian => (SampleCoding::Integer, Conversion::Swap(usize::from(bits / 8))),
                };
                (SampleFormat { coding, bits, channels, sampling_frequency }, conversion)
            }
            Coding::G711 { law, channels, sampling_frequency } => {
                let (kept, conversion) = match law {
                    G711Law::ALaw => (SampleCoding::ALaw, Conversion::ALaw),
                    G711Law::MuLaw => (SampleCoding::MuLaw, Conversion::MuLaw),
                };
                if decode {
                    let format = SampleFormat { coding: SampleCoding::Integer, bits: 16, channels, sampling_frequency };
                    (format, conversion)
                } else {
                    (SampleFormat { coding: kept, bits: 8, channels, sampling_frequency }, Conversion::None)
                }
            }
            Coding::Aac(_) => return None,
        })
    }
}

impl SampleFormat {
    /// Bytes of one sample of all channels.
    pub(crate) fn block_align(self) -> u64 {
        u64::from(self.channels) * u64::from(self.bits / 8)
    }

    /// The byte that makes silence.
    pub(crate) fn silence(self) -> u8 {
        match self.coding {
            SampleCoding::ALaw => 0xd5,
            SampleCoding::MuLaw => 0xff,
            SampleCoding::Integer if self.bits == 8 => 0x80,
            SampleCoding::Integer | SampleCoding::Float => 0,
        }
    }
}

impl Conversion {
    /// Appends converted samples.
    pub(crate) fn append(self, samples: &[u8], out: &mut Vec<u8>) {
        match self {
            Conversion::None => out.extend_from_slice(samples),
            Conversion::Swap(size) => {
                for sample in samples.chunks(size.max(1)) {
                    out.extend(sample.iter().rev());
                }
            }
            Conversion::ALaw => out.extend(samples.iter().flat_map(|&byte| a_law(byte).to_le_bytes())),
            Conversion::MuLaw => out.extend(samples.iter().flat_map(|&byte| mu_law(byte).to_le_bytes())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn samples_are_turned_round_or_decoded() {
        let converted = |conversion: Conversion, bytes: &[u8]| {
            let mut out = Vec::new();
            conversion.append(bytes, &mut out);
            out
        };
        assert_eq!(converted(Conversion::None, &[1, 2, 3]), [1, 2, 3]);
        assert_eq!(converted(Conversion::Swap(2), &[1, 2, 3, 4]), [2, 1, 4, 3]);
        assert_eq!(converted(Conversion::Swap(3), &[1, 2, 3, 4, 5, 6]), [3, 2, 1, 6, 5, 4]);
        assert_eq!(converted(Conversion::ALaw, &[0xd5, 0x55]), [8, 0, 0xf8, 0xff]);
        assert_eq!(converted(Conversion::MuLaw, &[0xff]), [0, 0]);
    }
}
