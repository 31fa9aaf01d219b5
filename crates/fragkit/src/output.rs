//! Where the bytes go: to a temporary name that becomes the final one when all is written, or to standard output; and in
//! large vectored calls, so that payload goes straight from the map of the input to the system.

use std::fs::{self, File};
use std::io::{self, IoSlice, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use fragkit_clip::StreamingClipper;
use fragkit_fragment::{Fragment, Run};
use tempfile::NamedTempFile;

use crate::error::{Error, ErrorKind};
use crate::input::{Source, files};

/// A file that appears under its name only when it is whole. Dropped before [`Output::finish`], it leaves nothing behind.
///
/// A device or a FIFO is written to as it is.
#[derive(Debug)]
pub struct Output {
    file: Target,
    path: PathBuf,
}

#[derive(Debug)]
enum Target {
    Temporary(NamedTempFile),
    Device(File),
}

impl Output {
    /// Starts a file beside `path`.
    ///
    /// # Errors
    ///
    /// If there is no such folder or it cannot be written to, or if `path` is one of the `inputs`.
    pub fn create<P: AsRef<Path>>(path: &Path, inputs: &[P]) -> Result<Output, Error> {
        for input in inputs {
            if is_input(path, input.as_ref()) {
                let message = format!("{}: the output is also an input", path.display());
                return Err(Error::new(ErrorKind::Usage, message).hint("choose another name for the output"));
            }
        }
        let failed = |error: &io::Error| Error::io("cannot write", path, error);
        match fs::metadata(path) {
            Ok(metadata) if metadata.is_dir() => {
                let message = format!("{}: the output is a folder", path.display());
                return Err(Error::new(ErrorKind::Usage, message).hint("name a file in it"));
            }
            Ok(metadata) if !metadata.is_file() => {
                let file = File::options().write(true).open(path).map_err(|error| failed(&error))?;
                return Ok(Output { file: Target::Device(file), path: path.to_path_buf() });
            }
            _ => {}
        }
        let folder = match path.parent() {
            Some(folder) if !folder.as_os_str().is_empty() => folder,
            _ => Path::new("."),
        };
        let mut builder = tempfile::Builder::new();
        // Not the name of the output with something added: that may be as long as a name can be.
        builder.prefix(".fragkit-").suffix(".part");
        // As any program's new file, and not for its owner alone as temporary files are.
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            builder.permissions(fs::Permissions::from_mode(0o666));
        }
        let file = builder.tempfile_in(folder).map_err(|error| failed(&error))?;
        Ok(Output { file: Target::Temporary(file), path: path.to_path_buf() })
    }

    /// The file that is being written.
    #[must_use]
    pub fn file(&self) -> &File {
        match &self.file {
            Target::Temporary(file) => file.as_file(),
            Target::Device(file) => file,
        }
    }

    /// Whether what was written can be gone back to.
    #[must_use]
    pub fn can_patch(&self) -> bool {
        matches!(self.file, Target::Temporary(_))
    }

    /// Writes `bytes` over what is at `offset`.
    ///
    /// # Errors
    ///
    /// If that fails.
    pub fn patch(&mut self, offset: u64, bytes: &[u8]) -> Result<(), Error> {
        let mut file = self.file();
        let patched = file.seek(SeekFrom::Start(offset)).and_then(|_| file.write_all(bytes));
        patched.map_err(|error| self.failed(&error))
    }

    /// Gives the file its name.
    ///
    /// # Errors
    ///
    /// If that fails; the file is then removed.
    pub fn finish(self) -> Result<(), Error> {
        match self.file {
            Target::Temporary(file) => {
                file.persist(&self.path).map(drop).map_err(|error| Error::io("cannot write", &self.path, &error.error))
            }
            Target::Device(_) => Ok(()),
        }
    }

    /// What a failed write of this file is called.
    #[must_use]
    pub fn failed(&self, error: &io::Error) -> Error {
        Error::io("cannot write", &self.path, error)
    }
}

/// Whether an output is the input, or one of the files that are read if that is a folder.
fn is_input(output: &Path, input: &Path) -> bool {
    let Ok(output) = fs::canonicalize(output) else { return false };
    let is_output = |path: &Path| fs::canonicalize(path).is_ok_and(|path| path == output);
    is_output(input) || (input.is_dir() && files(input).is_ok_and(|files| files.iter().any(|file| is_output(file))))
}

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

/// Most slices that one call takes (IOV_MAX on Linux).
const MAX_SLICES: usize = 1024;

/// Runs shorter than this are copied together: a slice of its own costs the system more than the bytes do.
const SMALL_RUN: usize = 2048;

/// At most this much is copied for one call, so that it stays in the processor's cache.
const SMALL_BATCH_BYTES: usize = 256 << 10;

/// At most this much is gathered for one call.
const BATCH_BYTES: usize = 8 << 20;

/// Writes runs in few, large calls.
pub struct RunWriter<'s> {
    source: &'s Source,
    /// The bytes of the source, if they are in one piece.
    single: &'s [u8],
    gather: Gather<'s>,
}

impl std::fmt::Debug for RunWriter<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RunWriter").field("bytes", &self.gather.bytes).finish_non_exhaustive()
    }
}

impl<'s> RunWriter<'s> {
    /// Writes to `out` what runs take from `source`.
    pub fn new(source: &'s Source, out: &'s mut dyn Write) -> Self {
        RunWriter { source, single: source.single(), gather: Gather::new(out, Vec::new()) }
    }

    /// Writes a run, now or with the next ones.
    ///
    /// # Errors
    ///
    /// If writing fails.
    #[inline]
    pub fn write(&mut self, run: &Run<'_>) -> io::Result<()> {
        // Small frames out of one file are what there can be most of.
        if let Run::Input(range) = run
            && let (Ok(start), Ok(end)) = (usize::try_from(range.start), usize::try_from(range.end))
            && let Some(slice) = self.single.get(start..end)
            && slice.len() < SMALL_RUN
        {
            return self.gather.copy(slice);
        }
        self.write_any(run)
    }

    fn write_any(&mut self, run: &Run<'_>) -> io::Result<()> {
        match run {
            Run::Bytes(bytes) if bytes.len() < SMALL_RUN => self.gather.copy(bytes),
            Run::Bytes(bytes) => self.gather.write_now(bytes),
            Run::Small(small) => self.gather.copy(small.as_slice()),
            Run::Input(range) => {
                let (source, gather) = (self.source, &mut self.gather);
                source.slices(range.clone(), |slice| gather.add(slice))
            }
        }
    }

    /// Writes what is left.
    ///
    /// # Errors
    ///
    /// If writing fails.
    pub fn finish(mut self) -> io::Result<()> {
        self.gather.flush()?;
        self.gather.out.flush()
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

/// Pieces of an output on their way into one call.
struct Gather<'s> {
    out: &'s mut dyn Write,
    /// Copies of small pieces; those from `gathered` on are not in the batch yet.
    small: Vec<u8>,
    gathered: usize,
    batch: Vec<Piece<'s>>,
    /// Bytes of the batch that are not copies.
    bytes: usize,
}

#[derive(Debug, Clone, Copy)]
enum Piece<'s> {
    /// Up to here in the copies, from where the last such piece ended.
    Small(usize),
    Slice(&'s [u8]),
}

impl<'s> Gather<'s> {
    /// Goes on with what is in `small`.
    fn new(out: &'s mut dyn Write, small: Vec<u8>) -> Self {
        Gather { out, small, gathered: 0, batch: Vec::new(), bytes: 0 }
    }

    #[inline]
    fn add(&mut self, slice: &'s [u8]) -> io::Result<()> {
        if slice.len() < SMALL_RUN { self.copy(slice) } else { self.push(slice) }
    }

    #[inline]
    fn copy(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.small.extend_from_slice(bytes);
        if self.small.len() >= SMALL_BATCH_BYTES { self.flush() } else { Ok(()) }
    }

    fn push(&mut self, slice: &'s [u8]) -> io::Result<()> {
        self.end_small();
        self.batch.push(Piece::Slice(slice));
        self.bytes += slice.len();
        if self.batch.len() >= MAX_SLICES - 1 || self.bytes >= BATCH_BYTES { self.flush() } else { Ok(()) }
    }

    /// Writes what was gathered, and then these bytes, which are not there for long.
    fn write_now(&mut self, bytes: &[u8]) -> io::Result<()> {
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

    /// Writes what is not a copy, and gives back copies that can wait.
    fn pause(mut self) -> io::Result<Vec<u8>> {
        if !self.batch.is_empty() {
            self.flush()?;
        }
        Ok(self.small)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.end_small();
        let mut start = 0;
        let slices = self.batch.iter().map(|piece| match *piece {
            Piece::Slice(slice) => IoSlice::new(slice),
            Piece::Small(end) => {
                IoSlice::new(self.small.get(std::mem::replace(&mut start, end)..end).unwrap_or_default())
            }
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
