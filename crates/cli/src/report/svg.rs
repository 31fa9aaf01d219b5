//! Axes, lines and bars as SVG, in units that are pixels on a wide screen.

use std::fmt::Write as _;
use std::ops::Range;

use super::words;
use crate::diagnostics::printable;

/// Text as it may stand in HTML and SVG, in elements and in attributes.
pub(super) fn escaped(text: impl std::fmt::Display) -> String {
    let mut escaped = String::new();
    for character in printable(text).chars() {
        match character {
            '&' => escaped += "&amp;",
            '<' => escaped += "&lt;",
            '>' => escaped += "&gt;",
            '"' => escaped += "&quot;",
            '\'' => escaped += "&#39;",
            // They would turn the text around them.
            '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}' => escaped.extend(character.escape_unicode()),
            other => escaped.push(other),
        }
    }
    escaped
}

/// A coordinate with one decimal at most.
pub(super) fn number(value: f64) -> String {
    let text = format!("{value:.1}");
    text.strip_suffix(".0").unwrap_or(&text).to_owned()
}

/// What is drawn is a matter of pixels: that very large numbers are not exact is not seen.
#[allow(clippy::as_conversions, clippy::cast_precision_loss, reason = "drawn in tenths of a pixel")]
pub(super) fn real(value: i64) -> f64 {
    value as f64
}

/// Where times lie from left to right.
#[derive(Debug, Clone)]
pub(super) struct TimeAxis {
    pub(super) range: Range<i64>,
    pub(super) left: f64,
    pub(super) right: f64,
}

/// A mark on an axis of time.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct TimeTick {
    pub(super) ms: i64,
    pub(super) label: String,
    /// Where it is another than that of the mark before.
    pub(super) date: Option<String>,
}

impl TimeAxis {
    pub(super) fn x(&self, ms: i64) -> f64 {
        let whole = real(self.range.end.saturating_sub(self.range.start).max(1));
        let part = real(ms.clamp(self.range.start, self.range.end).saturating_sub(self.range.start));
        self.left + (self.right - self.left) * part / whole
    }

    /// Stretches of time as stretches of the axis. Each is at least `least` wide, and those that then touch are one.
    pub(super) fn bars(&self, spans: impl Iterator<Item = Range<i64>>, least: f64) -> Vec<Range<f64>> {
        let mut bars: Vec<Range<f64>> = Vec::new();
        for span in spans {
            let (start, end) = (self.x(span.start), self.x(span.end));
            let start = start.min(self.right - least).max(self.left);
            let bar = start..end.max(start + least);
            match bars.last_mut() {
                Some(last) if bar.start <= last.end + TOUCHING => last.end = last.end.max(bar.end),
                _ => bars.push(bar),
            }
        }
        bars
    }

    /// Round times, at most about so many.
    pub(super) fn ticks(&self, most: i64) -> Vec<TimeTick> {
        let whole = self.range.end.saturating_sub(self.range.start).max(1);
        let few = |step: &&i64| whole / **step <= most;
        let mut step = *TIME_STEPS_MS.iter().find(few).unwrap_or(&WEEK_MS);
        while whole / step > most {
            step = step.saturating_mul(2);
        }
        let mut ticks = Vec::new();
        let mut known = String::new();
        // Times of this axis are not before the epoch.
        let mut at = self.range.start.max(0).saturating_add(step - 1).div_euclid(step).saturating_mul(step);
        while at <= self.range.end {
            let moment = words::moment(at);
            let (date, time) = moment.split_once(' ').unwrap_or((&moment, ""));
            let label = match step {
                DAY_MS.. => date,
                60_000.. => time.get(..5).unwrap_or(time),
                1000.. => time.get(..8).unwrap_or(time),
                _ => time.get(..12).unwrap_or(time),
            };
            let is_new = step < DAY_MS && date != known;
            ticks.push(TimeTick { ms: at, label: label.to_owned(), date: is_new.then(|| date.to_owned()) });
            known = date.to_owned();
            match at.checked_add(step) {
                Some(next) => at = next,
                None => break,
            }
        }
        ticks
    }

    /// The axis below `y`, with thin lines up to `top`.
    pub(super) fn draw(&self, svg: &mut String, top: f64, y: f64, most: i64) {
        let ticks = self.ticks(most);
        let mut path = String::new();
        let mut labels = String::new();
        for (at, tick) in ticks.iter().enumerate() {
            let x = self.x(tick.ms);
            let _ = write!(path, "M{} {}V{}", number(x), number(top), number(y + 4.0));
            // Every other label gives way on a narrow screen.
            let class = if at % 2 == 0 { "t" } else { "t odd" };
            let anchor = match x {
                x if x < self.left + 24.0 => "start",
                x if x > self.right - 24.0 => "end",
                _ => "middle",
            };
            let _ = write!(
                labels,
                "<text class=\"{class}\" x=\"{}\" y=\"{}\" text-anchor=\"{anchor}\">{}",
                number(x),
                number(y + 17.0),
                tick.label
            );
            if let Some(date) = &tick.date {
                let _ = write!(labels, "<tspan class=\"date\" x=\"{}\" dy=\"1.25em\">{date}</tspan>", number(x));
            }
            labels += "</text>";
        }
        let _ = write!(svg, "<path class=\"grid\" d=\"{path}\"/>{labels}");
    }
}

/// Where amounts lie from below to above.
#[derive(Debug, Clone)]
pub(super) struct Scale {
    pub(super) low: f64,
    pub(super) high: f64,
    step: f64,
    pub(super) top: f64,
    pub(super) bottom: f64,
}

impl Scale {
    /// One that holds these amounts and zero, between round numbers.
    pub(super) fn new(least: f64, greatest: f64, top: f64, bottom: f64) -> Scale {
        let (low, high) = (least.min(0.0), greatest.max(0.0));
        let rough = ((high - low) / 4.0).max(1e-9);
        let power = 10_f64.powf(rough.log10().floor());
        let step = [1.0, 2.0, 2.5, 5.0, 10.0].map(|factor| factor * power).into_iter().find(|step| *step >= rough);
        let step = step.unwrap_or(rough);
        let high = if high > low { high } else { low + step };
        Scale { low: (low / step).floor() * step, high: (high / step).ceil() * step, step, top, bottom }
    }

    pub(super) fn y(&self, amount: f64) -> f64 {
        self.bottom - (self.bottom - self.top) * (amount - self.low) / (self.high - self.low)
    }

    /// Lines from `left` to `right` with their amounts.
    pub(super) fn draw(&self, svg: &mut String, left: f64, right: f64) {
        let mut path = String::new();
        let mut amount = self.low;
        // Five or six: a scale has four steps, and one more at each end at most.
        for _ in 0..8 {
            if amount > self.high + self.step / 2.0 {
                break;
            }
            let y = self.y(amount);
            let _ = write!(path, "M{} {}H{}", number(left), number(y), number(right));
            let _ = write!(
                svg,
                "<text class=\"t\" x=\"{}\" y=\"{}\" text-anchor=\"end\">{}</text>",
                number(left - 6.0),
                number(y + 4.0),
                self.label(amount)
            );
            amount += self.step;
        }
        let _ = write!(svg, "<path class=\"grid\" d=\"{path}\"/>");
    }

    fn label(&self, amount: f64) -> String {
        // Zero is written without a sign, whatever rounding made of it.
        let amount = if amount.abs() < self.step / 1e3 { 0.0 } else { amount };
        match self.step {
            step if step >= 1e5 => format!("{amount:.1e}"),
            step if step >= 1.0 && step.fract() == 0.0 => format!("{amount:.0}"),
            step if step >= 0.1 && (step * 10.0).fract().abs() < 1e-6 => format!("{amount:.1}"),
            step if step >= 0.01 => format!("{amount:.2}"),
            _ => format!("{amount:.3}"),
        }
    }
}

/// A picture with what it is called and what it shows, for those who do not see it.
pub(super) fn figure(name: &str, description: &str, (width, height): (f64, f64), drawn: &str) -> String {
    format!(
        "<svg viewBox=\"0 0 {} {}\" role=\"img\" aria-label=\"{title}\"><title>{title}</title><desc>{}</desc>{drawn}</svg>\n",
        number(width),
        number(height),
        escaped(description),
        title = escaped(name),
    )
}

/// Bars of one height as one path.
pub(super) fn bar_path(bars: &[Range<f64>], y: f64, height: f64) -> String {
    let mut path = String::new();
    for bar in bars {
        let (x, width) = (number(bar.start), number(bar.end - bar.start));
        let _ = write!(path, "M{x} {}h{width}v{}h-{width}z", number(y), number(height));
    }
    path
}

const DAY_MS: i64 = 86_400_000;
const WEEK_MS: i64 = 7 * DAY_MS;

/// Distances of marks: parts of a second, seconds, minutes, hours, days.
const TIME_STEPS_MS: [i64; 24] = [
    10,
    50,
    100,
    500,
    1000,
    2000,
    5000,
    10_000,
    15_000,
    30_000,
    60_000,
    120_000,
    300_000,
    600_000,
    900_000,
    1_800_000,
    3_600_000,
    7_200_000,
    10_800_000,
    21_600_000,
    43_200_000,
    DAY_MS,
    2 * DAY_MS,
    WEEK_MS,
];

/// Bars that are no farther apart look like one.
const TOUCHING: f64 = 0.3;

#[cfg(test)]
mod tests {
    use super::*;

    fn axis(range: Range<i64>) -> TimeAxis {
        TimeAxis { range, left: 0.0, right: 600.0 }
    }

    #[test]
    fn marks_stand_at_round_times_and_name_each_date_once() {
        let labels = |range: Range<i64>| -> Vec<String> {
            let label = |tick: TimeTick| tick.label + &tick.date.map_or_else(String::new, |date| format!(" {date}"));
            axis(range).ticks(6).into_iter().map(label).collect()
        };
        let start = 1_704_067_200_000;
        assert_eq!(labels(start + 1..start + 4500), ["00:00:01 2024-01-01", "00:00:02", "00:00:03", "00:00:04"]);
        let day = ["18:00 2024-01-01", "00:00 2024-01-02", "06:00", "12:00", "18:00", "00:00 2024-01-03"];
        assert_eq!(labels(start + DAY_MS / 2 + 1..start + 2 * DAY_MS), day);
        assert_eq!(labels(start..start + 3 * DAY_MS).len(), 7);
        assert_eq!(labels(start..start + 5 * DAY_MS)[1], "2024-01-02");
        for range in [0..i64::MAX, i64::MIN..i64::MAX, 5..5] {
            assert!(axis(range).ticks(6).len() <= 8);
        }
    }

    #[test]
    fn a_short_gap_of_a_long_stream_can_be_seen() {
        let axis = axis(0..100 * DAY_MS);
        let bars = axis.bars([1000..1050, DAY_MS..DAY_MS + 5, 100 * DAY_MS - 1..100 * DAY_MS].into_iter(), 2.5);
        assert!(bars.iter().all(|bar| bar.end - bar.start >= 2.49 && bar.end <= 600.01), "{bars:?}");
        assert_eq!(bars.len(), 3);
        let many = axis.bars((0..100_000).map(|at| at * 80_000..at * 80_000 + 10_000), 1.0);
        assert!(many.len() <= 600);
    }

    #[test]
    fn scales_end_at_round_numbers_and_hold_zero() {
        for (least, greatest, low, high) in
            [(3.0, 8.1, 0.0, 10.0), (-120.0, 700.0, -250.0, 750.0), (0.0, 0.0, 0.0, 0.0)]
        {
            let scale = Scale::new(least, greatest, 0.0, 100.0);
            assert!((scale.low - low).abs() < 1e-9 && scale.high >= high, "{scale:?}");
            assert!(scale.y(scale.high).abs() < 1e-9 && (scale.y(scale.low) - 100.0).abs() < 1e-9);
        }
    }

    #[test]
    fn nothing_in_a_text_can_be_markup() {
        let text = escaped("<script>alert('x' & \"y\")</script>\u{1b}[0m\u{202E}");
        assert_eq!(text, "&lt;script&gt;alert(&#39;x&#39; &amp; &quot;y&quot;)&lt;/script&gt;\\u{1b}[0m\\u{202e}");
    }
}
