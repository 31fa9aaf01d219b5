//! Each frame is presented when the source says: producer time plus relative time, less that of the first frame.

use std::collections::BTreeMap;

use fragkit::mp4::{Edit, check};
use fragkit::{ClipOptions, Gaps, Timestamp};

use crate::cases::{Case, Input, check_each, clip, nanos, packets, presented_ns};
use crate::inputs::{Media, MediaTrack, fragments, test_file};

#[test]
fn in_keep_mode_the_tables_present_every_frame_at_its_time() {
    check_each(|input, case| {
        if case.gaps != Gaps::Keep {
            return Ok(());
        }
        for (track, found) in input.media.tracks.iter().zip(&case.summary.tracks) {
            let starts = frame_times(track, &presented_ns(&case.summary, found))?;
            close(&input.media, track, &starts, 1)?;
        }
        Ok(())
    });
}

#[test]
fn in_keep_mode_ffprobe_presents_every_frame_at_its_time() {
    check_each(|input, case| {
        if case.gaps != Gaps::Keep {
            return Ok(());
        }
        for (at, track) in input.media.tracks.iter().enumerate() {
            // G.711 has no frames; ffprobe makes packets as it likes.
            if !track.codec.is_g711() {
                let found: Vec<i64> = case.packets(at).map(|packet| nanos(&packet["pts_time"])).collect();
                // ffprobe prints six decimals.
                close(&input.media, track, &found, 1000)?;
            }
        }
        Ok(())
    });
}

#[test]
fn in_keep_mode_ffprobe_sees_the_times_that_it_sees_in_the_ordinary_file() {
    check_each(|input, case| {
        if case.gaps != Gaps::Keep || !input.path.starts_with(crate::inputs::testdata()) {
            return Ok(());
        }
        if input.name.contains(".chunks.") {
            return Ok(());
        }
        let source = crate::programs::ffprobe(&input.path);
        let times =
            |ffprobe, at| -> Vec<i64> { packets(ffprobe, at).map(|packet| nanos(&packet["pts_time"])).collect() };
        let start = (0..input.media.tracks.len()).flat_map(|at| times(&source, at)).min().unwrap();
        for (at, track) in input.media.tracks.iter().enumerate().filter(|(_, track)| !track.codec.is_g711()) {
            let (found, expected) = (times(&case.ffprobe, at), times(&source, at));
            if found.len() != expected.len() {
                return Err(format!("stream {at}: {} packets of {}", found.len(), expected.len()));
            }
            for (number, (found, expected)) in found.iter().zip(&expected).enumerate() {
                // Within a block of several frames ffprobe guesses; its guess is off by as much as the block's time is rounded.
                let off = (found - (expected - start)).abs();
                if off > input.media.tolerance_ns + 1000 {
                    return Err(format!("{:?} packet {number} is off by {off} ns", track.codec));
                }
            }
        }
        Ok(())
    });
}

#[test]
fn in_compact_mode_frames_of_a_fragment_are_as_far_apart_as_in_the_source() {
    check_each(|input, case| {
        if case.gaps != Gaps::Compact {
            return Ok(());
        }
        // How far each fragment was moved, which is the same for all its tracks.
        let mut moved: BTreeMap<usize, (i64, i64)> = BTreeMap::new();
        for (track, found) in input.media.tracks.iter().zip(&case.summary.tracks) {
            let starts = frame_times(track, &presented_ns(&case.summary, found))?;
            for ((frame, expected), found) in track.frames.iter().zip(track.times_ns(&input.media)).zip(starts) {
                let by = expected - found;
                let (least, most) = moved.entry(frame.fragment).or_insert((by, by));
                (*least, *most) = ((*least).min(by), (*most).max(by));
            }
        }
        for (fragment, (least, most)) in moved {
            if most - least > 2 * input.media.tolerance_ns {
                return Err(format!("frames of fragment {fragment} are moved by {least} to {most} ns"));
            }
        }
        Ok(())
    });
}

#[test]
fn in_compact_mode_no_gap_is_left_between_fragments() {
    check_each(|input, case| {
        if case.gaps != Gaps::Compact {
            return Ok(());
        }
        let steps = |times: &[i64]| -> Vec<i64> {
            let mut times = times.to_vec();
            times.sort_unstable();
            times.windows(2).map(|pair| pair[1] - pair[0]).collect()
        };
        // The track with the most frames has none that is much longer than those within fragments.
        let fullest = input.media.tracks.iter().zip(&case.summary.tracks);
        let (track, found) = fullest.max_by_key(|(track, _)| track.frames.len()).unwrap();
        let found = frame_times(track, &presented_ns(&case.summary, found))?;
        let last = track.frames.last().unwrap().fragment;
        let within = (0..=last).flat_map(|fragment| {
            let of_fragment = track.frames.iter().filter(|frame| frame.fragment == fragment);
            steps(&of_fragment.map(|frame| frame.time_ns).collect::<Vec<_>>())
        });
        let (longest, allowed) = (steps(&found).into_iter().max().unwrap(), within.max().unwrap() + 52_000_000);
        if longest > allowed { Err(format!("a step of {longest} ns where {allowed} are allowed")) } else { Ok(()) }
    });
}

#[test]
fn sound_and_picture_start_as_far_apart_as_in_the_source() {
    let mut compared = 0;
    check_each(|input, case| {
        let first = |video: bool| {
            let track = input.media.tracks.iter().position(|track| track.codec.is_video() == video)?;
            // The earliest of the first fragment: in compact mode a later one may have been moved.
            let frames = input.media.tracks[track].frames.iter();
            let expected = frames.filter(|frame| frame.fragment == 0).map(|frame| frame.time_ns).min()?;
            let found = presented_ns(&case.summary, &case.summary.tracks[track]).into_iter().min()?;
            let seen = case.packets(track).map(|packet| nanos(&packet["pts_time"])).min()?;
            Some((expected, found, seen))
        };
        let (Some(video), Some(audio)) = (first(true), first(false)) else { return Ok(()) };
        compared += 1;
        let (expected, found, seen) = (audio.0 - video.0, audio.1 - video.1, audio.2 - video.2);
        if (expected - found).abs() > 1_000_000 || (expected - seen).abs() > 1_001_000 {
            return Err(format!("{expected} ns in the source, {found} in the tables, {seen} in ffprobe"));
        }
        Ok(())
    });
    assert!(compared > 10 || !crate::programs::available(), "{compared}");
}

#[test]
fn decode_times_increase_and_no_picture_is_presented_before_it_is_decoded() {
    let mut reordered = 0;
    check_each(|input, case| {
        for (track, found) in input.media.tracks.iter().zip(&case.summary.tracks) {
            if !track.codec.is_video() {
                continue;
            }
            let samples: Vec<_> = found.samples().collect();
            if samples.iter().any(|sample| sample.composition_offset < 0 || sample.duration == 0) {
                return Err("a composition offset is negative or a duration is zero".into());
            }
            let offsets: i64 = samples.iter().map(|sample| i64::from(sample.composition_offset)).sum();
            let has_b_frames = track.times_ns(&input.media).windows(2).any(|pair| pair[1] < pair[0]);
            reordered += usize::from(has_b_frames);
            if has_b_frames == (offsets == 0) {
                return Err(format!("B-frames: {has_b_frames}, composition offsets sum to {offsets}"));
            }
        }
        Ok(())
    });
    check_each(dts_increase);
    assert!(reordered > 10 || !crate::programs::available(), "{reordered}");
}

fn dts_increase(input: &Input, case: &Case) -> Result<(), String> {
    for (at, track) in input.media.tracks.iter().enumerate() {
        let ticks =
            |name: &str| -> Vec<i64> { case.packets(at).map(|packet| packet[name].as_i64().unwrap()).collect() };
        let (dts, pts) = (ticks("dts"), ticks("pts"));
        if dts.windows(2).any(|pair| pair[1] <= pair[0]) || dts.iter().zip(&pts).any(|(dts, pts)| pts < dts) {
            return Err(format!("stream {at}: ffprobe sees decode times go back, or a picture before its decode time"));
        }
        let order = |times: &[i64]| -> Vec<usize> {
            let mut order: Vec<usize> = (0..times.len()).collect();
            order.sort_by_key(|&at| times[at]);
            order
        };
        if track.codec.is_video() && order(&pts) != order(&track.times_ns(&input.media)) {
            return Err(format!("stream {at}: pictures are presented in another order"));
        }
    }
    Ok(())
}

#[test]
fn the_edit_list_starts_at_the_first_picture_and_shows_all_that_follow() {
    check_each(|input, case| {
        for (at, found) in case.summary.tracks.iter().enumerate() {
            let mut decode = 0;
            let composed: Vec<(i64, i64)> = found
                .samples()
                .map(|sample| {
                    let start = decode + i64::from(sample.composition_offset);
                    decode += i64::from(sample.duration);
                    (start, start + i64::from(sample.duration))
                })
                .collect();
            let first = composed.iter().map(|(start, _)| *start).min().unwrap();
            let end = composed.iter().map(|(_, end)| *end).max().unwrap();
            let (media_time, duration) = match found.edits.last() {
                Some(Edit::Media { media_time, duration }) => (*media_time as i64, Some(*duration)),
                _ => (0, None),
            };
            if media_time != first {
                return Err(format!("stream {at}: the edit starts at {media_time}, the first picture at {first}"));
            }
            let shown = (end - first) as f64 / f64::from(found.timescale);
            let ticks = f64::from(case.summary.timescale);
            if duration.is_some_and(|duration| (duration as f64 / ticks - shown).abs() > 1.0 / ticks) {
                return Err(format!("stream {at}: the edit lasts {duration:?} ticks, the media {shown} s"));
            }
            let discarded = case.packets(at).filter(|packet| packet["flags"].as_str().unwrap().contains('D')).count();
            if discarded > 0 {
                return Err(format!("{}: ffprobe discards {discarded} packets of stream {at}", input.name));
            }
        }
        Ok(())
    });
}

#[test]
fn tracks_last_as_long_as_in_the_source() {
    check_each(|input, case| {
        if case.gaps != Gaps::Keep {
            return Ok(());
        }
        for (track, found) in input.media.tracks.iter().zip(&case.summary.tracks) {
            let mut times = track.times_ns(&input.media);
            times.sort_unstable();
            let (first, last) = (times[0], times[times.len() - 1]);
            let step = times.windows(2).map(|pair| pair[1] - pair[0]).max().unwrap();
            let own = (found.media_duration as f64 / f64::from(found.timescale) * 1e9) as i64 - (last - first);
            let (least, most) = match track.clock {
                Some(clock) => {
                    let bytes = track.frames[track.frames.len() - 1].payload.len() as u32;
                    let samples = i64::from(clock.samples(bytes));
                    let exact = samples * 1_000_000_000 / i64::from(clock.sampling_frequency());
                    (exact, exact)
                }
                // How long the last picture lasts is not known; not longer than the longest.
                None => (1_000_000, step),
            };
            if own < least - input.media.tolerance_ns || own > most + input.media.tolerance_ns {
                return Err(format!("{:?}: the last frame lasts {own} ns, not {least} to {most}", track.codec));
            }
        }
        Ok(())
    });
}

/// When each frame of the source starts. The samples of G.711 are those of sound, many in a frame.
pub(crate) fn frame_times(track: &MediaTrack, presented_ns: &[i64]) -> Result<Vec<i64>, String> {
    if !track.codec.is_g711() || presented_ns.len() == track.frames.len() {
        return Ok(presented_ns.to_vec());
    }
    let counts = track.frames.iter().map(|frame| frame.payload.len() / usize::from(track.channels));
    let mut next = 0;
    let starts: Option<Vec<i64>> = counts
        .map(|count| {
            let start = presented_ns.get(next).copied();
            next += count;
            start
        })
        .collect();
    if next != presented_ns.len() {
        return Err(format!("{} samples of sound, {next} in the source", presented_ns.len()));
    }
    starts.ok_or_else(|| "samples of sound are missing".into())
}

fn close(media: &Media, track: &MediaTrack, found_ns: &[i64], rounding_ns: i64) -> Result<(), String> {
    let expected = track.times_ns(media);
    if found_ns.len() != expected.len() {
        return Err(format!("{:?}: {} frames of {}", track.codec, found_ns.len(), expected.len()));
    }
    for (number, (found, expected)) in found_ns.iter().zip(&expected).enumerate() {
        let off = (found - expected).abs();
        if off > 1_000_000 + rounding_ns {
            return Err(format!("{:?} frame {number} is off by {off} ns: {found} for {expected}", track.codec));
        }
    }
    Ok(())
}

/// A file of six fragments without its third, and the presentation times of the first picture and the first sound of each
/// fragment that is left, in milliseconds.
fn starts_without_the_third(gaps: Gaps) -> Vec<[i64; 2]> {
    let source = test_file("h264-main-aac.chunks.mkv");
    let mut fragments = fragments(&source);
    assert_eq!(fragments.len(), 6);
    fragments.remove(2);
    let file = clip(&source, &fragments, ClipOptions { gaps, ..ClipOptions::default() }).unwrap();
    if crate::programs::available() {
        assert_eq!(crate::programs::complaints(crate::cases::temporary(&file).path()), "");
    }
    let (summary, media) = (check::check(&file).unwrap(), Media::of(&fragments));
    let starts = |fragment| {
        [0, 1].map(|at| {
            let frames = media.tracks[at].frames.iter().zip(presented_ns(&summary, &summary.tracks[at]));
            let of_fragment = frames.filter(|(frame, _)| frame.fragment == fragment);
            (of_fragment.map(|(_, time)| time).min().unwrap() + 500_000) / 1_000_000
        })
    };
    (0..fragments.len()).map(starts).collect()
}

#[test]
fn a_missing_fragment_leaves_a_gap_in_keep_mode_and_none_in_compact_mode() {
    let (kept, closed) = (starts_without_the_third(Gaps::Keep), starts_without_the_third(Gaps::Compact));
    assert_eq!(closed[..2], kept[..2]);
    let video = |starts: &[[i64; 2]]| starts.iter().map(|[video, _]| *video).collect::<Vec<_>>();
    assert_eq!(video(&kept), [21, 1021, 3021, 4021, 5021]);
    // Sound of the second fragment reaches over its pictures, so the gap is not closed to the millisecond.
    for (at, (kept, closed)) in kept.iter().zip(&closed).enumerate().skip(2) {
        let moved = kept[0] - closed[0];
        assert!((950..=1050).contains(&moved), "fragment {at} is moved by {moved} ms");
        assert!(((kept[1] - kept[0]) - (closed[1] - closed[0])).abs() <= 2, "fragment {at}: {kept:?} {closed:?}");
    }
}

#[test]
fn fragments_that_overlap_are_moved_apart_in_compact_mode_and_play_in_keep_mode() {
    let source = test_file("h264-high-bframes-aac.chunks.mkv");
    let mut fragments = fragments(&source);
    let shift_ms = 400;
    for fragment in &mut fragments[3..] {
        let start = fragment.head.producer_timestamp.unwrap().as_millis();
        fragment.head.producer_timestamp = Some(Timestamp::from_millis(start - shift_ms));
    }
    let media = Media::of(&fragments);
    for gaps in [Gaps::Keep, Gaps::Compact] {
        let file = clip(&source, &fragments, ClipOptions { gaps, ..ClipOptions::default() }).unwrap();
        let summary = check::check(&file).unwrap();
        let presented = presented_ns(&summary, &summary.tracks[0]);
        for ((frame, time), found) in media.tracks[0].frames.iter().zip(media.tracks[0].times_ns(&media)).zip(presented)
        {
            let moved_ms = if gaps == Gaps::Compact && frame.fragment >= 3 { shift_ms } else { 0 };
            let off = (found - time - moved_ms * 1_000_000).abs();
            assert!(off <= 50_000_000 * i64::from(moved_ms > 0) + 1_000_000, "{gaps:?}: {found} for {time}");
        }
        let samples: Vec<_> = summary.tracks[0].samples().collect();
        assert!(samples.iter().all(|sample| sample.duration > 0), "{gaps:?}");
        if gaps == Gaps::Compact {
            assert!(samples.iter().all(|sample| sample.composition_offset >= 0));
        }
        // With wall-clock times the presentation itself goes back, of which ffmpeg complains with reason.
        if crate::programs::available() {
            let file = crate::cases::temporary(&file);
            let decoded = crate::programs::decoded(file.path(), None, media.streams());
            assert_eq!(decoded[0].len(), media.tracks[0].frames.len(), "{gaps:?}");
            if gaps == Gaps::Compact {
                assert_eq!(crate::programs::complaints(file.path()), "");
            }
        }
    }
}
