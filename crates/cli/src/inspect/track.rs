//! A track in words and numbers.

use fragkit::Track;
use fragkit::codec::wave::{self, G711Law};
use fragkit::codec::{CodecId, CodecPrivate, aac, avc, hevc};
use fragkit::mkv::TrackType;

/// What is known of a track: of its private data where that can be read, and otherwise of the container.
#[derive(Debug)]
pub(crate) struct Described {
    pub(super) kind: &'static str,
    /// Such as `H.264` or `G.711 A-law`.
    pub(crate) codec: String,
    pub(crate) rfc6381: Option<String>,
    pub(super) size: Option<(u64, u64)>,
    pub(super) profile: Option<u8>,
    pub(super) level: Option<u8>,
    pub(super) profile_name: Option<String>,
    pub(super) level_name: Option<String>,
    /// Frames a second as a fraction.
    pub(super) frame_rate: Option<String>,
    /// Such as `4:2:0`.
    pub(super) chroma: Option<&'static str>,
    pub(super) bit_depth: Option<u8>,
    pub(super) interlaced: bool,
    pub(super) sample_rate: Option<f64>,
    pub(super) channels: Option<u64>,
    pub(super) samples_per_frame: Option<u32>,
}

impl Described {
    /// Of a track as it goes into an output.
    pub(crate) fn of(track: &Track) -> Described {
        let entry = &track.entry;
        let private = track.codec_private.as_ref().ok();
        let video = private.and_then(|private| private.video().ok().flatten());
        let audio = private.and_then(CodecPrivate::audio);
        let stated_size = entry.video.as_ref().map(|video| (video.pixel_width, video.pixel_height));
        let stated = entry.audio.as_ref();
        let (profile_name, level_name) = private.map(names).unwrap_or_default();
        Described {
            kind: kind(entry.track_type),
            codec: codec(track),
            rfc6381: private.and_then(CodecPrivate::codec_string),
            size: video.map(|video| (u64::from(video.width), u64::from(video.height))).or(stated_size),
            profile: video.map(|video| video.profile_idc),
            level: video.map(|video| video.level_idc),
            profile_name,
            level_name,
            frame_rate: video.and_then(|video| video.frame_rate).map(|(frames, time)| format!("{frames}/{time}")),
            chroma: video.map(|video| chroma(video.chroma_format_idc)),
            bit_depth: video.map(|video| video.bit_depth_luma),
            interlaced: video.is_some_and(|video| video.interlaced),
            sample_rate: audio
                .map(|audio| f64::from(audio.output_sampling_frequency))
                .or(stated.map(|stated| stated.sampling_frequency)),
            channels: audio
                .and_then(|audio| audio.output_channels)
                .map(u64::from)
                .or(stated.map(|stated| stated.channels)),
            samples_per_frame: audio.and_then(|audio| audio.samples_per_frame),
        }
    }

    /// The line that stands for the track.
    pub(crate) fn line(&self, number: u64, codec_id: &str) -> String {
        let mut line = format!("track {number}: {}, {}", self.kind, self.codec_with_profile());
        if self.codec != codec_id {
            line += &format!(" ({codec_id})");
        }
        let frame_rate = self.frame_rate.as_ref().map(|rate| format!("{rate} fps"));
        let samples = self.chroma.zip(self.bit_depth).map(|(chroma, bits)| format!("{chroma} {bits} bit"));
        let rate = self.sample_rate.map(|rate| format!("{rate} Hz"));
        let channels =
            self.channels.map(|channels| format!("{channels} channel{}", if channels == 1 { "" } else { "s" }));
        let frame = self.samples_per_frame.map(|samples| format!("{samples} samples a frame"));
        let size = self.size.map(|(width, height)| format!("{width}x{height}"));
        let interlaced = self.interlaced.then(|| "interlaced".to_owned());
        let parts = [self.rfc6381.clone(), size, frame_rate, samples, interlaced, rate, channels, frame];
        for part in parts.into_iter().flatten() {
            line += ", ";
            line += &part;
        }
        line
    }

    /// `H.264 High@4.0`, `AAC LC`.
    fn codec_with_profile(&self) -> String {
        match (&self.profile_name, &self.level_name) {
            (Some(profile), Some(level)) => format!("{} {profile}@{level}", self.codec),
            (None, Some(level)) => format!("{} @{level}", self.codec),
            (Some(profile), None) => profile.clone(),
            (None, None) => self.codec.clone(),
        }
    }
}

/// Profile and level by name, of the parameter sets where these can be read and of the record where not.
fn names(private: &CodecPrivate) -> (Option<String>, Option<String>) {
    match private {
        CodecPrivate::Avc(record) => {
            let record_says =
                (record.avc_profile_indication, record.profile_compatibility, record.avc_level_indication);
            let (profile, constraints, level) =
                record.sps().map_or(record_says, |sps| (sps.profile_idc, sps.constraint_flags, sps.level_idc));
            let name = avc::profile_name(profile, constraints).map(str::to_owned);
            (name, Some(with_decimal(avc::level_name(level, profile, constraints))))
        }
        CodecPrivate::Hevc(record) => {
            let sps = record.sps().ok().map(|sps| sps.profile_tier_level);
            let (general, level) =
                sps.map_or((record.general, record.general_level_idc), |said| (said.general, said.general_level_idc));
            let tier = if general.tier_flag { " High tier" } else { "" };
            let name = hevc::profile_name(general.profile_idc, general.constraint_indicator_flags);
            (name.map(str::to_owned), Some(with_decimal(hevc::level_name(level)) + tier))
        }
        CodecPrivate::Aac(config) => {
            let extension = match config.extension {
                Some(extension) if extension.ps_present_flag == Some(true) => " with SBR and PS",
                Some(extension) if extension.sbr_present_flag => " with SBR",
                _ => "",
            };
            let name = aac::object_type_name(config.audio_object_type);
            (name.map(|name| format!("{name}{extension}")), None)
        }
        _ => (None, None),
    }
}

/// `4.0` for level 4, so that levels of one length stand below each other.
fn with_decimal(level: String) -> String {
    if level.bytes().all(|byte| byte.is_ascii_digit()) { level + ".0" } else { level }
}

pub(crate) fn kind(track_type: TrackType) -> &'static str {
    match track_type {
        TrackType::Video => "video",
        TrackType::Audio => "audio",
        _ => "other",
    }
}

fn codec(track: &Track) -> String {
    match (CodecId::parse(&track.entry.codec_id), &track.codec_private) {
        (CodecId::Avc, _) => "H.264".into(),
        (CodecId::Hevc, _) => "H.265".into(),
        (CodecId::Aac, _) => "AAC".into(),
        (CodecId::Acm, Ok(CodecPrivate::Wave(format))) => match format.g711_law() {
            Some(G711Law::ALaw) => "G.711 A-law".into(),
            Some(G711Law::MuLaw) => "G.711 mu-law".into(),
            None => match wave::format_tag_name(format.format_tag) {
                Some(name) => format!("{name} (format tag {})", format.format_tag),
                None => format!("audio with format tag {}", format.format_tag),
            },
        },
        (CodecId::Acm, _) => "audio with WAVEFORMATEX".into(),
        _ => track.entry.codec_id.clone(),
    }
}

/// What the private data of a readable track is called.
pub(super) fn format_name(private: &CodecPrivate) -> &'static str {
    match private {
        CodecPrivate::Avc(_) => "avcC",
        CodecPrivate::Hevc(_) => "hvcC",
        CodecPrivate::Aac(_) => "AudioSpecificConfig",
        CodecPrivate::Wave(_) => "WAVEFORMATEX",
        _ => "other",
    }
}

fn chroma(chroma_format_idc: u8) -> &'static str {
    match chroma_format_idc {
        0 => "4:0:0",
        1 => "4:2:0",
        2 => "4:2:2",
        _ => "4:4:4",
    }
}
