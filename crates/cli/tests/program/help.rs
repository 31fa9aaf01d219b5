//! The help of each subcommand has an example, and each example runs.

use std::fs;

use crate::process::{Folder, fragkit};
use crate::streams::{chunks_of, tag_values, testdata};

const SUBCOMMANDS: [&str; 11] =
    ["list", "inspect", "report", "media", "clip", "images", "audio", "merge", "chunks", "completions", "man"];

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
    let lines: Vec<&str> = version.text().lines().collect();
    let [name, features, decoders] = lines[..] else { panic!("{}", version.text()) };
    assert_eq!(name, concat!("fragkit ", env!("CARGO_PKG_VERSION")));
    assert!(features.starts_with("features: ") && decoders.contains("rust_h264"), "{}", version.text());
    assert_eq!(fragkit("-V").done().quiet().text(), format!("{name}\n"));
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

#[test]
fn shells_are_told_every_subcommand() {
    for (shell, start) in [("bash", "_fragkit()"), ("zsh", "#compdef fragkit"), ("fish", "#"), ("powershell", "")] {
        let script = fragkit("completions").arg(shell).done().quiet();
        assert!(script.text().contains(start), "{shell}");
        for subcommand in SUBCOMMANDS {
            assert!(script.text().contains(subcommand), "{shell} {subcommand}");
        }
    }
    assert_eq!(fragkit("completions tcl").done().code, Some(2));
}

#[test]
fn there_is_a_page_of_the_program_and_of_each_subcommand() {
    let folder = Folder::new();
    fragkit("man --out pages").current_dir(folder.path()).done().quiet();
    let page = |name: &str| fs::read_to_string(folder.join("pages").join(name)).unwrap();
    assert_eq!(page("fragkit.1"), fragkit("man").done().quiet().text());
    for subcommand in SUBCOMMANDS {
        let page = page(&format!("fragkit-{subcommand}.1"));
        assert!(page.starts_with(".ie") && page.contains(".SH SYNOPSIS"), "{page}");
        // Where groff is installed, it has nothing to complain of.
        let groff = std::process::Command::new("groff")
            .args(["-man", "-Tutf8", "-ww", "-z"])
            .arg(folder.join("pages").join(format!("fragkit-{subcommand}.1")))
            .output();
        if let Ok(groff) = groff {
            assert_eq!(String::from_utf8_lossy(&groff.stderr), "", "{subcommand}");
        }
    }
}

#[test]
fn options_stand_under_the_heading_that_they_belong_to() {
    let help = fragkit("clip -h").done().quiet();
    let section = |heading: &str| {
        let (_, behind) = help.text().split_once(&format!("\n{heading}:\n")).expect(heading);
        behind.split("\n\n").next().unwrap().to_string()
    };
    let which = section("Which fragments");
    assert!(which.contains("--from") && which.contains("--include-cut") && !which.contains("--strict"), "{which}");
    assert!(section("How they are joined").contains("--gaps"));
    assert!(section("Options").contains("--strict") && section("Options").contains("--dry-run"));
    assert!(section("Everywhere").contains("--jobs"));
}
