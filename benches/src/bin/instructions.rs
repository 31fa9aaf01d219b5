//! Hot loops, to be counted by callgrind: `instructions NAME` runs one, `instructions` tells their names.
//!
//! Inputs are made first, and then [`counted`] does what is to be counted and nothing else: `instructions.py` has callgrind
//! collect within it alone. All runs on one thread, as callgrind's switch for collecting is that of a thread.

// A bench that cannot work says so by panicking.
#![allow(clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::hint::black_box;
use std::io;
use std::process::ExitCode;

use bytes::Bytes;
use fragkit::codec::{CodecPrivate, nal};
use fragkit::image::decoder::{AccessUnit, DecoderKind};
use fragkit::image::encode::{self, About};
use fragkit::image::{ChromaFormat, Colour, Compression, Picture, colour, scale};
use fragkit::mkv::{Event, Limits as ParserLimits, Parser};
use fragkit::{
    Assembler, ClipOptions, Clipper, Fragment, Item, Limits, Source, StreamWriter, StreamingClipper, write_runs,
};
use fragkit_benches::{Kind, chunk_stream};

const BENCHES: &[(&str, fn())] = &[
    ("scan/video", || scan(Kind::Video)),
    ("scan/audio", || scan(Kind::Audio)),
    ("list/video", || assemble(Kind::Video, |source| source.heads().map(drop).count())),
    ("list/audio", || assemble(Kind::Audio, |source| source.heads().map(drop).count())),
    ("list/alaw", || assemble(Kind::Alaw, |source| source.heads().map(drop).count())),
    ("assemble/video", || assemble(Kind::Video, |source| source.items().map(drop).count())),
    ("assemble/audio", || assemble(Kind::Audio, |source| source.items().map(drop).count())),
    ("assemble/audio, places", || {
        assemble(Kind::Audio, |source| source.items_without_audio_payload().map(drop).count())
    }),
    ("check/video", || index(Kind::Video)),
    ("check/audio-51", || index(Kind::AudioSurround)),
    ("check/alaw", || index(Kind::Alaw)),
    ("convert/video-annex-b", || index(Kind::VideoAnnexB)),
    ("convert/audio-adts", || index(Kind::AudioAdts)),
    ("plan/video", || plan(Kind::Video)),
    ("plan/audio-51", || plan(Kind::AudioSurround)),
    ("plan/alaw", || plan(Kind::Alaw)),
    ("write/video", || write(Kind::Video)),
    ("write/video-annex-b", || write(Kind::VideoAnnexB)),
    ("write/audio-51", || write(Kind::AudioSurround)),
    ("write/audio-adts", || write(Kind::AudioAdts)),
    ("write/alaw", || write(Kind::Alaw)),
    ("stream/video", || stream(Kind::Video)),
    ("stream/video-annex-b", || stream(Kind::VideoAnnexB)),
    ("stream/audio-51", || stream(Kind::AudioSurround)),
    ("image/h264 key frame", || decode(H264)),
    ("image/h265 key frame", || decode(H265)),
    ("image/to JPEG's colour", || picture(|it, of| drop(black_box(colour::to_jfif(it.clone(), of))))),
    ("image/to RGB", || picture(|it, of| drop(black_box(colour::to_rgb(it, of))))),
    ("image/half as wide", half),
    ("image/JPEG", jpeg),
    ("image/PNG", png),
];

fn main() -> ExitCode {
    // Work for the pool is done by this thread, so that it is counted.
    let pool = rayon::ThreadPoolBuilder::new().num_threads(1).use_current_thread();
    pool.build_global().expect("there is no pool yet");
    let name = std::env::args().nth(1);
    let Some(name) = name else {
        BENCHES.iter().for_each(|(name, _)| println!("{name}"));
        return ExitCode::SUCCESS;
    };
    let Some((_, bench)) = BENCHES.iter().find(|(known, _)| *known == name) else {
        eprintln!("instructions: there is no bench {name}");
        return ExitCode::from(2);
    };
    bench();
    ExitCode::SUCCESS
}

/// What callgrind collects in. There must be one function of this name: entering another would switch it off again.
#[inline(never)]
fn counted(work: &mut dyn FnMut()) {
    work();
}

/// Does the work, counted; what it gives is dropped by the caller, uncounted.
fn count<T>(work: impl FnOnce() -> T) -> T {
    let (mut work, mut result) = (Some(work), None);
    counted(&mut || result = work.take().map(|work| work()));
    black_box(result).expect("the work was done")
}

/// Enough for some hundred frames of video and for ten thousand of audio.
fn input(kind: Kind) -> Bytes {
    let video = matches!(kind, Kind::Video | Kind::VideoAnnexB | Kind::VideoSparse);
    chunk_stream(kind, if video { 4 << 20 } else { 2 << 20 }).0
}

/// The parser alone.
fn scan(kind: Kind) {
    let stream = input(kind);
    let blocks = count(|| {
        let mut parser = Parser::new(ParserLimits::default());
        parser.push(stream);
        parser.finish();
        let mut blocks = 0;
        while let Some(event) = parser.poll().expect("the stream is sound") {
            blocks += usize::from(matches!(black_box(event), Event::Block(_)));
        }
        blocks
    });
    assert!(blocks > 100);
}

/// Fragments, as much of them as is asked for.
fn assemble(kind: Kind, items: fn(&Source) -> usize) {
    let source = Source::from(input(kind));
    assert!(count(|| items(&source)) > 1);
}

/// As `fragkit clip` reads files.
fn fragments(source: &Source) -> Vec<Fragment> {
    let fragment = |item| match item {
        Item::Fragment(fragment) => fragment,
        Item::Finding(finding) => panic!("{finding}"),
    };
    source.items_without_audio_payload().map(fragment).collect()
}

fn indexed(fragments: &[Fragment]) -> Clipper {
    let mut clipper = Clipper::new(ClipOptions::default());
    clipper.add_all(fragments);
    clipper
}

/// Fragments into the index: each frame is held against its codec, and converted where it has to be.
fn index(kind: Kind) {
    let fragments = fragments(&Source::from(input(kind)));
    count(|| indexed(&fragments)).clips().expect("one clip");
}

/// Index to `moov`.
fn plan(kind: Kind) {
    let clipper = indexed(&fragments(&Source::from(input(kind))));
    assert_eq!(count(|| clipper.clips()).expect("one clip").len(), 1);
}

/// Runs to large calls, as to a file.
fn write(kind: Kind) {
    let source = Source::from(input(kind));
    let clipper = indexed(&fragments(&source));
    let clips = clipper.clips().expect("one clip");
    count(|| write_runs(&source, io::sink(), |writer| clips[0].runs(|run| writer.write(&run))))
        .expect("a sink takes all");
}

/// Pieces of a pipe to a clip.
fn stream(kind: Kind) {
    const PIECE: usize = 512 << 10;
    let stream = input(kind);
    let pieces: Vec<Bytes> =
        (0..stream.len()).step_by(PIECE).map(|at| stream.slice(at..stream.len().min(at + PIECE))).collect();
    let (clipper, writer) = count(|| {
        let mut clipper = StreamingClipper::new(ClipOptions::default());
        let mut writer = StreamWriter::new(io::sink());
        let mut assembler = Assembler::new(Limits::default()).with_audio_in_pieces();
        let mut drain = |assembler: &mut Assembler| {
            while let Some(item) = assembler.poll() {
                let Item::Fragment(fragment) = item else { panic!("the stream is sound") };
                writer.add(&mut clipper, &fragment).expect("a sink takes all");
            }
        };
        for piece in pieces {
            assembler.push(piece);
            drain(&mut assembler);
        }
        assembler.finish();
        drain(&mut assembler);
        (clipper, writer)
    });
    let end = clipper.finish().expect("one clip");
    assert!(end.summary.fragments > 1);
    writer.finish(&end.moov).expect("a sink takes all");
}

const H264: &[u8] = include_bytes!("../../../testdata/h264-main-aac.chunks.mkv");
const H265: &[u8] = include_bytes!("../../../testdata/h265-bframes-aac.chunks.mkv");

/// The first fragment of a stream.
fn first(stream: &'static [u8]) -> Fragment {
    let source = Source::from(Bytes::from_static(stream));
    let fragment = source.items().find_map(|item| if let Item::Fragment(it) = item { Some(it) } else { None });
    fragment.expect("a fragment")
}

/// The key frame that the fragment starts with.
fn key_frame(fragment: &Fragment, count: impl FnOnce(&mut dyn FnMut())) -> Picture {
    let track = fragment.head.tracks.video().expect("a track of video");
    let private = track.codec_private.as_ref().expect("private data");
    let sets: Vec<&[u8]> = match private {
        CodecPrivate::Avc(record) => record.nal_units().collect(),
        CodecPrivate::Hevc(record) => record.nal_units().collect(),
        _ => Vec::new(),
    };
    let frame = fragment.frames.iter().find(|frame| frame.track == track.entry.number).expect("a frame");
    let ranges: Vec<_> = nal::units(&frame.payload, private.length_size()).collect();
    let units: Vec<&[u8]> = ranges.into_iter().map(|range| &frame.payload[range]).collect();
    let mut decoder = DecoderKind::candidates(private)[0].open(&sets).expect("a decoder");
    count(&mut || {
        decoder.push(AccessUnit { id: 0, wanted: true, units: &units }).expect("a sound unit");
        decoder.flush().expect("a sound end");
    });
    decoder.take().expect("a picture").1
}

fn decode(stream: &'static [u8]) {
    key_frame(&first(stream), counted);
}

/// What is done with a picture.
fn picture(work: fn(&Picture, &Colour)) {
    let (picture, colour) = decoded();
    count(|| work(&picture, &colour));
}

fn decoded() -> (Picture, Colour) {
    let fragment = first(H264);
    let colour = Colour::of_track(fragment.head.tracks.video().expect("a track of video"));
    (key_frame(&fragment, |work| work()), colour)
}

fn half() {
    let (picture, colour) = decoded();
    let (width, height) = (picture.width / 2, picture.height / 2);
    count(|| scale::scaled(picture, colour, width, height, ChromaFormat::Yuv420)).expect("a picture");
}

fn jpeg() {
    let (picture, colour) = decoded();
    let planes = colour::to_jfif(picture, &colour).expect("planes");
    count(|| encode::jpeg(&planes, 80, &About::default())).expect("a file");
}

fn png() {
    let (picture, colour) = decoded();
    let pixels = colour::to_rgb(&picture, &colour).expect("pixels");
    count(|| encode::png(&pixels, Compression::Fast, &About::default())).expect("a file");
}
