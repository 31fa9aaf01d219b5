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

/// Lays fragments end to end, or where they were.
#[derive(Debug, Clone)]
pub struct Timeline {
    gaps: Gaps,
    /// What to subtract from wall-clock time, once the first fragment is placed.
    origin: Option<Nanos>,
    /// Wall-clock time at which the last fragment ends.
    end: Nanos,
    /// The same for each track.
    ends: Vec<(u8, Nanos)>,
}

/// Where one track of a fragment starts and ends, in wall-clock time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TrackSpan {
    /// Index of the track.
    pub track: u8,
    /// Time of its earliest frame.
    pub start: Nanos,
    /// Time at which its latest frame ends.
    pub end: Nanos,
}

impl Timeline {
    /// An empty timeline.
    #[must_use]
    pub fn new(gaps: Gaps) -> Self {
        Timeline { gaps, origin: None, end: Nanos::ZERO, ends: Vec::new() }
    }

    /// Places the next fragment. Gives what to subtract from the wall-clock times of its frames: a whole number of
    /// milliseconds apart from that of the fragments before, so that times stay exact within.
    ///
    /// Tracks do not end together: sound reaches over the last picture, or falls short of it. So there is a gap only where
    /// no track goes on from where it ended; it is then closed as far as it can be without an overlap in any track.
    pub fn place_tracks(&mut self, spans: &[TrackSpan]) -> Nanos {
        let start = spans.iter().map(|span| span.start).min().unwrap_or_default();
        let origin = match self.origin {
            Some(origin) if self.gaps == Gaps::Compact => {
                origin + Nanos::from_millis(self.gap(start, spans).floor_millis())
            }
            Some(origin) => origin,
            None => start,
        };
        self.origin = Some(origin);
        for span in spans {
            match self.ends.iter_mut().find(|(track, _)| *track == span.track) {
                Some((_, end)) => *end = span.end,
                None => self.ends.push((span.track, span.end)),
            }
        }
        self.end = spans.iter().map(|span| span.end).max().unwrap_or(self.end);
        origin
    }

    /// How far the next fragment lies behind the last, negative where they overlap; 0 where one goes on into the other.
    fn gap(&self, start: Nanos, spans: &[TrackSpan]) -> Nanos {
        let gaps = spans.iter().filter_map(|span| {
            let (_, end) = self.ends.iter().find(|(track, _)| *track == span.track)?;
            Some(span.start - *end)
        });
        let mut gaps: Vec<Nanos> = gaps.collect();
        if gaps.is_empty() {
            gaps.push(start - self.end);
        }
        let goes_on = gaps.iter().any(|gap| gap.abs() <= DISCONTINUITY);
        if goes_on { Nanos::ZERO } else { gaps.into_iter().min().unwrap_or_default() }
    }

    /// Places the next fragment by its earliest and latest time alone.
    pub fn place(&mut self, start: Nanos, end: Nanos) -> Nanos {
        self.place_tracks(&[TrackSpan { track: 0, start, end }])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn places(gaps: Gaps, spans: &[(i64, i64)]) -> Vec<i64> {
        let mut timeline = Timeline::new(gaps);
        let place = |&(start, end): &(i64, i64)| {
            let start = Nanos::from_millis(start);
            (start - timeline.place(start, Nanos::from_millis(end))).round_millis()
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
        timeline.place_tracks(&[span(0, 0, 2000), span(1, 0, 2300)]);
        assert_eq!(timeline.place_tracks(&[span(0, 2000, 4000), span(1, 2300, 4100)]), Nanos::ZERO);
        // A gap of 10 s for the picture and of 9.9 s for the sound is closed up to where the sound would overlap.
        assert_eq!(
            timeline.place_tracks(&[span(0, 14_000, 16_000), span(1, 14_000, 16_000)]),
            Nanos::from_millis(9900)
        );
    }

    #[test]
    fn keep_keeps_every_time() {
        assert_eq!(places(Gaps::Keep, &[(1000, 3000), (9000, 9500), (9100, 9900)]), [0, 8000, 8100]);
    }
}
