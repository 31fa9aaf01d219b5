//! Fragments in, sound files out.

use std::fmt;
use std::ops::Range;
use std::str::FromStr;

use bytes::Bytes;
use fragkit_fragment::mkv::TrackType;
use fragkit_fragment::{AudioClock, Fragment, Index, Nanos, Selector, Timestamp, Track};

use crate::align::{Aligner, Piece, Placed};
use crate::coding::{Coding, Conversion, SampleCoding, SampleFormat};
use crate::error::{Error, ErrorKind};
use crate::m4a::{Described, M4a};
use crate::read::{Frames, Samples, track_in};
use crate::wav;

/// Which sound is wanted, and how.
///
/// Frames follow each other without a seam as long as their times say so roughly; a frame that comes later than the end of the one before
/// it by more than half its length has silence before it, and what comes again after more than a tenth of a second was covered already
/// is left out. A clock that runs slow or fast so costs a short silence or a frame now and then, and the file stays with the wall
/// clock.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    /// Which fragments.
    pub selector: Selector,
    /// Which tracks, in this order; all of sound if there are none.
    pub tracks: Vec<TrackChoice>,
    /// One file a track, or two tracks in one.
    pub layout: Layout,
    /// What is written; what fits the first track if it is not said.
    pub container: Option<Container>,
    /// What becomes of G.711.
    pub g711: G711,
    /// Longest silence that is put in at once: where a clock jumps by years, that is no gap. A day unless said otherwise.
    pub longest_gap: Nanos,
}

impl Default for Options {
    fn default() -> Self {
        Options {
            selector: Selector::default(),
            tracks: Vec::new(),
            layout: Layout::default(),
            container: None,
            g711: G711::default(),
            longest_gap: Nanos::from_millis(86_400_000),
        }
    }
}

/// A track by its number or its name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TrackChoice {
    /// TrackNumber.
    Number(u64),
    /// The Name of the TrackEntry, such as `AUDIO_FROM_CUSTOMER`; upper and lower case are the same.
    Name(String),
}

impl FromStr for TrackChoice {
    type Err = std::convert::Infallible;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(text.parse().map_or_else(|_| TrackChoice::Name(text.into()), TrackChoice::Number))
    }
}

impl fmt::Display for TrackChoice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            TrackChoice::Number(number) => write!(f, "{number}"),
            TrackChoice::Name(name) => write!(f, "{name:?}"),
        }
    }
}

impl TrackChoice {
    fn is(&self, track: &Track) -> bool {
        match self {
            TrackChoice::Number(number) => track.entry.number == *number,
            TrackChoice::Name(name) => track.entry.name.as_ref().is_some_and(|other| other.eq_ignore_ascii_case(name)),
        }
    }
}

/// How tracks become files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Layout {
    /// Each in a file of its own.
    #[default]
    Separate,
    /// Two of one channel each as left and right of one WAV file.
    Stereo,
}

/// What is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Container {
    /// WAV: PCM and G.711. From 4 GiB on it is RF64.
    Wav,
    /// MP4 with one track of AAC.
    M4a,
}

/// What becomes of G.711.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum G711 {
    /// It stays as it is.
    #[default]
    Keep,
    /// It is decoded to 16-bit PCM.
    Decode,
}

/// Collects the sound of fragments, whose payload stays in the input until it is written.
#[derive(Debug)]
pub struct Extractor {
    options: Options,
    index: Index,
}

/// A sound file: what is known of it, and a way to write it.
#[derive(Debug)]
pub struct AudioFile<'i> {
    index: &'i Index,
    tracks: Vec<Planned>,
    kind: Kind,
    summary: Summary,
}

#[derive(Debug)]
enum Kind {
    Wav { head: Vec<u8>, padding: u64, format: SampleFormat, samples: u64 },
    M4a(M4a),
}

/// What a sound file holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Summary {
    /// When it begins: the same for all files.
    pub start: Timestamp,
    /// How long it plays, in milliseconds.
    pub duration_ms: i64,
    /// Its tracks.
    pub tracks: Vec<TrackSummary>,
}

/// What is known of one track in a file. Times are in milliseconds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrackSummary {
    /// TrackNumber.
    pub number: u64,
    /// Name, if it has one.
    pub name: Option<String>,
    /// Samples in each channel, silence included.
    pub samples: u64,
    /// Silence that was put in, and in how many places.
    pub silence_ms: i64,
    /// How many gaps that filled, what stands before the first frame included.
    pub gaps: u64,
    /// Sound that was left out since its time was covered already.
    pub dropped_ms: i64,
    /// At how many places.
    pub overlaps: u64,
    /// Frames whose bytes are no whole number of samples; the rest of each is left out.
    pub uneven: u64,
}

/// A track with all that is known of it before it is written.
#[derive(Debug)]
struct Planned {
    number: u64,
    name: Option<String>,
    coding: Coding,
    clock: AudioClock,
    aligner: Aligner,
}

impl Extractor {
    /// Collects what these options ask for.
    #[must_use]
    pub fn new(options: Options) -> Self {
        Extractor { options, index: Index::new(false).sound_only() }
    }

    /// Takes in a fragment. Its frames are not kept, only where they are in the input.
    pub fn add(&mut self, fragment: &Fragment) {
        if self.options.selector.is_candidate(&fragment.head) {
            self.index.add(fragment);
        }
    }

    /// The same for several fragments, whose frames are looked at in parallel.
    pub fn add_all(&mut self, fragments: &[Fragment]) {
        let selector = &self.options.selector;
        self.index.add_all(fragments.iter().filter(|fragment| selector.is_candidate(&fragment.head)));
    }

    /// What was repaired or cannot be used, since this was asked the last time.
    pub fn take_findings(&mut self) -> Vec<fragkit_fragment::Finding> {
        self.index.take_findings(fragkit_fragment::Severity::Warning)
    }

    /// Plans the files.
    ///
    /// # Errors
    ///
    /// If nothing is selected, there is no such track, it holds what cannot be written, or that changes.
    pub fn files(&self) -> Result<Vec<AudioFile<'_>>, Error> {
        let heads = self.index.fragments();
        let selected = self.options.selector.select_by(heads.len(), |at| heads.get(at).map(|indexed| &indexed.head));
        if selected.is_empty() {
            let message = "No fragments found in the stream for the request.";
            return Err(
                Error::new(ErrorKind::NothingSelected, message).hint("`fragkit list` shows the times there are")
            );
        }
        let numbers = self.chosen(&selected)?;
        let start = self.start(&selected, &numbers);
        let planned: Result<Vec<Planned>, Error> =
            numbers.iter().map(|&number| self.plan(&selected, number, start)).collect();
        let start = Timestamp::from_millis(start.floor_millis());
        let container = |planned: &Planned| match (self.options.container, &planned.coding) {
            (Some(container), _) => container,
            (None, Coding::Aac(_)) => Container::M4a,
            (None, _) => Container::Wav,
        };
        match self.options.layout {
            Layout::Separate => {
                let file = |planned: Planned| match container(&planned) {
                    Container::Wav => self.wav(vec![planned], start),
                    Container::M4a => self.m4a(planned, start),
                };
                planned?.into_iter().map(file).collect()
            }
            Layout::Stereo if self.options.container == Some(Container::M4a) => {
                Err(Error::new(ErrorKind::UnsupportedMedia, "left and right of two tracks are written to WAV alone")
                    .hint("name the output .wav, or leave --layout out"))
            }
            Layout::Stereo => Ok(vec![self.wav(planned?, start)?]),
        }
    }

    /// The numbers of the tracks that are wanted and have frames.
    fn chosen(&self, selected: &[usize]) -> Result<Vec<u64>, Error> {
        let heads = self.index.fragments();
        // In the order of the TrackEntry elements.
        let mut there: Vec<&Track> = Vec::new();
        for indexed in selected.iter().filter_map(|&at| heads.get(at)) {
            let with_frames = |at: usize| indexed.tracks.iter().any(|track| usize::from(track.track) == at);
            for (at, track) in indexed.head.tracks.iter().enumerate() {
                let known = there.iter().any(|known| known.entry.number == track.entry.number);
                if track.entry.track_type == TrackType::Audio && with_frames(at) && !known {
                    there.push(track);
                }
            }
        }
        let list = |tracks: &[&Track]| {
            let name = |track: &&Track| match &track.entry.name {
                Some(name) => format!("{} ({name})", track.entry.number),
                None => track.entry.number.to_string(),
            };
            tracks.iter().map(name).collect::<Vec<_>>().join(", ")
        };
        if there.is_empty() {
            return Err(Error::new(ErrorKind::NoTrack, "there is no track of sound in the selection")
                .hint("`fragkit inspect` shows the tracks"));
        }
        let mut numbers = Vec::new();
        for choice in &self.options.tracks {
            let Some(track) = there.iter().find(|track| choice.is(track)) else {
                return Err(Error::new(ErrorKind::NoTrack, format!("there is no track {choice} with sound"))
                    .hint(format!("there are: {}", list(&there))));
            };
            if !numbers.contains(&track.entry.number) {
                numbers.push(track.entry.number);
            }
        }
        if self.options.tracks.is_empty() {
            numbers = there.iter().map(|track| track.entry.number).collect();
        }
        if self.options.layout == Layout::Stereo && numbers.len() != 2 {
            let message = format!("left and right are two tracks, and {} are chosen", numbers.len());
            return Err(Error::new(ErrorKind::NoTrack, message)
                .hint(format!("choose two with --track; there are: {}", list(&there))));
        }
        Ok(numbers)
    }

    /// When the earliest frame of these tracks starts.
    fn start(&self, selected: &[usize], numbers: &[u64]) -> Nanos {
        let heads = self.index.fragments();
        let starts = selected.iter().filter_map(|&at| heads.get(at)).flat_map(|indexed| {
            let base = indexed.head.producer_timestamp.map(Timestamp::nanos).unwrap_or_default();
            let chosen = indexed.tracks.iter().filter(|track| {
                let track = indexed.head.tracks.get(usize::from(track.track));
                track.is_some_and(|track| numbers.contains(&track.entry.number))
            });
            chosen.map(move |track| base + track.first)
        });
        starts.min().unwrap_or_default()
    }

    /// Lays out one track.
    fn plan(&self, selected: &[usize], number: u64, start: Nanos) -> Result<Planned, Error> {
        let heads = self.index.fragments();
        let mut planned: Option<Planned> = None;
        let mut last = None;
        for (at, indexed) in selected.iter().filter_map(|&at| Some((at, heads.get(at)?))) {
            let head = &indexed.head;
            let Some(track) = head.tracks.by_number(number) else { continue };
            let Some(position) = track_in(indexed, number) else { continue };
            if !indexed.tracks.iter().any(|track| track.track == position) {
                continue;
            }
            let in_fragment = |error: Error| error.in_fragment(head.number.as_ref());
            if !last.is_some_and(|last: &fragkit_fragment::Tracks| last.is_same(&head.tracks)) {
                let (coding, clock) = Coding::of(track).map_err(in_fragment)?;
                match &planned {
                    Some(planned) if planned.coding != coding => {
                        let message = format!("what track {number} holds changes");
                        return Err(in_fragment(Error::new(ErrorKind::Change, message))
                            .hint("--from and --to choose a stretch without a change"));
                    }
                    Some(_) => {}
                    None => {
                        let aligner = Aligner::new(clock, start, self.options.longest_gap);
                        let name = track.entry.name.clone();
                        planned = Some(Planned { number, name, coding, clock, aligner });
                    }
                }
                last = Some(&head.tracks);
            }
            let Some(planned) = &mut planned else { continue };
            let base = head.producer_timestamp.map(Timestamp::nanos).unwrap_or_default();
            for (sample, stored) in self.index.samples(at).iter().enumerate() {
                if stored.track == position {
                    let placed = Placed { fragment: at, sample, wall: base + stored.time, size: stored.size };
                    planned.aligner.add(placed).map_err(|gap| in_fragment(too_long(number, gap)))?;
                }
            }
        }
        planned.ok_or_else(|| Error::new(ErrorKind::NoTrack, format!("there is no track {number} with sound")))
    }

    fn m4a(&self, planned: Planned, start: Timestamp) -> Result<AudioFile<'_>, Error> {
        let Coding::Aac(config) = &planned.coding else {
            let message =
                format!("track {} holds {}, which does not go into M4A", planned.number, planned.coding.name());
            return Err(Error::new(ErrorKind::UnsupportedMedia, message).hint("name the output .wav"));
        };
        let described = Described { number: planned.number, config, clock: planned.clock, start };
        let m4a = M4a::plan(&self.index, &planned.aligner.pieces, described)?;
        let summary =
            summary(start, std::slice::from_ref(&planned), planned.aligner.samples, planned.clock.sampling_frequency());
        Ok(AudioFile { index: &self.index, tracks: vec![planned], kind: Kind::M4a(m4a), summary })
    }

    fn wav(&self, tracks: Vec<Planned>, start: Timestamp) -> Result<AudioFile<'_>, Error> {
        let decode = self.options.g711 == G711::Decode;
        let mut formats = Vec::new();
        for planned in &tracks {
            let Some((format, _)) = planned.coding.in_wav(decode) else {
                let message = format!("track {} holds AAC, which does not go into WAV", planned.number);
                return Err(Error::new(ErrorKind::UnsupportedMedia, message).hint("name the output .m4a"));
            };
            formats.push(format);
        }
        let Some(&first) = formats.first() else {
            return Err(Error::new(ErrorKind::NoTrack, "there is no track of sound in the selection"));
        };
        let mut format = first;
        if tracks.len() > 1 {
            if formats.iter().any(|other| *other != first) {
                return Err(Error::new(ErrorKind::UnsupportedMedia, "the tracks differ in what their samples are")
                    .hint("--g711 decode makes 16-bit PCM of both laws; otherwise write them to files of their own"));
            }
            if first.channels != 1 {
                let message = format!("left and right are tracks of one channel, and these have {}", first.channels);
                return Err(Error::new(ErrorKind::UnsupportedMedia, message).hint("leave --layout out"));
            }
            format.channels = 2;
        }
        let samples = tracks.iter().map(|planned| planned.aligner.samples).max().unwrap_or_default();
        let (head, padding) = wav::head(format, samples);
        let summary = summary(start, &tracks, samples, format.sampling_frequency);
        let kind = Kind::Wav { head, padding, format, samples };
        Ok(AudioFile { index: &self.index, tracks, kind, summary })
    }
}

/// Samples of each track that are worked on at a time.
const AT_ONCE: usize = 1 << 15;

impl AudioFile<'_> {
    /// What it holds.
    #[must_use]
    pub fn summary(&self) -> &Summary {
        &self.summary
    }

    /// WAV or M4A.
    #[must_use]
    pub fn container(&self) -> Container {
        match self.kind {
            Kind::Wav { .. } => Container::Wav,
            Kind::M4a(_) => Container::M4a,
        }
    }

    /// How long the file is, in bytes.
    #[must_use]
    pub fn size(&self) -> u64 {
        let len = |head: &[u8]| u64::try_from(head.len()).unwrap_or(u64::MAX);
        match &self.kind {
            Kind::Wav { head, padding, format, samples } => {
                len(head).saturating_add(samples.saturating_mul(format.block_align())).saturating_add(*padding)
            }
            Kind::M4a(m4a) => len(&m4a.head).saturating_add(m4a.payload_bytes),
        }
    }

    /// Gives the file in order, some bytes at a time, often few. `bytes` gives those of a range of the input.
    ///
    /// # Errors
    ///
    /// What either gives.
    pub fn write<E>(
        &self,
        bytes: impl Fn(Range<u64>) -> Result<Bytes, E>,
        mut each: impl FnMut(&[u8]) -> Result<(), E>,
    ) -> Result<(), E> {
        let frames = |planned: &Planned| Frames::new(self.index, planned.number, &bytes);
        match (&self.kind, &self.tracks[..]) {
            (Kind::M4a(m4a), [planned, ..]) => m4a.write(&planned.aligner.pieces, &mut frames(planned), each),
            (Kind::Wav { head, padding, format, samples }, tracks) => {
                each(head)?;
                let mut tracks: Vec<_> =
                    tracks.iter().map(|planned| planned.samples(frames(planned), *format)).collect();
                let mut left = *samples;
                let (mut gathered, mut parts) = (Vec::new(), vec![Vec::new(); tracks.len()]);
                while left > 0 {
                    let some = usize::try_from(left).unwrap_or(AT_ONCE).min(AT_ONCE);
                    let channel_bytes = usize::try_from(format.block_align()).unwrap_or(1) / tracks.len().max(1);
                    for (track, part) in tracks.iter_mut().zip(&mut parts) {
                        part.clear();
                        track.fill(some, part)?;
                        // One that ends before the other.
                        part.resize(some * channel_bytes, format.silence());
                    }
                    if let [only] = &parts[..] {
                        each(only)?;
                    } else {
                        gathered.clear();
                        for at in (0..some).map(|sample| sample * channel_bytes) {
                            for part in &parts {
                                gathered.extend_from_slice(part.get(at..at + channel_bytes).unwrap_or_default());
                            }
                        }
                        each(&gathered)?;
                    }
                    left -= u64::try_from(some).unwrap_or(left);
                }
                if *padding > 0 { each(&[0]) } else { Ok(()) }
            }
            (Kind::M4a(_), []) => Ok(()),
        }
    }
}

impl Planned {
    /// What gives its samples as they are in a WAV file.
    fn samples<'i, E, F: FnMut(Range<u64>) -> Result<Bytes, E>>(
        &'i self,
        frames: Frames<'i, F>,
        format: SampleFormat,
    ) -> Samples<'i, F> {
        let decode = !matches!(format.coding, SampleCoding::ALaw | SampleCoding::MuLaw);
        let conversion = self.coding.in_wav(decode).map_or(Conversion::None, |(_, conversion)| conversion);
        let stored = match self.clock {
            AudioClock::PerBlock { block_align, .. } => block_align,
            AudioClock::PerFrame { .. } => 1,
        };
        let stored = usize::try_from(stored).unwrap_or(1).max(1);
        let written = match conversion {
            Conversion::ALaw | Conversion::MuLaw => stored * 2,
            Conversion::None | Conversion::Swap(_) => stored,
        };
        let pieces: &[Piece] = &self.aligner.pieces;
        Samples::new(frames, pieces, conversion, (stored, written), format.silence())
    }
}

fn summary(start: Timestamp, tracks: &[Planned], samples: u64, rate: u32) -> Summary {
    let millis = |samples: u64| Nanos::from_ticks(i64::try_from(samples).unwrap_or(i64::MAX), rate).round_millis();
    let track = |planned: &Planned| TrackSummary {
        number: planned.number,
        name: planned.name.clone(),
        samples: planned.aligner.samples,
        silence_ms: millis(planned.aligner.silence),
        gaps: planned.aligner.gaps,
        dropped_ms: millis(planned.aligner.dropped),
        overlaps: planned.aligner.overlaps,
        uneven: planned.aligner.uneven,
    };
    Summary { start, duration_ms: millis(samples), tracks: tracks.iter().map(track).collect() }
}

fn too_long(number: u64, gap: Nanos) -> Error {
    let message = format!("track {number}: a gap of {} s before this fragment", gap.round_millis() / 1000);
    Error::new(ErrorKind::Gap, message).hint("--from and --to choose a stretch without it")
}
