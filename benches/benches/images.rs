//! Pictures: each stage of the way from an access unit to a file, and the whole.
//!
//! Needs the inputs of `benches/images.sh`, 1080p in both codecs, in `FRAGKIT_BENCH_IN` or `benches/generated`; where they are not,
//! the small pictures of `testdata` take their place, and the names say so.

#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs,
    reason = "a bench that cannot work says so by panicking"
)]

use std::hint::black_box;
use std::ops::Range;
use std::path::{Path, PathBuf};

use bytes::Bytes;
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use fragkit_fragment::codec::CodecPrivate;
use fragkit_fragment::{Assembler, Fragment, Item, Limits, Selector, Timestamp};
use fragkit_image::decoder::{AccessUnit, DecoderKind};
use fragkit_image::encode::{self, About, Compression};
use fragkit_image::{ChromaFormat, Colour, Format, Pick, Picture, Request, Sampler, colour, scale};

/// A stream, and the fragment that is measured.
struct Input {
    name: String,
    stream: Bytes,
    fragments: Vec<Fragment>,
}

impl Input {
    fn open(codec: &str, small: &str) -> Input {
        let here = Path::new(env!("CARGO_MANIFEST_DIR"));
        let folder = std::env::var_os("FRAGKIT_BENCH_IN").map_or_else(|| here.join("generated"), PathBuf::from);
        let large = folder.join(format!("{codec}-1080p-once.mkv"));
        let (name, path) = match large.exists() {
            true => (format!("{codec} 1080p"), large),
            false => (format!("{codec} small"), here.join("../testdata").join(small)),
        };
        let stream = Bytes::from(std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display())));
        let mut assembler = Assembler::new(Limits::default());
        assembler.push(stream.clone());
        assembler.finish();
        let items = std::iter::from_fn(|| assembler.poll());
        let fragments = items.filter_map(|item| if let Item::Fragment(it) = item { Some(it) } else { None }).collect();
        Input { name, stream, fragments }
    }

    fn read(&self) -> impl Fn(Range<u64>) -> Bytes + Sync + '_ {
        |range| {
            let bound = |at: u64| usize::try_from(at).unwrap_or(usize::MAX);
            self.stream.slice(bound(range.start)..bound(range.end))
        }
    }

    fn sampler(&self, request: Request) -> Sampler {
        let mut sampler = Sampler::new(request);
        self.fragments.iter().for_each(|fragment| sampler.add(fragment));
        sampler
    }

    fn private(&self) -> &CodecPrivate {
        let track = self.fragments[0].head.tracks.video().expect("a track of video");
        track.codec_private.as_ref().expect("private data")
    }

    fn decoders(&self) -> Vec<DecoderKind> {
        DecoderKind::candidates(self.private())
    }

    /// Decodes the first `count` frames of a fragment, all that is referred to and the last of them; gives that picture.
    fn decode(&self, kind: DecoderKind, fragment: usize, count: usize) -> Picture {
        let private = self.private();
        let sets: Vec<&[u8]> = match private {
            CodecPrivate::Avc(record) => record.nal_units().collect(),
            CodecPrivate::Hevc(record) => record.nal_units().collect(),
            _ => Vec::new(),
        };
        let mut decoder = kind.open(&sets).expect("a decoder");
        let frames: Vec<_> = self.fragments[fragment].frames.iter().filter(|frame| frame.track == 1).collect();
        for (id, frame) in (0..).zip(&frames[..count]) {
            let length_size = private.length_size();
            let units: Vec<&[u8]> = fragkit_fragment::codec::nal::units(&frame.payload, length_size)
                .map(|range| &frame.payload[range])
                .collect();
            let last = usize::try_from(id).is_ok_and(|id| id + 1 == count);
            if last || units.iter().any(|unit| is_reference(private, unit)) {
                decoder.push(AccessUnit { id, wanted: last, units: &units }).expect("a sound unit");
            }
        }
        decoder.flush().expect("a sound end");
        decoder.take().expect("a picture").1
    }
}

/// Whether a unit is a slice that other pictures may refer to.
fn is_reference(private: &CodecPrivate, unit: &[u8]) -> bool {
    match private {
        CodecPrivate::Avc(_) => matches!(unit[0] & 0x1f, 1 | 5) && unit[0] & 0x60 != 0,
        _ => {
            let nal_unit_type = (unit[0] >> 1) & 0x3f;
            nal_unit_type < 32 && !(nal_unit_type < 16 && nal_unit_type.is_multiple_of(2))
        }
    }
}

fn inputs() -> [Input; 2] {
    [Input::open("h264", "h264-high-bframes-aac.mkv"), Input::open("h265", "h265-bframes-aac.mkv")]
}

/// A key frame: decoding alone, by each decoder, and the whole way to a JPEG.
fn key_frame(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("images key frame");
    group.sample_size(20).throughput(Throughput::Elements(1));
    for input in inputs() {
        for kind in input.decoders() {
            let id = BenchmarkId::new(format!("decode, {kind:?}"), &input.name);
            group.bench_function(id, |bencher| bencher.iter(|| black_box(input.decode(kind, 1, 1))));
        }
        let start = input.fragments[1].head.producer_timestamp;
        let selector = Selector { from: start, to: start, ..Selector::default() };
        let sampler = input.sampler(Request { selector, pick: Pick::Keyframe, ..Request::default() });
        let read = input.read();
        group.bench_function(BenchmarkId::new("to JPEG", &input.name), |bencher| {
            bencher.iter(|| sampler.plan().expect("a plan").images(&read).for_each(|it| drop(black_box(it))));
        });
    }
    group.finish();
}

/// A frame in the middle of a fragment: the access units that are needed, by the decoder alone; and the whole way to a JPEG.
fn exact(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("images exact");
    group.sample_size(10).throughput(Throughput::Elements(1));
    for input in inputs() {
        let frames: Vec<_> = input.fragments[1].frames.iter().filter(|frame| frame.track == 1).collect();
        let count = frames.len() / 2;
        let kind = input.decoders()[0];
        let id = BenchmarkId::new(format!("decode, {kind:?}"), &input.name);
        group.bench_function(id, |bencher| bencher.iter(|| black_box(input.decode(kind, 1, count))));
        let time = input.fragments[1].head.producer_timestamp.map_or(0, Timestamp::as_millis);
        let at = Some(Timestamp::from_millis(time + frames[count - 1].time.ceil_millis()));
        let selector = Selector { from: at, to: at, include_overlap: true, ..Selector::default() };
        let sampler = input.sampler(Request { selector, ..Request::default() });
        let read = input.read();
        group.bench_function(BenchmarkId::new("to JPEG", &input.name), |bencher| {
            bencher.iter(|| {
                let plan = sampler.plan().expect("a plan");
                plan.images(&read).for_each(|it| assert!(black_box(it).picture.is_ok()));
            });
        });
    }
    group.finish();
}

/// What comes behind decoding, beside a copy of the planes.
fn picture(criterion: &mut Criterion) {
    let [input, _] = inputs();
    let picture = input.decode(input.decoders()[0], 1, 1);
    let track = input.fragments[0].head.tracks.video().expect("a track of video");
    let stream_colour = Colour::of_track(track);
    let mut group = criterion.benchmark_group("images picture");
    group.sample_size(20);
    group.throughput(Throughput::Elements(u64::from(picture.width) * u64::from(picture.height)));
    let jfif = colour::to_jfif(picture.clone(), &stream_colour).expect("planes");
    let rgb = colour::to_rgb(&picture, &stream_colour).expect("pixels");
    let about = About::default();
    let name = &input.name;
    group.bench_function(BenchmarkId::new("copy of the planes", name), |bencher| {
        bencher.iter(|| black_box(picture.clone()))
    });
    group.bench_function(BenchmarkId::new("copy, to JPEG's colour", name), |bencher| {
        bencher.iter(|| colour::to_jfif(black_box(picture.clone()), &stream_colour));
    });
    group.bench_function(BenchmarkId::new("to RGB", name), |bencher| {
        bencher.iter(|| colour::to_rgb(black_box(&picture), &stream_colour));
    });
    group.bench_function(BenchmarkId::new("copy, to a width of 320", name), |bencher| {
        bencher.iter(|| scale::scaled(black_box(picture.clone()), stream_colour, 320, 180, ChromaFormat::Yuv420));
    });
    for quality in [50, 80, 95] {
        group.bench_function(BenchmarkId::new(format!("JPEG {quality}"), name), |bencher| {
            bencher.iter(|| encode::jpeg(black_box(&jfif), quality, &about));
        });
    }
    group.bench_function(BenchmarkId::new("PNG fast", name), |bencher| {
        bencher.iter(|| encode::png(black_box(&rgb), Compression::Fast, &about));
    });
    group.finish();
}

/// Many pictures, on one thread and on two.
fn threads(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("images threads");
    group.sample_size(10);
    for input in inputs() {
        let request =
            Request { interval_ms: 1000, pick: Pick::Keyframe, format: Format::default(), ..Request::default() };
        let sampler = input.sampler(request);
        let plan = sampler.plan().expect("a plan");
        group.throughput(Throughput::Elements(u64::try_from(plan.len()).unwrap_or_default()));
        let read = input.read();
        for threads in [1, 2] {
            group.bench_function(BenchmarkId::new(format!("{threads}"), &input.name), |bencher| {
                bencher.iter(|| {
                    let take = |it: fragkit_image::Sampled<_>| {
                        drop(black_box(it));
                        Ok::<(), std::convert::Infallible>(())
                    };
                    plan.par_images(threads, &read, take)
                });
            });
        }
    }
    group.finish();
}

criterion_group!(benches, key_frame, exact, picture, threads);
criterion_main!(benches);
