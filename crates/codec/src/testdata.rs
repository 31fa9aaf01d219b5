//! Private data of real encoders, for the tests of this crate.
//!
//! `AVC_CAMERA`, `AVC_GET_MEDIA` and `AVC_VOGELS` come from the test resources of the Amazon Kinesis Video Streams parser
//! library (Apache-2.0); the others were made with ffmpeg 5.1 and its libx264, libx265 and AAC encoders.

pub(crate) const AVC_CAMERA: &str = "01640028ffe1000e27640028ac2b40501ed00f1226a001000428ee1f2c";
pub(crate) const AVC_GET_MEDIA: &str =
    "014d401e03010027274d401eb9101405ff2e02d4040407c0000003004000000f38a0003d090007a13bdee03e1108d401000428fe3c80";
pub(crate) const AVC_VOGELS: &str =
    "0142c028ffe1001a6742c028db0280f6c05a808080a000000300200057e401e3065c01000468ca8cb2";
pub(crate) const AVC_HIGH_1080P: &str =
    "01640028ffe1001d67640028acd940780227e5c05a808080a000007d20001d4c01e30632c001000468ef8fcbfdf8f800";
pub(crate) const AVC_HIGH_444: &str =
    "01f4000dffe1001e67f4000d919b282a33c2119ff85a805a48800000030080000019078a14cb01000668ebe3c44844fff8f800";

pub(crate) fn hex(text: &str) -> Vec<u8> {
    text.as_bytes().chunks(2).map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap()).collect()
}

/// The fixed part of ffmpeg's record for libx265, then its VPS, SPS and PPS. The encoder's message of 2 kB is left out.
pub(crate) const HEVC_MAIN: [&str; 4] = [
    "0101600000009000000000003ff000fcfdf8f800000f",
    "40010c01ffff01600000030090000003000003003f959809",
    "42010101600000030090000003000003003fa00502016965959a4932bc05a020000003002000000303c1",
    "4401c172b46240",
];
pub(crate) const HEVC_MAIN_10: [&str; 4] = [
    "01022000000090000000000078f000fcfdfafa00000f",
    "40010c01ffff022000000300900000030000030078959809",
    "420101022000000300900000030000030078a003c08010e754d96566924caf0e6a1220120800001f480003a98040",
    "4401c172b46240",
];

/// Puts a record together with one array for each parameter set, as ffmpeg does.
pub(crate) fn hvcc([fixed, sets @ ..]: [&str; 4]) -> Vec<u8> {
    let mut data = hex(fixed);
    data.push(3); // numOfArrays
    for (set, nal_unit_type) in sets.iter().zip(32..) {
        let set = hex(set);
        data.extend([nal_unit_type, 0, 1]); // array_completeness 0, one unit
        data.extend(u16::try_from(set.len()).unwrap().to_be_bytes());
        data.extend(set);
    }
    data
}

/// AudioSpecificConfig with a program config element, for 2.1 and for 7.1 with wide front channels.
pub(crate) const AAC_2_1: &str = "12800544010020000d4c61766335392e33372e31303056e500";
pub(crate) const AAC_7_1_WIDE: &str = "118004c848002000c6400d4c61766335392e33372e31303056e500";
