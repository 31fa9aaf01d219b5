//! Texts that select: times, fragment numbers and tokens are read or refused, and what is read is written as it was read.

use bytes::Bytes;
use fragkit::{FragmentNumber, Item, Pick, Request, Sampler, Selector, Source, Timestamp};

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
    // TOKEN FROM TO, each of which may be missing.
    let mut words = text.split(' ');
    let token = words.next().filter(|word| !word.is_empty()).map(ToOwned::to_owned);
    let [from, to] = [(); 2].map(|()| words.next().and_then(|word| word.parse::<Timestamp>().ok()));
    let request = Request {
        selector: Selector { from, to, ..Selector::default() },
        interval_ms: u64::try_from(text.len()).expect("a length fits"),
        pick: Pick::Keyframe,
        max_results: Some(3),
        next_token: token,
        ..Request::default()
    };
    match next_page(&request) {
        None => assert!(request.interval_ms == 0 || request.next_token.is_some() || from.or(to).is_some()),
        Some(None) => {}
        Some(Some(token)) => {
            assert_ne!(request.next_token.as_ref(), Some(&token), "it goes on");
            let next = next_page(&Request { next_token: Some(token), ..request });
            assert!(next.is_some(), "a token that was given out is taken");
        }
    }
}

/// The token for the next page, if there is a plan at all.
fn next_page(request: &Request) -> Option<Option<String>> {
    const STREAM: &[u8] = include_bytes!("../../../testdata/h264-vfr.chunks.mkv");
    let mut sampler = Sampler::new(request.clone());
    for item in Source::from(Bytes::from_static(STREAM)).items() {
        if let Item::Fragment(fragment) = item {
            sampler.add(&fragment);
        }
    }
    let plan = sampler.plan().ok()?;
    let len = u64::try_from(plan.len()).expect("a length fits");
    assert!(len <= 3 && len <= plan.total());
    Some(plan.next_token().map(ToOwned::to_owned))
}
