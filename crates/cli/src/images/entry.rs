//! One entry of a list of pictures, as JSON.

use fragkit::{ImageError, Sampled};
use serde_json::{Map, Value, json};

use crate::list::seconds;

/// What stands in every entry: the time, and why there is no picture.
pub(super) fn entry<T>(sampled: &Sampled<T>) -> Map<String, Value> {
    let mut entry = Map::new();
    entry.insert("TimeStamp".into(), seconds(Some(sampled.timestamp)));
    if let Err(ImageError { kind, reason }) = &sampled.picture {
        entry.insert("Error".into(), json!(kind.name()));
        entry.insert("Reason".into(), json!(reason));
    }
    entry
}

/// The same with the frame that was taken and the file that the picture is in.
pub(super) fn with_file(sampled: &Sampled<fragkit::Encoded>, file: &str) -> Map<String, Value> {
    let mut entry = entry(sampled);
    if let Some(frame) = &sampled.frame {
        entry.insert("FrameTimestamp".into(), seconds(Some(frame.timestamp)));
        entry.insert("FragmentNumber".into(), json!(frame.fragment_number.as_ref().map(ToString::to_string)));
    }
    if let Ok(encoded) = &sampled.picture {
        entry.insert("File".into(), json!(file));
        entry.insert("Width".into(), json!(encoded.width));
        entry.insert("Height".into(), json!(encoded.height));
    }
    entry
}

/// All entries, as the service's response has them.
pub(super) fn list(entries: Vec<Map<String, Value>>, next_token: Option<&str>) -> Value {
    let mut list = Map::new();
    list.insert("Images".into(), Value::Array(entries.into_iter().map(Value::Object).collect()));
    if let Some(token) = next_token {
        list.insert("NextToken".into(), json!(token));
    }
    Value::Object(list)
}
