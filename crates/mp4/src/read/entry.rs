//! Sample entries: what a decoder needs to begin (ISO/IEC 14496-12:2015,
//! 8.5.2, 12.1.3 and 12.2.3).
//!
//! ```text
//! avc1, avc3   14496-15, 5.4.2   avcC
//! hvc1, hev1   14496-15, 8.4.1   hvcC
//!              12.1.4 pasp, 12.1.5 colr (nclx, and QuickTime's nclc)
//! mp4a         14496-14, 5.6     esds, in QuickTime files within wave
//! alaw, ulaw   QuickTime File Format, Sound Sample Descriptions
//! ```

use bytes::Bytes;

use super::{Limits, Remark};
use crate::reader::Reader;
use crate::{Audio, Colour, Error};

/// One entry of an `stsd` box.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The entry's own name, such as `avc1`.
    pub kind: [u8; 4],
    /// How the samples are coded.
    pub coding: Coding,
    /// `avcC`, `hvcC` or the AudioSpecificConfig, a slice of the file. Empty
    /// if there is none.
    pub config: Bytes,
    /// Size and looks of pictures.
    pub picture: Option<Picture>,
    /// Channels and rate of sound; the rate is 0 where the entry's field
    /// cannot say it.
    pub audio: Option<Audio>,
}

/// How samples are coded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Coding {
    /// H.264, with lengths before its NAL units.
    Avc,
    /// H.265, with lengths before its NAL units.
    Hevc,
    /// MPEG-4 or MPEG-2 AAC.
    Aac,
    /// G.711 A-law.
    Alaw,
    /// G.711 mu-law.
    Ulaw,
    /// Anything else: it is left out.
    Other,
}

/// Size and looks of pictures.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Picture {
    /// Coded width in pixels.
    pub width: u16,
    /// Coded height in pixels.
    pub height: u16,
    /// Width and height of one pixel relative to each other (`pasp`).
    pub pixel_aspect_ratio: Option<(u32, u32)>,
    /// Colour signalling (`colr`).
    pub colour: Option<Colour>,
    /// Whether the colour box says the range (`nclx`); `nclc` does not.
    pub colour_has_range: bool,
}

impl Coding {
    /// Whether a sample of the table is one sample of every channel, of which
    /// a frame is any number.
    pub(super) fn is_companded(self) -> bool {
        matches!(self, Coding::Alaw | Coding::Ulaw)
    }

    fn of(kind: [u8; 4]) -> Coding {
        match &kind {
            b"avc1" | b"avc3" => Coding::Avc,
            b"hvc1" | b"hev1" => Coding::Hevc,
            b"mp4a" => Coding::Aac,
            b"alaw" => Coding::Alaw,
            b"ulaw" => Coding::Ulaw,
            _ => Coding::Other,
        }
    }
}

/// Reads the entries of an `stsd` box.
pub(super) fn read_all(
    mut stsd: Reader<'_>,
    data: &Bytes,
    limits: &Limits,
    remarks: &mut Vec<Remark>,
) -> Result<Vec<Entry>, Error> {
    let (version, _) = stsd.full_box(1)?;
    let count = stsd.u32("entry_count")?;
    let mut entries = Vec::new();
    while let Some((kind, body)) = stsd.child() {
        if entries.len() >= limits.max_sample_entries {
            let message =
                format!("{count} sample entries; samples of the last are left out (limit max_sample_entries)");
            remarks.push(Remark::new(&stsd, message));
            break;
        }
        entries.push(Entry::read(kind, body, version, data).unwrap_or_else(|error| {
            let message = format!("the sample entry {} cannot be read: {error}", kind.escape_ascii());
            remarks.push(Remark::new(&body, message));
            Entry { kind, coding: Coding::Other, config: Bytes::new(), picture: None, audio: None }
        }));
    }
    Ok(entries)
}

impl Entry {
    fn read(kind: [u8; 4], mut body: Reader<'_>, stsd_version: u8, data: &Bytes) -> Result<Entry, Error> {
        let mut entry = Entry { kind, coding: Coding::of(kind), config: Bytes::new(), picture: None, audio: None };
        match entry.coding {
            Coding::Other => {}
            Coding::Avc | Coding::Hevc => entry.read_picture(&mut body, data)?,
            Coding::Aac | Coding::Alaw | Coding::Ulaw => entry.read_sound(&mut body, stsd_version, data)?,
        }
        Ok(entry)
    }

    fn read_picture(&mut self, body: &mut Reader<'_>, data: &Bytes) -> Result<(), Error> {
        body.take(24, "reserved to pre_defined")?;
        let (width, height) = (body.u16("width")?, body.u16("height")?);
        body.take(50, "horizresolution to pre_defined")?;
        let mut picture = Picture { width, height, ..Picture::default() };
        let config = if self.coding == Coding::Avc { b"avcC" } else { b"hvcC" };
        while let Some((kind, mut child)) = body.child() {
            match &kind {
                kind if kind == config => self.config = slice(data, &child),
                b"pasp" => {
                    let (h_spacing, v_spacing) = (child.u32("hSpacing")?, child.u32("vSpacing")?);
                    picture.pixel_aspect_ratio = Some((h_spacing, v_spacing)).filter(|(h, v)| *h > 0 && *v > 0);
                }
                b"colr" => {
                    let colour_type = child.four("colour_type")?;
                    if matches!(&colour_type, b"nclx" | b"nclc") {
                        let mut point = |field| child.u16(field);
                        let (primaries, transfer) = (point("colour_primaries")?, point("transfer_characteristics")?);
                        let matrix = point("matrix_coefficients")?;
                        picture.colour_has_range = colour_type == *b"nclx";
                        let full_range = picture.colour_has_range && child.u8("full_range_flag")? & 0x80 != 0;
                        picture.colour = Some(Colour { primaries, transfer, matrix, full_range });
                    }
                }
                _ => {}
            }
        }
        self.picture = Some(picture);
        Ok(())
    }

    fn read_sound(&mut self, body: &mut Reader<'_>, stsd_version: u8, data: &Bytes) -> Result<(), Error> {
        body.take(8, "reserved and data_reference_index")?;
        let version = body.u16("version")?;
        body.take(6, "revision level and vendor")?;
        let channels = body.u16("channelcount")?;
        body.take(6, "samplesize to packet size")?;
        let mut audio = Audio { channels, sampling_frequency: body.u32("samplerate")? >> 16 };
        // In version 1 of the box the entry's own version means another thing (12.2.3.2).
        match if stsd_version == 0 { version } else { 0 } {
            1 => drop(body.take(16, "the fields of a version 1 description")?),
            2 => {
                body.take(4, "sizeOfStructOnly")?;
                audio.sampling_frequency = whole(f64::from_bits(body.u64("audioSampleRate")?));
                audio.channels = u16::try_from(body.u32("numAudioChannels")?).unwrap_or(u16::MAX);
                body.take(20, "always7F000000 to constLPCMFramesPerAudioPacket")?;
            }
            _ => {}
        }
        self.audio = Some(audio);
        if self.coding != Coding::Aac {
            return Ok(());
        }
        let mut esds = None;
        while let Some((kind, mut child)) = body.child() {
            match &kind {
                b"esds" => esds = Some(child),
                b"wave" => {
                    while let Some((kind, child)) = child.child() {
                        if kind == *b"esds" {
                            esds = Some(child);
                        }
                    }
                }
                _ => {}
            }
        }
        let Some(esds) = esds else { return Ok(()) };
        match read_esds(esds)? {
            // ISO/IEC 14496-3 audio, and the profiles of ISO/IEC 13818-7.
            (0x40 | 0x66..=0x68, config) => self.config = config.map_or_else(Bytes::new, |config| slice(data, &config)),
            _ => self.coding = Coding::Other,
        }
        Ok(())
    }
}

/// objectTypeIndication and DecoderSpecificInfo (ISO/IEC 14496-1, 7.2.6).
fn read_esds(mut esds: Reader<'_>) -> Result<(u8, Option<Reader<'_>>), Error> {
    esds.full_box(0)?;
    let mut es = descriptor(&mut esds, 3)?;
    es.take(2, "ES_ID")?;
    let flags = es.u8("streamDependenceFlag to streamPriority")?;
    if flags & 0x80 != 0 {
        es.take(2, "dependsOn_ES_ID")?;
    }
    if flags & 0x40 != 0 {
        let length = es.u8("URLlength")?;
        es.take(length.into(), "URLstring")?;
    }
    if flags & 0x20 != 0 {
        es.take(2, "OCR_ES_Id")?;
    }
    let mut decoder = descriptor(&mut es, 4)?;
    let object_type = decoder.u8("objectTypeIndication")?;
    decoder.take(12, "streamType to avgBitrate")?;
    Ok((object_type, descriptor(&mut decoder, 5).ok()))
}

/// The content of the descriptor that comes next, as far as it is there.
fn descriptor<'a>(reader: &mut Reader<'a>, tag: u8) -> Result<Reader<'a>, Error> {
    let found = reader.u8("tag")?;
    if found != tag {
        return Err(reader.error(format!("descriptor {found} where {tag} was expected")));
    }
    let mut size = 0;
    for _ in 0..4 {
        let group = reader.u8("sizeOfInstance")?;
        size = size << 7 | u64::from(group & 0x7f);
        if group & 0x80 == 0 {
            break;
        }
    }
    let left = u64::try_from(reader.rest().len()).unwrap_or(u64::MAX);
    reader.sub(size.min(left), "a descriptor")
}

/// What is left of a reader of the file, as a slice of it.
pub(super) fn slice(data: &Bytes, reader: &Reader<'_>) -> Bytes {
    let start = usize::try_from(reader.offset()).unwrap_or(usize::MAX).min(data.len());
    let end = start.saturating_add(reader.rest().len()).min(data.len());
    data.slice(start..end)
}

/// The whole number of hertz that a rate is.
fn whole(rate: f64) -> u32 {
    // There is no conversion that checks: bits are taken one by one, from the highest.
    let mut whole = 0_u32;
    for bit in (0..32).rev() {
        let with = whole | 1 << bit;
        if f64::from(with) <= rate {
            whole = with;
        }
    }
    whole
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_of_version_2_descriptions_are_whole_numbers() {
        assert_eq!([44_100.0, 96_000.9, 0.0, -1.0, f64::NAN, 1e300].map(whole), [44_100, 96_000, 0, 0, 0, u32::MAX]);
    }

    #[test]
    fn esds_with_every_optional_field_is_read_up_to_the_configuration() {
        let esds = [
            &[0, 0, 0, 0, 3, 0x80, 0x80, 0x22, 0, 1, 0xe0, 0, 2, 2, b'a', b'b', 0, 3][..],
            &[4, 0x11, 0x40, 0x15, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 5, 2, 0x12, 0x10, 6, 1, 2],
        ]
        .concat();
        let (object_type, config) = read_esds(Reader::new(&esds, 0, "esds")).unwrap();
        assert_eq!((object_type, config.unwrap().rest()), (0x40, &[0x12, 0x10][..]));
        for end in 0..esds.len() {
            // What is cut is an error or has less of a configuration, and nothing worse.
            if let Ok((_, Some(config))) = read_esds(Reader::new(&esds[..end], 0, "esds")) {
                assert!(config.rest().len() <= 2);
            }
        }
    }
}
