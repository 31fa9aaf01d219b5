//! Private data with something wrong in it, made from the sound one of an encoder as its origin says.

use fragkit_codec::{
    Effect::{self, Fatal, Harmless, Mendable},
    ErrorKind,
};

/// One way to get it wrong.
pub(crate) struct Broken {
    pub(crate) name: &'static str,
    /// Who does so, or what happened.
    pub(crate) origin: &'static str,
    /// The sound private data that it is made from.
    pub(crate) base: &'static str,
    pub(crate) change: fn(Vec<u8>) -> Vec<u8>,
    pub(crate) verdict: Verdict,
}

pub(crate) enum Verdict {
    /// It cannot be read.
    Refused(ErrorKind),
    /// It can be read, and these are its faults, in order.
    Faults(&'static [(Effect, &'static str)]),
}

use Verdict::{Faults, Refused};

/// An SPS and a PPS of x264-high, which starts with 8 bytes and has the PPS behind a count and a length.
const SPS: std::ops::Range<usize> = 8..34;
const PPS: std::ops::Range<usize> = 37..41;

pub(crate) const BROKEN: &[Broken] = &[
    Broken {
        name: "nothing",
        origin: "a producer that sends no CodecPrivate",
        base: "x264-high",
        change: |_| Vec::new(),
        verdict: Refused(ErrorKind::Missing),
    },
    Broken {
        name: "annex-b-4",
        origin: "GStreamer without h264parse before kvssink: the byte stream's own parameter sets",
        base: "x264-high",
        change: |data| [&[0, 0, 0, 1][..], &data[SPS], &[0, 0, 0, 1], &data[PPS]].concat(),
        verdict: Refused(ErrorKind::AnnexB),
    },
    Broken {
        name: "annex-b-3",
        origin: "the same with short start codes and an access unit delimiter in front",
        base: "x264-high",
        change: |data| [&[0, 0, 1, 9, 0xf0, 0, 0, 1][..], &data[SPS], &[0, 0, 1], &data[PPS]].concat(),
        verdict: Refused(ErrorKind::AnnexB),
    },
    Broken {
        name: "avcc-version-0",
        origin: "a record written from a cleared structure",
        base: "x264-high",
        change: |data| set(data, 0, 0),
        verdict: Refused(ErrorKind::Invalid),
    },
    Broken {
        name: "avcc-no-pps",
        origin: "an encoder that gave its SPS alone",
        base: "x264-high",
        change: |data| [&data[..34], &[0]].concat(),
        verdict: Refused(ErrorKind::Missing),
    },
    Broken {
        name: "avcc-no-sps",
        origin: "the same the other way round",
        base: "x264-high",
        change: |data| [&data[..5], &[0xe0, 1, 0, 4], &data[PPS]].concat(),
        verdict: Refused(ErrorKind::Missing),
    },
    Broken {
        name: "avcc-truncated",
        origin: "a CodecPrivate that was cut to 30 bytes",
        base: "x264-high",
        change: |data| data[..30].to_vec(),
        verdict: Refused(ErrorKind::Truncated),
    },
    Broken {
        name: "avcc-length-1",
        origin: "a camera with one-byte lengths",
        base: "x264-high",
        change: |data| set(data, 4, 0xfc),
        verdict: Faults(&[]),
    },
    Broken {
        name: "avcc-length-2",
        origin: "a camera with two-byte lengths",
        base: "x264-high",
        change: |data| set(data, 4, 0xfd),
        verdict: Faults(&[]),
    },
    Broken {
        name: "avcc-length-3",
        origin: "lengthSizeMinusOne taken for the size",
        base: "x264-high",
        change: |data| set(data, 4, 0xfe),
        verdict: Faults(&[(Mendable, "lengthSizeMinusOne")]),
    },
    Broken {
        name: "avcc-without-high-fields",
        origin: "the platform-independent C producer SDK, and mkvmerge from Annex B",
        base: "x264-high",
        change: |data| data[..41].to_vec(),
        verdict: Faults(&[(Harmless, "chroma_format")]),
    },
    Broken {
        name: "avcc-main-with-high-fields",
        origin: "a writer that adds the fields for every profile",
        base: "x264-main",
        change: |data| [&data[..], &[0xfd, 0xf8, 0xf8, 0]].concat(),
        verdict: Faults(&[(Harmless, "")]),
    },
    Broken {
        name: "avcc-wrong-chroma",
        origin: "fields of a 4:2:0 encoder on a 4:2:2 stream",
        base: "x264-high422",
        change: |data| {
            let at = data.len() - 4;
            set(set(data, at, 0xfd), at + 1, 0xf8)
        },
        verdict: Faults(&[(Mendable, "chroma_format"), (Mendable, "bit_depth_luma_minus8")]),
    },
    Broken {
        name: "avcc-level-0",
        origin: "a record of zeros with the parameter sets filled in",
        base: "x264-high",
        change: |data| set(data, 3, 0),
        verdict: Faults(&[(Mendable, "AVCLevelIndication")]),
    },
    Broken {
        name: "avcc-higher-level",
        origin: "a muxer that states the highest level of a ladder",
        base: "x264-high",
        change: |data| set(data, 3, 51),
        verdict: Faults(&[]),
    },
    Broken {
        name: "avcc-other-profile",
        origin: "a record kept from before the encoder was set anew",
        base: "x264-high",
        change: |data| set(set(data, 1, 77), 2, 0x40),
        verdict: Faults(&[(Mendable, "AVCProfileIndication"), (Mendable, "profile_compatibility"), (Harmless, "")]),
    },
    Broken {
        name: "avcc-fewer-compatibility-flags",
        origin: "a muxer that leaves the byte 0",
        base: "x264-baseline",
        change: |data| set(data, 2, 0),
        verdict: Faults(&[(Harmless, "profile_compatibility")]),
    },
    Broken {
        name: "avcc-swapped",
        origin: "PPS and SPS in each other's list",
        base: "x264-high",
        change: |data| [&data[..6], &[0, 4], &data[PPS], &[1, 0, 26], &data[SPS], &data[41..]].concat(),
        verdict: Faults(&[(Mendable, "sequenceParameterSetNALUnit"), (Mendable, "pictureParameterSetNALUnit")]),
    },
    Broken {
        name: "avcc-aud-and-sei-in-front",
        origin: "a key frame's units up to the slice, all taken for SPS",
        base: "x264-high",
        change: |data| {
            let units = [&[0, 2, 9, 0xf0][..], &[0, 5, 6, 5, 1, 0, 0x80], &data[6..34]].concat();
            [&data[..5], &[0xe3], &units, &data[34..]].concat()
        },
        verdict: Faults(&[(Mendable, "sequenceParameterSetNALUnit"), (Mendable, "sequenceParameterSetNALUnit")]),
    },
    Broken {
        name: "avcc-start-codes-inside",
        origin: "a packager that does not take the start codes off",
        base: "x264-high",
        change: |data| {
            let sps = [&[0, 30, 0, 0, 0, 1][..], &data[SPS]].concat();
            [&data[..6], &sps, &[1, 0, 8, 0, 0, 0, 1], &data[PPS], &data[41..]].concat()
        },
        verdict: Faults(&[(Mendable, "sequenceParameterSetNALUnit"), (Mendable, "pictureParameterSetNALUnit")]),
    },
    Broken {
        name: "avcc-sps-twice",
        origin: "an encoder that repeats its parameter sets, all of which were kept",
        base: "x264-high",
        change: |data| [&data[..5], &[0xe2], &data[6..34], &data[6..]].concat(),
        verdict: Faults(&[(Harmless, "sequenceParameterSetNALUnit")]),
    },
    Broken {
        name: "avcc-empty-set",
        origin: "a length of 0 behind the good PPS",
        base: "x264-high",
        change: |data| [&data[..34], &[2], &data[35..41], &[0, 0], &data[41..]].concat(),
        verdict: Faults(&[(Mendable, "pictureParameterSetNALUnit")]),
    },
    Broken {
        name: "avcc-pps-of-another-sps",
        origin: "the PPS of a second encoder, of SPS 1, in a record of one",
        base: "x264-high",
        change: |data| [&data[..34], &[1, 0, 5], &hex("684af8fcb0"), &data[41..]].concat(),
        verdict: Faults(&[(Fatal, "seq_parameter_set_id")]),
    },
    Broken {
        name: "avcc-two-sps-with-one-id",
        origin: "a ladder of two sizes whose encoders both say 0; the later one counts",
        base: "x264-high",
        change: |data| {
            let other = hex("674d401eeca05017fcb808800000030080000019078b16cb");
            [&data[..5], &[0xe2, 0, 24], &other, &data[6..]].concat()
        },
        verdict: Faults(&[(Mendable, "seq_parameter_set_id")]),
    },
    Broken {
        name: "avcc-sps-cut",
        origin: "an SPS that ends in the middle of its VUI",
        base: "x264-high",
        change: |data| [&data[..6], &[0, 17], &data[8..25], &data[34..]].concat(),
        verdict: Faults(&[(Harmless, "time_scale")]),
    },
    Broken {
        name: "avcc-zero-behind-pps",
        origin: "the first zero of a four-byte start code counted in",
        base: "x264-high",
        change: |data| [&data[..35], &[0, 5], &data[PPS], &[0], &data[41..]].concat(),
        verdict: Faults(&[(Harmless, "pictureParameterSetNALUnit")]),
    },
    Broken {
        name: "hvcc-annex-b",
        origin: "H.265 parameter sets of a byte stream",
        base: "x265-main",
        change: |data| sets(&data).iter().flat_map(|set| [&[0, 0, 0, 1][..], set].concat()).collect(),
        verdict: Refused(ErrorKind::AnnexB),
    },
    Broken {
        name: "hvcc-truncated",
        origin: "a CodecPrivate that was cut to 40 bytes",
        base: "x265-main",
        change: |data| data[..40].to_vec(),
        verdict: Refused(ErrorKind::Truncated),
    },
    Broken {
        name: "hvcc-version-0",
        origin: "ffmpeg and mkvmerge from before the standard was final",
        base: "x265-main",
        change: |data| set(data, 0, 0),
        verdict: Faults(&[(Mendable, "configurationVersion")]),
    },
    Broken {
        name: "hvcc-version-2",
        origin: "bytes that are no record",
        base: "x265-main",
        change: |data| set(data, 0, 2),
        verdict: Refused(ErrorKind::Invalid),
    },
    Broken {
        name: "hvcc-level-0",
        origin: "the C producer SDK's conversion from Annex B with sets in another order",
        base: "x265-main",
        change: |data| set(data, 12, 0),
        verdict: Faults(&[(Mendable, "general_level_idc")]),
    },
    Broken {
        name: "hvcc-arrays-by-position",
        origin: "the C producer SDK: types by position, while the encoder gives SPS, PPS, VPS",
        base: "x265-main",
        change: |data| {
            let sets = sets(&data);
            with_arrays(&data, &[(32, &sets[1]), (33, &sets[2]), (34, &sets[0])])
        },
        verdict: Faults(&[(Mendable, "nalUnit"), (Mendable, "nalUnit"), (Mendable, "nalUnit")]),
    },
    Broken {
        name: "hvcc-no-arrays",
        origin: "numOfArrays 0: parameter sets are in the stream only",
        base: "x265-main",
        change: |data| with_arrays(&data, &[]),
        verdict: Faults(&[(Fatal, "VPS count"), (Fatal, "SPS count"), (Fatal, "PPS count")]),
    },
    Broken {
        name: "hvcc-no-vps",
        origin: "a packager that knows H.264 only by heart",
        base: "x265-main",
        change: |data| {
            let sets = sets(&data);
            with_arrays(&data, &[(33, &sets[1]), (34, &sets[2])])
        },
        verdict: Faults(&[
            (Fatal, "VPS count"),
            (Fatal, "sps_video_parameter_set_id"),
            (Fatal, "pps_seq_parameter_set_id"),
        ]),
    },
    Broken {
        name: "hvcc-pps-twice",
        origin: "an encoder that repeats its parameter sets, in arrays of their own",
        base: "x265-main",
        change: |data| {
            let sets = sets(&data);
            with_arrays(&data, &[(32, &sets[0]), (33, &sets[1]), (34, &sets[2]), (34, &sets[2])])
        },
        verdict: Faults(&[(Harmless, "NAL_unit_type")]),
    },
    Broken {
        name: "hvcc-aud-array",
        origin: "a key frame's units up to the slice, an array for each type",
        base: "x265-main",
        change: |data| {
            let sets = sets(&data);
            with_arrays(&data, &[(35, &[0x46, 1, 0x50]), (32, &sets[0]), (33, &sets[1]), (34, &sets[2])])
        },
        verdict: Faults(&[(Mendable, "NAL_unit_type")]),
    },
    Broken {
        name: "hvcc-with-sei",
        origin: "ffmpeg keeps the encoder's message in an array of its own",
        base: "x265-main",
        change: |data| {
            let sets = sets(&data);
            let sei = [0x4e, 1, 5, 1, 0, 0x80];
            with_arrays(&data, &[(32, &sets[0]), (33, &sets[1]), (34, &sets[2]), (39, &sei)])
        },
        verdict: Faults(&[]),
    },
    Broken {
        name: "hvcc-8-bits-for-10",
        origin: "a record of Main around a stream of Main 10",
        base: "x265-main10",
        change: |data| set(set(set(data, 1, 1), 17, 0xf8), 18, 0xf8),
        verdict: Faults(&[
            (Mendable, "general_profile_idc"),
            (Mendable, "bitDepthLumaMinus8"),
            (Mendable, "bitDepthChromaMinus8"),
        ]),
    },
    Broken {
        name: "hvcc-main-tier-for-high",
        origin: "a muxer that leaves the tier flag 0",
        base: "x265-high-tier",
        change: |data| set(data, 1, 1),
        verdict: Faults(&[(Mendable, "general_tier_flag")]),
    },
    Broken {
        name: "hvcc-flags-of-zero",
        origin: "a muxer that fills in profile and level only",
        base: "x265-main",
        change: |mut data| {
            data[2..12].fill(0);
            data
        },
        verdict: Faults(&[
            (Harmless, "general_profile_compatibility_flags"),
            (Harmless, "general_constraint_indicator_flags"),
        ]),
    },
    Broken {
        name: "hvcc-trailing-bytes",
        origin: "a CodecPrivate padded with zeros",
        base: "x265-main",
        change: |data| [&data[..], &[0; 4]].concat(),
        verdict: Faults(&[(Harmless, "")]),
    },
];

pub(crate) fn hex(text: &str) -> Vec<u8> {
    text.as_bytes().chunks(2).map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap()).collect()
}

fn set(mut data: Vec<u8>, at: usize, value: u8) -> Vec<u8> {
    data[at] = value;
    data
}

/// The units of a hvcC with one in each array.
fn sets(data: &[u8]) -> Vec<Vec<u8>> {
    let mut rest = &data[23..];
    let mut units = Vec::new();
    while let [_, 0, 1, high, low, tail @ ..] = rest {
        let (unit, tail) = tail.split_at(usize::from(u16::from_be_bytes([*high, *low])));
        units.push(unit.to_vec());
        rest = tail;
    }
    units
}

/// The same record with these arrays, of one unit each.
fn with_arrays(data: &[u8], arrays: &[(u8, &[u8])]) -> Vec<u8> {
    let mut out = data[..22].to_vec();
    out.push(u8::try_from(arrays.len()).unwrap());
    for (nal_unit_type, unit) in arrays {
        out.extend([*nal_unit_type, 0, 1]);
        out.extend(u16::try_from(unit.len()).unwrap().to_be_bytes());
        out.extend_from_slice(unit);
    }
    out
}
