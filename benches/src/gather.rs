//! Runs to a file, without a copy of the payload.

use std::io::{self, IoSlice, Write};

use bytes::Bytes;
use fragkit_fragment::Run;

/// Most slices that one call takes (IOV_MAX on Linux).
const MAX_SLICES: usize = 1024;

/// Writes the runs that `runs` hands to the function it is given: payload straight out of `input`, in vectored calls.
///
/// # Errors
///
/// If writing fails.
pub fn gather(
    input: &Bytes,
    out: &mut impl Write,
    runs: impl FnOnce(&mut dyn FnMut(Run<'_>) -> io::Result<()>) -> io::Result<()>,
) -> io::Result<()> {
    let mut batch: Vec<Bytes> = Vec::with_capacity(MAX_SLICES);
    runs(&mut |run| {
        batch.push(match run {
            Run::Bytes(bytes) => Bytes::copy_from_slice(bytes),
            Run::Small(small) => Bytes::copy_from_slice(small.as_slice()),
            Run::Input(range) => {
                let at = |offset: u64| usize::try_from(offset).map_err(io::Error::other);
                input.slice(at(range.start)?..at(range.end)?)
            }
        });
        if batch.len() == MAX_SLICES { flush(&mut batch, out) } else { Ok(()) }
    })?;
    flush(&mut batch, out)
}

fn flush(batch: &mut Vec<Bytes>, out: &mut impl Write) -> io::Result<()> {
    let mut slices: Vec<IoSlice<'_>> = batch.iter().map(|bytes| IoSlice::new(bytes)).collect();
    let mut left = &mut slices[..];
    while !left.is_empty() {
        let count = out.write_vectored(left)?;
        if count == 0 {
            return Err(io::ErrorKind::WriteZero.into());
        }
        IoSlice::advance_slices(&mut left, count);
    }
    batch.clear();
    Ok(())
}
