//! The H.264 slice header as far as it tells how pictures hang together (ITU-T H.264, 7.3.3).
//!
//! ```text
//! first_mb_in_slice, slice_type, pic_parameter_set_id
//! frame_num, field_pic_flag, idr_pic_id, picture order count, redundant_pic_cnt
//! num_ref_idx_active, ref_pic_list_modification()
//! pred_weight_table(), dec_ref_pic_marking()          for memory_management_control_operation 5
//! ```

use fragkit_codec::{
    Error,
    avc::{self, PicOrderCnt, Pps, Sps},
    bits::BitReader,
};

use super::DecodeError;

/// The parameter sets that slices name. A later one of an id takes the place of an earlier one.
#[derive(Debug, Default)]
pub(super) struct ParameterSets {
    sps: Vec<Sps>,
    pps: Vec<Pps>,
}

/// What a slice says of its picture.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct SliceHeader {
    pub(super) first_mb_in_slice: u32,
    /// `slice_type` modulo 5: 0 P, 1 B, 2 I, 3 SP, 4 SI.
    pub(super) slice_type: u32,
    pub(super) nal_ref_idc: u8,
    pub(super) idr: bool,
    pub(super) colour_plane_id: u8,
    pub(super) frame_num: u32,
    /// `bottom_field_flag`, for a field.
    pub(super) field: Option<bool>,
    /// `pic_order_cnt_lsb`, where the picture order count is of type 0.
    pub(super) pic_order_cnt_lsb: Option<u32>,
    pub(super) redundant_pic_cnt: u32,
    /// `num_ref_idx_l0_active_minus1` plus 1; 0 for I slices.
    pub(super) num_ref_idx_l0_active: u32,
    /// Commands for list 0: modification_of_pic_nums_idc and its value.
    pub(super) modifications_l0: Vec<(u32, u32)>,
    /// Whether memory_management_control_operation 5 is among the commands: all references go, and frame_num starts anew.
    pub(super) resets: bool,
}

impl ParameterSets {
    pub(super) fn add_sps(&mut self, sps: Sps) {
        self.sps.retain(|known| known.seq_parameter_set_id != sps.seq_parameter_set_id);
        self.sps.push(sps);
    }

    /// One that cannot be read is left out: a slice that names it then has none.
    pub(super) fn add_pps(&mut self, unit: &[u8]) {
        if let Ok(pps) = Pps::read(unit, &self.sps) {
            self.pps.retain(|known| known.pic_parameter_set_id != pps.pic_parameter_set_id);
            self.pps.push(pps);
        }
    }

    /// Reads the header of a slice (NAL unit types 1 and 5), and gives the SPS that it goes by.
    pub(super) fn read_slice(&self, unit: &[u8]) -> Result<(SliceHeader, &Sps), DecodeError> {
        let r = &mut BitReader::rbsp(unit, 1, "H.264 slice header", "ITU-T H.264, 7.4.3");
        let first_mb_in_slice = r.ue("first_mb_in_slice")?;
        let slice_type = r.ue_max("slice_type", 9)? % 5;
        let id = r.ue_max8("pic_parameter_set_id", 255)?;
        let pps = self.pps.iter().find(|pps| pps.pic_parameter_set_id == id);
        let sps = pps.and_then(|pps| self.sps.iter().find(|it| it.seq_parameter_set_id == pps.seq_parameter_set_id));
        let (Some(pps), Some(sps)) = (pps, sps) else {
            return Err(DecodeError::damaged(format!("the picture parameter set {id} or its SPS is not there")));
        };
        let nal_ref_idc = unit.first().map_or(0, |header| (header >> 5) & 3);
        let idr = avc::is_idr(unit);
        let mut header = SliceHeader {
            first_mb_in_slice,
            slice_type,
            nal_ref_idc,
            idr,
            colour_plane_id: if sps.separate_colour_plane_flag { r.u8(2, "colour_plane_id")? } else { 0 },
            frame_num: r.u(sps.log2_max_frame_num_minus4 + 4, "frame_num")?,
            field: None,
            pic_order_cnt_lsb: None,
            redundant_pic_cnt: 0,
            num_ref_idx_l0_active: 0,
            modifications_l0: Vec::new(),
            resets: false,
        };
        if !sps.frame_mbs_only_flag && r.flag("field_pic_flag")? {
            header.field = Some(r.flag("bottom_field_flag")?);
        }
        if idr {
            r.ue("idr_pic_id")?;
        }
        let both = pps.bottom_field_pic_order_in_frame_present_flag && header.field.is_none();
        match &sps.pic_order_cnt {
            PicOrderCnt::Type0 { log2_max_pic_order_cnt_lsb_minus4 } => {
                let bits = log2_max_pic_order_cnt_lsb_minus4 + 4;
                header.pic_order_cnt_lsb = Some(r.u(bits, "pic_order_cnt_lsb")?);
                if both {
                    r.se("delta_pic_order_cnt_bottom")?;
                }
            }
            PicOrderCnt::Type1 { delta_pic_order_always_zero_flag: false, .. } => {
                r.se("delta_pic_order_cnt[0]")?;
                if both {
                    r.se("delta_pic_order_cnt[1]")?;
                }
            }
            PicOrderCnt::Type1 { .. } | PicOrderCnt::Type2 => {}
        }
        if pps.redundant_pic_cnt_present_flag {
            header.redundant_pic_cnt = r.ue("redundant_pic_cnt")?;
        }
        header.read_references(r, sps, pps)?;
        Ok((header, sps))
    }
}

impl SliceHeader {
    /// Whether the slice refers to other pictures.
    pub(super) fn is_inter(&self) -> bool {
        !matches!(self.slice_type, INTRA | SWITCHING_INTRA)
    }

    fn read_references(&mut self, r: &mut BitReader<'_>, sps: &Sps, pps: &Pps) -> Result<(), Error> {
        let bipredicted = self.slice_type == BIPREDICTED;
        let mut active = [pps.num_ref_idx_l0_default_active_minus1, pps.num_ref_idx_l1_default_active_minus1];
        if bipredicted {
            r.flag("direct_spatial_mv_pred_flag")?;
        }
        if self.is_inter() {
            let lists = if bipredicted { 2 } else { 1 };
            if r.flag("num_ref_idx_active_override_flag")? {
                for active in active.iter_mut().take(lists) {
                    *active = r.ue_max8("num_ref_idx_active_minus1", 31)?;
                }
            }
            let [l0, l1] = active.map(|minus1| u32::from(minus1) + 1);
            self.num_ref_idx_l0_active = l0;
            self.modifications_l0 = read_modifications(r)?;
            if bipredicted {
                read_modifications(r)?;
            }
            if self.nal_ref_idc != 0 {
                let explicit = if bipredicted { pps.weighted_bipred_idc == 1 } else { pps.weighted_pred_flag };
                if explicit {
                    let colour = sps.chroma_format_idc != 0 && !sps.separate_colour_plane_flag;
                    skip_pred_weight_table(r, l0 + if bipredicted { l1 } else { 0 }, colour)?;
                }
            }
        }
        if self.nal_ref_idc != 0 && !self.idr {
            self.resets = read_marking(r)?;
        }
        Ok(())
    }
}

/// `ref_pic_list_modification()` for one list, 7.3.3.1.
fn read_modifications(r: &mut BitReader<'_>) -> Result<Vec<(u32, u32)>, Error> {
    let mut commands = Vec::new();
    if r.flag("ref_pic_list_modification_flag")? {
        loop {
            match r.ue_max("modification_of_pic_nums_idc", 3)? {
                3 => break,
                idc => commands.push((idc, r.ue("abs_diff_pic_num_minus1")?)),
            }
        }
    }
    Ok(commands)
}

/// `pred_weight_table()`, 7.3.3.2, for so many entries of both lists.
fn skip_pred_weight_table(r: &mut BitReader<'_>, entries: u32, colour: bool) -> Result<(), Error> {
    r.ue("luma_log2_weight_denom")?;
    if colour {
        r.ue("chroma_log2_weight_denom")?;
    }
    for _ in 0..entries {
        if r.flag("luma_weight_flag")? {
            r.se("luma_weight")?;
            r.se("luma_offset")?;
        }
        if colour && r.flag("chroma_weight_flag")? {
            for _ in 0..2 {
                r.se("chroma_weight")?;
                r.se("chroma_offset")?;
            }
        }
    }
    Ok(())
}

/// `dec_ref_pic_marking()` of a picture that is no IDR picture, 7.3.3.3; returns whether operation 5 is there.
fn read_marking(r: &mut BitReader<'_>) -> Result<bool, Error> {
    let mut resets = false;
    if r.flag("adaptive_ref_pic_marking_mode_flag")? {
        loop {
            let operation = r.ue_max("memory_management_control_operation", 6)?;
            if operation == 0 {
                break;
            }
            resets |= operation == 5;
            // Operation 3 has two operands, 5 none, the others one.
            for _ in 0..[1, 1, 1, 2, 1, 0, 1].get(usize::try_from(operation).unwrap_or(0)).copied().unwrap_or(0) {
                r.ue("memory_management_control_operation operand")?;
            }
        }
    }
    Ok(resets)
}

const BIPREDICTED: u32 = 1;
const INTRA: u32 = 2;
const SWITCHING_INTRA: u32 = 4;
