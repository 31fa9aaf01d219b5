//! Fragments of Kinesis Video Streams to pictures at given times, as GetImages does, without its limits.

#![forbid(unsafe_code)]

pub mod colour;
pub mod decoder;
pub mod encode;
pub mod picture;
pub mod scale;

pub use colour::{Colour, Matrix, Siting};
pub use decoder::{
    AccessUnit, DecodeError, DecodeErrorKind, Decoder, DecoderKind, Guarded, Limits, Standard, is_guarded,
};
pub use picture::{ChromaFormat, Picture, Plane, Planes};
