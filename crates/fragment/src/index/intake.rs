//! The frames of one fragment on their way into the index: each is held against its codec, and becomes a sample. What one fragment
//! comes to does not depend on those before it, so that several can be taken in at once.

use std::ops::Range;

use fragkit_codec::FrameChecker;

use super::frames::{Examined, Fit, Seen, examine, examine_all};
use super::samples::{Samples, Step};
use super::summary::Summary;
use super::{Form, Sample, Unit, Wanted, len};
use crate::fragment::{Fragment, Frame, Place};
use crate::time::Nanos;
use crate::tracks::{AudioClock, Track, Tracks};

/// So many frames are looked at before samples are made of them.
const EXAMINED_AT_ONCE: usize = 4096;

/// What there is to know of a fragment to take in its frames.
#[derive(Debug, Clone, Copy)]
pub(super) struct Intake<'f> {
    pub(super) fragment: &'f Fragment,
    /// Its tracks, mended.
    pub(super) tracks: &'f Tracks,
    /// What checks the frames of each track of the fragment.
    pub(super) checkers: &'f [Option<FrameChecker>],
    pub(super) strict: bool,
    pub(super) wanted: Wanted,
    /// Whether it is asked of which frame each sample is.
    pub(super) with_origins: bool,
}

/// What the frames of a fragment have come to.
#[derive(Debug)]
pub(super) struct Taken {
    /// Empty once the frames are all taken in: then they are in `packed`.
    samples: Vec<Sample>,
    pub(super) packed: Samples,
    pub(super) units: Vec<Unit>,
    pub(super) summary: Summary,
    /// Where each sample is in the fragment, if that is asked for.
    pub(super) origins: Vec<Origin>,
    /// What is wrong with the frames.
    pub(super) seen: Seen,
}

/// Where a sample's bytes are among the payloads of its fragment.
#[derive(Debug, Clone, Copy)]
pub(super) struct Origin {
    /// Which frame.
    pub(super) frame: usize,
    /// Where in it.
    pub(super) start: u32,
}

impl Origin {
    /// In the input that came with the fragment.
    const PLACE: Origin = Origin { frame: usize::MAX, start: 0 };
}

impl<'f> Intake<'f> {
    /// What checks the frames of a track.
    fn checker(&self, number: u64) -> Option<&'f FrameChecker> {
        let position = self.fragment.head.tracks.iter().position(|track| track.entry.number == number)?;
        self.checkers.get(position)?.as_ref()
    }

    /// How many bytes the samples of a track have, if it is one of sound whose frames are as long as their bytes say.
    fn block_align(&self, number: u64) -> Option<u32> {
        match self.clock(number) {
            Some(AudioClock::PerBlock { block_align, .. }) => Some(block_align),
            _ => None,
        }
    }

    fn clock(&self, number: u64) -> Option<AudioClock> {
        self.tracks.by_number(number).and_then(Track::audio_clock)
    }

    /// Takes in the frames one after the other, for when other fragments are taken in at the same time. `steps` is room for what is
    /// kept of them, `samples` for what is not.
    pub(super) fn in_turn(&self, steps: Vec<Step>, samples: &mut Vec<Sample>) -> Taken {
        let mut taken = self.begin(std::mem::take(samples));
        let mut places = &self.fragment.places[..];
        let mut room = Vec::new();
        for (frame, at) in kept_with_index(self.fragment, self.wanted) {
            let examined = examine(frame, self.checker(frame.track), self.strict, &mut room);
            self.frame(frame, at, examined, &mut places, &mut taken);
        }
        let mut taken = self.end(places, taken);
        taken.packed = Samples::packed(&taken.samples, steps);
        taken.samples.clear();
        *samples = std::mem::take(&mut taken.samples);
        taken
    }

    /// Takes in the frames of a fragment that is alone: where they are long to look at, in parallel.
    pub(super) fn alone(&self) -> Taken {
        let mut taken = self.begin(Vec::with_capacity(self.fragment.frames.len() + self.fragment.places.len()));
        let mut places = &self.fragment.places[..];
        let kept: Vec<(&Frame, u32)> = kept_with_index(self.fragment, self.wanted).collect();
        for some in kept.chunks(EXAMINED_AT_ONCE) {
            let examined = examine_all(some, |number| self.checker(number), self.strict);
            for (&(frame, at), examined) in some.iter().zip(examined) {
                self.frame(frame, at, examined, &mut places, &mut taken);
            }
        }
        let mut taken = self.end(places, taken);
        taken.packed = Samples::of(std::mem::take(&mut taken.samples));
        taken
    }

    /// Room for what will usually be kept of the samples. Of small frames there are many, kept for long: allocators are best at that
    /// when one thread asks for all of it.
    pub(super) fn room(&self) -> Vec<Step> {
        Vec::with_capacity(if self.fragment.frames.is_empty() { self.fragment.places.len() } else { 0 })
    }

    fn begin(&self, samples: Vec<Sample>) -> Taken {
        let numbers = self.tracks.iter().map(|track| if self.wanted.uses(track) { track.entry.number } else { 0 });
        Taken {
            samples,
            packed: Samples::default(),
            units: Vec::new(),
            summary: Summary::new(numbers),
            origins: Vec::new(),
            seen: Seen::default(),
        }
    }

    /// Takes in a frame that was looked at, the one with the index `at` in its fragment, and the places before it.
    fn frame(&self, frame: &Frame, at: u32, examined: Examined, places: &mut &[Place], taken: &mut Taken) {
        let stored_before = places.iter().take_while(|place| place.frames_before <= at).count();
        let (before, behind) = places.split_at_checked(stored_before).unwrap_or_default();
        *places = behind;
        self.places(before, taken);
        let Some(track) = taken.summary.track(frame.track) else { return };
        self.samples(frame, at, track, &examined, taken);
        if let Some(checker) = self.checker(frame.track).filter(|_| !examined.is_sound()) {
            taken.seen.add(self.fragment, frame, &examined, checker);
        }
    }

    /// Takes in the places that no frame stands behind.
    fn end(&self, places: &[Place], mut taken: Taken) -> Taken {
        self.places(places, &mut taken);
        taken.units.shrink_to_fit();
        // Of sound of which only places are known, the sizes tell whether frames hold whole samples.
        for track in self.tracks.iter() {
            let number = track.entry.number;
            if let (Some(block_align), Some(checker)) = (self.block_align(number), self.checker(number)) {
                for place in self.fragment.places.iter().filter(|place| u64::from(place.track) == number) {
                    taken.seen.add_place(self.fragment, place, block_align, checker);
                }
            }
        }
        taken
    }

    /// Makes samples of frames whose places are known.
    fn places(&self, places: &[Place], taken: &mut Taken) {
        taken.summary.places(places, &mut taken.samples);
        if self.with_origins {
            taken.origins.resize(taken.samples.len(), Origin::PLACE);
        }
    }

    /// Makes samples of a frame.
    fn samples(&self, frame: &Frame, at: u32, track: u8, examined: &Examined, taken: &mut Taken) {
        let form = if frame.stripped > 0 { Form::Stripped } else { Form::AsStored };
        let &Frame { offset, mut time, .. } = frame;
        let sample = Sample { offset, time, size: frame.size(), track, keyframe: examined.keyframe, form };
        let mut add = |sample: Sample, start: u32| {
            if self.with_origins {
                taken.origins.push(Origin { frame: usize::try_from(at).unwrap_or(usize::MAX), start });
            }
            taken.summary.add(track, sample.time, sample.size, frame.duration);
            taken.samples.push(sample);
        };
        match &examined.fit {
            Fit::AsStored => add(sample, 0),
            Fit::Units(found) => {
                let size = len(found.iter().map(|unit| unit.len() + 4).sum());
                add(Sample { size, form: Form::Units, ..sample }, 0);
                let unit = |unit: &Range<usize>| Unit { start: len(unit.start), len: len(unit.len()) };
                taken.units.extend(found.iter().map(unit));
            }
            Fit::Part(part) => {
                let (part, start) = part_of(frame, part, time, sample);
                add(part, start);
            }
            Fit::Parts(parts) => {
                let clock = self.tracks.get(usize::from(track)).and_then(Track::audio_clock);
                for part in parts {
                    let (part, start) = part_of(frame, part, time, sample);
                    add(part, start);
                    time = time + clock.map_or(Nanos::ZERO, |clock| clock.duration(part.size));
                }
            }
            Fit::LeftOut => {}
        }
    }
}

/// The sample that a part of a frame is, and where in the frame it starts.
fn part_of(frame: &Frame, part: &Range<usize>, time: Nanos, sample: Sample) -> (Sample, u32) {
    let (start, size) = (len(part.start), len(part.len()));
    // What was stripped off is less than an ADTS header, of which it is the part that never changes.
    let stored = u64::from(start.saturating_sub(len(frame.stripped)));
    (Sample { offset: frame.offset + stored, time, size, form: Form::AsStored, ..sample }, start)
}

/// The frames that an output can use: those of known tracks whose storage can be undone.
pub(super) fn kept_frames(fragment: &Fragment) -> impl Iterator<Item = &Frame> {
    kept_with_index(fragment, Wanted::All).map(|(frame, _)| frame)
}

/// The same with the place of each among all frames of the fragment.
fn kept_with_index(fragment: &Fragment, wanted: Wanted) -> impl Iterator<Item = (&Frame, u32)> {
    // Which tracks can be used is asked of each track once, not for each frame.
    let usable = fragment.head.tracks.iter().filter(|track| wanted.uses(track));
    let usable: Vec<(u64, usize)> = usable.map(|track| (track.entry.number, track.stripped_header.len())).collect();
    fragment.frames.iter().zip(0..).filter(move |(frame, _)| {
        let of_track = |&(number, stripped): &(u64, usize)| number == frame.track && stripped == frame.stripped;
        usable.iter().any(of_track)
    })
}
