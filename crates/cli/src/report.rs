//! `fragkit report`: what there is of a recording, to be looked at.
//!
//! ```text
//! report         heads of fragments in, one fragkit::Report out
//! report::words  times, lengths, sizes and events in words, for all forms
//! report::text   tables and strips of characters
//! report::json   all of it for programs
//! report::html   one page: tables, and the plots
//! report::plot   which plots there are
//! report::svg    axes, lines and bars
//! ```

mod html;
mod json;
mod plot;
mod svg;
mod text;
mod words;

use std::io::{self, Write};

use fragkit::{Error, ErrorKind, Output, Report, ReportOptions, Reporter};

use crate::args;
use crate::diagnostics::Findings;
use crate::media::stdout_error;
use crate::stream::{self, Input, Keep};

pub(crate) fn run(args: &args::Report) -> Result<(), Error> {
    let report = read(args)?;
    if let Some(path) = &args.html {
        let page = html::page(&report, &args.inputs.inputs);
        if stream::is_dash(path) {
            let mut out = io::stdout().lock();
            return out.write_all(page.as_bytes()).and_then(|()| out.flush()).map_err(|error| stdout_error(&error));
        }
        let output = Output::create(path, &args.inputs.inputs)?;
        output.file().write_all(page.as_bytes()).map_err(|error| output.failed(&error))?;
        return output.finish();
    }
    let mut out = io::BufWriter::new(io::stdout().lock());
    let written = if args.json { json::write(&mut out, &report) } else { text::write(&mut out, &report) };
    written.and_then(|()| out.flush()).map_err(|error| stdout_error(&error))
}

fn read(args: &args::Report) -> Result<Report, Error> {
    let mut findings = Findings::default();
    let input = Input::open(&args.inputs)?;
    // Where the media starts must be known before the first fragment is taken.
    let input = if args.range.is_relative() { Input::Files(input.into_source()?) } else { input };
    let selector = args.range.selector(None, || match &input {
        Input::Files(source) => stream::quiet_heads(source),
        Input::Pipe(_) => Vec::new(),
    })?;
    let mut any = false;
    let mut reporter = Reporter::new(ReportOptions { selector: selector.clone(), ..ReportOptions::default() });
    let take = |fragment: fragkit::Fragment, _: &mut Findings| {
        any |= selector.is_candidate(&fragment.head);
        reporter.add(&fragment.head);
        Ok(())
    };
    match input {
        Input::Files(source) => stream::fragments(&source, Keep::Heads, &mut findings, take)?,
        Input::Pipe(reader) => stream::piped_fragments(reader, Keep::Heads, &mut findings, take)?,
    }
    let report = reporter.finish();
    match (any, report.totals.fragments) {
        (false, _) => Err(stream::no_fragments()),
        (true, 0) => {
            let error = Error::new(ErrorKind::Input, "no fragment starts within the range");
            Err(error.hint("without --from and --to all are taken"))
        }
        _ => Ok(report),
    }
}
