//! Whether the pictures that access units refer to have been pushed: decoders make up what is missing and say nothing.
//!
//! ```text
//! H.264   frame_num counts reference pictures: a gap is a loss, unless the SPS allows gaps      continuity_h264
//! H.265   each picture lists those that it refers to                                           continuity_h265
//! ```

use std::fmt;

use super::{AccessUnit, DecodeError, Standard, continuity_h264::Avc, continuity_h265::Hevc};

/// What is to become of an access unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It is decoded.
    Decode,
    /// It is decoded, or not, for the sake of others, and its picture is of no use: it refers to pictures in front of the
    /// first one.
    Hide,
    /// It cannot be decoded, and nothing that can be decoded refers to it.
    Skip,
    /// It is the first field of a frame; the other is in the next one.
    HalfOfFrame,
}

/// Follows the pictures of one stretch.
pub(super) enum Continuity {
    Avc(Avc),
    Hevc(Hevc),
}

impl Continuity {
    pub(super) fn new(standard: Standard) -> Self {
        match standard {
            Standard::Avc => Self::Avc(Avc::default()),
            Standard::Hevc => Self::Hevc(Hevc::default()),
        }
    }

    /// Takes in a parameter set; other units are left alone.
    pub(super) fn add_parameter_set(&mut self, unit: &[u8]) {
        match self {
            Self::Avc(avc) => avc.add_parameter_set(unit),
            Self::Hevc(hevc) => hevc.add_parameter_set(unit),
        }
    }

    /// Takes in an access unit, whose parameter sets it takes in itself.
    pub(super) fn check(&mut self, unit: AccessUnit<'_>) -> Result<Verdict, DecodeError> {
        match self {
            Self::Avc(avc) => avc.check(unit.units),
            Self::Hevc(hevc) => hevc.check(unit.units),
        }
    }
}

impl fmt::Debug for Continuity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Continuity").finish_non_exhaustive()
    }
}
