//! Format tags (mmreg.h), as far as they turn up where G.711 is expected.

/// What a `wFormatTag` stands for, in words; `None` for tags that are not listed here.
pub fn format_tag_name(format_tag: u16) -> Option<&'static str> {
    Some(match format_tag {
        0x0000 => "unknown",
        0x0001 => "PCM",
        0x0002 => "Microsoft ADPCM",
        0x0003 => "IEEE float",
        0x0006 => "G.711 A-law",
        0x0007 => "G.711 mu-law",
        0x0011 => "IMA ADPCM",
        0x0031 => "GSM 6.10",
        0x0045 => "G.726",
        0x0050 => "MPEG audio layer 1 or 2",
        0x0055 => "MP3",
        0x0064 => "G.726",
        0x0065 => "G.722",
        0x0092 => "AC-3 over S/PDIF",
        0x00ff => "AAC",
        0x0160 => "Windows Media Audio 1",
        0x0161 => "Windows Media Audio 2",
        0x0162 => "Windows Media Audio Professional",
        0x0163 => "Windows Media Audio Lossless",
        0x1600 => "AAC in ADTS",
        0x1601 => "AAC",
        0x1602 => "AAC in LOAS",
        0x1610 => "HE-AAC",
        0x2000 => "AC-3",
        0x2001 => "DTS",
        0xf1ac => "FLAC",
        0xfffe => "extensible",
        _ => return None,
    })
}

/// A tag with its name, for messages.
pub(super) fn in_words(format_tag: u16) -> String {
    match format_tag_name(format_tag) {
        Some(name) => format!("{format_tag:#06x} ({name})"),
        None => format!("{format_tag:#06x}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_laws_and_what_is_taken_for_them_have_names() {
        assert_eq!([1, 6, 7].map(in_words), ["0x0001 (PCM)", "0x0006 (G.711 A-law)", "0x0007 (G.711 mu-law)"]);
        assert_eq!(in_words(0x1234), "0x1234");
    }
}
