//! An inspection for programs. Keys are added in time, and never taken away.

use std::io::{self, Write};

use fragkit::{Finding, Head, Verdict};
use serde_json::{Value, json};

use super::private::Fields;
use super::track::{Described, format_name};
use super::{Inspection, OneTrack, completeness};
use crate::list::seconds;

pub(super) fn write(out: &mut impl Write, inspection: &Inspection, fields: bool) -> io::Result<()> {
    let tracks = inspection.sets.iter().flat_map(|set| set.tracks().map(|track| of_track(track, fields)));
    let value = json!({
        "chunks": inspection.chunks.iter().map(of_chunk).collect::<Vec<_>>(),
        "tracks": tracks.collect::<Vec<_>>(),
        "outputs": inspection.outputs.iter().map(of_output).collect::<Vec<_>>(),
        "findings": inspection.findings.iter().map(of_finding).collect::<Vec<_>>(),
        "bytes": inspection.bytes,
    });
    serde_json::to_writer_pretty(&mut *out, &value)?;
    writeln!(out)
}

fn of_chunk(head: &Head) -> Value {
    let frames: serde_json::Map<String, Value> =
        head.frame_counts.iter().map(|count| (count.track.to_string(), json!(count.frames))).collect();
    json!({
        "offset": head.offset,
        "size": head.size,
        "fragment_number": head.number.as_ref().map(ToString::to_string),
        "producer_timestamp": seconds(head.producer_timestamp),
        "server_timestamp": seconds(head.server_timestamp),
        "tags": head.tags.iter().map(|tag| json!({"name": tag.name, "value": tag.value})).collect::<Vec<_>>(),
        "complete": head.is_whole(),
        "completeness": completeness(head.completeness),
        "exception": head.exception.as_ref().map(|exception| json!({"code": exception.code, "message": exception.message})),
        "frames": frames,
        "key_frames": head.frame_counts.iter().map(|count| count.key_frames).sum::<u64>(),
        "length_ms": head.length_ms(),
    })
}

fn of_track((stored, mended, private): OneTrack<'_>, fields: bool) -> Value {
    let described = Described::of(mended);
    let harm = private.harm();
    let mut private_data = json!({
        "format": mended.codec_private.as_ref().ok().map(format_name),
        "valid": stored.codec_private.is_ok() && harm.is_none(),
        "repaired": private.is_mended(),
        "exception": harm.and_then(|fault| Finding::of_private_data(stored, fault).exception),
        "reason": harm.map(ToString::to_string),
        "from": private.source(),
    });
    if let Some(object) = private_data.as_object_mut().filter(|_| fields) {
        let (of, list, bytes) = match Fields::of(stored, mended) {
            Fields::Stored(list) => (Some("stored"), list, None),
            Fields::Mended(list) => (Some("repaired"), list, None),
            Fields::Unreadable(hex) => (None, Vec::new(), Some(hex)),
        };
        let list = list.iter().map(|field| json!({"depth": field.depth, "name": field.name, "value": field.value}));
        object.insert("fields".into(), list.collect());
        object.insert("fields_of".into(), of.into());
        object.insert("first_bytes".into(), bytes.into());
    }
    json!({
        "number": stored.entry.number,
        "type": described.kind,
        "codec_id": stored.entry.codec_id,
        "codec": described.codec,
        "rfc6381": described.rfc6381,
        "private_data": private_data,
        "width": described.size.map(|(width, _)| width),
        "height": described.size.map(|(_, height)| height),
        "profile": described.profile,
        "profile_name": described.profile_name,
        "level": described.level,
        "level_name": described.level_name,
        "frame_rate": described.frame_rate,
        "chroma": described.chroma,
        "bit_depth": described.bit_depth,
        "sample_rate": described.sample_rate,
        "channels": described.channels,
    })
}

fn of_output(verdict: &Verdict) -> Value {
    json!({
        "name": verdict.kind.name(),
        "fragkit": verdict.fragkit,
        "service": verdict.service,
        "exception": verdict.exception,
        "reason": verdict.reason,
    })
}

fn of_finding(finding: &Finding) -> Value {
    json!({
        "severity": finding.severity.as_str(),
        "exception": finding.exception,
        "offset": finding.offset,
        "path": finding.path,
        "fragment_number": finding.fragment_number.as_ref().map(ToString::to_string),
        "message": finding.message,
        "repair": finding.repair,
        "hint": finding.hint,
    })
}
