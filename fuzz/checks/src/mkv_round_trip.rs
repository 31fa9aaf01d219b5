//! What is read of Matroska, written and read again, is the same: headers, Info, Tracks, Tags, and frames with their flags.

use std::sync::Arc;

use bytes::Bytes;
use fragkit::mkv::write::{BlockFlags, Writer};
use fragkit::mkv::{EbmlHeader, Event, Id, Info, Limits, Parser, Tag, TrackEntry, write_tags, write_tracks};

/// What a document says, laces taken apart.
#[derive(Debug, Default)]
struct Document {
    header: Option<Arc<EbmlHeader>>,
    parts: Vec<Part>,
}

#[derive(Debug)]
enum Part {
    Info(Arc<Info>),
    Tracks(Arc<[TrackEntry]>),
    Tags(Vec<Tag>),
    Cluster,
    Timestamp(u64),
    Frame { track: u64, timestamp: i16, flags: BlockFlags, bytes: Bytes },
}

/// See the head of the file.
pub fn check(data: &[u8]) {
    for document in documents(data) {
        let written = write(&document);
        if crate::holds_another_document(&written) {
            continue;
        }
        let again = documents(&written);
        // NaN in a float is unequal to itself, so the text forms are compared.
        assert_eq!(format!("{again:?}"), format!("{:?}", [document]));
    }
}

/// The documents up to the first damage.
fn documents(data: &[u8]) -> Vec<Document> {
    let mut parser = Parser::new(Limits::default());
    parser.push(Bytes::copy_from_slice(data));
    parser.finish();
    let mut documents: Vec<Document> = Vec::new();
    while let Ok(Some(event)) = parser.poll() {
        if let Event::Document { header, .. } = &event {
            documents.push(Document { header: Some(Arc::clone(header)), parts: Vec::new() });
            continue;
        }
        let Some(document) = documents.last_mut() else { continue };
        let parts = &mut document.parts;
        match event {
            Event::Info { info, .. } => parts.push(Part::Info(info)),
            Event::Tracks { tracks, .. } => parts.push(Part::Tracks(tracks)),
            Event::Tags { tags, .. } => parts.push(Part::Tags(tags)),
            Event::Cluster { .. } => parts.push(Part::Cluster),
            Event::Timestamp(timestamp) => parts.push(Part::Timestamp(timestamp)),
            Event::Block(block) => {
                let flags =
                    BlockFlags { keyframe: block.keyframe, invisible: block.invisible, discardable: block.discardable };
                let (track, timestamp) = (block.track, block.timestamp);
                let frames = block.frames.as_slice().iter().cloned();
                parts.extend(frames.map(|bytes| Part::Frame { track, timestamp, flags, bytes }));
            }
            _ => {}
        }
    }
    documents
}

fn write(document: &Document) -> Vec<u8> {
    let mut writer = Writer::new();
    if let Some(header) = &document.header {
        header.write(&mut writer);
    }
    writer.header(Id::SEGMENT, None);
    for part in &document.parts {
        match part {
            Part::Info(info) => info.write(&mut writer),
            Part::Tracks(tracks) => write_tracks(tracks, &mut writer),
            Part::Tags(tags) => write_tags(tags, &mut writer),
            Part::Cluster => writer.header(Id::CLUSTER, None),
            Part::Timestamp(timestamp) => writer.uint(Id::TIMESTAMP, *timestamp),
            Part::Frame { track, timestamp, flags, bytes } => {
                let len = u64::try_from(bytes.len()).expect("a length fits");
                writer.simple_block_header(*track, *timestamp, *flags, len);
                writer.raw(bytes);
            }
        }
    }
    writer.into_bytes()
}
