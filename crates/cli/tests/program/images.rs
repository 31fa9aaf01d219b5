//! `fragkit images`, held against ffmpeg: which frame is taken is worked out from ffprobe's packets and the tags in the bytes, and
//! what it looks like by ffmpeg's decoder and scaler.

mod blocks;
mod colour;
mod damage;
mod files;
mod film;
mod frames;
mod jpeg;
mod limits;
mod mjpeg;
mod paging;
mod pixels;
mod times;

use std::path::Path;
use std::sync::OnceLock;

use base64::Engine as _;
use serde_json::Value;

use crate::process::{Done, fragkit};

/// One entry of a response.
#[derive(Debug, Clone, PartialEq)]
struct Shot {
    /// The time of the grid, in milliseconds since the epoch.
    time_ms: i64,
    /// The picture's file, or the kind of the error and its reason.
    content: Result<Vec<u8>, (String, String)>,
}

/// Whether the programs that pictures are held against are there. Without them a test says so and passes, unless the environment
/// variable `FRAGKIT_REQUIRE_STRANGERS` is set.
fn strangers() -> bool {
    static MISSING: OnceLock<Option<&'static str>> = OnceLock::new();
    let missing = MISSING.get_or_init(|| {
        let lacks = |program: &&str| std::process::Command::new(program).arg("-version").output().is_err();
        ["ffmpeg", "ffprobe", "cjpeg", "djpeg"].into_iter().find(lacks)
    });
    if let Some(program) = missing {
        assert!(std::env::var_os("FRAGKIT_REQUIRE_STRANGERS").is_none(), "{program} is missing");
        println!("skipped: {program} is missing");
    }
    missing.is_none()
}

/// The response to `fragkit images INPUT --json` with these words, whether it has pictures or not.
fn response(input: &Path, words: &str) -> (Vec<Shot>, Option<String>) {
    let done = fragkit("images --json").words(words).arg(input).done();
    assert!(matches!(done.code, Some(0 | 1)) && !done.stdout.is_empty(), "{words}: {}", done.stderr);
    let shots = shots(&done);
    let pictures = shots.iter().any(|shot| shot.content.is_ok());
    assert_eq!(done.code, Some(i32::from(!pictures)), "no picture at all is an error: {words}: {}", done.stderr);
    (shots, done.json()["NextToken"].as_str().map(Into::into))
}

/// All entries of a response that is not paged.
fn all_shots(input: &Path, words: &str) -> Vec<Shot> {
    let (shots, token) = response(input, words);
    assert_eq!(token, None, "{words}");
    shots
}

/// The only entry of a response for one time.
fn shot_at(input: &Path, words: &str, time_ms: i64) -> Shot {
    let time = seconds(time_ms);
    let mut shots = all_shots(input, &format!("{words} --every 1s --from {time} --to {time}"));
    assert_eq!(shots.len(), 1);
    assert_eq!(shots[0].time_ms, time_ms);
    shots.remove(0)
}

fn shots(done: &Done) -> Vec<Shot> {
    let entries = done.json();
    let entries = entries["Images"].as_array().unwrap();
    let shot = |entry: &Value| {
        let content = match &entry["ImageContent"] {
            Value::String(text) => {
                assert!(entry.get("Error").is_none() && entry.get("Reason").is_none(), "{entry}");
                Ok(base64::engine::general_purpose::STANDARD.decode(text).unwrap())
            }
            _ => Err(failure(entry)),
        };
        Shot { time_ms: millis(&entry["TimeStamp"]), content }
    };
    entries.iter().map(shot).collect()
}

/// Kind and reason of an entry without a picture.
fn failure(entry: &Value) -> (String, String) {
    let text = |name: &str| entry[name].as_str().unwrap_or_else(|| panic!("{name} in {entry}")).to_string();
    assert!(!text("Reason").is_empty(), "{entry}");
    (text("Error"), text("Reason"))
}

/// Milliseconds of a number of seconds.
fn millis(seconds: &Value) -> i64 {
    let millis = seconds.as_f64().unwrap_or_else(|| panic!("{seconds} is no time")) * 1000.0;
    assert!((millis - millis.round()).abs() < 0.01, "{seconds} are whole milliseconds");
    millis.round() as i64
}

/// Seconds as the command line takes them.
fn seconds(time_ms: i64) -> String {
    format!("{}.{:03}", time_ms.div_euclid(1000), time_ms.rem_euclid(1000))
}

impl Shot {
    /// The picture, which there must be.
    #[track_caller]
    fn picture(&self) -> &[u8] {
        self.content.as_ref().unwrap_or_else(|error| panic!("{}: {error:?}", seconds(self.time_ms)))
    }

    /// The reason why there is none, which must be of this kind.
    #[track_caller]
    fn reason(&self, kind: &str) -> &str {
        match &self.content {
            Err((found, reason)) if found == kind => reason,
            Err(other) => panic!("{}: {other:?} and not {kind}", seconds(self.time_ms)),
            Ok(picture) => panic!("{}: a picture of {} bytes and not {kind}", seconds(self.time_ms), picture.len()),
        }
    }
}
