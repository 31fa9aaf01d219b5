//! Pixels to PNG files, by the `png` crate.
//!
//! Its levels on 1080p pictures, release build, median of 31 alternating rounds, against its level `Fast`:
//!
//! | level | photographs, time | bytes | `testsrc2`, time | bytes |
//! |---|---|---|---|---|
//! | `Fastest` | 0.4 | 1.11 | 0.13 | 1.17 |
//! | `Fast`, for [`Compression::Fast`] | 1 (51 ms) | 1 (3.45 MB) | 1 (23 ms) | 1 (296 KB) |
//! | `Balanced` | 14 | 0.94 | 3.2 | 0.87 |
//! | `High` | 33 | 0.93 | 8.6 | 0.88 |
//!
//! `High` takes more than twice as long as `Balanced` for a hundredth of the bytes at best. [`Compression::Small`] is `Balanced`
//! with filters chosen by entropy, which on seven pictures was 0.98 to 1.00 of its size in 0.5 to 1.7 of its time. Small pictures
//! of few colours come out larger by either than by `Fast`, so that is tried as well.

use std::borrow::Cow;

use image::RgbImage;
use png::chunk::ChunkType;
use png::{BitDepth, ColorType, DeflateCompression, Encoder, Filter, Info, PixelDimensions, Unit};

use super::EncodeError;
use super::metadata::About;

/// How hard to try for a small file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Compression {
    /// Fast; files are a tenth larger or so.
    #[default]
    Fast,
    /// Small: takes from three to more than ten times as long.
    Small,
}

/// Encodes pixels: 8 bits, RGB, not interlaced.
///
/// # Errors
///
/// If the picture has no pixels, or is too large for PNG.
pub fn png(rgb: &RgbImage, compression: Compression, about: &About) -> Result<Vec<u8>, EncodeError> {
    let fast = || encoded(rgb, DeflateCompression::FdeflateUltraFast, Filter::Adaptive, about);
    Ok(match compression {
        Compression::Fast => fast()?,
        Compression::Small => {
            let small = encoded(rgb, DeflateCompression::Level(6), Filter::MinEntropy, about)?;
            let fast = fast()?;
            if small.len() <= fast.len() { small } else { fast }
        }
    })
}

fn encoded(
    rgb: &RgbImage,
    compression: DeflateCompression,
    filter: Filter,
    about: &About,
) -> Result<Vec<u8>, EncodeError> {
    let mut info = Info::with_size(rgb.width(), rgb.height());
    info.color_type = ColorType::Rgb;
    info.bit_depth = BitDepth::Eight;
    info.exif_metadata = Some(Cow::Owned(about.exif()));
    if about.sample_aspect_ratio.is_some() {
        // Pixels per unit would be the other way round (PNG third edition, 11.3.4.3), which ffmpeg neither writes nor reads:
        // what shows PNG with such samples as they are meant goes by ffmpeg.
        let (width, height) = about.aspect(u32::MAX >> 1);
        info.pixel_dims = Some(PixelDimensions { xppu: width, yppu: height, unit: Unit::Unspecified });
    }

    let mut out = Vec::with_capacity(rgb.len() / 2);
    let mut encoder = Encoder::with_info(&mut out, info).map_err(failed)?;
    encoder.set_deflate_compression(compression);
    encoder.set_filter(filter);
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

/// Width and height of a PNG with a beginning and an end (ISO/IEC 15948, 5.2, 11.2.2 and 11.2.5).
pub(crate) fn png_size(bytes: &[u8]) -> Option<(u32, u32)> {
    let header = bytes.strip_prefix(b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR")?;
    let side = |at: usize| header.get(at..at + 4)?.try_into().ok().map(u32::from_be_bytes);
    bytes.ends_with(b"\0\0\0\0IEND\xae\x42\x60\x82").then_some((side(0)?, side(4)?))
}
