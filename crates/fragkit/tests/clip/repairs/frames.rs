//! Frames of video that are packed or marked in the wrong way.

use fragkit::Frame;
use fragkit::codec::nal::LengthSize;
use fragkit::mkv::TrackEntry;

use super::*;
use crate::rewritten::*;

/// The length size that private data declares.
fn declare(entry: &mut TrackEntry, size: LengthSize) {
    let record = parsed(entry).with_length_size(size);
    entry.codec_private = Some(record.write().unwrap().into());
}

fn declared<const BYTES: usize>(stream: &mut Stream) {
    stream.video(|entry| declare(entry, LengthSize::from_bytes(BYTES as u8).unwrap()));
    stream.pictures(|picture| lengths::<BYTES>(picture.units));
}

#[test]
fn start_codes_in_frames_become_lengths() {
    use Count::{EverySecond, EverySecondChunk, KeyFrames, Once, Pictures};
    let all = |name, breaks| Row {
        name,
        sources: VIDEO,
        breaks,
        told: &[Told(FRAME, CONVERTED, CODES_IN_FRAME, Pictures)],
        strict: refused_frame(CODES_IN_FRAME),
    };
    check_rows(&[
        all("start codes of four bytes", |stream| stream.pictures(|picture| long_codes(picture.units))),
        all("start codes of three bytes", |stream| stream.pictures(|picture| short_codes(picture.units))),
        all("start codes of both sizes", |stream| stream.pictures(|picture| mixed_codes(picture.units))),
        all("zeros in front of the start codes and behind the units", |stream| {
            stream.pictures(|picture| with_zeros(picture.units));
        }),
        all("two start codes in a row", |stream| stream.pictures(|picture| with_empty_units(picture.units))),
        all("a delimiter in front of each picture", |stream| {
            let mut first = Vec::new();
            stream.video(|entry| first = vec![delimiter(&entry.codec_id)]);
            stream.pictures(|picture| mixed_codes(&behind(&first, picture.units)));
        }),
        Row {
            told: &[
                Told(PRIVATE, NEW_RECORD, CODES_IN_PRIVATE, Once),
                Told(FRAME, CONVERTED, CODES_IN_FRAME, Pictures),
            ],
            strict: refused_private(CODES_IN_PRIVATE),
            ..all("the C producer without NAL adaptation", |stream| {
                stream.video(|entry| private_of_sets(entry, long_codes));
                stream.pictures(|picture| long_codes(picture.units));
            })
        },
        Row {
            told: &[Told(FRAME, CONVERTED, CODES_IN_FRAME, EverySecondChunk)],
            ..all("start codes in every second fragment", |stream| {
                stream.pictures(|picture| match picture.chunk % 2 {
                    0 => lengths::<4>(picture.units),
                    _ => long_codes(picture.units),
                });
            })
        },
        Row {
            told: &[Told(FRAME, CONVERTED, CODES_IN_FRAME, EverySecond)],
            ..all("start codes in every second frame", |stream| {
                stream.pictures(|picture| match picture.number % 2 {
                    0 => lengths::<4>(picture.units),
                    _ => short_codes(picture.units),
                });
            })
        },
        Row {
            told: &[Told(FRAME, CONVERTED, CODES_IN_FRAME, KeyFrames)],
            ..all("start codes in key frames alone", |stream| {
                stream.pictures(|picture| match picture.keyframe {
                    false => lengths::<4>(picture.units),
                    true => mixed_codes(picture.units),
                });
            })
        },
    ]);
}

#[test]
fn lengths_are_written_with_four_bytes() {
    use Count::{Once, Pictures};
    let declared_and_there = |name, sources, breaks| Row { name, sources, breaks, told: &[], strict: Strict::Clip };
    let other = |name, sources, breaks| Row {
        name,
        sources,
        breaks,
        told: &[Told(FRAME, FOUR_BYTES, "frame byte 0: NALUnitLength has ", Pictures)],
        strict: refused_frame("the private data declares"),
    };
    check_rows(&[
        declared_and_there("lengths of one byte", &[TINY], declared::<1>),
        declared_and_there("lengths of two bytes", VIDEO, declared::<2>),
        Row {
            told: &[Told(PRIVATE, NEW_RECORD, "lengthSizeMinusOne is 2, which is reserved", Once)],
            strict: refused_private("lengthSizeMinusOne is 2"),
            ..declared_and_there("lengths of three bytes, which are reserved", VIDEO, declared::<3>)
        },
        other("two bytes declared, lengths of four", VIDEO, |stream| {
            stream.video(|entry| declare(entry, LengthSize::Two));
        }),
        other("four bytes declared, lengths of two", VIDEO, |stream| {
            stream.pictures(|picture| lengths::<2>(picture.units));
        }),
        other("four bytes declared, lengths of one", &[TINY], |stream| {
            stream.pictures(|picture| lengths::<1>(picture.units));
        }),
        Row {
            told: &[Told(FRAME, UNIT_LEFT_OUT, "NALUnitLength is 0", Pictures)],
            strict: refused_frame("NALUnitLength is 0"),
            ..other("trailing zeros of a byte stream taken for units", VIDEO, |stream| {
                stream.pictures(|picture| {
                    let units: Vec<_> = picture.units.iter().flat_map(|unit| [Vec::new(), unit.clone()]).collect();
                    lengths::<4>(&units)
                });
            })
        },
    ]);
}

#[test]
fn frames_without_a_picture_are_left_out_and_key_flags_put_right() {
    use Count::{KeyFrames, Pictures, Predicted};
    const NO_SLICE: &str = "frame byte 0: has no slice";
    // The service does not look at these.
    let row = |name, breaks, told| Row { name, sources: VIDEO, breaks, told, strict: Strict::Clip };
    check_rows(&[
        Row {
            strict: Strict::AsItIs,
            ..row(
                "Android's MediaCodec: parameter sets as a frame of their own in front of each key frame",
                |stream| set_frames(stream, lengths::<4>),
                &[Told(None, LEFT_OUT, NO_SLICE, KeyFrames)],
            )
        },
        Row {
            strict: refused_frame(CODES_IN_FRAME),
            ..row(
                "the same with start codes",
                |stream| {
                    stream.pictures(|picture| long_codes(picture.units));
                    set_frames(stream, long_codes);
                },
                &[
                    Told(FRAME, LEFT_OUT, CODES_IN_FRAME, KeyFrames),
                    Told(None, LEFT_OUT, NO_SLICE, KeyFrames),
                    Told(FRAME, CONVERTED, CODES_IN_FRAME, Pictures),
                ],
            )
        },
        row(
            "key flags missing",
            |stream| key_flags(stream, false),
            &[Told(
                None,
                Some("the frame is marked as a key frame"),
                "key flag is not set, and there is an I",
                KeyFrames,
            )],
        ),
        row(
            "key flags on all frames",
            |stream| key_flags(stream, true),
            &[Told(None, Some("the mark is taken off"), "key flag is set, and there is no I", Predicted)],
        ),
    ]);
}

fn key_flags(stream: &mut Stream, keyframe: bool) {
    let frames = stream.chunks.iter_mut().flat_map(|chunk| &mut chunk.frames);
    frames.for_each(|frame| frame.keyframe = keyframe);
}

/// Puts a frame with the parameter sets in front of each key frame.
fn set_frames(stream: &mut Stream, pack: fn(&[Vec<u8>]) -> Vec<u8>) {
    for chunk in &mut stream.chunks {
        let entry = chunk.entries.iter().find(|entry| entry.video.is_some()).unwrap();
        let (number, sets) = (entry.number, sets(entry));
        let frames = chunk.frames.drain(..).flat_map(|frame| {
            let is_key = frame.track == number && frame.keyframe;
            let first = is_key.then(|| Frame { payload: pack(&sets).into(), ..frame.clone() });
            first.into_iter().chain([frame])
        });
        chunk.frames = frames.collect();
    }
}
