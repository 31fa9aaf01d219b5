//! Pictures of any bytes: every entry of the plan comes out, in order, the same on one thread and on two, and pages joined are the
//! whole. Decoders are held to small pictures and a short time.

use std::convert::Infallible;
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
    let Some((pictures, token)) = sampled(&source, &request, 1) else { return };
    assert!(pictures.len() <= MOST);
    assert!(pictures.windows(2).all(|pair| pair[0].timestamp < pair[1].timestamp));
    for encoded in pictures.iter().filter_map(|sampled| sampled.picture.as_ref().ok()) {
        assert!(encoded.width > 0 && encoded.height > 0 && !encoded.bytes.is_empty());
    }
    // The first two pages of half the size are that page, by whatever threads.
    let half = Request { max_results: Some(MOST / 2), ..request };
    let (mut joined, next) = sampled(&source, &half, 2).expect("the same plan");
    if let Some(next) = next {
        let (more, after) = sampled(&source, &Request { next_token: Some(next), ..half }, 2).expect("the next page");
        joined.extend(more);
        assert_eq!(after, token);
    }
    assert_eq!(joined.len(), pictures.len());
    for (one, other) in joined.iter().zip(&pictures) {
        assert_eq!((one.timestamp, &one.frame), (other.timestamp, &other.frame));
        // Time may have run out in one of them.
        if let (Ok(one), Ok(other)) = (&one.picture, &other.picture) {
            assert!(one == other, "a picture is the same however it is come by");
        }
    }
}

fn sampled(source: &Source, request: &Request, threads: usize) -> Option<(Vec<Sampled<Encoded>>, Option<String>)> {
    let mut sampler = Sampler::new(request.clone());
    for item in source.items_without_audio_payload() {
        if let Item::Fragment(fragment) = item {
            sampler.add(&fragment);
        }
    }
    let plan = sampler.plan().ok()?;
    let read = |range: Range<u64>| source.bytes(range);
    let mut pictures = Vec::new();
    if threads == 1 {
        pictures.extend(plan.images(&read));
    } else {
        let take = |sampled| {
            pictures.push(sampled);
            Ok::<_, Infallible>(())
        };
        plan.par_images(threads, &read, take).expect("taking cannot fail");
    }
    assert_eq!(pictures.len(), plan.len());
    Some((pictures, plan.next_token().map(Into::into)))
}
