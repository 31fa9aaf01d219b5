//! `fragkit clip`: one MP4, as GetClip gives it.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use fragkit::{
    ClipOptions, ClipSummary, Clipper, Error, OnChange, Output, Selector, Source, StreamWriter, StreamingClipper,
};

use crate::args::Clip;
use crate::diagnostics::{self, Findings};
use crate::media::{save, would_write};
use crate::progress::{self, Counter};
use crate::stream::{self, Input, Keep, is_dash};

pub(crate) fn run(args: &Clip) -> Result<(), Error> {
    let mut findings = Findings::default();
    let options = |selector: Selector| ClipOptions {
        selector,
        gaps: args.joining.gaps.into(),
        on_change: args.joining.on_change.into(),
        limits: args.limits.into(),
        strict: args.strict,
    };
    match Input::open(&args.inputs)? {
        // A pipe goes straight into the file, unless the whole of it must be seen first.
        Input::Pipe(reader) if !args.range.is_relative() && !args.dry_run && !args.resume && can_stream(args) => {
            let selector = args.range.selector(Some(args.joining.reach), Vec::new)?;
            from_pipe(reader, options(selector), args, &mut findings)
        }
        input => {
            let source = input.into_source()?;
            let selector = args.range.selector(Some(args.joining.reach), || stream::quiet_heads(&source))?;
            from_source(&source, options(selector), args, &mut findings)
        }
    }
}

fn can_stream(args: &Clip) -> bool {
    let regular = !args.output.exists() || args.output.is_file();
    OnChange::from(args.joining.on_change) == OnChange::Error && !is_dash(&args.output) && regular
}

fn from_source(source: &Source, options: ClipOptions, args: &Clip, findings: &mut Findings) -> Result<(), Error> {
    let mut clipper = Clipper::new(options);
    stream::together(source, Keep::Places, findings, |fragments| clipper.add_all(fragments))?;
    clipper.take_findings().iter().for_each(|finding| findings.show(finding));
    let clips = diagnostics::timed("planned", || clipper.clips())?;
    if clips.len() > 1 && is_dash(&args.output) {
        findings.note(format!("{} clips follow each other on standard output", clips.len()));
    }
    for (clip, number) in clips.iter().zip(1..) {
        let output = numbered(&args.output, number);
        let summary = clip.summary();
        let seconds = fragkit::Timestamp::from_millis(summary.duration_ms);
        if args.dry_run {
            let what = format!("{} fragments, {seconds} s", summary.fragments);
            would_write(&output, what, clip.size())?;
            continue;
        }
        if args.resume && is_there(clip, &output) {
            findings.note(format!("{}: is there already, as it would be written", output.display()));
            continue;
        }
        let bar = progress::bar("writing", Some(clip.size()));
        let mut counter = Counter::new(&bar);
        save(source, &output, &args.inputs.inputs, |writer| {
            clip.runs(|run| {
                counter.add(run.len());
                writer.write(&run)
            })
        })?;
        bar.finish_and_clear();
        tell(&output, clip.summary(), findings);
    }
    Ok(())
}

fn from_pipe(
    reader: Box<dyn Read + Send>,
    options: ClipOptions,
    args: &Clip,
    findings: &mut Findings,
) -> Result<(), Error> {
    let mut output = Output::create(&args.output, &args.inputs.inputs)?;
    let mut clipper = StreamingClipper::new(options);
    let mut writer = StreamWriter::new(output.file());
    let taken = stream::piped_fragments(reader, Keep::Places, findings, |fragment, _| {
        writer.add(&mut clipper, &fragment).map_err(|error| output.failed(&error))
    });
    clipper.take_findings().iter().for_each(|finding| findings.show(finding));
    taken?;
    let end = clipper.finish()?;
    writer.finish(&end.moov).map_err(|error| output.failed(&error))?;
    let (offset, bytes) = end.patch;
    output.patch(offset, &bytes)?;
    output.finish()?;
    tell(&args.output, &end.summary, findings);
    Ok(())
}

/// Whether a file is what a clip would be: as long, and with the same head, in which the place and size of every frame stand. Files
/// that are being written have another name.
fn is_there(clip: &fragkit::Clip<'_>, output: &Path) -> bool {
    let head = clip.head();
    let is_same = |mut file: File| {
        let mut there = vec![0; head.len()];
        file.metadata().is_ok_and(|metadata| metadata.len() == clip.size())
            && file.read_exact(&mut there).is_ok()
            && there == head
    };
    File::open(output).is_ok_and(is_same)
}

/// The first file has the name that was given; the others get a number.
pub(crate) fn numbered(output: &Path, number: usize) -> PathBuf {
    if number == 1 || is_dash(output) {
        return output.to_path_buf();
    }
    let mut name = output.file_stem().unwrap_or_default().to_os_string();
    name.push(format!("-{number}"));
    if let Some(extension) = output.extension() {
        name.push(".");
        name.push(extension);
    }
    output.with_file_name(name)
}

fn tell(output: &Path, summary: &ClipSummary, findings: &mut Findings) {
    if let Some(finding) = summary.finding() {
        findings.show(&finding);
    }
    if !is_dash(output) {
        let seconds = fragkit::Timestamp::from_millis(summary.duration_ms);
        diagnostics::done(format_args!("{}: {} fragments, {seconds} s", output.display(), summary.fragments));
    }
}
