//! The crate `rust_h264`: also interlaced, 10 bits, 4:2:2 and monochrome. Its pictures come in decoding order, each when the next
//! begins or it is told that none does.

use std::collections::VecDeque;

use ::rust_h264::decoder as rust;
use ::rust_h264::error::DecodeError as RustError;
use ::rust_h264::nal::parse_annex_b;

use super::planes::{narrow_picture, tight, wide};
use super::{AccessUnit, DecodeError, DecodeErrorKind, Decoder, annex_b};
use crate::picture::{ChromaFormat, Picture, Planes};

pub(super) struct RustH264 {
    decoder: rust::Decoder,
    /// The decoder gives monochrome pictures as 4:2:0 with grey chroma.
    monochrome: bool,
    stream: Vec<u8>,
    finished: VecDeque<(u32, Picture)>,
}

impl RustH264 {
    pub(super) fn new(parameter_sets: &[&[u8]]) -> Result<Self, DecodeError> {
        let mut opened = RustH264 {
            decoder: rust::Decoder::new(),
            monochrome: false,
            stream: Vec::new(),
            finished: VecDeque::new(),
        };
        opened.feed(parameter_sets)?;
        Ok(opened)
    }

    /// Decodes NAL units. Gives the picture that ends within them: the one before, of which there is none.
    fn feed(&mut self, units: &[&[u8]]) -> Result<Option<rust::Frame>, DecodeError> {
        for unit in units {
            if let Ok(sps) = fragkit_codec::avc::Sps::read(unit) {
                self.monochrome = sps.chroma_format_idc == 0;
            }
        }
        self.stream.clear();
        annex_b(units.iter().copied(), &mut self.stream);
        let mut frame = None;
        for nal in parse_annex_b(&self.stream) {
            frame = self.decoder.decode_nal(&nal).map_err(error)?.or(frame);
        }
        Ok(frame)
    }
}

impl Decoder for RustH264 {
    fn name(&self) -> &'static str {
        "rust_h264"
    }

    fn push(&mut self, unit: AccessUnit<'_>) -> Result<(), DecodeError> {
        let before = self.feed(unit.units)?;
        // Both fields of a frame are in one unit: the second ends the first, and gives the frame.
        let Some(frame) = self.decoder.flush().or(before) else {
            return Err(DecodeError::new(DecodeErrorKind::Damaged, "there is no picture in the unit"));
        };
        if !unit.wanted {
            return Ok(());
        }
        let (width, height) = (frame.width, frame.height);
        let chroma = match frame.chroma_format {
            _ if self.monochrome => ChromaFormat::Monochrome,
            rust::ChromaFormat::Yuv420 => ChromaFormat::Yuv420,
            rust::ChromaFormat::Yuv422 => ChromaFormat::Yuv422,
        };
        let picture = if frame.bit_depth > 8 {
            let planes = [wide(&frame.y), wide(&frame.u), wide(&frame.v)];
            let planes = Planes::Wide(tight(width, height, chroma, planes));
            Picture { width, height, chroma, bit_depth: frame.bit_depth, planes }
        } else {
            narrow_picture(width, height, chroma, [frame.y, frame.u, frame.v])
        };
        self.finished.push_back((unit.id, picture));
        Ok(())
    }

    fn flush(&mut self) -> Result<(), DecodeError> {
        Ok(())
    }

    fn take(&mut self) -> Option<(u32, Picture)> {
        self.finished.pop_front()
    }
}

fn error(error: RustError) -> DecodeError {
    let kind = match error {
        RustError::Unsupported(_) => DecodeErrorKind::Unsupported,
        RustError::UnexpectedEof | RustError::InvalidSyntax(_) => DecodeErrorKind::Damaged,
    };
    DecodeError::new(kind, error.to_string())
}
