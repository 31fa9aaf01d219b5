//! Where the bytes come from: files and folders of files, as one stream.

use std::fs::{self, File};
use std::io::{self, Read, Seek};
use std::ops::Range;
use std::path::{Path, PathBuf};

use bytes::Bytes;
use fragkit_fragment::{Assembler, Item, Limits};

use crate::error::{Error, ErrorKind};
use crate::map::{Map, map};

/// Files smaller than this are read instead of mapped: a map costs more than their bytes.
const SMALL_FILE: u64 = 64 << 10;

/// Files as one stream in the order given, mapped into memory: their pages are read only where they are touched.
#[derive(Debug, Clone, Default)]
pub struct Source {
    parts: Vec<Part>,
    len: u64,
    limits: Limits,
}

/// One file in the stream.
#[derive(Debug, Clone)]
struct Part {
    /// Where it starts in the stream.
    start: u64,
    bytes: Bytes,
    /// What the bytes are the end of, if they are mapped.
    map: Option<Map>,
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
                if len < SMALL_FILE {
                    source.push(fs::read(&file).map(Bytes::from).map_err(|error| failed(&error))?);
                } else {
                    source.push_map(map(&opened).map_err(|error| failed(&error))?, 0);
                }
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
        let mut source = Source::default();
        source.push_map(map(file).map_err(|error| failed(&error))?, usize::try_from(position).unwrap_or(usize::MAX));
        Ok(source)
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
        let mut source = Source::default();
        source.push_map(map(&file).map_err(|error| Error::from_io(&error))?, 0);
        Ok(source)
    }

    /// Holds the stream to these limits instead of the usual ones.
    #[must_use]
    pub fn with_limits(mut self, limits: Limits) -> Source {
        self.limits = limits;
        self
    }

    /// Appends bytes to the stream.
    pub fn push(&mut self, bytes: Bytes) {
        self.push_part(bytes, None);
    }

    /// Appends what a map holds from this byte on.
    fn push_map(&mut self, map: Map, from: usize) {
        let bytes = map.bytes();
        self.push_part(bytes.slice(from.min(bytes.len())..), Some(map));
    }

    fn push_part(&mut self, bytes: Bytes, map: Option<Map>) {
        let start = self.len;
        self.len += u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        if !bytes.is_empty() {
            self.parts.push(Part { start, bytes, map });
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
        assembler.assemble(self.parts.iter().map(|part| part.bytes.clone()))
    }

    /// The whole stream, if it is in one piece, or else nothing.
    pub(crate) fn single(&self) -> &[u8] {
        if let [part] = &self.parts[..] { &part.bytes } else { &[] }
    }

    /// Has the system map what is about to be read of a range.
    pub(crate) fn make_ready(&self, range: &Range<u64>) {
        for part in self.parts.iter().skip(self.first_of(range.start)).take_while(|part| part.start < range.end) {
            if let Some(map) = &part.map {
                let before = map.as_ref().len() - part.bytes.len();
                let (from, to) = part.within(range);
                map.populate(before + from..before + to);
            }
        }
    }

    /// The part that the byte at this offset is in, if there is one.
    fn first_of(&self, offset: u64) -> usize {
        self.parts.partition_point(|part| part.start <= offset).saturating_sub(1)
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
        if let [part] = &self.parts[..] {
            return part.slice(&range).map_or(Ok(()), each);
        }
        for part in self.parts.iter().skip(self.first_of(range.start)).take_while(|part| part.start < range.end) {
            if let Some(slice) = part.slice(&range) {
                each(slice)?;
            }
        }
        Ok(())
    }

    /// The bytes of a range of the stream, as many of them as there are: a slice of the map where they are in one piece.
    #[must_use]
    pub fn bytes(&self, range: Range<u64>) -> Bytes {
        if let Some(part) = self.parts.get(self.first_of(range.start)) {
            let within = |offset: u64| usize::try_from(offset.saturating_sub(part.start)).unwrap_or(usize::MAX);
            let (from, to) = (within(range.start), within(range.end));
            if from <= to && to <= part.bytes.len() {
                return part.bytes.slice(from..to);
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

impl Part {
    /// What it has of a range of the stream, as offsets in its own bytes.
    #[inline]
    fn within(&self, range: &Range<u64>) -> (usize, usize) {
        let offset = |offset: u64| usize::try_from(offset.saturating_sub(self.start)).unwrap_or(usize::MAX);
        (offset(range.start).min(self.bytes.len()), offset(range.end).min(self.bytes.len()))
    }

    /// What it has of a range of the stream, if that is anything.
    #[inline]
    fn slice(&self, range: &Range<u64>) -> Option<&[u8]> {
        let (from, to) = self.within(range);
        self.bytes.get(from..to).filter(|slice| !slice.is_empty())
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
    fn maps_in_a_stream_are_made_ready_from_where_they_are_read_on() {
        use std::io::{Seek, SeekFrom, Write};

        let mut file = tempfile::tempfile().unwrap();
        let written: Vec<u8> = (0..=255).cycle().take(3 << 16).collect();
        file.write_all(&written).unwrap();
        file.seek(SeekFrom::Start(5000)).unwrap();
        let mut source = Source::rest_of(&file).unwrap();
        source.push(Bytes::from_static(b"between"));
        source.push_map(map(&file).unwrap(), 0);
        let whole = [&written[5000..], b"between", &written].concat();
        let len = source.len();
        assert_eq!(usize::try_from(len).unwrap(), whole.len());
        for range in [0..len, 0..1, 100_000..300_000, len - 1..len + 10, len..len + 1, 7..7, 0..u64::MAX] {
            source.make_ready(&range);
            let within = |offset: u64| usize::try_from(offset.min(len)).unwrap();
            assert_eq!(source.bytes(range.clone()), &whole[within(range.start)..within(range.end)], "{range:?}");
        }
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
