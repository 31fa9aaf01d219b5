//! What there is of a recording at a glance: coverage, rates, delays, and what happens in it.
//!
//! ```text
//! report               heads of fragments in, one Report out
//! report::coverage     stretches of time with media, and the gaps between them
//! report::series       rates over time, in bins that grow wider as the stream grows longer
//! report::distribution lengths and delays: least, percentiles, greatest
//! report::event        overlaps, duplicates, restarts, changes, damage, exceptions
//! ```

mod coverage;
mod distribution;
mod event;
mod series;

use std::collections::hash_map::RandomState;
use std::collections::{BTreeMap, HashSet};
use std::hash::BuildHasher as _;
use std::ops::Range;

use crate::continuity::change;
use crate::fragment::{Completeness, FrameCount, Head};
use crate::number::FragmentNumber;
use crate::select::{Selector, TimestampType};
use crate::time::{Nanos, Timestamp};
use crate::timeline::{DISCONTINUITY, Gaps, Timeline, TrackSpan};
use crate::tracks::{Track, Tracks};
pub use coverage::Coverage;
use coverage::length;
pub use distribution::Distribution;
pub use event::{Event, EventKind};
pub use series::{Bin, BinTrack};
use series::{Series, rate};

/// What a [`Reporter`] takes in and how much of it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReportOptions {
    /// Which time of fragments counts, from when to when their starts are taken, and whether fragments that are cut off are.
    /// What lies before the range and reaches into it is not taken.
    pub selector: Selector,
    /// Most bins that lie between the first and the last.
    pub max_bins: usize,
    /// Most events that are kept; of those beyond, only their number is.
    pub max_events: usize,
}

impl Default for ReportOptions {
    fn default() -> Self {
        ReportOptions { selector: Selector::default(), max_bins: 900, max_events: 1000 }
    }
}

/// Takes in the fragments of a stream one by one, in the order of the stream, and makes a [`Report`] of them.
///
/// Heads are enough. Time is linear in the stream (but for the sorting of fragments that come out of order), and memory holds some
/// 60 bytes for each fragment, by which duplicates are known, beside what the report takes.
///
/// ```
/// use fragkit_fragment::{Assembler, Item, Limits, ReportOptions, Reporter};
///
/// fn covered_ms(stream: bytes::Bytes) -> i64 {
///     let mut assembler = Assembler::new(Limits::default()).without_frames();
///     assembler.push(stream);
///     assembler.finish();
///     let mut reporter = Reporter::new(ReportOptions::default());
///     while let Some(item) = assembler.poll() {
///         if let Item::Fragment(fragment) = item {
///             reporter.add(&fragment.head);
///         }
///     }
///     reporter.finish().coverage.total_ms()
/// }
/// # assert_eq!(covered_ms(bytes::Bytes::new()), 0);
/// ```
#[derive(Debug)]
pub struct Reporter {
    options: ReportOptions,
    totals: Totals,
    coverage: Coverage,
    tracks: Vec<TrackReport>,
    /// What is known of each of the tracks beside that.
    states: Vec<TrackState>,
    days: BTreeMap<i64, Day>,
    events: Vec<Event>,
    event_counts: BTreeMap<&'static str, u64>,
    event_text_bytes: usize,
    series: Series,
    fragment_length_ms: Distribution,
    delay_ms: Distribution,
    timeline: Timeline,
    origin: Option<Nanos>,
    last: Last,
    seen: Seen,
}

/// What a report says of a whole stream.
#[derive(Debug, Clone)]
pub struct Report {
    /// Which time of fragments counted.
    pub by: TimestampType,
    /// Sums.
    pub totals: Totals,
    /// When there is media of any track.
    pub coverage: Coverage,
    /// Each track, in the order of appearance; the first [`MAX_TRACKS`](Report::MAX_TRACKS) of them.
    pub tracks: Vec<TrackReport>,
    /// Each day, in UTC, on which there is media or a fragment starts.
    pub days: Vec<Day>,
    /// What happens, in the order of the stream: as much of it as is kept.
    pub events: Vec<Event>,
    /// How often which kind of event happens, by [`EventKind::name`]: all of them.
    pub event_counts: BTreeMap<&'static str, u64>,
    /// How long each of the bins is, in milliseconds.
    pub bin_ms: i64,
    /// What there is over time, in order; bins that would be empty are left out.
    pub bins: Vec<Bin>,
    /// Lengths of fragments as ListFragments reports them: see [`Head::length_ms`].
    pub fragment_length_ms: Distribution,
    /// Server timestamp less producer timestamp, in milliseconds. None for plain Matroska.
    pub delay_ms: Distribution,
}

/// Sums over a stream.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Totals {
    /// Chunks, of which some may have no media or be damaged.
    pub chunks: u64,
    /// Whole fragments with media, each number once.
    pub fragments: u64,
    /// Chunks that are cut off or damaged and not taken.
    pub damaged: u64,
    /// Bytes of all chunks.
    pub bytes: u64,
    /// Frames of the fragments.
    pub frames: u64,
    /// How long all fragments together last, in milliseconds: what overlaps is counted as often as it is there.
    pub media_ms: i64,
    /// For how long there is media, in milliseconds.
    pub covered_ms: i64,
    /// For how long there is none between the first frame and the last.
    pub missing_ms: i64,
}

/// What a report says of a track.
#[derive(Debug, Clone)]
pub struct TrackReport {
    /// The track as it was in the last fragment; `None` if frames name a track that is not there.
    pub track: Option<Track>,
    /// Its number.
    pub number: u64,
    /// Frames.
    pub frames: u64,
    /// Those that can be decoded on their own.
    pub key_frames: u64,
    /// Bytes of payload.
    pub bytes: u64,
    /// How long it lasts in all fragments together, in milliseconds.
    pub media_ms: i64,
    /// When there is media of it.
    pub coverage: Coverage,
    /// From one key frame to the next, in milliseconds: the mean within each fragment. Of video only.
    pub key_frame_distance_ms: Distribution,
}

impl TrackReport {
    /// Bits a second while there is media.
    #[must_use]
    pub fn bits_per_second(&self) -> Option<u64> {
        rate(self.bytes, 8000, self.media_ms)
    }

    /// Thousandths of frames a second while there is media.
    #[must_use]
    pub fn milliframes_per_second(&self) -> Option<u64> {
        rate(self.frames.saturating_mul(1000), 1000, self.media_ms)
    }

    fn is_video(&self) -> bool {
        self.track.as_ref().is_some_and(|track| track.entry.track_type == fragkit_mkv::TrackType::Video)
    }
}

/// A day in UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Day {
    /// Where it starts.
    pub start: Timestamp,
    /// Whole fragments with media that start on it.
    pub fragments: u64,
    /// Their bytes.
    pub bytes: u64,
    /// For how many milliseconds there is media.
    pub covered_ms: i64,
    /// For how many there is none, between the first frame of the stream and the last.
    pub missing_ms: i64,
}

impl Day {
    /// How long a day is, in milliseconds.
    pub const MS: i64 = 86_400_000;

    /// From its start to that of the next, in milliseconds since the epoch.
    #[must_use]
    pub fn range(&self) -> Range<i64> {
        self.start.as_millis()..self.start.as_millis() + Day::MS
    }
}

/// A stretch without media.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gap {
    /// From when to when, in milliseconds since the epoch.
    pub span: Range<i64>,
    /// The number of the track that it is a gap of, where others go on.
    pub track: Option<u64>,
}

impl Report {
    /// So many tracks are told apart.
    pub const MAX_TRACKS: usize = 32;

    /// The bins put together until at most so many lie between the first and the last, with how long each is in milliseconds.
    #[must_use]
    pub fn wider_bins(&self, most: usize) -> (i64, Vec<Bin>) {
        let most = i64::try_from(most).unwrap_or(i64::MAX).max(1);
        let (Some(first), Some(last)) = (self.bins.first(), self.bins.last()) else { return (self.bin_ms, Vec::new()) };
        let bins = |width: i64| last.start_ms.div_euclid(width).saturating_sub(first.start_ms.div_euclid(width));
        let mut width = self.bin_ms;
        while bins(width) >= most {
            width = series::wider(width);
        }
        (width, series::put_together(self.bins.iter().cloned(), width).into_values().collect())
    }

    /// Where there is no media of any track, and where there is none of one track while others go on; by their start.
    #[must_use]
    pub fn gaps(&self) -> Vec<Gap> {
        let mut gaps: Vec<Gap> = self.coverage.gaps().map(|span| Gap { span, track: None }).collect();
        for track in self.tracks.iter().filter(|_| self.tracks.len() > 1) {
            let alone = track.coverage.gaps().filter(|span| self.coverage.covered_ms(span.clone()) > SHORTEST_ALONE_MS);
            gaps.extend(alone.map(|span| Gap { span, track: Some(track.number) }));
        }
        gaps.sort_by_key(|gap| (gap.span.start, gap.track));
        gaps
    }
}

/// What is known of a track from fragment to fragment.
#[derive(Debug, Default)]
struct TrackState {
    /// How far its frames are apart.
    step: Option<Nanos>,
    /// When its last fragment started and ended.
    last: Option<(Nanos, Nanos)>,
    /// How long it has had no key frame.
    since_key: Nanos,
}

/// What is known of the chunk before.
#[derive(Debug, Default)]
struct Last {
    time: Option<Timestamp>,
    /// The number of the last chunk that has one.
    number: Option<FragmentNumber>,
    /// Start of the last fragment with media, and its tracks.
    start: Option<Timestamp>,
    tracks: Option<Tracks>,
}

/// Which numbers and starts there were.
#[derive(Debug, Default)]
struct Seen {
    /// Two keys, so that no two numbers are ever taken for the same.
    keys: (RandomState, RandomState),
    numbers: HashSet<(u64, u64)>,
    starts: HashSet<i64>,
}

impl Seen {
    /// Whether this number was not there before.
    fn is_new_number(&mut self, number: &FragmentNumber) -> bool {
        self.numbers.insert((self.keys.0.hash_one(number), self.keys.1.hash_one(number)))
    }
}

/// A track of a fragment: its place among the tracks of the report, and from when to when it lasts.
struct Lasting<'h> {
    at: usize,
    count: &'h FrameCount,
    start: Nanos,
    end: Nanos,
}

impl Lasting<'_> {
    fn span_ms(&self) -> Range<i64> {
        self.start.round_millis()..self.end.round_millis()
    }
}

impl Reporter {
    /// A reporter that has seen nothing yet.
    #[must_use]
    pub fn new(options: ReportOptions) -> Self {
        Reporter {
            series: Series::new(options.max_bins),
            options,
            totals: Totals::default(),
            coverage: Coverage::default(),
            tracks: Vec::new(),
            states: Vec::new(),
            days: BTreeMap::new(),
            events: Vec::new(),
            event_counts: BTreeMap::new(),
            event_text_bytes: 0,
            fragment_length_ms: Distribution::new(VALUES),
            delay_ms: Distribution::new(VALUES),
            timeline: Timeline::new(Gaps::Compact),
            origin: None,
            last: Last::default(),
            seen: Seen::default(),
        }
    }

    /// Takes in a chunk, if it starts within the range. One that has no time is where the last one is that has.
    pub fn add(&mut self, head: &Head) {
        let selector = &self.options.selector;
        let time = selector.time(head).or(self.last.time);
        self.last.time = time;
        let everything = selector.from.is_none() && selector.to.is_none();
        if !time.map_or(everything, |time| selector.is_within(time)) {
            return;
        }
        let candidate = selector.is_candidate(head);
        self.totals.chunks += 1;
        self.totals.bytes = self.totals.bytes.saturating_add(head.size);
        if let Some(exception) = event::exception(head) {
            self.tell(head, head.offset, exception);
        }
        match head.completeness {
            Completeness::Cut { offset } => self.tell(head, offset, EventKind::Cut),
            Completeness::Broken { offset } => self.tell(head, offset, EventKind::Broken),
            Completeness::NoMedia if head.exception.is_none() => self.tell(head, head.offset, EventKind::NoMedia),
            _ => {}
        }
        let damaged = matches!(head.completeness, Completeness::Cut { .. } | Completeness::Broken { .. });
        self.totals.damaged += u64::from(damaged && !candidate);
        match time {
            Some(time) if candidate => self.take_fragment(head, time),
            _ => self.follow(head),
        }
    }

    /// Compares the number of a chunk with that of the chunk before.
    fn follow(&mut self, head: &Head) {
        let Some(number) = &head.number else { return };
        if let Some(kind) = self.last.number.as_ref().and_then(|before| event::between(before, number)) {
            self.tell(head, head.offset, kind);
        }
        self.last.number = Some(number.clone());
    }

    fn take_fragment(&mut self, head: &Head, start: Timestamp) {
        if let Some(number) = &head.number
            && !self.seen.is_new_number(number)
        {
            return self.tell(head, head.offset, EventKind::DuplicateNumber);
        }
        let lasting = self.lasting(head, start);
        self.look_back(head, start, &lasting);
        self.count(head, start, &lasting);
        for Lasting { at, start, end, .. } in &lasting {
            if let Some(state) = self.states.get_mut(*at) {
                state.last = Some((*start, *end));
            }
        }
        self.last.start = Some(start);
    }

    /// When each track of a fragment starts and ends.
    fn lasting<'h>(&mut self, head: &'h Head, start: Timestamp) -> Vec<Lasting<'h>> {
        let mut all = Vec::with_capacity(head.frame_counts.len());
        // By number, so that the report does not depend on which track comes first.
        let mut counts: Vec<&FrameCount> = head.frame_counts.iter().collect();
        counts.sort_by_key(|count| count.track);
        for count in counts {
            let track = head.tracks.by_number(count.track);
            let Some(at) = self.track(count.track, track) else { continue };
            let Some(state) = self.states.get_mut(at) else { continue };
            let (first, last) = (start.nanos() + count.first, start.nanos() + count.last);
            let step = state.step(count, track, first);
            let slack = step.max(DISCONTINUITY);
            // The last frame of the fragment before lasted as long as that, if it is not much.
            let before = state.last.map(|(_, end)| end).filter(|&end| end < first && first - end <= slack);
            all.push(Lasting { at, count, start: before.unwrap_or(first), end: last + step });
        }
        all
    }

    /// The place of a track, if there is room for it.
    fn track(&mut self, number: u64, track: Option<&Track>) -> Option<usize> {
        let at = self.tracks.iter().position(|known| known.number == number).unwrap_or(self.tracks.len());
        if at == self.tracks.len() {
            if at == Report::MAX_TRACKS {
                return None;
            }
            self.states.push(TrackState::default());
            self.tracks.push(TrackReport {
                track: track.cloned(),
                number,
                frames: 0,
                key_frames: 0,
                bytes: 0,
                media_ms: 0,
                coverage: Coverage::default(),
                key_frame_distance_ms: Distribution::new(VALUES),
            });
        }
        Some(at)
    }

    /// Compares a fragment with those before it.
    fn look_back(&mut self, head: &Head, start: Timestamp, lasting: &[Lasting<'_>]) {
        self.follow(head);
        let spans: Vec<TrackSpan> = lasting
            .iter()
            .filter_map(|track| {
                Some(TrackSpan { track: u8::try_from(track.at).ok()?, start: track.start, end: track.end })
            })
            .collect();
        let origin = self.timeline.place(&spans);
        let shift = self.origin.replace(origin).map_or(Nanos::ZERO, |before| origin - before);
        let back_ms = self.last.start.map_or(0, |last| last.as_millis() - start.as_millis());
        let slack = lasting.iter().filter_map(|track| self.states.get(track.at)?.step).min().unwrap_or_default();
        if !self.seen.starts.insert(start.as_millis()) {
            self.tell(head, head.offset, EventKind::DuplicateStart);
        }
        if back_ms > 0 {
            self.tell(head, head.offset, EventKind::TimeBack { ms: back_ms });
        } else if back_ms < 0 && -shift > slack {
            // One that starts at the same time has been told of.
            self.tell(head, head.offset, EventKind::Overlap { ms: (-shift).round_millis() });
        }
        let known = self.last.tracks.as_ref();
        if known.is_some_and(|known| known.is_same(&head.tracks)) {
            return;
        }
        if let Some(change) = known.and_then(|known| change(known, &head.tracks)) {
            self.tell(head, head.offset, EventKind::TracksChange(change));
        }
        for track in &mut self.tracks {
            if let Some(now) = head.tracks.by_number(track.number) {
                track.track = Some(now.clone());
            }
        }
        self.last.tracks = Some(head.tracks.clone());
    }

    /// Counts a fragment in.
    fn count(&mut self, head: &Head, start: Timestamp, lasting: &[Lasting<'_>]) {
        let start_ms = start.as_millis();
        self.totals.fragments += 1;
        self.totals.frames = self.totals.frames.saturating_add(head.frame_count());
        self.fragment_length_ms.add(head.length_ms(), 1);
        let delay_ms = match (head.server_timestamp, head.producer_timestamp) {
            (Some(server), Some(producer)) if !head.plain => Some(server.as_millis() - producer.as_millis()),
            _ => None,
        };
        if let Some(delay_ms) = delay_ms {
            self.delay_ms.add(delay_ms, 1);
        }
        self.series.add_fragment(start_ms, delay_ms);
        let day = day(&mut self.days, start_ms);
        day.fragments += 1;
        day.bytes = day.bytes.saturating_add(head.size);
        let mut whole: Option<Range<i64>> = None;
        for lasting in lasting {
            let (span, count) = (lasting.span_ms(), lasting.count);
            let (Some(track), Some(state)) = (self.tracks.get_mut(lasting.at), self.states.get_mut(lasting.at)) else {
                continue;
            };
            track.frames = track.frames.saturating_add(count.frames);
            track.key_frames = track.key_frames.saturating_add(count.key_frames);
            track.bytes = track.bytes.saturating_add(count.bytes);
            track.media_ms = track.media_ms.saturating_add(length(&span));
            track.coverage.add(span.clone());
            self.coverage.add(span.clone());
            self.series.add_media(lasting.at, &span, count.bytes, count.frames);
            if track.is_video() {
                state.since_key = state.since_key + (lasting.end - lasting.start);
                if let Some(keys) = i64::try_from(count.key_frames).ok().filter(|&keys| keys > 0) {
                    track.key_frame_distance_ms.add(Nanos(state.since_key.0 / keys).round_millis(), count.key_frames);
                    state.since_key = Nanos::ZERO;
                }
            }
            whole = Some(whole.map_or(span.clone(), |all| all.start.min(span.start)..all.end.max(span.end)));
        }
        let whole = whole.unwrap_or_default();
        self.totals.media_ms = self.totals.media_ms.saturating_add(length(&whole));
    }

    fn tell(&mut self, head: &Head, offset: u64, kind: EventKind) {
        *self.event_counts.entry(kind.name()).or_default() += 1;
        self.event_text_bytes = self.event_text_bytes.saturating_add(kind.text_bytes());
        if self.events.len() < self.options.max_events && self.event_text_bytes <= MOST_TEXT_BYTES {
            let (time, fragment_number) = (self.last.time, head.number.clone());
            self.events.push(Event { kind, time, offset, fragment_number });
        }
    }

    /// What there is to say of all that was taken in.
    #[must_use]
    pub fn finish(mut self) -> Report {
        self.coverage.settle();
        self.tracks.iter_mut().for_each(|track| track.coverage.settle());
        self.totals.covered_ms = self.coverage.total_ms();
        let extent = self.coverage.extent().unwrap_or_default();
        self.totals.missing_ms = length(&extent).saturating_sub(self.totals.covered_ms);
        for span in self.coverage.spans() {
            let mut at = span.start;
            while at < span.end {
                let day = day(&mut self.days, at);
                let end = span.end.min(day.range().end);
                // Frames before the epoch are counted into its first day.
                let end = if end > at { end } else { span.end };
                day.covered_ms = day.covered_ms.saturating_add(end.saturating_sub(at));
                at = end;
            }
        }
        for day in self.days.values_mut() {
            let range = day.range();
            let within = range.start.max(extent.start)..range.end.min(extent.end);
            day.missing_ms = length(&within).saturating_sub(self.coverage.covered_ms(within)).max(0);
        }
        let (bin_ms, bins) = self.series.finish();
        Report {
            by: self.options.selector.by,
            totals: self.totals,
            coverage: self.coverage,
            tracks: self.tracks,
            days: self.days.into_values().collect(),
            events: self.events,
            event_counts: self.event_counts,
            bin_ms,
            bins,
            fragment_length_ms: self.fragment_length_ms,
            delay_ms: self.delay_ms,
        }
    }
}

impl TrackState {
    /// How long a frame of a fragment lasts.
    fn step(&mut self, count: &FrameCount, track: Option<&Track>, first: Nanos) -> Nanos {
        let distances = i64::try_from(count.frames).ok().filter(|&frames| frames > 1).map(|frames| frames - 1);
        let mean = distances.map(|distances| Nanos((count.last - count.first).0 / distances));
        let stated = || {
            let entry = track.map(|track| &track.entry)?;
            entry.default_duration.and_then(|nanos| i64::try_from(nanos).ok()).map(Nanos)
        };
        let sounding = || {
            let clock = track.and_then(Track::audio_clock)?;
            let bytes = u32::try_from(count.bytes / count.frames.max(1)).ok()?;
            Some(clock.duration(bytes))
        };
        // A frame that is alone in its fragment lasts up to the next one.
        let alone =
            || self.last.map(|(start, _)| first - start).filter(|step| (Nanos(1)..=LONGEST_ALONE).contains(step));
        let some = |step: &Nanos| *step > Nanos::ZERO;
        let step = mean.filter(some).or_else(|| sounding().filter(some)).or_else(|| stated().filter(some));
        let step = step.or(self.step.filter(some)).or_else(alone);
        if step.is_some() {
            self.step = step;
        }
        step.unwrap_or(SHORTEST)
    }
}

/// The day of a time; a time before the epoch is on its first one.
fn day(days: &mut BTreeMap<i64, Day>, ms: i64) -> &mut Day {
    let at = ms.max(0).div_euclid(Day::MS).min(Timestamp::MAX.as_millis().div_euclid(Day::MS) - 1);
    days.entry(at).or_insert_with(|| Day {
        start: Timestamp::from_millis(at.saturating_mul(Day::MS)),
        fragments: 0,
        bytes: 0,
        covered_ms: 0,
        missing_ms: 0,
    })
}

/// So many lengths and delays are told apart.
const VALUES: usize = 4096;

/// Text that events may hold together.
const MOST_TEXT_BYTES: usize = 1 << 20;

/// Fragments of one frame are no longer than that.
const LONGEST_ALONE: Nanos = Nanos(20_000_000_000);

/// How long a frame lasts of which nothing is known.
const SHORTEST: Nanos = Nanos(1_000_000);

/// So long other tracks have to go on before a track is said to lack alone.
const SHORTEST_ALONE_MS: i64 = 200;

#[cfg(test)]
mod tests;
