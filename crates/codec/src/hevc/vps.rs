//! The H.265 video parameter set (ITU-T H.265, 7.3.2.1).
//!
//! ```text
//! vps_video_parameter_set_id, layers, sub-layers
//! profile_tier_level()                              7.3.3
//! decoded picture buffer for each sub-layer
//! layer sets
//! timing, hrd_parameters()                          E.2.2
//! vps_extension_flag                                Annexes F to I
//! ```

use super::{
    NAL_VPS,
    hrd::{HrdCommon, HrdParameters},
    profile::ProfileTierLevel,
    sps::{DecodedPictureBuffer, SubLayerOrdering},
};
use crate::{bits::BitReader, error::Error};

/// A video parameter set, in the names of the standard. Its extension is not read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Vps {
    /// `vps_video_parameter_set_id`, 0 to 15.
    pub vps_video_parameter_set_id: u8,
    /// `vps_base_layer_internal_flag`.
    pub vps_base_layer_internal_flag: bool,
    /// `vps_base_layer_available_flag`.
    pub vps_base_layer_available_flag: bool,
    /// `vps_max_layers_minus1`, 0 to 62.
    pub vps_max_layers_minus1: u8,
    /// `vps_max_sub_layers_minus1`, 0 to 6.
    pub vps_max_sub_layers_minus1: u8,
    /// `vps_temporal_id_nesting_flag`.
    pub vps_temporal_id_nesting_flag: bool,
    /// Profile, tier and level.
    pub profile_tier_level: ProfileTierLevel,
    /// Buffer needs of the sub-layers: of each, or of the highest alone.
    pub sub_layer_ordering: Vec<DecodedPictureBuffer>,
    /// `vps_max_layer_id`, 0 to 62.
    pub vps_max_layer_id: u8,
    /// `vps_num_layer_sets_minus1`, 0 to 1023.
    pub vps_num_layer_sets_minus1: u16,
    /// `layer_id_included_flag` of each layer set but the first, layer 0 in the lowest bit.
    pub layer_id_included: Vec<u64>,
    /// Timing, when present and readable.
    pub timing_info: Option<VpsTimingInfo>,
    /// `vps_extension_flag`.
    pub vps_extension_flag: bool,
    /// Why timing could not be read. All before it holds all the same; decoders of one layer do not look at it.
    pub timing_fault: Option<Error>,
    /// Rules of the standard that it breaks and that decoders do not insist on, with their places.
    pub oddities: Vec<Error>,
}

/// Clock ticks of the stream and its buffers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VpsTimingInfo {
    /// `vps_num_units_in_tick`, in units of `time_scale`.
    pub num_units_in_tick: u32,
    /// `vps_time_scale`, units in a second.
    pub time_scale: u32,
    /// `vps_num_ticks_poc_diff_one_minus1`, when picture order counts are proportional to time.
    pub num_ticks_poc_diff_one_minus1: Option<u32>,
    /// `hrd_layer_set_idx` with its parameters, `vps_num_hrd_parameters` of them.
    pub hrd_parameters: Vec<(u16, HrdParameters)>,
}

impl Vps {
    /// Reads a whole NAL unit.
    ///
    /// # Errors
    /// [`Missing`](crate::ErrorKind::Missing) for an empty unit, [`Invalid`](crate::ErrorKind::Invalid) for one of another
    /// type or with a value out of range, [`Unsupported`](crate::ErrorKind::Unsupported) for an enhancement layer,
    /// [`Truncated`](crate::ErrorKind::Truncated) for one cut off. Timing that cannot be read is no error, see
    /// [`Self::timing_fault`].
    pub fn read(unit: &[u8]) -> Result<Self, Error> {
        let r = &mut BitReader::rbsp(unit, 2, STRUCTURE, SEMANTICS);
        super::read_header(unit, r, NAL_VPS, "a video parameter set")?;
        r.cite(SEMANTICS);
        let vps_video_parameter_set_id = r.u8(4, "vps_video_parameter_set_id")?;
        let vps_base_layer_internal_flag = r.flag("vps_base_layer_internal_flag")?;
        let vps_base_layer_available_flag = r.flag("vps_base_layer_available_flag")?;
        let vps_max_layers_minus1 = r.u8(6, "vps_max_layers_minus1")?;
        let start = r.offset();
        let vps_max_sub_layers_minus1 = r.u8(3, "vps_max_sub_layers_minus1")?;
        if vps_max_sub_layers_minus1 > 6 {
            return Err(r.invalid_at(start, "vps_max_sub_layers_minus1", "is 7, the range is 0 to 6"));
        }
        let vps_temporal_id_nesting_flag = r.flag("vps_temporal_id_nesting_flag")?;
        if vps_max_sub_layers_minus1 == 0 && !vps_temporal_id_nesting_flag {
            r.note(start, "vps_temporal_id_nesting_flag", "is 0, with one sub-layer it is to be 1");
        }
        r.reserved(16, "vps_reserved_0xffff_16bits", 0xffff)?;
        let profile_tier_level = ProfileTierLevel::read(r, vps_max_sub_layers_minus1)?;
        r.cite(SEMANTICS);
        let sub_layer_ordering = DecodedPictureBuffer::read_all(r, vps_max_sub_layers_minus1, &ORDERING)?;
        let vps_max_layer_id = r.u8(6, "vps_max_layer_id")?;
        let vps_num_layer_sets_minus1 = r.ue_max("vps_num_layer_sets_minus1", 1023)?;
        let mut layer_id_included = Vec::new();
        for _ in 0..vps_num_layer_sets_minus1 {
            let mut included: u64 = 0;
            for layer in 0..=vps_max_layer_id {
                included |= u64::from(r.flag("layer_id_included_flag")?) << layer;
            }
            layer_id_included.push(included);
        }
        let mut vps = Self {
            vps_video_parameter_set_id,
            vps_base_layer_internal_flag,
            vps_base_layer_available_flag,
            vps_max_layers_minus1,
            vps_max_sub_layers_minus1,
            vps_temporal_id_nesting_flag,
            profile_tier_level,
            sub_layer_ordering,
            vps_max_layer_id,
            vps_num_layer_sets_minus1: low16(vps_num_layer_sets_minus1),
            layer_id_included,
            timing_info: None,
            vps_extension_flag: false,
            timing_fault: None,
            oddities: Vec::new(),
        };
        if let Err(fault) = vps.read_tail(r, vps_num_layer_sets_minus1) {
            vps.timing_fault = Some(fault);
        }
        vps.oddities = r.take_oddities();
        Ok(vps)
    }

    fn read_tail(&mut self, r: &mut BitReader<'_>, num_layer_sets_minus1: u32) -> Result<(), Error> {
        if r.flag("vps_timing_info_present_flag")? {
            self.timing_info = Some(VpsTimingInfo::read(r, num_layer_sets_minus1, self.vps_max_sub_layers_minus1)?);
        }
        r.cite(SEMANTICS);
        self.vps_extension_flag = r.flag("vps_extension_flag")?;
        if !self.vps_extension_flag {
            r.trailing_bits("ITU-T H.265, 7.3.2.11");
        }
        Ok(())
    }
}

impl VpsTimingInfo {
    fn read(r: &mut BitReader<'_>, num_layer_sets_minus1: u32, max_sub_layers_minus1: u8) -> Result<Self, Error> {
        let start = r.offset();
        let num_units_in_tick = r.u(32, "vps_num_units_in_tick")?;
        if num_units_in_tick == 0 {
            r.note(start, "vps_num_units_in_tick", "is 0, it is to be greater");
        }
        let start = r.offset();
        let time_scale = r.u(32, "vps_time_scale")?;
        if time_scale == 0 {
            r.note(start, "vps_time_scale", "is 0, it is to be greater");
        }
        let num_ticks_poc_diff_one_minus1 = if r.flag("vps_poc_proportional_to_timing_flag")? {
            Some(r.ue("vps_num_ticks_poc_diff_one_minus1")?)
        } else {
            None
        };
        let mut hrd_parameters: Vec<(u16, HrdParameters)> = Vec::new();
        for _ in 0..r.ue_max("vps_num_hrd_parameters", num_layer_sets_minus1 + 1)? {
            r.cite(SEMANTICS);
            let hrd_layer_set_idx = r.ue_max("hrd_layer_set_idx", num_layer_sets_minus1)?;
            let before: Option<HrdCommon> = hrd_parameters.last().map(|(_, hrd)| hrd.common);
            let common = if before.is_some() && !r.flag("cprms_present_flag")? { before } else { None };
            let hrd = HrdParameters::read(r, common, max_sub_layers_minus1)?;
            hrd_parameters.push((low16(hrd_layer_set_idx), hrd));
        }
        Ok(Self { num_units_in_tick, time_scale, num_ticks_poc_diff_one_minus1, hrd_parameters })
    }
}

/// A value that is known to fit.
fn low16(value: u32) -> u16 {
    let [low, high, ..] = value.to_le_bytes();
    u16::from_le_bytes([low, high])
}

const STRUCTURE: &str = "H.265 VPS";
const SEMANTICS: &str = "ITU-T H.265, 7.4.3.1";
const ORDERING: SubLayerOrdering = SubLayerOrdering {
    present: "vps_sub_layer_ordering_info_present_flag",
    buffering: "vps_max_dec_pic_buffering_minus1",
    reorder: "vps_max_num_reorder_pics",
    latency: "vps_max_latency_increase_plus1",
};

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::{error::ErrorKind, testdata::hex};

    const MAIN: &str = "40010c01ffff01600000030090000003000003003f959809";

    #[test]
    fn x265_main_is_read_to_its_end() {
        let vps = Vps::read(&hex(MAIN)).unwrap();
        assert_eq!((vps.vps_video_parameter_set_id, vps.vps_max_layers_minus1), (0, 0));
        assert_eq!((vps.profile_tier_level.general.profile_idc, vps.profile_tier_level.general_level_idc), (1, 63));
        assert!(vps.vps_temporal_id_nesting_flag && vps.vps_base_layer_internal_flag);
        assert_eq!((vps.timing_info, vps.vps_extension_flag), (None, false));
        assert_eq!((vps.timing_fault, vps.oddities), (None, vec![]));
    }

    #[test]
    fn reserved_bits_that_decoders_ignore_are_noted() {
        let mut unit = hex(MAIN);
        unit[4] = 0xfe;
        let vps = Vps::read(&unit).unwrap();
        assert_eq!(
            vps.oddities[0].to_string(),
            "H.265 VPS byte 4: vps_reserved_0xffff_16bits is 65279, 65535 is to be written (ITU-T H.265, 7.4.3.1)"
        );
    }

    #[test]
    fn a_missing_stop_bit_is_noted() {
        let unit = hex("40010c01ffff01600000030090000003000003003f959808");
        assert_eq!(Vps::read(&unit).unwrap().oddities[0].field(), "rbsp_stop_one_bit");
    }

    #[test]
    fn other_units_and_cut_ones_are_refused() {
        assert_eq!(Vps::read(&[]).unwrap_err().kind(), ErrorKind::Missing);
        assert_eq!(Vps::read(&hex("4201")).unwrap_err().field(), "nal_unit_type");
        assert_eq!(Vps::read(&hex("4009")).unwrap_err().kind(), ErrorKind::Unsupported);
        assert_eq!(Vps::read(&hex("c001")).unwrap_err().field(), "forbidden_zero_bit");
        assert_eq!(Vps::read(&hex("40010c01ffff0160")).unwrap_err().kind(), ErrorKind::Truncated);
        assert_eq!(Vps::read(&hex("40010c0fffff")).unwrap_err().field(), "vps_max_sub_layers_minus1");
    }

    proptest! {
        #[test]
        fn mutations_are_read_without_panic(at in 0_usize..24, byte: u8, tail: Vec<u8>) {
            let mut unit = hex(MAIN);
            unit[at] = byte;
            unit.extend(tail);
            let _ = Vps::read(&unit);
        }
    }
}
