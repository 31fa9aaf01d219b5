//! Runs to a writer, in large vectored calls, so that payload goes straight from the map of the input, or from what was read of
//! a pipe, to the system.

mod gather;

use std::io::{self, Write};
use std::ops::Range;
use std::path::Path;

use bytes::Bytes;
use fragkit_clip::StreamingClipper;
use fragkit_fragment::{Fragment, Run};

use crate::error::Error;
use crate::input::Source;
use crate::output::Output;
use gather::Gather;

/// Payload this long has pages that nobody has looked at: a page that is touched brings those around it, 64 KiB of them.
const UNTOUCHED_BYTES: u64 = 64 << 10;

/// Writes runs to a file that appears when it is whole, in large calls. `runs` is given what takes each run.
///
/// # Errors
///
/// If writing fails; nothing is left behind then.
pub fn save<P: AsRef<Path>>(
    source: &Source,
    path: &Path,
    inputs: &[P],
    runs: impl FnOnce(&mut RunWriter<'_>) -> io::Result<()>,
) -> Result<(), Error> {
    let output = Output::create(path, inputs)?;
    write_runs(source, output.file(), runs).map_err(|error| output.failed(&error))?;
    output.finish()
}

/// Writes runs to any writer, in large calls.
///
/// # Errors
///
/// If writing fails.
pub fn write_runs(
    source: &Source,
    mut out: impl Write,
    runs: impl FnOnce(&mut RunWriter<'_>) -> io::Result<()>,
) -> io::Result<()> {
    let mut writer = RunWriter::new(source, &mut out);
    runs(&mut writer)?;
    writer.finish()
}

/// Writes runs in few, large calls.
pub struct RunWriter<'s> {
    source: &'s Source,
    /// The part of the source that the last run was in: where it starts, and its bytes.
    part: (u64, Bytes),
    gather: Gather<'s>,
}

impl std::fmt::Debug for RunWriter<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RunWriter").finish_non_exhaustive()
    }
}

impl<'s> RunWriter<'s> {
    /// Writes to `out` what runs take from `source`.
    pub fn new(source: &'s Source, out: &'s mut dyn Write) -> Self {
        RunWriter { source, part: (0, Bytes::new()), gather: Gather::new(out, Vec::new()) }
    }

    /// Writes a run, now or with the next ones.
    ///
    /// # Errors
    ///
    /// If writing fails.
    #[inline]
    pub fn write(&mut self, run: &Run<'_>) -> io::Result<()> {
        // Small frames out of the same file as the last one are what there can be most of.
        let (part, bytes) = &self.part;
        if let Run::Input(range) = run
            // What lies before the part is far behind its end then.
            && let Ok(start) = usize::try_from(range.start.wrapping_sub(*part))
            && let Ok(len) = usize::try_from(range.end.wrapping_sub(range.start))
            && len < gather::SMALL
            && let Some(slice) = bytes.get(start..).and_then(|behind| behind.get(..len))
        {
            return self.gather.copy(slice);
        }
        self.write_any(run)
    }

    fn write_any(&mut self, run: &Run<'_>) -> io::Result<()> {
        match run {
            Run::Bytes(bytes) if bytes.len() < gather::SMALL => self.gather.copy(bytes),
            Run::Bytes(bytes) => self.gather.write_now(bytes),
            Run::Small(small) => self.gather.copy(small.as_slice()),
            Run::Input(range) => {
                // A file system that meets a page which is not mapped lets go of what it has copied for this page of its own, which
                // may be a large one, and copies it again.
                if range.end.saturating_sub(range.start) >= UNTOUCHED_BYTES {
                    self.source.make_ready(range);
                }
                self.input(range)
            }
        }
    }

    /// Writes a range of the source, as much of it as there is.
    fn input(&mut self, range: &Range<u64>) -> io::Result<()> {
        let mut next = range.start;
        while next < range.end {
            let len = u64::try_from(self.part.1.len()).unwrap_or(u64::MAX);
            if next < self.part.0 || next >= self.part.0.saturating_add(len) {
                let Some(part) = self.source.part_at(next)? else { break };
                self.part = part;
            }
            let (start, bytes) = &self.part;
            let within = |offset: u64| usize::try_from(offset - start).unwrap_or(usize::MAX).min(bytes.len());
            let slice = within(next)..within(range.end);
            next += u64::try_from(slice.len()).unwrap_or(u64::MAX);
            self.gather.keep(bytes, slice)?;
        }
        Ok(())
    }

    /// Writes what is left.
    ///
    /// # Errors
    ///
    /// If writing fails.
    pub fn finish(mut self) -> io::Result<()> {
        self.gather.finish()
    }
}

/// Writes a clip of a pipe in few, large calls: what a [`StreamingClipper`] gives for fragment after fragment.
#[derive(Debug)]
pub struct StreamWriter<W> {
    out: W,
    /// Copies of small runs that are still to be written.
    small: Vec<u8>,
}

impl<W: Write> StreamWriter<W> {
    /// Writes to `out`.
    pub fn new(out: W) -> Self {
        StreamWriter { out, small: Vec::new() }
    }

    /// Hands a fragment to the clipper and writes what comes of it, but for small frames, which may wait for the next.
    ///
    /// # Errors
    ///
    /// If writing fails.
    pub fn add(&mut self, clipper: &mut StreamingClipper, fragment: &Fragment) -> io::Result<()> {
        let mut gather = Gather::new(&mut self.out, std::mem::take(&mut self.small));
        clipper.add_runs(fragment, |run| match run {
            Run::Bytes(bytes) => gather.add(bytes),
            run => gather.copy(run.bytes().unwrap_or_default()),
        })?;
        self.small = gather.pause()?;
        Ok(())
    }

    /// Writes what is left and then these bytes: the end of the clip.
    ///
    /// # Errors
    ///
    /// If writing fails.
    pub fn finish(mut self, end: &[u8]) -> io::Result<()> {
        self.out.write_all(&self.small)?;
        self.out.write_all(end)?;
        self.out.flush()
    }
}
