//! Pieces of an output, gathered for one call.

use std::io::{self, IoSlice, Write};
use std::mem;
use std::ops::Range;

use bytes::Bytes;

/// Most slices that one call takes (IOV_MAX on Linux).
const MAX_SLICES: usize = 1024;

/// Pieces shorter than this are copied together: a slice of its own costs the system more than the bytes do.
pub(super) const SMALL: usize = 2048;

/// At most this much is copied for one call: enough for file systems to take large pages for it, few enough that it stays in the
/// processor's cache.
const SMALL_BATCH_BYTES: usize = 512 << 10;

/// About this much is gathered for one call. More of it would have file systems take pages of 2 MiB for it, which are dear where
/// memory is in pieces or lent by a host; and what is copied until a page of the input is met that is not mapped yet is copied again.
const BATCH_BYTES: usize = 1 << 20;

/// Gathers pieces until they are worth a call.
pub(super) struct Gather<'s> {
    out: &'s mut dyn Write,
    /// Copies of small pieces; those from `gathered` on are not in the batch yet.
    small: Vec<u8>,
    gathered: usize,
    batch: Vec<Piece<'s>>,
    /// Bytes of the batch that are not copies.
    bytes: usize,
}

#[derive(Debug)]
enum Piece<'s> {
    /// Up to here in the copies, from where the last such piece ended.
    Small(usize),
    Slice(&'s [u8]),
    /// Of a file that may be let go of before it is written.
    Kept(Bytes),
}

impl<'s> Gather<'s> {
    /// Goes on with the copies in `small`.
    pub(super) fn new(out: &'s mut dyn Write, mut small: Vec<u8>) -> Self {
        small.reserve((SMALL_BATCH_BYTES + SMALL).saturating_sub(small.len()));
        Gather { out, small, gathered: 0, batch: Vec::new(), bytes: 0 }
    }

    #[inline]
    pub(super) fn add(&mut self, slice: &'s [u8]) -> io::Result<()> {
        if slice.len() < SMALL { self.copy(slice) } else { self.push(Piece::Slice(slice), slice.len()) }
    }

    /// Adds a range of bytes that are kept until they are written.
    pub(super) fn keep(&mut self, bytes: &Bytes, range: Range<usize>) -> io::Result<()> {
        if range.len() < SMALL {
            return self.copy(bytes.get(range).unwrap_or_default());
        }
        let kept = bytes.slice(range);
        let len = kept.len();
        self.push(Piece::Kept(kept), len)
    }

    #[inline]
    pub(super) fn copy(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.small.extend_from_slice(bytes);
        if self.small.len() >= SMALL_BATCH_BYTES { self.flush() } else { Ok(()) }
    }

    fn push(&mut self, piece: Piece<'s>, len: usize) -> io::Result<()> {
        self.end_small();
        self.batch.push(piece);
        self.bytes += len;
        if self.batch.len() >= MAX_SLICES - 1 || self.bytes >= BATCH_BYTES { self.flush() } else { Ok(()) }
    }

    /// Writes what was gathered, and then these bytes, which are not there for long.
    pub(super) fn write_now(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.flush()?;
        self.out.write_all(bytes)
    }

    /// Makes a piece of the copies that are in none.
    fn end_small(&mut self) {
        if self.small.len() > self.gathered {
            self.gathered = self.small.len();
            self.batch.push(Piece::Small(self.gathered));
        }
    }

    /// Writes all that is left.
    pub(super) fn finish(&mut self) -> io::Result<()> {
        self.flush()?;
        self.out.flush()
    }

    /// Writes what is not a copy, and gives back copies that can wait.
    pub(super) fn pause(mut self) -> io::Result<Vec<u8>> {
        if !self.batch.is_empty() {
            self.flush()?;
        }
        Ok(self.small)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.end_small();
        let mut start = 0;
        let slices = self.batch.iter().map(|piece| match piece {
            Piece::Slice(slice) => IoSlice::new(slice),
            Piece::Kept(kept) => IoSlice::new(kept),
            Piece::Small(end) => IoSlice::new(self.small.get(mem::replace(&mut start, *end)..*end).unwrap_or_default()),
        });
        let mut slices: Vec<IoSlice<'_>> = slices.collect();
        let mut left = &mut slices[..];
        while !left.is_empty() {
            match self.out.write_vectored(left) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(count) => IoSlice::advance_slices(&mut left, count),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        self.batch.clear();
        self.small.clear();
        self.gathered = 0;
        self.bytes = 0;
        Ok(())
    }
}
