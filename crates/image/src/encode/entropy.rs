//! Quantised blocks to bits (ITU-T T.81, F.1.2): baseline, with the Huffman tables of Annex K.
#![allow(
    clippy::indexing_slicing,
    clippy::as_conversions,
    reason = "indices are masked to the length of the tables; conversions are of numbers that fit by construction, or take \
              the low bits on purpose"
)]

use super::dct::Block;
use super::tables::{CHROMA_AC, CHROMA_DC, Huffman, LUMA_AC, LUMA_DC, ZIGZAG};

/// Codes of one kind of component. Each is the code with room for the bits of the value behind it, above 5 bits that say how
/// many bits both have.
pub(super) struct Codes {
    /// By the size of the difference in bits.
    dc: [u32; 16],
    /// By the run of zeros in the high four bits, and the size of the value that ends it.
    ac: [u32; 256],
}

pub(super) static LUMA: Codes = Codes::new(&LUMA_DC, &LUMA_AC);
pub(super) static CHROMA: Codes = Codes::new(&CHROMA_DC, &CHROMA_AC);

const END_OF_BLOCK: usize = 0x00;
const SIXTEEN_ZEROS: usize = 0xf0;

impl Codes {
    const fn new(dc: &Huffman, ac: &Huffman) -> Self {
        let (dc_codes, ac_codes) = (dc.codes(), ac.codes());
        let mut codes = Codes { dc: [0; 16], ac: [0; 256] };
        let mut symbol = 0;
        while symbol < 256 {
            let size = symbol as u32 & 15;
            if symbol < 16 {
                codes.dc[symbol] = packed(dc_codes[symbol], size);
            }
            codes.ac[symbol] = packed(ac_codes[symbol], size);
            symbol += 1;
        }
        codes
    }
}

const fn packed((code, length): (u16, u8), size: u32) -> u32 {
    if length == 0 { 0 } else { (code as u32) << size << 5 | (length as u32 + size) }
}

/// By place in the zigzag: where the coefficient is in a [`Block`].
const ORDER: [u8; 64] = {
    let mut order = [0; 64];
    let mut k = 0;
    while k < 64 {
        order[k] = ZIGZAG[k] % 8 * 8 + ZIGZAG[k] / 8;
        k += 1;
    }
    order
};

/// Writes the bits of a scan.
pub(super) struct Scan {
    out: Vec<u8>,
    /// The bits not yet written, the last one lowest; what lies above them is of no meaning.
    bits: u64,
    /// How many more there is room for, 1 to 64.
    free: u32,
}

impl Scan {
    /// A scan behind what is written already.
    pub(super) fn new(out: Vec<u8>) -> Self {
        Scan { out, bits: 0, free: 64 }
    }

    /// Makes room for so many bytes, so that growing is rare.
    pub(super) fn reserve(&mut self, bytes: usize) {
        self.out.reserve(bytes);
    }

    /// Writes a block. `previous` is the DC coefficient of the block before it of the same component.
    #[inline]
    pub(super) fn block(&mut self, block: &Block, codes: &Codes, previous: &mut i16) {
        let dc = block.coefficients[0];
        let difference = i32::from(dc).wrapping_sub(i32::from(*previous));
        *previous = dc;
        let (size, value) = magnitude(difference);
        self.put_value(codes.dc[size as usize & 15], value);

        let mut present = block.present & !1;
        let mut before = 0;
        while present != 0 {
            let place = present.trailing_zeros();
            present &= present.wrapping_sub(1);
            let mut run = place.wrapping_sub(before).wrapping_sub(1);
            before = place;
            while run > 15 {
                self.put_value(codes.ac[SIXTEEN_ZEROS], 0);
                run = run.wrapping_sub(16);
            }
            let coefficient = block.coefficients[usize::from(ORDER[place as usize & 63]) & 63];
            let (size, value) = magnitude(i32::from(coefficient));
            self.put_value(codes.ac[(run << 4 | size) as usize & 255], value);
        }
        if before != 63 {
            self.put_value(codes.ac[END_OF_BLOCK], 0);
        }
    }

    /// Writes a block that is as flat as the one before it: what lies outside the picture.
    pub(super) fn same_again(&mut self, codes: &Codes) {
        self.put_value(codes.dc[0], 0);
        self.put_value(codes.ac[END_OF_BLOCK], 0);
    }

    #[inline]
    fn put_value(&mut self, packed: u32, value: u32) {
        self.put(packed >> 5 | value, packed & 31);
    }

    #[inline]
    fn put(&mut self, bits: u32, length: u32) {
        let bits = u64::from(bits);
        if length < self.free {
            self.bits = self.bits.wrapping_shl(length) | bits;
            self.free = self.free.wrapping_sub(length);
        } else {
            let over = length.wrapping_sub(self.free);
            self.word(self.bits.wrapping_shl(self.free) | bits.wrapping_shr(over));
            self.bits = bits;
            self.free = 64_u32.wrapping_sub(over);
        }
    }

    /// Writes eight bytes, and a zero behind each of them that could be taken for a marker (F.1.2.3).
    #[inline]
    fn word(&mut self, word: u64) {
        const LOW: u64 = 0x0101_0101_0101_0101;
        let zeros = !word;
        if zeros.wrapping_sub(LOW) & word & LOW << 7 == 0 {
            self.out.extend_from_slice(&word.to_be_bytes());
        } else {
            self.bytes(&word.to_be_bytes());
        }
    }

    #[cold]
    fn bytes(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            self.out.push(byte);
            if byte == 0xff {
                self.out.push(0);
            }
        }
    }

    /// Fills the last byte with ones, and gives what was written.
    pub(super) fn finish(mut self) -> Vec<u8> {
        let used = 64 - self.free;
        if used > 0 {
            let ones = (1_u64 << self.free) - 1;
            let word = self.bits << self.free | ones;
            let bytes = word.to_be_bytes();
            self.bytes(bytes.get(..used.div_ceil(8) as usize).unwrap_or_default());
        }
        self.out
    }
}

/// How many bits a value has, and those bits: negative ones are one less (F.1.2.1 and F.1.2.2).
#[inline]
fn magnitude(value: i32) -> (u32, u32) {
    let size = 32_u32.wrapping_sub(value.unsigned_abs().leading_zeros());
    let bits = value.wrapping_add(value >> 31) as u32;
    (size, bits & 1_u32.wrapping_shl(size).wrapping_sub(1))
}
