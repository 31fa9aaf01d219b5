//! From decoders' buffers to [`Plane`]s: cropped, narrowed to 8 bits, joined from bytes.

use crate::picture::{ChromaFormat, Plane};

/// The part of a plane that is to be shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Window {
    pub(super) left: usize,
    pub(super) top: usize,
    pub(super) width: usize,
    pub(super) height: usize,
}

impl Window {
    /// The same window of a chroma plane; offsets are whole chroma samples by the standards' cropping units.
    pub(super) fn of_chroma(self, chroma: ChromaFormat) -> Self {
        let (x, y) = match chroma {
            ChromaFormat::Yuv420 => (2, 2),
            ChromaFormat::Yuv422 => (2, 1),
            ChromaFormat::Yuv444 | ChromaFormat::Monochrome => (1, 1),
        };
        Self { left: self.left / x, top: self.top / y, width: self.width.div_ceil(x), height: self.height.div_ceil(y) }
    }
}

/// Rows of the window, each through `convert`, without what lies beside them.
pub(super) fn copied<S, T>(data: &[S], stride: usize, window: Window, convert: impl Fn(&S) -> T) -> Plane<T> {
    let mut out = Vec::with_capacity(window.width.saturating_mul(window.height));
    for row in data.chunks(stride.max(1)).skip(window.top).take(window.height) {
        let row = row.get(window.left..).unwrap_or_default();
        out.extend(row.iter().take(window.width).map(&convert));
    }
    Plane { data: out, stride: window.width }
}

/// The low byte of a sample that is known to have no more than 8 bits.
pub(super) fn low_byte(sample: &u16) -> u8 {
    let [low, _] = sample.to_le_bytes();
    low
}

/// Samples of two bytes each, the lower first.
pub(super) fn from_le_bytes(bytes: &[u8]) -> Vec<u16> {
    bytes.as_chunks::<2>().0.iter().map(|pair| u16::from_le_bytes(*pair)).collect()
}

/// Whether a macroblock in the rows of these planes was never decoded: decoders leave such ones at zero in all planes, a
/// green that no camera and no encoder's rounding gives over 16 times 16 samples.
///
/// The samples in the middle are asked, since filters change those at the edges. `luma` and the two chroma planes come with
/// their strides; 4:2:0 and 4:2:2 only.
pub(super) fn has_blank_block<T: Copy + Default + PartialEq>(planes: [(&[T], usize); 3], chroma: ChromaFormat) -> bool {
    let [(luma, stride), (cb, chroma_stride), (cr, _)] = planes;
    let rows_per_chroma_row = if chroma == ChromaFormat::Yuv420 { 2 } else { 1 };
    if luma.is_empty() || cb.is_empty() || stride == 0 {
        return false;
    }
    let zero = T::default();
    let blank = |data: &[T], at: usize| data.get(at..at + 2).is_some_and(|pair| pair.iter().all(|it| *it == zero));
    luma.chunks(stride).enumerate().skip(7).step_by(16).any(|(y, row)| {
        let chroma_row = (y / rows_per_chroma_row) * chroma_stride;
        (7..row.len()).step_by(16).any(|x| {
            let at = chroma_row + x / 2;
            row.get(x) == Some(&zero) && blank(row, x) && blank(cb, at) && blank(cr, at)
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_is_cut_out_of_wider_rows() {
        let data: Vec<u16> = (0..24).collect();
        let plane = copied(&data, 6, Window { left: 1, top: 1, width: 3, height: 2 }, low_byte);
        assert_eq!(plane, Plane { data: vec![7, 8, 9, 13, 14, 15], stride: 3 });
        assert_eq!(from_le_bytes(&[1, 2, 3, 0]), [0x0201, 3]);
    }

    #[test]
    fn only_a_block_at_zero_in_all_planes_is_blank() {
        let (mut luma, mut cb, cr) = (vec![0_u8; 32 * 32], vec![128_u8; 16 * 16], vec![0_u8; 16 * 16]);
        let blank = |luma: &[u8], cb: &[u8]| has_blank_block([(luma, 32), (cb, 16), (&cr, 16)], ChromaFormat::Yuv420);
        assert!(!blank(&luma, &cb));
        for row in cb.chunks_mut(16).skip(8) {
            row[8..].fill(0);
        }
        assert!(blank(&luma, &cb));
        luma[23 * 32 + 23] = 1;
        assert!(!blank(&luma, &cb));
        assert!(!has_blank_block::<u8>([(&luma, 32), (&[], 0), (&[], 0)], ChromaFormat::Monochrome));
    }
}
