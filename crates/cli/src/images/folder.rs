//! Pictures as files in a folder, and a list of them.

use std::fs;
use std::io::Write as _;
use std::path::Path;

use fragkit::{Error, Output};
use serde_json::{Map, Value};

use super::{Shoot, entry};
use crate::args::Images;

pub(super) fn write(shoot: Shoot<'_>, folder: &Path, args: &Images) -> Result<(), Error> {
    create(folder)?;
    let extension = shoot.format.extension();
    let mut entries: Vec<Map<String, Value>> = Vec::with_capacity(shoot.plan.len());
    let made = shoot.images(|sampled| {
        let name = format!("{}.{extension}", sampled.timestamp.as_millis());
        if let Ok(encoded) = &sampled.picture {
            save(&folder.join(&name), &encoded.bytes, args)?;
        }
        entries.push(entry::with_file(&sampled, &name));
        Ok(())
    });
    // What was made before something went wrong is there, and listed.
    let list = entry::list(entries, shoot.plan.next_token());
    let mut text = serde_json::to_vec_pretty(&list).unwrap_or_default();
    text.push(b'\n');
    let listed = save(&folder.join("index.json"), &text, args);
    let tally = made?;
    listed?;
    tally.tell(shoot.findings)
}

/// Makes a folder unless it is there.
pub(super) fn create(folder: &Path) -> Result<(), Error> {
    let failed = |error| {
        let error = Error::from_io(&error).at(format_args!("{}: cannot make the folder", folder.display()));
        error.hint("name a folder, or a place for one")
    };
    fs::create_dir_all(folder).map_err(failed)
}

/// Writes a file that appears when it is whole, in the place of one that is there.
pub(super) fn save(path: &Path, bytes: &[u8], args: &Images) -> Result<(), Error> {
    let output = Output::create(path, &args.inputs.inputs)?;
    output.file().write_all(bytes).map_err(|error| output.failed(&error))?;
    output.finish()
}
