//! NAL units in their two packings, and the way from one to the other.
//!
//! ```text
//! length-prefixed   | 00 00 00 05 | NAL.. | 00 00 00 17 | NAL.. |          ISO/IEC 14496-15, 4.3.2 and 5.3.2
//! Annex B           00 | 00 00 01 | NAL.. | 00 | 00 00 01 | NAL.. | 00     ITU-T H.264, B.1.1; H.265, B.2.1
//!                   |    |                  zero_byte                trailing_zero_8bits
//!                   |    start_code_prefix_one_3bytes
//!                   leading_zero_8bits
//! ```
//!
//! Units are given as ranges of the input, so that a caller can write them elsewhere without a copy.

use std::{ops::Range, sync::LazyLock};

use memchr::memmem::Finder;

use crate::error::{Error, ErrorKind};

/// Size in bytes of the length in front of each NAL unit: `lengthSizeMinusOne + 1` of the configuration record.
///
/// The standard allows 1, 2 and 4; three is read all the same, since files that use it are not ambiguous.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum LengthSize {
    /// One byte.
    One,
    /// Two bytes.
    Two,
    /// Three bytes, which the standard reserves.
    Three,
    /// Four bytes, what nearly every producer writes.
    Four,
}

impl LengthSize {
    /// From a size in bytes.
    pub fn from_bytes(bytes: u8) -> Option<Self> {
        match bytes {
            1 => Some(Self::One),
            2 => Some(Self::Two),
            3 => Some(Self::Three),
            4 => Some(Self::Four),
            _ => None,
        }
    }

    /// The size in bytes.
    pub fn bytes(self) -> usize {
        usize::from(self.minus_one()) + 1
    }

    /// The longest NAL unit that such a length can announce, in bytes.
    pub fn max_unit_bytes(self) -> u32 {
        match self {
            Self::One => 0xff,
            Self::Two => 0xffff,
            Self::Three => 0xff_ffff,
            Self::Four => u32::MAX,
        }
    }

    /// The `lengthSizeMinusOne` of a configuration record.
    pub(crate) fn minus_one(self) -> u8 {
        match self {
            Self::One => 0,
            Self::Two => 1,
            Self::Three => 2,
            Self::Four => 3,
        }
    }

    /// From the low two bits of the byte that holds `lengthSizeMinusOne`.
    pub(crate) fn from_minus_one(bits: u8) -> Self {
        match bits & 3 {
            0 => Self::One,
            1 => Self::Two,
            2 => Self::Three,
            _ => Self::Four,
        }
    }
}

/// The NAL units of a length-prefixed frame, empty ones included, as ranges of `data` without their lengths.
///
/// The first unit that reaches past the end gives an error, and the iteration ends there.
pub fn length_prefixed(data: &[u8], size: LengthSize) -> LengthPrefixed<'_> {
    LengthPrefixed { data, size, position: 0 }
}

/// See [`length_prefixed`].
#[derive(Debug, Clone)]
pub struct LengthPrefixed<'a> {
    data: &'a [u8],
    size: LengthSize,
    position: usize,
}

impl LengthPrefixed<'_> {
    /// The error for what stands at `position`, and no more units after it.
    fn fail(&mut self, field: &'static str, rule: String) -> Option<Result<Range<usize>, Error>> {
        let position = std::mem::replace(&mut self.position, self.data.len());
        let kind = ErrorKind::Truncated;
        Some(Err(Error::new(kind, "length-prefixed frame", position, field, rule, "ISO/IEC 14496-15, 5.3.2")))
    }
}

impl Iterator for LengthPrefixed<'_> {
    type Item = Result<Range<usize>, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        let rest = self.data.get(self.position..)?;
        if rest.is_empty() {
            return None;
        }
        let Some((prefix, payload)) = rest.split_at_checked(self.size.bytes()) else {
            let wanted = self.size.bytes();
            return self.fail("NALUnitLength", format!("takes {wanted} bytes, {} are left", rest.len()));
        };
        let length = prefix.iter().fold(0_u32, |value, &byte| (value << 8) | u32::from(byte));
        let start = self.position + self.size.bytes();
        match usize::try_from(length).ok().filter(|&length| length <= payload.len()) {
            Some(length) => {
                self.position = start + length;
                Some(Ok(start..self.position))
            }
            None => self.fail("NALUnitLength", format!("is {length}, {} bytes of the frame are left", payload.len())),
        }
    }
}

impl std::iter::FusedIterator for LengthPrefixed<'_> {}

/// The NAL units of an Annex B byte stream, as ranges of `data` without start codes and zero padding.
///
/// Empty units are skipped, and so is whatever stands before the first start code. Time is linear in the input and the
/// search for start codes is vectorised.
pub fn annex_b(data: &[u8]) -> AnnexB<'_> {
    let start = START_CODE.find(data).map(|at| at + START_CODE_BYTES);
    AnnexB { data, start }
}

/// See [`annex_b`].
#[derive(Debug, Clone)]
pub struct AnnexB<'a> {
    data: &'a [u8],
    /// Where the next unit begins, behind its start code.
    start: Option<usize>,
}

impl Iterator for AnnexB<'_> {
    type Item = Range<usize>;

    fn next(&mut self) -> Option<Range<usize>> {
        loop {
            let start = self.start?;
            let rest = self.data.get(start..)?;
            let unit = match START_CODE.find(rest).and_then(|at| Some((at, rest.get(..at)?))) {
                Some((at, unit)) => {
                    self.start = Some(start + at + START_CODE_BYTES);
                    unit
                }
                None => {
                    self.start = None;
                    rest
                }
            };
            let length = without_trailing_zeros(unit).len();
            if length > 0 {
                return Some(start..start + length);
            }
        }
    }
}

impl std::iter::FusedIterator for AnnexB<'_> {}

/// The NAL units of a frame, whatever they are packed in, without empty ones: with lengths of a size, or with start codes
/// where that is `None`.
///
/// A length that reaches past the end ends the iteration. Nothing is changed inside the units: emulation prevention bytes
/// stay, and zero bytes are taken off their ends only where start codes delimit them (H.264, B.1.1).
pub fn units(data: &[u8], lengths: Option<LengthSize>) -> Units<'_> {
    Units(match lengths {
        Some(size) => Walk::Lengths(length_prefixed(data, size)),
        None => Walk::StartCodes(annex_b(data)),
    })
}

/// See [`units`].
#[derive(Debug, Clone)]
pub struct Units<'a>(Walk<'a>);

#[derive(Debug, Clone)]
enum Walk<'a> {
    Lengths(LengthPrefixed<'a>),
    StartCodes(AnnexB<'a>),
}

impl Iterator for Units<'_> {
    type Item = Range<usize>;

    fn next(&mut self) -> Option<Range<usize>> {
        match &mut self.0 {
            Walk::Lengths(walk) => walk.map_while(Result::ok).find(|unit| !unit.is_empty()),
            Walk::StartCodes(walk) => walk.next(),
        }
    }
}

impl std::iter::FusedIterator for Units<'_> {}

/// Whether private data begins with a start code; a configuration record begins with its version 1 instead.
pub(crate) fn starts_with_start_code(data: &[u8]) -> bool {
    let zeros = data.iter().take_while(|&&byte| byte == 0).count();
    zeros >= 2 && data.get(zeros) == Some(&1)
}

/// A NAL unit never ends in a zero byte (H.264, 7.4.1; H.265, 7.4.2.1); zeros there belong to the byte stream. Producers are
/// known that count them in.
pub(crate) fn without_trailing_zeros(unit: &[u8]) -> &[u8] {
    let length = unit.iter().rposition(|&byte| byte != 0).map_or(0, |last| last + 1);
    unit.get(..length).unwrap_or_default()
}

/// Appends an Annex B byte stream to `out` as length-prefixed NAL units. Empty units are dropped.
///
/// # Errors
/// [`ErrorKind::Invalid`] when a unit is longer than a length of that size can say; `out` is then as it was.
pub fn annex_b_to_length_prefixed(data: &[u8], size: LengthSize, out: &mut Vec<u8>) -> Result<(), Error> {
    let before = out.len();
    for range in annex_b(data) {
        let offset = range.start;
        let unit = data.get(range).unwrap_or_default();
        if let Err(error) = push_length_prefixed(unit, offset, size, out) {
            out.truncate(before);
            return Err(error);
        }
    }
    Ok(())
}

/// Appends length-prefixed NAL units to `out` as an Annex B byte stream with four-byte start codes. Empty units are
/// dropped.
///
/// # Errors
/// Those of [`length_prefixed`]; `out` is then as it was.
pub fn length_prefixed_to_annex_b(data: &[u8], size: LengthSize, out: &mut Vec<u8>) -> Result<(), Error> {
    let before = out.len();
    for range in length_prefixed(data, size) {
        let range = range.inspect_err(|_| out.truncate(before))?;
        let unit = data.get(range).unwrap_or_default();
        if !unit.is_empty() {
            out.extend_from_slice(&[0, 0, 0, 1]);
            out.extend_from_slice(unit);
        }
    }
    Ok(())
}

fn push_length_prefixed(unit: &[u8], offset: usize, size: LengthSize, out: &mut Vec<u8>) -> Result<(), Error> {
    let length = u32::try_from(unit.len()).ok().filter(|&length| length <= size.max_unit_bytes()).ok_or_else(|| {
        let rule =
            format!("has {} bytes, a length of {} bytes ends at {}", unit.len(), size.bytes(), size.max_unit_bytes());
        Error::new(ErrorKind::Invalid, "Annex B stream", offset, "NAL unit", rule, "ISO/IEC 14496-15, 5.3.2")
    })?;
    out.extend(length.to_be_bytes().into_iter().skip(4 - size.bytes()));
    out.extend_from_slice(unit);
    Ok(())
}

const START_CODE_BYTES: usize = 3;

static START_CODE: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new(&[0, 0, 1]));

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn units(data: &[u8]) -> Vec<&[u8]> {
        annex_b(data).map(|range| &data[range]).collect()
    }

    #[test]
    fn both_start_codes_and_all_zero_padding_are_taken_off() {
        let data = [0, 0, 0, 0, 1, 9, 0xf0, 0, 0, 1, 0x67, 1, 0, 0, 0, 0, 0, 1, 0x68, 2, 0, 0];
        assert_eq!(units(&data), [&[9, 0xf0][..], &[0x67, 1], &[0x68, 2]]);
    }

    #[test]
    fn empty_units_are_skipped() {
        assert_eq!(units(&[0, 0, 1, 0, 0, 1, 0, 0, 0, 1, 0x65, 0, 0, 1]), [&[0x65][..]]);
        assert!(units(&[]).is_empty());
        assert!(units(&[0, 0, 1]).is_empty());
        assert!(units(&[1, 2, 3]).is_empty());
    }

    #[test]
    fn emulation_prevention_is_no_start_code() {
        assert_eq!(units(&[0, 0, 1, 0x65, 0, 0, 3, 1]), [&[0x65, 0, 0, 3, 1][..]]);
    }

    #[test]
    fn every_length_size_is_walked() {
        for (size, data) in [
            (LengthSize::One, &[2, 9, 0xf0, 1, 0x65][..]),
            (LengthSize::Two, &[0, 2, 9, 0xf0, 0, 1, 0x65]),
            (LengthSize::Three, &[0, 0, 2, 9, 0xf0, 0, 0, 1, 0x65]),
            (LengthSize::Four, &[0, 0, 0, 2, 9, 0xf0, 0, 0, 0, 1, 0x65]),
        ] {
            let units: Vec<&[u8]> = length_prefixed(data, size).map(|range| &data[range.unwrap()]).collect();
            assert_eq!(units, [&[9, 0xf0][..], &[0x65]]);
        }
    }

    #[test]
    fn units_are_the_same_in_every_packing() {
        for (lengths, data) in [
            (None, &[0, 0, 0, 1, 9, 0xf0, 0, 0, 1, 0, 0, 1, 0x65, 0, 0, 3, 1, 0, 0][..]),
            (Some(LengthSize::One), &[2, 9, 0xf0, 0, 5, 0x65, 0, 0, 3, 1]),
            (Some(LengthSize::Two), &[0, 2, 9, 0xf0, 0, 0, 0, 5, 0x65, 0, 0, 3, 1]),
            (Some(LengthSize::Three), &[0, 0, 2, 9, 0xf0, 0, 0, 0, 0, 0, 5, 0x65, 0, 0, 3, 1]),
            (Some(LengthSize::Four), &[0, 0, 0, 2, 9, 0xf0, 0, 0, 0, 0, 0, 0, 0, 5, 0x65, 0, 0, 3, 1]),
        ] {
            let found: Vec<&[u8]> = super::units(data, lengths).map(|range| &data[range]).collect();
            assert_eq!(found, [&[9, 0xf0][..], &[0x65, 0, 0, 3, 1]], "{lengths:?}");
        }
    }

    #[test]
    fn units_end_where_lengths_stop_adding_up() {
        let data = [0, 2, 9, 0xf0, 0, 9, 0x65];
        let mut units = super::units(&data, Some(LengthSize::Two));
        assert_eq!((units.next(), units.next()), (Some(2..4), None));
    }

    #[test]
    fn a_length_past_the_end_is_an_error_with_its_place() {
        let data = [0, 0, 0, 1, 9, 0, 0, 0, 5, 0x65, 1];
        let mut walk = length_prefixed(&data, LengthSize::Four);
        assert_eq!(walk.next().unwrap().unwrap(), 4..5);
        let error = walk.next().unwrap().unwrap_err();
        assert_eq!(
            error.to_string(),
            "length-prefixed frame byte 5: NALUnitLength is 5, 2 bytes of the frame are left (ISO/IEC 14496-15, 5.3.2)"
        );
        assert!(walk.next().is_none());
        let mut walk = length_prefixed(&[0, 0, 0], LengthSize::Four);
        assert_eq!(walk.next().unwrap().unwrap_err().offset(), Some(0));
        assert!(walk.next().is_none());
    }

    #[test]
    fn a_unit_too_long_for_its_length_leaves_the_output_alone() {
        let mut data = vec![0, 0, 1, 9, 0, 0, 1];
        data.resize(300, 0x65);
        let mut out = vec![7];
        let error = annex_b_to_length_prefixed(&data, LengthSize::One, &mut out).unwrap_err();
        assert_eq!((error.kind(), error.offset()), (ErrorKind::Invalid, Some(7)));
        assert_eq!(out, [7]);
        let error = length_prefixed_to_annex_b(&[1, 9, 5], LengthSize::One, &mut out).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Truncated);
        assert_eq!(out, [7]);
    }

    #[test]
    fn empty_units_are_dropped_in_conversion() {
        let mut out = Vec::new();
        length_prefixed_to_annex_b(&[0, 0, 0, 0, 0, 0, 0, 1, 9], LengthSize::Four, &mut out).unwrap();
        assert_eq!(out, [0, 0, 0, 1, 9]);
    }

    /// A unit as the standards allow it: no start code inside, no zero at the end.
    fn unit() -> impl Strategy<Value = Vec<u8>> {
        proptest::collection::vec(prop_oneof![Just(0_u8), Just(1), Just(3), any::<u8>()], 0..40).prop_map(|bytes| {
            let mut unit: Vec<u8> = vec![0x65];
            for byte in bytes {
                if byte <= 3 && unit.ends_with(&[0, 0]) {
                    unit.push(3);
                }
                unit.push(byte);
            }
            unit.push(0x80);
            unit
        })
    }

    fn length_prefixed_frame(units: &[Vec<u8>]) -> Vec<u8> {
        let mut frame = Vec::new();
        for unit in units {
            frame.extend(u32::try_from(unit.len()).unwrap().to_be_bytes());
            frame.extend(unit);
        }
        frame
    }

    proptest! {
        #[test]
        fn conversion_there_and_back_is_identity(units in proptest::collection::vec(unit(), 0..6)) {
            let frame = length_prefixed_frame(&units);
            let mut stream = Vec::new();
            length_prefixed_to_annex_b(&frame, LengthSize::Four, &mut stream).unwrap();
            let mut back = Vec::new();
            annex_b_to_length_prefixed(&stream, LengthSize::Four, &mut back).unwrap();
            prop_assert_eq!(&back, &frame);
        }

        #[test]
        fn ranges_are_in_order_and_hold_no_start_code(
            data in proptest::collection::vec(prop_oneof![3 => Just(0_u8), 2 => Just(1), 1 => any::<u8>()], 0..200)
        ) {
            let mut end = 0;
            for range in annex_b(&data) {
                prop_assert!(range.start >= end + 3 && !range.is_empty());
                end = range.end;
                let unit = &data[range];
                prop_assert!(!unit.windows(3).any(|bytes| bytes == [0, 0, 1]));
                prop_assert_ne!(unit.last(), Some(&0));
            }
        }

        #[test]
        fn start_codes_and_lengths_of_every_size_give_the_same_units(
            units in proptest::collection::vec(unit(), 0..6), short: bool, zeros in 0_usize..4
        ) {
            let mut stream = vec![0; zeros];
            for unit in &units {
                stream.extend_from_slice(if short { &[0, 0, 1] } else { &[0, 0, 0, 1] });
                stream.extend(unit);
                stream.extend(vec![0; zeros]);
            }
            let found: Vec<&[u8]> = super::units(&stream, None).map(|range| &stream[range]).collect();
            prop_assert_eq!(&found, &units);
            for size in [LengthSize::One, LengthSize::Two, LengthSize::Three, LengthSize::Four] {
                let mut frame = Vec::new();
                annex_b_to_length_prefixed(&stream, size, &mut frame).unwrap();
                let found: Vec<&[u8]> = super::units(&frame, Some(size)).map(|range| &frame[range]).collect();
                prop_assert_eq!(&found, &units);
            }
        }

        #[test]
        fn walks_take_any_bytes(data: Vec<u8>, bytes in 1_u8..5) {
            let size = LengthSize::from_bytes(bytes).unwrap();
            let ok = length_prefixed(&data, size).filter_map(Result::ok).all(|range| data.get(range).is_some());
            prop_assert!(ok);
        }
    }
}
