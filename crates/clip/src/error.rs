//! Why there is no clip.

use std::fmt;

use fragkit_fragment::{Finding, FragmentNumber};

/// Why fragments do not make a clip.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Error(Box<Inner>);

#[derive(Debug, Clone, PartialEq, Eq)]
struct Inner {
    kind: ErrorKind,
    fragment_number: Option<FragmentNumber>,
    message: String,
    hint: Option<String>,
}

/// The kinds of [`Error`], by the exception that the service has for them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// No fragment is selected.
    NothingSelected,
    /// Tracks or private data change within the range.
    Change,
    /// The media cannot stand in an MP4, or the limits do not allow it.
    UnsupportedMedia,
    /// A track lacks its codec private data.
    MissingCodecPrivateData,
    /// A track's codec private data cannot be used.
    InvalidCodecPrivateData,
    /// A frame is not what its codec asks for.
    InvalidMediaFrame,
    /// A value does not fit into an MP4.
    TooLarge,
}

impl Error {
    pub(crate) fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Error(Box::new(Inner { kind, fragment_number: None, message: message.into(), hint: None }))
    }

    /// What a finding says, where nothing may be repaired.
    pub(crate) fn refused(finding: &Finding) -> Self {
        let kind = match finding.exception {
            Some("MissingCodecPrivateDataException") => ErrorKind::MissingCodecPrivateData,
            Some("InvalidMediaFrameException") => ErrorKind::InvalidMediaFrame,
            Some("UnsupportedStreamMediaTypeException") => ErrorKind::UnsupportedMedia,
            _ => ErrorKind::InvalidCodecPrivateData,
        };
        let mut message = finding.message.clone();
        if let Some(offset) = finding.offset {
            message = format!("byte {offset}, {}: {message}", finding.path);
        }
        let hint = format!(
            "without --strict it is repaired where that is possible; {}",
            finding.hint.as_deref().unwrap_or_default()
        );
        Error::new(kind, message).in_fragment(finding.fragment_number.as_ref()).hint(hint)
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

    /// The exception that the service gives in this case, if it has one.
    #[must_use]
    pub fn exception(&self) -> Option<&'static str> {
        match self.0.kind {
            ErrorKind::NothingSelected => Some("ResourceNotFoundException"),
            ErrorKind::UnsupportedMedia => Some("UnsupportedStreamMediaTypeException"),
            ErrorKind::MissingCodecPrivateData => Some("MissingCodecPrivateDataException"),
            ErrorKind::Change | ErrorKind::InvalidCodecPrivateData => Some("InvalidCodecPrivateDataException"),
            ErrorKind::InvalidMediaFrame => Some("InvalidMediaFrameException"),
            ErrorKind::TooLarge => None,
        }
    }

    /// The fragment it is in.
    #[must_use]
    pub fn fragment_number(&self) -> Option<&FragmentNumber> {
        self.0.fragment_number.as_ref()
    }

    /// What can be done about it.
    #[must_use]
    pub fn hint_text(&self) -> Option<&str> {
        self.0.hint.as_deref()
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
        if let Some(exception) = self.exception() {
            write!(f, " [{exception}]")?;
        }
        if let Some(hint) = &self.0.hint {
            write!(f, " ({hint})")?;
        }
        Ok(())
    }
}

impl std::error::Error for Error {}
