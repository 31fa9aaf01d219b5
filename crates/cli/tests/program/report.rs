//! `fragkit report`: text, JSON, and a page that a browser shows.

use std::fs;
use std::process::Command;

use serde_json::{Value, json};

use crate::process::{Done, Folder, fragkit};
use crate::streams::{CAPTURES, capture, chunks_of, documents, replace_once, tag_values, testdata, testdata_bytes};

fn report_of(stream: Vec<u8>, words: &str) -> Done {
    fragkit("report -").words(words).stdin(stream).done().ok()
}

fn json_of(stream: Vec<u8>) -> Value {
    report_of(stream, "--json").json()
}

/// A recording of six seconds in fragments of one, which starts so many seconds after 2024 does.
fn recording(seconds: u64) -> Vec<u8> {
    chunks_of("h264-main-aac.mkv", &format!("--fragment-length 1s --start {}", 1_704_067_200 + seconds))
}

fn kinds(report: &Value) -> Vec<&str> {
    report["events"].as_array().unwrap().iter().map(|event| event["kind"].as_str().unwrap()).collect()
}

#[test]
fn a_whole_stream_is_covered_and_has_nothing_to_tell() {
    let report = json_of(testdata_bytes("h264-main-aac.chunks.mkv"));
    assert_eq!(report["totals"]["chunks"], 6);
    assert_eq!(report["totals"]["fragments"], 6);
    assert_eq!((&report["totals"]["frames"], &report["totals"]["missing_ms"]), (&json!(463), &json!(0)));
    assert_eq!((&report["gaps"], &report["events"], &report["event_counts"]), (&json!([]), &json!([]), &json!({})));
    let video = &report["tracks"][0];
    assert_eq!((&video["number"], &video["type"], &video["codec"]), (&json!(1), &json!("video"), &json!("H.264")));
    assert_eq!((&video["frames"], &video["frames_per_second"]), (&json!(180), &json!(30.0)));
    assert_eq!(video["key_frame_distance_ms"]["median"], 1000);
    assert_eq!(report["tracks"][1]["key_frame_distance_ms"], Value::Null);
    assert_eq!(report["delay_ms"]["counts"], json!([[500, 6]]));
    let bins = report["bins"].as_array().unwrap();
    let bytes = |track: usize| bins.iter().filter_map(|bin| bin["tracks"][track]["bytes"].as_u64()).sum::<u64>();
    assert_eq!(json!([bytes(0), bytes(1)]), json!([video["bytes"], report["tracks"][1]["bytes"]]));
    assert_eq!(
        report["days"],
        json!([{ "date": "2024-01-01", "fragments": 6, "bytes": 92_301, "covered_ms": report["totals"]["covered_ms"], "missing_ms": 0 }])
    );
}

#[test]
fn lengths_and_numbers_are_those_that_the_captures_are_known_for() {
    for (name, lengths) in CAPTURES {
        let Some(path) = capture(name) else { continue };
        let report = fragkit("report --json").arg(&path).done().ok().json();
        assert_eq!(report["totals"]["fragments"], lengths.len(), "{name}");
        let length = &report["fragment_length_ms"];
        assert_eq!(length["least"], *lengths.iter().min().unwrap(), "{name}");
        assert_eq!(length["greatest"], *lengths.iter().max().unwrap(), "{name}");
        let stream = fs::read(&path).unwrap();
        let millis = |name: &str| -> Vec<i64> {
            tag_values(&stream, name).iter().map(|value| value.replace('.', "").parse().unwrap()).collect()
        };
        let (producer, server) = (millis("PRODUCER_TIMESTAMP"), millis("SERVER_TIMESTAMP"));
        let delays = || server.iter().zip(&producer).map(|(server, producer)| server - producer);
        assert_eq!(report["delay_ms"]["least"], delays().min().unwrap(), "{name}");
        assert_eq!(report["delay_ms"]["greatest"], delays().max().unwrap(), "{name}");
    }
}

#[test]
fn gaps_overlaps_duplicates_and_restarts_are_found() {
    // Ten seconds later; then two seconds back into what was there; then from the start again.
    let report = json_of([recording(0), recording(10), recording(14), recording(0)].concat());
    let gap = &report["gaps"][0];
    assert_eq!(report["gaps"].as_array().unwrap().len(), 1);
    assert!((3900..4000).contains(&gap["length_ms"].as_i64().unwrap()), "{gap}");
    assert_eq!(gap["track"], Value::Null);
    let all = kinds(&report);
    // The sequence in their numbers starts anew with each recording, so they are lower than those before only at the same server time.
    for kind in ["time_back", "duplicate_number", "duplicate_start"] {
        assert!(all.contains(&kind), "{kind}: {all:?}");
    }
    assert_eq!(report["event_counts"]["duplicate_number"], 6);
    assert_eq!(report["totals"]["fragments"], 18);
}

#[test]
fn damage_and_exceptions_are_marked_where_they_are() {
    let mut stream = testdata_bytes("h264-main-aac.chunks.mkv");
    let third = documents(&stream)[2].clone();
    stream.drain(third.start + third.len() / 2..third.end);
    let report = json_of(stream);
    let event = &report["events"][0];
    assert_eq!((&event["kind"], &event["time"]), (&json!("broken"), &json!(1_704_067_202.021)));
    let offset = usize::try_from(event["offset"].as_u64().unwrap()).unwrap();
    assert!(offset > third.start && offset <= third.start + third.len() / 2 + 1000);
    assert_eq!((&report["totals"]["damaged"], report["gaps"].as_array().unwrap().len()), (&json!(1), 1));
    let report = json_of(testdata_bytes("exceptions.chunks.mkv"));
    let exceptions: Vec<&Value> =
        report["events"].as_array().unwrap().iter().filter(|event| event["kind"] == "exception").collect();
    assert_eq!((&exceptions[0]["code"], &exceptions[1]["code"]), (&json!(4000), &json!(4500)));
    let text = fragkit("report").arg(testdata("exceptions.chunks.mkv")).done().ok();
    assert!(text.text().contains("\nexceptions\n") && text.text().contains("the service reports exception 4000"));
}

#[test]
fn changes_of_tracks_are_told() {
    let report =
        json_of([recording(0), chunks_of("h264-baseline.mkv", "--fragment-length 1s --start 1704067300")].concat());
    assert!(kinds(&report).contains(&"tracks_change"), "{report}");
}

#[test]
fn a_range_reads_as_everywhere_and_from_a_pipe_too() {
    let stream = recording(0);
    for range in ["--from +2s --to +3500ms", "--from 2024-01-01T00:00:02Z --to 1704067203.5"] {
        let report = report_of(stream.clone(), &format!("--json {range}")).json();
        assert_eq!((&report["totals"]["fragments"], &report["totals"]["chunks"]), (&json!(2), &json!(2)), "{range}");
    }
    let refused = fragkit("report - --from +1h").stdin(stream).done().refused(1);
    assert!(refused.contains("no fragment starts within the range"));
}

#[test]
fn text_has_a_strip_for_every_day() {
    let text = report_of([recording(0), recording(86_400), recording(4 * 86_400)].concat(), "");
    let days: Vec<&str> =
        text.text().lines().filter(|line| line.starts_with("  2024-01-0") && line.contains('%')).collect();
    assert_eq!(days.len(), 3, "{}", text.text());
    assert!(text.text().contains("2 days without media"));
    assert!(days[0].contains("  +..............................................."), "{}", days[0]);
}

/// Fragments of a second of sound, every other one of which is missing.
fn full_of_gaps(fragments: u64) -> Vec<u8> {
    let chunk = testdata_bytes("aac-mono.chunks.mkv");
    let chunk = chunk[documents(&chunk)[0].clone()].to_vec();
    (0..fragments)
        .flat_map(|at| {
            let mut chunk = chunk.clone();
            replace_once(&mut chunk, b"1704067200.000", format!("{}.000", 1_704_067_200 + at * 2).as_bytes());
            chunk
        })
        .collect()
}

#[test]
fn a_page_is_no_larger_for_a_longer_recording() {
    let page = |fragments| report_of(full_of_gaps(fragments), "--html -").stdout.len();
    let (some, many) = (page(1500), page(6000));
    assert!(some < 400_000 && many < some + some / 4, "{some} and {many} bytes");
}

/// What a browser makes of a page: its elements, and what it has to say.
fn browsed(folder: &Folder, page: &str) -> Option<(String, String)> {
    let run = Command::new("chromium")
        .args(["--headless=new", "--no-sandbox", "--disable-gpu", "--enable-logging=stderr", "--v=0", "--dump-dom"])
        .arg(format!("--user-data-dir={}", folder.join("profile").display()))
        .arg(format!("file://{}", folder.join(page).display()))
        .output();
    let Ok(run) = run else {
        assert!(std::env::var_os("FRAGKIT_REQUIRE_STRANGERS").is_none(), "chromium is missing");
        println!("skipped: chromium is missing");
        return None;
    };
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let said = text(&run.stderr);
    assert!(run.status.success(), "{said}");
    Some((text(&run.stdout), said))
}

/// A stream that would take over a page that trusted it.
fn hostile() -> Vec<u8> {
    let mut stream = [recording(0), testdata_bytes("exceptions.chunks.mkv"), recording(90_000)].concat();
    let replacements: [(&[u8], &[u8]); 2] =
        [(b"V_MPEG4/ISO/AVC", b"<img src=x://a>"), (b"fragment is not found", b"<script>evil()</scrip")];
    for (old, new) in replacements {
        let mut any = false;
        for at in 0..=stream.len() - old.len() {
            if stream[at..].starts_with(old) {
                stream[at..at + new.len()].copy_from_slice(new);
                any = true;
            }
        }
        assert!(any, "{}", String::from_utf8_lossy(old));
    }
    stream
}

#[test]
fn a_browser_shows_the_page_without_a_word_and_runs_nothing_of_the_stream() {
    let folder = Folder::new();
    let input = folder.put("<b onclick=evil()>&.mkv", hostile());
    let done = fragkit("report").arg(&input).arg("--html").arg("report.html").current_dir(folder.path()).done().ok();
    assert_eq!(done.stdout, b"");
    let page = String::from_utf8(folder.read("report.html")).unwrap();
    for reference in ["http:", "https:", "src=", "href=", "url(", "@import", "<script", "<img", "<b onclick"] {
        let without_text = page.replace("&lt;", "").replace("img src=x:", "");
        assert!(!without_text.contains(reference), "{reference}");
    }
    assert!(page.contains("&lt;script&gt;evil()") && page.contains("&lt;img src=x://a&gt;"));
    let Some((dom, said)) = browsed(&folder, "report.html") else { return };
    assert!(!said.contains("CONSOLE"), "{said}");
    for id in ["coverage", "days", "rates", "delay", "lengths", "over-time", "tracks", "gaps", "events"] {
        assert!(dom.contains(&format!("<section id=\"{id}\">")), "{id}");
    }
    assert_eq!(dom.matches("<svg ").count(), dom.matches("<desc>").count());
    assert!(dom.matches("role=\"img\"").count() >= 9);
    assert!(!dom.contains("<script") && !dom.contains("<img") && !dom.contains("NaN"));
    assert!(dom.contains("class=\"gap\"") && dom.contains("class=\"event\""));

    // That it is silent means something: of what is held off it does speak.
    folder.put("other.html", page.replace("<main>", "<main><img src=\"x.png\"><script>evil()</script>"));
    let Some((_, said)) = browsed(&folder, "other.html") else { return };
    assert_eq!(said.matches("CONSOLE").count(), 2, "{said}");
}
