//! Why there is no merged file.

use std::fmt;

use crate::continuity::Change;
use crate::number::FragmentNumber;

/// Why fragments do not make one file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MergeError(Box<Inner>);

#[derive(Debug, Clone, PartialEq, Eq)]
struct Inner {
    kind: MergeErrorKind,
    change: Option<Change>,
    fragment_number: Option<FragmentNumber>,
    message: String,
}

/// The kinds of [`MergeError`], by what can be done about them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum MergeErrorKind {
    /// No fragment with media is selected.
    NothingSelected,
    /// Tracks or private data change within the selection.
    Change,
    /// Frames are compressed or encrypted in a way that is not undone.
    UnsupportedMedia,
    /// Frames of a fragment are further out of order than blocks can be from their Cluster.
    Times,
}

impl MergeError {
    pub(super) fn new(kind: MergeErrorKind, message: impl Into<String>) -> Self {
        MergeError(Box::new(Inner { kind, change: None, fragment_number: None, message: message.into() }))
    }

    pub(super) fn nothing_selected() -> Self {
        Self::new(MergeErrorKind::NothingSelected, "no fragment with media is selected")
    }

    pub(super) fn changed(change: Change) -> Self {
        let mut error = Self::new(MergeErrorKind::Change, change.to_string());
        error.0.change = Some(change);
        error
    }

    pub(super) fn in_fragment(mut self, number: Option<&FragmentNumber>) -> Self {
        self.0.fragment_number = number.cloned();
        self
    }

    /// What kind of error it is.
    #[must_use]
    pub fn kind(&self) -> MergeErrorKind {
        self.0.kind
    }

    /// What changes, where that is the reason.
    #[must_use]
    pub fn change(&self) -> Option<&Change> {
        self.0.change.as_ref()
    }

    /// The fragment it is in.
    #[must_use]
    pub fn fragment_number(&self) -> Option<&FragmentNumber> {
        self.0.fragment_number.as_ref()
    }

    /// What can be done about it.
    #[must_use]
    pub fn hint_text(&self) -> &'static str {
        match self.0.kind {
            MergeErrorKind::NothingSelected => "`fragkit list` shows the fragments and times there are",
            MergeErrorKind::Change => {
                "choose a range without the change, or make one file of each stretch (--on-change split)"
            }
            MergeErrorKind::UnsupportedMedia => "store the track without compression and encryption",
            MergeErrorKind::Times => "choose a range without this fragment",
        }
    }
}

impl fmt::Display for MergeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(number) = &self.0.fragment_number {
            write!(f, "fragment {number}: ")?;
        }
        write!(f, "{} ({})", self.0.message, self.hint_text())
    }
}

impl std::error::Error for MergeError {}
