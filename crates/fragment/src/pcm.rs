//! Sound that is not compressed, and sound that comes under the wrong name.
//!
//! Matroska has PCM as `A_PCM/INT/LIT`, `A_PCM/INT/BIG` and `A_PCM/FLOAT/IEEE`, with the rate, the channels and the BitDepth in
//! the Audio element; Windows has it as `A_MS/ACM` with the format tags 1 and 3. Amazon Connect has it as `A_AAC`: the calls that
//! it puts into Kinesis Video Streams are 16-bit samples, little-endian, at 8 kHz, in two tracks whose private data is an
//! AudioSpecificConfig all the same; only a tag of each fragment, `MimeType` = `audio/L16;rate=8000;channels=1;`, says what they are
//! (Amazon Connect Administrator Guide, Live media streaming). The media type L16 has big-endian samples (RFC 3551, section
//! 4.5.11); those of Connect are not.

use fragkit_codec::{CodecId, CodecPrivate};
use fragkit_mkv::{Audio, TrackEntry, TrackType};

use crate::finding::{Finding, Severity};
use crate::fragment::{Head, UserTag};
use crate::tracks::{Track, Tracks};

/// What the samples of a PCM track are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pcm {
    /// Samples a second in one channel, at least 1.
    pub sampling_frequency: u32,
    /// Channels, at least 1, interleaved sample by sample.
    pub channels: u16,
    /// Bits of a sample: 8, 16, 24 or 32; for floating point 32 or 64.
    pub bits: u16,
    /// How a sample is written.
    pub encoding: PcmEncoding,
}

/// How a sample is written. With 8 bits, integers are unsigned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PcmEncoding {
    /// An integer, least significant byte first.
    LittleEndian,
    /// An integer, most significant byte first.
    BigEndian,
    /// IEEE 754, least significant byte first.
    Float,
}

impl Pcm {
    /// Of a track, by its CodecID and Audio element, or its WAVEFORMATEX.
    pub(crate) fn of(track: &Track) -> Option<Pcm> {
        let audio = track.entry.audio.as_ref();
        let encoding = match (track.entry.codec_id.trim_end_matches('\0'), &track.codec_private) {
            ("A_PCM/INT/LIT", _) => PcmEncoding::LittleEndian,
            ("A_PCM/INT/BIG", _) => PcmEncoding::BigEndian,
            ("A_PCM/FLOAT/IEEE", _) => PcmEncoding::Float,
            (_, Ok(CodecPrivate::Wave(wave))) => {
                let encoding = match wave.sub_format().unwrap_or(wave.format_tag) {
                    1 => PcmEncoding::LittleEndian,
                    3 => PcmEncoding::Float,
                    _ => return None,
                };
                // Of the fields beside each other, producers have been seen to leave one out.
                let by_block = u32::from(wave.block_align).checked_mul(8)?.checked_div(wave.channels.into())?;
                let bits =
                    if wave.bits_per_sample > 0 { wave.bits_per_sample } else { u16::try_from(by_block).ok()? };
                return Pcm { sampling_frequency: wave.samples_per_sec, channels: wave.channels, bits, encoding }
                    .usable();
            }
            _ => return None,
        };
        let audio = audio.cloned().unwrap_or_default();
        let default_bits = if encoding == PcmEncoding::Float { 32 } else { 16 };
        Pcm {
            sampling_frequency: hertz(audio.sampling_frequency)?,
            channels: u16::try_from(audio.channels).ok()?,
            bits: u16::try_from(audio.bit_depth.unwrap_or(default_bits)).ok()?,
            encoding,
        }
        .usable()
    }

    /// Of a media type as Amazon Connect has it in the tag `MimeType`: `audio/L16;rate=8000;channels=1;`. The rate and the channels
    /// default to those.
    #[must_use]
    pub fn of_mime_type(text: &str) -> Option<Pcm> {
        let mut parts = text.split(';').map(str::trim);
        if !parts.next()?.eq_ignore_ascii_case("audio/l16") {
            return None;
        }
        let (mut sampling_frequency, mut channels) = (8000, 1);
        for (name, value) in parts.filter_map(|part| part.split_once('=')) {
            if name.trim().eq_ignore_ascii_case("rate") {
                sampling_frequency = value.trim().parse().ok()?;
            } else if name.trim().eq_ignore_ascii_case("channels") {
                channels = value.trim().parse().ok()?;
            }
        }
        Pcm { sampling_frequency, channels, bits: 16, encoding: PcmEncoding::LittleEndian }.usable()
    }

    /// Bytes of one sample of all channels.
    #[must_use]
    pub fn block_align(self) -> u32 {
        u32::from(self.channels) * u32::from(self.bits / 8)
    }

    fn usable(self) -> Option<Pcm> {
        let bits: &[u16] = if self.encoding == PcmEncoding::Float { &[32, 64] } else { &[8, 16, 24, 32] };
        (self.sampling_frequency > 0 && self.channels > 0 && bits.contains(&self.bits)).then_some(self)
    }
}

/// A rate as the Audio element has it, which is a whole number of hertz but for the way it is stored.
fn hertz(rate: f64) -> Option<u32> {
    let mut hertz = 0_u32;
    for bit in (0..u32::BITS).rev() {
        let more = hertz | 1 << bit;
        if f64::from(more) <= rate + 0.5 {
            hertz = more;
        }
    }
    ((rate - f64::from(hertz)).abs() <= 0.5 && hertz < u32::MAX).then_some(hertz)
}

/// The tag that tells what the sound of a fragment is.
const MIME_TYPE: &str = "MimeType";

/// Puts right the names of tracks that call their samples AAC where a tag says that they are PCM, and the frames are long enough
/// for it. The same tracks give the same again.
#[derive(Debug, Clone, Default)]
pub(crate) struct Relabelling {
    /// The tracks as they were and what became of them, for the next fragment.
    last: Option<(Tracks, Pcm, Tracks)>,
    told: bool,
}

impl Relabelling {
    /// Puts the tracks of a fragment right, and tells of it once.
    pub(crate) fn apply(&mut self, head: &mut Head) -> Option<Finding> {
        let is_aac = |track: &Track| CodecId::parse(&track.entry.codec_id) == CodecId::Aac;
        let tag = head.tags.iter().find(|tag| tag.name.eq_ignore_ascii_case(MIME_TYPE))?;
        let pcm = Pcm::of_mime_type(&tag.value)?;
        let track = head.tracks.iter().find(|track| is_aac(track))?;
        if !are_samples(head, pcm) {
            return None;
        }
        let finding = (!self.told).then(|| wrong_label(head, track, tag));
        self.told = true;
        let known = self.last.as_ref().filter(|(before, as_pcm, _)| before.is_same(&head.tracks) && *as_pcm == pcm);
        let relabelled = known.map_or_else(
            || {
                Tracks::from_tracks(
                    head.tracks.iter().map(|track| if is_aac(track) { as_pcm(track, pcm) } else { track.clone() }),
                )
            },
            |(_, _, relabelled)| relabelled.clone(),
        );
        self.last = Some((head.tracks.clone(), pcm, relabelled.clone()));
        head.tracks = relabelled;
        finding
    }
}

/// Whether the frames of each AAC track are as long as frames of samples are: a hundredth of a second or more. Those of AAC have a few
/// hundred bits.
fn are_samples(head: &Head, pcm: Pcm) -> bool {
    let is_aac = |track: &Track| CodecId::parse(&track.entry.codec_id) == CodecId::Aac;
    let hundredth = u64::from(pcm.block_align()).saturating_mul(u64::from(pcm.sampling_frequency / 100));
    let mut counts = head.frame_counts.iter();
    counts.all(|count| {
        !head.tracks.by_number(count.track).is_some_and(is_aac) || count.bytes >= count.frames.saturating_mul(hundredth)
    })
}

fn as_pcm(track: &Track, pcm: Pcm) -> Track {
    let audio = Audio {
        sampling_frequency: f64::from(pcm.sampling_frequency),
        output_sampling_frequency: None,
        channels: pcm.channels.into(),
        bit_depth: Some(pcm.bits.into()),
    };
    Track::new(TrackEntry {
        codec_id: "A_PCM/INT/LIT".into(),
        codec_private: None,
        track_type: TrackType::Audio,
        audio: Some(audio),
        ..track.entry.clone()
    })
}

fn wrong_label(head: &Head, track: &Track, tag: &UserTag) -> Finding {
    let private = track.entry.codec_private.as_deref().unwrap_or_default();
    let private: String = private.iter().take(8).map(|byte| format!("{byte:02x}")).collect();
    let message = format!(
        "track {} is labelled {} with private data {private}, but the tag {} says {}, and its frames are long enough for that",
        track.entry.number, track.entry.codec_id, tag.name, tag.value
    );
    Finding {
        offset: Some(head.offset),
        path: "Segment > Tracks > TrackEntry > CodecID".into(),
        fragment_number: head.number.clone(),
        repair: Some("the frames are taken as 16-bit little-endian PCM".into()),
        hint: Some("calls of Amazon Connect are so; `fragkit audio` makes WAV files of them".into()),
        ..Finding::new(Severity::Warning, message)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{audio_track, chunk_of, frame};
    use crate::{Assembler, ChunkLayout, Fragment, Item, Limits, Nanos};

    #[test]
    fn media_types_of_calls_are_read() {
        let pcm = |sampling_frequency, channels| Pcm {
            sampling_frequency,
            channels,
            bits: 16,
            encoding: PcmEncoding::LittleEndian,
        };
        assert_eq!(Pcm::of_mime_type("audio/L16;rate=8000;channels=1;"), Some(pcm(8000, 1)));
        assert_eq!(Pcm::of_mime_type("AUDIO/l16; Channels=2; RATE=16000"), Some(pcm(16_000, 2)));
        assert_eq!(Pcm::of_mime_type("audio/L16"), Some(pcm(8000, 1)));
        for other in
            ["", "audio/aac", "audio/L16;rate=0", "audio/L16;rate=x", "audio/L16;channels=0", "video/h264;rate=8000"]
        {
            assert_eq!(Pcm::of_mime_type(other), None, "{other}");
        }
    }

    #[test]
    fn rates_are_whole_numbers_of_hertz() {
        assert_eq!([8000.0, 44_100.4, 0.0, 4_294_967_294.0].map(hertz), [8000, 44_100, 0, u32::MAX - 1].map(Some));
        assert_eq!([-8000.0, f64::NAN, f64::INFINITY, 1e12].map(hertz), [None; 4]);
    }

    fn track(codec_id: &str, private: Option<&'static [u8]>, bit_depth: Option<u64>) -> Track {
        let audio = Audio { sampling_frequency: 16_000.0, channels: 2, bit_depth, ..Audio::default() };
        Track::new(TrackEntry {
            codec_id: codec_id.into(),
            codec_private: private.map(Into::into),
            audio: Some(audio),
            ..audio_track()
        })
    }

    #[test]
    fn tracks_of_samples_are_told_by_their_codec_id_or_format_tag() {
        let of = |codec_id, bits| {
            Pcm::of(&track(codec_id, None, bits)).map(|pcm| (pcm.bits, pcm.encoding, pcm.block_align()))
        };
        assert_eq!(of("A_PCM/INT/LIT", None), Some((16, PcmEncoding::LittleEndian, 4)));
        assert_eq!(of("A_PCM/INT/BIG", Some(24)), Some((24, PcmEncoding::BigEndian, 6)));
        assert_eq!(of("A_PCM/FLOAT/IEEE", None), Some((32, PcmEncoding::Float, 8)));
        assert_eq!(of("A_PCM/INT/LIT", Some(12)), None);
        assert_eq!(of("A_PCM/INT/LIT", Some(u64::MAX)), None);
        assert_eq!(of("A_OPUS", Some(16)), None);
        // wFormatTag 1, 1 channel, 8 kHz, wBitsPerSample left out.
        let wave: &[u8] = &[1, 0, 1, 0, 0x40, 0x1f, 0, 0, 0x80, 0x3e, 0, 0, 2, 0, 0, 0];
        assert_eq!(Pcm::of(&track("A_MS/ACM", Some(wave), None)).map(|pcm| (pcm.bits, pcm.channels)), Some((16, 1)));
    }

    /// The fragments of a stream of 8 kHz, one frame of so many bytes each 20 ms, and what is found in it.
    fn call(mime_type: &str, frame_bytes: usize) -> (Vec<Fragment>, Vec<Finding>) {
        let entry =
            TrackEntry { codec_id: "A_AAC".into(), codec_private: Some((&[0x11, 0x90][..]).into()), ..audio_track() };
        let frames: Vec<_> = (0..50).map(|at| frame(2, at * 20, true, vec![7; frame_bytes])).collect();
        let tags = [UserTag { name: "MimeType".into(), value: mime_type.into(), after_media: false }];
        let chunk = |number| chunk_of(&ChunkLayout::default(), number, 0, std::slice::from_ref(&entry), &tags, &frames);
        let mut assembler = Assembler::new(Limits::default());
        assembler.push([chunk(1), chunk(2)].concat().into());
        assembler.finish();
        let (mut fragments, mut findings) = (Vec::new(), Vec::new());
        while let Some(item) = assembler.poll() {
            match item {
                Item::Fragment(fragment) => fragments.push(fragment),
                Item::Finding(finding) => findings.push(finding),
            }
        }
        (fragments, findings)
    }

    #[test]
    fn amazon_connect_labels_samples_as_aac() {
        let (fragments, findings) = call("audio/L16;rate=8000;channels=1;", 320);
        let [first, second] = &fragments[..] else { panic!("{fragments:?}") };
        assert!(first.head.tracks.is_same(&second.head.tracks));
        let track = &first.head.tracks[0];
        assert_eq!(track.entry.codec_id, "A_PCM/INT/LIT");
        assert_eq!(track.audio_clock().map(|clock| clock.duration(320)), Some(Nanos::from_millis(20)));
        let [finding] = &findings[..] else { panic!("{findings:?}") };
        assert!(
            finding.message.starts_with("track 2 is labelled A_AAC with private data 1190, but the tag MimeType says")
        );
    }

    #[test]
    fn a_tag_alone_makes_no_samples_of_aac() {
        // 20 ms of AAC at 24 kbit/s.
        for (mime_type, frame_bytes) in [("audio/L16;rate=8000;channels=1;", 60), ("audio/aac", 320)] {
            let (fragments, findings) = call(mime_type, frame_bytes);
            assert!(fragments.iter().all(|fragment| fragment.head.tracks[0].entry.codec_id == "A_AAC"));
            assert!(findings.is_empty(), "{findings:?}");
        }
    }
}
