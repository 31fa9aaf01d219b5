//! Pages: following the tokens to the end gives what one call without pages gives.

use std::path::Path;

use crate::images::{Shot, all_shots, response};
use crate::process::{Folder, fragkit};
use crate::streams::{testdata, testdata_bytes};

fn followed(input: &Path, words: &str) -> (Vec<Shot>, usize) {
    let (mut shots, mut pages, mut token) = (Vec::new(), 0, None::<String>);
    loop {
        let next = token.as_ref().map(|token| format!("--next-token {token}")).unwrap_or_default();
        let done = fragkit("images --json").words(words).words(&next).arg(input).done();
        let page = crate::images::shots(&done);
        assert!(!page.is_empty(), "no empty page");
        shots.extend(page);
        pages += 1;
        match done.json()["NextToken"].as_str() {
            Some(next) => token = Some(next.to_string()),
            None => return (shots, pages),
        }
        assert!(pages < 1000);
    }
}

#[test]
fn all_pages_together_are_one_response_without_pages() {
    let folder = Folder::new();
    // With times that have no picture.
    let stream = testdata_bytes("h264-high-bframes-aac.chunks.mkv");
    let documents = crate::streams::documents(&stream);
    let gap = [&stream[..documents[2].start], &stream[documents[3].start..]].concat();
    let path = folder.put("gap.mkv", gap);
    for words in [
        "--every 110ms",
        "--every 110ms --pick keyframe --format png",
        "--every 90ms --from +0.3s --to +4.1s --include-overlap",
        "--every 110ms --by server --width 80",
    ] {
        let whole = all_shots(&path, words);
        assert!(whole.len() > 40, "{words}");
        assert!(whole.iter().any(|shot| shot.content.is_err()) && whole.iter().any(|shot| shot.content.is_ok()));
        for size in [1, 7, whole.len() - 1, whole.len(), whole.len() + 1] {
            if size == 1 && words.contains("server") {
                continue;
            }
            let (shots, pages) = followed(&path, &format!("{words} --max-results {size}"));
            assert_eq!(pages, whole.len().div_ceil(size), "{words} {size}");
            assert!(shots == whole, "{words} {size}");
        }
    }
}

#[test]
fn pages_may_have_different_sizes_and_pictures_of_other_kinds() {
    let path = testdata("h264-baseline.chunks.mkv");
    let whole = all_shots(&path, "--every 200ms --format png");
    let (first, token) = response(&path, "--every 200ms --max-results 4");
    assert_eq!(first.len(), 4);
    let rest = all_shots(&path, &format!("--every 200ms --format png --next-token {}", token.unwrap()));
    assert!(rest == whole[4..]);
}

#[test]
fn folders_are_filled_page_by_page() {
    let path = testdata("h264-baseline.chunks.mkv");
    let (whole, pages) = (Folder::new(), Folder::new());
    fragkit("images --every 500ms --out").arg(whole.path()).arg(&path).done().quiet();
    let mut token = String::new();
    let mut count = 0;
    loop {
        let call = fragkit("images --every 500ms --max-results 5 --out").arg(pages.path()).words(&token);
        call.arg(&path).done().quiet();
        count += 1;
        let index: serde_json::Value = serde_json::from_slice(&pages.read("index.json")).unwrap();
        match index["NextToken"].as_str() {
            Some(next) => token = format!("--next-token {next}"),
            None => break,
        }
    }
    assert_eq!(count, 3);
    assert_eq!(whole.names(), pages.names());
    for name in whole.names().iter().filter(|name| *name != "index.json") {
        assert!(whole.read(name) == pages.read(name), "{name}");
    }
}

#[test]
fn an_altered_token_is_an_invalid_argument() {
    let path = testdata("h264-baseline.chunks.mkv");
    let words = "--every 200ms --max-results 4";
    let token = response(&path, words).1.unwrap();
    assert!(token.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+/=".contains(&byte)), "{token}");
    let invalid = |words: &str, token: &str| {
        let line =
            fragkit("images --json").words(words).arg(format!("--next-token={token}")).arg(&path).done().refused(2);
        assert!(line.contains("InvalidArgumentException") && line.contains("token"), "{line}");
    };
    for at in 0..token.len() {
        let other = if token.as_bytes()[at] == b'A' { 'B' } else { 'A' };
        let altered: String = token.char_indices().map(|(place, was)| if place == at { other } else { was }).collect();
        invalid(words, &altered);
    }
    for wrong in ["", "x", "====", &token[1..], &token[..token.len() - 4], &format!("{token}{token}"), "é"] {
        invalid(words, wrong);
    }
    // It belongs to the request that it came from.
    for other in [
        "--every 201ms",
        "--every 200ms --from +1s",
        "--every 200ms --to +2s",
        "--every 200ms --by server",
        "--every 200ms --pick keyframe",
    ] {
        invalid(other, &token);
    }
}
