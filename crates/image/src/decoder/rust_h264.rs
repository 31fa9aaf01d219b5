//! `rust_h264`: H.264 of 8 and 10 bits, up to 4:2:2, interlaced too. Pictures come out with their access unit.

use std::{borrow::Cow, collections::VecDeque};

use fragkit_codec::avc;
use memchr::memmem;
use rust_h264::{decoder, error, nal};

use super::{
    AccessUnit, DecodeError, DecodeErrorKind, Decoder,
    planes::{from_le_bytes, has_blank_block},
};
use crate::picture::{ChromaFormat, Picture, Plane, Planes};

pub(super) struct RustH264 {
    decoder: decoder::Decoder,
    /// The payload of a unit that had emulation prevention bytes. Kept for its capacity.
    rbsp: Vec<u8>,
    /// Whether the last SPS has no chroma: the decoder makes some up.
    monochrome: bool,
    finished: VecDeque<(u32, Picture)>,
}

impl RustH264 {
    pub(super) fn open(parameter_sets: &[&[u8]]) -> Result<Self, DecodeError> {
        let mut opened =
            Self { decoder: decoder::Decoder::new(), rbsp: Vec::new(), monochrome: false, finished: VecDeque::new() };
        for unit in parameter_sets {
            opened.push_unit(unit)?;
        }
        Ok(opened)
    }

    fn push_unit(&mut self, unit: &[u8]) -> Result<Option<decoder::Frame>, DecodeError> {
        let Some((header, payload)) = unit.split_first() else { return Ok(None) };
        let nal_unit_type = nal::NalUnitType::from(header & 0x1f);
        if nal_unit_type == nal::NalUnitType::Sps {
            let sps = avc::Sps::read(unit).map_err(|error| DecodeError::damaged(error.to_string()))?;
            self.monochrome = sps.chroma_format_idc == 0;
        }
        let rbsp = if unescape(payload, &mut self.rbsp) { &self.rbsp } else { payload };
        let unit = nal::NalUnit { nal_ref_idc: (header >> 5) & 3, nal_unit_type, rbsp: Cow::Borrowed(rbsp) };
        self.decoder.decode_nal(&unit).map_err(decode_error)
    }

    fn picture(&self, frame: decoder::Frame) -> Picture {
        let chroma = match frame.chroma_format {
            _ if self.monochrome => ChromaFormat::Monochrome,
            decoder::ChromaFormat::Yuv420 => ChromaFormat::Yuv420,
            decoder::ChromaFormat::Yuv422 => ChromaFormat::Yuv422,
        };
        let (width, chroma_width) = (size(frame.width), size(frame.chroma_width()));
        let [mut y, mut u, mut v] = [frame.y, frame.u, frame.v];
        if self.monochrome {
            (u, v) = (Vec::new(), Vec::new());
        }
        let planes = if frame.bit_depth > 8 {
            let plane = |data: &Vec<u8>, stride| Plane { data: from_le_bytes(data), stride };
            Planes::Wide([plane(&y, width), plane(&u, chroma_width), plane(&v, chroma_width)])
        } else {
            let plane = |data: &mut Vec<u8>, stride| Plane { data: std::mem::take(data), stride };
            Planes::Narrow([plane(&mut y, width), plane(&mut u, chroma_width), plane(&mut v, chroma_width)])
        };
        Picture { width: frame.width, height: frame.height, chroma, bit_depth: frame.bit_depth, planes }
    }
}

impl Decoder for RustH264 {
    fn name(&self) -> &'static str {
        "rust_h264"
    }

    fn push(&mut self, unit: AccessUnit<'_>) -> Result<(), DecodeError> {
        let mut frame = None;
        let mut slices = false;
        for nal in unit.units {
            slices |= avc::is_slice(nal);
            frame = self.push_unit(nal)?.or(frame);
        }
        if !slices {
            return Ok(());
        }
        // All slices of the frame are here, both fields of it too: it need not wait for the next one to begin.
        let Some(frame) = self.decoder.flush().or(frame) else {
            return Err(DecodeError::damaged("the picture is not whole"));
        };
        // Slices that break off in the middle, and missing ones, are no errors to the decoder.
        let samples = usize::from(frame.bit_depth.div_ceil(8));
        let (width, chroma_width) = (size(frame.width) * samples, size(frame.chroma_width()) * samples);
        let format = match frame.chroma_format {
            decoder::ChromaFormat::Yuv420 => ChromaFormat::Yuv420,
            decoder::ChromaFormat::Yuv422 => ChromaFormat::Yuv422,
        };
        let planes = [(&frame.y[..], width), (&frame.u[..], chroma_width), (&frame.v[..], chroma_width)];
        if has_blank_block(planes, format) {
            return Err(DecodeError::damaged("the picture is not whole: macroblocks are missing"));
        }
        if unit.wanted {
            let picture = self.picture(frame);
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

/// Puts the payload without its emulation prevention bytes into `out`; false, with nothing done, where it has none.
fn unescape(payload: &[u8], out: &mut Vec<u8>) -> bool {
    let finder = memmem::Finder::new(&[0, 0, 3]);
    let mut rest = payload;
    let Some(mut at) = finder.find(rest) else { return false };
    out.clear();
    loop {
        let (head, tail) = rest.split_at_checked(at + 2).unwrap_or((rest, &[]));
        out.extend_from_slice(head);
        rest = tail.get(1..).unwrap_or_default();
        match finder.find(rest) {
            Some(next) => at = next,
            None => break,
        }
    }
    out.extend_from_slice(rest);
    true
}

fn size(side: u32) -> usize {
    usize::try_from(side).unwrap_or(usize::MAX)
}

fn decode_error(error: error::DecodeError) -> DecodeError {
    let kind = match error {
        error::DecodeError::Unsupported(_) => DecodeErrorKind::Unsupported,
        _ => DecodeErrorKind::Damaged,
    };
    DecodeError { kind, message: error.to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn emulation_prevention_bytes_are_left_out() {
        let mut out = Vec::new();
        assert!(!unescape(&[1, 0, 0, 2, 3], &mut out));
        for (escaped, plain) in [
            (&[0, 0, 3, 1, 9][..], &[0, 0, 1, 9][..]),
            (&[0, 0, 3, 0, 0, 3, 0, 0, 3], &[0, 0, 0, 0, 0, 0]),
            (&[7, 0, 0, 3], &[7, 0, 0]),
        ] {
            assert!(unescape(escaped, &mut out));
            assert_eq!(out, plain);
        }
    }
}
