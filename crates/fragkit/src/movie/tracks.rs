//! Tracks of MP4 and MOV files as Matroska's TrackEntry has them.
//!
//! ```text
//! avc1, avc3   V_MPEG4/ISO/AVC     avcC
//! hvc1, hev1   V_MPEGH/ISO/HEVC    hvcC
//! mp4a         A_AAC               AudioSpecificConfig
//! alaw, ulaw   A_MS/ACM            a WAVEFORMATEX
//! ```

use fragkit_codec::CodecPrivate;
use fragkit_codec::wave::{G711Law, WaveFormat};
use fragkit_fragment::{Finding, Severity, Tracks};
use fragkit_mkv::{Audio, Colour, TrackEntry, TrackType, Video};
use fragkit_mp4::read::{Coding, Entry, Movie, Picture, Track};

/// So many different sets of tracks of one file are kept: encoders are reconfigured now and then, not all the time.
const MOST_SETS: usize = 64;

/// Which sample entry of each track counts, and the tracks that those make.
#[derive(Debug)]
pub(super) struct TrackSets {
    tracks: std::sync::Arc<[Track]>,
    /// Index of the entry of each track.
    chosen: Vec<usize>,
    known: Vec<(Vec<usize>, Tracks)>,
    current: Tracks,
}

/// What a track is called in fragments.
pub(super) fn number(track: usize) -> u64 {
    u64::try_from(track).unwrap_or(u64::MAX).saturating_add(1)
}

impl TrackSets {
    pub(super) fn new(movie: &Movie) -> Self {
        let usable = |entry: &Entry| entry.coding != Coding::Other;
        let first = |track: &Track| track.entries.iter().position(usable).unwrap_or_default();
        let chosen: Vec<usize> = movie.tracks.iter().map(first).collect();
        let current = set(&movie.tracks, &chosen);
        TrackSets { tracks: movie.tracks.clone(), known: vec![(chosen.clone(), current.clone())], chosen, current }
    }

    /// Says that this entry of a track counts from here on, and whether that is new. None if there were too many.
    #[inline]
    pub(super) fn choose(&mut self, track: usize, entry: usize) -> Option<bool> {
        let chosen = self.chosen.get_mut(track)?;
        if *chosen == entry {
            return Some(false);
        }
        let before = std::mem::replace(chosen, entry);
        if let Some((_, known)) = self.known.iter().find(|(known, _)| *known == self.chosen) {
            self.current = known.clone();
            return Some(true);
        }
        if self.known.len() >= MOST_SETS {
            if let Some(chosen) = self.chosen.get_mut(track) {
                *chosen = before;
            }
            return None;
        }
        self.current = set(&self.tracks, &self.chosen);
        self.known.push((self.chosen.clone(), self.current.clone()));
        Some(true)
    }

    pub(super) fn current(&self) -> Tracks {
        self.current.clone()
    }

    /// Nanoseconds of a tick of the first video track, or of sound alone; 1 if that is no whole number.
    pub(super) fn timestamp_scale(&self) -> u64 {
        let first = self.tracks.iter().find(|track| track.is_video()).or(self.tracks.first());
        let timescale = first.map_or(1, |track| u64::from(track.timescale.max(1)));
        if 1_000_000_000 % timescale == 0 { 1_000_000_000 / timescale } else { 1 }
    }
}

fn set(tracks: &[Track], chosen: &[usize]) -> Tracks {
    let entries = tracks.iter().zip(chosen).enumerate();
    let entries: Vec<TrackEntry> = entries
        .filter_map(|(at, (track, &entry))| Some(track_entry(number(at), track, track.entries.get(entry)?)))
        .collect();
    Tracks::new(&entries)
}

fn track_entry(number: u64, track: &Track, entry: &Entry) -> TrackEntry {
    let is_video = track.is_video();
    let audio = entry.audio.unwrap_or_default();
    let rate = if audio.sampling_frequency > 0 { audio.sampling_frequency } else { track.timescale };
    let law = |law| WaveFormat::g711(law, audio.channels.max(1), rate).write().ok().map(Into::into);
    let config = Some(entry.config.clone()).filter(|config| !config.is_empty());
    let (codec_id, codec_private) = match entry.coding {
        Coding::Avc => ("V_MPEG4/ISO/AVC", config),
        Coding::Hevc => ("V_MPEGH/ISO/HEVC", config),
        Coding::Aac => ("A_AAC", config),
        Coding::Alaw => ("A_MS/ACM", law(G711Law::ALaw)),
        Coding::Ulaw => ("A_MS/ACM", law(G711Law::MuLaw)),
        _ => ("", None),
    };
    let stated = Audio { sampling_frequency: rate.into(), channels: audio.channels.max(1).into(), ..Audio::default() };
    let audio = match CodecPrivate::parse(codec_id, codec_private.as_deref().unwrap_or_default()) {
        // The entry's fields are those that a decoder puts out, or wrong; the configuration knows both.
        Ok(CodecPrivate::Aac(config)) => {
            let (core, out) = (config.sampling_frequency(), config.output_sampling_frequency());
            let channels = config.output_channels().map_or(stated.channels, u64::from);
            let output_sampling_frequency = (out != core).then(|| out.into());
            Audio { sampling_frequency: core.into(), output_sampling_frequency, channels, ..stated }
        }
        _ => stated,
    };
    TrackEntry {
        number,
        uid: number,
        track_type: if is_video { TrackType::Video } else { TrackType::Audio },
        flag_lacing: false,
        language: std::str::from_utf8(&track.language).ok().map(Into::into),
        codec_id: codec_id.into(),
        codec_private,
        video: entry.picture.filter(|_| is_video).map(|picture| video(track, &picture)),
        audio: (!is_video).then_some(audio),
        ..TrackEntry::default()
    }
}

fn video(track: &Track, picture: &Picture) -> Video {
    let (width, height) = (u64::from(picture.width), u64::from(picture.height));
    let display = match picture.pixel_aspect_ratio {
        Some((h, v)) if h != v => {
            Some((width.saturating_mul(h.into()).saturating_add(u64::from(v / 2)) / u64::from(v), height))
        }
        Some(_) => None,
        // Without pixels of another shape the header of the track tells what they are stretched to.
        None => {
            let (wide, high) = (u64::from(track.display_size.0), u64::from(track.display_size.1));
            let stretched = wide.saturating_mul(height) != high.saturating_mul(width);
            (wide > 0 && high > 0 && stretched)
                .then(|| (wide.saturating_mul(height).saturating_add(high / 2) / high, height))
        }
    };
    let display = display.filter(|(wide, high)| *wide > 0 && *high > 0 && *wide != width);
    let colour = picture.colour.map(|colour| Colour {
        matrix_coefficients: Some(colour.matrix.into()),
        transfer_characteristics: Some(colour.transfer.into()),
        primaries: Some(colour.primaries.into()),
        range: picture.colour_has_range.then_some(if colour.full_range { 2 } else { 1 }),
        ..Colour::default()
    });
    Video {
        pixel_width: width,
        pixel_height: height,
        display_width: display.map(|(wide, _)| wide),
        display_height: display.map(|(_, high)| high),
        colour,
        ..Video::default()
    }
}

/// What is to be said of the tracks.
pub(super) fn findings(movie: &Movie) -> impl Iterator<Item = Finding> {
    movie.tracks.iter().zip(1..).filter(|(track, _)| track.is_video()).filter_map(|(track, number): (&Track, u64)| {
        let turned = match track.rotation {
            Some(0) => return None,
            Some(degrees) => format!("are to be turned by {degrees} degrees clockwise"),
            None => "are to be mirrored or slanted".into(),
        };
        let message = format!("the pictures of track {number} {turned} (tkhd); they are taken as they are stored");
        let hint = Some("turn what comes out".into());
        Some(Finding { path: "moov > trak > tkhd".into(), hint, ..Finding::new(Severity::Warning, message) })
    })
}
