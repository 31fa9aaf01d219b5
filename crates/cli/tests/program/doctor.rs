//! `fragkit inspect` as the doctor of streams that the service refuses: each cause has a message and a cure of its own, and
//! `clip --strict` refuses with the same exception.

use std::collections::HashSet;

use fragkit::codec::nal;
use fragkit::mkv::TrackEntry;
use fragkit::{ChunkLayout, ChunkWriter, Frame, Item, Nanos, Source, Timestamp};
use serde_json::{Value, json};

use crate::process::{Done, Folder, fragkit};
use crate::streams::{testdata, testdata_bytes};

/// A healthy stream that something is done to.
struct Patient {
    tracks: Vec<TrackEntry>,
    fragments: Vec<Vec<Frame>>,
}

impl Patient {
    /// The first two fragments of a file of testdata.
    fn new(name: &str) -> Patient {
        let items = Source::open([testdata(name)]).unwrap().items();
        let fragments =
            items.filter_map(|item| if let Item::Fragment(fragment) = item { Some(fragment) } else { None });
        let fragments: Vec<_> = fragments.take(2).collect();
        let tracks = fragments[0].head.tracks.iter().map(|track| track.entry.clone()).collect();
        Patient { tracks, fragments: fragments.into_iter().map(|fragment| fragment.frames).collect() }
    }

    /// Changes the track with this number.
    fn track(mut self, number: u64, change: impl Fn(&mut TrackEntry)) -> Patient {
        self.tracks.iter_mut().filter(|track| track.number == number).for_each(change);
        self
    }

    /// Gives the track with this number other private data.
    fn private(self, number: u64, change: impl Fn(&[u8]) -> Vec<u8>) -> Patient {
        self.track(number, |track| {
            track.codec_private = Some(change(track.codec_private.as_deref().unwrap_or_default()).into());
        })
    }

    fn without_private(self, number: u64) -> Patient {
        self.track(number, |track| track.codec_private = None)
    }

    /// Changes the payload of the frames of a track.
    fn frames(mut self, number: u64, change: impl Fn(&[u8]) -> Vec<u8>) -> Patient {
        let frames = self.fragments.iter_mut().flatten().filter(|frame| frame.track == number);
        frames.for_each(|frame| frame.payload = change(&frame.payload).into());
        self
    }

    /// Changes one frame of the first fragment: the one with this place among those of its track.
    fn frame(mut self, number: u64, at: usize, change: impl Fn(&mut Frame)) -> Patient {
        change(self.fragments[0].iter_mut().filter(|frame| frame.track == number).nth(at).unwrap());
        self
    }

    fn stream(&self) -> Vec<u8> {
        let writer = ChunkWriter::new(ChunkLayout::default());
        let chunks = self.fragments.iter().zip(1_u64..).flat_map(|(frames, number)| {
            let time = Timestamp::from_millis(i64::try_from(number).unwrap() * 10_000);
            writer.chunk(&number.into(), time, time, &self.tracks, &[], Nanos::ZERO, frames)
        });
        chunks.collect()
    }
}

/// What is wrong with a patient, and what its finding says.
struct Case {
    patient: Patient,
    severity: &'static str,
    message: &'static str,
    repair: Option<&'static str>,
    hint: &'static str,
}

fn inspected(options: &str, stream: &[u8]) -> Value {
    fragkit("inspect --json -").words(options).stdin(stream).done().quiet().json()
}

/// The only finding with this message.
#[track_caller]
fn finding(read: &Value, message: &str) -> Value {
    let findings = read["findings"].as_array().unwrap();
    let mut found = findings.iter().filter(|finding| finding["message"] == message);
    let first = found.next().unwrap_or_else(|| panic!("{message}\nis not among {findings:#?}"));
    assert!(found.next().is_none(), "told once: {message}");
    first.clone()
}

/// An output by its name.
fn output(read: &Value, name: &str) -> Value {
    read["outputs"].as_array().unwrap().iter().find(|output| output["name"] == name).unwrap().clone()
}

/// How `clip` from a pipe ends, which looks at every frame.
fn clipped(options: &str, stream: &[u8]) -> Done {
    let folder = Folder::new();
    fragkit("clip - -o").arg(folder.join("clip.mp4")).words(options).stdin(stream).done()
}

/// Each cause is told in its own words with its own cure, and `clip` does as `inspect` says.
#[track_caller]
fn assert_told(exception: &str, cases: &[Case]) {
    for Case { patient, severity, message, repair, hint } in cases {
        let stream = patient.stream();
        let read = inspected("", &stream);
        let told = finding(&read, message);
        let expected = json!({
            "severity": severity,
            "exception": exception,
            "offset": told["offset"],
            "path": told["path"],
            "fragment_number": "1",
            "message": message,
            "repair": repair,
            "hint": hint,
        });
        assert_eq!(told, expected);
        let clip = output(&read, "clip");
        assert_eq!((&clip["service"], &clip["exception"]), (&json!(false), &json!(exception)), "{message}");
        assert_eq!(clip["fragkit"], clipped("", &stream).code == Some(0), "{message}");

        let strict = inspected("--strict", &stream);
        let refused = clipped("--strict", &stream);
        assert_eq!((refused.code, refused.errors().len()), (Some(1), 1), "{}", refused.stderr);
        assert!(refused.errors()[0].contains(&format!("[{exception}]")), "{}", refused.stderr);
        assert_eq!(output(&strict, "clip")["fragkit"], false, "{message}");
        let errors = strict["findings"].as_array().unwrap().iter().filter(|each| each["severity"] == "error");
        let refusal: Vec<_> = errors.filter(|each| each["exception"] == exception).collect();
        assert!(!refusal.is_empty() && refusal.iter().all(|each| each["repair"].is_null()), "{message}");
    }
    let told: HashSet<_> = cases.iter().map(|case| (case.message, case.hint)).collect();
    let hints: HashSet<_> = cases.iter().map(|case| case.hint).collect();
    assert_eq!((told.len(), hints.len()), (cases.len(), cases.len()), "each has words of its own");
    assert!(cases.len() >= 3);
}

/// The SPS and the PPS of an avcC with one of each.
fn avc_sets(record: &[u8]) -> (&[u8], &[u8]) {
    let sps_end = 8 + usize::from(record[7]);
    let pps_start = sps_end + 3;
    (&record[8..sps_end], &record[pps_start..pps_start + usize::from(record[pps_start - 1])])
}

fn with_byte(bytes: &[u8], at: usize, byte: u8) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    bytes[at] = byte;
    bytes
}

fn annex_b(payload: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    nal::length_prefixed_to_annex_b(payload, nal::LengthSize::Four, &mut out).unwrap();
    out
}

/// NAL units with lengths of four bytes, written with lengths of two.
fn short_lengths(payload: &[u8]) -> Vec<u8> {
    let units = nal::length_prefixed(payload, nal::LengthSize::Four).map(|unit| payload[unit.unwrap()].to_vec());
    units.flat_map(|unit| [&u16::try_from(unit.len()).unwrap().to_be_bytes()[..], &unit].concat()).collect()
}

/// An AAC frame behind an ADTS header of 48 kHz stereo.
fn adts(payload: &[u8]) -> Vec<u8> {
    let [_, high, middle, low] = (u32::try_from(payload.len() + 7).unwrap() << 5 | 0x1f).to_be_bytes();
    [&[0xff, 0xf1, 0x4c, 0x80 | high, middle, low, 0xfc], payload].concat()
}

/// An AAC frame behind a LOAS header.
fn loas(payload: &[u8]) -> Vec<u8> {
    let [high, low] = u16::try_from(payload.len()).unwrap().to_be_bytes();
    [&[0x56, 0xe0 | high, low], payload].concat()
}

/// A NAL unit as RTP carries a part of it.
fn fragmentation_unit(payload: &[u8]) -> Vec<u8> {
    let unit = [&[0x7c, 0x85], &payload[5..]].concat();
    [&u32::try_from(unit.len()).unwrap().to_be_bytes()[..], &unit].concat()
}

#[test]
fn missing_private_data_is_told_with_what_is_missing() {
    let cases = [
        Case {
            patient: Patient::new("h264-slices-inband.mkv").without_private(1),
            severity: "warning",
            message: "track 1: avcC: there are no bytes (ISO/IEC 14496-15, 5.3.3.1)",
            repair: Some("a configuration record was built from the parameter sets in its frames"),
            hint: "have the producer send a configuration record, or set the NAL adaptation flags so that it takes the \
                   parameter sets from the first key frame (NAL_ADAPTATION_ANNEXB_CPD_NALS | \
                   NAL_ADAPTATION_ANNEXB_NALS)",
        },
        Case {
            patient: Patient::new("h264-baseline.mkv").private(1, |record| {
                let (sps, _) = avc_sets(record);
                [&record[..8 + sps.len()], &[0]].concat()
            }),
            severity: "error",
            message: "track 1: avcC byte 31: numOfPictureParameterSets is 0, at least one is needed \
                      (ISO/IEC 14496-15, 5.3.3.1)",
            repair: None,
            hint: "the record needs an SPS and a PPS; encoders often give them in two buffers: collect both before the \
                   stream is made",
        },
        Case {
            // Without its first array, that of the VPS.
            patient: Patient::new("h265-main10.mkv").private(1, |record| {
                let array = 23..28 + usize::from(record[27]);
                [&record[..22], &[record[22] - 1], &record[array.end..]].concat()
            }),
            severity: "error",
            message: "track 1: hvcC: VPS count is 0, at least one is needed (ISO/IEC 14496-15, 8.3.3.1)",
            repair: None,
            hint: "the record needs a VPS, an SPS and a PPS; collect all three from the encoder before the stream is made",
        },
        Case {
            patient: Patient::new("h264-main-aac.mkv").without_private(2),
            severity: "warning",
            message: "track 2: AudioSpecificConfig: there are no bytes (ISO/IEC 14496-3, 1.6.2.1)",
            repair: Some("an AudioSpecificConfig was built from the codec id and the Audio element"),
            hint: "pass the AudioSpecificConfig, two bytes for AAC-LC: object type, rate and channels (11 90 is 48 kHz \
                   stereo)",
        },
        Case {
            patient: Patient::new("h264-alaw.mkv").without_private(2),
            severity: "error",
            message: "track 2: WAVEFORMATEX: there are no bytes (mmreg.h)",
            repair: None,
            hint: "pass a WAVEFORMATEX of 18 bytes: format tag 6 (A-law) or 7 (mu-law), channels, rate, bytes a second, \
                   block align, 8 bits, size 0",
        },
    ];
    assert_told("MissingCodecPrivateDataException", &cases);
}

#[test]
fn invalid_private_data_is_told_with_what_it_should_be() {
    let cases = [
        Case {
            patient: Patient::new("h264-baseline.mkv").private(1, |record| {
                let (sps, pps) = avc_sets(record);
                [&[0, 0, 0, 1], sps, &[0, 0, 0, 1], pps].concat()
            }),
            severity: "warning",
            message: "track 1: avcC byte 0: configurationVersion is expected, an Annex B start code stands there \
                      (ISO/IEC 14496-15, 5.3.3.1)",
            repair: Some("a new one was built from the private data itself"),
            hint: "have the producer adapt its private data: set the NAL adaptation flag NAL_ADAPTATION_ANNEXB_CPD_NALS, \
                   or in GStreamer put h264parse or h265parse before kvssink with stream-format=avc or hvc1",
        },
        Case {
            // The whole box.
            patient: Patient::new("h264-baseline.mkv")
                .private(1, |record| [&[0, 0, 0, 47], b"avcC".as_slice(), record].concat()),
            severity: "error",
            message: "track 1: avcC byte 0: configurationVersion is 0, 1 is the only one (ISO/IEC 14496-15, 5.3.3.1)",
            repair: None,
            hint: "pass the payload of the avcC or hvcC box, which begins with 01: not the box with its header, not a \
                   bare SPS",
        },
        Case {
            patient: Patient::new("h264-baseline.mkv").private(1, |record| record[..20].to_vec()),
            severity: "error",
            message: "track 1: avcC byte 8: sequenceParameterSetNALUnit is cut off, 12 of its bytes are left \
                      (ISO/IEC 14496-15, 5.3.3.1)",
            repair: None,
            hint: "the private data ends too early: check the size that the producer passes with it",
        },
        Case {
            patient: Patient::new("h265-main10.mkv").private(1, |record| with_byte(record, 12, 0)),
            severity: "warning",
            message: "track 1: hvcC: general_level_idc is 0, the SPS says 30 (level 1) (ISO/IEC 14496-15, 8.3.3.1)",
            repair: Some("a new one was built from the private data itself"),
            hint: "copy profile, constraints and level from the SPS into the record; in GStreamer h264parse and h265parse \
                   do",
        },
        Case {
            patient: Patient::new("h264-main-aac.mkv").private(2, |_| adts(&[])),
            severity: "warning",
            message: "track 2: AudioSpecificConfig byte 0: audioObjectType is expected, an ADTS header stands there \
                      (ISO/IEC 14496-3, 1.6.2.1)",
            repair: Some("a new one was built from the private data itself"),
            hint: "pass the AudioSpecificConfig, two bytes for AAC-LC, not an ADTS header (in GStreamer stream-format=raw)",
        },
    ];
    assert_told("InvalidCodecPrivateDataException", &cases);
}

#[test]
fn invalid_frames_are_told_with_what_belongs_there() {
    let cases = [
        Case {
            patient: Patient::new("h264-baseline.mkv").frames(1, annex_b),
            severity: "warning",
            message: "track 1: H.264 frame byte 0: NALUnitLength of 4 bytes is expected, an Annex B start code stands \
                      there (ISO/IEC 14496-15, 5.3.2), and 49 more frames alike",
            repair: Some("start codes are converted to lengths"),
            hint: "have the producer adapt its frames: set the NAL adaptation flag NAL_ADAPTATION_ANNEXB_NALS, or in \
                   GStreamer put h264parse or h265parse before kvssink with stream-format=avc or hvc1 and alignment=au",
        },
        Case {
            patient: Patient::new("h264-baseline.mkv").frame(1, 3, |frame| {
                frame.payload.truncate(frame.payload.len() - 5);
            }),
            severity: "error",
            message: "track 1: H.264 frame byte 0: NALUnitLength is 247, 242 bytes of the frame are left \
                      (ISO/IEC 14496-15, 5.3.2)",
            repair: Some("the frame is left out"),
            hint: "the frame was cut before it was sent: check the buffer size of the producer, and that each frame is \
                   sent whole",
        },
        Case {
            patient: Patient::new("h264-baseline.mkv").frame(1, 3, |frame| frame.payload.clear()),
            severity: "error",
            message: "track 1: H.264 frame byte 0: has no bytes (ISO/IEC 14496-15, 5.3.2)",
            repair: Some("the frame is left out"),
            hint: "do not send frames without bytes; an encoder gives them when it drops a picture",
        },
        Case {
            patient: Patient::new("h264-baseline.mkv").frames(1, short_lengths),
            severity: "warning",
            message: "track 1: H.264 frame byte 0: NALUnitLength has 2 bytes, the private data declares 4 bytes \
                      (ISO/IEC 14496-15, 5.3.2), and 49 more frames alike",
            repair: Some("lengths are written with four bytes"),
            hint: "lengthSizeMinusOne of the private data has to be that of the frames",
        },
        Case {
            patient: Patient::new("h264-main-aac.mkv").frames(2, adts),
            severity: "warning",
            message: "track 2: AAC frame byte 0: begins with an ADTS header, which does not belong there \
                      (ISO/IEC 14496-3, Annex 1.A), and 93 more frames alike",
            repair: Some("the headers are taken off"),
            hint: "send raw AAC frames without ADTS headers (in GStreamer stream-format=raw)",
        },
    ];
    assert_told("InvalidMediaFrameException", &cases);
}

#[test]
fn media_that_the_service_does_not_know_is_told_with_what_it_knows() {
    let other = |name: &str, number: u64, codec_id: &str| {
        Patient::new(name).track(number, |track| track.codec_id = codec_id.into())
    };
    let cases = [
        Case {
            patient: other("h264-baseline.mkv", 1, "V_MJPEG"),
            severity: "error",
            message: "track 1: CodecID is \"V_MJPEG\" (Motion JPEG), which stands in no clip and no playlist",
            repair: None,
            hint: "have the camera or the producer encode H.264 (V_MPEG4/ISO/AVC) instead of single pictures; GetMedia \
                   and `fragkit merge` give the stream as it is",
        },
        Case {
            patient: other("h264-baseline.mkv", 1, "V_MPEG4/ISO/H264"),
            severity: "error",
            message: "track 1: CodecID is \"V_MPEG4/ISO/H264\", which stands in no clip and no playlist",
            repair: None,
            hint: "have the encoder make H.264 (V_MPEG4/ISO/AVC) or H.265 (V_MPEGH/ISO/HEVC), and check how the CodecID is \
                   spelt",
        },
        Case {
            // As a call centre records: 16-bit samples.
            patient: other("alaw.mkv", 1, "A_PCM/INT/LIT"),
            severity: "error",
            message: "track 1: CodecID is \"A_PCM/INT/LIT\" (PCM), which stands in no clip and no playlist",
            repair: None,
            hint: "encode the samples as A-law (A_MS/ACM with format tag 6) or AAC (A_AAC) before they are sent; GetMedia \
                   and `fragkit merge` give them as they are, `fragkit audio` makes WAV files of them",
        },
        Case {
            patient: other("h264-main-aac.mkv", 2, "A_OPUS"),
            severity: "error",
            message: "track 2: CodecID is \"A_OPUS\" (Opus), which stands in no clip and no playlist",
            repair: None,
            hint: "encode the sound as AAC (A_AAC) or as G.711 A-law (A_MS/ACM with format tag 6)",
        },
        Case {
            patient: Patient::new("h264-alaw.mkv").private(2, |format| with_byte(format, 0, 1)),
            severity: "error",
            message: "track 2: WAVEFORMATEX byte 0: wFormatTag is 0x0001 (PCM), not G.711 (mmreg.h)",
            repair: None,
            hint: "encode the samples as A-law (format tag 6) or mu-law (7) before they are sent, and let the format tag \
                   say so",
        },
        Case {
            patient: Patient::new("h264-main-aac.mkv").frames(2, loas),
            severity: "error",
            message: "track 2: AAC frame byte 0: syncword is 0x2b7: the frame is LOAS with a LATM multiplex, raw AAC \
                      belongs there (ISO/IEC 14496-3, 1.7.2), and 93 more frames alike",
            repair: None,
            hint: "send raw AAC frames, not LOAS (in GStreamer stream-format=raw)",
        },
        Case {
            patient: Patient::new("h264-baseline.mkv").frames(1, fragmentation_unit),
            severity: "error",
            message: "track 1: H.264 frame byte 4: nal_unit_type is 28, unspecified; in RTP it is FU-A (RFC 6184, 5.2): the \
                      producer stores the packets of its source, and there is no slice beside them \
                      (ITU-T H.264, Table 7-1), and 49 more frames alike",
            repair: Some("the frame is left out"),
            hint: "put RTP packets together to access units first (RFC 6184, RFC 7798)",
        },
    ];
    assert_told("UnsupportedStreamMediaTypeException", &cases);
}

#[test]
fn findings_say_where_their_bytes_are() {
    let patient = Patient::new("h264-baseline.mkv").frames(1, annex_b);
    let first = patient.fragments[0][0].payload.clone();
    let stream = [testdata_bytes("exceptions.chunks.mkv"), patient.stream()].concat();
    let read = inspected("", &stream);
    let findings = read["findings"].as_array().unwrap();
    let frame = findings.iter().find(|each| each["exception"] == "InvalidMediaFrameException").unwrap();
    let offset = usize::try_from(frame["offset"].as_u64().unwrap()).unwrap();
    assert!(stream[offset..].starts_with(&first));
    assert_eq!(frame["path"], "Segment > Cluster > SimpleBlock");
    let offsets: Vec<_> = findings.iter().map(|each| each["offset"].as_u64()).collect();
    assert!(offsets.is_sorted(), "in the order of the stream");
}

#[test]
fn what_nobody_minds_is_a_note_and_no_reason_to_refuse() {
    // As the producer SDK for C writes it.
    let patient = Patient::new("h264-alaw.mkv").private(2, |format| with_byte(format, 14, 0));
    let stream = patient.stream();
    let read = inspected("", &stream);
    let message = "track 2: WAVEFORMATEX byte 14: wBitsPerSample is 0, as the Kinesis Video C producer leaves it; a sample \
                   of G.711 has 8 (mmreg.h)";
    let told = finding(&read, message);
    assert_eq!((&told["exception"], &told["severity"]), (&Value::Null, &json!("warning")));
    assert_eq!(output(&read, "clip")["service"], true);
    assert_eq!(output(&inspected("--strict", &stream), "clip")["fragkit"], true);
    assert_eq!(clipped("--strict", &stream).code, Some(0));

    let patient = Patient::new("h264-high-bframes-aac.mkv").track(2, |track| {
        track.audio.as_mut().unwrap().channels = 2;
    });
    let read = inspected("", &patient.stream());
    let message = "track 2: Audio element: Channels is 2, the private data says 1; the private data counts \
                   (RFC 9559, 5.1.4.1.29.3)";
    let expected = json!({
        "severity": "note",
        "exception": null,
        "offset": 0,
        "path": "Segment > Tracks > TrackEntry > Audio",
        "fragment_number": "1",
        "message": message,
        "repair": null,
        "hint": "set the rate and the channels that the producer gives for the track to those of the private data",
    });
    assert_eq!(read["findings"], json!([expected]));
}

#[test]
fn fragments_that_begin_without_a_key_frame_are_told_of_once() {
    let mut patient = Patient::new("h264-baseline.mkv");
    patient.fragments.iter_mut().for_each(|frames| drop(frames.remove(0)));
    let read = inspected("", &patient.stream());
    assert_eq!(read["findings"].as_array().unwrap().len(), 1);
    let message = "the first picture of the fragment is no key frame; it cannot be shown by itself, and 1 more fragments \
                   alike";
    let told = finding(&read, message);
    assert_eq!((&told["severity"], &told["exception"]), (&json!("warning"), &Value::Null));
    assert_eq!(told["hint"], "have the producer start each fragment with a key frame");
}

#[test]
fn a_stream_that_is_sick_in_many_places_is_told_of_once_for_each_fault() {
    let sick = Patient::new("h264-baseline.mkv").frames(1, annex_b).stream();
    let stream = sick.repeat(40);
    let read = inspected("", &stream);
    assert_eq!(read["chunks"].as_array().unwrap().len(), 80);
    let findings = read["findings"].as_array().unwrap();
    assert_eq!(findings.len(), 1, "{findings:#?}");
    assert!(findings[0]["message"].as_str().unwrap().ends_with("and 1999 more frames alike"));
    // The same private data comes back: it is one set of tracks, and each way there and back is a change.
    let other = Patient::new("h264-vfr.mkv").stream();
    let changing = [&sick[..], &other, &sick, &other].concat();
    let read = inspected("", &changing);
    assert_eq!(read["tracks"].as_array().unwrap().len(), 2);
    let changes = read["findings"].as_array().unwrap().iter().filter(|each| each["path"] == "Segment > Tracks");
    assert_eq!(changes.count(), 3);
}

/// Name and value of some fields of a track's private data.
fn fields(read: &Value, track: usize, names: &[&str]) -> Vec<String> {
    let all = read["tracks"][track]["private_data"]["fields"].as_array().unwrap();
    let wanted = all.iter().filter(|field| names.contains(&field["name"].as_str().unwrap()));
    wanted.map(|field| format!("{} = {}", field["name"].as_str().unwrap(), field["value"].as_str().unwrap())).collect()
}

fn decoded(name: &str) -> Value {
    fragkit("inspect --json --fields").arg(testdata(&format!("{name}.chunks.mkv"))).done().quiet().json()
}

#[test]
fn private_data_of_every_codec_is_decoded_field_by_field() {
    let avc = decoded("h264-high-bframes-aac");
    assert_eq!(
        fields(&avc, 0, &["configurationVersion", "AVCProfileIndication", "lengthSizeMinusOne", "max_num_ref_frames"]),
        [
            "configurationVersion = 1",
            "AVCProfileIndication = 100 (High)",
            "lengthSizeMinusOne = 3 (4 bytes)",
            "max_num_ref_frames = 4",
        ]
    );
    assert_eq!(
        fields(&avc, 1, &["audioObjectType", "samplingFrequencyIndex", "channelConfiguration"]),
        ["audioObjectType = 2 (AAC LC)", "samplingFrequencyIndex = 4 (44100 Hz)", "channelConfiguration = 1 (mono: C)"]
    );
    let depths: Vec<_> =
        avc["tracks"][0]["private_data"]["fields"].as_array().unwrap().iter().map(|field| &field["depth"]).collect();
    assert!(depths.contains(&&json!(0)) && depths.contains(&&json!(1)) && depths.contains(&&json!(2)));
    let hevc = decoded("h265-main10");
    let wanted = ["general_profile_idc", "general_level_idc", "bitDepthLumaMinus8", "numOfArrays"];
    assert_eq!(
        fields(&hevc, 0, &wanted)[..4],
        [
            "general_profile_idc = 2 (Main 10)",
            "general_level_idc = 30 (1)",
            "bitDepthLumaMinus8 = 2 (10 bits)",
            "numOfArrays = 3",
        ]
    );
    let alaw = decoded("h264-alaw");
    assert_eq!(
        fields(&alaw, 1, &["wFormatTag", "nSamplesPerSec", "cbSize"]),
        ["wFormatTag = 0x0006 (G.711 A-law)", "nSamplesPerSec = 8000 (Hz)", "cbSize = 0"]
    );
    for read in [&avc, &hevc, &alaw] {
        assert_eq!(read["tracks"][0]["private_data"]["fields_of"], "stored");
        assert_eq!(read["tracks"][0]["private_data"]["first_bytes"], Value::Null);
    }
}

#[test]
fn fields_are_those_of_the_mended_data_where_the_stored_cannot_be_read() {
    let read = decoded("h264-annexb");
    let private = &read["tracks"][0]["private_data"];
    assert_eq!([&private["fields_of"], &private["from"]], ["repaired", "private data"]);
    assert_eq!(fields(&read, 0, &["AVCProfileIndication"]), ["AVCProfileIndication = 100 (High)"]);
    let text = fragkit("inspect --fields").arg(testdata("h264-annexb.chunks.mkv")).done().quiet();
    assert!(text.text().contains("    fields of what is used instead, as the stored bytes cannot be read:\n"));

    let stream = Patient::new("h264-baseline.mkv").private(1, |record| record[..12].to_vec()).stream();
    let private = inspected("--fields", &stream)["tracks"][0]["private_data"].clone();
    assert_eq!([&private["fields"], &private["fields_of"]], [&json!([]), &Value::Null]);
    assert_eq!(private["first_bytes"], "0142c00bffe100176742c00b");
    let text = fragkit("inspect --fields -").stdin(stream).done().quiet();
    assert!(text.text().contains("\n    first bytes: 0142c00bffe100176742c00b\n"));
}

#[test]
fn the_text_has_a_line_for_each_thing() {
    let text = fragkit("inspect --fields").arg(testdata("h264-high-bframes-aac.chunks.mkv")).done().quiet();
    let lines: Vec<&str> = text.text().lines().collect();
    for line in [
        "track 1: video, H.264 High@1.1 (V_MPEG4/ISO/AVC), avc1.64000B, 160x120, 25/1 fps, 4:2:0 8 bit",
        "    private data: avcC, 46 bytes, sound",
        "    AVCProfileIndication                            100 (High)",
        "      profile_idc                                   100 (High)",
        "track 2: audio, AAC LC (A_AAC), mp4a.40.2, 44100 Hz, 1 channel, 1024 samples a frame",
        "outputs     fragkit  service  why",
        "  clip      yes      yes      H.264 with AAC",
        "  hls-ts    no       yes      the service plays H.264 with AAC, fragkit writes no playlist",
    ] {
        assert!(lines.contains(&line), "{line}\nis not in\n{}", text.text());
    }
    let without = fragkit("inspect").arg(testdata("h264-high-bframes-aac.chunks.mkv")).done().quiet();
    assert!(!without.text().contains("AVCProfileIndication"));

    let sick = fragkit("inspect").arg(testdata("h264-annexb.chunks.mkv")).done().quiet();
    let lines: Vec<&str> = sick.text().lines().collect();
    let first = lines.iter().position(|line| line.starts_with("warning: byte 510, Segment > Cluster")).unwrap();
    assert!(lines[first].ends_with("and 149 more frames alike [InvalidMediaFrameException]"));
    assert_eq!(lines[first + 1], "    done: start codes are converted to lengths");
    assert!(lines[first + 2].starts_with("    fix: have the producer adapt its frames"));
}

/// What `inspect` says of the outputs: name, fragkit, service, exception, reason.
#[track_caller]
fn assert_outputs(stream: &[u8], expected: [(&str, bool, bool, Option<&str>, &str); 5]) {
    let read = inspected("", stream);
    let expected = expected.map(|(name, fragkit, service, exception, reason)| {
        json!({"name": name, "fragkit": fragkit, "service": service, "exception": exception, "reason": reason})
    });
    assert_eq!(read["outputs"], json!(expected));
    assert_eq!(read["outputs"][0]["fragkit"], clipped("", stream).code == Some(0));
}

const UNSUPPORTED: Option<&str> = Some("UnsupportedStreamMediaTypeException");
const INVALID: Option<&str> = Some("InvalidCodecPrivateDataException");

#[test]
fn h264_with_aac_can_be_had_everywhere() {
    let played = "the service plays H.264 with AAC, fragkit writes no playlist";
    assert_outputs(
        &testdata_bytes("h264-main-aac.chunks.mkv"),
        [
            ("clip", true, true, None, "H.264 with AAC"),
            ("images", true, true, None, "H.264"),
            ("hls-fmp4", false, true, None, played),
            ("hls-ts", false, true, None, played),
            ("dash", false, true, None, played),
        ],
    );
}

#[test]
fn mu_law_is_played_in_dash_alone() {
    let hls = "HLS has no G.711, the service plays AAC in it";
    assert_outputs(
        &testdata_bytes("h264-ulaw.chunks.mkv"),
        [
            ("clip", true, false, UNSUPPORTED, "the service takes A-law into a clip, not mu-law; fragkit takes it"),
            ("images", true, true, None, "H.264"),
            ("hls-fmp4", false, false, UNSUPPORTED, hls),
            ("hls-ts", false, false, UNSUPPORTED, hls),
            ("dash", false, true, None, "the service plays H.264 with G.711 mu-law, fragkit writes no playlist"),
        ],
    );
}

#[test]
fn h265_with_a_law_gives_pictures_and_a_clip_of_fragkit() {
    let sound = Patient::new("h264-alaw.mkv");
    let mut patient = Patient::new("h265-main10.mkv");
    patient.tracks.extend(sound.tracks.into_iter().filter(|track| track.number == 2));
    for (frames, sound) in patient.fragments.iter_mut().zip(sound.fragments) {
        frames.extend(sound.into_iter().filter(|frame| frame.track == 2));
    }
    let clip = "the service takes A-law into a clip beside H.264, not H.265; fragkit takes it";
    assert_outputs(
        &patient.stream(),
        [
            ("clip", true, false, UNSUPPORTED, clip),
            ("images", true, true, None, "H.265"),
            ("hls-fmp4", false, false, UNSUPPORTED, "HLS has no G.711, the service plays AAC in it"),
            ("hls-ts", false, false, UNSUPPORTED, "the service puts no H.265 into MPEG transport streams"),
            ("dash", false, false, UNSUPPORTED, "the service plays G.711 in DASH beside H.264, not H.265"),
        ],
    );
}

#[test]
fn aac_alone_is_played_and_makes_no_clip_of_the_service() {
    let played = "the service plays AAC, fragkit writes no playlist";
    assert_outputs(
        &testdata_bytes("aac-stereo.chunks.mkv"),
        [
            ("clip", true, false, UNSUPPORTED, "the service makes no clip of audio alone; fragkit takes it"),
            ("images", false, false, None, "there is no track of pictures"),
            ("hls-fmp4", false, true, None, played),
            ("hls-ts", false, true, None, played),
            ("dash", false, true, None, played),
        ],
    );
}

#[test]
fn a_change_of_tracks_ends_all_but_pictures() {
    let stream = [Patient::new("h264-main-aac.mkv").stream(), Patient::new("h264-baseline.mkv").stream()].concat();
    let read = inspected("", &stream);
    let outputs = read["outputs"].as_array().unwrap();
    let refused: Vec<_> = outputs.iter().filter(|each| each["service"] == false).map(|each| &each["name"]).collect();
    assert_eq!(refused, ["clip", "hls-fmp4", "hls-ts", "dash"]);
    assert_eq!(output(&read, "hls-ts")["reason"], "track 2 is gone");
    assert!(outputs.iter().all(|each| each["service"] == true || each["exception"] == json!(INVALID)));
}
