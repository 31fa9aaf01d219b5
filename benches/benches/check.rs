//! What it costs to hold each frame against its codec, beside what a clip costs.
//!
//! Clipping checks all frames on the way. "assemble and check" less "assemble" is the price of that, and "clip to memory"
//! is what it is to be compared with.

// A benchmark that fails can only stop.
#![allow(clippy::expect_used, clippy::panic, missing_docs)]

use std::hint::black_box;
use std::time::Duration;

use bytes::Bytes;
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use fragkit_benches::{Kind, chunk_stream};
use fragkit_clip::{Clipper, Options};
use fragkit_fragment::codec::FrameChecker;
use fragkit_fragment::{Assembler, Fragment, Item, Limits, Run};

fn each_fragment(stream: &Bytes, mut each: impl FnMut(&Fragment)) {
    let mut assembler = Assembler::new(Limits::default());
    assembler.push(stream.clone());
    assembler.finish();
    while let Some(item) = assembler.poll() {
        match item {
            Item::Fragment(fragment) => each(&fragment),
            Item::Finding(finding) => panic!("{finding:?}"),
        }
    }
}

/// How many frames are as they should be.
fn sound(stream: &Bytes) -> usize {
    let mut checkers: Vec<(u64, FrameChecker)> = Vec::new();
    let mut sound = 0;
    each_fragment(stream, |fragment| {
        if checkers.is_empty() {
            let checker = |private| FrameChecker::new(private);
            let tracks = fragment.head.tracks.iter();
            checkers.extend(
                tracks.filter_map(|track| Some((track.entry.number, checker(track.codec_private.as_ref().ok()?)))),
            );
        }
        for frame in &fragment.frames {
            let checker = checkers.iter().find(|(number, _)| *number == frame.track);
            sound += usize::from(checker.is_some_and(|(_, it)| it.check(&frame.payload, frame.keyframe).is_sound()));
        }
    });
    sound
}

fn clip(stream: &Bytes, out: &mut Vec<u8>) {
    let mut clipper = Clipper::new(Options::default());
    each_fragment(stream, |fragment| clipper.add(fragment));
    let clips = clipper.clips().expect("one clip");
    out.clear();
    let written: Result<(), std::convert::Infallible> = clips.first().expect("one clip").runs(|run| {
        match run {
            Run::Bytes(bytes) => out.extend_from_slice(bytes),
            Run::Small(small) => out.extend_from_slice(small.as_slice()),
            Run::Input(range) => {
                let at = |offset: u64| usize::try_from(offset).unwrap_or(usize::MAX);
                out.extend_from_slice(stream.get(at(range.start)..at(range.end)).unwrap_or_default());
            }
        }
        Ok(())
    });
    written.unwrap_or_else(|never| match never {});
}

fn checking(c: &mut Criterion) {
    for (name, kind, bytes) in [("video", Kind::Video, 256 << 20), ("audio", Kind::Audio, 16 << 20)] {
        let (stream, frames) = chunk_stream(kind, bytes);
        assert_eq!(u64::try_from(sound(&stream)), Ok(frames), "the stream is sound");
        let mut group = c.benchmark_group(format!("check/{name}"));
        let bytes = u64::try_from(stream.len()).unwrap_or(u64::MAX);
        group.throughput(Throughput::ElementsAndBytes { elements: frames, bytes });
        group.sample_size(20).measurement_time(Duration::from_secs(8));
        group.bench_function("assemble", |b| {
            b.iter(|| each_fragment(black_box(&stream), |fragment| _ = black_box(fragment)))
        });
        group.bench_function("assemble and check", |b| b.iter(|| sound(black_box(&stream))));
        let mut out = Vec::with_capacity(stream.len());
        group.bench_function("clip to memory", |b| b.iter(|| clip(black_box(&stream), &mut out)));
        group.finish();
    }
}

criterion_group!(benches, checking);
criterion_main!(benches);
