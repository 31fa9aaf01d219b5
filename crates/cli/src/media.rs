//! `fragkit media`: chosen chunks as they are, as GetMediaForFragmentList gives them.

use std::collections::HashMap;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use fragkit::{
    ChunkLayout, ChunkWriter, Error, ErrorKind, FragmentNumber, Head, Run, RunWriter, ServiceException, Source,
};

use crate::args::Media;
use crate::diagnostics::{self, Findings};
use crate::stream::{self, Input, Keep};

pub(crate) fn run(args: &Media) -> Result<(), Error> {
    let mut findings = Findings::default();
    let source = Input::open(&args.inputs)?.into_source()?;
    let mut chunks: HashMap<FragmentNumber, Head> = HashMap::new();
    stream::fragments(&source, Keep::Heads, &mut findings, |fragment, _| {
        let head = fragment.head;
        if let Some(number) = head.number.clone().filter(|_| !head.plain) {
            // Of a chunk that is there more than once, the first whole one.
            let better = chunks.get(&number).is_none_or(|there: &Head| !there.is_whole() && head.is_whole());
            if better {
                chunks.insert(number, head);
            }
        }
        Ok(())
    })?;
    if chunks.is_empty() {
        let error = Error::new(ErrorKind::Input, "there is no chunk with a fragment number in the input");
        return Err(error.hint("`fragkit chunks` makes chunks of an ordinary Matroska or MP4 file"));
    }
    let layout = ChunkLayout { names: args.tag_names.into(), ..ChunkLayout::default() };
    let writer = ChunkWriter::new(layout);
    let missing = |number: &FragmentNumber| {
        let exception = ServiceException { code: Some(4000), message: "The requested fragment is not found".into() };
        writer.exception(Some(number), &exception)
    };
    if !args.fragments.iter().any(|number| chunks.contains_key(number)) {
        let error = Error::new(ErrorKind::Input, "none of the fragments is in the input [ResourceNotFoundException]");
        return Err(error.hint("`fragkit list` shows the numbers there are"));
    }
    let mut parts: Vec<Result<&Head, Vec<u8>>> = Vec::new();
    for number in &args.fragments {
        match chunks.get(number) {
            Some(head) => parts.push(Ok(head)),
            None => {
                findings.note(format!("fragment {number} is not in the input; an exception chunk stands for it"));
                parts.push(Err(missing(number)));
            }
        }
    }
    if args.dry_run {
        let bytes = parts.iter().map(|part| match part {
            Ok(head) => head.size,
            Err(exception) => u64::try_from(exception.len()).unwrap_or(u64::MAX),
        });
        let there = parts.iter().filter(|part| part.is_ok()).count();
        return would_write(&args.output, format_args!("{there} of {} fragments", parts.len()), bytes.sum());
    }
    save(&source, &args.output, &args.inputs.inputs, |writer| {
        for part in &parts {
            match part {
                Ok(head) => writer.write(&Run::Input(head.offset..head.offset + head.size))?,
                Err(exception) => writer.write(&Run::Bytes(exception))?,
            }
        }
        Ok(())
    })
}

/// Writes runs to a file or to standard output.
pub(crate) fn save(
    source: &Source,
    output: &Path,
    inputs: &[PathBuf],
    runs: impl FnOnce(&mut RunWriter<'_>) -> io::Result<()>,
) -> Result<(), Error> {
    diagnostics::timed("wrote", || {
        if stream::is_dash(output) {
            fragkit::write_runs(source, io::stdout().lock(), runs).map_err(|error| stdout_error(&error))
        } else {
            fragkit::save(source, output, inputs, runs)
        }
    })
}

/// Prints what a file would hold, where nothing is to be written.
pub(crate) fn would_write(output: &Path, what: impl std::fmt::Display, bytes: u64) -> Result<(), Error> {
    let line = diagnostics::printable(format_args!("{}: {what}, {bytes} bytes", output.display()));
    writeln!(io::stdout().lock(), "{line}").map_err(|error| stdout_error(&error))
}

/// What a failed write to standard output is called.
pub(crate) fn stdout_error(error: &io::Error) -> Error {
    Error::from_io(error).at(STDOUT)
}

/// Where a failed write to standard output happens.
pub(crate) const STDOUT: &str = "cannot write to standard output";
