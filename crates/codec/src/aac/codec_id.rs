//! The old Matroska CodecIDs of AAC, which say the profile and have no private data.
//!
//! ```text
//! A_AAC/MPEG2/LC  A_AAC/MPEG2/LC/SBR  A_AAC/MPEG2/MAIN  A_AAC/MPEG2/SSR
//! A_AAC/MPEG4/LC  A_AAC/MPEG4/LC/SBR  A_AAC/MPEG4/MAIN  A_AAC/MPEG4/SSR  A_AAC/MPEG4/LTP
//! ```
//!
//! Matroska Media Container Codec Specifications, "A_AAC/MPEG2/LC" and on: initialization none, superseded by A_AAC.

use super::{
    AudioSpecificConfig, Extension, SamplingFrequency,
    object_type::{AOT_LC, AOT_SBR, AOT_SSR},
};
use crate::{
    codec_private::Stated,
    error::{Error, ErrorKind},
};

impl AudioSpecificConfig {
    /// Builds the configuration of a track that has none, from one of the old CodecIDs and the Audio element. Without them
    /// SamplingFrequency is 8000 and Channels 1, as RFC 9559 has it.
    ///
    /// For SBR the core has SamplingFrequency and the output OutputSamplingFrequency. Where that is absent or the same, the
    /// core is taken to have half of a SamplingFrequency above 24 kHz, and the output twice of one up to it. SBR is signalled
    /// at the end, where decoders without it do not look.
    ///
    /// # Errors
    /// [`ErrorKind::Unsupported`] for any other CodecID, `A_AAC` among them, which needs private data;
    /// [`ErrorKind::Invalid`] for a rate that is none, or a channel count that has no configuration.
    pub fn from_codec_id(codec_id: &str, stated: &Stated) -> Result<Self, Error> {
        let codec_id = codec_id.trim_end_matches('\0');
        let (audio_object_type, sbr) = profile(codec_id).ok_or_else(|| {
            let rule = format!("is {codec_id:?}, which does not say the profile");
            Error::new(ErrorKind::Unsupported, "track", None, "CodecID", rule, SECTION)
        })?;
        let hz = hertz(stated.sampling_frequency.unwrap_or(8_000.0), "SamplingFrequency")?;
        let output = stated.output_sampling_frequency.map(|hz| hertz(hz, "OutputSamplingFrequency")).transpose()?;
        let (core, output) = match output {
            _ if !sbr => (hz, hz),
            Some(output) if output != hz => (hz, output),
            _ if hz > MAX_CORE => (hz / 2, hz),
            _ => (hz, hz.saturating_mul(2)),
        };
        let channels = stated.channels.unwrap_or(1);
        let config = u8::try_from(channels).ok().and_then(|channels| Self::lc(core, channels)).ok_or_else(|| {
            let rule = format!("is {channels}, for which AAC has no configuration");
            Error::new(
                ErrorKind::Invalid,
                "Audio element",
                None,
                "Channels",
                rule,
                "ISO/IEC 14496-3, channelConfiguration",
            )
        })?;
        let extension = sbr.then(|| Extension {
            hierarchical: false,
            audio_object_type: AOT_SBR,
            sbr_present_flag: true,
            ps_present_flag: None,
            frequency: SamplingFrequency::from_hz(output),
            channel_configuration: None,
        });
        Self { audio_object_type, extension, ..config }.rebuilt()
    }
}

/// Object type, and whether there is SBR.
fn profile(codec_id: &str) -> Option<(u8, bool)> {
    Some(match codec_id.strip_prefix("A_AAC/")? {
        "MPEG2/MAIN" | "MPEG4/MAIN" => (1, false),
        "MPEG2/LC" | "MPEG4/LC" => (AOT_LC, false),
        "MPEG2/LC/SBR" | "MPEG4/LC/SBR" => (AOT_LC, true),
        "MPEG2/SSR" | "MPEG4/SSR" => (AOT_SSR, false),
        "MPEG4/LTP" => (4, false),
        _ => return None,
    })
}

/// A stated rate, rounded to the hertz bit by bit: no conversion from floating point tells of what it loses.
fn hertz(stated: f64, field: &'static str) -> Result<u32, Error> {
    let limit = stated + 0.5;
    let hz = (0..24).rev().map(|bit| 1_u32 << bit).fold(
        0,
        |hz, bit| {
            if f64::from(hz | bit) <= limit { hz | bit } else { hz }
        },
    );
    if (stated - f64::from(hz)).abs() < 1.0 && hz > 0 {
        return Ok(hz);
    }
    let rule = format!("is {stated}, the range is 1 to 16777215");
    Err(Error::new(ErrorKind::Invalid, "Audio element", None, field, rule, "ISO/IEC 14496-3, 1.6.3.4"))
}

const SECTION: &str = "Matroska Media Container Codec Specifications, A_AAC";
/// SBR is made for output up to 48 kHz.
const MAX_CORE: u32 = 24_000;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::testdata::hex;

    fn stated(hz: f64, output: Option<f64>, channels: u64) -> Stated {
        Stated {
            sampling_frequency: Some(hz),
            output_sampling_frequency: output,
            channels: Some(channels),
            ..Default::default()
        }
    }

    #[test]
    fn profiles_become_object_types() {
        for (codec_id, text) in [
            ("A_AAC/MPEG2/MAIN", "0990"),
            ("A_AAC/MPEG4/MAIN\0", "0990"),
            ("A_AAC/MPEG2/LC", "1190"),
            ("A_AAC/MPEG4/LC", "1190"),
            ("A_AAC/MPEG4/SSR", "1990"),
            ("A_AAC/MPEG4/LTP", "2190"),
        ] {
            let config = AudioSpecificConfig::from_codec_id(codec_id, &stated(48_000.0, None, 2)).unwrap();
            assert_eq!(config.write().unwrap(), hex(text), "{codec_id}");
        }
    }

    #[test]
    fn sbr_has_two_rates_however_they_are_stated() {
        for rates in [(22_050.0, Some(44_100.0)), (22_050.0, None), (44_100.0, None), (44_100.0, Some(44_100.0))] {
            let config =
                AudioSpecificConfig::from_codec_id("A_AAC/MPEG4/LC/SBR", &stated(rates.0, rates.1, 2)).unwrap();
            assert_eq!(
                (config.sampling_frequency(), config.output_sampling_frequency()),
                (22_050, 44_100),
                "{rates:?}"
            );
            assert_eq!(config.write().unwrap(), hex("139056e5a0"));
        }
    }

    #[test]
    fn without_an_audio_element_the_defaults_hold() {
        let config = AudioSpecificConfig::from_codec_id("A_AAC/MPEG4/LC", &Stated::default()).unwrap();
        assert_eq!((config.sampling_frequency(), config.channels()), (8_000, Some(1)));
    }

    #[test]
    fn what_says_no_profile_is_refused() {
        for codec_id in ["A_AAC", "A_AAC/MPEG4", "A_AAC/MPEG2/LTP", "A_MS/ACM", "MPEG4/LC"] {
            let error = AudioSpecificConfig::from_codec_id(codec_id, &Stated::default()).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Unsupported);
        }
    }

    #[test]
    fn rates_and_channels_that_cannot_be_are_refused() {
        let error = |hz, channels| {
            AudioSpecificConfig::from_codec_id("A_AAC/MPEG4/LC", &stated(hz, None, channels)).unwrap_err()
        };
        for hz in [0.0, -8_000.0, f64::NAN, f64::INFINITY, 17e6] {
            assert_eq!(error(hz, 2).field(), "SamplingFrequency", "{hz}");
        }
        assert_eq!([0, 9, 1 << 40].map(|channels| error(48_000.0, channels).field()), ["Channels"; 3]);
    }

    proptest! {
        #[test]
        fn whatever_is_stated_makes_a_sound_configuration_or_an_error(
            hz in proptest::option::of(any::<f64>()), whole in proptest::option::of(0_u32..200_000),
            output in proptest::option::of(0_u32..200_000), channels in proptest::option::of(0_u64..12), which in 0_usize..3,
        ) {
            let stated = Stated {
                sampling_frequency: whole.map(f64::from).or(hz),
                output_sampling_frequency: output.map(f64::from),
                channels,
                ..Default::default()
            };
            let codec_id = ["A_AAC/MPEG2/LC", "A_AAC/MPEG4/LC/SBR", "A_AAC/MPEG4/SSR"][which];
            if let Ok(config) = AudioSpecificConfig::from_codec_id(codec_id, &stated) {
                prop_assert!(config.check().iter().all(|fault| fault.effect == crate::Effect::Harmless));
                prop_assert_eq!(AudioSpecificConfig::read(&config.write().unwrap()).unwrap(), config);
            }
        }
    }
}
