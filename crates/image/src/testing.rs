//! What the tests of this crate are fed with: chunk streams from the project's own writer, and files from strangers.

use std::path::Path;

use bytes::Bytes;
use fragkit_fragment::mkv::{TrackEntry, TrackType};
use fragkit_fragment::{Assembler, ChunkLayout, ChunkWriter, Fragment, Frame, Item, Limits, Nanos, Timestamp};

use crate::survey::Survey;

/// A file of `testdata`.
pub(crate) fn testdata(name: &str) -> Bytes {
    let path = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../testdata")).join(name);
    std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display())).into()
}

/// The fragments of a stream.
pub(crate) fn fragments(stream: Bytes) -> Vec<Fragment> {
    let mut assembler = Assembler::new(Limits::default());
    assembler.push(stream);
    assembler.finish();
    let items = std::iter::from_fn(|| assembler.poll());
    items.filter_map(|item| if let Item::Fragment(fragment) = item { Some(fragment) } else { None }).collect()
}

/// The survey of a stream.
pub(crate) fn survey(stream: Bytes) -> Survey {
    let mut survey = Survey::default();
    fragments(stream).iter().for_each(|fragment| survey.add(fragment));
    survey
}

/// A frame of track 1: its time in milliseconds, and whether it is a key frame.
pub(crate) type Shown = (i64, bool);

/// A chunk of a track of video (or of sound, where there is none of video) that starts at a time in milliseconds.
pub(crate) fn chunk(number: u64, start_ms: i64, track_type: TrackType, frames: &[Shown]) -> Vec<u8> {
    let codec_id = if track_type == TrackType::Video { "V_MJPEG" } else { "A_TEST" };
    let track = TrackEntry { number: 1, uid: 1, track_type, codec_id: codec_id.into(), ..TrackEntry::default() };
    let frame = |&(time_ms, keyframe): &Shown| Frame {
        track: 1,
        time: Nanos::from_millis(time_ms),
        duration: None,
        keyframe,
        invisible: false,
        discardable: false,
        payload: Bytes::from_static(b"no picture"),
        offset: 0,
        stripped: 0,
        group: None,
    };
    let frames: Vec<Frame> = frames.iter().map(frame).collect();
    let (producer, server) = (Timestamp::from_millis(start_ms), Timestamp::from_millis(start_ms + 500_000));
    ChunkWriter::new(ChunkLayout::default()).chunk(
        &number.into(),
        producer,
        server,
        &[track],
        &[],
        Nanos::ZERO,
        &frames,
    )
}

/// Frames at a rate of 10 a second, the first of which is a key frame.
pub(crate) fn ten_a_second(count: i64) -> Vec<Shown> {
    (0..count).map(|index| (index * 100, index == 0)).collect()
}
