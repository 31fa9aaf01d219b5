//! Reading a master element that is held whole: its children one by one, and the values that leaf elements hold
//! (RFC 8794, section 7).

use bytes::Bytes;

use crate::error::{Error, ErrorKind, Path, Result};
use crate::id::Id;
use crate::limits::Limits;
use crate::vint::{self, Header, Widths};

/// What every typed element is read with.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Context<'a> {
    pub(crate) widths: Widths,
    pub(crate) limits: &'a Limits,
}

/// The data of a master element, with what is needed to say where an error in it is.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Master<'a> {
    pub(crate) data: &'a [u8],
    /// Absolute offset of `data`.
    pub(crate) offset: u64,
    pub(crate) path: Path<'a>,
    pub(crate) context: Context<'a>,
}

/// One child of a master element.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Child<'a> {
    pub(crate) id: Id,
    pub(crate) data: &'a [u8],
    /// Absolute offset of the element, and of its data.
    pub(crate) offset: u64,
    pub(crate) data_offset: u64,
    parent: Path<'a>,
    context: Context<'a>,
}

impl<'a> Master<'a> {
    /// Calls `each` for every child but Void and CRC-32.
    pub(crate) fn children(self, mut each: impl FnMut(Child<'a>) -> Result<()>) -> Result<()> {
        let mut rest = self.data;
        let mut offset = self.offset;
        while !rest.is_empty() {
            let (after, Header { id, size, len }) = match vint::header(rest, self.context.widths) {
                Ok(parsed) => parsed,
                Err(nom::Err::Incomplete(_)) => {
                    return Err(Error::invalid(
                        offset,
                        self.path,
                        "the element ends inside the header of a child (RFC 8794, section 6)",
                    ));
                }
                Err(nom::Err::Error(fault) | nom::Err::Failure(fault)) => {
                    return Err(Error::invalid(offset, self.path, fault.message()));
                }
            };
            let child_path = self.path.child(id);
            let Some(size) = size else {
                return Err(Error::invalid(
                    offset,
                    child_path,
                    "only Segment and Cluster may have an unknown size (RFC 9559)",
                ));
            };
            let data = usize::try_from(size).ok().and_then(|size| after.get(..size)).ok_or_else(|| {
                Error::invalid(
                    offset,
                    child_path,
                    format!(
                        "the element's size is {size} bytes but its parent has {} left (RFC 8794, section 6)",
                        after.len()
                    ),
                )
            })?;
            let data_offset = offset + u64::from(len);
            if id != Id::VOID && id != Id::CRC_32 {
                each(Child { id, data, offset, data_offset, parent: self.path, context: self.context })?;
            }
            rest = after.get(data.len()..).unwrap_or_default();
            offset = data_offset + size;
        }
        Ok(())
    }

    pub(crate) fn missing(&self, id: Id) -> Error {
        Error::invalid(self.offset, self.path, format!("{id} is missing and has no default (RFC 9559)"))
    }

    pub(crate) fn limit(&self, what: &str, limit: usize) -> Error {
        Error::new(ErrorKind::Limit, self.offset, self.path, format!("more than {limit} {what}"))
    }
}

impl<'a> Child<'a> {
    /// Reads this child as a master element. The closure is given the master; its path lives as long as the call.
    pub(crate) fn master<T>(&self, read: impl FnOnce(Master<'_>) -> Result<T>) -> Result<T> {
        let path = self.parent.child(self.id);
        read(Master { data: self.data, offset: self.data_offset, path, context: self.context })
    }

    fn invalid(&self, message: String) -> Error {
        Error::invalid(self.offset, self.parent.child(self.id), message)
    }

    /// An unsigned integer; an empty element has the default.
    pub(crate) fn uint(&self, default: u64) -> Result<u64> {
        if self.data.is_empty() {
            return Ok(default);
        }
        if self.data.len() > 8 {
            return Err(self.invalid(format!(
                "an unsigned integer of {} bytes, 8 at most (RFC 8794, section 7.2)",
                self.data.len()
            )));
        }
        Ok(self.data.iter().fold(0, |value, &byte| (value << 8) | u64::from(byte)))
    }

    /// A signed integer; an empty element has the default.
    pub(crate) fn int(&self, default: i64) -> Result<i64> {
        let Some(&first) = self.data.first() else { return Ok(default) };
        if self.data.len() > 8 {
            return Err(self
                .invalid(format!("a signed integer of {} bytes, 8 at most (RFC 8794, section 7.1)", self.data.len())));
        }
        let sign = if first & 0x80 == 0 { 0 } else { -1 };
        Ok(self.data.iter().fold(sign, |value, &byte| (value << 8) | i64::from(byte)))
    }

    /// A float; an empty element has the default.
    pub(crate) fn float(&self, default: f64) -> Result<f64> {
        match *self.data {
            [] => Ok(default),
            [a, b, c, d] => Ok(f64::from(f32::from_be_bytes([a, b, c, d]))),
            [a, b, c, d, e, f, g, h] => Ok(f64::from_be_bytes([a, b, c, d, e, f, g, h])),
            _ => Err(self.invalid(format!(
                "a float of {} bytes, 0, 4 or 8 are allowed (RFC 8794, section 7.3)",
                self.data.len()
            ))),
        }
    }

    /// A string up to its first NUL, with bytes that are no UTF-8 replaced.
    pub(crate) fn string(&self) -> String {
        let end = memchr::memchr(0, self.data).unwrap_or(self.data.len());
        let text = self.data.get(..end).unwrap_or_default();
        match std::str::from_utf8(text) {
            Ok(text) => text.into(),
            Err(_) => String::from_utf8_lossy(text).into_owned(),
        }
    }

    /// A copy of the bytes, so that the input need not be held for them.
    pub(crate) fn binary(&self) -> Bytes {
        Bytes::copy_from_slice(self.data)
    }
}
