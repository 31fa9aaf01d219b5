//! Contact sheets.

use std::path::Path;

use fragkit::Error;

use super::Shoot;
use crate::args::Images;

pub(super) const TILE_WIDTH: u32 = 320;

pub(super) fn write(_shoot: Shoot<'_>, _sheet: &Path, _args: &Images) -> Result<(), Error> {
    Ok(())
}
