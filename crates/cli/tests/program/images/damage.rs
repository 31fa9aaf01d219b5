//! What is damaged costs the pictures that need it, and no others.

use std::ops::Range;
use std::path::Path;

use crate::images::blocks::{Block, blocks, first_slice, is_disposable, nal_units};
use crate::images::film::{Film, Pick};
use crate::images::frames::{Dice, faults};
use crate::images::{Shot, all_shots, strangers};
use crate::process::Folder;
use crate::streams::{testdata, testdata_bytes};

/// Without references to the past but to the frame before: what follows a lost frame is lost.
const CHAIN: &str = "h264-baseline.chunks.mkv";
/// Three B-frames, of which two are referred to by none.
const PYRAMID: &str = "h264-high-bframes-aac.chunks.mkv";

/// Every frame of a stream that was tampered with, once.
fn shoot(path: &Path) -> Vec<Shot> {
    all_shots(path, "--format png --every 40ms --include-overlap --from 2024-01-01T00:00:00Z --to +5960ms")
}

/// The shots that are not to be harmed are those of the sound stream; gives the others.
#[track_caller]
fn spared(film: &Film, shots: Vec<Shot>, harmed: &[usize]) -> Vec<Shot> {
    assert_eq!(shots.len(), film.frames.len());
    let (hit, spared): (Vec<_>, Vec<_>) =
        shots.into_iter().partition(|shot| harmed.contains(&film.at(Pick::Exact, shot.time_ms)));
    let faults = faults(film, Pick::Exact, &spared);
    assert!(faults.is_empty(), "{} of {} pictures\n{}", faults.len(), spared.len(), faults.join("\n"));
    assert_eq!(hit.len(), harmed.len());
    hit
}

/// Frames are 40 ms apart and start with the stream, so that the grid has each once.
fn film(name: &str) -> Film {
    let film = Film::of(&testdata(name)).unwrap();
    let start = film.frames[0].time_ms;
    for (at, frame) in film.frames.iter().enumerate() {
        assert_eq!(frame.time_ms, start + i64::try_from(at).unwrap() * 40);
    }
    film
}

fn flip_length(stream: &mut [u8], block: &Block) {
    stream[block.frame.start] ^= 0x55;
}

#[test]
fn a_frame_with_broken_lengths_costs_what_follows_it_in_its_group() {
    if !strangers() {
        return;
    }
    let film = film(CHAIN);
    let folder = Folder::new();
    // Frames 50 to 74 are the third group.
    for hit in [50, 51, 60, 74] {
        let mut stream = testdata_bytes(CHAIN);
        let block = &blocks(&stream)[hit];
        flip_length(&mut stream, block);
        let harmed: Vec<usize> = (hit..75).collect();
        for shot in spared(&film, shoot(&folder.put("damaged.mkv", &stream)), &harmed) {
            shot.reason("MEDIA_ERROR");
        }
    }
}

#[test]
fn a_frame_that_none_refers_to_costs_itself_alone() {
    if !strangers() {
        return;
    }
    let film = film(PYRAMID);
    let sound = testdata_bytes(PYRAMID);
    let blocks = blocks(&sound);
    let disposable = |at: &usize| is_disposable(&sound[blocks[*at].frame.clone()]);
    let folder = Folder::new();
    for hit in (30..110).filter(disposable).step_by(15) {
        let mut stream = sound.clone();
        flip_length(&mut stream, &blocks[hit]);
        let harmed = film.frames.iter().position(|frame| frame.stored == hit).unwrap();
        for shot in spared(&film, shoot(&folder.put("damaged.mkv", &stream)), &[harmed]) {
            shot.reason("MEDIA_ERROR");
        }
        // Not there at all, its place is taken by the one that is shown before.
        let mut stream = sound.clone();
        let element = blocks[hit].element.clone();
        stream[element.start] = 0xEC;
        let before = folder.put("void.mkv", &stream);
        for shot in spared(&film, shoot(&before), &[harmed]) {
            let stand_in = Shot { time_ms: film.frames[harmed - 1].time_ms, ..shot };
            assert_eq!(faults(&film, Pick::Exact, &[stand_in]), [""; 0]);
        }
    }
}

#[test]
fn a_missing_reference_frame_costs_what_refers_to_it() {
    if !strangers() {
        return;
    }
    let film = film(CHAIN);
    let folder = Folder::new();
    for hit in [50, 51, 60, 73] {
        let mut stream = testdata_bytes(CHAIN);
        let element = blocks(&stream)[hit].element.clone();
        stream[element.start] = 0xEC;
        let harmed: Vec<usize> = (hit..75).collect();
        let mut shots = spared(&film, shoot(&folder.put("void.mkv", &stream)), &harmed).into_iter();
        // In the place of the frame that is missing stands the one before, which can still be decoded.
        let shot = shots.next().unwrap();
        if hit > 50 {
            let stand_in = Shot { time_ms: film.frames[hit - 1].time_ms, ..shot };
            assert_eq!(faults(&film, Pick::Exact, &[stand_in]), [""; 0]);
        }
        for shot in shots {
            shot.reason("MEDIA_ERROR");
        }
    }
}

#[test]
fn a_missing_reference_frame_of_h265_gives_no_wrong_picture() {
    if !strangers() {
        return;
    }
    let name = "h265-bframes-aac.chunks.mkv";
    let film = Film::of(&testdata(name)).unwrap();
    let folder = Folder::new();
    let sound = testdata_bytes(name);
    let (first, last) = (film.frames[0].time_ms, film.frames[film.frames.len() - 1].time_ms);
    let range = format!("--from {} --to {}", crate::images::seconds(first), crate::images::seconds(last));
    // The first frame behind a key frame is one that all of its group need.
    let key = film.frames.iter().filter(|frame| frame.key).nth(2).unwrap();
    for hit in [key.stored + 1, key.stored + 5] {
        let mut stream = sound.clone();
        stream[blocks(&sound)[hit].element.start] = 0xEC;
        let path = folder.put("void.mkv", &stream);
        let shots = all_shots(&path, &format!("--format png --every 40ms --include-overlap {range}"));
        let lost = shots.iter().filter(|shot| shot.content.is_err()).count();
        assert!((5..25).contains(&lost), "{lost} pictures are lost");
        let shown: Vec<Shot> = shots.into_iter().filter(|shot| shot.content.is_ok()).collect();
        // The frame that is missing has the one before in its place.
        let wrong = faults(&film, Pick::Exact, &shown);
        assert!(wrong.len() <= 2, "{} pictures\n{}", wrong.len(), wrong.join("\n"));
    }
}

/// Where the middle of the first slice lies in the stream.
fn slice_data(stream: &[u8], block: &Block) -> Range<usize> {
    let slice = first_slice(&stream[block.frame.clone()]);
    let quarter = slice.len() / 4;
    block.frame.start + slice.start + quarter..block.frame.start + slice.end - quarter
}

/// Not all damage to the bits of a slice can be seen, but what is far from it stays as it is.
#[test]
fn noise_in_a_slice_stays_within_its_group() {
    if !strangers() {
        return;
    }
    let film = film(CHAIN);
    let folder = Folder::new();
    let mut dice = Dice::new("noise");
    let mut told = 0;
    for hit in [50, 55, 60, 65, 70, 74] {
        let mut stream = testdata_bytes(CHAIN);
        let block = &blocks(&stream)[hit];
        for at in slice_data(&stream, block) {
            stream[at] = u8::try_from(dice.roll(0x10, 0xFF)).unwrap();
        }
        let harmed: Vec<usize> = (hit..75).collect();
        let hit = spared(&film, shoot(&folder.put("noise.mkv", &stream)), &harmed);
        told += usize::from(hit[0].content.is_err());
    }
    assert!(told >= 4, "noise is told of in {told} of 6 frames");
}

#[test]
fn a_frame_cut_short_costs_what_follows_it_in_its_group() {
    if !strangers() {
        return;
    }
    let film = film(CHAIN);
    let folder = Folder::new();
    for hit in [50, 62] {
        let mut stream = testdata_bytes(CHAIN);
        let block = &blocks(&stream)[hit];
        // The slice says that it is half as long, and what follows is of a type that is passed over.
        let unit = nal_units(&stream[block.frame.clone()]).pop().unwrap();
        let (start, half) = (block.frame.start + unit.start, unit.len() / 2);
        let rest = unit.len() - half - 4;
        stream[start - 4..start].copy_from_slice(&u32::try_from(half).unwrap().to_be_bytes());
        stream[start + half..start + half + 4].copy_from_slice(&u32::try_from(rest).unwrap().to_be_bytes());
        stream[start + half + 4] = 0x1E;
        let harmed: Vec<usize> = (hit..75).collect();
        for shot in spared(&film, shoot(&folder.put("cut.mkv", &stream)), &harmed) {
            shot.reason("MEDIA_ERROR");
        }
    }
}

#[test]
fn a_damaged_chunk_costs_its_own_pictures() {
    if !strangers() {
        return;
    }
    let film = film(CHAIN);
    let stream = testdata_bytes(CHAIN);
    let folder = Folder::new();
    // The last chunk is cut in the middle.
    let path = folder.put("cut.mkv", &stream[..blocks(&stream)[140].element.start + 5]);
    let shots = all_shots(&path, "--format png --every 40ms --to +5960ms");
    let (lost, kept): (Vec<_>, Vec<_>) = shots.into_iter().partition(|shot| film.at(Pick::Exact, shot.time_ms) >= 125);
    assert_eq!((lost.len(), kept.len()), (25, 125));
    lost.iter().for_each(|shot| assert!(!shot.reason("NO_MEDIA").is_empty()));
    assert_eq!(faults(&film, Pick::Exact, &kept), [""; 0]);
    // With what is there of it.
    let shots = all_shots(&path, "--format png --every 40ms --include-cut --to +5560ms");
    assert_eq!(faults(&film, Pick::Exact, &shots), [""; 0]);
}
