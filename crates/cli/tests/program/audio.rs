//! `fragkit audio`. What it writes is read back by ffmpeg, and held against the samples that went in.

use std::fs;
use std::path::Path;

use fragkit::mkv::{Audio, TrackEntry, TrackType};
use fragkit::{ChunkLayout, ChunkWriter, Frame, Nanos, Timestamp, UserTag};

use crate::process::{Folder, fragkit, program};
use crate::streams::{replace_once, testdata, testdata_bytes};

/// The rate of a call, and the samples of a frame.
const RATE: i64 = 8000;
const FRAME: i64 = 160;

/// One sample of what a customer and an agent say.
fn said(track: u64, at: i64) -> i16 {
    let (pitch, loudness) = if track == 1 { (440, 9000) } else { (660, 5000) };
    let phase = at * pitch % RATE;
    i16::try_from((phase * 2 - RATE) * loudness / RATE).unwrap()
}

/// What is said in a frame that begins with this sample.
fn frame(track: u64, at: i64) -> Frame {
    let payload: Vec<u8> = (at..at + FRAME).flat_map(|at| said(track, at).to_le_bytes()).collect();
    Frame {
        track,
        time: Nanos::from_millis(at % (RATE * 2) * 1000 / RATE),
        duration: None,
        keyframe: true,
        invisible: false,
        discardable: false,
        payload: payload.into(),
        offset: 0,
        stripped: 0,
        group: None,
    }
}

/// A call as Amazon Connect stores it, in fragments of two seconds. `is_there` says which frames are, by track and first sample.
fn call(fragments: i64, is_there: impl Fn(u64, i64) -> bool) -> Vec<u8> {
    (0..fragments).flat_map(|at| chunk(at, at * 2000, at + 1, &is_there)).collect()
}

/// What is said in the two seconds from `at * 2` on, as a fragment with this start, in milliseconds of the call, and number.
fn chunk(at: i64, start_ms: i64, number: i64, is_there: impl Fn(u64, i64) -> bool) -> Vec<u8> {
    let track = |number, name: &str| TrackEntry {
        number,
        uid: number,
        track_type: TrackType::Audio,
        name: Some(name.into()),
        codec_id: "A_AAC".into(),
        codec_private: Some((&[0x11, 0x90][..]).into()),
        audio: Some(Audio { sampling_frequency: 8000.0, channels: 1, ..Audio::default() }),
        ..TrackEntry::default()
    };
    let tracks = [track(1, "AUDIO_FROM_CUSTOMER"), track(2, "AUDIO_TO_CUSTOMER")];
    let tag = |name: &str, value: &str| UserTag { name: name.into(), value: value.into(), after_media: false };
    let tags = [tag("ContactId", "2fd2a0c5"), tag("MimeType", "audio/L16;rate=8000;channels=1;")];
    let from = at * RATE * 2;
    let firsts = (from..from + RATE * 2).step_by(usize::try_from(FRAME).unwrap());
    let frames: Vec<Frame> =
        firsts.flat_map(|at| [1, 2].map(|track| is_there(track, at).then(|| frame(track, at)))).flatten().collect();
    let start = 1_700_000_000_000 + start_ms;
    let number = u64::try_from(number).unwrap().into();
    let (start, received) = (Timestamp::from_millis(start), Timestamp::from_millis(start + 350));
    ChunkWriter::new(ChunkLayout::default()).chunk(&number, start, received, &tracks, &tags, Nanos::ZERO, &frames)
}

/// The samples of a file, as ffmpeg decodes it, channel by channel.
fn decoded(file: &Path, channels: usize) -> Vec<Vec<i16>> {
    let done = program("ffmpeg").words("-v error -xerror -i").arg(file).words("-f s16le -").done().quiet();
    let samples: Vec<i16> = done.stdout.chunks(2).map(|pair| i16::from_le_bytes([pair[0], pair[1]])).collect();
    (0..channels).map(|channel| samples.iter().skip(channel).step_by(channels).copied().collect()).collect()
}

/// What ffprobe says of the only stream of a file.
fn probed(file: &Path) -> String {
    let entries = "stream=codec_name,sample_rate,channels,duration_ts";
    let probe = program("ffprobe").words("-v error -of csv=p=0 -show_entries").arg(entries).arg(file).done().quiet();
    probe.text().trim().into()
}

/// What one track of a call is to come to: so many samples, nothing where there is no frame.
fn expected(track: u64, samples: i64, is_there: impl Fn(u64, i64) -> bool) -> Vec<i16> {
    (0..samples).map(|at| if is_there(track, at / FRAME * FRAME) { said(track, at) } else { 0 }).collect()
}

#[test]
fn a_call_of_amazon_connect_becomes_a_file_for_each_side_or_one_of_both() {
    // The agent joins after a second and a half and is silent for a while; the customer hangs up first.
    let is_there = |track: u64, at: i64| match track {
        1 => at < 5 * RATE,
        _ => at >= 12_000 && !(20_000..30_000).contains(&at),
    };
    let (stream, samples) = (call(3, is_there), 6 * RATE);
    let folder = Folder::new();
    let input = folder.put("call.mkv", &stream);
    let done = fragkit("audio -o").arg(folder.join("out.wav")).arg(&input).done().ok();
    assert!(done.findings()[0].contains("track 1 is labelled A_AAC with private data 1190"), "{}", done.stderr);
    let sides = ["out-AUDIO_FROM_CUSTOMER.wav", "out-AUDIO_TO_CUSTOMER.wav"];
    assert_eq!(folder.names(), ["call.mkv", sides[0], sides[1]]);
    let customer = expected(1, 5 * RATE, is_there);
    let agent = expected(2, samples, is_there);
    assert!(decoded(&folder.join(sides[0]), 1)[0] == customer);
    assert!(decoded(&folder.join(sides[1]), 1)[0] == agent);
    assert_eq!(probed(&folder.join(sides[1])), format!("pcm_s16le,8000,1,{samples}"));

    // From a pipe, to standard output, and the other way round.
    let both = fragkit("audio - -o - --layout stereo").stdin(stream.clone()).done().ok();
    let left_and_right = folder.put("both.wav", &both.stdout);
    let channels = decoded(&left_and_right, 2);
    assert!(channels[0][..customer.len()] == customer[..] && channels[0][customer.len()..].iter().all(|&at| at == 0));
    assert!(channels[1] == agent);
    let turned =
        fragkit("audio - -o - --layout stereo --track 2 --track audio_from_customer").stdin(stream).done().ok();
    assert!(decoded(&folder.put("turned.wav", &turned.stdout), 2) == [&channels[1][..], &channels[0][..]]);
}

#[test]
fn sound_that_came_twice_is_heard_once() {
    // The second fragment comes again, under another number and half a second later.
    let stream = [(0, 0), (1, 2000), (1, 2500), (2, 4000)].iter().zip(1..);
    let stream: Vec<u8> = stream.flat_map(|(&(at, start), number)| chunk(at, start, number, |_, _| true)).collect();
    let done = fragkit("audio - -o - --track 1").stdin(stream).done().ok();
    assert!(done.stderr.contains("2.000 s at 2 places are left out"), "{}", done.stderr);
    let folder = Folder::new();
    let samples = &decoded(&folder.put("out.wav", &done.stdout), 1)[0];
    assert_eq!(samples.len(), usize::try_from(6 * RATE).unwrap());
}

#[test]
fn g711_is_kept_or_decoded_as_ffmpeg_does() {
    for (name, codec) in
        [("alaw", "pcm_alaw"), ("ulaw", "pcm_mulaw"), ("h264-alaw", "pcm_alaw"), ("h264-ulaw", "pcm_mulaw")]
    {
        let (folder, input) = (Folder::new(), testdata(&format!("{name}.chunks.mkv")));
        let source = testdata(&format!("{name}.mkv"));
        let done = program("ffmpeg").words("-v error -i").arg(&source).words("-map 0:a -f s16le -").done().quiet();
        let original: Vec<i16> = done.stdout.chunks(2).map(|pair| i16::from_le_bytes([pair[0], pair[1]])).collect();
        for (options, written) in [("", codec), ("--g711 decode", "pcm_s16le")] {
            fragkit("audio").words(options).arg(&input).arg("-o").arg(folder.join("out.wav")).done().ok();
            assert!(probed(&folder.join("out.wav")).starts_with(written), "{name}");
            assert!(decoded(&folder.join("out.wav"), 1)[0] == original, "{name} {options}");
        }
    }
}

#[test]
fn aac_becomes_an_m4a_with_the_same_frames() {
    for (name, channels) in [("aac-mono", 1), ("aac-stereo", 2), ("h264-main-aac", 2), ("aac-lc-51", 6)] {
        let (folder, input) = (Folder::new(), testdata(&format!("{name}.chunks.mkv")));
        let out = folder.join("out.m4a");
        fragkit("audio").arg(&input).arg("-o").arg(&out).done().ok();
        let frames = |file: &Path| {
            let done = program("ffmpeg")
                .words("-v error -i")
                .arg(file)
                .words("-map 0:a -c copy -f framehash -hash md5 -")
                .done();
            let hashes = done.text().lines().filter(|line| !line.starts_with('#'));
            hashes.map(|line| line.rsplit(' ').next().unwrap().to_string()).collect::<Vec<_>>()
        };
        assert_eq!(frames(&out), frames(&testdata(&format!("{name}.mkv"))), "{name}");
        let samples = frames(&out).len() * 1024;
        assert!(
            probed(&out).starts_with("aac,") && probed(&out).ends_with(&format!(",{channels},{samples}")),
            "{name}"
        );
    }
}

#[test]
fn a_gap_in_aac_is_filled_with_frames_in_which_nothing_is_heard() {
    for (name, channels) in [("aac-mono", 1), ("aac-stereo", 2), ("aac-lc-51", 6)] {
        let stream = testdata_bytes(&format!("{name}.chunks.mkv"));
        let documents = crate::streams::documents(&stream);
        assert!(documents.len() > 2, "{name}");
        let without_second = [&stream[documents[0].clone()], &stream[documents[2].start..]].concat();
        let folder = Folder::new();
        let done = fragkit("audio - -o").arg(folder.join("gap.m4a")).stdin(without_second).done().ok();
        assert!(done.stderr.contains("of silence in 1 gaps"), "{}", done.stderr);
        fragkit("audio -o").arg(folder.join("whole.m4a")).arg(testdata(&format!("{name}.chunks.mkv"))).done().ok();
        let (gap, whole) = (decoded(&folder.join("gap.m4a"), channels), decoded(&folder.join("whole.m4a"), channels));
        assert_eq!(gap[0].len(), whole[0].len(), "{name}");
        let rows = fragkit("list -").stdin(stream).done().ok().rows();
        let first: usize = rows[0].frames;
        let second: usize = rows[1].frames;
        for (gap, whole) in gap.iter().zip(&whole) {
            // A frame reaches into the one before and the one behind it.
            let silent = (first + 1) * 1024..(first + second - 1) * 1024;
            assert!(gap[silent.clone()].iter().all(|&sample| sample == 0), "{name}");
            assert!(whole[silent.clone()].iter().any(|&sample| sample != 0), "{name}");
            assert!(gap[silent.end + 2048..] == whole[silent.end + 2048..], "{name}");
        }
    }
}

#[test]
fn ordinary_files_give_the_same_sound() {
    for (name, out) in [("aac-stereo", "out.m4a"), ("alaw", "out.wav"), ("h264-main-aac", "out.m4a")] {
        let folder = Folder::new();
        let sound = |input: &Path| {
            fragkit("audio -o").arg(folder.join(out)).arg(input).done().ok();
            let done = program("ffmpeg").words("-v error -i").arg(folder.join(out)).words("-f s16le -").done();
            done.stdout
        };
        let chunks = sound(&testdata(&format!("{name}.chunks.mkv")));
        assert!(sound(&testdata(&format!("{name}.mkv"))) == chunks, "{name}");
        fragkit("clip -o").arg(folder.join("clip.mp4")).arg(testdata(&format!("{name}.chunks.mkv"))).done().ok();
        assert!(sound(&folder.join("clip.mp4")) == chunks, "{name}");
    }
}

#[test]
fn tracks_of_different_kinds_are_named_by_what_they_are() {
    let folder = Folder::new();
    fragkit("audio -o out").arg(testdata("two-audio.chunks.mkv")).current_dir(folder.path()).done().ok();
    assert_eq!(folder.names(), ["out-track2.wav", "out-track3.m4a"]);
    assert!(probed(&folder.join("out-track2.wav")).starts_with("pcm_alaw,8000,1,"));
    assert!(probed(&folder.join("out-track3.m4a")).starts_with("aac,16000,1,"));
}

#[test]
fn what_cannot_be_is_refused_with_what_to_do() {
    let folder = Folder::new();
    let refused = |options: &str, input: &str| {
        let call = fragkit("audio").words(options).arg(testdata(input)).current_dir(folder.path());
        call.done().refused(1)
    };
    assert!(refused("-o out.wav", "aac-mono.chunks.mkv").ends_with("does not go into WAV (name the output .m4a)"));
    assert!(refused("-o out.m4a", "alaw.chunks.mkv").ends_with("does not go into M4A (name the output .wav)"));
    assert!(refused("-o out.wav --track agent", "alaw.chunks.mkv").ends_with("(there are: 1)"));
    assert!(
        refused("-o out.wav --layout stereo", "alaw.chunks.mkv").contains("left and right are two tracks, and 1 are")
    );
    assert!(refused("-o out.wav", "h264-baseline.chunks.mkv").contains("no track of sound"));
    assert_eq!(folder.names(), [""; 0]);
    // A clock that jumps by years is no gap.
    let mut stream = call(2, |_, _| true);
    replace_once(&mut stream, b"1700000002.000", b"1900000002.000");
    let line = fragkit("audio - -o out.wav").current_dir(folder.path()).stdin(stream).done();
    assert!(line.errors()[0].contains("a gap of 200000000 s before this fragment"), "{}", line.stderr);
    assert_eq!(folder.names(), [""; 0]);
}

#[test]
fn a_clip_of_samples_says_what_makes_a_file_of_them() {
    let folder = Folder::new();
    let done = fragkit("clip - -o").arg(folder.join("out.mp4")).stdin(call(1, |_, _| true)).done();
    assert_eq!(done.code, Some(1));
    assert!(done.errors()[0].contains("fragkit audio"), "{}", done.stderr);
    let inspected = fragkit("inspect -").stdin(call(1, |_, _| true)).done().ok();
    assert!(
        inspected.text().contains("A_PCM/INT/LIT") && inspected.text().contains("labelled A_AAC"),
        "{}",
        inspected.text()
    );
    assert!(fs::read_dir(folder.path()).unwrap().next().is_none());
}

#[test]
fn the_examples_of_the_help_run() {
    let help = fragkit("audio --help").done().quiet();
    let (_, examples) = help.text().split_once("\nExamples:\n").expect("examples");
    let folder = Folder::new();
    folder.put("call.mkv", call(2, |_, _| true));
    for example in examples.lines() {
        let words = example.trim().strip_prefix("fragkit ").expect("a call of the program");
        fragkit(words).current_dir(folder.path()).done().ok();
    }
    assert_eq!(folder.names(), ["call.mkv", "call.wav", "customer.wav"]);
    assert_eq!(
        (probed(&folder.join("call.wav")), probed(&folder.join("customer.wav"))),
        ("pcm_s16le,8000,2,32000".into(), "pcm_s16le,8000,1,32000".into())
    );
}
