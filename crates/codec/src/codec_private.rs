//! From a Matroska CodecID and CodecPrivate to one value with the questions that every later stage asks.
//!
//! ```text
//! V_MPEG4/ISO/AVC, V_MPEG/ISO/AVC      AVCDecoderConfigurationRecord     crate::avc
//! V_MPEGH/ISO/HEVC, V_MPEG/ISO/HEVC    HEVCDecoderConfigurationRecord    crate::hevc
//! A_AAC, A_AAC/MPEG4/LC, ..            AudioSpecificConfig               crate::aac
//! A_MS/ACM                             WAVEFORMATEX                      crate::wave
//! ```

use crate::{
    aac::AudioSpecificConfig,
    avc::AvcDecoderConfigurationRecord,
    codec_string,
    error::{Error, ErrorKind},
    fault::Fault,
    field::{Field, FieldList},
    hevc::{self, HevcDecoderConfigurationRecord},
    nal::{self, LengthSize},
    vui::ColourDescription,
    wave::WaveFormat,
};

/// A Matroska CodecID, as far as this crate knows it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum CodecId {
    /// H.264: `V_MPEG4/ISO/AVC`, or `V_MPEG/ISO/AVC` as the service's documentation spells it.
    Avc,
    /// H.265: `V_MPEGH/ISO/HEVC`, or `V_MPEG/ISO/HEVC` as the service's documentation spells it.
    Hevc,
    /// AAC: `A_AAC`, or one of the old forms that go on with `/MPEG2/LC`, `/MPEG4/LC/SBR` and so on.
    Aac,
    /// A WAVEFORMATEX says what it is: `A_MS/ACM`.
    Acm,
    /// Any other, without NUL padding.
    Other(String),
}

/// Private data, read.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum CodecPrivate {
    /// H.264.
    Avc(AvcDecoderConfigurationRecord),
    /// H.265.
    Hevc(HevcDecoderConfigurationRecord),
    /// AAC.
    Aac(AudioSpecificConfig),
    /// G.711, or whatever else the format tag says.
    Wave(WaveFormat),
}

/// What a video track's first sequence parameter set says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct VideoParameters {
    /// `profile_idc` or `general_profile_idc`.
    pub profile_idc: u8,
    /// `level_idc` (ten times the level) or `general_level_idc` (thirty times).
    pub level_idc: u8,
    /// Width of the picture in luma samples, cropped.
    pub width: u32,
    /// Height of the frame in luma samples, cropped.
    pub height: u32,
    /// Width before cropping.
    pub coded_width: u32,
    /// Height before cropping.
    pub coded_height: u32,
    /// Width to height of one sample, when the stream says.
    pub sample_aspect_ratio: Option<(u32, u32)>,
    /// Frames a second as a fraction in lowest terms, when the stream says. Frames carry their own times.
    pub frame_rate: Option<(u32, u32)>,
    /// 0 monochrome, 1 4:2:0, 2 4:2:2, 3 4:4:4.
    pub chroma_format_idc: u8,
    /// Bits of a luma sample.
    pub bit_depth_luma: u8,
    /// Bits of a chroma sample.
    pub bit_depth_chroma: u8,
    /// Whether pictures may be interlaced: fields allowed in H.264, a field sequence in H.265.
    pub interlaced: bool,
    /// Whether samples use the whole range, when the stream says.
    pub video_full_range_flag: Option<bool>,
    /// Colour, when the stream says.
    pub colour_description: Option<ColourDescription>,
    /// How many frames can precede another in decoding order and follow it in output order, when the stream says; 0 is
    /// a stream without B-frames.
    pub max_num_reorder_frames: Option<u8>,
}

/// What an audio track's private data says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AudioParameters {
    /// Samples a second in one channel, as the core coder counts them.
    pub sampling_frequency: u32,
    /// Samples a second in one channel, as a decoder puts them out.
    pub output_sampling_frequency: u32,
    /// Channels of the core coder; `None` when reserved.
    pub channels: Option<u16>,
    /// Channels that a decoder puts out; two for mono with parametric stereo.
    pub output_channels: Option<u16>,
    /// Samples of one frame and channel at `sampling_frequency`; `None` where frames have no fixed length.
    pub samples_per_frame: Option<u32>,
}

/// What the container says of a track beside its private data: Matroska's Video and Audio elements, as far as they are
/// there.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Stated {
    /// PixelWidth.
    pub pixel_width: Option<u64>,
    /// PixelHeight.
    pub pixel_height: Option<u64>,
    /// SamplingFrequency in hertz.
    pub sampling_frequency: Option<f64>,
    /// OutputSamplingFrequency in hertz.
    pub output_sampling_frequency: Option<f64>,
    /// Channels.
    pub channels: Option<u64>,
    /// BitDepth.
    pub bit_depth: Option<u64>,
}

impl CodecId {
    /// Recognises a CodecID. NUL padding is cut off first.
    pub fn parse(codec_id: &str) -> Self {
        let codec_id = codec_id.trim_end_matches('\0');
        match codec_id {
            "V_MPEG4/ISO/AVC" | "V_MPEG/ISO/AVC" => Self::Avc,
            "V_MPEGH/ISO/HEVC" | "V_MPEG/ISO/HEVC" => Self::Hevc,
            "A_MS/ACM" => Self::Acm,
            _ if codec_id == "A_AAC" || codec_id.starts_with("A_AAC/") => Self::Aac,
            _ => Self::Other(codec_id.to_owned()),
        }
    }
}

impl CodecPrivate {
    /// Reads private data as its CodecID asks.
    ///
    /// # Errors
    /// [`ErrorKind::Missing`] without bytes or parameter sets, [`ErrorKind::AnnexB`] for a byte stream, which
    /// [`Self::from_annex_b`] takes, [`ErrorKind::Unsupported`] for a CodecID that is not known here, and the others of the
    /// format's own `read`.
    pub fn parse(codec_id: &str, bytes: &[u8]) -> Result<Self, Error> {
        match CodecId::parse(codec_id) {
            CodecId::Avc => AvcDecoderConfigurationRecord::read(bytes).map(Self::Avc),
            CodecId::Hevc => HevcDecoderConfigurationRecord::read(bytes).map(Self::Hevc),
            CodecId::Aac => AudioSpecificConfig::read(bytes).map(Self::Aac),
            CodecId::Acm => WaveFormat::read(bytes).map(Self::Wave),
            CodecId::Other(other) => Err(unsupported(format!("is {other:?}, whose private data is not read"))),
        }
    }

    /// Builds a configuration record from an Annex B byte stream: private data as some producers send it by mistake, or a
    /// whole key frame.
    ///
    /// # Errors
    /// [`ErrorKind::Missing`] when a parameter set is not there, [`ErrorKind::Unsupported`] for a CodecID that is neither
    /// H.264 nor H.265, and those of the sequence parameter set.
    pub fn from_annex_b(codec_id: &str, bytes: &[u8]) -> Result<Self, Error> {
        Self::from_parameter_sets(codec_id, nal::annex_b(bytes).filter_map(|range| bytes.get(range)))
    }

    /// Builds a configuration record with four-byte lengths from NAL units, as a key frame holds them. Units that are not
    /// parameter sets are left out.
    ///
    /// # Errors
    /// Those of [`Self::from_annex_b`].
    pub fn from_parameter_sets<'a>(codec_id: &str, units: impl IntoIterator<Item = &'a [u8]>) -> Result<Self, Error> {
        match CodecId::parse(codec_id) {
            CodecId::Avc => AvcDecoderConfigurationRecord::from_parameter_sets(units).map(Self::Avc),
            CodecId::Hevc => HevcDecoderConfigurationRecord::from_parameter_sets(units).map(Self::Hevc),
            _ => Err(unsupported(format!("is {:?}, which has no parameter sets", codec_id.trim_end_matches('\0')))),
        }
    }

    /// All that readable private data still has wrong; see the records' own `check`.
    pub fn check(&self) -> Vec<Fault> {
        match self {
            Self::Avc(record) => record.check(),
            Self::Hevc(record) => record.check(),
            Self::Aac(config) => config.check(),
            Self::Wave(format) => format.check(),
        }
    }

    /// Where it disagrees with what the container says beside it.
    pub fn check_against(&self, stated: &Stated) -> Vec<Fault> {
        match self {
            Self::Avc(_) | Self::Hevc(_) => Vec::new(),
            Self::Aac(config) => config.check_against(stated),
            Self::Wave(format) => format.check_against(stated),
        }
    }

    /// Every field, decoded, in the order of the bytes.
    pub fn fields(&self) -> Vec<Field> {
        let mut list = FieldList::default();
        match self {
            Self::Avc(record) => record.fields(&mut list),
            Self::Hevc(record) => record.fields(&mut list),
            Self::Aac(config) => config.fields(&mut list),
            Self::Wave(format) => format.fields(&mut list),
        }
        list.into_fields()
    }

    /// The same private data with what [`Self::check`] finds mended, where the parameter sets allow it.
    ///
    /// # Errors
    /// Those of the records' own `rebuilt`.
    pub fn rebuilt(&self) -> Result<Self, Error> {
        match self {
            Self::Avc(record) => record.rebuilt().map(Self::Avc),
            Self::Hevc(record) => record.rebuilt().map(Self::Hevc),
            Self::Aac(config) => config.rebuilt().map(Self::Aac),
            Self::Wave(format) => format.rebuilt().map(Self::Wave),
        }
    }

    /// Whether media with the one can follow media with the other in one file: they tell a decoder the same.
    ///
    /// For H.264 and H.265 that is the same parameter sets. What the record repeats of them does not matter, nor does their
    /// order, the size of lengths, the trailer of High profiles, whether arrays are complete, or SEI units. For AAC it is the
    /// object type, rates, channels and extensions, and not how these are signalled; for WAVEFORMATEX the format, channels
    /// and rate.
    #[must_use]
    pub fn is_equivalent(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Avc(a), Self::Avc(b)) => sorted(a.nal_units()) == sorted(b.nal_units()),
            (Self::Hevc(a), Self::Hevc(b)) => {
                let sets = |record: &HevcDecoderConfigurationRecord| {
                    sorted(record.nal_units().filter(|unit| {
                        matches!(hevc::nal_unit_type(unit), Some(hevc::NAL_VPS | hevc::NAL_SPS | hevc::NAL_PPS))
                    }))
                    .iter()
                    .map(|unit| unit.to_vec())
                    .collect::<Vec<_>>()
                };
                sets(a) == sets(b)
            }
            (Self::Aac(a), Self::Aac(b)) => {
                let told = |config: &AudioSpecificConfig| {
                    let extension = config.extension.map(|it| (it.sbr_present_flag, it.ps_present_flag == Some(true)));
                    let rates = (config.sampling_frequency(), config.output_sampling_frequency());
                    (config.audio_object_type, rates, config.channel_configuration, extension)
                };
                told(a) == told(b) && a.specific == b.specific
            }
            (Self::Wave(a), Self::Wave(b)) => {
                let told = |format: &WaveFormat| {
                    (format.sub_format(), format.g711_law(), format.channels, format.samples_per_sec)
                };
                told(a) == told(b) && (a.g711_law().is_some() || a == b)
            }
            _ => false,
        }
    }

    /// The bytes of the private data.
    ///
    /// # Errors
    /// Those of the format's own `write`; never for a value that was read.
    pub fn write(&self) -> Result<Vec<u8>, Error> {
        match self {
            Self::Avc(record) => record.write(),
            Self::Hevc(record) => record.write(),
            Self::Aac(config) => config.write(),
            Self::Wave(format) => format.write(),
        }
    }

    /// The `codecs` parameter of RFC 6381; `None` for a WAVEFORMATEX that is not G.711.
    pub fn codec_string(&self) -> Option<String> {
        match self {
            Self::Avc(record) => Some(codec_string::avc(record)),
            Self::Hevc(record) => Some(codec_string::hevc(record)),
            Self::Aac(config) => Some(codec_string::aac(config)),
            Self::Wave(format) => codec_string::wave(format),
        }
    }

    /// Size of the length in front of each NAL unit of a frame; `None` for audio.
    pub fn length_size(&self) -> Option<LengthSize> {
        match self {
            Self::Avc(record) => Some(record.length_size),
            Self::Hevc(record) => Some(record.length_size),
            Self::Aac(_) | Self::Wave(_) => None,
        }
    }

    /// What the first sequence parameter set says, read anew on each call; `None` for audio.
    ///
    /// # Errors
    /// Those of the sequence parameter set.
    pub fn video(&self) -> Result<Option<VideoParameters>, Error> {
        match self {
            Self::Avc(record) => Ok(Some(VideoParameters::from(&record.sps()?))),
            Self::Hevc(record) => Ok(Some(VideoParameters::from(&record.sps()?))),
            Self::Aac(_) | Self::Wave(_) => Ok(None),
        }
    }

    /// Rate, channels and frame length; `None` for video.
    pub fn audio(&self) -> Option<AudioParameters> {
        match self {
            Self::Avc(_) | Self::Hevc(_) => None,
            Self::Aac(config) => Some(AudioParameters {
                sampling_frequency: config.sampling_frequency(),
                output_sampling_frequency: config.output_sampling_frequency(),
                channels: config.channels().map(u16::from),
                output_channels: config.output_channels().map(u16::from),
                samples_per_frame: config.samples_per_frame(),
            }),
            Self::Wave(format) => Some(AudioParameters {
                sampling_frequency: format.samples_per_sec,
                output_sampling_frequency: format.samples_per_sec,
                channels: Some(format.channels),
                output_channels: Some(format.channels),
                samples_per_frame: None,
            }),
        }
    }
}

impl From<&crate::avc::Sps> for VideoParameters {
    fn from(sps: &crate::avc::Sps) -> Self {
        let display = sps.vui.as_ref().map(|vui| vui.display);
        Self {
            profile_idc: sps.profile_idc,
            level_idc: sps.level_idc,
            width: sps.width(),
            height: sps.height(),
            coded_width: sps.coded_width(),
            coded_height: sps.coded_height(),
            sample_aspect_ratio: sps.sample_aspect_ratio(),
            frame_rate: sps.frame_rate(),
            chroma_format_idc: sps.chroma_format_idc,
            bit_depth_luma: sps.bit_depth_luma_minus8.saturating_add(8),
            bit_depth_chroma: sps.bit_depth_chroma_minus8.saturating_add(8),
            interlaced: !sps.frame_mbs_only_flag,
            video_full_range_flag: display.and_then(|display| display.video_full_range_flag()),
            colour_description: display.and_then(|display| display.colour_description()),
            max_num_reorder_frames: sps.max_num_reorder_frames(),
        }
    }
}

impl From<&crate::hevc::Sps> for VideoParameters {
    fn from(sps: &crate::hevc::Sps) -> Self {
        let display = sps.vui.as_ref().map(|vui| vui.display);
        Self {
            profile_idc: sps.profile_tier_level.general.profile_idc,
            level_idc: sps.profile_tier_level.general_level_idc,
            width: sps.width(),
            height: sps.height(),
            coded_width: sps.pic_width_in_luma_samples,
            coded_height: sps.pic_height_in_luma_samples,
            sample_aspect_ratio: sps.sample_aspect_ratio(),
            frame_rate: sps.frame_rate(),
            chroma_format_idc: sps.chroma_format_idc,
            bit_depth_luma: sps.bit_depth_luma_minus8.saturating_add(8),
            bit_depth_chroma: sps.bit_depth_chroma_minus8.saturating_add(8),
            interlaced: sps.vui.as_ref().is_some_and(|vui| vui.field_seq_flag),
            video_full_range_flag: display.and_then(|display| display.video_full_range_flag()),
            colour_description: display.and_then(|display| display.colour_description()),
            max_num_reorder_frames: Some(sps.decoded_picture_buffer.max_num_reorder_pics),
        }
    }
}

/// NAL units in the order of their bytes, without repetitions and without zeros at their ends.
fn sorted<'a>(units: impl Iterator<Item = &'a [u8]>) -> Vec<&'a [u8]> {
    let mut units: Vec<&[u8]> = units.map(nal::without_trailing_zeros).collect();
    units.sort_unstable();
    units.dedup();
    units
}

fn unsupported(rule: String) -> Error {
    Error::new(ErrorKind::Unsupported, "CodecID", None, "", rule, "")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::testdata::{AVC_CAMERA, AVC_HIGH_1080P, AVC_VOGELS, HEVC_MAIN_10, hex, hvcc};

    #[test]
    fn both_spellings_and_the_old_forms_are_recognised() {
        for (text, id) in [
            ("V_MPEG4/ISO/AVC", CodecId::Avc),
            ("V_MPEG/ISO/AVC", CodecId::Avc),
            ("V_MPEGH/ISO/HEVC\0\0", CodecId::Hevc),
            ("V_MPEG/ISO/HEVC", CodecId::Hevc),
            ("A_AAC", CodecId::Aac),
            ("A_AAC/MPEG2/LC", CodecId::Aac),
            ("A_AAC/MPEG4/MAIN", CodecId::Aac),
            ("A_AAC/MPEG4/LC/SBR", CodecId::Aac),
            ("A_MS/ACM\0", CodecId::Acm),
            ("V_MS/VFW/FOURCC\0", CodecId::Other("V_MS/VFW/FOURCC".to_owned())),
            ("A_AACX", CodecId::Other("A_AACX".to_owned())),
        ] {
            assert_eq!(CodecId::parse(text), id);
        }
    }

    #[test]
    fn avc_private_data_answers_all_questions() {
        let private = CodecPrivate::parse("V_MPEG4/ISO/AVC", &hex(AVC_HIGH_1080P)).unwrap();
        assert_eq!(private.check(), []);
        assert_eq!(private.codec_string().as_deref(), Some("avc1.640028"));
        assert_eq!(private.length_size(), Some(LengthSize::Four));
        assert_eq!(private.write().unwrap(), hex(AVC_HIGH_1080P));
        assert_eq!(private.audio(), None);
        let video = private.video().unwrap().unwrap();
        assert_eq!((video.width, video.height, video.coded_height), (1920, 1080, 1088));
        assert_eq!((video.bit_depth_luma, video.interlaced), (8, false));
        assert_eq!(video.max_num_reorder_frames, Some(2));
        assert_eq!(private.rebuilt().unwrap(), private);
    }

    #[test]
    fn hevc_private_data_answers_all_questions() {
        let private = CodecPrivate::parse("V_MPEGH/ISO/HEVC", &hvcc(HEVC_MAIN_10)).unwrap();
        assert_eq!(private.check(), []);
        let video = private.video().unwrap().unwrap();
        assert_eq!((video.width, video.height, video.bit_depth_luma), (1918, 1078, 10));
        assert_eq!((video.profile_idc, video.level_idc, video.frame_rate), (2, 120, Some((30_000, 1_001))));
        assert_eq!(private.codec_string().as_deref(), Some("hvc1.2.4.L120.90"));
    }

    #[test]
    fn audio_private_data_answers_all_questions() {
        let private = CodecPrivate::parse("A_AAC", &hex("1190")).unwrap();
        let audio = private.audio().unwrap();
        assert_eq!((audio.sampling_frequency, audio.channels, audio.samples_per_frame), (48_000, Some(2), Some(1024)));
        assert_eq!((private.video().unwrap(), private.length_size()), (None, None));
        assert_eq!(private.rebuilt().unwrap(), private);
        let private = CodecPrivate::parse("A_MS/ACM\0", &hex("06000100401f0000e8030000010000000000")).unwrap();
        assert_eq!(private.audio().unwrap().sampling_frequency, 8_000);
        assert_eq!(private.codec_string().as_deref(), Some("alaw"));
    }

    #[test]
    fn annex_b_private_data_is_named_and_repaired() {
        let stream = [
            &[0, 0, 0, 1][..],
            &hex("6742c028db0280f6c05a808080a000000300200057e401e3065c"),
            &[0, 0, 1],
            &hex("68ca8cb2"),
        ]
        .concat();
        let error = CodecPrivate::parse("V_MPEG4/ISO/AVC", &stream).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::AnnexB);
        let repaired = CodecPrivate::from_annex_b("V_MPEG4/ISO/AVC", &stream).unwrap();
        assert_eq!(repaired.write().unwrap(), hex(AVC_VOGELS));
        assert_eq!(CodecPrivate::from_annex_b("A_AAC", &stream).unwrap_err().kind(), ErrorKind::Unsupported);
    }

    #[test]
    fn zeros_behind_a_parameter_set_make_no_other_stream() {
        let avc = CodecPrivate::parse("V_MPEG4/ISO/AVC", &hex(AVC_VOGELS)).unwrap();
        let padded = AVC_VOGELS.replace("01000468ca8cb2", "01000668ca8cb20000");
        let padded = CodecPrivate::parse("V_MPEG4/ISO/AVC", &hex(&padded)).unwrap();
        assert!(padded != avc && padded.is_equivalent(&avc) && avc.is_equivalent(&padded.rebuilt().unwrap()));
        let [fixed, vps, sps, pps] = HEVC_MAIN_10;
        let hevc = CodecPrivate::parse("V_MPEGH/ISO/HEVC", &hvcc(HEVC_MAIN_10)).unwrap();
        let padded = hvcc([fixed, vps, sps, &format!("{pps}00")]);
        let padded = CodecPrivate::parse("V_MPEGH/ISO/HEVC", &padded).unwrap();
        assert!(padded != hevc && padded.is_equivalent(&hevc) && hevc.is_equivalent(&padded.rebuilt().unwrap()));
    }

    #[test]
    fn what_is_not_known_is_unsupported_and_no_bytes_are_missing() {
        let error = CodecPrivate::parse("V_MS/VFW/FOURCC\0", &[0; 40]).unwrap_err();
        assert_eq!(error.to_string(), "CodecID: is \"V_MS/VFW/FOURCC\", whose private data is not read");
        assert_eq!(error.kind(), ErrorKind::Unsupported);
        for codec_id in ["V_MPEG4/ISO/AVC", "V_MPEGH/ISO/HEVC", "A_AAC", "A_MS/ACM"] {
            assert_eq!(CodecPrivate::parse(codec_id, &[]).unwrap_err().kind(), ErrorKind::Missing);
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_without_panic(which in 0_usize..4, data: Vec<u8>) {
            let codec_id = ["V_MPEG4/ISO/AVC", "V_MPEGH/ISO/HEVC", "A_AAC", "A_MS/ACM"][which];
            let _ = CodecPrivate::from_annex_b(codec_id, &data);
            if let Ok(private) = CodecPrivate::parse(codec_id, &data) {
                let _ = (private.check(), private.video(), private.audio(), private.codec_string());
                prop_assert_eq!(CodecPrivate::parse(codec_id, &private.write().unwrap()).unwrap(), private);
            }
        }

        #[test]
        fn bit_flips_in_real_private_data_are_read_without_panic(at in 0_usize..29 * 8) {
            let mut data = hex(AVC_CAMERA);
            data[at / 8] ^= 0x80 >> (at % 8);
            if let Ok(private) = CodecPrivate::parse("V_MPEG4/ISO/AVC", &data) {
                let _ = (private.check(), private.video(), private.rebuilt());
            }
        }
    }
}
