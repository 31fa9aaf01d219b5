//! Conversions against formulas of their own: ITU-T H.273, 8.3, in double precision, one sample at a time.

#![allow(clippy::as_conversions, reason = "sizes and samples of tests are small")]

use proptest::prelude::*;

use super::view::check_shape;
use super::*;
use crate::picture::{ChromaFormat, Picture, Plane, Planes};

const MATRICES: [Matrix; 7] =
    [Matrix::Identity, Matrix::Bt709, Matrix::Fcc, Matrix::Bt601, Matrix::Smpte240, Matrix::YCgCo, Matrix::Bt2020];
const FORMATS: [ChromaFormat; 4] =
    [ChromaFormat::Monochrome, ChromaFormat::Yuv420, ChromaFormat::Yuv422, ChromaFormat::Yuv444];
const VERTICAL: [VerticalSiting; 3] = [VerticalSiting::Top, VerticalSiting::Centre, VerticalSiting::Bottom];

/// R, G, B of 0 to 1 to samples, by equations 20 to 57 of H.273, not rounded.
fn forward([r, g, b]: [f64; 3], colour: &Colour, bit_depth: u8) -> [f64; 3] {
    let scale = 2_f64.powi(i32::from(bit_depth) - 8);
    let peak = 2_f64.powi(i32::from(bit_depth)) - 1.0;
    let luma = |v: f64| if colour.full_range { v * peak } else { (219.0 * v + 16.0) * scale };
    let half = 128.0 * scale;
    let chroma = |v: f64| if colour.full_range { v * peak + half } else { 224.0 * v * scale + half };
    let (kr, kb) = match colour.matrix {
        Matrix::Identity => return [luma(g), luma(b), luma(r)],
        Matrix::YCgCo => {
            let [r, g, b] = [r, g, b].map(luma);
            return [0.5 * g + 0.25 * (r + b), 0.5 * g - 0.25 * (r + b) + half, 0.5 * (r - b) + half];
        }
        Matrix::Bt709 => (0.2126, 0.0722),
        Matrix::Fcc => (0.30, 0.11),
        Matrix::Bt601 => (0.299, 0.114),
        Matrix::Smpte240 => (0.212, 0.087),
        Matrix::Bt2020 => (0.2627, 0.0593),
    };
    let y = kr * r + (1.0 - kr - kb) * g + kb * b;
    [luma(y), chroma(0.5 * (b - y) / (1.0 - kb)), chroma(0.5 * (r - y) / (1.0 - kr))]
}

/// A smooth picture without grey, and its colours: what each place has, chroma taken where it lies.
fn pattern(x: f64, y: f64, size: (u32, u32)) -> [f64; 3] {
    let (u, v) = (x / f64::from(size.0), y / f64::from(size.1));
    [0.1 + 0.8 * u, 0.9 - 0.8 * v, 0.1 + 0.4 * u + 0.4 * v]
}

fn make(size: (u32, u32), format: ChromaFormat, bit_depth: u8, sample: impl Fn(usize, u32, u32) -> u16) -> Picture {
    let (width, height) = size;
    let (chroma_width, chroma_height) = format.chroma_size(width, height);
    let plane = |index: usize, width: u32, height: u32| {
        let stride = width as usize + 3 * index;
        let mut data = Vec::new();
        for y in 0..height {
            data.extend((0..width).map(|x| sample(index, x, y)));
            data.resize(stride * (y as usize + 1), 0xffff);
        }
        data.truncate((stride * height as usize).saturating_sub(stride - width as usize));
        Plane { data, stride }
    };
    let planes =
        [plane(0, width, height), plane(1, chroma_width, chroma_height), plane(2, chroma_width, chroma_height)];
    let planes = if bit_depth == 8 {
        let narrow = |plane: Plane<u16>| Plane {
            data: plane.data.into_iter().map(|v| v.to_le_bytes()[0]).collect(),
            stride: plane.stride,
        };
        Planes::Narrow(planes.map(narrow))
    } else {
        Planes::Wide(planes)
    };
    Picture { width, height, chroma: format, bit_depth, planes }
}

fn patterned(size: (u32, u32), format: ChromaFormat, bit_depth: u8, colour: &Colour) -> Picture {
    let peak = 2_f64.powi(i32::from(bit_depth)) - 1.0;
    make(size, format, bit_depth, |index, x, y| {
        let (x, y) = (f64::from(x), f64::from(y));
        let (x, y) = if index == 0 { (x, y) } else { position(x, y, format, colour.siting) };
        forward(pattern(x, y, size), colour, bit_depth)[index].round().clamp(0.0, peak) as u16
    })
}

/// Where a sample of chroma lies, in luma samples.
fn position(x: f64, y: f64, format: ChromaFormat, siting: Siting) -> (f64, f64) {
    let horizontal = if siting.left { 2.0 * x } else { 2.0 * x + 0.5 };
    let vertical = match siting.vertical {
        VerticalSiting::Top => 2.0 * y,
        VerticalSiting::Centre => 2.0 * y + 0.5,
        VerticalSiting::Bottom => 2.0 * y + 1.0,
    };
    match format {
        ChromaFormat::Yuv420 => (horizontal, vertical),
        ChromaFormat::Yuv422 => (horizontal, y),
        _ => (x, y),
    }
}

/// Sample of a plane.
fn at(picture: &Picture, index: usize, x: u32, y: u32) -> f64 {
    let (x, y) = (x as usize, y as usize);
    match &picture.planes {
        Planes::Narrow(planes) => planes[index].data[y * planes[index].stride + x].into(),
        Planes::Wide(planes) => planes[index].data[y * planes[index].stride + x].into(),
    }
}

/// R, G and B of 0 to 255 at a place, by the definition: chroma interpolated between the four samples around, the matrix
/// turned round by solving for it.
fn reference(picture: &Picture, colour: &Colour, x: u32, y: u32) -> [f64; 3] {
    let luma = at(picture, 0, x, y);
    let between = |index: usize| {
        let (width, height) = picture.chroma.chroma_size(picture.width, picture.height);
        // Position of luma in chroma samples: the inverse of `position`.
        let (x0, y0) = position(0.0, 0.0, picture.chroma, colour.siting);
        let (x1, y1) = position(1.0, 1.0, picture.chroma, colour.siting);
        let (cx, cy) = ((f64::from(x) - x0) / (x1 - x0), (f64::from(y) - y0) / (y1 - y0));
        let mut sum = 0.0;
        for (sx, wx) in [(cx.floor(), 1.0 - cx.fract().rem_euclid(1.0)), (cx.floor() + 1.0, cx.rem_euclid(1.0))] {
            for (sy, wy) in [(cy.floor(), 1.0 - cy.rem_euclid(1.0)), (cy.floor() + 1.0, cy.rem_euclid(1.0))] {
                let sx = sx.clamp(0.0, f64::from(width - 1)) as u32;
                let sy = sy.clamp(0.0, f64::from(height - 1)) as u32;
                sum += at(picture, index, sx, sy) * wx * wy;
            }
        }
        sum
    };
    let depth = picture.bit_depth;
    if picture.chroma == ChromaFormat::Monochrome {
        let zero = forward([0.0; 3], colour, depth)[0];
        let one = forward([1.0; 3], colour, depth)[0];
        return [(luma - zero) / (one - zero) * 255.0; 3];
    }
    // The way there is linear: solve with Cramer's rule.
    let target = [luma, between(1), between(2)];
    let origin = forward([0.0; 3], colour, depth);
    let columns = [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]].map(|unit| {
        let end = forward(unit, colour, depth);
        [end[0] - origin[0], end[1] - origin[1], end[2] - origin[2]]
    });
    let right = [target[0] - origin[0], target[1] - origin[1], target[2] - origin[2]];
    let determinant = |[a, b, c]: [[f64; 3]; 3]| {
        a[0] * (b[1] * c[2] - b[2] * c[1]) - b[0] * (a[1] * c[2] - a[2] * c[1]) + c[0] * (a[1] * b[2] - a[2] * b[1])
    };
    let whole = determinant(columns);
    [0, 1, 2].map(|index| {
        let mut replaced = columns;
        replaced[index] = right;
        determinant(replaced) / whole * 255.0
    })
}

/// Largest distance and mean square error.
fn compare(image: &image::RgbImage, expected: impl Fn(u32, u32) -> [f64; 3]) -> (f64, f64) {
    let (mut largest, mut square, mut count) = (0_f64, 0.0, 0.0);
    for (x, y, pixel) in image.enumerate_pixels() {
        for (&got, expected) in pixel.0.iter().zip(expected(x, y)) {
            let off = (f64::from(got) - expected.clamp(0.0, 255.0)).abs();
            largest = largest.max(off);
            square += off * off;
            count += 1.0;
        }
    }
    (largest, square / count)
}

/// Every matrix, range, format and siting there is, at some depths and odd and even sizes.
fn each_combination(mut check: impl FnMut(Colour, ChromaFormat, u8, (u32, u32))) {
    for matrix in MATRICES {
        for full_range in [false, true] {
            for format in FORMATS {
                for left in [false, true] {
                    for vertical in VERTICAL {
                        let siting = Siting { left, vertical };
                        let colour = Colour { matrix, full_range, siting, primaries: 2, transfer: 2 };
                        for bit_depth in [8, 10, 12, 16] {
                            for size in [(34, 18), (33, 17)] {
                                check(colour, format, bit_depth, size);
                            }
                        }
                    }
                }
            }
        }
    }
}

#[test]
fn rgb_of_noise_is_the_formula_rounded_once() {
    each_combination(|colour, format, bit_depth, size| {
        let mut state = 0x2545_f491_u32;
        let noise: Vec<u16> = (0..16384)
            .map(|_| {
                state ^= state << 13;
                state ^= state >> 17;
                state ^= state << 5;
                (state >> (32 - u32::from(bit_depth))) as u16
            })
            .collect();
        let picture =
            make(size, format, bit_depth, |index, x, y| noise[(index * 4096 + y as usize * 64 + x as usize) % 16384]);
        let image = to_rgb(&picture, &colour).unwrap();
        let (largest, _) = compare(&image, |x, y| reference(&picture, &colour, x, y));
        assert!(largest < 0.501, "{colour:?} {format:?} {bit_depth} {size:?}: off by {largest}");
    });
}

#[test]
fn a_test_pattern_comes_back_within_two_steps() {
    each_combination(|colour, format, bit_depth, size| {
        if format == ChromaFormat::Monochrome {
            return;
        }
        let picture = patterned(size, format, bit_depth, &colour);
        let image = to_rgb(&picture, &colour).unwrap();
        // At the edges chroma beyond the last sample is not there to interpolate with.
        let inner = |x: u32, y: u32| (2..size.0 - 2).contains(&x) && (2..size.1 - 2).contains(&y);
        for (x, y, pixel) in image.enumerate_pixels().filter(|&(x, y, _)| inner(x, y)) {
            let expected = pattern(f64::from(x), f64::from(y), size).map(|v| v * 255.0);
            for (got, expected) in pixel.0.into_iter().zip(expected) {
                let off = (f64::from(got) - expected).abs();
                assert!(off <= 2.0, "{colour:?} {format:?} {bit_depth} {size:?} at {x}, {y}: {got} for {expected}");
            }
        }
    });
}

#[test]
fn jfif_read_back_is_the_same_rgb_within_rounding() {
    each_combination(|colour, format, bit_depth, size| {
        let picture = patterned(size, format, bit_depth, &colour);
        let direct = to_rgb(&picture, &colour).unwrap();
        let jfif = to_jfif(picture, &colour).unwrap();
        let rgb = colour.matrix == Matrix::Identity && format != ChromaFormat::Monochrome;
        let expected = if rgb { ChromaFormat::Yuv444 } else { format };
        assert_eq!((jfif.chroma, jfif.bit_depth), (expected, 8));
        let back = to_rgb(&jfif, &Colour::JFIF).unwrap();
        // At the edges the pattern's slope is lost where chroma moves.
        let inner = |x: u32, y: u32| (2..size.0 - 2).contains(&x) && (2..size.1 - 2).contains(&y);
        let (largest, square) = compare(&back, |x, y| {
            let from = if inner(x, y) { &direct } else { &back };
            from.get_pixel(x, y).0.map(f64::from)
        });
        let psnr = 10.0 * (255.0 * 255.0 / square).log10();
        // Eight bits of Y, Cb and Cr cannot tell all of RGB: half a step of each, and half a step of RGB.
        assert!(largest <= 3.0 && psnr > 48.0, "{colour:?} {format:?} {bit_depth} {size:?}: {largest}, {psnr} dB");
    });
}

#[test]
fn every_grey_is_rounded_to_the_nearest() {
    for matrix in MATRICES {
        for bit_depth in [8, 9, 10, 12] {
            for full_range in [false, true] {
                let colour = Colour { matrix, full_range, ..Colour::JFIF };
                let picture = make((1 << (bit_depth - 4), 16), ChromaFormat::Monochrome, bit_depth, |_, x, y| {
                    (y as u16) << (bit_depth - 4) | x as u16
                });
                let image = to_rgb(&picture, &colour).unwrap();
                let jfif = to_jfif(picture.clone(), &colour).unwrap();
                for (x, y, pixel) in image.enumerate_pixels() {
                    let expected = reference(&picture, &colour, x, y)[0].clamp(0.0, 255.0);
                    let [r, g, b] = pixel.0.map(f64::from);
                    assert!((r - expected).abs() <= 0.5001 && r == g && g == b, "{expected} {pixel:?}");
                    let luma = at(&jfif, 0, x, y);
                    let near = if bit_depth == 8 { 0.5 } else { 0.51 };
                    assert!((luma - expected).abs() <= near, "{colour:?} {bit_depth}: {luma} for {expected}");
                }
            }
        }
    }
}

#[test]
fn what_is_jfif_already_keeps_its_planes() {
    let picture = patterned((33, 17), ChromaFormat::Yuv420, 8, &Colour::JFIF);
    let address = |picture: &Picture| match &picture.planes {
        Planes::Narrow(planes) => planes.each_ref().map(|plane| plane.data.as_ptr()),
        Planes::Wide(_) => panic!("8 bits"),
    };
    let before = address(&picture);
    let copy = picture.clone();
    let same = to_jfif(picture, &Colour::JFIF).unwrap();
    assert_eq!(address(&same), before);
    assert_eq!(same, copy);
    let left = Colour { siting: Siting::LEFT, ..Colour::JFIF };
    let moved = to_jfif(same, &left).unwrap();
    assert_eq!(address(&moved)[0], before[0], "luma stays");
    assert_ne!(moved, copy);
}

#[test]
fn planes_too_short_and_depths_that_cannot_be_are_refused() {
    let good = patterned((16, 16), ChromaFormat::Yuv420, 8, &Colour::JFIF);
    let refused = |change: fn(&mut Picture, &mut [Plane<u8>; 3])| {
        let mut picture = good.clone();
        let Planes::Narrow(mut planes) = good.planes.clone() else { panic!("8 bits") };
        change(&mut picture, &mut planes);
        picture.planes = Planes::Narrow(planes);
        assert_eq!(to_rgb(&picture, &Colour::JFIF).unwrap_err(), to_jfif(picture.clone(), &Colour::JFIF).unwrap_err());
        to_rgb(&picture, &Colour::JFIF).unwrap_err().to_string()
    };
    assert_eq!(refused(|_, planes| planes[0].data.truncate(16 * 16 - 1)), "the luma plane is too short");
    assert_eq!(refused(|_, planes| planes[0].stride = 15), "the luma plane is too short");
    assert_eq!(refused(|_, planes| planes[2].data.truncate(3)), "a chroma plane is too short");
    assert_eq!(refused(|picture, _| picture.height = 0), "the picture has no samples");
    assert_eq!(refused(|picture, _| picture.bit_depth = 10), "the bit depth is not that of the planes");
    assert_eq!(refused(|_, planes| planes[1].stride = usize::MAX), "a chroma plane is too short");
}

proptest! {
    #[test]
    fn nothing_panics_and_sizes_hold(
        width in 1_u32..40, height in 1_u32..40, format in 0..4_usize, bit_depth in 8_u8..=16, wide: bool,
        matrix in 0..7_usize, full_range: bool, left: bool, vertical in 0..3_usize,
        strides in [0_usize..60, 0..60, 0..60], lengths in [0_usize..3000, 0..3000, 0..3000], seed: u16,
    ) {
        let siting = Siting { left, vertical: VERTICAL[vertical] };
        let colour = Colour { matrix: MATRICES[matrix], full_range, siting, primaries: 2, transfer: 2 };
        let plane = |index: usize| Plane {
            data: (0..lengths[index]).map(|i| (i as u16).wrapping_mul(seed)).collect::<Vec<u16>>(),
            stride: strides[index],
        };
        let planes = [plane(0), plane(1), plane(2)];
        let (planes, bit_depth) = if wide {
            (Planes::Wide(planes), bit_depth)
        } else {
            let narrow = planes.map(|plane| Plane {
                data: plane.data.iter().map(|v| v.to_le_bytes()[0]).collect(), stride: plane.stride,
            });
            (Planes::Narrow(narrow), 8)
        };
        let picture = Picture { width, height, chroma: FORMATS[format], bit_depth, planes };
        let rgb = to_rgb(&picture, &colour);
        let jfif = to_jfif(picture, &colour);
        prop_assert_eq!(rgb.is_ok(), jfif.is_ok());
        if let (Ok(rgb), Ok(jfif)) = (rgb, jfif) {
            prop_assert_eq!(rgb.dimensions(), (width, height));
            prop_assert!(check_shape(&jfif).is_ok());
        }
    }
}
