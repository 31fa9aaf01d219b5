//! Writing elements: every typed element of this crate, Segments and Clusters of known or unknown size, and blocks.
//!
//! ```
//! use fragkit_mkv::{Id, write::Writer};
//!
//! let mut writer = Writer::new();
//! writer.master(Id::TAGS, |tags| {
//!     tags.master(Id::TAG, |tag| {
//!         tag.master(Id::SIMPLE_TAG, |simple| {
//!             simple.string(Id::TAG_NAME, "TITLE");
//!             simple.string(Id::TAG_STRING, "Yard, north");
//!         });
//!     });
//! });
//! assert_eq!(writer.into_bytes().len(), 33);
//! ```

use crate::id::Id;
use crate::vint;

/// Appends elements to a buffer.
#[derive(Debug, Clone, Default)]
pub struct Writer {
    out: Vec<u8>,
    size_width: Option<u32>,
}

impl Writer {
    /// Writes sizes in as few bytes as they need.
    #[must_use]
    pub fn new() -> Self {
        Writer::default()
    }

    /// Writes every size in `width` bytes (1 to 8), or in more where it needs more. The service writes its own Tags with
    /// 4, the producer SDK with 8.
    #[must_use]
    pub fn with_size_width(width: u32) -> Self {
        Writer { out: Vec::new(), size_width: Some(width) }
    }

    /// What was written.
    #[must_use]
    pub fn into_bytes(self) -> Vec<u8> {
        self.out
    }

    /// How many bytes were written.
    #[must_use]
    pub fn len(&self) -> usize {
        self.out.len()
    }

    /// Whether nothing was written yet.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.out.is_empty()
    }

    /// Appends bytes as they are, such as elements written elsewhere.
    pub fn raw(&mut self, bytes: &[u8]) {
        self.out.extend_from_slice(bytes);
    }

    /// An element header alone; `None` is the unknown size.
    pub fn header(&mut self, id: Id, size: Option<u64>) {
        vint::write_id(&mut self.out, id);
        let width = self.size_width.unwrap_or(if size.is_none() { 8 } else { 1 });
        vint::write_size(&mut self.out, size, width);
    }

    /// An element header with its size in `width` bytes (1 to 8); `None` is the unknown size.
    pub fn header_with_width(&mut self, id: Id, size: Option<u64>, width: u32) {
        vint::write_id(&mut self.out, id);
        vint::write_size(&mut self.out, size, width);
    }

    /// A master element with what `children` writes.
    pub fn master(&mut self, id: Id, children: impl FnOnce(&mut Writer)) {
        let mut inner = Writer { out: Vec::new(), size_width: self.size_width };
        children(&mut inner);
        self.binary(id, &inner.out);
    }

    /// A binary element.
    pub fn binary(&mut self, id: Id, data: &[u8]) {
        self.header(id, Some(u64::try_from(data.len()).unwrap_or(u64::MAX)));
        self.out.extend_from_slice(data);
    }

    /// A string element.
    pub fn string(&mut self, id: Id, value: &str) {
        self.binary(id, value.as_bytes());
    }

    /// An unsigned integer in as few bytes as it needs, at least one.
    pub fn uint(&mut self, id: Id, value: u64) {
        self.uint_with_width(id, value, (64 - value.leading_zeros()).div_ceil(8).max(1));
    }

    /// An unsigned integer in `width` bytes (1 to 8).
    pub fn uint_with_width(&mut self, id: Id, value: u64, width: u32) {
        self.header(id, Some(u64::from(width.min(8))));
        vint::write_be(&mut self.out, value, width);
    }

    /// A signed integer in as few bytes as it needs, at least one.
    pub fn int(&mut self, id: Id, value: i64) {
        let magnitude = if value < 0 { !value } else { value };
        let width = (65 - magnitude.leading_zeros()).div_ceil(8).max(1);
        self.header(id, Some(u64::from(width)));
        vint::write_be(&mut self.out, value.cast_unsigned(), width);
    }

    /// A float of 8 bytes.
    pub fn float(&mut self, id: Id, value: f64) {
        self.binary(id, &value.to_be_bytes());
    }

    /// The header of a SimpleBlock without lacing whose one frame has `frame_len` bytes; the frame is to follow.
    /// `timestamp` is relative to the Cluster, in units of TimestampScale.
    pub fn simple_block_header(&mut self, track: u64, timestamp: i16, flags: BlockFlags, frame_len: u64) {
        let track_width = vint::size_width(track);
        self.header(Id::SIMPLE_BLOCK, Some(frame_len + u64::from(track_width) + 3));
        vint::write_size(&mut self.out, Some(track), track_width);
        self.out.extend_from_slice(&timestamp.to_be_bytes());
        self.out.push(flags.bits());
    }
}

/// The flags of a SimpleBlock without lacing (RFC 9559, section 10.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct BlockFlags {
    /// Every frame of the block can be decoded on its own.
    pub keyframe: bool,
    /// To be decoded, not shown.
    pub invisible: bool,
    /// May be dropped if playing is late.
    pub discardable: bool,
}

impl BlockFlags {
    fn bits(self) -> u8 {
        u8::from(self.keyframe) << 7 | u8::from(self.invisible) << 3 | u8::from(self.discardable)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_integer_takes_the_bytes_it_needs() {
        for (value, bytes) in [
            (0, vec![0x80 | 1, 0]),
            (127, vec![0x81, 0x7F]),
            (128, vec![0x82, 0, 0x80]),
            (-1, vec![0x81, 0xFF]),
            (-128, vec![0x81, 0x80]),
            (-129, vec![0x82, 0xFF, 0x7F]),
            (i64::MIN, vec![0x88, 0x80, 0, 0, 0, 0, 0, 0, 0]),
        ] {
            let mut writer = Writer::new();
            writer.int(Id::REFERENCE_BLOCK, value);
            assert_eq!(writer.into_bytes()[1..], bytes, "{value}");
        }
    }
}
