//! Codec private data and the bitstream headers it rests on: H.264, H.265, AAC and G.711, read, checked, repaired, written.
//!
//! In the pipeline this crate stands beside the Matroska parser: `fragkit-fragment` asks it what a track holds,
//! `fragkit-mp4` and `fragkit-clip` take sizes, rates and configuration records from it, and it knows neither of them.
//!
//! ```
//! use fragkit_codec::CodecPrivate;
//!
//! let private = CodecPrivate::parse("A_AAC", &[0x11, 0x90])?;
//! let audio = private.audio().unwrap();
//! assert_eq!((audio.sampling_frequency, audio.channels), (48_000, Some(2)));
//! assert_eq!(private.codec_string().as_deref(), Some("mp4a.40.2"));
//! # Ok::<(), fragkit_codec::Error>(())
//! ```
//!
//! | module | holds |
//! |---|---|
//! | [`codec_private`] | the entrance: CodecID and CodecPrivate to one value |
//! | [`avc`], [`hevc`] | configuration records, sequence parameter sets, NAL unit types |
//! | [`aac`], [`wave`] | AudioSpecificConfig, ADTS headers, WAVEFORMATEX |
//! | [`nal`] | NAL units in both packings, as ranges |
//! | [`frame`] | frames held against their private data |
//! | [`bits`] | the bit reader under all of it |
//! | [`codec_string`] | RFC 6381 names |
//! | [`vui`] | shape, range and colour, the same in both video standards |
//!
//! It does not decode pictures or sound, reads no more of a slice than its type, and does no input or output: bytes come in as
//! slices, values go out. No input makes it panic, and time is linear in the input's length.

#![forbid(unsafe_code)]

pub mod aac;
pub mod avc;
pub mod bits;
pub mod codec_private;
pub mod codec_string;
mod error;
mod fault;
mod field;
mod fields;
pub mod frame;
pub mod hevc;
pub mod nal;
mod repair;
#[cfg(test)]
mod testdata;
pub mod vui;
pub mod wave;

pub use codec_private::{AudioParameters, CodecId, CodecPrivate, Stated, VideoParameters};
pub use error::{Error, ErrorKind};
pub use fault::{Effect, Fault};
pub use field::Field;
pub use frame::{FrameCheck, FrameChecker, FrameFault, FrameRule, Packing, RandomAccess};
pub use repair::{Origin, Repaired};
