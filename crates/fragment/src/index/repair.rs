//! What is mended before frames go into an output: private data in Annex B form or missing, and frames with start codes.

use std::ops::Range;

use fragkit_codec::{CodecPrivate, ErrorKind, nal};
use fragkit_mkv::TrackType;
use rayon::prelude::*;

use super::kept_frames;
use crate::finding::{Finding, Severity};
use crate::fragment::Fragment;
use crate::tracks::{Track, Tracks};

/// Mends tracks, and remembers the last result for the fragments that follow with the same ones.
#[derive(Debug, Default)]
pub(super) struct Repair {
    strict: bool,
    last: Option<(Tracks, Tracks)>,
    /// Tracks whose frames were reported as Annex B already.
    reported: Vec<u64>,
}

impl Repair {
    pub(super) fn new(strict: bool) -> Self {
        Repair { strict, ..Repair::default() }
    }

    /// The fragment's tracks with usable private data where that can be had.
    pub(super) fn tracks(&mut self, fragment: &Fragment, findings: &mut Vec<Finding>) -> Tracks {
        let tracks = &fragment.head.tracks;
        let sound = |track: &Track| track.codec_private.is_ok() || track.entry.track_type != TrackType::Video;
        if self.strict || tracks.iter().all(sound) {
            return tracks.clone();
        }
        let mended =
            Tracks::from_tracks(tracks.iter().map(|track| mend(track, fragment).unwrap_or_else(|| track.clone())));
        if let Some((before, after)) = &self.last
            && before.is_same(tracks)
            && crate::continuity::change(after, &mended).is_none()
        {
            return after.clone();
        }
        for (before, after) in tracks.iter().zip(mended.iter()) {
            if let (Err(error), Ok(_)) = (&before.codec_private, &after.codec_private) {
                let how = if before.entry.codec_private.is_some() {
                    "private data"
                } else {
                    "the parameter sets in its frames"
                };
                findings.push(Finding {
                    severity: Severity::Warning,
                    exception: exception(error.kind()),
                    offset: Some(fragment.head.offset),
                    path: "Segment > Tracks > TrackEntry > CodecPrivate".into(),
                    fragment_number: fragment.head.number.clone(),
                    message: format!(
                        "track {}: {error}; a configuration record was built from {how}",
                        before.entry.number
                    ),
                    hint: Some(
                        "have the producer adapt its private data (NAL adaptation flag NAL_ADAPTATION_ANNEXB_CPD_NALS)"
                            .into(),
                    ),
                });
            }
        }
        self.last = Some((tracks.clone(), mended.clone()));
        mended
    }

    /// The numbers of the video tracks whose frames have start codes in this fragment. The first frame of each tells; so
    /// input that is as it should be is not read through.
    pub(super) fn annex_b_tracks(
        &mut self,
        tracks: &Tracks,
        fragment: &Fragment,
        findings: &mut Vec<Finding>,
    ) -> Vec<u64> {
        let mut found = Vec::new();
        for track in tracks.iter() {
            let number = track.entry.number;
            let Some(length_size) = track.codec_private.as_ref().ok().and_then(CodecPrivate::length_size) else {
                continue;
            };
            let four_byte_lengths = length_size == nal::LengthSize::Four;
            let first = kept_frames(fragment).find(|frame| frame.track == number);
            let annex_b = first.is_some_and(|frame| nal::looks_like_annex_b(&frame.payload));
            if self.strict || !four_byte_lengths || !annex_b {
                continue;
            }
            found.push(number);
            if !self.reported.contains(&number) {
                self.reported.push(number);
                findings.push(Finding {
                    severity: Severity::Warning,
                    exception: Some("InvalidMediaFrameException"),
                    offset: first.map(|frame| frame.offset),
                    path: "Segment > Cluster > SimpleBlock".into(),
                    fragment_number: fragment.head.number.clone(),
                    message: format!(
                        "track {number}: frames have start codes (Annex B) where lengths belong; they are converted"
                    ),
                    hint: Some(
                        "have the producer adapt its frames (NAL adaptation flag NAL_ADAPTATION_ANNEXB_NALS)".into(),
                    ),
                });
            }
        }
        found
    }
}

/// A track whose private data is Annex B or missing, with a configuration record in its place.
fn mend(track: &Track, fragment: &Fragment) -> Option<Track> {
    if track.codec_private.is_ok() || track.entry.track_type != TrackType::Video {
        return None;
    }
    let id = &track.entry.codec_id;
    let from_private =
        track.entry.codec_private.as_deref().and_then(|private| CodecPrivate::from_annex_b(id, private).ok());
    let key_frame = || kept_frames(fragment).find(|frame| frame.track == track.entry.number && frame.keyframe);
    let from_frame = || {
        let payload = &key_frame()?.payload;
        if nal::is_length_prefixed(payload, nal::LengthSize::Four) {
            let units = nal::length_prefixed(payload, nal::LengthSize::Four);
            CodecPrivate::from_parameter_sets(id, units.filter_map(|unit| payload.get(unit.ok()?))).ok()
        } else {
            CodecPrivate::from_annex_b(id, payload).ok()
        }
    };
    let record = from_private.or_else(from_frame)?.write().ok()?;
    Some(track.with_private(record)).filter(|track| track.codec_private.is_ok())
}

pub(super) fn exception(kind: ErrorKind) -> Option<&'static str> {
    match kind {
        ErrorKind::Missing => Some("MissingCodecPrivateDataException"),
        ErrorKind::Unsupported => Some("UnsupportedStreamMediaTypeException"),
        _ => Some("InvalidCodecPrivateDataException"),
    }
}

/// Where the NAL units are in each frame of these tracks; `None` for a frame that has lengths already. The frames are
/// searched in parallel.
pub(super) fn units(fragment: &Fragment, annex_b: &[u64]) -> Vec<Option<Vec<Range<usize>>>> {
    if annex_b.is_empty() {
        return Vec::new();
    }
    let frames: Vec<_> = kept_frames(fragment).filter(|frame| annex_b.contains(&frame.track)).collect();
    let search = |payload: &[u8]| nal::looks_like_annex_b(payload).then(|| nal::annex_b(payload).collect());
    frames.into_par_iter().map(|frame| search(&frame.payload)).collect()
}
