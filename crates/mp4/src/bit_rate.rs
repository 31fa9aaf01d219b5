//! The busiest second of a track, found while its samples come in.

/// The largest number of bytes whose samples begin within one second of
/// decode time, over the whole seconds counted from the track's start.
///
/// ISO/IEC 14496-1 (7.2.6.6) means any window of one second; the aligned
/// windows counted here need no queue of samples, and the figure is a hint.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct BusiestSecond {
    window_start: u64,
    window_bytes: u64,
    most_bytes: u64,
}

impl BusiestSecond {
    /// Counts `count` equal samples that begin at `time` and follow each
    /// other at `duration`.
    #[inline]
    pub(crate) fn add(&mut self, timescale: u32, time: u64, count: u32, size: u32, duration: u32) {
        let timescale = u64::from(timescale.max(1));
        let (count, size, duration) = (u64::from(count), u64::from(size), u64::from(duration));
        let behind_window = self.window_start.saturating_add(timescale);
        if time >= behind_window {
            self.open_window(time - time % timescale);
        }
        if count == 1 {
            self.window_bytes = self.window_bytes.saturating_add(size);
            return;
        }
        let window_end = self.window_start.saturating_add(timescale);
        let inside = starts_before(window_end - time.min(window_end), duration).min(count);
        self.window_bytes = self.window_bytes.saturating_add(inside.saturating_mul(size));
        let rest = count - inside;
        if rest == 0 {
            return;
        }
        // The run goes on past this second: its full seconds are all alike,
        // so only the one that it ends in is opened.
        let last_start = time.saturating_add((count - 1).saturating_mul(duration));
        let full_second = starts_before(timescale, duration).min(rest);
        self.most_bytes = self.most_bytes.max(full_second.saturating_mul(size));
        let last_window = last_start - last_start % timescale;
        self.open_window(last_window);
        let in_last = starts_before(last_start - last_window + 1, duration).min(rest);
        self.window_bytes = in_last.saturating_mul(size);
    }

    /// Counts samples of these sizes that begin at `time` and follow each other at `duration`.
    pub(crate) fn add_sizes(&mut self, timescale: u32, mut time: u64, mut sizes: &[u32], duration: u32) {
        let timescale = u64::from(timescale.max(1));
        let duration = u64::from(duration);
        while !sizes.is_empty() {
            let behind_window = self.window_start.saturating_add(timescale);
            if time >= behind_window {
                self.open_window(time - time % timescale);
            }
            let window_end = self.window_start.saturating_add(timescale);
            let inside = starts_before(window_end - time.min(window_end), duration);
            let inside = usize::try_from(inside).unwrap_or(usize::MAX).clamp(1, sizes.len());
            let (within, behind) = sizes.split_at_checked(inside).unwrap_or((sizes, &[]));
            self.window_bytes = self.window_bytes.saturating_add(total(within));
            time = time.saturating_add(duration.saturating_mul(u64::try_from(inside).unwrap_or(u64::MAX)));
            sizes = behind;
        }
    }

    fn open_window(&mut self, start: u64) {
        self.most_bytes = self.most_bytes.max(self.window_bytes);
        self.window_start = start;
        self.window_bytes = 0;
    }

    /// The bytes of the busiest second so far.
    pub(crate) fn bytes(&self) -> u64 {
        self.most_bytes.max(self.window_bytes)
    }
}

/// The sum of sizes, of which a table holds less than 2^30.
pub(crate) fn total(sizes: &[u32]) -> u64 {
    // Without a check for overflow at each of them, which would keep them from being added several at a time.
    sizes.iter().fold(0, |sum: u64, &size| sum.wrapping_add(size.into()))
}

/// How many samples of `duration` begin within `span`, the first at its start.
fn starts_before(span: u64, duration: u64) -> u64 {
    match span.checked_div(duration) {
        Some(whole) => whole + u64::from(!span.is_multiple_of(duration)),
        None => u64::MAX, // they all begin at once
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_second_with_the_most_bytes_wins() {
        let mut busiest = BusiestSecond::default();
        for (time, size) in [(0, 10), (500, 10), (1000, 15), (1999, 6), (2000, 20)] {
            busiest.add(1000, time, 1, size, 500);
        }
        assert_eq!(busiest.bytes(), 21);
    }

    #[test]
    fn sizes_count_as_samples_do_one_by_one() {
        let sizes: Vec<u32> = (0..500_u32).map(|n| n * 7919 % 1000).collect();
        for (start, duration) in [(0, 0), (7, 1), (0, 160), (8100, 333), (3, 9000), (0, 8000), (123_456, 20_000)] {
            let mut whole = BusiestSecond::default();
            let mut single = BusiestSecond::default();
            whole.add_sizes(8000, start, &sizes[..300], duration);
            whole.add_sizes(8000, start + 300 * u64::from(duration), &sizes[300..], duration);
            for (&size, n) in sizes.iter().zip(0..) {
                single.add(8000, start + n * u64::from(duration), 1, size, duration);
            }
            assert_eq!(whole, single, "{start} {duration}");
        }
    }

    #[test]
    fn a_run_counts_as_its_samples_do_one_by_one() {
        for (count, duration) in [(1, 0), (5000, 0), (8000, 1), (30_000, 1), (77, 160), (9, 20_000)] {
            let mut whole = BusiestSecond::default();
            let mut single = BusiestSecond::default();
            whole.add(8000, 3000, count, 3, duration);
            whole.add(8000, 3000 + u64::from(count * duration), 10, 3, duration);
            for n in 0..u64::from(count) + 10 {
                single.add(8000, 3000 + n * u64::from(duration), 1, 3, duration);
            }
            assert_eq!(whole.bytes(), single.bytes(), "{count} of {duration}");
        }
    }

    #[test]
    fn the_longest_run_is_counted_at_once() {
        let mut busiest = BusiestSecond::default();
        busiest.add(1, 0, u32::MAX, u32::MAX, u32::MAX);
        busiest.add(0, u64::MAX, u32::MAX, u32::MAX, u32::MAX);
        assert_eq!(busiest.bytes(), u64::from(u32::MAX));
    }
}
