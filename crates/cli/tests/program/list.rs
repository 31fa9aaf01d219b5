//! `fragkit list`.

use std::fs;

use crate::process::{Row, fragkit};
use crate::streams::{CAPTURES, START, capture, documents, replace_once, tag_values, testdata, testdata_bytes};

#[test]
fn captures_are_listed_digit_for_digit_as_their_tags_say() {
    for (name, lengths) in CAPTURES {
        let Some(path) = capture(name) else { continue };
        let stream = fs::read(&path).unwrap();
        let numbers = tag_values(&stream, "FRAGMENT_NUMBER");
        let producer = tag_values(&stream, "PRODUCER_TIMESTAMP");
        let server = tag_values(&stream, "SERVER_TIMESTAMP");
        let documents = documents(&stream);
        assert_eq!(numbers.len(), lengths.len(), "{name}");

        let rows = fragkit("list").arg(&path).done().ok().rows();
        assert_eq!(rows.len(), lengths.len(), "{name}");
        for (at, row) in rows.iter().enumerate() {
            assert_eq!(row.number, numbers[at], "{name}");
            assert_eq!((&row.producer, &row.server), (&producer[at], &server[at]), "{name}");
            assert_eq!((row.size, &row.length_ms), (documents[at].len(), &lengths[at].to_string()), "{name}");
        }

        let response = fragkit("list --json").arg(&path).done().ok().json();
        assert_eq!(response.as_object().unwrap().keys().collect::<Vec<_>>(), ["Fragments"]);
        let fragments = response["Fragments"].as_array().unwrap();
        assert_eq!(fragments.len(), lengths.len(), "{name}");
        for (at, fragment) in fragments.iter().enumerate() {
            let mut keys: Vec<_> = fragment.as_object().unwrap().keys().map(String::as_str).collect();
            keys.sort_unstable();
            let as_the_service_has_them = [
                "FragmentLengthInMilliseconds",
                "FragmentNumber",
                "FragmentSizeInBytes",
                "ProducerTimestamp",
                "ServerTimestamp",
            ];
            assert_eq!(keys, as_the_service_has_them);
            let digits = |key: &str| format!("{:.3}", fragment[key].as_f64().unwrap());
            assert_eq!(fragment["FragmentNumber"], *numbers[at]);
            assert_eq!(digits("ProducerTimestamp"), producer[at]);
            assert_eq!(digits("ServerTimestamp"), server[at]);
            assert_eq!(fragment["FragmentSizeInBytes"], documents[at].len());
            assert_eq!(fragment["FragmentLengthInMilliseconds"], lengths[at]);
        }
    }
}

#[test]
fn plain_matroska_is_listed_by_its_groups_of_pictures() {
    let rows = fragkit("list").arg(testdata("h264-baseline.mkv")).done().ok().rows();
    let numbers: Vec<&str> = rows.iter().map(|row| row.number.as_str()).collect();
    assert_eq!(numbers, ["1", "2", "3", "4", "5", "6"]);
    assert!(rows.iter().all(|row| row.frames == 25));
    // DateUTC of this one is 2024-01-02T03:04:05.678Z.
    let rows = fragkit("list").arg(testdata("h264-alaw.mkv")).done().ok().rows();
    assert_eq!(rows[0].producer, "1704164645.678");
}

#[test]
fn both_spellings_of_the_tags_list_the_same() {
    let get_media = testdata_bytes("h264-main-aac.chunks.mkv");
    let fragment_list = testdata_bytes("fragment-list.chunks.mkv");
    assert_eq!(tag_values(&get_media, "PRODUCER_TIMESTAMP").len(), 6);
    let times = tag_values(&fragment_list, "PRODUCER_SIDE_TIMESTAMP");
    let rows = fragkit("list").arg(testdata("fragment-list.chunks.mkv")).done().ok().rows();
    assert_eq!(rows.iter().map(|row| row.producer.clone()).collect::<Vec<_>>(), times);
    assert_eq!(
        rows.iter().map(|row| row.number.clone()).collect::<Vec<_>>(),
        tag_values(&fragment_list, "FRAGMENT_NUMBER")
    );
    assert_eq!(
        rows.iter().map(|row| row.server.clone()).collect::<Vec<_>>(),
        tag_values(&fragment_list, "SERVER_SIDE_TIMESTAMP")
    );
}

/// Fragments of one second, of which the server received the first one last.
fn first_received_last() -> Vec<u8> {
    let mut stream = testdata_bytes("h264-baseline.chunks.mkv");
    replace_once(&mut stream, b"1704067200.500", b"1704067299.500");
    stream
}

#[test]
fn fragments_come_in_the_order_of_the_time_that_counts() {
    let list = |options: &str| fragkit("list -").words(options).stdin(first_received_last()).done().ok().rows();
    let producer = list("");
    assert_eq!((producer.len(), producer[0].producer.as_str()), (6, START));
    let server = list("--by server");
    assert_eq!(server[..5], producer[1..]);
    assert_eq!(server[5], producer[0]);
    // And what is chosen goes by it.
    assert_eq!(list("--by server --from 1704067299"), producer[..1]);
    assert_eq!(list("--by producer --to 1704067200"), producer[..1]);
}

#[test]
fn a_range_reads_the_same_in_all_three_forms() {
    let stream = testdata("h264-baseline.chunks.mkv");
    let list = |range: &str| -> Vec<Row> { fragkit("list").arg(&stream).words(range).done().ok().rows() };
    let all = list("");
    // Both ends are within, and each end may be left open.
    let forms = [
        ("--from 2024-01-01T00:00:01Z --to 2024-01-01T00:00:03Z", 1..4),
        ("--from 2024-01-01T01:00:01+01:00 --to 2024-01-01T00:00:03.999Z", 1..4),
        ("--from 1704067201 --to 1704067203.000", 1..4),
        ("--from 1704067200.001 --to 1704067203.999", 1..4),
        ("--from +1s --to +3s", 1..4),
        ("--from +0.001s --to +3999ms", 1..4),
        ("--from +1s --to 1704067203", 1..4),
        ("--from +4s", 4..6),
        ("--to +0s", 0..1),
    ];
    for (range, expected) in forms {
        assert_eq!(list(range), all[expected], "{range}");
    }
    // Of the server's times, each half a second later, +1s is a second after the first.
    assert_eq!(list("--by server --from +1s --to +3s"), all[1..4]);
    assert_eq!(list("--by server --from 1704067201.5 --to 1704067203.5"), all[1..4]);
    assert_eq!(list("--by server --from 1704067201.501 --to 1704067203.499"), all[2..3]);
}

#[test]
fn a_range_without_fragments_is_refused() {
    let stream = testdata("h264-baseline.chunks.mkv");
    for range in ["--from +1h", "--to 2023-12-31T00:00:00Z", "--from 1704067201.001 --to 1704067201.999"] {
        let done = fragkit("list").arg(&stream).words(range).done();
        assert!(done.refused(1).contains("no fragment starts within the range"), "{range}");
        assert_eq!(done.stdout, b"");
    }
}

#[test]
fn exceptions_of_the_service_are_reported_and_do_not_end_the_list() {
    let done = fragkit("list").arg(testdata("exceptions.chunks.mkv")).done().ok();
    assert_eq!(done.rows().len(), 6);
    let findings = done.findings();
    assert_eq!(findings.len(), 2, "{}", done.stderr);
    assert!(findings[0].contains("byte 5670") && findings[0].contains("exception 4000"));
    assert!(findings[1].contains("exception 4500"));
}
