//! The faults of video frames in words.

use super::{FrameFault, FrameRule, ParameterSet, SetChange, Standard, Video};
use crate::{error::Error, fault::Fault, nal::LengthSize};

impl Video {
    /// One fault in words.
    pub(super) fn fault(&self, fault: FrameFault) -> Fault {
        let (field, rule) = self.words(fault.rule);
        let section = self.standard.section(fault.rule);
        let error = Error::new(fault.rule.kind(), self.standard.structure(), fault.offset, field, rule, section);
        Fault { error, effect: fault.rule.effect() }
    }

    /// The field, and what is wrong with it.
    fn words(&self, rule: FrameRule) -> (&'static str, String) {
        let size = self.length_size.unwrap_or(LengthSize::Four).bytes();
        let avc = self.standard == Standard::Avc;
        let random_access = if avc { "no IDR picture" } else { "no IDR, CRA or BLA picture" };
        match rule {
            FrameRule::LengthPastEnd { length, left } => {
                (LENGTH, format!("is {length}, {left} bytes of the frame are left"))
            }
            FrameRule::LengthCut { left } => (LENGTH, format!("takes {size} bytes, {left} are left")),
            FrameRule::StartCodes => {
                (LENGTH, format!("of {} is expected, an Annex B start code stands there", bytes(size)))
            }
            FrameRule::OtherLengthSize(found) => {
                (LENGTH, format!("has {}, the private data declares {}", bytes(found.bytes()), bytes(size)))
            }
            FrameRule::EmptyUnit => (LENGTH, "is 0".into()),
            FrameRule::ForbiddenBit => ("forbidden_zero_bit", "is 1".into()),
            FrameRule::HeaderCut => ("nal_unit_header", "is cut off, it takes 2 bytes".into()),
            FrameRule::UnknownType(found) => (TYPE, format!("is {}", self.standard.unknown_type(found))),
            FrameRule::RtpPacket(found) => (
                TYPE,
                format!(
                    "is {}: the producer stores the packets of its source, and there is no slice beside them",
                    self.standard.unknown_type(found)
                ),
            ),
            FrameRule::OtherLayer(found) => {
                ("nuh_layer_id", format!("is {found}, decoders of the base layer skip the unit"))
            }
            FrameRule::NoTemporalId => ("nuh_temporal_id_plus1", "is 0".into()),
            FrameRule::NoPicture => ("", "has no slice".into()),
            FrameRule::SecondPicture => (
                if avc { "first_mb_in_slice" } else { "first_slice_segment_in_pic_flag" },
                format!("is {} once more: a second picture begins in the frame", if avc { 0 } else { 1 }),
            ),
            FrameRule::KeyOnRecoveryPoint => {
                (KEY, format!("is set, and there is {random_access} but a recovery point: an open group of pictures"))
            }
            FrameRule::KeyOnIntra => {
                (KEY, format!("is set, and there is {random_access} but intra slices: an open group of pictures"))
            }
            FrameRule::KeyOnPredicted => {
                (KEY, format!("is set, and there is {random_access}: decoding cannot start here"))
            }
            FrameRule::KeyMissing => {
                (KEY, format!("is not set, and there is an {} picture", if avc { "IDR" } else { "IDR, CRA or BLA" }))
            }
            FrameRule::DelimiterNotFirst => (
                TYPE,
                format!("is {} (access unit delimiter), which only the first unit may be", if avc { 9 } else { 35 }),
            ),
            FrameRule::AfterSlice(found) => {
                (TYPE, format!("is {found} behind a slice, where it belongs to the next picture"))
            }
            FrameRule::SetDiffers { set, id, change } => self.set_words(set, id, change),
            _ => ("", "has no bytes".into()),
        }
    }

    fn set_words(&self, set: ParameterSet, id: Option<u8>, change: SetChange) -> (&'static str, String) {
        let field = match (set, self.standard) {
            (ParameterSet::Vps, _) => "vps_video_parameter_set_id",
            (ParameterSet::Sps, Standard::Avc) => "seq_parameter_set_id",
            (ParameterSet::Sps, Standard::Hevc) => "sps_seq_parameter_set_id",
            (ParameterSet::Pps, Standard::Avc) => "pic_parameter_set_id",
            (ParameterSet::Pps, Standard::Hevc) => "pps_pic_parameter_set_id",
        };
        let name = set.name();
        let of = if set == ParameterSet::Sps { "of an SPS".into() } else { format!("of a {name}") };
        let rule = match (id, change) {
            (None, _) => format!("{of} cannot be read, and the private data has no such {name}"),
            (Some(id), SetChange::NewId) => format!("{of} is {id}, the private data has no {name} of this id"),
            (Some(id), SetChange::Content) => format!("{of} is {id}, the private data has another {name} {id}"),
            (Some(id), SetChange::PictureSize { width, height }) => {
                let before =
                    self.size.map_or_else(|| "another size".into(), |(width, height)| format!("{width}x{height}"));
                format!("{of} is {id} with pictures of {width}x{height}, the private data says {before}")
            }
        };
        (field, rule)
    }
}

impl Standard {
    fn structure(self) -> &'static str {
        match self {
            Self::Avc => "H.264 frame",
            Self::Hevc => "H.265 frame",
        }
    }

    /// A type that the standard's table gives no meaning.
    fn unknown_type(self, nal_unit_type: u8) -> String {
        let unspecified = match self {
            Self::Avc => matches!(nal_unit_type, 0 | 24..),
            Self::Hevc => nal_unit_type >= 48,
        };
        let status = if unspecified { "unspecified" } else { "reserved" };
        match (self.rtp_packet(nal_unit_type), self) {
            (Some(packet), Self::Avc) => format!("{nal_unit_type}, {status}; in RTP it is {packet} (RFC 6184, 5.2)"),
            (Some(packet), Self::Hevc) => format!("{nal_unit_type}, {status}; in RTP it is {packet} (RFC 7798, 4.4)"),
            (None, _) => format!("{nal_unit_type}, {status}"),
        }
    }

    fn section(self, rule: FrameRule) -> &'static str {
        let (avc, hevc) = match rule {
            FrameRule::Empty
            | FrameRule::LengthPastEnd { .. }
            | FrameRule::LengthCut { .. }
            | FrameRule::StartCodes
            | FrameRule::OtherLengthSize(_)
            | FrameRule::EmptyUnit => ("ISO/IEC 14496-15, 5.3.2", "ISO/IEC 14496-15, HEVC sample format"),
            FrameRule::ForbiddenBit => ("ITU-T H.264, 7.4.1", "ITU-T H.265, 7.4.2.2"),
            FrameRule::HeaderCut | FrameRule::OtherLayer(_) | FrameRule::NoTemporalId => ("", "ITU-T H.265, 7.4.2.2"),
            FrameRule::UnknownType(_) | FrameRule::RtpPacket(_) => ("ITU-T H.264, Table 7-1", "ITU-T H.265, Table 7-1"),
            FrameRule::SecondPicture => ("ITU-T H.264, 7.4.1.2.4", "ITU-T H.265, 7.4.2.4.5"),
            FrameRule::NoPicture | FrameRule::DelimiterNotFirst | FrameRule::AfterSlice(_) => {
                ("ITU-T H.264, 7.4.1.2.3", "ITU-T H.265, 7.4.2.4.4")
            }
            FrameRule::KeyOnRecoveryPoint
            | FrameRule::KeyOnIntra
            | FrameRule::KeyOnPredicted
            | FrameRule::KeyMissing => ("RFC 9559, SimpleBlock Structure", "RFC 9559, SimpleBlock Structure"),
            FrameRule::SetDiffers { .. } => ("ISO/IEC 14496-15, avc1 and avc3", "ISO/IEC 14496-15, hvc1 and hev1"),
            _ => ("", ""),
        };
        match self {
            Self::Avc => avc,
            Self::Hevc => hevc,
        }
    }
}

fn bytes(count: usize) -> String {
    if count == 1 { "1 byte".into() } else { format!("{count} bytes") }
}

const LENGTH: &str = "NALUnitLength";
const TYPE: &str = "nal_unit_type";
const KEY: &str = "key flag";
