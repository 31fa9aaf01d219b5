//! Six readers see the same tracks and samples, and those are the source's.

use fragkit::mp4::Edit;
use fragkit::mp4::check::TrackSummary;
use serde_json::Value;

use crate::cases::{Case, check_each, nanos, payload};
use crate::inputs::{Codec, MediaTrack};
use crate::readers::{self, Sample, Track};

#[test]
fn tracks_and_samples_are_those_of_the_source() {
    check_each(|input, case| {
        equal("tracks", case.summary.tracks.len(), input.media.tracks.len())?;
        for (track, found) in input.media.tracks.iter().zip(&case.summary.tracks) {
            equal("sample entry", found.sample_entry, track.codec.sample_entry())?;
            if let Some(frequency) = track.sampling_frequency() {
                equal("timescale of sound", found.timescale, frequency)?;
            }
            if track.codec.is_g711() {
                continue;
            }
            equal("samples", found.samples().count(), track.frames.len())?;
            for (number, (sample, frame)) in found.samples().zip(&track.frames).enumerate() {
                equal("sync sample", (number, sample.sync), (number, !track.codec.is_video() || frame.keyframe))?;
                if track.length_prefixed || !track.codec.is_video() {
                    let same = payload(&case.bytes, &sample) == &frame.payload[..];
                    equal("payload of sample", (number, same), (number, true))?;
                }
            }
        }
        equal("unreferenced bytes", case.summary.unreferenced_bytes, 0)
    });
}

#[test]
fn shiguredo_mp4_sees_what_the_tables_say() {
    check_each(|_, case| agrees(case, &readers::shiguredo(&case.bytes)));
}

#[test]
fn mp4_atom_sees_what_the_tables_say() {
    check_each(|_, case| agrees(case, &readers::mp4_atom(&case.bytes)));
}

#[test]
fn the_mp4_crate_sees_what_the_tables_say_where_it_knows_the_codecs() {
    let mut read = 0;
    check_each(|input, case| {
        if input.media.tracks.iter().any(|track| !matches!(track.codec, Codec::Avc | Codec::Aac)) {
            return Ok(());
        }
        read += 1;
        agrees(case, &readers::mp4(&case.bytes, &case.summary))
    });
    assert!(read > 50 || !crate::programs::available(), "{read}");
}

/// Whether a reader sees the very tables that our own checker reads.
fn agrees(case: &Case, tracks: &[Track]) -> Result<(), String> {
    equal("tracks", tracks.len(), case.summary.tracks.len())?;
    for (found, expected) in tracks.iter().zip(&case.summary.tracks) {
        equal("sample entry", found.sample_entry, expected.sample_entry)?;
        equal("timescale", found.timescale, expected.timescale)?;
        equal("duration", found.duration, expected.media_duration)?;
        equal("samples", found.samples.len(), expected.sample_count as usize)?;
        for (number, (found, expected)) in found.samples.iter().zip(samples(expected)).enumerate() {
            equal("sample", (number, *found), (number, expected))?;
        }
    }
    Ok(())
}

fn samples(track: &TrackSummary) -> impl Iterator<Item = Sample> {
    let mut next = 0;
    track.samples().map(move |sample| {
        let decode = next;
        next += u64::from(sample.duration);
        Sample {
            offset: sample.offset,
            size: sample.size.into(),
            decode,
            composition_offset: sample.composition_offset.into(),
            sync: sample.sync,
        }
    })
}

#[test]
fn crates_see_the_size_and_the_sound_of_the_source() {
    check_each(|input, case| {
        let known = input.media.tracks.iter().all(|track| matches!(track.codec, Codec::Avc | Codec::Aac));
        let mut seen = vec![readers::shiguredo(&case.bytes), readers::mp4_atom(&case.bytes)];
        seen.extend(known.then(|| readers::mp4(&case.bytes, &case.summary)));
        for tracks in &seen {
            for (found, track) in tracks.iter().zip(&input.media.tracks) {
                if let Some(video) = &track.video {
                    equal("size", (u32::from(found.size.0), u32::from(found.size.1)), (video.width, video.height))?;
                }
                if track.codec == Codec::Aac {
                    equal("sound", found.sound, (track.channels, track.sampling_frequency().unwrap()))?;
                }
            }
        }
        Ok(())
    });
}

#[test]
fn ffprobe_sees_the_tracks_of_the_source() {
    check_each(|input, case| {
        let streams = case.ffprobe["streams"].as_array().unwrap();
        equal("tracks", streams.len(), input.media.tracks.len())?;
        for (at, (stream, track)) in streams.iter().zip(&input.media.tracks).enumerate() {
            equal("codec", text(&stream["codec_name"]), track.codec.ffprobe_name())?;
            if let Some(video) = &track.video {
                let size = (stream["width"].as_u64().unwrap(), stream["height"].as_u64().unwrap());
                equal("size", size, (video.width.into(), video.height.into()))?;
            }
            if let Some(frequency) = track.sampling_frequency() {
                equal("rate", text(&stream["sample_rate"]), &frequency.to_string())?;
                // Where SBR is signalled for one channel, ffmpeg is ready for parametric stereo, here as in the source.
                let doubled = track.codec == Codec::Aac && frequency != track.coded_frequency && track.channels == 1;
                let channels = if doubled { 2 } else { track.channels };
                equal("channels", stream["channels"].as_u64(), Some(channels.into()))?;
            }
            within_a_frame(case, at, track, "ffprobe", nanos(&stream["duration"]))?;
            sync_samples(case, at, track)?;
        }
        Ok(())
    });
}

fn sync_samples(case: &Case, at: usize, track: &MediaTrack) -> Result<(), String> {
    if track.codec.is_g711() {
        let bytes: u64 = case.packets(at).map(|packet| text(&packet["size"]).parse::<u64>().unwrap()).sum();
        return equal("bytes of sound", bytes, track.frames.iter().map(|frame| frame.payload.len() as u64).sum());
    }
    let keys: Vec<bool> = case.packets(at).map(|packet| text(&packet["flags"]).starts_with('K')).collect();
    let expected: Vec<bool> = track.frames.iter().map(|frame| frame.keyframe || !track.codec.is_video()).collect();
    equal("packets", keys.len(), expected.len())?;
    equal("sync samples", keys, expected)
}

#[test]
fn mediainfo_sees_the_tracks_of_the_source() {
    check_each(|input, case| {
        equal("tracks", case.mediainfo.len(), input.media.tracks.len())?;
        let mut seen = Vec::new();
        for (at, track) in input.media.tracks.iter().enumerate() {
            // It gives pictures first, then sound, each in the order of the file.
            let kind = if track.codec.is_video() { "Video" } else { "Audio" };
            let of_kind: Vec<&Value> = case.mediainfo.iter().filter(|info| info["@type"] == kind).collect();
            let info = of_kind[seen.iter().filter(|other| **other == kind).count()];
            seen.push(kind);
            equal("codec", text(&info["Format"]), track.codec.mediainfo_name())?;
            if track.codec.is_g711() {
                let law = if track.codec == Codec::Alaw { "A-Law" } else { "U-Law" };
                equal("law", text(&info["Format_Profile"]), law)?;
            }
            if let Some(video) = &track.video {
                equal(
                    "size",
                    (text(&info["Width"]), text(&info["Height"])),
                    (&*video.width.to_string(), &*video.height.to_string()),
                )?;
                // It counts the time before the first picture as pictures, also in files by ffmpeg.
                let late = matches!(case.summary.tracks[at].edits.first(), Some(Edit::Empty { .. }));
                let pictures: usize = text(&info["FrameCount"]).parse().unwrap();
                let expected = track.frames.len();
                equal("pictures", pictures - usize::from(late && pictures > expected), expected)?;
            } else {
                // Of G.711 it gives the layout alone.
                let layout = text(&info["ChannelLayout"]).split(' ').count();
                let channels = text(&info["Channels"]).parse().unwrap_or(layout);
                equal("channels", channels, track.channels.into())?;
                let frequency = track.sampling_frequency().unwrap();
                let rate: f64 = text(&info["SamplingRate"]).parse().unwrap();
                equal("rate", rate as u32, frequency)?;
            }
            within_a_frame(case, at, track, "mediainfo", nanos(&info["Duration"]))?;
        }
        Ok(())
    });
}

/// A duration that a reader gives is that of the tables: of the media as they are shown, give or take a frame.
fn within_a_frame(case: &Case, at: usize, track: &MediaTrack, who: &str, found_ns: i64) -> Result<(), String> {
    let table = &case.summary.tracks[at];
    let expected_ns = (table.media_duration as f64 / f64::from(table.timescale) * 1e9) as i64;
    let longest = table.samples().map(|sample| sample.duration).max().unwrap();
    let frame_ns = (f64::from(longest) / f64::from(table.timescale) * 1e9) as i64;
    if (found_ns - expected_ns).abs() > frame_ns.max(1_000_000) {
        return Err(format!("{who}: {:?} lasts {found_ns} ns, in the tables {expected_ns}", track.codec));
    }
    Ok(())
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

fn equal<T: PartialEq + std::fmt::Debug>(what: &str, found: T, expected: T) -> Result<(), String> {
    if found == expected { Ok(()) } else { Err(format!("{what}: {found:?} where {expected:?} is expected")) }
}
