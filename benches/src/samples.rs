//! Real frames, out of the test data.

use bytes::Bytes;
use fragkit_fragment::mkv::{Event, Limits, Parser, TrackEntry};

/// The tracks of a small Matroska file, and their frames in stored order.
#[derive(Debug, Clone)]
pub struct Samples {
    /// The tracks as they stand in the file.
    pub tracks: Vec<TrackEntry>,
    /// The frames of all tracks.
    pub frames: Vec<Stored>,
}

/// A frame as the file has it.
#[derive(Debug, Clone)]
pub struct Stored {
    /// Track number.
    pub track: u64,
    /// Whether it can be decoded on its own.
    pub keyframe: bool,
    /// The bytes.
    pub payload: Bytes,
}

impl Samples {
    /// 240x180 H.264 Main, 30 frames a second, closed groups of 30 without B-frames (track 1); AAC-LC at 48 kHz (track 2).
    #[must_use]
    pub fn h264_aac() -> Self {
        Self::read(include_bytes!("../../testdata/h264-main-aac.mkv"))
    }

    /// AAC-LC at 48 kHz with two channels: 66 bytes a frame on average.
    #[must_use]
    pub fn aac_stereo() -> Self {
        Self::read(include_bytes!("../../testdata/aac-stereo.mkv"))
    }

    /// AAC-LC at 48 kHz with six channels: 183 bytes a frame on average.
    #[must_use]
    pub fn aac_surround() -> Self {
        Self::read(include_bytes!("../../testdata/aac-lc-51.mkv"))
    }

    /// G.711 A-law at 8 kHz, one channel.
    #[must_use]
    pub fn alaw() -> Self {
        Self::read(include_bytes!("../../testdata/alaw.mkv"))
    }

    fn read(file: &'static [u8]) -> Self {
        let mut samples = Samples { tracks: Vec::new(), frames: Vec::new() };
        let mut parser = Parser::new(Limits::default());
        parser.push(Bytes::from_static(file));
        parser.finish();
        while let Some(event) = parser.poll().expect("the test data is sound") {
            match event {
                Event::Tracks { tracks, .. } => samples.tracks = tracks.to_vec(),
                Event::Block(block) => samples.frames.extend(block.frames.as_slice().iter().map(|payload| Stored {
                    track: block.track,
                    keyframe: block.keyframe,
                    payload: payload.clone(),
                })),
                _ => {}
            }
        }
        samples
    }

    /// The frames of one track.
    pub fn of_track(&self, track: u64) -> impl Iterator<Item = &Stored> {
        self.frames.iter().filter(move |frame| frame.track == track)
    }
}
