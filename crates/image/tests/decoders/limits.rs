//! Limits stand in front of the decoder, for sets from private data and for those that come with frames.

use fragkit_image::{AccessUnit, DecodeErrorKind, DecoderKind, decoder::Limits};

use crate::stream::{TESTDATA, read};

#[test]
fn a_picture_past_the_limit_is_refused_from_private_data_and_in_band() {
    for name in ["h264-baseline.mkv", "h265-main10.mkv"] {
        let stream = read(&std::path::Path::new(TESTDATA).join(name)).unwrap();
        let owned = stream.sets();
        let sets: Vec<&[u8]> = owned.iter().map(Vec::as_slice).collect();
        for kind in DecoderKind::candidates(&stream.private) {
            for (limits, limit) in [
                (Limits { max_picture_pixels: 160 * 120 - 1, ..Limits::default() }, "limit max_picture_pixels: "),
                (Limits { max_buffer_bytes: 500_000, ..Limits::default() }, "limit max_buffer_bytes: "),
            ] {
                let refused = kind.open_with(&sets, limits).err().unwrap();
                assert_eq!(refused.kind, DecodeErrorKind::Limit);
                assert!(refused.message.starts_with(limit), "{refused}");
                let mut decoder = kind.open_with(&[], limits).unwrap();
                let refused = decoder.push(AccessUnit { id: 0, wanted: true, units: &sets }).unwrap_err();
                assert!(refused.message.starts_with(limit), "{refused}");
                let again = decoder.push(AccessUnit { id: 1, wanted: true, units: &[] });
                assert_eq!(again, Err(refused));
            }
        }
    }
}

#[test]
fn sets_that_come_in_band_only_are_enough() {
    let stream = read(&std::path::Path::new(TESTDATA).join("h264-slices-inband.mkv")).unwrap();
    for kind in DecoderKind::candidates(&stream.private) {
        let mut decoder = kind.open(&[]).unwrap();
        let units: Vec<&[u8]> = stream.units[0].nals.iter().map(Vec::as_slice).collect();
        decoder.push(AccessUnit { id: 7, wanted: true, units: &units }).unwrap();
        decoder.flush().unwrap();
        assert_eq!(decoder.take().unwrap().0, 7);
    }
}
