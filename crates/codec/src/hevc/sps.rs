//! The H.265 sequence parameter set (ITU-T H.265, 7.3.2.2).
//!
//! ```text
//! sps_video_parameter_set_id, sps_max_sub_layers_minus1
//! profile_tier_level()                              7.3.3
//! chroma format, size, conformance window, bit depths
//! picture order count, decoded picture buffer for each sub-layer
//! coding block sizes, scaling_list_data()           7.3.4
//! pcm, st_ref_pic_set()                             7.3.7
//! long-term reference pictures
//! vui_parameters()                                  E.2.1
//! sps_extension_4bits and the flags before it
//! ```

use super::{
    NAL_SPS,
    profile::ProfileTierLevel,
    vui::{Vui, Window},
};
use crate::{
    bits::BitReader,
    error::{Error, ErrorKind},
    vui::reduced,
};

/// A sequence parameter set of the base layer, in the names of the standard. Scaling lists and reference picture sets
/// are checked and not kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sps {
    /// `sps_video_parameter_set_id`, 0 to 15.
    pub sps_video_parameter_set_id: u8,
    /// `sps_max_sub_layers_minus1`, 0 to 6.
    pub sps_max_sub_layers_minus1: u8,
    /// `sps_temporal_id_nesting_flag`.
    pub sps_temporal_id_nesting_flag: bool,
    /// Profile, tier and level.
    pub profile_tier_level: ProfileTierLevel,
    /// `sps_seq_parameter_set_id`, 0 to 15.
    pub sps_seq_parameter_set_id: u8,
    /// `chroma_format_idc`: 0 monochrome, 1 4:2:0, 2 4:2:2, 3 4:4:4.
    pub chroma_format_idc: u8,
    /// `separate_colour_plane_flag`.
    pub separate_colour_plane_flag: bool,
    /// `pic_width_in_luma_samples`, before the conformance window.
    pub pic_width_in_luma_samples: u32,
    /// `pic_height_in_luma_samples`, before the conformance window.
    pub pic_height_in_luma_samples: u32,
    /// The conformance window, in chroma units.
    pub conformance_window: Option<Window>,
    /// `bit_depth_luma_minus8`, 0 to 8.
    pub bit_depth_luma_minus8: u8,
    /// `bit_depth_chroma_minus8`, 0 to 8.
    pub bit_depth_chroma_minus8: u8,
    /// `log2_max_pic_order_cnt_lsb_minus4`, 0 to 12.
    pub log2_max_pic_order_cnt_lsb_minus4: u8,
    /// Buffer needs of the highest sub-layer.
    pub decoded_picture_buffer: DecodedPictureBuffer,
    /// MinCbLog2SizeY: 3 to 6.
    pub log2_min_luma_coding_block_size: u8,
    /// CtbLog2SizeY: 4 to 6.
    pub log2_luma_coding_tree_block_size: u8,
    /// `scaling_list_enabled_flag`.
    pub scaling_list_enabled_flag: bool,
    /// `sample_adaptive_offset_enabled_flag`.
    pub sample_adaptive_offset_enabled_flag: bool,
    /// `pcm_enabled_flag`.
    pub pcm_enabled_flag: bool,
    /// `num_short_term_ref_pic_sets`, 0 to 64.
    pub num_short_term_ref_pic_sets: u8,
    /// `long_term_ref_pics_present_flag`.
    pub long_term_ref_pics_present_flag: bool,
    /// `sps_temporal_mvp_enabled_flag`.
    pub sps_temporal_mvp_enabled_flag: bool,
    /// The VUI parameters, when there are any and they can be read.
    pub vui: Option<Vui>,
    /// Why the VUI parameters could not be read. All before them holds all the same; the extension flags are then lost.
    pub vui_fault: Option<Error>,
    /// The eight bits from `sps_range_extension_flag` to `sps_extension_4bits`, 0 when there are none.
    pub extension_flags: u8,
    /// The nine flags of `sps_range_extension()`, the first in bit 8, when it is there.
    pub range_extension_flags: Option<u16>,
}

/// Decoded picture buffer needs of one sub-layer.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct DecodedPictureBuffer {
    /// `sps_max_dec_pic_buffering_minus1`, 0 to 15.
    pub max_dec_pic_buffering_minus1: u8,
    /// `sps_max_num_reorder_pics`: how many pictures can precede another in decoding order and follow it in output order.
    pub max_num_reorder_pics: u8,
    /// `sps_max_latency_increase_plus1`.
    pub max_latency_increase_plus1: u32,
}

impl Sps {
    /// Reads a whole NAL unit: its two header bytes, then the payload with emulation prevention bytes.
    ///
    /// # Errors
    /// [`ErrorKind::Missing`] for an empty unit, [`ErrorKind::Invalid`] for one of another type or with a value out of
    /// range, [`ErrorKind::Unsupported`] for an enhancement layer or a side above 65535, [`ErrorKind::Truncated`] for one
    /// cut off. Faults in the VUI do not fail, see [`Self::vui_fault`].
    pub fn read(unit: &[u8]) -> Result<Self, Error> {
        check_header(unit)?;
        let r = &mut BitReader::rbsp(unit, 2, STRUCTURE, SEMANTICS);
        let sps_video_parameter_set_id = r.u8(4, "sps_video_parameter_set_id")?;
        let start = r.offset();
        let sps_max_sub_layers_minus1 = r.u8(3, "sps_max_sub_layers_minus1")?;
        if sps_max_sub_layers_minus1 > 6 {
            return Err(r.invalid_at(start, "sps_max_sub_layers_minus1", "is 7, the range is 0 to 6"));
        }
        let sps_temporal_id_nesting_flag = r.flag("sps_temporal_id_nesting_flag")?;
        let profile_tier_level = ProfileTierLevel::read(r, sps_max_sub_layers_minus1)?;
        let sps_seq_parameter_set_id = r.ue_max8("sps_seq_parameter_set_id", 15)?;
        let chroma_format_idc = r.ue_max8("chroma_format_idc", 3)?;
        let separate_colour_plane_flag = chroma_format_idc == 3 && r.flag("separate_colour_plane_flag")?;
        let pic_width_in_luma_samples = read_side(r, "pic_width_in_luma_samples")?;
        let pic_height_in_luma_samples = read_side(r, "pic_height_in_luma_samples")?;
        let conformance_window = if r.flag("conformance_window_flag")? {
            let (unit_x, unit_y) = chroma_units(chroma_format_idc);
            Some(read_window(r, pic_width_in_luma_samples / unit_x, pic_height_in_luma_samples / unit_y)?)
        } else {
            None
        };
        let bit_depth_luma_minus8 = r.ue_max8("bit_depth_luma_minus8", 8)?;
        let bit_depth_chroma_minus8 = r.ue_max8("bit_depth_chroma_minus8", 8)?;
        let log2_max_pic_order_cnt_lsb_minus4 = r.ue_max8("log2_max_pic_order_cnt_lsb_minus4", 12)?;
        let decoded_picture_buffer = DecodedPictureBuffer::read_highest(r, sps_max_sub_layers_minus1)?;
        let log2_min_luma_coding_block_size = 3 + r.ue_max8("log2_min_luma_coding_block_size_minus3", 3)?;
        let log2_luma_coding_tree_block_size = log2_min_luma_coding_block_size
            + r.ue_max8("log2_diff_max_min_luma_coding_block_size", 6 - log2_min_luma_coding_block_size)?;
        r.ue_max8("log2_min_luma_transform_block_size_minus2", 3)?;
        r.ue_max8("log2_diff_max_min_luma_transform_block_size", 3)?;
        r.ue_max8("max_transform_hierarchy_depth_inter", 4)?;
        r.ue_max8("max_transform_hierarchy_depth_intra", 4)?;
        let scaling_list_enabled_flag = r.flag("scaling_list_enabled_flag")?;
        if scaling_list_enabled_flag && r.flag("sps_scaling_list_data_present_flag")? {
            skip_scaling_list_data(r)?;
        }
        r.flag("amp_enabled_flag")?;
        let sample_adaptive_offset_enabled_flag = r.flag("sample_adaptive_offset_enabled_flag")?;
        let pcm_enabled_flag = r.flag("pcm_enabled_flag")?;
        if pcm_enabled_flag {
            r.u8(4, "pcm_sample_bit_depth_luma_minus1")?;
            r.u8(4, "pcm_sample_bit_depth_chroma_minus1")?;
            r.ue_max8("log2_min_pcm_luma_coding_block_size_minus3", 2)?;
            r.ue_max8("log2_diff_max_min_pcm_luma_coding_block_size", 2)?;
            r.flag("pcm_loop_filter_disabled_flag")?;
        }
        let num_short_term_ref_pic_sets = r.ue_max8("num_short_term_ref_pic_sets", 64)?;
        skip_short_term_ref_pic_sets(r, num_short_term_ref_pic_sets)?;
        let long_term_ref_pics_present_flag = r.flag("long_term_ref_pics_present_flag")?;
        if long_term_ref_pics_present_flag {
            for _ in 0..r.ue_max8("num_long_term_ref_pics_sps", 32)? {
                r.u(log2_max_pic_order_cnt_lsb_minus4 + 4, "lt_ref_pic_poc_lsb_sps")?;
                r.flag("used_by_curr_pic_lt_sps_flag")?;
            }
        }
        let sps_temporal_mvp_enabled_flag = r.flag("sps_temporal_mvp_enabled_flag")?;
        r.flag("strong_intra_smoothing_enabled_flag")?;
        let mut sps = Self {
            sps_video_parameter_set_id,
            sps_max_sub_layers_minus1,
            sps_temporal_id_nesting_flag,
            profile_tier_level,
            sps_seq_parameter_set_id,
            chroma_format_idc,
            separate_colour_plane_flag,
            pic_width_in_luma_samples,
            pic_height_in_luma_samples,
            conformance_window,
            bit_depth_luma_minus8,
            bit_depth_chroma_minus8,
            log2_max_pic_order_cnt_lsb_minus4,
            decoded_picture_buffer,
            log2_min_luma_coding_block_size,
            log2_luma_coding_tree_block_size,
            scaling_list_enabled_flag,
            sample_adaptive_offset_enabled_flag,
            pcm_enabled_flag,
            num_short_term_ref_pic_sets,
            long_term_ref_pics_present_flag,
            sps_temporal_mvp_enabled_flag,
            vui: None,
            vui_fault: None,
            extension_flags: 0,
            range_extension_flags: None,
        };
        if let Err(fault) = sps.read_tail(r) {
            sps.vui_fault = Some(fault);
        }
        Ok(sps)
    }

    /// Width of the picture in luma samples, inside the conformance window.
    pub fn width(&self) -> u32 {
        let cropped = self.conformance_window.map_or(0, |window| window.left.saturating_add(window.right));
        self.pic_width_in_luma_samples.saturating_sub(cropped.saturating_mul(chroma_units(self.chroma_format_idc).0))
    }

    /// Height of the picture in luma samples, inside the conformance window. Half of the frame's for field sequences.
    pub fn height(&self) -> u32 {
        let cropped = self.conformance_window.map_or(0, |window| window.top.saturating_add(window.bottom));
        self.pic_height_in_luma_samples.saturating_sub(cropped.saturating_mul(chroma_units(self.chroma_format_idc).1))
    }

    /// Width to height of one sample, when the stream says.
    pub fn sample_aspect_ratio(&self) -> Option<(u32, u32)> {
        self.vui.as_ref()?.display.sample_aspect_ratio()
    }

    /// Pictures a second as a fraction in lowest terms: `vui_time_scale` over `vui_num_units_in_tick`.
    ///
    /// This is what the encoder promised, and counts fields where every picture is a field. Frames of a chunk stream
    /// carry their own times.
    pub fn frame_rate(&self) -> Option<(u32, u32)> {
        let timing = self.vui.as_ref()?.timing_info?;
        reduced(u64::from(timing.time_scale), u64::from(timing.num_units_in_tick))
    }

    /// VUI and extension flags; what fails here leaves the fields before it alone.
    fn read_tail(&mut self, r: &mut BitReader<'_>) -> Result<(), Error> {
        if r.flag("vui_parameters_present_flag")? {
            self.vui = Some(Vui::read(r, self.sps_max_sub_layers_minus1)?);
        }
        r.cite(SEMANTICS);
        if r.flag("sps_extension_present_flag")? {
            self.extension_flags = r.u8(8, "sps_extension_flags")?;
            if self.extension_flags & 0x80 != 0 {
                self.range_extension_flags = Some(r.u16(9, "sps_range_extension")?);
            }
        }
        Ok(())
    }
}

impl DecodedPictureBuffer {
    fn read_highest(r: &mut BitReader<'_>, max_sub_layers_minus1: u8) -> Result<Self, Error> {
        let each = r.flag("sps_sub_layer_ordering_info_present_flag")?;
        let mut highest = Self::default();
        for _ in if each { 0 } else { max_sub_layers_minus1 }..=max_sub_layers_minus1 {
            let max_dec_pic_buffering_minus1 = r.ue_max8("sps_max_dec_pic_buffering_minus1", 15)?;
            highest = Self {
                max_dec_pic_buffering_minus1,
                max_num_reorder_pics: r.ue_max8("sps_max_num_reorder_pics", max_dec_pic_buffering_minus1)?,
                max_latency_increase_plus1: r.ue("sps_max_latency_increase_plus1")?,
            };
        }
        Ok(highest)
    }
}

fn check_header(unit: &[u8]) -> Result<(), Error> {
    let Some(nal_unit_type) = super::nal_unit_type(unit) else {
        return Err(Error::new(ErrorKind::Missing, STRUCTURE, 0, "NAL unit", "is empty", "ITU-T H.265, 7.3.1.1"));
    };
    if nal_unit_type != NAL_SPS {
        let rule = format!("is {nal_unit_type}, a sequence parameter set has 33");
        return Err(Error::new(ErrorKind::Invalid, STRUCTURE, 0, "nal_unit_type", rule, "ITU-T H.265, 7.4.2.2"));
    }
    match super::nuh_layer_id(unit) {
        Some(0) | None => Ok(()),
        Some(layer) => {
            let rule = format!("is {layer}, only the base layer is read");
            Err(Error::new(ErrorKind::Unsupported, STRUCTURE, 0, "nuh_layer_id", rule, "ITU-T H.265, Annex F"))
        }
    }
}

fn read_side(r: &mut BitReader<'_>, field: &'static str) -> Result<u32, Error> {
    let start = r.offset();
    let side = r.ue(field)?;
    if side == 0 {
        return Err(r.invalid_at(start, field, "is 0"));
    }
    if side > MAX_SIDE {
        let rule = format!("is {side}, sides above {MAX_SIDE} are not read");
        return Err(r.error(ErrorKind::Unsupported, start, field, rule));
    }
    Ok(side)
}

/// SubWidthC and SubHeightC, Table 6-1.
fn chroma_units(chroma_format_idc: u8) -> (u32, u32) {
    match chroma_format_idc {
        1 => (2, 2),
        2 => (2, 1),
        _ => (1, 1),
    }
}

/// The conformance window of a picture so many units wide and high, of which it must leave at least one.
fn read_window(r: &mut BitReader<'_>, columns: u32, rows: u32) -> Result<Window, Error> {
    let last_column = columns.saturating_sub(1);
    let last_row = rows.saturating_sub(1);
    let left = r.ue_max("conf_win_left_offset", last_column)?;
    let right = r.ue_max("conf_win_right_offset", last_column - left)?;
    let top = r.ue_max("conf_win_top_offset", last_row)?;
    let bottom = r.ue_max("conf_win_bottom_offset", last_row - top)?;
    Ok(Window { left, right, top, bottom })
}

/// `scaling_list_data()`, 7.3.4.
fn skip_scaling_list_data(r: &mut BitReader<'_>) -> Result<(), Error> {
    r.cite("ITU-T H.265, 7.4.5");
    for size_id in 0_u8..4 {
        // Lists of 32x32 exist for two of the six matrices.
        let (matrices, coefficients) = match size_id {
            0 => (6, 16),
            1 | 2 => (6, 64),
            _ => (2, 64),
        };
        for matrix in 0_u8..matrices {
            if !r.flag("scaling_list_pred_mode_flag")? {
                r.ue_max8("scaling_list_pred_matrix_id_delta", matrix)?;
                continue;
            }
            if size_id > 1 {
                r.se_in("scaling_list_dc_coef_minus8", -7..=247)?;
            }
            for _ in 0..coefficients {
                r.se_in("scaling_list_delta_coef", -128..=127)?;
            }
        }
    }
    r.cite(SEMANTICS);
    Ok(())
}

/// `st_ref_pic_set()` so many times, 7.3.7. A set can be coded as a change of the one before it, so that one has to be
/// known; it holds 16 pictures at most.
fn skip_short_term_ref_pic_sets(r: &mut BitReader<'_>, count: u8) -> Result<(), Error> {
    r.cite("ITU-T H.265, 7.4.8");
    let mut previous: Vec<i32> = Vec::new();
    for index in 0..count {
        previous = if index > 0 && r.flag("inter_ref_pic_set_prediction_flag")? {
            read_predicted_set(r, &previous)?
        } else {
            read_explicit_set(r)?
        };
    }
    r.cite(SEMANTICS);
    Ok(())
}

/// Differences in picture order count: first those before, nearest first, then those after, nearest first.
fn read_explicit_set(r: &mut BitReader<'_>) -> Result<Vec<i32>, Error> {
    let negative = r.ue_max8("num_negative_pics", MAX_REF_PICS)?;
    let positive = r.ue_max8("num_positive_pics", MAX_REF_PICS - negative)?;
    let mut set = Vec::new();
    for (count, sign, field) in [(negative, -1, "delta_poc_s0_minus1"), (positive, 1, "delta_poc_s1_minus1")] {
        let mut delta = 0_i32;
        for _ in 0..count {
            let step = r.ue_max(field, MAX_DELTA_POC)?;
            r.flag("used_by_curr_pic_flag")?;
            delta += sign * i32::try_from(step).unwrap_or(i32::from(i16::MAX)).saturating_add(1);
            set.push(delta);
        }
    }
    Ok(set)
}

fn read_predicted_set(r: &mut BitReader<'_>, reference: &[i32]) -> Result<Vec<i32>, Error> {
    let start = r.offset();
    let negative = r.flag("delta_rps_sign")?;
    let step = r.ue_max("abs_delta_rps_minus1", MAX_DELTA_POC)?;
    let step = i32::try_from(step).unwrap_or(i32::from(i16::MAX)).saturating_add(1);
    let delta_rps = if negative { -step } else { step };
    let mut set = Vec::new();
    // The last flag is for the reference set's own picture.
    for &delta in reference.iter().chain(&[0]) {
        let used = r.flag("used_by_curr_pic_flag")?;
        if used || r.flag("use_delta_flag")? {
            set.push(delta.saturating_add(delta_rps));
        }
    }
    set.retain(|&delta| delta != 0);
    set.sort_unstable_by_key(|&delta| (delta > 0, delta.unsigned_abs()));
    if set.len() > usize::from(MAX_REF_PICS) {
        let rule = format!("makes a set of {} pictures, {MAX_REF_PICS} is the most", set.len());
        return Err(r.invalid_at(start, "st_ref_pic_set", rule));
    }
    Ok(set)
}

const STRUCTURE: &str = "H.265 SPS";
const SEMANTICS: &str = "ITU-T H.265, 7.4.3.2";
/// A sample entry has 16 bits for each side.
const MAX_SIDE: u32 = 65_535;
/// Bounded by sps_max_dec_pic_buffering_minus1, and that by 15 (A.4.2).
const MAX_REF_PICS: u8 = 15;
const MAX_DELTA_POC: u32 = 32_767;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::{bits::BitWriter, testdata::hex, vui::ColourDescription};

    fn sps(text: &str) -> Sps {
        let sps = Sps::read(&hex(text)).unwrap();
        assert_eq!(sps.vui_fault, None);
        sps
    }

    // Parameter sets of libx265; sizes, ratios and rates are what ffprobe 5.1 says.

    #[test]
    fn x265_main_640x360_30() {
        let sps = sps("42010101600000030090000003000003003fa00502016965959a4932bc05a020000003002000000303c1");
        let general = sps.profile_tier_level.general;
        assert_eq!((general.profile_idc, sps.profile_tier_level.general_level_idc), (1, 63));
        assert_eq!(general.profile_compatibility_flags, 0x6000_0000);
        assert_eq!((sps.width(), sps.height()), (640, 360));
        assert_eq!((sps.chroma_format_idc, sps.bit_depth_luma_minus8), (1, 0));
        assert_eq!(sps.sample_aspect_ratio(), Some((1, 1)));
        assert_eq!(sps.frame_rate(), Some((30, 1)));
        assert_eq!(sps.decoded_picture_buffer.max_num_reorder_pics, 2);
        assert_eq!(sps.log2_luma_coding_tree_block_size, 6);
    }

    #[test]
    fn x265_main_10_with_bt2020_and_conformance_window() {
        let sps = sps("420101022000000300900000030000030078a003c08010e754d96566924caf0e6a1220120800001f480003a98040");
        assert_eq!((sps.profile_tier_level.general.profile_idc, sps.profile_tier_level.general_level_idc), (2, 120));
        assert_eq!((sps.pic_width_in_luma_samples, sps.pic_height_in_luma_samples), (1920, 1080));
        assert_eq!((sps.width(), sps.height()), (1918, 1078));
        assert_eq!((sps.bit_depth_luma_minus8, sps.bit_depth_chroma_minus8), (2, 2));
        assert_eq!(sps.sample_aspect_ratio(), Some((4, 3)));
        assert_eq!(sps.frame_rate(), Some((30_000, 1_001)));
        let display = sps.vui.unwrap().display;
        assert_eq!(display.video_full_range_flag(), Some(false));
        assert_eq!(
            display.colour_description(),
            Some(ColourDescription { colour_primaries: 9, transfer_characteristics: 16, matrix_coefficients: 9 })
        );
    }

    #[test]
    fn x265_with_hrd_scaling_lists_and_two_sub_layers() {
        let sps = sps(
            "42010201600000030090000003000003003f0000a005020169659598acd249caf01b40400000030040000006580525978003d090007a13e000f424001e84c8",
        );
        assert_eq!(sps.sps_max_sub_layers_minus1, 1);
        assert!(sps.scaling_list_enabled_flag);
        assert_eq!((sps.width(), sps.height()), (640, 360));
        assert_eq!(sps.frame_rate(), Some((25, 1)));
        assert!(sps.vui.unwrap().timing_info.unwrap().hrd_parameters_present_flag);
    }

    #[test]
    fn x265_422_10_322x182() {
        let sps = sps("4201010408000003009d0800000300003cb00a480b9c96d96566924caf016808000003000800000300c840");
        assert_eq!((sps.profile_tier_level.general.profile_idc, sps.profile_tier_level.general_level_idc), (4, 60));
        assert_eq!((sps.chroma_format_idc, sps.bit_depth_luma_minus8), (2, 2));
        assert_eq!((sps.width(), sps.height()), (322, 182));
    }

    #[test]
    fn x265_444_with_odd_size() {
        let sps = sps("4201010408000003009e0800000300003c900149017388932cacd24995ffe16a01692d010000030001000003001908");
        assert_eq!(sps.chroma_format_idc, 3);
        assert_eq!((sps.width(), sps.height()), (321, 181));
        assert_eq!((sps.pic_width_in_luma_samples, sps.pic_height_in_luma_samples), (328, 184));
        assert_eq!(sps.sample_aspect_ratio(), Some((2896, 2889)));
    }

    #[test]
    fn x265_monochrome_with_full_range() {
        let sps = sps("4201010408000003009fc800000300003fc0140805a596566924caf016c080000003008000000c84");
        assert_eq!(sps.chroma_format_idc, 0);
        assert_eq!((sps.width(), sps.height()), (640, 360));
        assert_eq!(sps.vui.unwrap().display.video_full_range_flag(), Some(true));
    }

    #[test]
    fn x265_field_sequence() {
        let sps = sps("42010101600000030040000003000003005aa005a20090596566924caf016868000003000800000300c840");
        assert_eq!(sps.width(), 720);
        assert!(sps.vui.as_ref().unwrap().field_seq_flag);
        assert_eq!(sps.frame_rate(), Some((25, 1)));
    }

    #[test]
    fn predicted_sets_count_what_they_keep() {
        // Two before and one after, then the same moved by -1 with one picture dropped and the reference's own added,
        // then moved by +1, where a difference of 0 falls out.
        let mut w = BitWriter::default();
        let ue = |w: &mut BitWriter, value: u8| {
            let width = 8 - u8::try_from((value + 1).leading_zeros()).unwrap();
            w.put(2 * width - 1, value + 1);
        };
        ue(&mut w, 2);
        ue(&mut w, 1);
        for delta in [0_u8, 1, 3] {
            ue(&mut w, delta);
            w.put(1, 1_u32);
        }
        // Set 1: predicted, negative, step 1; keep, drop, keep, keep.
        w.put(2, 0b11_u32);
        ue(&mut w, 0);
        w.put(5, 0b1_0011_u32);
        // Set 2 from (-1, -2, 3): predicted, positive, step 1; use without being used by the current picture, and keep.
        w.put(2, 0b10_u32);
        ue(&mut w, 0);
        w.put(5, 0b0_1111_u32);
        w.put(8, 0x77_u32);
        let data = w.finish();
        let r = &mut BitReader::plain(&data, "test", "");
        assert_eq!(read_explicit_set(&mut r.clone()).unwrap(), [-1, -3, 4]);
        skip_short_term_ref_pic_sets(r, 3).unwrap();
        assert_eq!(r.u8(8, "next").unwrap(), 0x77);
        let reader = |bits: &'static [u8]| BitReader::plain(bits, "test", "");
        assert_eq!(read_predicted_set(&mut reader(&[0b1110_0110]), &[-1, -3, 4]).unwrap(), [-1, -2, 3]);
        assert_eq!(read_predicted_set(&mut reader(&[0b0101_1110]), &[-1, -2, 3]).unwrap(), [-1, 1, 4]);
    }

    #[test]
    fn scaling_lists_are_skipped_to_the_bit() {
        let mut w = BitWriter::default();
        for size_id in 0..4 {
            for matrix in 0..if size_id == 3 { 2 } else { 6 } {
                if matrix == 0 {
                    w.put(1, 1_u32);
                    let values = if size_id == 0 { 16 } else { 64 } + u32::from(size_id > 1);
                    for _ in 0..values {
                        w.put(1, 1_u32);
                    }
                } else {
                    w.put(4, 0b0010_u32); // predicted from the matrix before
                }
            }
        }
        w.put(8, 0x3c_u32);
        let data = w.finish();
        let r = &mut BitReader::plain(&data, "test", "");
        skip_scaling_list_data(r).unwrap();
        assert_eq!(r.u8(8, "next").unwrap(), 0x3c);
    }

    #[test]
    fn cut_vui_leaves_the_size_and_a_fault() {
        let whole = hex("42010101600000030090000003000003003fa00502016965959a4932bc05a020000003002000000303c1");
        let sps = Sps::read(&whole[..32]).unwrap();
        assert_eq!((sps.width(), sps.height(), sps.vui.clone()), (640, 360, None));
        assert_eq!(sps.vui_fault.unwrap().kind(), ErrorKind::Truncated);
    }

    #[test]
    fn other_units_are_refused() {
        assert_eq!(
            Sps::read(&hex("4401c172b46240")).unwrap_err().to_string(),
            "H.265 SPS byte 0: nal_unit_type is 34, a sequence parameter set has 33 (ITU-T H.265, 7.4.2.2)"
        );
        assert_eq!(Sps::read(&[]).unwrap_err().kind(), ErrorKind::Missing);
        assert_eq!(Sps::read(&hex("420901")).unwrap_err().kind(), ErrorKind::Unsupported);
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_without_panic(tail: Vec<u8>) {
            let mut unit = hex("42010101600000030090000003000003003fa0");
            unit.extend(tail);
            if let Ok(sps) = Sps::read(&unit) {
                prop_assert!(sps.width() > 0 && sps.height() > 0);
                sps.frame_rate();
            }
        }

        #[test]
        fn mutations_are_read_without_panic(at in 0_usize..63, byte: u8, cut in 0_usize..64) {
            let mut unit = hex(
                "42010201600000030090000003000003003f0000a005020169659598acd249caf01b40400000030040000006580525978003d090007a13e000f424001e84c8",
            );
            unit[at] = byte;
            unit.truncate(cut);
            if let Ok(sps) = Sps::read(&unit) {
                prop_assert!(sps.width() > 0 && sps.height() > 0);
            }
        }
    }
}
