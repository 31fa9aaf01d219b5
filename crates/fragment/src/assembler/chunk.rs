//! The chunk that is being read.

use bytes::Bytes;
use fragkit_mkv::{Block, BlockPlace, EndedBy};

use super::each_frame;
use super::limits::{Budget, Passed, tag_bytes};
use crate::fragment::{Completeness, Fragment, Frame, FrameCount, Head, Place, UserTag};
use crate::service::{ServiceTag, ServiceTags};
use crate::time::Nanos;
use crate::tracks::Tracks;

/// Frames are counted by track for this many tracks, or for as many as there are.
const MAX_COUNTED_TRACKS: usize = 256;

/// Room is made ahead for this many frames at most.
const MOST_FRAMES_AHEAD: usize = 4096;

/// A document whose end has not come yet.
#[derive(Debug)]
pub(super) struct Chunk {
    pub(super) head: Head,
    pub(super) frames: Vec<Frame>,
    pub(super) places: Vec<Place>,
    pieces: Vec<(u64, Bytes)>,
    pub(super) service: ServiceTags,
    /// DateUTC, in nanoseconds since 2001.
    pub(super) date_utc: Option<i64>,
    pub(super) cluster_ended: Option<EndedBy>,
    /// Whether the EBML header is missing, so that the chunk is no document on its own.
    pub(super) headless: bool,
    /// Timestamp of the first Cluster, and how far the current one is behind it.
    first_cluster: Option<Nanos>,
    cluster: Nanos,
    in_media: bool,
    counts: Counts,
    budget: Budget,
    /// What its tags take, those that were left out for it included.
    tag_bytes: usize,
    last_offset: u64,
}

impl Head {
    pub(crate) fn empty(offset: u64) -> Head {
        Head {
            number: None,
            producer_timestamp: None,
            server_timestamp: None,
            tags: Vec::new(),
            exception: None,
            continuation_token: None,
            millis_behind_now: None,
            tracks: Tracks::default(),
            timestamp_scale: 1_000_000,
            offset,
            size: 0,
            completeness: Completeness::NoMedia,
            plain: false,
            frame_counts: Vec::new(),
            span: None,
        }
    }
}

/// What is counted of the frames of a fragment while they come.
#[derive(Debug, Default)]
pub(super) struct Counts {
    frame_counts: Vec<FrameCount>,
    span: Option<(Nanos, Nanos)>,
}

impl Counts {
    /// Counts a frame in. `tracks` is how many tracks there are.
    #[inline]
    pub(super) fn add(&mut self, frame: &Frame, tracks: usize) {
        let (bytes, key_frames) = (u64::from(frame.size()), u64::from(frame.keyframe));
        let (track, time) = (frame.track, frame.time);
        self.add_stretch(FrameCount { track, frames: 1, key_frames, bytes, first: time, last: time }, tracks);
    }

    /// Counts frames of one track in.
    #[inline(always)]
    fn add_stretch(&mut self, more: FrameCount, tracks: usize) {
        let (first, last) = self.span.unwrap_or((more.first, more.last));
        self.span = Some((first.min(more.first), last.max(more.last)));
        let counts_all = self.frame_counts.len() < tracks.max(MAX_COUNTED_TRACKS);
        match self.frame_counts.iter_mut().find(|count| count.track == more.track) {
            Some(count) => count.add(&more),
            // Blocks may name any number of tracks that are not there; those are not all worth a count of their own.
            None if counts_all => self.frame_counts.push(more),
            None => {}
        }
    }

    pub(super) fn into_head(self, head: &mut Head) {
        head.frame_counts = self.frame_counts;
        head.span = self.span;
    }
}

impl Chunk {
    /// A chunk that starts at `offset` and may hold about as many frames and places as the last one did.
    pub(super) fn new(offset: u64, (frames, places): (usize, usize), budget: Budget) -> Self {
        Chunk {
            head: Head::empty(offset),
            frames: Vec::with_capacity(frames.min(MOST_FRAMES_AHEAD)),
            places: Vec::with_capacity(places.min(MOST_FRAMES_AHEAD)),
            pieces: Vec::new(),
            service: ServiceTags::default(),
            date_utc: None,
            cluster_ended: None,
            headless: false,
            first_cluster: None,
            cluster: Nanos::ZERO,
            in_media: false,
            counts: Counts::default(),
            budget,
            tag_bytes: 0,
            last_offset: offset,
        }
    }

    pub(super) fn set_scale(&mut self, scale: u64) {
        self.head.timestamp_scale = scale;
    }

    /// Takes in one tag, unless all together would take more than `max_bytes` of memory. An error says why it cannot be used;
    /// of those that there is no room for, once.
    pub(super) fn take_tag(&mut self, name: &str, value: &str, max_bytes: usize) -> Result<(), String> {
        match ServiceTag::from_name(name) {
            Some(_) if value.len() > max_bytes => {
                Err(format!("{name} of {} bytes where {max_bytes} are allowed (limit max_tag_bytes)", value.len()))
            }
            Some(service) => self.service.take(service, value),
            None => {
                let tag = UserTag { name: name.into(), value: value.into(), after_media: self.in_media };
                let had_room = self.tag_bytes <= max_bytes;
                self.tag_bytes = self.tag_bytes.saturating_add(tag_bytes(&tag));
                match (self.tag_bytes <= max_bytes, had_room) {
                    (true, _) => self.head.tags.push(tag),
                    (false, false) => {}
                    (false, true) => {
                        let what = "the tags of one fragment take more than";
                        return Err(format!("{what} {max_bytes} bytes; the rest is left out (limit max_tag_bytes)"));
                    }
                }
                Ok(())
            }
        }
    }

    pub(super) fn start_cluster(&mut self, offset: u64) {
        // The service's tags stand before its only Cluster: without them this is plain Matroska.
        if !self.in_media {
            let service = &self.service;
            self.head.plain = service.number.is_none()
                && service.producer_timestamp.is_none()
                && service.server_timestamp.is_none()
                && service.exception.is_none();
        }
        self.in_media = true;
        self.last_offset = offset;
    }

    pub(super) fn set_cluster_time(&mut self, time: Nanos) {
        let first = *self.first_cluster.get_or_insert(time);
        self.cluster = time - first;
    }

    #[inline]
    pub(super) fn add(&mut self, block: Block) -> Option<Passed> {
        self.last_offset = block.offset;
        let Chunk { head, frames, counts, budget, .. } = self;
        let tracks = head.tracks.len();
        each_frame(block, self.cluster, &head.tracks, head.timestamp_scale, |frame| {
            if budget.take(&frame) {
                counts.add(&frame, tracks);
                if budget.keeps_frames() {
                    frames.push(frame);
                }
            }
        });
        budget.passed()
    }

    /// What takes in frames of which only the place is known, if there is room for any.
    #[inline]
    pub(super) fn place_taker(&mut self) -> Option<PlaceTaker<'_>> {
        let room = self.budget.frames_left();
        (room > 0).then(|| PlaceTaker {
            cluster: self.cluster,
            scale: self.head.timestamp_scale,
            frames_before: u32::try_from(self.frames.len()).unwrap_or(u32::MAX),
            keep: self.budget.keeps_frames(),
            taken: 0,
            end: 0,
            room,
            told: room,
            track: 0,
            key_frames: 0,
            bytes: 0,
            span: NO_SPAN,
            chunk: self,
        })
    }

    /// What a fragment of plain Matroska in it may take.
    pub(super) fn budget(&self) -> Budget {
        self.budget.clone()
    }

    /// The offset of the last block.
    pub(super) fn last_offset(&self) -> u64 {
        self.last_offset
    }

    pub(super) fn into_fragment(self) -> Fragment {
        let Chunk { mut head, frames, places, pieces, service, counts, .. } = self;
        counts.into_head(&mut head);
        head.number = service.number;
        head.producer_timestamp = service.producer_timestamp;
        head.server_timestamp = service.server_timestamp;
        head.exception = service.exception;
        head.continuation_token = service.continuation_token;
        head.millis_behind_now = service.millis_behind_now;
        Fragment { head, frames, places, pieces }
    }
}

/// See [`Chunk::place_taker`]. Counts a stretch of frames of one track by itself before it tells the chunk.
pub(super) struct PlaceTaker<'c> {
    chunk: &'c mut Chunk,
    cluster: Nanos,
    scale: u64,
    frames_before: u32,
    keep: bool,
    /// How many came, and where the last one ends.
    taken: usize,
    end: u64,
    /// How many more frames may come, and how many that were when the chunk was told the last time.
    room: u64,
    told: u64,
    /// Of the frames that are not told yet.
    track: u8,
    key_frames: u64,
    bytes: u64,
    span: (Nanos, Nanos),
}

const NO_SPAN: (Nanos, Nanos) = (Nanos(i64::MAX), Nanos(i64::MIN));

impl PlaceTaker<'_> {
    /// Takes one in and says whether there is room for more.
    #[inline]
    pub(super) fn take(&mut self, place: &BlockPlace) -> bool {
        if self.track != place.track {
            self.tell();
            self.track = place.track;
        }
        let time = self.cluster + Nanos::from_scaled(place.timestamp.into(), self.scale);
        self.key_frames += u64::from(place.keyframe);
        self.bytes += u64::from(place.size);
        self.span = (self.span.0.min(time), self.span.1.max(time));
        let &BlockPlace { offset, size, track, keyframe, .. } = place;
        if self.keep {
            self.chunk.places.push(Place { offset, time, size, frames_before: self.frames_before, track, keyframe });
        }
        self.chunk.last_offset = offset;
        self.taken += 1;
        self.end = offset.saturating_add(size.into());
        self.room -= 1;
        self.room > 0
    }

    /// To be called when no more come, with the input in which they were looked for if it is to be kept. Gives the limit that
    /// this passes.
    #[inline]
    pub(super) fn finish(mut self, piece: Option<(u64, Bytes)>) -> Option<Passed> {
        let taken = self.taken;
        self.tell();
        let (start, bytes) = piece.filter(|_| self.keep && taken > 0)?;
        let end = self.end.saturating_sub(start);
        let bytes = bytes.get(..usize::try_from(end).ok()?).map(|kept| bytes.slice_ref(kept))?;
        let Chunk { places, pieces, budget, .. } = self.chunk;
        let beside = size_of::<(u64, Bytes)>() + taken * size_of::<Place>();
        if budget.take_piece(start, bytes.len(), beside) {
            pieces.push((start, bytes));
        } else {
            places.truncate(places.len() - taken);
        }
        budget.passed()
    }

    fn tell(&mut self) {
        let (frames, track) = (self.told - self.room, u64::from(self.track));
        if frames > 0 {
            let (key_frames, bytes, (first, last)) = (self.key_frames, self.bytes, self.span);
            let counted = FrameCount { track, frames, key_frames, bytes, first, last };
            let tracks = self.chunk.head.tracks.len();
            self.chunk.counts.add_stretch(counted, tracks);
            self.chunk.budget.take_places(frames);
        }
        (self.told, self.key_frames, self.bytes, self.span) = (self.room, 0, 0, NO_SPAN);
    }
}
