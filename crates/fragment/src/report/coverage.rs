//! Which stretches of time there is media of.

use std::ops::Range;

use crate::timeline::DISCONTINUITY;

/// Stretches of time that media covers: apart from each other and in order, in milliseconds since the epoch.
///
/// What is no farther apart than [`DISCONTINUITY`] is one stretch. It takes memory for every gap, and none for what goes on.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Coverage {
    spans: Vec<Range<i64>>,
    /// So many are apart and in order; those behind them are as they came.
    settled: usize,
}

impl Coverage {
    /// The stretches.
    #[must_use]
    pub fn spans(&self) -> &[Range<i64>] {
        &self.spans
    }

    /// From the start of the first stretch to the end of the last.
    #[must_use]
    pub fn extent(&self) -> Option<Range<i64>> {
        Some(self.spans.first()?.start..self.spans.last()?.end)
    }

    /// What lies between the stretches.
    pub fn gaps(&self) -> impl Iterator<Item = Range<i64>> + '_ {
        self.spans.iter().zip(self.spans.iter().skip(1)).map(|(before, after)| before.end..after.start)
    }

    /// The stretches, or parts of them, that lie within a range.
    pub fn within(&self, range: Range<i64>) -> impl Iterator<Item = Range<i64>> + '_ {
        let first = self.spans.partition_point(|span| span.end <= range.start);
        let touching = self.spans.iter().skip(first).take_while(move |span| span.start < range.end);
        touching.map(move |span| span.start.max(range.start)..span.end.min(range.end))
    }

    /// How many milliseconds of a range are covered.
    #[must_use]
    pub fn covered_ms(&self, range: Range<i64>) -> i64 {
        self.within(range).fold(0_i64, |sum, span| sum.saturating_add(length(&span)))
    }

    /// How many milliseconds are covered in all.
    #[must_use]
    pub fn total_ms(&self) -> i64 {
        self.extent().map_or(0, |extent| self.covered_ms(extent))
    }

    /// Takes in a stretch. Those that come in order cost nothing more.
    pub(super) fn add(&mut self, span: Range<i64>) {
        if span.is_empty() {
            return;
        }
        match self.spans.last_mut() {
            Some(last) if span.start >= last.start && goes_on(last, &span) => last.end = last.end.max(span.end),
            _ => self.spans.push(span),
        }
        if self.spans.len() >= self.settled.saturating_mul(2).saturating_add(LOOSE) {
            self.settle();
        }
    }

    /// Puts them in order and joins those that touch.
    pub(super) fn settle(&mut self) {
        self.spans.sort_unstable_by_key(|span| (span.start, span.end));
        self.spans.dedup_by(|span, before| {
            let joined = goes_on(before, span);
            if joined {
                before.end = before.end.max(span.end);
            }
            joined
        });
        self.settled = self.spans.len();
    }
}

/// Whether a stretch that starts no earlier goes on where another ends, or within it.
fn goes_on(before: &Range<i64>, span: &Range<i64>) -> bool {
    span.start <= before.end.saturating_add(DISCONTINUITY.round_millis())
}

/// How long a range is.
pub(super) fn length(range: &Range<i64>) -> i64 {
    range.end.saturating_sub(range.start).max(0)
}

/// So many may wait to be put in order.
const LOOSE: usize = 1024;

#[cfg(test)]
mod tests {
    use super::*;

    fn coverage(spans: impl IntoIterator<Item = Range<i64>>) -> Coverage {
        let mut coverage = Coverage::default();
        spans.into_iter().for_each(|span| coverage.add(span));
        coverage.settle();
        coverage
    }

    #[test]
    fn what_touches_or_is_fifty_milliseconds_apart_is_one_stretch() {
        assert_eq!(coverage([0..10, 10..20, 70..80, 131..140]).spans(), [0..80, 131..140]);
    }

    #[test]
    fn the_order_in_which_stretches_come_does_not_matter() {
        let expected = coverage([0..1000, 2000..3000, 5000..6000]);
        assert_eq!(coverage([5000..6000, 2500..3000, 0..700, 2000..2600, 600..1000]), expected);
        assert_eq!(expected.gaps().collect::<Vec<_>>(), [1000..2000, 3000..5000]);
        assert_eq!((expected.total_ms(), expected.extent()), (3000, Some(0..6000)));
    }

    #[test]
    fn parts_within_a_range_are_cut_at_its_ends() {
        let coverage = coverage([0..1000, 2000..3000]);
        assert_eq!(coverage.within(500..2500).collect::<Vec<_>>(), [500..1000, 2000..2500]);
        assert_eq!((coverage.covered_ms(500..2500), coverage.covered_ms(1000..2000)), (1000, 0));
    }

    #[test]
    fn very_many_in_reverse_take_room_for_their_gaps_alone() {
        let mut coverage = Coverage::default();
        for at in (0..100_000_i64).rev() {
            coverage.add(at * 1000..at * 1000 + 1000);
            assert!(coverage.spans.len() <= LOOSE + 2);
        }
        coverage.settle();
        assert_eq!(coverage.spans(), std::slice::from_ref(&(0..100_000_000)));
    }
}
