//! `fragkit images --sheet` and `--storage`: contact sheets, and thumbnails of files and of pipes.

use std::io::Write as _;
use std::path::Path;
use std::time::{Duration, Instant};

use crate::process::{Folder, fragkit};
use crate::streams::{testdata, testdata_bytes};

/// Width and height of a PNG, which stand behind its signature and the head of its first chunk.
fn png_size(bytes: &[u8]) -> (u32, u32) {
    assert!(bytes.starts_with(b"\x89PNG\r\n\x1a\n"));
    let side = |at: usize| u32::from_be_bytes(bytes[at..at + 4].try_into().unwrap());
    (side(16), side(20))
}

/// Width and height of a JPEG, which stand in its frame header.
fn jpeg_size(bytes: &[u8]) -> (u32, u32) {
    assert!(bytes.starts_with(&[0xff, 0xd8]) && bytes.ends_with(&[0xff, 0xd9]));
    let mut at = 2;
    loop {
        let length = usize::from(u16::from_be_bytes([bytes[at + 2], bytes[at + 3]]));
        if matches!(bytes[at + 1], 0xc0..=0xc2) {
            let side = |at: usize| u32::from(u16::from_be_bytes([bytes[at], bytes[at + 1]]));
            return (side(at + 7), side(at + 5));
        }
        at += 2 + length;
    }
}

const STREAM: &str = "h264-baseline.chunks.mkv";

fn sheet(folder: &Folder, name: &str, options: &str) -> Vec<u8> {
    fragkit("images --sheet").arg(folder.join(name)).words(options).arg(testdata(STREAM)).done().ok();
    folder.read(name)
}

#[test]
fn a_sheet_has_the_format_of_its_name_and_room_for_every_picture() {
    let folder = Folder::new();
    let jpeg = jpeg_size(&sheet(&folder, "sheet.jpg", "--every 500ms"));
    let png = png_size(&sheet(&folder, "sheet.PNG", "--every 500ms"));
    assert_eq!(jpeg, png);
    assert!(jpeg.0 > 3 * 320, "{jpeg:?}");
    assert_eq!(jpeg_size(&sheet(&folder, "sheet.jpeg", "--every 500ms --format jpeg")), jpeg);
    let small = png_size(&sheet(&folder, "small.png", "--every 500ms --width 100"));
    assert!(small.0 < png.0 && small.1 < png.1, "{small:?}");
    let one = png_size(&sheet(&folder, "one.png", "--every 1h --width 200"));
    assert!((200..250).contains(&one.0), "{one:?}");
    assert_eq!(folder.names(), ["one.png", "sheet.PNG", "sheet.jpeg", "sheet.jpg", "small.png"]);
}

#[test]
fn a_sheet_of_a_pipe_is_that_of_the_file_and_the_same_every_time() {
    let folder = Folder::new();
    let whole = sheet(&folder, "sheet.png", "--every 1s --width 64");
    assert!(sheet(&folder, "sheet.png", "--every 1s --width 64 --jobs 1") == whole, "and is replaced");
    let out = folder.join("piped.png");
    fragkit("images - --every 1s --width 64 --sheet").arg(&out).stdin(testdata_bytes(STREAM)).done().ok();
    assert!(folder.read("piped.png") == whole);
}

#[test]
fn quality_and_compression_are_those_of_the_format_that_the_name_tells_of() {
    let folder = Folder::new();
    let length = |name, options: &str| sheet(&folder, name, &format!("--width 160 {options}")).len();
    assert!(length("a.jpg", "--quality 20") < length("a.jpg", "--quality 95"));
    assert!(length("a.png", "--small") < length("a.png", ""));
    for (name, options) in [("b.png", "--quality 20"), ("b.jpg", "--small")] {
        let done = fragkit("images --sheet").arg(folder.join(name)).words(options).arg(testdata(STREAM)).done();
        done.refused(2);
    }
    assert_eq!(folder.names(), ["a.jpg", "a.png"]);
}

#[test]
fn more_than_240_pictures_are_put_on_several_sheets_of_like_size() {
    let folder = Folder::new();
    let start = "--from 1704067200";
    for (last_ms, expected) in [(239, vec![240]), (240, vec![121, 120]), (480, vec![161, 160, 160])] {
        let to = format!("{start} --to 1704067200.{last_ms:03} --every 1ms --width 32");
        sheet(&folder, "sheet.png", &to);
        let mut names = vec!["sheet.png".to_string()];
        names.extend((2..=expected.len()).map(|number| format!("sheet-{number}.png")));
        names.sort();
        assert_eq!(folder.names(), names);
        // All have the first one's columns.
        let sizes: Vec<(u32, u32)> = folder.names().iter().map(|name| png_size(&folder.read(name))).collect();
        assert!(sizes.iter().all(|size| size.0 == sizes[0].0), "{sizes:?}");
        names.iter().for_each(|name| std::fs::remove_file(folder.join(name)).unwrap());
    }
}

#[test]
fn names_that_say_no_format_or_another_are_a_usage_error() {
    let folder = Folder::new();
    for name in ["sheet", "sheet.gif", "sheet.jpg.tmp", "-"] {
        let line = fragkit("images --sheet").arg(folder.join(name)).arg(testdata(STREAM)).done().refused(2);
        assert!(line.contains(".jpg, .jpeg or .png"), "{line}");
    }
    for (name, format) in [("sheet.jpg", "png"), ("sheet.png", "jpeg")] {
        let call = fragkit("images --sheet").arg(folder.join(name)).arg("--format").arg(format);
        let line = call.arg(testdata(STREAM)).done().refused(2);
        assert!(line.contains("--format"), "{line}");
    }
    assert_eq!(folder.names(), [""; 0]);
}

#[test]
fn a_sheet_that_is_too_large_for_memory_is_refused() {
    let folder = Folder::new();
    let out = folder.join("sheet.png");
    let call = fragkit("images --width 9000 --height 9000 --every 1h --sheet").arg(&out).arg(testdata(STREAM));
    let line = call.done().refused(2);
    assert!(line.contains("million pixels") && line.contains("--width"), "{line}");
    assert_eq!(folder.names(), [""; 0]);
}

#[test]
fn missing_pictures_have_their_place_and_are_told_of() {
    let folder = Folder::new();
    let options = "--from 1704067198 --to 1704067203 --every 1s --width 160";
    let done = fragkit("images --sheet").arg(folder.join("sheet.png")).words(options).arg(testdata(STREAM)).done().ok();
    assert_eq!(done.findings().len(), 1, "{}", done.stderr);
    assert!(done.findings()[0].contains("2 of 6 pictures are missing"), "{}", done.stderr);
    let all = sheet(&folder, "all.png", "--from 1704067200 --to 1704067203 --every 600ms --width 160");
    assert_eq!(png_size(&folder.read("sheet.png")), png_size(&all));
    // With no picture at all, the sheet says why.
    let nowhere = "--from 1704067100 --to 1704067103 --every 1s";
    let line = fragkit("images --sheet").arg(folder.join("none.jpg")).words(nowhere).arg(testdata(STREAM)).done();
    assert_eq!(line.code, Some(1), "{}", line.stderr);
    assert!(line.stderr.contains("NO_MEDIA"), "{}", line.stderr);
    assert!(jpeg_size(&folder.read("none.jpg")).0 > 2 * 320);
}

#[test]
fn the_pictures_behind_a_page_are_told_of() {
    let folder = Folder::new();
    let call = fragkit("images --max-results 2 --every 1s --sheet").arg(folder.join("sheet.png"));
    let done = call.arg(testdata(STREAM)).done().ok();
    let note =
        done.findings().iter().find_map(|line| line.split_once("--next-token ")).map(|(_, token)| token.to_owned());
    let call = fragkit("images --max-results 2 --every 1s --next-token").arg(note.unwrap()).arg("--sheet");
    call.arg(folder.join("next.png")).arg(testdata(STREAM)).done().ok();
    assert!(folder.read("next.png") != folder.read("sheet.png"));
}

fn thumbnails(input: &Path, stdin: &[u8], options: &str) -> Vec<(String, Vec<u8>)> {
    let folder = Folder::new();
    fragkit("images --out").arg(folder.path()).words(options).arg(input).stdin(stdin).done().ok();
    folder.names().into_iter().map(|name| (name.clone(), folder.read(&name))).collect()
}

#[test]
fn thumbnails_of_a_pipe_are_those_of_the_file() {
    for name in [STREAM, "h265-bframes-aac.chunks.mkv", "h264-annexb.chunks.mkv"] {
        let (file, bytes) = (testdata(name), testdata_bytes(name));
        for options in [
            "--storage both --every 1s --width 64",
            "--storage sequential --every 2500ms --width 64 --format png",
            "--storage latest --every 1s --width 64",
            // These need the whole of the pipe.
            "--storage both --every 1s --width 64 --from +1s",
            "--storage both --every 1s --width 64 --max-results 2",
        ] {
            let of_file = thumbnails(&file, b"", options);
            assert!(!of_file.is_empty());
            assert!(of_file == thumbnails(Path::new("-"), &bytes, options), "{name} {options}");
        }
    }
}

#[test]
fn the_latest_thumbnail_is_the_last_of_the_sequence() {
    let both = thumbnails(&testdata(STREAM), b"", "--storage both --every 1s --width 64");
    let names: Vec<&str> = both.iter().map(|(name, _)| &**name).collect();
    let counted: Vec<String> = (0..both.len() - 1).map(|number| format!("thumb{number}.jpg")).collect();
    assert_eq!(names[0], "latest.jpg");
    assert_eq!(names[1..], counted);
    assert!(both.len() > 2 && both[0].1 == both.last().unwrap().1);
}

#[test]
fn a_pipe_gives_thumbnails_while_it_runs() {
    let folder = Folder::new();
    let bytes = testdata_bytes(STREAM);
    let mut child = fragkit("images - --storage both --every 1s --width 64 --out").arg(folder.path()).spawn();
    let mut stdin = child.stdin.take().unwrap();
    let (begun, rest) = bytes.split_at(bytes.len() * 2 / 3);
    stdin.write_all(begun).unwrap();
    stdin.flush().unwrap();
    let started = Instant::now();
    while !(folder.names().contains(&"thumb1.jpg".into()) && folder.names().contains(&"latest.jpg".into())) {
        assert!(started.elapsed() < Duration::from_secs(60), "{:?}", folder.names());
        std::thread::sleep(Duration::from_millis(10));
    }
    jpeg_size(&folder.read("latest.jpg"));
    let early = folder.names().len();
    stdin.write_all(rest).unwrap();
    drop(stdin);
    assert!(child.wait_with_output().unwrap().status.success());
    assert!(folder.names().len() > early);
}

#[test]
fn a_pipe_without_a_selected_fragment_is_an_error_as_a_file_is() {
    let folder = Folder::new();
    let options = "--storage both --every 1s --from 1804067200 --out";
    let line = |input: &Path| {
        let call = fragkit("images").words(options).arg(folder.path()).arg(input).stdin(testdata_bytes(STREAM));
        call.done().refused(1)
    };
    assert_eq!(line(Path::new("-")), line(&testdata(STREAM)));
    assert!(line(Path::new("-")).contains("ResourceNotFoundException"));
}
