//! How long samples of sound last: as long as they are, unless the source's clock says otherwise by more than a millisecond.

use bytes::Bytes;
use fragkit::fragment::AudioClock;
use fragkit::mp4::check::{Part, Summary, check_parts};
use fragkit::{ClipOptions, Clipper, Fragment, Frame, Gaps, Nanos, Run, Timestamp};

use crate::cases::{check_each, durations, presented_ns};
use crate::inputs::{Media, fragments, test_file};
use crate::readers;

#[test]
fn a_frame_of_aac_lasts_as_long_as_its_samples_unless_a_correction_is_needed() {
    let mut seen = 0;
    check_each(|input, case| {
        for (track, found) in input.media.tracks.iter().zip(&case.summary.tracks) {
            let Some(AudioClock::PerFrame { sampling_frequency, samples_per_frame }) = track.clock else { continue };
            seen += 1;
            let doubled = sampling_frequency != track.coded_frequency;
            if samples_per_frame != if doubled { 2048 } else { 1024 } {
                return Err(format!("{samples_per_frame} samples a frame"));
            }
            if case.gaps != Gaps::Keep {
                continue;
            }
            let times = track.times_ns(&input.media);
            let presented = presented_ns(&case.summary, found);
            for (number, sample) in found.samples().enumerate().take(times.len() - 1) {
                let nominal_ns = i64::from(samples_per_frame) * 1_000_000_000 / i64::from(sampling_frequency);
                let off_ns = (presented[number] + nominal_ns - times[number + 1]).abs();
                // A tick less than a millisecond, for what rounding to ticks hides.
                let tick_ns = 1_000_000_000 / i64::from(sampling_frequency);
                if sample.duration != samples_per_frame && off_ns < input.media.tolerance_ns - tick_ns {
                    return Err(format!("frame {number} is corrected to {} for {off_ns} ns", sample.duration));
                }
            }
        }
        Ok(())
    });
    assert!(seen > 50 || !crate::programs::available(), "{seen}");
}

#[test]
fn regular_g711_is_one_run_of_samples() {
    let mut seen = 0;
    check_each(|input, case| {
        for (track, found) in input.media.tracks.iter().zip(readers::mp4_atom_durations(&case.bytes)) {
            if track.codec.is_g711() {
                seen += 1;
                let bytes: usize = track.frames.iter().map(|frame| frame.payload.len()).sum();
                let expected = [(bytes / usize::from(track.channels), 1)];
                if found != expected {
                    return Err(format!("durations {found:?} where {expected:?} is expected"));
                }
            }
        }
        Ok(())
    });
    assert!(seen >= 16 || !crate::programs::available(), "{seen}");
}

const DAY_MS: i64 = 86_400_000;
const FRAGMENT_MS: i64 = 10_000;

/// How a producer turns its clock into milliseconds.
#[derive(Clone, Copy)]
enum Rounding {
    Nearest,
    Down,
}

/// A day of sound in fragments of ten seconds: frame times are those of a clock that is off by `ppm` parts in a million.
fn day(
    model: &Fragment,
    frame: &Bytes,
    samples_per_frame: i64,
    rate: i64,
    ppm: i64,
    rounding: Rounding,
) -> Vec<Fragment> {
    let base_ms = 1_704_067_200_000;
    let mut day: Vec<Fragment> = Vec::new();
    for number in 0.. {
        let exact = i128::from(number * samples_per_frame) * i128::from(1_000_000 + ppm) * 1000;
        let unit = i128::from(rate) * 1_000_000;
        let half = if matches!(rounding, Rounding::Nearest) { unit / 2 } else { 0 };
        let time_ms = i64::try_from((exact + half).div_euclid(unit)).unwrap();
        if time_ms >= DAY_MS {
            break;
        }
        let at = day.len() as i64;
        if time_ms >= at * FRAGMENT_MS {
            let mut head = model.head.clone();
            head.number = Some((at as u64 + 1).into());
            head.producer_timestamp = Some(Timestamp::from_millis(base_ms + time_ms));
            day.push(Fragment { head, frames: Vec::new() });
        }
        let fragment = day.last_mut().unwrap();
        let start_ms = fragment.head.producer_timestamp.unwrap().as_millis() - base_ms;
        fragment.frames.push(Frame {
            time: Nanos::from_millis(time_ms - start_ms),
            duration: None,
            payload: frame.clone(),
            offset: 0,
            ..model.frames[0].clone()
        });
    }
    assert_eq!(day.len() as i64, DAY_MS / FRAGMENT_MS);
    day
}

/// The tables of a clip that is never written.
fn tables(fragments: &[Fragment], gaps: Gaps) -> Summary {
    let (head, size) = head(fragments, gaps);
    check_parts(&[Part { offset: 0, bytes: &head }], size).unwrap()
}

/// All bytes before the payload, and how many there are in all.
fn head(fragments: &[Fragment], gaps: Gaps) -> (Vec<u8>, u64) {
    let mut clipper = Clipper::new(ClipOptions { gaps, ..ClipOptions::default() });
    fragments.iter().for_each(|fragment| clipper.add(fragment));
    let clips = clipper.clips().unwrap();
    let mut head = Vec::new();
    let taken = clips[0].runs(|run| match run {
        Run::Bytes(bytes) if head.is_empty() => {
            head = bytes.to_vec();
            Ok(())
        }
        _ => Err(()),
    });
    assert_eq!(taken, Err(()));
    (head, clips[0].size())
}

/// The farthest that any frame is from its source's time, in nanoseconds; `per_frame` samples of the table are one frame.
fn farthest_ns(day: &[Fragment], summary: &Summary, per_frame: usize) -> i64 {
    let media = Media::of(day);
    let times = media.tracks[0].times_ns(&media);
    let presented: Vec<i64> = presented_ns(summary, &summary.tracks[0]).into_iter().step_by(per_frame).collect();
    assert_eq!(presented.len(), times.len());
    times.iter().zip(&presented).map(|(time, presented)| (time - presented).abs()).max().unwrap()
}

#[test]
fn a_day_of_aac_that_runs_off_its_nominal_rate_stays_with_the_source() {
    let model = &fragments(&test_file("aac-mono.chunks.mkv"))[0];
    let frame = model.frames[0].payload.slice(..2);
    for (ppm, gaps) in [(50, Gaps::Keep), (-50, Gaps::Compact)] {
        let day = day(model, &frame, 1024, 16_000, ppm, Rounding::Nearest);
        let summary = tables(&day, gaps);
        let farthest = farthest_ns(&day, &summary, 1);
        assert!(farthest <= 1_000_000 + 62_500, "{ppm} ppm: {farthest} ns");
        // 50 ppm of a day are 4.32 s, made up in steps of a millisecond or so.
        let corrections: usize =
            durations(&summary.tracks[0]).iter().filter(|(duration, _)| **duration != 1024).map(|(_, n)| n).sum();
        assert!((1000..=9000).contains(&corrections), "{ppm} ppm: {corrections} corrections");
    }
}

#[test]
fn a_day_of_aac_at_its_nominal_rate_is_not_corrected_once() {
    let model = &fragments(&test_file("aac-mono.chunks.mkv"))[0];
    let frame = model.frames[0].payload.slice(..2);
    for (rounding, gaps) in [(Rounding::Nearest, Gaps::Compact), (Rounding::Down, Gaps::Keep)] {
        let day = day(model, &frame, 1024, 16_000, 0, rounding);
        let summary = tables(&day, gaps);
        let durations: Vec<u32> = durations(&summary.tracks[0]).into_keys().collect();
        assert_eq!(durations, [1024]);
        assert!(farthest_ns(&day, &summary, 1) <= 1_000_000);
    }
}

#[test]
fn a_day_of_g711_stays_with_the_source() {
    let model = &fragments(&test_file("alaw.chunks.mkv"))[0];
    // Blocks of a tenth of a second.
    let block = Bytes::from_static(&[0xd5; 800]);
    let drifting = day(model, &block, 800, 8000, 50, Rounding::Nearest);
    let summary = tables(&drifting, Gaps::Keep);
    let farthest = farthest_ns(&drifting, &summary, 1);
    assert!(farthest <= 1_000_000 + 125_000, "{farthest} ns");
    let steps = durations(&summary.tracks[0]);
    assert!(steps.len() > 1 && steps.keys().all(|duration| (780..=820).contains(duration)), "{steps:?}");

    let exact = day(model, &block, 800, 8000, 0, Rounding::Nearest);
    let (head, _) = head(&exact, Gaps::Keep);
    // One run of samples of one tick.
    assert_eq!(readers::mp4_atom_durations(&head), [[(8000 * DAY_MS as usize / 1000, 1)]]);
}
