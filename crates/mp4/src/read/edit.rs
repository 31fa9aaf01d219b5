//! Edit lists (ISO/IEC 14496-12:2015, 8.6.6), stepped through where they lie
//! in the file.

use bytes::Bytes;

use super::Remark;
use super::entry::slice;
use crate::reader::Reader;

/// The entries of an `elst` box.
#[derive(Clone, Debug, Default)]
pub(super) struct EditList {
    entries: Bytes,
    wide: bool,
    offset: u64,
    movie_timescale: u32,
    timescale: u32,
}

/// One stretch of media, in the timescale of the track.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Segment {
    /// Composition time that it begins at.
    pub(super) media_time: i64,
    /// What turns times of the media into those of the presentation.
    pub(super) shift: i64,
    /// Time of the media that it ends at; none if it takes all that there is.
    pub(super) end: Option<i64>,
}

/// How far one is in a list.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct InEdits {
    next: usize,
    /// How long all before lasts, in the timescale of the movie.
    presented: u64,
    /// Where the last segment ended.
    media_end: i64,
    told: bool,
}

impl EditList {
    /// Reads an `elst` box. `timescale` is that of the track.
    pub(super) fn read(mut elst: Reader<'_>, data: &Bytes, movie_timescale: u32, timescale: u32) -> EditList {
        let offset = elst.offset();
        let Ok((version, _)) = elst.full_box(1) else { return EditList::default() };
        let Ok(count) = elst.u32("entry_count") else { return EditList::default() };
        let wide = version == 1;
        let entries = slice(data, &elst);
        let announced = usize::try_from(u64::from(count) * if wide { 20 } else { 12 }).unwrap_or(usize::MAX);
        let entries = entries.slice(..announced.min(entries.len()));
        EditList { entries, wide, offset, movie_timescale, timescale }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.get(0).is_none()
    }

    /// The entry with this index: its duration, where in the media it begins (-1 for nowhere), and its rate.
    fn get(&self, index: usize) -> Option<(u64, i64, u32)> {
        let bytes = if self.wide { 20 } else { 12 };
        let entry = self.entries.get(index.checked_mul(bytes)?..)?;
        let mut entry = Reader::new(entry, 0, "elst");
        let wide = u8::from(self.wide);
        let duration = entry.by_version(wide, "segment_duration").ok()?;
        let media_time =
            if self.wide { entry.i64("media_time") } else { entry.i32("media_time").map(i64::from) }.ok()?;
        Some((duration, media_time, entry.u32("media_rate").ok()?))
    }

    /// A span of the movie in ticks of the track.
    fn rescale(&self, duration: u64) -> i64 {
        let movie = u128::from(self.movie_timescale.max(1));
        let ticks = (u128::from(duration) * u128::from(self.timescale) + movie / 2) / movie;
        i64::try_from(ticks).unwrap_or(i64::MAX)
    }

    /// Where all of the media is moved to by the first edit, for files whose edits do not end it.
    pub(super) fn shift(&self) -> i64 {
        let mut at = InEdits::default();
        at.next(self, &mut Vec::new()).map_or(0, |segment| segment.shift)
    }
}

impl InEdits {
    /// The next stretch of media. Those that go back are left out and told of once.
    pub(super) fn next(&mut self, list: &EditList, remarks: &mut Vec<Remark>) -> Option<Segment> {
        loop {
            let (duration, media_time, rate) = list.get(self.next)?;
            self.next += 1;
            let presented = self.presented;
            self.presented = presented.saturating_add(duration);
            let is_last = list.get(self.next).is_none();
            // Nothing is shown, or one picture for as long: neither is media.
            if media_time < 0 || rate == 0 || (duration == 0 && !is_last) {
                continue;
            }
            // Two that follow each other may be a tick apart by rounding.
            if media_time.saturating_add(list.rescale(1)) < self.media_end {
                if !self.told {
                    self.told = true;
                    remarks.push(Remark {
                        offset: list.offset,
                        path: "moov > trak > edts > elst",
                        message: "an edit goes back to media that was shown before; it is left out (8.6.6)".into(),
                        loses_media: true,
                    });
                }
                continue;
            }
            let shift = list.rescale(presented).saturating_sub(media_time);
            self.media_end = media_time.saturating_add(list.rescale(duration));
            let end = (duration > 0).then_some(self.media_end);
            return Some(Segment { media_time, shift, end });
        }
    }
}
