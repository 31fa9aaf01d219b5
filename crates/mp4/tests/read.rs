//! Files as others make them, put together box by box: what the writer of this crate does not write.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "tests speak by panicking")]

use bytes::Bytes;
use fragkit_mp4::read::{Coding, Limits, Movie, Remark, Sample, is_movie};

fn boxed(kind: &[u8; 4], bodies: &[&[u8]]) -> Vec<u8> {
    let body = bodies.concat();
    let size = u32::try_from(body.len() + 8).unwrap();
    [&size.to_be_bytes()[..], kind, &body].concat()
}

/// Numbers of 32 bits.
fn words(words: &[u32]) -> Vec<u8> {
    words.iter().flat_map(|word| word.to_be_bytes()).collect()
}

/// A box of numbers.
fn of_words(kind: &[u8; 4], fields: &[u32]) -> Vec<u8> {
    boxed(kind, &[&words(fields)])
}

/// A track in the making.
struct Trak {
    id: u32,
    timescale: u32,
    handler: [u8; 4],
    entries: Vec<Vec<u8>>,
    elst: Vec<u8>,
    /// All boxes of the `stbl` but `stsd`.
    tables: Vec<Vec<u8>>,
}

fn avc1() -> Vec<u8> {
    let fields = [&[0; 24][..], &64_u16.to_be_bytes(), &48_u16.to_be_bytes(), &[0; 50]].concat();
    boxed(b"avc1", &[&fields, &boxed(b"avcC", &[b"configuration"])])
}

fn sound(kind: &[u8; 4], version: u16, more: &[u8]) -> Vec<u8> {
    let fields = [&[0; 8][..], &version.to_be_bytes(), &[0; 6], &2_u16.to_be_bytes(), &[0; 6]].concat();
    boxed(kind, &[&fields, &(8000_u32 << 16).to_be_bytes(), more])
}

impl Trak {
    fn video(tables: &[Vec<u8>]) -> Trak {
        Trak {
            id: 1,
            timescale: 1000,
            handler: *b"vide",
            entries: vec![avc1()],
            elst: Vec::new(),
            tables: tables.to_vec(),
        }
    }

    fn alaw(tables: &[Vec<u8>]) -> Trak {
        let entries = vec![sound(b"alaw", 0, &[])];
        Trak { id: 2, timescale: 8000, handler: *b"soun", entries, ..Trak::video(tables) }
    }

    fn write(&self) -> Vec<u8> {
        let matrix = [0x1_0000, 0, 0, 0, 0x1_0000, 0, 0, 0, 0x4000_0000];
        let tkhd = [&[0, 0, 0, self.id, 0, 0, 0, 0, 0, 0][..], &matrix, &[64 << 16, 48 << 16]].concat();
        let count = u32::try_from(self.entries.len()).unwrap();
        let stsd = boxed(b"stsd", &[&words(&[0, count]), &self.entries.concat()]);
        let stbl = boxed(b"stbl", &[&stsd, &self.tables.concat()]);
        let hdlr = boxed(b"hdlr", &[&[0; 8], &self.handler, &[0; 13]]);
        let mdhd = of_words(b"mdhd", &[0, 0, 0, self.timescale, 0, 0x55c4_0000]);
        let mdia = boxed(b"mdia", &[&mdhd, &hdlr, &boxed(b"minf", &[&stbl])]);
        let edts = if self.elst.is_empty() { Vec::new() } else { boxed(b"edts", &[&self.elst]) };
        boxed(b"trak", &[&of_words(b"tkhd", &tkhd), &edts, &mdia])
    }
}

fn moov(traks: &[Trak], more: &[u8]) -> Vec<u8> {
    let mvhd = of_words(b"mvhd", &[&[0, 3_800_000_000, 0, 600, 0][..], &[0; 20]].concat());
    let traks: Vec<u8> = traks.iter().flat_map(Trak::write).collect();
    boxed(b"moov", &[&mvhd, &traks, more])
}

/// A file whose payload is a hundred bytes from the eighth on.
fn file(traks: &[Trak]) -> Movie {
    read(&[boxed(b"mdat", &[&[7; 100]]), moov(traks, &[])].concat())
}

fn read(file: &[u8]) -> Movie {
    Movie::read(Bytes::copy_from_slice(file), &Limits::default()).unwrap()
}

fn samples(movie: &Movie) -> (Vec<Sample>, Vec<Remark>) {
    let mut samples = movie.samples();
    (samples.by_ref().collect(), samples.take_remarks())
}

/// Offset, size, decode and presentation time.
fn places(movie: &Movie) -> Vec<(u64, u32, i64, i64)> {
    let (samples, remarks) = samples(movie);
    assert_eq!(remarks, []);
    assert!(samples.iter().all(|sample| sample.lost == 0));
    samples.iter().map(|sample| (sample.offset, sample.size, sample.decode, sample.present)).collect()
}

/// Four samples of ten bytes, ten ticks apart, in one chunk.
fn four() -> Vec<Vec<u8>> {
    vec![
        of_words(b"stts", &[0, 1, 4, 10]),
        of_words(b"stsc", &[0, 1, 1, 4, 1]),
        of_words(b"stsz", &[0, 10, 4]),
        of_words(b"stco", &[0, 1, 8]),
    ]
}

#[test]
fn movies_are_known_by_their_first_box() {
    for start in [&b"\0\0\0\x18ftypmp42"[..], b"\0\0\0\x08wide\0\0\0\0", b"\0\0\0\x01mdat\0\0", b"\0\0\0\0mdat"] {
        assert!(is_movie(start), "{start:?}");
    }
    for start in
        [&b"\x1A\x45\xDF\xA3\x9Fmatroska"[..], b"\0\0\0\x18ftyq....", b"\0\0\0\x04ftypmp42", b"\0\0\0\x18fty", b""]
    {
        assert!(!is_movie(start), "{start:?}");
    }
}

#[test]
fn every_form_of_the_tables_gives_the_same_samples() {
    let expected = [(8, 3, 0, 0), (11, 4, 10, 30), (50, 5, 20, 15), (90, 6, 25, 25)];
    let times = [
        of_words(b"stts", &[0, 2, 2, 10, 2, 5]),
        of_words(b"ctts", &[0x0100_0000, 4, 1, 0, 1, 20, 1, (-5_i32).cast_unsigned(), 9, 0]),
    ];
    let per_chunk = [of_words(b"stsc", &[0, 2, 1, 2, 1, 2, 1, 1])];
    let offsets = [of_words(b"stco", &[0, 3, 8, 50, 90]), of_words(b"co64", &[0, 3, 0, 8, 0, 50, 0, 90])];
    let sizes = [
        of_words(b"stsz", &[0, 0, 4, 3, 4, 5, 6]),
        boxed(b"stz2", &[&words(&[0, 4, 4]), &[0x34, 0x56]]),
        boxed(b"stz2", &[&words(&[0, 8, 4]), &[3, 4, 5, 6]]),
        boxed(b"stz2", &[&words(&[0, 16, 4]), &[0, 3, 0, 4, 0, 5, 0, 6]]),
    ];
    for offsets in &offsets {
        for sizes in &sizes {
            let tables = [&times[..], &per_chunk, std::slice::from_ref(offsets), std::slice::from_ref(sizes)].concat();
            let movie = file(&[Trak::video(&tables)]);
            assert_eq!(movie.remarks, []);
            assert_eq!(places(&movie), expected);
            assert_eq!(movie.creation_time, Some(3_800_000_000));
        }
    }
}

#[test]
fn sync_samples_are_those_listed_or_all() {
    let keys = |tables: &[Vec<u8>]| {
        let movie = file(&[Trak::video(tables)]);
        samples(&movie).0.iter().map(|sample| sample.sync).collect::<Vec<_>>()
    };
    assert_eq!(keys(&four()), [true; 4]);
    assert_eq!(keys(&[four(), vec![of_words(b"stss", &[0, 2, 1, 3])]].concat()), [true, false, true, false]);
    assert_eq!(keys(&[four(), vec![of_words(b"stss", &[0, 0])]].concat()), [false; 4]);
}

#[test]
fn each_sample_names_its_sample_entry() {
    let mut trak = Trak::video(&four());
    trak.entries = vec![avc1(), boxed(b"xyzw", &[&[0; 8]]), avc1()];
    trak.tables[1] = of_words(b"stsc", &[0, 3, 1, 1, 1, 2, 1, 2, 3, 2, 3]);
    trak.tables[3] = of_words(b"stco", &[0, 3, 8, 30, 60]);
    let movie = file(&[trak]);
    assert_eq!(
        samples(&movie).0.iter().map(|sample| sample.entry).collect::<Vec<_>>(),
        [Some(0), None, Some(2), Some(2)]
    );
    let entry = &movie.tracks[0].entries[0];
    assert_eq!((&entry.kind, entry.coding, &entry.config[..]), (b"avc1", Coding::Avc, &b"configuration"[..]));
    assert_eq!(entry.picture.map(|picture| (picture.width, picture.height)), Some((64, 48)));
}

#[test]
fn other_tracks_are_left_out_and_told_of() {
    let text = Trak { id: 3, handler: *b"text", entries: vec![boxed(b"tx3g", &[&[0; 30]])], ..Trak::video(&four()) };
    let mp3 = [0, 0, 0, 0, 3, 19, 0, 1, 0, 4, 13, 0x6b, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
    let mp3 = Trak { id: 4, entries: vec![sound(b"mp4a", 0, &boxed(b"esds", &[&mp3]))], ..Trak::alaw(&four()) };
    let movie = file(&[text, Trak::video(&four()), mp3]);
    assert_eq!(movie.tracks.iter().map(|track| track.track_id).collect::<Vec<_>>(), [1]);
    let told: Vec<&str> = movie.remarks.iter().map(|remark| remark.message.as_str()).collect();
    assert_eq!(told, ["track 3 (text, tx3g) is left out", "track 4 (soun, mp4a) is left out"]);
}

#[test]
fn configurations_of_quicktime_sound_are_found() {
    let esds = [0, 0, 0, 0, 3, 25, 0, 1, 0, 4, 17, 0x40, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 5, 2, 0x11, 0x90];
    let esds = boxed(b"esds", &[&esds]);
    let wave = boxed(b"wave", &[&boxed(b"frma", &[b"mp4a"]), &esds, &[0; 8]]);
    let version_2 = [&[0; 4][..], &48_000_f64.to_be_bytes(), &6_u32.to_be_bytes(), &[0; 20], &wave].concat();
    for (entry, rate, channels) in [
        (sound(b"mp4a", 0, &esds), 8000, 2),
        (sound(b"mp4a", 1, &[&[0; 16][..], &wave].concat()), 8000, 2),
        (sound(b"mp4a", 2, &version_2), 48_000, 6),
    ] {
        let movie = file(&[Trak { entries: vec![entry], ..Trak::alaw(&four()) }]);
        let entry = &movie.tracks[0].entries[0];
        assert_eq!((entry.coding, &entry.config[..]), (Coding::Aac, &[0x11, 0x90][..]));
        assert_eq!(entry.audio.map(|audio| (audio.sampling_frequency, audio.channels)), Some((rate, channels)));
    }
}

#[test]
fn samples_of_g711_come_a_chunk_at_a_time() {
    let tables = |size| {
        vec![
            of_words(b"stts", &[0, 1, 40, 1]),
            of_words(b"stsc", &[0, 1, 1, 20, 1]),
            of_words(b"stsz", &[0, size, 40]),
            of_words(b"stco", &[0, 2, 8, 60]),
        ]
    };
    // Two channels; QuickTime says 1 all the same.
    for size in [2, 1] {
        assert_eq!(places(&file(&[Trak::alaw(&tables(size))])), [(8, 40, 0, 0), (60, 40, 20, 20)]);
    }
}

/// The edits: duration in 600ths of a second, where they begin, and the rate.
fn elst(edits: &[(u32, i32, u32)]) -> Vec<u8> {
    let entries: Vec<u32> = edits.iter().flat_map(|edit| [edit.0, edit.1.cast_unsigned(), edit.2 << 16]).collect();
    of_words(b"elst", &[&[0, u32::try_from(edits.len()).unwrap()][..], &entries].concat())
}

#[test]
fn edits_move_and_trim_a_track() {
    // 40 samples of a byte, 100 ms apart; every tenth is a key frame.
    let tables = vec![
        of_words(b"stts", &[0, 1, 40, 100]),
        of_words(b"stsc", &[0, 1, 1, 40, 1]),
        of_words(b"stsz", &[0, 1, 40]),
        of_words(b"stco", &[0, 1, 8]),
        of_words(b"stss", &[0, 4, 1, 11, 21, 31]),
    ];
    let shown = |edits: &[(u32, i32, u32)]| {
        let movie = file(&[Trak { elst: elst(edits), ..Trak::video(&tables) }]);
        let (samples, remarks) = samples(&movie);
        let ends = samples.first().zip(samples.last());
        let ends = ends.map(|(first, last)| ((first.offset - 8, first.present), (last.offset - 8, last.present)));
        (samples.len(), ends, remarks.len())
    };
    // A second of nothing, then all of it.
    assert_eq!(shown(&[(600, -1, 1), (2400, 0, 1)]), (40, Some(((0, 1000), (39, 4900))), 0));
    // From 1.5 s on, for a second: with what is needed to decode the first.
    assert_eq!(shown(&[(600, 1500, 1)]), (15, Some(((10, -500), (24, 900))), 0));
    // To the end.
    assert_eq!(shown(&[(0, 1500, 1)]), (30, Some(((10, -500), (39, 2400))), 0));
    // Two pieces; the second has the key frame before it as well.
    assert_eq!(shown(&[(300, 0, 1), (300, 2200, 1)]), (5 + 7, Some(((0, 0), (26, 900))), 0));
    // Pieces that follow each other are one.
    assert_eq!(shown(&[(300, 0, 1), (300, 500, 1)]), (10, Some(((0, 0), (9, 900))), 0));
    // What was shown is not shown again, and that is told of.
    assert_eq!(shown(&[(1200, 1000, 1), (600, 0, 1), (600, 1000, 1)]), (20, Some(((10, 0), (29, 1900))), 1));
    // Nothing at all.
    assert_eq!(shown(&[(600, -1, 1)]), (0, None, 0));
}

#[test]
fn counts_that_no_file_could_hold_take_neither_time_nor_memory() {
    let most = u32::MAX;
    let one_chunk = |stsz: &[u32], chunk: u32| {
        vec![
            of_words(b"stts", &[0, 1, most, 1]),
            of_words(b"ctts", &[0, 1, most, 1]),
            of_words(b"stsc", &[0, 1, 1, most, 1]),
            of_words(b"stsz", stsz),
            of_words(b"stco", &[0, 1, chunk]),
        ]
    };
    // Each of a byte: up to the end of the file, and the rest is lost.
    let movie = file(&[Trak::video(&one_chunk(&[0, 1, most], 8))]);
    let (found, remarks) = samples(&movie);
    let (lost, kept): (Vec<Sample>, Vec<Sample>) = found.iter().partition(|sample| sample.lost > 0);
    assert_eq!((kept.len(), lost.len(), remarks.len()), (movie.data().len() - 8, 1, 0));
    assert_eq!(lost[0].lost + u64::try_from(kept.len()).unwrap(), u64::from(most));
    // Outside the file altogether.
    let (found, _) = samples(&file(&[Trak::video(&one_chunk(&[0, 1, most], most))]));
    assert_eq!(found.iter().map(|sample| sample.lost).collect::<Vec<_>>(), [u64::from(most)]);
    // Sizes that are not there.
    let movie = file(&[Trak::video(&one_chunk(&[0, 0, most, 5, 6], 8))]);
    assert!(movie.remarks[0].message.starts_with("4294967295 entries of 4 bytes are announced, 8 bytes"));
    assert_eq!(samples(&movie).0.len(), 2);
    // G.711, and no bytes at all.
    let (found, _) = samples(&file(&[Trak::alaw(&one_chunk(&[0, 2, most], 8))]));
    assert!(found.len() < 4, "{}", found.len());
    assert_eq!(samples(&file(&[Trak::alaw(&one_chunk(&[0, 0, most], 8))])).0, []);
}

#[test]
fn samples_that_lie_over_each_other_end_where_they_have_more_bytes_than_the_file() {
    let chunks: Vec<u32> = std::iter::repeat_n(8, 50_000).collect();
    let tables = vec![
        of_words(b"stts", &[0, 1, u32::MAX, 1]),
        of_words(b"stsc", &[0, 1, 1, 50_000, 1]),
        of_words(b"stsz", &[0, 1, u32::MAX]),
        of_words(b"stco", &[&[0, 50_000][..], &chunks].concat()),
    ];
    let movie = file(&[Trak::video(&tables)]);
    let (found, remarks) = samples(&movie);
    assert_eq!(found.len(), movie.data().len());
    assert!(remarks.len() == 1 && remarks[0].message.contains("more bytes than the file"), "{remarks:?}");
}

/// A `moof` whose `trun` says these things of the samples of a track.
fn moof(track: u32, tfhd: (u32, &[u32]), decode: Option<u32>, runs: &[&[u32]]) -> Vec<u8> {
    let tfhd = of_words(b"tfhd", &[&[tfhd.0, track][..], tfhd.1].concat());
    let tfdt = decode.map_or_else(Vec::new, |decode| of_words(b"tfdt", &[0, decode]));
    let runs: Vec<u8> = runs.iter().flat_map(|run| of_words(b"trun", run)).collect();
    boxed(b"moof", &[&of_words(b"mfhd", &[0, 1]), &boxed(b"traf", &[&tfhd, &tfdt, &runs])])
}

/// Defaults of a track: ten ticks, five bytes, no key frame.
fn mvex(track: u32) -> Vec<u8> {
    boxed(b"mvex", &[&of_words(b"trex", &[0, track, 1, 10, 5, 0x1_0000])])
}

#[test]
fn fragments_say_in_every_way_where_their_samples_are() {
    let head = moov(&[Trak::video(&[])], &mvex(1));
    let start = u32::try_from(head.len()).unwrap();
    let expected = [(0, 5, 70, 70), (5, 5, 80, 80), (10, 6, 90, 91), (16, 7, 100, 98)];
    let listed = [0x0100_0e01, 2, 0, 6, 0, 1, 7, 0x1_0000, (-2_i32).cast_unsigned()];
    for (flags, fields) in [(0x02_0000, vec![]), (0, vec![]), (1, vec![0, 0])] {
        let size = |fields: &[u32]| {
            u32::try_from(moof(1, (flags, fields), Some(70), &[&[5, 2, 0, 0], &listed]).len()).unwrap()
        };
        let size = size(&fields);
        // Offsets count from the moof, or from the start of the file.
        let base = if flags == 1 { start } else { 0 };
        let mut second = listed;
        second[2] = base + size + 8 + 10;
        let moof = moof(1, (flags, &fields), Some(70), &[&[5, 2, base + size + 8, 0], &second]);
        let movie = read(&[head.clone(), moof, boxed(b"mdat", &[&[7; 23]])].concat());
        assert_eq!(movie.remarks, []);
        let payload = u64::from(start + size + 8);
        let found: Vec<_> = places(&movie).iter().map(|place| (place.0 - payload, place.1, place.2, place.3)).collect();
        assert_eq!(found, expected, "{flags:x}");
        let keys: Vec<bool> = samples(&movie).0.iter().map(|sample| sample.sync).collect();
        assert_eq!(keys, [true, false, true, false]);
    }
}

#[test]
fn fragments_of_several_tracks_come_by_time_as_far_as_is_looked_ahead() {
    let mut sound = Trak::alaw(&[]);
    sound.timescale = 1000;
    let mut file = moov(&[Trak::video(&[]), sound], &[mvex(1), mvex(2)].concat());
    // All of one track before all of the other.
    for track in [1, 2] {
        for at in 0..10 {
            file.extend(moof(track, (0x02_0000, &[]), Some(at * 100), &[&[1, 1, 8]]));
            file.extend(boxed(b"mdat", &[&[7; 100]]));
        }
    }
    let order = |max_waiting| {
        let movie = Movie::read(Bytes::copy_from_slice(&file), &Limits { max_waiting, ..Limits::default() }).unwrap();
        let (samples, remarks) = samples(&movie);
        assert_eq!(remarks, []);
        samples.iter().map(|sample| (sample.decode, sample.track)).collect::<Vec<_>>()
    };
    let by_time: Vec<(i64, usize)> = (0..10).flat_map(|at| [(at * 100, 0), (at * 100, 1)]).collect();
    assert_eq!(order(4096), by_time);
    // Nothing is lost where it is not.
    let mut few = order(2);
    assert_ne!(few, by_time);
    few.sort_unstable();
    assert_eq!(few, by_time);
}

#[test]
fn runs_of_any_number_of_samples_in_a_few_bytes_take_no_time() {
    let head = moov(&[Trak::video(&[])], &mvex(1));
    for (size, expected) in [(0, 0), (1, 0), (u32::MAX, 0)] {
        // Each sample without a field of its own, from behind the end of the file or without a byte.
        let runs: Vec<Vec<u32>> = vec![vec![1, u32::MAX, 1_000_000]; 2000];
        let runs: Vec<&[u32]> = runs.iter().map(Vec::as_slice).collect();
        let movie = read(&[head.clone(), moof(1, (0x10, &[size]), None, &runs)].concat());
        let (found, _) = samples(&movie);
        assert_eq!(found.iter().filter(|sample| sample.lost == 0).count(), expected);
        assert!(found.len() <= 2000);
    }
    // Within the file each byte is taken once.
    let runs: Vec<Vec<u32>> = vec![vec![1, u32::MAX, 0]; 2000];
    let runs: Vec<&[u32]> = runs.iter().map(Vec::as_slice).collect();
    let movie = read(&[head, moof(1, (0x10, &[1]), None, &runs)].concat());
    let (found, remarks) = samples(&movie);
    let kept = found.iter().filter(|sample| sample.lost == 0).count();
    assert!(kept <= movie.data().len() && found.len() < kept + 10 && remarks.len() == 1, "{kept} of {}", found.len());
}

#[test]
fn samples_of_fragments_follow_those_of_the_tables() {
    let tables = four();
    let payload = boxed(b"mdat", &[&[7; 100]]);
    let head = [payload, moov(&[Trak::video(&tables)], &mvex(1))].concat();
    let movie = read(&[head, moof(1, (0x02_0000, &[]), None, &[&[1, 2, 8]]), boxed(b"mdat", &[&[7; 100]])].concat());
    let times: Vec<i64> = samples(&movie).0.iter().map(|sample| sample.decode).collect();
    assert_eq!(times, [0, 10, 20, 30, 40, 50]);
}

#[test]
fn boxes_that_are_cut_or_say_nonsense_cost_what_they_hold() {
    let whole = [boxed(b"mdat", &[&[7; 100]]), moov(&[Trak::video(&four()), Trak::alaw(&four())], &[])].concat();
    for end in 0..whole.len() {
        if let Ok(movie) = Movie::read(Bytes::copy_from_slice(&whole[..end]), &Limits::default()) {
            assert!(samples(&movie).0.len() <= 8);
        } else {
            assert!(end < 116, "the moov box begins there");
        }
    }
    let error = Movie::read(Bytes::from_static(b"\0\0\0\x08free"), &Limits::default()).unwrap_err();
    assert_eq!(error.to_string(), "byte 8, file: there is no moov box up to here (8.2.1)");
}

#[test]
fn tracks_and_sample_entries_beyond_the_limits_are_left_out() {
    let traks: Vec<Trak> = (1..=5).map(|id| Trak { id, ..Trak::video(&four()) }).collect();
    let file = [boxed(b"mdat", &[&[7; 100]]), moov(&traks, &[])].concat();
    let limits = Limits { max_tracks: 3, ..Limits::default() };
    let movie = Movie::read(file.into(), &limits).unwrap();
    assert_eq!(movie.tracks.len(), 3);
    assert!(movie.remarks[0].message.contains("limit max_tracks"), "{:?}", movie.remarks);

    let trak = Trak { entries: vec![avc1(), avc1(), avc1()], ..Trak::video(&four()) };
    let file = [boxed(b"mdat", &[&[7; 100]]), moov(&[trak], &[])].concat();
    let limits = Limits { max_sample_entries: 2, ..Limits::default() };
    let movie = Movie::read(file.into(), &limits).unwrap();
    assert_eq!(movie.tracks[0].entries.len(), 2);
    assert!(movie.remarks[0].message.contains("limit max_sample_entries"), "{:?}", movie.remarks);
}
