//! The sound of one track, laid out by wall-clock time: which samples of which fragments, and how much silence between them.

use std::ops::Range;

use fragkit_fragment::{AudioClock, Nanos};

/// What follows what, in one track.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Piece {
    /// The frames of the track among these samples of a fragment.
    Frames { fragment: usize, samples: Range<usize> },
    /// One frame without so many of its first samples.
    Part { fragment: usize, sample: usize, skip: u64 },
    /// So many samples of nothing.
    Silence(u64),
}

/// Puts the frames of one track where they belong.
///
/// Frames follow each other as long as their times are about where the samples before them end: times are rounded, clocks drift, and
/// sound is not cut up for that. Where a frame comes later than that by more than half its length, silence goes before it. Where it comes
/// earlier by more than a tenth of a second, its time is covered already: what overlaps is left out.
#[derive(Debug)]
pub(crate) struct Aligner {
    clock: AudioClock,
    origin: Nanos,
    /// Samples that came out so far.
    pub(crate) samples: u64,
    pub(crate) pieces: Vec<Piece>,
    /// Samples of silence, samples that were left out, and stretches of both.
    pub(crate) silence: u64,
    pub(crate) gaps: u64,
    pub(crate) dropped: u64,
    pub(crate) overlaps: u64,
    /// Frames whose bytes are no whole number of samples.
    pub(crate) uneven: u64,
    /// Longest silence at once.
    longest: Nanos,
    overlapping: bool,
    /// Whether the frame before was taken as it is.
    follows: bool,
}

/// A frame of the track.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Placed {
    pub(crate) fragment: usize,
    /// Its index among the samples of the fragment.
    pub(crate) sample: usize,
    /// When it starts.
    pub(crate) wall: Nanos,
    pub(crate) size: u32,
}

impl Aligner {
    /// Of a track with this clock, in a file that begins at `origin`. No silence is to be longer than `longest`.
    pub(crate) fn new(clock: AudioClock, origin: Nanos, longest: Nanos) -> Self {
        Aligner {
            clock,
            origin,
            samples: 0,
            pieces: Vec::new(),
            silence: 0,
            gaps: 0,
            dropped: 0,
            overlaps: 0,
            uneven: 0,
            longest,
            overlapping: false,
            follows: false,
        }
    }

    /// Takes in the next frame. An error is the length of a gap that is too long.
    pub(crate) fn add(&mut self, frame: Placed) -> Result<(), Nanos> {
        let rate = self.clock.sampling_frequency();
        let count = u64::from(self.clock.samples(frame.size));
        if let AudioClock::PerBlock { block_align, .. } = self.clock {
            self.uneven += u64::from(frame.size.checked_rem(block_align) != Some(0));
        }
        if count == 0 {
            return Ok(());
        }
        let due = (frame.wall - self.origin).ticks(rate);
        let ahead = i64::try_from(self.samples).unwrap_or(i64::MAX).saturating_sub(due);
        let near = i64::try_from((count / 2).max(u64::from(rate / 200))).unwrap_or(i64::MAX);
        if ahead < -near {
            let gap = self.fill(ahead.unsigned_abs())?;
            self.overlapping = false;
            if gap > 0 {
                self.gaps += 1;
            }
        } else if ahead > i64::from(rate / 10) || (self.overlapping && ahead > near) {
            self.overlaps += u64::from(!std::mem::replace(&mut self.overlapping, true));
            let ahead = ahead.unsigned_abs();
            let whole = matches!(self.clock, AudioClock::PerFrame { .. });
            self.follows = false;
            if whole || ahead >= count {
                self.dropped += count;
                return Ok(());
            }
            self.overlapping = false;
            self.dropped += ahead;
            self.samples += count - ahead;
            self.pieces.push(Piece::Part { fragment: frame.fragment, sample: frame.sample, skip: ahead });
            return Ok(());
        } else {
            self.overlapping = false;
        }
        self.samples += count;
        match self.pieces.last_mut() {
            Some(Piece::Frames { fragment, samples }) if self.follows && *fragment == frame.fragment => {
                samples.end = frame.sample + 1;
            }
            _ => self.pieces.push(Piece::Frames { fragment: frame.fragment, samples: frame.sample..frame.sample + 1 }),
        }
        self.follows = true;
        Ok(())
    }

    /// Adds silence; where frames have a fixed length, as many as come nearest. Gives how much it is.
    fn fill(&mut self, gap: u64) -> Result<u64, Nanos> {
        let rate = self.clock.sampling_frequency();
        let lasts = Nanos::from_ticks(i64::try_from(gap).unwrap_or(i64::MAX), rate);
        if lasts > self.longest {
            return Err(lasts);
        }
        let gap = match self.clock {
            AudioClock::PerFrame { samples_per_frame, .. } => {
                let frame = u64::from(samples_per_frame.max(1));
                gap.saturating_add(frame / 2) / frame * frame
            }
            AudioClock::PerBlock { .. } => gap,
        };
        if gap > 0 {
            self.pieces.push(Piece::Silence(gap));
            self.silence += gap;
            self.samples += gap;
        }
        Ok(gap)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const A_LAW: AudioClock = AudioClock::PerBlock { sampling_frequency: 8000, block_align: 1 };
    const AAC: AudioClock = AudioClock::PerFrame { sampling_frequency: 16_000, samples_per_frame: 1024 };

    /// Frames of 160 bytes at these times in milliseconds.
    fn aligned(clock: AudioClock, times: &[i64]) -> Aligner {
        let mut aligner = Aligner::new(clock, Nanos::ZERO, Nanos::from_millis(10_000));
        for (sample, &time) in times.iter().enumerate() {
            aligner.add(Placed { fragment: 0, sample, wall: Nanos::from_millis(time), size: 160 }).unwrap();
        }
        aligner
    }

    fn frames(samples: Range<usize>) -> Piece {
        Piece::Frames { fragment: 0, samples }
    }

    #[test]
    fn times_that_waver_cut_nothing_up() {
        let aligner = aligned(A_LAW, &[0, 21, 39, 69, 80, 91, 120]);
        assert_eq!(aligner.pieces, [frames(0..7)]);
        assert_eq!((aligner.samples, aligner.silence, aligner.dropped), (7 * 160, 0, 0));
    }

    #[test]
    fn a_frame_that_is_missing_is_silence() {
        let aligner = aligned(A_LAW, &[0, 20, 60]);
        assert_eq!(aligner.pieces, [frames(0..2), Piece::Silence(160), frames(2..3)]);
        assert_eq!((aligner.samples, aligner.gaps), (640, 1));
        // 64 ms each: the nearest whole number of frames.
        let aligner = aligned(AAC, &[0, 64, 300]);
        assert_eq!(aligner.pieces, [frames(0..2), Piece::Silence(3 * 1024), frames(2..3)]);
    }

    #[test]
    fn what_starts_later_than_the_file_begins_with_silence() {
        let aligner = aligned(A_LAW, &[1000]);
        assert_eq!(aligner.pieces, [Piece::Silence(8000), frames(0..1)]);
    }

    #[test]
    fn time_that_was_covered_is_left_out() {
        let once: Vec<i64> = (0..20).map(|at| at * 20).collect();
        // Half of it comes again, and then goes on.
        let again: Vec<i64> = once.iter().copied().chain((10..30).map(|at| at * 20)).collect();
        let aligner = aligned(A_LAW, &again);
        assert_eq!(aligner.pieces, [frames(0..20), frames(30..40)]);
        assert_eq!((aligner.samples, aligner.dropped, aligner.overlaps), (30 * 160, 10 * 160, 1));
    }

    #[test]
    fn a_frame_that_overlaps_in_part_is_cut_where_that_can_be() {
        let mut aligner = Aligner::new(A_LAW, Nanos::ZERO, Nanos::from_millis(10_000));
        aligner.add(Placed { fragment: 0, sample: 0, wall: Nanos::ZERO, size: 8000 }).unwrap();
        aligner.add(Placed { fragment: 1, sample: 0, wall: Nanos::from_millis(250), size: 8000 }).unwrap();
        assert_eq!(aligner.pieces, [frames(0..1), Piece::Part { fragment: 1, sample: 0, skip: 6000 }]);
        assert_eq!((aligner.samples, aligner.dropped), (10_000, 6000));
    }

    #[test]
    fn a_gap_beyond_the_limit_is_an_error() {
        let mut aligner = Aligner::new(A_LAW, Nanos::ZERO, Nanos::from_millis(10_000));
        let far = Placed { fragment: 0, sample: 0, wall: Nanos::from_millis(10_001), size: 160 };
        assert_eq!(aligner.add(far), Err(Nanos::from_millis(10_001)));
    }

    #[test]
    fn what_cannot_be_is_no_harm() {
        for wall in [i64::MIN, i64::MAX] {
            let mut aligner = Aligner::new(A_LAW, Nanos(i64::MIN), Nanos(i64::MAX));
            let frame = Placed { fragment: 0, sample: 0, wall: Nanos(wall), size: u32::MAX };
            aligner.add(frame).unwrap();
            aligner.add(Placed { sample: 1, ..frame }).unwrap();
        }
    }
}
