//! How long samples of sound last: as long as they are, unless the source's clock says otherwise by more than a millisecond.

use bytes::Bytes;
use fragkit::fragment::AudioClock;
use fragkit::mp4::check::{Part, Summary, check_parts};
use fragkit::{ClipOptions, Clipper, Fragment, Frame, Gaps, Nanos, Run, Timestamp};

use crate::cases::{check_each, durations, presented_ns};
use crate::inputs::{fragments, test_file};
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

/// A day of sound: frame times are those of a clock that is off by `ppm` parts in a million.
struct Day {
    frame: Bytes,
    samples_per_frame: i64,
    rate: i64,
    ppm: i64,
    rounding: Rounding,
}

impl Day {
    /// When a frame begins, by the producer's clock.
    fn time_ms(&self, number: i64) -> i64 {
        let exact = i128::from(number * self.samples_per_frame) * i128::from(1_000_000 + self.ppm) * 1000;
        let unit = i128::from(self.rate) * 1_000_000;
        let half = if matches!(self.rounding, Rounding::Nearest) { unit / 2 } else { 0 };
        i64::try_from((exact + half).div_euclid(unit)).unwrap()
    }

    /// In fragments of ten seconds, in the manner of a model.
    fn fragments(&self, model: &Fragment) -> impl Iterator<Item = Fragment> {
        let mut next = 0;
        (0..DAY_MS / FRAGMENT_MS).map(move |at| {
            let start_ms = self.time_ms(next);
            let mut head = model.head.clone();
            head.number = Some((at as u64 + 1).into());
            head.producer_timestamp = Some(Timestamp::from_millis(1_704_067_200_000 + start_ms));
            let mut frames = Vec::new();
            while self.time_ms(next) < (at + 1) * FRAGMENT_MS {
                frames.push(Frame {
                    time: Nanos::from_millis(self.time_ms(next) - start_ms),
                    duration: None,
                    payload: self.frame.clone(),
                    offset: 0,
                    ..model.frames[0].clone()
                });
                next += 1;
            }
            Fragment { head, frames, places: Vec::new(), pieces: Vec::new() }
        })
    }

    /// All bytes before the payload of a clip that is never written, and how many there would be in all.
    fn head(&self, model: &Fragment, gaps: Gaps) -> (Vec<u8>, u64) {
        let mut clipper = Clipper::new(ClipOptions { gaps, ..ClipOptions::default() });
        self.fragments(model).for_each(|fragment| clipper.add(&fragment));
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

    /// The tables, and the farthest that any frame is from its source's time, in nanoseconds.
    fn tables(&self, model: &Fragment, gaps: Gaps) -> (Summary, i64) {
        let (head, size) = self.head(model, gaps);
        let summary = check_parts(&[Part { offset: 0, bytes: &head }], size).unwrap();
        let presented = presented_ns(&summary, &summary.tracks[0]);
        assert!(self.time_ms(presented.len() as i64) >= DAY_MS);
        let off = (0..).zip(presented).map(|(number, presented)| (presented - self.time_ms(number) * 1_000_000).abs());
        let farthest_ns = off.max().unwrap();
        (summary, farthest_ns)
    }
}

#[test]
fn a_day_of_aac_that_runs_off_its_nominal_rate_stays_with_the_source() {
    let model = &fragments(&test_file("aac-mono.chunks.mkv"))[0];
    let frame = model.frames[0].payload.slice(..2);
    for (ppm, gaps) in [(50, Gaps::Keep), (-50, Gaps::Compact)] {
        let rounding = Rounding::Nearest;
        let day = Day { frame: frame.clone(), samples_per_frame: 1024, rate: 16_000, ppm, rounding };
        let (summary, farthest_ns) = day.tables(model, gaps);
        assert!(farthest_ns <= 1_000_000 + 62_500, "{ppm} ppm: {farthest_ns} ns");
        // 50 ppm of a day are 4.32 s, made up in steps of a millisecond or so.
        let corrections: usize =
            durations(&summary.tracks[0]).iter().filter(|(duration, _)| **duration != 1024).map(|(_, n)| n).sum();
        assert!((1000..=9000).contains(&corrections), "{ppm} ppm: {corrections} corrections");
    }
}

#[test]
fn a_day_of_aac_at_its_nominal_rate_is_not_corrected_once() {
    let model = &fragments(&test_file("aac-stereo.chunks.mkv"))[0];
    let frame = model.frames[0].payload.slice(..2);
    for (rounding, gaps) in [(Rounding::Nearest, Gaps::Compact), (Rounding::Down, Gaps::Keep)] {
        // 21 1/3 ms, so that two of three times are rounded.
        let day = Day { frame: frame.clone(), samples_per_frame: 1024, rate: 48_000, ppm: 0, rounding };
        let (summary, farthest_ns) = day.tables(model, gaps);
        let durations: Vec<u32> = durations(&summary.tracks[0]).into_keys().collect();
        assert_eq!(durations, [1024]);
        assert!(farthest_ns <= 1_000_000, "{farthest_ns} ns");
    }
}

#[test]
fn a_day_of_g711_stays_with_the_source() {
    let model = &fragments(&test_file("alaw.chunks.mkv"))[0];
    // Blocks of a tenth of a second.
    let frame = Bytes::from_static(&[0xd5; 800]);
    let drifting = Day { frame, samples_per_frame: 800, rate: 8000, ppm: 50, rounding: Rounding::Nearest };
    let (summary, farthest_ns) = drifting.tables(model, Gaps::Keep);
    assert!(farthest_ns <= 1_000_000 + 125_000, "{farthest_ns} ns");
    let steps = durations(&summary.tracks[0]);
    assert!(steps.len() > 1 && steps.keys().all(|duration| (780..=820).contains(duration)), "{steps:?}");

    let (head, _) = Day { ppm: 0, ..drifting }.head(model, Gaps::Keep);
    // One run of samples of one tick.
    assert_eq!(readers::mp4_atom_durations(&head), [[(8000 * DAY_MS as usize / 1000, 1)]]);
}
