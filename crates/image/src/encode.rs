//! Pictures to JPEG and PNG.

use image::RgbImage;
use jpeg_encoder::{ColorType, Encoder, ImageBuffer, JpegColorType, SamplingFactor};
use std::fmt;
use fragkit_fragment::{FragmentNumber, Timestamp};
use crate::picture::{ChromaFormat, Picture, Plane, Planes};

/// How hard to try for a small file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Compression {
    /// Fast.
    #[default]
    Fast,
    /// Small.
    Small,
}

/// What is written beside the picture.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct About {
    /// Time.
    pub time: Timestamp,
    /// Number.
    pub fragment_number: Option<FragmentNumber>,
    /// Aspect.
    pub sample_aspect_ratio: Option<(u32, u32)>,
}

/// Error.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EncodeError(String);

impl fmt::Display for EncodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for EncodeError {}

struct Rows<'a> { picture: &'a Picture, planes: &'a [Plane<u8>; 3] }

impl ImageBuffer for Rows<'_> {
    fn get_jpeg_color_type(&self) -> JpegColorType { if self.picture.chroma == ChromaFormat::Monochrome { JpegColorType::Luma } else { JpegColorType::Ycbcr } }
    fn width(&self) -> u16 { u16::try_from(self.picture.width).unwrap_or(0) }
    fn height(&self) -> u16 { u16::try_from(self.picture.height).unwrap_or(0) }
    fn fill_buffers(&self, y: u16, buffers: &mut [Vec<u8>; 4]) {
        let y = usize::from(y);
        let width = usize::try_from(self.picture.width).unwrap_or(0);
        let [luma, cb, cr] = self.planes;
        let row = |plane: &Plane<u8>, y: usize| { let s = y * plane.stride; s..s + plane.stride };
        buffers[0].extend_from_slice(&luma.data[row(luma, y)][..width]);
        let (hx, hy) = match self.picture.chroma { ChromaFormat::Yuv420 => (2, 2), ChromaFormat::Yuv422 => (2, 1), ChromaFormat::Yuv444 => (1, 1), ChromaFormat::Monochrome => return };
        for (i, plane) in [(1, cb), (2, cr)] {
            let r = &plane.data[row(plane, y / hy)];
            if hx == 1 { buffers[i].extend_from_slice(&r[..width]); } else { buffers[i].extend(r.iter().flat_map(|&s| [s, s]).take(width)); }
        }
    }
}

/// JPEG.
pub fn jpeg(picture: &Picture, quality: u8, about: &About) -> Result<Vec<u8>, EncodeError> {
    let Planes::Narrow(planes) = &picture.planes else { return Err(EncodeError("wide".into())) };
    let mut out = Vec::new();
    let mut e = Encoder::new(&mut out, quality);
    e.set_sampling_factor(match picture.chroma { ChromaFormat::Yuv420 => SamplingFactor::F_2_2, ChromaFormat::Yuv422 => SamplingFactor::F_2_1, _ => SamplingFactor::F_1_1 });
    let _ = about;
    e.encode_image(Rows { picture, planes }).map_err(|e| EncodeError(e.to_string()))?;
    Ok(out)
}
/// JPEG of pixels.
pub fn jpeg_rgb(rgb: &RgbImage, quality: u8, about: &About) -> Result<Vec<u8>, EncodeError> {
    let mut out = Vec::new();
    let mut e = Encoder::new(&mut out, quality);
    e.set_sampling_factor(SamplingFactor::F_2_2);
    let _ = about;
    e.encode(rgb, u16::try_from(rgb.width()).unwrap_or(0), u16::try_from(rgb.height()).unwrap_or(0), ColorType::Rgb).map_err(|e| EncodeError(e.to_string()))?;
    Ok(out)
}
/// PNG.
pub fn png(rgb: &RgbImage, compression: Compression, about: &About) -> Result<Vec<u8>, EncodeError> {
    let mut out = Vec::new();
    let mut e = png::Encoder::new(&mut out, rgb.width(), rgb.height());
    e.set_color(png::ColorType::Rgb);
    e.set_depth(png::BitDepth::Eight);
    e.set_compression(match compression { Compression::Fast => png::Compression::Fast, Compression::Small => png::Compression::High });
    let _ = about;
    let mut w = e.write_header().map_err(|e| EncodeError(e.to_string()))?;
    w.write_image_data(rgb).map_err(|e| EncodeError(e.to_string()))?;
    w.finish().map_err(|e| EncodeError(e.to_string()))?;
    Ok(out)
}

/// Decodes a JPEG.
pub fn decode_jpeg(_bytes: &[u8], _limits: &crate::decoder::Limits) -> Result<(Picture, crate::colour::Colour), EncodeError> {
    Err(EncodeError("no JPEG".into()))
}
