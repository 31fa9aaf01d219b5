//! Merged files as strangers read them: ffprobe, ffmpeg, mkvinfo and mkvmerge. Each test is skipped, with a message, where
//! its tool or its input is missing.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "tests say what they expect by panicking"
)]

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use bytes::Bytes;
use fragkit_fragment::{Assembler, Gaps, Index, Item, Limits, Merge, MergeSummary, Run, Selector};

const TESTDATA: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../testdata");
const CAPTURES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/captures");

/// The file, or `None` with a message where it is absent.
fn input(folder: &str, name: &str) -> Option<PathBuf> {
    let path = Path::new(folder).join(name);
    if !path.exists() {
        eprintln!("skipped: {} is not there", path.display());
        return None;
    }
    Some(path)
}

/// What a tool says, or `None` with a message where it is not installed.
fn run(tool: &str, arguments: &[&str]) -> Option<Output> {
    match Command::new(tool).env("LC_ALL", "C").args(arguments).output() {
        Ok(output) => Some(output),
        Err(error) => {
            eprintln!("skipped: {tool}: {error}");
            None
        }
    }
}

fn merge(stream: &Bytes, gaps: Gaps) -> (Vec<u8>, MergeSummary) {
    let mut assembler = Assembler::new(Limits::default());
    assembler.push(stream.clone());
    assembler.finish();
    let mut index = Index::new(false);
    while let Some(item) = assembler.poll() {
        match item {
            Item::Fragment(fragment) => index.add(&fragment),
            Item::Finding(finding) => eprintln!("{finding}"),
        }
    }
    let merge = Merge::new(&index, &Selector::default(), gaps).unwrap();
    let mut file = Vec::new();
    merge
        .runs(|run| {
            match run {
                Run::Bytes(bytes) => file.extend_from_slice(bytes),
                Run::Small(small) => file.extend_from_slice(small.as_slice()),
                Run::Input(range) => {
                    file.extend_from_slice(&stream[range.start.try_into().unwrap()..range.end.try_into().unwrap()]);
                }
            }
            Ok::<_, std::convert::Infallible>(())
        })
        .unwrap();
    assert_eq!(u64::try_from(file.len()).unwrap(), merge.size());
    (file, merge.summary().clone())
}

/// A packet as ffprobe has it: stream, presentation and decoding time in milliseconds, hash of its bytes.
#[derive(Debug, Clone, PartialEq)]
struct Packet {
    stream: u32,
    pts: Option<i64>,
    dts: Option<i64>,
    hash: String,
}

fn packets(path: &Path) -> Option<Vec<Packet>> {
    let fields = "packet=stream_index,pts_time,dts_time,data_hash";
    let arguments = ["-v", "error", "-show_data_hash", "md5", "-of", "compact=p=0", "-show_entries", fields];
    let output = run("ffprobe", &[&arguments[..], &[path.to_str().unwrap()]].concat())?;
    let text = String::from_utf8(output.stdout).unwrap();
    let packet = |line: &str| {
        let field = |name: &str| line.split('|').find_map(|field| field.strip_prefix(name)?.strip_prefix('='));
        #[allow(clippy::as_conversions, reason = "a few seconds in milliseconds")]
        let millis = |name| field(name)?.parse::<f64>().ok().map(|seconds| (seconds * 1000.0).round() as i64);
        Packet {
            stream: field("stream_index").unwrap().parse().unwrap(),
            pts: millis("pts_time"),
            dts: millis("dts_time"),
            hash: field("data_hash").unwrap().into(),
        }
    };
    let packets = text.lines().filter(|line| line.contains("data_hash")).map(packet).collect();
    Some(packets)
}

/// What every merged file has to show to every stranger.
fn check(file: &Path, pictures: bool) {
    let name = file.display();
    let path = file.to_str().unwrap();
    if let Some(packets) = packets(file) {
        assert!(!packets.is_empty(), "{name}");
        for stream in 0..8 {
            let of_stream = || packets.iter().filter(|packet| packet.stream == stream);
            let dts: Vec<i64> = of_stream().filter_map(|packet| packet.dts).collect();
            assert!(
                dts.windows(2).all(|pair| pair[0] <= pair[1]),
                "{name}: decoding times of {stream} go back: {dts:?}"
            );
            let mut pts: Vec<i64> = of_stream().map(|packet| packet.pts.expect("each has a time")).collect();
            pts.sort_unstable();
            assert!(pts.windows(2).all(|pair| pair[0] < pair[1]), "{name}: {stream} shows two frames at once");
        }
        let first = packets.iter().filter_map(|packet| packet.pts).min();
        assert_eq!(first, Some(0), "{name}");
    }
    // The frames of one capture are no pictures.
    if pictures
        && let Some(output) = run("ffmpeg", &["-v", "warning", "-xerror", "-i", path, "-map", "0", "-f", "null", "-"])
    {
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success() && !said.contains("monoton"), "{name}: {said}");
        assert!(!said.contains("matroska"), "{name}: {said}");
    }
    if let Some(output) = run("mkvinfo", &["--continue", path]) {
        let said = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success(), "{name}: {said}");
        for word in ["Warning", "Error", "Unknown", "unknown element", "EBML void"] {
            assert!(!said.contains(word), "{name}: {word} in {said}");
        }
    }
    if let Some(output) = run("mkvmerge", &["-J", path]) {
        let said = String::from_utf8_lossy(&output.stdout);
        for wanted in ["\"errors\": []", "\"warnings\": []", "\"recognized\": true", "\"supported\": true"] {
            assert!(said.contains(wanted), "{name}: no {wanted} in {said}");
        }
    }
    // Its whole reader, which checks the structure on the way.
    let again = file.with_extension("again.mkv");
    if let Some(output) = run("mkvmerge", &["-o", again.to_str().unwrap(), path]) {
        let said = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success() && !said.contains("Warning"), "{name}: {said}");
    }
}

fn written(folder: &Path, name: &str, file: &[u8]) -> PathBuf {
    let path = folder.join(name);
    std::fs::write(&path, file).unwrap();
    path
}

#[test]
fn captures_become_files_that_every_player_reads() {
    let folder = tempfile::tempdir().unwrap();
    for (name, fragments, frames) in [
        ("output_get_media.mkv", 5, 300),
        ("kinesis_video_renderer_example_output.mkv", 8, 444),
        ("test_mixed_tags.mkv", 10, 100),
        ("clusters.mkv", 8, 444),
        ("vogels_480.mkv", 0, 0),
    ] {
        let Some(path) = input(CAPTURES, name) else { continue };
        let stream = Bytes::from(std::fs::read(&path).unwrap());
        for gaps in [Gaps::Compact, Gaps::Keep] {
            let (file, summary) = merge(&stream, gaps);
            if fragments > 0 {
                assert_eq!((summary.fragments, summary.frames), (fragments, frames), "{name}");
            }
            let file = written(folder.path(), &format!("{gaps:?}-{name}"), &file);
            check(&file, name != "test_mixed_tags.mkv");
        }
    }
}

#[test]
fn plain_files_keep_every_frame_and_time() {
    let folder = tempfile::tempdir().unwrap();
    for entry in std::fs::read_dir(TESTDATA).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_string();
        if !name.ends_with(".mkv") || name.ends_with(".chunks.mkv") || name == "zlib.mkv" {
            continue;
        }
        let stream = Bytes::from(std::fs::read(&path).unwrap());
        let (file, _) = merge(&stream, Gaps::Compact);
        let file = written(folder.path(), &name, &file);
        check(&file, true);
        let (Some(before), Some(after)) = (packets(&path), packets(&file)) else { continue };
        // The file's time starts with its first frame.
        let start = before.iter().filter_map(|packet| packet.pts).min().unwrap();
        for stream in 0..3 {
            let of_stream = |packets: &[Packet], start: i64| {
                let of_stream = packets.iter().filter(|packet| packet.stream == stream);
                of_stream.map(|packet| (packet.hash.clone(), packet.pts.unwrap() - start)).collect::<Vec<_>>()
            };
            let (before, after) = (of_stream(&before, start), of_stream(&after, 0));
            assert_eq!(before.len(), after.len(), "{name}, stream {stream}");
            for (index, (before, after)) in before.iter().zip(&after).enumerate() {
                assert_eq!(before, after, "{name}, stream {stream}, packet {index}");
            }
        }
    }
}
