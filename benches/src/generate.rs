//! Chunk streams of any size, the same bytes in every run.
//!
//! ```text
//! video          H.264 at 8 Mbit/s, 30 frames a second, a key frame each second, no B-frames; AAC at 48 kHz beside it
//! video-annex-b  the same with start codes, and private data that has them too
//! video-sparse   the video with filler of zeros, which a file need not store
//! video-plain    the video, for one plain document
//! audio          AAC at 48 kHz, two channels, 66 bytes a frame
//! audio-adts     the same with an ADTS header in front of each frame
//! audio-51       AAC at 48 kHz, six channels, 183 bytes a frame
//! alaw           G.711 A-law at 8 kHz, 160 bytes (20 ms) a frame
//! ```
//!
//! A fragment is 2 s long. Every frame is a real one, so decoders take it. To weigh what a camera's would, each access unit
//! is filled up with a filler data NAL unit (ITU-T H.264, 7.3.2.7: type 12, bytes of FF, stop bit). In `video-annex-b` it
//! holds random bytes with emulation prevention instead, which look like slices to whoever searches for start codes. Zeros, as
//! in `video-sparse`, may not stand in a NAL unit: that stream is for measuring and not for decoders. In `video-plain` the filler is
//! a NAL unit of type 30, which has no meaning either: mkvmerge leaves out type 12, and would have little to copy.

use std::io::{self, Cursor, Seek, SeekFrom, Write};
use std::str::FromStr;

use bytes::Bytes;
use fragkit_fragment::codec::avc::AvcDecoderConfigurationRecord;
use fragkit_fragment::codec::nal::{LengthSize, length_prefixed};
use fragkit_fragment::mkv::write::{BlockFlags, Writer};
use fragkit_fragment::mkv::{EbmlHeader, Id, Info, TrackEntry, write_tracks};
use fragkit_fragment::{ChunkLayout, ChunkWriter, DecodedNumber, Frame, Nanos, Timestamp};

use crate::random::Random;
use crate::samples::{Samples, Stored};

/// What a stream holds; see the table above.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// H.264 with lengths, and AAC.
    Video,
    /// H.264 with start codes, and AAC.
    VideoAnnexB,
    /// H.264 with lengths and filler of zeros, and AAC.
    VideoSparse,
    /// H.264 with lengths and filler that mkvmerge keeps, and AAC.
    VideoPlain,
    /// AAC, two channels.
    Audio,
    /// AAC with ADTS headers, two channels.
    AudioAdts,
    /// AAC, six channels.
    AudioSurround,
    /// G.711 A-law.
    Alaw,
}

impl Kind {
    /// What the kinds are called.
    pub const NAMES: [&str; 8] =
        ["video", "video-annex-b", "video-sparse", "video-plain", "audio", "audio-adts", "audio-51", "alaw"];
}

impl FromStr for Kind {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "video" => Ok(Kind::Video),
            "video-annex-b" => Ok(Kind::VideoAnnexB),
            "video-sparse" => Ok(Kind::VideoSparse),
            "video-plain" => Ok(Kind::VideoPlain),
            "audio" => Ok(Kind::Audio),
            "audio-adts" => Ok(Kind::AudioAdts),
            "audio-51" => Ok(Kind::AudioSurround),
            "alaw" => Ok(Kind::Alaw),
            _ => Err(format!("{text}: there is {}", Kind::NAMES.join(", "))),
        }
    }
}

/// One chunk of a stream.
#[derive(Debug, Clone)]
pub struct Chunk {
    /// The document.
    pub bytes: Vec<u8>,
    /// How many frames it holds.
    pub frames: u64,
}

/// Gives chunks without end.
#[derive(Debug)]
pub struct Generator {
    tracks: Vec<TrackEntry>,
    video: Option<Lane>,
    audio: Lane,
    packing: Packing,
    /// Of frame sizes and filler.
    random: Random,
    /// Of fragment numbers.
    numbers: Random,
    writer: ChunkWriter,
    /// How many fragments there were.
    fragments: u32,
}

/// The frames of a track, to be repeated for ever.
#[derive(Debug)]
struct Lane {
    frames: Vec<Stored>,
    /// How many frames there were.
    given: u64,
    /// Ticks of its clock from frame to frame, and ticks a second.
    step: u32,
    timescale: u32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Packing {
    /// The header of the NAL unit that fills up, and its bytes.
    Lengths {
        header: u8,
        filler: u8,
    },
    StartCodes,
}

const SEED: u64 = 0x66_7261_676B_6974;
const FRAGMENT_MS: i64 = 2000;
const START_MS: i64 = 1_700_000_000_000;
/// The server is this late.
const DELAY_MS: i64 = 350;
/// 8 Mbit/s over groups of one second.
const GROUP_BYTES: usize = 1_000_000;
const GROUP_FRAMES: usize = 30;
/// How much heavier a key frame is than one of the others.
const KEY_WEIGHT: usize = 6;
const G711_BLOCK: usize = 160;

impl Generator {
    /// The stream of this kind; there is one of each.
    #[must_use]
    pub fn new(kind: Kind) -> Self {
        let packing = match kind {
            Kind::VideoAnnexB => Packing::StartCodes,
            Kind::VideoSparse => Packing::Lengths { header: FILLER_DATA, filler: 0 },
            Kind::VideoPlain => Packing::Lengths { header: UNSPECIFIED, filler: 0xFF },
            _ => Packing::Lengths { header: FILLER_DATA, filler: 0xFF },
        };
        let (mut tracks, video, audio) = match kind {
            Kind::Video | Kind::VideoAnnexB | Kind::VideoSparse | Kind::VideoPlain => {
                let Samples { tracks, frames } = Samples::h264_aac();
                let (video, audio) = frames.into_iter().partition(|frame| frame.track == 1);
                (tracks, Some(Lane::new(video, 1, 30)), Lane::new(audio, 1024, 48_000))
            }
            Kind::Audio => {
                let Samples { tracks, frames } = Samples::aac_stereo();
                (tracks, None, Lane::new(frames, 1024, 48_000))
            }
            Kind::AudioAdts => {
                let Samples { tracks, mut frames } = Samples::aac_stereo();
                frames.iter_mut().for_each(|frame| frame.payload = with_adts_header(&frame.payload));
                (tracks, None, Lane::new(frames, 1024, 48_000))
            }
            Kind::AudioSurround => {
                let Samples { tracks, frames } = Samples::aac_surround();
                (tracks, None, Lane::new(frames, 1024, 48_000))
            }
            Kind::Alaw => {
                let Samples { mut tracks, frames } = Samples::alaw();
                for track in &mut tracks {
                    // ffmpeg's blocks are longer.
                    track.default_duration = None;
                }
                let payload: Vec<u8> = frames.iter().flat_map(|frame| frame.payload.iter().copied()).collect();
                let block = |block: &[u8]| Stored { track: 1, keyframe: true, payload: Bytes::copy_from_slice(block) };
                (tracks, None, Lane::new(payload.chunks_exact(G711_BLOCK).map(block).collect(), 160, 8000))
            }
        };
        if packing == Packing::StartCodes {
            for track in &mut tracks {
                track.codec_private =
                    track.codec_private.take().map(|private| parameter_sets(&private).unwrap_or(private));
            }
        }
        let writer = ChunkWriter::new(ChunkLayout::default());
        let (random, numbers) = (Random::new(SEED), Random::new(!SEED));
        Generator { tracks, video, audio, packing, random, numbers, writer, fragments: 0 }
    }

    /// The next fragment: when it starts, counted from the first, and its frames, in the order of their times.
    fn fragment(&mut self) -> (i64, Vec<Frame>) {
        let start = i64::from(self.fragments) * FRAGMENT_MS;
        self.fragments += 1;
        let mut frames = Vec::new();
        if let Some(video) = &mut self.video {
            while let Some((time, stored)) = video.next_before(start + FRAGMENT_MS) {
                let mean = GROUP_BYTES / (GROUP_FRAMES - 1 + KEY_WEIGHT) * if stored.keyframe { KEY_WEIGHT } else { 1 };
                let spread = if stored.keyframe { mean / 5 } else { mean / 5 * 2 };
                let size = self.random.between(mean - spread, mean + spread);
                let payload = match self.packing {
                    Packing::Lengths { header, filler } => filled(&stored.payload, size, header, filler),
                    Packing::StartCodes => with_start_codes(&stored.payload, size, &mut self.random),
                };
                frames.push(frame(&stored, time - start, payload.into()));
            }
        }
        while let Some((time, stored)) = self.audio.next_before(start + FRAGMENT_MS) {
            frames.push(frame(&stored, time - start, stored.payload.clone()));
        }
        frames.sort_by_key(|frame| (frame.time, frame.track));
        (start, frames)
    }
}

impl Iterator for Generator {
    type Item = Chunk;

    fn next(&mut self) -> Option<Chunk> {
        let (start, frames) = self.fragment();
        let producer = Timestamp::from_millis(START_MS + start);
        let server = Timestamp::from_millis(START_MS + start + DELAY_MS);
        let random = u32::try_from(self.numbers.bits() >> 36).unwrap_or_default();
        let sequence = self.fragments.into();
        let number = DecodedNumber { sequence, server_timestamp: server, random }.encode();
        // Cluster timestamps that go on from chunk to chunk let ordinary players follow the chain.
        let cluster = Nanos::from_millis(start);
        let bytes = self.writer.chunk(&number, producer, server, &self.tracks, &[], cluster, &frames);
        Some(Chunk { bytes, frames: len(frames.len()) })
    }
}

/// A whole stream in memory: chunks until `bytes` are reached, and how many frames they hold.
#[must_use]
pub fn chunk_stream(kind: Kind, bytes: usize) -> (Bytes, u64) {
    let (mut stream, mut frames) = (Vec::with_capacity(bytes + bytes / 8), 0);
    for chunk in Generator::new(kind) {
        stream.extend_from_slice(&chunk.bytes);
        frames += chunk.frames;
        if stream.len() >= bytes {
            break;
        }
    }
    (stream.into(), frames)
}

/// The same fragments as Clusters of one plain Matroska document in which all sizes are known, for readers that take no
/// chain of documents; and how many frames it holds.
#[must_use]
pub fn plain_document(kind: Kind, bytes: usize) -> (Bytes, u64) {
    let mut document = Cursor::new(Vec::new());
    let frames = write_plain_document(kind, len(bytes), &mut document).expect("memory takes it");
    (document.into_inner().into(), frames)
}

/// Writes such a document, a Cluster at a time; gives how many frames it holds.
///
/// # Errors
///
/// If writing fails.
pub fn write_plain_document(kind: Kind, bytes: u64, out: &mut (impl Write + Seek)) -> io::Result<u64> {
    let mut generator = Generator::new(kind);
    let mut head = Writer::new();
    EbmlHeader::default().write(&mut head);
    let segment_at = len(head.len());
    let segment = |size| {
        let mut header = Writer::new();
        header.header_with_width(Id::SEGMENT, Some(size), 8);
        header.into_bytes()
    };
    head.raw(&segment(0));
    let start = len(head.len());
    Info { muxing_app: "fragkit".into(), writing_app: "fragkit".into(), ..Info::default() }.write(&mut head);
    write_tracks(&generator.tracks, &mut head);
    out.write_all(&head.into_bytes())?;
    let mut count = 0;
    while out.stream_position()? - start < bytes {
        let (time, frames) = generator.fragment();
        out.write_all(&cluster(time, &frames))?;
        count += len(frames.len());
    }
    let end = out.stream_position()?;
    out.seek(SeekFrom::Start(segment_at))?;
    out.write_all(&segment(end - start))?;
    Ok(count)
}

fn cluster(time: i64, frames: &[Frame]) -> Vec<u8> {
    let mut writer = Writer::new();
    writer.master(Id::CLUSTER, |cluster| {
        cluster.uint(Id::TIMESTAMP, time.unsigned_abs());
        for frame in frames {
            let timestamp = i16::try_from(frame.time.round_millis()).expect("a fragment lasts two seconds");
            let flags = BlockFlags { keyframe: frame.keyframe, ..BlockFlags::default() };
            cluster.simple_block_header(frame.track, timestamp, flags, len(frame.payload.len()));
            cluster.raw(&frame.payload);
        }
    });
    writer.into_bytes()
}

fn len(count: usize) -> u64 {
    u64::try_from(count).unwrap_or(u64::MAX)
}

impl Lane {
    fn new(frames: Vec<Stored>, step: u32, timescale: u32) -> Self {
        Lane { frames, given: 0, step, timescale }
    }

    /// The next frame and its time in milliseconds, if that is before `end`.
    fn next_before(&mut self, end: i64) -> Option<(i64, Stored)> {
        let ticks = i64::try_from(self.given).ok()? * i64::from(self.step);
        let time = Nanos::from_ticks(ticks, self.timescale).round_millis();
        if time >= end {
            return None;
        }
        let index = self.given.checked_rem(u64::try_from(self.frames.len()).ok()?)?;
        self.given += 1;
        Some((time, self.frames.get(usize::try_from(index).ok()?)?.clone()))
    }
}

fn frame(stored: &Stored, time_ms: i64, payload: Bytes) -> Frame {
    Frame {
        track: stored.track,
        time: Nanos::from_millis(time_ms),
        duration: None,
        keyframe: stored.keyframe,
        invisible: false,
        discardable: false,
        payload,
        offset: 0,
        stripped: 0,
        group: None,
    }
}

/// nal_ref_idc 0, nal_unit_type 12.
const FILLER_DATA: u8 = 0x0C;
/// nal_ref_idc 0, nal_unit_type 30.
const UNSPECIFIED: u8 = 0x1E;
/// rbsp_trailing_bits.
const STOP: u8 = 0x80;

/// An access unit filled up to `size` bytes by a NAL unit of such bytes, with lengths.
fn filled(unit: &[u8], size: usize, header: u8, byte: u8) -> Vec<u8> {
    let mut out = Vec::with_capacity(size.max(unit.len()));
    out.extend_from_slice(unit);
    // Four bytes of length, the header, one byte at least, the stop bit.
    let Some(filler) = size.checked_sub(unit.len() + 4).filter(|&filler| filler >= 3) else { return out };
    out.extend_from_slice(&u32::try_from(filler).unwrap_or(u32::MAX).to_be_bytes());
    out.push(header);
    out.resize(size - 1, byte);
    out.push(STOP);
    out
}

const START_CODE: [u8; 4] = [0, 0, 0, 1];

/// An access unit filled up to about `size` bytes by random ones, with start codes.
fn with_start_codes(unit: &[u8], size: usize, random: &mut Random) -> Vec<u8> {
    let mut out = Vec::with_capacity(size + 16);
    for range in length_prefixed(unit, LengthSize::Four) {
        out.extend_from_slice(&START_CODE);
        out.extend_from_slice(unit.get(range.expect("the test data is sound")).unwrap_or_default());
    }
    if out.len() + 7 > size {
        return out;
    }
    out.extend_from_slice(&START_CODE);
    out.push(FILLER_DATA);
    let mut zeros = 0;
    while out.len() < size {
        for byte in random.bits().to_be_bytes() {
            if zeros >= 2 && byte <= 3 {
                out.push(3);
                zeros = 0;
            }
            out.push(byte);
            zeros = if byte == 0 { zeros + 1 } else { 0 };
        }
    }
    out.push(STOP);
    out
}

/// An AAC-LC frame of 48 kHz and two channels behind an adts_fixed_header and adts_variable_header without CRC (ISO/IEC 14496-3,
/// 1.A.2.2).
fn with_adts_header(frame: &[u8]) -> Bytes {
    let frame_length = u64::try_from(frame.len() + 7).unwrap_or_default();
    // syncword FFF, MPEG-4, layer 0, protection_absent.
    let fixed = 0xFFF << 44 | 1 << 40;
    // profile_ObjectType LC, sampling_frequency_index of 48 kHz, two channels.
    let stereo = 1 << 38 | 3 << 34 | 2 << 30;
    // aac_frame_length, adts_buffer_fullness of variable rate, one raw data block.
    let variable = frame_length << 13 | 0x7FF << 2;
    let [_, header @ ..] = (fixed | stereo | variable).to_be_bytes();
    [&header[..], frame].concat().into()
}

/// A configuration record's parameter sets with start codes, as many cameras store them. `None` for what is no such record.
fn parameter_sets(private: &[u8]) -> Option<Bytes> {
    let record = AvcDecoderConfigurationRecord::read(private).ok()?;
    let sets = record.sequence_parameter_sets.iter().chain(&record.picture_parameter_sets);
    Some(sets.flat_map(|set| START_CODE.into_iter().chain(set.iter().copied())).collect::<Vec<u8>>().into())
}

#[cfg(test)]
mod tests {
    use fragkit_fragment::{Assembler, Fragment, Item, Limits};

    use super::*;
    use crate::walk::{slices, walk};

    fn fragments(stream: &Bytes) -> Vec<Fragment> {
        let mut assembler = Assembler::new(Limits::default());
        assembler.push(stream.clone());
        assembler.finish();
        let items = std::iter::from_fn(|| assembler.poll());
        items
            .map(|item| match item {
                Item::Fragment(fragment) => fragment,
                Item::Finding(finding) => panic!("{finding:?}"),
            })
            .collect()
    }

    #[test]
    fn a_stream_is_the_same_in_every_run_and_grows_at_its_end() {
        for kind in [Kind::Video, Kind::VideoAnnexB, Kind::Audio, Kind::Alaw] {
            let (short, _) = chunk_stream(kind, 100_000);
            let (long, _) = chunk_stream(kind, short.len() + 1);
            assert!(long.len() > short.len());
            assert!(long.starts_with(&short), "{kind:?}");
        }
    }

    #[test]
    fn video_has_the_rate_and_the_key_frames_it_is_said_to_have() {
        let (stream, frames) = chunk_stream(Kind::Video, 20_000_000);
        let fragments = fragments(&stream);
        assert_eq!(fragments.iter().map(|fragment| fragment.head.frame_count()).sum::<u64>(), frames);
        for fragment in &fragments {
            let video = fragment.head.frame_counts[0];
            assert_eq!((video.track, video.frames, video.key_frames), (1, 60, 2));
            assert!((1_800_000..2_200_000).contains(&video.bytes), "{}", video.bytes);
            assert!(fragment.frames[0].keyframe && fragment.frames[0].track == 1);
            assert!(fragment.head.is_whole());
        }
    }

    #[test]
    fn the_walk_and_the_assembler_find_the_same_frames() {
        for kind in [Kind::Video, Kind::VideoAnnexB, Kind::Audio, Kind::Alaw] {
            let (stream, frames) = chunk_stream(kind, 3_000_000);
            let found: Vec<_> = fragments(&stream).into_iter().flat_map(|fragment| fragment.frames).collect();
            assert_eq!(slices(&stream), found.iter().map(|frame| frame.payload.clone()).collect::<Vec<_>>());
            let walked = walk(&stream);
            assert_eq!(walked.frames, frames);
            assert_eq!(walked.payload_bytes, found.iter().map(|frame| frame.payload.len()).sum::<usize>());
        }
    }

    #[test]
    fn frames_with_adts_headers_are_those_without() {
        let plain: Vec<Bytes> = Samples::aac_stereo().frames.into_iter().map(|frame| frame.payload).collect();
        let (stream, _) = chunk_stream(Kind::AudioAdts, 100_000);
        for (frame, plain) in slices(&stream).iter().zip(plain.iter().cycle()) {
            let stripped = fragkit_fragment::codec::aac::adts::strip(frame).unwrap();
            assert_eq!(&frame[stripped], &plain[..]);
        }
    }

    #[test]
    fn the_plain_document_has_the_frames_of_the_chunks() {
        for kind in [Kind::Video, Kind::Audio] {
            let (stream, document) = (chunk_stream(kind, 4_000_000).0, plain_document(kind, 4_000_000).0);
            let (in_stream, in_document) = (slices(&stream), slices(&document));
            assert!(in_stream.iter().zip(&in_document).all(|(a, b)| a == b));
            assert!(!in_document.is_empty());
        }
    }
}
