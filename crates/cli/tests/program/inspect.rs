//! `fragkit inspect`.

use serde_json::{Value, json};

use crate::process::fragkit;
use crate::streams::{CAPTURES, START, capture, documents, tag_values, testdata, testdata_bytes};

#[track_caller]
fn assert_keys(value: &Value, expected: &[&str]) {
    let mut keys: Vec<&str> = value.as_object().unwrap().keys().map(String::as_str).collect();
    keys.sort_unstable();
    let mut expected = expected.to_vec();
    expected.sort_unstable();
    assert_eq!(keys, expected);
}

fn inspected(name: &str) -> Value {
    fragkit("inspect --json").arg(testdata(name)).done().quiet().json()
}

#[test]
fn the_json_has_all_keys_that_were_promised_whatever_the_media() {
    let streams = ["h264-annexb", "exceptions", "two-audio", "h265-main10", "ulaw", "user-tags", "fragment-list"];
    for name in streams {
        let read = inspected(&format!("{name}.chunks.mkv"));
        assert_keys(&read, &["chunks", "tracks", "outputs", "findings", "bytes"]);
        for chunk in read["chunks"].as_array().unwrap() {
            assert_keys(
                chunk,
                &[
                    "offset",
                    "size",
                    "fragment_number",
                    "producer_timestamp",
                    "server_timestamp",
                    "tags",
                    "complete",
                    "completeness",
                    "exception",
                    "frames",
                    "key_frames",
                    "length_ms",
                ],
            );
            chunk["tags"].as_array().unwrap().iter().for_each(|tag| assert_keys(tag, &["name", "value"]));
        }
        assert!(!read["tracks"].as_array().unwrap().is_empty());
        for track in read["tracks"].as_array().unwrap() {
            assert_keys(
                track,
                &[
                    "number",
                    "type",
                    "codec_id",
                    "codec",
                    "rfc6381",
                    "private_data",
                    "width",
                    "height",
                    "profile",
                    "profile_name",
                    "level",
                    "level_name",
                    "frame_rate",
                    "chroma",
                    "bit_depth",
                    "sample_rate",
                    "channels",
                ],
            );
            assert_keys(&track["private_data"], &["format", "valid", "repaired", "exception", "reason", "from"]);
        }
        let outputs = read["outputs"].as_array().unwrap();
        outputs.iter().for_each(|each| assert_keys(each, &["name", "fragkit", "service", "exception", "reason"]));
        let names: Vec<_> = outputs.iter().map(|each| each["name"].as_str().unwrap()).collect();
        assert_eq!(names, ["clip", "images", "hls-fmp4", "hls-ts", "dash"]);
        for finding in read["findings"].as_array().unwrap() {
            let keys = ["severity", "exception", "offset", "path", "fragment_number", "message", "repair", "hint"];
            assert_keys(finding, &keys);
            assert!(["note", "warning", "error"].contains(&finding["severity"].as_str().unwrap()));
        }
    }
}

#[test]
fn chunks_are_told_as_their_bytes_have_them() {
    let stream = testdata_bytes("h264-main-aac.chunks.mkv");
    let read = inspected("h264-main-aac.chunks.mkv");
    assert_eq!(read["bytes"], stream.len());
    assert_eq!(read["findings"], json!([]));
    let documents = documents(&stream);
    let chunks = read["chunks"].as_array().unwrap();
    assert_eq!(chunks.len(), documents.len());
    for (at, chunk) in chunks.iter().enumerate() {
        assert_eq!((&chunk["offset"], &chunk["size"]), (&documents[at].start.into(), &documents[at].len().into()));
        assert_eq!(chunk["fragment_number"], *tag_values(&stream, "FRAGMENT_NUMBER")[at]);
        let seconds: f64 = tag_values(&stream, "PRODUCER_TIMESTAMP")[at].parse().unwrap();
        assert_eq!(chunk["producer_timestamp"], seconds);
        assert_eq!(chunk["server_timestamp"], seconds + 0.5);
        assert_eq!((&chunk["completeness"], &chunk["exception"]), (&"complete".into(), &Value::Null));
    }
    let frames = |track: &str| chunks.iter().map(|chunk| chunk["frames"][track].as_u64().unwrap_or(0)).sum::<u64>();
    // As testdata/README.md has it.
    assert_eq!((frames("1"), frames("2")), (180, 283));
    assert_eq!(chunks.iter().map(|chunk| chunk["key_frames"].as_u64().unwrap()).sum::<u64>(), 6 + 283);
}

#[test]
fn tracks_are_told_by_their_private_data() {
    let read = inspected("h264-high-bframes-aac.chunks.mkv");
    let video = &read["tracks"][0];
    assert_eq!(
        [&video["number"], &video["type"], &video["codec_id"], &video["codec"], &video["rfc6381"]],
        [&json!(1), &json!("video"), &json!("V_MPEG4/ISO/AVC"), &json!("H.264"), &json!("avc1.64000B")]
    );
    assert_eq!([&video["width"], &video["height"], &video["profile"]], [&json!(160), &json!(120), &json!(100)]);
    let private = json!({
        "format": "avcC", "valid": true, "repaired": false, "exception": null, "reason": null, "from": "stored",
    });
    assert_eq!(video["private_data"], private);
    assert_eq!(
        [&video["profile_name"], &video["level_name"], &video["frame_rate"], &video["chroma"], &video["bit_depth"]],
        [&json!("High"), &json!("1.1"), &json!("25/1"), &json!("4:2:0"), &json!(8)]
    );
    let audio = &read["tracks"][1];
    assert_eq!([&audio["codec"], &audio["rfc6381"]], [&json!("AAC"), &json!("mp4a.40.2")]);
    assert_eq!([&audio["sample_rate"], &audio["channels"]], [&json!(44_100.0), &json!(1)]);
    assert_eq!(
        [&audio["profile_name"], &audio["level_name"], &audio["chroma"]],
        [&json!("AAC LC"), &json!(null), &json!(null)]
    );
    // The size is the one that is shown, after cropping.
    let cropped = inspected("h264-colour-sar.chunks.mkv");
    assert_eq!([&cropped["tracks"][0]["width"], &cropped["tracks"][0]["height"]], [&json!(162), &json!(122)]);
    assert_eq!(inspected("alaw.chunks.mkv")["tracks"][0]["codec"], "G.711 A-law");
    assert_eq!(inspected("ulaw.chunks.mkv")["tracks"][0]["codec"], "G.711 mu-law");
    let video = &inspected("h265-bframes-aac.chunks.mkv")["tracks"][0];
    assert_eq!([&video["codec"], &video["private_data"]["format"]], [&json!("H.265"), &json!("hvcC")]);
    assert_eq!([&video["width"], &video["height"]], [&json!(164), &json!(124)]);
}

#[test]
fn what_would_be_repaired_is_a_finding_with_the_name_of_the_exception() {
    let read = inspected("h264-annexb.chunks.mkv");
    let private = &read["tracks"][0]["private_data"];
    assert_eq!((&private["valid"], &private["repaired"]), (&json!(false), &json!(true)));
    assert!(private["reason"].as_str().unwrap().contains("ISO/IEC 14496-15"));
    let findings = read["findings"].as_array().unwrap();
    let of = |severity: &str, exception: &str| {
        findings.iter().filter(|each| each["severity"] == severity && each["exception"] == exception).count()
    };
    assert_eq!(of("error", "InvalidCodecPrivateDataException"), 0);
    assert_eq!(of("warning", "InvalidCodecPrivateDataException"), 1);
    assert_eq!(of("warning", "InvalidMediaFrameException"), 1);

    let strict = fragkit("inspect --json --strict").arg(testdata("h264-annexb.chunks.mkv")).done().quiet().json();
    assert_eq!(strict["tracks"][0]["private_data"]["repaired"], false);
    let findings = strict["findings"].as_array().unwrap();
    assert!(findings.iter().any(|each| each["exception"] == "InvalidCodecPrivateDataException"));
    assert!(findings.iter().all(|each| each["severity"] == "error" && each["repair"].is_null()));
}

#[test]
fn exceptions_of_the_service_are_items_of_the_result() {
    let read = inspected("exceptions.chunks.mkv");
    let chunks = read["chunks"].as_array().unwrap();
    let codes: Vec<_> = chunks.iter().map(|chunk| chunk["exception"]["code"].as_u64()).collect();
    assert_eq!(codes, [None, None, Some(4000), None, None, Some(4500), None, None]);
    assert_eq!(chunks[2]["exception"]["message"], "the requested fragment is not found");
    let findings = read["findings"].as_array().unwrap();
    assert_eq!(findings.len(), 2);
    for (finding, chunk) in findings.iter().zip([&chunks[2], &chunks[5]]) {
        assert_eq!((&finding["severity"], &finding["offset"]), (&json!("error"), &chunk["offset"]));
    }
    assert_eq!(findings[0]["hint"], "ListFragments tells which fragments the stream still has");
    assert_eq!(findings[1]["hint"], "check the KMS key of the stream, and that the caller may decrypt with it");
    let text = fragkit("inspect").arg(testdata("exceptions.chunks.mkv")).done().quiet();
    assert!(text.text().starts_with("8 chunks, 6 whole, 95 frames, 17018 bytes\n"));
    assert!(text.text().contains("error: byte 5670, Segment > Tags: the service reports exception 4000"));
}

#[test]
fn a_stream_with_nothing_but_exceptions_can_be_inspected() {
    let stream = testdata_bytes("exceptions.chunks.mkv");
    let exception = &stream[documents(&stream)[2].clone()];
    let read = fragkit("inspect --json -").stdin(exception).done().quiet().json();
    assert_eq!(read["chunks"][0]["exception"]["code"], 4000);
    let list = fragkit("list -").stdin(exception).done();
    assert!(list.refused(1).contains("no fragment with media"));
    assert!(list.findings()[0].contains("exception 4000"));
}

#[test]
fn a_cut_is_reported_with_its_offset() {
    let stream = testdata_bytes("h264-main-aac.chunks.mkv");
    let cut = documents(&stream)[3].start + 7001;
    let read = fragkit("inspect --json -").stdin(&stream[..cut]).done().quiet().json();
    let chunks = read["chunks"].as_array().unwrap();
    let complete: Vec<_> = chunks.iter().map(|chunk| chunk["completeness"].as_str().unwrap()).collect();
    assert_eq!(complete, ["complete", "complete", "complete", "cut"]);
    assert_eq!(read["bytes"], cut);
    let findings = read["findings"].as_array().unwrap();
    assert_eq!(findings.len(), 1);
    assert_eq!((&findings[0]["severity"], &findings[0]["offset"]), (&json!("error"), &json!(cut)));
    assert_eq!(findings[0]["fragment_number"], chunks[3]["fragment_number"]);
    assert!(findings[0]["path"].as_str().unwrap().starts_with("Segment > Cluster"));
    assert!(findings[0]["hint"].as_str().unwrap().contains("fetch the fragment again"));
}

#[test]
fn a_change_of_tracks_is_a_finding() {
    let stream = [testdata_bytes("h264-baseline.chunks.mkv"), testdata_bytes("h264-vfr.chunks.mkv")].concat();
    let at = testdata_bytes("h264-baseline.chunks.mkv").len();
    let read = fragkit("inspect --json -").stdin(stream).done().quiet().json();
    assert_eq!(read["tracks"].as_array().unwrap().len(), 2);
    let findings = read["findings"].as_array().unwrap();
    assert_eq!(findings.len(), 1);
    assert_eq!(findings[0]["exception"], "InvalidCodecPrivateDataException");
    assert_eq!(findings[0]["offset"], at);
    assert!(findings[0]["hint"].as_str().unwrap().contains("--on-change split"));
}

#[test]
fn captures_are_inspected_without_loss() {
    for (name, lengths) in CAPTURES {
        let Some(path) = capture(name) else { continue };
        let read = fragkit("inspect --json").arg(&path).done().quiet().json();
        assert_eq!(read["bytes"], std::fs::metadata(&path).unwrap().len(), "{name}");
        let chunks = read["chunks"].as_array().unwrap();
        assert_eq!(chunks.iter().map(|chunk| chunk["length_ms"].as_u64().unwrap()).collect::<Vec<_>>(), lengths);
        assert_eq!(chunks.iter().map(|chunk| chunk["size"].as_u64().unwrap()).sum::<u64>(), read["bytes"]);
    }
}

#[test]
fn the_text_names_every_chunk_and_tag() {
    let text = fragkit("inspect").arg(testdata("user-tags.chunks.mkv")).done().quiet();
    let text = text.text();
    assert!(text.contains(
        "track 1: video, H.264 Constrained Baseline@1.1 (V_MPEG4/ISO/AVC), avc1.42C00B, 160x120, 25/1 fps, 4:2:0 8 bit"
    ));
    assert_eq!(text.matches("tag scene=yard").count(), 6);
    assert_eq!(text.matches(" complete ").count(), 6);
    assert!(text.contains(START) && text.ends_with("no findings\n"));
}
