//! Matroska elements to fragments: one chunk of the service is one document; plain Matroska is cut at key frames.

mod chunk;
mod limits;
mod parallel;
mod plain;

use std::collections::VecDeque;

use bytes::Bytes;
use fragkit_codec::CodecId;
use fragkit_mkv::{self as mkv, Block, EndedBy, ErrorKind, Event, Frames, SimpleTag, TrackType};

use crate::finding::{Finding, Severity};
use crate::fragment::{Completeness, Fragment, Frame, Head};
use crate::pcm::Relabelling;
use crate::time::Nanos;
use crate::tracks::{AudioClock, Track, Tracks};
use chunk::Chunk;
pub use limits::Limits;
use limits::{Budget, Passed};
pub use parallel::{Items, Part};
pub use plain::Ordinary;
use plain::Plain;

/// What comes out of the [`Assembler`].
#[derive(Debug, Clone)]
#[allow(
    clippy::large_enum_variant,
    reason = "a fragment is the rule, and boxing it costs more than the rare finding's room"
)]
pub enum Item {
    /// A chunk, whole or not: see [`Head::completeness`](crate::Head::completeness).
    Fragment(Fragment),
    /// Something about the input.
    Finding(Finding),
}

/// Assembles fragments from the bytes of a chunk stream, without I/O of its own.
///
/// Nothing in the input ends it: damage becomes a [`Finding`] and costs the chunk that it is in.
///
/// ```
/// use fragkit_fragment::{Assembler, Item, Limits};
///
/// let mut assembler = Assembler::new(Limits::default());
/// assembler.push("no Matroska at all".into());
/// assembler.finish();
/// let Some(Item::Finding(finding)) = assembler.poll() else { panic!() };
/// assert!(finding.message.starts_with("an EBML header"));
/// assert!(assembler.poll().is_none());
/// ```
#[derive(Debug)]
pub struct Assembler {
    parser: mkv::Parser,
    limits: Limits,
    keep_frames: bool,
    mapped_input: bool,
    without_audio_payload: bool,
    in_pieces: bool,
    /// Of which tracks, by number, only the places of frames are taken.
    places_only: PlacesOnly,
    /// How many frames and places the last chunk had.
    ahead: (usize, usize),
    ready: VecDeque<Item>,
    chunk: Option<Chunk>,
    plain: Plain,
    /// The tracks of the last chunk, to be shared with the next.
    tracks: Tracks,
    /// Puts right what tracks are called.
    relabelling: Relabelling,
    /// Whether a chunk of this stream had tags behind its media, so that one without is cut.
    trailed: bool,
    pushed: u64,
    finished: bool,
    /// Nothing more comes behind the start of the first document from here on, for those who have that by other means; and
    /// where that was.
    stop_at: u64,
    stopped: Option<u64>,
}

impl Assembler {
    /// An assembler that holds the input to these limits.
    #[must_use]
    pub fn new(limits: Limits) -> Self {
        Assembler {
            parser: mkv::Parser::new(limits.mkv.clone()),
            limits,
            keep_frames: true,
            mapped_input: false,
            without_audio_payload: false,
            in_pieces: false,
            places_only: PlacesOnly::default(),
            ahead: (0, 0),
            ready: VecDeque::new(),
            chunk: None,
            plain: Plain::default(),
            tracks: Tracks::default(),
            relabelling: Relabelling::default(),
            trailed: false,
            pushed: 0,
            finished: false,
            stop_at: u64::MAX,
            stopped: None,
        }
    }

    /// Counts frames instead of keeping them, for those who want the heads alone.
    #[must_use]
    pub fn without_frames(mut self) -> Self {
        self.keep_frames = false;
        self
    }

    /// Says that the bytes pushed lie in a mapped file, or are kept by the caller anyway: frames then hold no memory by their
    /// payload, so it does not count against [`Limits::max_fragment_bytes`].
    #[must_use]
    pub fn with_mapped_input(mut self) -> Self {
        self.mapped_input = true;
        self
    }

    /// Takes only the places of audio frames where that saves work, for those who write them from the input later, such as an
    /// [`Index`](crate::Index) of a file: they are then in [`Fragment::places`] and not among its frames. Frames whose bytes
    /// need a look, since they have none or seem to begin with a header of ADTS or LOAS, are taken whole.
    #[must_use]
    pub fn without_audio_payload(mut self) -> Self {
        self.without_audio_payload = true;
        self
    }

    /// The same for input that is not there later: what the places are in comes with the fragment, see
    /// [`Fragment::pieces`]. It is faster than frames where they are small.
    #[must_use]
    pub fn with_audio_in_pieces(mut self) -> Self {
        self.in_pieces = true;
        self.without_audio_payload()
    }

    /// Goes on with a stream of which something else has read what lies before this offset, at which a document starts: to be asked
    /// for before the first byte is pushed. Fragments of plain Matroska are numbered behind those that there were.
    #[must_use]
    pub fn going_on(mut self, offset: u64, before: Ordinary) -> Self {
        self.parser = mkv::Parser::starting_at(self.limits.mkv.clone(), offset);
        self.pushed = offset;
        self.plain = Plain::behind(before);
        self
    }

    /// Takes the next bytes of the stream. Payloads come out as slices of them, without a copy.
    pub fn push(&mut self, bytes: Bytes) {
        self.pushed += u64::try_from(bytes.len()).unwrap_or_default();
        self.parser.push(bytes);
    }

    /// Says that no more bytes will come.
    pub fn finish(&mut self) {
        self.finished = true;
        self.parser.finish();
    }

    /// The next fragment or finding, or `None` if that needs more bytes (after [`finish`](Assembler::finish): if all is
    /// done).
    pub fn poll(&mut self) -> Option<Item> {
        loop {
            if let Some(item) = self.ready.pop_front() {
                return Some(item);
            }
            if self.stopped.is_some() {
                return None;
            }
            self.places();
            while let Some(block) = self.parser.poll_block() {
                self.block(block);
                self.places();
                if !self.ready.is_empty() {
                    break;
                }
            }
            if !self.ready.is_empty() || self.tags() {
                continue;
            }
            match self.parser.poll() {
                Ok(Some(event)) => self.event(event),
                Ok(None) => return None,
                Err(error) => self.error(&error),
            }
        }
    }

    fn event(&mut self, event: Event) {
        if let Event::Document { offset, .. } = event {
            // Damage without a document's end leaves the last chunk open.
            self.close(offset, None);
            self.chunk = Some(Chunk::new(offset, self.ahead, self.budget()));
            self.stopped = (offset >= self.stop_at).then_some(offset);
            return;
        }
        // After damage in a chunk of the service, what follows up to the next document has no chunk.
        let Some(chunk) = &mut self.chunk else { return };
        match event {
            // Its tags have come, so its own Segment has.
            Event::Segment { offset, .. } if chunk.service.number.is_some() => {
                self.close(offset, None);
                let message = "a Segment begins without an EBML header: the chunk has lost it (RFC 9559)";
                let hint = Some("this chunk is left out; fetch the fragment again".into());
                self.ready.push_back(Item::Finding(Finding {
                    hint,
                    path: "Segment".into(),
                    ..finding(Severity::Error, Some(offset), message.into())
                }));
                let mut chunk = Chunk::new(offset, self.ahead, self.budget());
                chunk.headless = true;
                self.chunk = Some(chunk);
            }
            Event::Info { info, .. } => {
                chunk.set_scale(info.timestamp_scale);
                chunk.date_utc = info.date_utc.or(chunk.date_utc);
            }
            Event::Tracks { offset, tracks } => {
                if !self.tracks.holds(&tracks) {
                    self.set_tracks(Tracks::new(&tracks));
                    for track in self.tracks.iter() {
                        if let Some(name) = track.refused_encoding {
                            let message =
                                format!("track {} is stored with {name}, which is not undone", track.entry.number);
                            let hint =
                                Some("store the track without ContentEncodings, or with header stripping".into());
                            self.ready.push_back(Item::Finding(Finding {
                                exception: Some("UnsupportedStreamMediaTypeException"),
                                hint,
                                ..finding(Severity::Error, Some(offset), message)
                            }));
                        }
                    }
                }
                if let Some(chunk) = &mut self.chunk {
                    chunk.head.tracks = self.tracks.clone();
                }
            }
            Event::Tags { offset, tags } => {
                let (max_bytes, ready) = (self.limits.max_tag_bytes, &mut self.ready);
                for tag in &tags {
                    each_tag(&tag.simple_tags, &mut |name, value| {
                        take_tag(chunk, offset, (name, value), max_bytes, ready);
                    });
                }
            }
            Event::Cluster { offset, .. } => {
                chunk.cluster_ended = None;
                chunk.start_cluster(offset);
                if chunk.head.plain {
                    self.plain.start_cluster(offset, chunk.budget());
                }
            }
            Event::Timestamp(timestamp) => {
                let nanos =
                    Nanos::from_scaled(i64::try_from(timestamp).unwrap_or(i64::MAX), chunk.head.timestamp_scale);
                chunk.set_cluster_time(nanos);
                if chunk.head.plain {
                    self.plain.set_cluster_time(nanos);
                }
            }
            Event::Block(block) => self.block(block),
            Event::ClusterEnd { by, .. } => {
                chunk.cluster_ended = Some(by);
                if chunk.head.plain
                    && let Some(passed) = self.plain.end_cluster(chunk, &mut self.ready)
                {
                    self.break_off(passed);
                }
            }
            Event::DocumentEnd { offset } => self.close(offset, None),
            _ => {}
        }
    }

    /// Takes in the tags that come next, if they are as plain as they usually are.
    fn tags(&mut self) -> bool {
        let Some(chunk) = &mut self.chunk else { return false };
        let (offset, max_bytes, ready) = (self.parser.offset(), self.limits.max_tag_bytes, &mut self.ready);
        let taken = self.parser.poll_simple_tags(|name, value| {
            take_tag(chunk, offset, (name, value), max_bytes, ready);
        });
        taken.is_some()
    }

    fn set_tracks(&mut self, tracks: Tracks) {
        self.places_only = PlacesOnly::new(&tracks, self.keep_frames, self.without_audio_payload);
        self.tracks = tracks;
    }

    /// Takes the places of the frames that come next, as long as no more is wanted of them.
    #[inline]
    fn places(&mut self) {
        if !self.places_only.any {
            return;
        }
        // Plain Matroska is cut at key frames: its frames are looked at one by one.
        let Some(chunk) = self.chunk.as_mut().filter(|chunk| !chunk.head.plain) else { return };
        // The frame that would pass the limit is looked at, too.
        let Some(mut taker) = chunk.place_taker() else { return };
        let places_only = &self.places_only;
        let piece = self.in_pieces.then(|| self.parser.piece());
        self.parser.poll_places(|track, frame| places_only.holds(track, frame), |place| taker.take(&place));
        let passed = taker.finish(piece);
        if let Some(passed) = passed {
            self.break_off(passed);
        }
    }

    #[inline]
    fn block(&mut self, block: Block) {
        let Some(chunk) = &mut self.chunk else { return };
        let passed = if chunk.head.plain { self.plain.add(chunk, block, &mut self.ready) } else { chunk.add(block) };
        if let Some(passed) = passed {
            self.break_off(passed);
        }
    }

    fn budget(&self) -> Budget {
        Budget::new(&self.limits, self.keep_frames, self.mapped_input)
    }

    /// Breaks off the open fragment, which passed a limit.
    fn break_off(&mut self, passed: Passed) {
        let Some(chunk) = &self.chunk else { return };
        let (number, offset) = match chunk.head.plain {
            true => (self.plain.number(), self.plain.last_offset()),
            false => (chunk.service.number.clone(), chunk.last_offset()),
        };
        self.ready.push_back(Item::Finding(Finding {
            fragment_number: number,
            hint: Some("raise the limit if the input is to be trusted".into()),
            ..finding(Severity::Error, Some(offset), self.limits.message(passed))
        }));
        let broken = Completeness::Broken { offset };
        if chunk.head.plain {
            self.plain.break_off(offset, broken, &mut self.ready);
        } else {
            self.close(offset, Some(broken));
        }
    }

    fn error(&mut self, error: &mkv::Error) {
        let path: Vec<_> = error.path().iter().map(ToString::to_string).collect();
        let number = match &self.chunk {
            Some(chunk) if chunk.head.plain => self.plain.number(),
            chunk => chunk.as_ref().and_then(|chunk| chunk.service.number.clone()),
        };
        let cut = error.kind() == ErrorKind::Cut;
        let hint = match error.kind() {
            ErrorKind::Cut => "the download or recording was broken off; fetch the fragment again",
            ErrorKind::Limit => "raise the limit if the input is to be trusted",
            _ if self.chunk.is_none() => "skipped up to the next chunk",
            _ => "this chunk is left out; the next whole one is used",
        };
        self.ready.push_back(Item::Finding(Finding {
            severity: Severity::Error,
            exception: None,
            offset: Some(error.offset()),
            path: path.join(" > "),
            fragment_number: number,
            message: error.message().into(),
            repair: None,
            hint: Some(hint.into()),
        }));
        let offset = error.offset();
        let completeness = if cut { Completeness::Cut { offset } } else { Completeness::Broken { offset } };
        match &self.chunk {
            // In plain Matroska the next Cluster can be used all the same.
            Some(Chunk { head: Head { plain: true, .. }, cluster_ended, .. }) => {
                // A file that is cut in its Cues lacks no media that it is known to have had.
                let whole = cut && cluster_ended.is_some();
                let completeness = if whole { Completeness::Untrailed } else { completeness };
                self.plain.break_off(offset, completeness, &mut self.ready);
            }
            _ => {
                self.close(offset, Some(completeness));
            }
        }
    }

    /// Ends the open chunk at `offset`: as it is, or with what is known to be wrong with it.
    fn close(&mut self, offset: u64, damage: Option<Completeness>) {
        let Some(mut chunk) = self.chunk.take() else { return };
        if chunk.head.plain {
            self.plain.close(&chunk, offset, &mut self.ready);
            return;
        }
        let trailed = chunk.service.is_trailed();
        let completeness = match (damage, chunk.cluster_ended) {
            _ if chunk.headless => Completeness::Broken { offset: chunk.head.offset },
            (_, Some(_)) if trailed => Completeness::Complete,
            (Some(damage), _) => damage,
            (None, None) => {
                if self.finished && offset == self.pushed && chunk.service.exception.is_none() {
                    let hint = Some("if more was to come, the download was broken off".into());
                    self.ready.push_back(Item::Finding(Finding {
                        fragment_number: chunk.service.number.clone(),
                        hint,
                        ..finding(Severity::Note, Some(offset), "the input ends with a chunk without media".into())
                    }));
                }
                Completeness::NoMedia
            }
            (None, Some(EndedBy::Input)) if self.trailed => {
                let message =
                    "the input ends where the tags that follow a fragment are due; the fragment may lack frames";
                let hint = Some("the download was broken off; fetch the fragment again".into());
                self.ready.push_back(Item::Finding(Finding {
                    fragment_number: chunk.service.number.clone(),
                    hint,
                    ..finding(Severity::Error, Some(offset), message.into())
                }));
                Completeness::Cut { offset }
            }
            (None, Some(by)) => {
                if by == EndedBy::Input || (self.trailed && by == EndedBy::Size) {
                    let message =
                        "the chunk ends without the tags that GetMedia writes behind a fragment; it is taken as whole";
                    let hint = Some(
                        "if it came from GetMedia and not from GetMediaForFragmentList, the end is missing".into(),
                    );
                    self.ready.push_back(Item::Finding(Finding {
                        fragment_number: chunk.service.number.clone(),
                        hint,
                        ..finding(Severity::Note, Some(offset), message.into())
                    }));
                }
                Completeness::Untrailed
            }
        };
        self.trailed |= trailed;
        chunk.head.completeness = completeness;
        chunk.head.size = offset.saturating_sub(chunk.head.offset);
        self.ahead = (chunk.frames.len(), chunk.places.len());
        let mut fragment = chunk.into_fragment();
        self.ready.extend(self.relabelling.apply(&mut fragment.head).map(Item::Finding));
        self.ready.push_back(Item::Fragment(fragment));
    }
}

fn finding(severity: Severity, offset: Option<u64>, message: String) -> Finding {
    Finding { offset, ..Finding::new(severity, message) }
}

/// Calls `each` with every tag of a Tags element, nested ones behind those that they are in.
fn each_tag(tags: &[SimpleTag], each: &mut impl FnMut(&str, &str)) {
    for tag in tags {
        each(&tag.name, tag.string.as_deref().unwrap_or_default());
        each_tag(&tag.nested, each);
    }
}

/// Takes in a tag of the Tags element at this offset: one of the service's own, or of the user's.
fn take_tag(chunk: &mut Chunk, offset: u64, (name, value): (&str, &str), max_bytes: usize, ready: &mut VecDeque<Item>) {
    if let Err(message) = chunk.take_tag(name, value, max_bytes) {
        ready.push_back(Item::Finding(Finding {
            path: "Segment > Tags".into(),
            ..finding(Severity::Warning, Some(offset), message)
        }));
    }
}

/// Calls `each` with the frames of a block whose Cluster begins `base` after the fragment does.
#[inline]
fn each_frame(block: Block, base: Nanos, tracks: &Tracks, scale: u64, mut each: impl FnMut(Frame)) {
    let time = base + Nanos::from_scaled(block.timestamp.into(), scale);
    let duration = block.group.as_ref().and_then(|group| group.duration);
    let duration = duration.map(|units| Nanos::from_scaled(i64::try_from(units).unwrap_or(i64::MAX), scale));
    let frame = |time, duration, payload, offset, group| Frame {
        track: block.track,
        time,
        duration,
        keyframe: block.keyframe,
        invisible: block.invisible,
        discardable: block.discardable,
        payload,
        offset,
        stripped: block.stripped,
        group,
    };
    match block.frames {
        Frames::One(payload) => each(frame(time, duration, payload, block.data_offset, block.group)),
        Frames::Laced(payloads) => {
            let duration = LacedDuration::new(duration, payloads.len(), tracks.by_number(block.track));
            let (mut time, mut offset, mut group) = (time, block.data_offset, block.group);
            for payload in payloads {
                let duration = duration.of(&payload);
                let stored = u64::try_from(payload.len().saturating_sub(block.stripped)).unwrap_or_default();
                each(frame(time, duration, payload, offset, group.take()));
                time = time + duration.unwrap_or_default();
                offset += stored;
            }
        }
    }
}

/// Of which tracks only the places of frames are taken.
#[derive(Debug)]
struct PlacesOnly {
    any: bool,
    by_number: [Want; 128],
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Want {
    Frame,
    Place,
    /// The place, unless the frame has no byte, which is to be told of.
    PlaceOfBytes,
    /// The same, unless the frame seems to begin with a header of ADTS or LOAS.
    PlaceOfRawAac,
}

impl Default for PlacesOnly {
    fn default() -> Self {
        PlacesOnly { any: false, by_number: [Want::Frame; 128] }
    }
}

impl PlacesOnly {
    fn new(tracks: &Tracks, keep_frames: bool, without_audio_payload: bool) -> Self {
        let mut places_only = PlacesOnly::default();
        if !keep_frames {
            return PlacesOnly { any: true, by_number: [Want::Place; 128] };
        }
        for track in tracks.iter().filter(|track| track.entry.track_type == TrackType::Audio && without_audio_payload) {
            let aac = CodecId::parse(&track.entry.codec_id) == CodecId::Aac;
            let number = usize::try_from(track.entry.number).unwrap_or(usize::MAX);
            if let Some(want) = places_only.by_number.get_mut(number) {
                *want = if aac { Want::PlaceOfRawAac } else { Want::PlaceOfBytes };
                places_only.any = true;
            }
        }
        places_only
    }

    /// Whether the place is enough of this frame of a track.
    #[inline]
    fn holds(&self, track: u8, frame: &[u8]) -> bool {
        match self.by_number.get(usize::from(track)) {
            Some(Want::Place) => true,
            Some(Want::PlaceOfBytes) => !frame.is_empty(),
            Some(Want::PlaceOfRawAac) => match frame.first_chunk() {
                // The sync word of ADTS and layer 0, with which raw AAC would end as it begins, and that of LOAS.
                Some(start) => {
                    let start = u16::from_be_bytes(*start);
                    start & 0xFFF6 != 0xFFF0 && start & 0xFFE0 != 0x56E0
                }
                None => !frame.is_empty(),
            },
            _ => false,
        }
    }
}

/// How long each frame of a lace lasts.
struct LacedDuration {
    each: Option<Nanos>,
    clock: Option<AudioClock>,
}

impl LacedDuration {
    /// Laced frames share the block's duration, or have the track's default one. Without either, those of audio last as
    /// long as their samples: else all would come at once.
    fn new(block: Option<Nanos>, count: usize, track: Option<&Track>) -> Self {
        let default = || track.and_then(|track| i64::try_from(track.entry.default_duration?).ok()).map(Nanos);
        let each = match block {
            Some(Nanos(total)) => i64::try_from(count.max(1)).ok().map(|count| Nanos(total / count)),
            None => default(),
        };
        let clock = if each.is_none() { track.and_then(Track::audio_clock) } else { None };
        LacedDuration { each, clock }
    }

    fn of(&self, payload: &Bytes) -> Option<Nanos> {
        let counted = |clock: AudioClock| {
            let samples = clock.samples(u32::try_from(payload.len()).unwrap_or(u32::MAX));
            Nanos::from_ticks(samples.into(), clock.sampling_frequency())
        };
        self.each.or_else(|| self.clock.map(counted))
    }
}

#[cfg(test)]
mod tests;
