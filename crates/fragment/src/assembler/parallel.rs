//! Several parts of a stream at once: a stream that is in memory as a whole is cut into sections at the starts of documents,
//! which are assembled ahead of their turn, each on a thread of its own.
//!
//! Where a section starts is a guess: four bytes that look like an EBML header may be payload. So one assembler, the first,
//! goes through the stream as it would alone. Where it comes to a document at which a section was begun, and that section is
//! as plain as can be (nothing to be told of it, every fragment whole), it takes the section's fragments for its own and
//! goes on behind them. Everything else it does itself, so that the result is the same to the last finding.

use std::collections::VecDeque;
use std::fmt;
use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, TryRecvError, sync_channel};
use std::time::Duration;

use bytes::Bytes;
use fragkit_mkv::{self as mkv, Event, Id};
use memchr::memmem;

use super::{Assembler, Item};
use crate::fragment::{Completeness, Fragment};
use crate::tracks::Tracks;

/// Of what length things are, in bytes.
#[derive(Debug, Clone)]
struct Lengths {
    /// A stream shorter than this is not worth the threads.
    least: u64,
    /// Of a section: long enough that looking for its start costs little, short enough that few fragments wait.
    section: Range<u64>,
}

impl Lengths {
    const USUAL: Lengths = Lengths { least: 8 << 20, section: 1 << 20..32 << 20 };
}

/// How many sections there should be for each thread.
const SECTIONS_A_THREAD: u64 = 8;

/// The start of a section is looked for in so many times the bytes of the first fragment.
const FRAGMENTS_SEARCHED: u64 = 4;

/// How much of a stream is looked at to tell whether a document starts there: an EBML header, the head of a Segment.
const DOCUMENT_START: usize = 1024;

/// Most fragments that a section should have, as far as the first one tells of the others.
const SECTION_FRAGMENTS: u64 = 512;

/// One part of a stream that is at hand as a whole: its bytes, or something that has them when they are asked for, such as a file
/// that is opened then.
pub trait Part: fmt::Debug + Send + Sync + 'static {
    /// How many bytes it has.
    fn size(&self) -> u64;

    /// These bytes, exactly as many. They are asked for once or a few times, by several threads.
    fn bytes(&self) -> Bytes;
}

impl Part for Bytes {
    fn size(&self) -> u64 {
        len(self)
    }

    fn bytes(&self) -> Bytes {
        self.clone()
    }
}

/// The items of a stream that is at hand as a whole: see [`Assembler::assemble`].
#[derive(Debug)]
pub struct Items<P = Bytes> {
    /// Goes through the stream as if it were alone.
    first: Assembler,
    stream: Arc<Stream<P>>,
    /// How many parts of the stream it was given, or needs no more.
    pushed: usize,
    sections: Option<Sections>,
    /// What is left of the section that is being given out.
    ready: std::vec::IntoIter<Item>,
    lengths: Lengths,
}

impl Assembler {
    /// Assembles a stream that is at hand as a whole, such as mapped files, in one or more parts: gives what
    /// [`poll`](Self::poll) would give, but works on all threads of the current rayon pool.
    pub fn assemble<P: Part>(self, parts: impl IntoIterator<Item = P>) -> Items<P> {
        let stream = Arc::new(Stream::new(self.pushed, parts));
        let ready = Vec::new().into_iter();
        Items { first: self, stream, pushed: 0, sections: None, ready, lengths: Lengths::USUAL }
    }

    /// A new one that takes in the same way what starts at this offset.
    fn starting_at(&self, offset: u64) -> Assembler {
        Assembler {
            parser: mkv::Parser::starting_at(self.limits.mkv.clone(), offset),
            keep_frames: self.keep_frames,
            mapped_input: self.mapped_input,
            without_audio_payload: self.without_audio_payload,
            in_pieces: self.in_pieces,
            // What was told of the first fragments is not told again.
            relabelling: self.relabelling.clone(),
            pushed: offset,
            ..Assembler::new(self.limits.clone())
        }
    }
}

impl<P: Part> Iterator for Items<P> {
    type Item = Item;

    fn next(&mut self) -> Option<Item> {
        loop {
            if let Some(item) = self.ready.next() {
                return Some(item);
            }
            if let Some(item) = self.first.poll() {
                if self.sections.is_none() {
                    self.sections = Sections::begin(&self.first, &self.stream, &item, &self.lengths);
                    self.first.stop_at = self.sections.as_ref().map_or(u64::MAX, Sections::next_turn);
                }
                return Some(item);
            }
            if let Some(offset) = self.first.stopped.take() {
                self.take_section(offset);
            } else if let Some((start, part)) = self.stream.parts.get(self.pushed) {
                // A section may have ended within it.
                let from = usize::try_from(self.first.pushed.saturating_sub(*start)).unwrap_or(usize::MAX);
                let bytes = part.bytes();
                self.first.push(bytes.slice(from.min(bytes.len())..));
                self.pushed += 1;
            } else if !self.first.finished {
                self.first.finish();
            } else {
                return None;
            }
        }
    }
}

impl<P: Part> Items<P> {
    /// The first assembler stands at the start of a document: takes the section that starts there, if there is one.
    fn take_section(&mut self, offset: u64) {
        let Some(sections) = &mut self.sections else { return };
        if let Some(section) = sections.take(offset, self.first.trailed) {
            let end = section.range.end;
            let behind = self.stream.parts.iter().skip(self.pushed);
            self.pushed += behind.take_while(|(start, part)| start.saturating_add(part.size()) <= end).count();
            self.ready = section.into_items(&mut self.first).into_iter();
        }
        sections.spawn(&self.stream);
        self.first.stop_at = sections.next_turn();
    }
}

/// A stream in one or more parts, each with its offset.
#[derive(Debug)]
struct Stream<P> {
    parts: Vec<(u64, P)>,
    len: u64,
}

impl<P: Part> Stream<P> {
    /// A stream whose first part starts at this offset.
    fn new(offset: u64, parts: impl IntoIterator<Item = P>) -> Stream<P> {
        let mut stream = Stream { parts: Vec::new(), len: offset };
        for part in parts {
            let start = stream.len;
            stream.len += part.size();
            stream.parts.push((start, part));
        }
        stream
    }

    /// What is there from an offset on, in its parts, of which the last starts before `end`.
    fn behind(&self, offset: u64, end: u64) -> impl Iterator<Item = (u64, Bytes)> {
        let first = self.parts.partition_point(|(start, part)| start + part.size() <= offset);
        self.parts.iter().skip(first).take_while(move |(start, _)| *start < end).map(move |(start, part)| {
            let bytes = part.bytes();
            let from = usize::try_from(offset.saturating_sub(*start)).unwrap_or(usize::MAX).min(bytes.len());
            (offset.max(*start), bytes.slice(from..))
        })
    }

    /// Where the first document starts whose start lies within so many bytes behind an offset.
    fn document(&self, offset: u64, within: u64) -> Option<u64> {
        let magic = Id::EBML.0.to_be_bytes();
        let magic = magic.get(4..)?;
        let most = offset.saturating_add(within);
        for (start, part) in self.behind(offset, most) {
            let window = usize::try_from(most - start).unwrap_or(usize::MAX);
            let window = part.get(..window).unwrap_or(&part);
            let found = memmem::find_iter(window, magic).find(|&at| is_document(part.slice(at..)));
            if let Some(at) = found {
                return start.checked_add(u64::try_from(at).ok()?);
            }
        }
        None
    }
}

/// Whether an EBML header and a Segment stand at the start of these bytes.
fn is_document(bytes: Bytes) -> bool {
    let mut parser = mkv::Parser::new(mkv::Limits::default());
    parser.push(bytes.slice(..bytes.len().min(DOCUMENT_START)));
    matches!(parser.poll(), Ok(Some(Event::Document { .. })))
        && matches!(parser.poll(), Ok(Some(Event::Segment { .. })))
}

/// The sections ahead.
#[derive(Debug)]
struct Sections {
    /// What assemblers of sections are like.
    like: Arc<Assembler>,
    /// From the start of a section to where the next is to start, and in how many bytes that is looked for.
    len: u64,
    searched: u64,
    /// Where the next one is to start.
    next: u64,
    running: VecDeque<(u64, Receiver<Option<Section>>)>,
    most_running: usize,
    cancelled: Arc<AtomicBool>,
}

impl Sections {
    /// Begins with sections if the first item shows that this is a chain of documents, and a long one.
    fn begin<P: Part>(first: &Assembler, stream: &Arc<Stream<P>>, item: &Item, lengths: &Lengths) -> Option<Sections> {
        let threads = rayon::current_num_threads();
        let Item::Fragment(fragment) = item else { return None };
        if threads < 2 || stream.len < lengths.least || fragment.head.plain {
            return None;
        }
        let size = fragment.head.size;
        let even = stream.len / u64::try_from(threads).ok()?.saturating_mul(SECTIONS_A_THREAD);
        let len = even.min(size.saturating_mul(SECTION_FRAGMENTS)).clamp(lengths.section.start, lengths.section.end);
        let mut sections = Sections {
            like: Arc::new(first.starting_at(0)),
            len,
            searched: size.saturating_mul(FRAGMENTS_SEARCHED).min(len),
            next: fragment.head.offset.saturating_add(size).saturating_add(len),
            running: VecDeque::new(),
            most_running: threads.saturating_add(1),
            cancelled: Arc::default(),
        };
        sections.spawn(stream);
        Some(sections)
    }

    /// Where the next one is to start.
    fn next_turn(&self) -> u64 {
        self.running.front().map_or(u64::MAX, |(boundary, _)| *boundary)
    }

    fn spawn<P: Part>(&mut self, stream: &Arc<Stream<P>>) {
        while self.running.len() < self.most_running && self.next < stream.len {
            let (sender, receiver) = sync_channel(1);
            let (from, searched, to) = (self.next, self.searched, self.next.saturating_add(self.len));
            let (like, stream, cancelled) = (Arc::clone(&self.like), Arc::clone(stream), Arc::clone(&self.cancelled));
            rayon::spawn_fifo(move || {
                // What fails here is done again by the first assembler, and fails where it can be told of.
                let run = AssertUnwindSafe(|| Section::run(&like, &stream, from, searched, to, &cancelled));
                // Nobody waits any more if this fails.
                sender.send(catch_unwind(run).unwrap_or_default()).unwrap_or_default();
            });
            self.running.push_back((from, receiver));
            self.next = to;
        }
    }

    /// The section that starts at this offset, where the fragments before have tags behind their media or not.
    fn take(&mut self, offset: u64, trailed: bool) -> Option<Section> {
        let mut taken = None;
        while self.next_turn() <= offset
            && let Some((_, running)) = self.running.pop_front()
        {
            taken = wait(&running).filter(|section| section.range.start == offset && !(trailed && section.untrailed));
            if taken.is_some() {
                break;
            }
        }
        // No section starts where all was assembled already.
        let reached = taken.as_ref().map_or(offset, |section| section.range.end);
        while self.running.is_empty() && self.next <= reached {
            self.next = self.next.saturating_add(self.len);
        }
        taken
    }
}

impl Drop for Sections {
    fn drop(&mut self) {
        self.cancelled.store(true, Ordering::Relaxed);
    }
}

/// Waits for a section; in a thread of the pool, helps to bring it about.
fn wait(running: &Receiver<Option<Section>>) -> Option<Section> {
    loop {
        match running.try_recv() {
            Ok(section) => return section,
            Err(TryRecvError::Disconnected) => return None,
            Err(TryRecvError::Empty) => match rayon::yield_now() {
                Some(rayon::Yield::Executed) => {}
                Some(rayon::Yield::Idle) => std::thread::sleep(Duration::from_micros(20)),
                None => return running.recv().unwrap_or_default(),
            },
        }
    }
}

/// What became of a section: all of it is as usual.
#[derive(Debug)]
struct Section {
    /// From the start of a document to the start of another, or the end of the stream.
    range: Range<u64>,
    fragments: Vec<Fragment>,
    /// The tracks of the assembler when it was done.
    tracks: Tracks,
    /// Whether there are fragments with tags behind their media, and without.
    trailed: bool,
    untrailed: bool,
}

impl Section {
    /// Assembles what starts at the first document behind `from`, up to the first behind `to`. `None` if anything is not as
    /// usual, or no document comes within as many bytes again: all sections together take time that is linear in the stream.
    fn run<P: Part>(
        like: &Assembler,
        stream: &Stream<P>,
        from: u64,
        searched: u64,
        to: u64,
        cancelled: &AtomicBool,
    ) -> Option<Section> {
        let start = stream.document(from, searched)?;
        let mut assembler = like.starting_at(start);
        assembler.stop_at = to;
        let limit = to.saturating_add(to.saturating_sub(from));
        let mut parts = stream.behind(start, limit);
        let mut fragments = Vec::new();
        let (mut trailed, mut untrailed) = (false, false);
        let end = loop {
            match assembler.poll() {
                Some(Item::Fragment(fragment)) if !fragment.head.plain && fragment.head.exception.is_none() => {
                    match fragment.head.completeness {
                        Completeness::Complete => trailed = true,
                        Completeness::Untrailed => untrailed = true,
                        _ => return None,
                    }
                    fragments.push(fragment);
                }
                Some(_) => return None,
                None if cancelled.load(Ordering::Relaxed) => return None,
                None => match assembler.stopped {
                    Some(end) => break end,
                    None if assembler.finished => break stream.len,
                    None => match parts.next() {
                        // Counted by itself, so that threads do not wait for each other to count slices of the same bytes.
                        Some((offset, part)) => {
                            let within = usize::try_from(limit - offset).unwrap_or(usize::MAX).min(part.len());
                            assembler.push(Bytes::from_owner(part.slice(..within)));
                        }
                        None if limit < stream.len => return None,
                        None => assembler.finish(),
                    },
                },
            }
        };
        Some(Section { range: start..end, fragments, tracks: assembler.tracks, trailed, untrailed })
    }

    /// Lets the assembler go on behind the section as if it had assembled it, and gives the fragments.
    fn into_items(mut self, assembler: &mut Assembler) -> Vec<Item> {
        assembler.chunk = None;
        assembler.parser.go_on_at(self.range.end);
        assembler.pushed = assembler.pushed.max(self.range.end);
        assembler.trailed |= self.trailed;
        // Tracks are shared while they stay the same.
        let first =
            self.fragments.iter().map(|fragment| &fragment.head.tracks).find(|tracks| !tracks.is_empty()).cloned();
        if let Some(first) = first.filter(|first| assembler.tracks.holds_those_of(first)) {
            let shared = &assembler.tracks;
            let alike = self.fragments.iter_mut().map(|fragment| &mut fragment.head.tracks);
            for tracks in alike.chain([&mut self.tracks]).filter(|tracks| tracks.is_same(&first)) {
                *tracks = shared.clone();
            }
        }
        if !self.tracks.is_empty() {
            assembler.set_tracks(self.tracks);
        }
        self.fragments.into_iter().map(Item::Fragment).collect()
    }
}

fn len(bytes: &[u8]) -> u64 {
    u64::try_from(bytes.len()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests;
