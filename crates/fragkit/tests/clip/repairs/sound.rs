//! AAC with ADTS headers or without private data, and G.711 with a WAVEFORMATEX that is not right.

use fragkit::ClipErrorKind;
use fragkit::codec::CodecPrivate;
use fragkit::codec::aac::AudioSpecificConfig;

use super::*;
use crate::rewritten::*;

const STEREO: &str = "aac-stereo.mkv";
const MONO: &str = "aac-mono.mkv";
const AAC: &[&str] = &[STEREO, MONO, MAIN, HIGH];
const ALAW: &str = "alaw.mkv";
const ULAW: &str = "ulaw.mkv";
const G711: &[&str] = &[ALAW, ULAW, "h264-alaw.mkv", "h264-ulaw.mkv"];

const FROM_ADTS: Option<&str> = Some("an AudioSpecificConfig was built from the ADTS header of its frames");
const FROM_CODEC_ID: Option<&str> = Some("an AudioSpecificConfig was built from the codec id and the Audio element");
const HEADERS_OFF: Option<&str> = Some("the headers are taken off");
const ADTS_HEADER: &str = "AAC frame byte 0: begins with an ADTS header";

/// Puts an ADTS header in front of each frame of AAC.
fn with_adts(stream: &mut Stream, crc: bool) {
    let config = aac(stream);
    stream.sounds(|raw| adts(&config, raw, crc));
}

fn aac(stream: &mut Stream) -> AudioSpecificConfig {
    let mut config = None;
    stream.audio(|entry| config = Some(parsed(entry)));
    let Some(CodecPrivate::Aac(config)) = config else { panic!("no AAC") };
    config
}

#[test]
fn adts_headers_are_taken_off_and_private_data_of_aac_is_made() {
    use Count::{Once, Sounds};
    let row =
        |name, breaks, told| Row { name, sources: AAC, breaks, told, strict: refused_frame("begins with an ADTS") };
    let missing = || Strict::Refused(ClipErrorKind::MissingCodecPrivateData, NO_PRIVATE);
    check_rows(&[
        row(
            "an encoder that gives ADTS",
            |stream| with_adts(stream, false),
            &[Told(FRAME, HEADERS_OFF, ADTS_HEADER, Sounds)],
        ),
        row("ADTS with checksums", |stream| with_adts(stream, true), &[Told(FRAME, HEADERS_OFF, ADTS_HEADER, Sounds)]),
        Row {
            strict: refused_frame("is 2 ADTS frames"),
            ..row(
                "two ADTS frames in a block",
                |stream| {
                    with_adts(stream, false);
                    stream.sounds_in_pairs();
                },
                &[Told(FRAME, HEADERS_OFF, "is 2 ADTS frames, one without its header", Sounds)],
            )
        },
        Row {
            strict: missing(),
            ..row(
                "ADTS without private data",
                |stream| {
                    with_adts(stream, false);
                    stream.audio(|entry| entry.codec_private = None);
                },
                &[Told(MISSING, FROM_ADTS, NO_PRIVATE, Once), Told(FRAME, HEADERS_OFF, ADTS_HEADER, Sounds)],
            )
        },
        Row {
            strict: refused_private("an ADTS header begins like this"),
            ..row(
                "ADTS, and a header of it for private data",
                |stream| {
                    with_adts(stream, false);
                    let header = adts(&aac(stream), &[], false);
                    stream.audio(|entry| entry.codec_private = Some(header.clone().into()));
                },
                &[
                    Told(PRIVATE, NEW_RECORD, "audioObjectType is expected, an ADTS header stands there", Once),
                    Told(FRAME, HEADERS_OFF, ADTS_HEADER, Sounds),
                ],
            )
        },
        Row {
            strict: refused_private(""),
            ..row(
                "an ADTS header for private data, raw frames",
                |stream| {
                    let header = adts(&aac(stream), &[], false);
                    stream.audio(|entry| entry.codec_private = Some(header.clone().into()));
                },
                &[Told(PRIVATE, NEW_RECORD, "audioObjectType is expected, an ADTS header stands there", Once)],
            )
        },
        Row {
            strict: missing(),
            ..row(
                "Matroska's old codec id and no private data",
                |stream| {
                    stream.audio(|entry| {
                        entry.codec_id = "A_AAC/MPEG4/LC".into();
                        entry.codec_private = None;
                    });
                },
                &[Told(MISSING, FROM_CODEC_ID, NO_PRIVATE, Once)],
            )
        },
        Row {
            strict: missing(),
            ..row(
                "A_AAC and no private data",
                |stream| stream.audio(|entry| entry.codec_private = None),
                &[Told(MISSING, FROM_CODEC_ID, NO_PRIVATE, Once)],
            )
        },
    ]);
}

/// Changes the fields of a WAVEFORMATEX.
fn wave(stream: &mut Stream, change: impl Fn(&mut Vec<u8>)) {
    stream.audio(|entry| private(entry, &change));
}

#[test]
fn waveformatex_is_put_right() {
    use Count::Once;
    let row = |name, breaks, told| Row { name, sources: G711, breaks, told, strict: Strict::Clip };
    check_rows(&[
        row(
            "the C producer: an eighth of the bytes a second, and no bits a sample",
            |stream| {
                wave(stream, |wave| {
                    let eighth = u32::from_le_bytes(wave[8..12].try_into().unwrap()) / 8;
                    wave[8..12].copy_from_slice(&eighth.to_le_bytes());
                    wave[14..16].fill(0);
                });
            },
            &[
                Told(None, NEW_RECORD, "nAvgBytesPerSec is 1000, the Kinesis Video C producer's eighth", Once),
                Told(None, NEW_RECORD, "wBitsPerSample is 0, as the Kinesis Video C producer leaves it", Once),
            ],
        ),
        row(
            "no bytes a second",
            |stream| wave(stream, |wave| wave[8..12].fill(0)),
            &[Told(None, NEW_RECORD, "nAvgBytesPerSec is 0; 8000 samples a second", Once)],
        ),
        row(
            "a block of two bytes, as for 16 bits",
            |stream| wave(stream, |wave| wave[12..14].copy_from_slice(&[2, 0])),
            &[Told(None, NEW_RECORD, "nBlockAlign is 2, 1 channels of 8 bits make 1", Once)],
        ),
        row("16 bytes, without cbSize", |stream| wave(stream, |wave| wave.truncate(16)), &[]),
        row("20 bytes, two of them behind cbSize 0", |stream| wave(stream, |wave| wave.resize(20, 0)), &[]),
        row(
            "20 bytes, two of them announced",
            |stream| {
                wave(stream, |wave| {
                    wave.resize(20, 0);
                    wave[16] = 2;
                });
            },
            &[],
        ),
        Row {
            strict: refused_private("its bytes turned around"),
            ..row(
                "all fields big-endian",
                |stream| {
                    wave(stream, |wave| {
                        for field in [0..2, 2..4, 4..8, 8..12, 12..14, 14..16, 16..18] {
                            wave[field].reverse();
                        }
                    });
                },
                &[Told(PRIVATE, NEW_RECORD, "with its bytes turned around: the fields are big-endian", Once)],
            )
        },
        row("a codec id in a buffer of fixed size", |stream| stream.audio(|entry| entry.codec_id += "\0\0\0"), &[]),
    ]);
}
