//! Thumbnails of a stream while it comes in: each picture as soon as its fragment is there, with no more than that in memory.

use std::ops::Range;

use bytes::Bytes;
use fragkit_fragment::{Finding, Fragment, Selector, Timestamp};

use crate::error::Error;
use crate::grid::{Boundaries, Page};
use crate::render::Encoded;
use crate::request::{Pick, Request};
use crate::sampler::{Plan, Sampled, Sampler};

/// Takes fragments as they come and gives the pictures of [`Pick::NextKeyframe`]: of the first key frame at or after each time
/// of the grid.
///
/// Of a stream whose fragments come in the order of their times, these are the pictures that a [`Sampler`] gives of it. Where
/// one comes late, its key frames are left out; and of fragments with equal times, the first is taken and not that with the
/// largest number. A key frame that can be decoded only with frames of the fragment before (a recovery point of gradual
/// refresh) is decoded as far as its own fragment allows.
///
/// Pages are not known here: [`Request::max_results`] and [`Request::next_token`] are left aside, and of
/// [`Request::service_limits`] those of the range and of pages.
#[derive(Debug)]
pub struct Thumbnailer {
    sampler: Sampler,
    boundaries: Option<Boundaries>,
}

impl Thumbnailer {
    /// Thumbnails for this request, whatever its [`Pick`].
    ///
    /// # Errors
    ///
    /// If the request asks for what cannot be or is not allowed.
    pub fn new(request: Request) -> Result<Self, Error> {
        request.check()?;
        let sampler = Sampler::new(Request { pick: Pick::NextKeyframe, ..request });
        Ok(Thumbnailer { sampler, boundaries: None })
    }

    /// Takes in the next fragment, whose frames have their payload, and gives its pictures.
    pub fn push(&mut self, fragment: &Fragment) -> Vec<Sampled<Encoded>> {
        let Some(start) = self.start_if_selected(fragment) else { return Vec::new() };
        let Sampler { request, survey } = &mut self.sampler;
        survey.clear();
        survey.add(fragment);
        let boundaries = self.boundaries.get_or_insert_with(|| Boundaries::new(request, start));
        let slots = boundaries.slots(request, survey, &[0]);
        if slots.is_empty() {
            return Vec::new();
        }
        let total = u64::try_from(slots.len()).unwrap_or(u64::MAX);
        let plan = Plan::new(&self.sampler, Page { slots, next_token: None, total });
        let stored = Stored::new(fragment);
        plan.images(&|range| stored.read(range)).collect()
    }

    /// What was repaired of private data or cannot be used, since this was asked the last time.
    pub fn take_findings(&mut self) -> Vec<Finding> {
        self.sampler.take_findings()
    }

    /// Ends the stream.
    ///
    /// # Errors
    ///
    /// If no fragment was selected and the request does not say from when to when pictures are to be.
    pub fn finish(self) -> Result<(), Error> {
        let Selector { from, to, .. } = self.sampler.request.selector;
        if self.boundaries.is_none() && (from.is_none() || to.is_none()) {
            return Err(Error::nothing_selected());
        }
        Ok(())
    }

    /// The start of a fragment that is selected, as far as this can be said of it alone.
    fn start_if_selected(&self, fragment: &Fragment) -> Option<Timestamp> {
        let selector = &self.sampler.request.selector;
        let selected = selector.select_by(1, |_| Some(&fragment.head));
        selected.first().and_then(|_| selector.time(&fragment.head))
    }
}

/// The frames of a fragment as if they were still in the input.
struct Stored(Vec<(u64, Bytes)>);

impl Stored {
    fn new(fragment: &Fragment) -> Self {
        let stored = |frame: &fragkit_fragment::Frame| {
            let bytes = frame.payload.get(frame.stripped..).map(|stored| frame.payload.slice_ref(stored));
            (frame.offset, bytes.unwrap_or_default())
        };
        let mut frames: Vec<(u64, Bytes)> = fragment.frames.iter().map(stored).collect();
        frames.sort_by_key(|(offset, _)| *offset);
        Stored(frames)
    }

    /// What is there of a range; ranges are those of frames.
    fn read(&self, range: Range<u64>) -> Bytes {
        let behind = self.0.partition_point(|(offset, _)| *offset <= range.start);
        let Some((offset, bytes)) = behind.checked_sub(1).and_then(|at| self.0.get(at)) else { return Bytes::new() };
        let within = |at: u64| usize::try_from(at - offset).unwrap_or(usize::MAX).min(bytes.len());
        bytes.slice(within(range.start)..within(range.end.max(range.start)))
    }
}

#[cfg(test)]
mod tests {
    use fragkit_fragment::TimestampType;
    use fragkit_fragment::mkv::TrackType;

    use super::*;
    use crate::error::ErrorKind;
    use crate::request::Format;
    use crate::testing::{chunk, fragments, ten_a_second, testdata};

    /// Times, frames and files of the pictures, from the whole stream and as it comes.
    type Taken = Vec<(Timestamp, Option<crate::FrameInfo>, Option<Bytes>)>;

    fn taken(pictures: impl IntoIterator<Item = Sampled<Encoded>>) -> Taken {
        let taken = |it: Sampled<Encoded>| (it.timestamp, it.frame, it.picture.ok().map(|picture| picture.bytes));
        pictures.into_iter().map(taken).collect()
    }

    fn both(request: &Request, stream: &Bytes) -> (Taken, Taken) {
        let mut sampler = Sampler::new(Request { pick: Pick::NextKeyframe, ..request.clone() });
        let mut thumbnailer = Thumbnailer::new(request.clone()).unwrap();
        let mut live = Vec::new();
        for fragment in fragments(stream.clone()) {
            sampler.add(&fragment);
            live.extend(thumbnailer.push(&fragment));
        }
        let at = |at: u64| usize::try_from(at).unwrap().min(stream.len());
        let read = |range: Range<u64>| stream.slice(at(range.start)..at(range.end));
        let whole = match sampler.plan() {
            Ok(plan) => taken(plan.images(&read)),
            Err(error) => {
                assert_eq!(thumbnailer.finish(), Err(error));
                return (Vec::new(), taken(live));
            }
        };
        assert_eq!(thumbnailer.finish(), Ok(()));
        (whole, taken(live))
    }

    #[test]
    fn a_stream_gives_the_same_pictures_as_it_comes_and_as_a_whole() {
        for name in ["h264-main-aac", "h264-high-opengop", "h265-bframes-aac", "h264-slices-inband", "h264-annexb"] {
            let stream = testdata(&format!("{name}.chunks.mkv"));
            for interval_ms in [500, 1000, 2500, 60_000] {
                let request = Request { interval_ms, size: (Some(64), None), ..Request::default() };
                let (whole, live) = both(&request, &stream);
                assert!(!whole.is_empty() && whole.iter().all(|(.., bytes)| bytes.is_some()), "{name}");
                assert_eq!(whole, live, "{name} every {interval_ms} ms");
            }
        }
    }

    #[test]
    fn ranges_choose_the_same_fragments_as_they_come() {
        let stream = testdata("h264-baseline.chunks.mkv");
        let start = 1_704_067_200_000;
        let at = |millis: i64| Some(Timestamp::from_millis(start + millis));
        let mut counts = Vec::new();
        for (by, from, to, include_overlap) in [
            (TimestampType::Producer, at(1000), at(3000), false),
            (TimestampType::Producer, at(1500), None, true),
            (TimestampType::Producer, None, at(2000), false),
            (TimestampType::Server, at(1700), at(3800), false),
            (TimestampType::Producer, at(90_000), at(99_000), false),
            (TimestampType::Producer, at(90_000), None, false),
        ] {
            let selector = Selector { by, from, to, include_overlap, ..Selector::default() };
            let request = Request { selector, interval_ms: 700, size: (Some(32), None), ..Request::default() };
            let (whole, live) = both(&request, &stream);
            assert_eq!(whole, live);
            counts.push(live.len());
        }
        assert!(counts[..4].iter().all(|&count| count > 0), "{counts:?}");
        assert_eq!(counts[4..], [0, 0]);
    }

    #[test]
    fn what_cannot_be_decoded_is_told_and_takes_its_boundary() {
        let video = |number, start| chunk(number, start, TrackType::Video, &ten_a_second(20));
        let stream: Bytes = [video(1, 10_000), video(2, 12_000), video(3, 15_000)].concat().into();
        let (whole, live) = both(&Request { interval_ms: 2500, ..Request::default() }, &stream);
        assert_eq!(whole, live);
        let times: Vec<i64> = live.iter().map(|(time, ..)| time.as_millis()).collect();
        assert_eq!(times, [10_000, 15_000]);
        assert!(live.iter().all(|(.., bytes)| bytes.is_none()));
    }

    #[test]
    fn a_request_that_cannot_be_is_refused_at_once() {
        let request = Request { format: Format::Jpeg { quality: Some(0) }, ..Request::default() };
        assert_eq!(Thumbnailer::new(request).unwrap_err().kind(), ErrorKind::InvalidArgument);
    }

    #[test]
    fn bytes_are_found_by_their_place_in_the_input() {
        let frames = |fragment: Fragment| fragment.frames.into_iter();
        let stream = testdata("lacing-xiph.chunks.mkv");
        for fragment in fragments(stream.clone()) {
            let stored = Stored::new(&fragment);
            for frame in frames(fragment) {
                let end = frame.offset + u64::try_from(frame.payload.len() - frame.stripped).unwrap();
                let range = usize::try_from(frame.offset).unwrap()..usize::try_from(end).unwrap();
                assert_eq!(stored.read(frame.offset..end), stream[range]);
                assert!(stored.read(frame.offset..end + 5).len() <= frame.payload.len());
            }
            assert!(stored.read(0..9).is_empty());
        }
    }
}
