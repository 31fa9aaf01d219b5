//! What the samples of a track are: the entry in its `stsd` box
//! (ISO/IEC 14496-12:2015, 8.5.2, 12.1.3 and 12.2.3).

use bytes::Bytes;

use crate::box_writer::BoxWriter;
use crate::{Error, SampleTable, esds};

/// The coding of a track's samples and what a decoder needs to begin.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SampleEntry {
    /// H.264 with its parameter sets in the configuration
    /// (ISO/IEC 14496-15:2014, 5.4.2).
    Avc1 {
        /// Picture size and how it is to be shown.
        visual: Visual,
        /// An AVCDecoderConfigurationRecord, written as it comes.
        config: Bytes,
    },
    /// H.265 with its parameter sets in the configuration
    /// (ISO/IEC 14496-15:2014, 8.4.1).
    Hvc1 {
        /// Picture size and how it is to be shown.
        visual: Visual,
        /// An HEVCDecoderConfigurationRecord, written as it comes.
        config: Bytes,
    },
    /// MPEG-4 audio (ISO/IEC 14496-14:2003, 5.6).
    Mp4a {
        /// Channels and rate.
        audio: Audio,
        /// An AudioSpecificConfig, written as it comes.
        config: Bytes,
    },
    /// G.711 A-law, as QuickTime has it.
    ///
    /// While no time is missing, one sample of one byte (of each channel) and
    /// one tick is exact and costs nothing: readers take such a table chunk by
    /// chunk. As soon as one duration differs, ffmpeg makes a packet of every
    /// sample, so a track with gaps is better made of one sample a block.
    Alaw {
        /// Channels and rate.
        audio: Audio,
    },
    /// G.711 mu-law, as QuickTime has it; what is said of A-law holds here too.
    Ulaw {
        /// Channels and rate.
        audio: Audio,
    },
}

/// Picture size and how it is to be shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Visual {
    /// Coded width in pixels.
    pub width: u16,
    /// Coded height in pixels.
    pub height: u16,
    /// Width and height of one pixel relative to each other, for a `pasp` box;
    /// it also widens the track in its header.
    pub pixel_aspect_ratio: Option<(u32, u32)>,
    /// Colour signalling for a `colr` box.
    pub colour: Option<Colour>,
}

/// On-screen colours by the code points of ISO/IEC 23001-8
/// (`nclx`, ISO/IEC 14496-12:2015, 12.1.5).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Colour {
    /// `colour_primaries`.
    pub primaries: u16,
    /// `transfer_characteristics`.
    pub transfer: u16,
    /// `matrix_coefficients`.
    pub matrix: u16,
    /// `full_range_flag`.
    pub full_range: bool,
}

/// Channels and rate.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Audio {
    /// The number of channels.
    pub channels: u16,
    /// Sampling rate in Hz. Above 65,535 the 16.16 field is written as zero
    /// and the rate stands in the configuration and the timescale only.
    pub sampling_frequency: u32,
}

impl SampleEntry {
    /// The picture description, if the track has pictures.
    pub fn visual(&self) -> Option<&Visual> {
        match self {
            Self::Avc1 { visual, .. } | Self::Hvc1 { visual, .. } => Some(visual),
            Self::Mp4a { .. } | Self::Alaw { .. } | Self::Ulaw { .. } => None,
        }
    }

    pub(crate) fn write(&self, w: &mut BoxWriter, samples: &SampleTable) -> Result<(), Error> {
        match self {
            Self::Avc1 { visual, config } => visual.write(w, b"avc1", b"avcC", config, samples),
            Self::Hvc1 { visual, config } => visual.write(w, b"hvc1", b"hvcC", config, samples),
            Self::Mp4a { audio, config } => w.boxed(b"mp4a", |w| {
                audio.write_fields(w)?;
                esds::write(w, config, samples)
            }),
            Self::Alaw { audio } => audio.write_g711(w, b"alaw"),
            Self::Ulaw { audio } => audio.write_g711(w, b"ulaw"),
        }
    }
}

impl Visual {
    /// Width and height in 16.16 for the track header: square pixels, the
    /// height as coded.
    pub(crate) fn display_size(&self) -> Result<(u32, u32), Error> {
        let height = u32::from(self.height) << 16;
        let width = u32::from(self.width) << 16;
        let Some((h_spacing, v_spacing)) = self.pixel_aspect_ratio else {
            return Ok((width, height));
        };
        if h_spacing == 0 || v_spacing == 0 {
            return Err(Error::invalid(
                "a pixel aspect ratio with a zero has no meaning (12.1.4); leave it out if unknown",
            ));
        }
        let v_spacing = u64::from(v_spacing);
        // 32 bits times 32 bits, and a half: the half is below 2^31, the
        // product at most (2^32 - 2^16) * (2^32 - 1).
        let scaled = (u64::from(width) * u64::from(h_spacing) + v_spacing / 2) / v_spacing;
        let width = u32::try_from(scaled).map_err(|_| {
            Error::too_large(format!(
                "{} pixels of {h_spacing}:{v_spacing} are wider than the 65535 of a tkhd (8.3.2)",
                self.width
            ))
        })?;
        Ok((width, height))
    }

    fn write(
        &self,
        w: &mut BoxWriter,
        kind: &[u8; 4],
        config_kind: &[u8; 4],
        config: &[u8],
        samples: &SampleTable,
    ) -> Result<(), Error> {
        w.boxed(kind, |w| {
            w.put(&[0; 6]); // reserved
            w.u16(1); // data_reference_index
            w.put(&[0; 16]); // pre_defined, reserved, pre_defined
            w.u16(self.width);
            w.u16(self.height);
            w.u32(0x0048_0000); // horizresolution: 72 dpi
            w.u32(0x0048_0000); // vertresolution: 72 dpi
            w.u32(0); // reserved
            w.u16(1); // frame_count
            w.put(&[0; 32]); // compressorname: none
            w.u16(0x0018); // depth: colour without alpha
            w.u16(0xffff); // pre_defined
            w.boxed(config_kind, |w| {
                w.put(config);
                Ok(())
            })?;
            if let Some(colour) = self.colour {
                colour.write(w)?;
            }
            if let Some((h_spacing, v_spacing)) = self.pixel_aspect_ratio {
                w.boxed(b"pasp", |w| {
                    w.u32(h_spacing);
                    w.u32(v_spacing);
                    Ok(())
                })?;
            }
            w.boxed(b"btrt", |w| {
                w.u32(samples.max_sample_size()); // bufferSizeDB
                w.u32(samples.max_bitrate_bits_per_s());
                w.u32(samples.average_bitrate_bits_per_s());
                Ok(())
            })
        })
    }
}

impl Colour {
    fn write(&self, w: &mut BoxWriter) -> Result<(), Error> {
        w.boxed(b"colr", |w| {
            w.put(b"nclx"); // colour_type
            w.u16(self.primaries);
            w.u16(self.transfer);
            w.u16(self.matrix);
            w.u8(u8::from(self.full_range) << 7); // full_range_flag, reserved
            Ok(())
        })
    }
}

impl Audio {
    fn write_g711(&self, w: &mut BoxWriter, kind: &[u8; 4]) -> Result<(), Error> {
        w.boxed(kind, |w| {
            self.write_fields(w)?;
            // Nothing in the samples tells the channels apart, and ffmpeg
            // warns of a guess without this box.
            let layout_tag = match self.channels {
                1 => MONO,
                2 => STEREO,
                _ => return Ok(()),
            };
            w.full_box(b"chan", 0, [0, 0, 0], |w| {
                w.u32(layout_tag); // mChannelLayoutTag
                w.u32(0); // mChannelBitmap: not by bitmap
                w.u32(0); // mNumberChannelDescriptions
                Ok(())
            })
        })
    }

    fn write_fields(&self, w: &mut BoxWriter) -> Result<(), Error> {
        if self.channels == 0 {
            return Err(Error::invalid("channelcount must not be zero (12.2.3)"));
        }
        let whole_hz = u16::try_from(self.sampling_frequency).unwrap_or(0);
        w.put(&[0; 6]); // reserved
        w.u16(1); // data_reference_index
        w.put(&[0; 8]); // reserved
        w.u16(self.channels);
        w.u16(16); // samplesize: of the decoded samples, for G.711 too
        w.u16(0); // pre_defined
        w.u16(0); // reserved
        w.u32(u32::from(whole_hz) << 16); // samplerate
        Ok(())
    }
}

/// `kAudioChannelLayoutTag_Mono` of Core Audio, for the `chan` box of the
/// QuickTime File Format.
const MONO: u32 = 100 << 16 | 1;

/// `kAudioChannelLayoutTag_Stereo`.
const STEREO: u32 = 101 << 16 | 2;

#[cfg(test)]
mod tests {
    use super::*;

    fn written(entry: &SampleEntry) -> Vec<u8> {
        let mut w = BoxWriter::default();
        entry.write(&mut w, &SampleTable::new(8000)).unwrap();
        w.finish().0
    }

    #[test]
    fn wide_pixels_widen_the_track_but_not_the_sample_entry() {
        let visual = Visual { width: 720, height: 576, pixel_aspect_ratio: Some((64, 45)), colour: None };
        assert_eq!(visual.display_size().unwrap(), (1024 << 16, 576 << 16));
        let bytes = written(&SampleEntry::Avc1 { visual, config: Bytes::new() });
        assert_eq!(bytes[32..36], [0x02, 0xd0, 0x02, 0x40]);
    }

    #[test]
    fn a_pixel_shape_that_is_none_or_too_wide_is_refused() {
        let visual = |ratio| Visual { width: 4096, height: 16, pixel_aspect_ratio: Some(ratio), colour: None };
        assert!(visual((0, 1)).display_size().is_err());
        assert!(visual((1, 0)).display_size().is_err());
        assert!(visual((16, 1)).display_size().is_err());
        assert!(visual((u32::MAX, u32::MAX)).display_size().is_ok());
        let widest = Visual { width: u16::MAX, ..visual((u32::MAX, 1)) };
        assert!(widest.display_size().is_err());
    }

    #[test]
    fn a_rate_above_16_bits_is_written_as_zero() {
        let entry = |sampling_frequency| SampleEntry::Alaw { audio: Audio { channels: 1, sampling_frequency } };
        assert_eq!(written(&entry(8000))[32..36], [0x1f, 0x40, 0, 0]);
        assert_eq!(written(&entry(96_000))[32..36], [0; 4]);
    }

    #[test]
    fn g711_says_mono_or_stereo_and_leaves_more_channels_unsaid() {
        let entry = |channels| written(&SampleEntry::Ulaw { audio: Audio { channels, sampling_frequency: 8000 } });
        assert_eq!(entry(1)[36..52], *b"\x00\x00\x00\x18chan\x00\x00\x00\x00\x00\x64\x00\x01");
        assert_eq!(entry(2)[48..52], [0, 101, 0, 2]);
        assert_eq!(entry(3).len(), 36);
        let none = SampleEntry::Ulaw { audio: Audio::default() };
        assert!(none.write(&mut BoxWriter::default(), &SampleTable::new(1)).is_err());
    }

    #[test]
    fn colour_is_written_as_nclx() {
        let colour = Colour { primaries: 1, transfer: 13, matrix: 6, full_range: true };
        let visual = Visual { colour: Some(colour), ..Visual::default() };
        let bytes = written(&SampleEntry::Hvc1 { visual, config: Bytes::new() });
        let at = bytes.windows(4).position(|w| w == b"colr").unwrap();
        assert_eq!(&bytes[at + 4..at + 15], b"nclx\x00\x01\x00\x0d\x00\x06\x80");
    }
}
