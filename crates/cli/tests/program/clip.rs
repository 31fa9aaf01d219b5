//! `fragkit clip`. Whether what it makes plays is tested where clips are made; here it is whole, and the right one.

use std::path::Path;

use fragkit::mp4::check::{self, Summary};

use crate::process::{Folder, fragkit};
use crate::streams::{chunks_of, testdata, testdata_bytes};

fn clip(input: &Path, options: &str) -> Vec<u8> {
    fragkit("clip -o -").words(options).arg(input).done().ok().stdout
}

fn checked(mp4: &[u8]) -> Summary {
    check::check(mp4).unwrap()
}

/// Samples of each track, and the milliseconds that the clip lasts.
fn shape(mp4: &[u8]) -> (Vec<usize>, u64) {
    let summary = checked(mp4);
    let duration_ms = summary.duration * 1000 / u64::from(summary.timescale);
    (summary.tracks.iter().map(|track| track.samples().count()).collect(), duration_ms)
}

#[test]
fn a_file_and_standard_output_get_the_same_bytes() {
    for name in ["h264-main-aac", "h265-annexb", "aac-mono", "fragment-list"] {
        let stream = testdata(&format!("{name}.chunks.mkv"));
        let folder = Folder::new();
        fragkit("clip").arg(&stream).arg("-o").arg(folder.join("clip.mp4")).done().ok();
        let written = folder.read("clip.mp4");
        assert!(checked(&written).moov_first, "{name}");
        assert!(clip(&stream, "") == written, "{name}");
        assert_eq!(folder.names(), ["clip.mp4"]);
    }
}

#[test]
fn a_pipe_gives_the_same_clip_with_its_index_behind() {
    for name in ["h264-main-aac", "h264-high-bframes-aac", "h265-annexb", "alaw", "fragment-list"] {
        let stream = format!("{name}.chunks.mkv");
        let from_file = clip(&testdata(&stream), "");
        let folder = Folder::new();
        let out = folder.join("clip.mp4");
        fragkit("clip - -o").arg(&out).stdin(testdata_bytes(&stream)).done().ok();
        let written = folder.read("clip.mp4");
        assert!(!checked(&written).moov_first, "{name}");
        assert_eq!(shape(&written), shape(&from_file), "{name}");
        assert_eq!(folder.names(), ["clip.mp4"]);
        // What cannot be gone back to must be written in order, so it is the file's bytes.
        let piped = fragkit("clip - -o -").stdin(testdata_bytes(&stream)).done().ok();
        assert!(piped.stdout == from_file, "{name}");
    }
}

#[test]
fn the_same_input_gives_the_same_bytes() {
    let stream = testdata("h264-high-bframes-aac.chunks.mkv");
    assert!(clip(&stream, "") == clip(&stream, ""));
    let from_pipe = || {
        let folder = Folder::new();
        let bytes = testdata_bytes("h264-high-bframes-aac.chunks.mkv");
        fragkit("clip - -o").arg(folder.join("clip.mp4")).stdin(bytes).done().quiet();
        folder.read("clip.mp4")
    };
    assert!(from_pipe() == from_pipe());
}

#[test]
fn a_range_takes_the_fragments_that_start_in_it_in_any_form_and_from_anywhere() {
    let stream = testdata("h264-baseline.chunks.mkv");
    let bytes = testdata_bytes("h264-baseline.chunks.mkv");
    let expected = clip(&stream, "--from 1704067201 --to 1704067203");
    assert_eq!(shape(&expected), (vec![75], 3000));
    let folder = Folder::new();
    for range in [
        "--from +1s --to +3s",
        "--from 2024-01-01T00:00:00.5Z --to +3.5s",
        "--by server --from 1704067201.5 --to 1704067203.5",
        "--by server --from +1s --to +3s",
    ] {
        assert!(clip(&stream, range) == expected, "{range}");
        assert!(fragkit("clip - -o -").words(range).stdin(&*bytes).done().ok().stdout == expected, "{range}");
        fragkit("clip - -o").arg(folder.join("piped.mp4")).words(range).stdin(&*bytes).done().quiet();
        assert_eq!(shape(&folder.read("piped.mp4")), shape(&expected), "{range}");
    }
    let overlapping = clip(&stream, "--from +1.5s --to +3s --include-overlap");
    assert!(overlapping == expected);
    assert_eq!(shape(&clip(&stream, "--from +1.5s --to +3s")), (vec![50], 2000));
}

#[test]
fn a_range_without_fragments_gives_no_file() {
    let folder = Folder::new();
    let out = folder.join("clip.mp4");
    let bytes = testdata_bytes("h264-baseline.chunks.mkv");
    for range in ["--from +1h", "--to 1704067199"] {
        let done = fragkit("clip").arg(testdata("h264-baseline.chunks.mkv")).arg("-o").arg(&out).words(range).done();
        assert!(done.refused(1).contains("ResourceNotFoundException"));
        let piped = fragkit("clip - -o").arg(&out).words(range).stdin(&*bytes).done();
        assert!(piped.refused(1).contains("ResourceNotFoundException"));
    }
    assert_eq!(folder.names(), [""; 0]);
}

/// A stretch of one stream, and then, an hour later, one with another codec private data.
fn two_stretches() -> [Vec<u8>; 2] {
    [
        testdata_bytes("h264-baseline.chunks.mkv"),
        chunks_of("h264-vfr.mkv", "--start 2024-01-01T01:00:00Z --fragment-length 1s"),
    ]
}

#[test]
fn a_change_of_private_data_is_an_error_or_another_file() {
    let [first, second] = two_stretches();
    let folder = Folder::new();
    let stream = folder.put("stream.mkv", [&first[..], &second].concat());
    let (first, second) = (folder.put("1.mkv", first), folder.put("2.mkv", second));
    let before = folder.names();

    for input in [&*stream, Path::new("-")] {
        let bytes = folder.read("stream.mkv");
        let done = fragkit("clip -o").arg(folder.join("clip.mp4")).arg(input).stdin(bytes).done();
        let line = done.refused(1);
        assert!(line.contains("InvalidCodecPrivateDataException") && line.contains("--on-change split"), "{line}");
        assert_eq!(folder.names(), before);
    }
    for (input, name) in [(&*stream, "clip.mp4"), (Path::new("-"), "piped.mp4")] {
        let bytes = folder.read("stream.mkv");
        fragkit("clip --on-change split -o").arg(folder.join(name)).arg(input).stdin(bytes).done().ok();
        assert!(folder.read(name) == clip(&first, ""));
        assert!(folder.read(&name.replace('.', "-2.")) == clip(&second, ""));
    }
    let written = ["1.mkv", "2.mkv", "clip-2.mp4", "clip.mp4", "piped-2.mp4", "piped.mp4", "stream.mkv"];
    assert_eq!(folder.names(), written);
    // A range within one stretch has nothing to split.
    assert!(clip(&stream, "--to +59m") == clip(&first, ""));
    assert!(clip(&stream, "--from +1h") == clip(&second, ""));
}

#[test]
fn files_of_a_split_without_an_extension_get_numbers_too() {
    let folder = Folder::new();
    fragkit("clip - --on-change split -o").arg(folder.join("clip")).stdin(two_stretches().concat()).done().ok();
    assert_eq!(folder.names(), ["clip", "clip-2"]);
}

#[test]
fn gaps_are_closed_or_kept() {
    // Half a minute is missing between the two.
    let stream = [
        testdata_bytes("h264-baseline.chunks.mkv"),
        chunks_of("h264-baseline.mkv", "--start 2024-01-01T00:00:36Z --fragment-length 1s"),
    ]
    .concat();
    let folder = Folder::new();
    let path = folder.put("stream.mkv", &stream);
    assert_eq!(shape(&clip(&path, "")), (vec![300], 12_000));
    assert_eq!(shape(&clip(&path, "--gaps compact")), (vec![300], 12_000));
    assert_eq!(shape(&clip(&path, "--gaps keep")), (vec![300], 42_000));
    fragkit("clip - --gaps keep -o").arg(folder.join("piped.mp4")).stdin(stream).done().quiet();
    assert_eq!(shape(&folder.read("piped.mp4")), (vec![300], 42_000));
}

#[test]
fn the_limits_of_the_service_are_kept_to_only_if_asked() {
    let folder = Folder::new();
    for name in ["alaw", "aac-mono", "ulaw", "h264-ulaw"] {
        let stream = testdata(&format!("{name}.chunks.mkv"));
        let out = folder.join(format!("{name}.mp4"));
        for input in [&*stream, Path::new("-")] {
            let bytes = testdata_bytes(&format!("{name}.chunks.mkv"));
            let done = fragkit("clip --limits current -o").arg(&out).arg(input).stdin(bytes).done();
            let line = done.refused(1);
            assert!(line.contains("UnsupportedStreamMediaTypeException"), "{line}");
            assert!(line.contains("--limits unlimited"), "{line}");
            assert_eq!(folder.names(), [""; 0]);
        }
        assert!(!shape(&clip(&stream, "--limits unlimited")).0.is_empty());
    }
    let within = testdata("h264-alaw.chunks.mkv");
    assert!(clip(&within, "--limits current") == clip(&within, ""));
    // 206 fragments of a second: 6 more than the service puts into a clip.
    let many: Vec<u8> = (0..52)
        .flat_map(|at| chunks_of("alaw.mkv", &format!("--fragment-length 1s --start {}", 1_704_067_200 + at * 10)))
        .collect();
    let stream = folder.put("many.mkv", many);
    let fragments = fragkit("list").arg(&stream).done().quiet().rows().len();
    assert!(fragments > 200);
    assert_eq!(shape(&clip(&stream, "")).0, [52 * 32_000], "a sample is a byte");
}

#[test]
fn fragments_beyond_the_limit_are_cut_off_with_a_warning() {
    let stream: Vec<u8> = (0..51)
        .flat_map(|at| chunks_of("h264-vfr.mkv", &format!("--fragment-length 1s --start {}", 1_704_067_200 + at * 10)))
        .collect();
    let folder = Folder::new();
    let stream = folder.put("many.mkv", stream);
    let limited = fragkit("clip -o - --limits current").arg(&stream).done().ok();
    assert_eq!(limited.findings().len(), 1, "{}", limited.stderr);
    assert!(limited.findings()[0].contains("cut off the last 4 selected fragments"));
    assert_eq!(shape(&limited.stdout).0, [50 * 60]);
    assert_eq!(shape(&clip(&stream, "")).0, [51 * 60]);
}

#[test]
fn strict_refuses_what_would_be_repaired() {
    let folder = Folder::new();
    let out = folder.join("clip.mp4");
    for name in ["h264-annexb.chunks.mkv", "h265-annexb.chunks.mkv"] {
        for input in [&*testdata(name), Path::new("-")] {
            let done = fragkit("clip --strict -o").arg(&out).arg(input).stdin(testdata_bytes(name)).done();
            let line = done.refused(1);
            assert!(line.contains("[InvalidCodecPrivateDataException]") && line.contains("--strict"), "{line}");
            assert_eq!(folder.names(), [""; 0]);
        }
        let repaired = fragkit("clip -o -").arg(testdata(name)).done().ok();
        assert!(!repaired.findings().is_empty(), "a repair is reported");
        assert!(shape(&repaired.stdout).0.len() == 2);
    }
    let sound = testdata("h264-main-aac.chunks.mkv");
    assert!(clip(&sound, "--strict") == clip(&sound, ""));
}
