//! Re-reads a written file and checks that its boxes, tables and offsets add
//! up: for tests and fuzz targets.
//!
//! It reads progressive files only and shares no code with the writer. Any
//! bytes may be given: it does not panic, its time grows with the bytes given
//! (but for one sort of the chunks), and it takes memory in proportion to
//! them, whatever counts they declare.

mod stsd;
mod tables;
mod track;

use std::ops::Range;

pub use self::track::TrackSummary;

use crate::Error;
use crate::reader::{Reader, once};

/// What a sound file contains.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Summary {
    /// Major brand, then the compatible brands.
    pub brands: Vec<[u8; 4]>,
    /// Where the payload of the `mdat` lies in the file.
    pub payload: Range<u64>,
    /// Whether `moov` stands before `mdat`.
    pub moov_first: bool,
    /// Timescale of the movie.
    pub timescale: u32,
    /// Duration of the movie in that timescale.
    pub duration: u64,
    /// Seconds since 1904-01-01T00:00:00Z.
    pub creation_time: u64,
    /// The tracks in the order of their boxes.
    pub tracks: Vec<TrackSummary>,
    /// Bytes of the payload that belong to no sample.
    pub unreferenced_bytes: u64,
}

/// Bytes of a file and where they stand in it.
#[derive(Clone, Copy, Debug)]
pub struct Part<'a> {
    /// Absolute offset of the first byte.
    pub offset: u64,
    /// The bytes.
    pub bytes: &'a [u8],
}

/// Checks a file that is in memory whole.
///
/// # Errors
/// [`Malformed`](crate::ErrorKind::Malformed), with the offset and the path of
/// the box, at the first rule broken.
pub fn check(file: &[u8]) -> Result<Summary, Error> {
    let file_bytes = u64::try_from(file.len()).unwrap_or(u64::MAX);
    check_parts(&[Part { offset: 0, bytes: file }], file_bytes)
}

/// Checks a file of `file_bytes` bytes of which only some are there: `ftyp`,
/// `moov` and the headers of the other boxes must be, each within one part;
/// the payload need not.
///
/// # Errors
/// As for [`check`].
pub fn check_parts(parts: &[Part<'_>], file_bytes: u64) -> Result<Summary, Error> {
    let mut ftyp = None;
    let mut moov = None;
    let mut payload: Option<Range<u64>> = None;
    let mut moov_first = false;
    let mut offset = 0;
    while offset < file_bytes {
        let found = top_level_box(parts, offset, file_bytes)?;
        if ftyp.is_none() && found.kind != *b"ftyp" {
            return Err(Error::malformed(offset, "file", "the first box is not ftyp (4.3)"));
        }
        match &found.kind {
            b"ftyp" => once(&mut ftyp, found.read(parts, "ftyp")?)?,
            b"moov" => once(&mut moov, found.read(parts, "moov")?)?,
            b"mdat" if payload.is_some() => {
                return Err(Error::malformed(offset, "mdat", "a second mdat"));
            }
            b"mdat" => {
                moov_first = moov.is_some();
                payload = Some(found.body.clone());
            }
            _ => {}
        }
        offset = found.body.end;
    }
    let missing = |what| Error::malformed(file_bytes, "file", what);
    let ftyp = ftyp.ok_or_else(|| missing("no ftyp box (4.3)"))?;
    let moov = moov.ok_or_else(|| missing("no moov box (8.2.1)"))?;
    let payload = payload.ok_or_else(|| missing("no mdat box (8.1.1)"))?;

    let mut summary = Summary {
        brands: read_ftyp(ftyp)?,
        payload,
        moov_first,
        timescale: 0,
        duration: 0,
        creation_time: 0,
        tracks: Vec::new(),
        unreferenced_bytes: 0,
    };
    read_moov(moov, &mut summary)?;
    summary.unreferenced_bytes = unreferenced_bytes(&summary)?;
    Ok(summary)
}

struct TopLevelBox {
    kind: [u8; 4],
    body: Range<u64>,
}

impl TopLevelBox {
    fn read<'a>(&self, parts: &[Part<'a>], path: &'static str) -> Result<Reader<'a>, Error> {
        let mut reader = reader_at(parts, self.body.start, path);
        let bytes = reader.take(self.body.end - self.body.start, "the body")?;
        Ok(Reader::new(bytes, self.body.start, path))
    }
}

fn top_level_box(parts: &[Part<'_>], offset: u64, file_bytes: u64) -> Result<TopLevelBox, Error> {
    let mut reader = reader_at(parts, offset, "file");
    let size = reader.u32("size")?;
    let kind = reader.four("type")?;
    let (header_bytes, size) = match size {
        0 => (8, file_bytes - offset), // to the end of the file
        1 => (16, reader.u64("largesize")?),
        _ => (8, u64::from(size)),
    };
    let end = offset.checked_add(size).filter(|end| *end <= file_bytes);
    let name = kind.escape_ascii();
    match end {
        None => Err(reader.error(format!("{name} of {size} bytes begins at {offset} in a file of {file_bytes}"))),
        Some(_) if size < header_bytes => {
            Err(reader.error(format!("{name} has size {size}, less than its header (4.2)")))
        }
        Some(end) => Ok(TopLevelBox { kind, body: offset + header_bytes..end }),
    }
}

/// The bytes that are there from `offset` on.
fn reader_at<'a>(parts: &[Part<'a>], offset: u64, path: &'static str) -> Reader<'a> {
    let bytes = parts.iter().find_map(|part| {
        let within = usize::try_from(offset.checked_sub(part.offset)?).ok()?;
        part.bytes.get(within..).filter(|bytes| !bytes.is_empty())
    });
    Reader::new(bytes.unwrap_or_default(), offset, path)
}

fn read_ftyp(mut ftyp: Reader<'_>) -> Result<Vec<[u8; 4]>, Error> {
    let mut brands = vec![ftyp.four("major_brand")?];
    ftyp.u32("minor_version")?;
    while !ftyp.rest().is_empty() {
        brands.push(ftyp.four("compatible_brands")?);
    }
    if !brands.iter().skip(1).any(|brand| Some(brand) == brands.first()) {
        return Err(ftyp.error("the major brand is not among the compatible ones (4.3)"));
    }
    Ok(brands)
}

fn read_moov(moov: Reader<'_>, summary: &mut Summary) -> Result<(), Error> {
    let mut mvhd = None;
    let mut traks = Vec::new();
    let mut children = moov;
    while let Some((kind, body)) = children.next_box()? {
        match &kind {
            b"mvhd" => once(&mut mvhd, body.at("moov > mvhd"))?,
            b"trak" => traks.push(body.at("moov > trak")),
            _ => {}
        }
    }
    let mut mvhd = mvhd.ok_or_else(|| moov.error("no mvhd box (8.2.2)"))?;
    let (version, _) = mvhd.full_box(1)?;
    summary.creation_time = mvhd.by_version(version, "creation_time")?;
    mvhd.by_version(version, "modification_time")?;
    summary.timescale = mvhd.u32("timescale")?;
    summary.duration = mvhd.by_version(version, "duration")?;
    mvhd.take(76, "rate to pre_defined")?;
    let next_track_id = mvhd.u32("next_track_ID")?;
    mvhd.end()?;
    if summary.timescale == 0 {
        return Err(mvhd.error("timescale is zero (8.2.2.3)"));
    }

    let mut ids = Vec::with_capacity(traks.len());
    let mut longest = 0;
    for trak in traks {
        let track = track::read(trak, summary.timescale, &summary.payload)?;
        ids.push(track.track_id);
        longest = longest.max(track.duration);
        summary.tracks.push(track);
    }
    ids.sort_unstable();
    if ids.windows(2).any(|pair| pair.first() == pair.last()) {
        return Err(moov.error("a track_ID is used twice (8.3.2.3)"));
    }
    if ids.last().is_some_and(|last| *last >= next_track_id && next_track_id != u32::MAX) {
        return Err(mvhd.error("next_track_ID is not larger than all in use (8.2.2.3)"));
    }
    if summary.duration != longest {
        return Err(
            mvhd.error(format!("duration is {}, the longest track lasts {longest} (8.2.2.3)", summary.duration))
        );
    }
    Ok(())
}

fn unreferenced_bytes(summary: &Summary) -> Result<u64, Error> {
    let mut chunks: Vec<Range<u64>> = Vec::new();
    for track in &summary.tracks {
        chunks.extend(track.chunk_ranges());
    }
    chunks.sort_unstable_by_key(|chunk| (chunk.start, chunk.end));
    let mut unreferenced = 0;
    let mut end = summary.payload.start;
    for chunk in chunks {
        let Some(gap) = chunk.start.checked_sub(end) else {
            return Err(Error::malformed(
                chunk.start,
                "mdat",
                format!("a chunk begins here, inside another that ends at {end}"),
            ));
        };
        unreferenced += gap;
        end = chunk.end;
    }
    Ok(unreferenced + summary.payload.end.saturating_sub(end))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Audio, Edit, Movie, SampleEntry, SampleTable, Track, Visual};
    use bytes::Bytes;

    fn samples(first_offset: u64) -> SampleTable {
        let mut samples = SampleTable::new(1000);
        for n in 0..4_u32 {
            let offset = first_offset + u64::from(n * 10);
            let composition_offset = if n % 2 == 0 { 40 } else { 0 };
            let sample = crate::Sample { offset, size: 10 - n, duration: 20, composition_offset, sync: n == 0 };
            samples.push(sample).unwrap();
        }
        samples
    }

    /// Pictures with every optional table, and AAC, in a payload of 100 bytes.
    fn file() -> Vec<u8> {
        let visual = Visual { width: 16, height: 16, pixel_aspect_ratio: Some((1, 1)), colour: None };
        let config = Bytes::from_static(b"\x12\x10");
        let audio = Audio { channels: 2, sampling_frequency: 44_100 };
        let mut video = Track::new(1, SampleEntry::Hvc1 { visual, config: config.clone() }, samples(0));
        video.edits = vec![Edit::Media { media_time: 40, duration: 80 }];
        let sound = Track::new(2, SampleEntry::Mp4a { audio, config }, samples(50));
        let movie = Movie { timescale: 1000, creation_time: None, tracks: vec![video, sound] };
        let mut file = movie.head(100).unwrap();
        file.extend_from_slice(&[0; 100]);
        file
    }

    /// What the checker says of the file with these bytes at `at` behind the
    /// type of the first box of a kind.
    fn broken(kind: &[u8; 4], at: usize, with: &[u8]) -> String {
        let mut file = file();
        let start = file.windows(4).position(|window| window == kind).unwrap() + 4 + at;
        file[start..start + with.len()].copy_from_slice(with);
        check(&file).unwrap_err().to_string()
    }

    #[track_caller]
    fn says(found: &str, place: &str, rule: &str) {
        assert!(found.contains(place) && found.contains(rule), "{found}");
    }

    #[test]
    fn a_sound_file_is_summed_up() {
        let summary = check(&file()).unwrap();
        let [video, sound] = summary.tracks.as_slice() else { panic!() };
        assert_eq!((video.handler_type, sound.handler_type), (*b"vide", *b"soun"));
        assert_eq!((video.sample_entry, sound.sample_entry), (*b"hvc1", *b"mp4a"));
        assert_eq!((video.sample_bytes, video.sync_count, video.chunk_count), (34, 1, 3));
        assert_eq!((video.media_duration, video.duration), (80, 80));
        assert_eq!(video.edits, [Edit::Media { media_time: 40, duration: 80 }]);
        assert_eq!(summary.unreferenced_bytes, 100 - 68);
        let read: Vec<_> = sound.samples().map(|sample| (sample.offset, sample.size, sample.sync)).collect();
        let at = summary.payload.start + 50;
        assert_eq!(read, [(at, 10, true), (at + 10, 9, false), (at + 20, 8, false), (at + 30, 7, false)]);
    }

    #[test]
    fn a_cut_file_is_not_sound_wherever_it_is_cut() {
        let file = file();
        for length in 0..file.len() {
            assert!(check(&file[..length]).is_err(), "{length}");
        }
    }

    #[test]
    fn headers_that_contradict_each_other_are_found() {
        says(&broken(b"mvhd", 12, &[0; 4]), "mvhd", "timescale is zero");
        says(&broken(b"mvhd", 16, &[0; 4]), "mvhd", "the longest track lasts 80");
        says(&broken(b"mvhd", 96, &[0, 0, 0, 2]), "mvhd", "next_track_ID");
        says(&broken(b"tkhd", 12, &[0; 4]), "tkhd", "track_ID is zero");
        says(&broken(b"tkhd", 12, &[0, 0, 0, 2]), "moov", "used twice");
        says(&broken(b"tkhd", 3, &[1]), "tkhd", "not enabled");
        says(&broken(b"elst", 8, &[0, 0, 0, 79]), "trak", "the edits sum to 79");
        says(&broken(b"elst", 12, &[0xff, 0xff, 0xff, 0xfe]), "elst", "media_time is -2");
        says(&broken(b"mdhd", 16, &[0, 0, 0, 79]), "trak", "stts sums to 80");
        says(&broken(b"mdhd", 0, &[2]), "mdhd", "version 2");
        says(&broken(b"hdlr", 8, b"meta"), "trak", "handler_type is meta");
        says(&broken(b"hdlr", 8, b"soun"), "trak", "smhd");
        says(&broken(b"url ", 3, &[0]), "dref", "not in this file");
        says(&broken(b"stsd", 12, b"mp4v"), "stsd", "mp4v in a vide track");
        says(&broken(b"esds", 4, &[9]), "stsd", "descriptor 9 where 3");
        says(&broken(b"esds", 5, &[24]), "stsd", "1 bytes too many");
    }

    #[test]
    fn tables_that_do_not_add_up_are_found() {
        says(&broken(b"stts", 7, &[2]), "stts", "2 entries of 8 bytes");
        says(&broken(b"stts", 11, &[5]), "stts", "covers 5 samples of 4");
        says(&broken(b"ctts", 12, &[0x80]), "ctts", "in version 0");
        says(&broken(b"stss", 11, &[5]), "stss", "sample 5 of 4");
        says(&broken(b"stsz", 11, &[3]), "stsz", "3 entries of 4 bytes");
        says(&broken(b"stsc", 11, &[2]), "stsc", "first_chunk 2");
        says(&broken(b"stsc", 15, &[3]), "stsc", "are left");
        says(&broken(b"stsc", 19, &[2]), "stsc", "of description 2");
        says(&broken(b"stco", 8, &[0, 0, 0, 1]), "stco", "chunk 1 has 19 bytes from 1 on");
        says(&broken(b"stco", 8, &[0, 1, 0, 0]), "stco", "chunk 1 has 19 bytes from 65536 on");
        says(&broken(b"stco", 0, &[1]), "stco", "version 1");
    }

    #[test]
    fn chunks_that_share_bytes_are_found() {
        let file = file();
        let summary = check(&file).unwrap();
        let start = u32::try_from(summary.payload.start).unwrap() + 9;
        says(&broken(b"stco", 12, &start.to_be_bytes()), "mdat", "inside another");
    }

    #[test]
    fn a_declared_count_of_four_thousand_million_takes_no_memory() {
        let mut samples = SampleTable::new(1000);
        let sample = crate::Sample { offset: 0, size: 1, duration: 1, composition_offset: 0, sync: true };
        samples.push_run(u32::MAX, sample).unwrap();
        let audio = Audio { channels: 1, sampling_frequency: 8000 };
        let track = Track::new(1, SampleEntry::Alaw { audio }, samples);
        let movie = Movie { timescale: 1000, creation_time: None, tracks: vec![track] };
        let head = movie.head(u64::from(u32::MAX)).unwrap();
        let file_bytes = u64::try_from(head.len()).unwrap() + u64::from(u32::MAX);
        let summary = check_parts(&[Part { offset: 0, bytes: &head }], file_bytes).unwrap();
        assert_eq!(summary.tracks[0].sample_count, u32::MAX);
        assert_eq!(summary.tracks[0].samples().take(5).count(), 5);
    }

    #[test]
    fn boxes_may_stand_twice_only_where_the_tree_has_them_twice() {
        let mut twice = file();
        let again = twice.clone();
        twice.extend_from_slice(&again);
        says(&check(&twice).unwrap_err().to_string(), "ftyp", "a second box");
        let mut without_ftyp = file();
        without_ftyp.drain(..36);
        says(&check(&without_ftyp).unwrap_err().to_string(), "byte 0", "not ftyp");
    }
}
