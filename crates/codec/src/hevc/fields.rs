//! A configuration record of H.265 field by field, in words, with all that its parameter sets say.

use super::{
    HevcDecoderConfigurationRecord, NAL_AUD, NAL_CRA, NAL_IDR_N_LP, NAL_IDR_W_RADL, NAL_PPS, NAL_PREFIX_SEI, NAL_SPS,
    NAL_SUFFIX_SEI, NAL_VPS,
    hrd::{HrdParameters, Schedule},
    level_name, nal_unit_type, nuh_layer_id,
    pps::{Pps, PpsRangeExtension, Tiles},
    profile::{ProfileTier, ProfileTierLevel},
    profile_name,
    scaling::{ScalingList, ScalingListValues},
    sets::{ParameterSets, bare_units},
    sps::{DecodedPictureBuffer, Sps},
    vps::Vps,
    vui::{Vui, Window},
};
use crate::{error::Error, field::FieldList, vui::chroma_format_name};

impl HevcDecoderConfigurationRecord {
    /// Adds every field.
    pub(crate) fn fields(&self, list: &mut FieldList) {
        list.add("configurationVersion", self.configuration_version);
        self.general.fields(list, &GENERAL);
        list.add_named("general_level_idc", self.general_level_idc, &level_name(self.general_level_idc));
        list.add("min_spatial_segmentation_idc", self.min_spatial_segmentation_idc);
        let parallelism = match self.parallelism_type {
            0 => "unknown or mixed",
            1 => "slices",
            2 => "tiles",
            _ => "wavefronts",
        };
        list.add_named("parallelismType", self.parallelism_type, parallelism);
        list.add_named("chroma_format_idc", self.chroma_format_idc, chroma_format_name(self.chroma_format_idc));
        list.add_named("bitDepthLumaMinus8", self.bit_depth_luma_minus8, &depth(self.bit_depth_luma_minus8));
        list.add_named("bitDepthChromaMinus8", self.bit_depth_chroma_minus8, &depth(self.bit_depth_chroma_minus8));
        let rate = match self.avg_frame_rate {
            0 => "unspecified".to_owned(),
            rate => format!("{:.3} frames a second", f64::from(rate) / 256.0),
        };
        list.add_named("avgFrameRate", self.avg_frame_rate, &rate);
        let constant = match self.constant_frame_rate {
            0 => "unknown",
            1 => "constant",
            2 => "constant in each temporal layer",
            _ => "reserved",
        };
        list.add_named("constantFrameRate", self.constant_frame_rate, constant);
        let layers = match self.num_temporal_layers {
            0 => "unknown".to_owned(),
            1 => "not scalable".to_owned(),
            layers => format!("{layers} layers"),
        };
        list.add_named("numTemporalLayers", self.num_temporal_layers, &layers);
        list.add("temporalIdNested", u8::from(self.temporal_id_nested));
        let bytes = self.length_size.bytes();
        list.add_named("lengthSizeMinusOne", bytes - 1, &format!("{bytes} bytes"));
        list.add("numOfArrays", self.arrays.len());
        // One of each id, however many there are.
        let sets = ParameterSets::pick(self.nal_units()).readable_sps.sets;
        let sets: Vec<Sps> = sets.into_iter().map(|(_, sps)| sps).collect();
        let mut left = MOST_UNITS;
        for array in &self.arrays {
            list.nest("array", "", |list| {
                let complete = if array.array_completeness { "all are here" } else { "more may be in the stream" };
                list.add_named("array_completeness", u8::from(array.array_completeness), complete);
                list.add_named("NAL_unit_type", array.nal_unit_type, nal_unit_type_name(array.nal_unit_type));
                list.add("numNalus", array.nal_units.len());
                for unit in array.nal_units.iter().take(left) {
                    unit_fields(list, unit, &sets);
                }
                left = left.saturating_sub(array.nal_units.len());
            });
        }
        if !self.trailing.is_empty() {
            list.add("trailing bytes", self.trailing.len());
        }
    }
}

/// A record has ids for 96 parameter sets; more units than these and some messages are not spelled out.
const MOST_UNITS: usize = 128;
/// A VPS has room for a thousand of them.
const MOST_HRD: usize = 4;

/// One NAL unit: its header, and what is in it when it is a parameter set.
fn unit_fields(list: &mut FieldList, unit: &[u8], sets: &[Sps]) {
    list.nest("nalUnit", format_args!("{} bytes", unit.len()), |list| {
        for unit in bare_units(unit) {
            let nal_unit_type = nal_unit_type(unit).unwrap_or_default();
            list.add_named("nal_unit_type", nal_unit_type, nal_unit_type_name(nal_unit_type));
            list.add("nuh_layer_id", nuh_layer_id(unit).unwrap_or_default());
            list.add("nuh_temporal_id_plus1", unit.get(1).copied().unwrap_or_default() & 7);
            match nal_unit_type {
                NAL_VPS => add_read(list, Vps::read(unit), Vps::fields),
                NAL_SPS => add_read(list, Sps::read(unit), Sps::fields),
                NAL_PPS => add_read(list, Pps::read(unit, sets), Pps::fields),
                _ => {}
            }
        }
    });
}

/// A parameter set, or why it cannot be read.
fn add_read<T>(list: &mut FieldList, read: Result<T, Error>, fields: impl Fn(&T, &mut FieldList)) {
    match read {
        Ok(set) => fields(&set, list),
        Err(error) => list.add("error", error),
    }
}

/// The names of profile and tier, which are other ones for a sub-layer.
struct ProfileNames {
    space: &'static str,
    tier: &'static str,
    profile: &'static str,
    compatibility: &'static str,
    constraint: &'static str,
}

const GENERAL: ProfileNames = ProfileNames {
    space: "general_profile_space",
    tier: "general_tier_flag",
    profile: "general_profile_idc",
    compatibility: "general_profile_compatibility_flags",
    constraint: "general_constraint_indicator_flags",
};

const SUB_LAYER: ProfileNames = ProfileNames {
    space: "sub_layer_profile_space",
    tier: "sub_layer_tier_flag",
    profile: "sub_layer_profile_idc",
    compatibility: "sub_layer_profile_compatibility_flags",
    constraint: "sub_layer_constraint_indicator_flags",
};

impl ProfileTier {
    fn fields(&self, list: &mut FieldList, names: &ProfileNames) {
        list.add(names.space, self.profile_space);
        list.add_named(names.tier, u8::from(self.tier_flag), if self.tier_flag { "High" } else { "Main" });
        let profile = profile_name(self.profile_idc, self.constraint_indicator_flags).unwrap_or("unknown");
        list.add_named(names.profile, self.profile_idc, profile);
        list.add(names.compatibility, format_args!("{:#010x}", self.profile_compatibility_flags));
        let [a, b, c, d, e, f] = self.constraint_indicator_flags;
        list.add(names.constraint, format_args!("0x{a:02x}{b:02x}{c:02x}{d:02x}{e:02x}{f:02x}"));
        for (field, mask) in [
            ("progressive_source_flag", 0x80),
            ("interlaced_source_flag", 0x40),
            ("non_packed_constraint_flag", 0x20),
            ("frame_only_constraint_flag", 0x10),
        ] {
            list.add(field, u8::from(a & mask != 0));
        }
    }
}

impl ProfileTierLevel {
    fn fields(&self, list: &mut FieldList) {
        self.general.fields(list, &GENERAL);
        list.add_named("general_level_idc", self.general_level_idc, &level_name(self.general_level_idc));
        for layer in &self.sub_layers {
            list.nest("sub_layer", "", |list| {
                list.add("sub_layer_profile_present_flag", u8::from(layer.profile.is_some()));
                list.add("sub_layer_level_present_flag", u8::from(layer.level_idc.is_some()));
                if let Some(profile) = layer.profile {
                    profile.fields(list, &SUB_LAYER);
                }
                if let Some(level) = layer.level_idc {
                    list.add_named("sub_layer_level_idc", level, &level_name(level));
                }
            });
        }
    }
}

impl DecodedPictureBuffer {
    fn fields(&self, list: &mut FieldList, [buffering, reorder, latency]: [&'static str; 3]) {
        list.add(buffering, self.max_dec_pic_buffering_minus1);
        list.add(reorder, self.max_num_reorder_pics);
        list.add(latency, self.max_latency_increase_plus1);
    }
}

impl Vps {
    fn fields(&self, list: &mut FieldList) {
        list.add("vps_video_parameter_set_id", self.vps_video_parameter_set_id);
        list.add("vps_base_layer_internal_flag", u8::from(self.vps_base_layer_internal_flag));
        list.add("vps_base_layer_available_flag", u8::from(self.vps_base_layer_available_flag));
        list.add("vps_max_layers_minus1", self.vps_max_layers_minus1);
        list.add("vps_max_sub_layers_minus1", self.vps_max_sub_layers_minus1);
        list.add("vps_temporal_id_nesting_flag", u8::from(self.vps_temporal_id_nesting_flag));
        list.nest("profile_tier_level", "", |list| self.profile_tier_level.fields(list));
        for layer in &self.sub_layer_ordering {
            layer.fields(
                list,
                ["vps_max_dec_pic_buffering_minus1", "vps_max_num_reorder_pics", "vps_max_latency_increase_plus1"],
            );
        }
        list.add("vps_max_layer_id", self.vps_max_layer_id);
        list.add("vps_num_layer_sets_minus1", self.vps_num_layer_sets_minus1);
        for included in &self.layer_id_included {
            list.add("layer_id_included_flag", format_args!("{included:#b}"));
        }
        match (&self.timing_info, &self.timing_fault) {
            (Some(timing), _) => {
                list.add("vps_num_units_in_tick", timing.num_units_in_tick);
                list.add("vps_time_scale", timing.time_scale);
                if let Some(ticks) = timing.num_ticks_poc_diff_one_minus1 {
                    list.add("vps_num_ticks_poc_diff_one_minus1", ticks);
                }
                list.add("vps_num_hrd_parameters", timing.hrd_parameters.len());
                for (set, hrd) in timing.hrd_parameters.iter().take(MOST_HRD) {
                    list.add("hrd_layer_set_idx", set);
                    list.nest("hrd_parameters", "", |list| hrd.fields(list));
                }
            }
            (None, Some(fault)) => list.add("vps_timing_info", fault),
            (None, None) => list.add("vps_timing_info_present_flag", 0),
        }
        list.add("vps_extension_flag", u8::from(self.vps_extension_flag));
    }
}

impl Sps {
    fn fields(&self, list: &mut FieldList) {
        list.add("sps_video_parameter_set_id", self.sps_video_parameter_set_id);
        list.add("sps_max_sub_layers_minus1", self.sps_max_sub_layers_minus1);
        list.add("sps_temporal_id_nesting_flag", u8::from(self.sps_temporal_id_nesting_flag));
        list.nest("profile_tier_level", "", |list| self.profile_tier_level.fields(list));
        list.add("sps_seq_parameter_set_id", self.sps_seq_parameter_set_id);
        list.add_named("chroma_format_idc", self.chroma_format_idc, chroma_format_name(self.chroma_format_idc));
        if self.chroma_format_idc == 3 {
            list.add("separate_colour_plane_flag", u8::from(self.separate_colour_plane_flag));
        }
        list.add("pic_width_in_luma_samples", self.pic_width_in_luma_samples);
        list.add("pic_height_in_luma_samples", self.pic_height_in_luma_samples);
        let size = format!("{}x{}", self.width(), self.height());
        list.add_named("conformance_window_flag", u8::from(self.conformance_window.is_some()), &size);
        if let Some(window) = self.conformance_window {
            window.fields(
                list,
                ["conf_win_left_offset", "conf_win_right_offset", "conf_win_top_offset", "conf_win_bottom_offset"],
            );
        }
        list.add_named("bit_depth_luma_minus8", self.bit_depth_luma_minus8, &depth(self.bit_depth_luma_minus8));
        list.add_named("bit_depth_chroma_minus8", self.bit_depth_chroma_minus8, &depth(self.bit_depth_chroma_minus8));
        list.add("log2_max_pic_order_cnt_lsb_minus4", self.log2_max_pic_order_cnt_lsb_minus4);
        for layer in &self.sub_layer_ordering {
            layer.fields(
                list,
                ["sps_max_dec_pic_buffering_minus1", "sps_max_num_reorder_pics", "sps_max_latency_increase_plus1"],
            );
        }
        for (name, log2) in [
            ("MinCbLog2SizeY", self.log2_min_luma_coding_block_size),
            ("CtbLog2SizeY", self.log2_luma_coding_tree_block_size),
            ("MinTbLog2SizeY", self.log2_min_luma_transform_block_size),
            ("MaxTbLog2SizeY", self.log2_max_luma_transform_block_size),
        ] {
            let side = 1_u32 << log2.min(31);
            list.add_named(name, log2, &format!("{side}x{side}"));
        }
        list.add("max_transform_hierarchy_depth_inter", self.max_transform_hierarchy_depth_inter);
        list.add("max_transform_hierarchy_depth_intra", self.max_transform_hierarchy_depth_intra);
        list.add("scaling_list_enabled_flag", u8::from(self.scaling_list_enabled_flag));
        scaling_fields(list, self.scaling_lists.as_deref());
        list.add("amp_enabled_flag", u8::from(self.amp_enabled_flag));
        list.add("sample_adaptive_offset_enabled_flag", u8::from(self.sample_adaptive_offset_enabled_flag));
        list.add("pcm_enabled_flag", u8::from(self.pcm.is_some()));
        if let Some(pcm) = self.pcm {
            list.add("pcm_sample_bit_depth_luma_minus1", pcm.pcm_sample_bit_depth_luma_minus1);
            list.add("pcm_sample_bit_depth_chroma_minus1", pcm.pcm_sample_bit_depth_chroma_minus1);
            list.add("log2_min_pcm_luma_coding_block_size_minus3", pcm.log2_min_pcm_luma_coding_block_size_minus3);
            let diff = pcm.log2_diff_max_min_pcm_luma_coding_block_size;
            list.add("log2_diff_max_min_pcm_luma_coding_block_size", diff);
            list.add("pcm_loop_filter_disabled_flag", u8::from(pcm.pcm_loop_filter_disabled_flag));
        }
        list.add("num_short_term_ref_pic_sets", self.short_term_ref_pic_sets.len());
        for set in &self.short_term_ref_pic_sets {
            list.add("st_ref_pic_set", joined(set));
        }
        list.add("long_term_ref_pics_present_flag", u8::from(self.long_term_ref_pics.is_some()));
        for (poc_lsb, used) in self.long_term_ref_pics.iter().flatten() {
            list.add("lt_ref_pic_poc_lsb_sps", poc_lsb);
            list.add("used_by_curr_pic_lt_sps_flag", u8::from(*used));
        }
        list.add("sps_temporal_mvp_enabled_flag", u8::from(self.sps_temporal_mvp_enabled_flag));
        list.add("strong_intra_smoothing_enabled_flag", u8::from(self.strong_intra_smoothing_enabled_flag));
        match &self.vui {
            Some(vui) => list.nest("vui_parameters", "", |list| vui.fields(list, self.frame_rate())),
            None => list.add("vui_parameters_present_flag", u8::from(self.vui_fault.is_some())),
        }
        if let Some(fault) = &self.vui_fault {
            list.add("error", fault);
        }
        list.add("sps_extension_flags", format_args!("{:#04x}", self.extension_flags));
        if let Some(flags) = self.range_extension_flags {
            list.add("sps_range_extension", format_args!("{flags:#011b}"));
        }
    }
}

impl Window {
    fn fields(&self, list: &mut FieldList, [left, right, top, bottom]: [&'static str; 4]) {
        list.add(left, self.left);
        list.add(right, self.right);
        list.add(top, self.top);
        list.add(bottom, self.bottom);
    }
}

impl Vui {
    fn fields(&self, list: &mut FieldList, frame_rate: Option<(u32, u32)>) {
        self.display.fields(list, "matrix_coeffs");
        list.add("neutral_chroma_indication_flag", u8::from(self.neutral_chroma_indication_flag));
        let scan = if self.field_seq_flag { "every picture is a field" } else { "pictures are frames" };
        list.add_named("field_seq_flag", u8::from(self.field_seq_flag), scan);
        list.add("frame_field_info_present_flag", u8::from(self.frame_field_info_present_flag));
        list.add("default_display_window_flag", u8::from(self.default_display_window.is_some()));
        if let Some(window) = self.default_display_window {
            window.fields(
                list,
                [
                    "def_disp_win_left_offset",
                    "def_disp_win_right_offset",
                    "def_disp_win_top_offset",
                    "def_disp_win_bottom_offset",
                ],
            );
        }
        if let Some(timing) = &self.timing_info {
            list.add("vui_num_units_in_tick", timing.num_units_in_tick);
            let rate = frame_rate.map_or("unspecified".to_owned(), |(pictures, seconds)| match seconds {
                1 => format!("{pictures} pictures a second"),
                _ => format!("{pictures}/{seconds} pictures a second"),
            });
            list.add_named("vui_time_scale", timing.time_scale, &rate);
            if let Some(ticks) = timing.num_ticks_poc_diff_one_minus1 {
                list.add("vui_num_ticks_poc_diff_one_minus1", ticks);
            }
            if let Some(hrd) = &timing.hrd_parameters {
                list.nest("hrd_parameters", "", |list| hrd.fields(list));
            }
        }
        if let Some(restriction) = self.bitstream_restriction {
            list.add("tiles_fixed_structure_flag", u8::from(restriction.tiles_fixed_structure_flag));
            let over = restriction.motion_vectors_over_pic_boundaries_flag;
            list.add("motion_vectors_over_pic_boundaries_flag", u8::from(over));
            list.add("restricted_ref_pic_lists_flag", u8::from(restriction.restricted_ref_pic_lists_flag));
            list.add("min_spatial_segmentation_idc", restriction.min_spatial_segmentation_idc);
            list.add("max_bytes_per_pic_denom", restriction.max_bytes_per_pic_denom);
            list.add("max_bits_per_min_cu_denom", restriction.max_bits_per_min_cu_denom);
            list.add("log2_max_mv_length_horizontal", restriction.log2_max_mv_length_horizontal);
            list.add("log2_max_mv_length_vertical", restriction.log2_max_mv_length_vertical);
        }
    }
}

impl HrdParameters {
    fn fields(&self, list: &mut FieldList) {
        let common = &self.common;
        list.add("nal_hrd_parameters_present_flag", u8::from(common.nal_hrd_parameters_present_flag));
        list.add("vcl_hrd_parameters_present_flag", u8::from(common.vcl_hrd_parameters_present_flag));
        if let Some(sub_pic) = common.sub_pic {
            list.add("tick_divisor_minus2", sub_pic.tick_divisor_minus2);
            let increment = sub_pic.du_cpb_removal_delay_increment_length_minus1;
            list.add("du_cpb_removal_delay_increment_length_minus1", increment);
            let in_sei = sub_pic.sub_pic_cpb_params_in_pic_timing_sei_flag;
            list.add("sub_pic_cpb_params_in_pic_timing_sei_flag", u8::from(in_sei));
            list.add("dpb_output_delay_du_length_minus1", sub_pic.dpb_output_delay_du_length_minus1);
            list.add("cpb_size_du_scale", sub_pic.cpb_size_du_scale);
        }
        list.add("bit_rate_scale", common.bit_rate_scale);
        list.add("cpb_size_scale", common.cpb_size_scale);
        list.add("initial_cpb_removal_delay_length_minus1", common.initial_cpb_removal_delay_length_minus1);
        list.add("au_cpb_removal_delay_length_minus1", common.au_cpb_removal_delay_length_minus1);
        list.add("dpb_output_delay_length_minus1", common.dpb_output_delay_length_minus1);
        for layer in &self.sub_layers {
            list.nest("sub_layer", "", |list| {
                list.add("fixed_pic_rate_general_flag", u8::from(layer.fixed_pic_rate_general_flag));
                list.add("fixed_pic_rate_within_cvs_flag", u8::from(layer.fixed_pic_rate_within_cvs_flag));
                if let Some(duration) = layer.elemental_duration_in_tc_minus1 {
                    list.add("elemental_duration_in_tc_minus1", duration);
                }
                list.add("low_delay_hrd_flag", u8::from(layer.low_delay_hrd_flag));
                list.add("cpb_cnt_minus1", layer.cpb_cnt_minus1);
                for (name, schedules) in [("nal_hrd_parameters", &layer.nal), ("vcl_hrd_parameters", &layer.vcl)] {
                    for schedule in schedules {
                        let scales = (common.bit_rate_scale, common.cpb_size_scale);
                        list.nest(name, "", |list| schedule.fields(list, scales));
                    }
                }
            });
        }
    }
}

impl Schedule {
    fn fields(&self, list: &mut FieldList, (bit_rate_scale, cpb_size_scale): (u8, u8)) {
        // Up to 2^32 shifted by 21, which fits.
        let rate = (u64::from(self.bit_rate_value_minus1) + 1) << (6 + bit_rate_scale.min(15));
        let size = (u64::from(self.cpb_size_value_minus1) + 1) << (4 + cpb_size_scale.min(15));
        list.add_named("bit_rate_value_minus1", self.bit_rate_value_minus1, &format!("{rate} bits a second"));
        list.add_named("cpb_size_value_minus1", self.cpb_size_value_minus1, &format!("{size} bits"));
        if let Some((size, rate)) = self.du {
            list.add("cpb_size_du_value_minus1", size);
            list.add("bit_rate_du_value_minus1", rate);
        }
        list.add("cbr_flag", u8::from(self.cbr_flag));
    }
}

impl Pps {
    fn fields(&self, list: &mut FieldList) {
        list.add("pps_pic_parameter_set_id", self.pps_pic_parameter_set_id);
        list.add("pps_seq_parameter_set_id", self.pps_seq_parameter_set_id);
        list.add("dependent_slice_segments_enabled_flag", u8::from(self.dependent_slice_segments_enabled_flag));
        list.add("output_flag_present_flag", u8::from(self.output_flag_present_flag));
        list.add("num_extra_slice_header_bits", self.num_extra_slice_header_bits);
        list.add("sign_data_hiding_enabled_flag", u8::from(self.sign_data_hiding_enabled_flag));
        list.add("cabac_init_present_flag", u8::from(self.cabac_init_present_flag));
        list.add("num_ref_idx_l0_default_active_minus1", self.num_ref_idx_l0_default_active_minus1);
        list.add("num_ref_idx_l1_default_active_minus1", self.num_ref_idx_l1_default_active_minus1);
        list.add("init_qp_minus26", self.init_qp_minus26);
        list.add("constrained_intra_pred_flag", u8::from(self.constrained_intra_pred_flag));
        list.add("transform_skip_enabled_flag", u8::from(self.transform_skip_enabled_flag));
        list.add("cu_qp_delta_enabled_flag", u8::from(self.diff_cu_qp_delta_depth.is_some()));
        if let Some(depth) = self.diff_cu_qp_delta_depth {
            list.add("diff_cu_qp_delta_depth", depth);
        }
        list.add("pps_cb_qp_offset", self.pps_cb_qp_offset);
        list.add("pps_cr_qp_offset", self.pps_cr_qp_offset);
        let offsets = self.pps_slice_chroma_qp_offsets_present_flag;
        list.add("pps_slice_chroma_qp_offsets_present_flag", u8::from(offsets));
        list.add("weighted_pred_flag", u8::from(self.weighted_pred_flag));
        list.add("weighted_bipred_flag", u8::from(self.weighted_bipred_flag));
        list.add("transquant_bypass_enabled_flag", u8::from(self.transquant_bypass_enabled_flag));
        list.add("tiles_enabled_flag", u8::from(self.tiles.is_some()));
        list.add("entropy_coding_sync_enabled_flag", u8::from(self.entropy_coding_sync_enabled_flag));
        if let Some(tiles) = &self.tiles {
            tiles.fields(list);
        }
        let across = self.pps_loop_filter_across_slices_enabled_flag;
        list.add("pps_loop_filter_across_slices_enabled_flag", u8::from(across));
        list.add("deblocking_filter_control_present_flag", u8::from(self.deblocking.is_some()));
        if let Some(deblocking) = self.deblocking {
            let enabled = deblocking.deblocking_filter_override_enabled_flag;
            list.add("deblocking_filter_override_enabled_flag", u8::from(enabled));
            list.add("pps_deblocking_filter_disabled_flag", u8::from(deblocking.offsets.is_none()));
            if let Some((beta, tc)) = deblocking.offsets {
                list.add("pps_beta_offset_div2", beta);
                list.add("pps_tc_offset_div2", tc);
            }
        }
        list.add("pps_scaling_list_data_present_flag", u8::from(self.scaling_lists.is_some()));
        scaling_fields(list, self.scaling_lists.as_deref());
        list.add("lists_modification_present_flag", u8::from(self.lists_modification_present_flag));
        list.add("log2_parallel_merge_level_minus2", self.log2_parallel_merge_level_minus2);
        let extension = self.slice_segment_header_extension_present_flag;
        list.add("slice_segment_header_extension_present_flag", u8::from(extension));
        list.add("pps_extension_flags", format_args!("{:#04x}", self.extension_flags));
        if let Some(range) = &self.range_extension {
            list.nest("pps_range_extension", "", |list| range.fields(list));
        }
    }
}

impl Tiles {
    fn fields(&self, list: &mut FieldList) {
        list.add("num_tile_columns_minus1", self.num_tile_columns_minus1);
        list.add("num_tile_rows_minus1", self.num_tile_rows_minus1);
        list.add("uniform_spacing_flag", u8::from(self.sizes.is_none()));
        if let Some((widths, heights)) = &self.sizes {
            list.add("column_width_minus1", joined(widths));
            list.add("row_height_minus1", joined(heights));
        }
        list.add("loop_filter_across_tiles_enabled_flag", u8::from(self.loop_filter_across_tiles_enabled_flag));
    }
}

impl PpsRangeExtension {
    fn fields(&self, list: &mut FieldList) {
        if let Some(size) = self.log2_max_transform_skip_block_size_minus2 {
            list.add("log2_max_transform_skip_block_size_minus2", size);
        }
        list.add("cross_component_prediction_enabled_flag", u8::from(self.cross_component_prediction_enabled_flag));
        if let Some(depth) = self.diff_cu_chroma_qp_offset_depth {
            list.add("diff_cu_chroma_qp_offset_depth", depth);
        }
        for (cb, cr) in &self.chroma_qp_offsets {
            list.add("cb_qp_offset_list", cb);
            list.add("cr_qp_offset_list", cr);
        }
        list.add("log2_sao_offset_scale_luma", self.log2_sao_offset_scale_luma);
        list.add("log2_sao_offset_scale_chroma", self.log2_sao_offset_scale_chroma);
    }
}

fn scaling_fields(list: &mut FieldList, lists: Option<&[ScalingList]>) {
    for scaling in lists.unwrap_or_default() {
        let side = 4_u32 << scaling.size_id.min(3);
        let which = format!("{side}x{side}, matrix {}", scaling.matrix_id);
        match &scaling.values {
            ScalingListValues::Predicted { scaling_list_pred_matrix_id_delta: 0 } => {
                list.add("scaling_list", format_args!("{which}: default"));
            }
            ScalingListValues::Predicted { scaling_list_pred_matrix_id_delta } => {
                list.add("scaling_list", format_args!("{which}: as {scaling_list_pred_matrix_id_delta} before"));
            }
            ScalingListValues::Explicit { coefficients, .. } => {
                list.add("scaling_list", format_args!("{which}: {}", joined(coefficients)));
            }
        }
    }
}

/// What is in a NAL unit (Table 7-1), as far as it turns up beside parameter sets.
fn nal_unit_type_name(nal_unit_type: u8) -> &'static str {
    match nal_unit_type {
        NAL_IDR_W_RADL | NAL_IDR_N_LP => "IDR slice",
        NAL_CRA => "CRA slice",
        0..=31 => "slice",
        NAL_VPS => "VPS",
        NAL_SPS => "SPS",
        NAL_PPS => "PPS",
        NAL_AUD => "access unit delimiter",
        36 => "end of sequence",
        37 => "end of stream",
        38 => "filler data",
        NAL_PREFIX_SEI => "prefix SEI",
        NAL_SUFFIX_SEI => "suffix SEI",
        _ => "other",
    }
}

fn depth(minus8: u8) -> String {
    format!("{} bits", minus8.saturating_add(8))
}

fn joined<T: ToString>(values: &[T]) -> String {
    values.iter().map(ToString::to_string).collect::<Vec<String>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testdata::{HEVC_MAIN, HEVC_MAIN_10, hvcc};

    fn lines(data: &[u8]) -> Vec<String> {
        let mut list = FieldList::default();
        HevcDecoderConfigurationRecord::read(data).unwrap().fields(&mut list);
        let fields = list.into_fields();
        fields.iter().map(|field| format!("{}{} {}", "  ".repeat(field.depth), field.name, field.value)).collect()
    }

    #[test]
    fn values_come_with_what_they_mean() {
        let lines = lines(&hvcc(HEVC_MAIN_10));
        for expected in [
            "configurationVersion 1",
            "general_tier_flag 0 (Main)",
            "general_profile_idc 2 (Main 10)",
            "general_level_idc 120 (4)",
            "chroma_format_idc 1 (4:2:0)",
            "bitDepthLumaMinus8 2 (10 bits)",
            "lengthSizeMinusOne 3 (4 bytes)",
            "numOfArrays 3",
            "  NAL_unit_type 32 (VPS)",
            "    nal_unit_type 33 (SPS)",
            "    vps_timing_info_present_flag 0",
            "      general_level_idc 120 (4)",
            "    conformance_window_flag 1 (1918x1078)",
            "      colour_primaries 9 (BT.2020)",
            "      transfer_characteristics 16 (SMPTE ST 2084, PQ)",
            "      vui_time_scale 30000 (30000/1001 pictures a second)",
            "    entropy_coding_sync_enabled_flag 1",
        ] {
            assert!(lines.iter().any(|line| line == expected), "{expected} in {lines:#?}");
        }
    }

    #[test]
    fn what_cannot_be_read_says_why() {
        let mut data = hvcc(HEVC_MAIN);
        let last = data.len() - 7;
        data.truncate(last);
        data.extend([0x44, 0x01, 0, 0, 0, 0, 0x40]);
        let lines = lines(&data);
        assert!(lines.iter().any(|line| line.starts_with("    error H.265 PPS byte 2: pps_pic_parameter_set_id")));
    }
}
