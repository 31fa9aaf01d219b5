//! Fragments of Kinesis Video Streams to sound files: PCM and G.711 to WAV, AAC to M4A, each track where it belongs in time.
//!
//! The third stage of fragkit, beside clips and pictures: `bytes -> mkv elements -> fragments -> sound`. [`Extractor`] collects
//! where the sound of the selected fragments is and plans one [`AudioFile`] a track, or one with two tracks as left and right. All
//! begin at the same time, that of the earliest sample of any of them; where a track has nothing, silence takes its place, so that
//! what was said at the same time is heard at the same time.
//!
//! ```
//! use fragkit_audio::{Extractor, Options};
//! use fragkit_fragment::{Assembler, Item, Limits};
//!
//! fn recordings(stream: bytes::Bytes) -> Result<Vec<Vec<u8>>, fragkit_audio::Error> {
//!     let mut extractor = Extractor::new(Options::default());
//!     let mut assembler = Assembler::new(Limits::default()).without_audio_payload();
//!     assembler.push(stream.clone());
//!     assembler.finish();
//!     while let Some(item) = assembler.poll() {
//!         if let Item::Fragment(fragment) = item {
//!             extractor.add(&fragment);
//!         }
//!     }
//!     let slice = |range: std::ops::Range<u64>| {
//!         let at = |offset: u64| usize::try_from(offset).unwrap();
//!         Ok::<_, fragkit_audio::Error>(stream.slice(at(range.start)..at(range.end)))
//!     };
//!     let mut files = Vec::new();
//!     for file in extractor.files()? {
//!         let mut bytes = Vec::new();
//!         file.write(slice, |some| Ok(bytes.extend_from_slice(some)))?;
//!         files.push(bytes);
//!     }
//!     Ok(files)
//! }
//! # assert!(recordings(bytes::Bytes::new()).unwrap_err().to_string().starts_with("No fragments found"));
//! ```
//!
//! It reads and writes no files and decodes no AAC. Sound is never stretched: see [`Options`] for what becomes of a clock that runs
//! wrong.

#![forbid(unsafe_code)]

mod align;
mod coding;
mod error;
mod extract;
mod g711;
mod m4a;
mod read;
mod silence;
mod wav;

pub use error::{Error, ErrorKind};
pub use extract::{AudioFile, Container, Extractor, G711, Layout, Options, Summary, TrackChoice, TrackSummary};
