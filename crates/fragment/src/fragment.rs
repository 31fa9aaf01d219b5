//! The model: a fragment is one chunk as the service stores it, with its frames.

use bytes::Bytes;
use fragkit_mkv::BlockGroup;

use crate::number::FragmentNumber;
use crate::service::ServiceException;
use crate::time::{Nanos, Timestamp};
use crate::tracks::Tracks;

/// A chunk of the stream: its Matroska document, and the fragment that it carries.
///
/// A chunk without media (headers and tags only, or an exception of the service) is one as well, without frames.
#[derive(Debug, Clone)]
pub struct Fragment {
    /// Everything but the frames.
    pub head: Head,
    /// The frames in stored order, which is decoding order. Empty after [`Assembler::without_frames`].
    ///
    /// [`Assembler::without_frames`]: crate::Assembler::without_frames
    pub frames: Vec<Frame>,
    /// Those frames of which only the place was taken, in stored order: see [`Assembler::without_audio_payload`], without
    /// which there are none.
    ///
    /// [`Assembler::without_audio_payload`]: crate::Assembler::without_audio_payload
    pub places: Vec<Place>,
    /// The input that those frames are in, each piece with its offset in the input, if it is no file: see
    /// [`Assembler::with_audio_in_pieces`].
    ///
    /// [`Assembler::with_audio_in_pieces`]: crate::Assembler::with_audio_in_pieces
    pub pieces: Vec<(u64, Bytes)>,
}

impl Fragment {
    /// The bytes at this offset of the input, if they are in one of the [`pieces`](Fragment::pieces).
    #[must_use]
    pub fn in_pieces(&self, offset: u64, len: u32) -> Option<&[u8]> {
        let (start, piece) =
            self.pieces.get(self.pieces.partition_point(|(start, _)| *start <= offset).checked_sub(1)?)?;
        let from = usize::try_from(offset.checked_sub(*start)?).ok()?;
        piece.get(from..)?.get(..usize::try_from(len).ok()?)
    }
}

/// Where a frame lies in the input.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// Offset of the frame's bytes in the input.
    pub offset: u64,
    /// Presentation time relative to the fragment's producer timestamp.
    pub time: Nanos,
    /// Its length in bytes.
    pub size: u32,
    /// How many of [`Fragment::frames`] are stored before it.
    pub frames_before: u32,
    /// Track number.
    pub track: u8,
    /// It can be decoded on its own, as the container has it.
    pub keyframe: bool,
}

/// What is known of a fragment without its frames: small enough to keep for every fragment of a long stream.
#[derive(Debug, Clone)]
pub struct Head {
    /// The fragment number. In plain Matroska: 1, 2, 3 …
    pub number: Option<FragmentNumber>,
    /// When the producer made the fragment's first frame. Wall-clock time of a frame is this plus [`Frame::time`].
    pub producer_timestamp: Option<Timestamp>,
    /// When the service received it. In plain Matroska: the producer timestamp.
    pub server_timestamp: Option<Timestamp>,
    /// All tags that are not the service's own, in order, duplicates kept.
    pub tags: Vec<UserTag>,
    /// What the service reports in this chunk instead of media.
    pub exception: Option<ServiceException>,
    /// The service's token to go on reading behind this chunk (GetMedia only).
    pub continuation_token: Option<String>,
    /// How far, in milliseconds, this chunk was behind the newest media (GetMedia only).
    pub millis_behind_now: Option<u64>,
    /// The tracks; shared between fragments while they stay the same.
    pub tracks: Tracks,
    /// Nanoseconds per unit of block timestamps.
    pub timestamp_scale: u64,
    /// Offset in the input, in bytes.
    pub offset: u64,
    /// Size in the input, in bytes: the chunk with its headers and tags.
    pub size: u64,
    /// How much of the chunk is there.
    pub completeness: Completeness,
    /// Whether the chunk has no tags of the service: plain Matroska.
    pub plain: bool,
    /// For each track with frames, how many there are and how many are key frames.
    pub frame_counts: Vec<FrameCount>,
    /// Time of the earliest frame and of the latest, relative to the producer timestamp.
    pub span: Option<(Nanos, Nanos)>,
}

/// How many frames of one track a fragment holds, and from when to when.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FrameCount {
    /// Track number.
    pub track: u64,
    /// Frames.
    pub frames: u64,
    /// Those that can be decoded on their own.
    pub key_frames: u64,
    /// Bytes of payload.
    pub bytes: u64,
    /// Time of its earliest frame, relative to the producer timestamp.
    pub first: Nanos,
    /// Time of its latest.
    pub last: Nanos,
}

impl FrameCount {
    /// Counts more frames of the same track in.
    #[inline]
    pub fn add(&mut self, more: &FrameCount) {
        self.frames += more.frames;
        self.key_frames += more.key_frames;
        self.bytes = self.bytes.saturating_add(more.bytes);
        self.first = self.first.min(more.first);
        self.last = self.last.max(more.last);
    }
}

/// How much of a chunk is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Completeness {
    /// Whole: the tags that GetMedia writes behind the media are there.
    Complete,
    /// Whole as far as its structure tells; GetMediaForFragmentList and plain Matroska have no tags behind the media.
    Untrailed,
    /// The input ends inside the chunk, or before the tags that the other chunks of the stream end with.
    Cut {
        /// Offset in the input where it ends.
        offset: u64,
    },
    /// The chunk is damaged.
    Broken {
        /// Offset in the input of what broke.
        offset: u64,
    },
    /// Headers or tags only, without media.
    NoMedia,
}

impl Head {
    /// Whether the fragment carries media and all of it is there.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        matches!(self.completeness, Completeness::Complete | Completeness::Untrailed)
    }

    /// The same without tags, for those who keep very many.
    #[must_use]
    pub fn without_tags(&self) -> Head {
        let Head { number, exception, continuation_token, tracks, frame_counts, .. } = self;
        Head {
            number: number.clone(),
            tags: Vec::new(),
            exception: exception.clone(),
            continuation_token: continuation_token.clone(),
            tracks: tracks.clone(),
            frame_counts: frame_counts.clone(),
            ..*self
        }
    }

    /// Time of the latest frame less that of the earliest in milliseconds, as ListFragments reports it: the last frame's own
    /// duration is not in it.
    #[must_use]
    pub fn length_ms(&self) -> i64 {
        self.span.map_or(0, |(first, last)| (last - first).round_millis())
    }

    /// The length with the last frame's duration, estimated as the mean distance of the frames of the fullest track.
    #[must_use]
    pub fn duration_ms(&self) -> i64 {
        let frames = self.frame_counts.iter().map(|count| count.frames).max().unwrap_or(0).max(2);
        self.length_ms() + (self.length_ms() / i64::try_from(frames - 1).unwrap_or(i64::MAX)).max(1)
    }

    /// How many frames the fragment holds, of all tracks.
    #[must_use]
    pub fn frame_count(&self) -> u64 {
        self.frame_counts.iter().map(|count| count.frames).sum()
    }
}

/// A tag that is not the service's own: metadata of the producer, or what a muxer wrote.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UserTag {
    /// TagName.
    pub name: String,
    /// TagString; empty where there is none.
    pub value: String,
    /// Whether it stands behind the media.
    pub after_media: bool,
}

/// One frame: an access unit of video, or a packet of audio.
#[derive(Debug, Clone, PartialEq)]
pub struct Frame {
    /// Track number.
    pub track: u64,
    /// Presentation time relative to the fragment's producer timestamp.
    pub time: Nanos,
    /// Duration, where the container says so (BlockDuration, or laced frames).
    pub duration: Option<Nanos>,
    /// It can be decoded on its own, as the container has it.
    pub keyframe: bool,
    /// To be decoded, not shown.
    pub invisible: bool,
    /// May be dropped if playing is late.
    pub discardable: bool,
    /// The bytes, as a slice of the input.
    pub payload: Bytes,
    /// Offset of the stored bytes in the input. The first `stripped` bytes of `payload` are not there.
    pub offset: u64,
    /// How many bytes of `payload` header stripping had taken off.
    pub stripped: usize,
    /// What a BlockGroup says beside that (references, padding, additions); with the first frame where there is lacing.
    pub group: Option<Box<BlockGroup>>,
}

impl Frame {
    /// How many bytes the frame has.
    #[inline]
    #[must_use]
    pub fn size(&self) -> u32 {
        u32::try_from(self.payload.len()).unwrap_or(u32::MAX)
    }
}
