//! Where the bytes come from: files and folders of files, as one stream.

use std::fs::{self, File};
use std::io::{self, Read, Seek};
use std::ops::Range;
use std::path::{Path, PathBuf};

use bytes::Bytes;
use fragkit_fragment::{Assembler, Item, Limits};

use crate::error::{Error, ErrorKind};
use crate::map::map;

/// Files smaller than this are read instead of mapped: a map costs more than their bytes.
const SMALL_FILE: u64 = 64 << 10;

/// Files as one stream in the order given, mapped into memory: their pages are read only where they are touched.
#[derive(Debug, Clone, Default)]
pub struct Source {
    /// Where each file starts in the stream, and its bytes.
    parts: Vec<(u64, Bytes)>,
    len: u64,
    limits: Limits,
}

impl Source {
    /// Maps files; a folder stands for all files below it in the order of their names.
    ///
    /// # Errors
    ///
    /// If a path cannot be read, or a folder has no file in it.
    pub fn open<P: AsRef<Path>>(paths: impl IntoIterator<Item = P>) -> Result<Source, Error> {
        let mut source = Source::default();
        for path in paths {
            for file in files(path.as_ref())? {
                let failed = |error: &io::Error| Error::io("cannot read", &file, error);
                let opened = File::open(&file).map_err(|error| failed(&error))?;
                let len = opened.metadata().map_err(|error| failed(&error))?.len();
                let bytes = if len < SMALL_FILE {
                    fs::read(&file).map(Bytes::from).map_err(|error| failed(&error))?
                } else {
                    map(&opened).map_err(|error| failed(&error))?
                };
                source.push(bytes);
            }
        }
        Ok(source)
    }

    /// What is left to be read of an open file, mapped.
    ///
    /// # Errors
    ///
    /// If it is no file but a pipe or a device, or cannot be mapped.
    pub fn rest_of(mut file: &File) -> Result<Source, Error> {
        let failed = |error: &io::Error| Error::from_io(error);
        if !file.metadata().map_err(|error| failed(&error))?.is_file() {
            return Err(Error::new(ErrorKind::Io, "this is no file that can be mapped"));
        }
        let position = file.stream_position().map_err(|error| failed(&error))?;
        let bytes = map(file).map_err(|error| failed(&error))?;
        let start = usize::try_from(position).unwrap_or(usize::MAX).min(bytes.len());
        Ok(Source::from(bytes.slice(start..)))
    }

    /// Takes in a stream that can be read only once, by way of a temporary file that has no name, so that memory stays small.
    ///
    /// # Errors
    ///
    /// If reading fails, or there is no room for temporary files.
    pub fn spool(reader: &mut impl Read) -> Result<Source, Error> {
        let mut file = tempfile::tempfile().map_err(|error| Error::from_io(&error))?;
        let len = io::copy(reader, &mut file).map_err(|error| Error::from_io(&error))?;
        if len == 0 {
            return Ok(Source::default());
        }
        map(&file).map(Source::from).map_err(|error| Error::from_io(&error))
    }

    /// Holds the stream to these limits instead of the usual ones.
    #[must_use]
    pub fn with_limits(mut self, limits: Limits) -> Source {
        self.limits = limits;
        self
    }

    /// Appends bytes to the stream.
    pub fn push(&mut self, bytes: Bytes) {
        let start = self.len;
        self.len += u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        if !bytes.is_empty() {
            self.parts.push((start, bytes));
        }
    }

    /// How many bytes there are.
    #[must_use]
    pub fn len(&self) -> u64 {
        self.len
    }

    /// Whether there is no byte at all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The fragments of the stream, and what is to be said of it.
    pub fn items(&self) -> impl Iterator<Item = Item> + use<> {
        self.assemble(std::convert::identity)
    }

    /// The same without the bytes of audio frames, for those who write them from the source later: a
    /// [`Clipper`](crate::Clipper), an [`Index`](crate::Index). It is faster where frames are small.
    pub fn items_without_audio_payload(&self) -> impl Iterator<Item = Item> + use<> {
        self.assemble(Assembler::without_audio_payload)
    }

    /// The same without frames, for those who want the heads alone.
    pub fn heads(&self) -> impl Iterator<Item = Item> + use<> {
        self.assemble(Assembler::without_frames)
    }

    fn assemble(&self, change: fn(Assembler) -> Assembler) -> impl Iterator<Item = Item> + use<> {
        let assembler = change(Assembler::new(self.limits.clone()).with_mapped_input());
        assembler.assemble(self.parts.iter().map(|(_, bytes)| bytes.clone()))
    }

    /// The whole stream, if it is in one piece, or else nothing.
    pub(crate) fn single(&self) -> &[u8] {
        if let [(0, bytes)] = &self.parts[..] { bytes } else { &[] }
    }

    /// Calls `each` with the slices that make up a range of the stream.
    ///
    /// # Errors
    ///
    /// What `each` gives.
    pub fn slices<'s, E>(
        &'s self,
        range: Range<u64>,
        mut each: impl FnMut(&'s [u8]) -> Result<(), E>,
    ) -> Result<(), E> {
        // One file is the common case, and this is asked for every frame.
        if let [(0, bytes)] = &self.parts[..] {
            let within = |offset: u64| usize::try_from(offset).unwrap_or(usize::MAX).min(bytes.len());
            return match bytes.get(within(range.start)..within(range.end)) {
                Some(slice) if !slice.is_empty() => each(slice),
                _ => Ok(()),
            };
        }
        let first = self.parts.partition_point(|(start, _)| *start <= range.start).saturating_sub(1);
        for (start, bytes) in self.parts.iter().skip(first) {
            if *start >= range.end {
                break;
            }
            let within =
                |offset: u64| usize::try_from(offset.saturating_sub(*start)).unwrap_or(usize::MAX).min(bytes.len());
            if let Some(slice) = bytes.get(within(range.start)..within(range.end)).filter(|slice| !slice.is_empty()) {
                each(slice)?;
            }
        }
        Ok(())
    }

    /// The bytes of a range of the stream, as many of them as there are: a slice of the map where they are in one piece.
    #[must_use]
    pub fn bytes(&self, range: Range<u64>) -> Bytes {
        let first = self.parts.partition_point(|(start, _)| *start <= range.start).saturating_sub(1);
        if let Some((start, bytes)) = self.parts.get(first) {
            let within = |offset: u64| usize::try_from(offset.saturating_sub(*start)).unwrap_or(usize::MAX);
            let (from, to) = (within(range.start), within(range.end));
            if from <= to && to <= bytes.len() {
                return bytes.slice(from..to);
            }
        }
        let mut whole = Vec::new();
        let joined: Result<(), std::convert::Infallible> = self.slices(range, |slice| {
            whole.extend_from_slice(slice);
            Ok(())
        });
        let Ok(()) = joined;
        whole.into()
    }
}

impl From<Bytes> for Source {
    fn from(bytes: Bytes) -> Self {
        let mut source = Source::default();
        source.push(bytes);
        source
    }
}

/// The files that a path stands for: itself, or all files below it in the order of their paths.
pub fn files(path: &Path) -> Result<Vec<PathBuf>, Error> {
    let failed = |at: &Path, error: &io::Error| Error::io("cannot read", at, error);
    let metadata = fs::metadata(path).map_err(|error| failed(path, &error))?;
    if !metadata.is_dir() {
        return Ok(vec![path.to_path_buf()]);
    }
    let mut found = Vec::new();
    let mut folders = vec![path.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).map_err(|error| failed(&folder, &error))? {
            let entry = entry.map_err(|error| failed(&folder, &error))?;
            let kind = entry.file_type().map_err(|error| failed(&entry.path(), &error))?;
            if kind.is_dir() {
                folders.push(entry.path());
            } else if fs::metadata(entry.path()).is_ok_and(|metadata| metadata.is_file()) && is_media(&entry.path()) {
                found.push(entry.path());
            }
        }
    }
    if found.is_empty() {
        let message = format!("{}: no .mkv, .mka, .webm or .bin file in this folder", path.display());
        return Err(Error::new(ErrorKind::Input, message).hint("name the files themselves if theirs end otherwise"));
    }
    found.sort();
    Ok(found)
}

/// Whether a file in a folder is taken: by its ending, so that notes and pictures beside the media do not become damage.
fn is_media(path: &Path) -> bool {
    let extension = path.extension().and_then(|extension| extension.to_str()).unwrap_or_default();
    ["mkv", "mka", "webm", "bin"].iter().any(|known| extension.eq_ignore_ascii_case(known))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Pipe;

    #[test]
    fn bytes_of_a_range_are_those_of_the_stream_wherever_its_parts_meet() {
        let stream: Vec<u8> = (0..=99).collect();
        for cuts in [vec![], vec![1], vec![10, 11, 50], vec![99]] {
            let mut source = Source::default();
            let mut start = 0;
            for &cut in cuts.iter().chain([&100]) {
                source.push(Bytes::copy_from_slice(&stream[start..cut]));
                start = cut;
            }
            for from in 0..=100_usize {
                for to in from..=110 {
                    let range = u64::try_from(from).unwrap()..u64::try_from(to).unwrap();
                    assert_eq!(source.bytes(range), &stream[from..to.min(100)], "{cuts:?} {from} {to}");
                }
            }
            assert!(source.bytes(200..300).is_empty());
        }
        assert!(Source::default().bytes(0..10).is_empty());
    }

    #[test]
    fn limits_that_are_set_hold_in_every_way_to_read() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../testdata/h264-main-aac.chunks.mkv");
        let stream = Bytes::from(std::fs::read(path).unwrap());
        let limits = Limits { max_frames: 3, ..Limits::default() };
        let source = Source::from(stream.clone()).with_limits(limits.clone());
        let pipe = Pipe::with_limits(&stream[..], limits.clone()).map(Result::unwrap);
        let counted = Pipe::with_limits(&stream[..], limits).without_frames().map(Result::unwrap);
        let ways: [Vec<Item>; 5] = [
            source.items().collect(),
            source.items_without_audio_payload().collect(),
            source.heads().collect(),
            pipe.collect(),
            counted.collect(),
        ];
        for items in ways {
            let (mut fragments, mut told) = (0, 0);
            for item in &items {
                match item {
                    Item::Fragment(fragment) => {
                        assert_eq!(fragment.head.frame_count(), 3);
                        fragments += 1;
                    }
                    Item::Finding(finding) => told += usize::from(finding.message.contains("limit max_frames")),
                }
            }
            assert!(fragments > 2 && told == fragments, "{told} of {fragments}");
        }
    }
}
