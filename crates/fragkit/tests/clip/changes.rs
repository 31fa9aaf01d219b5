//! Tracks or private data that change within the range.

use bytes::Bytes;
use fragkit::codec::CodecPrivate;
use fragkit::codec::avc::AvcDecoderConfigurationRecord;
use fragkit::codec::hevc::{HevcDecoderConfigurationRecord, NalArray};
use fragkit::codec::nal::LengthSize;
use fragkit::mkv::TrackEntry;
use fragkit::mp4::check;
use fragkit::{ChunkOptions, Chunker, ClipErrorKind, ClipOptions, Nanos, OnChange, Severity, Source, Timestamp};

use crate::cases::{clip, clips, parallel, payload, streamed, temporary};
use crate::inputs::{Media, fragments, test_file};
use crate::programs::{self, Streams};
use crate::repairs::{Right, clip_failures, from_file, from_pipe};
use crate::rewritten::*;

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

/// The sound of a file starts or ends with this chunk: `gains` says which.
fn with_sound_in_half(name: &str, at: usize, gains: bool) -> Stream {
    let mut stream = Stream::of(name);
    for (number, chunk) in stream.chunks.iter_mut().enumerate() {
        if (number < at) == gains {
            let sound = chunk.entries.iter().find(|entry| entry.audio.is_some()).unwrap().number;
            chunk.entries.retain(|entry| entry.number != sound);
            chunk.frames.retain(|frame| frame.track != sound);
        }
    }
    stream
}

#[test]
fn sound_that_comes_or_goes_is_refused_or_starts_another_clip() {
    let name = "h264-alaw.mkv";
    let right = Stream::of(name);
    let at = 2;
    for (gains, what) in [(true, "track 2 is added"), (false, "track 2 is gone")] {
        let stream = with_sound_in_half(name, at, gains);
        let (bytes, source) = (stream.bytes(), stream.source());
        for (clip, _) in [from_file(&source, source.items_without_audio_payload(), false), from_pipe(&bytes, false)] {
            let error = clip.unwrap_err();
            assert_eq!(error.kind(), ClipErrorKind::Change, "{error}");
            assert_eq!(error.exception(), Some("InvalidCodecPrivateDataException"), "{error}");
            assert_eq!(error.fragment_number(), Some(&right.chunks[at].number), "{error}");
            assert!(error.to_string().contains(what), "{error}");
        }
        let options = ClipOptions { on_change: OnChange::Split, ..ClipOptions::default() };
        let files = clips(&source, &fragments(&source), options).unwrap();
        assert_eq!(files.len(), 2);
        let pictures: Vec<usize> = right.pictures_per_chunk().collect();
        let (before, all) = (pictures[..at].iter().sum::<usize>(), pictures.iter().sum::<usize>());
        for (number, (file, pictures)) in files.iter().zip([0..before, before..all]).enumerate() {
            let has_sound = (number == 0) != gains;
            assert_eq!(check::check(file).unwrap().tracks.len(), if has_sound { 2 } else { 1 });
            if !programs::available() {
                continue;
            }
            let (clip, path) = (temporary(file), crate::inputs::testdata().join(name));
            let streams = |has_audio| Streams { count: if has_audio { 2 } else { 1 }, has_audio };
            assert_eq!(programs::complaints(clip.path()), "");
            let shown = programs::decoded(clip.path(), None, streams(has_sound));
            assert_eq!(shown[0], programs::decoded(&path, None, streams(true))[0][pictures]);
            if has_sound {
                let sounds = |chunks: &[Chunk]| -> usize {
                    let frames = chunks.iter().flat_map(|chunk| &chunk.frames).filter(|frame| frame.track == 2);
                    frames.map(|frame| 2 * frame.payload.len()).sum()
                };
                let before = sounds(&right.chunks[..at]);
                let here = if number == 0 { 0..before } else { before..before + sounds(&right.chunks[at..]) };
                assert!(programs::samples(clip.path()) == programs::samples(&path)[here], "other samples");
            }
        }
    }
}

/// The pictures of two files as one stream, with the tracks of the first.
fn with_entries_of_the_first(names: [&str; 2]) -> (Stream, usize) {
    let [mut stream, second] = names.map(Stream::of);
    let at = stream.chunks.len();
    let end = Timestamp::from_millis(stream.chunks[at - 1].producer.as_millis() + 10_000);
    for mut chunk in second.chunks {
        chunk.producer = Timestamp::from_millis(chunk.producer.as_millis() - 1_704_067_200_000 + end.as_millis());
        chunk.number = format!("9{}", chunk.number).parse().unwrap();
        stream.chunks.push(chunk);
    }
    (stream, at)
}

#[test]
fn a_resolution_that_only_the_private_data_tells_of_is_a_change() {
    let names = ["h264-baseline.mkv", "h264-colour-sar.mkv"];
    let (mut stream, at) = with_entries_of_the_first(names);
    // The producer goes on saying 160x120.
    let video = stream.chunks[0].entries[0].video.clone();
    stream.video(|entry| entry.video.clone_from(&video));
    let source = stream.source();
    let (clip, _) = from_file(&source, source.items(), false);
    let error = clip.unwrap_err();
    assert_eq!(error.fragment_number(), Some(&stream.chunks[at].number), "{error}");
    assert!(error.to_string().contains("the codec private data of track 1 changes"), "{error}");
    let options = ClipOptions { on_change: OnChange::Split, ..ClipOptions::default() };
    let files = clips(&source, &fragments(&source), options).unwrap();
    for ((file, name), size) in files.iter().zip(names).zip([[160, 120], [162, 122]]) {
        if programs::available() {
            let (clip, one) = (temporary(file), Streams { count: 1, has_audio: false });
            let path = crate::inputs::testdata().join(name);
            assert_eq!(programs::decoded(clip.path(), None, one), programs::decoded(&path, None, one), "{name}");
            let probed = programs::ffprobe(clip.path());
            let stream = &probed["streams"][0];
            assert_eq!([&stream["width"], &stream["height"]], size);
        }
    }
    assert_eq!(files.len(), 2);
}

#[test]
fn a_resolution_that_only_the_frames_tell_of_is_reported_and_the_clip_plays() {
    let (mut stream, at) = with_entries_of_the_first(["h264-baseline.mkv", "h264-colour-sar.mkv"]);
    // The encoder sends its new parameter sets in the key frames, and the producer keeps its tracks.
    let sets = sets(&stream.chunks[at].entries[0]);
    let first = stream.chunks[0].entries.clone();
    stream.chunks.iter_mut().for_each(|chunk| chunk.entries.clone_from(&first));
    stream.pictures(|picture| {
        let new = if picture.chunk >= at && picture.keyframe { &sets[..] } else { &[] };
        lengths::<4>(&behind(new, picture.units))
    });
    let (bytes, source) = (stream.bytes(), stream.source());
    for (clip, findings) in [from_file(&source, source.items(), false), from_pipe(&bytes, false)] {
        let [size, pps] = &findings[..] else { panic!("{findings:?}") };
        assert_eq!((size.severity, size.exception), (Severity::Error, Some("InvalidCodecPrivateDataException")));
        assert!(size.message.contains("with pictures of 162x122, the private data says 160x120"), "{size}");
        assert_eq!((pps.severity, pps.exception), (Severity::Warning, None));
        assert!(pps.message.contains("the private data has another PPS 0"), "{pps}");
        for finding in [size, pps] {
            assert_eq!(finding.fragment_number.as_ref(), Some(&stream.chunks[at].number));
            assert_eq!(finding.repair.as_deref(), Some("the set is left in the frame, where decoders look for it"));
        }
        let clip = clip.unwrap();
        check::check(&clip).unwrap();
        if programs::available() {
            let one = Streams { count: 1, has_audio: false };
            let shown = programs::decoded(temporary(&clip).path(), None, one).remove(0);
            let path = crate::inputs::testdata().join("h264-baseline.mkv");
            let first = programs::decoded(&path, None, one).remove(0);
            // ffmpeg scales the rest to the first size.
            assert_eq!(shown.len(), stream.pictures_per_chunk().sum::<usize>());
            assert_eq!(shown[..first.len()], first);
        }
    }
    for (clip, _) in [from_file(&source, source.items(), true), from_pipe(&bytes, true)] {
        let error = clip.unwrap_err();
        assert_eq!(error.kind(), ClipErrorKind::InvalidCodecPrivateData, "{error}");
        assert_eq!(error.fragment_number(), Some(&stream.chunks[at].number), "{error}");
    }
}

/// Something that may differ between two fragments of one clip, since it tells a decoder nothing.
struct Alike {
    what: &'static str,
    source: &'static str,
    /// Done to all chunks.
    prepare: fn(&mut Stream),
    /// Done to some of them.
    change: fn(&mut Stream),
}

const ALIKE: &[Alike] = &[
    Alike {
        what: "the trailer of High profiles",
        source: "h264-high-bframes-aac.mkv",
        prepare: |_| {},
        change: |stream| avc(stream, |record| record.high_profile = None),
    },
    Alike {
        what: "the size of lengths",
        source: "h264-high-bframes-aac.mkv",
        prepare: |_| {},
        change: |stream| {
            avc(stream, |record| record.length_size = LengthSize::Two);
            stream.pictures(|picture| lengths::<2>(picture.units));
        },
    },
    Alike {
        what: "the order of picture parameter sets",
        source: "h264-main-aac.mkv",
        prepare: |stream| {
            avc(stream, |record| record.picture_parameter_sets.push(pps_1(&record.picture_parameter_sets[0])));
        },
        change: |stream| avc(stream, |record| record.picture_parameter_sets.reverse()),
    },
    Alike {
        what: "a record that repeats its SPS wrongly",
        source: "h264-main-aac.mkv",
        prepare: |_| {},
        change: |stream| avc(stream, |record| record.avc_level_indication = 9),
    },
    Alike {
        what: "start codes or a record, in private data alone",
        source: "h264-baseline.mkv",
        prepare: |_| {},
        change: |stream| stream.video(|entry| private_of_sets(entry, mixed_codes)),
    },
    Alike {
        what: "start codes or lengths",
        source: "h264-high-bframes-aac.mkv",
        prepare: |_| {},
        change: |stream| {
            stream.video(|entry| private_of_sets(entry, long_codes));
            stream.pictures(|picture| mixed_codes(picture.units));
        },
    },
    Alike {
        what: "start codes or lengths in H.265",
        source: "h265-bframes-aac.mkv",
        prepare: |_| {},
        change: |stream| {
            stream.video(|entry| private_of_sets(entry, long_codes));
            stream.pictures(|picture| mixed_codes(picture.units));
        },
    },
    Alike {
        what: "private data that is missing where the frames have its parameter sets",
        source: "h264-slices-inband.mkv",
        prepare: |_| {},
        change: |stream| stream.video(|entry| entry.codec_private = None),
    },
    Alike {
        what: "the order of arrays",
        source: "h265-bframes-aac.mkv",
        prepare: |_| {},
        change: |stream| hevc(stream, |record| record.arrays.reverse()),
    },
    Alike {
        what: "whether arrays are complete",
        source: "h265-bframes-aac.mkv",
        prepare: |_| {},
        change: |stream| {
            hevc(stream, |record| {
                record.arrays.iter_mut().for_each(|array| array.array_completeness = !array.array_completeness);
            });
        },
    },
    Alike {
        what: "an array of SEI",
        source: "h265-main10.mkv",
        prepare: |stream| hevc(stream, |record| record.arrays.retain(|array| array.nal_unit_type < 35)),
        change: |stream| {
            let unit = message("V_MPEGH/ISO/HEVC");
            let array = NalArray { array_completeness: false, nal_unit_type: 39, nal_units: vec![unit.into()] };
            hevc(stream, |record| record.arrays.push(array.clone()));
        },
    },
    Alike {
        what: "frame rate and segmentation in the record of H.265",
        source: "h265-bframes-aac.mkv",
        prepare: |_| {},
        change: |stream| {
            hevc(stream, |record| {
                record.avg_frame_rate = 25 * 256;
                record.min_spatial_segmentation_idc = 1;
            });
        },
    },
    Alike {
        what: "nAvgBytesPerSec",
        source: "h264-alaw.mkv",
        prepare: |_| {},
        change: |stream| stream.audio(|entry| private(entry, |wave| wave[8..12].fill(0))),
    },
    Alike {
        what: "cbSize",
        source: "ulaw.mkv",
        prepare: |_| {},
        change: |stream| stream.audio(|entry| private(entry, |wave| wave.truncate(16))),
    },
    Alike {
        what: "bytes behind an AudioSpecificConfig",
        source: "aac-stereo.mkv",
        prepare: |_| {},
        change: |stream| stream.audio(|entry| private(entry, |config| config.push(0))),
    },
    Alike {
        what: "SBR signalled in front or behind",
        source: "aac-sbr-signalled.mkv",
        prepare: |_| {},
        change: |stream| {
            stream.audio(|entry| {
                let CodecPrivate::Aac(mut config) = parsed(entry) else { panic!("no AAC") };
                let extension = config.extension.as_mut().unwrap();
                extension.hierarchical = !extension.hierarchical;
                entry.codec_private = Some(config.write().unwrap().into());
            });
        },
    },
    Alike {
        what: "how the codec id is spelt, and its padding",
        source: "h264-main-aac.mkv",
        prepare: |_| {},
        change: |stream| {
            stream.video(|entry| entry.codec_id = "V_MPEG/ISO/AVC\0\0".into());
            stream.audio(|entry| entry.codec_id = "A_AAC/MPEG4/LC".into());
        },
    },
    Alike {
        what: "name, UID, language and default duration",
        source: "h264-main-aac.mkv",
        prepare: |_| {},
        change: |stream| {
            let change = |entry: &mut TrackEntry| {
                entry.uid += 1000;
                entry.name = Some("another".into());
                entry.default_duration = Some(1_000_000);
            };
            stream.video(change);
            stream.audio(change);
        },
    },
];

fn avc(stream: &mut Stream, change: impl Fn(&mut AvcDecoderConfigurationRecord)) {
    stream.video(|entry| {
        let CodecPrivate::Avc(mut record) = parsed(entry) else { panic!("no H.264") };
        change(&mut record);
        entry.codec_private = Some(record.write().unwrap().into());
    });
}

fn hevc(stream: &mut Stream, change: impl Fn(&mut HevcDecoderConfigurationRecord)) {
    stream.video(|entry| {
        let CodecPrivate::Hevc(mut record) = parsed(entry) else { panic!("no H.265") };
        change(&mut record);
        entry.codec_private = Some(record.write().unwrap().into());
    });
}

/// The picture parameter set of id 0 with id 1: ue(v) 1 is three bits in place of one (ITU-T H.264, 9.1).
fn pps_1(pps: &[u8]) -> Bytes {
    let mut bits: Vec<u8> = pps[1..].iter().flat_map(|byte| (0..8).rev().map(move |bit| (byte >> bit) & 1)).collect();
    assert_eq!(bits[0], 1);
    bits.splice(..1, [0, 1, 0]);
    bits.truncate(bits.iter().rposition(|bit| *bit == 1).unwrap() + 1);
    let bytes = bits.chunks(8).map(|bits| (0..8).fold(0, |byte, bit| byte << 1 | bits.get(bit).unwrap_or(&0)));
    std::iter::once(pps[0]).chain(bytes).collect()
}

#[test]
fn what_tells_a_decoder_nothing_may_differ_between_the_fragments_of_a_clip() {
    let failures = parallel(ALIKE, |Alike { what, source, prepare, change }| {
        let mut right = Right::of(source).unwrap().stream.clone();
        prepare(&mut right);
        let mut changed = right.clone();
        change(&mut changed);
        let mut failures = Vec::new();
        // From the second fragment on, in the first alone, and in every second.
        let which: [fn(usize) -> bool; 3] = [|chunk| chunk > 0, |chunk| chunk == 0, |chunk| chunk % 2 == 1];
        for (number, is_changed) in which.into_iter().enumerate() {
            let mut stream = right.clone();
            for (at, chunk) in stream.chunks.iter_mut().enumerate().filter(|(at, _)| is_changed(*at)) {
                chunk.clone_from(&changed.chunks[at]);
            }
            let (bytes, source_of) = (stream.bytes(), stream.source());
            for (clip, _) in
                [from_file(&source_of, source_of.items_without_audio_payload(), false), from_pipe(&bytes, false)]
            {
                match clip {
                    Ok(clip) => failures.extend(clip_failures(&clip, &Right::of(source).unwrap())),
                    Err(error) => failures.push(error.to_string()),
                }
            }
            if bytes == right.bytes() {
                failures.push(format!("{number}: nothing differs"));
            }
        }
        failures.into_iter().map(|failure| format!("{what}: {failure}")).collect::<Vec<_>>()
    });
    let failures = failures.concat();
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

#[test]
fn a_parameter_set_that_differs_is_a_change() {
    let right = Stream::of("h264-main-aac.mkv");
    for change in [
        |record: &mut AvcDecoderConfigurationRecord| {
            record.picture_parameter_sets.push(pps_1(&record.picture_parameter_sets[0]));
        },
        |record: &mut AvcDecoderConfigurationRecord| {
            record.picture_parameter_sets = vec![pps_1(&record.picture_parameter_sets[0])]
        },
    ] {
        let mut stream = right.clone();
        avc(&mut stream, change);
        stream.chunks[0].clone_from(&right.chunks[0]);
        let source = stream.source();
        let error = from_file(&source, source.items(), false).0.unwrap_err();
        assert_eq!(error.kind(), ClipErrorKind::Change);
        assert_eq!(error.fragment_number(), Some(&stream.chunks[1].number), "{error}");
    }
}
