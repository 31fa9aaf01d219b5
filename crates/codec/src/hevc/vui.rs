//! Video usability information of H.265 (ITU-T H.265, E.2.1), with `hrd_parameters()` (E.2.2).

use crate::{bits::BitReader, error::Error, vui::DisplayParameters};

/// Video usability information.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Vui {
    /// Shape, range and colour of the samples.
    pub display: DisplayParameters,
    /// `neutral_chroma_indication_flag`.
    pub neutral_chroma_indication_flag: bool,
    /// `field_seq_flag`: whether every picture is one field.
    pub field_seq_flag: bool,
    /// `frame_field_info_present_flag`.
    pub frame_field_info_present_flag: bool,
    /// The default display window, in chroma units and on top of the conformance window. Players ignore it, and the
    /// sizes that this crate derives do too.
    pub default_display_window: Option<Window>,
    /// Timing, when present.
    pub timing_info: Option<TimingInfo>,
    /// Bitstream restrictions, when present.
    pub bitstream_restriction: Option<BitstreamRestriction>,
}

/// Offsets of a window into the coded picture, in chroma units (SubWidthC, SubHeightC).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    /// The left offset.
    pub left: u32,
    /// The right offset.
    pub right: u32,
    /// The top offset.
    pub top: u32,
    /// The bottom offset.
    pub bottom: u32,
}

/// Clock ticks of the stream; a picture takes one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TimingInfo {
    /// `vui_num_units_in_tick`, in units of `time_scale`.
    pub num_units_in_tick: u32,
    /// `vui_time_scale`, units in a second.
    pub time_scale: u32,
    /// `vui_num_ticks_poc_diff_one_minus1`, when picture order counts are proportional to time.
    pub num_ticks_poc_diff_one_minus1: Option<u32>,
    /// Whether `hrd_parameters()` were there; they are checked and not kept.
    pub hrd_parameters_present_flag: bool,
}

/// What the stream promises about itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BitstreamRestriction {
    /// `tiles_fixed_structure_flag`.
    pub tiles_fixed_structure_flag: bool,
    /// `motion_vectors_over_pic_boundaries_flag`.
    pub motion_vectors_over_pic_boundaries_flag: bool,
    /// `restricted_ref_pic_lists_flag`.
    pub restricted_ref_pic_lists_flag: bool,
    /// `min_spatial_segmentation_idc`, 0 to 4095.
    pub min_spatial_segmentation_idc: u16,
}

impl Vui {
    pub(crate) fn read(r: &mut BitReader<'_>, max_sub_layers_minus1: u8) -> Result<Self, Error> {
        r.cite("ITU-T H.265, E.3.1");
        let display = DisplayParameters::read(r)?;
        let neutral_chroma_indication_flag = r.flag("neutral_chroma_indication_flag")?;
        let field_seq_flag = r.flag("field_seq_flag")?;
        let frame_field_info_present_flag = r.flag("frame_field_info_present_flag")?;
        let default_display_window = if r.flag("default_display_window_flag")? {
            Some(Window {
                left: r.ue("def_disp_win_left_offset")?,
                right: r.ue("def_disp_win_right_offset")?,
                top: r.ue("def_disp_win_top_offset")?,
                bottom: r.ue("def_disp_win_bottom_offset")?,
            })
        } else {
            None
        };
        let timing_info = if r.flag("vui_timing_info_present_flag")? {
            Some(TimingInfo::read(r, max_sub_layers_minus1)?)
        } else {
            None
        };
        let bitstream_restriction =
            if r.flag("bitstream_restriction_flag")? { Some(BitstreamRestriction::read(r)?) } else { None };
        Ok(Self {
            display,
            neutral_chroma_indication_flag,
            field_seq_flag,
            frame_field_info_present_flag,
            default_display_window,
            timing_info,
            bitstream_restriction,
        })
    }
}

impl TimingInfo {
    fn read(r: &mut BitReader<'_>, max_sub_layers_minus1: u8) -> Result<Self, Error> {
        let num_units_in_tick = r.u(32, "vui_num_units_in_tick")?;
        let time_scale = r.u(32, "vui_time_scale")?;
        let num_ticks_poc_diff_one_minus1 = if r.flag("vui_poc_proportional_to_timing_flag")? {
            Some(r.ue("vui_num_ticks_poc_diff_one_minus1")?)
        } else {
            None
        };
        let hrd_parameters_present_flag = r.flag("vui_hrd_parameters_present_flag")?;
        if hrd_parameters_present_flag {
            skip_hrd_parameters(r, max_sub_layers_minus1)?;
        }
        Ok(Self { num_units_in_tick, time_scale, num_ticks_poc_diff_one_minus1, hrd_parameters_present_flag })
    }
}

impl BitstreamRestriction {
    fn read(r: &mut BitReader<'_>) -> Result<Self, Error> {
        let restriction = Self {
            tiles_fixed_structure_flag: r.flag("tiles_fixed_structure_flag")?,
            motion_vectors_over_pic_boundaries_flag: r.flag("motion_vectors_over_pic_boundaries_flag")?,
            restricted_ref_pic_lists_flag: r.flag("restricted_ref_pic_lists_flag")?,
            min_spatial_segmentation_idc: {
                let [low, high, ..] = r.ue_max("min_spatial_segmentation_idc", 4095)?.to_le_bytes();
                u16::from_le_bytes([low, high])
            },
        };
        r.ue_max8("max_bytes_per_pic_denom", 16)?;
        r.ue_max8("max_bits_per_min_cu_denom", 16)?;
        r.ue_max8("log2_max_mv_length_horizontal", 16)?;
        r.ue_max8("log2_max_mv_length_vertical", 16)?;
        Ok(restriction)
    }
}

/// `hrd_parameters(1, max_sub_layers_minus1)`, E.2.2.
fn skip_hrd_parameters(r: &mut BitReader<'_>, max_sub_layers_minus1: u8) -> Result<(), Error> {
    r.cite("ITU-T H.265, E.3.2");
    let nal = r.flag("nal_hrd_parameters_present_flag")?;
    let vcl = r.flag("vcl_hrd_parameters_present_flag")?;
    let mut sub_pic = false;
    if nal || vcl {
        sub_pic = r.flag("sub_pic_hrd_params_present_flag")?;
        if sub_pic {
            r.u8(8, "tick_divisor_minus2")?;
            r.u8(5, "du_cpb_removal_delay_increment_length_minus1")?;
            r.flag("sub_pic_cpb_params_in_pic_timing_sei_flag")?;
            r.u8(5, "dpb_output_delay_du_length_minus1")?;
        }
        r.u8(4, "bit_rate_scale")?;
        r.u8(4, "cpb_size_scale")?;
        if sub_pic {
            r.u8(4, "cpb_size_du_scale")?;
        }
        r.u8(5, "initial_cpb_removal_delay_length_minus1")?;
        r.u8(5, "au_cpb_removal_delay_length_minus1")?;
        r.u8(5, "dpb_output_delay_length_minus1")?;
    }
    for _ in 0..=max_sub_layers_minus1 {
        let general = r.flag("fixed_pic_rate_general_flag")?;
        let within_cvs = general || r.flag("fixed_pic_rate_within_cvs_flag")?;
        let mut low_delay = false;
        if within_cvs {
            r.ue_max("elemental_duration_in_tc_minus1", 2047)?;
        } else {
            low_delay = r.flag("low_delay_hrd_flag")?;
        }
        let cpb_cnt_minus1 = if low_delay { 0 } else { r.ue_max8("cpb_cnt_minus1", 31)? };
        for _ in 0..u8::from(nal) + u8::from(vcl) {
            for _ in 0..=cpb_cnt_minus1 {
                r.ue("bit_rate_value_minus1")?;
                r.ue("cpb_size_value_minus1")?;
                if sub_pic {
                    r.ue("cpb_size_du_value_minus1")?;
                    r.ue("bit_rate_du_value_minus1")?;
                }
                r.flag("cbr_flag")?;
            }
        }
    }
    r.cite("ITU-T H.265, E.3.1");
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bits::BitWriter;

    #[test]
    fn hrd_with_sub_pictures_and_both_kinds_is_skipped_to_the_bit() {
        let mut w = BitWriter::default();
        w.put(3, 0b111_u32); // nal, vcl, sub_pic
        w.put(19, 0_u32); // divisor, increment length, in SEI, delay length
        w.put(12, 0_u32); // three scales
        w.put(15, 0_u32); // three lengths
        w.put(2, 0b11_u32); // fixed general, elemental duration 0
        w.put(3, 0b010_u32); // two schedules
        for _ in 0..4 {
            w.put(5, 0b11110_u32); // four values of 0, cbr_flag
        }
        w.put(8, 0x5a_u32);
        let data = w.finish();
        let r = &mut BitReader::plain(&data, "test", "");
        skip_hrd_parameters(r, 0).unwrap();
        assert_eq!(r.u8(8, "next").unwrap(), 0x5a);
    }

    #[test]
    fn low_delay_hrd_has_one_schedule_unsaid() {
        let mut w = BitWriter::default();
        w.put(3, 0b100_u32); // nal only, no sub_pic
        w.put(23, 0_u32); // two scales, three lengths
        w.put(3, 0b001_u32); // not fixed, not within, low delay
        w.put(3, 0b110_u32); // one schedule
        w.put(8, 0xa5_u32);
        let data = w.finish();
        let r = &mut BitReader::plain(&data, "test", "");
        skip_hrd_parameters(r, 0).unwrap();
        assert_eq!(r.u8(8, "next").unwrap(), 0xa5);
    }
}
