//! One track and its `trak` box (ISO/IEC 14496-12:2015, 8.3 to 8.7).

use crate::box_writer::BoxWriter;
use crate::sample_table::OffsetWidth;
use crate::{Error, Movie, SampleEntry, SampleTable};

/// One track of a [`Movie`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Track {
    /// Identifies the track in its movie; not zero, and not used twice.
    pub track_id: u32,
    /// What the samples are.
    pub sample_entry: SampleEntry,
    /// ISO 639-2/T code, three lower-case letters; `und` if unknown.
    pub language: [u8; 3],
    /// A name for people, up to its first NUL.
    pub name: Option<String>,
    /// Maps the media to the timeline of the movie; empty if the media begins
    /// with the movie and is shown whole.
    pub edits: Vec<Edit>,
    /// The samples and their timescale.
    pub samples: SampleTable,
}

/// One stretch of a track's timeline (ISO/IEC 14496-12:2015, 8.6.6).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Edit {
    /// Nothing of the track is shown.
    Empty {
        /// How long, in the timescale of the movie.
        duration: u64,
    },
    /// The media is shown at its own pace.
    Media {
        /// Composition time to begin at, in the timescale of the track.
        media_time: u64,
        /// How long, in the timescale of the movie.
        duration: u64,
    },
}

impl Edit {
    /// How long, in the timescale of the movie.
    pub fn duration(&self) -> u64 {
        match *self {
            Self::Empty { duration } | Self::Media { duration, .. } => duration,
        }
    }
}

impl Track {
    /// A track of unknown language without a name or edits.
    pub fn new(track_id: u32, sample_entry: SampleEntry, samples: SampleTable) -> Self {
        Self { track_id, sample_entry, language: *b"und", name: None, edits: Vec::new(), samples }
    }

    /// How long the track lasts, in the timescale of the movie: the sum of
    /// its edits, or its media duration if there are none.
    pub(crate) fn duration_in(&self, movie_timescale: u32) -> Result<u64, Error> {
        if self.edits.is_empty() {
            return self.samples.duration_in(movie_timescale);
        }
        self.edits
            .iter()
            .try_fold(0_u64, |sum, edit| sum.checked_add(edit.duration()))
            .ok_or_else(|| Error::too_large("the edits last longer than 64 bits say (8.6.6)"))
    }

    pub(crate) fn write(&self, w: &mut BoxWriter, movie: &Movie, width: OffsetWidth) -> Result<(), Error> {
        w.boxed(b"trak", |w| {
            self.write_tkhd(w, movie)?;
            self.write_edts(w)?;
            w.boxed(b"mdia", |w| {
                self.write_mdhd(w, movie)?;
                self.write_hdlr(w)?;
                w.boxed(b"minf", |w| self.write_minf(w, width))
            })
        })
    }

    fn write_tkhd(&self, w: &mut BoxWriter, movie: &Movie) -> Result<(), Error> {
        if self.track_id == 0 {
            return Err(Error::invalid("track_ID must not be zero (8.3.2.3)"));
        }
        let created = movie.creation_time.unwrap_or(0);
        let duration = self.duration_in(movie.timescale)?;
        let version = version_for(&[created, duration]);
        let (volume, (display_width, display_height)) = match self.sample_entry.visual() {
            Some(visual) => (0, visual.display_size()?),
            None => (0x0100, (0, 0)),
        };
        // flags: track_enabled, track_in_movie
        w.full_box(b"tkhd", version, [0, 0, 3], |w| {
            w.by_version(version, created)?; // creation_time
            w.by_version(version, created)?; // modification_time
            w.u32(self.track_id);
            w.u32(0); // reserved
            w.by_version(version, duration)?;
            w.put(&[0; 8]); // reserved
            w.u16(0); // layer
            w.u16(0); // alternate_group: related to no other track
            w.u16(volume); // 8.8
            w.u16(0); // reserved
            w.put(&UNITY_MATRIX);
            w.u32(display_width); // 16.16
            w.u32(display_height); // 16.16
            Ok(())
        })
    }

    fn write_edts(&self, w: &mut BoxWriter) -> Result<(), Error> {
        if self.edits.is_empty() {
            return Ok(());
        }
        let wide = |edit: &Edit| match *edit {
            Edit::Empty { duration } => duration > V0_MAX,
            Edit::Media { media_time, duration } => duration > V0_MAX || i32::try_from(media_time).is_err(),
        };
        let version = u8::from(self.edits.iter().any(wide));
        w.boxed(b"edts", |w| {
            w.full_box(b"elst", version, [0, 0, 0], |w| {
                w.count(self.edits.len())?;
                for edit in &self.edits {
                    w.by_version(version, edit.duration())?; // segment_duration
                    let media_time = match *edit {
                        Edit::Empty { .. } => -1,
                        Edit::Media { media_time, .. } => i64::try_from(media_time)
                            .map_err(|_| Error::too_large("media_time has 63 bits (8.6.6.2)"))?,
                    };
                    if version == 0 {
                        let media_time = i32::try_from(media_time)
                            .map_err(|_| Error::too_large("media_time has 31 bits (8.6.6.2)"))?;
                        w.put(&media_time.to_be_bytes());
                    } else {
                        w.put(&media_time.to_be_bytes());
                    }
                    w.u16(1); // media_rate_integer
                    w.u16(0); // media_rate_fraction
                }
                Ok(())
            })
        })
    }

    fn write_mdhd(&self, w: &mut BoxWriter, movie: &Movie) -> Result<(), Error> {
        let created = movie.creation_time.unwrap_or(0);
        let duration = self.samples.duration();
        let version = version_for(&[created, duration]);
        let language = packed_language(self.language)?;
        w.full_box(b"mdhd", version, [0, 0, 0], |w| {
            w.by_version(version, created)?; // creation_time
            w.by_version(version, created)?; // modification_time
            w.u32(self.samples.timescale());
            w.by_version(version, duration)?;
            w.u16(language);
            w.u16(0); // pre_defined
            Ok(())
        })
    }

    fn write_hdlr(&self, w: &mut BoxWriter) -> Result<(), Error> {
        let handler_type = match self.sample_entry.visual() {
            Some(_) => b"vide",
            None => b"soun",
        };
        let name = self.name.as_deref().unwrap_or_default();
        let name = name.split('\0').next().unwrap_or_default();
        w.full_box(b"hdlr", 0, [0, 0, 0], |w| {
            w.u32(0); // pre_defined
            w.put(handler_type);
            w.put(&[0; 12]); // reserved
            w.put(name.as_bytes());
            w.u8(0); // end of name
            Ok(())
        })
    }

    fn write_minf(&self, w: &mut BoxWriter, width: OffsetWidth) -> Result<(), Error> {
        match self.sample_entry.visual() {
            Some(_) => w.put(&VMHD),
            None => w.put(&SMHD),
        }
        w.put(&DINF);
        w.boxed(b"stbl", |w| {
            w.full_box(b"stsd", 0, [0, 0, 0], |w| {
                w.u32(1); // entry_count
                self.sample_entry.write(w, &self.samples)
            })?;
            self.samples.write_boxes(w, width)
        })
    }
}

/// Version 1 has 64-bit times. All ones in 32 bits means "unknown", so that
/// value needs it too.
pub(crate) fn version_for(times: &[u64]) -> u8 {
    u8::from(times.iter().any(|time| *time > V0_MAX))
}

/// Three letters as differences to 0x60, five bits each (8.4.2.3).
fn packed_language(language: [u8; 3]) -> Result<u16, Error> {
    language.iter().try_fold(0_u16, |packed, letter| {
        if letter.is_ascii_lowercase() {
            Ok(packed << 5 | u16::from(letter - 0x60))
        } else {
            Err(Error::invalid(format!(
                "the language {} is not three lower-case letters (8.4.2.3); use und if unknown",
                language.escape_ascii()
            )))
        }
    })
}

const V0_MAX: u64 = 0xffff_fffe;

/// The picture as it is (6.2.2), for `tkhd` and `mvhd`.
pub(crate) const UNITY_MATRIX: [u8; 36] = [
    0x00, 0x01, 0x00, 0x00, // a = 1, 16.16
    0x00, 0x00, 0x00, 0x00, // b
    0x00, 0x00, 0x00, 0x00, // u
    0x00, 0x00, 0x00, 0x00, // c
    0x00, 0x01, 0x00, 0x00, // d = 1, 16.16
    0x00, 0x00, 0x00, 0x00, // v
    0x00, 0x00, 0x00, 0x00, // x
    0x00, 0x00, 0x00, 0x00, // y
    0x40, 0x00, 0x00, 0x00, // w = 1, 2.30
];

/// Video media header (12.1.2).
const VMHD: [u8; 20] = [
    0x00, 0x00, 0x00, 0x14, // size
    b'v', b'm', b'h', b'd', //
    0x00, 0x00, 0x00, 0x01, // version 0, flags 1
    0x00, 0x00, // graphicsmode: copy
    0x00, 0x00, 0x00, 0x00, 0x00, 0x00, // opcolor
];

/// Sound media header (12.2.2).
const SMHD: [u8; 16] = [
    0x00, 0x00, 0x00, 0x10, // size
    b's', b'm', b'h', b'd', //
    0x00, 0x00, 0x00, 0x00, // version, flags
    0x00, 0x00, // balance: centre
    0x00, 0x00, // reserved
];

/// Data information (8.7.1): the samples are in this very file (8.7.2).
const DINF: [u8; 36] = [
    0x00, 0x00, 0x00, 0x24, // size
    b'd', b'i', b'n', b'f', //
    0x00, 0x00, 0x00, 0x1c, // size
    b'd', b'r', b'e', b'f', //
    0x00, 0x00, 0x00, 0x00, // version, flags
    0x00, 0x00, 0x00, 0x01, // entry_count
    0x00, 0x00, 0x00, 0x0c, // size
    b'u', b'r', b'l', b' ', //
    0x00, 0x00, 0x00, 0x01, // version 0, flags: self-contained
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn languages_are_packed_in_15_bits() {
        assert_eq!(packed_language(*b"und").unwrap(), 0x55c4);
        assert_eq!(packed_language(*b"eng").unwrap(), 0x15c7);
        for refused in [*b"EN\0", *b"en-", *b"e`g"] {
            assert!(packed_language(refused).is_err());
        }
    }

    #[test]
    fn all_ones_is_not_a_time_of_version_0() {
        assert_eq!(version_for(&[0, 0xffff_fffe]), 0);
        assert_eq!(version_for(&[0, 0xffff_ffff]), 1);
    }
}
