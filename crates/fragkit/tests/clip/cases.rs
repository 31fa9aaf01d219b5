//! A clip of every input in both ways of treating gaps, made once for all tests, with what strangers say of it.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, OnceLock};

use fragkit::mp4::check::{self, Summary, TrackSummary};
use fragkit::mp4::{Edit, Sample};
use fragkit::{ClipError, ClipOptions, Clipper, Fragment, Gaps, Source, StreamingClipper, write_runs};
use serde_json::Value;
use tempfile::NamedTempFile;

use crate::inputs::{self, Media, fragments, stem};
use crate::programs::{self, decoded, ffprobe, mediainfo};

/// One input.
#[derive(Debug)]
pub(crate) struct Input {
    pub(crate) name: String,
    pub(crate) path: PathBuf,
    pub(crate) media: Media,
    /// The decoded frames of each track: of the fragments' frames in order, handed to the decoder as an elementary stream.
    pub(crate) from_fragments: Vec<Option<Vec<String>>>,
    /// The same out of the ordinary file that the input is, or was made of, as ffmpeg reads it.
    pub(crate) from_file: Option<Vec<Vec<String>>>,
    pub(crate) clips: Vec<Case>,
}

/// One clip of it.
#[derive(Debug)]
pub(crate) struct Case {
    pub(crate) gaps: Gaps,
    pub(crate) bytes: Vec<u8>,
    pub(crate) summary: Summary,
    pub(crate) complaints: String,
    pub(crate) decoded: Vec<Vec<String>>,
    pub(crate) ffprobe: Value,
    pub(crate) mediainfo: Vec<Value>,
}

/// All inputs with their clips; `None` where the strangers are missing, which was then said.
pub(crate) fn all() -> Option<&'static [Input]> {
    static INPUTS: OnceLock<Vec<Input>> = OnceLock::new();
    programs::available().then(|| INPUTS.get_or_init(|| parallel(&inputs::all(), |path| Input::of(path))).as_slice())
}

/// Calls `each` for every clip and gives all that it complains of at once.
#[track_caller]
pub(crate) fn check_each(mut each: impl FnMut(&Input, &Case) -> Result<(), String>) {
    let Some(inputs) = all() else { return };
    let mut broken = Vec::new();
    for input in inputs {
        for case in &input.clips {
            if let Err(what) = each(input, case) {
                broken.push(format!("{} ({:?}): {what}", input.name, case.gaps));
            }
        }
    }
    assert!(broken.is_empty(), "{} clips\n{}", broken.len(), broken.join("\n"));
}

impl Input {
    fn of(path: &Path) -> Input {
        let source = Source::open([path]).unwrap();
        let fragments = fragments(&source);
        let media = Media::of(&fragments);
        let from_fragments = media.tracks.iter().map(|track| {
            let (bytes, format) = track.elementary()?;
            let has_audio = !track.codec.is_video();
            let decoded = decoded(temporary(&bytes).path(), Some(&format), programs::Streams { count: 1, has_audio });
            Some(decoded.into_iter().next().unwrap())
        });
        let from_fragments = from_fragments.collect();
        let origin = match stem(path) {
            "h264-annexb" => "h264-high-bframes-aac",
            "h265-annexb" => "h265-bframes-aac",
            "fragment-list" => "h264-main-aac",
            "exceptions" => "aac-mono",
            "user-tags" => "h264-baseline",
            other => other,
        };
        let origin = path.with_file_name(origin).with_extension("mkv");
        // ffmpeg does not read the second document of a chunk stream, and so not the captures of those.
        let plain = path.starts_with(inputs::testdata()) || fragments.iter().all(|fragment| fragment.head.plain);
        let from_file = plain.then(|| decoded(&origin, None, media.streams()));
        let clips = [Gaps::Compact, Gaps::Keep].map(|gaps| Case::of(&source, &fragments, &media, gaps)).into();
        let name = path.file_name().unwrap().to_str().unwrap().to_string();
        Input { name, path: path.to_path_buf(), media, from_fragments, from_file, clips }
    }
}

impl Case {
    fn of(source: &Source, fragments: &[Fragment], media: &Media, gaps: Gaps) -> Case {
        let bytes = clip(source, fragments, ClipOptions { gaps, ..ClipOptions::default() }).unwrap();
        let summary = check::check(&bytes).unwrap();
        let file = temporary(&bytes);
        Case {
            gaps,
            summary,
            complaints: programs::complaints(file.path()),
            decoded: decoded(file.path(), None, media.streams()),
            ffprobe: ffprobe(file.path()),
            mediainfo: mediainfo(file.path()),
            bytes,
        }
    }

    /// The packets of one stream as ffprobe has them.
    pub(crate) fn packets(&self, stream: usize) -> impl Iterator<Item = &Value> {
        packets(&self.ffprobe, stream)
    }
}

/// The packets of one stream as ffprobe has them.
pub(crate) fn packets(ffprobe: &Value, stream: usize) -> impl Iterator<Item = &Value> {
    let packets = ffprobe["packets"].as_array().unwrap().iter();
    packets.filter(move |packet| packet["stream_index"].as_u64() == Some(stream as u64))
}

/// A value that ffprobe or mediainfo gives as decimal seconds, in nanoseconds.
pub(crate) fn nanos(value: &Value) -> i64 {
    let text = value.as_str().unwrap_or_else(|| panic!("{value} is no time"));
    (text.parse::<f64>().unwrap() * 1e9).round() as i64
}

/// The one clip of these fragments of a source.
pub(crate) fn clip(source: &Source, fragments: &[Fragment], options: ClipOptions) -> Result<Vec<u8>, ClipError> {
    let mut files = clips(source, fragments, options)?;
    assert_eq!(files.len(), 1);
    Ok(files.remove(0))
}

/// The clips of these fragments of a source.
pub(crate) fn clips(source: &Source, fragments: &[Fragment], options: ClipOptions) -> Result<Vec<Vec<u8>>, ClipError> {
    let mut clipper = Clipper::new(options);
    fragments.iter().for_each(|fragment| clipper.add(fragment));
    let files = clipper.clips()?.into_iter().map(|clip| {
        let mut file = Vec::new();
        write_runs(source, &mut file, |writer| clip.runs(|run| writer.write(&run))).unwrap();
        assert_eq!(file.len() as u64, clip.size());
        file
    });
    Ok(files.collect())
}

/// The clip that is made while the fragments come in.
pub(crate) fn streamed(fragments: &[Fragment], options: ClipOptions) -> Result<Vec<u8>, ClipError> {
    let mut file = Vec::new();
    let mut clipper = StreamingClipper::new(options);
    for fragment in fragments {
        clipper.add(fragment, |bytes| file.write_all(bytes)).unwrap();
    }
    let end = clipper.finish()?;
    file.extend_from_slice(&end.moov);
    let at = end.patch.0 as usize;
    file[at..at + 16].copy_from_slice(&end.patch.1);
    Ok(file)
}

/// When each sample is presented in the movie's time, in nanoseconds: decode time, composition offset and edit list.
pub(crate) fn presented_ns(summary: &Summary, track: &TrackSummary) -> Vec<i64> {
    let (empty, media_time) = match track.edits.as_slice() {
        [] => (0, 0),
        [Edit::Media { media_time, .. }] => (0, *media_time),
        [Edit::Empty { duration }, Edit::Media { media_time, .. }] => (*duration, *media_time),
        other => panic!("{other:?}"),
    };
    let scaled = |ticks: i64, timescale: u32| {
        let nanos = i128::from(ticks) * 1_000_000_000 / i128::from(timescale);
        i64::try_from(nanos).unwrap()
    };
    let delay = scaled(empty as i64, summary.timescale);
    let mut decode = 0;
    let presented = track.samples().map(|sample| {
        let composed = decode + i64::from(sample.composition_offset) - media_time as i64;
        decode += i64::from(sample.duration);
        delay + scaled(composed, track.timescale)
    });
    presented.collect()
}

/// The bytes of a sample.
pub(crate) fn payload<'f>(file: &'f [u8], sample: &Sample) -> &'f [u8] {
    &file[sample.offset as usize..][..sample.size as usize]
}

/// How many samples there are of each duration.
pub(crate) fn durations(track: &TrackSummary) -> BTreeMap<u32, usize> {
    let mut counts = BTreeMap::new();
    track.samples().for_each(|sample| *counts.entry(sample.duration).or_default() += 1);
    counts
}

/// A temporary file with these bytes.
pub(crate) fn temporary(bytes: &[u8]) -> NamedTempFile {
    let mut file = NamedTempFile::new().unwrap();
    file.write_all(bytes).unwrap();
    file
}

/// Maps in as many threads as there are processors; the results are in order.
pub(crate) fn parallel<T: Sync, R: Send>(items: &[T], map: impl Fn(&T) -> R + Sync) -> Vec<R> {
    let next = AtomicUsize::new(0);
    let done = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(|| {
                loop {
                    let at = next.fetch_add(1, Ordering::Relaxed);
                    let Some(item) = items.get(at) else { break };
                    let result = map(item);
                    done.lock().unwrap().push((at, result));
                }
            });
        }
    });
    let mut done = done.into_inner().unwrap();
    done.sort_by_key(|(place, _)| *place);
    done.into_iter().map(|(_, result)| result).collect()
}
