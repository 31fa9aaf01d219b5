//! AAC as it is stored, in an MP4 with one track, gaps filled with frames of silence.

use std::ops::Range;

use bytes::Bytes;
use fragkit_fragment::codec::aac::AudioSpecificConfig;
use fragkit_fragment::mkv::TrackEntry;
use fragkit_fragment::{AudioClock, Index, Timestamp};
use fragkit_mp4::{Audio, Movie, Sample, SampleEntry, SampleTable, Track, creation_time};

use crate::align::Piece;
use crate::error::{Error, ErrorKind};
use crate::read::{Frames, track_in};
use crate::silence;

/// An MP4 of one track of AAC.
#[derive(Debug)]
pub(crate) struct M4a {
    pub(crate) head: Vec<u8>,
    pub(crate) payload_bytes: u64,
    /// The frame of silence.
    silent: Option<Vec<u8>>,
    samples_per_frame: u64,
}

/// What is known of the track.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Described<'t> {
    pub(crate) number: u64,
    pub(crate) config: &'t AudioSpecificConfig,
    pub(crate) clock: AudioClock,
    /// When the file begins.
    pub(crate) start: Timestamp,
}

impl M4a {
    pub(crate) fn plan(index: &Index, pieces: &[Piece], described: Described<'_>) -> Result<M4a, Error> {
        let Described { number, config, clock, start } = described;
        let samples_per_frame = clock.samples(1);
        let a_second = clock.sampling_frequency().div_ceil(samples_per_frame.max(1)).max(1);
        let silent = silence::frame(config);
        let mut table = SampleTable::new(clock.sampling_frequency());
        let mut offset = 0_u64;
        let mut entry: Option<&TrackEntry> = None;
        let mut push = |size: usize, offset: &mut u64| -> Result<(), Error> {
            let size = u32::try_from(size).map_err(|_| Error::new(ErrorKind::TooLarge, "a frame of 4 GiB"))?;
            let sample =
                Sample { offset: *offset, size, duration: samples_per_frame, composition_offset: 0, sync: true };
            table.push(sample)?;
            // Readers find their way by chunks: one a second or so.
            if table.sample_count().is_multiple_of(a_second) {
                table.end_chunk();
            }
            *offset += u64::from(size);
            Ok(())
        };
        for piece in pieces {
            match piece {
                Piece::Silence(samples) => {
                    let Some(silent) = &silent else { return Err(no_silence(number)) };
                    for _ in 0..samples / u64::from(samples_per_frame.max(1)) {
                        push(silent.len(), &mut offset)?;
                    }
                }
                Piece::Frames { fragment, samples } => {
                    let Some(indexed) = index.fragments().get(*fragment) else { continue };
                    let Some(track) = track_in(indexed, number) else { continue };
                    entry = entry.or_else(|| indexed.head.tracks.get(usize::from(track)).map(|track| &track.entry));
                    let stored = index.samples(*fragment);
                    let some = stored.get(samples.clone()).unwrap_or_default();
                    for sample in some.iter().filter(|sample| sample.track == track) {
                        push(usize::try_from(sample.size).unwrap_or(usize::MAX), &mut offset)?;
                    }
                }
                // Frames of AAC are whole.
                Piece::Part { .. } => {}
            }
        }
        let channels = config.output_channels().map_or(2, u16::from).max(1);
        let audio = Audio { channels, sampling_frequency: config.output_sampling_frequency() };
        let private = entry.and_then(|entry| entry.codec_private.clone()).unwrap_or_default();
        let entry = Track {
            name: entry.and_then(|entry| entry.name.clone()),
            ..Track::new(1, SampleEntry::Mp4a { audio, config: private }, table)
        };
        let movie = Movie {
            timescale: clock.sampling_frequency(),
            creation_time: creation_time(start.as_millis()),
            tracks: vec![entry],
        };
        let head = movie.head(offset)?;
        Ok(M4a { head, payload_bytes: offset, silent, samples_per_frame: samples_per_frame.into() })
    }

    /// Gives the file, some bytes at a time.
    pub(crate) fn write<E>(
        &self,
        pieces: &[Piece],
        frames: &mut Frames<'_, impl FnMut(Range<u64>) -> Result<Bytes, E>>,
        mut each: impl FnMut(&[u8]) -> Result<(), E>,
    ) -> Result<(), E> {
        each(&self.head)?;
        for piece in pieces {
            match piece {
                Piece::Silence(samples) => {
                    for _ in 0..samples / self.samples_per_frame.max(1) {
                        each(self.silent.as_deref().unwrap_or_default())?;
                    }
                }
                Piece::Frames { fragment, samples } => {
                    for sample in samples.clone() {
                        if frames.is_of_track(*fragment, sample)? {
                            each(frames.frame(*fragment, sample)?)?;
                        }
                    }
                }
                Piece::Part { .. } => {}
            }
        }
        Ok(())
    }
}

fn no_silence(number: u64) -> Error {
    Error::new(
        ErrorKind::UnsupportedMedia,
        format!("track {number}: there is a gap, and no frame of silence for this profile or these channels of AAC"),
    )
    .hint("`fragkit clip --gaps keep` keeps the gap as a gap; --from and --to choose a stretch without one")
}
