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

use fragkit_fragment::{AudioClock, Nanos};
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
pub(crate) struct Frame {
    pub(crate) offset: u64,
    pub(crate) size: u32,
    pub(crate) present: Nanos,
    /// The turn at which a video frame is decoded: the time of the frame that is presented when it is decoded.
    pub(crate) turn: Nanos,
    pub(crate) sync: bool,
    pub(crate) chunk_starts: bool,
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

    pub(crate) fn push(&mut self, frame: Frame) -> Result<(), Error> {
        let timescale = self.table.timescale();
        let ticks = frame.present.ticks(timescale);
        let (decode, present, nominal, sync) = match &self.kind {
            Kind::Video { reorder } => {
                let turn = frame.turn.ticks(timescale) - reorder;
                // Fragments that overlap would make decode times go back.
                let decode = self.pending.map_or(turn, |last| turn.max(last.decode + 1));
                (decode, ticks, 0, frame.sync)
            }
            Kind::Audio { clock, tolerance, .. } => {
                let nominal = i64::from(clock.samples(frame.size));
                let due = self.pending.map_or(ticks, |last| last.decode + last.nominal);
                let departs = (Nanos::from_ticks(due, timescale) - frame.present).abs() > *tolerance;
                // Behind an overlap the clock is met over several frames, each at least half as long as its samples.
                let floor = self.pending.map_or(ticks, |last| last.decode + (last.nominal / 2).max(1));
                let decode = if departs { ticks.max(floor) } else { due };
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
