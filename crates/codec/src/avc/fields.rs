//! A configuration record of H.264 field by field, in words, with all that its parameter sets say.

use super::{
    AvcDecoderConfigurationRecord, NAL_AUD, NAL_PPS, NAL_SEI, NAL_SPS, NAL_SPS_EXT, level_name, nal_unit_type,
    pps::{Pps, SliceGroupMap, SliceGroups},
    profile_name,
    scaling::ScalingList,
    sets::{ParameterSets, bare_units},
    sps::{PicOrderCnt, Sps},
    vui::{HrdParameters, Vui},
};
use crate::{error::Error, field::FieldList, vui::chroma_format_name};

const UNKNOWN: &str = "unknown";

impl AvcDecoderConfigurationRecord {
    /// Adds every field.
    pub(crate) fn fields(&self, list: &mut FieldList) {
        list.add("configurationVersion", 1);
        let (profile, flags) = (self.avc_profile_indication, self.profile_compatibility);
        list.add_named("AVCProfileIndication", profile, profile_name(profile, flags).unwrap_or(UNKNOWN));
        list.add("profile_compatibility", format_args!("{flags:#04x}"));
        let level = self.avc_level_indication;
        list.add_named("AVCLevelIndication", level, &level_name(level, profile, flags));
        let bytes = self.length_size.bytes();
        list.add_named("lengthSizeMinusOne", bytes - 1, &format!("{bytes} bytes"));
        // One of each id, however many there are.
        let sets: Vec<Sps> = ParameterSets::pick(self.nal_units()).sps.into_iter().map(|(_, sps)| sps).collect();
        list.add("numOfSequenceParameterSets", self.sequence_parameter_sets.len());
        for unit in &self.sequence_parameter_sets {
            unit_fields(list, "sequenceParameterSetNALUnit", unit, &sets);
        }
        list.add("numOfPictureParameterSets", self.picture_parameter_sets.len());
        for unit in &self.picture_parameter_sets {
            unit_fields(list, "pictureParameterSetNALUnit", unit, &sets);
        }
        if let Some(high) = &self.high_profile {
            list.add_named("chroma_format", high.chroma_format, chroma_format_name(high.chroma_format));
            list.add_named("bit_depth_luma_minus8", high.bit_depth_luma_minus8, &depth(high.bit_depth_luma_minus8));
            let chroma = high.bit_depth_chroma_minus8;
            list.add_named("bit_depth_chroma_minus8", chroma, &depth(chroma));
            list.add("numOfSequenceParameterSetExt", high.sequence_parameter_set_ext.len());
            for unit in &high.sequence_parameter_set_ext {
                unit_fields(list, "sequenceParameterSetExtNALUnit", unit, &sets);
            }
        }
        if !self.trailing.is_empty() {
            list.add("trailing bytes", self.trailing.len());
        }
    }
}

/// One NAL unit: its header, and what is in it when it is a parameter set.
fn unit_fields(list: &mut FieldList, name: &'static str, unit: &[u8], sets: &[Sps]) {
    list.nest(name, format_args!("{} bytes", unit.len()), |list| {
        for unit in bare_units(unit) {
            let header = unit.first().copied().unwrap_or_default();
            list.add("nal_ref_idc", (header >> 5) & 3);
            let nal_unit_type = nal_unit_type(unit).unwrap_or_default();
            list.add_named("nal_unit_type", nal_unit_type, nal_unit_type_name(nal_unit_type));
            match nal_unit_type {
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

impl Sps {
    fn fields(&self, list: &mut FieldList) {
        let (profile, flags) = (self.profile_idc, self.constraint_flags);
        list.add_named("profile_idc", profile, profile_name(profile, flags).unwrap_or(UNKNOWN));
        list.add("constraint_set_flags", format_args!("{flags:#04x}"));
        list.add_named("level_idc", self.level_idc, &level_name(self.level_idc, profile, flags));
        list.add("seq_parameter_set_id", self.seq_parameter_set_id);
        if super::level::has_chroma_fields(profile) {
            list.add_named("chroma_format_idc", self.chroma_format_idc, chroma_format_name(self.chroma_format_idc));
            if self.chroma_format_idc == 3 {
                list.add("separate_colour_plane_flag", u8::from(self.separate_colour_plane_flag));
            }
            list.add_named("bit_depth_luma_minus8", self.bit_depth_luma_minus8, &depth(self.bit_depth_luma_minus8));
            let chroma = self.bit_depth_chroma_minus8;
            list.add_named("bit_depth_chroma_minus8", chroma, &depth(chroma));
            let bypass = self.qpprime_y_zero_transform_bypass_flag;
            list.add("qpprime_y_zero_transform_bypass_flag", u8::from(bypass));
            list.add("seq_scaling_matrix_present_flag", u8::from(self.seq_scaling_lists.is_some()));
            scaling_fields(list, self.seq_scaling_lists.as_deref());
        }
        list.add("log2_max_frame_num_minus4", self.log2_max_frame_num_minus4);
        self.pic_order_cnt.fields(list);
        list.add("max_num_ref_frames", self.max_num_ref_frames);
        list.add("gaps_in_frame_num_value_allowed_flag", u8::from(self.gaps_in_frame_num_value_allowed_flag));
        let width = format!("{} samples", self.coded_width());
        list.add_named("pic_width_in_mbs_minus1", self.pic_width_in_mbs_minus1, &width);
        let height = format!("{} rows", self.coded_height());
        list.add_named("pic_height_in_map_units_minus1", self.pic_height_in_map_units_minus1, &height);
        let scan = if self.frame_mbs_only_flag { "progressive" } else { "may be interlaced" };
        list.add_named("frame_mbs_only_flag", u8::from(self.frame_mbs_only_flag), scan);
        if !self.frame_mbs_only_flag {
            list.add("mb_adaptive_frame_field_flag", u8::from(self.mb_adaptive_frame_field_flag));
        }
        list.add("direct_8x8_inference_flag", u8::from(self.direct_8x8_inference_flag));
        let size = format!("{}x{}", self.width(), self.height());
        list.add_named("frame_cropping_flag", u8::from(self.frame_cropping.is_some()), &size);
        if let Some(crop) = self.frame_cropping {
            list.add("frame_crop_left_offset", crop.left);
            list.add("frame_crop_right_offset", crop.right);
            list.add("frame_crop_top_offset", crop.top);
            list.add("frame_crop_bottom_offset", crop.bottom);
        }
        match (&self.vui, &self.vui_fault) {
            (Some(vui), _) => list.nest("vui_parameters", "", |list| vui.fields(list, self.frame_rate())),
            (None, Some(fault)) => list.nest("vui_parameters", "", |list| list.add("error", fault)),
            (None, None) => list.add("vui_parameters_present_flag", 0),
        }
    }
}

impl PicOrderCnt {
    fn fields(&self, list: &mut FieldList) {
        match self {
            Self::Type0 { log2_max_pic_order_cnt_lsb_minus4 } => {
                list.add("pic_order_cnt_type", 0);
                list.add("log2_max_pic_order_cnt_lsb_minus4", log2_max_pic_order_cnt_lsb_minus4);
            }
            Self::Type1 {
                delta_pic_order_always_zero_flag,
                offset_for_non_ref_pic,
                offset_for_top_to_bottom_field,
                offset_for_ref_frame,
            } => {
                list.add("pic_order_cnt_type", 1);
                list.add("delta_pic_order_always_zero_flag", u8::from(*delta_pic_order_always_zero_flag));
                list.add("offset_for_non_ref_pic", offset_for_non_ref_pic);
                list.add("offset_for_top_to_bottom_field", offset_for_top_to_bottom_field);
                list.add("offset_for_ref_frame", joined(offset_for_ref_frame));
            }
            Self::Type2 => list.add_named("pic_order_cnt_type", 2, "output order is decoding order"),
        }
    }
}

impl Vui {
    fn fields(&self, list: &mut FieldList, frame_rate: Option<(u32, u32)>) {
        self.display.fields(list, "matrix_coefficients");
        if let Some(timing) = self.timing_info {
            list.add("num_units_in_tick", timing.num_units_in_tick);
            let rate = frame_rate.map_or("unspecified".to_owned(), |(frames, seconds)| match seconds {
                1 => format!("{frames} frames a second"),
                _ => format!("{frames}/{seconds} frames a second"),
            });
            list.add_named("time_scale", timing.time_scale, &rate);
            list.add("fixed_frame_rate_flag", u8::from(timing.fixed_frame_rate_flag));
        }
        for (name, hrd) in [("nal_hrd_parameters", &self.nal_hrd), ("vcl_hrd_parameters", &self.vcl_hrd)] {
            if let Some(hrd) = hrd {
                list.nest(name, "", |list| hrd.fields(list));
            }
        }
        if self.nal_hrd.is_some() || self.vcl_hrd.is_some() {
            list.add("low_delay_hrd_flag", u8::from(self.low_delay_hrd_flag));
        }
        list.add("pic_struct_present_flag", u8::from(self.pic_struct_present_flag));
        if let Some(restriction) = self.bitstream_restriction {
            let over = restriction.motion_vectors_over_pic_boundaries_flag;
            list.add("motion_vectors_over_pic_boundaries_flag", u8::from(over));
            list.add("max_bytes_per_pic_denom", restriction.max_bytes_per_pic_denom);
            list.add("max_bits_per_mb_denom", restriction.max_bits_per_mb_denom);
            list.add("log2_max_mv_length_horizontal", restriction.log2_max_mv_length_horizontal);
            list.add("log2_max_mv_length_vertical", restriction.log2_max_mv_length_vertical);
            list.add("max_num_reorder_frames", restriction.max_num_reorder_frames);
            list.add("max_dec_frame_buffering", restriction.max_dec_frame_buffering);
        }
    }
}

impl HrdParameters {
    fn fields(&self, list: &mut FieldList) {
        list.add("cpb_cnt_minus1", self.cpb_cnt_minus1);
        list.add("bit_rate_scale", self.bit_rate_scale);
        list.add("cpb_size_scale", self.cpb_size_scale);
        for schedule in &self.schedules {
            // Up to 2^32 shifted by 21, which fits.
            let rate = (u64::from(schedule.bit_rate_value_minus1) + 1) << (6 + self.bit_rate_scale.min(15));
            let size = (u64::from(schedule.cpb_size_value_minus1) + 1) << (4 + self.cpb_size_scale.min(15));
            let value = schedule.bit_rate_value_minus1;
            list.add_named("bit_rate_value_minus1", value, &format!("{rate} bits a second"));
            list.add_named("cpb_size_value_minus1", schedule.cpb_size_value_minus1, &format!("{size} bits"));
            list.add("cbr_flag", u8::from(schedule.cbr_flag));
        }
        list.add("initial_cpb_removal_delay_length_minus1", self.initial_cpb_removal_delay_length_minus1);
        list.add("cpb_removal_delay_length_minus1", self.cpb_removal_delay_length_minus1);
        list.add("dpb_output_delay_length_minus1", self.dpb_output_delay_length_minus1);
        list.add("time_offset_length", self.time_offset_length);
    }
}

impl Pps {
    fn fields(&self, list: &mut FieldList) {
        list.add("pic_parameter_set_id", self.pic_parameter_set_id);
        list.add("seq_parameter_set_id", self.seq_parameter_set_id);
        let coding = if self.entropy_coding_mode_flag { "CABAC" } else { "CAVLC" };
        list.add_named("entropy_coding_mode_flag", u8::from(self.entropy_coding_mode_flag), coding);
        let bottom = self.bottom_field_pic_order_in_frame_present_flag;
        list.add("bottom_field_pic_order_in_frame_present_flag", u8::from(bottom));
        match &self.slice_groups {
            Some(groups) => groups.fields(list),
            None => list.add("num_slice_groups_minus1", 0),
        }
        list.add("num_ref_idx_l0_default_active_minus1", self.num_ref_idx_l0_default_active_minus1);
        list.add("num_ref_idx_l1_default_active_minus1", self.num_ref_idx_l1_default_active_minus1);
        list.add("weighted_pred_flag", u8::from(self.weighted_pred_flag));
        let bipred = match self.weighted_bipred_idc {
            0 => "none",
            1 => "explicit",
            _ => "implicit",
        };
        list.add_named("weighted_bipred_idc", self.weighted_bipred_idc, bipred);
        list.add("pic_init_qp_minus26", self.pic_init_qp_minus26);
        list.add("pic_init_qs_minus26", self.pic_init_qs_minus26);
        list.add("chroma_qp_index_offset", self.chroma_qp_index_offset);
        let deblocking = self.deblocking_filter_control_present_flag;
        list.add("deblocking_filter_control_present_flag", u8::from(deblocking));
        list.add("constrained_intra_pred_flag", u8::from(self.constrained_intra_pred_flag));
        list.add("redundant_pic_cnt_present_flag", u8::from(self.redundant_pic_cnt_present_flag));
        if let Some(transform) = &self.transform {
            list.add("transform_8x8_mode_flag", u8::from(transform.transform_8x8_mode_flag));
            list.add("pic_scaling_matrix_present_flag", u8::from(transform.pic_scaling_lists.is_some()));
            scaling_fields(list, transform.pic_scaling_lists.as_deref());
            list.add("second_chroma_qp_index_offset", transform.second_chroma_qp_index_offset);
        }
    }
}

impl SliceGroups {
    fn fields(&self, list: &mut FieldList) {
        list.add("num_slice_groups_minus1", self.num_slice_groups_minus1);
        match &self.map {
            SliceGroupMap::Interleaved { run_length_minus1 } => {
                list.add_named("slice_group_map_type", 0, "interleaved");
                list.add("run_length_minus1", joined(run_length_minus1));
            }
            SliceGroupMap::Dispersed => list.add_named("slice_group_map_type", 1, "dispersed"),
            SliceGroupMap::Foreground { corners } => {
                list.add_named("slice_group_map_type", 2, "foreground and left-over");
                for (top_left, bottom_right) in corners {
                    list.add("top_left", top_left);
                    list.add("bottom_right", bottom_right);
                }
            }
            SliceGroupMap::Changing {
                slice_group_map_type,
                slice_group_change_direction_flag,
                slice_group_change_rate_minus1,
            } => {
                let name = match slice_group_map_type {
                    3 => "box-out",
                    4 => "raster scan",
                    _ => "wipe",
                };
                list.add_named("slice_group_map_type", slice_group_map_type, name);
                list.add("slice_group_change_direction_flag", u8::from(*slice_group_change_direction_flag));
                list.add("slice_group_change_rate_minus1", slice_group_change_rate_minus1);
            }
            SliceGroupMap::Explicit { slice_group_id } => {
                list.add_named("slice_group_map_type", 6, "explicit");
                list.add("slice_group_id", format_args!("{} map units", slice_group_id.len()));
            }
        }
    }
}

fn scaling_fields(list: &mut FieldList, lists: Option<&[ScalingList]>) {
    for scaling in lists.unwrap_or_default() {
        match scaling {
            ScalingList::FallBack => list.add("scaling_list", "fall-back"),
            ScalingList::Default => list.add("scaling_list", "default"),
            ScalingList::Explicit(values) => list.add("scaling_list", joined(values)),
        }
    }
}

/// What is in a NAL unit (Table 7-1), as far as it turns up beside parameter sets.
fn nal_unit_type_name(nal_unit_type: u8) -> &'static str {
    match nal_unit_type {
        1 => "slice",
        2..=4 => "slice data partition",
        5 => "IDR slice",
        NAL_SEI => "SEI",
        NAL_SPS => "SPS",
        NAL_PPS => "PPS",
        NAL_AUD => "access unit delimiter",
        10 => "end of sequence",
        11 => "end of stream",
        12 => "filler data",
        NAL_SPS_EXT => "SPS extension",
        14 => "prefix",
        15 => "subset SPS",
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
    use crate::testdata::{AVC_GET_MEDIA, AVC_HIGH_444, AVC_HIGH_1080P, AVC_VOGELS, hex};

    fn lines(data: &str) -> Vec<String> {
        let mut list = FieldList::default();
        AvcDecoderConfigurationRecord::read(&hex(data)).unwrap().fields(&mut list);
        let fields = list.into_fields();
        fields.iter().map(|field| format!("{}{} {}", "  ".repeat(field.depth), field.name, field.value)).collect()
    }

    #[test]
    fn values_come_with_what_they_mean() {
        let lines = lines(AVC_HIGH_1080P);
        for expected in [
            "AVCProfileIndication 100 (High)",
            "AVCLevelIndication 40 (4)",
            "lengthSizeMinusOne 3 (4 bytes)",
            "numOfSequenceParameterSets 1",
            "sequenceParameterSetNALUnit 29 bytes",
            "  nal_unit_type 7 (SPS)",
            "  profile_idc 100 (High)",
            "  chroma_format_idc 1 (4:2:0)",
            "  bit_depth_luma_minus8 0 (8 bits)",
            "  pic_height_in_map_units_minus1 67 (1088 rows)",
            "  frame_cropping_flag 1 (1920x1080)",
            "  frame_crop_bottom_offset 4",
            "    aspect_ratio_idc 1 (1:1)",
            "    video_full_range_flag 0 (limited range)",
            "    colour_primaries 1 (BT.709)",
            "    time_scale 60000 (30000/1001 frames a second)",
            "    max_num_reorder_frames 2",
            "  entropy_coding_mode_flag 1 (CABAC)",
            "  transform_8x8_mode_flag 1",
            "chroma_format 1 (4:2:0)",
            "numOfSequenceParameterSetExt 0",
        ] {
            assert!(lines.iter().any(|line| line == expected), "{expected} in {lines:#?}");
        }
    }

    #[test]
    fn buffers_and_profiles_are_spelled_out() {
        let get_media = lines(AVC_GET_MEDIA);
        assert!(get_media.iter().any(|line| line == "    nal_hrd_parameters "), "{get_media:#?}");
        assert!(get_media.iter().any(|line| line.starts_with("      bit_rate_value_minus1 ")));
        assert!(lines(AVC_VOGELS).iter().any(|line| line == "AVCProfileIndication 66 (Constrained Baseline)"));
        assert!(lines(AVC_HIGH_444).iter().any(|line| line == "chroma_format 3 (4:4:4)"));
    }

    #[test]
    fn a_pps_goes_with_the_last_sps_of_its_id() {
        // pic_init_qp_minus26 is -30, which a depth of 10 bits allows and one of 8 does not.
        let high_10 = "676e000da6cd941519e226c044000003000400000300c83c50a658";
        let high = "67640028acd940780227e5c05a808080a000007d20001d4c01e30632c0";
        let is_read = |sets: [&str; 2]| {
            let sets: String = sets.iter().map(|set| format!("{:04x}{set}", set.len() / 2)).collect();
            lines(&format!("01640028ffe2{sets}01000568ce01ee20")).iter().any(|line| line == "  pic_init_qp_minus26 -30")
        };
        assert!(is_read([high, high_10]));
        assert!(!is_read([high_10, high]));
    }

    #[test]
    fn what_cannot_be_read_says_why() {
        let lines = lines("0164001effe10003676410010001ee");
        assert!(
            lines.iter().any(|line| line.starts_with("  error H.264 SPS byte 3: level_idc is cut off")),
            "{lines:#?}"
        );
    }
}
