//! A clip of any bytes is as long as it says, and its tables point at its samples, as our own checker and the crate `mp4` read it.
//! It is the same whether frames or places are taken in, one fragment at a time or all at once; and so is that of a pipe.

use std::io::Cursor;

use fragkit::{
    Assembler, Clip, ClipOptions, Clipper, Fragment, Gaps, Item, Limits, OnChange, Selector, Source, StreamWriter,
    StreamingClipper,
};

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
    let [as_frames, in_pieces] = [false, true].map(|in_pieces| streamed(data, &options, in_pieces));
    assert_eq!(in_pieces, as_frames);
    let mut clipper = Clipper::new(options.clone());
    source.items().filter_map(fragment).for_each(|fragment| clipper.add(&fragment));
    let mut of_places = Clipper::new(options);
    of_places.add_all(&source.items_without_audio_payload().filter_map(fragment).collect::<Vec<_>>());
    let (Ok(clips), same) = (clipper.clips(), of_places.clips()) else {
        assert!(of_places.clips().is_err());
        return;
    };
    let same = same.expect("frames make a clip");
    assert_eq!(same.len(), clips.len());
    for (clip, same) in clips.iter().zip(&same) {
        let file = written(&source, clip);
        assert!(written(&source, same) == file);
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

fn fragment(item: Item) -> Option<Fragment> {
    if let Item::Fragment(fragment) = item { Some(fragment) } else { None }
}

fn written(source: &Source, clip: &Clip<'_>) -> Vec<u8> {
    let mut file = Vec::new();
    fragkit::write_runs(source, &mut file, |writer| clip.runs(|run| writer.write(&run))).expect("memory takes all");
    file
}

/// What is written of a pipe that gives so many bytes at a time, and how that ends.
fn streamed(data: &[u8], options: &ClipOptions, in_pieces: bool) -> (Vec<u8>, Result<Vec<u8>, String>) {
    const PUSH: usize = 5000;
    let assembler = Assembler::new(Limits::default());
    let mut assembler = if in_pieces { assembler.with_audio_in_pieces() } else { assembler };
    let mut clipper = StreamingClipper::new(options.clone());
    let mut file = Vec::new();
    let mut writer = StreamWriter::new(&mut file);
    let mut drain = |assembler: &mut Assembler| {
        for fragment in std::iter::from_fn(|| assembler.poll()).filter_map(fragment) {
            writer.add(&mut clipper, &fragment).expect("memory takes all");
        }
    };
    for piece in data.chunks(PUSH) {
        assembler.push(bytes::Bytes::copy_from_slice(piece));
        drain(&mut assembler);
    }
    assembler.finish();
    drain(&mut assembler);
    writer.finish(&[]).expect("memory takes all");
    let end = clipper.finish().map(|end| end.moov).map_err(|error| error.to_string());
    (file, end)
}
