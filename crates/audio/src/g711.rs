//! The two laws of ITU-T G.711, decoded to 16 bits.

/// A-law to linear: 13 bits, shifted up to 16 (G.711, table 1).
pub(crate) fn a_law(byte: u8) -> i16 {
    // Every other bit is inverted on the line.
    let byte = byte ^ 0x55;
    let mantissa = i16::from(byte & 0x0f) << 4;
    let magnitude = match (byte >> 4) & 7 {
        0 => mantissa + 8,
        segment => (mantissa + 0x108) << (segment - 1),
    };
    if byte & 0x80 == 0 { -magnitude } else { magnitude }
}

/// Mu-law to linear: 14 bits, shifted up to 16 (G.711, table 2).
pub(crate) fn mu_law(byte: u8) -> i16 {
    // All bits are inverted on the line.
    let byte = !byte;
    let magnitude = (((i16::from(byte & 0x0f) << 3) + 0x84) << ((byte >> 4) & 7)) - 0x84;
    if byte & 0x80 == 0 { magnitude } else { -magnitude }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ends_and_the_middle_of_both_laws() {
        // Decoder output values of the tables, times 8 and times 4: 1 and 4032 of A-law; 0 and 8031 of mu-law.
        assert_eq!([0xd5, 0x55, 0xaa, 0x2a].map(a_law), [8, -8, 4032 * 8, -4032 * 8]);
        assert_eq!([0xff, 0x7f, 0x80, 0x00].map(mu_law), [0, 0, 8031 * 4, -8031 * 4]);
    }

    #[test]
    fn both_laws_rise_from_step_to_step() {
        let rising =
            |law: fn(u8) -> i16, positive: [u8; 128]| positive.map(law).windows(2).all(|pair| pair[0] < pair[1]);
        let ordered = |flip: u8| std::array::from_fn(|at| u8::try_from(at).unwrap() ^ flip);
        assert!(rising(a_law, ordered(0xd5)));
        assert!(rising(mu_law, ordered(0xff)));
    }
}
