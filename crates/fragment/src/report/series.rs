//! What happens over time, in bins that grow wider as the stream grows longer.

use std::collections::BTreeMap;
use std::ops::Range;

use super::coverage::length;
use super::distribution::Distribution;

/// A stretch of time and what there is in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bin {
    /// Where it starts, in milliseconds since the epoch; it is [`Report::bin_ms`](super::Report::bin_ms) long.
    pub start_ms: i64,
    /// How many fragments start in it.
    pub fragments: u64,
    /// What it holds of each of [`Report::tracks`](super::Report::tracks); tracks without media up to here may be missing at the
    /// end.
    pub tracks: Vec<BinTrack>,
    /// Server timestamp less producer timestamp of the fragments that start in it, in milliseconds.
    pub delay_ms: Distribution,
}

/// What a bin holds of one track. Of a fragment that lies in several bins, each has its share by time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct BinTrack {
    /// Bytes of payload.
    pub bytes: u64,
    /// Thousandths of frames.
    pub milliframes: u64,
    /// How long the media lasts in it; more than the bin where fragments overlap.
    pub media_ms: i64,
}

impl BinTrack {
    /// Bits a second while there is media.
    #[must_use]
    pub fn bits_per_second(&self) -> Option<u64> {
        rate(self.bytes, 8000, self.media_ms)
    }

    /// Thousandths of frames a second while there is media.
    #[must_use]
    pub fn milliframes_per_second(&self) -> Option<u64> {
        rate(self.milliframes, 1000, self.media_ms)
    }

    fn merge(&mut self, other: &BinTrack) {
        self.bytes = self.bytes.saturating_add(other.bytes);
        self.milliframes = self.milliframes.saturating_add(other.milliframes);
        self.media_ms = self.media_ms.saturating_add(other.media_ms);
    }
}

/// `amount` times `factor` by the milliseconds, if there are any.
pub(super) fn rate(amount: u64, factor: u64, ms: i64) -> Option<u64> {
    let ms = u128::try_from(ms).ok().filter(|&ms| ms > 0)?;
    u64::try_from(u128::from(amount) * u128::from(factor) / ms).ok()
}

/// The bins that there is something in.
#[derive(Debug)]
pub(super) struct Series {
    max_bins: i64,
    width_ms: i64,
    extent: Option<Range<i64>>,
    bins: BTreeMap<i64, Bin>,
}

impl Series {
    pub(super) fn new(max_bins: usize) -> Self {
        let max_bins = i64::try_from(max_bins).unwrap_or(i64::MAX).max(1);
        Series { max_bins, width_ms: 1000, extent: None, bins: BTreeMap::new() }
    }

    /// A fragment that starts at this time, with how much later the service received it.
    pub(super) fn add_fragment(&mut self, start_ms: i64, delay_ms: Option<i64>) {
        self.make_room(&(start_ms..start_ms.saturating_add(1)));
        let bin = self.bin(start_ms.div_euclid(self.width_ms));
        bin.fragments += 1;
        if let Some(delay_ms) = delay_ms {
            bin.delay_ms.add(delay_ms, 1);
        }
    }

    /// Media of a track, by its place in [`Report::tracks`](super::Report::tracks).
    pub(super) fn add_media(&mut self, track: usize, span: &Range<i64>, bytes: u64, frames: u64) {
        if span.is_empty() {
            return;
        }
        self.make_room(span);
        let (width, whole) = (self.width_ms, length(span));
        let last = span.end.saturating_sub(1).div_euclid(width);
        for index in span.start.div_euclid(width)..=last {
            let start = index.saturating_mul(width);
            let (from, to) = (span.start.max(start), span.end.min(start.saturating_add(width)));
            let (from, to) = (from.saturating_sub(span.start), to.saturating_sub(span.start));
            let share = |amount| part(amount, to, whole).saturating_sub(part(amount, from, whole));
            let more = BinTrack {
                bytes: share(bytes),
                milliframes: share(frames.saturating_mul(1000)),
                media_ms: to.saturating_sub(from).max(0),
            };
            let tracks = &mut self.bin(index).tracks;
            if tracks.len() <= track {
                tracks.resize(track.saturating_add(1), BinTrack::default());
            }
            if let Some(there) = tracks.get_mut(track) {
                there.merge(&more);
            }
        }
    }

    fn bin(&mut self, index: i64) -> &mut Bin {
        let start_ms = index.saturating_mul(self.width_ms);
        self.bins.entry(index).or_insert_with(|| empty(start_ms))
    }

    /// Makes bins wider until there are few enough between the ends of everything.
    fn make_room(&mut self, span: &Range<i64>) {
        let extent = self.extent.clone().unwrap_or_else(|| span.clone());
        let extent = extent.start.min(span.start)..extent.end.max(span.end);
        let last = extent.end.saturating_sub(1);
        let bins = |width: i64| last.div_euclid(width).saturating_sub(extent.start.div_euclid(width));
        let before = self.width_ms;
        while bins(self.width_ms) >= self.max_bins {
            self.width_ms = wider(self.width_ms);
        }
        self.extent = Some(extent);
        if self.width_ms == before {
            return;
        }
        self.bins = put_together(std::mem::take(&mut self.bins).into_values(), self.width_ms);
    }

    pub(super) fn finish(self) -> (i64, Vec<Bin>) {
        (self.width_ms, self.bins.into_values().collect())
    }
}

/// The next width, which holds this one a whole number of times.
pub(super) fn wider(width_ms: i64) -> i64 {
    let wider = WIDTHS_S.iter().map(|seconds| seconds * 1000).find(|width| *width > width_ms);
    wider.unwrap_or(width_ms.saturating_mul(2))
}

/// Bins in wider ones.
pub(super) fn put_together(bins: impl Iterator<Item = Bin>, width_ms: i64) -> BTreeMap<i64, Bin> {
    let mut together: BTreeMap<i64, Bin> = BTreeMap::new();
    for bin in bins {
        let index = bin.start_ms.div_euclid(width_ms);
        let into = together.entry(index).or_insert_with(|| empty(index.saturating_mul(width_ms)));
        into.fragments = into.fragments.saturating_add(bin.fragments);
        into.delay_ms.merge(&bin.delay_ms);
        if into.tracks.len() < bin.tracks.len() {
            into.tracks.resize(bin.tracks.len(), BinTrack::default());
        }
        into.tracks.iter_mut().zip(&bin.tracks).for_each(|(into, from)| into.merge(from));
    }
    together
}

fn empty(start_ms: i64) -> Bin {
    Bin { start_ms, fragments: 0, tracks: Vec::new(), delay_ms: Distribution::new(DELAYS_IN_A_BIN) }
}

/// What the first `of` milliseconds out of `whole` have of an amount.
fn part(amount: u64, of: i64, whole: i64) -> u64 {
    let (of, whole) = (u128::from(of.unsigned_abs()), u128::from(whole.unsigned_abs()).max(1));
    u64::try_from(u128::from(amount) * of / whole).unwrap_or(u64::MAX)
}

/// How wide bins are, in seconds.
const WIDTHS_S: [i64; 13] = [1, 2, 10, 30, 60, 120, 600, 1800, 3600, 7200, 21_600, 43_200, 86_400];

/// So many delays are told apart in one bin.
const DELAYS_IN_A_BIN: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fragment_gives_each_bin_its_share_and_nothing_is_lost() {
        let mut series = Series::new(100);
        series.add_media(1, &(500..3000), 1001, 25);
        let (width, bins) = series.finish();
        let of = |at: usize| (bins[at].start_ms, bins[at].tracks[1].bytes, bins[at].tracks[1].media_ms);
        assert_eq!(
            (width, bins.len(), of(0), of(1), of(2)),
            (1000, 3, (0, 200, 500), (1000, 400, 1000), (2000, 401, 1000))
        );
        assert_eq!(bins[1].tracks[1].milliframes_per_second(), Some(10_000));
        assert_eq!(bins[1].tracks[0], BinTrack::default());
    }

    #[test]
    fn bins_grow_wider_and_keep_what_they_hold() {
        let mut series = Series::new(50);
        for at in 0..10_000 {
            series.add_fragment(at * 2000, Some(500));
            series.add_media(0, &(at * 2000..at * 2000 + 2000), 1000, 50);
        }
        let (width, bins) = series.finish();
        assert_eq!((width, bins.len()), (600_000, 34));
        assert_eq!(bins.iter().map(|bin| bin.tracks[0].bytes).sum::<u64>(), 10_000_000);
        assert_eq!(bins.iter().map(|bin| bin.fragments).sum::<u64>(), 10_000);
        assert!(bins.iter().all(|bin| bin.tracks[0].bits_per_second() == Some(4000)));
    }

    #[test]
    fn times_at_both_ends_of_all_take_few_bins() {
        let mut series = Series::new(10);
        series.add_media(0, &(i64::MIN..i64::MAX), 10, 1);
        series.add_media(0, &(0..1), 10, 1);
        assert!(series.finish().1.len() <= 10);
    }

    #[test]
    fn each_width_holds_the_one_before_a_whole_number_of_times() {
        assert!(WIDTHS_S.windows(2).all(|pair| pair[1] % pair[0] == 0));
    }
}
