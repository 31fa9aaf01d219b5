//! The access units that are needed to reach a frame: from where decoding starts, and which on the way can be left out.
//!
//! ```text
//! stored   I0 P4 B2 b1 b3 P8 B6 b5 b7     wanted: b5
//! needed   I0 P4 B2       P8 B6 b5        b: nothing refers to it
//! ```
//!
//! Decoding starts at an IDR picture, or at a picture that opens a group: then what is wanted must not lie among the pictures
//! that are stored behind it and shown before it, since these refer to the group before, which may be in the fragment before.

use std::ops::Range;

use bytes::{Bytes, BytesMut};
use fragkit_codec::{FrameCheck, FrameRule, Packing, RandomAccess, avc, hevc};
use fragkit_fragment::{Nanos, TimestampType};

use crate::survey::{Place, Survey, Surveyed};
use crate::video::{Nal, Standard};

/// Where bytes come from: gives those of a range of the input, as many as are there.
pub(crate) type Read<'a> = dyn Fn(Range<u64>) -> Bytes + Sync + 'a;

/// Which frame: of which fragment, in stored order. Frames of fragments that continue each other are in decoding order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct FrameId {
    pub(crate) fragment: usize,
    pub(crate) frame: usize,
}

/// A stretch of frames to be decoded in one go.
#[derive(Debug)]
pub(crate) struct Pass {
    /// Where decoding starts.
    pub(crate) entry: FrameId,
    /// Pictures that are shown before this time, relative to the entry's fragment, cannot be decoded and are left out.
    pub(crate) not_before: Option<Nanos>,
    /// The frames that are wanted, in decoding order.
    pub(crate) wanted: Vec<FrameId>,
}

/// What there is to decode frames from.
#[derive(Clone, Copy)]
pub(crate) struct Access<'a> {
    pub(crate) survey: &'a Survey,
    pub(crate) read: &'a Read<'a>,
}

/// A frame that was read.
#[derive(Debug)]
pub(crate) struct Unit {
    pub(crate) payload: Bytes,
    pub(crate) check: FrameCheck,
    /// Its NAL units.
    pub(crate) ranges: Vec<Range<usize>>,
    /// What is wrong with it, if that keeps it from being decoded.
    pub(crate) damage: Option<String>,
}

/// How far back a picture that can be decoded on its own is looked for, in frames.
const MAX_FRAMES_BACK: usize = 1 << 14;

impl<'a> Access<'a> {
    pub(crate) fn fragment(self, index: usize) -> Option<&'a Surveyed> {
        self.survey.get(index)
    }

    pub(crate) fn place(self, id: FrameId) -> Option<&'a Place> {
        self.survey.get(id.fragment)?.frames.get(id.frame)
    }

    /// The bytes of a frame as its codec has them.
    pub(crate) fn payload(self, id: FrameId) -> Bytes {
        let (Some(place), Some(video)) = (self.place(id), self.fragment(id.fragment).and_then(|it| it.video.as_ref()))
        else {
            return Bytes::new();
        };
        let stored = (self.read)(place.offset..place.offset.saturating_add(place.size.into()));
        if video.stripped_header.is_empty() {
            return stored;
        }
        let mut whole = BytesMut::from(&video.stripped_header[..]);
        whole.extend_from_slice(&stored);
        whole.freeze()
    }

    /// Reads a frame and takes its NAL units apart.
    pub(crate) fn unit(self, nal: &Nal, id: FrameId) -> Unit {
        let payload = self.payload(id);
        let flag = self.place(id).is_some_and(|place| place.keyframe);
        let mut ranges = Vec::new();
        let check = nal.checker.check_units(&payload, flag, |range| ranges.push(range));
        let cut = |rule: FrameRule| matches!(rule, FrameRule::LengthPastEnd { .. } | FrameRule::LengthCut { .. });
        let fatal = || check.faults().find(|fault| cut(fault.rule)).or_else(|| check.faults().next());
        let damage = if check.packing == Packing::Broken || check.forbidden_bit || check.faults().any(|it| cut(it.rule))
        {
            Some(fatal().map_or_else(|| "the frame is damaged".into(), |fault| nal.checker.fault(fault).to_string()))
        } else if !check.has_media {
            Some("there is no picture in the frame".into())
        } else {
            None
        };
        Unit { payload, check, ranges, damage }
    }

    /// The frame before one in decoding order; that of the fragment before where its pictures go on.
    fn before(self, id: FrameId) -> Option<FrameId> {
        if let Some(frame) = id.frame.checked_sub(1) {
            return Some(FrameId { frame, ..id });
        }
        let fragment = self.survey.continued_from(id.fragment)?;
        let frame = self.fragment(fragment)?.frames.len().checked_sub(1)?;
        Some(FrameId { fragment, frame })
    }

    /// The frame behind one, up to another.
    pub(crate) fn behind(self, id: FrameId, last: FrameId) -> Option<FrameId> {
        if id >= last {
            return None;
        }
        let frame = id.frame + 1;
        if self.fragment(id.fragment).is_some_and(|fragment| frame < fragment.frames.len()) {
            return Some(FrameId { frame, ..id });
        }
        Some(FrameId { fragment: id.fragment + 1, frame: 0 })
    }

    /// When a frame is shown, in the producer's time.
    fn time(self, id: FrameId) -> Nanos {
        let base = self.fragment(id.fragment).and_then(|fragment| fragment.base(TimestampType::Producer));
        base.unwrap_or_default() + self.place(id).map_or(Nanos::ZERO, |place| place.time)
    }

    /// Lays out how to reach frames of one fragment, which are given in decoding order.
    pub(crate) fn passes(self, nal: &Nal, wanted: &[FrameId]) -> Vec<Result<Pass, (FrameId, String)>> {
        let mut passes: Vec<Result<Pass, (FrameId, String)>> = Vec::new();
        for &target in wanted {
            match self.entry(nal, target) {
                Err(reason) => passes.push(Err((target, reason))),
                Ok((entry, not_before)) => match passes.iter_mut().rev().find_map(|pass| pass.as_mut().ok()) {
                    // One that can be started anew behind what was decoded last is the shorter way.
                    Some(pass) if pass.wanted.last().is_some_and(|last| entry <= *last) => {
                        // A picture that leads the group needs the one before, with which the whole group is decoded then.
                        if entry < pass.entry {
                            (pass.entry, pass.not_before) = (entry, not_before);
                        }
                        pass.wanted.push(target);
                    }
                    _ => passes.push(Ok(Pass { entry, not_before, wanted: vec![target] })),
                },
            }
        }
        passes
    }

    /// Where to start to reach a frame, and from which time on pictures can be decoded from there.
    fn entry(self, nal: &Nal, target: FrameId) -> Result<(FrameId, Option<Nanos>), String> {
        let mut at = Some(target);
        let mut flags: Option<(usize, bool)> = None;
        // The latest entry that will not do for sure.
        let mut open: Option<FrameId> = None;
        // Whether a picture that is stored behind `at`, up to the target, is shown before this.
        let mut earliest = self.time(target);
        let mut distance = 0_usize;
        while let Some(id) = at.filter(|_| distance < MAX_FRAMES_BACK) {
            let flagged = match flags {
                Some((fragment, flagged)) if fragment == id.fragment => flagged,
                _ => {
                    let places = self.fragment(id.fragment).map(|fragment| &fragment.frames[..]).unwrap_or_default();
                    let any = places.iter().any(|place| place.keyframe);
                    flags = Some((id.fragment, any));
                    any
                }
            };
            let place = self.place(id);
            // Where no frame has the flag, each may be one.
            if place.is_some_and(|place| place.keyframe) || !flagged {
                let time = self.time(id);
                let unit = self.unit(nal, id);
                let leading = earliest < time;
                match unit.check.random_access {
                    _ if unit.damage.is_some() => {}
                    RandomAccess::Idr => return Ok((id, None)),
                    RandomAccess::Irap if self.time(target) >= time => return Ok((id, Some(time))),
                    RandomAccess::Intra if !leading => return Ok((id, Some(time))),
                    RandomAccess::RecoveryPoint
                        if !leading && usize::try_from(unit.check.recovery_count).is_ok_and(|it| it <= distance) =>
                    {
                        return Ok((id, Some(time)));
                    }
                    RandomAccess::No => {}
                    // The nearest from which the target is not out of reach for sure.
                    _ => {
                        let reaches = |open: FrameId| self.time(target) >= self.time(open);
                        open = open.filter(|open| reaches(*open) || !reaches(id)).or(Some(id));
                    }
                }
            }
            earliest = earliest.min(self.time(id));
            at = self.before(id);
            distance += 1;
        }
        let Some(open) = open else {
            return Err("there is no key frame before it that decoding could start with".into());
        };
        if self.time(target) >= self.time(open) {
            return Ok((open, Some(self.time(open))));
        }
        // Pictures of H.265 that are decodable though they lead.
        let unit = self.unit(nal, target);
        let types = unit.ranges.iter().filter_map(|range| unit.payload.get(range.clone()));
        if nal.standard == Standard::Hevc
            && types
                .filter(|unit| hevc::is_slice(unit))
                .all(|unit| matches!(hevc::nal_unit_type(unit), Some(RADL_N | RADL_R)))
        {
            return Ok((open, None));
        }
        Err("it refers to pictures in front of the key frame, and no fragment that these are in is there".into())
    }

    /// Whether a frame of a pass may be left out because no picture that is wanted refers to it.
    pub(crate) fn is_disposable(self, nal: &Nal, pass: &Pass, id: FrameId, unit: &Unit, highest_layer: u8) -> bool {
        if id == pass.entry || pass.wanted.contains(&id) {
            return false;
        }
        // Pictures that lead the entry: in H.265, none behind it refers to them. Those of H.264 that others refer to are pushed, so
        // that nothing is missed; that they refer to what is not there is known to the guard.
        if pass.not_before.is_some_and(|first| self.time(id) < first)
            && unit.slices(nal.standard).all(|slice| nal.standard == Standard::Hevc && is_leading(slice))
        {
            return true;
        }
        unit.is_non_reference(nal.standard, highest_layer)
            || nal.standard == Standard::Hevc
                && unit.slices(nal.standard).any(|slice| temporal_id(slice) > highest_layer)
    }

    /// The highest sub-layer that wanted frames of a pass are in; 0 for H.264, where it does not matter.
    pub(crate) fn highest_layer(self, nal: &Nal, pass: &Pass) -> u8 {
        if nal.standard == Standard::Avc || pass.wanted.iter().all(|id| *id == pass.entry) {
            return 0;
        }
        let of = |id: &FrameId| {
            let unit = self.unit(nal, *id);
            unit.slices(nal.standard).map(temporal_id).max().unwrap_or(MAX_TEMPORAL_ID)
        };
        pass.wanted.iter().map(of).max().unwrap_or(MAX_TEMPORAL_ID)
    }
}

impl Unit {
    /// The NAL units.
    pub(crate) fn units(&self) -> impl Iterator<Item = &[u8]> {
        self.ranges.iter().filter_map(|range| self.payload.get(range.clone()))
    }

    /// Whether no picture of the sub-layers up to a highest refers to it.
    pub(crate) fn is_non_reference(&self, standard: Standard, highest_layer: u8) -> bool {
        let is_non_reference = |slice: &[u8]| match standard {
            // nal_ref_idc (H.264, 7.4.1).
            Standard::Avc => slice.first().is_some_and(|header| header & 0x60 == 0),
            Standard::Hevc => temporal_id(slice) >= highest_layer && is_sub_layer_non_reference(slice),
        };
        let mut slices = self.slices(standard).peekable();
        match (slices.peek(), self.payload.get(LENGTH_BYTES..)) {
            (Some(_), _) => slices.all(is_non_reference),
            // Where lengths are broken, the first unit's header is likely to stand all the same.
            (None, Some(unit)) => is_slice(standard, unit) && is_non_reference(unit),
            (None, None) => false,
        }
    }

    fn slices(&self, standard: Standard) -> impl Iterator<Item = &[u8]> {
        self.units().filter(move |unit| is_slice(standard, unit))
    }
}

fn is_slice(standard: Standard, unit: &[u8]) -> bool {
    match standard {
        Standard::Avc => avc::is_slice(unit),
        Standard::Hevc => hevc::is_slice(unit),
    }
}

/// What stands in front of the first NAL unit: a length, or a start code.
const LENGTH_BYTES: usize = 4;

/// `nal_unit_type` of random access decodable leading pictures (H.265, Table 7-1).
const RADL_N: u8 = 6;
const RADL_R: u8 = 7;

const MAX_TEMPORAL_ID: u8 = 6;

/// Whether it is a leading picture by its type (H.265, Table 7-1): RADL_N, RADL_R, RASL_N, RASL_R.
fn is_leading(unit: &[u8]) -> bool {
    hevc::nal_unit_type(unit).is_some_and(|nal_unit_type| (RADL_N..=9).contains(&nal_unit_type))
}

/// `TemporalId` (H.265, 7.4.2.2).
fn temporal_id(unit: &[u8]) -> u8 {
    unit.get(1).map_or(0, |second| (second & 7).saturating_sub(1))
}

/// Whether pictures of its own sub-layer do not refer to it (H.265, Table 7-1: the even types below 16).
fn is_sub_layer_non_reference(unit: &[u8]) -> bool {
    hevc::nal_unit_type(unit).is_some_and(|nal_unit_type| nal_unit_type < 16 && nal_unit_type.is_multiple_of(2))
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;
    use crate::testing::{survey, testdata};

    /// Calls `each` with what there is to decode of a file of `testdata`, and gives the ranges that were read.
    fn with(name: &str, each: impl FnOnce(Access<'_>, &Nal)) -> Vec<Range<u64>> {
        let stream = testdata(name);
        let survey = survey(stream.clone());
        let read_ranges = Mutex::new(Vec::new());
        let read = |range: Range<u64>| {
            read_ranges.lock().unwrap().push(range.clone());
            stream.slice(usize::try_from(range.start).unwrap()..usize::try_from(range.end).unwrap())
        };
        let access = Access { survey: &survey, read: &read };
        let video = access.fragment(0).unwrap().video.clone().unwrap();
        let Ok(Coding::Nal(nal)) = &video.coding else { panic!("{:?}", video.coding) };
        each(access, nal);
        read_ranges.into_inner().unwrap()
    }

    use crate::video::Coding;

    /// The frames that are decoded for one that is wanted.
    fn needed(access: Access<'_>, nal: &Nal, wanted: FrameId) -> Vec<FrameId> {
        let passes = access.passes(nal, &[wanted]);
        let [Ok(pass)] = &passes[..] else { panic!("{passes:?}") };
        let layer = access.highest_layer(nal, pass);
        let mut at = Some(pass.entry);
        let mut needed = Vec::new();
        while let Some(id) = at {
            if !access.is_disposable(nal, pass, id, &access.unit(nal, id), layer) {
                needed.push(id);
            }
            at = access.behind(id, wanted);
        }
        needed
    }

    fn id(fragment: usize, frame: usize) -> FrameId {
        FrameId { fragment, frame }
    }

    #[test]
    fn for_a_key_frame_no_other_frame_is_touched() {
        for name in ["h264-main-aac.chunks.mkv", "h265-bframes-aac.chunks.mkv", "h264-annexb.chunks.mkv"] {
            let mut place = 0..0;
            let ranges = with(name, |access, nal| {
                assert_eq!(needed(access, nal, id(1, 0)), [id(1, 0)]);
                let found = access.place(id(1, 0)).unwrap();
                place = found.offset..found.offset + u64::from(found.size);
            });
            assert!(!ranges.is_empty());
            assert!(ranges.iter().all(|range| *range == place), "{name}: {ranges:?} beside {place:?}");
        }
    }

    #[test]
    fn frames_that_nothing_refers_to_are_left_out() {
        with("h264-high-bframes-aac.chunks.mkv", |access, nal| {
            let fragment = access.fragment(1).unwrap();
            let last = id(1, fragment.frames.len() - 1);
            let needed = needed(access, nal, last);
            assert!(needed.len() < fragment.frames.len() * 3 / 4, "{} of {}", needed.len(), fragment.frames.len());
            assert_eq!((needed.first(), needed.last()), (Some(&id(1, 0)), Some(&last)));
            // What is left out has nal_ref_idc 0, and nothing else has.
            for frame in 0..last.frame {
                let unit = access.unit(nal, id(1, frame));
                let slice = unit.units().find(|unit| avc::is_slice(unit)).unwrap();
                assert_eq!(needed.contains(&id(1, frame)), slice[0] & 0x60 != 0, "frame {frame}");
            }
        });
    }

    #[test]
    fn of_h265_too() {
        with("h265-bframes-aac.chunks.mkv", |access, nal| {
            let fragment = access.fragment(1).unwrap();
            let last = id(1, fragment.frames.len() - 1);
            let needed = needed(access, nal, last);
            assert!(needed.len() < fragment.frames.len(), "{} of {}", needed.len(), fragment.frames.len());
            assert_eq!((needed.first(), needed.last()), (Some(&id(1, 0)), Some(&last)));
        });
    }

    #[test]
    fn pictures_that_lead_an_open_group_are_reached_from_the_fragment_before() {
        with("h264-high-opengop.chunks.mkv", |access, nal| {
            let fragment = access.fragment(1).unwrap();
            let key = fragment.frames[0].time;
            let leading = fragment.frames.iter().position(|place| place.time < key).expect("an open group");
            let reached = needed(access, nal, id(1, leading));
            assert_eq!(reached.first(), Some(&id(0, 0)));
            assert!(reached.contains(&id(1, 0)));
            // The key frame itself needs none but itself.
            assert_eq!(needed(access, nal, id(1, 0)), [id(1, 0)]);
        });
    }

    #[test]
    fn neighbours_share_a_pass_and_a_later_key_frame_starts_another() {
        with("h264-main-aac.chunks.mkv", |access, nal| {
            let passes = access.passes(nal, &[id(0, 3), id(0, 7), id(0, 9)]);
            let [Ok(pass)] = &passes[..] else { panic!("{passes:?}") };
            assert_eq!((pass.entry, pass.wanted.len()), (id(0, 0), 3));
        });
        // Two groups in one fragment, as a producer with long fragments sends them.
        let whole = testdata("h264-main-aac.mkv");
        let survey = survey(whole.clone());
        assert!(survey.fragments().len() > 1, "plain Matroska is cut at its key frames");
    }

    #[test]
    fn without_a_key_frame_the_reason_is_given() {
        with("h264-main-aac.chunks.mkv", |access, nal| {
            let stranger = id(9_999, 0);
            let passes = access.passes(nal, &[stranger]);
            let [Err((of, reason))] = &passes[..] else { panic!("{passes:?}") };
            assert_eq!((*of, &**reason), (stranger, "there is no key frame before it that decoding could start with"));
        });
    }
}
