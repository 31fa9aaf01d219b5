//! `GASpecificConfig` (ISO/IEC 14496-3, 4.4.1) and the start of `ELDSpecificConfig` (4.6.20, Table 4.180).

use super::{
    ProgramConfigElement, SECTION, inconsistent,
    object_type::{AOT_BSAC, AOT_LD},
};
use crate::{
    bits::{BitReader, BitWriter},
    error::Error,
};

/// The part of the configuration that depends on the object type.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum SpecificConfig {
    /// `GASpecificConfig`: types 1 to 4, 6, 7, 17, 19 to 23.
    Ga(GaSpecificConfig),
    /// `ELDSpecificConfig`: type 39.
    Eld(EldSpecificConfig),
    /// Any other type; its bits are in [`AudioSpecificConfig::trailing`](super::AudioSpecificConfig::trailing).
    Other,
}

/// General audio (4.4.1).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct GaSpecificConfig {
    /// `frameLengthFlag`: 960 samples in a frame instead of 1024, or 480 instead of 512 for low delay.
    pub frame_length_flag: bool,
    /// `coreCoderDelay`, 14 bits, present when `dependsOnCoreCoder` is set.
    pub core_coder_delay: Option<u16>,
    /// The channels, present when `channelConfiguration` is 0.
    pub program_config_element: Option<Box<ProgramConfigElement>>,
    /// `layerNr`, 0 to 7, for the scalable types 6 and 20.
    pub layer_nr: Option<u8>,
    /// What `extensionFlag` announces.
    pub extension: Option<GaExtension>,
}

/// The fields behind `extensionFlag`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct GaExtension {
    /// `numOfSubFrame` (5 bits) and `layer_length` (11 bits), type 22 only.
    pub bsac: Option<(u8, u16)>,
    /// The three resilience flags as one number, section data in bit 2; types 17, 19, 20 and 23 only.
    pub resilience_flags: Option<u8>,
    /// `extensionFlag3`.
    pub extension_flag3: bool,
}

/// Enhanced low delay (4.6.20, Table 4.180). The SBR header and the extensions after these flags stay in
/// [`AudioSpecificConfig::trailing`](super::AudioSpecificConfig::trailing).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct EldSpecificConfig {
    /// `frameLengthFlag`: 480 samples in a frame instead of 512.
    pub frame_length_flag: bool,
    /// The three resilience flags as one number, section data in bit 2.
    pub resilience_flags: u8,
    /// `ldSbrPresentFlag`.
    pub ld_sbr_present_flag: bool,
}

impl GaSpecificConfig {
    pub(super) fn read(r: &mut BitReader<'_>, audio_object_type: u8, channel_configuration: u8) -> Result<Self, Error> {
        r.cite("ISO/IEC 14496-3, 4.4.1");
        let frame_length_flag = r.flag("frameLengthFlag")?;
        let core_coder_delay = if r.flag("dependsOnCoreCoder")? { Some(r.u16(14, "coreCoderDelay")?) } else { None };
        let extension_flag = r.flag("extensionFlag")?;
        let program_config_element =
            if channel_configuration == 0 { Some(Box::new(ProgramConfigElement::read(r)?)) } else { None };
        let layer_nr = if matches!(audio_object_type, 6 | 20) { Some(r.u8(3, "layerNr")?) } else { None };
        let extension = if extension_flag { Some(GaExtension::read(r, audio_object_type)?) } else { None };
        r.cite(SECTION);
        Ok(Self { frame_length_flag, core_coder_delay, program_config_element, layer_nr, extension })
    }

    pub(super) fn put(&self, w: &mut BitWriter, audio_object_type: u8, channel_configuration: u8) -> Result<(), Error> {
        w.put(1, self.frame_length_flag);
        w.put(1, self.core_coder_delay.is_some());
        if let Some(core_coder_delay) = self.core_coder_delay {
            w.put(14, core_coder_delay);
        }
        w.put(1, self.extension.is_some());
        match &self.program_config_element {
            Some(element) if channel_configuration == 0 => element.put(w)?,
            None if channel_configuration != 0 => {}
            _ => return Err(inconsistent("program_config_element", "does not go with channelConfiguration")),
        }
        match self.layer_nr {
            Some(layer_nr) if matches!(audio_object_type, 6 | 20) => w.put(3, layer_nr),
            None if !matches!(audio_object_type, 6 | 20) => {}
            _ => return Err(inconsistent("layerNr", "does not go with audioObjectType")),
        }
        if let Some(extension) = self.extension {
            extension.put(w, audio_object_type)?;
        }
        Ok(())
    }
}

impl GaExtension {
    pub(super) fn read(r: &mut BitReader<'_>, audio_object_type: u8) -> Result<Self, Error> {
        Ok(Self {
            bsac: match audio_object_type {
                AOT_BSAC => Some((r.u8(5, "numOfSubFrame")?, r.u16(11, "layer_length")?)),
                _ => None,
            },
            resilience_flags: match audio_object_type {
                17 | 19 | 20 | AOT_LD => Some(r.u8(3, "aacSectionDataResilienceFlag")?),
                _ => None,
            },
            extension_flag3: r.flag("extensionFlag3")?,
        })
    }

    pub(super) fn put(self, w: &mut BitWriter, audio_object_type: u8) -> Result<(), Error> {
        match (self.bsac, self.resilience_flags, audio_object_type) {
            (Some((num_of_sub_frame, layer_length)), None, AOT_BSAC) => {
                w.put(5, num_of_sub_frame);
                w.put(11, layer_length);
            }
            (None, Some(resilience_flags), 17 | 19 | 20 | AOT_LD) => w.put(3, resilience_flags),
            (None, None, other) if !matches!(other, 17 | 19 | 20 | AOT_BSAC | AOT_LD) => {}
            _ => return Err(inconsistent("extensionFlag", "does not go with audioObjectType")),
        }
        w.put(1, self.extension_flag3);
        Ok(())
    }
}

impl EldSpecificConfig {
    pub(super) fn read(r: &mut BitReader<'_>) -> Result<Self, Error> {
        Ok(Self {
            frame_length_flag: r.flag("frameLengthFlag")?,
            resilience_flags: r.u8(3, "aacSectionDataResilienceFlag")?,
            ld_sbr_present_flag: r.flag("ldSbrPresentFlag")?,
        })
    }

    pub(super) fn put(self, w: &mut BitWriter) {
        w.put(1, self.frame_length_flag);
        w.put(3, self.resilience_flags);
        w.put(1, self.ld_sbr_present_flag);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_part_comes_back() {
        let extension = |bsac, resilience_flags| Some(GaExtension { bsac, resilience_flags, extension_flag3: true });
        for (audio_object_type, layer_nr, extension) in [
            (2, None, extension(None, None)),
            (6, Some(5), None),
            (17, None, extension(None, Some(0b101))),
            (20, Some(1), extension(None, Some(0b010))),
            (22, None, extension(Some((3, 1000)), None)),
        ] {
            let ga = GaSpecificConfig {
                frame_length_flag: true,
                core_coder_delay: Some(0x1234),
                program_config_element: Some(Box::default()),
                layer_nr,
                extension,
            };
            let mut w = BitWriter::default();
            ga.put(&mut w, audio_object_type, 0).unwrap();
            let data = w.finish();
            let r = &mut BitReader::plain(&data, "test", "");
            assert_eq!(GaSpecificConfig::read(r, audio_object_type, 0).unwrap(), ga);
        }
    }

    #[test]
    fn parts_of_other_object_types_are_not_written() {
        let w = &mut BitWriter::default();
        let layer = GaSpecificConfig { layer_nr: Some(1), ..Default::default() };
        assert_eq!(layer.put(w, 2, 1).unwrap_err().field(), "layerNr");
        let flags = GaExtension { resilience_flags: Some(0), ..Default::default() };
        assert_eq!(flags.put(w, 2).unwrap_err().field(), "extensionFlag");
    }
}
