//! How numbers are distributed, of any count of them, in little memory.

use std::collections::BTreeMap;

/// How many numbers there are of each size: exact as long as there are few different ones, and then coarser step by step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Distribution {
    /// At most so many different numbers are told apart.
    most: usize,
    /// Numbers are told apart by what is left of them without so many bits.
    shift: u32,
    counts: BTreeMap<i64, u64>,
    count: u64,
    sum: i128,
    ends: Option<(i64, i64)>,
}

impl Distribution {
    pub(super) fn new(most: usize) -> Self {
        Distribution { most: most.max(2), shift: 0, counts: BTreeMap::new(), count: 0, sum: 0, ends: None }
    }

    pub(super) fn add(&mut self, value: i64, times: u64) {
        if times == 0 {
            return;
        }
        self.count = self.count.saturating_add(times);
        self.sum = self.sum.saturating_add(i128::from(value) * i128::from(times));
        let (least, greatest) = self.ends.unwrap_or((value, value));
        self.ends = Some((least.min(value), greatest.max(value)));
        let count = self.counts.entry(value >> self.shift).or_default();
        *count = count.saturating_add(times);
        while self.counts.len() > self.most {
            self.coarsen();
        }
    }

    fn coarsen(&mut self) {
        self.shift += 1;
        for (value, times) in std::mem::take(&mut self.counts) {
            *self.counts.entry(value >> 1).or_default() += times;
        }
    }

    /// Takes in the numbers of another one.
    pub(super) fn merge(&mut self, other: &Distribution) {
        let Some((least, greatest)) = other.ends else { return };
        while self.shift < other.shift {
            self.coarsen();
        }
        for (value, times) in &other.counts {
            *self.counts.entry(value >> (self.shift - other.shift)).or_default() += times;
        }
        while self.counts.len() > self.most {
            self.coarsen();
        }
        self.count = self.count.saturating_add(other.count);
        self.sum = self.sum.saturating_add(other.sum);
        let (low, high) = self.ends.unwrap_or((least, greatest));
        self.ends = Some((low.min(least), high.max(greatest)));
    }

    /// How many numbers there are.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.count
    }

    /// The least one.
    #[must_use]
    pub fn least(&self) -> Option<i64> {
        self.ends.map(|(least, _)| least)
    }

    /// The greatest one.
    #[must_use]
    pub fn greatest(&self) -> Option<i64> {
        self.ends.map(|(_, greatest)| greatest)
    }

    /// Their mean, rounded down.
    #[must_use]
    pub fn mean(&self) -> Option<i64> {
        let count = i128::from(self.count);
        if count == 0 { None } else { i64::try_from(self.sum.div_euclid(count)).ok() }
    }

    /// The number that so many of a hundred do not exceed, by the nearest rank; too small by less than
    /// [`resolution`](Distribution::resolution).
    #[must_use]
    pub fn percentile(&self, percent: u8) -> Option<i64> {
        let (least, greatest) = self.ends?;
        let rank = (u128::from(self.count) * u128::from(percent.min(100))).div_ceil(100).max(1);
        let mut passed = 0_u128;
        let reached = self.counts.iter().find(|(_, times)| {
            passed += u128::from(**times);
            passed >= rank
        });
        reached.map(|(value, _)| (value << self.shift).clamp(least, greatest))
    }

    /// The one in the middle: the percentile 50.
    #[must_use]
    pub fn median(&self) -> Option<i64> {
        self.percentile(50)
    }

    /// How far numbers may be apart that are not told apart: 1 if all are.
    #[must_use]
    pub fn resolution(&self) -> i64 {
        1_i64.checked_shl(self.shift).map_or(i64::MAX, |resolution| resolution.max(1))
    }

    /// The numbers in order, each with how many there are of it.
    pub fn counts(&self) -> impl Iterator<Item = (i64, u64)> + '_ {
        self.counts.iter().map(|(value, times)| (value << self.shift, *times))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(most: usize, values: impl IntoIterator<Item = i64>) -> Distribution {
        let mut distribution = Distribution::new(most);
        values.into_iter().for_each(|value| distribution.add(value, 1));
        distribution
    }

    #[test]
    fn few_different_numbers_are_exact() {
        let distribution = of(100, (1..=100).rev());
        assert_eq!(
            (distribution.least(), distribution.greatest(), distribution.mean()),
            (Some(1), Some(100), Some(50))
        );
        let percentiles = [0, 1, 50, 95, 100].map(|percent| distribution.percentile(percent).unwrap());
        assert_eq!((percentiles, distribution.resolution()), ([1, 1, 50, 95, 100], 1));
        assert_eq!(of(9, []).median(), None);
    }

    #[test]
    fn very_many_take_little_room_and_stay_as_near_as_is_said() {
        let distribution = of(64, (-5000..5000).map(|value| value * 7 % 5000));
        assert!(distribution.counts().count() <= 64);
        let off = distribution.percentile(95).unwrap() - 4500;
        assert!(off.abs() <= distribution.resolution() && distribution.resolution() <= 256, "{off}");
        assert_eq!(distribution.counts().map(|(_, times)| times).sum::<u64>(), 10_000);
    }

    #[test]
    fn numbers_at_both_ends_of_all_are_taken() {
        let distribution = of(2, [i64::MIN, i64::MAX, 0, -1, i64::MIN + 1]);
        assert_eq!((distribution.percentile(1), distribution.percentile(100)), (Some(i64::MIN), Some(0)));
        assert_eq!((distribution.count(), distribution.greatest()), (5, Some(i64::MAX)));
    }

    #[test]
    fn merged_is_as_if_all_had_come_to_one() {
        let mut merged = of(16, 0..40);
        merged.merge(&of(16, 1000..1500));
        merged.merge(&of(16, []));
        assert_eq!(merged, of(16, (0..40).chain(1000..1500)));
    }
}
