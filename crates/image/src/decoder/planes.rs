//! Planes as decoders give them, made ours.

use crate::picture::{ChromaFormat, Picture, Plane, Planes};

/// Three planes that are cropped already and have no room between rows.
pub(super) fn tight<T>(width: u32, height: u32, chroma: ChromaFormat, planes: [Vec<T>; 3]) -> [Plane<T>; 3] {
    let (chroma_width, _) = chroma.chroma_size(width, height);
    let stride = |width: u32| usize::try_from(width).unwrap_or(usize::MAX);
    let [y, cb, cr] = planes;
    let plane = |data: Vec<T>, width: u32| Plane { data, stride: stride(width) };
    match chroma {
        ChromaFormat::Monochrome => [plane(y, width), plane(Vec::new(), 0), plane(Vec::new(), 0)],
        _ => [plane(y, width), plane(cb, chroma_width), plane(cr, chroma_width)],
    }
}

/// Samples of 16 bits, as pairs of bytes with the low one first.
pub(super) fn wide(bytes: &[u8]) -> Vec<u16> {
    let pairs = bytes.chunks_exact(2).filter_map(|pair| pair.try_into().ok());
    pairs.map(u16::from_le_bytes).collect()
}

/// A picture of 8 bits out of planes.
pub(super) fn narrow_picture(width: u32, height: u32, chroma: ChromaFormat, planes: [Vec<u8>; 3]) -> Picture {
    Picture { width, height, chroma, bit_depth: 8, planes: Planes::Narrow(tight(width, height, chroma, planes)) }
}
