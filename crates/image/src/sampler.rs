//! Fragments in, pictures out: the entrance of the crate.

use std::collections::{BTreeMap, VecDeque};
use std::ops::Range;

use fragkit_fragment::{Finding, Fragment, FragmentNumber, Timestamp};

use crate::access::{Access, FrameId, Read};
use crate::error::{Error, ImageError};
use crate::grid::{self, Found, Page, Slot};
use crate::parallel;
use crate::render::{self, Encoded, Material};
use crate::request::Request;
use crate::survey::{Survey, Surveyed};
use crate::video::{Coding, Video};
use crate::walk::Walk;

/// Collects fragments, whose payload stays in the input, and gives the pictures that are asked for.
#[derive(Debug)]
pub struct Sampler {
    pub(crate) request: Request,
    pub(crate) survey: Survey,
}

/// The pictures of one page: which there will be is known, none is decoded yet.
#[derive(Debug)]
pub struct Plan<'s> {
    sampler: &'s Sampler,
    page: Page,
    /// Entries whose frames are of one fragment: those are decoded together.
    groups: Vec<Range<usize>>,
}

/// One entry of the result: a picture, or why there is none.
#[derive(Debug, Clone)]
pub struct Sampled<T> {
    /// The time of the grid. With [`Pick::NextKeyframe`](crate::Pick::NextKeyframe): the latest one that is not after the frame.
    pub timestamp: Timestamp,
    /// Which frame was taken, if there is one.
    pub frame: Option<FrameInfo>,
    /// What came of it.
    pub picture: Result<T, ImageError>,
}

/// The frame that a picture is of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FrameInfo {
    /// When the frame is shown, in wall-clock time.
    pub timestamp: Timestamp,
    /// The fragment that it is in.
    pub fragment_number: Option<FragmentNumber>,
    /// Width to height of a sample, where the stream or the container says.
    pub sample_aspect_ratio: Option<(u32, u32)>,
}

impl Sampler {
    /// Collects for this request.
    #[must_use]
    pub fn new(request: Request) -> Self {
        Sampler { request, survey: Survey::default() }
    }

    /// Takes in a fragment, in the order of the input. Its frames are not kept, only where they are in the input. Of sound, the
    /// places are enough (see [`Assembler::without_audio_payload`](fragkit_fragment::Assembler::without_audio_payload)).
    pub fn add(&mut self, fragment: &Fragment) {
        if self.request.selector.is_candidate(&fragment.head) {
            self.survey.add(fragment);
        }
    }

    /// What was repaired of private data or cannot be used, since this was asked the last time.
    pub fn take_findings(&mut self) -> Vec<Finding> {
        self.survey.take_findings()
    }

    /// Chooses the frames, without a look at any frame's bytes.
    ///
    /// # Errors
    ///
    /// If the request asks for what cannot be or is not allowed, or nothing is selected.
    pub fn plan(&self) -> Result<Plan<'_>, Error> {
        let page = grid::page(&self.request, &self.survey)?;
        Ok(Plan::new(self, page))
    }
}

impl<'s> Plan<'s> {
    pub(crate) fn new(sampler: &'s Sampler, page: Page) -> Self {
        let mut groups: Vec<Range<usize>> = Vec::new();
        let fragment = |slot: &Slot| match slot.found {
            Found::Frame { fragment, .. } => Some(fragment),
            _ => None,
        };
        for chunk in page.slots.chunk_by(|a, b| fragment(a) == fragment(b)) {
            let start = groups.last().map_or(0, |group| group.end);
            groups.push(start..start + chunk.len());
        }
        Plan { sampler, page, groups }
    }
}

impl Plan<'_> {
    /// How many entries this page has.
    #[must_use]
    pub fn len(&self) -> usize {
        self.page.slots.len()
    }

    /// Whether it has none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.page.slots.is_empty()
    }

    /// How many entries all pages have together.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.page.total
    }

    /// Takes out the pictures that `is_there` says are there already, so that work which was broken off can go on, and gives what is
    /// known of them. Entries without a frame stay.
    pub fn take_out<T>(&mut self, mut is_there: impl FnMut(Timestamp) -> Option<T>) -> Vec<Sampled<T>> {
        let mut taken = Vec::new();
        let mut slots = std::mem::take(&mut self.page.slots);
        slots.retain(|slot| {
            let there = frame_of(slot).and_then(|id| Some((self.info(id), is_there(slot.time)?)));
            let Some((frame, picture)) = there else { return true };
            taken.push(Sampled { timestamp: slot.time, frame, picture: Ok(picture) });
            false
        });
        let page = Page { slots, total: self.page.total, next_token: self.page.next_token.take() };
        *self = Plan::new(self.sampler, page);
        taken
    }

    /// The token for the entries behind these, if there are more.
    #[must_use]
    pub fn next_token(&self) -> Option<&str> {
        self.page.next_token.as_deref()
    }

    /// The pictures as the request has them, one after the other, each made when it is asked for.
    ///
    /// `read` gives the bytes of a range of the input, as many as are there.
    pub fn images<'p>(&'p self, read: &'p Read<'p>) -> impl Iterator<Item = Sampled<Encoded>> + 'p {
        self.rendered(read, |material, info| render::encoded(&self.sampler.request, material, info))
    }

    /// The pictures as pixels, scaled as the request says, one after the other.
    pub fn pixels<'p>(&'p self, read: &'p Read<'p>) -> impl Iterator<Item = Sampled<image::RgbImage>> + 'p {
        self.rendered(read, |material, info| render::pixels(&self.sampler.request, material, info))
    }

    /// As [`images`](Plan::images), on so many threads. `take` is called on this thread, in the order of the entries; no more
    /// pictures are being decoded than there are threads, and only a few wait for `take`.
    ///
    /// # Errors
    ///
    /// What `take` gives.
    pub fn par_images<E>(
        &self,
        threads: usize,
        read: &Read<'_>,
        take: impl FnMut(Sampled<Encoded>) -> Result<(), E>,
    ) -> Result<(), E> {
        self.par(threads, read, &|material, info| render::encoded(&self.sampler.request, material, info), take)
    }

    /// As [`pixels`](Plan::pixels), on so many threads: see [`par_images`](Plan::par_images).
    ///
    /// # Errors
    ///
    /// What `take` gives.
    pub fn par_pixels<E>(
        &self,
        threads: usize,
        read: &Read<'_>,
        take: impl FnMut(Sampled<image::RgbImage>) -> Result<(), E>,
    ) -> Result<(), E> {
        self.par(threads, read, &|material, info| render::pixels(&self.sampler.request, material, info), take)
    }

    fn par<T: Send + Clone, E>(
        &self,
        threads: usize,
        read: &Read<'_>,
        render: &(dyn Fn(Material<'_>, &FrameInfo) -> Result<T, ImageError> + Sync),
        take: impl FnMut(Sampled<T>) -> Result<(), E>,
    ) -> Result<(), E> {
        let job = |index: usize, put: &mut dyn FnMut(Sampled<T>) -> bool| {
            let Some(group) = self.groups.get(index) else { return };
            for sampled in Group::new(self, read, group.clone(), render) {
                if !put(sampled) {
                    return;
                }
            }
        };
        parallel::ordered(self.groups.len(), threads, job, take)
    }

    fn rendered<'p, T: Clone + 'p>(
        &'p self,
        read: &'p Read<'p>,
        render: impl Fn(Material<'_>, &FrameInfo) -> Result<T, ImageError> + 'p,
    ) -> impl Iterator<Item = Sampled<T>> + 'p {
        let render = std::rc::Rc::new(render);
        self.groups.iter().flat_map(move |group| {
            let render = std::rc::Rc::clone(&render);
            Group::new(self, read, group.clone(), move |material: Material<'_>, info: &FrameInfo| {
                render(material, info)
            })
        })
    }

    fn info(&self, id: FrameId) -> Option<FrameInfo> {
        let fragment = self.sampler.survey.get(id.fragment)?;
        let base = fragment.base(self.sampler.request.selector.by)?;
        let time = base + fragment.frames.get(id.frame)?.time;
        Some(FrameInfo {
            timestamp: Timestamp::from_millis(time.floor_millis()),
            fragment_number: fragment.head.number.clone(),
            sample_aspect_ratio: fragment.video.as_ref().and_then(|video| video.sample_aspect_ratio),
        })
    }
}

/// The entries of one group, in order, each picture decoded and rendered when it is due.
struct Group<'p, T, R> {
    plan: &'p Plan<'p>,
    access: Access<'p>,
    render: R,
    slots: Range<usize>,
    frames: Frames<'p>,
    /// Rendered ahead of their turn, which is as much as decoding order differs from that of presentation; and the last one, for
    /// entries that have the same frame.
    done: BTreeMap<FrameId, Result<T, ImageError>>,
}

/// Where the frames of a group come from.
enum Frames<'p> {
    /// They are decoded.
    Walk(Box<Walk<'p>>),
    /// They are JPEG.
    Jpeg(VecDeque<FrameId>),
    /// They cannot be decoded.
    None(String),
}

impl<'p, T: Clone, R: Fn(Material<'_>, &FrameInfo) -> Result<T, ImageError>> Group<'p, T, R> {
    fn new(plan: &'p Plan<'p>, read: &'p Read<'p>, slots: Range<usize>, render: R) -> Self {
        let access = Access { survey: &plan.sampler.survey, read };
        let in_group = plan.page.slots.get(slots.clone()).unwrap_or_default().iter();
        let mut wanted: Vec<FrameId> = in_group.filter_map(frame_of).collect();
        wanted.sort_unstable();
        wanted.dedup();
        let video: Option<&Video> =
            wanted.first().and_then(|id| access.fragment(id.fragment)).and_then(|fragment| fragment.video.as_deref());
        let limits = &plan.sampler.request.decode_limits;
        let frames = match video.map(|video| &video.coding) {
            Some(Ok(Coding::Nal(nal))) => Frames::Walk(Box::new(Walk::new(access, nal, limits, &wanted))),
            Some(Ok(Coding::Jpeg)) => Frames::Jpeg(wanted.into()),
            Some(Err(reason)) => Frames::None(reason.clone()),
            None => Frames::None("there is no track of video".into()),
        };
        Group { plan, access, render, slots, frames, done: BTreeMap::new() }
    }

    /// The picture of a frame, after those that are finished before it.
    fn picture(&mut self, wanted: FrameId) -> Result<T, ImageError> {
        loop {
            if let Some(done) = self.done.get(&wanted) {
                return done.clone();
            }
            let Some(video) = self.access.fragment(wanted.fragment).and_then(|fragment| fragment.video.as_deref())
            else {
                return Err(ImageError::media("there is no track of video"));
            };
            let (id, material) = match &mut self.frames {
                Frames::None(reason) => return Err(ImageError::media(reason.clone())),
                Frames::Walk(walk) => match walk.next() {
                    Some((id, Ok(picture))) => (id, Ok(Material::Planes(picture, &video.colour))),
                    Some((id, Err(error))) => (id, Err(error)),
                    None => return Err(ImageError::media("the frame was not decoded")),
                },
                Frames::Jpeg(ids) => match ids.pop_front() {
                    Some(id) => (id, Ok(Material::Jpeg(self.access.payload(id)))),
                    None => return Err(ImageError::media("the frame was not read")),
                },
            };
            let info = self.plan.info(id);
            let rendered = match (material, info) {
                (Ok(material), Some(info)) => (self.render)(material, &info),
                (Err(error), _) => Err(error),
                (_, None) => Err(ImageError::media("the frame has no time")),
            };
            self.done.insert(id, rendered);
        }
    }
}

impl<T: Clone, R: Fn(Material<'_>, &FrameInfo) -> Result<T, ImageError>> Iterator for Group<'_, T, R> {
    type Item = Sampled<T>;

    fn next(&mut self) -> Option<Sampled<T>> {
        let at = self.slots.next()?;
        let slot = self.plan.page.slots.get(at)?;
        let timestamp = slot.time;
        let Some(id) = frame_of(slot) else {
            return Some(Sampled { timestamp, frame: None, picture: Err(self.plan.lack(slot.found)) });
        };
        let picture = self.picture(id);
        let next = self.plan.page.slots.get(at + 1).filter(|_| !self.slots.is_empty()).and_then(frame_of);
        if next != Some(id) {
            self.done.remove(&id);
        }
        Some(Sampled { timestamp, frame: self.plan.info(id), picture })
    }
}

fn frame_of(slot: &Slot) -> Option<FrameId> {
    match slot.found {
        Found::Frame { fragment, frame } => Some(FrameId { fragment, frame }),
        _ => None,
    }
}

impl Plan<'_> {
    /// Why there is no frame.
    fn lack(&self, found: Found) -> ImageError {
        match found {
            Found::OnlyBefore => ImageError::no_media(
                "the fragment that covers this time starts before the range; --include-overlap takes it",
            ),
            Found::NoFrame { fragment } => {
                let video = self.sampler.survey.get(fragment).and_then(|fragment| fragment.video.as_deref());
                if let Some(Err(reason)) = video.map(|video| &video.coding) {
                    return ImageError::media(reason.clone());
                }
                let has_sound = self.sampler.survey.get(fragment).is_some_and(Surveyed::has_sound);
                ImageError::media(match has_sound {
                    true => "the fragment that covers this time has sound and no frame of video",
                    false => "the fragment that covers this time has no frame of video",
                })
            }
            Found::Nothing | Found::Frame { .. } => ImageError::no_media("no fragment covers this time"),
        }
    }
}
