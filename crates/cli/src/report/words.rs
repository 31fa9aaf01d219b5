//! Times, lengths, sizes and events in words, the same in text and on the page.

use std::ops::Range;

use fragkit::{Event, EventKind, Report, Timestamp, TimestampType, TrackReport, wall_clock};

use crate::inspect::track::{Described, kind};

/// A moment as people read it.
pub(super) fn moment(ms: i64) -> String {
    wall_clock(Timestamp::from_millis(ms))
}

/// The date of a moment: `2017-11-28`.
pub(super) fn date(ms: i64) -> String {
    moment(ms).split(' ').next().unwrap_or_default().to_owned()
}

/// A length of time with its two greatest units: `340 ms`, `34.20 s`, `2 min 3 s`, `5 h 7 min`, `3 d 4 h`.
pub(super) fn length(ms: i64) -> String {
    let (sign, ms) = (if ms < 0 { "-" } else { "" }, ms.unsigned_abs());
    // To the nearest of what is shown.
    let shown = match ms {
        0..1000 => 1,
        1000..59_995 => 10,
        59_995..3_599_500 => 1000,
        3_599_500..86_370_000 => 60_000,
        _ => 3_600_000,
    };
    let ms = ms.saturating_add(shown / 2) / shown * shown;
    let seconds = ms / 1000;
    let (minutes, hours, days) = (seconds / 60, seconds / 3600, seconds / 86_400);
    let text = match (days, hours, minutes, seconds) {
        (0, 0, 0, 0) => format!("{ms} ms"),
        (0, 0, 0, _) => format!("{seconds}.{:02} s", ms % 1000 / 10),
        (0, 0, _, _) => format!("{minutes} min {} s", seconds % 60),
        (0, _, _, _) => format!("{hours} h {} min", minutes % 60),
        _ => format!("{days} d {} h", hours % 24),
    };
    format!("{sign}{text}")
}

/// A number with three digits that count, and its unit: `1.23 Mbit/s`.
pub(super) fn scaled(amount: u64, unit: &str) -> String {
    let mut divisor = 1_u64;
    for prefix in ["", "k", "M", "G", "T"] {
        let whole = amount / divisor;
        if whole < 1000 || prefix == "T" {
            let rest = |digits: u64| amount % divisor / (divisor / digits).max(1);
            return match whole {
                _ if divisor == 1 => format!("{amount} {unit}"),
                0..10 => format!("{whole}.{:02} {prefix}{unit}", rest(100)),
                10..100 => format!("{whole}.{} {prefix}{unit}", rest(10)),
                _ => format!("{whole} {prefix}{unit}"),
            };
        }
        divisor = divisor.saturating_mul(1000);
    }
    format!("{amount} {unit}")
}

/// How many of something, and what it is called: `1 gap`, `2 gaps`.
pub(super) fn count(count: u64, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}

/// The part of `whole` that `part` is, in percent, rounded down so that 100 means all.
pub(super) fn percent(part: i64, whole: i64) -> String {
    let hundredths = i128::from(part.max(0)) * 10_000 / i128::from(whole.max(1));
    format!("{}.{:02} %", hundredths / 100, hundredths % 100)
}

/// Thousandths as a number with two decimals.
pub(super) fn thousandths(amount: u64) -> String {
    let hundredths = amount.saturating_add(5) / 10;
    format!("{}.{:02}", hundredths / 100, hundredths % 100)
}

/// `video 1`
pub(super) fn track_name(track: &TrackReport) -> String {
    let kind = track.track.as_ref().map_or("track", |track| kind(track.entry.track_type));
    format!("{} {}", if kind == "other" { "track" } else { kind }, track.number)
}

/// What a track is, in one line.
pub(super) fn track_line(track: &TrackReport) -> String {
    let number = track.number;
    track.track.as_ref().map_or_else(
        || format!("track {number}: not among the tracks of the stream"),
        |track| Described::of(track).line(number, &track.entry.codec_id),
    )
}

/// `producer` or `server`
pub(super) fn by(report: &Report) -> &'static str {
    match report.by {
        TimestampType::Producer => "producer",
        TimestampType::Server => "server",
    }
}

/// From the first frame to the end of the last.
pub(super) fn extent(report: &Report) -> Range<i64> {
    report.coverage.extent().unwrap_or_default()
}

/// What happens, in a sentence without its subject: the fragment.
pub(super) fn event(event: &Event) -> String {
    match &event.kind {
        EventKind::Overlap { ms } => format!("starts {} before the end of the fragment before it", length(*ms)),
        EventKind::DuplicateNumber => "has the number of an earlier one; not counted again".into(),
        EventKind::DuplicateStart => "starts at the same time as an earlier one with another number".into(),
        EventKind::TimeBack { ms } => format!("starts {} earlier than the fragment before it", length(*ms)),
        EventKind::NumberBack => "has a lower number than the fragment before it".into(),
        EventKind::NewSession => "numbers start anew: a new session of the producer".into(),
        EventKind::NumbersSkipped { count: skipped } => {
            format!("{} lacking before it, by the numbers", count(*skipped, "fragment"))
        }
        EventKind::TracksChange(change) => change.to_string(),
        EventKind::Cut => "is cut off; not counted".into(),
        EventKind::Broken => "is damaged; not counted".into(),
        EventKind::NoMedia => "has no media".into(),
        EventKind::Exception(exception) => {
            let code = exception.code.map_or_else(String::new, |code| format!(" {code}"));
            let meaning = exception.meaning().map_or_else(String::new, |meaning| format!(": {meaning}"));
            format!("the service reports exception{code}{meaning} ({:?})", exception.message)
        }
        other => other.name().into(),
    }
}

/// Groups of events that are shown together: what they are called, and the names of their kinds.
pub(super) const GROUPS: [(&str, &[&str]); 6] = [
    ("overlaps", &["overlap"]),
    ("duplicates", &["duplicate_number", "duplicate_start"]),
    ("restarts and jumps back", &["time_back", "number_back", "new_session"]),
    ("changes of tracks", &["tracks_change"]),
    ("damage and losses", &["cut", "broken", "no_media", "numbers_skipped"]),
    ("exceptions", &["exception"]),
];

/// How many events of a group there are, those that are not kept included.
pub(super) fn in_group(report: &Report, kinds: &[&str]) -> u64 {
    kinds.iter().filter_map(|kind| report.event_counts.get(kind)).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_have_their_two_greatest_units() {
        let expected = [
            (0, "0 ms"),
            (999, "999 ms"),
            (-1230, "-1.23 s"),
            (59_994, "59.99 s"),
            (59_995, "1 min 0 s"),
            (599_987, "10 min 0 s"),
            (86_399_000, "1 d 0 h"),
            (60_000, "1 min 0 s"),
            (3_725_000, "1 h 2 min"),
            (93_600_000, "1 d 2 h"),
        ];
        for (ms, text) in expected {
            assert_eq!(length(ms), text);
        }
        assert!(length(i64::MIN).starts_with('-'));
    }

    #[test]
    fn sizes_have_three_digits_that_count() {
        let expected = [
            (0, "0 B"),
            (999, "999 B"),
            (1000, "1.00 kB"),
            (64_050, "64.0 kB"),
            (4_209_999, "4.20 MB"),
            (u64::MAX, "18446744 TB"),
        ];
        for (amount, text) in expected {
            assert_eq!(scaled(amount, "B"), text);
        }
    }

    #[test]
    fn a_hundred_percent_is_all_and_nothing_less() {
        assert_eq!(
            (percent(5, 5), percent(99_999, 100_000), percent(0, 0)),
            ("100.00 %".into(), "99.99 %".into(), "0.00 %".into())
        );
    }
}
