//! MP4 readers by strangers, brought to one shape.

use std::collections::BTreeMap;
use std::io::Cursor;

use fragkit::mp4::check::Summary;
use mp4_atom::{ReadAtom, ReadFrom};
use shiguredo_mp4::boxes::SampleEntry;

use crate::cases::payload;

/// A track as a reader sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Track {
    pub(crate) sample_entry: [u8; 4],
    pub(crate) timescale: u32,
    /// Duration of the media, in the timescale.
    pub(crate) duration: u64,
    /// Width and height, or 0.
    pub(crate) size: (u16, u16),
    /// Channels and samples a second, or 0.
    pub(crate) sound: (u16, u32),
    pub(crate) samples: Vec<Sample>,
}

/// A sample as a reader sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Sample {
    pub(crate) offset: u64,
    pub(crate) size: u64,
    pub(crate) decode: u64,
    pub(crate) composition_offset: i64,
    pub(crate) sync: bool,
}

pub(crate) fn shiguredo(file: &[u8]) -> Vec<Track> {
    let mut demuxer = shiguredo_mp4::demux::Mp4FileDemuxer::new();
    demuxer.handle_input(shiguredo_mp4::demux::Input { position: 0, data: file });
    let infos = demuxer.tracks().unwrap().to_vec();
    let mut tracks: BTreeMap<u32, Track> = BTreeMap::new();
    while let Some(sample) = demuxer.next_sample().unwrap() {
        let track = tracks.entry(sample.track.track_id).or_insert_with(|| {
            let (sample_entry, size, sound) = match sample.sample_entry.unwrap() {
                SampleEntry::Avc1(entry) => (*b"avc1", (entry.visual.width, entry.visual.height), (0, 0)),
                SampleEntry::Hvc1(entry) => (*b"hvc1", (entry.visual.width, entry.visual.height), (0, 0)),
                SampleEntry::Mp4a(entry) => {
                    (*b"mp4a", (0, 0), (entry.audio.channelcount, entry.audio.samplerate.integer.into()))
                }
                // It knows no G.711.
                SampleEntry::Unknown(entry) => (entry.box_type.as_bytes().try_into().unwrap(), (0, 0), (0, 0)),
                other => panic!("{other:?}"),
            };
            let info = infos.iter().find(|info| info.track_id == sample.track.track_id).unwrap();
            let timescale = info.timescale.get();
            Track { sample_entry, timescale, duration: info.duration, size, sound, samples: Vec::new() }
        });
        track.samples.push(Sample {
            offset: sample.data_offset,
            size: sample.data_size as u64,
            decode: sample.timestamp,
            composition_offset: sample.composition_time_offset.unwrap_or(0),
            sync: sample.keyframe,
        });
    }
    infos.iter().map(|info| tracks.remove(&info.track_id).unwrap()).collect()
}

/// Expands the tables that mp4-atom decodes; it gives no samples itself.
pub(crate) fn mp4_atom(file: &[u8]) -> Vec<Track> {
    mp4_atom_moov(file).trak.iter().map(of_trak).collect()
}

fn mp4_atom_moov(file: &[u8]) -> mp4_atom::Moov {
    let mut rest = Cursor::new(file);
    mp4_atom::Ftyp::read_from(&mut rest).unwrap();
    loop {
        let header = mp4_atom::Header::read_from(&mut rest).unwrap();
        if header.kind == b"moov".into() {
            return mp4_atom::Moov::read_atom(&header, &mut rest).unwrap();
        }
        rest.set_position(rest.position() + header.size.unwrap() as u64);
    }
}

fn of_trak(trak: &mp4_atom::Trak) -> Track {
    let stbl = &trak.mdia.minf.stbl;
    let (sample_entry, size, sound) = match &stbl.stsd.codecs[0] {
        mp4_atom::Codec::Avc1(entry) => (*b"avc1", (entry.visual.width, entry.visual.height), (0, 0)),
        mp4_atom::Codec::Hvc1(entry) => (*b"hvc1", (entry.visual.width, entry.visual.height), (0, 0)),
        mp4_atom::Codec::Mp4a(entry) => {
            (*b"mp4a", (0, 0), (entry.audio.channel_count, entry.audio.sample_rate.integer().into()))
        }
        // It knows no G.711.
        mp4_atom::Codec::Unknown(kind, _) => ((*kind).into(), (0, 0), (0, 0)),
        other => panic!("{other:?}"),
    };
    let repeat = |count: u32, value: i64| std::iter::repeat_n(value, count as usize);
    let stts = stbl.stts.entries.iter();
    let durations: Vec<i64> = stts.flat_map(|run| repeat(run.sample_count, run.sample_delta.into())).collect();
    let ctts = stbl.ctts.iter().flat_map(|ctts| &ctts.entries);
    let offsets: Vec<i64> = ctts.flat_map(|run| repeat(run.sample_count, run.sample_offset)).collect();
    let sizes = match &stbl.stsz.samples {
        mp4_atom::StszSamples::Identical { count, size } => vec![*size; *count as usize],
        mp4_atom::StszSamples::Different { sizes } => sizes.clone(),
    };
    let chunks: Vec<u64> = match (&stbl.stco, &stbl.co64) {
        (Some(stco), None) => stco.entries.iter().map(|offset| u64::from(*offset)).collect(),
        (None, Some(co64)) => co64.entries.clone(),
        _ => panic!("both or neither of stco and co64"),
    };
    let per_chunk: BTreeMap<u32, u32> =
        stbl.stsc.entries.iter().map(|entry| (entry.first_chunk, entry.samples_per_chunk)).collect();
    let mut samples = Vec::new();
    let mut decode = 0;
    for (number, mut offset) in (1..).zip(chunks) {
        let (_, count) = per_chunk.range(..=number).next_back().unwrap();
        for _ in 0..*count {
            let n = samples.len();
            let sync = stbl.stss.as_ref().is_none_or(|stss| stss.entries.binary_search(&(n as u32 + 1)).is_ok());
            let composition_offset = offsets.get(n).copied().unwrap_or(0);
            samples.push(Sample { offset, size: sizes[n].into(), decode, composition_offset, sync });
            offset += u64::from(sizes[n]);
            decode += durations[n] as u64;
        }
    }
    let mdhd = &trak.mdia.mdhd;
    Track { sample_entry, timescale: mdhd.timescale, duration: mdhd.duration, size, sound, samples }
}

/// For H.264 and AAC only, and for our own files only: it knows no other, and may hang on odd input. It does not tell where
/// a sample is; so that is taken from `tables` where the bytes there are those that it gives.
pub(crate) fn mp4(file: &[u8], tables: &Summary) -> Vec<Track> {
    let mut reader = mp4::Mp4Reader::read_header(Cursor::new(file), file.len() as u64).unwrap();
    let mut ids: Vec<u32> = reader.tracks().keys().copied().collect();
    ids.sort_unstable();
    let mut tracks = Vec::new();
    for (id, table) in ids.into_iter().zip(&tables.tracks) {
        let mut samples = Vec::new();
        let count = reader.sample_count(id).unwrap();
        for (number, expected) in (1..=count).zip(table.samples()) {
            let sample = reader.read_sample(id, number).unwrap().unwrap();
            let found = payload(file, &expected) == &sample.bytes[..];
            samples.push(Sample {
                offset: if found { expected.offset } else { u64::MAX },
                size: sample.bytes.len() as u64,
                decode: sample.start_time,
                composition_offset: sample.rendering_offset.into(),
                sync: sample.is_sync,
            });
        }
        let track = &reader.tracks()[&id];
        let stsd = &track.trak.mdia.minf.stbl.stsd;
        let video = stsd.avc1.as_ref().map_or((0, 0), |entry| (entry.width, entry.height));
        let sound = stsd.mp4a.as_ref().map_or((0, 0), |entry| (entry.channelcount, entry.samplerate.value().into()));
        tracks.push(Track {
            sample_entry: track.box_type().unwrap().value,
            timescale: track.timescale(),
            duration: track.trak.mdia.mdhd.duration,
            size: video,
            sound,
            samples,
        });
    }
    tracks
}

/// The runs of equal durations of each track, as they stand in the file.
pub(crate) fn mp4_atom_durations(file: &[u8]) -> Vec<Vec<(usize, u32)>> {
    let runs = |trak: &mp4_atom::Trak| {
        let entries = trak.mdia.minf.stbl.stts.entries.iter();
        entries.map(|run| (run.sample_count as usize, run.sample_delta)).collect()
    };
    mp4_atom_moov(file).trak.iter().map(runs).collect()
}
