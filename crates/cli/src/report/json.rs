//! A report for programs. Keys are added in time, and never taken away.
//!
//! Moments are epoch seconds with milliseconds, as in `inspect --json`; what is not known is null.
//!
//! ```text
//! by                  "producer" or "server": which time of fragments counts
//! start, end          of the first frame, and of the last with its duration
//! totals              chunks, fragments, damaged, bytes, frames, media_ms (overlaps counted as often as they are there), covered_ms,
//!                     missing_ms, gaps, days
//! tracks[]            number, type, codec_id, codec, rfc6381, name, frames, key_frames, bytes, media_ms, covered_ms, bits_per_second,
//!                     frames_per_second, key_frame_distance_ms (numbers, null for all but video), coverage (stretches)
//! coverage[]          stretches with media of any track: start, end
//! gaps[]              start, end, length_ms, track: null for a gap of all tracks, else the number of the one that lacks alone
//! days[]              date (UTC), fragments, bytes, covered_ms, missing_ms
//! event_counts        {kind: count}: all events, those too that are not listed
//! events[]            kind, time, offset, fragment_number, message; length_ms (overlap, time_back), count (numbers_skipped),
//!                     code (exception). At most a thousand.
//! fragment_length_ms  numbers, as ListFragments reports lengths
//! delay_ms            numbers: server timestamp less producer timestamp; null for plain Matroska
//! bin_ms              how long each bin is
//! bins[]              start, fragments, delay_ms (numbers without counts), tracks[]: number, bytes, media_ms, bits_per_second,
//!                     frames_per_second. Bins without anything are left out; at most 900.
//!
//! numbers             count, least, median, percentile_95, greatest, mean, resolution (how far the median and the percentile may be
//!                     too low, plus 1), counts: [[number, how often], ...]
//! ```

use std::io::{self, Write};
use std::ops::Range;

use fragkit::{Bin, Distribution, Event, EventKind, Report, Timestamp, TrackReport};
use serde_json::{Value, json};

use super::words;
use crate::inspect::track::{Described, kind};
use crate::list::seconds;

pub(super) fn write(out: &mut impl Write, report: &Report) -> io::Result<()> {
    let (extent, gaps, totals) = (words::extent(report), report.gaps(), &report.totals);
    let value = json!({
        "by": words::by(report),
        "start": moment(extent.start),
        "end": moment(extent.end),
        "totals": {
            "chunks": totals.chunks,
            "fragments": totals.fragments,
            "damaged": totals.damaged,
            "bytes": totals.bytes,
            "frames": totals.frames,
            "media_ms": totals.media_ms,
            "covered_ms": totals.covered_ms,
            "missing_ms": totals.missing_ms,
            "gaps": report.coverage.gaps().count(),
            "days": report.days.len(),
        },
        "tracks": report.tracks.iter().map(of_track).collect::<Vec<_>>(),
        "coverage": stretches(report.coverage.spans()),
        "gaps": gaps.iter().map(|gap| json!({
            "start": moment(gap.span.start),
            "end": moment(gap.span.end),
            "length_ms": gap.span.end.saturating_sub(gap.span.start),
            "track": gap.track,
        })).collect::<Vec<_>>(),
        "days": report.days.iter().map(|day| json!({
            "date": words::date(day.start.as_millis()),
            "fragments": day.fragments,
            "bytes": day.bytes,
            "covered_ms": day.covered_ms,
            "missing_ms": day.missing_ms,
        })).collect::<Vec<_>>(),
        "event_counts": report.event_counts,
        "events": report.events.iter().map(of_event).collect::<Vec<_>>(),
        "fragment_length_ms": numbers(&report.fragment_length_ms, true),
        "delay_ms": numbers(&report.delay_ms, true),
        "bin_ms": report.bin_ms,
        "bins": report.bins.iter().map(|bin| of_bin(bin, &report.tracks)).collect::<Vec<_>>(),
    });
    serde_json::to_writer_pretty(&mut *out, &value)?;
    writeln!(out)
}

fn moment(ms: i64) -> Value {
    seconds(Some(Timestamp::from_millis(ms)))
}

fn stretches(spans: &[Range<i64>]) -> Vec<Value> {
    spans.iter().map(|span| json!({ "start": moment(span.start), "end": moment(span.end) })).collect()
}

fn of_track(track: &TrackReport) -> Value {
    let entry = track.track.as_ref().map(|track| &track.entry);
    let described = track.track.as_ref().map(Described::of);
    json!({
        "number": track.number,
        "type": entry.map(|entry| kind(entry.track_type)),
        "codec_id": entry.map(|entry| &entry.codec_id),
        "codec": described.as_ref().map(|described| &described.codec),
        "rfc6381": described.as_ref().and_then(|described| described.rfc6381.as_ref()),
        "name": entry.and_then(|entry| entry.name.as_ref()),
        "frames": track.frames,
        "key_frames": track.key_frames,
        "bytes": track.bytes,
        "media_ms": track.media_ms,
        "covered_ms": track.coverage.total_ms(),
        "bits_per_second": track.bits_per_second(),
        "frames_per_second": per_second(track.milliframes_per_second()),
        "key_frame_distance_ms": numbers(&track.key_frame_distance_ms, true),
        "coverage": stretches(track.coverage.spans()),
    })
}

fn of_event(event: &Event) -> Value {
    let mut value = json!({
        "kind": event.kind.name(),
        "time": seconds(event.time),
        "offset": event.offset,
        "fragment_number": event.fragment_number.as_ref().map(ToString::to_string),
        "message": words::event(event),
    });
    let more = match &event.kind {
        EventKind::Overlap { ms } | EventKind::TimeBack { ms } => Some(("length_ms", json!(ms))),
        EventKind::NumbersSkipped { count } => Some(("count", json!(count))),
        EventKind::Exception(exception) => Some(("code", json!(exception.code))),
        _ => None,
    };
    if let (Some((key, more)), Some(object)) = (more, value.as_object_mut()) {
        object.insert(key.into(), more);
    }
    value
}

fn of_bin(bin: &Bin, tracks: &[TrackReport]) -> Value {
    let of_track = |(there, track): (&fragkit::BinTrack, &TrackReport)| {
        json!({
            "number": track.number,
            "bytes": there.bytes,
            "media_ms": there.media_ms,
            "bits_per_second": there.bits_per_second(),
            "frames_per_second": per_second(there.milliframes_per_second()),
        })
    };
    json!({
        "start": moment(bin.start_ms),
        "fragments": bin.fragments,
        "delay_ms": numbers(&bin.delay_ms, false),
        "tracks": bin.tracks.iter().zip(tracks).map(of_track).collect::<Vec<_>>(),
    })
}

/// Frames a second with three decimals.
fn per_second(milliframes: Option<u64>) -> Value {
    let number = milliframes.and_then(|rate| format!("{}.{:03}", rate / 1000, rate % 1000).parse::<f64>().ok());
    number.map_or(Value::Null, |number| json!(number))
}

fn numbers(distribution: &Distribution, counts: bool) -> Value {
    if distribution.count() == 0 {
        return Value::Null;
    }
    let mut value = json!({
        "count": distribution.count(),
        "least": distribution.least(),
        "median": distribution.median(),
        "percentile_95": distribution.percentile(95),
        "greatest": distribution.greatest(),
        "mean": distribution.mean(),
        "resolution": distribution.resolution(),
    });
    if let (true, Some(object)) = (counts, value.as_object_mut()) {
        let counts = distribution.counts().map(|(number, times)| json!([number, times]));
        object.insert("counts".into(), counts.collect());
    }
    value
}
