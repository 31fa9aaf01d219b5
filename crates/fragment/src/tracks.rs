//! The tracks of a fragment, with their codec private data read once for all fragments that share them.

use std::sync::Arc;

use fragkit_codec::{CodecPrivate, Effect, Error as CodecError, ErrorKind, Fault, Stated};
use fragkit_mkv::{TrackEntry, TrackType, stripped_header};

use crate::pcm::Pcm;
use crate::time::Nanos;

/// The tracks of a fragment. Cheap to clone; fragments with the same Tracks element share one.
#[derive(Debug, Clone)]
pub struct Tracks(Arc<[Track]>);

/// One track.
#[derive(Debug, Clone)]
pub struct Track {
    /// The TrackEntry as it stands in the chunk.
    pub entry: TrackEntry,
    /// Its CodecPrivate, read; or why it cannot be.
    pub codec_private: Result<CodecPrivate, CodecError>,
    /// How the frames are stored, if that cannot be undone: "zlib compression (ContentCompAlgo 0)".
    pub refused_encoding: Option<&'static str>,
    /// What header stripping took off the front of every frame.
    pub stripped_header: bytes::Bytes,
}

impl Tracks {
    /// The tracks that these entries describe, with their private data read.
    #[must_use]
    pub fn new(entries: &[TrackEntry]) -> Self {
        Tracks(entries.iter().cloned().map(Track::new).collect())
    }

    /// The track that blocks call by this number.
    #[must_use]
    pub fn by_number(&self, number: u64) -> Option<&Track> {
        self.0.iter().find(|track| track.entry.number == number)
    }

    /// The first video track, which opens fragments and is what pictures are taken of.
    #[must_use]
    pub fn video(&self) -> Option<&Track> {
        self.0.iter().find(|track| track.entry.track_type == TrackType::Video)
    }

    pub(crate) fn from_tracks(tracks: impl IntoIterator<Item = Track>) -> Self {
        Tracks(tracks.into_iter().collect())
    }

    pub(crate) fn holds(&self, entries: &[TrackEntry]) -> bool {
        self.0.iter().map(|track| &track.entry).eq(entries)
    }

    /// Whether these are made of the same entries.
    pub(crate) fn holds_those_of(&self, other: &Tracks) -> bool {
        self.iter().map(|track| &track.entry).eq(other.iter().map(|track| &track.entry))
    }

    /// The same tracks in the order that `other` has them, if it has tracks of the same numbers.
    pub(crate) fn in_order_of(self, other: &Tracks) -> Tracks {
        let numbers = |tracks: &Tracks| tracks.iter().map(|track| track.entry.number).collect::<Vec<_>>();
        if self.is_same(other) || numbers(&self) == numbers(other) || self.len() != other.len() {
            return self;
        }
        let ordered: Option<Vec<Track>> =
            numbers(other).into_iter().map(|number| self.by_number(number).cloned()).collect();
        ordered.map_or(self, Tracks::from_tracks)
    }

    /// Whether both are the very same, without looking into them.
    #[must_use]
    pub fn is_same(&self, other: &Tracks) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl std::ops::Deref for Tracks {
    type Target = [Track];
    fn deref(&self) -> &[Track] {
        &self.0
    }
}

impl Default for Tracks {
    fn default() -> Self {
        Tracks(Arc::from([]))
    }
}

/// How the duration of an audio frame follows from what it holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AudioClock {
    /// Each frame has the same number of samples: AAC.
    PerFrame {
        /// Samples a second, as they come out of the decoder.
        sampling_frequency: u32,
        /// Samples of one channel in a frame.
        samples_per_frame: u32,
    },
    /// Each block of bytes is one sample of all channels: G.711, PCM.
    PerBlock {
        /// Samples a second.
        sampling_frequency: u32,
        /// Bytes of one sample of all channels.
        block_align: u32,
    },
}

impl AudioClock {
    /// Samples a second.
    #[must_use]
    pub fn sampling_frequency(self) -> u32 {
        match self {
            AudioClock::PerFrame { sampling_frequency, .. } | AudioClock::PerBlock { sampling_frequency, .. } => {
                sampling_frequency
            }
        }
    }

    /// How long a frame of this many bytes lasts.
    #[must_use]
    pub fn duration(self, frame_bytes: u32) -> Nanos {
        Nanos::from_ticks(self.samples(frame_bytes).into(), self.sampling_frequency())
    }

    /// How long so many frames last that hold so many bytes together.
    pub(crate) fn total(self, frames: u64, bytes: u64) -> Nanos {
        let samples = match self {
            AudioClock::PerFrame { samples_per_frame, .. } => frames.saturating_mul(samples_per_frame.into()),
            AudioClock::PerBlock { block_align, .. } => bytes / u64::from(block_align.max(1)),
        };
        Nanos::from_ticks(i64::try_from(samples).unwrap_or(i64::MAX), self.sampling_frequency())
    }

    /// Samples of one channel in a frame of this many bytes.
    #[must_use]
    pub fn samples(self, frame_bytes: u32) -> u32 {
        match self {
            AudioClock::PerFrame { samples_per_frame, .. } => samples_per_frame,
            AudioClock::PerBlock { block_align, .. } => frame_bytes / block_align.max(1),
        }
    }
}

impl Track {
    /// What its samples are, if it is one of PCM.
    #[must_use]
    pub fn pcm(&self) -> Option<Pcm> {
        (self.entry.track_type == TrackType::Audio).then(|| Pcm::of(self)).flatten()
    }

    /// The clock of an audio track whose private data can be read, or whose samples are there as they are.
    #[must_use]
    pub fn audio_clock(&self) -> Option<AudioClock> {
        if let Some(pcm) = self.pcm() {
            let (sampling_frequency, block_align) = (pcm.sampling_frequency, pcm.block_align());
            return Some(AudioClock::PerBlock { sampling_frequency, block_align });
        }
        match self.codec_private.as_ref().ok()? {
            CodecPrivate::Aac(config) => {
                let sampling_frequency = config.output_sampling_frequency();
                let core = config.sampling_frequency().max(1);
                // With SBR signalled, each frame has twice the samples of its core.
                let samples = u64::from(config.samples_per_frame()?) * u64::from(sampling_frequency) / u64::from(core);
                let samples_per_frame = u32::try_from(samples).ok()?;
                (sampling_frequency > 0 && samples_per_frame > 0)
                    .then_some(AudioClock::PerFrame { sampling_frequency, samples_per_frame })
            }
            CodecPrivate::Wave(format) => {
                format.g711_law()?;
                let sampling_frequency = format.samples_per_sec;
                let block_align = u32::from(format.channels.max(1));
                (sampling_frequency > 0).then_some(AudioClock::PerBlock { sampling_frequency, block_align })
            }
            _ => None,
        }
    }

    /// What readable private data lacks and nothing can be decoded without: a parameter set.
    #[must_use]
    pub fn lacks(&self) -> Option<Fault> {
        let lacks = |fault: &Fault| fault.effect == Effect::Fatal && fault.error.kind() == ErrorKind::Missing;
        self.codec_private.as_ref().ok()?.check().into_iter().find(lacks)
    }

    /// Whether each of its frames is a JPEG: `V_MJPEG`, or a BITMAPINFOHEADER with `MJPG` as biCompression (RFC 9559 and the
    /// Matroska codec mappings, `V_MS/VFW/FOURCC`).
    #[must_use]
    pub fn is_mjpeg(&self) -> bool {
        let private = self.entry.codec_private.as_deref().unwrap_or_default();
        match self.entry.codec_id.as_str() {
            "V_MJPEG" => true,
            "V_MS/VFW/FOURCC" => private.get(16..20).is_some_and(|fourcc| fourcc.eq_ignore_ascii_case(b"MJPG")),
            _ => false,
        }
    }

    /// What its TrackEntry says beside the private data.
    #[must_use]
    pub fn stated(&self) -> Stated {
        let (video, audio) = (self.entry.video.as_ref(), self.entry.audio.as_ref());
        Stated {
            pixel_width: video.map(|video| video.pixel_width),
            pixel_height: video.map(|video| video.pixel_height),
            sampling_frequency: audio.map(|audio| audio.sampling_frequency),
            output_sampling_frequency: audio.and_then(|audio| audio.output_sampling_frequency),
            channels: audio.map(|audio| audio.channels),
            bit_depth: audio.and_then(|audio| audio.bit_depth),
        }
    }

    /// The track with other private data, as a repair gives it.
    pub(crate) fn with_private(&self, private: Vec<u8>) -> Track {
        Track::new(TrackEntry { codec_private: Some(private.into()), ..self.entry.clone() })
    }

    pub(crate) fn new(entry: TrackEntry) -> Self {
        let private = entry.codec_private.as_deref().unwrap_or_default();
        let codec_private = CodecPrivate::parse(&entry.codec_id, private);
        let (stripped_header, refused_encoding) = match stripped_header(&entry.content_encodings) {
            Ok(header) => (header, None),
            Err(transform) => (bytes::Bytes::new(), Some(transform.name())),
        };
        Track { entry, codec_private, refused_encoding, stripped_header }
    }
}
