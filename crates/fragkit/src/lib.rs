//! Media of Amazon Kinesis Video Streams, offline: fragments, lists, clips.
//!
//! What GetMedia and GetMediaForFragmentList return is a chain of small Matroska documents, one per fragment. fragkit reads
//! it from files, folders and pipes, and makes of it what the service makes only online and within quotas. Ordinary Matroska, MP4
//! and MOV files are taken as well.
//!
//! ```text
//! bytes -> mkv elements or mp4 samples -> fragments -> list | media | clip (MP4) | images (JPEG, PNG) | audio (WAV, M4A)
//!                                                     | merge (MKV)
//! ```
//!
//! A clip in ten lines:
//!
//! ```no_run
//! use fragkit::{Clipper, ClipOptions, Item, Source, save};
//!
//! let inputs = ["getmedia.mkv"];
//! let source = Source::open(inputs)?;
//! let mut clipper = Clipper::new(ClipOptions::default());
//! for item in source.items() {
//!     match item {
//!         Item::Fragment(fragment) => clipper.add(&fragment),
//!         Item::Finding(finding) => eprintln!("{finding}"),
//!     }
//! }
//! for clip in clipper.clips()? {
//!     save(&source, "clip.mp4".as_ref(), &inputs, |writer| clip.runs(|run| writer.write(&run)))?;
//! }
//! # Ok::<(), fragkit::Error>(())
//! ```
//!
//! The same of a stream that can be read only once, one fragment in memory at a time:
//!
//! ```no_run
//! use std::net::TcpStream;
//!
//! use fragkit::{ClipOptions, Item, Output, Pipe, StreamWriter, StreamingClipper};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let connection = TcpStream::connect("recorder:7000")?;
//! let mut output = Output::create::<&str>("clip.mp4".as_ref(), &[])?;
//! let mut writer = StreamWriter::new(output.file());
//! let mut clipper = StreamingClipper::new(ClipOptions::default());
//! for item in Pipe::new(connection).with_audio_in_pieces() {
//!     match item? {
//!         Item::Fragment(fragment) => writer.add(&mut clipper, &fragment)?,
//!         Item::Finding(finding) => eprintln!("{finding}"),
//!     }
//! }
//! let end = clipper.finish()?;
//! writer.finish(&end.moov)?;
//! output.patch(end.patch.0, &end.patch.1)?;
//! output.finish()?; // only now has it its name
//! # Ok(())
//! # }
//! ```
//!
//! With the feature `tokio`, `FragmentStream` does what [`Pipe`] does for asynchronous readers and streams, such as the payload that
//! the AWS SDK gives. Pictures of fragments:
//!
//! ```no_run
//! use fragkit::{Item, Pick, Request, Sampler, Source};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let source = Source::open(["getmedia.mkv"])?;
//! let mut sampler = Sampler::new(Request { interval_ms: 10_000, pick: Pick::Keyframe, ..Request::default() });
//! for item in source.items_without_audio_payload() {
//!     if let Item::Fragment(fragment) = item {
//!         sampler.add(&fragment);
//!     }
//! }
//! for sampled in sampler.plan()?.images(&|range| source.bytes(range)) {
//!     match sampled.picture {
//!         Ok(jpeg) => std::fs::write(format!("{}.jpg", sampled.timestamp.as_millis()), &jpeg.bytes)?,
//!         Err(error) => eprintln!("{}: {error}", sampled.timestamp),
//!     }
//! }
//! # Ok(())
//! # }
//! ```
//!
//! This crate is the facade over the stages, each of which stands on its own: [`mkv`], [`codec`], [`fragment`], [`mp4`], [`clip`],
//! [`audio`] and [`image`]. It adds what they leave out: files, folders, pipes and the memory map.

#![cfg_attr(docsrs, feature(doc_cfg))]

#[cfg(feature = "tokio")]
mod asynchronous;
mod chunks;
mod error;
mod input;
mod map;
mod movie;
mod output;
mod pipe;
mod write;

/// Fragments to sound files.
pub use fragkit_audio as audio;
pub use fragkit_audio::{
    AudioFile, Container, Error as AudioError, ErrorKind as AudioErrorKind, Extractor, G711, Layout as AudioLayout,
    Options as AudioOptions, Summary as AudioSummary, TrackChoice, TrackSummary,
};
/// Fragments to one MP4.
pub use fragkit_clip as clip;
pub use fragkit_clip::{
    Clip, Clipper, Error as ClipError, ErrorKind as ClipErrorKind, OnChange, Options as ClipOptions, StreamEnd,
    StreamingClipper, Summary as ClipSummary,
};
/// Codec private data and bitstream headers.
pub use fragkit_codec as codec;
/// Elements to fragments.
pub use fragkit_fragment as fragment;
pub use fragkit_fragment::{
    Assembler, Change, ChunkLayout, ChunkWriter, ClusterSize, Completeness, DecodedNumber, Finding, Fragment,
    FragmentNumber, Frame, FrameCount, Gaps, Head, Index, Item, Limits, Merge, MergeError, MergeErrorKind,
    MergeSummary, Nanos, Run, Selector, ServiceException, ServiceLimits, ServiceTag, Severity, TagNames, Timestamp,
    TimestampType, Track, Tracks, UserTag, change,
};
/// What there is of a recording at a glance.
pub use fragkit_fragment::{
    Bin, BinTrack, Coverage, Day, Distribution, Event, EventKind, Gap, Report, ReportOptions, Reporter, Totals,
    TrackReport,
};
/// Which outputs a stream allows.
pub use fragkit_fragment::{OutputKind, Stretch, Verdict, verdicts};
/// Fragments to pictures.
pub use fragkit_image as image;
pub use fragkit_image::encode::{About, EncodeError, jpeg_rgb as encode_jpeg, png as encode_png};
pub use fragkit_image::{
    Compression, DEFAULT_QUALITY, Encoded, Format, FrameInfo, ImageError, ImageErrorKind, Layout, Pick, Plan, Request,
    RgbImage, Sampled, Sampler, Sheet, Thumbnailer, wall_clock,
};
/// EBML and Matroska.
pub use fragkit_mkv as mkv;
/// ISO base media files.
pub use fragkit_mp4 as mp4;

#[cfg(feature = "tokio")]
#[cfg_attr(docsrs, doc(cfg(feature = "tokio")))]
pub use asynchronous::{FragmentStream, IntoBytes};
pub use chunks::{ChunkOptions, Chunker, Inserted};
pub use error::{Error, ErrorKind};
pub use input::{Source, files};
pub use output::Output;
pub use pipe::Pipe;
pub use write::{RunWriter, StreamWriter, save, write_runs};

/// The library examples of the README and the documents, so that they compile.
#[cfg(all(doctest, feature = "tokio"))]
#[doc = include_str!("../../../README.md")]
#[doc = include_str!("../../../docs/annex-b.md")]
struct Documents;
