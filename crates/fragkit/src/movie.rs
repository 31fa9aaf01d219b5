//! MP4 and MOV files to fragments, of the shape that plain Matroska gives: one opens at each key frame of the first video track,
//! or every two seconds where there is sound alone; numbers are 1, 2, 3 …; time starts at `creation_time`, or where the file before
//! ended.
//!
//! ```text
//! movie           samples in, fragments and findings out
//! movie::tracks   sample entries as Matroska's TrackEntry
//! ```

mod tracks;

use std::collections::VecDeque;

use bytes::Bytes;
use fragkit_fragment::{
    Completeness, Finding, Fragment, FragmentNumber, Frame, FrameCount, Head, Item, Limits, Nanos, Ordinary, Severity,
    Timestamp,
};
use fragkit_mp4::SECONDS_1904_TO_1970;
use fragkit_mp4::read::{self, Movie, Remark, Sample, Samples};

use tracks::TrackSets;

/// Sound alone is cut into pieces of this length.
const SOUND: Nanos = Nanos(2_000_000_000);

/// Room is made ahead for this many frames at most.
const MOST_FRAMES_AHEAD: usize = 4096;

/// What segments go on with that are files of their own.
#[derive(Debug, Clone)]
pub(crate) struct Initialised {
    movie: Movie,
    /// When its timeline starts, since 1970.
    base: Nanos,
}

/// The fragments of one file, and what is to be said of it.
#[derive(Debug)]
pub(crate) struct MovieItems {
    file: Option<File>,
    ready: VecDeque<Item>,
    before: Ordinary,
    initialised: Option<Initialised>,
}

/// A file that is being cut.
#[derive(Debug)]
struct File {
    data: Bytes,
    /// Where it begins in the stream.
    start: u64,
    base: Nanos,
    samples: Samples,
    sets: TrackSets,
    /// Ticks a second of each track.
    timescales: Vec<u32>,
    /// Index of the track that opens fragments; none if there is sound alone.
    video: Option<usize>,
    max_frames: usize,
    keep_frames: bool,
    open: Option<Open>,
    /// What comes up to the next key frame cannot be decoded.
    skipping: bool,
    /// How many frames the last fragment had.
    ahead: usize,
    lost: Vec<Lost>,
}

/// Of one track: how many samples are lost, and where the first of them should be.
#[derive(Debug, Clone, Copy, Default)]
struct Lost {
    outside: u64,
    first: u64,
    unknown: u64,
}

/// The fragment that is open.
#[derive(Debug)]
struct Open {
    head: Head,
    frames: Vec<Frame>,
    count: usize,
    bytes: u64,
    /// When it starts on the timeline of the file.
    start: Nanos,
    has_video: bool,
    /// The first byte that is not there.
    cut: Option<u64>,
}

impl MovieItems {
    /// The fragments of a file that begins at `start` in the stream, behind others.
    pub(crate) fn new(
        data: Bytes,
        start: u64,
        limits: &Limits,
        keep_frames: bool,
        before: Ordinary,
        initialised: Option<Initialised>,
    ) -> Self {
        let mut items = MovieItems { file: None, ready: VecDeque::new(), before, initialised };
        let most = read::Limits { max_tracks: limits.mkv.max_tracks, ..read::Limits::default() };
        let read = match Movie::read(data.clone(), &most) {
            Ok(movie) => {
                let created = movie.creation_time.and_then(|created| created.checked_sub(SECONDS_1904_TO_1970));
                let base = match created.and_then(|seconds| i64::try_from(seconds.checked_mul(1000)?).ok()) {
                    Some(millis) if millis > 0 => Timestamp::from_millis(millis).nanos(),
                    _ => before.end,
                };
                Ok(Initialised { movie, base })
            }
            Err(error) => match &items.initialised {
                // A segment of the movie before has no header of its own.
                Some(Initialised { movie, base }) if !has_payload_only(&data) => {
                    Ok(Initialised { movie: movie.with_segment(data.clone()), base: *base })
                }
                _ => Err(error),
            },
        };
        match read {
            Ok(read) => items.begin(read, start, limits, keep_frames),
            Err(error) => {
                let hint = "a recording that was broken off has no index; have it recorded as fragmented MP4";
                items.ready.push_back(Item::Finding(Finding {
                    offset: error.offset().map(|offset| start + offset),
                    hint: Some(hint.into()),
                    ..Finding::new(Severity::Error, error.message().to_owned())
                }));
            }
        }
        items
    }

    fn begin(&mut self, read: Initialised, start: u64, limits: &Limits, keep_frames: bool) {
        let movie = &read.movie;
        self.ready.extend(movie.remarks.iter().map(|remark| Item::Finding(finding(remark, start))));
        self.ready.extend(tracks::findings(movie).map(Item::Finding));
        if movie.tracks.is_empty() {
            let message = "there is no track of H.264, H.265, AAC or G.711 in this file";
            let finding = Finding { offset: Some(start), ..Finding::new(Severity::Error, message) };
            self.ready.push_back(Item::Finding(finding));
            return;
        }
        self.file = Some(File {
            data: movie.data().clone(),
            start,
            base: read.base,
            samples: movie.samples(),
            sets: TrackSets::new(movie),
            timescales: movie.tracks.iter().map(|track| track.timescale).collect(),
            video: movie.tracks.iter().position(read::Track::is_video),
            max_frames: limits.max_frames,
            keep_frames,
            open: None,
            skipping: false,
            ahead: 0,
            lost: vec![Lost::default(); movie.tracks.len()],
        });
        self.initialised = Some(read);
    }

    /// What goes on behind the file, when all of it has come.
    pub(crate) fn finish(self) -> (Ordinary, Option<Initialised>) {
        (self.before, self.initialised)
    }
}

/// Whether there is no fragment in a file whose `moov` is missing: then it is no segment, but broken off.
fn has_payload_only(data: &Bytes) -> bool {
    !matches!(data.get(4..8), Some(b"styp" | b"moof" | b"sidx"))
}

impl Iterator for MovieItems {
    type Item = Item;

    fn next(&mut self) -> Option<Item> {
        loop {
            if let Some(item) = self.ready.pop_front() {
                if let Item::Fragment(fragment) = &item {
                    self.before.add(&fragment.head);
                }
                return Some(item);
            }
            let file = self.file.as_mut()?;
            match file.samples.next() {
                Some(sample) => file.take(&sample, &mut self.ready),
                None => {
                    file.end(&mut self.ready);
                    self.file = None;
                }
            }
            // Numbers go by what was given out.
            let mut number = self.before.fragments;
            for item in &mut self.ready {
                if let Item::Fragment(fragment) = item {
                    number += 1;
                    fragment.head.number = Some(FragmentNumber::from(number));
                }
            }
        }
    }
}

impl File {
    fn take(&mut self, sample: &Sample, ready: &mut VecDeque<Item>) {
        let timescale = self.timescales.get(sample.track).copied().unwrap_or(1);
        let time = Nanos::from_ticks(sample.present, timescale);
        let is_video = self.video == Some(sample.track);
        let opens = match self.video {
            Some(_) => {
                // A fragment begins with the sound that stands before its first picture, unless that is long.
                let begun = |open: &Open| open.has_video || time - open.start >= SOUND;
                is_video && sample.sync && self.open.as_ref().is_none_or(begun)
            }
            None => self.open.as_ref().is_none_or(|open| time - open.start >= SOUND),
        };
        if sample.lost > 0 {
            if opens {
                self.close(ready);
                self.skipping = self.video.is_some();
            }
            let offset = self.start.saturating_add(sample.offset);
            if let Some(open) = &mut self.open {
                open.cut.get_or_insert(offset);
            }
            if let Some(lost) = self.lost.get_mut(sample.track) {
                lost.first = if lost.outside == 0 { offset } else { lost.first };
                lost.outside = lost.outside.saturating_add(sample.lost);
            }
            return;
        }
        let changed = match sample.entry.map(|entry| self.sets.choose(sample.track, entry)) {
            Some(Some(changed)) => changed,
            _ => {
                if let Some(lost) = self.lost.get_mut(sample.track) {
                    lost.unknown += 1;
                }
                return;
            }
        };
        if opens || (self.open.is_none() && !self.skipping) || (changed && self.open.is_some()) {
            self.close(ready);
            self.open = Some(self.open(time));
            self.skipping = false;
        }
        let (start, base) = (self.start, self.base);
        let Some(open) = &mut self.open else { return };
        if open.count >= self.max_frames {
            let (offset, most) = (start.saturating_add(sample.offset), self.max_frames);
            open.head.completeness = Completeness::Broken { offset };
            ready.push_back(Item::Finding(Finding {
                offset: Some(offset),
                hint: Some("raise the limit if the input is to be trusted".into()),
                ..Finding::new(Severity::Error, format!("more than {most} frames in one fragment (limit max_frames)"))
            }));
            self.close(ready);
            self.skipping = self.video.is_some();
            return;
        }
        let start_time = open.head.producer_timestamp.map(Timestamp::nanos).unwrap_or_default();
        open.add(sample, is_video, base + time - start_time, start, self.keep_frames.then_some(&self.data));
    }

    /// A fragment that begins at this time of the file. Its timestamp is never before the presentation, which primes its sound and
    /// its first pictures at negative times.
    fn open(&self, time: Nanos) -> Open {
        let start = time.max(Nanos::ZERO);
        let timestamp = Timestamp::from_millis((self.base + start).floor_millis());
        let head = Head {
            number: None,
            producer_timestamp: Some(timestamp),
            server_timestamp: Some(timestamp),
            tags: Vec::new(),
            exception: None,
            continuation_token: None,
            millis_behind_now: None,
            tracks: self.sets.current(),
            timestamp_scale: self.sets.timestamp_scale(),
            offset: u64::MAX,
            size: 0,
            completeness: Completeness::Untrailed,
            plain: true,
            frame_counts: Vec::new(),
            span: None,
        };
        let frames = Vec::with_capacity(self.ahead.min(MOST_FRAMES_AHEAD));
        Open { head, frames, count: 0, bytes: 0, start, has_video: false, cut: None }
    }

    fn close(&mut self, ready: &mut VecDeque<Item>) {
        let Some(Open { mut head, frames, bytes, cut, .. }) = self.open.take() else { return };
        self.ahead = frames.len();
        // Frames of several fragments may lie between each other: what is said of its size is that of its own.
        let end = self.start + len(&self.data);
        head.offset = head.offset.min(end);
        head.size = bytes.min(end - head.offset);
        if let (Some(offset), Completeness::Untrailed) = (cut, head.completeness) {
            head.completeness = Completeness::Cut { offset };
        }
        ready.push_back(Item::Fragment(Fragment { head, frames, places: Vec::new(), pieces: Vec::new() }));
    }

    fn end(&mut self, ready: &mut VecDeque<Item>) {
        self.close(ready);
        let remarks = self.samples.take_remarks();
        ready.extend(remarks.iter().map(|remark| Item::Finding(finding(remark, self.start))));
        for (lost, number) in self.lost.iter().zip(1..) {
            if lost.outside > 0 {
                let count = lost.outside;
                let message =
                    format!("{count} samples of track {number} lie outside the file, of {} bytes", len(&self.data));
                let hint = "the recording or the download was broken off; fetch the file again";
                ready.push_back(Item::Finding(Finding {
                    offset: Some(lost.first),
                    hint: Some(hint.into()),
                    ..Finding::new(Severity::Error, message)
                }));
            }
            if lost.unknown > 0 {
                let count = lost.unknown;
                let message = format!("{count} samples of track {number} name a sample entry that is not known");
                let finding = Finding { offset: Some(self.start), ..Finding::new(Severity::Error, message) };
                ready.push_back(Item::Finding(finding));
            }
        }
    }
}

impl Open {
    /// Takes in a frame; its bytes are taken from `data`, if they are wanted.
    fn add(&mut self, sample: &Sample, is_video: bool, time: Nanos, start: u64, data: Option<&Bytes>) {
        let track = tracks::number(sample.track);
        let offset = start.saturating_add(sample.offset);
        self.count += 1;
        self.bytes = self.bytes.saturating_add(sample.size.into());
        self.has_video |= is_video;
        let head = &mut self.head;
        head.offset = head.offset.min(offset);
        let (first, last) = head.span.unwrap_or((time, time));
        head.span = Some((first.min(time), last.max(time)));
        let (key_frames, bytes) = (sample.sync.into(), sample.size.into());
        let one = FrameCount { track, frames: 1, key_frames, bytes, first: time, last: time };
        match head.frame_counts.iter_mut().find(|count| count.track == track) {
            Some(count) => count.add(&one),
            None => head.frame_counts.push(one),
        }
        let within = |offset: u64| usize::try_from(offset).unwrap_or(usize::MAX);
        if let Some(data) = data {
            let from = within(sample.offset).min(data.len());
            let to = within(sample.offset.saturating_add(sample.size.into())).min(data.len());
            self.frames.push(Frame {
                track,
                time,
                duration: None,
                keyframe: sample.sync,
                invisible: false,
                discardable: false,
                payload: data.slice(from..to),
                offset,
                stripped: 0,
                group: None,
            });
        }
    }
}

/// A remark on a file that begins at `start` in the stream.
fn finding(remark: &Remark, start: u64) -> Finding {
    let severity = if remark.loses_media { Severity::Error } else { Severity::Note };
    Finding {
        offset: Some(start.saturating_add(remark.offset)),
        path: remark.path.into(),
        ..Finding::new(severity, remark.message.clone())
    }
}

fn len(data: &Bytes) -> u64 {
    u64::try_from(data.len()).unwrap_or(u64::MAX)
}
