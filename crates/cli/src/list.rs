//! `fragkit list`: the fragments, as ListFragments gives them.

use std::io::{self, Write};

use fragkit::{Error, ErrorKind, Head, Timestamp};
use serde_json::{Value, json};

use crate::args::List;
use crate::diagnostics::Findings;
use crate::stream::{self, Input};

pub(crate) fn run(args: &List) -> Result<(), Error> {
    let mut findings = Findings::default();
    let heads = stream::heads(Input::open(&args.inputs)?, &mut findings)?;
    for head in &heads {
        if let Some(exception) = &head.exception {
            findings.show(&crate::inspect::exception_finding(head, exception));
        }
    }
    let selector = args.range.selector(None, || heads.clone())?;
    let selected = selector.select(&heads);
    if !heads.iter().any(|head| selector.is_candidate(head)) {
        return Err(stream::no_fragments());
    }
    if selected.is_empty() {
        let error = Error::new(ErrorKind::Input, "no fragment starts within the range");
        return Err(error.hint("without --from and --to all are listed"));
    }
    let listed = selected.iter().filter_map(|&at| heads.get(at));
    let mut out = io::BufWriter::new(io::stdout().lock());
    let written = if args.json { as_json(&mut out, listed) } else { as_table(&mut out, listed) };
    written.and_then(|()| out.flush()).map_err(|error| crate::media::stdout_error(&error))
}

/// A timestamp as the API gives it: epoch seconds with milliseconds.
pub(crate) fn seconds(timestamp: Option<Timestamp>) -> Value {
    let number = timestamp.and_then(|timestamp| timestamp.to_string().parse::<f64>().ok());
    number.map_or(Value::Null, |seconds| json!(seconds))
}

fn as_json<'h>(out: &mut impl Write, heads: impl Iterator<Item = &'h Head>) -> io::Result<()> {
    let fragments: Vec<Value> = heads
        .map(|head| {
            json!({
                "FragmentNumber": head.number.as_ref().map(ToString::to_string),
                "FragmentSizeInBytes": head.size,
                "ProducerTimestamp": seconds(head.producer_timestamp),
                "ServerTimestamp": seconds(head.server_timestamp),
                "FragmentLengthInMilliseconds": head.length_ms(),
            })
        })
        .collect();
    serde_json::to_writer_pretty(&mut *out, &json!({ "Fragments": fragments }))?;
    writeln!(out)
}

fn as_table<'h>(out: &mut impl Write, heads: impl Iterator<Item = &'h Head>) -> io::Result<()> {
    let text = |timestamp: Option<Timestamp>| timestamp.map_or_else(|| "-".into(), |timestamp| timestamp.to_string());
    writeln!(
        out,
        "{:<47}  {:>14}  {:>14}  {:>9}  {:>10}  {:>6}",
        "FRAGMENT NUMBER", "PRODUCER", "SERVER", "LENGTH ms", "SIZE bytes", "FRAMES"
    )?;
    for head in heads {
        let number = head.number.as_ref().map_or("-", |number| number.as_str());
        writeln!(
            out,
            "{number:<47}  {:>14}  {:>14}  {:>9}  {:>10}  {:>6}",
            text(head.producer_timestamp),
            text(head.server_timestamp),
            head.length_ms(),
            head.size,
            head.frame_count()
        )?;
    }
    Ok(())
}
