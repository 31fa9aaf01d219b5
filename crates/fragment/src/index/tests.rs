use super::*;
use crate::fragment::Frame;
use crate::testing::*;
use crate::{Assembler, ChunkLayout, Completeness, Item, Limits, Severity};
use fragkit_codec::{CodecPrivate, nal};
use fragkit_mkv::{ContentEncoding, TrackEntry, Transform};

fn index(strict: bool, fragments: &[Fragment]) -> Index {
    let mut index = Index::new(strict);
    fragments.iter().for_each(|fragment| index.add(fragment));
    index
}

/// What the runs of all fragments give, in interleaved order.
fn payload(index: &Index, stream: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    for fragment in 0..index.fragments().len() {
        let before = out.len();
        let gather = |_: &Sample, run: Run<'_>| {
            match run {
                Run::Bytes(bytes) => out.extend_from_slice(bytes),
                Run::Small(small) => out.extend_from_slice(small.as_slice()),
                Run::Input(range) => {
                    out.extend_from_slice(&stream[range.start.try_into().unwrap()..range.end.try_into().unwrap()]);
                }
            }
            Ok::<_, std::convert::Infallible>(())
        };
        index.runs(fragment, gather).unwrap();
        let sizes = index.samples(fragment).iter().map(|sample| usize::try_from(sample.size).unwrap()).sum::<usize>();
        assert_eq!(out.len() - before, sizes);
    }
    out
}

/// All that is known of the samples, in stored order.
fn samples(index: &Index) -> Vec<String> {
    let tracks = index.fragments().iter().map(|indexed| format!("{:?}", indexed.tracks));
    let samples = index.fragments().iter().flat_map(|indexed| indexed.samples.unpacked().into_owned());
    tracks.chain(samples.map(|sample| format!("{sample:?}"))).collect()
}

fn written(strict: bool, fragments: &[Fragment]) -> (Index, Vec<u8>) {
    let mut index = Index::written(strict);
    let mut out = Vec::new();
    for fragment in fragments {
        index
            .add_written(fragment, |run| {
                out.extend_from_slice(run.bytes().unwrap());
                Ok::<_, std::convert::Infallible>(())
            })
            .unwrap();
    }
    assert_eq!(index.written_bytes(), Some(u64::try_from(out.len()).unwrap()));
    (index, out)
}

/// The first fragment of a file as a chunk, with its track and frames changed, and what the frames were before.
fn changed(name: &str, track: impl Fn(&mut TrackEntry), frame: impl Fn(&[u8]) -> Vec<u8>) -> (Vec<u8>, Vec<u8>) {
    let fragment = fragments(&testdata(name)).swap_remove(0);
    let mut entry = fragment.head.tracks[0].entry.clone();
    track(&mut entry);
    let before = fragment.frames.iter().flat_map(|frame| frame.payload.to_vec()).collect();
    let frames: Vec<_> =
        fragment.frames.into_iter().map(|each| Frame { payload: frame(&each.payload).into(), ..each }).collect();
    (chunk_of(&ChunkLayout::default(), 1, 0, &[entry], &[], &frames), before)
}

fn annex_b(frame: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    nal::length_prefixed_to_annex_b(frame, nal::LengthSize::Four, &mut out).unwrap();
    out
}

fn annex_b_private(track: &mut TrackEntry) {
    let CodecPrivate::Avc(record) =
        CodecPrivate::parse(&track.codec_id, track.codec_private.as_ref().unwrap()).unwrap()
    else {
        panic!("H.264 it is")
    };
    let sets = record.sequence_parameter_sets.iter().chain(&record.picture_parameter_sets);
    let private: Vec<u8> = sets.flat_map(|set| [&[0, 0, 0, 1], &set[..]].concat()).collect();
    track.codec_private = Some(private.into());
}

#[test]
fn annex_b_frames_and_private_data_are_repaired_and_reported_once() {
    let (chunk, before) = changed("h264-baseline.mkv", annex_b_private, annex_b);
    let stream = [chunk.clone(), chunk].concat();
    let fragments = fragments(&stream);
    let mut index = index(false, &fragments);
    assert_eq!(payload(&index, &stream), [before.clone(), before.clone()].concat());
    let tracks: Vec<_> = index.fragments().iter().map(|indexed| &indexed.head.tracks).collect();
    assert!(matches!(tracks[0][0].codec_private, Ok(CodecPrivate::Avc(_))));
    assert_eq!(tracks[0][0].entry.codec_private.as_ref().unwrap()[0], 1);
    assert!(tracks[0].is_same(tracks[1]));
    let findings = index.take_findings(Severity::Note);
    let exceptions: Vec<_> = findings.iter().map(|finding| (finding.severity, finding.exception)).collect();
    assert_eq!(
        exceptions,
        [
            (Severity::Warning, Some("InvalidCodecPrivateDataException")),
            (Severity::Warning, Some("InvalidMediaFrameException"))
        ]
    );
    assert_eq!(findings[0].repair.as_deref(), Some("a new one was built from the private data itself"));
    assert_eq!(findings[1].repair.as_deref(), Some("start codes are converted to lengths"));
    assert_eq!(written(false, &fragments).1, [before.clone(), before].concat());
}

#[test]
fn strict_leaves_annex_b_as_it_is() {
    let (stream, before) = changed("h264-baseline.mkv", annex_b_private, annex_b);
    let fragments = fragments(&stream);
    let mut index = index(true, &fragments);
    let stored: Vec<u8> = fragments[0].frames.iter().flat_map(|frame| frame.payload.to_vec()).collect();
    assert_eq!(payload(&index, &stream), stored);
    assert_ne!(stored, before);
    assert!(index.fragments()[0].head.tracks[0].codec_private.is_err());
    assert_eq!(index.take_findings(Severity::Note), []);
    // Where the private data is as it should be, the frames are what the service would refuse.
    let (stream, _) = changed("h264-baseline.mkv", |_| {}, annex_b);
    let fragments = crate::testing::fragments(&stream);
    let index = self::index(true, &fragments);
    let refusal = index.fragments()[0].refusal.as_ref().unwrap();
    assert_eq!(refusal.exception, Some("InvalidMediaFrameException"));
    assert_eq!(refusal.repair, None);
}

#[test]
fn missing_private_data_is_built_from_the_frames_in_either_form() {
    let original = fragments(&testdata("h264-slices-inband.mkv")).swap_remove(0);
    let record = original.head.tracks[0].codec_private.as_ref().unwrap();
    let lengths: fn(&[u8]) -> Vec<u8> = <[u8]>::to_vec;
    for form in [lengths, annex_b] {
        let (stream, before) = changed("h264-slices-inband.mkv", |track| track.codec_private = None, form);
        let fragments = fragments(&stream);
        assert!(fragments[0].head.tracks[0].codec_private.is_err());
        let mut index = index(false, &fragments);
        let repaired = index.fragments()[0].head.tracks[0].codec_private.as_ref().unwrap();
        assert_eq!(repaired.video().unwrap(), record.video().unwrap());
        let findings = index.take_findings(Severity::Note);
        assert_eq!(findings[0].exception, Some("MissingCodecPrivateDataException"));
        let done = "a configuration record was built from the parameter sets in its frames";
        assert_eq!(findings[0].repair.as_deref(), Some(done));
        assert_eq!(payload(&index, &stream), before);
    }
}

#[test]
fn frames_are_mended_where_the_parameter_sets_came_with_a_fragment_before() {
    let original = fragments(&testdata("h264-slices-inband.mkv")).swap_remove(0);
    let entry = TrackEntry { codec_private: None, ..original.head.tracks[0].entry.clone() };
    let without_sets = |payload: &[u8]| -> Vec<u8> {
        let units = nal::length_prefixed(payload, nal::LengthSize::Four).map(|unit| &payload[unit.unwrap()]);
        let media = units.filter(|unit| !matches!(fragkit_codec::avc::nal_unit_type(unit), Some(7 | 8)));
        media.flat_map(|unit| [&u32::try_from(unit.len()).unwrap().to_be_bytes()[..], unit].concat()).collect()
    };
    let frames = |form: &dyn Fn(&[u8]) -> Vec<u8>| -> Vec<Frame> {
        let mut frames = original.frames.clone();
        frames.iter_mut().for_each(|frame| frame.payload = form(&frame.payload).into());
        frames
    };
    let chunk = |number, frames: &[Frame]| {
        chunk_of(&ChunkLayout::default(), number, 0, std::slice::from_ref(&entry), &[], frames)
    };
    let bare = |payload: &[u8]| annex_b(&without_sets(payload));
    let stream = [chunk(1, &frames(&annex_b)), chunk(2, &frames(&bare))].concat();
    let expected = [frames(&<[u8]>::to_vec), frames(&without_sets)].concat();
    let expected: Vec<u8> = expected.iter().flat_map(|frame| frame.payload.to_vec()).collect();
    assert_eq!(payload(&index(false, &fragments(&stream)), &stream), expected);
}

#[test]
fn private_data_that_no_frame_can_mend_stays_as_it_is() {
    let (stream, _) = changed("h264-baseline.mkv", |track| track.codec_private = None, <[u8]>::to_vec);
    let mut index = index(false, &fragments(&stream));
    assert!(index.fragments()[0].head.tracks[0].codec_private.is_err());
    assert_eq!(index.take_findings(Severity::Note), []);
}

#[test]
fn several_fragments_at_once_are_taken_in_as_one_after_the_other() {
    let adts = changed("aac-stereo.chunks.mkv", |_| {}, |raw| [&[0xFF, 0xF1, 0x4C, 0x80, 0, 0, 0], raw].concat()).0;
    let broken = changed("h264-baseline.chunks.mkv", |_| {}, |frame| frame[..frame.len() - 1].to_vec()).0;
    let files = ["h264-annexb.chunks.mkv", "h264-high-bframes-aac.chunks.mkv", "alaw.chunks.mkv", "lacing.chunks.mkv"];
    let streams = files.map(|name| testdata(name).to_vec()).into_iter().chain([adts, broken]);
    for stream in streams {
        let fragments = fragments(&stream.repeat(4));
        // All at once, in several batches, some alone, each alone.
        for (strict, most) in
            [(false, TAKEN_AT_ONCE), (true, TAKEN_AT_ONCE), (false, 300), (true, 300), (false, 90), (false, 1)]
        {
            let mut expected = index(strict, &fragments);
            let mut all = Index::new(strict);
            all.add_in_batches(&fragments, most);
            assert_eq!(samples(&all), samples(&expected));
            let refusals = |index: &Index| -> Vec<String> {
                index.fragments().iter().map(|indexed| format!("{:?}", indexed.refusal)).collect()
            };
            assert_eq!(refusals(&all), refusals(&expected));
            let (found, expected) = (all.take_findings(Severity::Note), expected.take_findings(Severity::Note));
            assert_eq!(found, expected);
        }
    }
}

#[test]
fn written_payload_is_what_the_runs_give() {
    for name in ["h264-high-bframes-aac.mkv", "two-audio.mkv", "h264-baseline.mkv", "blockgroups.mkv"] {
        let stream = testdata(name);
        let fragments = fragments(&stream);
        let from_runs = payload(&index(false, &fragments), &stream);
        let (index, out) = written(false, &fragments);
        assert_eq!(out, from_runs, "{name}");
        // The index now speaks of what was written.
        assert_eq!(payload(&index, &out), out, "{name}");
    }
}

#[test]
fn audio_in_pieces_is_written_as_frames_are() {
    for name in ["aac-stereo", "alaw", "h264-high-bframes-aac", "h264-alaw", "lacing", "two-audio"] {
        let stream = testdata(&format!("{name}.chunks.mkv"));
        let (index, expected) = written(false, &fragments(&stream));
        for push in [1000, 4100, 5000, 70_000, stream.len()] {
            let mut assembler = Assembler::new(Limits::default()).with_audio_in_pieces();
            let mut fragments = Vec::new();
            let mut take = |assembler: &mut Assembler| {
                fragments.extend(std::iter::from_fn(|| assembler.poll()).filter_map(|item| match item {
                    Item::Fragment(fragment) => Some(fragment),
                    Item::Finding(_) => None,
                }));
            };
            for start in (0..stream.len()).step_by(push) {
                assembler.push(stream.slice(start..stream.len().min(start + push)));
                take(&mut assembler);
            }
            assembler.finish();
            take(&mut assembler);
            let some = fragments.iter().any(|fragment| !fragment.places.is_empty());
            assert!(some || push < SMALL_PIECE, "{name}: pushes of {push}");
            let (in_pieces, got) = written(false, &fragments);
            assert_eq!(got, expected, "{name}: pushes of {push}");
            assert_eq!(samples(&in_pieces), samples(&index), "{name}: pushes of {push}");
        }
    }
}

/// Frames that lie across pushes are joined, and come as frames.
const SMALL_PIECE: usize = 5000;

#[test]
fn pieces_that_pass_the_limit_on_bytes_leave_no_place_without_its_bytes() {
    let stream = testdata("aac-stereo.chunks.mkv");
    for max_fragment_bytes in [0, 500, 3000, 20_000] {
        let limits = Limits { max_fragment_bytes, ..Limits::default() };
        let mut assembler = Assembler::new(limits).with_audio_in_pieces();
        assembler.push(stream.clone());
        assembler.finish();
        let (mut broken, mut told) = (0, 0);
        while let Some(item) = assembler.poll() {
            match item {
                Item::Fragment(fragment) => {
                    broken += usize::from(matches!(fragment.head.completeness, Completeness::Broken { .. }));
                    for place in &fragment.places {
                        let bytes = fragment.in_pieces(place.offset, place.size).unwrap();
                        let at = usize::try_from(place.offset).unwrap();
                        assert_eq!(bytes, &stream[at..at + bytes.len()]);
                    }
                }
                Item::Finding(finding) => told += usize::from(finding.message.contains("max_fragment_bytes")),
            }
        }
        assert!(
            broken == told && (broken > 0) == (max_fragment_bytes < 20_000),
            "{broken} {told} {max_fragment_bytes}"
        );
    }
}

#[test]
fn header_stripping_and_start_codes_are_undone_together() {
    // The first start code, or more than that, is not in the input.
    for stripped in [&b"\0\0\0\x01"[..], b"\0\0"] {
        let (chunk, before) = changed("h264-baseline.mkv", |_| (), annex_b);
        let fragment = fragments(&chunk).swap_remove(0);
        let transform = Transform::HeaderStripping(Bytes::copy_from_slice(stripped));
        let encoding = ContentEncoding { order: 0, scope: 1, transform };
        let entry = TrackEntry { content_encodings: vec![encoding], ..fragment.head.tracks[0].entry.clone() };
        let stream = document(|writer| {
            headers(writer, &[entry]);
            writer.master(fragkit_mkv::Id::CLUSTER, |cluster| {
                cluster.uint(fragkit_mkv::Id::TIMESTAMP, 0);
                for frame in &fragment.frames {
                    let stored = &frame.payload[stripped.len()..];
                    let flags = fragkit_mkv::write::BlockFlags { keyframe: frame.keyframe, ..Default::default() };
                    let time = i16::try_from(frame.time.round_millis()).unwrap();
                    cluster.simple_block_header(1, time, flags, stored.len().try_into().unwrap());
                    cluster.raw(stored);
                }
            });
        });
        let fragments = fragments(&stream);
        assert_eq!(payload(&index(false, &fragments), &stream), before);
        assert_eq!(written(false, &fragments).1, before);
        // Left as they are, the frames still get back what was stripped off.
        let stored: Vec<u8> = fragments[0].frames.iter().flat_map(|frame| frame.payload.to_vec()).collect();
        assert_eq!(payload(&index(true, &fragments), &stream), stored);
    }
}

#[test]
fn header_stripping_and_adts_headers_are_undone_together() {
    let header = [0xff, 0xf1, 0x60, 0x40, 0x01, 0x5f, 0xfc];
    let frames = [[header.as_slice(), b"one"].concat(), [header.as_slice(), b"two"].concat()];
    for stripped in [&header[..2], &[]] {
        let transform = Transform::HeaderStripping(Bytes::copy_from_slice(stripped));
        let entry = TrackEntry {
            codec_id: "A_AAC".into(),
            codec_private: Some(Bytes::from_static(&[0x14, 0x08])),
            content_encodings: vec![ContentEncoding { order: 0, scope: 1, transform }],
            ..audio_track()
        };
        let stream = document(|writer| {
            headers(writer, &[entry]);
            writer.master(fragkit_mkv::Id::CLUSTER, |cluster| {
                cluster.uint(fragkit_mkv::Id::TIMESTAMP, 0);
                for (frame, time) in frames.iter().zip([0, 64]) {
                    let stored = &frame[stripped.len()..];
                    let flags = fragkit_mkv::write::BlockFlags { keyframe: true, ..Default::default() };
                    cluster.simple_block_header(2, time, flags, stored.len().try_into().unwrap());
                    cluster.raw(stored);
                }
            });
        });
        let fragments = fragments(&stream);
        assert_eq!(payload(&index(false, &fragments), &stream), b"onetwo");
        assert_eq!(written(false, &fragments).1, b"onetwo");
    }
}

#[test]
fn samples_name_the_same_track_where_only_the_order_of_the_entries_changes() {
    let frames = [frame(1, 0, true, "picture"), frame(2, 0, true, "sound")];
    let chunk = |number, tracks: &[TrackEntry]| chunk_of(&ChunkLayout::default(), number, 0, tracks, &[], &frames);
    let stream = [chunk(1, &[video_track(), audio_track()]), chunk(2, &[audio_track(), video_track()])].concat();
    let index = index(false, &fragments(&stream));
    for fragment in 0..2 {
        let numbers = index.fragments()[fragment].head.tracks.iter().map(|track| track.entry.number);
        assert_eq!(numbers.collect::<Vec<_>>(), [1, 2]);
        assert_eq!(index.samples(fragment).iter().map(|sample| sample.track).collect::<Vec<_>>(), [0, 1]);
    }
}

#[test]
fn tracks_are_summed_up_with_their_reorder_and_last_duration() {
    let b_frames = index(false, &fragments(&testdata("h264-high-bframes-aac.mkv")));
    let [video, audio] = b_frames.fragments()[0].tracks[..] else { panic!("two tracks") };
    assert!(video.reorder > Nanos::ZERO);
    assert_eq!(audio.reorder, Nanos::ZERO);
    // 1024 samples at 44.1 kHz.
    assert_eq!(audio.last_duration, Nanos(23_219_955));
    assert_eq!(video.last_duration, Nanos::from_millis(40));
}

#[test]
fn the_payload_of_audio_is_not_needed_to_say_where_it_is() {
    for name in [
        "h264-main-aac.chunks.mkv",
        "h264-annexb.chunks.mkv",
        "lacing.mkv",
        "aac-mono.chunks.mkv",
        "two-audio.chunks.mkv",
        "two-audio.mkv",
    ] {
        let stream = testdata(name);
        let mut assembler = crate::Assembler::new(crate::Limits::default()).without_audio_payload();
        assembler.push(stream.clone());
        assembler.finish();
        let (places, findings) = split(std::iter::from_fn(|| assembler.poll()).collect());
        let (whole, expected) = parse(&stream);
        assert_eq!(findings, expected);
        let video = |track: u64| places[0].head.tracks.video().is_some_and(|video| video.entry.number == track);
        let left_out = || places.iter().flat_map(|fragment| &fragment.places);
        // Laced frames are taken apart and plain Matroska is cut at key frames, so those are there all the same.
        assert_eq!(left_out().next().is_some(), name.contains("chunks"), "{name}");
        assert!(!left_out().any(|place| video(place.track.into())));
        let frames = |fragments: &[Fragment]| fragments.iter().map(|each| each.frames.len()).sum::<usize>();
        assert_eq!(frames(&places) + left_out().count(), frames(&whole));
        assert_eq!(places[0].head.frame_counts, whole[0].head.frame_counts);
        assert_eq!(samples(&index(false, &places)), samples(&index(false, &whole)), "{name}");
    }
}

#[test]
fn a_rate_that_is_not_that_of_the_samples_is_told_of_once() {
    let rate = |entry: &mut TrackEntry| {
        let config = fragkit_codec::aac::AudioSpecificConfig::lc(24_000, 2).unwrap();
        entry.codec_private = Some(config.write().unwrap().into());
    };
    let original = fragments(&testdata("aac-stereo.mkv")).swap_remove(0);
    let entry = original.head.tracks[0].entry.clone();
    for (wrong, expected) in [(false, 0), (true, 1)] {
        let mut entry = entry.clone();
        if wrong {
            rate(&mut entry);
        }
        let chunk = chunk_of(&ChunkLayout::default(), 1, 0, &[entry], &[], &original.frames);
        let mut index = index(false, &fragments(&[chunk.clone(), chunk].concat()));
        let findings = index.take_findings(Severity::Note);
        let told = findings.iter().filter(|finding| finding.message.contains("by the private data's rate"));
        assert_eq!(told.count(), expected, "{findings:?}");
    }
}

#[test]
fn samples_at_the_end_of_all_time_are_gone_through_once() {
    let mut fragment = fragments(&testdata("h264-main-aac.chunks.mkv")).swap_remove(0);
    for frame in &mut fragment.frames {
        frame.time = Nanos(i64::MAX);
    }
    let index = index(false, &[fragment.clone()]);
    let gone_through: usize = index.interleaved(0, &index.samples(0)).map(|run| run.samples.len()).sum();
    assert_eq!(gone_through, fragment.frames.len());
}
