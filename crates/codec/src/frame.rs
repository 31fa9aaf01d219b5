//! Frames against their codec: how the NAL units are packed, what is in them, and whether the key flag is right.
//!
//! ```text
//! H.264   length-prefixed NAL units, or Annex B by mistake     frame::video    ISO/IEC 14496-15, 5.3.2; ITU-T H.264, 7.3.1
//! H.265   the same with headers of two bytes                   frame::video    ITU-T H.265, 7.3.1
//! AAC     one raw data block, or ADTS by mistake               frame::audio    ISO/IEC 14496-3, 4.4.2.1 and Annex 1.A
//! G.711   samples of one byte                                  frame::audio    ITU-T G.711
//! ```
//!
//! A check looks at lengths and at the first bytes of each NAL unit, so a sound frame costs a few cache misses however
//! large it is. Only frames with start codes are read through.

mod audio;
mod rule;
mod unit;
mod video;
mod words;

use std::ops::Range;

pub use rule::{FrameFault, FrameRule, ParameterSet, SetChange};

use crate::{
    codec_private::CodecPrivate,
    fault::{Effect, Fault},
    nal::{self, LengthSize, Units},
};
use audio::{Aac, Wave};
pub(crate) use unit::Standard;
pub(crate) use video::Video;

/// Checks the frames of one track against its private data.
///
/// ```
/// use fragkit_codec::{CodecPrivate, FrameChecker, Packing};
///
/// let private = CodecPrivate::parse("V_MPEG4/ISO/AVC", &[
///     1, 0x42, 0xc0, 0x28, 0xff, // version, profile, compatibility, level, four-byte lengths
///     0xe1, 0, 4, 0x67, 0x42, 0xc0, 0x28, // an SPS, cut short
///     1, 0, 2, 0x68, 0xca, // a PPS
/// ])?;
/// let checker = FrameChecker::new(&private);
/// let check = checker.check(&[0, 0, 0, 1, 0x65, 0x88, 0x84, 0x21], true);
/// assert_eq!(check.packing, Packing::AnnexB);
/// let faults = checker.faults(&[0, 0, 0, 1, 0x65, 0x88, 0x84, 0x21], true);
/// assert_eq!(
///     faults[0].to_string(),
///     "H.264 frame byte 0: NALUnitLength of 4 bytes is expected, an Annex B start code stands there \
///      (ISO/IEC 14496-15, 5.3.2)"
/// );
/// # Ok::<(), fragkit_codec::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct FrameChecker {
    kind: Kind,
}

#[derive(Debug, Clone)]
enum Kind {
    Video(Video),
    Aac(Aac),
    Wave(Wave),
}

/// How a frame's bytes are packed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Packing {
    /// NAL units with lengths of this size in front, which is the one the private data declares unless
    /// [`FrameRule::OtherLengthSize`] is told.
    Lengths(LengthSize),
    /// NAL units with start codes between them.
    AnnexB,
    /// AAC with ADTS headers.
    Adts,
    /// Audio as it should be.
    Raw,
    /// None of these: lengths that do not add up, no bytes at all, or a transport's packet.
    Broken,
}

/// Whether decoding can start at a frame of video.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RandomAccess {
    /// It cannot, or the frame has no key flag and is no IDR, CRA or BLA picture. Also any audio.
    No,
    /// The frame has the key flag and nothing but intra slices: an open group of pictures that is not announced.
    Intra,
    /// The frame has the key flag and a recovery point message: an open group, or intra refresh.
    RecoveryPoint,
    /// A CRA or BLA picture of H.265: pictures that follow it may have to be dropped.
    Irap,
    /// An IDR picture.
    Idr,
}

/// What [`FrameChecker::check`] found: enough to decide what to do with the frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FrameCheck {
    /// How the frame is packed.
    pub packing: Packing,
    /// Whether decoding can start here.
    pub random_access: RandomAccess,
    /// At [`RandomAccess::RecoveryPoint`]: how many frames later pictures are right (`recovery_frame_cnt`), or how much later
    /// in picture order count (`recovery_poc_cnt`). 0 in an open group of pictures, more with intra refresh.
    pub recovery_count: u32,
    /// The key flag as it should be.
    pub keyframe: bool,
    /// Whether there is coded media in it: any slice, or for audio any byte. Without it the frame is best left out.
    pub has_media: bool,
    /// Whether it holds parameter sets that the private data does not have in the same form.
    pub sets_differ: bool,
    /// Whether some NAL unit has its forbidden_zero_bit set.
    pub forbidden_bit: bool,
    /// Whether some NAL unit has no bytes. Such units are left out in conversion.
    pub empty_unit: bool,
    /// The worst that was found.
    pub worst: Option<Effect>,
    /// How many faults there are; [`Self::faults`] has the first of them.
    pub fault_count: u32,
    first: [Option<FrameFault>; FIRST_FAULTS],
}

impl FrameChecker {
    /// A checker for the frames that this private data describes.
    pub fn new(private: &CodecPrivate) -> Self {
        let kind = match private {
            CodecPrivate::Avc(record) => Kind::Video(Video::avc(record)),
            CodecPrivate::Hevc(record) => Kind::Video(Video::hevc(record)),
            CodecPrivate::Aac(config) => Kind::Aac(Aac::new(config)),
            CodecPrivate::Wave(format) => Kind::Wave(Wave::new(format)),
        };
        Self { kind }
    }

    /// Looks at one frame. `keyframe` is the container's key flag.
    pub fn check(&self, payload: &[u8], keyframe: bool) -> FrameCheck {
        self.check_units(payload, keyframe, |_| {})
    }

    /// As [`Self::check`], and gives where the NAL units are in the same pass: those of [`Packing::units`], so that they can
    /// be written with lengths of four bytes. Nothing is given for audio.
    pub fn check_units(&self, payload: &[u8], keyframe: bool, unit: impl FnMut(Range<usize>)) -> FrameCheck {
        let mut findings = Findings::default();
        self.walk(payload, keyframe, unit, &mut findings)
    }

    /// All that is wrong with a frame, in words, in the order of the bytes; at most [`MAX_FAULTS`] of them.
    pub fn faults(&self, payload: &[u8], keyframe: bool) -> Vec<Fault> {
        let mut findings = Findings { all: Some(Vec::new()), ..Findings::default() };
        self.walk(payload, keyframe, |_| {}, &mut findings);
        let mut all = findings.all.unwrap_or_default();
        all.sort_by_key(|fault| fault.offset);
        all.into_iter().map(|fault| self.fault(fault)).collect()
    }

    /// One fault in words.
    pub fn fault(&self, fault: FrameFault) -> Fault {
        match &self.kind {
            Kind::Video(video) => video.fault(fault),
            Kind::Aac(aac) => aac.fault(fault),
            Kind::Wave(wave) => wave.fault(fault),
        }
    }

    /// Size of the length in front of each NAL unit, as the private data declares it; `None` for audio.
    pub fn length_size(&self) -> Option<LengthSize> {
        match &self.kind {
            Kind::Video(video) => video.length_size,
            Kind::Aac(_) | Kind::Wave(_) => None,
        }
    }

    /// How the frame is packed, without looking further. Annex B frames are not read through.
    pub fn packing(&self, payload: &[u8]) -> Packing {
        match &self.kind {
            Kind::Video(video) => video.packing(payload),
            Kind::Aac(aac) => aac.walk(payload, &mut Findings::default()),
            Kind::Wave(wave) => wave.walk(payload, &mut Findings::default()),
        }
    }

    /// Samples of one channel in a frame of so many bytes: by the byte for G.711 and other formats of fixed size, by the
    /// frame for AAC. `None` for video, and where frames have no fixed length.
    pub fn samples(&self, bytes: usize) -> Option<u64> {
        match &self.kind {
            Kind::Video(_) => None,
            Kind::Aac(aac) => aac.samples_per_frame.map(u64::from),
            Kind::Wave(wave) => wave.samples(bytes),
        }
    }

    fn walk(
        &self,
        payload: &[u8],
        keyframe: bool,
        unit: impl FnMut(Range<usize>),
        findings: &mut Findings,
    ) -> FrameCheck {
        let audio = |packing| FrameCheck {
            packing,
            random_access: RandomAccess::No,
            recovery_count: 0,
            keyframe,
            has_media: !payload.is_empty(),
            sets_differ: false,
            forbidden_bit: false,
            empty_unit: false,
            worst: None,
            fault_count: 0,
            first: [None; FIRST_FAULTS],
        };
        let check = match &self.kind {
            Kind::Video(video) => video.walk(payload, keyframe, unit, findings),
            Kind::Aac(aac) => audio(aac.walk(payload, findings)),
            Kind::Wave(wave) => audio(wave.walk(payload, findings)),
        };
        FrameCheck { worst: findings.worst, fault_count: findings.count, first: findings.first, ..check }
    }
}

impl FrameCheck {
    /// Whether nothing is wrong with the frame.
    pub fn is_sound(&self) -> bool {
        self.fault_count == 0
    }

    /// The first faults, three at most. [`FrameChecker::fault`] puts one into words, [`FrameChecker::faults`] all.
    pub fn faults(&self) -> impl Iterator<Item = FrameFault> {
        self.first.into_iter().flatten()
    }

    /// Whether the frame has to be converted before it goes into a file whose record declares lengths of four bytes:
    /// other lengths, start codes, ADTS headers, or empty NAL units.
    pub fn needs_conversion(&self) -> bool {
        match self.packing {
            Packing::Lengths(size) => size != LengthSize::Four || self.empty_unit,
            Packing::AnnexB | Packing::Adts => true,
            Packing::Raw | Packing::Broken => false,
        }
    }
}

impl Packing {
    /// The NAL units of a frame packed so, without what packs them; empty ones are left out. None for audio and
    /// [`Packing::Broken`].
    pub fn units(self, payload: &[u8]) -> Units<'_> {
        match self {
            Self::Lengths(size) => nal::units(payload, Some(size)),
            Self::AnnexB => nal::units(payload, None),
            Self::Adts | Self::Raw | Self::Broken => nal::units(&[], None),
        }
    }
}

/// Collects faults.
#[derive(Debug, Default)]
struct Findings {
    worst: Option<Effect>,
    count: u32,
    first: [Option<FrameFault>; FIRST_FAULTS],
    all: Option<Vec<FrameFault>>,
}

impl Findings {
    fn add(&mut self, offset: usize, rule: FrameRule) {
        let fault = FrameFault { offset, rule };
        self.worst = self.worst.max(Some(rule.effect()));
        self.count = self.count.saturating_add(1);
        if let Some(free) = self.first.iter_mut().find(|place| place.is_none()) {
            *free = Some(fault);
        }
        if let Some(all) = self.all.as_mut().filter(|all| all.len() < MAX_FAULTS) {
            all.push(fault);
        }
    }
}

/// How many faults of one frame [`FrameChecker::faults`] puts into words.
pub const MAX_FAULTS: usize = 64;

const FIRST_FAULTS: usize = 3;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testdata::{AVC_HIGH_1080P, hex};

    fn checker() -> FrameChecker {
        FrameChecker::new(&CodecPrivate::parse("V_MPEG4/ISO/AVC", &hex(AVC_HIGH_1080P)).unwrap())
    }

    #[test]
    fn the_first_three_faults_are_kept_and_the_rest_counted() {
        let frame = [&[0; 4 * 5][..], &[0, 0, 0, 2, 0x41, 0x9a]].concat();
        let check = checker().check(&frame, false);
        assert_eq!((check.fault_count, check.worst), (5, Some(Effect::Mendable)));
        assert_eq!(check.faults().map(|fault| fault.offset).collect::<Vec<_>>(), [0, 4, 8]);
        let first = check.faults().next().unwrap();
        assert_eq!(checker().fault(first), checker().faults(&frame, false)[0]);
    }

    #[test]
    fn no_more_than_max_faults_are_put_into_words() {
        let frame = vec![0; 4 * (MAX_FAULTS + 10)];
        assert_eq!(checker().faults(&frame, false).len(), MAX_FAULTS);
        let count = checker().check(&frame, false).fault_count;
        assert_eq!(usize::try_from(count).unwrap(), MAX_FAULTS + 11);
    }

    #[test]
    fn faults_come_in_the_order_of_the_bytes() {
        let frame = [0, 0, 0, 0, 0, 0, 0, 2, 0x65, 0x88];
        let found: Vec<Option<usize>> =
            checker().faults(&frame, false).iter().map(|fault| fault.error.offset()).collect();
        assert_eq!(found, [Some(0), Some(0)]);
        let frame = [0, 0, 0, 2, 0x65, 0x88, 0, 0, 0, 0];
        let found: Vec<Option<usize>> =
            checker().faults(&frame, false).iter().map(|fault| fault.error.offset()).collect();
        assert_eq!(found, [Some(0), Some(6)]);
    }

    #[test]
    fn video_has_no_samples() {
        assert_eq!(checker().samples(1_000), None);
    }
}
