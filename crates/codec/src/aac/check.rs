//! What a readable configuration still has wrong, and how it is mended.
//!
//! Each rule names the clause of ISO/IEC 14496-3 that it rests on. What several players refuse although the standard has
//! it is told as well, as harmless: the stream stays as it is.

use super::{
    AudioSpecificConfig, Extension, GaSpecificConfig, ProgramConfigElement, SECTION, STRUCTURE, SamplingFrequency,
    SpecificConfig, channels_of,
    extension::SYNC_SBR,
    frequency::MAX_FREQUENCY,
    object_type::{AOT_LD, AOT_PS, AOT_SBR, AOT_SSR, object_type_name},
};
use crate::{
    error::{Error, ErrorKind},
    fault::{Effect, Fault},
};

impl AudioSpecificConfig {
    /// All that a readable configuration still has wrong.
    pub fn check(&self) -> Vec<Fault> {
        let mut faults = Vec::new();
        self.check_object_type(&mut faults);
        self.check_frequency(&mut faults);
        self.check_channels(&mut faults);
        if let SpecificConfig::Ga(ga) = &self.specific {
            self.check_general_audio(ga, &mut faults);
        }
        if let Some(extension) = &self.extension {
            self.check_extension(extension, &mut faults);
        }
        if let Some(ep_config @ 1..) = self.ep_config {
            let rule =
                format!("is {ep_config}: error protection, which takes more than one stream or a decoder of its own");
            faults.push(Fault::fatal(unsupported("epConfig", rule)));
        }
        self.check_trailing(&mut faults);
        faults
    }

    /// The same with what [`Self::check`] calls mendable put right.
    ///
    /// # Errors
    /// The first fatal fault, when there is one.
    pub fn rebuilt(&self) -> Result<Self, Error> {
        if let Some(fault) = self.check().into_iter().find(|fault| fault.effect == Effect::Fatal) {
            return Err(fault.error);
        }
        let mut config = self.clone();
        if let Some(index) = self.frequency.table_index() {
            config.frequency = SamplingFrequency::from_index(index).unwrap_or(self.frequency);
        }
        if self.has_broken_extension_behind() {
            config.trailing = bytes::Bytes::new();
        }
        if let SpecificConfig::Ga(ga) = &mut config.specific {
            if self.audio_object_type == AOT_SSR {
                ga.frame_length_flag = false;
            }
            if depends_on_no_core_coder(self.audio_object_type) {
                ga.core_coder_delay = None;
            }
            if has_no_extension_flag(self.audio_object_type) {
                ga.extension = None;
            }
            if let (Some(element), Some(index)) = (&mut ga.program_config_element, self.frequency.table_index()) {
                element.sampling_frequency_index = index;
            }
        }
        if let Some(extension) = self.extension {
            config.extension = Some(self.mended(extension));
        }
        if config == *self {
            return Ok(config);
        }
        // Bits behind the end have moved within their bytes, and are filled up with other zeros.
        let written = config.write()?;
        Self::read(&written)
    }

    fn check_object_type(&self, faults: &mut Vec<Fault>) {
        let number = self.audio_object_type;
        let Some(name) = object_type_name(number) else {
            let header = if number == ADTS_TYPE { "; an ADTS header begins like this" } else { "" };
            faults
                .push(Fault::fatal(unsupported("audioObjectType", format!("is {number}, which is reserved{header}"))));
            return;
        };
        match number {
            1..=4 => {}
            6 | 7 | 17 | 19..=23 | 39 | 42 => {
                let rule = format!("is {number} ({name}), which few players take; all of them take 2 (AAC LC)");
                faults.push(Fault::harmless(unsupported("audioObjectType", rule)));
            }
            AOT_SBR | AOT_PS => {
                let rule = format!("is {number} ({name}), which wraps another type, inside a wrapper");
                faults.push(Fault::fatal(invalid("audioObjectType", rule, SBR)));
            }
            _ => {
                let rule = format!("is {number} ({name}), which is not AAC");
                faults.push(Fault::fatal(unsupported("audioObjectType", rule)));
            }
        }
    }

    fn check_frequency(&self, faults: &mut Vec<Fault>) {
        let hz = self.frequency.hz();
        match self.frequency.table_index() {
            Some(index) if self.frequency.index() != index => {
                let rule =
                    format!("is written out as {hz}, which index {index} says; ffmpeg takes nothing but an index");
                faults.push(Fault::mendable(invalid("samplingFrequency", rule, FREQUENCY)));
            }
            Some(_) => {}
            None if hz > MAX_FREQUENCY => {
                let rule = format!("is {hz}, above the {MAX_FREQUENCY} that the table ends with; few players take it");
                faults.push(Fault::harmless(invalid("samplingFrequency", rule, FREQUENCY)));
            }
            None => {
                let rule = format!("is {hz}, none of the 13 that have an index; few players take it");
                faults.push(Fault::harmless(invalid("samplingFrequency", rule, FREQUENCY)));
            }
        }
    }

    fn check_channels(&self, faults: &mut Vec<Fault>) {
        let configuration = self.channel_configuration;
        match (configuration, &self.specific) {
            (0, SpecificConfig::Ga(ga)) => match &ga.program_config_element {
                Some(element) => self.check_program_config_element(element, faults),
                None => {
                    let rule = "is 0, and there is no program_config_element to describe the channels";
                    faults.push(Fault::fatal(invalid("channelConfiguration", rule, CHANNELS)));
                }
            },
            (0, SpecificConfig::Eld(_)) => {
                let rule = "is 0, and ELDSpecificConfig has no program_config_element to describe the channels";
                faults.push(Fault::fatal(invalid("channelConfiguration", rule, CHANNELS)));
            }
            (0, SpecificConfig::Other) | (1..=7, _) => {}
            _ if channels_of(configuration).is_none() => {
                let rule = format!("is {configuration}, which is reserved");
                faults.push(Fault::fatal(invalid("channelConfiguration", rule, CHANNELS)));
            }
            _ => {
                let rule = format!("is {configuration}, which an amendment added; older players know 1 to 7");
                faults.push(Fault::harmless(invalid("channelConfiguration", rule, CHANNELS)));
            }
        }
    }

    fn check_program_config_element(&self, element: &ProgramConfigElement, faults: &mut Vec<Fault>) {
        if element.channels() == 0 {
            let rule = "is 0, and so are the other counts: the program has no channels";
            faults.push(Fault::fatal(invalid("num_front_channel_elements", rule, PROGRAM)));
        }
        if let Some(expected) = self.frequency.table_index()
            && element.sampling_frequency_index != expected
        {
            let index = element.sampling_frequency_index;
            let rule = format!("is {index}, the configuration around it says {expected}");
            faults.push(Fault::mendable(invalid("sampling_frequency_index", rule, PROGRAM)));
        }
        if matches!(self.audio_object_type, 1..=4) && element.object_type.checked_add(1) != Some(self.audio_object_type)
        {
            let rule = format!("is {}, the object type around it is {}", element.object_type, self.audio_object_type);
            faults.push(Fault::harmless(invalid("object_type", rule, PROGRAM)));
        }
        if let Some((field, tag)) = element.repeated_tag() {
            let rule = format!("is {tag} for two elements of one kind, which a decoder cannot tell apart");
            faults.push(Fault::harmless(invalid(field, rule, PROGRAM)));
        }
    }

    fn check_general_audio(&self, ga: &GaSpecificConfig, faults: &mut Vec<Fault>) {
        let number = self.audio_object_type;
        match number {
            _ if !ga.frame_length_flag => {}
            AOT_LD => {}
            AOT_SSR => {
                let rule = "is 1, AAC SSR has one frame length";
                faults.push(Fault::mendable(invalid("frameLengthFlag", rule, GENERAL)));
            }
            _ => {
                let rule = "is 1: 960 samples a frame, which players that take 1024 for granted play too slowly";
                faults.push(Fault::harmless(invalid("frameLengthFlag", rule, GENERAL)));
            }
        }
        if ga.core_coder_delay.is_some() && depends_on_no_core_coder(number) {
            let rule = format!("is 1, object type {number} has no core coder");
            faults.push(Fault::mendable(invalid("dependsOnCoreCoder", rule, GENERAL)));
        }
        match ga.extension {
            Some(_) if has_no_extension_flag(number) => {
                let rule = format!("is 1, for object type {number} it has to be 0");
                faults.push(Fault::mendable(invalid("extensionFlag", rule, GENERAL)));
            }
            None if !has_no_extension_flag(number) => {
                let rule = format!("is 0, for object type {number} it has to be 1");
                faults.push(Fault::harmless(invalid("extensionFlag", rule, GENERAL)));
            }
            Some(extension) if extension.extension_flag3 => {
                let rule = "is 1, and what would follow is not defined";
                faults.push(Fault::harmless(invalid("extensionFlag3", rule, GENERAL)));
            }
            _ => {}
        }
    }

    fn check_extension(&self, extension: &Extension, faults: &mut Vec<Fault>) {
        let core = self.frequency.hz();
        match (extension.sbr_present_flag, extension.frequency) {
            (true, None) => {
                let rule = "is absent, though sbrPresentFlag is set";
                faults.push(Fault::mendable(invalid("extensionSamplingFrequency", rule, SBR)));
            }
            (false, Some(_)) => {
                let rule = "is there, though sbrPresentFlag is not set";
                faults.push(Fault::mendable(invalid("extensionSamplingFrequency", rule, SBR)));
            }
            (true, Some(frequency)) if !is_sbr_rate(frequency.hz(), core) => {
                let rule = format!("is {}, SBR puts out the {core} of the core or twice as much", frequency.hz());
                faults.push(Fault::mendable(invalid("extensionSamplingFrequency", rule, SBR)));
            }
            (true, Some(frequency)) if Some(frequency.index()) != frequency.table_index() => {
                let rule = match frequency.table_index() {
                    Some(index) => format!("is written out as {}, which index {index} says", frequency.hz()),
                    None => format!("is {}, none of the 13 that have an index", frequency.hz()),
                };
                faults.push(Fault::harmless(invalid("extensionSamplingFrequency", rule, FREQUENCY)));
            }
            _ => {}
        }
        if extension.ps_present_flag == Some(true) {
            match self.channels() {
                _ if !extension.sbr_present_flag => {
                    let rule = "is 1 without SBR, which parametric stereo rests on";
                    faults.push(Fault::mendable(invalid("psPresentFlag", rule, PS)));
                }
                Some(1) | None => {}
                Some(channels) => {
                    let rule = format!("is 1 for {channels} channels, parametric stereo makes two of one");
                    faults.push(Fault::mendable(invalid("psPresentFlag", rule, PS)));
                }
            }
        }
    }

    fn check_trailing(&self, faults: &mut Vec<Fault>) {
        if self.has_broken_extension_behind() {
            let rule = "is 0x2b7, and no extension that can be read follows";
            faults.push(Fault::mendable(invalid("syncExtensionType", rule, SBR)));
        } else if self.ends_here() && self.trailing.iter().any(|byte| *byte != 0) {
            let rule = format!("are not zero in the last {} bytes, which nothing describes", self.trailing.len());
            faults.push(Fault::harmless(invalid("bits after the last field", rule, SECTION)));
        }
    }

    /// Whether all fields are known, so that nothing should follow.
    fn ends_here(&self) -> bool {
        matches!(self.specific, SpecificConfig::Ga(_)) && self.ep_config.is_none_or(|ep_config| ep_config < 2)
    }

    fn has_broken_extension_behind(&self) -> bool {
        let sync = match &self.trailing[..] {
            [first, second, ..] => u16::from_be_bytes([*first, *second]) >> 5 == SYNC_SBR,
            _ => false,
        };
        sync && self.extension.is_none() && self.ends_here()
    }

    fn mended(&self, extension: Extension) -> Extension {
        let core = self.frequency.hz();
        let frequency = match extension.frequency {
            _ if !extension.sbr_present_flag => None,
            Some(frequency) if is_sbr_rate(frequency.hz(), core) => Some(frequency),
            _ => {
                let twice = core.saturating_mul(2);
                SamplingFrequency::from_hz(if twice > MAX_FREQUENCY { core } else { twice })
            }
        };
        let ps_present_flag = match (extension.ps_present_flag, self.channels()) {
            (Some(_), _) if !extension.sbr_present_flag => None,
            (Some(true), Some(2..) | Some(0)) => Some(false),
            (flag, _) => flag,
        };
        let mut mended = Extension { frequency, ps_present_flag, ..extension };
        if extension.hierarchical && extension.audio_object_type == AOT_PS && ps_present_flag != Some(true) {
            mended.audio_object_type = AOT_SBR;
            mended.ps_present_flag = None;
        }
        mended
    }
}

impl ProgramConfigElement {
    /// The first tag that two elements of one kind have, and its field.
    fn repeated_tag(&self) -> Option<(&'static str, u8)> {
        let (mut singles, mut pairs, mut low) = (0_u16, 0_u16, 0_u16);
        let places = [
            ("front_element_tag_select", &self.front),
            ("side_element_tag_select", &self.side),
            ("back_element_tag_select", &self.back),
        ];
        for (field, elements) in places {
            for element in elements {
                if is_repeated(if element.flag { &mut pairs } else { &mut singles }, element.tag) {
                    return Some((field, element.tag));
                }
            }
        }
        self.lfe.iter().find(|tag| is_repeated(&mut low, **tag)).map(|tag| ("lfe_element_tag_select", *tag))
    }
}

/// Whether the tag is in the set, which it is afterwards.
fn is_repeated(set: &mut u16, tag: u8) -> bool {
    let bit = 1_u16.checked_shl(u32::from(tag)).unwrap_or(0);
    let repeated = *set & bit != 0;
    *set |= bit;
    repeated
}

/// Whether SBR makes `output` of `core`: twice as much, or as much in the downsampled form.
fn is_sbr_rate(output: u32, core: u32) -> bool {
    output == core || Some(output) == core.checked_mul(2)
}

/// Types that are never an enhancement of another coder.
fn depends_on_no_core_coder(audio_object_type: u8) -> bool {
    matches!(audio_object_type, 1..=4)
}

/// Types whose `extensionFlag` has to be 0; for the other general audio types it has to be 1.
fn has_no_extension_flag(audio_object_type: u8) -> bool {
    matches!(audio_object_type, 1..=4 | 6 | 7)
}

fn invalid(field: &'static str, rule: impl Into<String>, section: &'static str) -> Error {
    Error::new(ErrorKind::Invalid, STRUCTURE, None, field, rule, section)
}

fn unsupported(field: &'static str, rule: String) -> Error {
    Error::new(ErrorKind::Unsupported, STRUCTURE, None, field, rule, SECTION)
}

/// The escape and its extension, all ones like the syncword of ADTS.
const ADTS_TYPE: u8 = 32 + 63;
const FREQUENCY: &str = "ISO/IEC 14496-3, 1.6.3.4";
const CHANNELS: &str = "ISO/IEC 14496-3, channelConfiguration";
const SBR: &str = "ISO/IEC 14496-3, 1.6.5.2";
const PS: &str = "ISO/IEC 14496-3, Signaling of parametric stereo";
const GENERAL: &str = "ISO/IEC 14496-3, 4.5.1.1";
const PROGRAM: &str = "ISO/IEC 14496-3, 4.5.1.2.1";

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::{
        aac::{GaExtension, SyntacticElement},
        bits::BitWriter,
        testdata::{AAC_2_1, AAC_7_1_WIDE, hex},
    };

    fn config(text: &str) -> AudioSpecificConfig {
        AudioSpecificConfig::read(&hex(text)).unwrap()
    }

    fn lc() -> AudioSpecificConfig {
        AudioSpecificConfig::lc(48_000, 2).unwrap()
    }

    fn with_ga(audio_object_type: u8, ga: GaSpecificConfig) -> AudioSpecificConfig {
        let ep_config = super::super::has_ep_config(audio_object_type).then_some(0);
        AudioSpecificConfig { audio_object_type, specific: SpecificConfig::Ga(ga), ep_config, ..lc() }
    }

    fn with_extension(core_hz: u32, channels: u8, extension: Extension) -> AudioSpecificConfig {
        AudioSpecificConfig { extension: Some(extension), ..AudioSpecificConfig::lc(core_hz, channels).unwrap() }
    }

    fn sbr(output_hz: u32) -> Extension {
        Extension {
            hierarchical: false,
            audio_object_type: AOT_SBR,
            sbr_present_flag: true,
            ps_present_flag: None,
            frequency: SamplingFrequency::from_hz(output_hz),
            channel_configuration: None,
        }
    }

    fn only(config: &AudioSpecificConfig, effect: Effect) -> String {
        let faults = config.check();
        let [fault] = &faults[..] else { panic!("{faults:?}") };
        assert_eq!(fault.effect, effect, "{fault}");
        match config.rebuilt() {
            Ok(rebuilt) => {
                assert!(rebuilt.check().iter().all(|fault| fault.effect == Effect::Harmless), "{rebuilt:?}");
                assert_eq!(AudioSpecificConfig::read(&rebuilt.write().unwrap()).unwrap(), rebuilt);
            }
            Err(error) => assert_eq!((effect, error), (Effect::Fatal, fault.error.clone())),
        }
        fault.to_string()
    }

    #[test]
    fn configurations_of_encoders_have_nothing_wrong() {
        for text in [
            "1190",
            "1210",
            "119056e500",
            "11b856e500",
            "2b118800",
            "eb098800",
            "138856e5a54880",
            AAC_2_1,
            AAC_7_1_WIDE,
        ] {
            let config = config(text);
            assert_eq!(config.check(), [], "{text}");
            assert_eq!(config.rebuilt().unwrap(), config);
        }
    }

    #[test]
    fn types_that_are_not_aac_are_fatal_and_named() {
        let of = |audio_object_type| AudioSpecificConfig { audio_object_type, specific: SpecificConfig::Other, ..lc() };
        assert_eq!(
            only(&of(36), Effect::Fatal),
            "AudioSpecificConfig: audioObjectType is 36 (ALS), which is not AAC (ISO/IEC 14496-3, 1.6.2.1)"
        );
        assert!(only(&of(34), Effect::Fatal).contains("34 (Layer-3), which is not AAC"));
        assert!(only(&of(50), Effect::Fatal).contains("is 50, which is reserved"));
        assert!(only(&of(95), Effect::Fatal).contains("an ADTS header begins like this"));
        assert!(only(&of(42), Effect::Harmless).contains("42 (USAC), which few players take"));
        let within = AudioSpecificConfig { extension: Some(Extension { hierarchical: true, ..sbr(96_000) }), ..of(29) };
        assert!(only(&within, Effect::Fatal).contains("inside a wrapper"));
    }

    #[test]
    fn a_written_out_frequency_of_the_table_becomes_its_index() {
        let mut w = BitWriter::default();
        for (bits, value) in [(5, 2), (4, 15), (24, 48_000), (4, 2), (3, 0_u32)] {
            w.put(bits, value);
        }
        let config = AudioSpecificConfig::read(&w.finish()).unwrap();
        assert_eq!(
            only(&config, Effect::Mendable),
            "AudioSpecificConfig: samplingFrequency is written out as 48000, which index 3 says; ffmpeg takes nothing but an \
             index (ISO/IEC 14496-3, 1.6.3.4)"
        );
        assert_eq!(config.rebuilt().unwrap().write().unwrap(), hex("1190"));
    }

    #[test]
    fn frequencies_outside_the_table_are_told() {
        let of = |hz| AudioSpecificConfig::lc(hz, 2).unwrap();
        assert!(only(&of(22_000), Effect::Harmless).contains("is 22000, none of the 13"));
        assert!(only(&of(192_000), Effect::Harmless).contains("is 192000, above the 96000"));
    }

    #[test]
    fn reserved_channel_configurations_are_fatal() {
        for channel_configuration in [8, 9, 10, 15] {
            let config = AudioSpecificConfig { channel_configuration, ..lc() };
            assert!(only(&config, Effect::Fatal).contains("which is reserved (ISO/IEC 14496-3, channelConfiguration)"));
        }
    }

    #[test]
    fn channel_configurations_of_the_amendment_are_told() {
        for channel_configuration in 11..=14 {
            let config = AudioSpecificConfig { channel_configuration, ..lc() };
            assert!(only(&config, Effect::Harmless).contains("older players know 1 to 7"));
        }
    }

    #[test]
    fn configuration_zero_needs_an_element_with_channels() {
        let config = AudioSpecificConfig { channel_configuration: 0, ..lc() };
        assert!(only(&config, Effect::Fatal).contains("there is no program_config_element"));
        let element = ProgramConfigElement { sampling_frequency_index: 3, object_type: 1, ..Default::default() };
        let ga = GaSpecificConfig { program_config_element: Some(Box::new(element)), ..Default::default() };
        let config = AudioSpecificConfig { channel_configuration: 0, ..with_ga(2, ga) };
        assert!(only(&config, Effect::Fatal).contains("the program has no channels"));
        let specific = SpecificConfig::Eld(Default::default());
        let config = AudioSpecificConfig { audio_object_type: 39, channel_configuration: 0, specific, ..lc() };
        assert!(config.check().iter().any(|fault| fault.effect == Effect::Fatal));
    }

    #[test]
    fn the_frequency_index_of_the_element_follows_the_configuration() {
        let element = |sampling_frequency_index, tag| {
            let front = vec![SyntacticElement { flag: true, tag: 0 }, SyntacticElement { flag: true, tag }];
            ProgramConfigElement { sampling_frequency_index, object_type: 1, front, ..Default::default() }
        };
        let of = |element| {
            let ga = GaSpecificConfig { program_config_element: Some(Box::new(element)), ..Default::default() };
            AudioSpecificConfig { channel_configuration: 0, ..with_ga(2, ga) }
        };
        assert_eq!(of(element(3, 1)).check(), []);
        assert!(only(&of(element(4, 1)), Effect::Mendable).contains("is 4, the configuration around it says 3"));
        assert!(only(&of(element(3, 0)), Effect::Harmless).contains("is 0 for two elements of one kind"));
        let main = ProgramConfigElement { object_type: 0, ..element(3, 1) };
        assert!(only(&of(main), Effect::Harmless).contains("object_type is 0, the object type around it is 2"));
    }

    #[test]
    fn short_frames_are_told_and_impossible_for_ssr() {
        let ga = GaSpecificConfig { frame_length_flag: true, ..Default::default() };
        assert!(only(&with_ga(2, ga.clone()), Effect::Harmless).contains("960 samples"));
        assert!(only(&with_ga(3, ga), Effect::Mendable).contains("AAC SSR has one frame length"));
    }

    #[test]
    fn a_core_coder_is_nothing_that_lc_depends_on() {
        let ga = GaSpecificConfig { core_coder_delay: Some(5), ..Default::default() };
        assert!(only(&with_ga(2, ga), Effect::Mendable).contains("object type 2 has no core coder"));
    }

    #[test]
    fn the_extension_flag_follows_the_object_type() {
        let ga = GaSpecificConfig { extension: Some(GaExtension::default()), ..Default::default() };
        assert!(only(&with_ga(2, ga), Effect::Mendable).contains("for object type 2 it has to be 0"));
        let texts = |ga| with_ga(23, ga).check().iter().map(ToString::to_string).collect::<Vec<_>>().join("\n");
        assert!(texts(GaSpecificConfig::default()).contains("for object type 23 it has to be 1"));
        let extension = Some(GaExtension { resilience_flags: Some(0), extension_flag3: true, bsac: None });
        assert!(texts(GaSpecificConfig { extension, ..Default::default() }).contains("extensionFlag3 is 1"));
    }

    #[test]
    fn sbr_puts_out_twice_or_as_much_as_the_core() {
        assert_eq!(with_extension(24_000, 2, sbr(48_000)).check(), []);
        assert_eq!(with_extension(24_000, 2, sbr(24_000)).check(), []);
        let config = with_extension(24_000, 2, sbr(44_100));
        assert!(
            only(&config, Effect::Mendable).contains("is 44100, SBR puts out the 24000 of the core or twice as much")
        );
        assert_eq!(config.rebuilt().unwrap().output_sampling_frequency(), 48_000);
        let config = with_extension(64_000, 2, sbr(32_000));
        assert!(only(&config, Effect::Mendable).contains("is 32000"));
        assert_eq!(config.rebuilt().unwrap().output_sampling_frequency(), 64_000);
    }

    #[test]
    fn the_frequency_of_sbr_goes_with_its_flag() {
        let config = with_extension(24_000, 2, Extension { frequency: None, ..sbr(48_000) });
        assert!(only(&config, Effect::Mendable).contains("is absent, though sbrPresentFlag is set"));
        let config = with_extension(24_000, 2, Extension { sbr_present_flag: false, ..sbr(48_000) });
        assert!(only(&config, Effect::Mendable).contains("is there, though sbrPresentFlag is not set"));
        let config = with_extension(22_000, 2, sbr(44_000));
        assert!(config.check().iter().any(|fault| fault.to_string().contains("is 44000, none of the 13")));
    }

    #[test]
    fn parametric_stereo_needs_one_channel_and_sbr() {
        let ps = Extension { ps_present_flag: Some(true), ..sbr(48_000) };
        assert_eq!(with_extension(24_000, 1, ps).check(), []);
        let config = with_extension(24_000, 2, ps);
        assert!(only(&config, Effect::Mendable).contains("is 1 for 2 channels, parametric stereo makes two of one"));
        let front = Extension { hierarchical: true, audio_object_type: AOT_PS, ..ps };
        let config = with_extension(24_000, 2, front);
        assert!(only(&config, Effect::Mendable).contains("is 1 for 2 channels"));
        assert_eq!(config.rebuilt().unwrap().signalled_object_type(), 5);
        let without = Extension { sbr_present_flag: false, frequency: None, ..ps };
        assert!(only(&with_extension(24_000, 1, without), Effect::Mendable).contains("is 1 without SBR"));
    }

    #[test]
    fn error_protection_is_fatal() {
        let extension = Some(GaExtension { resilience_flags: Some(0), ..Default::default() });
        let ga = GaSpecificConfig { extension, ..Default::default() };
        let config = AudioSpecificConfig { ep_config: Some(2), ..with_ga(17, ga) };
        let fatal: Vec<_> = config.check().into_iter().filter(|fault| fault.effect == Effect::Fatal).collect();
        assert_eq!(fatal.len(), 1);
        assert_eq!(config.rebuilt().unwrap_err().field(), "epConfig");
    }

    #[test]
    fn bits_behind_the_end_are_told() {
        assert!(only(&config("1190ff"), Effect::Harmless).contains("are not zero in the last 1 bytes"));
        assert_eq!(config("11900000").check(), []);
        // 0x2b7, type 5, SBR, then the frequency is cut off.
        let broken = config("119056e5");
        assert_eq!(broken.extension, None);
        assert!(only(&broken, Effect::Mendable).contains("syncExtensionType is 0x2b7"));
        assert_eq!(broken.rebuilt().unwrap().write().unwrap(), hex("1190"));
    }

    #[test]
    fn bits_behind_the_end_keep_their_place_in_what_is_rebuilt() {
        // A written-out frequency of the table becomes its index, so that all that follows moves by 24 bits and more.
        for data in ["2f8005dc00a907", "278005dc001407", "2f8005dc00a91407ff", "178005dc0015070000"] {
            rebuilt_is_clean(&hex(data)).unwrap();
        }
    }

    fn rebuilt_is_clean(data: &[u8]) -> Result<(), TestCaseError> {
        let Ok(config) = AudioSpecificConfig::read(data) else { return Ok(()) };
        let fatal = config.check().iter().any(|fault| fault.effect == Effect::Fatal);
        prop_assert_eq!(config.rebuilt().is_err(), fatal);
        let Ok(rebuilt) = config.rebuilt() else { return Ok(()) };
        prop_assert!(rebuilt.check().iter().all(|fault| fault.effect == Effect::Harmless), "{:?}", rebuilt.check());
        prop_assert_eq!(AudioSpecificConfig::read(&rebuilt.write().unwrap()).unwrap(), rebuilt);
        Ok(())
    }

    proptest! {
        #[test]
        fn what_is_rebuilt_has_only_harmless_faults(data in proptest::collection::vec(any::<u8>(), 1..40)) {
            rebuilt_is_clean(&data)?;
        }

        #[test]
        fn mutations_are_rebuilt(which in 0_usize..6, at in 0_usize..28, byte: u8, cut in 2_usize..28) {
            let texts = [AAC_2_1, AAC_7_1_WIDE, "138856e5a54880", "2b118800", "eb098800", "119056e500"];
            let mut data = hex(texts[which]);
            if let Some(target) = data.get_mut(at) {
                *target = byte;
            }
            data.truncate(cut);
            rebuilt_is_clean(&data)?;
        }
    }
}
