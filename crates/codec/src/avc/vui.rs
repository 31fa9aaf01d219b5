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
    /// Bitstream restrictions, when present. Those that contradict themselves are left out and told of.
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

/// `hrd_parameters()` (E.1.2): buffers that the stream fits into.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HrdParameters {
    /// `cpb_cnt_minus1`, 0 to 31.
    pub cpb_cnt_minus1: u8,
    /// `bit_rate_scale`, 0 to 15.
    pub bit_rate_scale: u8,
    /// `cpb_size_scale`, 0 to 15.
    pub cpb_size_scale: u8,
    /// One entry for each buffer, `cpb_cnt_minus1` + 1.
    pub schedules: Vec<Schedule>,
    /// `initial_cpb_removal_delay_length_minus1`.
    pub initial_cpb_removal_delay_length_minus1: u8,
    /// `cpb_removal_delay_length_minus1`.
    pub cpb_removal_delay_length_minus1: u8,
    /// `dpb_output_delay_length_minus1`.
    pub dpb_output_delay_length_minus1: u8,
    /// `time_offset_length`.
    pub time_offset_length: u8,
}

/// How one buffer is filled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Schedule {
    /// `bit_rate_value_minus1`; the bit rate is one more, times 2^(6 + `bit_rate_scale`).
    pub bit_rate_value_minus1: u32,
    /// `cpb_size_value_minus1`; the size in bits is one more, times 2^(4 + `cpb_size_scale`).
    pub cpb_size_value_minus1: u32,
    /// `cbr_flag`.
    pub cbr_flag: bool,
}

/// What the stream promises about itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BitstreamRestriction {
    /// `motion_vectors_over_pic_boundaries_flag`.
    pub motion_vectors_over_pic_boundaries_flag: bool,
    /// `max_bytes_per_pic_denom`, 0 to 16.
    pub max_bytes_per_pic_denom: u32,
    /// `max_bits_per_mb_denom`, 0 to 16.
    pub max_bits_per_mb_denom: u32,
    /// `log2_max_mv_length_horizontal`, 0 to 16.
    pub log2_max_mv_length_horizontal: u32,
    /// `log2_max_mv_length_vertical`, 0 to 16.
    pub log2_max_mv_length_vertical: u32,
    /// `max_num_reorder_frames`: how many frames can precede another in decoding order and follow it in output order.
    pub max_num_reorder_frames: u8,
    /// `max_dec_frame_buffering`, 0 to 16.
    pub max_dec_frame_buffering: u8,
}

impl Vui {
    pub(super) fn read(r: &mut BitReader<'_>, max_num_ref_frames: u8) -> Result<Self, Error> {
        r.cite("ITU-T H.264, E.2.1");
        let display = DisplayParameters::read(r)?;
        let timing_info = if r.flag("timing_info_present_flag")? { Some(TimingInfo::read(r)?) } else { None };
        let nal_hrd = if r.flag("nal_hrd_parameters_present_flag")? { Some(HrdParameters::read(r)?) } else { None };
        let vcl_hrd = if r.flag("vcl_hrd_parameters_present_flag")? { Some(HrdParameters::read(r)?) } else { None };
        let start = r.offset();
        let low_delay_hrd_flag = (nal_hrd.is_some() || vcl_hrd.is_some()) && r.flag("low_delay_hrd_flag")?;
        if low_delay_hrd_flag && timing_info.is_some_and(|timing| timing.fixed_frame_rate_flag) {
            r.note(start, "low_delay_hrd_flag", "is 1, with fixed_frame_rate_flag 1 it is to be 0");
        }
        let pic_struct_present_flag = r.flag("pic_struct_present_flag")?;
        let bitstream_restriction = if r.flag("bitstream_restriction_flag")? {
            BitstreamRestriction::read(r, max_num_ref_frames)?
        } else {
            None
        };
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

impl TimingInfo {
    fn read(r: &mut BitReader<'_>) -> Result<Self, Error> {
        let start = r.offset();
        let num_units_in_tick = r.u(32, "num_units_in_tick")?;
        if num_units_in_tick == 0 {
            r.note(start, "num_units_in_tick", "is 0, it is to be greater");
        }
        let start = r.offset();
        let time_scale = r.u(32, "time_scale")?;
        if time_scale == 0 {
            r.note(start, "time_scale", "is 0, it is to be greater");
        }
        Ok(Self { num_units_in_tick, time_scale, fixed_frame_rate_flag: r.flag("fixed_frame_rate_flag")? })
    }
}

impl HrdParameters {
    fn read(r: &mut BitReader<'_>) -> Result<Self, Error> {
        r.cite("ITU-T H.264, E.2.2");
        let cpb_cnt_minus1 = r.ue_max8("cpb_cnt_minus1", 31)?;
        let bit_rate_scale = r.u8(4, "bit_rate_scale")?;
        let cpb_size_scale = r.u8(4, "cpb_size_scale")?;
        let mut schedules: Vec<Schedule> = Vec::new();
        for _ in 0..=cpb_cnt_minus1 {
            let start = r.offset();
            let schedule = Schedule {
                bit_rate_value_minus1: r.ue("bit_rate_value_minus1")?,
                cpb_size_value_minus1: r.ue("cpb_size_value_minus1")?,
                cbr_flag: r.flag("cbr_flag")?,
            };
            if let Some(last) = schedules.last() {
                if schedule.bit_rate_value_minus1 <= last.bit_rate_value_minus1 {
                    r.note(start, "bit_rate_value_minus1", "is not above that of the buffer before");
                }
                if schedule.cpb_size_value_minus1 > last.cpb_size_value_minus1 {
                    r.note(start, "cpb_size_value_minus1", "is above that of the buffer before");
                }
            }
            schedules.push(schedule);
        }
        let hrd = Self {
            cpb_cnt_minus1,
            bit_rate_scale,
            cpb_size_scale,
            schedules,
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
    /// `None` when the numbers of frames cannot be: players put frames in order by them.
    fn read(r: &mut BitReader<'_>, max_num_ref_frames: u8) -> Result<Option<Self>, Error> {
        let motion_vectors_over_pic_boundaries_flag = r.flag("motion_vectors_over_pic_boundaries_flag")?;
        let max_bytes_per_pic_denom = r.ue_expected("max_bytes_per_pic_denom", 16)?;
        let max_bits_per_mb_denom = r.ue_expected("max_bits_per_mb_denom", 16)?;
        let log2_max_mv_length_horizontal = r.ue_expected("log2_max_mv_length_horizontal", 16)?;
        let log2_max_mv_length_vertical = r.ue_expected("log2_max_mv_length_vertical", 16)?;
        let start = r.offset();
        let reorder = r.ue("max_num_reorder_frames")?;
        let buffering_start = r.offset();
        let buffering = r.ue_expected("max_dec_frame_buffering", 16)?;
        if buffering < u32::from(max_num_ref_frames) {
            let rule = format!("is {buffering}, less than max_num_ref_frames, {max_num_ref_frames}");
            r.note(buffering_start, "max_dec_frame_buffering", rule);
        }
        if reorder > buffering {
            let rule = format!("is {reorder}, more than max_dec_frame_buffering, {buffering}");
            r.note(start, "max_num_reorder_frames", rule);
            return Ok(None);
        }
        let frames = |value| u8::try_from(value).ok().filter(|&value| value <= 16);
        Ok(frames(reorder).zip(frames(buffering)).map(|(max_num_reorder_frames, max_dec_frame_buffering)| Self {
            motion_vectors_over_pic_boundaries_flag,
            max_bytes_per_pic_denom,
            max_bits_per_mb_denom,
            log2_max_mv_length_horizontal,
            log2_max_mv_length_vertical,
            max_num_reorder_frames,
            max_dec_frame_buffering,
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bits::BitWriter;

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
    fn restrictions_that_contradict_themselves_are_left_out_and_told_of() {
        // Denominators and lengths 0, then 2 frames to reorder and 1 to hold.
        let data = [0b1111_1011, 0b0100_0000];
        let r = &mut BitReader::plain(&data, "test", "");
        assert_eq!(BitstreamRestriction::read(r, 1).unwrap(), None);
        assert_eq!(
            r.take_oddities()[0].to_string(),
            "test byte 0: max_num_reorder_frames is 2, more than max_dec_frame_buffering, 1"
        );
    }

    #[test]
    fn timing_of_zero_is_told_of() {
        let r = &mut BitReader::plain(&[0; 9], "test", "");
        TimingInfo::read(r).unwrap();
        let fields: Vec<&str> = r.take_oddities().iter().map(Error::field).collect();
        assert_eq!(fields, ["num_units_in_tick", "time_scale"]);
    }
}
