//! The opening of `vui_parameters()`, the same bits in both video standards (ITU-T H.264, E.1.1; H.265, E.2.1).
//!
//! ```text
//! aspect_ratio_info_present_flag    aspect_ratio_idc [sar_width sar_height]
//! overscan_info_present_flag        overscan_appropriate_flag
//! video_signal_type_present_flag    video_format video_full_range_flag [colour_primaries transfer matrix]
//! chroma_loc_info_present_flag      chroma_sample_loc_type_top_field, _bottom_field
//! ```

use crate::{bits::BitReader, error::Error};

/// How decoded samples are meant to be shown: shape, range, colour. All parts are optional in the stream.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct DisplayParameters {
    /// `aspect_ratio_idc`, with 255 for an extended ratio.
    pub aspect_ratio_idc: Option<u8>,
    /// `sar_width` and `sar_height`, present when `aspect_ratio_idc` is 255.
    pub extended_sar: Option<(u16, u16)>,
    /// `overscan_appropriate_flag`.
    pub overscan_appropriate_flag: Option<bool>,
    /// The video signal type.
    pub video_signal_type: Option<VideoSignalType>,
    /// `chroma_sample_loc_type_top_field` and `chroma_sample_loc_type_bottom_field`, 0 to 5.
    pub chroma_sample_loc_type: Option<(u8, u8)>,
}

/// `video_format`, range and colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct VideoSignalType {
    /// `video_format`: 0 component, 1 PAL, 2 NTSC, 3 SECAM, 4 MAC, 5 unspecified.
    pub video_format: u8,
    /// Whether samples use the whole range (0 to 255 at 8 bits) instead of 16 to 235.
    pub video_full_range_flag: bool,
    /// The colour description, when there is one.
    pub colour_description: Option<ColourDescription>,
}

/// Code points of ITU-T H.273, in which 2 says "unspecified".
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ColourDescription {
    /// `colour_primaries`: 1 for BT.709, 9 for BT.2020.
    pub colour_primaries: u8,
    /// `transfer_characteristics`: 1 for BT.709, 16 for PQ, 18 for HLG.
    pub transfer_characteristics: u8,
    /// `matrix_coefficients` (`matrix_coeffs` in H.265): 1 for BT.709, 5 and 6 for BT.601, 9 for BT.2020.
    pub matrix_coefficients: u8,
}

impl DisplayParameters {
    /// Width to height of one sample, from Table E-1 or the extended fields, `None` when unspecified or reserved.
    pub fn sample_aspect_ratio(&self) -> Option<(u32, u32)> {
        let (width, height) = match self.aspect_ratio_idc? {
            1 => (1, 1),
            2 => (12, 11),
            3 => (10, 11),
            4 => (16, 11),
            5 => (40, 33),
            6 => (24, 11),
            7 => (20, 11),
            8 => (32, 11),
            9 => (80, 33),
            10 => (18, 11),
            11 => (15, 11),
            12 => (64, 33),
            13 => (160, 99),
            14 => (4, 3),
            15 => (3, 2),
            16 => (2, 1),
            EXTENDED_SAR => self.extended_sar?,
            _ => return None,
        };
        (width > 0 && height > 0).then_some((u32::from(width), u32::from(height)))
    }

    /// `video_full_range_flag`, when the stream says.
    pub fn video_full_range_flag(&self) -> Option<bool> {
        Some(self.video_signal_type?.video_full_range_flag)
    }

    /// The colour description, when the stream has one.
    pub fn colour_description(&self) -> Option<ColourDescription> {
        self.video_signal_type?.colour_description
    }

    pub(crate) fn read(r: &mut BitReader<'_>) -> Result<Self, Error> {
        let mut display = Self::default();
        if r.flag("aspect_ratio_info_present_flag")? {
            let aspect_ratio_idc = r.u8(8, "aspect_ratio_idc")?;
            display.aspect_ratio_idc = Some(aspect_ratio_idc);
            if aspect_ratio_idc == EXTENDED_SAR {
                display.extended_sar = Some((r.u16(16, "sar_width")?, r.u16(16, "sar_height")?));
            }
        }
        if r.flag("overscan_info_present_flag")? {
            display.overscan_appropriate_flag = Some(r.flag("overscan_appropriate_flag")?);
        }
        if r.flag("video_signal_type_present_flag")? {
            let video_format = r.u8(3, "video_format")?;
            let video_full_range_flag = r.flag("video_full_range_flag")?;
            let colour_description = if r.flag("colour_description_present_flag")? {
                Some(ColourDescription {
                    colour_primaries: r.u8(8, "colour_primaries")?,
                    transfer_characteristics: r.u8(8, "transfer_characteristics")?,
                    matrix_coefficients: r.u8(8, "matrix_coefficients")?,
                })
            } else {
                None
            };
            display.video_signal_type =
                Some(VideoSignalType { video_format, video_full_range_flag, colour_description });
        }
        if r.flag("chroma_loc_info_present_flag")? {
            display.chroma_sample_loc_type = Some((
                r.ue_max8("chroma_sample_loc_type_top_field", 5)?,
                r.ue_max8("chroma_sample_loc_type_bottom_field", 5)?,
            ));
        }
        Ok(display)
    }
}

/// A fraction in lowest terms, `None` when a part is zero or does not fit 32 bits.
pub(crate) fn reduced(numerator: u64, denominator: u64) -> Option<(u32, u32)> {
    let (mut a, mut b) = (numerator, denominator);
    while b > 0 {
        (a, b) = (b, a % b);
    }
    let numerator = u32::try_from(numerator.checked_div(a)?).ok()?;
    let denominator = u32::try_from(denominator.checked_div(a)?).ok()?;
    (numerator > 0 && denominator > 0).then_some((numerator, denominator))
}

const EXTENDED_SAR: u8 = 255;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ratios_come_from_the_table_or_the_extension() {
        let of = |aspect_ratio_idc, extended_sar| {
            let aspect_ratio_idc = Some(aspect_ratio_idc);
            DisplayParameters { aspect_ratio_idc, extended_sar, ..Default::default() }.sample_aspect_ratio()
        };
        assert_eq!(of(0, None), None);
        assert_eq!(of(1, None), Some((1, 1)));
        assert_eq!(of(13, None), Some((160, 99)));
        assert_eq!(of(17, None), None);
        assert_eq!(of(255, Some((96, 91))), Some((96, 91)));
        assert_eq!(of(255, Some((0, 1))), None);
        assert_eq!(of(255, None), None);
        assert_eq!(DisplayParameters::default().sample_aspect_ratio(), None);
    }

    #[test]
    fn fractions_are_reduced_and_never_zero() {
        assert_eq!(reduced(60_000, 2_002), Some((30_000, 1_001)));
        assert_eq!(reduced(0, 1), None);
        assert_eq!(reduced(1, 0), None);
        assert_eq!(reduced(0, 0), None);
        assert_eq!(reduced(u64::from(u32::MAX), 2), Some((u32::MAX, 2)));
        assert_eq!(reduced(1, u64::from(u32::MAX) * 2), None);
    }
}
