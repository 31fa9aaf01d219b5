//! `fragkit images`: pictures at given times, as GetImages gives them.

mod entry;
mod folder;
mod response;
mod sheet;
mod thumbnails;

use std::io::{self, Write as _};

use fragkit::{Compression, Error, ErrorKind, Format, ImageError, Pick, Plan, Request, Sampled, Sampler, Source};
use indicatif::ProgressBar;

use crate::args::{FormatArg, Images};
use crate::diagnostics::{self, Findings};
use crate::media::stdout_error;
use crate::progress;
use crate::stream::{self, Input, Keep};

pub(crate) fn run(args: &Images) -> Result<(), Error> {
    keep_freed_memory();
    let format = format(args)?;
    let mut findings = Findings::default();
    let source = match Input::open(&args.inputs)? {
        Input::Pipe(reader) if !args.dry_run && thumbnails::can_stream(args) => {
            let selector = args.range.selector(Some(args.reach), Vec::new)?;
            return thumbnails::from_pipe(reader, request(args, selector, format)?, &mut findings, args);
        }
        input => input.into_source()?,
    };
    let selector = args.range.selector(Some(args.reach), || stream::quiet_heads(&source))?;
    let mut sampler = Sampler::new(request(args, selector, format)?);
    stream::fragments(&source, Keep::Places, &mut findings, |fragment, _| {
        sampler.add(&fragment);
        Ok(())
    })?;
    sampler.take_findings().iter().for_each(|finding| findings.show(finding));
    let mut plan = sampler.plan()?;
    let kept = match &args.out {
        Some(folder) if args.resume => plan.take_out(|time| folder::there(folder, time, format)),
        _ => Vec::new(),
    };
    if args.dry_run {
        return would_write(args, &plan, kept.len());
    }
    let shoot =
        Shoot { source: &source, plan: &plan, format, jobs: rayon::current_num_threads(), findings: &mut findings };
    if let (Some(storage), Some(folder)) = (args.storage, &args.out) {
        thumbnails::write(shoot, folder, storage, args)
    } else if let Some(folder) = &args.out {
        folder::write(shoot, folder, kept, args)
    } else if let Some(sheet) = &args.sheet {
        sheet::write(shoot, sheet, args)
    } else {
        response::write(shoot, io::stdout().lock())
    }
}

/// Makes glibc's allocator keep what is freed for the next picture. It would give a decoder's planes back to the system each
/// time, only to have them handed out anew, page by page: a tenth of the CPU time of key frames. What it keeps is bound to the
/// largest block that it has seen freed, up to 32 MiB (mallopt(3), M_MMAP_THRESHOLD, dynamic adjustment), so one is freed here,
/// untouched. To other allocators it means nothing.
fn keep_freed_memory() {
    drop(std::hint::black_box(Vec::<u8>::with_capacity((32 << 20) - (64 << 10))));
}

/// Says what there would be, which is known of all but whether it can be decoded.
fn would_write(args: &Images, plan: &Plan<'_>, kept: usize) -> Result<(), Error> {
    let to = args.out.as_ref().or(args.sheet.as_ref()).map_or_else(|| "-".into(), |path| path.display().to_string());
    let line = format!("{to}: {} times for pictures, {kept} pictures are there already", plan.len());
    writeln!(io::stdout().lock(), "{}", diagnostics::printable(line)).map_err(|error| stdout_error(&error))
}

fn request(args: &Images, selector: fragkit::Selector, format: Format) -> Result<Request, Error> {
    let interval_ms = u64::try_from(args.every.round_millis()).unwrap_or_default();
    let sheet = args.sheet.is_some();
    let width = args.width.or_else(|| (sheet && args.height.is_none()).then_some(sheet::TILE_WIDTH));
    Ok(Request {
        selector,
        interval_ms,
        pick: if args.storage.is_some() { Pick::NextKeyframe } else { args.pick.into() },
        format,
        size: (width, args.height),
        max_results: args.max_results,
        next_token: args.next_token.clone(),
        service_limits: args.limits.into(),
        ..Request::default()
    })
}

/// How pictures are written; a sheet's name says it too.
fn format(args: &Images) -> Result<Format, Error> {
    let of_sheet = args.sheet.as_deref().map(|sheet| sheet::format(sheet, args.format)).transpose()?;
    let format = of_sheet.or(args.format).unwrap_or(FormatArg::Jpeg);
    if args.quality.is_some() && format == FormatArg::Png {
        let error = Error::new(ErrorKind::Usage, "--quality is of JPEG, and PNG is asked for");
        return Err(error.hint("--small makes smaller PNG files"));
    }
    if args.small && format == FormatArg::Jpeg {
        let error = Error::new(ErrorKind::Usage, "--small is of PNG, and JPEG is asked for");
        return Err(error.hint("--quality makes smaller JPEG files"));
    }
    Ok(match format {
        FormatArg::Jpeg => Format::Jpeg { quality: args.quality },
        FormatArg::Png => Format::Png { compression: if args.small { Compression::Small } else { Compression::Fast } },
    })
}

/// What makes the pictures, and whoever hears of them.
struct Shoot<'a> {
    source: &'a Source,
    plan: &'a Plan<'a>,
    format: Format,
    jobs: usize,
    findings: &'a mut Findings,
}

/// How it went.
#[derive(Debug, Default)]
struct Tally {
    pictures: usize,
    failed: usize,
    first_failure: Option<ImageError>,
}

impl Tally {
    fn count<T>(&mut self, sampled: &Sampled<T>) {
        match &sampled.picture {
            Ok(_) => self.pictures += 1,
            Err(error) => {
                self.failed += 1;
                self.first_failure.get_or_insert_with(|| error.clone());
            }
        }
    }

    /// Says what is missing; that there is no picture at all is an error.
    fn tell(self, findings: &mut Findings) -> Result<(), Error> {
        let Some(failure) = self.first_failure else { return Ok(()) };
        if self.pictures == 0 {
            let message = format!("there is no picture at any of the {} times: {failure}", self.failed);
            return Err(Error::new(ErrorKind::Input, message).hint("`fragkit list` shows the times there are"));
        }
        let of = self.pictures + self.failed;
        findings.note(format!("{} of {of} pictures are missing, the first for this reason: {failure}", self.failed));
        Ok(())
    }
}

impl Shoot<'_> {
    /// Gives each picture as a file's bytes, in order.
    fn images(&self, each: impl FnMut(Sampled<fragkit::Encoded>) -> Result<(), Error>) -> Result<Tally, Error> {
        self.counted(each, |take| self.plan.par_images(self.jobs, &|range| self.source.bytes(range), take))
    }

    /// Gives each picture as pixels, in order.
    fn pixels(&self, each: impl FnMut(Sampled<fragkit::RgbImage>) -> Result<(), Error>) -> Result<Tally, Error> {
        self.counted(each, |take| self.plan.par_pixels(self.jobs, &|range| self.source.bytes(range), take))
    }

    /// Counts what comes, and shows how far it is.
    fn counted<T>(
        &self,
        mut each: impl FnMut(Sampled<T>) -> Result<(), Error>,
        make: impl FnOnce(&mut dyn FnMut(Sampled<T>) -> Result<(), Error>) -> Result<(), Error>,
    ) -> Result<Tally, Error> {
        let bar = self.bar();
        let mut tally = Tally::default();
        make(&mut |sampled| {
            tally.count(&sampled);
            bar.inc(1);
            each(sampled)
        })?;
        bar.finish_and_clear();
        Ok(tally)
    }

    /// Says how to get at the pictures behind these, where the result has no place for it.
    fn tell_of_more(&mut self) {
        if let Some(token) = self.plan.next_token() {
            let more = self.plan.total().saturating_sub(u64::try_from(self.plan.len()).unwrap_or(u64::MAX));
            self.findings.note(format!("up to {more} more pictures follow: --next-token {token}"));
        }
    }

    fn bar(&self) -> ProgressBar {
        progress::count("pictures", self.plan.len())
    }
}
