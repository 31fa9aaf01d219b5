//! The smallest Matroska and WAV files around private data, and frames of silence for it.

use fragkit_codec::aac::{AudioSpecificConfig, ProgramConfigElement, SpecificConfig};

/// One audio track with what the container states of it, and frames 20 ms apart.
pub(crate) fn file(codec_id: &str, private: &[u8], rate: f64, channels: u8, frames: &[Vec<u8>]) -> Vec<u8> {
    let header = [
        element(&[0x42, 0x86], &[1]),
        element(&[0x42, 0xf7], &[1]),
        element(&[0x42, 0xf2], &[4]),
        element(&[0x42, 0xf3], &[8]),
        element(&[0x42, 0x82], b"matroska"),
        element(&[0x42, 0x87], &[4]),
        element(&[0x42, 0x85], &[2]),
    ];
    let audio = [element(&[0xb5], &rate.to_be_bytes()), element(&[0x9f], &[channels])].concat();
    let track = [
        element(&[0xd7], &[1]),
        element(&[0x73, 0xc5], &[1]),
        element(&[0x83], &[2]),
        element(&[0x86], codec_id.as_bytes()),
        element(&[0x63, 0xa2], private),
        element(&[0xe1], &audio),
    ];
    let info = element(&[0x2a, 0xd7, 0xb1], &1_000_000_u32.to_be_bytes());
    let mut cluster = element(&[0xe7], &[0]);
    for (frame, time) in frames.iter().zip((0_u16..).step_by(20)) {
        let [high, low] = time.to_be_bytes();
        cluster.extend(element(&[0xa3], &[&[0x81, high, low, 0x80][..], frame].concat()));
    }
    let segment = [
        element(&[0x15, 0x49, 0xa9, 0x66], &info),
        element(&[0x16, 0x54, 0xae, 0x6b], &element(&[0xae], &track.concat())),
        element(&[0x1f, 0x43, 0xb6, 0x75], &cluster),
    ];
    [element(&[0x1a, 0x45, 0xdf, 0xa3], &header.concat()), element(&[0x18, 0x53, 0x80, 0x67], &segment.concat())]
        .concat()
}

/// A WAV file around a WAVEFORMATEX.
pub(crate) fn wav(format: &[u8], samples: &[u8]) -> Vec<u8> {
    let chunk =
        |id: &[u8], payload: &[u8]| [id, &u32::try_from(payload.len()).unwrap().to_le_bytes(), payload].concat();
    let chunks = [b"WAVE".to_vec(), chunk(b"fmt ", format), chunk(b"data", samples)].concat();
    chunk(b"RIFF", &chunks)
}

fn element(id: &[u8], payload: &[u8]) -> Vec<u8> {
    let size = u32::try_from(payload.len()).unwrap() | 0x1000_0000;
    [id, &size.to_be_bytes(), payload].concat()
}

/// A raw data block that is silent in all channels of the configuration; `None` where the elements are not known here.
pub(crate) fn silence(config: &AudioSpecificConfig) -> Option<Vec<u8>> {
    const SINGLE: u32 = 0;
    const PAIR: u32 = 1;
    const LOW: u32 = 3;
    let SpecificConfig::Ga(ga) = &config.specific else { return None };
    if config.audio_object_type > 4 {
        return None;
    }
    let elements: &[u32] = match config.channel_configuration {
        0 => &described(ga.program_config_element.as_deref()?),
        1 => &[SINGLE],
        2 => &[PAIR],
        3 => &[SINGLE, PAIR],
        4 => &[SINGLE, PAIR, SINGLE],
        5 => &[SINGLE, PAIR, PAIR],
        6 => &[SINGLE, PAIR, PAIR, LOW],
        7 | 12 => &[SINGLE, PAIR, PAIR, PAIR, LOW],
        _ => return None,
    };
    let mut bits = Bits::default();
    let mut tags = [0; 4];
    for element in elements {
        let tag = &mut tags[usize::try_from(*element).unwrap()];
        bits.put(3, *element);
        bits.put(4, *tag);
        *tag += 1;
        if *element == PAIR {
            bits.put(1, 0); // common_window
            bits.silent_channel();
        }
        bits.silent_channel();
    }
    bits.put(3, 7); // ID_END
    Some(bits.finish())
}

fn described(element: &ProgramConfigElement) -> Vec<u32> {
    let places = element.front.iter().chain(&element.side).chain(&element.back);
    places.map(|element| u32::from(element.flag)).chain(element.lfe.iter().map(|_| 3)).collect()
}

#[derive(Default)]
struct Bits {
    bytes: Vec<u8>,
    held: u32,
}

impl Bits {
    fn put(&mut self, count: u32, value: u32) {
        for bit in (0..count).rev() {
            if self.held == 0 {
                self.bytes.push(0);
            }
            let one = u8::from(value >> bit & 1 == 1) << (7 - self.held);
            *self.bytes.last_mut().unwrap() |= one;
            self.held = (self.held + 1) % 8;
        }
    }

    /// individual_channel_stream without any band.
    fn silent_channel(&mut self) {
        self.put(8, 140); // global_gain
        self.put(1, 0); // ics_reserved_bit
        self.put(2, 0); // window_sequence
        self.put(1, 0); // window_shape
        self.put(6, 0); // max_sfb
        self.put(1, 0); // predictor_data_present
        self.put(1, 0); // pulse_data_present
        self.put(1, 0); // tns_data_present
        self.put(1, 0); // gain_control_data_present
    }

    fn finish(self) -> Vec<u8> {
        self.bytes
    }
}
