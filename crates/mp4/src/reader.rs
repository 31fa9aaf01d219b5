//! A cursor over the bytes of one box that says where it is and what it was
//! looking for: what the [`check`](crate::check)er and the
//! [`read`](crate::read)er read with.

use crate::Error;

#[derive(Clone, Copy, Debug)]
pub(crate) struct Reader<'a> {
    bytes: &'a [u8],
    /// Absolute offset of the first byte left.
    offset: u64,
    /// The path of the box, for errors.
    path: &'static str,
}

/// Type and body of one box.
pub(crate) type BoxRead<'a> = ([u8; 4], Reader<'a>);

impl<'a> Reader<'a> {
    pub(crate) fn new(bytes: &'a [u8], offset: u64, path: &'static str) -> Self {
        Self { bytes, offset, path }
    }

    /// The same bytes, known to be the box at `path`.
    pub(crate) fn at(self, path: &'static str) -> Self {
        Self { path, ..self }
    }

    pub(crate) fn path(&self) -> &'static str {
        self.path
    }

    pub(crate) fn rest(&self) -> &'a [u8] {
        self.bytes
    }

    /// Absolute offset of the first byte left.
    pub(crate) fn offset(&self) -> u64 {
        self.offset
    }

    pub(crate) fn error(&self, message: impl Into<String>) -> Error {
        Error::malformed(self.offset, self.path, message.into())
    }

    pub(crate) fn take(&mut self, length: u64, field: &str) -> Result<&'a [u8], Error> {
        let split = usize::try_from(length).ok().and_then(|length| self.bytes.split_at_checked(length));
        let Some((taken, rest)) = split else {
            let left = self.bytes.len();
            return Err(self.error(format!("{field} needs {length} bytes, {left} are left")));
        };
        self.bytes = rest;
        self.offset = self.offset.saturating_add(length);
        Ok(taken)
    }

    /// The next `length` bytes as a reader of their own.
    pub(crate) fn sub(&mut self, length: u64, field: &str) -> Result<Self, Error> {
        let offset = self.offset;
        let bytes = self.take(length, field)?;
        Ok(Self { bytes, offset, path: self.path })
    }

    fn array<const N: usize>(&mut self, field: &str) -> Result<[u8; N], Error> {
        let Some((taken, rest)) = self.bytes.split_first_chunk::<N>() else {
            let left = self.bytes.len();
            return Err(self.error(format!("{field} needs {N} bytes, {left} are left")));
        };
        self.bytes = rest;
        self.offset = self.offset.saturating_add(u64::try_from(N).unwrap_or(u64::MAX));
        Ok(*taken)
    }

    pub(crate) fn u8(&mut self, field: &str) -> Result<u8, Error> {
        self.array(field).map(u8::from_be_bytes)
    }

    pub(crate) fn u16(&mut self, field: &str) -> Result<u16, Error> {
        self.array(field).map(u16::from_be_bytes)
    }

    pub(crate) fn u32(&mut self, field: &str) -> Result<u32, Error> {
        self.array(field).map(u32::from_be_bytes)
    }

    pub(crate) fn u64(&mut self, field: &str) -> Result<u64, Error> {
        self.array(field).map(u64::from_be_bytes)
    }

    pub(crate) fn i32(&mut self, field: &str) -> Result<i32, Error> {
        self.array(field).map(i32::from_be_bytes)
    }

    pub(crate) fn i64(&mut self, field: &str) -> Result<i64, Error> {
        self.array(field).map(i64::from_be_bytes)
    }

    pub(crate) fn four(&mut self, field: &str) -> Result<[u8; 4], Error> {
        self.array(field)
    }

    /// A field of 32 bits in version 0 and of 64 in version 1.
    pub(crate) fn by_version(&mut self, version: u8, field: &str) -> Result<u64, Error> {
        match version {
            0 => self.u32(field).map(u64::from),
            _ => self.u64(field),
        }
    }

    /// Version and flags; the version at most `newest`.
    pub(crate) fn full_box(&mut self, newest: u8) -> Result<(u8, u32), Error> {
        let [version, flags @ ..] = self.array::<4>("version and flags")?;
        if version > newest {
            return Err(self.error(format!("version {version}, known up to {newest}")));
        }
        let [high, middle, low] = flags;
        Ok((version, u32::from_be_bytes([0, high, middle, low])))
    }

    /// A table of `count` entries to the end of the box. The count must be
    /// what the box has room for, so it can be trusted when this returns.
    pub(crate) fn table<T>(
        &mut self,
        count: u32,
        entry_bytes: u64,
        mut entry: impl FnMut(&mut Self) -> Result<T, Error>,
    ) -> Result<Vec<T>, Error> {
        let left = self.bytes.len();
        if u64::try_from(left) != Ok(u64::from(count) * entry_bytes) {
            return Err(
                self.error(format!("{count} entries of {entry_bytes} bytes are announced, {left} bytes are there"))
            );
        }
        (0..count).map(|_| entry(self)).collect()
    }

    /// The next child box, or none at the end of this one.
    pub(crate) fn next_box(&mut self) -> Result<Option<BoxRead<'a>>, Error> {
        if self.bytes.is_empty() {
            return Ok(None);
        }
        let size = self.u32("size")?;
        let kind = self.four("type")?;
        let Some(body) = size.checked_sub(8) else {
            return Err(
                self.error(format!("the child {} has size {size}, less than its header (4.2)", kind.escape_ascii()))
            );
        };
        Ok(Some((kind, self.sub(u64::from(body), "a child box")?)))
    }

    /// The next child box as files in the wild have it: with a size of 64
    /// bits, or one that reaches to the end or behind it, which is then where
    /// it ends. None where there is no whole header, or a size that is less
    /// than one.
    pub(crate) fn child(&mut self) -> Option<BoxRead<'a>> {
        let mut ahead = *self;
        let size = ahead.u32("size").ok()?;
        let kind = ahead.four("type").ok()?;
        let body = match size {
            0 => u64::MAX,
            1 => ahead.u64("largesize").ok()?.checked_sub(16)?,
            _ => u64::from(size).checked_sub(8)?,
        };
        let left = u64::try_from(ahead.bytes.len()).unwrap_or(u64::MAX);
        let body = ahead.sub(body.min(left), "a child box").ok()?;
        *self = ahead;
        Some((kind, body))
    }

    /// That nothing is left.
    pub(crate) fn end(&self) -> Result<(), Error> {
        match self.bytes.len() {
            0 => Ok(()),
            left => Err(self.error(format!("{left} bytes too many"))),
        }
    }
}

/// Keeps the first box of a kind and refuses a second.
pub(crate) fn once<'a>(slot: &mut Option<Reader<'a>>, found: Reader<'a>) -> Result<(), Error> {
    if slot.is_some() {
        return Err(found.error("a second box of this kind"));
    }
    *slot = Some(found);
    Ok(())
}
