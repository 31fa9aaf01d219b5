//! Bits back to bytes, most significant bit first; no emulation prevention.

/// Collects bit fields; a field wider than `n` bits is cut to its low `n`.
#[derive(Debug, Default)]
pub(crate) struct BitWriter {
    bytes: Vec<u8>,
    /// Bits not yet written out, the low `held` bits of `pending`.
    pending: u64,
    held: u8,
}

impl BitWriter {
    pub(crate) fn put(&mut self, n: u8, value: impl Into<u32>) {
        let n = n.min(32);
        let mask = (1_u64 << n) - 1;
        self.pending = (self.pending << n) | (u64::from(value.into()) & mask);
        self.held += n;
        while self.held >= 8 {
            self.held -= 8;
            let [low, ..] = (self.pending >> self.held).to_le_bytes();
            self.bytes.push(low);
        }
        self.pending &= (1_u64 << self.held) - 1;
    }

    /// How many bits the last byte has left, 0 to 7.
    pub(crate) fn bits_to_byte_end(&self) -> u8 {
        (8 - self.held) % 8
    }

    /// Fills up the last byte with zero bits.
    pub(crate) fn byte_align(&mut self) {
        self.put(self.bits_to_byte_end(), 0_u32);
    }

    pub(crate) fn finish(mut self) -> Vec<u8> {
        self.byte_align();
        self.bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_packed_and_the_tail_is_padded() {
        let mut w = BitWriter::default();
        w.put(5, 2_u32);
        w.put(4, 3_u32);
        w.put(4, 2_u32);
        w.put(3, 0_u32);
        w.put(32, 0xdead_beef_u32);
        w.put(1, 1_u32);
        assert_eq!(w.finish(), [0x11, 0x90, 0xde, 0xad, 0xbe, 0xef, 0x80]);
    }

    #[test]
    fn a_field_too_wide_is_cut() {
        let mut w = BitWriter::default();
        w.put(4, 0xff_u32);
        assert_eq!(w.finish(), [0xf0]);
    }
}
