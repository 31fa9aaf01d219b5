//! A configuration beside the container's Audio element: where they disagree, the configuration counts.

use super::AudioSpecificConfig;
use crate::{
    codec_private::Stated,
    error::{Error, ErrorKind},
    fault::Fault,
};

impl AudioSpecificConfig {
    /// Where it disagrees with the container's Audio element. All of it is harmless: the configuration counts.
    ///
    /// SamplingFrequency may be that of the core or, where SBR is signalled, that of the output; producers write either.
    /// An OutputSamplingFrequency of twice the core is no fault where nothing is said of SBR: it may be implicit.
    pub fn check_against(&self, stated: &Stated) -> Vec<Fault> {
        let mut faults = Vec::new();
        let (core, output) = (self.sampling_frequency(), self.output_sampling_frequency());
        let twice = core.saturating_mul(2);
        let implicit = self.extension.is_none();
        if let Some(hz) = stated.sampling_frequency
            && !is_rate(hz, core)
            && !is_rate(hz, output)
        {
            let rule = if implicit && is_rate(hz, twice) {
                format!("is {hz}, twice the {core} of the private data, as for SBR that is not signalled; {COUNTS}")
            } else {
                format!("is {hz}, the private data says {core}; {COUNTS}")
            };
            faults.push(disagreement("SamplingFrequency", rule, SAMPLING_FREQUENCY));
        }
        if let Some(hz) = stated.output_sampling_frequency
            && !is_rate(hz, output)
            && !(implicit && is_rate(hz, twice))
        {
            let rule = format!("is {hz}, the private data says {output}; {COUNTS}");
            faults.push(disagreement("OutputSamplingFrequency", rule, OUTPUT_SAMPLING_FREQUENCY));
        }
        if let (Some(channels), Some(count), Some(output_count)) =
            (stated.channels, self.channels(), self.output_channels())
            && channels != u64::from(count)
            && channels != u64::from(output_count)
        {
            let rule = if channels == u64::from(self.channel_configuration) {
                format!("is {channels}, which is the channelConfiguration and stands for {count} channels; {COUNTS}")
            } else {
                format!("is {channels}, the private data says {count}; {COUNTS}")
            };
            faults.push(disagreement("Channels", rule, CHANNELS));
        }
        if stated.bit_depth == Some(0) {
            // AAC has no bit depth, whatever else stands here is a wish.
            faults.push(disagreement("BitDepth", "is 0".to_owned(), BIT_DEPTH));
        }
        faults
    }
}

/// Whether the container's floating point number is this frequency; to the hertz, since producers round.
pub(crate) fn is_rate(stated: f64, hz: u32) -> bool {
    (stated - f64::from(hz)).abs() < 1.0
}

pub(crate) fn disagreement(field: &'static str, rule: String, section: &'static str) -> Fault {
    Fault::harmless(Error::new(ErrorKind::Invalid, "Audio element", None, field, rule, section))
}

pub(crate) const COUNTS: &str = "the private data counts";
pub(crate) const SAMPLING_FREQUENCY: &str = "RFC 9559, 5.1.4.1.29.1";
pub(crate) const OUTPUT_SAMPLING_FREQUENCY: &str = "RFC 9559, 5.1.4.1.29.2";
pub(crate) const CHANNELS: &str = "RFC 9559, 5.1.4.1.29.3";
pub(crate) const BIT_DEPTH: &str = "RFC 9559, 5.1.4.1.29.4";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testdata::hex;

    fn against(text: &str, stated: Stated) -> Vec<String> {
        let config = AudioSpecificConfig::read(&hex(text)).unwrap();
        config.check_against(&stated).iter().map(ToString::to_string).collect()
    }

    fn rate(hz: f64) -> Stated {
        Stated { sampling_frequency: Some(hz), ..Default::default() }
    }

    fn channels(channels: u64) -> Stated {
        Stated { channels: Some(channels), ..Default::default() }
    }

    #[test]
    fn what_is_not_stated_does_not_disagree() {
        assert!(against("1190", Stated::default()).is_empty());
    }

    #[test]
    fn another_rate_is_told_and_the_private_data_counts() {
        assert!(against("1190", rate(48_000.0)).is_empty());
        assert_eq!(
            against("1190", rate(44_100.0)),
            ["Audio element: SamplingFrequency is 44100, the private data says 48000; the private data counts \
              (RFC 9559, 5.1.4.1.29.1)"]
        );
        assert_eq!([0.0, f64::NAN, f64::INFINITY].map(|hz| against("1190", rate(hz)).len()), [1; 3]);
    }

    #[test]
    fn either_rate_of_sbr_may_be_stated() {
        for text in ["2b118800", "131056e598"] {
            assert!(against(text, rate(24_000.0)).is_empty());
            assert!(against(text, rate(48_000.0)).is_empty());
            assert_eq!(against(text, rate(44_100.0)).len(), 1);
        }
    }

    #[test]
    fn implicit_sbr_may_show_in_the_output_rate() {
        let output = |hz| Stated { output_sampling_frequency: Some(hz), ..Default::default() };
        assert!(against("1310", output(48_000.0)).is_empty());
        assert!(against("1310", rate(48_000.0))[0].contains("as for SBR that is not signalled"));
        // The encoder says that there is no SBR.
        assert_eq!(against("131056e500", output(48_000.0)).len(), 1);
    }

    #[test]
    fn the_c_producer_states_the_configuration_for_the_channels() {
        assert!(against("1190", channels(2)).is_empty());
        assert!(against("11b8", channels(8)).is_empty());
        assert!(
            against("11b8", channels(7))[0].contains("which is the channelConfiguration and stands for 8 channels")
        );
        assert!(against("1190", channels(1))[0].contains("is 1, the private data says 2"));
        assert!(against("eb098800", channels(1)).is_empty());
        assert!(against("eb098800", channels(2)).is_empty());
    }

    #[test]
    fn no_bit_depth_disagrees_but_zero() {
        let bits = |bit_depth| Stated { bit_depth: Some(bit_depth), ..Default::default() };
        assert!(against("1190", bits(32)).is_empty());
        assert_eq!(against("1190", bits(0)).len(), 1);
    }
}
