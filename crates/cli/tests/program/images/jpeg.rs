//! JPEG pictures beside those that libjpeg-turbo's cjpeg makes of the same pixels.

use std::path::{Path, PathBuf};

use crate::images::pixels::Rgb;
use crate::images::{Shot, all_shots, seconds, shot_at, strangers};
use crate::process::{Folder, fragkit, program};
use crate::streams::{capture, tag_values, testdata, testdata_bytes};

fn cjpeg(picture: &Rgb, quality: u8) -> Vec<u8> {
    let done = program("cjpeg").words(&format!("-quality {quality}")).stdin(picture.to_ppm()).done();
    assert_eq!((done.code, &*done.stderr), (Some(0), ""));
    done.stdout
}

/// A stream that ffmpeg makes of one of its sources.
fn made(folder: &Folder, name: &str, source: &str, options: &str) -> PathBuf {
    let path = folder.join(name);
    let done = program("ffmpeg").words("-v error -f lavfi -i").arg(source).words(options).arg(&path).done();
    assert_eq!((done.code, &*done.stderr), (Some(0), ""));
    path
}

/// The picture at a time, of whatever fragment covers it.
fn shot_over(path: &Path, words: &str, time_ms: i64) -> Shot {
    shot_at(path, &format!("--include-overlap {words}"), time_ms)
}

/// Pictures of many kinds; the larger ones, so that what stands in the header does not count for much.
fn sources(folder: &Folder) -> Vec<(PathBuf, String)> {
    let x264 = "-t 2 -c:v libx264 -preset veryfast -crf 18 -pix_fmt yuv420p";
    let mut sources = vec![
        (made(folder, "pattern.mkv", "testsrc2=size=1280x720:rate=5", x264), "--every 700ms".to_string()),
        (made(folder, "fractal.mkv", "mandelbrot=size=640x480:rate=5", x264), "--every 700ms".to_string()),
        (
            made(
                folder,
                "full.mkv",
                "testsrc2=size=640x480:rate=5",
                &format!("{x264} -vf scale=out_range=pc,setparams=range=pc"),
            ),
            "--every 1s".to_string(),
        ),
        (
            made(folder, "h265.mkv", "testsrc2=size=640x480:rate=5", "-t 2 -c:v libx265 -x265-params log-level=error"),
            "--every 1s".to_string(),
        ),
    ];
    for (name, every) in
        [("output_get_media", "3s"), ("kinesis_video_renderer_example_output", "5s"), ("vogels_480", "9s")]
    {
        sources.extend(capture(name).map(|path| (path, format!("--every {every}"))));
    }
    sources
}

#[test]
fn at_quality_80_size_and_likeness_are_those_of_libjpeg_turbo() {
    if !strangers() {
        return;
    }
    let folder = Folder::new();
    let mut faults = Vec::new();
    for (path, words) in sources(&folder) {
        let name = path.file_name().unwrap().to_str().unwrap().to_string();
        let jpegs = all_shots(&path, &words);
        let pngs = all_shots(&path, &format!("{words} --format png"));
        assert!(jpegs.len() >= 2 && jpegs.len() == pngs.len(), "{name}");
        for (jpeg, png) in jpegs.iter().zip(&pngs) {
            let original = Rgb::of_png(png.picture());
            let theirs = cjpeg(&original, 80);
            let (found, expected) = (Rgb::of_jpeg(jpeg.picture()), Rgb::of_jpeg(&theirs));
            let (likeness, least) = (found.psnr(&original), expected.psnr(&original));
            let size = jpeg.picture().len() as f64 / theirs.len() as f64;
            println!("{name} {}: {likeness:.2} dB beside {least:.2}, {size:.3} of the size", seconds(jpeg.time_ms));
            if likeness < least - 0.5 || (size - 1.0).abs() > 0.1 {
                faults.push(format!(
                    "{name} {}: {likeness:.2} dB beside {least:.2}, {size:.3} of the size",
                    seconds(jpeg.time_ms)
                ));
            }
        }
    }
    assert!(faults.is_empty(), "{} pictures\n{}", faults.len(), faults.join("\n"));
}

#[test]
fn quality_80_is_the_default_and_quality_goes_up_with_size_and_likeness() {
    if !strangers() {
        return;
    }
    let path = testdata("h264-main-aac.chunks.mkv");
    let time = 1_704_067_202_000;
    let original = Rgb::of_png(shot_over(&path, "--format png", time).picture());
    let mut last = (0, 0.0);
    for quality in [1, 10, 30, 50, 70, 80, 90, 96, 100] {
        let shot = shot_over(&path, &format!("--quality {quality}"), time);
        let likeness = Rgb::of_jpeg(shot.picture()).psnr(&original);
        assert!(shot.picture().len() > last.0 && likeness > last.1, "{quality}: {likeness} after {last:?}");
        last = (shot.picture().len(), likeness);
        if quality == 80 {
            assert!(shot == shot_over(&path, "", time));
            assert!(shot == shot_over(&path, "--format jpeg", time));
        }
    }
    // Chroma of hard edges between single samples moves from where H.264 has it to where JPEG has it.
    assert!(last.1 > 30.0, "{last:?}");
}

/// Width and height as ffprobe reads them.
fn probed_size(file: &[u8]) -> (u64, u64) {
    let words = "-v error -f jpeg_pipe -of json -show_streams -i pipe:0";
    let info = program("ffprobe").words(words).stdin(file).done().json();
    let side = |name: &str| info["streams"][0][name].as_u64().unwrap();
    (side("width"), side("height"))
}

#[test]
fn sizes_are_as_asked_for_and_ffmpeg_reads_them() {
    if !strangers() {
        return;
    }
    let path = testdata("h264-colour-sar.chunks.mkv");
    let time = 1_704_067_201_000;
    // Samples are 4:3, so that 162 of them are as wide as 216.
    for (words, width, height) in [
        ("", 162, 122),
        ("--width 81", 81, 46),
        ("--height 61", 108, 61),
        ("--width 100 --height 50", 100, 50),
        ("--width 1", 1, 1),
        ("--width 7 --height 333", 7, 333),
        ("--width 641", 641, 362),
    ] {
        let shot = shot_over(&path, words, time);
        assert_eq!(probed_size(shot.picture()), (width, height), "{words}");
        let decoded = Rgb::of_jpeg(shot.picture());
        assert_eq!((decoded.width as u64, decoded.height as u64), (width, height), "{words}");
        let png = Rgb::of_png(shot_over(&path, &format!("{words} --format png"), time).picture());
        assert_eq!((png.width, png.height), (decoded.width, decoded.height), "{words}");
        if width > 50 {
            let theirs = Rgb::of_jpeg(&cjpeg(&png, 80));
            let (likeness, least) = (decoded.psnr(&png), theirs.psnr(&png));
            assert!(likeness > least - 1.0, "{words}: {likeness:.1} dB beside {least:.1}");
        }
    }
}

/// Scaled pictures are like those that ffmpeg scales.
#[test]
fn scaled_pictures_are_like_those_of_ffmpeg() {
    if !strangers() {
        return;
    }
    let path = testdata("h264-main-aac.chunks.mkv");
    let time = 1_704_067_202_000;
    let whole = Rgb::of_png(shot_over(&path, "--format png", time).picture());
    for (width, height) in [(120, 90), (80, 60), (480, 360), (97, 181)] {
        let words = format!("--format png --width {width} --height {height}");
        let found = Rgb::of_png(shot_over(&path, &words, time).picture());
        let done = program("ffmpeg")
            .words(&format!("-v error -f rawvideo -pix_fmt rgb24 -s {}x{} -i pipe:0 -vf", whole.width, whole.height))
            .arg(format!("scale={width}:{height}:flags=lanczos+accurate_rnd+full_chroma_int+full_chroma_inp"))
            .words("-pix_fmt rgb24 -f rawvideo pipe:1")
            .stdin(&*whole.bytes)
            .done();
        let expected = &Rgb::sequence(&done.stdout, width, height)[0];
        let likeness = found.psnr(expected);
        println!("{width}x{height}: {likeness:.1} dB");
        assert!(likeness > 30.0, "{width}x{height}: {likeness:.1} dB");
    }
}

#[test]
fn time_and_fragment_stand_in_the_file() {
    let name = "h264-main-aac.chunks.mkv";
    let numbers = tag_values(&testdata_bytes(name), "FRAGMENT_NUMBER");
    let shot = shot_at(&testdata(name), "--include-overlap", 1_704_067_202_517);
    let file = shot.picture();
    let holds = |text: &str| file.windows(text.len()).any(|bytes| bytes == text.as_bytes());
    assert!(holds(&numbers[2]), "the fragment number");
    assert!(file.starts_with(b"\xFF\xD8\xFF\xE0\0\x10JFIF\0"), "JFIF comes first");
    // The frame's time: it was shown for some milliseconds then.
    assert!(holds("2024-01-01T00:00:02.5") || holds("2024:01:01 00:00:02"), "the time");
}

#[test]
fn smaller_png_files_have_the_same_pixels() {
    if !strangers() {
        return;
    }
    // Pictures that the fast way suits best, and some that it does not.
    let path = testdata("h264-main-aac.chunks.mkv");
    let folder = Folder::new();
    let pattern = made(&folder, "pattern.mkv", "testsrc=size=640x480:rate=5", "-t 1 -c:v libx264 -pix_fmt yuv420p");
    for (path, most) in [(&path, 1.0), (&pattern, 0.97)] {
        let words = "--every 500ms --format png";
        let (fast, small) = (all_shots(path, words), all_shots(path, &format!("{words} --small")));
        assert_eq!(fast.len(), small.len());
        for (fast, small) in fast.iter().zip(&small) {
            assert!(Rgb::of_png(fast.picture()) == Rgb::of_png(small.picture()));
            let share = small.picture().len() as f64 / fast.picture().len() as f64;
            assert!(share <= most, "{share:.2} of the size");
        }
    }
    fragkit("images --json --small").arg(&path).done().refused(2);
    fragkit("images --json --format png --quality 80").arg(&path).done().refused(2);
}
