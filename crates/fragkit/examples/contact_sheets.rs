//! A contact sheet for each day of a folder of recordings.
//!
//! ```sh
//! cargo run -p fragkit --example contact_sheets -- recordings sheets 600
//! ```
//!
//! Files are looked at in parallel, and so are pictures taken. One sheet has pictures every so many seconds, of key frames, each with
//! its time.

use std::collections::BTreeMap;
use std::error::Error;
use std::path::{Path, PathBuf};

use fragkit::{
    About, DEFAULT_QUALITY, Item, Layout, Pick, Request, RgbImage, Sampled, Sampler, Selector, Sheet, Source,
    Timestamp, encode_jpeg, files, wall_clock,
};
use rayon::prelude::*;

type Failure = Box<dyn Error + Send + Sync>;

const DAY_MS: i64 = 86_400_000;
const TILE: (u32, u32) = (320, 180);

fn main() -> Result<(), Failure> {
    let mut arguments = std::env::args().skip(1);
    let (Some(folder), Some(output)) = (arguments.next(), arguments.next()) else {
        return Err("usage: contact_sheets FOLDER SHEETS [SECONDS]".into());
    };
    let seconds: u64 = arguments.next().map_or(Ok(600), |seconds| seconds.parse())?;
    std::fs::create_dir_all(&output)?;
    for (day, files) in days(Path::new(&folder))? {
        let name = Path::new(&output).join(format!("{}.jpg", date(day)));
        let pictures = sheet(day, &files, seconds, &name)?;
        println!("{}: {pictures} pictures of {} files", name.display(), files.len());
    }
    Ok(())
}

/// The files that have something of each day: their heads tell, and payload is not touched for them.
fn days(folder: &Path) -> Result<BTreeMap<i64, Vec<PathBuf>>, Failure> {
    let of_file = |file: &PathBuf| -> Result<Vec<(i64, PathBuf)>, fragkit::Error> {
        let source = Source::open([file])?;
        let mut days: Vec<i64> = source
            .heads()
            .filter_map(|item| match item {
                Item::Fragment(fragment) => fragment.head.producer_timestamp,
                Item::Finding(_) => None,
            })
            .map(|time| time.as_millis().div_euclid(DAY_MS))
            .collect();
        days.dedup();
        Ok(days.into_iter().map(|day| (day, file.clone())).collect())
    };
    let found: Result<Vec<_>, _> = files(folder)?.par_iter().map(of_file).collect();
    let mut days = BTreeMap::<i64, Vec<PathBuf>>::new();
    for (day, file) in found?.into_iter().flatten() {
        let files = days.entry(day).or_default();
        if !files.contains(&file) {
            files.push(file);
        }
    }
    Ok(days)
}

/// Makes the sheet of one day, and says how many pictures are on it.
fn sheet(day: i64, files: &[PathBuf], seconds: u64, path: &Path) -> Result<usize, Failure> {
    let source = Source::open(files)?;
    let (from, to) = (Timestamp::from_millis(day * DAY_MS), Timestamp::from_millis((day + 1) * DAY_MS - 1));
    let mut sampler = Sampler::new(Request {
        selector: Selector { from: Some(from), to: Some(to), ..Selector::default() },
        interval_ms: seconds.saturating_mul(1000),
        pick: Pick::Keyframe,
        size: (Some(TILE.0), Some(TILE.1)),
        ..Request::default()
    });
    for item in source.items_without_audio_payload() {
        if let Item::Fragment(fragment) = item {
            sampler.add(&fragment);
        }
    }
    let plan = sampler.plan()?;
    let threads = std::thread::available_parallelism()?.get();
    let mut sampled: Vec<Sampled<RgbImage>> = Vec::new();
    plan.par_pixels(threads, &|range| source.bytes(range), |picture| {
        // A day has hours without a recording: those are no pictures.
        if picture.picture.is_ok() {
            sampled.push(picture);
        }
        Ok::<_, Failure>(())
    })?;
    let mut sheet = Sheet::new(Layout::new(TILE.0, TILE.1, sampled.len()), sampled.len())?;
    sheet.title(&date(day));
    for Sampled { timestamp, picture, .. } in &sampled {
        sheet.add(picture.as_ref(), &wall_clock(*timestamp));
    }
    let about = About { time: from, ..About::default() };
    std::fs::write(path, encode_jpeg(&sheet.finish(), DEFAULT_QUALITY, &about)?)?;
    Ok(sampled.len())
}

/// `2024-05-01`
fn date(day: i64) -> String {
    let text = wall_clock(Timestamp::from_millis(day * DAY_MS));
    text.split(' ').next().unwrap_or_default().into()
}
