//! Decoders against libavcodec by the ffmpeg program, byte for byte, on files and on streams that it makes on the spot. A test
//! is skipped, with a message, where ffmpeg or its input is missing.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "tests say what they expect by panicking"
)]

mod damage;
mod exact;
mod fields;
mod limits;
mod stream;
