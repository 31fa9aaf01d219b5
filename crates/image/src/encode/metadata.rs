//! What is written beside the picture: when it was taken, its fragment, and how wide samples are.
//!
//! ```text
//! JPEG  APP0   JFIF        density = sample aspect ratio
//!       APP1   Exif        the block below
//!       COM                fragkit time=2026-11-28T17:40:00.000Z fragment=91343852333181432392682062622220590765191907586
//! PNG   pHYs               sample aspect ratio
//!       cICP               primaries and transfer
//!       eXIf               the block below
//!       tEXt               Creation Time; Description: fragment 913...
//! Exif  0th IFD            ImageDescription: fragment 913...
//!       Exif IFD           ExifVersion, DateTimeOriginal, OffsetTimeOriginal, SubSecTimeOriginal
//! ```

use fragkit_fragment::{FragmentNumber, Timestamp};

use crate::civil::civil;

/// What is known of a picture beside its samples.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct About {
    /// When it was taken.
    pub time: Timestamp,
    /// The number of its fragment, where it has one.
    pub fragment_number: Option<FragmentNumber>,
    /// Width to height of a sample, where they differ.
    pub sample_aspect_ratio: Option<(u32, u32)>,
    /// `colour_primaries` of ITU-T H.273; 2 where nothing tells. Only PNG tells of it.
    pub primaries: u8,
    /// `transfer_characteristics` of ITU-T H.273; 2 where nothing tells. Only PNG tells of it.
    pub transfer: u8,
}

/// What nothing is told of (ITU-T H.273, 8.1 and 8.2).
const UNSPECIFIED: u8 = 2;

impl Default for About {
    /// The epoch, no fragment, square samples, and colours of which nothing is told.
    fn default() -> Self {
        About {
            time: Timestamp::default(),
            fragment_number: None,
            sample_aspect_ratio: None,
            primaries: UNSPECIFIED,
            transfer: UNSPECIFIED,
        }
    }
}

impl About {
    /// Primaries and transfer, where both are told.
    pub(super) fn code_points(&self) -> Option<(u8, u8)> {
        // 0 is reserved in both.
        let told = |code| code != UNSPECIFIED && code != 0;
        (told(self.primaries) && told(self.transfer)).then_some((self.primaries, self.transfer))
    }

    /// The time as RFC 3339 has it, with milliseconds, in UTC.
    pub(super) fn rfc3339(&self) -> String {
        civil(self.time).strftime("%Y-%m-%dT%H:%M:%S.%3fZ").to_string()
    }

    /// Of which fragment the picture is.
    pub(super) fn description(&self) -> Option<String> {
        self.fragment_number.as_ref().map(|number| format!("fragment {number}"))
    }

    /// Width to height of samples, in lowest terms and as far as `limit` goes; 1 to 1 for those that make no sense.
    pub(super) fn aspect(&self, limit: u32) -> (u32, u32) {
        let (mut width, mut height) = self.sample_aspect_ratio.unwrap_or((1, 1));
        let (mut divisor, mut rest) = (width, height);
        while rest != 0 {
            (divisor, rest) = (rest, divisor % rest);
        }
        width = width.checked_div(divisor).unwrap_or(0);
        height = height.checked_div(divisor).unwrap_or(0);
        while width.max(height) > limit {
            (width, height) = (width / 2, height / 2);
        }
        if width == 0 || height == 0 { (1, 1) } else { (width, height) }
    }

    /// The Exif block: a TIFF file without a picture (CIPA DC-008, 4.5 and 4.6).
    pub(super) fn exif(&self) -> Vec<u8> {
        let date = civil(self.time);
        let details = [
            (EXIF_VERSION, Value::Undefined(b"0232".to_vec())),
            (DATE_TIME_ORIGINAL, Value::text(&date.strftime("%Y:%m:%d %H:%M:%S").to_string())),
            (OFFSET_TIME_ORIGINAL, Value::text("+00:00")),
            (SUB_SEC_TIME_ORIGINAL, Value::text(&format!("{:03}", date.millisecond()))),
        ];
        let description = self.description().map(|text| (IMAGE_DESCRIPTION, Value::text(&text)));

        // Big-endian, 42, and where the first directory is.
        let mut block = b"MM\0\x2a\0\0\0\x08".to_vec();
        let mut first: Vec<(u16, Value)> = description.into_iter().collect();
        let details_at = block.len()
            + first.iter().map(|(_, value)| value.outside()).sum::<usize>()
            + directory_len(first.len() + 1);
        first.push((EXIF_IFD, Value::Offset(offset(details_at))));
        write_directory(&first, &mut block);
        write_directory(&details, &mut block);
        block
    }
}

const IMAGE_DESCRIPTION: u16 = 0x010e;
const EXIF_IFD: u16 = 0x8769;
const EXIF_VERSION: u16 = 0x9000;
const DATE_TIME_ORIGINAL: u16 = 0x9003;
const OFFSET_TIME_ORIGINAL: u16 = 0x9011;
const SUB_SEC_TIME_ORIGINAL: u16 = 0x9291;

/// The value of a field of a TIFF directory.
enum Value {
    /// ASCII, with the zero at its end.
    Ascii(Vec<u8>),
    Undefined(Vec<u8>),
    /// LONG: where something is.
    Offset(u32),
}

impl Value {
    fn text(text: &str) -> Self {
        Value::Ascii(text.bytes().chain([0]).collect())
    }

    /// Type and bytes.
    fn parts(&self) -> (u16, u32, Vec<u8>) {
        match self {
            Value::Ascii(bytes) => (2, offset(bytes.len()), bytes.clone()),
            Value::Offset(value) => (4, 1, value.to_be_bytes().to_vec()),
            Value::Undefined(bytes) => (7, offset(bytes.len()), bytes.clone()),
        }
    }

    /// How many bytes it takes outside its field: values start at even offsets.
    fn outside(&self) -> usize {
        let (_, _, bytes) = self.parts();
        if bytes.len() > 4 { bytes.len().next_multiple_of(2) } else { 0 }
    }
}

/// Count of fields, the fields, and where the next directory is.
fn directory_len(fields: usize) -> usize {
    2 + 12 * fields + 4
}

/// Appends a directory, its values behind it.
fn write_directory(fields: &[(u16, Value)], block: &mut Vec<u8>) {
    let mut value_at = block.len() + directory_len(fields.len());
    let mut values = Vec::new();
    let count = u16::try_from(fields.len()).unwrap_or(u16::MAX);
    block.extend_from_slice(&count.to_be_bytes());
    for (tag, value) in fields {
        let (kind, count, mut bytes) = value.parts();
        block.extend_from_slice(&tag.to_be_bytes());
        block.extend_from_slice(&kind.to_be_bytes());
        block.extend_from_slice(&count.to_be_bytes());
        if bytes.len() > 4 {
            block.extend_from_slice(&offset(value_at).to_be_bytes());
            bytes.resize(value.outside(), 0);
            value_at += bytes.len();
            values.append(&mut bytes);
        } else {
            bytes.resize(4, 0);
            block.append(&mut bytes);
        }
    }
    block.extend_from_slice(&0_u32.to_be_bytes());
    block.append(&mut values);
}

/// Offsets and lengths in a block of a few hundred bytes.
fn offset(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(u32::MAX)
}

/// Appends the segments of a JPEG file that stand before its tables.
pub(super) fn jpeg_segments(about: &About, out: &mut Vec<u8>) {
    const APP0: u8 = 0xe0;
    const APP1: u8 = 0xe1;
    const COM: u8 = 0xfe;

    let (width, height) = about.aspect(u32::from(u16::MAX));
    let density = |length: u32| u16::try_from(length).unwrap_or(1).to_be_bytes();
    // Version 1.02; units: none, the densities tell the aspect ratio.
    let mut jfif = b"JFIF\0\x01\x02\0".to_vec();
    jfif.extend_from_slice(&density(width));
    jfif.extend_from_slice(&density(height));
    // No thumbnail.
    jfif.extend_from_slice(&[0, 0]);

    let exif = [&b"Exif\0\0"[..], &about.exif()].concat();

    let mut comment = format!("fragkit time={}", about.rfc3339());
    if let Some(number) = &about.fragment_number {
        comment += &format!(" fragment={number}");
    }

    for (marker, body) in [(APP0, &jfif[..]), (APP1, &exif), (COM, comment.as_bytes())] {
        // A fragment number that fills a segment is left out with all that stands beside it.
        let Ok(length) = u16::try_from(body.len() + 2) else { continue };
        out.extend_from_slice(&[0xff, marker]);
        out.extend_from_slice(&length.to_be_bytes());
        out.extend_from_slice(body);
    }
}
