//! Private data of video that is missing, of the wrong form, or at odds with itself.

use bytes::Bytes;
use fragkit::ClipErrorKind;
use fragkit::codec::CodecPrivate;
use fragkit::mkv::TrackEntry;

use super::*;
use crate::rewritten::*;

#[test]
fn private_data_in_another_form_becomes_a_record() {
    use Count::Once;
    let annex_b = |name, breaks| Row {
        name,
        sources: VIDEO,
        breaks,
        told: &[Told(PRIVATE, NEW_RECORD, CODES_IN_PRIVATE, Once)],
        strict: refused_private(CODES_IN_PRIVATE),
    };
    check_rows(&[
        annex_b("start codes of four bytes", |stream| stream.video(|entry| private_of_sets(entry, long_codes))),
        annex_b("start codes of three bytes", |stream| stream.video(|entry| private_of_sets(entry, short_codes))),
        annex_b("start codes with zeros around the units", |stream| {
            stream.video(|entry| private_of_sets(entry, with_zeros));
        }),
        annex_b("an encoder that begins with an access unit delimiter", |stream| {
            stream.video(|entry| {
                let first = [delimiter(&entry.codec_id)];
                private_of_sets(entry, |sets| mixed_codes(&behind(&first, sets)));
            });
        }),
        annex_b("x264's SEI in front of the parameter sets", |stream| {
            stream.video(|entry| {
                let first = [message(&entry.codec_id)];
                private_of_sets(entry, |sets| long_codes(&behind(&first, sets)));
            });
        }),
        Row {
            name: "parameter sets with lengths of four bytes and no record around them",
            sources: AVC_ALL,
            breaks: |stream| stream.video(|entry| private_of_sets(entry, lengths::<4>)),
            told: &[Told(PRIVATE, NEW_RECORD, "avcC byte 0: configurationVersion is 0, 1 is the only one", Once)],
            strict: refused_private("configurationVersion is 0"),
        },
        Row {
            name: "parameter sets with lengths of two bytes and no record around them",
            sources: AVC_ALL,
            breaks: |stream| stream.video(|entry| private_of_sets(entry, lengths::<2>)),
            told: &[Told(PRIVATE, NEW_RECORD, "avcC byte 0: configurationVersion is 0, 1 is the only one", Once)],
            strict: refused_private("configurationVersion is 0"),
        },
        Row {
            name: "H.265 parameter sets with lengths and no record around them",
            sources: HEVC_ALL,
            breaks: |stream| stream.video(|entry| private_of_sets(entry, lengths::<4>)),
            told: &[Told(PRIVATE, NEW_RECORD, "hvcC byte 28: nalUnit is cut off", Once)],
            strict: refused_private("nalUnit is cut off"),
        },
        Row {
            name: "avcC of version 0",
            sources: AVC_ALL,
            breaks: |stream| stream.video(|entry| private(entry, |private| private[0] = 0)),
            told: &[Told(PRIVATE, NEW_RECORD, "avcC byte 0: configurationVersion is 0, 1 is the only one", Once)],
            strict: refused_private("configurationVersion is 0"),
        },
        Row {
            name: "avcC that names another profile than its SPS",
            sources: AVC_ALL,
            breaks: |stream| stream.video(|entry| private(entry, |private| private[1] = 88)),
            told: &[Told(PRIVATE, NEW_RECORD, "avcC: AVCProfileIndication is 88, the SPS says ", Once)],
            strict: refused_private("AVCProfileIndication is 88"),
        },
        Row {
            name: "avcC with a level below that of its SPS",
            sources: AVC_ALL,
            breaks: |stream| stream.video(|entry| private(entry, |private| private[3] = 10)),
            told: &[Told(PRIVATE, NEW_RECORD, "avcC: AVCLevelIndication is 10, the SPS says 1", Once)],
            strict: refused_private("AVCLevelIndication is 10"),
        },
        Row {
            name: "hvcC whose arrays have their positions for types",
            sources: HEVC_ALL,
            breaks: |stream| stream.video(|entry| array_types(entry, [0, 1, 2])),
            told: &[
                Told(PRIVATE, NEW_RECORD, "hvcC: NAL_unit_type is 0, arrays hold 32", Once),
                Told(PRIVATE, NEW_RECORD, "hvcC: nalUnit has nal_unit_type 32 in the array of 0", Once),
                Told(PRIVATE, NEW_RECORD, "hvcC: NAL_unit_type is 1, arrays hold 32", Once),
                Told(PRIVATE, NEW_RECORD, "hvcC: nalUnit has nal_unit_type 33 in the array of 1", Once),
                Told(PRIVATE, NEW_RECORD, "hvcC: NAL_unit_type is 2, arrays hold 32", Once),
                Told(PRIVATE, NEW_RECORD, "hvcC: nalUnit has nal_unit_type 34 in the array of 2", Once),
            ],
            strict: refused_private("NAL_unit_type is 0"),
        },
        Row {
            name: "hvcC with the types of two arrays swapped",
            sources: HEVC_ALL,
            breaks: |stream| stream.video(|entry| array_types(entry, [33, 32, 34])),
            told: &[
                Told(PRIVATE, NEW_RECORD, "hvcC: nalUnit has nal_unit_type 32 in the array of 33", Once),
                Told(PRIVATE, NEW_RECORD, "hvcC: nalUnit has nal_unit_type 33 in the array of 32", Once),
            ],
            strict: refused_private("nal_unit_type 32 in the array of 33"),
        },
        Row {
            name: "hvcC of version 0, as from before the standard",
            sources: HEVC_ALL,
            breaks: |stream| stream.video(|entry| private(entry, |private| private[0] = 0)),
            told: &[Told(
                PRIVATE,
                NEW_RECORD,
                "hvcC: configurationVersion is 0, 1 is the only one; writers from before",
                Once,
            )],
            strict: refused_private("configurationVersion is 0"),
        },
        Row {
            name: "hvcC with level 0",
            sources: HEVC_ALL,
            breaks: |stream| stream.video(|entry| private(entry, |private| private[12] = 0)),
            told: &[Told(PRIVATE, NEW_RECORD, "hvcC: general_level_idc is 0, the SPS says 30 (level 1)", Once)],
            strict: refused_private("general_level_idc is 0"),
        },
        Row {
            name: "Kinesis Video's documentation: V_MPEG/ISO/AVC, and a buffer of fixed size for the codec id",
            sources: VIDEO,
            breaks: |stream| {
                stream.video(|entry| entry.codec_id = entry.codec_id.replace("H/", "/").replace("4/", "/") + "\0\0\0");
                stream.audio(|entry| entry.codec_id.push('\0'));
            },
            told: &[],
            strict: Strict::Clip,
        },
    ]);
}

/// Gives the arrays of an hvcC other types.
fn array_types(entry: &mut TrackEntry, types: [u8; 3]) {
    let CodecPrivate::Hevc(mut record) = parsed(entry) else { panic!("no H.265") };
    record.arrays.retain(|array| (32..=34).contains(&array.nal_unit_type));
    for (array, nal_unit_type) in record.arrays.iter_mut().zip(types) {
        array.nal_unit_type = nal_unit_type;
    }
    entry.codec_private = Some(record.write().unwrap().into());
}

/// Takes the private data away, and puts its parameter sets into the key frames, packed like the rest of them.
fn in_band(stream: &mut Stream, pack: fn(&[Vec<u8>]) -> Vec<u8>) {
    let mut sets = Vec::new();
    stream.video(|entry| {
        sets = crate::rewritten::sets(entry);
        entry.codec_private = None;
    });
    stream.pictures(|picture| {
        let first = if picture.keyframe { &sets[..] } else { &[] };
        pack(&behind(first, picture.units))
    });
}

#[test]
fn missing_private_data_is_built_from_the_frames() {
    use Count::{Once, Pictures};
    let refused = || Strict::Refused(ClipErrorKind::MissingCodecPrivateData, NO_PRIVATE);
    check_rows(&[
        Row {
            name: "no private data, parameter sets in the key frames",
            sources: &[SLICES, HEVC_IN_BAND],
            breaks: |stream| stream.video(|entry| entry.codec_private = None),
            told: &[Told(MISSING, FROM_FRAMES, NO_PRIVATE, Once)],
            strict: refused(),
        },
        Row {
            name: "empty private data, parameter sets in the key frames",
            sources: &[SLICES, HEVC_IN_BAND],
            breaks: |stream| stream.video(|entry| entry.codec_private = Some(Bytes::new())),
            told: &[Told(MISSING, FROM_FRAMES, NO_PRIVATE, Once)],
            strict: refused(),
        },
        Row {
            name: "no private data, parameter sets put in front of the key frames",
            sources: VIDEO,
            breaks: |stream| in_band(stream, lengths::<4>),
            told: &[Told(MISSING, FROM_FRAMES, NO_PRIVATE, Once)],
            strict: refused(),
        },
        Row {
            name: "an encoder's byte stream as it is, without private data",
            sources: VIDEO,
            breaks: |stream| in_band(stream, mixed_codes),
            told: &[Told(MISSING, FROM_FRAMES, NO_PRIVATE, Once), Told(FRAME, CONVERTED, CODES_IN_FRAME, Pictures)],
            strict: refused(),
        },
        Row {
            name: "no private data, and lengths of two bytes",
            sources: VIDEO,
            breaks: |stream| in_band(stream, lengths::<2>),
            told: &[Told(MISSING, FROM_FRAMES, NO_PRIVATE, Once)],
            strict: refused(),
        },
    ]);
}
