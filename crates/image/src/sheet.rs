//! Contact sheets: many pictures on one, in a dark grid, each with its time.
//!
//! ```text
//! margin
//!        title
//!        +---------+ gap +---------+     tile: a picture, in the middle of its place,
//!        | picture |     | picture |           or why there is none
//!        +---------+     +---------+
//!        label           label
//! gap
//!        +---------+     +---------+
//! ```
//!
//! The letters are those of Noto Sans Mono in the four sizes of the crate `noto-sans-mono-bitmap` (MIT; the font is under the
//! SIL Open Font License 1.1, which lets it be part of a program): the characters of ASCII, with all shades of grey.

mod canvas;
mod text;

use image::{Rgb, RgbImage};

use crate::error::{Error, ImageError, ImageErrorKind};
use crate::request::MAX_SIDE;
use canvas::{Area, Canvas};
use text::Font;

/// Where tiles go. All sizes are in pixels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Layout {
    /// How many tiles stand side by side.
    pub columns: u32,
    /// Width of the place for a picture.
    pub tile_width: u32,
    /// Height of the place for a picture, without its label.
    pub tile_height: u32,
    /// From the border of the sheet to the tiles.
    pub margin: u32,
    /// Between tiles.
    pub gap: u32,
}

/// A sheet that is being filled.
#[derive(Debug)]
pub struct Sheet {
    layout: Layout,
    canvas: Canvas,
    count: u32,
    added: u32,
}

impl Layout {
    /// Most pixels of a sheet: it is kept in memory, with three bytes for each.
    pub const MAX_PIXELS: u64 = 50_000_000;

    /// A layout for so many tiles of this size: in about as many columns as make the sheet a little wider than high, though not
    /// wider than screens are.
    #[must_use]
    pub fn new(tile_width: u32, tile_height: u32, count: usize) -> Self {
        let gap = (tile_width / 32).clamp(4, 40);
        let mut layout = Layout { columns: 1, tile_width, tile_height, margin: 2 * gap, gap };
        let count = u32::try_from(count).unwrap_or(u32::MAX);
        for columns in 1..=count.min(MAX_COLUMNS) {
            let wider = Layout { columns, ..layout };
            let (width, height) = wider.sides(count);
            if columns > 1 && width > WIDE_ENOUGH {
                break;
            }
            layout = wider;
            if 3 * width >= 4 * height {
                break;
            }
        }
        layout
    }

    /// How many tiles of this size there can be on a sheet.
    #[must_use]
    pub fn capacity(tile_width: u32, tile_height: u32) -> usize {
        let holds = |count: &usize| {
            let count_of_tiles = u32::try_from(*count).unwrap_or(u32::MAX);
            Layout::new(tile_width, tile_height, *count).size(count_of_tiles).is_some()
        };
        // What is too large with few tiles is so with more.
        let (mut least, mut most) = (0, MOST_TILES);
        while least < most {
            let middle = (least + most).div_ceil(2);
            if holds(&middle) {
                least = middle;
            } else {
                most = middle - 1;
            }
        }
        least
    }

    /// Width and height of a sheet with so many tiles, if it can be made.
    #[must_use]
    pub fn size(&self, count: u32) -> Option<(u32, u32)> {
        let (width, height) = self.sides(count);
        if width > u64::from(MAX_SIDE) || height > u64::from(MAX_SIDE) || width * height > Layout::MAX_PIXELS {
            return None;
        }
        Some((u32::try_from(width).ok()?, u32::try_from(height).ok()?))
    }

    fn sides(&self, count: u32) -> (u64, u64) {
        let rows = u64::from(count.div_ceil(self.columns.max(1)));
        let columns = u64::from(self.columns.max(1));
        let (margin, gap) = (u64::from(self.margin), u64::from(self.gap));
        let tile = u64::from(self.tile_height).saturating_add(u64::from(self.label_height()));
        let width = columns.saturating_mul(u64::from(self.tile_width) + gap).saturating_sub(gap);
        let height = rows.saturating_mul(tile + gap).saturating_sub(gap);
        let sides = (width.saturating_add(2 * margin), height.saturating_add(2 * margin));
        // Kept small enough to be multiplied.
        let title = u64::from(self.title_height());
        (sides.0.min(1 << 31), sides.1.saturating_add(title).min(1 << 31))
    }

    fn font(&self) -> Font {
        Font::for_tiles(self.tile_width)
    }

    /// A line with a little room above it and more below it, so that it is seen which picture it belongs to.
    fn label_height(&self) -> u32 {
        let line = self.font().line();
        line / 8 + line + line / 2
    }

    /// A line, and some room below it.
    fn title_height(&self) -> u32 {
        let line = self.font().line();
        line + line / 4 + self.gap
    }

    /// The place of a picture.
    fn tile(&self, index: u32) -> Area {
        let (column, row) = (index % self.columns.max(1), index / self.columns.max(1));
        Area {
            x: self.margin + column * (self.tile_width + self.gap),
            y: self.margin + self.title_height() + row * (self.tile_height + self.label_height() + self.gap),
            width: self.tile_width,
            height: self.tile_height,
        }
    }
}

impl Sheet {
    /// An empty sheet with room for so many tiles.
    ///
    /// # Errors
    ///
    /// If it would be larger than [`Layout::MAX_PIXELS`], or wider or higher than JPEG can say.
    pub fn new(layout: Layout, count: usize) -> Result<Self, Error> {
        let count = u32::try_from(count).unwrap_or(u32::MAX);
        let layout = Layout { columns: layout.columns.max(1), ..layout };
        let Some((width, height)) = layout.size(count) else {
            let (width, height) = layout.sides(count);
            let most = Layout::MAX_PIXELS / 1_000_000;
            let message = format!(
                "the sheet would be {width} x {height}, it may be {MAX_SIDE} each way and {most} million pixels in all"
            );
            return Err(Error::invalid(message).hint("--width makes the pictures on it smaller"));
        };
        Ok(Sheet { layout, canvas: Canvas::new(width, height, GROUND), count, added: 0 })
    }

    /// Writes a line above all tiles.
    pub fn title(&mut self, title: &str) {
        let (margin, font) = (self.layout.margin, self.layout.font());
        let room = self.canvas.0.width().saturating_sub(2 * margin);
        let area = Area { x: margin, y: margin, width: room, height: font.line() };
        self.canvas.fill(area, GROUND);
        self.canvas.text(margin, margin, &text::cut(title, font.fit(room)), font, TITLE);
    }

    /// Adds a tile, from left to right and from top to bottom: a picture, or why there is none; and its label, which is usually
    /// its time as [`wall_clock`](crate::wall_clock) gives it, and is shortened where it is wider than the tile. A picture that
    /// is larger than its place is made smaller. Once the sheet is full, nothing more is added.
    pub fn add(&mut self, picture: Result<&RgbImage, &ImageError>, label: &str) {
        if self.added >= self.count {
            return;
        }
        let area = self.layout.tile(self.added);
        self.added += 1;
        match picture {
            Ok(picture) => {
                self.canvas.fill(area, BESIDE);
                self.canvas.put(area, picture);
            }
            Err(error) => self.placeholder(area, error),
        }
        let font = self.layout.font();
        if let Some(label) = text::label(label, font.fit(area.width)) {
            let y = area.y + area.height + font.line() / 8;
            let colour = if picture.is_ok() { LABEL } else { LABEL_OF_NONE };
            self.canvas.text(area.x, y, label, font, colour);
        }
    }

    fn placeholder(&mut self, area: Area, error: &ImageError) {
        let (ground, border, name) = match error.kind {
            ImageErrorKind::NoMedia => (NO_MEDIA, NO_MEDIA_BORDER, NO_MEDIA_NAME),
            ImageErrorKind::MediaError => (MEDIA_ERROR, MEDIA_ERROR_BORDER, MEDIA_ERROR_NAME),
        };
        self.canvas.fill(area, border);
        self.canvas.fill(area.within(1), ground);
        let font = self.layout.font();
        let room = area.within(font.line() / 2);
        let (most, lines) = (font.fit(room.width), usize::try_from(room.height / font.line()).unwrap_or_default());
        let mut text: Vec<(String, Rgb<u8>)> = Vec::new();
        // The name is broken in two rather than lost where there is no room for it in one line.
        let name_in_lines = text::wrapped(&error.kind.name().replace('_', " "), most, lines);
        let whole = error.kind.name().chars().count() <= most;
        let names = if whole { vec![error.kind.name().into()] } else { name_in_lines };
        text.extend(names.into_iter().take(lines).map(|line| (line, name)));
        let left = lines.saturating_sub(text.len()).min(MOST_LINES_OF_REASON);
        text.extend(text::wrapped(&error.reason, most, left).into_iter().map(|line| (line, REASON)));
        let height = font.line().saturating_mul(u32::try_from(text.len()).unwrap_or_default());
        let block = room.centred(room.width, height);
        for (y, (line, colour)) in (0..).map(|index: u32| block.y + index * font.line()).zip(&text) {
            let width = font.advance() * u32::try_from(line.chars().count()).unwrap_or_default();
            self.canvas.text(room.centred(width, height).x, y, line, font, *colour);
        }
    }

    /// The sheet as a picture.
    #[must_use]
    pub fn finish(self) -> RgbImage {
        self.canvas.0
    }
}

/// More columns would make tiles hard to follow.
const MAX_COLUMNS: u32 = 16;

/// Sheets of more than one column are not wider than this.
const WIDE_ENOUGH: u64 = 2560;

/// No sheet has more tiles.
const MOST_TILES: usize = 1 << 16;

const MOST_LINES_OF_REASON: usize = 4;

const GROUND: Rgb<u8> = Rgb([0x1a, 0x1c, 0x20]);
/// Beside a picture that does not fill its place.
const BESIDE: Rgb<u8> = Rgb([0x0e, 0x0f, 0x12]);
const TITLE: Rgb<u8> = Rgb([0x98, 0x9f, 0xaa]);
const LABEL: Rgb<u8> = Rgb([0xdd, 0xe1, 0xe7]);
const LABEL_OF_NONE: Rgb<u8> = Rgb([0x8b, 0x92, 0x9d]);
const REASON: Rgb<u8> = Rgb([0x9a, 0xa1, 0xac]);
const NO_MEDIA: Rgb<u8> = Rgb([0x20, 0x23, 0x28]);
const NO_MEDIA_BORDER: Rgb<u8> = Rgb([0x33, 0x38, 0x40]);
const NO_MEDIA_NAME: Rgb<u8> = Rgb([0xbf, 0xc5, 0xce]);
const MEDIA_ERROR: Rgb<u8> = Rgb([0x2b, 0x20, 0x20]);
const MEDIA_ERROR_BORDER: Rgb<u8> = Rgb([0x55, 0x36, 0x33]);
const MEDIA_ERROR_NAME: Rgb<u8> = Rgb([0xe8, 0xa8, 0x96]);

#[cfg(test)]
mod tests;
