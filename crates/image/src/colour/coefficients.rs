//! Matrix coefficients and ranges as numbers (ITU-T H.273, 8.3).

use super::{Colour, Matrix};

/// From sample values to R, G, B of 0 to 255: what each of Y, Cb and Cr counts for in each, less their offsets.
#[derive(Debug, Clone, Copy)]
pub(super) struct Coefficients {
    /// For R, G and B: the weights of Y, Cb and Cr.
    pub(super) weights: [[f64; 3]; 3],
    /// Black, as a value of Y, and neutral, as a value of Cb and Cr.
    pub(super) offsets: [f64; 3],
}

impl Matrix {
    /// KR and KB (Table 4); `None` for matrices that are not made of them.
    fn luma_weights(self) -> Option<(f64, f64)> {
        match self {
            Matrix::Bt709 => Some((0.2126, 0.0722)),
            Matrix::Fcc => Some((0.30, 0.11)),
            Matrix::Bt601 => Some((0.299, 0.114)),
            Matrix::Smpte240 => Some((0.212, 0.087)),
            Matrix::Bt2020 => Some((0.2627, 0.0593)),
            Matrix::Identity | Matrix::YCgCo => None,
        }
    }

    /// From Y of 0 to 1 and Cb, Cr of -0.5 to 0.5 to R, G, B of 0 to 1.
    fn weights(self) -> [[f64; 3]; 3] {
        match self.luma_weights() {
            Some((kr, kb)) => {
                let kg = 1.0 - kr - kb;
                [
                    [1.0, 0.0, 2.0 * (1.0 - kr)],
                    [1.0, -2.0 * (1.0 - kb) * kb / kg, -2.0 * (1.0 - kr) * kr / kg],
                    [1.0, 2.0 * (1.0 - kb), 0.0],
                ]
            }
            None if self == Matrix::Identity => [[0.0, 0.0, 1.0], [1.0, 0.0, 0.0], [0.0, 1.0, 0.0]],
            None => [[1.0, -1.0, 1.0], [1.0, 1.0, 0.0], [1.0, -1.0, -1.0]],
        }
    }
}

impl Coefficients {
    /// Those of samples of so many bits, 8 to 16.
    pub(super) fn new(colour: &Colour, bit_depth: u8) -> Self {
        let scale = f64::from(bit_depth.saturating_sub(8)).exp2();
        let peak = 256.0 * scale - 1.0;
        let (black, luma, chroma) =
            if colour.full_range { (0.0, peak, peak) } else { (16.0 * scale, 219.0 * scale, 224.0 * scale) };
        let neutral = 128.0 * scale;
        // The matrices 0 and 8 are of R, G, B already in their range, so that all three have luma's.
        let (chroma, neutral) = match colour.matrix {
            Matrix::Identity => (luma, black),
            Matrix::YCgCo => (luma, neutral),
            _ => (chroma, neutral),
        };
        let weights =
            colour.matrix.weights().map(|[y, cb, cr]| [y * 255.0 / luma, cb * 255.0 / chroma, cr * 255.0 / chroma]);
        Self { weights, offsets: [black, neutral, neutral] }
    }

    /// From sample values, less their offsets, to Y, Cb and Cr of JFIF, Cb and Cr less 128.
    pub(super) fn to_jfif(self) -> [[f64; 3]; 3] {
        let [r, g, b] = self.weights;
        let mix = |kr: f64, kg: f64, kb: f64| {
            let [(ry, gy, by), (ru, gu, bu), (rv, gv, bv)] = columns(r, g, b);
            [kr * ry + kg * gy + kb * by, kr * ru + kg * gu + kb * bu, kr * rv + kg * gv + kb * bv]
        };
        let (kr, kg, kb) = (0.299, 0.587, 0.114);
        let (cb, cr) = (2.0 * (1.0 - kb), 2.0 * (1.0 - kr));
        [mix(kr, kg, kb), mix(-kr / cb, -kg / cb, 0.5), mix(0.5, -kg / cr, -kb / cr)]
    }
}

fn columns([ry, ru, rv]: [f64; 3], [gy, gu, gv]: [f64; 3], [by, bu, bv]: [f64; 3]) -> [(f64, f64, f64); 3] {
    [(ry, gy, by), (ru, gu, bu), (rv, gv, bv)]
}
