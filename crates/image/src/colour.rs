//! What samples mean: matrix, range, where chroma samples lie; and the way from there to RGB and to JPEG's own colour.
//!
//! ```text
//! VUI, MKV Colour, size ──► Colour::resolve
//! Picture + Colour ──► to_rgb    8 bits R, G, B; chroma upsampled at its siting
//!                  └─► to_jfif   8 bits Y, Cb, Cr as JPEG has them, subsampled as before
//! ```
//!
//! Arithmetic of both is on non-linear values, as players do it: transfer and primaries are told, not undone, so a BT.2020
//! or HLG stream looks as it does in `ffmpeg -pix_fmt rgb24`.
//!
//! Both are own loops over rows that vectorise for any processor of the target. The `yuv` crate (0.8.20) was measured
//! beside them; see [`to_rgb`] and [`to_jfif`] for the figures.

mod coefficients;
mod fixed;
mod jfif;
mod resolve;
mod rgb;
#[cfg(test)]
mod tests;
pub(crate) mod view;

use std::fmt;

pub use jfif::to_jfif;
pub use rgb::to_rgb;

/// How the samples of a picture become colours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Colour {
    /// Coefficients between RGB and Y, Cb, Cr.
    pub matrix: Matrix,
    /// Whether samples use the whole range (0 to 255 at 8 bits) instead of 16 to 235 and 240.
    pub full_range: bool,
    /// Where chroma samples lie.
    pub siting: Siting,
    /// `colour_primaries` of ITU-T H.273; 2 where nothing tells.
    pub primaries: u8,
    /// `transfer_characteristics` of ITU-T H.273; 2 where nothing tells.
    pub transfer: u8,
}

/// Matrix coefficients (ITU-T H.273, 8.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Matrix {
    /// The samples are G, B and R (MatrixCoefficients 0).
    Identity,
    /// BT.709 (1).
    Bt709,
    /// FCC (4).
    Fcc,
    /// BT.601 (5 and 6).
    Bt601,
    /// SMPTE ST 240 (7).
    Smpte240,
    /// YCgCo (8).
    YCgCo,
    /// BT.2020, non-constant luminance (9); constant luminance (10) is taken for it.
    Bt2020,
}

/// Where chroma samples lie against luma samples, in each direction in which there are fewer (ITU-T H.264 and H.265,
/// `chroma_sample_loc_type`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Siting {
    /// On the luma sample to the left, else half way between two.
    pub left: bool,
    /// On the luma sample above, half way between two, or on the one below.
    pub vertical: VerticalSiting,
}

/// See [`Siting::vertical`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum VerticalSiting {
    /// On the luma row above.
    Top,
    /// Half way between two rows.
    Centre,
    /// On the luma row below.
    Bottom,
}

impl Siting {
    /// On the left and half way between rows: `chroma_sample_loc_type` 0, what streams mean that say nothing.
    pub const LEFT: Self = Self { left: true, vertical: VerticalSiting::Centre };
    /// Half way both ways: `chroma_sample_loc_type` 1, and JPEG's (JFIF 1.02, Sampling Resolution).
    pub const CENTRE: Self = Self { left: false, vertical: VerticalSiting::Centre };
}

impl Colour {
    /// The colour of JPEG files: BT.601, full range, chroma half way between luma samples (JFIF 1.02).
    pub const JFIF: Self =
        Self { matrix: Matrix::Bt601, full_range: true, siting: Siting::CENTRE, primaries: 2, transfer: 2 };
}

/// Why a picture cannot be converted: its planes do not hold what its size and depth say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ShapeError(&'static str);

impl ShapeError {
    pub(crate) const NO_SAMPLES: Self = Self("the picture has no samples");
    pub(crate) const TOO_SHORT: Self = Self("a plane is too short");
    pub(crate) const TOO_LARGE: Self = Self("the size asked for is too large");
}

impl fmt::Display for ShapeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl std::error::Error for ShapeError {}
