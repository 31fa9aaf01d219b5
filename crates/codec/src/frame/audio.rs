//! Frames of sound: a raw data block of AAC, samples of G.711.

use super::{Findings, FrameFault, FrameRule, Packing};
use crate::{
    aac::{Adts, AudioSpecificConfig, SpecificConfig},
    error::Error,
    fault::Fault,
    wave::WaveFormat,
};

/// What AAC frames are held against.
#[derive(Debug, Clone)]
pub(super) struct Aac {
    sampling_frequency: u32,
    channel_configuration: u8,
    pub(super) samples_per_frame: Option<u32>,
    /// Whether frames begin with an `id_syn_ele`, so that none begins with twelve ones: that would be their end.
    has_elements: bool,
}

impl Aac {
    pub(super) fn new(config: &AudioSpecificConfig) -> Self {
        Self {
            sampling_frequency: config.sampling_frequency(),
            channel_configuration: config.channel_configuration,
            samples_per_frame: config.samples_per_frame(),
            has_elements: matches!(config.specific, SpecificConfig::Ga(_)) && config.audio_object_type < 16,
        }
    }

    pub(super) fn walk(&self, payload: &[u8], findings: &mut Findings) -> Packing {
        if payload.is_empty() {
            findings.add(0, FrameRule::Empty);
            return Packing::Broken;
        }
        match AdtsChain::read(payload) {
            Some(AdtsChain { first, frames, blocks, rest: None }) => {
                findings.add(0, FrameRule::AdtsHeaders(frames));
                if let Some((at, blocks)) = blocks {
                    findings.add(at, FrameRule::AdtsBlocks(blocks));
                }
                let (frequency, channels) = (first.frequency.hz(), first.channel_configuration);
                if frequency != self.sampling_frequency || channels != self.channel_configuration {
                    let rule =
                        FrameRule::AdtsDiffers { sampling_frequency: frequency, channel_configuration: channels };
                    findings.add(0, rule);
                }
                return Packing::Adts;
            }
            Some(AdtsChain { first, rest: Some((at, stated)), .. }) if self.has_elements => {
                let stated = stated.unwrap_or(first.aac_frame_length);
                findings.add(at, FrameRule::AdtsLength { stated, left: payload.len() - at });
                return Packing::Broken;
            }
            _ => {}
        }
        if is_loas(payload) {
            findings.add(0, FrameRule::Loas);
            return Packing::Broken;
        }
        Packing::Raw
    }

    pub(super) fn fault(&self, fault: FrameFault) -> Fault {
        let (field, rule, section) = match fault.rule {
            FrameRule::AdtsHeaders(1) => ("", "begins with an ADTS header, which does not belong there".into(), ADTS),
            FrameRule::AdtsHeaders(frames) => {
                ("", format!("is {frames} ADTS frames, one without its header belongs there"), ADTS)
            }
            FrameRule::AdtsLength { stated, left } => {
                ("aac_frame_length", format!("of an ADTS header is {stated}, {left} bytes are there"), ADTS)
            }
            FrameRule::AdtsBlocks(blocks) => (
                "number_of_raw_data_blocks_in_frame",
                format!("of an ADTS header is {}: {blocks} blocks in one frame cannot be told apart", blocks - 1),
                ADTS,
            ),
            FrameRule::AdtsDiffers { sampling_frequency, channel_configuration } => (
                "sampling_frequency_index",
                format!(
                    "of an ADTS header says {sampling_frequency} Hz and channel configuration {channel_configuration}, \
                     the private data {} Hz and {}",
                    self.sampling_frequency, self.channel_configuration
                ),
                ADTS,
            ),
            FrameRule::Loas => {
                ("syncword", "is 0x2b7: the frame is LOAS with a LATM multiplex, raw AAC belongs there".into(), LOAS)
            }
            _ => ("", "has no bytes".into(), "ISO/IEC 14496-3, 4.4.2.1"),
        };
        made("AAC frame", fault, field, rule, section)
    }
}

/// What frames of samples are held against.
#[derive(Debug, Clone)]
pub(super) struct Wave {
    /// Bytes of one sample in all channels; 0 when the format does not say.
    block: usize,
    g711: bool,
}

impl Wave {
    pub(super) fn new(format: &WaveFormat) -> Self {
        let g711 = format.g711_law().is_some();
        // G.711 has one byte a sample and channel, whatever nBlockAlign says.
        Self { block: usize::from(if g711 { format.channels } else { format.block_align }), g711 }
    }

    pub(super) fn walk(&self, payload: &[u8], findings: &mut Findings) -> Packing {
        if payload.is_empty() {
            findings.add(0, FrameRule::Empty);
            return Packing::Broken;
        }
        if let Some(over) = payload.len().checked_rem(self.block).filter(|&over| over > 0) {
            findings.add(payload.len() - over, FrameRule::PartOfSample { over, block: self.block });
        }
        Packing::Raw
    }

    pub(super) fn samples(&self, bytes: usize) -> Option<u64> {
        bytes.checked_div(self.block).and_then(|samples| u64::try_from(samples).ok())
    }

    pub(super) fn fault(&self, fault: FrameFault) -> Fault {
        let (field, rule) = match fault.rule {
            FrameRule::PartOfSample { over, block } => {
                ("nBlockAlign", format!("is {block}, {over} bytes more than whole blocks are there"))
            }
            _ => ("", "has no bytes".into()),
        };
        made(if self.g711 { "G.711 frame" } else { "audio frame" }, fault, field, rule, "mmreg.h")
    }
}

/// ADTS frames one behind the other.
struct AdtsChain {
    first: Adts,
    /// How many there are, as far as they are whole.
    frames: u32,
    /// The first frame of several raw data blocks that cannot be told apart: where it is, and how many.
    blocks: Option<(usize, u8)>,
    /// Where the chain breaks, when it does not end with the data, and the length that its header there announces.
    rest: Option<(usize, Option<u16>)>,
}

impl AdtsChain {
    /// `None` when the data does not begin with an ADTS header.
    fn read(data: &[u8]) -> Option<Self> {
        if !starts_like_adts(data) {
            return None;
        }
        let first = Adts::read(data).ok()?;
        let (mut at, mut frames, mut blocks) = (0_usize, 0_u32, None);
        while let Some(rest) = data.get(at..).filter(|rest| !rest.is_empty()) {
            match Adts::read(rest) {
                Ok(adts) if adts.frame_bytes() <= rest.len() => {
                    let more = adts.number_of_raw_data_blocks_in_frame;
                    if more > 0 && blocks.is_none() && adts.raw_data_blocks(rest).is_err() {
                        blocks = Some((at, more + 1));
                    }
                    at += adts.frame_bytes();
                    frames = frames.saturating_add(1);
                }
                other => {
                    let stated = other.ok().map(|adts| adts.aac_frame_length);
                    // Bytes behind the first frame that are no header: it is the first one whose length is wrong.
                    let at = if stated.is_some() { at } else { 0 };
                    return Some(Self { first, frames, blocks, rest: Some((at, stated)) });
                }
            }
        }
        Some(Self { first, frames, blocks, rest: None })
    }
}

/// Whether the first two bytes are those of an ADTS header: syncword, layer 0.
fn starts_like_adts(data: &[u8]) -> bool {
    matches!(data, [0xff, second, ..] if second & 0xf6 == 0xf0)
}

/// Whether the data is whole LOAS frames (`AudioSyncStream`): an eleven-bit syncword and a length of thirteen bits.
fn is_loas(data: &[u8]) -> bool {
    let mut rest = data;
    while let [0x56, second, third, behind @ ..] = rest {
        let bytes = (usize::from(second & 0x1f) << 8) | usize::from(*third);
        match behind.get(bytes..) {
            Some(next) if second & 0xe0 == 0xe0 && bytes > 0 => rest = next,
            _ => return false,
        }
    }
    rest.is_empty() && !data.is_empty()
}

fn made(structure: &'static str, fault: FrameFault, field: &'static str, rule: String, section: &'static str) -> Fault {
    let error = Error::new(fault.rule.kind(), structure, fault.offset, field, rule, section);
    Fault { error, effect: fault.rule.effect() }
}

const ADTS: &str = "ISO/IEC 14496-3, Annex 1.A";
const LOAS: &str = "ISO/IEC 14496-3, 1.7.2";

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::{CodecPrivate, FrameChecker, fault::Effect, testdata::hex};

    fn aac(private: &str) -> FrameChecker {
        FrameChecker::new(&CodecPrivate::parse("A_AAC", &hex(private)).unwrap())
    }

    fn alaw(private: &str) -> FrameChecker {
        FrameChecker::new(&CodecPrivate::parse("A_MS/ACM", &hex(private)).unwrap())
    }

    fn words(checker: &FrameChecker, frame: &[u8]) -> Vec<(Effect, String)> {
        let faults = checker.faults(frame, true);
        assert_eq!(usize::try_from(checker.check(frame, true).fault_count).unwrap(), faults.len());
        faults.into_iter().map(|fault| (fault.effect, fault.to_string())).collect()
    }

    /// ADTS at 44.1 kHz mono, with as many bytes behind the header.
    fn adts(bytes: u16) -> Vec<u8> {
        let [high, low] = ((bytes + 7) << 5).to_be_bytes();
        let mut frame = vec![0xff, 0xf1, 0x50, 0x40, high, low | 0x1f, 0xfc];
        frame.resize(usize::from(bytes) + 7, 0x21);
        frame
    }

    #[test]
    fn raw_frames_of_ffmpeg_are_sound() {
        let frame = hex("00ee30a12986b2bf33fff46ffffeb5ad");
        let check = aac("1408").check(&frame, true);
        assert!(check.is_sound() && check.keyframe && check.has_media);
        assert_eq!(check.packing, Packing::Raw);
        assert_eq!(aac("1408").samples(150), Some(1024));
    }

    #[test]
    fn an_adts_header_in_a_frame_is_mendable() {
        let said = "AAC frame byte 0: begins with an ADTS header, which does not belong there \
                    (ISO/IEC 14496-3, Annex 1.A)";
        assert_eq!(words(&aac("1208"), &adts(20)), [(Effect::Mendable, said.into())]);
        let check = aac("1208").check(&adts(20), true);
        assert!(check.packing == Packing::Adts && check.needs_conversion());
    }

    #[test]
    fn several_adts_frames_are_counted() {
        let said = "AAC frame byte 0: is 2 ADTS frames, one without its header belongs there \
                    (ISO/IEC 14496-3, Annex 1.A)";
        assert_eq!(words(&aac("1208"), &[adts(20), adts(31)].concat()), [(Effect::Mendable, said.into())]);
    }

    #[test]
    fn an_adts_frame_of_another_length_is_fatal() {
        let said = "AAC frame byte 27: aac_frame_length of an ADTS header is 38, 37 bytes are there \
                    (ISO/IEC 14496-3, Annex 1.A)";
        let mut frame = [adts(20), adts(31)].concat();
        frame.pop();
        assert_eq!(words(&aac("1208"), &frame), [(Effect::Fatal, said.into())]);
        let mut frame = adts(20);
        frame.push(0);
        let said = "AAC frame byte 0: aac_frame_length of an ADTS header is 27, 28 bytes are there \
                    (ISO/IEC 14496-3, Annex 1.A)";
        assert_eq!(words(&aac("1208"), &frame), [(Effect::Fatal, said.into())]);
        assert_eq!(aac("1208").packing(&frame), Packing::Broken);
    }

    #[test]
    fn an_adts_frame_of_several_blocks_is_fatal() {
        let said = "AAC frame byte 0: number_of_raw_data_blocks_in_frame of an ADTS header is 1: 2 blocks in one frame \
                    cannot be told apart (ISO/IEC 14496-3, Annex 1.A)";
        let mut frame = adts(20);
        frame[6] |= 1;
        assert!(words(&aac("1208"), &frame).contains(&(Effect::Fatal, said.into())));
    }

    #[test]
    fn adts_blocks_that_cannot_be_told_apart_are_found_in_later_frames_too() {
        let mut second = adts(20);
        second[6] |= 2;
        let frame = [adts(20), second].concat();
        let said = "AAC frame byte 27: number_of_raw_data_blocks_in_frame of an ADTS header is 2: 3 blocks in one frame \
                    cannot be told apart (ISO/IEC 14496-3, Annex 1.A)";
        assert!(words(&aac("1208"), &frame).contains(&(Effect::Fatal, said.into())));
    }

    #[test]
    fn adts_blocks_with_positions_are_mendable() {
        // Protected, two blocks: the second one 8 bytes behind the first, a check behind the header and behind each block.
        let mut frame = hex("fff0504003 7ffd0008aabb 212121212121 0102 222222222222 0304".replace(' ', "").as_str());
        let said = "AAC frame byte 0: begins with an ADTS header, which does not belong there \
                    (ISO/IEC 14496-3, Annex 1.A)";
        assert_eq!(words(&aac("1208"), &frame), [(Effect::Mendable, said.into())]);
        assert_eq!(crate::aac::adts::raw_data_blocks(&frame).unwrap(), [11..17, 19..25]);
        frame[8] = 0xff;
        assert_eq!(aac("1208").check(&frame, true).worst, Some(Effect::Fatal));
    }

    #[test]
    fn an_adts_header_that_contradicts_the_private_data_is_told() {
        let said = "AAC frame byte 0: sampling_frequency_index of an ADTS header says 44100 Hz and channel configuration \
                    1, the private data 48000 Hz and 2 (ISO/IEC 14496-3, Annex 1.A)";
        assert!(words(&aac("1190"), &adts(20)).contains(&(Effect::Mendable, said.into())));
    }

    #[test]
    fn latm_is_named_and_fatal() {
        let said = "AAC frame byte 0: syncword is 0x2b7: the frame is LOAS with a LATM multiplex, raw AAC belongs there \
                    (ISO/IEC 14496-3, 1.7.2)";
        let frame = hex("56e0042000119056e00220aa");
        assert_eq!(words(&aac("1190"), &frame), [(Effect::Fatal, said.into())]);
        assert_eq!(aac("1190").packing(&frame), Packing::Broken);
        // A coupling channel element may begin with the same bits; then the lengths do not fit.
        assert_eq!(aac("1190").packing(&frame[..11]), Packing::Raw);
    }

    #[test]
    fn an_empty_frame_is_fatal() {
        let said = "AAC frame byte 0: has no bytes (ISO/IEC 14496-3, 4.4.2.1)";
        assert_eq!(words(&aac("1190"), &[]), [(Effect::Fatal, said.into())]);
        let said = "G.711 frame byte 0: has no bytes (mmreg.h)";
        assert_eq!(words(&alaw("06000100401f0000401f0000010008000000"), &[]), [(Effect::Fatal, said.into())]);
    }

    #[test]
    fn samples_of_g711_are_counted_in_all_channels() {
        let stereo = alaw("06000200401f0000803e0000020008000000");
        assert!(stereo.check(&[0; 320], true).is_sound());
        assert_eq!(stereo.samples(320), Some(160));
        let said = "G.711 frame byte 320: nBlockAlign is 2, 1 bytes more than whole blocks are there (mmreg.h)";
        assert_eq!(words(&stereo, &[0; 321]), [(Effect::Mendable, said.into())]);
    }

    #[test]
    fn an_nblockalign_of_0_does_not_matter_for_g711() {
        let checker = alaw("06000100401f0000e8030000000000000000");
        assert!(checker.check(&[0; 160], true).is_sound());
        assert_eq!(checker.samples(160), Some(160));
        let unknown = alaw("55000100401f0000e8030000000000000000");
        assert_eq!((unknown.samples(160), unknown.check(&[0; 160], true).packing), (None, Packing::Raw));
    }

    proptest! {
        #[test]
        fn any_bytes_are_checked_without_panic(payload: Vec<u8>, start in 0_usize..3) {
            let payload = [[&[][..], &[0xff, 0xf1, 0x50, 0x40], &[0x56, 0xe0, 1]][start], &payload].concat();
            for checker in [aac("1190"), alaw("06000200401f0000803e0000020008000000")] {
                let check = checker.check(&payload, true);
                prop_assert_eq!(checker.faults(&payload, true).is_empty(), check.is_sound());
                prop_assert_eq!(check.packing.units(&payload).count(), 0);
            }
        }
    }
}
