//! Whether a fragment can follow another in one clip: the same tracks with the same private data.

use std::fmt;

use fragkit_codec::CodecId;
use fragkit_mkv::TrackEntry;

use crate::tracks::{Track, Tracks};

/// What to do where tracks or private data change within a selection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum OnChange {
    /// Refuse, as the service does.
    #[default]
    Error,
    /// Start another file there.
    Split,
}

/// In what a fragment differs from its predecessor.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Change {
    /// A track is there that was not.
    TrackAdded {
        /// Its number.
        track: u64,
    },
    /// A track is gone.
    TrackRemoved {
        /// Its number.
        track: u64,
    },
    /// The codec of a track is another.
    Codec {
        /// Its number.
        track: u64,
        /// Codec id before.
        before: String,
        /// Codec id after.
        after: String,
    },
    /// The codec private data of a track is another.
    CodecPrivate {
        /// Its number.
        track: u64,
    },
    /// The picture size, sampling rate or channels of a track are others.
    Format {
        /// Its number.
        track: u64,
        /// In words, such as `640x360 to 1280x720`.
        what: String,
    },
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Change::TrackAdded { track } => write!(f, "track {track} is added"),
            Change::TrackRemoved { track } => write!(f, "track {track} is gone"),
            Change::Codec { track, before, after } => {
                write!(f, "the codec of track {track} changes from {before} to {after}")
            }
            Change::CodecPrivate { track } => write!(f, "the codec private data of track {track} changes"),
            Change::Format { track, what } => write!(f, "track {track} changes from {what}"),
        }
    }
}

/// What keeps media with the tracks `after` from following media with the tracks `before`: the first such thing.
///
/// Names, UIDs, languages and default durations may differ, and so may private data in what tells a decoder nothing: see
/// [`CodecPrivate::is_equivalent`](fragkit_codec::CodecPrivate::is_equivalent).
#[must_use]
pub fn change(before: &Tracks, after: &Tracks) -> Option<Change> {
    if before.is_same(after) {
        return None;
    }
    for track in before.iter() {
        let number = track.entry.number;
        match after.by_number(number) {
            None => return Some(Change::TrackRemoved { track: number }),
            Some(now) => {
                if let Some(change) = track_change(track, now) {
                    return Some(change);
                }
            }
        }
    }
    let added = after.iter().find(|track| before.by_number(track.entry.number).is_none());
    added.map(|track| Change::TrackAdded { track: track.entry.number })
}

fn track_change(before: &Track, after: &Track) -> Option<Change> {
    let equivalent = match (&before.codec_private, &after.codec_private) {
        (Ok(before), Ok(after)) => before.is_equivalent(after),
        _ => false,
    };
    let (before, after) = (&before.entry, &after.entry);
    let track = before.number;
    // The same codec has several ids.
    let same_codec = CodecId::parse(&before.codec_id) == CodecId::parse(&after.codec_id);
    if !same_codec || before.track_type != after.track_type {
        return Some(Change::Codec { track, before: before.codec_id.clone(), after: after.codec_id.clone() });
    }
    let (was, is) = (format(before), format(after));
    if was != is {
        return Some(Change::Format { track, what: format!("{was} to {is}") });
    }
    let same_private = equivalent || before.codec_private == after.codec_private;
    let same = same_private && before.content_encodings == after.content_encodings;
    (!same).then_some(Change::CodecPrivate { track })
}

/// Size, or rate and channels, as the container has them.
fn format(entry: &TrackEntry) -> String {
    match (&entry.video, &entry.audio) {
        (Some(video), _) => format!("{}x{}", video.pixel_width, video.pixel_height),
        (None, Some(audio)) => format!("{} Hz with {} channels", audio.sampling_frequency, audio.channels),
        (None, None) => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use fragkit_mkv::Video;

    fn entry(number: u64, width: u64, private: &'static [u8]) -> TrackEntry {
        TrackEntry {
            number,
            uid: width,
            codec_id: "V_MPEG4/ISO/AVC".into(),
            codec_private: Some(private.into()),
            video: Some(Video { pixel_width: width, pixel_height: 2, ..Video::default() }),
            ..TrackEntry::default()
        }
    }

    #[test]
    fn changes_are_told_by_what_differs_first() {
        let tracks = |entries: &[TrackEntry]| Tracks::new(entries);
        let one = tracks(&[entry(1, 4, b"a")]);
        assert_eq!(change(&one, &tracks(&[TrackEntry { uid: 9, ..entry(1, 4, b"a") }])), None);
        let told = |after: &[TrackEntry]| change(&one, &tracks(after)).unwrap().to_string();
        assert_eq!(told(&[entry(1, 4, b"b")]), "the codec private data of track 1 changes");
        assert_eq!(told(&[entry(1, 8, b"a")]), "track 1 changes from 4x2 to 8x2");
        assert_eq!(told(&[entry(1, 4, b"a"), entry(2, 4, b"a")]), "track 2 is added");
        assert_eq!(told(&[]), "track 1 is gone");
        let other = TrackEntry { codec_id: "V_MPEGH/ISO/HEVC".into(), ..entry(1, 4, b"a") };
        assert_eq!(told(&[other]), "the codec of track 1 changes from V_MPEG4/ISO/AVC to V_MPEGH/ISO/HEVC");
    }
}
