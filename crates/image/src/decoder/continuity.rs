//! Whether reference pictures of H.264 are missing, which decoders conceal: `frame_num` tells (ITU-T H.264, 7.4.3).

use std::collections::BTreeMap;

use fragkit_codec::avc::{self, Sps};
use fragkit_codec::bits::BitReader;

/// Follows `frame_num` from access unit to access unit.
#[derive(Debug, Default)]
pub(super) struct Continuity {
    /// What is needed of each sequence parameter set, by its id.
    sequences: BTreeMap<u8, Sequence>,
    /// The sequence parameter set of each picture parameter set.
    pictures: BTreeMap<u8, u8>,
    /// `frame_num` of the last reference picture.
    last: Option<u32>,
    /// Whether that was an IDR picture.
    last_is_idr: bool,
}

#[derive(Debug, Clone, Copy)]
struct Sequence {
    frame_num_bits: u8,
    has_colour_planes: bool,
    gaps_allowed: bool,
}

impl Continuity {
    /// Takes in a parameter set.
    pub(super) fn sequence(&mut self, sps: &Sps) {
        let sequence = Sequence {
            frame_num_bits: sps.log2_max_frame_num_minus4 + 4,
            has_colour_planes: sps.separate_colour_plane_flag,
            gaps_allowed: sps.gaps_in_frame_num_value_allowed_flag,
        };
        self.sequences.insert(sps.seq_parameter_set_id, sequence);
    }

    /// Takes in a unit that is a picture parameter set, if it is one.
    pub(super) fn picture_set(&mut self, unit: &[u8]) {
        if avc::nal_unit_type(unit) != Some(avc::NAL_PPS) {
            return;
        }
        let r = &mut BitReader::rbsp(unit, 1, "", "");
        if let (Ok(id), Ok(sequence)) =
            (r.ue_max8("pic_parameter_set_id", 255), r.ue_max8("seq_parameter_set_id", 31))
        {
            self.pictures.insert(id, sequence);
        }
    }

    /// Forgets what came before: reference pictures were left out on purpose.
    pub(super) fn forget(&mut self) {
        self.last = None;
    }

    /// Looks at the first slice of an access unit. Gives the `frame_num` that is there and the one that should be, where reference
    /// pictures between them are missing.
    pub(super) fn check(&mut self, units: &[&[u8]]) -> Result<(), (u32, u32)> {
        let Some(slice) = units.iter().find(|unit| avc::is_slice(unit)) else { return Ok(()) };
        let Some((frame_num, sequence)) = self.frame_num(slice) else { return Ok(()) };
        let is_reference = slice.first().is_some_and(|header| header & 0x60 != 0);
        let (last, behind_idr) = (self.last, self.last_is_idr);
        if is_reference || self.last.is_none() {
            self.last = Some(frame_num);
            self.last_is_idr = avc::is_idr(slice);
        }
        let Some(last) = last.filter(|_| !avc::is_idr(slice) && !sequence.gaps_allowed) else { return Ok(()) };
        let expected = (last + 1) % (1 << sequence.frame_num_bits);
        // A picture with memory_management_control_operation 5 has frame_num 0 afterwards, which only its full header tells. And
        // there are encoders that leave out a number behind every IDR picture, and no frame: clusters.mkv among the captures.
        let is_sound = frame_num == last || frame_num == expected || frame_num <= 1 || (behind_idr && frame_num == 2);
        if is_sound { Ok(()) } else { Err((frame_num, expected)) }
    }

    fn frame_num(&self, slice: &[u8]) -> Option<(u32, Sequence)> {
        let r = &mut BitReader::rbsp(slice, 1, "", "");
        r.ue("first_mb_in_slice").ok()?;
        r.ue("slice_type").ok()?;
        let id = r.ue_max8("pic_parameter_set_id", 255).ok()?;
        let sequence = *self.sequences.get(self.pictures.get(&id)?)?;
        if sequence.has_colour_planes {
            r.u8(2, "colour_plane_id").ok()?;
        }
        Some((r.u(sequence.frame_num_bits, "frame_num").ok()?, sequence))
    }
}
