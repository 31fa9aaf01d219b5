//! H.265: the configuration record that Matroska and MP4 carry (`hvcC`), and NAL unit types.
//!
//! ```text
//! HEVCDecoderConfigurationRecord                      ISO/IEC 14496-15, 8.3.3.1
//!   configurationVersion = 1
//!   general_profile_space, tier, profile_idc, compatibility and constraint flags, level_idc
//!   min_spatial_segmentation_idc, parallelismType
//!   chroma_format_idc, bit depths
//!   avgFrameRate, constantFrameRate, numTemporalLayers, temporalIdNested, lengthSizeMinusOne
//!   numOfArrays { array_completeness, NAL_unit_type, numNalus { length, NAL unit } }
//! ```

mod check;
mod fields;
mod hrd;
mod level;
mod pps;
mod profile;
mod ref_pic_set;
mod scaling;
mod sets;
mod sps;
mod vps;
mod vui;

use bytes::Bytes;
use nom::{
    bytes::complete::take,
    number::complete::{be_u8, be_u16, be_u32},
};

pub use hrd::{HrdCommon, HrdParameters, HrdSubLayer, Schedule, SubPicHrd};
pub use level::{level_name, profile_name};
pub use pps::{Deblocking, Pps, PpsRangeExtension, Tiles};
pub use profile::{ProfileTier, ProfileTierLevel, SubLayer};
pub use scaling::{ScalingList, ScalingListValues};
use sets::{ParameterSets, bare_units};
pub use sps::{DecodedPictureBuffer, Pcm, Sps};
pub use vps::{Vps, VpsTimingInfo};
pub use vui::{BitstreamRestriction, TimingInfo, Vui, Window};

use crate::{
    bits::BitReader,
    error::{Error, ErrorKind},
    fault::Fault,
    fields::Fields,
    nal::{self, LengthSize},
};

/// The decoder configuration record of H.265, the payload of an `hvcC` box and of Matroska's CodecPrivate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HevcDecoderConfigurationRecord {
    /// `configurationVersion`: 1, or the 0 of writers from before the standard was final.
    pub configuration_version: u8,
    /// `general_profile_space` to `general_constraint_indicator_flags`.
    pub general: ProfileTier,
    /// `general_level_idc`, thirty times the level. Known broken private data says 0.
    pub general_level_idc: u8,
    /// `min_spatial_segmentation_idc`, 0 to 4095.
    pub min_spatial_segmentation_idc: u16,
    /// `parallelismType`, 0 to 3; 0 is unknown.
    pub parallelism_type: u8,
    /// `chroma_format_idc`, 0 to 3. Called `chromaFormat` in early editions.
    pub chroma_format_idc: u8,
    /// `bitDepthLumaMinus8`, 0 to 7.
    pub bit_depth_luma_minus8: u8,
    /// `bitDepthChromaMinus8`, 0 to 7.
    pub bit_depth_chroma_minus8: u8,
    /// `avgFrameRate` in frames per 256 seconds; 0 is unspecified.
    pub avg_frame_rate: u16,
    /// `constantFrameRate`, 0 to 3.
    pub constant_frame_rate: u8,
    /// `numTemporalLayers`, 0 to 7; 0 is unknown.
    pub num_temporal_layers: u8,
    /// `temporalIdNested`.
    pub temporal_id_nested: bool,
    /// `lengthSizeMinusOne` + 1.
    pub length_size: LengthSize,
    /// The arrays of parameter sets and messages, up to 255.
    pub arrays: Vec<NalArray>,
    /// Bytes after the last array, kept as they are. Empty in a record that follows the standard.
    pub trailing: Bytes,
}

/// NAL units of one type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NalArray {
    /// `array_completeness`: whether the stream itself has no unit of this type.
    pub array_completeness: bool,
    /// `NAL_unit_type`, 0 to 63, as the array declares it. The units' own headers may differ in broken private data.
    pub nal_unit_type: u8,
    /// Whole NAL units, up to 65535.
    pub nal_units: Vec<Bytes>,
}

impl HevcDecoderConfigurationRecord {
    /// Reads a record. Reserved bits are not looked at.
    ///
    /// # Errors
    /// [`ErrorKind::Missing`] without bytes, [`ErrorKind::AnnexB`] for a byte stream, [`ErrorKind::Invalid`] for another
    /// version, [`ErrorKind::Truncated`] when a field is cut off. What the arrays hold is not read here, see
    /// [`Self::check`] and [`Self::sps`].
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
        // Writers from before the standard was final put 0 there, and the fields are the same.
        if version > 1 {
            return Err(f.invalid(0, "configurationVersion", format!("is {version}, 1 is the only one")));
        }
        let profile = f.read("general_profile_idc", be_u8)?;
        let profile_compatibility_flags = f.read("general_profile_compatibility_flags", be_u32)?;
        let mut constraint_indicator_flags = [0; 6];
        for byte in &mut constraint_indicator_flags {
            *byte = f.read("general_constraint_indicator_flags", be_u8)?;
        }
        let general_level_idc = f.read("general_level_idc", be_u8)?;
        let min_spatial_segmentation_idc = f.read("min_spatial_segmentation_idc", be_u16)? & 0xfff;
        let parallelism_type = f.read("parallelismType", be_u8)? & 3;
        let chroma_format_idc = f.read("chroma_format_idc", be_u8)? & 3;
        let bit_depth_luma_minus8 = f.read("bitDepthLumaMinus8", be_u8)? & 7;
        let bit_depth_chroma_minus8 = f.read("bitDepthChromaMinus8", be_u8)? & 7;
        let avg_frame_rate = f.read("avgFrameRate", be_u16)?;
        let layers = f.read("lengthSizeMinusOne", be_u8)?;
        let count = f.read("numOfArrays", be_u8)?;
        let mut arrays = Vec::new();
        for _ in 0..count {
            arrays.push(NalArray::read(f)?);
        }
        Ok(Self {
            configuration_version: version,
            general: ProfileTier {
                profile_space: profile >> 6,
                tier_flag: profile & 0x20 != 0,
                profile_idc: profile & 0x1f,
                profile_compatibility_flags,
                constraint_indicator_flags,
            },
            general_level_idc,
            min_spatial_segmentation_idc,
            parallelism_type,
            chroma_format_idc,
            bit_depth_luma_minus8,
            bit_depth_chroma_minus8,
            avg_frame_rate,
            constant_frame_rate: layers >> 6,
            num_temporal_layers: (layers >> 3) & 7,
            temporal_id_nested: layers & 4 != 0,
            length_size: LengthSize::from_minus_one(layers),
            arrays,
            trailing: Bytes::copy_from_slice(f.rest()),
        })
    }

    /// Builds a record with four-byte lengths and complete arrays (what `hvc1` asks for) from NAL units in any order. Zero
    /// bytes at their ends are dropped, of sets with the same id the last one is taken, and units that are not parameter
    /// sets of the base layer are left out, so the units of a whole key frame will do. Sets that cannot be read or whose VPS
    /// or SPS is not there are left out too, unless none of their kind would remain.
    ///
    /// Profile, tier and level come from the sequence parameter sets: flags that all of them have, the highest tier and
    /// level. `parallelismType` and `avgFrameRate` stay 0, which says that they are not known.
    ///
    /// # Errors
    /// [`ErrorKind::Missing`] without a VPS, SPS or PPS, [`ErrorKind::Invalid`] for more of them than the standard has
    /// ids for, and those of [`Sps::read`] when no SPS can be read.
    pub fn from_parameter_sets<'a>(units: impl IntoIterator<Item = &'a [u8]>) -> Result<Self, Error> {
        Self::from_sets(ParameterSets::pick(units))
    }

    fn from_sets(sets: ParameterSets) -> Result<Self, Error> {
        let sps = if sets.sps.sets.is_empty() { sets.readable_sps } else { sets.sps.clone() };
        let Some((_, first)) = sps.sets.first() else {
            return Err(sets.sps.error.unwrap_or_else(|| none_there(count_name(NAL_SPS))));
        };
        let mut general = first.profile_tier_level.general;
        let mut general_level_idc = first.profile_tier_level.general_level_idc;
        let mut min_spatial_segmentation_idc = u16::MAX;
        let mut temporal_id_nested = true;
        for (_, sps) in &sps.sets {
            let other = &sps.profile_tier_level.general;
            general.tier_flag |= other.tier_flag;
            general.profile_compatibility_flags &= other.profile_compatibility_flags;
            for (flags, other) in general.constraint_indicator_flags.iter_mut().zip(other.constraint_indicator_flags) {
                *flags &= other;
            }
            general_level_idc = general_level_idc.max(sps.profile_tier_level.general_level_idc);
            let restriction = sps.vui.as_ref().and_then(|vui| vui.bitstream_restriction);
            min_spatial_segmentation_idc =
                min_spatial_segmentation_idc.min(restriction.map_or(0, |told| told.min_spatial_segmentation_idc));
            temporal_id_nested &= sps.sps_temporal_id_nesting_flag;
        }
        let record = Self {
            configuration_version: 1,
            general,
            general_level_idc,
            min_spatial_segmentation_idc,
            parallelism_type: 0,
            chroma_format_idc: first.chroma_format_idc,
            bit_depth_luma_minus8: first.bit_depth_luma_minus8.min(7),
            bit_depth_chroma_minus8: first.bit_depth_chroma_minus8.min(7),
            avg_frame_rate: 0,
            constant_frame_rate: 0,
            num_temporal_layers: first.sps_max_sub_layers_minus1 + 1,
            temporal_id_nested,
            length_size: LengthSize::Four,
            arrays: Vec::new(),
            trailing: Bytes::new(),
        };
        let mut arrays = Vec::new();
        for (nal_unit_type, nal_units, max) in [
            (NAL_VPS, sets.vps.into_units(), 16),
            (NAL_SPS, sps.into_units(), 16),
            (NAL_PPS, sets.pps.into_units(), 64),
        ] {
            let field = count_name(nal_unit_type);
            if nal_units.is_empty() {
                return Err(none_there(field));
            }
            if nal_units.len() > max {
                let rule = format!("is above {max}, the number of ids");
                return Err(Error::new(ErrorKind::Invalid, STRUCTURE, None, field, rule, SECTION));
            }
            arrays.push(NalArray { array_completeness: true, nal_unit_type, nal_units });
        }
        Ok(Self { arrays, ..record })
    }

    /// Builds a record from an Annex B byte stream, as [`Self::from_parameter_sets`] does from its units.
    ///
    /// # Errors
    /// Those of [`Self::from_parameter_sets`].
    pub fn from_annex_b(data: &[u8]) -> Result<Self, Error> {
        Self::from_parameter_sets(nal::annex_b(data).filter_map(|range| data.get(range)))
    }

    /// The same stream's record built anew from the parameter sets in this one, sorted by their own types: all that
    /// [`Self::check`] calls mendable is mended. Sets that no decoder can use, trailing bytes, messages and what only the
    /// record said are left out. The length size is kept, but for the reserved one of 3 bytes, which becomes 4: frames have
    /// to be rewritten then.
    ///
    /// # Errors
    /// Those of [`Self::from_parameter_sets`], and why none of the VPS, SPS or PPS that are there can be used.
    pub fn rebuilt(&self) -> Result<Self, Error> {
        let sets = ParameterSets::pick(self.nal_units());
        if let Some(error) = sets.unusable() {
            return Err(error.clone());
        }
        let length_size = if self.length_size == LengthSize::Three { LengthSize::Four } else { self.length_size };
        Ok(Self { length_size, ..Self::from_sets(sets)? })
    }

    /// The bytes of the record. Fields wider than their place are cut to it.
    ///
    /// # Errors
    /// [`ErrorKind::Invalid`] for more arrays or units, or longer ones, than a record can say.
    pub fn write(&self) -> Result<Vec<u8>, Error> {
        let general = &self.general;
        let mut out = vec![
            self.configuration_version,
            (general.profile_space << 6) | (u8::from(general.tier_flag) << 5) | (general.profile_idc & 0x1f),
        ];
        out.extend(general.profile_compatibility_flags.to_be_bytes());
        out.extend(general.constraint_indicator_flags);
        out.push(self.general_level_idc);
        out.extend((0xf000 | (self.min_spatial_segmentation_idc & 0xfff)).to_be_bytes()); // reserved '1111' first
        out.push(0xfc | (self.parallelism_type & 3)); // reserved '111111'
        out.push(0xfc | (self.chroma_format_idc & 3)); // reserved '111111'
        out.push(0xf8 | (self.bit_depth_luma_minus8 & 7)); // reserved '11111'
        out.push(0xf8 | (self.bit_depth_chroma_minus8 & 7)); // reserved '11111'
        out.extend(self.avg_frame_rate.to_be_bytes());
        out.push(
            (self.constant_frame_rate << 6)
                | ((self.num_temporal_layers & 7) << 3)
                | (u8::from(self.temporal_id_nested) << 2)
                | self.length_size.minus_one(),
        );
        out.push(u8::try_from(self.arrays.len()).map_err(|_| above("numOfArrays", self.arrays.len(), 255))?);
        for array in &self.arrays {
            array.write(&mut out)?;
        }
        out.extend_from_slice(&self.trailing);
        Ok(out)
    }

    /// All NAL units of all arrays, in stored order.
    pub fn nal_units(&self) -> impl Iterator<Item = &[u8]> {
        self.arrays.iter().flat_map(|array| &array.nal_units).map(|unit| &unit[..])
    }

    /// The first sequence parameter set of the base layer by its own header, read.
    ///
    /// # Errors
    /// [`ErrorKind::Missing`] when there is none, and those of [`Sps::read`].
    pub fn sps(&self) -> Result<Sps, Error> {
        let is_sps = |unit: &&[u8]| nal_unit_type(unit) == Some(NAL_SPS) && nuh_layer_id(unit) == Some(0);
        let unit = self.nal_units().flat_map(bare_units).find(is_sps);
        Sps::read(unit.ok_or_else(|| none_there(count_name(NAL_SPS)))?)
    }

    /// All that a readable record can still have wrong, in the record itself and in its parameter sets, which are read whole.
    /// [`Self::rebuilt`] mends what is [mendable](crate::Effect::Mendable) where nothing is [fatal](crate::Effect::Fatal).
    pub fn check(&self) -> Vec<Fault> {
        check::check(self)
    }
}

impl NalArray {
    fn read(f: &mut Fields<'_>) -> Result<Self, Error> {
        let header = f.read("NAL_unit_type", be_u8)?;
        let count = f.read("numNalus", be_u16)?;
        let mut nal_units = Vec::new();
        for _ in 0..count {
            let length = f.read("nalUnitLength", be_u16)?;
            nal_units.push(Bytes::copy_from_slice(f.read("nalUnit", take(length))?));
        }
        Ok(Self { array_completeness: header & 0x80 != 0, nal_unit_type: header & 0x3f, nal_units })
    }

    fn write(&self, out: &mut Vec<u8>) -> Result<(), Error> {
        let count = self.nal_units.len();
        out.push((u8::from(self.array_completeness) << 7) | (self.nal_unit_type & 0x3f)); // reserved '0' between
        out.extend(u16::try_from(count).map_err(|_| above("numNalus", count, 65_535))?.to_be_bytes());
        for unit in &self.nal_units {
            let length = u16::try_from(unit.len()).map_err(|_| above("nalUnitLength", unit.len(), 65_535))?;
            out.extend(length.to_be_bytes());
            out.extend_from_slice(unit);
        }
        Ok(())
    }
}

/// `nal_unit_type` of a NAL unit, 0 to 63; `None` for an empty one.
pub fn nal_unit_type(unit: &[u8]) -> Option<u8> {
    unit.first().map(|header| (header >> 1) & 0x3f)
}

/// `nuh_layer_id` of a NAL unit, 0 for the base layer; `None` for one shorter than its header.
pub fn nuh_layer_id(unit: &[u8]) -> Option<u8> {
    match unit {
        [first, second, ..] => Some(((first & 1) << 5) | (second >> 3)),
        _ => None,
    }
}

/// Whether a NAL unit is a slice of an IDR picture: nothing after it refers to what came before.
pub fn is_idr(unit: &[u8]) -> bool {
    nal_unit_type(unit).is_some_and(|nal_unit_type| (NAL_IDR_W_RADL..=NAL_IDR_N_LP).contains(&nal_unit_type))
}

/// Whether a NAL unit is a slice of a random access picture: IDR, CRA or BLA. Decoding can start there, though leading
/// pictures after a CRA or BLA may have to be dropped.
pub fn is_irap(unit: &[u8]) -> bool {
    nal_unit_type(unit).is_some_and(|nal_unit_type| (NAL_BLA_W_LP..=NAL_CRA).contains(&nal_unit_type))
}

/// Whether a NAL unit is any slice: coded picture data rather than parameters or messages.
pub fn is_slice(unit: &[u8]) -> bool {
    nal_unit_type(unit).is_some_and(|nal_unit_type| nal_unit_type < NAL_VPS)
}

/// Checks the header of a parameter set, 7.3.1.2.
fn read_header(unit: &[u8], r: &mut BitReader<'_>, wanted: u8, what: &str) -> Result<(), Error> {
    r.cite("ITU-T H.265, 7.4.2.2");
    let Some(&first) = unit.first() else {
        return Err(r.error(ErrorKind::Missing, 0, "NAL unit", "is empty"));
    };
    if first & 0x80 != 0 {
        return Err(r.invalid_at(0, "forbidden_zero_bit", "is 1"));
    }
    let found = (first >> 1) & 0x3f;
    if found != wanted {
        return Err(r.invalid_at(0, "nal_unit_type", format!("is {found}, {what} has {wanted}")));
    }
    let Some(&second) = unit.get(1) else {
        return Err(r.error(ErrorKind::Truncated, 1, "nuh_layer_id", "is cut off"));
    };
    let layer = ((first & 1) << 5) | (second >> 3);
    if layer != 0 {
        let rule = format!("is {layer}, only the base layer is read");
        return Err(r.error(ErrorKind::Unsupported, 0, "nuh_layer_id", rule));
    }
    match second & 7 {
        0 => Err(r.invalid_at(1, "nuh_temporal_id_plus1", "is 0, which is forbidden")),
        plus1 => {
            // A PPS may belong to a higher sub-layer.
            if plus1 > 1 && wanted != NAL_PPS {
                r.note(1, "nuh_temporal_id_plus1", format!("is {plus1}, {what} has 1"));
            }
            Ok(())
        }
    }
}

/// What the number of a kind of parameter sets is called in errors.
fn count_name(nal_unit_type: u8) -> &'static str {
    match nal_unit_type {
        NAL_VPS => "VPS count",
        NAL_SPS => "SPS count",
        _ => "PPS count",
    }
}

fn none_there(field: &'static str) -> Error {
    Error::new(ErrorKind::Missing, STRUCTURE, None, field, "is 0, at least one is needed", SECTION)
}

fn above(field: &'static str, found: usize, max: usize) -> Error {
    let rule = format!("would be {found}, {max} is the most");
    Error::new(ErrorKind::Invalid, STRUCTURE, None, field, rule, SECTION)
}

/// The first of the types of random access pictures (ITU-T H.265, Table 7-1).
pub const NAL_BLA_W_LP: u8 = 16;
/// IDR picture that may have leading pictures.
pub const NAL_IDR_W_RADL: u8 = 19;
/// IDR picture without leading pictures.
pub const NAL_IDR_N_LP: u8 = 20;
/// Clean random access picture.
pub const NAL_CRA: u8 = 21;
/// Video parameter set.
pub const NAL_VPS: u8 = 32;
/// Sequence parameter set.
pub const NAL_SPS: u8 = 33;
/// Picture parameter set.
pub const NAL_PPS: u8 = 34;
/// Access unit delimiter.
pub const NAL_AUD: u8 = 35;
/// Supplemental enhancement information before the slices.
pub const NAL_PREFIX_SEI: u8 = 39;
/// Supplemental enhancement information after the slices.
pub const NAL_SUFFIX_SEI: u8 = 40;

const STRUCTURE: &str = "hvcC";
const SECTION: &str = "ISO/IEC 14496-15, 8.3.3.1";

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::testdata::{HEVC_MAIN, HEVC_MAIN_10, hex, hvcc};

    #[test]
    fn record_of_ffmpeg_comes_back_byte_for_byte() {
        for parts in [HEVC_MAIN, HEVC_MAIN_10] {
            let data = hvcc(parts);
            let record = HevcDecoderConfigurationRecord::read(&data).unwrap();
            assert_eq!(record.arrays.iter().map(|array| array.nal_unit_type).collect::<Vec<_>>(), [32, 33, 34]);
            assert_eq!(record.length_size, LengthSize::Four);
            assert!(record.temporal_id_nested);
            assert_eq!(record.num_temporal_layers, 1);
            assert_eq!(record.write().unwrap(), data);
            assert_eq!(record.check(), []);
        }
        let record = HevcDecoderConfigurationRecord::read(&hvcc(HEVC_MAIN_10)).unwrap();
        assert_eq!((record.general.profile_idc, record.general_level_idc), (2, 120));
        assert_eq!((record.chroma_format_idc, record.bit_depth_luma_minus8), (1, 2));
    }

    #[test]
    fn annex_b_private_data_becomes_the_record_that_ffmpeg_writes() {
        for parts in [HEVC_MAIN, HEVC_MAIN_10] {
            let ffmpeg = HevcDecoderConfigurationRecord::read(&hvcc(parts)).unwrap();
            let mut stream = vec![0, 0, 0, 1, 0x46, 1, 0x50];
            for unit in ffmpeg.nal_units().chain([&[0x4e, 1, 5][..], &[0x26, 1, 0x80]]) {
                stream.extend([0, 0, 1]);
                stream.extend(unit);
            }
            assert_eq!(HevcDecoderConfigurationRecord::read(&stream).unwrap_err().kind(), ErrorKind::AnnexB);
            let mut built = HevcDecoderConfigurationRecord::from_annex_b(&stream).unwrap();
            assert!(built.arrays.iter().all(|array| array.array_completeness));
            built.arrays.iter_mut().for_each(|array| array.array_completeness = false);
            assert_eq!(built, ffmpeg);
        }
    }

    #[test]
    fn enhancement_layers_are_left_out() {
        let good = HevcDecoderConfigurationRecord::read(&hvcc(HEVC_MAIN)).unwrap();
        let units = [&[0x42, 0x09, 1, 2][..]].into_iter().chain(good.nal_units());
        assert_eq!(HevcDecoderConfigurationRecord::from_parameter_sets(units).unwrap(), good.rebuilt().unwrap());
    }

    #[test]
    fn absent_parameter_sets_are_missing_and_not_invalid() {
        assert_eq!(HevcDecoderConfigurationRecord::read(&[]).unwrap_err().kind(), ErrorKind::Missing);
        let record = HevcDecoderConfigurationRecord::read(&hvcc(HEVC_MAIN)).unwrap();
        for skipped in 0..3 {
            let units = record.nal_units().enumerate().filter(|(index, _)| *index != skipped).map(|(_, unit)| unit);
            let error = HevcDecoderConfigurationRecord::from_parameter_sets(units).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Missing);
        }
    }

    #[test]
    fn sets_that_cannot_be_used_are_kept_for_want_of_others() {
        let [_, vps, sps, pps] = HEVC_MAIN.map(hex);
        let from = |units: &[&[u8]]| HevcDecoderConfigurationRecord::from_parameter_sets(units.iter().copied());
        // Of VPS 1, which is not there.
        let mut stray = sps.clone();
        stray[2] = 0x11;
        assert_eq!(from(&[&vps, &stray, &pps]).unwrap().arrays[1].nal_units, [Bytes::from(stray.clone())]);
        assert_eq!(from(&[&vps, &stray, &sps, &pps]).unwrap().arrays[1].nal_units, [Bytes::from(sps.clone())]);
        assert_eq!(from(&[&vps[..5], &sps, &pps[..3]]).unwrap().arrays[2].nal_units, [Bytes::from(pps[..3].to_vec())]);
        assert_eq!(from(&[&vps, &sps[..9], &pps]).unwrap_err().structure(), "H.265 SPS");
    }

    #[test]
    fn version_0_comes_back_as_it_was() {
        let mut data = hvcc(HEVC_MAIN);
        data[0] = 0;
        let record = HevcDecoderConfigurationRecord::read(&data).unwrap();
        assert_eq!(record.write().unwrap(), data);
        assert_eq!(record.rebuilt().unwrap().configuration_version, 1);
    }

    #[test]
    fn cut_records_name_the_field() {
        let data = hvcc(HEVC_MAIN);
        let error = HevcDecoderConfigurationRecord::read(&data[..40]).unwrap_err();
        assert_eq!(
            error.to_string(),
            "hvcC byte 28: nalUnit is cut off, 12 of its bytes are left (ISO/IEC 14496-15, 8.3.3.1)"
        );
        assert_eq!(HevcDecoderConfigurationRecord::read(&[2, 0]).unwrap_err().kind(), ErrorKind::Invalid);
    }

    #[test]
    fn nal_unit_types_are_told_apart() {
        assert_eq!(nal_unit_type(&[0x40, 1]), Some(NAL_VPS));
        assert_eq!(nal_unit_type(&[]), None);
        assert_eq!(nuh_layer_id(&[0x42, 0x09]), Some(1));
        assert_eq!(nuh_layer_id(&[0x43, 0x01]), Some(32));
        for nal_unit_type in 0..64_u8 {
            let unit = [nal_unit_type << 1, 1];
            assert_eq!(is_irap(&unit), (16..=21).contains(&nal_unit_type));
            assert_eq!(is_idr(&unit), (19..=20).contains(&nal_unit_type));
            assert_eq!(is_slice(&unit), nal_unit_type < 32);
        }
    }

    prop_compose! {
        fn array()(
            array_completeness: bool,
            nal_unit_type in 0_u8..64,
            nal_units in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..20).prop_map(Bytes::from), 0..4),
        ) -> NalArray {
            NalArray { array_completeness, nal_unit_type, nal_units }
        }
    }

    prop_compose! {
        fn record()(
            profile in (0_u8..4, any::<bool>(), 0_u8..32, any::<u32>(), any::<[u8; 6]>(), any::<u8>()),
            picture in (0_u16..4096, 0_u8..4, 0_u8..4, 0_u8..8, 0_u8..8),
            layers in (any::<u16>(), 0_u8..4, 0_u8..8, any::<bool>(), 0_u8..4),
            arrays in proptest::collection::vec(array(), 0..5),
            trailing in proptest::collection::vec(any::<u8>(), 0..4),
        ) -> HevcDecoderConfigurationRecord {
            HevcDecoderConfigurationRecord {
                configuration_version: u8::from(profile.1),
                general: ProfileTier {
                    profile_space: profile.0,
                    tier_flag: profile.1,
                    profile_idc: profile.2,
                    profile_compatibility_flags: profile.3,
                    constraint_indicator_flags: profile.4,
                },
                general_level_idc: profile.5,
                min_spatial_segmentation_idc: picture.0,
                parallelism_type: picture.1,
                chroma_format_idc: picture.2,
                bit_depth_luma_minus8: picture.3,
                bit_depth_chroma_minus8: picture.4,
                avg_frame_rate: layers.0,
                constant_frame_rate: layers.1,
                num_temporal_layers: layers.2,
                temporal_id_nested: layers.3,
                length_size: LengthSize::from_minus_one(layers.4),
                arrays,
                trailing: Bytes::from(trailing),
            }
        }
    }

    proptest! {
        #[test]
        fn writing_then_reading_is_identity(record in record()) {
            let written = record.write().unwrap();
            // Version 0 and profile 0 can look like a start code.
            prop_assume!(!nal::starts_with_start_code(&written));
            prop_assert_eq!(HevcDecoderConfigurationRecord::read(&written).unwrap(), record);
        }

        #[test]
        fn mutations_are_read_without_panic(at in 0_usize..110, byte: u8, cut in 0_usize..120) {
            let mut data = hvcc(HEVC_MAIN_10);
            if let Some(target) = data.get_mut(at) {
                *target = byte;
            }
            data.truncate(cut);
            if let Ok(record) = HevcDecoderConfigurationRecord::read(&data) {
                let _ = (record.check(), record.rebuilt());
                prop_assert_eq!(HevcDecoderConfigurationRecord::read(&record.write().unwrap()).unwrap(), record);
            }
        }

        #[test]
        fn any_bytes_are_read_without_panic(data: Vec<u8>) {
            let _ = HevcDecoderConfigurationRecord::read(&data);
            let _ = HevcDecoderConfigurationRecord::from_annex_b(&data);
        }
    }
}
