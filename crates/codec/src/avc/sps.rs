//! The H.264 sequence parameter set (ITU-T H.264, 7.3.2.1.1).
//!
//! ```text
//! profile_idc, constraint flags, level_idc, seq_parameter_set_id
//! chroma format, bit depths, scaling lists          High profiles only
//! frame number and picture order count
//! picture size in macroblocks, cropping
//! vui_parameters()                                  E.1.1, with hrd_parameters() E.1.2
//! ```

use super::{
    NAL_SPS,
    level::{LevelLimits, has_chroma_fields, profile_name},
    scaling::ScalingList,
    vui::Vui,
};
use crate::{bits::BitReader, error::Error, vui::reduced};

/// A sequence parameter set, in the names of the standard.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sps {
    /// `profile_idc`: 66 Baseline, 77 Main, 100 High, 110 High 10, 122 High 4:2:2, 244 High 4:4:4 Predictive.
    pub profile_idc: u8,
    /// The byte between `profile_idc` and `level_idc`: constraint_set0_flag is its highest bit.
    pub constraint_flags: u8,
    /// `level_idc`, ten times the level.
    pub level_idc: u8,
    /// `seq_parameter_set_id`, 0 to 31.
    pub seq_parameter_set_id: u8,
    /// `chroma_format_idc`: 0 monochrome, 1 4:2:0, 2 4:2:2, 3 4:4:4.
    pub chroma_format_idc: u8,
    /// `separate_colour_plane_flag`.
    pub separate_colour_plane_flag: bool,
    /// `bit_depth_luma_minus8`, 0 to 6.
    pub bit_depth_luma_minus8: u8,
    /// `bit_depth_chroma_minus8`, 0 to 6.
    pub bit_depth_chroma_minus8: u8,
    /// `qpprime_y_zero_transform_bypass_flag`.
    pub qpprime_y_zero_transform_bypass_flag: bool,
    /// The lists that `seq_scaling_matrix_present_flag` announces: 8, or 12 for 4:4:4.
    pub seq_scaling_lists: Option<Vec<ScalingList>>,
    /// `log2_max_frame_num_minus4`, 0 to 12.
    pub log2_max_frame_num_minus4: u8,
    /// How the picture order count is coded.
    pub pic_order_cnt: PicOrderCnt,
    /// `max_num_ref_frames`, 0 to 16.
    pub max_num_ref_frames: u8,
    /// `gaps_in_frame_num_value_allowed_flag`.
    pub gaps_in_frame_num_value_allowed_flag: bool,
    /// `pic_width_in_mbs_minus1`; a macroblock is 16 samples wide.
    pub pic_width_in_mbs_minus1: u32,
    /// `pic_height_in_map_units_minus1`; a map unit is 16 rows, or 32 when fields are allowed.
    pub pic_height_in_map_units_minus1: u32,
    /// `frame_mbs_only_flag`: whether every picture is a progressive frame.
    pub frame_mbs_only_flag: bool,
    /// `mb_adaptive_frame_field_flag`.
    pub mb_adaptive_frame_field_flag: bool,
    /// `direct_8x8_inference_flag`.
    pub direct_8x8_inference_flag: bool,
    /// The cropping rectangle, in crop units.
    pub frame_cropping: Option<FrameCropping>,
    /// The VUI parameters, when there are any and they can be read.
    pub vui: Option<Vui>,
    /// Why the VUI parameters could not be read. All else stands in front of them and holds all the same.
    pub vui_fault: Option<Error>,
    /// Rules of the standard that it breaks and that decoders do not insist on, with their places.
    pub oddities: Vec<Error>,
}

/// `pic_order_cnt_type` and what goes with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PicOrderCnt {
    /// Type 0: least significant bits in every slice header.
    Type0 {
        /// `log2_max_pic_order_cnt_lsb_minus4`, 0 to 12.
        log2_max_pic_order_cnt_lsb_minus4: u8,
    },
    /// Type 1: a cycle of expected differences.
    Type1 {
        /// `delta_pic_order_always_zero_flag`.
        delta_pic_order_always_zero_flag: bool,
        /// `offset_for_non_ref_pic`.
        offset_for_non_ref_pic: i32,
        /// `offset_for_top_to_bottom_field`.
        offset_for_top_to_bottom_field: i32,
        /// `offset_for_ref_frame`, up to 255 of them.
        offset_for_ref_frame: Vec<i32>,
    },
    /// Type 2: output order is decoding order.
    Type2,
}

/// The frame cropping offsets, in crop units (samples of the coarsest plane; rows doubled when fields are allowed).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FrameCropping {
    /// `frame_crop_left_offset`.
    pub left: u32,
    /// `frame_crop_right_offset`.
    pub right: u32,
    /// `frame_crop_top_offset`.
    pub top: u32,
    /// `frame_crop_bottom_offset`.
    pub bottom: u32,
}

impl Sps {
    /// Reads a whole NAL unit: its header byte, then the payload with emulation prevention bytes.
    ///
    /// # Errors
    /// [`Missing`](crate::ErrorKind::Missing) for an empty unit, [`Invalid`](crate::ErrorKind::Invalid) for one of another
    /// type or with a value out of range, [`Truncated`](crate::ErrorKind::Truncated) for one cut off. Faults in the VUI do
    /// not fail, see [`Self::vui_fault`], and neither do those that decoders do not mind, see [`Self::oddities`].
    pub fn read(unit: &[u8]) -> Result<Self, Error> {
        let r = &mut BitReader::rbsp(unit, 1, STRUCTURE, SEMANTICS);
        super::read_header(unit, r, NAL_SPS, "a sequence parameter set")?;
        let profile_idc = r.u8(8, "profile_idc")?;
        let constraint_flags = r.u8(8, "constraint_set_flags")?;
        let level_start = r.offset();
        let level_idc = r.u8(8, "level_idc")?;
        if profile_name(profile_idc, constraint_flags).is_none() {
            r.note(1, "profile_idc", format!("is {profile_idc}, which is no profile"));
        }
        if constraint_flags & 3 != 0 {
            r.note(2, "reserved_zero_2bits", format!("is {}, 0 is to be written", constraint_flags & 3));
        }
        let limits = LevelLimits::of(level_idc, profile_idc, constraint_flags);
        if limits.is_none() {
            r.note(level_start, "level_idc", format!("is {level_idc}, which is no level"));
        }
        let seq_parameter_set_id = r.ue_max8("seq_parameter_set_id", 31)?;
        let chroma = if has_chroma_fields(profile_idc) { Chroma::read(r, profile_idc)? } else { Chroma::default() };
        let log2_max_frame_num_minus4 = r.ue_max8("log2_max_frame_num_minus4", 12)?;
        let pic_order_cnt = PicOrderCnt::read(r)?;
        let references_start = r.offset();
        let max_num_ref_frames = r.ue_max8("max_num_ref_frames", 16)?;
        let gaps_in_frame_num_value_allowed_flag = r.flag("gaps_in_frame_num_value_allowed_flag")?;
        // Level 6.2, the highest, allows 139264 macroblocks, and a side of at most sqrt(8 * 139264) of them.
        r.cite("ITU-T H.264, A.3");
        let size_start = r.offset();
        let pic_width_in_mbs_minus1 = r.ue_max("pic_width_in_mbs_minus1", MAX_SIDE_MBS - 1)?;
        let pic_height_in_map_units_minus1 = r.ue_max("pic_height_in_map_units_minus1", MAX_SIDE_MBS - 1)?;
        r.cite(SEMANTICS);
        let frame_mbs_only_flag = r.flag("frame_mbs_only_flag")?;
        let mb_adaptive_frame_field_flag = !frame_mbs_only_flag && r.flag("mb_adaptive_frame_field_flag")?;
        let direct_start = r.offset();
        let direct_8x8_inference_flag = r.flag("direct_8x8_inference_flag")?;
        if !frame_mbs_only_flag && !direct_8x8_inference_flag {
            r.note(direct_start, "direct_8x8_inference_flag", "is 0, with frame_mbs_only_flag 0 it is to be 1");
        }
        let mut sps = Self {
            profile_idc,
            constraint_flags,
            level_idc,
            seq_parameter_set_id,
            chroma_format_idc: chroma.chroma_format_idc,
            separate_colour_plane_flag: chroma.separate_colour_plane_flag,
            bit_depth_luma_minus8: chroma.bit_depth_luma_minus8,
            bit_depth_chroma_minus8: chroma.bit_depth_chroma_minus8,
            qpprime_y_zero_transform_bypass_flag: chroma.qpprime_y_zero_transform_bypass_flag,
            seq_scaling_lists: chroma.seq_scaling_lists,
            log2_max_frame_num_minus4,
            pic_order_cnt,
            max_num_ref_frames,
            gaps_in_frame_num_value_allowed_flag,
            pic_width_in_mbs_minus1,
            pic_height_in_map_units_minus1,
            frame_mbs_only_flag,
            mb_adaptive_frame_field_flag,
            direct_8x8_inference_flag,
            frame_cropping: None,
            vui: None,
            vui_fault: None,
            oddities: Vec::new(),
        };
        if let Some(limits) = limits {
            sps.note_limits(r, limits, size_start, references_start);
        }
        if r.flag("frame_cropping_flag")? {
            sps.frame_cropping = Some(sps.read_cropping(r)?);
        }
        if r.flag("vui_parameters_present_flag")? {
            match Vui::read(r, max_num_ref_frames) {
                Ok(vui) => {
                    sps.vui = Some(vui);
                    r.trailing_bits(TRAILING);
                }
                Err(fault) => sps.vui_fault = Some(fault),
            }
        } else {
            r.trailing_bits(TRAILING);
        }
        sps.oddities = r.take_oddities();
        Ok(sps)
    }

    /// Width of the coded picture in luma samples, before cropping.
    pub fn coded_width(&self) -> u32 {
        self.pic_width_in_mbs_minus1.saturating_add(1).saturating_mul(16)
    }

    /// Height of the coded frame in luma samples, before cropping.
    pub fn coded_height(&self) -> u32 {
        let map_unit = if self.frame_mbs_only_flag { 16 } else { 32 };
        self.pic_height_in_map_units_minus1.saturating_add(1).saturating_mul(map_unit)
    }

    /// Width of the picture in luma samples, after cropping.
    pub fn width(&self) -> u32 {
        let cropped = self.frame_cropping.map_or(0, |crop| crop.left.saturating_add(crop.right));
        self.coded_width().saturating_sub(cropped.saturating_mul(self.crop_units().0))
    }

    /// Height of the frame in luma samples, after cropping.
    pub fn height(&self) -> u32 {
        let cropped = self.frame_cropping.map_or(0, |crop| crop.top.saturating_add(crop.bottom));
        self.coded_height().saturating_sub(cropped.saturating_mul(self.crop_units().1))
    }

    /// Width to height of one sample, when the stream says.
    pub fn sample_aspect_ratio(&self) -> Option<(u32, u32)> {
        self.vui.as_ref()?.display.sample_aspect_ratio()
    }

    /// Frames a second as a fraction in lowest terms: `time_scale` over twice `num_units_in_tick`.
    ///
    /// This is what the encoder promised. Frames of a chunk stream carry their own times.
    pub fn frame_rate(&self) -> Option<(u32, u32)> {
        let timing = self.vui.as_ref()?.timing_info?;
        reduced(u64::from(timing.time_scale), u64::from(timing.num_units_in_tick) * 2)
    }

    /// How many frames can precede another in decoding order and follow it in output order, where the stream says so
    /// outright or by its profile or picture order count type.
    pub fn max_num_reorder_frames(&self) -> Option<u8> {
        let restriction = self.vui.as_ref().and_then(|vui| vui.bitstream_restriction);
        match restriction {
            Some(restriction) => Some(restriction.max_num_reorder_frames),
            // Baseline has no B slices; type 2 means output order is decoding order.
            None if self.profile_idc == 66 || self.pic_order_cnt == PicOrderCnt::Type2 => Some(0),
            // With constraint_set3_flag these profiles are intra only, and E.2.1 infers 0.
            None if matches!(self.profile_idc, 44 | 86 | 100 | 110 | 122 | 244)
                && self.constraint_flags & 0x10 != 0 =>
            {
                Some(0)
            }
            None => None,
        }
    }

    /// Notes a picture or a number of reference frames that the level does not allow.
    fn note_limits(&self, r: &mut BitReader<'_>, limits: LevelLimits, size_start: usize, references_start: usize) {
        r.cite("ITU-T H.264, A.3");
        let width = self.pic_width_in_mbs_minus1.saturating_add(1);
        let frame = width.saturating_mul(self.coded_height() / 16);
        let max = limits.max_frame_mbs;
        if frame > max {
            let rule = format!("makes frames of {frame} macroblocks, level_idc {} ends at {max}", self.level_idc);
            r.note(size_start, "pic_width_in_mbs_minus1", rule);
        }
        // MaxDpbFrames.
        let max = limits.max_dpb_mbs.checked_div(frame).map_or(16, |frames| frames.min(16));
        if u32::from(self.max_num_ref_frames) > max {
            let references = self.max_num_ref_frames;
            let rule = format!("is {references}, level_idc {} allows {max} at this size", self.level_idc);
            r.note(references_start, "max_num_ref_frames", rule);
        }
        r.cite(SEMANTICS);
    }

    /// PicSizeInMapUnits, 7.4.2.1.1.
    pub(super) fn pic_size_in_map_units(&self) -> u32 {
        let (width, height) = (self.pic_width_in_mbs_minus1, self.pic_height_in_map_units_minus1);
        width.saturating_add(1).saturating_mul(height.saturating_add(1))
    }

    /// CropUnitX and CropUnitY in luma samples, 7.4.2.1.1.
    fn crop_units(&self) -> (u32, u32) {
        let (x, y) = match self.chroma_format_idc {
            1 => (2, 2),
            2 => (2, 1),
            _ => (1, 1),
        };
        (x, if self.frame_mbs_only_flag { y } else { 2 * y })
    }

    fn read_cropping(&self, r: &mut BitReader<'_>) -> Result<FrameCropping, Error> {
        let (unit_x, unit_y) = self.crop_units();
        let last_column = (self.coded_width() / unit_x).saturating_sub(1);
        let last_row = (self.coded_height() / unit_y).saturating_sub(1);
        let left = r.ue_max("frame_crop_left_offset", last_column)?;
        let right = r.ue_max("frame_crop_right_offset", last_column - left)?;
        let top = r.ue_max("frame_crop_top_offset", last_row)?;
        let bottom = r.ue_max("frame_crop_bottom_offset", last_row - top)?;
        Ok(FrameCropping { left, right, top, bottom })
    }
}

struct Chroma {
    chroma_format_idc: u8,
    separate_colour_plane_flag: bool,
    bit_depth_luma_minus8: u8,
    bit_depth_chroma_minus8: u8,
    qpprime_y_zero_transform_bypass_flag: bool,
    seq_scaling_lists: Option<Vec<ScalingList>>,
}

impl Default for Chroma {
    /// What holds where the profile has no such fields: 4:2:0 with 8 bits.
    fn default() -> Self {
        Self {
            chroma_format_idc: 1,
            separate_colour_plane_flag: false,
            bit_depth_luma_minus8: 0,
            bit_depth_chroma_minus8: 0,
            qpprime_y_zero_transform_bypass_flag: false,
            seq_scaling_lists: None,
        }
    }
}

impl Chroma {
    fn read(r: &mut BitReader<'_>, profile_idc: u8) -> Result<Self, Error> {
        // What the profiles of Annex A.2 allow; decoders go by the fields.
        let (max_format, max_depth) = match profile_idc {
            100 | 118 | 128 | 138 | 139 | 134 | 135 | 83 | 86 => (1, 0),
            110 => (1, 2),
            122 => (2, 2),
            _ => (3, 6),
        };
        let chroma_format_idc = read_allowed(r, "chroma_format_idc", profile_idc, max_format, 3)?;
        let separate_colour_plane_flag = chroma_format_idc == 3 && r.flag("separate_colour_plane_flag")?;
        let bit_depth_luma_minus8 = read_allowed(r, "bit_depth_luma_minus8", profile_idc, max_depth, 6)?;
        let bit_depth_chroma_minus8 = read_allowed(r, "bit_depth_chroma_minus8", profile_idc, max_depth, 6)?;
        let qpprime_y_zero_transform_bypass_flag = r.flag("qpprime_y_zero_transform_bypass_flag")?;
        let seq_scaling_lists = if r.flag("seq_scaling_matrix_present_flag")? {
            let count = if chroma_format_idc == 3 { 12 } else { 8 };
            Some(ScalingList::read_all(r, count, "seq_scaling_list_present_flag")?)
        } else {
            None
        };
        Ok(Self {
            chroma_format_idc,
            separate_colour_plane_flag,
            bit_depth_luma_minus8,
            bit_depth_chroma_minus8,
            qpprime_y_zero_transform_bypass_flag,
            seq_scaling_lists,
        })
    }
}

/// `ue(v)` up to `max`, of which the profile allows a part.
fn read_allowed(
    r: &mut BitReader<'_>,
    field: &'static str,
    profile_idc: u8,
    allowed: u8,
    max: u8,
) -> Result<u8, Error> {
    let start = r.offset();
    let value = r.ue_max8(field, max)?;
    if value > allowed {
        r.note(start, field, format!("is {value}, profile_idc {profile_idc} allows 0 to {allowed}"));
    }
    Ok(value)
}

impl PicOrderCnt {
    fn read(r: &mut BitReader<'_>) -> Result<Self, Error> {
        match r.ue_max8("pic_order_cnt_type", 2)? {
            0 => Ok(Self::Type0 {
                log2_max_pic_order_cnt_lsb_minus4: r.ue_max8("log2_max_pic_order_cnt_lsb_minus4", 12)?,
            }),
            1 => {
                let delta_pic_order_always_zero_flag = r.flag("delta_pic_order_always_zero_flag")?;
                let offset_for_non_ref_pic = r.se("offset_for_non_ref_pic")?;
                let offset_for_top_to_bottom_field = r.se("offset_for_top_to_bottom_field")?;
                let cycle = r.ue_max8("num_ref_frames_in_pic_order_cnt_cycle", 255)?;
                let offset_for_ref_frame =
                    (0..cycle).map(|_| r.se("offset_for_ref_frame")).collect::<Result<Vec<i32>, Error>>()?;
                Ok(Self::Type1 {
                    delta_pic_order_always_zero_flag,
                    offset_for_non_ref_pic,
                    offset_for_top_to_bottom_field,
                    offset_for_ref_frame,
                })
            }
            _ => Ok(Self::Type2),
        }
    }
}

const STRUCTURE: &str = "H.264 SPS";
const SEMANTICS: &str = "ITU-T H.264, 7.4.2.1.1";
const TRAILING: &str = "ITU-T H.264, 7.3.2.11";
const MAX_SIDE_MBS: u32 = 1055;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::{bits::BitWriter, error::ErrorKind, testdata::hex, vui::ColourDescription};

    fn sps(text: &str) -> Sps {
        let sps = Sps::read(&hex(text)).unwrap();
        assert_eq!(sps.vui_fault, None);
        sps
    }

    // Parameter sets below that name an encoder were made by it; sizes, ratios and rates are what ffprobe 5.1 says.

    #[test]
    fn x264_constrained_baseline_640x360_30() {
        let sps = sps("6742c01eda0280bfe5c044000003000400000300f03c58ba80");
        assert_eq!((sps.profile_idc, sps.constraint_flags, sps.level_idc), (66, 0xc0, 30));
        assert_eq!((sps.width(), sps.height()), (640, 360));
        assert_eq!((sps.coded_width(), sps.coded_height()), (640, 368));
        assert_eq!(sps.sample_aspect_ratio(), Some((1, 1)));
        assert_eq!(sps.frame_rate(), Some((30, 1)));
        assert_eq!(sps.pic_order_cnt, PicOrderCnt::Type2);
        assert_eq!(sps.max_num_reorder_frames(), Some(0));
        assert_eq!((sps.chroma_format_idc, sps.bit_depth_luma_minus8), (1, 0));
    }

    #[test]
    fn x264_main_640x360_30() {
        let sps = sps("674d401eeca05017fcb80880000003008000001e078b16cb");
        assert_eq!((sps.profile_idc, sps.level_idc), (77, 30));
        assert_eq!((sps.width(), sps.height()), (640, 360));
        assert_eq!(sps.frame_rate(), Some((30, 1)));
        assert_eq!(sps.max_num_reorder_frames(), Some(2));
    }

    #[test]
    fn x264_high_1080p_with_bt709_colour() {
        let sps = sps("67640028acd940780227e5c05a808080a000007d20001d4c01e30632c0");
        assert_eq!((sps.profile_idc, sps.level_idc), (100, 40));
        assert_eq!((sps.width(), sps.height()), (1920, 1080));
        assert_eq!((sps.coded_width(), sps.coded_height()), (1920, 1088));
        assert_eq!(sps.sample_aspect_ratio(), Some((1, 1)));
        assert_eq!(sps.frame_rate(), Some((30_000, 1_001)));
        let display = sps.vui.unwrap().display;
        assert_eq!(display.video_full_range_flag(), Some(false));
        assert_eq!(
            display.colour_description(),
            Some(ColourDescription { colour_primaries: 1, transfer_characteristics: 1, matrix_coefficients: 1 })
        );
    }

    #[test]
    fn x264_high_10_322x182() {
        let sps = sps("676e000da6cd941519e226c044000003000400000300c83c50a658");
        assert_eq!((sps.profile_idc, sps.level_idc), (110, 13));
        assert_eq!((sps.width(), sps.height()), (322, 182));
        assert_eq!((sps.chroma_format_idc, sps.bit_depth_luma_minus8, sps.bit_depth_chroma_minus8), (1, 2, 2));
        assert_eq!(sps.frame_rate(), Some((25, 1)));
    }

    #[test]
    fn x264_high_422_322x182() {
        let sps = sps("677a000dbcd941519e222f011000000300100000030320f1429960");
        assert_eq!((sps.profile_idc, sps.chroma_format_idc), (122, 2));
        assert_eq!((sps.width(), sps.height()), (322, 182));
    }

    #[test]
    fn x264_high_444_with_odd_size() {
        let sps = sps("67f4000d919b282a33c2119ff85a805a48800000030080000019078a14cb");
        assert_eq!((sps.profile_idc, sps.chroma_format_idc), (244, 3));
        assert_eq!((sps.width(), sps.height()), (321, 181));
        assert_eq!(sps.sample_aspect_ratio(), Some((2896, 2889)));
    }

    #[test]
    fn x264_monochrome_with_full_range() {
        let sps = sps("6764000df365054678f8bc05b2000003000200000300641e28532c");
        assert_eq!(sps.chroma_format_idc, 0);
        assert_eq!((sps.width(), sps.height()), (322, 182));
        assert_eq!(sps.vui.unwrap().display.video_full_range_flag(), Some(true));
    }

    #[test]
    fn x264_interlaced_pal_with_wide_samples() {
        let sps = sps("6764001eacd940b424dff8020001688000000300800000190f8a14cb");
        assert!(!sps.frame_mbs_only_flag);
        assert_eq!((sps.width(), sps.height()), (720, 576));
        assert_eq!((sps.coded_width(), sps.coded_height()), (720, 576));
        assert_eq!(sps.sample_aspect_ratio(), Some((64, 45)));
        assert_eq!(sps.frame_rate(), Some((25, 1)));
        assert!(sps.vui.unwrap().pic_struct_present_flag);
    }

    #[test]
    fn x264_cropped_854x478_with_sample_aspect_from_the_table() {
        let sps = sps("6764001eacd940d83de6ac09b2000003000200000300641e2c5b2c");
        assert_eq!((sps.width(), sps.height()), (854, 478));
        assert_eq!((sps.coded_width(), sps.coded_height()), (864, 480));
        assert_eq!(sps.sample_aspect_ratio(), Some((12, 11)));
        assert_eq!(sps.frame_cropping, Some(FrameCropping { left: 0, right: 5, top: 0, bottom: 1 }));
    }

    #[test]
    fn x264_extended_sample_aspect() {
        let sps = sps("6764001eacd940d83de6affc0180016c40000003004000000c83c58b6580");
        assert_eq!(sps.vui.as_ref().unwrap().display.aspect_ratio_idc, Some(255));
        assert_eq!(sps.sample_aspect_ratio(), Some((96, 91)));
    }

    #[test]
    fn x264_hrd_parameters() {
        let sps = sps("6764001eacd940a02ff9701100000300010000030032604000f424001e84e4c30078b16cb0");
        assert_eq!(sps.frame_rate(), Some((25, 1)));
        let vui = sps.vui.unwrap();
        assert_eq!(vui.nal_hrd.unwrap().cpb_cnt_minus1, 0);
        assert_eq!(vui.vcl_hrd, None);
        assert!(!vui.pic_struct_present_flag);
        assert_eq!(vui.bitstream_restriction.unwrap().max_dec_frame_buffering, 4);
    }

    #[test]
    fn camera_behind_the_renderer_capture_has_no_timing() {
        let sps = sps("27640028ac2b40501ed00f1226a0");
        assert_eq!((sps.width(), sps.height()), (640, 480));
        assert_eq!((sps.profile_idc, sps.level_idc), (100, 40));
        assert_eq!(sps.frame_rate(), None);
    }

    #[test]
    fn encoder_behind_the_get_media_capture() {
        let sps = sps("274d401eb9101405ff2e02d4040407c0000003004000000f38a0003d090007a13bdee03e1108d4");
        assert_eq!((sps.profile_idc, sps.level_idc), (77, 30));
        assert_eq!((sps.width(), sps.height()), (640, 360));
        assert_eq!(sps.frame_rate(), Some((30, 1)));
        assert_eq!(
            sps.vui.unwrap().display.colour_description(),
            Some(ColourDescription { colour_primaries: 1, transfer_characteristics: 1, matrix_coefficients: 1 })
        );
    }

    #[test]
    fn scaling_lists_are_skipped_to_the_bit() {
        let mut w = crate::bits::BitWriter::default();
        w.put(8, 0x67_u8);
        w.put(24, 0x64_00_1e_u32);
        // id 0, chroma format 1, depths 8, no bypass, matrix present
        for (bits, value) in [(1, 1_u32), (3, 2), (1, 1), (1, 1), (1, 0), (1, 1)] {
            w.put(bits, value);
        }
        // One list ends at once (delta -8), one has sixteen zero differences, one of 64 too; the others are absent.
        w.put(1, 1_u32);
        w.put(9, 0b0_0001_0001_u32);
        w.put(1, 1_u32);
        w.put(16, 0xffff_u32);
        w.put(4, 0_u32);
        w.put(1, 1_u32);
        w.put(32, u32::MAX);
        w.put(32, u32::MAX);
        w.put(1, 0_u32);
        // frame num 4, type 2, 1 reference, no gaps, 1 x 1 macroblocks, frames only, inference, no crop, no VUI, stop
        for (bits, value) in
            [(1, 1_u32), (3, 3), (3, 2), (1, 0), (1, 1), (1, 1), (1, 1), (1, 1), (1, 0), (1, 0), (1, 1)]
        {
            w.put(bits, value);
        }
        let sps = Sps::read(&w.finish()).unwrap();
        assert!(sps.seq_scaling_lists.is_some());
        assert_eq!((sps.width(), sps.height(), sps.max_num_ref_frames), (16, 16, 1));
        assert_eq!(sps.pic_order_cnt, PicOrderCnt::Type2);
    }

    #[test]
    fn picture_order_count_type_1_is_read() {
        let mut w = crate::bits::BitWriter::default();
        w.put(32, 0x67_42_00_1e_u32);
        // id 0, frame num 4, type 1, not always zero, offsets -1 and 1, cycle of 1: 2
        for (bits, value) in [(1, 1_u32), (1, 1), (3, 2), (1, 0), (3, 3), (3, 2), (3, 2), (5, 4)] {
            w.put(bits, value);
        }
        for (bits, value) in [(3, 2_u32), (1, 0), (1, 1), (1, 1), (1, 1), (1, 1), (1, 0), (1, 0), (1, 1)] {
            w.put(bits, value);
        }
        assert_eq!(
            Sps::read(&w.finish()).unwrap().pic_order_cnt,
            PicOrderCnt::Type1 {
                delta_pic_order_always_zero_flag: false,
                offset_for_non_ref_pic: -1,
                offset_for_top_to_bottom_field: 1,
                offset_for_ref_frame: vec![2],
            }
        );
    }

    #[test]
    fn cut_vui_leaves_the_size_and_a_fault() {
        let whole = hex("67640028acd940780227e5c05a808080a000007d20001d4c01e30632c0");
        let sps = Sps::read(&whole[..18]).unwrap();
        assert_eq!((sps.width(), sps.height()), (1920, 1080));
        assert_eq!(sps.vui, None);
        let fault = sps.vui_fault.unwrap();
        assert_eq!(fault.kind(), ErrorKind::Truncated);
        assert_eq!(
            fault.to_string(),
            "H.264 SPS byte 16: num_units_in_tick is cut off, 19 more bits are needed (ITU-T H.264, E.2.1)"
        );
    }

    #[test]
    fn another_nal_unit_type_is_refused() {
        let error = Sps::read(&hex("68ce0fc8")).unwrap_err();
        assert_eq!(
            error.to_string(),
            "H.264 SPS byte 0: nal_unit_type is 8, a sequence parameter set has 7 (ITU-T H.264, 7.4.1)"
        );
        assert_eq!(Sps::read(&[]).unwrap_err().kind(), ErrorKind::Missing);
    }

    #[test]
    fn cropping_must_leave_a_sample() {
        let mut w = crate::bits::BitWriter::default();
        w.put(32, 0x67_42_00_1e_u32);
        // id, frame num, type 2, no references, no gaps, 1 x 1 macroblocks, frames only, inference, cropping
        for (bits, value) in [(1, 1_u32), (1, 1), (3, 3), (1, 1), (1, 0), (1, 1), (1, 1), (1, 1), (1, 1), (1, 1)] {
            w.put(bits, value);
        }
        // left 4, right 4, where a macroblock is 8 units wide
        w.put(5, 5_u32);
        w.put(5, 5_u32);
        w.put(8, 0xff_u32);
        let error = Sps::read(&w.finish()).unwrap_err();
        assert_eq!(
            error.to_string(),
            "H.264 SPS byte 6: frame_crop_right_offset is 4, the range is 0 to 3 (ITU-T H.264, 7.4.2.1.1)"
        );
    }

    /// A progressive picture of one macroblock, and what a test makes of it.
    struct Draft {
        head: [u8; 3],
        chroma: Option<[u32; 3]>,
        max_num_ref_frames: u32,
        size_mbs: (u32, u32),
        frame_mbs_only_flag: bool,
        tail: Vec<(u8, u32)>,
    }

    impl Default for Draft {
        fn default() -> Self {
            let tail = vec![(1, 1)];
            Self {
                head: [77, 0, 10],
                chroma: None,
                max_num_ref_frames: 0,
                size_mbs: (1, 1),
                frame_mbs_only_flag: true,
                tail,
            }
        }
    }

    impl Draft {
        fn write(self) -> Vec<u8> {
            let mut w = BitWriter::default();
            let ue = |w: &mut BitWriter, value: u32| {
                let width = u8::try_from(32 - (value + 1).leading_zeros()).unwrap();
                w.put(2 * width - 1, value + 1);
            };
            w.put(8, 0x67_u32);
            for byte in self.head {
                w.put(8, byte);
            }
            ue(&mut w, 0); // seq_parameter_set_id
            if let Some([format, luma, chroma]) = self.chroma {
                for value in [format, luma, chroma] {
                    ue(&mut w, value);
                }
                w.put(2, 0_u32);
            }
            ue(&mut w, 0); // log2_max_frame_num_minus4
            ue(&mut w, 2); // pic_order_cnt_type
            ue(&mut w, self.max_num_ref_frames);
            w.put(1, 0_u32);
            ue(&mut w, self.size_mbs.0 - 1);
            ue(&mut w, self.size_mbs.1 - 1);
            w.put(1, u32::from(self.frame_mbs_only_flag));
            if !self.frame_mbs_only_flag {
                w.put(1, 0_u32);
            }
            w.put(1, u32::from(self.frame_mbs_only_flag)); // direct_8x8_inference_flag
            w.put(2, 0_u32); // no cropping, no VUI
            for (bits, value) in self.tail {
                w.put(bits, value);
            }
            w.finish()
        }

        /// The fields that are odd.
        fn oddities(self) -> Vec<String> {
            Sps::read(&self.write()).unwrap().oddities.iter().map(ToString::to_string).collect()
        }
    }

    #[test]
    fn a_plain_draft_has_no_oddities() {
        assert!(Draft::default().oddities().is_empty());
    }

    #[test]
    fn unknown_profiles_levels_and_reserved_bits_are_noted() {
        assert_eq!(
            Draft { head: [78, 3, 14], ..Draft::default() }.oddities(),
            [
                "H.264 SPS byte 1: profile_idc is 78, which is no profile (ITU-T H.264, 7.4.2.1.1)",
                "H.264 SPS byte 2: reserved_zero_2bits is 3, 0 is to be written (ITU-T H.264, 7.4.2.1.1)",
                "H.264 SPS byte 3: level_idc is 14, which is no level (ITU-T H.264, 7.4.2.1.1)",
            ]
        );
    }

    #[test]
    fn pictures_and_references_beyond_the_level_are_noted() {
        let oddities = Draft { size_mbs: (10, 10), max_num_ref_frames: 4, ..Draft::default() }.oddities();
        assert_eq!(
            oddities,
            [
                "H.264 SPS byte 5: pic_width_in_mbs_minus1 makes frames of 100 macroblocks, level_idc 10 ends at 99 \
                 (ITU-T H.264, A.3)",
                "H.264 SPS byte 4: max_num_ref_frames is 4, level_idc 10 allows 3 at this size (ITU-T H.264, A.3)",
            ]
        );
    }

    #[test]
    fn fields_without_direct_inference_are_noted() {
        let draft = Draft { frame_mbs_only_flag: false, head: [77, 0, 30], ..Draft::default() };
        assert!(
            draft.oddities()[0].contains("direct_8x8_inference_flag is 0, with frame_mbs_only_flag 0 it is to be 1")
        );
    }

    #[test]
    fn chroma_beyond_the_profile_is_noted() {
        let oddities = Draft { head: [100, 0, 10], chroma: Some([2, 1, 0]), ..Draft::default() }.oddities();
        assert!(oddities[0].contains("chroma_format_idc is 2, profile_idc 100 allows 0 to 1"));
        assert!(oddities[1].contains("bit_depth_luma_minus8 is 1, profile_idc 100 allows 0 to 0"));
        assert!(Draft { head: [122, 0, 10], chroma: Some([2, 2, 2]), ..Draft::default() }.oddities().is_empty());
    }

    #[test]
    fn the_high_444_profile_of_2005_has_chroma_fields() {
        let sps =
            Sps::read(&Draft { head: [144, 0, 10], chroma: Some([2, 1, 1]), ..Draft::default() }.write()).unwrap();
        assert_eq!((sps.chroma_format_idc, sps.bit_depth_luma_minus8, sps.width(), sps.height()), (2, 1, 16, 16));
        assert!(sps.oddities.is_empty());
    }

    #[test]
    fn bits_behind_the_last_field_and_a_missing_stop_bit_are_noted() {
        let oddities = Draft { tail: vec![(1, 1), (3, 0), (8, 0x80)], ..Draft::default() }.oddities();
        assert!(oddities[0].contains("rbsp_trailing_bits are not there yet"), "{oddities:?}");
        let oddities = Draft { tail: vec![], ..Draft::default() }.oddities();
        assert!(oddities[0].contains("rbsp_stop_one_bit is missing, the payload has been cut"), "{oddities:?}");
    }

    #[test]
    fn a_header_that_no_decoder_takes_is_refused_and_an_odd_one_noted() {
        let mut unit = Draft::default().write();
        unit[0] = 0xe7;
        assert_eq!(
            Sps::read(&unit).unwrap_err().to_string(),
            "H.264 SPS byte 0: forbidden_zero_bit is 1 (ITU-T H.264, 7.4.1)"
        );
        unit[0] = 0x07;
        assert_eq!(Sps::read(&unit).unwrap().oddities[0].field(), "nal_ref_idc");
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_without_panic(tail: Vec<u8>) {
            let mut unit = vec![0x67, 100, 0, 30];
            unit.extend(tail);
            if let Ok(sps) = Sps::read(&unit) {
                prop_assert!((1..=16_880).contains(&sps.width()) && (1..=33_760).contains(&sps.height()));
                sps.frame_rate();
            }
        }

        #[test]
        fn mutations_are_read_without_panic(at in 0_usize..39, byte: u8, cut in 0_usize..40) {
            let mut unit = hex("274d401eb9101405ff2e02d4040407c0000003004000000f38a0003d090007a13bdee03e1108d4");
            unit[at] = byte;
            unit.truncate(cut);
            if let Ok(sps) = Sps::read(&unit) {
                prop_assert!(sps.width() > 0 && sps.height() > 0);
            }
        }
    }
}
