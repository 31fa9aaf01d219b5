//! One `trak` box (ISO/IEC 14496-12:2015, 8.3 to 8.7).

use std::sync::Arc;

use bytes::Bytes;

use super::edit::EditList;
use super::entry::{self, Coding, Entry};
use super::fragments::Defaults;
use super::table::Table;
use super::{Limits, Remark};
use crate::Error;
use crate::reader::Reader;

/// One track of a file.
#[derive(Clone, Debug)]
pub struct Track {
    /// Identifies the track in its movie.
    pub track_id: u32,
    /// Ticks a second of the times of its samples.
    pub timescale: u32,
    /// `handler_type`: `vide`, `soun` and others.
    pub handler_type: [u8; 4],
    /// ISO 639-2/T code, three lower-case letters.
    pub language: [u8; 3],
    /// By how many degrees clockwise its pictures are to be turned: 0, 90, 180
    /// or 270. None for any other matrix, such as one that mirrors.
    pub rotation: Option<u16>,
    /// Width and height that pictures are to be shown with before they are
    /// turned, in pixels of 16.16; 0 where nothing is said.
    pub display_size: (u32, u32),
    /// The sample entries, which samples name by their index.
    pub entries: Vec<Entry>,
    pub(super) edits: EditList,
    pub(super) table: Option<Arc<Table>>,
    pub(super) defaults: Defaults,
}

impl Track {
    pub(super) fn read(
        mut trak: Reader<'_>,
        data: &Bytes,
        movie_timescale: u32,
        limits: &Limits,
        remarks: &mut Vec<Remark>,
    ) -> Result<Track, Error> {
        let (mut tkhd, mut elst, mut mdia) = (None, None, None);
        let whole = trak;
        while let Some((kind, mut body)) = trak.child() {
            match &kind {
                b"tkhd" => tkhd = Some(body.at("moov > trak > tkhd")),
                b"mdia" => mdia = Some(body.at("moov > trak > mdia")),
                b"edts" => {
                    while let Some((kind, body)) = body.child() {
                        if kind == *b"elst" {
                            elst = Some(body.at("moov > trak > edts > elst"));
                        }
                    }
                }
                _ => {}
            }
        }
        let header = Header::read(tkhd.ok_or_else(|| whole.error("no tkhd box (8.3.2)"))?)?;
        let mut mdia = mdia.ok_or_else(|| whole.error("no mdia box (8.4.1)"))?;
        let (mut mdhd, mut hdlr, mut stbl) = (None, None, None);
        while let Some((kind, mut body)) = mdia.child() {
            match &kind {
                b"mdhd" => mdhd = Some(body.at("moov > trak > mdia > mdhd")),
                b"hdlr" => hdlr = Some(body.at("moov > trak > mdia > hdlr")),
                b"minf" => {
                    while let Some((kind, body)) = body.child() {
                        if kind == *b"stbl" {
                            stbl = Some(body.at("moov > trak > mdia > minf > stbl"));
                        }
                    }
                }
                _ => {}
            }
        }
        let (timescale, language) = read_mdhd(mdhd.ok_or_else(|| whole.error("no mdhd box (8.4.2)"))?)?;
        let mut hdlr = hdlr.ok_or_else(|| whole.error("no hdlr box (8.4.3)"))?;
        hdlr.full_box(u8::MAX)?;
        hdlr.take(4, "pre_defined")?;
        let handler_type = hdlr.four("handler_type")?;
        let stbl = stbl.ok_or_else(|| whole.error("no stbl box (8.5.1)"))?;
        let mut children = stbl;
        let mut entries = Vec::new();
        while let Some((kind, body)) = children.child() {
            if kind == *b"stsd" {
                let stsd = body.at("moov > trak > mdia > minf > stbl > stsd");
                entries = entry::read_all(stsd, data, limits, remarks)?;
                break;
            }
        }
        // What is left out for its handler needs no tables.
        let first = entries.iter().find(|entry| entry.coding != Coding::Other);
        let table = first.map(|first| {
            let channels = first.audio.map_or(1, |audio| audio.channels);
            Arc::new(Table::read(stbl, data, first.coding, channels, remarks))
        });
        let edits = elst.map(|elst| EditList::read(elst, data, movie_timescale, timescale)).unwrap_or_default();
        Ok(Track {
            track_id: header.track_id,
            timescale,
            handler_type,
            language,
            rotation: header.rotation,
            display_size: header.display_size,
            entries,
            edits,
            table,
            defaults: Defaults::default(),
        })
    }

    /// Whether it holds pictures; else sound.
    #[must_use]
    pub fn is_video(&self) -> bool {
        self.handler_type == *b"vide"
    }

    /// Whether it is of pictures or sound in one of the known codings.
    pub(super) fn is_usable(&self) -> bool {
        let fits = |entry: &Entry| match entry.coding {
            Coding::Avc | Coding::Hevc => self.is_video(),
            Coding::Aac | Coding::Alaw | Coding::Ulaw => self.handler_type == *b"soun",
            Coding::Other => false,
        };
        self.entries.iter().any(fits)
    }

    pub(super) fn why_left_out(&self) -> String {
        let kinds: Vec<String> =
            self.entries.iter().take(4).map(|entry| entry.kind.escape_ascii().to_string()).collect();
        let kinds = if kinds.is_empty() { "without a sample entry".into() } else { kinds.join(", ") };
        format!("track {} ({}, {kinds}) is left out", self.track_id, self.handler_type.escape_ascii())
    }
}

/// What a `tkhd` box says.
struct Header {
    track_id: u32,
    rotation: Option<u16>,
    display_size: (u32, u32),
}

impl Header {
    fn read(mut tkhd: Reader<'_>) -> Result<Header, Error> {
        let (version, _) = tkhd.full_box(1)?;
        tkhd.by_version(version, "creation_time")?;
        tkhd.by_version(version, "modification_time")?;
        let track_id = tkhd.u32("track_ID")?;
        tkhd.u32("reserved")?;
        tkhd.by_version(version, "duration")?;
        tkhd.take(16, "reserved to reserved")?;
        let mut number = || tkhd.i32("matrix");
        let (a, b, _, c, d) = (number()?, number()?, number()?, number()?, number()?);
        // 16.16, by rows: x' = ax + cy, y' = bx + dy (6.2.2).
        let rotation = match (a.signum(), b.signum(), c.signum(), d.signum()) {
            (1, 0, 0, 1) => Some(0),
            (0, 1, -1, 0) => Some(90),
            (-1, 0, 0, -1) => Some(180),
            (0, -1, 1, 0) => Some(270),
            _ => None,
        };
        tkhd.take(16, "the rest of the matrix")?;
        Ok(Header { track_id, rotation, display_size: (tkhd.u32("width")?, tkhd.u32("height")?) })
    }
}

/// timescale and language.
fn read_mdhd(mut mdhd: Reader<'_>) -> Result<(u32, [u8; 3]), Error> {
    let (version, _) = mdhd.full_box(1)?;
    mdhd.by_version(version, "creation_time")?;
    mdhd.by_version(version, "modification_time")?;
    let timescale = mdhd.u32("timescale")?;
    if timescale == 0 {
        return Err(mdhd.error("timescale is zero (8.4.2.3)"));
    }
    mdhd.by_version(version, "duration")?;
    // Three letters of 5 bits; QuickTime has numbers below 0x400 there.
    let packed = mdhd.u16("language").unwrap_or(0);
    let letter = |shift: u32| {
        let bits = u8::try_from(packed >> shift & 0x1f).unwrap_or(0);
        Some(bits + 0x60).filter(|letter| letter.is_ascii_lowercase())
    };
    let language = match (letter(10), letter(5), letter(0)) {
        (Some(first), Some(second), Some(third)) => [first, second, third],
        _ => *b"und",
    };
    Ok((timescale, language))
}
