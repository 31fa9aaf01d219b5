//! Chunk streams to fragments: with frames (what clips are made of), and without (what lists are made of).

// A benchmark that fails can only stop.
#![allow(clippy::panic, missing_docs)]

use std::hint::black_box;
use std::time::Duration;

use bytes::Bytes;
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use fragkit_benches::{Kind, chunk_stream, slices, walk};
use fragkit_fragment::{Assembler, Item, Limits};

fn assembled(mut assembler: Assembler, stream: &Bytes) -> u64 {
    assembler.push(stream.clone());
    assembler.finish();
    let mut frames = 0;
    while let Some(item) = assembler.poll() {
        match black_box(item) {
            Item::Fragment(fragment) => frames += fragment.head.frame_count(),
            Item::Finding(finding) => panic!("{finding:?}"),
        }
    }
    frames
}

fn assemble(c: &mut Criterion) {
    let kinds = [("video", Kind::Video, 64 << 20), ("audio", Kind::Audio, 16 << 20), ("alaw", Kind::Alaw, 16 << 20)];
    for (name, kind, bytes) in kinds {
        let (stream, count) = chunk_stream(kind, bytes);
        let assembler = || Assembler::new(Limits::default());
        assert_eq!(assembled(assembler(), &stream), count);
        assert_eq!(assembled(assembler().without_frames(), &stream), count);
        let bytes = u64::try_from(stream.len()).unwrap_or(u64::MAX);
        let throughput = Throughput::ElementsAndBytes { elements: count, bytes };

        let mut group = c.benchmark_group(format!("assemble/{name}"));
        group.throughput(throughput.clone());
        group.bench_function("fragments", |b| b.iter(|| assembled(assembler(), &stream)));
        group.bench_function("walk by hand, slices kept", |b| b.iter(|| slices(black_box(&stream))));
        group.finish();

        let mut group = c.benchmark_group(format!("list/{name}"));
        group.throughput(throughput);
        group.bench_function("fragments without frames", |b| {
            b.iter(|| assembled(assembler().without_frames(), &stream))
        });
        group.bench_function("walk by hand", |b| b.iter(|| walk(black_box(&stream))));
        group.finish();
    }
}

criterion_group! {
    name = benches;
    config = Criterion::default()
        .sample_size(20)
        .warm_up_time(Duration::from_secs(1))
        .measurement_time(Duration::from_secs(3));
    targets = assemble
}
criterion_main!(benches);
