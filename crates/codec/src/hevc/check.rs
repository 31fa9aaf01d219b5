//! What a configuration record of H.265 that can be read may still have wrong, rule by rule.

use std::collections::HashSet;

use bytes::Bytes;

use super::{
    HevcDecoderConfigurationRecord, NAL_PPS, NAL_PREFIX_SEI, NAL_SPS, NAL_SUFFIX_SEI, NAL_VPS, SECTION, STRUCTURE,
    level_name, nal_unit_type, nuh_layer_id,
    pps::Pps,
    sets::{bare_units, check_sps_is_there, check_vps_is_there},
    sps::Sps,
    vps::Vps,
};
use crate::{
    error::{Error, ErrorKind},
    fault::{Effect, Fault},
    nal::{self, LengthSize},
};

/// Collects the faults of one record.
struct Checker<'a> {
    record: &'a HevcDecoderConfigurationRecord,
    faults: Vec<Fault>,
    /// What a parameter set that no decoder can use comes to: mended by leaving it out, if enough are left.
    unusable: Effect,
}

pub(super) fn check(record: &HevcDecoderConfigurationRecord) -> Vec<Fault> {
    let unusable = if record.rebuilt().is_ok() { Effect::Mendable } else { Effect::Fatal };
    let mut checker = Checker { record, faults: Vec::new(), unusable };
    if record.configuration_version != 1 {
        let rule =
            format!("is {}, 1 is the only one; writers from before the standard put it", record.configuration_version);
        checker.mendable("configurationVersion", rule);
    }
    if record.length_size == LengthSize::Three {
        checker.mendable("lengthSizeMinusOne", "is 2, which is reserved; lengths take 1, 2 or 4 bytes".to_owned());
    }
    checker.check_arrays();
    let vps = checker.check_vps();
    let sps = checker.check_sps(&vps);
    let pps = checker.check_pps(&sps);
    if let Some(first) = sps.first() {
        checker.check_profile(first, &sps);
        checker.check_picture(first, &sps);
        checker.check_parallelism(&pps);
    }
    if !record.trailing.is_empty() {
        checker.harmless("", format!("goes on for {} bytes after its last array", record.trailing.len()));
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

    /// Arrays and units as they lie: types, packing, repetition.
    fn check_arrays(&mut self) {
        let record = self.record;
        let mut types = HashSet::new();
        for array in &record.arrays {
            let wanted = array.nal_unit_type;
            if !matches!(wanted, NAL_VPS | NAL_SPS | NAL_PPS | NAL_PREFIX_SEI | NAL_SUFFIX_SEI) {
                let rule = format!("is {wanted}, arrays hold 32 (VPS), 33 (SPS), 34 (PPS), 39 and 40 (SEI)");
                self.mendable("NAL_unit_type", rule);
            }
            if !types.insert(wanted) {
                self.harmless("NAL_unit_type", format!("is {wanted} in more than one array"));
            }
            if array.nal_units.is_empty() {
                self.harmless("numNalus", format!("is 0 in the array of {wanted}"));
            }
            let mut seen: HashSet<&Bytes> = HashSet::new();
            for unit in &array.nal_units {
                self.check_unit(unit, wanted);
                if !unit.is_empty() && !seen.insert(unit) {
                    self.harmless("nalUnit", format!("is there more than once in the array of {wanted}"));
                }
            }
        }
    }

    fn check_unit(&mut self, unit: &[u8], wanted: u8) {
        if nal::starts_with_start_code(unit) {
            return self.mendable("nalUnit", format!("begins with an Annex B start code in the array of {wanted}"));
        }
        match nal_unit_type(unit) {
            None => return self.mendable("nalUnit", format!("is empty in the array of {wanted}")),
            Some(found) if found != wanted => {
                return self.mendable("nalUnit", format!("has nal_unit_type {found} in the array of {wanted}"));
            }
            Some(_) => {}
        }
        if let Some(layer) = nuh_layer_id(unit).filter(|&layer| layer != 0) {
            self.harmless("nalUnit", format!("has nuh_layer_id {layer}, players of the base layer skip it"));
        }
        let zeros = unit.len() - nal::without_trailing_zeros(unit).len();
        if zeros > 0 {
            self.harmless("nalUnit", format!("ends in {zeros} zero bytes, which belong to no NAL unit"));
        }
    }

    fn check_vps(&mut self) -> Vec<Vps> {
        let id = |vps: &Vps| vps.vps_video_parameter_set_id;
        let sets = self.check_sets(NAL_VPS, ("H.265 VPS", "vps_video_parameter_set_id"), Vps::read, id);
        for vps in &sets {
            let told = vps.oddities.iter().chain(&vps.timing_fault).cloned();
            self.extend(told.map(Fault::harmless));
        }
        sets
    }

    fn check_sps(&mut self, vps: &[Vps]) -> Vec<Sps> {
        let read = |unit: &[u8]| {
            let sps = Sps::read(unit)?;
            check_vps_is_there(&sps, vps.iter().map(|vps| vps.vps_video_parameter_set_id)).map(|()| sps)
        };
        let id = |sps: &Sps| sps.sps_seq_parameter_set_id;
        let sets = self.check_sets(NAL_SPS, ("H.265 SPS", "sps_seq_parameter_set_id"), read, id);
        for sps in &sets {
            let told = sps.oddities.iter().chain(&sps.vui_fault).cloned();
            self.extend(told.map(Fault::harmless));
        }
        sets
    }

    fn check_pps(&mut self, sps: &[Sps]) -> Vec<Pps> {
        let read = |unit: &[u8]| {
            let pps = Pps::read(unit, sps)?;
            check_sps_is_there(&pps, sps).map(|()| pps)
        };
        let id = |pps: &Pps| pps.pps_pic_parameter_set_id;
        let sets = self.check_sets(NAL_PPS, ("H.265 PPS", "pps_pic_parameter_set_id"), read, id);
        for pps in &sets {
            self.extend(pps.oddities.iter().cloned().map(Fault::harmless));
        }
        sets
    }

    /// All sets of a type, from whichever array; gives the last one of each id.
    fn check_sets<T>(
        &mut self,
        wanted: u8,
        (structure, field): (&'static str, &'static str),
        read: impl Fn(&[u8]) -> Result<T, Error>,
        id: impl Fn(&T) -> u8,
    ) -> Vec<T> {
        let record = self.record;
        let mut sets: Vec<(&[u8], T)> = Vec::new();
        let mut is_there = false;
        for unit in record.nal_units().flat_map(bare_units) {
            if nal_unit_type(unit) != Some(wanted) || nuh_layer_id(unit).is_some_and(|layer| layer != 0) {
                continue;
            }
            is_there = true;
            match read(unit) {
                Ok(set) => match sets.iter_mut().find(|(_, known)| id(known) == id(&set)) {
                    Some((known, _)) if *known == unit => {}
                    Some(known) => {
                        let rule = format!("is {} in two different sets, of which the later counts", id(&set));
                        let section = section_of(structure);
                        let error = Error::new(ErrorKind::Invalid, structure, None, field, rule, section);
                        self.push(Fault::mendable(error));
                        *known = (unit, set);
                    }
                    None => sets.push((unit, set)),
                },
                Err(error) => self.push(Fault { error, effect: self.unusable }),
            }
        }
        if !is_there {
            self.push(Fault::fatal(super::none_there(super::count_name(wanted))));
        }
        sets.into_iter().map(|(_, set)| set).collect()
    }

    /// Profile, tier and level against the sequence parameter sets.
    fn check_profile(&mut self, first: &Sps, sets: &[Sps]) {
        let general = self.record.general;
        let said = &first.profile_tier_level.general;
        let all = || sets.iter().map(|sps| &sps.profile_tier_level.general);
        if all().all(|sps| sps.profile_space != general.profile_space) {
            let rule = format!("is {}, the SPS says {}", general.profile_space, said.profile_space);
            self.mendable("general_profile_space", rule);
        }
        let profile = general.profile_idc;
        let is_compatible = all().all(|sps| (sps.profile_compatibility_flags << profile) & 0x8000_0000 != 0);
        if all().all(|sps| sps.profile_idc != profile) && !is_compatible {
            self.mendable("general_profile_idc", format!("is {profile}, the SPS says {}", said.profile_idc));
        }
        if !general.tier_flag && all().any(|sps| sps.tier_flag) {
            self.mendable("general_tier_flag", "is 0 (Main), the SPS says 1 (High)".to_owned());
        }
        let flags = general.profile_compatibility_flags;
        let common = all().fold(u32::MAX, |flags, sps| flags & sps.profile_compatibility_flags);
        let field = "general_profile_compatibility_flags";
        if flags & !common != 0 {
            let rule = format!("is {flags:#010x} and sets flags that the SPS does not, it says {common:#010x}");
            self.mendable(field, rule);
        } else if flags != common {
            self.harmless(field, format!("is {flags:#010x} and lacks flags of the SPS, it says {common:#010x}"));
        }
        let flags = as_number(general.constraint_indicator_flags);
        let common = all().fold(u64::MAX, |flags, sps| flags & as_number(sps.constraint_indicator_flags));
        let field = "general_constraint_indicator_flags";
        if flags & !common != 0 {
            let rule = format!("is {flags:#014x} and sets flags that the SPS does not, it says {common:#014x}");
            self.mendable(field, rule);
        } else if flags != common {
            self.harmless(field, format!("is {flags:#014x} and lacks flags of the SPS, it says {common:#014x}"));
        }
        let level = self.record.general_level_idc;
        let highest = sets.iter().map(|sps| sps.profile_tier_level.general_level_idc).max().unwrap_or_default();
        if level < highest {
            let rule = format!("is {level}, the SPS says {highest} (level {})", level_name(highest));
            self.mendable("general_level_idc", rule);
        }
    }

    /// What the record says of pictures and layers against the sequence parameter sets.
    fn check_picture(&mut self, sps: &Sps, sets: &[Sps]) {
        let record = self.record;
        for (field, found, said) in [
            ("chroma_format_idc", record.chroma_format_idc, sps.chroma_format_idc),
            ("bitDepthLumaMinus8", record.bit_depth_luma_minus8, sps.bit_depth_luma_minus8.min(7)),
            ("bitDepthChromaMinus8", record.bit_depth_chroma_minus8, sps.bit_depth_chroma_minus8.min(7)),
        ] {
            if found != said {
                self.mendable(field, format!("is {found}, the SPS says {said}"));
            }
        }
        let restriction = |sps: &Sps| sps.vui.as_ref().and_then(|vui| vui.bitstream_restriction);
        let least = sets.iter().map(|sps| restriction(sps).map_or(0, |told| told.min_spatial_segmentation_idc)).min();
        let found = record.min_spatial_segmentation_idc;
        if let Some(least) = least.filter(|&least| found > least) {
            self.harmless("min_spatial_segmentation_idc", format!("is {found}, the SPS says {least}"));
        }
        if let Some((frames, seconds)) = sps.frame_rate().filter(|_| record.avg_frame_rate != 0) {
            // Frames in 256 seconds; one more or less is rounding.
            let said = u64::from(frames) * 256 / u64::from(seconds.max(1));
            if said.abs_diff(u64::from(record.avg_frame_rate)) > 1 {
                let rule = format!("is {} frames in 256 seconds, the SPS says {said}", record.avg_frame_rate);
                self.harmless("avgFrameRate", rule);
            }
        }
        if record.constant_frame_rate == 3 {
            self.harmless("constantFrameRate", "is 3, which is reserved".to_owned());
        }
        let (found, said) = (record.num_temporal_layers, sps.sps_max_sub_layers_minus1 + 1);
        if found != 0 && found != said {
            self.harmless("numTemporalLayers", format!("is {found}, the SPS says {said}"));
        }
        if record.temporal_id_nested && sets.iter().any(|sps| !sps.sps_temporal_id_nesting_flag) {
            self.harmless("temporalIdNested", "is 1, the SPS says 0".to_owned());
        }
    }

    /// Tiles or wavefronts in every PPS, where the record promises them.
    fn check_parallelism(&mut self, pps: &[Pps]) {
        let (is_kept, promised) = match self.record.parallelism_type {
            2 => (pps.iter().all(|pps| pps.tiles.is_some()), "tiles"),
            3 => (pps.iter().all(|pps| pps.entropy_coding_sync_enabled_flag), "wavefronts"),
            _ => return,
        };
        if !is_kept {
            let rule = format!("is {} ({promised}), the PPS has none", self.record.parallelism_type);
            self.harmless("parallelismType", rule);
        }
    }
}

fn as_number([a, b, c, d, e, f]: [u8; 6]) -> u64 {
    u64::from_be_bytes([0, 0, a, b, c, d, e, f])
}

fn section_of(structure: &str) -> &'static str {
    match structure {
        "H.265 VPS" => "ITU-T H.265, 7.4.3.1",
        "H.265 SPS" => "ITU-T H.265, 7.4.3.2",
        _ => "ITU-T H.265, 7.4.3.3",
    }
}

const MOST_ALIKE: usize = 8;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::{
        hevc::NalArray,
        testdata::{HEVC_MAIN, HEVC_MAIN_10, hex, hvcc},
    };

    fn good() -> HevcDecoderConfigurationRecord {
        HevcDecoderConfigurationRecord::read(&hvcc(HEVC_MAIN)).unwrap()
    }

    /// What mending makes of it: complete arrays.
    fn mended() -> HevcDecoderConfigurationRecord {
        good().rebuilt().unwrap()
    }

    /// The faults as effect and text; also sees that mending leaves nothing that would need it.
    fn faults(record: &HevcDecoderConfigurationRecord) -> Vec<(Effect, String)> {
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

    fn only(record: &HevcDecoderConfigurationRecord) -> (Effect, String) {
        let [fault] = faults(record).try_into().unwrap();
        fault
    }

    fn rule((effect, text): (Effect, String)) -> (Effect, String) {
        (effect, text.trim_end_matches(" (ISO/IEC 14496-15, 8.3.3.1)").to_owned())
    }

    #[test]
    fn kinesis_adapter_labels_arrays_by_position() {
        // The C producer takes units in the order given and calls them VPS, SPS, PPS; here SPS and PPS came first.
        let mut broken = good();
        broken.arrays.rotate_left(1);
        for (array, nal_unit_type) in broken.arrays.iter_mut().zip(32..) {
            array.nal_unit_type = nal_unit_type;
        }
        broken.general_level_idc = 0;
        let found = faults(&broken);
        assert_eq!(found.len(), 4);
        assert!(found.iter().all(|(effect, _)| *effect == Effect::Mendable));
        assert_eq!(found[0].1, "hvcC: nalUnit has nal_unit_type 33 in the array of 32 (ISO/IEC 14496-15, 8.3.3.1)");
        assert_eq!(broken.sps().unwrap().width(), 640);
        assert_eq!(broken.rebuilt().unwrap(), mended());
    }

    #[test]
    fn level_0_from_broken_private_data_is_found() {
        let record = HevcDecoderConfigurationRecord { general_level_idc: 0, ..good() };
        let expected = "hvcC: general_level_idc is 0, the SPS says 63 (level 2.1)".to_owned();
        assert_eq!(rule(only(&record)), (Effect::Mendable, expected));
        let record = HevcDecoderConfigurationRecord { general_level_idc: 186, ..good() };
        assert_eq!(check(&record), []);
    }

    #[test]
    fn absent_parameter_sets_are_fatal() {
        for skipped in 0..3 {
            let mut without = good();
            without.arrays.remove(skipped);
            let found = faults(&without);
            let name = ["VPS count", "SPS count", "PPS count"][skipped];
            assert!(found.iter().any(|(effect, text)| *effect == Effect::Fatal && text.contains(name)), "{found:?}");
        }
        let none = HevcDecoderConfigurationRecord { arrays: vec![], ..good() };
        assert_eq!(faults(&none).len(), 3);
    }

    #[test]
    fn profile_tier_and_flags_are_those_of_the_sps() {
        let mut record = good();
        record.general.profile_idc = 4;
        record.general.profile_space = 1;
        record.general.profile_compatibility_flags |= 1;
        record.general.constraint_indicator_flags = [0; 6];
        let found: Vec<(Effect, String)> = faults(&record).into_iter().map(rule).collect();
        assert_eq!(
            found,
            [
                (Effect::Mendable, "hvcC: general_profile_space is 1, the SPS says 0".to_owned()),
                (Effect::Mendable, "hvcC: general_profile_idc is 4, the SPS says 1".to_owned()),
                (
                    Effect::Mendable,
                    "hvcC: general_profile_compatibility_flags is 0x60000001 and sets flags that the SPS does not, it says \
                     0x60000000"
                        .to_owned()
                ),
                (
                    Effect::Harmless,
                    "hvcC: general_constraint_indicator_flags is 0x000000000000 and lacks flags of the SPS, it says \
                     0x900000000000"
                        .to_owned()
                ),
            ]
        );
        assert_eq!(record.rebuilt().unwrap(), mended());
    }

    #[test]
    fn a_profile_that_the_sps_is_compatible_with_is_allowed() {
        let mut record = good();
        record.general.profile_idc = 2;
        assert_eq!(check(&record), []);
        record.general.tier_flag = true;
        assert_eq!(check(&record), []);
    }

    #[test]
    fn chroma_and_bit_depth_are_those_of_the_sps() {
        let record = HevcDecoderConfigurationRecord {
            chroma_format_idc: 0,
            bit_depth_luma_minus8: 2,
            bit_depth_chroma_minus8: 1,
            ..good()
        };
        let found = faults(&record);
        assert!(found.iter().all(|(effect, _)| *effect == Effect::Mendable));
        assert_eq!(rule(found[0].clone()).1, "hvcC: chroma_format_idc is 0, the SPS says 1");
        assert_eq!(found.len(), 3);
    }

    #[test]
    fn what_only_hints_is_harmless() {
        let record = HevcDecoderConfigurationRecord {
            min_spatial_segmentation_idc: 7,
            parallelism_type: 2,
            avg_frame_rate: 25 * 256,
            constant_frame_rate: 3,
            num_temporal_layers: 2,
            ..good()
        };
        let found = faults(&record);
        assert!(found.iter().all(|(effect, _)| *effect == Effect::Harmless), "{found:?}");
        let texts: Vec<String> = found.into_iter().map(|fault| rule(fault).1).collect();
        assert_eq!(
            texts,
            [
                "hvcC: min_spatial_segmentation_idc is 7, the SPS says 0",
                "hvcC: avgFrameRate is 6400 frames in 256 seconds, the SPS says 7680",
                "hvcC: constantFrameRate is 3, which is reserved",
                "hvcC: numTemporalLayers is 2, the SPS says 1",
                "hvcC: parallelismType is 2 (tiles), the PPS has none",
            ]
        );
        // Wavefronts there are, and 30 frames a second.
        let record = HevcDecoderConfigurationRecord { parallelism_type: 3, avg_frame_rate: 30 * 256, ..good() };
        assert_eq!(check(&record), []);
    }

    #[test]
    fn three_byte_lengths_and_version_0_are_mended() {
        let record =
            HevcDecoderConfigurationRecord { configuration_version: 0, length_size: LengthSize::Three, ..good() };
        let found = faults(&record);
        assert_eq!(found.len(), 2);
        assert!(found[0].1.starts_with("hvcC: configurationVersion is 0") && found[1].1.contains("lengthSizeMinusOne"));
        assert_eq!(record.rebuilt().unwrap(), mended());
    }

    #[test]
    fn arrays_of_other_types_are_left_out_and_messages_may_stay() {
        let mut record = good();
        let array = |nal_unit_type, unit: &[u8]| NalArray {
            array_completeness: false,
            nal_unit_type,
            nal_units: vec![Bytes::copy_from_slice(unit)],
        };
        record.arrays.push(array(39, &[0x4e, 1, 5, 0x80]));
        assert_eq!(check(&record), []);
        record.arrays.push(array(35, &[0x46, 1, 0x50]));
        let (effect, text) = only(&record);
        assert_eq!(effect, Effect::Mendable);
        assert!(text.contains("NAL_unit_type is 35, arrays hold 32 (VPS)"));
    }

    #[test]
    fn repeated_and_empty_arrays_are_harmless() {
        let mut record = good();
        record.arrays.push(record.arrays[2].clone());
        let pps = record.arrays[2].nal_units[0].clone();
        record.arrays[3].nal_units.push(pps);
        record.arrays.push(NalArray { array_completeness: false, nal_unit_type: 39, nal_units: vec![] });
        let texts: Vec<String> = faults(&record).into_iter().map(|fault| rule(fault).1).collect();
        assert_eq!(
            texts,
            [
                "hvcC: NAL_unit_type is 34 in more than one array",
                "hvcC: nalUnit is there more than once in the array of 34",
                "hvcC: numNalus is 0 in the array of 39",
            ]
        );
        assert_eq!(record.rebuilt().unwrap(), mended());
    }

    #[test]
    fn start_codes_inside_the_record_are_taken_off() {
        let mut record = good();
        for array in &mut record.arrays {
            array.nal_units[0] = [&[0, 0, 0, 1][..], &array.nal_units[0]].concat().into();
        }
        assert_eq!(faults(&record).len(), 3);
        assert_eq!(record.sps().unwrap().width(), 640);
        assert_eq!(record.rebuilt().unwrap(), mended());
    }

    #[test]
    fn pps_of_an_sps_that_is_not_there_is_left_out_or_fatal() {
        // Ids 1 and 1 in front of the bits of the good one.
        let stray = Bytes::from(hex("440148172b4624"));
        let mut record = good();
        record.arrays[2].nal_units.push(stray.clone());
        let found = faults(&record);
        assert!(
            found.iter().any(|(effect, text)| {
                *effect == Effect::Mendable
                    && text.contains("pps_seq_parameter_set_id is 1, and there is no SPS of that id")
            }),
            "{found:?}"
        );
        assert_eq!(record.rebuilt().unwrap(), mended());
        record.arrays[2].nal_units = vec![stray];
        assert!(faults(&record).iter().any(|(effect, _)| *effect == Effect::Fatal));
    }

    #[test]
    fn of_two_sets_with_one_id_the_later_counts() {
        let mut record = HevcDecoderConfigurationRecord::read(&hvcc(HEVC_MAIN_10)).unwrap();
        record.arrays[1].nal_units.insert(0, good().arrays[1].nal_units[0].clone());
        let found = faults(&record);
        assert!(found.iter().any(|(effect, text)| {
            *effect == Effect::Mendable && text.contains("sps_seq_parameter_set_id is 0 in two different sets")
        }));
        let sets = record.rebuilt().unwrap().arrays.remove(1).nal_units;
        assert_eq!(sets, [Bytes::from(hex(HEVC_MAIN_10[2]))]);
    }

    #[test]
    fn enhancement_layers_and_zeros_at_the_end_are_harmless() {
        let mut record = good();
        record.arrays[1].nal_units.push(Bytes::from_static(&[0x42, 0x09, 1, 2]));
        record.arrays[2].nal_units[0] = [&record.arrays[2].nal_units[0][..], &[0]].concat().into();
        let found = faults(&record);
        assert!(found.iter().all(|(effect, _)| *effect == Effect::Harmless));
        assert!(found[0].1.contains("nuh_layer_id 1") && found[1].1.contains("ends in 1 zero bytes"));
    }

    fn any_unit() -> impl Strategy<Value = Bytes> {
        let [_, vps, sps, pps] = HEVC_MAIN.map(hex);
        let [_, vps_10, sps_10, _] = HEVC_MAIN_10.map(hex);
        let start_code = [&[0, 0, 1][..], &pps].concat();
        let units = vec![vps, sps, pps, vps_10, sps_10, hex("440148172b4624"), start_code, vec![], hex("460150")];
        let change = proptest::option::weighted(0.2, (any::<usize>(), any::<u8>()));
        (proptest::sample::select(units), change).prop_map(|(mut unit, change)| {
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
            arrays in proptest::collection::vec((31_u8..41, proptest::collection::vec(any_unit(), 0..5)), 0..5),
            level: u8,
            length_size in 0_u8..4,
        ) {
            let arrays = arrays.into_iter().map(|(nal_unit_type, nal_units)| {
                NalArray { array_completeness: true, nal_unit_type, nal_units }
            });
            faults(&HevcDecoderConfigurationRecord {
                general_level_idc: level,
                length_size: LengthSize::from_minus_one(length_size),
                arrays: arrays.collect(),
                ..good()
            });
        }

        #[test]
        fn bit_flips_in_real_records_are_mended_or_fatal(main_10: bool, at in 0_usize..140 * 8) {
            let mut data = hvcc(if main_10 { HEVC_MAIN_10 } else { HEVC_MAIN });
            if let Some(byte) = data.get_mut(at / 8) {
                *byte ^= 0x80 >> (at % 8);
            }
            if let Ok(record) = HevcDecoderConfigurationRecord::read(&data) {
                faults(&record);
            }
        }
    }
}
