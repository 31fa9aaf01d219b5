//! Streams that were broken off or damaged: what is whole comes through, and the loss is reported.

use std::io::Write as _;
use std::ops::Range;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use crate::process::{Done, Folder, fragkit};
use crate::streams::{documents, positions, tag_values, testdata_bytes};

/// Small: four fragments in 2943 bytes.
const SMALL: &str = "lacing-fixed.chunks.mkv";

#[test]
fn a_stream_cut_anywhere_gives_every_whole_fragment_and_the_offset_of_the_cut() {
    let stream = testdata_bytes(SMALL);
    let documents = documents(&stream);
    let last = documents.last().unwrap().clone();
    let cuts: Vec<usize> = (1..last.start).step_by(7).chain(last).collect();
    let folder = Folder::new();
    let (next, silent) = (AtomicUsize::new(0), AtomicUsize::new(0));
    thread::scope(|scope| {
        for worker in 0..4 {
            let (stream, documents, cuts, folder) = (&stream, &documents, &cuts, &folder);
            let (next, silent) = (&next, &silent);
            scope.spawn(move || {
                while let Some(&cut) = cuts.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let path = folder.put(&format!("{worker}.mkv"), &stream[..cut]);
                    let reported = cut_is_reported(&fragkit("list").arg(path).done(), stream, documents, cut);
                    silent.fetch_add(usize::from(!reported), Ordering::Relaxed);
                }
            });
        }
    });
    // Between the headers of the first chunk nothing tells a cut from a chunk without media; there is an error all the same.
    let between_headers = 5;
    assert!(silent.into_inner() <= between_headers);
}

/// Whether the cut is reported; what is whole must come out in any case.
fn cut_is_reported(done: &Done, stream: &[u8], documents: &[Range<usize>], cut: usize) -> bool {
    let whole = documents.iter().filter(|document| document.end <= cut).count();
    let numbers = tag_values(stream, "FRAGMENT_NUMBER");
    if whole == 0 {
        // Only where the tags that GetMedia writes were never seen may a fragment without them be a whole one.
        assert!(done.code == Some(1) || done.stderr.contains("it is taken as whole"), "cut at {cut}: {}", done.stderr);
    } else {
        assert_eq!(done.code, Some(0), "cut at {cut}: {}", done.stderr);
        assert_eq!(done.numbers(), numbers[..whole], "cut at {cut}");
    }
    assert!(!done.stderr.contains("panicked"), "cut at {cut}: {}", done.stderr);
    if documents.iter().any(|document| document.end == cut) {
        assert_eq!(done.findings(), [""; 0], "nothing is missing at {cut}");
        return true;
    }
    if whole == 0 && done.findings().is_empty() {
        assert!(done.refused(1).contains("no fragment with media"), "cut at {cut}");
        return false;
    }
    assert_eq!(done.findings().len(), 1, "cut at {cut}: {}", done.stderr);
    assert!(done.findings()[0].contains(&format!("byte {cut}")), "cut at {cut}: {}", done.stderr);
    true
}

#[test]
fn a_stream_cut_in_a_pipe_gives_the_same_as_one_cut_in_a_file() {
    let stream = testdata_bytes(SMALL);
    let folder = Folder::new();
    for cut in (1..stream.len()).step_by(131) {
        let from_file = fragkit("list").arg(folder.put("cut.mkv", &stream[..cut])).done();
        let piped = fragkit("list -").stdin(&stream[..cut]).done();
        assert_eq!(
            (piped.code, &piped.stdout, &piped.stderr),
            (from_file.code, &from_file.stdout, &from_file.stderr),
            "cut at {cut}"
        );
    }
}

#[test]
fn a_producer_that_is_killed_leaves_whole_fragments_and_a_report() {
    let stream = testdata_bytes("h264-main-aac.chunks.mkv");
    let documents = documents(&stream);
    let cut = documents[4].start + 3001;
    let whole = fragkit("clip - -o -").stdin(&stream[..documents[4].start]).done().quiet().stdout;

    let folder = Folder::new();
    let out = folder.join("clip.mp4");
    let mut child = fragkit("clip - -o").arg(&out).spawn();
    child.stdin.take().unwrap().write_all(&stream[..cut]).unwrap();
    let done = Done::of(child.wait_with_output().unwrap()).ok();
    assert_eq!(done.findings().len(), 1, "{}", done.stderr);
    assert!(done.findings()[0].contains(&format!("byte {cut}")), "{}", done.stderr);
    let samples = |mp4: &[u8]| -> Vec<usize> {
        fragkit::mp4::check::check(mp4).unwrap().tracks.iter().map(|track| track.samples().count()).collect()
    };
    assert_eq!(samples(&folder.read("clip.mp4")), samples(&whole));

    // The cut fragment is taken as far as it goes only if asked.
    let list = fragkit("list -").stdin(&stream[..cut]).done().ok();
    assert_eq!(list.numbers(), tag_values(&stream, "FRAGMENT_NUMBER")[..4]);
    let more = fragkit("clip - -o - --include-cut").stdin(&stream[..cut]).done().ok().stdout;
    let (whole, more) = (samples(&whole), samples(&more));
    assert!(more[0] > whole[0] && more[1] > whole[1], "{whole:?} {more:?}");
}

#[test]
fn a_broken_chunk_in_the_middle_costs_itself_only() {
    let stream = testdata_bytes("h264-main-aac.chunks.mkv");
    let documents = documents(&stream);
    let numbers = tag_values(&stream, "FRAGMENT_NUMBER");
    let third = documents[2].clone();
    let broken = |at: usize, bytes: &[u8]| {
        let mut stream = stream.clone();
        stream[at..at + bytes.len()].copy_from_slice(bytes);
        stream
    };
    let cluster = positions(&stream[third.clone()], b"\x1F\x43\xB6\x75")[0] + third.start;
    let tags = positions(&stream[third.clone()], b"\x12\x54\xC3\x67")[0] + third.start;
    let without_end = [&stream[..cluster], &stream[third.end..]].concat();
    let streams = [
        ("garbage over the tags", broken(tags, &[0xEE; 150])),
        ("garbage over the cluster", broken(cluster + 5, &[0xEE; 900])),
        ("no cluster", without_end),
        ("an impossible size", broken(tags + 4, &[0x01, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF])),
        ("cut short", [&stream[..third.start + 5000], &stream[third.end..]].concat()),
    ];
    let others: Vec<&String> = numbers.iter().filter(|number| **number != numbers[2]).collect();
    for (damage, stream) in streams {
        let folder = Folder::new();
        let from_file = fragkit("list").arg(folder.put("broken.mkv", &stream)).done();
        for done in [from_file, fragkit("list -").stdin(&*stream).done()] {
            assert_eq!(done.code, Some(0), "{damage}: {}", done.stderr);
            assert_eq!(done.numbers().iter().collect::<Vec<_>>(), others, "{damage}");
        }
        let inspected = fragkit("inspect --json -").stdin(&*stream).done().quiet().json();
        let whole = inspected["chunks"].as_array().unwrap().iter().filter(|chunk| chunk["completeness"] == "complete");
        assert_eq!(whole.count(), 5, "{damage}");
    }
}

#[test]
fn garbage_before_between_and_behind_is_stepped_over() {
    let stream = testdata_bytes(SMALL);
    let documents = documents(&stream);
    let mut dirty = b"HTTP/1.1 200 OK\r\n\r\n".to_vec();
    for document in &documents {
        dirty.extend_from_slice(&stream[document.clone()]);
        dirty.extend_from_slice(&[0x1A, 0x45, 0xDF, 0xA3, 0xFF]);
    }
    let done = fragkit("list -").stdin(dirty).done().ok();
    assert_eq!(done.numbers(), tag_values(&stream, "FRAGMENT_NUMBER"));
    assert!(done.findings().iter().any(|finding| finding.contains("byte 0:")), "{}", done.stderr);
}

#[test]
fn very_many_findings_are_counted_and_not_all_shown() {
    let stream = testdata_bytes(SMALL);
    let exception = testdata_bytes("exceptions.chunks.mkv");
    let exception = &exception[documents(&exception)[2].clone()];
    let many = [&stream[..], &exception.repeat(80)].concat();
    let done = fragkit("list -").stdin(many).done().ok();
    assert_eq!(done.rows().len(), 4);
    assert_eq!(done.findings().len(), 51);
    assert_eq!(done.findings()[50], "fragkit: note: 30 more findings; `fragkit inspect` shows all");
}

#[test]
fn a_missing_key_flag_is_warned_of_once() {
    let stream = testdata_bytes("h264-baseline.chunks.mkv");
    let mut chunk = stream[documents(&stream)[0].clone()].to_vec();
    // The flags of the first SimpleBlock: A3, its size, track 1, two bytes of time, then 0x80 for a key frame.
    let cluster = positions(&chunk, b"\x1F\x43\xB6\x75")[0];
    let flags = positions(&chunk[cluster..], b"\x81\x00\x00\x80")[0] + cluster + 3;
    chunk[flags] = 0;
    let read = fragkit("inspect --json -").stdin(chunk).done().quiet().json();
    let findings = read["findings"].as_array().unwrap();
    assert_eq!(findings.len(), 1);
    assert!(findings[0]["message"].as_str().unwrap().contains("key flag is not set, and there is an IDR picture"));
    assert_eq!(findings[0]["repair"], "the frame is marked as a key frame");
}
