//! `fragkit chunks`, and `fragkit list` of what it makes.

use std::fs;

use crate::process::{Folder, Row, fragkit};
use crate::streams::{chunks_of, documents, positions, size_at, tag_values, testdata, testdata_bytes};

fn listed(stream: &[u8]) -> Vec<Row> {
    fragkit("list -").stdin(stream).done().ok().rows()
}

/// Source, name and options of each chunk stream in testdata, as the script that makes them has it.
fn committed() -> Vec<(String, String, String)> {
    let script = fs::read_to_string(testdata("make.sh")).unwrap();
    let special = script.lines().filter_map(|line| line.trim_start().strip_prefix("chunk ")).filter_map(|line| {
        let (source, rest) = line.split_once(' ')?;
        let (name, options) = rest.split_once(' ')?;
        (!source.starts_with('"')).then(|| (source.to_string(), name.to_string(), options.to_string()))
    });
    let mut streams: Vec<_> = special.collect();
    let names = streams.iter().map(|(_, name, _)| name.clone()).collect::<Vec<_>>();
    for entry in fs::read_dir(testdata("")).unwrap() {
        let file = entry.unwrap().file_name().into_string().unwrap();
        if let Some(name) = file.strip_suffix(".chunks.mkv").filter(|name| !names.iter().any(|other| other == name)) {
            streams.push((name.into(), name.into(), "--fragment-length 1s".into()));
        }
    }
    streams
}

#[test]
fn the_chunk_streams_in_testdata_are_made_again_byte_for_byte() {
    let streams = committed();
    assert!(streams.len() > 25 && streams.iter().any(|(.., options)| options.contains("--annex-b")));
    for (source, name, options) in streams {
        let made = chunks_of(&format!("{source}.mkv"), &format!("--start 2024-01-01T00:00:00Z {options}"));
        assert!(made == testdata_bytes(&format!("{name}.chunks.mkv")), "{name} is what `chunks {options}` makes");
    }
}

#[test]
fn a_file_a_pipe_and_standard_output_give_the_same_chunks() {
    let folder = Folder::new();
    let source = testdata("h264-main-aac.mkv");
    fragkit("chunks").arg(&source).arg("-o").arg(folder.join("out.mkv")).done().quiet();
    let expected = chunks_of("h264-main-aac.mkv", "");
    assert!(folder.read("out.mkv") == expected);
    assert_eq!(folder.names(), ["out.mkv"]);
    let piped = fragkit("chunks - -o -").stdin(testdata_bytes("h264-main-aac.mkv")).done().quiet();
    assert!(piped.stdout == expected);
}

#[test]
fn fragments_start_at_key_frames_and_last_as_long_as_asked() {
    // Six groups of pictures, each of one second.
    for (length, starts) in [
        ("1s", &[0, 1000, 2000, 3000, 4000, 5000][..]),
        ("0", &[0, 1000, 2000, 3000, 4000, 5000]),
        ("1001ms", &[0, 2000, 4000]),
        ("2s", &[0, 2000, 4000]),
        ("4", &[0, 4000]),
        ("1h", &[0]),
    ] {
        let options = format!("--start 1704067200.250 --fragment-length {length}");
        let rows = listed(&chunks_of("h264-baseline.mkv", &options));
        let producer: Vec<String> = rows.iter().map(|row| row.producer.clone()).collect();
        let expected: Vec<String> = starts.iter().map(|ms| format!("{}.250", 1_704_067_200 + ms / 1000)).collect();
        assert_eq!(producer, expected, "{length}");
        assert_eq!(rows.iter().map(|row| row.frames).sum::<usize>(), 150);
        let lasts = if starts.len() == 1 { 6000 } else { starts[1] - starts[0] };
        assert_eq!(rows[0].length_ms, (lasts - 40).to_string(), "up to the last frame");
    }
}

#[test]
fn without_a_start_the_clock_of_the_file_counts() {
    let rows = listed(&chunks_of("h264-alaw.mkv", "--fragment-length 2s"));
    assert_eq!(rows[0].producer, "1704164645.678");
    let rows = listed(&chunks_of("h264-baseline.mkv", "--fragment-length 2s"));
    assert_eq!(rows[0].producer, "0.000");
}

#[test]
fn tags_are_written_in_either_spelling() {
    let get_media = chunks_of("h264-baseline.mkv", "--start 1704067200");
    let fragment_list = chunks_of("h264-baseline.mkv", "--start 1704067200 --tag-names fragment-list");
    assert_eq!(tag_values(&get_media, "PRODUCER_TIMESTAMP"), ["1704067200.000", "1704067202.000", "1704067204.000"]);
    assert_eq!(tag_values(&fragment_list, "PRODUCER_SIDE_TIMESTAMP"), tag_values(&get_media, "PRODUCER_TIMESTAMP"));
    assert_eq!(tag_values(&fragment_list, "SERVER_SIDE_TIMESTAMP"), tag_values(&get_media, "SERVER_TIMESTAMP"));
    assert_eq!(tag_values(&fragment_list, "FRAGMENT_NUMBER"), tag_values(&get_media, "FRAGMENT_NUMBER"));
    assert_eq!(positions(&get_media, b"SIDE_TIMESTAMP").len(), 0);
    let without_size = |row: Row| Row { size: 0, ..row };
    let rows = |stream: &[u8]| listed(stream).into_iter().map(without_size).collect::<Vec<_>>();
    assert_eq!(rows(&get_media), rows(&fragment_list));
}

#[test]
fn clusters_say_how_long_they_are_only_if_asked() {
    let clusters =
        |stream: &[u8]| positions(stream, b"\x1F\x43\xB6\x75").into_iter().map(|at| at + 4).collect::<Vec<_>>();
    for options in ["", "--cluster-size unknown"] {
        let stream = chunks_of("h264-baseline.mkv", options);
        assert_eq!(clusters(&stream).iter().map(|&at| stream[at]).collect::<Vec<_>>(), [0xFF; 3]);
    }
    let stream = chunks_of("h264-baseline.mkv", "--cluster-size known");
    assert_eq!(clusters(&stream).len(), 3);
    for at in clusters(&stream) {
        let (size, width) = size_at(&stream, at);
        assert_eq!(stream[at + width + size..][..4], *b"\x12\x54\xC3\x67", "Tags follow the Cluster");
    }
    assert_eq!(listed(&stream).len(), 3);
}

#[test]
fn tags_behind_the_media_can_be_left_out() {
    let with = chunks_of("h264-baseline.mkv", "");
    let without = chunks_of("h264-baseline.mkv", "--no-trailing-tags");
    assert_eq!(tag_values(&with, "MILLIS_BEHIND_NOW"), ["0"; 3]);
    assert_eq!(tag_values(&with, "CONTINUATION_TOKEN"), tag_values(&with, "FRAGMENT_NUMBER"));
    assert_eq!(tag_values(&without, "MILLIS_BEHIND_NOW").len(), 0);
    assert_eq!(tag_values(&without, "CONTINUATION_TOKEN").len(), 0);
    assert_eq!(listed(&without).len(), 3);
    let read = fragkit("inspect --json -").stdin(without).done().ok().json();
    assert!(read["chunks"].as_array().unwrap().iter().all(|chunk| chunk["completeness"] == "untrailed"));
}

#[test]
fn metadata_is_on_every_fragment_in_order_with_duplicates() {
    let stream = chunks_of("h264-baseline.mkv", "--tag scene=yard --tag scene=gate=2 --tag empty=");
    let read = fragkit("inspect --json -").stdin(stream).done().ok().json();
    let chunks = read["chunks"].as_array().unwrap();
    assert_eq!(chunks.len(), 3);
    for chunk in chunks {
        let tags: Vec<(&str, &str)> = chunk["tags"]
            .as_array()
            .unwrap()
            .iter()
            .map(|tag| (tag["name"].as_str().unwrap(), tag["value"].as_str().unwrap()))
            .collect();
        assert_eq!(tags, [("scene", "yard"), ("scene", "gate=2"), ("empty", "")]);
    }
    for tag in ["noequals", "=value", "AWSname=value"] {
        let done = fragkit("chunks -o - --tag").arg(tag).arg(testdata("h264-baseline.mkv")).done();
        assert!(done.refused(2).contains("--tag"), "{tag}");
    }
}

#[test]
fn exceptions_stand_behind_the_chunks_that_were_named() {
    for (names, code_name) in [("get-media", "ERROR_ID"), ("fragment-list", "EXCEPTION_ERROR_CODE")] {
        let options = format!("--exception 1=4000 --exception 3=4503 --exception 1=12345 --tag-names {names}");
        let stream = chunks_of("h264-baseline.mkv", &options);
        assert_eq!(documents(&stream).len(), 6);
        assert_eq!(tag_values(&stream, code_name), ["4000", "12345", "4503"]);
        let read = fragkit("inspect --json -").stdin(&*stream).done().ok().json();
        let codes: Vec<_> =
            read["chunks"].as_array().unwrap().iter().map(|chunk| chunk["exception"]["code"].as_u64()).collect();
        assert_eq!(codes, [None, Some(4000), Some(12345), None, None, Some(4503)]);
        assert_eq!(listed(&stream).len(), 3);
    }
    // Before the first chunk is behind none.
    let stream = chunks_of("h264-baseline.mkv", "--exception 0=4000");
    assert_eq!(documents(&stream).len(), 4);
    assert!(positions(&stream, b"ERROR_ID")[0] < documents(&stream)[1].start);
    for exception in ["4000", "x=4000", "1=", "-1=4000"] {
        let done = fragkit("chunks -o - --exception").arg(exception).arg(testdata("h264-baseline.mkv")).done();
        assert_eq!(done.code, Some(2), "{exception}");
    }
}

#[test]
fn annex_b_puts_start_codes_into_private_data_and_frames() {
    for name in ["h264-high-bframes-aac.mkv", "h265-bframes-aac.mkv"] {
        let stream = chunks_of(name, "--annex-b");
        let read = fragkit("inspect --json -").stdin(&*stream).done().ok().json();
        let private = &read["tracks"][0]["private_data"];
        assert_eq!((&private["valid"], &private["repaired"]), (&false.into(), &true.into()), "{name}");
        assert_eq!(private["exception"], "InvalidCodecPrivateDataException");
        let adapted = fragkit("inspect --json -").stdin(chunks_of(name, "")).done().ok().json();
        assert_eq!(adapted["tracks"][0]["private_data"]["valid"], true);
        assert_eq!(read["tracks"][0]["rfc6381"], adapted["tracks"][0]["rfc6381"]);
        assert!(positions(&stream, b"\0\0\0\x01").len() > 100);
        // Sound has no start codes.
        assert_eq!(read["tracks"][1], adapted["tracks"][1]);
    }
}

#[test]
fn what_cannot_be_made_into_chunks_is_refused() {
    let folder = Folder::new();
    let out = folder.join("out.mkv");
    let chunks = fragkit("chunks").arg(testdata("aac-mono.chunks.mkv")).arg("-o").arg(&out).done();
    let line = chunks.refused(1);
    assert!(line.contains("chunk stream already") && line.contains("fragkit media"), "{line}");
    let piped = fragkit("chunks - -o").arg(&out).stdin(testdata_bytes("aac-mono.chunks.mkv")).done();
    assert!(piped.refused(1).contains("chunk stream already"));
    let compressed = fragkit("chunks").arg(testdata("zlib.mkv")).arg("-o").arg(&out).done();
    assert!(compressed.refused(1).contains("zlib"));
    assert_eq!(folder.names(), [""; 0]);
}
