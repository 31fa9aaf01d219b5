//! A track of video as pictures are taken of it: how its frames are read, decoded, and what their samples mean.

use bytes::Bytes;
use fragkit_codec::{CodecId, CodecPrivate, FrameChecker};
use fragkit_fragment::{Nanos, Track};

use crate::colour::Colour;
use crate::decoder::DecoderKind;

/// What is known of a track, once for all fragments that have it.
#[derive(Debug)]
pub(crate) struct Video {
    /// Track number.
    pub(crate) number: u64,
    /// How frames become pictures, or why they do not.
    pub(crate) coding: Result<Coding, String>,
    /// What header stripping took off the front of every frame.
    pub(crate) stripped_header: Bytes,
    /// What the samples mean.
    pub(crate) colour: Colour,
    /// Width to height of a sample.
    pub(crate) sample_aspect_ratio: Option<(u32, u32)>,
    /// How long a frame lasts, where the container or the stream says.
    pub(crate) frame_duration: Option<Nanos>,
}

/// How frames are coded.
#[derive(Debug)]
pub(crate) enum Coding {
    /// NAL units.
    Nal(Nal),
    /// Each frame is a JPEG.
    Jpeg,
}

/// H.264 or H.265.
#[derive(Debug)]
pub(crate) struct Nal {
    /// Which of the two.
    pub(crate) standard: Standard,
    /// Tells NAL units apart and finds damage.
    pub(crate) checker: FrameChecker,
    /// SPS, PPS and VPS of the private data.
    pub(crate) parameter_sets: Vec<Bytes>,
    /// What can decode it, in the order in which it is tried.
    pub(crate) decoders: Vec<DecoderKind>,
}

/// The standards of coded video.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Standard {
    /// H.264.
    Avc,
    /// H.265.
    Hevc,
}

impl Video {
    pub(crate) fn new(track: &Track, checker: Option<FrameChecker>) -> Self {
        let private = track.codec_private.as_ref();
        let parameters = private.ok().and_then(|private| private.video().ok()).flatten();
        let stated = track.entry.default_duration.and_then(|nanos| i64::try_from(nanos).ok());
        let by_rate = parameters
            .and_then(|parameters| parameters.frame_rate)
            .map(|(frames, seconds)| Nanos(1_000_000_000 * i64::from(seconds) / i64::from(frames.max(1))));
        Video {
            number: track.entry.number,
            coding: coding(track, checker),
            stripped_header: track.stripped_header.clone(),
            colour: Colour::of_track(track),
            sample_aspect_ratio: parameters
                .and_then(|parameters| parameters.sample_aspect_ratio)
                .or_else(|| container_aspect(track)),
            frame_duration: stated.map(Nanos).or(by_rate).filter(|duration| duration.0 > 0),
        }
    }
}

fn coding(track: &Track, checker: Option<FrameChecker>) -> Result<Coding, String> {
    let number = track.entry.number;
    if let Some(encoding) = track.refused_encoding {
        return Err(format!("track {number} is stored with {encoding}, which is not undone"));
    }
    if track.is_mjpeg() {
        return Ok(Coding::Jpeg);
    }
    let private = match &track.codec_private {
        Ok(private) => private,
        Err(_) if matches!(CodecId::parse(&track.entry.codec_id), CodecId::Other(_)) => {
            return Err(format!("track {number} ({}) is none of H.264, H.265 and MJPEG", track.entry.codec_id));
        }
        Err(error) => return Err(format!("track {number}: {error}")),
    };
    if let Some(lack) = track.lacks() {
        return Err(format!("track {number}: {lack}"));
    }
    let (standard, parameter_sets): (_, Vec<Bytes>) = match private {
        CodecPrivate::Avc(record) => (Standard::Avc, record.nal_units().map(Bytes::copy_from_slice).collect()),
        CodecPrivate::Hevc(record) => (Standard::Hevc, record.nal_units().map(Bytes::copy_from_slice).collect()),
        _ => return Err(format!("track {number} ({}) is none of H.264, H.265 and MJPEG", track.entry.codec_id)),
    };
    let checker = checker.unwrap_or_else(|| FrameChecker::new(private));
    Ok(Coding::Nal(Nal { standard, checker, parameter_sets, decoders: DecoderKind::candidates(private) }))
}

/// Sample aspect from the sizes that the container gives: that of display against that of storage.
fn container_aspect(track: &Track) -> Option<(u32, u32)> {
    let video = track.entry.video.as_ref()?;
    // Pixels, or a ratio; inches and centimetres come to the same.
    if video.display_unit > 3 {
        return None;
    }
    let side = |side: u64| u128::from(side);
    let crop = &video.pixel_crop;
    let width = video.pixel_width.checked_sub(crop.left.checked_add(crop.right)?)?;
    let height = video.pixel_height.checked_sub(crop.top.checked_add(crop.bottom)?)?;
    let (mut x, mut y) =
        (side(video.display_width?).checked_mul(side(height))?, side(video.display_height?).checked_mul(side(width))?);
    let (mut a, mut b) = (x, y);
    while b > 0 {
        (a, b) = (b, a % b);
    }
    (x, y) = (x.checked_div(a)?, y.checked_div(a)?);
    let ratio = (u32::try_from(x).ok()?, u32::try_from(y).ok()?);
    (ratio.0 > 0 && ratio.1 > 0 && ratio != (1, 1)).then_some(ratio)
}
