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
}

impl Timeline {
    /// An empty timeline.
    #[must_use]
    pub fn new(gaps: Gaps) -> Self {
        Timeline { gaps, origin: None, end: Nanos::ZERO }
    }

    /// Places the next fragment, whose earliest frame is at the wall-clock time `start` and whose last frame ends at `end`.
    /// Gives what to subtract from the wall-clock times of its frames: a whole number of milliseconds apart from that of the
    /// fragments before, so that times stay exact within.
    pub fn place(&mut self, start: Nanos, end: Nanos) -> Nanos {
        let origin = match self.origin {
            None => start,
            Some(origin) => {
                let gap = start - self.end;
                if self.gaps == Gaps::Compact && gap.abs() > DISCONTINUITY {
                    origin + Nanos::from_millis(gap.floor_millis())
                } else {
                    origin
                }
            }
        };
        self.origin = Some(origin);
        self.end = end.max(start);
        origin
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
    fn keep_keeps_every_time() {
        assert_eq!(places(Gaps::Keep, &[(1000, 3000), (9000, 9500), (9100, 9900)]), [0, 8000, 8100]);
    }
}
