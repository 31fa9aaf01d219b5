//! The SimpleBlocks of a chunk stream, to be tampered with.

use std::ops::Range;

use crate::streams::{documents, positions, size_at};

/// Where a SimpleBlock of the video track lies in the stream, with a view of what is in it.
#[derive(Debug, Clone)]
pub(super) struct Block {
    /// From its id to its end.
    pub(super) element: Range<usize>,
    /// Its timestamp, two bytes.
    pub(super) timestamp: Range<usize>,
    /// The frame.
    pub(super) frame: Range<usize>,
}

/// All SimpleBlocks of track 1, in stored order.
pub(super) fn blocks(stream: &[u8]) -> Vec<Block> {
    let mut blocks = Vec::new();
    for document in documents(stream) {
        let cluster = positions(&stream[document.clone()], b"\x1F\x43\xB6\x75")[0] + document.start + 4;
        let (_, width) = size_at(stream, cluster);
        let mut at = cluster + width;
        while at < document.end && !stream[at..].starts_with(b"\x12\x54\xC3\x67") {
            let id = stream[at];
            assert!(id & 0x80 != 0, "children of a Cluster that are used here have ids of one byte");
            let (size, width) = size_at(stream, at + 1);
            let content = at + 1 + width..at + 1 + width + size;
            if id == 0xA3 && stream[content.start] == 0x81 {
                blocks.push(Block {
                    element: at..content.end,
                    timestamp: content.start + 1..content.start + 3,
                    frame: content.start + 4..content.end,
                });
            }
            at = content.end;
        }
    }
    blocks
}

/// The NAL units of a frame with lengths of four bytes.
pub(super) fn nal_units(frame: &[u8]) -> Vec<Range<usize>> {
    let (mut units, mut at) = (Vec::new(), 0);
    while at < frame.len() {
        let size = usize::try_from(u32::from_be_bytes(frame[at..at + 4].try_into().unwrap())).unwrap();
        units.push(at + 4..at + 4 + size);
        at += 4 + size;
    }
    units
}

/// Where the first slice of a frame of H.264 starts.
pub(super) fn first_slice(frame: &[u8]) -> Range<usize> {
    nal_units(frame).into_iter().find(|unit| matches!(frame[unit.start] & 0x1F, 1 | 5)).unwrap()
}

/// Whether no other frame of H.264 refers to this one.
pub(super) fn is_disposable(frame: &[u8]) -> bool {
    frame[first_slice(frame).start] & 0x60 == 0
}
