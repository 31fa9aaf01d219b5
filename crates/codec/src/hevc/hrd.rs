//! `hrd_parameters()` of H.265 (ITU-T H.265, E.2.2 and E.2.3): buffers that the stream fits into.

use crate::{bits::BitReader, error::Error};

/// Hypothetical reference decoder parameters, of a VPS or of VUI.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HrdParameters {
    /// What holds for all sub-layers; for a later structure in a VPS it may be that of the one before.
    pub common: HrdCommon,
    /// One entry for each temporal sub-layer.
    pub sub_layers: Vec<HrdSubLayer>,
}

/// What `commonInfPresentFlag` covers.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct HrdCommon {
    /// `nal_hrd_parameters_present_flag`.
    pub nal_hrd_parameters_present_flag: bool,
    /// `vcl_hrd_parameters_present_flag`.
    pub vcl_hrd_parameters_present_flag: bool,
    /// The parts for sub-pictures, when `sub_pic_hrd_params_present_flag` is set.
    pub sub_pic: Option<SubPicHrd>,
    /// `bit_rate_scale`, 0 to 15.
    pub bit_rate_scale: u8,
    /// `cpb_size_scale`, 0 to 15.
    pub cpb_size_scale: u8,
    /// `initial_cpb_removal_delay_length_minus1`.
    pub initial_cpb_removal_delay_length_minus1: u8,
    /// `au_cpb_removal_delay_length_minus1`.
    pub au_cpb_removal_delay_length_minus1: u8,
    /// `dpb_output_delay_length_minus1`.
    pub dpb_output_delay_length_minus1: u8,
}

/// What `sub_pic_hrd_params_present_flag` announces.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct SubPicHrd {
    /// `tick_divisor_minus2`.
    pub tick_divisor_minus2: u8,
    /// `du_cpb_removal_delay_increment_length_minus1`.
    pub du_cpb_removal_delay_increment_length_minus1: u8,
    /// `sub_pic_cpb_params_in_pic_timing_sei_flag`.
    pub sub_pic_cpb_params_in_pic_timing_sei_flag: bool,
    /// `dpb_output_delay_du_length_minus1`.
    pub dpb_output_delay_du_length_minus1: u8,
    /// `cpb_size_du_scale`, 0 to 15.
    pub cpb_size_du_scale: u8,
}

/// One temporal sub-layer.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct HrdSubLayer {
    /// `fixed_pic_rate_general_flag`.
    pub fixed_pic_rate_general_flag: bool,
    /// `fixed_pic_rate_within_cvs_flag`, true where the general one is.
    pub fixed_pic_rate_within_cvs_flag: bool,
    /// `elemental_duration_in_tc_minus1`, 0 to 2047, when the rate is fixed.
    pub elemental_duration_in_tc_minus1: Option<u32>,
    /// `low_delay_hrd_flag`.
    pub low_delay_hrd_flag: bool,
    /// `cpb_cnt_minus1`, 0 to 31.
    pub cpb_cnt_minus1: u8,
    /// The buffers for NAL units, `cpb_cnt_minus1` + 1 of them when there are any.
    pub nal: Vec<Schedule>,
    /// The buffers for slices alone, as many.
    pub vcl: Vec<Schedule>,
}

/// How one buffer is filled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Schedule {
    /// `bit_rate_value_minus1`; the bit rate is one more, times 2^(6 + `bit_rate_scale`).
    pub bit_rate_value_minus1: u32,
    /// `cpb_size_value_minus1`; the size in bits is one more, times 2^(4 + `cpb_size_scale`).
    pub cpb_size_value_minus1: u32,
    /// `cpb_size_du_value_minus1` and `bit_rate_du_value_minus1`, with sub-pictures.
    pub du: Option<(u32, u32)>,
    /// `cbr_flag`.
    pub cbr_flag: bool,
}

impl HrdParameters {
    /// `hrd_parameters(1, max_sub_layers_minus1)`, or with 0 where the common part of another structure is given.
    pub(super) fn read(
        r: &mut BitReader<'_>,
        common: Option<HrdCommon>,
        max_sub_layers_minus1: u8,
    ) -> Result<Self, Error> {
        r.cite("ITU-T H.265, E.3.2");
        let common = common.map_or_else(|| HrdCommon::read(r), Ok)?;
        let mut sub_layers = Vec::new();
        for _ in 0..=max_sub_layers_minus1 {
            sub_layers.push(HrdSubLayer::read(r, &common)?);
        }
        Ok(Self { common, sub_layers })
    }
}

impl HrdCommon {
    fn read(r: &mut BitReader<'_>) -> Result<Self, Error> {
        let mut common = Self {
            nal_hrd_parameters_present_flag: r.flag("nal_hrd_parameters_present_flag")?,
            vcl_hrd_parameters_present_flag: r.flag("vcl_hrd_parameters_present_flag")?,
            ..Self::default()
        };
        if !common.nal_hrd_parameters_present_flag && !common.vcl_hrd_parameters_present_flag {
            return Ok(common);
        }
        let mut sub_pic = if r.flag("sub_pic_hrd_params_present_flag")? {
            Some(SubPicHrd {
                tick_divisor_minus2: r.u8(8, "tick_divisor_minus2")?,
                du_cpb_removal_delay_increment_length_minus1: r
                    .u8(5, "du_cpb_removal_delay_increment_length_minus1")?,
                sub_pic_cpb_params_in_pic_timing_sei_flag: r.flag("sub_pic_cpb_params_in_pic_timing_sei_flag")?,
                dpb_output_delay_du_length_minus1: r.u8(5, "dpb_output_delay_du_length_minus1")?,
                cpb_size_du_scale: 0,
            })
        } else {
            None
        };
        common.bit_rate_scale = r.u8(4, "bit_rate_scale")?;
        common.cpb_size_scale = r.u8(4, "cpb_size_scale")?;
        if let Some(sub_pic) = &mut sub_pic {
            sub_pic.cpb_size_du_scale = r.u8(4, "cpb_size_du_scale")?;
        }
        common.sub_pic = sub_pic;
        common.initial_cpb_removal_delay_length_minus1 = r.u8(5, "initial_cpb_removal_delay_length_minus1")?;
        common.au_cpb_removal_delay_length_minus1 = r.u8(5, "au_cpb_removal_delay_length_minus1")?;
        common.dpb_output_delay_length_minus1 = r.u8(5, "dpb_output_delay_length_minus1")?;
        Ok(common)
    }
}

impl HrdSubLayer {
    fn read(r: &mut BitReader<'_>, common: &HrdCommon) -> Result<Self, Error> {
        let fixed_pic_rate_general_flag = r.flag("fixed_pic_rate_general_flag")?;
        let mut layer = Self {
            fixed_pic_rate_general_flag,
            fixed_pic_rate_within_cvs_flag: fixed_pic_rate_general_flag || r.flag("fixed_pic_rate_within_cvs_flag")?,
            ..Self::default()
        };
        if layer.fixed_pic_rate_within_cvs_flag {
            layer.elemental_duration_in_tc_minus1 = Some(r.ue_expected("elemental_duration_in_tc_minus1", 2047)?);
        } else {
            layer.low_delay_hrd_flag = r.flag("low_delay_hrd_flag")?;
        }
        if !layer.low_delay_hrd_flag {
            layer.cpb_cnt_minus1 = r.ue_max8("cpb_cnt_minus1", 31)?;
        }
        let has_sub_pic = common.sub_pic.is_some();
        if common.nal_hrd_parameters_present_flag {
            layer.nal = Schedule::read_all(r, layer.cpb_cnt_minus1, has_sub_pic)?;
        }
        if common.vcl_hrd_parameters_present_flag {
            layer.vcl = Schedule::read_all(r, layer.cpb_cnt_minus1, has_sub_pic)?;
        }
        Ok(layer)
    }
}

impl Schedule {
    /// `sub_layer_hrd_parameters()`, E.2.3.
    fn read_all(r: &mut BitReader<'_>, cpb_cnt_minus1: u8, has_sub_pic: bool) -> Result<Vec<Self>, Error> {
        r.cite("ITU-T H.265, E.3.3");
        let mut schedules: Vec<Self> = Vec::new();
        for _ in 0..=cpb_cnt_minus1 {
            let start = r.offset();
            let schedule = Self {
                bit_rate_value_minus1: r.ue("bit_rate_value_minus1")?,
                cpb_size_value_minus1: r.ue("cpb_size_value_minus1")?,
                du: if has_sub_pic {
                    Some((r.ue("cpb_size_du_value_minus1")?, r.ue("bit_rate_du_value_minus1")?))
                } else {
                    None
                },
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
        r.cite("ITU-T H.265, E.3.2");
        Ok(schedules)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bits::BitWriter;

    #[test]
    fn hrd_with_sub_pictures_and_both_kinds_is_read_to_the_bit() {
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
        let hrd = HrdParameters::read(r, None, 0).unwrap();
        assert_eq!((hrd.sub_layers[0].nal.len(), hrd.sub_layers[0].vcl.len()), (2, 2));
        assert_eq!(hrd.sub_layers[0].nal[0].du, Some((0, 0)));
        assert_eq!(r.u8(8, "next").unwrap(), 0x5a);
        // The second buffer of each kind is as slow as the first.
        assert_eq!(r.take_oddities().len(), 2);
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
        let hrd = HrdParameters::read(r, None, 0).unwrap();
        assert!(hrd.sub_layers[0].low_delay_hrd_flag && hrd.sub_layers[0].vcl.is_empty());
        assert_eq!(r.u8(8, "next").unwrap(), 0xa5);
    }

    #[test]
    fn the_common_part_may_be_that_of_another() {
        let common = HrdCommon { vcl_hrd_parameters_present_flag: true, ..HrdCommon::default() };
        // fixed general, duration 0, one buffer, its two values and flag
        let data = [0b1111_1110];
        let hrd = HrdParameters::read(&mut BitReader::plain(&data, "test", ""), Some(common), 0).unwrap();
        assert_eq!((hrd.sub_layers[0].vcl.len(), hrd.sub_layers[0].nal.len()), (1, 0));
        assert!(hrd.sub_layers[0].vcl[0].cbr_flag);
    }
}
