//! What is kept of each fragment: where its frames of video lie in the input, and when they are shown. No payload.

use std::sync::Arc;

use fragkit_codec::FrameChecker;
use fragkit_fragment::mkv::TrackType;
use fragkit_fragment::{
    DISCONTINUITY, Finding, Fragment, Head, Nanos, Repair, Selector, Severity, Timestamp, TimestampType, Tracks, change,
};

use crate::video::Video;

/// The fragments of a stream, in the order of the input.
#[derive(Debug, Default)]
pub(crate) struct Survey {
    repair: Repair,
    findings: Vec<Finding>,
    fragments: Vec<Surveyed>,
    /// The video of the last fragment's tracks, for the next with the same.
    last: Option<(Tracks, Option<Arc<Video>>)>,
}

/// One fragment.
#[derive(Debug)]
pub(crate) struct Surveyed {
    /// With mended tracks, without tags.
    pub(crate) head: Head,
    /// The track that pictures are taken of, if there is one.
    pub(crate) video: Option<Arc<Video>>,
    /// Its frames in stored order, which is decoding order.
    pub(crate) frames: Box<[Place]>,
    /// How long the frame that is shown last lasts.
    last_duration: Nanos,
    /// How long any of its frames lasts at the most.
    longest: Nanos,
}

/// Where a frame of video lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Place {
    /// Offset of its stored bytes in the input.
    pub(crate) offset: u64,
    /// Presentation time relative to the fragment's timestamp.
    pub(crate) time: Nanos,
    /// Its length in bytes, as stored.
    pub(crate) size: u32,
    /// It can be decoded on its own, as the container has it.
    pub(crate) keyframe: bool,
    /// It is to be shown, and not only decoded.
    pub(crate) shown: bool,
}

impl Survey {
    /// Takes in a fragment, in the order of the input.
    pub(crate) fn add(&mut self, fragment: &Fragment) {
        let mended = self.repair.tracks(fragment, &mut self.findings);
        let video = match &self.last {
            Some((tracks, video)) if tracks.is_same(&mended.tracks) => video.clone(),
            _ => {
                let checker = |number: u64| -> Option<FrameChecker> {
                    let at = fragment.head.tracks.iter().position(|track| track.entry.number == number)?;
                    mended.checkers.get(at)?.clone()
                };
                let video = mended.tracks.video().map(|track| Arc::new(Video::new(track, checker(track.entry.number))));
                self.last = Some((mended.tracks.clone(), video.clone()));
                video
            }
        };
        let number = video.as_ref().map(|video| video.number);
        let stripped =
            |payload: usize, stripped: usize| u32::try_from(payload.saturating_sub(stripped)).unwrap_or(u32::MAX);
        let of_video = fragment.frames.iter().filter(|frame| Some(frame.track) == number);
        let frames: Box<[Place]> = of_video
            .map(|frame| Place {
                offset: frame.offset,
                time: frame.time,
                size: stripped(frame.payload.len(), frame.stripped),
                keyframe: frame.keyframe,
                shown: !frame.invisible,
            })
            .collect();
        let shown_last =
            fragment.frames.iter().filter(|frame| Some(frame.track) == number).max_by_key(|frame| frame.time);
        let duration = shown_last.and_then(|frame| frame.duration);
        let last_duration = duration.unwrap_or_else(|| mean_distance(&frames, video.as_deref()));
        let head = Head { tracks: mended.tracks, ..fragment.head.without_tags() };
        let longest = longest_distance(&frames).max(last_duration);
        self.fragments.push(Surveyed { head, video, frames, last_duration, longest });
    }

    /// Forgets all fragments, but not what was learnt of their tracks.
    pub(crate) fn clear(&mut self) {
        self.fragments.clear();
    }

    pub(crate) fn take_findings(&mut self) -> Vec<Finding> {
        let mut findings = std::mem::take(&mut self.findings);
        findings.retain(|finding| finding.severity >= Severity::Warning);
        findings
    }

    pub(crate) fn fragments(&self) -> &[Surveyed] {
        &self.fragments
    }

    pub(crate) fn get(&self, index: usize) -> Option<&Surveyed> {
        self.fragments.get(index)
    }

    /// The fragment before one, if its pictures go on in that one: what open groups of pictures and intra refresh refer to.
    pub(crate) fn continued_from(&self, index: usize) -> Option<usize> {
        let before_index = index.checked_sub(1)?;
        let (before, after) = (self.get(before_index)?, self.get(index)?);
        let (_, end) = before.span(TimestampType::Producer)?;
        let (start, _) = after.span(TimestampType::Producer)?;
        let follows = (start - end).abs() <= DISCONTINUITY || (start < end && after.starts_behind(before));
        (follows && change(&before.head.tracks, &after.head.tracks).is_none()).then_some(before_index)
    }
}

impl Surveyed {
    /// The wall-clock time that its frames' times are relative to.
    pub(crate) fn base(&self, by: TimestampType) -> Option<Nanos> {
        Selector { by, ..Selector::default() }.time(&self.head).map(Timestamp::nanos)
    }

    /// From when to when it covers the time with pictures, or where there are none, with sound.
    pub(crate) fn span(&self, by: TimestampType) -> Option<(Nanos, Nanos)> {
        let base = self.base(by)?;
        let times = || self.frames.iter().filter(|place| place.shown).map(|place| place.time);
        if let (Some(first), Some(last)) = (times().min(), times().max()) {
            return Some((base + first, base + last + self.last_duration));
        }
        let (first, _) = self.head.span?;
        Some((base + first, base + first + Nanos::from_millis(self.head.duration_ms())))
    }

    /// How much longer than is estimated its last frame may well last.
    pub(crate) fn slack(&self) -> Nanos {
        (self.longest - self.last_duration).min(MOST_SLACK)
    }

    /// From when to when it has media, and no picture yet: sound may begin first.
    pub(crate) fn lead_in(&self, by: TimestampType) -> Option<(Nanos, Nanos)> {
        let (start, _) = self.span(by).filter(|_| !self.frames.is_empty())?;
        let media = self.base(by)? + self.head.span?.0;
        (media < start).then_some((media, start))
    }

    /// Whether it starts behind another, by the producer's clock. Leading pictures reach over the border between two.
    fn starts_behind(&self, other: &Surveyed) -> bool {
        self.head.producer_timestamp > other.head.producer_timestamp
    }

    /// Whether it has a track of sound.
    pub(crate) fn has_sound(&self) -> bool {
        self.head.tracks.iter().any(|track| track.entry.track_type == TrackType::Audio)
    }
}

/// A frame that lasts longer than this is a picture that stands still, and says nothing of the others.
const MOST_SLACK: Nanos = Nanos(200_000_000);

/// How far two frames that are shown one after the other are apart at the most.
fn longest_distance(frames: &[Place]) -> Nanos {
    let mut times: Vec<Nanos> = frames.iter().filter(|place| place.shown).map(|place| place.time).collect();
    times.sort_unstable();
    times
        .windows(2)
        .map(|pair| pair.get(1).copied().unwrap_or_default() - pair.first().copied().unwrap_or_default())
        .max()
        .unwrap_or_default()
}

/// How far frames are apart on average; with one alone, what the container or the stream says.
fn mean_distance(frames: &[Place], video: Option<&Video>) -> Nanos {
    const ONE_FRAME: Nanos = Nanos(40_000_000);
    let times = || frames.iter().map(|place| place.time);
    let stated = || video.and_then(|video| video.frame_duration).unwrap_or(ONE_FRAME);
    match (times().min(), times().max(), i64::try_from(frames.len())) {
        (Some(first), Some(last), Ok(count)) if count > 1 && last > first => Nanos((last - first).0 / (count - 1)),
        _ => stated(),
    }
}
