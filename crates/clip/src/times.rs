//! Decode times, durations and composition offsets for the samples of one track.
//!
//! Chunk streams give each frame one time, that of its presentation. MP4 wants the time at which each sample is decoded,
//! which never goes back, and by how much later it is presented (ISO/IEC 14496-12, 8.6.1). Two rules make those:
//!
//! - *Video:* the presentation times of a fragment, sorted, are the turns at which its frames are decoded; all turns are
//!   moved ahead by the longest time that any frame of the track is decoded before its turn, so that no frame is presented
//!   before it is decoded. Without B-frames that is 0, and decode times are presentation times.
//! - *Audio:* each frame lasts as long as its samples do. Only when that departs from the source's clock by more than a
//!   millisecond (or by one unit of a coarser TimestampScale) is the frame before stretched or shortened to meet it.

use fragkit_fragment::{AudioClock, Nanos, Sample as Indexed};
use fragkit_mp4::{Sample, SampleTable};

use crate::error::Error;

/// Turns presentation times into a sample table.
#[derive(Debug)]
pub(crate) struct Samples {
    table: SampleTable,
    kind: Kind,
    pending: Option<Pending>,
    /// Earliest presentation time, and the end of the latest sample, in the track's timescale.
    first: Option<i64>,
    end: i64,
    /// Decode time of the first sample.
    base: i64,
}

#[derive(Debug)]
enum Kind {
    Video { reorder: i64 },
    Audio { clock: AudioClock, tolerance: Nanos, regular: bool },
}

/// The last sample, which waits for the next to know its duration.
#[derive(Debug, Clone, Copy)]
struct Pending {
    offset: u64,
    size: u32,
    decode: i64,
    present: i64,
    sync: bool,
    chunk_starts: bool,
    /// How long it should last.
    nominal: i64,
}

/// One frame, where it lies in the payload, and when it is presented since the clip's start.
#[derive(Debug, Clone, Copy)]
struct Frame {
    offset: u64,
    size: u32,
    present: Nanos,
    /// The turn at which a video frame is decoded: the time of the frame that is presented when it is decoded.
    turn: Nanos,
    sync: bool,
    chunk_starts: bool,
}

impl Samples {
    /// Of a video track whose frames are decoded up to `reorder` before their turn.
    pub(crate) fn video(timescale: u32, reorder: Nanos) -> Self {
        // Rounding each time to a tick can add one.
        let mut ticks = reorder.ticks(timescale);
        if Nanos::from_ticks(ticks, timescale) < reorder {
            ticks += 1;
        }
        Self::new(timescale, Kind::Video { reorder: ticks })
    }

    /// Of an audio track. `regular` says that every frame is as long as its samples, so that each sample of G.711 can be one
    /// sample of the table.
    pub(crate) fn audio(clock: AudioClock, tolerance: Nanos, regular: bool) -> Self {
        Self::new(clock.sampling_frequency(), Kind::Audio { clock, tolerance, regular })
    }

    fn new(timescale: u32, kind: Kind) -> Self {
        Samples { table: SampleTable::new(timescale), kind, pending: None, first: None, end: 0, base: 0 }
    }

    /// Takes in the samples of one track that lie back to back from `offset` on; `shift` turns their times into those since
    /// the clip's start, and `turns` are those at which they are decoded where that is not when they are presented. Gives
    /// the offset behind the last.
    pub(crate) fn push(
        &mut self,
        mut offset: u64,
        mut samples: &[Indexed],
        shift: Nanos,
        mut turns: Option<&mut impl Iterator<Item = Nanos>>,
        mut chunk_starts: bool,
    ) -> Result<u64, Error> {
        while let Some((sample, behind)) = samples.split_first() {
            let turn = turns.as_mut().and_then(|turns| turns.next()).unwrap_or(sample.time);
            let (present, turn) = (sample.time + shift, turn + shift);
            let &Indexed { size, keyframe: sync, .. } = sample;
            self.push_frame(Frame { offset, size, present, turn, sync, chunk_starts })?;
            offset += u64::from(size);
            samples = behind;
            chunk_starts = false;
            (offset, samples) = self.push_on_time(offset, samples, shift)?;
        }
        Ok(offset)
    }

    /// Takes in as many samples as are frames of the same length and come when they are due, all at once: what nearly all
    /// audio frames do. Gives the offset behind them, and the samples that are left.
    fn push_on_time<'a>(
        &mut self,
        offset: u64,
        samples: &'a [Indexed],
        shift: Nanos,
    ) -> Result<(u64, &'a [Indexed]), Error> {
        let Kind::Audio { clock: AudioClock::PerFrame { samples_per_frame, .. }, tolerance, .. } = self.kind else {
            return Ok((offset, samples));
        };
        let Some(last) = self.pending else { return Ok((offset, samples)) };
        let timescale = self.table.timescale();
        let nominal = i64::from(samples_per_frame);
        let mut due = last.decode;
        let come_when_due = samples.iter().take_while(|sample| {
            let next = due + nominal;
            let on_time = !departs(next, timescale, sample.time + shift, tolerance);
            if on_time {
                due = next;
            }
            on_time
        });
        let (on_time, left) = samples.split_at_checked(come_when_due.count()).unwrap_or_default();
        let Some((pending, whole)) = on_time.split_last() else { return Ok((offset, samples)) };
        self.emit(last, nominal)?;
        let alike = Sample { offset, size: 0, duration: samples_per_frame, composition_offset: 0, sync: true };
        let offset = self.table.push_sizes(alike, whole.iter().map(|sample| sample.size))?;
        self.end = self.end.max(due);
        self.pending = Some(Pending {
            offset,
            size: pending.size,
            decode: due,
            present: due,
            sync: true,
            chunk_starts: false,
            nominal,
        });
        Ok((offset + u64::from(pending.size), left))
    }

    fn push_frame(&mut self, frame: Frame) -> Result<(), Error> {
        let timescale = self.table.timescale();
        let ticks = |time: Nanos| time.ticks(timescale);
        let (decode, present, nominal, sync) = match &self.kind {
            Kind::Video { reorder } => {
                let present = ticks(frame.present);
                let turn = if *reorder == 0 { present } else { ticks(frame.turn) - reorder };
                // Fragments that overlap would make decode times go back.
                let decode = self.pending.map_or(turn, |last| turn.max(last.decode + 1));
                (decode, present, 0, frame.sync)
            }
            Kind::Audio { clock, tolerance, .. } => {
                let nominal = i64::from(clock.samples(frame.size));
                let decode = match self.pending {
                    None => ticks(frame.present),
                    Some(last) => {
                        let due = last.decode + last.nominal;
                        // Behind an overlap the clock is met over several frames, each at least half as long as its samples.
                        let floor = last.decode + (last.nominal / 2).max(1);
                        let departs = departs(due, timescale, frame.present, *tolerance);
                        if departs { ticks(frame.present).max(floor) } else { due }
                    }
                };
                (decode, decode, nominal, true)
            }
        };
        let Frame { offset, size, chunk_starts, .. } = frame;
        let next = Pending { offset, size, decode, present, sync, chunk_starts, nominal };
        match self.pending.replace(next) {
            Some(last) => self.emit(last, decode - last.decode)?,
            None => self.base = decode,
        }
        self.first = Some(self.first.map_or(present, |first| first.min(present)));
        Ok(())
    }

    #[inline]
    fn emit(&mut self, sample: Pending, duration: i64) -> Result<(), Error> {
        let fits = || {
            crate::error::Error::new(crate::ErrorKind::TooLarge, "two frames are too far apart for the track's clock")
        };
        let duration = u32::try_from(duration).map_err(|_| fits())?;
        let composition_offset = i32::try_from(sample.present - sample.decode).map_err(|_| fits())?;
        self.end = self.end.max(sample.present + i64::from(duration));
        if sample.chunk_starts {
            self.table.end_chunk();
        }
        let Pending { offset, size, sync, .. } = sample;
        if let Kind::Audio { clock: AudioClock::PerBlock { block_align, .. }, regular: true, .. } = self.kind {
            let count = size / block_align.max(1);
            let one = Sample { offset, size: block_align, duration: 1, composition_offset, sync };
            return Ok(self.table.push_run(count, one)?);
        }
        Ok(self.table.push(Sample { offset, size, duration, composition_offset, sync })?)
    }

    /// Ends the track: the last frame lasts `last_duration`, unless its samples tell.
    pub(crate) fn finish(mut self, last_duration: Nanos) -> Result<Finished, Error> {
        if let Some(last) = self.pending.take() {
            let ticks = last_duration.ticks(self.table.timescale()).max(1);
            self.emit(last, if last.nominal > 0 { last.nominal } else { ticks })?;
        }
        let first = self.first.unwrap_or_default();
        Ok(Finished { first, media_time: (first - self.base).max(0).unsigned_abs(), end: self.end, table: self.table })
    }
}

/// Whether `due` ticks are further than `tolerance` from `present`. Both are multiplied out, since this is asked for every
/// frame and division is slow.
#[inline]
fn departs(due: i64, timescale: u32, present: Nanos, tolerance: Nanos) -> bool {
    const NANOS: i64 = 1_000_000_000;
    let timescale = i64::from(timescale);
    let distance = || due.checked_mul(NANOS)?.checked_sub(present.0.checked_mul(timescale)?)?.checked_abs();
    if let (Some(distance), Some(tolerance)) = (distance(), tolerance.0.checked_mul(timescale)) {
        return distance > tolerance;
    }
    let distance = i128::from(due) * i128::from(NANOS) - i128::from(present.0) * i128::from(timescale);
    distance.abs() > i128::from(tolerance.0) * i128::from(timescale)
}

/// A track's table with what its edit list needs.
#[derive(Debug)]
pub(crate) struct Finished {
    pub(crate) table: SampleTable,
    /// Earliest presentation time since the clip's start, in the track's timescale.
    pub(crate) first: i64,
    /// The same since the start of the media, which is what an edit names.
    pub(crate) media_time: u64,
    /// End of the latest sample since the clip's start.
    pub(crate) end: i64,
}

#[cfg(test)]
mod tests {
    use fragkit_mp4::check::{Part, check_parts};
    use fragkit_mp4::{Audio, Movie, SampleEntry, Track};

    use super::*;

    fn frame(present_ms: i64, turn_ms: i64) -> Frame {
        let (present, turn) = (Nanos::from_millis(present_ms), Nanos::from_millis(turn_ms));
        Frame { offset: 0, size: 10, present, turn, sync: true, chunk_starts: false }
    }

    /// Duration and composition offset of each sample, as a reader sees them.
    fn read_back(finished: &Finished) -> Vec<(u32, i32)> {
        let entry = SampleEntry::Alaw { audio: Audio { channels: 1, sampling_frequency: 8000 } };
        let tracks = vec![Track::new(1, entry, finished.table.clone())];
        let head = Movie { timescale: 1000, creation_time: None, tracks }.head(1000).unwrap();
        let size = u64::try_from(head.len()).unwrap() + 1000;
        let summary = check_parts(&[Part { offset: 0, bytes: &head }], size).unwrap();
        summary.tracks[0].samples().map(|sample| (sample.duration, sample.composition_offset)).collect()
    }

    /// Feeds frames one behind the other.
    fn finish(mut samples: Samples, frames: &[Frame], last_ms: i64) -> Finished {
        let mut offset = 0;
        for frame in frames {
            samples.push_frame(Frame { offset, ..*frame }).unwrap();
            offset += u64::from(frame.size);
        }
        samples.finish(Nanos::from_millis(last_ms)).unwrap()
    }

    #[test]
    fn pictures_in_order_are_decoded_when_they_are_presented() {
        let frames = [frame(20, 20), frame(53, 53), frame(87, 87)];
        let finished = finish(Samples::video(1000, Nanos::ZERO), &frames, 40);
        assert_eq!(read_back(&finished), [(33, 0), (34, 0), (40, 0)]);
        assert_eq!((finished.first, finished.media_time, finished.end), (20, 0, 127));
    }

    #[test]
    fn b_frames_are_decoded_at_their_turns_moved_ahead_by_the_longest_wait() {
        // I0 P3 B1 B2: the second B-frame is decoded two turns after the P-frame took its place.
        let frames = [frame(0, 0), frame(120, 40), frame(40, 80), frame(80, 120)];
        let finished = finish(Samples::video(1000, Nanos::from_millis(40)), &frames, 40);
        assert_eq!(read_back(&finished), [(40, 40), (40, 120), (40, 0), (40, 0)]);
        // Decoding starts 40 ms before the first picture, which is where the edit starts.
        assert_eq!((finished.first, finished.media_time, finished.end), (0, 40, 160));
    }

    #[test]
    fn decode_times_do_not_go_back_where_fragments_overlap() {
        let frames = [frame(0, 0), frame(100, 100), frame(50, 50), frame(150, 150)];
        let finished = finish(Samples::video(1000, Nanos::ZERO), &frames, 50);
        assert_eq!(read_back(&finished), [(100, 0), (1, 0), (49, -51), (50, 0)]);
    }

    #[test]
    fn a_wait_that_is_no_whole_number_of_ticks_is_rounded_up() {
        let Kind::Video { reorder } = Samples::video(1000, Nanos(40_000_001)).kind else { panic!() };
        assert_eq!(reorder, 41);
    }

    fn aac() -> Samples {
        let clock = AudioClock::PerFrame { sampling_frequency: 16_000, samples_per_frame: 1024 };
        Samples::audio(clock, Nanos(1_000_000), false)
    }

    #[test]
    fn sound_is_not_corrected_for_a_millisecond() {
        // 64 ms each, told a millisecond early or late.
        let frames = [0, 65, 127, 192, 257].map(|time| frame(time, time));
        assert_eq!(read_back(&finish(aac(), &frames, 1)), [(1024, 0); 5]);
    }

    #[test]
    fn sound_meets_the_source_when_it_departs_by_more_than_a_millisecond() {
        let frames = [0, 64, 130, 194].map(|time| frame(time, time));
        // The frame before lasts two milliseconds longer, and the rest goes on from there.
        assert_eq!(read_back(&finish(aac(), &frames, 1)), [(1024, 0), (1024 + 32, 0), (1024, 0), (1024, 0)]);
    }

    #[test]
    fn sound_that_overlaps_is_shortened_to_half_a_frame_at_most() {
        let frames = [0, 64, 20, 84, 148, 212].map(|time| frame(time, time));
        let read = read_back(&finish(aac(), &frames, 1));
        assert_eq!(read.iter().map(|(duration, _)| *duration).collect::<Vec<_>>(), [1024, 512, 512, 512, 832, 1024]);
        // The last frame is on time again.
        assert_eq!(1024 + 3 * 512 + 832, 212 * 16);
    }

    #[test]
    fn each_sample_of_regular_g711_is_one_of_the_table() {
        let clock = AudioClock::PerBlock { sampling_frequency: 8000, block_align: 2 };
        let frames = [frame(0, 0), frame(1, 1)];
        let regular = finish(Samples::audio(clock, Nanos(1_000_000), true), &frames, 1);
        assert_eq!(read_back(&regular), [(1, 0); 10]);
        // Otherwise blocks stay whole, so that one can be stretched.
        let frames = [frame(0, 0), frame(100, 100)];
        let irregular = finish(Samples::audio(clock, Nanos(1_000_000), false), &frames, 1);
        assert_eq!(read_back(&irregular), [(800, 0), (5, 0)]);
    }
}
