//! The service's response on standard output, as pictures come: an entry a line.

use std::io::{self, Write};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use fragkit::Error;
use serde_json::json;

use super::{Shoot, entry};

pub(super) fn write(shoot: Shoot<'_>, out: impl Write) -> Result<(), Error> {
    let mut out = io::BufWriter::new(out);
    let failed = |error: io::Error| crate::media::stdout_error(&error);
    out.write_all(b"{\"Images\": [").map_err(failed)?;
    let mut separator = "\n";
    let tally = shoot.images(|sampled| {
        let mut entry = entry::entry(&sampled);
        if let Ok(encoded) = &sampled.picture {
            entry.insert("ImageContent".into(), json!(STANDARD.encode(&encoded.bytes)));
        }
        out.write_all(separator.as_bytes()).map_err(failed)?;
        separator = ",\n";
        serde_json::to_writer(&mut out, &entry).map_err(|error| failed(error.into()))
    })?;
    out.write_all(b"\n]").map_err(failed)?;
    if let Some(token) = shoot.plan.next_token() {
        write!(out, ", \"NextToken\": {}", json!(token)).map_err(failed)?;
    }
    out.write_all(b"}\n").and_then(|()| out.flush()).map_err(failed)?;
    tally.tell(shoot.findings)
}
