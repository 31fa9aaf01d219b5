//! `codecs` parameters (RFC 6381) as playlists, manifests and browsers want them.
//!
//! ```text
//! avc1.PPCCLL                profile, constraints and level in hex        RFC 6381, 3.3
//! hvc1.[A-C]P.C.{L|H}n.b..   profile, compatibility, tier and level       ISO/IEC 14496-15, Annex E
//! mp4a.40.N                  MPEG-4 audio object type                     RFC 6381, 3.3
//! alaw, ulaw                 the sample entry's own name
//! ```

use std::fmt::Write as _;

use crate::{
    aac::AudioSpecificConfig,
    avc::AvcDecoderConfigurationRecord,
    hevc::HevcDecoderConfigurationRecord,
    wave::{G711Law, WaveFormat},
};

/// `avc1.` and the record's profile, constraint and level bytes, such as `avc1.64001F`.
pub fn avc(record: &AvcDecoderConfigurationRecord) -> String {
    format!(
        "avc1.{:02X}{:02X}{:02X}",
        record.avc_profile_indication, record.profile_compatibility, record.avc_level_indication
    )
}

/// `hvc1.` and the record's profile, tier, level and constraints, such as `hvc1.1.6.L93.B0`.
pub fn hevc(record: &HevcDecoderConfigurationRecord) -> String {
    let general = &record.general;
    let space = match general.profile_space {
        1 => "A",
        2 => "B",
        3 => "C",
        _ => "",
    };
    let mut text = format!(
        "hvc1.{space}{}.{:X}.{}{}",
        general.profile_idc,
        general.profile_compatibility_flags.reverse_bits(),
        if general.tier_flag { 'H' } else { 'L' },
        record.general_level_idc,
    );
    let flags = &general.constraint_indicator_flags;
    let used = flags.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
    for byte in flags.iter().take(used) {
        // Writing to a String cannot fail.
        let _ = write!(text, ".{byte:X}");
    }
    text
}

/// `mp4a.40.` and the object type, that of SBR or PS where the configuration begins with it.
pub fn aac(config: &AudioSpecificConfig) -> String {
    format!("mp4a.40.{}", config.signalled_object_type())
}

/// `alaw` or `ulaw`; `None` for formats other than G.711.
pub fn wave(format: &WaveFormat) -> Option<String> {
    let name = match format.g711_law()? {
        G711Law::ALaw => "alaw",
        G711Law::MuLaw => "ulaw",
    };
    Some(name.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testdata::{AVC_HIGH_1080P, AVC_VOGELS, HEVC_MAIN, HEVC_MAIN_10, hex, hvcc};

    #[test]
    fn avc_has_six_hex_digits() {
        let of = |text| avc(&AvcDecoderConfigurationRecord::read(&hex(text)).unwrap());
        assert_eq!(of(AVC_HIGH_1080P), "avc1.640028");
        assert_eq!(of(AVC_VOGELS), "avc1.42C028");
    }

    #[test]
    fn hevc_reverses_the_compatibility_flags_and_drops_trailing_zeros() {
        let of = |parts| hevc(&HevcDecoderConfigurationRecord::read(&hvcc(parts)).unwrap());
        assert_eq!(of(HEVC_MAIN), "hvc1.1.6.L63.90");
        assert_eq!(of(HEVC_MAIN_10), "hvc1.2.4.L120.90");
        let mut record = HevcDecoderConfigurationRecord::read(&hvcc(HEVC_MAIN)).unwrap();
        record.general.profile_space = 1;
        record.general.tier_flag = true;
        record.general_level_idc = 93;
        record.general.constraint_indicator_flags = [0xb0, 0, 0x01, 0, 0, 0];
        assert_eq!(hevc(&record), "hvc1.A1.6.H93.B0.0.1");
        record.general.constraint_indicator_flags = [0; 6];
        assert_eq!(hevc(&record), "hvc1.A1.6.H93");
    }

    #[test]
    fn aac_says_what_stands_in_front() {
        let of = |text| aac(&AudioSpecificConfig::read(&hex(text)).unwrap());
        assert_eq!(of("1190"), "mp4a.40.2");
        assert_eq!(of("2b118800"), "mp4a.40.5");
        assert_eq!(of("eb098800"), "mp4a.40.29");
    }

    #[test]
    fn g711_is_named_by_its_law() {
        assert_eq!(wave(&WaveFormat::g711(G711Law::ALaw, 1, 8_000)).as_deref(), Some("alaw"));
        assert_eq!(wave(&WaveFormat::g711(G711Law::MuLaw, 1, 8_000)).as_deref(), Some("ulaw"));
        let pcm = WaveFormat { format_tag: 1, ..WaveFormat::g711(G711Law::ALaw, 1, 8_000) };
        assert_eq!(wave(&pcm), None);
    }
}
