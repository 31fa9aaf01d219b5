//! The H.264 picture parameter set (ITU-T H.264, 7.3.2.2).
//!
//! ```text
//! pic_parameter_set_id, seq_parameter_set_id
//! entropy coding, slice groups                      slice groups in Baseline and Extended only
//! reference indices, weighted prediction
//! quantiser and chroma offset, deblocking, constrained intra, redundant pictures
//! transform_8x8_mode_flag, scaling lists            when more_rbsp_data()
//! ```

use super::{NAL_PPS, scaling::ScalingList, sps::Sps};
use crate::{bits::BitReader, error::Error};

/// A picture parameter set, in the names of the standard.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pps {
    /// `pic_parameter_set_id`, 0 to 255.
    pub pic_parameter_set_id: u8,
    /// `seq_parameter_set_id`, 0 to 31: the SPS that it goes with.
    pub seq_parameter_set_id: u8,
    /// `entropy_coding_mode_flag`: false for CAVLC, true for CABAC.
    pub entropy_coding_mode_flag: bool,
    /// `bottom_field_pic_order_in_frame_present_flag`.
    pub bottom_field_pic_order_in_frame_present_flag: bool,
    /// The slice groups, when there is more than one.
    pub slice_groups: Option<SliceGroups>,
    /// `num_ref_idx_l0_default_active_minus1`, 0 to 31.
    pub num_ref_idx_l0_default_active_minus1: u8,
    /// `num_ref_idx_l1_default_active_minus1`, 0 to 31.
    pub num_ref_idx_l1_default_active_minus1: u8,
    /// `weighted_pred_flag`.
    pub weighted_pred_flag: bool,
    /// `weighted_bipred_idc`: 0 none, 1 explicit, 2 implicit.
    pub weighted_bipred_idc: u8,
    /// `pic_init_qp_minus26`, -26 - 6 * bit_depth_luma_minus8 to 25.
    pub pic_init_qp_minus26: i32,
    /// `pic_init_qs_minus26`, -26 to 25.
    pub pic_init_qs_minus26: i32,
    /// `chroma_qp_index_offset`, -12 to 12.
    pub chroma_qp_index_offset: i32,
    /// `deblocking_filter_control_present_flag`.
    pub deblocking_filter_control_present_flag: bool,
    /// `constrained_intra_pred_flag`.
    pub constrained_intra_pred_flag: bool,
    /// `redundant_pic_cnt_present_flag`.
    pub redundant_pic_cnt_present_flag: bool,
    /// The fields that High profiles add.
    pub transform: Option<Transform>,
    /// Rules of the standard that it breaks and that decoders do not insist on, with their places.
    pub oddities: Vec<Error>,
}

/// How macroblocks are dealt out to slice groups.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SliceGroups {
    /// `num_slice_groups_minus1`, 1 to 7.
    pub num_slice_groups_minus1: u8,
    /// `slice_group_map_type` and what goes with it.
    pub map: SliceGroupMap,
}

/// `slice_group_map_type`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SliceGroupMap {
    /// Type 0: `run_length_minus1` of each group in turn.
    Interleaved {
        /// `run_length_minus1`, one for each group.
        run_length_minus1: Vec<u32>,
    },
    /// Type 1.
    Dispersed,
    /// Type 2: rectangles, the last group being what is left over.
    Foreground {
        /// `top_left` and `bottom_right`, one pair for each group but the last.
        corners: Vec<(u32, u32)>,
    },
    /// Types 3 to 5: box-out, raster scan and wipe, which change from picture to picture.
    Changing {
        /// `slice_group_map_type`, 3 to 5.
        slice_group_map_type: u8,
        /// `slice_group_change_direction_flag`.
        slice_group_change_direction_flag: bool,
        /// `slice_group_change_rate_minus1`.
        slice_group_change_rate_minus1: u32,
    },
    /// Type 6: a group for every map unit.
    Explicit {
        /// `slice_group_id` of each map unit.
        slice_group_id: Vec<u8>,
    },
}

/// What follows when the payload goes on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Transform {
    /// `transform_8x8_mode_flag`.
    pub transform_8x8_mode_flag: bool,
    /// `pic_scaling_matrix_present_flag` with its lists.
    pub pic_scaling_lists: Option<Vec<ScalingList>>,
    /// `second_chroma_qp_index_offset`, -12 to 12.
    pub second_chroma_qp_index_offset: i32,
}

impl Pps {
    /// Reads a whole NAL unit. The SPS that it names is looked for in `sets`; without it, the PPS is read as one for 4:2:0
    /// and 8 bits.
    ///
    /// # Errors
    /// [`Missing`](crate::ErrorKind::Missing) for an empty unit, [`Invalid`](crate::ErrorKind::Invalid) for one of another
    /// type or with a value out of range, [`Truncated`](crate::ErrorKind::Truncated) for one cut off.
    pub fn read(unit: &[u8], sets: &[Sps]) -> Result<Self, Error> {
        let r = &mut BitReader::rbsp(unit, 1, STRUCTURE, SEMANTICS);
        super::read_header(unit, r, NAL_PPS, "a picture parameter set")?;
        let pic_parameter_set_id = r.ue_max8("pic_parameter_set_id", 255)?;
        let seq_parameter_set_id = r.ue_max8("seq_parameter_set_id", 31)?;
        let sps = sets.iter().find(|sps| sps.seq_parameter_set_id == seq_parameter_set_id);
        let entropy_coding_mode_flag = r.flag("entropy_coding_mode_flag")?;
        let bottom_field_pic_order_in_frame_present_flag = r.flag("bottom_field_pic_order_in_frame_present_flag")?;
        let slice_groups = SliceGroups::read(r, sps)?;
        let qp_bd_offset = sps.map_or(0, |sps| 6 * i32::from(sps.bit_depth_luma_minus8));
        let mut pps = Self {
            pic_parameter_set_id,
            seq_parameter_set_id,
            entropy_coding_mode_flag,
            bottom_field_pic_order_in_frame_present_flag,
            slice_groups,
            num_ref_idx_l0_default_active_minus1: r.ue_max8("num_ref_idx_l0_default_active_minus1", 31)?,
            num_ref_idx_l1_default_active_minus1: r.ue_max8("num_ref_idx_l1_default_active_minus1", 31)?,
            weighted_pred_flag: r.flag("weighted_pred_flag")?,
            weighted_bipred_idc: {
                let start = r.offset();
                let weighted_bipred_idc = r.u8(2, "weighted_bipred_idc")?;
                if weighted_bipred_idc > 2 {
                    return Err(r.invalid_at(start, "weighted_bipred_idc", "is 3, the range is 0 to 2"));
                }
                weighted_bipred_idc
            },
            pic_init_qp_minus26: r.se_in("pic_init_qp_minus26", -26 - qp_bd_offset..=25)?,
            pic_init_qs_minus26: r.se_in("pic_init_qs_minus26", -26..=25)?,
            chroma_qp_index_offset: r.se_in("chroma_qp_index_offset", -12..=12)?,
            deblocking_filter_control_present_flag: r.flag("deblocking_filter_control_present_flag")?,
            constrained_intra_pred_flag: r.flag("constrained_intra_pred_flag")?,
            redundant_pic_cnt_present_flag: r.flag("redundant_pic_cnt_present_flag")?,
            transform: None,
            oddities: Vec::new(),
        };
        // Profiles without 8x8 transforms have no such fields; old encoders leave other bits there, and decoders skip them.
        if r.more_rbsp_data() && sps.is_none_or(|sps| !matches!(sps.profile_idc, 66 | 77 | 88)) {
            pps.transform = Some(Transform::read(r, sps)?);
        }
        r.trailing_bits("ITU-T H.264, 7.3.2.11");
        pps.oddities = r.take_oddities();
        Ok(pps)
    }
}

impl SliceGroups {
    fn read(r: &mut BitReader<'_>, sps: Option<&Sps>) -> Result<Option<Self>, Error> {
        let num_slice_groups_minus1 = r.ue_max8("num_slice_groups_minus1", 7)?;
        if num_slice_groups_minus1 == 0 {
            return Ok(None);
        }
        let last_unit = sps.map_or(MAX_MAP_UNITS, Sps::pic_size_in_map_units) - 1;
        let map = match r.ue_max8("slice_group_map_type", 6)? {
            0 => SliceGroupMap::Interleaved {
                run_length_minus1: (0..=num_slice_groups_minus1)
                    .map(|_| r.ue_max("run_length_minus1", last_unit))
                    .collect::<Result<Vec<u32>, Error>>()?,
            },
            1 => SliceGroupMap::Dispersed,
            2 => SliceGroupMap::Foreground {
                corners: (0..num_slice_groups_minus1)
                    .map(|_| read_corners(r, sps, last_unit))
                    .collect::<Result<Vec<(u32, u32)>, Error>>()?,
            },
            slice_group_map_type @ 3..=5 => SliceGroupMap::Changing {
                slice_group_map_type,
                slice_group_change_direction_flag: r.flag("slice_group_change_direction_flag")?,
                slice_group_change_rate_minus1: r.ue_max("slice_group_change_rate_minus1", last_unit)?,
            },
            _ => {
                SliceGroupMap::Explicit { slice_group_id: read_group_ids(r, sps, num_slice_groups_minus1, last_unit)? }
            }
        };
        Ok(Some(Self { num_slice_groups_minus1, map }))
    }
}

/// `top_left` and `bottom_right`, which must span a rectangle.
fn read_corners(r: &mut BitReader<'_>, sps: Option<&Sps>, last_unit: u32) -> Result<(u32, u32), Error> {
    let start = r.offset();
    let top_left = r.ue_max("top_left", last_unit)?;
    let bottom_right = r.ue_max("bottom_right", last_unit)?;
    if top_left > bottom_right {
        let rule = format!("is {top_left}, behind bottom_right, {bottom_right}");
        return Err(r.invalid_at(start, "top_left", rule));
    }
    if let Some(sps) = sps {
        let width = sps.pic_width_in_mbs_minus1.saturating_add(1);
        if top_left % width > bottom_right % width {
            let rule = format!("is {top_left}, to the right of bottom_right, {bottom_right}");
            return Err(r.invalid_at(start, "top_left", rule));
        }
    }
    Ok((top_left, bottom_right))
}

fn read_group_ids(r: &mut BitReader<'_>, sps: Option<&Sps>, max: u8, last_unit: u32) -> Result<Vec<u8>, Error> {
    let start = r.offset();
    let count_minus1 = r.ue_max("pic_size_in_map_units_minus1", last_unit)?;
    if sps.is_some() && count_minus1 != last_unit {
        let rule = format!("is {count_minus1}, the SPS makes it {last_unit}");
        return Err(r.invalid_at(start, "pic_size_in_map_units_minus1", rule));
    }
    // Ceil(Log2(num_slice_groups_minus1 + 1)) bits each.
    let bits = if max > 3 {
        3
    } else if max > 1 {
        2
    } else {
        1
    };
    let mut ids = Vec::new();
    for _ in 0..=count_minus1 {
        let start = r.offset();
        let id = r.u8(bits, "slice_group_id")?;
        if id > max {
            return Err(r.invalid_at(start, "slice_group_id", format!("is {id}, the range is 0 to {max}")));
        }
        ids.push(id);
    }
    Ok(ids)
}

impl Transform {
    fn read(r: &mut BitReader<'_>, sps: Option<&Sps>) -> Result<Self, Error> {
        let transform_8x8_mode_flag = r.flag("transform_8x8_mode_flag")?;
        let pic_scaling_lists = if r.flag("pic_scaling_matrix_present_flag")? {
            let has_six = sps.is_some_and(|sps| sps.chroma_format_idc == 3);
            let count = match (transform_8x8_mode_flag, has_six) {
                (false, _) => 6,
                (true, false) => 8,
                (true, true) => 12,
            };
            Some(ScalingList::read_all(r, count, "pic_scaling_list_present_flag")?)
        } else {
            None
        };
        let second_chroma_qp_index_offset = r.se_in("second_chroma_qp_index_offset", -12..=12)?;
        Ok(Self { transform_8x8_mode_flag, pic_scaling_lists, second_chroma_qp_index_offset })
    }
}

const STRUCTURE: &str = "H.264 PPS";
const SEMANTICS: &str = "ITU-T H.264, 7.4.2.2";
/// Where the SPS is not known: as many macroblocks as level 6.2 allows.
const MAX_MAP_UNITS: u32 = 139_264;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::{bits::BitWriter, error::ErrorKind, testdata::hex};

    fn sps(text: &str) -> Vec<Sps> {
        vec![Sps::read(&hex(text)).unwrap()]
    }

    const HIGH: &str = "67640028acd940780227e5c05a808080a000007d20001d4c01e30632c0";
    const BASELINE: &str = "6742c01eda0280bfe5c044000003000400000300f03c58ba80";

    fn ue(w: &mut BitWriter, value: u32) {
        let width = u8::try_from(32 - (value + 1).leading_zeros()).unwrap();
        w.put(2 * width - 1, value + 1);
    }

    /// The start of a PPS with slice groups: ids 0, CAVLC, no bottom field order.
    fn with_groups(num_slice_groups_minus1: u32, map_type: u32) -> BitWriter {
        let mut w = BitWriter::default();
        w.put(8, 0x68_u32);
        for value in [0, 0] {
            ue(&mut w, value);
        }
        w.put(2, 0_u32);
        ue(&mut w, num_slice_groups_minus1);
        ue(&mut w, map_type);
        w
    }

    /// The rest of it, all zeros, and the stop bit.
    fn finish(mut w: BitWriter) -> Vec<u8> {
        // two reference counts, weighting, three quantisers, three flags, stop
        w.put(2, 0b11_u32);
        w.put(3, 0_u32);
        w.put(3, 0b111_u32);
        w.put(4, 0b0001_u32);
        w.finish()
    }

    #[test]
    fn x264_high_has_the_8x8_transform() {
        let pps = Pps::read(&hex("68ef8fcb"), &sps(HIGH)).unwrap();
        assert_eq!((pps.pic_parameter_set_id, pps.seq_parameter_set_id), (0, 0));
        assert!(pps.entropy_coding_mode_flag && pps.deblocking_filter_control_present_flag);
        assert_eq!(pps.slice_groups, None);
        assert!(pps.transform.as_ref().unwrap().transform_8x8_mode_flag);
        assert_eq!(pps.oddities, []);
    }

    #[test]
    fn x264_baseline_ends_before_the_transform() {
        let pps = Pps::read(&hex("68ce0fc8"), &sps(BASELINE)).unwrap();
        assert!(!pps.entropy_coding_mode_flag);
        assert_eq!(pps.transform, None);
        assert_eq!(pps.oddities, []);
    }

    #[test]
    fn all_kinds_of_slice_groups_are_read() {
        let sets = sps(BASELINE);
        let read = |w: BitWriter| {
            let pps = Pps::read(&finish(w), &sets).unwrap();
            assert_eq!(pps.oddities, []);
            pps.slice_groups.unwrap().map
        };
        let mut w = with_groups(1, 0);
        ue(&mut w, 4);
        ue(&mut w, 919);
        assert_eq!(read(w), SliceGroupMap::Interleaved { run_length_minus1: vec![4, 919] });
        assert_eq!(read(with_groups(7, 1)), SliceGroupMap::Dispersed);
        let mut w = with_groups(1, 2);
        ue(&mut w, 41);
        ue(&mut w, 82);
        assert_eq!(read(w), SliceGroupMap::Foreground { corners: vec![(41, 82)] });
        let mut w = with_groups(1, 4);
        w.put(1, 1_u32);
        ue(&mut w, 9);
        assert_eq!(
            read(w),
            SliceGroupMap::Changing {
                slice_group_map_type: 4,
                slice_group_change_direction_flag: true,
                slice_group_change_rate_minus1: 9,
            }
        );
        let mut w = with_groups(2, 6);
        ue(&mut w, 919);
        for index in 0..920_u32 {
            w.put(2, index % 3);
        }
        let SliceGroupMap::Explicit { slice_group_id } = read(w) else { panic!() };
        assert_eq!((slice_group_id.len(), slice_group_id[919]), (920, 1));
    }

    #[test]
    fn slice_groups_outside_the_picture_are_refused() {
        let sets = sps(BASELINE);
        let refused = |w: BitWriter| Pps::read(&finish(w), &sets).unwrap_err().to_string();
        let mut w = with_groups(1, 2);
        ue(&mut w, 42);
        ue(&mut w, 81);
        assert_eq!(
            refused(w),
            "H.264 PPS byte 2: top_left is 42, to the right of bottom_right, 81 (ITU-T H.264, 7.4.2.2)"
        );
        let mut w = with_groups(1, 2);
        ue(&mut w, 42);
        ue(&mut w, 41);
        assert!(refused(w).contains("top_left is 42, behind bottom_right, 41"));
        let mut w = with_groups(1, 6);
        ue(&mut w, 918);
        assert!(refused(w).contains("pic_size_in_map_units_minus1 is 918, the SPS makes it 919"));
        let mut w = with_groups(1, 0);
        ue(&mut w, 920);
        assert!(refused(w).contains("run_length_minus1 is 920, the range is 0 to 919"));
        let mut w = with_groups(4, 6);
        ue(&mut w, 919);
        w.put(3, 5_u32);
        assert!(refused(w).contains("slice_group_id is 5, the range is 0 to 4"));
    }

    #[test]
    fn values_out_of_range_are_refused_with_their_place() {
        let mut w = BitWriter::default();
        w.put(8, 0x68_u32);
        ue(&mut w, 0);
        ue(&mut w, 32);
        let error = Pps::read(&w.finish(), &[]).unwrap_err();
        assert_eq!(
            error.to_string(),
            "H.264 PPS byte 1: seq_parameter_set_id is 32, the range is 0 to 31 (ITU-T H.264, 7.4.2.2)"
        );
        assert_eq!(Pps::read(&[], &[]).unwrap_err().kind(), ErrorKind::Missing);
        assert_eq!(Pps::read(&hex("68"), &[]).unwrap_err().kind(), ErrorKind::Truncated);
        assert_eq!(
            Pps::read(&hex("6764"), &[]).unwrap_err().to_string(),
            "H.264 PPS byte 0: nal_unit_type is 7, a picture parameter set has 8 (ITU-T H.264, 7.4.1)"
        );
    }

    #[test]
    fn bits_behind_a_main_profile_set_are_skipped_and_noted() {
        let main = sps("674d401eeca05017fcb80880000003008000001e078b16cb");
        let pps = Pps::read(&hex("68ef8fcb"), &main).unwrap();
        assert_eq!(pps.transform, None);
        assert_eq!(pps.oddities[0].field(), "rbsp_trailing_bits");
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_without_panic(tail: Vec<u8>, high: bool) {
            let mut unit = vec![0x68];
            unit.extend(tail);
            let _ = Pps::read(&unit, &sps(if high { HIGH } else { BASELINE }));
            let _ = Pps::read(&unit, &[]);
        }
    }
}
