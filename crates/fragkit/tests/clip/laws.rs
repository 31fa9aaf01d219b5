//! G.711 plays: a clip with A-law or mu-law decodes to the samples of its source, for ffmpeg and by the tables of the
//! standard.

use std::path::{Path, PathBuf};

use fragkit::codec::wave::G711Law;
use fragkit::codec::{CodecId, CodecPrivate};
use fragkit::mp4::check;
use fragkit::{ClipOptions, Gaps, Source};

use crate::cases::{clip, parallel, streamed, temporary};
use crate::inputs::{fragments, testdata};
use crate::programs;
use crate::rewritten::Stream;

/// A sample of 16 bits: ITU-T G.711, Tables 1a and 1b; every other bit is inverted.
fn from_alaw(code: u8) -> i16 {
    let code = code ^ 0x55;
    let (segment, step) = ((code >> 4) & 7, i16::from(code & 0x0f) << 4);
    let magnitude = match segment {
        0 => step + 8,
        _ => (step + 0x108) << (segment - 1),
    };
    if code & 0x80 == 0 { -magnitude } else { magnitude }
}

/// A sample of 16 bits: ITU-T G.711, Tables 2a and 2b; every bit is inverted.
fn from_ulaw(code: u8) -> i16 {
    let code = !code;
    let magnitude = (((i16::from(code & 0x0f) << 3) + 0x84) << ((code >> 4) & 7)) - 0x84;
    if code & 0x80 == 0 { magnitude } else { -magnitude }
}

/// The samples of a stream's G.711, and how many channels they are of.
fn samples(source: &Source) -> (Vec<u8>, u16) {
    let mut samples = Vec::new();
    let mut channels = 0;
    for fragment in fragments(source) {
        let is_acm = |entry: &&fragkit::Track| CodecId::parse(&entry.entry.codec_id) == CodecId::Acm;
        let track = fragment.head.tracks.iter().find(is_acm).unwrap();
        let Ok(CodecPrivate::Wave(wave)) = &track.codec_private else { panic!("no WAVEFORMATEX") };
        channels = wave.channels;
        let expand = match wave.g711_law().unwrap() {
            G711Law::ALaw => from_alaw,
            G711Law::MuLaw => from_ulaw,
        };
        for frame in fragment.frames.iter().filter(|frame| frame.track == track.entry.number) {
            samples.extend(frame.payload.iter().flat_map(|code| expand(*code).to_le_bytes()));
        }
    }
    (samples, channels)
}

/// What does not hold of the clips of a file with G.711, as it is and as a chunk stream.
fn failures(path: &Path) -> Vec<String> {
    let plain = Source::open([path]).unwrap();
    let (expected, channels) = samples(&plain);
    assert!(expected.len() > 8000 && expected.iter().any(|byte| *byte != expected[0]));
    let mut failures = Vec::new();
    for source in [Stream::from_plain(&plain).source(), plain] {
        let fragments = fragments(&source);
        for gaps in [Gaps::Compact, Gaps::Keep] {
            let options = ClipOptions { gaps, ..ClipOptions::default() };
            let from_file = clip(&source, &fragments, options.clone()).unwrap();
            let from_pipe = streamed(&fragments, options).unwrap();
            for (way, clip) in [("file", from_file), ("pipe", from_pipe)] {
                let summary = check::check(&clip).unwrap();
                let entry = summary.tracks.iter().find(|track| matches!(&track.sample_entry, b"alaw" | b"ulaw"));
                if entry.is_none() {
                    failures.push(format!("{} from a {way}, {gaps:?}: no track of G.711", path.display()));
                }
                if !programs::available() {
                    continue;
                }
                let file = temporary(&clip);
                if way == "file" && gaps == Gaps::Keep {
                    failures.extend(other_channels(file.path(), channels));
                }
                let complaints = programs::complaints(file.path());
                if !complaints.is_empty() || programs::samples(file.path()) != expected {
                    failures.push(format!("{} from a {way}, {gaps:?}: {complaints}", path.display()));
                }
            }
        }
    }
    if programs::available() && programs::samples(path) != expected {
        failures.push(format!("{}: ffmpeg expands other samples from the source", path.display()));
    }
    failures
}

/// What ffprobe says, where it is another number of channels.
fn other_channels(clip: &Path, channels: u16) -> Option<String> {
    let probed = programs::ffprobe(clip);
    let streams = probed["streams"].as_array().unwrap();
    let sound = streams.iter().find(|stream| stream["codec_type"] == "audio").unwrap();
    let found = &sound["channels"];
    (found.as_u64() != Some(channels.into())).then(|| format!("{found} channels instead of {channels}"))
}

#[track_caller]
fn check_all(paths: &[PathBuf]) {
    let failures = parallel(paths, |path| failures(path)).concat();
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

#[test]
fn alaw_and_mulaw_decode_to_the_samples_of_the_source_alone_and_beside_h264() {
    let names = ["alaw.mkv", "ulaw.mkv", "h264-alaw.mkv", "h264-ulaw.mkv"];
    check_all(&names.map(|name| testdata().join(name)));
}

#[test]
fn two_channels_and_other_rates_decode_to_the_samples_of_the_source() {
    let sounds = "-f lavfi -i sine=440:duration=3 -f lavfi -i sine=1000:duration=3";
    let pictures = "-f lavfi -i testsrc=size=32x32:rate=10:duration=3";
    let stereo = "-filter_complex amerge -ac 2";
    let made = [
        format!("{sounds} {stereo} -ar 8000 -c:a pcm_alaw"),
        format!("{sounds} {stereo} -ar 8000 -c:a pcm_mulaw"),
        format!("{sounds} {stereo} -ar 16000 -c:a pcm_alaw"),
        format!("{sounds} {pictures} {stereo} -ar 8000 -c:a pcm_mulaw -c:v libx264 -g 10"),
        format!("{sounds} {pictures} {stereo} -ar 8000 -c:a pcm_alaw -c:v libx264 -g 10"),
    ];
    let files: Vec<_> = made.iter().filter_map(|arguments| programs::made(arguments)).collect();
    check_all(&files.iter().map(|file| file.path().to_path_buf()).collect::<Vec<_>>());
}

#[test]
fn every_code_of_both_laws_expands_as_the_standard_has_it() {
    // ITU-T G.711, Tables 1 and 2: the ends of the scale and the values next to zero, in 16 bits.
    assert_eq!([0xaa, 0x2a, 0xd5, 0x55].map(from_alaw), [32_256, -32_256, 8, -8]);
    assert_eq!([0x80, 0x00, 0xff, 0x7f].map(from_ulaw), [32_124, -32_124, 0, 0]);
}
