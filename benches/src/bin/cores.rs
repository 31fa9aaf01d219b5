//! What computes, on one core and on two: checks, conversions and pictures, each stage by itself, one and two in turn.
//!
//! ```sh
//! cargo run --release -p fragkit-benches --bin cores            # 15 rounds of all
//! cargo run --release -p fragkit-benches --bin cores -- 7 check # so many rounds, of what is named like this
//! ```
//!
//! Whole programs are in `compare.sh`; there reading, planning and writing, which are one thread's work or the system's, are in
//! the time. In this table is what the threads are for.

// A benchmark that fails can only stop.
#![allow(clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

use std::hint::black_box;
use std::time::Instant;

use bytes::Bytes;
use fragkit::{ClipOptions, Clipper, Encoded, Fragment, Item, Pick, Request, Sampled, Sampler, Source};
use fragkit_benches::{Kind, chunk_stream};
use rayon::{ThreadPool, ThreadPoolBuilder};

/// One stage: makes its input, and gives what is measured.
type Stage = (&'static str, fn() -> Box<dyn Fn() + Send + Sync>);

const STAGES: &[Stage] = &[
    ("assemble video", || assemble(Kind::Video)),
    ("assemble AAC", || assemble(Kind::Audio)),
    ("check video", || index(Kind::Video)),
    ("check AAC", || index(Kind::Audio)),
    ("convert start codes", || index(Kind::VideoAnnexB)),
    ("convert ADTS", || index(Kind::AudioAdts)),
    ("pictures", pictures),
];

/// As many bytes of each kind: frames of video are larger than those of audio.
fn input(kind: Kind) -> Bytes {
    let video = matches!(kind, Kind::Video | Kind::VideoAnnexB);
    chunk_stream(kind, if video { 1 << 30 } else { 64 << 20 }).0
}

fn fragment(item: Item) -> Fragment {
    match item {
        Item::Fragment(fragment) => fragment,
        Item::Finding(finding) => panic!("{finding}"),
    }
}

fn assemble(kind: Kind) -> Box<dyn Fn() + Send + Sync> {
    let source = Source::from(input(kind));
    Box::new(move || source.items_without_audio_payload().for_each(|item| drop(black_box(fragment(item)))))
}

/// Fragments into the index of a clip, about as many at once as the program gives it.
fn index(kind: Kind) -> Box<dyn Fn() + Send + Sync> {
    let fragments: Vec<Fragment> = Source::from(input(kind)).items().map(fragment).collect();
    let head = &fragments[0].head;
    let by_size = usize::try_from((64 << 20) / head.size).expect("a few");
    let by_frames = (1 << 16) / usize::try_from(head.frame_count()).expect("a few");
    let batch = by_size.min(by_frames);
    Box::new(move || {
        let mut clipper = Clipper::new(ClipOptions::default());
        fragments.chunks(batch).for_each(|fragments| clipper.add_all(fragments));
        black_box(clipper);
    })
}

/// A picture each second, of key frames, as JPEG.
fn pictures() -> Box<dyn Fn() + Send + Sync> {
    let source = Source::from(input(Kind::Video));
    let mut sampler = Sampler::new(Request { interval_ms: 1000, pick: Pick::Keyframe, ..Request::default() });
    source.items().map(fragment).for_each(|fragment| sampler.add(&fragment));
    Box::new(move || {
        let plan = sampler.plan().expect("pictures");
        let each = |picture: Sampled<Encoded>| match picture.picture {
            Ok(_) => Ok(()),
            Err(error) => Err(error),
        };
        plan.par_images(rayon::current_num_threads(), &|range| source.bytes(range), each).expect("sound pictures");
    })
}

fn main() {
    let mut arguments = std::env::args().skip(1);
    let rounds: usize = arguments.next().map_or(15, |rounds| rounds.parse().expect("ROUNDS is a number"));
    let named = arguments.next().unwrap_or_default();
    let pool = |threads| ThreadPoolBuilder::new().num_threads(threads).build().expect("threads");
    let (one, two, other) = (pool(1), pool(2), pool(1));

    println!(
        "| stage | one core, ms | two cores, ms | times as fast | two at once: times as much |\n|---|---|---|---|---|"
    );
    for (name, stage) in STAGES.iter().filter(|(name, _)| name.contains(&named)) {
        let stage = stage();
        let (mut alone, mut both, mut ratios, mut controls) = (vec![], vec![], vec![], vec![]);
        for round in 0..=rounds {
            let first = timed(&one, &*stage);
            let second = timed(&two, &*stage);
            let control = 2.0 * first / at_once(&[&one, &other], &*stage);
            // The first round warms up.
            if round > 0 {
                alone.push(first);
                both.push(second);
                ratios.push(first / second);
                controls.push(control);
            }
        }
        let (alone, both) = (1000.0 * median(&mut alone), 1000.0 * median(&mut both));
        println!("| {name} | {alone:.1} | {both:.1} | {} | {} |", spread(&mut ratios), spread(&mut controls));
    }
}

/// Seconds that a stage takes in a pool.
fn timed(pool: &ThreadPool, stage: &(dyn Fn() + Send + Sync)) -> f64 {
    at_once(&[pool], stage)
}

/// Seconds until a stage is done in each of these pools, all at once: what the machine has to give.
fn at_once(pools: &[&ThreadPool], stage: &(dyn Fn() + Send + Sync)) -> f64 {
    let start = Instant::now();
    std::thread::scope(|scope| pools.iter().for_each(|pool| drop(scope.spawn(|| pool.install(stage)))));
    start.elapsed().as_secs_f64()
}

fn median(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// The median, the least and the greatest.
fn spread(values: &mut [f64]) -> String {
    let median = median(values);
    format!("{median:.2} ({:.2}-{:.2})", values[0], values[values.len() - 1])
}
