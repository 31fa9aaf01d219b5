//! Any split of the pushes gives what one push gives, and the parser comes to an end.

use bytes::Bytes;
use fragkit::mkv::{Event, Limits, Parser, Result};

fn parse<'a>(parts: impl Iterator<Item = &'a [u8]>, len: usize) -> Vec<Result<Event>> {
    let mut parser = Parser::new(Limits::default());
    let mut results = Vec::new();
    let mut drain = |parser: &mut Parser| {
        while let Some(result) = parser.poll().transpose() {
            results.push(result);
            // No element is shorter than two bytes, and after damage some bytes are gone over again: eight for each byte of
            // progress and a MiB.
            assert!(results.len() <= 64 + (9 * len + (1 << 20)) / 2, "more events than the input can hold");
        }
    };
    for part in parts {
        parser.push(Bytes::copy_from_slice(part));
        drain(&mut parser);
    }
    parser.finish();
    drain(&mut parser);
    results
}

/// See the head of the file.
pub fn check(data: &[u8]) {
    let Some((&step, data)) = data.split_last() else { return };
    let whole = parse(std::iter::once(data), data.len());
    // NaN in a float is unequal to itself, so the text forms are compared.
    let whole = format!("{whole:?}");
    let parts = parse(data.chunks(usize::from(step) + 1), data.len());
    assert_eq!(format!("{parts:?}"), whole);
}
