//! Single documents as strangers read them: matroska-demuxer, ffprobe and mkvinfo see the frames that the parser gives, with
//! their tracks, times, bytes and key frames. Where one differs, a test says who is right.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests say what they expect by panicking"
)]

use std::fs;
use std::io::Cursor;
use std::ops::Range;
use std::path::PathBuf;
use std::process::Command;
use std::sync::mpsc;
use std::time::Duration;

use bytes::Bytes;
use fragkit_mkv::write::{BlockFlags, Writer};
use fragkit_mkv::{EbmlHeader, Event, Id, Info, Limits, Parser, TrackEntry, TrackType, Video, write_tracks};
use matroska_demuxer::MatroskaFile;

const TESTDATA: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../testdata");
const CAPTURES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/captures");

/// A file whose frames are stored with zlib.
const ZLIB: &str = "zlib.mkv";

/// A frame, as all readers can tell of it.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Frame {
    track: u64,
    /// In milliseconds, or `None` behind the first frame of a lace, for which readers have rules of their own.
    time: Option<i64>,
    size: usize,
    adler: u32,
    keyframe: bool,
}

/// A document of a stream: its bytes, and what the parser reads in them.
struct Document {
    name: String,
    bytes: Vec<u8>,
    tracks: Vec<u64>,
    frames: Vec<Frame>,
    /// Whether there is a BlockGroup.
    has_groups: bool,
    /// Whether there is a SeekHead: chunks keep that of the upload, which points to places that are not there.
    has_seek_head: bool,
}

impl Document {
    fn is_laced(&self) -> bool {
        self.frames.iter().any(|frame| frame.time.is_none())
    }
}

fn adler32(bytes: &[u8]) -> u32 {
    let (a, b) = bytes.iter().fold((1_u32, 0_u32), |(a, b), byte| {
        let a = (a + u32::from(*byte)) % 65_521;
        (a, (a + b) % 65_521)
    });
    b << 16 | a
}

/// Reads a stream, which must be sound, and takes it apart into documents.
fn documents(name: &str, stream: &[u8]) -> Vec<Document> {
    let mut parser = Parser::new(Limits::default());
    parser.push(Bytes::copy_from_slice(stream));
    parser.finish();
    let mut documents: Vec<(Range<usize>, Document)> = Vec::new();
    let (mut scale, mut cluster) = (1_000_000, 0);
    while let Some(event) = parser.poll().unwrap() {
        if let Event::Document { offset, .. } = event {
            scale = 1_000_000;
            let start = usize::try_from(offset).unwrap();
            let document = Document {
                name: format!("{name}, document {}", documents.len() + 1),
                bytes: Vec::new(),
                tracks: Vec::new(),
                frames: Vec::new(),
                has_groups: false,
                has_seek_head: false,
            };
            documents.push((start..start, document));
        }
        let (range, document) = documents.last_mut().unwrap();
        match event {
            Event::Info { info, .. } => scale = info.timestamp_scale,
            Event::Tracks { tracks, .. } => document.tracks = tracks.iter().map(|track| track.number).collect(),
            Event::Skipped { id: Id::SEEK_HEAD, .. } => document.has_seek_head = true,
            Event::Timestamp(timestamp) => cluster = i64::try_from(timestamp).unwrap(),
            Event::Block(block) => {
                document.has_groups |= block.group.is_some();
                let nanos = (cluster + i64::from(block.timestamp)) * i64::try_from(scale).unwrap();
                for (index, frame) in block.frames.as_slice().iter().enumerate() {
                    document.frames.push(Frame {
                        track: block.track,
                        time: (index == 0).then_some((nanos + 500_000).div_euclid(1_000_000)),
                        size: frame.len(),
                        adler: adler32(frame),
                        keyframe: block.keyframe,
                    });
                }
            }
            Event::DocumentEnd { offset } => range.end = usize::try_from(offset).unwrap(),
            _ => {}
        }
    }
    let with_bytes =
        |(range, document): (Range<usize>, Document)| Document { bytes: stream[range].to_vec(), ..document };
    documents.into_iter().map(with_bytes).filter(|document| !document.frames.is_empty()).collect()
}

/// The first documents of every stream of testdata and of every capture that is at hand.
fn all() -> Vec<Document> {
    let mut paths: Vec<PathBuf> = Vec::new();
    for folder in [TESTDATA, CAPTURES] {
        match fs::read_dir(folder) {
            Ok(entries) => paths.extend(entries.map(|entry| entry.unwrap().path())),
            Err(error) => {
                assert!(std::env::var_os("FRAGKIT_REQUIRE_CAPTURES").is_none(), "{folder}: {error}");
                println!("skipped: {folder}: {error}");
            }
        }
    }
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "mkv"));
    paths.sort();
    assert!(paths.len() > 30);
    let of = |path: &PathBuf| {
        let mut documents = documents(&path.file_name().unwrap().to_string_lossy(), &fs::read(path).unwrap());
        documents.truncate(2);
        documents
    };
    paths.iter().filter(|path| !path.ends_with(ZLIB)).flat_map(of).collect()
}

/// Holds what another reader sees against what the parser sees, by what that reader can tell.
fn agree(reader: &str, document: &Document, seen: &[Frame], told: impl Fn(&Frame) -> Frame) {
    let name = &document.name;
    for (index, (ours, theirs)) in document.frames.iter().zip(seen).enumerate() {
        assert_eq!(told(theirs), told(ours), "{reader} (left): {name}, frame {index}");
    }
    assert_eq!(seen.len(), document.frames.len(), "{reader} (left): {name}");
}

/// The frames that matroska-demuxer sees, or why it sees none. It is given some time, since it can run for ever.
fn demuxed(bytes: &[u8]) -> Result<Vec<Frame>, String> {
    let bytes = bytes.to_vec();
    let (sender, receiver) = mpsc::channel();
    std::thread::spawn(move || {
        let _ = sender.send(demux(bytes));
    });
    receiver.recv_timeout(Duration::from_secs(5)).unwrap_or_else(|_| Err("it does not come to an end".into()))
}

fn demux(bytes: Vec<u8>) -> Result<Vec<Frame>, String> {
    let mut file = MatroskaFile::open(Cursor::new(bytes)).map_err(|error| error.to_string())?;
    let scale = i64::try_from(u64::from(file.info().timestamp_scale())).unwrap();
    let mut frame = matroska_demuxer::Frame::default();
    let mut frames = Vec::new();
    while file.next_frame(&mut frame).map_err(|error| error.to_string())? {
        let nanos = i64::try_from(frame.timestamp).unwrap() * scale;
        frames.push(Frame {
            track: frame.track,
            time: Some((nanos + 500_000).div_euclid(1_000_000)),
            size: frame.data.len(),
            adler: adler32(&frame.data),
            keyframe: frame.is_keyframe.unwrap_or_default(),
        });
    }
    Ok(frames)
}

#[test]
fn matroska_demuxer_sees_the_same_frames_where_it_opens_the_document() {
    let (mut opened, mut refused) = (0, Vec::new());
    for document in all() {
        match demuxed(&document.bytes) {
            Ok(seen) => {
                opened += 1;
                let laced = document.is_laced();
                agree("matroska-demuxer", &document, &seen, |frame| Frame {
                    // It has no times before 0, and gives 0 for those.
                    time: frame.time.filter(|_| !laced).map(|time| time.max(0)),
                    // It does not tell of those in a BlockGroup.
                    keyframe: frame.keyframe && !document.has_groups,
                    ..*frame
                });
            }
            Err(error) => refused.push((document.name, document.has_seek_head, error)),
        }
    }
    assert!(opened > 60, "{opened}");
    // The service keeps the SeekHead of the upload in each chunk, where it points to nothing. To look for elements where it says
    // and to give up is within the rules (RFC 9559, section 5.1.1), but it is only an aid: mkvinfo and ffprobe read all of these.
    for (name, has_seek_head, error) in refused {
        assert!(has_seek_head && error == "None", "{name}: {error}");
    }
}

/// A document of one track, with a frame for each number, and with elements behind the Segment's start.
fn small(first: &[u8], frames: std::ops::Range<u8>) -> Vec<u8> {
    let mut writer = Writer::new();
    EbmlHeader::default().write(&mut writer);
    writer.header(Id::SEGMENT, None);
    writer.raw(first);
    Info::default().write(&mut writer);
    let track = TrackEntry { number: 1, uid: 1, codec_id: "V_TEST".into(), ..TrackEntry::default() };
    write_tracks(
        &[TrackEntry {
            track_type: TrackType::Video,
            video: Some(Video { pixel_width: 16, pixel_height: 16, ..Video::default() }),
            ..track
        }],
        &mut writer,
    );
    writer.master(Id::CLUSTER, |cluster| {
        cluster.uint(Id::TIMESTAMP, 0);
        for number in frames {
            cluster.simple_block_header(
                1,
                i16::from(number),
                BlockFlags { keyframe: true, ..BlockFlags::default() },
                40,
            );
            cluster.raw(&[number; 40]);
        }
    });
    writer.into_bytes()
}

/// A chain of documents is a Matroska stream (RFC 8794, section 4.1: an EBML Stream is one or more EBML Documents), and each is
/// read as above. Readers of files end with the first; so would our users' media.
#[test]
fn readers_of_files_end_with_the_first_document_of_a_chain() {
    let chain = [small(&[], 0..3), small(&[], 3..5)].concat();
    let mut read = documents("chain", &chain);
    assert_eq!(read.iter().map(|document| document.frames.len()).collect::<Vec<_>>(), [3, 2]);
    let first = read.remove(0);
    assert_eq!(demuxed(&chain).unwrap(), first.frames);
    let chain = Document { bytes: chain, ..first };
    if let Some(seen) = mkvinfo(&chain) {
        assert_eq!(seen, chain.frames);
    }
}

/// ffprobe undoes what a ContentEncoding says (RFC 9559, section 5.1.4.1.31), and a player has to; the parser gives what is stored,
/// as matroska-demuxer and mkvinfo do, and says so of the track. The service knows no such tracks.
#[test]
fn frames_stored_with_zlib_are_given_as_they_are_stored() {
    let document = documents(ZLIB, &fs::read(PathBuf::from(TESTDATA).join(ZLIB)).unwrap()).remove(0);
    assert_eq!(demuxed(&document.bytes).unwrap(), document.frames);
    let (Some(mkvinfo), Some(ffprobe)) = (mkvinfo(&document), ffprobe(&document)) else { return };
    assert_eq!(mkvinfo, document.frames);
    assert!(ffprobe.iter().zip(&mkvinfo).any(|(whole, stored)| whole.size > stored.size));
}

/// A CRC-32 is to be the first child of the element that it speaks of (RFC 8794, section 11.3.1), so also of a Segment.
/// matroska-demuxer 0.8.1 reads it again and again; mkvinfo and ffprobe read on, as we do.
#[test]
fn a_segment_that_begins_with_a_crc_32_can_be_read() {
    let mut crc = Writer::new();
    crc.binary(Id::CRC_32, &[1, 2, 3, 4]);
    let document = documents("CRC-32", &small(&crc.into_bytes(), 0..3)).remove(0);
    assert_eq!(document.frames.len(), 3);
    for seen in [mkvinfo(&document), ffprobe(&document)].into_iter().flatten() {
        agree("mkvinfo or ffprobe", &document, &seen, |frame| *frame);
    }
    assert_eq!(demuxed(&document.bytes), Err("it does not come to an end".into()));
}

/// What a tool prints, or `None` with a message where it is not installed.
fn printed(tool: &str, arguments: &[&str], document: &Document) -> Option<String> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("document.mkv");
    fs::write(&path, &document.bytes).unwrap();
    match Command::new(tool).env("LC_ALL", "C").args(arguments).arg(&path).output() {
        Ok(output) => Some(String::from_utf8_lossy(&output.stdout).into_owned()),
        Err(error) => {
            assert!(std::env::var_os("FRAGKIT_REQUIRE_STRANGERS").is_none(), "{tool}: {error}");
            println!("skipped: {tool}: {error}");
            None
        }
    }
}

/// The frames that mkvinfo lists.
fn mkvinfo(document: &Document) -> Option<Vec<Frame>> {
    let text = printed("mkvinfo", &["-s", "-c"], document)?;
    let frame = |line: &str| {
        let (kind, rest) = line.split_once(" frame, track ")?;
        let (track, rest) = rest.split_once(", timestamp ")?;
        let (time, rest) = rest.split_once(", size ")?;
        let size = rest.split(',').next()?;
        let adler = rest.split("adler 0x").nth(1)?.get(..8)?;
        let (sign, time) = time.strip_prefix('-').map_or((1, time), |time| (-1, time));
        let numbers: Vec<i64> = time.split([':', '.']).map(|part| part.parse().unwrap()).collect();
        let [hours, minutes, seconds, nanos] = numbers[..] else { panic!("{line}") };
        Some(Frame {
            track: track.parse().ok()?,
            time: Some(sign * (((hours * 60 + minutes) * 60 + seconds) * 1000 + (nanos + 500_000) / 1_000_000)),
            size: size.parse().ok()?,
            adler: u32::from_str_radix(adler, 16).ok()?,
            keyframe: kind == "I",
        })
    };
    Some(text.lines().filter_map(frame).collect())
}

#[test]
fn mkvinfo_sees_the_same_frames() {
    for document in all() {
        let Some(seen) = mkvinfo(&document) else { return };
        let laced = document.is_laced();
        agree("mkvinfo", &document, &seen, |frame| Frame { time: frame.time.filter(|_| !laced), ..*frame });
    }
}

/// The packets that ffprobe gives, without its parsers, which would join and split them.
fn ffprobe(document: &Document) -> Option<Vec<Frame>> {
    let entries = "packet=stream_index,pts_time,dts_time,size,flags,data_hash";
    let arguments = [
        ["-v", "quiet"],
        ["-fflags", "noparse+nofillin"],
        ["-show_data_hash", "adler32"],
        ["-of", "compact=p=0"],
        ["-show_entries", entries],
    ];
    let text = printed("ffprobe", arguments.as_flattened(), document)?;
    let packet = |line: &str| {
        let field = |name: &str| line.split('|').find_map(|field| field.strip_prefix(name)?.strip_prefix('='));
        #[allow(clippy::as_conversions, reason = "a few seconds in milliseconds")]
        let millis = |seconds: f64| (seconds * 1000.0).round() as i64;
        let stream: usize = field("stream_index")?.parse().ok()?;
        Some(Frame {
            track: *document.tracks.get(stream)?,
            // Tracks of its compatible kind have their times in the other field.
            time: ["pts_time", "dts_time"].iter().find_map(|name| field(name)?.parse().ok()).map(millis),
            size: field("size")?.parse().ok()?,
            adler: u32::from_str_radix(field("data_hash")?.strip_prefix("adler32:")?, 16).ok()?,
            keyframe: field("flags")?.starts_with('K'),
        })
    };
    Some(text.lines().filter_map(packet).collect())
}

#[test]
fn ffprobe_sees_the_same_frames() {
    for document in all() {
        let Some(seen) = ffprobe(&document) else { return };
        let laced = document.is_laced();
        agree("ffprobe", &document, &seen, |frame| Frame {
            // A block before the Cluster with time 0 has a time below 0; it gives none for those.
            time: frame.time.filter(|time| !laced && *time >= 0),
            keyframe: frame.keyframe && !laced,
            ..*frame
        });
    }
}
