//! The decoding of the wanted frames of one fragment, one picture at a time.

use std::collections::VecDeque;

use crate::access::{Access, FrameId, Pass};
use crate::decoder::{AccessUnit, DecodeError, DecodeErrorKind, Decoder, DecoderKind, Limits};
use crate::error::ImageError;
use crate::picture::Picture;
use crate::video::Nal;

/// Gives the pictures of frames of one fragment, in the order in which decoders finish them, each frame once.
pub(crate) struct Walk<'a> {
    access: Access<'a>,
    nal: &'a Nal,
    limits: &'a Limits,
    passes: VecDeque<Result<Pass, (FrameId, String)>>,
    running: Option<Running<'a>>,
    ready: VecDeque<(FrameId, Result<Picture, ImageError>)>,
    /// Frames that nothing refers to and that a decoder stumbled over.
    skipped: Vec<FrameId>,
}

/// A pass on its way.
struct Running<'a> {
    pass: Pass,
    decoder: Box<dyn Decoder>,
    /// The decoders that are left to try.
    others: &'a [DecoderKind],
    next: Option<FrameId>,
    highest_layer: u8,
    /// The frames that were pushed and are wanted, by the ids that the decoder has for them.
    pending: Vec<(u32, FrameId)>,
    pushed: u32,
    flushed: bool,
}

impl<'a> Walk<'a> {
    /// `wanted` are frames of one fragment, in decoding order.
    pub(crate) fn new(access: Access<'a>, nal: &'a Nal, limits: &'a Limits, wanted: &[FrameId]) -> Self {
        Walk {
            access,
            nal,
            limits,
            passes: access.passes(nal, wanted).into(),
            running: None,
            ready: VecDeque::new(),
            skipped: Vec::new(),
        }
    }

    fn fail(&mut self, ids: impl IntoIterator<Item = FrameId>, reason: &str) {
        self.ready.extend(ids.into_iter().map(|id| (id, Err(ImageError::media(reason)))));
    }

    /// Starts a pass with the first of some decoders that can be opened.
    fn start(&mut self, pass: Pass, mut decoders: &'a [DecoderKind], mut why: Option<String>) {
        let sets: Vec<&[u8]> = self.nal.parameter_sets.iter().map(|set| &set[..]).collect();
        while let Some((kind, others)) = decoders.split_first() {
            match kind.open_with(&sets, *self.limits) {
                Ok(decoder) => {
                    let highest_layer = self.access.highest_layer(self.nal, &pass);
                    self.running = Some(Running {
                        next: Some(pass.entry),
                        highest_layer,
                        decoder,
                        others,
                        pending: Vec::new(),
                        pushed: 0,
                        flushed: false,
                        pass,
                    });
                    return;
                }
                Err(error) => why = why.or_else(|| Some(error.to_string())),
            }
            decoders = others;
        }
        let reason = why.unwrap_or_else(|| "there is no decoder for it".into());
        self.fail(pass.wanted, &reason);
    }

    /// Goes one step on in the running pass.
    fn step(&mut self, mut running: Running<'a>) {
        if let Some((id, picture)) = running.decoder.take() {
            if let Some(at) = running.pending.iter().position(|(pending, _)| *pending == id) {
                let (_, frame) = running.pending.swap_remove(at);
                running.pass.wanted.retain(|wanted| *wanted != frame);
                self.ready.push_back((frame, Ok(picture)));
            }
            self.running = Some(running);
            return;
        }
        if running.pass.wanted.is_empty() {
            return;
        }
        let Some(id) = running.next else {
            if !running.flushed {
                running.flushed = true;
                match running.decoder.flush() {
                    Ok(()) => self.running = Some(running),
                    Err(error) => self.failed(running, None, &error),
                }
                return;
            }
            let message = "the decoder gave no picture for the frame".into();
            return self.failed(running, None, &DecodeError { kind: DecodeErrorKind::Unsupported, message });
        };
        let last = running.pass.wanted.iter().copied().max().unwrap_or(id);
        running.next = self.access.behind(id, last);
        if self.skipped.contains(&id) {
            self.running = Some(running);
            return;
        }
        let unit = self.access.unit(self.nal, id);
        if self.access.is_disposable(self.nal, &running.pass, id, &unit, running.highest_layer) {
            self.running = Some(running);
            return;
        }
        if let Some(damage) = &unit.damage {
            let error = DecodeError { kind: DecodeErrorKind::Damaged, message: damage.clone() };
            return self.failed(running, Some(id), &error);
        }
        let units: Vec<&[u8]> = unit.units().collect();
        let wanted = running.pass.wanted.contains(&id);
        let number = running.pushed;
        running.pushed = running.pushed.saturating_add(1);
        if wanted {
            running.pending.push((number, id));
        }
        match running.decoder.push(AccessUnit { id: number, wanted, units: &units }) {
            Ok(()) => self.running = Some(running),
            Err(error) => self.failed(running, Some(id), &error),
        }
    }

    /// What becomes of the wanted frames of a pass that broke off at a frame.
    fn failed(&mut self, mut running: Running<'a>, at: Option<FrameId>, error: &DecodeError) {
        // What was finished before is sound.
        while let Some((id, picture)) = running.decoder.take() {
            if let Some(place) = running.pending.iter().position(|(pending, _)| *pending == id) {
                let (_, frame) = running.pending.swap_remove(place);
                running.pass.wanted.retain(|wanted| *wanted != frame);
                self.ready.push_back((frame, Ok(picture)));
            }
        }
        if running.pass.wanted.is_empty() {
            return;
        }
        let name = running.decoder.name();
        if matches!(error.kind, DecodeErrorKind::Unsupported | DecodeErrorKind::Panic) && !running.others.is_empty() {
            return self.start(running.pass, running.others, Some(format!("{name}: {error}")));
        }
        let Some(at) = at else {
            return self.fail(running.pass.wanted, &format!("{name}: {error}"));
        };
        // A frame before the one that broke may still be in the decoder: it is decoded again, without that one.
        let (before, hit): (Vec<FrameId>, Vec<FrameId>) = running.pass.wanted.iter().partition(|wanted| **wanted < at);
        let itself = |decoded: bool| if decoded { format!("{name}: {error}") } else { error.to_string() };
        let decoded = running.pushed > 0 && error.kind != DecodeErrorKind::Damaged
            || running.pending.iter().any(|(_, id)| *id == at);
        let lone = hit.contains(&at) && self.is_referred_to_by_none(at, running.highest_layer);
        let (lost, kept): (Vec<FrameId>, Vec<FrameId>) = hit.into_iter().partition(|wanted| !lone || *wanted == at);
        for id in lost {
            let reason = match id == at {
                true => itself(decoded),
                false => format!("a frame that it may refer to cannot be decoded: {error}"),
            };
            self.fail([id], &reason);
        }
        self.skipped.push(at);
        let wanted: Vec<FrameId> = before.into_iter().chain(kept).collect();
        if !wanted.is_empty() && at != running.pass.entry {
            let tried = self.nal.decoders.len().saturating_sub(running.others.len() + 1);
            self.start(Pass { wanted, ..running.pass }, self.nal.decoders.get(tried..).unwrap_or_default(), None);
        } else {
            self.fail(wanted, &format!("a frame that it refers to cannot be decoded: {error}"));
        }
    }

    /// Whether no other frame of these sub-layers refers to a frame, as its headers say.
    fn is_referred_to_by_none(&self, id: FrameId, highest_layer: u8) -> bool {
        let unit = self.access.unit(self.nal, id);
        unit.is_non_reference(self.nal.standard, highest_layer)
    }
}

impl Iterator for Walk<'_> {
    type Item = (FrameId, Result<Picture, ImageError>);

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some(ready) = self.ready.pop_front() {
                return Some(ready);
            }
            if let Some(running) = self.running.take() {
                self.step(running);
                continue;
            }
            match self.passes.pop_front()? {
                Ok(pass) => self.start(pass, &self.nal.decoders, None),
                Err((id, reason)) => self.fail([id], &reason),
            }
        }
    }
}
