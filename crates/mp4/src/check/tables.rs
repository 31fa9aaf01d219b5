//! The time, size and place tables of one track read back.

use std::iter::repeat_n;
use std::ops::Range;

use super::track::Boxes;
use crate::reader::Reader;
use crate::{Error, Sample};

/// The samples of a track as their tables have them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Samples {
    count: u32,
    sizes: Sizes,
    durations: Vec<(u32, u32)>,
    composition_offsets: Vec<(u32, i32)>,
    chunks: Vec<Chunk>,
    /// None if all are sync samples.
    sync: Option<Vec<u32>>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Sizes {
    Constant(u32),
    Listed(Vec<u32>),
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Chunk {
    range: Range<u64>,
    samples: u32,
}

/// The samples and the sums over them.
pub(super) struct SamplesRead {
    pub(super) samples: Samples,
    pub(super) duration: u64,
    pub(super) sample_bytes: u64,
    pub(super) sync_count: u32,
    pub(super) chunk_count: u32,
}

impl Samples {
    pub(super) fn count(&self) -> u32 {
        self.count
    }

    pub(super) fn chunk_ranges(&self) -> impl Iterator<Item = Range<u64>> {
        self.chunks.iter().map(|chunk| chunk.range.clone())
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = Sample> {
        let mut durations = expand(&self.durations);
        let mut composition_offsets = expand(&self.composition_offsets);
        let mut sizes = self.sizes.iter();
        let mut sync = self.sync.as_ref().map(|numbers| numbers.iter().peekable());
        let mut chunks = self.chunks.iter();
        let (mut left, mut offset) = (0, 0);
        (1..=self.count).map_while(move |number| {
            while left == 0 {
                let chunk = chunks.next()?;
                (left, offset) = (chunk.samples, chunk.range.start);
            }
            left -= 1;
            let sample = Sample {
                offset,
                size: sizes.next()?,
                duration: durations.next()?,
                composition_offset: composition_offsets.next().unwrap_or(0),
                sync: match &mut sync {
                    Some(numbers) => numbers.next_if(|listed| **listed == number).is_some(),
                    None => true,
                },
            };
            offset += u64::from(sample.size);
            Some(sample)
        })
    }
}

impl Sizes {
    /// The sizes in order; a constant one without end.
    fn iter(&self) -> impl Iterator<Item = u32> {
        let (constant, list) = match self {
            Self::Constant(size) => (Some(*size), [].as_slice()),
            Self::Listed(list) => (None, list.as_slice()),
        };
        let mut list = list.iter();
        std::iter::from_fn(move || constant.or_else(|| list.next().copied()))
    }
}

fn expand<T: Copy>(runs: &[(u32, T)]) -> impl Iterator<Item = T> {
    runs.iter().flat_map(|(count, value)| repeat_n(*value, usize::try_from(*count).unwrap_or(usize::MAX)))
}

pub(super) fn read(boxes: &Boxes<'_>, payload: &Range<u64>) -> Result<SamplesRead, Error> {
    let (count, sizes) = read_stsz(boxes.one("moov > trak > mdia > minf > stbl > stsz")?)?;

    let mut stts = boxes.one("moov > trak > mdia > minf > stbl > stts")?;
    stts.full_box(0)?;
    let durations = runs(&mut stts, count, Reader::u32)?;
    // The counts sum to 32 bits, so this sum stays below 64.
    let duration = durations.iter().map(|(n, delta)| u64::from(*n) * u64::from(*delta)).sum();

    let composition_offsets = match boxes.any("moov > trak > mdia > minf > stbl > ctts") {
        Some(ctts) => read_ctts(ctts, count)?,
        None => Vec::new(),
    };
    let sync = match boxes.any("moov > trak > mdia > minf > stbl > stss") {
        Some(stss) => Some(read_stss(stss, count)?),
        None => None,
    };
    let sync_count = match &sync {
        Some(numbers) => u32::try_from(numbers.len()).unwrap_or(u32::MAX),
        None => count,
    };

    let (stco, offsets) = read_chunk_offsets(boxes)?;
    let chunk_count = u32::try_from(offsets.len()).unwrap_or(u32::MAX);
    let stsc = boxes.one("moov > trak > mdia > minf > stbl > stsc")?;
    let per_chunk = samples_per_chunk(stsc, &read_stsc(stsc, chunk_count)?, chunk_count, count)?;
    let chunks = place_chunks(stco, &offsets, &per_chunk, &sizes, payload)?;
    let sample_bytes = chunks.iter().map(|chunk| chunk.range.end - chunk.range.start).sum();
    Ok(SamplesRead {
        samples: Samples { count, sizes, durations, composition_offsets, chunks, sync },
        duration,
        sample_bytes,
        sync_count,
        chunk_count,
    })
}

fn read_stsz(mut stsz: Reader<'_>) -> Result<(u32, Sizes), Error> {
    stsz.full_box(0)?;
    let constant = stsz.u32("sample_size")?;
    let count = stsz.u32("sample_count")?;
    if constant == 0 {
        let list = stsz.table(count, 4, |entry| entry.u32("entry_size"))?;
        return Ok((count, Sizes::Listed(list)));
    }
    stsz.end()?;
    Ok((count, Sizes::Constant(constant)))
}

/// The runs of `stts` or `ctts`, which must cover all samples and no more.
fn runs<'a, T>(
    table: &mut Reader<'a>,
    sample_count: u32,
    value: impl Fn(&mut Reader<'a>, &str) -> Result<T, Error>,
) -> Result<Vec<(u32, T)>, Error> {
    let count = table.u32("entry_count")?;
    let mut covered = 0_u64;
    let runs = table.table(count, 8, |entry| {
        let samples = entry.u32("sample_count")?;
        covered += u64::from(samples);
        Ok((samples, value(entry, "the value of a run")?))
    })?;
    if covered != u64::from(sample_count) {
        return Err(table.error(format!("covers {covered} samples of {sample_count}")));
    }
    Ok(runs)
}

fn read_ctts(mut ctts: Reader<'_>, sample_count: u32) -> Result<Vec<(u32, i32)>, Error> {
    let (version, _) = ctts.full_box(1)?;
    let runs = runs(&mut ctts, sample_count, Reader::i32)?;
    if version == 0 && runs.iter().any(|(_, offset)| *offset < 0) {
        return Err(ctts.error("an offset of 2^31 or more in version 0 (8.6.1.3.3)"));
    }
    Ok(runs)
}

fn read_stss(mut stss: Reader<'_>, sample_count: u32) -> Result<Vec<u32>, Error> {
    stss.full_box(0)?;
    let count = stss.u32("entry_count")?;
    let mut previous = 0;
    stss.table(count, 4, |entry| {
        let number = entry.u32("sample_number")?;
        if number <= previous || number > sample_count {
            return Err(entry.error(format!("sample {number} of {sample_count} listed behind {previous} (8.6.2.3)")));
        }
        previous = number;
        Ok(number)
    })
}

fn read_chunk_offsets<'a>(boxes: &Boxes<'a>) -> Result<(Reader<'a>, Vec<u64>), Error> {
    let stco = boxes.any("moov > trak > mdia > minf > stbl > stco");
    let co64 = boxes.any("moov > trak > mdia > minf > stbl > co64");
    let (mut table, entry_bytes, version) = match (stco, co64) {
        (Some(stco), None) => (stco, 4, 0),
        (None, Some(co64)) => (co64, 8, 1),
        _ => return Err(boxes.error("not one of stco and co64 (8.7.5)".to_owned())),
    };
    table.full_box(0)?;
    let count = table.u32("entry_count")?;
    let start = table;
    let offsets = table.table(count, entry_bytes, |entry| entry.by_version(version, "chunk_offset"))?;
    Ok((start, offsets))
}

/// Pairs of `first_chunk` and `samples_per_chunk`.
fn read_stsc(mut stsc: Reader<'_>, chunk_count: u32) -> Result<Vec<(u32, u32)>, Error> {
    stsc.full_box(0)?;
    let count = stsc.u32("entry_count")?;
    let mut previous = 0;
    stsc.table(count, 12, |entry| {
        let first_chunk = entry.u32("first_chunk")?;
        let samples = entry.u32("samples_per_chunk")?;
        let description = entry.u32("sample_description_index")?;
        let expected = if previous == 0 { 1 } else { first_chunk };
        if first_chunk <= previous || first_chunk > chunk_count || first_chunk != expected {
            return Err(
                entry.error(format!("first_chunk {first_chunk} of {chunk_count} chunks behind {previous} (8.7.4.3)"))
            );
        }
        if samples == 0 || description != 1 {
            return Err(entry.error(format!("{samples} samples a chunk, of description {description} (8.7.4.3)")));
        }
        previous = first_chunk;
        Ok((first_chunk, samples))
    })
}

/// How many samples each chunk has, which must be all there are.
fn samples_per_chunk(
    stsc: Reader<'_>,
    entries: &[(u32, u32)],
    chunk_count: u32,
    sample_count: u32,
) -> Result<Vec<u32>, Error> {
    let mut entries = entries.iter().peekable();
    let mut samples = 0;
    let mut left = sample_count;
    let mut per_chunk = Vec::new();
    for number in 1..=chunk_count {
        if let Some((_, of_entry)) = entries.next_if(|(first_chunk, _)| *first_chunk == number) {
            samples = *of_entry;
        }
        left = left.checked_sub(samples).filter(|_| samples > 0).ok_or_else(|| {
            stsc.error(format!("chunk {number} has {samples} samples, {left} of {sample_count} are left (8.7.4)"))
        })?;
        per_chunk.push(samples);
    }
    if left != 0 {
        return Err(stsc.error(format!("{left} of {sample_count} samples are in no chunk (8.7.4)")));
    }
    Ok(per_chunk)
}

fn place_chunks(
    stco: Reader<'_>,
    offsets: &[u64],
    per_chunk: &[u32],
    sizes: &Sizes,
    payload: &Range<u64>,
) -> Result<Vec<Chunk>, Error> {
    let mut listed = match sizes {
        Sizes::Constant(_) => [].iter(),
        Sizes::Listed(list) => list.iter(),
    };
    let mut chunks = Vec::with_capacity(offsets.len());
    for ((number, start), samples) in (1_u32..).zip(offsets).zip(per_chunk) {
        let bytes = match sizes {
            Sizes::Constant(size) => u64::from(*size) * u64::from(*samples),
            Sizes::Listed(_) => {
                let count = usize::try_from(*samples).unwrap_or(usize::MAX);
                listed.by_ref().take(count).map(|size| u64::from(*size)).sum()
            }
        };
        let end = start.checked_add(bytes).filter(|end| *start >= payload.start && *end <= payload.end);
        let end = end.ok_or_else(|| {
            stco.error(format!(
                "chunk {number} has {bytes} bytes from {start} on, mdat from {} to {} (8.7.5)",
                payload.start, payload.end
            ))
        })?;
        chunks.push(Chunk { range: *start..end, samples: *samples });
    }
    Ok(chunks)
}
