//! Reads MP4 and MOV files that others made: boxes to tracks and to samples
//! one by one, without I/O.
//!
//! Any bytes may be given. Nothing is copied out of them: tables stay where
//! they are in the file and are stepped through, so that memory does not grow
//! with what they declare, and time grows with the bytes that are there. What
//! is wrong is told of as [`Remark`]s and costs what it concerns.
//!
//! # The boxes that are read
//!
//! Sections are of ISO/IEC 14496-12:2015 unless another part is named;
//! everything else is stepped over.
//!
//! ```text
//! moov                      8.2.1    anywhere in the file
//! +- mvhd                   8.2.2    timescale, creation_time
//! +- trak                   8.3.1
//! |  +- tkhd                8.3.2    track_ID, matrix
//! |  +- edts > elst         8.6.6
//! |  +- mdia
//! |     +- mdhd             8.4.2    timescale, language
//! |     +- hdlr             8.4.3
//! |     +- minf > stbl      8.5.1
//! |        +- stsd          8.5.2    see read/entry.rs
//! |        +- stts          8.6.1.2
//! |        +- ctts          8.6.1.3  version 0 as signed too: some write it so
//! |        +- stss          8.6.2    of pictures; sound can begin anywhere
//! |        +- stsz, stz2    8.7.3
//! |        +- stsc          8.7.4
//! |        +- stco, co64    8.7.5
//! +- mvex > trex            8.8.3
//! moof                      8.8.4    any number
//! +- traf                   8.8.6
//!    +- tfhd                8.8.7
//!    +- tfdt                8.8.12
//!    +- trun                8.8.8
//! ```
//!
//! `sidx` and `mfra` say where fragments are; the fragments say it themselves.
//!
//! # Edit lists
//!
//! The times of samples are those of the presentation: empty edits push a
//! track back, the `media_time` of an edit is where it begins, so times may be
//! negative of what decoding needs before that (the frames that AAC is primed
//! with, the pictures from the last sync sample on). Samples behind the end of
//! an edit are left out, but for those that are decoded before it. Edits that
//! go back are left out and told of. In fragmented files the first edit moves
//! the track, and none ends it.
//!
//! # What it does not do
//!
//! No encrypted tracks, no external data references, no compressed `moov`, no
//! QuickTime reference movies.

mod edit;
mod entry;
mod fragments;
mod samples;
mod table;
mod track;

use std::sync::Arc;

use bytes::Bytes;

pub use entry::{Coding, Entry, Picture};
pub use samples::{Sample, Samples};
pub use track::Track;

use crate::Error;
use crate::reader::Reader;
use fragments::Defaults;

/// Limits on what a file may ask of the reader. Each is named in what passing
/// it gives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Most tracks; the others are left out.
    pub max_tracks: usize,
    /// Most sample entries of one track; samples of the others are left out.
    pub max_sample_entries: usize,
    /// So many track fragments are read ahead of their turn at most, so that
    /// samples come in the order of their times where tracks have `moof` boxes
    /// of their own.
    pub max_waiting: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Limits { max_tracks: 256, max_sample_entries: 64, max_waiting: 4096 }
    }
}

/// Something to be said of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Remark {
    /// Offset in the file, in bytes.
    pub offset: u64,
    /// The box it is about.
    pub path: &'static str,
    /// What is wrong.
    pub message: String,
    /// Whether media is lost by it.
    pub loses_media: bool,
}

impl Remark {
    fn new(reader: &Reader<'_>, message: impl Into<String>) -> Self {
        Remark { offset: reader.offset(), path: reader.path(), message: message.into(), loses_media: true }
    }
}

/// A file: its tracks, and the way to their samples.
#[derive(Clone, Debug)]
pub struct Movie {
    /// Seconds since 1904-01-01T00:00:00Z, if the file says it (`mvhd`).
    pub creation_time: Option<u64>,
    /// The tracks that can be used, in the order of their boxes.
    pub tracks: Arc<[Track]>,
    /// What was found on the way.
    pub remarks: Vec<Remark>,
    data: Bytes,
    limits: Limits,
}

/// Whether bytes look like the start of an MP4 or MOV file, or of a segment of
/// one. Twelve are enough.
#[must_use]
pub fn is_movie(start: &[u8]) -> bool {
    let (Some(size), Some(kind)) = (start.first_chunk::<4>(), start.get(4..8)) else { return false };
    let known = [b"ftyp", b"styp", b"moov", b"moof", b"mdat", b"wide", b"free", b"skip", b"sidx", b"pnot"];
    // 0 is to the end, 1 stands before a size of 64 bits.
    known.iter().any(|known| *known == kind) && !(2..8).contains(&u32::from_be_bytes(*size))
}

impl Movie {
    /// Reads the headers of a file that is at hand as a whole. Of the payload
    /// no byte is looked at.
    ///
    /// # Errors
    ///
    /// [`Malformed`](crate::ErrorKind::Malformed) if there is no `moov` box: a
    /// recording that was not ended, or a [segment](Movie::with_segment).
    pub fn read(data: Bytes, limits: &Limits) -> Result<Movie, Error> {
        let mut top = Reader::new(&data, 0, "file");
        let moov = loop {
            match top.child() {
                Some((kind, body)) if kind == *b"moov" => break body.at("moov"),
                Some(_) => {}
                None => {
                    let end = top.offset();
                    return Err(Error::malformed(end, "file", "there is no moov box up to here (8.2.1)"));
                }
            }
        };
        let mut movie = Movie {
            creation_time: None,
            tracks: Arc::default(),
            remarks: Vec::new(),
            data: data.clone(),
            limits: limits.clone(),
        };
        movie.read_moov(moov);
        Ok(movie)
    }

    /// The same tracks with the samples of a segment: a file with `moof`
    /// boxes and no `moov` of its own.
    #[must_use]
    pub fn with_segment(&self, data: Bytes) -> Movie {
        let tracks = self.tracks.iter().map(|track| Track { table: None, ..track.clone() }).collect();
        Movie { tracks, remarks: Vec::new(), data, ..self.clone() }
    }

    /// The samples of all tracks by the times at which they are decoded, as a
    /// muxer would interleave them.
    #[must_use]
    pub fn samples(&self) -> Samples {
        Samples::new(self.data.clone(), Arc::clone(&self.tracks), &self.limits)
    }

    /// The file.
    #[must_use]
    pub fn data(&self) -> &Bytes {
        &self.data
    }

    fn read_moov(&mut self, mut moov: Reader<'_>) {
        let mut traks = Vec::new();
        let mut defaults = Vec::new();
        let mut timescale = 0;
        let (mut count, most) = (0_usize, self.limits.max_tracks);
        while let Some((kind, body)) = moov.child() {
            match &kind {
                b"mvhd" => match read_mvhd(body.at("moov > mvhd")) {
                    Ok((created, scale)) => {
                        self.creation_time = Some(created).filter(|created| *created > 0);
                        timescale = scale;
                    }
                    Err(error) => self.remarks.push(Remark::new(&body.at("moov > mvhd"), error.message())),
                },
                b"trak" => {
                    count += 1;
                    if traks.len() < most {
                        traks.push(body.at("moov > trak"));
                    }
                }
                b"mvex" => {
                    let mut mvex = body.at("moov > mvex");
                    while let Some((kind, body)) = mvex.child() {
                        if kind == *b"trex" && defaults.len() < most {
                            defaults.extend(Defaults::read_trex(body.at("moov > mvex > trex")).ok());
                        }
                    }
                }
                _ => {}
            }
        }
        if count > most {
            let message = format!("{count} tracks; those behind the first {most} are left out (limit max_tracks)");
            self.remarks.push(Remark::new(&moov, message));
        }
        let mut tracks: Vec<Track> = Vec::new();
        for trak in traks {
            match Track::read(trak, &self.data, timescale, &self.limits, &mut self.remarks) {
                Ok(track) if tracks.iter().any(|other| other.track_id == track.track_id) => {
                    let message = format!("a second track {}; it is left out (8.3.2.3)", track.track_id);
                    self.remarks.push(Remark::new(&trak, message));
                }
                Ok(mut track) => {
                    let of_track = defaults.iter().find(|(id, _)| *id == track.track_id);
                    track.defaults = of_track.map(|(_, defaults)| *defaults).unwrap_or_default();
                    if track.is_usable() {
                        tracks.push(track);
                    } else {
                        self.remarks.push(Remark { loses_media: false, ..Remark::new(&trak, track.why_left_out()) });
                    }
                }
                Err(error) => {
                    let message = format!("a track that cannot be read is left out: {error}");
                    self.remarks.push(Remark::new(&trak, message));
                }
            }
        }
        self.tracks = tracks.into();
    }
}

/// creation_time and timescale.
fn read_mvhd(mut mvhd: Reader<'_>) -> Result<(u64, u32), Error> {
    let (version, _) = mvhd.full_box(1)?;
    let created = mvhd.by_version(version, "creation_time")?;
    mvhd.by_version(version, "modification_time")?;
    Ok((created, mvhd.u32("timescale")?))
}
