//! The ADTS header in front of each frame of a raw AAC stream (ISO/IEC 14496-3, Annex 1.A), and how it comes off.
//!
//! ```text
//! adts_fixed_header      syncword(12) ID(1) layer(2) protection_absent(1) profile(2) sampling_frequency_index(4)
//!                        private_bit(1) channel_configuration(3) original_copy(1) home(1)
//! adts_variable_header   copyright bits(2) aac_frame_length(13) adts_buffer_fullness(11)
//!                        number_of_raw_data_blocks_in_frame(2)
//! one block              [crc_check(16)] raw_data_block                                Table 1.A.8
//! several blocks         [positions(16 each) crc_check(16)]                            Table 1.A.9
//!                        raw_data_block [crc_check(16)] raw_data_block [crc_check(16)] ..   Table 1.A.10
//! ```
//!
//! What stands in brackets is there unless `protection_absent`. The checks are left out, not computed. Matroska and MP4
//! want the raw data blocks alone:
//!
//! ```
//! use fragkit_codec::aac::adts;
//!
//! let frame = [0xff, 0xf1, 0x4c, 0x40, 0x01, 0x5f, 0xfc, 0x00, 0xc8, 0x0e];
//! assert!(adts::looks_like_adts(&frame));
//! assert_eq!(adts::strip(&frame)?, 7..10);
//! assert_eq!(adts::audio_specific_config(&frame)?.write()?, [0x11, 0x88]);
//! # Ok::<(), fragkit_codec::Error>(())
//! ```

use std::ops::Range;

use super::{AudioSpecificConfig, GaSpecificConfig, ProgramConfigElement, SamplingFrequency, SpecificConfig};
use crate::{
    bits::BitReader,
    error::{Error, ErrorKind},
    fault::Fault,
};

/// The header of one ADTS frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Adts {
    /// `ID`: true for MPEG-2 AAC, false for MPEG-4.
    pub id: bool,
    /// `protection_absent`: whether there is no CRC.
    pub protection_absent: bool,
    /// `profile_ObjectType`, 0 to 3: the audio object type less one.
    pub profile: u8,
    /// `sampling_frequency_index` as a frequency.
    pub frequency: SamplingFrequency,
    /// `private_bit`.
    pub private_bit: bool,
    /// `channel_configuration`, 0 to 7; 0 says that the frame itself has a program config element.
    pub channel_configuration: u8,
    /// `aac_frame_length` in bytes, header included.
    pub aac_frame_length: u16,
    /// `adts_buffer_fullness`; 0x7ff is a variable rate.
    pub adts_buffer_fullness: u16,
    /// `number_of_raw_data_blocks_in_frame`, 0 to 3: the blocks less one.
    pub number_of_raw_data_blocks_in_frame: u8,
}

impl Adts {
    /// Reads the header at the start of `data`; the frame behind it need not be there.
    ///
    /// # Errors
    /// [`ErrorKind::Invalid`] without the syncword, for a layer other than 0, a reserved frequency, or a frame shorter
    /// than its header; [`ErrorKind::Truncated`] for fewer than 7 bytes.
    pub fn read(data: &[u8]) -> Result<Self, Error> {
        match Self::read_sound(data) {
            Some(adts) => Ok(adts),
            None => Self::read_any(data),
        }
    }

    /// A header with nothing wrong in it, taken from one word, as it is read for every frame.
    fn read_sound(data: &[u8]) -> Option<Self> {
        let [a, b, c, d, e, f, g] = *data.first_chunk()?;
        let word = u64::from_be_bytes([0, a, b, c, d, e, f, g]);
        // So many bits, with so many behind them.
        let bits = |width: u32, behind: u32| word >> behind & ((1 << width) - 1);
        let small = |width: u32, behind: u32| u8::try_from(bits(width, behind)).ok();
        let long = |width: u32, behind: u32| u16::try_from(bits(width, behind)).ok();
        if bits(12, 44) != 0xfff || bits(2, 41) != 0 {
            return None;
        }
        let adts = Self {
            id: bits(1, 43) == 1,
            protection_absent: bits(1, 40) == 1,
            profile: small(2, 38)?,
            frequency: SamplingFrequency::from_index(small(4, 34)?)?,
            private_bit: bits(1, 33) == 1,
            channel_configuration: small(3, 30)?,
            aac_frame_length: long(13, 13)?,
            adts_buffer_fullness: long(11, 2)?,
            number_of_raw_data_blocks_in_frame: small(2, 0)?,
        };
        (adts.frame_bytes() >= adts.header_bytes()).then_some(adts)
    }

    /// Any header, with what is wrong.
    fn read_any(data: &[u8]) -> Result<Self, Error> {
        let r = &mut BitReader::plain(data, STRUCTURE, SECTION);
        let syncword = r.u16(12, "syncword")?;
        if syncword != 0xfff {
            return Err(r.invalid_at(0, "syncword", format!("is {syncword:#05x}, it has to be 0xfff")));
        }
        let id = r.flag("ID")?;
        let layer = r.u8(2, "layer")?;
        if layer != 0 {
            return Err(r.invalid_at(1, "layer", format!("is {layer}, it has to be 0")));
        }
        let protection_absent = r.flag("protection_absent")?;
        let profile = r.u8(2, "profile_ObjectType")?;
        let index = r.u8(4, "sampling_frequency_index")?;
        let frequency = SamplingFrequency::from_index(index)
            .ok_or_else(|| r.invalid_at(2, "sampling_frequency_index", format!("is {index}, which is reserved")))?;
        let private_bit = r.flag("private_bit")?;
        let channel_configuration = r.u8(3, "channel_configuration")?;
        r.u8(4, "original_copy")?;
        let aac_frame_length = r.u16(13, "aac_frame_length")?;
        let adts_buffer_fullness = r.u16(11, "adts_buffer_fullness")?;
        let number_of_raw_data_blocks_in_frame = r.u8(2, "number_of_raw_data_blocks_in_frame")?;
        let adts = Self {
            id,
            protection_absent,
            profile,
            frequency,
            private_bit,
            channel_configuration,
            aac_frame_length,
            adts_buffer_fullness,
            number_of_raw_data_blocks_in_frame,
        };
        if adts.frame_bytes() < adts.header_bytes() {
            let rule = format!("is {aac_frame_length}, the header alone has {} bytes", adts.header_bytes());
            return Err(r.invalid_at(3, "aac_frame_length", rule));
        }
        Ok(adts)
    }

    /// All that a readable header still has wrong.
    pub fn check(&self) -> Vec<Fault> {
        let mut faults = Vec::new();
        if self.id && self.profile == 3 {
            let rule = "is 3, which MPEG-2 reserves; MPEG-4 has AAC LTP there";
            faults.push(Fault::harmless(self.invalid(2, "profile_ObjectType", rule.to_owned())));
        }
        if self.protection_absent && self.number_of_raw_data_blocks_in_frame > 0 {
            faults.push(Fault::fatal(self.no_positions()));
        }
        faults
    }

    /// Bytes before the first raw data block: 7, and with protection the CRC and the positions of further blocks.
    ///
    /// With protection, further blocks are each followed by a CRC of their own.
    pub fn header_bytes(&self) -> usize {
        let check = 2 + 2 * usize::from(self.number_of_raw_data_blocks_in_frame);
        7 + if self.protection_absent { 0 } else { check }
    }

    /// Bytes of the frame, header included; at least [`Self::header_bytes`].
    pub fn frame_bytes(&self) -> usize {
        usize::from(self.aac_frame_length)
    }

    /// Samples of the core coder in the frame and one channel: 1024 for each raw data block.
    pub fn samples_per_frame(&self) -> u32 {
        1024 * (u32::from(self.number_of_raw_data_blocks_in_frame) + 1)
    }

    /// The configuration that a container needs once the headers are taken off.
    ///
    /// # Errors
    /// [`ErrorKind::Unsupported`] when `channel_configuration` is 0, since the channels stand in the frame then; see
    /// [`audio_specific_config`].
    pub fn audio_specific_config(&self) -> Result<AudioSpecificConfig, Error> {
        if self.channel_configuration == 0 {
            let rule = "is 0, the channels are described inside the frame";
            return Err(self.unsupported("channel_configuration", rule.to_owned()));
        }
        Ok(self.configuration_with(None))
    }

    /// Where the raw data blocks of this frame are, of which there is at least one. `frame` begins with this header.
    ///
    /// # Errors
    /// [`ErrorKind::Truncated`] when `frame` is shorter than its header says, [`ErrorKind::Invalid`] for positions that are
    /// not in order or leave the frame, [`ErrorKind::Unsupported`] for several blocks without positions, since only
    /// decoding them tells where each ends.
    pub fn raw_data_blocks(&self, frame: &[u8]) -> Result<Vec<Range<usize>>, Error> {
        let (first, end) = (self.header_bytes(), self.frame_bytes());
        let Some(frame) = frame.get(..end) else {
            let rule = format!("is {end}, {} bytes are there", frame.len());
            return Err(Error::new(ErrorKind::Truncated, STRUCTURE, 3, "aac_frame_length", rule, SECTION));
        };
        let mut blocks = Vec::new();
        if self.number_of_raw_data_blocks_in_frame == 0 {
            blocks.push(first..end);
            return Ok(blocks);
        }
        if self.protection_absent {
            return Err(self.no_positions());
        }
        let r = &mut BitReader::plain(frame, STRUCTURE, SECTION);
        r.u(32, "adts_fixed_header")?;
        r.u(24, "adts_variable_header")?;
        let mut start = first;
        for _ in 0..self.number_of_raw_data_blocks_in_frame {
            let at = r.offset();
            let position = r.u16(16, "raw_data_block_position")?;
            let next = first + usize::from(position);
            blocks.push(self.block(start, next, end, at)?);
            start = next;
        }
        blocks.push(self.block(start, end, end, 3)?);
        Ok(blocks)
    }

    /// A block from `start` to the CRC before `next`.
    fn block(&self, start: usize, next: usize, end: usize, at: usize) -> Result<Range<usize>, Error> {
        match next.checked_sub(2) {
            Some(crc) if start <= crc && next <= end => Ok(start..crc),
            _ => {
                let rule = format!("puts a block at bytes {start} to {next} of a frame of {end}");
                Err(self.invalid(at, "raw_data_block_position", rule))
            }
        }
    }

    fn configuration_with(&self, element: Option<ProgramConfigElement>) -> AudioSpecificConfig {
        let program_config_element = element.map(Box::new);
        AudioSpecificConfig {
            audio_object_type: self.profile.saturating_add(1),
            frequency: self.frequency,
            channel_configuration: self.channel_configuration,
            extension: None,
            specific: SpecificConfig::Ga(GaSpecificConfig { program_config_element, ..Default::default() }),
            ep_config: None,
            trailing: bytes::Bytes::new(),
        }
    }

    fn no_positions(&self) -> Error {
        let more = self.number_of_raw_data_blocks_in_frame;
        let rule = format!("is {more} without the protection that says where blocks begin; only decoding tells");
        self.unsupported("number_of_raw_data_blocks_in_frame", rule)
    }

    fn invalid(&self, at: usize, field: &'static str, rule: String) -> Error {
        Error::new(ErrorKind::Invalid, STRUCTURE, at, field, rule, SECTION)
    }

    fn unsupported(&self, field: &'static str, rule: String) -> Error {
        Error::new(ErrorKind::Unsupported, STRUCTURE, None, field, rule, SECTION)
    }
}

/// The ADTS frames that follow each other in `data`: each header, and the range of its frame, header included. Ends after
/// the last byte or with an error, whose offset counts from the start of the frame at fault.
pub fn frames(data: &[u8]) -> Frames<'_> {
    Frames { data, at: 0 }
}

/// See [`frames`].
#[derive(Debug, Clone)]
pub struct Frames<'a> {
    data: &'a [u8],
    at: usize,
}

impl Iterator for Frames<'_> {
    type Item = Result<(Adts, Range<usize>), Error>;

    fn next(&mut self) -> Option<Self::Item> {
        let rest = self.data.get(self.at..).filter(|rest| !rest.is_empty())?;
        let start = self.at;
        // Whatever goes wrong is the last item.
        self.at = self.data.len();
        let adts = match Adts::read(rest) {
            Ok(adts) => adts,
            Err(error) => return Some(Err(error)),
        };
        if adts.frame_bytes() > rest.len() {
            let rule = format!("is {}, {} bytes are there", adts.frame_bytes(), rest.len());
            return Some(Err(Error::new(ErrorKind::Truncated, STRUCTURE, 3, "aac_frame_length", rule, SECTION)));
        }
        self.at = start + adts.frame_bytes();
        Some(Ok((adts, start..self.at)))
    }
}

/// Whether these bytes are whole ADTS frames from the first to the last one.
///
/// Raw AAC is not mistaken for it: a raw data block that begins like a syncword would begin with the element that ends it.
pub fn looks_like_adts(frame: &[u8]) -> bool {
    !frame.is_empty() && frames(frame).all(|frame| frame.is_ok())
}

/// The range of the raw data block, of a `frame` that is exactly one ADTS frame with one of them.
///
/// # Errors
/// Those of [`Adts::read`] and [`Adts::raw_data_blocks`]; [`ErrorKind::Invalid`] when bytes follow the frame, and
/// [`ErrorKind::Unsupported`] for several blocks; [`raw_data_blocks`] takes those.
pub fn strip(frame: &[u8]) -> Result<Range<usize>, Error> {
    let adts = Adts::read(frame)?;
    if adts.frame_bytes() < frame.len() {
        let rule = format!("is {}, and {} bytes follow", adts.frame_bytes(), frame.len() - adts.frame_bytes());
        return Err(adts.invalid(3, "aac_frame_length", rule));
    }
    match &adts.raw_data_blocks(frame)?[..] {
        [block] => Ok(block.clone()),
        blocks => {
            let rule = format!("says that there are {} blocks, one is wanted", blocks.len());
            Err(adts.unsupported("number_of_raw_data_blocks_in_frame", rule))
        }
    }
}

/// The ranges of all raw data blocks of all ADTS frames in `data`, in order: what a container stores as frames of their
/// own, each 1024 samples long.
///
/// # Errors
/// Those of [`frames`] and [`Adts::raw_data_blocks`]; offsets count from the start of the frame at fault.
pub fn raw_data_blocks(data: &[u8]) -> Result<Vec<Range<usize>>, Error> {
    let mut blocks = Vec::new();
    for frame in frames(data) {
        let (adts, range) = frame?;
        let bytes = data.get(range.clone()).unwrap_or_default();
        let inside = adts.raw_data_blocks(bytes)?;
        blocks.extend(inside.into_iter().map(|block| range.start + block.start..range.start + block.end));
    }
    Ok(blocks)
}

/// The range of the raw data block of the ADTS frame that `data` is, if it is one whole frame with one block: what nearly all
/// are.
pub fn only_raw_data_block(data: &[u8]) -> Option<Range<usize>> {
    let adts = Adts::read(data).ok()?;
    let is_only = adts.number_of_raw_data_blocks_in_frame == 0 && adts.frame_bytes() == data.len();
    is_only.then(|| adts.header_bytes()..adts.frame_bytes())
}

/// The configuration that a container needs once the headers are taken off, from the ADTS frame at the start of `data`:
/// from its header, and where that leaves the channels open, from the program config element that the frame begins with.
///
/// # Errors
/// Those of [`Adts::read`]; [`ErrorKind::Unsupported`] when the frame has to begin with a program config element and does
/// not; [`ErrorKind::Truncated`] when it ends inside it.
pub fn audio_specific_config(data: &[u8]) -> Result<AudioSpecificConfig, Error> {
    let adts = Adts::read(data)?;
    if adts.channel_configuration != 0 {
        return adts.audio_specific_config();
    }
    let frame = data.get(..adts.frame_bytes()).unwrap_or(data);
    let block = frame.get(adts.header_bytes()..).unwrap_or_default();
    let r = &mut BitReader::plain(block, "raw_data_block", "ISO/IEC 14496-3, 4.4.2.1");
    let element = r.u8(3, "id_syn_ele")?;
    if element != ID_PCE {
        let rule =
            format!("is 0, and the frame begins with element {element}, not with {ID_PCE} that describes the channels");
        return Err(adts.unsupported("channel_configuration", rule));
    }
    Ok(adts.configuration_with(Some(ProgramConfigElement::read(r)?)))
}

const STRUCTURE: &str = "ADTS header";
const SECTION: &str = "ISO/IEC 14496-3, Annex 1.A";
/// `id_syn_ele` of a program config element.
const ID_PCE: u8 = 5;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::testdata::hex;

    #[test]
    fn a_header_reads_the_same_from_one_word_and_field_by_field() {
        let (mut state, mut sound) = (1_u64, 0);
        for _ in 0..200_000 {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let mut header = state.to_be_bytes();
            // Mostly headers, now and then with a wrong bit in what never changes.
            (header[0], header[1]) = (0xff, 0xf0 | header[1] & 0x09);
            if header[7] < 8 {
                header[1] ^= 1 << header[7];
            }
            for len in [6, 7, 8] {
                let read = Adts::read_sound(&header[..len]);
                assert_eq!(read, Adts::read_any(&header[..len]).ok());
                sound += u32::from(read.is_some());
            }
        }
        assert!(sound > 100_000);
    }

    /// ffmpeg's first two frames of silence at 44.1 kHz in 2.1, with a program config element in the first block.
    const FFMPEG_2_1: &str =
        "fff15000060ffca0a0802004000d4c61766335392e33372e313030de02004c61766335392e33372e3130300042200ac1";

    /// One frame with two protected blocks of 3 and 2 bytes, each with its CRC.
    fn two_blocks() -> Vec<u8> {
        let mut frame = hex("fff04c40029ffd");
        frame.extend([0, 5, 0xcc, 0xcc]);
        frame.extend([1, 2, 3, 0xcc, 0xcc, 4, 5, 0xcc, 0xcc]);
        frame
    }

    #[test]
    fn header_of_ffmpeg_at_44100_mono() {
        let adts = Adts::read(&hex("fff15040213ffcde0200")).unwrap();
        assert_eq!((adts.id, adts.protection_absent, adts.profile), (false, true, 1));
        assert_eq!((adts.frequency.hz(), adts.channel_configuration), (44_100, 1));
        assert_eq!((adts.header_bytes(), adts.frame_bytes()), (7, 265));
        assert_eq!(adts.adts_buffer_fullness, 0x7ff);
        assert_eq!(adts.samples_per_frame(), 1024);
        assert_eq!(adts.audio_specific_config().unwrap().write().unwrap(), hex("1208"));
        assert_eq!(adts.check(), []);
    }

    #[test]
    fn protection_makes_the_header_longer() {
        assert_eq!(Adts::read(&hex("fff05040213ffc")).unwrap().header_bytes(), 9);
        let two_blocks = Adts::read(&hex("fff05040213ffd")).unwrap();
        assert_eq!((two_blocks.header_bytes(), two_blocks.samples_per_frame()), (11, 2048));
    }

    #[test]
    fn what_is_no_header_says_why() {
        let error = |text: &str| Adts::read(&hex(text)).unwrap_err();
        assert_eq!(
            error("11904040213ffc").to_string(),
            "ADTS header byte 0: syncword is 0x119, it has to be 0xfff (ISO/IEC 14496-3, Annex 1.A)"
        );
        assert_eq!(error("fff35040213ffc").field(), "layer");
        assert_eq!(error("fff17440213ffc").field(), "sampling_frequency_index");
        assert_eq!(error("fff15040001ffc").field(), "aac_frame_length");
        assert_eq!(error("fff15040").kind(), ErrorKind::Truncated);
        let inside = Adts::read(&hex("fff15000213ffc")).unwrap();
        assert_eq!(inside.audio_specific_config().unwrap_err().kind(), ErrorKind::Unsupported);
    }

    #[test]
    fn the_fourth_profile_of_mpeg_2_is_told() {
        let adts = Adts::read(&hex("fff9d040213ffc")).unwrap();
        assert_eq!((adts.id, adts.profile, adts.check().len()), (true, 3, 1));
    }

    #[test]
    fn one_frame_with_one_block_is_stripped() {
        assert_eq!(strip(&hex("fff14c40015ffc010203")).unwrap(), 7..10);
        assert_eq!(strip(&hex("fff04c40017ffccccc0102")).unwrap(), 9..11);
        assert_eq!(strip(&hex("fff14c4000fffc")).unwrap(), 7..7);
    }

    #[test]
    fn a_frame_longer_or_shorter_than_it_says_is_not_stripped() {
        let longer = strip(&hex("fff14c40015ffc01020304")).unwrap_err();
        assert_eq!((longer.kind(), longer.field()), (ErrorKind::Invalid, "aac_frame_length"));
        assert_eq!(strip(&hex("fff14c40015ffc0102")).unwrap_err().kind(), ErrorKind::Truncated);
    }

    #[test]
    fn positions_part_the_blocks_of_a_frame() {
        let frame = two_blocks();
        assert_eq!(raw_data_blocks(&frame).unwrap(), [11..14, 16..18]);
        assert_eq!(strip(&frame).unwrap_err().kind(), ErrorKind::Unsupported);
    }

    #[test]
    fn positions_that_leave_the_frame_are_refused() {
        for position in [0_u8, 1, 8, 10, 255] {
            let mut frame = two_blocks();
            frame[8] = position;
            let error = raw_data_blocks(&frame).unwrap_err();
            assert_eq!((error.kind(), error.field()), (ErrorKind::Invalid, "raw_data_block_position"), "{position}");
        }
    }

    #[test]
    fn several_blocks_without_positions_cannot_be_parted() {
        let frame = hex("fff14c40015ffd010203");
        assert_eq!(strip(&frame).unwrap_err().kind(), ErrorKind::Unsupported);
        assert_eq!(Adts::read(&frame).unwrap().check().len(), 1);
    }

    #[test]
    fn frames_of_one_packet_are_told_apart() {
        let packet = hex("fff14c40015ffc010203fff14c4000fffcfff14c40013ffc0405");
        let ranges: Vec<_> = frames(&packet).map(|frame| frame.unwrap().1).collect();
        assert_eq!(ranges, [0..10, 10..17, 17..26]);
        assert_eq!(raw_data_blocks(&packet).unwrap(), [7..10, 17..17, 24..26]);
        assert!(looks_like_adts(&packet));
    }

    #[test]
    fn a_packet_that_does_not_end_with_a_frame_ends_in_an_error() {
        for text in ["fff14c40015ffc010203ff", "fff14c40015ffc010203fff14c40015ffc", "fff14c40015ffc01020300"] {
            let frames: Vec<_> = frames(&hex(text)).collect();
            assert!(matches!(&frames[..], [Ok(_), Err(_)]), "{text}");
            assert!(!looks_like_adts(&hex(text)));
        }
    }

    #[test]
    fn raw_blocks_are_not_taken_for_adts() {
        // ffmpeg's silence in mono; an end element and fill; nothing; a syncword with another size.
        for text in ["de02004c61766335392e33372e31303000022008c1183807", "ffff", "", "fff14c40015ffc0102"] {
            assert!(!looks_like_adts(&hex(text)), "{text}");
        }
    }

    #[test]
    fn the_element_in_the_frame_gives_the_channels() {
        let frame = hex(FFMPEG_2_1);
        assert!(looks_like_adts(&frame));
        let config = audio_specific_config(&frame).unwrap();
        assert_eq!((config.sampling_frequency(), config.channels()), (44_100, Some(3)));
        assert_eq!(config.check(), []);
        assert_eq!(AudioSpecificConfig::read(&config.write().unwrap()).unwrap(), config);
    }

    #[test]
    fn a_frame_that_begins_with_another_element_leaves_the_channels_open() {
        let error = audio_specific_config(&hex("fff14c00015ffc210203")).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unsupported);
        assert!(error.to_string().contains("begins with element 1"));
        assert_eq!(audio_specific_config(&hex("fff14c00011ffca0")).unwrap_err().kind(), ErrorKind::Truncated);
    }

    fn adts_like(mut data: Vec<u8>, sync: bool, length: u16) -> Vec<u8> {
        if let (true, [first, second, _, high, middle, low, ..]) = (sync, &mut data[..]) {
            (*first, *second) = (0xff, *second & 1 | 0xf0);
            let [a, b] = length.to_be_bytes();
            (*high, *middle, *low) = (*high & 0xfc | a >> 3, a << 5 | b >> 3, *low & 0x1f | b << 5);
        }
        data
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_without_panic(data: Vec<u8>, sync: bool, length in 0_u16..120) {
            let data = adts_like(data, sync, length);
            if let Ok(adts) = Adts::read(&data) {
                prop_assert!(adts.frame_bytes() >= adts.header_bytes());
                let _ = (adts.audio_specific_config(), adts.check());
            }
            if let Ok(config) = audio_specific_config(&data) {
                prop_assert_eq!(AudioSpecificConfig::read(&config.write().unwrap()).unwrap(), config);
            }
        }

        #[test]
        fn frames_and_blocks_never_leave_the_data(
            parts in proptest::collection::vec((proptest::collection::vec(any::<u8>(), 0..80), any::<bool>()), 0..4),
            exact: bool, length in 0_u16..120,
        ) {
            let parts = parts.into_iter().map(|(part, sync)| {
                let own = u16::try_from(part.len()).unwrap();
                adts_like(part, sync, if exact { own } else { length })
            });
            let data = parts.collect::<Vec<_>>().concat();
            let mut end = 0;
            for (_, range) in frames(&data).flatten() {
                prop_assert_eq!(range.start, end);
                prop_assert!(range.end > range.start && range.end <= data.len());
                end = range.end;
            }
            prop_assert_eq!(looks_like_adts(&data), end == data.len() && !data.is_empty());
            let mut end = 0;
            for block in raw_data_blocks(&data).unwrap_or_default() {
                prop_assert!(block.start >= end && block.end >= block.start && block.end <= data.len());
                end = block.end;
            }
            if let Ok(block) = strip(&data) {
                prop_assert_eq!(raw_data_blocks(&data).unwrap(), [block]);
            }
        }
    }
}
