//! What input may cost: memory is bound by limits and by the largest fragment, time grows as the input does.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests say what they expect by panicking")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::borrow::Cow;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use bytes::Bytes;
use fragkit::mkv::Id;
use fragkit::mkv::write::Writer;
use fragkit::{Assembler, Frame, Index, Item, Limits};

/// Counts what is allocated.
struct Counting;

static LIVE: AtomicUsize = AtomicUsize::new(0);
static PEAK: AtomicUsize = AtomicUsize::new(0);

#[global_allocator]
static ALLOCATOR: Counting = Counting;

#[allow(unsafe_code, reason = "an allocator cannot be written without")]
// SAFETY: all is handed on to the system's allocator as it came.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let live = LIVE.fetch_add(layout.size(), Ordering::Relaxed) + layout.size();
        PEAK.fetch_max(live, Ordering::Relaxed);
        // SAFETY: the caller's.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, place: *mut u8, layout: Layout) {
        LIVE.fetch_sub(layout.size(), Ordering::Relaxed);
        // SAFETY: the caller's.
        unsafe { System.dealloc(place, layout) }
    }
}

/// One measurement at a time.
static ALONE: Mutex<()> = Mutex::new(());

/// A stream that goes on for ever.
struct Stream {
    name: &'static str,
    /// What stands once.
    head: Vec<u8>,
    /// What is repeated behind it.
    again: Vec<u8>,
}

fn document() -> Writer {
    document_with(1, |_| {})
}

/// A document up to its Tracks.
fn document_with(tracks: u64, more: impl Fn(&mut Writer)) -> Writer {
    let mut writer = Writer::new();
    writer.master(Id::EBML, |ebml| ebml.string(Id::DOC_TYPE, "matroska"));
    writer.header(Id::SEGMENT, None);
    writer.master(Id::TRACKS, |writer| {
        for number in 1..=tracks {
            writer.master(Id::TRACK_ENTRY, |track| {
                track.uint(Id::TRACK_NUMBER, number);
                track.uint(Id::TRACK_UID, number);
                track.uint(Id::TRACK_TYPE, 1);
                track.string(Id::CODEC_ID, "V_MPEG4/ISO/AVC");
                more(track);
            });
        }
    });
    writer
}

fn cluster(writer: &mut Writer) {
    writer.header(Id::CLUSTER, None);
    writer.uint(Id::TIMESTAMP, 0);
}

fn element(write: impl FnOnce(&mut Writer)) -> Vec<u8> {
    let mut writer = Writer::new();
    write(&mut writer);
    writer.into_bytes()
}

/// Streams that cost much for what they are.
fn nasty() -> Vec<Stream> {
    let open = || {
        let mut writer = document();
        cluster(&mut writer);
        writer.into_bytes()
    };
    let tags = |name: &str| {
        element(|tags| {
            tags.master(Id::TAGS, |tags| {
                tags.master(Id::TAG, |tag| tag.master(Id::SIMPLE_TAG, |simple| simple.string(Id::TAG_NAME, name)));
            });
        })
    };
    let nested = (0..40).fold(Vec::new(), |inner, _| element(|tag| tag.binary(Id::SIMPLE_TAG, &inner)));
    let laced = |flags: u8, body: &[u8]| {
        let block = [&[0x81, 0, 0, flags][..], body].concat();
        element(|writer| writer.binary(Id::SIMPLE_BLOCK, &block))
    };
    let chunk = {
        let mut writer = document();
        cluster(&mut writer);
        writer.raw(&laced(0x80, &[0x65; 40]));
        writer.into_bytes()
    };
    let headless = {
        let ebml = element(|writer| writer.master(Id::EBML, |ebml| ebml.string(Id::DOC_TYPE, "matroska")));
        chunk[ebml.len()..].to_vec()
    };
    vec![
        Stream { name: "empty tags", head: open(), again: tags("") },
        Stream {
            name: "empty tags in one Tags element of unknown size",
            head: element(|writer| {
                writer.raw(&document().into_bytes());
                writer.header(Id::TAGS, None);
            }),
            again: element(|writer| writer.master(Id::TAG, |_| {})),
        },
        Stream {
            name: "nested tags",
            head: open(),
            again: element(|writer| writer.master(Id::TAGS, |tags| tags.master(Id::TAG, |tag| tag.raw(&nested)))),
        },
        Stream { name: "Clusters of unknown size", head: document().into_bytes(), again: element(cluster) },
        Stream { name: "documents of unknown size", head: Vec::new(), again: document().into_bytes() },
        Stream { name: "EBML headers", head: Vec::new(), again: element(|w| w.master(Id::EBML, |_| {})) },
        Stream { name: "frames of no bytes", head: open(), again: laced(0x80, &[]) },
        Stream {
            name: "256 frames of one byte a block",
            head: open(),
            again: laced(0x84, &[&[255][..], &[7; 256]].concat()),
        },
        Stream {
            name: "256 frames of no bytes a block",
            head: open(),
            again: laced(0x82, &[&[255][..], &[0; 255]].concat()),
        },
        Stream {
            name: "Xiph lacing of 256 frames",
            head: open(),
            again: laced(0x82, &[&[255][..], &[1; 255], &[7; 400]].concat()),
        },
        Stream { name: "broken blocks", head: open(), again: laced(0x82, &[200]) },
        Stream { name: "Void elements", head: open(), again: element(|writer| writer.binary(Id::VOID, &[])) },
        Stream {
            name: "starts of EBML headers in one element that is stepped over",
            head: element(|writer| {
                writer.raw(&document().into_bytes());
                writer.header(Id::CUES, Some(1 << 29));
            }),
            again: vec![0x1a, 0x45, 0xdf, 0xa3],
        },
        Stream {
            name: "frames of no bytes far from each other",
            head: open(),
            again: [laced(0x80, &[]), element(|writer| writer.binary(Id::VOID, &[0; 70_000]))].concat(),
        },
        Stream {
            name: "BlockGroups full of additions",
            head: open(),
            again: element(|writer| {
                writer.master(Id::BLOCK_GROUP, |group| {
                    group.binary(Id::BLOCK, &[0x81, 0, 0, 0]);
                    group.master(Id::BLOCK_ADDITIONS, |additions| {
                        (0..250).for_each(|_| additions.master(Id::BLOCK_MORE, |_| {}));
                    });
                });
            }),
        },
        Stream {
            name: "many ReferenceBlocks",
            head: open(),
            again: element(|writer| {
                writer.master(Id::BLOCK_GROUP, |group| {
                    group.binary(Id::BLOCK, &[0x81, 0, 0, 0]);
                    (0..1000).for_each(|_| group.int(Id::REFERENCE_BLOCK, 0));
                });
            }),
        },
        Stream {
            name: "stripped headers",
            head: {
                let mut writer = document_with(1, |track| {
                    track.master(Id::CONTENT_ENCODINGS, |encodings| {
                        encodings.master(Id::CONTENT_ENCODING, |encoding| {
                            encoding.master(Id::CONTENT_COMPRESSION, |compression| {
                                compression.uint(Id::CONTENT_COMP_ALGO, 3);
                                compression.binary(Id::CONTENT_COMP_SETTINGS, &[7; 1000]);
                            });
                        });
                    });
                });
                cluster(&mut writer);
                writer.into_bytes()
            },
            again: laced(0x80, &[1]),
        },
        Stream { name: "documents of many tracks", head: Vec::new(), again: document_with(256, |_| {}).into_bytes() },
        Stream {
            name: "tags that the service cannot have written",
            head: open(),
            again: tags("AWS_KINESISVIDEO_SERVER_TIMESTAMP"),
        },
        Stream { name: "zeros", head: open(), again: vec![0; 16] },
        Stream { name: "starts of EBML headers", head: Vec::new(), again: vec![0x1a, 0x45, 0xdf, 0xa3] },
        Stream { name: "starts of Clusters", head: open(), again: vec![0x1f, 0x43, 0xb6, 0x75] },
        Stream { name: "small chunks", head: Vec::new(), again: chunk.clone() },
        Stream { name: "small chunks without EBML headers", head: chunk, again: headless },
    ]
}

impl Stream {
    /// So many bytes of it, in pieces.
    fn pieces(&self, bytes: usize, piece: usize) -> impl Iterator<Item = Bytes> + '_ {
        // Short ones are copied many at a time.
        let again = match 4096 / self.again.len() {
            0 => Cow::Borrowed(&self.again),
            times => Cow::Owned(self.again.repeat(times)),
        };
        (0..bytes).step_by(piece).map(move |start| {
            let end = (start + piece).min(bytes);
            let head = self.head.get(start..).unwrap_or_default();
            let mut next = head[..head.len().min(end - start)].to_vec();
            while next.len() < end - start {
                let at = (start + next.len() - self.head.len()) % again.len();
                let some = &again[at..];
                next.extend_from_slice(&some[..some.len().min(end - start - next.len())]);
            }
            next.into()
        })
    }
}

/// Assembles a stream; how many items came.
fn assemble(limits: &Limits, pieces: impl Iterator<Item = Bytes>) -> usize {
    let mut assembler = Assembler::new(limits.clone());
    let mut items = 0;
    let mut drain = |assembler: &mut Assembler| {
        while assembler.poll().is_some() {
            items += 1;
        }
    };
    for piece in pieces {
        assembler.push(piece);
        drain(&mut assembler);
    }
    assembler.finish();
    drain(&mut assembler);
    items
}

/// Bytes held at the peak, beyond what was there before.
fn peak(work: impl FnOnce()) -> usize {
    let before = LIVE.load(Ordering::Relaxed);
    PEAK.store(before, Ordering::Relaxed);
    work();
    PEAK.load(Ordering::Relaxed).saturating_sub(before)
}

/// The shortest time of some runs: what the machine does beside only makes it longer.
fn fastest(runs: usize, mut work: impl FnMut()) -> Duration {
    let timed = |_| {
        let begun = Instant::now();
        work();
        begun.elapsed()
    };
    (0..runs).map(timed).min().unwrap()
}

#[test]
fn twice_the_input_takes_twice_the_time() {
    let _alone = ALONE.lock().unwrap();
    // Small enough for all of them to be reached: what comes after a limit was passed must not take longer, either.
    let limits = Limits { max_frames: 1 << 12, ..Limits::default() };
    for stream in nasty() {
        for piece in [1, 1 << 16] {
            let work = |bytes: usize| {
                assemble(&limits, stream.pieces(bytes, piece));
            };
            // Enough to be measured.
            let mut bytes = 1 << 14;
            while bytes < 1 << 23 && fastest(1, || work(bytes)) < Duration::from_millis(50) {
                bytes *= 2;
            }
            // A machine that is busy with something else gets another chance.
            let mut growths = Vec::new();
            while growths.len() < 6 && growths.last().is_none_or(|growth| *growth >= 2.3) {
                let once = fastest(2 + growths.len(), || work(bytes));
                let twice = fastest(2 + growths.len(), || work(2 * bytes));
                growths.push(twice.as_secs_f64() / once.as_secs_f64());
            }
            println!("{} in pieces of {piece}: {growths:.2?} from {bytes} bytes", stream.name);
            assert!(growths.last().unwrap() < &2.3, "{} in pieces of {piece}: {growths:.2?}", stream.name);
        }
    }
}

/// What is stated at [`Limits`].
fn most(limits: &Limits, piece: usize) -> usize {
    let bytes = limits.max_fragment_bytes
        + limits.mkv.max_rewind_bytes
        + 2 * limits.mkv.max_block_bytes
        + 8 * limits.mkv.max_header_bytes;
    let frames = 3 * limits.max_frames * size_of::<Frame>();
    usize::try_from(bytes).unwrap() + frames + 256 * limits.mkv.max_tags + limits.max_tag_bytes + (1 << 20) + 4 * piece
}

#[test]
fn memory_is_bound_by_the_limits_whatever_comes() {
    let _alone = ALONE.lock().unwrap();
    let limits = Limits {
        mkv: fragkit::mkv::Limits {
            max_block_bytes: 1 << 18,
            max_header_bytes: 1 << 16,
            max_tags: 1000,
            max_rewind_bytes: 1 << 18,
            ..Default::default()
        },
        max_frames: 5000,
        max_fragment_bytes: 1 << 20,
        max_tag_bytes: 1 << 16,
    };
    for stream in nasty() {
        for piece in [1, 100, 1 << 14] {
            let most = most(&limits, piece);
            let bytes = if piece == 1 { 1 << 19 } else { 1 << 21 };
            let held = peak(|| {
                assemble(&limits, stream.pieces(bytes, piece));
            });
            println!("{} in pieces of {piece}: {} KiB of {}", stream.name, held >> 10, most >> 10);
            assert!(held <= most, "{} in pieces of {piece}: {held} of {most}", stream.name);
        }
    }
}

#[test]
fn memory_is_twice_the_largest_fragment_at_most() {
    let _alone = ALONE.lock().unwrap();
    let fragment = 4 << 20;
    let stream = Stream {
        name: "usual",
        head: Vec::new(),
        again: {
            let mut writer = document();
            cluster(&mut writer);
            let block = [&[0x81, 0, 0, 0x80][..], &[0x65; 30_000]].concat();
            while writer.len() < fragment {
                writer.binary(Id::SIMPLE_BLOCK, &block);
            }
            writer.into_bytes()
        },
    };
    for piece in [100, 1000, 5000, 1 << 16, 1 << 20] {
        let [short, long] = [8, 32].map(|count| {
            peak(|| assert_eq!(assemble(&Limits::default(), stream.pieces(count * stream.again.len(), piece)), count))
        });
        println!("pieces of {piece}: {} KiB, {} KiB", short >> 10, long >> 10);
        assert!(long <= 2 * stream.again.len() + (1 << 20) + 4 * piece, "{long}");
        assert!(long <= short + (short >> 3), "{short} {long}");
    }
}

/// What a plan takes beside: it grows with the input.
#[test]
fn a_plan_takes_some_bytes_a_frame_and_some_hundreds_a_fragment() {
    let _alone = ALONE.lock().unwrap();
    let chunks = |count: u64, frames: usize| -> Bytes {
        let mut writer = Writer::new();
        for number in 1..=count {
            writer.raw(&document().into_bytes());
            writer.master(Id::TAGS, |tags| {
                tags.master(Id::TAG, |tag| {
                    tag.master(Id::SIMPLE_TAG, |simple| {
                        simple.string(Id::TAG_NAME, "AWS_KINESISVIDEO_FRAGMENT_NUMBER");
                        simple.string(Id::TAG_STRING, &number.to_string());
                    });
                });
            });
            cluster(&mut writer);
            for _ in 0..frames {
                writer.binary(Id::SIMPLE_BLOCK, &[&[0x81, 0, 0, 0x80][..], &[0, 0, 0, 1, 0x65, 0, 0, 0]].concat());
            }
        }
        writer.into_bytes().into()
    };
    let planned = |count: u64, frames: usize| {
        let source = fragkit::Source::from(chunks(count, frames));
        peak(|| {
            let mut index = Index::new(false);
            for item in source.items() {
                if let Item::Fragment(fragment) = item {
                    index.add(&fragment);
                }
            }
            assert_eq!(index.fragments().len(), usize::try_from(count).unwrap());
        })
    };
    let base = planned(1, 1);
    let a_fragment = planned(2001, 1).saturating_sub(base) / 2000;
    let a_frame = planned(1001, 101).saturating_sub(planned(1001, 1)) / 100_000;
    println!("{a_fragment} bytes a fragment, {a_frame} a frame");
    assert!(a_fragment < 1024 && a_frame <= 40, "{a_fragment} {a_frame}");
}
