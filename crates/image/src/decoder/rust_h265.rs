//! `rust_h265`: H.265 of 8, 10 and 12 bits, 4:2:0 and 4:4:4. Pictures come out with their access unit. Where a slice
//! in the middle of a picture is missing, it leaves grey and says nothing, one reason more to ask it last.

use std::collections::VecDeque;

use fragkit_codec::hevc;

use super::{AccessUnit, DecodeError, DecodeErrorKind, Decoder};
use crate::picture::{ChromaFormat, Picture, Plane, Planes};

pub(super) struct RustH265 {
    decoder: rust_h265::Decoder,
    finished: VecDeque<(u32, Picture)>,
}

impl RustH265 {
    pub(super) fn open(parameter_sets: &[&[u8]]) -> Result<Self, DecodeError> {
        // The guard in front has limits of its own; this one's are level 6.2 and stay.
        let mut opened = Self { decoder: rust_h265::Decoder::new(), finished: VecDeque::new() };
        for unit in parameter_sets {
            opened.push_unit(unit)?;
        }
        Ok(opened)
    }

    fn push_unit(&mut self, unit: &[u8]) -> Result<Option<rust_h265::Frame>, DecodeError> {
        let Some(unit) = rust_h265::parse_nal(unit) else {
            return Err(DecodeError::damaged("a NAL unit header is broken"));
        };
        self.decoder.decode_nal(&unit).map_err(error)
    }
}

/// An access unit delimiter, which ends the picture before it: header, pic_type 2, and the stop bit (H.265, 7.3.2.5). Blocks that
/// no slice has covered are grey then, of which the decoder says nothing.
const DELIMITER: [u8; 3] = [35 << 1, 1, 0x50];

impl Decoder for RustH265 {
    fn name(&self) -> &'static str {
        "rust_h265"
    }

    fn push(&mut self, unit: AccessUnit<'_>) -> Result<(), DecodeError> {
        let mut frame = None;
        let mut slices = false;
        for nal in unit.units {
            slices |= hevc::is_slice(nal);
            frame = self.push_unit(nal)?.or(frame);
        }
        if !slices {
            return Ok(());
        }
        let Some(frame) = self.push_unit(&DELIMITER)?.or(frame) else {
            return Err(DecodeError::damaged("no picture came of it"));
        };
        if unit.wanted {
            self.finished.push_back((unit.id, converted(frame)?));
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

fn converted(frame: rust_h265::Frame) -> Result<Picture, DecodeError> {
    use rust_h265::PixelData::{U8, U16};

    let chroma = u8::try_from(frame.chroma_format_idc).ok().and_then(ChromaFormat::from_idc);
    let Some(chroma) = chroma else {
        return Err(DecodeError::unsupported(format!("chroma_format_idc is {}", frame.chroma_format_idc)));
    };
    let (chroma_width, _) = chroma.chroma_size(frame.width, frame.height);
    let [stride, chroma_stride] = [frame.width, chroma_width].map(|it| usize::try_from(it).unwrap_or(usize::MAX));
    let planes = match (frame.y, frame.u, frame.v) {
        (U8(y), U8(u), U8(v)) => Planes::Narrow([
            Plane { data: y, stride },
            Plane { data: u, stride: chroma_stride },
            Plane { data: v, stride: chroma_stride },
        ]),
        (U16(y), U16(u), U16(v)) if frame.bit_depth > 8 => Planes::Wide([
            Plane { data: y, stride },
            Plane { data: u, stride: chroma_stride },
            Plane { data: v, stride: chroma_stride },
        ]),
        _ => return Err(DecodeError::unsupported("luma and chroma have different depths")),
    };
    Ok(Picture { width: frame.width, height: frame.height, chroma, bit_depth: frame.bit_depth, planes })
}

fn error(error: rust_h265::DecodeError) -> DecodeError {
    let kind = match error {
        rust_h265::DecodeError::Unsupported(_) => DecodeErrorKind::Unsupported,
        rust_h265::DecodeError::ResourceLimit(_) => DecodeErrorKind::Limit,
        _ => DecodeErrorKind::Damaged,
    };
    DecodeError { kind, message: error.to_string() }
}
