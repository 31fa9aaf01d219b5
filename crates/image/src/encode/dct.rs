//! Blocks of samples to quantised coefficients (ITU-T T.81, A.3.3 and A.3.4).
//!
//! [`BATCH`] neighbouring blocks of a row are transformed at once. Every step is a loop over arrays of fixed length without
//! dependence between its turns, which compilers turn into vectors on any processor; arithmetic is in `f32`, that of Arai,
//! Agui and Nakajima (1988), whose scale factors go into the quantisation steps.
#![allow(
    clippy::indexing_slicing,
    clippy::as_conversions,
    clippy::needless_range_loop,
    reason = "all indices are loop counters below the fixed lengths of the arrays; conversions are of samples and of numbers \
              below 64, or take the low bits on purpose"
)]

use super::tables::ZIGZAG;

/// How many blocks are transformed at once.
pub(super) const BATCH: usize = 4;
/// How many samples lie beside each other in a batch.
pub(super) const LANES: usize = BATCH * 8;

/// Eight rows of samples of a batch of blocks.
pub(super) type Samples = [[u8; LANES]; 8];

/// The quantised coefficients of a block.
#[derive(Clone, Copy)]
pub(super) struct Block {
    /// Column by column: that of horizontal frequency `u` and vertical frequency `v` is at `8 * u + v`.
    pub(super) coefficients: [i16; 64],
    /// Which coefficients are not 0: bit `k` for the one at place `k` of the zigzag.
    pub(super) present: u64,
}

impl Block {
    pub(super) const EMPTY: Self = Self { coefficients: [0; 64], present: 0 };
}

/// What coefficients are multiplied with: one by quantisation step, the transform's own scale taken into account.
pub(super) struct Reciprocals([[f32; 8]; 8]);

impl Reciprocals {
    /// From quantisation steps, row by row.
    pub(super) fn new(steps: &[u8; 64]) -> Self {
        let scale = |frequency: usize| match frequency {
            0 => 1.0,
            _ => std::f64::consts::SQRT_2 * (frequency as f64 * std::f64::consts::PI / 16.0).cos(),
        };
        let reciprocal = |u: usize, v: usize| 1.0 / (8.0 * f64::from(steps[v * 8 + u]) * scale(u) * scale(v));
        Self(std::array::from_fn(|u| std::array::from_fn(|v| reciprocal(u, v) as f32)))
    }
}

/// Transforms and quantises a batch of blocks.
pub(super) fn transform(samples: &Samples, reciprocals: &Reciprocals, blocks: &mut [Block; BATCH]) {
    let mut rows = [[0.0; LANES]; 8];
    for (row, samples) in rows.iter_mut().zip(samples) {
        for (value, &sample) in row.iter_mut().zip(samples) {
            *value = f32::from(sample) - 128.0;
        }
    }
    pass(&mut rows);
    let mut columns = transposed(&rows);
    pass(&mut columns);
    for (index, block) in blocks.iter_mut().enumerate() {
        quantise(&columns, index, reciprocals, block);
    }
}

/// One dimension of the transform: down each lane.
fn pass(d: &mut [[f32; LANES]; 8]) {
    const SQRT_HALF: f32 = std::f32::consts::FRAC_1_SQRT_2;
    // cos(3 pi / 8), and cos(pi / 8) less and plus it, times the square root of 2.
    const C6: f32 = 0.382_683_43;
    const C2_LESS_C6: f32 = 0.541_196_1;
    const C2_PLUS_C6: f32 = 1.306_563;
    for x in 0..LANES {
        let (sum0, difference0) = (d[0][x] + d[7][x], d[0][x] - d[7][x]);
        let (sum1, difference1) = (d[1][x] + d[6][x], d[1][x] - d[6][x]);
        let (sum2, difference2) = (d[2][x] + d[5][x], d[2][x] - d[5][x]);
        let (sum3, difference3) = (d[3][x] + d[4][x], d[3][x] - d[4][x]);

        let (outer, outer_difference) = (sum0 + sum3, sum0 - sum3);
        let (inner, inner_difference) = (sum1 + sum2, sum1 - sum2);
        d[0][x] = outer + inner;
        d[4][x] = outer - inner;
        let turned = (inner_difference + outer_difference) * SQRT_HALF;
        d[2][x] = outer_difference + turned;
        d[6][x] = outer_difference - turned;

        let low = difference3 + difference2;
        let middle = (difference2 + difference1) * SQRT_HALF;
        let high = difference1 + difference0;
        let both = (low - high) * C6;
        let (low, high) = (low * C2_LESS_C6 + both, high * C2_PLUS_C6 + both);
        let (plus, minus) = (difference0 + middle, difference0 - middle);
        d[5][x] = minus + low;
        d[3][x] = minus - low;
        d[1][x] = plus + high;
        d[7][x] = plus - high;
    }
}

/// Rows of each block to columns.
fn transposed(rows: &[[f32; LANES]; 8]) -> [[f32; LANES]; 8] {
    let mut columns = [[0.0; LANES]; 8];
    for block in 0..BATCH {
        for x in 0..8 {
            for y in 0..8 {
                columns[x][block * 8 + y] = rows[y][block * 8 + x];
            }
        }
    }
    columns
}

/// The largest magnitude that there is a code for among AC coefficients (ITU-T T.81, F.1.2.2.1).
const LARGEST: i16 = 1023;
/// Added to a number of less than 22 bits, it leaves the nearest integer in the low bits of the sum.
const ROUND: f32 = 12_582_912.0;

fn quantise(columns: &[[f32; LANES]; 8], index: usize, reciprocals: &Reciprocals, block: &mut Block) {
    // By vertical frequency: one bit for each horizontal frequency.
    let mut present = [0_u16; 8];
    for u in 0..8 {
        for v in 0..8 {
            let rounded = columns[u][index * 8 + v] * reciprocals.0[u][v] + ROUND;
            let value = (rounded.to_bits() as i16).clamp(-LARGEST, LARGEST);
            block.coefficients[u * 8 + v] = value;
            present[v] |= u16::from(value != 0) << u;
        }
    }
    block.present = present.iter().zip(&PLACES).fold(0, |all, (&bits, places)| all | places[usize::from(bits as u8)]);
}

/// By vertical frequency and horizontal frequencies (a bit each): the bits at their places of the zigzag.
static PLACES: [[u64; 256]; 8] = places();

const fn places() -> [[u64; 256]; 8] {
    let mut places = [[0; 256]; 8];
    let mut k = 0;
    while k < 64 {
        let (v, u) = (ZIGZAG[k] as usize / 8, ZIGZAG[k] as usize % 8);
        let mut bits = 0;
        while bits < 256 {
            if bits >> u & 1 == 1 {
                places[v][bits] |= 1 << k;
            }
            bits += 1;
        }
        k += 1;
    }
    places
}
