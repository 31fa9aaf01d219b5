//! Pictures of any bytes: every entry of the plan comes out, in order, the same on one thread and on two, and pages joined are the
//! whole. Decoders are held to small pictures and a short time.

use std::ops::Range;
use std::time::Duration;

use bytes::Bytes;
use fragkit::image::decoder::Limits;
use fragkit::{Encoded, Format, Item, Pick, Request, Sampled, Sampler, Source};

/// Streams with more entries than this are looked at by their first ones.
const MOST: usize = 12;

/// See the head of the file.
pub fn check(data: &[u8]) {
    let Some((&[choice, interval], stream)) = data.split_first_chunk::<2>() else { return };
    let source = Source::from(Bytes::copy_from_slice(stream));
    let pick = [Pick::Exact, Pick::Keyframe, Pick::NextKeyframe][usize::from(choice) % 3];
    let request = Request {
        interval_ms: 40 * (u64::from(interval) + 1),
        pick,
        format: if choice & 4 == 0 {
            Format::default()
        } else {
            Format::Png { compression: fragkit::Compression::Fast }
        },
        size: (Some(u32::from(choice >> 4) + 1).filter(|_| choice & 8 == 0), None),
        max_results: Some(MOST),
        decode_limits: Limits {
            max_picture_pixels: 320 * 256,
            max_buffer_bytes: 16 << 20,
            max_decode_time: Duration::from_millis(500),
            ..Limits::default()
        },
        ..Request::default()
    };
    let page = sampled(&source, &request);
    let Some((pictures, token)) = page else { return };
    assert!(pictures.len() <= MOST);
    assert!(pictures.windows(2).all(|pair| pair[0].timestamp < pair[1].timestamp));
    for sampled in &pictures {
        if let Ok(encoded) = &sampled.picture {
            assert!(encoded.width > 0 && encoded.height > 0 && !encoded.bytes.is_empty());
        }
    }
    // The first two pages of half the size are that page.
    let half = Request { max_results: Some(MOST / 2), ..request.clone() };
    let (mut joined, next) = sampled(&source, &half).expect("the same plan");
    if let Some(next) = next {
        let (more, after) = sampled(&source, &Request { next_token: Some(next), ..half }).expect("the next page");
        joined.extend(more);
        assert_eq!(after, token);
    }
    assert_eq!(times(&joined), times(&pictures));
}

fn times(pictures: &[Sampled<Encoded>]) -> Vec<(i64, Option<i64>)> {
    let time =
        |it: &Sampled<Encoded>| (it.timestamp.as_millis(), it.frame.as_ref().map(|frame| frame.timestamp.as_millis()));
    pictures.iter().map(time).collect()
}

fn sampled(source: &Source, request: &Request) -> Option<(Vec<Sampled<Encoded>>, Option<String>)> {
    let mut sampler = Sampler::new(request.clone());
    for item in source.items_without_audio_payload() {
        if let Item::Fragment(fragment) = item {
            sampler.add(&fragment);
        }
    }
    let plan = sampler.plan().ok()?;
    let read = |range: Range<u64>| source.bytes(range);
    let pictures: Vec<_> = plan.images(&read).collect();
    assert_eq!(pictures.len(), plan.len());
    Some((pictures, plan.next_token().map(Into::into)))
}
