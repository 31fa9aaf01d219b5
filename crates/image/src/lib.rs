//! Fragments of Kinesis Video Streams to pictures at given times, as GetImages does, without its limits.

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
