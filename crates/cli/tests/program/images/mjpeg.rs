//! Streams whose frames are JPEG already.

use std::path::PathBuf;

use fragkit::mkv::TrackEntry;
use fragkit::{ChunkLayout, ChunkWriter, Item, Nanos, Source};

use crate::images::pixels::Rgb;
use crate::images::{all_shots, shot_at, strangers};
use crate::process::{Folder, fragkit, program};

/// What ffmpeg makes, as an ordinary file and as chunks, with its thirty frames.
fn made(folder: &Folder) -> (PathBuf, PathBuf, Vec<Vec<u8>>) {
    let (plain, chunks) = (folder.join("plain.mkv"), folder.join("chunks.mkv"));
    let done = program("ffmpeg")
        .words("-v error -f lavfi -i testsrc=size=160x120:rate=10 -t 3 -c:v mjpeg -q:v 3")
        .arg(&plain)
        .done();
    assert_eq!((done.code, &*done.stderr), (Some(0), ""));
    fragkit("chunks --start 2024-01-01T00:00:00Z --fragment-length 1s")
        .arg(&plain)
        .arg("-o")
        .arg(&chunks)
        .done()
        .quiet();
    let done = program("ffmpeg")
        .words("-v error -i")
        .arg(&plain)
        .words("-c copy -f image2 -start_number 0")
        .arg(folder.join("frame%d.jpg"))
        .done();
    assert_eq!((done.code, &*done.stderr), (Some(0), ""));
    let frames = (0..30).map(|at| folder.read(&format!("frame{at}.jpg"))).collect();
    (plain, chunks, frames)
}

#[test]
fn frames_come_out_as_they_are_stored() {
    if !strangers() {
        return;
    }
    let folder = Folder::new();
    let (plain, chunks, frames) = made(&folder);
    for path in [&plain, &chunks] {
        let shots = all_shots(path, "--every 100ms");
        assert_eq!(shots.len(), 30);
        for (shot, frame) in shots.iter().zip(&frames) {
            assert!(shot.picture() == frame, "{}", shot.time_ms);
        }
        let shots = all_shots(path, "--every 250ms --pick keyframe");
        for (at, shot) in shots.iter().enumerate() {
            assert!(shot.picture() == frames[at * 5 / 2], "every frame is a key frame");
        }
    }
    let between = shot_at(&chunks, "--include-overlap", 1_704_067_201_799);
    assert!(between.picture() == frames[17]);
}

#[test]
fn with_a_size_a_format_or_a_quality_they_are_made_anew() {
    if !strangers() {
        return;
    }
    let folder = Folder::new();
    let (_, chunks, frames) = made(&folder);
    let time = 1_704_067_201_000;
    let original = Rgb::of_jpeg(&frames[10]);
    let png = Rgb::of_png(shot_at(&chunks, "--format png", time).picture());
    assert!(png.psnr(&original) > 35.0, "{:.1} dB", png.psnr(&original));
    let again = shot_at(&chunks, "--quality 95", time);
    assert!(again.picture() != frames[10]);
    assert!(Rgb::of_jpeg(again.picture()).psnr(&original) > 30.0);
    let small = Rgb::of_jpeg(shot_at(&chunks, "--width 80", time).picture());
    assert_eq!((small.width, small.height), (80, 60));
}

/// As cameras send it: a BITMAPINFOHEADER that says MJPG.
#[test]
fn frames_of_a_camera_that_says_mjpg_come_out_as_they_are_stored() {
    if !strangers() {
        return;
    }
    let folder = Folder::new();
    let (_, chunks, frames) = made(&folder);
    let mut header = Vec::new();
    for field in [40_u32, 160, 120, 0x0018_0001] {
        header.extend(field.to_le_bytes());
    }
    header.extend(b"MJPG");
    header.extend([0; 20]);
    let items = Source::open([&chunks]).unwrap().items();
    let fragments: Vec<_> =
        items.filter_map(|item| if let Item::Fragment(fragment) = item { Some(fragment) } else { None }).collect();
    let mut track: TrackEntry = fragments[0].head.tracks.iter().next().unwrap().entry.clone();
    track.codec_id = "V_MS/VFW/FOURCC".into();
    track.codec_private = Some(header.into());
    let writer = ChunkWriter::new(ChunkLayout::default());
    let chunks = fragments.iter().zip(1_u64..).flat_map(|(fragment, number)| {
        let start = fragment.head.producer_timestamp.unwrap();
        writer.chunk(&number.into(), start, start, std::slice::from_ref(&track), &[], Nanos::ZERO, &fragment.frames)
    });
    let stream: Vec<u8> = chunks.collect();
    let shots = all_shots(&folder.put("vfw.mkv", stream), "--every 100ms");
    assert_eq!(shots.len(), 30);
    for (shot, frame) in shots.iter().zip(&frames) {
        assert!(shot.picture() == frame, "{}", shot.time_ms);
    }
}
