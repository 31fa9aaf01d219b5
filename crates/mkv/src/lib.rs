//! EBML and Matroska: bytes to elements and back, any number of documents in one stream.
//!
//! This is the first stage of fragkit: `bytes -> mkv elements -> fragments -> clips, pictures`. What Kinesis Video Streams
//! returns is one small Matroska document per fragment, back to back, with Segments (and often Clusters) of unknown size.
//! [`Parser`] reads that from any source, without I/O of its own, and gives frames as slices of what was pushed. [`mod@write`]
//! writes the same elements.
//!
//! ```
//! use fragkit_mkv::{EbmlHeader, Event, Id, Limits, Parser, write::{BlockFlags, Writer}};
//!
//! let mut document = Writer::new();
//! EbmlHeader::default().write(&mut document);
//! document.header(Id::SEGMENT, None);
//! document.header(Id::CLUSTER, None);
//! document.uint(Id::TIMESTAMP, 0);
//! document.simple_block_header(1, 40, BlockFlags { keyframe: true, ..BlockFlags::default() }, 5);
//! document.raw(b"frame");
//!
//! let mut parser = Parser::new(Limits::default());
//! parser.push(document.into_bytes().into());
//! parser.finish();
//! while let Some(event) = parser.poll()? {
//!     if let Event::Block(block) = event {
//!         assert_eq!((block.track, block.timestamp), (1, 40));
//!         assert_eq!(block.frames.as_slice(), ["frame"]);
//!     }
//! }
//! # Ok::<(), fragkit_mkv::Error>(())
//! ```
//!
//! It does not know what codecs or fragments are, keeps no list of frames, and does not read Cues, Chapters or Attachments.
//!
//! Sources: RFC 8794 (EBML), RFC 9559 (Matroska). Names are those of the RFCs: *Timestamp*, not *Timecode*.

#![forbid(unsafe_code)]

mod block;
mod ebml_header;
mod encoding;
mod error;
mod id;
mod info;
mod input;
mod limits;
mod master;
mod parser;
mod plain_block;
mod plain_tags;
mod seek;
mod tags;
mod tracks;
mod vint;
pub mod write;

pub use block::{Block, BlockAddition, BlockGroup, BlockPlace, Frames};
pub use ebml_header::EbmlHeader;
pub use encoding::{ContentEncoding, Transform, stripped_header};
pub use error::{Error, ErrorKind, Result};
pub use id::Id;
pub use info::Info;
pub use limits::Limits;
pub use parser::{EndedBy, Event, Parser};
pub use tags::{SimpleTag, Tag, Targets, write_tags};
pub use tracks::{Audio, Colour, PixelCrop, TrackEntry, TrackType, Video, write_tracks};
