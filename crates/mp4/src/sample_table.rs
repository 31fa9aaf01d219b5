//! The samples of one track, kept as the runs that the sample table boxes are
//! made of.

mod boxes;

pub(crate) use boxes::OffsetWidth;

use crate::Error;
use crate::bit_rate::{BusiestSecond, total};

/// One sample, or one of a run of equal samples.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sample {
    /// Where the sample begins: counted from the first byte of the `mdat`
    /// payload when written, from the first byte of the file when
    /// [`check`](crate::check) gives it back.
    pub offset: u64,
    /// Its length in bytes.
    pub size: u32,
    /// Decode time of the next sample minus its own, in the track's timescale.
    pub duration: u32,
    /// Composition time minus decode time, in the track's timescale.
    pub composition_offset: i32,
    /// Whether decoding can begin here.
    pub sync: bool,
}

/// The samples of one track in decode order: ISO/IEC 14496-12:2015, 8.6 (times)
/// and 8.7 (sizes and places).
///
/// Everything is held as runs of equal values, except sizes that differ, which
/// take four bytes a sample as they do in the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SampleTable {
    timescale: u32,
    sample_count: u32,
    duration: u64,
    total_bytes: u64,
    max_sample_size: u32,
    payload_end: u64,
    busiest_second: BusiestSecond,
    durations: Vec<Run<u32>>,
    composition_offsets: Vec<Run<i32>>,
    sync: Vec<Run<bool>>,
    sizes: Sizes,
    chunk_offsets: Vec<u64>,
    /// Samples per chunk of the chunks that are closed.
    closed_chunks: Vec<Run<u32>>,
    open_chunk: Option<OpenChunk>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Run<T> {
    count: u32,
    value: T,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Sizes {
    /// All samples so far have this size, which is zero only while there are
    /// none.
    Constant(u32),
    Listed(Vec<u32>),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct OpenChunk {
    samples: u32,
    end: u64,
}

impl SampleTable {
    /// An empty table whose times count `timescale` units a second.
    ///
    /// A timescale of zero is refused when the movie is written.
    pub fn new(timescale: u32) -> Self {
        Self {
            timescale,
            sample_count: 0,
            duration: 0,
            total_bytes: 0,
            max_sample_size: 0,
            payload_end: 0,
            busiest_second: BusiestSecond::default(),
            durations: Vec::new(),
            composition_offsets: Vec::new(),
            sync: Vec::new(),
            sizes: Sizes::Constant(0),
            chunk_offsets: Vec::new(),
            closed_chunks: Vec::new(),
            open_chunk: None,
        }
    }

    /// Adds the next sample in decode order.
    ///
    /// A sample that does not begin where its predecessor ends opens a new
    /// chunk.
    ///
    /// # Errors
    /// [`TooLarge`](crate::ErrorKind::TooLarge) when the format cannot count
    /// another sample; the table is then unchanged.
    pub fn push(&mut self, sample: Sample) -> Result<(), Error> {
        // The common case by a shorter way: the sample goes on where the last one ended, and sizes differ already.
        let end = sample.offset.checked_add(sample.size.into());
        if let (Some(end), Sizes::Listed(sizes), Some(chunk)) = (end, &mut self.sizes, &mut self.open_chunk)
            && chunk.end == sample.offset
            && self.sample_count < MAX_LISTED_SIZES
        {
            sizes.push(sample.size);
            chunk.samples += 1;
            chunk.end = end;
            self.busiest_second.add(self.timescale, self.duration, 1, sample.size, sample.duration);
            self.sample_count += 1;
            self.duration += u64::from(sample.duration);
            self.total_bytes += u64::from(sample.size);
            self.max_sample_size = self.max_sample_size.max(sample.size);
            self.payload_end = self.payload_end.max(end);
            extend(&mut self.durations, 1, sample.duration);
            extend(&mut self.composition_offsets, 1, sample.composition_offset);
            extend(&mut self.sync, 1, sample.sync);
            return Ok(());
        }
        self.push_run(1, sample)
    }

    /// Adds `count` samples that lie back to back, the first at
    /// `sample.offset`, and are alike in all else, for the price of one.
    ///
    /// Only where sizes have differed before, each sample of the run takes
    /// its four bytes.
    ///
    /// # Errors
    /// As for [`SampleTable::push`].
    pub fn push_run(&mut self, count: u32, sample: Sample) -> Result<(), Error> {
        if count == 0 {
            return Ok(());
        }
        let sample_count = self
            .sample_count
            .checked_add(count)
            .ok_or_else(|| Error::too_large("sample_count has 32 bits (8.7.3.2.3)"))?;
        // Counts and sizes of 32 bits: their products and sums stay in 64.
        let bytes = u64::from(count) * u64::from(sample.size);
        let end = sample
            .offset
            .checked_add(bytes)
            .ok_or_else(|| Error::too_large("a sample ends behind the last 64-bit offset"))?;
        self.add_sizes(count, sample.size)?;

        self.busiest_second.add(self.timescale, self.duration, count, sample.size, sample.duration);
        self.sample_count = sample_count;
        self.duration += u64::from(count) * u64::from(sample.duration);
        self.total_bytes += bytes;
        self.max_sample_size = self.max_sample_size.max(sample.size);
        self.payload_end = self.payload_end.max(end);
        extend(&mut self.durations, count, sample.duration);
        extend(&mut self.composition_offsets, count, sample.composition_offset);
        extend(&mut self.sync, count, sample.sync);
        match &mut self.open_chunk {
            Some(chunk) if chunk.end == sample.offset => {
                chunk.samples += count;
                chunk.end = end;
            }
            _ => {
                self.end_chunk();
                self.chunk_offsets.push(sample.offset);
                self.open_chunk = Some(OpenChunk { samples: count, end });
            }
        }
        Ok(())
    }

    /// Adds samples that lie back to back, the first at `sample.offset`, and are alike in all but their sizes;
    /// `sample.size` does not count. Gives the offset behind the last.
    ///
    /// # Errors
    /// As for [`SampleTable::push`]; the samples before the one that is refused are then in the table.
    pub fn push_sizes(&mut self, mut sample: Sample, sizes: impl IntoIterator<Item = u32>) -> Result<u64, Error> {
        let mut sizes = sizes.into_iter();
        while let Some(size) = sizes.next() {
            self.push(Sample { size, ..sample })?;
            sample.offset += u64::from(size);
            // Where sizes are listed and a chunk is open, the rest is a matter of adding up.
            let room = MAX_LISTED_SIZES.saturating_sub(self.sample_count);
            let (Sizes::Listed(list), Some(chunk)) = (&mut self.sizes, &mut self.open_chunk) else { continue };
            // Sizes of 32 bits: as many as a list can hold do not sum up to more than this.
            if chunk.end != sample.offset || sample.offset > u64::MAX / 2 {
                continue;
            }
            let before = list.len();
            list.extend(sizes.by_ref().take(usize::try_from(room).unwrap_or_default()));
            let added = list.get(before..).unwrap_or_default();
            // Fewer than a list can hold, which is less than 2^30.
            let count = u32::try_from(added.len()).unwrap_or_default();
            let (bytes, largest) = (total(added), added.iter().copied().max().unwrap_or_default());
            self.busiest_second.add_sizes(self.timescale, self.duration, added, sample.duration);
            self.duration += u64::from(count) * u64::from(sample.duration);
            chunk.samples += count;
            chunk.end += bytes;
            self.sample_count += count;
            self.total_bytes += bytes;
            self.max_sample_size = self.max_sample_size.max(largest);
            self.payload_end = self.payload_end.max(chunk.end);
            extend(&mut self.durations, count, sample.duration);
            extend(&mut self.composition_offsets, count, sample.composition_offset);
            extend(&mut self.sync, count, sample.sync);
            sample.offset += bytes;
        }
        Ok(sample.offset)
    }

    /// Lets the next sample open a new chunk, wherever it lies.
    pub fn end_chunk(&mut self) {
        if let Some(chunk) = self.open_chunk.take() {
            extend(&mut self.closed_chunks, 1, chunk.samples);
        }
    }

    #[inline]
    fn add_sizes(&mut self, count: u32, size: u32) -> Result<(), Error> {
        match &mut self.sizes {
            // In the box a constant of zero announces a list.
            Sizes::Constant(constant) if self.sample_count == 0 && size > 0 => *constant = size,
            Sizes::Constant(constant) if *constant == size && size > 0 => {}
            Sizes::Constant(constant) => {
                let length = listed(self.sample_count, count)?;
                let mut list = vec![*constant; listed(self.sample_count, 0)?];
                list.resize(length, size);
                self.sizes = Sizes::Listed(list);
            }
            Sizes::Listed(list) => {
                let length = listed(self.sample_count, count)?;
                if count == 1 { list.push(size) } else { list.resize(length, size) }
            }
        }
        Ok(())
    }

    /// Units a second of every time in this table.
    pub fn timescale(&self) -> u32 {
        self.timescale
    }

    /// The number of samples.
    pub fn sample_count(&self) -> u32 {
        self.sample_count
    }

    /// Whether there is no sample.
    pub fn is_empty(&self) -> bool {
        self.sample_count == 0
    }

    /// The sum of all sample durations, in the table's timescale.
    pub fn duration(&self) -> u64 {
        self.duration
    }

    /// The sum of all sample durations in another timescale, to the nearest
    /// unit, halves up.
    ///
    /// # Errors
    /// [`Invalid`](crate::ErrorKind::Invalid) for a timescale of zero,
    /// [`TooLarge`](crate::ErrorKind::TooLarge) if the result needs more than
    /// 64 bits.
    pub fn duration_in(&self, timescale: u32) -> Result<u64, Error> {
        let (from, to) = (u128::from(self.timescale), u128::from(timescale));
        if from == 0 || to == 0 {
            return Err(Error::invalid("a timescale of zero measures no time"));
        }
        let nearest = (u128::from(self.duration) * to + from / 2) / from;
        u64::try_from(nearest).map_err(|_| Error::too_large("a duration needs more than 64 bits (8.2.2.2)"))
    }

    /// The sum of all sample sizes.
    pub fn total_bytes(&self) -> u64 {
        self.total_bytes
    }

    /// The size of the largest sample in bytes.
    pub fn max_sample_size(&self) -> u32 {
        self.max_sample_size
    }

    /// The first offset behind all samples: the `mdat` payload must be at
    /// least this long.
    pub fn payload_end(&self) -> u64 {
        self.payload_end
    }

    /// The number of chunks, the open one included.
    pub fn chunk_count(&self) -> usize {
        self.chunk_offsets.len()
    }

    /// Mean bit rate over the sum of the durations; 0 if that sum is 0, and
    /// the largest 32-bit number if there are more bits a second than that.
    pub fn average_bitrate_bits_per_s(&self) -> u32 {
        if self.duration == 0 {
            return 0;
        }
        let bits = u128::from(self.total_bytes) * 8 * u128::from(self.timescale);
        u32::try_from(bits / u128::from(self.duration)).unwrap_or(u32::MAX)
    }

    /// Bit rate of the busiest second, never below the average, and capped
    /// like it.
    pub fn max_bitrate_bits_per_s(&self) -> u32 {
        u32::try_from(self.busiest_second.bytes().saturating_mul(8))
            .unwrap_or(u32::MAX)
            .max(self.average_bitrate_bits_per_s())
    }
}

#[inline]
fn extend<T: PartialEq>(runs: &mut Vec<Run<T>>, count: u32, value: T) {
    match runs.last_mut() {
        // The counts of all runs sum to sample_count, which was checked.
        Some(run) if run.value == value => run.count += count,
        _ => runs.push(Run { count, value }),
    }
}

/// How long a list of sizes gets with `more` behind `count`.
fn listed(count: u32, more: u32) -> Result<usize, Error> {
    count
        .checked_add(more)
        .filter(|length| *length <= MAX_LISTED_SIZES)
        .and_then(|length| usize::try_from(length).ok())
        .ok_or_else(|| {
            Error::too_large(format!("{MAX_LISTED_SIZES} sizes that differ fill an stsz box of 32-bit size (8.7.3.2)"))
        })
}

/// What an stsz box of less than 4 GiB can list: its header and fixed fields
/// take 20 bytes, each size 4.
const MAX_LISTED_SIZES: u32 = 0x3fff_fffa;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ErrorKind;

    fn sample(offset: u64, size: u32) -> Sample {
        Sample { offset, size, duration: 10, composition_offset: 0, sync: true }
    }

    #[test]
    fn a_sample_behind_its_predecessor_stays_in_the_chunk() {
        let mut table = SampleTable::new(1000);
        table.push(sample(0, 5)).unwrap();
        table.push(sample(5, 7)).unwrap();
        assert_eq!(table.chunk_count(), 1);
        table.push(sample(13, 1)).unwrap();
        assert_eq!(table.chunk_count(), 2);
        table.end_chunk();
        table.push(sample(14, 1)).unwrap();
        assert_eq!(table.chunk_count(), 3);
        assert_eq!(table.payload_end(), 15);
    }

    #[test]
    fn equal_samples_cost_no_memory() {
        let mut table = SampleTable::new(8000);
        for n in 0..1000 {
            table.push_run(160, sample(n * 160, 1)).unwrap();
        }
        assert_eq!(table.sample_count(), 160_000);
        assert_eq!(table.sizes, Sizes::Constant(1));
        assert_eq!(table.durations.len(), 1);
        assert_eq!(table.chunk_count(), 1);
    }

    #[test]
    fn a_run_is_the_same_as_its_samples_one_by_one() {
        let mut run = SampleTable::new(48_000);
        let mut single = SampleTable::new(48_000);
        run.push_run(20, sample(3, 4)).unwrap();
        for n in 0..20 {
            single.push(sample(3 + n * 4, 4)).unwrap();
        }
        assert_eq!(run, single);
    }

    #[test]
    fn samples_that_differ_in_size_are_the_same_together_as_one_by_one() {
        let sizes = [7, 7, 3, 9, 9, 1_000_000, 0, 4];
        for split in 0..=sizes.len() {
            let mut together = SampleTable::new(50);
            let mut single = SampleTable::new(50);
            let mut offset = 5;
            for part in [&sizes[..split], &sizes[split..]] {
                together.push_sizes(sample(offset, 0), part.iter().copied()).unwrap();
                for &size in part {
                    single.push(sample(offset, size)).unwrap();
                    offset += u64::from(size);
                }
            }
            assert_eq!(together, single);
        }
    }

    #[test]
    fn the_first_other_size_turns_the_constant_into_a_list() {
        let mut table = SampleTable::new(1000);
        table.push_run(3, sample(0, 2)).unwrap();
        table.push(sample(6, 9)).unwrap();
        assert_eq!(table.sizes, Sizes::Listed(vec![2, 2, 2, 9]));
    }

    #[test]
    fn a_sample_that_cannot_be_counted_leaves_the_table_alone() {
        let mut table = SampleTable::new(1000);
        table.push_run(u32::MAX, sample(0, 1)).unwrap();
        let before = table.clone();
        for refused in [sample(0, 1), sample(u64::MAX, 1)] {
            assert_eq!(table.push(refused).unwrap_err().kind(), ErrorKind::TooLarge);
        }
        assert_eq!(table, before);
    }

    #[test]
    fn more_listed_sizes_than_a_box_holds_are_refused_before_memory_is_taken() {
        let mut table = SampleTable::new(1000);
        table.push_run(0x3fff_fffa, sample(0, 1)).unwrap();
        let error = table.push(sample(0, 2)).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::TooLarge);
        assert_eq!(table.sizes, Sizes::Constant(1));
    }

    #[test]
    fn a_duration_is_rescaled_to_the_nearest_unit() {
        let mut table = SampleTable::new(3);
        for (duration, milliseconds) in [(1, 333), (1, 667), (1, 1000)] {
            let sample = Sample { duration, ..sample(0, 1) };
            table.push(sample).unwrap();
            assert_eq!(table.duration_in(1000).unwrap(), milliseconds);
        }
        assert_eq!(table.duration_in(0).unwrap_err().kind(), ErrorKind::Invalid);
    }

    #[test]
    fn bit_rates_are_of_the_whole_and_of_the_busiest_second() {
        let mut table = SampleTable::new(10);
        for size in [100, 100, 400, 0] {
            table.push(Sample { duration: 10, ..sample(0, size) }).unwrap();
        }
        assert_eq!(table.average_bitrate_bits_per_s(), 1200);
        assert_eq!(table.max_bitrate_bits_per_s(), 3200);
        assert_eq!(SampleTable::new(10).average_bitrate_bits_per_s(), 0);
    }
}
