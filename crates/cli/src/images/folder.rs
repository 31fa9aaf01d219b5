//! Pictures as files in a folder, and a list of them.

use std::fs;
use std::io::Write as _;
use std::path::Path;

use fragkit::{Encoded, Error, Format, Output, Sampled, Timestamp};
use serde_json::{Map, Value};

use super::{Shoot, entry};
use crate::args::Images;

/// Writes the pictures of a plan; those that were kept are there already.
pub(super) fn write(shoot: Shoot<'_>, folder: &Path, kept: Vec<Sampled<Encoded>>, args: &Images) -> Result<(), Error> {
    create(folder)?;
    let extension = shoot.format.extension();
    if !kept.is_empty() {
        shoot.findings.note(format!("{} pictures are there already", kept.len()));
    }
    let file_name = |time: Timestamp| format!("{}.{extension}", time.as_millis());
    let entry =
        |sampled: &Sampled<Encoded>| (sampled.timestamp, entry::with_file(sampled, &file_name(sampled.timestamp)));
    let mut entries: Vec<(Timestamp, Map<String, Value>)> = kept.iter().map(entry).collect();
    let made = shoot.images(|sampled| {
        if let Ok(encoded) = &sampled.picture {
            save(&folder.join(file_name(sampled.timestamp)), &encoded.bytes, args)?;
        }
        entries.push(entry(&sampled));
        Ok(())
    });
    // What was made before something went wrong is there, and listed.
    entries.sort_by_key(|(time, _)| *time);
    let entries = entries.into_iter().map(|(_, entry)| entry).collect();
    let list = entry::list(entries, shoot.plan.next_token());
    let mut text = serde_json::to_vec_pretty(&list).unwrap_or_default();
    text.push(b'\n');
    let listed = save(&folder.join("index.json"), &text, args);
    let tally = made?;
    listed?;
    tally.tell(shoot.findings)
}

/// The picture of this time, if it is in the folder. Files appear when they are whole.
pub(super) fn there(folder: &Path, time: Timestamp, format: Format) -> Option<Encoded> {
    let file = fs::read(folder.join(format!("{}.{}", time.as_millis(), format.extension()))).ok()?;
    // What it shows is of no interest, and there can be very many.
    Encoded::of_file(file.into()).map(|there| Encoded { bytes: Default::default(), ..there })
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
