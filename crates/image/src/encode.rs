//! Pictures to JPEG and PNG files, and JPEG frames to pictures.

mod dct;
mod entropy;
mod jpeg;
mod metadata;
mod mjpeg;
mod png;
mod tables;
#[cfg(test)]
mod tests;

use std::fmt;

pub use jpeg::{jpeg, jpeg_rgb};
pub use metadata::About;
pub use mjpeg::decode_jpeg;
pub(crate) use mjpeg::jpeg_size;
pub(crate) use png::png_size;
pub use png::{Compression, png};

use crate::colour::ShapeError;

/// Why a picture cannot be written, or a JPEG frame not be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EncodeError(String);

impl EncodeError {
    fn new(message: impl Into<String>) -> Self {
        EncodeError(message.into())
    }
}

impl fmt::Display for EncodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for EncodeError {}

impl From<ShapeError> for EncodeError {
    fn from(error: ShapeError) -> Self {
        EncodeError(error.to_string())
    }
}
