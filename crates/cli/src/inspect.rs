//! `fragkit inspect`: what is in a stream, what is wrong with it, and what can be made of it.
//!
//! ```text
//! inspect            fragments in, everything that is known of them out
//! inspect::private   the private data of a track: sound, mended, or why not
//! inspect::track     a track in words and numbers
//! inspect::text      all of it for people
//! inspect::json      all of it for programs
//! ```

mod json;
mod private;
mod text;
pub(crate) mod track;

use std::io::{self, Write};

use fragkit::codec::FrameChecker;
use fragkit::{
    Completeness, Error, Finding, Fragment, Head, Index, Item, Pipe, ServiceException, Severity, Stretch, Track,
    Tracks, Verdict, change, verdicts,
};

use crate::args::Inspect;
use crate::diagnostics::Findings;
use crate::stream::{self, Input};
use private::Private;

pub(crate) fn run(args: &Inspect) -> Result<(), Error> {
    let mut gathering = Gathering::new(args.strict);
    let mut bytes = 0;
    match Input::open(&args.inputs)? {
        Input::Files(source) => {
            bytes = source.len();
            source.items().for_each(|item| gathering.take(item));
        }
        Input::Pipe(reader) => {
            for item in Pipe::new(reader) {
                gathering.take(item.map_err(|error| stream::unreadable(&error))?);
            }
        }
    }
    let inspection = gathering.finish(bytes);
    if inspection.chunks.is_empty() {
        let mut shown = Findings::default();
        inspection.findings.iter().for_each(|finding| shown.show(finding));
        return Err(if inspection.findings.is_empty() { stream::empty() } else { stream::no_fragments() });
    }
    let mut out = io::BufWriter::new(io::stdout().lock());
    let written = if args.json {
        json::write(&mut out, &inspection, args.fields)
    } else {
        text::write(&mut out, &inspection, args.fields)
    };
    written.and_then(|()| out.flush()).map_err(|error| crate::media::stdout_error(&error))
}

/// All that is known of the input.
struct Inspection {
    chunks: Vec<Head>,
    /// Each different set of tracks.
    sets: Vec<TrackSet>,
    /// In the order of their places.
    findings: Vec<Finding>,
    outputs: Vec<Verdict>,
    bytes: u64,
}

/// The tracks of one fragment and of those that follow with the same.
struct TrackSet {
    stored: Tracks,
    /// As they go into an output.
    mended: Tracks,
    /// What there is to be said of the private data of each stored track.
    private: Vec<Private>,
    /// Of the first chunk that has them.
    offset: u64,
}

/// A track as it is stored, as it goes into an output, and what is to be said of its private data.
type OneTrack<'s> = (&'s Track, &'s Track, &'s Private);

impl TrackSet {
    fn tracks(&self) -> impl Iterator<Item = OneTrack<'_>> {
        self.stored.iter().zip(&self.private).map(|(stored, private)| {
            let mended = self.mended.by_number(stored.entry.number).unwrap_or(stored);
            (stored, mended, private)
        })
    }
}

/// Takes in the stream.
struct Gathering {
    strict: bool,
    index: Index,
    chunks: Vec<Head>,
    sets: Vec<TrackSet>,
    stretches: Vec<Stretch>,
    findings: Vec<Finding>,
    /// Those about private data: what was done is known in the end.
    of_private_data: Vec<Finding>,
    /// The first fragment whose first picture is no key frame, and how many there are.
    unopened: Option<(Finding, u64)>,
}

impl Gathering {
    fn new(strict: bool) -> Self {
        Gathering {
            strict,
            index: Index::new(strict),
            chunks: Vec::new(),
            sets: Vec::new(),
            stretches: Vec::new(),
            findings: Vec::new(),
            of_private_data: Vec::new(),
            unopened: None,
        }
    }

    fn take(&mut self, item: Item) {
        match item {
            Item::Finding(finding) => self.findings.push(finding),
            Item::Fragment(fragment) => self.take_fragment(fragment),
        }
    }

    fn take_fragment(&mut self, fragment: Fragment) {
        if let Some(exception) = &fragment.head.exception {
            self.findings.push(exception_finding(&fragment.head, exception));
        }
        if !fragment.head.tracks.is_empty() {
            self.index.add(&fragment);
            let mended = self.index.fragments().last().map(|indexed| indexed.head.tracks.clone());
            let has_frames = self.index.fragments().last().is_some_and(|indexed| indexed.sample_count() > 0);
            // What was found is kept; where the frames are is of no interest.
            self.index.forget();
            self.take_tracks(&fragment, mended.unwrap_or_default());
            if let Some(stretch) = self.stretches.last_mut() {
                stretch.has_frames |= has_frames;
            }
            self.look_at_first_picture(&fragment);
        }
        self.chunks.push(fragment.head);
    }

    fn take_tracks(&mut self, fragment: &Fragment, mended: Tracks) {
        let head = &fragment.head;
        let stored = &head.tracks;
        let last = self.stretches.last();
        let same_stored = last.is_some_and(|last| last.stored.is_same(stored) || is_alike(&last.stored, stored));
        let changed = last.and_then(|last| change(&last.mended, &mended));
        if same_stored && changed.is_none() {
            return;
        }
        // Where the same tracks are mended only now, the fault was told.
        if let Some(change) = changed.filter(|_| !same_stored) {
            self.findings.push(Finding {
                exception: Some("InvalidCodecPrivateDataException"),
                offset: Some(head.offset),
                path: "Segment > Tracks".into(),
                fragment_number: head.number.clone(),
                hint: Some("`fragkit clip --on-change split` makes one file of each stretch".into()),
                ..Finding::new(
                    Severity::Warning,
                    format!("{change}, so that one clip cannot hold what is before and behind"),
                )
            });
        }
        self.take_set(fragment, &mended);
        self.stretches.push(Stretch { stored: stored.clone(), mended, has_frames: false });
    }

    /// Keeps a set of tracks, unless it is one of the latest that are known.
    fn take_set(&mut self, fragment: &Fragment, mended: &Tracks) {
        let Head { tracks: stored, offset, number, .. } = &fragment.head;
        let latest = self.sets.len().saturating_sub(LATEST_SETS);
        let known = self.sets.iter_mut().skip(latest).find(|set| is_alike(&set.stored, stored));
        if known.as_ref().is_some_and(|set| !can_be_read_better(&set.mended, mended)) {
            return;
        }
        let private: Vec<Private> = stored.iter().map(|track| Private::of(track, fragment, self.strict)).collect();
        if let Some(known) = known {
            (known.mended, known.private) = (mended.clone(), private);
            return;
        }
        for (track, private) in stored.iter().zip(&private) {
            let latest = self.sets.iter().skip(latest);
            let told = { latest }.any(|set| set.stored.iter().any(|known| is_same_track(known, track)));
            if !told {
                let place = |finding| Finding { offset: Some(*offset), fragment_number: number.clone(), ..finding };
                self.of_private_data.extend(private.findings(track).map(place));
            }
        }
        self.sets.push(TrackSet { stored: stored.clone(), mended: mended.clone(), private, offset: *offset });
    }

    /// A fragment should begin with a key frame. Where only the mark is missing, the index has told.
    fn look_at_first_picture(&mut self, fragment: &Fragment) {
        let Some(video) = fragment.head.tracks.video() else { return };
        let first = fragment.frames.iter().find(|frame| frame.track == video.entry.number);
        let Some(frame) = first.filter(|frame| !frame.keyframe) else { return };
        let mended = self.stretches.last().and_then(|stretch| stretch.mended.by_number(video.entry.number));
        let private = video.codec_private.as_ref().ok().or_else(|| mended?.codec_private.as_ref().ok());
        if private.is_some_and(|private| FrameChecker::new(private).check(&frame.payload, false).keyframe) {
            return;
        }
        if let Some((_, count)) = &mut self.unopened {
            *count += 1;
            return;
        }
        let finding = Finding {
            offset: Some(frame.offset),
            path: "Segment > Cluster > SimpleBlock".into(),
            fragment_number: fragment.head.number.clone(),
            hint: Some("have the producer start each fragment with a key frame".into()),
            ..Finding::new(
                Severity::Warning,
                "the first picture of the fragment is no key frame; it cannot be shown by itself",
            )
        };
        self.unopened = Some((finding, 1));
    }

    fn finish(mut self, bytes: u64) -> Inspection {
        let (of_private_data, of_frames): (Vec<Finding>, Vec<Finding>) =
            self.index.take_findings(Severity::Note).into_iter().partition(private::is_about_private_data);
        for finding in &mut self.of_private_data {
            // The index mends, and tells in the same words what it did.
            let same = |done: &&Finding| done.message == finding.message && done.offset == finding.offset;
            let done = of_private_data.iter().find(same);
            if let Some(repair) = done.and_then(|done| done.repair.clone()) {
                finding.repair = Some(repair);
                finding.severity = Severity::Warning;
            }
        }
        self.findings.append(&mut self.of_private_data);
        self.findings.extend(of_frames);
        if self.strict {
            // What the service refuses is then refused by `clip` as well.
            let refused = |finding: &&mut Finding| finding.exception.is_some() && finding.severity > Severity::Note;
            let changes = |finding: &&mut Finding| finding.path == "Segment > Tracks";
            let refused = self.findings.iter_mut().filter(|finding| refused(finding) && !changes(finding));
            refused.for_each(|finding| finding.severity = Severity::Error);
            self.findings.iter_mut().for_each(|finding| finding.repair = None);
        }
        if let Some((mut finding, count)) = self.unopened {
            if count > 1 {
                finding.message += &format!(", and {} more fragments alike", count - 1);
            }
            self.findings.push(finding);
        }
        self.findings.sort_by_key(|finding| finding.offset.unwrap_or(u64::MAX));
        let end = self.chunks.last().map_or(0, |head| head.offset + head.size);
        Inspection {
            outputs: verdicts(&self.stretches, &self.findings, self.strict),
            chunks: self.chunks,
            sets: self.sets,
            findings: self.findings,
            bytes: bytes.max(end),
        }
    }
}

/// An exception that the service put into a chunk, as a finding.
pub(crate) fn exception_finding(head: &Head, exception: &ServiceException) -> Finding {
    let code = exception.code.map_or_else(String::new, |code| format!(" {code}"));
    let meaning = exception.meaning().map_or_else(String::new, |meaning| format!(": {meaning}"));
    let hint = exception.code.and_then(|code| match code {
        4000 => Some("ListFragments tells which fragments the stream still has"),
        4500..=4506 => Some("check the KMS key of the stream, and that the caller may decrypt with it"),
        3002 | 5000 => Some("ask for the fragment again"),
        _ => None,
    });
    Finding {
        offset: Some(head.offset),
        path: "Segment > Tags".into(),
        fragment_number: head.number.clone(),
        hint: hint.map(str::to_owned),
        ..Finding::new(
            Severity::Error,
            format!("the service reports exception{code} in this chunk{meaning} ({:?})", exception.message),
        )
    }
}

fn completeness(completeness: Completeness) -> &'static str {
    match completeness {
        Completeness::Complete => "complete",
        Completeness::Untrailed => "untrailed",
        Completeness::Cut { .. } => "cut",
        Completeness::Broken { .. } => "broken",
        _ => "no media",
    }
}

/// Whether two sets of tracks have nothing different that would be shown.
fn is_alike(a: &Tracks, b: &Tracks) -> bool {
    a.is_same(b) || (a.len() == b.len() && a.iter().zip(b.iter()).all(|(a, b)| is_same_track(a, b)))
}

fn is_same_track(a: &Track, b: &Track) -> bool {
    let (a, b) = (&a.entry, &b.entry);
    (a.number, a.track_type, &a.codec_id, &a.codec_private) == (b.number, b.track_type, &b.codec_id, &b.codec_private)
        && (&a.video, &a.audio, &a.content_encodings) == (&b.video, &b.audio, &b.content_encodings)
}

/// Whether a track can be read now that could not be before.
fn can_be_read_better(before: &Tracks, after: &Tracks) -> bool {
    after.iter().any(|track| {
        let before = before.by_number(track.entry.number);
        track.codec_private.is_ok() && before.is_some_and(|before| before.codec_private.is_err())
    })
}

/// How many sets of tracks are looked through for one that was there before.
const LATEST_SETS: usize = 64;
