//! Writes a generated chunk stream to a file: `generate KIND SIZE OUT`.

use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use fragkit_benches::{Generator, Kind, parse_size};

const USAGE: &str = "usage: generate video|video-annex-b|audio|alaw SIZE OUT    (SIZE: 1048576, 100MiB, 1GiB, 20MB)";

fn main() -> ExitCode {
    match run(std::env::args().skip(1).collect()) {
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

fn run(arguments: Vec<String>) -> Result<String, String> {
    let [kind, size, out] = <[String; 3]>::try_from(arguments).map_err(|_| USAGE)?;
    let kind: Kind = kind.parse().map_err(|error| format!("{error}\n{USAGE}"))?;
    let size = parse_size(&size)?;
    let out = PathBuf::from(out);
    // Under another name until it is whole: a file that is there is taken as good by `compare.sh`.
    let mut part = out.clone().into_os_string();
    part.push(".part");
    let part = PathBuf::from(part);
    let failed = |error: std::io::Error| format!("{}: {error}", out.display());
    let mut file = BufWriter::with_capacity(1 << 20, File::create(&part).map_err(failed)?);
    let (mut bytes, mut chunks, mut frames) = (0_u64, 0_u64, 0_u64);
    for chunk in Generator::new(kind) {
        if bytes >= size {
            break;
        }
        file.write_all(&chunk.bytes).map_err(failed)?;
        bytes += u64::try_from(chunk.bytes.len()).unwrap_or(u64::MAX);
        chunks += 1;
        frames += chunk.frames;
    }
    file.into_inner().map_err(|error| failed(error.into_error()))?;
    fs::rename(&part, &out).map_err(failed)?;
    Ok(format!("{}: {bytes} bytes, {chunks} chunks, {frames} frames", out.display()))
}
