//! MP4 and MOV files as input, held against what ffmpeg makes and ffprobe reads.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::as_conversions,
    reason = "tests speak by panicking"
)]

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use bytes::Bytes;
use fragkit::mp4::read::{Limits, Movie};
use fragkit::{
    ChunkOptions, Chunker, ClipOptions, Clipper, Completeness, Finding, Fragment, Item, Nanos, Pipe, Severity, Source,
};
use serde_json::Value;
use shiguredo_mp4::demux::{DemuxError, Fmp4FileDemuxer, Input, Mp4FileDemuxer, Sample};
use tempfile::{NamedTempFile, TempDir};

/// 2024-05-01T12:00:00Z, which the files made here begin at.
const CREATED: &str = "2024-05-01T12:00:00Z";
const CREATED_NS: i64 = 1_714_564_800_000_000_000;

/// Whether ffmpeg and ffprobe are there. Without them a test says so and passes, unless `FRAGKIT_REQUIRE_STRANGERS` is set.
fn available() -> bool {
    let missing =
        ["ffmpeg", "ffprobe"].into_iter().find(|program| Command::new(program).arg("-version").output().is_err());
    if let Some(program) = missing {
        assert!(std::env::var_os("FRAGKIT_REQUIRE_STRANGERS").is_none(), "{program} is missing");
        println!("skipped: {program} is missing");
    }
    missing.is_none()
}

fn testdata(name: &str) -> PathBuf {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../testdata")).join(name)
}

fn run(command: &mut Command) -> Output {
    let output = command.output().unwrap();
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    output
}

/// What ffmpeg makes of a file of `testdata`, or of its own source where there is none.
fn made(source: &str, arguments: &str, suffix: &str) -> NamedTempFile {
    let file = NamedTempFile::with_suffix(suffix).unwrap();
    let mut command = Command::new("ffmpeg");
    command.args(["-nostdin", "-v", "error", "-y"]);
    if !source.is_empty() {
        command.arg("-i").arg(testdata(source));
    }
    command.args(arguments.split_whitespace()).args(["-metadata", &format!("creation_time={CREATED}")]);
    run(command.arg(file.path()));
    file
}

fn split(items: impl Iterator<Item = Item>) -> (Vec<Fragment>, Vec<Finding>) {
    let (mut fragments, mut findings) = (Vec::new(), Vec::new());
    for item in items {
        match item {
            Item::Fragment(fragment) => fragments.push(fragment),
            Item::Finding(finding) => findings.push(finding),
        }
    }
    (fragments, findings)
}

/// The fragments of a file with nothing to be told of.
fn fragments(path: &Path) -> Vec<Fragment> {
    let source = Source::open([path]).unwrap();
    let (fragments, findings) = split(source.items());
    assert_eq!(findings, [], "{}", path.display());
    let heads: Vec<_> = split(source.heads()).0;
    assert_eq!(heads.len(), fragments.len());
    for (head, fragment) in heads.iter().zip(&fragments) {
        assert!(head.frames.is_empty());
        assert_eq!(head.head.frame_counts, fragment.head.frame_counts);
        assert_eq!((head.head.span, head.head.size), (fragment.head.span, fragment.head.size));
    }
    fragments
}

/// A frame: when it is presented since the start of the file, whether it is a key frame, its size, and the CRC-32 of its bytes.
type Packet = (i64, bool, usize, u32);

/// CRC-32 of IEEE 802.3, bit by bit.
fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(u32::MAX, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| if crc & 1 == 1 { crc >> 1 ^ 0xEDB8_8320 } else { crc >> 1 })
    })
}

/// The frames of a track as they are stored.
fn packets(fragments: &[Fragment], track: u64) -> Vec<Packet> {
    let start = |fragment: &Fragment| fragment.head.producer_timestamp.unwrap().nanos();
    let frames =
        fragments.iter().flat_map(|fragment| fragment.frames.iter().map(move |frame| (start(fragment), frame)));
    let of_track = frames.filter(|(_, frame)| frame.track == track);
    of_track
        .map(|(start, frame)| {
            let time = (start + frame.time).0 - CREATED_NS;
            (time, frame.keyframe, frame.payload.len(), crc32(&frame.payload))
        })
        .collect()
}

/// The packets of a stream as ffprobe tells them.
fn probed(path: &Path, stream: usize) -> Vec<Packet> {
    let output = run(Command::new("ffprobe")
        .args(["-v", "error", "-of", "json", "-show_packets", "-show_streams", "-show_data_hash", "CRC32"])
        .arg(path));
    let read: Value = serde_json::from_slice(&output.stdout).unwrap();
    let base = read["streams"][stream]["time_base"].as_str().unwrap();
    let (num, den) = base.split_once('/').unwrap();
    let (num, den): (i128, i128) = (num.parse().unwrap(), den.parse().unwrap());
    let packets = read["packets"].as_array().unwrap().iter().filter(|packet| packet["stream_index"] == stream);
    packets
        .map(|packet| {
            let pts = i128::from(packet["pts"].as_i64().unwrap());
            let nanos = i64::try_from((pts * num * 1_000_000_000 + den / 2).div_euclid(den)).unwrap();
            let hash = packet["data_hash"].as_str().unwrap().strip_prefix("CRC32:").unwrap();
            let keyframe = packet["flags"].as_str().unwrap().starts_with('K');
            let size = packet["size"].as_str().unwrap().parse().unwrap();
            (nanos, keyframe, size, u32::from_str_radix(hash, 16).unwrap())
        })
        .collect()
}

/// Each track has the packets that ffprobe tells, and fragments begin where they should.
fn agrees_with_ffprobe(path: &Path, tracks: usize) -> Vec<Fragment> {
    let fragments = fragments(path);
    for stream in 0..tracks {
        let (ours, theirs) = (packets(&fragments, stream as u64 + 1), probed(path, stream));
        assert!(!theirs.is_empty());
        if let Some(at) = ours.iter().zip(&theirs).position(|(ours, theirs)| ours != theirs) {
            panic!("{}: track {stream}, frame {at}: {:?} and not {:?}", path.display(), ours[at], theirs[at]);
        }
        assert_eq!(ours.len(), theirs.len(), "{}: track {stream}", path.display());
    }
    for (fragment, number) in fragments.iter().zip(1_u64..) {
        let head = &fragment.head;
        assert!(head.plain && head.completeness == Completeness::Untrailed);
        assert_eq!(head.number.as_ref().unwrap().to_string(), number.to_string());
        assert_eq!(head.tracks.len(), tracks);
        let Some(video) = head.tracks.video() else {
            assert!(head.length_ms() < 2000);
            continue;
        };
        let pictures = || fragment.frames.iter().filter(|frame| frame.track == video.entry.number);
        assert_eq!(pictures().filter(|frame| frame.keyframe).count(), 1, "one key frame each");
        let first = pictures().next().unwrap();
        assert!(first.keyframe && first.time >= Nanos::ZERO && first.time < Nanos::from_millis(200));
    }
    fragments
}

const WAYS: [(&str, &str); 7] = [
    ("-c copy", ".mp4"),
    ("-c copy -movflags +faststart", ".mp4"),
    ("-c copy -movflags frag_keyframe+empty_moov", ".mp4"),
    ("-c copy -movflags frag_keyframe+empty_moov+default_base_moof", ".mp4"),
    ("-c copy -movflags frag_keyframe", ".mp4"),
    ("-c copy -movflags dash+global_sidx+frag_every_frame", ".mp4"),
    ("-c copy", ".mov"),
];

#[test]
fn frames_are_those_that_ffprobe_tells_however_ffmpeg_wrote_the_file() {
    if !available() {
        return;
    }
    for source in ["h264-high-bframes-aac.mkv", "h265-bframes-aac.mkv", "h264-main-aac.mkv", "h264-high-opengop.mkv"] {
        for (arguments, suffix) in WAYS {
            let tracks = if source.contains("aac") { 2 } else { 1 };
            let file = made(source, arguments, suffix);
            let fragments = agrees_with_ffprobe(file.path(), tracks);
            assert!(fragments.len() > 1, "{source} {arguments}");
        }
    }
}

#[test]
fn sound_alone_is_cut_every_two_seconds() {
    if !available() {
        return;
    }
    for (source, suffix) in
        [("aac-stereo.mkv", ".m4a"), ("aac-lc-51.mkv", ".mp4"), ("alaw.mkv", ".mov"), ("ulaw.mkv", ".mov")]
    {
        let file = made(source, "-c copy", suffix);
        let fragments = agrees_with_ffprobe(file.path(), 1);
        let starts: Vec<i64> =
            fragments.iter().map(|fragment| fragment.head.producer_timestamp.unwrap().as_millis()).collect();
        assert!(
            starts.len() > 1 && starts.windows(2).all(|pair| (2000..2130).contains(&(pair[1] - pair[0]))),
            "{starts:?}"
        );
    }
}

#[test]
fn aac_that_is_primed_begins_before_the_presentation_does() {
    if !available() {
        return;
    }
    let tone = "-f lavfi -i testsrc=size=64x64:rate=10 -f lavfi -i sine=frequency=400:sample_rate=48000 -t 5";
    let file = made("", &format!("{tone} -c:v libx264 -bf 2 -g 20 -c:a aac"), ".mp4");
    let fragments = agrees_with_ffprobe(file.path(), 2);
    let sound = packets(&fragments, 2);
    assert_eq!(sound[0].0, -21_333_333);
    assert_eq!(sound[1].0, 0);
    // The fragment begins with the presentation all the same.
    assert_eq!(fragments[0].head.producer_timestamp.unwrap().nanos().0, CREATED_NS);
}

#[test]
fn edit_lists_that_trim_are_applied() {
    if !available() {
        return;
    }
    // Copied from the middle of a group of pictures, what is needed to decode the first stays in the file.
    let whole = made("h264-high-bframes-aac.mkv", "-c copy", ".mp4");
    let trimmed = NamedTempFile::with_suffix(".mp4").unwrap();
    run(Command::new("ffmpeg")
        .args(["-nostdin", "-v", "error", "-y", "-ss", "1.5", "-i"])
        .arg(whole.path())
        .args(["-c", "copy", "-metadata", &format!("creation_time={CREATED}")])
        .arg(trimmed.path()));
    let fragments = fragments(trimmed.path());
    let (ours, theirs) = (packets(&fragments, 1), probed(trimmed.path(), 0));
    // The edit begins between two pictures. ffmpeg lets the presentation begin with the second of them, and moves all pictures ahead
    // by what lies between; here they stay where the edit puts them (8.6.6), and so stay with the sound.
    let moved = ours[0].0 - theirs[0].0;
    assert!(ours[0].0 < 0 && (0..40_000_000).contains(&moved), "{:?} {:?}", ours[0], theirs[0]);
    let theirs: Vec<Packet> = theirs.into_iter().map(|(time, key, size, crc)| (time + moved, key, size, crc)).collect();
    assert_eq!(ours, theirs);
}

#[test]
fn segments_may_be_files_behind_that_with_the_tracks() {
    if !available() {
        return;
    }
    let folder = TempDir::new().unwrap();
    let playlist = folder.path().join("list.m3u8");
    run(Command::new("ffmpeg")
        .args(["-nostdin", "-v", "error", "-y", "-i"])
        .arg(testdata("h264-main-aac.mkv"))
        .args(["-c", "copy", "-f", "hls", "-hls_time", "1", "-hls_list_size", "0", "-hls_segment_type", "fmp4"])
        .arg(&playlist));
    let text = std::fs::read_to_string(&playlist).unwrap();
    let names = text.lines().filter(|line| !line.starts_with('#'));
    let files: Vec<PathBuf> = std::iter::once("init.mp4").chain(names).map(|name| folder.path().join(name)).collect();
    assert!(files.len() > 2);
    let apart = Source::open(&files).unwrap();
    let (apart, findings) = split(apart.items());
    assert_eq!(findings, []);
    let joined: Vec<u8> = files.iter().flat_map(|file| std::fs::read(file).unwrap()).collect();
    let (joined, findings) = split(Source::from(Bytes::from(joined)).items());
    assert_eq!(findings, []);
    let told = |fragments: &[Fragment]| -> Vec<_> {
        let frames = |fragment: &Fragment| fragment.frames.clone();
        fragments
            .iter()
            .map(|fragment| (fragment.head.number.clone(), fragment.head.producer_timestamp, frames(fragment)))
            .collect()
    };
    assert_eq!(told(&apart), told(&joined));
    let plain = fragments(&testdata("h264-main-aac.mkv"));
    assert_eq!(
        apart.iter().map(|fragment| fragment.frames.len()).sum::<usize>(),
        plain.iter().map(|fragment| fragment.frames.len()).sum::<usize>()
    );
}

/// The chunk stream that is made of what a source has.
fn chunks(source: &Source) -> Bytes {
    let mut stream = Vec::new();
    let options = ChunkOptions { fragment_length: Nanos::ZERO, ..ChunkOptions::default() };
    let mut chunker = Chunker::new(options, &mut stream);
    let (fragments, findings) = split(source.items());
    assert_eq!(findings, []);
    fragments.iter().for_each(|fragment| chunker.add(fragment).unwrap());
    chunker.finish().unwrap();
    stream.into()
}

fn clip(source: &Source) -> Bytes {
    let mut clipper = Clipper::new(ClipOptions::default());
    for fragment in split(source.items_without_audio_payload()).0 {
        clipper.add(&fragment);
    }
    let clips = clipper.clips().unwrap();
    let mut written = Vec::new();
    fragkit::write_runs(source, &mut written, |writer| clips[0].runs(|run| writer.write(&run))).unwrap();
    written.into()
}

/// Track, time since the first fragment in milliseconds, key flag and bytes of each frame, by track.
fn told(stream: &Bytes) -> Vec<(u64, i64, bool, Bytes)> {
    let (fragments, findings) = split(Source::from(stream.clone()).items());
    assert_eq!(findings, []);
    let origin = fragments[0].head.producer_timestamp.unwrap().nanos();
    let mut frames = Vec::new();
    for fragment in &fragments {
        let start = fragment.head.producer_timestamp.unwrap().nanos() - origin;
        frames.extend(
            fragment
                .frames
                .iter()
                .map(|frame| (frame.track, (start + frame.time).round_millis(), frame.keyframe, frame.payload.clone())),
        );
    }
    frames.sort_by_key(|frame| frame.0);
    frames
}

#[test]
fn chunks_that_went_through_a_clip_have_the_same_frames_and_times() {
    for name in ["h264-high-bframes-aac", "h265-bframes-aac", "h264-vfr", "aac-stereo", "two-audio"] {
        let once = chunks(&Source::open([testdata(&format!("{name}.mkv"))]).unwrap());
        let clip = clip(&Source::from(once.clone()));
        let twice = chunks(&Source::from(clip));
        let (once, twice) = (told(&once), told(&twice));
        let first = |frames: &[(u64, i64, bool, Bytes)]| frames.iter().map(|frame| frame.1).min().unwrap();
        assert!(once.len() > 10 && once.len() == twice.len(), "{name}: {} and {}", once.len(), twice.len());
        let (start, again) = (first(&once), first(&twice));
        for (a, b) in once.iter().zip(&twice) {
            assert_eq!((a.0, a.2, &a.3), (b.0, b.2, &b.3), "{name}");
            // Clips keep sound to its samples, within a millisecond of the source.
            let is_sound = name == "aac-stereo" || a.0 > 1;
            let apart = ((a.1 - start) - (b.1 - again)).abs();
            assert!(apart <= i64::from(is_sound), "{name}: {} ms and {} ms", a.1 - start, b.1 - again);
        }
    }
}

#[test]
fn g711_that_went_through_a_clip_has_the_same_samples_at_the_same_times() {
    for name in ["h264-alaw", "h264-ulaw", "alaw", "ulaw"] {
        let once = chunks(&Source::open([testdata(&format!("{name}.mkv"))]).unwrap());
        let twice = chunks(&Source::from(clip(&Source::from(once.clone()))));
        let sound = |stream: &Bytes| -> (Vec<u8>, Vec<(usize, i64)>) {
            let (mut samples, mut times) = (Vec::new(), Vec::new());
            let frames = told(stream);
            let (track, start) = (frames.last().unwrap().0, frames.iter().map(|frame| frame.1).min().unwrap());
            for (_, time, keyframe, payload) in frames.iter().filter(|frame| frame.0 == track) {
                assert!(keyframe);
                times.push((samples.len(), time - start));
                samples.extend_from_slice(payload);
            }
            (samples, times)
        };
        let ((once, _), (twice, times)) = (sound(&once), sound(&twice));
        assert_eq!(once, twice, "{name}");
        for (at, time) in times {
            // 8 samples a millisecond, from the first on.
            assert!((time - at as i64 / 8).abs() <= 1, "{name}: sample {at} at {time} ms");
        }
    }
}

#[test]
fn a_clip_of_a_movie_is_decoded_to_the_same_pictures_and_sound() {
    if !available() {
        return;
    }
    for (source, arguments, suffix) in [
        ("h264-high-bframes-aac.mkv", "-c copy", ".mp4"),
        ("h265-bframes-aac.mkv", "-c copy -tag:v hvc1 -movflags frag_keyframe+empty_moov", ".mp4"),
        ("h264-alaw.mkv", "-c copy", ".mov"),
        // Parameter sets stand in the samples as well.
        ("h265-inband.mkv", "-c copy -tag:v hev1", ".mp4"),
        ("h264-slices-inband.mkv", "-c copy -tag:v avc3", ".mp4"),
    ] {
        let file = made(source, arguments, suffix);
        let written = NamedTempFile::with_suffix(".mp4").unwrap();
        std::fs::write(written.path(), clip(&Source::open([file.path()]).unwrap())).unwrap();
        let decoded = |path: &Path, stream: &str| {
            let output = run(Command::new("ffmpeg").args(["-nostdin", "-v", "error", "-i"]).arg(path).args([
                "-map",
                stream,
                "-fps_mode",
                "passthrough",
                "-f",
                "md5",
                "-",
            ]));
            String::from_utf8(output.stdout).unwrap()
        };
        for stream in ["0:v", "0:a"] {
            if stream == "0:a" && source.contains("inband") {
                continue;
            }
            assert_eq!(decoded(file.path(), stream), decoded(written.path(), stream), "{source} {arguments} {stream}");
        }
    }
}

#[test]
fn shape_colour_and_turning_are_told() {
    if !available() {
        return;
    }
    let colour = made("h264-colour-sar.mkv", "-c copy -movflags +write_colr", ".mp4");
    let (ours, matroska) = (fragments(colour.path()), fragments(&testdata("h264-colour-sar.mkv")));
    let video = |fragments: &[Fragment]| fragments[0].head.tracks.video().unwrap().entry.video.clone().unwrap();
    let (ours, matroska) = (video(&ours), video(&matroska));
    assert_eq!((ours.pixel_width, ours.pixel_height), (matroska.pixel_width, matroska.pixel_height));
    let aspect =
        |video: &fragkit::mkv::Video| video.display_width.unwrap() as f64 / video.display_height.unwrap() as f64;
    assert!((aspect(&ours) / aspect(&matroska) - 1.0).abs() < 0.01, "{ours:?} {matroska:?}");
    assert_ne!(ours.display_width, Some(ours.pixel_width));
    let points = |colour: Option<fragkit::mkv::Colour>| {
        let colour = colour.unwrap();
        (colour.primaries, colour.transfer_characteristics, colour.matrix_coefficients)
    };
    assert_eq!(points(ours.colour), points(matroska.colour));

    // ffmpeg counts against the clock.
    let plain = made("h264-baseline.mkv", "-c copy", ".mp4");
    let turned = NamedTempFile::with_suffix(".mp4").unwrap();
    run(Command::new("ffmpeg")
        .args(["-nostdin", "-v", "error", "-y", "-i"])
        .arg(plain.path())
        .args(["-c", "copy", "-metadata:s:v:0", "rotate=90"])
        .arg(turned.path()));
    let (turned, findings) = split(Source::open([turned.path()]).unwrap().items());
    assert!(!turned.is_empty());
    assert_eq!(findings.len(), 1, "{findings:?}");
    assert!(findings[0].message.contains("turned by 270 degrees") && findings[0].severity == Severity::Warning);
}

#[test]
fn a_movie_that_is_cut_costs_what_is_not_there() {
    if !available() {
        return;
    }
    for (arguments, is_fragmented) in
        [("-c copy -movflags +faststart", false), ("-c copy -movflags frag_keyframe+empty_moov", true)]
    {
        let file = made("h264-main-aac.mkv", arguments, ".mp4");
        let whole = fragments(file.path());
        let bytes = Bytes::from(std::fs::read(file.path()).unwrap());
        let cut = bytes.slice(..bytes.len() * 2 / 3);
        let (left, findings) = split(Source::from(cut.clone()).items());
        assert!(
            !findings.is_empty() && findings.iter().all(|finding| finding.severity == Severity::Error),
            "{findings:?}"
        );
        assert!(findings[0].message.contains("outside the file"), "{findings:?}");
        assert!(left.len() < whole.len() && left.len() > 1);
        let whole_ones: Vec<&Fragment> = left.iter().filter(|fragment| fragment.head.is_whole()).collect();
        assert!(whole_ones.len() >= left.len() - 1, "{is_fragmented}: at most the last is cut");
        for (ours, theirs) in whole_ones.iter().zip(&whole) {
            assert_eq!(ours.frames, theirs.frames);
        }
    }
    // Without its index nothing can be read, and that is told of.
    let file = made("h264-main-aac.mkv", "-c copy", ".mp4");
    let bytes = Bytes::from(std::fs::read(file.path()).unwrap());
    let (left, findings) = split(Source::from(bytes.slice(..bytes.len() / 2)).items());
    assert!(left.is_empty());
    assert!(findings.len() == 1 && findings[0].message.contains("no moov box"), "{findings:?}");
}

#[test]
fn movies_and_matroska_may_stand_behind_each_other() {
    if !available() {
        return;
    }
    let folder = TempDir::new().unwrap();
    let movie = |name: &str| {
        let path = folder.path().join(name);
        run(Command::new("ffmpeg")
            .args(["-nostdin", "-v", "error", "-y", "-i"])
            .arg(testdata("h264-baseline.mkv"))
            .args(["-c", "copy"])
            .arg(&path));
    };
    movie("a.mp4");
    std::fs::copy(testdata("h264-baseline.mkv"), folder.path().join("b.mkv")).unwrap();
    std::fs::copy(testdata("h264-main-aac.chunks.mkv"), folder.path().join("c.mkv")).unwrap();
    movie("d.MOV");
    let source = Source::open(["a.mp4", "b.mkv", "c.mkv", "d.MOV"].map(|name| folder.path().join(name))).unwrap();
    let (all, findings) = split(source.items());
    assert_eq!(findings, []);
    let plain: Vec<&Fragment> = all.iter().filter(|fragment| fragment.head.plain).collect();
    let numbers: Vec<String> =
        plain.iter().map(|fragment| fragment.head.number.as_ref().unwrap().to_string()).collect();
    assert_eq!(numbers, (1..=plain.len()).map(|number| number.to_string()).collect::<Vec<_>>());
    // None says when it was made: each begins where the one before ended.
    let starts: Vec<i64> = plain.iter().map(|fragment| fragment.head.producer_timestamp.unwrap().as_millis()).collect();
    assert!(starts.is_sorted_by(|a, b| a < b), "{starts:?}");
    for fragment in &all {
        for frame in &fragment.frames {
            let range = frame.offset..frame.offset + frame.payload.len() as u64;
            assert_eq!(source.bytes(range), frame.payload, "frames lie where they say");
        }
    }
    // Of a folder they are taken where they are alone.
    let files = |folder: &TempDir| -> Vec<_> {
        let files = fragkit::files(folder.path()).unwrap();
        files.iter().map(|file| file.file_name().unwrap().to_str().unwrap().to_owned()).collect()
    };
    assert_eq!(files(&folder), ["b.mkv", "c.mkv"]);
    std::fs::write(folder.path().join("notes.txt"), "no media").unwrap();
    std::fs::remove_file(folder.path().join("b.mkv")).unwrap();
    std::fs::remove_file(folder.path().join("c.mkv")).unwrap();
    assert_eq!(files(&folder), ["a.mp4", "d.MOV"]);
}

/// Track, decode time, offset, size, composition offset and key flag of a sample, in the track's own timescale without edits.
type Stored = (u32, u64, u64, usize, i64, bool);

/// What our reader makes of a file: the shift that an edit list gives is taken back.
fn read_by_us(bytes: &Bytes) -> Vec<Stored> {
    let movie = Movie::read(bytes.clone(), &Limits::default()).unwrap();
    assert_eq!(movie.remarks, []);
    let mut samples = movie.samples();
    let all: Vec<_> = samples.by_ref().collect();
    assert_eq!(samples.take_remarks(), []);
    let first = |track| all.iter().find(|sample| sample.track == track).map_or(0, |sample| sample.decode);
    let mut read: Vec<Stored> = all
        .iter()
        .map(|sample| {
            let decode = u64::try_from(sample.decode - first(sample.track)).unwrap();
            let composition_offset = sample.present - sample.decode;
            let id = movie.tracks[sample.track].track_id;
            (id, decode, sample.offset, sample.size as usize, composition_offset, sample.sync)
        })
        .collect();
    read.sort_unstable();
    read
}

fn read_by_shiguredo(bytes: &[u8], is_fragmented: bool) -> Vec<Stored> {
    let input = Input { position: 0, data: bytes };
    let mut read: Vec<Stored> = Vec::new();
    let mut take = |sample: shiguredo_mp4::demux::Sample<'_>| {
        let composition_offset = sample.composition_time_offset.unwrap_or(0);
        let Sample { track, timestamp, data_offset, data_size, keyframe, .. } = sample;
        read.push((track.track_id, timestamp, data_offset, data_size, composition_offset, keyframe));
    };
    if is_fragmented {
        let mut demuxer = Fmp4FileDemuxer::new();
        while let Some(required) = demuxer.required_input() {
            let start = usize::try_from(required.position).unwrap().min(bytes.len());
            let end = required.size.map_or(bytes.len(), |size| (start + size).min(bytes.len()));
            demuxer.handle_input(Input { position: required.position, data: &bytes[start..end] });
        }
        loop {
            match demuxer.next_sample() {
                Ok(Some(sample)) => take(sample),
                Ok(None) => break,
                Err(DemuxError::InputRequired(required)) => {
                    let start = usize::try_from(required.position).unwrap().min(bytes.len());
                    let end = required.size.map_or(bytes.len(), |size| (start + size).min(bytes.len()));
                    demuxer.handle_input(Input { position: required.position, data: &bytes[start..end] });
                }
                Err(error) => panic!("{error}"),
            }
        }
    } else {
        let mut demuxer = Mp4FileDemuxer::new();
        demuxer.handle_input(input);
        while let Some(sample) = demuxer.next_sample().unwrap() {
            take(sample);
        }
    }
    // Decode times from the first sample of each track on.
    let first = |id: u32| read.iter().filter(|sample| sample.0 == id).map(|sample| sample.1).min().unwrap();
    let firsts: std::collections::BTreeMap<u32, u64> = read.iter().map(|sample| (sample.0, first(sample.0))).collect();
    read.iter_mut().for_each(|sample| sample.1 -= firsts[&sample.0]);
    read.sort_unstable();
    read
}

/// By the boxes that mp4-atom decodes; the sums are made here.
fn read_by_mp4_atom(bytes: &[u8]) -> Vec<Stored> {
    use mp4_atom::{Any, ReadFrom};

    let mut rest = std::io::Cursor::new(bytes);
    let mut read: Vec<Stored> = Vec::new();
    let mut defaults = std::collections::BTreeMap::new();
    let mut start = 0;
    while let Ok(Some(any)) = Option::<Any>::read_from(&mut rest) {
        match any {
            Any::Moov(moov) => {
                for trex in moov.mvex.iter().flat_map(|mvex| &mvex.trex) {
                    defaults.insert(trex.track_id, trex.clone());
                }
                moov.trak.iter().for_each(|trak| tables(trak, &mut read));
            }
            Any::Moof(moof) => {
                for traf in &moof.traf {
                    let (tfhd, of_track) = (&traf.tfhd, &defaults[&traf.tfhd.track_id]);
                    let duration = tfhd.default_sample_duration.unwrap_or(of_track.default_sample_duration);
                    let size = tfhd.default_sample_size.unwrap_or(of_track.default_sample_size);
                    let flags = tfhd.default_sample_flags.unwrap_or(of_track.default_sample_flags);
                    let mut decode = traf.tfdt.as_ref().unwrap().base_media_decode_time;
                    let base = tfhd.base_data_offset.unwrap_or(start);
                    let mut offset = base;
                    for trun in &traf.trun {
                        offset = trun.data_offset.map_or(offset, |more| base.saturating_add_signed(more.into()));
                        for entry in trun.samples.iter() {
                            let size = entry.size.unwrap_or(size);
                            let sync = entry.flags.unwrap_or(flags) & 0x1_0000 == 0;
                            let composition_offset = entry.cts.unwrap_or(0);
                            read.push((tfhd.track_id, decode, offset, size as usize, composition_offset, sync));
                            offset += u64::from(size);
                            decode += u64::from(entry.duration.unwrap_or(duration));
                        }
                    }
                }
            }
            _ => {}
        }
        start = rest.position();
    }
    let mut firsts = std::collections::BTreeMap::new();
    for sample in &read {
        let first = firsts.entry(sample.0).or_insert(sample.1);
        *first = sample.1.min(*first);
    }
    read.iter_mut().for_each(|sample| sample.1 -= firsts[&sample.0]);
    read.sort_unstable();
    read
}

fn tables(trak: &mp4_atom::Trak, read: &mut Vec<Stored>) {
    let stbl = &trak.mdia.minf.stbl;
    let mut durations =
        stbl.stts.entries.iter().flat_map(|run| std::iter::repeat_n(run.sample_delta, run.sample_count as usize));
    let ctts = stbl.ctts.iter().flat_map(|ctts| &ctts.entries);
    let mut offsets = ctts.flat_map(|run| std::iter::repeat_n(run.sample_offset, run.sample_count as usize));
    let mut sizes = match &stbl.stsz.samples {
        mp4_atom::StszSamples::Identical { count, size } => vec![*size; *count as usize],
        mp4_atom::StszSamples::Different { sizes } => sizes.clone(),
    }
    .into_iter();
    let chunks: Vec<u64> = match &stbl.stco {
        Some(stco) => stco.entries.iter().map(|offset| u64::from(*offset)).collect(),
        None => stbl.co64.as_ref().map(|co64| co64.entries.clone()).unwrap_or_default(),
    };
    let (mut number, mut decode) = (0, 0);
    for (chunk, mut offset) in (1..).zip(chunks) {
        let per_chunk = stbl.stsc.entries.iter().rfind(|entry| entry.first_chunk <= chunk).unwrap().samples_per_chunk;
        for _ in 0..per_chunk {
            number += 1;
            let size = sizes.next().unwrap();
            let sync = stbl.stss.as_ref().is_none_or(|stss| stss.entries.contains(&number));
            read.push((trak.tkhd.track_id, decode, offset, size as usize, offsets.next().unwrap_or(0), sync));
            offset += u64::from(size);
            decode += u64::from(durations.next().unwrap());
        }
    }
}

#[test]
fn two_other_readers_find_the_same_samples() {
    if !available() {
        return;
    }
    for source in ["h264-high-bframes-aac.mkv", "h265-bframes-aac.mkv"] {
        for (arguments, suffix) in WAYS {
            let is_fragmented = arguments.contains("empty_moov") || arguments.contains("dash");
            // Samples in both the tables and fragments are more than the others take.
            if arguments.contains("frag") && !is_fragmented {
                continue;
            }
            let file = made(source, arguments, suffix);
            let bytes = Bytes::from(std::fs::read(file.path()).unwrap());
            let ours = read_by_us(&bytes);
            assert!(ours.len() > 100);
            assert!(ours == read_by_mp4_atom(&bytes), "mp4-atom: {source} {arguments}");
            // It knows no fragments whose offsets count from the start of the file, and no sound descriptions of QuickTime.
            if suffix == ".mp4"
                && (!is_fragmented || arguments.contains("default_base_moof") || arguments.contains("dash"))
            {
                assert!(ours == read_by_shiguredo(&bytes, is_fragmented), "shiguredo: {source} {arguments}");
            }
        }
    }
}

/// Where the box at a path begins and ends; `within` is the range of the boxes at its first level.
fn find_box(file: &[u8], mut within: std::ops::Range<usize>, path: &[&[u8]]) -> Vec<std::ops::Range<usize>> {
    let mut found = Vec::new();
    for kind in path {
        let mut at = within.start;
        loop {
            let size = u32::from_be_bytes(file[at..at + 4].try_into().unwrap()) as usize;
            if &file[at + 4..at + 8] == *kind {
                found.push(at..at + size);
                // An stsd box has eight bytes before the boxes in it.
                within = at + if *kind == b"stsd" { 16 } else { 8 }..at + size;
                break;
            }
            at += size;
            assert!(at < within.end, "no {}", kind.escape_ascii());
        }
    }
    found
}

#[test]
fn a_fragment_begins_where_samples_name_another_sample_entry() {
    if !available() {
        return;
    }
    // One track, its boxes behind the payload, where they may grow.
    let file = made("h264-baseline.mkv", "-c copy -frag_duration 0", ".mp4");
    let mut bytes = std::fs::read(file.path()).unwrap();
    let path: [&[u8]; 6] = [b"moov", b"trak", b"mdia", b"minf", b"stbl", b"stsd"];
    let boxes = find_box(&bytes, 0..bytes.len(), &path);
    let entry = find_box(&bytes, 0..bytes.len(), &[&path[..], &[b"avc1"]].concat()).pop().unwrap();
    // The same entry again, of another width.
    let mut again = bytes[entry.clone()].to_vec();
    again[32..34].copy_from_slice(&96_u16.to_be_bytes());
    let stsc = find_box(&bytes, 0..bytes.len(), &[&path[..5], &[b"stsc"]].concat()).pop().unwrap();
    let samples = packets(&fragments(file.path()), 1);
    let second_key = samples.iter().enumerate().filter(|(_, packet)| packet.1).nth(1).unwrap().0 as u32;
    // Up to the second key frame by the first entry: chunks of one sample each, if there are as many.
    let (count, first) = (
        u32::from_be_bytes(bytes[stsc.start + 12..stsc.start + 16].try_into().unwrap()),
        u32::from_be_bytes(bytes[stsc.start + 20..stsc.start + 24].try_into().unwrap()),
    );
    assert_eq!((count, first as usize), (1, samples.len()), "ffmpeg writes one chunk");
    let stco = find_box(&bytes, 0..bytes.len(), &[&path[..5], &[b"stco"]].concat()).pop().unwrap();
    let start = u32::from_be_bytes(bytes[stco.start + 16..stco.start + 20].try_into().unwrap());
    let before: usize = samples[..second_key as usize].iter().map(|packet| packet.2).sum();
    let words = |words: &[u32]| words.iter().flat_map(|word| word.to_be_bytes()).collect::<Vec<u8>>();
    let boxed = |kind: &[u8], body: Vec<u8>| [&words(&[body.len() as u32 + 8])[..], kind, &body].concat();
    let new_stsc = boxed(b"stsc", words(&[0, 2, 1, second_key, 1, 2, samples.len() as u32 - second_key, 2]));
    let new_stco = boxed(b"stco", words(&[0, 2, start, start + before as u32]));
    let mut changes = [(entry.end..entry.end, again), (stsc, new_stsc), (stco, new_stco)];
    changes.sort_by_key(|(range, _)| std::cmp::Reverse(range.start));
    let grown: usize = changes.iter().map(|(range, new)| new.len() - range.len()).sum();
    let of_entry = entry.len();
    for (range, new) in changes {
        bytes.splice(range, new);
    }
    for (at, range) in boxes.iter().enumerate() {
        let more = if at == 5 { of_entry } else { grown };
        bytes[range.start..range.start + 4].copy_from_slice(&((range.len() + more) as u32).to_be_bytes());
    }
    let stsd = &boxes[5];
    bytes[stsd.start + 12..stsd.start + 16].copy_from_slice(&2_u32.to_be_bytes());

    let (changed, findings) = split(Source::from(Bytes::from(bytes)).items());
    assert_eq!(findings, []);
    assert_eq!(packets(&changed, 1), samples);
    let widths: Vec<u64> = changed
        .iter()
        .map(|fragment| fragment.head.tracks.video().unwrap().entry.video.as_ref().unwrap().pixel_width)
        .collect();
    assert!(widths.len() > 2 && widths[0] != 96 && widths[1..].iter().all(|width| *width == 96), "{widths:?}");
    assert!(changed[1].head.tracks.is_same(&changed[2].head.tracks), "tracks are shared while they stay the same");
}

/// Gives a few bytes at a time.
struct Slow(std::io::Cursor<Vec<u8>>);

impl std::io::Read for Slow {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let most = buffer.len().min(5);
        self.0.read(&mut buffer[..most])
    }
}

#[test]
fn a_movie_that_comes_by_a_pipe_is_the_same_however_it_comes() {
    if !available() {
        return;
    }
    let file = made("h264-main-aac.mkv", "-c copy", ".mp4");
    let expected = fragments(file.path());
    let pipe = || Pipe::new(Slow(std::io::Cursor::new(std::fs::read(file.path()).unwrap())));
    let ways = [pipe(), pipe().without_delay(), pipe().with_read_ahead().unwrap(), pipe().with_audio_in_pieces()];
    for way in ways {
        let (given, findings) = split(way.map(Result::unwrap));
        assert_eq!(findings, []);
        assert_eq!(given.len(), expected.len());
        assert!(given.iter().zip(&expected).all(|(given, expected)| given.frames == expected.frames));
    }
    let (heads, _) = split(pipe().without_frames().map(Result::unwrap));
    assert!(
        heads
            .iter()
            .zip(&expected)
            .all(|(head, expected)| head.frames.is_empty() && head.head.frame_counts == expected.head.frame_counts)
    );
    // What is too short to tell is no movie.
    let (given, findings) = split(Pipe::new(&b"\0\0\0\x08fty"[..]).map(Result::unwrap));
    assert!(given.is_empty() && findings.len() == 1, "{findings:?}");
}
