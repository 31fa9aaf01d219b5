//! Frames of video: how their NAL units are packed, and what those are by their headers.

use std::ops::Range;

use bytes::Bytes;

use super::{
    FIRST_FAULTS, Findings, FrameCheck, FrameRule, Packing, ParameterSet, RandomAccess, SetChange,
    unit::{Class, Standard},
};
use crate::{
    avc::AvcDecoderConfigurationRecord,
    hevc::HevcDecoderConfigurationRecord,
    nal::{self, LengthSize},
};

/// What video frames are held against.
#[derive(Debug, Clone)]
pub(crate) struct Video {
    pub(super) standard: Standard,
    /// `None` without private data.
    pub(super) length_size: Option<LengthSize>,
    sets: Vec<KnownSet>,
    /// Width and height by the first SPS.
    pub(super) size: Option<(u32, u32)>,
    /// A frame may be two fields, each a picture of its own.
    fields: bool,
}

/// A parameter set of the private data.
#[derive(Debug, Clone)]
pub(super) struct KnownSet {
    pub(super) set: ParameterSet,
    pub(super) id: Option<u8>,
    /// Width and height, for an SPS.
    size: Option<(u32, u32)>,
    pub(super) unit: Bytes,
}

impl Video {
    pub(super) fn avc(record: &AvcDecoderConfigurationRecord) -> Self {
        let sps = record.sps().ok();
        Self {
            standard: Standard::Avc,
            length_size: Some(record.length_size),
            sets: known_sets(
                Standard::Avc,
                record.sequence_parameter_sets.iter().chain(&record.picture_parameter_sets),
            ),
            size: sps.as_ref().map(|sps| (sps.width(), sps.height())),
            fields: sps.is_some_and(|sps| !sps.frame_mbs_only_flag),
        }
    }

    pub(super) fn hevc(record: &HevcDecoderConfigurationRecord) -> Self {
        Self {
            standard: Standard::Hevc,
            length_size: Some(record.length_size),
            sets: known_sets(Standard::Hevc, record.arrays.iter().flat_map(|array| &array.nal_units)),
            size: record.sps().ok().map(|sps| (sps.width(), sps.height())),
            fields: false,
        }
    }

    /// For frames whose private data is not known.
    pub(crate) fn without_private(standard: Standard) -> Self {
        Self { standard, length_size: None, sets: Vec::new(), size: None, fields: true }
    }

    /// How the NAL units of a frame are packed, without reading it through.
    ///
    /// Lengths of 1 and of 256 to 511 read like start codes. Where lengths of the declared size add up exactly to the end,
    /// the first unit could be what its header says, and no start code is in it, lengths is what they are. A wrong reading
    /// takes the first byte of a slice header for a NAL unit header, and in the first slice of a picture that has the
    /// forbidden bit set (H.264); or the second byte of a header, which makes up a layer above 31 (H.265).
    pub(crate) fn packing(&self, payload: &[u8]) -> Packing {
        if payload.is_empty() {
            return Packing::Broken;
        }
        let other = [LengthSize::Four, LengthSize::Two, LengthSize::One, LengthSize::Three];
        let other = || other.into_iter().find(|&size| self.reads_well(payload, size));
        let start_code = nal::starts_with_start_code(payload);
        match self.length_size.and_then(|size| Some((size, has_empty_units(payload, size)?))) {
            Some((size, has_empty)) if start_code => {
                let first = nal::units(payload, Some(size)).next().and_then(|range| payload.get(range));
                let sound = |unit: &[u8]| self.standard.is_plausible(unit) && nal::annex_b(unit).next().is_none();
                if !first.is_some_and(sound) && self.begins_annex_b(payload) {
                    Packing::AnnexB
                } else if has_empty {
                    Packing::Lengths(other().unwrap_or(size))
                } else {
                    Packing::Lengths(size)
                }
            }
            // Short lengths of four bytes, read as lengths of two, make every second unit empty.
            Some((size, true)) => Packing::Lengths(other().unwrap_or(size)),
            Some((size, false)) => Packing::Lengths(size),
            None => match other() {
                Some(size) => Packing::Lengths(size),
                None if start_code => Packing::AnnexB,
                None => Packing::Broken,
            },
        }
    }

    /// Whether lengths of a size leave nothing over, none is 0, and each unit could be what its header says.
    fn reads_well(&self, payload: &[u8], size: LengthSize) -> bool {
        let plausible = |unit: Range<usize>| payload.get(unit).is_some_and(|unit| self.standard.is_plausible(unit));
        nal::length_prefixed(payload, size).all(|unit| unit.is_ok_and(plausible))
    }

    /// Whether the unit behind the first start code could be what its header says, going by the frame's first bytes.
    fn begins_annex_b(&self, payload: &[u8]) -> bool {
        let head = payload.get(..HEAD_BYTES).unwrap_or(payload);
        nal::annex_b(head).next().and_then(|range| head.get(range)).is_some_and(|unit| self.standard.is_plausible(unit))
    }

    pub(super) fn walk(
        &self,
        payload: &[u8],
        keyframe: bool,
        mut unit: impl FnMut(Range<usize>),
        findings: &mut Findings,
    ) -> FrameCheck {
        let packing = self.packing(payload);
        let mut walk = Walk { video: self, payload, findings, seen: Seen::default() };
        match packing {
            Packing::Lengths(size) => {
                if self.length_size.is_some_and(|declared| declared != size) {
                    walk.findings.add(0, FrameRule::OtherLengthSize(size));
                }
                for range in nal::length_prefixed(payload, size).map_while(Result::ok) {
                    if range.is_empty() {
                        walk.seen.empty_unit = true;
                        walk.findings.add(range.start.saturating_sub(size.bytes()), FrameRule::EmptyUnit);
                    } else {
                        walk.unit(range.clone());
                        unit(range);
                    }
                }
            }
            Packing::AnnexB => {
                walk.findings.add(0, FrameRule::StartCodes);
                for range in nal::annex_b(payload) {
                    walk.unit(range.clone());
                    unit(range);
                }
            }
            _ => walk.broken(self.length_size.unwrap_or(LengthSize::Four)),
        }
        walk.finish(packing, keyframe)
    }

    /// How a parameter set differs from those of the private data; `None` when it is among them.
    fn set_change(&self, unit: &[u8], set: ParameterSet) -> Option<(Option<u8>, SetChange)> {
        let unit = nal::without_trailing_zeros(unit);
        if self.length_size.is_none() || self.sets.iter().any(|known| known.unit == unit) {
            return None;
        }
        let id = self.standard.set_id(unit, set);
        let same_id = |known: &&KnownSet| known.set == set && known.id == id && id.is_some();
        let change = match self.sets.iter().find(same_id) {
            None => SetChange::NewId,
            Some(known) if set == ParameterSet::Sps => match self.standard.size(unit) {
                Some((width, height)) if known.size.is_some_and(|before| before != (width, height)) => {
                    SetChange::PictureSize { width, height }
                }
                _ => SetChange::Content,
            },
            Some(_) => SetChange::Content,
        };
        Some((id, change))
    }
}

/// The parameter sets among some units, without zeros at their ends.
fn known_sets<'a>(standard: Standard, units: impl Iterator<Item = &'a Bytes>) -> Vec<KnownSet> {
    let known = |unit: &Bytes| {
        let Class::Set(set) = standard.class(unit) else { return None };
        let unit = unit.slice(..nal::without_trailing_zeros(unit).len());
        let size = if set == ParameterSet::Sps { standard.size(&unit) } else { None };
        Some(KnownSet { set, id: standard.set_id(&unit, set), size, unit })
    };
    units.filter_map(known).take(MAX_KNOWN_SETS).collect()
}

/// One pass over the units of a frame.
struct Walk<'a> {
    video: &'a Video,
    payload: &'a [u8],
    findings: &'a mut Findings,
    seen: Seen,
}

#[derive(Default)]
struct Seen {
    units: u32,
    pictures: u32,
    slice: bool,
    random_access: Option<RandomAccess>,
    rtp: Option<(usize, u8)>,
    sets_differ: bool,
    forbidden_bit: bool,
    empty_unit: bool,
}

impl Walk<'_> {
    fn unit(&mut self, range: Range<usize>) {
        let standard = self.video.standard;
        let at = range.start;
        let Some(unit) = self.payload.get(range) else { return };
        let first_unit = self.seen.units == 0;
        self.seen.units = self.seen.units.saturating_add(1);
        if unit.first().is_some_and(|header| header & 0x80 != 0) {
            self.seen.forbidden_bit = true;
            return self.findings.add(at, FrameRule::ForbiddenBit);
        }
        if standard == Standard::Hevc {
            match unit {
                [_, second, ..] if second & 7 == 0 => return self.findings.add(at, FrameRule::NoTemporalId),
                [first, second, ..] => {
                    let layer = ((first & 1) << 5) | (second >> 3);
                    if layer != 0 {
                        return self.findings.add(at, FrameRule::OtherLayer(layer));
                    }
                }
                _ => return self.findings.add(at, FrameRule::HeaderCut),
            }
        }
        let nal_unit_type = standard.nal_unit_type(unit);
        let after_slice = self.seen.slice && !self.video.fields;
        match standard.class(unit) {
            Class::Slice(random_access) => {
                self.seen.slice = true;
                self.seen.random_access = self.seen.random_access.max(Some(random_access));
                if standard.begins_picture(unit) {
                    self.seen.pictures = self.seen.pictures.saturating_add(1);
                    if self.seen.pictures == if self.video.fields { 3 } else { 2 } {
                        self.findings.add(at, FrameRule::SecondPicture);
                    }
                }
            }
            Class::Set(set) => {
                if let Some((id, change)) = self.video.set_change(unit, set) {
                    self.seen.sets_differ = true;
                    self.findings.add(at, FrameRule::SetDiffers { set, id, change });
                }
                if after_slice {
                    self.findings.add(at, FrameRule::AfterSlice(nal_unit_type));
                }
            }
            Class::Delimiter if !(first_unit || self.seen.slice && self.video.fields) => {
                self.findings.add(at, FrameRule::DelimiterNotFirst);
            }
            Class::Message if after_slice => self.findings.add(at, FrameRule::AfterSlice(nal_unit_type)),
            Class::Unknown => {
                if standard.rtp_packet(nal_unit_type).is_some() {
                    self.seen.rtp.get_or_insert((at, nal_unit_type));
                }
                self.findings.add(at, FrameRule::UnknownType(nal_unit_type));
            }
            Class::Delimiter | Class::Message | Class::Other => {}
        }
    }

    /// Lengths that do not add up: the units before the one that breaks are looked at all the same.
    fn broken(&mut self, size: LengthSize) {
        if self.payload.is_empty() {
            return self.findings.add(0, FrameRule::Empty);
        }
        let mut end = 0;
        for range in nal::length_prefixed(self.payload, size).map_while(Result::ok) {
            end = range.end;
            if !range.is_empty() {
                self.unit(range);
            }
        }
        let rest = self.payload.get(end..).unwrap_or_default();
        let rule = match rest.split_at_checked(size.bytes()) {
            Some((prefix, behind)) => FrameRule::LengthPastEnd {
                length: prefix.iter().fold(0, |value, &byte| (value << 8) | u32::from(byte)),
                left: behind.len(),
            },
            None => FrameRule::LengthCut { left: rest.len() },
        };
        self.findings.add(end, rule);
    }

    /// What can be said only of the whole frame.
    fn finish(self, packing: Packing, keyframe: bool) -> FrameCheck {
        let Self { video, payload, findings, seen } = self;
        let mut random_access = seen.random_access.unwrap_or(RandomAccess::No);
        let mut recovery_count = 0;
        let mut key = keyframe;
        if packing == Packing::Broken {
            // Whatever is wrong with the flag is the smaller part of it.
        } else if let (false, Some((at, nal_unit_type))) = (seen.slice, seen.rtp) {
            findings.add(at, FrameRule::RtpPacket(nal_unit_type));
        } else if !seen.slice {
            findings.add(0, FrameRule::NoPicture);
        } else if random_access >= RandomAccess::Irap {
            key = true;
            if !keyframe {
                findings.add(0, FrameRule::KeyMissing);
            }
        } else if keyframe {
            (random_access, recovery_count) = video.standard.entry(packing, payload, &video.sets);
            key = random_access > RandomAccess::No;
            let rule = match random_access {
                RandomAccess::RecoveryPoint => FrameRule::KeyOnRecoveryPoint,
                RandomAccess::No => FrameRule::KeyOnPredicted,
                _ => FrameRule::KeyOnIntra,
            };
            findings.add(0, rule);
        }
        FrameCheck {
            packing,
            random_access,
            recovery_count,
            keyframe: key,
            has_media: seen.slice,
            sets_differ: seen.sets_differ,
            forbidden_bit: seen.forbidden_bit,
            empty_unit: seen.empty_unit,
            worst: None,
            fault_count: 0,
            first: [None; FIRST_FAULTS],
        }
    }
}

/// Whether some lengths of a frame are 0; `None` when they do not add up exactly to its end.
fn has_empty_units(payload: &[u8], size: LengthSize) -> Option<bool> {
    let mut units = nal::length_prefixed(payload, size);
    units.try_fold(false, |found, unit| Some(found | unit.ok()?.is_empty()))
}

/// How many parameter sets of the private data frames are held against: more than there are ids for.
const MAX_KNOWN_SETS: usize = 320;

/// As much of a frame as tells what its first unit is.
const HEAD_BYTES: usize = 64;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::{
        CodecPrivate, FrameChecker,
        fault::Effect,
        testdata::{AVC_HIGH_1080P, HEVC_MAIN, hex, hvcc},
    };

    fn avc() -> FrameChecker {
        FrameChecker::new(&CodecPrivate::parse("V_MPEG4/ISO/AVC", &hex(AVC_HIGH_1080P)).unwrap())
    }

    fn hevc() -> FrameChecker {
        FrameChecker::new(&CodecPrivate::parse("V_MPEGH/ISO/HEVC", &hvcc(HEVC_MAIN)).unwrap())
    }

    /// Units as hex, with lengths of a size.
    fn packed(size: LengthSize, units: &[&str]) -> Vec<u8> {
        let mut frame = Vec::new();
        for unit in units {
            let unit = hex(unit);
            frame.extend(u32::try_from(unit.len()).unwrap().to_be_bytes().into_iter().skip(4 - size.bytes()));
            frame.extend(unit);
        }
        frame
    }

    fn lengths(units: &[&str]) -> Vec<u8> {
        packed(LengthSize::Four, units)
    }

    /// Effect and words of every fault.
    fn words(checker: &FrameChecker, frame: &[u8], keyframe: bool) -> Vec<(Effect, String)> {
        let check = checker.check(frame, keyframe);
        let faults = checker.faults(frame, keyframe);
        assert_eq!(usize::try_from(check.fault_count).unwrap(), faults.len());
        assert_eq!(check.worst, faults.iter().map(|fault| fault.effect).max());
        faults.into_iter().map(|fault| (fault.effect, fault.to_string())).collect()
    }

    fn one(checker: &FrameChecker, frame: &[u8], keyframe: bool) -> (Effect, String) {
        let mut words = words(checker, frame, keyframe);
        assert_eq!(words.len(), 1, "{words:?}");
        words.remove(0)
    }

    #[test]
    fn sound_frames_have_nothing_said_of_them() {
        let frame = lengths(&["0910", AVC_SPS, AVC_PPS, AVC_IDR, "650a888427"]);
        let check = avc().check(&frame, true);
        assert!(check.is_sound() && check.keyframe && check.has_media && !check.sets_differ);
        assert_eq!((check.packing, check.random_access), (Packing::Lengths(LengthSize::Four), RandomAccess::Idr));
        assert!(!check.needs_conversion());
        assert!(avc().check(&lengths(&[AVC_P]), false).is_sound());
        let frame = lengths(&["460110", HEVC_MAIN[1], HEVC_MAIN[2], HEVC_MAIN[3], "4e0105", HEVC_IDR]);
        assert!(hevc().check(&frame, true).is_sound());
        assert!(hevc().check(&lengths(&[HEVC_P, "5001840180"]), false).is_sound());
    }

    #[test]
    fn the_units_come_with_the_check() {
        let mut units = Vec::new();
        avc().check_units(&hex("00000001091000000141000000000165"), false, |unit| units.push(unit));
        assert_eq!(units, [4..6, 9..10, 15..16]);
    }

    #[test]
    fn a_length_past_the_end_is_fatal() {
        let mut frame = lengths(&["0910", AVC_P]);
        frame.pop();
        let said = "H.264 frame byte 6: NALUnitLength is 8, 7 bytes of the frame are left (ISO/IEC 14496-15, 5.3.2)";
        assert_eq!(one(&avc(), &frame, false), (Effect::Fatal, said.into()));
        let check = avc().check(&frame, false);
        assert_eq!((check.packing, check.keyframe), (Packing::Broken, false));
    }

    #[test]
    fn a_length_cut_off_is_fatal() {
        let mut frame = lengths(&[HEVC_IDR]);
        frame.extend([0, 0, 3]);
        let said = "H.265 frame byte 12: NALUnitLength takes 4 bytes, 3 are left \
                    (ISO/IEC 14496-15, HEVC sample format)";
        assert_eq!(one(&hevc(), &frame, true), (Effect::Fatal, said.into()));
    }

    #[test]
    fn a_frame_without_bytes_is_fatal() {
        let said = "H.264 frame byte 0: has no bytes (ISO/IEC 14496-15, 5.3.2)";
        assert_eq!(one(&avc(), &[], true), (Effect::Fatal, said.into()));
    }

    #[test]
    fn start_codes_in_place_of_lengths_are_mendable() {
        let said = "H.264 frame byte 0: NALUnitLength of 4 bytes is expected, an Annex B start code stands there \
                    (ISO/IEC 14496-15, 5.3.2)";
        assert_eq!(one(&avc(), &annex_b(&["0910", AVC_IDR]), true), (Effect::Mendable, said.into()));
        let check = hevc().check(&annex_b(&[HEVC_IDR]), true);
        assert_eq!((check.packing, check.random_access), (Packing::AnnexB, RandomAccess::Idr));
        assert!(check.needs_conversion());
    }

    #[test]
    fn lengths_of_another_size_are_mendable() {
        let frame = packed(LengthSize::Two, &["0910", AVC_IDR]);
        let said = "H.264 frame byte 0: NALUnitLength has 2 bytes, the private data declares 4 bytes \
                    (ISO/IEC 14496-15, 5.3.2)";
        assert_eq!(one(&avc(), &frame, true), (Effect::Mendable, said.into()));
        assert!(avc().check(&frame, true).needs_conversion());
    }

    #[test]
    fn lengths_of_four_bytes_read_as_two_are_no_empty_units() {
        let private = CodecPrivate::parse("V_MPEG4/ISO/AVC", &hex(AVC_HIGH_1080P)).unwrap();
        let private = private.with_length_size(LengthSize::Two);
        // Lengths from 256 to 511 look like start codes besides.
        for bytes in [8, 300] {
            let unit = format!("{AVC_IDR}{}", "80".repeat(bytes - 8));
            let said = "H.264 frame byte 0: NALUnitLength has 4 bytes, the private data declares 2 bytes \
                        (ISO/IEC 14496-15, 5.3.2)";
            let found = one(&FrameChecker::new(&private), &lengths(&[&unit]), true);
            assert_eq!(found, (Effect::Mendable, said.into()), "{bytes} bytes");
        }
    }

    #[test]
    fn an_empty_unit_is_mendable() {
        let frame = lengths(&["0910", "", AVC_IDR]);
        let said = "H.264 frame byte 6: NALUnitLength is 0 (ISO/IEC 14496-15, 5.3.2)";
        assert_eq!(one(&avc(), &frame, true), (Effect::Mendable, said.into()));
        let check = avc().check(&frame, true);
        assert!(check.needs_conversion());
        assert_eq!(check.packing.units(&frame).collect::<Vec<_>>(), [4..6, 14..22]);
    }

    #[test]
    fn a_set_forbidden_bit_is_fatal() {
        let said = "H.264 frame byte 4: forbidden_zero_bit is 1 (ITU-T H.264, 7.4.1)";
        assert_eq!(one(&avc(), &lengths(&["e588", AVC_IDR]), true), (Effect::Fatal, said.into()));
        assert!(avc().check(&lengths(&["e588", AVC_IDR]), true).forbidden_bit);
        let said = "H.265 frame byte 4: forbidden_zero_bit is 1 (ITU-T H.265, 7.4.2.2)";
        assert_eq!(one(&hevc(), &lengths(&["a801", HEVC_IDR]), true), (Effect::Fatal, said.into()));
    }

    #[test]
    fn types_without_meaning_are_named() {
        for (unit, said) in [
            ("00aa", "0, unspecified"),
            ("10aa", "16, reserved"),
            ("7caa", "28, unspecified; in RTP it is FU-A (RFC 6184, 5.2)"),
            ("1faa", "31, unspecified"),
        ] {
            let said = format!("H.264 frame byte 4: nal_unit_type is {said} (ITU-T H.264, Table 7-1)");
            assert_eq!(one(&avc(), &lengths(&[unit, AVC_P]), false), (Effect::Harmless, said));
        }
        for (unit, said) in [
            ("5201", "41, reserved"),
            ("1401", "10, reserved"),
            ("7c01", "62, unspecified"),
            ("6001", "48, unspecified; in RTP it is an aggregation packet (RFC 7798, 4.4)"),
        ] {
            let said = format!("H.265 frame byte 4: nal_unit_type is {said} (ITU-T H.265, Table 7-1)");
            assert_eq!(one(&hevc(), &lengths(&[unit, HEVC_P]), false), (Effect::Harmless, said));
        }
    }

    #[test]
    fn rtp_packets_in_place_of_slices_are_fatal() {
        let words = words(&avc(), &lengths(&["7c858884", "7c45aabb"]), true);
        let said = "H.264 frame byte 4: nal_unit_type is 28, unspecified; in RTP it is FU-A (RFC 6184, 5.2): the producer \
                    stores the packets of its source, and there is no slice beside them (ITU-T H.264, Table 7-1)";
        assert!(words.contains(&(Effect::Fatal, said.into())), "{words:?}");
        let check = hevc().check(&lengths(&["6201aabb"]), false);
        assert_eq!((check.worst, check.has_media), (Some(Effect::Fatal), false));
    }

    #[test]
    fn units_of_another_layer_are_told() {
        let said = "H.265 frame byte 16: nuh_layer_id is 33, decoders of the base layer skip the unit \
                    (ITU-T H.265, 7.4.2.2)";
        let frame = lengths(&["0201d02149e10c61", "0309d021"]);
        assert_eq!(one(&hevc(), &frame, false), (Effect::Harmless, said.into()));
    }

    #[test]
    fn headers_of_h265_that_cannot_be_are_fatal() {
        let said = "H.265 frame byte 4: nuh_temporal_id_plus1 is 0 (ITU-T H.265, 7.4.2.2)";
        assert_eq!(one(&hevc(), &lengths(&["0200", HEVC_P]), false), (Effect::Fatal, said.into()));
        let said = "H.265 frame byte 16: nal_unit_header is cut off, it takes 2 bytes (ITU-T H.265, 7.4.2.2)";
        assert_eq!(one(&hevc(), &lengths(&[HEVC_P, "02"]), false), (Effect::Fatal, said.into()));
    }

    #[test]
    fn a_frame_without_slices_is_mendable() {
        let said = "H.264 frame byte 0: has no slice (ITU-T H.264, 7.4.1.2.3)";
        let frame = lengths(&[AVC_SPS, AVC_PPS]);
        assert_eq!(one(&avc(), &frame, true), (Effect::Mendable, said.into()));
        assert!(!avc().check(&frame, true).has_media);
        let said = "H.265 frame byte 0: has no slice (ITU-T H.265, 7.4.2.4.4)";
        assert_eq!(one(&hevc(), &lengths(&["460110"]), false), (Effect::Mendable, said.into()));
    }

    #[test]
    fn a_second_picture_is_fatal() {
        let said = "H.264 frame byte 16: first_mb_in_slice is 0 once more: a second picture begins in the frame \
                    (ITU-T H.264, 7.4.1.2.4)";
        assert_eq!(one(&avc(), &lengths(&[AVC_P, AVC_P]), false), (Effect::Fatal, said.into()));
        let said = "H.265 frame byte 16: first_slice_segment_in_pic_flag is 1 once more: a second picture begins in the \
                    frame (ITU-T H.265, 7.4.2.4.5)";
        assert_eq!(one(&hevc(), &lengths(&[HEVC_P, HEVC_P]), false), (Effect::Fatal, said.into()));
    }

    #[test]
    fn two_fields_are_two_pictures_where_the_sps_allows_fields() {
        // libx264, interlaced: frame_mbs_only_flag is 0.
        let private =
            hex("01640015ffe1001a67640015acd941410fcb808800000300080000030190f8a14cb001000668fba3cb22c0fdf8f800");
        let checker = FrameChecker::new(&CodecPrivate::parse("V_MPEG4/ISO/AVC", &private).unwrap());
        assert!(checker.check(&lengths(&["0930", AVC_P, "0930", AVC_P]), false).is_sound());
        assert_eq!(checker.check(&lengths(&[AVC_P, AVC_P, AVC_P]), false).worst, Some(Effect::Fatal));
    }

    #[test]
    fn a_key_flag_on_a_recovery_point_is_harmless() {
        // libx264 with open groups.
        let frame = lengths(&["060601c480", "4188de07ffd71a7b"]);
        let said = "H.264 frame byte 0: key flag is set, and there is no IDR picture but a recovery point: an open group of \
                    pictures (RFC 9559, SimpleBlock Structure)";
        assert_eq!(one(&avc(), &frame, true), (Effect::Harmless, said.into()));
        let check = avc().check(&frame, true);
        assert_eq!((check.random_access, check.keyframe), (RandomAccess::RecoveryPoint, true));
        assert!(avc().check(&frame, false).is_sound());
        // Behind another message, in H.265: payload types 129 and 6.
        let check = hevc().check(&lengths(&["4e01810200000601c080", HEVC_P]), true);
        assert_eq!(check.random_access, RandomAccess::RecoveryPoint);
    }

    #[test]
    fn a_key_flag_on_intra_slices_is_harmless() {
        let said = "H.264 frame byte 0: key flag is set, and there is no IDR picture but intra slices: an open group of \
                    pictures (RFC 9559, SimpleBlock Structure)";
        let frame = lengths(&["4188de07ffd71a7b"]);
        assert_eq!(one(&avc(), &frame, true), (Effect::Harmless, said.into()));
        assert_eq!(avc().check(&frame, true).random_access, RandomAccess::Intra);
        // first_slice_segment_in_pic_flag, PPS 0, slice_type 2.
        let check = hevc().check(&lengths(&["0201d8a149e10c61"]), true);
        assert_eq!((check.random_access, check.keyframe), (RandomAccess::Intra, true));
    }

    #[test]
    fn a_key_flag_on_a_predicted_picture_is_mendable() {
        let said = "H.264 frame byte 0: key flag is set, and there is no IDR picture: decoding cannot start here \
                    (RFC 9559, SimpleBlock Structure)";
        assert_eq!(one(&avc(), &lengths(&[AVC_P]), true), (Effect::Mendable, said.into()));
        assert!(!avc().check(&lengths(&[AVC_P]), true).keyframe);
        let said = "H.265 frame byte 0: key flag is set, and there is no IDR, CRA or BLA picture: decoding cannot start \
                    here (RFC 9559, SimpleBlock Structure)";
        assert_eq!(one(&hevc(), &lengths(&[HEVC_P]), true), (Effect::Mendable, said.into()));
    }

    #[test]
    fn a_missing_key_flag_is_mendable() {
        let said =
            "H.264 frame byte 0: key flag is not set, and there is an IDR picture (RFC 9559, SimpleBlock Structure)";
        assert_eq!(one(&avc(), &lengths(&[AVC_IDR]), false), (Effect::Mendable, said.into()));
        assert!(avc().check(&lengths(&[AVC_IDR]), false).keyframe);
        let said = "H.265 frame byte 0: key flag is not set, and there is an IDR, CRA or BLA picture \
                    (RFC 9559, SimpleBlock Structure)";
        assert_eq!(one(&hevc(), &lengths(&[HEVC_CRA]), false), (Effect::Mendable, said.into()));
        assert_eq!(hevc().check(&lengths(&[HEVC_CRA]), true).random_access, RandomAccess::Irap);
        assert!(hevc().check(&lengths(&[HEVC_CRA]), true).is_sound());
    }

    #[test]
    fn a_delimiter_belongs_first() {
        let said = "H.264 frame byte 37: nal_unit_type is 9 (access unit delimiter), which only the first unit may be \
                    (ITU-T H.264, 7.4.1.2.3)";
        let frame = lengths(&[AVC_SPS, "0910", AVC_PPS, AVC_IDR]);
        assert_eq!(one(&avc(), &frame, true), (Effect::Harmless, said.into()));
        let said = "H.265 frame byte 16: nal_unit_type is 35 (access unit delimiter), which only the first unit may be \
                    (ITU-T H.265, 7.4.2.4.4)";
        assert_eq!(one(&hevc(), &lengths(&[HEVC_P, "460130"]), false), (Effect::Harmless, said.into()));
    }

    #[test]
    fn messages_and_parameter_sets_belong_before_slices() {
        let said = "H.264 frame byte 16: nal_unit_type is 6 behind a slice, where it belongs to the next picture \
                    (ITU-T H.264, 7.4.1.2.3)";
        assert_eq!(one(&avc(), &lengths(&[AVC_P, "060601c480"]), false), (Effect::Harmless, said.into()));
        let said = "H.265 frame byte 16: nal_unit_type is 34 behind a slice, where it belongs to the next picture \
                    (ITU-T H.265, 7.4.2.4.4)";
        assert_eq!(one(&hevc(), &lengths(&[HEVC_P, HEVC_MAIN[3]]), false), (Effect::Harmless, said.into()));
    }

    #[test]
    fn a_parameter_set_with_other_bytes_is_mendable() {
        let said = "H.264 frame byte 4: pic_parameter_set_id of a PPS is 0, the private data has another PPS 0 \
                    (ISO/IEC 14496-15, avc1 and avc3)";
        assert_eq!(one(&avc(), &lengths(&["68ca8cb2", AVC_IDR]), true), (Effect::Mendable, said.into()));
        assert!(avc().check(&lengths(&["68ca8cb2", AVC_IDR]), true).sets_differ);
        let said = "H.265 frame byte 4: vps_video_parameter_set_id of a VPS is 0, the private data has another VPS 0 \
                    (ISO/IEC 14496-15, hvc1 and hev1)";
        assert_eq!(one(&hevc(), &lengths(&["40010c02", HEVC_IDR]), true), (Effect::Mendable, said.into()));
    }

    #[test]
    fn a_parameter_set_of_another_id_is_mendable() {
        // pic_parameter_set_id 1 is ue(v) 010.
        let said = "H.264 frame byte 4: pic_parameter_set_id of a PPS is 1, the private data has no PPS of this id \
                    (ISO/IEC 14496-15, avc1 and avc3)";
        assert_eq!(one(&avc(), &lengths(&["684ef8fc", AVC_IDR]), true), (Effect::Mendable, said.into()));
        let said = "H.265 frame byte 4: sps_seq_parameter_set_id of an SPS cannot be read, and the private data has no such \
                    SPS (ISO/IEC 14496-15, hvc1 and hev1)";
        assert_eq!(one(&hevc(), &lengths(&["420101", HEVC_IDR]), true), (Effect::Mendable, said.into()));
    }

    #[test]
    fn a_change_of_picture_size_is_fatal() {
        let said = "H.264 frame byte 4: seq_parameter_set_id of an SPS is 0 with pictures of 160x120, the private data says \
                    1920x1080 (ISO/IEC 14496-15, avc1 and avc3)";
        let small = "674d400ad902847e5c0440000003004000000603c48992";
        assert_eq!(one(&avc(), &lengths(&[small, AVC_IDR]), true), (Effect::Fatal, said.into()));
    }

    #[test]
    fn zeros_behind_a_parameter_set_are_no_difference() {
        assert!(!avc().check(&lengths(&[&format!("{AVC_PPS}0000"), AVC_IDR]), true).sets_differ);
    }

    #[test]
    fn a_first_length_of_256_to_511_is_no_start_code() {
        for (checker, header) in [(avc(), "419a"), (hevc(), "0201d0")] {
            for length in 256..=511 {
                let mut unit = hex(header);
                unit.resize(length, 0x55);
                let mut frame = u32::try_from(length).unwrap().to_be_bytes().to_vec();
                frame.extend(unit);
                assert_eq!(checker.packing(&frame), Packing::Lengths(LengthSize::Four), "{length}");
            }
        }
    }

    #[test]
    fn libx264_frames_of_325_bytes_behind_a_short_start_code_are_no_lengths() {
        // 00 00 01 41 is a start code and a slice, and also the length of all that follows.
        for head in ["000001419a61a2f0bf803569", "000001419b028bc12604575f", "000001419aa12f0cd6b3e411"] {
            let mut frame = hex(head);
            frame.resize(325, 0x55);
            assert_eq!(has_empty_units(&frame, LengthSize::Four), Some(false));
            assert_eq!(avc().packing(&frame), Packing::AnnexB);
        }
        // The same in H.265: a TRAIL_R slice in a frame of 262 bytes.
        let mut frame = hex("0000010201d02149e10c61");
        frame.resize(262, 0x55);
        assert_eq!(has_empty_units(&frame, LengthSize::Four), Some(false));
        assert_eq!(hevc().packing(&frame), Packing::AnnexB);
    }

    #[test]
    fn a_unit_with_a_start_code_in_it_is_a_wrong_reading() {
        // A recovery point message and a slice with short start codes; as lengths, one unit of 262 bytes.
        let mut frame = hex("000001060601c4800000014188de07ff");
        frame.resize(266, 0x55);
        assert_eq!(has_empty_units(&frame, LengthSize::Four), Some(false));
        assert_eq!(avc().packing(&frame), Packing::AnnexB);
    }

    #[test]
    fn a_unit_of_one_byte_in_front_is_no_start_code() {
        // End of sequence, then a slice.
        let frame = lengths(&["0a", AVC_P]);
        assert_eq!(avc().packing(&frame), Packing::Lengths(LengthSize::Four));
        assert_eq!(avc().packing(&hex("000000010a000001419a")), Packing::AnnexB);
    }

    #[test]
    fn frames_that_are_neither_are_broken() {
        assert_eq!(avc().packing(&hex("65888427830cadd8")), Packing::Broken);
        assert_eq!(avc().packing(&hex("000000")), Packing::Broken);
        assert_eq!(hevc().packing(&hex("ffffffffff")), Packing::Broken);
    }

    #[test]
    fn the_declared_size_is_tried_first() {
        let private = hex("01640028fde1001d67640028acd940780227e5c05a808080a000007d20001d4c01e30632c001000468ef8fcb");
        let checker = FrameChecker::new(&CodecPrivate::parse("V_MPEG4/ISO/AVC", &private).unwrap());
        let frame = packed(LengthSize::Two, &["0910", AVC_IDR]);
        let check = checker.check(&frame, true);
        assert!(check.is_sound() && check.needs_conversion());
        assert_eq!(check.packing, Packing::Lengths(LengthSize::Two));
        assert_eq!(checker.packing(&annex_b(&["0910", AVC_IDR])), Packing::AnnexB);
        assert_eq!(checker.packing(&lengths(&["0910", AVC_IDR])), Packing::Lengths(LengthSize::Four));
    }

    fn annex_b(units: &[&str]) -> Vec<u8> {
        units.iter().flat_map(|unit| [vec![0, 0, 0, 1], hex(unit)].concat()).collect()
    }

    /// The heads of slices of libx264 and libx265, cut to eight bytes.
    const AVC_IDR: &str = "65888427830cadd8";
    const AVC_P: &str = "419a3b15ffdbcff1";
    const AVC_SPS: &str = "67640028acd940780227e5c05a808080a000007d20001d4c01e30632c0";
    const AVC_PPS: &str = "68ef8fcb";
    const HEVC_IDR: &str = "2801af0d60d47e8c";
    const HEVC_CRA: &str = "2a01ac60590889c3";
    const HEVC_P: &str = "0201d02149e10c61";

    proptest! {
        #[test]
        fn any_bytes_are_checked_without_panic(payload: Vec<u8>, keyframe: bool, nal in 0_usize..4) {
            let payload = match nal {
                0 => [&[0, 0, 0, 1][..], &payload].concat(),
                1 => [&u32::try_from(payload.len()).unwrap().to_be_bytes()[..], &payload].concat(),
                2 => [&[0, 0, 1, 6, 6][..], &payload].concat(),
                _ => payload,
            };
            for checker in [avc(), hevc()] {
                let mut units = Vec::new();
                let check = checker.check_units(&payload, keyframe, |unit| units.push(unit));
                prop_assert_eq!(checker.packing(&payload), check.packing);
                prop_assert!(check.packing == Packing::Broken || units == check.packing.units(&payload).collect::<Vec<_>>());
                let faults = checker.faults(&payload, keyframe);
                prop_assert_eq!(faults.len(), usize::try_from(check.fault_count).unwrap().min(crate::frame::MAX_FAULTS));
                prop_assert_eq!(check.is_sound(), faults.is_empty());
            }
        }

        #[test]
        fn every_packing_of_the_same_units_says_the_same(which in proptest::collection::vec(0_usize..5, 1..6), key: bool) {
            let units: Vec<&str> = which.iter().map(|&at| ["0910", AVC_SPS, AVC_PPS, AVC_IDR, AVC_P][at]).collect();
            let plain = avc().check(&lengths(&units), key);
            for frame in [
                annex_b(&units),
                packed(LengthSize::One, &units),
                packed(LengthSize::Two, &units),
                packed(LengthSize::Three, &units),
            ] {
                let check = avc().check(&frame, key);
                prop_assert_eq!(check.packing == Packing::AnnexB, frame.starts_with(&[0, 0, 0, 1]));
                prop_assert_eq!(check.random_access, plain.random_access);
                prop_assert_eq!(check.fault_count, plain.fault_count + 1);
                let bytes = |check: FrameCheck, frame: &[u8]| -> Vec<Vec<u8>> {
                    check.packing.units(frame).map(|unit| frame[unit].to_vec()).collect()
                };
                prop_assert_eq!(bytes(check, &frame), bytes(plain, &lengths(&units)));
            }
        }
    }
}
