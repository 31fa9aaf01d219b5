//! What is wrong, where, and inside which elements.

use std::fmt;

use crate::id::Id;

/// A rule of EBML or Matroska that the input breaks, or a limit that it passes.
///
/// The parser goes on after any error: it looks for the next document (see [`Parser::poll`](crate::Parser::poll)).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Error(Box<Inner>);

#[derive(Debug, Clone, PartialEq, Eq)]
struct Inner {
    kind: ErrorKind,
    offset: u64,
    path: Vec<Id>,
    message: String,
}

/// The kinds of [`Error`], by what can be done about them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The input ends inside an element: a connection dropped, or a file was not written to its end.
    Cut,
    /// The bytes break a rule of the format.
    Invalid,
    /// A [limit](crate::Limits) was passed; the caller may raise it.
    Limit,
}

/// A result with this crate's [`Error`].
pub type Result<T> = std::result::Result<T, Error>;

impl Error {
    pub(crate) fn new(kind: ErrorKind, offset: u64, path: Path<'_>, message: impl Into<String>) -> Self {
        let path = path.ids();
        Error(Box::new(Inner { kind, offset, path, message: message.into() }))
    }

    pub(crate) fn invalid(offset: u64, path: Path<'_>, message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Invalid, offset, path, message)
    }

    /// What kind of error it is.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// The offset in the input, in bytes from the first byte pushed, of the element or field in question. For
    /// [`ErrorKind::Cut`] it is where the input ends.
    #[must_use]
    pub fn offset(&self) -> u64 {
        self.0.offset
    }

    /// The elements that enclose the error, outermost first, such as `[Segment, Cluster, SimpleBlock]`.
    #[must_use]
    pub fn path(&self) -> &[Id] {
        &self.0.path
    }

    /// The rule that is broken, without place.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.0.message
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "byte {}", self.0.offset)?;
        for (i, id) in self.0.path.iter().enumerate() {
            f.write_str(if i == 0 { ", " } else { " > " })?;
            write!(f, "{id}")?;
        }
        write!(f, ": {}", self.0.message)
    }
}

impl std::error::Error for Error {}

/// The chain of enclosing elements, kept on the stack while parsing and copied only into an [`Error`].
#[derive(Debug, Clone, Copy)]
pub(crate) struct Path<'a> {
    id: Option<Id>,
    parent: Option<&'a Path<'a>>,
}

impl<'a> Path<'a> {
    /// Outside of every element.
    pub(crate) const TOP: Path<'static> = Path { id: None, parent: None };
    pub(crate) const SEGMENT: Path<'static> = Path { id: Some(Id::SEGMENT), parent: None };
    pub(crate) const CLUSTER: Path<'static> = Path { id: Some(Id::CLUSTER), parent: Some(&Path::SEGMENT) };

    pub(crate) fn child(&'a self, id: Id) -> Path<'a> {
        Path { id: Some(id), parent: Some(self) }
    }

    fn ids(self) -> Vec<Id> {
        let mut ids = Vec::new();
        let mut at = Some(&self);
        while let Some(path) = at {
            ids.extend(path.id);
            at = path.parent;
        }
        ids.reverse();
        ids
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_reads_as_place_path_and_rule() {
        let path = Path::CLUSTER;
        let error = Error::invalid(1_204_331, path.child(Id::SIMPLE_BLOCK), "the block is empty");
        assert_eq!(error.to_string(), "byte 1204331, Segment > Cluster > SimpleBlock: the block is empty");
    }
}
