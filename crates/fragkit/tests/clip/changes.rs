//! Tracks or private data that change within the range.

use bytes::Bytes;
use fragkit::mp4::check;
use fragkit::{ChunkOptions, Chunker, ClipErrorKind, ClipOptions, Nanos, OnChange, Source, Timestamp};

use crate::cases::{clip, clips, payload, streamed, temporary};
use crate::inputs::{Media, fragments, test_file};
use crate::programs;

/// The chunk streams of ordinary files, one a minute behind the other.
fn joined(names: [&str; 2]) -> Source {
    let mut stream = Vec::new();
    for (name, minute) in names.into_iter().zip(1..) {
        let options = ChunkOptions {
            start: Some(Timestamp::from_millis(1_704_067_200_000 + 60_000 * minute)),
            fragment_length: Nanos(1_000_000_000),
            ..ChunkOptions::default()
        };
        let mut chunker = Chunker::new(options, &mut stream);
        for fragment in fragments(&test_file(name)) {
            chunker.add(&fragment).unwrap();
        }
        chunker.finish().unwrap();
    }
    Source::from(Bytes::from(stream))
}

const CHANGES: [([&str; 2], &str); 4] = [
    (["h264-baseline.mkv", "h264-colour-sar.mkv"], "track 1 changes from 160x120 to 162x122"),
    (["h264-baseline.mkv", "h264-slices-inband.mkv"], "the codec private data of track 1 changes"),
    (["h264-baseline.mkv", "h265-main10.mkv"], "the codec of track 1 changes from V_MPEG4/ISO/AVC to V_MPEGH/ISO/HEVC"),
    (["h264-alaw.mkv", "two-audio.mkv"], "track 3 is added"),
];

#[test]
fn a_change_is_refused_with_the_fragment_and_what_changes() {
    for (names, what) in CHANGES {
        let source = joined(names);
        let fragments = fragments(&source);
        let first = fragments
            .iter()
            .position(|fragment| fragment.head.producer_timestamp.unwrap().as_millis() >= 1_704_067_200_000 + 120_000);
        let number = fragments[first.unwrap()].head.number.as_ref();
        for error in [
            clip(&source, &fragments, ClipOptions::default()).unwrap_err(),
            streamed(&fragments, ClipOptions::default()).unwrap_err(),
            // A stream cannot be split.
            streamed(&fragments, ClipOptions { on_change: OnChange::Split, ..ClipOptions::default() }).unwrap_err(),
        ] {
            assert_eq!(error.kind(), ClipErrorKind::Change, "{names:?}");
            assert_eq!(error.exception(), Some("InvalidCodecPrivateDataException"), "{names:?}");
            assert_eq!(error.fragment_number(), number, "{names:?}");
            assert!(error.to_string().contains(what), "{names:?}: {error}");
        }
    }
}

#[test]
fn a_change_starts_another_clip_if_asked_for() {
    for (names, _) in CHANGES {
        let source = joined(names);
        let all = fragments(&source);
        let options = ClipOptions { on_change: OnChange::Split, ..ClipOptions::default() };
        let files = clips(&source, &all, options).unwrap();
        assert_eq!(files.len(), 2, "{names:?}");
        for (file, name) in files.iter().zip(names) {
            let summary = check::check(file).unwrap();
            let media = Media::of(&fragments(&test_file(name)));
            assert_eq!(summary.tracks.len(), media.tracks.len(), "{name}");
            for (found, track) in summary.tracks.iter().zip(&media.tracks).filter(|(_, track)| !track.codec.is_g711()) {
                assert_eq!(found.sample_entry, track.codec.sample_entry());
                let read: Vec<_> = found.samples().map(|sample| payload(file, &sample).to_vec()).collect();
                let stored: Vec<_> = track.frames.iter().map(|frame| frame.payload.to_vec()).collect();
                assert!(read == stored, "{name}: {} frames of {}", read.len(), stored.len());
            }
            if programs::available() {
                let file = temporary(file);
                assert_eq!(programs::complaints(file.path()), "", "{name}");
                let from_file = programs::decoded(&crate::inputs::testdata().join(name), None, media.streams());
                assert_eq!(programs::decoded(file.path(), None, media.streams()), from_file, "{name}");
            }
        }
    }
}
