//! Damaged streams: no picture comes out that differs from what it was before the damage, as far as that can be told.

use fragkit_image::{DecodeErrorKind, DecoderKind};

use crate::stream::{Stream, made, raw};

const STREAMS: &[&str] = &[
    "testsrc2=s=176x144:r=25:d=2 -c:v libx264 -pix_fmt yuv420p -x264-params keyint=25:bframes=3:b-pyramid=normal",
    "testsrc2=s=176x144:r=25:d=2 -c:v libx264 -profile:v baseline -pix_fmt yuv420p -x264-params keyint=25:slices=3",
    "testsrc2=s=176x144:r=25:d=2 -c:v libx264 -pix_fmt yuv420p10le -x264-params keyint=25",
    "testsrc2=s=176x144:r=25:d=2 -c:v libx265 -pix_fmt yuv420p -x265-params log-level=none:keyint=25:bframes=4",
    "testsrc2=s=320x240:r=25:d=2 -c:v libx265 -pix_fmt yuv420p10le -x265-params log-level=none:keyint=25:slices=3",
];

/// Pictures that came out and are not what they are in the sound stream; and the error.
fn wrong(
    stream: &Stream,
    damaged: &Stream,
    kind: DecoderKind,
    gone: Option<usize>,
) -> (usize, Option<DecodeErrorKind>) {
    let sound = stream.decode(kind, |_| true, |_| true).unwrap_or_else(|(_, error)| panic!("{kind:?}: {error}"));
    let (pictures, error) = match damaged.decode(kind, |id| Some(id) != gone, |_| true) {
        Ok(pictures) => (pictures, None),
        Err((pictures, error)) => (pictures, Some(error.kind)),
    };
    let differs = |(id, picture): &&(usize, _)| {
        let full = &sound.iter().find(|(of, _)| of == id).unwrap().1;
        raw(full) != raw(picture)
    };
    (pictures.iter().filter(differs).count(), error)
}

#[test]
fn a_missing_reference_is_an_error_and_gives_no_wrong_picture() {
    for options in STREAMS {
        let Some(stream) = made(options) else { continue };
        for kind in DecoderKind::candidates(&stream.private) {
            let mut tried = 0;
            // The last frame of all is missed by none.
            for gone in 0..stream.units.len() - 1 {
                // Frames up to the next key frame may depend on it.
                if stream.units[gone].is_disposable(&stream.private) {
                    continue;
                }
                let key =
                    |id: usize| stream.units.get(id).is_none_or(|unit| unit.shown.0 != stream.units[gone].shown.0);
                if key(gone + 1) {
                    continue;
                }
                let (wrong, error) = wrong(&stream, &stream, kind, Some(gone));
                assert_eq!((wrong, error), (0, Some(DecodeErrorKind::Damaged)), "{kind:?}: {options}: without {gone}");
                tried += 1;
            }
            assert!(tried > 10, "{kind:?}: {options}");
        }
    }
}

#[test]
fn a_missing_slice_is_an_error_and_gives_no_wrong_picture() {
    for options in [STREAMS[1], STREAMS[4]] {
        let Some(stream) = made(options) else { continue };
        // rust_h265 and libavcodec's H.265 decoder leave something and say nothing.
        let kinds = DecoderKind::candidates(&stream.private);
        let tells = |kind: &DecoderKind| !matches!(format!("{kind:?}").as_str(), "RustH265" | "FfmpegH265");
        for kind in kinds.into_iter().filter(tells) {
            for at in [0, 3, 10] {
                let slices: Vec<usize> = (0..stream.units[at].nals.len())
                    .filter(|nal| stream.units[at].nals[*nal].len() > 2)
                    .rev()
                    .take(3)
                    .collect();
                for slice in slices {
                    let mut damaged = stream.clone();
                    damaged.units[at].nals.remove(slice);
                    let (wrong, error) = wrong(&stream, &damaged, kind, None);
                    assert_eq!(wrong, 0, "{kind:?}: {options}: frame {at} without slice {slice}");
                    assert!(error.is_some(), "{kind:?}: {options}: frame {at} without slice {slice}");
                }
            }
        }
    }
}

/// Arithmetic coding (CABAC) goes on behind the end of a slice as if there were zeros, and neither the decoders of H.264 in Rust nor
/// libavcodec's of H.265 look whether it went too far. Frames that end within a slice are noticed before, by the lengths of their units.
#[test]
fn a_slice_that_breaks_off_is_an_error_and_gives_no_wrong_picture() {
    for (options, cabac) in STREAMS.iter().zip([true, false, true, true, true]) {
        let Some(stream) = made(options) else { continue };
        for kind in DecoderKind::candidates(&stream.private) {
            let silent = matches!(format!("{kind:?}").as_str(), "RustyH264" | "RustH264" | "FfmpegH265");
            let noticed = !(cabac && silent);
            for at in [0, 5, 20] {
                let mut damaged = stream.clone();
                let slice = damaged.units[at].nals.last_mut().unwrap();
                slice.truncate(slice.len() / 2);
                let (wrong, error) = wrong(&stream, &damaged, kind, None);
                if noticed {
                    assert_eq!((wrong, error), (0, Some(DecodeErrorKind::Damaged)), "{kind:?}: {options}: frame {at}");
                } else {
                    assert!(error.is_none_or(|error| error == DecodeErrorKind::Damaged), "{kind:?}: {error:?}");
                    assert!(wrong <= damaged.units.len() - at, "{kind:?}: frame {at}: {wrong}");
                }
            }
        }
    }
}

/// Nothing but a picture's own syntax tells of a flipped bit, so some get through. It is counted here, for all decoders.
#[test]
fn flipped_bytes_do_no_more_than_break_pictures() {
    for options in STREAMS {
        let Some(stream) = made(options) else { continue };
        for kind in DecoderKind::candidates(&stream.private) {
            let (mut told, mut silent, mut harmless) = (0, 0, 0);
            let mut seed = 1_u32;
            for _ in 0..16 {
                seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                let mut damaged = stream.clone();
                let at = usize::try_from(seed >> 8).unwrap() % (damaged.units.len() - 1);
                let slice = damaged.units[at].nals.last_mut().unwrap();
                let middle = slice.len() / 2;
                slice[middle] ^= u8::try_from(seed >> 24).unwrap() | 1;
                let (wrong, error) = wrong(&stream, &damaged, kind, None);
                assert!(error != Some(DecodeErrorKind::Panic), "{kind:?}: {options}: frame {at}");
                // All but the pictures behind it are as they were.
                assert!(wrong <= damaged.units.len() - at, "{kind:?}: {options}: frame {at}: {wrong}");
                match (wrong, error) {
                    (0, None) => harmless += 1,
                    (0, Some(_)) => told += 1,
                    (_, _) => silent += 1,
                }
            }
            println!("{kind:?}: {told} told, {silent} with wrong pictures, {harmless} harmless: {options}");
        }
    }
}
