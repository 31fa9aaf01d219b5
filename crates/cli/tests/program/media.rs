//! `fragkit media`.

use crate::process::{Folder, fragkit};
use crate::streams::{documents, tag_values, testdata, testdata_bytes};

const STREAM: &str = "h264-main-aac.chunks.mkv";

fn numbers() -> Vec<String> {
    tag_values(&testdata_bytes(STREAM), "FRAGMENT_NUMBER")
}

#[test]
fn chunks_are_copied_byte_for_byte_in_the_order_asked() {
    let stream = testdata_bytes(STREAM);
    let documents = documents(&stream);
    let numbers = numbers();
    let folder = Folder::new();
    let out = folder.join("out.mkv");
    for wanted in [&[0][..], &[5, 0, 3], &[1, 1], &[0, 1, 2, 3, 4, 5]] {
        let expected: Vec<u8> = wanted.iter().flat_map(|&at| stream[documents[at].clone()].to_vec()).collect();
        let media = |input: &str| {
            let call = fragkit("media").arg(input).arg("--fragment");
            wanted.iter().fold(call, |call, &at| call.arg(&numbers[at])).arg("-o")
        };
        let path = testdata(STREAM);
        media(path.to_str().unwrap()).arg(&out).done().quiet();
        assert!(folder.read("out.mkv") == expected, "{wanted:?}");
        assert!(media(path.to_str().unwrap()).arg("-").done().quiet().stdout == expected);
        assert!(media("-").arg("-").stdin(&*stream).done().quiet().stdout == expected);
    }
    assert_eq!(folder.names(), ["out.mkv"]);
}

#[test]
fn a_chunk_that_lies_in_two_files_is_copied_whole() {
    let stream = testdata_bytes(STREAM);
    let documents = documents(&stream);
    let folder = Folder::new();
    let (first, second) = stream.split_at(documents[2].start + 1001);
    let (first, second) = (folder.put("1.mkv", first), folder.put("2.mkv", second));
    let copied = fragkit("media -o - --fragment").arg(&numbers()[2]).arg("--").arg(first).arg(second).done().quiet();
    assert!(copied.stdout == stream[documents[2].clone()]);
}

#[test]
fn missing_fragments_become_exception_chunks_in_either_spelling() {
    let stream = testdata_bytes(STREAM);
    let first = &stream[documents(&stream)[0].clone()];
    let spellings =
        [("get-media", "ERROR_CODE", "ERROR_ID"), ("fragment-list", "EXCEPTION_MESSAGE", "EXCEPTION_ERROR_CODE")];
    for (names, message, code) in spellings {
        let folder = Folder::new();
        let out = folder.join("out.mkv");
        let call = fragkit("media --fragment 77 --fragment").arg(&numbers()[0]).words("--fragment 88 --tag-names");
        let done = call.arg(names).arg(testdata(STREAM)).arg("-o").arg(&out).done().ok();
        assert_eq!(done.findings().len(), 2, "{}", done.stderr);
        assert!(done.findings()[0].contains("77") && done.findings()[1].contains("88"));

        let written = folder.read("out.mkv");
        let parts = documents(&written);
        assert_eq!(parts.len(), 3);
        assert!(&written[parts[1].clone()] == first);
        assert_eq!(tag_values(&written, code), ["4000", "4000"]);
        assert_eq!(tag_values(&written, message).len(), 2);
        assert_eq!(tag_values(&written, "FRAGMENT_NUMBER"), ["77", &numbers()[0], "88"]);

        let read = fragkit("inspect --json").arg(&out).done().ok().json();
        let chunks = read["chunks"].as_array().unwrap();
        assert_eq!(chunks.len(), 3);
        for (at, number) in [(0, "77"), (2, "88")] {
            assert_eq!(chunks[at]["exception"]["code"], 4000);
            assert_eq!(chunks[at]["exception"]["message"], *tag_values(&written, message)[0]);
            assert_eq!(chunks[at]["fragment_number"], number);
            assert_eq!(chunks[at]["completeness"], "no media");
        }
        assert_eq!(chunks[1]["exception"], serde_json::Value::Null);
        assert_eq!(fragkit("list").arg(&out).done().numbers(), numbers()[..1]);
    }
}

#[test]
fn nothing_found_gives_no_file() {
    let folder = Folder::new();
    let done = fragkit("media --fragment 77 88 -o").arg(folder.join("out.mkv")).arg("--").arg(testdata(STREAM)).done();
    assert!(done.refused(1).contains("ResourceNotFoundException"));
    assert_eq!(done.findings(), [""; 0], "no chunk stands for anything");
    let plain = fragkit("media --fragment 1 -o").arg(folder.join("out.mkv")).arg(testdata("aac-mono.mkv")).done();
    assert!(plain.refused(1).contains("fragkit chunks"));
    assert_eq!(folder.names(), [""; 0]);
}

#[test]
fn leading_zeros_make_no_other_number() {
    let stream = testdata_bytes(STREAM);
    let padded = format!("00{}", numbers()[4]);
    let copied = fragkit("media -o - --fragment").arg(padded).arg("--").arg(testdata(STREAM)).done().quiet();
    assert!(copied.stdout == stream[documents(&stream)[4].clone()]);
}
