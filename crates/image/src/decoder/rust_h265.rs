//! The crate `rust_h265`: also 12 bits and 4:4:4. Its pictures come in decoding order, each when a delimiter follows it.

use std::collections::VecDeque;

use ::rust_h265::{self as rust, PixelData};

use super::planes::{narrow_picture, tight};
use super::{AccessUnit, DecodeError, DecodeErrorKind, Decoder};
use crate::picture::{ChromaFormat, Picture, Planes};

pub(super) struct RustH265 {
    decoder: rust::Decoder,
    finished: VecDeque<(u32, Picture)>,
}

/// An access unit delimiter: header, pic_type 2, and the stop bit (H.265, 7.3.2.5).
const DELIMITER: [u8; 3] = [35 << 1, 1, 0x50];

impl RustH265 {
    pub(super) fn new(parameter_sets: &[&[u8]]) -> Result<Self, DecodeError> {
        let mut opened = RustH265 { decoder: rust::Decoder::new(), finished: VecDeque::new() };
        for set in parameter_sets {
            opened.feed(set)?;
        }
        Ok(opened)
    }

    fn feed(&mut self, unit: &[u8]) -> Result<Option<rust::Frame>, DecodeError> {
        match rust::parse_nal(unit) {
            Some(nal) => self.decoder.decode_nal(&nal).map_err(error),
            None => Err(DecodeError::new(DecodeErrorKind::Damaged, "a NAL unit's header is damaged")),
        }
    }
}

impl Decoder for RustH265 {
    fn name(&self) -> &'static str {
        "rust_h265"
    }

    fn push(&mut self, unit: AccessUnit<'_>) -> Result<(), DecodeError> {
        let mut frame = None;
        for nal in unit.units.iter().copied().chain([&DELIMITER[..]]) {
            frame = self.feed(nal)?.or(frame);
        }
        let Some(frame) = frame else {
            return Err(DecodeError::new(DecodeErrorKind::Damaged, "slices of the picture are missing"));
        };
        if unit.wanted {
            let picture = picture(frame)
                .ok_or_else(|| DecodeError::new(DecodeErrorKind::Unsupported, "the picture has an unknown form"))?;
            self.finished.push_back((unit.id, picture));
        }
        Ok(())
    }

    fn flush(&mut self) -> Result<(), DecodeError> {
        Ok(())
    }

    fn take(&mut self) -> Option<(u32, Picture)> {
        self.finished.pop_front()
    }
}

fn picture(frame: rust::Frame) -> Option<Picture> {
    let (width, height, bit_depth) = (frame.width, frame.height, frame.bit_depth);
    let chroma = ChromaFormat::from_idc(u8::try_from(frame.chroma_format_idc).ok()?)?;
    match (frame.y, frame.u, frame.v) {
        (PixelData::U8(y), PixelData::U8(cb), PixelData::U8(cr)) => {
            Some(narrow_picture(width, height, chroma, [y, cb, cr]))
        }
        (PixelData::U16(y), PixelData::U16(cb), PixelData::U16(cr)) => {
            let planes = Planes::Wide(tight(width, height, chroma, [y, cb, cr]));
            Some(Picture { width, height, chroma, bit_depth, planes })
        }
        _ => None,
    }
}

fn error(error: rust::DecodeError) -> DecodeError {
    let kind = match error {
        rust::DecodeError::Unsupported(_) => DecodeErrorKind::Unsupported,
        rust::DecodeError::ResourceLimit(_) => DecodeErrorKind::Limit,
        _ => DecodeErrorKind::Damaged,
    };
    DecodeError::new(kind, error.to_string())
}
