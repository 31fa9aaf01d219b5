//! What is written passes the checker and is read back equal by our own reader
//! and by three MP4 readers made by others.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "tests speak by panicking")]

use std::collections::BTreeMap;
use std::io::Cursor;

use bytes::Bytes;
use fragkit_mp4::check::{self, Summary};
use fragkit_mp4::read;
use fragkit_mp4::{Audio, Colour, Edit, Movie, Sample, SampleEntry, SampleTable, Track, Visual, placed_mdat_header};
use mp4_atom::{ReadAtom, ReadFrom};
use proptest::prelude::*;

/// One call of `push_run`, and what lies before it in the payload.
#[derive(Clone, Debug)]
struct Push {
    track: usize,
    count: u32,
    sample: Sample,
    gap: u64,
    end_chunk: bool,
}

fn push(tracks: usize) -> impl Strategy<Value = Push> {
    let count = prop_oneof![9 => Just(1_u32), 1 => 2..50_u32];
    let size = prop_oneof![5 => Just(7_u32), 5 => 1..60_u32];
    let duration = prop_oneof![8 => Just(512_u32), 1 => 0..2000_u32];
    let composition_offset = prop_oneof![4 => Just(0), 4 => 0..4096, 1 => -4096..0];
    let sync = prop_oneof![3 => Just(true), 1 => Just(false)];
    let gap = prop_oneof![5 => Just(0), 1 => 1..9_u64];
    let end_chunk = prop_oneof![9 => Just(false), 1 => Just(true)];
    (0..tracks, count, size, duration, composition_offset, sync, gap, end_chunk).prop_map(
        |(track, count, size, duration, composition_offset, sync, gap, end_chunk)| Push {
            track,
            count,
            sample: Sample { offset: 0, size, duration, composition_offset, sync },
            gap,
            end_chunk,
        },
    )
}

/// The payload, and the samples of each track with offsets in it.
fn lay_out(entries: &[(SampleEntry, u32)], pushes: &[Push]) -> (Movie, Vec<u8>, Vec<Vec<Sample>>) {
    let mut tables: Vec<_> = entries.iter().map(|(_, timescale)| SampleTable::new(*timescale)).collect();
    let mut expected = vec![Vec::new(); entries.len()];
    let mut payload = Vec::new();
    for push in pushes {
        payload.extend((0..push.gap).map(|_| 0xee));
        let mut sample = Sample { offset: payload.len().try_into().unwrap(), ..push.sample };
        if push.end_chunk {
            tables[push.track].end_chunk();
        }
        tables[push.track].push_run(push.count, sample).unwrap();
        for _ in 0..push.count {
            expected[push.track].push(sample);
            sample.offset += u64::from(sample.size);
            let mark = u8::try_from(expected[push.track].len() % 251).unwrap();
            payload.extend((0..sample.size).map(|_| mark));
        }
    }
    let tracks = (1..).zip(entries).zip(tables);
    let tracks = tracks.map(|((id, (entry, _)), samples)| Track::new(id, entry.clone(), samples)).collect();
    (Movie { timescale: 1000, creation_time: Some(3_600_000_000), tracks }, payload, expected)
}

fn moov_first(movie: &Movie, payload: &[u8]) -> Vec<u8> {
    let mut file = movie.head(size(payload)).unwrap();
    file.extend_from_slice(payload);
    file
}

fn moov_last(movie: &Movie, payload: &[u8]) -> Vec<u8> {
    let mut file = movie.ftyp();
    file.extend_from_slice(&placed_mdat_header(size(payload)).unwrap());
    let payload_offset = size(&file);
    file.extend_from_slice(payload);
    file.extend_from_slice(&movie.moov(payload_offset, size(payload)).unwrap());
    file
}

fn size(bytes: &[u8]) -> u64 {
    bytes.len().try_into().unwrap()
}

fn check_reads_back(file: &[u8], expected: &[Vec<Sample>]) -> Summary {
    let summary = check::check(file).unwrap();
    assert_eq!(summary.tracks.len(), expected.len());
    for (track, expected) in summary.tracks.iter().zip(expected) {
        let read: Vec<Sample> = track.samples().map(|sample| in_payload(sample, &summary)).collect();
        assert_eq!(&read, expected);
    }
    summary
}

fn in_payload(sample: Sample, summary: &Summary) -> Sample {
    Sample { offset: sample.offset - summary.payload.start, ..sample }
}

/// Samples without a byte are no media, and those of G.711 come many at a time.
fn read_reads_back(file: &[u8], payload_offset: u64, expected: &[Vec<Sample>]) {
    let movie = read::Movie::read(Bytes::copy_from_slice(file), &read::Limits::default()).unwrap();
    assert_eq!((movie.remarks.as_slice(), movie.tracks.len()), (&[][..], expected.len()));
    let mut samples = movie.samples();
    let mut read = vec![Vec::new(); expected.len()];
    let mut last = vec![i64::MIN; expected.len()];
    let seconds = |track: usize, ticks: i64| i128::from(ticks) * 1_000_000 / i128::from(movie.tracks[track].timescale);
    let mut before = i128::MIN;
    for sample in samples.by_ref() {
        assert!(sample.decode >= last[sample.track] && seconds(sample.track, sample.decode) >= before);
        (last[sample.track], before) = (sample.decode, seconds(sample.track, sample.decode));
        assert_eq!((sample.lost, sample.entry), (0, Some(0)));
        read[sample.track].push(Sample {
            offset: sample.offset - payload_offset,
            size: sample.size,
            duration: sample.duration,
            composition_offset: (sample.present - sample.decode).try_into().unwrap(),
            sync: sample.sync,
        });
    }
    assert_eq!(samples.take_remarks(), []);
    for ((read, expected), track) in read.iter().zip(expected).zip(movie.tracks.iter()) {
        if track.is_video() {
            assert_eq!(read, expected);
        } else {
            // Sound can begin anywhere.
            let all: Vec<Sample> = read.iter().map(|sample| Sample { sync: true, ..*sample }).collect();
            assert_eq!(&all, read);
            let bytes = |samples: &[Sample]| samples.iter().map(|sample| u64::from(sample.size)).sum::<u64>();
            let ticks = |samples: &[Sample]| samples.iter().map(|sample| u64::from(sample.duration)).sum::<u64>();
            assert_eq!((bytes(read), ticks(read)), (bytes(expected), ticks(expected)));
            if read.len() == expected.len() {
                assert!(read.iter().zip(expected).all(|(read, expected)| read.offset == expected.offset));
            }
        }
    }
}

fn shiguredo_reads_back(file: &[u8], payload_offset: u64, expected: &[Vec<Sample>]) {
    let mut demuxer = shiguredo_mp4::demux::Mp4FileDemuxer::new();
    demuxer.handle_input(shiguredo_mp4::demux::Input { position: 0, data: file });
    let mut read = vec![Vec::new(); expected.len()];
    let mut times = vec![0; expected.len()];
    while let Some(sample) = demuxer.next_sample().unwrap() {
        let track = usize::try_from(sample.track.track_id).unwrap() - 1;
        assert_eq!(sample.timestamp, times[track]);
        times[track] += u64::from(sample.duration);
        read[track].push(Sample {
            offset: sample.data_offset - payload_offset,
            size: sample.data_size.try_into().unwrap(),
            duration: sample.duration,
            composition_offset: sample.composition_time_offset.unwrap_or(0).try_into().unwrap(),
            sync: sample.keyframe,
        });
    }
    assert_eq!(read, expected);
}

fn mp4_atom_moov(file: &[u8]) -> mp4_atom::Moov {
    let mut rest = Cursor::new(file);
    let ftyp = mp4_atom::Ftyp::read_from(&mut rest).unwrap();
    assert!(ftyp.compatible_brands.contains(&ftyp.major_brand));
    loop {
        let header = mp4_atom::Header::read_from(&mut rest).unwrap();
        if header.kind == b"moov".into() {
            return mp4_atom::Moov::read_atom(&header, &mut rest).unwrap();
        }
        rest.set_position(rest.position() + u64::try_from(header.size.unwrap()).unwrap());
    }
}

/// Expands the tables that mp4-atom decodes; it gives no samples itself.
fn mp4_atom_reads_back(file: &[u8], payload_offset: u64, expected: &[Vec<Sample>]) {
    let moov = mp4_atom_moov(file);
    assert_eq!(moov.trak.len(), expected.len());
    for (trak, expected) in moov.trak.iter().zip(expected) {
        let stbl = &trak.mdia.minf.stbl;
        let repeat = |count: u32, value: i64| std::iter::repeat_n(value, count.try_into().unwrap());
        let stts = stbl.stts.entries.iter();
        let durations: Vec<i64> = stts.flat_map(|run| repeat(run.sample_count, run.sample_delta.into())).collect();
        let ctts = stbl.ctts.iter().flat_map(|ctts| &ctts.entries);
        let offsets: Vec<i64> = ctts.flat_map(|run| repeat(run.sample_count, run.sample_offset)).collect();
        let sizes = match &stbl.stsz.samples {
            mp4_atom::StszSamples::Identical { count, size } => vec![*size; (*count).try_into().unwrap()],
            mp4_atom::StszSamples::Different { sizes } => sizes.clone(),
        };
        let chunks: Vec<u64> = match (&stbl.stco, &stbl.co64) {
            (Some(stco), None) => stco.entries.iter().map(|offset| u64::from(*offset)).collect(),
            (None, Some(co64)) => co64.entries.clone(),
            _ => panic!("both or neither of stco and co64"),
        };
        let per_chunk: BTreeMap<u32, u32> =
            stbl.stsc.entries.iter().map(|entry| (entry.first_chunk, entry.samples_per_chunk)).collect();

        let mut read = Vec::new();
        for (number, chunk) in (1..).zip(chunks) {
            let mut offset = chunk - payload_offset;
            let (_, samples) = per_chunk.range(..=number).next_back().unwrap();
            for _ in 0..*samples {
                let n = read.len();
                let listed = |stss: &mp4_atom::Stss| stss.entries.contains(&u32::try_from(n + 1).unwrap());
                read.push(Sample {
                    offset,
                    size: sizes[n],
                    duration: durations[n].try_into().unwrap(),
                    composition_offset: offsets.get(n).copied().unwrap_or(0).try_into().unwrap(),
                    sync: stbl.stss.as_ref().is_none_or(listed),
                });
                offset += u64::from(sizes[n]);
            }
        }
        assert_eq!(&read, expected);
    }
}

/// Reads the bytes too; for H.264 and AAC only.
fn mp4_reads_back(file: &[u8], payload: &[u8], expected: &[Vec<Sample>]) {
    let mut reader = mp4::Mp4Reader::read_header(Cursor::new(file), size(file)).unwrap();
    for (id, expected) in (1..).zip(expected) {
        assert_eq!(usize::try_from(reader.sample_count(id).unwrap()).unwrap(), expected.len());
        let mut start_time = 0;
        for (number, expected) in (1..).zip(expected) {
            let sample = reader.read_sample(id, number).unwrap().unwrap();
            let start: usize = expected.offset.try_into().unwrap();
            let end = start + usize::try_from(expected.size).unwrap();
            assert_eq!(sample.bytes, payload[start..end]);
            assert_eq!(sample.start_time, start_time);
            assert_eq!(sample.duration, expected.duration);
            assert_eq!(sample.rendering_offset, expected.composition_offset);
            assert_eq!(sample.is_sync, expected.sync);
            start_time += u64::from(expected.duration);
        }
    }
}

fn avc1() -> SampleEntry {
    let visual = Visual {
        width: 320,
        height: 240,
        pixel_aspect_ratio: Some((4, 3)),
        colour: Some(Colour { primaries: 6, transfer: 6, matrix: 6, full_range: false }),
    };
    SampleEntry::Avc1 { visual, config: Bytes::from_static(AVCC) }
}

fn hvc1() -> SampleEntry {
    let visual = Visual { width: 640, height: 360, ..Visual::default() };
    SampleEntry::Hvc1 { visual, config: Bytes::from_static(HVCC) }
}

fn mp4a() -> SampleEntry {
    let audio = Audio { channels: 1, sampling_frequency: 48_000 };
    SampleEntry::Mp4a { audio, config: Bytes::from_static(&[0x11, 0x88]) }
}

proptest! {
    #[test]
    fn h264_and_aac_are_read_back_equal_by_all_three(
        pushes in proptest::collection::vec(push(2), 1..120),
    ) {
        let (movie, payload, expected) = lay_out(&[(avc1(), 12_800), (mp4a(), 48_000)], &pushes);
        prop_assume!(expected.iter().all(|samples| !samples.is_empty()));
        for file in [moov_first(&movie, &payload), moov_last(&movie, &payload)] {
            let payload_offset = check_reads_back(&file, &expected).payload.start;
            read_reads_back(&file, payload_offset, &expected);
            shiguredo_reads_back(&file, payload_offset, &expected);
            mp4_atom_reads_back(&file, payload_offset, &expected);
            mp4_reads_back(&file, &payload, &expected);
        }
    }

    #[test]
    fn h265_and_g711_are_read_back_equal(
        pushes in proptest::collection::vec(push(3), 0..120),
    ) {
        let audio = Audio { channels: 2, sampling_frequency: 8000 };
        let (alaw, ulaw) = (SampleEntry::Alaw { audio }, SampleEntry::Ulaw { audio });
        let (movie, payload, expected) = lay_out(&[(hvc1(), 90_000), (alaw, 8000), (ulaw, 8000)], &pushes);
        for file in [moov_first(&movie, &payload), moov_last(&movie, &payload)] {
            let payload_offset = check_reads_back(&file, &expected).payload.start;
            read_reads_back(&file, payload_offset, &expected);
            shiguredo_reads_back(&file, payload_offset, &expected);
            mp4_atom_reads_back(&file, payload_offset, &expected);
        }
    }

    #[test]
    fn the_reader_survives_any_change_to_a_file(
        pushes in proptest::collection::vec(push(2), 1..12),
        changes in proptest::collection::vec((any::<proptest::sample::Index>(), any::<u8>()), 1..8),
        cut in any::<proptest::sample::Index>(),
    ) {
        let (movie, payload, _) = lay_out(&[(avc1(), 12_800), (mp4a(), 48_000)], &pushes);
        let mut file = moov_first(&movie, &payload);
        for (at, value) in changes {
            let at = at.index(file.len());
            file[at] = value;
        }
        for file in [&file[..], &file[..cut.index(file.len())]] {
            let Ok(movie) = read::Movie::read(Bytes::copy_from_slice(file), &read::Limits::default()) else { continue };
            let mut bytes = 0;
            for (sample, steps) in movie.samples().zip(1..) {
                let end = sample.offset.saturating_add(sample.size.into());
                prop_assert!(sample.lost > 0 || end <= size(file));
                bytes += if sample.lost > 0 { 0 } else { u64::from(sample.size) };
                prop_assert!(bytes <= size(file) && steps <= size(file));
            }
        }
    }

    #[test]
    fn the_checker_survives_any_change_to_a_file(
        pushes in proptest::collection::vec(push(2), 1..12),
        changes in proptest::collection::vec((any::<proptest::sample::Index>(), any::<u8>()), 1..8),
        cut in any::<proptest::sample::Index>(),
    ) {
        let (movie, payload, _) = lay_out(&[(avc1(), 12_800), (mp4a(), 48_000)], &pushes);
        let mut file = moov_first(&movie, &payload);
        for (at, value) in changes {
            let at = at.index(file.len());
            file[at] = value;
        }
        for file in [&file[..], &file[..cut.index(file.len())]] {
            if let Ok(summary) = check::check(file) {
                for track in &summary.tracks {
                    let bytes: u64 = track.samples().take(10_000).map(|sample| u64::from(sample.size)).sum();
                    prop_assert!(bytes <= track.sample_bytes);
                }
            }
        }
    }
}

#[test]
fn mp4_atom_reads_the_edits_and_the_times_of_version_1() {
    let pushes = [Push {
        track: 0,
        count: 2,
        sample: Sample { offset: 0, size: 3, duration: u32::MAX, composition_offset: 5, sync: true },
        gap: 0,
        end_chunk: false,
    }];
    let (mut movie, payload, _) = lay_out(&[(avc1(), 12_800)], &pushes);
    movie.creation_time = Some(1 << 33);
    movie.tracks[0].edits = vec![Edit::Empty { duration: 7 }, Edit::Media { media_time: 1 << 31, duration: 1 << 32 }];
    movie.tracks[0].name = Some("door".to_owned());
    movie.tracks[0].language = *b"fra";
    let moov = mp4_atom_moov(&moov_first(&movie, &payload));
    let trak = &moov.trak[0];
    assert_eq!(moov.mvhd.duration, (1 << 32) + 7);
    assert_eq!(moov.mvhd.creation_time, 1 << 33);
    assert_eq!(moov.mvhd.next_track_id, 2);
    assert_eq!(trak.tkhd.duration, (1 << 32) + 7);
    assert_eq!(trak.tkhd.width.integer(), 426);
    assert_eq!(trak.mdia.mdhd.duration, 0x1_ffff_fffe);
    assert_eq!(trak.mdia.mdhd.language, "fra");
    assert_eq!(trak.mdia.hdlr.name, "door");
    let elst = trak.edts.as_ref().unwrap().elst.as_ref().unwrap();
    let edits: Vec<_> = elst.entries.iter().map(|edit| (edit.media_time, edit.segment_duration)).collect();
    assert_eq!(edits, [(None, 7), (Some(1 << 31), 1 << 32)]);
}

#[test]
fn mp4_atom_reads_the_configurations_as_they_came() {
    let (movie, payload, _) = lay_out(&[(avc1(), 12_800), (mp4a(), 48_000)], &[]);
    let moov = mp4_atom_moov(&moov_first(&movie, &payload));
    let [video, sound] = moov.trak.as_slice() else { panic!("{} tracks", moov.trak.len()) };
    let mp4_atom::Codec::Avc1(avc1) = &video.mdia.minf.stbl.stsd.codecs[0] else { panic!("not avc1") };
    assert_eq!(avc1.avcc.sequence_parameter_sets, [&AVCC[8..33]]);
    assert_eq!((avc1.visual.width, avc1.visual.height), (320, 240));
    assert_eq!(avc1.pasp.as_ref().map(|pasp| (pasp.h_spacing, pasp.v_spacing)), Some((4, 3)));
    assert!(avc1.colr.is_some() && avc1.btrt.is_some());
    let mp4_atom::Codec::Mp4a(mp4a) = &sound.mdia.minf.stbl.stsd.codecs[0] else { panic!("not mp4a") };
    let decoder = &mp4a.esds.es_desc.dec_config;
    assert_eq!((decoder.object_type_indication, decoder.stream_type), (0x40, 5));
    let specific = decoder.dec_specific.as_ref().unwrap();
    assert_eq!((specific.profile, specific.freq_index, specific.chan_conf), (2, 3, 1));
}

/// 320x240, High, from x264.
const AVCC: &[u8] = &[
    0x01, 0x64, 0x00, 0x0d, 0xff, // version, profile, compatibility, level, four-byte lengths
    0xe1, 0x00, 0x19, // one sequence parameter set of 25 bytes
    0x67, 0x64, 0x00, 0x0d, 0xac, 0xd9, 0x41, 0x41, 0xfb, 0x01, 0x10, 0x00, 0x00, 0x03, 0x00, 0x10, //
    0x00, 0x00, 0x03, 0x03, 0x20, 0xf1, 0x42, 0x99, 0x60, //
    0x01, 0x00, 0x06, // one picture parameter set of 6 bytes
    0x68, 0xeb, 0xe3, 0xcb, 0x22, 0xc0, //
    0xfd, 0xf8, 0xf8, 0x00, // 4:2:0, 8 bits, no extensions
];

/// Main, level 2, without parameter sets.
const HVCC: &[u8] = &[
    0x01, // configurationVersion
    0x01, 0x60, 0x00, 0x00, 0x00, // profile and compatibility flags
    0x90, 0x00, 0x00, 0x00, 0x00, 0x00, // constraint flags
    0x3c, // level
    0xf0, 0x00, 0xfc, // segmentation, parallelism
    0xfd, 0xf8, 0xf8, // 4:2:0, 8 bits
    0x00, 0x00, 0x0f, // frame rate unknown, one layer, four-byte lengths
    0x00, // no arrays
];
