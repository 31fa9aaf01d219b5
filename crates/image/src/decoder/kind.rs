//! Which decoders there are, and which of them can decode a stream.

use fragkit_codec::CodecPrivate;

use super::{DecodeError, Decoder, rust_h264, rust_h265, rusty_h264, rusty_h265};

/// The decoders there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum DecoderKind {
    /// libavcodec, for H.264 and H.265.
    #[cfg(feature = "ffmpeg")]
    Ffmpeg,
    /// `rusty_h264`.
    RustyH264,
    /// `rust_h264`.
    RustH264,
    /// `rusty_h265`.
    RustyH265,
    /// `rust_h265`.
    RustH265,
}

impl DecoderKind {
    /// What can decode video with this private data, the fastest first. Nothing for other codecs, and for tools that no decoder
    /// has.
    #[must_use]
    pub fn candidates(private: &CodecPrivate) -> Vec<DecoderKind> {
        let Ok(Some(video)) = private.video() else { return Vec::new() };
        let depth = video.bit_depth_luma.max(video.bit_depth_chroma);
        let equal_depths = video.bit_depth_luma == video.bit_depth_chroma;
        let own: &[DecoderKind] = match (private, video.chroma_format_idc) {
            (CodecPrivate::Avc(_), 1) if depth == 8 && !video.interlaced => {
                &[DecoderKind::RustyH264, DecoderKind::RustH264]
            }
            (CodecPrivate::Avc(_), 0..=2) if depth <= 10 && equal_depths => &[DecoderKind::RustH264],
            (CodecPrivate::Hevc(_), 1) if depth <= 10 => &[DecoderKind::RustyH265, DecoderKind::RustH265],
            (CodecPrivate::Hevc(_), 1 | 3) if depth <= 12 => &[DecoderKind::RustH265],
            _ => &[],
        };
        #[cfg(feature = "ffmpeg")]
        let own = &[&[DecoderKind::Ffmpeg], own].concat()[..];
        own.to_vec()
    }

    /// A new decoder with these parameter sets; more of them may come in access units.
    ///
    /// # Errors
    ///
    /// If it does not take the parameter sets.
    pub fn open(self, parameter_sets: &[&[u8]]) -> Result<Box<dyn Decoder>, DecodeError> {
        Ok(match self {
            #[cfg(feature = "ffmpeg")]
            DecoderKind::Ffmpeg => Box::new(super::ffmpeg::Ffmpeg::new(parameter_sets)?),
            DecoderKind::RustyH264 => Box::new(rusty_h264::RustyH264::new(parameter_sets)?),
            DecoderKind::RustH264 => Box::new(rust_h264::RustH264::new(parameter_sets)?),
            DecoderKind::RustyH265 => Box::new(rusty_h265::RustyH265::new(parameter_sets)?),
            DecoderKind::RustH265 => Box::new(rust_h265::RustH265::new(parameter_sets)?),
        })
    }
}
