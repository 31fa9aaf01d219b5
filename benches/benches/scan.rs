//! Matroska to events: the parser, beside a walk by hand (the floor), a copy of the same bytes, and a peer.
//!
//! `matroska-demuxer` takes one document only, of a chain the first one; it is therefore measured on one plain document with
//! the same frames, and so are we and the walk once more. It copies every payload, which none of the others does.

// A benchmark that fails can only stop.
#![allow(clippy::expect_used, missing_docs)]

use std::hint::black_box;
use std::io::Cursor;
use std::time::Duration;

use bytes::Bytes;
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use fragkit_benches::{Kind, chunk_stream, plain_document, slices, walk};
use fragkit_fragment::mkv::{Event, Limits, Parser};
use matroska_demuxer::{Frame, MatroskaFile};

fn frames(pieces: impl Iterator<Item = Bytes>) -> u64 {
    let mut frames = 0;
    let mut parser = Parser::new(Limits::default());
    let mut drain = |parser: &mut Parser| {
        while let Some(event) = parser.poll().expect("the stream is sound") {
            if let Event::Block(block) = black_box(event) {
                frames += u64::try_from(block.frames.as_slice().len()).unwrap_or_default();
            }
        }
    };
    for piece in pieces {
        parser.push(piece);
        drain(&mut parser);
    }
    parser.finish();
    drain(&mut parser);
    frames
}

fn in_pieces(stream: &Bytes) -> impl Iterator<Item = Bytes> + '_ {
    const PIECE: usize = 256 << 10;
    (0..stream.len()).step_by(PIECE).map(|at| stream.slice(at..stream.len().min(at + PIECE)))
}

fn demuxed(document: &Bytes) -> u64 {
    let mut file = MatroskaFile::open(Cursor::new(document)).expect("the document is sound");
    let (mut frames, mut frame) = (0, Frame::default());
    while file.next_frame(&mut frame).expect("the document is sound") {
        frames += 1;
        black_box(&frame);
    }
    frames
}

fn scan(c: &mut Criterion) {
    for (name, kind, bytes) in [("video", Kind::Video, 64 << 20), ("audio", Kind::Audio, 16 << 20)] {
        let (stream, count) = chunk_stream(kind, bytes);
        assert_eq!(frames([stream.clone()].into_iter()), count);
        assert_eq!(frames(in_pieces(&stream)), count);
        assert_eq!(walk(&stream).frames, count);
        let mut group = c.benchmark_group(format!("scan/{name}"));
        group.throughput(throughput(&stream, count));
        group.bench_function("parser", |b| b.iter(|| frames([stream.clone()].into_iter())));
        group.bench_function("parser, pieces of 256 KiB", |b| b.iter(|| frames(in_pieces(&stream))));
        group.bench_function("walk by hand", |b| b.iter(|| walk(black_box(&stream))));
        group.bench_function("walk by hand, slices kept", |b| b.iter(|| slices(black_box(&stream))));
        let mut copy = vec![0; stream.len()];
        group.bench_function("memcpy", |b| b.iter(|| black_box(&mut copy[..]).copy_from_slice(black_box(&stream))));
        group.finish();

        let (document, count) = plain_document(kind, bytes);
        assert_eq!(frames([document.clone()].into_iter()), count);
        assert_eq!(demuxed(&document), count);
        let mut group = c.benchmark_group(format!("scan/{name}, one plain document"));
        group.throughput(throughput(&document, count));
        group.bench_function("parser", |b| b.iter(|| frames([document.clone()].into_iter())));
        group.bench_function("matroska-demuxer", |b| b.iter(|| demuxed(&document)));
        group.bench_function("walk by hand", |b| b.iter(|| walk(black_box(&document))));
        group.finish();
    }
}

fn throughput(bytes: &Bytes, frames: u64) -> Throughput {
    Throughput::ElementsAndBytes { elements: frames, bytes: u64::try_from(bytes.len()).unwrap_or(u64::MAX) }
}

criterion_group! {
    name = benches;
    config = Criterion::default()
        .sample_size(20)
        .warm_up_time(Duration::from_secs(1))
        .measurement_time(Duration::from_secs(3));
    targets = scan
}
criterion_main!(benches);
