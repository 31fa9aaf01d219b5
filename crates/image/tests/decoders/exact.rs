//! Sound streams: every frame, by every decoder that claims it, is what ffmpeg makes of it.

use fragkit_image::DecoderKind;

use crate::stream::{CAPTURES, Stream, TESTDATA, files, made, raw, read};

/// Returns how many decoders were tried.
fn assert_exact(stream: &Stream, name: &str) -> usize {
    let Some(expected) = stream.decoded_by_ffmpeg() else { return 0 };
    let kinds = DecoderKind::candidates(&stream.private);
    assert!(!kinds.is_empty(), "{name}: nothing decodes it");
    for kind in &kinds {
        let pictures = stream.decoded_by(*kind).unwrap_or_else(|error| panic!("{name}: {kind:?}: {error}"));
        assert_eq!(pictures.len(), stream.units.len(), "{name}: {kind:?}");
        let total: usize = pictures.iter().map(Vec::len).sum();
        assert_eq!(total, expected.len(), "{name}: {kind:?}: bytes of all frames");
        let mut rest = &expected[..];
        for (at, picture) in pictures.iter().enumerate() {
            let (frame, tail) = rest.split_at(picture.len());
            assert!(frame == picture, "{name}: {kind:?}: frame {at} as shown is another");
            rest = tail;
        }
    }
    kinds.len()
}

#[test]
fn files_decode_as_ffmpeg_decodes_them() {
    let mut seen = 0;
    for path in files(TESTDATA) {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        // Frames compressed by the container are refused before they get here.
        if let Some(stream) = read(&path).filter(|stream| !stream.units.is_empty() && name != "zlib.mkv") {
            seen += assert_exact(&stream, &name);
        }
    }
    assert!(seen == 0 || seen > 20, "{seen}");
}

#[test]
fn captures_decode_as_ffmpeg_decodes_them() {
    for path in files(CAPTURES) {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if let Some(stream) = read(&path).filter(|stream| !stream.units.is_empty()) {
            assert_exact(&stream, &name);
        }
    }
}

/// Options of ffmpeg, and how many decoders in Rust are to claim the stream.
const MADE: &[(&str, usize)] = &[
    ("testsrc2=s=176x144:r=25:d=2 -c:v libx264 -pix_fmt yuv420p -flags +ildct+ilme -x264-params tff=1:keyint=20", 1),
    ("testsrc2=s=176x144:r=25:d=1 -c:v libx264 -pix_fmt yuv420p -x264-params fake-interlaced=1:keyint=20", 1),
    ("testsrc2=s=176x144:r=25:d=2 -c:v libx264 -pix_fmt yuv420p10le -x264-params keyint=20", 1),
    ("testsrc2=s=176x144:r=25:d=2 -c:v libx264 -pix_fmt yuv422p -x264-params keyint=20", 1),
    ("testsrc2=s=176x144:r=25:d=1 -c:v libx264 -pix_fmt yuv422p10le -x264-params tff=1:keyint=20", 1),
    ("testsrc2=s=176x144:r=25:d=2 -c:v libx264 -pix_fmt gray -x264-params keyint=20", 1),
    ("testsrc2=s=174x142:r=25:d=1 -c:v libx264 -pix_fmt yuv420p -x264-params keyint=20:bframes=3:b-pyramid=normal", 2),
    ("testsrc2=s=174x142:r=25:d=2 -c:v libx264 -pix_fmt yuv420p -x264-params slices=5:keyint=20", 2),
    (
        "testsrc2=s=174x142:r=25:d=2 -c:v libx264 -profile:v baseline -pix_fmt yuv420p -x264-params slice-max-size=400",
        2,
    ),
    (
        "testsrc2=s=176x144:r=25:d=3 -c:v libx264 -pix_fmt yuv420p -x264-params open-gop=1:keyint=20:bframes=5:b-pyramid=normal",
        2,
    ),
    ("testsrc2=s=176x144:r=25:d=3 -c:v libx264 -pix_fmt yuv420p -x264-params intra-refresh=1:keyint=20", 2),
    (
        "testsrc2=s=176x144:r=25:d=2 -c:v libx264 -pix_fmt yuv420p -x264-params weightp=2:weightb=1:ref=6:direct=auto:8x8dct=1:keyint=30",
        2,
    ),
    ("testsrc2=s=174x142:r=25:d=2 -c:v libx265 -pix_fmt yuv420p -x265-params log-level=none:keyint=20:bframes=4", 2),
    (
        "testsrc2=s=176x144:r=25:d=2 -c:v libx265 -pix_fmt yuv420p10le -x265-params log-level=none:keyint=20:open-gop=1",
        2,
    ),
    ("testsrc2=s=320x240:r=25:d=2 -c:v libx265 -pix_fmt yuv420p -x265-params log-level=none:slices=3:keyint=20", 2),
    ("testsrc2=s=176x144:r=25:d=1 -c:v libx265 -pix_fmt yuv420p12le -x265-params log-level=none:keyint=20", 1),
    ("testsrc2=s=175x143:r=25:d=1 -c:v libx265 -pix_fmt yuv444p -x265-params log-level=none:keyint=20", 1),
    (
        "testsrc2=s=176x144:r=25:d=1 -c:v libx265 -pix_fmt yuv420p -x265-params log-level=none:intra-refresh=1:keyint=20",
        2,
    ),
    (
        "testsrc2=s=176x144:r=25:d=1 -c:v libx265 -pix_fmt yuv420p -x265-params log-level=none:temporal-layers=1:bframes=4",
        2,
    ),
];

#[test]
fn streams_made_on_the_spot_decode_as_ffmpeg_decodes_them() {
    for (options, decoders) in MADE {
        let Some(stream) = made(options) else { continue };
        let expected = decoders + usize::from(cfg!(feature = "ffmpeg"));
        assert_eq!(assert_exact(&stream, options), expected, "{options}");
    }
}

/// Nothing in Rust decodes these; libavcodec does.
#[test]
fn what_no_decoder_knows_has_no_candidates() {
    for options in [
        "testsrc2=s=176x144:r=25:d=1 -c:v libx264 -pix_fmt yuv444p",
        "testsrc2=s=175x143:r=25:d=1 -c:v libx265 -pix_fmt gray -x265-params log-level=none",
        "testsrc2=s=176x144:r=25:d=1 -c:v libx265 -pix_fmt yuv422p10le -x265-params log-level=none",
    ] {
        let Some(stream) = made(options) else { continue };
        if cfg!(feature = "ffmpeg") {
            assert_eq!(assert_exact(&stream, options), 1);
        } else {
            assert_eq!(DecoderKind::candidates(&stream.private), [], "{options}");
        }
    }
}

#[test]
fn wanted_pictures_are_exact_without_those_that_nothing_refers_to() {
    let mut left_out = 0;
    for options in [
        "testsrc2=s=176x144:r=25:d=2 -c:v libx264 -pix_fmt yuv420p -x264-params keyint=20:bframes=5:b-pyramid=normal",
        "testsrc2=s=176x144:r=25:d=2 -c:v libx264 -pix_fmt yuv420p10le -x264-params keyint=20:bframes=3",
        "testsrc2=s=176x144:r=25:d=2 -c:v libx265 -pix_fmt yuv420p -x265-params log-level=none:keyint=20:bframes=4",
    ] {
        let Some(stream) = made(options) else { continue };
        for kind in DecoderKind::candidates(&stream.private) {
            let all = stream.decode(kind, |_| true, |_| true).unwrap_or_else(|(_, error)| panic!("{kind:?}: {error}"));
            let wanted = |id: usize| id % 7 == 5;
            let pushed = |id: usize| wanted(id) || !stream.units[id].is_disposable(&stream.private);
            left_out += (0..stream.units.len()).filter(|id| !pushed(*id)).count();
            let some = stream.decode(kind, pushed, wanted).unwrap_or_else(|(_, error)| panic!("{kind:?}: {error}"));
            assert_eq!(some.len(), (0..stream.units.len()).filter(|id| wanted(*id)).count());
            for (id, picture) in some {
                let full = &all.iter().find(|(of, _)| *of == id).unwrap().1;
                assert!(raw(full) == raw(&picture), "{kind:?}: {options}: {id}");
            }
        }
    }
    assert!(left_out > 40 || std::process::Command::new("ffmpeg").output().is_err(), "{left_out}");
}

#[test]
fn leading_pictures_of_an_open_group_do_not_come_out_and_the_rest_is_exact() {
    for options in [
        "testsrc2=s=176x144:r=25:d=4 -c:v libx264 -pix_fmt yuv420p -x264-params open-gop=1:keyint=20:min-keyint=20:scenecut=0:bframes=5:b-adapt=0:b-pyramid=normal",
        "testsrc2=s=176x144:r=25:d=4 -c:v libx265 -pix_fmt yuv420p -x265-params log-level=none:open-gop=1:keyint=20:min-keyint=20:scenecut=0:bframes=4",
    ] {
        let Some(stream) = made(options) else { continue };
        let start = stream.units.iter().position(|unit| unit.shown.0 == 2).unwrap();
        let is_leading = |id: usize| id >= start && stream.units[id].shown < stream.units[start].shown;
        assert!((0..stream.units.len()).any(is_leading), "{options}");
        for kind in DecoderKind::candidates(&stream.private) {
            let all = stream.decode(kind, |_| true, |_| true).unwrap_or_else(|(_, error)| panic!("{kind:?}: {error}"));
            let late = stream
                .decode(kind, |id| id >= start, |_| true)
                .unwrap_or_else(|(_, error)| panic!("{kind:?}: {error}"));
            let ids = (start..stream.units.len()).filter(|id| !is_leading(*id));
            let mut came: Vec<usize> = late.iter().map(|(id, _)| *id).collect();
            came.sort_unstable();
            assert_eq!(came, ids.collect::<Vec<_>>(), "{kind:?}");
            for (id, picture) in late {
                let full = &all.iter().find(|(of, _)| *of == id).unwrap().1;
                assert!(raw(full) == raw(&picture), "{kind:?}: {options}: {id}");
            }
        }
    }
}
