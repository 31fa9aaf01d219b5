//! Video private data that people really produce, sound and broken: what is said of it here, and what ffprobe says.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "tests speak by panicking")]

#[path = "private_data_video/avc.rs"]
mod avc;
#[path = "private_data_video/broken.rs"]
mod broken;
#[path = "private_data_video/hevc.rs"]
mod hevc;

use std::{io::Write as _, process::Command};

use broken::{BROKEN, Broken, Verdict, hex};
use fragkit_codec::{CodecPrivate, Effect, ErrorKind, Fault};

const AVC: &str = "V_MPEG4/ISO/AVC";
const HEVC: &str = "V_MPEGH/ISO/HEVC";

/// Private data as an encoder or muxer wrote it.
struct Blob {
    name: &'static str,
    /// How it was made, or where it is from.
    origin: &'static str,
    codec_id: &'static str,
    hex: &'static str,
    video: Video,
    /// The fields that it has wrong and that nobody minds.
    harmless: &'static [&'static str],
}

/// What a sequence parameter set says.
#[derive(Debug, PartialEq, Eq)]
struct Video {
    profile_idc: u8,
    level_idc: u8,
    size: (u32, u32),
    frame_rate: Option<(u32, u32)>,
}

fn blobs() -> impl Iterator<Item = &'static Blob> {
    avc::BLOBS.iter().chain(hevc::BLOBS)
}

fn video_of(private: &CodecPrivate) -> Video {
    let video = private.video().unwrap().unwrap();
    let (profile_idc, level_idc) = (video.profile_idc, video.level_idc);
    Video { profile_idc, level_idc, size: (video.width, video.height), frame_rate: video.frame_rate }
}

fn told(faults: &[Fault]) -> Vec<(Effect, &'static str)> {
    faults.iter().map(|fault| (fault.effect, fault.error.field())).collect()
}

/// Mending has to leave nothing that needs mending, and must work where nothing is fatal.
fn check_mending(name: &str, private: &CodecPrivate) {
    let faults = private.check();
    let is_fatal = faults.iter().any(|fault| fault.effect == Effect::Fatal);
    match private.rebuilt() {
        Ok(mended) => {
            assert!(!is_fatal, "{name}: {faults:?}");
            assert!(mended.check().iter().all(|fault| fault.effect == Effect::Harmless), "{name}");
            assert_eq!(video_of(&mended), video_of(private), "{name}");
        }
        Err(error) => assert!(is_fatal, "{name}: {error}"),
    }
}

#[test]
fn sound_private_data_says_what_its_encoder_was_asked_for() {
    let mut wrong = Vec::new();
    for Blob { name, origin, codec_id, hex: text, video, harmless } in blobs() {
        let data = hex(text);
        let private = CodecPrivate::parse(codec_id, &data).unwrap_or_else(|error| panic!("{name} ({origin}): {error}"));
        let found = video_of(&private);
        if found != *video {
            wrong.push(format!("{name} ({origin}): {found:?}, not {video:?}"));
        }
        let faults = private.check();
        let expected: Vec<(Effect, &str)> = harmless.iter().map(|field| (Effect::Harmless, *field)).collect();
        if told(&faults) != expected {
            wrong.push(format!("{name} ({origin}): {faults:#?}, not {expected:?}"));
        }
        check_mending(name, &private);
        let written = private.write().unwrap();
        assert_eq!(CodecPrivate::parse(codec_id, &written).unwrap(), private, "{name}");
        // The one encoder here that leaves reserved bits 0 gets them set.
        assert!(written == data || *name == "kinesis-get-media", "{name}");
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn broken_private_data_is_refused_or_told_of() {
    let mut wrong = Vec::new();
    for Broken { name, origin, base, change, verdict } in BROKEN {
        let base = blobs().find(|blob| blob.name == *base).unwrap_or_else(|| panic!("{base}"));
        let data = change(hex(base.hex));
        match (verdict, CodecPrivate::parse(base.codec_id, &data)) {
            (Verdict::Refused(kind), Err(error)) if error.kind() == *kind => {
                if *kind == ErrorKind::AnnexB {
                    let private = CodecPrivate::from_annex_b(base.codec_id, &data).unwrap();
                    assert_eq!(video_of(&private), base.video, "{name}");
                    assert!(private.check().is_empty(), "{name}");
                }
            }
            (Verdict::Faults(expected), Ok(private)) => {
                let faults = private.check();
                if told(&faults) != *expected {
                    wrong.push(format!("{name} ({origin}): {faults:#?}, not {expected:?}"));
                }
                // There the first of two sets is asked, and the second is what remains.
                if private.video().is_ok() && *name != "avcc-two-sps-with-one-id" {
                    check_mending(name, &private);
                }
            }
            (Verdict::Refused(kind), read) => wrong.push(format!("{name} ({origin}): {read:?}, not {kind:?}")),
            (Verdict::Faults(_), Err(error)) => wrong.push(format!("{name} ({origin}): {error}")),
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_field_of_every_record_is_listed() {
    for blob in blobs() {
        let fields = CodecPrivate::parse(blob.codec_id, &hex(blob.hex)).unwrap().fields();
        let size = format!("({}x{})", blob.video.size.0, blob.video.size.1);
        assert!(fields.iter().any(|field| field.value.ends_with(&size)), "{}: {size} in {fields:#?}", blob.name);
        assert!(!fields.iter().any(|field| field.name == "error"), "{}", blob.name);
    }
}

/// ffprobe reads a Matroska file with nothing but the private data and the start of a key frame, without a size, and so
/// takes profile, level and size from the parameter sets.
#[test]
fn ffprobe_agrees_on_profile_level_and_size() {
    if Command::new("ffprobe").arg("-version").output().is_err() {
        assert!(std::env::var_os("FRAGKIT_REQUIRE_STRANGERS").is_none(), "ffprobe is missing");
        println!("skipped: ffprobe is missing");
        return;
    }
    for blob in blobs() {
        let private = CodecPrivate::parse(blob.codec_id, &hex(blob.hex)).unwrap();
        assert_eq!(ffprobe(blob, &private), expected(blob, &private), "{} as it is", blob.name);
        let mended = private.rebuilt().unwrap();
        assert_eq!(ffprobe(blob, &mended), expected(blob, &mended), "{} rebuilt", blob.name);
    }
}

/// ffprobe's lines: profile, width, height, level.
fn expected(blob: &Blob, private: &CodecPrivate) -> Vec<String> {
    let Video { profile_idc, level_idc, size, .. } = blob.video;
    let profile = match private {
        CodecPrivate::Avc(record) => {
            let flags = record.profile_compatibility;
            fragkit_codec::avc::profile_name(profile_idc, flags)
        }
        // ffprobe does not tell range extension profiles apart.
        _ if profile_idc == 4 => Some("Rext"),
        CodecPrivate::Hevc(record) => {
            fragkit_codec::hevc::profile_name(profile_idc, record.general.constraint_indicator_flags)
        }
        _ => None,
    };
    vec![profile.unwrap().to_owned(), size.0.to_string(), size.1.to_string(), level_idc.to_string()]
}

fn ffprobe(blob: &Blob, private: &CodecPrivate) -> Vec<String> {
    let path = std::env::temp_dir().join(format!("fragkit-private-{}-{}.mkv", std::process::id(), blob.name));
    let file = matroska(blob.codec_id, &private.write().unwrap(), private.length_size().unwrap().bytes());
    std::fs::File::create(&path).unwrap().write_all(&file).unwrap();
    let output = Command::new("ffprobe")
        .args(["-v", "quiet", "-show_entries", "stream=profile,width,height,level", "-of", "default=nk=1:nw=1"])
        .arg(&path)
        .output()
        .unwrap();
    std::fs::remove_file(&path).unwrap();
    String::from_utf8(output.stdout).unwrap().lines().map(str::to_owned).collect()
}

/// The smallest file that ffprobe opens: one track, one block.
fn matroska(codec_id: &str, codec_private: &[u8], length_bytes: usize) -> Vec<u8> {
    // A slice of an IDR picture: first_mb_in_slice 0, an I slice, PPS 0; or the first slice segment, PPS 0. All ones behind
    // it pass for a slice header.
    let slice: &[u8] = if codec_id == AVC { &[0x65, 0x88, 0x87] } else { &[0x26, 0x01, 0xaf] };
    let slice = [slice, &[0xff; 40]].concat();
    let length = u32::try_from(slice.len()).unwrap().to_be_bytes();
    let block = [&[0x81, 0, 0, 0x80][..], &length[4 - length_bytes..], &slice].concat();
    let size = [element(&[0xb0], &[16]), element(&[0xba], &[16])].concat();
    let track = [
        element(&[0xd7], &[1]),
        element(&[0x73, 0xc5], &[1]),
        element(&[0x83], &[1]),
        element(&[0x86], codec_id.as_bytes()),
        element(&[0x63, 0xa2], codec_private),
        element(&[0xe0], &size),
    ];
    let segment = [
        element(&[0x15, 0x49, 0xa9, 0x66], &element(&[0x2a, 0xd7, 0xb1], &[0x0f, 0x42, 0x40])),
        element(&[0x16, 0x54, 0xae, 0x6b], &element(&[0xae], &track.concat())),
        element(&[0x1f, 0x43, 0xb6, 0x75], &[element(&[0xe7], &[0]), element(&[0xa3], &block)].concat()),
    ];
    let header = element(&[0x1a, 0x45, 0xdf, 0xa3], &element(&[0x42, 0x82], b"matroska"));
    [header, element(&[0x18, 0x53, 0x80, 0x67], &segment.concat())].concat()
}

/// An element with its size in eight bytes.
fn element(id: &[u8], data: &[u8]) -> Vec<u8> {
    let size = (u64::try_from(data.len()).unwrap() | 1 << 56).to_be_bytes();
    [id, &size, data].concat()
}
