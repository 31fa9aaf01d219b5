//! Movie fragments (ISO/IEC 14496-12:2015, 8.8), found and read one `traf`
//! after the other.

use std::ops::Range;

use bytes::Bytes;

use super::table::{COMPANDED_SAMPLES, Entry};
use crate::Error;
use crate::reader::Reader;

/// What samples of a fragment are like unless it says otherwise (`trex`).
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Defaults {
    /// Counted from 1; 0 if nothing says it.
    description: u32,
    duration: u32,
    size: u32,
    flags: u32,
}

impl Defaults {
    /// track_ID, and what is said of it.
    pub(super) fn read_trex(mut trex: Reader<'_>) -> Result<(u32, Defaults), Error> {
        trex.full_box(u8::MAX)?;
        let track_id = trex.u32("track_ID")?;
        let mut field = |name| trex.u32(name);
        let description = field("default_sample_description_index")?;
        let (duration, size) = (field("default_sample_duration")?, field("default_sample_size")?);
        Ok((track_id, Defaults { description, duration, size, flags: field("default_sample_flags")? }))
    }
}

/// A `traf` box that is to be read.
#[derive(Clone, Debug)]
pub(super) struct Traf {
    pub(super) track_id: u32,
    /// Of its boxes in the file.
    body: Range<usize>,
    /// What its data offsets are counted from.
    base: u64,
    /// What its header says in place of the defaults of the track.
    description: Option<u32>,
    duration: Option<u32>,
    size: Option<u32>,
    flags: Option<u32>,
    /// Decode time of its first sample (`tfdt`).
    pub(super) decode: Option<u64>,
}

/// Goes through a file from one `traf` to the next.
#[derive(Debug)]
pub(super) struct Scanner {
    data: Bytes,
    /// Where the next box of the file begins.
    at: usize,
    /// What is left of the current `moof`, and where it begins.
    moof: Range<usize>,
    moof_start: u64,
    /// Where the data of the `traf` before ended, for one that says nothing of its own.
    data_end: Option<u64>,
    done: bool,
}

impl Scanner {
    pub(super) fn new(data: Bytes) -> Self {
        Scanner { data, at: 0, moof: 0..0, moof_start: 0, data_end: None, done: false }
    }

    pub(super) fn is_done(&self) -> bool {
        self.done
    }

    /// The next `traf` of the file. `defaults` gives those of a track.
    pub(super) fn next(&mut self, defaults: impl Fn(u32) -> Defaults) -> Option<Traf> {
        loop {
            while let Some((kind, body)) = child(&self.data, &mut self.moof) {
                if kind != *b"traf" {
                    continue;
                }
                let base = self.data_end.unwrap_or(self.moof_start);
                let Ok((traf, follows)) = Traf::read(&self.data, body, base, self.moof_start) else { continue };
                // Only where no header says what offsets are counted from, the end of the data is needed (8.8.7.1).
                if follows {
                    let mut runs = Runs::new(&traf, defaults(traf.track_id), false);
                    self.data_end = Some(runs.end(&self.data));
                }
                return Some(traf);
            }
            let mut rest = self.at..self.data.len();
            let start = self.at;
            let Some((kind, body)) = child(&self.data, &mut rest) else {
                self.done = true;
                return None;
            };
            self.at = rest.start;
            if kind == *b"moof" {
                self.moof = body;
                self.moof_start = number(start);
                self.data_end = None;
            }
        }
    }
}

impl Traf {
    /// Reads the headers of a `traf` box: and whether its data begins where that of the one before ended.
    fn read(data: &Bytes, body: Range<usize>, base: u64, moof_start: u64) -> Result<(Traf, bool), Error> {
        let mut children = Reader::new(data.get(body.clone()).unwrap_or_default(), number(body.start), "moof > traf");
        let (mut tfhd, mut decode) = (None, None);
        while let Some((kind, mut body)) = children.child() {
            match &kind {
                b"tfhd" => tfhd = Some(body.at("moof > traf > tfhd")),
                b"tfdt" => {
                    let (version, _) = body.full_box(1)?;
                    decode = Some(body.by_version(version, "baseMediaDecodeTime")?);
                }
                // Headers stand before the runs.
                b"trun" => break,
                _ => {}
            }
        }
        let mut tfhd = tfhd.ok_or_else(|| children.error("no tfhd box before the runs (8.8.7)"))?;
        let (_, flags) = tfhd.full_box(u8::MAX)?;
        let track_id = tfhd.u32("track_ID")?;
        let base_data_offset = (flags & 1 != 0).then(|| tfhd.u64("base_data_offset")).transpose()?;
        let base_is_moof = flags & 0x02_0000 != 0;
        let mut field = |flag: u32, name| (flags & flag != 0).then(|| tfhd.u32(name)).transpose();
        let description = field(2, "sample_description_index")?;
        let duration = field(8, "default_sample_duration")?;
        let size = field(0x10, "default_sample_size")?;
        let flags = field(0x20, "default_sample_flags")?;
        let follows = base_data_offset.is_none() && !base_is_moof;
        let base = base_data_offset.unwrap_or(if base_is_moof { moof_start } else { base });
        Ok((Traf { track_id, body, base, description, duration, size, flags, decode }, follows))
    }
}

/// The samples of one `traf`.
#[derive(Debug)]
pub(super) struct Runs {
    boxes: Range<usize>,
    base: u64,
    defaults: Defaults,
    companded: bool,
    /// What is left of the current `trun`: its entries, and how many there are.
    entries: Range<usize>,
    left: u32,
    run_flags: u32,
    first_flags: Option<u32>,
    /// Where the next sample is.
    offset: u64,
}

impl Runs {
    pub(super) fn new(traf: &Traf, track: Defaults, companded: bool) -> Runs {
        let defaults = Defaults {
            description: traf.description.unwrap_or(track.description),
            duration: traf.duration.unwrap_or(track.duration),
            size: traf.size.unwrap_or(track.size),
            flags: traf.flags.unwrap_or(track.flags),
        };
        Runs {
            boxes: traf.body.clone(),
            base: traf.base,
            defaults,
            companded,
            entries: 0..0,
            left: 0,
            run_flags: 0,
            first_flags: None,
            offset: traf.base,
        }
    }

    /// Where the data of all runs ends.
    fn end(&mut self, data: &Bytes) -> u64 {
        while self.next_run(data) {
            let listed = self.run_flags & 0x200 != 0;
            let mut count = u64::from(std::mem::take(&mut self.left));
            let mut bytes = u64::from(self.defaults.size).saturating_mul(count);
            if listed {
                bytes = 0;
                while count > 0
                    && let Some(entry) = self.entry(data)
                {
                    bytes += u64::from(entry.size.unwrap_or(0));
                    count -= 1;
                }
            }
            self.offset = self.offset.saturating_add(bytes);
        }
        self.offset
    }

    /// Goes to the next `trun` that has samples, where there is one.
    fn next_run(&mut self, data: &Bytes) -> bool {
        while self.left == 0 {
            let Some((kind, body)) = child(data, &mut self.boxes) else { return false };
            if kind == *b"trun" {
                // A run whose header is cut has no samples.
                let _ = self.enter(data, body);
            }
        }
        true
    }

    /// What the run says of its next sample; none where it ends before all that it announced.
    fn entry(&mut self, data: &Bytes) -> Option<RunEntry> {
        let mut reader = Reader::new(data.get(self.entries.clone())?, 0, "moof > traf > trun");
        let mut field =
            |flag: u32| if self.run_flags & flag != 0 { reader.u32("a sample").map(Some) } else { Ok(None) };
        let entry = RunEntry {
            duration: field(0x100).ok()?,
            size: field(0x200).ok()?,
            flags: field(0x400).ok()?,
            composition_offset: field(0x800).ok()?,
        };
        self.entries.start = self.entries.end - reader.rest().len();
        Some(entry)
    }

    /// The next sample, decoded at `decode`, which goes on to the one behind it.
    pub(super) fn next(&mut self, data: &Bytes, decode: &mut i64, always_sync: bool) -> Option<Entry> {
        let entry = loop {
            if !self.next_run(data) {
                return None;
            }
            match self.entry(data) {
                Some(entry) => break entry,
                None => self.left = 0,
            }
        };
        let file_bytes = number(data.len());
        let (duration, size) =
            (entry.duration.unwrap_or(self.defaults.duration), entry.size.unwrap_or(self.defaults.size));
        let flags = self.first_flags.take().or(entry.flags).unwrap_or(self.defaults.flags);
        let lost = size > 0 && self.offset.saturating_add(size.into()) > file_bytes;
        // Where nothing is said of single samples, there are any number of them in a few bytes.
        let listed = self.run_flags & 0xf00 != 0;
        let count = match (listed, lost || size == 0) {
            (false, true) => self.left,
            (false, false) if self.companded && duration == 1 => {
                let fit = file_bytes.saturating_sub(self.offset) / u64::from(size);
                self.left.min(COMPANDED_SAMPLES).min(u32::try_from(fit).unwrap_or(u32::MAX))
            }
            _ => 1,
        };
        let sample = Entry {
            offset: self.offset,
            size: size.saturating_mul(if lost { 1 } else { count }),
            decode: *decode,
            duration: duration.saturating_mul(count),
            composition_offset: entry.composition_offset.unwrap_or(0).cast_signed(),
            sync: always_sync || flags & 0x01_0000 == 0,
            description: usize::try_from(self.defaults.description.saturating_sub(1)).unwrap_or(usize::MAX),
            lost: if lost { count.into() } else { 0 },
        };
        self.left -= count;
        self.offset = self.offset.saturating_add(u64::from(size).saturating_mul(count.into()));
        *decode = decode.saturating_add(i64::from(duration).saturating_mul(count.into()));
        Some(sample)
    }

    /// Reads the header of a `trun` box.
    fn enter(&mut self, data: &Bytes, body: Range<usize>) -> Result<(), Error> {
        let mut trun =
            Reader::new(data.get(body.clone()).unwrap_or_default(), number(body.start), "moof > traf > trun");
        let (_, flags) = trun.full_box(u8::MAX)?;
        let count = trun.u32("sample_count")?;
        if flags & 1 != 0 {
            let offset = trun.i32("data_offset")?;
            self.offset = self.base.saturating_add_signed(offset.into());
        }
        self.first_flags = if flags & 4 != 0 { Some(trun.u32("first_sample_flags")?) } else { None };
        self.run_flags = flags;
        self.left = count;
        self.entries = body.end - trun.rest().len()..body.end;
        Ok(())
    }
}

/// What a run says of one sample.
#[derive(Debug)]
struct RunEntry {
    duration: Option<u32>,
    size: Option<u32>,
    flags: Option<u32>,
    composition_offset: Option<u32>,
}

/// The next box in a range of the file, which then begins behind it.
fn child(data: &Bytes, range: &mut Range<usize>) -> Option<([u8; 4], Range<usize>)> {
    let mut reader = Reader::new(data.get(range.clone())?, 0, "file");
    let (kind, body) = reader.child()?;
    let end = range.end - reader.rest().len();
    range.start = end;
    Some((kind, end - body.rest().len()..end))
}

fn number(len: usize) -> u64 {
    u64::try_from(len).unwrap_or(u64::MAX)
}
