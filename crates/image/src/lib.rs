//! Fragments of Kinesis Video Streams to pictures at given times, as GetImages does, without its limits.
//!
//! A last stage of fragkit beside the clip: `bytes -> mkv elements -> fragments -> pictures`. [`Sampler`] collects where the
//! frames of fragments lie in the input; [`Sampler::plan`] lays a grid of times over them and chooses a frame for each;
//! [`Plan`] decodes what is needed to reach these frames, and no more, one picture at a time or on many threads.
//!
//! ```
//! use fragkit_fragment::{Assembler, Item, Limits};
//! use fragkit_image::{Error, ImageErrorKind, Request, Sampler};
//!
//! fn thumbnails(stream: bytes::Bytes) -> Result<Vec<bytes::Bytes>, Error> {
//!     let mut sampler = Sampler::new(Request { interval_ms: 10_000, size: (Some(320), None), ..Request::default() });
//!     let mut assembler = Assembler::new(Limits::default());
//!     assembler.push(stream.clone());
//!     assembler.finish();
//!     while let Some(item) = assembler.poll() {
//!         if let Item::Fragment(fragment) = item {
//!             sampler.add(&fragment);
//!         }
//!     }
//!     let plan = sampler.plan()?;
//!     let read = |range: std::ops::Range<u64>| {
//!         let (start, end): (usize, usize) = (range.start.try_into().unwrap(), range.end.try_into().unwrap());
//!         stream.slice(start..end)
//!     };
//!     let mut files = Vec::new();
//!     for sampled in plan.images(&read) {
//!         match sampled.picture {
//!             Ok(encoded) => files.push(encoded.bytes),
//!             Err(error) if error.kind == ImageErrorKind::NoMedia => {}
//!             Err(error) => eprintln!("{}: {error}", sampled.timestamp),
//!         }
//!     }
//!     Ok(files)
//! }
//! # let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../testdata/h264-main-aac.chunks.mkv");
//! # assert_eq!(thumbnails(std::fs::read(path).unwrap().into())?.len(), 1);
//! # assert!(thumbnails(bytes::Bytes::new()).unwrap_err().to_string().starts_with("No fragments found"));
//! # Ok::<(), Error>(())
//! ```
//!
//! | module | holds |
//! |---|---|
//! | [`decoder`] | decoders of H.264 and H.265 behind one trait, with a guard around them |
//! | [`picture`] | planes as decoders give them |
//! | [`colour`] | matrix, range, chroma siting; to RGB and to JPEG's own colour |
//! | [`scale`] | other sizes |
//! | [`encode`] | JPEG and PNG |
//!
//! # What is decided where the service says nothing
//!
//! - A time gets the last frame at or before it of the fragment that covers it. A fragment covers the time up to the end of its
//!   last frame, or up to the next fragment where that follows within 50 ms. Where fragments overlap, the later one counts.
//! - Where sound begins before the first picture, that picture is taken.
//! - Pictures keep the samples that they are stored with: the sample aspect is told in the file, and applied when a width or a
//!   height alone is asked for. Transfer and primaries are told (PNG), and not converted.
//! - A picture that depends on a frame which is missing or cannot be decoded is an error, as far as the damage can be noticed:
//!   entropy coded data that was altered may still decode, to something else.
//!
//! It reads no files. No input makes it panic: decoders run behind a guard that holds them to [`decoder::Limits`].

#![forbid(unsafe_code)]

mod access;
mod civil;
pub mod colour;
pub mod decoder;
pub mod encode;
mod error;
mod grid;
mod parallel;
pub mod picture;
mod render;
mod request;
mod sampler;
pub mod scale;
mod sheet;
mod survey;
#[cfg(test)]
mod testing;
mod thumbnailer;
mod token;
mod video;
mod walk;

pub use civil::wall_clock;
pub use colour::{Colour, Matrix, Siting};
pub use decoder::{AccessUnit, DecodeError, DecodeErrorKind, Decoder, DecoderKind};
pub use encode::Compression;
pub use error::{Error, ErrorKind, ImageError, ImageErrorKind};
/// The type of pictures as pixels.
pub use image::RgbImage;
pub use picture::{ChromaFormat, Picture, Plane, Planes};
pub use render::Encoded;
pub use request::{DEFAULT_QUALITY, Format, Pick, Request};
pub use sampler::{FrameInfo, Plan, Sampled, Sampler};
pub use sheet::{Layout, Sheet};
pub use thumbnailer::Thumbnailer;
