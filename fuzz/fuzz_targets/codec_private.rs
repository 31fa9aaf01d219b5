//! Private data that is read, written and read again is the same.
#![no_main]

use fragkit::codec::CodecPrivate;
use libfuzzer_sys::fuzz_target;

const CODEC_IDS: [&str; 5] = ["V_MPEG4/ISO/AVC", "V_MPEGH/ISO/HEVC", "A_AAC", "A_MS/ACM", "V_VP9"];

fuzz_target!(|data: &[u8]| {
    let Some((&choice, data)) = data.split_last() else { return };
    let codec_id = CODEC_IDS[usize::from(choice) % CODEC_IDS.len()];
    for private in [CodecPrivate::parse(codec_id, data), CodecPrivate::from_annex_b(codec_id, data)].into_iter().flatten() {
        let _ = (private.codec_string(), private.video(), private.audio(), private.check(), private.rebuilt());
        let Ok(written) = private.write() else { continue };
        let again = CodecPrivate::parse(codec_id, &written).expect("what is written can be read");
        assert_eq!(again, private);
        assert_eq!(again.write().expect("it was written before"), written);
    }
});
