//! Private data that is read, written and read again is the same, and what is repaired needs no repair.
//!
//! The last five bytes say what the rest is: how long the frames are, what the container states, how many bytes (two) are
//! private data, and the CodecID. What is not private data are frames.

use fragkit::codec::{CodecPrivate, Effect, Origin, Stated};

const CODEC_IDS: [&str; 17] = [
    "V_MPEG4/ISO/AVC",
    "V_MPEGH/ISO/HEVC",
    "A_AAC",
    "A_MS/ACM",
    "V_MPEG/ISO/AVC",
    "V_MPEG/ISO/HEVC",
    "A_AAC/MPEG2/MAIN",
    "A_AAC/MPEG2/LC",
    "A_AAC/MPEG2/LC/SBR",
    "A_AAC/MPEG2/SSR",
    "A_AAC/MPEG4/MAIN",
    "A_AAC/MPEG4/LC",
    "A_AAC/MPEG4/LC/SBR",
    "A_AAC/MPEG4/SSR",
    "A_AAC/MPEG4/LTP",
    "A_MS/ACM\0\0",
    "V_VP9",
];

const RATES: [f64; 8] = [8_000.0, 44_100.0, 22_049.6, 96_000.0, 1e9, 0.0, -1.0, f64::NAN];

/// See the head of the file.
pub fn check(data: &[u8]) {
    let Some((rest, &[frame_bytes, told, low, high, choice])) = data.split_last_chunk() else { return };
    let codec_id = CODEC_IDS[usize::from(choice) % CODEC_IDS.len()];
    let stated = stated(told);
    let (private, frames) = rest.split_at(usize::from(u16::from_le_bytes([low, high])) % (rest.len() + 1));
    let frames = || frames.chunks(usize::from(frame_bytes) + 1);

    let parsed = CodecPrivate::parse(codec_id, private).ok();
    let from_units = CodecPrivate::from_annex_b(codec_id, private).ok();
    for private in parsed.iter().chain(&from_units) {
        ask(private, &stated);
        write_and_read(codec_id, private);
        rebuild(private);
    }
    if let (Some(a), Some(b)) = (&parsed, &from_units) {
        assert_eq!(a.is_equivalent(b), b.is_equivalent(a));
    }

    let Ok(repaired) = CodecPrivate::repair(codec_id, Some(private), &stated, frames()) else { return };
    let read = CodecPrivate::parse(codec_id, &repaired.record).expect("a repaired record can be read");
    assert!(read.is_equivalent(&repaired.private));
    assert!(repaired.from != Origin::AsStored || repaired.record == private);
    if let Some(parsed) = parsed.filter(|_| worst(&repaired.faults) < Some(Effect::Mendable)) {
        assert!(repaired.private == parsed);
    }
    let again = CodecPrivate::repair(codec_id, Some(&repaired.record), &stated, []).expect("it was repaired before");
    assert_eq!((again.from, again.record), (Origin::AsStored, repaired.record));
}

/// What the container may say, sense or nonsense.
fn stated(told: u8) -> Stated {
    let rate = RATES[usize::from(told & 7)];
    Stated {
        pixel_width: None,
        pixel_height: None,
        sampling_frequency: (told & 8 == 0).then_some(rate),
        output_sampling_frequency: (told & 16 != 0).then_some(2.0 * rate),
        channels: (told & 32 == 0).then_some(u64::from(told >> 6) * 3),
        bit_depth: (told & 64 == 0).then_some(u64::from(told)),
    }
}

/// All questions have answers, and those are not long.
fn ask(private: &CodecPrivate, stated: &Stated) {
    let _ = (private.codec_string(), private.video(), private.length_size());
    if let Some(audio) = private.audio() {
        assert!(audio.sampling_frequency > 0 && audio.output_sampling_frequency > 0);
    }
    assert!(private.check_against(stated).iter().all(|fault| fault.effect == Effect::Harmless));
    assert!(private.is_equivalent(private));
    let bytes = private.write().map_or(0, |written| written.len());
    let fields = private.fields();
    assert!(fields.len() <= 256 + 16 * bytes, "{} fields of {bytes} bytes", fields.len());
    let text: usize = fields.iter().map(|field| field.value.len()).sum();
    assert!(text <= 16_384 + 256 * bytes, "{text} bytes of text of {bytes} bytes");
}

fn write_and_read(codec_id: &str, private: &CodecPrivate) {
    let written = private.write().expect("what was read can be written");
    let again = CodecPrivate::parse(codec_id, &written).expect("what is written can be read");
    assert_eq!(&again, private);
    assert_eq!(again.write().expect("it was written before"), written);
}

/// What can be built again has nothing left to mend, and is the same where nothing was to be mended.
fn rebuild(private: &CodecPrivate) {
    let faults = private.check();
    let Ok(rebuilt) = private.rebuilt() else {
        assert_eq!(worst(&faults), Some(Effect::Fatal));
        return;
    };
    assert!(worst(&faults) < Some(Effect::Fatal), "{faults:?}");
    let left = rebuilt.check();
    assert!(worst(&left) < Some(Effect::Mendable), "{left:?} of {faults:?}");
    assert_eq!(rebuilt.rebuilt().as_ref(), Ok(&rebuilt));
    assert_eq!(private.is_equivalent(&rebuilt), rebuilt.is_equivalent(private));
    // Units of other layers are left out, which is a difference to decoders of those.
    if worst(&faults) < Some(Effect::Mendable) && !faults.iter().any(|fault| fault.to_string().contains("nuh_layer_id"))
    {
        assert!(rebuilt.is_equivalent(private), "{faults:?}");
    }
}

fn worst(faults: &[fragkit::codec::Fault]) -> Option<Effect> {
    faults.iter().map(|fault| fault.effect).max()
}
