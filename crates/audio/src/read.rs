//! The samples of one track, one after the other, out of the bytes of the input.

use std::ops::Range;

use bytes::Bytes;
use fragkit_fragment::{Index, Indexed, Run, Sample};

use crate::align::Piece;
use crate::coding::Conversion;

/// Gives the frames of one track as their bytes: each chunk is asked for once.
pub(crate) struct Frames<'i, F> {
    index: &'i Index,
    /// TrackNumber.
    number: u64,
    bytes: F,
    /// The fragment that was read last.
    open: Option<Open>,
    frame: Vec<u8>,
}

struct Open {
    fragment: usize,
    /// Where its bytes start in the input.
    offset: u64,
    bytes: Bytes,
    samples: Vec<Sample>,
    /// Index of the track among those of the fragment.
    track: Option<u8>,
}

impl<'i, E, F: FnMut(Range<u64>) -> Result<Bytes, E>> Frames<'i, F> {
    /// Of the track with this number. `bytes` gives those of a range of the input.
    pub(crate) fn new(index: &'i Index, number: u64, bytes: F) -> Self {
        Frames { index, number, bytes, open: None, frame: Vec::new() }
    }

    /// Whether this sample of a fragment is one of the track.
    pub(crate) fn is_of_track(&mut self, fragment: usize, sample: usize) -> Result<bool, E> {
        let is_of_track = |open: &Open| Some(open.samples.get(sample)?.track == open.track?);
        Ok(self.open(fragment)?.and_then(is_of_track).unwrap_or_default())
    }

    /// The bytes of one frame.
    pub(crate) fn frame(&mut self, fragment: usize, sample: usize) -> Result<&[u8], E> {
        self.open(fragment)?;
        self.frame.clear();
        if let Some(open) = &self.open
            && let Some(sample) = open.samples.get(sample)
        {
            let (frame, bytes) = (&mut self.frame, &mut self.bytes);
            let gather = |run: Run<'_>| {
                match run {
                    Run::Input(range) => match open.slice(&range) {
                        Some(slice) => frame.extend_from_slice(slice),
                        None => frame.extend_from_slice(&bytes(range)?),
                    },
                    run => frame.extend_from_slice(run.bytes().unwrap_or_default()),
                }
                Ok(())
            };
            self.index.sound_runs(fragment, sample, gather)?;
        }
        Ok(&self.frame)
    }

    fn open(&mut self, fragment: usize) -> Result<Option<&Open>, E> {
        if self.open.as_ref().is_none_or(|open| open.fragment != fragment)
            && let Some(indexed) = self.index.fragments().get(fragment)
        {
            let (offset, size) = (indexed.head.offset, indexed.head.size);
            // The frames of ordinary files lie between those of other fragments: each is asked for by itself.
            let bytes =
                if indexed.head.plain { Bytes::new() } else { (self.bytes)(offset..offset.saturating_add(size))? };
            let track = track_in(indexed, self.number);
            let samples = self.index.samples(fragment).into_owned();
            self.open = Some(Open { fragment, offset, bytes, samples, track });
        }
        Ok(self.open.as_ref())
    }
}

/// Index of the track with this number among those of a fragment.
pub(crate) fn track_in(indexed: &Indexed, number: u64) -> Option<u8> {
    let position = indexed.head.tracks.iter().position(|track| track.entry.number == number)?;
    u8::try_from(position).ok()
}

impl Open {
    fn slice(&self, range: &Range<u64>) -> Option<&[u8]> {
        let at = |offset: u64| usize::try_from(offset.checked_sub(self.offset)?).ok();
        self.bytes.get(at(range.start)?..at(range.end)?)
    }
}

/// Gives the samples of one track as they are written, as many as are wanted at a time.
pub(crate) struct Samples<'i, F> {
    frames: Frames<'i, F>,
    pieces: std::slice::Iter<'i, Piece>,
    /// What is left of the piece that was begun.
    rest: Rest,
    conversion: Conversion,
    /// Bytes of one sample of all channels, as stored and as written.
    stored: usize,
    written: usize,
    silence: u8,
    /// Converted samples of a frame that were not wanted yet, from this byte on.
    held: Vec<u8>,
    held_from: usize,
}

enum Rest {
    Nothing,
    Frames(usize, Range<usize>),
    Silence(u64),
}

impl<'i, E, F: FnMut(Range<u64>) -> Result<Bytes, E>> Samples<'i, F> {
    pub(crate) fn new(
        frames: Frames<'i, F>,
        pieces: &'i [Piece],
        conversion: Conversion,
        (stored, written): (usize, usize),
        silence: u8,
    ) -> Self {
        let (held, rest) = (Vec::new(), Rest::Nothing);
        Samples { frames, pieces: pieces.iter(), rest, conversion, stored, written, silence, held, held_from: 0 }
    }

    /// Appends so many samples, or fewer at the end.
    pub(crate) fn fill(&mut self, samples: usize, out: &mut Vec<u8>) -> Result<(), E> {
        let end = out.len().saturating_add(samples.saturating_mul(self.written));
        while out.len() < end {
            let held = self.held.get(self.held_from..).unwrap_or_default();
            if !held.is_empty() {
                let taken = held.len().min(end - out.len());
                out.extend_from_slice(held.get(..taken).unwrap_or_default());
                self.held_from += taken;
                continue;
            }
            match std::mem::replace(&mut self.rest, Rest::Nothing) {
                Rest::Silence(left) => {
                    let wanted = (end - out.len()) / self.written.max(1);
                    let taken = usize::try_from(left).unwrap_or(usize::MAX).min(wanted);
                    out.resize(out.len() + taken * self.written, self.silence);
                    let left = left - u64::try_from(taken).unwrap_or(left);
                    if left > 0 {
                        self.rest = Rest::Silence(left);
                    }
                }
                Rest::Frames(fragment, mut range) => {
                    let Some(sample) = range.next() else { continue };
                    self.rest = Rest::Frames(fragment, range);
                    if self.frames.is_of_track(fragment, sample)? {
                        self.hold(fragment, sample, 0)?;
                    }
                }
                Rest::Nothing => match self.pieces.next() {
                    None => break,
                    Some(Piece::Silence(samples)) => self.rest = Rest::Silence(*samples),
                    Some(Piece::Frames { fragment, samples }) => self.rest = Rest::Frames(*fragment, samples.clone()),
                    Some(Piece::Part { fragment, sample, skip }) => self.hold(*fragment, *sample, *skip)?,
                },
            }
        }
        Ok(())
    }

    /// Converts a frame without so many of its first samples.
    fn hold(&mut self, fragment: usize, sample: usize, skip: u64) -> Result<(), E> {
        self.held.clear();
        self.held_from = 0;
        let frame = self.frames.frame(fragment, sample)?;
        // What is no whole sample at the end is left out, as it is in the plan.
        let whole = frame.len() - frame.len().checked_rem(self.stored).unwrap_or_default();
        let from = usize::try_from(skip).unwrap_or(usize::MAX).saturating_mul(self.stored);
        self.conversion.append(frame.get(from..whole).unwrap_or_default(), &mut self.held);
        Ok(())
    }
}
