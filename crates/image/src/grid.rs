//! Which frame is taken for which time: the sampling, without a look at any frame's bytes.

use std::collections::HashMap;

use fragkit_fragment::{DISCONTINUITY, Nanos, Selector, Timestamp};

use crate::error::Error;
use crate::request::{Pick, Request};
use crate::survey::{Survey, Surveyed};
use crate::token;

/// One entry of the result.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Slot {
    /// The time of the grid.
    pub(crate) time: Timestamp,
    /// What there is.
    pub(crate) found: Found,
}

/// What there is at a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Found {
    /// Nothing.
    Nothing,
    /// A fragment that was not selected, since it starts before the range.
    OnlyBefore,
    /// A fragment without pictures.
    NoFrame {
        /// Which.
        fragment: usize,
    },
    /// A frame.
    Frame {
        /// Of which fragment.
        fragment: usize,
        /// Which of its frames of video, in stored order.
        frame: usize,
    },
}

/// One page of the grid.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Page {
    pub(crate) slots: Vec<Slot>,
    pub(crate) next_token: Option<String>,
    /// How many entries the whole grid has.
    pub(crate) total: u64,
}

/// At most so many entries are made at once.
const MAX_SLOTS: u64 = 1 << 22;

/// Lays the grid over the fragments.
pub(crate) fn page(request: &Request, survey: &Survey) -> Result<Page, Error> {
    request.check()?;
    let fragments = survey.fragments();
    let selector = &request.selector;
    let all = all(request, survey);
    let covered = covered(request, survey, &all);
    let selected = selection(request, survey, &all, &covered);
    let mut spans: Vec<Span> = selected.iter().filter_map(|at| covered.get(at)).copied().collect();
    spans.sort_by_key(|span| span.start);
    let first = selected.first().and_then(|&at| fragments.get(at)).and_then(|fragment| selector.time(&fragment.head));
    let last = spans.iter().map(|span| span.end).max();
    let start = selector.from.or(first).ok_or_else(Error::nothing_selected)?;
    // The end of the last frame is no longer part of it.
    let end_of_media = || last.map(|end| Timestamp::from_millis((end - Nanos(1)).floor_millis()));
    let end = selector.to.or_else(end_of_media).ok_or_else(Error::nothing_selected)?;
    if selected.is_empty() && (selector.from.is_none() || selector.to.is_none()) {
        return Err(Error::nothing_selected());
    }
    let range_ms = end.as_millis().saturating_sub(start.as_millis()).max(0);
    request.check_range(range_ms)?;
    let grid = Grid { start, interval_ms: i64::try_from(request.interval_ms).unwrap_or(i64::MAX), range_ms };
    let fingerprint = fingerprint(request, start, end);
    let at = request.next_token.as_deref().map_or(Ok(0), |token| token::read(token, fingerprint))?;
    let (slots, total) = match request.pick {
        Pick::NextKeyframe => {
            let mut all = next_keyframes(request, survey, &selected, grid, end)?;
            let total = u64::try_from(all.len()).unwrap_or(u64::MAX);
            let skip = usize::try_from(at).unwrap_or(usize::MAX).min(all.len());
            (all.drain(skip..).take(request.page()).collect(), total)
        }
        Pick::Exact | Pick::Keyframe => {
            let total = grid.len();
            let count = total.saturating_sub(at).min(u64::try_from(request.page()).unwrap_or(u64::MAX));
            if count > MAX_SLOTS {
                return Err(too_many(count));
            }
            let mut slots = sweep(request, survey, &spans, grid, at..at + count);
            let before = overlapping_start(request, &all, &covered, &selected);
            fill(request, survey, &selected, before, &mut slots);
            (slots, total)
        }
    };
    let next = at.saturating_add(u64::try_from(slots.len()).unwrap_or(u64::MAX));
    let next_token = (next < total).then(|| token::write(fingerprint, next));
    Ok(Page { slots, next_token, total })
}

fn too_many(count: u64) -> Error {
    Error::invalid(format!("{count} pictures are asked for at once, it may be {MAX_SLOTS}"))
        .hint("a longer interval, a shorter range, or --max-results and --next-token")
}

/// The times of the grid.
#[derive(Debug, Clone, Copy)]
struct Grid {
    start: Timestamp,
    interval_ms: i64,
    range_ms: i64,
}

impl Grid {
    /// How many there are.
    fn len(self) -> u64 {
        u64::try_from(self.range_ms / self.interval_ms.max(1)).unwrap_or_default() + 1
    }

    fn time(self, index: u64) -> Timestamp {
        let offset = i64::try_from(index).unwrap_or(i64::MAX).saturating_mul(self.interval_ms);
        Timestamp::from_millis(self.start.as_millis().saturating_add(offset))
    }

    /// The first time that is later than a given one.
    fn behind(self, time: Nanos) -> Nanos {
        let start = self.start.nanos();
        let interval = Nanos::from_millis(self.interval_ms).0.max(1);
        let steps = (time - start).0.div_euclid(interval).saturating_add(1).max(0);
        start + Nanos(steps.saturating_mul(interval))
    }
}

/// When a fragment covers the time.
#[derive(Debug, Clone, Copy)]
struct Span {
    start: Nanos,
    end: Nanos,
    fragment: usize,
}

/// When each fragment covers the time, whether it is selected or not: the neighbours of those that are say how long these last.
fn covered(request: &Request, survey: &Survey, all: &[usize]) -> HashMap<usize, Span> {
    let span = |&fragment: &usize| {
        let (start, end) = survey.get(fragment)?.span(request.selector.by)?;
        Some(Span { start, end, fragment })
    };
    let mut spans: Vec<Span> = all.iter().filter_map(span).collect();
    spans.sort_by_key(|span| span.start);
    close_gaps(&mut spans, survey);
    spans.into_iter().map(|span| (span.fragment, span)).collect()
}

/// How long a fragment's last frame is shown is an estimate: where the next fragment follows closely, it is shown until then.
///
/// Closely is within 50 ms, after as long as any frame of the fragment lasts: cameras drop frames.
fn close_gaps(spans: &mut [Span], survey: &Survey) {
    let mut next = None;
    for span in spans.iter_mut().rev() {
        if let Some(start) = next
            && start > span.end
            && start - span.end <= DISCONTINUITY + survey.get(span.fragment).map_or(Nanos::ZERO, Surveyed::slack)
        {
            span.end = start;
        }
        next = Some(span.start);
    }
}

/// The fragments that are asked for, in order: the selector's, and beside these, where it includes what overlaps, all that have
/// pictures at the start of the range; and those that start behind its end with pictures that lead them into it.
fn selection(request: &Request, survey: &Survey, all: &[usize], covered: &HashMap<usize, Span>) -> Vec<usize> {
    let Selector { from, to, include_overlap, .. } = request.selector;
    let covers = |index: &usize| {
        let time = survey.get(*index).and_then(|fragment| request.selector.time(&fragment.head));
        let (Some(time), Some(span)) = (time, covered.get(index)) else { return false };
        let reaches = include_overlap && from.is_some_and(|from| span.end > from.nanos());
        (from.is_none_or(|from| time >= from) || reaches) && to.is_none_or(|to| time <= to || span.start <= to.nanos())
    };
    all.iter().copied().filter(covers).collect()
}

/// All fragments that could be selected, in order.
fn all(request: &Request, survey: &Survey) -> Vec<usize> {
    let fragments = survey.fragments();
    let selector = Selector { from: None, to: None, ..request.selector.clone() };
    selector.select_by(fragments.len(), |at| fragments.get(at).map(|fragment| &fragment.head))
}

/// Until when fragments cover the start of the range that are not selected because they begin before.
fn overlapping_start(
    request: &Request,
    all: &[usize],
    covered: &HashMap<usize, Span>,
    selected: &[usize],
) -> Option<Nanos> {
    let from = request.selector.from.filter(|_| !request.selector.include_overlap)?;
    let before = all.iter().take_while(|at| Some(*at) != selected.first());
    let ends = before.filter_map(|at| covered.get(at)).map(|span| span.end);
    ends.filter(|end| *end > from.nanos()).max()
}

/// Times that no picture covers: where a fragment has sound before its first picture, that picture is taken; and what covers the
/// start of the range and is not selected is told of.
fn fill(request: &Request, survey: &Survey, selected: &[usize], before: Option<Nanos>, slots: &mut [Slot]) {
    let lead_in = |&fragment: &usize| {
        let (start, end) = survey.get(fragment)?.lead_in(request.selector.by)?;
        Some(Span { start, end, fragment })
    };
    let mut lead_ins: Vec<Span> = selected.iter().filter_map(lead_in).collect();
    lead_ins.sort_by_key(|span| span.start);
    for slot in slots.iter_mut().filter(|slot| slot.found == Found::Nothing) {
        let time = slot.time.nanos();
        let begun = lead_ins.partition_point(|span| span.start <= time);
        let lead_in = begun.checked_sub(1).and_then(|last| lead_ins.get(last)).filter(|span| time < span.end);
        let first = lead_in.and_then(|span| Some((span.fragment, shown(survey.get(span.fragment)?).first()?.1)));
        slot.found = match first {
            Some((fragment, frame)) => Found::Frame { fragment, frame },
            None if before.is_some_and(|end| time < end) => Found::OnlyBefore,
            None => Found::Nothing,
        };
    }
}

/// Goes through times and spans at once.
fn sweep(request: &Request, survey: &Survey, spans: &[Span], grid: Grid, indices: std::ops::Range<u64>) -> Vec<Slot> {
    let mut slots = Vec::with_capacity(usize::try_from(indices.end - indices.start).unwrap_or_default());
    let mut spans = spans.iter().peekable();
    // Spans that have begun, the latest on top. One that is over is of no use to any later time.
    let mut begun: Vec<Span> = Vec::new();
    let mut order: Option<(usize, Vec<(Nanos, usize)>)> = None;
    for index in indices {
        let time = grid.time(index);
        while let Some(span) = spans.next_if(|span| span.start <= time.nanos()) {
            begun.push(*span);
        }
        while begun.pop_if(|span| span.end <= time.nanos()).is_some() {}
        let found = match begun.last() {
            Some(span) => {
                let shown = match &mut order {
                    Some((of, shown)) if *of == span.fragment => shown,
                    other => {
                        &mut other.insert((span.fragment, survey.get(span.fragment).map(shown).unwrap_or_default())).1
                    }
                };
                let fragment = survey.get(span.fragment);
                let base = fragment.and_then(|fragment| fragment.base(request.selector.by)).unwrap_or_default();
                let frame = fragment.and_then(|fragment| choose(request.pick, fragment, shown, time.nanos() - base));
                match frame {
                    Some(frame) => Found::Frame { fragment: span.fragment, frame },
                    None => Found::NoFrame { fragment: span.fragment },
                }
            }
            None => Found::Nothing,
        };
        slots.push(Slot { time, found });
    }
    slots
}

/// The frames that are shown, in the order in which they are; of those with equal times, as they are stored.
fn shown(fragment: &Surveyed) -> Vec<(Nanos, usize)> {
    let places = fragment.frames.iter().enumerate().filter(|(_, place)| place.shown);
    let mut shown: Vec<(Nanos, usize)> = places.map(|(index, place)| (place.time, index)).collect();
    shown.sort_unstable();
    shown
}

/// The frame for a time, which is relative to the fragment's.
fn choose(pick: Pick, fragment: &Surveyed, shown: &[(Nanos, usize)], time: Nanos) -> Option<usize> {
    let past = shown.get(..shown.partition_point(|(at, _)| *at <= time)).unwrap_or_default();
    let is_key = |&&(_, index): &&(Nanos, usize)| fragment.frames.get(index).is_some_and(|place| place.keyframe);
    let exact = || past.last().map(|(_, index)| *index);
    match pick {
        Pick::Exact => exact(),
        // Where no frame has the flag, decoding starts with the first that is stored.
        _ => past
            .iter()
            .rev()
            .find(is_key)
            .or_else(|| shown.iter().find(is_key))
            .map(|(_, index)| *index)
            .or_else(|| shown.iter().map(|(_, index)| *index).min()),
    }
}

/// The first key frame at or after each time of the grid, each once.
fn next_keyframes(
    request: &Request,
    survey: &Survey,
    selected: &[usize],
    grid: Grid,
    end: Timestamp,
) -> Result<Vec<Slot>, Error> {
    let mut keys = keyframes(request, survey, selected);
    keys.sort_unstable();
    let mut boundaries = Boundaries { grid, next: grid.start.nanos() };
    let mut slots = Vec::new();
    for key in keys {
        slots.extend(boundaries.slot(key, Some(end)));
        if u64::try_from(slots.len()).is_ok_and(|count| count > MAX_SLOTS) {
            return Err(too_many(MAX_SLOTS + 1));
        }
    }
    Ok(slots)
}

/// A key frame: when it is shown, of which fragment it is, and which of its frames it is.
type Key = (Nanos, usize, usize);

/// The key frames of fragments.
fn keyframes(request: &Request, survey: &Survey, fragments: &[usize]) -> Vec<Key> {
    let mut keys: Vec<Key> = Vec::new();
    for &at in fragments {
        let Some(fragment) = survey.get(at) else { continue };
        let base = fragment.base(request.selector.by).unwrap_or_default();
        let flagged = fragment.frames.iter().enumerate().filter(|(_, place)| place.keyframe && place.shown);
        keys.extend(flagged.map(|(index, place)| (base + place.time, at, index)));
    }
    keys
}

/// Gives each boundary of a grid to the first key frame at or after it; several to one, if it is the first after all of them.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Boundaries {
    grid: Grid,
    /// The first that is not given.
    next: Nanos,
}

impl Boundaries {
    /// Those of a request, from its first fragment's start on where it does not say from when.
    pub(crate) fn new(request: &Request, first: Timestamp) -> Self {
        let start = request.selector.from.unwrap_or(first);
        let interval_ms = i64::try_from(request.interval_ms).unwrap_or(i64::MAX);
        Boundaries { grid: Grid { start, interval_ms, range_ms: 0 }, next: start.nanos() }
    }

    /// The entries for the key frames of fragments that come next.
    pub(crate) fn slots(&mut self, request: &Request, survey: &Survey, fragments: &[usize]) -> Vec<Slot> {
        let mut keys = keyframes(request, survey, fragments);
        keys.sort_unstable();
        keys.into_iter().filter_map(|key| self.slot(key, request.selector.to)).collect()
    }

    fn slot(&mut self, (time, fragment, frame): Key, end: Option<Timestamp>) -> Option<Slot> {
        if time < self.next || end.is_some_and(|end| time > end.nanos()) {
            return None;
        }
        self.next = self.grid.behind(time);
        let latest = self.next - Nanos::from_millis(self.grid.interval_ms);
        let time = Timestamp::from_millis(latest.floor_millis());
        Some(Slot { time, found: Found::Frame { fragment, frame } })
    }
}

/// What two requests must have in common for one to go on where the other ended.
fn fingerprint(request: &Request, start: Timestamp, end: Timestamp) -> u64 {
    let Selector { by, include_overlap, include_cut, .. } = request.selector;
    let by_server = by == fragkit_fragment::TimestampType::Server;
    let pick: u8 = match request.pick {
        Pick::Exact => 0,
        Pick::Keyframe => 1,
        Pick::NextKeyframe => 2,
    };
    let mut bytes = vec![u8::from(by_server), u8::from(include_overlap), u8::from(include_cut), pick];
    for number in [start.as_millis(), end.as_millis()] {
        bytes.extend(number.to_be_bytes());
    }
    bytes.extend(request.interval_ms.to_be_bytes());
    token::hash(&bytes)
}

#[cfg(test)]
mod tests {
    use fragkit_fragment::mkv::TrackType;
    use fragkit_fragment::{ServiceLimits, TimestampType};

    use super::*;
    use crate::error::ErrorKind;
    use crate::request::Format;
    use crate::testing::{chunk, survey, ten_a_second};

    fn at(millis: i64) -> Timestamp {
        Timestamp::from_millis(millis)
    }

    fn every(interval_ms: u64) -> Request {
        Request { interval_ms, ..Request::default() }
    }

    fn range(from: i64, to: i64) -> Selector {
        Selector { from: Some(at(from)), to: Some(at(to)), ..Selector::default() }
    }

    /// Three fragments of two seconds from 10 s on, the last behind a gap of one second; then one of sound alone.
    fn stream() -> Survey {
        let video = |number, start| chunk(number, start, TrackType::Video, &ten_a_second(20));
        let sound = chunk(4, 17_000, TrackType::Audio, &ten_a_second(20));
        survey([video(1, 10_000), video(2, 12_000), video(3, 15_000), sound].concat().into())
    }

    /// Time, fragment and frame of each entry; -1 for none, and the fragment alone where it has no frame.
    fn found(request: &Request, survey: &Survey) -> Vec<(i64, i64, i64)> {
        let index = |index: usize| i64::try_from(index).unwrap();
        let slot = |slot: &Slot| match slot.found {
            Found::Nothing => (slot.time.as_millis(), -1, -1),
            Found::OnlyBefore => (slot.time.as_millis(), -2, -2),
            Found::NoFrame { fragment } => (slot.time.as_millis(), index(fragment), -1),
            Found::Frame { fragment, frame } => (slot.time.as_millis(), index(fragment), index(frame)),
        };
        page(request, survey).unwrap().slots.iter().map(slot).collect()
    }

    #[test]
    fn the_grid_goes_from_the_first_start_to_the_end_of_the_media() {
        let expected =
            [(10_000, 0, 0), (11_500, 0, 15), (13_000, 1, 10), (14_500, -1, -1), (16_000, 2, 10), (17_500, 3, -1)];
        assert_eq!(found(&every(1500), &stream()), expected);
        // The end of the last frame is not part of the media.
        assert_eq!(found(&every(9000), &stream()), [(10_000, 0, 0)]);
        assert_eq!(found(&every(8999), &stream()), [(10_000, 0, 0), (18_999, 3, -1)]);
    }

    #[test]
    fn the_end_of_a_range_is_included_and_a_range_shorter_than_the_interval_is_one_picture() {
        let request = |from, to, interval| Request { selector: range(from, to), ..every(interval) };
        assert_eq!(found(&request(10_000, 12_000, 1000), &stream()), [(10_000, 0, 0), (11_000, 0, 10), (12_000, 1, 0)]);
        assert_eq!(found(&request(10_000, 11_999, 1000), &stream()), [(10_000, 0, 0), (11_000, 0, 10)]);
        assert_eq!(found(&request(10_000, 10_500, 1000), &stream()), [(10_000, 0, 0)]);
    }

    #[test]
    fn a_fragment_that_is_followed_closely_covers_the_time_between_whatever_the_range() {
        let video = |number, start| chunk(number, start, TrackType::Video, &ten_a_second(20));
        let survey = survey([video(1, 10_000), video(2, 12_040)].concat().into());
        for (from, to) in [(12_020, 12_020), (12_039, 12_039), (12_000, 12_039), (12_020, 12_500)] {
            let request = Request { selector: range(from, to), ..every(1000) };
            assert_eq!(found(&request, &survey), [(from, -2, -2)]);
            let selector = Selector { include_overlap: true, ..range(from, to) };
            assert_eq!(found(&Request { selector, ..every(1000) }, &survey), [(from, 0, 19)]);
        }
    }

    #[test]
    fn the_last_frame_at_or_before_a_time_is_taken_to_the_millisecond() {
        let request = |from| Request { selector: Selector { include_overlap: true, ..range(from, from) }, ..every(1) };
        for (time, expected) in [
            (10_099, (0, 0)),
            (10_100, (0, 1)),
            (10_101, (0, 1)),
            (11_899, (0, 18)),
            (11_900, (0, 19)),
            (11_999, (0, 19)),
            (12_000, (1, 0)),
            (13_999, (1, 19)),
            (14_000, (-1, -1)),
        ] {
            assert_eq!(found(&request(time), &stream()), [(time, expected.0, expected.1)], "{time}");
        }
    }

    #[test]
    fn a_start_inside_a_fragment_leaves_that_out_as_the_service_does() {
        let request = Request { selector: range(11_000, 12_500), ..every(500) };
        let expected = [(11_000, -2, -2), (11_500, -2, -2), (12_000, 1, 0), (12_500, 1, 5)];
        assert_eq!(found(&request, &stream()), expected);
        let request = Request { selector: Selector { include_overlap: true, ..range(11_000, 12_500) }, ..every(500) };
        let expected = [(11_000, 0, 10), (11_500, 0, 15), (12_000, 1, 0), (12_500, 1, 5)];
        assert_eq!(found(&request, &stream()), expected);
    }

    #[test]
    fn a_border_that_jitters_is_no_gap_and_more_than_50_ms_are_one() {
        let with_second_at = |start| {
            let video = |number, start| chunk(number, start, TrackType::Video, &ten_a_second(20));
            survey([video(1, 0), video(2, start)].concat().into())
        };
        let request = Request { selector: range(0, 2100), ..every(2000) };
        assert_eq!(found(&request, &with_second_at(2050)), [(0, 0, 0), (2000, 0, 19)]);
        assert_eq!(found(&request, &with_second_at(2051)), [(0, 0, 0), (2000, -1, -1)]);
        // Where they overlap, the later one counts.
        assert_eq!(found(&request, &with_second_at(1900)), [(0, 0, 0), (2000, 1, 1)]);
    }

    #[test]
    fn a_long_fragment_covers_what_a_short_one_within_it_does_not() {
        let video = |number, start, count| chunk(number, start, TrackType::Video, &ten_a_second(count));
        let survey = survey([video(1, 0, 100), video(2, 3000, 10)].concat().into());
        let request = every(1500);
        let expected =
            [(0, 0, 0), (1500, 0, 15), (3000, 1, 0), (4500, 0, 45), (6000, 0, 60), (7500, 0, 75), (9000, 0, 90)];
        assert_eq!(found(&request, &survey), expected);
    }

    #[test]
    fn frames_are_taken_in_the_order_of_presentation_and_of_equal_times_the_one_stored_last() {
        let stored = [(0, true), (300, false), (100, false), (200, false), (400, false), (400, false)];
        let survey = survey(chunk(1, 0, TrackType::Video, &stored).into());
        assert_eq!(found(&every(100), &survey), [(0, 0, 0), (100, 0, 2), (200, 0, 3), (300, 0, 1), (400, 0, 5)]);
    }

    #[test]
    fn pictures_that_lead_their_fragment_are_shown_before_it_starts() {
        let lead = [(0, true), (-200, false), (-100, false), (100, false)];
        let before = [(0, true), (100, false), (200, false)];
        let stream = [chunk(1, 1000, TrackType::Video, &before), chunk(2, 1500, TrackType::Video, &lead)].concat();
        let expected =
            [(1000, 0, 0), (1100, 0, 1), (1200, 0, 2), (1300, 1, 1), (1400, 1, 2), (1500, 1, 0), (1600, 1, 3)];
        assert_eq!(found(&every(100), &survey(stream.into())), expected);
    }

    #[test]
    fn keyframe_takes_the_last_key_frame_of_the_fragment_at_or_before_a_time() {
        let stored = [(0, true), (100, false), (200, true), (300, false)];
        let request = Request { pick: Pick::Keyframe, ..every(100) };
        let stream = survey(chunk(1, 0, TrackType::Video, &stored).into());
        assert_eq!(found(&request, &stream), [(0, 0, 0), (100, 0, 0), (200, 0, 2), (300, 0, 2)]);
        // Without flags, it is the first.
        let stream = survey(chunk(1, 0, TrackType::Video, &[(0, false), (100, false)]).into());
        assert_eq!(found(&request, &stream), [(0, 0, 0), (100, 0, 0)]);
    }

    #[test]
    fn thumbnails_are_of_the_first_key_frame_at_or_after_each_boundary_and_each_once() {
        let request = |interval| Request { pick: Pick::NextKeyframe, ..every(interval) };
        // Key frames at 10, 12 and 15 s.
        assert_eq!(found(&request(1000), &stream()), [(10_000, 0, 0), (12_000, 1, 0), (15_000, 2, 0)]);
        assert_eq!(found(&request(2500), &stream()), [(10_000, 0, 0), (15_000, 2, 0)]);
        assert_eq!(found(&request(2000), &stream()), [(10_000, 0, 0), (12_000, 1, 0), (14_000, 2, 0)]);
        assert_eq!(found(&request(60_000), &stream()), [(10_000, 0, 0)]);
    }

    #[test]
    fn server_times_are_a_grid_of_their_own() {
        let selector = Selector { by: TimestampType::Server, ..range(510_000, 513_000) };
        let expected = [(510_000, 0, 0), (511_500, 0, 15), (513_000, 1, 10)];
        assert_eq!(found(&Request { selector, ..every(1500) }, &stream()), expected);
    }

    #[test]
    fn pages_joined_are_the_whole() {
        let survey = stream();
        for pick in [Pick::Exact, Pick::Keyframe, Pick::NextKeyframe] {
            let whole = page(&Request { pick, ..every(300) }, &survey).unwrap();
            assert_eq!((whole.next_token.as_deref(), whole.total), (None, whole.slots.len().try_into().unwrap()));
            for size in [1, 2, 7, 30, 100] {
                let (mut joined, mut token, mut pages) = (Vec::new(), None, 0);
                loop {
                    let request = Request { pick, max_results: Some(size), next_token: token, ..every(300) };
                    let page = page(&request, &survey).unwrap();
                    assert!(page.slots.len() <= size);
                    joined.extend(page.slots);
                    pages += 1;
                    token = page.next_token;
                    if token.is_none() {
                        break;
                    }
                }
                assert_eq!(joined, whole.slots);
                assert_eq!(pages, whole.slots.len().div_ceil(size));
            }
        }
    }

    #[test]
    fn a_token_of_another_grid_is_refused() {
        let survey = stream();
        let first = page(&Request { max_results: Some(2), ..every(300) }, &survey).unwrap();
        let request = Request { next_token: first.next_token, ..every(301) };
        assert_eq!(page(&request, &survey).unwrap_err().kind(), ErrorKind::InvalidArgument);
    }

    #[test]
    fn nothing_in_a_range_is_no_media_and_nothing_at_all_an_error() {
        let request = Request { selector: range(30_000, 31_000), ..every(500) };
        assert_eq!(found(&request, &stream()), [(30_000, -1, -1), (30_500, -1, -1), (31_000, -1, -1)]);
        for selector in [
            Selector { from: Some(at(30_000)), ..Selector::default() },
            Selector { to: Some(at(9000)), ..Selector::default() },
        ] {
            let error = page(&Request { selector, ..every(500) }, &stream()).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::NothingSelected);
        }
        let error = page(&every(500), &Survey::default()).unwrap_err();
        assert_eq!(error.exception(), "ResourceNotFoundException");
    }

    #[test]
    fn limits_are_named_with_what_they_allow() {
        let survey = stream();
        let says = |request: Request, expected: &str| {
            let error = page(&request, &survey).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidArgument);
            assert!(error.to_string().contains(expected), "{error}");
        };
        let current = || Request { service_limits: ServiceLimits::current(), ..every(1000) };
        let v2022 = || Request { service_limits: ServiceLimits::v2022(), ..every(3000) };
        says(Request { interval_ms: 199, ..current() }, "may be 200 ms or more");
        says(Request { interval_ms: 2999, ..v2022() }, "may be 3000 ms or more");
        says(every(0), "may be 1 ms or more");
        says(Request { selector: range(10_000, 310_001), ..current() }, "may be 0 to 300000 ms");
        says(Request { size: (Some(3841), None), ..current() }, "may be 1 to 3840");
        says(Request { size: (None, Some(2161)), ..v2022() }, "may be 1 to 2160");
        says(Request { size: (Some(0), None), ..every(1) }, "may be 1 to 65535");
        for quality in [0, 101] {
            let format = Format::Jpeg { quality: Some(quality) };
            says(Request { format, ..every(1000) }, "may be 1 to 100");
        }
        says(Request { max_results: Some(0), ..every(1) }, "may be 1 to");
        says(Request { max_results: Some(101), ..current() }, "may be 1 to 100");
        says(Request { selector: range(2, 1), ..every(1) }, "before its start");
        says(Request { selector: range(0, 1_000_000_000_000), ..every(1) }, "it may be 4194304");
        assert!(page(&Request { selector: range(10_000, 310_000), ..current() }, &survey).is_ok());
    }

    #[test]
    fn a_page_of_the_service_has_25_pictures_today_and_had_100() {
        let survey = stream();
        let count = |service_limits, interval, max_results| {
            let request = Request { service_limits, max_results, selector: range(10_000, 300_000), ..every(interval) };
            page(&request, &survey).unwrap().slots.len()
        };
        assert_eq!(count(ServiceLimits::current(), 200, None), 25);
        assert_eq!(count(ServiceLimits::current(), 200, Some(100)), 25);
        assert_eq!(count(ServiceLimits::current(), 200, Some(7)), 7);
        assert_eq!(count(ServiceLimits::v2022(), 3000, None), 97);
        assert_eq!(count(ServiceLimits::unlimited(), 200, None), 1451);
    }
}
