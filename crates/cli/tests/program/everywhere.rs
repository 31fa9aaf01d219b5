//! What several subcommands have alike: how much they say, what they would do, and going on with work that was broken off.

use std::fs;

use crate::process::{Folder, fragkit};
use crate::streams::testdata;

#[test]
fn quiet_and_verbose_change_what_is_said_and_not_what_is_done() {
    let input = testdata("exceptions.chunks.mkv");
    let plain = fragkit("list").arg(&input).done().ok();
    assert!(!plain.findings().is_empty());
    let quiet = fragkit("list --quiet").arg(&input).done().ok();
    assert!(quiet.findings().iter().all(|line| line.starts_with("fragkit: error: ")), "{}", quiet.stderr);
    let verbose = fragkit("-v list").arg(&input).done();
    assert!(verbose.stderr.contains("bytes in files") && verbose.stderr.contains("read: "), "{}", verbose.stderr);
    assert!(plain.stdout == quiet.stdout && plain.stdout == verbose.stdout);
    assert_eq!(fragkit("list -q -v").arg(&input).done().code, Some(2));
}

#[test]
fn a_dry_run_says_what_would_be_written_and_a_second_run_keeps_it() {
    let (folder, input) = (Folder::new(), testdata("h264-main-aac.chunks.mkv"));
    for subcommand in ["clip", "merge", "audio", "chunks"] {
        // Chunks are made of ordinary files.
        let input = if subcommand == "chunks" { &testdata("h264-main-aac.mkv") } else { &input };
        let name = if subcommand == "audio" { "out.m4a" } else { "out.mkv" };
        let call =
            |option: &str| fragkit(subcommand).words(option).arg(input).arg("-o").arg(folder.join(name)).done().ok();
        let said = call("--dry-run");
        assert_eq!(folder.names(), [""; 0], "{subcommand}");
        call("");
        let bytes = folder.read(name).len();
        assert!(said.text().trim_end().ends_with(&format!(", {bytes} bytes")), "{}", said.text());
        fs::remove_file(folder.join(name)).unwrap();
    }
    let clip =
        |option: &str| fragkit("clip").words(option).arg(&input).arg("-o").arg(folder.join("out.mp4")).done().ok();
    clip("");
    let written = fs::metadata(folder.join("out.mp4")).unwrap().modified().unwrap();
    assert!(clip("--resume").stderr.contains("is there already"));
    assert_eq!(fs::metadata(folder.join("out.mp4")).unwrap().modified().unwrap(), written);
    // Another clip of the same name is written.
    let other = clip("--resume --from +1s");
    assert!(!other.stderr.contains("is there already"), "{}", other.stderr);
}

#[test]
fn pictures_that_are_there_are_kept_and_listed_with_the_others() {
    let (folder, input) = (Folder::new(), testdata("h264-main-aac.chunks.mkv"));
    for format in ["jpeg", "png"] {
        let images = |options: &str| {
            let call = fragkit("images --every 1s --width 80 --format").arg(format).words(options).arg(&input);
            call.arg("--out").arg(folder.join(format)).done().ok()
        };
        assert!(images("--dry-run").text().contains(": 7 times for pictures, 0 pictures are there already"));
        assert!(!folder.join(format).exists());
        images("");
        let names = |extension: &str| {
            let entries = fs::read_dir(folder.join(format)).unwrap().map(|entry| entry.unwrap().path());
            let mut names: Vec<_> = entries.filter(|path| path.extension().is_some_and(|is| is == extension)).collect();
            names.sort();
            names
        };
        let extension = if format == "jpeg" { "jpg" } else { "png" };
        let pictures = names(extension);
        let index = fs::read(folder.join(format).join("index.json")).unwrap();
        // One is gone, one was cut off by something else, and one is another picture, which cannot be known.
        let third = fs::read(&pictures[3]).unwrap();
        fs::remove_file(&pictures[1]).unwrap();
        fs::write(&pictures[2], &fs::read(&pictures[2]).unwrap()[..500]).unwrap();
        fs::write(&pictures[4], &third).unwrap();
        fs::remove_file(folder.join(format).join("index.json")).unwrap();
        let again = images("--resume");
        assert!(
            again.stderr.contains(&format!("{} pictures are there already", pictures.len() - 2)),
            "{}",
            again.stderr
        );
        assert_eq!(names(extension), pictures);
        assert!(fs::read(folder.join(format).join("index.json")).unwrap() == index);
        assert!(fs::read(&pictures[4]).unwrap() == third);
        assert!(fs::read(&pictures[2]).unwrap().len() > 500);
    }
}
