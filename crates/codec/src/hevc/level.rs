//! Profiles and levels of H.265 by name, and what a level allows (ITU-T H.265, Annex A).

/// The name of a profile; those of the range extensions are told apart by their constraint flags, the 48 bits from
/// `general_progressive_source_flag` on. `None` for a `general_profile_idc` of no known profile.
///
/// ```
/// use fragkit_codec::hevc::profile_name;
///
/// assert_eq!(profile_name(2, [0x90, 0, 0, 0, 0, 0]), Some("Main 10"));
/// assert_eq!(profile_name(4, [0x9d, 0x08, 0, 0, 0, 0]), Some("Main 4:2:2 10"));
/// ```
pub fn profile_name(profile_idc: u8, constraint_flags: [u8; 6]) -> Option<&'static str> {
    let [first, second, ..] = constraint_flags;
    // general_max_12bit, 10bit, 8bit, 422chroma | 420chroma, monochrome, intra, one_picture_only: Table A.2.
    let range = ((first & 0x0f) << 4) | (second >> 4);
    Some(match profile_idc {
        1 => "Main",
        2 if second & 0x10 != 0 => "Main 10 Still Picture",
        2 => "Main 10",
        3 => "Main Still Picture",
        4 => match range {
            0b1111_1100 => "Monochrome",
            0b1101_1100 => "Monochrome 10",
            0b1001_1100 => "Monochrome 12",
            0b0001_1100 => "Monochrome 16",
            0b1001_1000 => "Main 12",
            0b1101_0000 => "Main 4:2:2 10",
            0b1001_0000 => "Main 4:2:2 12",
            0b1110_0000 => "Main 4:4:4",
            0b1100_0000 => "Main 4:4:4 10",
            0b1000_0000 => "Main 4:4:4 12",
            0b1111_1010 => "Main Intra",
            0b1101_1010 => "Main 10 Intra",
            0b1001_1010 => "Main 12 Intra",
            0b1101_0010 => "Main 4:2:2 10 Intra",
            0b1001_0010 => "Main 4:2:2 12 Intra",
            0b1110_0010 => "Main 4:4:4 Intra",
            0b1100_0010 => "Main 4:4:4 10 Intra",
            0b1000_0010 => "Main 4:4:4 12 Intra",
            0b0000_0010 => "Main 4:4:4 16 Intra",
            0b1110_0011 => "Main 4:4:4 Still Picture",
            0b0000_0011 => "Main 4:4:4 16 Still Picture",
            _ => "Format Range Extensions",
        },
        5 => "High Throughput",
        6 => "Multiview Main",
        7 => "Scalable Main",
        8 => "3D Main",
        9 => "Screen-Extended",
        10 => "Scalable Format Range Extensions",
        11 => "High Throughput Screen-Extended",
        _ => return None,
    })
}

/// A level as the standard writes it: `3.1` for a `general_level_idc` of 93.
///
/// ```
/// assert_eq!(fragkit_codec::hevc::level_name(93), "3.1");
/// assert_eq!(fragkit_codec::hevc::level_name(120), "4");
/// ```
pub fn level_name(level_idc: u8) -> String {
    match (level_idc / 30, level_idc % 30) {
        (whole, 0) => whole.to_string(),
        (whole, rest) if rest % 3 == 0 => format!("{whole}.{}", rest / 3),
        _ => format!("{level_idc}/30"),
    }
}

/// MaxLumaPs of a level, luma samples in a picture (Table A.8); `None` for a level that says nothing of it.
pub(super) fn max_luma_samples(level_idc: u8) -> Option<u32> {
    Some(match level_idc {
        30 => 36_864,
        60 => 122_880,
        63 => 245_760,
        90 => 552_960,
        93 => 983_040,
        120 | 123 => 2_228_224,
        150 | 153 | 156 => 8_912_896,
        180 | 183 | 186 => 35_651_584,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn range_extension_profiles_are_told_apart_by_their_flags() {
        assert_eq!(profile_name(4, [0x98, 0x88, 0, 0, 0, 0]), Some("Format Range Extensions"));
        assert_eq!(profile_name(4, [0x99, 0x88, 0, 0, 0, 0]), Some("Main 12"));
        assert_eq!(profile_name(4, [0x9e, 0x08, 0, 0, 0, 0]), Some("Main 4:4:4"));
        assert_eq!(profile_name(4, [0x9f, 0xc8, 0, 0, 0, 0]), Some("Monochrome"));
        assert_eq!(profile_name(1, [0; 6]), Some("Main"));
        assert_eq!(profile_name(0, [0; 6]), None);
        assert_eq!(profile_name(31, [0xff; 6]), None);
    }

    #[test]
    fn levels_are_thirtieths() {
        assert_eq!(level_name(186), "6.2");
        assert_eq!(level_name(255), "8.5");
        assert_eq!(level_name(0), "0");
        assert_eq!(level_name(31), "31/30");
    }
}
