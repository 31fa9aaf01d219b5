//! Why there are no pictures, and why one is missing.

use std::fmt;

/// Why a request gives no pictures at all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Error(Box<Inner>);

#[derive(Debug, Clone, PartialEq, Eq)]
struct Inner {
    kind: ErrorKind,
    message: String,
    hint: Option<&'static str>,
}

/// The kinds of [`Error`], by the exception that the service has for them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// No fragment is selected, and the request does not say from when to when pictures are to be.
    NothingSelected,
    /// The request asks for what cannot be, or for what the limits do not allow.
    InvalidArgument,
}

impl Error {
    pub(crate) fn invalid(message: impl Into<String>) -> Self {
        let hint = Some("`fragkit images --help` says what may be asked for");
        Error(Box::new(Inner { kind: ErrorKind::InvalidArgument, message: message.into(), hint }))
    }

    pub(crate) fn nothing_selected() -> Self {
        let message = "No fragments found in the stream for the images request.".into();
        let hint = Some(
            "`fragkit list` shows the times there are; --include-overlap takes the fragment that reaches over the start",
        );
        Error(Box::new(Inner { kind: ErrorKind::NothingSelected, message, hint }))
    }

    pub(crate) fn hint(mut self, hint: &'static str) -> Self {
        self.0.hint = Some(hint);
        self
    }

    /// What kind of error it is.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// The exception that the service gives in this case.
    #[must_use]
    pub fn exception(&self) -> &'static str {
        match self.0.kind {
            ErrorKind::NothingSelected => "ResourceNotFoundException",
            ErrorKind::InvalidArgument => "InvalidArgumentException",
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} [{}]", self.0.message, self.exception())?;
        if let Some(hint) = self.0.hint {
            write!(f, " ({hint})")?;
        }
        Ok(())
    }
}

impl std::error::Error for Error {}

/// Why there is no picture at one time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImageError {
    /// What the service calls it.
    pub kind: ImageErrorKind,
    /// Why, in one sentence.
    pub reason: String,
}

/// What the service has instead of a picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ImageErrorKind {
    /// There is no media at that time.
    NoMedia,
    /// There is, and it cannot be decoded: damage, sound alone, an unknown codec.
    MediaError,
}

impl ImageError {
    pub(crate) fn no_media(reason: impl Into<String>) -> Self {
        ImageError { kind: ImageErrorKind::NoMedia, reason: reason.into() }
    }

    pub(crate) fn media(reason: impl Into<String>) -> Self {
        ImageError { kind: ImageErrorKind::MediaError, reason: reason.into() }
    }
}

impl ImageErrorKind {
    /// As it stands in the service's response.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            ImageErrorKind::NoMedia => "NO_MEDIA",
            ImageErrorKind::MediaError => "MEDIA_ERROR",
        }
    }
}

impl fmt::Display for ImageError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.kind.name(), self.reason)
    }
}

impl std::error::Error for ImageError {}
