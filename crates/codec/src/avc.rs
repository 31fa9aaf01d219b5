//! H.264: the configuration record that Matroska and MP4 carry (`avcC`), and NAL unit types.
//!
//! ```text
//! AVCDecoderConfigurationRecord                       ISO/IEC 14496-15, 5.3.3.1
//!   configurationVersion = 1
//!   AVCProfileIndication, profile_compatibility, AVCLevelIndication
//!   lengthSizeMinusOne
//!   numOfSequenceParameterSets { length, SPS }        SPS: ITU-T H.264, 7.3.2.1.1
//!   numOfPictureParameterSets  { length, PPS }        PPS: ITU-T H.264, 7.3.2.2
//!   chroma_format, bit depths, SPS extensions         profiles other than Baseline, Main and Extended
//! ```

mod check;
mod fields;
mod level;
mod pps;
mod scaling;
mod sets;
mod sps;
mod vui;

use bytes::Bytes;
use nom::{
    bytes::complete::take,
    number::complete::{be_u8, be_u16},
};

pub use level::{level_name, profile_name};
pub use pps::{Pps, SliceGroupMap, SliceGroups, Transform};
pub use scaling::ScalingList;
use sets::{ParameterSets, bare_units};
pub use sps::{FrameCropping, PicOrderCnt, Sps};
pub use vui::{BitstreamRestriction, HrdParameters, Schedule, TimingInfo, Vui};

use crate::{
    bits::BitReader,
    error::{Error, ErrorKind},
    fault::Fault,
    fields::Fields,
    nal::{self, LengthSize},
};

/// The decoder configuration record of H.264, the payload of an `avcC` box and of Matroska's CodecPrivate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AvcDecoderConfigurationRecord {
    /// `AVCProfileIndication`: `profile_idc` of the SPS.
    pub avc_profile_indication: u8,
    /// `profile_compatibility`: the byte between `profile_idc` and `level_idc` of the SPS.
    pub profile_compatibility: u8,
    /// `AVCLevelIndication`: `level_idc` of the SPS.
    pub avc_level_indication: u8,
    /// `lengthSizeMinusOne` + 1.
    pub length_size: LengthSize,
    /// Whole SPS NAL units, 1 to 31.
    pub sequence_parameter_sets: Vec<Bytes>,
    /// Whole PPS NAL units, 1 to 255.
    pub picture_parameter_sets: Vec<Bytes>,
    /// The fields that the standard adds for High profiles. Kinesis Video producers leave them out.
    pub high_profile: Option<HighProfile>,
    /// Bytes after the last field, kept as they are. Empty in a record that follows the standard.
    pub trailing: Bytes,
}

/// What follows the parameter sets when the profile is none of Baseline (66), Main (77) and Extended (88).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HighProfile {
    /// `chroma_format`, 0 to 3: `chroma_format_idc` of the SPS.
    pub chroma_format: u8,
    /// `bit_depth_luma_minus8`, 0 to 7.
    pub bit_depth_luma_minus8: u8,
    /// `bit_depth_chroma_minus8`, 0 to 7.
    pub bit_depth_chroma_minus8: u8,
    /// Whole SPS extension NAL units, up to 255.
    pub sequence_parameter_set_ext: Vec<Bytes>,
}

impl AvcDecoderConfigurationRecord {
    /// Reads a record. Reserved bits are not looked at: producers are known that leave them 0.
    ///
    /// # Errors
    /// [`ErrorKind::Missing`] without bytes or without an SPS or PPS, [`ErrorKind::AnnexB`] for a byte stream,
    /// [`ErrorKind::Invalid`] for another version, [`ErrorKind::Truncated`] when a field is cut off. What the parameter
    /// sets say is not read here, see [`Self::check`] and [`Self::sps`].
    pub fn read(data: &[u8]) -> Result<Self, Error> {
        let f = &mut Fields::new(STRUCTURE, SECTION, data);
        if data.is_empty() {
            return Err(Error::new(ErrorKind::Missing, STRUCTURE, None, "", "there are no bytes", SECTION));
        }
        if nal::starts_with_start_code(data) {
            return Err(f.error(
                ErrorKind::AnnexB,
                0,
                "configurationVersion",
                "is expected, an Annex B start code stands there",
            ));
        }
        let version = f.read("configurationVersion", be_u8)?;
        if version != 1 {
            return Err(f.invalid(0, "configurationVersion", format!("is {version}, 1 is the only one")));
        }
        let avc_profile_indication = f.read("AVCProfileIndication", be_u8)?;
        let profile_compatibility = f.read("profile_compatibility", be_u8)?;
        let avc_level_indication = f.read("AVCLevelIndication", be_u8)?;
        let length_size = LengthSize::from_minus_one(f.read("lengthSizeMinusOne", be_u8)?);
        let count = f.read(SPS_COUNT, be_u8)? & 0x1f;
        let sequence_parameter_sets = read_sets(f, count, SPS_COUNT, "sequenceParameterSetNALUnit")?;
        let count = f.read(PPS_COUNT, be_u8)?;
        let picture_parameter_sets = read_sets(f, count, PPS_COUNT, "pictureParameterSetNALUnit")?;
        let (high_profile, trailing) = if has_high_profile_fields(avc_profile_indication) {
            // Bytes that are there and do not make up these fields are someone else's; they are kept, not refused.
            HighProfile::read(f.rest()).map_or((None, f.rest()), |(high, rest)| (Some(high), rest))
        } else {
            (None, f.rest())
        };
        Ok(Self {
            avc_profile_indication,
            profile_compatibility,
            avc_level_indication,
            length_size,
            sequence_parameter_sets,
            picture_parameter_sets,
            high_profile,
            trailing: Bytes::copy_from_slice(trailing),
        })
    }

    /// Builds a record with four-byte lengths from NAL units in any order. Zero bytes at their ends are dropped, of sets with
    /// the same id the last one is taken, and units that are not parameter sets are left out, so the units of a whole key
    /// frame will do. Sets that cannot be read or whose SPS is not there are left out too, unless no PPS would remain.
    ///
    /// Profile and level come from the sequence parameter sets: flags that all of them have, the highest level.
    ///
    /// # Errors
    /// [`ErrorKind::Missing`] without an SPS or a PPS, [`ErrorKind::Invalid`] for more of them than a record can hold,
    /// and those of [`Sps::read`] when no SPS can be read.
    pub fn from_parameter_sets<'a>(units: impl IntoIterator<Item = &'a [u8]>) -> Result<Self, Error> {
        Self::from_sets(ParameterSets::pick(units))
    }

    fn from_sets(sets: ParameterSets) -> Result<Self, Error> {
        let first = match sets.sps.first() {
            Some((_, first)) => first,
            None => return Err(sets.sps_error.unwrap_or_else(|| none_there(None, SPS_COUNT))),
        };
        if sets.all_pps.is_empty() {
            return Err(none_there(None, PPS_COUNT));
        }
        let (avc_profile_indication, chroma_format) = (first.profile_idc, first.chroma_format_idc);
        let (bit_depth_luma_minus8, bit_depth_chroma_minus8) =
            (first.bit_depth_luma_minus8, first.bit_depth_chroma_minus8);
        let profile_compatibility = sets.sps.iter().fold(0xff, |flags, (_, sps)| flags & sps.constraint_flags);
        let avc_level_indication = sets.sps.iter().map(|(_, sps)| sps.level_idc).max().unwrap_or_default();
        let sequence_parameter_sets: Vec<Bytes> = sets.sps.into_iter().map(|(unit, _)| unit).collect();
        let picture_parameter_sets: Vec<Bytes> =
            if sets.pps.is_empty() { sets.all_pps } else { sets.pps.into_iter().map(|(unit, _)| unit).collect() };
        for (count, max, field) in [
            (sequence_parameter_sets.len(), MAX_SPS, SPS_COUNT),
            (picture_parameter_sets.len(), MAX_PPS, PPS_COUNT),
            (sets.ext.len(), MAX_PPS, EXT_COUNT),
        ] {
            if count > max {
                return Err(too_many(field, max));
            }
        }
        let high_profile = has_high_profile_fields(avc_profile_indication).then_some(HighProfile {
            chroma_format,
            bit_depth_luma_minus8,
            bit_depth_chroma_minus8,
            sequence_parameter_set_ext: sets.ext,
        });
        Ok(Self {
            avc_profile_indication,
            profile_compatibility,
            avc_level_indication,
            length_size: LengthSize::Four,
            sequence_parameter_sets,
            picture_parameter_sets,
            high_profile,
            trailing: Bytes::new(),
        })
    }

    /// Builds a record from an Annex B byte stream, as [`Self::from_parameter_sets`] does from its units.
    ///
    /// # Errors
    /// Those of [`Self::from_parameter_sets`].
    pub fn from_annex_b(data: &[u8]) -> Result<Self, Error> {
        Self::from_parameter_sets(nal::annex_b(data).filter_map(|range| data.get(range)))
    }

    /// The same stream's record built anew from the parameter sets in this one: all that [`Self::check`] calls mendable is
    /// mended. Sets that no decoder can use and trailing bytes are left out. The length size is kept, but for the reserved
    /// one of 3 bytes, which becomes 4: frames have to be rewritten then.
    ///
    /// # Errors
    /// Those of [`Self::from_parameter_sets`], and why no PPS can be used when none can.
    pub fn rebuilt(&self) -> Result<Self, Error> {
        let mut sets = ParameterSets::pick(self.nal_units());
        if let Some(error) = sets.pps_error.take_if(|_| sets.pps.is_empty() && !sets.sps.is_empty()) {
            return Err(error);
        }
        let length_size = if self.length_size == LengthSize::Three { LengthSize::Four } else { self.length_size };
        Ok(Self { length_size, ..Self::from_sets(sets)? })
    }

    /// The bytes of the record.
    ///
    /// # Errors
    /// [`ErrorKind::Missing`] without an SPS or a PPS, [`ErrorKind::Invalid`] for more parameter sets, or longer ones,
    /// than a record can say.
    pub fn write(&self) -> Result<Vec<u8>, Error> {
        let mut out = vec![
            1, // configurationVersion
            self.avc_profile_indication,
            self.profile_compatibility,
            self.avc_level_indication,
            0xfc | self.length_size.minus_one(), // reserved '111111', lengthSizeMinusOne
        ];
        if self.sequence_parameter_sets.is_empty() {
            return Err(none_there(None, SPS_COUNT));
        }
        if self.picture_parameter_sets.is_empty() {
            return Err(none_there(None, PPS_COUNT));
        }
        write_sets(&mut out, 0xe0, MAX_SPS, SPS_COUNT, &self.sequence_parameter_sets)?;
        write_sets(&mut out, 0, MAX_PPS, PPS_COUNT, &self.picture_parameter_sets)?;
        if let Some(high) = &self.high_profile {
            out.push(0xfc | (high.chroma_format & 3)); // reserved '111111', chroma_format
            out.push(0xf8 | (high.bit_depth_luma_minus8 & 7)); // reserved '11111', bit_depth_luma_minus8
            out.push(0xf8 | (high.bit_depth_chroma_minus8 & 7)); // reserved '11111', bit_depth_chroma_minus8
            write_sets(&mut out, 0, MAX_PPS, EXT_COUNT, &high.sequence_parameter_set_ext)?;
        }
        out.extend_from_slice(&self.trailing);
        Ok(out)
    }

    /// All NAL units, in stored order.
    pub fn nal_units(&self) -> impl Iterator<Item = &[u8]> {
        let ext = self.high_profile.iter().flat_map(|high| &high.sequence_parameter_set_ext);
        self.sequence_parameter_sets.iter().chain(&self.picture_parameter_sets).chain(ext).map(|unit| &unit[..])
    }

    /// The first sequence parameter set by its own header, read.
    ///
    /// # Errors
    /// [`ErrorKind::Missing`] when there is none, and those of [`Sps::read`].
    pub fn sps(&self) -> Result<Sps, Error> {
        let unit = self.nal_units().flat_map(bare_units).find(|unit| nal_unit_type(unit) == Some(NAL_SPS));
        Sps::read(unit.ok_or_else(|| none_there(None, SPS_COUNT))?)
    }

    /// All that a readable record can still have wrong, in the record itself and in its parameter sets, which are read whole.
    /// [`Self::rebuilt`] mends what is [mendable](crate::Effect::Mendable) where nothing is [fatal](crate::Effect::Fatal).
    pub fn check(&self) -> Vec<Fault> {
        check::check(self)
    }
}

impl HighProfile {
    /// `None` when the bytes do not make up all of the fields.
    fn read(data: &[u8]) -> Option<(Self, &[u8])> {
        let f = &mut Fields::new(STRUCTURE, SECTION, data);
        let chroma_format = f.read("chroma_format", be_u8).ok()? & 3;
        let bit_depth_luma_minus8 = f.read("bit_depth_luma_minus8", be_u8).ok()? & 7;
        let bit_depth_chroma_minus8 = f.read("bit_depth_chroma_minus8", be_u8).ok()? & 7;
        let count = f.read(EXT_COUNT, be_u8).ok()?;
        let mut sequence_parameter_set_ext = Vec::new();
        for _ in 0..count {
            sequence_parameter_set_ext.push(read_set(f, "sequenceParameterSetExtNALUnit").ok()?);
        }
        let high = Self { chroma_format, bit_depth_luma_minus8, bit_depth_chroma_minus8, sequence_parameter_set_ext };
        Some((high, f.rest()))
    }
}

/// `nal_unit_type` of a NAL unit, 0 to 31; `None` for an empty one.
pub fn nal_unit_type(unit: &[u8]) -> Option<u8> {
    unit.first().map(|header| header & 0x1f)
}

/// Whether a NAL unit is a slice of an IDR picture.
pub fn is_idr(unit: &[u8]) -> bool {
    nal_unit_type(unit) == Some(NAL_IDR)
}

/// Whether a NAL unit is any slice: coded picture data rather than parameters or messages.
pub fn is_slice(unit: &[u8]) -> bool {
    nal_unit_type(unit).is_some_and(|nal_unit_type| (1..=NAL_IDR).contains(&nal_unit_type))
}

/// Whether a record of this profile goes on with chroma format and bit depths.
fn has_high_profile_fields(profile: u8) -> bool {
    !matches!(profile, 66 | 77 | 88)
}

/// Checks the header of a parameter set, 7.3.1.
fn read_header(unit: &[u8], r: &mut BitReader<'_>, wanted: u8, what: &str) -> Result<(), Error> {
    r.cite("ITU-T H.264, 7.4.1");
    let Some(&header) = unit.first() else {
        return Err(r.error(ErrorKind::Missing, 0, "NAL unit", "is empty"));
    };
    if header & 0x80 != 0 {
        return Err(r.invalid_at(0, "forbidden_zero_bit", "is 1"));
    }
    if header & 0x1f != wanted {
        let rule = format!("is {}, {what} has {wanted}", header & 0x1f);
        return Err(r.invalid_at(0, "nal_unit_type", rule));
    }
    if header & 0x60 == 0 {
        r.note(0, "nal_ref_idc", format!("is 0, {what} has any other"));
    }
    r.cite(if wanted == NAL_SPS { "ITU-T H.264, 7.4.2.1.1" } else { "ITU-T H.264, 7.4.2.2" });
    Ok(())
}

fn read_sets(f: &mut Fields<'_>, count: u8, counter: &'static str, field: &'static str) -> Result<Vec<Bytes>, Error> {
    if count == 0 {
        return Err(none_there(f.offset().checked_sub(1), counter));
    }
    let mut sets = Vec::new();
    for _ in 0..count {
        sets.push(read_set(f, field)?);
    }
    Ok(sets)
}

fn read_set(f: &mut Fields<'_>, field: &'static str) -> Result<Bytes, Error> {
    let length = f.read(field, be_u16)?;
    Ok(Bytes::copy_from_slice(f.read(field, take(length))?))
}

fn write_sets(out: &mut Vec<u8>, reserved: u8, max: usize, counter: &'static str, sets: &[Bytes]) -> Result<(), Error> {
    let count = u8::try_from(sets.len()).ok().filter(|_| sets.len() <= max).ok_or_else(|| too_many(counter, max))?;
    out.push(reserved | count);
    for set in sets {
        let length = u16::try_from(set.len()).map_err(|_| {
            let rule = format!("has a NAL unit of {} bytes, its length ends at 65535", set.len());
            Error::new(ErrorKind::Invalid, STRUCTURE, None, counter, rule, SECTION)
        })?;
        out.extend(length.to_be_bytes());
        out.extend_from_slice(set);
    }
    Ok(())
}

fn none_there(offset: Option<usize>, field: &'static str) -> Error {
    Error::new(ErrorKind::Missing, STRUCTURE, offset, field, "is 0, at least one is needed", SECTION)
}

fn too_many(field: &'static str, max: usize) -> Error {
    Error::new(ErrorKind::Invalid, STRUCTURE, None, field, format!("would be above {max}"), SECTION)
}

/// Slice of an IDR picture (ITU-T H.264, Table 7-1).
pub const NAL_IDR: u8 = 5;
/// Supplemental enhancement information.
pub const NAL_SEI: u8 = 6;
/// Sequence parameter set.
pub const NAL_SPS: u8 = 7;
/// Picture parameter set.
pub const NAL_PPS: u8 = 8;
/// Access unit delimiter.
pub const NAL_AUD: u8 = 9;
/// Sequence parameter set extension.
pub const NAL_SPS_EXT: u8 = 13;

const STRUCTURE: &str = "avcC";
const SECTION: &str = "ISO/IEC 14496-15, 5.3.3.1";
const SPS_COUNT: &str = "numOfSequenceParameterSets";
const PPS_COUNT: &str = "numOfPictureParameterSets";
const EXT_COUNT: &str = "numOfSequenceParameterSetExt";
const MAX_SPS: usize = 31;
const MAX_PPS: usize = 255;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::testdata::{AVC_CAMERA, AVC_GET_MEDIA, AVC_HIGH_444, AVC_HIGH_1080P, AVC_VOGELS, hex};

    #[test]
    fn record_of_ffmpeg_with_high_profile_fields_comes_back_byte_for_byte() {
        let data = hex(AVC_HIGH_1080P);
        let record = AvcDecoderConfigurationRecord::read(&data).unwrap();
        assert_eq!(
            (record.avc_profile_indication, record.profile_compatibility, record.avc_level_indication),
            (100, 0, 40)
        );
        assert_eq!(record.length_size, LengthSize::Four);
        assert_eq!(record.sequence_parameter_sets.len(), 1);
        assert_eq!(record.picture_parameter_sets, [hex("68ef8fcb")]);
        assert_eq!(
            record.high_profile,
            Some(HighProfile {
                chroma_format: 1,
                bit_depth_luma_minus8: 0,
                bit_depth_chroma_minus8: 0,
                sequence_parameter_set_ext: vec![],
            })
        );
        assert!(record.trailing.is_empty());
        assert_eq!(record.write().unwrap(), data);
        assert_eq!(record.check(), []);
    }

    #[test]
    fn high_444_has_the_fields_too() {
        let record = AvcDecoderConfigurationRecord::read(&hex(AVC_HIGH_444)).unwrap();
        assert_eq!(record.high_profile.as_ref().unwrap().chroma_format, 3);
        assert_eq!(record.write().unwrap(), hex(AVC_HIGH_444));
    }

    #[test]
    fn kinesis_camera_leaves_out_the_high_profile_fields() {
        let data = hex(AVC_CAMERA);
        let record = AvcDecoderConfigurationRecord::read(&data).unwrap();
        assert_eq!((record.avc_profile_indication, record.high_profile.clone()), (100, None));
        assert_eq!(record.write().unwrap(), data);
    }

    #[test]
    fn encoder_of_the_get_media_capture_leaves_reserved_bits_zero() {
        let data = hex(AVC_GET_MEDIA);
        let record = AvcDecoderConfigurationRecord::read(&data).unwrap();
        assert_eq!(record.length_size, LengthSize::Four);
        assert_eq!(record.sequence_parameter_sets.len(), 1);
        assert_eq!(record.sps().unwrap().width(), 640);
        let written = record.write().unwrap();
        assert_eq!(written[4..6], [0xff, 0xe1]);
        assert_eq!(AvcDecoderConfigurationRecord::read(&written).unwrap(), record);
    }

    #[test]
    fn baseline_record_is_read() {
        let record = AvcDecoderConfigurationRecord::read(&hex(AVC_VOGELS)).unwrap();
        let sps = record.sps().unwrap();
        assert_eq!((sps.width(), sps.height(), sps.profile_idc, sps.level_idc), (640, 480, 66, 40));
        assert_eq!(record.check(), []);
    }

    #[test]
    fn trailing_bytes_are_kept() {
        let mut data = hex(AVC_VOGELS);
        data.extend([0, 0, 0]);
        let record = AvcDecoderConfigurationRecord::read(&data).unwrap();
        assert_eq!(&record.trailing[..], [0, 0, 0]);
        assert_eq!(record.write().unwrap(), data);
        let mut data = hex(AVC_CAMERA);
        data.extend([0xfd, 0xf8]);
        let record = AvcDecoderConfigurationRecord::read(&data).unwrap();
        assert_eq!((record.high_profile, &record.trailing[..]), (None, &[0xfd, 0xf8][..]));
    }

    #[test]
    fn annex_b_private_data_becomes_the_record_that_ffmpeg_writes() {
        for text in [AVC_HIGH_1080P, AVC_HIGH_444, AVC_VOGELS] {
            let record = AvcDecoderConfigurationRecord::read(&hex(text)).unwrap();
            // An access unit delimiter before, the SPS twice, a slice after, as cut off in front of a key frame.
            let mut stream = vec![0, 0, 0, 1, 9, 0xf0];
            for unit in [&record.sequence_parameter_sets[0], &record.sequence_parameter_sets[0]] {
                stream.extend([0, 0, 1]);
                stream.extend_from_slice(unit);
            }
            stream.extend([0, 0, 0, 1]);
            stream.extend_from_slice(&record.picture_parameter_sets[0]);
            stream.extend([0, 0, 1, 0x65, 0x88]);
            let error = AvcDecoderConfigurationRecord::read(&stream).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::AnnexB);
            assert_eq!(
                error.to_string(),
                "avcC byte 0: configurationVersion is expected, an Annex B start code stands there (ISO/IEC 14496-15, 5.3.3.1)"
            );
            assert_eq!(AvcDecoderConfigurationRecord::from_annex_b(&stream).unwrap().write().unwrap(), hex(text));
        }
    }

    #[test]
    fn absent_parameter_sets_are_missing_and_not_invalid() {
        let kind = |data: &[u8]| AvcDecoderConfigurationRecord::read(data).unwrap_err().kind();
        assert_eq!(kind(&[]), ErrorKind::Missing);
        assert_eq!(kind(&[1, 66, 0, 30, 0xff, 0xe0, 0]), ErrorKind::Missing);
        assert_eq!(kind(&[1, 66, 0, 30, 0xff, 0xe1, 0, 1, 0x67, 0]), ErrorKind::Missing);
        assert_eq!(kind(&[1, 66, 0, 30, 0xff, 0xe1, 0, 9, 0x67]), ErrorKind::Truncated);
        assert_eq!(kind(&[2, 66, 0, 30]), ErrorKind::Invalid);
        let units = [&hex("68ce0fc8")[..]];
        let error = AvcDecoderConfigurationRecord::from_parameter_sets(units).unwrap_err();
        assert_eq!((error.kind(), error.field()), (ErrorKind::Missing, SPS_COUNT));
    }

    #[test]
    fn a_pps_that_cannot_be_used_is_kept_for_want_of_others() {
        let sps = hex("6742c01eda0280bfe5c044000003000400000300f03c58ba80");
        // Of SPS 1, which is not there.
        let (stray, good) = (hex("684af8fcb0"), hex("68ce0fc8"));
        let from = |units: &[&[u8]]| AvcDecoderConfigurationRecord::from_parameter_sets(units.iter().copied());
        assert_eq!(from(&[&sps, &stray]).unwrap().picture_parameter_sets, [Bytes::from(stray.clone())]);
        assert_eq!(from(&[&sps, &stray, &good]).unwrap().picture_parameter_sets, [Bytes::from(good.clone())]);
        assert_eq!(from(&[&sps[..3], &good]).unwrap_err().structure(), "H.264 SPS");
        assert_eq!(from(&[&sps]).unwrap_err().field(), PPS_COUNT);
    }

    #[test]
    fn cut_parameter_set_names_its_place() {
        let error = AvcDecoderConfigurationRecord::read(&hex("0164001effe100090067")).unwrap_err();
        assert_eq!(
            error.to_string(),
            "avcC byte 8: sequenceParameterSetNALUnit is cut off, 2 of its bytes are left (ISO/IEC 14496-15, 5.3.3.1)"
        );
    }

    #[test]
    fn more_sets_than_a_record_holds_are_refused() {
        // Baseline, level 1, one macroblock, with each id in turn.
        let units: Vec<Vec<u8>> = (0..32_u32).map(sps_of_id).chain([hex("68ce0fc8")]).collect();
        let from =
            |skip| AvcDecoderConfigurationRecord::from_parameter_sets(units.iter().skip(skip).map(Vec::as_slice));
        let error = from(0).unwrap_err();
        assert_eq!(error.to_string(), "avcC: numOfSequenceParameterSets would be above 31 (ISO/IEC 14496-15, 5.3.3.1)");
        assert_eq!(from(1).unwrap().sequence_parameter_sets.len(), 31);
        let mut record = AvcDecoderConfigurationRecord::read(&hex(AVC_VOGELS)).unwrap();
        record.picture_parameter_sets = vec![Bytes::from(vec![0x68; 65_536])];
        assert_eq!(record.write().unwrap_err().kind(), ErrorKind::Invalid);
    }

    #[test]
    fn nal_unit_types_are_told_apart() {
        assert_eq!(nal_unit_type(&[0x67]), Some(NAL_SPS));
        assert_eq!(nal_unit_type(&[]), None);
        assert!(is_idr(&[0x65]) && is_idr(&[0x25]) && !is_idr(&[0x41]) && !is_idr(&[]));
        assert!(is_slice(&[0x41]) && is_slice(&[0x65]) && !is_slice(&[0x67]) && !is_slice(&[0x09]));
    }

    fn sps_of_id(id: u32) -> Vec<u8> {
        let mut w = crate::bits::BitWriter::default();
        w.put(32, 0x6742_000a_u32);
        let width = u8::try_from(32 - (id + 1).leading_zeros()).unwrap();
        w.put(2 * width - 1, id + 1);
        // log2_max_frame_num_minus4 0, type 2, no references, no gaps, 1 x 1, frames only, inference, no cropping, no VUI
        for (bits, value) in
            [(1, 1_u32), (3, 3), (1, 1), (1, 0), (1, 1), (1, 1), (1, 1), (1, 1), (1, 0), (1, 0), (1, 1)]
        {
            w.put(bits, value);
        }
        w.finish()
    }

    fn unit() -> impl Strategy<Value = Bytes> {
        proptest::collection::vec(any::<u8>(), 0..30).prop_map(Bytes::from)
    }

    prop_compose! {
        fn record()(
            profile: u8,
            profile_compatibility: u8,
            avc_level_indication: u8,
            length_size in 0_u8..4,
            sequence_parameter_sets in proptest::collection::vec(unit(), 1..4),
            picture_parameter_sets in proptest::collection::vec(unit(), 1..4),
            high in proptest::option::of((0_u8..4, 0_u8..8, 0_u8..8, proptest::collection::vec(unit(), 0..3))),
            trailing in proptest::collection::vec(any::<u8>(), 0..4),
        ) -> AvcDecoderConfigurationRecord {
            let plain = matches!(profile, 66 | 77 | 88);
            let high_profile = high.filter(|_| !plain).map(|(chroma_format, luma, chroma, ext)| HighProfile {
                chroma_format,
                bit_depth_luma_minus8: luma,
                bit_depth_chroma_minus8: chroma,
                sequence_parameter_set_ext: ext,
            });
            AvcDecoderConfigurationRecord {
                avc_profile_indication: profile,
                profile_compatibility,
                avc_level_indication,
                length_size: LengthSize::from_minus_one(length_size),
                sequence_parameter_sets,
                picture_parameter_sets,
                high_profile,
                trailing: Bytes::from(trailing),
            }
        }
    }

    proptest! {
        #[test]
        fn writing_then_reading_is_identity(record in record()) {
            let written = record.write().unwrap();
            prop_assert_eq!(AvcDecoderConfigurationRecord::read(&written).unwrap(), record);
        }

        #[test]
        fn mutations_are_read_without_panic(which in 0_usize..3, at in 0_usize..54, byte: u8, cut in 0_usize..60) {
            let mut data = hex([AVC_CAMERA, AVC_GET_MEDIA, AVC_VOGELS][which]);
            if let Some(target) = data.get_mut(at) {
                *target = byte;
            }
            data.truncate(cut);
            if let Ok(record) = AvcDecoderConfigurationRecord::read(&data) {
                let _ = (record.check(), record.rebuilt());
                prop_assert_eq!(AvcDecoderConfigurationRecord::read(&record.write().unwrap()).unwrap(), record);
            }
        }

        #[test]
        fn any_bytes_are_read_without_panic(data: Vec<u8>) {
            let _ = AvcDecoderConfigurationRecord::read(&data);
            let _ = AvcDecoderConfigurationRecord::from_annex_b(&data);
        }
    }
}
