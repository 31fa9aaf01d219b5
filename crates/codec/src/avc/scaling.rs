//! Scaling lists of H.264 (ITU-T H.264, 7.3.2.1.1.1): what transform coefficients are multiplied by.

use crate::{bits::BitReader, error::Error};

/// One list of a scaling matrix.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ScalingList {
    /// Not in the stream: the fall-back rule of Table 7-2 says which list stands in.
    FallBack,
    /// The default list of the standard (`UseDefaultScalingMatrixFlag`).
    Default,
    /// 16 or 64 values in zig-zag or field scan order.
    Explicit(Vec<u8>),
}

impl ScalingList {
    /// So many lists, the first six of them 4x4 and the others 8x8.
    pub(super) fn read_all(r: &mut BitReader<'_>, count: u8, present: &'static str) -> Result<Vec<Self>, Error> {
        let mut lists = Vec::new();
        for index in 0..count {
            lists.push(if r.flag(present)? { Self::read(r, if index < 6 { 16 } else { 64 })? } else { Self::FallBack });
        }
        Ok(lists)
    }

    /// `scaling_list()`: differences until the next scale would be 0, which repeats the last one.
    fn read(r: &mut BitReader<'_>, size: usize) -> Result<Self, Error> {
        let mut last: u8 = 8;
        let mut values: Vec<u8> = Vec::new();
        while values.len() < size {
            let delta = r.se_in("delta_scale", -128..=127)?;
            let [next, ..] = (i32::from(last) + delta).rem_euclid(256).to_le_bytes();
            if next == 0 {
                if values.is_empty() {
                    return Ok(Self::Default);
                }
                values.resize(size, last);
                break;
            }
            values.push(next);
            last = next;
        }
        Ok(Self::Explicit(values))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bits::BitWriter;

    #[test]
    fn lists_are_default_repeated_or_left_out() {
        let mut w = BitWriter::default();
        // Not there; there, and its first scale is 8 - 8; there, 8 + 1, then 9 - 9, which repeats.
        for (bits, value) in [(1, 0_u32), (1, 1), (9, 0b0_0001_0001), (1, 1), (3, 0b010), (9, 0b0_0001_0011), (8, 0x5a)]
        {
            w.put(bits, value);
        }
        let data = w.finish();
        let r = &mut BitReader::plain(&data, "test", "");
        let lists = ScalingList::read_all(r, 3, "present").unwrap();
        assert_eq!(lists, [ScalingList::FallBack, ScalingList::Default, ScalingList::Explicit(vec![9; 16])]);
        assert_eq!(r.u8(8, "next").unwrap(), 0x5a);
    }
}
