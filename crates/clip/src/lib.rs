//! Fragments of Kinesis Video Streams to one MP4 file, as GetClip does, without its limits.
//!
//! The third stage of fragkit: `bytes -> mkv elements -> fragments -> clip`. [`Clipper`] collects where the frames of the
//! selected fragments are in the input and plans a file `ftyp moov mdat` as a list of runs, so that payload goes from the
//! input to the output without a copy. [`StreamingClipper`] writes `ftyp mdat moov` while fragments come in.
//!
//! ```
//! use fragkit_clip::{Clipper, Options};
//! use fragkit_fragment::{Assembler, Item, Limits, Run};
//!
//! fn clip(stream: bytes::Bytes) -> Result<Vec<u8>, fragkit_clip::Error> {
//!     let mut clipper = Clipper::new(Options::default());
//!     let mut assembler = Assembler::new(Limits::default());
//!     assembler.push(stream.clone());
//!     assembler.finish();
//!     while let Some(item) = assembler.poll() {
//!         if let Item::Fragment(fragment) = item {
//!             clipper.add(&fragment);
//!         }
//!     }
//!     let mut file = Vec::new();
//!     for clip in clipper.clips()? {
//!         clip.runs(|run| {
//!             match run {
//!                 Run::Bytes(bytes) => file.extend_from_slice(bytes),
//!                 Run::Small(small) => file.extend_from_slice(small.as_slice()),
//!                 Run::Input(range) => {
//!                     let (start, end) = (range.start.try_into().unwrap(), range.end.try_into().unwrap());
//!                     file.extend_from_slice(&stream[start..end]);
//!                 }
//!             }
//!             Ok::<_, fragkit_clip::Error>(())
//!         })?;
//!     }
//!     Ok(file)
//! }
//! # assert!(clip(bytes::Bytes::new()).unwrap_err().to_string().starts_with("No fragments found"));
//! ```
//!
//! It reads and writes no files, decodes nothing, and does not look into frames but to tell start codes from lengths.

#![forbid(unsafe_code)]

mod clip;
mod error;
mod media;
mod options;
mod times;

pub use clip::{Clip, Clipper, StreamEnd, StreamingClipper, Summary};
pub use error::{Error, ErrorKind};
pub use options::{OnChange, Options};
