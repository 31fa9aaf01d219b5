//! `rusty_h264`: H.264 of 8 bits, 4:2:0, progressive. Pictures come out with their access unit.

use std::collections::VecDeque;

use fragkit_codec::avc;
use rusty_h264_decoder as rusty;

use super::{AccessUnit, DecodeError, DecodeErrorKind, Decoder, planes::has_blank_block};
use crate::picture::{ChromaFormat, Picture, Plane, Planes};

#[derive(Default)]
pub(super) struct RustyH264 {
    decoder: rusty::Decoder,
    /// The access unit as the decoder takes it, with start codes. Kept for its capacity.
    annex_b: Vec<u8>,
    finished: VecDeque<(u32, Picture)>,
}

impl RustyH264 {
    pub(super) fn open(parameter_sets: &[&[u8]]) -> Result<Self, DecodeError> {
        let mut opened = Self::default();
        opened.fill(parameter_sets)?;
        opened.decoder.decode(&opened.annex_b).map_err(error)?;
        Ok(opened)
    }

    /// Puts those units behind start codes that the decoder reads; returns whether there is a slice among them.
    fn fill(&mut self, units: &[&[u8]]) -> Result<bool, DecodeError> {
        let mut slices = false;
        self.annex_b.clear();
        for unit in units {
            match avc::nal_unit_type(unit) {
                Some(avc::NAL_SPS) => check_sps(unit)?,
                Some(avc::NAL_PPS) => {}
                _ if avc::is_slice(unit) => slices = true,
                _ => continue,
            }
            self.annex_b.extend_from_slice(&[0, 0, 1]);
            self.annex_b.extend_from_slice(unit);
        }
        Ok(slices)
    }
}

impl Decoder for RustyH264 {
    fn name(&self) -> &'static str {
        "rusty_h264"
    }

    fn push(&mut self, unit: AccessUnit<'_>) -> Result<(), DecodeError> {
        if !self.fill(unit.units)? {
            return self.decoder.decode(&self.annex_b).map(|_| ()).map_err(error);
        }
        let Some(frame) = self.decoder.decode(&self.annex_b).map_err(error)? else {
            return Err(DecodeError::damaged("the picture is not whole: its last macroblocks are missing"));
        };
        let (width, height) = (frame.width, frame.height);
        let planes = [(&frame.y[..], width), (&frame.u[..], width / 2), (&frame.v[..], width / 2)];
        if has_blank_block(planes, ChromaFormat::Yuv420) {
            return Err(DecodeError::damaged("the picture is not whole: macroblocks are missing"));
        }
        if unit.wanted {
            let plane = |data, stride| Plane { data, stride };
            let picture = Picture {
                width: u32::try_from(width).unwrap_or(u32::MAX),
                height: u32::try_from(height).unwrap_or(u32::MAX),
                chroma: ChromaFormat::Yuv420,
                bit_depth: 8,
                planes: Planes::Narrow([plane(frame.y, width), plane(frame.u, width / 2), plane(frame.v, width / 2)]),
            };
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

/// The decoder crops on the right and below, and takes no notice of what is to be cropped on the left and above.
fn check_sps(unit: &[u8]) -> Result<(), DecodeError> {
    let sps = avc::Sps::read(unit).map_err(|error| DecodeError::damaged(error.to_string()))?;
    match sps.frame_cropping {
        Some(crop) if crop.left != 0 || crop.top != 0 => {
            Err(DecodeError::unsupported("cropping on the left or above is not done by this decoder"))
        }
        _ => Ok(()),
    }
}

fn error(error: rusty::DecodeError) -> DecodeError {
    let kind = match error {
        // It says so of values out of range and of slices without their picture too.
        rusty::DecodeError::Unsupported(what) if what.starts_with("invalid") || what.starts_with("slice continues") => {
            DecodeErrorKind::Damaged
        }
        rusty::DecodeError::Unsupported(_) => DecodeErrorKind::Unsupported,
        _ => DecodeErrorKind::Damaged,
    };
    DecodeError { kind, message: error.to_string() }
}
