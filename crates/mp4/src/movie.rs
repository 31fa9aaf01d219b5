//! The movie: `ftyp`, `moov` and the header of `mdat`, in either order.

use crate::box_writer::BoxWriter;
use crate::sample_table::OffsetWidth;
use crate::track::{UNITY_MATRIX, version_for};
use crate::{Error, SampleEntry, Track};

/// 1904-01-01, from which MP4 counts, is so many seconds before 1970 (ISO/IEC 14496-12, 8.2.2.3).
pub const SECONDS_1904_TO_1970: u64 = 2_082_844_800;

/// The creation time of what starts at this millisecond since 1970; none for the first day, as a clock that starts with its producer
/// tells no date.
pub fn creation_time(unix_ms: i64) -> Option<u64> {
    const DAY_MS: i64 = 86_400_000;
    (unix_ms >= DAY_MS).then(|| (unix_ms / 1000).unsigned_abs() + SECONDS_1904_TO_1970)
}

/// Everything about the output file except its payload.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Movie {
    /// Units a second of edits and of the duration of the movie.
    pub timescale: u32,
    /// Seconds since 1904-01-01T00:00:00Z; written as 0 if unknown.
    pub creation_time: Option<u64>,
    /// The tracks, in the order of their boxes.
    pub tracks: Vec<Track>,
}

impl Movie {
    /// All bytes before the payload of a file with its `moov` first: `ftyp`,
    /// `moov` and the header of an `mdat` with `payload_size` bytes.
    ///
    /// # Errors
    /// [`Invalid`](crate::ErrorKind::Invalid) if a field breaks a rule or a
    /// sample ends behind the payload, [`TooLarge`](crate::ErrorKind::TooLarge)
    /// if a value does not fit.
    pub fn head(&self, payload_size: u64) -> Result<Vec<u8>, Error> {
        let mut head = self.ftyp();
        let mdat = mdat_header(payload_size)?;
        let mut width = self.width_for(0);
        loop {
            let moov = self.lay_out(width)?;
            let payload_offset = length(head.len())? + length(moov.bytes.len())? + length(mdat.len())?;
            // co64 makes moov longer and the offsets larger still, so there is
            // no way back and the second round is the last.
            let needed = self.width_for(payload_offset);
            if width != needed {
                width = needed;
                continue;
            }
            let moov = self.place(moov, width, payload_offset, payload_size)?;
            head.reserve_exact(moov.len() + mdat.len());
            head.extend_from_slice(&moov);
            head.extend_from_slice(&mdat);
            return Ok(head);
        }
    }

    /// The first box of the file (4.3).
    ///
    /// It depends on the kinds of the tracks only, so it can be written
    /// before the first sample is known.
    pub fn ftyp(&self) -> Vec<u8> {
        let is_avc = |track: &Track| matches!(track.sample_entry, SampleEntry::Avc1 { .. });
        let avc = self.tracks.iter().any(is_avc);
        let mut ftyp = Vec::from(if avc { FTYP_AVC } else { FTYP }.as_slice());
        if avc {
            ftyp.extend_from_slice(b"avc1");
        }
        ftyp
    }

    /// The `moov` of a file whose `mdat` payload begins at `payload_offset`
    /// and has `payload_size` bytes: for a file with its `moov` last.
    ///
    /// # Errors
    /// As for [`Movie::head`].
    pub fn moov(&self, payload_offset: u64, payload_size: u64) -> Result<Vec<u8>, Error> {
        let width = self.width_for(payload_offset);
        self.place(self.lay_out(width)?, width, payload_offset, payload_size)
    }

    fn width_for(&self, payload_offset: u64) -> OffsetWidth {
        let offsets = self.tracks.iter().map(|track| track.samples.largest_chunk_offset());
        let largest = payload_offset.saturating_add(offsets.max().unwrap_or(0));
        if largest > u64::from(u32::MAX) { OffsetWidth::Co64 } else { OffsetWidth::Stco }
    }

    fn lay_out(&self, width: OffsetWidth) -> Result<Unplaced, Error> {
        let tables = self.tracks.iter().map(|track| track.samples.boxes_capacity_bytes() + 1024);
        let mut w = BoxWriter::with_capacity(tables.fold(256, usize::saturating_add));
        w.boxed(b"moov", |w| {
            self.write_mvhd(w)?;
            for track in &self.tracks {
                track.write(w, self, width).map_err(|error| error.of_track(track.track_id))?;
            }
            Ok(())
        })?;
        let (bytes, chunk_offset_tables) = w.finish();
        Ok(Unplaced { bytes, chunk_offset_tables })
    }

    fn place(
        &self,
        moov: Unplaced,
        width: OffsetWidth,
        payload_offset: u64,
        payload_size: u64,
    ) -> Result<Vec<u8>, Error> {
        if payload_offset.checked_add(payload_size).is_none() {
            return Err(Error::too_large("the payload ends behind the last 64-bit offset"));
        }
        let Unplaced { mut bytes, chunk_offset_tables } = moov;
        for (track, start) in self.tracks.iter().zip(chunk_offset_tables) {
            let end = track.samples.payload_end();
            if end > payload_size {
                return Err(Error::invalid(format!("a sample ends at byte {end} of a payload of {payload_size}"))
                    .of_track(track.track_id));
            }
            track
                .samples
                .fill_chunk_offsets(bytes.get_mut(start..).unwrap_or_default(), width, payload_offset)
                .map_err(|error| error.of_track(track.track_id))?;
        }
        Ok(bytes)
    }

    fn write_mvhd(&self, w: &mut BoxWriter) -> Result<(), Error> {
        if self.timescale == 0 {
            return Err(Error::invalid("the timescale of the movie must not be zero (8.2.2.3)"));
        }
        let created = self.creation_time.unwrap_or(0);
        let mut duration = 0;
        let mut ids = Vec::with_capacity(self.tracks.len());
        for track in &self.tracks {
            let lasts = track.duration_in(self.timescale);
            duration = duration.max(lasts.map_err(|error| error.of_track(track.track_id))?);
            ids.push(track.track_id);
        }
        ids.sort_unstable();
        if let Some([id, ..]) = ids.windows(2).find(|pair| pair.first() == pair.last()) {
            return Err(Error::invalid(format!("track_ID {id} is used twice (8.3.2.3)")));
        }
        let next_track_id = ids.last().copied().unwrap_or(0).saturating_add(1);
        let version = version_for(&[created, duration]);
        w.full_box(b"mvhd", version, [0, 0, 0], |w| {
            w.by_version(version, created)?; // creation_time
            w.by_version(version, created)?; // modification_time
            w.u32(self.timescale);
            w.by_version(version, duration)?;
            w.u32(0x0001_0000); // rate: 1, 16.16
            w.u16(0x0100); // volume: 1, 8.8
            w.put(&[0; 10]); // reserved
            w.put(&UNITY_MATRIX);
            w.put(&[0; 24]); // pre_defined
            w.u32(next_track_id); // all ones: search for a free one
            Ok(())
        })
    }
}

/// A `moov` whose chunk offsets are still zero.
struct Unplaced {
    bytes: Vec<u8>,
    chunk_offset_tables: Vec<usize>,
}

/// What a file with its `moov` last carries between `ftyp` and the payload
/// while it is being written: an empty `free` box, then an `mdat` to the end
/// of the file. [`placed_mdat_header`] gives the bytes to write over it.
pub const MDAT_PLACEHOLDER: [u8; 16] = [
    0x00, 0x00, 0x00, 0x08, // size
    b'f', b'r', b'e', b'e', //
    0x00, 0x00, 0x00, 0x00, // size: to the end of the file
    b'm', b'd', b'a', b't', //
];

/// The final form of [`MDAT_PLACEHOLDER`] for a payload of `payload_size`
/// bytes: as long, whether the size needs 32 or 64 bits.
///
/// # Errors
/// [`TooLarge`](crate::ErrorKind::TooLarge) for a box of more than 64 bits.
pub fn placed_mdat_header(payload_size: u64) -> Result<[u8; 16], Error> {
    let mut header = MDAT_PLACEHOLDER;
    let mdat = mdat_header(payload_size)?;
    let unused = header.len().saturating_sub(mdat.len());
    if let Some(field) = header.get_mut(unused..) {
        field.copy_from_slice(&mdat);
    }
    Ok(header)
}

/// A header of 8 bytes, or of 16 if the box reaches 4 GiB (4.2).
fn mdat_header(payload_size: u64) -> Result<Vec<u8>, Error> {
    let mut header = Vec::with_capacity(16);
    if let Some(size) = payload_size.checked_add(8).and_then(|size| u32::try_from(size).ok()) {
        header.extend_from_slice(&size.to_be_bytes());
        header.extend_from_slice(b"mdat");
    } else {
        let size =
            payload_size.checked_add(16).ok_or_else(|| Error::too_large("an mdat of more than 64 bits (4.2)"))?;
        header.extend_from_slice(&1_u32.to_be_bytes()); // size: see largesize
        header.extend_from_slice(b"mdat");
        header.extend_from_slice(&size.to_be_bytes()); // largesize
    }
    Ok(header)
}

fn length(bytes: usize) -> Result<u64, Error> {
    u64::try_from(bytes).map_err(|_| Error::too_large("a box of more than 64 bits"))
}

/// File type (4.3) of a movie without H.264.
const FTYP: [u8; 36] = [
    0x00, 0x00, 0x00, 0x24, // size
    b'f', b't', b'y', b'p', //
    b'i', b's', b'o', b'm', // major_brand
    0x00, 0x00, 0x02, 0x00, // minor_version
    b'i', b's', b'o', b'm', // compatible_brands
    b'i', b's', b'o', b'2', //
    b'i', b's', b'o', b'4', // negative composition offsets
    b'm', b'p', b'4', b'1', //
    b'm', b'p', b'4', b'2', //
];

/// The same, with room in its size for the brand of H.264.
const FTYP_AVC: [u8; 36] = {
    let mut ftyp = FTYP;
    ftyp[3] = 0x28;
    ftyp
};

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::{Part, Summary, check, check_parts};
    use crate::{Audio, Edit, ErrorKind, Sample, SampleTable};

    fn sample(offset: u64, size: u32) -> Sample {
        Sample { offset, size, duration: 1, composition_offset: 0, sync: true }
    }

    fn movie(samples: SampleTable) -> Movie {
        let audio = Audio { channels: 1, sampling_frequency: 8000 };
        let track = Track::new(1, SampleEntry::Ulaw { audio }, samples);
        Movie { timescale: 1000, creation_time: None, tracks: vec![track] }
    }

    /// One sample at the very end of a payload that is not there.
    fn ending_at(payload_size: u64) -> Movie {
        let mut samples = SampleTable::new(8000);
        samples.push(sample(0, 1)).unwrap();
        samples.push(sample(payload_size - 1, 1)).unwrap();
        movie(samples)
    }

    fn check_head(head: &[u8], payload_size: u64) -> Summary {
        let head_size = length(head.len()).unwrap();
        check_parts(&[Part { offset: 0, bytes: head }], head_size + payload_size).unwrap()
    }

    fn holds(bytes: &[u8], kind: &[u8; 4]) -> bool {
        bytes.windows(4).any(|window| window == kind)
    }

    #[test]
    fn a_small_file_has_32_bit_offsets_and_sizes_in_either_order() {
        let movie = ending_at(100);
        let mut first = movie.head(100).unwrap();
        first.extend_from_slice(&[0; 100]);
        let mut last = movie.ftyp();
        last.extend_from_slice(&MDAT_PLACEHOLDER);
        let payload_offset = length(last.len()).unwrap();
        last.extend_from_slice(&[0; 100]);
        last.extend_from_slice(&movie.moov(payload_offset, 100).unwrap());
        let patch_at = movie.ftyp().len();
        last[patch_at..patch_at + 16].copy_from_slice(&placed_mdat_header(100).unwrap());

        let (first, last) = (check(&first).unwrap(), check(&last).unwrap());
        assert!(first.moov_first && !last.moov_first);
        assert_eq!(last.payload, payload_offset..payload_offset + 100);
        for summary in [first, last] {
            assert_eq!(summary.unreferenced_bytes, 98);
            let offsets: Vec<u64> = summary.tracks[0].samples().map(|sample| sample.offset).collect();
            assert_eq!(offsets, [summary.payload.start, summary.payload.end - 1]);
        }
    }

    #[test]
    fn an_unpatched_placeholder_still_leads_to_the_payload() {
        let movie = ending_at(100);
        let mut cut = movie.ftyp();
        cut.extend_from_slice(&MDAT_PLACEHOLDER);
        cut.extend_from_slice(&[0; 100]);
        let error = check(&cut).unwrap_err();
        assert_eq!(error.to_string(), "byte 152, file: no moov box (8.2.1)");
    }

    #[test]
    fn the_offset_width_changes_with_the_last_byte_that_32_bits_reach() {
        let head_size = length(ending_at(100).head(100).unwrap().len()).unwrap();
        // The largest payload whose last byte lies at 0xffff_ffff.
        let fits = (1 << 32) - head_size;
        let head = ending_at(fits).head(fits).unwrap();
        assert!(holds(&head, b"stco") && !holds(&head, b"co64"));
        assert_eq!(check_head(&head, fits).tracks[0].samples().last().unwrap().offset, 0xffff_ffff);

        let head = ending_at(fits + 1).head(fits + 1).unwrap();
        assert!(holds(&head, b"co64") && !holds(&head, b"stco"));
        let summary = check_head(&head, fits + 1);
        assert_eq!(summary.tracks[0].samples().last().unwrap().offset, summary.payload.end - 1);
    }

    #[test]
    fn the_mdat_size_has_64_bits_from_4_gib_on() {
        let narrow = 0xffff_ffff - 8;
        assert_eq!(mdat_header(narrow).unwrap(), b"\xff\xff\xff\xffmdat");
        let wide = mdat_header(narrow + 1).unwrap();
        assert_eq!(wide, b"\x00\x00\x00\x01mdat\x00\x00\x00\x01\x00\x00\x00\x08");
        assert_eq!(placed_mdat_header(narrow + 1).unwrap(), wide.as_slice());
        assert_eq!(&placed_mdat_header(1).unwrap(), b"\x00\x00\x00\x08free\x00\x00\x00\x09mdat");
        assert_eq!(mdat_header(u64::MAX - 15).unwrap_err().kind(), ErrorKind::TooLarge);

        let head = ending_at(1 << 40).head(1 << 40).unwrap();
        check_head(&head, 1 << 40);
        let moov = ending_at(1 << 40).moov(52, 1 << 40).unwrap();
        assert!(holds(&moov, b"co64"));
    }

    #[test]
    fn times_beyond_32_bits_take_version_1_of_every_header() {
        let mut samples = SampleTable::new(8000);
        samples.push(Sample { duration: u32::MAX, ..sample(0, 1) }).unwrap();
        samples.push(Sample { duration: u32::MAX, ..sample(1, 1) }).unwrap();
        let mut movie = movie(samples);
        movie.timescale = 16_000;
        movie.creation_time = Some(1 << 32);
        let duration = (1 << 34) - 1000;
        movie.tracks[0].edits = vec![Edit::Empty { duration: 500 }, Edit::Media { media_time: 1 << 31, duration }];
        let summary = check_head(&movie.head(2).unwrap(), 2);
        assert_eq!(summary.duration, duration + 500);
        assert_eq!(summary.creation_time, 1 << 32);
        assert_eq!(summary.tracks[0].media_duration, 0x1_ffff_fffe);
        assert_eq!(summary.tracks[0].edits, movie.tracks[0].edits);
        movie.tracks[0].edits.clear();
        assert_eq!(check_head(&movie.head(2).unwrap(), 2).duration, 0x3_ffff_fffc);
    }

    #[test]
    fn the_longest_track_is_the_length_of_the_movie() {
        let mut movie = ending_at(10);
        let mut second = movie.tracks[0].clone();
        second.track_id = 7;
        second.samples = SampleTable::new(1000);
        second.edits = vec![Edit::Empty { duration: 20 }];
        second.name = Some("second\0hidden".to_owned());
        second.language = *b"deu";
        movie.tracks.push(second);
        let summary = check_head(&movie.head(10).unwrap(), 10);
        assert_eq!(summary.duration, 20);
        assert_eq!(summary.tracks[1].name, "second");
        assert_eq!(summary.tracks[1].language, *b"deu");
        assert_eq!(summary.tracks[1].sample_count, 0);
    }

    #[test]
    fn h264_adds_its_brand() {
        let mut movie = ending_at(10);
        assert_eq!(check_head(&movie.head(10).unwrap(), 10).brands.len(), 6);
        let visual = crate::Visual { width: 16, height: 16, ..Default::default() };
        movie.tracks[0].sample_entry = SampleEntry::Avc1 { visual, config: bytes::Bytes::new() };
        let summary = check_head(&movie.head(10).unwrap(), 10);
        assert_eq!(summary.brands.last(), Some(b"avc1"));
        assert_eq!(summary.tracks[0].display_size, (16 << 16, 16 << 16));
    }

    #[test]
    fn a_movie_that_contradicts_itself_is_refused_with_the_track() {
        let refused = |change: fn(&mut Movie)| {
            let mut movie = ending_at(10);
            change(&mut movie);
            let error = movie.head(10).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Invalid);
            error.to_string()
        };
        assert!(refused(|movie| movie.timescale = 0).contains("timescale"));
        assert!(refused(|movie| movie.tracks[0].track_id = 0).starts_with("track 0: track_ID"));
        assert!(refused(|movie| movie.tracks[0].samples = SampleTable::new(0)).starts_with("track 1: "));
        assert!(refused(|movie| movie.tracks[0].language = *b"EN ").contains("EN "));
        assert!(refused(|movie| movie.tracks.push(movie.tracks[0].clone())).contains("track_ID 1 is used twice"));
        assert_eq!(
            refused(|movie| movie.tracks[0].samples.push(sample(5, 6)).unwrap()),
            "track 1: a sample ends at byte 11 of a payload of 10"
        );
    }

    #[test]
    fn values_that_no_field_holds_are_refused() {
        let refused = |edits: Vec<Edit>| {
            let mut movie = ending_at(10);
            movie.tracks[0].edits = edits;
            assert_eq!(movie.head(10).unwrap_err().kind(), ErrorKind::TooLarge);
        };
        refused(vec![Edit::Empty { duration: u64::MAX }, Edit::Empty { duration: 1 }]);
        refused(vec![Edit::Media { media_time: 1 << 63, duration: 1 }]);
        assert_eq!(ending_at(10).head(u64::MAX - 20).unwrap_err().kind(), ErrorKind::TooLarge);
        assert_eq!(ending_at(10).moov(u64::MAX, 10).unwrap_err().kind(), ErrorKind::TooLarge);
    }
}
