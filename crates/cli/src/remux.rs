//! `fragkit merge` and `fragkit chunks`: chunk streams to ordinary Matroska and back.

use std::io;

use fragkit::{ChunkLayout, ChunkOptions, Chunker, Error, Output, UserTag};

use crate::args::{Chunks, Merge};
use crate::report::Findings;
use crate::stream::{self, Input, is_dash};

pub(crate) fn merge(_args: &Merge) -> Result<(), Error> {
    Err(Error::new(fragkit::ErrorKind::Usage, "not built yet"))
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
    if is_dash(&args.output) {
        return chunk(input, options, io::BufWriter::new(io::stdout().lock()), &mut findings);
    }
    let output = Output::create(&args.output, &args.inputs.inputs)?;
    chunk(input, options, io::BufWriter::new(output.file()), &mut findings)?;
    output.finish()
}

fn chunk(input: Input, options: ChunkOptions, out: impl io::Write, findings: &mut Findings) -> Result<(), Error> {
    let mut chunker = Chunker::new(options, out);
    let add = |fragment: fragkit::Fragment, _: &mut Findings| {
        if fragment.head.is_whole() { chunker.add(&fragment) } else { Ok(()) }
    };
    match input {
        Input::Files(source) => stream::fragments(&source, true, findings, add)?,
        Input::Pipe(reader) => stream::piped_fragments(reader, true, findings, add)?,
    }
    if chunker.finish()? == 0 { Err(stream::no_fragments()) } else { Ok(()) }
}
