//! A frame of AAC in which nothing is heard, for the gaps.
//!
//! ```text
//! raw_data_block                                         ISO/IEC 14496-3, 4.4.2.1, table 4.3
//!   id_syn_ele u3, element_instance_tag u4               0 SCE, 1 CPE, 3 LFE; 7 END
//!   (CPE: common_window u1 = 1)
//!   individual_channel_stream: global_gain u8, ics_info, pulse_data_present u1, tns_data_present u1, gain_control_data_present u1
//!     ics_info: ics_reserved_bit u1, window_sequence u2, window_shape u1, max_sfb u6 = 0, predictor_data_present u1
//! ```
//!
//! With `max_sfb` 0 there are no sections, no scale factors and no coefficients.

use fragkit_fragment::codec::aac::AudioSpecificConfig;

/// The frame for a track with this configuration; `None` where there is none: a profile that is not built like LC, or channels that
/// the frame itself would have to describe.
pub(crate) fn frame(config: &AudioSpecificConfig) -> Option<Vec<u8>> {
    const MAIN: u8 = 1;
    const LC: u8 = 2;
    // SBR and PS are extensions of a frame of LC, which may be left out of it.
    if !matches!(config.audio_object_type, MAIN | LC) {
        return None;
    }
    // Table 1.19: the elements of each channel configuration.
    let elements: &[Element] = match config.channel_configuration {
        1 => &[Element::Single],
        2 => &[Element::Pair],
        3 => &[Element::Single, Element::Pair],
        4 => &[Element::Single, Element::Pair, Element::Single],
        5 => &[Element::Single, Element::Pair, Element::Pair],
        6 => &[Element::Single, Element::Pair, Element::Pair, Element::Lfe],
        7 => &[Element::Single, Element::Pair, Element::Pair, Element::Pair, Element::Lfe],
        _ => return None,
    };
    let mut bits = Bits::default();
    let mut tags = [0; 4];
    for element in elements {
        let (id, pair) = match element {
            Element::Single => (0, false),
            Element::Pair => (1, true),
            Element::Lfe => (3, false),
        };
        bits.put(3, id);
        if let Some(tag) = tags.get_mut(usize::from(id)) {
            bits.put(4, *tag);
            *tag += 1;
        }
        if pair {
            bits.put(1, 1); // common_window
            bits.put(11, 0); // ics_info
            bits.put(2, 0); // ms_mask_present
        }
        for _ in 0..=u8::from(pair) {
            bits.put(8, 0); // global_gain
            if !pair {
                bits.put(11, 0); // ics_info
            }
            bits.put(3, 0); // pulse, TNS, gain control
        }
    }
    bits.put(3, 7);
    Some(bits.bytes)
}

#[derive(Debug, Clone, Copy)]
enum Element {
    Single,
    Pair,
    Lfe,
}

/// Bits from the most significant on.
#[derive(Debug, Default)]
struct Bits {
    bytes: Vec<u8>,
    used: u32,
}

impl Bits {
    fn put(&mut self, count: u32, value: u8) {
        for bit in (0..count).rev() {
            if self.used.is_multiple_of(8) {
                self.bytes.push(0);
            }
            let set = if bit < 8 { value >> bit & 1 } else { 0 };
            if let Some(last) = self.bytes.last_mut() {
                *last |= set << (7 - self.used % 8);
            }
            self.used += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn silent(private: &[u8]) -> Option<Vec<u8>> {
        frame(&AudioSpecificConfig::read(private).unwrap())
    }

    #[test]
    fn a_frame_of_one_channel_takes_four_bytes_and_a_pair_six() {
        // SCE, 29 bits, END.
        assert_eq!(silent(&[0x15, 0x88]), Some(vec![0, 0, 0, 0b0000_0111]));
        // CPE with a common window, 22 bits of two channels, END.
        assert_eq!(silent(&[0x11, 0x90]), Some(vec![0b0010_0001, 0, 0, 0, 0, 0b0001_1100]));
    }

    #[test]
    fn profiles_of_another_build_have_none() {
        // ER AAC LD (object type 23), 44.1 kHz, mono.
        assert_eq!(silent(&[0xba, 0x08, 0x00]), None);
    }
}
