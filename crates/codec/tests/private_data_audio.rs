//! Audio private data that people really produce: what each is found to be, and that ffprobe finds the same in it.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "tests speak by panicking")]

#[path = "private_data_audio/matroska.rs"]
mod matroska;
#[path = "private_data_audio/table.rs"]
mod table;

use std::{path::Path, process::Command};

use fragkit_codec::{CodecPrivate, Effect, Error, Fault, Stated, aac::AudioSpecificConfig, wave::WaveFormat};
use table::{AAC, OLD, Verdict, WAVE};

fn hex(text: &str) -> Vec<u8> {
    (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap()).collect()
}

/// The worst fault; the first one of those.
fn verdict(faults: &[Fault]) -> Verdict {
    let worst = faults.iter().map(|fault| fault.effect).max();
    let field = faults.iter().find(|fault| Some(fault.effect) == worst).map_or("", |fault| fault.error.field());
    match worst {
        None => Verdict::Clean,
        Some(Effect::Harmless) => Verdict::Harmless(field),
        Some(Effect::Mendable) => Verdict::Mendable(field),
        Some(Effect::Fatal) => Verdict::Fatal(field),
    }
}

fn judged(read: &Result<CodecPrivate, Error>) -> Verdict {
    match read {
        Ok(private) => verdict(&private.check()),
        Err(error) => Verdict::Unreadable(error.field()),
    }
}

/// What is mendable is mended, what is fatal refused, and anything else left as it is.
fn assert_rebuilt(private: &CodecPrivate, expected: Verdict, origin: &str) {
    match (expected, private.rebuilt()) {
        (Verdict::Clean | Verdict::Harmless(_), rebuilt) => assert_eq!(rebuilt.as_ref(), Ok(private), "{origin}"),
        (Verdict::Mendable(_), rebuilt) => {
            let rebuilt = rebuilt.unwrap();
            assert_ne!(&rebuilt, private, "{origin}");
            assert!(rebuilt.check().iter().all(|fault| fault.effect == Effect::Harmless), "{origin}");
        }
        (_, rebuilt) => assert!(rebuilt.is_err(), "{origin}"),
    }
}

#[test]
fn aac_is_judged_as_the_table_says() {
    for case in AAC {
        let data = hex(case.private);
        let read = CodecPrivate::parse("A_AAC", &data);
        assert_eq!(judged(&read), case.verdict, "{}: {:?}", case.origin, read.map(|private| private.check()));
        let Ok(private) = read else { continue };
        let CodecPrivate::Aac(config) = &private else { panic!("{private:?}") };
        assert_eq!(config.audio_object_type, case.object_type, "{}", case.origin);
        assert_eq!(
            (
                config.sampling_frequency(),
                config.output_sampling_frequency(),
                config.channels(),
                config.output_channels()
            ),
            (case.rate, case.output_rate, case.channels, case.output_channels),
            "{}",
            case.origin
        );
        assert!(!private.fields().is_empty());
        assert_rebuilt(&private, case.verdict, case.origin);
        if case.verdict == Verdict::Clean {
            assert_eq!(private.write().unwrap(), data, "{}", case.origin);
        }
    }
}

#[test]
fn wave_formats_are_judged_as_the_table_says() {
    for case in WAVE {
        let data = hex(case.private);
        let read = CodecPrivate::parse("A_MS/ACM", &data);
        assert_eq!(judged(&read), case.verdict, "{}: {:?}", case.origin, read.map(|private| private.check()));
        let Ok(private) = read else { continue };
        assert_eq!(private.write().unwrap(), data, "{}", case.origin);
        assert!(!private.fields().is_empty());
        assert_rebuilt(&private, case.verdict, case.origin);
        let Ok(CodecPrivate::Wave(rebuilt)) = private.rebuilt() else { continue };
        assert_eq!((rebuilt.samples_per_sec, rebuilt.channels), (case.rate, case.channels), "{}", case.origin);
        assert_eq!(CodecPrivate::Wave(rebuilt).codec_string().as_deref(), case.codec, "{}", case.origin);
    }
}

#[test]
fn old_codec_ids_make_a_configuration() {
    for (codec_id, rate, output, channels, expected) in OLD {
        let stated = Stated {
            sampling_frequency: Some(*rate),
            output_sampling_frequency: *output,
            channels: Some(*channels),
            ..Stated::default()
        };
        let config = AudioSpecificConfig::from_codec_id(codec_id, &stated).unwrap();
        assert_eq!(config.write().unwrap(), hex(expected), "{codec_id}");
        assert_eq!(config.check(), [], "{codec_id}");
        assert_eq!(config.check_against(&stated), [], "{codec_id}");
    }
}

/// What ffprobe says of the first stream: codec, profile, sample rate, channels; empty where it says nothing. `None` when
/// it is not there to be asked.
fn probe(name: &str, file: &[u8]) -> Option<[String; 4]> {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("private_data_audio_{name}"));
    std::fs::write(&path, file).unwrap();
    let output = Command::new("ffprobe")
        .args(["-v", "error", "-of", "default=nw=1", "-show_entries", "stream=codec_name,profile,sample_rate,channels"])
        .arg(&path)
        .output();
    std::fs::remove_file(&path).unwrap();
    let output = match output {
        Ok(output) => output,
        Err(error) => {
            assert!(std::env::var_os("FRAGKIT_REQUIRE_STRANGERS").is_none(), "ffprobe cannot be run: {error}");
            eprintln!("skipped: ffprobe cannot be run: {error}");
            return None;
        }
    };
    let text = String::from_utf8(output.stdout).unwrap();
    Some(["codec_name=", "profile=", "sample_rate=", "channels="].map(|key| {
        let value = text.lines().find_map(|line| line.strip_prefix(key));
        value.unwrap_or_default().to_owned()
    }))
}

/// ffmpeg's name of the core's type; HE-AAC it calls so only after it has seen the data in a frame.
fn profile(audio_object_type: u8) -> &'static str {
    match audio_object_type {
        1 => "Main",
        2 => "LC",
        4 => "LTP",
        23 => "LD",
        39 => "ELD",
        other => panic!("{other}"),
    }
}

#[test]
fn ffprobe_finds_the_same_in_aac() {
    for (case, number) in AAC.iter().zip(0..) {
        let read = CodecPrivate::parse("A_AAC", &hex(case.private));
        let Ok(CodecPrivate::Aac(config)) = read.and_then(|read| read.rebuilt()) else { continue };
        let private = config.write().unwrap();
        // Of the low delay types no silence is at hand, and without a frame that it can decode ffprobe trusts the container.
        let silence = matroska::silence(&config);
        let stated = if silence.is_some() { 12_000.0 } else { f64::from(config.sampling_frequency()) };
        let frames = vec![silence.unwrap_or(vec![0; 64]); 8];
        let file = matroska::file("A_AAC", &private, stated, 7, &frames);
        let Some(probed) = probe(&format!("aac_{number}.mkv"), &file) else { return };
        let rate = match config.samples_per_frame() {
            // Version 5.1 does without SBR where frames have 960 samples.
            Some(960) => config.sampling_frequency(),
            _ => config.output_sampling_frequency(),
        };
        let channels = config.output_channels().unwrap();
        let expected = match (config.audio_object_type, config.frequency.index()) {
            // Neither USAC nor frequencies that are written out are taken.
            (42, _) | (_, 15) => Default::default(),
            (number, _) => ["aac", profile(number), &rate.to_string(), &channels.to_string()].map(str::to_owned),
        };
        assert_eq!(probed, expected, "{}", case.origin);
    }
}

#[test]
fn ffprobe_takes_no_frequency_that_is_written_out() {
    let private = hex("17805dc010");
    let CodecPrivate::Aac(config) = CodecPrivate::parse("A_AAC", &private).unwrap() else { panic!() };
    let frames = vec![matroska::silence(&config).unwrap(); 8];
    let file = matroska::file("A_AAC", &private, 48_000.0, 2, &frames);
    let Some(probed) = probe("escape.mkv", &file) else { return };
    assert_eq!(probed, <[String; 4]>::default());
}

#[test]
fn ffprobe_finds_the_same_in_wave_formats() {
    for (case, number) in WAVE.iter().zip(0..) {
        let read = CodecPrivate::parse("A_MS/ACM", &hex(case.private));
        let Ok(private) = read.and_then(|read| read.rebuilt()) else { continue };
        let codec = if case.codec == Some("alaw") { "pcm_alaw" } else { "pcm_mulaw" };
        let expected = [codec, "unknown", &case.rate.to_string(), &case.channels.to_string()].map(str::to_owned);
        let bytes = private.write().unwrap();
        // In Matroska it takes the rate from the container, in WAV all from the format.
        let rate = f64::from(case.rate);
        let files = [
            ("mkv", matroska::file("A_MS/ACM", &bytes, rate, 7, &vec![vec![0xd5; 160]; 8])),
            ("wav", matroska::wav(&bytes, &[0xd5; 1600])),
        ];
        for (kind, file) in files {
            let Some(probed) = probe(&format!("wave_{number}.{kind}"), &file) else { return };
            assert_eq!(probed, expected, "{} in {kind}", case.origin);
        }
    }
}

#[test]
fn the_c_producers_bugs_are_all_told() {
    let format = WaveFormat::read(&hex("06000100401f0000e8030000010000000000")).unwrap();
    let fields: Vec<_> = format.check().iter().map(|fault| fault.error.field()).collect();
    assert_eq!(fields, ["nAvgBytesPerSec", "wBitsPerSample"]);
    assert_eq!(format.rebuilt().unwrap().write().unwrap(), hex("06000100401f0000401f0000010008000000"));
}
