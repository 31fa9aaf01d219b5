//! Usable private data for a track from whatever there is: the stored bytes, the frames, the CodecID.
//!
//! ```text
//! stored      reads, and nothing in it would trouble a reader       as it is
//!             reads, but some reader would trip                     built again from its own parameter sets
//!             reads, with other lengths or order of arrays          written with lengths of four bytes and in order
//!             NAL units with start codes or lengths instead         record from the parameter sets among them
//!             a record of another version                           built again from its own parameter sets
//!             an ADTS header instead                                AudioSpecificConfig from it
//! frames      H.264, H.265: parameter sets in band                  record from them
//!             AAC: ADTS headers                                     AudioSpecificConfig from the first
//! CodecID     A_AAC/MPEG4/LC and its like, with the Audio element   AudioSpecificConfig
//! ```

use std::collections::HashSet;

use crate::{
    aac::{Adts, AudioSpecificConfig, adts},
    codec_private::{CodecId, CodecPrivate, Stated},
    error::{Error, ErrorKind},
    fault::{Effect, Fault},
    frame::{Packing, Standard, Video},
    hevc::{self, NalArray},
    nal::{self, LengthSize},
};

/// Private data that can be used, and what was done to get it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Repaired {
    /// The private data. For video its length size is that of the frames as they are stored, as far as it is known.
    pub private: CodecPrivate,
    /// Its bytes for an output, where NAL units have lengths of four bytes. The stored bytes where nothing had to be mended.
    pub record: Vec<u8>,
    /// What was wrong. With [`Origin::AsStored`] it still is, and what is [fatal](Effect::Fatal) is so with
    /// [`Origin::PrivateData`] as well when nothing but the length size could be put right.
    pub faults: Vec<Fault>,
    /// Where the private data comes from.
    pub from: Origin,
}

/// Where repaired private data comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Origin {
    /// The stored bytes, unchanged.
    AsStored,
    /// The stored bytes, put into the form they should have.
    PrivateData,
    /// Parameter sets in the frames.
    Frames,
    /// An ADTS header in front of a frame.
    Adts,
    /// The CodecID and the container's Audio element.
    CodecId,
}

impl CodecPrivate {
    /// Reads private data, and where that fails or gives something that a reader would trip over, makes it anew from its
    /// own parts, from the frames, or from the CodecID, in this order.
    ///
    /// `frames` are payloads of the track from the stream's start or a key frame on. They are asked for only when the
    /// stored bytes are not enough, and no further than the first that has what is missing.
    ///
    /// # Errors
    /// Those of [`Self::parse`] for the stored bytes when nothing helps.
    pub fn repair<'a>(
        codec_id: &str,
        private: Option<&[u8]>,
        stated: &Stated,
        frames: impl IntoIterator<Item = &'a [u8]>,
    ) -> Result<Repaired, Error> {
        let bytes = private.unwrap_or_default();
        let id = CodecId::parse(codec_id);
        let parsed = if id == CodecId::Aac && Adts::read(bytes).is_ok() {
            let rule = "is expected, an ADTS header stands there";
            Err(Error::new(
                ErrorKind::Invalid,
                "AudioSpecificConfig",
                0,
                "audioObjectType",
                rule,
                "ISO/IEC 14496-3, 1.6.2.1",
            ))
        } else {
            Self::parse(codec_id, bytes)
        };
        let mut faults = match &parsed {
            Ok(parsed) => parsed.check(),
            Err(error) => vec![Fault::mendable(error.clone())],
        };
        if let Ok(parsed) = &parsed {
            faults.extend(length_size_fault(parsed));
            if faults.iter().all(|fault| fault.effect == Effect::Harmless) {
                let is_fit = !parsed.has_other_lengths() && parsed.is_in_order();
                let from = if is_fit { Origin::AsStored } else { Origin::PrivateData };
                let record = if is_fit { bytes.to_vec() } else { parsed.record()? };
                return Ok(Repaired { private: parsed.clone(), record, faults, from });
            }
        }
        let mut frames = frames.into_iter();
        let candidate = from_itself(parsed.as_ref().ok())
            .or_else(|| from_private_units(&id, codec_id, bytes))
            .or_else(|| from_other_version(codec_id, bytes))
            .or_else(|| from_adts(&id, bytes).map(|private| (private, Origin::PrivateData)))
            .or_else(|| match id {
                CodecId::Avc => from_frames(codec_id, Standard::Avc, bytes, &mut frames),
                CodecId::Hevc => from_frames(codec_id, Standard::Hevc, bytes, &mut frames),
                _ => frames.next().and_then(|frame| from_adts(&id, frame)).map(|private| (private, Origin::Adts)),
            })
            .or_else(|| from_codec_id(codec_id, stated).map(|private| (private, Origin::CodecId)));
        match (candidate, parsed) {
            (Some((private, from)), _) => {
                let record = private.record()?;
                Ok(Repaired { private, record, faults, from })
            }
            // The frames are given lengths of four bytes all the same, and the record has to say so.
            (None, Ok(private)) if private.has_other_lengths() => {
                let record = private.record()?;
                Ok(Repaired { private, record, faults, from: Origin::PrivateData })
            }
            (None, Ok(private)) => Ok(Repaired { private, record: bytes.to_vec(), faults, from: Origin::AsStored }),
            (None, Err(error)) => Err(error),
        }
    }

    /// Whether its frames have lengths of another size than four bytes.
    fn has_other_lengths(&self) -> bool {
        self.length_size().is_some_and(|size| size != LengthSize::Four)
    }

    /// Whether the arrays of H.265 come in the order that the standard recommends (ISO/IEC 14496-15, 8.3.3.1). ffmpeg reads
    /// no parameter set that comes before the one that it refers to.
    fn is_in_order(&self) -> bool {
        match self {
            Self::Hevc(record) => record.arrays.is_sorted_by_key(array_rank),
            _ => true,
        }
    }

    /// The bytes for an output with lengths of four bytes, and arrays in order.
    fn record(&self) -> Result<Vec<u8>, Error> {
        let mut record = self.clone().with_length_size(LengthSize::Four);
        if let Self::Hevc(record) = &mut record {
            record.arrays.sort_by_key(array_rank);
        }
        record.write()
    }

    /// The same with another length size; audio has none.
    #[must_use]
    pub fn with_length_size(mut self, size: LengthSize) -> Self {
        match &mut self {
            Self::Avc(record) => record.length_size = size,
            Self::Hevc(record) => record.length_size = size,
            Self::Aac(_) | Self::Wave(_) => {}
        }
        self
    }

    /// Whether nothing in it is beyond use.
    fn is_usable(&self) -> bool {
        self.check().iter().all(|fault| fault.effect != Effect::Fatal)
    }
}

/// VPS, SPS, PPS, and then messages.
fn array_rank(array: &NalArray) -> u8 {
    array.nal_unit_type.min(hevc::NAL_PREFIX_SEI)
}

/// That lengths are of one or two bytes, which the standard allows.
fn length_size_fault(private: &CodecPrivate) -> Option<Fault> {
    let size = private.length_size().filter(|size| matches!(size, LengthSize::One | LengthSize::Two))?;
    let (structure, section) = match private {
        CodecPrivate::Hevc(_) => ("hvcC", "ISO/IEC 14496-15, 8.3.3.1"),
        _ => ("avcC", "ISO/IEC 14496-15, 5.3.3.1"),
    };
    let rule = format!("is {}, readers are known that take only 3", size.minus_one());
    Some(Fault::harmless(Error::new(ErrorKind::Unsupported, structure, None, "lengthSizeMinusOne", rule, section)))
}

/// Readable private data, built again.
fn from_itself(parsed: Option<&CodecPrivate>) -> Option<(CodecPrivate, Origin)> {
    let parsed = parsed?;
    let rebuilt = parsed.rebuilt().ok().filter(CodecPrivate::is_usable)?;
    // The frames stay as they are.
    let rebuilt = match parsed.length_size() {
        Some(size) => rebuilt.with_length_size(size),
        None => rebuilt,
    };
    Some((rebuilt, Origin::PrivateData))
}

/// A record from NAL units that stand where the record should: with start codes, or with lengths.
fn from_private_units(id: &CodecId, codec_id: &str, bytes: &[u8]) -> Option<(CodecPrivate, Origin)> {
    if !matches!(id, CodecId::Avc | CodecId::Hevc) {
        return None;
    }
    let read = |lengths| {
        CodecPrivate::from_parameter_sets(codec_id, units(bytes, lengths)).ok().filter(CodecPrivate::is_usable)
    };
    Some((READINGS.into_iter().find_map(read)?, Origin::PrivateData))
}

/// A record of another version whose fields all the same are where they belong.
fn from_other_version(codec_id: &str, bytes: &[u8]) -> Option<(CodecPrivate, Origin)> {
    let (version, fields) = bytes.split_first()?;
    let record = || CodecPrivate::parse(codec_id, &[&[1], fields].concat()).ok();
    let is_video = matches!(CodecId::parse(codec_id), CodecId::Avc | CodecId::Hevc);
    from_itself(if is_video && *version != 1 { record() } else { None }.as_ref())
}

/// A record from the parameter sets in the frames. Those that are only in the private data are taken too.
fn from_frames<'a>(
    codec_id: &str,
    standard: Standard,
    private: &[u8],
    frames: &mut impl Iterator<Item = &'a [u8]>,
) -> Option<(CodecPrivate, Origin)> {
    let video = Video::without_private(standard);
    let of_private = READINGS.map(|lengths| {
        let mut sets = Sets::default();
        sets.add(standard, units(private, lengths));
        sets
    });
    let mut sets = Sets::default();
    for frame in frames.take(MAX_FRAMES) {
        let packing = video.packing(frame);
        if !sets.add(standard, packing.units(frame).filter_map(|range| frame.get(range))) {
            continue;
        }
        let size = match packing {
            Packing::Lengths(size) => size,
            _ => LengthSize::Four,
        };
        // Of two sets with one id the later one counts: that of the frames.
        let build = |before: &Sets<'_>| {
            let units = before.units.iter().map(|unit| &unit[..]).chain(sets.units.iter().map(|unit| &unit[..]));
            CodecPrivate::from_parameter_sets(codec_id, units).ok().filter(CodecPrivate::is_usable)
        };
        if let Some(found) = build(&Sets::default()).or_else(|| of_private.iter().find_map(build)) {
            return Some((found.with_length_size(size), Origin::Frames));
        }
    }
    None
}

/// Parameter sets, each once, and not more of them than are looked at time and again.
#[derive(Default)]
struct Sets<'a> {
    units: Vec<&'a [u8]>,
    known: HashSet<&'a [u8]>,
    bytes: usize,
}

impl<'a> Sets<'a> {
    /// Takes those among some units. Whether there was a new one.
    fn add(&mut self, standard: Standard, units: impl Iterator<Item = &'a [u8]>) -> bool {
        let before = self.units.len();
        for unit in units.filter(|unit| unit.len() <= MAX_SET_BYTES && standard.is_parameter_set(unit)) {
            if self.units.len() == MAX_SETS || self.bytes > MAX_SETS_BYTES {
                break;
            }
            if self.known.insert(unit) {
                self.bytes += unit.len();
                self.units.push(unit);
            }
        }
        self.units.len() > before
    }
}

/// What an ADTS header says, and the program config element behind it where it leaves that to one.
fn from_adts(id: &CodecId, bytes: &[u8]) -> Option<CodecPrivate> {
    // Some producers pass a header alone as private data.
    let header = || Adts::read(bytes)?.audio_specific_config();
    let config = (*id == CodecId::Aac).then(|| adts::audio_specific_config(bytes).or_else(|_| header()))?;
    config.and_then(|config| config.rebuilt()).ok().map(CodecPrivate::Aac)
}

/// What the CodecID and the Audio element say of AAC.
fn from_codec_id(codec_id: &str, stated: &Stated) -> Option<CodecPrivate> {
    if let Ok(config) = AudioSpecificConfig::from_codec_id(codec_id, stated) {
        return Some(CodecPrivate::Aac(config));
    }
    // Nearly all AAC of unknown profile is AAC-LC.
    if codec_id.trim_end_matches('\0') != "A_AAC" {
        return None;
    }
    let hz = stated.sampling_frequency.filter(|hz| hz.fract() == 0.0)?;
    let frequency = SAMPLING_FREQUENCIES.into_iter().find(|&known| f64::from(known) == hz)?;
    let channels = u8::try_from(stated.channels?).ok()?;
    AudioSpecificConfig::lc(frequency, channels).map(CodecPrivate::Aac)
}

/// Those that a record can hold.
fn units(bytes: &[u8], lengths: Option<LengthSize>) -> impl Iterator<Item = &[u8]> {
    nal::units(bytes, lengths).filter_map(|range| bytes.get(range)).filter(|unit| u16::try_from(unit.len()).is_ok())
}

/// How NAL units that stand where a record should may be packed: with start codes, or with lengths.
const READINGS: [Option<LengthSize>; 3] = [None, Some(LengthSize::Four), Some(LengthSize::Two)];
/// How many frames are searched for parameter sets, and how many sets are kept on the way.
const MAX_FRAMES: usize = 1_000;
const MAX_SETS: usize = 256;
/// How long a set may be, and how long all together: real ones have less than a tenth of it.
const MAX_SET_BYTES: usize = 1 << 14;
const MAX_SETS_BYTES: usize = 1 << 17;

const SAMPLING_FREQUENCIES: [u32; 13] =
    [96_000, 88_200, 64_000, 48_000, 44_100, 32_000, 24_000, 22_050, 16_000, 12_000, 11_025, 8_000, 7_350];

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::testdata::{AVC_HIGH_1080P, AVC_VOGELS, HEVC_MAIN, HEVC_MAIN_10, hex, hvcc};

    const AVC: &str = "V_MPEG4/ISO/AVC";
    const HEVC: &str = "V_MPEGH/ISO/HEVC";
    const SPS: &str = "6742c028db0280f6c05a808080a000000300200057e401e3065c";
    const PPS: &str = "68ca8cb2";

    fn repair(codec_id: &str, private: &[u8], frames: &[&[u8]]) -> Result<Repaired, Error> {
        CodecPrivate::repair(codec_id, Some(private), &Stated::default(), frames.iter().copied())
    }

    /// Units as hex, each behind its length of four bytes.
    fn lengths(units: &[&str]) -> Vec<u8> {
        let unit = |unit: &&str| [&u32::try_from(unit.len() / 2).unwrap().to_be_bytes()[..], &hex(unit)].concat();
        units.iter().flat_map(unit).collect()
    }

    fn annex_b(units: &[&str]) -> Vec<u8> {
        units.iter().flat_map(|unit| [vec![0, 0, 0, 1], hex(unit)].concat()).collect()
    }

    fn words(repaired: &Repaired) -> Vec<(Effect, String)> {
        repaired.faults.iter().map(|fault| (fault.effect, fault.to_string())).collect()
    }

    #[test]
    fn sound_private_data_stays_as_it_is() {
        for (codec_id, private) in [
            (AVC, hex(AVC_HIGH_1080P)),
            (HEVC, hvcc(HEVC_MAIN)),
            ("A_AAC", hex("1190")),
            ("A_MS/ACM", hex("06000100401f0000401f0000010008000000")),
        ] {
            let repaired = repair(codec_id, &private, &[]).unwrap();
            assert_eq!((repaired.from, repaired.record), (Origin::AsStored, private));
        }
    }

    #[test]
    fn nul_padded_codec_ids_are_taken() {
        let repaired = repair("V_MPEG4/ISO/AVC\0\0", &annex_b(&[SPS, PPS]), &[]).unwrap();
        assert_eq!(repaired.record, hex(AVC_VOGELS));
        assert_eq!(repair("A_MS/ACM\0", &hex("06000100401f0000401f0000010008000000"), &[]).unwrap().faults, []);
    }

    #[test]
    fn a_record_with_wrong_fields_is_built_again() {
        let mut private = hex(AVC_VOGELS);
        private[1] = 100;
        let repaired = repair(AVC, &private, &[]).unwrap();
        assert_eq!((repaired.from, &repaired.record), (Origin::PrivateData, &hex(AVC_VOGELS)));
        assert!(words(&repaired)[0].1.starts_with("avcC"), "{repaired:?}");
        let mut private = hvcc(HEVC_MAIN);
        private[12] = 0;
        let repaired = repair(HEVC, &private, &[]).unwrap();
        assert_eq!(repaired.from, Origin::PrivateData);
        assert_ne!(repaired.record[12], 0);
    }

    #[test]
    fn arrays_are_put_in_the_order_that_readers_take() {
        let private = hvcc(HEVC_MAIN);
        let Ok(CodecPrivate::Hevc(mut record)) = CodecPrivate::parse(HEVC, &private) else { panic!() };
        record.arrays.reverse();
        let repaired = repair(HEVC, &record.write().unwrap(), &[]).unwrap();
        assert_eq!((repaired.from, &repaired.record), (Origin::PrivateData, &private));
        assert_eq!(repaired.faults, []);
    }

    #[test]
    fn a_record_of_another_version_is_built_again() {
        let mut private = hex(AVC_VOGELS);
        private[0] = 0;
        let repaired = repair(AVC, &private, &[]).unwrap();
        assert_eq!((repaired.from, &repaired.record), (Origin::PrivateData, &hex(AVC_VOGELS)));
        assert!(words(&repaired)[0].1.starts_with("avcC byte 0: configurationVersion is 0"), "{repaired:?}");
        let mut private = hvcc(HEVC_MAIN);
        private[0] = 2;
        assert_eq!(repair(HEVC, &private, &[]).unwrap().private.check(), []);
        // A box with its header, or a bare SPS.
        assert!(repair(AVC, &hex(SPS), &[]).is_err());
    }

    #[test]
    fn start_codes_in_private_data_become_a_record() {
        let repaired = repair(AVC, &annex_b(&[SPS, PPS]), &[]).unwrap();
        assert_eq!((repaired.from, &repaired.record), (Origin::PrivateData, &hex(AVC_VOGELS)));
        assert_eq!(repaired.faults.len(), 1);
        assert_eq!((repaired.faults[0].error.kind(), repaired.faults[0].effect), (ErrorKind::AnnexB, Effect::Mendable));
    }

    #[test]
    fn delimiters_and_messages_before_the_parameter_sets_do_not_matter() {
        let private = annex_b(&["0910", "060601c480", SPS, PPS]);
        assert_eq!(repair(AVC, &private, &[]).unwrap().record, hex(AVC_VOGELS));
        let sets = &HEVC_MAIN[1..];
        let private = annex_b(&["460110", "4e0105ff", sets[0], sets[1], sets[2]]);
        let repaired = repair(HEVC, &private, &[]).unwrap();
        assert_eq!(repaired.from, Origin::PrivateData);
        assert_eq!(repaired.private.check(), []);
    }

    #[test]
    fn lengths_without_a_record_around_them_become_one() {
        let two = |units: &[&str]| -> Vec<u8> {
            let unit = |unit: &&str| [&u16::try_from(unit.len() / 2).unwrap().to_be_bytes()[..], &hex(unit)].concat();
            units.iter().flat_map(unit).collect()
        };
        for private in [lengths(&[SPS, PPS]), lengths(&["0910", SPS, PPS]), two(&[SPS, PPS])] {
            let repaired = repair(AVC, &private, &[]).unwrap();
            assert_eq!((repaired.from, repaired.record), (Origin::PrivateData, hex(AVC_VOGELS)));
        }
        // In H.265 this reads as a record of version 0.
        let repaired = repair(HEVC, &lengths(&HEVC_MAIN[1..]), &[]).unwrap();
        assert_eq!((repaired.from, repaired.private.check()), (Origin::PrivateData, vec![]));
    }

    #[test]
    fn other_length_sizes_become_four_bytes() {
        for (byte, effect, said) in [
            (0xfc, Effect::Harmless, "avcC: lengthSizeMinusOne is 0, readers are known that take only 3"),
            (0xfd, Effect::Harmless, "avcC: lengthSizeMinusOne is 1, readers are known that take only 3"),
            (0xfe, Effect::Mendable, "avcC: lengthSizeMinusOne is 2, which is reserved; lengths take 1, 2 or 4 bytes"),
        ] {
            let mut private = hex(AVC_VOGELS);
            private[4] = byte;
            let repaired = repair(AVC, &private, &[]).unwrap();
            assert_eq!((repaired.from, &repaired.record), (Origin::PrivateData, &hex(AVC_VOGELS)));
            assert_eq!(repaired.private.write().unwrap(), private, "the frames still have them");
            assert_eq!(words(&repaired), [(effect, format!("{said} (ISO/IEC 14496-15, 5.3.3.1)"))]);
        }
    }

    #[test]
    fn missing_private_data_is_made_of_the_frames() {
        let slice = "419a3b15ffdbcff1";
        let idr = "65888427830cadd8";
        let first = lengths(&["0910", slice]);
        for frame in [lengths(&["0910", SPS, PPS, idr]), annex_b(&["0910", SPS, PPS, idr])] {
            let repaired = repair(AVC, &[], &[&first, &frame]).unwrap();
            assert_eq!((repaired.from, &repaired.record), (Origin::Frames, &hex(AVC_VOGELS)));
            assert_eq!(repaired.faults[0].error.kind(), ErrorKind::Missing);
        }
        let none = CodecPrivate::repair(HEVC, None, &Stated::default(), [&lengths(&HEVC_MAIN[1..])[..]]).unwrap();
        assert_eq!((none.from, none.private.check()), (Origin::Frames, vec![]));
    }

    #[test]
    fn lengths_of_frames_are_kept_when_their_parameter_sets_make_the_record() {
        let short = |unit: &str| [vec![u8::try_from(unit.len() / 2).unwrap()], hex(unit)].concat();
        let frame = [short("0910"), short(SPS), short(PPS), short("65888427830cadd8")].concat();
        let repaired = repair(AVC, &[], &[&frame]).unwrap();
        assert_eq!(repaired.private.length_size(), Some(LengthSize::One));
        assert_eq!(repaired.record, hex(AVC_VOGELS));
    }

    #[test]
    fn what_frames_lack_comes_from_the_private_data() {
        let frame = lengths(&[SPS, "65888427830cadd8"]);
        let repaired = repair(AVC, &annex_b(&[PPS]), &[&frame]).unwrap();
        assert_eq!((repaired.from, repaired.record), (Origin::Frames, hex(AVC_VOGELS)));
    }

    #[test]
    fn parameter_sets_may_come_in_frames_of_their_own() {
        let frames = [lengths(&[SPS]), lengths(&[PPS])];
        let repaired = repair(AVC, &[], &[&frames[0], &frames[1]]).unwrap();
        assert_eq!(repaired.record, hex(AVC_VOGELS));
    }

    #[test]
    fn no_more_than_max_frames_are_searched() {
        let slice = lengths(&["419a3b15ffdbcff1"]);
        let key = lengths(&[SPS, PPS, "65888427830cadd8"]);
        let after = |count| std::iter::repeat_n(&slice[..], count).chain([&key[..]]);
        let stated = Stated::default();
        assert!(CodecPrivate::repair(AVC, None, &stated, after(MAX_FRAMES - 1)).is_ok());
        let error = CodecPrivate::repair(AVC, None, &stated, after(MAX_FRAMES)).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Missing);
    }

    #[test]
    fn adts_headers_make_an_audio_specific_config() {
        let header = hex("fff15040213ffcde0200");
        let repaired = repair("A_AAC", &[], &[&header]).unwrap();
        assert_eq!((repaired.from, &repaired.record), (Origin::Adts, &hex("1208")));
        let repaired = repair("A_AAC", &header[..7], &[]).unwrap();
        assert_eq!((repaired.from, &repaired.record), (Origin::PrivateData, &hex("1208")));
        assert_eq!(
            words(&repaired)[0].1,
            "AudioSpecificConfig byte 0: audioObjectType is expected, an ADTS header stands there \
             (ISO/IEC 14496-3, 1.6.2.1)"
        );
    }

    #[test]
    fn a_program_config_element_behind_an_adts_header_is_mended() {
        // ADTS at 48 kHz without a configuration; the element says 44.1 kHz, and has one channel element or none.
        let frame = |front| hex(&format!("fff14c00021ffca0a0{front}000000002122"));
        let repaired = repair("A_AAC", &[], &[&frame("80")]).unwrap();
        assert_eq!(repaired.from, Origin::Adts);
        assert_eq!(repair("A_AAC", &repaired.record, &[]).unwrap().from, Origin::AsStored);
        assert_eq!(repair("A_AAC", &[], &[&frame("00")]).unwrap_err().kind(), ErrorKind::Missing);
    }

    #[test]
    fn of_two_sets_with_one_id_that_of_the_frames_counts() {
        let [_, vps, sps, pps] = HEVC_MAIN;
        let private = annex_b(&[vps, HEVC_MAIN_10[2]]);
        let repaired = repair(HEVC, &private, &[&lengths(&[sps, pps])]).unwrap();
        assert_eq!(repaired.from, Origin::Frames);
        assert_eq!(repaired.record, repair(HEVC, &[], &[&lengths(&[vps, sps, pps])]).unwrap().record);
    }

    #[test]
    fn sets_of_the_frames_that_go_with_one_of_the_private_data_are_taken() {
        // The frame has a PPS of SPS 1, which is not there, and a PPS of the one in the private data comes later.
        let frame = lengths(&[SPS, "684af8fcb0"]);
        assert!(repair(AVC, &annex_b(&[PPS]), &[&frame]).is_ok());
    }

    #[test]
    fn sets_too_long_for_a_record_are_left_out() {
        let long = [hex(PPS), vec![0x55; 1 << 16]].concat();
        let behind = |start: Vec<u8>| [start, vec![0, 0, 0, 1], long.clone()].concat();
        assert_eq!(repair(AVC, &behind(annex_b(&[SPS, PPS])), &[]).unwrap().record, hex(AVC_VOGELS));
        assert_eq!(repair(AVC, &[], &[&behind(annex_b(&[SPS, PPS]))]).unwrap().record, hex(AVC_VOGELS));
    }

    #[test]
    fn private_data_is_not_gone_through_for_every_frame() {
        // Sets that cannot be read, and frames with a new one each: minutes where time is the product of the two.
        let private = annex_b(&vec!["6764"; 50_000]);
        let frames: Vec<Vec<u8>> = (0..500).map(|at| lengths(&[&format!("6764{at:04x}ff")])).collect();
        let error =
            CodecPrivate::repair(AVC, Some(&private), &Stated::default(), frames.iter().map(|frame| &frame[..]));
        assert_eq!(error.unwrap_err().kind(), ErrorKind::AnnexB);
    }

    #[test]
    fn old_codec_ids_of_aac_tell_enough() {
        let stated = Stated { sampling_frequency: Some(44_100.0), channels: Some(2), ..Stated::default() };
        let repaired = CodecPrivate::repair("A_AAC/MPEG4/LC", None, &stated, []).unwrap();
        assert_eq!((repaired.from, repaired.record), (Origin::CodecId, hex("1210")));
        let stated = Stated { sampling_frequency: Some(44_100.5), ..stated };
        assert_eq!(CodecPrivate::repair("A_AAC", None, &stated, []).unwrap_err().kind(), ErrorKind::Missing);
    }

    #[test]
    fn where_nothing_helps_the_first_error_stands() {
        let error = repair(AVC, &annex_b(&[SPS]), &[&lengths(&["419a3b15ffdbcff1"])]).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::AnnexB);
        let error = repair("A_MS/ACM", &[6, 0], &[&[1, 2, 3]]).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Truncated);
        assert_eq!(repair("A_OPUS", &[1], &[]).unwrap_err().kind(), ErrorKind::Unsupported);
    }

    #[test]
    fn readable_private_data_that_cannot_be_mended_stays_with_its_faults() {
        let private = hex("01640028ffe100026764010002684a");
        let repaired = repair(AVC, &private, &[]).unwrap();
        assert_eq!((repaired.from, &repaired.record), (Origin::AsStored, &private));
        assert!(repaired.faults.iter().any(|fault| fault.effect >= Effect::Mendable));
    }

    #[test]
    fn private_data_that_cannot_be_mended_says_four_byte_lengths_all_the_same() {
        let private = hex("01640028fde100026764010002684a");
        let repaired = repair(AVC, &private, &[]).unwrap();
        assert_eq!((repaired.from, &repaired.record), (Origin::PrivateData, &hex("01640028ffe100026764010002684a")));
        assert_eq!(repaired.private.length_size(), Some(LengthSize::Two));
        assert!(repaired.faults.iter().any(|fault| fault.effect == Effect::Fatal));
    }

    #[test]
    fn frames_are_not_asked_for_without_need() {
        let frames = std::iter::from_fn(|| -> Option<&[u8]> { panic!("not needed") });
        CodecPrivate::repair(AVC, Some(&hex(AVC_VOGELS)), &Stated::default(), frames).unwrap();
    }

    proptest! {
        #[test]
        fn any_bytes_are_taken_without_panic(private: Vec<u8>, frame: Vec<u8>, which in 0_usize..4, nal: bool) {
            let codec_id = [AVC, HEVC, "A_AAC", "A_MS/ACM"][which];
            let frame = if nal { [&[0, 0, 0, 1][..], &frame].concat() } else { frame };
            if let Ok(repaired) = repair(codec_id, &private, &[&frame]) {
                prop_assert!(CodecPrivate::parse(codec_id, &repaired.record).is_ok());
                prop_assert!(repaired.from != Origin::AsStored || repaired.record == private);
            }
        }

        #[test]
        fn bytes_changed_in_real_private_data_are_taken_without_panic(at in 0_usize..41, to: u8) {
            let mut private = hex(AVC_VOGELS);
            private[at] = to;
            let frame = lengths(&[SPS, PPS, "65888427830cadd8"]);
            let repaired = repair(AVC, &private, &[&frame]).unwrap();
            prop_assert_eq!(CodecPrivate::parse(AVC, &repaired.record).unwrap().length_size(), Some(LengthSize::Four));
        }
    }
}
