//! A WAVEFORMATEX field by field, in words.

use super::{WaveFormat, tag::format_tag_name};
use crate::field::FieldList;

impl WaveFormat {
    /// Adds every field, in the order of the bytes.
    pub(crate) fn fields(&self, list: &mut FieldList) {
        let name = match self.turned_around() {
            Some(turned) => format!("{}, big-endian", format_tag_name(turned.format_tag).unwrap_or("not known")),
            None => format_tag_name(self.format_tag).unwrap_or("not known").to_owned(),
        };
        list.add_named("wFormatTag", format_args!("{:#06x}", self.format_tag), &name);
        let layout = match self.channels {
            1 => "mono",
            2 => "stereo",
            _ => "more than stereo",
        };
        list.add_named("nChannels", self.channels, layout);
        list.add_named("nSamplesPerSec", self.samples_per_sec, "Hz");
        list.add("nAvgBytesPerSec", self.avg_bytes_per_sec);
        list.add("nBlockAlign", self.block_align);
        list.add("wBitsPerSample", self.bits_per_sample);
        match &self.extra {
            None => list.add("cbSize", "absent"),
            Some(extra) => list.add("cbSize", extra.len()),
        }
        if let Some(inside) = self.sub_format() {
            let name = format_tag_name(inside).unwrap_or("not known");
            list.add_named("SubFormat", format_args!("{inside:#06x}"), name);
        } else if let Some(extra) = self.extra.as_ref().filter(|extra| !extra.is_empty()) {
            list.add("extra format information", in_hex(extra));
        }
        if !self.trailing.is_empty() {
            list.add("bytes after the last field", in_hex(&self.trailing));
        }
    }
}

fn in_hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testdata::hex;

    fn lines(text: &str) -> Vec<String> {
        let mut list = FieldList::default();
        WaveFormat::read(&hex(text)).unwrap().fields(&mut list);
        list.into_fields().iter().map(|field| format!("{}: {}", field.name, field.value)).collect()
    }

    #[test]
    fn the_c_producers_fields_are_shown_as_they_are() {
        assert_eq!(
            lines("06000100401f0000e8030000010000000000"),
            [
                "wFormatTag: 0x0006 (G.711 A-law)",
                "nChannels: 1 (mono)",
                "nSamplesPerSec: 8000 (Hz)",
                "nAvgBytesPerSec: 1000",
                "nBlockAlign: 1",
                "wBitsPerSample: 0",
                "cbSize: 0",
            ]
        );
    }

    #[test]
    fn what_follows_the_fields_is_shown() {
        assert_eq!(lines("11000200401f0000803e0000000404000200f903")[7], "extra format information: f903");
        assert_eq!(lines("06000100401f0000401f000001000800")[6], "cbSize: absent");
        assert_eq!(lines("06000100401f0000401f00000100080000000102")[7], "bytes after the last field: 0102");
        let extensible = "feff0100401f0000401f00000100080016000800040000000700000000001000800000aa00389b71";
        assert_eq!(lines(extensible)[7], "SubFormat: 0x0007 (G.711 mu-law)");
        assert_eq!(lines("0006000100001f4000001f40000100080000")[0], "wFormatTag: 0x0600 (G.711 A-law, big-endian)");
    }
}
