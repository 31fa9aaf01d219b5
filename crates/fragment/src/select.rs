//! Which fragments a request means: the service's rule, for every operation alike.

use std::collections::HashMap;

use crate::fragment::Head;
use crate::number::FragmentNumber;
use crate::time::Timestamp;

/// Which of a fragment's two times a request speaks of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum TimestampType {
    /// When the producer made it.
    #[default]
    Producer,
    /// When the service received it.
    Server,
}

/// Selects fragments by the time they start at.
///
/// A fragment is in if its start lies within `from` and `to`, both included; one that begins before `from` and reaches into
/// the range is out, as it is at the service, unless `include_overlap` is set. What is selected is sorted by that time, then
/// by number. Of fragments that start at the same producer time, the one with the largest number is taken; a fragment that
/// is in the input twice is taken once.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Selector {
    /// The time that counts.
    pub by: TimestampType,
    /// Earliest start; all from the first where there is none.
    pub from: Option<Timestamp>,
    /// Latest start; all up to the last where there is none.
    pub to: Option<Timestamp>,
    /// Also take the fragment that begins before `from` and reaches into the range.
    pub include_overlap: bool,
    /// Also take fragments that are cut off, as far as they go.
    pub include_cut: bool,
}

impl Selector {
    /// The time of a fragment that counts, if it has one.
    #[must_use]
    pub fn time(&self, head: &Head) -> Option<Timestamp> {
        match self.by {
            TimestampType::Producer => head.producer_timestamp,
            TimestampType::Server => head.server_timestamp,
        }
    }

    /// Whether a time lies within the range, both ends included.
    #[must_use]
    pub fn is_within(&self, time: Timestamp) -> bool {
        self.from.is_none_or(|from| from <= time) && self.to.is_none_or(|to| time <= to)
    }

    /// Whether a fragment can be selected at all: it has media, is whole, and has the time that counts.
    #[must_use]
    pub fn is_candidate(&self, head: &Head) -> bool {
        let cut = matches!(head.completeness, crate::Completeness::Cut { .. });
        (head.is_whole() || (self.include_cut && cut)) && head.frame_count() > 0 && self.time(head).is_some()
    }

    /// The indices of the selected fragments, in order.
    #[must_use]
    pub fn select(&self, heads: &[Head]) -> Vec<usize> {
        self.select_by(heads.len(), |index| heads.get(index))
    }

    /// As [`select`](Selector::select), over `count` heads that are kept in any form.
    pub fn select_by<'h>(&self, count: usize, head: impl Fn(usize) -> Option<&'h Head>) -> Vec<usize> {
        let mut timed: Vec<(Timestamp, Option<&FragmentNumber>, usize)> = (0..count)
            .filter_map(|index| {
                let head = head(index).filter(|head| self.is_candidate(head))?;
                Some((self.time(head)?, head.number.as_ref(), index))
            })
            .collect();
        timed.sort();
        let mut seen: HashMap<&FragmentNumber, ()> = HashMap::with_capacity(timed.len());
        timed.retain(|(_, number, _)| number.is_none_or(|number| seen.insert(number, ()).is_none()));
        if self.by == TimestampType::Producer {
            // The sort puts the largest number last among equals.
            timed = dedup_keeping_last(timed);
        }
        let first = self.from.map_or(0, |from| timed.partition_point(|(time, ..)| *time < from));
        let end = self.to.map_or(timed.len(), |to| timed.partition_point(|(time, ..)| *time <= to));
        let mut selected: Vec<usize> =
            timed.get(first..end).unwrap_or_default().iter().map(|(.., index)| *index).collect();
        if let (true, Some(from)) = (self.include_overlap, self.from)
            && let Some((time, _, index)) = first.checked_sub(1).and_then(|before| timed.get(before))
        {
            let duration = head(*index).map_or(0, Head::duration_ms);
            if time.as_millis().saturating_add(duration) > from.as_millis() {
                selected.insert(0, *index);
            }
        }
        selected
    }
}

fn dedup_keeping_last<A: PartialEq, B, C>(sorted: Vec<(A, B, C)>) -> Vec<(A, B, C)> {
    let mut kept: Vec<(A, B, C)> = Vec::with_capacity(sorted.len());
    for item in sorted {
        match kept.last_mut() {
            Some(last) if last.0 == item.0 => *last = item,
            _ => kept.push(item),
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fragment::{Completeness, FrameCount};
    use crate::time::Nanos;

    fn head(number: u64, producer_s: i64, server_s: i64) -> Head {
        Head {
            number: Some(number.into()),
            producer_timestamp: Some(Timestamp::from_millis(producer_s * 1000)),
            server_timestamp: Some(Timestamp::from_millis(server_s * 1000)),
            completeness: Completeness::Complete,
            frame_counts: vec![FrameCount {
                track: 1,
                frames: 50,
                key_frames: 1,
                bytes: 1,
                first: Nanos::ZERO,
                last: Nanos::from_millis(1960),
            }],
            span: Some((Nanos::ZERO, Nanos::from_millis(1960))),
            ..Head::empty(0)
        }
    }

    fn range(from: i64, to: i64) -> Selector {
        let at = |seconds| Some(Timestamp::from_millis(seconds * 1000));
        Selector { from: at(from), to: at(to), ..Selector::default() }
    }

    #[test]
    fn starts_within_the_range_are_selected_as_the_documentation_has_it() {
        // Starts at 00, 02, 04, 06 with the range 01 to 04 give 02 and 04.
        let heads: Vec<_> = [0, 2, 4, 6].map(|second| head(10 + second, second.cast_signed(), 100)).into();
        assert_eq!(range(1, 4).select(&heads), [1, 2]);
        assert_eq!(Selector { include_overlap: true, ..range(1, 4) }.select(&heads), [0, 1, 2]);
        assert_eq!(Selector { include_overlap: true, ..range(2, 4) }.select(&heads), [1, 2]);
        // The last frame of the first fragment is at 1.96 and lasts up to 2.00.
        let within_last_frame = Some(Timestamp::from_millis(1980));
        let selector = Selector { include_overlap: true, from: within_last_frame, ..range(2, 4) };
        assert_eq!(selector.select(&heads), [0, 1, 2]);
        assert_eq!(range(7, 9).select(&heads), [0_usize; 0]);
        assert_eq!(Selector { include_overlap: true, ..range(7, 9) }.select(&heads), [3]);
    }

    #[test]
    fn fragments_come_in_order_of_time_then_number() {
        let heads = [head(9, 4, 7), head(10, 2, 7), head(8, 0, 7)];
        assert_eq!(Selector::default().select(&heads), [2, 1, 0]);
        let by_server = Selector { by: TimestampType::Server, ..Selector::default() };
        assert_eq!(by_server.select(&heads), [2, 0, 1]);
    }

    #[test]
    fn of_equal_producer_times_the_largest_number_is_taken() {
        let heads = [head(100, 2, 1), head(9, 2, 2), head(11, 4, 3)];
        assert_eq!(Selector::default().select(&heads), [0, 2]);
        let by_server = Selector { by: TimestampType::Server, ..Selector::default() };
        assert_eq!(by_server.select(&heads), [0, 1, 2]);
    }

    #[test]
    fn a_fragment_that_is_there_twice_is_taken_once() {
        let heads = [head(1, 2, 1), head(1, 2, 1)];
        for by in [TimestampType::Producer, TimestampType::Server] {
            assert_eq!(Selector { by, ..Selector::default() }.select(&heads).len(), 1);
        }
    }

    #[test]
    fn cut_fragments_are_left_out_unless_asked_for() {
        let mut cut = head(1, 2, 1);
        cut.completeness = Completeness::Cut { offset: 9 };
        let heads = [cut];
        assert!(Selector::default().select(&heads).is_empty());
        assert_eq!(Selector { include_cut: true, ..Selector::default() }.select(&heads), [0]);
    }
}
