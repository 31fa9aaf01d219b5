//! Video usability information of H.264 (ITU-T H.264, E.1.1), with `hrd_parameters()` (E.1.2).

use crate::{bits::BitReader, error::Error, vui::DisplayParameters};

/// Video usability information (E.1.1).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Vui {
    /// Shape, range and colour of the samples.
    pub display: DisplayParameters,
    /// Timing, when present.
    pub timing_info: Option<TimingInfo>,
    /// `nal_hrd_parameters()`, when present.
    pub nal_hrd: Option<HrdParameters>,
    /// `vcl_hrd_parameters()`, when present.
    pub vcl_hrd: Option<HrdParameters>,
    /// `low_delay_hrd_flag`, false when absent.
    pub low_delay_hrd_flag: bool,
    /// `pic_struct_present_flag`.
    pub pic_struct_present_flag: bool,
    /// Bitstream restrictions, when present.
    pub bitstream_restriction: Option<BitstreamRestriction>,
}

/// Clock ticks of the stream; a frame takes two.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TimingInfo {
    /// `num_units_in_tick`, in units of `time_scale`.
    pub num_units_in_tick: u32,
    /// `time_scale`, units in a second.
    pub time_scale: u32,
    /// `fixed_frame_rate_flag`.
    pub fixed_frame_rate_flag: bool,
}

/// The parts of `hrd_parameters()` (E.1.2) that other messages depend on; rates and sizes are checked and not kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HrdParameters {
    /// `cpb_cnt_minus1`, 0 to 31.
    pub cpb_cnt_minus1: u8,
    /// `initial_cpb_removal_delay_length_minus1`.
    pub initial_cpb_removal_delay_length_minus1: u8,
    /// `cpb_removal_delay_length_minus1`.
    pub cpb_removal_delay_length_minus1: u8,
    /// `dpb_output_delay_length_minus1`.
    pub dpb_output_delay_length_minus1: u8,
    /// `time_offset_length`.
    pub time_offset_length: u8,
}

/// What the stream promises about itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BitstreamRestriction {
    /// `motion_vectors_over_pic_boundaries_flag`.
    pub motion_vectors_over_pic_boundaries_flag: bool,
    /// `max_num_reorder_frames`: how many frames can precede another in decoding order and follow it in output order.
    pub max_num_reorder_frames: u8,
    /// `max_dec_frame_buffering`, 0 to 16.
    pub max_dec_frame_buffering: u8,
}

impl Vui {
    pub(crate) fn read(r: &mut BitReader<'_>) -> Result<Self, Error> {
        r.cite("ITU-T H.264, E.2.1");
        let display = DisplayParameters::read(r)?;
        let timing_info = if r.flag("timing_info_present_flag")? {
            Some(TimingInfo {
                num_units_in_tick: r.u(32, "num_units_in_tick")?,
                time_scale: r.u(32, "time_scale")?,
                fixed_frame_rate_flag: r.flag("fixed_frame_rate_flag")?,
            })
        } else {
            None
        };
        let nal_hrd = if r.flag("nal_hrd_parameters_present_flag")? { Some(HrdParameters::read(r)?) } else { None };
        let vcl_hrd = if r.flag("vcl_hrd_parameters_present_flag")? { Some(HrdParameters::read(r)?) } else { None };
        let low_delay_hrd_flag = (nal_hrd.is_some() || vcl_hrd.is_some()) && r.flag("low_delay_hrd_flag")?;
        let pic_struct_present_flag = r.flag("pic_struct_present_flag")?;
        let bitstream_restriction =
            if r.flag("bitstream_restriction_flag")? { Some(BitstreamRestriction::read(r)?) } else { None };
        Ok(Self {
            display,
            timing_info,
            nal_hrd,
            vcl_hrd,
            low_delay_hrd_flag,
            pic_struct_present_flag,
            bitstream_restriction,
        })
    }
}

impl HrdParameters {
    fn read(r: &mut BitReader<'_>) -> Result<Self, Error> {
        r.cite("ITU-T H.264, E.2.2");
        let cpb_cnt_minus1 = r.ue_max8("cpb_cnt_minus1", 31)?;
        r.u8(4, "bit_rate_scale")?;
        r.u8(4, "cpb_size_scale")?;
        for _ in 0..=cpb_cnt_minus1 {
            r.ue("bit_rate_value_minus1")?;
            r.ue("cpb_size_value_minus1")?;
            r.flag("cbr_flag")?;
        }
        let hrd = Self {
            cpb_cnt_minus1,
            initial_cpb_removal_delay_length_minus1: r.u8(5, "initial_cpb_removal_delay_length_minus1")?,
            cpb_removal_delay_length_minus1: r.u8(5, "cpb_removal_delay_length_minus1")?,
            dpb_output_delay_length_minus1: r.u8(5, "dpb_output_delay_length_minus1")?,
            time_offset_length: r.u8(5, "time_offset_length")?,
        };
        r.cite("ITU-T H.264, E.2.1");
        Ok(hrd)
    }
}

impl BitstreamRestriction {
    fn read(r: &mut BitReader<'_>) -> Result<Self, Error> {
        let motion_vectors_over_pic_boundaries_flag = r.flag("motion_vectors_over_pic_boundaries_flag")?;
        r.ue_max8("max_bytes_per_pic_denom", 16)?;
        r.ue_max8("max_bits_per_mb_denom", 16)?;
        r.ue_max8("log2_max_mv_length_horizontal", 16)?;
        r.ue_max8("log2_max_mv_length_vertical", 16)?;
        let start = r.offset();
        let max_num_reorder_frames = r.ue_max8("max_num_reorder_frames", 16)?;
        let max_dec_frame_buffering = r.ue_max8("max_dec_frame_buffering", 16)?;
        if max_num_reorder_frames > max_dec_frame_buffering {
            let rule =
                format!("is {max_num_reorder_frames}, more than max_dec_frame_buffering, {max_dec_frame_buffering}");
            return Err(r.invalid_at(start, "max_num_reorder_frames", rule));
        }
        Ok(Self { motion_vectors_over_pic_boundaries_flag, max_num_reorder_frames, max_dec_frame_buffering })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{bits::BitWriter, error::ErrorKind};

    #[test]
    fn hrd_with_two_schedules_keeps_the_lengths() {
        let mut w = BitWriter::default();
        w.put(3, 0b010_u32); // cpb_cnt_minus1 1
        w.put(8, 0_u32); // scales
        w.put(6, 0b111_110_u32); // two schedules
        for length in [23_u32, 15, 5, 24] {
            w.put(5, length);
        }
        let data = w.finish();
        let hrd = HrdParameters::read(&mut BitReader::plain(&data, "test", "")).unwrap();
        assert_eq!((hrd.cpb_cnt_minus1, hrd.initial_cpb_removal_delay_length_minus1), (1, 23));
        assert_eq!((hrd.cpb_removal_delay_length_minus1, hrd.dpb_output_delay_length_minus1), (15, 5));
        assert_eq!(hrd.time_offset_length, 24);
    }

    #[test]
    fn more_reordering_than_buffering_is_refused() {
        // Denominators and lengths 0, then 2 frames to reorder and 1 to hold.
        let data = [0b1111_1011, 0b0100_0000];
        let error = BitstreamRestriction::read(&mut BitReader::plain(&data, "test", "")).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Invalid);
        assert_eq!(error.to_string(), "test byte 0: max_num_reorder_frames is 2, more than max_dec_frame_buffering, 1");
    }
}
