//! One file in a stream: its bytes in memory, mapped, or to be had when they are asked for.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read};
use std::ops::Range;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use fragkit_fragment::{self as fragment, Finding, Severity};

use fragkit_mp4::read::is_movie;

use crate::error::reason;
use crate::map::{Map, map, zeros};

/// Files smaller than this are read instead of mapped: a map costs more than their bytes.
const SMALL_FILE: u64 = 64 << 10;

/// One file in a stream.
#[derive(Debug, Clone)]
pub(super) struct Part {
    /// Where it starts in the stream.
    pub(super) start: u64,
    pub(super) len: u64,
    /// Whether it is an MP4 or MOV file, or a segment of one.
    pub(super) is_movie: bool,
    data: Data,
}

#[derive(Debug, Clone)]
enum Data {
    Memory(Bytes),
    /// The end of a map.
    Mapped(Map, Bytes),
    /// A file that is opened each time.
    File(Arc<Path>),
}

impl Part {
    pub(super) fn in_memory(start: u64, bytes: Bytes) -> Part {
        Part { start, len: size(&bytes), is_movie: is_movie(&bytes), data: Data::Memory(bytes) }
    }

    /// What a map holds from this byte on.
    pub(super) fn mapped(start: u64, map: Map, from: usize) -> Part {
        let bytes = map.bytes();
        let bytes = bytes.slice(from.min(bytes.len())..);
        Part { start, len: size(&bytes), is_movie: is_movie(&bytes), data: Data::Mapped(map, bytes) }
    }

    /// A file that is opened now and stays at hand.
    pub(super) fn opened(start: u64, path: &Path) -> io::Result<Part> {
        let file = File::open(path)?;
        let len = file.metadata()?.len();
        let data = at_hand(&file, len)?;
        let is_movie = match &data {
            Data::Memory(bytes) | Data::Mapped(_, bytes) => is_movie(bytes),
            Data::File(_) => false,
        };
        Ok(Part { start, len, is_movie, data })
    }

    /// A file that is opened when its bytes are asked for: neither memory nor a map is taken up by it until then.
    pub(super) fn later(start: u64, path: &Path) -> io::Result<Part> {
        let len = path.metadata()?.len();
        // What Matroska is called needs no look; what cannot be read is told of in its turn.
        let matroska = has_extension(path, &MATROSKA_EXTENSIONS);
        let is_movie = !matroska && starts_as_movie(path).unwrap_or(false);
        Ok(Part { start, len, is_movie, data: Data::File(path.into()) })
    }

    /// All its bytes.
    ///
    /// # Errors
    ///
    /// If it is opened only now and that fails, or it is shorter than it was.
    pub(super) fn bytes(&self) -> io::Result<Bytes> {
        let path = match &self.data {
            Data::Memory(bytes) | Data::Mapped(_, bytes) => return Ok(bytes.clone()),
            Data::File(path) => path,
        };
        let opened = File::open(path).and_then(|file| at_hand(&file, self.len));
        match opened {
            Ok(Data::Memory(bytes) | Data::Mapped(_, bytes)) => Ok(bytes),
            Ok(Data::File(_)) => Ok(Bytes::new()),
            Err(error) => {
                Err(io::Error::new(error.kind(), format!("{}: cannot read: {}", path.display(), reason(&error))))
            }
        }
    }

    /// Has the system map what is about to be read of a range of the stream.
    pub(super) fn make_ready(&self, range: &Range<u64>) {
        if let Data::Mapped(map, bytes) = &self.data {
            let before = map.as_ref().len() - bytes.len();
            let offset = |offset: u64| usize::try_from(offset.saturating_sub(self.start)).unwrap_or(usize::MAX);
            let (from, to) = (offset(range.start).min(bytes.len()), offset(range.end).min(bytes.len()));
            map.populate(before + from..before + to);
        }
    }
}

/// How names of Matroska files end.
pub(super) const MATROSKA_EXTENSIONS: [&str; 3] = ["mkv", "mka", "webm"];

/// Whether the name of a file ends in one of these.
pub(super) fn has_extension(path: &Path, known: &[&str]) -> bool {
    let extension = path.extension().and_then(|extension| extension.to_str()).unwrap_or_default();
    known.iter().any(|known| extension.eq_ignore_ascii_case(known))
}

fn starts_as_movie(path: &Path) -> io::Result<bool> {
    let mut start = Vec::with_capacity(12);
    File::open(path)?.take(12).read_to_end(&mut start)?;
    Ok(is_movie(&start))
}

/// So many bytes of a file, or an error if it has less.
fn at_hand(file: &File, len: u64) -> io::Result<Data> {
    let size = usize::try_from(len).map_err(|_| io::ErrorKind::FileTooLarge)?;
    if len < SMALL_FILE {
        let mut bytes = vec![0; size];
        (&*file).read_exact(&mut bytes).map_err(|error| match error.kind() {
            io::ErrorKind::UnexpectedEof => shorter(),
            _ => error,
        })?;
        return Ok(Data::Memory(bytes.into()));
    }
    let map = map(file)?;
    let bytes = map.bytes();
    if bytes.len() < size {
        return Err(shorter());
    }
    Ok(Data::Mapped(map, bytes.slice(..size)))
}

fn shorter() -> io::Error {
    io::Error::new(io::ErrorKind::UnexpectedEof, "it is shorter than it was")
}

fn size(bytes: &Bytes) -> u64 {
    u64::try_from(bytes.len()).unwrap_or(u64::MAX)
}

/// A part as it is assembled: where it cannot be read its bytes are zeros, so that all others stay where they are, and that is
/// told of.
#[derive(Debug)]
pub(super) struct Assembled {
    part: Part,
    failures: Arc<Failures>,
}

impl Assembled {
    pub(super) fn new(part: Part, failures: &Arc<Failures>) -> Self {
        Assembled { part, failures: Arc::clone(failures) }
    }
}

impl fragment::Part for Assembled {
    fn size(&self) -> u64 {
        self.part.len
    }

    fn bytes(&self) -> Bytes {
        self.part.bytes().unwrap_or_else(|error| {
            self.failures.add(&self.part, &error);
            zeros(self.part.len)
        })
    }
}

/// Parts that could not be read.
#[derive(Debug, Default)]
pub(super) struct Failures {
    /// By where they start, with what is still to be told.
    found: Mutex<BTreeMap<u64, Option<Finding>>>,
    untold: AtomicBool,
}

impl Failures {
    pub(super) fn add(&self, part: &Part, error: &io::Error) {
        let what = if part.is_movie { "left out" } else { "taken as zeros" };
        let message = format!("{error}; its {} bytes are {what}", part.len);
        let hint = Some("what could be read is used; mend the file, or leave it out".into());
        let finding = Finding { offset: Some(part.start), hint, ..Finding::new(Severity::Error, message) };
        let mut found = self.found.lock().unwrap_or_else(PoisonError::into_inner);
        // Several threads may open one file, and all fail.
        found.entry(part.start).or_insert(Some(finding));
        self.untold.store(true, Ordering::Release);
    }

    /// The next one that was not told of.
    pub(super) fn next(&self) -> Option<Finding> {
        if !self.untold.load(Ordering::Acquire) {
            return None;
        }
        let mut found = self.found.lock().unwrap_or_else(PoisonError::into_inner);
        let next = found.values_mut().find_map(Option::take);
        if next.is_none() {
            self.untold.store(false, Ordering::Release);
        }
        next
    }
}
