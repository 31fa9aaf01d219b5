//! MP4 and MOV files as input: every subcommand that takes ordinary Matroska takes them, from files, folders and pipes.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::process::{Call, Folder, fragkit};
use crate::streams::{positions, testdata};

/// Whether ffmpeg is there. Without it a test says so and passes, unless `FRAGKIT_REQUIRE_STRANGERS` is set.
fn available() -> bool {
    let there = Command::new("ffmpeg").arg("-version").output().is_ok();
    if !there {
        assert!(std::env::var_os("FRAGKIT_REQUIRE_STRANGERS").is_none(), "ffmpeg is missing");
        println!("skipped: ffmpeg is missing");
    }
    there
}

/// What ffmpeg makes of a file of testdata: `name` says which container.
fn made(folder: &Folder, source: &str, arguments: &str, name: &str) -> PathBuf {
    let path = folder.join(name);
    let mut command = Command::new("ffmpeg");
    command.args(["-nostdin", "-v", "error", "-y", "-i"]).arg(testdata(source)).args(["-c", "copy"]);
    let output = command.args(arguments.split_whitespace()).arg(&path).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    path
}

#[test]
fn a_movie_and_its_pipe_and_its_folder_give_the_same() {
    if !available() {
        return;
    }
    for arguments in ["", "-movflags +faststart", "-movflags frag_keyframe+empty_moov"] {
        let folder = Folder::new();
        let path = made(&folder, "h264-high-bframes-aac.mkv", arguments, "movie.mp4");
        let bytes = folder.read("movie.mp4");
        for words in
            ["list", "list --json", "inspect --json", "clip -o -", "merge -o -", "chunks -o -", "images --json"]
        {
            let given = |call: Call| call.done().quiet().stdout;
            let expected = given(fragkit(words).arg(&path));
            assert!(expected.len() > 200, "{words}");
            assert!(given(fragkit(words).arg(folder.path())) == expected, "{words} of a folder");
            let piped = given(fragkit(words).arg("-").stdin(&*bytes));
            // Of a pipe the size is that of the fragments.
            if words != "inspect --json" {
                assert!(piped == expected, "{words} of a pipe");
            }
        }
        // Into a file, a pipe's clip is written while it is read.
        let out = folder.join("clip-of-pipe.mp4");
        fragkit("clip - -o").arg(&out).stdin(&*bytes).done().quiet();
        let (piped, read) = (fragkit("list").arg(&out).done().quiet(), fragkit("list").arg(&path).done().quiet());
        assert_eq!(piped.rows().len(), read.rows().len());
    }
}

#[test]
fn a_movie_is_listed_as_the_matroska_file_that_it_was_made_of() {
    if !available() {
        return;
    }
    let folder = Folder::new();
    let path = made(&folder, "h264-main-aac.mkv", "", "movie.mov");
    let rows = |path: &Path| fragkit("list").arg(path).done().quiet().rows();
    let (movie, matroska) = (rows(&path), rows(&testdata("h264-main-aac.mkv")));
    assert_eq!(movie.len(), matroska.len());
    for (movie, matroska) in movie.iter().zip(&matroska) {
        assert_eq!(movie.number, matroska.number);
        // Of Matroska it is the time of the Cluster, which may begin with a little sound.
        let start = |row: &crate::process::Row| row.producer.parse::<f64>().unwrap();
        assert!((start(movie) - start(matroska)).abs() < 0.1, "{movie:?} {matroska:?}");
    }
    let frames = |rows: &[crate::process::Row]| rows.iter().map(|row| row.frames).sum::<usize>();
    assert_eq!(frames(&movie), frames(&matroska));
}

#[test]
fn pictures_of_a_movie_are_those_of_its_chunks() {
    if !available() {
        return;
    }
    for (source, arguments, name) in [
        ("h264-high-bframes-aac.mkv", "", "movie.mp4"),
        ("h265-bframes-aac.mkv", "-tag:v hvc1 -movflags frag_keyframe+empty_moov", "movie.mp4"),
    ] {
        let folder = Folder::new();
        let path = made(&folder, source, arguments, name);
        let chunks = folder.join("chunks.mkv");
        fragkit("chunks --fragment-length 0s").arg(&path).arg("-o").arg(&chunks).done().quiet();
        for words in ["images --every 700ms", "images --every 1s --pick keyframe"] {
            // Without what is said of them, which names the fragment.
            let pictures = |path: &Path| {
                let out = folder.join("pictures");
                fragkit(words).words("--format png").arg(path).arg("--out").arg(&out).done().quiet();
                let mut files: Vec<PathBuf> =
                    std::fs::read_dir(&out).unwrap().map(|entry| entry.unwrap().path()).collect();
                files.retain(|file| file.extension().is_some_and(|extension| extension == "png"));
                files.sort();
                assert!(files.len() > 2);
                let pixels = |file: &PathBuf| {
                    let bytes = std::fs::read(file).unwrap();
                    let name = file.file_name().unwrap().to_owned();
                    (name, bytes[positions(&bytes, b"IDAT")[0]..].to_vec())
                };
                let pictures: Vec<_> = files.iter().map(pixels).collect();
                std::fs::remove_dir_all(&out).unwrap();
                pictures
            };
            assert!(pictures(&path) == pictures(&chunks), "{source} {words}");
        }
    }
}

#[test]
fn media_has_no_chunks_to_copy_of_a_movie() {
    if !available() {
        return;
    }
    let folder = Folder::new();
    let path = made(&folder, "h264-baseline.mkv", "", "movie.mp4");
    let done = fragkit("media --fragment 1 -o -").arg(&path).done();
    assert!(done.refused(1).contains("fragkit chunks"));
}

#[test]
fn what_is_wrong_with_a_movie_is_told() {
    if !available() {
        return;
    }
    let folder = Folder::new();
    let path = made(&folder, "h264-main-aac.mkv", "", "movie.mp4");
    let bytes = folder.read("movie.mp4");
    let broken = folder.put("broken.mp4", &bytes[..bytes.len() / 2]);
    let done = fragkit("list").arg(&broken).done();
    assert!(done.refused(1).contains("no fragment with media"));
    assert!(done.findings().len() == 1 && done.findings()[0].contains("no moov box"), "{}", done.stderr);
    // The others are used all the same.
    let rows = fragkit("list").arg(&broken).arg(&path).done().ok().rows();
    assert_eq!(rows.len(), fragkit("list").arg(&path).done().quiet().rows().len());
}
