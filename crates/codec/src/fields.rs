//! Byte-aligned structures: nom parsers run one field at a time, so that every failure names its field and place.

use nom::Parser;

use crate::error::{Error, ErrorKind};

pub(crate) struct Fields<'a> {
    structure: &'static str,
    section: &'static str,
    data: &'a [u8],
    rest: &'a [u8],
}

impl<'a> Fields<'a> {
    pub(crate) fn new(structure: &'static str, section: &'static str, data: &'a [u8]) -> Self {
        Self { structure, section, data, rest: data }
    }

    /// Runs one parser of nom's `complete` kind on what is left; any failure means that the data ends too early.
    pub(crate) fn read<O>(
        &mut self,
        field: &'static str,
        mut parser: impl Parser<&'a [u8], Output = O, Error = nom::error::Error<&'a [u8]>>,
    ) -> Result<O, Error> {
        match parser.parse(self.rest) {
            Ok((rest, value)) => {
                self.rest = rest;
                Ok(value)
            }
            Err(_) => Err(self.error(
                ErrorKind::Truncated,
                self.offset(),
                field,
                format!("is cut off, {} of its bytes are left", self.rest.len()),
            )),
        }
    }

    pub(crate) fn offset(&self) -> usize {
        self.data.len() - self.rest.len()
    }

    pub(crate) fn rest(&self) -> &'a [u8] {
        self.rest
    }

    pub(crate) fn invalid(&self, offset: usize, field: &'static str, rule: impl Into<String>) -> Error {
        self.error(ErrorKind::Invalid, offset, field, rule)
    }

    pub(crate) fn error(&self, kind: ErrorKind, offset: usize, field: &'static str, rule: impl Into<String>) -> Error {
        Error::new(kind, self.structure, offset, field, rule, self.section)
    }
}

#[cfg(test)]
mod tests {
    use nom::number::complete::{be_u8, be_u16};

    use super::*;

    #[test]
    fn a_short_read_names_the_field_and_keeps_the_place() {
        let mut fields = Fields::new("thing", "1.1", &[1, 2]);
        assert_eq!(fields.read("first", be_u8).unwrap(), 1);
        let error = fields.read("second", be_u16).unwrap_err();
        assert_eq!(error.to_string(), "thing byte 1: second is cut off, 1 of its bytes are left (1.1)");
        assert_eq!(error.kind(), ErrorKind::Truncated);
        assert_eq!(fields.rest(), &[2]);
    }
}
