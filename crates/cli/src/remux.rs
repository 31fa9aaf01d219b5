//! `fragkit merge` and `fragkit chunks`: chunk streams to ordinary Matroska, and ordinary files to chunk streams.

use std::io;

use fragkit::{
    ChunkLayout, ChunkOptions, Chunker, Error, ErrorKind, Index, Merge as MergedFile, Output, Severity, UserTag,
};

use crate::args::{Chunks, Merge};
use crate::diagnostics::Findings;
use crate::media::{STDOUT, save, would_write};
use crate::progress::{self, Counter};
use crate::stream::{self, Input, Keep, is_dash};

pub(crate) fn merge(args: &Merge) -> Result<(), Error> {
    let mut findings = Findings::default();
    let source = Input::open(&args.inputs)?.into_source()?;
    let selector = args.range.selector(Some(args.joining.reach), || stream::quiet_heads(&source))?;
    let mut index = Index::new(args.strict);
    stream::together(&source, Keep::Places, &mut findings, |fragments| {
        index.add_all(fragments.iter().filter(|fragment| selector.is_candidate(&fragment.head)));
    })?;
    index.take_findings(Severity::Warning).iter().for_each(|finding| findings.show(finding));
    let merges = MergedFile::plan(&index, &selector, args.joining.gaps.into(), args.joining.on_change.into())?;
    for (merge, number) in merges.iter().zip(1..) {
        let output = crate::clip::numbered(&args.output, number);
        if args.dry_run {
            let summary = merge.summary();
            let seconds = fragkit::Timestamp::from_millis(summary.duration_ms);
            would_write(&output, format_args!("{} fragments, {seconds} s", summary.fragments), merge.size())?;
            continue;
        }
        let bar = progress::bar("writing", Some(merge.size()));
        let mut counter = Counter::new(&bar);
        save(&source, &output, &args.inputs.inputs, |writer| {
            merge.runs(|run| {
                counter.add(run.len());
                writer.write(&run)
            })
        })?;
        bar.finish_and_clear();
    }
    Ok(())
}

pub(crate) fn chunks(args: &Chunks) -> Result<(), Error> {
    let mut findings = Findings::default();
    let options = ChunkOptions {
        layout: ChunkLayout {
            names: args.tag_names.into(),
            cluster_size: args.cluster_size.into(),
            trailing_tags: !args.no_trailing_tags,
            ..ChunkLayout::default()
        },
        start: args.start,
        fragment_length: args.fragment_length,
        annex_b: args.annex_b,
        tags: args
            .tags
            .iter()
            .map(|(name, value)| UserTag { name: name.clone(), value: value.clone(), after_media: false })
            .collect(),
        inserted: args.exceptions.clone(),
    };
    let input = Input::open(&args.inputs)?;
    if args.dry_run {
        let mut bytes = Counted(0);
        let chunks = chunk(input, options, &mut bytes, "", &mut findings)?;
        return would_write(&args.output, format_args!("{chunks} chunks"), bytes.0);
    }
    if is_dash(&args.output) {
        return chunk(input, options, io::BufWriter::new(io::stdout().lock()), STDOUT, &mut findings).map(drop);
    }
    let output = Output::create(&args.output, &args.inputs.inputs)?;
    let place = format!("{}: cannot write", args.output.display());
    chunk(input, options, io::BufWriter::new(output.file()), &place, &mut findings)?;
    output.finish()
}

/// How many bytes would be written.
struct Counted(u64);

impl io::Write for Counted {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0 += u64::try_from(bytes.len()).unwrap_or_default();
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Writes chunks and says how many; `place` is what a failed write is called.
fn chunk(
    input: Input,
    options: ChunkOptions,
    out: impl io::Write,
    place: &str,
    findings: &mut Findings,
) -> Result<u64, Error> {
    let failed = |error: &Error| matches!(error.kind(), ErrorKind::Io | ErrorKind::BrokenPipe);
    let named = |error: Error| if failed(&error) { error.at(place) } else { error };
    let mut chunker = Chunker::new(options, out);
    let add = |fragment: fragkit::Fragment, _: &mut Findings| {
        if fragment.head.is_whole() { chunker.add(&fragment).map_err(named) } else { Ok(()) }
    };
    match input {
        Input::Files(source) => stream::fragments(&source, Keep::Frames, findings, add)?,
        Input::Pipe(reader) => stream::piped_fragments(reader, Keep::Frames, findings, add)?,
    }
    match chunker.finish().map_err(named)? {
        0 => Err(stream::no_fragments()),
        chunks => Ok(chunks),
    }
}
