//! A report for people, in lines of text.

use std::io::{self, Write};
use std::ops::Range;

use fragkit::{Coverage, Day, Distribution, Report};

use super::words;
use crate::diagnostics::printable;

pub(super) fn write(out: &mut impl Write, report: &Report) -> io::Result<()> {
    totals(out, report)?;
    tracks(out, report)?;
    coverage(out, report)?;
    distributions(out, report)?;
    over_time(out, report)?;
    gaps(out, report)?;
    events(out, report)
}

fn totals(out: &mut impl Write, report: &Report) -> io::Result<()> {
    let (totals, extent) = (&report.totals, words::extent(report));
    let whole = extent.end.saturating_sub(extent.start);
    let (start, end) = (words::moment(extent.start), words::moment(extent.end));
    writeln!(out, "{start} to {end}, by {} time", words::by(report))?;
    let (fragments, chunks) = (words::count(totals.fragments, "fragment"), words::count(totals.chunks, "chunk"));
    writeln!(
        out,
        "{fragments} in {chunks}, {} damaged, {} frames, {} bytes",
        totals.damaged, totals.frames, totals.bytes
    )?;
    writeln!(
        out,
        "media {}, covered {} of {} ({}), missing {} in {}, {}",
        words::length(totals.media_ms),
        words::length(totals.covered_ms),
        words::length(whole),
        words::percent(totals.covered_ms, whole),
        words::length(totals.missing_ms),
        words::count(u64::try_from(report.coverage.gaps().count()).unwrap_or(u64::MAX), "gap"),
        words::count(u64::try_from(report.days.len()).unwrap_or(u64::MAX), "day"),
    )
}

fn tracks(out: &mut impl Write, report: &Report) -> io::Result<()> {
    writeln!(out)?;
    for track in &report.tracks {
        writeln!(out, "{}", printable(words::track_line(track)))?;
        let rate = track.bits_per_second().map_or_else(|| "-".into(), |rate| words::scaled(rate, "bit/s"));
        let frame_rate = track.milliframes_per_second().map_or_else(|| "-".into(), words::thousandths);
        writeln!(
            out,
            "    {} frames, {} of them key frames, {rate}, {frame_rate} frames/s, covers {}",
            track.frames,
            track.key_frames,
            words::length(track.coverage.total_ms())
        )?;
    }
    Ok(())
}

/// A strip of characters for each track, and for each day where there are several.
fn coverage(out: &mut impl Write, report: &Report) -> io::Result<()> {
    let extent = words::extent(report);
    writeln!(out, "\ncoverage: # all of it, + part of it, . nothing")?;
    for track in &report.tracks {
        let strip = strip(&track.coverage, &extent, &extent);
        let whole = extent.end.saturating_sub(extent.start);
        let percent = words::percent(track.coverage.total_ms(), whole);
        writeln!(out, "  {:<10}  {strip}  {percent:>8}", words::track_name(track))?;
    }
    if report.days.len() < 2 {
        return Ok(());
    }
    writeln!(
        out,
        "\n  {:<10}  {:<COLUMNS$}  covered, UTC",
        "day", "0       3       6       9       12      15      18      21"
    )?;
    for (at, day) in report.days.iter().take(MOST_DAYS).enumerate() {
        let before = at.checked_sub(1).and_then(|before| report.days.get(before));
        if let Some(between) = before.map(|before| days_between(before, day)).filter(|&days| days > 0) {
            writeln!(out, "  {:<10}  {} without media", "...", words::count(between, "day"))?;
        }
        let strip = strip(&report.coverage, &day.range(), &extent);
        let percent = words::percent(day.covered_ms, day.covered_ms.saturating_add(day.missing_ms));
        writeln!(out, "  {}  {strip}  {percent:>8}", words::date(day.start.as_millis()))?;
    }
    more(out, report.days.len(), MOST_DAYS, "days")
}

/// How many days lie between two.
pub(super) fn days_between(before: &Day, after: &Day) -> u64 {
    let days = (after.start.as_millis() - before.start.as_millis()) / Day::MS - 1;
    u64::try_from(days).unwrap_or_default()
}

/// One character for each part of a range; blanks for what lies outside `extent`.
fn strip(coverage: &Coverage, range: &Range<i64>, extent: &Range<i64>) -> String {
    let whole = i128::from(range.end) - i128::from(range.start);
    let columns = i128::try_from(COLUMNS).unwrap_or(1);
    let border = |at: i128| i64::try_from(i128::from(range.start) + whole * at / columns).unwrap_or(range.end);
    let column = |at: i128| {
        let part = border(at).max(extent.start)..border(at + 1).min(extent.end);
        match coverage.covered_ms(part.clone()) {
            _ if part.is_empty() => ' ',
            0 => '.',
            covered if covered >= part.end - part.start => '#',
            _ => '+',
        }
    };
    (0..columns).map(column).collect()
}

fn distributions(out: &mut impl Write, report: &Report) -> io::Result<()> {
    writeln!(out, "\n{:<26} {:>9} {:>9} {:>9} {:>9}", "milliseconds", "least", "median", "95 %", "greatest")?;
    let mut row = |name: &str, distribution: &Distribution| {
        let number = |number: Option<i64>| number.map_or_else(|| "-".into(), |number| number.to_string());
        let numbers =
            [distribution.least(), distribution.median(), distribution.percentile(95), distribution.greatest()];
        let [least, median, high, greatest] = numbers.map(number);
        writeln!(out, "{name:<26} {least:>9} {median:>9} {high:>9} {greatest:>9}")
    };
    row("fragment length", &report.fragment_length_ms)?;
    for track in report.tracks.iter().filter(|track| track.key_frame_distance_ms.count() > 0) {
        row(&format!("key frames of {}", words::track_name(track)), &track.key_frame_distance_ms)?;
    }
    row("from producer to server", &report.delay_ms)
}

fn over_time(out: &mut impl Write, report: &Report) -> io::Result<()> {
    let (width, bins) = report.wider_bins(MOST_ROWS);
    let shown = report.tracks.get(..report.tracks.len().min(MOST_TRACKS)).unwrap_or_default();
    write!(out, "\n{:<27}", format!("every {}, UTC", words::length(width)))?;
    for track in shown {
        write!(out, "  {:>23}", words::track_name(track))?;
    }
    writeln!(out, "  {:>14}", "median delay")?;
    for bin in &bins {
        write!(out, "{:<27}", words::moment(bin.start_ms).trim_end_matches(" UTC"))?;
        for at in 0..shown.len() {
            let there = bin.tracks.get(at).copied().unwrap_or_default();
            let rates = there
                .bits_per_second()
                .zip(there.milliframes_per_second())
                .map(|(bits, frames)| format!("{} {:>7}/s", words::scaled(bits, "bit/s"), words::thousandths(frames)));
            write!(out, "  {:>23}", rates.unwrap_or_else(|| "-".into()))?;
        }
        let delay = bin.delay_ms.median().map_or_else(|| "-".into(), |delay| format!("{delay} ms"));
        writeln!(out, "  {delay:>14}")?;
    }
    Ok(())
}

fn gaps(out: &mut impl Write, report: &Report) -> io::Result<()> {
    let gaps = report.gaps();
    if gaps.is_empty() {
        return writeln!(out, "\nno gaps");
    }
    writeln!(out, "\ngaps")?;
    for gap in gaps.iter().take(MOST_LINES) {
        let track = gap.track.map_or_else(String::new, |track| format!(", of track {track} alone"));
        let length = words::length(gap.span.end.saturating_sub(gap.span.start));
        let (from, to) = (words::moment(gap.span.start), words::moment(gap.span.end));
        writeln!(out, "  {from} to {to}: {length}{track}")?;
    }
    more(out, gaps.len(), MOST_LINES, "gaps")
}

fn events(out: &mut impl Write, report: &Report) -> io::Result<()> {
    if report.event_counts.is_empty() {
        return writeln!(out, "\nno overlaps, duplicates, restarts, changes, damage or exceptions");
    }
    for (group, kinds) in words::GROUPS {
        let all = words::in_group(report, kinds);
        if all == 0 {
            continue;
        }
        writeln!(out, "\n{group}")?;
        let events = report.events.iter().filter(|event| kinds.contains(&event.kind.name()));
        for event in events.take(MOST_LINES) {
            let time = event.time.map_or_else(|| "-".into(), |time| words::moment(time.as_millis()));
            let number = event.fragment_number.as_ref().map_or_else(String::new, |number| format!(" {number}"));
            writeln!(out, "  {time}, byte {}, fragment{number}: {}", event.offset, printable(words::event(event)))?;
        }
        more(out, usize::try_from(all).unwrap_or(usize::MAX), MOST_LINES, group)?;
    }
    Ok(())
}

fn more(out: &mut impl Write, all: usize, shown: usize, what: &str) -> io::Result<()> {
    match all.checked_sub(shown) {
        Some(more) if more > 0 => writeln!(out, "  and {more} more {what}; --json has more of them"),
        _ => Ok(()),
    }
}

/// Characters of a strip: half an hour each in one of a day.
const COLUMNS: usize = 48;

/// Lines for gaps, and for each group of events.
const MOST_LINES: usize = 50;

/// Lines for days.
const MOST_DAYS: usize = 366;

/// Lines for rates over time, and the tracks that they tell of.
const MOST_ROWS: usize = 24;
const MOST_TRACKS: usize = 4;
