//! Chunks that are made of ordinary Matroska of any bytes read as chunks, with no frame more than went in, and none of them cut.

use fragkit::{ChunkOptions, Chunker, Completeness, Item, Nanos, Source};

/// See the head of the file.
pub fn check(data: &[u8]) {
    let Some((&choice, data)) = data.split_last() else { return };
    let source = Source::from(bytes::Bytes::copy_from_slice(data));
    let options = ChunkOptions {
        annex_b: choice & 1 != 0,
        fragment_length: Nanos(i64::from(choice >> 1) * 20_000_000),
        ..ChunkOptions::default()
    };
    let mut stream = Vec::new();
    let mut chunker = Chunker::new(options, &mut stream);
    let mut given = 0;
    for item in source.items() {
        let Item::Fragment(fragment) = item else { continue };
        if chunker.add(&fragment).is_err() {
            return;
        }
        given += fragment.frames.len();
    }
    if chunker.finish().is_err() {
        return;
    }
    let mut frames = 0;
    for item in Source::from(bytes::Bytes::from(stream)).items() {
        match item {
            Item::Fragment(fragment) => {
                assert!(!fragment.head.plain);
                assert!(matches!(fragment.head.completeness, Completeness::Complete | Completeness::Untrailed));
                frames += fragment.frames.len();
            }
            Item::Finding(finding) => panic!("{finding}"),
        }
    }
    assert!(frames <= given, "{frames} of {given}");
}
