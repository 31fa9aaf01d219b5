use super::*;
use crate::block::Frames;
use crate::write::{BlockFlags, Writer};
use crate::{
    Audio, BlockAddition, BlockGroup, Colour, ContentEncoding, PixelCrop, SimpleTag, Targets, TrackType, Transform,
    Video, write_tags, write_tracks,
};

/// How a test chunk is laid out.
#[derive(Clone, Copy)]
struct Shape {
    segment: Option<u32>,
    cluster: Option<u32>,
    blocks: i16,
}

/// Sizes unknown in one byte, as the producer SDK writes them.
const UNKNOWN: Shape = Shape { segment: Some(1), cluster: Some(1), blocks: 3 };

fn track() -> TrackEntry {
    TrackEntry { number: 1, uid: 1, codec_id: "V_TEST".into(), ..TrackEntry::default() }
}

fn cluster(w: &mut Writer, timestamp: u64, shape: Shape) {
    let mut inner = Writer::new();
    inner.uint(Id::TIMESTAMP, timestamp);
    for i in 0..shape.blocks {
        inner.simple_block_header(1, i * 40, BlockFlags { keyframe: i == 0, ..BlockFlags::default() }, 30);
        inner.raw(&[b'a' + u8::try_from(i).unwrap(); 30]);
    }
    let inner = inner.into_bytes();
    match shape.cluster {
        Some(width) => w.header_with_width(Id::CLUSTER, None, width),
        None => w.header(Id::CLUSTER, Some(inner.len().try_into().unwrap())),
    }
    w.raw(&inner);
}

fn chunk(number: &str, shape: Shape) -> Vec<u8> {
    let mut inner = Writer::new();
    inner.binary(Id::SEEK_HEAD, b"stale");
    crate::Info::default().write(&mut inner);
    write_tracks(&[track()], &mut inner);
    let tag = |name: &str| vec![Tag { simple_tags: vec![SimpleTag::new(name, number)], ..Tag::default() }];
    write_tags(&tag("BEFORE"), &mut inner);
    cluster(&mut inner, 0, shape);
    write_tags(&tag("AFTER"), &mut inner);
    let inner = inner.into_bytes();
    let mut w = Writer::new();
    EbmlHeader::default().write(&mut w);
    match shape.segment {
        Some(width) => w.header_with_width(Id::SEGMENT, None, width),
        None => w.header(Id::SEGMENT, Some(inner.len().try_into().unwrap())),
    }
    w.raw(&inner);
    w.into_bytes()
}

fn stream(chunks: &[&[u8]]) -> Vec<u8> {
    chunks.concat()
}

/// Events and errors of a stream pushed in parts.
fn parse<'a>(parts: impl IntoIterator<Item = &'a [u8]>) -> Vec<Result<Event>> {
    let mut parser = Parser::new(Limits::default());
    let mut results = Vec::new();
    let mut drain = |parser: &mut Parser| {
        while let Some(result) = parser.poll().transpose() {
            results.push(result);
            assert!(results.len() < 100_000, "the parser does not come to an end");
        }
    };
    for part in parts {
        parser.push(Bytes::copy_from_slice(part));
        drain(&mut parser);
    }
    parser.finish();
    drain(&mut parser);
    results
}

fn events(bytes: &[u8]) -> Vec<Event> {
    parse([bytes]).into_iter().map(Result::unwrap).collect()
}

/// The numbers in the AFTER tags: one for each chunk that came through whole.
fn whole(results: &[Result<Event>]) -> Vec<String> {
    let tags = results.iter().filter_map(|result| match result {
        Ok(Event::Tags { tags, .. }) => tags.first()?.simple_tags.first().cloned(),
        _ => None,
    });
    tags.filter(|tag| tag.name == "AFTER").map(|tag| tag.string.unwrap_or_default()).collect()
}

fn errors(results: &[Result<Event>]) -> Vec<String> {
    results.iter().filter_map(|result| result.as_ref().err()).map(ToString::to_string).collect()
}

#[test]
fn documents_back_to_back_give_one_chunk_each() {
    let bytes = stream(&[&chunk("1", UNKNOWN), &chunk("2", UNKNOWN)]);
    let events = events(&bytes);
    let names: Vec<_> = events
        .iter()
        .map(|event| match event {
            Event::Document { .. } => 'D',
            Event::Segment { size: None, .. } => 'S',
            Event::Skipped { id: Id::SEEK_HEAD, .. } => 'k',
            Event::Info { .. } => 'I',
            Event::Tracks { .. } => 'T',
            Event::Tags { .. } => 't',
            Event::Cluster { size: None, .. } => 'C',
            Event::Timestamp(0) => '0',
            Event::Block(_) => 'b',
            Event::ClusterEnd { by: EndedBy::Element, .. } => 'c',
            Event::DocumentEnd { .. } => 'd',
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(names.iter().collect::<String>(), "DSkITtC0bbbctd".repeat(2));
    assert_eq!(events.last(), Some(&Event::DocumentEnd { offset: bytes.len().try_into().unwrap() }));
}

#[test]
fn unknown_sizes_of_all_widths_and_known_sizes_give_the_same_blocks() {
    let blocks = |shape| {
        let bytes = stream(&[&chunk("1", shape), &chunk("2", shape)]);
        let blocks = events(&bytes).into_iter().filter_map(|event| match event {
            Event::Block(block) => {
                let start = usize::try_from(block.data_offset).unwrap();
                let Frames::One(frame) = block.frames else { panic!("laced") };
                assert_eq!(bytes[start..][..frame.len()], frame);
                Some((block.timestamp, block.keyframe, frame))
            }
            _ => None,
        });
        blocks.collect::<Vec<_>>()
    };
    let known = blocks(Shape { segment: None, cluster: None, blocks: 3 });
    assert_eq!(known.len(), 6);
    for width in 1..=8 {
        assert_eq!(blocks(Shape { segment: Some(width), cluster: Some(width), blocks: 3 }), known);
        assert_eq!(blocks(Shape { segment: Some(width), cluster: None, blocks: 3 }), known);
        assert_eq!(blocks(Shape { segment: None, cluster: Some(width), blocks: 3 }), known);
    }
}

#[test]
fn a_cluster_of_unknown_size_ends_with_the_segment() {
    let mut inner = Writer::new();
    write_tracks(&[track()], &mut inner);
    cluster(&mut inner, 0, UNKNOWN);
    let mut w = Writer::new();
    EbmlHeader::default().write(&mut w);
    w.binary(Id::SEGMENT, &inner.into_bytes());
    let whole = w.into_bytes();
    for bytes in [whole.clone(), [&whole[..], &whole[..]].concat()] {
        let blocks = events(&bytes).iter().filter(|event| matches!(event, Event::Block(_))).count();
        assert_eq!(blocks, bytes.len() / whole.len() * 3);
        assert!(events(&bytes).iter().any(|event| matches!(event, Event::ClusterEnd { by: EndedBy::Size, .. })));
    }
    // A block that reaches out of the Segment is damage, though its Cluster does not say where it ends.
    let mut broken = whole.clone();
    let last_block = broken.len() - 36;
    assert_eq!(broken[last_block], 0xA3);
    broken[last_block + 1] += 20;
    broken.extend([0; 30]);
    let error = parse([&broken[..]]).into_iter().find_map(Result::err).unwrap();
    assert!(error.message().contains("but its parent at"), "{error}");
}

#[test]
fn a_block_that_swallows_the_head_of_the_next_chunk_costs_its_own_chunk_alone() {
    let first = chunk("1", UNKNOWN);
    let second = chunk("2", UNKNOWN);
    let numbers = |bytes: &[u8]| -> Vec<Vec<String>> {
        let documents = parse([bytes]).into_iter().filter_map(Result::ok);
        let mut numbers = Vec::new();
        for event in documents {
            match event {
                Event::Document { .. } => numbers.push(Vec::new()),
                Event::Tags { tags, .. } => {
                    let tag = tags[0].simple_tags[0].string.clone().unwrap();
                    numbers.last_mut().unwrap().push(tag);
                }
                _ => {}
            }
        }
        numbers
    };
    let position = |bytes: &[u8], id: [u8; 4]| bytes.windows(4).position(|window| window == id).unwrap();
    // The chunk is cut in its last block, whose size then takes in all up to the next chunk's Segment, or up to its Cluster.
    let last_block = first.windows(2).rposition(|window| window == [0xA3, 0xA2]).unwrap();
    for id in [[0x18, 0x53, 0x80, 0x67], [0x1F, 0x43, 0xB6, 0x75]] {
        let taken_in = position(&second, id);
        let mut cut = first[..last_block].to_vec();
        cut.extend([0xA3, 0x40, 0]);
        cut.extend([0x81, 0, 0, 0, b'x']);
        let size = u16::try_from(5 + taken_in).unwrap();
        cut[last_block + 1..last_block + 3].copy_from_slice(&(0x4000 | size).to_be_bytes());
        let bytes = [&cut[..], &second, &chunk("3", UNKNOWN)].concat();
        assert_eq!(numbers(&bytes), [vec!["1"], vec!["2"; 2], vec!["3"; 2]]);
        let message = format!("a document begins at byte {}, within an element before this one", cut.len());
        let errors: Vec<String> =
            parse([&bytes[..]]).into_iter().filter_map(Result::err).map(|e| e.to_string()).collect();
        assert!(errors.len() == 1 && errors[0].contains(&message), "{errors:?}");
        assert_eq!(format!("{:?}", parse(bytes.chunks(7))), format!("{:?}", parse([&bytes[..]])));
    }
}

#[test]
fn a_document_that_is_attached_between_clusters_is_no_swallowed_one() {
    let mut w = Writer::new();
    EbmlHeader::default().write(&mut w);
    w.header(Id::SEGMENT, None);
    write_tracks(&[track()], &mut w);
    cluster(&mut w, 0, UNKNOWN);
    w.binary(Id::ATTACHMENTS, &chunk("attached", UNKNOWN));
    cluster(&mut w, 200, UNKNOWN);
    let events = events(&w.into_bytes());
    assert_eq!(events.iter().filter(|event| matches!(event, Event::Document { .. })).count(), 1);
    assert_eq!(events.iter().filter(|event| matches!(event, Event::Block(_))).count(), 6);
}

#[test]
fn blocks_of_every_size_width_take_the_short_way_or_the_long_one_alike() {
    for width in 1..=8 {
        for (track, len) in [(1, 0_usize), (1, 1), (1, 200), (127, 40), (128, 40), (1, 20_000)] {
            let mut w = Writer::with_size_width(width);
            EbmlHeader::default().write(&mut w);
            w.header(Id::SEGMENT, None);
            w.header(Id::CLUSTER, None);
            w.simple_block_header(
                track,
                -3,
                BlockFlags { discardable: true, ..BlockFlags::default() },
                len.try_into().unwrap(),
            );
            w.raw(&vec![0xFF; len]);
            // Behind it, so that the block does not end the input and is looked at in one piece.
            w.binary(Id::VOID, &[0; 20]);
            let bytes = w.into_bytes();
            let block_of = |results: Vec<Result<Event>>| {
                let blocks = results.into_iter().filter_map(|event| match event.unwrap() {
                    Event::Block(block) => Some(block),
                    _ => None,
                });
                blocks.collect::<Vec<_>>()
            };
            let block = block_of(parse([&bytes[..]]));
            assert_eq!(block, block_of(parse(bytes.chunks(5))), "size in {width} bytes, {len} bytes of track {track}");
            let [block] = &block[..] else { panic!("{block:?}") };
            assert_eq!((block.track, block.timestamp, block.discardable), (track, -3, true));
            assert_eq!(block.frames.as_slice()[0].len(), len);
        }
    }
}

#[test]
fn a_block_of_unknown_size_is_refused_in_every_width() {
    for width in 1..=8 {
        let mut w = Writer::new();
        EbmlHeader::default().write(&mut w);
        w.header(Id::SEGMENT, None);
        w.header(Id::CLUSTER, None);
        w.header_with_width(Id::SIMPLE_BLOCK, None, width);
        w.raw(b"\x81\0\0\x80");
        // As many bytes as the ones would be if they were a size.
        w.raw(&vec![0; 20_000]);
        let results = parse([&w.into_bytes()[..]]);
        assert!(!results.iter().any(|result| matches!(result, Ok(Event::Block(_)))), "size in {width} bytes");
        assert!(errors(&results)[0].ends_with("only Segment and Cluster may have an unknown size (RFC 9559)"));
    }
}

#[test]
fn equal_headers_are_parsed_once() {
    let bytes = stream(&[&chunk("1", UNKNOWN), &chunk("2", UNKNOWN)]);
    let tracks: Vec<_> = events(&bytes)
        .into_iter()
        .filter_map(|event| if let Event::Tracks { tracks, .. } = event { Some(tracks) } else { None })
        .collect();
    assert!(Arc::ptr_eq(&tracks[0], &tracks[1]));
}

#[test]
fn any_split_of_the_pushes_gives_what_one_push_gives() {
    let mut broken = chunk("2", UNKNOWN);
    let at = broken.len() / 2;
    broken[at..at + 20].fill(0);
    let laced = [0xA3, 0x8A, 0x81, 0, 0, 0x04, 1, b'x', b'y', b'z', b'w', b'v'];
    let bytes = stream(&[&chunk("1", UNKNOWN), &laced[..11], &broken, &chunk("3", UNKNOWN)]);
    let expected = parse([&bytes[..]]);
    for split in 0..bytes.len() {
        assert_eq!(parse([&bytes[..split], &bytes[split..]]), expected, "split at {split}");
    }
    assert_eq!(parse(bytes.chunks(1)), expected);
    assert_eq!(parse(bytes.chunks(7)), expected);
}

#[test]
fn places_are_those_of_the_blocks_that_polling_gives() {
    let laced = [0xA3, 0x8A, 0x81, 0, 0, 0x04, 1, b'x', b'y', b'z', b'w', b'v'];
    for shape in [UNKNOWN, Shape { cluster: None, ..UNKNOWN }] {
        let bytes = stream(&[&chunk("1", shape), &laced[..11], &chunk("2", shape), &chunk("3", shape)]);
        for split in [1, 3, 50, bytes.len()] {
            let mut parser = Parser::new(Limits::default());
            let mut found = Vec::new();
            let mut drain = |parser: &mut Parser| {
                loop {
                    parser.poll_places(
                        |track, _| track == 1,
                        |place| {
                            found.push((u64::from(place.track), place.offset, u64::from(place.size), place.keyframe));
                            true
                        },
                    );
                    match parser.poll() {
                        Ok(None) => break,
                        Ok(Some(Event::Block(block))) => found.extend(all_of(&block)),
                        _ => {}
                    }
                }
            };
            for part in bytes.chunks(split) {
                parser.push(Bytes::copy_from_slice(part));
                drain(&mut parser);
            }
            parser.finish();
            drain(&mut parser);
            let blocks = parse([&bytes[..]]).into_iter().filter_map(|result| match result {
                Ok(Event::Block(block)) => Some(all_of(&block)),
                _ => None,
            });
            assert_eq!(found, blocks.flatten().collect::<Vec<_>>(), "split at {split}");
        }
    }
}

fn all_of(block: &Block) -> Vec<(u64, u64, u64, bool)> {
    let mut offset = block.data_offset;
    let frames = block.frames.as_slice().iter().map(|frame| {
        let (at, size) = (offset, u64::try_from(frame.len()).unwrap());
        offset += size;
        (block.track, at, size, block.keyframe)
    });
    frames.collect()
}

#[test]
fn places_end_where_they_are_not_wanted() {
    let bytes = chunk("1", Shape { blocks: 5, ..UNKNOWN });
    let mut parser = Parser::new(Limits::default());
    parser.push(Bytes::copy_from_slice(&bytes));
    while !matches!(parser.poll().unwrap(), Some(Event::Timestamp(_))) {}
    let mut places = 0;
    parser.poll_places(|_, _| false, |_| panic!("refused"));
    parser.poll_places(
        |_, _| true,
        |_| {
            places += 1;
            places < 2
        },
    );
    assert_eq!(places, 2);
    assert!(matches!(parser.poll().unwrap(), Some(Event::Block(_))));
}

#[test]
fn any_split_of_what_is_no_document_gives_the_same_message() {
    for junk in [&[0][..], &[0, 1], &[0x42, 0x82, 0x80, 0, 9], &[0xA3, 0x80, 0x80, 0x80], &[0x01; 20]] {
        for bytes in [stream(&[junk]), stream(&[junk, &chunk("1", UNKNOWN)])] {
            assert_eq!(parse(bytes.chunks(1)), parse([&bytes[..]]), "{junk:02X?}");
        }
    }
}

#[test]
fn a_stream_cut_at_any_byte_gives_the_chunks_before_and_says_where() {
    for shape in [UNKNOWN, Shape { segment: None, cluster: None, blocks: 3 }, Shape { cluster: None, ..UNKNOWN }] {
        let first = chunk("1", shape);
        let bytes = stream(&[&first, &chunk("2", shape)]);
        for cut in 0..bytes.len() {
            let results = parse([&bytes[..cut]]);
            if cut >= first.len() {
                assert_eq!(whole(&results)[0], "1", "cut at {cut}");
            }
            // Every event but the errors lies before the cut, and an element that is not whole is told of once.
            let cuts: Vec<_> = results.iter().filter_map(|result| result.as_ref().err()).collect();
            assert!(cuts.len() <= 1, "cut at {cut}: {cuts:?}");
            for error in cuts {
                assert_eq!(error.kind(), ErrorKind::Cut);
                assert_eq!(error.offset(), u64::try_from(cut).unwrap());
            }
        }
    }
}

#[test]
fn a_broken_size_costs_its_chunk_even_where_it_swallows_the_next() {
    let three = [chunk("1", UNKNOWN), chunk("2", UNKNOWN), chunk("3", UNKNOWN)];
    let block = three[1].windows(2).position(|w| w == [0xA3, 0xA2]).unwrap();
    for size in [[0xA3, 0xA3], [0xA3, 0xF0], [0xA3, 0x81], [0xA3, 0xFE]] {
        let mut broken = three[1].clone();
        broken[block..block + 2].copy_from_slice(&size);
        let results = parse([&stream(&[&three[0], &broken, &three[2]])[..]]);
        let found = whole(&results);
        assert!(found.starts_with(&["1".into()]) && found.ends_with(&["3".into()]), "{size:x?}: {found:?}");
        // Where the step lands on something that parses, the missing AFTER tag still tells.
        assert!(!errors(&results).is_empty() || !found.contains(&"2".into()), "{size:x?}");
    }
    // The largest size that one byte holds, over a Tags element as well.
    let tags = three[1].windows(4).rposition(|w| w == [0x12, 0x54, 0xC3, 0x67]).unwrap();
    let mut broken = three[1].clone();
    broken[tags + 4] = 0xFE;
    assert_eq!(whole(&parse([&stream(&[&three[0], &broken, &three[2]])[..]])), ["1", "3"]);
}

#[test]
fn a_chunk_cut_in_the_middle_of_a_stream_costs_itself() {
    let chunks = [chunk("1", UNKNOWN), chunk("2", UNKNOWN), chunk("3", UNKNOWN)];
    for cut in 5..chunks[1].len() {
        let results = parse([&stream(&[&chunks[0], &chunks[1][..cut], &chunks[2]])[..]]);
        let found = whole(&results);
        assert_eq!((found.first().unwrap().as_str(), found.last().unwrap().as_str()), ("1", "3"), "cut at {cut}");
    }
}

#[test]
fn an_ebml_id_in_garbage_is_no_document() {
    let garbage = b"\x1A\x45\xDF\xA3\x84junk and \x1A\x45\xDF\xA3 and \x1F\x43\xB6\x75\xFF more";
    let results = parse([&stream(&[garbage, &chunk("1", UNKNOWN), garbage, &chunk("2", UNKNOWN)])[..]]);
    assert_eq!(whole(&results), ["1", "2"]);
    assert_eq!(errors(&results).len(), 2);
}

#[test]
fn a_picture_is_told_from_matroska() {
    let results = parse([&b"\xFF\xD8\xFF\xE0\0\x10JFIF and so on"[..]]);
    assert_eq!(
        errors(&results),
        ["byte 0: an EBML header (1A 45 DF A3) is expected, not FF D8 FF E0 (RFC 8794, section 11.2)"]
    );
}

#[test]
fn damage_in_one_cluster_of_many_costs_that_cluster() {
    let mut w = Writer::new();
    EbmlHeader::default().write(&mut w);
    w.header(Id::SEGMENT, None);
    write_tracks(&[track()], &mut w);
    let mut starts = vec![];
    for timestamp in [0, 1000, 2000] {
        starts.push(w.len());
        cluster(&mut w, timestamp, Shape { segment: None, cluster: None, blocks: 3 });
    }
    let mut bytes = w.into_bytes();
    bytes[starts[1] + 10..starts[2]].fill(0);
    let results = parse([&bytes[..]]);
    let timestamps: Vec<_> =
        results.iter().filter_map(|r| if let Ok(Event::Timestamp(t)) = r { Some(*t) } else { None }).collect();
    assert_eq!(timestamps.first(), Some(&0));
    assert_eq!(timestamps.last(), Some(&2000));
    assert_eq!(results.iter().filter(|r| matches!(r, Ok(Event::Block(_)))).count(), 6);
    assert_eq!(errors(&results).len(), 1);
}

#[test]
fn ids_and_sizes_are_as_long_as_the_document_says() {
    let document = |header: EbmlHeader| {
        let mut w = Writer::new();
        header.write(&mut w);
        w.header_with_width(Id::SEGMENT, None, 4);
        w.header_with_width(Id(0x08_1234_5678), Some(3), 2);
        w.raw(b"odd");
        w.into_bytes()
    };
    let long = document(EbmlHeader { max_id_length: 5, ..EbmlHeader::default() });
    assert!(events(&long).iter().any(|event| matches!(event, Event::Skipped { id: Id(0x08_1234_5678), size: 10, .. })));
    let short = parse([&document(EbmlHeader::default())[..]]);
    assert!(errors(&short)[0].ends_with(
        "Segment: no element ID starts here: 5 bytes long where EBMLMaxIDLength allows 4 (RFC 8794, section 5)"
    ));
    let narrow = parse([&document(EbmlHeader { max_size_length: 3, ..EbmlHeader::default() })[..]]);
    assert!(errors(&narrow)[0].contains("EBMLMaxSizeLength allows 3"));
}

#[test]
fn header_stripping_is_undone() {
    let mut w = Writer::new();
    EbmlHeader::default().write(&mut w);
    w.header(Id::SEGMENT, None);
    let transform = Transform::HeaderStripping(Bytes::from_static(b"\0\0\0\x01"));
    let content_encodings = vec![ContentEncoding { order: 0, scope: 1, transform }];
    write_tracks(&[TrackEntry { content_encodings, ..track() }], &mut w);
    cluster(&mut w, 0, UNKNOWN);
    let events = events(&w.into_bytes());
    let Some(Event::Block(block)) = events.iter().find(|event| matches!(event, Event::Block(_))) else { panic!() };
    assert_eq!(block.frames.as_slice()[0][..6], *b"\0\0\0\x01aa");
    assert_eq!(block.stripped, 4);
}

#[test]
fn a_block_group_keeps_what_it_says() {
    let group = BlockGroup {
        duration: Some(40),
        references: vec![-40, 80],
        discard_padding: Some(-5),
        additions: vec![BlockAddition { id: 4, data: Bytes::from_static(b"T.35") }],
        codec_state: None,
    };
    let mut w = Writer::new();
    EbmlHeader::default().write(&mut w);
    w.header(Id::SEGMENT, None);
    w.header(Id::CLUSTER, None);
    w.uint(Id::TIMESTAMP, 0);
    group.write(2, -7, true, b"frame", &mut w);
    let events = events(&w.into_bytes());
    let Event::Block(block) = &events[4] else { panic!("{events:?}") };
    assert_eq!(block.group.as_deref(), Some(&group));
    assert_eq!((block.track, block.timestamp, block.keyframe, block.invisible), (2, -7, false, true));
    assert_eq!(block.frames.as_slice(), ["frame"]);
}

#[test]
fn zero_length_elements_have_their_defaults_and_strings_end_at_nul() {
    let mut w = Writer::new();
    EbmlHeader { doc_type: "matroska\0".into(), ..EbmlHeader::default() }.write(&mut w);
    w.header(Id::SEGMENT, None);
    w.master(Id::INFO, |w| w.binary(Id::TIMESTAMP_SCALE, b""));
    w.master(Id::TRACKS, |w| {
        w.master(Id::TRACK_ENTRY, |w| {
            w.uint(Id::TRACK_NUMBER, 1);
            w.string(Id::CODEC_ID, "A_AAC\0\0\0junk");
            w.master(Id::AUDIO, |w| {
                w.binary(Id::SAMPLING_FREQUENCY, b"");
                w.binary(Id::CHANNELS, b"");
            });
        });
    });
    let events = events(&w.into_bytes());
    assert!(events.iter().any(|event| matches!(event, Event::Info { info, .. } if info.timestamp_scale == 1_000_000)));
    let Some(Event::Tracks { tracks, .. }) = events.iter().find(|event| matches!(event, Event::Tracks { .. })) else {
        panic!()
    };
    assert_eq!(tracks[0].codec_id, "A_AAC");
    assert_eq!(tracks[0].audio, Some(crate::Audio::default()));
}

#[test]
fn limits_are_named_in_their_errors() {
    let trip = |limits: Limits, build: &dyn Fn(&mut Writer)| {
        let mut w = Writer::new();
        EbmlHeader::default().write(&mut w);
        w.header(Id::SEGMENT, None);
        build(&mut w);
        let mut parser = Parser::new(limits);
        parser.push(w.into_bytes().into());
        parser.finish();
        let error = loop {
            match parser.poll() {
                Ok(Some(_)) => {}
                Ok(None) => panic!("no limit was tripped"),
                Err(error) => break error,
            }
        };
        assert_eq!(error.kind(), ErrorKind::Limit);
        error.to_string()
    };
    let default = Limits::default;
    let nested = |w: &mut Writer| {
        let mut tag = SimpleTag::new("a", "b");
        for _ in 0..9 {
            tag = SimpleTag { nested: vec![tag], ..SimpleTag::default() };
        }
        write_tags(&[Tag { simple_tags: vec![tag], ..Tag::default() }], w);
    };
    assert!(trip(default(), &nested).contains("max_depth"));
    let tags = |w: &mut Writer| write_tags(&vec![Tag::default(); 3], w);
    assert!(trip(Limits { max_tags: 2, ..default() }, &tags).contains("max_tags"));
    let tracks = |w: &mut Writer| write_tracks(&[track(), TrackEntry { number: 2, ..track() }], w);
    assert!(trip(Limits { max_tracks: 1, ..default() }, &tracks).contains("max_tracks"));
    assert!(trip(Limits { max_header_bytes: 10, ..default() }, &tracks).contains("max_header_bytes"));
    let void = |w: &mut Writer| w.binary(Id::VOID, &[0; 11]);
    assert!(trip(Limits { max_skipped_bytes: 10, ..default() }, &void).contains("max_skipped_bytes"));
    let block = |w: &mut Writer| cluster(w, 0, UNKNOWN);
    assert!(trip(Limits { max_block_bytes: 10, ..default() }, &block).contains("max_block_bytes"));
    let targets = Targets { track_uids: vec![1; 3], ..Targets::default() };
    let uids = |w: &mut Writer| write_tags(&[Tag { targets: Some(targets.clone()), ..Tag::default() }], w);
    assert!(
        trip(Limits { max_tags: 3, ..default() }, &uids).contains("more than 3 TagTrackUID elements (limit max_tags)")
    );
    let strip = |order: u64| ContentEncoding {
        order,
        scope: 1,
        transform: Transform::HeaderStripping(Bytes::from_static(b"12345")),
    };
    let stripped = |w: &mut Writer| {
        write_tracks(&[TrackEntry { content_encodings: (0..3).map(strip).collect(), ..track() }], w);
    };
    assert!(trip(Limits { max_content_encodings: 2, ..default() }, &stripped).contains("max_content_encodings"));
    assert!(trip(Limits { max_stripped_bytes: 14, ..default() }, &stripped).contains("max_stripped_bytes"));
    let group = |w: &mut Writer| {
        cluster(w, 0, UNKNOWN);
        let addition = BlockAddition { id: 1, data: Bytes::new() };
        let group = BlockGroup { references: vec![-1; 2], additions: vec![addition], ..BlockGroup::default() };
        group.write(1, 0, false, b"frame", w);
    };
    assert!(trip(Limits { max_block_details: 2, ..default() }, &group).contains("max_block_details"));
}

mod random {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(300))]

        #[test]
        fn any_bytes_in_any_split_end_without_a_panic(
            bytes in proptest::collection::vec(any::<u8>(), 0..600),
            splits in proptest::collection::vec(1_usize..200, 1..6),
        ) {
            let mut bytes = bytes;
            let seed = chunk("1", UNKNOWN);
            bytes.splice(0..0, seed.iter().copied().take(splits[0] * 2));
            let expected = parse([&bytes[..]]);
            let mut parts = vec![];
            let mut rest = &bytes[..];
            for split in splits {
                let (part, after) = rest.split_at(split.min(rest.len()));
                parts.push(part);
                rest = after;
            }
            parts.push(rest);
            prop_assert_eq!(parse(parts), expected);
        }

        #[test]
        fn flipped_bytes_in_one_chunk_leave_the_others(at in 0_usize..400, to in any::<u8>(), len in 1_usize..8) {
            let chunks = [chunk("1", UNKNOWN), chunk("2", UNKNOWN), chunk("3", UNKNOWN)];
            let mut broken = chunks[1].clone();
            for byte in broken.iter_mut().skip(at).take(len) {
                *byte = to;
            }
            let found = whole(&parse([&stream(&[&chunks[0], &broken, &chunks[2]])[..]]));
            prop_assert_eq!(found.first().map(String::as_str), Some("1"));
            prop_assert_eq!(found.last().map(String::as_str), Some("3"));
        }

        #[test]
        fn tracks_written_are_read_back(
            number in 1_u64..1 << 40, uid in any::<u64>(), kind in 0_u64..256, flags in any::<[bool; 4]>(),
            name in proptest::option::of("[a-zA-Z é]{0,20}"), codec_private in proptest::option::of(proptest::collection::vec(any::<u8>(), 0..40)),
            size in any::<[u32; 2]>(), crop in any::<[u16; 4]>(), colour in proptest::option::of(any::<[Option<u8>; 5]>()),
            rate in proptest::option::of((1.0_f64..400_000.0, 1_u64..64, proptest::option::of(1_u64..64))),
        ) {
            let track = TrackEntry {
                number, uid, track_type: TrackType::from_value(kind),
                flag_enabled: flags[0], flag_default: flags[1], flag_forced: flags[2], flag_lacing: flags[3],
                name, codec_private: codec_private.map(Bytes::from), codec_id: "V_TEST".into(),
                video: Some(Video {
                    pixel_width: size[0].into(), pixel_height: size[1].into(),
                    pixel_crop: PixelCrop { top: crop[0].into(), bottom: crop[1].into(), left: crop[2].into(), right: crop[3].into() },
                    colour: colour.map(|c| {
                        let c = c.map(|value| value.map(u64::from));
                        Colour { matrix_coefficients: c[0], range: c[1], transfer_characteristics: c[2], primaries: c[3], max_cll: c[4], ..Colour::default() }
                    }),
                    ..Video::default()
                }),
                audio: rate.map(|(sampling_frequency, channels, bit_depth)| Audio { sampling_frequency, channels, bit_depth, output_sampling_frequency: None }),
                ..TrackEntry::default()
            };
            for width in 1..=8 {
                let mut w = Writer::with_size_width(width);
                EbmlHeader::default().write(&mut w);
                w.header(Id::SEGMENT, None);
                write_tracks(std::slice::from_ref(&track), &mut w);
                let events = events(&w.into_bytes());
                let read = matches!(&events[2], Event::Tracks { tracks, .. } if tracks[..] == [track.clone()]);
                prop_assert!(read, "{:?}", events);
            }
        }

        #[test]
        fn tags_written_are_read_back(tags in proptest::collection::vec(("[A-Z_]{0,30}", proptest::option::of("[ -~]{0,60}"), proptest::option::of(any::<Vec<u8>>())), 0..8)) {
            let simple_tags: Vec<_> = tags
                .into_iter()
                .map(|(name, string, binary)| SimpleTag { name, string, binary: binary.map(Bytes::from), ..SimpleTag::default() })
                .collect();
            let written = vec![Tag { simple_tags, targets: Some(crate::Targets { type_value: Some(50), ..crate::Targets::default() }) }];
            let mut w = Writer::with_size_width(4);
            EbmlHeader::default().write(&mut w);
            w.header(Id::SEGMENT, None);
            write_tags(&written, &mut w);
            let events = events(&w.into_bytes());
            let read = matches!(&events[2], Event::Tags { tags, .. } if *tags == written);
            prop_assert!(read, "{:?}", events);
        }
    }
}
