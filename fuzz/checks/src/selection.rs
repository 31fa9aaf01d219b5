//! Texts that select: times, fragment numbers and tokens are read or refused, and what is read is written as it was read.

use fragkit::mkv::{TrackEntry, TrackType};
use fragkit::{
    ChunkLayout, ChunkWriter, FragmentNumber, Item, Nanos, Pick, Request, Sampler, Selector, Source, Timestamp,
};

/// See the head of the file.
pub fn check(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    if let Ok(timestamp) = text.parse::<Timestamp>() {
        assert_eq!(timestamp.to_string().parse(), Ok(timestamp));
        assert!(timestamp <= Timestamp::MAX);
        assert_eq!(fragkit::wall_clock(timestamp).len(), "2017-11-28 06:55:09.126 UTC".len());
    }
    if let Ok(number) = text.parse::<FragmentNumber>() {
        assert_eq!(number.to_string(), text);
        if let Some(decoded) = number.decode() {
            assert_eq!(&decoded.encode(), &number);
        }
    }
    let (first, rest) = text.split_once(' ').unwrap_or((text, ""));
    let times: Vec<Option<Timestamp>> = rest.split(' ').map(|word| word.parse().ok()).collect();
    let from = times.first().copied().flatten();
    let request = Request {
        selector: Selector { from, to: times.get(1).copied().flatten(), ..Selector::default() },
        interval_ms: u64::try_from(text.len()).expect("a length fits") * 40,
        pick: Pick::Keyframe,
        max_results: Some(3),
        next_token: (!first.is_empty()).then(|| first.to_owned()),
        ..Request::default()
    };
    let mut sampler = Sampler::new(request);
    for item in three_seconds().items() {
        if let Item::Fragment(fragment) = item {
            sampler.add(&fragment);
        }
    }
    if let Ok(plan) = sampler.plan() {
        assert!(plan.len() <= 3);
        assert!(u64::try_from(plan.len()).expect("a length fits") <= plan.total());
        assert!(plan.next_token().is_none_or(|token| token != first), "it goes on");
    }
}

/// Chunks without frames of a picture: which times there are is all that is asked.
fn three_seconds() -> Source {
    let track =
        TrackEntry { number: 1, track_type: TrackType::Video, codec_id: "V_MJPEG".into(), ..TrackEntry::default() };
    let writer = ChunkWriter::new(ChunkLayout::default());
    let mut stream = Vec::new();
    for (number, second) in (1_u64..).zip(0..3) {
        let start = Timestamp::from_millis(1_700_000_000_000 + 1000 * second);
        stream.extend(writer.chunk(&number.into(), start, start, std::slice::from_ref(&track), &[], Nanos::ZERO, &[]));
    }
    Source::from(bytes::Bytes::from(stream))
}
