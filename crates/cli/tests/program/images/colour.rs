//! Flat patches of known samples, coded with each matrix, range and subsampling, come back in the colours that the equations of
//! ITU-T H.273 (8.3) give.

use std::path::Path;

use crate::images::pixels::Rgb;
use crate::images::strangers;
use crate::process::{Folder, fragkit, program};

/// Patches are squares of so many samples.
const PATCH: usize = 32;
const COLUMNS: usize = 4;
const ROWS: usize = 3;

/// Y, Cb and Cr of each patch, of 8 bits: colours, greys and what lies beyond the limited range's ends.
const PATCHES: [[u8; 3]; COLUMNS * ROWS] = [
    [16, 128, 128],
    [235, 128, 128],
    [126, 128, 128],
    [81, 90, 240],
    [145, 54, 34],
    [41, 240, 110],
    [170, 166, 16],
    [106, 202, 222],
    [60, 120, 150],
    [200, 140, 110],
    [30, 128, 128],
    [180, 100, 160],
];

/// How a pattern is coded.
#[derive(Debug, Clone, Copy)]
struct Case {
    codec: &'static str,
    pixels: &'static str,
    /// As ffmpeg calls it; empty if nothing is told.
    matrix: &'static str,
    /// tv or pc; empty if nothing is told.
    range: &'static str,
    scale: usize,
}

impl Case {
    fn deep(self) -> bool {
        self.pixels.ends_with("10le")
    }

    /// By how much chroma has fewer samples, across and down; nothing for grey.
    fn chroma(self) -> Option<(usize, usize)> {
        match self.pixels.trim_end_matches("10le") {
            "gray" => None,
            "yuv420p" => Some((2, 2)),
            "yuv422p" => Some((2, 1)),
            "yuv444p" => Some((1, 1)),
            other => panic!("{other}"),
        }
    }

    fn size(self) -> (usize, usize) {
        (COLUMNS * PATCH * self.scale, ROWS * PATCH * self.scale)
    }

    /// The pattern's samples, plane by plane.
    fn raw(self) -> Vec<u8> {
        let (width, height) = self.size();
        let side = PATCH * self.scale;
        let mut raw = Vec::new();
        let mut plane = |component: usize, (across, down): (usize, usize)| {
            for y in 0..height / down {
                for x in 0..width / across {
                    let sample = PATCHES[y * down / side * COLUMNS + x * across / side][component];
                    if self.deep() {
                        raw.extend((u16::from(sample) * 4).to_le_bytes());
                    } else {
                        raw.push(sample);
                    }
                }
            }
        };
        plane(0, (1, 1));
        if let Some(chroma) = self.chroma() {
            plane(1, chroma);
            plane(2, chroma);
        }
        raw
    }

    /// Five frames, nearly without loss.
    fn coded(self, path: &Path) {
        let (width, height) = self.size();
        let signalled =
            |name: &str, value: &str| if value.is_empty() { String::new() } else { format!("-{name} {value} ") };
        let options = match self.codec {
            "libx264" => "-qp 1 -preset veryfast -x264-params log=0",
            _ => "-preset superfast -x265-params qp=1:cbqpoffs=-8:crqpoffs=-8:log-level=none:no-sao=1",
        };
        let words = format!(
            "-v error -y -f rawvideo -pix_fmt {} -s {width}x{height} -r 5 -i pipe:0 -c:v {} {options} {}{}",
            self.pixels,
            self.codec,
            signalled("colorspace", self.matrix),
            signalled("color_range", self.range),
        );
        // Set as a property of the frames, so that nothing is converted.
        let range = if self.range.is_empty() { "null".into() } else { format!("setparams=range={}", self.range) };
        let done = program("ffmpeg").words(&words).arg("-vf").arg(range).arg(path).stdin(self.raw().repeat(5)).done();
        assert_eq!((done.code, &*done.stderr), (Some(0), ""), "{self:?}");
    }

    /// The samples in the middle of each patch as ffmpeg decodes them, in parts of 1, limited range or full.
    fn decoded(self, path: &Path) -> Vec<[f64; 3]> {
        let (width, height) = self.size();
        let done = program("ffmpeg").words("-v error -i").arg(path).words("-frames:v 1 -f rawvideo pipe:1").done();
        assert_eq!(done.code, Some(0), "{}", done.stderr);
        let raw = done.stdout;
        let sample_bytes = if self.deep() { 2 } else { 1 };
        let value = |at: usize| match self.deep() {
            true => f64::from(u16::from_le_bytes(raw[at * 2..at * 2 + 2].try_into().unwrap())) / 4.0,
            false => f64::from(raw[at]),
        };
        let mut count = width * height;
        let side = PATCH * self.scale;
        let patches = (0..PATCHES.len()).map(|at| (at % COLUMNS * side + side / 2, at / COLUMNS * side + side / 2));
        let mut samples: Vec<[f64; 3]> = patches.clone().map(|(x, y)| [value(y * width + x), 128.0, 128.0]).collect();
        if let Some((across, down)) = self.chroma() {
            let plane = (width / across) * (height / down);
            for component in 1..3 {
                for (sample, (x, y)) in samples.iter_mut().zip(patches.clone()) {
                    sample[component] = value(count + y / down * (width / across) + x / across);
                }
                count += plane;
            }
        }
        assert!(raw.len() >= count * sample_bytes, "{self:?}");
        samples
    }

    /// What the equations make of samples.
    fn expected(self, [y, cb, cr]: [f64; 3]) -> [f64; 3] {
        let (kr, kb) = match (self.matrix, self.size().0 > 1024 || self.size().1 > 576) {
            ("bt709", _) | ("", true) => (0.2126, 0.0722),
            ("smpte170m" | "bt470bg", _) | ("", false) => (0.299, 0.114),
            ("bt2020nc", _) => (0.2627, 0.0593),
            (other, _) => panic!("{other}"),
        };
        let (y, cb, cr) = match self.range {
            "pc" => (y / 255.0, (cb - 128.0) / 255.0, (cr - 128.0) / 255.0),
            _ => ((y - 16.0) / 219.0, (cb - 128.0) / 224.0, (cr - 128.0) / 224.0),
        };
        let red = y + 2.0 * (1.0 - kr) * cr;
        let blue = y + 2.0 * (1.0 - kb) * cb;
        let green = (y - kr * red - kb * blue) / (1.0 - kr - kb);
        [red, green, blue].map(|part| (part * 255.0).clamp(0.0, 255.0))
    }

    /// What is wrong with the picture that comes out.
    fn faults(self, folder: &Folder) -> Vec<String> {
        let name = format!("{}-{}-{}-{}.mkv", self.codec, self.pixels, self.matrix, self.range);
        let path = folder.join(&name);
        self.coded(&path);
        let samples = self.decoded(&path);
        for (decoded, patch) in samples.iter().zip(PATCHES) {
            let stored = if self.chroma().is_some() { patch } else { [patch[0], 128, 128] };
            let off = decoded.iter().zip(stored).any(|(decoded, stored)| (decoded - f64::from(stored)).abs() > 3.0);
            assert!(!off, "{name}: the encoder kept {decoded:?} of {stored:?}");
        }
        let done = fragkit("images --json --format png --every 10s").arg(&path).done();
        let shot = crate::images::shots(&done).remove(0);
        let picture = match &shot.content {
            Ok(picture) => Rgb::of_png(picture),
            Err(error) => return vec![format!("{name}: {error:?}")],
        };
        assert_eq!((picture.width, picture.height), self.size());
        let side = PATCH * self.scale;
        let mut faults = Vec::new();
        for (at, samples) in samples.into_iter().enumerate() {
            let expected = self.expected(samples);
            let found = picture.pixel(at % COLUMNS * side + side / 2, at / COLUMNS * side + side / 2);
            if found.iter().zip(expected).any(|(found, expected)| (f64::from(*found) - expected).abs() > 2.0) {
                faults.push(format!("{name}: patch {samples:?} is {found:?} and not {expected:.1?}"));
            }
        }
        faults
    }
}

#[track_caller]
fn check(cases: impl IntoIterator<Item = Case>) {
    if !strangers() {
        return;
    }
    let folder = Folder::new();
    let faults: Vec<String> = cases.into_iter().flat_map(|case| case.faults(&folder)).collect();
    assert!(faults.is_empty(), "{} patches\n{}", faults.len(), faults.join("\n"));
}

fn combinations(codec: &'static str, pixels: &'static [&'static str]) -> impl Iterator<Item = Case> {
    let matrices = ["smpte170m", "bt709", "bt2020nc"];
    pixels.iter().flat_map(move |pixels| {
        matrices
            .into_iter()
            .flat_map(move |matrix| ["tv", "pc"].map(|range| Case { codec, pixels, matrix, range, scale: 1 }))
    })
}

#[test]
fn h264_of_8_bits_has_its_colours_in_every_matrix_range_and_subsampling() {
    check(combinations("libx264", &["yuv420p", "yuv422p", "gray"]));
}

#[test]
fn h264_of_10_bits_has_its_colours_in_every_matrix_range_and_subsampling() {
    check(combinations("libx264", &["yuv420p10le", "yuv422p10le"]));
}

#[test]
fn h265_of_8_bits_has_its_colours_in_every_matrix_and_range() {
    check(combinations("libx265", &["yuv420p", "yuv444p"]));
}

#[test]
fn h265_of_10_bits_has_its_colours_in_every_matrix_and_range() {
    check(combinations("libx265", &["yuv420p10le", "yuv444p10le"]));
}

#[test]
fn where_nothing_is_told_the_size_decides() {
    let case = Case { codec: "libx264", pixels: "yuv420p", matrix: "", range: "", scale: 1 };
    check([case, Case { scale: 10, ..case }, Case { scale: 8, ..case }, Case { codec: "libx265", ..case }]);
}

#[test]
fn where_the_stream_is_silent_the_container_decides() {
    if !strangers() {
        return;
    }
    let case = Case { codec: "libx264", pixels: "yuv420p", matrix: "smpte170m", range: "tv", scale: 1 };
    let folder = Folder::new();
    let (silent, told) = (folder.join("silent.mkv"), folder.join("told.mkv"));
    Case { matrix: "", range: "", ..case }.coded(&silent);
    let call = program("ffmpeg").words("-v error -i").arg(&silent).words("-c copy -colorspace bt709 -color_range pc");
    let done = call.arg(&told).done();
    assert_eq!((done.code, &*done.stderr), (Some(0), ""));
    let case = Case { matrix: "bt709", range: "pc", ..case };
    let samples = Case { range: "tv", ..case }.decoded(&silent);
    let done = fragkit("images --json --format png --every 10s").arg(&told).done().quiet();
    let picture = Rgb::of_png(crate::images::shots(&done)[0].picture());
    for (at, samples) in samples.into_iter().enumerate() {
        let found = picture.pixel(at % COLUMNS * PATCH + PATCH / 2, at / COLUMNS * PATCH + PATCH / 2);
        let expected = case.expected(samples);
        let near = found.iter().zip(expected).all(|(found, expected)| (f64::from(*found) - expected).abs() <= 2.0);
        assert!(near, "patch {samples:?} is {found:?} and not {expected:.1?}");
    }
}
