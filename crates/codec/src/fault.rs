//! What readable private data or a frame still has wrong, how much that matters, and whether it is mended.

use std::fmt;

use crate::error::Error;

/// A rule that is broken by something that could be read all the same.
///
/// The text form is that of its [`Error`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// The rule: structure, place, field, and section.
    pub error: Error,
    /// How much it matters.
    pub effect: Effect,
}

/// What a [`Fault`] does to those who read the stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Effect {
    /// Against the standard, and nobody minds: readers take the true value from elsewhere or do not look.
    Harmless,
    /// Some reader refuses it or reads it wrongly, and what is meant can be told: a repair puts it right.
    Mendable,
    /// It cannot be used as it is, and nothing in it tells how to mend it.
    Fatal,
}

impl Fault {
    pub(crate) fn harmless(error: Error) -> Self {
        Self { error, effect: Effect::Harmless }
    }

    pub(crate) fn mendable(error: Error) -> Self {
        Self { error, effect: Effect::Mendable }
    }

    pub(crate) fn fatal(error: Error) -> Self {
        Self { error, effect: Effect::Fatal }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.error.fmt(f)
    }
}
