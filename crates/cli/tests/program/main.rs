//! The program as those who run it see it: arguments, pipes and files in; output, exit codes and what is left on disk.
//!
//! One module for each subcommand, then what is the same for all: inputs, outputs, damage, refusals and the help.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests speak by panicking"
)]

mod audio;
mod chunks;
mod clip;
mod damage;
mod doctor;
mod everywhere;
mod faults;
mod help;
#[allow(clippy::as_conversions, reason = "numbers of pictures and samples are small")]
mod images;
mod inputs;
mod inspect;
mod list;
mod media;
mod merge;
mod movie;
mod outputs;
mod process;
mod refusals;
mod report;
mod sheet;
mod streams;
