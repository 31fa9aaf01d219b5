//! What samples mean: matrix, range, where chroma samples lie; and the way from there to RGB.

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
