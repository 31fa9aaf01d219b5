//! JPEG frames of cameras, to planes.
//!
//! The `zune-jpeg` crate decodes; before it, the segments up to the scan are walked here, for what is to be known before
//! memory is taken: how large the picture is, and whether all of it is there.

use zune_core::bytestream::ZCursor;
use zune_core::colorspace::ColorSpace;
use zune_core::options::DecoderOptions;
use zune_jpeg::JpegDecoder;

use super::EncodeError;
use super::jpeg::chroma_halved;
use super::tables::define_huffman;
use crate::colour::{Colour, Matrix};
use crate::decoder::Limits;
use crate::picture::{ChromaFormat, Picture, Plane, Planes};

/// Decodes a JPEG frame: baseline or progressive, of 8 bits. Huffman tables that are left out, as cameras' streams do, are
/// those of ITU-T T.81, Annex K. A scan that lacks blocks but has its EOI is not told from a whole one: the blocks are grey.
/// Chroma is sampled as in the frame, where that is 4:2:0, 4:2:2 or 4:4:4; else it is 4:4:4.
///
/// # Errors
///
/// If the frame is damaged or cut off, of a kind that is not known, or larger than the limit of samples.
pub fn decode_jpeg(bytes: &[u8], limits: &Limits) -> Result<(Picture, Colour), EncodeError> {
    let header = Header::read(bytes).map_err(|reason| EncodeError::new(format!("JPEG: {reason}")))?;
    let samples = u64::from(header.width) * u64::from(header.height);
    if samples > limits.max_picture_pixels {
        let most = limits.max_picture_pixels;
        let reason = format!("limit max_picture_pixels: a JPEG has {samples} samples, {most} is the most");
        return Err(EncodeError::new(reason));
    }

    let completed;
    let bytes = match header.tables_missing_at.and_then(|at| bytes.split_at_checked(at)) {
        Some((before, rest)) => {
            completed = [before, &define_huffman(), rest].concat();
            &completed
        }
        None => bytes,
    };
    let options = DecoderOptions::default().set_strict_mode(true).set_max_width(65_535).set_max_height(65_535);
    let mut decoder = JpegDecoder::new_with_options(ZCursor::new(bytes), options);
    decoder.decode_headers().map_err(failed)?;
    let space = match decoder.input_colorspace() {
        Some(space @ (ColorSpace::Luma | ColorSpace::YCbCr | ColorSpace::RGB)) => space,
        _ => ColorSpace::RGB,
    };
    decoder.set_options(options.jpeg_set_out_colorspace(space));
    let samples = decoder.decode().map_err(failed)?;
    // The decoder reads the header for itself.
    if decoder.dimensions() != Some((usize::from(header.width), usize::from(header.height))) {
        return Err(EncodeError::new("JPEG: there is more than one frame header"));
    }
    header.picture(&samples, space)
}

/// Width and height of a JPEG with a beginning and an end.
pub(crate) fn jpeg_size(bytes: &[u8]) -> Option<(u32, u32)> {
    let header = Header::read(bytes).ok().filter(|_| bytes.ends_with(&[0xff, 0xd9]))?;
    Some((header.width.into(), header.height.into()))
}

fn failed(error: impl std::fmt::Display) -> EncodeError {
    EncodeError::new(format!("JPEG: {error}"))
}

/// What the segments before the first scan say.
#[derive(Debug)]
struct Header {
    width: u16,
    height: u16,
    /// How chroma is sampled, where it is one of the common ways.
    chroma: Option<ChromaFormat>,
    /// Where Huffman tables are to be put in, if there are none.
    tables_missing_at: Option<usize>,
}

impl Header {
    fn read(bytes: &[u8]) -> Result<Self, &'static str> {
        const CUT_OFF: &str = "it is cut off";
        if bytes.get(..2) != Some(&[0xff, 0xd8]) {
            return Err("it does not start with SOI (ITU-T T.81, B.2.1)");
        }
        let mut at = 2;
        let mut frame = None;
        let mut tables = false;
        loop {
            let rest = bytes.get(at..).unwrap_or_default();
            let &[marker_prefix, marker, ..] = rest else { return Err(CUT_OFF) };
            if marker_prefix != 0xff {
                return Err("there is no marker where a segment ends (ITU-T T.81, B.1.1.2)");
            }
            // Fill bytes; TEM and RSTn, which stand alone.
            if marker == 0xff {
                at += 1;
                continue;
            }
            if marker == 0x01 || (0xd0..=0xd7).contains(&marker) {
                at += 2;
                continue;
            }
            let &[_, _, high, low, ..] = rest else { return Err(CUT_OFF) };
            let length = usize::from(u16::from_be_bytes([high, low]));
            let body = rest.get(4..2 + length).ok_or(CUT_OFF)?;
            match marker {
                // SOS
                0xda => {
                    let (width, height, chroma) = frame.ok_or("there is no frame header before the scan")?;
                    let scan = rest.get(2 + length..).unwrap_or_default();
                    if !scan.windows(2).any(|pair| pair == [0xff, 0xd9]) {
                        return Err("it is cut off: there is no EOI");
                    }
                    return Ok(Header { width, height, chroma, tables_missing_at: (!tables).then_some(at) });
                }
                // DHT
                0xc4 => tables = true,
                // SOFn, of which C8 and CC are something else
                0xc0..=0xcf if marker != 0xc8 && marker != 0xcc => {
                    if frame.is_some() {
                        return Err("there are two frame headers");
                    }
                    frame = Some(frame_header(body).ok_or("the frame header is cut off")?);
                }
                0xd9 => return Err("there is no scan"),
                _ => {}
            }
            at += 2 + length;
        }
    }
}

/// Width, height, and how chroma is sampled (ITU-T T.81, B.2.2).
fn frame_header(body: &[u8]) -> Option<(u16, u16, Option<ChromaFormat>)> {
    let &[_, h0, h1, w0, w1, count, ref components @ ..] = body else { return None };
    let factors: Vec<u8> = components.chunks_exact(3).filter_map(|component| component.get(1).copied()).collect();
    if factors.len() != usize::from(count) {
        return None;
    }
    let chroma = match factors[..] {
        [_] => Some(ChromaFormat::Monochrome),
        [0x22, 0x11, 0x11] => Some(ChromaFormat::Yuv420),
        [0x21, 0x11, 0x11] => Some(ChromaFormat::Yuv422),
        // Seen of cameras: twice the factors that would do.
        [0x22, 0x12, 0x12] => Some(ChromaFormat::Yuv422),
        _ => None,
    };
    Some((u16::from_be_bytes([w0, w1]), u16::from_be_bytes([h0, h1]), chroma))
}

impl Header {
    /// The decoder's samples, pixel by pixel, as planes.
    fn picture(&self, samples: &[u8], space: ColorSpace) -> Result<(Picture, Colour), EncodeError> {
        let (width, height) = (u32::from(self.width), u32::from(self.height));
        let stride = usize::from(self.width);
        let components = if space == ColorSpace::Luma { 1 } else { 3 };
        if samples.len() != stride * usize::from(self.height) * components || samples.is_empty() {
            return Err(EncodeError::new("JPEG: the decoder gave no whole picture"));
        }
        let plane =
            |index: usize| Plane { data: samples.iter().skip(index).step_by(components).copied().collect(), stride };
        let picture = |chroma, planes| Picture { width, height, chroma, bit_depth: 8, planes: Planes::Narrow(planes) };
        Ok(match space {
            ColorSpace::Luma => {
                (picture(ChromaFormat::Monochrome, [plane(0), Plane::default(), Plane::default()]), Colour::JFIF)
            }
            ColorSpace::YCbCr => {
                let full = picture(ChromaFormat::Yuv444, [plane(0), plane(1), plane(2)]);
                let picture = match self.chroma {
                    Some(chroma @ (ChromaFormat::Yuv420 | ChromaFormat::Yuv422)) => chroma_halved(full, chroma),
                    _ => full,
                };
                (picture, Colour::JFIF)
            }
            // G, B, R, as ITU-T H.273 has it.
            _ => {
                let picture = picture(ChromaFormat::Yuv444, [plane(1), plane(2), plane(0)]);
                (picture, Colour { matrix: Matrix::Identity, ..Colour::JFIF })
            }
        })
    }
}
