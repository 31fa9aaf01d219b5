//! What goes wrong with private data and bitstream headers: one error type that says where, in which field, and which rule.

use std::fmt;

/// Who has to act on an [`Error`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// Nothing there: no private data, or none of the parameter sets it must hold. Parameter sets may still be found
    /// in the frames, see [`CodecPrivate::from_parameter_sets`](crate::CodecPrivate::from_parameter_sets).
    Missing,
    /// The bytes end inside a field.
    Truncated,
    /// The bytes break a rule of the standard that the message names. The producer has to change.
    Invalid,
    /// An Annex B byte stream where a configuration record is expected. The caller can convert it, see
    /// [`CodecPrivate::from_annex_b`](crate::CodecPrivate::from_annex_b).
    AnnexB,
    /// Valid as far as this crate can tell, but outside what it reads.
    Unsupported,
}

/// A rule that the bytes break: the structure, the field, where, and the section that says so.
///
/// The text form is one line, ready to be shown:
///
/// ```
/// use fragkit_codec::avc::AvcDecoderConfigurationRecord;
///
/// let error = AvcDecoderConfigurationRecord::read(&[1, 66, 0, 30, 0xff, 0xe0, 0]).unwrap_err();
/// assert_eq!(
///     error.to_string(),
///     "avcC byte 5: numOfSequenceParameterSets is 0, at least one is needed (ISO/IEC 14496-15, 5.3.3.1)"
/// );
/// assert_eq!(error.offset(), Some(5));
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Error {
    kind: ErrorKind,
    structure: &'static str,
    offset: Option<usize>,
    field: &'static str,
    rule: String,
    section: &'static str,
}

impl Error {
    /// Who has to act.
    pub fn kind(&self) -> ErrorKind {
        self.kind
    }

    /// The structure that was being read or written, such as `avcC` or `H.264 SPS`.
    pub fn structure(&self) -> &'static str {
        self.structure
    }

    /// Bytes from the start of the [structure](Self::structure) to the field, emulation prevention bytes included;
    /// `None` when the error is not about one place, as in writing.
    pub fn offset(&self) -> Option<usize> {
        self.offset
    }

    /// The field's name as its standard spells it, or the empty string when the whole structure is at fault.
    pub fn field(&self) -> &'static str {
        self.field
    }

    pub(crate) fn new(
        kind: ErrorKind,
        structure: &'static str,
        offset: impl Into<Option<usize>>,
        field: &'static str,
        rule: impl Into<String>,
        section: &'static str,
    ) -> Self {
        Self { kind, structure, offset: offset.into(), field, rule: rule.into(), section }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.structure)?;
        if let Some(offset) = self.offset {
            write!(f, " byte {offset}")?;
        }
        f.write_str(":")?;
        if !self.field.is_empty() {
            write!(f, " {}", self.field)?;
        }
        write!(f, " {}", self.rule)?;
        if !self.section.is_empty() {
            write!(f, " ({})", self.section)?;
        }
        Ok(())
    }
}

impl std::error::Error for Error {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_names_structure_place_field_rule_and_section() {
        let error = Error::new(ErrorKind::Invalid, "hvcC", 4, "general_level_idc", "is odd", "somewhere, 1.2");
        assert_eq!(error.to_string(), "hvcC byte 4: general_level_idc is odd (somewhere, 1.2)");
        assert_eq!(error.kind(), ErrorKind::Invalid);
        assert_eq!(error.field(), "general_level_idc");
        assert_eq!(error.structure(), "hvcC");
    }

    #[test]
    fn text_leaves_out_what_is_not_known() {
        let error = Error::new(ErrorKind::Missing, "avcC", None, "", "there are no bytes", "");
        assert_eq!(error.to_string(), "avcC: there are no bytes");
    }
}
