//! What the service would refuse, and what nobody can do.

use crate::images::response;
use crate::process::fragkit;
use crate::streams::testdata;

#[track_caller]
fn invalid(words: &str, ranges: &[&str]) {
    let path = testdata("h264-baseline.chunks.mkv");
    let done = fragkit("images --json").words(words).arg(path).done();
    let code = done.code.unwrap();
    assert!(code == 1 || code == 2, "{words}: {code}: {}", done.stderr);
    let line = done.refused(code);
    assert!(line.contains("InvalidArgumentException"), "{words}: {line}");
    for range in ranges {
        assert!(line.contains(range), "{words}: {line} names {range}");
    }
    assert!(done.stdout.is_empty());
}

#[track_caller]
fn valid(words: &str) {
    let path = testdata("h264-baseline.chunks.mkv");
    assert!(!response(&path, words).0.is_empty(), "{words}");
}

#[test]
fn the_sampling_interval_has_a_minimum() {
    invalid("--limits v2022 --every 2999ms", &["2999", "3000"]);
    invalid("--limits v2022 --every 200ms", &["3000"]);
    valid("--limits v2022 --every 3000ms");
    invalid("--limits current --every 199ms", &["199", "200"]);
    valid("--limits current --every 200ms");
    valid("--every 199ms --to +0.5s");
    invalid("--every 0", &["1"]);
    invalid("--limits current --every 0", &["200"]);
}

#[test]
fn the_range_is_at_most_300_seconds() {
    for limits in ["v2022", "current"] {
        invalid(&format!("--limits {limits} --every 5s --from +0s --to +300.001s"), &["300001", "300000"]);
        invalid(&format!("--limits {limits} --every 5s --to +2h"), &["300000"]);
        valid(&format!("--limits {limits} --every 5s --from +0s --to +300s"));
    }
    valid("--every 50s --from +0s --to +2h");
}

#[test]
fn pictures_are_at_most_3840_by_2160() {
    for limits in ["v2022", "current"] {
        let words = format!("--limits {limits} --every 6s");
        invalid(&format!("{words} --width 3841"), &["3841", "3840"]);
        invalid(&format!("{words} --width 3841 --height 2160"), &["3840"]);
        invalid(&format!("{words} --height 2161"), &["2161", "2160"]);
        invalid(&format!("{words} --width 3840 --height 2161"), &["2160"]);
        invalid(&format!("{words} --width 0"), &["1"]);
        invalid(&format!("{words} --height 0"), &["1"]);
    }
    valid("--limits current --every 6s --width 3840 --height 2160");
    invalid("--every 6s --width 0", &["1"]);
    invalid("--every 6s --width 65536", &["65535"]);
    valid("--every 6s --width 3841 --height 16");
}

#[test]
fn quality_is_1_to_100_whoever_asks() {
    for limits in ["", "--limits current", "--limits v2022"] {
        for quality in [0, 101, 255] {
            invalid(&format!("--every 6s {limits} --quality {quality}"), &["1 to 100", &quality.to_string()]);
        }
    }
    for quality in [1, 100] {
        valid(&format!("--every 6s --limits current --quality {quality}"));
    }
    for quality in ["256", "-1", "80.5", "high"] {
        let done =
            fragkit("images --json").arg(format!("--quality={quality}")).arg(testdata("h264-baseline.mkv")).done();
        done.refused(2);
    }
}

#[test]
fn pages_have_a_limit_of_their_own() {
    let path = testdata("h264-baseline.chunks.mkv");
    let (shots, token) = response(&path, "--limits current --every 200ms");
    assert_eq!(shots.len(), 25);
    let (rest, end) = response(&path, &format!("--limits current --every 200ms --next-token {}", token.unwrap()));
    assert_eq!((rest.len(), end), (5, None));
    // More may be asked for, and do not come.
    assert_eq!(response(&path, "--limits current --every 200ms --max-results 100").0.len(), 25);
    assert_eq!(response(&path, "--limits current --every 200ms --max-results 24").0.len(), 24);
    let (shots, token) = response(&path, "--limits v2022 --every 3s --from +0s --to +300s");
    assert_eq!((shots.len(), token.is_some()), (100, true));
    invalid("--limits current --max-results 101", &["101", "1 to 100"]);
    invalid("--limits v2022 --max-results 101", &["1 to 100"]);
    for limits in ["", "--limits current", "--limits v2022"] {
        invalid(&format!("{limits} --max-results 0"), &["1"]);
    }
    assert_eq!(response(&path, "--every 40ms --to +5s --max-results 101").0.len(), 101);
}
