//! More than 4 GiB, without writing them: the frames say that they are large, and share the same bytes.

use bytes::Bytes;
use fragkit::mp4::check::{Part, check_parts};
use fragkit::{ClipOptions, Clipper, Fragment, Frame, Nanos, Run, Timestamp};

use crate::inputs::{fragments, test_file};

const MIB: u64 = 1 << 20;

/// Fragments of one frame of 1 MiB, which follow each other in the input.
fn fragments_of_a_mebibyte(count: u64) -> impl Iterator<Item = Fragment> {
    let model = fragments(&test_file("h264-baseline.chunks.mkv")).remove(0);
    let shared = {
        let mut bytes = vec![0x65; MIB as usize];
        bytes[..4].copy_from_slice(&(MIB as u32 - 4).to_be_bytes());
        Bytes::from(bytes)
    };
    (0..count).map(move |number| {
        let mut head = model.head.clone();
        head.number = Some((number + 1).into());
        head.producer_timestamp = Some(Timestamp::from_millis(1000 * number as i64));
        (head.offset, head.size) = (number * MIB, MIB);
        let frame =
            Frame { time: Nanos::ZERO, offset: number * MIB, payload: shared.clone(), ..model.frames[0].clone() };
        Fragment { head, frames: vec![frame], places: Vec::new(), pieces: Vec::new() }
    })
}

/// The head of the clip, and how many bytes there are in all; each run is the next mebibyte of the input.
fn planned(count: u64) -> (Vec<u8>, u64) {
    let mut clipper = Clipper::new(ClipOptions::default());
    fragments_of_a_mebibyte(count).for_each(|fragment| clipper.add(&fragment));
    let clips = clipper.clips().unwrap();
    assert_eq!(clips.len(), 1);
    let (mut head, mut written, mut next) = (Vec::new(), 0, 0);
    let runs = clips[0].runs(|run| {
        written += run.len();
        match run {
            Run::Bytes(bytes) => head.extend_from_slice(bytes),
            Run::Small(small) => panic!("{small:?}"),
            Run::Input(range) => {
                assert_eq!(range.start, next);
                next = range.end;
            }
        }
        Ok::<_, ()>(())
    });
    assert_eq!(runs, Ok(()));
    assert_eq!(next, count * MIB);
    assert_eq!(written, clips[0].size());
    (head, written)
}

fn has_box(head: &[u8], kind: &[u8; 4]) -> bool {
    head.windows(4).any(|window| window == kind)
}

#[test]
fn beyond_4_gib_chunk_offsets_and_the_size_of_mdat_have_64_bits() {
    let count = 5000;
    let (head, size) = planned(count);
    assert!(size > u64::from(u32::MAX));
    assert!(has_box(&head, b"co64") && !has_box(&head, b"stco"));
    // size, type, largesize
    let mdat = &head[head.len() - 16..];
    assert_eq!(mdat[..8], *b"\0\0\0\x01mdat");
    assert_eq!(mdat[8..], (count * MIB + 16).to_be_bytes());

    let summary = check_parts(&[Part { offset: 0, bytes: &head }], size).unwrap();
    assert_eq!(summary.payload, head.len() as u64..size);
    assert_eq!(summary.unreferenced_bytes, 0);
    let offsets = summary.tracks[0].samples().map(|sample| (sample.offset, u64::from(sample.size)));
    assert!(offsets.eq((0..count).map(|number| (head.len() as u64 + number * MIB, MIB))));
}

#[test]
fn below_4_gib_they_have_32_bits() {
    let (head, size) = planned(4000);
    assert!(has_box(&head, b"stco") && !has_box(&head, b"co64"));
    let mdat = &head[head.len() - 8..];
    assert_eq!(mdat[..4], (4000 * MIB as u32 + 8).to_be_bytes());
    let summary = check_parts(&[Part { offset: 0, bytes: &head }], size).unwrap();
    assert_eq!(summary.tracks[0].sample_count, 4000);
}
