//! Video usability information of H.265 (ITU-T H.265, E.2.1).

use super::hrd::HrdParameters;
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
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TimingInfo {
    /// `vui_num_units_in_tick`, in units of `time_scale`.
    pub num_units_in_tick: u32,
    /// `vui_time_scale`, units in a second.
    pub time_scale: u32,
    /// `vui_num_ticks_poc_diff_one_minus1`, when picture order counts are proportional to time.
    pub num_ticks_poc_diff_one_minus1: Option<u32>,
    /// `hrd_parameters()`, when present.
    pub hrd_parameters: Option<HrdParameters>,
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
    /// `max_bytes_per_pic_denom`, 0 to 16.
    pub max_bytes_per_pic_denom: u32,
    /// `max_bits_per_min_cu_denom`, 0 to 16.
    pub max_bits_per_min_cu_denom: u32,
    /// `log2_max_mv_length_horizontal`, 0 to 15.
    pub log2_max_mv_length_horizontal: u32,
    /// `log2_max_mv_length_vertical`, 0 to 15.
    pub log2_max_mv_length_vertical: u32,
}

impl Vui {
    /// `room` is what the conformance window leaves of the picture, in chroma units.
    pub(super) fn read(r: &mut BitReader<'_>, max_sub_layers_minus1: u8, room: (u32, u32)) -> Result<Self, Error> {
        r.cite("ITU-T H.265, E.3.1");
        let display = DisplayParameters::read(r)?;
        let neutral_chroma_indication_flag = r.flag("neutral_chroma_indication_flag")?;
        let field_seq_flag = r.flag("field_seq_flag")?;
        let start = r.offset();
        let frame_field_info_present_flag = r.flag("frame_field_info_present_flag")?;
        if field_seq_flag && !frame_field_info_present_flag {
            r.note(start, "frame_field_info_present_flag", "is 0, with field_seq_flag 1 it is to be 1");
        }
        let default_display_window =
            if r.flag("default_display_window_flag")? { Some(read_default_display_window(r, room)?) } else { None };
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

fn read_default_display_window(r: &mut BitReader<'_>, (columns, rows): (u32, u32)) -> Result<Window, Error> {
    let start = r.offset();
    let window = Window {
        left: r.ue("def_disp_win_left_offset")?,
        right: r.ue("def_disp_win_right_offset")?,
        top: r.ue("def_disp_win_top_offset")?,
        bottom: r.ue("def_disp_win_bottom_offset")?,
    };
    if window.left.saturating_add(window.right) >= columns {
        r.note(start, "def_disp_win_left_offset", "and the one on the right leave no column");
    }
    if window.top.saturating_add(window.bottom) >= rows {
        r.note(start, "def_disp_win_top_offset", "and the one at the bottom leave no row");
    }
    Ok(window)
}

impl TimingInfo {
    fn read(r: &mut BitReader<'_>, max_sub_layers_minus1: u8) -> Result<Self, Error> {
        let start = r.offset();
        let num_units_in_tick = r.u(32, "vui_num_units_in_tick")?;
        if num_units_in_tick == 0 {
            r.note(start, "vui_num_units_in_tick", "is 0, it is to be greater");
        }
        let start = r.offset();
        let time_scale = r.u(32, "vui_time_scale")?;
        if time_scale == 0 {
            r.note(start, "vui_time_scale", "is 0, it is to be greater");
        }
        let num_ticks_poc_diff_one_minus1 = if r.flag("vui_poc_proportional_to_timing_flag")? {
            Some(r.ue("vui_num_ticks_poc_diff_one_minus1")?)
        } else {
            None
        };
        let hrd_parameters = if r.flag("vui_hrd_parameters_present_flag")? {
            Some(HrdParameters::read(r, None, max_sub_layers_minus1)?)
        } else {
            None
        };
        r.cite("ITU-T H.265, E.3.1");
        Ok(Self { num_units_in_tick, time_scale, num_ticks_poc_diff_one_minus1, hrd_parameters })
    }
}

impl BitstreamRestriction {
    fn read(r: &mut BitReader<'_>) -> Result<Self, Error> {
        Ok(Self {
            tiles_fixed_structure_flag: r.flag("tiles_fixed_structure_flag")?,
            motion_vectors_over_pic_boundaries_flag: r.flag("motion_vectors_over_pic_boundaries_flag")?,
            restricted_ref_pic_lists_flag: r.flag("restricted_ref_pic_lists_flag")?,
            min_spatial_segmentation_idc: {
                let [low, high, ..] = r.ue_max("min_spatial_segmentation_idc", 4095)?.to_le_bytes();
                u16::from_le_bytes([low, high])
            },
            max_bytes_per_pic_denom: r.ue_expected("max_bytes_per_pic_denom", 16)?,
            max_bits_per_min_cu_denom: r.ue_expected("max_bits_per_min_cu_denom", 16)?,
            log2_max_mv_length_horizontal: r.ue_expected("log2_max_mv_length_horizontal", 15)?,
            log2_max_mv_length_vertical: r.ue_expected("log2_max_mv_length_vertical", 15)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bits::BitWriter;

    #[test]
    fn what_nobody_minds_is_noted() {
        let mut w = BitWriter::default();
        w.put(4, 0_u32); // shape, overscan, signal, chroma location
        w.put(3, 0b010_u32); // neutral, field sequence, frame and field info
        w.put(1, 1_u32); // window
        for value in [0b00110_u32, 1, 1, 1] {
            w.put(if value == 1 { 1 } else { 5 }, value); // 5, 0, 0, 0
        }
        w.put(1, 1_u32); // timing
        w.put(32, 0_u32);
        w.put(32, 25_u32);
        w.put(2, 0_u32); // proportional, hrd
        w.put(1, 0_u32); // restriction
        let data = w.finish();
        let r = &mut BitReader::plain(&data, "test", "");
        let vui = Vui::read(r, 0, (5, 5)).unwrap();
        assert_eq!(vui.default_display_window.unwrap().left, 5);
        let fields: Vec<&str> = r.take_oddities().iter().map(Error::field).collect();
        assert_eq!(fields, ["frame_field_info_present_flag", "def_disp_win_left_offset", "vui_num_units_in_tick"]);
    }
}
