//! An inspection for people: a line for each thing, so that it can be searched.

use std::io::{self, Write};

use fragkit::codec::{CodecId, Field, Origin};
use fragkit::{Finding, Head, Verdict};

use super::private::{Fields, Private, is_media};
use super::track::{Described, format_name};
use super::{Inspection, OneTrack, TrackSet, completeness};
use crate::diagnostics::printable;

pub(super) fn write(out: &mut impl Write, inspection: &Inspection, fields: bool) -> io::Result<()> {
    let Inspection { chunks, sets, findings, outputs, bytes } = inspection;
    let whole = chunks.iter().filter(|head| head.is_whole()).count();
    let frames: u64 = chunks.iter().map(Head::frame_count).sum();
    writeln!(out, "{} chunks, {whole} whole, {frames} frames, {bytes} bytes", chunks.len())?;
    for set in sets {
        write_set(out, set, sets.len() > 1, fields)?;
    }
    write_outputs(out, outputs)?;
    writeln!(out)?;
    for head in chunks {
        write_chunk(out, head)?;
    }
    writeln!(out)?;
    if findings.is_empty() {
        return writeln!(out, "no findings");
    }
    findings.iter().try_for_each(|finding| write_finding(out, finding))
}

fn write_set(out: &mut impl Write, set: &TrackSet, one_of_many: bool, fields: bool) -> io::Result<()> {
    writeln!(out)?;
    if one_of_many {
        writeln!(out, "from byte {} on:", set.offset)?;
    }
    set.tracks().try_for_each(|track| write_track(out, track, fields))
}

fn write_track(out: &mut impl Write, (stored, mended, private): OneTrack<'_>, fields: bool) -> io::Result<()> {
    let described = Described::of(mended);
    writeln!(out, "{}", printable(described.line(stored.entry.number, &stored.entry.codec_id)))?;
    if !is_media(stored) {
        return Ok(());
    }
    let bytes = stored.entry.codec_private.as_ref().map_or(0, |bytes| bytes.len());
    let known = !matches!(CodecId::parse(&stored.entry.codec_id), CodecId::Other(_));
    let format = match &stored.codec_private {
        Ok(private) => format_name(private),
        Err(_) if known => "not readable",
        Err(_) => "of a codec that is not read here",
    };
    writeln!(out, "    private data: {}", state(private, bytes, format))?;
    if !fields {
        return Ok(());
    }
    match Fields::of(stored, mended) {
        Fields::Stored(list) => write_fields(out, &list),
        Fields::Mended(list) => {
            writeln!(out, "    fields of what is used instead, as the stored bytes cannot be read:")?;
            write_fields(out, &list)
        }
        Fields::Unreadable(hex) if hex.is_empty() => Ok(()),
        Fields::Unreadable(hex) => writeln!(out, "    first bytes: {hex}"),
    }
}

/// What the private data is good for, in a few words.
fn state(private: &Private, bytes: usize, format: &str) -> String {
    let stored = match bytes {
        0 => "missing".into(),
        _ => format!("{format}, {bytes} bytes"),
    };
    let oddities = match private.oddities() {
        0 => String::new(),
        1 => ", with an oddity".into(),
        count => format!(", with {count} oddities"),
    };
    let state = match (private.from, private.harm()) {
        (Some(Origin::AsStored), None) if oddities.is_empty() => "sound",
        (Some(Origin::AsStored), None) => "usable",
        (Some(Origin::AsStored), Some(_)) => "faulty",
        (Some(Origin::PrivateData), _) => "mended out of itself",
        (Some(Origin::Frames), _) => "made of the parameter sets in the frames",
        (Some(Origin::Adts), _) => "made of the ADTS header of the frames",
        (Some(_), _) => "made of the codec id and the Audio element",
        (None, _) => "unusable",
    };
    format!("{stored}, {state}{oddities}")
}

/// Names below each other, moved in by their depth, and values in a column.
fn write_fields(out: &mut impl Write, list: &[Field]) -> io::Result<()> {
    let width = |field: &Field| 2 * field.depth + field.name.len();
    let column = list.iter().map(width).filter(|&width| width <= WIDEST_NAME).max().unwrap_or_default();
    for field in list {
        let name = format!("{:indent$}{}", "", field.name, indent = 2 * field.depth);
        let line = format!("    {name:column$}  {}", printable(&field.value));
        writeln!(out, "{}", line.trim_end())?;
    }
    Ok(())
}

fn write_outputs(out: &mut impl Write, outputs: &[Verdict]) -> io::Result<()> {
    writeln!(out, "\n{:<11} {:<8} {:<8} why", "outputs", "fragkit", "service")?;
    let word = |possible: bool| if possible { "yes" } else { "no" };
    for verdict in outputs {
        let exception = verdict.exception.map_or_else(String::new, |exception| format!(" [{exception}]"));
        writeln!(
            out,
            "  {:<9} {:<8} {:<8} {}{exception}",
            verdict.kind.name(),
            word(verdict.fragkit),
            word(verdict.service),
            printable(&verdict.reason),
        )?;
    }
    Ok(())
}

fn write_chunk(out: &mut impl Write, head: &Head) -> io::Result<()> {
    let number = head.number.as_ref().map_or("-", |number| number.as_str());
    let producer = head.producer_timestamp.map_or_else(|| "-".into(), |timestamp| timestamp.to_string());
    let counts: Vec<_> = head.frame_counts.iter().map(|count| format!("{}:{}", count.track, count.frames)).collect();
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
    Ok(())
}

/// The place and the rule on the first line, then what was done and what to change.
fn write_finding(out: &mut impl Write, finding: &Finding) -> io::Result<()> {
    let told = Finding { repair: None, hint: None, ..finding.clone() };
    writeln!(out, "{}: {}", finding.severity.as_str(), printable(told))?;
    for (word, said) in [("done", &finding.repair), ("fix", &finding.hint)] {
        if let Some(said) = said {
            writeln!(out, "    {word}: {}", printable(said))?;
        }
    }
    Ok(())
}

/// Names longer than this do not move the values of the others.
const WIDEST_NAME: usize = 56;
