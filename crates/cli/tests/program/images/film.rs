//! A stream as strangers see it: which frame is shown when, and what it looks like.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::ops::Range;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::images::pixels::Rgb;
use crate::process::{Folder, program};
use crate::streams::{documents, positions, size_at, tag_values};

/// A stream of video.
#[derive(Debug)]
pub(super) struct Film {
    pub(super) path: PathBuf,
    pub(super) width: usize,
    pub(super) height: usize,
    /// In the order in which they are shown.
    pub(super) frames: Vec<Frame>,
    /// The matrix and range that ffmpeg is told to convert with.
    conversion: String,
}

/// A frame of video.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Frame {
    /// When it is shown by the producer's clock, in milliseconds since the epoch.
    pub(super) time_ms: i64,
    /// The same by the server's clock.
    pub(super) server_ms: i64,
    pub(super) key: bool,
    /// In which fragment it is.
    pub(super) fragment: usize,
    /// Which frame it is in stored order.
    pub(super) stored: usize,
}

/// Which frame is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Pick {
    Exact,
    Keyframe,
}

impl Pick {
    pub(super) fn words(self) -> &'static str {
        match self {
            Pick::Exact => "--pick exact",
            Pick::Keyframe => "--pick keyframe",
        }
    }
}

impl Film {
    /// What ffprobe and the tags tell of a file; `None` if it has no video.
    pub(super) fn of(path: &Path) -> Option<Film> {
        let stream = fs::read(path).unwrap();
        let words = "-v quiet -of json -select_streams v:0 -show_streams -show_packets -i pipe:0";
        let probed = program("ffprobe").words(words).stdin(&*stream).done().json();
        let info = probed["streams"].as_array()?.first()?.clone();
        let packets = probed["packets"].as_array()?;
        assert_eq!(info["time_base"], "1/1000", "{}", path.display());
        let mut frames = frames(&stream, packets);
        frames.sort_by_key(|frame| (frame.time_ms, frame.stored));
        let side = |name: &str| usize::try_from(info[name].as_u64().unwrap()).unwrap();
        let (width, height) = (side("width"), side("height"));
        Some(Film { path: path.into(), width, height, frames, conversion: conversion(&info) })
    }

    /// Which frame is to be taken for a time: the last one at or before it, or the last key frame of its fragment.
    pub(super) fn at(&self, pick: Pick, time_ms: i64) -> usize {
        let exact = self.frames.partition_point(|frame| frame.time_ms <= time_ms) - 1;
        if pick == Pick::Exact {
            return exact;
        }
        let fragment = self.frames[exact].fragment;
        let is_key = |at: &usize| self.frames[*at].key && self.frames[*at].fragment == fragment;
        // Leading pictures are shown before the key frame of their fragment.
        (0..=exact).rev().find(is_key).or_else(|| (exact..self.frames.len()).find(is_key)).unwrap()
    }

    /// When the first and the last frame are shown.
    pub(super) fn span(&self) -> (i64, i64) {
        (self.frames[0].time_ms, self.frames[self.frames.len() - 1].time_ms)
    }

    /// What one frame looks like as ffmpeg's scale makes it with accurate rounding, whose way to upsample chroma is another.
    pub(super) fn by_scale(&self, at: usize) -> Rgb {
        let conversion = self.conversion.replace("matrixin=170m", "in_color_matrix=smpte170m");
        let conversion = conversion.replace("matrixin=709", "in_color_matrix=bt709").replace("rangein", "in_range");
        let filter = format!(
            "select=eq(n\\,{at}),scale={conversion}:in_h_chr_pos=0:in_v_chr_pos=128\
             :flags=accurate_rnd+full_chroma_int+full_chroma_inp+bilinear,format=rgb24"
        );
        let call = program("ffmpeg").words("-v quiet -i pipe:0 -map 0:v:0 -vf").arg(filter);
        let call = call.words("-frames:v 1 -fps_mode passthrough -f rawvideo pipe:1");
        let done = call.stdin(fs::read(&self.path).unwrap()).done();
        Rgb::sequence(&done.stdout, self.width, self.height).remove(0)
    }

    /// What these frames look like, with accurate rounding, chroma sited to the left.
    pub(super) fn pictures(&self, wanted: impl IntoIterator<Item = usize>) -> BTreeMap<usize, Rgb> {
        let wanted: BTreeSet<usize> = wanted.into_iter().filter(|&at| at < self.frames.len()).collect();
        // Frames in a row as one term: ffmpeg's expressions take a hundred.
        let wanted_list: Vec<usize> = wanted.iter().copied().collect();
        let rows = wanted_list.chunk_by(|a, b| a + 1 == *b);
        let terms: Vec<String> = rows.map(|row| format!("between(n\\,{}\\,{})", row[0], row[row.len() - 1])).collect();
        let conversion = &self.conversion;
        let filter = format!(
            "select={},zscale={conversion}:chromalin=left:filter=bilinear:dither=none:matrix=gbr:range=full\
             ,format=gbrp,format=rgb24",
            terms.join("+")
        );
        let folder = Folder::new();
        // Of all frames the digests too, to see that they are as many as there are packets.
        let done = program("ffmpeg")
            .words("-v quiet -i pipe:0 -map 0:v:0 -fps_mode passthrough -f framemd5")
            .arg(folder.join("all"))
            .words("-map 0:v:0 -fps_mode passthrough -vf")
            .arg(filter)
            .words("-f rawvideo pipe:1")
            .stdin(fs::read(&self.path).unwrap())
            .done();
        assert_eq!(done.code, Some(0), "{}", self.path.display());
        let all = String::from_utf8(folder.read("all")).unwrap();
        let count = all.lines().filter(|line| !line.starts_with('#')).count();
        assert_eq!(count, self.frames.len(), "{}: ffmpeg decodes every packet", self.path.display());
        let pictures = Rgb::sequence(&done.stdout, self.width, self.height);
        assert_eq!(pictures.len(), wanted.len(), "{}", self.path.display());
        wanted.into_iter().zip(pictures).collect()
    }
}

/// A stretch of the stream whose frames belong together, and how their times become wall-clock times.
struct Stretch {
    bytes: Range<usize>,
    producer_ms: i64,
    server_ms: i64,
    /// What is taken off a frame's time.
    cluster_ms: i64,
}

fn frames(stream: &[u8], packets: &[Value]) -> Vec<Frame> {
    let stretches =
        if stream.windows(16).any(|bytes| bytes == b"AWS_KINESISVIDEO") { chunks(stream) } else { clusters(stream) };
    let mut frames: Vec<Frame> = Vec::new();
    let mut fragment = 0;
    let mut last = None;
    for (stored, packet) in packets.iter().enumerate() {
        let position: usize = packet["pos"].as_str().unwrap().parse().unwrap();
        let at = stretches.iter().position(|stretch| stretch.bytes.contains(&position)).unwrap();
        let key = packet["flags"].as_str().unwrap().starts_with('K');
        // Only what starts with a key frame is a fragment of its own.
        if last.is_some_and(|last| last != at) && key {
            fragment += 1;
        }
        last = Some(at);
        let stretch = &stretches[at];
        let relative = packet["pts"].as_i64().unwrap() - stretch.cluster_ms;
        frames.push(Frame {
            time_ms: stretch.producer_ms + relative,
            server_ms: stretch.server_ms + relative,
            key,
            fragment,
            stored,
        });
    }
    frames
}

/// One stretch for each chunk: times are relative to the Cluster's, and start at the timestamps of the tags.
fn chunks(stream: &[u8]) -> Vec<Stretch> {
    let stretches = documents(stream).into_iter().filter_map(|bytes| {
        let document = &stream[bytes.clone()];
        let tag = |names: [&str; 2]| {
            let value = names.iter().flat_map(|name| tag_values(document, name)).next()?;
            Some((value.parse::<f64>().unwrap() * 1000.0).round() as i64)
        };
        let producer_ms = tag(["PRODUCER_TIMESTAMP", "PRODUCER_SIDE_TIMESTAMP"])?;
        let server_ms = tag(["SERVER_TIMESTAMP", "SERVER_SIDE_TIMESTAMP"])?;
        let (_, cluster_ms) = cluster_times(document).into_iter().next()?;
        Some(Stretch { bytes, producer_ms, server_ms, cluster_ms })
    });
    stretches.collect()
}

/// One stretch for each Cluster of an ordinary file: times are what they are, since DateUTC if there is one.
fn clusters(stream: &[u8]) -> Vec<Stretch> {
    // Nanoseconds since 2001.
    let date = positions(stream, b"\x44\x61\x88").first().map(|at| {
        let nanos = i64::from_be_bytes(stream[at + 3..at + 11].try_into().unwrap());
        978_307_200_000 + nanos.div_euclid(1_000_000)
    });
    let base = date.unwrap_or(0);
    let mut starts: Vec<usize> = cluster_times(stream).into_iter().map(|(at, _)| at).collect();
    starts.push(stream.len());
    let stretch =
        |pair: &[usize]| Stretch { bytes: pair[0]..pair[1], producer_ms: base, server_ms: base, cluster_ms: 0 };
    starts.windows(2).map(stretch).collect()
}

/// Where Clusters start, and the Timestamp of each, which comes first but for a CRC-32.
fn cluster_times(stream: &[u8]) -> Vec<(usize, i64)> {
    let times = positions(stream, b"\x1F\x43\xB6\x75").into_iter().filter_map(|start| {
        let (_, width) = size_at(stream, start + 4);
        let mut at = start + 4 + width;
        if stream[at..].starts_with(b"\xBF\x84") {
            at += 6;
        }
        if stream[at] != 0xE7 {
            return None;
        }
        let (size, width) = size_at(stream, at + 1);
        let bytes = &stream[at + 1 + width..][..size];
        Some((start, bytes.iter().fold(0, |time, &byte| time << 8 | i64::from(byte))))
    });
    times.collect()
}

/// The matrix and range as ffprobe has them, else as the size has it.
fn conversion(info: &Value) -> String {
    let (width, height) = (info["width"].as_u64().unwrap(), info["height"].as_u64().unwrap());
    let matrix = match info["color_space"].as_str() {
        Some("bt709") => "709",
        Some("smpte170m" | "bt470bg") => "170m",
        Some("bt2020nc") => "2020_ncl",
        None | Some("unknown") if width <= 1024 && height <= 576 => "170m",
        None | Some("unknown") => "709",
        other => panic!("{other:?}"),
    };
    let range = match info["color_range"].as_str() {
        Some("pc") => "full",
        None | Some("tv" | "unknown") => "limited",
        other => panic!("{other:?}"),
    };
    format!("matrixin={matrix}:rangein={range}")
}
