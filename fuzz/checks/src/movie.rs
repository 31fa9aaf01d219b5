//! MP4 and MOV files of any bytes: samples lie in the file and come by time, fragments hold them as they are, and what is read of a
//! clip that was made of them is as long.

use bytes::Bytes;
use fragkit::mp4::read::{Limits, Movie};
use fragkit::{ClipOptions, Clipper, Item, Source};

/// See the head of the file.
pub fn check(data: &[u8]) {
    let data = Bytes::copy_from_slice(data);
    let file_bytes = u64::try_from(data.len()).unwrap();
    let Ok(movie) = Movie::read(data.clone(), &Limits::default()) else { return };
    let mut samples = movie.samples();
    let (mut given, mut bytes, mut steps) = (0, 0, 0);
    for sample in samples.by_ref() {
        steps += 1;
        assert!(sample.track < movie.tracks.len() && sample.size > 0);
        assert!(sample.entry.is_none_or(|entry| entry < movie.tracks[sample.track].entries.len()));
        if sample.lost > 0 {
            continue;
        }
        assert!(sample.offset + u64::from(sample.size) <= file_bytes);
        bytes += u64::from(sample.size);
        given += usize::from(sample.entry.is_some());
    }
    assert!(samples.take_remarks().len() <= 1000);
    assert!(bytes <= file_bytes, "{bytes} bytes of samples");
    // Each takes a byte of payload or of a table.
    assert!(steps <= file_bytes, "{steps} steps");

    // The same by way of fragments, if these bytes would be taken for a movie.
    if !fragkit::mp4::read::is_movie(&data) {
        return;
    }
    let source = Source::from(data.clone());
    let mut clipper = Clipper::new(ClipOptions::default());
    let (mut frames, mut numbers) = (0, 0);
    for item in source.items() {
        let Item::Fragment(fragment) = item else { continue };
        numbers += 1;
        let head = &fragment.head;
        assert_eq!(head.number.as_ref().map(ToString::to_string), Some(u64::to_string(&numbers)));
        assert_eq!(usize::try_from(head.frame_count()).unwrap(), fragment.frames.len());
        assert!(head.offset + head.size <= file_bytes);
        frames += fragment.frames.len();
        for frame in &fragment.frames {
            let start = usize::try_from(frame.offset).unwrap();
            assert_eq!(frame.payload, data[start..start + frame.payload.len()]);
        }
        clipper.add(&fragment);
    }
    assert!(frames <= given, "{frames} frames of {given}");
    assert_eq!(
        source.heads().filter(|item| matches!(item, Item::Fragment(_))).count(),
        usize::try_from(numbers).unwrap()
    );
    let Ok(clips) = clipper.clips() else { return };
    for clip in clips {
        let mut written = Vec::new();
        fragkit::write_runs(&source, &mut written, |writer| clip.runs(|run| writer.write(&run))).unwrap();
        let Ok(again) = Movie::read(written.into(), &Limits::default()) else { panic!("a clip is a movie") };
        assert_eq!(again.remarks, []);
        let mut samples = again.samples();
        let bytes: u64 = samples.by_ref().map(|sample| u64::from(sample.size)).sum();
        assert_eq!(samples.take_remarks(), []);
        assert!(bytes <= clip.size());
    }
}
