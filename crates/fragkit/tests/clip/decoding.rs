//! A clip plays, and shows and sounds what the source does.

use fragkit::ClipOptions;

use crate::cases::{check_each, clip};
use crate::inputs::{fragments, test_file};

#[test]
fn ffmpeg_has_nothing_to_complain_of() {
    check_each(|_, case| if case.complaints.is_empty() { Ok(()) } else { Err(case.complaints.clone()) });
}

#[test]
fn decoded_frames_are_those_of_the_fragments_in_order() {
    check_each(|input, case| {
        for (at, expected) in input.from_fragments.iter().enumerate() {
            if let Some(expected) = expected {
                same(&format!("stream {at}"), &case.decoded[at], expected)?;
            }
        }
        Ok(())
    });
}

#[test]
fn decoded_frames_are_those_of_the_ordinary_file_as_ffmpeg_reads_it() {
    check_each(|input, case| {
        for (at, expected) in input.from_file.iter().flatten().enumerate() {
            same(&format!("stream {at}"), &case.decoded[at], expected)?;
        }
        Ok(())
    });
}

fn same(what: &str, found: &[String], expected: &[String]) -> Result<(), String> {
    if expected.is_empty() {
        return Err(format!("{what}: the source has no frames"));
    }
    if found == expected {
        return Ok(());
    }
    let differs = found.iter().zip(expected).position(|(found, expected)| found != expected);
    let (found, expected) = (found.len(), expected.len());
    Err(format!("{what}: {found} frames of {expected}, the first that differs is {differs:?}"))
}

#[test]
fn every_source_is_checked_against_an_independent_decoding() {
    check_each(|input, case| {
        let missing = input.from_fragments.iter().any(Option::is_none) && input.from_file.is_none();
        let streams = case.decoded.iter().filter(|stream| !stream.is_empty()).count();
        if missing || streams != input.media.tracks.len() {
            return Err(format!("{streams} streams are decoded of {}", input.media.tracks.len()));
        }
        Ok(())
    });
}

#[test]
fn frames_compressed_with_zlib_are_refused_by_name() {
    let source = test_file("zlib.mkv");
    let error = clip(&source, &fragments(&source), ClipOptions::default()).unwrap_err();
    assert_eq!(error.exception(), Some("UnsupportedStreamMediaTypeException"));
    assert!(error.to_string().contains("track 1 is stored with zlib compression (ContentCompAlgo 0)"), "{error}");
}

#[test]
fn a_codec_that_no_clip_can_hold_is_refused_by_name() {
    for path in crate::inputs::captures(&["test_mixed_tags"]) {
        let source = fragkit::Source::open([path]).unwrap();
        let error = clip(&source, &fragments(&source), ClipOptions::default()).unwrap_err();
        let codec = &fragments(&source)[0].head.tracks[0].entry.codec_id;
        assert_eq!(error.exception(), Some("UnsupportedStreamMediaTypeException"), "{error}");
        assert!(error.to_string().contains(codec.as_str()), "{error}");
    }
}
