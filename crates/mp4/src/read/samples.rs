//! The samples of all tracks in the order in which they are decoded.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};
use std::sync::Arc;

use bytes::Bytes;

use super::edit::{InEdits, Segment};
use super::entry::Coding;
use super::fragments::{Runs, Scanner, Traf};
use super::table::{Cursor, Entry, Table};
use super::{Limits, Remark, Track};

/// One sample, or several of G.711.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sample {
    /// Index of its track in [`Movie::tracks`](super::Movie::tracks).
    pub track: usize,
    /// Where it begins in the file.
    pub offset: u64,
    /// Its length in bytes.
    pub size: u32,
    /// When it is decoded, in the timescale of the track, on the timeline of
    /// the presentation: see [edit lists](super).
    pub decode: i64,
    /// When it is presented.
    pub present: i64,
    /// How long after it the next one is decoded.
    pub duration: u32,
    /// Whether decoding can begin here.
    pub sync: bool,
    /// Index of its entry in [`Track::entries`], if it is there and known.
    pub entry: Option<usize>,
    /// So many samples from this one on lie outside the file. Of them there is
    /// no byte to be had.
    pub lost: u64,
}

/// Gives the samples of a file: see [`Movie::samples`](super::Movie::samples).
#[derive(Debug)]
pub struct Samples {
    data: Bytes,
    tracks: Arc<[Track]>,
    lanes: Vec<Lane>,
    /// The next sample of each track that has one, by time.
    ready: BinaryHeap<Reverse<(i64, usize)>>,
    scanner: Scanner,
    waiting: usize,
    max_waiting: usize,
    /// How many bytes samples may still have.
    budget: u64,
    remarks: Vec<Remark>,
}

/// What is left of one track.
#[derive(Debug)]
struct Lane {
    next: Option<Sample>,
    table: Option<Arc<Table>>,
    cursor: Cursor,
    mapping: Mapping,
    trafs: VecDeque<Traf>,
    runs: Option<Runs>,
    /// Decode time of the next sample of a fragment.
    decode: i64,
}

/// How the media becomes the presentation.
#[derive(Debug)]
enum Mapping {
    Shift(i64),
    Edits(InEdits, Option<Segment>),
}

impl Samples {
    pub(super) fn new(data: Bytes, tracks: Arc<[Track]>, limits: &Limits) -> Self {
        let lanes = tracks.iter().map(Lane::new).collect();
        let mut samples = Samples {
            budget: u64::try_from(data.len()).unwrap_or(u64::MAX),
            scanner: Scanner::new(data.clone()),
            data,
            tracks,
            lanes,
            ready: BinaryHeap::new(),
            waiting: 0,
            max_waiting: limits.max_waiting,
            remarks: Vec::new(),
        };
        for track in 0..samples.lanes.len() {
            samples.refill(track);
        }
        samples
    }

    /// What was found since this was asked the last time.
    pub fn take_remarks(&mut self) -> Vec<Remark> {
        std::mem::take(&mut self.remarks)
    }

    /// Gets the next sample of a track ready, if it is known.
    fn refill(&mut self, track: usize) {
        let (Some(lane), Some(of)) = (self.lanes.get_mut(track), self.tracks.get(track)) else { return };
        let waiting = lane.trafs.len();
        lane.next = lane.read(track, of, &self.data, &mut self.remarks);
        self.waiting -= waiting - lane.trafs.len();
        if let Some(sample) = &lane.next {
            self.ready.push(Reverse((nanos(sample.decode, of.timescale), track)));
        }
    }

    /// Reads on in the fragments until each track has a sample ready, or enough wait for their turn.
    fn look_ahead(&mut self) {
        while self.ready.len() < self.lanes.len() && self.waiting < self.max_waiting && !self.scanner.is_done() {
            let tracks = &self.tracks;
            let position = |id: u32| tracks.iter().position(|track| track.track_id == id);
            let defaults =
                |id: u32| position(id).and_then(|at| tracks.get(at)).map(|track| track.defaults).unwrap_or_default();
            let Some(traf) = self.scanner.next(defaults) else { return };
            let Some(track) = position(traf.track_id) else { continue };
            let Some(lane) = self.lanes.get_mut(track) else { continue };
            lane.trafs.push_back(traf);
            self.waiting += 1;
            if lane.next.is_none() {
                self.refill(track);
            }
        }
    }
}

impl Iterator for Samples {
    type Item = Sample;

    fn next(&mut self) -> Option<Sample> {
        self.look_ahead();
        let Reverse((_, track)) = self.ready.pop()?;
        let sample = self.lanes.get_mut(track)?.next.take()?;
        self.refill(track);
        let bytes = if sample.lost == 0 { u64::from(sample.size) } else { 0 };
        if let Some(left) = self.budget.checked_sub(bytes) {
            self.budget = left;
            return Some(sample);
        }
        // Each would be written out, however often the same bytes are named.
        self.remarks.push(Remark {
            offset: sample.offset,
            path: "moov > trak",
            message: "samples lie over each other: together they have more bytes than the file; the rest is left out"
                .into(),
            loses_media: true,
        });
        self.ready.clear();
        self.lanes.clear();
        None
    }
}

impl Lane {
    fn new(track: &Track) -> Lane {
        let table = track.table.clone().filter(|table| !table.is_empty());
        // What follows in fragments is not ended by an edit.
        let mapping = match &table {
            Some(_) if !track.edits.is_empty() => Mapping::Edits(InEdits::default(), None),
            _ => Mapping::Shift(track.edits.shift()),
        };
        let cursor = Cursor::default();
        Lane { next: None, table, cursor, mapping, trafs: VecDeque::new(), runs: None, decode: 0 }
    }

    /// The next sample that has bytes.
    fn read(&mut self, number: usize, track: &Track, data: &Bytes, remarks: &mut Vec<Remark>) -> Option<Sample> {
        loop {
            let (entry, shift) = match self.table_entry(track, data, remarks) {
                Some(found) => found,
                None => self.fragment_entry(track, data)?,
            };
            if entry.size == 0 {
                continue;
            }
            let known = |at: &usize| track.entries.get(*at).is_some_and(|entry| entry.coding != Coding::Other);
            let decode = entry.decode.saturating_add(shift);
            return Some(Sample {
                track: number,
                offset: entry.offset,
                size: entry.size,
                decode,
                present: decode.saturating_add(entry.composition_offset.into()),
                duration: entry.duration,
                sync: entry.sync,
                entry: Some(entry.description).filter(known),
                lost: entry.lost,
            });
        }
    }

    fn table_entry(&mut self, track: &Track, data: &Bytes, remarks: &mut Vec<Remark>) -> Option<(Entry, i64)> {
        let table = Arc::clone(self.table.as_ref()?);
        let file_bytes = u64::try_from(data.len()).unwrap_or(u64::MAX);
        loop {
            match &mut self.mapping {
                Mapping::Shift(shift) => {
                    let shift = *shift;
                    if let Some(entry) = self.cursor.next(&table, file_bytes) {
                        return Some((entry, shift));
                    }
                    break;
                }
                Mapping::Edits(_, Some(segment)) => {
                    let segment = *segment;
                    let mut ahead = self.cursor;
                    match ahead.next(&table, file_bytes) {
                        Some(entry) if segment.end.is_none_or(|end| entry.decode < end) => {
                            self.cursor = ahead;
                            return Some((entry, segment.shift));
                        }
                        Some(_) => {}
                        None => break,
                    }
                }
                Mapping::Edits(_, None) => {}
            }
            let Mapping::Edits(edits, segment) = &mut self.mapping else { break };
            let Some(next) = edits.next(&track.edits, remarks) else { break };
            *segment = Some(next);
            self.cursor = first_needed(self.cursor, &table, file_bytes, next.media_time, pre_roll(track));
        }
        // Fragments go on behind it.
        self.decode = self.cursor.decode();
        self.table = None;
        self.mapping = Mapping::Shift(track.edits.shift());
        None
    }

    fn fragment_entry(&mut self, track: &Track, data: &Bytes) -> Option<(Entry, i64)> {
        let companded = track.entries.first().is_some_and(|entry| entry.coding.is_companded());
        let Mapping::Shift(shift) = self.mapping else { return None };
        loop {
            if let Some(runs) = &mut self.runs
                && let Some(entry) = runs.next(data, &mut self.decode, !track.is_video())
            {
                return Some((entry, shift));
            }
            let traf = self.trafs.pop_front()?;
            if let Some(decode) = traf.decode {
                self.decode = i64::try_from(decode).unwrap_or(i64::MAX);
            }
            self.runs = Some(Runs::new(&traf, track.defaults, companded));
        }
    }
}

/// How much sound before an edit is needed to decode what is in it, in ticks: some frames of AAC, none of G.711.
fn pre_roll(track: &Track) -> i64 {
    let is_aac = track.entries.iter().any(|entry| entry.coding == Coding::Aac);
    if is_aac { i64::from(track.timescale / 10) } else { 0 }
}

/// Where to begin so that what is presented from `media_time` on can be decoded: at the last sync sample at or before it.
fn first_needed(from: Cursor, table: &Table, file_bytes: u64, media_time: i64, pre_roll: i64) -> Cursor {
    let start = media_time - pre_roll;
    let (mut first, mut ahead) = (from, from);
    loop {
        let here = ahead;
        let Some(entry) = ahead.next(table, file_bytes) else { return first };
        let present = entry.decode.saturating_add(entry.composition_offset.into());
        if present > start || entry.decode > start {
            return first;
        }
        if entry.sync {
            first = here;
        }
    }
}

/// A time of a track in nanoseconds, for comparison.
fn nanos(ticks: i64, timescale: u32) -> i64 {
    const SECOND: i64 = 1_000_000_000;
    match ticks.checked_mul(SECOND) {
        Some(product) => product.div_euclid(timescale.max(1).into()),
        None => {
            let nanos = (i128::from(ticks) * i128::from(SECOND)).div_euclid(timescale.max(1).into());
            i64::try_from(nanos).unwrap_or(if ticks < 0 { i64::MIN } else { i64::MAX })
        }
    }
}
