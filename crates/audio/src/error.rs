//! Why there is no sound file.

use std::fmt;

use fragkit_fragment::FragmentNumber;

/// Why fragments do not make a sound file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Error(Box<Inner>);

#[derive(Debug, Clone, PartialEq, Eq)]
struct Inner {
    kind: ErrorKind,
    fragment_number: Option<FragmentNumber>,
    message: String,
    hint: Option<String>,
}

/// The kinds of [`Error`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// No fragment is selected.
    NothingSelected,
    /// There is no such track, or none of sound.
    NoTrack,
    /// The sound cannot be written, or not in this way.
    UnsupportedMedia,
    /// What a track holds changes within the range.
    Change,
    /// A gap is longer than the options allow.
    Gap,
    /// A value does not fit into the file.
    TooLarge,
}

impl Error {
    pub(crate) fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Error(Box::new(Inner { kind, fragment_number: None, message: message.into(), hint: None }))
    }

    pub(crate) fn in_fragment(mut self, number: Option<&FragmentNumber>) -> Self {
        self.0.fragment_number = number.cloned();
        self
    }

    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.0.hint = Some(hint.into());
        self
    }

    /// What kind of error it is.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// The fragment it is in.
    #[must_use]
    pub fn fragment_number(&self) -> Option<&FragmentNumber> {
        self.0.fragment_number.as_ref()
    }
}

impl From<fragkit_mp4::Error> for Error {
    fn from(error: fragkit_mp4::Error) -> Self {
        Error::new(ErrorKind::TooLarge, error.to_string())
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(number) = &self.0.fragment_number {
            write!(f, "fragment {number}: ")?;
        }
        f.write_str(&self.0.message)?;
        if let Some(hint) = &self.0.hint {
            write!(f, " ({hint})")?;
        }
        Ok(())
    }
}

impl std::error::Error for Error {}
