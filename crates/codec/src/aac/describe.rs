//! A configuration field by field, in words.

use super::{
    AudioSpecificConfig, Extension, GaSpecificConfig, ProgramConfigElement, SamplingFrequency, SpecificConfig,
    SyntacticElement,
    extension::{SYNC_PS, SYNC_SBR},
    object_type::{AOT_BSAC, object_type_name},
};
use crate::field::FieldList;

impl AudioSpecificConfig {
    /// Adds every field, in the order of the bytes.
    pub(crate) fn fields(&self, list: &mut FieldList) {
        let front = self.extension.filter(|extension| extension.hierarchical);
        add_object_type(list, "audioObjectType", self.signalled_object_type());
        self.frequency.fields(list, "samplingFrequencyIndex", "samplingFrequency");
        let layout = channel_layout(self.channel_configuration);
        list.add_named("channelConfiguration", self.channel_configuration, layout);
        if let Some(extension) = front {
            if let Some(frequency) = extension.frequency {
                frequency.fields(list, "extensionSamplingFrequencyIndex", "extensionSamplingFrequency");
            }
            add_object_type(list, "audioObjectType", self.audio_object_type);
            if let Some(configuration) = extension.channel_configuration {
                list.add_named("extensionChannelConfiguration", configuration, channel_layout(configuration));
            }
        }
        match &self.specific {
            SpecificConfig::Ga(ga) => {
                list.nest("GASpecificConfig", "", |list| ga.fields(list, self.audio_object_type));
            }
            SpecificConfig::Eld(eld) => list.nest("ELDSpecificConfig", "", |list| {
                let samples = if eld.frame_length_flag { "480 samples a frame" } else { "512 samples a frame" };
                list.add_named("frameLengthFlag", u8::from(eld.frame_length_flag), samples);
                add_resilience(list, eld.resilience_flags);
                list.add("ldSbrPresentFlag", u8::from(eld.ld_sbr_present_flag));
            }),
            SpecificConfig::Other => {}
        }
        if let Some(ep_config) = self.ep_config {
            list.add("epConfig", ep_config);
        }
        match self.extension {
            None => {
                let meaning = "not signalled, a decoder looks for SBR and PS in the frames";
                list.add_named("sbrPresentFlag", -1, meaning);
            }
            Some(extension) if extension.hierarchical => {
                list.add_named("sbrPresentFlag", u8::from(extension.sbr_present_flag), "signalled in front");
                if let Some(flag) = extension.ps_present_flag {
                    list.add_named("psPresentFlag", u8::from(flag), "signalled in front");
                }
            }
            Some(extension) => extension.fields_behind(list),
        }
        if !self.trailing.is_empty() {
            let bits: String = self.trailing.iter().map(|byte| format!("{byte:02x}")).collect();
            list.add("bits after the last field", bits);
        }
    }
}

impl SamplingFrequency {
    fn fields(self, list: &mut FieldList, index_field: &'static str, frequency_field: &'static str) {
        if self.index() == 15 {
            list.add_named(index_field, 15, "written out");
            list.add_named(frequency_field, self.hz(), "Hz");
        } else {
            list.add_named(index_field, self.index(), &format!("{} Hz", self.hz()));
        }
    }
}

impl GaSpecificConfig {
    fn fields(&self, list: &mut FieldList, audio_object_type: u8) {
        let samples = match (audio_object_type, self.frame_length_flag) {
            (23, false) => "512 samples a frame",
            (23, true) => "480 samples a frame",
            (_, false) => "1024 samples a frame",
            (_, true) => "960 samples a frame",
        };
        list.add_named("frameLengthFlag", u8::from(self.frame_length_flag), samples);
        list.add("dependsOnCoreCoder", u8::from(self.core_coder_delay.is_some()));
        if let Some(delay) = self.core_coder_delay {
            list.add("coreCoderDelay", delay);
        }
        list.add("extensionFlag", u8::from(self.extension.is_some()));
        if let Some(element) = &self.program_config_element {
            let channels = format!("{} channels", element.channels());
            list.nest("program_config_element", channels, |list| element.fields(list));
        }
        if let Some(layer) = self.layer_nr {
            list.add("layerNr", layer);
        }
        if let Some(extension) = self.extension {
            if let Some((sub_frames, layer_length)) = extension.bsac {
                list.add("numOfSubFrame", sub_frames);
                list.add("layer_length", layer_length);
            }
            if let Some(flags) = extension.resilience_flags {
                add_resilience(list, flags);
            }
            list.add("extensionFlag3", u8::from(extension.extension_flag3));
        }
    }
}

impl Extension {
    fn fields_behind(&self, list: &mut FieldList) {
        list.add_named("syncExtensionType", format_args!("{SYNC_SBR:#x}"), "signalled behind");
        add_object_type(list, "extensionAudioObjectType", self.audio_object_type);
        let meaning = if self.sbr_present_flag { "SBR" } else { "no SBR" };
        list.add_named("sbrPresentFlag", u8::from(self.sbr_present_flag), meaning);
        if let Some(frequency) = self.frequency {
            frequency.fields(list, "extensionSamplingFrequencyIndex", "extensionSamplingFrequency");
        }
        if let Some(flag) = self.ps_present_flag {
            list.add("syncExtensionType", format_args!("{SYNC_PS:#x}"));
            list.add_named("psPresentFlag", u8::from(flag), if flag { "PS" } else { "no PS" });
        }
        if let (AOT_BSAC, Some(configuration)) = (self.audio_object_type, self.channel_configuration) {
            list.add_named("extensionChannelConfiguration", configuration, channel_layout(configuration));
        }
    }
}

impl ProgramConfigElement {
    fn fields(&self, list: &mut FieldList) {
        list.add("element_instance_tag", self.element_instance_tag);
        let name = self.object_type.checked_add(1).and_then(object_type_name).unwrap_or("reserved");
        list.add_named("object_type", self.object_type, name);
        let rate = SamplingFrequency::from_index(self.sampling_frequency_index);
        let rate = rate.map_or("reserved".to_owned(), |rate| format!("{} Hz", rate.hz()));
        list.add_named("sampling_frequency_index", self.sampling_frequency_index, &rate);
        for (name, elements) in [
            ("num_front_channel_elements", &self.front),
            ("num_side_channel_elements", &self.side),
            ("num_back_channel_elements", &self.back),
        ] {
            if elements.is_empty() {
                list.add(name, 0);
            } else {
                list.add_named(name, elements.len(), &in_words(elements));
            }
        }
        list.add("num_lfe_channel_elements", self.lfe.len());
        list.add("num_assoc_data_elements", self.assoc_data.len());
        list.add("num_valid_cc_elements", self.coupling.len());
        for (name, element) in [
            ("mono_mixdown_element_number", self.mono_mixdown),
            ("stereo_mixdown_element_number", self.stereo_mixdown),
            ("matrix_mixdown_idx", self.matrix_mixdown.map(|both| both >> 1)),
            ("pseudo_surround_enable", self.matrix_mixdown.map(|both| both & 1)),
        ] {
            if let Some(element) = element {
                list.add(name, element);
            }
        }
        if !self.comment.is_empty() {
            list.add("comment_field_data", self.comment.escape_ascii());
        }
    }
}

fn in_words(elements: &[SyntacticElement]) -> String {
    let words = elements.iter().map(|element| {
        let kind = if element.flag { "pair" } else { "single" };
        format!("{kind} {}", element.tag)
    });
    words.collect::<Vec<_>>().join(", ")
}

fn add_object_type(list: &mut FieldList, name: &'static str, audio_object_type: u8) {
    list.add_named(name, audio_object_type, object_type_name(audio_object_type).unwrap_or("reserved"));
}

/// The three flags that are kept as one number.
fn add_resilience(list: &mut FieldList, flags: u8) {
    list.add("aacSectionDataResilienceFlag", flags >> 2 & 1);
    list.add("aacScalefactorDataResilienceFlag", flags >> 1 & 1);
    list.add("aacSpectralDataResilienceFlag", flags & 1);
}

/// The speakers of a `channelConfiguration`, in the order of the elements.
fn channel_layout(channel_configuration: u8) -> &'static str {
    match channel_configuration {
        0 => "described by a program_config_element",
        1 => "mono: C",
        2 => "stereo: L R",
        3 => "3.0: C L R",
        4 => "4.0: C L R Cs",
        5 => "5.0: C L R Ls Rs",
        6 => "5.1: C L R Ls Rs LFE",
        7 => "7.1: C Lc Rc L R Ls Rs LFE",
        11 => "6.1: C L R Ls Rs Cs LFE",
        12 => "7.1: C L R Ls Rs Lsr Rsr LFE",
        13 => "22.2",
        14 => "7.1 with height: C L R Ls Rs LFE Lv Rv",
        _ => "reserved",
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::testdata::{AAC_7_1_WIDE, hex};

    fn lines(text: &str) -> Vec<String> {
        let mut list = FieldList::default();
        AudioSpecificConfig::read(&hex(text)).unwrap().fields(&mut list);
        let indented = |field: &crate::Field| format!("{:1$}{2}: {3}", "", 2 * field.depth, field.name, field.value);
        list.into_fields().iter().map(indented).collect()
    }

    #[test]
    fn two_bytes_say_much() {
        assert_eq!(
            lines("1190"),
            [
                "audioObjectType: 2 (AAC LC)",
                "samplingFrequencyIndex: 3 (48000 Hz)",
                "channelConfiguration: 2 (stereo: L R)",
                "GASpecificConfig: ",
                "  frameLengthFlag: 0 (1024 samples a frame)",
                "  dependsOnCoreCoder: 0",
                "  extensionFlag: 0",
                "sbrPresentFlag: -1 (not signalled, a decoder looks for SBR and PS in the frames)",
            ]
        );
    }

    #[test]
    fn both_places_of_the_signalling_are_told() {
        let front = lines("eb098800");
        assert_eq!(front[0], "audioObjectType: 29 (PS)");
        assert_eq!(&front[3..5], ["extensionSamplingFrequencyIndex: 3 (48000 Hz)", "audioObjectType: 2 (AAC LC)"]);
        assert_eq!(
            &front[front.len() - 2..],
            ["sbrPresentFlag: 1 (signalled in front)", "psPresentFlag: 1 (signalled in front)"]
        );
        assert_eq!(
            lines("138856e5a54880")[7..],
            [
                "syncExtensionType: 0x2b7 (signalled behind)",
                "extensionAudioObjectType: 5 (SBR)",
                "sbrPresentFlag: 1 (SBR)",
                "extensionSamplingFrequencyIndex: 4 (44100 Hz)",
                "syncExtensionType: 0x548",
                "psPresentFlag: 1 (PS)",
            ]
        );
    }

    #[test]
    fn a_program_config_element_is_spelled_out() {
        let lines = lines(AAC_7_1_WIDE);
        let at = lines.iter().position(|line| line == "  program_config_element: 8 channels").unwrap();
        assert_eq!(
            lines[at + 1..at + 11],
            [
                "    element_instance_tag: 0",
                "    object_type: 1 (AAC LC)",
                "    sampling_frequency_index: 3 (48000 Hz)",
                "    num_front_channel_elements: 2 (pair 0, single 0)",
                "    num_side_channel_elements: 1 (single 1)",
                "    num_back_channel_elements: 2 (pair 1, pair 2)",
                "    num_lfe_channel_elements: 0",
                "    num_assoc_data_elements: 0",
                "    num_valid_cc_elements: 0",
                "    comment_field_data: Lavc59.37.100",
            ]
        );
    }

    #[test]
    fn what_is_rare_is_told_too() {
        let has = |text: &str, line: &str| assert!(lines(text).iter().any(|found| found == line), "{:?}", lines(text));
        // ER AAC LD with its flags and epConfig 0, a frequency that is written out, ER AAC ELD.
        has("b9910000", "  frameLengthFlag: 0 (512 samples a frame)");
        has("b9910000", "  aacSpectralDataResilienceFlag: 0");
        has("b9910000", "epConfig: 0");
        has("17805dc010", "samplingFrequency: 48000 (Hz)");
        has("f8e64000", "  ldSbrPresentFlag: 0");
        has("1190abcd", "bits after the last field: abcd");
    }

    proptest! {
        #[test]
        fn whatever_is_read_is_described(data: Vec<u8>, hz: f64, channels: u64) {
            if let Ok(config) = AudioSpecificConfig::read(&data) {
                let mut list = FieldList::default();
                config.fields(&mut list);
                prop_assert!(list.into_fields().len() > 3);
                let stated = crate::Stated { sampling_frequency: Some(hz), channels: Some(channels), ..Default::default() };
                let _ = config.check_against(&stated);
            }
        }
    }
}
