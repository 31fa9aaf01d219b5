//! Where each fragment comes to lie on the timeline of one output.

use crate::time::Nanos;

/// What to do with time that no fragment covers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Gaps {
    /// Close it: the next fragment follows at once. Fragments that overlap are moved apart.
    #[default]
    Compact,
    /// Keep it: every frame has its wall-clock time, less that of the first.
    Keep,
}

/// More than this between the end of a fragment and the start of the next is a gap or an overlap: the service's own measure
/// for a discontinuity in HLS.
pub const DISCONTINUITY: Nanos = Nanos(50_000_000);

/// When one track of a fragment starts and ends, in wall-clock time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TrackSpan {
    /// Index of the track in [`Head::tracks`](crate::Head::tracks).
    pub track: u8,
    /// Time of its earliest frame.
    pub start: Nanos,
    /// End of its latest frame.
    pub end: Nanos,
}

/// Lays fragments end to end, or where they were.
///
/// Whether a fragment follows the one before is told track by track, since they do not all end at once: where a frame of
/// audio is long, it reaches into the time of the next fragment's pictures.
#[derive(Debug, Clone)]
pub struct Timeline {
    gaps: Gaps,
    /// What to subtract from wall-clock time, once the first fragment is placed.
    origin: Option<Nanos>,
    /// The tracks of the last fragment.
    last: Vec<TrackSpan>,
}

impl Timeline {
    /// An empty timeline.
    #[must_use]
    pub fn new(gaps: Gaps) -> Self {
        Timeline { gaps, origin: None, last: Vec::new() }
    }

    /// Places the next fragment. Gives what to subtract from the wall-clock times of its frames: a whole number of
    /// milliseconds apart from that of the fragments before, so that times stay exact within.
    pub fn place(&mut self, spans: &[TrackSpan]) -> Nanos {
        let Some(start) = spans.iter().map(|span| span.start).min() else { return self.origin.unwrap_or_default() };
        let origin = match self.origin {
            None => start,
            Some(origin) => match self.gap(spans, start) {
                gap if self.gaps == Gaps::Compact && gap.abs() > DISCONTINUITY => {
                    origin + Nanos::from_millis(gap.floor_millis())
                }
                _ => origin,
            },
        };
        self.origin = Some(origin);
        self.last = spans.to_vec();
        origin
    }

    /// How far these tracks, the first of which begins at `start`, are behind those of the last fragment. One that goes on
    /// where it ended is enough to say that the fragment does; if none does, the tightest counts.
    fn gap(&self, spans: &[TrackSpan], start: Nanos) -> Nanos {
        let end = |last: &TrackSpan| last.end.max(last.start);
        let of_track = |span: &TrackSpan| {
            let before = self.last.iter().find(|last| last.track == span.track)?;
            Some(span.start - end(before))
        };
        let gaps = || spans.iter().filter_map(of_track);
        let continuous = gaps().find(|gap| gap.abs() <= DISCONTINUITY);
        let overall = || self.last.iter().map(|last| start - end(last)).min();
        continuous.or_else(|| gaps().min()).or_else(overall).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn places(gaps: Gaps, spans: &[(i64, i64)]) -> Vec<i64> {
        let mut timeline = Timeline::new(gaps);
        let place = |&(start, end): &(i64, i64)| {
            let start = Nanos::from_millis(start);
            let span = TrackSpan { track: 0, start, end: Nanos::from_millis(end) };
            (start - timeline.place(&[span])).round_millis()
        };
        spans.iter().map(place).collect()
    }

    #[test]
    fn compact_closes_gaps_and_parts_overlaps_but_keeps_jitter() {
        let spans = [(1000, 3000), (3001, 5000), (9000, 11_000), (10_500, 12_000), (11_990, 13_000)];
        assert_eq!(places(Gaps::Compact, &spans), [0, 2001, 4000, 6000, 7490]);
    }

    #[test]
    fn a_track_that_reaches_over_the_end_of_another_is_no_overlap() {
        let span =
            |track, start, end| TrackSpan { track, start: Nanos::from_millis(start), end: Nanos::from_millis(end) };
        let mut timeline = Timeline::new(Gaps::Compact);
        timeline.place(&[span(0, 0, 2000), span(1, 0, 2300)]);
        assert_eq!(timeline.place(&[span(0, 2000, 4000), span(1, 2300, 4100)]), Nanos::ZERO);
        // A gap of 10 s for the picture and of 9.9 s for the sound is closed up to where the sound would overlap.
        assert_eq!(timeline.place(&[span(0, 14_000, 16_000), span(1, 14_000, 16_000)]), Nanos::from_millis(9900));
    }

    #[test]
    fn keep_keeps_every_time() {
        assert_eq!(places(Gaps::Keep, &[(1000, 3000), (9000, 9500), (9100, 9900)]), [0, 8000, 8100]);
    }
}
