//! Which colour a picture has, from what the stream, the container and the size say.
//!
//! | value | VUI (ITU-T H.264 E.2.1, H.265 E.3.1) | MKV Colour (RFC 9559, 5.1.4.1.28.16) | else |
//! |---|---|---|---|
//! | matrix | `matrix_coefficients` | MatrixCoefficients | BT.601 up to 1024 x 576, BT.709 above |
//! | range | `video_full_range_flag` | Range | limited |
//! | siting | `chroma_sample_loc_type_top_field` | ChromaSitingHorz, ChromaSitingVert | left, half way between rows |
//! | primaries, transfer | their fields | Primaries, TransferCharacteristics | unspecified |
//!
//! Each value falls through on its own, where it is left out, unspecified, reserved, or not to be used as it stands.

use fragkit_codec::CodecPrivate;
use fragkit_codec::vui::{ColourDescription, DisplayParameters};
use fragkit_codec::vui::{colour_primaries_name, transfer_characteristics_name};
use fragkit_fragment::{Track, mkv};

use super::{Colour, Matrix, Siting, VerticalSiting};
use crate::picture::ChromaFormat;

/// H.273's "unspecified", of primaries, transfer and matrix alike.
const UNSPECIFIED: u8 = 2;
/// The largest pictures that are taken for standard definition: PAL, with room for square pixels of 16:9.
const SD: (u32, u32) = (1024, 576);

impl Colour {
    /// What samples of a picture of this size and format mean: value by value from the stream's VUI, then from the Colour
    /// element of its container, then by the rule of its size, which is that of players: BT.601 for standard definition (up
    /// to 1024 x 576), BT.709 above. BT.2020 is never guessed.
    ///
    /// MatrixCoefficients 10 is taken for 9, and 12 and 13 for the matrix that the primaries lead to. 0 (RGB) counts for
    /// 4:4:4 only, as both video standards demand; 11 and 14 (ST 2085, ICtCp) are not known here and fall through.
    #[must_use]
    pub fn resolve(
        vui: Option<&DisplayParameters>,
        container: Option<&mkv::Colour>,
        width: u32,
        height: u32,
        chroma: ChromaFormat,
    ) -> Self {
        let description = vui.and_then(DisplayParameters::colour_description);
        let pick = |stream: fn(ColourDescription) -> u8, stored: fn(&mkv::Colour) -> Option<u64>| {
            let stored = container.and_then(stored).and_then(|value| u8::try_from(value).ok());
            [description.map(stream), stored].into_iter().flatten().filter(|&value| value != UNSPECIFIED)
        };
        let primaries = pick(|vui| vui.colour_primaries, |mkv| mkv.primaries)
            .find(|&value| colour_primaries_name(value).is_some())
            .unwrap_or(UNSPECIFIED);
        let transfer = pick(|vui| vui.transfer_characteristics, |mkv| mkv.transfer_characteristics)
            .find(|&value| transfer_characteristics_name(value).is_some())
            .unwrap_or(UNSPECIFIED);
        let matrix = pick(|vui| vui.matrix_coefficients, |mkv| mkv.matrix_coefficients)
            .find_map(|value| Matrix::from_code(value, primaries, chroma))
            .unwrap_or_else(|| Matrix::by_size(width, height));
        let full_range = vui
            .and_then(DisplayParameters::video_full_range_flag)
            .or_else(|| match container?.range? {
                1 => Some(false),
                2 => Some(true),
                _ => None,
            })
            .unwrap_or(false);
        Self { matrix, full_range, siting: Siting::resolve(vui, container, chroma), primaries, transfer }
    }

    /// The colour of a video track: see [`resolve`](Self::resolve), with the VUI of the sequence parameter set in its private
    /// data and the Colour element of its entry.
    #[must_use]
    pub fn of_track(track: &Track) -> Self {
        let video = track.entry.video.as_ref();
        let container = video.and_then(|video| video.colour.as_ref());
        let told = match &track.codec_private {
            Ok(CodecPrivate::Avc(record)) => record.sps().ok().map(|sps| {
                let vui = sps.vui.as_ref().map(|vui| vui.display);
                (vui, sps.width(), sps.height(), sps.chroma_format_idc)
            }),
            Ok(CodecPrivate::Hevc(record)) => record.sps().ok().map(|sps| {
                let vui = sps.vui.as_ref().map(|vui| vui.display);
                (vui, sps.width(), sps.height(), sps.chroma_format_idc)
            }),
            _ => None,
        };
        let (vui, width, height, chroma_format_idc) = told.unwrap_or_else(|| {
            let size = |value: u64| u32::try_from(value).unwrap_or(u32::MAX);
            let (width, height) = video.map_or((0, 0), |video| (size(video.pixel_width), size(video.pixel_height)));
            (None, width, height, 1)
        });
        let chroma = ChromaFormat::from_idc(chroma_format_idc).unwrap_or(ChromaFormat::Yuv420);
        Self::resolve(vui.as_ref(), container, width, height, chroma)
    }
}

impl Matrix {
    /// By MatrixCoefficients; `None` where it is unspecified, reserved or of no use.
    fn from_code(code: u8, primaries: u8, chroma: ChromaFormat) -> Option<Self> {
        match code {
            0 if chroma == ChromaFormat::Yuv444 => Some(Self::Identity),
            1 => Some(Self::Bt709),
            4 => Some(Self::Fcc),
            5 | 6 => Some(Self::Bt601),
            7 => Some(Self::Smpte240),
            8 => Some(Self::YCgCo),
            9 | 10 => Some(Self::Bt2020),
            // Derived from the primaries: the weights of luma are those of the primaries' own luminance.
            12 | 13 => match primaries {
                1 => Some(Self::Bt709),
                6 | 7 => Some(Self::Smpte240),
                9 => Some(Self::Bt2020),
                _ => None,
            },
            _ => None,
        }
    }

    fn by_size(width: u32, height: u32) -> Self {
        if width <= SD.0 && height <= SD.1 { Self::Bt601 } else { Self::Bt709 }
    }
}

impl Siting {
    fn resolve(vui: Option<&DisplayParameters>, container: Option<&mkv::Colour>, chroma: ChromaFormat) -> Self {
        // The types are of 4:2:0 alone (H.264 E.2.1, H.265 E.3.1); a frame of two fields is taken by its top one.
        let stream = (chroma == ChromaFormat::Yuv420)
            .then_some(vui.and_then(|vui| vui.chroma_sample_loc_type))
            .flatten()
            .and_then(|(top, _)| Self::from_type(top));
        if let Some(siting) = stream {
            return siting;
        }
        let left = match container.and_then(|colour| colour.chroma_siting_horz) {
            Some(2) => false,
            _ => Self::LEFT.left,
        };
        let vertical = match container.and_then(|colour| colour.chroma_siting_vert) {
            Some(1) => VerticalSiting::Top,
            _ => Self::LEFT.vertical,
        };
        Self { left, vertical }
    }

    /// By `chroma_sample_loc_type` (H.264, Figure E-1; H.265, Figure E.1).
    fn from_type(chroma_sample_loc_type: u8) -> Option<Self> {
        let (left, vertical) = match chroma_sample_loc_type {
            0 => (true, VerticalSiting::Centre),
            1 => (false, VerticalSiting::Centre),
            2 => (true, VerticalSiting::Top),
            3 => (false, VerticalSiting::Top),
            4 => (true, VerticalSiting::Bottom),
            5 => (false, VerticalSiting::Bottom),
            _ => return None,
        };
        Some(Self { left, vertical })
    }
}

#[cfg(test)]
mod tests {
    use fragkit_codec::vui::VideoSignalType;

    use super::*;

    fn vui(full: bool, codes: Option<(u8, u8, u8)>, location: Option<(u8, u8)>) -> DisplayParameters {
        let description = |(colour_primaries, transfer_characteristics, matrix_coefficients)| ColourDescription {
            colour_primaries,
            transfer_characteristics,
            matrix_coefficients,
        };
        DisplayParameters {
            video_signal_type: Some(VideoSignalType {
                video_format: 5,
                video_full_range_flag: full,
                colour_description: codes.map(description),
            }),
            chroma_sample_loc_type: location,
            ..Default::default()
        }
    }

    fn matrix(code: u8, primaries: u8, chroma: ChromaFormat) -> Matrix {
        Colour::resolve(Some(&vui(false, Some((primaries, 2, code)), None)), None, 1920, 1080, chroma).matrix
    }

    #[test]
    fn size_decides_where_nothing_is_said() {
        let of = |width, height| Colour::resolve(None, None, width, height, ChromaFormat::Yuv420);
        assert_eq!(of(1024, 576).matrix, Matrix::Bt601);
        assert_eq!(of(1025, 576).matrix, Matrix::Bt709);
        assert_eq!(of(1024, 577).matrix, Matrix::Bt709);
        assert_eq!(of(7680, 4320).matrix, Matrix::Bt709);
        let said = of(640, 480);
        assert_eq!((said.full_range, said.siting, said.primaries, said.transfer), (false, Siting::LEFT, 2, 2));
    }

    #[test]
    fn every_code_of_the_matrix_is_known_or_falls_through() {
        let expected = [
            (0, Matrix::Bt709), // RGB in 4:2:0 cannot be
            (1, Matrix::Bt709),
            (4, Matrix::Fcc),
            (5, Matrix::Bt601),
            (6, Matrix::Bt601),
            (7, Matrix::Smpte240),
            (8, Matrix::YCgCo),
            (9, Matrix::Bt2020),
            (10, Matrix::Bt2020),
        ];
        for (code, known) in expected {
            assert_eq!(matrix(code, 2, ChromaFormat::Yuv420), known, "{code}");
        }
        assert_eq!(matrix(0, 2, ChromaFormat::Yuv444), Matrix::Identity);
        for code in [2, 3, 11, 12, 13, 14, 15, 255] {
            assert_eq!(matrix(code, 2, ChromaFormat::Yuv420), Matrix::Bt709, "{code}");
        }
        assert_eq!(matrix(12, 9, ChromaFormat::Yuv420), Matrix::Bt2020);
        assert_eq!(matrix(13, 6, ChromaFormat::Yuv420), Matrix::Smpte240);
    }

    #[test]
    fn each_value_falls_through_to_the_container_on_its_own() {
        let container = mkv::Colour {
            matrix_coefficients: Some(6),
            primaries: Some(9),
            transfer_characteristics: Some(256),
            range: Some(2),
            chroma_siting_horz: Some(2),
            chroma_siting_vert: Some(1),
            ..Default::default()
        };
        let of =
            |vui: Option<&DisplayParameters>| Colour::resolve(vui, Some(&container), 1920, 1080, ChromaFormat::Yuv420);
        let top = Siting { left: false, vertical: VerticalSiting::Top };
        let alone = of(None);
        assert_eq!((alone.matrix, alone.full_range, alone.siting), (Matrix::Bt601, true, top));
        assert_eq!((alone.primaries, alone.transfer), (9, 2), "a transfer that is no byte is none");
        let both = of(Some(&vui(false, Some((3, 16, 2)), Some((4, 0)))));
        assert_eq!((both.matrix, both.full_range), (Matrix::Bt601, false));
        assert_eq!(both.siting, Siting { left: true, vertical: VerticalSiting::Bottom });
        assert_eq!((both.primaries, both.transfer), (9, 16), "reserved primaries fall through");
    }

    #[test]
    fn location_types_are_of_420_alone() {
        let of = |chroma, kind| Colour::resolve(Some(&vui(true, None, Some((kind, 0)))), None, 16, 16, chroma).siting;
        assert_eq!(of(ChromaFormat::Yuv420, 1), Siting::CENTRE);
        assert_eq!(of(ChromaFormat::Yuv420, 5), Siting { left: false, vertical: VerticalSiting::Bottom });
        assert_eq!(of(ChromaFormat::Yuv422, 1), Siting::LEFT);
    }
}
