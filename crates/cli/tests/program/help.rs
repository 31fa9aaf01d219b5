//! The help of each subcommand has an example, and each example runs.

use std::fs;

use crate::process::{Folder, fragkit};
use crate::streams::{chunks_of, tag_values, testdata};

const SUBCOMMANDS: [&str; 7] = ["list", "inspect", "report", "media", "clip", "merge", "chunks"];

/// The examples at the end of a subcommand's help.
fn examples(subcommand: &str) -> Vec<String> {
    let help = fragkit(subcommand).arg("--help").done().quiet();
    let (_, examples) = help.text().split_once("\nExample:\n").expect("an example");
    let lines: Vec<String> = examples.lines().map(|line| line.trim().to_string()).collect();
    assert!(!lines.is_empty() && lines.iter().all(|line| line.starts_with(&format!("fragkit {subcommand} "))));
    lines
}

#[test]
fn help_lists_every_subcommand_and_is_no_error() {
    let help = fragkit("--help").done().quiet();
    for subcommand in SUBCOMMANDS {
        assert!(help.text().contains(&format!("\n  {subcommand} ")), "{}", help.text());
        let short = fragkit(subcommand).arg("-h").done().quiet();
        assert!(short.text().contains("Usage: fragkit"));
    }
    let version = fragkit("--version").done().quiet();
    assert_eq!(version.text(), concat!("fragkit ", env!("CARGO_PKG_VERSION"), "\n"));
}

#[test]
fn no_subcommand_at_all_shows_the_help_as_wrong_usage() {
    let done = fragkit("").done();
    assert_eq!((done.code, &done.stdout[..]), (Some(2), &b""[..]));
    assert!(done.stderr.contains("Usage: fragkit") && done.stderr.contains("merge"));
}

/// Runs the examples of a subcommand in a folder that has files of the names they use.
fn run_examples(subcommand: &str) {
    let folder = Folder::new();
    // Forty-two seconds around the time that the example of `list` speaks of: 2017-11-28T06:54:00Z.
    let chunks: Vec<u8> = (0..7)
        .flat_map(|at| {
            chunks_of("h264-baseline.mkv", &format!("--fragment-length 1s --start {}", 1_511_852_030 + at * 6))
        })
        .collect();
    let numbers = tag_values(&chunks, "FRAGMENT_NUMBER");
    folder.put("getmedia.mkv", &chunks);
    fs::copy(testdata("h264-baseline.mkv"), folder.join("recording.mkv")).unwrap();
    for example in examples(subcommand) {
        let mut words: Vec<&str> = example.split_whitespace().skip(1).collect();
        if let Some(at) = words.iter().position(|word| *word == "--fragment") {
            assert!(words[at + 1].bytes().all(|byte| byte.is_ascii_digit()));
            words[at + 1] = &numbers[3];
        }
        let before = folder.names();
        let done = fragkit(&words.join(" ")).current_dir(folder.path()).done().quiet();
        let outputs: Vec<&str> =
            words.windows(2).filter(|pair| ["-o", "--html"].contains(&pair[0])).map(|pair| pair[1]).collect();
        let new: Vec<String> = folder.names().into_iter().filter(|name| !before.contains(name)).collect();
        assert_eq!(new, outputs, "{example}");
        match outputs.first() {
            Some(output) => assert!(folder.read(output).len() > 5000, "{example}"),
            None => assert!(done.text().lines().count() > 3, "{example}"),
        }
    }
}

#[test]
fn the_example_of_list_runs() {
    run_examples("list");
}

#[test]
fn the_example_of_inspect_runs() {
    run_examples("inspect");
}

#[test]
fn the_example_of_report_runs() {
    run_examples("report");
}

#[test]
fn the_example_of_media_runs() {
    run_examples("media");
}

#[test]
fn the_example_of_clip_runs() {
    run_examples("clip");
}

#[test]
fn the_example_of_merge_runs() {
    run_examples("merge");
}

#[test]
fn the_example_of_chunks_runs() {
    run_examples("chunks");
}
