//! What goes wrong between files and fragments.

use std::fmt;
use std::io;
use std::path::Path;

/// Why an operation on files failed.
#[derive(Debug)]
pub struct Error(Box<Inner>);

#[derive(Debug)]
struct Inner {
    kind: ErrorKind,
    message: String,
    hint: Option<String>,
}

/// The kinds of [`Error`], by who must act.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The input does not hold what is asked for.
    Input,
    /// The request makes no sense.
    Usage,
    /// Reading or writing failed.
    Io,
    /// Whoever reads the output has gone away.
    BrokenPipe,
}

impl Error {
    /// An error of this kind.
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Error(Box::new(Inner { kind, message: message.into(), hint: None }))
    }

    /// The same with what can be done about it.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.0.hint = Some(hint.into());
        self
    }

    /// The same with where it happened in front of the message.
    #[must_use]
    pub fn at(mut self, place: impl fmt::Display) -> Self {
        self.0.message = format!("{place}: {}", self.0.message);
        self
    }

    pub(crate) fn io(what: &str, path: &Path, error: &io::Error) -> Self {
        Error::from_io(error).at(format_args!("{}: {what}", path.display()))
    }

    /// An error of the system: its words, and what can be done about the usual ones.
    #[must_use]
    pub fn from_io(error: &io::Error) -> Self {
        let kind = if error.kind() == io::ErrorKind::BrokenPipe { ErrorKind::BrokenPipe } else { ErrorKind::Io };
        let hint = match error.kind() {
            io::ErrorKind::NotFound => Some("check the path"),
            io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
                Some("choose a place that you may use")
            }
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::FileTooLarge => {
                Some("free some space or choose another disk")
            }
            io::ErrorKind::BrokenPipe => Some("its reader went away before the end"),
            // EFAULT: bytes of a mapped file that are not there any more.
            _ if cfg!(unix) && error.raw_os_error() == Some(14) => {
                Some("an input file got shorter, or failed, while it was read")
            }
            _ => None,
        };
        Error(Box::new(Inner { kind, message: reason(error), hint: hint.map(Into::into) }))
    }

    /// What kind of error it is.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }
}

/// The system's words without its number.
pub(crate) fn reason(error: &io::Error) -> String {
    let text = error.to_string();
    match text.find(" (os error") {
        Some(end) => text.get(..end).unwrap_or_default().to_string(),
        None => text,
    }
}

impl From<fragkit_clip::Error> for Error {
    fn from(error: fragkit_clip::Error) -> Self {
        Error::new(ErrorKind::Input, error.to_string())
    }
}

impl From<fragkit_audio::Error> for Error {
    fn from(error: fragkit_audio::Error) -> Self {
        Error::new(ErrorKind::Input, error.to_string())
    }
}

impl From<fragkit_image::Error> for Error {
    fn from(error: fragkit_image::Error) -> Self {
        let kind = match error.kind() {
            fragkit_image::ErrorKind::InvalidArgument => ErrorKind::Usage,
            _ => ErrorKind::Input,
        };
        Error::new(kind, error.to_string())
    }
}

impl From<fragkit_fragment::MergeError> for Error {
    fn from(error: fragkit_fragment::MergeError) -> Self {
        Error::new(ErrorKind::Input, error.to_string())
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.message)?;
        if let Some(hint) = &self.0.hint {
            write!(f, " ({hint})")?;
        }
        Ok(())
    }
}

impl std::error::Error for Error {}
