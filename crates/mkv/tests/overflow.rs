//! Sums that pass what an integer holds end in a panic, in programs built for release too: `Cargo.toml` asks for it, and CI runs
//! this in the release profile. A sum that wraps would point somewhere else in the input.

use std::hint::black_box;
use std::panic::catch_unwind;

#[test]
fn sums_and_products_do_not_wrap() {
    assert!(catch_unwind(|| black_box(u64::MAX) + black_box(1)).is_err());
    assert!(catch_unwind(|| black_box(0_u32) - black_box(1)).is_err());
    assert!(catch_unwind(|| black_box(i64::MAX) * black_box(2)).is_err());
}
