//! Which blocks go into which Cluster of a merged file, and at what times.

use std::ops::Range;

use fragkit_mkv::Id;
use fragkit_mkv::write::{BlockFlags, Writer};

use super::error::{MergeError, MergeErrorKind};
use crate::index::{Index, Indexed, Sample};
use crate::run::{Run, SmallRun};
use crate::time::{Nanos, Timestamp};
use crate::timeline::{Gaps, Timeline};

/// A Cluster is not to become much longer than this, so that players find their way.
const LONGEST_CLUSTER_NS: i64 = 30_000_000_000;

/// Everything behind the Cues: a few bytes for each Cluster, none for a block.
#[derive(Debug)]
pub(super) struct Layout {
    /// TimestampScale, in nanoseconds.
    pub(super) scale: i64,
    pub(super) placed: Vec<Placed>,
    pub(super) clusters: Vec<Cluster>,
    pub(super) cues: Vec<Cue>,
    /// The track that Cues speak of.
    pub(super) cue_track: u64,
    pub(super) duration: Nanos,
    pub(super) frames: u64,
    pub(super) moved: usize,
}

/// A fragment's place in the file.
#[derive(Debug)]
pub(super) struct Placed {
    pub(super) fragment: usize,
    /// What to add to its frames' times.
    shift: Nanos,
    /// Its Clusters.
    pub(super) clusters: Range<usize>,
}

#[derive(Debug)]
pub(super) struct Cluster {
    /// In units of the scale.
    pub(super) timestamp: i64,
    pub(super) blocks: usize,
    /// Bytes of all its blocks, headers included.
    block_bytes: u64,
}

/// The first key frame of the cue track in a Cluster.
#[derive(Debug)]
pub(super) struct Cue {
    pub(super) time: i64,
    pub(super) cluster: usize,
}

/// A frame on its way into a Cluster, with times in units of the scale.
#[derive(Debug)]
pub(super) struct Block {
    /// When it is decoded: the time of the frame that is presented when it is this frame's turn.
    turn: i64,
    /// When it is presented.
    time: i64,
    /// The earliest time of it and all that follow in the fragment.
    earliest: i64,
    pub(super) sample: usize,
    track: u64,
    keyframe: bool,
    size: u32,
}

/// What must not go back from one fragment to the next.
#[derive(Debug, Default)]
struct Reached {
    /// The last Cluster's timestamp.
    cluster: i64,
    /// The last turn of each track, by number.
    turns: Vec<(u64, i64)>,
}

impl Layout {
    pub(super) fn new(index: &Index, fragments: &[usize], gaps: Gaps, scale: i64) -> Result<Self, MergeError> {
        let mut layout = Layout {
            scale,
            placed: Vec::with_capacity(fragments.len()),
            clusters: Vec::with_capacity(fragments.len()),
            cues: Vec::new(),
            cue_track: cue_track(index, fragments),
            duration: Nanos::ZERO,
            frames: 0,
            moved: 0,
        };
        let mut timeline = Timeline::new(gaps);
        let mut reached = Reached::default();
        for &fragment in fragments {
            if let Some(indexed) = index.fragments().get(fragment) {
                let place = |error: MergeError| error.in_fragment(indexed.head.number.as_ref());
                layout.place(index, fragment, indexed, &mut timeline, &mut reached).map_err(place)?;
            }
        }
        Ok(layout)
    }

    /// How many bytes all Clusters take.
    pub(super) fn cluster_bytes(&self) -> u64 {
        self.clusters.iter().map(Cluster::size).sum()
    }

    fn place(
        &mut self,
        index: &Index,
        fragment: usize,
        indexed: &Indexed,
        timeline: &mut Timeline,
        reached: &mut Reached,
    ) -> Result<(), MergeError> {
        let base = indexed.head.producer_timestamp.map(Timestamp::nanos).unwrap_or_default();
        let mut shift = base - timeline.place(&indexed.wall_spans());
        let first = indexed.tracks.iter().map(|track| track.first).min().unwrap_or_default();
        let end = indexed.tracks.iter().map(|track| track.last + track.last_duration).max().unwrap_or_default();
        // Where the fragment overlaps what was placed before, it is moved behind that as a whole.
        let units = |time: Nanos| units(time + shift, self.scale);
        let mut late = reached.cluster - units(first);
        for track in &indexed.tracks {
            let number = number(indexed, track.track);
            if let Some((_, turn)) = reached.turns.iter().find(|(track, _)| *track == number) {
                late = late.max(turn + 1 - units(track.first));
            }
        }
        if late > 0 {
            self.moved += usize::from(!self.placed.is_empty());
            shift = shift + Nanos(late.saturating_mul(self.scale));
        }
        let start = self.clusters.len();
        let mut placed = Placed { fragment, shift, clusters: start..start };
        let mut blocks = self.blocks(index, &placed, &index.samples(fragment));
        let mut earliest = i64::MAX;
        for block in blocks.iter_mut().rev() {
            earliest = earliest.min(block.time);
            block.earliest = earliest;
        }
        let mut first_turn = 0;
        let mut cued = false;
        for block in &blocks {
            let fits = |cluster: &Cluster| {
                let span = block.turn.saturating_sub(first_turn).saturating_mul(self.scale);
                span < LONGEST_CLUSTER_NS && block.relative(cluster.timestamp).is_some()
            };
            if self.clusters.len() == start || !self.clusters.last().is_some_and(fits) {
                let timestamp = block.open_cluster(reached.cluster).ok_or_else(too_far_apart)?;
                self.clusters.push(Cluster { timestamp, blocks: 0, block_bytes: 0 });
                reached.cluster = timestamp;
                first_turn = block.turn;
                cued = false;
            }
            let cluster = self.clusters.len() - 1;
            if !cued && block.keyframe && block.track == self.cue_track {
                self.cues.push(Cue { time: block.time, cluster });
                cued = true;
            }
            if let Some(cluster) = self.clusters.last_mut() {
                cluster.blocks += 1;
                cluster.block_bytes += Run::Small(block.header(cluster.timestamp)).len() + u64::from(block.size);
            }
            match reached.turns.iter_mut().find(|(track, _)| *track == block.track) {
                Some((_, turn)) => *turn = (*turn).max(block.turn),
                None => reached.turns.push((block.track, block.turn)),
            }
            self.frames += 1;
        }
        placed.clusters.end = self.clusters.len();
        self.placed.push(placed);
        self.duration = self.duration.max(end + shift);
        Ok(())
    }

    /// The blocks of a fragment in the order they are written: by turn, and as stored where turns are the same.
    pub(super) fn blocks(&self, index: &Index, placed: &Placed, samples: &[Sample]) -> Vec<Block> {
        let Some(indexed) = index.fragments().get(placed.fragment) else { return Vec::new() };
        let mut blocks = Vec::with_capacity(samples.len());
        let mut turns: Vec<i64> = Vec::new();
        for track in &indexed.tracks {
            let of_track = || samples.iter().enumerate().filter(|(_, sample)| sample.track == track.track);
            turns.clear();
            turns.extend(of_track().map(|(_, sample)| units(sample.time + placed.shift, self.scale)));
            if track.reorder > Nanos::ZERO {
                turns.sort_unstable();
            }
            let track = number(indexed, track.track);
            for (&turn, (at, sample)) in turns.iter().zip(of_track()) {
                let time = units(sample.time + placed.shift, self.scale);
                let &Sample { keyframe, size, .. } = sample;
                blocks.push(Block { turn, time, earliest: time, sample: at, track, keyframe, size });
            }
        }
        // A frame of start codes alone has nothing left to write.
        blocks.retain(|block| block.size > 0);
        blocks.sort_unstable_by_key(|block| (block.turn, block.sample));
        blocks
    }
}

impl Block {
    /// Its time relative to a Cluster, if that can be written.
    fn relative(&self, cluster: i64) -> Option<i16> {
        i16::try_from(self.time.saturating_sub(cluster)).ok()
    }

    /// The timestamp of a Cluster that begins with this block: its turn, unless the block, or an earlier one that follows,
    /// would be too far from it. Never before `reached`; `None` if that leaves no timestamp from which the block is in
    /// reach.
    fn open_cluster(&self, reached: i64) -> Option<i64> {
        let (back, ahead) = (-i64::from(i16::MIN), i64::from(i16::MAX));
        let timestamp = self.turn.min(self.earliest.saturating_add(back));
        let timestamp = timestamp.max(self.time.saturating_sub(ahead)).max(reached);
        self.relative(timestamp).map(|_| timestamp)
    }

    /// The SimpleBlock element up to its frame.
    pub(super) fn header(&self, cluster: i64) -> SmallRun {
        let mut writer = Writer::new();
        let flags = BlockFlags { keyframe: self.keyframe, ..BlockFlags::default() };
        let relative = self.relative(cluster).unwrap_or_default();
        writer.simple_block_header(self.track, relative, flags, self.size.into());
        SmallRun::new(&writer.into_bytes())
    }
}

impl Cluster {
    /// The Cluster element up to its first block.
    pub(super) fn header(&self) -> SmallRun {
        let mut timestamp = Writer::new();
        timestamp.uint(Id::TIMESTAMP, self.timestamp.max(0).unsigned_abs());
        let timestamp = timestamp.into_bytes();
        let mut writer = Writer::new();
        let size = u64::try_from(timestamp.len()).unwrap_or_default() + self.block_bytes;
        writer.header(Id::CLUSTER, Some(size));
        writer.raw(&timestamp);
        SmallRun::new(&writer.into_bytes())
    }

    /// Bytes of the whole element.
    pub(super) fn size(&self) -> u64 {
        Run::Small(self.header()).len() + self.block_bytes
    }
}

/// The first video track with frames, or else the first track with frames.
fn cue_track(index: &Index, fragments: &[usize]) -> u64 {
    let used = || {
        let indexed = fragments.iter().filter_map(|&at| index.fragments().get(at));
        indexed.flat_map(|indexed| indexed.tracks.iter().map(move |track| (indexed, track.track)))
    };
    let video = |(indexed, track): &(&Indexed, u8)| {
        let video = indexed.head.tracks.video().map(|video| video.entry.number);
        video == Some(number(indexed, *track))
    };
    used().find(video).or_else(|| used().next()).map_or(0, |(indexed, track)| number(indexed, track))
}

fn number(indexed: &Indexed, track: u8) -> u64 {
    indexed.head.tracks.get(usize::from(track)).map_or(0, |track| track.entry.number)
}

/// The nearest whole unit.
fn units(time: Nanos, scale: i64) -> i64 {
    time.0.saturating_add(scale / 2).div_euclid(scale)
}

fn too_far_apart() -> MergeError {
    let message = "frames are further out of order than a block can be from its Cluster (RFC 9559, section 10.1)";
    MergeError::new(MergeErrorKind::Times, message)
}
