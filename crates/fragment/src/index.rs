//! Where the frames of many fragments lie in the input, in a few bytes a frame, with what has to be done to them: what
//! clips and merged files are planned on, so that no frame is held in memory.

mod frames;
mod intake;
mod repair;
mod samples;
mod summary;

use std::borrow::Cow;
use std::ops::Range;

use bytes::Bytes;
use fragkit_mkv::TrackType;
use rayon::prelude::*;

use crate::finding::{Finding, Severity};
use crate::fragment::{Fragment, Head};
use crate::run::{Run, SmallRun};
use crate::time::{Nanos, Timestamp};
use crate::timeline::TrackSpan;
use crate::tracks::{Track, Tracks};
use frames::Seen;
use intake::{Intake, Origin, Taken, kept_frames};
pub use repair::{Mended, Repair};
use samples::{Samples, Step};

/// Fragments without their payload.
#[derive(Debug, Default)]
pub struct Index {
    fragments: Vec<Indexed>,
    repair: Repair,
    /// The tracks of the fragment that was prepared last.
    prepared: Option<Tracks>,
    strict: bool,
    findings: Vec<Finding>,
    seen: Seen,
    /// Tracks of sound whose rate was found to be wrong.
    off_beat: Vec<u64>,
    written: Option<u64>,
    wanted: Wanted,
}

/// Which tracks an index takes in.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Wanted {
    #[default]
    All,
    PictureAndSound,
    Sound,
}

impl Wanted {
    /// Whether a track is wanted, and stored in a way that can be undone.
    fn uses(self, track: &Track) -> bool {
        let kind = track.entry.track_type;
        let wanted = match self {
            Wanted::All => true,
            Wanted::PictureAndSound => kind.is_picture_or_sound(),
            Wanted::Sound => kind == TrackType::Audio,
        };
        wanted && track.refused_encoding.is_none()
    }
}

/// One fragment of an [`Index`].
#[derive(Debug)]
pub struct Indexed {
    /// The fragment's head, with repaired tracks where repairs were needed; its tags are left out.
    pub head: Head,
    /// What is known of each track that has frames.
    pub tracks: Vec<IndexedTrack>,
    /// Where nothing may be repaired: what would have to be, and so keeps the fragment out of every output.
    pub refusal: Option<Box<Finding>>,
    /// Each fragment has its own, so that several can be made at once and nothing is copied when there are more.
    samples: Samples,
    /// Those of all samples that are written as units.
    units: Vec<Unit>,
}

/// The frames of one track in one fragment. Times are relative to the producer timestamp.
#[derive(Debug, Clone, Copy)]
pub struct IndexedTrack {
    /// Index of the track in [`Head::tracks`].
    pub track: u8,
    /// Earliest presentation time.
    pub first: Nanos,
    /// Latest presentation time.
    pub last: Nanos,
    /// How long the latest frame lasts, as well as it is known.
    pub last_duration: Nanos,
    /// The longest time by which a frame is decoded ahead of its turn: 0 unless there are B-frames.
    pub reorder: Nanos,
}

/// One frame of an [`Index`].
#[derive(Debug, Clone, Copy)]
pub struct Sample {
    /// Where its stored bytes start in the input.
    offset: u64,
    /// Presentation time relative to the producer timestamp.
    pub time: Nanos,
    /// Bytes in the output.
    pub size: u32,
    /// Index of its track in [`Head::tracks`].
    pub track: u8,
    /// It can be decoded on its own: as the container has it, put right by what is in the frame.
    pub keyframe: bool,
    form: Form,
}

/// What has to be done to a frame's stored bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    /// Nothing.
    AsStored,
    /// The header that was stripped off goes in front.
    Stripped,
    /// NAL units are written with lengths of four bytes; the units of the index say where they are.
    Units,
}

/// Several fragments are taken in at once until they have so many frames.
const TAKEN_AT_ONCE: usize = 1 << 16;

/// What is known of a fragment before its frames are looked at.
#[derive(Debug)]
struct Prepared {
    mended: Mended,
    /// What was found out about its tracks.
    findings: Vec<Finding>,
}

/// A NAL unit of a frame: where it starts behind the frame's offset, and how long it is.
#[derive(Debug, Clone, Copy)]
struct Unit {
    start: u32,
    len: u32,
}

impl Index {
    /// An empty index. `strict` means that nothing is repaired: frames and private data stay as they are, and
    /// [`Indexed::refusal`] tells of those that are not as they should be.
    #[must_use]
    pub fn new(strict: bool) -> Self {
        Index { repair: Repair::new(strict), strict, ..Index::default() }
    }

    /// An empty index of payload that is written out as it comes: see [`add_written`](Index::add_written).
    #[must_use]
    pub fn written(strict: bool) -> Self {
        Index { written: Some(0), ..Index::new(strict) }
    }

    /// Leaves out tracks that are neither picture nor sound.
    #[must_use]
    pub fn picture_and_sound_only(mut self) -> Self {
        self.wanted = Wanted::PictureAndSound;
        self
    }

    /// Leaves out tracks that are not sound.
    #[must_use]
    pub fn sound_only(mut self) -> Self {
        self.wanted = Wanted::Sound;
        self
    }

    /// Takes in a fragment whose payload stays where it is in the input. Of sound, the places are enough (see
    /// [`Assembler::without_audio_payload`](crate::Assembler::without_audio_payload)).
    pub fn add(&mut self, fragment: &Fragment) {
        self.index(fragment);
    }

    /// The same for several fragments, whose frames are looked at in parallel: for many threads, give some megabytes at a time.
    pub fn add_all<'f>(&mut self, fragments: impl IntoIterator<Item = &'f Fragment>) {
        self.add_in_batches(fragments, TAKEN_AT_ONCE);
    }

    fn add_in_batches<'f>(&mut self, fragments: impl IntoIterator<Item = &'f Fragment>, most: usize) {
        let mut some: Vec<&Fragment> = Vec::new();
        let mut frames = 0;
        for fragment in fragments {
            let count = fragment.frames.len() + fragment.places.len();
            if frames + count > most {
                self.add_some(&some);
                (frames, some) = (0, Vec::new());
            }
            if count > most {
                self.add(fragment);
            } else {
                frames += count;
                some.push(fragment);
            }
        }
        self.add_some(&some);
    }

    fn add_some(&mut self, fragments: &[&Fragment]) {
        if let [fragment] = fragments {
            self.add(fragment);
            return;
        }
        let prepared: Vec<Prepared> = fragments.iter().map(|fragment| self.prepare(fragment)).collect();
        let intakes = fragments.iter().zip(&prepared).map(|(fragment, prepared)| self.intake(fragment, prepared));
        let intakes: Vec<(Intake<'_>, Vec<Step>)> = intakes.map(|intake| (intake, intake.room())).collect();
        let in_turn = |samples: &mut _, (intake, steps): (Intake<'_>, _)| intake.in_turn(steps, samples);
        let taken: Vec<Taken> = intakes.into_par_iter().map_init(Vec::new, in_turn).collect();
        for ((fragment, prepared), taken) in fragments.iter().zip(prepared).zip(taken) {
            self.file(fragment, prepared, taken);
        }
    }

    /// Takes in a fragment whose payload, which must all be in its frames or its pieces, is now written out in the order of
    /// [`interleaved`](Index::interleaved), in runs that are slices of it or small. From then on the index speaks of the output's
    /// bytes as its input.
    ///
    /// # Errors
    ///
    /// What `write` gives; the fragment is then not to be used.
    pub fn add_written<'f, E>(
        &mut self,
        fragment: &'f Fragment,
        mut write: impl FnMut(Run<'f>) -> Result<(), E>,
    ) -> Result<(), E> {
        let origins = self.index(fragment);
        let Some(last) = self.fragments.len().checked_sub(1) else { return Ok(()) };
        if fragment.frames.is_empty()
            && let Some(indexed) = self.fragments.last_mut()
        {
            let mut position = self.written.unwrap_or_default();
            let written = indexed.samples.write_packed(position, |sample| {
                let bytes = fragment.in_pieces(sample.offset, sample.size).unwrap_or_default();
                write(Run::Bytes(bytes))?;
                // What the caller does not have has no bytes in the output either.
                let size = len(bytes.len());
                position += u64::from(size);
                self.written = Some(position);
                Ok(size)
            });
            if let Some(done) = written {
                return done;
            }
        }
        let mut samples = self.samples(last).into_owned();
        let order: Vec<usize> = self.interleaved(last, &samples).flat_map(|run| run.samples).collect();
        let unit_starts = self.unit_starts(last);
        let mut position = self.written.unwrap_or_default();
        let Some(indexed) = self.fragments.get_mut(last) else { return Ok(()) };
        for index in order {
            let (Some(sample), Some(origin)) = (samples.get_mut(index), origins.get(index)) else { continue };
            if let Some(frame) = fragment.frames.get(origin.frame) {
                if sample.form == Form::Units {
                    for unit in indexed.units_of(sample, unit_starts.get(index)) {
                        write(Run::Small(SmallRun::new(&unit.len.to_be_bytes())))?;
                        write(Run::Bytes(slice(&frame.payload, *unit)))?;
                    }
                } else {
                    write(Run::Bytes(slice(&frame.payload, Unit { start: origin.start, len: sample.size })))?;
                }
            } else {
                let bytes = fragment.in_pieces(sample.offset, sample.size).unwrap_or_default();
                write(Run::Bytes(bytes))?;
                // What the caller does not have has no bytes in the output either.
                sample.size = len(bytes.len());
            }
            (sample.offset, sample.form) = (position, Form::AsStored);
            position += u64::from(sample.size);
            self.written = Some(position);
        }
        // Every unit of this fragment is in the output now.
        (indexed.samples, indexed.units) = (Samples::of(samples), Vec::new());
        Ok(())
    }

    /// How many bytes were written by [`add_written`](Index::add_written), if that is what this index is for.
    #[must_use]
    pub fn written_bytes(&self) -> Option<u64> {
        self.written
    }

    /// The fragments in the order they were added.
    #[must_use]
    pub fn fragments(&self) -> &[Indexed] {
        &self.fragments
    }

    /// What was repaired or found odd since this was asked the last time; frames that are odd in the same way are told of
    /// once. `least` leaves out what is less severe.
    pub fn take_findings(&mut self, least: Severity) -> Vec<Finding> {
        let mut findings = std::mem::take(&mut self.findings);
        findings.extend(self.seen.take(least));
        findings.retain(|finding| finding.severity >= least);
        findings
    }

    /// Forgets the fragments, but not what was found in them: for those who want the findings alone.
    pub fn forget(&mut self) {
        // The last one is what the next is compared with.
        let last = self.fragments.pop();
        self.fragments.clear();
        self.fragments.extend(last.map(|last| Indexed { samples: Samples::default(), units: Vec::new(), ..last }));
    }

    /// Takes in a fragment and says of which frame each sample is, if its payload is to be written; of frames whose places alone are
    /// known, nothing.
    fn index(&mut self, fragment: &Fragment) -> Vec<Origin> {
        let prepared = self.prepare(fragment);
        let taken = self.intake(fragment, &prepared).alone();
        self.file(fragment, prepared, taken)
    }

    /// Mends the tracks of the next fragment.
    fn prepare(&mut self, fragment: &Fragment) -> Prepared {
        let mut findings = Vec::new();
        let mut mended = self.repair.tracks(fragment, &mut findings);
        // Samples name their track by its place; so that must not change where only the order of the entries does.
        if let Some(last) = &self.prepared {
            mended.tracks = mended.tracks.in_order_of(last);
        }
        self.prepared = Some(mended.tracks.clone());
        Prepared { mended, findings }
    }

    fn intake<'f>(&self, fragment: &'f Fragment, prepared: &'f Prepared) -> Intake<'f> {
        Intake {
            fragment,
            tracks: &prepared.mended.tracks,
            checkers: &prepared.mended.checkers,
            strict: self.strict,
            wanted: self.wanted,
            with_origins: self.written.is_some(),
        }
    }

    /// Files a fragment whose frames are taken in.
    fn file(&mut self, fragment: &Fragment, mut prepared: Prepared, taken: Taken) -> Vec<Origin> {
        self.findings.append(&mut prepared.findings);
        let Mended { tracks, refusal, .. } = prepared.mended;
        // Sound by itself is not stretched to its times.
        let off = if self.wanted == Wanted::Sound { Vec::new() } else { taken.summary.off_beat(&tracks) };
        for (number, held, spanned) in off {
            if !self.off_beat.contains(&number) {
                self.off_beat.push(number);
                self.findings.push(off_beat(fragment, number, held, spanned));
            }
        }
        // Each fragment is refused for itself: which of them are selected is not known yet.
        let harmful = taken.seen.harmful().filter(|_| self.strict).cloned();
        let refusal = refusal.or_else(|| harmful.map(Box::new));
        self.seen.append(taken.seen);
        let previous = self.fragments.last().map(|last| last.tracks.as_slice()).unwrap_or_default();
        let summary = taken.summary.finish(&taken.packed, &tracks, previous);
        let head = Head { tracks, ..fragment.head.without_tags() };
        let Taken { packed: samples, units, origins, .. } = taken;
        self.fragments.push(Indexed { head, tracks: summary, refusal, samples, units });
        origins
    }

    /// The samples of a fragment, in stored order. They are unpacked for that where they were packed: ask once.
    #[must_use]
    pub fn samples(&self, fragment: usize) -> Cow<'_, [Sample]> {
        self.fragments.get(fragment).map(|indexed| indexed.samples.unpacked()).unwrap_or_default()
    }

    /// The [`samples`](Index::samples) of a fragment in the order they are laid out in an MP4: track by track for each second, so
    /// that players find sound and picture near each other.
    #[must_use]
    pub fn interleaved<'i>(&'i self, fragment: usize, samples: &'i [Sample]) -> Interleaved<'i> {
        let tracks = self.fragments.get(fragment).map(|indexed| &indexed.tracks[..]).unwrap_or_default();
        Interleaved { samples, tracks, track: tracks.len(), stretch: 0..0, at: 0, first: true }
    }

    /// Gives the runs of a fragment's samples, in the order of [`interleaved`](Index::interleaved).
    ///
    /// # Errors
    ///
    /// What `each` gives.
    #[inline]
    pub fn runs<'a, E>(
        &'a self,
        fragment: usize,
        mut each: impl FnMut(&Sample, Run<'a>) -> Result<(), E>,
    ) -> Result<(), E> {
        let stored = |sample: &Sample| Run::Input(sample.offset..sample.offset + u64::from(sample.size));
        // Of one track, and all as they are stored.
        let packed = self.fragments.get(fragment).map(|indexed| &indexed.samples);
        if let Some(done) = packed.and_then(|packed| packed.each_packed(|sample| each(sample, stored(sample)))) {
            return done;
        }
        let unit_starts = self.unit_starts(fragment);
        let samples = self.samples(fragment);
        for run in self.interleaved(fragment, &samples) {
            for (sample, index) in samples.get(run.samples.clone()).unwrap_or_default().iter().zip(run.samples) {
                if sample.form == Form::AsStored {
                    each(sample, stored(sample))?;
                } else {
                    self.sample_runs(fragment, sample, unit_starts.get(index), &mut each)?;
                }
            }
        }
        Ok(())
    }

    /// Where the units of each sample of a fragment start, if there are any: that is found by counting.
    pub(crate) fn unit_starts(&self, fragment: usize) -> Vec<usize> {
        let indexed = self.fragments.get(fragment).filter(|indexed| !indexed.units.is_empty());
        let Some(indexed) = indexed else { return Vec::new() };
        let mut start_of_next = 0;
        let start = |sample| {
            let start = start_of_next;
            start_of_next += indexed.units_of(sample, Some(&start)).len();
            start
        };
        indexed.samples.unpacked().iter().map(start).collect()
    }

    /// Gives the runs of one [`sample`](Index::samples) of a fragment that is no picture: those of pictures can have units, which are
    /// found by counting.
    ///
    /// # Errors
    ///
    /// What `each` gives.
    pub fn sound_runs<'a, E>(
        &'a self,
        fragment: usize,
        sample: &Sample,
        mut each: impl FnMut(Run<'a>) -> Result<(), E>,
    ) -> Result<(), E> {
        self.sample_runs(fragment, sample, None, &mut |_, run| each(run))
    }

    /// Gives the runs of one sample of a fragment, whose units start where [`unit_starts`](Index::unit_starts) says.
    pub(crate) fn sample_runs<'a, E, F: FnMut(&Sample, Run<'a>) -> Result<(), E>>(
        &'a self,
        fragment: usize,
        sample: &Sample,
        unit_start: Option<&usize>,
        each: &mut F,
    ) -> Result<(), E> {
        let Some(indexed) = self.fragments.get(fragment) else { return Ok(()) };
        // A part of the frame, which begins with the header that was stripped off, if any.
        let header = if sample.form == Form::AsStored { &[] } else { indexed.stripped_header(sample) };
        let stripped = u32::try_from(header.len()).unwrap_or(u32::MAX);
        let part = |each: &mut F, start: u32, len: u32| {
            let end = start.saturating_add(len);
            if start < stripped {
                let bound = |at: u32| usize::try_from(at).unwrap_or(usize::MAX);
                each(sample, Run::Bytes(header.get(bound(start)..bound(end.min(stripped))).unwrap_or_default()))?;
            }
            if end > stripped {
                let input = |at: u32| sample.offset + u64::from(at - stripped);
                each(sample, Run::Input(input(start.max(stripped))..input(end)))?;
            }
            Ok(())
        };
        if sample.form != Form::Units {
            return part(each, 0, sample.size);
        }
        for unit in indexed.units_of(sample, unit_start) {
            each(sample, Run::Small(SmallRun::new(&unit.len.to_be_bytes())))?;
            part(each, unit.start, unit.len)?;
        }
        Ok(())
    }
}

/// See [`Index::interleaved`].
#[derive(Debug, Clone)]
pub struct Interleaved<'i> {
    samples: &'i [Sample],
    tracks: &'i [IndexedTrack],
    /// Which track is being gone through; behind the last, the next stretch begins.
    track: usize,
    /// The samples that lie within one second of its first.
    stretch: Range<usize>,
    at: usize,
    first: bool,
}

/// Samples of one track that follow each other both in their fragment and in an MP4: see [`Index::interleaved`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SampleRun {
    /// Their places among all samples of the fragment.
    pub samples: Range<usize>,
    /// Index of their track in [`Head::tracks`].
    pub track: u8,
    /// Whether a new stretch of this track starts with them.
    pub starts_stretch: bool,
}

impl Iterator for Interleaved<'_> {
    type Item = SampleRun;

    fn next(&mut self) -> Option<SampleRun> {
        const STRETCH: Nanos = Nanos(1_000_000_000);
        loop {
            let Some(track) = self.tracks.get(self.track) else {
                let start = self.stretch.end;
                let rest = self.samples.get(start..)?;
                // Always with its first sample: at the end of all time there is no second more.
                let (first, behind) = rest.split_first()?;
                let end = first.time + STRETCH;
                let len = 1 + position(behind, |sample| sample.time >= end);
                self.stretch = start..start + len;
                (self.track, self.at, self.first) = (0, start, true);
                continue;
            };
            let rest = self.samples.get(self.at..self.stretch.end).unwrap_or_default();
            // With a single track, all samples are of it.
            let single = self.tracks.len() == 1;
            let first = if single { 0 } else { position(rest, |sample| sample.track == track.track) };
            let run = rest.get(first..).unwrap_or_default();
            let len = if single { run.len() } else { position(run, |sample| sample.track != track.track) };
            if len == 0 {
                self.track += 1;
                (self.at, self.first) = (self.stretch.start, true);
                continue;
            }
            let start = self.at + first;
            self.at += first + len;
            let starts_stretch = std::mem::take(&mut self.first);
            return Some(SampleRun { samples: start..start + len, track: track.track, starts_stretch });
        }
    }
}

/// Where the first sample of a kind is; behind the end if there is none.
fn position(samples: &[Sample], is: impl FnMut(&Sample) -> bool) -> usize {
    samples.iter().position(is).unwrap_or(samples.len())
}

impl Sample {
    /// Where its stored bytes start in the input; for an index of written payload, where they are in that.
    #[must_use]
    pub fn input_offset(&self) -> u64 {
        self.offset
    }
}

impl Indexed {
    /// How many samples it has.
    #[must_use]
    pub fn sample_count(&self) -> usize {
        self.samples.len()
    }

    /// The units that a sample is written as, which start behind those of the samples before it. `start` is where, if there are any.
    fn units_of(&self, sample: &Sample, start: Option<&usize>) -> &[Unit] {
        let units = start.and_then(|&start| self.units.get(start..)).filter(|_| sample.form == Form::Units);
        let units = units.unwrap_or_default();
        let mut left = u64::from(sample.size);
        let of_sample = units.iter().take_while(|unit| {
            let fits = left > 0;
            left = left.saturating_sub(u64::from(unit.len) + 4);
            fits
        });
        units.get(..of_sample.count()).unwrap_or_default()
    }

    /// The header that was stripped off the frames of a sample's track.
    fn stripped_header(&self, sample: &Sample) -> &[u8] {
        let track = self.head.tracks.get(usize::from(sample.track));
        track.map(|track| &track.stripped_header[..]).unwrap_or_default()
    }

    /// When the fragment starts and ends, in wall-clock time: from its earliest frame to the end of its latest.
    #[must_use]
    pub fn wall_span(&self) -> Option<(Nanos, Nanos)> {
        let spans = self.wall_spans();
        let start = spans.iter().map(|span| span.start).min()?;
        let end = spans.iter().map(|span| span.end).max()?;
        Some((start, end))
    }

    /// The same for each track that has frames.
    #[must_use]
    pub fn wall_spans(&self) -> Vec<TrackSpan> {
        let base = self.head.producer_timestamp.map(Timestamp::nanos).unwrap_or_default();
        let span = |track: &IndexedTrack| TrackSpan {
            track: track.track,
            start: base + track.first,
            end: base + track.last + track.last_duration,
        };
        self.tracks.iter().map(span).collect()
    }
}

/// That samples and times disagree.
fn off_beat(fragment: &Fragment, number: u64, held: Nanos, spanned: Nanos) -> Finding {
    let message = format!(
        "track {number}: the samples of the fragment's frames last {} ms by the private data's rate, their times span {} ms",
        held.round_millis(),
        spanned.round_millis()
    );
    Finding {
        offset: Some(fragment.head.offset),
        path: "Segment > Cluster > SimpleBlock".into(),
        fragment_number: fragment.head.number.clone(),
        repair: Some("frames are stretched or shortened to keep their times".into()),
        hint: Some("the sampling rate in the private data has to be that of the encoder; or frames are missing".into()),
        ..Finding::new(Severity::Warning, message)
    }
}

fn slice(payload: &Bytes, unit: Unit) -> &[u8] {
    let start = usize::try_from(unit.start).unwrap_or(usize::MAX);
    let len = usize::try_from(unit.len).unwrap_or_default();
    payload.get(start..).and_then(|rest| rest.get(..len)).unwrap_or_default()
}

/// Frames are smaller than 4 GiB: the parser's limit sees to it.
fn len(bytes: usize) -> u32 {
    u32::try_from(bytes).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests;
