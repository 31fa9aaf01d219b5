//! Fragments of Kinesis Video Streams out of Matroska elements: their tags, times, tracks and frames.
//!
//! The second stage of fragkit: `bytes -> mkv elements -> fragments -> clips, pictures`. [`Assembler`] takes the bytes of
//! GetMedia or GetMediaForFragmentList as they come and gives [`Fragment`]s, with frames as slices of the input; plain
//! Matroska is taken too and cut into fragments at its key frames. [`Selector`] picks fragments as the service does,
//! [`change`] tells why two cannot stand in one clip, [`Timeline`] lays them end to end, [`Merge`] makes one ordinary
//! Matroska file of them, [`Reporter`] tells at a glance what there is of a recording, and [`ChunkWriter`] writes chunks as the
//! service would.
//!
//! ```
//! use fragkit_fragment::{Assembler, Item, Limits};
//!
//! fn lengths(stream: bytes::Bytes) -> Vec<i64> {
//!     let mut assembler = Assembler::new(Limits::default());
//!     assembler.push(stream);
//!     assembler.finish();
//!     std::iter::from_fn(|| assembler.poll())
//!         .filter_map(|item| match item {
//!             Item::Fragment(fragment) => Some(fragment.head.length_ms()),
//!             Item::Finding(_) => None,
//!         })
//!         .collect()
//! }
//! # assert!(lengths(bytes::Bytes::new()).is_empty());
//! ```
//!
//! It reads no files and decodes nothing; into frames it looks as far as their codec's framing goes.

#![forbid(unsafe_code)]

mod advice;
mod assembler;
mod continuity;
mod finding;
mod fragment;
mod index;
mod merge;
mod number;
mod outputs;
mod pcm;
mod report;
mod run;
mod select;
mod service;
mod service_limits;
#[cfg(test)]
mod testing;
mod time;
mod timeline;
mod tracks;
mod write;

pub use assembler::{Assembler, Item, Items, Limits, Ordinary, Part};
pub use continuity::{Change, OnChange, change};
pub use finding::{Finding, Severity};
/// The codecs, for crates that build on fragments.
pub use fragkit_codec as codec;
/// The container, for crates that build on fragments.
pub use fragkit_mkv as mkv;
pub use fragment::{Completeness, Fragment, Frame, FrameCount, Head, Place, UserTag};
pub use index::{Index, Indexed, IndexedTrack, Interleaved, Mended, Repair, Sample, SampleRun};
pub use merge::{Merge, MergeError, MergeErrorKind, MergeSummary};
pub use number::{DecodedNumber, FragmentNumber, ParseFragmentNumberError};
pub use outputs::{OutputKind, Stretch, Verdict, verdicts};
pub use pcm::{Pcm, PcmEncoding};
pub use report::{
    Bin, BinTrack, Coverage, Day, Distribution, Event, EventKind, Gap, Report, ReportOptions, Reporter, Totals,
    TrackReport,
};
pub use run::{Run, SmallRun};
pub use select::{Selector, TimestampType};
pub use service::{ServiceException, ServiceTag, TagNames};
pub use service_limits::ServiceLimits;
pub use time::{Nanos, ParseTimestampError, Timestamp};
pub use timeline::{DISCONTINUITY, Gaps, Timeline, TrackSpan};
pub use tracks::{AudioClock, Track, Tracks};
pub use write::{ChunkLayout, ChunkWriter, ClusterSize};
