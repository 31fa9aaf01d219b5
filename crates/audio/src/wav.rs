//! The head of a WAV file.
//!
//! ```text
//! RIFF u32 size  WAVE                                  Multimedia Programming Interface and Data Specifications 1.0
//!   fmt   WAVEFORMATEX                                 (WAVEFORMATEXTENSIBLE for more than two channels or 16 bits)
//!   fact  u32 samples                                  for all that is not PCM
//!   data  the samples, and a byte more where that makes their number even
//!
//! RF64 ffffffff  WAVE                                  EBU Tech 3306: from 4 GiB on
//!   ds64  u64 RIFF size, u64 data size, u64 samples, u32 0
//!   fmt, fact, data ffffffff
//! ```

use crate::coding::{SampleCoding, SampleFormat};

/// All bytes before the samples, of which there are so many in each channel; and how many follow the samples.
pub(crate) fn head(format: SampleFormat, samples: u64) -> (Vec<u8>, u64) {
    let data_bytes = samples.saturating_mul(format.block_align());
    let padding = data_bytes % 2;
    let fmt = fmt(format);
    let fact = format.coding != SampleCoding::Integer;
    let chunks = |ds64: u64| {
        let fmt = u64::try_from(fmt.len()).unwrap_or(u64::MAX);
        4 + ds64 + 8 + fmt + if fact { 12 } else { 0 } + 8
    };
    let riff = chunks(0).saturating_add(data_bytes).saturating_add(padding);
    let mut head = Vec::new();
    let unless_large = |size: u64| u32::try_from(size).unwrap_or(u32::MAX).to_le_bytes();
    let large = u32::try_from(riff).is_err();
    if large {
        head.extend_from_slice(b"RF64\xff\xff\xff\xffWAVE");
        head.extend_from_slice(b"ds64");
        head.extend_from_slice(&28_u32.to_le_bytes());
        let riff = chunks(36).saturating_add(data_bytes).saturating_add(padding);
        for size in [riff, data_bytes, samples] {
            head.extend_from_slice(&size.to_le_bytes());
        }
        head.extend_from_slice(&0_u32.to_le_bytes());
    } else {
        head.extend_from_slice(b"RIFF");
        head.extend_from_slice(&unless_large(riff));
        head.extend_from_slice(b"WAVE");
    }
    head.extend_from_slice(b"fmt ");
    head.extend_from_slice(&unless_large(u64::try_from(fmt.len()).unwrap_or_default()));
    head.extend_from_slice(&fmt);
    if fact {
        head.extend_from_slice(b"fact");
        head.extend_from_slice(&4_u32.to_le_bytes());
        head.extend_from_slice(&unless_large(samples));
    }
    head.extend_from_slice(b"data");
    head.extend_from_slice(&if large { [0xff; 4] } else { unless_large(data_bytes) });
    (head, padding)
}

/// The format: 16 bytes of PCM, 18 of others, 40 where there is more to say.
fn fmt(format: SampleFormat) -> Vec<u8> {
    const EXTENSIBLE: u16 = 0xfffe;
    let tag: u16 = match format.coding {
        SampleCoding::Integer => 1,
        SampleCoding::Float => 3,
        SampleCoding::ALaw => 6,
        SampleCoding::MuLaw => 7,
    };
    let block_align = u16::try_from(format.block_align()).unwrap_or(u16::MAX);
    let extensible = format.channels > 2 || (format.coding == SampleCoding::Integer && format.bits > 16);
    let mut fmt = Vec::new();
    fmt.extend_from_slice(&if extensible { EXTENSIBLE } else { tag }.to_le_bytes());
    fmt.extend_from_slice(&format.channels.to_le_bytes());
    fmt.extend_from_slice(&format.sampling_frequency.to_le_bytes());
    fmt.extend_from_slice(&format.sampling_frequency.saturating_mul(block_align.into()).to_le_bytes());
    fmt.extend_from_slice(&block_align.to_le_bytes());
    fmt.extend_from_slice(&format.bits.to_le_bytes());
    if extensible {
        fmt.extend_from_slice(&22_u16.to_le_bytes()); // cbSize
        fmt.extend_from_slice(&format.bits.to_le_bytes()); // wValidBitsPerSample
        fmt.extend_from_slice(&0_u32.to_le_bytes()); // dwChannelMask: where each channel is heard is not known
        fmt.extend_from_slice(&tag.to_le_bytes()); // SubFormat
        fmt.extend_from_slice(&[0, 0, 0, 0, 0x10, 0, 0x80, 0, 0, 0xaa, 0, 0x38, 0x9b, 0x71]);
    } else if format.coding != SampleCoding::Integer {
        fmt.extend_from_slice(&0_u16.to_le_bytes()); // cbSize
    }
    fmt
}

#[cfg(test)]
mod tests {
    use super::*;

    fn word(head: &[u8], at: usize) -> u32 {
        u32::from_le_bytes(head[at..at + 4].try_into().unwrap())
    }

    #[test]
    fn pcm_has_the_head_that_every_reader_knows() {
        let format = SampleFormat { coding: SampleCoding::Integer, bits: 16, channels: 1, sampling_frequency: 8000 };
        let (head, padding) = head(format, 100);
        assert_eq!((head.len(), padding), (44, 0));
        assert_eq!((word(&head, 4), word(&head, 40)), (36 + 200, 200));
    }

    #[test]
    fn an_odd_number_of_bytes_is_followed_by_one_more() {
        let format = SampleFormat { coding: SampleCoding::ALaw, bits: 8, channels: 1, sampling_frequency: 8000 };
        let (head, padding) = head(format, 101);
        assert_eq!((head.len(), padding), (58, 1));
        assert_eq!((word(&head, 4), word(&head, 54), word(&head, 46)), (50 + 102, 101, 101));
    }

    #[test]
    fn what_is_too_long_for_riff_is_rf64() {
        let format = SampleFormat { coding: SampleCoding::Float, bits: 32, channels: 6, sampling_frequency: 48_000 };
        let samples = 1 << 30;
        let (head, padding) = head(format, samples);
        assert_eq!((&head[..4], word(&head, 4), padding), (&b"RF64"[..], u32::MAX, 0));
        let long = |at: usize| u64::from_le_bytes(head[at..at + 8].try_into().unwrap());
        assert_eq!((long(28), long(36)), (samples * 24, samples));
        assert_eq!(long(20), u64::try_from(head.len()).unwrap() - 8 + samples * 24);
        assert_eq!(word(&head, head.len() - 4), u32::MAX);
    }
}
