//! The time, size and place boxes of a sample table.

use super::{Run, SampleTable, Sizes};
use crate::Error;
use crate::box_writer::BoxWriter;

/// Which chunk offset box a movie uses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum OffsetWidth {
    /// `stco`, 32 bits.
    Stco,
    /// `co64`, 64 bits.
    Co64,
}

impl SampleTable {
    /// The boxes behind `stsd`: stts, ctts, stsc, stsz, stco or co64, stss.
    ///
    /// The chunk offsets are left zero and marked, for they depend on the
    /// size of what is being written.
    pub(crate) fn write_boxes(&self, w: &mut BoxWriter, width: OffsetWidth) -> Result<(), Error> {
        self.write_stts(w)?;
        self.write_ctts(w)?;
        self.write_stsc(w)?;
        self.write_stsz(w)?;
        self.write_chunk_offsets(w, width)?;
        self.write_stss(w)
    }

    /// About what [`SampleTable::write_boxes`] writes, for one allocation.
    pub(crate) fn boxes_capacity_bytes(&self) -> usize {
        let sizes = match &self.sizes {
            Sizes::Constant(_) => 0,
            Sizes::Listed(list) => list.len(),
        };
        let pairs = self.durations.len() + self.composition_offsets.len() + self.sync.len();
        (pairs + self.chunk_offsets.len())
            .saturating_mul(8)
            .saturating_add(sizes.saturating_mul(4))
            .saturating_add(self.closed_chunks.len().saturating_mul(12))
            .saturating_add(256)
    }

    /// The largest chunk offset, from the first byte of the payload.
    pub(crate) fn largest_chunk_offset(&self) -> u64 {
        self.chunk_offsets.iter().copied().max().unwrap_or(0)
    }

    /// Fills in a table that was marked, for a payload that begins at
    /// `payload_offset` of the file.
    pub(crate) fn fill_chunk_offsets(
        &self,
        table: &mut [u8],
        width: OffsetWidth,
        payload_offset: u64,
    ) -> Result<(), Error> {
        let absolute = |offset: &u64| {
            offset
                .checked_add(payload_offset)
                .ok_or_else(|| Error::too_large("a chunk begins behind the last 64-bit offset"))
        };
        match width {
            OffsetWidth::Stco => {
                for (field, offset) in table.chunks_exact_mut(4).zip(&self.chunk_offsets) {
                    let offset = crate::box_writer::narrow(absolute(offset)?)?;
                    field.copy_from_slice(&offset.to_be_bytes());
                }
            }
            OffsetWidth::Co64 => {
                for (field, offset) in table.chunks_exact_mut(8).zip(&self.chunk_offsets) {
                    field.copy_from_slice(&absolute(offset)?.to_be_bytes());
                }
            }
        }
        Ok(())
    }

    fn write_stts(&self, w: &mut BoxWriter) -> Result<(), Error> {
        w.full_box(b"stts", 0, NO_FLAGS, |w| {
            w.count(self.durations.len())?;
            for run in &self.durations {
                w.u32(run.count); // sample_count
                w.u32(run.value); // sample_delta
            }
            Ok(())
        })
    }

    fn write_ctts(&self, w: &mut BoxWriter) -> Result<(), Error> {
        let runs = &self.composition_offsets;
        if runs.iter().all(|run| run.value == 0) {
            return Ok(());
        }
        let version = u8::from(runs.iter().any(|run| run.value < 0));
        w.full_box(b"ctts", version, NO_FLAGS, |w| {
            w.count(runs.len())?;
            for run in runs {
                w.u32(run.count); // sample_count
                w.put(&run.value.to_be_bytes()); // sample_offset
            }
            Ok(())
        })
    }

    fn write_stsc(&self, w: &mut BoxWriter) -> Result<(), Error> {
        let open = self.open_chunk.map(|chunk| Run { count: 1, value: chunk.samples });
        let like_the_last_closed = self.closed_chunks.last().map(|run| run.value);
        let open = open.filter(|run| like_the_last_closed != Some(run.value));
        w.full_box(b"stsc", 0, NO_FLAGS, |w| {
            w.count(self.closed_chunks.len() + usize::from(open.is_some()))?;
            let mut first_chunk = 1_u32;
            for run in self.closed_chunks.iter().chain(&open) {
                w.u32(first_chunk);
                w.u32(run.value); // samples_per_chunk
                w.u32(1); // sample_description_index
                // Every chunk has a sample, and samples are counted in 32 bits.
                first_chunk = first_chunk.saturating_add(run.count);
            }
            Ok(())
        })
    }

    fn write_stsz(&self, w: &mut BoxWriter) -> Result<(), Error> {
        w.full_box(b"stsz", 0, NO_FLAGS, |w| {
            match &self.sizes {
                Sizes::Constant(size) => {
                    w.u32(*size); // sample_size
                    w.u32(self.sample_count);
                }
                Sizes::Listed(list) => {
                    w.u32(0); // sample_size: they differ
                    w.u32(self.sample_count);
                    for size in list {
                        w.u32(*size); // entry_size
                    }
                }
            }
            Ok(())
        })
    }

    fn write_chunk_offsets(&self, w: &mut BoxWriter, width: OffsetWidth) -> Result<(), Error> {
        let (kind, entry_bytes) = match width {
            OffsetWidth::Stco => (b"stco", 4),
            OffsetWidth::Co64 => (b"co64", 8),
        };
        w.full_box(kind, 0, NO_FLAGS, |w| {
            w.count(self.chunk_offsets.len())?;
            w.mark_chunk_offsets();
            w.zero_entries(self.chunk_offsets.len(), entry_bytes)
        })
    }

    fn write_stss(&self, w: &mut BoxWriter) -> Result<(), Error> {
        if self.sync.iter().all(|run| run.value) {
            return Ok(());
        }
        let sync_runs = self.sync.iter().filter(|run| run.value);
        let count: u32 = sync_runs.map(|run| run.count).sum();
        w.full_box(b"stss", 0, NO_FLAGS, |w| {
            w.u32(count); // entry_count
            let mut sample_number = 0_u32;
            for run in &self.sync {
                if run.value {
                    for n in 1..=run.count {
                        w.u32(sample_number + n);
                    }
                }
                sample_number += run.count;
            }
            Ok(())
        })
    }
}

const NO_FLAGS: [u8; 3] = [0, 0, 0];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Sample;

    fn written(table: &SampleTable, width: OffsetWidth) -> (Vec<u8>, Vec<usize>) {
        let mut w = BoxWriter::default();
        table.write_boxes(&mut w, width).unwrap();
        w.finish()
    }

    fn words(bytes: &[u8], kind: &[u8; 4]) -> Option<Vec<u32>> {
        let mut rest = bytes;
        while let Some((size, _)) = rest.split_first_chunk::<4>() {
            let size = usize::try_from(u32::from_be_bytes(*size)).unwrap();
            let (this, behind) = rest.split_at(size);
            if &this[4..8] == kind {
                let words = this[8..].chunks_exact(4);
                return Some(words.map(|w| u32::from_be_bytes(w.try_into().unwrap())).collect());
            }
            rest = behind;
        }
        None
    }

    fn push(table: &mut SampleTable, offset: u64, composition_offset: i32, sync: bool) {
        table.push(Sample { offset, size: 4, duration: 10, composition_offset, sync }).unwrap();
    }

    #[test]
    fn all_zero_composition_offsets_and_all_sync_samples_write_no_box() {
        let mut table = SampleTable::new(1000);
        push(&mut table, 0, 0, true);
        push(&mut table, 4, 0, true);
        let (bytes, _) = written(&table, OffsetWidth::Stco);
        assert_eq!(words(&bytes, b"ctts"), None);
        assert_eq!(words(&bytes, b"stss"), None);
        assert_eq!(words(&bytes, b"stts"), Some(vec![0, 1, 2, 10]));
        assert_eq!(words(&bytes, b"stsz"), Some(vec![0, 4, 2]));
    }

    #[test]
    fn a_negative_composition_offset_takes_version_1() {
        let mut table = SampleTable::new(1000);
        push(&mut table, 0, 20, true);
        let (bytes, _) = written(&table, OffsetWidth::Stco);
        assert_eq!(words(&bytes, b"ctts"), Some(vec![0, 1, 1, 20]));
        push(&mut table, 4, -1, false);
        let (bytes, _) = written(&table, OffsetWidth::Stco);
        assert_eq!(words(&bytes, b"ctts"), Some(vec![1 << 24, 2, 1, 20, 1, u32::MAX]));
        assert_eq!(words(&bytes, b"stss"), Some(vec![0, 1, 1]));
    }

    #[test]
    fn chunks_alike_share_an_stsc_entry_and_the_open_one_counts() {
        let mut table = SampleTable::new(1000);
        for offset in [0, 4, 100, 104, 200, 204] {
            push(&mut table, offset, 0, true);
        }
        let (bytes, _) = written(&table, OffsetWidth::Stco);
        assert_eq!(words(&bytes, b"stsc"), Some(vec![0, 1, 1, 2, 1]));
        push(&mut table, 208, 0, true);
        let (bytes, _) = written(&table, OffsetWidth::Stco);
        assert_eq!(words(&bytes, b"stsc"), Some(vec![0, 2, 1, 2, 1, 3, 3, 1]));
    }

    #[test]
    fn samples_of_no_bytes_are_listed_because_a_constant_zero_means_a_list() {
        let mut table = SampleTable::new(1000);
        let empty = Sample { offset: 0, size: 0, duration: 1, composition_offset: 0, sync: true };
        table.push_run(2, empty).unwrap();
        let (bytes, _) = written(&table, OffsetWidth::Stco);
        assert_eq!(words(&bytes, b"stsz"), Some(vec![0, 0, 2, 0, 0]));
    }

    #[test]
    fn chunk_offsets_are_filled_in_at_either_width() {
        let mut table = SampleTable::new(1000);
        push(&mut table, 0, 0, true);
        push(&mut table, 50, 0, true);
        let (mut bytes, marks) = written(&table, OffsetWidth::Stco);
        let fill = table.fill_chunk_offsets(&mut bytes[marks[0]..], OffsetWidth::Stco, 1000);
        fill.unwrap();
        assert_eq!(words(&bytes, b"stco"), Some(vec![0, 2, 1000, 1050]));
        let (mut bytes, marks) = written(&table, OffsetWidth::Co64);
        let fill = table.fill_chunk_offsets(&mut bytes[marks[0]..], OffsetWidth::Co64, 1 << 32);
        fill.unwrap();
        assert_eq!(words(&bytes, b"co64"), Some(vec![0, 2, 1, 0, 1, 50]));
    }
}
