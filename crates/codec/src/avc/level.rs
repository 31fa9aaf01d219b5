//! Profiles and levels of H.264 by name, and what a level allows (ITU-T H.264, Annex A).

/// The name of a profile, with what the constraint flags say beside it: `constraint_flags` is the byte between
/// `profile_idc` and `level_idc`. `None` for a `profile_idc` of no known profile.
///
/// ```
/// assert_eq!(fragkit_codec::avc::profile_name(66, 0xc0), Some("Constrained Baseline"));
/// assert_eq!(fragkit_codec::avc::profile_name(100, 0), Some("High"));
/// ```
pub fn profile_name(profile_idc: u8, constraint_flags: u8) -> Option<&'static str> {
    let set = |flag: u8| constraint_flags & (0x80 >> flag) != 0;
    Some(match profile_idc {
        44 => "CAVLC 4:4:4 Intra",
        66 if set(1) => "Constrained Baseline",
        66 => "Baseline",
        77 => "Main",
        83 if set(5) => "Scalable Constrained Baseline",
        83 => "Scalable Baseline",
        86 if set(3) => "Scalable High Intra",
        86 if set(5) => "Scalable Constrained High",
        86 => "Scalable High",
        88 => "Extended",
        100 if set(4) && set(5) => "Constrained High",
        100 if set(4) => "Progressive High",
        100 => "High",
        110 if set(3) => "High 10 Intra",
        110 if set(4) => "Progressive High 10",
        110 => "High 10",
        118 => "Multiview High",
        122 if set(3) => "High 4:2:2 Intra",
        122 => "High 4:2:2",
        128 => "Stereo High",
        134 => "MFC High",
        135 => "MFC Depth High",
        138 => "Multiview Depth High",
        139 => "Enhanced Multiview Depth High",
        // Taken out of the standard in 2006.
        144 => "High 4:4:4",
        244 if set(3) => "High 4:4:4 Intra",
        244 => "High 4:4:4 Predictive",
        _ => return None,
    })
}

/// A level as the standard writes it: `3.1` for a `level_idc` of 31, and `1b` where that is meant.
///
/// ```
/// assert_eq!(fragkit_codec::avc::level_name(31, 100, 0), "3.1");
/// assert_eq!(fragkit_codec::avc::level_name(40, 100, 0), "4");
/// assert_eq!(fragkit_codec::avc::level_name(11, 66, 0x10), "1b");
/// ```
pub fn level_name(level_idc: u8, profile_idc: u8, constraint_flags: u8) -> String {
    match (level_idc / 10, level_idc % 10) {
        _ if is_level_1b(level_idc, profile_idc, constraint_flags) => "1b".to_owned(),
        (whole, 0) => whole.to_string(),
        (whole, tenth) => format!("{whole}.{tenth}"),
    }
}

/// Whether parameter sets of a profile, and the record with them, say chroma format and bit depths (7.3.2.1.1).
pub(super) fn has_chroma_fields(profile_idc: u8) -> bool {
    // 144 is no profile any more; old libx264 wrote it for lossless video, with these fields as the editions of its time say.
    matches!(profile_idc, 100 | 110 | 122 | 144 | 244 | 44 | 83 | 86 | 118 | 128 | 138 | 139 | 134 | 135)
}

/// What a level allows (Table A-1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct LevelLimits {
    /// MaxFS, macroblocks in a frame.
    pub(super) max_frame_mbs: u32,
    /// MaxDpbMbs, macroblocks in the decoded picture buffer.
    pub(super) max_dpb_mbs: u32,
}

impl LevelLimits {
    /// `None` for a level that is not in the table.
    pub(super) fn of(level_idc: u8, profile_idc: u8, constraint_flags: u8) -> Option<Self> {
        let (max_frame_mbs, max_dpb_mbs) = match level_idc {
            _ if is_level_1b(level_idc, profile_idc, constraint_flags) => (99, 396),
            10 => (99, 396),
            11 => (396, 900),
            12 | 13 | 20 => (396, 2_376),
            21 => (792, 4_752),
            22 | 30 => (1_620, 8_100),
            31 => (3_600, 18_000),
            32 => (5_120, 20_480),
            40 | 41 => (8_192, 32_768),
            42 => (8_704, 34_816),
            50 => (22_080, 110_400),
            51 | 52 => (36_864, 184_320),
            60..=62 => (139_264, 696_320),
            _ => return None,
        };
        Some(Self { max_frame_mbs, max_dpb_mbs })
    }
}

fn is_level_1b(level_idc: u8, profile_idc: u8, constraint_flags: u8) -> bool {
    level_idc == 9 || (level_idc == 11 && constraint_flags & 0x10 != 0 && matches!(profile_idc, 66 | 77 | 88))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn constraint_flags_refine_the_profile() {
        assert_eq!(profile_name(66, 0), Some("Baseline"));
        assert_eq!(profile_name(77, 0x40), Some("Main"));
        assert_eq!(profile_name(100, 0x0c), Some("Constrained High"));
        assert_eq!(profile_name(100, 0x08), Some("Progressive High"));
        assert_eq!(profile_name(110, 0x10), Some("High 10 Intra"));
        assert_eq!(profile_name(244, 0), Some("High 4:4:4 Predictive"));
        assert_eq!(profile_name(0, 0xff), None);
    }

    #[test]
    fn level_1b_has_two_spellings() {
        assert_eq!(level_name(9, 100, 0), "1b");
        assert_eq!(level_name(11, 100, 0x10), "1.1");
        assert_eq!(level_name(11, 77, 0x10), "1b");
        assert_eq!(LevelLimits::of(11, 77, 0x10), LevelLimits::of(10, 77, 0));
        assert_eq!(LevelLimits::of(14, 77, 0), None);
    }
}
