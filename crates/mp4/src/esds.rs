//! The `esds` box of MPEG-4 audio and its descriptors (ISO/IEC 14496-14:2003,
//! 5.6, and ISO/IEC 14496-1:2004).
//!
//! ```text
//! ES_Descriptor             tag 3   7.2.6.5
//! +- DecoderConfigDescriptor  tag 4   7.2.6.6
//! |  +- DecoderSpecificInfo     tag 5   7.2.6.7, the AudioSpecificConfig
//! +- SLConfigDescriptor       tag 6   7.2.6.8
//! ```

use crate::box_writer::BoxWriter;
use crate::{Error, SampleTable};

pub(crate) fn write(w: &mut BoxWriter, config: &[u8], samples: &SampleTable) -> Result<(), Error> {
    let specific_bytes = descriptor_bytes(config.len())?;
    let decoder_bytes = descriptor_bytes(13 + specific_bytes)?;
    let sl_config_bytes = descriptor_bytes(1)?;
    w.full_box(b"esds", 0, [0, 0, 0], |w| {
        open(w, ES_DESCR_TAG, 3 + decoder_bytes + sl_config_bytes)?;
        w.u16(0); // ES_ID: zero in a file, the track_ID stands for it (14496-14, 3.1.2)
        w.u8(0); // streamDependenceFlag, URL_Flag, OCRstreamFlag, streamPriority

        open(w, DECODER_CONFIG_DESCR_TAG, 13 + specific_bytes)?;
        w.u8(0x40); // objectTypeIndication: audio ISO/IEC 14496-3
        w.u8(5 << 2 | 1); // streamType audio, upStream 0, reserved 1
        let buffer_size = samples.max_sample_size().min(0x00ff_ffff);
        let [_, buffer_size @ ..] = buffer_size.to_be_bytes();
        w.put(&buffer_size); // bufferSizeDB, 24 bits
        w.u32(samples.max_bitrate_bits_per_s()); // maxBitrate
        w.u32(samples.average_bitrate_bits_per_s()); // avgBitrate

        open(w, DEC_SPECIFIC_INFO_TAG, config.len())?;
        w.put(config);

        open(w, SL_CONFIG_DESCR_TAG, 1)?;
        w.u8(2); // predefined: for use in MP4 files
        Ok(())
    })
}

fn open(w: &mut BoxWriter, tag: u8, size: usize) -> Result<(), Error> {
    let size = expandable_size(size)?;
    w.u8(tag);
    for (n, group) in size.groups.iter().enumerate().skip(4 - size.length) {
        let more = if n < 3 { 0x80 } else { 0 };
        w.u8(group | more);
    }
    Ok(())
}

/// The length of a descriptor with this many bytes of content.
fn descriptor_bytes(content: usize) -> Result<usize, Error> {
    Ok(1 + expandable_size(content)?.length + content)
}

struct ExpandableSize {
    groups: [u8; 4],
    length: usize,
}

/// `sizeOfInstance` (14496-1, 8.3.3): one to four groups of seven bits, the
/// most significant first.
fn expandable_size(size: usize) -> Result<ExpandableSize, Error> {
    let size = u32::try_from(size)
        .ok()
        .filter(|size| *size < 1 << 28)
        .ok_or_else(|| Error::too_large("a descriptor of 256 MiB: sizeOfInstance has 28 bits (14496-1, 8.3.3)"))?;
    let [high, third, second, low] = [size >> 21, size >> 14, size >> 7, size];
    let group = |bits: u32| bits.to_be_bytes()[3] & 0x7f;
    let length = match size {
        0..0x80 => 1,
        0x80..0x4000 => 2,
        0x4000..0x20_0000 => 3,
        _ => 4,
    };
    Ok(ExpandableSize { groups: [group(high), group(third), group(second), group(low)], length })
}

const ES_DESCR_TAG: u8 = 3;
const DECODER_CONFIG_DESCR_TAG: u8 = 4;
const DEC_SPECIFIC_INFO_TAG: u8 = 5;
const SL_CONFIG_DESCR_TAG: u8 = 6;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Sample;

    #[test]
    fn a_short_config_has_descriptor_sizes_of_one_byte() {
        let mut samples = SampleTable::new(48_000);
        let sample = Sample { offset: 0, size: 256, duration: 24_000, composition_offset: 0, sync: true };
        samples.push_run(4, sample).unwrap();
        let mut w = BoxWriter::default();
        write(&mut w, &[0x11, 0x90], &samples).unwrap();
        let expected = [
            0, 0, 0, 39, b'e', b's', b'd', b's', 0, 0, 0, 0, // box, version, flags
            3, 25, 0, 0, 0, // ES_Descriptor
            4, 17, 0x40, 0x15, 0, 1, 0, 0, 0, 0x10, 0, 0, 0, 0x10, 0, // decoder
            5, 2, 0x11, 0x90, // AudioSpecificConfig
            6, 1, 2, // SLConfigDescriptor
        ];
        assert_eq!(w.finish().0, expected);
    }

    #[test]
    fn sizes_grow_by_groups_of_seven_bits() {
        for (size, bytes) in [
            (0, vec![5, 0]),
            (127, vec![5, 0x7f]),
            (128, vec![5, 0x81, 0]),
            (0x4000, vec![5, 0x81, 0x80, 0]),
            (0x0fff_ffff, vec![5, 0xff, 0xff, 0xff, 0x7f]),
        ] {
            let mut w = BoxWriter::default();
            open(&mut w, 5, size).unwrap();
            assert_eq!(w.finish().0, bytes);
        }
        assert!(open(&mut BoxWriter::default(), 5, 1 << 28).is_err());
    }
}
