//! Ordinary Matroska, MP4 and MOV files to a chunk stream, as PutMedia and then GetMedia would give it: for tests, and for trying things out
//! without a camera.

use std::io::{self, Write};

use fragkit_codec::{CodecPrivate, nal};
use fragkit_fragment::{
    ChunkLayout, ChunkWriter, DecodedNumber, Fragment, FragmentNumber, Frame, Nanos, ServiceException, Timestamp,
    UserTag,
};
use fragkit_mkv::TrackEntry;

use crate::error::{Error, ErrorKind};

/// How a chunk stream is made.
#[derive(Debug, Clone)]
pub struct ChunkOptions {
    /// How chunks are laid out.
    pub layout: ChunkLayout,
    /// Producer timestamp of the first frame; the media's own clock where there is none.
    pub start: Option<Timestamp>,
    /// Shortest fragment. Each begins with a key frame, so it lasts up to the next one.
    pub fragment_length: Nanos,
    /// Private data and frames of H.264 and H.265 with start codes, as producers give them that do not adapt them.
    pub annex_b: bool,
    /// Metadata that each fragment carries.
    pub tags: Vec<UserTag>,
    /// Chunks without media between the others.
    pub inserted: Vec<Inserted>,
}

/// A chunk that carries an exception instead of media.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Inserted {
    /// It comes behind this many chunks with media.
    pub behind: u64,
    /// What it says.
    pub exception: ServiceException,
}

impl Default for ChunkOptions {
    fn default() -> Self {
        ChunkOptions {
            layout: ChunkLayout::default(),
            start: None,
            fragment_length: Nanos(2_000_000_000),
            annex_b: false,
            tags: Vec::new(),
            inserted: Vec::new(),
        }
    }
}

/// How much later than the producer's time the service is made to have received a fragment.
const DELAY_MS: i64 = 500;

/// Farthest that a block may be from the start of its Cluster: 16 bits of milliseconds, with room for B-frames.
const LONGEST: Nanos = Nanos(30_000_000_000);

/// Makes chunks out of the fragments of ordinary files, one by one.
#[derive(Debug)]
pub struct Chunker<W> {
    options: ChunkOptions,
    writer: ChunkWriter,
    out: W,
    tracks: Vec<TrackEntry>,
    /// Frames of the open chunk, with their times since 1970.
    frames: Vec<Frame>,
    /// Wall-clock time of the first frame of all, and of the open chunk.
    origin: Option<Nanos>,
    chunk_start: Nanos,
    written: u64,
}

impl<W: Write> Chunker<W> {
    /// Writes chunks to `out`.
    pub fn new(options: ChunkOptions, out: W) -> Self {
        let writer = ChunkWriter::new(options.layout.clone());
        Chunker {
            options,
            writer,
            out,
            tracks: Vec::new(),
            frames: Vec::new(),
            origin: None,
            chunk_start: Nanos::ZERO,
            written: 0,
        }
    }

    /// Takes in the next fragment of the ordinary file.
    ///
    /// # Errors
    ///
    /// If it is a chunk of the service already, its frames cannot be read or converted, or writing fails.
    pub fn add(&mut self, fragment: &Fragment) -> Result<(), Error> {
        let head = &fragment.head;
        if !head.plain {
            let error = Error::new(ErrorKind::Input, "the input is a chunk stream already");
            return Err(error.hint("`fragkit media` copies chunks, `fragkit merge` makes an ordinary file of them"));
        }
        let refused = head.tracks.iter().find_map(|track| Some((track.entry.number, track.refused_encoding?)));
        if let Some((number, name)) = refused {
            let message = format!("track {number} is stored with {name}, which is not undone");
            let hint = "store the track without ContentEncodings, or with header stripping";
            return Err(Error::new(ErrorKind::Input, message).hint(hint));
        }
        let entries: Vec<TrackEntry> = head
            .tracks
            .iter()
            .filter(|track| track.entry.track_type.is_picture_or_sound())
            .map(|track| self.entry(&track.entry, track.codec_private.as_ref().ok()))
            .collect();
        if entries != self.tracks {
            self.flush()?;
            self.tracks = entries;
        }
        let base = head.producer_timestamp.map(Timestamp::nanos).unwrap_or_default();
        let video = head.tracks.video().map(|track| track.entry.number);
        for frame in &fragment.frames {
            if !self.tracks.iter().any(|entry| entry.number == frame.track) {
                continue;
            }
            let time = base + frame.time;
            let may_open = video.is_none_or(|video| frame.track == video) && frame.keyframe;
            let elapsed = time - self.chunk_start;
            if self.frames.is_empty() {
                self.chunk_start = time;
            } else if (may_open && elapsed >= self.options.fragment_length) || elapsed >= LONGEST {
                self.flush()?;
                self.chunk_start = time;
            }
            let payload = match head.tracks.by_number(frame.track).and_then(|track| track.codec_private.as_ref().ok()) {
                Some(private) if self.options.annex_b => annex_b(private, frame)?,
                _ => frame.payload.clone(),
            };
            self.origin.get_or_insert(time);
            self.frames.push(Frame { time, payload, stripped: 0, group: None, ..frame.clone() });
        }
        Ok(())
    }

    /// Writes what is left and gives the number of chunks with media.
    ///
    /// # Errors
    ///
    /// If writing fails.
    pub fn finish(mut self) -> Result<u64, Error> {
        self.flush()?;
        self.out.flush().map_err(|error| failed(&error))?;
        Ok(self.written)
    }

    fn entry(&self, entry: &TrackEntry, private: Option<&CodecPrivate>) -> TrackEntry {
        let mut entry = TrackEntry { content_encodings: Vec::new(), ..entry.clone() };
        if let (true, Some(private)) = (self.options.annex_b, private) {
            entry.codec_private = annex_b_private(private).or(entry.codec_private);
        }
        entry
    }

    fn flush(&mut self) -> Result<(), Error> {
        if self.frames.is_empty() {
            return Ok(());
        }
        let mut frames = std::mem::take(&mut self.frames);
        let origin = self.origin.unwrap_or_default();
        let elapsed = Nanos::from_millis((self.chunk_start - origin).round_millis());
        let start = self.options.start.map_or(origin, Timestamp::nanos);
        let producer = Timestamp::from_millis((start + elapsed).round_millis());
        let server = Timestamp::from_millis(producer.as_millis().saturating_add(DELAY_MS));
        for frame in &mut frames {
            frame.time = frame.time - origin - elapsed;
        }
        if self.written == 0 {
            self.insert()?;
        }
        self.written += 1;
        let number = number(self.written, server);
        let chunk = self.writer.chunk(&number, producer, server, &self.tracks, &self.options.tags, elapsed, &frames);
        self.out.write_all(&chunk).map_err(|error| failed(&error))?;
        self.insert()
    }

    /// Writes the chunks without media whose turn it is.
    fn insert(&mut self) -> Result<(), Error> {
        for inserted in self.options.inserted.iter().filter(|inserted| inserted.behind == self.written) {
            let chunk = self.writer.exception(None, &inserted.exception);
            self.out.write_all(&chunk).map_err(|error| failed(&error))?;
        }
        Ok(())
    }
}

/// A number in the layout that the service's have been seen to have, the same for the same chunk.
fn number(sequence: u64, server_timestamp: Timestamp) -> FragmentNumber {
    let scattered = sequence.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 36;
    DecodedNumber { sequence, server_timestamp, random: u32::try_from(scattered).unwrap_or_default() }.encode()
}

fn failed(error: &io::Error) -> Error {
    Error::from_io(error)
}

/// The parameter sets with start codes.
fn annex_b_private(private: &CodecPrivate) -> Option<bytes::Bytes> {
    let mut out = Vec::new();
    let mut unit = |unit: &[u8]| {
        out.extend_from_slice(&[0, 0, 0, 1]);
        out.extend_from_slice(unit);
    };
    match private {
        CodecPrivate::Avc(record) => {
            let sets = record.sequence_parameter_sets.iter().chain(&record.picture_parameter_sets);
            sets.for_each(|set| unit(set));
        }
        CodecPrivate::Hevc(record) => record.nal_units().for_each(unit),
        _ => return None,
    }
    Some(out.into())
}

/// A frame with start codes instead of lengths.
fn annex_b(private: &CodecPrivate, frame: &Frame) -> Result<bytes::Bytes, Error> {
    let Some(length_size) = private.length_size() else { return Ok(frame.payload.clone()) };
    let mut out = Vec::with_capacity(frame.payload.len() + 16);
    nal::length_prefixed_to_annex_b(&frame.payload, length_size, &mut out).map_err(|error| {
        Error::new(ErrorKind::Input, format!("byte {}: a frame cannot be converted: {error}", frame.offset))
    })?;
    Ok(out.into())
}
