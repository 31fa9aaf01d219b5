//! The frame at a time is the one that ffmpeg shows then, in its size and in its colours.

use std::path::{Path, PathBuf};

use crate::images::film::{Film, Pick};
use crate::images::pixels::Rgb;
use crate::images::{Shot, all_shots, seconds, shot_at, strangers};
use crate::process::Folder;
use crate::streams::{capture, testdata};

/// How far a picture may be from ffmpeg's, in decibels: what rounding makes.
pub(super) const LEAST_PSNR: f64 = 45.0;

/// Numbers that look random and are the same each time.
pub(super) struct Dice(u64);

impl Dice {
    pub(super) fn new(seed: &str) -> Dice {
        Dice(
            seed.bytes()
                .fold(0x9E37_79B9_7F4A_7C15, |seed, byte| (seed ^ u64::from(byte)).wrapping_mul(0x0100_0000_01B3)),
        )
    }

    /// One of `low..=high`.
    pub(super) fn roll(&mut self, low: i64, high: i64) -> i64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        low + (self.0 % u64::try_from(high - low + 1).unwrap()) as i64
    }
}

/// Every test file of this kind.
fn test_files(chunks: bool) -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> = std::fs::read_dir(testdata(""))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "mkv"))
        .filter(|path| path.to_str().unwrap().ends_with(".chunks.mkv") == chunks)
        .collect();
    files.sort();
    files
}

/// Twenty times: six apart, and fourteen or more of a grid.
fn random_shots(film: &Film, pick: Pick) -> Vec<Shot> {
    let mut dice = Dice::new(film.path.file_name().unwrap().to_str().unwrap());
    let (first, last) = film.span();
    let words = format!("--format png --include-overlap {}", pick.words());
    let mut shots: Vec<Shot> = (0..6).map(|_| shot_at(&film.path, &words, dice.roll(first, last))).collect();
    let start = dice.roll(first, first + (last - first) / 20);
    let every = (last - start) / dice.roll(14, 16);
    let grid = format!("{words} --every {every}ms --from {} --to {}", seconds(start), seconds(last));
    let of_grid = all_shots(&film.path, &grid);
    let expected: Vec<i64> = (0..).map(|at| start + at * every).take_while(|time| *time <= last).collect();
    assert_eq!(of_grid.iter().map(|shot| shot.time_ms).collect::<Vec<_>>(), expected, "{}", film.path.display());
    shots.extend(of_grid);
    assert!(shots.len() >= 20);
    shots
}

/// What is wrong with PNG pictures, which must be those of the frames that are due.
pub(super) fn faults(film: &Film, pick: Pick, shots: &[Shot]) -> Vec<String> {
    let name = film.path.file_name().unwrap().to_str().unwrap();
    let due: Vec<usize> = shots.iter().map(|shot| film.at(pick, shot.time_ms)).collect();
    let neighbours = |at: usize| [at.wrapping_sub(1), at + 1];
    let pictures = film.pictures(due.iter().flat_map(|&at| [at].into_iter().chain(neighbours(at))));
    let taken: Vec<&Shot> = shots.iter().filter(|shot| shot.content.is_ok()).collect();
    let mut pixels = Rgb::of_pngs(taken.iter().map(|shot| shot.picture())).into_iter();
    let mut faults = Vec::new();
    for (shot, at) in shots.iter().zip(due) {
        let mut fault = |what: String| faults.push(format!("{name} {pick:?} {}: {what}", seconds(shot.time_ms)));
        if let Err(error) = &shot.content {
            fault(format!("{error:?}"));
            continue;
        }
        let (found, expected) = (pixels.next().unwrap(), &pictures[&at]);
        if (found.width, found.height) != (expected.width, expected.height) {
            fault(format!("{found:?} and not {expected:?}"));
            continue;
        }
        let likeness = found.psnr(expected);
        if likeness < LEAST_PSNR {
            fault(format!("{likeness:.1} dB from frame {at}"));
        }
        for neighbour in neighbours(at).iter().filter_map(|at| pictures.get(at)) {
            if found.psnr(neighbour) > likeness {
                fault(format!(
                    "is not frame {at}, {likeness:.1} dB, but rather its neighbour, {:.1} dB",
                    found.psnr(neighbour)
                ));
            }
        }
    }
    faults
}

#[track_caller]
fn check_each(paths: &[PathBuf], pick: Pick, least: usize) {
    let films: Vec<Film> = paths.iter().filter_map(|path| Film::of(path)).collect();
    assert!(films.len() >= least, "{} films", films.len());
    let faults: Vec<String> = films.iter().flat_map(|film| faults(film, pick, &random_shots(film, pick))).collect();
    assert!(faults.is_empty(), "{} pictures\n{}", faults.len(), faults.join("\n"));
}

#[test]
fn at_twenty_random_times_the_frame_is_that_of_ffmpeg_in_chunk_streams() {
    if strangers() {
        check_each(&test_files(true), Pick::Exact, 17);
    }
}

#[test]
fn at_twenty_random_times_the_frame_is_that_of_ffmpeg_in_ordinary_files() {
    if strangers() {
        check_each(&test_files(false), Pick::Exact, 15);
    }
}

#[test]
fn at_twenty_random_times_the_key_frame_is_that_of_ffmpeg_in_chunk_streams() {
    if strangers() {
        check_each(&test_files(true), Pick::Keyframe, 17);
    }
}

#[test]
fn at_twenty_random_times_the_key_frame_is_that_of_ffmpeg_in_ordinary_files() {
    if strangers() {
        check_each(&test_files(false), Pick::Keyframe, 15);
    }
}

fn captures() -> Vec<PathBuf> {
    let names = ["clusters", "kinesis_video_renderer_example_output", "output_get_media", "vogels_480"];
    names.into_iter().filter_map(capture).collect()
}

#[test]
fn at_twenty_random_times_the_frame_is_that_of_ffmpeg_in_real_streams() {
    if strangers() {
        check_each(&captures(), Pick::Exact, 0);
    }
}

#[test]
fn at_twenty_random_times_the_key_frame_is_that_of_ffmpeg_in_real_streams() {
    if strangers() {
        check_each(&captures(), Pick::Keyframe, 0);
    }
}

#[test]
fn by_the_servers_clock_frames_are_the_same_at_other_times() {
    if !strangers() {
        return;
    }
    let film = Film::of(&testdata("h264-high-bframes-aac.chunks.mkv")).unwrap();
    for at in [0, 1, 60, 149] {
        let frame = &film.frames[at];
        assert_ne!(frame.server_ms, frame.time_ms);
        let by_server = shot_at(&film.path, "--format png --include-overlap --by server", frame.server_ms);
        let by_producer = shot_at(&film.path, "--format png --include-overlap", frame.time_ms);
        // The files tell of different times.
        let pixels = |shot: &Shot| Rgb::of_png(shot.picture());
        assert!(pixels(&by_server) == pixels(&by_producer), "frame {at}");
    }
}

/// What cameras see has few hard edges, so that all ways to upsample chroma come close.
#[test]
fn pictures_of_cameras_are_those_of_scale_too() {
    if !strangers() {
        return;
    }
    for path in captures() {
        let film = Film::of(&path).unwrap();
        let shots = all_shots(&path, "--format png --every 3700ms");
        for (shot, picture) in shots.iter().zip(Rgb::of_pngs(shots.iter().map(Shot::picture))).step_by(2) {
            let likeness = picture.psnr(&film.by_scale(film.at(Pick::Exact, shot.time_ms)));
            assert!(likeness >= LEAST_PSNR, "{} {}: {likeness:.1} dB", path.display(), seconds(shot.time_ms));
        }
    }
}

/// A time in the short pause between two fragments has the same picture whether it is asked for alone or with others.
#[test]
fn a_time_asked_for_alone_has_the_picture_that_it_has_among_others() {
    for path in captures() {
        let grid =
            all_shots(&path, "--every 1s --pick keyframe --quality 10 --from +1975ms --to +7s --include-overlap");
        for shot in grid {
            let alone = shot_at(&path, "--pick keyframe --quality 10 --include-overlap", shot.time_ms);
            assert_eq!(alone.content.is_ok(), shot.content.is_ok(), "{} {}", path.display(), seconds(shot.time_ms));
        }
    }
}

/// The payload of this real stream says that it is JPEG, and is a counter.
#[test]
fn frames_that_are_no_jpeg_are_told_of_one_by_one() {
    let Some(path) = capture("test_mixed_tags") else { return };
    for words in ["--every 1s", "--every 700ms --pick keyframe --format png"] {
        let shots = all_shots(&path, words);
        assert!(shots.len() >= 40, "{}", shots.len());
        for shot in &shots {
            let reason = shot.reason("MEDIA_ERROR");
            assert!(reason.contains("JPEG"), "{reason}");
        }
    }
    let folder = Folder::new();
    let done = crate::process::fragkit("images --out").arg(folder.path()).arg(&path).done();
    done.refused(1);
    assert_eq!(folder.names(), ["index.json"]);
}

#[test]
fn the_index_names_time_and_fragment_of_each_frame() {
    if !strangers() {
        return;
    }
    let path: &Path = &testdata("h264-high-opengop.chunks.mkv");
    let film = Film::of(path).unwrap();
    let numbers = crate::process::fragkit("list").arg(path).done().quiet().numbers();
    let folder = Folder::new();
    let words = "images --include-overlap --every 333ms --format png --out";
    crate::process::fragkit(words).arg(folder.path()).arg(path).done().quiet();
    let index: serde_json::Value = serde_json::from_slice(&folder.read("index.json")).unwrap();
    let entries = index["Images"].as_array().unwrap();
    assert!(entries.len() >= 18);
    for entry in entries {
        let time = crate::images::millis(&entry["TimeStamp"]);
        let frame = &film.frames[film.at(Pick::Exact, time)];
        assert_eq!(crate::images::millis(&entry["FrameTimestamp"]), frame.time_ms, "{entry}");
        assert_eq!(entry["FragmentNumber"], numbers[frame.fragment], "{entry}");
        assert_eq!(entry["File"], format!("{time}.png"));
        assert_eq!((entry["Width"].as_u64(), entry["Height"].as_u64()), (Some(160), Some(120)));
    }
}
