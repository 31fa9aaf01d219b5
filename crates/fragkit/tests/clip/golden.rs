//! The same input and options give the same bytes, today and tomorrow.

use fragkit::{ClipOptions, Gaps, Source};

use crate::cases::{clips, streamed};
use crate::inputs::{self, fragments, test_file};

#[test]
fn the_same_input_gives_the_same_bytes_twice() {
    let paths = inputs::all();
    assert!(paths.len() > 50);
    for path in paths {
        for gaps in [Gaps::Compact, Gaps::Keep] {
            let made = || {
                let source = Source::open([&path]).unwrap();
                let fragments = fragments(&source);
                let options = || ClipOptions { gaps, ..ClipOptions::default() };
                (clips(&source, &fragments, options()).unwrap(), streamed(&fragments, options()).unwrap())
            };
            assert!(made() == made(), "{} ({gaps:?})", path.display());
        }
    }
}

/// Whoever changes what is written on purpose brings these up to date, and says so in the change log.
#[test]
fn golden_clips_have_the_pinned_digests() {
    let mut found = Vec::new();
    for (name, gaps) in [
        ("h264-high-bframes-aac.chunks.mkv", Gaps::Compact),
        ("h264-high-bframes-aac.chunks.mkv", Gaps::Keep),
        ("h265-bframes-aac.mkv", Gaps::Compact),
        ("h264-alaw.mkv", Gaps::Keep),
    ] {
        let source = test_file(name);
        let files = clips(&source, &fragments(&source), ClipOptions { gaps, ..ClipOptions::default() }).unwrap();
        found.push(format!("{name} {gaps:?} {} {:016x}", files[0].len(), fnv1a(&files[0])));
    }
    assert_eq!(found, GOLDEN);
}

const GOLDEN: [&str; 4] = [
    "h264-high-bframes-aac.chunks.mkv Compact 70882 88efe48c1698d1a2",
    "h264-high-bframes-aac.chunks.mkv Keep 70882 88efe48c1698d1a2",
    "h265-bframes-aac.mkv Compact 60748 12eac27e3f93afe6",
    "h264-alaw.mkv Keep 62852 45ce562fdc5dbeb2",
];

/// FNV-1a with 64 bits: enough to notice a change.
fn fnv1a(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3))
}
