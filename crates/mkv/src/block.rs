//! Blocks: the frames of a Cluster, with lacing undone (RFC 9559, sections 10.1 to 10.3).

use bytes::{Buf, Bytes};
use nom::Parser as _;
use nom::number::complete::{be_i16, be_u8};

use crate::error::{Error, Path, Result};
use crate::id::Id;
use crate::master::{Context, Master};
use crate::vint;
use crate::write::Writer;

/// A SimpleBlock or a BlockGroup.
#[derive(Debug, Clone, PartialEq)]
pub struct Block {
    /// Offset of the element in the input, and its size with the header, in bytes.
    pub offset: u64,
    /// Size of the element with its header, in bytes.
    pub size: u64,
    /// Track number.
    pub track: u64,
    /// Time relative to the Cluster's Timestamp, in units of TimestampScale.
    pub timestamp: i16,
    /// Every frame can be decoded on its own: the flag of a SimpleBlock, or a BlockGroup without ReferenceBlock.
    pub keyframe: bool,
    /// To be decoded, not shown.
    pub invisible: bool,
    /// May be dropped if playing is late; only a SimpleBlock can say so.
    pub discardable: bool,
    /// What only a BlockGroup can say.
    pub group: Option<Box<BlockGroup>>,
    /// The frames, one where there is no lacing.
    pub frames: Frames,
    /// Offset of the first frame's stored bytes in the input; those of laced frames follow each other.
    pub data_offset: u64,
    /// How many bytes at the front of each frame are not in the input because header stripping took them off.
    pub stripped: usize,
}

/// Where the frame of a SimpleBlock lies: see [`Parser::poll_places`](crate::Parser::poll_places).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BlockPlace {
    /// Offset of the frame in the input.
    pub offset: u64,
    /// Length of the frame in bytes.
    pub size: u32,
    /// Track number, 1 to 127.
    pub track: u8,
    /// Time relative to the Cluster's Timestamp, in units of TimestampScale.
    pub timestamp: i16,
    /// The frame can be decoded on its own.
    pub keyframe: bool,
}

/// What a BlockGroup says of its Block.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct BlockGroup {
    /// BlockDuration, in units of TimestampScale.
    pub duration: Option<u64>,
    /// ReferenceBlock: times of the frames that this one needs, relative to it.
    pub references: Vec<i64>,
    /// DiscardPadding, in nanoseconds: to drop at the end, or at the start where negative.
    pub discard_padding: Option<i64>,
    /// BlockAdditions.
    pub additions: Vec<BlockAddition>,
    /// CodecState.
    pub codec_state: Option<Bytes>,
}

/// One BlockMore element.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BlockAddition {
    /// BlockAddID, default 1.
    pub id: u64,
    /// BlockAdditional.
    pub data: Bytes,
}

/// The frames of a block. Without lacing there is one, and no list is made for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Frames {
    /// No lacing.
    One(Bytes),
    /// Xiph, EBML or fixed-size lacing.
    Laced(Vec<Bytes>),
}

impl Frames {
    /// The frames in order.
    #[must_use]
    pub fn as_slice(&self) -> &[Bytes] {
        match self {
            Frames::One(frame) => std::slice::from_ref(frame),
            Frames::Laced(frames) => frames,
        }
    }

    pub(crate) fn map(self, change: impl Fn(Bytes) -> Bytes) -> Frames {
        match self {
            Frames::One(frame) => Frames::One(change(frame)),
            Frames::Laced(frames) => Frames::Laced(frames.into_iter().map(change).collect()),
        }
    }
}

/// Reads what a SimpleBlock or Block element holds; `data` starts at `offset`.
pub(crate) fn read(element: u64, offset: u64, mut data: Bytes, path: Path<'_>) -> Result<Block> {
    let invalid = |message: &str| Error::invalid(element, path, message);
    let total = data.len();
    let parsed = (vint::vint, be_i16::<_, vint::Fault>, be_u8).parse(&data[..]);
    let Ok((rest, ((_, track), timestamp, flags))) = parsed else {
        return Err(invalid("the block ends inside its own header (RFC 9559, section 10.1)"));
    };
    if track == 0 {
        return Err(invalid("the block's track number is 0 (RFC 9559, section 10.1)"));
    }
    let header = total - rest.len();
    data.advance(header);
    let data_offset = offset + u64::try_from(header).unwrap_or_default();
    let (frames, lace_header) = match flags & 0x06 {
        0x00 => (Frames::One(data), 0),
        lacing => {
            let (frames, lace_header) = unlace(lacing, data).map_err(|message| invalid(&message))?;
            (Frames::Laced(frames), lace_header)
        }
    };
    Ok(Block {
        offset: element,
        size: 0,
        track,
        timestamp,
        keyframe: flags & 0x80 != 0,
        invisible: flags & 0x08 != 0,
        discardable: flags & 0x01 != 0,
        group: None,
        frames,
        data_offset: data_offset + lace_header,
        stripped: 0,
    })
}

/// Splits a laced block into its frames and says how long the lace header was.
fn unlace(lacing: u8, mut data: Bytes) -> std::result::Result<(Vec<Bytes>, u64), String> {
    let total = data.len();
    let Some((&count, mut rest)) = data.split_first() else {
        return Err("a laced block without a frame count (RFC 9559, section 10.3)".into());
    };
    let count = usize::from(count) + 1;
    let cut = || "the block ends inside its lace sizes (RFC 9559, section 10.3)".to_string();
    let mut sizes: Vec<u64> = Vec::with_capacity(count);
    match lacing {
        0x02 => {
            while sizes.len() + 1 < count {
                let mut size = 0;
                loop {
                    let (&byte, after) = rest.split_first().ok_or_else(cut)?;
                    rest = after;
                    size += u64::from(byte);
                    if byte != 255 {
                        break;
                    }
                }
                sizes.push(size);
            }
        }
        0x06 => {
            while sizes.len() + 1 < count {
                let (after, (width, value)) = vint::vint(rest).map_err(|_| cut())?;
                rest = after;
                let size = match sizes.last() {
                    None => Some(value),
                    // Differences are stored with half the range of their width added.
                    Some(&last) => (last + value).checked_sub((1 << (7 * width - 1)) - 1),
                };
                sizes.push(
                    size.filter(|&size| size <= 1 << 56).ok_or("a laced size is below 0 (RFC 9559, section 10.3.3)")?,
                );
            }
        }
        _ => {
            let (each, remainder) = (rest.len() / count, rest.len() % count);
            // Nothing but the count would say how many there are: six bytes to claim 256 frames.
            if each == 0 && count > 1 {
                return Err(format!("{count} laced frames of one size in no bytes (RFC 9559, section 10.3.4)"));
            }
            if remainder != 0 {
                return Err(format!(
                    "{} bytes do not divide into {count} frames of one size (RFC 9559, section 10.3.4)",
                    rest.len()
                ));
            }
            sizes.resize(count - 1, u64::try_from(each).unwrap_or_default());
        }
    }
    let lace_header = total - rest.len();
    data.advance(lace_header);
    let sum = sizes.iter().sum::<u64>();
    let held = u64::try_from(data.len()).unwrap_or_default();
    if sum > held {
        return Err(format!("laced sizes sum to {sum} but the block holds {held} (RFC 9559, section 10.3)"));
    }
    let mut frames: Vec<Bytes> = Vec::with_capacity(count);
    for size in sizes {
        frames.push(data.split_to(usize::try_from(size).unwrap_or_default()));
    }
    frames.push(data);
    Ok((frames, u64::try_from(lace_header).unwrap_or_default()))
}

/// Reads a BlockGroup that is held whole. `None` where it has no Block in it.
pub(crate) fn read_group(
    element: u64,
    offset: u64,
    data: &Bytes,
    path: Path<'_>,
    context: Context<'_>,
) -> Result<Option<Block>> {
    let mut block = None;
    let mut group = BlockGroup::default();
    let master = Master { data, offset, path, context };
    let mut details = 0;
    let mut count_in = || {
        details += 1;
        let most = context.limits.max_block_details;
        let what = "ReferenceBlock and BlockMore elements in one BlockGroup (limit max_block_details)";
        if details > most { Err(master.limit(what, most)) } else { Ok(()) }
    };
    master.children(|child| {
        match child.id {
            Id::BLOCK => {
                block = Some(read(child.offset, child.data_offset, data.slice_ref(child.data), path.child(Id::BLOCK))?)
            }
            Id::BLOCK_DURATION => group.duration = Some(child.uint(0)?),
            Id::REFERENCE_BLOCK => {
                count_in()?;
                group.references.push(child.int(0)?);
            }
            Id::DISCARD_PADDING => group.discard_padding = Some(child.int(0)?),
            Id::CODEC_STATE => group.codec_state = Some(child.binary()),
            Id::BLOCK_ADDITIONS => child.master(|additions| {
                additions.children(|more| {
                    if more.id == Id::BLOCK_MORE {
                        count_in()?;
                        group.additions.push(more.master(read_addition)?);
                    }
                    Ok(())
                })
            })?,
            _ => {}
        }
        Ok(())
    })?;
    Ok(block.map(|mut block| {
        block.offset = element;
        block.keyframe = group.references.is_empty();
        block.discardable = false;
        block.group = Some(Box::new(group));
        block
    }))
}

fn read_addition(master: Master<'_>) -> Result<BlockAddition> {
    let mut addition = BlockAddition { id: 1, data: Bytes::new() };
    master.children(|child| {
        match child.id {
            Id::BLOCK_ADD_ID => addition.id = child.uint(1)?,
            Id::BLOCK_ADDITIONAL => addition.data = child.binary(),
            _ => {}
        }
        Ok(())
    })?;
    Ok(addition)
}

impl BlockGroup {
    /// How many bytes of memory it takes.
    #[must_use]
    pub fn memory(&self) -> usize {
        let additions = self.additions.iter().map(|addition| size_of::<BlockAddition>() + addition.data.len());
        let state = self.codec_state.as_ref().map_or(0, Bytes::len);
        size_of::<Self>() + size_of_val(&self.references[..]) + additions.sum::<usize>() + state
    }

    /// Appends a BlockGroup with one frame of `track` at `timestamp`, without lacing.
    pub fn write(&self, track: u64, timestamp: i16, invisible: bool, frame: &[u8], writer: &mut Writer) {
        writer.master(Id::BLOCK_GROUP, |w| {
            let mut block = Vec::with_capacity(frame.len() + 12);
            vint::write_size(&mut block, Some(track), 1);
            block.extend_from_slice(&timestamp.to_be_bytes());
            block.push(u8::from(invisible) << 3);
            block.extend_from_slice(frame);
            w.binary(Id::BLOCK, &block);
            if !self.additions.is_empty() {
                w.master(Id::BLOCK_ADDITIONS, |w| {
                    for addition in &self.additions {
                        w.master(Id::BLOCK_MORE, |w| {
                            w.uint(Id::BLOCK_ADD_ID, addition.id);
                            w.binary(Id::BLOCK_ADDITIONAL, &addition.data);
                        });
                    }
                });
            }
            if let Some(duration) = self.duration {
                w.uint(Id::BLOCK_DURATION, duration);
            }
            for &reference in &self.references {
                w.int(Id::REFERENCE_BLOCK, reference);
            }
            if let Some(state) = &self.codec_state {
                w.binary(Id::CODEC_STATE, state);
            }
            if let Some(padding) = self.discard_padding {
                w.int(Id::DISCARD_PADDING, padding);
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frames(data: &[u8]) -> Vec<Bytes> {
        let block = read(0, 0, Bytes::copy_from_slice(data), Path::TOP).unwrap();
        assert_eq!(&data[usize::try_from(block.data_offset).unwrap()..][..1], &block.frames.as_slice()[0][..1]);
        block.frames.as_slice().to_vec()
    }

    fn error(data: &'static [u8]) -> String {
        read(0, 0, Bytes::from_static(data), Path::TOP).unwrap_err().message().to_string()
    }

    #[test]
    fn a_block_without_lacing_has_one_frame() {
        let block = read(7, 9, Bytes::from_static(b"\x81\xFF\xFE\x89frame"), Path::TOP).unwrap();
        assert_eq!((block.track, block.timestamp, block.data_offset), (1, -2, 13));
        assert!(block.keyframe && block.invisible && block.discardable);
        assert_eq!(block.frames, Frames::One(Bytes::from_static(b"frame")));
    }

    #[test]
    fn xiph_lacing_adds_bytes_up_to_one_below_255() {
        let mut data = b"\x81\0\0\x02\x02\xFF\x01\x02".to_vec();
        data.extend(std::iter::repeat_n(b'a', 256).chain(*b"bbccc"));
        let frames = frames(&data);
        assert_eq!(frames.iter().map(Bytes::len).collect::<Vec<_>>(), [256, 2, 3]);
        assert_eq!(frames[2], "ccc");
    }

    #[test]
    fn ebml_lacing_stores_differences() {
        // Sizes 5, 5 - 2, then the rest: 0x80 | (63 - 2).
        assert_eq!(frames(b"\x81\0\0\x06\x02\x85\xBDaaaaabbbcc"), ["aaaaa", "bbb", "cc"]);
    }

    #[test]
    fn fixed_lacing_divides_evenly() {
        assert_eq!(frames(b"\x81\0\0\x04\x02aabbcc"), ["aa", "bb", "cc"]);
        assert_eq!(
            error(b"\x81\0\0\x04\x02aabbc"),
            "5 bytes do not divide into 3 frames of one size (RFC 9559, section 10.3.4)"
        );
        assert_eq!(error(b"\x81\0\0\x04\xFF"), "256 laced frames of one size in no bytes (RFC 9559, section 10.3.4)");
    }

    #[test]
    fn laced_sizes_larger_than_the_block_are_refused() {
        assert_eq!(
            error(b"\x81\0\0\x02\x01\x09aaaa"),
            "laced sizes sum to 9 but the block holds 4 (RFC 9559, section 10.3)"
        );
        assert_eq!(error(b"\x81\0\0\x06\x02\x81\x80aaaa"), "a laced size is below 0 (RFC 9559, section 10.3.3)");
    }

    #[test]
    fn a_block_shorter_than_its_header_is_refused() {
        assert_eq!(error(b"\x81\0\0"), "the block ends inside its own header (RFC 9559, section 10.1)");
        assert_eq!(error(b"\x80\0\0\0"), "the block's track number is 0 (RFC 9559, section 10.1)");
    }
}
