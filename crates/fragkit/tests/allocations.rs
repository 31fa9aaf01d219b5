//! Frames are many and often small: none of them may cost an allocation of its own, wherever it comes from and goes to.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests say what they expect by panicking")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::io;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;
use fragkit::{
    ChunkLayout, ChunkWriter, ClipOptions, Clipper, Fragment, Frame, Item, Nanos, Pipe, Source, StreamWriter,
    StreamingClipper, Timestamp, write_runs,
};

/// Counts how often something is allocated or made larger.
struct Counting;

static ALLOCATIONS: AtomicUsize = AtomicUsize::new(0);

#[global_allocator]
static ALLOCATOR: Counting = Counting;

#[allow(unsafe_code, reason = "an allocator cannot be written without")]
// SAFETY: all is handed on to the system's allocator as it came.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.fetch_add(1, Ordering::Relaxed);
        // SAFETY: the caller's.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, place: *mut u8, layout: Layout) {
        // SAFETY: the caller's.
        unsafe { System.dealloc(place, layout) }
    }

    unsafe fn realloc(&self, place: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        ALLOCATIONS.fetch_add(1, Ordering::Relaxed);
        // SAFETY: the caller's.
        unsafe { System.realloc(place, layout, size) }
    }
}

/// One measurement at a time.
static ALONE: Mutex<()> = Mutex::new(());

const CHUNKS: u64 = 8;

/// A stream of so many frames a chunk, which are those of a file of `testdata` again and again.
fn stream(name: &str, frames: usize) -> Bytes {
    let path = format!("{}/../../testdata/{name}.chunks.mkv", env!("CARGO_MANIFEST_DIR"));
    let source = Source::open([path]).unwrap();
    let fragments: Vec<Fragment> = source.items().filter_map(|item| fragment(Ok(item))).collect();
    let tracks: Vec<_> = fragments[0].head.tracks.iter().map(|track| track.entry.clone()).collect();
    let stored: Vec<Frame> = fragments.into_iter().flat_map(|fragment| fragment.frames).collect();
    let writer = ChunkWriter::new(ChunkLayout::default());
    let mut stream = Vec::new();
    for number in 1..=CHUNKS {
        let again = stored.iter().cycle().zip(0..).take(frames);
        let frames: Vec<Frame> =
            again.map(|(frame, at)| Frame { time: Nanos::from_millis(10 * at), ..frame.clone() }).collect();
        let start = Timestamp::from_millis(1_700_000_000_000 + 100_000 * number.cast_signed());
        stream.extend(writer.chunk(&number.into(), start, start, &tracks, &[], Nanos::ZERO, &frames));
    }
    stream.into()
}

fn fragment(item: io::Result<Item>) -> Option<Fragment> {
    match item.unwrap() {
        Item::Fragment(fragment) => Some(fragment),
        Item::Finding(_) => None,
    }
}

/// What is to be done with a stream, and its name.
type Way = (&'static str, fn(&Bytes));

/// Takes everything and holds nothing.
struct Nowhere(u64);

impl io::Write for Nowhere {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0 += u64::try_from(bytes.len()).unwrap();
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn list(stream: &Bytes) {
    assert_eq!(Source::from(stream.clone()).heads().filter_map(|item| fragment(Ok(item))).count(), 8);
}

fn clip(stream: &Bytes) {
    let source = Source::from(stream.clone());
    let mut clipper = Clipper::new(ClipOptions::default());
    let fragments: Vec<Fragment> = source.items_without_audio_payload().filter_map(|item| fragment(Ok(item))).collect();
    clipper.add_all(&fragments);
    let clip = clipper.clips().unwrap().remove(0);
    let mut out = Nowhere(0);
    write_runs(&source, &mut out, |writer| clip.runs(|run| writer.write(&run))).unwrap();
    assert_eq!(out.0, clip.size());
}

fn clip_of_a_pipe(stream: &Bytes) {
    let mut clipper = StreamingClipper::new(ClipOptions::default());
    let mut writer = StreamWriter::new(Nowhere(0));
    for fragment in Pipe::new(&stream[..]).with_audio_in_pieces().filter_map(fragment) {
        writer.add(&mut clipper, &fragment).unwrap();
    }
    writer.finish(&clipper.finish().unwrap().moov).unwrap();
}

#[test]
fn ten_times_the_frames_in_as_many_fragments_take_no_more_allocations() {
    let _alone = ALONE.lock().unwrap();
    // What is made once for the whole program is there already.
    clip(&stream("aac-stereo", 10));
    for name in ["aac-stereo", "alaw", "h264-baseline", "h264-main-aac"] {
        let [few, many] = [200, 2000].map(|frames| stream(name, frames));
        let ways: [Way; 3] = [("list", list), ("clip", clip), ("clip of a pipe", clip_of_a_pipe)];
        for (way, work) in ways {
            let [few, many] = [&few, &many].map(|stream| {
                let before = ALLOCATIONS.load(Ordering::Relaxed);
                work(stream);
                ALLOCATIONS.load(Ordering::Relaxed) - before
            });
            // Lists grow a few times more, and a pipe is read in a few more pieces.
            let more = many.saturating_sub(few);
            println!("{way} of {name}: {few} allocations, {more} more for {} frames more", 1800 * CHUNKS);
            assert!(more < 400, "{way} of {name}: {few} allocations, {many} for ten times the frames");
        }
    }
}
