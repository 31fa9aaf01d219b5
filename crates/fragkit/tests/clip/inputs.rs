//! The input files, and what a clip of each has to hold: taken from the fragments alone, without the code that plans clips.

use std::fs;
use std::path::{Path, PathBuf};

use bytes::Bytes;
use fragkit::codec::nal::LengthSize;
use fragkit::codec::wave::G711Law;
use fragkit::codec::{CodecPrivate, VideoParameters};
use fragkit::fragment::AudioClock;
use fragkit::mkv::TrackType;
use fragkit::{Fragment, Item, Source, Track};

use crate::programs::Streams;

/// The folder of the committed test files.
pub(crate) fn testdata() -> PathBuf {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../testdata")).to_path_buf()
}

/// A committed test file.
pub(crate) fn test_file(name: &str) -> Source {
    Source::open([testdata().join(name)]).unwrap()
}

/// All files that a clip can be made of: those of testdata, and the real captures of H.264 and AAC.
pub(crate) fn all() -> Vec<PathBuf> {
    let mut paths: Vec<PathBuf> = fs::read_dir(testdata()).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "mkv") && stem(path) != "zlib");
    paths.extend(captures(&["clusters", "kinesis_video_renderer_example_output", "output_get_media", "vogels_480"]));
    paths.sort();
    paths
}

/// Real captures, which are not part of the project. Without them a test says so and goes on, unless the environment variable
/// `FRAGKIT_REQUIRE_CAPTURES` is set.
pub(crate) fn captures(names: &[&str]) -> Vec<PathBuf> {
    let folder = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/captures"));
    if !folder.is_dir() {
        assert!(std::env::var_os("FRAGKIT_REQUIRE_CAPTURES").is_none(), "no captures in {}", folder.display());
        println!("skipped: the captures are not there");
        return Vec::new();
    }
    names.iter().map(|name| folder.join(name).with_extension("mkv")).collect()
}

/// The name of a file without what comes behind its first dot.
pub(crate) fn stem(path: &Path) -> &str {
    path.file_name().unwrap().to_str().unwrap().split('.').next().unwrap()
}

/// All fragments of a stream that have frames.
pub(crate) fn fragments(source: &Source) -> Vec<Fragment> {
    let fragment = |item| match item {
        Item::Fragment(fragment) => Some(fragment),
        Item::Finding(_) => None,
    };
    source.items().filter_map(fragment).filter(|fragment| !fragment.frames.is_empty()).collect()
}

/// What the fragments hold, track by track.
#[derive(Debug)]
pub(crate) struct Media {
    pub(crate) tracks: Vec<MediaTrack>,
    /// The earliest time of any frame, in nanoseconds since 1970.
    pub(crate) start_ns: i64,
    /// One unit of the source's timestamps, or a millisecond if that is longer: what a time may be off by.
    pub(crate) tolerance_ns: i64,
}

/// One track.
#[derive(Debug)]
pub(crate) struct MediaTrack {
    pub(crate) codec: Codec,
    pub(crate) private: Bytes,
    /// Frames have lengths of four bytes in front of NAL units, and private data is a configuration record.
    pub(crate) length_prefixed: bool,
    pub(crate) clock: Option<AudioClock>,
    pub(crate) video: Option<VideoParameters>,
    /// As they come out of the decoder.
    pub(crate) channels: u16,
    /// As coded; SBR doubles it.
    pub(crate) coded_frequency: u32,
    pub(crate) frames: Vec<MediaFrame>,
}

/// One frame in stored order.
#[derive(Debug)]
pub(crate) struct MediaFrame {
    /// Producer time plus relative time, in nanoseconds since 1970.
    pub(crate) time_ns: i64,
    pub(crate) keyframe: bool,
    pub(crate) payload: Bytes,
    /// Which fragment it is in.
    pub(crate) fragment: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Codec {
    Avc,
    Hevc,
    Aac,
    Alaw,
    Ulaw,
}

impl Media {
    /// Of fragments that come in order.
    pub(crate) fn of(fragments: &[Fragment]) -> Media {
        let first = &fragments[0].head;
        let numbers: Vec<u64> = first.tracks.iter().map(|track| track.entry.number).collect();
        let mut tracks: Vec<MediaTrack> = first.tracks.iter().map(MediaTrack::of).collect();
        for (at, fragment) in fragments.iter().enumerate() {
            let base = fragment.head.producer_timestamp.unwrap().as_millis() * 1_000_000;
            for frame in &fragment.frames {
                let track = numbers.iter().position(|number| *number == frame.track).unwrap();
                tracks[track].frames.push(MediaFrame {
                    time_ns: base + frame.time.0,
                    keyframe: frame.keyframe,
                    payload: frame.payload.clone(),
                    fragment: at,
                });
            }
        }
        tracks.retain(|track| !track.frames.is_empty());
        let start_ns = tracks.iter().flat_map(|track| &track.frames).map(|frame| frame.time_ns).min().unwrap();
        let tolerance_ns = i64::try_from(first.timestamp_scale).unwrap().max(1_000_000);
        Media { tracks, start_ns, tolerance_ns }
    }

    pub(crate) fn streams(&self) -> Streams {
        let has_audio = self.tracks.iter().any(|track| !track.codec.is_video());
        Streams { count: self.tracks.len(), has_audio }
    }
}

impl MediaTrack {
    fn of(track: &Track) -> MediaTrack {
        let entry = &track.entry;
        let private = track.codec_private.as_ref().ok();
        let codec = match (entry.track_type, private, entry.codec_id.as_str()) {
            (TrackType::Video, _, id) if id.ends_with("AVC") => Codec::Avc,
            (TrackType::Video, _, id) if id.ends_with("HEVC") => Codec::Hevc,
            (_, Some(CodecPrivate::Aac(_)), _) => Codec::Aac,
            (_, Some(CodecPrivate::Wave(wave)), _) if wave.g711_law() == Some(G711Law::ALaw) => Codec::Alaw,
            (_, Some(CodecPrivate::Wave(_)), _) => Codec::Ulaw,
            other => panic!("{other:?}"),
        };
        let private_bytes = entry.codec_private.clone().unwrap_or_default();
        let length_size = private.and_then(CodecPrivate::length_size);
        assert!(length_size.is_none_or(|size| size == LengthSize::Four));
        let annex_b = codec.is_video().then(|| CodecPrivate::from_annex_b(&entry.codec_id, &private_bytes).ok());
        let video = private.cloned().or(annex_b.flatten()).and_then(|private| private.video().ok().flatten());
        let (channels, coded_frequency) = match private {
            Some(CodecPrivate::Aac(aac)) => (aac.output_channels().unwrap().into(), aac.sampling_frequency()),
            Some(CodecPrivate::Wave(wave)) => (wave.channels, wave.samples_per_sec),
            _ => (0, 0),
        };
        MediaTrack {
            codec,
            private: private_bytes,
            length_prefixed: length_size.is_some(),
            clock: track.audio_clock(),
            video,
            channels,
            coded_frequency,
            frames: Vec::new(),
        }
    }

    /// Samples a second, for sound.
    pub(crate) fn sampling_frequency(&self) -> Option<u32> {
        self.clock.map(AudioClock::sampling_frequency)
    }

    /// Times since the first frame of all tracks, in stored order.
    pub(crate) fn times_ns(&self, media: &Media) -> Vec<i64> {
        self.frames.iter().map(|frame| frame.time_ns - media.start_ns).collect()
    }

    /// The frames as an elementary stream, in the order of the fragments, with what ffmpeg has to be told of it.
    pub(crate) fn elementary(&self) -> Option<(Vec<u8>, String)> {
        let mut out = Vec::new();
        let format = match self.codec {
            Codec::Alaw | Codec::Ulaw => {
                self.frames.iter().for_each(|frame| out.extend_from_slice(&frame.payload));
                let law = if self.codec == Codec::Alaw { "alaw" } else { "mulaw" };
                format!("-f {law} -ar {} -ac {}", self.coded_frequency, self.channels)
            }
            Codec::Aac => {
                // A header of ADTS cannot say that the decoder is to double the rate.
                if self.sampling_frequency() != Some(self.coded_frequency) {
                    return None;
                }
                for frame in &self.frames {
                    out.extend_from_slice(&self.adts_header(frame.payload.len()));
                    out.extend_from_slice(&frame.payload);
                }
                "-f aac".into()
            }
            Codec::Avc | Codec::Hevc => {
                self.parameter_sets(&mut out);
                for frame in &self.frames {
                    if self.length_prefixed {
                        with_start_codes(&frame.payload, &mut out);
                    } else {
                        out.extend_from_slice(&frame.payload);
                    }
                }
                format!("-f {}", if self.codec == Codec::Avc { "h264" } else { "hevc" })
            }
        };
        Some((out, format))
    }

    fn parameter_sets(&self, out: &mut Vec<u8>) {
        let private = &self.private[..];
        let units: Vec<&[u8]> = match (self.codec, self.length_prefixed) {
            (_, false) => return out.extend_from_slice(private),
            (Codec::Avc, true) => avcc_units(private),
            _ => hvcc_units(private),
        };
        for unit in units {
            out.extend_from_slice(&[0, 0, 0, 1]);
            out.extend_from_slice(unit);
        }
    }

    /// ISO/IEC 14496-3, 1.A.2.2: the fixed and the variable header, without a checksum.
    fn adts_header(&self, frame_bytes: usize) -> [u8; 7] {
        const FREQUENCIES: [u32; 13] =
            [96_000, 88_200, 64_000, 48_000, 44_100, 32_000, 24_000, 22_050, 16_000, 12_000, 11_025, 8000, 7350];
        let frequency = FREQUENCIES.iter().position(|&known| known == self.coded_frequency).unwrap() as u8;
        let channels = self.channels as u8;
        let length = frame_bytes + 7;
        [
            0xff,
            0xf1,
            1 << 6 | frequency << 2 | channels >> 2,
            (channels & 3) << 6 | (length >> 11) as u8,
            (length >> 3) as u8,
            (length << 5) as u8 | 0x1f,
            0xfc,
        ]
    }
}

impl Codec {
    pub(crate) fn is_video(self) -> bool {
        matches!(self, Codec::Avc | Codec::Hevc)
    }

    pub(crate) fn is_g711(self) -> bool {
        matches!(self, Codec::Alaw | Codec::Ulaw)
    }

    /// The type of its sample entry.
    pub(crate) fn sample_entry(self) -> [u8; 4] {
        *match self {
            Codec::Avc => b"avc1",
            Codec::Hevc => b"hvc1",
            Codec::Aac => b"mp4a",
            Codec::Alaw => b"alaw",
            Codec::Ulaw => b"ulaw",
        }
    }

    /// What ffprobe calls it.
    pub(crate) fn ffprobe_name(self) -> &'static str {
        match self {
            Codec::Avc => "h264",
            Codec::Hevc => "hevc",
            Codec::Aac => "aac",
            Codec::Alaw => "pcm_alaw",
            Codec::Ulaw => "pcm_mulaw",
        }
    }

    /// What mediainfo calls it.
    pub(crate) fn mediainfo_name(self) -> &'static str {
        match self {
            Codec::Avc => "AVC",
            Codec::Hevc => "HEVC",
            Codec::Aac => "AAC",
            Codec::Alaw | Codec::Ulaw => "ADPCM",
        }
    }
}

fn with_start_codes(frame: &[u8], out: &mut Vec<u8>) {
    let mut rest = frame;
    while let Some((length, behind)) = rest.split_first_chunk::<4>() {
        let (unit, behind) = behind.split_at(u32::from_be_bytes(*length) as usize);
        out.extend_from_slice(&[0, 0, 0, 1]);
        out.extend_from_slice(unit);
        rest = behind;
    }
    assert!(rest.is_empty());
}

/// A unit behind two bytes that say how long it is, and what follows.
fn unit(from: &[u8]) -> (&[u8], &[u8]) {
    let (length, behind) = from.split_first_chunk::<2>().unwrap();
    behind.split_at(u16::from_be_bytes(*length).into())
}

/// ISO/IEC 14496-15, 5.3.3.1.
fn avcc_units(record: &[u8]) -> Vec<&[u8]> {
    let mut units = Vec::new();
    let mut rest = &record[5..];
    for mask in [0x1f, 0xff] {
        let count = rest[0] & mask;
        rest = &rest[1..];
        for _ in 0..count {
            let (found, behind) = unit(rest);
            units.push(found);
            rest = behind;
        }
    }
    units
}

/// ISO/IEC 14496-15, 8.3.3.1.
fn hvcc_units(record: &[u8]) -> Vec<&[u8]> {
    let mut units = Vec::new();
    let mut rest = &record[23..];
    for _ in 0..record[22] {
        let count = u16::from_be_bytes([rest[1], rest[2]]);
        rest = &rest[3..];
        for _ in 0..count {
            let (found, behind) = unit(rest);
            units.push(found);
            rest = behind;
        }
    }
    units
}
