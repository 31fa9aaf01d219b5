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
    level::max_luma_samples,
    profile::ProfileTierLevel,
    ref_pic_set::read_short_term_ref_pic_sets,
    scaling::{ScalingList, read_scaling_list_data},
    vui::{Vui, Window},
};
use crate::{
    bits::BitReader,
    error::{Error, ErrorKind},
    vui::reduced,
};

/// A sequence parameter set of the base layer, in the names of the standard.
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
    /// Buffer needs of the sub-layers: of each, or of the highest alone.
    pub sub_layer_ordering: Vec<DecodedPictureBuffer>,
    /// MinCbLog2SizeY: 3 to 6.
    pub log2_min_luma_coding_block_size: u8,
    /// CtbLog2SizeY: 4 to 6.
    pub log2_luma_coding_tree_block_size: u8,
    /// MinTbLog2SizeY, below MinCbLog2SizeY.
    pub log2_min_luma_transform_block_size: u8,
    /// MaxTbLog2SizeY, up to 5 and to CtbLog2SizeY.
    pub log2_max_luma_transform_block_size: u8,
    /// `max_transform_hierarchy_depth_inter`, 0 to CtbLog2SizeY - MinTbLog2SizeY.
    pub max_transform_hierarchy_depth_inter: u8,
    /// `max_transform_hierarchy_depth_intra`, 0 to CtbLog2SizeY - MinTbLog2SizeY.
    pub max_transform_hierarchy_depth_intra: u8,
    /// `scaling_list_enabled_flag`.
    pub scaling_list_enabled_flag: bool,
    /// What `sps_scaling_list_data_present_flag` announces.
    pub scaling_lists: Option<Vec<ScalingList>>,
    /// `amp_enabled_flag`.
    pub amp_enabled_flag: bool,
    /// `sample_adaptive_offset_enabled_flag`.
    pub sample_adaptive_offset_enabled_flag: bool,
    /// What `pcm_enabled_flag` announces.
    pub pcm: Option<Pcm>,
    /// The pictures of each `st_ref_pic_set()`, up to 64 sets: differences in picture order count, those before first.
    pub short_term_ref_pic_sets: Vec<Vec<i32>>,
    /// What `long_term_ref_pics_present_flag` announces: `lt_ref_pic_poc_lsb_sps` and `used_by_curr_pic_lt_sps_flag` of up
    /// to 32 pictures.
    pub long_term_ref_pics: Option<Vec<(u16, bool)>>,
    /// `sps_temporal_mvp_enabled_flag`.
    pub sps_temporal_mvp_enabled_flag: bool,
    /// `strong_intra_smoothing_enabled_flag`.
    pub strong_intra_smoothing_enabled_flag: bool,
    /// The VUI parameters, when there are any and they can be read.
    pub vui: Option<Vui>,
    /// Why the VUI parameters could not be read. All before them holds all the same; the extension flags are then lost.
    pub vui_fault: Option<Error>,
    /// The eight bits from `sps_range_extension_flag` to `sps_extension_4bits`, 0 when there are none.
    pub extension_flags: u8,
    /// The nine flags of `sps_range_extension()`, the first in bit 8, when it is there.
    pub range_extension_flags: Option<u16>,
    /// Rules of the standard that it breaks and that decoders do not insist on, with their places.
    pub oddities: Vec<Error>,
}

/// Blocks that are stored as they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pcm {
    /// `pcm_sample_bit_depth_luma_minus1`, below the bit depth.
    pub pcm_sample_bit_depth_luma_minus1: u8,
    /// `pcm_sample_bit_depth_chroma_minus1`, below the bit depth.
    pub pcm_sample_bit_depth_chroma_minus1: u8,
    /// `log2_min_pcm_luma_coding_block_size_minus3`.
    pub log2_min_pcm_luma_coding_block_size_minus3: u8,
    /// `log2_diff_max_min_pcm_luma_coding_block_size`.
    pub log2_diff_max_min_pcm_luma_coding_block_size: u8,
    /// `pcm_loop_filter_disabled_flag`.
    pub pcm_loop_filter_disabled_flag: bool,
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
        let r = &mut BitReader::rbsp(unit, 2, STRUCTURE, SEMANTICS);
        super::read_header(unit, r, NAL_SPS, "a sequence parameter set")?;
        r.cite(SEMANTICS);
        let sps_video_parameter_set_id = r.u8(4, "sps_video_parameter_set_id")?;
        let start = r.offset();
        let sps_max_sub_layers_minus1 = r.u8(3, "sps_max_sub_layers_minus1")?;
        if sps_max_sub_layers_minus1 > 6 {
            return Err(r.invalid_at(start, "sps_max_sub_layers_minus1", "is 7, the range is 0 to 6"));
        }
        let sps_temporal_id_nesting_flag = r.flag("sps_temporal_id_nesting_flag")?;
        if sps_max_sub_layers_minus1 == 0 && !sps_temporal_id_nesting_flag {
            r.note(start, "sps_temporal_id_nesting_flag", "is 0, with one sub-layer it is to be 1");
        }
        let profile_tier_level = ProfileTierLevel::read(r, sps_max_sub_layers_minus1)?;
        r.cite(SEMANTICS);
        let sps_seq_parameter_set_id = r.ue_max8("sps_seq_parameter_set_id", 15)?;
        let chroma_format_idc = r.ue_max8("chroma_format_idc", 3)?;
        let separate_colour_plane_flag = chroma_format_idc == 3 && r.flag("separate_colour_plane_flag")?;
        let size_start = r.offset();
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
        let sub_layer_ordering = DecodedPictureBuffer::read_all(r, sps_max_sub_layers_minus1, &ORDERING)?;
        let decoded_picture_buffer = sub_layer_ordering.last().copied().unwrap_or_default();
        let blocks = BlockSizes::read(r)?;
        for (field, side) in [
            ("pic_width_in_luma_samples", pic_width_in_luma_samples),
            ("pic_height_in_luma_samples", pic_height_in_luma_samples),
        ] {
            if side % (1 << blocks.log2_min_coding) != 0 {
                let rule =
                    format!("is {side}, no multiple of the smallest coding block, {}", 1 << blocks.log2_min_coding);
                return Err(r.invalid_at(size_start, field, rule));
            }
        }
        let scaling_list_enabled_flag = r.flag("scaling_list_enabled_flag")?;
        let scaling_lists = if scaling_list_enabled_flag && r.flag("sps_scaling_list_data_present_flag")? {
            r.cite("ITU-T H.265, 7.4.5");
            let lists = read_scaling_list_data(r)?;
            r.cite(SEMANTICS);
            Some(lists)
        } else {
            None
        };
        let amp_enabled_flag = r.flag("amp_enabled_flag")?;
        let sample_adaptive_offset_enabled_flag = r.flag("sample_adaptive_offset_enabled_flag")?;
        let pcm = if r.flag("pcm_enabled_flag")? {
            Some(Pcm::read(r, &blocks, bit_depth_luma_minus8, bit_depth_chroma_minus8)?)
        } else {
            None
        };
        let num_short_term_ref_pic_sets = r.ue_max8("num_short_term_ref_pic_sets", 64)?;
        r.cite("ITU-T H.265, 7.4.8");
        let most = decoded_picture_buffer.max_dec_pic_buffering_minus1;
        let short_term_ref_pic_sets = read_short_term_ref_pic_sets(r, num_short_term_ref_pic_sets, most)?;
        r.cite(SEMANTICS);
        let long_term_ref_pics = if r.flag("long_term_ref_pics_present_flag")? {
            let count = r.ue_max8("num_long_term_ref_pics_sps", 32)?;
            let mut read = || {
                let poc_lsb = r.u16(log2_max_pic_order_cnt_lsb_minus4 + 4, "lt_ref_pic_poc_lsb_sps")?;
                Ok((poc_lsb, r.flag("used_by_curr_pic_lt_sps_flag")?))
            };
            Some((0..count).map(|_| read()).collect::<Result<Vec<(u16, bool)>, Error>>()?)
        } else {
            None
        };
        let sps_temporal_mvp_enabled_flag = r.flag("sps_temporal_mvp_enabled_flag")?;
        let strong_intra_smoothing_enabled_flag = r.flag("strong_intra_smoothing_enabled_flag")?;
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
            sub_layer_ordering,
            log2_min_luma_coding_block_size: blocks.log2_min_coding,
            log2_luma_coding_tree_block_size: blocks.log2_coding_tree,
            log2_min_luma_transform_block_size: blocks.log2_min_transform,
            log2_max_luma_transform_block_size: blocks.log2_max_transform,
            max_transform_hierarchy_depth_inter: blocks.depth_inter,
            max_transform_hierarchy_depth_intra: blocks.depth_intra,
            scaling_list_enabled_flag,
            scaling_lists,
            amp_enabled_flag,
            sample_adaptive_offset_enabled_flag,
            pcm,
            short_term_ref_pic_sets,
            long_term_ref_pics,
            sps_temporal_mvp_enabled_flag,
            strong_intra_smoothing_enabled_flag,
            vui: None,
            vui_fault: None,
            extension_flags: 0,
            range_extension_flags: None,
            oddities: Vec::new(),
        };
        sps.note_limits(r, size_start);
        if let Err(fault) = sps.read_tail(r) {
            sps.vui_fault = Some(fault);
        }
        sps.oddities = r.take_oddities();
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
        let timing = self.vui.as_ref()?.timing_info.as_ref()?;
        reduced(u64::from(timing.time_scale), u64::from(timing.num_units_in_tick))
    }

    /// Notes a picture that the level does not allow.
    fn note_limits(&self, r: &mut BitReader<'_>, size_start: usize) {
        let level = self.profile_tier_level.general_level_idc;
        let samples = self.pic_width_in_luma_samples.saturating_mul(self.pic_height_in_luma_samples);
        if let Some(max) = max_luma_samples(level).filter(|&max| samples > max) {
            r.cite("ITU-T H.265, A.4.1");
            let rule = format!("makes pictures of {samples} samples, general_level_idc {level} ends at {max}");
            r.note(size_start, "pic_width_in_luma_samples", rule);
            r.cite(SEMANTICS);
        }
    }

    /// VUI and extension flags; what fails here leaves the fields before it alone.
    fn read_tail(&mut self, r: &mut BitReader<'_>) -> Result<(), Error> {
        if r.flag("vui_parameters_present_flag")? {
            let (unit_x, unit_y) = chroma_units(self.chroma_format_idc);
            let room = (self.width() / unit_x, self.height() / unit_y);
            self.vui = Some(Vui::read(r, self.sps_max_sub_layers_minus1, room)?);
        }
        r.cite(SEMANTICS);
        if r.flag("sps_extension_present_flag")? {
            self.extension_flags = r.u8(8, "sps_extension_flags")?;
            if self.extension_flags & 0x80 != 0 {
                self.range_extension_flags = Some(r.u16(9, "sps_range_extension")?);
            }
        }
        // Extensions that are not read leave bits behind.
        if self.extension_flags & 0x7f == 0 {
            r.trailing_bits("ITU-T H.265, 7.3.2.11");
        }
        Ok(())
    }
}

/// The names of the ordering fields, which a VPS and an SPS have alike.
pub(super) struct SubLayerOrdering {
    pub(super) present: &'static str,
    pub(super) buffering: &'static str,
    pub(super) reorder: &'static str,
    pub(super) latency: &'static str,
}

impl DecodedPictureBuffer {
    /// One entry for each sub-layer, or one for the highest alone.
    pub(super) fn read_all(
        r: &mut BitReader<'_>,
        max_sub_layers_minus1: u8,
        names: &SubLayerOrdering,
    ) -> Result<Vec<Self>, Error> {
        let each = r.flag(names.present)?;
        let mut layers: Vec<Self> = Vec::new();
        for _ in if each { 0 } else { max_sub_layers_minus1 }..=max_sub_layers_minus1 {
            let start = r.offset();
            let layer = Self {
                max_dec_pic_buffering_minus1: r.ue_max8(names.buffering, 15)?,
                max_num_reorder_pics: r.ue_max8(names.reorder, 15)?,
                max_latency_increase_plus1: r.ue(names.latency)?,
            };
            let (buffering, reorder) = (layer.max_dec_pic_buffering_minus1, layer.max_num_reorder_pics);
            // Decoders take as many pictures as are needed for the order.
            if reorder > buffering {
                r.note(start, names.reorder, format!("is {reorder}, more than {}, {buffering}", names.buffering));
            }
            if let Some(last) = layers.last() {
                if buffering < last.max_dec_pic_buffering_minus1 {
                    r.note(start, names.buffering, "is below that of the sub-layer before");
                }
                if reorder < last.max_num_reorder_pics {
                    r.note(start, names.reorder, "is below that of the sub-layer before");
                }
            }
            layers.push(layer);
        }
        Ok(layers)
    }
}

/// Sizes of coding and transform blocks, each a power of two.
struct BlockSizes {
    log2_min_coding: u8,
    log2_coding_tree: u8,
    log2_min_transform: u8,
    log2_max_transform: u8,
    depth_inter: u8,
    depth_intra: u8,
}

impl BlockSizes {
    fn read(r: &mut BitReader<'_>) -> Result<Self, Error> {
        let log2_min_coding = 3 + r.ue_max8("log2_min_luma_coding_block_size_minus3", 3)?;
        let start = r.offset();
        let log2_coding_tree =
            log2_min_coding + r.ue_max8("log2_diff_max_min_luma_coding_block_size", 6 - log2_min_coding)?;
        if log2_coding_tree < 4 {
            let rule = "makes coding tree blocks of 8, all profiles have at least 16";
            return Err(r.invalid_at(start, "log2_diff_max_min_luma_coding_block_size", rule));
        }
        // Below the coding block, and 32 at most.
        let log2_min_transform =
            2 + r.ue_max8("log2_min_luma_transform_block_size_minus2", (log2_min_coding - 3).min(3))?;
        let log2_max_transform = log2_min_transform
            + r.ue_max8(
                "log2_diff_max_min_luma_transform_block_size",
                log2_coding_tree.min(5).saturating_sub(log2_min_transform),
            )?;
        let max_depth = log2_coding_tree - log2_min_transform;
        let mut depth = |field| {
            let start = r.offset();
            let depth = r.ue_max8(field, 4)?;
            if depth > max_depth {
                r.note(start, field, format!("is {depth}, the range is 0 to {max_depth}"));
            }
            Ok(depth)
        };
        Ok(Self {
            log2_min_coding,
            log2_coding_tree,
            log2_min_transform,
            log2_max_transform,
            depth_inter: depth("max_transform_hierarchy_depth_inter")?,
            depth_intra: depth("max_transform_hierarchy_depth_intra")?,
        })
    }
}

impl Pcm {
    fn read(r: &mut BitReader<'_>, blocks: &BlockSizes, luma_minus8: u8, chroma_minus8: u8) -> Result<Self, Error> {
        let mut depth = |field, minus8: u8| {
            let start = r.offset();
            let minus1 = r.u8(4, field)?;
            let max = minus8 + 7;
            if minus1 > max {
                return Err(r.invalid_at(start, field, format!("is {minus1}, the range is 0 to {max}")));
            }
            Ok(minus1)
        };
        let pcm_sample_bit_depth_luma_minus1 = depth("pcm_sample_bit_depth_luma_minus1", luma_minus8)?;
        let pcm_sample_bit_depth_chroma_minus1 = depth("pcm_sample_bit_depth_chroma_minus1", chroma_minus8)?;
        let largest = blocks.log2_coding_tree.min(5);
        let start = r.offset();
        let min = r.ue_max8("log2_min_pcm_luma_coding_block_size_minus3", largest - 3)?;
        let smallest = blocks.log2_min_coding.min(5);
        if min + 3 < smallest {
            let rule = format!("is {min}, the range is {} to {}", smallest - 3, largest - 3);
            r.note(start, "log2_min_pcm_luma_coding_block_size_minus3", rule);
        }
        Ok(Self {
            pcm_sample_bit_depth_luma_minus1,
            pcm_sample_bit_depth_chroma_minus1,
            log2_min_pcm_luma_coding_block_size_minus3: min,
            log2_diff_max_min_pcm_luma_coding_block_size: r
                .ue_max8("log2_diff_max_min_pcm_luma_coding_block_size", largest - 3 - min)?,
            pcm_loop_filter_disabled_flag: r.flag("pcm_loop_filter_disabled_flag")?,
        })
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

const STRUCTURE: &str = "H.265 SPS";
const SEMANTICS: &str = "ITU-T H.265, 7.4.3.2";
/// A sample entry has 16 bits for each side.
const MAX_SIDE: u32 = 65_535;
const ORDERING: SubLayerOrdering = SubLayerOrdering {
    present: "sps_sub_layer_ordering_info_present_flag",
    buffering: "sps_max_dec_pic_buffering_minus1",
    reorder: "sps_max_num_reorder_pics",
    latency: "sps_max_latency_increase_plus1",
};

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
        assert!(sps.vui.unwrap().timing_info.unwrap().hrd_parameters.is_some());
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

    /// A picture of 64x64 in one block, and what a test makes of it.
    struct Draft {
        size: (u32, u32),
        /// `log2_min_luma_coding_block_size_minus3` to `max_transform_hierarchy_depth_intra`.
        blocks: [u32; 6],
        /// `sps_max_dec_pic_buffering_minus1`, `sps_max_num_reorder_pics`.
        buffering: (u32, u32),
        level: u32,
        /// Depths of 4 bits, then two sizes.
        pcm: Option<[u32; 4]>,
        /// Whether the set goes on behind its last field.
        goes_on: bool,
    }

    impl Default for Draft {
        fn default() -> Self {
            let blocks = [0, 3, 0, 3, 0, 0];
            Self { size: (64, 64), blocks, buffering: (1, 0), level: 30, pcm: None, goes_on: false }
        }
    }

    impl Draft {
        fn read(self) -> Result<Sps, Error> {
            let mut w = BitWriter::default();
            let ue = |w: &mut BitWriter, value: u32| {
                let width = u8::try_from(32 - (value + 1).leading_zeros()).unwrap();
                w.put(2 * width - 1, value + 1);
            };
            w.put(32, 0x4201_0101_u32);
            w.put(32, 0x6000_0000_u32);
            // Ones instead of the reserved zeros behind the flags, so that nothing has to be escaped.
            w.put(32, 0x9fff_ffff_u32);
            w.put(16, 0xffff_u32);
            w.put(8, self.level);
            for value in [0, 1, self.size.0, self.size.1] {
                ue(&mut w, value);
            }
            w.put(1, 0_u32);
            for value in [0, 0, 4] {
                ue(&mut w, value);
            }
            w.put(1, 1_u32);
            for value in [self.buffering.0, self.buffering.1, 0] {
                ue(&mut w, value);
            }
            for value in self.blocks {
                ue(&mut w, value);
            }
            w.put(3, 0_u32); // scaling, amp, sao
            w.put(1, u32::from(self.pcm.is_some()));
            if let Some([luma, chroma, min, diff]) = self.pcm {
                w.put(4, luma);
                w.put(4, chroma);
                ue(&mut w, min);
                ue(&mut w, diff);
                w.put(1, 0_u32);
            }
            ue(&mut w, 0);
            w.put(5, 0_u32); // long-term, mvp, smoothing, VUI, extension
            w.put(1, 1_u32);
            if self.goes_on {
                w.put(16, 0x0101_u32);
            }
            Sps::read(&w.finish())
        }

        fn refused(self) -> &'static str {
            self.read().unwrap_err().field()
        }

        fn oddities(self) -> Vec<String> {
            self.read().unwrap().oddities.iter().map(ToString::to_string).collect()
        }
    }

    #[test]
    fn a_plain_draft_has_no_oddities() {
        assert!(Draft::default().oddities().is_empty());
    }

    #[test]
    fn sizes_are_multiples_of_the_smallest_coding_block() {
        assert_eq!(Draft { size: (60, 64), ..Draft::default() }.refused(), "pic_width_in_luma_samples");
        let error = Draft { size: (64, 68), ..Draft::default() }.read().unwrap_err();
        assert_eq!(
            error.to_string(),
            "H.265 SPS byte 15: pic_height_in_luma_samples is 68, no multiple of the smallest coding block, 8 \
             (ITU-T H.265, 7.4.3.2)"
        );
    }

    #[test]
    fn block_sizes_lie_within_each_other() {
        let refused = |blocks| Draft { blocks, ..Draft::default() }.refused();
        assert_eq!(refused([0, 0, 0, 0, 0, 0]), "log2_diff_max_min_luma_coding_block_size");
        assert_eq!(refused([1, 3, 0, 0, 0, 0]), "log2_diff_max_min_luma_coding_block_size");
        assert_eq!(refused([0, 3, 1, 0, 0, 0]), "log2_min_luma_transform_block_size_minus2");
        assert_eq!(refused([0, 3, 0, 4, 0, 0]), "log2_diff_max_min_luma_transform_block_size");
        assert_eq!(refused([0, 3, 0, 3, 5, 0]), "max_transform_hierarchy_depth_inter");
        let oddities = Draft { blocks: [0, 1, 0, 2, 3, 0], ..Draft::default() }.oddities();
        assert!(oddities[0].contains("max_transform_hierarchy_depth_inter is 3, the range is 0 to 2"));
    }

    #[test]
    fn pcm_stays_within_depths_and_blocks() {
        let refused = |pcm| Draft { pcm: Some(pcm), ..Draft::default() }.refused();
        assert_eq!(refused([8, 7, 0, 2]), "pcm_sample_bit_depth_luma_minus1");
        assert_eq!(refused([7, 8, 0, 2]), "pcm_sample_bit_depth_chroma_minus1");
        assert_eq!(refused([7, 7, 3, 0]), "log2_min_pcm_luma_coding_block_size_minus3");
        assert_eq!(refused([7, 7, 1, 2]), "log2_diff_max_min_pcm_luma_coding_block_size");
        assert!(Draft { pcm: Some([7, 7, 0, 2]), ..Draft::default() }.read().unwrap().pcm.is_some());
    }

    #[test]
    fn more_reordering_than_buffering_is_noted() {
        let sps = Draft { buffering: (1, 2), ..Draft::default() }.read().unwrap();
        assert!(sps.oddities[0].to_string().contains("sps_max_num_reorder_pics is 2, more than"));
        assert_eq!(Draft { buffering: (16, 0), ..Draft::default() }.refused(), "sps_max_dec_pic_buffering_minus1");
    }

    #[test]
    fn pictures_beyond_the_level_and_level_0_are_noted() {
        let oddities = Draft { size: (256, 256), ..Draft::default() }.oddities();
        assert!(oddities[0].contains("pictures of 65536 samples, general_level_idc 30 ends at 36864"), "{oddities:?}");
        let oddities = Draft { level: 0, ..Draft::default() }.oddities();
        assert!(oddities[0].contains("general_level_idc is 0, which is no level"));
    }

    #[test]
    fn bits_behind_the_last_field_are_noted() {
        let oddities = Draft { goes_on: true, ..Draft::default() }.oddities();
        assert!(oddities[0].contains("rbsp_trailing_bits are not there yet"));
    }

    #[test]
    fn a_header_that_no_decoder_takes_is_refused_and_an_odd_one_noted() {
        let text = "42010101600000030090000003000003003fa00502016965959a4932bc05a020000003002000000303c1";
        let with = |at: usize, byte| {
            let mut unit = hex(text);
            unit[at] = byte;
            Sps::read(&unit)
        };
        assert_eq!(with(0, 0xc2).unwrap_err().field(), "forbidden_zero_bit");
        assert_eq!(with(1, 0x00).unwrap_err().field(), "nuh_temporal_id_plus1");
        assert_eq!(with(1, 0x02).unwrap().oddities[0].field(), "nuh_temporal_id_plus1");
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
