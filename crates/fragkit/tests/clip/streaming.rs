//! A clip that is made while fragments come in is the clip that is made from a file.

use fragkit::fragment::mkv::TrackEntry;
use fragkit::mp4::Sample;
use fragkit::mp4::check::{self, Summary};
use fragkit::{ChunkLayout, ChunkWriter, ClipOptions, FragmentNumber, Gaps, Source};

use crate::cases::{check_each, clip, payload, presented_ns, streamed, temporary};
use crate::inputs::{Media, fragments, test_file};
use crate::programs;

#[test]
fn a_clip_from_a_pipe_has_the_same_samples_and_times() {
    check_each(|input, case| {
        let fragments = fragments(&Source::open([&input.path]).unwrap());
        let file = streamed(&fragments, ClipOptions { gaps: case.gaps, ..ClipOptions::default() }).unwrap();
        let summary = check::check(&file).map_err(|error| error.to_string())?;
        same(&case.bytes, &case.summary, &file, &summary)?;
        if summary.unreferenced_bytes != 0 || summary.moov_first {
            return Err("bytes are unreferenced, or moov is first".into());
        }
        if case.gaps == Gaps::Compact {
            let file = temporary(&file);
            let complaints = programs::complaints(file.path());
            let decoded = programs::decoded(file.path(), None, input.media.streams());
            if !complaints.is_empty() || decoded != case.decoded {
                return Err(format!("it is not decoded to the same frames: {complaints}"));
            }
        }
        Ok(())
    });
}

/// Whether two files hold the same tracks, samples and times; where the payload lies may differ.
fn same(a: &[u8], in_a: &Summary, b: &[u8], in_b: &Summary) -> Result<(), String> {
    let place_free = |sample: Sample| Sample { offset: 0, ..sample };
    if in_a.tracks.len() != in_b.tracks.len() || in_a.duration != in_b.duration || in_a.timescale != in_b.timescale {
        return Err("tracks, duration or timescale differ".into());
    }
    for (one, other) in in_a.tracks.iter().zip(&in_b.tracks) {
        if (one.sample_entry, one.timescale, &one.edits, one.sample_count)
            != (other.sample_entry, other.timescale, &other.edits, other.sample_count)
        {
            return Err(format!("{one:?} differs from {other:?}"));
        }
        for (number, (x, y)) in one.samples().zip(other.samples()).enumerate() {
            if place_free(x) != place_free(y) || payload(a, &x) != payload(b, &y) {
                return Err(format!("sample {number} of track {} differs", one.track_id));
            }
        }
    }
    Ok(())
}

/// The chunks of a test file as they stand in it.
pub(crate) fn chunks(name: &str) -> Vec<Vec<u8>> {
    let source = test_file(name);
    let ranges = fragments(&source).into_iter().map(|fragment| {
        let range = fragment.head.offset..fragment.head.offset + fragment.head.size;
        source.bytes(range).to_vec()
    });
    ranges.collect()
}

#[test]
fn shuffled_and_repeated_fragments_give_the_selection_in_order_of_time() {
    let name = "h264-main-aac.chunks.mkv";
    let chunks = chunks(name);
    assert!(chunks.len() >= 5);
    let in_order = fragments(&test_file(name));
    // A fragment with the producer time of another and a larger number: it is the one that counts. It has its key frame
    // alone, so that the two can be told apart.
    let (third, last) = (&in_order[2], in_order.last().unwrap());
    let number: FragmentNumber = format!("{}9", last.head.number.as_ref().unwrap()).parse().unwrap();
    let entries: Vec<TrackEntry> = third.head.tracks.iter().map(|track| track.entry.clone()).collect();
    let key_frames: Vec<_> = third.frames.iter().filter(|frame| frame.keyframe && frame.track == 1).cloned().collect();
    let (producer, server) = (third.head.producer_timestamp.unwrap(), third.head.server_timestamp.unwrap());
    let writer = ChunkWriter::new(ChunkLayout::default());
    let newer = writer.chunk(&number, producer, server, &entries, &[], third.head.span.unwrap().0, &key_frames);

    let mut shuffled = Vec::new();
    for chunk in [&chunks[4], &chunks[1], &newer, &chunks[3], &chunks[1], &chunks[2], &chunks[0], &chunks[4]] {
        shuffled.extend_from_slice(chunk);
    }
    shuffled.extend(chunks[5..].iter().flatten());
    let source = Source::from(bytes::Bytes::from(shuffled));
    let read = fragments(&source);

    let mut expected = in_order.clone();
    expected[2].frames = key_frames;
    let expected = Media::of(&expected);
    for gaps in [Gaps::Keep, Gaps::Compact] {
        let options = ClipOptions { gaps, ..ClipOptions::default() };
        let file = clip(&source, &read, options.clone()).unwrap();
        let piped = streamed(&read, options).unwrap();
        let summary = check::check(&file).unwrap();
        let in_piped = check::check(&piped).unwrap();
        same(&file, &summary, &piped, &in_piped).unwrap();
        assert_eq!(summary.unreferenced_bytes, 0);
        for (track, found) in expected.tracks.iter().zip(&summary.tracks) {
            let read: Vec<&[u8]> = found.samples().collect::<Vec<_>>().iter().map(|s| payload(&file, s)).collect();
            let stored: Vec<&[u8]> = track.frames.iter().map(|frame| &frame.payload[..]).collect();
            assert!(read == stored, "{:?}: {} frames of {}", track.codec, read.len(), stored.len());
            if gaps == Gaps::Keep {
                for (time, found) in track.times_ns(&expected).into_iter().zip(presented_ns(&summary, found)) {
                    assert!((time - found).abs() <= 1_000_001, "{:?}: {found} for {time}", track.codec);
                }
            }
        }
        if programs::available() {
            assert_eq!(programs::complaints(temporary(&file).path()), "");
            assert_eq!(programs::complaints(temporary(&piped).path()), "");
        }
    }
}
