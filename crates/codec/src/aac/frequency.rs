//! Sampling frequencies (ISO/IEC 14496-3, 1.6.3.4): an index into a table of 13, or 15 and 24 bits of hertz.

use crate::{
    bits::{BitReader, BitWriter},
    error::Error,
};

/// A sampling frequency in hertz, coded as an index into a table or, escaped, as it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct SamplingFrequency {
    /// Never 0 and below 2^24.
    hz: u32,
    escaped: bool,
}

impl SamplingFrequency {
    /// From hertz; coded as an index where the table has the value. `None` for 0 and from 2^24 on.
    pub fn from_hz(hz: u32) -> Option<Self> {
        let in_range = (1..1 << 24).contains(&hz);
        in_range.then(|| Self { hz, escaped: !FREQUENCIES.contains(&hz) })
    }

    /// From an index into the table; `None` for 13, 14, and the escape 15.
    pub fn from_index(index: u8) -> Option<Self> {
        let hz = *FREQUENCIES.get(usize::from(index))?;
        Some(Self { hz, escaped: false })
    }

    /// In hertz, never 0.
    pub fn hz(self) -> u32 {
        self.hz
    }

    /// The index, 0 to 12, or 15 when the frequency is written out.
    pub fn index(self) -> u8 {
        if self.escaped { FREQUENCY_ESCAPE } else { self.table_index().unwrap_or(FREQUENCY_ESCAPE) }
    }

    /// The index that the table has for the frequency, whichever way it is coded.
    pub(super) fn table_index(self) -> Option<u8> {
        FREQUENCIES.iter().zip(0_u8..).find(|(hz, _)| **hz == self.hz).map(|(_, index)| index)
    }

    pub(super) fn read(r: &mut BitReader<'_>) -> Result<Self, Error> {
        let start = r.offset();
        let index = r.u8(4, "samplingFrequencyIndex")?;
        if index == FREQUENCY_ESCAPE {
            let hz = r.u(24, "samplingFrequency")?;
            if hz == 0 {
                return Err(r.invalid_at(start, "samplingFrequency", "is 0"));
            }
            return Ok(Self { hz, escaped: true });
        }
        Self::from_index(index)
            .ok_or_else(|| r.invalid_at(start, "samplingFrequencyIndex", format!("is {index}, which is reserved")))
    }

    pub(super) fn put(self, w: &mut BitWriter) {
        w.put(4, self.index());
        if self.index() == FREQUENCY_ESCAPE {
            w.put(24, self.hz);
        }
    }
}

/// The largest frequency of the table.
pub(super) const MAX_FREQUENCY: u32 = 96_000;
const FREQUENCY_ESCAPE: u8 = 15;
const FREQUENCIES: [u32; 13] =
    [MAX_FREQUENCY, 88_200, 64_000, 48_000, 44_100, 32_000, 24_000, 22_050, 16_000, 12_000, 11_025, 8_000, 7_350];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_index_of_the_table_comes_back() {
        for index in 0..13 {
            let frequency = SamplingFrequency::from_index(index).unwrap();
            assert_eq!(frequency.index(), index);
            assert_eq!(SamplingFrequency::from_hz(frequency.hz()), Some(frequency));
        }
        assert_eq!([13, 14, 15].map(SamplingFrequency::from_index), [None; 3]);
    }

    #[test]
    fn what_the_table_lacks_is_escaped() {
        let frequency = SamplingFrequency::from_hz(22_000).unwrap();
        assert_eq!((frequency.index(), frequency.table_index()), (15, None));
        assert_eq!([0, 1 << 24].map(SamplingFrequency::from_hz), [None; 2]);
    }
}
