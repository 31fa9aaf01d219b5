//! The one sample entry read back, down to the descriptors of `esds`.

use crate::Error;
use crate::reader::Reader;

/// Checks the entry against the handler and gives its type.
pub(super) fn read(mut stsd: Reader<'_>, handler_type: [u8; 4]) -> Result<[u8; 4], Error> {
    stsd.full_box(0)?;
    let count = stsd.u32("entry_count")?;
    let Some((kind, mut entry)) = stsd.next_box()?.filter(|_| count == 1) else {
        return Err(stsd.error(format!("{count} entries; one was expected (8.5.2)")));
    };
    stsd.end()?;
    entry.take(6, "reserved")?;
    if entry.u16("data_reference_index")? != 1 {
        return Err(entry.error("data_reference_index is not 1 (8.5.2.3)"));
    }
    let (fields_bytes, config) = match (&handler_type, &kind) {
        (b"vide", b"avc1") => (70, Some(b"avcC")),
        (b"vide", b"hvc1") => (70, Some(b"hvcC")),
        (b"soun", b"mp4a") => (20, Some(b"esds")),
        (b"soun", b"alaw" | b"ulaw") => (20, None),
        _ => {
            return Err(entry.error(format!(
                "a sample entry {} in a {} track",
                kind.escape_ascii(),
                handler_type.escape_ascii()
            )));
        }
    };
    entry.take(fields_bytes, "the fields of the sample entry")?;
    let mut configs = 0;
    while let Some((child, body)) = entry.next_box()? {
        if Some(&child) == config {
            configs += 1;
        }
        match &child {
            b"esds" => check_esds(body)?,
            b"pasp" => check_length(body, 8)?,
            b"btrt" => check_length(body, 12)?,
            b"colr" => check_length(body, 11)?,
            _ => {}
        }
    }
    if configs != u32::from(config.is_some()) {
        return Err(entry.error(format!("{configs} decoder configurations")));
    }
    Ok(kind)
}

fn check_length(mut body: Reader<'_>, length: u64) -> Result<(), Error> {
    body.take(length, "fields")?;
    body.end()
}

fn check_esds(mut esds: Reader<'_>) -> Result<(), Error> {
    esds.full_box(0)?;
    let mut es = descriptor(&mut esds, 3)?;
    esds.end()?;
    es.take(3, "ES_ID and flags")?;
    let mut decoder = descriptor(&mut es, 4)?;
    let mut sl_config = descriptor(&mut es, 6)?;
    es.end()?;
    decoder.take(13, "objectTypeIndication to avgBitrate")?;
    descriptor(&mut decoder, 5)?;
    decoder.end()?;
    if sl_config.u8("predefined")? != 2 {
        return Err(sl_config.error("predefined is not 2 (14496-14, 3.1.2)"));
    }
    sl_config.end()
}

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
            return reader.sub(size, "a descriptor");
        }
    }
    Err(reader.error("sizeOfInstance has more than four groups (14496-1, 8.3.3)"))
}
