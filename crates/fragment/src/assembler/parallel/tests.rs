use std::slice;
use std::sync::atomic::AtomicUsize;

use proptest::prelude::*;

use super::*;
use crate::testing::*;
use crate::{ChunkLayout, Limits};

/// Sections as short as they can be, so that small streams have many.
const SHORT: Lengths = Lengths { least: 0, section: 100..4000 };

/// Items as text, with where tracks are the very same as those of the fragment before.
fn described(items: impl Iterator<Item = Item>) -> Vec<String> {
    let mut before: Option<Tracks> = None;
    let each = items.map(|item| {
        let shared = match &item {
            Item::Fragment(fragment) => {
                let tracks = before.replace(fragment.head.tracks.clone());
                tracks.is_some_and(|tracks| tracks.is_same(&fragment.head.tracks))
            }
            Item::Finding(_) => false,
        };
        format!("{shared} {item:?}")
    });
    each.collect()
}

fn in_order(assembler: Assembler, parts: &[Bytes]) -> Vec<String> {
    let mut assembler = assembler;
    parts.iter().for_each(|part| assembler.push(part.clone()));
    assembler.finish();
    described(std::iter::from_fn(|| assembler.poll()))
}

/// What comes out on several threads, and how many fragments came from sections.
fn at_once(assembler: Assembler, parts: &[Bytes], lengths: Lengths) -> (Vec<String>, usize) {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(3).build().unwrap();
    pool.install(|| {
        let mut items = assembler.assemble(parts.to_vec());
        items.lengths = lengths;
        let mut ahead = 0;
        let counted = std::iter::from_fn(|| {
            let from_section = items.ready.len() > 0;
            let item = items.next();
            ahead += usize::from(from_section || items.ready.len() > 0);
            item
        });
        (described(counted), ahead)
    })
}

fn new() -> Assembler {
    Assembler::new(Limits::default())
}

/// A stream of chunks of the service's layouts, some of which have other tracks, a document for payload, or no tags behind.
fn chain(chunks: u64, layout: impl Fn(u64) -> ChunkLayout) -> Vec<u8> {
    let fake = chunk(&ChunkLayout::default(), 99, 0, &[]);
    let one = |number: u64| {
        let mut track = video_track();
        if number % 16 > 12 {
            track.codec_id = "V_OTHER".into();
        }
        let payload = if number % 5 == 3 { fake.clone() } else { vec![7; 200] };
        let frames = [frame(1, 0, true, payload), frame(1, 40, false, "second")];
        chunk_of(&layout(number), number, 1_700_000_000_000 + 80 * number.cast_signed(), &[track], &[], &frames)
    };
    (1..=chunks).flat_map(one).collect()
}

#[test]
fn sections_give_what_one_assembler_gives() {
    let untrailed = ChunkLayout { trailing_tags: false, ..ChunkLayout::default() };
    let mixed = |number| if number > 30 { ChunkLayout::default() } else { untrailed.clone() };
    let other_way = |number| if number < 30 { ChunkLayout::default() } else { untrailed.clone() };
    for stream in [
        chain(60, |_| ChunkLayout::default()),
        chain(60, |_| untrailed.clone()),
        chain(60, mixed),
        chain(60, other_way),
        [chain(20, |_| ChunkLayout::default()), testdata("h264-main-aac.mkv").to_vec()].concat(),
    ] {
        let stream = Bytes::from(stream);
        for change in [std::convert::identity, Assembler::without_frames, Assembler::without_audio_payload] {
            let expected = in_order(change(new()), slice::from_ref(&stream));
            let (got, ahead) = at_once(change(new()), slice::from_ref(&stream), SHORT);
            assert_eq!(got, expected);
            assert!(ahead > 4, "{ahead} of {} came from sections", got.len());
        }
    }
}

#[test]
fn a_stream_in_parts_is_one_stream() {
    let stream = Bytes::from(chain(50, |_| ChunkLayout::default()));
    let expected = in_order(new(), slice::from_ref(&stream));
    for part in [1, 7, 333, 5000] {
        let parts: Vec<Bytes> =
            (0..stream.len()).step_by(part).map(|at| stream.slice(at..stream.len().min(at + part))).collect();
        assert_eq!(at_once(new(), &parts, SHORT).0, expected, "parts of {part}");
    }
}

/// A part that counts how often it was asked for its bytes.
#[derive(Debug)]
struct Counted(Bytes, Arc<AtomicUsize>);

impl Part for Counted {
    fn size(&self) -> u64 {
        self.0.size()
    }

    fn bytes(&self) -> Bytes {
        self.1.fetch_add(1, Ordering::Relaxed);
        self.0.clone()
    }
}

#[test]
fn parts_that_a_section_has_assembled_are_not_asked_for_again() {
    let stream = Bytes::from(chain(60, |_| ChunkLayout::default()));
    let mut starts: Vec<usize> = memmem::find_iter(&stream, &[0x1A, 0x45, 0xDF, 0xA3]).collect();
    starts.push(stream.len());
    let asked = Arc::new(AtomicUsize::new(0));
    let parts: Vec<Counted> =
        starts.windows(2).map(|range| Counted(stream.slice(range[0]..range[1]), Arc::clone(&asked))).collect();
    let count = parts.len();
    let pool = rayon::ThreadPoolBuilder::new().num_threads(3).build().unwrap();
    let items = pool.install(|| {
        let mut items = new().assemble(parts);
        items.lengths = Lengths { least: 0, section: 10_000..10_000 };
        described(items)
    });
    assert_eq!(items, in_order(new(), slice::from_ref(&stream)));
    let asked = asked.load(Ordering::Relaxed);
    // The first of a section is asked for twice, to find it and to read it.
    assert!(asked >= count && asked < count + count / 2, "{asked} times for {count} parts");
}

#[test]
fn short_streams_and_plain_matroska_are_left_to_one_assembler() {
    let short = Bytes::from(chain(60, |_| ChunkLayout::default()));
    assert_eq!(at_once(new(), &[short], Lengths::USUAL).1, 0);
    let plain = testdata("h264-main-aac.mkv");
    assert_eq!(at_once(new(), &[plain], SHORT).1, 0);
}

#[test]
fn a_section_is_given_up_where_no_document_comes_for_as_long_as_it_should_be() {
    let usual = chunk(&ChunkLayout::default(), 1, 0, &[]);
    let frames: Vec<_> = (0..1000).map(|at| frame(1, at, at == 0, vec![7; 200])).collect();
    let long = chunk_of(&ChunkLayout::default(), 2, 1000, &[video_track()], &[], &frames);
    let from = u64::try_from(usual.len()).unwrap();
    let stream = Stream::new(0, [Bytes::from([&usual[..], &long, &usual].concat())]);
    let run = |len| Section::run(&new(), &stream, from, 1000, from + len, &AtomicBool::new(false));
    assert!(run(4000).is_none());
    assert_eq!(run(150_000).unwrap().fragments.len(), 1);
}

#[test]
fn a_stream_that_is_left_halfway_ends_its_threads() {
    let stream = Bytes::from(chain(60, |_| ChunkLayout::default()));
    let mut items = new().assemble([stream]);
    items.lengths = SHORT;
    assert!(items.next().is_some());
    drop(items);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn damage_is_told_of_as_by_one_assembler(
        damage in prop::collection::vec((any::<prop::sample::Index>(), 0..4_u8, any::<u8>()), 1..6),
        end in any::<prop::sample::Index>(),
        cut in any::<bool>(),
        counted in any::<bool>(),
    ) {
        let mut stream = chain(40, |number| ChunkLayout { trailing_tags: number % 7 != 0, ..ChunkLayout::default() });
        for (at, kind, byte) in damage {
            let at = at.index(stream.len());
            match kind {
                0 => stream[at] = byte,
                1 => drop(stream.remove(at)),
                2 => stream.insert(at, byte),
                _ => drop(stream.drain(at..(at + 300).min(stream.len()))),
            }
        }
        if cut {
            stream.truncate(end.index(stream.len()));
        }
        let stream = Bytes::from(stream);
        let new = || if counted { new().without_frames() } else { new() };
        let expected = in_order(new(), slice::from_ref(&stream));
        prop_assert_eq!(at_once(new(), &[stream], SHORT).0, expected);
    }
}
