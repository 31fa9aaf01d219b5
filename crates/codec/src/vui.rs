//! The opening of `vui_parameters()`, the same bits in both video standards (ITU-T H.264, E.1.1; H.265, E.2.1).
//!
//! ```text
//! aspect_ratio_info_present_flag    aspect_ratio_idc [sar_width sar_height]
//! overscan_info_present_flag        overscan_appropriate_flag
//! video_signal_type_present_flag    video_format video_full_range_flag [colour_primaries transfer matrix]
//! chroma_loc_info_present_flag      chroma_sample_loc_type_top_field, _bottom_field
//! ```

use crate::{bits::BitReader, error::Error, field::FieldList};

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
            let start = r.offset();
            let aspect_ratio_idc = r.u8(8, "aspect_ratio_idc")?;
            if (17..EXTENDED_SAR).contains(&aspect_ratio_idc) {
                r.note(start, "aspect_ratio_idc", format!("is {aspect_ratio_idc}, which is reserved"));
            }
            display.aspect_ratio_idc = Some(aspect_ratio_idc);
            if aspect_ratio_idc == EXTENDED_SAR {
                display.extended_sar = Some((r.u16(16, "sar_width")?, r.u16(16, "sar_height")?));
            }
        }
        if r.flag("overscan_info_present_flag")? {
            display.overscan_appropriate_flag = Some(r.flag("overscan_appropriate_flag")?);
        }
        if r.flag("video_signal_type_present_flag")? {
            let start = r.offset();
            let video_format = r.u8(3, "video_format")?;
            if video_format > 5 {
                r.note(start, "video_format", format!("is {video_format}, which is reserved"));
            }
            let video_full_range_flag = r.flag("video_full_range_flag")?;
            let colour_description =
                if r.flag("colour_description_present_flag")? { Some(ColourDescription::read(r)?) } else { None };
            display.video_signal_type =
                Some(VideoSignalType { video_format, video_full_range_flag, colour_description });
        }
        if r.flag("chroma_loc_info_present_flag")? {
            let top = r.ue_expected("chroma_sample_loc_type_top_field", 5)?;
            let bottom = r.ue_expected("chroma_sample_loc_type_bottom_field", 5)?;
            let known = |value| u8::try_from(value).ok().filter(|&value| value <= 5);
            display.chroma_sample_loc_type = known(top).zip(known(bottom));
        }
        Ok(display)
    }

    /// Adds every field that is there.
    pub(crate) fn fields(&self, list: &mut FieldList, matrix_field: &'static str) {
        if let Some(aspect_ratio_idc) = self.aspect_ratio_idc {
            match (aspect_ratio_idc, self.sample_aspect_ratio()) {
                (EXTENDED_SAR, _) => list.add_named("aspect_ratio_idc", aspect_ratio_idc, "Extended_SAR"),
                (0, _) => list.add_named("aspect_ratio_idc", aspect_ratio_idc, "unspecified"),
                (_, Some((width, height))) => {
                    list.add_named("aspect_ratio_idc", aspect_ratio_idc, &format!("{width}:{height}"));
                }
                (_, None) => list.add_named("aspect_ratio_idc", aspect_ratio_idc, RESERVED),
            }
        }
        if let Some((width, height)) = self.extended_sar {
            list.add("sar_width", width);
            list.add("sar_height", height);
        }
        if let Some(appropriate) = self.overscan_appropriate_flag {
            list.add("overscan_appropriate_flag", u8::from(appropriate));
        }
        if let Some(signal) = self.video_signal_type {
            list.add_named("video_format", signal.video_format, video_format_name(signal.video_format));
            let range = if signal.video_full_range_flag { "full range" } else { "limited range" };
            list.add_named("video_full_range_flag", u8::from(signal.video_full_range_flag), range);
            if let Some(colour) = signal.colour_description {
                let ColourDescription { colour_primaries, transfer_characteristics, matrix_coefficients } = colour;
                let name = |name: Option<&'static str>| name.unwrap_or(RESERVED);
                list.add_named("colour_primaries", colour_primaries, name(colour_primaries_name(colour_primaries)));
                let transfer = name(transfer_characteristics_name(transfer_characteristics));
                list.add_named("transfer_characteristics", transfer_characteristics, transfer);
                let matrix = name(matrix_coefficients_name(matrix_coefficients));
                list.add_named(matrix_field, matrix_coefficients, matrix);
            }
        }
        if let Some((top, bottom)) = self.chroma_sample_loc_type {
            list.add_named("chroma_sample_loc_type_top_field", top, chroma_location_name(top));
            list.add_named("chroma_sample_loc_type_bottom_field", bottom, chroma_location_name(bottom));
        }
    }
}

impl ColourDescription {
    fn read(r: &mut BitReader<'_>) -> Result<Self, Error> {
        let mut read = |field, name: fn(u8) -> Option<&'static str>| {
            let start = r.offset();
            let value = r.u8(8, field)?;
            if name(value).is_none() {
                r.note(start, field, format!("is {value}, which is reserved"));
            }
            Ok(value)
        };
        Ok(Self {
            colour_primaries: read("colour_primaries", colour_primaries_name)?,
            transfer_characteristics: read("transfer_characteristics", transfer_characteristics_name)?,
            matrix_coefficients: read("matrix_coefficients", matrix_coefficients_name)?,
        })
    }
}

/// What `colour_primaries` says (ITU-T H.273, ColourPrimaries); `None` when reserved.
pub fn colour_primaries_name(colour_primaries: u8) -> Option<&'static str> {
    Some(match colour_primaries {
        1 => "BT.709",
        2 => "unspecified",
        4 => "BT.470 System M",
        5 => "BT.601 625 lines",
        6 => "BT.601 525 lines",
        7 => "SMPTE ST 240",
        8 => "generic film",
        9 => "BT.2020",
        10 => "SMPTE ST 428-1, XYZ",
        11 => "SMPTE RP 431-2, DCI-P3",
        12 => "SMPTE EG 432-1, Display P3",
        22 => "EBU Tech 3213-E",
        _ => return None,
    })
}

/// What `transfer_characteristics` says (ITU-T H.273, TransferCharacteristics); `None` when reserved.
pub fn transfer_characteristics_name(transfer_characteristics: u8) -> Option<&'static str> {
    Some(match transfer_characteristics {
        1 => "BT.709",
        2 => "unspecified",
        4 => "gamma 2.2, BT.470 System M",
        5 => "gamma 2.8, BT.470 System B, G",
        6 => "BT.601",
        7 => "SMPTE ST 240",
        8 => "linear",
        9 => "logarithmic, 100:1",
        10 => "logarithmic, 316:1",
        11 => "IEC 61966-2-4, xvYCC",
        12 => "BT.1361",
        13 => "IEC 61966-2-1, sRGB",
        14 => "BT.2020, 10 bits",
        15 => "BT.2020, 12 bits",
        16 => "SMPTE ST 2084, PQ",
        17 => "SMPTE ST 428-1",
        18 => "ARIB STD-B67, HLG",
        _ => return None,
    })
}

/// What `matrix_coefficients` says (ITU-T H.273, MatrixCoefficients); `None` when reserved.
pub fn matrix_coefficients_name(matrix_coefficients: u8) -> Option<&'static str> {
    Some(match matrix_coefficients {
        0 => "identity, RGB",
        1 => "BT.709",
        2 => "unspecified",
        4 => "FCC",
        5 => "BT.601 625 lines",
        6 => "BT.601 525 lines",
        7 => "SMPTE ST 240",
        8 => "YCgCo",
        9 => "BT.2020 non-constant luminance",
        10 => "BT.2020 constant luminance",
        11 => "SMPTE ST 2085",
        12 => "chromaticity-derived non-constant luminance",
        13 => "chromaticity-derived constant luminance",
        14 => "ICtCp",
        _ => return None,
    })
}

/// What `chroma_format_idc` says: the same in both standards and in both configuration records.
pub(crate) fn chroma_format_name(chroma_format_idc: u8) -> &'static str {
    match chroma_format_idc {
        0 => "monochrome",
        1 => "4:2:0",
        2 => "4:2:2",
        3 => "4:4:4",
        _ => RESERVED,
    }
}

fn video_format_name(video_format: u8) -> &'static str {
    match video_format {
        0 => "component",
        1 => "PAL",
        2 => "NTSC",
        3 => "SECAM",
        4 => "MAC",
        5 => "unspecified",
        _ => RESERVED,
    }
}

/// Where the chroma sample lies between the luma samples (H.264, Figure E-1; H.265, Figure E.1).
fn chroma_location_name(location: u8) -> &'static str {
    match location {
        0 => "left",
        1 => "centre",
        2 => "top left",
        3 => "top",
        4 => "bottom left",
        5 => "bottom",
        _ => RESERVED,
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
const RESERVED: &str = "reserved";

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
    fn reserved_code_points_are_noted_and_kept() {
        // Ratio 17, no overscan; format 7, limited, colours 3, 0, 15; locations 6 and 0.
        let mut w = crate::bits::BitWriter::default();
        for (bits, value) in [(1, 1_u32), (8, 17), (1, 0), (1, 1), (3, 7), (1, 0), (1, 1), (8, 3), (8, 0), (8, 15)] {
            w.put(bits, value);
        }
        for (bits, value) in [(1, 1_u32), (5, 0b00111), (1, 1)] {
            w.put(bits, value);
        }
        let data = w.finish();
        let mut r = BitReader::plain(&data, "test", "");
        let display = DisplayParameters::read(&mut r).unwrap();
        assert_eq!(display.aspect_ratio_idc, Some(17));
        assert_eq!(display.colour_description().unwrap().colour_primaries, 3);
        assert_eq!(display.chroma_sample_loc_type, None);
        let noted: Vec<&str> = r.take_oddities().iter().map(Error::field).collect();
        let colours = ["colour_primaries", "transfer_characteristics", "matrix_coefficients"];
        assert_eq!(noted[..2], ["aspect_ratio_idc", "video_format"]);
        assert_eq!(noted[2..5], colours);
        assert_eq!(noted[5..], ["chroma_sample_loc_type_top_field"]);
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
