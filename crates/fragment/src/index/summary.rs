//! What is known of each track of a fragment, gathered while its frames are taken in.

use super::samples::Samples;
use super::{Form, IndexedTrack, Sample};
use crate::fragment::Place;
use crate::time::Nanos;
use crate::tracks::{Track, Tracks};

/// The tracks that are wanted, and what their frames have come to so far.
#[derive(Debug)]
pub(super) struct Summary {
    tracks: Vec<Gathered>,
    /// Index of the track with each of the low numbers, which nearly all have.
    low: [u8; LOW_NUMBERS],
}

/// Numbers of one byte in a block header.
const LOW_NUMBERS: usize = 128;

/// No track has this index: there are at most 256, and the last is found by its number.
const NONE: u8 = u8::MAX;

#[derive(Debug)]
struct Gathered {
    number: u64,
    frames: i64,
    bytes: u64,
    first: Nanos,
    last: Nanos,
    /// Time of the frame before, and whether any went back.
    before: Nanos,
    sorted: bool,
    /// Size and stated duration of the latest frame.
    last_size: u32,
    stated: Option<Nanos>,
}

impl Summary {
    /// Of tracks with these numbers; those that are not wanted have 0 for one, which no frame has.
    pub(super) fn new(numbers: impl Iterator<Item = u64>) -> Self {
        let mut low = [NONE; LOW_NUMBERS];
        let mut tracks = Vec::new();
        for (index, number) in (0_u8..=u8::MAX).zip(numbers) {
            let slot = usize::try_from(number).ok().filter(|&number| number > 0).and_then(|number| low.get_mut(number));
            if let Some(slot) = slot.filter(|slot| **slot == NONE) {
                *slot = index;
            }
            tracks.push(Gathered {
                number,
                frames: 0,
                bytes: 0,
                first: Nanos(i64::MAX),
                last: Nanos(i64::MIN),
                before: Nanos(i64::MIN),
                sorted: true,
                last_size: 0,
                stated: None,
            });
        }
        Summary { tracks, low }
    }

    /// Index of the track with this number.
    #[inline]
    pub(super) fn track(&self, number: u64) -> Option<u8> {
        let low = usize::try_from(number).ok().and_then(|number| self.low.get(number)).copied();
        if let Some(index) = low.filter(|&index| index != NONE) {
            return Some(index);
        }
        let position = self.tracks.iter().position(|track| track.number == number && number > 0)?;
        u8::try_from(position).ok()
    }

    /// Takes in a frame.
    #[inline]
    pub(super) fn add(&mut self, track: u8, time: Nanos, size: u32, stated: Option<Nanos>) {
        let Some(track) = self.tracks.get_mut(usize::from(track)) else { return };
        track.frames += 1;
        track.bytes += u64::from(size);
        track.sorted &= track.before <= time;
        track.before = time;
        track.first = track.first.min(time);
        if track.last <= time {
            (track.last, track.last_size, track.stated) = (time, size, stated);
        }
    }

    /// Takes in frames of which the places are known, and makes samples of them. Those without a byte are left out.
    pub(super) fn places(&mut self, mut places: &[Place], samples: &mut Vec<Sample>) {
        while let Some(first) = places.first() {
            // Frames of one track follow each other in nearly all sound, so that what is asked of the track is asked once.
            let alike = places.iter().position(|place| place.track != first.track || place.size == 0);
            let alike = alike.unwrap_or(places.len());
            let (some, behind) = places.split_at_checked(alike.max(1)).unwrap_or_default();
            places = behind;
            let track = self.track(first.track.into()).filter(|_| alike > 0);
            if let Some((track, gathered)) = track.and_then(|at| Some((at, self.tracks.get_mut(usize::from(at))?))) {
                samples.extend(some.iter().map(|place| {
                    let &Place { offset, time, size, keyframe, .. } = place;
                    Sample { offset, time, size, track, keyframe, form: Form::AsStored }
                }));
                gathered.add_places(some);
            }
        }
    }

    /// Sound whose samples last much longer or shorter than the times of its frames say: the number of its track, and both
    /// lengths. A rate that is not that of the samples shows so.
    pub(super) fn off_beat(&self, tracks: &Tracks) -> Vec<(u64, Nanos, Nanos)> {
        let of_track = |(track, gathered): (&Track, &Gathered)| {
            let clock = track.audio_clock().filter(|_| gathered.frames >= FEW_FRAMES)?;
            let held = clock.total(gathered.frames.unsigned_abs(), gathered.bytes);
            // Times say nothing of how long the last frame lasts.
            let span = gathered.last - gathered.first;
            let spanned = Nanos(span.0.saturating_mul(gathered.frames) / (gathered.frames - 1));
            let off = held.0 / 3 * 2 > spanned.0 || spanned.0 / 3 * 2 > held.0;
            off.then_some((track.entry.number, held, spanned))
        };
        tracks.iter().zip(&self.tracks).filter_map(of_track).collect()
    }

    /// The tracks that have frames. `samples` are those of the fragment, `previous` are the tracks of the one before.
    pub(super) fn finish(self, samples: &Samples, tracks: &Tracks, previous: &[IndexedTrack]) -> Vec<IndexedTrack> {
        let with_frames = (0_u8..=u8::MAX).zip(tracks.iter().zip(&self.tracks)).filter(|(_, (_, g))| g.frames > 0);
        let summed_up = with_frames.map(|(index, (track, gathered))| {
            let before = previous.iter().find(|before| before.track == index).map(|before| before.last_duration);
            IndexedTrack {
                track: index,
                first: gathered.first,
                last: gathered.last,
                last_duration: gathered.last_duration(track, before),
                reorder: if gathered.sorted { Nanos::ZERO } else { reorder(&samples.unpacked(), index) },
            }
        });
        summed_up.collect()
    }
}

impl Gathered {
    /// Takes in frames one after the other, as [`Summary::add`] does.
    fn add_places(&mut self, places: &[Place]) {
        let (mut before, mut sorted, mut bytes) = (self.before, self.sorted, self.bytes);
        let (mut first, mut last, mut last_size, mut stated) = (self.first, self.last, self.last_size, self.stated);
        for &Place { time, size, .. } in places {
            bytes += u64::from(size);
            sorted &= before <= time;
            before = time;
            first = first.min(time);
            if last <= time {
                (last, last_size, stated) = (time, size, None);
            }
        }
        self.frames += i64::try_from(places.len()).unwrap_or(i64::MAX);
        (self.before, self.sorted, self.bytes) = (before, sorted, bytes);
        (self.first, self.last, self.last_size, self.stated) = (first, last, last_size, stated);
    }

    /// How long the latest frame lasts; `before` is what that was in the fragment before.
    fn last_duration(&self, track: &Track, before: Option<Nanos>) -> Nanos {
        let counted = track.audio_clock().map(|clock| clock.duration(self.last_size));
        let mean = (self.frames > 1).then(|| Nanos((self.last - self.first).0 / (self.frames - 1)));
        let default = track.entry.default_duration.and_then(|duration| i64::try_from(duration).ok()).map(Nanos);
        let duration = counted.or(self.stated).or(mean).or(before).or(default).unwrap_or(Nanos(40_000_000));
        duration.max(Nanos(1_000_000))
    }
}

/// Fewer frames than this may come at any times.
const FEW_FRAMES: i64 = 8;

/// The longest time by which a frame of a track is decoded ahead of its turn.
fn reorder(samples: &[Sample], track: u8) -> Nanos {
    let times: Vec<Nanos> = samples.iter().filter(|sample| sample.track == track).map(|sample| sample.time).collect();
    let mut turns = times.clone();
    turns.sort_unstable();
    turns.iter().zip(&times).map(|(&turn, &time)| turn - time).max().unwrap_or_default()
}
