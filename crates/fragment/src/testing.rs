//! What the tests of this crate are fed with: chunks from its own writer, documents put together element by element, and
//! files from strangers.

use std::path::Path;

use bytes::Bytes;
use fragkit_mkv::write::{BlockFlags, Writer};
use fragkit_mkv::{EbmlHeader, Id, Info, SimpleTag, Tag, TrackEntry, TrackType, write_tags, write_tracks};

use crate::{Assembler, ChunkLayout, ChunkWriter, Finding, Fragment, Frame, Item, Limits, Nanos, Timestamp, UserTag};

/// A file of `testdata`.
pub(crate) fn testdata(name: &str) -> Bytes {
    let path = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../testdata")).join(name);
    std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display())).into()
}

/// A real capture, or `None` with a message where it is absent.
pub(crate) fn capture(name: &str) -> Option<Bytes> {
    let path = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/captures")).join(name);
    match std::fs::read(&path) {
        Ok(bytes) => Some(bytes.into()),
        Err(error) => {
            eprintln!("skipped: {}: {error}", path.display());
            None
        }
    }
}

pub(crate) fn video_track() -> TrackEntry {
    TrackEntry {
        number: 1,
        uid: 1,
        track_type: TrackType::Video,
        codec_id: "V_TEST".into(),
        codec_private: Some("private".into()),
        ..TrackEntry::default()
    }
}

pub(crate) fn audio_track() -> TrackEntry {
    TrackEntry { number: 2, uid: 2, track_type: TrackType::Audio, codec_id: "A_TEST".into(), ..TrackEntry::default() }
}

pub(crate) fn frame(track: u64, time_ms: i64, keyframe: bool, payload: impl Into<Bytes>) -> Frame {
    Frame {
        track,
        time: Nanos::from_millis(time_ms),
        duration: None,
        keyframe,
        invisible: false,
        discardable: false,
        payload: payload.into(),
        offset: 0,
        stripped: 0,
        group: None,
    }
}

/// A chunk with three frames of video, 40 ms apart.
pub(crate) fn chunk(layout: &ChunkLayout, number: u64, producer_ms: i64, tags: &[UserTag]) -> Vec<u8> {
    let frames = [frame(1, 0, true, "key frame"), frame(1, 40, false, "second"), frame(1, 80, false, "third")];
    chunk_of(layout, number, producer_ms, &[video_track()], tags, &frames)
}

pub(crate) fn chunk_of(
    layout: &ChunkLayout,
    number: u64,
    producer_ms: i64,
    tracks: &[TrackEntry],
    tags: &[UserTag],
    frames: &[Frame],
) -> Vec<u8> {
    let (producer, server) = (Timestamp::from_millis(producer_ms), Timestamp::from_millis(producer_ms + 500));
    ChunkWriter::new(layout.clone()).chunk(&number.into(), producer, server, tracks, tags, Nanos::ZERO, frames)
}

/// A document of a Segment of unknown size with these elements.
pub(crate) fn document(elements: impl FnOnce(&mut Writer)) -> Vec<u8> {
    let mut writer = Writer::new();
    EbmlHeader::default().write(&mut writer);
    writer.header(Id::SEGMENT, None);
    elements(&mut writer);
    writer.into_bytes()
}

/// Info and Tracks.
pub(crate) fn headers(writer: &mut Writer, tracks: &[TrackEntry]) {
    Info::default().write(writer);
    write_tracks(tracks, writer);
}

/// A Tags element with one Tag of these names and values.
pub(crate) fn tags(writer: &mut Writer, tags: &[(&str, &str)]) {
    let simple_tags = tags.iter().map(|(name, value)| SimpleTag::new(*name, *value)).collect();
    write_tags(&[Tag { targets: None, simple_tags }], writer);
}

/// A Cluster with one-frame blocks.
pub(crate) fn cluster(writer: &mut Writer, timestamp: u64, blocks: &[Block]) {
    writer.master(Id::CLUSTER, |cluster| {
        cluster.uint(Id::TIMESTAMP, timestamp);
        for &(track, time, keyframe) in blocks {
            cluster.simple_block_header(track, time, BlockFlags { keyframe, ..BlockFlags::default() }, 5);
            cluster.raw(b"frame");
        }
    });
}

/// Track, relative time, whether it is a key frame.
pub(crate) type Block = (u64, i16, bool);

/// A plain document with these Clusters of a video track and an audio track.
pub(crate) fn plain(info: &Info, clusters: &[(u64, &[Block])]) -> Vec<u8> {
    document(|writer| {
        info.write(writer);
        write_tracks(&[video_track(), audio_track()], writer);
        for (timestamp, blocks) in clusters {
            cluster(writer, *timestamp, blocks);
        }
    })
}

/// All that comes out of the assembler for a stream pushed in these parts.
pub(crate) fn items<'a>(limits: Limits, parts: impl IntoIterator<Item = &'a [u8]>) -> Vec<Item> {
    let mut assembler = Assembler::new(limits);
    let mut items = Vec::new();
    for part in parts {
        assembler.push(Bytes::copy_from_slice(part));
        items.extend(std::iter::from_fn(|| assembler.poll()));
    }
    assembler.finish();
    items.extend(std::iter::from_fn(|| assembler.poll()));
    items
}

pub(crate) fn parse(stream: &[u8]) -> (Vec<Fragment>, Vec<Finding>) {
    split(items(Limits::default(), [stream]))
}

pub(crate) fn split(items: Vec<Item>) -> (Vec<Fragment>, Vec<Finding>) {
    let (mut fragments, mut findings) = (Vec::new(), Vec::new());
    for item in items {
        match item {
            Item::Fragment(fragment) => fragments.push(fragment),
            Item::Finding(finding) => findings.push(finding),
        }
    }
    (fragments, findings)
}

/// The fragments of a stream in which nothing is odd.
pub(crate) fn fragments(stream: &[u8]) -> Vec<Fragment> {
    let (fragments, findings) = parse(stream);
    assert_eq!(findings, []);
    fragments
}

pub(crate) fn numbers(fragments: &[Fragment]) -> Vec<String> {
    fragments.iter().map(|fragment| fragment.head.number.as_ref().map_or("-".into(), ToString::to_string)).collect()
}

pub(crate) fn times_ms(fragment: &Fragment) -> Vec<i64> {
    fragment.frames.iter().map(|frame| frame.time.round_millis()).collect()
}
