//! Bits of a raw byte sequence payload (RBSP): fixed widths and Exp-Golomb codes, most significant bit first.
//!
//! ```text
//! NAL unit   | header | 67 00 00 03 01 .. |      ITU-T H.264, 7.3.1; H.265, 7.3.1.1
//!                              ^^ emulation_prevention_three_byte, dropped while reading
//! u(n)  n bits                                   H.264, 7.2
//! ue(v) zeros, a one, as many bits again         H.264, 9.1; H.265, 9.2
//! se(v) ue(v) folded: 0, 1, -1, 2, -2, ..        H.264, 9.1.1; H.265, 9.2.2
//! ```

mod writer;

use std::ops::RangeInclusive;

pub(crate) use writer::BitWriter;

use crate::error::{Error, ErrorKind};

/// Reads bit fields; every read names its field, so that every error does.
///
/// Cloning is cheap and makes a bookmark.
#[derive(Debug, Clone)]
pub struct BitReader<'a> {
    structure: &'static str,
    section: &'static str,
    data: &'a [u8],
    /// Index of the next byte to load.
    next: usize,
    /// The loaded byte, of which the low `left` bits are unread.
    current: u8,
    left: u8,
    /// Zero bytes loaded in a row, when emulation prevention is on.
    zeros: u8,
    rbsp: bool,
    /// Rules broken on the way that do not keep anyone from reading on.
    oddities: Vec<Error>,
}

impl<'a> BitReader<'a> {
    /// Reads the payload of a whole NAL unit from behind its header, and drops emulation prevention bytes on the way.
    ///
    /// `structure` and `section` go into the errors: what is being read, and where the standard describes it.
    pub fn rbsp(unit: &'a [u8], header_bytes: usize, structure: &'static str, section: &'static str) -> Self {
        let mut reader = Self::plain(unit, structure, section);
        reader.rbsp = true;
        reader.next = header_bytes.min(unit.len());
        reader
    }

    /// Reads the bytes as they are, as AudioSpecificConfig and ADTS need it.
    pub fn plain(data: &'a [u8], structure: &'static str, section: &'static str) -> Self {
        Self { structure, section, data, next: 0, current: 0, left: 0, zeros: 0, rbsp: false, oddities: Vec::new() }
    }

    /// From here on errors cite this section.
    pub fn cite(&mut self, section: &'static str) {
        self.section = section;
    }

    /// Index of the byte that holds the next bit.
    pub fn offset(&self) -> usize {
        if self.left > 0 { self.next - 1 } else { self.next }
    }

    /// Bits not read yet, emulation prevention bytes counted in.
    pub fn bits_left(&self) -> usize {
        (self.data.len() - self.next).saturating_mul(8).saturating_add(usize::from(self.left))
    }

    /// `u(n)` with `n` up to 32; a larger `n` reads 32.
    ///
    /// # Errors
    /// [`ErrorKind::Truncated`] when fewer bits are left.
    pub fn u(&mut self, n: u8, field: &'static str) -> Result<u32, Error> {
        let start = self.offset();
        let mut wanted = n.min(32);
        let mut value: u64 = 0;
        while wanted > 0 {
            if self.left == 0 && !self.load() {
                return Err(Error::new(
                    ErrorKind::Truncated,
                    self.structure,
                    start,
                    field,
                    format!("is cut off, {wanted} more bits are needed"),
                    self.section,
                ));
            }
            let taken = wanted.min(self.left);
            self.left -= taken;
            let bits = (u32::from(self.current) >> self.left) & ((1 << taken) - 1);
            value = (value << taken) | u64::from(bits);
            wanted -= taken;
        }
        let [a, b, c, d, ..] = value.to_le_bytes();
        Ok(u32::from_le_bytes([a, b, c, d]))
    }

    /// `u(n)` with `n` up to 8; a larger `n` reads 8.
    ///
    /// # Errors
    /// [`ErrorKind::Truncated`] when fewer bits are left.
    pub fn u8(&mut self, n: u8, field: &'static str) -> Result<u8, Error> {
        let [low, ..] = self.u(n.min(8), field)?.to_le_bytes();
        Ok(low)
    }

    /// `u(n)` with `n` up to 16; a larger `n` reads 16.
    ///
    /// # Errors
    /// [`ErrorKind::Truncated`] when fewer bits are left.
    pub fn u16(&mut self, n: u8, field: &'static str) -> Result<u16, Error> {
        let [low, high, ..] = self.u(n.min(16), field)?.to_le_bytes();
        Ok(u16::from_le_bytes([low, high]))
    }

    /// `u(1)`.
    ///
    /// # Errors
    /// [`ErrorKind::Truncated`] when no bit is left.
    pub fn flag(&mut self, field: &'static str) -> Result<bool, Error> {
        Ok(self.u(1, field)? != 0)
    }

    /// `ue(v)`: 0 to 2^32 - 2.
    ///
    /// # Errors
    /// [`ErrorKind::Truncated`] when the code is not complete, [`ErrorKind::Invalid`] above the range.
    pub fn ue(&mut self, field: &'static str) -> Result<u32, Error> {
        let start = self.offset();
        let mut zeros: u8 = 0;
        while !self.flag(field)? {
            zeros += 1;
            if zeros > 31 {
                return Err(self.invalid_at(
                    start,
                    field,
                    "has more than 31 leading zero bits, an Exp-Golomb code stays below 2^32 - 1",
                ));
            }
        }
        let suffix = self.u(zeros, field)?;
        Ok(((1_u32 << zeros) - 1).saturating_add(suffix))
    }

    /// `ue(v)` up to `max`.
    ///
    /// # Errors
    /// As [`ue`](Self::ue), and [`ErrorKind::Invalid`] above `max`.
    pub fn ue_max(&mut self, field: &'static str, max: u32) -> Result<u32, Error> {
        let start = self.offset();
        let value = self.ue(field)?;
        if value > max {
            return Err(self.invalid_at(start, field, format!("is {value}, the range is 0 to {max}")));
        }
        Ok(value)
    }

    /// `ue(v)` up to a `max` that fits a byte.
    ///
    /// # Errors
    /// As [`ue_max`](Self::ue_max).
    pub fn ue_max8(&mut self, field: &'static str, max: u8) -> Result<u8, Error> {
        let [low, ..] = self.ue_max(field, u32::from(max))?.to_le_bytes();
        Ok(low)
    }

    /// `se(v)`: -2^31 + 1 to 2^31 - 1.
    ///
    /// # Errors
    /// As [`ue`](Self::ue).
    pub fn se(&mut self, field: &'static str) -> Result<i32, Error> {
        let start = self.offset();
        let code = self.ue(field)?;
        let magnitude = i32::try_from(code.div_ceil(2))
            .map_err(|_| self.invalid_at(start, field, "does not fit 32 bits with a sign"))?;
        Ok(if code % 2 == 1 { magnitude } else { -magnitude })
    }

    /// `se(v)` within `range`.
    ///
    /// # Errors
    /// As [`se`](Self::se), and [`ErrorKind::Invalid`] outside the range.
    pub fn se_in(&mut self, field: &'static str, range: RangeInclusive<i32>) -> Result<i32, Error> {
        let start = self.offset();
        let value = self.se(field)?;
        if !range.contains(&value) {
            let (low, high) = (range.start(), range.end());
            return Err(self.invalid_at(start, field, format!("is {value}, the range is {low} to {high}")));
        }
        Ok(value)
    }

    /// Whether anything stands before the `rbsp_trailing_bits()`, H.264 and H.265, 7.2.
    pub fn more_rbsp_data(&self) -> bool {
        let mut data = self.data;
        // The stop bit is the last one set. A final 00 00 03 ends cabac_zero_words, and its 03 is not payload.
        let (last_index, last_byte) = loop {
            match data {
                [head @ .., 0] => data = head,
                [head @ .., 0, 0, 3] if self.rbsp => data = head,
                [head @ .., byte] => break (head.len(), *byte),
                [] => return false,
            }
        };
        let stop = (last_index, 7 - last_byte.trailing_zeros());
        let emulation = self.rbsp && self.left == 0 && self.zeros >= 2 && self.data.get(self.next) == Some(&3);
        let here = if self.left > 0 {
            (self.next - 1, 8 - u32::from(self.left))
        } else {
            (self.next + usize::from(emulation), 0)
        };
        here < stop
    }

    /// `ue(v)` whose range ends at `max`, which decoders do not insist on: a value above is noted and given all the same.
    ///
    /// # Errors
    /// As [`ue`](Self::ue).
    pub(crate) fn ue_expected(&mut self, field: &'static str, max: u32) -> Result<u32, Error> {
        let start = self.offset();
        let value = self.ue(field)?;
        if value > max {
            self.note(start, field, format!("is {value}, the range is 0 to {max}"));
        }
        Ok(value)
    }

    /// `u(n)` of reserved bits that decoders ignore: anything but `expected` is noted.
    ///
    /// # Errors
    /// As [`u`](Self::u).
    pub(crate) fn reserved(&mut self, n: u8, field: &'static str, expected: u32) -> Result<(), Error> {
        let start = self.offset();
        let value = self.u(n, field)?;
        if value != expected {
            self.note(start, field, format!("is {value}, {expected} is to be written"));
        }
        Ok(())
    }

    /// `rbsp_trailing_bits()` (H.264 and H.265, 7.3.2.11): notes when the payload goes on behind its last known field or
    /// ends without a stop bit.
    pub(crate) fn trailing_bits(&mut self, section: &'static str) {
        self.cite(section);
        let start = self.offset();
        if self.more_rbsp_data() {
            self.note(start, "rbsp_trailing_bits", "are not there yet, the payload goes on behind its last field");
        } else if !self.flag("rbsp_stop_one_bit").is_ok_and(|bit| bit) {
            self.note(start, "rbsp_stop_one_bit", "is missing, the payload has been cut");
        }
    }

    /// Keeps a broken rule that is no reason to stop. Of very many the first ones will do.
    pub(crate) fn note(&mut self, offset: usize, field: &'static str, rule: impl Into<String>) {
        if self.oddities.len() < MOST_ODDITIES {
            let error = self.invalid_at(offset, field, rule);
            self.oddities.push(error);
        }
    }

    /// What has been noted so far.
    pub(crate) fn take_oddities(&mut self) -> Vec<Error> {
        std::mem::take(&mut self.oddities)
    }

    /// Drops the bits up to the next whole byte.
    pub fn byte_align(&mut self) {
        self.left = 0;
    }

    pub(crate) fn invalid_at(&self, offset: usize, field: &'static str, rule: impl Into<String>) -> Error {
        self.error(ErrorKind::Invalid, offset, field, rule)
    }

    pub(crate) fn error(&self, kind: ErrorKind, offset: usize, field: &'static str, rule: impl Into<String>) -> Error {
        Error::new(kind, self.structure, offset, field, rule, self.section)
    }

    fn load(&mut self) -> bool {
        if self.rbsp && self.zeros >= 2 && self.data.get(self.next) == Some(&3) {
            self.next += 1;
            self.zeros = 0;
        }
        let Some(&byte) = self.data.get(self.next) else { return false };
        self.zeros = if byte == 0 { self.zeros.saturating_add(1) } else { 0 };
        self.next += 1;
        self.current = byte;
        self.left = 8;
        true
    }
}

const MOST_ODDITIES: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;

    fn reader(data: &[u8]) -> BitReader<'_> {
        BitReader::rbsp(data, 0, "test", "0.0")
    }

    #[test]
    fn fixed_widths_cross_bytes() {
        let mut r = reader(&[0b1010_0101, 0xff, 0x12, 0x34, 0x56, 0x78]);
        assert_eq!(r.u(3, "a").unwrap(), 0b101);
        assert_eq!(r.u(9, "b").unwrap(), 0b0_0101_1111);
        assert_eq!(r.offset(), 1);
        assert_eq!(r.u8(4, "c").unwrap(), 0xf);
        assert_eq!(r.u(32, "d").unwrap(), 0x1234_5678);
        assert_eq!(r.u(0, "nothing").unwrap(), 0);
        let error = r.u(1, "e").unwrap_err();
        assert_eq!(error.to_string(), "test byte 6: e is cut off, 1 more bits are needed (0.0)");
    }

    #[test]
    fn exp_golomb_codes_are_those_of_table_9_2() {
        // 1 | 010 | 011 | 00100 | 00101 | 00110 ...
        let mut r = reader(&[0b1010_0110, 0b0100_0010, 0b1001_1000]);
        let values: Vec<u32> = (0..6).map(|_| r.ue("v").unwrap()).collect();
        assert_eq!(values, [0, 1, 2, 3, 4, 5]);
        let mut r = reader(&[0b1010_0110, 0b0100_0010, 0b1001_1000]);
        let values: Vec<i32> = (0..6).map(|_| r.se("v").unwrap()).collect();
        assert_eq!(values, [0, 1, -1, 2, -2, 3]);
    }

    #[test]
    fn largest_exp_golomb_code_is_read_and_the_next_one_refused() {
        let mut bytes = vec![0, 0, 0, 1];
        bytes.extend([0xff, 0xff, 0xff, 0xfe]);
        assert_eq!(BitReader::plain(&bytes, "t", "").ue("v").unwrap(), u32::MAX - 1);
        let error = BitReader::plain(&[0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0xff], "t", "").ue("v").unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Invalid);
    }

    #[test]
    fn emulation_prevention_bytes_are_dropped_but_count_in_offsets() {
        let mut r = reader(&[0, 0, 3, 1, 0, 0, 3, 0]);
        assert_eq!(r.u(24, "a").unwrap(), 1);
        assert_eq!(r.offset(), 4);
        assert_eq!(r.u(24, "b").unwrap(), 0);
        assert!(r.flag("end").is_err());
        let mut r = BitReader::plain(&[0, 0, 3, 1], "t", "");
        assert_eq!(r.u(32, "a").unwrap(), 0x301);
    }

    #[test]
    fn bounds_are_named_in_the_error() {
        let error = reader(&[0b0010_0000]).ue_max("id", 2).unwrap_err();
        assert_eq!(error.to_string(), "test byte 0: id is 3, the range is 0 to 2 (0.0)");
        let error = reader(&[0b0010_0000]).se_in("delta", -1..=1).unwrap_err();
        assert_eq!(error.to_string(), "test byte 0: delta is 2, the range is -1 to 1 (0.0)");
    }

    #[test]
    fn values_that_nobody_insists_on_are_noted_and_given() {
        let mut r = reader(&[0b0010_0011, 0x80]);
        assert_eq!(r.ue_expected("odd", 2).unwrap(), 3);
        r.reserved(3, "reserved", 0).unwrap();
        let noted: Vec<String> = r.take_oddities().iter().map(ToString::to_string).collect();
        assert_eq!(
            noted,
            [
                "test byte 0: odd is 3, the range is 0 to 2 (0.0)",
                "test byte 0: reserved is 3, 0 is to be written (0.0)"
            ]
        );
        assert!(r.take_oddities().is_empty());
    }

    #[test]
    fn notes_do_not_pile_up() {
        let mut r = reader(&[]);
        for _ in 0..1000 {
            r.note(0, "field", "is odd");
        }
        assert_eq!(r.take_oddities().len(), MOST_ODDITIES);
    }

    #[test]
    fn trailing_bits_that_are_none_are_noted() {
        let noted = |data: &[u8], bits: u8| {
            let mut r = reader(data);
            r.u(bits, "payload").unwrap();
            r.trailing_bits("7.3.2.11");
            r.take_oddities().first().map(ToString::to_string)
        };
        assert_eq!(noted(&[0b1011_1000], 4), None);
        assert_eq!(noted(&[0b1011_1111, 0x80], 8), None);
        assert_eq!(
            noted(&[0b1011_1000], 3).unwrap(),
            "test byte 0: rbsp_trailing_bits are not there yet, the payload goes on behind its last field (7.3.2.11)"
        );
        let cut = "test byte 1: rbsp_stop_one_bit is missing, the payload has been cut (7.3.2.11)";
        assert_eq!(noted(&[0b1011_1000], 8).unwrap(), cut);
        assert_eq!(noted(&[0b1011_1000, 0], 8).unwrap(), cut);
    }

    #[test]
    fn more_rbsp_data_ends_at_the_stop_bit() {
        let mut r = reader(&[0b1011_1000, 0, 0, 3]);
        assert!(r.more_rbsp_data());
        r.u(4, "payload").unwrap();
        assert!(!r.more_rbsp_data());
        assert!(!reader(&[0x80]).more_rbsp_data());
        assert!(!reader(&[]).more_rbsp_data());
        let mut r = reader(&[0, 0, 3, 1, 0x80]);
        r.u(16, "zeros").unwrap();
        assert!(r.more_rbsp_data());
        r.u(8, "one").unwrap();
        assert!(!r.more_rbsp_data());
    }
}
