//! What is said on a sheet in the room that there is: labels that shorten, reasons that wrap.

use noto_sans_mono_bitmap::{FontWeight, RasterHeight, RasterizedChar, get_raster, get_raster_width};

/// A size of the font, which is Noto Sans Mono: all characters are equally wide.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Font(RasterHeight);

impl Font {
    /// The size that goes with tiles of a width.
    pub(super) fn for_tiles(width: u32) -> Self {
        Font(match width {
            0..480 => RasterHeight::Size16,
            480..800 => RasterHeight::Size20,
            800..1280 => RasterHeight::Size24,
            _ => RasterHeight::Size32,
        })
    }

    /// From one line to the next, in pixels.
    pub(super) fn line(self) -> u32 {
        u32::try_from(self.0.val()).unwrap_or_default()
    }

    /// From one character to the next, in pixels.
    pub(super) fn advance(self) -> u32 {
        u32::try_from(get_raster_width(WEIGHT, self.0)).unwrap_or(1).max(1)
    }

    /// How many characters fit.
    pub(super) fn fit(self, width: u32) -> usize {
        usize::try_from(width / self.advance()).unwrap_or_default()
    }

    /// The picture of a character; of one that the font lacks, a question mark.
    pub(super) fn glyph(self, character: char) -> Option<RasterizedChar> {
        get_raster(character, WEIGHT, self.0).or_else(|| get_raster('?', WEIGHT, self.0))
    }
}

const WEIGHT: FontWeight = FontWeight::Regular;

/// As much of a label as fits: `2017-11-28 06:55:09.126 UTC` without the zone, then without the date, then without fractions
/// of seconds. None where not even that fits.
pub(super) fn label(label: &str, most: usize) -> Option<&str> {
    let without_zone = label.strip_suffix(" UTC").unwrap_or(label);
    let time = without_zone.split_once(' ').map_or(without_zone, |(_, time)| time);
    let seconds = time.split_once('.').map_or(time, |(seconds, _)| seconds);
    [label, without_zone, time, seconds].into_iter().find(|text| text.chars().count() <= most)
}

/// Breaks a text into lines of so many characters, between words where that is possible. What is left at the end of the last
/// line is told by three dots.
pub(super) fn wrapped(text: &str, most: usize, lines: usize) -> Vec<String> {
    let mut wrapped: Vec<String> = Vec::new();
    if most == 0 || lines == 0 {
        return wrapped;
    }
    let mut line: Vec<char> = Vec::new();
    for word in text.split_whitespace() {
        // A word that is longer than a line is broken where the line ends.
        let mut rest: Vec<char> = word.chars().collect();
        while !rest.is_empty() {
            let space = usize::from(!line.is_empty());
            if line.len() + space + rest.len() <= most {
                line.extend(std::iter::repeat_n(' ', space));
                line.append(&mut rest);
            } else if line.is_empty() {
                let behind = rest.split_off(most);
                wrapped.push(rest.into_iter().collect());
                rest = behind;
            } else {
                wrapped.push(line.drain(..).collect());
            }
        }
        if wrapped.len() > lines {
            break;
        }
    }
    if !line.is_empty() {
        wrapped.push(line.into_iter().collect());
    }
    if wrapped.len() > lines {
        wrapped.truncate(lines);
        if let Some(last) = wrapped.last_mut() {
            *last = dotted(last, most);
        }
    }
    wrapped
}

/// A text with three dots at its end, within so many characters.
fn dotted(text: &str, most: usize) -> String {
    let kept: String = text.chars().take(most.saturating_sub(3)).collect();
    let dots = ".".repeat(most.min(3));
    format!("{}{dots}", kept.trim_end())
}

/// As much of a text as fits.
pub(super) fn cut(text: &str, most: usize) -> String {
    if text.chars().count() <= most { text.into() } else { dotted(text, most) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_lose_zone_date_and_fractions_in_this_order() {
        let text = "2017-11-28 06:55:09.126 UTC";
        for (most, expected) in [
            (99, Some(text)),
            (27, Some(text)),
            (26, Some("2017-11-28 06:55:09.126")),
            (23, Some("2017-11-28 06:55:09.126")),
            (22, Some("06:55:09.126")),
            (12, Some("06:55:09.126")),
            (11, Some("06:55:09")),
            (8, Some("06:55:09")),
            (7, None),
        ] {
            assert_eq!(label(text, most), expected, "{most}");
        }
        assert_eq!(label("front door", 10), Some("front door"));
    }

    #[test]
    fn lines_break_between_words_and_the_last_tells_that_there_is_more() {
        let lines = |most, lines| wrapped("no fragment covers this time", most, lines);
        assert_eq!(lines(40, 3), ["no fragment covers this time"]);
        assert_eq!(lines(11, 3), ["no fragment", "covers this", "time"]);
        assert_eq!(lines(11, 2), ["no fragment", "covers t..."]);
        assert_eq!(lines(5, 9), ["no", "fragm", "ent", "cover", "s", "this", "time"]);
        assert_eq!(lines(2, 1), [".."]);
        assert!(lines(0, 3).is_empty() && lines(9, 0).is_empty() && wrapped(" ", 9, 9).is_empty());
        assert_eq!(cut("abcdef", 5), "ab...");
        assert_eq!(cut("abcde", 5), "abcde");
    }

    #[test]
    fn no_line_is_longer_than_it_may_be() {
        let text =
            "track 1 (V_SOMETHING/VERY/LONG/WITHOUT/ANY/SPACE) is none of H.264, H.265 and MJPEG: \u{e9}\u{1f3a5}";
        for most in 1..60 {
            for lines in 1..6 {
                let wrapped = wrapped(text, most, lines);
                assert!(wrapped.len() <= lines);
                assert!(wrapped.iter().all(|line| !line.is_empty() && line.chars().count() <= most), "{wrapped:?}");
            }
        }
    }

    #[test]
    fn every_printable_character_of_ascii_has_a_picture_of_its_own_and_others_a_question_mark() {
        for width in [0, 480, 800, 1280] {
            let font = Font::for_tiles(width);
            let picture = |character| font.glyph(character).unwrap().pixels();
            for character in ' '..='~' {
                assert_eq!(picture(character) == picture('?'), character == '?');
            }
            for other in ['\n', '\u{e9}', '\u{1f3a5}'] {
                assert_eq!(picture(other), picture('?'));
            }
        }
    }
}
