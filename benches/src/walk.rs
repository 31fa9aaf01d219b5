//! A stream read with the least work there is: the floor that the parser is held against.
//!
//! It steps from element header to element header, goes into Segments and Clusters, reads what a SimpleBlock says of itself,
//! and believes everything: no limits, no names for errors, no lacing, no BlockGroups, nothing of tags and tracks.

use bytes::Bytes;

/// What a walk has seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Walked {
    /// SimpleBlocks.
    pub frames: u64,
    /// Bytes of payload in them.
    pub payload_bytes: usize,
    /// Those with the key frame flag.
    pub key_frames: u64,
    /// Sum of Cluster and block timestamps over all blocks, so that they are read.
    pub timestamps: i64,
}

/// Walks over a stream up to its end or the first byte that makes no sense.
#[must_use]
pub fn walk(stream: &[u8]) -> Walked {
    let mut walked = Walked::default();
    blocks(stream, |block| {
        walked.frames += 1;
        walked.payload_bytes += block.len;
        walked.key_frames += u64::from(block.keyframe);
        walked.timestamps += block.timestamp;
    });
    walked
}

/// The same, with each payload as a slice of the stream that stays alive on its own.
#[must_use]
pub fn slices(stream: &Bytes) -> Vec<Bytes> {
    let mut slices = Vec::new();
    blocks(stream, |block| slices.push(stream.slice(block.start..block.start + block.len)));
    slices
}

struct Block {
    start: usize,
    len: usize,
    keyframe: bool,
    timestamp: i64,
}

const SEGMENT: u32 = 0x1853_8067;
const CLUSTER: u32 = 0x1F43_B675;
const TIMESTAMP: u32 = 0xE7;
const SIMPLE_BLOCK: u32 = 0xA3;

fn blocks(stream: &[u8], mut each: impl FnMut(Block)) -> Option<()> {
    let mut at = 0;
    let mut cluster_timestamp = 0;
    while at < stream.len() {
        let (id, id_bytes) = id(stream.get(at..)?)?;
        let (size, size_bytes) = size(stream.get(at + id_bytes..)?)?;
        let start = at + id_bytes + size_bytes;
        if id == SEGMENT || id == CLUSTER {
            at = start;
            continue;
        }
        let end = start.checked_add(size?)?;
        let data = stream.get(start..end)?;
        if id == SIMPLE_BLOCK {
            let (_, track_bytes) = self::size(data)?;
            let &[high, low, flags] = data.get(track_bytes..)?.first_chunk()?;
            let timestamp = cluster_timestamp + i64::from(i16::from_be_bytes([high, low]));
            let len = data.len() - track_bytes - 3;
            each(Block { start: end - len, len, keyframe: flags & 0x80 != 0, timestamp });
        } else if id == TIMESTAMP {
            cluster_timestamp = data.iter().fold(0, |value, &byte| value << 8 | i64::from(byte));
        }
        at = end;
    }
    Some(())
}

/// An element ID with its marker bits, and its length.
fn id(bytes: &[u8]) -> Option<(u32, usize)> {
    let first = *bytes.first()?;
    let len = usize::try_from(first.leading_zeros()).ok()? + 1;
    let id = bytes.get(..len).filter(|_| len <= 4)?.iter().fold(0, |id, &byte| id << 8 | u32::from(byte));
    Some((id, len))
}

/// An element size (`None` if unknown) and its length.
fn size(bytes: &[u8]) -> Option<(Option<usize>, usize)> {
    let first = *bytes.first()?;
    let len = usize::try_from(first.leading_zeros()).ok()? + 1;
    let (_, rest) = bytes.get(..len)?.split_first()?;
    let marker = 0x80_u8.checked_shr(first.leading_zeros())?;
    let size = rest.iter().fold(usize::from(first ^ marker), |size, &byte| size << 8 | usize::from(byte));
    let unknown = first == marker | (marker - 1) && rest.iter().all(|&byte| byte == 0xFF);
    Some(((!unknown).then_some(size), len))
}
