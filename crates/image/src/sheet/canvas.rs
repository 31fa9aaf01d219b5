//! The pixels of a sheet, and what can be drawn on them. What lies outside is left out.

use fast_image_resize::images::{TypedImage, TypedImageRef};
use fast_image_resize::{Resizer, pixels};
use image::{Rgb, RgbImage};

use super::text::Font;

/// A rectangle of pixels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Area {
    pub(super) x: u32,
    pub(super) y: u32,
    pub(super) width: u32,
    pub(super) height: u32,
}

impl Area {
    /// A rectangle of a size in the middle of this one.
    pub(super) fn centred(self, width: u32, height: u32) -> Self {
        let x = self.x + self.width.saturating_sub(width) / 2;
        let y = self.y + self.height.saturating_sub(height) / 2;
        Area { x, y, width, height }
    }

    /// This one without a border of so many pixels.
    pub(super) fn within(self, border: u32) -> Self {
        self.centred(self.width.saturating_sub(2 * border), self.height.saturating_sub(2 * border))
    }
}

/// A picture that is drawn on.
#[derive(Debug)]
pub(super) struct Canvas(pub(super) RgbImage);

impl Canvas {
    pub(super) fn new(width: u32, height: u32, colour: Rgb<u8>) -> Self {
        Canvas(RgbImage::from_pixel(width, height, colour))
    }

    /// Fills a rectangle.
    pub(super) fn fill(&mut self, area: Area, colour: Rgb<u8>) {
        for y in area.y..area.y.saturating_add(area.height) {
            let Some(row) = row_of(&mut self.0, area.x, y, area.width) else { return };
            row.chunks_exact_mut(3).for_each(|pixel| pixel.copy_from_slice(&colour.0));
        }
    }

    /// Puts a picture in the middle of a rectangle: as it is if that has room for it, or else smaller.
    pub(super) fn put(&mut self, area: Area, picture: &RgbImage) {
        let smaller = fitting(picture.dimensions(), (area.width, area.height));
        match smaller {
            None => self.copy(area.centred(picture.width(), picture.height()), picture),
            Some((width, height)) => {
                if let Some(picture) = resized(picture, width, height) {
                    self.copy(area.centred(width, height), &picture);
                }
            }
        }
    }

    fn copy(&mut self, area: Area, picture: &RgbImage) {
        let bytes = usize::try_from(picture.width()).unwrap_or_default().saturating_mul(3);
        for (y, source) in (area.y..).zip(picture.as_raw().chunks_exact(bytes.max(1))) {
            let Some(row) = row_of(&mut self.0, area.x, y, area.width) else { return };
            row.copy_from_slice(source);
        }
    }

    /// Writes a line of text, with its upper left corner at a place.
    pub(super) fn text(&mut self, x: u32, y: u32, text: &str, font: Font, colour: Rgb<u8>) {
        for (x, character) in (0..).map(|index: u32| x + index * font.advance()).zip(text.chars()) {
            let Some(glyph) = font.glyph(character) else { continue };
            for (y, row) in (y..).zip(glyph.rows()) {
                for (x, &cover) in (x..).zip(row) {
                    if let Some(pixel) = self.0.get_pixel_mut_checked(x, y) {
                        for (below, above) in pixel.0.iter_mut().zip(colour.0) {
                            *below = mix(*below, above, cover);
                        }
                    }
                }
            }
        }
    }
}

/// The bytes of so many pixels of a row from a place on.
fn row_of(picture: &mut RgbImage, x: u32, y: u32, width: u32) -> Option<&mut [u8]> {
    if x.checked_add(width)? > picture.width() || y >= picture.height() {
        return None;
    }
    let start = (u64::from(y) * u64::from(picture.width()) + u64::from(x)) * 3;
    let start = usize::try_from(start).ok()?;
    let end = start.checked_add(usize::try_from(width).ok()?.checked_mul(3)?)?;
    picture.get_mut(start..end)
}

/// The size of a picture that must be made smaller to fit, with its aspect.
fn fitting((width, height): (u32, u32), (most_width, most_height): (u32, u32)) -> Option<(u32, u32)> {
    if width <= most_width && height <= most_height {
        return None;
    }
    let side = |side: u32, most: u32, whole: u32| {
        let scaled = (u64::from(side) * u64::from(most) + u64::from(whole) / 2) / u64::from(whole.max(1));
        u32::try_from(scaled).unwrap_or(most).max(1)
    };
    let by_width = (most_width, side(height, most_width, width));
    Some(if by_width.1 <= most_height { by_width } else { (side(width, most_height, height), most_height) })
}

fn resized(picture: &RgbImage, width: u32, height: u32) -> Option<RgbImage> {
    let source =
        TypedImageRef::<pixels::U8x3>::from_buffer(picture.width(), picture.height(), picture.as_raw()).ok()?;
    let mut smaller = RgbImage::new(width, height);
    let mut target = TypedImage::<pixels::U8x3>::from_buffer(width, height, &mut smaller).ok()?;
    Resizer::new().resize_typed(&source, &mut target, None).ok()?;
    Some(smaller)
}

/// What is seen where so many 255ths of a colour are covered by another.
fn mix(below: u8, above: u8, cover: u8) -> u8 {
    let (below, above, cover) = (u16::from(below), u16::from(above), u16::from(cover));
    u8::try_from((below * (255 - cover) + above * cover + 127) / 255).unwrap_or(u8::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const GREY: Rgb<u8> = Rgb([90; 3]);

    #[test]
    fn what_lies_outside_is_left_out() {
        let mut canvas = Canvas::new(10, 10, Rgb([0; 3]));
        canvas.fill(Area { x: 8, y: 8, width: 3, height: 1 }, GREY);
        assert!(canvas.0.iter().all(|&sample| sample == 0));
        canvas.fill(Area { x: 8, y: 8, width: 2, height: 5 }, GREY);
        assert_eq!(canvas.0.pixels().filter(|pixel| **pixel == GREY).count(), 4);
        canvas.text(7, 7, "M", Font::for_tiles(0), Rgb([255; 3]));
        canvas.put(Area { x: 20, y: 20, width: 4, height: 4 }, &RgbImage::from_pixel(2, 2, GREY));
    }

    #[test]
    fn a_picture_keeps_its_aspect_and_is_never_enlarged() {
        assert_eq!(fitting((320, 180), (320, 180)), None);
        assert_eq!(fitting((10, 10), (320, 180)), None);
        assert_eq!(fitting((320, 240), (320, 180)), Some((240, 180)));
        assert_eq!(fitting((640, 180), (320, 180)), Some((320, 90)));
        assert_eq!(fitting((60_000, 1), (320, 180)), Some((320, 1)));
        assert_eq!(fitting((1, 60_000), (320, 180)), Some((1, 180)));
    }

    #[test]
    fn a_covered_pixel_has_the_colour_above() {
        for sample in [0, 1, 127, 254, 255] {
            assert_eq!((mix(sample, 200, 0), mix(sample, 200, 255)), (sample, 200));
        }
        assert_eq!(mix(0, 255, 128), 128);
    }
}
