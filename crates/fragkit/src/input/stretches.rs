//! The parts of a stream, whatever they are, as one row of fragments: stretches of Matroska go through an assembler together, MP4
//! files one by one.

use std::collections::VecDeque;
use std::sync::Arc;

use fragkit_fragment::{Assembler, Item, Items, Limits, Ordinary};

use super::part::{Assembled, Failures, Part};
use crate::movie::{Initialised, MovieItems};

/// What of the fragments is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wanted {
    Frames,
    /// Frames, of sound the places are enough.
    Places,
    Heads,
}

/// The fragments of all parts, and what is to be said of them.
#[derive(Debug)]
pub(super) struct Stretches {
    /// Those whose turn has not come.
    parts: VecDeque<Part>,
    limits: Limits,
    wanted: Wanted,
    failures: Arc<Failures>,
    current: Option<Stretch>,
    /// Of all stretches that are done, and of Matroska as it goes on.
    before: Ordinary,
    initialised: Option<Initialised>,
}

#[derive(Debug)]
#[allow(clippy::large_enum_variant, reason = "there is one of it")]
enum Stretch {
    Matroska(Items<Assembled>),
    Movie(MovieItems),
}

impl Stretches {
    pub(super) fn new(parts: Vec<Part>, limits: Limits, wanted: Wanted, failures: Arc<Failures>) -> Self {
        let before = Ordinary::default();
        Stretches { parts: parts.into(), limits, wanted, failures, current: None, before, initialised: None }
    }

    /// Takes the parts that come next and belong together.
    fn begin(&mut self) -> Option<Stretch> {
        loop {
            let first = self.parts.front()?;
            if !first.is_movie {
                break;
            }
            let part = self.parts.pop_front()?;
            match part.bytes() {
                Ok(bytes) => {
                    let keep_frames = self.wanted != Wanted::Heads;
                    let initialised = self.initialised.take();
                    let items = MovieItems::new(bytes, part.start, &self.limits, keep_frames, self.before, initialised);
                    return Some(Stretch::Movie(items));
                }
                Err(error) => self.failures.add(&part, &error),
            }
        }
        let start = self.parts.front()?.start;
        let assembler = Assembler::new(self.limits.clone()).with_mapped_input();
        let assembler = match self.wanted {
            Wanted::Frames => assembler,
            Wanted::Places => assembler.without_audio_payload(),
            Wanted::Heads => assembler.without_frames(),
        };
        let count = self.parts.iter().take_while(|part| !part.is_movie).count();
        let parts: Vec<Assembled> =
            self.parts.drain(..count).map(|part| Assembled::new(part, &self.failures)).collect();
        Some(Stretch::Matroska(assembler.going_on(start, self.before).assemble(parts)))
    }
}

impl Iterator for Stretches {
    type Item = Item;

    fn next(&mut self) -> Option<Item> {
        loop {
            if self.current.is_none() {
                self.current = Some(self.begin()?);
            }
            let item = match self.current.as_mut()? {
                Stretch::Matroska(items) => {
                    let item = items.next();
                    if let Some(Item::Fragment(fragment)) = &item {
                        self.before.add(&fragment.head);
                    }
                    item
                }
                Stretch::Movie(items) => items.next(),
            };
            if item.is_some() {
                return item;
            }
            if let Some(Stretch::Movie(items)) = self.current.take() {
                (self.before, self.initialised) = items.finish();
            }
        }
    }
}
