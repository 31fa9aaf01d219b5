//! Fragments in, a plan of MP4 files out.

use bytes::Bytes;
use fragkit_fragment::codec::CodecId;
use fragkit_fragment::{
    AudioClock, Finding, Fragment, Head, Index, Nanos, Run, Sample, Selector, Severity, SmallRun, Timeline, Timestamp,
    Tracks, change,
};
use fragkit_mp4::{
    Edit, MDAT_PLACEHOLDER, Movie, SampleEntry, SampleTable, Track, Visual, creation_time, placed_mdat_header,
};

use crate::error::{Error, ErrorKind};
use crate::media::{Media, gcd, media};
use crate::options::{OnChange, Options};
use crate::times::Samples;

/// Collects fragments for clips whose payload stays in the input until it is written: the way for files.
#[derive(Debug)]
pub struct Clipper {
    options: Options,
    index: Index,
}

/// One MP4 file: what is made, and which ranges of the input go between.
#[derive(Debug)]
pub struct Clip<'i> {
    index: &'i Index,
    fragments: Vec<usize>,
    head: Vec<u8>,
    payload_bytes: u64,
    summary: Summary,
}

/// What a clip holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Summary {
    /// How many fragments.
    pub fragments: usize,
    /// Producer timestamp of the first fragment.
    pub start: Option<Timestamp>,
    /// How long it plays, in milliseconds.
    pub duration_ms: i64,
    /// How many samples each track has, by track number.
    pub samples: Vec<(u32, u32)>,
    /// How many fragments the limits cut off.
    pub truncated: usize,
}

/// The fragments of one clip.
#[derive(Debug)]
struct Part {
    fragments: Vec<usize>,
    truncated: usize,
}

impl Clipper {
    /// Collects for clips with these options.
    #[must_use]
    pub fn new(options: Options) -> Self {
        let index = Index::new(options.strict).picture_and_sound_only();
        Clipper { options, index }
    }

    /// Takes in a fragment. Its frames are not kept, only where they are in the input.
    pub fn add(&mut self, fragment: &Fragment) {
        if self.options.selector.is_candidate(&fragment.head) {
            self.index.add(fragment);
        }
    }

    /// The same for several fragments, whose frames are looked at in parallel: for many threads, give some megabytes at a time.
    pub fn add_all(&mut self, fragments: &[Fragment]) {
        let selector = &self.options.selector;
        self.index.add_all(fragments.iter().filter(|fragment| selector.is_candidate(&fragment.head)));
    }

    /// What was repaired or cannot be used, since this was asked the last time. Of frames that are odd in the same way, the
    /// first is told of.
    pub fn take_findings(&mut self) -> Vec<Finding> {
        self.index.take_findings(Severity::Warning)
    }

    /// Plans the clips: one, or more if tracks change and that is to start another.
    ///
    /// # Errors
    ///
    /// If nothing is selected, tracks change, or the media cannot stand in an MP4.
    pub fn clips(&self) -> Result<Vec<Clip<'_>>, Error> {
        let parts = parts(&self.options, &self.index)?;
        parts
            .into_iter()
            .map(|part| {
                let (movie, payload_bytes, duration_ms) =
                    movie(&self.options, &self.index, &part.fragments, Payload::Input)?;
                let head = movie.head(payload_bytes)?;
                let summary = summary(&self.index, &part, &movie, duration_ms);
                Ok(Clip { index: &self.index, fragments: part.fragments, head, payload_bytes, summary })
            })
            .collect()
    }
}

impl Clip<'_> {
    /// How long the file will be, in bytes.
    #[must_use]
    pub fn size(&self) -> u64 {
        u64::try_from(self.head.len()).unwrap_or(u64::MAX).saturating_add(self.payload_bytes)
    }

    /// What stands before the frames: `ftyp`, `moov` and the head of `mdat`.
    #[must_use]
    pub fn head(&self) -> &[u8] {
        &self.head
    }

    /// What it holds.
    #[must_use]
    pub fn summary(&self) -> &Summary {
        &self.summary
    }

    /// Gives the file as runs, in order: `ftyp`, `moov` and the head of `mdat`, then the frames.
    ///
    /// # Errors
    ///
    /// What `each` gives.
    #[inline]
    pub fn runs<E>(&self, mut each: impl FnMut(Run<'_>) -> Result<(), E>) -> Result<(), E> {
        each(Run::Bytes(&self.head))?;
        for &fragment in &self.fragments {
            self.index.runs(fragment, |_, run| each(run))?;
        }
        Ok(())
    }
}

/// Writes a clip while fragments come in, for pipes: `ftyp`, then the payload as it comes, and `moov` last. Memory holds
/// one fragment and the index of samples.
///
/// The caller writes the bytes that it is handed, in order, and in the end the few that replace the placeholder.
#[derive(Debug)]
pub struct StreamingClipper {
    options: Options,
    index: Index,
    /// How long `ftyp` is, once it is written.
    ftyp_bytes: Option<u64>,
}

/// How a streamed clip ends.
#[derive(Debug)]
pub struct StreamEnd {
    /// To be appended: `moov`.
    pub moov: Vec<u8>,
    /// To be written over what is at this offset of the file: the final head of `mdat`.
    pub patch: (u64, [u8; 16]),
    /// What the clip holds.
    pub summary: Summary,
}

impl StreamingClipper {
    /// Writes one clip with these options; where tracks change, that is an error whatever the options say.
    #[must_use]
    pub fn new(options: Options) -> Self {
        let index = Index::written(options.strict).picture_and_sound_only();
        StreamingClipper { options, index, ftyp_bytes: None }
    }

    /// Takes in a fragment and hands its part of the file to `write`.
    ///
    /// # Errors
    ///
    /// What `write` gives.
    pub fn add<E>(&mut self, fragment: &Fragment, mut write: impl FnMut(&[u8]) -> Result<(), E>) -> Result<(), E> {
        // No run is of the input: all that is written is at hand.
        self.add_runs(fragment, |run| write(run.bytes().unwrap_or_default()))
    }

    /// The same in runs that are slices of the fragment or small, so that many can be written in one call. None is a
    /// [`Run::Input`].
    ///
    /// # Errors
    ///
    /// What `write` gives.
    pub fn add_runs<'f, E>(
        &mut self,
        fragment: &'f Fragment,
        mut write: impl FnMut(Run<'f>) -> Result<(), E>,
    ) -> Result<(), E> {
        let selector = &self.options.selector;
        if !selector.is_candidate(&fragment.head) || !may_be_selected(selector, &fragment.head) {
            return Ok(());
        }
        if self.ftyp_bytes.is_none() {
            let ftyp = ftyp(&fragment.head.tracks);
            for part in ftyp.chunks(SmallRun::MAX_LEN).chain([&MDAT_PLACEHOLDER[..]]) {
                write(Run::Small(SmallRun::new(part)))?;
            }
            self.ftyp_bytes = u64::try_from(ftyp.len()).ok();
        }
        self.index.add_written(fragment, write)
    }

    /// What was repaired or cannot be used, since this was asked the last time. Of frames that are odd in the same way, the
    /// first is told of.
    pub fn take_findings(&mut self) -> Vec<Finding> {
        self.index.take_findings(Severity::Warning)
    }

    /// Ends the clip.
    ///
    /// # Errors
    ///
    /// As for [`Clipper::clips`]; what was written is then no clip.
    pub fn finish(&self) -> Result<StreamEnd, Error> {
        let options = Options { on_change: OnChange::Error, ..self.options.clone() };
        let mut parts = parts(&options, &self.index)?;
        let part = parts.pop().ok_or_else(nothing_selected)?;
        let (movie, _, duration_ms) = movie(&options, &self.index, &part.fragments, Payload::Written)?;
        let placeholder = self.ftyp_bytes.unwrap_or_default();
        let payload_offset = placeholder + u64::try_from(MDAT_PLACEHOLDER.len()).unwrap_or_default();
        let payload_bytes = self.index.written_bytes().unwrap_or_default();
        let moov = movie.moov(payload_offset, payload_bytes)?;
        let summary = summary(&self.index, &part, &movie, duration_ms);
        Ok(StreamEnd { moov, patch: (placeholder, placed_mdat_header(payload_bytes)?), summary })
    }
}

/// The first box of a file with these tracks. Its brands depend on whether there is H.264, which the codec id tells even
/// where the private data has yet to be repaired.
fn ftyp(tracks: &Tracks) -> Vec<u8> {
    let avc = tracks.iter().any(|track| CodecId::parse(&track.entry.codec_id) == CodecId::Avc);
    let entry = SampleEntry::Avc1 { visual: Visual::default(), config: Bytes::new() };
    let tracks = avc.then(|| Track::new(1, entry, SampleTable::new(1))).into_iter().collect();
    Movie { tracks, ..Movie::default() }.ftyp()
}

/// Whether the selection may take a fragment, as far as it tells by itself.
fn may_be_selected(selector: &Selector, head: &Head) -> bool {
    let Some(time) = selector.time(head) else { return false };
    let ends = time.as_millis().saturating_add(head.duration_ms());
    let reaches = selector.include_overlap && selector.from.is_some_and(|from| ends > from.as_millis());
    selector.to.is_none_or(|to| time <= to) && (reaches || selector.from.is_none_or(|from| time >= from))
}

fn nothing_selected() -> Error {
    Error::new(ErrorKind::NothingSelected, "No fragments found in the stream for the clip request.").hint(
        "`fragkit list` shows the times there are; --include-overlap takes the fragment that reaches over the start",
    )
}

/// Selects the fragments, applies the limits and cuts where tracks change.
fn parts(options: &Options, index: &Index) -> Result<Vec<Part>, Error> {
    let heads = index.fragments();
    let selected = options.selector.select_by(heads.len(), |at| heads.get(at).map(|indexed| &indexed.head));
    // Where no frame at all can be used, the tracks tell why.
    let usable: Vec<usize> = selected
        .iter()
        .copied()
        .filter(|&at| heads.get(at).is_some_and(|indexed| indexed.sample_count() > 0))
        .collect();
    let selected = if usable.is_empty() { selected } else { usable };
    if selected.is_empty() {
        return Err(nothing_selected());
    }
    let mut taken = selected.len().min(options.limits.clip_fragments.unwrap_or(usize::MAX));
    if let Some(limit) = options.limits.clip_bytes {
        let mut bytes = 0_u64;
        let within = selected.iter().take_while(|&&at| {
            bytes = bytes.saturating_add(heads.get(at).map_or(0, |indexed| indexed.head.size));
            bytes <= limit
        });
        taken = taken.min(within.count());
    }
    let truncated = selected.len() - taken;
    let mut parts: Vec<Part> = Vec::new();
    let mut before: Option<&Tracks> = None;
    for at in selected.into_iter().take(taken) {
        let Some(indexed) = heads.get(at) else { continue };
        let head = &indexed.head;
        if let Some(refusal) = &indexed.refusal {
            return Err(Error::refused(refusal));
        }
        match before.and_then(|before| change(before, &head.tracks)) {
            Some(change) if options.on_change == OnChange::Error => {
                return Err(Error::new(ErrorKind::Change, change.to_string())
                    .in_fragment(head.number.as_ref())
                    .hint("--on-change split makes one file of each stretch; --from and --to choose one"));
            }
            None if before.is_some() => {}
            _ => parts.push(Part { fragments: Vec::new(), truncated: 0 }),
        }
        before = Some(&head.tracks);
        if let Some(part) = parts.last_mut() {
            part.fragments.push(at);
        }
    }
    if let Some(last) = parts.last_mut() {
        last.truncated = truncated;
    }
    if parts.is_empty() {
        return Err(nothing_selected().hint("the first fragment alone passes the limit on bytes"));
    }
    Ok(parts)
}

/// Whose offsets the chunk tables hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Payload {
    /// The payload is laid out now, fragment by fragment.
    Input,
    /// It lies where it was written.
    Written,
}

/// A track on its way into the movie.
struct Building {
    /// Index in the fragments' tracks.
    track: u8,
    number: u64,
    media: Media,
    samples: Samples,
    last_duration: Nanos,
}

fn movie(options: &Options, index: &Index, fragments: &[usize], payload: Payload) -> Result<(Movie, u64, i64), Error> {
    let heads = index.fragments();
    let first = fragments.first().and_then(|&at| heads.get(at)).ok_or_else(nothing_selected)?;
    let tracks = &first.head.tracks;
    let media = usable_media(options, index, fragments, tracks)?;
    let timescale = video_timescale(index, fragments);
    match build(options, index, fragments, payload, &media, timescale) {
        // A fine clock may not reach over a long gap; milliseconds reach over 49 days.
        Err(error) if error.kind() == ErrorKind::TooLarge && timescale != MILLISECONDS => {
            build(options, index, fragments, payload, &media, MILLISECONDS)
        }
        built => built,
    }
}

const MILLISECONDS: u32 = 1000;

/// The tracks that have frames in these fragments, with what they become.
fn usable_media(
    options: &Options,
    index: &Index,
    fragments: &[usize],
    tracks: &Tracks,
) -> Result<Vec<(u8, u64, Media)>, Error> {
    let heads = index.fragments();
    let mut used: Vec<u8> = Vec::new();
    for indexed in fragments.iter().filter_map(|&at| heads.get(at)) {
        for track in &indexed.tracks {
            if !used.contains(&track.track) {
                used.push(track.track);
            }
        }
    }
    let mut usable = Vec::new();
    let mut refused = None;
    for (at, track) in (0_u8..=u8::MAX).zip(tracks.iter()) {
        // A track that cannot be used at all is an error even where its frames were left out for it.
        if !used.contains(&at) && track.refused_encoding.is_none() {
            continue;
        }
        match media(track) {
            Ok(Some(media)) => usable.push((at, track.entry.number, media)),
            Ok(None) => {}
            Err(error) => refused = Some(refused.unwrap_or(error)),
        }
    }
    let number = fragments.first().and_then(|&at| heads.get(at)).and_then(|indexed| indexed.head.number.as_ref());
    if let Some(error) = refused {
        return Err(error.in_fragment(number));
    }
    if usable.is_empty() {
        return Err(Error::new(ErrorKind::UnsupportedMedia, "there is neither picture nor sound in the selection")
            .hint("`fragkit inspect` shows the tracks; clips hold H.264, H.265, AAC and G.711"));
    }
    documented(options, &usable)?;
    Ok(usable)
}

/// Refuses the combinations that the service refuses, if it is to be so.
fn documented(options: &Options, usable: &[(u8, u64, Media)]) -> Result<(), Error> {
    let any = |is: fn(&SampleEntry) -> bool| usable.iter().any(|(.., media)| is(&media.sample_entry));
    let alaw = any(|entry| matches!(entry, SampleEntry::Alaw { .. }));
    let message = if options.limits.clip_needs_video && !any(|entry| entry.visual().is_some()) {
        "the service makes no clip of audio alone"
    } else if !options.limits.clip_documented_audio_only {
        return Ok(());
    } else if any(|entry| matches!(entry, SampleEntry::Ulaw { .. })) {
        "the service takes A-law into a clip, not mu-law"
    } else if alaw && any(|entry| matches!(entry, SampleEntry::Hvc1 { .. })) {
        "the service takes A-law into a clip beside H.264, not H.265"
    } else {
        return Ok(());
    };
    Err(Error::new(ErrorKind::UnsupportedMedia, message).hint("--limits unlimited makes the clip"))
}

/// Ticks a second in which every frame time of these fragments is a whole number, if there is such a clock.
fn video_timescale(index: &Index, fragments: &[usize]) -> u32 {
    const NANOS: u64 = 1_000_000_000;
    const FINEST: u64 = 100;
    let heads = index.fragments();
    let scales = fragments.iter().filter_map(|&at| heads.get(at)).map(|indexed| indexed.head.timestamp_scale);
    // Producer timestamps count milliseconds.
    let unit = scales.fold(1_000_000, gcd).max(FINEST);
    let exact = NANOS.checked_rem(unit) == Some(0);
    u32::try_from(if exact { NANOS / unit } else { NANOS / FINEST }).unwrap_or(MILLISECONDS)
}

fn build(
    options: &Options,
    index: &Index,
    fragments: &[usize],
    payload: Payload,
    media: &[(u8, u64, Media)],
    timescale: u32,
) -> Result<(Movie, u64, i64), Error> {
    let heads = index.fragments();
    let tolerance = fragments.iter().filter_map(|&at| heads.get(at)).map(|indexed| indexed.head.timestamp_scale).max();
    let tolerance = Nanos::from_scaled(1, tolerance.unwrap_or_default()).max(Nanos(1_000_000));
    let regular = regular_tracks(options, index, fragments, media, tolerance);
    let mut building: Vec<Building> = media
        .iter()
        .map(|(track, number, media)| {
            let of_track = |at: &usize| heads.get(*at)?.tracks.iter().find(|indexed| indexed.track == *track);
            let reorder = fragments.iter().filter_map(of_track).map(|indexed| indexed.reorder).max();
            let samples = match media.clock {
                Some(clock) => Samples::audio(clock, tolerance, regular.contains(track)),
                None => Samples::video(timescale, reorder.unwrap_or_default()),
            };
            Building { track: *track, number: *number, media: media.clone(), samples, last_duration: Nanos::ZERO }
        })
        .collect();
    let mut timeline = Timeline::new(options.gaps);
    let mut position = 0;
    // The turns of tracks with B-frames; of others they are the times themselves.
    let mut turns: Vec<(u8, std::vec::IntoIter<Nanos>)> = Vec::new();
    for &at in fragments {
        let Some(indexed) = heads.get(at) else { continue };
        let wall = indexed.head.producer_timestamp.map(Timestamp::nanos).unwrap_or_default();
        let shift = wall - timeline.place(&indexed.wall_spans());
        let stored = index.samples(at);
        for track in &indexed.tracks {
            if track.reorder > Nanos::ZERO {
                let of_track = stored.iter().filter(|sample| sample.track == track.track);
                let mut times: Vec<Nanos> = of_track.map(|sample| sample.time).collect();
                times.sort_unstable();
                turns.push((track.track, times.into_iter()));
            }
        }
        for run in index.interleaved(at, &stored) {
            let samples = stored.get(run.samples.clone()).unwrap_or_default();
            // The samples of a run lie back to back, in a clip and where they were written.
            let offset = match payload {
                Payload::Input => position,
                Payload::Written => samples.first().map_or(0, Sample::input_offset),
            };
            let Some(track) = building.iter_mut().find(|building| building.track == run.track) else {
                position += samples.iter().map(|sample| u64::from(sample.size)).sum::<u64>();
                continue;
            };
            let turns = turns.iter_mut().find(|(track, _)| *track == run.track).map(|(_, turns)| turns);
            position += track.samples.push(offset, samples, shift, turns, run.starts_stretch)? - offset;
        }
        turns.clear();
        for track in &indexed.tracks {
            if let Some(building) = building.iter_mut().find(|building| building.track == track.track) {
                building.last_duration = track.last_duration;
            }
        }
    }
    finish(building, timescale, index, fragments).map(|(movie, duration)| (movie, position, duration))
}

fn finish(building: Vec<Building>, timescale: u32, index: &Index, fragments: &[usize]) -> Result<(Movie, i64), Error> {
    let has_video = building.iter().any(|track| track.media.clock.is_none());
    let audio_clock = building.first().and_then(|track| track.media.clock).map(AudioClock::sampling_frequency);
    let movie_timescale = if has_video { timescale } else { audio_clock.unwrap_or(MILLISECONDS) };
    let first = fragments.first().and_then(|&at| index.fragments().get(at)).map(|indexed| &indexed.head);
    let start = first.and_then(|head| head.producer_timestamp);
    let mut movie = Movie {
        timescale: movie_timescale,
        creation_time: start.map(Timestamp::as_millis).and_then(creation_time),
        tracks: Vec::new(),
    };
    let mut duration_ms = 0;
    for Building { track, number, media, samples, last_duration } in building {
        let finished = samples.finish(last_duration)?;
        let own = finished.table.timescale();
        duration_ms = duration_ms.max(Nanos::from_ticks(finished.end, own).round_millis());
        let rescale = |ticks: i64| Nanos::from_ticks(ticks, own).ticks(movie_timescale).max(0).unsigned_abs();
        let mut edits = Vec::new();
        let start = rescale(finished.first);
        if start > 0 {
            edits.push(Edit::Empty { duration: start });
        }
        if start > 0 || finished.media_time > 0 {
            let duration = rescale(finished.end).saturating_sub(start).max(1);
            edits.push(Edit::Media { media_time: finished.media_time, duration });
        }
        let track_id = u32::try_from(number).ok().filter(|&id| id > 0).unwrap_or_else(|| u32::from(track) + 1);
        let entry = first.and_then(|head| head.tracks.get(usize::from(track))).map(|track| &track.entry);
        let language = entry.and_then(|entry| entry.language.as_deref()).and_then(language).unwrap_or(*b"und");
        movie.tracks.push(Track {
            language,
            name: entry.and_then(|entry| entry.name.clone()),
            edits,
            ..Track::new(track_id, media.sample_entry, finished.table)
        });
    }
    Ok((movie, duration_ms))
}

/// The audio tracks in which no frame has to be stretched or shortened. Only G.711 asks.
fn regular_tracks(
    options: &Options,
    index: &Index,
    fragments: &[usize],
    media: &[(u8, u64, Media)],
    tolerance: Nanos,
) -> Vec<u8> {
    let heads = index.fragments();
    let mut regular = Vec::new();
    for (track, _, media) in media {
        let Some(clock @ AudioClock::PerBlock { sampling_frequency, block_align }) = media.clock else { continue };
        let mut timeline = Timeline::new(options.gaps);
        let mut due: Option<i64> = None;
        let holds = fragments.iter().filter_map(|&at| Some((at, heads.get(at)?))).all(|(at, indexed)| {
            let wall = indexed.head.producer_timestamp.map(Timestamp::nanos).unwrap_or_default();
            let shift = wall - timeline.place(&indexed.wall_spans());
            index.samples(at).iter().filter(|sample| sample.track == *track).all(|sample| {
                let present = sample.time + shift;
                let at = due.unwrap_or_else(|| present.ticks(sampling_frequency));
                due = Some(at + i64::from(clock.samples(sample.size)));
                let whole = sample.size.checked_rem(block_align) == Some(0);
                whole && (Nanos::from_ticks(at, sampling_frequency) - present).abs() <= tolerance
            })
        });
        if holds {
            regular.push(*track);
        }
    }
    regular
}

/// Three lower-case letters, as `mdhd` wants them.
fn language(text: &str) -> Option<[u8; 3]> {
    let letters: [u8; 3] = text.as_bytes().try_into().ok()?;
    letters.iter().all(u8::is_ascii_lowercase).then_some(letters)
}

fn summary(index: &Index, part: &Part, movie: &Movie, duration_ms: i64) -> Summary {
    let start = part.fragments.first().and_then(|&at| index.fragments().get(at));
    Summary {
        fragments: part.fragments.len(),
        start: start.and_then(|indexed| indexed.head.producer_timestamp),
        duration_ms,
        samples: movie.tracks.iter().map(|track| (track.track_id, track.samples.sample_count())).collect(),
        truncated: part.truncated,
    }
}

impl Summary {
    /// What the caller should be told beside the clip itself.
    #[must_use]
    pub fn finding(&self) -> Option<Finding> {
        (self.truncated > 0).then(|| Finding {
            hint: Some("--limits unlimited takes them all".into()),
            ..Finding::new(
                Severity::Warning,
                format!(
                    "the limits cut off the last {} selected fragments, as the service does without a word",
                    self.truncated
                ),
            )
        })
    }
}
