use super::*;
use crate::testing::*;
use crate::{ChunkLayout, Fragment, Nanos, TimestampType};
use bytes::Bytes;
use fragkit_mkv::{Event, Id, Info, Parser, TrackEntry};
use proptest::prelude::*;

/// Relative time, track and key flag.
type Block = (i16, u64, bool);

/// A merged file, taken apart.
#[derive(Debug, Default)]
struct File {
    info: Option<Info>,
    tracks: Vec<TrackEntry>,
    /// Offset behind the head of the Segment.
    data: u64,
    /// Offsets of level-1 elements by ID.
    offsets: Vec<(Id, u64)>,
    /// Timestamp of each Cluster, with its blocks.
    clusters: Vec<(u64, Vec<Block>)>,
    cluster_offsets: Vec<u64>,
    payload: Vec<Bytes>,
}

fn take_apart(bytes: &[u8]) -> File {
    let mut parser = Parser::new(fragkit_mkv::Limits::default());
    parser.push(Bytes::copy_from_slice(bytes));
    parser.finish();
    let mut file = File::default();
    while let Some(event) = parser.poll().unwrap() {
        match event {
            Event::Segment { offset, size } => {
                file.data = offset + 12;
                assert_eq!(size, Some(u64::try_from(bytes.len()).unwrap() - file.data));
            }
            Event::Info { offset, info } => {
                file.offsets.push((Id::INFO, offset));
                file.info = Some((*info).clone());
            }
            Event::Tracks { offset, tracks } => {
                file.offsets.push((Id::TRACKS, offset));
                file.tracks = tracks.to_vec();
            }
            Event::Skipped { id, offset, .. } => file.offsets.push((id, offset)),
            Event::Cluster { offset, size } => {
                assert!(size.is_some());
                file.cluster_offsets.push(offset);
            }
            Event::Timestamp(timestamp) => file.clusters.push((timestamp, Vec::new())),
            Event::Block(block) => {
                let blocks = &mut file.clusters.last_mut().unwrap().1;
                blocks.push((block.timestamp, block.track, block.keyframe));
                file.payload.extend_from_slice(block.frames.as_slice());
            }
            _ => {}
        }
    }
    assert_eq!(file.clusters.len(), file.cluster_offsets.len());
    assert!(file.clusters.windows(2).all(|pair| pair[0].0 <= pair[1].0), "timestamps of clusters go back");
    check_positions(bytes, &file);
    file
}

/// SeekHead and Cues point at what they speak of.
fn check_positions(bytes: &[u8], file: &File) {
    let order: Vec<_> = file.offsets.iter().map(|(id, _)| *id).collect();
    assert_eq!(order[..3], [Id::SEEK_HEAD, Id::INFO, Id::TRACKS]);
    let first_cluster = usize::try_from(file.cluster_offsets[0]).unwrap();
    let positions = |mark: &'static [u8]| {
        let found = (0..first_cluster).filter(move |&at| bytes[at..].starts_with(mark)).map(move |at| at + mark.len());
        found.map(|at| u64::from_be_bytes(bytes[at..at + 8].try_into().unwrap()) + file.data)
    };
    // SeekPosition and CueClusterPosition, both of 8 bytes.
    let seeks: Vec<_> = positions(b"\x53\xAC\x88").collect();
    assert_eq!(seeks, file.offsets[1..].iter().map(|(_, offset)| *offset).collect::<Vec<_>>());
    // With the CueTrack before it, since a time may look like the position's ID and size.
    let of_track = |mark: &'static [u8]| positions(mark).collect::<Vec<_>>();
    let cues = [of_track(b"\xF7\x81\x01\xF1\x88"), of_track(b"\xF7\x81\x02\xF1\x88")].concat();
    assert!(cues.iter().all(|cue| file.cluster_offsets.contains(cue)));
    let with_key = |blocks: &[Block]| blocks.iter().any(|(_, _, keyframe)| *keyframe);
    assert!(cues.len() <= file.clusters.iter().filter(|(_, blocks)| with_key(blocks)).count());
    assert_eq!(cues.is_empty(), order.len() == 3);
}

fn index(stream: &[u8]) -> Index {
    let mut index = Index::new(false);
    parse(stream).0.iter().for_each(|fragment: &Fragment| index.add(fragment));
    index
}

fn bytes(merge: &Merge<'_>, stream: &[u8]) -> Vec<u8> {
    let mut file = Vec::new();
    merge
        .runs(|run| {
            match run {
                Run::Bytes(bytes) => file.extend_from_slice(bytes),
                Run::Small(small) => file.extend_from_slice(small.as_slice()),
                Run::Input(range) => {
                    file.extend_from_slice(&stream[range.start.try_into().unwrap()..range.end.try_into().unwrap()]);
                }
            }
            Ok::<_, std::convert::Infallible>(())
        })
        .unwrap();
    assert_eq!(merge.size(), u64::try_from(file.len()).unwrap());
    file
}

fn merged(stream: &[u8], gaps: Gaps) -> (File, MergeSummary) {
    let index = index(stream);
    let merge = Merge::new(&index, &Selector::default(), gaps).unwrap();
    (take_apart(&bytes(&merge, stream)), merge.summary().clone())
}

/// The times of one track's blocks, in units.
fn times(file: &File, track: u64) -> Vec<i64> {
    let absolute = |(timestamp, blocks): &(u64, Vec<Block>)| {
        let of_track = blocks.iter().filter(|block| block.1 == track);
        of_track.map(|block| timestamp.cast_signed() + i64::from(block.0)).collect::<Vec<_>>()
    };
    file.clusters.iter().flat_map(absolute).collect()
}

/// A chunk with video frames at these times.
fn chunk_at(number: u64, producer_ms: i64, times: &[i64]) -> Vec<u8> {
    let frames: Vec<_> = times.iter().map(|&time| frame(1, time, time == 0, "frame")).collect();
    chunk_of(&ChunkLayout::default(), number, producer_ms, &[video_track()], &[], &frames)
}

const DAY: i64 = 1_700_000_000_000;

#[test]
fn a_time_may_look_like_the_head_of_a_cue() {
    // The second frame comes 0xF188 ms before the first.
    let chunk = |number, start, time| {
        chunk_of(&ChunkLayout::default(), number, start, &[video_track()], &[], &[frame(1, time, true, "frame")])
    };
    let (file, _) = merged(&[chunk(1, DAY + 98_531, 1190), chunk(2, DAY + 11_145, 26_744)].concat(), Gaps::Keep);
    assert_eq!(file.clusters.iter().map(|(timestamp, _)| *timestamp).collect::<Vec<_>>(), [0, 0xF188]);
}

#[test]
fn each_fragment_is_a_cluster_with_a_cue() {
    let stream = [chunk_at(1, DAY, &[0, 40, 80]), chunk_at(2, DAY + 120, &[0, 40, 80])].concat();
    let (file, summary) = merged(&stream, Gaps::Compact);
    assert_eq!(file.clusters.iter().map(|(timestamp, _)| *timestamp).collect::<Vec<_>>(), [0, 120]);
    assert_eq!(times(&file, 1), [0, 40, 80, 120, 160, 200]);
    assert_eq!(file.offsets.last().unwrap().0, Id::CUES);
    assert_eq!(file.payload, ["frame"; 6]);
    let info = file.info.unwrap();
    assert_eq!((info.timestamp_scale, info.duration), (1_000_000, Some(240.0)));
    assert_eq!(info.date_utc, Some((DAY - 978_307_200_000) * 1_000_000));
    let start = Some(Timestamp::from_millis(DAY));
    assert_eq!(summary, MergeSummary { fragments: 2, start, duration_ms: 240, frames: 6, moved: 0 });
}

#[test]
fn gaps_are_closed_or_kept() {
    let stream = [chunk_at(1, DAY, &[0, 40]), chunk_at(2, DAY + 10_000, &[0, 40])].concat();
    assert_eq!(times(&merged(&stream, Gaps::Compact).0, 1), [0, 40, 80, 120]);
    assert_eq!(times(&merged(&stream, Gaps::Keep).0, 1), [0, 40, 10_000, 10_040]);
}

#[test]
fn fragments_that_overlap_are_moved_behind_each_other() {
    let stream = [chunk_at(1, DAY, &[0, 40, 80, 120]), chunk_at(2, DAY + 90, &[0, 40]), chunk_at(3, DAY + 500, &[0])];
    let (file, summary) = merged(&stream.concat(), Gaps::Keep);
    assert_eq!(times(&file, 1), [0, 40, 80, 120, 121, 161, 500]);
    assert_eq!(summary.moved, 1);
    // In the order in which the server got them, producer times may go back far.
    let writer = crate::ChunkWriter::new(ChunkLayout::default());
    let chunk = |number: u64, producer_ms: i64| {
        let (producer, server) =
            (Timestamp::from_millis(producer_ms), Timestamp::from_millis(DAY + number.cast_signed()));
        let frames = [frame(1, 0, true, "a"), frame(1, 40, false, "b")];
        writer.chunk(&number.into(), producer, server, &[video_track()], &[], Nanos::ZERO, &frames)
    };
    let stream = [chunk(1, DAY + 3_600_000), chunk(2, DAY)].concat();
    let index = index(&stream);
    let selector = Selector { by: TimestampType::Server, ..Selector::default() };
    for (gaps, expected) in [(Gaps::Keep, [0, 40, 41, 81]), (Gaps::Compact, [0, 40, 80, 120])] {
        let merge = Merge::new(&index, &selector, gaps).unwrap();
        assert_eq!(times(&take_apart(&bytes(&merge, &stream)), 1), expected);
    }
}

#[test]
fn b_frames_keep_their_stored_order_among_interleaved_sound() {
    let frames = [
        frame(1, 40, true, "I"),
        frame(1, 160, false, "P"),
        frame(1, 80, false, "B"),
        frame(1, 120, false, "b"),
        frame(2, 0, true, "0"),
        frame(2, 50, true, "1"),
        frame(2, 100, true, "2"),
    ];
    let tracks = [video_track(), audio_track()];
    let stream = chunk_of(&ChunkLayout::default(), 1, DAY, &tracks, &[], &frames);
    let (file, _) = merged(&stream, Gaps::Compact);
    assert_eq!(file.payload, ["0", "I", "1", "P", "2", "B", "b"]);
    assert_eq!(times(&file, 1), [40, 160, 80, 120]);
}

#[test]
fn a_long_fragment_is_split_before_a_block_is_out_of_reach() {
    let blocks: Vec<_> = (0..60).map(|second| (1, i16::try_from(second * 500).unwrap(), second == 0)).collect();
    // Only the first Cluster starts with a key frame.
    let later: Vec<_> = (0..60).map(|second| (1, i16::try_from(second * 500).unwrap(), false)).collect();
    let stream = plain(&Info::default(), &[(0, &blocks), (30_000, &later), (60_000, &later)]);
    let (file, summary) = merged(&stream, Gaps::Compact);
    assert_eq!((summary.fragments, summary.frames), (1, 180));
    assert_eq!(times(&file, 1), (0..180).map(|half| half * 500).collect::<Vec<_>>());
    assert_eq!(file.clusters.iter().map(|(timestamp, _)| *timestamp).collect::<Vec<_>>(), [0, 30_000, 60_000]);
}

#[test]
fn a_finer_scale_is_kept_and_makes_shorter_clusters() {
    for (name, scale) in [("lacing.mkv", 20_832), ("timestamp-scale.mkv", 100_000)] {
        let (file, _) = merged(&testdata(name), Gaps::Compact);
        assert_eq!(file.info.as_ref().unwrap().timestamp_scale, scale);
        assert!(file.clusters.len() >= 2, "{name}");
    }
    // Below 10 µs nothing is gained but Clusters.
    let stream = plain(&Info { timestamp_scale: 100, ..Info::default() }, &[(0, &[(1, 0, true), (1, 30_000, false)])]);
    let (file, _) = merged(&stream, Gaps::Compact);
    assert_eq!((file.info.as_ref().unwrap().timestamp_scale, times(&file, 1)), (10_000, vec![0, 300]));
}

#[test]
fn a_scale_too_fine_for_the_order_of_frames_gives_way_to_milliseconds() {
    // One frame a second with a B-frame is out of reach of blocks at 10 µs.
    let info = Info { timestamp_scale: 10_000, ..Info::default() };
    let stream = plain(
        &info,
        &[(0, &[(1, 0, true)]), (300_000, &[(1, 0, false)]), (100_000, &[(1, 0, false)]), (200_000, &[(1, 0, false)])],
    );
    let (file, _) = merged(&stream, Gaps::Compact);
    assert_eq!((file.info.as_ref().unwrap().timestamp_scale, times(&file, 1)), (1_000_000, vec![0, 3000, 1000, 2000]));
}

#[test]
fn frames_far_out_of_order_are_an_error_that_names_the_fragment() {
    let stream =
        plain(&Info::default(), &[(200_000, &[(1, 0, true)]), (0, &[(1, 0, false)]), (200_040, &[(1, 0, false)])]);
    let index = index(&stream);
    let error = Merge::new(&index, &Selector::default(), Gaps::Compact).unwrap_err();
    assert_eq!((error.kind(), error.fragment_number()), (MergeErrorKind::Times, Some(&1.into())));
}

#[test]
fn every_order_within_one_cluster_can_be_written() {
    for order in [[0, 65_000, 0, 65_000], [65_000, 0, 65_000, 0], [60_000, 61_000, 62_000, 0], [0, 32_000, 65_000, 1]] {
        let blocks: Vec<_> =
            order.iter().map(|&time| (1, i16::try_from(time - 32_000).unwrap_or(i16::MAX), time == 0)).collect();
        let stream = plain(&Info::default(), &[(40_000, &blocks)]);
        let (file, _) = merged(&stream, Gaps::Compact);
        let first = blocks.iter().map(|block| block.1).min().unwrap();
        assert_eq!(
            times(&file, 1),
            blocks.iter().map(|block| i64::from(block.1) - i64::from(first)).collect::<Vec<_>>()
        );
    }
}

#[test]
fn a_change_is_refused_by_name_or_starts_another_file() {
    let other = TrackEntry { codec_private: Some("other".into()), ..video_track() };
    let changed = chunk_of(&ChunkLayout::default(), 2, DAY + 120, &[other], &[], &[frame(1, 0, true, "other")]);
    let stream = [chunk_at(1, DAY, &[0, 40]), changed, chunk_at(3, DAY + 240, &[0])].concat();
    let index = index(&stream);
    let error = Merge::new(&index, &Selector::default(), Gaps::Compact).unwrap_err();
    assert_eq!(error.kind(), MergeErrorKind::Change);
    assert_eq!(error.change(), Some(&crate::Change::CodecPrivate { track: 1 }));
    assert!(error.to_string().starts_with("fragment 2: the codec private data of track 1 changes ("), "{error}");
    let files = Merge::plan(&index, &Selector::default(), Gaps::Compact, OnChange::Split).unwrap();
    let frames: Vec<_> = files.iter().map(|file| take_apart(&bytes(file, &stream)).payload.len()).collect();
    assert_eq!(frames, [2, 1, 1]);
    assert_eq!(files[1].summary().start, Some(Timestamp::from_millis(DAY + 120)));
}

#[test]
fn stripped_headers_are_in_the_frames_and_not_in_the_track() {
    use fragkit_mkv::{ContentEncoding, Transform};
    let strip = ContentEncoding { order: 0, scope: 1, transform: Transform::HeaderStripping("fr".into()) };
    let track = TrackEntry { content_encodings: vec![strip], uid: 0, ..video_track() };
    let stream = document(|writer| {
        headers(writer, &[track]);
        cluster(writer, 0, &[(1, 0, true)]);
    });
    let (file, _) = merged(&stream, Gaps::Compact);
    assert_eq!(file.payload, ["frframe"]);
    assert_eq!(file.tracks, [video_track()]);
}

#[test]
fn compressed_sound_is_refused_by_name() {
    let index = index(&testdata("zlib.mkv"));
    let error = Merge::new(&index, &Selector::default(), Gaps::Compact).unwrap_err();
    assert_eq!(error.kind(), MergeErrorKind::UnsupportedMedia);
    assert!(error.to_string().contains("zlib compression (ContentCompAlgo 0)"), "{error}");
}

#[test]
fn nothing_selected_is_an_error() {
    let index = index(&chunk_at(1, DAY, &[0]));
    let selector = Selector { from: Some(Timestamp::from_millis(DAY + 1)), ..Selector::default() };
    let error = Merge::new(&index, &selector, Gaps::Compact).unwrap_err();
    assert_eq!(error.kind(), MergeErrorKind::NothingSelected);
}

#[test]
fn a_clock_that_started_with_its_producer_tells_no_date() {
    let (file, _) = merged(&chunk_at(1, 5000, &[0]), Gaps::Compact);
    assert_eq!((file.info.as_ref().unwrap().date_utc, times(&file, 1)), (None, vec![0]));
}

#[test]
fn a_merged_file_reads_back_with_the_wall_clock_it_had() {
    for name in ["h264-high-opengop.mkv", "h264-alaw.mkv"] {
        let stream = testdata(name);
        let wall = |fragments: &[Fragment]| {
            let of = |fragment: &Fragment| {
                let base = fragment.head.producer_timestamp.unwrap().nanos();
                fragment.frames.iter().map(|frame| (frame.track, base + frame.time)).collect::<Vec<_>>()
            };
            let mut times: Vec<(u64, Nanos)> = fragments.iter().flat_map(of).collect();
            times.sort_unstable();
            times
        };
        let index = index(&stream);
        let merge = Merge::new(&index, &Selector::default(), Gaps::Compact).unwrap();
        assert_eq!(wall(&fragments(&bytes(&merge, &stream))), wall(&fragments(&stream)));
    }
}

#[test]
fn start_codes_become_lengths_in_the_merged_file_too() {
    let fragment = fragments(&testdata("h264-baseline.mkv")).swap_remove(0);
    let annex_b = |frame: &crate::Frame| {
        let mut payload = Vec::new();
        let four = fragkit_codec::nal::LengthSize::Four;
        fragkit_codec::nal::length_prefixed_to_annex_b(&frame.payload, four, &mut payload).unwrap();
        crate::Frame { payload: payload.into(), ..frame.clone() }
    };
    let frames: Vec<_> = fragment.frames.iter().map(annex_b).collect();
    let entries = [fragment.head.tracks[0].entry.clone()];
    let stream = chunk_of(&ChunkLayout::default(), 1, DAY, &entries, &[], &frames);
    let (file, _) = merged(&stream, Gaps::Compact);
    assert_eq!(file.payload, fragment.frames.iter().map(|frame| frame.payload.clone()).collect::<Vec<_>>());
}

/// When a chunk starts, and track and time of its frames.
type Times = (i64, Vec<(u64, i16)>);

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, failure_persistence: None, ..ProptestConfig::default() })]

    /// Whatever times one Cluster can hold, in whatever order, can be written again.
    #[test]
    fn chunks_of_any_times_make_a_sound_file(
        chunks in prop::collection::vec((0_i64..200_000, prop::collection::vec((1_u64..3, any::<i16>()), 1..12)), 1..5),
        keep in any::<bool>(),
    ) {
        let chunk = |(number, (start, frames)): (u64, &Times)| {
            let frames: Vec<_> = frames.iter().map(|&(track, time)| frame(track, time.into(), true, "frame")).collect();
            let tracks = [video_track(), audio_track()];
            chunk_of(&ChunkLayout::default(), number, DAY + start, &tracks, &[], &frames)
        };
        let stream: Vec<u8> = (1..).zip(&chunks).flat_map(chunk).collect();
        let (file, summary) = merged(&stream, if keep { Gaps::Keep } else { Gaps::Compact });
        prop_assert_eq!(file.payload.len(), usize::try_from(summary.frames).unwrap());
        prop_assert!((1..3).flat_map(|track| times(&file, track)).all(|time| time >= 0));
    }
}
