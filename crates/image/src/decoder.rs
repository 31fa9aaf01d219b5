//! Decoding behind one small trait: access units in, planes out.
//!
//! ```text
//! H.264   8 bit 4:2:0 progressive               rusty_h264, else rust_h264
//!         interlaced, 10 bit, 4:2:2, 4:0:0      rust_h264
//! H.265   Main, Main 10                         rusty_h265, else rust_h265
//!         12 bit, 4:4:4                         rust_h265
//! any     with the feature `ffmpeg`             libavcodec, before all of these
//! ```
//!
//! Which of them can decode a stream is told by its sequence parameter set: [`DecoderKind::candidates`]. [`Guarded`] stands around
//! each, since all of them read what strangers sent: it holds them to [`Limits`], turns a panic into an error, and looks for
//! damage that decoders conceal.

mod continuity;
#[cfg(feature = "ffmpeg")]
mod ffmpeg;
mod guard;
mod kind;
mod planes;
mod rust_h264;
mod rust_h265;
mod rusty_h264;
mod rusty_h265;

use std::fmt;

pub use guard::{Guarded, Limits, is_guarded};
pub use kind::DecoderKind;

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
    pub(crate) fn new(kind: DecodeErrorKind, message: impl Into<String>) -> Self {
        DecodeError { kind, message: message.into() }
    }
}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for DecodeError {}

/// Appends NAL units as an Annex B byte stream, for decoders that ask for one.
fn annex_b<'u>(units: impl IntoIterator<Item = &'u [u8]>, out: &mut Vec<u8>) {
    for unit in units {
        out.extend_from_slice(&[0, 0, 0, 1]);
        out.extend_from_slice(unit);
    }
}
