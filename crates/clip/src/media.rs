//! What a track becomes in the MP4: its sample entry and the way its times are counted.

use fragkit_fragment::codec::wave::G711Law;
use fragkit_fragment::codec::{CodecPrivate, ErrorKind as CodecErrorKind, VideoParameters};
use fragkit_fragment::mkv::{TrackType, Video};
use fragkit_fragment::{AudioClock, Track};
use fragkit_mp4::{Audio, Colour, SampleEntry, Visual};

use crate::error::{Error, ErrorKind};

/// A track that goes into the MP4.
#[derive(Debug, Clone)]
pub(crate) struct Media {
    pub(crate) sample_entry: SampleEntry,
    /// For audio, how long a frame is. Video frames last until the next.
    pub(crate) clock: Option<AudioClock>,
}

/// What a track becomes; `None` for one that is neither picture nor sound, which is left out.
pub(crate) fn media(track: &Track) -> Result<Option<Media>, Error> {
    let entry = &track.entry;
    let number = entry.number;
    if !entry.track_type.is_picture_or_sound() {
        return Ok(None);
    }
    if let Some(name) = track.refused_encoding {
        return Err(Error::new(ErrorKind::UnsupportedMedia, format!("track {number} is stored with {name}")));
    }
    if track.pcm().is_some() {
        let message = format!("track {number}: {} cannot stand in a clip", entry.codec_id);
        return Err(Error::new(ErrorKind::UnsupportedMedia, message).hint("`fragkit audio` makes a WAV file of it"));
    }
    let private = track.codec_private.as_ref().map_err(|error| {
        let kind = match error.kind() {
            CodecErrorKind::Missing => ErrorKind::MissingCodecPrivateData,
            CodecErrorKind::Unsupported => ErrorKind::UnsupportedMedia,
            _ => ErrorKind::InvalidCodecPrivateData,
        };
        Error::new(kind, format!("track {number}: {error}"))
            .hint("`fragkit inspect` shows the private data; without --strict it is repaired where that is possible")
    })?;
    if let Some(fault) = track.lacks() {
        return Err(Error::new(ErrorKind::MissingCodecPrivateData, format!("track {number}: {fault}")).hint(
            "neither the private data nor the frames hold it; `fragkit inspect` says what to change at the producer",
        ));
    }
    let config = entry.codec_private.clone().unwrap_or_default();
    let unsupported = || {
        Error::new(ErrorKind::UnsupportedMedia, format!("track {number}: {} cannot stand in a clip", entry.codec_id))
            .hint("clips hold H.264, H.265, AAC and G.711")
    };
    let sample_entry = match (entry.track_type, private) {
        (TrackType::Video, CodecPrivate::Avc(_)) => SampleEntry::Avc1 { visual: visual(track, private)?, config },
        (TrackType::Video, CodecPrivate::Hevc(_)) => SampleEntry::Hvc1 { visual: visual(track, private)?, config },
        (TrackType::Audio, CodecPrivate::Aac(aac)) => {
            let channels = aac.output_channels().map_or(2, u16::from).max(1);
            SampleEntry::Mp4a { audio: Audio { channels, sampling_frequency: aac.output_sampling_frequency() }, config }
        }
        (TrackType::Audio, CodecPrivate::Wave(wave)) => {
            let audio = Audio { channels: wave.channels.max(1), sampling_frequency: wave.samples_per_sec };
            match wave.g711_law().ok_or_else(unsupported)? {
                G711Law::ALaw => SampleEntry::Alaw { audio },
                G711Law::MuLaw => SampleEntry::Ulaw { audio },
            }
        }
        _ => return Err(unsupported()),
    };
    let clock = track.audio_clock();
    if entry.track_type == TrackType::Audio && clock.is_none() {
        let message = format!("track {number}: the private data has no sampling rate");
        return Err(Error::new(ErrorKind::InvalidCodecPrivateData, message)
            .hint("`fragkit inspect --fields` shows what is there; the encoder has to make AAC or G.711"));
    }
    Ok(Some(Media { sample_entry, clock }))
}

/// Size, aspect and colour: from the stream's own parameter sets, then from the Matroska elements.
fn visual(track: &Track, private: &CodecPrivate) -> Result<Visual, Error> {
    // Where the parameter set cannot be read, the container's word is taken.
    let stream = private.video().ok().flatten();
    let stream = stream.as_ref();
    let video = track.entry.video.clone().unwrap_or_default();
    let pixels = |size: Option<u32>, fallback: u64| {
        let size = size.map(u64::from).filter(|&size| size > 0).unwrap_or(fallback);
        u16::try_from(size).map_err(|_| {
            let message = format!("track {}: a picture side of {size} pixels", track.entry.number);
            Error::new(ErrorKind::TooLarge, message)
        })
    };
    let crop = video.pixel_crop;
    let width = pixels(
        stream.map(|stream| stream.width),
        video.pixel_width.saturating_sub(crop.left.saturating_add(crop.right)),
    )?;
    let height = pixels(
        stream.map(|stream| stream.height),
        video.pixel_height.saturating_sub(crop.top.saturating_add(crop.bottom)),
    )?;
    let from_stream = stream.and_then(|stream| stream.sample_aspect_ratio);
    let pixel_aspect_ratio = from_stream.or_else(|| container_aspect(&video)).filter(|(h, v)| h != v);
    Ok(Visual { width, height, pixel_aspect_ratio, colour: colour(&video, stream) })
}

/// The sample aspect that DisplayWidth and DisplayHeight mean, where they are pixels or a display aspect.
fn container_aspect(video: &Video) -> Option<(u32, u32)> {
    let (width, height) = (video.display_width?, video.display_height?);
    if !matches!(video.display_unit, 0 | 3) {
        return None;
    }
    let crop = video.pixel_crop;
    let pixel_width = video.pixel_width.checked_sub(crop.left.checked_add(crop.right)?)?;
    let pixel_height = video.pixel_height.checked_sub(crop.top.checked_add(crop.bottom)?)?;
    let h = width.checked_mul(pixel_height)?;
    let v = height.checked_mul(pixel_width)?;
    let divisor = gcd(h, v);
    let reduced = |value: u64| u32::try_from(value.checked_div(divisor)?).ok().filter(|&value| value > 0);
    Some((reduced(h)?, reduced(v)?))
}

fn colour(video: &Video, stream: Option<&VideoParameters>) -> Option<Colour> {
    let full_range = stream.and_then(|stream| stream.video_full_range_flag);
    if let Some(described) = stream.and_then(|stream| stream.colour_description) {
        return Some(Colour {
            primaries: described.colour_primaries.into(),
            transfer: described.transfer_characteristics.into(),
            matrix: described.matrix_coefficients.into(),
            full_range: full_range.unwrap_or(false),
        });
    }
    let colour = video.colour.as_ref();
    let value = |value: Option<u64>| value.and_then(|value| u16::try_from(value).ok());
    let (primaries, transfer, matrix) = match colour {
        Some(colour) => {
            (value(colour.primaries), value(colour.transfer_characteristics), value(colour.matrix_coefficients))
        }
        None => (None, None, None),
    };
    let container_range =
        colour.and_then(|colour| colour.range).filter(|range| (1..=2).contains(range)).map(|range| range == 2);
    if primaries.or(transfer).or(matrix).is_none() && full_range.or(container_range).is_none() {
        return None;
    }
    const UNSPECIFIED: u16 = 2;
    Some(Colour {
        primaries: primaries.unwrap_or(UNSPECIFIED),
        transfer: transfer.unwrap_or(UNSPECIFIED),
        matrix: matrix.unwrap_or(UNSPECIFIED),
        full_range: full_range.or(container_range).unwrap_or(false),
    })
}

pub(crate) fn gcd(a: u64, b: u64) -> u64 {
    if b == 0 { a } else { gcd(b, a % b) }
}

#[cfg(test)]
mod tests {
    use fragkit_fragment::mkv::Colour as MkvColour;

    use super::*;

    fn video(size: (u64, u64), display: (u64, u64), unit: u64) -> Video {
        let (pixel_width, pixel_height) = size;
        let (display_width, display_height) = (Some(display.0), Some(display.1));
        Video { pixel_width, pixel_height, display_width, display_height, display_unit: unit, ..Video::default() }
    }

    #[test]
    fn the_display_size_gives_the_sample_aspect() {
        assert_eq!(container_aspect(&video((720, 576), (1024, 576), 0)), Some((64, 45)));
        assert_eq!(container_aspect(&video((720, 576), (16, 9), 3)), Some((64, 45)));
        assert_eq!(container_aspect(&video((640, 480), (640, 480), 0)), Some((1, 1)));
        let mut cropped = video((176, 144), (160, 120), 0);
        (cropped.pixel_crop.left, cropped.pixel_crop.top) = (16, 24);
        assert_eq!(container_aspect(&cropped), Some((1, 1)));
    }

    #[test]
    fn a_display_size_in_other_units_or_of_nothing_gives_no_aspect() {
        // Centimetres.
        assert_eq!(container_aspect(&video((720, 576), (20, 15), 1)), None);
        assert_eq!(container_aspect(&video((720, 576), (0, 576), 0)), None);
        assert_eq!(container_aspect(&video((0, 0), (16, 9), 3)), None);
        assert_eq!(container_aspect(&Video::default()), None);
        let mut cropped = video((16, 16), (16, 16), 0);
        cropped.pixel_crop.left = u64::MAX;
        assert_eq!(container_aspect(&cropped), None);
        assert_eq!(container_aspect(&video((u64::MAX, 2), (u64::MAX, 3), 0)), None);
    }

    #[test]
    fn what_the_bitstream_does_not_say_of_colour_the_container_may() {
        let told = |colour| Video { colour: Some(colour), ..Video::default() };
        let bt709 = MkvColour {
            primaries: Some(1),
            transfer_characteristics: Some(1),
            matrix_coefficients: Some(1),
            range: Some(2),
            ..MkvColour::default()
        };
        let full = Colour { primaries: 1, transfer: 1, matrix: 1, full_range: true };
        assert_eq!(colour(&told(bt709.clone()), None), Some(full));
        // One value is enough; the others are "unspecified".
        let matrix = MkvColour { matrix_coefficients: Some(6), ..MkvColour::default() };
        let half = Colour { primaries: 2, transfer: 2, matrix: 6, full_range: false };
        assert_eq!(colour(&told(matrix), None), Some(half));
        // A range that is no range, and a value too large to be one.
        let odd = MkvColour { range: Some(3), matrix_coefficients: Some(70_000), ..MkvColour::default() };
        assert_eq!(colour(&told(odd), None), None);
        assert_eq!(colour(&Video::default(), None), None);
    }
}
