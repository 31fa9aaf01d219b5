//! `program_config_element()` (ISO/IEC 14496-3, 4.4.1.1): channels that no `channelConfiguration` describes.

use bytes::Bytes;

use crate::{
    bits::{BitReader, BitWriter},
    error::{Error, ErrorKind},
};

/// Which syntactic elements carry which channels.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ProgramConfigElement {
    /// `element_instance_tag`, 0 to 15.
    pub element_instance_tag: u8,
    /// `object_type`, 0 to 3: the audio object type less one.
    pub object_type: u8,
    /// `sampling_frequency_index`, 0 to 15; the configuration around it counts.
    pub sampling_frequency_index: u8,
    /// Front elements, up to 15.
    pub front: Vec<SyntacticElement>,
    /// Side elements, up to 15.
    pub side: Vec<SyntacticElement>,
    /// Back elements, up to 15.
    pub back: Vec<SyntacticElement>,
    /// Tags of low frequency elements, up to 3.
    pub lfe: Vec<u8>,
    /// Tags of data elements, up to 7.
    pub assoc_data: Vec<u8>,
    /// Coupling elements, up to 15; the flag is `cc_element_is_ind_sw`.
    pub coupling: Vec<SyntacticElement>,
    /// `mono_mixdown_element_number`, 0 to 15.
    pub mono_mixdown: Option<u8>,
    /// `stereo_mixdown_element_number`, 0 to 15.
    pub stereo_mixdown: Option<u8>,
    /// `matrix_mixdown_idx` (2 bits) and `pseudo_surround_enable` in the lowest bit.
    pub matrix_mixdown: Option<u8>,
    /// `comment_field_data`, up to 255 bytes.
    pub comment: Bytes,
}

/// One element: a tag of 0 to 15, and the flag before it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct SyntacticElement {
    /// For channels: whether the element is a channel pair. For coupling: whether it is switched independently.
    pub flag: bool,
    /// The `tag_select`.
    pub tag: u8,
}

impl ProgramConfigElement {
    /// Channels of the front, side, back and low frequency elements.
    pub fn channels(&self) -> u8 {
        let pairs = self.front.iter().chain(&self.side).chain(&self.back).map(|element| 1 + u8::from(element.flag));
        pairs.chain(self.lfe.iter().map(|_| 1)).fold(0, u8::saturating_add)
    }

    pub(crate) fn read(r: &mut BitReader<'_>) -> Result<Self, Error> {
        let element_instance_tag = r.u8(4, "element_instance_tag")?;
        let object_type = r.u8(2, "object_type")?;
        let sampling_frequency_index = r.u8(4, "sampling_frequency_index")?;
        let front = r.u8(4, "num_front_channel_elements")?;
        let side = r.u8(4, "num_side_channel_elements")?;
        let back = r.u8(4, "num_back_channel_elements")?;
        let lfe = r.u8(2, "num_lfe_channel_elements")?;
        let assoc_data = r.u8(3, "num_assoc_data_elements")?;
        let coupling = r.u8(4, "num_valid_cc_elements")?;
        Ok(Self {
            element_instance_tag,
            object_type,
            sampling_frequency_index,
            mono_mixdown: optional(r, "mono_mixdown_present", "mono_mixdown_element_number", 4)?,
            stereo_mixdown: optional(r, "stereo_mixdown_present", "stereo_mixdown_element_number", 4)?,
            matrix_mixdown: optional(r, "matrix_mixdown_idx_present", "matrix_mixdown_idx", 3)?,
            front: elements(r, front, "front_element_tag_select")?,
            side: elements(r, side, "side_element_tag_select")?,
            back: elements(r, back, "back_element_tag_select")?,
            lfe: tags(r, lfe, "lfe_element_tag_select")?,
            assoc_data: tags(r, assoc_data, "assoc_data_element_tag_select")?,
            coupling: elements(r, coupling, "valid_cc_element_tag_select")?,
            comment: {
                r.byte_align();
                let length = r.u8(8, "comment_field_bytes")?;
                (0..length).map(|_| r.u8(8, "comment_field_data")).collect::<Result<Bytes, Error>>()?
            },
        })
    }

    pub(crate) fn put(&self, w: &mut BitWriter) -> Result<(), Error> {
        w.put(4, self.element_instance_tag);
        w.put(2, self.object_type);
        w.put(4, self.sampling_frequency_index);
        w.put(4, count(self.front.len(), 15, "num_front_channel_elements")?);
        w.put(4, count(self.side.len(), 15, "num_side_channel_elements")?);
        w.put(4, count(self.back.len(), 15, "num_back_channel_elements")?);
        w.put(2, count(self.lfe.len(), 3, "num_lfe_channel_elements")?);
        w.put(3, count(self.assoc_data.len(), 7, "num_assoc_data_elements")?);
        w.put(4, count(self.coupling.len(), 15, "num_valid_cc_elements")?);
        for (bits, value) in [(4, self.mono_mixdown), (4, self.stereo_mixdown), (3, self.matrix_mixdown)] {
            w.put(1, value.is_some());
            if let Some(value) = value {
                w.put(bits, value);
            }
        }
        let put_elements = |w: &mut BitWriter, elements: &[SyntacticElement]| {
            for element in elements {
                w.put(1, element.flag);
                w.put(4, element.tag);
            }
        };
        put_elements(w, &self.front);
        put_elements(w, &self.side);
        put_elements(w, &self.back);
        for &tag in self.lfe.iter().chain(&self.assoc_data) {
            w.put(4, tag);
        }
        put_elements(w, &self.coupling);
        w.byte_align();
        w.put(8, count(self.comment.len(), 255, "comment_field_bytes")?);
        for &byte in &self.comment {
            w.put(8, byte);
        }
        Ok(())
    }
}

fn optional(r: &mut BitReader<'_>, flag: &'static str, field: &'static str, bits: u8) -> Result<Option<u8>, Error> {
    Ok(if r.flag(flag)? { Some(r.u8(bits, field)?) } else { None })
}

fn elements(r: &mut BitReader<'_>, count: u8, field: &'static str) -> Result<Vec<SyntacticElement>, Error> {
    (0..count).map(|_| Ok(SyntacticElement { flag: r.flag(field)?, tag: r.u8(4, field)? })).collect()
}

fn tags(r: &mut BitReader<'_>, count: u8, field: &'static str) -> Result<Vec<u8>, Error> {
    (0..count).map(|_| r.u8(4, field)).collect()
}

fn count(found: usize, max: u8, field: &'static str) -> Result<u8, Error> {
    u8::try_from(found).ok().filter(|found| *found <= max).ok_or_else(|| {
        let rule = format!("would be {found}, {max} is the most");
        Error::new(ErrorKind::Invalid, "program_config_element", None, field, rule, "ISO/IEC 14496-3, 4.4.1.1")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_part_comes_back_and_channels_are_counted() {
        let element = |flag, tag| SyntacticElement { flag, tag };
        let pce = ProgramConfigElement {
            element_instance_tag: 1,
            object_type: 1,
            sampling_frequency_index: 3,
            front: vec![element(false, 0), element(true, 1)],
            side: vec![element(true, 2)],
            back: vec![element(true, 3), element(false, 4)],
            lfe: vec![5],
            assoc_data: vec![6, 7],
            coupling: vec![element(true, 8)],
            mono_mixdown: Some(9),
            stereo_mixdown: Some(10),
            matrix_mixdown: Some(0b101),
            comment: Bytes::from_static(b"maker"),
        };
        assert_eq!(pce.channels(), 9);
        let mut w = BitWriter::default();
        pce.put(&mut w).unwrap();
        let data = w.finish();
        assert_eq!(ProgramConfigElement::read(&mut BitReader::plain(&data, "test", "")).unwrap(), pce);
    }

    #[test]
    fn more_elements_than_can_be_said_are_refused() {
        let pce = ProgramConfigElement { lfe: vec![0; 4], ..Default::default() };
        let error = pce.put(&mut BitWriter::default()).unwrap_err();
        assert_eq!(error.field(), "num_lfe_channel_elements");
    }
}
