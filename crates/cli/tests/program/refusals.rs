//! What cannot be done is refused in one line that says what to do, with the exit code for who must act, and leaves nothing
//! behind.

use crate::process::{Folder, fragkit};
use crate::streams::testdata;

/// Every way to read an input, with an output where there is one to be named.
const READERS: [&str; 11] = [
    "list",
    "list --json",
    "inspect",
    "inspect --json",
    "report",
    "report --html out",
    "media --fragment 1 -o out",
    "clip -o out",
    "clip --on-change split --from +1s -o out",
    "merge -o out",
    "chunks -o out",
];

/// Start of a picture in JPEG.
const JPEG: &[u8] =
    b"\xFF\xD8\xFF\xE0\0\x10JFIF\0\x01\x01\0\0\x01\0\x01\0\0\xFF\xDB\0\x43\0\x08\x06\x06\x07\x06\x05\x08";

#[test]
fn a_missing_file_is_an_input_output_error() {
    let folder = Folder::new();
    for words in READERS {
        let line = fragkit(words).arg("no-such.mkv").current_dir(folder.path()).done().refused(3);
        assert!(line.starts_with("fragkit: no-such.mkv: ") && line.contains("check the path"), "{words}: {line}");
    }
    assert_eq!(folder.names(), [""; 0]);
}

#[test]
fn a_folder_without_media_has_nothing_to_give() {
    let folder = Folder::new();
    std::fs::create_dir(folder.join("empty")).unwrap();
    std::fs::create_dir(folder.join("notes")).unwrap();
    folder.put("notes/readme.txt", "no media");
    for words in READERS {
        for name in ["empty", "notes"] {
            let line = fragkit(words).arg(name).current_dir(folder.path()).done().refused(1);
            assert!(line.contains(name) && line.contains(".mkv"), "{words}: {line}");
        }
    }
    assert_eq!(folder.names(), ["empty", "notes"]);
}

#[test]
fn a_picture_is_no_stream() {
    let folder = Folder::new();
    folder.put("photo.jpg", JPEG);
    for words in READERS {
        for (input, bytes) in [("photo.jpg", &b""[..]), ("-", JPEG)] {
            let done = fragkit(words).arg(input).stdin(bytes).current_dir(folder.path()).done();
            let line = done.refused(1);
            assert!(
                line.contains("no fragment with media") && line.contains("Matroska file or an MP4 file"),
                "{words}: {line}"
            );
            let findings = done.findings();
            assert_eq!(findings.len(), 1, "{words}: {}", done.stderr);
            assert!(findings[0].contains("byte 0") && findings[0].contains("FF D8 FF E0"), "{words}: {}", done.stderr);
            assert_eq!(done.stdout, b"");
        }
    }
    assert_eq!(folder.names(), ["photo.jpg"]);
}

#[test]
fn an_empty_input_is_told_as_such() {
    let folder = Folder::new();
    folder.put("empty.mkv", "");
    for words in READERS {
        for input in ["empty.mkv", "-"] {
            let done = fragkit(words).arg(input).stdin("").current_dir(folder.path()).done();
            assert!(done.refused(1).contains("the input is empty"), "{words} {input}: {}", done.stderr);
        }
    }
    assert_eq!(folder.names(), ["empty.mkv"]);
}

#[test]
fn a_range_that_ends_before_it_starts_is_wrong_usage() {
    let folder = Folder::new();
    let stream = testdata("h264-baseline.chunks.mkv");
    for words in ["list", "list --by server", "clip -o out", "merge -o out"] {
        for range in ["--from +2s --to +1s", "--from 1704067202 --to 2024-01-01T00:00:01Z", "--to 5 --from 5.001"] {
            let done = fragkit(words).words(range).arg(&stream).current_dir(folder.path()).done();
            let line = done.refused(2);
            assert!(line.contains("--from") && line.contains("--to") && line.contains("swap them"), "{line}");
        }
    }
    assert_eq!(folder.names(), [""; 0]);
}

#[test]
fn what_the_command_line_does_not_know_is_wrong_usage() {
    let folder = Folder::new();
    let input = folder.put("in.mkv", "");
    for (words, named) in [
        ("list --nope", "--nope"),
        ("clip -o out --jason", "--jason"),
        ("clip -o out --gaps sometimes", "--gaps"),
        ("clip -o out --from yesterday", "yesterday"),
        ("list --from -5", "-5"),
        ("list --from +10parsecs", "+10parsecs"),
        ("list --by --json", "--by"),
        ("clip", "--output"),
        ("media -o out", "--fragment"),
        ("media -o out --fragment x1", "x1"),
        ("chunks -o out --fragment-length soon", "soon"),
        ("frobnicate", "frobnicate"),
        ("list --strict", "--strict"),
    ] {
        let done = fragkit(words).arg(&input).current_dir(folder.path()).done();
        let line = done.refused(2);
        assert!(line.contains(named) && line.contains("--help"), "{words}: {line}");
        assert_eq!(done.stdout, b"");
    }
    for words in ["list", "inspect --json", "clip -o out"] {
        let line = fragkit(words).current_dir(folder.path()).done().refused(2);
        assert!(line.contains("<INPUT>"), "{line}");
    }
    assert_eq!(folder.names(), ["in.mkv"]);
}

#[test]
fn a_folder_at_standard_input_cannot_be_read() {
    #[cfg(unix)]
    {
        let folder = std::fs::File::open(Folder::new().path());
        // The folder is gone when this is read, and is a folder all the same.
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_fragkit"));
        let output = command.args(["list", "-"]).stdin(folder.unwrap()).output().unwrap();
        let done = crate::process::Done::of(output);
        assert_eq!(done.code, Some(3), "{}", done.stderr);
        assert_eq!(done.errors().len(), 1);
        assert!(done.stderr.contains("cannot read the input") && !done.stderr.contains("os error"), "{}", done.stderr);
    }
}
