//! Variable-size integers and element headers (RFC 8794, sections 4 to 6), both ways.

use nom::bytes::streaming::take;
use nom::error::{ErrorKind as NomKind, ParseError};
use nom::number::streaming::be_u8;
use nom::{IResult, Parser as _};

use crate::id::Id;

/// How long IDs and sizes may be in this document: EBMLMaxIDLength and EBMLMaxSizeLength.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Widths {
    pub(crate) id: u32,
    pub(crate) size: u32,
}

impl Default for Widths {
    fn default() -> Self {
        Widths { id: 4, size: 8 }
    }
}

/// An element's ID and data size, and how many bytes they took.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Header {
    pub(crate) id: Id,
    /// `None` where all data bits are ones: the size is unknown.
    pub(crate) size: Option<u64>,
    pub(crate) len: u32,
}

/// No header is longer: eight bytes of ID, eight of size.
pub(crate) const MAX_HEADER_LEN: usize = 16;

/// Why an element header is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// The length marker asks for more bytes than EBMLMaxIDLength.
    IdTooLong { width: u32, max: u32 },
    /// All data bits of the ID are ones or zeros, which is reserved.
    IdReserved,
    /// The length marker asks for more bytes than EBMLMaxSizeLength.
    SizeTooLong { width: u32, max: u32 },
    /// A plain vint is longer than eight bytes.
    Vint,
}

impl Fault {
    pub(crate) fn message(self) -> String {
        match self {
            Fault::IdTooLong { width, max } => format!(
                "no element ID starts here: {width} bytes long where EBMLMaxIDLength allows {max} (RFC 8794, section 5)"
            ),
            Fault::IdReserved => {
                "no element ID starts here: all its data bits are the same, which is reserved (RFC 8794, section 5)"
                    .into()
            }
            Fault::SizeTooLong { width, max } => format!(
                "the element's size is {width} bytes long where EBMLMaxSizeLength allows {max} (RFC 8794, section 6.1)"
            ),
            Fault::Vint => "a variable-size integer longer than 8 bytes (RFC 8794, section 4)".into(),
        }
    }
}

impl<I> ParseError<I> for Fault {
    fn from_error_kind(_: I, _: NomKind) -> Self {
        Fault::Vint
    }
    fn append(_: I, _: NomKind, other: Self) -> Self {
        other
    }
}

/// The bytes of a vint: its width from the leading zeros of the first byte, and all of it as one number, marker included.
#[inline]
fn raw_vint(input: &[u8], max: u32, too_long: impl Fn(u32) -> Fault) -> IResult<&[u8], (u32, u64), Fault> {
    let (rest, first) = be_u8.parse(input)?;
    let width = first.leading_zeros() + 1;
    if width > max {
        return Err(nom::Err::Failure(too_long(width)));
    }
    let (rest, more) = take(width - 1).parse(rest)?;
    let value = more.iter().fold(u64::from(first), |value, &byte| (value << 8) | u64::from(byte));
    Ok((rest, (width, value)))
}

/// The data bits of a vint of `width` bytes.
fn data_mask(width: u32) -> u64 {
    (1 << (7 * width)) - 1
}

/// A vint's value with its width, as block headers and lace sizes use it.
#[inline]
pub(crate) fn vint(input: &[u8]) -> IResult<&[u8], (u32, u64), Fault> {
    let (rest, (width, raw)) = raw_vint(input, 8, |_| Fault::Vint)?;
    Ok((rest, (width, raw & data_mask(width))))
}

/// An element's ID and size.
#[inline]
pub(crate) fn header(input: &[u8], widths: Widths) -> IResult<&[u8], Header, Fault> {
    match short_header(input, widths) {
        Some(parsed) => Ok(parsed),
        None => any_header(input, widths),
    }
}

/// A sound header with enough bytes behind it to be read as two words: a fifth of the instructions that the grammar takes,
/// which counts where elements are small and many.
#[inline]
fn short_header(input: &[u8], widths: Widths) -> Option<(&[u8], Header)> {
    let (word, _) = input.split_first_chunk::<8>()?;
    let word = u64::from_be_bytes(*word);
    let id_width = word.leading_zeros() + 1;
    if id_width > widths.id.min(4) {
        return None;
    }
    let id = word >> (64 - 8 * id_width);
    let data = id & data_mask(id_width);
    if data == 0 || data == data_mask(id_width) {
        return None;
    }
    let behind_id = input.get(usize::try_from(id_width).ok()?..)?;
    let (word, _) = behind_id.split_first_chunk::<8>()?;
    let word = u64::from_be_bytes(*word);
    let size_width = word.leading_zeros() + 1;
    if size_width > widths.size.min(8) {
        return None;
    }
    let size = (word >> (64 - 8 * size_width)) & data_mask(size_width);
    let size = (size != data_mask(size_width)).then_some(size);
    let rest = behind_id.get(usize::try_from(size_width).ok()?..)?;
    Some((rest, Header { id: Id(id), size, len: id_width + size_width }))
}

fn any_header(input: &[u8], widths: Widths) -> IResult<&[u8], Header, Fault> {
    let max = widths.id.min(8);
    let (rest, (id_width, id)) = raw_vint(input, max, |width| Fault::IdTooLong { width, max })?;
    let data = id & data_mask(id_width);
    if data == 0 || data == data_mask(id_width) {
        return Err(nom::Err::Failure(Fault::IdReserved));
    }
    let max = widths.size.min(8);
    let (rest, (size_width, size)) = raw_vint(rest, max, |width| Fault::SizeTooLong { width, max })?;
    let size = size & data_mask(size_width);
    let size = (size != data_mask(size_width)).then_some(size);
    Ok((rest, Header { id: Id(id), size, len: id_width + size_width }))
}

/// Appends an element ID.
pub(crate) fn write_id(out: &mut Vec<u8>, id: Id) {
    write_be(out, id.0, (64 - id.0.leading_zeros()).div_ceil(8).max(1));
}

/// The fewest bytes that hold `size`, all-ones being reserved for the unknown size.
pub(crate) fn size_width(size: u64) -> u32 {
    (1..8).find(|&width| size < data_mask(width)).unwrap_or(8)
}

/// Appends a data size in `width` bytes (1 to 8), or in more where it needs more; `None` is the unknown size.
pub(crate) fn write_size(out: &mut Vec<u8>, size: Option<u64>, width: u32) {
    let width = width.clamp(1, 8);
    match size {
        Some(size) => {
            let width = width.max(size_width(size));
            write_be(out, size | (1 << (7 * width)), width);
        }
        None => write_be(out, data_mask(width) | (1 << (7 * width)), width),
    }
}

/// Appends the low `width` bytes of `value`, highest first.
pub(crate) fn write_be(out: &mut Vec<u8>, value: u64, width: u32) {
    let bytes = value.to_be_bytes();
    let skip = bytes.len().saturating_sub(usize::try_from(width).unwrap_or(8));
    out.extend(bytes.iter().skip(skip));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_size_is_unknown_in_all_eight_widths() {
        for width in 1..=8 {
            let mut bytes = vec![];
            write_id(&mut bytes, Id::CLUSTER);
            write_size(&mut bytes, None, width);
            let (rest, header) = header(&bytes, Widths::default()).unwrap();
            assert!(rest.is_empty());
            assert_eq!(header, Header { id: Id::CLUSTER, size: None, len: 4 + width });
        }
    }

    #[test]
    fn a_size_reads_back_in_every_width_that_holds_it() {
        for size in [0, 1, 126, 127, 128, 16_382, 16_383, 1 << 28, (1 << 56) - 2] {
            for width in 1..=8 {
                let mut bytes = vec![0xA3];
                write_size(&mut bytes, Some(size), width);
                let (_, header) = header(&bytes, Widths::default()).unwrap();
                assert_eq!(header.size, Some(size), "width {width}");
                assert!(header.len > width);
            }
        }
    }

    #[test]
    fn a_header_longer_than_the_document_allows_is_refused() {
        let widths = Widths { id: 3, size: 2 };
        assert_eq!(
            header(&[0x1A, 0x45, 0xDF, 0xA3, 0x80], widths),
            Err(nom::Err::Failure(Fault::IdTooLong { width: 4, max: 3 }))
        );
        assert_eq!(
            header(&[0xA3, 0x20, 0, 1], widths),
            Err(nom::Err::Failure(Fault::SizeTooLong { width: 3, max: 2 }))
        );
    }

    #[test]
    fn the_short_way_and_the_grammar_read_headers_alike() {
        let mut state = 1_u64;
        for _ in 0..20_000 {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            // Leading zeros are rare among random bytes, and ones as well.
            let shaped = [state >> (state & 31), state, state | 0xFF << 48, state >> 56].map(u64::to_be_bytes).concat();
            for start in 0..9 {
                for widths in [Widths::default(), Widths { id: 4, size: 4 }, Widths { id: 8, size: 8 }] {
                    let input = &shaped[start..];
                    if let Some(short) = short_header(input, widths) {
                        assert_eq!(any_header(input, widths), Ok(short));
                    }
                }
            }
        }
    }

    #[test]
    fn a_header_that_is_not_whole_asks_for_more() {
        for len in 0..5 {
            let bytes = [0x1A, 0x45, 0xDF, 0xA3, 0x80];
            assert!(matches!(header(&bytes[..len], Widths::default()), Err(nom::Err::Incomplete(_))));
        }
    }
}
