//! Which fragments make the clip, and what the service's limits do to it.

use fragkit::mp4::check;
use fragkit::{
    ClipErrorKind, ClipOptions, Clipper, Fragment, Selector, ServiceLimits, Severity, Source, Timestamp, TimestampType,
};

use crate::cases::{clip, payload};
use crate::inputs::{fragments, test_file};

/// Six fragments of a second.
const FILE: &str = "h264-baseline.chunks.mkv";

/// Indices of the fragments whose frames are in the clip.
fn selected(source: &Source, options: ClipOptions) -> Vec<usize> {
    let fragments = fragments(source);
    let file = clip(source, &fragments, options).unwrap();
    let summary = check::check(&file).unwrap();
    let mut samples = summary.tracks[0].samples().peekable();
    let mut found = Vec::new();
    for (at, fragment) in fragments.iter().enumerate() {
        let Some(first) = samples.peek() else { break };
        if payload(&file, first) == &fragment.frames[0].payload[..] {
            for frame in &fragment.frames {
                assert_eq!(payload(&file, &samples.next().unwrap()), &frame.payload[..]);
            }
            found.push(at);
        }
    }
    assert_eq!(samples.count(), 0);
    found
}

fn at(source: &Source, fragment: usize, add_ms: i64) -> Option<Timestamp> {
    let start = fragments(source)[fragment].head.producer_timestamp.unwrap();
    Some(Timestamp::from_millis(start.as_millis() + add_ms))
}

#[test]
fn fragments_that_start_within_the_range_are_taken_both_ends_included() {
    let source = test_file(FILE);
    let take = |from: Option<Timestamp>, to: Option<Timestamp>| {
        selected(
            &source,
            ClipOptions { selector: Selector { from, to, ..Selector::default() }, ..ClipOptions::default() },
        )
    };
    assert_eq!(take(None, None), [0, 1, 2, 3, 4, 5]);
    assert_eq!(take(at(&source, 1, 0), at(&source, 3, 0)), [1, 2, 3]);
    assert_eq!(take(at(&source, 1, 1), at(&source, 3, -1)), [2]);
    assert_eq!(take(at(&source, 4, 0), None), [4, 5]);
    assert_eq!(take(None, at(&source, 0, 0)), [0]);
}

#[test]
fn the_fragment_that_reaches_over_the_start_is_taken_if_asked_for() {
    let source = test_file(FILE);
    let range = Selector { from: at(&source, 1, 500), to: at(&source, 3, 0), ..Selector::default() };
    let options = |selector| ClipOptions { selector, ..ClipOptions::default() };
    assert_eq!(selected(&source, options(range.clone())), [2, 3]);
    assert_eq!(selected(&source, options(Selector { include_overlap: true, ..range })), [1, 2, 3]);
}

#[test]
fn the_time_of_the_server_counts_if_asked_for() {
    let source = test_file(FILE);
    let server = |fragment: usize| fragments(&source)[fragment].head.server_timestamp;
    assert_ne!(server(2), at(&source, 2, 0));
    let by_server = Selector { by: TimestampType::Server, from: server(2), to: server(3), ..Selector::default() };
    let options = |selector| ClipOptions { selector, ..ClipOptions::default() };
    assert_eq!(selected(&source, options(by_server.clone())), [2, 3]);
    let by_producer = Selector { by: TimestampType::Producer, ..by_server };
    assert_eq!(selected(&source, options(by_producer)), [3]);
}

#[test]
fn nothing_selected_is_an_error_that_says_how_to_go_on() {
    let source = test_file(FILE);
    let selector = Selector { from: at(&source, 5, 5000), ..Selector::default() };
    let options = ClipOptions { selector, ..ClipOptions::default() };
    let error = clip(&source, &fragments(&source), options).unwrap_err();
    assert_eq!((error.kind(), error.exception()), (ClipErrorKind::NothingSelected, Some("ResourceNotFoundException")));
    assert!(error.hint_text().unwrap().contains("--include-overlap"), "{error}");
}

/// As many fragments as wanted, a second each, of one.
fn many(source: &Source, count: u64, size: Option<u64>) -> Vec<Fragment> {
    let model = &fragments(source)[0];
    let start = model.head.producer_timestamp.unwrap().as_millis();
    let fragment = |number: u64| {
        let mut fragment = model.clone();
        fragment.head.number = Some(number.into());
        fragment.head.producer_timestamp = Some(Timestamp::from_millis(start + 1000 * number as i64));
        fragment.head.size = size.unwrap_or(fragment.head.size);
        fragment
    };
    (1..=count).map(fragment).collect()
}

/// How many fragments a clip holds and how many were cut off, and that this is told.
fn limited(fragments: &[Fragment], limits: ServiceLimits) -> (usize, usize) {
    let mut clipper = Clipper::new(ClipOptions { limits, ..ClipOptions::default() });
    fragments.iter().for_each(|fragment| clipper.add(fragment));
    let clips = clipper.clips().unwrap();
    let summary = clips[0].summary();
    match summary.finding() {
        Some(finding) => {
            assert_eq!(finding.severity, Severity::Warning);
            assert!(finding.message.contains(&format!("the last {} selected", summary.truncated)), "{finding}");
        }
        None => assert_eq!(summary.truncated, 0),
    }
    (summary.fragments, summary.truncated)
}

#[test]
fn the_service_cuts_off_behind_200_fragments_and_that_is_told() {
    let source = test_file(FILE);
    assert_eq!(limited(&many(&source, 203, None), ServiceLimits::current()), (200, 3));
    assert_eq!(limited(&many(&source, 200, None), ServiceLimits::current()), (200, 0));
    assert_eq!(limited(&many(&source, 203, None), ServiceLimits::unlimited()), (203, 0));
}

#[test]
fn the_service_cuts_off_before_it_passes_100_megabytes_and_that_is_told() {
    let source = test_file(FILE);
    assert_eq!(limited(&many(&source, 150, Some(1_000_000)), ServiceLimits::current()), (100, 50));
    assert_eq!(limited(&many(&source, 150, Some(1_000_001)), ServiceLimits::current()), (99, 51));
    assert_eq!(limited(&many(&source, 150, Some(1_000_001)), ServiceLimits::unlimited()), (150, 0));
}

#[test]
fn a_first_fragment_beyond_the_limit_is_an_error_that_says_so() {
    let source = test_file(FILE);
    let options = ClipOptions { limits: ServiceLimits::current(), ..ClipOptions::default() };
    let error = clip(&source, &many(&source, 2, Some(100_000_001)), options).unwrap_err();
    assert_eq!(error.kind(), ClipErrorKind::NothingSelected);
    assert!(error.to_string().contains("the first fragment alone passes the limit on bytes"), "{error}");
}

#[test]
fn the_service_takes_neither_mu_law_nor_sound_alone() {
    for (name, reason) in [
        ("h264-ulaw.chunks.mkv", "A-law into a clip, not mu-law"),
        ("ulaw.chunks.mkv", "no clip of audio alone"),
        ("aac-mono.chunks.mkv", "no clip of audio alone"),
    ] {
        let source = test_file(name);
        let options = |limits| ClipOptions { limits, ..ClipOptions::default() };
        let fragments = fragments(&source);
        let error = clip(&source, &fragments, options(ServiceLimits::current())).unwrap_err();
        assert_eq!(error.kind(), ClipErrorKind::UnsupportedMedia, "{name}");
        assert_eq!(error.exception(), Some("UnsupportedStreamMediaTypeException"), "{name}");
        assert!(error.to_string().contains(reason), "{name}: {error}");
        assert!(error.hint_text().unwrap().contains("--limits unlimited"), "{name}: {error}");
        assert!(clip(&source, &fragments, options(ServiceLimits::unlimited())).is_ok(), "{name}");
    }
    for name in ["h264-alaw.chunks.mkv", "h265-bframes-aac.chunks.mkv"] {
        let source = test_file(name);
        let options = ClipOptions { limits: ServiceLimits::current(), ..ClipOptions::default() };
        assert!(clip(&source, &fragments(&source), options).is_ok(), "{name}");
    }
}
