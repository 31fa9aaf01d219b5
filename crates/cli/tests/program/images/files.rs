//! What is written where: folders, their index, sheets and thumbnails.

use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

use crate::images::film::{Film, Pick};
use crate::images::frames::faults;
use crate::images::pixels::{Rgb, png_size};
use crate::images::{Shot, all_shots, millis, shot_at, strangers};
use crate::process::{Done, Folder, fragkit};
use crate::streams::{chunks_of, documents, testdata, testdata_bytes};

const STREAM: &str = "h264-high-bframes-aac.chunks.mkv";

fn index(folder: &Folder, name: &str) -> Value {
    serde_json::from_slice(&folder.read(name)).unwrap()
}

/// The third chunk is missing.
fn stream_with_gap(folder: &Folder) -> std::path::PathBuf {
    let stream = testdata_bytes(STREAM);
    let documents = documents(&stream);
    folder.put("gap.mkv", [&stream[..documents[2].start], &stream[documents[3].start..]].concat())
}

#[test]
fn a_folder_holds_what_the_response_holds() {
    let inputs = Folder::new();
    let path = stream_with_gap(&inputs);
    for (words, extension) in [("--every 300ms", "jpg"), ("--every 300ms --format png --width 64", "png")] {
        let shots = all_shots(&path, words);
        let folder = Folder::new();
        // A folder that is not there is made.
        fragkit("images").words(words).arg("--out").arg(folder.join("a/b")).arg(&path).done().ok();
        let index = index(&folder, "a/b/index.json");
        let entries = index["Images"].as_array().unwrap();
        assert_eq!(entries.len(), shots.len());
        assert!(index.get("NextToken").is_none());
        let mut names = vec!["index.json".to_string()];
        for (entry, shot) in entries.iter().zip(&shots) {
            assert_eq!(millis(&entry["TimeStamp"]), shot.time_ms);
            match &shot.content {
                Ok(picture) => {
                    let name = format!("{}.{extension}", shot.time_ms);
                    assert_eq!(entry["File"], name);
                    assert!(folder.read(&format!("a/b/{name}")) == *picture, "{name}");
                    assert!(entry.get("Error").is_none());
                    if extension == "png" {
                        let size = (entry["Width"].as_u64().unwrap(), entry["Height"].as_u64().unwrap());
                        let (width, height) = png_size(picture);
                        assert_eq!(size, (width as u64, height as u64));
                        assert_eq!(size, (64, 48));
                    }
                    names.push(name);
                }
                Err((kind, reason)) => {
                    assert_eq!((&entry["Error"], &entry["Reason"]), (&kind[..].into(), &reason[..].into()));
                    assert!(entry.get("File").is_none());
                }
            }
        }
        names.sort();
        let mut found: Vec<String> = fs::read_dir(folder.join("a/b"))
            .unwrap()
            .map(|it| it.unwrap().file_name().into_string().unwrap())
            .collect();
        found.sort();
        assert_eq!(found, names);
        assert!(names.len() > 10 && names.len() < shots.len() + 1);
    }
}

#[test]
fn a_folder_that_is_there_keeps_what_else_is_in_it() {
    let folder = Folder::new();
    folder.put("notes.txt", "mine");
    folder.put("index.json", "old");
    folder.put("1704067200000.jpg", "old");
    fragkit("images --every 2s --out").arg(folder.path()).arg(testdata(STREAM)).done().quiet();
    assert_eq!(folder.read("notes.txt"), b"mine");
    assert!(folder.read("1704067200000.jpg").starts_with(b"\xFF\xD8"));
    assert_eq!(index(&folder, "index.json")["Images"].as_array().unwrap().len(), 3);
    assert_eq!(folder.names().len(), 5);
}

#[test]
fn the_same_comes_out_whatever_the_number_of_jobs_and_from_a_pipe() {
    let inputs = Folder::new();
    let path = stream_with_gap(&inputs);
    for words in ["--every 90ms", "--every 190ms --pick keyframe --format png --height 50", "--every 1s --quality 30"] {
        let run = |jobs: &str, input: &Path| {
            let call = fragkit("images --json").words(words).words(jobs).arg(input).stdin(fs::read(&path).unwrap());
            call.done().ok().stdout
        };
        let one = run("--jobs 1", &path);
        assert!(!one.is_empty());
        for jobs in ["--jobs 2", "--jobs 5", "--jobs 64", ""] {
            assert!(run(jobs, &path) == one, "{words} {jobs}");
        }
        assert!(run("--jobs 2", Path::new("-")) == one, "{words}, from a pipe");
    }
    let done = fragkit("images --json --jobs 0").arg(&path).done();
    done.refused(2);
}

/// The entries for which there must be a thumbnail: the first key frame at or after each boundary.
fn thumbnails(film: &Film, every: i64) -> Vec<i64> {
    let start = film.span().0;
    let mut times: Vec<i64> = Vec::new();
    let mut boundary = start;
    for frame in film.frames.iter().filter(|frame| frame.key) {
        if frame.time_ms >= boundary {
            times.push(frame.time_ms);
            boundary = start + ((frame.time_ms - start) / every + 1) * every;
        }
    }
    times
}

#[test]
fn thumbnails_are_of_the_first_key_frame_at_or_after_each_interval() {
    if !strangers() {
        return;
    }
    let path = testdata(STREAM);
    let film = Film::of(&path).unwrap();
    for (every, count) in [(1000, 6), (1500, 4), (2000, 3), (100, 6), (2500, 3), (7000, 1)] {
        let times = thumbnails(&film, every);
        assert_eq!(times.len(), count, "{every}");
        for storage in ["sequential", "latest", "both"] {
            let folder = Folder::new();
            let words = format!("images --format png --every {every}ms --storage {storage} --out");
            fragkit(&words).arg(folder.path()).arg(&path).done().quiet();
            let mut names = Vec::new();
            if storage != "sequential" {
                names.push("latest.png".to_string());
            }
            if storage != "latest" {
                names.extend((0..count).map(|at| format!("thumb{at}.png")));
            }
            let mut found = folder.names();
            found.retain(|name| name != "index.json");
            assert_eq!(found, names, "{every} {storage}");
            if storage != "latest" {
                let shot = |(at, time): (usize, &i64)| Shot {
                    time_ms: *time,
                    content: Ok(folder.read(&format!("thumb{at}.png"))),
                };
                let shots: Vec<Shot> = times.iter().enumerate().map(shot).collect();
                assert_eq!(faults(&film, Pick::Exact, &shots), [""; 0], "{every}");
            }
            if storage != "sequential" {
                let shot = Shot { time_ms: times[count - 1], content: Ok(folder.read("latest.png")) };
                assert_eq!(faults(&film, Pick::Exact, &[shot]), [""; 0], "{every}");
            }
        }
    }
}

#[test]
fn thumbnails_are_jpeg_unless_asked_otherwise() {
    let folder = Folder::new();
    fragkit("images --storage both --every 2s --out").arg(folder.path()).arg(testdata(STREAM)).done().quiet();
    let mut names = folder.names();
    names.retain(|name| name != "index.json");
    assert_eq!(names, ["latest.jpg", "thumb0.jpg", "thumb1.jpg", "thumb2.jpg"]);
    assert!(folder.read("latest.jpg") == folder.read("thumb2.jpg"));
    let at_start = shot_at(&testdata(STREAM), "--include-overlap --pick keyframe", 1_704_067_200_023);
    assert!(Rgb::of_jpeg(&folder.read("thumb0.jpg")) == Rgb::of_jpeg(at_start.picture()));
}

#[test]
fn a_sheet_shows_all_pictures_with_their_times() {
    if !strangers() {
        return;
    }
    let path = testdata("h264-main-aac.chunks.mkv");
    for (words, name) in [("--every 500ms", "sheet.jpg"), ("--every 500ms --format png", "sheet.png")] {
        let folder = Folder::new();
        fragkit("images").words(words).arg("--sheet").arg(folder.join(name)).arg(&path).done().quiet();
        assert_eq!(folder.names(), [name]);
        let file = folder.read(name);
        let sheet = if name.ends_with("png") { Rgb::of_png(&file) } else { Rgb::of_jpeg(&file) };
        // Twelve pictures, each wider than high: less wide in all than twelve, less high too.
        assert!(sheet.width >= 2 * 160 && sheet.height >= 2 * 120, "{sheet:?}");
        assert!(sheet.width < 12 * 330 && sheet.height < 12 * 300, "{sheet:?}");
        assert!(sheet.width * sheet.height >= 12 * 160 * 120, "{sheet:?}");
        let pixels = (0..sheet.height).flat_map(|y| (0..sheet.width).map(move |x| (x, y)));
        let mut colours: Vec<[u8; 3]> = pixels.map(|(x, y)| sheet.pixel(x, y)).collect();
        colours.sort_unstable();
        colours.dedup();
        assert!(colours.len() > 1000, "there are pictures on it, and not {} colours", colours.len());
    }
    let folder = Folder::new();
    fragkit("images --every 500ms --width 64 --sheet").arg(folder.join("small.jpg")).arg(&path).done().quiet();
    let small = Rgb::of_jpeg(&folder.read("small.jpg"));
    assert!(small.width < 12 * 80 && small.width >= 64 * 2, "{small:?}");
}

#[test]
fn a_sheet_of_one_picture_and_one_with_gaps_can_be_made() {
    if !strangers() {
        return;
    }
    let folder = Folder::new();
    let path = stream_with_gap(&folder);
    fragkit("images --every 1h --sheet").arg(folder.join("one.jpg")).arg(&path).done().quiet();
    let one = Rgb::of_jpeg(&folder.read("one.jpg"));
    fragkit("images --every 500ms --sheet").arg(folder.join("all.jpg")).arg(&path).done().ok();
    let all = Rgb::of_jpeg(&folder.read("all.jpg"));
    assert!(all.width * all.height > 4 * one.width * one.height, "{one:?} {all:?}");
}

/// Runs the program where files may not grow beyond some KiB, as on a full disk.
#[cfg(unix)]
fn cramped(kib: usize, words: &str, target: &Path) -> Done {
    let script = format!("trap '' XFSZ; ulimit -f {kib}; exec \"$0\" \"$@\"");
    let mut command = Command::new("bash");
    command.args(["-c", &script, env!("CARGO_BIN_EXE_fragkit")]).args(words.split(' ')).arg(target);
    Done::of(command.arg(testdata(STREAM)).output().unwrap())
}

#[cfg(unix)]
#[test]
fn nothing_partial_is_left_where_there_is_no_room() {
    let folder = Folder::new();
    let line = cramped(3, "images --every 1s --format png --out", folder.path()).refused(3);
    assert!(line.contains("cannot write"), "{line}");
    let mut names = folder.names();
    names.retain(|name| name != "index.json");
    assert_eq!(names, [""; 0]);
    let line = cramped(3, "images --every 1s --format png --storage both --out", folder.path()).refused(3);
    assert!(line.contains("cannot write"), "{line}");
    names = folder.names();
    names.retain(|name| name != "index.json");
    assert_eq!(names, [""; 0]);
    let folder = Folder::new();
    let old = folder.put("sheet.png", "old");
    cramped(3, "images --every 1s --format png --sheet", &old).refused(3);
    assert_eq!((folder.names(), folder.read("sheet.png")), (vec!["sheet.png".to_string()], b"old".to_vec()));
}

#[cfg(target_os = "linux")]
#[test]
fn a_place_that_cannot_be_written_to_is_named() {
    for (words, place) in [
        ("images --out", "/proc/pictures"),
        ("images --storage both --out", "/proc/pictures"),
        ("images --sheet", "/proc/pictures.png"),
    ] {
        let line = fragkit(words).arg(place).arg(testdata(STREAM)).done().refused(3);
        assert!(line.contains("/proc/pictures"), "{line}");
    }
    let folder = Folder::new();
    let file = folder.put("file", "a file");
    for words in ["images --out", "images --storage both --out"] {
        let done = fragkit(words).arg(&file).arg(testdata(STREAM)).done();
        let line = done.refused(done.code.filter(|code| *code == 2 || *code == 3).unwrap());
        assert!(line.contains("file"), "{line}");
    }
    assert_eq!(folder.read("file"), b"a file");
    let line = fragkit("images --json").arg(testdata(STREAM)).stdout_to("/dev/full").done().refused(3);
    assert!(line.contains("cannot write to standard output"), "{line}");
}

#[test]
fn without_any_picture_the_exit_code_says_so() {
    let path = testdata(STREAM);
    for range in ["--from +1h --to +2h", "--from 1970-01-01T00:00:00Z --to 1970-01-01T00:00:09Z"] {
        let shots = all_shots(&path, &format!("{range} --every 1000s"));
        assert!(!shots.is_empty());
        shots.iter().for_each(|shot| assert!(!shot.reason("NO_MEDIA").is_empty()));
    }
    let folder = Folder::new();
    let done = fragkit("images --from +1h --out").arg(folder.join("none")).arg(&path).done();
    done.refused(1);
    let done = fragkit("images --from +1h --to +2h --sheet").arg(folder.join("none.jpg")).arg(&path).done();
    done.refused(1);
    let empty = folder.put("empty.mkv", "");
    fragkit("images --json").arg(&empty).done().refused(1);
    fragkit("images --json -").stdin(&b"no media at all"[..]).done().refused(1);
}

#[test]
fn what_does_not_go_together_is_refused() {
    let path = testdata(STREAM);
    let folder = Folder::new();
    for words in [
        "images",
        "images --json --out out",
        "images --json --sheet sheet.jpg",
        "images --out out --sheet sheet.jpg",
        "images --storage both",
        "images --storage both --json",
        "images --storage latest --sheet sheet.jpg",
        "images --storage latest --out out --pick exact",
        "images --storage never --out out",
        "images --out out --small",
        "images --out out --format jpeg --small",
        "images --out out --format png --quality 80",
        "images --out out --format gif",
        "images --out out --pick any",
        "images --out out --every soon",
        "images --out out --every -3s",
        "images --out out --every 1.0005s",
        "images --out out --width many",
        "images --out out --width -1",
        "images --out out --jobs 0",
        "images --out out --jobs x",
        "images --out out --limits 2021",
    ] {
        fragkit(words).arg(&path).current_dir(folder.path()).done().refused(2);
    }
    assert_eq!(folder.names(), [""; 0]);
}

#[test]
fn an_output_that_is_an_input_is_refused() {
    let folder = Folder::new();
    let stream = chunks_of("h264-baseline.mkv", "--start 2024-01-01T00:00:00Z");
    let path = folder.put("1704067200000.jpg", &stream);
    let done = fragkit("images --every 1s --out").arg(folder.path()).arg(&path).done();
    done.refused(2);
    assert!(folder.read("1704067200000.jpg") == stream, "the input is as it was");
    fragkit("images --every 1s --sheet").arg(&path).arg(&path).done().refused(2);
    assert!(folder.read("1704067200000.jpg") == stream, "the input is as it was");
}
