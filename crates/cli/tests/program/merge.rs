//! `fragkit merge`. Whether what it makes plays is tested where files are merged; here it is the right one.

use std::fs;
use std::path::Path;

use crate::process::{Folder, fragkit};
use crate::streams::{CAPTURES, capture, chunks_of, documents, positions, testdata, testdata_bytes};

fn merge(input: &Path, options: &str) -> Vec<u8> {
    fragkit("merge -o -").words(options).arg(input).done().ok().stdout
}

/// How many frames each track has, and the milliseconds from the first to the last.
fn shape(mkv: &[u8]) -> (Vec<u64>, f64) {
    let read = fragkit("inspect --json -").stdin(mkv).done().quiet().json();
    let chunks = read["chunks"].as_array().unwrap();
    let mut frames: Vec<u64> = Vec::new();
    for (track, at) in read["tracks"].as_array().unwrap().iter().zip(0..) {
        let number = track["number"].to_string();
        frames.insert(at, chunks.iter().filter_map(|chunk| chunk["frames"][&number].as_u64()).sum());
    }
    let ends = chunks
        .iter()
        .map(|chunk| chunk["producer_timestamp"].as_f64().unwrap() * 1000.0 + chunk["length_ms"].as_f64().unwrap());
    let end = ends.fold(0.0, f64::max);
    (frames, (end - chunks[0]["producer_timestamp"].as_f64().unwrap() * 1000.0).round())
}

#[test]
fn a_file_a_pipe_and_standard_output_give_one_ordinary_file() {
    for name in ["h264-main-aac", "h265-annexb", "two-audio", "exceptions", "fragment-list"] {
        let stream = format!("{name}.chunks.mkv");
        let folder = Folder::new();
        fragkit("merge").arg(testdata(&stream)).arg("-o").arg(folder.join("out.mkv")).done().ok();
        let merged = folder.read("out.mkv");
        assert_eq!(folder.names(), ["out.mkv"]);
        assert!(merge(&testdata(&stream), "") == merged, "{name}");
        let piped = fragkit("merge - -o -").stdin(testdata_bytes(&stream)).done().ok();
        assert!(piped.stdout == merged, "{name}");
        assert_eq!(documents(&merged).len(), 1, "{name}");
        assert_eq!(positions(&merged, b"AWS_KINESISVIDEO_").len(), 0, "{name}");
        let (frames, _) = shape(&merged);
        let chunks = fragkit("list").arg(testdata(&stream)).done().ok().rows();
        assert_eq!(
            frames.iter().sum::<u64>(),
            chunks.iter().map(|row| u64::try_from(row.frames).unwrap()).sum::<u64>(),
            "{name}"
        );
    }
}

#[test]
fn captures_become_one_document_with_all_their_frames() {
    for (name, lengths) in CAPTURES {
        let Some(path) = capture(name) else { continue };
        let chunks = fragkit("list").arg(&path).done().ok().rows();
        assert_eq!(chunks.len(), lengths.len());
        let merged = merge(&path, "");
        assert_eq!(documents(&merged).len(), 1, "{name}");
        let expected: usize = chunks.iter().map(|row| row.frames).sum();
        assert_eq!(shape(&merged).0.iter().sum::<u64>(), u64::try_from(expected).unwrap(), "{name}");
    }
}

#[test]
fn a_merged_file_can_be_made_into_chunks_again() {
    let merged = merge(&testdata("h264-baseline.chunks.mkv"), "");
    let chunks =
        fragkit("chunks - -o - --fragment-length 1s --start 2024-01-01T00:00:00Z").stdin(merged).done().quiet();
    let list = |bytes: Vec<u8>| fragkit("list -").stdin(bytes).done().quiet().rows();
    let (again, before) = (list(chunks.stdout), list(testdata_bytes("h264-baseline.chunks.mkv")));
    assert_eq!(again.len(), 6);
    for (again, before) in again.iter().zip(&before) {
        assert_eq!(
            (&again.producer, &again.length_ms, again.frames),
            (&before.producer, &before.length_ms, before.frames)
        );
    }
}

#[test]
fn a_range_takes_the_fragments_that_start_in_it() {
    let stream = testdata("h264-baseline.chunks.mkv");
    let expected = merge(&stream, "--from 1704067201 --to 1704067203");
    assert_eq!(shape(&expected), (vec![75], 2960.0));
    assert!(merge(&stream, "--from +1s --to +3s") == expected);
    assert!(merge(&stream, "--from +1.5s --to +3s --include-overlap") == expected);
    assert!(merge(&stream, "--by server --from 1704067201.5 --to 1704067203.5") == expected);
    let folder = Folder::new();
    let nothing = fragkit("merge --from +1h").arg(&stream).arg("-o").arg(folder.join("out.mkv")).done();
    nothing.refused(1);
    assert_eq!(folder.names(), [""; 0]);
}

#[test]
fn gaps_are_closed_or_kept() {
    let later = chunks_of("h264-baseline.mkv", "--start 2024-01-01T00:00:36Z --fragment-length 1s");
    let folder = Folder::new();
    let path = folder.put("stream.mkv", [testdata_bytes("h264-baseline.chunks.mkv"), later].concat());
    assert_eq!(shape(&merge(&path, "")), (vec![300], 11_960.0));
    assert_eq!(shape(&merge(&path, "--gaps keep")), (vec![300], 41_960.0));
}

#[test]
fn a_change_of_private_data_is_an_error_or_another_file() {
    let later = chunks_of("h264-vfr.mkv", "--start 2024-01-01T01:00:00Z --fragment-length 1s");
    let folder = Folder::new();
    let stream = folder.put("stream.mkv", [testdata_bytes("h264-baseline.chunks.mkv"), later].concat());
    let done = fragkit("merge").arg(&stream).arg("-o").arg(folder.join("out.mkv")).done();
    assert!(done.refused(1).contains("--on-change split"));
    assert_eq!(folder.names(), ["stream.mkv"]);
    fragkit("merge --on-change split").arg(&stream).arg("-o").arg(folder.join("out.mkv")).done().ok();
    assert_eq!(folder.names(), ["out-2.mkv", "out.mkv", "stream.mkv"]);
    assert_eq!(shape(&folder.read("out.mkv")).0, [150]);
    assert_eq!(shape(&folder.read("out-2.mkv")).0, [60]);
}

#[test]
fn strict_keeps_private_data_and_frames_as_they_are() {
    let stream = testdata("h264-annexb.chunks.mkv");
    let private = |mkv: Vec<u8>| {
        let folder = Folder::new();
        fs::write(folder.join("out.mkv"), mkv).unwrap();
        fragkit("inspect --json").arg(folder.join("out.mkv")).done().quiet().json()["tracks"][0]["private_data"].clone()
    };
    assert_eq!(private(merge(&stream, ""))["valid"], true);
    assert_eq!(private(merge(&stream, "--strict"))["valid"], false);
}
