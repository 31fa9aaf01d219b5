//! The crate `rusty_h265`: Main and Main 10. A picture ends when the next begins; from then on it is in the picture buffer, and
//! need not be waited for until its turn to be shown.

use std::collections::VecDeque;
use std::sync::Arc;

use ::rusty_h265 as rusty;

use super::{AccessUnit, DecodeError, DecodeErrorKind, Decoder};
use crate::picture::{ChromaFormat, Picture, Plane, Planes};

pub(super) struct RustyH265 {
    decoder: rusty::Decoder,
    /// The ids of pictures that are wanted and not out yet.
    wanted: Vec<u32>,
    finished: VecDeque<(u32, Arc<rusty::Picture>)>,
    generated: u64,
}

impl RustyH265 {
    pub(super) fn new(parameter_sets: &[&[u8]]) -> Result<Self, DecodeError> {
        let mut decoder = rusty::Decoder::new();
        for set in parameter_sets {
            decoder.push_nal(set, None).map_err(error)?;
        }
        Ok(RustyH265 { decoder, wanted: Vec::new(), finished: VecDeque::new(), generated: 0 })
    }

    /// Gathers the pictures that are finished.
    fn collect(&mut self) {
        let id = |pts: Option<i64>| pts.and_then(|pts| u32::try_from(pts).ok());
        let mut found: Vec<(u32, Arc<rusty::Picture>)> = Vec::new();
        if !self.wanted.is_empty() {
            let buffered = self.decoder.dpb().iter().filter_map(|entry| Some((id(entry.pts)?, Arc::clone(&entry.pic))));
            found.extend(buffered.filter(|(id, _)| self.wanted.contains(id)));
        }
        while let Ok(frame) = self.decoder.next_frame() {
            if let Some(id) = id(frame.pts) {
                found.push((id, frame.picture));
            }
        }
        for (id, picture) in found {
            if let Some(at) = self.wanted.iter().position(|wanted| *wanted == id) {
                self.wanted.swap_remove(at);
                self.finished.push_back((id, picture));
            }
        }
    }
}

impl Decoder for RustyH265 {
    fn name(&self) -> &'static str {
        "rusty_h265"
    }

    fn push(&mut self, unit: AccessUnit<'_>) -> Result<(), DecodeError> {
        let mut pts = Some(i64::from(unit.id));
        for nal in unit.units {
            let pushed = self.decoder.push_nal(nal, pts.take());
            if let Err(failed) = pushed {
                self.collect();
                return Err(error(failed));
            }
        }
        self.collect();
        if unit.wanted {
            self.wanted.push(unit.id);
        }
        // Only pictures that may refer to others have been told which they are.
        let generated = self.decoder.stats.generated_refs;
        let random_access = unit.units.iter().any(|unit| fragkit_codec::hevc::is_irap(unit));
        if std::mem::replace(&mut self.generated, generated) < generated && !random_access {
            return Err(DecodeError::new(DecodeErrorKind::Damaged, "a picture that it refers to is missing"));
        }
        Ok(())
    }

    fn flush(&mut self) -> Result<(), DecodeError> {
        self.decoder.flush();
        self.collect();
        Ok(())
    }

    fn take(&mut self) -> Option<(u32, Picture)> {
        let (id, picture) = self.finished.pop_front()?;
        Some((id, cropped(&picture)))
    }
}

/// The shown part of a picture, with samples of 8 bits in bytes.
fn cropped(picture: &rusty::Picture) -> Picture {
    let chroma = u8::try_from(picture.chroma_format_idc).ok().and_then(ChromaFormat::from_idc);
    let chroma = chroma.unwrap_or(ChromaFormat::Yuv420);
    let (x, y, width, height) = picture.crop;
    let (halve_x, halve_y) = match chroma {
        ChromaFormat::Yuv420 => (2, 2),
        ChromaFormat::Yuv422 => (2, 1),
        _ => (1, 1),
    };
    let side = |side: usize| u32::try_from(side).unwrap_or(u32::MAX);
    let (chroma_width, chroma_height) = (width.div_ceil(halve_x), height.div_ceil(halve_y));
    let [luma, cb, cr] = &picture.planes;
    let depth = picture.bit_depth_luma.max(picture.bit_depth_chroma);
    let planes = if depth == 8 {
        let plane = |plane, x, y, width, height| narrowed(plane, x, y, width, height);
        Planes::Narrow([
            plane(luma, x, y, width, height),
            plane(cb, x / halve_x, y / halve_y, chroma_width, chroma_height),
            plane(cr, x / halve_x, y / halve_y, chroma_width, chroma_height),
        ])
    } else {
        // Depths may differ; the samples of the shallower come up to those of the deeper.
        let plane = |plane, own: u8, x, y, width, height| raised(plane, depth - own, x, y, width, height);
        let (of_luma, of_chroma) = (picture.bit_depth_luma, picture.bit_depth_chroma);
        Planes::Wide([
            plane(luma, of_luma, x, y, width, height),
            plane(cb, of_chroma, x / halve_x, y / halve_y, chroma_width, chroma_height),
            plane(cr, of_chroma, x / halve_x, y / halve_y, chroma_width, chroma_height),
        ])
    };
    Picture { width: side(width), height: side(height), chroma, bit_depth: depth, planes }
}

fn rows(plane: &rusty::Plane, x: usize, y: usize, width: usize, height: usize) -> impl Iterator<Item = &[u16]> {
    plane.data.chunks(plane.stride.max(1)).skip(y).take(height).filter_map(move |row| row.get(x..x + width))
}

#[allow(clippy::as_conversions, clippy::cast_possible_truncation, reason = "samples of 8 bits are below 256")]
fn narrowed(plane: &rusty::Plane, x: usize, y: usize, width: usize, height: usize) -> Plane<u8> {
    let mut data = Vec::with_capacity(width * height);
    for row in rows(plane, x, y, width, height) {
        data.extend(row.iter().map(|&sample| sample as u8));
    }
    Plane { data, stride: width }
}

fn raised(plane: &rusty::Plane, by: u8, x: usize, y: usize, width: usize, height: usize) -> Plane<u16> {
    let mut data = Vec::with_capacity(width * height);
    for row in rows(plane, x, y, width, height) {
        data.extend(row.iter().map(|&sample| sample << by));
    }
    Plane { data, stride: width }
}

fn error(error: rusty::Error) -> DecodeError {
    let kind = match error {
        rusty::Error::Unsupported(_) | rusty::Error::Unimplemented(_) => DecodeErrorKind::Unsupported,
        _ => DecodeErrorKind::Damaged,
    };
    DecodeError::new(kind, error.to_string())
}
