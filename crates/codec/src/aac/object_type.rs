//! Audio object types (ISO/IEC 14496-3, Table 1.17).

use crate::{
    bits::{BitReader, BitWriter},
    error::Error,
};

/// The name of an `audioObjectType`; `None` for reserved ones.
pub fn object_type_name(audio_object_type: u8) -> Option<&'static str> {
    Some(match audio_object_type {
        1 => "AAC Main",
        2 => "AAC LC",
        3 => "AAC SSR",
        4 => "AAC LTP",
        AOT_SBR => "SBR",
        6 => "AAC Scalable",
        7 => "TwinVQ",
        8 => "CELP",
        9 => "HVXC",
        12 => "TTSI",
        13 => "Main synthetic",
        14 => "Wavetable synthesis",
        15 => "General MIDI",
        16 => "Algorithmic synthesis and audio effects",
        17 => "ER AAC LC",
        19 => "ER AAC LTP",
        20 => "ER AAC Scalable",
        21 => "ER TwinVQ",
        AOT_BSAC => "ER BSAC",
        AOT_LD => "ER AAC LD",
        24 => "ER CELP",
        25 => "ER HVXC",
        26 => "ER HILN",
        27 => "ER Parametric",
        28 => "SSC",
        AOT_PS => "PS",
        30 => "MPEG Surround",
        32 => "Layer-1",
        33 => "Layer-2",
        34 => "Layer-3",
        35 => "DST",
        36 => "ALS",
        37 => "SLS",
        38 => "SLS non-core",
        AOT_ELD => "ER AAC ELD",
        40 => "SMR Simple",
        41 => "SMR Main",
        42 => "USAC",
        43 => "SAOC",
        44 => "LD MPEG Surround",
        _ => return None,
    })
}

/// Whether `GASpecificConfig` follows.
pub(super) fn is_general_audio(audio_object_type: u8) -> bool {
    matches!(audio_object_type, 1..=4 | 6 | 7 | 17 | 19..=23)
}

/// Whether `epConfig` follows. Type 39 has it too, behind parts that are not read.
pub(super) fn has_ep_config(audio_object_type: u8) -> bool {
    matches!(audio_object_type, 17 | 19..=23)
}

pub(super) fn read(r: &mut BitReader<'_>) -> Result<u8, Error> {
    let start = r.offset();
    match r.u8(5, "audioObjectType")? {
        0 => Err(r.invalid_at(start, "audioObjectType", "is 0, the null object")),
        31 => Ok(32 + r.u8(6, "audioObjectTypeExt")?),
        audio_object_type => Ok(audio_object_type),
    }
}

pub(super) fn put(w: &mut BitWriter, audio_object_type: u8) {
    match audio_object_type.checked_sub(32) {
        Some(ext) => {
            w.put(5, 31_u8);
            w.put(6, ext);
        }
        None => w.put(5, audio_object_type),
    }
}

pub(super) const AOT_LC: u8 = 2;
pub(super) const AOT_SSR: u8 = 3;
pub(super) const AOT_SBR: u8 = 5;
pub(super) const AOT_BSAC: u8 = 22;
pub(super) const AOT_LD: u8 = 23;
pub(super) const AOT_PS: u8 = 29;
pub(super) const AOT_ELD: u8 = 39;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reserved_types_have_no_name() {
        assert_eq!([10, 11, 18, 31, 95].map(object_type_name), [None; 5]);
        assert_eq!((object_type_name(2), object_type_name(39)), (Some("AAC LC"), Some("ER AAC ELD")));
    }
}
