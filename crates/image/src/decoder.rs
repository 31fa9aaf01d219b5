//! Decoding behind one small trait: access units in, planes out.
//!
//! ```text
//! H.264   8 bit 4:2:0 progressive      rusty_h264, else rust_h264
//!         all else                     rust_h264
//! H.265   Main, Main 10                rusty_h265, else rust_h265
//!         12 bit, 4:4:4                rust_h265
//! any     with the feature `ffmpeg`    libavcodec, before all of these
//! ```
//!
//! H.264 of 4:4:4 and H.265 of 4:2:2 or more than 12 bits have no decoder without that feature.
//!
//! What is missing is noticed before it gets to them ([`guard`]). What is there and damaged they notice more or less: of 16 access
//! units with one byte of a slice altered they refused so many, and the others came out as wrong pictures (the test
//! `flipped_bytes_do_no_more_than_break_pictures` prints it):
//!
//! | | rusty | rust | libavcodec |
//! |---|---|---|---|
//! | H.264, arithmetic coding | 2 | 2 | 12 to 13 |
//! | H.264, variable length codes | 15 | 11 | 13 |
//! | H.265 | 16 | 0 | 0 to 1 |

mod continuity;
mod continuity_h264;
mod continuity_h265;
#[cfg(feature = "ffmpeg")]
mod ffmpeg;
pub mod guard;
mod h264_slice;
mod planes;
mod rust_h264;
mod rust_h265;
mod rusty_h264;
mod rusty_h265;

use std::fmt;

use fragkit_codec::{CodecPrivate, VideoParameters};

pub use self::guard::{Guarded, Limits, is_guarded};
use crate::picture::Picture;

/// One access unit: the NAL units of one frame, without start codes or lengths.
#[derive(Debug, Clone, Copy)]
pub struct AccessUnit<'a> {
    /// What its picture is called by in [`Decoder::take`]. Ids grow with each unit that is pushed.
    pub id: u32,
    /// Whether its picture will be taken; those of others never come out.
    pub wanted: bool,
    /// The NAL units, in order, none empty.
    pub units: &'a [&'a [u8]],
}

/// Decodes the access units of one stretch of video, from a picture that can be decoded on its own onwards, in decoding order.
///
/// Pictures come out when they are finished, in any order, some of them only after units that follow, or after
/// [`flush`](Decoder::flush). Access units that nothing refers to may have been left out by the caller.
pub trait Decoder: Send {
    /// What the decoder is called: the name of its crate or library.
    fn name(&self) -> &'static str;

    /// Takes in the next access unit.
    ///
    /// # Errors
    ///
    /// If it cannot be decoded, or one before it could not. Nothing but [`take`](Decoder::take) is to be called then.
    fn push(&mut self, unit: AccessUnit<'_>) -> Result<(), DecodeError>;

    /// Finishes all pictures under way: no more units will come.
    ///
    /// # Errors
    ///
    /// If a unit could not be decoded.
    fn flush(&mut self) -> Result<(), DecodeError>;

    /// The next finished picture that was wanted, with the id of its access unit.
    fn take(&mut self) -> Option<(u32, Picture)>;
}

/// The decoders there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum DecoderKind {
    /// `rusty_h264`.
    RustyH264,
    /// `rust_h264`.
    RustH264,
    /// `rusty_h265`.
    RustyH265,
    /// `rust_h265`.
    RustH265,
    /// libavcodec, for H.264.
    #[cfg(feature = "ffmpeg")]
    FfmpegH264,
    /// libavcodec, for H.265.
    #[cfg(feature = "ffmpeg")]
    FfmpegH265,
}

/// What access units are coded by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Standard {
    /// ITU-T H.264.
    Avc,
    /// ITU-T H.265.
    Hevc,
}

impl DecoderKind {
    /// The decoders that can be expected to decode this exactly, fastest first; none for sound, and none where nothing can.
    ///
    /// What is asked for is what the first sequence parameter set says. A stream can say otherwise later: a decoder then gives
    /// [`Unsupported`](DecodeErrorKind::Unsupported), and the next one is to be tried.
    #[must_use]
    pub fn candidates(private: &CodecPrivate) -> Vec<Self> {
        let standard = match private {
            CodecPrivate::Avc(_) => Standard::Avc,
            CodecPrivate::Hevc(_) => Standard::Hevc,
            _ => return Vec::new(),
        };
        let video = private.video().ok().flatten();
        let decodes = |kind: &Self| video.is_none_or(|video| kind.decodes(&video)) && !kind.is_wrong_with(private);
        Self::all(standard).iter().copied().filter(decodes).collect()
    }

    /// Whether it decodes such a stream to wrong pictures without a word. FFmpeg's H.265 decoder does (5.1 to 9.0) with coding tree
    /// blocks of 16 samples, where there are wavefronts, deblocking and sample adaptive offset together: by the check sums that
    /// x265 writes (hash=1), and both decoders in Rust agree with each other.
    fn is_wrong_with(self, private: &CodecPrivate) -> bool {
        #[cfg(feature = "ffmpeg")]
        if self == Self::FfmpegH265
            && let CodecPrivate::Hevc(record) = private
        {
            return record.sps().is_ok_and(|sps| sps.log2_luma_coding_tree_block_size < 5);
        }
        let _ = private;
        false
    }

    /// By which standard it decodes.
    #[must_use]
    pub fn standard(self) -> Standard {
        match self {
            Self::RustyH264 | Self::RustH264 => Standard::Avc,
            Self::RustyH265 | Self::RustH265 => Standard::Hevc,
            #[cfg(feature = "ffmpeg")]
            Self::FfmpegH264 => Standard::Avc,
            #[cfg(feature = "ffmpeg")]
            Self::FfmpegH265 => Standard::Hevc,
        }
    }

    /// Opens the decoder behind its guard, with [`Limits::default`]. `parameter_sets` are NAL units, as private data holds
    /// them; access units may bring more.
    ///
    /// # Errors
    ///
    /// If parameter sets ask for more than limits allow, or for what the decoder does not know.
    pub fn open(self, parameter_sets: &[&[u8]]) -> Result<Box<dyn Decoder>, DecodeError> {
        self.open_with(parameter_sets, Limits::default())
    }

    /// [`open`](Self::open) with limits of the caller's.
    ///
    /// # Errors
    ///
    /// Those of [`open`](Self::open).
    pub fn open_with(self, parameter_sets: &[&[u8]], limits: Limits) -> Result<Box<dyn Decoder>, DecodeError> {
        let guarded = Guarded::open(self.standard(), limits, parameter_sets, |sets| {
            Ok(match self {
                Self::RustyH264 => Box::new(rusty_h264::RustyH264::open(sets)?),
                Self::RustH264 => Box::new(rust_h264::RustH264::open(sets)?),
                Self::RustyH265 => Box::new(rusty_h265::RustyH265::open(sets)?),
                Self::RustH265 => Box::new(rust_h265::RustH265::open(sets)?),
                #[cfg(feature = "ffmpeg")]
                Self::FfmpegH264 | Self::FfmpegH265 => Box::new(ffmpeg::Ffmpeg::open(self.standard(), sets)?),
            })
        })?;
        Ok(Box::new(guarded))
    }

    /// Fastest first.
    fn all(standard: Standard) -> &'static [Self] {
        match standard {
            Standard::Avc => &[
                #[cfg(feature = "ffmpeg")]
                Self::FfmpegH264,
                Self::RustyH264,
                Self::RustH264,
            ],
            Standard::Hevc => &[
                #[cfg(feature = "ffmpeg")]
                Self::FfmpegH265,
                Self::RustyH265,
                Self::RustH265,
            ],
        }
    }

    /// As measured, frame by frame against libavcodec.
    fn decodes(self, video: &VideoParameters) -> bool {
        let depth = video.bit_depth_luma;
        let even = video.chroma_format_idc == 0 || depth == video.bit_depth_chroma;
        match self {
            Self::RustyH264 => even && depth == 8 && video.chroma_format_idc == 1 && !video.interlaced,
            Self::RustH264 => even && matches!(depth, 8 | 10) && video.chroma_format_idc <= 2,
            Self::RustyH265 => even && depth <= 10 && video.chroma_format_idc == 1,
            Self::RustH265 => even && depth <= 12 && matches!(video.chroma_format_idc, 1 | 3),
            #[cfg(feature = "ffmpeg")]
            Self::FfmpegH264 | Self::FfmpegH265 => even,
        }
    }
}

/// Why a picture could not be decoded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DecodeError {
    /// Of what kind.
    pub kind: DecodeErrorKind,
    /// In words, without the decoder's name.
    pub message: String,
}

/// Kinds of [`DecodeError`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum DecodeErrorKind {
    /// The decoder does not know a tool of the stream: another one may.
    Unsupported,
    /// The stream is damaged, or refers to what is not there.
    Damaged,
    /// A limit was reached.
    Limit,
    /// The decoder broke down.
    Panic,
}

impl DecodeError {
    pub(crate) fn damaged(message: impl Into<String>) -> Self {
        Self { kind: DecodeErrorKind::Damaged, message: message.into() }
    }

    pub(crate) fn unsupported(message: impl Into<String>) -> Self {
        Self { kind: DecodeErrorKind::Unsupported, message: message.into() }
    }

    pub(crate) fn limit(name: &str, message: impl fmt::Display) -> Self {
        Self { kind: DecodeErrorKind::Limit, message: format!("limit {name}: {message}") }
    }
}

impl From<fragkit_codec::Error> for DecodeError {
    /// Of a header that could not be read.
    fn from(error: fragkit_codec::Error) -> Self {
        Self::damaged(error.to_string())
    }
}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for DecodeError {}
