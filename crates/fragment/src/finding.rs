//! What a reader of the stream should be told: damage, cuts, oddities.

use std::fmt;

use fragkit_codec::Effect;

use crate::number::FragmentNumber;

/// Something that was found in the input.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// How bad it is.
    pub severity: Severity,
    /// Name of the exception that the service would give, if it has one for this.
    pub exception: Option<&'static str>,
    /// Offset in the input, in bytes.
    pub offset: Option<u64>,
    /// The enclosing elements, such as `Segment > Cluster`.
    pub path: String,
    /// The fragment it is in, if its number is known.
    pub fragment_number: Option<FragmentNumber>,
    /// What is wrong.
    pub message: String,
    /// What was done about it, if anything.
    pub repair: Option<String>,
    /// What can be done about it.
    pub hint: Option<String>,
}

impl Finding {
    /// A finding of which no more is known.
    #[must_use]
    pub fn new(severity: Severity, message: impl Into<String>) -> Self {
        Finding {
            severity,
            exception: None,
            offset: None,
            path: String::new(),
            fragment_number: None,
            message: message.into(),
            repair: None,
            hint: None,
        }
    }
}

/// How bad a [`Finding`] is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Worth knowing.
    Note,
    /// Something is odd, nothing is lost.
    Warning,
    /// Media is lost or cannot be used.
    Error,
}

impl From<Effect> for Severity {
    fn from(effect: Effect) -> Self {
        match effect {
            Effect::Harmless => Severity::Note,
            Effect::Mendable => Severity::Warning,
            Effect::Fatal => Severity::Error,
        }
    }
}

impl Severity {
    /// The word for it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Severity::Note => "note",
            Severity::Warning => "warning",
            Severity::Error => "error",
        }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut separator = "";
        if let Some(offset) = self.offset {
            write!(f, "byte {offset}")?;
            separator = ", ";
        }
        if !self.path.is_empty() {
            write!(f, "{separator}{}", self.path)?;
            separator = ", ";
        }
        if let Some(number) = &self.fragment_number {
            write!(f, "{separator}fragment {number}")?;
            separator = ", ";
        }
        if !separator.is_empty() {
            f.write_str(": ")?;
        }
        f.write_str(&self.message)?;
        if let Some(exception) = self.exception {
            write!(f, " [{exception}]")?;
        }
        if let Some(repair) = &self.repair {
            write!(f, "; {repair}")?;
        }
        if let Some(hint) = &self.hint {
            write!(f, " ({hint})")?;
        }
        Ok(())
    }
}
