//! Where the bytes come from: files and folders of files, as one stream.

mod part;
mod stretches;

use std::fs::{self, File};
use std::io::{self, Read, Seek};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;
use fragkit_fragment::{Item, Limits};

use crate::error::{Error, ErrorKind};
use crate::map::map;
use part::{Failures, MATROSKA_EXTENSIONS, Part, has_extension};
use stretches::{Stretches, Wanted};

/// So many files are opened at once and stay so: systems limit how many there can be, and their memory. Those beyond are opened when
/// it is their turn.
const FILES_AT_HAND: usize = 1000;

/// Files as one stream in the order given, mapped into memory: their pages are read only where they are touched. Of many files, those
/// behind the first thousand are opened when it is their turn, and closed again.
///
/// Each is Matroska (chunks of the service or ordinary files, one or more of them), or an MP4 or MOV file, progressive or
/// fragmented, as its first bytes say. Segments of a fragmented one may be files behind that with the `moov` box.
#[derive(Debug, Clone, Default)]
pub struct Source {
    parts: Vec<Part>,
    len: u64,
    limits: Limits,
}

impl Source {
    /// Maps files; a folder stands for the media files below it in the order of their names: Matroska and `.bin`, or MP4 and MOV where
    /// there is none of those.
    ///
    /// # Errors
    ///
    /// If a path cannot be read, or a folder has no file in it. A file that is opened only when it is its turn and cannot be read
    /// then is a finding, and its bytes are zeros.
    pub fn open<P: AsRef<Path>>(paths: impl IntoIterator<Item = P>) -> Result<Source, Error> {
        Source::open_some(paths, FILES_AT_HAND)
    }

    /// Opens so many of the files, and notes the others.
    fn open_some<P: AsRef<Path>>(paths: impl IntoIterator<Item = P>, at_hand: usize) -> Result<Source, Error> {
        let mut source = Source::default();
        for path in paths {
            for file in files(path.as_ref())? {
                let part = if source.parts.len() < at_hand {
                    Part::opened(source.len, &file)
                } else {
                    Part::later(source.len, &file)
                };
                source.push_part(part.map_err(|error| Error::io("cannot read", &file, &error))?);
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
        let from = usize::try_from(position).unwrap_or(usize::MAX);
        source.push_part(Part::mapped(0, map(file).map_err(|error| failed(&error))?, from));
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
        Source::of_temporary(&file).map_err(|error| Error::from_io(&error))
    }

    /// A file that is not empty and that nobody else knows of.
    pub(crate) fn of_temporary(file: &File) -> io::Result<Source> {
        let mut source = Source::default();
        source.push_part(Part::mapped(0, map(file)?, 0));
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
        self.push_part(Part::in_memory(self.len, bytes));
    }

    fn push_part(&mut self, part: Part) {
        self.len += part.len;
        if part.len > 0 {
            self.parts.push(part);
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
        self.assemble(Wanted::Frames)
    }

    /// The same without the bytes of audio frames, for those who write them from the source later: a
    /// [`Clipper`](crate::Clipper), an [`Index`](crate::Index). It is faster where frames are small.
    pub fn items_without_audio_payload(&self) -> impl Iterator<Item = Item> + use<> {
        self.assemble(Wanted::Places)
    }

    /// The same without frames, for those who want the heads alone.
    pub fn heads(&self) -> impl Iterator<Item = Item> + use<> {
        self.assemble(Wanted::Heads)
    }

    fn assemble(&self, wanted: Wanted) -> impl Iterator<Item = Item> + use<> {
        let failures = Arc::<Failures>::default();
        let mut items = Stretches::new(self.parts.clone(), self.limits.clone(), wanted, Arc::clone(&failures));
        let mut told = move || failures.next().map(Item::Finding);
        std::iter::from_fn(move || told().or_else(|| items.next()).or_else(&mut told))
    }

    /// Has the system map what is about to be read of a range.
    pub(crate) fn make_ready(&self, range: &Range<u64>) {
        self.within(range).for_each(|part| part.make_ready(range));
    }

    /// All bytes of the part that the byte at this offset is in, and where it starts in the stream. Nothing behind the end.
    pub(crate) fn part_at(&self, offset: u64) -> io::Result<Option<(u64, Bytes)>> {
        let part = self.parts.get(self.first_of(offset)).filter(|part| offset < part.start + part.len);
        part.map(|part| Ok((part.start, part.bytes()?))).transpose()
    }

    /// The parts that a range is in.
    fn within(&self, range: &Range<u64>) -> impl Iterator<Item = &Part> {
        let end = range.end;
        self.parts.iter().skip(self.first_of(range.start)).take_while(move |part| part.start < end)
    }

    /// The part that the byte at this offset is in, if there is one.
    fn first_of(&self, offset: u64) -> usize {
        self.parts.partition_point(|part| part.start <= offset).saturating_sub(1)
    }

    /// The bytes of a range of the stream, as many of them as there are: a slice of the map where they are in one piece. Where a file
    /// is opened for them and cannot be read any more, what lies before it.
    #[must_use]
    pub fn bytes(&self, range: Range<u64>) -> Bytes {
        self.gather(range).0
    }

    /// The same for those who need all of them.
    ///
    /// # Errors
    ///
    /// If a file is opened for them and cannot be read any more.
    pub fn read(&self, range: Range<u64>) -> io::Result<Bytes> {
        let (bytes, error) = self.gather(range);
        error.map_or(Ok(bytes), Err)
    }

    /// The bytes of a range as far as they can be had, and why there are no more.
    fn gather(&self, range: Range<u64>) -> (Bytes, Option<io::Error>) {
        let mut joined = Vec::new();
        let mut next = range.start;
        while next < range.end {
            let (start, bytes) = match self.part_at(next) {
                Ok(Some(part)) => part,
                Ok(None) => break,
                Err(error) => return (joined.into(), Some(error)),
            };
            let within = |offset: u64| usize::try_from(offset - start).unwrap_or(usize::MAX).min(bytes.len());
            let slice = bytes.slice(within(next)..within(range.end));
            next += u64::try_from(slice.len()).unwrap_or(u64::MAX);
            if joined.is_empty() && next >= range.end {
                return (slice, None);
            }
            joined.extend_from_slice(&slice);
        }
        (joined.into(), None)
    }
}

impl From<Bytes> for Source {
    fn from(bytes: Bytes) -> Self {
        let mut source = Source::default();
        source.push(bytes);
        source
    }
}

/// The files that a path stands for: itself, or the media files below it in the order of their paths. MP4 and MOV files are taken of
/// a folder that has nothing else: beside a stream they are the clips that were made of it.
pub fn files(path: &Path) -> Result<Vec<PathBuf>, Error> {
    let failed = |at: &Path, error: &io::Error| Error::io("cannot read", at, error);
    let metadata = fs::metadata(path).map_err(|error| failed(path, &error))?;
    if !metadata.is_dir() {
        return Ok(vec![path.to_path_buf()]);
    }
    let (mut found, mut movies) = (Vec::new(), Vec::new());
    let mut folders = vec![path.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).map_err(|error| failed(&folder, &error))? {
            let entry = entry.map_err(|error| failed(&folder, &error))?;
            let kind = entry.file_type().map_err(|error| failed(&entry.path(), &error))?;
            if kind.is_dir() {
                folders.push(entry.path());
                continue;
            }
            let path = entry.path();
            let is_file = || fs::metadata(&path).is_ok_and(|metadata| metadata.is_file());
            // By its ending, so that notes and pictures beside the media do not become damage.
            if (has_extension(&path, &MATROSKA_EXTENSIONS) || has_extension(&path, &["bin"])) && is_file() {
                found.push(path);
            } else if has_extension(&path, &["mp4", "m4v", "m4a", "mov"]) && is_file() {
                movies.push(path);
            }
        }
    }
    if found.is_empty() {
        found = movies;
    }
    if found.is_empty() {
        let message =
            format!("{}: no .mkv, .mka, .webm, .bin, .mp4, .m4v, .m4a or .mov file in this folder", path.display());
        return Err(Error::new(ErrorKind::Input, message).hint("name the files themselves if theirs end otherwise"));
    }
    found.sort();
    Ok(found)
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
        source.push_part(Part::mapped(source.len, map(&file).unwrap(), 0));
        let whole = [&written[5000..], b"between", &written].concat();
        let len = source.len();
        assert_eq!(usize::try_from(len).unwrap(), whole.len());
        for range in [0..len, 0..1, 100_000..300_000, len - 1..len + 10, len..len + 1, 7..7, 0..u64::MAX] {
            source.make_ready(&range);
            let within = |offset: u64| usize::try_from(offset.min(len)).unwrap();
            assert_eq!(source.bytes(range.clone()), &whole[within(range.start)..within(range.end)], "{range:?}");
        }
    }

    /// A folder with the chunks of a test file, one a file.
    fn chunk_files() -> (tempfile::TempDir, Bytes) {
        let stream = std::fs::read(concat!(env!("CARGO_MANIFEST_DIR"), "/../../testdata/h264-main-aac.chunks.mkv"));
        let stream = Bytes::from(stream.unwrap());
        let folder = tempfile::tempdir().unwrap();
        for (at, head) in heads(Source::from(stream.clone()).heads()).iter().enumerate() {
            let range = usize::try_from(head.offset).unwrap()..usize::try_from(head.offset + head.size).unwrap();
            std::fs::write(folder.path().join(format!("{at:03}.mkv")), &stream[range]).unwrap();
        }
        (folder, stream)
    }

    fn heads(items: impl Iterator<Item = Item>) -> Vec<fragkit_fragment::Head> {
        items.filter_map(|item| if let Item::Fragment(fragment) = item { Some(fragment.head) } else { None }).collect()
    }

    /// The clip of a source.
    fn clip(source: &Source) -> io::Result<Vec<u8>> {
        let mut clipper = crate::Clipper::new(crate::ClipOptions::default());
        for item in source.items_without_audio_payload() {
            if let Item::Fragment(fragment) = item {
                clipper.add(&fragment);
            }
        }
        let mut written = Vec::new();
        let clips = clipper.clips().unwrap();
        crate::write_runs(source, &mut written, |writer| clips[0].runs(|run| writer.write(&run)))?;
        Ok(written)
    }

    #[test]
    fn files_that_are_opened_in_their_turn_are_like_those_at_hand() {
        let (folder, stream) = chunk_files();
        let expected = clip(&Source::from(stream.clone())).unwrap();
        for at_hand in [0, 2, FILES_AT_HAND] {
            let source = Source::open_some([folder.path()], at_hand).unwrap();
            let items = |source: &Source| source.items().map(|item| format!("{item:?}")).collect::<Vec<_>>();
            assert_eq!(items(&source), items(&Source::from(stream.clone())));
            assert_eq!(clip(&source).unwrap(), expected);
            assert_eq!(source.bytes(0..u64::MAX), stream);
            let end = stream.len() - 1000;
            assert_eq!(source.bytes(1000..u64::try_from(end).unwrap()), stream.slice(1000..end));
        }
    }

    #[test]
    fn a_file_that_is_gone_in_its_turn_is_told_of_and_the_others_are_kept() {
        let (folder, stream) = chunk_files();
        let all = heads(Source::from(stream.clone()).heads());
        let source = Source::open_some([folder.path()], 1).unwrap();
        let gone = folder.path().join("002.mkv");
        std::fs::remove_file(&gone).unwrap();
        let items: Vec<Item> = source.heads().collect();
        let told =
            |item: &&Item| matches!(item, Item::Finding(finding) if finding.message.contains("002.mkv: cannot read"));
        assert_eq!(items.iter().filter(told).count(), 1, "{items:?}");
        let kept = heads(items.into_iter());
        assert_eq!(kept.len(), all.len() - 1);
        assert!(kept.iter().all(|head| head.offset != all[2].offset));

        // What is in it cannot be written, and is not read as if it were there.
        let (before, lost) = (&all[1], &all[2]);
        assert_eq!(u64::try_from(source.bytes(before.offset..u64::MAX).len()), Ok(before.size));
        let run = fragkit_fragment::Run::Input(before.offset..lost.offset + 100);
        let error = crate::write_runs(&source, Vec::new(), |writer| writer.write(&run)).unwrap_err();
        assert!(error.to_string().contains("002.mkv: cannot read"), "{error}");

        // However large it was.
        assert_eq!(crate::map::zeros(1 << 30).len(), 1 << 30);
        assert_eq!(crate::map::zeros(u64::MAX).len(), 0);

        // Shorter is as bad.
        std::fs::write(&gone, b"short").unwrap();
        assert!(source.part_at(lost.offset).unwrap_err().to_string().contains("shorter"));
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
