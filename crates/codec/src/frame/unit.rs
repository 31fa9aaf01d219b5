//! NAL units by their first bytes: what both standards' headers, slice headers and messages say that a check asks for.

use super::{Packing, ParameterSet, RandomAccess, video::KnownSet};
use crate::{avc, bits::BitReader, hevc};

/// Which of the two standards NAL units follow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Standard {
    /// H.264.
    Avc,
    /// H.265.
    Hevc,
}

/// What a NAL unit is, as far as a check asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Class {
    Slice(RandomAccess),
    Set(ParameterSet),
    Delimiter,
    Message,
    /// Known, and of no interest here.
    Other,
    /// Reserved or unspecified.
    Unknown,
}

impl Standard {
    pub(super) fn nal_unit_type(self, unit: &[u8]) -> u8 {
        let found = match self {
            Self::Avc => avc::nal_unit_type(unit),
            Self::Hevc => hevc::nal_unit_type(unit),
        };
        found.unwrap_or(0)
    }

    /// Whether a unit is a parameter set.
    pub(crate) fn is_parameter_set(self, unit: &[u8]) -> bool {
        matches!(self.class(unit), Class::Set(_))
    }

    /// By the type alone: ITU-T H.264, Table 7-1; H.265, Table 7-1.
    pub(super) fn class(self, unit: &[u8]) -> Class {
        let nal_unit_type = self.nal_unit_type(unit);
        match self {
            Self::Avc => match nal_unit_type {
                1..=4 => Class::Slice(RandomAccess::No),
                avc::NAL_IDR => Class::Slice(RandomAccess::Idr),
                avc::NAL_SEI => Class::Message,
                avc::NAL_SPS => Class::Set(ParameterSet::Sps),
                avc::NAL_PPS => Class::Set(ParameterSet::Pps),
                avc::NAL_AUD => Class::Delimiter,
                // End of sequence and stream, filler, and what belongs to extensions and auxiliary pictures.
                10..=15 | 19..=21 => Class::Other,
                _ => Class::Unknown,
            },
            Self::Hevc => match nal_unit_type {
                0..=9 => Class::Slice(RandomAccess::No),
                hevc::NAL_IDR_W_RADL | hevc::NAL_IDR_N_LP => Class::Slice(RandomAccess::Idr),
                hevc::NAL_BLA_W_LP..=hevc::NAL_CRA => Class::Slice(RandomAccess::Irap),
                hevc::NAL_VPS => Class::Set(ParameterSet::Vps),
                hevc::NAL_SPS => Class::Set(ParameterSet::Sps),
                hevc::NAL_PPS => Class::Set(ParameterSet::Pps),
                hevc::NAL_AUD => Class::Delimiter,
                hevc::NAL_PREFIX_SEI => Class::Message,
                // End of sequence and bitstream, filler, suffix SEI.
                36..=38 | 40 => Class::Other,
                _ => Class::Unknown,
            },
        }
    }

    /// Whether a unit can be what its header says, judged by its first bytes: for telling readings of a frame apart. Types
    /// that only extensions and the Extended profile use do not count.
    pub(super) fn is_plausible(self, unit: &[u8]) -> bool {
        let (Some(&header), class) = (unit.first(), self.class(unit)) else { return false };
        let nal_unit_type = self.nal_unit_type(unit);
        if header & 0x80 != 0 || class == Class::Unknown {
            return false;
        }
        match self {
            Self::Avc => {
                let referenced = header & 0x60 != 0;
                match (nal_unit_type, unit) {
                    // H.264, 7.4.1: nal_ref_idc is 0 for these types and not for those.
                    (6 | 9..=12, _) if referenced => false,
                    (5 | 7 | 8, _) if !referenced => false,
                    // primary_pic_type and the stop bit.
                    (avc::NAL_AUD, [_, second]) => second & 0x1f == 0x10,
                    (10 | 11, _) => unit.len() == 1,
                    (1 | 5, _) => slice_type(unit).is_some(),
                    (6..=8 | 12, _) => unit.len() > 1,
                    _ => false,
                }
            }
            Self::Hevc => match unit {
                [first, second, rest @ ..] if first & 1 == 0 && second & 0xf8 == 0 && second & 7 != 0 => {
                    matches!(nal_unit_type, 36 | 37) == rest.is_empty()
                }
                _ => false,
            },
        }
    }

    /// Whether a slice is the first of its picture.
    pub(super) fn begins_picture(self, slice: &[u8]) -> bool {
        let bit = |byte: Option<&u8>| byte.is_some_and(|byte| byte & 0x80 != 0);
        match self {
            // first_mb_in_slice is 0, which ue(v) codes as one bit; partitions B and C begin with slice_id.
            Self::Avc => matches!(self.nal_unit_type(slice), 1 | 2 | avc::NAL_IDR) && bit(slice.get(1)),
            // first_slice_segment_in_pic_flag.
            Self::Hevc => bit(slice.get(2)),
        }
    }

    /// The RTP packet that has this NAL unit type: RFC 6184, 5.2; RFC 7798, 4.4.
    pub(super) fn rtp_packet(self, nal_unit_type: u8) -> Option<&'static str> {
        Some(match (self, nal_unit_type) {
            (Self::Avc, 24) => "STAP-A",
            (Self::Avc, 25) => "STAP-B",
            (Self::Avc, 26) => "MTAP16",
            (Self::Avc, 27) => "MTAP24",
            (Self::Avc, 28) => "FU-A",
            (Self::Avc, 29) => "FU-B",
            (Self::Hevc, 48) => "an aggregation packet",
            (Self::Hevc, 49) => "a fragmentation unit",
            (Self::Hevc, 50) => "a PACI packet",
            _ => return None,
        })
    }

    /// The id of a parameter set.
    pub(super) fn set_id(self, unit: &[u8], set: ParameterSet) -> Option<u8> {
        match (self, set) {
            (Self::Avc, ParameterSet::Sps) => BitReader::rbsp(unit, 4, "", "").ue_max8("seq_parameter_set_id", 31).ok(),
            (Self::Avc, _) => BitReader::rbsp(unit, 1, "", "").ue_max8("pic_parameter_set_id", 255).ok(),
            (Self::Hevc, ParameterSet::Vps) => {
                BitReader::rbsp(unit, 2, "", "").u8(4, "vps_video_parameter_set_id").ok()
            }
            (Self::Hevc, ParameterSet::Sps) => hevc::Sps::read(unit).ok().map(|sps| sps.sps_seq_parameter_set_id),
            (Self::Hevc, ParameterSet::Pps) => {
                BitReader::rbsp(unit, 2, "", "").ue_max8("pps_pic_parameter_set_id", 63).ok()
            }
        }
    }

    /// Width and height of an SPS.
    pub(super) fn size(self, sps: &[u8]) -> Option<(u32, u32)> {
        match self {
            Self::Avc => avc::Sps::read(sps).ok().map(|sps| (sps.width(), sps.height())),
            Self::Hevc => hevc::Sps::read(sps).ok().map(|sps| (sps.width(), sps.height())),
        }
    }

    /// Whether decoding can start at a frame without a random access picture, by its messages and slice types; and the count of
    /// the recovery point message.
    pub(super) fn entry(self, packing: Packing, payload: &[u8], sets: &[KnownSet]) -> (RandomAccess, u32) {
        let mut intra = true;
        for unit in packing.units(payload).filter_map(|range| payload.get(range)) {
            match self.class(unit) {
                Class::Message => {
                    if let Some(count) = self.recovery_point(unit) {
                        return (RandomAccess::RecoveryPoint, count);
                    }
                }
                Class::Slice(_) => intra = intra && self.is_intra(unit, sets),
                _ => {}
            }
        }
        (if intra { RandomAccess::Intra } else { RandomAccess::No }, 0)
    }

    /// `recovery_frame_cnt` or `recovery_poc_cnt` of an SEI unit with a recovery point message, payload type 6 in both
    /// standards (H.264, D.1.8; H.265, D.2.8). A count that cannot be read, or lies behind, is 0.
    fn recovery_point(self, unit: &[u8]) -> Option<u32> {
        let header_bytes = if self == Self::Avc { 1 } else { 2 };
        let r = &mut BitReader::rbsp(unit, header_bytes, "", "");
        // payloadType and payloadSize: as many times 255 as there are bytes of ones, and the byte behind them.
        let number = |r: &mut BitReader<'_>| {
            let mut value = 0_usize;
            loop {
                let byte = r.u8(8, "").ok()?;
                value = value.saturating_add(usize::from(byte));
                if byte != 0xff {
                    return Some(value);
                }
            }
        };
        while r.bits_left() > 16 {
            let (Some(payload_type), Some(payload_size)) = (number(r), number(r)) else { return None };
            if payload_type == 6 {
                return Some(match self {
                    Self::Avc => r.ue("recovery_frame_cnt").unwrap_or(0),
                    Self::Hevc => {
                        r.se("recovery_poc_cnt").ok().and_then(|count| u32::try_from(count).ok()).unwrap_or(0)
                    }
                });
            }
            for _ in 0..payload_size {
                r.u8(8, "").ok()?;
            }
        }
        None
    }

    /// Whether a slice is intra coded, as far as its header can be read; later segments of a picture in H.265 count as such.
    fn is_intra(self, slice: &[u8], sets: &[KnownSet]) -> bool {
        match self {
            Self::Avc => matches!(slice_type(slice), Some(2 | 4 | 7 | 9)),
            Self::Hevc if !self.begins_picture(slice) => true,
            Self::Hevc => hevc_slice_type(slice, sets) == Some(2),
        }
    }
}

/// `slice_type` of an H.264 slice, 0 to 9: 2 and 7 are I, 4 and 9 SI (H.264, 7.3.3).
fn slice_type(slice: &[u8]) -> Option<u8> {
    let r = &mut BitReader::rbsp(slice, 1, "", "");
    r.ue("first_mb_in_slice").ok()?;
    r.ue_max8("slice_type", 9).ok()
}

/// `slice_type` of the first slice segment of an H.265 picture: 2 is I (H.265, 7.3.6.1).
fn hevc_slice_type(slice: &[u8], sets: &[KnownSet]) -> Option<u8> {
    let r = &mut BitReader::rbsp(slice, 2, "", "");
    r.flag("first_slice_segment_in_pic_flag").ok()?;
    let id = r.ue_max8("slice_pic_parameter_set_id", 63).ok()?;
    let pps = sets.iter().find(|known| known.set == ParameterSet::Pps && known.id == Some(id))?;
    let pps = &mut BitReader::rbsp(&pps.unit, 2, "", "");
    pps.ue("pps_pic_parameter_set_id").ok()?;
    pps.ue("pps_seq_parameter_set_id").ok()?;
    pps.u8(2, "dependent_slice_segments_enabled_flag, output_flag_present_flag").ok()?;
    let extra_bits = pps.u8(3, "num_extra_slice_header_bits").ok()?;
    r.u8(extra_bits, "slice_reserved_flag").ok()?;
    r.ue_max8("slice_type", 2).ok()
}
