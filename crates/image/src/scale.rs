//! Pictures of other sizes.
//!
//! Each plane is resized on its own, straight from the decoder's samples, by `fast_image_resize`: chroma from where it lies
//! ([`Siting`]) to where JPEG has it. So no sample is converted that is not kept.
//!
//! ```text
//! x, in chroma samples of the source, of the place x' in chroma samples of the result (places between samples are whole):
//!
//!     x = x' * (source width / width) * (factor of the result / factor of the source) + shift
//!
//! factor: 2 where chroma is halved, else 1
//! shift:  1/4 where the source's chroma lies left (or at the top), -1/4 at the bottom, 0 half way or where it is not halved
//! ```

use bytemuck::Pod;
use fast_image_resize::images::{TypedCroppedImage, TypedImage, TypedImageRef};
use fast_image_resize::{FilterType, PixelTrait, ResizeAlg, ResizeOptions, Resizer, pixels};

use crate::colour::view::{View, check_shape};
use crate::colour::{Colour, Matrix, ShapeError, Siting, VerticalSiting};
use crate::picture::{ChromaFormat, Picture, Plane, Planes};

/// The size of a result of which width and height may be asked for.
///
/// Both together are taken as they are and stretch the picture. One alone keeps the shape that is to be seen: the sample
/// aspect ratio (width to height of a sample) is applied, so that the result has square samples; the other one is rounded to
/// the nearest. Without any it is the size of the source. Never 0.
#[must_use]
pub fn target_size(
    source: (u32, u32),
    sample_aspect_ratio: Option<(u32, u32)>,
    width: Option<u32>,
    height: Option<u32>,
) -> (u32, u32) {
    let at_least_one = |(width, height): (u32, u32)| (width.max(1), height.max(1));
    let (source_width, source_height) = at_least_one(source);
    let (across, down) = at_least_one(sample_aspect_ratio.unwrap_or((1, 1)));
    let shape = (u128::from(source_width) * u128::from(across), u128::from(source_height) * u128::from(down));
    let other = |known: u32, (of_known, of_other): (u128, u128)| {
        let nearest = (2 * u128::from(known) * of_other + of_known) / (2 * of_known);
        u32::try_from(nearest).unwrap_or(u32::MAX)
    };
    at_least_one(match (width, height) {
        (Some(width), Some(height)) => (width, height),
        (Some(width), None) => (width, other(width.max(1), shape)),
        (None, Some(height)) => (other(height.max(1), (shape.1, shape.0)), height),
        (None, None) => (source_width, source_height),
    })
}

/// Resizes a picture and changes how its chroma is sampled; tells what its samples mean then.
///
/// Chroma that is resized lies half way between luma samples afterwards ([`Siting::CENTRE`]), where JPEG wants it. A plane
/// that has nothing to change is given back as it came. A picture without chroma stays so, and RGB ([`Matrix::Identity`])
/// stays 4:4:4. The sizes are the caller's to limit: memory for the result is taken at once.
///
/// The filter is Catmull-Rom, over as many samples as the result leaves out. Measured on luma of two captures and of a
/// synthetic 1080p picture at 2/3 to 1/6 of their size, made large again by Lanczos: up to 0.6 dB below Lanczos with three
/// lobes, above Hamming, Mitchell, bilinear and, but for exact halves, box; 1080p to 640x360 takes as long as bilinear, to
/// 320x180 0.4 of what Lanczos takes. The two-step ways (`SuperSampling`) lose up to 0.7 dB against their filters alone.
///
/// # Errors
///
/// If the planes are shorter than the picture's size, the size or depth cannot be, or width or height is 0.
pub fn scaled(
    picture: Picture,
    colour: Colour,
    width: u32,
    height: u32,
    chroma: ChromaFormat,
) -> Result<(Picture, Colour), ShapeError> {
    scaled_by(picture, colour, width, height, chroma, FILTER)
}

fn scaled_by(
    picture: Picture,
    colour: Colour,
    width: u32,
    height: u32,
    chroma: ChromaFormat,
    filter: FilterType,
) -> Result<(Picture, Colour), ShapeError> {
    check_shape(&picture)?;
    if width == 0 || height == 0 {
        return Err(ShapeError::NO_SAMPLES);
    }
    let chroma = match (picture.chroma, chroma) {
        (ChromaFormat::Monochrome, _) => ChromaFormat::Monochrome,
        (kept, wanted) if colour.matrix == Matrix::Identity && wanted != ChromaFormat::Monochrome => kept,
        (_, wanted) => wanted,
    };
    let job =
        Job { from: Grid::of(&picture), to: Grid { size: (width, height), chroma }, siting: colour.siting, filter };
    if job.from == job.to {
        return Ok((picture, colour));
    }
    let bit_depth = picture.bit_depth;
    let planes = match picture.planes {
        Planes::Narrow(planes) => Planes::Narrow(job.planes(planes, u8::MAX)?),
        Planes::Wide(planes) => {
            let peak = u16::MAX.checked_shr(16_u32.saturating_sub(bit_depth.into())).unwrap_or(u16::MAX);
            Planes::Wide(job.planes(planes, peak)?)
        }
    };
    let picture = Picture { width, height, chroma, bit_depth, planes };
    Ok((picture, Colour { siting: Siting::CENTRE, ..colour }))
}

/// Size and sampling of a picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Grid {
    size: (u32, u32),
    chroma: ChromaFormat,
}

impl Grid {
    fn of(picture: &Picture) -> Self {
        Self { size: (picture.width, picture.height), chroma: picture.chroma }
    }

    fn chroma_size(self) -> (u32, u32) {
        self.chroma.chroma_size(self.size.0, self.size.1)
    }

    /// By how much chroma is halved in width and height.
    fn factors(self) -> (f64, f64) {
        match self.chroma {
            ChromaFormat::Yuv420 => (2.0, 2.0),
            ChromaFormat::Yuv422 => (2.0, 1.0),
            ChromaFormat::Yuv444 | ChromaFormat::Monochrome => (1.0, 1.0),
        }
    }
}

/// From which grid to which.
struct Job {
    from: Grid,
    to: Grid,
    siting: Siting,
    filter: FilterType,
}

/// The part of a plane that a result is made of, in samples of it; it may go beyond the plane.
#[derive(Debug, Clone, Copy)]
struct Part {
    left: f64,
    top: f64,
    width: f64,
    height: f64,
}

/// What planes are made of. The resizer is asked for these two types by name: asked for any of its own, it is compiled for all
/// thirteen of them, which takes longer than everything else here.
trait Sample: Pod + Ord {
    type Pixel: PixelTrait;
}

impl Sample for u8 {
    type Pixel = pixels::U8;
}

impl Sample for u16 {
    type Pixel = pixels::U16;
}

impl Job {
    fn planes<T: Sample>(&self, [y, cb, cr]: [Plane<T>; 3], peak: T) -> Result<[Plane<T>; 3], ShapeError> {
        let mut resizer = Resizer::new();
        let luma = if self.from.size == self.to.size {
            y
        } else {
            let (width, height) = self.from.size;
            let part = Part { left: 0.0, top: 0.0, width: width.into(), height: height.into() };
            self.plane(&mut resizer, &y, self.from.size, part, self.to.size, peak)?
        };
        if self.to.chroma == ChromaFormat::Monochrome {
            return Ok([luma, Plane { data: Vec::new(), stride: 0 }, Plane { data: Vec::new(), stride: 0 }]);
        }
        let part = self.chroma_part();
        let mut chroma = |plane: &Plane<T>| {
            self.plane(&mut resizer, plane, self.from.chroma_size(), part, self.to.chroma_size(), peak)
        };
        Ok([luma, chroma(&cb)?, chroma(&cr)?])
    }

    /// See the head of the file.
    fn chroma_part(&self) -> Part {
        let (from, to) = (self.from.factors(), self.to.factors());
        let (width, height) = self.to.chroma_size();
        let share = |from: u32, to: u32| f64::from(from) / f64::from(to);
        let left = if from.0 > 1.0 && self.siting.left { 0.25 } else { 0.0 };
        let top = match self.siting.vertical {
            VerticalSiting::Top if from.1 > 1.0 => 0.25,
            VerticalSiting::Bottom if from.1 > 1.0 => -0.25,
            _ => 0.0,
        };
        Part {
            left,
            top,
            width: f64::from(width) * share(self.from.size.0, self.to.size.0) * to.0 / from.0,
            height: f64::from(height) * share(self.from.size.1, self.to.size.1) * to.1 / from.1,
        }
    }

    fn plane<T: Sample>(
        &self,
        resizer: &mut Resizer,
        plane: &Plane<T>,
        (width, height): (u32, u32),
        part: Part,
        (to_width, to_height): (u32, u32),
        peak: T,
    ) -> Result<Plane<T>, ShapeError> {
        let before = (beyond(-part.left), beyond(-part.top));
        let behind =
            (beyond(part.left + part.width - f64::from(width)), beyond(part.top + part.height - f64::from(height)));
        let view = View::new(plane, width, height).ok_or(ShapeError::TOO_SHORT)?;
        let (row, rows) = (before.0 + width + behind.0, before.1 + height + behind.1);
        let inside = before == (0, 0) && behind == (0, 0);
        // The resizer wants the last row as long as the others, with its stride.
        let direct = inside && plane.data.len() >= plane.stride.saturating_mul(view.height());
        let stride = u32::try_from(plane.stride).ok().filter(|_| direct);
        let copy = if stride.is_some() { Vec::new() } else { mirrored(view, before, behind) };
        let samples = if stride.is_some() { &plane.data } else { &copy };
        let samples = bytemuck::cast_slice(samples);
        let image = TypedImageRef::<T::Pixel>::from_buffer(stride.unwrap_or(row), rows, samples)
            .map_err(|_| ShapeError::TOO_SHORT)?;
        let image = TypedCroppedImage::new(image, 0, 0, row, rows).map_err(|_| ShapeError::TOO_SHORT)?;

        let (left, top) = (part.left + f64::from(before.0), part.top + f64::from(before.1));
        // Rounding may have put the end a hair behind the last sample.
        let (across, down) = (part.width.min(f64::from(row) - left), part.height.min(f64::from(rows) - top));
        let options =
            ResizeOptions::new().resize_alg(ResizeAlg::Convolution(self.filter)).crop(left, top, across, down);
        let (stride, height) = (usize::try_from(to_width), usize::try_from(to_height));
        let (Ok(stride), Ok(height)) = (stride, height) else { return Err(ShapeError::TOO_LARGE) };
        let mut data = vec![T::zeroed(); stride.checked_mul(height).ok_or(ShapeError::TOO_LARGE)?];
        {
            let bytes = bytemuck::cast_slice_mut(&mut data);
            let mut result =
                TypedImage::<T::Pixel>::from_buffer(to_width, to_height, bytes).map_err(|_| ShapeError::TOO_LARGE)?;
            resizer.resize_typed(&image, &mut result, &options).map_err(|_| ShapeError::TOO_LARGE)?;
        }
        // Filters overshoot at edges, and between the depth and 16 bits there is room for it.
        for sample in &mut data {
            *sample = (*sample).min(peak);
        }
        Ok(Plane { data, stride })
    }
}

/// Samples that are needed beyond an edge.
#[allow(clippy::as_conversions, reason = "the cast saturates, and distances are below twice a picture's width")]
fn beyond(distance: f64) -> u32 {
    (distance - 1e-6).ceil().max(0.0) as u32
}

/// A plane with samples added at its edges, as if in a mirror.
fn mirrored<T: Copy>(view: View<'_, T>, (left, top): (u32, u32), (right, bottom): (u32, u32)) -> Vec<T> {
    let inside = |place: i64, length: usize| {
        let length = i64::try_from(length).unwrap_or(i64::MAX);
        let place = if place < 0 { -1 - place } else { place };
        let place = if place >= length { 2 * length - 1 - place } else { place };
        usize::try_from(place.clamp(0, length.saturating_sub(1))).unwrap_or_default()
    };
    let span = |before: u32, length: usize, behind: u32| {
        -i64::from(before)..i64::try_from(length).unwrap_or_default() + i64::from(behind)
    };
    let mut copy = Vec::new();
    for y in span(top, view.height(), bottom) {
        let row = view.row(inside(y, view.height()));
        let sample = |x: i64| row.get(inside(x, row.len())).copied();
        copy.extend((-i64::from(left)..0).filter_map(sample));
        copy.extend_from_slice(row);
        copy.extend(span(0, row.len(), right).skip(row.len()).filter_map(sample));
    }
    copy
}

/// See the figures at [`scaled`].
const FILTER: FilterType = FilterType::CatmullRom;

#[cfg(test)]
mod tests {
    #![allow(clippy::as_conversions, reason = "sizes and samples of tests are small")]

    use proptest::prelude::*;

    use super::*;

    const FORMATS: [ChromaFormat; 4] =
        [ChromaFormat::Monochrome, ChromaFormat::Yuv420, ChromaFormat::Yuv422, ChromaFormat::Yuv444];
    const VERTICAL: [VerticalSiting; 3] = [VerticalSiting::Top, VerticalSiting::Centre, VerticalSiting::Bottom];

    /// A picture of 10 bits of which each plane has a slope of its own, chroma where it lies.
    fn slopes(size: (u32, u32), format: ChromaFormat, siting: Siting, per_source: (f64, f64)) -> Picture {
        let factors = Grid { size, chroma: format }.factors();
        let plane = |index: usize, (width, height): (u32, u32), place: (f64, f64), factors: (f64, f64)| {
            let mut data = Vec::new();
            for y in 0..height {
                for x in 0..width {
                    let (x, y) = (f64::from(x) * factors.0 + place.0, f64::from(y) * factors.1 + place.1);
                    data.push(slope(index, x * per_source.0, y * per_source.1).round() as u16);
                }
            }
            Plane { data, stride: width as usize }
        };
        let across = if factors.0 > 1.0 && !siting.left { 1.0 } else { 0.5 };
        let down = match siting.vertical {
            VerticalSiting::Top => 0.5,
            VerticalSiting::Centre => 1.0,
            VerticalSiting::Bottom => 1.5,
        };
        let place = (across, if factors.1 > 1.0 { down } else { 0.5 });
        let chroma = format.chroma_size(size.0, size.1);
        let planes = [
            plane(0, size, (0.5, 0.5), (1.0, 1.0)),
            plane(1, chroma, place, factors),
            plane(2, chroma, place, factors),
        ];
        Picture { width: size.0, height: size.1, chroma: format, bit_depth: 10, planes: Planes::Wide(planes) }
    }

    /// At a place from 0 to 1 both ways.
    fn slope(index: usize, x: f64, y: f64) -> f64 {
        match index {
            0 => 200.0 + 300.0 * x + 300.0 * y,
            1 => 300.0 + 400.0 * x,
            _ => 700.0 - 400.0 * y,
        }
    }

    fn colour(siting: Siting) -> Colour {
        Colour { siting, ..Colour::JFIF }
    }

    #[test]
    fn chroma_of_every_siting_comes_to_lie_half_way() {
        for format in FORMATS {
            for target in FORMATS {
                for left in [false, true] {
                    for vertical in VERTICAL {
                        let siting = Siting { left, vertical };
                        for (from, to) in
                            [((96, 80), (40, 36)), ((97, 81), (33, 27)), ((64, 64), (96, 112)), ((65, 63), (65, 63))]
                        {
                            let share = |size: (u32, u32)| (1.0 / f64::from(size.0), 1.0 / f64::from(size.1));
                            let picture = slopes(from, format, siting, share(from));
                            let (result, after) = scaled(picture.clone(), colour(siting), to.0, to.1, target).unwrap();
                            if from == to && result.chroma == format {
                                assert_eq!((result, after), (picture, colour(siting)));
                                continue;
                            }
                            assert_eq!(after.siting, Siting::CENTRE);
                            let expected = slopes(to, result.chroma, Siting::CENTRE, share(to));
                            let (Planes::Wide(got), Planes::Wide(expected)) = (&result.planes, &expected.planes) else {
                                panic!("10 bits")
                            };
                            for (index, (got, expected)) in got.iter().zip(expected).enumerate() {
                                assert_eq!(got.data.len(), expected.data.len());
                                let size = if index == 0 { to } else { result.chroma.chroma_size(to.0, to.1) };
                                for y in 5..size.1.saturating_sub(5) as usize {
                                    for x in 5..size.0.saturating_sub(5) as usize {
                                        let at = |plane: &Plane<u16>| f64::from(plane.data[y * plane.stride + x]);
                                        let off = (at(got) - at(expected)).abs();
                                        assert!(
                                            off <= 1.5,
                                            "{format:?} {target:?} {siting:?} {from:?} {to:?} plane {index} at {x}, {y}: {off}"
                                        );
                                    }
                                }
                            }
                        }
                    }
                }
            }
        }
    }

    #[test]
    fn strides_do_not_show() {
        let picture = slopes((40, 30), ChromaFormat::Yuv420, Siting::LEFT, (0.02, 0.03));
        let mut strided = picture.clone();
        let Planes::Wide(planes) = &mut strided.planes else { panic!("10 bits") };
        for (index, plane) in planes.iter_mut().enumerate() {
            let width = plane.stride;
            plane.stride += 7 + index;
            plane.data = plane.data.chunks(width).flat_map(|row| [row, &vec![1023; 7 + index]].concat()).collect();
        }
        let small =
            |picture: &Picture| scaled(picture.clone(), colour(Siting::LEFT), 20, 15, ChromaFormat::Yuv420).unwrap();
        assert_eq!(small(&picture), small(&strided));
        let Planes::Wide(planes) = &mut strided.planes else { panic!("10 bits") };
        for plane in planes {
            let width = plane.stride - 8;
            plane.data.truncate(plane.data.len() - plane.stride + width.min(20));
        }
        assert!(scaled(strided, colour(Siting::LEFT), 20, 15, ChromaFormat::Yuv420).is_err());
    }

    #[test]
    fn overshoot_stays_within_the_depth() {
        let mut picture = slopes((64, 64), ChromaFormat::Monochrome, Siting::LEFT, (0.0, 0.0));
        let Planes::Wide(planes) = &mut picture.planes else { panic!("10 bits") };
        for (place, sample) in planes[0].data.iter_mut().enumerate() {
            *sample = if place % 64 < 32 { 0 } else { 1023 };
        }
        let (result, _) = scaled(picture, colour(Siting::LEFT), 200, 64, ChromaFormat::Yuv420).unwrap();
        let Planes::Wide(planes) = &result.planes else { panic!("10 bits") };
        assert_eq!(planes[0].data.iter().max(), Some(&1023));
    }

    #[test]
    fn one_side_alone_keeps_the_shape_that_is_seen() {
        let size = target_size;
        assert_eq!(size((1920, 1080), None, None, None), (1920, 1080));
        assert_eq!(size((720, 576), Some((64, 45)), None, None), (720, 576));
        assert_eq!(size((1920, 1080), None, Some(320), None), (320, 180));
        assert_eq!(size((1920, 1080), None, None, Some(90)), (160, 90));
        assert_eq!(size((1920, 1080), None, Some(100), Some(100)), (100, 100));
        assert_eq!(size((720, 576), Some((64, 45)), None, Some(576)), (1024, 576));
        assert_eq!(size((720, 576), Some((64, 45)), Some(512), None), (512, 288));
        assert_eq!(size((3, 2), None, Some(1), None), (1, 1));
        assert_eq!(size((1000, 1), None, Some(10), None), (10, 1));
        assert_eq!(size((0, 0), Some((0, 0)), Some(0), None), (1, 1));
        let largest = u32::MAX;
        assert_eq!(size((largest, 1), Some((largest, 1)), None, Some(largest)), (largest, largest));
    }

    proptest! {
        #[test]
        fn any_size_to_any_size(
            width in 1_u32..30, height in 1_u32..30, format in 0..4_usize, wide: bool,
            to_width in 0_u32..30, to_height in 0_u32..30, target in 0..4_usize,
            left: bool, vertical in 0..3_usize, rgb: bool, stride in 0_usize..10, short in 0_usize..3,
        ) {
            let (chroma_width, chroma_height) = FORMATS[format].chroma_size(width, height);
            let length = |width: u32, height: u32| ((width as usize + stride) * height as usize).saturating_sub(short);
            let samples = |width, height| (0..length(width, height)).map(|i| i as u8).collect::<Vec<u8>>();
            let plane = |width, height| Plane { data: samples(width, height), stride: width as usize + stride };
            let planes = [plane(width, height), plane(chroma_width, chroma_height), plane(chroma_width, chroma_height)];
            let (planes, bit_depth) = if wide {
                let widen = |plane: Plane<u8>| Plane {
                    data: plane.data.into_iter().map(u16::from).collect(), stride: plane.stride,
                };
                (Planes::Wide(planes.map(widen)), 9)
            } else {
                (Planes::Narrow(planes), 8)
            };
            let picture = Picture { width, height, chroma: FORMATS[format], bit_depth, planes };
            let siting = Siting { left, vertical: VERTICAL[vertical] };
            let matrix = if rgb { Matrix::Identity } else { Matrix::Bt709 };
            let colour = Colour { matrix, siting, ..Colour::JFIF };
            let good = check_shape(&picture).is_ok() && to_width > 0 && to_height > 0;
            let result = scaled(picture, colour, to_width, to_height, FORMATS[target]);
            prop_assert_eq!(result.is_ok(), good);
            if let Ok((picture, _)) = result {
                prop_assert_eq!((picture.width, picture.height), (to_width, to_height));
                prop_assert!(check_shape(&picture).is_ok());
            }
        }
    }
}
