//! What is mended of tracks before their frames go into an output: private data that is missing, of the wrong form, or at
//! odds with itself.

use std::sync::Arc;

use fragkit_codec::{CodecId, CodecPrivate, Effect, Error, Fault, FrameChecker, Origin, Repaired};

use super::kept_frames;
use crate::finding::{Finding, Severity};
use crate::fragment::Fragment;
use crate::tracks::{Track, Tracks};

/// Mends tracks, and remembers the last result for the fragments that follow with the same ones.
///
/// An [`Index`](crate::Index) does this by itself; it is here for those who look at frames without one.
#[derive(Debug, Default)]
pub struct Repair {
    strict: bool,
    last: Option<Last>,
}

/// The tracks of the last fragment.
#[derive(Debug)]
struct Last {
    before: Tracks,
    mended: Mended,
    /// Whether the result hangs on nothing but the tracks.
    settled: bool,
}

/// Tracks that were mended where they had to be.
#[derive(Debug, Clone)]
pub struct Mended {
    /// The tracks, in the order of the fragment's.
    pub tracks: Tracks,
    /// What checks the frames of each track, as they are stored.
    pub checkers: Arc<[Option<FrameChecker>]>,
    /// Where nothing may be mended: what would have been.
    pub refusal: Option<Box<Finding>>,
}

impl Repair {
    /// Nothing has been seen yet. `strict` means that nothing is mended, and [`Mended::refusal`] tells what would have been.
    #[must_use]
    pub fn new(strict: bool) -> Self {
        Repair { strict, ..Repair::default() }
    }

    /// The fragment's tracks with usable private data where that can be had. Fragments are to come in the order of the input:
    /// what one lacks may have come with one before. Frames are looked at only where private data has to be built from them.
    pub fn tracks(&mut self, fragment: &Fragment, findings: &mut Vec<Finding>) -> Mended {
        let before = &fragment.head.tracks;
        if let Some(last) = &self.last
            && last.settled
            && last.before.is_same(before)
        {
            let mut mended = last.mended.clone();
            if let Some(refusal) = &mut mended.refusal {
                refusal.offset = Some(fragment.head.offset);
                refusal.fragment_number = fragment.head.number.clone();
            }
            return mended;
        }
        let previous = self.last.take();
        let known = previous.as_ref().filter(|last| last.before.is_same(before));
        let mended: Vec<MendedTrack> = before
            .iter()
            .enumerate()
            .map(|(at, track)| {
                let mended = self.track(track, fragment);
                // Not every fragment has the parameter sets in its frames.
                match known.and_then(|last| last.mended.tracks.get(at).zip(last.mended.checkers.get(at))) {
                    Some((track, checker)) if mended.track.codec_private.is_err() && track.codec_private.is_ok() => {
                        MendedTrack { track: track.clone(), checker: checker.clone(), settled: false, ..mended }
                    }
                    _ => mended,
                }
            })
            .collect();
        let tracks = match mended.iter().any(|mended| mended.changed) || known.is_some() {
            true => Tracks::from_tracks(mended.iter().map(|mended| mended.track.clone())),
            false => before.clone(),
        };
        // Tracks that come to the same are the same.
        let same = known.filter(|last| crate::continuity::change(&last.mended.tracks, &tracks).is_none());
        let tracks = same.map_or(tracks, |last| last.mended.tracks.clone());
        let mut refusal = None;
        for (at, (stored, mended)) in before.iter().zip(&mended).enumerate() {
            // It was told of with the fragments before, unless it is only now that it could be mended.
            let last = known.and_then(|last| last.mended.tracks.get(at));
            if last.is_some_and(|last| last.codec_private.is_ok() || !mended.changed) {
                continue;
            }
            for finding in mended.findings(stored, fragment, self.strict) {
                if self.strict && finding.exception.is_some() {
                    refusal = refusal.or(Some(Box::new(finding)));
                } else {
                    findings.push(finding);
                }
            }
        }
        let settled = mended.iter().all(|mended| mended.settled);
        let checkers = mended.into_iter().map(|mended| mended.checker).collect();
        let mended = Mended { tracks, checkers, refusal };
        self.last = Some(Last { before: before.clone(), mended: mended.clone(), settled });
        mended
    }

    fn track(&self, track: &Track, fragment: &Fragment) -> MendedTrack {
        let as_it_is = |faults: Vec<Fault>| MendedTrack {
            checker: track.codec_private.as_ref().ok().map(FrameChecker::new),
            track: track.clone(),
            faults,
            from: Origin::AsStored,
            changed: false,
            settled: true,
        };
        let entry = &track.entry;
        if !entry.track_type.is_picture_or_sound() || matches!(CodecId::parse(&entry.codec_id), CodecId::Other(_)) {
            return as_it_is(Vec::new());
        }
        if self.strict {
            let unreadable = |error: &Error| vec![Fault { error: error.clone(), effect: Effect::Fatal }];
            return as_it_is(track.codec_private.as_ref().map_or_else(unreadable, CodecPrivate::check));
        }
        let frames = kept_frames(fragment).filter(|frame| frame.track == entry.number);
        let repaired = CodecPrivate::repair(
            &entry.codec_id,
            entry.codec_private.as_deref(),
            &track.stated(),
            frames.map(|frame| &frame.payload[..]),
        );
        match repaired {
            Err(_) => MendedTrack { settled: false, ..as_it_is(Vec::new()) },
            Ok(Repaired { faults, from: Origin::AsStored, .. }) => as_it_is(faults),
            Ok(Repaired { private, record, faults, from }) => MendedTrack {
                checker: Some(FrameChecker::new(&private)),
                track: track.with_private(record),
                faults,
                from,
                changed: true,
                settled: !matches!(from, Origin::Frames | Origin::Adts),
            },
        }
    }
}

struct MendedTrack {
    track: Track,
    checker: Option<FrameChecker>,
    faults: Vec<Fault>,
    from: Origin,
    changed: bool,
    settled: bool,
}

impl MendedTrack {
    /// What is to be said of the private data of the track as it was: what was mended, and what cannot be.
    fn findings(&self, stored: &Track, fragment: &Fragment, strict: bool) -> Vec<Finding> {
        let harmful = self.faults.iter().filter(|fault| fault.effect > Effect::Harmless);
        let finding = |fault: &Fault| {
            let finding = Finding::of_private_data(stored, fault);
            // What is beyond mending stays so, even where a new record had to be written for the size of lengths.
            let mended = self.changed && !strict && fault.effect < Effect::Fatal;
            let repair = mended.then(|| how(self.from).to_owned());
            Finding {
                severity: if repair.is_some() { Severity::Warning } else { finding.severity },
                offset: Some(fragment.head.offset),
                fragment_number: fragment.head.number.clone(),
                repair,
                ..finding
            }
        };
        harmful.map(finding).collect()
    }
}

/// How private data was mended.
fn how(from: Origin) -> &'static str {
    match from {
        Origin::Frames => "a configuration record was built from the parameter sets in its frames",
        Origin::Adts => "an AudioSpecificConfig was built from the ADTS header of its frames",
        Origin::CodecId => "an AudioSpecificConfig was built from the codec id and the Audio element",
        _ => "a new one was built from the private data itself",
    }
}
