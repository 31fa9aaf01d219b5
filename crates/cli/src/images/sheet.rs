//! Contact sheets.

use std::path::{Path, PathBuf};

use fragkit::{
    About, DEFAULT_QUALITY, Error, ErrorKind, Format, ImageError, Layout, RgbImage, Sampled, Sheet, Timestamp,
    wall_clock,
};

use super::Shoot;
use super::folder::save;
use crate::args::{FormatArg, Images};
use crate::clip::numbered;

/// Width of the pictures on a sheet, unless another is asked for.
pub(super) const TILE_WIDTH: u32 = 320;

/// Most pictures on a sheet.
const MOST_TILES: usize = 240;

/// Width to height of tiles where there is no picture to tell.
const ASPECT_WITHOUT_PICTURE: (u32, u32) = (16, 9);

/// A picture that is higher than so many times its width is made smaller, so that the others have not to stand on stilts.
const HIGHEST: u32 = 3;

/// The format that the name of a sheet tells of, which must be the one that is asked for.
pub(super) fn format(sheet: &Path, asked: Option<FormatArg>) -> Result<FormatArg, Error> {
    let extension = sheet.extension().unwrap_or_default().to_string_lossy().to_ascii_lowercase();
    let format = match &*extension {
        "jpg" | "jpeg" => FormatArg::Jpeg,
        "png" => FormatArg::Png,
        _ => {
            let message = format!("{}: the name does not say what the sheet is to be", sheet.display());
            return Err(Error::new(ErrorKind::Usage, message).hint("it may end in .jpg, .jpeg or .png"));
        }
    };
    if asked.is_some_and(|asked| asked != format) {
        let message = format!("{}: --format asks for another format than the name", sheet.display());
        return Err(Error::new(ErrorKind::Usage, message).hint("leave out --format, or change the name's ending"));
    }
    Ok(format)
}

pub(super) fn write(mut shoot: Shoot<'_>, path: &Path, args: &Images) -> Result<(), Error> {
    let mut sheets =
        Sheets { path, format: shoot.format, args, left: shoot.plan.len(), plan: None, open: None, held: Vec::new() };
    let tally = shoot.pixels(|sampled| sheets.take(sampled))?;
    sheets.finish()?;
    shoot.tell_of_more();
    tally.tell(shoot.findings)
}

/// Sheets on their way, one at a time.
struct Sheets<'a> {
    path: &'a Path,
    format: Format,
    args: &'a Images,
    /// Pictures that are on no sheet yet.
    left: usize,
    /// The layout of all sheets, and how many pictures each has; known with the first picture.
    plan: Option<(Layout, usize)>,
    open: Option<Open>,
    /// What came before the first picture.
    held: Vec<Sampled<RgbImage>>,
}

/// The sheet that is being filled.
struct Open {
    sheet: Sheet,
    number: usize,
    /// How many tiles it lacks.
    lacks: usize,
    first: Timestamp,
    last: Timestamp,
    pictures: usize,
    missing: usize,
}

impl Sheets<'_> {
    fn take(&mut self, sampled: Sampled<RgbImage>) -> Result<(), Error> {
        if self.plan.is_none() {
            let Ok(picture) = &sampled.picture else {
                self.held.push(sampled);
                // Enough that none is to be waited for.
                return if self.held.len() >= MOST_TILES { self.begin_without_picture() } else { Ok(()) };
            };
            let size = picture.dimensions();
            self.begin(size)?;
        }
        self.add(&sampled)
    }

    /// Lays sheets out for pictures of a size, and adds what was held back.
    fn begin(&mut self, (width, height): (u32, u32)) -> Result<(), Error> {
        let tile_width = self.args.width.unwrap_or(width);
        let tile_height = self.args.height.unwrap_or(height.min(tile_width.saturating_mul(HIGHEST)));
        // All of a sheet's tiles are in memory; one that is too large for any sheet is refused when that is begun.
        let most = Layout::capacity(tile_width, tile_height).clamp(1, MOST_TILES);
        // Alike in size, and not a last one with a single picture.
        let sheets = self.left.div_ceil(most).max(1);
        let each = self.left.div_ceil(sheets);
        self.plan = Some((Layout::new(tile_width, tile_height, each), each));
        std::mem::take(&mut self.held).iter().try_for_each(|sampled| self.add(sampled))
    }

    fn begin_without_picture(&mut self) -> Result<(), Error> {
        let (across, down) = ASPECT_WITHOUT_PICTURE;
        let width = match (self.args.width, self.args.height) {
            (None, Some(height)) => height.saturating_mul(across) / down,
            (width, _) => width.unwrap_or(TILE_WIDTH),
        };
        self.begin((width, width.saturating_mul(down) / across))
    }

    fn add(&mut self, sampled: &Sampled<RgbImage>) -> Result<(), Error> {
        let time = sampled.frame.as_ref().map_or(sampled.timestamp, |frame| frame.timestamp);
        let Some((layout, each)) = self.plan else { return Ok(()) };
        let open = match &mut self.open {
            Some(open) if open.lacks > 0 => open,
            _ => {
                let number = self.open.take().map(|open| self.save(open)).transpose()?.unwrap_or(0) + 1;
                let lacks = each.min(self.left);
                let sheet = Sheet::new(layout, lacks)?;
                self.open.insert(Open { sheet, number, lacks, first: time, last: time, pictures: 0, missing: 0 })
            }
        };
        open.sheet.add(sampled.picture.as_ref().map_err(|error: &ImageError| error), &wall_clock(time));
        open.lacks -= 1;
        match &sampled.picture {
            Ok(_) => open.pictures += 1,
            Err(_) => open.missing += 1,
        }
        open.last = time;
        self.left = self.left.saturating_sub(1);
        Ok(())
    }

    /// Writes a sheet, and gives its number.
    fn save(&self, mut open: Open) -> Result<usize, Error> {
        open.sheet.title(&title(open.first, open.last, open.pictures, open.missing));
        let picture = open.sheet.finish();
        let about = About { time: open.first, ..About::default() };
        let path: PathBuf = numbered(self.path, open.number);
        let encoded = match self.format {
            Format::Png { compression } => fragkit::encode_png(&picture, compression, &about),
            Format::Jpeg { quality } => fragkit::encode_jpeg(&picture, quality.unwrap_or(DEFAULT_QUALITY), &about),
            _ => return Err(Error::new(ErrorKind::Usage, "sheets are JPEG or PNG")),
        };
        let failed = |error| Error::new(ErrorKind::Input, format!("{}: {error}", path.display()));
        save(&path, &encoded.map_err(failed)?, self.args)?;
        Ok(open.number)
    }

    fn finish(mut self) -> Result<(), Error> {
        if self.plan.is_none() {
            self.begin_without_picture()?;
        }
        match self.open.take() {
            Some(open) => self.save(open).map(drop),
            None => Ok(()),
        }
    }
}

/// `2017-11-28 06:55:09.126 to 06:56:09.126 UTC, 20 pictures, 1 missing`
fn title(first: Timestamp, last: Timestamp, pictures: usize, missing: usize) -> String {
    let (from, to) = (wall_clock(first), wall_clock(last));
    let mut counts = if pictures == 1 { "1 picture".into() } else { format!("{pictures} pictures") };
    if missing > 0 {
        counts += &format!(", {missing} missing");
    }
    let date = |text: &str| text.split_once(' ').map(|(date, time)| (date.to_owned(), time.to_owned()));
    let range = match (date(&from), date(&to)) {
        _ if from == to => from,
        (Some((a, _)), Some((b, time))) if a == b => format!("{} to {time}", from.trim_end_matches(" UTC")),
        _ => format!("{} to {to}", from.trim_end_matches(" UTC")),
    };
    format!("{range}, {counts}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_title_tells_from_when_to_when() {
        let at = Timestamp::from_millis;
        assert_eq!(title(at(0), at(0), 1, 0), "1970-01-01 00:00:00.000 UTC, 1 picture");
        assert_eq!(
            title(at(0), at(61_500), 0, 2),
            "1970-01-01 00:00:00.000 to 00:01:01.500 UTC, 0 pictures, 2 missing"
        );
        let over_midnight = "1970-01-01 00:00:00.000 to 1970-01-02 00:00:00.000 UTC, 9 pictures";
        assert_eq!(title(at(0), at(86_400_000), 9, 0), over_midnight);
    }

    #[test]
    fn the_name_says_the_format() {
        for (name, expected) in
            [("a.jpg", FormatArg::Jpeg), ("a.b.JPEG", FormatArg::Jpeg), ("/x/a.Png", FormatArg::Png)]
        {
            assert_eq!(format(name.as_ref(), None).unwrap(), expected);
            assert!(format(name.as_ref(), Some(expected)).is_ok());
        }
        for (name, asked) in [("a.png", FormatArg::Jpeg), ("a.jpg", FormatArg::Png)] {
            assert_eq!(format(name.as_ref(), Some(asked)).unwrap_err().kind(), ErrorKind::Usage);
        }
        for name in ["-", "sheet", "sheet.gif", ".png", "png", "sheet.jpg.part"] {
            assert_eq!(format(name.as_ref(), None).unwrap_err().kind(), ErrorKind::Usage, "{name}");
        }
    }
}
