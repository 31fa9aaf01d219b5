//! Clips of all test files and of real captures, checked by programs and crates that others made.
//!
//! | module | what it checks |
//! |---|---|
//! | `decoding` | that the clip plays, and its frames are those of the source |
//! | `times` | that each frame is presented when the source says |
//! | `audio` | how long samples of sound last, and that a day of them does not drift |
//! | `agreement` | that six readers see the same tracks and samples |
//! | `streaming` | that a clip made from a pipe is the same |
//! | `selection` | ranges, duplicates and the service's limits |
//! | `changes` | tracks that change within the range |
//! | `large` | more than 4 GiB |
//! | `golden` | the same bytes each time |
//! | `damage` | what a broken chunk costs |
//! | `repairs` | media that producers get wrong, and what is refused instead of repaired |
//! | `laws` | that G.711 decodes to the samples of its source |
//!
//! `inputs` and `cases` hold the files and what is known of them, `rewritten` takes them apart and changes them, `programs` and
//! `readers` are the strangers.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::as_conversions,
    reason = "tests speak by panicking, and their numbers are small"
)]

mod agreement;
mod audio;
mod cases;
mod changes;
mod damage;
mod decoding;
mod golden;
mod inputs;
mod large;
mod laws;
mod programs;
mod readers;
mod repairs;
mod rewritten;
mod selection;
mod streaming;
mod times;
