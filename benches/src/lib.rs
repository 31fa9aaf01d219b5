//! Input for the benchmarks of fragkit, made on the spot: chunk streams as Kinesis Video Streams gives them, of any size.
//!
//! It stands outside the pipeline and writes what that reads. [`Generator`] makes fragments out of real frames of the test
//! data, and [`walk`] is the least work with which such a stream can be read.
//!
//! ```
//! use fragkit_benches::{Generator, Kind};
//!
//! let mut chunks = Generator::new(Kind::Alaw);
//! let (first, again) = (chunks.next().unwrap(), Generator::new(Kind::Alaw).next().unwrap());
//! assert_eq!(first.bytes, again.bytes);
//! ```
//!
//! It measures nothing: that is done by the files in `benches/benches` and by the scripts beside this crate.

// The samples are a part of the repository and the numbers are our own: where either is wrong, a benchmark can only stop.
#![allow(clippy::expect_used)]

mod generate;
mod random;
mod samples;
mod size;
mod store;
mod walk;

pub use generate::{Chunk, Generator, Kind, chunk_stream, plain_document, write_plain_document};
pub use random::Random;
pub use samples::{Samples, Stored};
pub use size::parse_size;
pub use store::{Written, store_document, store_files, store_stream};
pub use walk::{Walked, slices, walk};
