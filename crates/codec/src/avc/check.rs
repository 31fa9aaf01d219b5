//! What a configuration record of H.264 that can be read may still have wrong, rule by rule.

use std::collections::HashSet;

use bytes::Bytes;

use super::{
    AvcDecoderConfigurationRecord, HighProfile, NAL_PPS, NAL_SPS, NAL_SPS_EXT, SECTION, STRUCTURE,
    has_high_profile_fields, level_name, nal_unit_type, pps::Pps, sets::bare_units, sps::Sps,
};
use crate::{
    error::{Error, ErrorKind},
    fault::{Effect, Fault},
    nal::{self, LengthSize},
};

/// Collects the faults of one record.
struct Checker<'a> {
    record: &'a AvcDecoderConfigurationRecord,
    faults: Vec<Fault>,
    /// What a parameter set that no decoder can use comes to: mended by leaving it out, if enough are left.
    unusable: Effect,
}

pub(super) fn check(record: &AvcDecoderConfigurationRecord) -> Vec<Fault> {
    let unusable = if record.rebuilt().is_ok() { Effect::Mendable } else { Effect::Fatal };
    let mut checker = Checker { record, faults: Vec::new(), unusable };
    if record.length_size == LengthSize::Three {
        checker.mendable("lengthSizeMinusOne", "is 2, which is reserved; lengths take 1, 2 or 4 bytes".to_owned());
    }
    checker.check_lists();
    let sets = checker.check_sps();
    checker.check_pps(&sets);
    if let Some(first) = sets.first() {
        checker.check_against(first, &sets);
    }
    if !record.trailing.is_empty() {
        checker.harmless("", format!("goes on for {} bytes after its last field", record.trailing.len()));
    }
    checker.faults
}

impl Checker<'_> {
    /// Keeps a fault, unless there are enough like it: private data may hold ten thousand empty units.
    fn push(&mut self, fault: Fault) {
        let alike = |known: &&Fault| {
            let (known, new) = (*known, &fault);
            known.effect == new.effect
                && known.error.field() == new.error.field()
                && known.error.structure() == new.error.structure()
        };
        if self.faults.iter().filter(alike).count() < MOST_ALIKE {
            self.faults.push(fault);
        }
    }

    fn extend(&mut self, faults: impl IntoIterator<Item = Fault>) {
        faults.into_iter().for_each(|fault| self.push(fault));
    }

    fn harmless(&mut self, field: &'static str, rule: String) {
        self.push(Fault::harmless(Error::new(ErrorKind::Invalid, STRUCTURE, None, field, rule, SECTION)));
    }

    fn mendable(&mut self, field: &'static str, rule: String) {
        self.push(Fault::mendable(Error::new(ErrorKind::Invalid, STRUCTURE, None, field, rule, SECTION)));
    }

    /// Units as they lie in their lists: types, packing, repetition.
    fn check_lists(&mut self) {
        let record = self.record;
        let ext = record.high_profile.as_ref().map_or(&[][..], |high| &high.sequence_parameter_set_ext);
        for (units, wanted, field) in [
            (&record.sequence_parameter_sets[..], NAL_SPS, "sequenceParameterSetNALUnit"),
            (&record.picture_parameter_sets[..], NAL_PPS, "pictureParameterSetNALUnit"),
            (ext, NAL_SPS_EXT, "sequenceParameterSetExtNALUnit"),
        ] {
            let mut seen: HashSet<&Bytes> = HashSet::new();
            for unit in units {
                self.check_unit(unit, wanted, field);
                if !unit.is_empty() && !seen.insert(unit) {
                    self.harmless(field, "is there more than once".to_owned());
                }
            }
        }
    }

    fn check_unit(&mut self, unit: &[u8], wanted: u8, field: &'static str) {
        if nal::starts_with_start_code(unit) {
            return self.mendable(field, "begins with an Annex B start code".to_owned());
        }
        match nal_unit_type(unit) {
            None => return self.mendable(field, "is empty".to_owned()),
            Some(found) if found != wanted => {
                return self.mendable(field, format!("has nal_unit_type {found}, {wanted} belongs there"));
            }
            Some(_) => {}
        }
        let zeros = unit.len() - nal::without_trailing_zeros(unit).len();
        if zeros > 0 {
            self.harmless(field, format!("ends in {zeros} zero bytes, which belong to no NAL unit"));
        }
    }

    /// Every SPS read; gives the last one of each id.
    fn check_sps(&mut self) -> Vec<Sps> {
        let mut sets: Vec<(Vec<u8>, Sps)> = Vec::new();
        for unit in self.units_of(NAL_SPS) {
            let sps = match Sps::read(&unit) {
                Ok(sps) => sps,
                Err(error) => {
                    self.push(Fault { error, effect: self.unusable });
                    continue;
                }
            };
            match sets.iter_mut().find(|(_, known)| known.seq_parameter_set_id == sps.seq_parameter_set_id) {
                Some((known, _)) if *known == unit => continue,
                Some(known) => {
                    let rule =
                        format!("is {} in two different sets, of which the later counts", sps.seq_parameter_set_id);
                    self.push(Fault::mendable(in_set("H.264 SPS", "seq_parameter_set_id", rule)));
                    *known = (unit, sps.clone());
                }
                None => sets.push((unit, sps.clone())),
            }
            let Sps { oddities, vui_fault, .. } = sps;
            self.extend(oddities.into_iter().chain(vui_fault).map(Fault::harmless));
        }
        if sets.is_empty() && self.faults.iter().all(|fault| fault.effect != Effect::Fatal) {
            self.push(Fault::fatal(super::none_there(None, super::SPS_COUNT)));
        }
        sets.into_iter().map(|(_, sps)| sps).collect()
    }

    fn check_pps(&mut self, sets: &[Sps]) {
        let mut known: Vec<(Vec<u8>, u8)> = Vec::new();
        let units = self.units_of(NAL_PPS);
        if units.is_empty() {
            self.push(Fault::fatal(super::none_there(None, super::PPS_COUNT)));
        }
        for unit in units {
            let pps = match Pps::read(&unit, sets).and_then(|pps| check_sps_is_there(&pps, sets).map(|()| pps)) {
                Ok(pps) => pps,
                Err(error) => {
                    self.push(Fault { error, effect: self.unusable });
                    continue;
                }
            };
            match known.iter_mut().find(|(_, id)| *id == pps.pic_parameter_set_id) {
                Some((known, _)) if *known == unit => continue,
                Some((known, id)) => {
                    let rule = format!("is {id} in two different sets, of which the later counts");
                    self.push(Fault::mendable(in_set("H.264 PPS", "pic_parameter_set_id", rule)));
                    *known = unit;
                }
                None => known.push((unit, pps.pic_parameter_set_id)),
            }
            self.extend(pps.oddities.into_iter().map(Fault::harmless));
        }
    }

    /// The record's own fields against the parameter sets.
    fn check_against(&mut self, first: &Sps, sets: &[Sps]) {
        let record = self.record;
        let profile = record.avc_profile_indication;
        if sets.iter().all(|sps| sps.profile_idc != profile) {
            self.mendable("AVCProfileIndication", format!("is {profile}, the SPS says {}", first.profile_idc));
        }
        let common = sets.iter().fold(0xff, |flags, sps| flags & sps.constraint_flags);
        let compatibility = record.profile_compatibility;
        if compatibility & !common != 0 {
            let rule = format!("is {compatibility:#04x} and sets flags that the SPS does not, it says {common:#04x}");
            self.mendable("profile_compatibility", rule);
        } else if compatibility != common {
            let rule = format!("is {compatibility:#04x} and lacks flags of the SPS, it says {common:#04x}");
            self.harmless("profile_compatibility", rule);
        }
        let level = record.avc_level_indication;
        if let Some(sps) = sets.iter().max_by_key(|sps| sps.level_idc).filter(|sps| level < sps.level_idc) {
            let name = level_name(sps.level_idc, sps.profile_idc, sps.constraint_flags);
            self.mendable("AVCLevelIndication", format!("is {level}, the SPS says {} (level {name})", sps.level_idc));
        }
        match &record.high_profile {
            Some(high) => self.check_high_profile(high, first),
            None if has_high_profile_fields(profile) => {
                let rule = format!("and the fields after it are left out, profile {profile} has them");
                self.harmless("chroma_format", rule);
            }
            None => {}
        }
    }

    fn check_high_profile(&mut self, high: &HighProfile, sps: &Sps) {
        for (field, found, said) in [
            ("chroma_format", high.chroma_format, sps.chroma_format_idc),
            ("bit_depth_luma_minus8", high.bit_depth_luma_minus8, sps.bit_depth_luma_minus8),
            ("bit_depth_chroma_minus8", high.bit_depth_chroma_minus8, sps.bit_depth_chroma_minus8),
        ] {
            if found != said {
                self.mendable(field, format!("is {found}, the SPS says {said}"));
            }
        }
    }

    /// All units of a type, from whichever list, without start codes and zeros at their ends.
    fn units_of(&self, wanted: u8) -> Vec<Vec<u8>> {
        let units = self.record.nal_units().flat_map(bare_units);
        units.filter(|unit| nal_unit_type(unit) == Some(wanted)).map(<[u8]>::to_vec).collect()
    }
}

/// A PPS without its SPS is of no use.
pub(super) fn check_sps_is_there(pps: &Pps, sets: &[Sps]) -> Result<(), Error> {
    let id = pps.seq_parameter_set_id;
    if sets.iter().any(|sps| sps.seq_parameter_set_id == id) {
        return Ok(());
    }
    let rule = format!("is {id}, and there is no SPS of that id");
    Err(in_set("H.264 PPS", "seq_parameter_set_id", rule))
}

fn in_set(structure: &'static str, field: &'static str, rule: String) -> Error {
    let section = if structure == "H.264 SPS" { "ITU-T H.264, 7.4.2.1.1" } else { "ITU-T H.264, 7.4.2.2" };
    Error::new(ErrorKind::Invalid, structure, None, field, rule, section)
}

const MOST_ALIKE: usize = 8;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::testdata::{AVC_CAMERA, AVC_GET_MEDIA, AVC_HIGH_444, AVC_HIGH_1080P, AVC_VOGELS, hex};

    fn good() -> AvcDecoderConfigurationRecord {
        AvcDecoderConfigurationRecord::read(&hex(AVC_HIGH_1080P)).unwrap()
    }

    /// The faults as effect and text; also sees that mending leaves nothing that would need it.
    fn faults(record: &AvcDecoderConfigurationRecord) -> Vec<(Effect, String)> {
        let faults = check(record);
        match record.rebuilt() {
            Ok(mended) => {
                assert!(faults.iter().all(|fault| fault.effect != Effect::Fatal));
                assert!(check(&mended).iter().all(|fault| fault.effect == Effect::Harmless));
            }
            Err(_) => assert!(faults.iter().any(|fault| fault.effect == Effect::Fatal)),
        }
        faults.iter().map(|fault| (fault.effect, fault.to_string())).collect()
    }

    fn only(record: &AvcDecoderConfigurationRecord) -> (Effect, String) {
        let [fault] = faults(record).try_into().unwrap();
        fault
    }

    #[test]
    fn three_byte_lengths_are_reserved_and_become_four() {
        let record = AvcDecoderConfigurationRecord { length_size: LengthSize::Three, ..good() };
        let (effect, text) = only(&record);
        assert_eq!(effect, Effect::Mendable);
        assert_eq!(
            text,
            "avcC: lengthSizeMinusOne is 2, which is reserved; lengths take 1, 2 or 4 bytes (ISO/IEC 14496-15, 5.3.3.1)"
        );
        assert_eq!(record.rebuilt().unwrap(), good());
        let record = AvcDecoderConfigurationRecord { length_size: LengthSize::Two, ..good() };
        assert!(check(&record).is_empty());
        assert_eq!(record.rebuilt().unwrap(), record);
    }

    #[test]
    fn swapped_parameter_sets_are_found_and_mended() {
        let swapped = AvcDecoderConfigurationRecord {
            sequence_parameter_sets: good().picture_parameter_sets,
            picture_parameter_sets: good().sequence_parameter_sets,
            ..good()
        };
        let found = faults(&swapped);
        assert_eq!(found.len(), 2);
        assert_eq!(
            found[0].1,
            "avcC: sequenceParameterSetNALUnit has nal_unit_type 8, 7 belongs there (ISO/IEC 14496-15, 5.3.3.1)"
        );
        assert_eq!(swapped.sps().unwrap().width(), 1920);
        assert_eq!(swapped.rebuilt().unwrap(), good());
    }

    #[test]
    fn units_that_are_no_parameter_sets_are_left_out() {
        let mut record = good();
        record.sequence_parameter_sets.insert(0, Bytes::from_static(&[9, 0xf0]));
        record.picture_parameter_sets.push(Bytes::from_static(&[6, 5, 1, 0, 0x80]));
        record.picture_parameter_sets.push(Bytes::new());
        let found = faults(&record);
        assert!(found.iter().all(|(effect, _)| *effect == Effect::Mendable));
        assert!(found[0].1.contains("nal_unit_type 9") && found[1].1.contains("nal_unit_type 6"));
        assert!(found[2].1.contains("pictureParameterSetNALUnit is empty"));
        assert_eq!(record.rebuilt().unwrap(), good());
    }

    #[test]
    fn start_codes_inside_the_record_are_taken_off() {
        let mut record = good();
        for unit in record.sequence_parameter_sets.iter_mut().chain(&mut record.picture_parameter_sets) {
            *unit = [&[0, 0, 0, 1][..], unit].concat().into();
        }
        let found = faults(&record);
        assert_eq!(found.len(), 2);
        assert!(found[0].1.contains("sequenceParameterSetNALUnit begins with an Annex B start code"));
        assert_eq!(record.sps().unwrap().height(), 1080);
        assert_eq!(record.rebuilt().unwrap(), good());
    }

    #[test]
    fn faults_of_one_kind_do_not_pile_up() {
        let mut record = good();
        record.picture_parameter_sets.extend(std::iter::repeat_n(Bytes::new(), 250));
        assert_eq!(faults(&record).len(), MOST_ALIKE);
        assert_eq!(record.rebuilt().unwrap(), good());
    }

    #[test]
    fn zeros_at_the_end_and_repetition_are_harmless() {
        let mut record = good();
        let pps = record.picture_parameter_sets[0].clone();
        record.picture_parameter_sets.push(pps.clone());
        record.sequence_parameter_sets[0] = [&record.sequence_parameter_sets[0][..], &[0, 0]].concat().into();
        let found = faults(&record);
        assert_eq!(found.len(), 2);
        assert!(found.iter().all(|(effect, _)| *effect == Effect::Harmless));
        assert!(found[0].1.contains("ends in 2 zero bytes") && found[1].1.contains("is there more than once"));
        assert_eq!(record.rebuilt().unwrap(), good());
    }

    #[test]
    fn pps_of_an_sps_that_is_not_there_is_left_out_or_fatal() {
        // pic_parameter_set_id 1, seq_parameter_set_id 1, the rest as in the good one.
        let stray = Bytes::from(hex("684af8fcb0"));
        let mut record = good();
        record.picture_parameter_sets.push(stray.clone());
        let (effect, text) = only(&record);
        assert_eq!(effect, Effect::Mendable);
        assert_eq!(text, "H.264 PPS: seq_parameter_set_id is 1, and there is no SPS of that id (ITU-T H.264, 7.4.2.2)");
        assert_eq!(record.rebuilt().unwrap(), good());
        record.picture_parameter_sets = vec![stray];
        assert_eq!(only(&record).0, Effect::Fatal);
        assert_eq!(record.rebuilt().unwrap_err().field(), "seq_parameter_set_id");
    }

    #[test]
    fn of_two_sets_with_one_id_the_later_counts() {
        let mut record = good();
        record.picture_parameter_sets.insert(0, Bytes::from(hex("68ce0fcb")));
        let (effect, text) = only(&record);
        assert_eq!(effect, Effect::Mendable);
        assert!(text.contains("pic_parameter_set_id is 0 in two different sets, of which the later counts"));
        assert_eq!(record.rebuilt().unwrap(), good());
        let mut record = good();
        let other = AvcDecoderConfigurationRecord::read(&hex(AVC_CAMERA)).unwrap().sequence_parameter_sets.remove(0);
        record.sequence_parameter_sets.insert(0, other);
        assert!(faults(&record).iter().any(|(effect, text)| {
            *effect == Effect::Mendable && text.contains("seq_parameter_set_id is 0 in two different sets")
        }));
        assert_eq!(record.rebuilt().unwrap(), good());
    }

    #[test]
    fn sets_that_cannot_be_read_are_left_out_or_fatal() {
        let mut record = good();
        record.sequence_parameter_sets.push(Bytes::from_static(&[0x67, 100, 0x10]));
        let (effect, text) = only(&record);
        assert_eq!(effect, Effect::Mendable);
        assert!(text.starts_with("H.264 SPS byte 3: level_idc is cut off"), "{text}");
        assert_eq!(record.rebuilt().unwrap(), good());
        record.sequence_parameter_sets.remove(0);
        assert!(faults(&record).iter().any(|(effect, _)| *effect == Effect::Fatal));
    }

    #[test]
    fn profile_compatibility_and_level_are_those_of_the_sps() {
        let mut record = good();
        (record.avc_profile_indication, record.profile_compatibility, record.avc_level_indication) = (110, 0x10, 0);
        let found = faults(&record);
        let rules: Vec<&str> = found.iter().map(|(_, text)| text.split_once(" (ISO").unwrap().0).collect();
        assert_eq!(
            rules,
            [
                "avcC: AVCProfileIndication is 110, the SPS says 100",
                "avcC: profile_compatibility is 0x10 and sets flags that the SPS does not, it says 0x00",
                "avcC: AVCLevelIndication is 0, the SPS says 40 (level 4)",
            ]
        );
        assert_eq!(record.rebuilt().unwrap(), good());
    }

    #[test]
    fn a_level_above_that_of_the_sps_is_allowed() {
        let record = AvcDecoderConfigurationRecord { avc_level_indication: 51, ..good() };
        assert!(check(&record).is_empty());
    }

    #[test]
    fn missing_compatibility_flags_are_harmless() {
        let mut record = AvcDecoderConfigurationRecord::read(&hex(AVC_VOGELS)).unwrap();
        record.profile_compatibility = 0;
        let (effect, text) = only(&record);
        assert_eq!(effect, Effect::Harmless);
        assert!(text.contains("lacks flags of the SPS, it says 0xc0"));
    }

    #[test]
    fn kinesis_producers_leave_out_the_high_profile_fields() {
        let record = AvcDecoderConfigurationRecord::read(&hex(AVC_CAMERA)).unwrap();
        let found = faults(&record);
        assert!(found.iter().all(|(effect, _)| *effect == Effect::Harmless), "{found:?}");
        assert!(found.iter().any(|(_, text)| text
            == "avcC: chroma_format and the fields after it are left out, profile 100 has them (ISO/IEC 14496-15, 5.3.3.1)"));
        assert!(record.rebuilt().unwrap().high_profile.is_some());
    }

    #[test]
    fn high_profile_fields_of_a_main_record_are_trailing_bytes() {
        let mut data = hex(AVC_VOGELS);
        data.extend([0xfd, 0xf8, 0xf8, 0]);
        let record = AvcDecoderConfigurationRecord::read(&data).unwrap();
        let (effect, text) = only(&record);
        assert_eq!(effect, Effect::Harmless);
        assert_eq!(text, "avcC: goes on for 4 bytes after its last field (ISO/IEC 14496-15, 5.3.3.1)");
        assert_eq!(record.rebuilt().unwrap().write().unwrap(), hex(AVC_VOGELS));
    }

    #[test]
    fn chroma_and_bit_depth_are_those_of_the_sps() {
        let mut record = good();
        let high = record.high_profile.as_mut().unwrap();
        (high.chroma_format, high.bit_depth_luma_minus8, high.bit_depth_chroma_minus8) = (3, 2, 1);
        let found = faults(&record);
        assert_eq!(found.len(), 3);
        assert!(found[0].1.contains("chroma_format is 3, the SPS says 1"));
        assert!(found[1].1.contains("bit_depth_luma_minus8 is 2, the SPS says 0"));
        assert_eq!(record.rebuilt().unwrap(), good());
    }

    fn any_unit() -> impl Strategy<Value = Bytes> {
        let real = ["68ef8fcb", "68ce0fcb", "684af8fcb0", "09f0", "0000000168ef8fcb", "", "67640028", "e7640028"];
        let sps = [
            "67640028acd940780227e5c05a808080a000007d20001d4c01e30632c0",
            "6742c01eda0280bfe5c044000003000400000300f03c58ba80",
            "67f4000d919b282a33c2119ff85a805a48800000030080000019078a14cb",
            "27640028ac2b40501ed00f1226a0",
        ];
        let texts: Vec<&'static str> = real.into_iter().chain(sps).collect();
        let whole = proptest::sample::select(texts).prop_map(hex);
        (whole, proptest::option::weighted(0.2, (any::<usize>(), any::<u8>()))).prop_map(|(mut unit, change)| {
            if let Some((at, byte)) = change.filter(|_| !unit.is_empty()) {
                let at = at % unit.len();
                unit[at] = byte;
            }
            Bytes::from(unit)
        })
    }

    proptest! {
        #[test]
        fn what_is_rebuilt_needs_no_mending(
            sequence_parameter_sets in proptest::collection::vec(any_unit(), 1..5),
            picture_parameter_sets in proptest::collection::vec(any_unit(), 1..5),
            head in (any::<u8>(), any::<u8>(), any::<u8>(), 0_u8..4),
            trailing in proptest::collection::vec(any::<u8>(), 0..4),
        ) {
            let record = AvcDecoderConfigurationRecord {
                avc_profile_indication: head.0,
                profile_compatibility: head.1,
                avc_level_indication: head.2,
                length_size: LengthSize::from_minus_one(head.3),
                sequence_parameter_sets,
                picture_parameter_sets,
                high_profile: None,
                trailing: Bytes::from(trailing),
            };
            faults(&record);
        }

        #[test]
        fn bit_flips_in_real_records_are_mended_or_fatal(which in 0_usize..4, at in 0_usize..56 * 8) {
            let mut data = hex([AVC_CAMERA, AVC_GET_MEDIA, AVC_VOGELS, AVC_HIGH_444][which]);
            if let Some(byte) = data.get_mut(at / 8) {
                *byte ^= 0x80 >> (at % 8);
            }
            if let Ok(record) = AvcDecoderConfigurationRecord::read(&data) {
                faults(&record);
            }
        }
    }
}
