//! NAL units keep their bytes from start codes to lengths and back.

use fragkit::codec::nal::{self, LengthSize};

/// See the head of the file.
pub fn check(data: &[u8]) {
    let units: Vec<&[u8]> = nal::annex_b(data).map(|range| &data[range]).collect();
    let mut prefixed = Vec::new();
    nal::annex_b_to_length_prefixed(data, LengthSize::Four, &mut prefixed).expect("units are short");
    let walked: Vec<&[u8]> = nal::length_prefixed(&prefixed, LengthSize::Four)
        .map(|range| &prefixed[range.expect("lengths add up")])
        .collect();
    assert_eq!(walked, units);
    let mut back = Vec::new();
    nal::length_prefixed_to_annex_b(&prefixed, LengthSize::Four, &mut back).expect("lengths add up");
    let again: Vec<&[u8]> = nal::annex_b(&back).map(|range| &back[range]).collect();
    assert_eq!(again, units);
    for size in [LengthSize::One, LengthSize::Two, LengthSize::Three, LengthSize::Four] {
        let mut end = 0;
        for range in nal::length_prefixed(data, size).map_while(Result::ok) {
            assert!(range.start >= end && range.end <= data.len());
            end = range.end;
        }
    }
}
