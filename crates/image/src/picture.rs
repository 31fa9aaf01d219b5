//! A decoded picture as decoders give it: planes of samples, cropped, not yet converted.

/// A decoded picture, cropped to what is to be shown. Its colour is told apart: see [`Colour`](crate::Colour).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Picture {
    /// Width in luma samples. May be odd: chroma planes are then one sample wider than half of it.
    pub width: u32,
    /// Height in luma samples. A picture of two fields is woven: its rows alternate.
    pub height: u32,
    /// How chroma is sampled.
    pub chroma: ChromaFormat,
    /// Bits of a sample, 8 to 16. Above 8, samples are in [`Planes::Wide`], in the low bits.
    pub bit_depth: u8,
    /// The samples: Y, Cb, Cr. Cb and Cr are empty for [`ChromaFormat::Monochrome`].
    pub planes: Planes,
}

/// How chroma is sampled against luma.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ChromaFormat {
    /// 4:0:0, no chroma.
    Monochrome,
    /// 4:2:0, halved both ways.
    Yuv420,
    /// 4:2:2, halved in width.
    Yuv422,
    /// 4:4:4, as luma.
    Yuv444,
}

/// Three planes of samples.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Planes {
    /// Of 8 bits.
    Narrow([Plane<u8>; 3]),
    /// Of more.
    Wide([Plane<u16>; 3]),
}

/// One plane of samples, row by row from the top.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Plane<T> {
    /// The samples; the first is the one at the top left.
    pub data: Vec<T>,
    /// How many samples lie between the start of a row and that of the next, at least the plane's width.
    pub stride: usize,
}

impl ChromaFormat {
    /// By `chroma_format_idc`.
    #[must_use]
    pub fn from_idc(idc: u8) -> Option<Self> {
        match idc {
            0 => Some(Self::Monochrome),
            1 => Some(Self::Yuv420),
            2 => Some(Self::Yuv422),
            3 => Some(Self::Yuv444),
            _ => None,
        }
    }

    /// Width and height of a chroma plane of a picture of this size, rounded up.
    #[must_use]
    pub fn chroma_size(self, width: u32, height: u32) -> (u32, u32) {
        match self {
            Self::Monochrome => (0, 0),
            Self::Yuv420 => (width.div_ceil(2), height.div_ceil(2)),
            Self::Yuv422 => (width.div_ceil(2), height),
            Self::Yuv444 => (width, height),
        }
    }
}

impl<T> Plane<T> {
    /// The rows, each `width` samples long; what lies behind in the stride is left out.
    pub fn rows(&self, width: usize) -> impl Iterator<Item = &[T]> {
        self.data.chunks(self.stride.max(1)).filter_map(move |row| row.get(..width))
    }
}
