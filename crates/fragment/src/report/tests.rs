use super::*;
use crate::continuity::Change;
use crate::number::DecodedNumber;
use crate::service::ServiceException;
use crate::testing::{audio_track, video_track};

const START_MS: i64 = 1_704_067_200_000;

fn count(track: u64, frames: u64, first_ms: i64, last_ms: i64) -> FrameCount {
    let (first, last) = (Nanos::from_millis(first_ms), Nanos::from_millis(last_ms));
    FrameCount { track, frames, key_frames: 1, bytes: 1000 * frames, first, last }
}

/// A fragment of two seconds of video and sound, 25 and 50 frames a second.
fn head(sequence: u64, start_ms: i64) -> Head {
    let producer = Timestamp::from_millis(START_MS + start_ms);
    let server = Timestamp::from_millis(START_MS + start_ms + 300);
    Head {
        number: Some(DecodedNumber { sequence, server_timestamp: server, random: 1 }.encode()),
        producer_timestamp: Some(producer),
        server_timestamp: Some(server),
        tracks: Tracks::new(&[video_track(), audio_track()]),
        completeness: Completeness::Complete,
        frame_counts: vec![count(1, 50, 0, 1960), count(2, 100, 0, 1980)],
        span: Some((Nanos::ZERO, Nanos::from_millis(1980))),
        size: 200_000,
        ..Head::empty(sequence * 200_000)
    }
}

fn report(heads: &[Head]) -> Report {
    let mut reporter = Reporter::new(ReportOptions::default());
    heads.iter().for_each(|head| reporter.add(head));
    reporter.finish()
}

fn kinds(report: &Report) -> Vec<&'static str> {
    report.events.iter().map(|event| event.kind.name()).collect()
}

#[test]
fn a_stream_without_a_gap_has_nothing_to_tell() {
    let report = report(&[head(1, 0), head(2, 2000), head(3, 4000)]);
    assert_eq!(kinds(&report), [""; 0]);
    assert_eq!(report.coverage.extent(), Some(START_MS..START_MS + 6000));
    assert_eq!(report.coverage.total_ms(), 6000);
    assert_eq!(report.gaps(), []);
    let totals = Totals {
        chunks: 3,
        fragments: 3,
        bytes: 600_000,
        frames: 450,
        media_ms: 6000,
        covered_ms: 6000,
        ..Totals::default()
    };
    assert_eq!(report.totals, totals);
    let video = &report.tracks[0];
    assert_eq!((video.bits_per_second(), video.milliframes_per_second()), (Some(200_000), Some(25_000)));
    assert_eq!((video.key_frame_distance_ms.median(), video.key_frame_distance_ms.count()), (Some(2000), 3));
    assert_eq!(report.tracks[1].key_frame_distance_ms.count(), 0);
    assert_eq!((report.delay_ms.least(), report.delay_ms.percentile(95)), (Some(300), Some(300)));
    assert_eq!(report.fragment_length_ms.median(), Some(1980));
    assert!(report.bins.iter().all(|bin| bin.tracks[1].milliframes_per_second() == Some(50_000)));
}

#[test]
fn gaps_are_those_of_all_tracks_and_those_of_one_while_others_go_on() {
    let mut silent = head(2, 2000);
    silent.frame_counts.pop();
    let report = report(&[head(1, 0), silent, head(3, 4000), head(5, 10_000)]);
    let at = |from: i64, to: i64| START_MS + from..START_MS + to;
    let gaps = [Gap { span: at(2000, 4000), track: Some(2) }, Gap { span: at(6000, 10_000), track: None }];
    assert_eq!(report.gaps(), gaps);
    assert_eq!((report.totals.covered_ms, report.totals.missing_ms), (8000, 4000));
    assert_eq!(report.events[0].kind, EventKind::NumbersSkipped { count: 1 });
}

#[test]
fn overlaps_and_duplicates_are_told_apart() {
    let again = head(2, 1500);
    let report = report(&[head(1, 0), head(2, 1500), again, head(3, 1500), head(4, 3500)]);
    assert_eq!(kinds(&report), ["overlap", "duplicate_number", "duplicate_start"]);
    assert_eq!(report.events[0].kind, EventKind::Overlap { ms: 500 });
    assert_eq!((report.totals.chunks, report.totals.fragments, report.totals.media_ms), (5, 4, 8000));
    assert_eq!(report.totals.covered_ms, 5500);
}

#[test]
fn a_producer_that_starts_again_is_told_of() {
    let report = report(&[head(1, 10_000), head(2, 12_000), head(1001, 0), head(1002, 2000)]);
    assert_eq!(kinds(&report), ["new_session", "time_back"]);
    assert_eq!(report.events[1].kind, EventKind::TimeBack { ms: 12_000 });
    assert_eq!(report.gaps().len(), 1);
}

#[test]
fn changes_of_tracks_are_told_once() {
    let other = |at: u64| Head {
        tracks: Tracks::new(&[
            fragkit_mkv::TrackEntry { codec_private: Some("other".into()), ..video_track() },
            audio_track(),
        ]),
        ..head(at, i64::try_from(at).unwrap() * 2000)
    };
    let report = report(&[head(0, 0), other(1), other(2)]);
    assert_eq!(report.events.len(), 1);
    assert_eq!(report.events[0].kind, EventKind::TracksChange(Change::CodecPrivate { track: 1 }));
    assert_eq!(report.tracks[0].track.as_ref().unwrap().entry.codec_private.as_deref(), Some(&b"other"[..]));
}

#[test]
fn damaged_chunks_and_exceptions_cover_nothing_but_are_told_of() {
    let cut = Head { completeness: Completeness::Cut { offset: 77 }, ..head(2, 2000) };
    let broken = Head { completeness: Completeness::Broken { offset: 88 }, ..head(3, 4000) };
    let exception = ServiceException { code: Some(4000), message: "gone".into() };
    let gone = Head { exception: Some(exception.clone()), ..Head::empty(99) };
    let report = report(&[head(1, 0), cut, broken, gone, Head::empty(5), head(4, 6000)]);
    assert_eq!(kinds(&report), ["cut", "broken", "exception", "no_media"]);
    assert_eq!(report.events.iter().map(|event| event.offset).collect::<Vec<_>>(), [77, 88, 99, 5]);
    // The exception stands where the last chunk was that had a time.
    assert_eq!(report.events[2].time, Some(Timestamp::from_millis(START_MS + 4000)));
    assert_eq!(report.events[2].kind, EventKind::Exception(exception));
    assert_eq!((report.totals.chunks, report.totals.fragments, report.totals.damaged), (6, 2, 2));
    assert_eq!(report.totals.missing_ms, 4000);
}

#[test]
fn only_what_starts_within_the_range_is_taken() {
    let at = |ms: i64| Some(Timestamp::from_millis(START_MS + ms));
    let heads = [head(1, 0), head(2, 2000), Head::empty(1), head(3, 4000), Head::empty(2), head(4, 6000)];
    let taken = |selector| {
        let mut reporter = Reporter::new(ReportOptions { selector, ..ReportOptions::default() });
        heads.iter().for_each(|head| reporter.add(head));
        reporter.finish()
    };
    let report = taken(Selector { from: at(4000), to: at(6000), ..Selector::default() });
    assert_eq!((report.totals.chunks, report.totals.fragments), (3, 2));
    let by_server = Selector { by: TimestampType::Server, from: at(4300), to: at(4300), ..Selector::default() };
    let report = taken(by_server);
    assert_eq!((report.totals.chunks, report.totals.fragments), (2, 1));
    assert_eq!(report.coverage.extent(), Some(START_MS + 4300..START_MS + 6300));
}

#[test]
fn days_are_those_of_utc() {
    let day = Day::MS;
    let report = report(&[head(1, day - 3000), head(2, day - 1000), head(3, 3 * day)]);
    let told: Vec<_> = report
        .days
        .iter()
        .map(|day| (day.start.as_millis() - START_MS, day.fragments, day.covered_ms, day.missing_ms))
        .collect();
    assert_eq!(told, [(0, 2, 3000, 0), (day, 0, 1000, day - 1000), (3 * day, 1, 2000, 0)]);
    assert_eq!(report.totals.missing_ms, 2 * day - 1000);
}

#[test]
fn one_frame_a_fragment_lasts_up_to_the_next() {
    let one = |at: u64| Head {
        frame_counts: vec![count(1, 1, 0, 0)],
        span: Some((Nanos::ZERO, Nanos::ZERO)),
        ..head(at, i64::try_from(at).unwrap() * 1000)
    };
    let report = report(&(0..10).map(one).collect::<Vec<_>>());
    assert_eq!(report.totals.covered_ms, 10_000);
    assert_eq!(kinds(&report), [""; 0]);
}

#[test]
fn frames_far_apart_are_no_gaps() {
    // Four frames a second, the last of which is held a little longer.
    let slow =
        |at: u64| Head { frame_counts: vec![count(1, 8, 0, 1750)], ..head(at, i64::try_from(at).unwrap() * 2150) };
    let report = report(&(0..10).map(slow).collect::<Vec<_>>());
    assert_eq!(report.coverage.spans().len(), 1);
}

#[test]
fn very_many_events_are_counted_and_not_kept() {
    let mut reporter = Reporter::new(ReportOptions { max_events: 10, ..ReportOptions::default() });
    let message = "x".repeat(100);
    for at in 0..1000 {
        let exception = ServiceException { code: Some(4000), message: message.clone() };
        reporter.add(&Head { exception: Some(exception), ..Head::empty(at) });
    }
    let report = reporter.finish();
    assert_eq!((report.events.len(), report.event_counts["exception"]), (10, 1000));
}

#[test]
fn two_days_of_fragments_take_few_bins_and_keep_their_sums() {
    let heads = (0..86_400_u64).map(|at| head(at, i64::try_from(at).unwrap() * 2000));
    let mut reporter = Reporter::new(ReportOptions::default());
    heads.for_each(|head| reporter.add(&head));
    let report = reporter.finish();
    assert_eq!((report.bin_ms, report.bins.len()), (600_000, 288));
    assert_eq!(report.bins.iter().map(|bin| bin.tracks[0].bytes).sum::<u64>(), report.tracks[0].bytes);
    assert_eq!((report.coverage.spans().len(), report.days.len()), (1, 2));
    let (width, wide) = report.wider_bins(24);
    assert_eq!((width, wide.len()), (7_200_000, 24));
    assert_eq!(wide.iter().map(|bin| bin.tracks[0].bytes).sum::<u64>(), report.tracks[0].bytes);
}

#[test]
fn times_at_both_ends_of_all_and_of_frames_do_no_harm() {
    let mut heads = vec![head(1, -START_MS), head(2, 0)];
    for (at, (first, last)) in
        [(i64::MIN, i64::MAX), (i64::MAX, i64::MAX), (0, i64::MAX), (i64::MIN, i64::MIN)].into_iter().enumerate()
    {
        let (first, last) = (Nanos(first), Nanos(last));
        let frame_counts = vec![FrameCount { first, last, frames: u64::MAX, bytes: u64::MAX, ..count(1, 1, 0, 0) }];
        heads.push(Head {
            frame_counts,
            producer_timestamp: Some(Timestamp::MAX),
            ..head(3 + u64::try_from(at).unwrap(), 0)
        });
    }
    let report = report(&heads);
    assert!(report.bins.len() <= ReportOptions::default().max_bins);
    assert!(report.days.len() < 110_000);
}

#[test]
fn more_tracks_than_are_told_apart_are_left_out() {
    let many = (0..100).map(|track| count(track, 2, 0, 100)).collect();
    let report = report(&[Head { frame_counts: many, ..head(1, 0) }]);
    assert_eq!((report.tracks.len(), report.totals.frames), (Report::MAX_TRACKS, 200));
}
