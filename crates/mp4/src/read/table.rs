//! The sample tables of one track (ISO/IEC 14496-12:2015, 8.6 and 8.7), stepped
//! through where they lie in the file.

use bytes::Bytes;

use super::Remark;
use super::entry::{Coding, slice};
use crate::reader::Reader;

/// Frames of G.711 have so many samples at most, as ffmpeg cuts them: tables
/// have one entry for each sample or none at all.
pub(super) const COMPANDED_SAMPLES: u32 = 1024;

/// The boxes of one `stbl`, none of them copied.
#[derive(Clone, Debug, Default)]
pub(super) struct Table {
    /// How many samples there are, as far as their sizes are known.
    count: u32,
    sizes: Sizes,
    /// `stts` and `ctts`: pairs of a count and a value.
    durations: Bytes,
    composition_offsets: Bytes,
    /// `stss`; none if all are sync samples.
    sync: Option<Bytes>,
    /// `stsc`: first_chunk, samples_per_chunk, sample_description_index.
    per_chunk: Bytes,
    chunk_offsets: Bytes,
    wide_offsets: bool,
    /// Whether samples are those of G.711, to be taken many at a time.
    companded: bool,
}

#[derive(Clone, Debug, Default)]
enum Sizes {
    #[default]
    None,
    Constant(u32),
    /// So many bits each.
    Listed(u8, Bytes),
}

/// One sample as the tables have it, or several of G.711.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) offset: u64,
    pub(super) size: u32,
    pub(super) decode: i64,
    pub(super) duration: u32,
    pub(super) composition_offset: i32,
    pub(super) sync: bool,
    /// Counted from 0.
    pub(super) description: usize,
    /// So many samples from here on lie outside the file; this is the first.
    pub(super) lost: u64,
}

impl Table {
    /// Takes the tables out of an `stbl` box. Counts that a box has no room for
    /// are told of and cut.
    pub(super) fn read(
        mut stbl: Reader<'_>,
        data: &Bytes,
        coding: Coding,
        channels: u16,
        remarks: &mut Vec<Remark>,
    ) -> Table {
        let mut table = Table::default();
        let mut list = |mut body: Reader<'_>, path, entry_bytes: u32| {
            body = body.at(path);
            let count = body.full_box(u8::MAX).and_then(|_| body.u32("entry_count")).unwrap_or(0);
            counted(body, count, entry_bytes, data, remarks)
        };
        let mut sizes = None;
        while let Some((kind, body)) = stbl.child() {
            match &kind {
                b"stts" => table.durations = list(body, "moov > trak > mdia > minf > stbl > stts", 8),
                b"ctts" => table.composition_offsets = list(body, "moov > trak > mdia > minf > stbl > ctts", 8),
                b"stss" => table.sync = Some(list(body, "moov > trak > mdia > minf > stbl > stss", 4)),
                b"stsc" => table.per_chunk = list(body, "moov > trak > mdia > minf > stbl > stsc", 12),
                b"stco" | b"co64" if !table.chunk_offsets.is_empty() => {}
                b"stco" => table.chunk_offsets = list(body, "moov > trak > mdia > minf > stbl > stco", 4),
                b"co64" => {
                    table.wide_offsets = true;
                    table.chunk_offsets = list(body, "moov > trak > mdia > minf > stbl > co64", 8);
                }
                b"stsz" => sizes = Some((body.at("moov > trak > mdia > minf > stbl > stsz"), false)),
                b"stz2" => sizes = Some((body.at("moov > trak > mdia > minf > stbl > stz2"), true)),
                _ => {}
            }
        }
        if let Some((body, compact)) = sizes {
            table.read_sizes(body, compact, data, remarks);
        }
        if !matches!(coding, Coding::Avc | Coding::Hevc) {
            table.sync = None;
        }
        if coding.is_companded()
            && let Sizes::Constant(size) = &mut table.sizes
            && let [one] = &runs(&table.durations).take(2).collect::<Vec<_>>()[..]
            && one.1 == 1
        {
            // QuickTime files have 1 whatever the channels.
            *size = if *size == 1 { u32::from(channels.max(1)) } else { *size };
            table.companded = true;
        }
        table
    }

    fn read_sizes(&mut self, mut body: Reader<'_>, compact: bool, data: &Bytes, remarks: &mut Vec<Remark>) {
        let Ok(_) = body.full_box(u8::MAX) else { return };
        let (Ok(size), Ok(count)) = (body.u32("sample_size"), body.u32("sample_count")) else { return };
        self.count = count;
        self.sizes = match (compact, size) {
            (false, 1..) => Sizes::Constant(size),
            (false, 0) => Sizes::Listed(32, counted(body, count, 4, data, remarks)),
            (true, 4) => Sizes::Listed(4, counted(body, count.div_ceil(2), 1, data, remarks)),
            (true, 8) => Sizes::Listed(8, counted(body, count, 1, data, remarks)),
            (true, 16) => Sizes::Listed(16, counted(body, count, 2, data, remarks)),
            (true, _) => {
                remarks.push(Remark::new(&body, format!("field_size {} is not 4, 8 or 16 (8.7.3.3)", size & 0xff)));
                Sizes::None
            }
        };
        let room = match &self.sizes {
            Sizes::None => 0,
            Sizes::Constant(_) => count,
            Sizes::Listed(bits, list) => {
                u32::try_from(list.len().saturating_mul(8) / usize::from((*bits).max(1))).unwrap_or(u32::MAX)
            }
        };
        self.count = count.min(room);
    }

    /// Whether there is no sample in it.
    pub(super) fn is_empty(&self) -> bool {
        self.count == 0 || self.chunk_offsets.is_empty()
    }

    fn size(&self, sample: u32) -> Option<u32> {
        let at = usize::try_from(sample).ok()?;
        match &self.sizes {
            Sizes::None => None,
            Sizes::Constant(size) => Some(*size),
            Sizes::Listed(32, list) => u32_at(list, at),
            Sizes::Listed(16, list) => {
                let bytes = list.get(at.checked_mul(2)?..)?.first_chunk()?;
                Some(u16::from_be_bytes(*bytes).into())
            }
            Sizes::Listed(8, list) => list.get(at).copied().map(u32::from),
            Sizes::Listed(_, list) => {
                let pair = u32::from(*list.get(at / 2)?);
                Some(if at % 2 == 0 { pair >> 4 } else { pair & 15 })
            }
        }
    }

    fn chunk_offset(&self, chunk: usize) -> Option<u64> {
        if self.wide_offsets {
            let bytes = self.chunk_offsets.get(chunk.checked_mul(8)?..)?.first_chunk()?;
            return Some(u64::from_be_bytes(*bytes));
        }
        u32_at(&self.chunk_offsets, chunk).map(u64::from)
    }
}

/// As many entries of a list as are announced and there.
fn counted(body: Reader<'_>, count: u32, entry_bytes: u32, data: &Bytes, remarks: &mut Vec<Remark>) -> Bytes {
    let list = slice(data, &body);
    let announced = usize::try_from(u64::from(count) * u64::from(entry_bytes)).unwrap_or(usize::MAX);
    if announced > list.len() {
        let message = format!("{count} entries of {entry_bytes} bytes are announced, {} bytes are there", list.len());
        remarks.push(Remark::new(&body, message));
    }
    list.slice(..announced.min(list.len()))
}

fn u32_at(list: &[u8], at: usize) -> Option<u32> {
    let bytes = list.get(at.checked_mul(4)?..)?.first_chunk()?;
    Some(u32::from_be_bytes(*bytes))
}

/// Pairs of a count and a value.
fn runs(list: &[u8]) -> impl Iterator<Item = (u32, u32)> {
    (0..).map_while(|at: usize| Some((u32_at(list, at.checked_mul(2)?)?, u32_at(list, at.checked_mul(2)? + 1)?)))
}

/// Where in a list of runs one is.
#[derive(Clone, Copy, Debug, Default)]
struct InRuns {
    next: usize,
    left: u32,
    value: u32,
}

impl InRuns {
    /// The value of the next sample, and of how many more from there on. Behind the last run its value goes on.
    fn get(&mut self, list: &[u8]) -> (u32, u32) {
        while self.left == 0 {
            let at = self.next * 2;
            let (Some(count), Some(value)) = (u32_at(list, at), u32_at(list, at + 1)) else {
                return (self.value, u32::MAX);
            };
            *self = InRuns { next: self.next + 1, left: count, value };
        }
        (self.value, self.left)
    }

    /// Goes on by so many of what [`get`](Self::get) gave.
    fn advance(&mut self, count: u32) {
        self.left = self.left.saturating_sub(count);
    }
}

/// A place in the tables; a copy is a way back to it.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Cursor {
    /// Samples that were given.
    sample: u32,
    decode: i64,
    durations: InRuns,
    composition_offsets: InRuns,
    /// Index of the next entry of `stss`.
    sync: usize,
    /// Index of the next chunk, and of the entry of `stsc` that it is looked up in.
    chunk: usize,
    per_chunk: usize,
    description: usize,
    left_in_chunk: u32,
    offset: u64,
}

impl Cursor {
    /// The decode time of the next sample.
    pub(super) fn decode(&self) -> i64 {
        self.decode
    }

    /// The next sample of a table in a file of so many bytes.
    pub(super) fn next(&mut self, table: &Table, file_bytes: u64) -> Option<Entry> {
        let left = table.count.checked_sub(self.sample).filter(|left| *left > 0)?;
        self.enter_chunk(table)?;
        let size = table.size(self.sample)?;
        let outside =
            |offset: u64, size: u32| offset.checked_add(size.into()).is_none_or(|end| end > file_bytes) && size > 0;
        let lost = outside(self.offset, size);
        let constant = matches!(table.sizes, Sizes::Constant(_));
        let mut count = match (table.companded, lost && constant) {
            // Nothing in the chunk from here on is inside.
            (_, true) => self.left_in_chunk,
            (true, false) => self.left_in_chunk.min(COMPANDED_SAMPLES),
            (false, false) => 1,
        };
        count = count.min(left);
        if table.companded && !lost {
            let fit = file_bytes.saturating_sub(self.offset) / u64::from(size.max(1));
            count = count.min(u32::try_from(fit).unwrap_or(u32::MAX)).max(1);
        }
        let entry = Entry {
            offset: self.offset,
            size: size.saturating_mul(if lost { 1 } else { count }),
            decode: self.decode,
            duration: self.durations.get(&table.durations).0,
            composition_offset: self.composition_offsets.get(&table.composition_offsets).0.cast_signed(),
            sync: self.is_sync(table),
            description: self.description,
            lost: if lost { count.into() } else { 0 },
        };
        let bytes = u64::from(size).saturating_mul(count.into());
        self.offset = self.offset.saturating_add(bytes);
        self.left_in_chunk -= count;
        self.sample += count;
        let before = self.decode;
        self.advance_times(table, count);
        let duration = u32::try_from(self.decode.saturating_sub(before)).unwrap_or(u32::MAX);
        Some(Entry { duration: if count == 1 { entry.duration } else { duration }, ..entry })
    }

    fn advance_times(&mut self, table: &Table, count: u32) {
        let mut left = count;
        while left > 0 {
            let (duration, run) = self.durations.get(&table.durations);
            let some = left.min(run);
            self.durations.advance(some);
            self.decode = self.decode.saturating_add(i64::from(duration).saturating_mul(some.into()));
            left -= some;
        }
        let mut left = count;
        while left > 0 {
            let (_, run) = self.composition_offsets.get(&table.composition_offsets);
            let some = left.min(run);
            self.composition_offsets.advance(some);
            left -= some;
        }
    }

    /// Whether the next sample is in `stss`, which counts from 1.
    fn is_sync(&mut self, table: &Table) -> bool {
        let Some(list) = &table.sync else { return true };
        let number = self.sample.saturating_add(1);
        while u32_at(list, self.sync).is_some_and(|listed| listed < number) {
            self.sync += 1;
        }
        u32_at(list, self.sync) == Some(number)
    }

    /// Goes to the next chunk that has samples, where this one has no more.
    fn enter_chunk(&mut self, table: &Table) -> Option<()> {
        while self.left_in_chunk == 0 {
            self.offset = table.chunk_offset(self.chunk)?;
            let chunk = u32::try_from(self.chunk).ok()?.checked_add(1)?;
            let field = |entry: usize, field: usize| u32_at(&table.per_chunk, entry.checked_mul(3)? + field);
            // first_chunk counts from 1; entries that go back are never come to.
            while field(self.per_chunk + 1, 0).is_some_and(|first| first <= chunk) {
                self.per_chunk += 1;
            }
            self.left_in_chunk = field(self.per_chunk, 1)?;
            let description = field(self.per_chunk, 2)?.saturating_sub(1);
            self.description = usize::try_from(description).unwrap_or(usize::MAX);
            self.chunk += 1;
        }
        Some(())
    }
}
