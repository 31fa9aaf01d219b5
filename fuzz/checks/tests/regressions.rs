//! Every input that once broke a target, every seed, and what the targets have learned (`fuzz/minimise.sh`) holds what its target
//! asks.

use std::fs;
use std::io::Read as _;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

use fragkit_fuzz_checks::TARGETS;

const FUZZ: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/..");

fn files(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
}

/// The names and bytes of all inputs of a target.
fn inputs(target: &str) -> Vec<(String, Vec<u8>)> {
    let folders = ["seeds", "regressions"].map(|kind| Path::new(FUZZ).join(kind).join(target));
    let paths = folders.iter().flat_map(|folder| files(folder));
    let mut inputs: Vec<_> = paths.map(|path| (path.display().to_string(), fs::read(path).unwrap())).collect();
    let path = Path::new(FUZZ).join("corpora").join(format!("{target}.tar.gz"));
    let mut archive = tar::Archive::new(flate2::read::GzDecoder::new(fs::File::open(&path).unwrap()));
    for entry in archive.entries().unwrap() {
        let mut entry = entry.unwrap();
        let mut input = Vec::new();
        entry.read_to_end(&mut input).unwrap();
        if entry.header().entry_type().is_file() {
            inputs.push((format!("{} in {}", entry.path().unwrap().display(), path.display()), input));
        }
    }
    inputs
}

#[test]
fn seeds_and_corpora_and_what_once_broke_a_target_hold() {
    let mut broken: Vec<String> = Vec::new();
    for (name, check) in TARGETS {
        let inputs = inputs(name);
        for (from, input) in &inputs {
            if catch_unwind(AssertUnwindSafe(|| check(input))).is_err() {
                broken.push(from.clone());
            }
        }
        println!("{name}: {} inputs", inputs.len());
        assert!(inputs.len() >= 10, "{name}");
        assert!(broken.is_empty(), "{broken:#?}");
    }
}

/// Targets that take streams.
const STREAMS: [&str; 6] = ["chunks", "clip", "fragments", "merge", "mkv", "mkv_round_trip"];

#[test]
fn real_streams_hold() {
    let testdata = files(&Path::new(FUZZ).join("../testdata"));
    let streams = testdata.iter().filter(|path| path.extension().is_some_and(|extension| extension == "mkv"));
    let mut count = 0;
    for path in streams {
        let mut input = fs::read(path).unwrap();
        // The last byte chooses; here: the largest pieces, and no options.
        for choice in [0xff, 0] {
            input.push(choice);
            for (name, check) in TARGETS.iter().filter(|(name, _)| STREAMS.contains(name)) {
                if choice != 0 || *name != "mkv" {
                    let held = catch_unwind(AssertUnwindSafe(|| check(&input)));
                    assert!(held.is_ok(), "{name}: {}", path.display());
                }
            }
            input.pop();
        }
        count += 1;
    }
    assert!(count > 30, "{count} streams");
}

#[test]
fn planned_streams_hold() {
    // A small generator of its own (xorshift): the same plans each time.
    let mut state = 0x9E37_79B9_7F4A_7C15_u64;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()
    };
    for len in (10..1500).step_by(3) {
        let input: Vec<u8> = std::iter::repeat_with(&mut next).take(len / 8 + 1).flatten().collect();
        fragkit_fuzz_checks::stream::check(&input);
    }
}

#[test]
fn each_folder_belongs_to_a_target() {
    for kind in ["seeds", "regressions"] {
        for folder in files(&Path::new(FUZZ).join(kind)).iter().filter(|path| path.is_dir()) {
            let name = folder.file_name().unwrap().to_str().unwrap();
            assert!(TARGETS.iter().any(|(target, _)| *target == name), "{}", folder.display());
        }
    }
}

#[test]
fn each_target_is_built() {
    for (name, _) in TARGETS {
        let text = fs::read_to_string(Path::new(FUZZ).join("fuzz_targets").join(format!("{name}.rs"))).unwrap();
        assert!(text.contains(&format!("fragkit_fuzz_checks::{name}::check")), "{name}");
    }
}

#[test]
fn the_dictionary_knows_the_elements_by_their_names() {
    let text = fs::read_to_string(Path::new(FUZZ).join("dictionaries/matroska.dict")).unwrap();
    let mut known = 0;
    for (name, value) in text.lines().filter_map(|line| line.split_once('=')) {
        let bytes: Option<Vec<u8>> =
            value.trim_matches('"').split("\\x").skip(1).map(|hex| u8::from_str_radix(hex, 16).ok()).collect();
        let id = bytes.unwrap_or_default().iter().fold(0, |id, byte| id << 8 | u64::from(*byte));
        if let Some(expected) = fragkit::mkv::Id(id).name() {
            assert_eq!(name, expected.replace('-', "_"));
            known += 1;
        }
    }
    assert!(known > 100, "{known}");
}
