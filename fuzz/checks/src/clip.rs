//! A clip of any bytes is as long as it says, and its tables point at its samples, as our own checker and the crate `mp4` read it.

use std::io::Cursor;

use fragkit::{ClipOptions, Clipper, Gaps, Item, OnChange, Selector, Source};

/// See the head of the file.
pub fn check(data: &[u8]) {
    let Some((&choice, data)) = data.split_last() else { return };
    let source = Source::from(bytes::Bytes::copy_from_slice(data));
    let options = ClipOptions {
        gaps: if choice & 1 == 0 { Gaps::Compact } else { Gaps::Keep },
        on_change: if choice & 2 == 0 { OnChange::Error } else { OnChange::Split },
        strict: choice & 4 != 0,
        selector: Selector { include_cut: choice & 8 != 0, ..Selector::default() },
        ..ClipOptions::default()
    };
    let mut clipper = Clipper::new(options);
    for item in source.items() {
        if let Item::Fragment(fragment) = item {
            clipper.add(&fragment);
        }
    }
    let Ok(clips) = clipper.clips() else { return };
    for clip in clips {
        let mut file = Vec::new();
        fragkit::write_runs(&source, &mut file, |writer| clip.runs(|run| writer.write(&run)))
            .expect("memory takes all");
        assert_eq!(file.len() as u64, clip.size());
        let checked = fragkit::mp4::check::check(&file).expect("the file is sound");
        let counts: Vec<(u32, u32)> = checked.tracks.iter().map(|track| (track.track_id, track.sample_count)).collect();
        assert_eq!(counts, clip.summary().samples);
        // It knows H.264 and AAC.
        if checked.tracks.iter().all(|track| [*b"avc1", *b"mp4a"].contains(&track.sample_entry)) {
            let len = clip.size();
            let reader = mp4::Mp4Reader::read_header(Cursor::new(&file), len).expect("the crate mp4 reads the file");
            let mut seen: Vec<(u32, u32)> =
                reader.tracks().iter().map(|(id, track)| (*id, track.sample_count())).collect();
            seen.sort_unstable();
            assert_eq!(seen, counts);
        }
    }
}
