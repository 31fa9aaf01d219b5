//! ISO base media files out of sample lists, and back: the bytes around the
//! payload of one progressive MP4, which this crate never sees.
//!
//! It is the last stage before the output, and the first where the input is
//! such a file: see [`read`]. The caller knows where in the
//! payload each sample will lie; this crate answers with the boxes that say
//! so, to be written before or behind it.
//!
//! # The box tree
//!
//! Sections are of ISO/IEC 14496-12:2015 unless another part is named.
//!
//! ```text
//! ftyp                      4.3      isom, iso2, iso4, mp41, mp42; avc1 with H.264
//! moov                      8.2.1    here, or behind mdat
//! +- mvhd                   8.2.2    version 1 for 64-bit times, as tkhd, mdhd, elst
//! +- trak                   8.3.1    one a track
//!    +- tkhd                8.3.2
//!    +- edts                8.6.5    if there are edits
//!    |  +- elst             8.6.6
//!    +- mdia                8.4.1
//!       +- mdhd             8.4.2
//!       +- hdlr             8.4.3
//!       +- minf             8.4.4
//!          +- vmhd          12.1.2   pictures
//!          +- smhd          12.2.2   sound
//!          +- dinf          8.7.1
//!          |  +- dref       8.7.2    one url box: this very file
//!          +- stbl          8.5.1
//!             +- stsd       8.5.2
//!             |  +- avc1    14496-15, 5.4.2   avcC, colr, pasp, btrt
//!             |  +- hvc1    14496-15, 8.4.1   hvcC, colr, pasp, btrt
//!             |  +- mp4a    14496-14, 5.6     esds
//!             |  +- alaw    12.2.3            chan; QuickTime's name for G.711 A-law
//!             |  +- ulaw    12.2.3            chan; and for mu-law
//!             +- stts       8.6.1.2
//!             +- ctts       8.6.1.3  unless all zero; version 1 if any is negative
//!             +- stsc       8.7.4
//!             +- stsz       8.7.3.2
//!             +- stco, co64 8.7.5    co64 if any offset needs it
//!             +- stss       8.6.2    unless all are sync samples
//! mdat                      8.1.1    64-bit size from 4 GiB on
//! ```
//!
//! With `moov` first, [`Movie::head`] gives all bytes before the payload.
//! With `moov` last, a writer puts out [`Movie::ftyp`], [`MDAT_PLACEHOLDER`],
//! the payload and [`Movie::moov`], and at last writes [`placed_mdat_header`]
//! over the placeholder.
//!
//! # Example
//!
//! ```
//! use fragkit_mp4::{Audio, Movie, Sample, SampleEntry, SampleTable, Track, check};
//!
//! let mut samples = SampleTable::new(8000);
//! let sample = Sample { offset: 0, size: 1, duration: 1, composition_offset: 0, sync: true };
//! samples.push_run(160, sample)?;
//! let audio = Audio { channels: 1, sampling_frequency: 8000 };
//! let track = Track::new(1, SampleEntry::Alaw { audio }, samples);
//! let movie = Movie { timescale: 1000, creation_time: None, tracks: vec![track] };
//!
//! let mut file = movie.head(160)?;
//! file.extend_from_slice(&[0xd5; 160]);
//! let summary = check::check(&file)?;
//! assert_eq!(summary.duration, 20);
//! # Ok::<(), fragkit_mp4::Error>(())
//! ```
//!
//! # What it does not do
//!
//! It writes no fragmented files, no encryption and no metadata, and does not
//! look into decoder configurations. Files that others made are read by the
//! [`read`] module, fragmented ones too; the [`check`] module holds what this
//! crate writes to every rule.

#![forbid(unsafe_code)]

mod bit_rate;
mod box_writer;
pub mod check;
mod error;
mod esds;
mod movie;
pub mod read;
mod reader;
mod sample_entry;
mod sample_table;
mod track;

pub use error::{Error, ErrorKind};
pub use movie::{MDAT_PLACEHOLDER, Movie, SECONDS_1904_TO_1970, creation_time, placed_mdat_header};
pub use sample_entry::{Audio, Colour, SampleEntry, Visual};
pub use sample_table::{Sample, SampleTable};
pub use track::{Edit, Track};
