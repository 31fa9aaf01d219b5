//! Thumbnails as Amazon IVS records them: counted from 0, and the latest.

use std::path::Path;

use fragkit::Error;

use super::folder::{create, save};
use super::{Shoot, format};
use crate::args::{Images, StorageArg};

pub(super) fn write(shoot: Shoot<'_>, folder: &Path, storage: StorageArg, args: &Images) -> Result<(), Error> {
    create(folder)?;
    let extension = format(args).extension();
    let mut count = 0_usize;
    let tally = shoot.images(|sampled| {
        let Ok(encoded) = &sampled.picture else { return Ok(()) };
        if storage != StorageArg::Latest {
            save(&folder.join(format!("thumb{count}.{extension}")), &encoded.bytes, args)?;
            count += 1;
        }
        if storage != StorageArg::Sequential {
            save(&folder.join(format!("latest.{extension}")), &encoded.bytes, args)?;
        }
        Ok(())
    })?;
    tally.tell(shoot.findings)
}
