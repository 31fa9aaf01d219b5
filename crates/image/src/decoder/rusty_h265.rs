//! `rusty_h265`: H.265 Main and Main 10. Pictures come out with their access unit.

use std::collections::VecDeque;

use fragkit_codec::hevc;
use rusty_h265 as rusty;

use super::{
    AccessUnit, DecodeError, DecodeErrorKind, Decoder,
    planes::{Window, copied, has_blank_block, low_byte},
};
use crate::picture::{ChromaFormat, Picture, Plane, Planes};

pub(super) struct RustyH265 {
    decoder: rusty::Decoder,
    finished: VecDeque<(u32, Picture)>,
}

/// A slice (TRAIL_N) of which nothing is there but first_slice_segment_in_pic_flag. It ends the picture under way, as the
/// first slice of the next one does, and is refused as cut off before it begins one itself. An access unit delimiter
/// does not end pictures here, and an end of sequence would also change what comes after.
const END_OF_PICTURE: [u8; 3] = [0, 1, 0x80];

impl RustyH265 {
    pub(super) fn open(parameter_sets: &[&[u8]]) -> Result<Self, DecodeError> {
        let mut decoder = rusty::Decoder::new();
        for unit in parameter_sets {
            decoder.push_nal(unit, None).map_err(error)?;
        }
        Ok(Self { decoder, finished: VecDeque::new() })
    }
}

impl Decoder for RustyH265 {
    fn name(&self) -> &'static str {
        "rusty_h265"
    }

    fn push(&mut self, unit: AccessUnit<'_>) -> Result<(), DecodeError> {
        let generated = self.decoder.stats.generated_refs;
        let id = Some(i64::from(unit.id));
        let mut slices = false;
        for nal in unit.units {
            slices |= hevc::is_slice(nal);
            self.decoder.push_nal(nal, id).map_err(error)?;
        }
        if !slices {
            return Ok(());
        }
        if self.decoder.push_nal(&END_OF_PICTURE, None).is_ok() {
            return Err(DecodeError::damaged("the end of the picture could not be found"));
        }
        // Taken from the buffer below: what comes out in output order would only pile up.
        while self.decoder.next_frame().is_ok() {}
        if self.decoder.stats.generated_refs != generated {
            return Err(DecodeError::damaged("a picture that it refers to is missing"));
        }
        let Some(entry) = self.decoder.dpb().iter().rev().find(|entry| entry.pts == id) else {
            return Err(DecodeError::damaged("no picture came of it"));
        };
        let picture = &*entry.pic;
        let [y, u, v] = &picture.planes;
        let planes = [(&y.data[..], y.stride), (&u.data[..], u.stride), (&v.data[..], v.stride)];
        if has_blank_block(planes, ChromaFormat::Yuv420) {
            return Err(DecodeError::damaged("the picture is not whole: coding tree blocks are missing"));
        }
        if unit.wanted {
            self.finished.push_back((unit.id, converted(picture)?));
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

/// All samples are 16 bits wide in the decoder, and planes have the coded size.
fn converted(picture: &rusty::Picture) -> Result<Picture, DecodeError> {
    if picture.bit_depth_luma != picture.bit_depth_chroma {
        return Err(DecodeError::unsupported("luma and chroma have different depths"));
    }
    let chroma = ChromaFormat::from_idc(picture.chroma_format_idc).unwrap_or(ChromaFormat::Yuv420);
    let (left, top, width, height) = picture.crop;
    let window = Window { left, top, width, height };
    let windows = [window, window.of_chroma(chroma), window.of_chroma(chroma)];
    let [y, u, v] = &picture.planes;
    let [of_y, of_u, of_v] = windows;
    let planes = if picture.bit_depth_luma > 8 {
        let plane = |plane: &rusty::Plane, window| copied(&plane.data, plane.stride, window, |sample| *sample);
        Planes::Wide([plane(y, of_y), plane(u, of_u), plane(v, of_v)])
    } else {
        let plane = |plane: &rusty::Plane, window| -> Plane<u8> { copied(&plane.data, plane.stride, window, low_byte) };
        Planes::Narrow([plane(y, of_y), plane(u, of_u), plane(v, of_v)])
    };
    Ok(Picture {
        width: u32::try_from(width).unwrap_or(u32::MAX),
        height: u32::try_from(height).unwrap_or(u32::MAX),
        chroma,
        bit_depth: picture.bit_depth_luma,
        planes,
    })
}

fn error(error: rusty::Error) -> DecodeError {
    let kind = match error {
        rusty::Error::Unsupported(_) => DecodeErrorKind::Unsupported,
        _ => DecodeErrorKind::Damaged,
    };
    DecodeError { kind, message: error.to_string() }
}
