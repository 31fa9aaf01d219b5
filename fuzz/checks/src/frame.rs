//! Frames of any bytes are checked, and their parts lie where they are said to lie.
//!
//! The first byte chooses the private data, the second the declared length size, the key flag, and whether the rest, when it
//! is short, is repeated until it is a long frame; the rest is the frame.

use std::{ops::Range, sync::LazyLock};

use fragkit::codec::{
    CodecPrivate, Effect, FrameCheck, FrameChecker, Packing,
    aac::adts,
    frame::MAX_FAULTS,
    nal::{self, LengthSize},
};

/// Private data as encoders write it: libx264, a camera, interlaced; libx265 with 8 and 10 bits; AAC-LC in mono and stereo,
/// HE-AAC, ER AAC ELD; A-law in stereo, PCM.
const PRIVATE: [(&str, &str); 11] = [
    (AVC, "01640028ffe1001d67640028acd940780227e5c05a808080a000007d20001d4c01e30632c001000468ef8fcbfdf8f800"),
    (AVC, "01640028ffe1000e27640028ac2b40501ed00f1226a001000428ee1f2c"),
    (AVC, "0164001effe1001c6764001eacd940b424dff8020001688000000300800000190f8a14cb01000468fe8fcbfdf8f800"),
    (
        HEVC,
        "0101600000009000000000003ff000fcfdf8f800000f03\
         200001001840010c01ffff01600000030090000003000003003f959809\
         210001002a42010101600000030090000003000003003fa00502016965959a4932bc05a020000003002000000303c1\
         22000100074401c172b46240",
    ),
    (
        HEVC,
        "01022000000090000000000078f000fcfdfafa00000f03\
         200001001840010c01ffff022000000300900000030000030078959809\
         210001002e420101022000000300900000030000030078a003c08010e754d96566924caf0e6a1220120800001f480003a98040\
         22000100074401c172b46240",
    ),
    (AAC, "1408"),
    (AAC, "1190"),
    (AAC, "2b921000"),
    (AAC, "f8e85000"),
    (ACM, "06000200401f0000803e0000020008000000"),
    (ACM, "01000200401f0000007d0000040010000000"),
];
const AVC: &str = "V_MPEG4/ISO/AVC";
const HEVC: &str = "V_MPEGH/ISO/HEVC";
const AAC: &str = "A_AAC";
const ACM: &str = "A_MS/ACM";

const SIZES: [LengthSize; 4] = [LengthSize::Four, LengthSize::Two, LengthSize::One, LengthSize::Three];
/// How long a repeated frame is, in which quadratic time would be noticed, and at most what is repeated in it.
const LONG: usize = 1 << 17;
const PATTERN: usize = 16;

/// A checker for each private data and length size.
static CHECKERS: LazyLock<Vec<[FrameChecker; 4]>> = LazyLock::new(|| {
    let checkers = |(codec_id, hex): (&str, &str)| {
        let private = CodecPrivate::parse(codec_id, &bytes_of(hex)).expect("private data of an encoder");
        SIZES.map(|size| FrameChecker::new(&private.clone().with_length_size(size)))
    };
    PRIVATE.map(checkers).into()
});

/// See the head of the file.
pub fn check(data: &[u8]) {
    let [which, choice, frame @ ..] = data else { return };
    let which = usize::from(*which) % PRIVATE.len();
    let checkers = &CHECKERS[which];
    let checker = &checkers[usize::from(choice & 3)];
    let keyframe = choice & 4 != 0;
    if choice >> 3 == 31 && (1..=PATTERN).contains(&frame.len()) {
        let long: Vec<u8> = frame.iter().copied().cycle().take(LONG).collect();
        let mut end = 0;
        checker.check_units(&long, keyframe, |unit| {
            assert!(unit.start >= end && unit.end <= LONG);
            end = unit.end;
        });
        checker.faults(&long, keyframe);
        let _ = adts::raw_data_blocks(&long);
        return;
    }

    let mut units = Vec::new();
    let check = checker.check_units(frame, keyframe, |unit| units.push(unit));
    assert_eq!(checker.check(frame, keyframe), check);
    assert_eq!(checker.packing(frame), check.packing);
    summarised(checker, &check, frame, keyframe);
    lie_inside(&units, frame.len());
    match check.packing {
        Packing::Broken => assert!(units.is_empty()),
        packing => assert!(packing.units(frame).eq(units.iter().cloned())),
    }
    if checker.length_size().is_some() {
        let heads = if PRIVATE[which].0 == AVC { AVC_HEADS } else { HEVC_HEADS };
        pack_again(&checkers[0], frame, &units, heads);
    } else {
        take_headers_off(&check, frame);
    }
}

/// The check counts what the list of faults has.
fn summarised(checker: &FrameChecker, check: &FrameCheck, frame: &[u8], keyframe: bool) {
    let faults = checker.faults(frame, keyframe);
    let count = usize::try_from(check.fault_count).expect("a count fits");
    assert_eq!(faults.len(), count.min(MAX_FAULTS));
    assert_eq!(check.is_sound(), faults.is_empty());
    let worst = faults.iter().map(|fault| fault.effect).max();
    assert!(if count <= MAX_FAULTS { check.worst == worst } else { check.worst >= worst });
    assert_eq!(check.faults().count(), count.min(3));
    for first in check.faults() {
        assert!(first.offset <= frame.len());
        assert!(faults.contains(&checker.fault(first)));
    }
    for fault in faults {
        assert!(fault.error.offset().is_none_or(|offset| offset <= frame.len()));
        assert!(!fault.to_string().is_empty());
    }
}

/// Ranges in order, one behind the other, none empty.
fn lie_inside(ranges: &[Range<usize>], bytes: usize) {
    let mut end = 0;
    for range in ranges {
        assert!(range.start >= end && range.end > range.start && range.end <= bytes, "{ranges:?} of {bytes}");
        end = range.end;
    }
}

/// The same units with lengths of four bytes and with start codes.
fn pack_again(checker: &FrameChecker, frame: &[u8], units: &[Range<usize>], heads: [&[u8]; 5]) {
    let units: Vec<&[u8]> = units.iter().map(|range| &frame[range.clone()]).collect();
    let Some(first) = units.first() else { return };
    let mut converted = Vec::new();
    for unit in &units {
        converted.extend(u32::try_from(unit.len()).expect("frames are short").to_be_bytes());
        converted.extend_from_slice(unit);
    }
    // A length of 1 or of 256 to 511 reads like a start code; then the first unit has to be what its header says.
    let ambiguous = matches!(converted[..], [0, 0, 0, 1, ..] | [0, 0, 1, ..]);
    if !ambiguous || heads.iter().any(|head| first.starts_with(head)) && !first.windows(3).any(|at| at == [0, 0, 1]) {
        assert_eq!(checker.packing(&converted), Packing::Lengths(LengthSize::Four));
        assert!(
            Packing::Lengths(LengthSize::Four).units(&converted).map(|unit| &converted[unit]).eq(units.iter().copied())
        );
    }
    let whole = |unit: &&[u8]| !unit.ends_with(&[0]) && !unit.windows(3).any(|at| at == [0, 0, 1]);
    if units.iter().all(whole) {
        let mut stream = Vec::new();
        nal::length_prefixed_to_annex_b(&converted, LengthSize::Four, &mut stream).expect("lengths add up");
        assert!(Packing::AnnexB.units(&stream).map(|unit| &stream[unit]).eq(units));
    }
}

/// The heads of parameter sets and slices: units that are what their headers say.
const AVC_HEADS: [&[u8]; 5] =
    [&[0x67, 0x64, 0x00], &[0x68, 0xef, 0x8f], &[0x65, 0x88, 0x84], &[0x41, 0x9a, 0x3b], &[0x01, 0x9e, 0x41]];
const HEVC_HEADS: [&[u8]; 5] =
    [&[0x40, 0x01, 0x0c], &[0x42, 0x01, 0x01], &[0x44, 0x01, 0xc1], &[0x28, 0x01, 0xaf], &[0x02, 0x01, 0xd0]];

/// ADTS headers and what is behind them.
fn take_headers_off(check: &FrameCheck, frame: &[u8]) {
    let _ = adts::audio_specific_config(frame).map(|config| config.write().expect("it can be written"));
    let frames: Vec<Range<usize>> = adts::frames(frame).map_while(Result::ok).map(|(_, range)| range).collect();
    lie_inside(&frames, frame.len());
    if let Ok(block) = adts::strip(frame) {
        assert!(block.start <= block.end && block.end == frame.len());
    }
    let blocks = adts::raw_data_blocks(frame);
    if let Ok(blocks) = &blocks {
        let mut end = 0;
        for block in blocks {
            assert!(block.start >= end && block.end >= block.start && block.end <= frame.len());
            end = block.end;
        }
    }
    if check.packing == Packing::Adts {
        assert!(adts::looks_like_adts(frame));
        assert!(check.worst == Some(Effect::Fatal) || blocks.is_ok(), "{blocks:?}");
    }
}

fn bytes_of(hex: &str) -> Vec<u8> {
    let digits: Vec<u32> = hex.chars().map(|digit| digit.to_digit(16).expect("a digit")).collect();
    digits.chunks(2).map(|pair| u8::try_from(pair[0] << 4 | pair[1]).expect("a byte")).collect()
}
