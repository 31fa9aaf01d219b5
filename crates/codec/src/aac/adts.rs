//! The ADTS header in front of each frame of a raw AAC stream (ISO/IEC 14496-3, Annex 1.A).
//!
//! ```text
//! adts_fixed_header      syncword(12) ID(1) layer(2) protection_absent(1) profile(2) sampling_frequency_index(4)
//!                        private_bit(1) channel_configuration(3) original_copy(1) home(1)
//! adts_variable_header   copyright bits(2) aac_frame_length(13) adts_buffer_fullness(11)
//!                        number_of_raw_data_blocks_in_frame(2)
//! error check            positions of further blocks, crc_check(16)     unless protection_absent
//! ```

use super::{AudioSpecificConfig, GaSpecificConfig, SamplingFrequency, SpecificConfig};
use crate::{
    bits::BitReader,
    error::{Error, ErrorKind},
};

/// The header of one ADTS frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Adts {
    /// `ID`: true for MPEG-2 AAC, false for MPEG-4.
    pub id: bool,
    /// `protection_absent`: whether there is no CRC.
    pub protection_absent: bool,
    /// `profile_ObjectType`, 0 to 3: the audio object type less one.
    pub profile: u8,
    /// `sampling_frequency_index` as a frequency.
    pub frequency: SamplingFrequency,
    /// `private_bit`.
    pub private_bit: bool,
    /// `channel_configuration`, 0 to 7; 0 says that the frame itself has a program config element.
    pub channel_configuration: u8,
    /// `aac_frame_length` in bytes, header included.
    pub aac_frame_length: u16,
    /// `adts_buffer_fullness`; 0x7ff is a variable rate.
    pub adts_buffer_fullness: u16,
    /// `number_of_raw_data_blocks_in_frame`, 0 to 3: the blocks less one.
    pub number_of_raw_data_blocks_in_frame: u8,
}

impl Adts {
    /// Reads the header at the start of `data`; the frame behind it need not be there.
    ///
    /// # Errors
    /// [`ErrorKind::Invalid`] without the syncword, for a layer other than 0, a reserved frequency, or a frame shorter
    /// than its header; [`ErrorKind::Truncated`] for fewer than 7 bytes.
    pub fn read(data: &[u8]) -> Result<Self, Error> {
        let r = &mut BitReader::plain(data, STRUCTURE, SECTION);
        let syncword = r.u16(12, "syncword")?;
        if syncword != 0xfff {
            return Err(r.invalid_at(0, "syncword", format!("is {syncword:#05x}, it has to be 0xfff")));
        }
        let id = r.flag("ID")?;
        let layer = r.u8(2, "layer")?;
        if layer != 0 {
            return Err(r.invalid_at(1, "layer", format!("is {layer}, it has to be 0")));
        }
        let protection_absent = r.flag("protection_absent")?;
        let profile = r.u8(2, "profile_ObjectType")?;
        let index = r.u8(4, "sampling_frequency_index")?;
        let frequency = SamplingFrequency::from_index(index)
            .ok_or_else(|| r.invalid_at(2, "sampling_frequency_index", format!("is {index}, which is reserved")))?;
        let private_bit = r.flag("private_bit")?;
        let channel_configuration = r.u8(3, "channel_configuration")?;
        r.u8(4, "original_copy")?;
        let aac_frame_length = r.u16(13, "aac_frame_length")?;
        let adts_buffer_fullness = r.u16(11, "adts_buffer_fullness")?;
        let number_of_raw_data_blocks_in_frame = r.u8(2, "number_of_raw_data_blocks_in_frame")?;
        let adts = Self {
            id,
            protection_absent,
            profile,
            frequency,
            private_bit,
            channel_configuration,
            aac_frame_length,
            adts_buffer_fullness,
            number_of_raw_data_blocks_in_frame,
        };
        if adts.frame_bytes() < adts.header_bytes() {
            let rule = format!("is {aac_frame_length}, the header alone has {} bytes", adts.header_bytes());
            return Err(r.invalid_at(3, "aac_frame_length", rule));
        }
        Ok(adts)
    }

    /// Bytes before the first raw data block: 7, and with protection the CRC and the positions of further blocks.
    ///
    /// With protection, further blocks are each followed by a CRC of their own.
    pub fn header_bytes(&self) -> usize {
        let check = 2 + 2 * usize::from(self.number_of_raw_data_blocks_in_frame);
        7 + if self.protection_absent { 0 } else { check }
    }

    /// Bytes of the frame, header included; at least [`Self::header_bytes`].
    pub fn frame_bytes(&self) -> usize {
        usize::from(self.aac_frame_length)
    }

    /// Samples of the core coder in the frame and one channel: 1024 for each raw data block.
    pub fn samples_per_frame(&self) -> u32 {
        1024 * (u32::from(self.number_of_raw_data_blocks_in_frame) + 1)
    }

    /// The configuration that a container needs once the headers are taken off.
    ///
    /// # Errors
    /// [`ErrorKind::Unsupported`] when `channel_configuration` is 0, since the channels stand in the frame then.
    pub fn audio_specific_config(&self) -> Result<AudioSpecificConfig, Error> {
        if self.channel_configuration == 0 {
            let rule = "is 0, the channels are described inside the frame";
            return Err(Error::new(ErrorKind::Unsupported, STRUCTURE, 2, "channel_configuration", rule, SECTION));
        }
        Ok(AudioSpecificConfig {
            audio_object_type: self.profile + 1,
            frequency: self.frequency,
            channel_configuration: self.channel_configuration,
            extension: None,
            specific: SpecificConfig::Ga(GaSpecificConfig::default()),
            ep_config: None,
            trailing: bytes::Bytes::new(),
        })
    }
}

const STRUCTURE: &str = "ADTS header";
const SECTION: &str = "ISO/IEC 14496-3, Annex 1.A";

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::testdata::hex;

    #[test]
    fn header_of_ffmpeg_at_44100_mono() {
        let adts = Adts::read(&hex("fff15040213ffcde0200")).unwrap();
        assert_eq!((adts.id, adts.protection_absent, adts.profile), (false, true, 1));
        assert_eq!((adts.frequency.hz(), adts.channel_configuration), (44_100, 1));
        assert_eq!((adts.header_bytes(), adts.frame_bytes()), (7, 265));
        assert_eq!(adts.adts_buffer_fullness, 0x7ff);
        assert_eq!(adts.samples_per_frame(), 1024);
        assert_eq!(adts.audio_specific_config().unwrap().write().unwrap(), hex("1208"));
    }

    #[test]
    fn protection_makes_the_header_longer() {
        assert_eq!(Adts::read(&hex("fff05040213ffc")).unwrap().header_bytes(), 9);
        let two_blocks = Adts::read(&hex("fff05040213ffd")).unwrap();
        assert_eq!((two_blocks.header_bytes(), two_blocks.samples_per_frame()), (11, 2048));
    }

    #[test]
    fn what_is_no_header_says_why() {
        let error = |text: &str| Adts::read(&hex(text)).unwrap_err();
        assert_eq!(
            error("11904040213ffc").to_string(),
            "ADTS header byte 0: syncword is 0x119, it has to be 0xfff (ISO/IEC 14496-3, Annex 1.A)"
        );
        assert_eq!(error("fff35040213ffc").field(), "layer");
        assert_eq!(error("fff17440213ffc").field(), "sampling_frequency_index");
        assert_eq!(error("fff15040001ffc").field(), "aac_frame_length");
        assert_eq!(error("fff15040").kind(), ErrorKind::Truncated);
        let inside = Adts::read(&hex("fff15000213ffc")).unwrap();
        assert_eq!(inside.audio_specific_config().unwrap_err().kind(), ErrorKind::Unsupported);
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_without_panic(mut data: Vec<u8>, sync: bool) {
            if let (true, [first, second, ..]) = (sync, &mut data[..]) {
                *first = 0xff;
                *second |= 0xf0;
            }
            if let Ok(adts) = Adts::read(&data) {
                prop_assert!(adts.frame_bytes() >= adts.header_bytes());
                let _ = adts.audio_specific_config();
            }
        }
    }
}
