//! Plain Matroska without tags of the service: each Cluster that starts with a key frame opens a fragment.

use std::collections::VecDeque;

use fragkit_mkv::{Block, TrackType};

use super::chunk::{Chunk, Counts};
use super::limits::{Budget, Passed};
use super::{Item, each_frame};
use crate::fragment::{Completeness, Fragment, Frame, Head};
use crate::number::FragmentNumber;
use crate::time::{Nanos, Timestamp};

/// DateUTC counts from 2001-01-01; this is that day in milliseconds since 1970.
const DATE_UTC_EPOCH_MS: i64 = 978_307_200_000;

/// How far the ordinary files of a stream have come, those without tags of the service: what goes on from one to the next.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Ordinary {
    /// How many fragments there were, which is the number of the last.
    pub fragments: u64,
    /// Where the next file begins that says no time of its own, since 1970.
    pub end: Nanos,
}

impl Ordinary {
    /// Takes in the head of the next fragment; one that is not [`plain`](Head::plain) changes nothing.
    pub fn add(&mut self, head: &Head) {
        if !head.plain {
            return;
        }
        self.fragments += 1;
        if let (Some((first, _)), Some(start)) = (head.span, head.producer_timestamp) {
            self.end = self.end.max(start.nanos() + first + Nanos::from_millis(head.duration_ms()));
        }
    }
}

/// The fragment of plain Matroska that is open, and what goes on from document to document.
#[derive(Debug, Default)]
pub(super) struct Plain {
    /// Up to the last fragment that was ended.
    before: Ordinary,
    /// Where the timeline of the current document starts, since 1970.
    base: Nanos,
    open: Option<Open>,
    /// Frames of the current Cluster, as long as it is not known whether it opens a fragment.
    undecided: Option<(Vec<Block>, Budget)>,
    /// Start of the current Cluster, and its time.
    offset: u64,
    cluster: Nanos,
    last_offset: u64,
    in_document: bool,
}

#[derive(Debug)]
struct Open {
    head: Head,
    frames: Vec<Frame>,
    counts: Counts,
    budget: Budget,
    /// Time of the first Cluster less what the producer timestamp lacks of it.
    start: Nanos,
}

impl Plain {
    /// What goes on behind other files.
    pub(super) fn behind(before: Ordinary) -> Plain {
        Plain { before, ..Plain::default() }
    }

    pub(super) fn start_cluster(&mut self, offset: u64, budget: Budget) {
        self.offset = offset;
        self.last_offset = offset;
        self.cluster = Nanos::ZERO;
        self.undecided = Some((Vec::new(), budget));
    }

    pub(super) fn set_cluster_time(&mut self, time: Nanos) {
        self.cluster = time;
    }

    /// Takes in the next block, and says which limit the fragment passed that it belongs to.
    pub(super) fn add(&mut self, chunk: &Chunk, block: Block, ready: &mut VecDeque<Item>) -> Option<Passed> {
        self.last_offset = block.offset;
        let track = chunk.head.tracks.by_number(block.track);
        let decides = match chunk.head.tracks.video() {
            Some(video) => video.entry.number == block.track,
            None => track.is_some_and(|track| track.entry.track_type == TrackType::Audio),
        };
        let opens = decides && block.keyframe;
        match &mut self.undecided {
            Some((undecided, budget)) => {
                if !budget.take_block(&block) {
                    return budget.passed();
                }
                undecided.push(block);
                if decides { self.decide(chunk, opens, ready) } else { None }
            }
            None => self.append(chunk, block),
        }
    }

    /// Gives the Cluster's frames to a new fragment or to the open one.
    fn decide(&mut self, chunk: &Chunk, opens: bool, ready: &mut VecDeque<Item>) -> Option<Passed> {
        let (blocks, _) = self.undecided.take()?;
        if opens || self.open.is_none() {
            self.emit(self.offset, Completeness::Untrailed, ready);
            self.start(chunk);
        }
        blocks.into_iter().find_map(|block| self.append(chunk, block))
    }

    fn start(&mut self, chunk: &Chunk) {
        let first = !self.in_document;
        if first {
            self.in_document = true;
            self.base = match chunk.date_utc {
                Some(date) => Nanos::from_millis(DATE_UTC_EPOCH_MS) + Nanos(date),
                None => self.before.end,
            };
        }
        let wall = self.base + self.cluster;
        let timestamp = Timestamp::from_millis(wall.floor_millis());
        let head = Head {
            number: Some(FragmentNumber::from(self.before.fragments + 1)),
            producer_timestamp: Some(timestamp),
            server_timestamp: Some(timestamp),
            tags: if first { chunk.head.tags.clone() } else { Vec::new() },
            tracks: chunk.head.tracks.clone(),
            timestamp_scale: chunk.head.timestamp_scale,
            plain: true,
            ..Head::empty(self.offset)
        };
        // Scales finer than a millisecond leave a rest that belongs to the frames' times.
        let start = self.cluster - (wall - timestamp.nanos());
        self.open = Some(Open { head, frames: Vec::new(), counts: Counts::default(), budget: chunk.budget(), start });
    }

    fn append(&mut self, chunk: &Chunk, block: Block) -> Option<Passed> {
        let open = self.open.as_mut()?;
        let (tracks, base) = (&chunk.head.tracks, self.cluster - open.start);
        each_frame(block, base, tracks, chunk.head.timestamp_scale, |frame| {
            if open.budget.take(&frame) {
                open.counts.add(&frame, tracks.len());
                if open.budget.keeps_frames() {
                    open.frames.push(frame);
                }
            }
        });
        open.budget.passed()
    }

    /// Ends the current Cluster, and says which limit its fragment passed.
    pub(super) fn end_cluster(&mut self, chunk: &Chunk, ready: &mut VecDeque<Item>) -> Option<Passed> {
        // A Cluster without a frame that could open a fragment goes on with the last one.
        self.decide(chunk, false, ready)
    }

    /// The offset of the last block.
    pub(super) fn last_offset(&self) -> u64 {
        self.last_offset
    }

    /// The number of the open fragment.
    pub(super) fn number(&self) -> Option<FragmentNumber> {
        self.open.as_ref().and_then(|open| open.head.number.clone())
    }

    fn emit(&mut self, end: u64, completeness: Completeness, ready: &mut VecDeque<Item>) {
        let Some(mut open) = self.open.take() else { return };
        open.counts.into_head(&mut open.head);
        open.head.size = end.saturating_sub(open.head.offset);
        open.head.completeness = completeness;
        self.before.add(&open.head);
        ready.push_back(Item::Fragment(Fragment {
            head: open.head,
            frames: open.frames,
            places: Vec::new(),
            pieces: Vec::new(),
        }));
    }

    /// Ends the open fragment because of damage; the next Cluster opens a new one.
    pub(super) fn break_off(&mut self, offset: u64, completeness: Completeness, ready: &mut VecDeque<Item>) {
        self.undecided = None;
        self.emit(offset, completeness, ready);
    }

    /// Ends the document and its last fragment, which is given the tags that stand behind the media.
    pub(super) fn close(&mut self, chunk: &Chunk, offset: u64, ready: &mut VecDeque<Item>) {
        self.undecided = None;
        if let Some(open) = &mut self.open {
            open.head.tags.extend(chunk.head.tags.iter().filter(|tag| tag.after_media).cloned());
        }
        self.emit(offset, Completeness::Untrailed, ready);
        self.in_document = false;
    }
}
