//! What the fuzz targets hold fragkit to: for each a module with `check`, which panics where a property does not hold.
//!
//! It stands apart from the targets so that the plain tests can go through all inputs that ever broke one (`fuzz/regressions`)
//! and through the seeds, without cargo fuzz.

pub mod chunks;
pub mod clip;
pub mod codec_private;
pub mod fragments;
pub mod frame;
pub mod images;
pub mod merge;
pub mod mkv;
pub mod mkv_round_trip;
pub mod movie;
pub mod nal;
pub mod parameter_sets;
pub mod selection;
pub mod stream;

/// Whether more than one document seems to begin in a file that was written as one: its payload then holds the head of another,
/// which the parser takes for a chunk that was swallowed.
pub(crate) fn holds_another_document(file: &[u8]) -> bool {
    file.windows(4).filter(|window| *window == [0x1A, 0x45, 0xDF, 0xA3]).count() > 1
}

/// A target: its name, and what it holds its input to.
pub type Target = (&'static str, fn(&[u8]));

/// All targets.
pub const TARGETS: [Target; 14] = [
    ("chunks", chunks::check),
    ("clip", clip::check),
    ("codec_private", codec_private::check),
    ("fragments", fragments::check),
    ("frame", frame::check),
    ("images", images::check),
    ("merge", merge::check),
    ("mkv", mkv::check),
    ("mkv_round_trip", mkv_round_trip::check),
    ("movie", movie::check),
    ("nal", nal::check),
    ("parameter_sets", parameter_sets::check),
    ("selection", selection::check),
    ("stream", stream::check),
];
