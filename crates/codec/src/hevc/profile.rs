//! `profile_tier_level()` (ITU-T H.265, 7.3.3): what a decoder must be able to do.
//!
//! ```text
//! general_profile_space(2) general_tier_flag(1) general_profile_idc(5)
//! general_profile_compatibility_flag[32]
//! general_progressive_source_flag .. general_inbld_flag          48 bits
//! general_level_idc
//! sub_layer_profile_present_flag, sub_layer_level_present_flag   for each sub-layer but the last
//! the same again for each sub-layer that says so
//! ```

use crate::{bits::BitReader, error::Error};

/// The profile and tier part, 88 bits; the same fields as in the configuration record.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ProfileTier {
    /// `general_profile_space`, 0 in every stream of this standard.
    pub profile_space: u8,
    /// `general_tier_flag`: false for the Main tier, true for the High tier.
    pub tier_flag: bool,
    /// `general_profile_idc`: 1 Main, 2 Main 10, 3 Main Still Picture, 4 range extensions.
    pub profile_idc: u8,
    /// `general_profile_compatibility_flag[0]` in the highest bit, `[31]` in the lowest.
    pub profile_compatibility_flags: u32,
    /// The 48 bits from `general_progressive_source_flag` on, in stream order.
    pub constraint_indicator_flags: [u8; 6],
}

/// Profile, tier and level of the stream, and of the sub-layers that differ.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ProfileTierLevel {
    /// Profile and tier of the whole stream.
    pub general: ProfileTier,
    /// `general_level_idc`, thirty times the level: 93 is level 3.1.
    pub general_level_idc: u8,
    /// One entry for each temporal sub-layer but the highest.
    pub sub_layers: Vec<SubLayer>,
}

/// What one temporal sub-layer says of itself.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct SubLayer {
    /// Present when `sub_layer_profile_present_flag` is set.
    pub profile: Option<ProfileTier>,
    /// `sub_layer_level_idc`, present when `sub_layer_level_present_flag` is set.
    pub level_idc: Option<u8>,
}

impl ProfileTier {
    fn read(r: &mut BitReader<'_>) -> Result<Self, Error> {
        let profile_space = r.u8(2, "profile_space")?;
        let tier_flag = r.flag("tier_flag")?;
        let profile_idc = r.u8(5, "profile_idc")?;
        let profile_compatibility_flags = r.u(32, "profile_compatibility_flag")?;
        let mut constraint_indicator_flags = [0; 6];
        for byte in &mut constraint_indicator_flags {
            *byte = r.u8(8, "constraint_indicator_flags")?;
        }
        Ok(Self { profile_space, tier_flag, profile_idc, profile_compatibility_flags, constraint_indicator_flags })
    }
}

impl ProfileTierLevel {
    /// `profile_tier_level(1, max_sub_layers_minus1)`.
    pub(crate) fn read(r: &mut BitReader<'_>, max_sub_layers_minus1: u8) -> Result<Self, Error> {
        r.cite("ITU-T H.265, 7.4.4");
        let start = r.offset();
        let general = ProfileTier::read(r)?;
        if general.profile_space != 0 {
            r.note(start, "general_profile_space", format!("is {}, which is reserved", general.profile_space));
        }
        if (general.profile_compatibility_flags << general.profile_idc) & 0x8000_0000 == 0 {
            let rule = format!("is 0 for general_profile_idc itself, {}", general.profile_idc);
            r.note(start + 1, "general_profile_compatibility_flag", rule);
        }
        let start = r.offset();
        let general_level_idc = r.u8(8, "general_level_idc")?;
        if general_level_idc == 0 {
            r.note(start, "general_level_idc", "is 0, which is no level");
        }
        let mut present = Vec::new();
        for _ in 0..max_sub_layers_minus1 {
            present.push((r.flag("sub_layer_profile_present_flag")?, r.flag("sub_layer_level_present_flag")?));
        }
        if max_sub_layers_minus1 > 0 {
            for _ in max_sub_layers_minus1..8 {
                r.reserved(2, "reserved_zero_2bits", 0)?;
            }
        }
        let mut sub_layers = Vec::new();
        for (profile, level) in present {
            sub_layers.push(SubLayer {
                profile: if profile { Some(ProfileTier::read(r)?) } else { None },
                level_idc: if level { Some(r.u8(8, "sub_layer_level_idc")?) } else { None },
            });
        }
        Ok(Self { general, general_level_idc, sub_layers })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bits::BitWriter;

    #[test]
    fn sub_layers_are_read_where_they_say_so() {
        let mut w = BitWriter::default();
        let profile = |w: &mut BitWriter, idc: u8| {
            w.put(3, 0_u32);
            w.put(5, idc);
            w.put(32, 0x6000_0000_u32);
            w.put(32, 0x9000_0000_u32);
            w.put(16, 0_u32);
        };
        profile(&mut w, 1);
        w.put(8, 93_u32);
        // Two lower sub-layers: one with both, one with a level only; then six reserved pairs.
        w.put(4, 0b1101_u32);
        w.put(12, 0_u32);
        profile(&mut w, 2);
        w.put(8, 60_u32);
        w.put(8, 63_u32);
        w.put(8, 0xaa_u32);
        let data = w.finish();
        let r = &mut BitReader::plain(&data, "test", "");
        let read = ProfileTierLevel::read(r, 2).unwrap();
        assert_eq!((read.general.profile_idc, read.general_level_idc), (1, 93));
        assert_eq!(read.general.profile_compatibility_flags, 0x6000_0000);
        assert_eq!(read.general.constraint_indicator_flags, [0x90, 0, 0, 0, 0, 0]);
        assert_eq!(read.sub_layers.len(), 2);
        assert_eq!(read.sub_layers[0].profile.unwrap().profile_idc, 2);
        assert_eq!((read.sub_layers[0].level_idc, read.sub_layers[1].level_idc), (Some(60), Some(63)));
        assert_eq!(read.sub_layers[1].profile, None);
        assert_eq!(r.u8(8, "next").unwrap(), 0xaa);
    }
}
