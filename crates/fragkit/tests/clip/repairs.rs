//! Each way in which producers get their media wrong, end to end: the clip of the broken stream shows and sounds what the clip
//! of the right one does, from a file and from a pipe, and says what was repaired; or, where nothing may be repaired, there
//! is the error that the service would give.

mod cut;
mod frames;
mod private_data;
mod sound;

use std::collections::HashMap;
use std::hash::Hash;
use std::io::Write as _;
use std::sync::{Arc, LazyLock, Mutex, OnceLock};

use bytes::Bytes;
use fragkit::mkv::TrackEntry;
use fragkit::mp4::check::{self, Summary};
use fragkit::{
    Clip, ClipError, ClipErrorKind, ClipOptions, Clipper, Finding, Item, Pipe, Severity, Source, StreamingClipper,
    write_runs,
};
use serde_json::Value;

use crate::cases::{parallel, presented_ns, temporary};
use crate::inputs::{Media, fragments, testdata};
use crate::programs::{self, complaints, decoded, ffprobe};
use crate::rewritten::Stream;

/// A broken form.
struct Row {
    /// The producer or the mistake.
    name: &'static str,
    sources: &'static [&'static str],
    breaks: fn(&mut Stream),
    told: &'static [Told],
    strict: Strict,
}

/// What is told of it: exception, what was done, the words, and of how many frames.
struct Told(Option<&'static str>, Option<&'static str>, &'static str, Count);

/// Of how many frames a finding tells.
#[derive(Clone, Copy)]
enum Count {
    /// One, or of the private data.
    Once,
    /// Every frame of video that there was.
    Pictures,
    /// Every frame of sound.
    Sounds,
    /// One for each key frame of video.
    KeyFrames,
    /// Every frame of video but the key frames.
    Predicted,
    /// Every second frame of video, the first of each chunk not among them.
    EverySecond,
    /// The frames of video in every second chunk.
    EverySecondChunk,
}

/// What comes of it where nothing may be repaired.
enum Strict {
    /// A clip that plays all the same: the service does not look there.
    Clip,
    /// A clip, and the fault is still in it.
    AsItIs,
    Refused(ClipErrorKind, &'static str),
}

/// A stream that is as it should be, and its clip.
pub(crate) struct Right {
    pub(crate) stream: Stream,
    streams: programs::Streams,
    clip: Vec<u8>,
    summary: Summary,
    /// The decoded frames of the ordinary file that it is made of.
    decoded: Vec<Vec<String>>,
}

impl Right {
    /// Of each source once; `None` for one that ffmpeg has to make, where it is missing.
    pub(crate) fn of(name: &'static str) -> Option<Arc<Right>> {
        static KNOWN: LazyLock<Known<&str, Option<Arc<Right>>>> = LazyLock::new(Mutex::default);
        once(&KNOWN, name, || Right::read(name).map(Arc::new))
    }

    fn read(name: &str) -> Option<Right> {
        let made = if name == TINY { Some(programs::tiny()?) } else { None };
        let path = made.as_ref().map_or_else(|| testdata().join(name), |file| file.path().to_path_buf());
        let plain = Source::open([&path]).unwrap();
        let streams = Media::of(&fragments(&plain)).streams();
        let stream = Stream::from_plain(&plain);
        let source = stream.source();
        let (clip, findings) = from_file(&source, source.items_without_audio_payload(), false);
        assert_eq!(findings, [], "{name}");
        let clip = clip.unwrap();
        let summary = check::check(&clip).unwrap();
        let decoded = if programs::available() { decoded(&path, None, streams) } else { Vec::new() };
        Some(Right { stream, streams, clip, summary, decoded })
    }
}

/// What strangers say of a file. Many clips are the same to the byte, so each is asked about once.
struct Said {
    complaints: String,
    decoded: Vec<Vec<String>>,
    facts: Vec<Vec<Value>>,
}

impl Said {
    fn of(clip: &[u8], streams: programs::Streams) -> Arc<Said> {
        static KNOWN: LazyLock<Known<Vec<u8>, Arc<Said>>> = LazyLock::new(Mutex::default);
        once(&KNOWN, clip.to_vec(), || {
            let file = temporary(clip);
            let streams_of = |probe: &Value| probe["streams"].as_array().unwrap().iter().map(facts).collect();
            Arc::new(Said {
                complaints: complaints(file.path()),
                decoded: decoded(file.path(), None, streams),
                facts: streams_of(&ffprobe(file.path())),
            })
        })
    }
}

/// What was found out already; whoever asks first finds it out.
type Known<K, V> = Mutex<HashMap<K, Arc<OnceLock<V>>>>;

fn once<K: Eq + Hash, V: Clone>(known: &Known<K, V>, key: K, find_out: impl FnOnce() -> V) -> V {
    let place = known.lock().unwrap().entry(key).or_default().clone();
    place.get_or_init(find_out).clone()
}

/// What ffprobe says of codec, size and profile.
fn facts(stream: &Value) -> Vec<Value> {
    let keys = ["codec_name", "codec_tag_string", "profile", "level", "width", "height", "pix_fmt", "has_b_frames"];
    let of_sound = ["sample_rate", "channels", "channel_layout", "nb_frames", "is_avc", "nal_length_size"];
    keys.iter().chain(&of_sound).map(|key| stream[key].clone()).collect()
}

fn options(strict: bool) -> ClipOptions {
    ClipOptions { strict, ..ClipOptions::default() }
}

fn fragment(item: Item) -> fragkit::Fragment {
    match item {
        Item::Fragment(fragment) => fragment,
        Item::Finding(finding) => panic!("{finding}"),
    }
}

pub(crate) type Made = (Result<Vec<u8>, ClipError>, Vec<Finding>);

pub(crate) fn from_file(source: &Source, items: impl Iterator<Item = Item>, strict: bool) -> Made {
    let mut clipper = Clipper::new(options(strict));
    items.for_each(|item| clipper.add(&fragment(item)));
    let findings = clipper.take_findings();
    let clip = clipper.clips().map(|clips| written(source, &clips[0]));
    (clip, findings)
}

fn written(source: &Source, clip: &Clip<'_>) -> Vec<u8> {
    let mut file = Vec::new();
    write_runs(source, &mut file, |writer| clip.runs(|run| writer.write(&run))).unwrap();
    file
}

pub(crate) fn from_pipe(bytes: &Bytes, strict: bool) -> Made {
    let mut file = Vec::new();
    let mut clipper = StreamingClipper::new(options(strict));
    for item in Pipe::new(&bytes[..]) {
        clipper.add(&fragment(item.unwrap()), |bytes| file.write_all(bytes)).unwrap();
    }
    let findings = clipper.take_findings();
    let clip = clipper.finish().map(|end| {
        file.extend_from_slice(&end.moov);
        let at = end.patch.0 as usize;
        file[at..at + 16].copy_from_slice(&end.patch.1);
        file
    });
    (clip, findings)
}

/// All that does not hold for a row and one of its sources.
fn failures(row: &Row, name: &'static str) -> Vec<String> {
    let Some(right) = Right::of(name) else { return Vec::new() };
    let mut broken = right.stream.clone();
    (row.breaks)(&mut broken);
    let bytes = broken.bytes();
    let source = Source::from(bytes.clone());
    let mut failures = Vec::new();
    if bytes == right.stream.bytes() {
        failures.push("the stream is not broken".to_owned());
    }
    let (clip, findings) = from_file(&source, source.items_without_audio_payload(), false);
    let whole = from_file(&source, source.items(), false);
    let (piped, in_pipe) = from_pipe(&bytes, false);
    if (&clip, &findings) != (&whole.0, &whole.1) {
        failures.push("it matters whether the bytes of sound are at hand".into());
    }
    if findings != in_pipe {
        failures.push(format!("from a pipe, other things are told: {in_pipe:?}"));
    }
    failures.extend(told(&findings, row, &right.stream, &broken));
    for (way, clip) in [("file", clip), ("pipe", piped)] {
        match clip {
            Ok(clip) => failures.extend(clip_failures(&clip, &right).into_iter().map(|what| format!("{way}: {what}"))),
            Err(error) => failures.push(format!("{way}: {error}")),
        }
    }
    let ways = [from_file(&source, source.items_without_audio_payload(), true), from_pipe(&bytes, true)];
    failures.extend(ways.into_iter().filter_map(|(clip, _)| strict_failure(&clip, &row.strict, &right)));
    failures.into_iter().map(|what| format!("{}, {name}: {what}", row.name)).collect()
}

/// A repaired clip has the times of the right one, and decodes to the frames of the source.
pub(crate) fn clip_failures(clip: &[u8], right: &Right) -> Vec<String> {
    let mut failures = Vec::new();
    let summary = match check::check(clip) {
        Ok(summary) => summary,
        Err(error) => return vec![error.to_string()],
    };
    if summary.unreferenced_bytes != 0 || summary.tracks.len() != right.summary.tracks.len() {
        failures.push(format!("{} tracks, {} bytes of no track", summary.tracks.len(), summary.unreferenced_bytes));
    }
    if (summary.duration, summary.timescale) != (right.summary.duration, right.summary.timescale) {
        failures.push(format!("it lasts {} instead of {}", summary.duration, right.summary.duration));
    }
    for (found, expected) in summary.tracks.iter().zip(&right.summary.tracks) {
        if presented_ns(&summary, found) != presented_ns(&right.summary, expected) {
            failures.push(format!("times of track {} differ", found.track_id));
        }
        let timing = |sample: fragkit::mp4::Sample| (sample.duration, sample.composition_offset, sample.sync);
        if !found.samples().map(timing).eq(expected.samples().map(timing)) {
            failures.push(format!("decode times or key frames of track {} differ", found.track_id));
        }
    }
    if programs::available() {
        let (said, of_right) = (Said::of(clip, right.streams), Said::of(&right.clip, right.streams));
        if !said.complaints.is_empty() {
            failures.push(format!("ffmpeg complains: {}", said.complaints));
        }
        if said.decoded != right.decoded || of_right.decoded != right.decoded {
            failures.push("it decodes to other frames".into());
        }
        if said.facts != of_right.facts {
            failures.push(format!("ffprobe says {:?} instead of {:?}", said.facts, of_right.facts));
        }
    }
    failures
}

fn told(findings: &[Finding], row: &Row, right: &Stream, broken: &Stream) -> Option<String> {
    let is_video = |entry: &TrackEntry| entry.video.is_some();
    let holds = |(finding, Told(exception, repair, words, count)): (&Finding, &Told)| {
        let frames = match count {
            Count::Once => 1,
            Count::Pictures => right.frame_count(is_video),
            Count::Sounds => broken.frame_count(|entry| entry.audio.is_some()),
            Count::KeyFrames => right.key_frames(),
            Count::Predicted => right.frame_count(is_video) - right.key_frames(),
            Count::EverySecond => right.pictures_per_chunk().map(|pictures| pictures / 2).sum(),
            Count::EverySecondChunk => right.pictures_per_chunk().skip(1).step_by(2).sum(),
        };
        let alike = if frames > 1 { format!(", and {} more frames alike", frames - 1) } else { ")".into() };
        let place = if finding.path.ends_with("Block") { "Segment > Cluster > SimpleBlock" } else { PRIVATE_PATH };
        (finding.severity, finding.exception, finding.repair.as_deref()) == (Severity::Warning, *exception, *repair)
            && finding.message.contains(words)
            && finding.message.ends_with(&alike)
            && (finding.path == place && finding.offset.is_some() && finding.hint.is_some())
    };
    if findings.len() == row.told.len() && findings.iter().zip(row.told).all(holds) {
        return None;
    }
    let lines: Vec<String> = findings.iter().map(|finding| format!("\n    {finding}")).collect();
    Some(format!("other things are told:{}", lines.concat()))
}

const PRIVATE_PATH: &str = "Segment > Tracks > TrackEntry > CodecPrivate";

fn strict_failure(clip: &Result<Vec<u8>, ClipError>, expected: &Strict, right: &Right) -> Option<String> {
    match (clip, expected) {
        (Ok(clip), Strict::Clip) if programs::available() => {
            let said = Said::of(clip, right.streams);
            let is_same = said.decoded == right.decoded && said.complaints.is_empty();
            (!is_same).then(|| format!("strict: it decodes to other frames: {}", said.complaints))
        }
        (Ok(clip), Strict::Clip | Strict::AsItIs) => check::check(clip).err().map(|error| format!("strict: {error}")),
        (Err(error), Strict::Refused(kind, words)) => {
            let as_expected = error.kind() == *kind
                && error.exception().is_some()
                && error.fragment_number().is_some()
                && error.to_string().contains(words);
            (!as_expected).then(|| format!("strict: {error}"))
        }
        (Ok(_), Strict::Refused(..)) => Some("strict: there is a clip".into()),
        (Err(error), Strict::Clip | Strict::AsItIs) => Some(format!("strict: there is no clip: {error}")),
    }
}

#[track_caller]
fn check_rows(rows: &[Row]) {
    let pairs: Vec<(&Row, &'static str)> =
        rows.iter().flat_map(|row| row.sources.iter().map(move |source| (row, *source))).collect();
    let failures = parallel(&pairs, |(row, source)| failures(row, source)).concat();
    assert!(failures.is_empty(), "{} failures\n{}", failures.len(), failures.join("\n"));
}

/// Made by ffmpeg on the spot.
const TINY: &str = "tiny";
const BASELINE: &str = "h264-baseline.mkv";
const MAIN: &str = "h264-main-aac.mkv";
const HIGH: &str = "h264-high-bframes-aac.mkv";
const SLICES: &str = "h264-slices-inband.mkv";
const HEVC: &str = "h265-bframes-aac.mkv";
const HEVC_10: &str = "h265-main10.mkv";
const HEVC_IN_BAND: &str = "h265-inband.mkv";
const AVC_ALL: &[&str] = &[BASELINE, MAIN, HIGH];
const VIDEO: &[&str] = &[BASELINE, MAIN, HIGH, HEVC];
const HEVC_ALL: &[&str] = &[HEVC, HEVC_10];

const MISSING: Option<&str> = Some("MissingCodecPrivateDataException");
const PRIVATE: Option<&str> = Some("InvalidCodecPrivateDataException");
const FRAME: Option<&str> = Some("InvalidMediaFrameException");

const NEW_RECORD: Option<&str> = Some("a new one was built from the private data itself");
const FROM_FRAMES: Option<&str> = Some("a configuration record was built from the parameter sets in its frames");
const CONVERTED: Option<&str> = Some("start codes are converted to lengths");
const FOUR_BYTES: Option<&str> = Some("lengths are written with four bytes");
const UNIT_LEFT_OUT: Option<&str> = Some("the unit is left out");
const LEFT_OUT: Option<&str> = Some("the frame is left out");

const CODES_IN_PRIVATE: &str = "configurationVersion is expected, an Annex B start code stands there";
const NO_PRIVATE: &str = "there are no bytes";
const CODES_IN_FRAME: &str = "frame byte 0: NALUnitLength of 4 bytes is expected, an Annex B start code stands there";

const fn refused_private(words: &'static str) -> Strict {
    Strict::Refused(ClipErrorKind::InvalidCodecPrivateData, words)
}

const fn refused_frame(words: &'static str) -> Strict {
    Strict::Refused(ClipErrorKind::InvalidMediaFrame, words)
}
