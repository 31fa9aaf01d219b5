//! Frames of which a part is missing, and what of it costs more than the frame itself.

use fragkit::codec::CodecId;
use fragkit::{ClipErrorKind, ClipOptions, Clipper, Frame, Gaps, Selector, Severity};

use super::*;
use crate::cases::payload;
use crate::rewritten::*;

/// Where a frame of video is: which chunk, and its place among the frames there.
#[derive(Clone, Copy)]
struct Place {
    chunk: usize,
    frame: usize,
}

fn video_number(stream: &Stream) -> u64 {
    stream.chunks[0].entries.iter().find(|entry| entry.video.is_some()).unwrap().number
}

/// A picture in the middle of a chunk that no other refers to.
fn unreferenced(stream: &Stream) -> Place {
    let entry = stream.chunks[0].entries.iter().find(|entry| entry.video.is_some()).unwrap();
    let avc = CodecId::parse(&entry.codec_id) == CodecId::Avc;
    let discardable = |frame: &Frame| {
        let slice = units(&frame.payload).pop().unwrap();
        // nal_ref_idc is 0; the even types below 16 are those of sub-layer non-reference pictures.
        if avc { slice[0] & 0x60 == 0 } else { (slice[0] >> 1) < 16 && slice[0] & 2 == 0 }
    };
    let chunk = &stream.chunks[1];
    let found = chunk.frames.iter().position(|frame| frame.track == entry.number && discardable(frame));
    Place { chunk: 1, frame: found.unwrap() }
}

/// The last picture of a closed group, in decoding order.
fn last_of_group(stream: &Stream) -> Place {
    let number = video_number(stream);
    Place { chunk: 1, frame: stream.chunks[1].frames.iter().rposition(|frame| frame.track == number).unwrap() }
}

/// Cuts the end of a frame off.
fn cut(stream: &mut Stream, Place { chunk, frame }: Place) {
    let payload = &mut stream.chunks[chunk].frames[frame].payload;
    payload.truncate(payload.len() - 5);
}

/// The place of a picture among all, in the order they are shown.
fn rank(stream: &Stream, place: Place) -> usize {
    let number = video_number(stream);
    let mut times: Vec<i64> = Vec::new();
    let mut wanted = 0;
    for (at, chunk) in stream.chunks.iter().enumerate() {
        for (index, frame) in chunk.frames.iter().enumerate().filter(|(_, frame)| frame.track == number) {
            let time = chunk.producer.as_millis() * 1_000_000 + frame.time.0;
            times.push(time);
            if (at, index) == (place.chunk, place.frame) {
                wanted = time;
            }
        }
    }
    times.iter().filter(|time| **time < wanted).count()
}

fn only(findings: &[Finding], repair: &str) {
    let [finding] = findings else { panic!("{findings:?}") };
    assert_eq!((finding.severity, finding.exception), (Severity::Error, FRAME), "{finding}");
    assert_eq!(finding.repair.as_deref(), Some(repair), "{finding}");
}

fn refused(bytes: &Bytes, words: &str, number: &fragkit::FragmentNumber) {
    let source = Source::from(bytes.clone());
    for (clip, _) in [from_file(&source, source.items_without_audio_payload(), true), from_pipe(bytes, true)] {
        let error = clip.unwrap_err();
        assert_eq!((error.kind(), error.exception()), (ClipErrorKind::InvalidMediaFrame, FRAME), "{error}");
        assert_eq!(error.fragment_number(), Some(number), "{error}");
        assert!(error.to_string().contains(words), "{error}");
    }
}

#[test]
fn a_frame_cut_in_its_last_unit_is_kept_up_to_the_break() {
    let right = Right::of(SLICES).unwrap();
    let mut broken = right.stream.clone();
    let place = last_of_group(&broken);
    cut(&mut broken, place);
    let (bytes, source) = (broken.bytes(), broken.source());
    refused(&bytes, "bytes of the frame are left", &broken.chunks[place.chunk].number);
    let whole = &right.stream.chunks[place.chunk].frames[place.frame].payload;
    let kept = whole.len() - 4 - units(whole).last().unwrap().len();
    let at = rank(&broken, place);
    for (clip, findings) in [from_file(&source, source.items(), false), from_pipe(&bytes, false)] {
        only(&findings, "the NAL units before it are kept");
        let clip = clip.unwrap();
        let summary = check::check(&clip).unwrap();
        let (found, expected) = (&summary.tracks[0], &right.summary.tracks[0]);
        assert_eq!(summary.duration, right.summary.duration);
        assert_eq!(presented_ns(&summary, found), presented_ns(&right.summary, expected));
        // There are no B-frames, so what is decoded last is shown last.
        let read: Vec<_> = found.samples().map(|sample| payload(&clip, &sample).to_vec()).collect();
        let stored: Vec<_> = expected.samples().map(|sample| payload(&right.clip, &sample).to_vec()).collect();
        assert_eq!(read[at], stored[at][..kept]);
        assert!(read.iter().zip(&stored).enumerate().all(|(number, (read, stored))| number == at || read == stored));
        if programs::available() {
            let mut shown = decoded(temporary(&clip).path(), None, right.streams).remove(0);
            let mut expected = right.decoded[0].clone();
            assert_eq!(shown.len(), expected.len());
            shown.remove(at);
            expected.remove(at);
            assert_eq!(shown, expected);
        }
    }
}

#[test]
fn a_frame_cut_in_its_only_slice_is_left_out_and_no_other() {
    for name in [BASELINE, HIGH, HEVC] {
        let right = Right::of(name).unwrap();
        let mut broken = right.stream.clone();
        let place = if name == BASELINE { last_of_group(&broken) } else { unreferenced(&broken) };
        // What stands in front of the slice is no picture.
        let mut first = Vec::new();
        broken.video(|entry| first = vec![delimiter(&entry.codec_id), message(&entry.codec_id)]);
        let frame = &mut broken.chunks[place.chunk].frames[place.frame];
        frame.payload = lengths::<4>(&behind(&first, &units(&frame.payload))).into();
        cut(&mut broken, place);
        let bytes = broken.bytes();
        refused(&bytes, "bytes of the frame are left", &broken.chunks[place.chunk].number);
        let source = Source::from(bytes.clone());
        let at = rank(&broken, place);
        let mut clipper = Clipper::new(ClipOptions { gaps: Gaps::Keep, ..ClipOptions::default() });
        source.items().for_each(|item| clipper.add(&fragment(item)));
        only(&clipper.take_findings(), "the frame is left out");
        let kept = written(&source, &clipper.clips().unwrap()[0]);
        let mut clips = vec![kept];
        if name != BASELINE {
            // In the middle of a fragment there is no gap to be closed.
            clips.extend([from_file(&source, source.items(), false).0.unwrap(), from_pipe(&bytes, false).0.unwrap()]);
        }
        for clip in clips {
            let summary = check::check(&clip).unwrap();
            assert_eq!(summary.duration, right.summary.duration, "{name}");
            for (number, (found, expected)) in summary.tracks.iter().zip(&right.summary.tracks).enumerate() {
                let mut times = presented_ns(&right.summary, expected);
                let mut shown = presented_ns(&summary, found);
                times.sort_unstable();
                shown.sort_unstable();
                if number == 0 {
                    times.remove(at);
                }
                assert_eq!(shown, times, "{name}");
            }
            if programs::available() {
                let file = temporary(&clip);
                assert_eq!(complaints(file.path()), "", "{name}");
                let mut expected = right.decoded.clone();
                expected[0].remove(at);
                assert_eq!(decoded(file.path(), None, right.streams), expected, "{name}");
            }
        }
    }
}

#[test]
fn frames_without_bytes_are_left_out() {
    for name in [MAIN, HEVC, "h264-alaw.mkv"] {
        let right = Right::of(name).unwrap();
        let mut broken = right.stream.clone();
        for chunk in &mut broken.chunks {
            let frames = chunk
                .frames
                .drain(..)
                .flat_map(|frame| [frame.clone(), Frame { payload: Bytes::new(), keyframe: false, ..frame }]);
            chunk.frames = frames.collect();
        }
        let (bytes, source) = (broken.bytes(), broken.source());
        let clips = [
            from_file(&source, source.items_without_audio_payload(), false),
            from_file(&source, source.items(), false),
            from_pipe(&bytes, false),
        ];
        for (clip, findings) in clips {
            assert_eq!(clip_failures(&clip.unwrap(), &right), [""; 0], "{name}");
            assert!(!findings.is_empty(), "{name}");
            for finding in findings {
                assert_eq!((finding.severity, finding.exception), (Severity::Error, FRAME), "{finding}");
                assert_eq!(finding.repair, LEFT_OUT.map(str::to_owned), "{finding}");
            }
        }
        refused(&bytes, "has no bytes", &broken.chunks[0].number);
    }
}

#[test]
fn strict_refuses_for_what_is_selected_and_for_nothing_else() {
    let right = Right::of(HIGH).unwrap();
    let attempt = |stream: &Stream, from: usize, to: usize| {
        let selector = Selector {
            from: Some(stream.chunks[from].producer),
            to: Some(stream.chunks[to].producer),
            ..Selector::default()
        };
        let options = ClipOptions { selector, strict: true, ..ClipOptions::default() };
        let mut clipper = Clipper::new(options.clone());
        stream.source().items().for_each(|item| clipper.add(&fragment(item)));
        let clip = clipper.clips().map(|_| ());
        let mut streaming = StreamingClipper::new(options);
        for item in stream.source().items() {
            streaming.add(&fragment(item), |_| Ok::<_, ()>(())).unwrap();
        }
        assert_eq!(streaming.finish().map(|_| ()), clip);
        clip.map_err(|error| error.fragment_number().unwrap().clone())
    };
    let number = |chunk: usize| right.stream.chunks[chunk].number.clone();
    let mut codes = right.stream.clone();
    codes.pictures(|picture| if picture.chunk == 3 { lengths::<4> } else { long_codes }(picture.units));
    assert_eq!(attempt(&codes, 0, 5), Err(number(0)));
    assert_eq!(attempt(&codes, 2, 5), Err(number(2)));
    assert_eq!(attempt(&codes, 3, 5), Err(number(4)));
    assert_eq!(attempt(&codes, 3, 3), Ok(()));
    let mut private = right.stream.clone();
    private.video(|entry| private_of_sets(entry, long_codes));
    private.chunks[3].entries = right.stream.chunks[3].entries.clone();
    assert_eq!(attempt(&private, 1, 5), Err(number(1)));
    assert_eq!(attempt(&private, 3, 3), Ok(()));
}
