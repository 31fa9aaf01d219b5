//! Conversions: start codes to lengths, from finding the NAL units to the whole way into the index of a clip; and ADTS headers
//! off AAC frames.
//!
//! The frames are filled with random bytes, in which zeros are as frequent as in coded slices. With filler data as it is in
//! real streams a search would have nothing to stumble over.

// A benchmark that fails can only stop.
#![allow(clippy::panic, missing_docs)]

use std::convert::Infallible;
use std::hint::black_box;
use std::time::Duration;

use bytes::Bytes;
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use fragkit_benches::{Kind, chunk_stream};
use fragkit_clip::{Clipper, Options, StreamingClipper};
use fragkit_fragment::codec::nal::annex_b;
use fragkit_fragment::{Assembler, Fragment, Item, Limits};

fn fragments(stream: &Bytes) -> Vec<Fragment> {
    let mut assembler = Assembler::new(Limits::default());
    assembler.push(stream.clone());
    assembler.finish();
    let item = |item| match item {
        Item::Fragment(fragment) => fragment,
        Item::Finding(finding) => panic!("{finding:?}"),
    };
    std::iter::from_fn(|| assembler.poll()).map(item).collect()
}

/// Start codes found by looking at each byte; how many there are.
fn byte_by_byte(data: &[u8]) -> usize {
    let (mut zeros, mut found) = (0_u32, 0);
    for &byte in data {
        match byte {
            0 => zeros += 1,
            1 if zeros >= 2 => {
                found += 1;
                zeros = 0;
            }
            _ => zeros = 0,
        }
    }
    found
}

fn conversion(c: &mut Criterion) {
    let (stream, _) = chunk_stream(Kind::VideoAnnexB, 64 << 20);
    let fragments = fragments(&stream);
    let video = || fragments.iter().flat_map(|fragment| &fragment.frames).filter(|frame| frame.track == 1);
    let (frames, bytes) =
        video().fold((0, 0_usize), |(frames, bytes), frame| (frames + 1, bytes + frame.payload.len()));
    let units: usize = video().map(|frame| annex_b(&frame.payload).count()).sum();
    assert_eq!(units, video().map(|frame| byte_by_byte(&frame.payload)).sum::<usize>());
    let bytes = u64::try_from(bytes).unwrap_or(u64::MAX);

    let mut group = c.benchmark_group("annex b");
    group.throughput(Throughput::ElementsAndBytes { elements: frames, bytes });
    group.bench_function("units, one thread", |b| {
        b.iter(|| video().map(|frame| annex_b(black_box(&frame.payload)).count()).sum::<usize>());
    });
    group.bench_function("units byte by byte, one thread", |b| {
        b.iter(|| video().map(|frame| byte_by_byte(black_box(&frame.payload))).sum::<usize>());
    });
    group.bench_function("index, all threads", |b| {
        b.iter(|| {
            let mut clipper = Clipper::new(Options::default());
            fragments.iter().for_each(|fragment| clipper.add(fragment));
            clipper
        });
    });
    let mut out = Vec::with_capacity(stream.len() + stream.len() / 4);
    group.bench_function("streamed to memory, all threads", |b| {
        b.iter(|| {
            out.clear();
            let mut clipper = StreamingClipper::new(Options::default());
            for fragment in &fragments {
                let taken: Result<(), Infallible> = clipper.add(fragment, |bytes| {
                    out.extend_from_slice(bytes);
                    Ok(())
                });
                taken.unwrap_or_else(|never| match never {});
            }
            clipper
        });
    });
    group.bench_function("memcpy", |b| {
        b.iter(|| {
            out.clear();
            video().for_each(|frame| out.extend_from_slice(&frame.payload));
        });
    });
    group.finish();
}

/// ADTS headers off, beside frames that have none.
fn adts(c: &mut Criterion) {
    let mut group = c.benchmark_group("adts");
    for (name, kind) in [("index", Kind::AudioAdts), ("index of frames without headers", Kind::Audio)] {
        let (stream, frames) = chunk_stream(kind, 4 << 20);
        let fragments = fragments(&stream);
        let bytes = u64::try_from(stream.len()).unwrap_or(u64::MAX);
        group.throughput(Throughput::ElementsAndBytes { elements: frames, bytes });
        group.bench_function(name, |b| {
            b.iter(|| {
                let mut clipper = Clipper::new(Options::default());
                fragments.iter().for_each(|fragment| clipper.add(fragment));
                clipper
            });
        });
    }
    group.finish();
}

criterion_group! {
    name = benches;
    config = Criterion::default()
        .sample_size(20)
        .warm_up_time(Duration::from_secs(1))
        .measurement_time(Duration::from_secs(3));
    targets = conversion, adts
}
criterion_main!(benches);
