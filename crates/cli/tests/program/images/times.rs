//! Times at which it is easy to be off by one.

use std::path::PathBuf;

use crate::images::blocks::blocks;
use crate::images::film::{Film, Pick};
use crate::images::frames::faults;
use crate::images::{Shot, all_shots, seconds, shot_at, strangers};
use crate::process::Folder;
use crate::streams::{chunks_of, documents, tag_values, testdata, testdata_bytes};

/// The stream without this one of its documents.
fn without(stream: &[u8], dropped: usize) -> Vec<u8> {
    let documents = documents(stream).into_iter().enumerate().filter(|(at, _)| *at != dropped);
    documents.flat_map(|(_, range)| stream[range].to_vec()).collect()
}

#[track_caller]
fn check(film: &Film, pick: Pick, shots: &[Shot]) {
    let faults = faults(film, pick, shots);
    assert!(faults.is_empty(), "{} of {} pictures\n{}", faults.len(), shots.len(), faults.join("\n"));
}

/// Frames 40 ms apart, B-frames, an open group, and times that are not evenly spaced: each at its time and 1 ms before.
#[test]
fn every_frame_is_shown_from_its_time_on_and_not_a_millisecond_earlier() {
    if !strangers() {
        return;
    }
    for (name, step) in [
        ("h264-high-bframes-aac.chunks.mkv", 40),
        ("h264-high-bframes-aac.mkv", 40),
        ("h264-2997.chunks.mkv", 33),
        ("h264-high-opengop.chunks.mkv", 41),
        ("h265-bframes-aac.chunks.mkv", 40),
        ("h265-main10.chunks.mkv", 41),
    ] {
        let film = Film::of(&testdata(name)).unwrap();
        let (first, last) = film.span();
        let words = "--format png --include-overlap";
        for (start, least) in [(first, film.frames.len() - 10), (first + step - 1, film.frames.len() - 10)] {
            let grid = format!("{words} --every {step}ms --from {} --to {}", seconds(start), seconds(last));
            let shots = all_shots(&film.path, &grid);
            assert!(shots.len() >= least, "{name}: {}", shots.len());
            check(&film, Pick::Exact, &shots);
        }
    }
}

#[test]
fn at_the_border_of_fragments_the_later_one_begins_on_the_millisecond() {
    if !strangers() {
        return;
    }
    for name in ["h264-vfr", "h264-baseline", "h264-main-aac", "h264-high-opengop", "h265-inband", "blockgroups"] {
        for file in [format!("{name}.chunks.mkv"), format!("{name}.mkv")] {
            let film = Film::of(&testdata(&file)).unwrap();
            let borders: Vec<usize> =
                (1..film.frames.len()).filter(|&at| film.frames[at].fragment != film.frames[at - 1].fragment).collect();
            assert!(borders.len() >= 3, "{file}");
            for pick in [Pick::Exact, Pick::Keyframe] {
                let words = format!("--format png --include-overlap {}", pick.words());
                let times = borders.iter().take(2).flat_map(|&at| [-1, 0, 1].map(|add| film.frames[at].time_ms + add));
                let shots: Vec<Shot> = times.map(|time| shot_at(&film.path, &words, time)).collect();
                check(&film, pick, &shots);
            }
        }
    }
}

#[test]
fn of_frames_with_equal_times_the_last_one_is_shown() {
    if !strangers() {
        return;
    }
    let mut stream = testdata_bytes("h264-baseline.chunks.mkv");
    let blocks = blocks(&stream);
    // The second fragment starts with frame 25.
    let (early, late) = (blocks[30].timestamp.clone(), blocks[31].timestamp.clone());
    let time = stream[late].to_vec();
    stream[early].copy_from_slice(&time);
    let folder = Folder::new();
    let film = Film::of(&folder.put("equal.mkv", &stream)).unwrap();
    assert_eq!(film.frames[30].time_ms, film.frames[31].time_ms);
    let start = film.frames[0].time_ms;
    let words = "--format png --include-overlap";
    let shots: Vec<Shot> =
        [1199, 1200, 1239, 1240, 1279, 1280].map(|offset| shot_at(&film.path, words, start + offset)).into();
    assert_eq!(film.at(Pick::Exact, start + 1239), 29);
    assert_eq!(film.at(Pick::Exact, start + 1240), 31);
    check(&film, Pick::Exact, &shots);
}

/// Two streams over the same seconds, the second with greater numbers.
fn twins() -> (Vec<u8>, Vec<u8>) {
    let low = chunks_of("h264-baseline.mkv", "--start 2024-01-01T00:00:00Z --fragment-length 2s");
    let mut high = chunks_of("h264-high-bframes-aac.mkv", "--start 2024-01-01T00:00:00Z --fragment-length 2s");
    for number in tag_values(&high, "FRAGMENT_NUMBER") {
        let greater = format!("99{}", &number[2..]);
        for at in crate::streams::positions(&high, number.as_bytes()) {
            high[at..at + greater.len()].copy_from_slice(greater.as_bytes());
        }
    }
    (low, high)
}

#[test]
fn of_fragments_with_equal_times_the_one_with_the_greatest_number_is_shown() {
    let (low, high) = twins();
    let folder = Folder::new();
    let expected = all_shots(&folder.put("high.mkv", &high), "--every 310ms --to +5.9s");
    assert!(expected.iter().all(|shot| shot.content.is_ok()));
    for (name, stream) in [("low-high.mkv", [&*low, &high].concat()), ("high-low.mkv", [&*high, &low].concat())] {
        assert_eq!(all_shots(&folder.put(name, stream), "--every 310ms --to +5.9s"), expected, "{name}");
    }
}

#[test]
fn a_start_inside_a_fragment_has_no_picture_unless_asked_for() {
    if !strangers() {
        return;
    }
    for name in ["h264-high-bframes-aac.chunks.mkv", "h264-high-bframes-aac.mkv"] {
        let film = Film::of(&testdata(name)).unwrap();
        let start = film.frames[0].time_ms;
        let range =
            format!("--format png --every 250ms --from {} --to {}", seconds(start + 300), seconds(start + 2300));
        let shots = all_shots(&film.path, &range);
        assert_eq!(shots.len(), 9);
        let (lost, kept): (Vec<_>, Vec<_>) = shots.into_iter().partition(|shot| shot.time_ms < start + 1000);
        assert_eq!(lost.len(), 3);
        for shot in &lost {
            let reason = shot.reason("NO_MEDIA");
            assert!(reason.contains("--include-overlap"), "{reason}");
        }
        check(&film, Pick::Exact, &kept);
        let shots = all_shots(&film.path, &format!("{range} --include-overlap"));
        assert_eq!(shots.len(), 9);
        check(&film, Pick::Exact, &shots);
    }
}

#[test]
fn the_last_frame_lasts_as_long_as_a_frame_does() {
    if !strangers() {
        return;
    }
    for name in ["h264-baseline.chunks.mkv", "h264-baseline.mkv", "h264-high-bframes-aac.chunks.mkv"] {
        let film = Film::of(&testdata(name)).unwrap();
        let (first, last) = film.span();
        let words = "--format png --include-overlap";
        let shots: Vec<Shot> = [last - 1, last, last + 39].map(|time| shot_at(&film.path, words, time)).into();
        check(&film, Pick::Exact, &shots);
        for time in [last + 41, last + 1000, last + 1_000_000, first - 1, first - 60_000] {
            // Times before 1970 are not meant.
            if time >= 0 {
                shot_at(&film.path, words, time).reason("NO_MEDIA");
            }
        }
        // Without an end the grid goes as far as the media.
        let shots = all_shots(&film.path, "--format png --every 40ms");
        assert_eq!(shots.len(), film.frames.len(), "{name}");
        check(&film, Pick::Exact, &shots[shots.len() - 3..]);
    }
}

/// Chunks that are not there leave times without pictures, and all others as they are.
#[test]
fn a_gap_has_no_pictures_and_harms_no_others() {
    if !strangers() {
        return;
    }
    for (name, dropped) in [("h264-baseline", 2), ("h265-bframes-aac", 2), ("h264-high-bframes-aac", 3)] {
        let folder = Folder::new();
        let whole = testdata_bytes(&format!("{name}.chunks.mkv"));
        let path: PathBuf = folder.put("gap.mkv", without(&whole, dropped));
        let film = Film::of(&path).unwrap();
        let start = film.frames[0].time_ms;
        let second = |at: usize| start + i64::try_from(at).unwrap() * 1000;
        for pick in [Pick::Exact, Pick::Keyframe] {
            let words = format!("--format png --every 100ms {}", pick.words());
            let shots = all_shots(&path, &format!("{words} --from {} --to +4.5s", seconds(start)));
            let (gap, kept): (Vec<_>, Vec<_>) = shots
                .into_iter()
                .partition(|shot| shot.time_ms >= second(dropped) && shot.time_ms < second(dropped + 1));
            assert_eq!((gap.len(), kept.len()), (10, 36), "{name}");
            for shot in &gap {
                shot.reason("NO_MEDIA");
            }
            check(&film, pick, &kept);
        }
        // The border to the millisecond.
        let words = "--format png --include-overlap";
        for time in [second(dropped), second(dropped) + 1, second(dropped + 1) - 1] {
            shot_at(&path, words, time).reason("NO_MEDIA");
        }
        let shots = [second(dropped) - 1, second(dropped + 1)].map(|time| shot_at(&path, words, time));
        check(&film, Pick::Exact, &shots);
    }
}

/// What leads an open group cannot be decoded when the fragment before is gone.
#[test]
fn leading_pictures_behind_a_gap_are_told_of_and_the_rest_is_shown() {
    if !strangers() {
        return;
    }
    for name in ["h264-high-opengop", "h265-main10"] {
        let whole = Film::of(&testdata(&format!("{name}.chunks.mkv"))).unwrap();
        let folder = Folder::new();
        let path = folder.put("gap.mkv", without(&testdata_bytes(&format!("{name}.chunks.mkv")), 1));
        let start = whole.frames[0].time_ms;
        let behind: Vec<_> = whole.frames.iter().filter(|frame| frame.fragment == 2).collect();
        let key = behind.iter().find(|frame| frame.key).unwrap().time_ms;
        assert!(key > behind[0].time_ms, "{name} has pictures that lead");
        let range = format!("--format png --include-overlap --every 20ms --from {}", seconds(start));
        let shots = all_shots(&path, &format!("{range} --to {}", seconds(start + 2900)));
        let (leading, rest): (Vec<_>, Vec<_>) = shots
            .into_iter()
            .filter(|shot| shot.time_ms < start + 800 || shot.time_ms >= behind[0].time_ms)
            .partition(|shot| shot.time_ms >= behind[0].time_ms && shot.time_ms < key);
        assert!(!leading.is_empty());
        for shot in &leading {
            shot.reason("MEDIA_ERROR");
        }
        check(&whole, Pick::Exact, &rest);
    }
}

#[test]
fn sound_alone_is_media_that_cannot_be_shown() {
    for name in ["aac-mono.chunks.mkv", "aac-mono.mkv", "alaw.chunks.mkv", "lacing.mkv"] {
        let shots = all_shots(&testdata(name), "--every 1s");
        assert!(shots.len() >= 4, "{name}");
        for shot in &shots {
            let reason = shot.reason("MEDIA_ERROR");
            assert!(reason.contains("video"), "{reason}");
        }
    }
}

#[test]
fn a_stream_of_which_some_fragments_have_sound_alone_has_pictures_where_there_are_any() {
    if !strangers() {
        return;
    }
    let stream = [
        testdata_bytes("h264-baseline.chunks.mkv"),
        chunks_of("aac-mono.mkv", "--start 2024-01-01T00:00:06Z --fragment-length 1s"),
    ]
    .concat();
    let folder = Folder::new();
    let path = folder.put("stream.mkv", stream);
    let film = Film::of(&testdata("h264-baseline.chunks.mkv")).unwrap();
    let shots = all_shots(&path, "--format png --every 500ms");
    let (pictures, sound): (Vec<_>, Vec<_>) =
        shots.into_iter().partition(|shot| shot.time_ms < film.frames[0].time_ms + 6000);
    assert_eq!(pictures.len(), 12);
    check(&film, Pick::Exact, &pictures);
    assert!(sound.len() >= 11);
    sound.iter().for_each(|shot| assert!(shot.reason("MEDIA_ERROR").contains("sound")));
}
