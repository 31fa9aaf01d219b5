//! Tracks: what the streams of a Segment are (RFC 9559, section 5.1.4).

use bytes::Bytes;

use crate::encoding::{self, ContentEncoding};
use crate::error::{Error, Result};
use crate::id::Id;
use crate::master::Master;
use crate::write::Writer;

/// What a track holds (TrackType).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum TrackType {
    /// 1
    Video,
    /// 2
    Audio,
    /// Any other value: subtitles (17), metadata (33) and so on.
    Other(u64),
}

impl TrackType {
    /// Whether it is one of picture or sound.
    #[must_use]
    pub fn is_picture_or_sound(self) -> bool {
        matches!(self, TrackType::Video | TrackType::Audio)
    }

    pub(crate) fn from_value(value: u64) -> Self {
        match value {
            1 => TrackType::Video,
            2 => TrackType::Audio,
            other => TrackType::Other(other),
        }
    }

    /// The number that stands in the file.
    #[must_use]
    pub fn value(self) -> u64 {
        match self {
            TrackType::Video => 1,
            TrackType::Audio => 2,
            TrackType::Other(value) => value,
        }
    }
}

/// One TrackEntry element.
#[derive(Debug, Clone, PartialEq)]
pub struct TrackEntry {
    /// TrackNumber, as blocks name the track. Never 0.
    pub number: u64,
    /// TrackUID.
    pub uid: u64,
    /// TrackType.
    pub track_type: TrackType,
    /// FlagEnabled, default true.
    pub flag_enabled: bool,
    /// FlagDefault, default true.
    pub flag_default: bool,
    /// FlagForced, default false.
    pub flag_forced: bool,
    /// FlagLacing, default true.
    pub flag_lacing: bool,
    /// DefaultDuration of a frame, in nanoseconds.
    pub default_duration: Option<u64>,
    /// Name.
    pub name: Option<String>,
    /// Language, ISO 639-2; `eng` where it is left out.
    pub language: Option<String>,
    /// LanguageBCP47, which goes before `language`.
    pub language_bcp47: Option<String>,
    /// CodecID, without padding.
    pub codec_id: String,
    /// CodecPrivate.
    pub codec_private: Option<Bytes>,
    /// CodecName.
    pub codec_name: Option<String>,
    /// CodecDelay, in nanoseconds.
    pub codec_delay: u64,
    /// SeekPreRoll, in nanoseconds.
    pub seek_pre_roll: u64,
    /// Video.
    pub video: Option<Video>,
    /// Audio.
    pub audio: Option<Audio>,
    /// ContentEncodings, in the order of the file.
    pub content_encodings: Vec<ContentEncoding>,
}

impl Default for TrackEntry {
    fn default() -> Self {
        TrackEntry {
            number: 0,
            uid: 0,
            track_type: TrackType::Other(0),
            flag_enabled: true,
            flag_default: true,
            flag_forced: false,
            flag_lacing: true,
            default_duration: None,
            name: None,
            language: None,
            language_bcp47: None,
            codec_id: String::new(),
            codec_private: None,
            codec_name: None,
            codec_delay: 0,
            seek_pre_roll: 0,
            video: None,
            audio: None,
            content_encodings: Vec::new(),
        }
    }
}

/// The Video element of a track.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Video {
    /// FlagInterlaced: 0 unknown, 1 interlaced, 2 progressive.
    pub flag_interlaced: u64,
    /// FieldOrder, default 2 (undetermined).
    pub field_order: Option<u64>,
    /// PixelWidth of the coded picture.
    pub pixel_width: u64,
    /// PixelHeight of the coded picture.
    pub pixel_height: u64,
    /// PixelCropTop, PixelCropBottom, PixelCropLeft, PixelCropRight.
    pub pixel_crop: PixelCrop,
    /// DisplayWidth; the cropped width where it is left out.
    pub display_width: Option<u64>,
    /// DisplayHeight; the cropped height where it is left out.
    pub display_height: Option<u64>,
    /// DisplayUnit: 0 pixels, 1 centimetres, 2 inches, 3 aspect ratio, 4 unknown.
    pub display_unit: u64,
    /// Colour.
    pub colour: Option<Colour>,
}

/// Pixels to leave out at each side.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct PixelCrop {
    /// PixelCropTop.
    pub top: u64,
    /// PixelCropBottom.
    pub bottom: u64,
    /// PixelCropLeft.
    pub left: u64,
    /// PixelCropRight.
    pub right: u64,
}

/// The Colour element: values of ISO/IEC 23091-2, 2 meaning unspecified.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Colour {
    /// MatrixCoefficients.
    pub matrix_coefficients: Option<u64>,
    /// BitsPerChannel.
    pub bits_per_channel: Option<u64>,
    /// ChromaSitingHorz: 1 left, 2 half.
    pub chroma_siting_horz: Option<u64>,
    /// ChromaSitingVert: 1 top, 2 half.
    pub chroma_siting_vert: Option<u64>,
    /// Range: 1 broadcast, 2 full.
    pub range: Option<u64>,
    /// TransferCharacteristics.
    pub transfer_characteristics: Option<u64>,
    /// Primaries.
    pub primaries: Option<u64>,
    /// MaxCLL, in candela per square metre.
    pub max_cll: Option<u64>,
    /// MaxFALL, in candela per square metre.
    pub max_fall: Option<u64>,
}

/// The Audio element of a track.
#[derive(Debug, Clone, PartialEq)]
pub struct Audio {
    /// SamplingFrequency, in hertz, default 8000.
    pub sampling_frequency: f64,
    /// OutputSamplingFrequency, in hertz: that of SBR.
    pub output_sampling_frequency: Option<f64>,
    /// Channels, default 1.
    pub channels: u64,
    /// BitDepth.
    pub bit_depth: Option<u64>,
}

impl Default for Audio {
    fn default() -> Self {
        Audio { sampling_frequency: 8000.0, output_sampling_frequency: None, channels: 1, bit_depth: None }
    }
}

/// Reads the TrackEntry elements of a Tracks element.
pub(crate) fn read(master: Master<'_>) -> Result<Vec<TrackEntry>> {
    let mut tracks: Vec<TrackEntry> = Vec::new();
    master.children(|child| {
        if child.id == Id::TRACK_ENTRY {
            if tracks.len() >= master.context.limits.max_tracks {
                return Err(master.limit("TrackEntry elements (limit max_tracks)", master.context.limits.max_tracks));
            }
            let entry = child.master(read_entry)?;
            if tracks.iter().any(|track| track.number == entry.number) {
                return Err(Error::invalid(
                    child.offset,
                    master.path,
                    format!("TrackNumber {} stands twice (RFC 9559, section 5.1.4.1.1)", entry.number),
                ));
            }
            tracks.push(entry);
        }
        Ok(())
    })?;
    Ok(tracks)
}

fn read_entry(master: Master<'_>) -> Result<TrackEntry> {
    let mut entry = TrackEntry::default();
    master.children(|child| {
        match child.id {
            Id::TRACK_NUMBER => entry.number = child.uint(0)?,
            Id::TRACK_UID => entry.uid = child.uint(0)?,
            Id::TRACK_TYPE => entry.track_type = TrackType::from_value(child.uint(0)?),
            Id::FLAG_ENABLED => entry.flag_enabled = child.uint(1)? != 0,
            Id::FLAG_DEFAULT => entry.flag_default = child.uint(1)? != 0,
            Id::FLAG_FORCED => entry.flag_forced = child.uint(0)? != 0,
            Id::FLAG_LACING => entry.flag_lacing = child.uint(1)? != 0,
            Id::DEFAULT_DURATION => entry.default_duration = Some(child.uint(0)?).filter(|&duration| duration > 0),
            Id::NAME => entry.name = Some(child.string()),
            Id::LANGUAGE => entry.language = Some(child.string()),
            Id::LANGUAGE_BCP47 => entry.language_bcp47 = Some(child.string()),
            Id::CODEC_ID => entry.codec_id = child.string(),
            Id::CODEC_PRIVATE => entry.codec_private = Some(child.binary()),
            Id::CODEC_NAME => entry.codec_name = Some(child.string()),
            Id::CODEC_DELAY => entry.codec_delay = child.uint(0)?,
            Id::SEEK_PRE_ROLL => entry.seek_pre_roll = child.uint(0)?,
            Id::VIDEO => entry.video = Some(child.master(read_video)?),
            Id::AUDIO => entry.audio = Some(child.master(read_audio)?),
            Id::CONTENT_ENCODINGS => entry.content_encodings = child.master(encoding::read)?,
            _ => {}
        }
        Ok(())
    })?;
    if entry.number == 0 {
        return Err(master.missing(Id::TRACK_NUMBER));
    }
    Ok(entry)
}

fn read_video(master: Master<'_>) -> Result<Video> {
    let mut video = Video::default();
    master.children(|child| {
        match child.id {
            Id::FLAG_INTERLACED => video.flag_interlaced = child.uint(0)?,
            Id::FIELD_ORDER => video.field_order = Some(child.uint(2)?),
            Id::PIXEL_WIDTH => video.pixel_width = child.uint(0)?,
            Id::PIXEL_HEIGHT => video.pixel_height = child.uint(0)?,
            Id::PIXEL_CROP_TOP => video.pixel_crop.top = child.uint(0)?,
            Id::PIXEL_CROP_BOTTOM => video.pixel_crop.bottom = child.uint(0)?,
            Id::PIXEL_CROP_LEFT => video.pixel_crop.left = child.uint(0)?,
            Id::PIXEL_CROP_RIGHT => video.pixel_crop.right = child.uint(0)?,
            Id::DISPLAY_WIDTH => video.display_width = Some(child.uint(0)?).filter(|&width| width > 0),
            Id::DISPLAY_HEIGHT => video.display_height = Some(child.uint(0)?).filter(|&height| height > 0),
            Id::DISPLAY_UNIT => video.display_unit = child.uint(0)?,
            Id::COLOUR => video.colour = Some(child.master(read_colour)?),
            _ => {}
        }
        Ok(())
    })?;
    Ok(video)
}

fn read_colour(master: Master<'_>) -> Result<Colour> {
    let mut colour = Colour::default();
    master.children(|child| {
        let (field, default) = match child.id {
            Id::MATRIX_COEFFICIENTS => (&mut colour.matrix_coefficients, 2),
            Id::BITS_PER_CHANNEL => (&mut colour.bits_per_channel, 0),
            Id::CHROMA_SITING_HORZ => (&mut colour.chroma_siting_horz, 0),
            Id::CHROMA_SITING_VERT => (&mut colour.chroma_siting_vert, 0),
            Id::RANGE => (&mut colour.range, 0),
            Id::TRANSFER_CHARACTERISTICS => (&mut colour.transfer_characteristics, 2),
            Id::PRIMARIES => (&mut colour.primaries, 2),
            Id::MAX_CLL => (&mut colour.max_cll, 0),
            Id::MAX_FALL => (&mut colour.max_fall, 0),
            _ => return Ok(()),
        };
        *field = Some(child.uint(default)?);
        Ok(())
    })?;
    Ok(colour)
}

fn read_audio(master: Master<'_>) -> Result<Audio> {
    let mut audio = Audio::default();
    master.children(|child| {
        match child.id {
            Id::SAMPLING_FREQUENCY => audio.sampling_frequency = child.float(8000.0)?,
            Id::OUTPUT_SAMPLING_FREQUENCY => audio.output_sampling_frequency = Some(child.float(0.0)?),
            Id::CHANNELS => audio.channels = child.uint(1)?,
            Id::BIT_DEPTH => audio.bit_depth = Some(child.uint(0)?),
            _ => {}
        }
        Ok(())
    })?;
    Ok(audio)
}

/// Appends a Tracks element.
pub fn write_tracks(tracks: &[TrackEntry], writer: &mut Writer) {
    writer.master(Id::TRACKS, |writer| {
        for track in tracks {
            writer.master(Id::TRACK_ENTRY, |writer| track.write(writer));
        }
    });
}

/// Writes an optional element.
fn opt<T: Copy>(writer: &mut Writer, id: Id, value: Option<T>, write: impl FnOnce(&mut Writer, Id, T)) {
    if let Some(value) = value {
        write(writer, id, value);
    }
}

/// Writes an integer that differs from its default.
fn unless(writer: &mut Writer, id: Id, value: u64, default: u64) {
    if value != default {
        writer.uint(id, value);
    }
}

impl TrackEntry {
    fn write(&self, w: &mut Writer) {
        w.uint(Id::TRACK_NUMBER, self.number);
        w.uint(Id::TRACK_UID, self.uid);
        w.uint(Id::TRACK_TYPE, self.track_type.value());
        unless(w, Id::FLAG_ENABLED, self.flag_enabled.into(), 1);
        unless(w, Id::FLAG_DEFAULT, self.flag_default.into(), 1);
        unless(w, Id::FLAG_FORCED, self.flag_forced.into(), 0);
        unless(w, Id::FLAG_LACING, self.flag_lacing.into(), 1);
        opt(w, Id::DEFAULT_DURATION, self.default_duration, Writer::uint);
        opt(w, Id::NAME, self.name.as_deref(), Writer::string);
        opt(w, Id::LANGUAGE, self.language.as_deref(), Writer::string);
        opt(w, Id::LANGUAGE_BCP47, self.language_bcp47.as_deref(), Writer::string);
        w.string(Id::CODEC_ID, &self.codec_id);
        opt(w, Id::CODEC_PRIVATE, self.codec_private.as_deref(), Writer::binary);
        opt(w, Id::CODEC_NAME, self.codec_name.as_deref(), Writer::string);
        unless(w, Id::CODEC_DELAY, self.codec_delay, 0);
        unless(w, Id::SEEK_PRE_ROLL, self.seek_pre_roll, 0);
        if let Some(video) = &self.video {
            w.master(Id::VIDEO, |w| video.write(w));
        }
        if let Some(audio) = &self.audio {
            w.master(Id::AUDIO, |w| audio.write(w));
        }
        if !self.content_encodings.is_empty() {
            w.master(Id::CONTENT_ENCODINGS, |w| {
                for encoding in &self.content_encodings {
                    w.master(Id::CONTENT_ENCODING, |w| encoding.write(w));
                }
            });
        }
    }
}

impl Video {
    fn write(&self, w: &mut Writer) {
        unless(w, Id::FLAG_INTERLACED, self.flag_interlaced, 0);
        opt(w, Id::FIELD_ORDER, self.field_order, Writer::uint);
        w.uint(Id::PIXEL_WIDTH, self.pixel_width);
        w.uint(Id::PIXEL_HEIGHT, self.pixel_height);
        unless(w, Id::PIXEL_CROP_BOTTOM, self.pixel_crop.bottom, 0);
        unless(w, Id::PIXEL_CROP_TOP, self.pixel_crop.top, 0);
        unless(w, Id::PIXEL_CROP_LEFT, self.pixel_crop.left, 0);
        unless(w, Id::PIXEL_CROP_RIGHT, self.pixel_crop.right, 0);
        opt(w, Id::DISPLAY_WIDTH, self.display_width, Writer::uint);
        opt(w, Id::DISPLAY_HEIGHT, self.display_height, Writer::uint);
        unless(w, Id::DISPLAY_UNIT, self.display_unit, 0);
        if let Some(colour) = &self.colour {
            w.master(Id::COLOUR, |w| colour.write(w));
        }
    }
}

impl Colour {
    fn write(&self, w: &mut Writer) {
        opt(w, Id::MATRIX_COEFFICIENTS, self.matrix_coefficients, Writer::uint);
        opt(w, Id::BITS_PER_CHANNEL, self.bits_per_channel, Writer::uint);
        opt(w, Id::CHROMA_SITING_HORZ, self.chroma_siting_horz, Writer::uint);
        opt(w, Id::CHROMA_SITING_VERT, self.chroma_siting_vert, Writer::uint);
        opt(w, Id::RANGE, self.range, Writer::uint);
        opt(w, Id::TRANSFER_CHARACTERISTICS, self.transfer_characteristics, Writer::uint);
        opt(w, Id::PRIMARIES, self.primaries, Writer::uint);
        opt(w, Id::MAX_CLL, self.max_cll, Writer::uint);
        opt(w, Id::MAX_FALL, self.max_fall, Writer::uint);
    }
}

impl Audio {
    fn write(&self, w: &mut Writer) {
        w.float(Id::SAMPLING_FREQUENCY, self.sampling_frequency);
        opt(w, Id::OUTPUT_SAMPLING_FREQUENCY, self.output_sampling_frequency, Writer::float);
        w.uint(Id::CHANNELS, self.channels);
        opt(w, Id::BIT_DEPTH, self.bit_depth, Writer::uint);
    }
}
