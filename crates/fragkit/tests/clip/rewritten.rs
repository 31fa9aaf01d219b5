//! Chunk streams of the test files, taken apart, changed as producers get them wrong, and written again.

use bytes::Bytes;
use fragkit::codec::aac::AudioSpecificConfig;
use fragkit::codec::nal::{self, LengthSize};
use fragkit::codec::{CodecId, CodecPrivate};
use fragkit::mkv::TrackEntry;
use fragkit::{
    ChunkLayout, ChunkOptions, ChunkWriter, Chunker, Fragment, FragmentNumber, Frame, Nanos, Source, Timestamp,
};

use crate::inputs::{fragments, test_file};

/// A chunk stream that can be changed.
#[derive(Debug, Clone)]
pub(crate) struct Stream {
    pub(crate) chunks: Vec<Chunk>,
}

/// One chunk of it.
#[derive(Debug, Clone)]
pub(crate) struct Chunk {
    pub(crate) number: FragmentNumber,
    pub(crate) producer: Timestamp,
    pub(crate) entries: Vec<TrackEntry>,
    pub(crate) frames: Vec<Frame>,
}

impl Stream {
    /// Of an ordinary file among the test files, in fragments of a second or more.
    pub(crate) fn of(name: &str) -> Stream {
        Stream::from_plain(&test_file(name))
    }

    /// Of an ordinary file.
    pub(crate) fn from_plain(plain: &Source) -> Stream {
        let mut stream = Vec::new();
        let options = ChunkOptions {
            start: Some(Timestamp::from_millis(1_704_067_200_000)),
            fragment_length: Nanos(1_000_000_000),
            ..ChunkOptions::default()
        };
        let mut chunker = Chunker::new(options, &mut stream);
        fragments(plain).iter().for_each(|fragment| chunker.add(fragment).unwrap());
        chunker.finish().unwrap();
        let chunk = |fragment: Fragment| Chunk {
            number: fragment.head.number.unwrap(),
            producer: fragment.head.producer_timestamp.unwrap(),
            entries: fragment.head.tracks.iter().map(|track| track.entry.clone()).collect(),
            frames: fragment.frames,
        };
        Stream { chunks: fragments(&Source::from(Bytes::from(stream))).into_iter().map(chunk).collect() }
    }

    /// The chunks as they come from the service.
    pub(crate) fn bytes(&self) -> Bytes {
        let writer = ChunkWriter::new(ChunkLayout::default());
        let start = self.chunks[0].producer;
        let chunk = |chunk: &Chunk| {
            let since = Nanos::from_millis(chunk.producer.as_millis() - start.as_millis());
            let server = Timestamp::from_millis(chunk.producer.as_millis() + 500);
            writer.chunk(&chunk.number, chunk.producer, server, &chunk.entries, &[], since, &chunk.frames)
        };
        self.chunks.iter().flat_map(chunk).collect()
    }

    pub(crate) fn source(&self) -> Source {
        Source::from(self.bytes())
    }

    /// Changes each TrackEntry of video.
    pub(crate) fn video(&mut self, mut change: impl FnMut(&mut TrackEntry)) {
        self.entries(|entry| entry.video.is_some(), &mut change);
    }

    /// Changes each TrackEntry of sound.
    pub(crate) fn audio(&mut self, mut change: impl FnMut(&mut TrackEntry)) {
        self.entries(|entry| entry.audio.is_some(), &mut change);
    }

    fn entries(&mut self, which: fn(&TrackEntry) -> bool, change: &mut impl FnMut(&mut TrackEntry)) {
        self.chunks.iter_mut().flat_map(|chunk| &mut chunk.entries).filter(|entry| which(entry)).for_each(change);
    }

    /// Packs the NAL units of each picture anew. Pictures are counted from 0 in each chunk.
    pub(crate) fn pictures(&mut self, mut pack: impl FnMut(Picture<'_>) -> Vec<u8>) {
        for (chunk_number, chunk) in self.chunks.iter_mut().enumerate() {
            let video = number(&chunk.entries, |entry| entry.video.is_some());
            let pictures = chunk.frames.iter_mut().filter(|frame| frame.track == video);
            for (number, frame) in pictures.enumerate() {
                let units = units(&frame.payload);
                let keyframe = frame.keyframe;
                frame.payload = pack(Picture { units: &units, chunk: chunk_number, number, keyframe }).into();
            }
        }
    }

    /// Changes each frame of sound.
    pub(crate) fn sounds(&mut self, mut change: impl FnMut(&[u8]) -> Vec<u8>) {
        for chunk in &mut self.chunks {
            let audio = number(&chunk.entries, |entry| entry.audio.is_some());
            for frame in chunk.frames.iter_mut().filter(|frame| frame.track == audio) {
                frame.payload = change(&frame.payload).into();
            }
        }
    }

    /// Puts every two frames of sound into one block.
    pub(crate) fn sounds_in_pairs(&mut self) {
        for chunk in &mut self.chunks {
            let audio = number(&chunk.entries, |entry| entry.audio.is_some());
            let mut first: Option<usize> = None;
            let mut kept: Vec<Frame> = Vec::new();
            for frame in chunk.frames.drain(..) {
                let is_audio = frame.track == audio;
                match first.take_if(|_| is_audio) {
                    Some(first) => kept[first].payload = [&kept[first].payload[..], &frame.payload].concat().into(),
                    None => {
                        first = first.or(is_audio.then_some(kept.len()));
                        kept.push(frame);
                    }
                }
            }
            chunk.frames = kept;
        }
    }

    /// How many pictures there are in each chunk.
    pub(crate) fn pictures_per_chunk(&self) -> impl Iterator<Item = usize> {
        let of_chunk = |chunk: &Chunk| {
            let video = number(&chunk.entries, |entry| entry.video.is_some());
            chunk.frames.iter().filter(|frame| frame.track == video).count()
        };
        self.chunks.iter().map(of_chunk)
    }

    pub(crate) fn key_frames(&self) -> usize {
        let of_chunk = |chunk: &Chunk| {
            let video = number(&chunk.entries, |entry| entry.video.is_some());
            chunk.frames.iter().filter(|frame| frame.track == video && frame.keyframe).count()
        };
        self.chunks.iter().map(of_chunk).sum()
    }

    /// How many frames of video or sound there are.
    pub(crate) fn frame_count(&self, of: fn(&TrackEntry) -> bool) -> usize {
        let of_chunk = |chunk: &Chunk| {
            let number = number(&chunk.entries, of);
            chunk.frames.iter().filter(|frame| frame.track == number).count()
        };
        self.chunks.iter().map(of_chunk).sum()
    }
}

/// The number of the track, or one that no track has.
fn number(entries: &[TrackEntry], of: impl Fn(&TrackEntry) -> bool) -> u64 {
    entries.iter().find(|entry| of(entry)).map_or(u64::MAX, |entry| entry.number)
}

/// The NAL units of a frame, and where it is.
pub(crate) struct Picture<'a> {
    pub(crate) units: &'a [Vec<u8>],
    pub(crate) chunk: usize,
    pub(crate) number: usize,
    pub(crate) keyframe: bool,
}

/// The NAL units of a frame with lengths of four bytes.
pub(crate) fn units(payload: &[u8]) -> Vec<Vec<u8>> {
    nal::length_prefixed(payload, LengthSize::Four).map(|range| payload[range.unwrap()].to_vec()).collect()
}

/// The parameter sets of private data, in stored order.
pub(crate) fn sets(entry: &TrackEntry) -> Vec<Vec<u8>> {
    match parsed(entry) {
        CodecPrivate::Avc(record) => record.nal_units().map(<[u8]>::to_vec).collect(),
        CodecPrivate::Hevc(record) => {
            let sets = record.nal_units().filter(|unit| (32..=34).contains(&(unit[0] >> 1)));
            sets.map(<[u8]>::to_vec).collect()
        }
        other => panic!("{other:?}"),
    }
}

pub(crate) fn parsed(entry: &TrackEntry) -> CodecPrivate {
    CodecPrivate::parse(&entry.codec_id, entry.codec_private.as_ref().unwrap()).unwrap()
}

/// Changes the bytes of private data.
pub(crate) fn private(entry: &mut TrackEntry, change: impl FnOnce(&mut Vec<u8>)) {
    let mut private = entry.codec_private.as_ref().unwrap().to_vec();
    change(&mut private);
    entry.codec_private = Some(private.into());
}

/// Packs what the entry's record holds in place of the record.
pub(crate) fn private_of_sets(entry: &mut TrackEntry, pack: impl FnOnce(&[Vec<u8>]) -> Vec<u8>) {
    entry.codec_private = Some(pack(&sets(entry)).into());
}

fn joined(units: &[Vec<u8>], mut before: impl FnMut(usize) -> Vec<u8>) -> Vec<u8> {
    units.iter().enumerate().flat_map(|(number, unit)| [before(number), unit.clone()].concat()).collect()
}

/// Start codes of four bytes.
pub(crate) fn long_codes(units: &[Vec<u8>]) -> Vec<u8> {
    joined(units, |_| vec![0, 0, 0, 1])
}

/// Start codes of three bytes.
pub(crate) fn short_codes(units: &[Vec<u8>]) -> Vec<u8> {
    joined(units, |_| vec![0, 0, 1])
}

/// Four bytes in front of the first, three in front of the others: what most encoders write.
pub(crate) fn mixed_codes(units: &[Vec<u8>]) -> Vec<u8> {
    joined(units, |number| if number == 0 { vec![0, 0, 0, 1] } else { vec![0, 0, 1] })
}

/// Zeros in front of the first start code and behind each unit.
pub(crate) fn with_zeros(units: &[Vec<u8>]) -> Vec<u8> {
    let mut out = joined(units, |_| vec![0, 0, 0, 0, 0, 1]);
    out.extend([0; 3]);
    out
}

/// Two start codes in a row.
pub(crate) fn with_empty_units(units: &[Vec<u8>]) -> Vec<u8> {
    let mut out = joined(units, |_| vec![0, 0, 0, 1, 0, 0, 1]);
    out.extend([0, 0, 1]);
    out
}

/// Lengths of so many bytes.
pub(crate) fn lengths<const BYTES: usize>(units: &[Vec<u8>]) -> Vec<u8> {
    let length = |unit: &Vec<u8>| {
        let length = u32::try_from(unit.len()).unwrap().to_be_bytes();
        assert!(length[..4 - BYTES].iter().all(|byte| *byte == 0), "a unit of {} bytes", unit.len());
        length[4 - BYTES..].to_vec()
    };
    units.iter().flat_map(|unit| [length(unit), unit.clone()].concat()).collect()
}

/// The units with others in front.
pub(crate) fn behind(first: &[Vec<u8>], units: &[Vec<u8>]) -> Vec<Vec<u8>> {
    [first, units].concat()
}

/// An access unit delimiter for any slice type.
pub(crate) fn delimiter(codec_id: &str) -> Vec<u8> {
    if CodecId::parse(codec_id) == CodecId::Avc { vec![9, 0xf0] } else { vec![0x46, 1, 0x50] }
}

/// An SEI unit with a message that tells a decoder nothing: `user_data_unregistered`, 16 bytes of identifier.
pub(crate) fn message(codec_id: &str) -> Vec<u8> {
    let header: &[u8] = if CodecId::parse(codec_id) == CodecId::Avc { &[6] } else { &[0x4e, 1] };
    [header, &[5, 16], b"a test's message", &[0x80]].concat()
}

/// An ADTS frame around a raw one: ISO/IEC 14496-3, Annex 1.A. The checksum is not right; nobody looks at it.
pub(crate) fn adts(config: &AudioSpecificConfig, raw: &[u8], crc: bool) -> Vec<u8> {
    let index = config.frequency.index();
    let channels = config.channel_configuration;
    let length = u16::try_from(raw.len() + if crc { 9 } else { 7 }).unwrap().to_be_bytes();
    let mut out = vec![
        0xff,
        if crc { 0xf0 } else { 0xf1 },
        (config.audio_object_type - 1) << 6 | index << 2 | channels >> 2,
        (channels & 3) << 6 | length[0] >> 3,
        length[0] << 5 | length[1] >> 3,
        length[1] << 5 | 0x1f,
        0xfc,
    ];
    if crc {
        out.extend([0xaa, 0x55]);
    }
    out.extend(raw);
    out
}
