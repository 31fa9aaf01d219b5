//! Merged files: many fragments as one ordinary Matroska file, planned without their payload.
//!
//! ```text
//! EBML header
//! Segment, size known
//! ├─ SeekHead ── Info, Tracks, Cues                     RFC 9559, section 5.1.1
//! ├─ Info ── TimestampScale, Duration, DateUTC          section 5.1.2
//! ├─ Tracks ── as in the fragments, encodings undone    section 5.1.4
//! ├─ Cues ── one for each Cluster with a key frame      section 5.1.5
//! ├─ Cluster ── Timestamp, SimpleBlock ...              section 5.1.3
//! └─ Cluster ...
//! ```
//!
//! Each fragment becomes a Cluster, or several where it is long. Frames of one track keep their stored order; those of
//! several tracks are interleaved by the time at which they are decoded. That time never goes back within a track, and
//! the Timestamps of Clusters never go back at all, which is what players rely on and chunk streams do not give.

mod clusters;
mod error;
mod head;

use crate::continuity::{OnChange, change};
use crate::index::{Index, Indexed};
use crate::run::Run;
use crate::select::Selector;
use crate::time::Timestamp;
use crate::timeline::Gaps;
use crate::tracks::Tracks;
use clusters::Layout;
pub use error::{MergeError, MergeErrorKind};

/// One Matroska file: what is made, and which ranges of the input go between.
///
/// ```
/// use fragkit_fragment::{Assembler, Gaps, Index, Item, Limits, Merge, Run, Selector};
///
/// fn merge(stream: bytes::Bytes) -> Result<Vec<u8>, Box<dyn std::error::Error>> {
///     let mut assembler = Assembler::new(Limits::default());
///     assembler.push(stream.clone());
///     assembler.finish();
///     let mut index = Index::new(false);
///     while let Some(item) = assembler.poll() {
///         if let Item::Fragment(fragment) = item {
///             index.add(&fragment);
///         }
///     }
///     let mut file = Vec::new();
///     Merge::new(&index, &Selector::default(), Gaps::Compact)?.runs(|run| {
///         match run {
///             Run::Bytes(bytes) => file.extend_from_slice(bytes),
///             Run::Small(small) => file.extend_from_slice(small.as_slice()),
///             Run::Input(range) => file.extend_from_slice(&stream[range.start.try_into()?..range.end.try_into()?]),
///         }
///         Ok::<_, std::num::TryFromIntError>(())
///     })?;
///     Ok(file)
/// }
/// # assert!(merge(bytes::Bytes::new()).unwrap_err().to_string().starts_with("no fragment"));
/// ```
#[derive(Debug)]
pub struct Merge<'i> {
    index: &'i Index,
    layout: Layout,
    head: Vec<u8>,
    summary: MergeSummary,
}

/// What a merged file holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MergeSummary {
    /// How many fragments.
    pub fragments: usize,
    /// Producer timestamp of the first fragment.
    pub start: Option<Timestamp>,
    /// How long it plays, in milliseconds.
    pub duration_ms: i64,
    /// How many frames, of all tracks.
    pub frames: u64,
    /// How many fragments overlap the one before and were moved behind it.
    pub moved: usize,
}

impl<'i> Merge<'i> {
    /// Plans one file out of the selected fragments.
    ///
    /// # Errors
    ///
    /// If nothing is selected, if tracks or private data change within the selection, or if the media cannot stand in a
    /// merged file: see [`MergeErrorKind`].
    pub fn new(index: &'i Index, selector: &Selector, gaps: Gaps) -> Result<Self, MergeError> {
        let mut files = Self::plan(index, selector, gaps, OnChange::Error)?;
        files.pop().ok_or_else(MergeError::nothing_selected)
    }

    /// Plans one file, or with [`OnChange::Split`] one for each stretch of the selection with the same tracks.
    ///
    /// # Errors
    ///
    /// As for [`new`](Merge::new).
    pub fn plan(
        index: &'i Index,
        selector: &Selector,
        gaps: Gaps,
        on_change: OnChange,
    ) -> Result<Vec<Self>, MergeError> {
        stretches(index, selector, on_change)?.iter().map(|fragments| Self::file(index, fragments, gaps)).collect()
    }

    fn file(index: &'i Index, fragments: &[usize], gaps: Gaps) -> Result<Self, MergeError> {
        let scale = timestamp_scale(index, fragments);
        let layout = match Layout::new(index, fragments, gaps, scale) {
            // The finer the scale, the less far a block may be from its Cluster.
            Err(error) if error.kind() == MergeErrorKind::Times && scale != COARSEST_NS => {
                Layout::new(index, fragments, gaps, COARSEST_NS)
            }
            planned => planned,
        }?;
        let first = fragments.first().and_then(|&at| index.fragments().get(at));
        let tracks = first.map(|indexed| indexed.head.tracks.clone()).unwrap_or_default();
        let summary = MergeSummary {
            fragments: fragments.len(),
            start: first.and_then(|indexed| indexed.head.producer_timestamp),
            duration_ms: layout.duration.round_millis(),
            frames: layout.frames,
            moved: layout.moved,
        };
        let head = head::head(&layout, &tracks, first.and_then(Indexed::wall_span).map(|(start, _)| start));
        Ok(Merge { index, layout, head, summary })
    }

    /// How long the file will be, in bytes.
    #[must_use]
    pub fn size(&self) -> u64 {
        u64::try_from(self.head.len()).unwrap_or(u64::MAX).saturating_add(self.layout.cluster_bytes())
    }

    /// What it holds.
    #[must_use]
    pub fn summary(&self) -> &MergeSummary {
        &self.summary
    }

    /// Gives the file as runs, in order.
    ///
    /// # Errors
    ///
    /// What `each` gives.
    pub fn runs<E>(&self, mut each: impl FnMut(Run<'_>) -> Result<(), E>) -> Result<(), E> {
        each(Run::Bytes(&self.head))?;
        for placed in &self.layout.placed {
            let unit_starts = self.index.unit_starts(placed.fragment);
            let samples = self.index.samples(placed.fragment);
            let mut blocks = self.layout.blocks(self.index, placed, &samples).into_iter();
            for cluster in self.layout.clusters.get(placed.clusters.clone()).unwrap_or_default() {
                each(Run::Small(cluster.header()))?;
                for block in blocks.by_ref().take(cluster.blocks) {
                    each(Run::Small(block.header(cluster.timestamp)))?;
                    let (sample, unit_start) = (samples.get(block.sample), unit_starts.get(block.sample));
                    let Some(sample) = sample else { continue };
                    self.index.sample_runs(placed.fragment, sample, unit_start, &mut |_, run| each(run))?;
                }
            }
        }
        Ok(())
    }
}

/// Milliseconds, which is as coarse as a merged file gets.
const COARSEST_NS: i64 = 1_000_000;

/// Blocks reach 32,767 units from their Cluster: with finer units, Clusters would become many and small. A chunk of the
/// service is a single Cluster of a second or more; so its scale cannot be finer than this.
const FINEST_NS: i64 = 10_000;

/// The scale of the finest source, as long as that is between [`FINEST_NS`] and milliseconds.
fn timestamp_scale(index: &Index, fragments: &[usize]) -> i64 {
    let heads = fragments.iter().filter_map(|&at| index.fragments().get(at)).map(|indexed| &indexed.head);
    let finest = heads.map(|head| i64::try_from(head.timestamp_scale).unwrap_or(i64::MAX)).min();
    finest.unwrap_or(COARSEST_NS).clamp(FINEST_NS, COARSEST_NS)
}

/// Selects fragments and cuts the selection where tracks change.
fn stretches(index: &Index, selector: &Selector, on_change: OnChange) -> Result<Vec<Vec<usize>>, MergeError> {
    let indexed = index.fragments();
    let mut stretches: Vec<Vec<usize>> = Vec::new();
    let mut before: Option<&Tracks> = None;
    for at in selector.select_by(indexed.len(), |at| indexed.get(at).map(|indexed| &indexed.head)) {
        let Some(Indexed { head, .. }) = indexed.get(at) else { continue };
        let refused = head.tracks.iter().filter(|track| track.entry.track_type.is_picture_or_sound());
        if let Some((track, name)) = refused.filter_map(|track| Some((track, track.refused_encoding?))).next() {
            let message = format!("track {} is stored with {name}", track.entry.number);
            return Err(MergeError::new(MergeErrorKind::UnsupportedMedia, message).in_fragment(head.number.as_ref()));
        }
        if indexed.get(at).is_none_or(|indexed| indexed.sample_count() == 0) {
            continue;
        }
        match before.and_then(|before| change(before, &head.tracks)) {
            Some(change) if on_change == OnChange::Error => {
                return Err(MergeError::changed(change).in_fragment(head.number.as_ref()));
            }
            None if before.is_some() => {}
            _ => stretches.push(Vec::new()),
        }
        before = Some(&head.tracks);
        if let Some(stretch) = stretches.last_mut() {
            stretch.push(at);
        }
    }
    if stretches.is_empty() { Err(MergeError::nothing_selected()) } else { Ok(stretches) }
}

#[cfg(test)]
mod tests;
