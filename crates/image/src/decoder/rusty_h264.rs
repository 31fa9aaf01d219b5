//! The crate `rusty_h264`: 8-bit 4:2:0, progressive. Its pictures come in decoding order, each with the last of its slices.

use std::collections::VecDeque;

use rusty_h264_decoder as rusty;

use super::planes::narrow_picture;
use super::{AccessUnit, DecodeError, DecodeErrorKind, Decoder, annex_b};
use crate::picture::{ChromaFormat, Picture};

pub(super) struct RustyH264 {
    decoder: rusty::Decoder,
    stream: Vec<u8>,
    finished: VecDeque<(u32, Picture)>,
}

impl RustyH264 {
    pub(super) fn new(parameter_sets: &[&[u8]]) -> Result<Self, DecodeError> {
        let mut decoder = rusty::Decoder::new();
        let mut stream = Vec::new();
        annex_b(parameter_sets.iter().copied(), &mut stream);
        decoder.decode(&stream).map_err(error)?;
        Ok(RustyH264 { decoder, stream, finished: VecDeque::new() })
    }
}

impl Decoder for RustyH264 {
    fn name(&self) -> &'static str {
        "rusty_h264"
    }

    fn push(&mut self, unit: AccessUnit<'_>) -> Result<(), DecodeError> {
        self.stream.clear();
        annex_b(unit.units.iter().copied(), &mut self.stream);
        let Some(frame) = self.decoder.decode(&self.stream).map_err(error)? else {
            return Err(DecodeError::new(DecodeErrorKind::Damaged, "slices of the picture are missing"));
        };
        if unit.wanted {
            let side = |side: usize| u32::try_from(side).unwrap_or(u32::MAX);
            let (width, height) = (side(frame.width), side(frame.height));
            let planes = [frame.y, frame.u, frame.v];
            self.finished.push_back((unit.id, narrow_picture(width, height, ChromaFormat::Yuv420, planes)));
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

fn error(error: rusty::DecodeError) -> DecodeError {
    let kind = match error {
        // Its own breakdowns say nothing of the stream.
        rusty::DecodeError::Unsupported(_) | rusty::DecodeError::Internal(_) => DecodeErrorKind::Unsupported,
        rusty::DecodeError::Truncated | rusty::DecodeError::MissingParameterSet => DecodeErrorKind::Damaged,
    };
    DecodeError::new(kind, error.to_string())
}
