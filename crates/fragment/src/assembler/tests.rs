use super::*;
use crate::testing::*;
use crate::{ChunkLayout, ChunkWriter, ClusterSize, ServiceException, TagNames, Timestamp, UserTag};
use fragkit_mkv::write::{BlockFlags, Writer};
use fragkit_mkv::{Audio, ContentEncoding, Id, Info, TrackEntry, Transform};
use proptest::prelude::*;

fn user_tag(name: &str, value: &str, after_media: bool) -> UserTag {
    UserTag { name: name.into(), value: value.into(), after_media }
}

/// Layouts of all kinds that are read as fragments of the service.
fn layouts() -> Vec<ChunkLayout> {
    let mut layouts = Vec::new();
    for names in [TagNames::GetMedia, TagNames::FragmentList] {
        for cluster_size in [ClusterSize::Known, ClusterSize::Unknown] {
            for trailing_tags in [true, false] {
                layouts.push(ChunkLayout { names, cluster_size, trailing_tags, ..ChunkLayout::default() });
            }
        }
    }
    layouts
}

fn get_media(chunks: u64) -> Vec<u8> {
    let producer_ms = |number: u64| 1_700_000_000_000 + 120 * number.cast_signed();
    (1..=chunks).flat_map(|number| chunk(&ChunkLayout::default(), number, producer_ms(number), &[])).collect()
}

#[test]
fn chunks_read_the_same_in_both_tag_spellings_and_all_layouts() {
    for layout in layouts() {
        let stream = [chunk(&layout, 7, 1_511_852_108_513, &[]), chunk(&layout, 8, 1_511_852_110_513, &[])].concat();
        let (fragments, findings) = parse(&stream);
        assert!(findings.iter().all(|finding| finding.severity == Severity::Note), "{findings:?}");
        assert_eq!(numbers(&fragments), ["7", "8"]);
        let Fragment { head, frames, .. } = &fragments[0];
        assert_eq!(head.producer_timestamp.unwrap().to_string(), "1511852108.513");
        assert_eq!(head.server_timestamp.unwrap().to_string(), "1511852109.013");
        let whole = if layout.trailing_tags { Completeness::Complete } else { Completeness::Untrailed };
        assert_eq!((head.completeness, head.plain), (whole, false), "{layout:?}");
        assert_eq!(head.continuation_token.as_deref(), layout.trailing_tags.then_some("7"));
        assert_eq!(head.millis_behind_now, layout.trailing_tags.then_some(0));
        assert_eq!((head.length_ms(), head.frame_count(), head.frame_counts[0].key_frames), (80, 3, 1));
        assert_eq!(head.offset + head.size, fragments[1].head.offset);
        assert_eq!(
            frames.iter().map(|frame| &frame.payload[..]).collect::<Vec<_>>(),
            [&b"key frame"[..], b"second", b"third"]
        );
        let at = usize::try_from(frames[1].offset).unwrap();
        assert_eq!(&stream[at..at + 6], b"second");
        assert!(head.tracks.is_same(&fragments[1].head.tracks));
    }
}

#[test]
fn user_tags_are_kept_in_order_wherever_they_stand() {
    let given = [
        user_tag("a", "1", false),
        user_tag("a", "2", false),
        user_tag("empty", "", false),
        user_tag("a", "1", true),
        user_tag("AWS_KINESISVIDEO_END_OF_FRAGMENT", "", true),
    ];
    let stream = chunk(&ChunkLayout::default(), 1, 0, &given);
    assert_eq!(fragments(&stream)[0].head.tags, given);

    // The first chunk of a session has the producer's tags before Info; an event's values stand in one Tag with it.
    let stream = document(|writer| {
        tags(writer, &[("before info", "x")]);
        headers(writer, &[video_track()]);
        tags(
            writer,
            &[("AWS_KINESISVIDEO_IMAGE_GENERATION", ""), ("AWS_KINESISVIDEO_IMAGE_PREFIX", "p"), ("key", "v")],
        );
        tags(writer, &[("AWS_KINESISVIDEO_FRAGMENT_NUMBER", "1"), ("AWS_KINESISVIDEO_PRODUCER_TIMESTAMP", "5.000")]);
        cluster(writer, 5000, &[(1, 0, true)]);
    });
    let (fragments, _) = parse(&stream);
    let expected = [
        user_tag("before info", "x", false),
        user_tag("AWS_KINESISVIDEO_IMAGE_GENERATION", "", false),
        user_tag("AWS_KINESISVIDEO_IMAGE_PREFIX", "p", false),
        user_tag("key", "v", false),
    ];
    assert_eq!(fragments[0].head.tags, expected);
    assert_eq!(fragments[0].head.producer_timestamp, Some(Timestamp::from_millis(5000)));
}

#[test]
fn a_service_tag_that_cannot_be_used_is_a_warning() {
    let stream = document(|writer| {
        headers(writer, &[video_track()]);
        tags(writer, &[("AWS_KINESISVIDEO_FRAGMENT_NUMBER", "12x"), ("AWS_KINESISVIDEO_SERVER_TIMESTAMP", "1.000")]);
        cluster(writer, 0, &[(1, 0, true)]);
    });
    let (fragments, findings) = parse(&stream);
    assert_eq!((findings[0].severity, findings[0].path.as_str()), (Severity::Warning, "Segment > Tags"));
    assert_eq!(
        findings[0].message,
        "AWS_KINESISVIDEO_FRAGMENT_NUMBER is \"12x\": not a fragment number of 1 to 128 decimal digits"
    );
    assert_eq!((fragments[0].head.number.as_ref(), fragments[0].head.plain), (None, false));
}

#[test]
fn a_chunk_that_lost_its_ebml_header_costs_itself_alone() {
    let layout = ChunkLayout::default();
    let chunks: Vec<Vec<u8>> = (1..=3).map(|number| chunk(&layout, number, 240, &[])).collect();
    let header = 5 + usize::from(chunks[1][4] & 0x7f);
    let (fragments, findings) = parse(&[&chunks[0][..], &chunks[1][header..], &chunks[2]].concat());
    assert_eq!(numbers(&fragments), ["1", "2", "3"]);
    let whole = [&fragments[0], &fragments[2]];
    assert!(whole.iter().all(|it| it.head.completeness == Completeness::Complete && it.frames.len() == 3));
    let offset = u64::try_from(chunks[0].len()).unwrap();
    assert_eq!(fragments[1].head.completeness, Completeness::Broken { offset });
    assert_eq!(fragments[0].head.size, offset);
    assert_eq!(findings.len(), 1);
    assert!(findings[0].message.starts_with("a Segment begins without an EBML header"));
}

#[test]
fn an_exception_is_an_item_and_not_the_end() {
    for names in [TagNames::GetMedia, TagNames::FragmentList] {
        let layout = ChunkLayout { names, ..ChunkLayout::default() };
        let exception = ServiceException { code: Some(4000), message: "not there".into() };
        let missing = ChunkWriter::new(layout.clone()).exception(Some(&2.into()), &exception);
        let stream = [chunk(&layout, 1, 0, &[]), missing, chunk(&layout, 3, 240, &[])].concat();
        let fragments = fragments(&stream);
        assert_eq!(numbers(&fragments), ["1", "2", "3"]);
        assert_eq!(fragments[1].head.exception, Some(exception));
        assert_eq!(fragments[1].head.completeness, Completeness::NoMedia);
    }
}

#[test]
fn chunks_without_media_are_fragments_without_frames() {
    let whole = chunk(&ChunkLayout::default(), 9, 0, &[]);
    let headers_only = document(|writer| headers(writer, &[video_track()]));
    let tags_only = document(|writer| tags(writer, &[("AWS_KINESISVIDEO_FRAGMENT_NUMBER", "4"), ("mine", "x")]));
    let mut ebml_only = Writer::new();
    fragkit_mkv::EbmlHeader::default().write(&mut ebml_only);
    for (bare, number) in [(headers_only, "-"), (tags_only, "4"), (ebml_only.into_bytes(), "-")] {
        let fragments = fragments(&[&whole[..], &bare, &whole].concat());
        assert_eq!(numbers(&fragments), ["9", number, "9"]);
        assert_eq!((fragments[1].head.completeness, fragments[1].frames.len()), (Completeness::NoMedia, 0));
        assert_eq!(fragments[1].head.size, u64::try_from(bare.len()).unwrap());
        // At the end of the input it may be the start of something.
        let (_, findings) = parse(&[&whole[..], &bare].concat());
        assert_eq!(findings.len(), 1);
        assert_eq!(findings[0].message, "the input ends with a chunk without media");
    }
    assert!(fragments(&[]).is_empty());
}

#[test]
fn a_stream_cut_at_any_byte_loses_the_cut_chunk_only_and_says_so() {
    for cluster_size in [ClusterSize::Known, ClusterSize::Unknown] {
        let layout = ChunkLayout { cluster_size, ..ChunkLayout::default() };
        let chunks: Vec<_> = (1..=3).map(|number| chunk(&layout, number, 0, &[])).collect();
        let stream = chunks.concat();
        let mut ends = vec![0];
        chunks.iter().for_each(|chunk| ends.push(ends[ends.len() - 1] + chunk.len()));
        for cut in 0..=stream.len() {
            let (fragments, findings) = parse(&stream[..cut]);
            let whole_chunks = ends.iter().filter(|&&end| end > 0 && end <= cut).count();
            let whole = fragments.iter().filter(|fragment| fragment.head.completeness == Completeness::Complete);
            assert_eq!(whole.count(), whole_chunks, "cut at {cut}");
            if ends.contains(&cut) {
                assert_eq!((fragments.len(), findings.len()), (whole_chunks, 0), "cut at {cut}");
            } else if whole_chunks > 0 {
                let offset = Some(u64::try_from(cut).unwrap());
                assert!(findings.iter().any(|finding| finding.offset == offset), "cut at {cut}: {findings:?}");
                // A Cluster that says how long it is can be whole without the tags behind it.
                let taken = fragments.iter().skip(whole_chunks).find(|fragment| fragment.head.is_whole());
                let known = cluster_size == ClusterSize::Known;
                assert!(taken.is_none_or(|taken| known && taken.frames.len() == 3), "cut at {cut}");
            }
        }
    }
}

#[test]
fn a_finding_names_the_fragment_it_is_in() {
    let stream = get_media(2);
    let (_, findings) = parse(&stream[..stream.len() - 1]);
    assert_eq!(findings[0].fragment_number, Some(2.into()));
    assert_eq!(findings[0].path, "Segment > Tags");
}

#[test]
fn one_push_equals_any_two() {
    let missing = ChunkWriter::new(ChunkLayout::default()).exception(None, &ServiceException::default());
    let plain = plain(&Info::default(), &[(0, &[(1, 0, true), (2, 3, true)]), (40, &[(1, 0, true)])]);
    let stream = [get_media(2), missing, plain, b"damage".to_vec(), get_media(1)].concat();
    let whole = format!("{:?}", items(Limits::default(), [&stream[..]]));
    for at in 0..stream.len() {
        let (a, b) = stream.split_at(at);
        assert_eq!(format!("{:?}", items(Limits::default(), [a, b])), whole, "split at {at}");
    }
    let bytes = stream.chunks(1);
    assert_eq!(format!("{:?}", items(Limits::default(), bytes)), whole);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn one_push_equals_any_split(sizes in prop::collection::vec(1_usize..400, 1..30), damage in prop::option::of((0_usize..2000, any::<u8>()))) {
        let mut stream = get_media(4);
        if let Some((at, byte)) = damage {
            let at = at % stream.len();
            stream[at] = byte;
        }
        let mut rest = &stream[..];
        let mut parts = Vec::new();
        for size in sizes {
            let (part, after) = rest.split_at(size.min(rest.len()));
            parts.push(part);
            rest = after;
        }
        parts.push(rest);
        prop_assert_eq!(
            format!("{:?}", items(Limits::default(), parts)),
            format!("{:?}", items(Limits::default(), [&stream[..]]))
        );
    }

    #[test]
    fn no_bytes_make_it_panic_or_hang(noise in prop::collection::vec(any::<u8>(), 0..300), at in 0_usize..1000) {
        let mut stream = get_media(3);
        let at = at % stream.len();
        stream.splice(at..at, noise);
        let (fragments, _) = parse(&stream);
        // The noise is in one chunk; the other two are whole.
        prop_assert!(fragments.iter().filter(|fragment| fragment.head.is_whole()).count() >= 2);
    }
}

#[test]
fn an_unknown_element_whose_size_swallows_the_next_chunks_gives_them_back() {
    for len in 8..80 {
        // In the first chunk's key frame: the end of a block of 13 bytes, then an element 84 of 975 bytes.
        let mut noise = vec![0, 0, 0, 0, 0, 0x84, 0x43, 0xCF];
        noise.resize(len, 0);
        let mut stream = get_media(3);
        stream.splice(334..334, noise);
        let (fragments, findings) = parse(&stream);
        let whole: Vec<_> = fragments.iter().filter(|fragment| fragment.head.is_whole()).cloned().collect();
        assert_eq!(numbers(&whole), ["2", "3"], "{len}");
        assert!(!findings.is_empty());
    }
}

#[test]
fn a_new_session_starts_its_clusters_at_zero_again() {
    let session = |first: u64, producer_ms: i64, clusters: &[u64]| -> Vec<u8> {
        let chunk = |(number, &cluster): (u64, &u64)| {
            ChunkWriter::new(ChunkLayout::default()).chunk(
                &number.into(),
                Timestamp::from_millis(producer_ms + cluster.cast_signed()),
                Timestamp::from_millis(producer_ms),
                &[video_track()],
                &[],
                Nanos::from_millis(cluster.cast_signed()),
                &[frame(1, 0, true, "a"), frame(1, 40, false, "b")],
            )
        };
        (first..).zip(clusters).flat_map(chunk).collect()
    };
    let stream = [session(1, 10_000, &[8000, 10_014]), session(1001, 90_000, &[0, 2000])].concat();
    let fragments = fragments(&stream);
    let starts: Vec<_> =
        fragments.iter().map(|fragment| fragment.head.producer_timestamp.unwrap().as_millis()).collect();
    assert_eq!(starts, [18_000, 20_014, 90_000, 92_000]);
    assert!(fragments.iter().all(|fragment| times_ms(fragment) == [0, 40]));
}

#[test]
fn plain_matroska_is_cut_where_a_cluster_starts_with_a_key_frame() {
    let stream = plain(
        &Info::default(),
        &[
            (0, &[(2, 0, true), (1, 0, true), (1, 40, false)]),
            (80, &[(1, 0, false), (2, 5, true)]),
            (160, &[(2, 0, true)]),
            (200, &[(2, 0, true), (1, 10, true), (2, 20, true)]),
        ],
    );
    let fragments = fragments(&stream);
    assert_eq!(numbers(&fragments), ["1", "2"]);
    assert_eq!(times_ms(&fragments[0]), [0, 0, 40, 80, 85, 160]);
    assert_eq!(times_ms(&fragments[1]), [0, 10, 20]);
    let starts: Vec<_> =
        fragments.iter().map(|fragment| fragment.head.producer_timestamp.unwrap().as_millis()).collect();
    assert_eq!(starts, [0, 200]);
    assert!(fragments.iter().all(|fragment| fragment.head.plain && fragment.head.is_whole()));
    assert_eq!(fragments[0].head.offset + fragments[0].head.size, fragments[1].head.offset);
}

#[test]
fn plain_audio_is_cut_at_every_cluster() {
    let stream = document(|writer| {
        headers(writer, &[audio_track()]);
        cluster(writer, 0, &[(2, 0, true), (2, 20, true)]);
        cluster(writer, 40, &[(2, 0, true)]);
    });
    let fragments = fragments(&stream);
    assert_eq!(fragments.iter().map(times_ms).collect::<Vec<_>>(), [vec![0, 20], vec![0]]);
}

#[test]
fn a_file_that_starts_without_a_key_frame_is_a_fragment_all_the_same() {
    let stream = plain(&Info::default(), &[(7, &[(1, 0, false)]), (47, &[(1, 0, true)])]);
    assert_eq!(fragments(&stream).len(), 2);
}

/// Every frame's time in nanoseconds since the start of the file, straight from the elements.
fn element_times(stream: &Bytes) -> Vec<i64> {
    let mut parser = mkv::Parser::new(mkv::Limits::default());
    parser.push(stream.clone());
    parser.finish();
    let (mut scale, mut cluster, mut times) = (1_000_000, 0, Vec::new());
    while let Some(event) = parser.poll().unwrap() {
        match event {
            Event::Info { info, .. } => scale = info.timestamp_scale.cast_signed(),
            Event::Timestamp(timestamp) => cluster = timestamp.cast_signed(),
            Event::Block(block) => times.push((cluster + i64::from(block.timestamp)) * scale),
            _ => {}
        }
    }
    times
}

#[test]
fn times_of_plain_files_are_exact_for_every_scale() {
    for name in ["lacing.mkv", "timestamp-scale.mkv", "h264-high-opengop.mkv", "h265-bframes-aac.mkv", "h264-2997.mkv"]
    {
        let stream = testdata(name);
        let fragments = fragments(&stream);
        let wall = |fragment: &Fragment| {
            let base = fragment.head.producer_timestamp.unwrap().nanos();
            fragment.frames.iter().map(|frame| (frame.offset, (base + frame.time).0)).collect::<Vec<_>>()
        };
        let times: Vec<i64> = fragments.iter().flat_map(wall).map(|(_, time)| time).collect();
        let expected = element_times(&stream);
        if name == "lacing.mkv" {
            // Of 8 frames in a block, the first has the block's time, and the others follow by the default duration.
            assert_eq!(times.iter().step_by(8).copied().collect::<Vec<_>>()[..20], expected[..20]);
            assert!(times.windows(2).all(|pair| (21_000_000..22_000_000).contains(&(pair[1] - pair[0]))));
        } else {
            assert_eq!(times, expected, "{name}");
        }
    }
}

#[test]
fn the_date_of_a_plain_file_is_the_time_of_its_first_frame() {
    let fragments = fragments(&testdata("h264-alaw.mkv"));
    // 2024-01-02T03:04:05.678Z
    assert_eq!(fragments[0].head.producer_timestamp.unwrap().to_string(), "1704164645.678");
    assert_eq!(fragments[1].head.producer_timestamp.unwrap().to_string(), "1704164646.678");
    assert_eq!(fragments[0].head.server_timestamp, fragments[0].head.producer_timestamp);
}

#[test]
fn plain_files_one_after_the_other_go_on_in_number_and_time() {
    let one = |name: &str| {
        document(|writer| {
            headers(writer, &[video_track()]);
            tags(writer, &[("TITLE", name)]);
            cluster(writer, 0, &[(1, 0, true), (1, 40, false)]);
            cluster(writer, 80, &[(1, 0, true), (1, 40, false)]);
            tags(writer, &[("END", name)]);
        })
    };
    let dated = plain(&Info { date_utc: Some(1_000_000_000), ..Info::default() }, &[(0, &[(1, 0, true)])]);
    let fragments = fragments(&[one("a"), one("b"), dated].concat());
    assert_eq!(numbers(&fragments), ["1", "2", "3", "4", "5"]);
    let starts: Vec<_> =
        fragments.iter().map(|fragment| fragment.head.producer_timestamp.unwrap().as_millis()).collect();
    assert_eq!(starts, [0, 80, 160, 240, 978_307_201_000]);
    assert_eq!(fragments[2].head.tags, [user_tag("TITLE", "b", false)]);
    assert_eq!(fragments[3].head.tags, [user_tag("END", "b", true)]);
}

/// A Cluster with one SimpleBlock of track 2 with fixed-size lacing: three frames.
fn laced(writer: &mut Writer, frames: &[u8]) {
    writer.master(Id::CLUSTER, |cluster| {
        cluster.uint(Id::TIMESTAMP, 0);
        cluster.binary(Id::SIMPLE_BLOCK, &[&[0x82, 0, 10, 0x84, 2], frames].concat());
    });
}

#[test]
fn laced_frames_follow_by_the_default_duration() {
    let track = TrackEntry { default_duration: Some(20_000_000), ..audio_track() };
    let stream = document(|writer| {
        headers(writer, &[track]);
        laced(writer, b"aabbcc");
    });
    let fragments = fragments(&stream);
    assert_eq!(times_ms(&fragments[0]), [0, 20, 40].map(|time| time + 10));
    let offsets: Vec<_> = fragments[0].frames.iter().map(|frame| frame.offset).collect();
    let at = usize::try_from(offsets[2]).unwrap();
    assert_eq!((&stream[at..at + 2], offsets[1] - offsets[0]), (&b"cc"[..], 2));
    assert_eq!(fragments[0].frames[1].duration, Some(Nanos::from_millis(20)));
}

#[test]
fn laced_frames_without_a_default_duration_follow_by_their_samples() {
    // AAC-LC at 16 kHz, mono: 1024 samples are 64 ms.
    let track = TrackEntry {
        codec_id: "A_AAC".into(),
        codec_private: Some(Bytes::from_static(&[0x14, 0x08])),
        audio: Some(Audio { sampling_frequency: 16_000.0, ..Audio::default() }),
        ..audio_track()
    };
    let stream = document(|writer| {
        headers(writer, &[track]);
        laced(writer, b"aabbcc");
    });
    assert_eq!(times_ms(&fragments(&stream)[0]), [10, 74, 138]);
}

#[test]
fn header_stripping_is_undone() {
    let strip = ContentEncoding { order: 0, scope: 1, transform: Transform::HeaderStripping("fr".into()) };
    let track = TrackEntry { content_encodings: vec![strip], ..video_track() };
    let stream = document(|writer| {
        headers(writer, &[track]);
        cluster(writer, 0, &[(1, 0, true)]);
    });
    let fragments = fragments(&stream);
    let frame = &fragments[0].frames[0];
    assert_eq!((&frame.payload[..], frame.stripped), (&b"frframe"[..], 2));
    let at = usize::try_from(frame.offset).unwrap();
    assert_eq!(&stream[at..at + 5], b"frame");
}

#[test]
fn zlib_is_refused_by_name_once() {
    let (fragments, findings) = parse(&testdata("zlib.mkv"));
    assert_eq!(findings.len(), 1);
    assert_eq!(findings[0].message, "track 1 is stored with zlib compression (ContentCompAlgo 0), which is not undone");
    assert_eq!(findings[0].exception, Some("UnsupportedStreamMediaTypeException"));
    assert_eq!(fragments[0].head.tracks[0].refused_encoding, Some("zlib compression (ContentCompAlgo 0)"));
}

#[test]
fn max_frames_breaks_the_fragment_off_and_names_itself() {
    let limits = Limits { max_frames: 2, ..Limits::default() };
    let (fragments, findings) = split(items(limits, [&get_media(2)[..]]));
    assert_eq!(findings.len(), 2);
    assert_eq!(findings[0].message, "more than 2 frames in one fragment (limit max_frames)");
    assert_eq!(findings[0].fragment_number, Some(1.into()));
    assert_eq!(numbers(&fragments), ["1", "2"]);
    assert!(fragments.iter().all(|fragment| matches!(fragment.head.completeness, Completeness::Broken { .. })));
    assert!(fragments.iter().all(|fragment| fragment.frames.len() == 2 && fragment.head.frame_count() == 2));
}

#[test]
fn max_fragment_bytes_breaks_the_fragment_off_unless_payload_is_mapped_or_frames_are_not_kept() {
    let stream = get_media(2);
    let (whole, _) = parse(&stream);
    let frames = u64::try_from(whole[0].frames.len()).unwrap();
    let (first, last) = (&whole[0].frames[0], whole[0].frames.last().unwrap());
    let payload = last.offset + u64::from(last.size()) - first.offset;
    let beside = frames * u64::try_from(size_of::<Frame>()).unwrap();
    assert!(frames > 2 && payload > 0);
    let with = |max_fragment_bytes: u64, change: fn(Assembler) -> Assembler| {
        let mut assembler = change(Assembler::new(Limits { max_fragment_bytes, ..Limits::default() }));
        assembler.push(stream.clone().into());
        assembler.finish();
        split(std::iter::from_fn(|| assembler.poll()).collect())
    };
    assert!(with(beside + payload, |assembler| assembler).1.is_empty());
    let most = beside + payload - 1;
    let (fragments, findings) = with(most, |assembler| assembler);
    assert_eq!(numbers(&fragments), ["1", "2"]);
    assert!(fragments.iter().all(|fragment| matches!(fragment.head.completeness, Completeness::Broken { .. })));
    assert!(fragments.iter().all(|fragment| fragment.frames.len() == whole[0].frames.len() - 1));
    let message = format!("the frames of one fragment take more than {most} bytes (limit max_fragment_bytes)");
    assert_eq!(findings[0].message, message);
    assert!(with(beside, Assembler::with_mapped_input).1.is_empty());
    assert_eq!(with(beside - 1, Assembler::with_mapped_input).1.len(), 2);
    assert!(with(0, Assembler::without_frames).1.is_empty());
}

#[test]
fn max_fragment_bytes_holds_for_plain_files_and_for_sound_that_waits_for_a_picture() {
    let limits = |frames: u64| {
        let beside = u64::try_from(size_of::<Frame>() + 16).unwrap();
        Limits { max_fragment_bytes: frames * beside, ..Limits::default() }
    };
    let clusters: [(u64, &[_]); 2] = [(0, &[(1, 0, true), (1, 40, false), (1, 80, false)]), (240, &[(1, 0, true)])];
    let (fragments, findings) = split(items(limits(2), [&plain(&Info::default(), &clusters)[..]]));
    let whole: Vec<_> = fragments.iter().map(|fragment| fragment.head.is_whole()).collect();
    assert_eq!(whole, [false, true]);
    assert!(findings[0].message.contains("limit max_fragment_bytes"));
    let waiting = plain(&Info::default(), &[(0, &[(2, 0, true); 9])]);
    let (_, findings) = split(items(limits(2), [&waiting[..]]));
    assert!(findings[0].message.contains("limit max_fragment_bytes"));
}

#[test]
fn max_tag_bytes_leaves_the_rest_out_and_says_so_once() {
    let stream = document(|writer| {
        headers(writer, &[video_track()]);
        tags(writer, &[("AWS_KINESISVIDEO_FRAGMENT_NUMBER", "1"), ("a", "b"), ("c", "d"), ("e", "f")]);
        let long = "x".repeat(500);
        tags(writer, &[("AWS_KINESISVIDEO_CONTINUATION_TOKEN", &long), ("AWS_KINESISVIDEO_MILLIS_BEHIND_NOW", "5")]);
    });
    let limits = Limits { max_tag_bytes: 150, ..Limits::default() };
    let (fragments, findings) = split(items(limits, [&stream[..]]));
    let head = &fragments[0].head;
    assert_eq!((head.tags.len(), head.number.clone(), head.millis_behind_now), (2, Some(1.into()), Some(5)));
    assert_eq!(head.continuation_token, None);
    let limited: Vec<_> = findings.iter().filter(|finding| finding.message.contains("limit max_tag_bytes")).collect();
    assert_eq!(
        limited.iter().map(|finding| &finding.message[..]).collect::<Vec<_>>(),
        [
            "the tags of one fragment take more than 150 bytes; the rest is left out (limit max_tag_bytes)",
            "AWS_KINESISVIDEO_CONTINUATION_TOKEN of 500 bytes where 150 are allowed (limit max_tag_bytes)",
        ]
    );
    assert!(limited.iter().all(|finding| finding.severity == Severity::Warning));
}

#[test]
fn max_frames_costs_a_plain_file_one_fragment() {
    let stream = plain(
        &Info::default(),
        &[
            (0, &[(1, 0, true), (1, 40, false)]),
            (80, &[(1, 0, true), (1, 40, false), (1, 80, false), (1, 120, false)]),
            (240, &[(1, 0, true), (1, 40, false)]),
        ],
    );
    let limits = Limits { max_frames: 2, ..Limits::default() };
    let (fragments, findings) = split(items(limits.clone(), [&stream[..]]));
    assert_eq!(findings.len(), 1);
    assert_eq!(findings[0].fragment_number, Some(2.into()));
    let whole: Vec<_> = fragments.iter().map(|fragment| fragment.head.is_whole()).collect();
    assert_eq!(whole, [true, false, true]);

    // Sound that waits for a picture counts too.
    let waiting = plain(&Info::default(), &[(0, &[(2, 0, true); 9])]);
    let (_, findings) = split(items(limits, [&waiting[..]]));
    assert_eq!(findings[0].message, "more than 2 frames in one fragment (limit max_frames)");
}

#[test]
fn blocks_of_many_tracks_that_are_not_there_take_no_quadratic_time() {
    let stream = document(|writer| {
        headers(writer, &[video_track()]);
        tags(writer, &[("AWS_KINESISVIDEO_FRAGMENT_NUMBER", "1")]);
        writer.master(Id::CLUSTER, |cluster| {
            cluster.uint(Id::TIMESTAMP, 0);
            for track in 1..60_000 {
                cluster.simple_block_header(track, 0, BlockFlags::default(), 0);
            }
        });
    });
    let (fragments, _) = parse(&stream);
    assert_eq!((fragments[0].frames.len(), fragments[0].head.frame_counts.len()), (59_999, 256));
}

#[test]
fn damage_costs_the_chunk_it_is_in() {
    let chunks: Vec<_> = (1..=3).map(|number| chunk(&ChunkLayout::default(), number, 0, &[])).collect();
    let find = |needle: &[u8]| chunks[1].windows(needle.len()).position(|window| window == needle).unwrap();
    type Harm<'a> = (&'a str, Box<dyn Fn(&mut Vec<u8>) + 'a>);
    let harms: [Harm<'_>; 4] = [
        // SimpleBlock with the size of "second" and its header.
        ("flipped size", Box::new(|chunk| chunk[find(b"second") - 5] ^= 0x40)),
        ("garbage over tags", Box::new(|chunk| chunk[find(b"AWS_KINESISVIDEO_FRAGMENT") - 12..][..40].fill(0x55))),
        (
            "garbage over the cluster",
            Box::new(|chunk| {
                let at = find(b"\x1F\x43\xB6\x75");
                chunk[at..at + 5].fill(0);
            }),
        ),
        ("a hole", Box::new(|chunk| drop(chunk.drain(find(b"key frame")..find(b"third") + 2)))),
    ];
    for (name, harm) in harms {
        let mut damaged = chunks[1].clone();
        harm(&mut damaged);
        let (fragments, findings) = parse(&[&chunks[0][..], &damaged, &chunks[2]].concat());
        assert!(!findings.is_empty(), "{name}");
        let whole: Vec<_> = fragments.iter().filter(|fragment| fragment.head.is_whole()).cloned().collect();
        assert_eq!(numbers(&whole), ["1", "3"], "{name}: {findings:?}");
        assert!(whole.iter().all(|fragment| fragment.frames.len() == 3), "{name}");
    }
}

#[test]
fn a_chunk_without_its_cluster_has_no_media() {
    let mut missing = chunk(&ChunkLayout { cluster_size: ClusterSize::Known, ..ChunkLayout::default() }, 2, 0, &[]);
    let at = missing.windows(4).position(|window| window == b"\x1F\x43\xB6\x75").unwrap();
    let size = usize::from(missing[at + 4] & 0x7F);
    missing.drain(at..at + 5 + size);
    let fragments = fragments(&[get_media(1), missing, get_media(1)].concat());
    assert_eq!(fragments[1].head.completeness, Completeness::NoMedia);
    assert_eq!(fragments[1].head.number, Some(2.into()));
}

#[test]
fn a_plain_file_cut_behind_its_media_is_whole() {
    let mut stream = plain(&Info::default(), &[(0, &[(1, 0, true)]), (40, &[(1, 0, true), (1, 40, false)])]);
    let media = stream.len();
    stream.extend([0x1C, 0x53, 0xBB, 0x6B, 0x90, 1, 2]);
    let (fragments, findings) = parse(&stream);
    assert_eq!((fragments.len(), findings.len()), (2, 1));
    assert!(fragments.iter().all(|fragment| fragment.head.is_whole()));
    let (fragments, _) = parse(&stream[..media - 1]);
    assert!(matches!(fragments[1].head.completeness, Completeness::Cut { .. }));
}

#[test]
fn without_frames_the_heads_are_the_same() {
    let stream =
        [get_media(2), plain(&Info::default(), &[(0, &[(2, 0, true), (1, 0, true), (1, 40, false)])])].concat();
    let mut assembler = Assembler::new(Limits::default()).without_frames();
    assembler.push(stream.clone().into());
    assembler.finish();
    let (heads, _) = split(std::iter::from_fn(|| assembler.poll()).collect());
    assert!(heads.iter().all(|fragment| fragment.frames.is_empty()));
    let text = |fragments: &[Fragment]| fragments.iter().map(|each| format!("{:?}", each.head)).collect::<Vec<_>>();
    assert_eq!(text(&heads), text(&fragments(&stream)));
}

/// Number, producer and server timestamps, and frames of each fragment.
type Expected<'a> = [(&'a str, &'a str, &'a str, u64)];

fn check_capture(name: &str, expected: &Expected<'_>) -> Option<Vec<Fragment>> {
    let fragments = fragments(&capture(name)?);
    let text = |timestamp: Option<Timestamp>| timestamp.unwrap().to_string();
    let found: Vec<_> = fragments
        .iter()
        .map(|Fragment { head, .. }| {
            let number = head.number.as_ref().unwrap().to_string();
            (number, text(head.producer_timestamp), text(head.server_timestamp), head.frame_count())
        })
        .collect();
    let expected: Vec<_> = expected
        .iter()
        .map(|&(number, producer, server, frames)| (number.into(), producer.into(), server.into(), frames))
        .collect();
    assert_eq!(found, expected);
    for Fragment { head, .. } in &fragments {
        assert_eq!(head.completeness, Completeness::Complete);
        assert_eq!(head.continuation_token.as_deref(), head.number.as_ref().map(|number| number.as_str()));
        assert_eq!(head.number.as_ref().unwrap().decode().unwrap().server_timestamp, head.server_timestamp.unwrap());
    }
    Some(fragments)
}

#[test]
fn get_media_of_a_file_upload_reads_as_its_tags_say() {
    let expected = [
        ("91343852333181432392682062607743920146159169392", "1511852108.513", "1511852109.126", 60),
        ("91343852333181432397633822764885441725874549018", "1511852110.513", "1511852110.915", 60),
        ("91343852333181432402585582922026963247510532162", "1511852112.513", "1511852112.487", 60),
        ("91343852333181432407537343079168484595829378270", "1511852114.513", "1511852113.414", 60),
        ("91343852333181432412489103236310005892133364608", "1511852116.513", "1511852114.147", 60),
    ];
    let Some(fragments) = check_capture("output_get_media.mkv", &expected) else { return };
    assert_eq!(fragments.iter().map(|fragment| fragment.frames.len()).sum::<usize>(), 300);
    assert!(
        fragments.iter().all(|fragment| fragment.frames[0].keyframe && fragment.head.frame_counts[0].key_frames == 1)
    );
}

#[test]
fn get_media_of_the_renderer_example_reads_as_its_tags_say() {
    let expected = [
        ("91343852333181432392682062609776234230823574155", "1519423067.997", "1519423069.070", 59),
        ("91343852333181432397633822766917755336254238380", "1519423069.996", "1519423069.091", 59),
        ("91343852333181432402585582924059276442495538010", "1519423071.996", "1519423069.116", 59),
        ("91343852333181432407537343081200797550166190101", "1519423073.995", "1519423069.146", 59),
        ("91343852333181432412489103238342318653675228707", "1519423075.995", "1519423069.161", 59),
        ("91343852333181432417440863395483839757491686017", "1519423077.995", "1519423069.176", 59),
        ("91343852333181432422392623552625360860731813472", "1519423079.994", "1519423069.190", 59),
        ("91343852333181432427344383709766881962776549716", "1519423081.994", "1519423069.199", 31),
    ];
    let Some(fragments) = check_capture("kinesis_video_renderer_example_output.mkv", &expected) else { return };
    assert_eq!(fragments.iter().map(|fragment| fragment.frames.len()).sum::<usize>(), 444);
    assert!(
        fragments.iter().all(|fragment| fragment.frames[0].keyframe && fragment.head.frame_counts[0].key_frames == 1)
    );
}

#[test]
fn get_media_of_the_producer_sdk_with_user_tags_reads_as_its_tags_say() {
    let expected = [
        ("91343852333713038908964877623801423530396737899", "0.000", "1537574915.281", 10),
        ("91343852333713038913916637780942944683031040297", "5.000", "1537574915.478", 10),
        ("91343852333713038918868397938084465802887066670", "10.000", "1537574915.554", 10),
        ("91343852333713038923820158095225986915711326403", "15.000", "1537574915.603", 10),
        ("91343852333713038928771918252367508026640589178", "20.000", "1537574915.645", 10),
        ("91343852333713038933723678409509029132346185461", "25.000", "1537574915.668", 10),
        ("91343852333713038938675438566650550295562402559", "30.000", "1537574915.905", 10),
        ("91343852333713038943627198723792071401813780459", "35.000", "1537574915.930", 10),
        ("91343852333713038948578958880933592508004495778", "40.000", "1537574915.955", 10),
        ("91343852333713038953530719038075113645398559869", "45.000", "1537574916.095", 10),
    ];
    let Some(fragments) = check_capture("test_mixed_tags.mkv", &expected) else { return };
    let counts: Vec<_> = fragments.iter().map(|fragment| fragment.head.tags.len()).collect();
    assert_eq!(counts, [10, 5, 5, 5, 5, 5, 5, 5, 5, 5]);
    let after = fragments[0].head.tags.iter().filter(|tag| tag.after_media).count();
    assert_eq!((after, fragments[0].head.tags[0].name.as_str()), (5, "testTag_0"));
    assert_eq!(fragments[0].head.tracks[0].entry.codec_id, "V_MS/VFW/FOURCC");
}
