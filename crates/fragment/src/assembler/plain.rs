//! Plain Matroska without tags of the service: each Cluster that starts with a key frame opens a fragment.

use std::collections::VecDeque;

use fragkit_mkv::{Block, TrackType};

use super::chunk::{Chunk, Counts};
use super::{Item, each_frame};
use crate::fragment::{Completeness, Fragment, Frame, Head};
use crate::number::FragmentNumber;
use crate::time::{Nanos, Timestamp};

/// DateUTC counts from 2001-01-01; this is that day in milliseconds since 1970.
const DATE_UTC_EPOCH_MS: i64 = 978_307_200_000;

/// The fragment of plain Matroska that is open, and what goes on from document to document.
#[derive(Debug, Default)]
pub(super) struct Plain {
    fragments: u64,
    /// Where the timeline of the current document starts, since 1970.
    base: Nanos,
    /// Where the next document without DateUTC starts.
    end: Nanos,
    open: Option<Open>,
    /// Frames of the current Cluster, as long as it is not known whether it opens a fragment.
    undecided: Option<Vec<Block>>,
    undecided_frames: u64,
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
    /// Time of the first Cluster less what the producer timestamp lacks of it.
    start: Nanos,
}

impl Plain {
    pub(super) fn start_cluster(&mut self, offset: u64) {
        self.offset = offset;
        self.last_offset = offset;
        self.cluster = Nanos::ZERO;
        self.undecided = Some(Vec::new());
        self.undecided_frames = 0;
    }

    pub(super) fn set_cluster_time(&mut self, time: Nanos) {
        self.cluster = time;
    }

    pub(super) fn add(&mut self, chunk: &Chunk, block: Block, keep: bool, ready: &mut VecDeque<Item>) {
        self.last_offset = block.offset;
        let track = chunk.head.tracks.by_number(block.track);
        let decides = match chunk.head.tracks.video() {
            Some(video) => video.entry.number == block.track,
            None => track.is_some_and(|track| track.entry.track_type == TrackType::Audio),
        };
        let opens = decides && block.keyframe;
        match &mut self.undecided {
            Some(undecided) => {
                self.undecided_frames += u64::try_from(block.frames.as_slice().len()).unwrap_or_default();
                undecided.push(block);
                if decides {
                    self.decide(chunk, opens, keep, ready);
                }
            }
            None => self.append(chunk, block, keep),
        }
    }

    /// Gives the Cluster's frames to a new fragment or to the open one.
    fn decide(&mut self, chunk: &Chunk, opens: bool, keep: bool, ready: &mut VecDeque<Item>) {
        let blocks = self.undecided.take().unwrap_or_default();
        self.undecided_frames = 0;
        if opens || self.open.is_none() {
            self.emit(self.offset, Completeness::Untrailed, ready);
            self.start(chunk);
        }
        for block in blocks {
            self.append(chunk, block, keep);
        }
    }

    fn start(&mut self, chunk: &Chunk) {
        let first = !self.in_document;
        if first {
            self.in_document = true;
            self.base = match chunk.date_utc {
                Some(date) => Nanos::from_millis(DATE_UTC_EPOCH_MS) + Nanos(date),
                None => self.end,
            };
        }
        let wall = self.base + self.cluster;
        let timestamp = Timestamp::from_millis(wall.floor_millis());
        self.fragments += 1;
        let head = Head {
            number: Some(FragmentNumber::from(self.fragments)),
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
        self.open = Some(Open { head, frames: Vec::new(), counts: Counts::default(), start });
    }

    fn append(&mut self, chunk: &Chunk, block: Block, keep: bool) {
        let Some(open) = &mut self.open else { return };
        let (tracks, base) = (&chunk.head.tracks, self.cluster - open.start);
        each_frame(block, base, tracks, chunk.head.timestamp_scale, |frame| {
            open.counts.add(&frame, tracks.len());
            if keep {
                open.frames.push(frame);
            }
        });
    }

    pub(super) fn end_cluster(&mut self, chunk: &Chunk, keep: bool, ready: &mut VecDeque<Item>) {
        // A Cluster without a frame that could open a fragment goes on with the last one.
        if self.undecided.is_some() {
            self.decide(chunk, false, keep, ready);
        }
    }

    /// How many frames the open fragment and the undecided Cluster have, and the offset of the last block.
    pub(super) fn frames(&self) -> (u64, u64) {
        (self.open.as_ref().map_or(0, |open| open.counts.frames) + self.undecided_frames, self.last_offset)
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
        if let (Some((first, _)), Some(start)) = (open.head.span, open.head.producer_timestamp) {
            self.end = self.end.max(start.nanos() + first + Nanos::from_millis(open.head.duration_ms()));
        }
        ready.push_back(Item::Fragment(Fragment { head: open.head, frames: open.frames, places: Vec::new() }));
    }

    /// Ends the open fragment because of damage; the next Cluster opens a new one.
    pub(super) fn break_off(&mut self, offset: u64, completeness: Completeness, ready: &mut VecDeque<Item>) {
        self.undecided = None;
        self.undecided_frames = 0;
        self.emit(offset, completeness, ready);
    }

    /// Ends the document and its last fragment, which is given the tags that stand behind the media.
    pub(super) fn close(&mut self, chunk: &Chunk, offset: u64, ready: &mut VecDeque<Item>) {
        self.undecided = None;
        self.undecided_frames = 0;
        if let Some(open) = &mut self.open {
            open.head.tags.extend(chunk.head.tags.iter().filter(|tag| tag.after_media).cloned());
        }
        self.emit(offset, Completeness::Untrailed, ready);
        self.in_document = false;
    }
}
