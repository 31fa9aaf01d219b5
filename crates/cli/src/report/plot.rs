//! The plots of a report: when there is media, how much of it, and how late it comes.

use std::fmt::Write as _;
use std::ops::Range;

use fragkit::{Bin, Day, Distribution, Event, Gap, Report, TrackReport};

use super::svg::{Scale, TimeAxis, bar_path, escaped, figure, number, real};
use super::words;

const WIDTH: f64 = 720.0;
const LEFT: f64 = 52.0;
const RIGHT: f64 = WIDTH - 12.0;

/// How many colours there are for tracks.
const COLOURS: usize = 6;

/// The class that gives a track its colour.
pub(super) fn colour(track: usize) -> String {
    format!("c{}", track % COLOURS)
}

/// From the start to the end of a recording: a lane for each track, one for gaps, one for each group of events.
pub(super) fn timeline(report: &Report, gaps: &[Gap]) -> String {
    let axis = TimeAxis { range: words::extent(report), left: 6.0, right: RIGHT };
    let (mut drawn, mut lanes, mut y) = (String::new(), String::new(), 4.0);
    let lane = |lanes: &mut String, y: &mut f64, label: &str, marks: &str, class: &str| {
        let (top, width) = (number(*y + LABEL), number(axis.right - axis.left));
        let _ = write!(
            lanes,
            "<text class=\"lane\" x=\"{}\" y=\"{}\">{}</text><rect class=\"empty{class}\" x=\"{}\" y=\"{top}\" width=\"{width}\" \
             height=\"{}\"/>{marks}",
            number(axis.left),
            number(*y + 15.0),
            escaped(label),
            number(axis.left),
            number(LANE),
        );
        *y += LANE + LABEL + 9.0;
    };
    for (at, track) in report.tracks.iter().take(MOST_TRACKS).enumerate() {
        let bars = axis.bars(track.coverage.spans().iter().cloned(), 1.0);
        let mut marks = format!("<path class=\"fill {}\" d=\"{}\"/>", colour(at), bar_path(&bars, y + LABEL, LANE));
        // Over the media, so that a gap is seen that is shorter than a pixel.
        let holes = axis.bars(track.coverage.gaps(), SHORTEST_MARK);
        let _ = write!(marks, "<path class=\"hole\" d=\"{}\"/>", bar_path(&holes, y + LABEL, LANE));
        let whole = axis.range.end.saturating_sub(axis.range.start);
        let label = format!("{} — {}", words::track_name(track), words::percent(track.coverage.total_ms(), whole));
        lane(&mut lanes, &mut y, &label, &marks, "");
    }
    if !gaps.is_empty() {
        let told = |gap: &Gap| {
            let of = gap.track.map_or_else(|| "gap".into(), |track| format!("gap of track {track} alone"));
            let length = words::length(gap.span.end.saturating_sub(gap.span.start));
            format!("{of}: {length} from {}", words::moment(gap.span.start))
        };
        let all = gaps.iter().map(|gap| (gap.span.clone(), told(gap)));
        let marks = marks(&axis, all.collect(), y + LABEL, "gap");
        lane(&mut lanes, &mut y, &format!("gaps — {}", gaps.len()), &marks, " thin");
    }
    for (group, kinds) in words::GROUPS {
        let all = words::in_group(report, kinds);
        if all == 0 {
            continue;
        }
        let here = |event: &&Event| kinds.contains(&event.kind.name());
        let span = |event: &Event| {
            let ms = event.time.map_or(axis.range.start, |time| time.as_millis());
            (ms..ms, format!("{}: {}", words::moment(ms), words::event(event)))
        };
        let mut events: Vec<_> = report.events.iter().filter(here).map(span).collect();
        events.sort_by_key(|(span, _)| span.start);
        let marks = marks(&axis, events, y + LABEL, "event");
        lane(&mut lanes, &mut y, &format!("{group} — {all}"), &marks, " thin");
    }
    axis.draw(&mut drawn, 4.0, y, 6);
    drawn += &lanes;
    let description = "One lane for each track with its media in colour and gaps left free, then lanes with marks for gaps, overlaps \
                       and other events. The tables below say the same.";
    figure("Coverage from start to end", description, (WIDTH, y + 38.0), &drawn)
}

/// Marks that are seen however short they are; each says what it is, if there are not too many.
fn marks(axis: &TimeAxis, all: Vec<(Range<i64>, String)>, y: f64, class: &str) -> String {
    let mut drawn = String::new();
    if all.len() > MOST_TOLD {
        let bars = axis.bars(all.into_iter().map(|(span, _)| span), SHORTEST_MARK);
        let _ = write!(drawn, "<path class=\"{class}\" d=\"{}\"/>", bar_path(&bars, y, LANE));
        return drawn;
    }
    for (span, told) in all {
        let bars = axis.bars(std::iter::once(span), SHORTEST_MARK);
        let (path, told) = (bar_path(&bars, y, LANE), escaped(told));
        let _ = write!(drawn, "<path class=\"{class}\" d=\"{path}\"><title>{told}</title></path>");
    }
    drawn
}

/// The hours of a day, above strips of days.
pub(super) fn hours() -> String {
    let mut drawn = String::new();
    for hour in (0..=24).step_by(6) {
        let anchor = match hour {
            0 => "start",
            24 => "end",
            _ => "middle",
        };
        let x = DAY_WIDTH * real(hour) / 24.0;
        let _ = write!(drawn, "<text class=\"t\" x=\"{}\" y=\"12\" text-anchor=\"{anchor}\">{hour}</text>", number(x));
    }
    figure("Hours in UTC", "0 to 24", (DAY_WIDTH, 16.0), &drawn)
}

/// One day: a strip for each track.
pub(super) fn day(report: &Report, day: &Day) -> String {
    let axis = TimeAxis { range: day.range(), left: 0.0, right: DAY_WIDTH };
    let extent = words::extent(report);
    let tracks = report.tracks.len().clamp(1, MOST_TRACKS);
    let height = if tracks > 2 { 7.0 } else { 10.0 };
    // Of very many days less is drawn of each.
    let runs = (MOST_RUNS / (report.days.len().max(1) * tracks)).clamp(24, 240);
    let least = DAY_WIDTH / real(i64::try_from(runs).unwrap_or(1)) / 2.0;
    let (mut drawn, mut y) = (String::new(), 0.0);
    for (at, track) in report.tracks.iter().take(tracks).enumerate() {
        let all = axis.bars(std::iter::once(extent.start.max(axis.range.start)..extent.end.min(axis.range.end)), 1.0);
        let bars = axis.bars(track.coverage.within(day.range()), least.max(1.0));
        let within = |gap: &Range<i64>| gap.start < axis.range.end && gap.end > axis.range.start;
        let first = track.coverage.spans().partition_point(|span| span.end < axis.range.start);
        let spans = track.coverage.spans().get(first..).unwrap_or_default();
        let gaps = spans.iter().zip(spans.iter().skip(1)).map(|(before, after)| before.end..after.start);
        let gaps = gaps.take_while(within).map(|gap| gap.start.max(axis.range.start)..gap.end.min(axis.range.end));
        let holes = axis.bars(gaps, least.max(SHORTEST_MARK));
        let _ = write!(
            drawn,
            "<path class=\"outside\" d=\"{}\"/><path class=\"empty\" d=\"{}\"/><path class=\"fill {}\" d=\"{}\"/>\
             <path class=\"hole\" d=\"{}\"/>",
            bar_path(&[0.0..DAY_WIDTH], y, height),
            bar_path(&all, y, height),
            colour(at),
            bar_path(&bars, y, height),
            bar_path(&holes, y, height),
        );
        y += height + 2.0;
    }
    let date = words::date(day.start.as_millis());
    let percent = words::percent(day.covered_ms, day.covered_ms.saturating_add(day.missing_ms));
    figure(
        &format!("Coverage of {date}"),
        &format!("{percent} of the recording's time on this day"),
        (DAY_WIDTH, y),
        &drawn,
    )
}

/// A rate of one track over time, in steps.
pub(super) fn rate(
    report: &Report,
    at: usize,
    (name, unit): (&str, &str),
    of: impl Fn(&fragkit::BinTrack) -> Option<f64>,
) -> String {
    let extent = words::extent(report);
    let axis = TimeAxis { range: extent, left: LEFT, right: RIGHT };
    let value = |bin: &Bin| bin.tracks.get(at).and_then(&of);
    let greatest = report.bins.iter().filter_map(value).fold(0.0, f64::max);
    let scale = Scale::new(0.0, greatest, 10.0, 130.0);
    let mut drawn = String::new();
    axis.draw(&mut drawn, scale.top, scale.bottom, 5);
    scale.draw(&mut drawn, axis.left, axis.right);
    let path = steps(report, &axis, &scale, value);
    let _ = write!(drawn, "<path class=\"line {}\" d=\"{path}\"/>", colour(at));
    let track = report.tracks.get(at).map(words::track_name).unwrap_or_default();
    let bin = words::length(report.bin_ms);
    let description =
        format!("In {unit}, over time in UTC, a step for every {bin}. The table of figures over time has the same.");
    figure(&format!("{name} of {track}"), &description, (WIDTH, 180.0), &drawn)
}

/// The bins that have something, each with where it ends. What a fragment says holds as long as there is media, also where fragments
/// are longer than bins.
fn holding<T>(report: &Report, value: impl Fn(&Bin) -> Option<T>) -> Vec<(Range<i64>, T)> {
    let mut all: Vec<(Range<i64>, T)> = Vec::new();
    let hold = |last: &mut (Range<i64>, T), next: i64| {
        let between = last.0.end..next;
        if !between.is_empty() && report.coverage.covered_ms(between.clone()) == between.end - between.start {
            last.0.end = next;
        }
    };
    for bin in &report.bins {
        let Some(value) = value(bin) else { continue };
        if let Some(last) = all.last_mut() {
            hold(last, bin.start_ms);
        }
        all.push((bin.start_ms..bin.start_ms.saturating_add(report.bin_ms), value));
    }
    if let Some(last) = all.last_mut() {
        hold(last, words::extent(report).end);
    }
    all
}

/// A line with a step for each bin. Where there is none, it breaks off.
fn steps(report: &Report, axis: &TimeAxis, scale: &Scale, value: impl Fn(&Bin) -> Option<f64>) -> String {
    let (mut path, mut open) = (String::new(), None);
    for (span, value) in holding(report, value) {
        let (x, y, end) = (axis.x(span.start), scale.y(value), axis.x(span.end));
        let _ = match open {
            Some(before) if before == span.start => write!(path, "V{}H{}", number(y), number(end)),
            _ => write!(path, "M{} {}H{}", number(x), number(y), number(end)),
        };
        open = Some(span.end);
    }
    path
}

/// How much later the service received fragments than the producer made them.
pub(super) fn delay(report: &Report) -> String {
    let axis = TimeAxis { range: words::extent(report), left: LEFT, right: RIGHT };
    let ends = (report.delay_ms.least().unwrap_or_default(), report.delay_ms.greatest().unwrap_or_default());
    let (unit, per_unit) = delay_unit(report);
    let in_unit = |ms: i64| real(ms) / per_unit;
    let scale = Scale::new(in_unit(ends.0), in_unit(ends.1), 10.0, 170.0);
    let mut drawn = String::new();
    axis.draw(&mut drawn, scale.top, scale.bottom, 6);
    scale.draw(&mut drawn, axis.left, axis.right);
    let mut band = String::new();
    for (span, (least, greatest)) in holding(report, |bin| bin.delay_ms.least().zip(bin.delay_ms.greatest())) {
        let (x, end) = (axis.x(span.start), axis.x(span.end));
        let (top, bottom) = (scale.y(in_unit(greatest)), scale.y(in_unit(least)));
        let (width, height) = (number((end - x).max(1.0)), number((bottom - top).max(1.0)));
        let _ = write!(band, "M{} {}h{width}v{height}h-{width}z", number(x), number(top));
    }
    let line = |percent: u8| steps(report, &axis, &scale, |bin| bin.delay_ms.percentile(percent).map(in_unit));
    let _ = write!(
        drawn,
        "<path class=\"band\" d=\"{band}\"/><path class=\"line c1 dashed\" d=\"{}\"/><path class=\"line c0\" d=\"{}\"/>",
        line(95),
        line(50)
    );
    let description = format!(
        "In {unit}, over time in UTC: a band from the least to the greatest, the median, and the 95th percentile."
    );
    figure("Delay from producer to server", &description, (WIDTH, 208.0), &drawn)
}

/// The unit of the plot of delays, and how many milliseconds it has.
pub(super) fn delay_unit(report: &Report) -> (&'static str, f64) {
    let ends = [report.delay_ms.least(), report.delay_ms.greatest()].into_iter().flatten();
    match ends.map(i64::unsigned_abs).max().unwrap_or_default() {
        0..10_000 => ("milliseconds", 1.0),
        10_000..600_000 => ("seconds", 1000.0),
        600_000..36_000_000 => ("minutes", 60_000.0),
        _ => ("hours", 3_600_000.0),
    }
}

/// How often numbers occur: up to so many stretches of one length, each with how many there are in it.
pub(super) fn histogram_bars(distribution: &Distribution) -> Vec<(Range<i64>, u64)> {
    let (Some(least), Some(greatest)) = (distribution.least(), distribution.greatest()) else { return Vec::new() };
    let span = greatest.saturating_sub(least).max(1);
    let mut width = 1_i64;
    while span / width >= MOST_BARS {
        let next =
            [2, 5, 10].into_iter().map(|factor| leading(width).saturating_mul(factor)).find(|&next| next > width);
        width = next.unwrap_or(i64::MAX);
    }
    let mut bars: Vec<(Range<i64>, u64)> = Vec::new();
    for (number, times) in distribution.counts() {
        let start = number.div_euclid(width).saturating_mul(width);
        match bars.last_mut() {
            Some((bar, count)) if bar.start == start => *count = count.saturating_add(times),
            _ => bars.push((start..start.saturating_add(width), times)),
        }
    }
    bars
}

/// The power of ten that a width of 1, 2, 5, 10 … begins with.
fn leading(width: i64) -> i64 {
    let mut power = 1_i64;
    while power <= width / 10 {
        power *= 10;
    }
    power
}

/// How numbers of milliseconds are distributed.
pub(super) fn histogram(name: &str, bars: &[(Range<i64>, u64)], class: &str) -> String {
    let (Some((first, _)), Some((last, _))) = (bars.first(), bars.last()) else { return String::new() };
    let width = first.end.saturating_sub(first.start).max(1);
    // Room on both sides, so that one bar alone does not fill all of it.
    let (low, high) = (first.start.saturating_sub(width * 2), last.end.saturating_add(width * 2));
    let most = bars.iter().map(|(_, times)| *times).max().unwrap_or_default();
    // Of whole things there are no parts.
    let scale = Scale::new(0.0, real(i64::try_from(most).unwrap_or(i64::MAX).max(4)), 10.0, 130.0);
    let x = |ms: i64| LEFT + (RIGHT - LEFT) * real(ms.saturating_sub(low)) / real(high.saturating_sub(low).max(1));
    let mut drawn = String::new();
    scale.draw(&mut drawn, LEFT, RIGHT);
    for (bar, times) in bars {
        let (start, end, top) = (x(bar.start), x(bar.end), scale.y(real(i64::try_from(*times).unwrap_or(i64::MAX))));
        let path = bar_path(
            std::slice::from_ref(&(start..(end - 1.0).max(start + 1.0))),
            top.min(scale.bottom - 1.0),
            (scale.bottom - top).max(1.0),
        );
        let told = format!("{}: {times}", stretch(bar));
        let _ = write!(drawn, "<path class=\"fill {class}\" d=\"{path}\"><title>{told}</title></path>");
    }
    // Where bars begin, not more often than there is room for.
    let steps = high.saturating_sub(low).saturating_div(width).max(1);
    let every = (steps / 6 + 1).max(1).saturating_mul(width);
    let (mut at, mut count) = (first.start, 0);
    while at <= high.saturating_sub(width) && count < 10 {
        let class = if count % 2 == 0 { "t" } else { "t odd" };
        let _ = write!(
            drawn,
            "<text class=\"{class}\" x=\"{}\" y=\"{}\" text-anchor=\"middle\">{at}</text>",
            number(x(at)),
            number(scale.bottom + 17.0)
        );
        (at, count) = (at.saturating_add(every), count + 1);
    }
    figure(name, "How many there are of each length in milliseconds.", (WIDTH, 154.0), &drawn)
}

/// A stretch of whole milliseconds in words.
pub(super) fn stretch(bar: &Range<i64>) -> String {
    match bar.end.saturating_sub(1) {
        last if last <= bar.start => format!("{} ms", bar.start),
        last => format!("{} to {last} ms", bar.start),
    }
}

/// Tracks that are drawn: others are in the tables.
pub(super) const MOST_TRACKS: usize = 8;

/// The tracks that are drawn.
pub(super) fn drawn(report: &Report) -> impl Iterator<Item = (usize, &TrackReport)> {
    report.tracks.iter().take(MOST_TRACKS).enumerate()
}

/// How high the mark of a lane is, and how far below the top of its label.
const LANE: f64 = 16.0;
const LABEL: f64 = 20.0;
const DAY_WIDTH: f64 = 480.0;

/// A mark is no narrower than that.
const SHORTEST_MARK: f64 = 2.0;

/// Marks that say what they are when pointed at, in one lane.
const MOST_TOLD: usize = 150;

/// Stretches that are drawn on all days together, about.
const MOST_RUNS: usize = 40_000;

/// Bars of a histogram.
const MOST_BARS: i64 = 40;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bars_of_histograms_are_of_round_widths() {
        assert_eq!([1, 2, 5, 10, 20, 50, 100].map(leading), [1, 1, 1, 10, 10, 10, 100]);
    }
}
