//! Pixels to PNG files.

use std::borrow::Cow;

use image::RgbImage;
use png::chunk::ChunkType;
use png::{BitDepth, ColorType, Encoder, Info, PixelDimensions, Unit};

use super::EncodeError;
use super::metadata::About;

/// How hard to try for a small file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Compression {
    /// As fast as copying, almost.
    #[default]
    Fast,
    /// The smallest file.
    Small,
}

/// Encodes pixels: 8 bits, RGB, not interlaced.
///
/// # Errors
///
/// If the picture has no pixels, or is too large for PNG.
pub fn png(rgb: &RgbImage, compression: Compression, about: &About) -> Result<Vec<u8>, EncodeError> {
    let mut info = Info::with_size(rgb.width(), rgb.height());
    info.color_type = ColorType::Rgb;
    info.bit_depth = BitDepth::Eight;
    info.exif_metadata = Some(Cow::Owned(about.exif()));
    if about.sample_aspect_ratio.is_some() {
        let (width, height) = about.aspect(u32::MAX >> 1);
        info.pixel_dims = Some(PixelDimensions { xppu: width, yppu: height, unit: Unit::Unspecified });
    }

    let mut out = Vec::with_capacity(rgb.len() / 2);
    let mut encoder = Encoder::with_info(&mut out, info).map_err(failed)?;
    encoder.set_compression(match compression {
        Compression::Fast => png::Compression::Fast,
        Compression::Small => png::Compression::High,
    });
    encoder.add_text_chunk("Creation Time".into(), about.rfc3339()).map_err(failed)?;
    if let Some(description) = about.description() {
        encoder.add_text_chunk("Description".into(), description).map_err(failed)?;
    }
    let mut writer = encoder.write_header().map_err(failed)?;
    if let Some((primaries, transfer)) = about.code_points() {
        // Samples are RGB of full range (PNG third edition, 11.3.2.6).
        writer.write_chunk(ChunkType(*b"cICP"), &[primaries, transfer, 0, 1]).map_err(failed)?;
    }
    writer.write_image_data(rgb).map_err(failed)?;
    writer.finish().map_err(failed)?;
    Ok(out)
}

fn failed(error: png::EncodingError) -> EncodeError {
    EncodeError::new(format!("PNG: {error}"))
}
