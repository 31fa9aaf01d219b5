//! How much of a stream the assembler takes in before it calls it hostile.

use bytes::Bytes;
use fragkit_mkv::{self as mkv, Block};

use crate::fragment::{Frame, UserTag};

/// Limits on what a stream may ask of the assembler. Each is named in the finding that passing it gives.
///
/// What an [`Assembler`](crate::Assembler) holds in memory, if it is polled until there is nothing more after each push, is at
/// most four pushes and
///
/// ```text
///   max_fragment_bytes + 3 * max_frames * size_of::<Frame>()    the frames of a fragment, in a list that grows
/// + max_rewind_bytes                                            input that a search may go back to
/// + 2 * max_block_bytes                                         a block that came in pieces, and all of it
/// + 8 * max_header_bytes + 256 * max_tags                       Info, Tracks and Tags: bytes, and what they say
/// + max_tag_bytes + 1 MiB
/// ```
///
/// whatever the input. Of what cameras send it is twice the largest fragment at most, and 1 MiB.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Those of the Matroska parser.
    pub mkv: mkv::Limits,
    /// Most frames in one fragment; the fragment is broken off there.
    pub max_frames: usize,
    /// Most bytes that the frames of one fragment may take in memory: the input from the first to the last of them, and what is
    /// kept beside it. The fragment is broken off there. Input that lies in a mapped file does not count: see
    /// [`Assembler::with_mapped_input`](crate::Assembler::with_mapped_input).
    pub max_fragment_bytes: u64,
    /// Most bytes that the tags of one fragment may take in memory; the others are left out.
    pub max_tag_bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Limits {
            mkv: mkv::Limits::default(),
            max_frames: 1 << 20,
            max_fragment_bytes: 256 << 20,
            max_tag_bytes: 1 << 20,
        }
    }
}

/// The limit that a fragment passed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Passed {
    Frames,
    Bytes,
}

impl Limits {
    pub(super) fn message(&self, passed: Passed) -> String {
        match passed {
            Passed::Frames => format!("more than {} frames in one fragment (limit max_frames)", self.max_frames),
            Passed::Bytes => {
                let most = self.max_fragment_bytes;
                format!("the frames of one fragment take more than {most} bytes (limit max_fragment_bytes)")
            }
        }
    }
}

/// What the frames of a fragment may still take.
#[derive(Debug, Clone)]
pub(super) struct Budget {
    frames: u64,
    /// Less what is kept beside the payload.
    bytes: u64,
    /// Offset of the first frame: what was pushed from there on is held by the frames, also what lies between them.
    start: Option<u64>,
    keep_frames: bool,
    mapped_input: bool,
    passed: Option<Passed>,
}

impl Budget {
    /// What a fragment may take whose frames are kept, or only counted, and whose payload lies in a file or in memory.
    pub(super) fn new(limits: &Limits, keep_frames: bool, mapped_input: bool) -> Self {
        let frames = u64::try_from(limits.max_frames).unwrap_or(u64::MAX);
        Budget { frames, bytes: limits.max_fragment_bytes, start: None, keep_frames, mapped_input, passed: None }
    }

    /// Whether frames are kept.
    pub(super) fn keeps_frames(&self) -> bool {
        self.keep_frames
    }

    /// How many more frames there may be.
    pub(super) fn frames_left(&self) -> u64 {
        self.frames
    }

    /// The limit that was passed.
    pub(super) fn passed(&self) -> Option<Passed> {
        self.passed
    }

    /// Takes frames of which the place alone is known, as many as there may be.
    pub(super) fn take_places(&mut self, count: u64) {
        self.frames = self.frames.saturating_sub(count);
    }

    /// Whether there is room for the frame, which it then takes.
    #[inline]
    pub(super) fn take(&mut self, frame: &Frame) -> bool {
        if !self.keep_frames {
            return self.take_frames(1, 0, None);
        }
        // Payload that something was put back into is a copy.
        let copied = if frame.stripped > 0 { frame.payload.len() } else { 0 };
        let beside = size_of::<Frame>() + copied + frame.group.as_ref().map_or(0, |group| group.memory());
        self.take_frames(1, beside, Some((frame.offset, frame.payload.len() - frame.stripped)))
    }

    /// The same for a block that is kept as it is, even where frames are not.
    pub(super) fn take_block(&mut self, block: &Block) -> bool {
        let frames = block.frames.as_slice();
        let payload: usize = frames.iter().map(Bytes::len).sum();
        let copied = if block.stripped > 0 { payload } else { 0 };
        let beside =
            frames.len() * size_of::<Frame>() + copied + block.group.as_ref().map_or(0, |group| group.memory());
        let stored = payload - frames.len() * block.stripped;
        self.take_frames(frames.len(), beside, Some((block.data_offset, stored)))
    }

    /// Whether there is room for a piece of the input with so many bytes kept beside it, which it then takes.
    pub(super) fn take_piece(&mut self, offset: u64, len: usize, beside: usize) -> bool {
        self.take_frames(0, beside, Some((offset, len)))
    }

    #[inline]
    fn take_frames(&mut self, count: usize, beside: usize, stored: Option<(u64, usize)>) -> bool {
        let number = |len: usize| u64::try_from(len).unwrap_or(u64::MAX);
        let held = match stored.filter(|_| !self.mapped_input) {
            Some((offset, len)) => offset.saturating_add(number(len)).saturating_sub(*self.start.get_or_insert(offset)),
            None => 0,
        };
        let frames = self.frames.checked_sub(number(count));
        let bytes = self.bytes.checked_sub(number(beside)).filter(|left| held <= *left);
        match (frames, bytes) {
            (Some(frames), Some(bytes)) if self.passed.is_none() => {
                self.frames = frames;
                self.bytes = bytes;
                return true;
            }
            (None, _) => self.passed = self.passed.or(Some(Passed::Frames)),
            (_, None) => self.passed = self.passed.or(Some(Passed::Bytes)),
            _ => {}
        }
        false
    }
}

/// How much memory a tag takes.
pub(super) fn tag_bytes(tag: &UserTag) -> usize {
    size_of::<UserTag>() + tag.name.len() + tag.value.len()
}
