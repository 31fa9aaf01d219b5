//! Chunk streams to MP4: the plan, and writing to nowhere, to memory and to a file.
//!
//! The peer is the `mp4` crate as a writer. It is handed the samples ready, with their times and durations, and so are we in
//! the groups where it takes part: fragments with their frames, out of which we still have to work those out. It puts `moov`
//! last, as our streaming way does.
//!
//! Files go to the directory in `FRAGKIT_BENCH_DIR`, or else to that for temporary files. Each is a fresh one, removed
//! outside of the time that is measured.

// A benchmark that fails can only stop.
#![allow(clippy::expect_used, clippy::panic, missing_docs)]

use std::convert::Infallible;
use std::hint::black_box;
use std::io::{self, BufWriter, Cursor, Seek, Write};
use std::ops::Range;
use std::path::PathBuf;
use std::time::Duration;

use bytes::Bytes;
use criterion::{
    BatchSize, BenchmarkGroup, Criterion, Throughput, criterion_group, criterion_main, measurement::WallTime,
};
use fragkit::{Source, write_runs};
use fragkit_benches::{Kind, chunk_stream};
use fragkit_clip::{Clipper, Options, StreamingClipper};
use fragkit_fragment::codec::CodecPrivate;
use fragkit_fragment::mkv::TrackType;
use fragkit_fragment::{Assembler, Fragment, Item, Limits, Run};
use mp4::{
    AacConfig, AudioObjectType, AvcConfig, ChannelConfig, MediaConfig, Mp4Config, Mp4Sample, Mp4Writer,
    SampleFreqIndex, TrackConfig,
};

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

fn indexed<'f>(fragments: impl IntoIterator<Item = &'f Fragment>) -> Clipper {
    let mut clipper = Clipper::new(Options::default());
    fragments.into_iter().for_each(|fragment| clipper.add(fragment));
    clipper
}

/// From the stream's bytes to the list of runs; gives the file's size.
fn planned(stream: &Bytes) -> u64 {
    let mut assembler = Assembler::new(Limits::default());
    assembler.push(stream.clone());
    assembler.finish();
    let mut clipper = Clipper::new(Options::default());
    while let Some(item) = assembler.poll() {
        if let Item::Fragment(fragment) = item {
            clipper.add(&fragment);
        }
    }
    sized(&clipper)
}

fn sized(clipper: &Clipper) -> u64 {
    clipper.clips().expect("one clip").first().expect("one clip").size()
}

fn runs<E>(fragments: &[Fragment], each: impl FnMut(Run<'_>) -> Result<(), E>) -> Result<(), E> {
    indexed(fragments).clips().expect("one clip").first().expect("one clip").runs(each)
}

fn to_sink(stream: &Bytes, fragments: &[Fragment]) -> u64 {
    let mut bytes = 0;
    let result: Result<(), Infallible> = runs(fragments, |run| {
        bytes += run.len();
        match run {
            Run::Bytes(made) => _ = black_box(made),
            Run::Small(made) => _ = black_box(made),
            Run::Input(range) => _ = black_box(stream.get(slice(range))),
        }
        Ok(())
    });
    result.unwrap_or_else(|never| match never {});
    bytes
}

fn to_memory(stream: &Bytes, fragments: &[Fragment], out: &mut Vec<u8>) {
    out.clear();
    let result: Result<(), Infallible> = runs(fragments, |run| {
        match run {
            Run::Bytes(bytes) => out.extend_from_slice(bytes),
            Run::Small(small) => out.extend_from_slice(small.as_slice()),
            Run::Input(range) => out.extend_from_slice(stream.get(slice(range)).unwrap_or_default()),
        }
        Ok(())
    });
    result.unwrap_or_else(|never| match never {});
}

fn slice(range: Range<u64>) -> Range<usize> {
    let at = |offset: u64| usize::try_from(offset).unwrap_or(usize::MAX);
    at(range.start)..at(range.end)
}

/// `ftyp mdat moov`, fragment by fragment.
fn streamed(fragments: &[Fragment], out: &mut (impl Write + Seek)) {
    let mut clipper = StreamingClipper::new(Options::default());
    for fragment in fragments {
        clipper.add(fragment, |bytes| out.write_all(bytes)).expect("it can be written");
    }
    let end = clipper.finish().expect("one clip");
    let (offset, head) = end.patch;
    out.write_all(&end.moov).expect("it can be written");
    out.seek(io::SeekFrom::Start(offset)).expect("it can be sought");
    out.write_all(&head).expect("it can be written");
    out.flush().expect("it can be written");
}

/// What the `mp4` crate wants to know.
struct Ready {
    tracks: Vec<TrackConfig>,
    samples: Vec<(u32, Mp4Sample)>,
}

fn ready(fragments: &[Fragment]) -> Ready {
    let first = fragments.first().expect("there are fragments");
    let tracks: Vec<TrackConfig> = first
        .head
        .tracks
        .iter()
        .map(|track| {
            let media_conf = match track.codec_private.as_ref().expect("the private data is sound") {
                CodecPrivate::Avc(record) => MediaConfig::AvcConfig(AvcConfig {
                    width: 240,
                    height: 180,
                    seq_param_set: record.sequence_parameter_sets.first().expect("a set").to_vec(),
                    pic_param_set: record.picture_parameter_sets.first().expect("a set").to_vec(),
                }),
                _ => MediaConfig::AacConfig(AacConfig {
                    bitrate: 64_000,
                    profile: AudioObjectType::AacLowComplexity,
                    freq_index: SampleFreqIndex::Freq48000,
                    chan_conf: if first.head.tracks.len() == 1 {
                        ChannelConfig::FiveOne
                    } else {
                        ChannelConfig::Stereo
                    },
                }),
            };
            TrackConfig { timescale: 1000, ..TrackConfig::from(media_conf) }
        })
        .collect();
    let start = first.head.producer_timestamp.expect("a time").as_millis();
    let mut samples = Vec::new();
    // Where the last sample of each track is, for its duration.
    let mut last = [None::<usize>; 2];
    for fragment in fragments {
        let shift = fragment.head.producer_timestamp.expect("a time").as_millis() - start;
        for frame in &fragment.frames {
            let start_time = (shift + frame.time.round_millis()).unsigned_abs();
            let number = usize::try_from(frame.track).expect("one of two");
            let previous = last.get_mut(number - 1).expect("one of two").replace(samples.len());
            if let Some((_, sample)) = previous.and_then(|at| samples.get_mut(at)) {
                let sample: &mut Mp4Sample = sample;
                sample.duration = u32::try_from(start_time - sample.start_time).expect("a short time");
            }
            let bytes = frame.payload.clone();
            let sample = Mp4Sample { start_time, duration: 33, rendering_offset: 0, is_sync: frame.keyframe, bytes };
            samples.push((u32::try_from(frame.track).expect("one of two"), sample));
        }
    }
    Ready { tracks, samples }
}

fn by_mp4(ready: &Ready, out: impl Write + Seek) {
    let brand = |text: &str| text.parse().expect("four letters");
    let config = Mp4Config {
        major_brand: brand("isom"),
        minor_version: 512,
        compatible_brands: ["isom", "iso2", "avc1", "mp41"].map(brand).to_vec(),
        timescale: 1000,
    };
    let mut writer = Mp4Writer::write_start(out, &config).expect("it can be written");
    for track in &ready.tracks {
        writer.add_track(track).expect("it can be written");
    }
    for (track, sample) in &ready.samples {
        writer.write_sample(*track, sample).expect("it can be written");
    }
    writer.write_end().expect("it can be written");
    writer.into_writer().flush().expect("it can be written");
}

fn clip(c: &mut Criterion) {
    for (name, kind, bytes) in [("video", Kind::Video, 64 << 20), ("audio", Kind::Audio, 16 << 20)] {
        let (stream, count) = chunk_stream(kind, bytes);
        let bytes = u64::try_from(stream.len()).unwrap_or(u64::MAX);
        let throughput = Throughput::ElementsAndBytes { elements: count, bytes };
        let fragments = fragments(&stream);
        let first = || fragments.iter().take(1);
        assert!(first().all(|fragment| {
            fragment
                .head
                .tracks
                .first()
                .is_some_and(|track| (track.entry.track_type == TrackType::Video) == (kind == Kind::Video))
        }));

        let mut group = c.benchmark_group(format!("clip plan/{name}"));
        group.throughput(throughput.clone());
        group.bench_function("stream to runs", |b| b.iter(|| planned(&stream)));
        group.bench_function("index", |b| b.iter(|| indexed(&fragments)));
        let clipper = indexed(&fragments);
        assert_eq!(sized(&clipper), to_sink(&stream, &fragments));
        group.bench_function("moov", |b| b.iter(|| sized(black_box(&clipper))));
        group.finish();

        let ready = ready(&fragments);
        let mut group = c.benchmark_group(format!("clip write/{name}"));
        group.throughput(throughput);
        group.bench_function("to nowhere", |b| b.iter(|| to_sink(&stream, &fragments)));
        let mut out = Vec::with_capacity(stream.len() + stream.len() / 4);
        group.bench_function("to memory", |b| b.iter(|| to_memory(&stream, &fragments, &mut out)));
        group.bench_function("to memory, streaming", |b| {
            b.iter(|| streamed(&fragments, &mut Cursor::new(&mut out)));
        });
        group.bench_function("to memory, mp4 crate", |b| b.iter(|| by_mp4(&ready, Cursor::new(&mut out))));
        group.bench_function("to memory, memcpy of the stream", |b| {
            b.iter(|| {
                out.clear();
                out.extend_from_slice(black_box(&stream));
            });
        });
        to_files(&mut group, &stream, &fragments, &ready);
        group.finish();
    }
}

fn to_files(group: &mut BenchmarkGroup<'_, WallTime>, stream: &Bytes, fragments: &[Fragment], ready: &Ready) {
    let folder = std::env::var_os("FRAGKIT_BENCH_DIR").map_or_else(std::env::temp_dir, PathBuf::from);
    let source = Source::from(stream.clone());
    let file = || tempfile::tempfile_in(&folder).expect("a temporary file can be made");
    let mut each = |name: &str, write: &mut dyn FnMut(&mut std::fs::File)| {
        group.bench_function(name, |b| {
            let written = |mut file| {
                write(&mut file);
                file
            };
            // What is given back is dropped, and with it the file, outside of the time that is measured.
            b.iter_batched(file, written, BatchSize::PerIteration);
        });
    };
    each("to a file", &mut |file| {
        write_runs(&source, file, |writer| runs(fragments, |run| writer.write(&run))).expect("it can be written");
    });
    each("to a file, streaming", &mut |file| streamed(fragments, &mut BufWriter::with_capacity(256 << 10, file)));
    each("to a file, mp4 crate", &mut |file| by_mp4(ready, BufWriter::with_capacity(256 << 10, file)));
    each("to a file, write of the stream", &mut |file| file.write_all(stream).expect("it can be written"));
}

criterion_group! {
    name = benches;
    config = Criterion::default()
        .sample_size(20)
        .warm_up_time(Duration::from_secs(1))
        .measurement_time(Duration::from_secs(3));
    targets = clip
}
criterion_main!(benches);
