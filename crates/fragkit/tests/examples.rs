//! The examples, run as they stand.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "tests speak by panicking")]

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Command;

use fragkit::mp4::check::check;

const TESTDATA: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../testdata");

/// Runs an example and gives what it prints.
fn run(name: &str, arguments: &[&OsStr]) -> String {
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(["run", "--quiet", "--offline", "--manifest-path", concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml")]);
    cargo.args(["--features", "tokio", "--example", name, "--"]).args(arguments);
    let output = cargo.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

fn testdata(name: &str) -> PathBuf {
    Path::new(TESTDATA).join(name)
}

/// How many samples each track of an MP4 has.
fn samples(file: &Path) -> Vec<usize> {
    let file = std::fs::read(file).unwrap();
    check(&file).unwrap().tracks.iter().map(|track| track.samples().count()).collect()
}

/// The same of a clip of all of a file's fragments but the first ones.
fn expected(stream: &Path, skip: usize) -> Vec<usize> {
    let source = fragkit::Source::open([stream]).unwrap();
    let mut clipper = fragkit::Clipper::new(fragkit::ClipOptions::default());
    let fragments = source.items().filter_map(|item| match item {
        fragkit::Item::Fragment(fragment) => Some(fragment),
        fragkit::Item::Finding(_) => None,
    });
    fragments.skip(skip).for_each(|fragment| clipper.add(&fragment));
    let clips = clipper.clips().unwrap();
    clips[0].summary().samples.iter().map(|(_, count)| usize::try_from(*count).unwrap()).collect()
}

#[test]
fn a_body_over_http_becomes_a_clip() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["h264-main-aac", "h265-bframes-aac", "exceptions"] {
        let (stream, clip) = (testdata(&format!("{name}.chunks.mkv")), folder.path().join("clip.mp4"));
        let said = run("get_media_for_fragment_list", &[stream.as_os_str(), clip.as_os_str()]);
        assert!(said.contains(" fragments, "), "{said}");
        assert_eq!(samples(&clip), expected(&stream, 0), "{name}");
    }
}

#[test]
fn a_window_over_a_live_stream_has_its_last_seconds() {
    let folder = tempfile::tempdir().unwrap();
    let (stream, clip) = (testdata("h264-main-aac.chunks.mkv"), folder.path().join("clip.mp4"));
    let said = run("live_window", &[stream.as_os_str(), clip.as_os_str(), OsStr::new("2")]);
    let numbers: Vec<usize> = said.split(|c: char| !c.is_ascii_digit()).filter_map(|word| word.parse().ok()).collect();
    let [kept, taken, millis] = numbers[..] else { panic!("{said}") };
    assert!(kept > 0 && kept < taken && millis >= 2000, "{said}");
    assert_eq!(samples(&clip), expected(&stream, taken - kept));
}

#[test]
fn a_folder_becomes_a_sheet_for_each_day() {
    let folder = tempfile::tempdir().unwrap();
    let recordings = folder.path().join("recordings");
    std::fs::create_dir(&recordings).unwrap();
    // The same recording on two days, and one that lies over midnight.
    let original = std::fs::read(testdata("h264-baseline.chunks.mkv")).unwrap();
    for (name, start) in [("a", "1704067200"), ("b", "1704153597"), ("c", "1704240000")] {
        let moved = moved(&original, start.parse().unwrap());
        std::fs::write(recordings.join(format!("{name}.mkv")), moved).unwrap();
    }
    let sheets = folder.path().join("sheets");
    let said = run("contact_sheets", &[recordings.as_os_str(), sheets.as_os_str(), OsStr::new("1")]);
    let mut names: Vec<String> =
        std::fs::read_dir(&sheets).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    assert_eq!(names, ["2024-01-01.jpg", "2024-01-02.jpg", "2024-01-03.jpg"], "{said}");
    for name in names {
        let sheet = std::fs::read(sheets.join(&name)).unwrap();
        assert!(sheet.starts_with(&[0xff, 0xd8]) && sheet.ends_with(&[0xff, 0xd9]) && sheet.len() > 5000, "{name}");
    }
}

/// The stream with its producer and server times moved, so that it starts at this second.
fn moved(stream: &[u8], start: i64) -> Vec<u8> {
    let mut moved = stream.to_vec();
    let mut first = None;
    for name in [&b"AWS_KINESISVIDEO_PRODUCER_TIMESTAMP"[..], b"AWS_KINESISVIDEO_SERVER_TIMESTAMP"] {
        let places: Vec<usize> =
            stream.windows(name.len()).enumerate().filter(|(_, window)| *window == name).map(|(at, _)| at).collect();
        assert!(!places.is_empty());
        for place in places {
            // A TagString behind the TagName: its id, its size, and seconds of ten digits.
            let size = place + name.len() + 2;
            let at = size + 1 + usize::try_from(stream[size].leading_zeros()).unwrap();
            let seconds: i64 = std::str::from_utf8(&stream[at..at + 10]).unwrap().parse().unwrap();
            let first = *first.get_or_insert(seconds);
            moved[at..at + 10].copy_from_slice((start + seconds - first).to_string().as_bytes());
        }
    }
    moved
}
