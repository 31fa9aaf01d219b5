//! Outputs as lists of runs: bytes that were made, and ranges of the input that are never copied.

use std::ops::Range;

/// A piece of an output, in order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Run<'a> {
    /// Bytes that were made for the output.
    Bytes(&'a [u8]),
    /// A few bytes that were made for the output: a length, a block header.
    Small(SmallRun),
    /// This range of the input, as offsets from its first byte.
    Input(Range<u64>),
}

/// Up to 32 bytes, held in place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SmallRun {
    bytes: [u8; Self::MAX_LEN],
    len: u8,
}

impl SmallRun {
    /// Most bytes that one holds.
    pub const MAX_LEN: usize = 32;

    /// Takes up to [`MAX_LEN`](SmallRun::MAX_LEN) bytes; more are cut off.
    #[must_use]
    pub fn new(from: &[u8]) -> Self {
        let mut bytes = [0; Self::MAX_LEN];
        let mut len = 0;
        for (to, from) in bytes.iter_mut().zip(from) {
            *to = *from;
            len += 1;
        }
        SmallRun { bytes, len }
    }

    /// The bytes.
    #[must_use]
    pub fn as_slice(&self) -> &[u8] {
        self.bytes.get(..usize::from(self.len)).unwrap_or_default()
    }
}

impl Run<'_> {
    /// How many bytes it is.
    #[must_use]
    pub fn len(&self) -> u64 {
        match self {
            Run::Bytes(bytes) => u64::try_from(bytes.len()).unwrap_or(u64::MAX),
            Run::Small(small) => small.len.into(),
            Run::Input(range) => range.end.saturating_sub(range.start),
        }
    }

    /// The bytes, if they are at hand: those of a range of the input are not.
    #[must_use]
    pub fn bytes(&self) -> Option<&[u8]> {
        match self {
            Run::Bytes(bytes) => Some(bytes),
            Run::Small(small) => Some(small.as_slice()),
            Run::Input(_) => None,
        }
    }

    /// Whether it is no byte at all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}
