//! Thumbnails as Amazon IVS records them: counted from 0, and the latest.

use std::io::Read;
use std::path::Path;

use fragkit::{Encoded, Error, Request, Sampled, ServiceLimits, Thumbnailer};

use super::folder::{create, save};
use super::{Shoot, Tally};
use crate::args::{Images, StorageArg};
use crate::diagnostics::Findings;
use crate::stream::{self, Keep};

/// The files of a folder, as they come.
struct Files<'a> {
    folder: &'a Path,
    storage: StorageArg,
    extension: &'static str,
    /// Of those that are counted.
    count: usize,
    args: &'a Images,
}

pub(super) fn write(mut shoot: Shoot<'_>, folder: &Path, storage: StorageArg, args: &Images) -> Result<(), Error> {
    let mut files = Files::new(folder, storage, shoot.format.extension(), args)?;
    let tally = shoot.images(|sampled| files.take(&sampled))?;
    shoot.tell_of_more();
    tally.tell(shoot.findings)
}

/// Whether thumbnails are asked for that can be made of a pipe while it runs: nothing is to be known of its end.
pub(super) fn can_stream(args: &Images) -> bool {
    let pages = args.max_results.is_some() || args.next_token.is_some();
    let limits = ServiceLimits::from(args.limits) != ServiceLimits::unlimited();
    args.storage.is_some() && !args.range.is_relative() && !pages && !limits
}

/// Makes them of a pipe, each as soon as its fragment is there.
pub(super) fn from_pipe(
    reader: Box<dyn Read + Send>,
    request: Request,
    findings: &mut Findings,
    args: &Images,
) -> Result<(), Error> {
    let (Some(storage), Some(folder)) = (args.storage, &args.out) else { return Ok(()) };
    let extension = request.format.extension();
    let mut thumbnailer = Thumbnailer::new(request)?;
    let mut files = Files::new(folder, storage, extension, args)?;
    let mut tally = Tally::default();
    stream::piped_fragments(reader, Keep::Live, findings, |fragment, findings| {
        let pictures = thumbnailer.push(&fragment);
        thumbnailer.take_findings().iter().for_each(|finding| findings.show(finding));
        for sampled in pictures {
            tally.count(&sampled);
            files.take(&sampled)?;
        }
        Ok(())
    })?;
    thumbnailer.finish()?;
    tally.tell(findings)
}

impl<'a> Files<'a> {
    fn new(folder: &'a Path, storage: StorageArg, extension: &'static str, args: &'a Images) -> Result<Self, Error> {
        create(folder)?;
        Ok(Files { folder, storage, extension, count: 0, args })
    }

    fn take(&mut self, sampled: &Sampled<Encoded>) -> Result<(), Error> {
        let Ok(encoded) = &sampled.picture else { return Ok(()) };
        if self.storage != StorageArg::Latest {
            let name = format!("thumb{}.{}", self.count, self.extension);
            save(&self.folder.join(name), &encoded.bytes, self.args)?;
            self.count += 1;
        }
        if self.storage != StorageArg::Sequential {
            let name = format!("latest.{}", self.extension);
            save(&self.folder.join(name), &encoded.bytes, self.args)?;
        }
        Ok(())
    }
}
