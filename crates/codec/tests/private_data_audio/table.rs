//! Audio private data as producers write it, with where each comes from and what is to be found in it.
//!
//! "ffmpeg" is `ffmpeg -f lavfi -i anullsrc=r=RATE:cl=LAYOUT -c:a ENCODER x.mkv` of version 5.1, "mkvmerge" version 74 on
//! the ADTS file that ffmpeg makes the same way. What the Kinesis Video C producer generates was computed after its source,
//! MkvGenerator.c. What is called "by hand" was put together from the syntax tables, after what
//! the named encoder is known to write.

/// The worst that is wrong with it, and in which field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    Clean,
    Harmless(&'static str),
    Mendable(&'static str),
    Fatal(&'static str),
    Unreadable(&'static str),
}

use Verdict::{Clean, Fatal, Harmless, Mendable, Unreadable};

pub(crate) struct Aac {
    pub(crate) origin: &'static str,
    pub(crate) private: &'static str,
    pub(crate) verdict: Verdict,
    /// Of the core.
    pub(crate) object_type: u8,
    pub(crate) rate: u32,
    pub(crate) output_rate: u32,
    pub(crate) channels: Option<u8>,
    pub(crate) output_channels: Option<u8>,
}

const fn plain(
    origin: &'static str,
    private: &'static str,
    verdict: Verdict,
    object_type: u8,
    rate: u32,
    channels: u8,
) -> Aac {
    let channels = Some(channels);
    Aac { origin, private, verdict, object_type, rate, output_rate: rate, channels, output_channels: channels }
}

const fn sbr(
    origin: &'static str,
    private: &'static str,
    verdict: Verdict,
    (rate, output_rate): (u32, u32),
    (channels, output_channels): (u8, u8),
) -> Aac {
    let (channels, output_channels) = (Some(channels), Some(output_channels));
    Aac { origin, private, verdict, object_type: 2, rate, output_rate, channels, output_channels }
}

const fn unreadable(origin: &'static str, private: &'static str, field: &'static str) -> Aac {
    let verdict = Unreadable(field);
    Aac { origin, private, verdict, object_type: 0, rate: 0, output_rate: 0, channels: None, output_channels: None }
}

pub(crate) const AAC: &[Aac] = &[
    // Rates.
    plain("ffmpeg aac, 7350 mono", "160856e500", Clean, 2, 7_350, 1),
    plain("ffmpeg aac, 8000 mono", "158856e500", Clean, 2, 8_000, 1),
    plain("ffmpeg aac, 11025 mono", "150856e500", Clean, 2, 11_025, 1),
    plain("ffmpeg aac, 16000 mono", "140856e500", Clean, 2, 16_000, 1),
    plain("ffmpeg aac, 22050 mono", "138856e500", Clean, 2, 22_050, 1),
    plain("ffmpeg aac, 32000 mono", "128856e500", Clean, 2, 32_000, 1),
    plain("ffmpeg aac, 44100 mono", "120856e500", Clean, 2, 44_100, 1),
    plain("ffmpeg aac, 64000 mono", "110856e500", Clean, 2, 64_000, 1),
    plain("ffmpeg aac, 88200 mono", "108856e500", Clean, 2, 88_200, 1),
    plain("ffmpeg aac, 96000 mono", "100856e500", Clean, 2, 96_000, 1),
    // Layouts.
    plain("ffmpeg aac, 48000 stereo", "119056e500", Clean, 2, 48_000, 2),
    plain("ffmpeg aac, 48000 3.0", "119856e500", Clean, 2, 48_000, 3),
    plain("ffmpeg aac, 48000 4.0", "11a056e500", Clean, 2, 48_000, 4),
    plain("ffmpeg aac, 48000 5.0", "11a856e500", Clean, 2, 48_000, 5),
    plain("ffmpeg aac, 48000 5.1", "11b056e500", Clean, 2, 48_000, 6),
    plain("ffmpeg aac, 48000 7.1", "11b856e500", Clean, 2, 48_000, 8),
    plain(
        "ffmpeg aac, 48000 2.1, which has no configuration of its own",
        "118004c4010020000d4c61766335392e33372e31303056e500",
        Clean,
        2,
        48_000,
        3,
    ),
    plain("ffmpeg aac, 48000 3.1", "118004c8010020000d4c61766335392e33372e31303056e500", Clean, 2, 48_000, 4),
    plain("ffmpeg aac, 48000 quad", "118004c4040021100d4c61766335392e33372e31303056e500", Clean, 2, 48_000, 4),
    plain("ffmpeg aac, 48000 4.1", "118004c844002000880d4c61766335392e33372e31303056e500", Clean, 2, 48_000, 5),
    plain("ffmpeg aac, 48000 5.1(side)", "118004c844002000c40d4c61766335392e33372e31303056e500", Clean, 2, 48_000, 6),
    plain("ffmpeg aac, 48000 6.1", "118004c848002000c4400d4c61766335392e33372e31303056e500", Clean, 2, 48_000, 7),
    plain("ffmpeg aac, 48000 7.1(wide)", "118004c848002000c6400d4c61766335392e33372e31303056e500", Clean, 2, 48_000, 8),
    plain("ffmpeg aac, 48000 octagonal", "118004c848002008c8200d4c61766335392e33372e31303056e500", Clean, 2, 48_000, 8),
    // Profiles.
    plain("ffmpeg aac -profile:a aac_main, 48000 stereo", "099056e500", Clean, 1, 48_000, 2),
    plain("by hand, LTP as ffmpeg aac -profile:a aac_ltp writes it", "219056e500", Clean, 4, 48_000, 2),
    // Two bytes.
    plain("vogels_480.mkv, a capture of the Kinesis Video parser library", "1190", Clean, 2, 48_000, 2),
    plain("Kinesis Video C producer, mkvgenGenerateAacCpd(AAC_LC, 48000, 2)", "1190", Clean, 2, 48_000, 2),
    plain("Kinesis Video C producer, mkvgenGenerateAacCpd(AAC_LC, 8000, 1)", "1588", Clean, 2, 8_000, 1),
    plain("Kinesis Video C producer, mkvgenGenerateAacCpd(AAC_MAIN, 16000, 1)", "0c08", Clean, 1, 16_000, 1),
    plain("Kinesis Video C producer, configuration 7 for eight channels", "11b8", Clean, 2, 48_000, 8),
    plain("by hand, codec_data of GStreamer's faac and voaacenc at 44100 stereo", "1210", Clean, 2, 44_100, 2),
    plain("mkvmerge from ADTS at 44100 stereo", "1210", Clean, 2, 44_100, 2),
    plain("mkvmerge from ADTS in 2.1: the element is lost and 3.0 put for it", "1218", Clean, 2, 44_100, 3),
    // SBR and PS.
    sbr("by hand, HE-AAC of fdk-aac, in front", "2b920800", Clean, (22_050, 44_100), (2, 2)),
    sbr("by hand, HE-AAC v2 of fdk-aac, in front", "eb8a0800", Clean, (22_050, 44_100), (1, 2)),
    sbr("by hand, HE-AAC of fdk-aac and Apple, behind", "139056e5a0", Clean, (22_050, 44_100), (2, 2)),
    sbr("by hand, HE-AAC v2 of fdk-aac and Apple, behind", "138856e5a54880", Clean, (22_050, 44_100), (1, 2)),
    sbr("by hand, HE-AAC with PS said to be absent", "138856e5a54800", Clean, (22_050, 44_100), (1, 1)),
    plain("by hand, HE-AAC that is not signalled, as the core alone", "1310", Clean, 2, 24_000, 2),
    sbr("by hand, downsampled SBR: output as fast as the core", "119056e598", Clean, (48_000, 48_000), (2, 2)),
    sbr("mkvmerge --aac-is-sbr 0:1 on 44100 stereo", "121056e588", Clean, (44_100, 88_200), (2, 2)),
    // Unusual, and nobody has to mend it.
    plain("by hand, DAB+: 960 samples a frame", "1314", Harmless("frameLengthFlag"), 2, 24_000, 2),
    sbr("by hand, DAB+ with SBR", "2b118a00", Harmless("frameLengthFlag"), (24_000, 48_000), (2, 2)),
    plain(
        "by hand, fdk-aac 7.1 with rear surround, configuration 12",
        "11e0",
        Harmless("channelConfiguration"),
        2,
        48_000,
        8,
    ),
    plain("by hand, ER AAC LD at 44100 mono", "ba0900", Harmless("audioObjectType"), 23, 44_100, 1),
    plain("by hand, ER AAC ELD of fdk-aac, 480 samples", "f8e83000", Harmless("audioObjectType"), 39, 44_100, 1),
    plain("by hand, xHE-AAC (USAC)", "f94640aabbcc", Harmless("audioObjectType"), 42, 48_000, 2),
    plain("by hand, 22000 Hz written out", "17802af810", Harmless("samplingFrequency"), 2, 22_000, 2),
    plain("by hand, a byte too many", "1190ff", Harmless("bits after the last field"), 2, 48_000, 2),
    plain("by hand, padding with zeros", "119000000000", Clean, 2, 48_000, 2),
    // Wrong, and what is meant can be told.
    plain("by hand, 48000 Hz written out", "17805dc010", Mendable("samplingFrequency"), 2, 48_000, 2),
    plain("by hand, extensionFlag set for AAC LC", "119100", Mendable("extensionFlag"), 2, 48_000, 2),
    plain("by hand, a core coder for AAC LC", "11920000", Mendable("dependsOnCoreCoder"), 2, 48_000, 2),
    plain("by hand, an extension that is cut off", "119056e5", Mendable("syncExtensionType"), 2, 48_000, 2),
    sbr("by hand, PS on two channels", "eb920800", Mendable("psPresentFlag"), (22_050, 44_100), (2, 2)),
    sbr("by hand, SBR of 32000 on 22050", "2b928800", Mendable("extensionSamplingFrequency"), (22_050, 32_000), (2, 2)),
    plain(
        "by hand, ffmpeg's 2.1 with the element at 44100",
        "11800504010020000d4c61766335392e33372e31303056e500",
        Mendable("sampling_frequency_index"),
        2,
        48_000,
        3,
    ),
    // Beyond mending.
    Aac {
        origin: "by hand, configuration 9",
        private: "11c8",
        verdict: Fatal("channelConfiguration"),
        object_type: 2,
        rate: 48_000,
        output_rate: 48_000,
        channels: None,
        output_channels: None,
    },
    Aac {
        origin: "an ADTS header in place of the configuration",
        private: "fff15080047ffc",
        verdict: Fatal("audioObjectType"),
        object_type: 95,
        rate: 16_000,
        output_rate: 16_000,
        channels: None,
        output_channels: None,
    },
    plain("by hand, MP3 on MPEG-4", "f84640", Fatal("audioObjectType"), 34, 48_000, 2),
    plain("by hand, error protection", "8990c0", Fatal("epConfig"), 17, 48_000, 2),
    unreadable("Kinesis Video C producer's own test of a reserved index", "0790", "audioObjectType"),
    unreadable("by hand, reserved index 13", "1690", "samplingFrequencyIndex"),
    unreadable("by hand, reserved index 14", "1710", "samplingFrequencyIndex"),
    unreadable("by hand, one byte", "11", "samplingFrequencyIndex"),
    unreadable("zeros", "0000", "audioObjectType"),
    unreadable("ffmpeg aac, 2.1, cut off in the element", "118004c4010020000d4c6176", "comment_field_data"),
    unreadable("nothing", "", ""),
];

pub(crate) struct Wave {
    pub(crate) origin: &'static str,
    pub(crate) private: &'static str,
    pub(crate) verdict: Verdict,
    /// RFC 6381 name of what it is once mended.
    pub(crate) codec: Option<&'static str>,
    pub(crate) rate: u32,
    pub(crate) channels: u16,
}

const fn wave(
    origin: &'static str,
    private: &'static str,
    verdict: Verdict,
    codec: Option<&'static str>,
    rate: u32,
    channels: u16,
) -> Wave {
    Wave { origin, private, verdict, codec, rate, channels }
}

const ALAW: Option<&str> = Some("alaw");
const ULAW: Option<&str> = Some("ulaw");

pub(crate) const WAVE: &[Wave] = &[
    wave("ffmpeg pcm_alaw, 8000 mono", "06000100401f0000401f0000010008000000", Clean, ALAW, 8_000, 1),
    wave("ffmpeg pcm_alaw, 8000 stereo", "06000200401f0000803e0000020008000000", Clean, ALAW, 8_000, 2),
    wave("ffmpeg pcm_mulaw, 8000 mono", "07000100401f0000401f0000010008000000", Clean, ULAW, 8_000, 1),
    wave("ffmpeg pcm_mulaw, 8000 stereo", "07000200401f0000803e0000020008000000", Clean, ULAW, 8_000, 2),
    wave(
        "ffmpeg pcm_mulaw, 16000 stereo",
        "07000200803e0000007d0000020008000000",
        Harmless("nSamplesPerSec"),
        ULAW,
        16_000,
        2,
    ),
    wave(
        "Kinesis Video C producer, mkvgenGeneratePcmCpd(ALAW, 8000, 1)",
        "06000100401f0000e8030000010000000000",
        Mendable("nAvgBytesPerSec"),
        ALAW,
        8_000,
        1,
    ),
    wave(
        "Kinesis Video C producer, mkvgenGeneratePcmCpd(MULAW, 8000, 2)",
        "07000200401f0000d0070000020000000000",
        Mendable("nAvgBytesPerSec"),
        ULAW,
        8_000,
        2,
    ),
    wave("by hand, PCMWAVEFORMAT of 16 bytes", "06000100401f0000401f000001000800", Harmless("cbSize"), ALAW, 8_000, 1),
    wave("by hand, two bytes of extra", "06000100401f0000401f000001000800020001ff", Harmless("cbSize"), ALAW, 8_000, 1),
    wave(
        "by hand, two bytes not announced",
        "06000100401f0000401f00000100080000000000",
        Harmless("cbSize"),
        ALAW,
        8_000,
        1,
    ),
    wave("by hand, nBlockAlign of 0", "06000100401f0000401f0000000008000000", Mendable("nBlockAlign"), ALAW, 8_000, 1),
    wave(
        "by hand, 16 bits of the decoded samples",
        "06000100401f0000401f0000010010000000",
        Mendable("wBitsPerSample"),
        ALAW,
        8_000,
        1,
    ),
    wave("by hand, bits a second", "06000100401f000000fa0000010008000000", Mendable("nAvgBytesPerSec"), ALAW, 8_000, 1),
    wave("by hand, big-endian A-law", "0006000100001f4000001f40000100080000", Mendable("wFormatTag"), ALAW, 8_000, 1),
    wave(
        "by hand, big-endian mu-law in stereo",
        "0007000200001f4000003e80000200080000",
        Mendable("wFormatTag"),
        ULAW,
        8_000,
        2,
    ),
    wave(
        "by hand, WAVEFORMATEXTENSIBLE of 40 bytes around A-law",
        "feff0100401f0000401f00000100080016000800040000000600000000001000800000aa00389b71",
        Mendable("wFormatTag"),
        ALAW,
        8_000,
        1,
    ),
    wave(
        "by hand, WAVEFORMATEXTENSIBLE around PCM",
        "feff0100401f0000803e00000200100016001000040000000100000000001000800000aa00389b71",
        Fatal("wFormatTag"),
        None,
        8_000,
        1,
    ),
    wave("by hand, PCM of 16 bits", "01000200803e000000fa0000040010000000", Fatal("wFormatTag"), None, 16_000, 2),
    wave(
        "ffmpeg adpcm_ima_wav, 8000 mono",
        "11000100401f0000803e0000000404000200f907",
        Fatal("wFormatTag"),
        None,
        8_000,
        1,
    ),
    wave(
        "ffmpeg adpcm_ms, 8000 mono",
        "02000100401f0000803e0000000404002000f407070000010000000200ff00000000c0004000f0000000cc0130ff880118ff",
        Fatal("wFormatTag"),
        None,
        8_000,
        1,
    ),
    wave("by hand, AAC by its tag", "ff00020044ac00007d3e00000100000002001210", Fatal("wFormatTag"), None, 44_100, 2),
    wave(
        "by hand, cbSize past the end",
        "06000100401f0000401f0000010008000900",
        Unreadable("extra format information"),
        None,
        0,
        0,
    ),
    wave("by hand, cut off", "06000100401f0000401f", Unreadable("nAvgBytesPerSec"), None, 0, 0),
    wave("by hand, no channels", "06000000401f0000401f0000010008000000", Unreadable("nChannels"), None, 0, 0),
    wave("by hand, no rate", "06000100000000000000000001000800", Unreadable("nSamplesPerSec"), None, 0, 0),
    wave("nothing", "", Unreadable(""), None, 0, 0),
];

/// Tracks with an old CodecID and no private data: the CodecID, SamplingFrequency, OutputSamplingFrequency, Channels; then
/// the configuration that is built.
pub(crate) const OLD: &[(&str, f64, Option<f64>, u64, &str)] = &[
    ("A_AAC/MPEG2/MAIN", 44_100.0, None, 2, "0a10"),
    ("A_AAC/MPEG2/LC", 48_000.0, None, 2, "1190"),
    ("A_AAC/MPEG2/LC/SBR", 22_050.0, Some(44_100.0), 2, "139056e5a0"),
    ("A_AAC/MPEG2/SSR", 48_000.0, None, 1, "1988"),
    ("A_AAC/MPEG4/MAIN", 48_000.0, None, 6, "09b0"),
    ("A_AAC/MPEG4/LC", 8_000.0, None, 1, "1588"),
    ("A_AAC/MPEG4/LC/SBR", 24_000.0, Some(48_000.0), 2, "131056e598"),
    ("A_AAC/MPEG4/SSR", 44_100.0, None, 2, "1a10"),
    ("A_AAC/MPEG4/LTP", 44_100.0, None, 2, "2210"),
];
