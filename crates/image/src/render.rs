//! From a decoded frame to what was asked for: scaled, converted, encoded.

use bytes::Bytes;
use image::RgbImage;

use crate::colour::{self, Colour};
use crate::encode::{self, About};
use crate::error::ImageError;
use crate::picture::{ChromaFormat, Picture};
use crate::request::{DEFAULT_QUALITY, Format, MAX_SIDE, Request};
use crate::sampler::FrameInfo;
use crate::scale;

/// A frame as it comes out of its decoder.
pub(crate) enum Material<'a> {
    /// Planes, and what their samples mean.
    Planes(Picture, &'a Colour),
    /// A JPEG.
    Jpeg(Bytes),
}

/// A picture as a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Encoded {
    /// The file.
    pub bytes: Bytes,
    /// Width in pixels.
    pub width: u32,
    /// Height in pixels.
    pub height: u32,
}

impl Encoded {
    /// A JPEG or PNG file that is there already. `None` if it has no beginning and end of either.
    #[must_use]
    pub fn of_file(bytes: Bytes) -> Option<Encoded> {
        let size = encode::jpeg_size(&bytes).or_else(|| encode::png_size(&bytes))?;
        Some(Encoded::new(bytes, size))
    }

    fn new(bytes: impl Into<Bytes>, (width, height): (u32, u32)) -> Self {
        Encoded { bytes: bytes.into(), width, height }
    }
}

/// The picture as a file of the format that is asked for.
pub(crate) fn encoded(request: &Request, material: Material<'_>, info: &FrameInfo) -> Result<Encoded, ImageError> {
    let resized = request.size != (None, None);
    let (picture, colour) = match material {
        Material::Planes(picture, colour) => (picture, *colour),
        Material::Jpeg(bytes) => {
            let (picture, colour) = encode::decode_jpeg(&bytes, &request.decode_limits).map_err(failed)?;
            if matches!(request.format, Format::Jpeg { quality: None }) && !resized {
                return Ok(Encoded::new(bytes, (picture.width, picture.height)));
            }
            (picture, colour)
        }
    };
    let about = About {
        time: info.timestamp,
        fragment_number: info.fragment_number.clone(),
        // Resized pictures have square samples, or those that were asked for.
        sample_aspect_ratio: info.sample_aspect_ratio.filter(|_| !resized),
        primaries: colour.primaries,
        transfer: colour.transfer,
    };
    match request.format {
        Format::Jpeg { quality } => {
            let chroma = picture.chroma;
            let (picture, colour) = sized(request, picture, colour, info, chroma)?;
            let picture = colour::to_jfif(picture, &colour).map_err(failed)?;
            let bytes = encode::jpeg(&picture, quality.unwrap_or(DEFAULT_QUALITY), &about).map_err(failed)?;
            Ok(Encoded::new(bytes, (picture.width, picture.height)))
        }
        Format::Png { compression } => {
            let rgb = rgb(request, picture, colour, info)?;
            Ok(Encoded::new(encode::png(&rgb, compression, &about).map_err(failed)?, rgb.dimensions()))
        }
    }
}

/// The picture as pixels.
pub(crate) fn pixels(request: &Request, material: Material<'_>, info: &FrameInfo) -> Result<RgbImage, ImageError> {
    let (picture, colour) = match material {
        Material::Planes(picture, colour) => (picture, *colour),
        Material::Jpeg(bytes) => encode::decode_jpeg(&bytes, &request.decode_limits).map_err(failed)?,
    };
    rgb(request, picture, colour, info)
}

fn rgb(request: &Request, picture: Picture, colour: Colour, info: &FrameInfo) -> Result<RgbImage, ImageError> {
    // Where all is resized anyway, chroma comes to the size of luma in the same step.
    let chroma = if request.size == (None, None) { picture.chroma } else { ChromaFormat::Yuv444 };
    let (picture, colour) = sized(request, picture, colour, info, chroma)?;
    colour::to_rgb(&picture, &colour).map_err(failed)
}

/// The picture in the size that is asked for.
fn sized(
    request: &Request,
    picture: Picture,
    colour: Colour,
    info: &FrameInfo,
    chroma: ChromaFormat,
) -> Result<(Picture, Colour), ImageError> {
    let (width, height) = request.size;
    let source = (picture.width, picture.height);
    let (width, height) = scale::target_size(source, info.sample_aspect_ratio, width, height);
    if width > MAX_SIDE || height > MAX_SIDE {
        let reason = format!("the picture would be {width} x {height}, it may be {MAX_SIDE} each way");
        return Err(ImageError::media(reason));
    }
    scale::scaled(picture, colour, width, height, chroma).map_err(failed)
}

fn failed(error: impl std::error::Error) -> ImageError {
    ImageError::media(error.to_string())
}
