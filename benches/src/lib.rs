//! Input for the benchmarks of fragkit, made on the spot: chunk streams as Kinesis Video Streams gives them, of any size.
//!
//! It stands outside the pipeline and writes what that reads. [`Generator`] makes fragments out of real frames of the test
//! data, [`walk`] is the least work with which such a stream can be read, and [`gather`] writes runs to a file.
//!
//! ```
//! use fragkit_benches::{Generator, Kind};
//!
//! let mut chunks = Generator::new(Kind::Alaw);
//! let (first, again) = (chunks.next().unwrap(), Generator::new(Kind::Alaw).next().unwrap());
//! assert_eq!(first.bytes, again.bytes);
//! ```
//!
//! It measures nothing: that is done by the files in `benches/benches` and by `compare.sh`.

// The samples are a part of the repository and the numbers are our own: where either is wrong, a benchmark can only stop.
#![allow(clippy::expect_used)]

mod gather;
mod generate;
mod random;
mod samples;
mod size;
mod walk;

pub use gather::gather;
pub use generate::{Chunk, Generator, Kind, chunk_stream, plain_document};
pub use random::Random;
pub use samples::{Samples, Stored};
pub use size::parse_size;
pub use walk::{Walked, slices, walk};
