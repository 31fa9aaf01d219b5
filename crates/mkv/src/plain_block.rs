//! The short way for what nearly all blocks are: SimpleBlocks without lacing, all in one piece, with nothing to be put back.
//! The parser takes it first, and its own where this one says nothing.

use bytes::Bytes;

use crate::block::{Block, BlockPlace, Frames};
use crate::parser::{Parser, State};

impl Parser {
    /// The next event if it is what nearly all are: a SimpleBlock of the current Cluster, all in one piece, without lacing
    /// and with nothing to be put back. `None` says nothing about what comes: [`poll`](Parser::poll) then does, and gives
    /// these blocks as well. This is the shorter way for those who take many.
    #[inline]
    pub fn poll_block(&mut self) -> Option<Block> {
        if self.state == State::Parsing { self.plain_block() } else { None }
    }

    /// What can be parsed without more input and lies in one piece, with its offset: where [`poll_places`](Parser::poll_places)
    /// looks for blocks.
    pub fn piece(&mut self) -> (u64, Bytes) {
        (self.input.offset(), self.input.front_bytes())
    }

    /// Steps over the blocks that [`poll_block`](Parser::poll_block) would give and tells `each` where their frames lie, for
    /// those who need no more of them. Ends at the first block of another kind, or that `wants` refuses by its track and its
    /// frame, or when `each` says `false`.
    #[inline]
    pub fn poll_places(&mut self, wants: impl Fn(u8, &[u8]) -> bool, mut each: impl FnMut(BlockPlace) -> bool) {
        if self.state != State::Parsing {
            return;
        }
        let Some((end, max_width)) = self.plain_bounds() else { return };
        let max_size = self.limits.max_block_bytes.min(u32::MAX.into());
        let start = self.input.offset();
        let front = self.input.front();
        // Only what lies within the Cluster; a block that reaches out of it is told of elsewhere.
        let room = end.map_or(u64::MAX, |end| end.saturating_sub(start));
        let within = front.get(..usize::try_from(room).unwrap_or(usize::MAX)).unwrap_or(front);
        let mut rest = within;
        let mut touched = 0;
        while let Some(block) = PlainBlock::read(rest, max_width) {
            let Some((element, behind)) =
                usize::try_from(block.whole()).ok().and_then(|len| rest.split_at_checked(len))
            else {
                break;
            };
            let data = usize::try_from(block.header_len()).ok().and_then(|len| element.get(len..)).unwrap_or_default();
            if block.size > max_size || !wants(block.track, data) {
                break;
            }
            touched ^= touch_ahead(element, behind);
            rest = behind;
            let behind_place = within.len() - rest.len();
            let place = BlockPlace {
                offset: start + u64::try_from(behind_place - data.len()).unwrap_or_default(),
                size: u32::try_from(data.len()).unwrap_or(u32::MAX),
                track: block.track,
                timestamp: block.timestamp,
                keyframe: block.flags & 0x80 != 0,
            };
            if !each(place) {
                break;
            }
        }
        std::hint::black_box(touched);
        let taken = within.len() - rest.len();
        self.input.step(taken);
        if taken > 0 {
            self.wanted = 0;
        }
        self.release();
    }

    /// Where the current Cluster ends, if its size is known, and how wide the sizes of blocks in it may be; `None` where
    /// there is no Cluster, or something is to be put back into frames.
    #[inline]
    fn plain_bounds(&self) -> Option<(Option<u64>, u32)> {
        let document = self.document.as_ref().filter(|document| document.cluster.is_some())?;
        document.stripped.is_empty().then_some((document.parent_end(), document.widths.size.min(8)))
    }

    #[inline]
    pub(crate) fn plain_block(&mut self) -> Option<Block> {
        let (end, max_width) = self.plain_bounds()?;
        let offset = self.input.offset();
        let block = PlainBlock::read(self.input.front(), max_width)?;
        let fits = end.is_none_or(|end| offset.saturating_add(block.whole()) <= end);
        if !fits || block.size > self.limits.max_block_bytes {
            return None;
        }
        let frame =
            self.input.take_behind(usize::try_from(block.header_len()).ok()?, usize::try_from(block.whole()).ok()?)?;
        self.wanted = 0;
        self.release();
        Some(Block {
            offset,
            size: block.whole(),
            track: block.track.into(),
            timestamp: block.timestamp,
            keyframe: block.flags & 0x80 != 0,
            invisible: block.flags & 0x08 != 0,
            discardable: block.flags & 0x01 != 0,
            group: None,
            frames: Frames::One(frame),
            data_offset: offset + u64::from(block.header_len()),
            stripped: 0,
        })
    }
}

/// The header of a SimpleBlock without lacing, of a track up to 127: what nearly all blocks are.
struct PlainBlock {
    /// How many bytes the element's size takes.
    width: u32,
    /// The element's size.
    size: u64,
    track: u8,
    timestamp: i16,
    flags: u8,
}

impl PlainBlock {
    /// The ID of a SimpleBlock is one byte.
    const ID: u8 = 0xA3;

    /// Written by hand, since it is run for every frame: the grammars of `vint` and `block` take more than twice the time.
    /// `None` where it is something else, or its first 13 bytes are not all there.
    #[inline]
    fn read(bytes: &[u8], max_width: u32) -> Option<PlainBlock> {
        let (&[Self::ID, size @ ..], _) = bytes.split_first_chunk::<9>()? else { return None };
        let size = u64::from_be_bytes(size);
        let width = size.leading_zeros() + 1;
        if width > max_width {
            return None;
        }
        // The marker goes off at the front, the bytes behind the size at the end.
        let size = size.checked_shl(width)? >> (64 - 7 * width);
        let unknown_size = (1 << (7 * width)) - 1;
        let header = u32::from_be_bytes(*bytes.get(usize::try_from(1 + width).ok()?..)?.first_chunk()?);
        let [track, time_high, time_low, flags] = header.to_be_bytes();
        let laced = header & 0x06 != 0;
        // A track number that starts below 0x81 has more bytes, or is 0.
        let plain = track > 0x80 && !laced && size != unknown_size && size >= 4;
        let timestamp = i16::from_be_bytes([time_high, time_low]);
        plain.then_some(PlainBlock { width, size, track: track & 0x7F, timestamp, flags })
    }

    /// Bytes of the whole element.
    #[inline]
    fn whole(&self) -> u64 {
        1 + u64::from(self.width) + self.size
    }

    /// Bytes in front of the frame: ID, size, and the track, time and flags.
    #[inline]
    fn header_len(&self) -> u32 {
        5 + self.width
    }
}

/// Reads a few bytes further on where blocks are small. Where the next block is stands in the one before, so the processor
/// cannot fetch ahead by itself, and would wait for memory at each of them.
#[inline]
fn touch_ahead(element: &[u8], behind: &[u8]) -> u8 {
    const FAR: usize = 2048;
    const LINE: usize = 64;
    match behind.get(FAR..=FAR + 2 * LINE) {
        Some(ahead) if element.len() < 1024 => {
            [0, LINE, 2 * LINE].iter().filter_map(|&at| ahead.get(at)).fold(0, |all, &byte| all ^ byte)
        }
        _ => 0,
    }
}
