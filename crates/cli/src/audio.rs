//! `fragkit audio`: sound files, each track where it belongs in time.

use std::collections::HashSet;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use fragkit::{AudioFile, AudioOptions, Container, Error, ErrorKind, Extractor, Output, Source, TrackSummary};

use crate::args::Audio;
use crate::diagnostics::{self, Findings};
use crate::media::{STDOUT, would_write};
use crate::progress::{self, Counter};
use crate::stream::{self, Input, Keep, is_dash};

pub(crate) fn run(args: &Audio) -> Result<(), Error> {
    let mut findings = Findings::default();
    let source = Input::open(&args.inputs)?.into_source()?;
    let selector = args.range.selector(Some(args.reach), || stream::quiet_heads(&source))?;
    let mut extractor = Extractor::new(AudioOptions {
        selector,
        tracks: args.tracks.clone(),
        layout: args.layout.into(),
        container: container(&args.output),
        g711: args.g711.into(),
        ..AudioOptions::default()
    });
    stream::together(&source, Keep::Places, &mut findings, |fragments| extractor.add_all(fragments))?;
    extractor.take_findings().iter().for_each(|finding| findings.show(finding));
    let files = extractor.files()?;
    if files.len() > 1 && is_dash(&args.output) {
        let message = format!("{} tracks are {} files, which cannot go to standard output", files.len(), files.len());
        return Err(Error::new(ErrorKind::Usage, message).hint("--track chooses one, --layout stereo makes one of two"));
    }
    for (file, output) in files.iter().zip(names(&args.output, &files)) {
        tell(file, &output, &mut findings);
        if args.dry_run {
            let duration = fragkit::Timestamp::from_millis(file.summary().duration_ms);
            would_write(&output, format_args!("{duration} s"), file.size())?;
            continue;
        }
        write(&source, file, &output, args)?;
    }
    Ok(())
}

/// What the name of the output asks for.
fn container(output: &Path) -> Option<Container> {
    let extension = output.extension()?.to_str()?.to_ascii_lowercase();
    match extension.as_str() {
        "wav" | "wave" => Some(Container::Wav),
        "m4a" | "mp4" => Some(Container::M4a),
        _ => None,
    }
}

/// One file has the name that was given; of several, each has the name of its track added, and what it is unless that was given.
fn names(output: &Path, files: &[AudioFile<'_>]) -> Vec<PathBuf> {
    if let [_] = files {
        return vec![output.to_path_buf()];
    }
    let mut taken = HashSet::new();
    let name = |file: &AudioFile<'_>| {
        let track = file.summary().tracks.first();
        let number = track.map_or(0, |track| track.number);
        let by_number = format!("track{number}");
        let by_name = track.and_then(|track| track.name.as_deref()).map(file_name).filter(|name| !name.is_empty());
        let suffix = by_name.filter(|name| taken.insert(name.to_ascii_lowercase())).unwrap_or(by_number);
        let stem = if container(output).is_some() { output.file_stem() } else { output.file_name() };
        let mut name = stem.unwrap_or_default().to_os_string();
        name.push(format!("-{suffix}"));
        match output.extension().filter(|_| container(output).is_some()) {
            Some(extension) => {
                name.push(".");
                name.push(extension);
            }
            None => name.push(if file.container() == Container::Wav { ".wav" } else { ".m4a" }),
        }
        output.with_file_name(name)
    };
    files.iter().map(name).collect()
}

/// A name of a track as part of the name of a file.
fn file_name(name: &str) -> String {
    const MOST: usize = 64;
    let plain = |letter: char| if letter.is_alphanumeric() || matches!(letter, '-' | '_') { letter } else { '_' };
    name.chars().take(MOST).map(plain).collect()
}

fn write(source: &Source, file: &AudioFile<'_>, output: &Path, args: &Audio) -> Result<(), Error> {
    let bar = progress::bar("writing", Some(file.size()));
    let mut counter = Counter::new(&bar);
    let mut to = |out: &mut dyn Write| {
        let mut out = BufWriter::with_capacity(BUFFER_BYTES, out);
        file.write(
            |range| source.read(range),
            |some| {
                counter.add(u64::try_from(some.len()).unwrap_or_default());
                out.write_all(some)
            },
        )?;
        out.flush()
    };
    if is_dash(output) {
        to(&mut io::stdout().lock()).map_err(|error| Error::from_io(&error).at(STDOUT))?;
    } else {
        let output = Output::create(output, &args.inputs.inputs)?;
        to(&mut output.file()).map_err(|error| output.failed(&error))?;
        output.finish()?;
    }
    bar.finish_and_clear();
    Ok(())
}

const BUFFER_BYTES: usize = 1 << 20;

/// What was put in and left out.
fn tell(file: &AudioFile<'_>, output: &Path, findings: &mut Findings) {
    let summary = file.summary();
    let seconds = |millis: i64| fragkit::Timestamp::from_millis(millis);
    for track in &summary.tracks {
        let TrackSummary { number, silence_ms, gaps, dropped_ms, overlaps, uneven, .. } = *track;
        if gaps > 0 {
            findings.note(format!("track {number}: {} s of silence in {gaps} gaps", seconds(silence_ms)));
        }
        if overlaps > 0 {
            let dropped = seconds(dropped_ms);
            findings.note(format!(
                "track {number}: {dropped} s at {overlaps} places are left out, as other sound covers their time"
            ));
        }
        if uneven > 0 {
            findings.note(format!("track {number}: {uneven} frames end within a sample; that is left out"));
        }
    }
    if !is_dash(output) {
        let start = fragkit::wall_clock(summary.start);
        diagnostics::done(format_args!("{}: {} s from {start}", output.display(), seconds(summary.duration_ms)));
    }
}
