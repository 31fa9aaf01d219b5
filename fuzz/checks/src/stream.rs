//! Chunk streams that are made to a plan: whole, each fragment comes out as it was planned, however it was laid out; damaged,
//! they hold what the other targets ask of streams, and what comes out of them was in them.
//!
//! Bytes alone hardly ever make a second chunk, a lace or a BlockGroup; the plan is drawn from the input instead.

use std::fmt::Debug;

use arbitrary::{Arbitrary, Unstructured};
use bytes::Bytes;
use fragkit::mkv::write::{BlockFlags, Writer};
use fragkit::mkv::{BlockGroup, EbmlHeader, Id, Info, SimpleTag, Tag, TrackEntry, TrackType, write_tags, write_tracks};
use fragkit::{Assembler, Completeness, Fragment, Item, Limits, ServiceTag, TagNames};

#[derive(Debug, Arbitrary)]
struct Plan {
    /// How the bytes are pushed, and what the other targets are told.
    step: u8,
    names: bool,
    chunks: Vec<Chunk>,
    damage: Option<Vec<Damage>>,
}

#[derive(Debug, Arbitrary)]
struct Chunk {
    tracks: Vec<Track>,
    user_tags: Vec<(u8, u16)>,
    nested_tag: bool,
    segment_size: Size,
    cluster_size: Size,
    between: Vec<Between>,
    cluster_time: u32,
    blocks: Vec<Block>,
    trailing: bool,
}

#[derive(Debug, Arbitrary)]
enum Track {
    Avc { annex_b: bool, private: u8 },
    Hevc,
    Aac,
    Alaw,
    Subtitle,
}

#[derive(Debug, Clone, Copy, Arbitrary)]
enum Size {
    Known,
    Unknown,
    UnknownOneByte,
}

/// Elements that are to be stepped over.
#[derive(Debug, Arbitrary)]
enum Between {
    Void(u8),
    Crc,
    Cues(u8),
    Attachment(u8),
    Unknown(u8),
}

#[derive(Debug, Arbitrary)]
struct Block {
    track: u8,
    time: u8,
    keyframe: bool,
    kind: Kind,
    frame: Payload,
}

#[derive(Debug, Arbitrary)]
enum Kind {
    Simple,
    Group { duration: Option<u8>, references: u8 },
    Fixed(u8),
    Xiph(Vec<Payload>),
    Ebml(Vec<Payload>),
}

#[derive(Debug, Arbitrary)]
enum Payload {
    Nothing,
    Bytes(u16, u8),
    /// A NAL unit of this type behind its length.
    Unit(u8, u8),
    /// The same behind start codes.
    StartCode(u8, u8),
}

#[derive(Debug, Arbitrary)]
enum Damage {
    Set(u32, u8),
    Cut(u32, u16),
    Repeat(u32, u16),
    Move(u32, u32, u16),
}

/// A frame as it is planned.
#[derive(Debug, PartialEq)]
struct Planned {
    track: u64,
    keyframe: bool,
    payload: Vec<u8>,
}

/// See the head of the file.
pub fn check(data: &[u8]) {
    let Ok(plan) = Plan::arbitrary(&mut Unstructured::new(data)) else { return };
    let mut stream = Vec::new();
    let mut planned = Vec::new();
    for (number, chunk) in plan.chunks.iter().take(8).enumerate() {
        let number = u64::try_from(number).expect("few") + 1;
        planned.push(chunk.write(number, plan.names, &mut stream));
    }
    let Some(damage) = &plan.damage else {
        // Chunks with tags behind the media tell that those without are cut; that is not what is asked here.
        whole(&stream, &planned, usize::from(plan.step) + 1);
        return;
    };
    for damage in damage.iter().take(8) {
        damage.apply(&mut stream);
    }
    stream.push(plan.step);
    for check in
        [super::mkv::check, super::fragments::check, super::merge::check, super::clip::check, super::chunks::check]
    {
        check(&stream);
    }
}

/// Every fragment is as it was planned, also if the stream comes in pieces.
fn whole(stream: &[u8], planned: &[Vec<Planned>], step: usize) {
    for step in [stream.len().max(1), step] {
        let mut assembler = Assembler::new(Limits::default());
        let mut fragments = Vec::new();
        let drain = |assembler: &mut Assembler, fragments: &mut Vec<Fragment>| {
            while let Some(item) = assembler.poll() {
                match item {
                    Item::Fragment(fragment) => fragments.push(fragment),
                    Item::Finding(finding) => {
                        assert!(finding.path.is_empty() && !finding.message.contains("limit"), "{finding}");
                    }
                }
            }
        };
        for piece in stream.chunks(step) {
            assembler.push(Bytes::copy_from_slice(piece));
            drain(&mut assembler, &mut fragments);
        }
        assembler.finish();
        drain(&mut assembler, &mut fragments);
        assert_eq!(fragments.len(), planned.len());
        for (index, (fragment, planned)) in fragments.iter().zip(planned).enumerate() {
            let number = u64::try_from(index).expect("few") + 1;
            assert_eq!(fragment.head.number, Some(number.into()));
            assert!(!matches!(fragment.head.completeness, Completeness::Broken { .. }), "{:?}", fragment.head);
            let frames = fragment.frames.iter().map(|frame| Planned {
                track: frame.track,
                keyframe: frame.keyframe,
                payload: frame.payload.to_vec(),
            });
            same(&frames.collect::<Vec<_>>(), planned);
        }
    }
}

fn same<T: PartialEq + Debug>(got: &[T], planned: &[T]) {
    for (index, (got, planned)) in got.iter().zip(planned).enumerate() {
        assert_eq!(got, planned, "frame {index}");
    }
    assert_eq!(got.len(), planned.len());
}

const AVC: [&[u8]; 3] = [
    include_bytes!("../../seeds/codec_private/avc-camera"),
    include_bytes!("../../seeds/codec_private/avc-high"),
    include_bytes!("../../seeds/codec_private/avc-wrong-profile"),
];
const HEVC: &[u8] = include_bytes!("../../seeds/codec_private/hevc-main");

/// The private data of a seed: see the head of `codec_private.rs`.
fn private(seed: &[u8]) -> Vec<u8> {
    let Some((rest, &[_, _, low, high, _])) = seed.split_last_chunk() else { return Vec::new() };
    rest[..usize::from(u16::from_le_bytes([low, high])).min(rest.len())].to_vec()
}

impl Track {
    fn entry(&self, number: u64) -> TrackEntry {
        let (track_type, codec_id, codec_private) = match self {
            Track::Avc { annex_b: true, .. } => (TrackType::Video, "V_MPEG4/ISO/AVC", None),
            Track::Avc { private: choice, .. } => {
                let seed = AVC[usize::from(*choice) % AVC.len()];
                (TrackType::Video, "V_MPEG4/ISO/AVC", Some(private(seed)))
            }
            Track::Hevc => (TrackType::Video, "V_MPEGH/ISO/HEVC", Some(private(HEVC))),
            Track::Aac => (TrackType::Audio, "A_AAC", Some(vec![0x11, 0x90])),
            Track::Alaw => {
                let wave = [6, 0, 1, 0, 0x40, 0x1F, 0, 0, 0x40, 0x1F, 0, 0, 1, 0, 8, 0, 0, 0];
                (TrackType::Audio, "A_MS/ACM", Some(wave.to_vec()))
            }
            Track::Subtitle => (TrackType::Other(17), "S_TEXT/UTF8", None),
        };
        TrackEntry {
            number,
            uid: number,
            track_type,
            codec_id: codec_id.into(),
            codec_private: codec_private.map(Bytes::from),
            ..TrackEntry::default()
        }
    }
}

impl Chunk {
    /// Appends the chunk and says what frames it has.
    fn write(&self, number: u64, names: bool, stream: &mut Vec<u8>) -> Vec<Planned> {
        let names = if names { TagNames::GetMedia } else { TagNames::FragmentList };
        let mut inner = Writer::new();
        let tracks: Vec<TrackEntry> =
            self.tracks.iter().take(4).zip(1..).map(|(track, number)| track.entry(number)).collect();
        Info::default().write(&mut inner);
        write_tracks(&tracks, &mut inner);
        let service = |tags: &[(ServiceTag, String)], inner: &mut Writer| {
            let simple_tags = tags.iter().map(|(tag, value)| SimpleTag::new(tag.name(names), &value[..])).collect();
            write_tags(&[Tag { targets: None, simple_tags }], inner);
        };
        service(
            &[
                (ServiceTag::FragmentNumber, number.to_string()),
                (ServiceTag::ServerTimestamp, format!("{}.5", 1_700_000_000 + number)),
                (ServiceTag::ProducerTimestamp, format!("{}.000", 1_700_000_000 + number)),
            ],
            &mut inner,
        );
        let mut user = self.user_tags.iter().take(10).map(|(name, value)| {
            let tag = SimpleTag::new("n".repeat((*name).into()), value.to_string());
            if self.nested_tag { SimpleTag { nested: vec![tag], ..SimpleTag::new("outer", "") } } else { tag }
        });
        write_tags(&[Tag { targets: None, simple_tags: user.by_ref().collect() }], &mut inner);
        self.between.iter().take(4).for_each(|between| between.write(&mut inner));

        let mut cluster = Writer::new();
        cluster.uint(Id::TIMESTAMP, self.cluster_time.into());
        let mut planned = Vec::new();
        let mut time = 0_i16;
        for block in self.blocks.iter().take(40) {
            time += i16::from(block.time);
            block.write(time, &mut cluster, &mut planned);
        }
        self.cluster_size.write(Id::CLUSTER, cluster.into_bytes(), &mut inner);
        if self.trailing {
            let trailing =
                [(ServiceTag::MillisBehindNow, "0".into()), (ServiceTag::ContinuationToken, number.to_string())];
            service(&trailing, &mut inner);
        }
        let mut writer = Writer::new();
        EbmlHeader::default().write(&mut writer);
        self.segment_size.write(Id::SEGMENT, inner.into_bytes(), &mut writer);
        stream.extend_from_slice(&writer.into_bytes());
        planned
    }
}

impl Size {
    fn write(self, id: Id, data: Vec<u8>, writer: &mut Writer) {
        match self {
            Size::Known => return writer.binary(id, &data),
            Size::Unknown => writer.header(id, None),
            Size::UnknownOneByte => writer.header_with_width(id, None, 1),
        }
        writer.raw(&data);
    }
}

impl Between {
    fn write(&self, writer: &mut Writer) {
        let (id, size) = match self {
            Between::Void(size) => (Id::VOID, *size),
            Between::Crc => (Id::CRC_32, 4),
            Between::Cues(size) => (Id::CUES, *size),
            Between::Attachment(size) => (Id::ATTACHMENTS, *size),
            Between::Unknown(size) => (Id(0x4123), *size),
        };
        writer.binary(id, &vec![0x20; size.into()]);
    }
}

impl Payload {
    fn bytes(&self) -> Vec<u8> {
        let unit = |kind: u8, len: u8| [&[kind, 0x88][..], &vec![0x5A; len.into()]].concat();
        match self {
            Payload::Nothing => Vec::new(),
            Payload::Bytes(len, byte) => vec![*byte; usize::from(*len) % 600],
            Payload::Unit(kind, len) => {
                let unit = unit(*kind, *len);
                [&u32::try_from(unit.len()).expect("short").to_be_bytes()[..], &unit].concat()
            }
            Payload::StartCode(kind, len) => [&[0, 0, 0, 1][..], &unit(*kind, *len)].concat(),
        }
    }
}

impl Block {
    fn write(&self, time: i16, cluster: &mut Writer, planned: &mut Vec<Planned>) {
        let track = u64::from(self.track % 4) + 1;
        let payload = self.frame.bytes();
        let mut plan = |payload: &[u8], keyframe| planned.push(Planned { track, keyframe, payload: payload.to_vec() });
        let laced = |flags: u8, head: &[u8], frames: &[Vec<u8>], cluster: &mut Writer| {
            let number = 0x80 | u8::try_from(track).expect("four tracks");
            let [high, low] = time.to_be_bytes();
            let count = u8::try_from(frames.len() - 1).expect("few frames");
            let flags = flags | u8::from(self.keyframe) << 7;
            cluster
                .binary(Id::SIMPLE_BLOCK, &[&[number, high, low, flags, count][..], head, &frames.concat()].concat());
        };
        let frames = |more: &[Payload]| -> Vec<Vec<u8>> {
            std::iter::once(payload.clone()).chain(more.iter().take(20).map(Payload::bytes)).collect()
        };
        match &self.kind {
            Kind::Simple => {
                let flags = BlockFlags { keyframe: self.keyframe, ..BlockFlags::default() };
                cluster.simple_block_header(track, time, flags, u64::try_from(payload.len()).expect("short"));
                cluster.raw(&payload);
                plan(&payload, self.keyframe);
            }
            Kind::Group { duration, references } => {
                let references = vec![-1; usize::from(references % 4)];
                let keyframe = references.is_empty();
                let group = BlockGroup { duration: duration.map(u64::from), references, ..BlockGroup::default() };
                group.write(track, time, false, &payload, cluster);
                plan(&payload, keyframe);
            }
            Kind::Fixed(count) if !payload.is_empty() => {
                let frames = vec![payload.clone(); usize::from(count % 8) + 1];
                laced(4, &[], &frames, cluster);
                frames.iter().for_each(|frame| plan(frame, self.keyframe));
            }
            Kind::Fixed(_) => {}
            Kind::Xiph(more) => {
                let frames = frames(more);
                let mut head = Vec::new();
                for frame in frames.iter().rev().skip(1).rev() {
                    head.extend(std::iter::repeat_n(255, frame.len() / 255));
                    head.push(u8::try_from(frame.len() % 255).expect("a remainder"));
                }
                laced(2, &head, &frames, cluster);
                frames.iter().for_each(|frame| plan(frame, self.keyframe));
            }
            Kind::Ebml(more) => {
                let frames = frames(more);
                let mut head = Vec::new();
                let len = |frame: &Vec<u8>| i32::try_from(frame.len()).expect("short");
                let sizes: Vec<i32> = frames.iter().rev().skip(1).rev().map(len).collect();
                for (index, size) in sizes.iter().enumerate() {
                    // In two bytes, which hold differences of up to 8,191.
                    let value = match index.checked_sub(1) {
                        None => *size,
                        Some(last) => size - sizes[last] + 8191,
                    };
                    head.extend(u16::try_from(0x4000 | value).expect("two bytes").to_be_bytes());
                }
                laced(6, &head, &frames, cluster);
                frames.iter().for_each(|frame| plan(frame, self.keyframe));
            }
        }
    }
}

impl Damage {
    fn apply(&self, stream: &mut Vec<u8>) {
        let at = |offset: &u32| usize::try_from(*offset).unwrap_or_default() % (stream.len() + 1);
        let range = |from: usize, len: u16| from..(from + usize::from(len)).min(stream.len());
        match self {
            Damage::Set(offset, value) => {
                let at = at(offset);
                if let Some(byte) = stream.get_mut(at) {
                    *byte = *value;
                }
            }
            Damage::Cut(offset, len) => {
                let range = range(at(offset), *len);
                stream.drain(range);
            }
            Damage::Repeat(offset, len) => {
                let range = range(at(offset), *len);
                let part = stream[range.clone()].to_vec();
                stream.splice(range.end..range.end, part);
            }
            Damage::Move(offset, to, len) => {
                let (range, to) = (range(at(offset), *len), at(to));
                let part: Vec<u8> = stream.drain(range).collect();
                let to = to.min(stream.len());
                stream.splice(to..to, part);
            }
        }
    }
}
