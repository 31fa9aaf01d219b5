//! Y, Cb, Cr of any matrix, range, siting and depth to those of JPEG files, without the way through RGB.
//!
//! All steps are linear on values that are not clipped, so that matrix, range and depth become one: luma is scaled and takes
//! a share of chroma, each chroma sample is a mix of two. The share is computed at chroma's size and then upsampled.
//!
//! Fixed point, in 16-bit lanes: luma comes as its 16 highest bits, times a gain, to 7 fractional bits; the share has 7 too;
//! chroma 6. What is lost is below a hundredth of a step, so one sample in some hundred is off by one.

use super::coefficients::Coefficients;
use super::fixed::{byte, mul_high, mul_high_unsigned, quarter, rounded_i16, rounded_u16};
use super::rgb::vertical_taps;
use super::view::{Shape, View, check_shape};
use super::{Colour, Matrix, ShapeError, Siting, VerticalSiting, to_rgb};
use crate::picture::{ChromaFormat, Picture, Plane, Planes};

/// Converts a picture to 8-bit Y, Cb, Cr as JPEG files have it ([`Colour::JFIF`]), subsampled as it was. A plane
/// that is of that colour already is left as it is; others of 8 bits are converted where they are.
///
/// Of 1080p, 4:2:0, chroma on the left, it takes as long as to copy the planes 4.7 times (BT.709, limited), 3.5 (BT.601,
/// limited), 2.5 (BT.601, full) or 8.3 (BT.709, 10 bits, where new planes are needed). `yuv` 0.8.20 has nothing like it; the
/// way through its RGB takes 7.9 and rounds once more.
///
/// Values beyond RGB are clipped in Y, Cb and Cr: what was darker than black but coloured may come out otherwise than by way
/// of RGB. Chroma that lies elsewhere is moved by linear interpolation. RGB samples ([`Matrix::Identity`]) become 4:4:4.
///
/// # Errors
///
/// If the planes are shorter than the picture's size, or the size or depth cannot be.
pub fn to_jfif(picture: Picture, colour: &Colour) -> Result<Picture, ShapeError> {
    check_shape(&picture)?;
    if colour.matrix == Matrix::Identity && picture.chroma != ChromaFormat::Monochrome {
        return from_rgb(&picture, colour);
    }
    let shape = Shape::of(&picture);
    let plan = Plan::new(colour, &picture);
    let planes = match picture.planes {
        Planes::Narrow(planes) => plan.convert_in_place(planes, shape),
        Planes::Wide(planes) => plan.convert(shape.views(&planes)?),
    };
    let Shape { width, height, chroma } = shape;
    Ok(Picture { width, height, chroma, bit_depth: 8, planes: Planes::Narrow(planes) })
}

/// What is to be done to each plane.
struct Plan {
    chroma: ChromaFormat,
    siting: Siting,
    bit_depth: u32,
    /// Whether luma can stay as it is.
    keep_luma: bool,
    /// Whether chroma can stay as it is.
    keep_chroma: bool,
    /// What luma's 16 highest bits are multiplied with, and the high half of it taken.
    gain: u16,
    /// What is then taken off, [`BIAS`] included.
    offset: u16,
    /// How much of Cb and Cr goes to luma.
    share: [i16; 2],
    /// How much of Cb and Cr goes to Cb and to Cr.
    mix: [[i16; 2]; 2],
}

/// Keeps luma from becoming negative before it is clipped.
const BIAS: u16 = 1 << 14;
/// The highest bits of chroma that are looked at: moved by a quarter, they fill 16.
const CHROMA_BITS: u32 = 14;

impl Plan {
    fn new(colour: &Colour, picture: &Picture) -> Self {
        // Grey is the same by every matrix: without chroma, only the range counts.
        let grey = picture.chroma == ChromaFormat::Monochrome;
        let matrix = if grey { Matrix::Bt601 } else { colour.matrix };
        let coefficients = Coefficients::new(&Colour { matrix, ..*colour }, picture.bit_depth);
        let [[y, share @ ..], [_, cb @ ..], [_, cr @ ..]] = coefficients.to_jfif();
        let [black, ..] = coefficients.offsets;
        // What one step of the highest bits is in steps of samples.
        let step = 2_f64.powi(i32::from(picture.bit_depth) - 16);
        let gain = rounded_u16(y * step * 128.0 * 65536.0);
        let black = black / step * f64::from(gain) / 65536.0;
        // Half a step, to round to the nearest, and half of a last bit for what the product has lost; rounded up, with which
        // every grey of 8 bits comes out right (there is a test).
        let offset = rounded_u16((f64::from(BIAS) + black - 64.5).ceil());
        let fixed = |[cb, cr]: [f64; 2], one: f64| [rounded_i16(cb * step * one), rounded_i16(cr * step * one)];
        let share = fixed(share, 128.0 * 65536.0);
        let mix = [fixed(cb, 64.0 * 65536.0), fixed(cr, 64.0 * 65536.0)];
        let narrow = matches!(picture.planes, Planes::Narrow(_));
        let centred = match picture.chroma {
            ChromaFormat::Monochrome | ChromaFormat::Yuv444 => true,
            ChromaFormat::Yuv422 => !colour.siting.left,
            ChromaFormat::Yuv420 => colour.siting == Siting::CENTRE,
        };
        let same = narrow && colour.full_range && share == [0; 2];
        Self {
            chroma: picture.chroma,
            siting: colour.siting,
            bit_depth: picture.bit_depth.into(),
            keep_luma: same,
            keep_chroma: same && centred,
            gain,
            offset,
            share,
            mix,
        }
    }

    /// Planes of 8 bits where they are: at this speed, new memory would cost more than the conversion.
    fn convert_in_place(&self, mut planes: [Plane<u8>; 3], shape: Shape) -> [Plane<u8>; 3] {
        if !self.keep_luma {
            let [y, cb, cr] = &mut planes;
            let (chroma_width, chroma_height) = shape.chroma.chroma_size(shape.width, shape.height);
            let chroma = |plane| View::new(plane, chroma_width, chroma_height);
            if let (Some(cb), Some(cr)) = (chroma(&*cb), chroma(&*cr)) {
                let mut shares = Shares::new(self, cb.width());
                for (y, row) in rows_mut(y, shape.width, shape.height).enumerate() {
                    self.luma_row(row.iter_mut().map(|sample| (*sample, sample)), shares.row(y, cb, cr));
                }
            }
        }
        if !self.keep_chroma && shape.chroma != ChromaFormat::Monochrome {
            self.chroma_in_place(&mut planes, shape);
        }
        planes
    }

    fn chroma_in_place(&self, [_, cb, cr]: &mut [Plane<u8>; 3], shape: Shape) {
        let (width, height) = shape.chroma.chroma_size(shape.width, shape.height);
        let (mut moved_cb, mut moved_cr) = (MovedRow::default(), MovedRow::default());
        for y in 0..usize::try_from(height).unwrap_or_default() {
            // The rows above have become something else already, which is why MovedRow keeps the one it may need.
            if let (Some(cb), Some(cr)) = (View::new(cb, width, height), View::new(cr, width, height)) {
                moved_cb.read(self, cb, y);
                moved_cr.read(self, cr, y);
            }
            if let (Some(cb), Some(cr)) = (row_mut(cb, y, width), row_mut(cr, y, width)) {
                self.chroma_row(&moved_cb.moved, &moved_cr.moved, cb, cr);
            }
        }
    }

    /// New planes of 8 bits.
    fn convert<T: Copy + Into<u16>>(&self, [luma, cb, cr]: [View<'_, T>; 3]) -> [Plane<u8>; 3] {
        let mut planes =
            [&luma, &cb, &cr].map(|view| Plane { data: vec![0; view.width() * view.height()], stride: view.width() });
        let [new_y, new_cb, new_cr] = &mut planes;
        let mut shares = Shares::new(self, cb.width());
        for (y, row) in new_y.data.chunks_exact_mut(luma.width().max(1)).enumerate() {
            self.luma_row(luma.row(y).iter().copied().zip(row), shares.row(y, cb, cr));
        }
        let width = cb.width().max(1);
        let (mut moved_cb, mut moved_cr) = (MovedRow::default(), MovedRow::default());
        let rows = new_cb.data.chunks_exact_mut(width).zip(new_cr.data.chunks_exact_mut(width));
        for (y, (new_cb, new_cr)) in rows.enumerate() {
            moved_cb.read(self, cb, y);
            moved_cr.read(self, cr, y);
            self.chroma_row(&moved_cb.moved, &moved_cr.moved, new_cb, new_cr);
        }
        planes
    }

    /// Samples of luma, each with its place in the result; and chroma's shares, where there are any.
    fn luma_row<'a, T: Into<u16>>(&self, samples: impl Iterator<Item = (T, &'a mut u8)>, shares: Option<&[i16]>) {
        let (shift, gain, offset) = (16 - self.bit_depth, self.gain, self.offset);
        let scaled = |sample: T| mul_high_unsigned(sample.into().wrapping_shl(shift), gain).wrapping_add(BIAS);
        let clipped = |value: u16| u8::try_from((value.saturating_sub(offset) >> 7).min(255)).unwrap_or(u8::MAX);
        match shares {
            None => samples.for_each(|(sample, out)| *out = clipped(scaled(sample))),
            Some(shares) => samples
                .zip(shares)
                .for_each(|((sample, out), &share)| *out = clipped(scaled(sample).wrapping_add_signed(share))),
        }
    }

    fn chroma_row(&self, cb: &[i16], cr: &[i16], out_cb: &mut [u8], out_cr: &mut [u8]) {
        let mixed = |[of_cb, of_cr]: [i16; 2], out: &mut [u8]| {
            for ((&u, &v), out) in cb.iter().zip(cr).zip(out) {
                let sum = mul_high(u, of_cb).wrapping_add(mul_high(v, of_cr));
                *out = byte(sum.wrapping_add((128 << 6) + 33) >> 6);
            }
        };
        let [to_cb, to_cr] = self.mix;
        mixed(to_cb, out_cb);
        mixed(to_cr, out_cr);
    }

    fn centred_row<T: Copy + Into<u16>>(&self, row: &[T], out: &mut Vec<i16>) {
        out.clear();
        out.extend(row.iter().map(|&sample| self.centred(sample)));
    }

    /// The highest bits of a sample of chroma, less neutral.
    fn centred<T: Into<u16>>(&self, sample: T) -> i16 {
        let sample = sample.into();
        let high = if self.bit_depth > CHROMA_BITS {
            sample.wrapping_shr(self.bit_depth - CHROMA_BITS)
        } else {
            sample.wrapping_shl(CHROMA_BITS - self.bit_depth)
        };
        high.wrapping_sub(1 << (CHROMA_BITS - 1)).cast_signed()
    }
}

/// What chroma gives to luma, row by row of luma.
struct Shares<'a> {
    plan: &'a Plan,
    /// The shares of two rows of chroma, and the rows' numbers.
    rows: [(Option<usize>, Vec<i16>); 2],
    /// A mix of them, with the first and last samples repeated.
    padded: Vec<i16>,
    wide: Vec<i16>,
}

impl<'a> Shares<'a> {
    fn new(plan: &'a Plan, chroma_width: usize) -> Self {
        let row = || (None, vec![0; chroma_width]);
        Self { plan, rows: [row(), row()], padded: vec![0; chroma_width + 2], wide: vec![0; chroma_width * 2] }
    }

    /// Those of a row of luma; none where luma takes nothing.
    fn row<T: Copy + Into<u16>>(&mut self, y: usize, cb: View<'_, T>, cr: View<'_, T>) -> Option<&[i16]> {
        let plan = self.plan;
        if plan.share == [0; 2] {
            return None;
        }
        if plan.chroma == ChromaFormat::Yuv444 {
            plan.share_row(cb.row(y), cr.row(y), &mut self.wide);
            return Some(&self.wide);
        }
        let last = cb.height().saturating_sub(1);
        let (above, below, weight) =
            if plan.chroma == ChromaFormat::Yuv420 { vertical_taps(y, plan.siting.vertical) } else { (y, y, 0) };
        let (above, below, weight) = (above.min(last), below.min(last), i16::from(weight));
        for number in [above, below] {
            let [even, odd] = &mut self.rows;
            let (held, row) = if number.is_multiple_of(2) { even } else { odd };
            if *held != Some(number) {
                *held = Some(number);
                plan.share_row(cb.row(number), cr.row(number), row);
            }
        }
        let [(_, even), (_, odd)] = &self.rows;
        let of = |number: usize| if number.is_multiple_of(2) { even } else { odd };
        let n = cb.width();
        let rest = 4 - weight;
        for ((&a, &b), out) in of(above).iter().zip(of(below)).zip(self.padded.get_mut(1..).unwrap_or_default()) {
            *out = a.wrapping_mul(rest).wrapping_add(b.wrapping_mul(weight)).wrapping_add(2) >> 2;
        }
        repeat_ends(&mut self.padded);
        let from = |start: usize| self.padded.get(start..start + n).unwrap_or_default();
        let (left, here, right) = (from(0), from(1), from(2));
        let pairs = self.wide.as_chunks_mut::<2>().0;
        if plan.siting.left {
            for ((&b, &c), [even, odd]) in here.iter().zip(right).zip(pairs) {
                *even = b;
                *odd = b.wrapping_add(c).wrapping_add(1) >> 1;
            }
        } else {
            for (((&a, &b), &c), [even, odd]) in left.iter().zip(here).zip(right).zip(pairs) {
                *even = quarter(b, a);
                *odd = quarter(b, c);
            }
        }
        Some(&self.wide)
    }
}

impl Plan {
    fn share_row<T: Copy + Into<u16>>(&self, cb: &[T], cr: &[T], out: &mut [i16]) {
        let [of_cb, of_cr] = self.share;
        for ((&u, &v), out) in cb.iter().zip(cr).zip(out) {
            let (u, v) = (self.centred(u).wrapping_shl(2), self.centred(v).wrapping_shl(2));
            *out = mul_high(u, of_cb).wrapping_add(mul_high(v, of_cr));
        }
    }
}

/// A row of chroma where JPEG would have it, less neutral, in 16 bits. Rows are to be read in order.
#[derive(Default)]
struct MovedRow {
    /// The row as it was.
    here: Vec<i16>,
    /// The one above, or below, where one is needed.
    other: Vec<i16>,
    /// The row moved up or down, its last sample twice.
    level: Vec<i16>,
    moved: Vec<i16>,
}

impl MovedRow {
    fn read<T: Copy + Into<u16>>(&mut self, plan: &Plan, plane: View<'_, T>, y: usize) {
        let vertical = if plan.chroma == ChromaFormat::Yuv420 { plan.siting.vertical } else { VerticalSiting::Centre };
        if vertical == VerticalSiting::Bottom {
            std::mem::swap(&mut self.here, &mut self.other);
        }
        plan.centred_row(plane.row(y), &mut self.here);
        match vertical {
            VerticalSiting::Top => plan.centred_row(plane.row(y + 1), &mut self.other),
            VerticalSiting::Bottom if y == 0 => self.other.clone_from(&self.here),
            _ => {}
        }
        self.level.clear();
        if vertical == VerticalSiting::Centre {
            self.level.extend_from_slice(&self.here);
        } else {
            self.level.extend(self.here.iter().zip(&self.other).map(|(&here, &other)| quarter(here, other)));
        }
        self.level.extend_from_within(self.level.len().saturating_sub(1)..);
        let behind = if plan.siting.left && plan.chroma != ChromaFormat::Yuv444 { 1 } else { 0 };
        let behind = self.level.get(behind..).unwrap_or_default();
        self.moved.clear();
        self.moved.extend(self.level.iter().zip(behind).map(|(&a, &b)| a.wrapping_mul(3).wrapping_add(b)));
    }
}

fn row_mut(plane: &mut Plane<u8>, y: usize, width: u32) -> Option<&mut [u8]> {
    let start = y.checked_mul(plane.stride)?;
    plane.data.get_mut(start..)?.get_mut(..usize::try_from(width).ok()?)
}

/// The rows of a plane that is known to have them.
fn rows_mut(plane: &mut Plane<u8>, width: u32, height: u32) -> impl Iterator<Item = &mut [u8]> {
    let (width, height) = (usize::try_from(width).unwrap_or_default(), usize::try_from(height).unwrap_or_default());
    plane.data.chunks_mut(plane.stride.max(1)).take(height).filter_map(move |row| row.get_mut(..width))
}

/// The first and last samples of a row, repeated at the places before and behind it.
fn repeat_ends(padded: &mut [i16]) {
    if let [first, second, ..] = padded {
        *first = *second;
    }
    if let [.., last, end] = padded {
        *end = *last;
    }
}

/// RGB to 4:4:4.
fn from_rgb(picture: &Picture, colour: &Colour) -> Result<Picture, ShapeError> {
    let image = to_rgb(picture, colour)?;
    let stride = usize::try_from(picture.width).unwrap_or_default();
    let plane = |[r, g, b]: [i32; 3], offset: i32| {
        let sample = |pixel: &image::Rgb<u8>| {
            let [red, green, blue] = pixel.0.map(i32::from);
            let sum = r * red + g * green + b * blue + (offset << 16) + (1 << 15);
            u8::try_from((sum >> 16).clamp(0, 255)).unwrap_or(u8::MAX)
        };
        Plane { data: image.pixels().map(sample).collect(), stride }
    };
    // JFIF 1.02, Conversion to and from RGB, times 65536; each line sums to one or to nothing.
    let planes =
        [plane([19595, 38470, 7471], 0), plane([-11059, -21709, 32768], 128), plane([32768, -27439, -5329], 128)];
    let Picture { width, height, .. } = *picture;
    Ok(Picture { width, height, chroma: ChromaFormat::Yuv444, bit_depth: 8, planes: Planes::Narrow(planes) })
}
