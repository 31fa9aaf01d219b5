//! `scaling_list_data()` (ITU-T H.265, 7.3.4): what transform coefficients are multiplied by.

use crate::{bits::BitReader, error::Error};

/// One list, as it is coded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScalingList {
    /// `sizeId`: 0 for 4x4, 1 for 8x8, 2 for 16x16, 3 for 32x32.
    pub size_id: u8,
    /// `matrixId`: 0 to 5, and 0 or 3 for 32x32.
    pub matrix_id: u8,
    /// Where its values come from.
    pub values: ScalingListValues,
}

/// `scaling_list_pred_mode_flag` and what goes with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ScalingListValues {
    /// From the list so many before it of the same size, or the default list for 0.
    Predicted {
        /// `scaling_list_pred_matrix_id_delta`.
        scaling_list_pred_matrix_id_delta: u8,
    },
    /// Coded.
    Explicit {
        /// `scaling_list_dc_coef_minus8`, for 16x16 and 32x32.
        scaling_list_dc_coef_minus8: Option<i32>,
        /// `ScalingFactor` in scan order, 16 or 64 values.
        coefficients: Vec<u8>,
    },
}

/// All lists in coded order, 20 of them.
pub(super) fn read_scaling_list_data(r: &mut BitReader<'_>) -> Result<Vec<ScalingList>, Error> {
    let mut lists = Vec::new();
    for size_id in 0_u8..4 {
        // Lists of 32x32 exist for two of the six matrices.
        for matrix_id in (0_u8..6).step_by(if size_id == 3 { 3 } else { 1 }) {
            let values = if r.flag("scaling_list_pred_mode_flag")? {
                ScalingListValues::read_explicit(r, size_id)?
            } else {
                let max = if size_id == 3 { matrix_id / 3 } else { matrix_id };
                ScalingListValues::Predicted {
                    scaling_list_pred_matrix_id_delta: r.ue_max8("scaling_list_pred_matrix_id_delta", max)?,
                }
            };
            lists.push(ScalingList { size_id, matrix_id, values });
        }
    }
    Ok(lists)
}

impl ScalingListValues {
    fn read_explicit(r: &mut BitReader<'_>, size_id: u8) -> Result<Self, Error> {
        let scaling_list_dc_coef_minus8 =
            if size_id > 1 { Some(r.se_in("scaling_list_dc_coef_minus8", -7..=247)?) } else { None };
        let mut last = scaling_list_dc_coef_minus8.map_or(8, |minus8| minus8 + 8);
        let mut coefficients = Vec::new();
        for _ in 0..if size_id == 0 { 16 } else { 64 } {
            let start = r.offset();
            last = (last + r.se_in("scaling_list_delta_coef", -128..=127)?).rem_euclid(256);
            if last == 0 {
                r.note(start, "scaling_list_delta_coef", "makes a factor of 0, it is to be greater");
            }
            let [low, ..] = last.to_le_bytes();
            coefficients.push(low);
        }
        Ok(Self::Explicit { scaling_list_dc_coef_minus8, coefficients })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bits::BitWriter;

    #[test]
    fn scaling_lists_are_read_to_the_bit() {
        let mut w = BitWriter::default();
        for size_id in 0..4 {
            for matrix in 0..if size_id == 3 { 2 } else { 6 } {
                if matrix == 0 {
                    w.put(1, 1_u32);
                    let values = if size_id == 0 { 16 } else { 64 } + u32::from(size_id > 1);
                    for _ in 0..values {
                        w.put(1, 1_u32);
                    }
                } else {
                    w.put(4, 0b0010_u32); // predicted from the matrix before
                }
            }
        }
        w.put(8, 0x3c_u32);
        let data = w.finish();
        let r = &mut BitReader::plain(&data, "test", "");
        let lists = read_scaling_list_data(r).unwrap();
        assert_eq!(lists.len(), 20);
        assert_eq!((lists[19].size_id, lists[19].matrix_id), (3, 3));
        let coefficients = vec![8; 64];
        let explicit = ScalingListValues::Explicit { scaling_list_dc_coef_minus8: Some(0), coefficients };
        assert_eq!(lists[18].values, explicit);
        assert_eq!(r.u8(8, "next").unwrap(), 0x3c);
    }
}
