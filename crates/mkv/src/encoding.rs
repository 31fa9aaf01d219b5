//! ContentEncodings: what was done to the frames of a track before they were stored (RFC 9559, section 5.1.4.1.31).

use bytes::Bytes;

use crate::error::Result;
use crate::id::Id;
use crate::master::Master;
use crate::write::Writer;

/// One ContentEncoding element.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ContentEncoding {
    /// ContentEncodingOrder; decoding starts at the highest.
    pub order: u64,
    /// ContentEncodingScope, a bit field: 1 frames, 2 CodecPrivate, 4 the next ContentEncoding.
    pub scope: u64,
    /// What was done.
    pub transform: Transform,
}

/// What a ContentEncoding does.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Transform {
    /// ContentCompAlgo 3, header stripping: these bytes were taken off the front of each frame.
    HeaderStripping(Bytes),
    /// Any other ContentCompAlgo: 0 zlib, 1 bzlib, 2 lzo1x. Not undone by this crate.
    Compression(u64),
    /// ContentEncodingType 1. Not undone by this crate.
    Encryption,
}

impl Transform {
    /// The transform in words, as a refusal names it.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Transform::HeaderStripping(_) => "header stripping (ContentCompAlgo 3)",
            Transform::Compression(0) => "zlib compression (ContentCompAlgo 0)",
            Transform::Compression(1) => "bzlib compression (ContentCompAlgo 1)",
            Transform::Compression(2) => "lzo1x compression (ContentCompAlgo 2)",
            Transform::Compression(_) => "compression by an unknown ContentCompAlgo",
            Transform::Encryption => "encryption (ContentEncodingType 1)",
        }
    }
}

pub(crate) fn read(master: Master<'_>) -> Result<Vec<ContentEncoding>> {
    let limits = master.context.limits;
    let mut encodings: Vec<ContentEncoding> = Vec::new();
    master.children(|child| {
        if child.id == Id::CONTENT_ENCODING {
            if encodings.len() >= limits.max_content_encodings {
                let what = "ContentEncoding elements (limit max_content_encodings)";
                return Err(master.limit(what, limits.max_content_encodings));
            }
            encodings.push(child.master(read_encoding)?);
        }
        Ok(())
    })?;
    let stripped = encodings.iter().map(|encoding| match &encoding.transform {
        Transform::HeaderStripping(settings) => settings.len(),
        _ => 0,
    });
    if stripped.sum::<usize>() > limits.max_stripped_bytes {
        let what = "bytes in front of each frame by header stripping (limit max_stripped_bytes)";
        return Err(master.limit(what, limits.max_stripped_bytes));
    }
    Ok(encodings)
}

fn read_encoding(master: Master<'_>) -> Result<ContentEncoding> {
    let (mut order, mut scope, mut kind) = (0, 1, 0);
    let (mut algo, mut settings) = (0, Bytes::new());
    master.children(|child| {
        match child.id {
            Id::CONTENT_ENCODING_ORDER => order = child.uint(0)?,
            Id::CONTENT_ENCODING_SCOPE => scope = child.uint(1)?,
            Id::CONTENT_ENCODING_TYPE => kind = child.uint(0)?,
            Id::CONTENT_COMPRESSION => child.master(|compression| {
                compression.children(|child| {
                    match child.id {
                        Id::CONTENT_COMP_ALGO => algo = child.uint(0)?,
                        Id::CONTENT_COMP_SETTINGS => settings = child.binary(),
                        _ => {}
                    }
                    Ok(())
                })
            })?,
            _ => {}
        }
        Ok(())
    })?;
    let transform = match (kind, algo) {
        (0, 3) => Transform::HeaderStripping(settings),
        (0, algo) => Transform::Compression(algo),
        _ => Transform::Encryption,
    };
    Ok(ContentEncoding { order, scope, transform })
}

impl ContentEncoding {
    /// The scope bit of frame contents.
    const FRAMES: u64 = 1;

    pub(crate) fn write(&self, w: &mut Writer) {
        w.uint(Id::CONTENT_ENCODING_ORDER, self.order);
        w.uint(Id::CONTENT_ENCODING_SCOPE, self.scope);
        w.uint(Id::CONTENT_ENCODING_TYPE, u64::from(self.transform == Transform::Encryption));
        let (algo, settings): (u64, &[u8]) = match &self.transform {
            Transform::HeaderStripping(settings) => (3, settings),
            Transform::Compression(algo) => (*algo, &[]),
            Transform::Encryption => return w.master(Id::CONTENT_ENCRYPTION, |_| {}),
        };
        w.master(Id::CONTENT_COMPRESSION, |w| {
            w.uint(Id::CONTENT_COMP_ALGO, algo);
            if !settings.is_empty() {
                w.binary(Id::CONTENT_COMP_SETTINGS, settings);
            }
        });
    }
}

/// The bytes to put back in front of each frame of a track with these encodings, or the encoding that cannot be undone.
pub fn stripped_header(encodings: &[ContentEncoding]) -> std::result::Result<Bytes, &Transform> {
    let mut applied: Vec<_> =
        encodings.iter().filter(|encoding| encoding.scope & ContentEncoding::FRAMES != 0).collect();
    applied.sort_by_key(|encoding| encoding.order);
    let mut header = Vec::new();
    for encoding in applied {
        match &encoding.transform {
            Transform::HeaderStripping(settings) => header.extend_from_slice(settings),
            other => return Err(other),
        }
    }
    Ok(header.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stripped_headers_are_put_back_outermost_last() {
        let strip = |order, bytes: &'static [u8]| ContentEncoding {
            order,
            scope: 1,
            transform: Transform::HeaderStripping(Bytes::from_static(bytes)),
        };
        // Encoding took order 0 off first; so order 0 stands first in the frame.
        assert_eq!(stripped_header(&[strip(1, b"b"), strip(0, b"a")]).unwrap(), "ab");
    }

    #[test]
    fn compression_is_refused_by_name() {
        let zlib = ContentEncoding { order: 0, scope: 1, transform: Transform::Compression(0) };
        assert_eq!(stripped_header(&[zlib]).unwrap_err().name(), "zlib compression (ContentCompAlgo 0)");
    }
}
