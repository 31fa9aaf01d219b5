//! One `trak` box read back.

use std::ops::Range;

use super::tables::{Samples, SamplesRead};
use crate::reader::Reader;
use crate::{Edit, Error, Sample};

/// What a sound track contains.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct TrackSummary {
    /// Its `track_ID`.
    pub track_id: u32,
    /// `vide` or `soun`.
    pub handler_type: [u8; 4],
    /// Name in the handler box.
    pub name: String,
    /// ISO 639-2/T code.
    pub language: [u8; 3],
    /// Type of the one sample entry.
    pub sample_entry: [u8; 4],
    /// Width and height of the track header, 16.16.
    pub display_size: (u32, u32),
    /// Timescale of the media.
    pub timescale: u32,
    /// Duration of the media in that timescale.
    pub media_duration: u64,
    /// Duration of the track in the timescale of the movie.
    pub duration: u64,
    /// The edit list.
    pub edits: Vec<Edit>,
    /// The number of samples.
    pub sample_count: u32,
    /// The sum of their sizes.
    pub sample_bytes: u64,
    /// The number of sync samples.
    pub sync_count: u32,
    /// The number of chunks.
    pub chunk_count: u32,
    samples: Samples,
}

impl TrackSummary {
    /// The samples in decode order, their offsets counted from the first byte
    /// of the file. A few bytes can declare four thousand million of them, so
    /// a test that is given any bytes should take a limited number.
    pub fn samples(&self) -> impl Iterator<Item = Sample> {
        self.samples.iter()
    }

    pub(super) fn chunk_ranges(&self) -> impl Iterator<Item = Range<u64>> {
        self.samples.chunk_ranges()
    }
}

pub(super) fn read(trak: Reader<'_>, movie_timescale: u32, payload: &Range<u64>) -> Result<TrackSummary, Error> {
    let boxes = Boxes::find(trak)?;
    let header = read_tkhd(boxes.one("moov > trak > tkhd")?)?;
    let media = read_mdhd(boxes.one("moov > trak > mdia > mdhd")?)?;
    let (handler_type, name) = read_hdlr(boxes.one("moov > trak > mdia > hdlr")?)?;
    let edits = match boxes.any(ELST) {
        Some(elst) => read_elst(elst)?,
        None => Vec::new(),
    };
    check_media_header(&boxes, handler_type)?;
    check_dref(boxes.one("moov > trak > mdia > minf > dinf > dref")?)?;
    let stsd = boxes.one("moov > trak > mdia > minf > stbl > stsd")?;
    let sample_entry = super::stsd::read(stsd, handler_type)?;
    let SamplesRead { samples, duration, sample_bytes, sync_count, chunk_count } =
        super::tables::read(&boxes, payload)?;

    if media.duration != duration {
        return Err(
            trak.error(format!("mdhd says the media lasts {}, stts sums to {duration} (8.4.2.3)", media.duration))
        );
    }
    check_duration(&trak, header.duration, &edits, &media, movie_timescale)?;
    Ok(TrackSummary {
        track_id: header.track_id,
        handler_type,
        name,
        language: media.language,
        sample_entry,
        display_size: header.display_size,
        timescale: media.timescale,
        media_duration: media.duration,
        duration: header.duration,
        edits,
        sample_count: samples.count(),
        sample_bytes,
        sync_count,
        chunk_count,
        samples,
    })
}

/// The known boxes below one `trak`.
pub(super) struct Boxes<'a> {
    trak: Reader<'a>,
    found: Vec<Reader<'a>>,
}

impl<'a> Boxes<'a> {
    /// Finds them in whatever order they stand; no more than `TREE` has.
    fn find(trak: Reader<'a>) -> Result<Self, Error> {
        let mut found: Vec<Reader<'a>> = Vec::with_capacity(TREE.len());
        let mut open = vec![trak.at(TRAK)];
        while let Some(mut children) = open.pop() {
            while let Some((kind, body)) = children.next_box()? {
                let known = TREE.iter().find(|(parent, child, _)| *parent == children.path() && **child == kind);
                let Some((_, _, path)) = known else { continue };
                let body = body.at(path);
                if found.iter().any(|other| other.path() == *path) {
                    return Err(body.error("a second box of this kind"));
                }
                found.push(body);
                if TREE.iter().any(|(parent, ..)| parent == path) {
                    open.push(body);
                }
            }
        }
        Ok(Self { trak, found })
    }

    /// The box at this path, if there is one.
    pub(super) fn any(&self, path: &str) -> Option<Reader<'a>> {
        self.found.iter().find(|found| found.path() == path).copied()
    }

    /// The box at this path, which must be there.
    pub(super) fn one(&self, path: &str) -> Result<Reader<'a>, Error> {
        self.any(path).ok_or_else(|| self.error(format!("no box {path}")))
    }

    pub(super) fn error(&self, message: String) -> Error {
        self.trak.error(message)
    }
}

struct TrackHeader {
    track_id: u32,
    duration: u64,
    display_size: (u32, u32),
}

fn read_tkhd(mut tkhd: Reader<'_>) -> Result<TrackHeader, Error> {
    let (version, flags) = tkhd.full_box(1)?;
    tkhd.by_version(version, "creation_time")?;
    tkhd.by_version(version, "modification_time")?;
    let track_id = tkhd.u32("track_ID")?;
    tkhd.u32("reserved")?;
    let duration = tkhd.by_version(version, "duration")?;
    tkhd.take(52, "reserved to matrix")?;
    let display_size = (tkhd.u32("width")?, tkhd.u32("height")?);
    tkhd.end()?;
    if track_id == 0 {
        return Err(tkhd.error("track_ID is zero (8.3.2.3)"));
    }
    if flags & 3 != 3 {
        return Err(tkhd.error(format!("flags {flags}: not enabled and in the movie (8.3.2.3)")));
    }
    Ok(TrackHeader { track_id, duration, display_size })
}

struct MediaHeader {
    timescale: u32,
    duration: u64,
    language: [u8; 3],
}

fn read_mdhd(mut mdhd: Reader<'_>) -> Result<MediaHeader, Error> {
    let (version, _) = mdhd.full_box(1)?;
    mdhd.by_version(version, "creation_time")?;
    mdhd.by_version(version, "modification_time")?;
    let timescale = mdhd.u32("timescale")?;
    let duration = mdhd.by_version(version, "duration")?;
    let packed = mdhd.u16("language")?;
    mdhd.u16("pre_defined")?;
    mdhd.end()?;
    if timescale == 0 {
        return Err(mdhd.error("timescale is zero (8.4.2.3)"));
    }
    let [_, third] = (packed & 0x1f | 0x60).to_be_bytes();
    let [_, second] = (packed >> 5 & 0x1f | 0x60).to_be_bytes();
    let [_, first] = (packed >> 10 & 0x1f | 0x60).to_be_bytes();
    Ok(MediaHeader { timescale, duration, language: [first, second, third] })
}

fn read_hdlr(mut hdlr: Reader<'_>) -> Result<([u8; 4], String), Error> {
    hdlr.full_box(0)?;
    hdlr.u32("pre_defined")?;
    let handler_type = hdlr.four("handler_type")?;
    hdlr.take(12, "reserved")?;
    let name = match hdlr.rest().split_last() {
        Some((0, name)) if !name.contains(&0) => std::str::from_utf8(name).ok(),
        _ => None,
    };
    let name = name.ok_or_else(|| hdlr.error("name is not UTF-8 ended by one NUL (8.4.3.3)"))?;
    Ok((handler_type, name.to_owned()))
}

fn read_elst(mut elst: Reader<'_>) -> Result<Vec<Edit>, Error> {
    let (version, _) = elst.full_box(1)?;
    let count = elst.u32("entry_count")?;
    let entry_bytes = if version == 0 { 12 } else { 20 };
    elst.table(count, entry_bytes, |entry| {
        let duration = entry.by_version(version, "segment_duration")?;
        let media_time = match version {
            0 => i64::from(entry.i32("media_time")?),
            _ => entry.i64("media_time")?,
        };
        if entry.u32("media_rate")? != 0x0001_0000 {
            return Err(entry.error("media_rate is not 1 (8.6.6.3)"));
        }
        match u64::try_from(media_time) {
            Ok(media_time) => Ok(Edit::Media { media_time, duration }),
            Err(_) if media_time == -1 => Ok(Edit::Empty { duration }),
            Err(_) => Err(entry.error(format!("media_time is {media_time} (8.6.6.3)"))),
        }
    })
}

fn check_media_header(boxes: &Boxes<'_>, handler_type: [u8; 4]) -> Result<(), Error> {
    let (path, body_bytes) = match &handler_type {
        b"vide" => ("moov > trak > mdia > minf > vmhd", 8),
        b"soun" => ("moov > trak > mdia > minf > smhd", 4),
        other => {
            let message = format!("handler_type is {}", other.escape_ascii());
            return Err(boxes.error(message));
        }
    };
    let mut header = boxes.one(path)?;
    header.full_box(0)?;
    header.take(body_bytes, "fields")?;
    header.end()
}

fn check_dref(mut dref: Reader<'_>) -> Result<(), Error> {
    dref.full_box(0)?;
    let count = dref.u32("entry_count")?;
    match dref.next_box()? {
        Some((kind, mut url)) if kind == *b"url " && count == 1 => {
            let (_, flags) = url.full_box(0)?;
            if flags != 1 {
                return Err(url.error("the media is not in this file (8.7.2.3)"));
            }
        }
        _ => return Err(dref.error("not one url box (8.7.2)")),
    }
    dref.end()
}

/// The track lasts as long as its edits, or as its media, give or take the
/// rounding of one unit.
fn check_duration(
    trak: &Reader<'_>,
    duration: u64,
    edits: &[Edit],
    media: &MediaHeader,
    movie_timescale: u32,
) -> Result<(), Error> {
    if edits.is_empty() {
        let units = u128::from(media.duration) * u128::from(movie_timescale);
        let told = u128::from(duration) * u128::from(media.timescale);
        if units.abs_diff(told) > u128::from(media.timescale) {
            return Err(trak.error(format!(
                "tkhd says {duration} of {movie_timescale} a second, mdhd {} of {} (8.3.2.3)",
                media.duration, media.timescale
            )));
        }
        return Ok(());
    }
    let sum: u128 = edits.iter().map(|edit| u128::from(edit.duration())).sum();
    if sum != u128::from(duration) {
        return Err(trak.error(format!("tkhd says {duration}, the edits sum to {sum} (8.3.2.3)")));
    }
    Ok(())
}

const TRAK: &str = "moov > trak";
const EDTS: &str = "moov > trak > edts";
const ELST: &str = "moov > trak > edts > elst";
const MDIA: &str = "moov > trak > mdia";
const MINF: &str = "moov > trak > mdia > minf";
const DINF: &str = "moov > trak > mdia > minf > dinf";
const STBL: &str = "moov > trak > mdia > minf > stbl";

/// Container, child, path of the child.
const TREE: [(&str, &[u8; 4], &str); 20] = [
    (TRAK, b"tkhd", "moov > trak > tkhd"),
    (TRAK, b"edts", EDTS),
    (EDTS, b"elst", ELST),
    (TRAK, b"mdia", MDIA),
    (MDIA, b"mdhd", "moov > trak > mdia > mdhd"),
    (MDIA, b"hdlr", "moov > trak > mdia > hdlr"),
    (MDIA, b"minf", MINF),
    (MINF, b"vmhd", "moov > trak > mdia > minf > vmhd"),
    (MINF, b"smhd", "moov > trak > mdia > minf > smhd"),
    (MINF, b"dinf", DINF),
    (DINF, b"dref", "moov > trak > mdia > minf > dinf > dref"),
    (MINF, b"stbl", STBL),
    (STBL, b"stsd", "moov > trak > mdia > minf > stbl > stsd"),
    (STBL, b"stts", "moov > trak > mdia > minf > stbl > stts"),
    (STBL, b"ctts", "moov > trak > mdia > minf > stbl > ctts"),
    (STBL, b"stsc", "moov > trak > mdia > minf > stbl > stsc"),
    (STBL, b"stsz", "moov > trak > mdia > minf > stbl > stsz"),
    (STBL, b"stco", "moov > trak > mdia > minf > stbl > stco"),
    (STBL, b"co64", "moov > trak > mdia > minf > stbl > co64"),
    (STBL, b"stss", "moov > trak > mdia > minf > stbl > stss"),
];
