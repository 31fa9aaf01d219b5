//! Parameter sets of any bytes: reading ends, what is read makes sense, and records that are built of them can be read.

use fragkit::codec::{CodecPrivate, avc, hevc};

/// See the head of the file.
pub fn check(data: &[u8]) {
    if let Ok(sps) = avc::Sps::read(data) {
        assert!(sps.coded_width() > 0 && sps.coded_height() > 0);
        assert!(sps.chroma_format_idc <= 3 && sps.max_num_ref_frames <= 16, "{sps:?}");
    }
    if let Ok(sps) = hevc::Sps::read(data) {
        assert!(sps.pic_width_in_luma_samples > 0 && sps.pic_height_in_luma_samples > 0);
        assert!(sps.chroma_format_idc <= 3, "{sps:?}");
    }
    // The first byte tells where the units part.
    let Some((&at, units)) = data.split_first() else { return };
    let (first, second) = units.split_at(usize::from(at) % (units.len() + 1));
    for (codec_id, heads) in [("V_MPEG4/ISO/AVC", [0x67, 0x68]), ("V_MPEGH/ISO/HEVC", [0x42, 0x44])] {
        let mut stream = Vec::new();
        for (head, unit) in heads.into_iter().zip([first, second]) {
            stream.extend([0, 0, 0, 1, head]);
            stream.extend_from_slice(unit);
        }
        let Ok(private) = CodecPrivate::from_annex_b(codec_id, &stream) else { continue };
        let Ok(written) = private.write() else { continue };
        let again = CodecPrivate::parse(codec_id, &written).expect("what was written can be read");
        assert!(again.is_equivalent(&private));
        assert_eq!(again.write().expect("it was written before"), written);
    }
}
