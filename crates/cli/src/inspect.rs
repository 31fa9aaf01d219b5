//! `fragkit inspect`: chunks, tracks, private data and what is wrong with them.

use std::io::{self, Write};

use fragkit::codec::{CodecId, CodecPrivate, ErrorKind as CodecErrorKind};
use fragkit::mkv::TrackType;
use fragkit::{
    Completeness, Error, Finding, Fragment, Head, Index, Item, Pipe, ServiceException, Severity, Track, Tracks, change,
};
use serde_json::{Value, json};

use crate::args::Inspect;
use crate::list::seconds;
use crate::report::{Findings, printable};
use crate::stream::{self, Input};

/// All that is known of the input.
#[derive(Default)]
struct Inspection {
    chunks: Vec<Head>,
    /// Each different set of tracks, with the first chunk that has it and how it was repaired.
    tracks: Vec<(Tracks, Tracks)>,
    findings: Vec<Finding>,
    bytes: u64,
}

pub(crate) fn run(args: &Inspect) -> Result<(), Error> {
    let mut inspection = Inspection::default();
    match Input::open(&args.inputs)? {
        Input::Files(source) => {
            inspection.bytes = source.len();
            source.items().for_each(|item| inspection.take(item, args.strict));
        }
        Input::Pipe(reader) => {
            for item in Pipe::new(reader) {
                inspection.take(item.map_err(|error| stream::unreadable(&error))?, args.strict);
            }
            inspection.bytes = inspection.chunks.last().map_or(0, |head| head.offset + head.size);
        }
    }
    if inspection.chunks.is_empty() {
        let mut shown = Findings::default();
        inspection.findings.iter().for_each(|finding| shown.show(finding));
        return Err(if inspection.findings.is_empty() { stream::empty() } else { stream::no_fragments() });
    }
    let mut out = io::BufWriter::new(io::stdout().lock());
    let written = if args.json { inspection.as_json(&mut out) } else { inspection.as_text(&mut out) };
    written.and_then(|()| out.flush()).map_err(|error| crate::media::stdout_error(&error))
}

impl Inspection {
    fn take(&mut self, item: Item, strict: bool) {
        match item {
            Item::Finding(finding) => self.findings.push(finding),
            Item::Fragment(fragment) => self.take_fragment(&fragment, strict),
        }
    }

    fn take_fragment(&mut self, fragment: &Fragment, strict: bool) {
        let head = &fragment.head;
        if let Some(exception) = &head.exception {
            self.findings.push(exception_finding(head, exception));
        }
        if !head.tracks.is_empty() {
            self.take_tracks(fragment, strict);
        }
        let video = head.tracks.video().map(|track| track.entry.number);
        let first = fragment.frames.iter().find(|frame| Some(frame.track) == video);
        if let Some(frame) = first.filter(|frame| !frame.keyframe) {
            self.findings.push(Finding {
                severity: Severity::Warning,
                exception: None,
                offset: Some(frame.offset),
                path: "Segment > Cluster".into(),
                fragment_number: head.number.clone(),
                message: "the first picture of the fragment is no key frame; it cannot be shown by itself".into(),
                repair: None,
                hint: Some("have the producer start each fragment with a key frame".into()),
            });
        }
        self.chunks.push(head.clone());
    }

    fn take_tracks(&mut self, fragment: &Fragment, strict: bool) {
        let tracks = &fragment.head.tracks;
        let before = self.tracks.last().map(|(before, _)| before);
        let changed = before.and_then(|before| change(before, tracks));
        if let Some(change) = &changed {
            self.findings.push(Finding {
                severity: Severity::Warning,
                exception: Some("InvalidCodecPrivateDataException"),
                offset: Some(fragment.head.offset),
                path: "Segment > Tracks".into(),
                fragment_number: fragment.head.number.clone(),
                message: format!("{change}, so that one clip cannot hold what is before and behind"),
                repair: None,
                hint: Some("`fragkit clip --on-change split` makes one file of each stretch".into()),
            });
        }
        if before.is_some() && changed.is_none() {
            return;
        }
        for track in tracks.iter().filter(|track| is_media(track)) {
            if let Some(finding) = private_finding(fragment, track) {
                self.findings.push(finding);
            }
        }
        // What a repair would make of it.
        let mut index = Index::new(strict);
        index.add(fragment);
        let repaired = index.fragments().first().map_or_else(|| tracks.clone(), |indexed| indexed.head.tracks.clone());
        self.findings.extend(index.take_findings(Severity::Note));
        self.tracks.push((tracks.clone(), repaired));
    }

    fn as_json(&self, out: &mut impl Write) -> io::Result<()> {
        let tracks = self.tracks.iter().flat_map(|(before, after)| before.iter().zip(after.iter()));
        let value = json!({
            "chunks": self.chunks.iter().map(chunk_json).collect::<Vec<_>>(),
            "tracks": tracks.map(|(before, after)| track_json(before, after)).collect::<Vec<_>>(),
            "findings": self.findings.iter().map(finding_json).collect::<Vec<_>>(),
            "bytes": self.bytes,
        });
        serde_json::to_writer_pretty(&mut *out, &value)?;
        writeln!(out)
    }

    fn as_text(&self, out: &mut impl Write) -> io::Result<()> {
        let whole = self.chunks.iter().filter(|head| head.is_whole()).count();
        let frames: u64 = self.chunks.iter().map(Head::frame_count).sum();
        writeln!(out, "{} chunks, {whole} whole, {frames} frames, {} bytes", self.chunks.len(), self.bytes)?;
        for (before, after) in &self.tracks {
            for (before, after) in before.iter().zip(after.iter()) {
                writeln!(out, "{}", printable(track_text(before, after)))?;
            }
        }
        writeln!(out)?;
        for head in &self.chunks {
            let number = head.number.as_ref().map_or("-", |number| number.as_str());
            let producer = head.producer_timestamp.map_or_else(|| "-".into(), |timestamp| timestamp.to_string());
            let counts: Vec<_> =
                head.frame_counts.iter().map(|count| format!("{}:{}", count.track, count.frames)).collect();
            writeln!(
                out,
                "{:>12} {number:<47} {producer:>14} {:>6} ms  {:<10} frames {}",
                head.offset,
                head.length_ms(),
                completeness(head.completeness),
                if counts.is_empty() { "none".into() } else { counts.join(" ") },
            )?;
            for tag in &head.tags {
                writeln!(out, "{:>12} tag {}={}", "", printable(&tag.name), printable(&tag.value))?;
            }
        }
        if self.findings.is_empty() {
            return writeln!(out, "\nno findings");
        }
        writeln!(out)?;
        for finding in &self.findings {
            writeln!(out, "{}: {}", finding.severity.as_str(), printable(finding))?;
        }
        Ok(())
    }
}

/// An exception that the service put into a chunk, as a finding.
pub(crate) fn exception_finding(head: &Head, exception: &ServiceException) -> Finding {
    let code = exception.code.map_or_else(String::new, |code| format!(" {code}"));
    let meaning = exception.meaning().map_or_else(String::new, |meaning| format!(": {meaning}"));
    Finding {
        severity: Severity::Error,
        exception: None,
        offset: Some(head.offset),
        path: "Segment > Tags".into(),
        fragment_number: head.number.clone(),
        message: format!("the service reports exception{code} in this chunk{meaning} ({:?})", exception.message),
        repair: None,
        hint: None,
    }
}

fn is_media(track: &Track) -> bool {
    matches!(track.entry.track_type, TrackType::Video | TrackType::Audio)
}

fn private_finding(fragment: &Fragment, track: &Track) -> Option<Finding> {
    let error = track.codec_private.as_ref().err()?;
    Some(Finding {
        severity: Severity::Error,
        exception: Some(exception_name(error.kind())),
        offset: Some(fragment.head.offset),
        path: "Segment > Tracks > TrackEntry > CodecPrivate".into(),
        fragment_number: fragment.head.number.clone(),
        message: format!("track {} ({}): {error}", track.entry.number, track.entry.codec_id),
        repair: None,
        hint: None,
    })
}

fn exception_name(kind: CodecErrorKind) -> &'static str {
    match kind {
        CodecErrorKind::Missing => "MissingCodecPrivateDataException",
        CodecErrorKind::Unsupported => "UnsupportedStreamMediaTypeException",
        _ => "InvalidCodecPrivateDataException",
    }
}

fn completeness(completeness: Completeness) -> &'static str {
    match completeness {
        Completeness::Complete => "complete",
        Completeness::Untrailed => "untrailed",
        Completeness::Cut { .. } => "cut",
        Completeness::Broken { .. } => "broken",
        _ => "no media",
    }
}

fn chunk_json(head: &Head) -> Value {
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

fn track_json(before: &Track, after: &Track) -> Value {
    let entry = &before.entry;
    let video = after.codec_private.as_ref().ok().and_then(|private| private.video().ok().flatten());
    let audio = after.codec_private.as_ref().ok().and_then(CodecPrivate::audio);
    let error = before.codec_private.as_ref().err();
    json!({
        "number": entry.number,
        "type": type_name(entry.track_type),
        "codec_id": entry.codec_id,
        "codec": codec_name(before),
        "rfc6381": after.codec_private.as_ref().ok().and_then(CodecPrivate::codec_string),
        "private_data": {
            "format": after.codec_private.as_ref().ok().map(format_name),
            "valid": error.is_none(),
            "repaired": error.is_some() && after.codec_private.is_ok(),
            "exception": error.map(|error| exception_name(error.kind())),
            "reason": error.map(ToString::to_string),
        },
        "width": video.map(|video| u64::from(video.width)).or(entry.video.as_ref().map(|video| video.pixel_width)),
        "height": video.map(|video| u64::from(video.height)).or(entry.video.as_ref().map(|video| video.pixel_height)),
        "profile": video.map(|video| video.profile_idc),
        "level": video.map(|video| video.level_idc),
        "sample_rate": audio.map(|audio| f64::from(audio.output_sampling_frequency)).or(entry.audio.as_ref().map(|audio| audio.sampling_frequency)),
        "channels": audio.and_then(|audio| audio.output_channels).map(u64::from).or(entry.audio.as_ref().map(|audio| audio.channels)),
    })
}

fn track_text(before: &Track, after: &Track) -> String {
    let entry = &before.entry;
    let mut text =
        format!("track {}: {}, {} ({})", entry.number, type_name(entry.track_type), codec_name(before), entry.codec_id);
    match &after.codec_private {
        Ok(private) => {
            if let Some(string) = private.codec_string() {
                text += &format!(", {string}");
            }
            if let Ok(Some(video)) = private.video() {
                text += &format!(", {}x{}", video.width, video.height);
                if let Some((frames, seconds)) = video.frame_rate {
                    text += &format!(", {frames}/{seconds} fps");
                }
            }
            if let Some(audio) = private.audio() {
                text += &format!(", {} Hz", audio.output_sampling_frequency);
                if let Some(channels) = audio.output_channels {
                    text += &format!(", {channels} channels");
                }
            }
            if before.codec_private.is_err() {
                text += ", private data can be repaired";
            }
        }
        Err(error) if is_media(before) => text += &format!(", {error}"),
        Err(_) => {}
    }
    text
}

fn type_name(track_type: TrackType) -> &'static str {
    match track_type {
        TrackType::Video => "video",
        TrackType::Audio => "audio",
        _ => "other",
    }
}

fn codec_name(track: &Track) -> String {
    match (CodecId::parse(&track.entry.codec_id), &track.codec_private) {
        (CodecId::Avc, _) => "H.264".into(),
        (CodecId::Hevc, _) => "H.265".into(),
        (CodecId::Aac, _) => "AAC".into(),
        (CodecId::Acm, Ok(CodecPrivate::Wave(format))) => match format.g711_law() {
            Some(fragkit::codec::wave::G711Law::ALaw) => "G.711 A-law".into(),
            Some(fragkit::codec::wave::G711Law::MuLaw) => "G.711 mu-law".into(),
            None => format!("audio with format tag {}", format.format_tag),
        },
        (CodecId::Acm, _) => "audio with WAVEFORMATEX".into(),
        _ => track.entry.codec_id.clone(),
    }
}

fn format_name(private: &CodecPrivate) -> &'static str {
    match private {
        CodecPrivate::Avc(_) => "avcC",
        CodecPrivate::Hevc(_) => "hvcC",
        CodecPrivate::Aac(_) => "AudioSpecificConfig",
        CodecPrivate::Wave(_) => "WAVEFORMATEX",
        _ => "other",
    }
}

fn finding_json(finding: &Finding) -> Value {
    json!({
        "severity": finding.severity.as_str(),
        "exception": finding.exception,
        "offset": finding.offset,
        "path": finding.path,
        "fragment_number": finding.fragment_number.as_ref().map(ToString::to_string),
        "message": finding.message,
        "hint": finding.hint,
    })
}
