//! Frames held against their codec before they go into an output: how each is to be written, and what is wrong with it.

use std::mem::discriminant;
use std::ops::Range;

use fragkit_codec::aac::adts;
use fragkit_codec::{FrameCheck, FrameChecker, FrameFault, FrameRule, Packing, nal};
use rayon::prelude::*;

use crate::advice;
use crate::finding::{Finding, Severity};
use crate::fragment::{Fragment, Frame, Place};

/// A frame that was looked at.
#[derive(Debug)]
pub(super) struct Examined {
    pub(super) fit: Fit,
    /// The key flag as it should be.
    pub(super) keyframe: bool,
    check: Option<FrameCheck>,
    strict: bool,
}

/// How a frame is to be written.
#[derive(Debug)]
pub(super) enum Fit {
    /// As it is stored.
    AsStored,
    /// These NAL units with lengths of four bytes.
    Units(Vec<Range<usize>>),
    /// This part of it: what an ADTS header stands before.
    Part(Range<usize>),
    /// Each of these parts as a frame of its own: what ADTS headers stand between.
    Parts(Vec<Range<usize>>),
    /// Not at all: there is nothing in it to be shown or heard.
    LeftOut,
}

/// Looks at a frame; `checker` is what checks those of its track. `units` is room for NAL units, so that none has to be made for
/// frames that stay as they are.
pub(super) fn examine(
    frame: &Frame,
    checker: Option<&FrameChecker>,
    strict: bool,
    units: &mut Vec<Range<usize>>,
) -> Examined {
    match checker {
        Some(checker) => Examined::new(frame, checker, strict, units),
        None if frame.size() == 0 => Examined { fit: Fit::LeftOut, keyframe: frame.keyframe, check: None, strict },
        None => Examined { fit: Fit::AsStored, keyframe: frame.keyframe, check: None, strict },
    }
}

/// Looks at the frames of one fragment; `checker` gives what checks those of a track.
///
/// Frames that are as they should be cost a look at a few bytes each. Where there are start codes to be searched, the frames
/// are searched in parallel.
pub(super) fn examine_all<'c>(
    frames: &[(&Frame, u32)],
    checker: impl Fn(u64) -> Option<&'c FrameChecker> + Sync,
    strict: bool,
) -> Vec<Examined> {
    let examine =
        |units: &mut Vec<Range<usize>>, (frame, _): &(&Frame, u32)| examine(frame, checker(frame.track), strict, units);
    let is_annex_b = |(frame, _): &(&Frame, u32)| {
        let checker = checker(frame.track);
        checker.is_some_and(|checker| checker.packing(&frame.payload) == Packing::AnnexB)
    };
    // Whoever sends start codes sends them from the first frame on; some only where there are parameter sets.
    if frames.iter().take(LOOKED_AT_FIRST).any(is_annex_b) {
        frames.par_iter().map_init(Vec::new, examine).collect()
    } else {
        let mut units = Vec::new();
        frames.iter().map(|frame| examine(&mut units, frame)).collect()
    }
}

const LOOKED_AT_FIRST: usize = 4;

impl Examined {
    fn new(frame: &Frame, checker: &FrameChecker, strict: bool, units: &mut Vec<Range<usize>>) -> Self {
        let payload = &frame.payload[..];
        units.clear();
        let check = checker.check_units(payload, frame.keyframe, |unit| units.push(unit));
        if strict {
            let fit = if payload.is_empty() { Fit::LeftOut } else { Fit::AsStored };
            return Examined { fit, keyframe: frame.keyframe, check: Some(check), strict };
        }
        let fit = match check.packing {
            Packing::Broken if checker.length_size().is_some() => {
                // The units before the break are whole.
                units.clear();
                units.extend(nal::units(payload, checker.length_size()));
                if check.has_media { Fit::Units(units.clone()) } else { Fit::LeftOut }
            }
            _ if !check.has_media => Fit::LeftOut,
            Packing::Adts => match adts::only_raw_data_block(payload) {
                Some(block) => Fit::Part(block),
                None => adts::raw_data_blocks(payload).map_or(Fit::AsStored, Fit::Parts),
            },
            _ if check.needs_conversion() => Fit::Units(units.clone()),
            _ => Fit::AsStored,
        };
        Examined { fit, keyframe: check.keyframe, check: Some(check), strict }
    }

    /// Whether nothing is to be said of it.
    pub(super) fn is_sound(&self) -> bool {
        self.check.as_ref().is_none_or(FrameCheck::is_sound)
    }

    /// What is done with the frame about a rule that it breaks.
    fn what_was_done(&self, rule: &FrameRule) -> Option<&'static str> {
        match self.fit {
            Fit::AsStored if self.strict => None,
            _ => what_was_done(rule, &self.fit),
        }
    }
}

/// What is wrong with frames, told once for all that are alike.
#[derive(Debug, Default)]
pub(super) struct Seen {
    alike: Vec<Alike>,
    /// How many frames with something wrong were taken in.
    frames: u64,
}

#[derive(Debug)]
struct Alike {
    track: u64,
    rule: FrameRule,
    /// Of the first of them.
    finding: Finding,
    frames: u64,
    /// Which frame was the last of them.
    last: u64,
    told: bool,
}

impl Seen {
    /// Takes in a frame that was looked at.
    pub(super) fn add(&mut self, fragment: &Fragment, frame: &Frame, examined: &Examined, checker: &FrameChecker) {
        let Some(check) = examined.check.filter(|check| !check.is_sound()) else { return };
        self.frames += 1;
        for fault in check.faults() {
            let stored = u64::try_from(fault.offset.saturating_sub(frame.stripped)).unwrap_or_default();
            let repair = examined.what_was_done(&fault.rule);
            self.add_fault(fragment, (frame.track, frame.offset + stored), fault, repair, checker);
        }
    }

    /// Takes in a frame of sound of which only the place is known: its size tells whether it holds whole samples.
    pub(super) fn add_place(&mut self, fragment: &Fragment, place: &Place, block_align: u32, checker: &FrameChecker) {
        let over = place.size.checked_rem(block_align).unwrap_or_default();
        if over > 0 {
            self.frames += 1;
            let size = |bytes: u32| usize::try_from(bytes).unwrap_or(usize::MAX);
            let rule = FrameRule::PartOfSample { over: size(over), block: size(block_align) };
            let fault = FrameFault { offset: size(place.size - over), rule };
            let at = (place.track.into(), place.offset + u64::from(place.size - over));
            self.add_fault(fragment, at, fault, None, checker);
        }
    }

    fn add_fault(
        &mut self,
        fragment: &Fragment,
        (track, offset): (u64, u64),
        fault: FrameFault,
        repair: Option<&'static str>,
        checker: &FrameChecker,
    ) {
        let alike = |alike: &&mut Alike| {
            alike.track == track && are_alike(&alike.rule, &fault.rule) && alike.finding.repair.as_deref() == repair
        };
        if let Some(alike) = self.alike.iter_mut().find(alike) {
            alike.frames += u64::from(alike.last != self.frames);
            alike.last = self.frames;
            return;
        }
        let told = checker.fault(fault);
        let finding = Finding {
            exception: advice::frame_exception(&fault.rule),
            offset: Some(offset),
            path: "Segment > Cluster > SimpleBlock".into(),
            fragment_number: fragment.head.number.clone(),
            repair: repair.map(str::to_owned),
            hint: Some(advice::frame_hint(&fault.rule).into()),
            ..Finding::new(told.effect.into(), format!("track {track}: {told}"))
        };
        let last = self.frames;
        self.alike.push(Alike { track, rule: fault.rule, finding, frames: 1, last, told: false });
    }

    /// Takes in what was seen in the frames that follow.
    pub(super) fn append(&mut self, behind: Seen) {
        self.frames += behind.frames;
        for other in behind.alike {
            let found = self.alike.iter_mut().find(|alike| {
                alike.track == other.track
                    && are_alike(&alike.rule, &other.rule)
                    && alike.finding.repair == other.finding.repair
            });
            match found {
                Some(alike) => alike.frames += other.frames,
                None => self.alike.push(other),
            }
        }
    }

    /// The first finding of something that the service refuses.
    pub(super) fn harmful(&self) -> Option<&Finding> {
        let refused = |finding: &&Finding| finding.severity > Severity::Note && finding.exception.is_some();
        self.alike.iter().map(|alike| &alike.finding).find(refused)
    }

    /// What was not told yet, of this severity or worse.
    pub(super) fn take(&mut self, least: Severity) -> Vec<Finding> {
        let untold = self.alike.iter_mut().filter(|alike| !alike.told && alike.finding.severity >= least);
        untold
            .map(|alike| {
                alike.told = true;
                let mut finding = alike.finding.clone();
                if alike.frames > 1 {
                    finding.message += &format!(", and {} more frames alike", alike.frames - 1);
                }
                finding
            })
            .collect()
    }
}

/// Whether two rules are told of as one.
fn are_alike(a: &FrameRule, b: &FrameRule) -> bool {
    match (a, b) {
        (FrameRule::SetDiffers { set, change, .. }, FrameRule::SetDiffers { set: other, change: to, .. }) => {
            set == other && discriminant(change) == discriminant(to)
        }
        _ => discriminant(a) == discriminant(b),
    }
}

/// What is done with a frame that breaks a rule.
fn what_was_done(rule: &FrameRule, fit: &Fit) -> Option<&'static str> {
    Some(match (rule, fit) {
        (_, Fit::LeftOut) => "the frame is left out",
        (FrameRule::StartCodes, Fit::Units(_)) => "start codes are converted to lengths",
        (FrameRule::OtherLengthSize(_), _) => "lengths are written with four bytes",
        (FrameRule::EmptyUnit, Fit::Units(_)) => "the unit is left out",
        (FrameRule::LengthPastEnd { .. } | FrameRule::LengthCut { .. }, Fit::Units(_)) => {
            "the NAL units before it are kept"
        }
        (FrameRule::KeyMissing, _) => "the frame is marked as a key frame",
        (FrameRule::KeyOnPredicted, _) => "the mark is taken off",
        (FrameRule::SetDiffers { .. }, _) => "the set is left in the frame, where decoders look for it",
        (FrameRule::AdtsHeaders(_), Fit::Part(_) | Fit::Parts(_)) => "the headers are taken off",
        _ => return None,
    })
}
