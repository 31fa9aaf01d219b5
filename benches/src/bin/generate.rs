//! Writes generated streams to files: `generate KIND SIZE OUT`, or `generate KIND COUNT --files DIR`.

use std::path::Path;
use std::process::ExitCode;

use fragkit_benches::{Kind, parse_size, store_document, store_files, store_stream};

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match run(&arguments.iter().map(String::as_str).collect::<Vec<_>>()) {
        Ok(done) => {
            eprintln!("{done}");
            ExitCode::SUCCESS
        }
        Err(message) => {
            eprintln!("generate: {message}");
            ExitCode::from(2)
        }
    }
}

fn run(arguments: &[&str]) -> Result<String, String> {
    let (out, written) = match *arguments {
        [kind, count, "--files", folder] => {
            let count = count.parse().map_err(|_| format!("{count}: no count of files\n{}", usage()))?;
            (folder, store_files(kind_of(kind)?, count, Path::new(folder)))
        }
        [kind, size, out] => {
            let (kind, size) = (kind_of(kind)?, parse_size(size)?);
            let store = if kind == Kind::VideoPlain { store_document } else { store_stream };
            (out, store(kind, size, Path::new(out)))
        }
        _ => return Err(usage()),
    };
    let written = written.map_err(|error| format!("{out}: {error}"))?;
    Ok(format!("{out}: {} bytes, {} chunks, {} frames", written.bytes, written.chunks, written.frames))
}

fn kind_of(text: &str) -> Result<Kind, String> {
    text.parse().map_err(|error| format!("{error}\n{}", usage()))
}

fn usage() -> String {
    format!(
        "usage: generate KIND SIZE OUT            a stream      (SIZE: 1048576, 100MiB, 1GiB, 20MB)\n       \
         generate KIND COUNT --files DIR   its first chunks, each in a file of its own\n\
         KIND: {}",
        Kind::NAMES.join(", ")
    )
}
