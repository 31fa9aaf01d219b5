//! A broken chunk in the middle of a stream costs that chunk and no other.

use bytes::Bytes;
use fragkit::mp4::check;
use fragkit::{ClipOptions, Gaps, Item, Severity, Source};

use crate::cases::{clip, payload, presented_ns, streamed, temporary};
use crate::inputs::{Media, fragments, test_file};
use crate::programs;
use crate::streaming::chunks;
use crate::times::frame_times;

const FILES: [&str; 3] = ["h264-baseline.chunks.mkv", "h264-high-bframes-aac.chunks.mkv", "h264-alaw.chunks.mkv"];

/// Damages the middle chunk of each file, and checks that a clip holds the frames of all others at their times.
#[track_caller]
fn costs_one_chunk(damage: impl Fn(&mut Vec<u8>)) {
    for name in FILES {
        let mut chunks = chunks(name);
        let middle = chunks.len() / 2;
        damage(&mut chunks[middle]);
        let source = Source::from(Bytes::from(chunks.concat()));
        let told = |item| matches!(item, Item::Finding(finding) if finding.severity == Severity::Error);
        let headless = source.items().any(|item| matches!(item, Item::Fragment(fragment) if !fragment.head.is_whole()));
        assert!(headless || source.items().any(told), "{name}: nobody tells");

        let mut expected = fragments(&test_file(name));
        expected.remove(middle);
        let expected = Media::of(&expected);
        let read = fragments(&source);
        let options = ClipOptions { gaps: Gaps::Keep, ..ClipOptions::default() };
        for file in [clip(&source, &read, options.clone()).unwrap(), streamed(&read, options.clone()).unwrap()] {
            let summary = check::check(&file).unwrap();
            assert_eq!(summary.tracks.len(), expected.tracks.len(), "{name}");
            for (track, found) in expected.tracks.iter().zip(&summary.tracks) {
                let read: Vec<u8> = found.samples().flat_map(|sample| payload(&file, &sample).to_vec()).collect();
                let stored: Vec<u8> = track.frames.iter().flat_map(|frame| frame.payload.to_vec()).collect();
                assert!(read == stored, "{name}, {:?}: {} bytes of {}", track.codec, read.len(), stored.len());
                let starts = frame_times(track, &presented_ns(&summary, found)).unwrap();
                for (time, start) in track.times_ns(&expected).into_iter().zip(starts) {
                    assert!((time - start).abs() <= 1_000_001, "{name}, {:?}: {start} for {time}", track.codec);
                }
            }
            if programs::available() {
                assert_eq!(programs::complaints(temporary(&file).path()), "", "{name}");
            }
        }
    }
}

const CLUSTER: [u8; 4] = [0x1f, 0x43, 0xb6, 0x75];
const TAGS: [u8; 4] = [0x12, 0x54, 0xc3, 0x67];

fn position(chunk: &[u8], id: [u8; 4]) -> usize {
    chunk.windows(4).position(|window| window == id).unwrap()
}

#[test]
fn a_flipped_size_in_the_cluster_costs_that_chunk() {
    costs_one_chunk(|chunk| {
        // The first SimpleBlock: behind the id and the size of the Cluster and its timestamp.
        let cluster = position(chunk, CLUSTER);
        let block = cluster + chunk[cluster..].iter().position(|byte| *byte == 0xa3).unwrap();
        chunk[block + 1] ^= 0x3f;
    });
}

#[test]
fn garbage_over_the_tags_costs_that_chunk() {
    costs_one_chunk(|chunk| {
        let (tags, cluster) = (position(chunk, TAGS), position(chunk, CLUSTER));
        chunk[tags..cluster].fill(0xaa);
    });
}

#[test]
fn a_missing_cluster_costs_that_chunk() {
    costs_one_chunk(|chunk| {
        let cluster = position(chunk, CLUSTER);
        let behind = cluster + position(&chunk[cluster..], TAGS);
        chunk.drain(cluster..behind);
    });
}

#[test]
fn a_chunk_that_is_cut_off_costs_that_chunk() {
    costs_one_chunk(|chunk| chunk.truncate(chunk.len() * 2 / 3));
}
