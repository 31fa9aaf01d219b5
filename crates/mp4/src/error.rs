//! The one error of the crate.

use std::borrow::Cow;
use std::fmt;

/// What went wrong, and where if it was found in written bytes.
///
/// The text names the rule that was broken and, for the checker, the absolute
/// byte offset and the path of the box.
#[derive(Clone, PartialEq, Eq)]
pub struct Error(Box<Inner>);

#[derive(Clone, PartialEq, Eq)]
struct Inner {
    kind: ErrorKind,
    place: Option<(u64, &'static str)>,
    message: Cow<'static, str>,
}

/// Who has to act on an [`Error`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The movie handed to the writer contradicts itself or the standard.
    Invalid,
    /// The movie is sound, but a field of the format is too narrow for it.
    TooLarge,
    /// A file that was given to the checker or the reader is not sound.
    Malformed,
}

impl Error {
    pub(crate) fn invalid(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(ErrorKind::Invalid, None, message.into())
    }

    pub(crate) fn too_large(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(ErrorKind::TooLarge, None, message.into())
    }

    pub(crate) fn malformed(offset: u64, path: &'static str, message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(ErrorKind::Malformed, Some((offset, path)), message.into())
    }

    fn new(kind: ErrorKind, place: Option<(u64, &'static str)>, message: Cow<'static, str>) -> Self {
        Self(Box::new(Inner { kind, place, message }))
    }

    /// The same error, said of one track.
    pub(crate) fn of_track(mut self, track_id: u32) -> Self {
        self.0.message = format!("track {track_id}: {}", self.0.message).into();
        self
    }

    /// Who has to act.
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// What is wrong, without where.
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// The absolute byte offset in the checked file; none when writing.
    pub fn offset(&self) -> Option<u64> {
        self.0.place.map(|(offset, _)| offset)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some((offset, path)) = self.0.place {
            write!(f, "byte {offset}, {path}: ")?;
        }
        f.write_str(&self.0.message)
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Error")
            .field("kind", &self.0.kind)
            .field("place", &self.0.place)
            .field("message", &self.0.message)
            .finish()
    }
}

impl std::error::Error for Error {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_found_error_says_where_and_a_refused_movie_says_which_track() {
        let found = Error::malformed(40, "moov > mvhd", "too short");
        assert_eq!(found.to_string(), "byte 40, moov > mvhd: too short");
        assert_eq!(found.offset(), Some(40));
        let refused = Error::invalid("no timescale").of_track(2);
        assert_eq!(refused.to_string(), "track 2: no timescale");
        assert_eq!(refused.kind(), ErrorKind::Invalid);
    }
}
