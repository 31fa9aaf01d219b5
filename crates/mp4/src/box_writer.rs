//! Boxes into a growing buffer, their sizes filled in when they close
//! (ISO/IEC 14496-12:2015, 4.2).

use crate::Error;

/// The buffer that the boxes of one `moov` or `ftyp` are written into.
#[derive(Debug, Default)]
pub(crate) struct BoxWriter {
    bytes: Vec<u8>,
    chunk_offset_tables: Vec<usize>,
}

impl BoxWriter {
    pub(crate) fn with_capacity(capacity_bytes: usize) -> Self {
        Self { bytes: Vec::with_capacity(capacity_bytes), chunk_offset_tables: Vec::new() }
    }

    /// Writes a box around what `body` writes.
    pub(crate) fn boxed(
        &mut self,
        kind: &[u8; 4],
        body: impl FnOnce(&mut Self) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let start = self.bytes.len();
        self.u32(0); // size, known when the body is there
        self.bytes.extend_from_slice(kind);
        body(self)?;
        let size = u32::try_from(self.bytes.len() - start).map_err(|_| {
            Error::too_large(format!("the {} box reaches 4 GiB, and its size field has 32 bits", kind.escape_ascii()))
        })?;
        if let Some(field) = self.bytes.get_mut(start..start + 4) {
            field.copy_from_slice(&size.to_be_bytes());
        }
        Ok(())
    }

    /// Writes a box that begins with a version and 24 flags.
    pub(crate) fn full_box(
        &mut self,
        kind: &[u8; 4],
        version: u8,
        flags: [u8; 3],
        body: impl FnOnce(&mut Self) -> Result<(), Error>,
    ) -> Result<(), Error> {
        self.boxed(kind, |w| {
            w.u8(version);
            w.put(&flags);
            body(w)
        })
    }

    pub(crate) fn u8(&mut self, value: u8) {
        self.bytes.push(value);
    }

    pub(crate) fn u16(&mut self, value: u16) {
        self.put(&value.to_be_bytes());
    }

    pub(crate) fn u32(&mut self, value: u32) {
        self.put(&value.to_be_bytes());
    }

    pub(crate) fn u64(&mut self, value: u64) {
        self.put(&value.to_be_bytes());
    }

    /// A field of 32 bits in version 0 of a box and of 64 in version 1.
    pub(crate) fn by_version(&mut self, version: u8, value: u64) -> Result<(), Error> {
        if version == 0 {
            self.u32(narrow(value)?);
        } else {
            self.u64(value);
        }
        Ok(())
    }

    /// An `entry_count` or `sample_count` of 32 bits.
    pub(crate) fn count(&mut self, count: usize) -> Result<(), Error> {
        self.u32(
            u32::try_from(count).map_err(|_| Error::too_large("a table has more entries than 32 bits can count"))?,
        );
        Ok(())
    }

    pub(crate) fn put(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    /// Remembers that the entries of a chunk offset table begin here. They
    /// stay zero until [`BoxWriter::chunk_offset_tables`] are filled in.
    pub(crate) fn mark_chunk_offsets(&mut self) {
        self.chunk_offset_tables.push(self.bytes.len());
    }

    /// Room for `count` entries of `width` zero bytes.
    pub(crate) fn zero_entries(&mut self, count: usize, width: usize) -> Result<(), Error> {
        let end = count
            .checked_mul(width)
            .and_then(|room| room.checked_add(self.bytes.len()))
            .ok_or_else(|| Error::too_large("a table is larger than the address space"))?;
        self.bytes.resize(end, 0);
        Ok(())
    }

    /// The bytes, and where the entries of each chunk offset table begin.
    pub(crate) fn finish(self) -> (Vec<u8>, Vec<usize>) {
        (self.bytes, self.chunk_offset_tables)
    }
}

/// `value` in the 32 bits of a field that was chosen to hold it.
pub(crate) fn narrow(value: u64) -> Result<u32, Error> {
    u32::try_from(value).map_err(|_| Error::too_large(format!("{value} does not fit a field of 32 bits")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_box_counts_its_header_and_its_children() {
        let mut w = BoxWriter::default();
        w.boxed(b"outr", |w| {
            w.full_box(b"innr", 1, [0, 0, 2], |w| {
                w.u16(7);
                Ok(())
            })
        })
        .unwrap();
        assert_eq!(w.finish().0, b"\x00\x00\x00\x16outr\x00\x00\x00\x0einnr\x01\x00\x00\x02\x00\x07");
    }

    #[test]
    fn a_value_of_33_bits_is_refused_by_a_version_0_field() {
        let mut w = BoxWriter::default();
        let error = w.by_version(0, 1 << 32).unwrap_err();
        assert_eq!(error.kind(), crate::ErrorKind::TooLarge);
        assert!(w.finish().0.is_empty());
    }
}
