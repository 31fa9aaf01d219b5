//! `st_ref_pic_set()` (ITU-T H.265, 7.3.7): which pictures stay in the buffer.

use crate::{bits::BitReader, error::Error};

/// `st_ref_pic_set()` so many times, 7.3.7. A set can be coded as a change of the one before it, so that one has to be
/// known; it holds 16 pictures at most.
///
/// Sets of more pictures than `most` are noted: the buffer holds no more.
pub(super) fn read_short_term_ref_pic_sets(r: &mut BitReader<'_>, count: u8, most: u8) -> Result<Vec<Vec<i32>>, Error> {
    let mut sets: Vec<Vec<i32>> = Vec::new();
    for _ in 0..count {
        let start = r.offset();
        let set = match sets.last() {
            Some(previous) if r.flag("inter_ref_pic_set_prediction_flag")? => read_predicted_set(r, previous)?,
            _ => read_explicit_set(r)?,
        };
        if set.len() > usize::from(most) {
            let rule = format!("makes a set of {} pictures, sps_max_dec_pic_buffering_minus1 is {most}", set.len());
            r.note(start, "st_ref_pic_set", rule);
        }
        sets.push(set);
    }
    Ok(sets)
}

/// Differences in picture order count: first those before, nearest first, then those after, nearest first.
fn read_explicit_set(r: &mut BitReader<'_>) -> Result<Vec<i32>, Error> {
    let negative = r.ue_max8("num_negative_pics", MAX_REF_PICS)?;
    let positive = r.ue_max8("num_positive_pics", MAX_REF_PICS - negative)?;
    let mut set = Vec::new();
    for (count, sign, field) in [(negative, -1, "delta_poc_s0_minus1"), (positive, 1, "delta_poc_s1_minus1")] {
        let mut delta = 0_i32;
        for _ in 0..count {
            let step = r.ue_max(field, MAX_DELTA_POC)?;
            r.flag("used_by_curr_pic_flag")?;
            delta += sign * i32::try_from(step).unwrap_or(i32::from(i16::MAX)).saturating_add(1);
            set.push(delta);
        }
    }
    Ok(set)
}

fn read_predicted_set(r: &mut BitReader<'_>, reference: &[i32]) -> Result<Vec<i32>, Error> {
    let start = r.offset();
    let negative = r.flag("delta_rps_sign")?;
    let step = r.ue_max("abs_delta_rps_minus1", MAX_DELTA_POC)?;
    let step = i32::try_from(step).unwrap_or(i32::from(i16::MAX)).saturating_add(1);
    let delta_rps = if negative { -step } else { step };
    let mut set = Vec::new();
    // The last flag is for the reference set's own picture.
    for &delta in reference.iter().chain(&[0]) {
        let used = r.flag("used_by_curr_pic_flag")?;
        if used || r.flag("use_delta_flag")? {
            set.push(delta.saturating_add(delta_rps));
        }
    }
    set.retain(|&delta| delta != 0);
    set.sort_unstable_by_key(|&delta| (delta > 0, delta.unsigned_abs()));
    if set.len() > usize::from(MAX_REF_PICS) {
        let rule = format!("makes a set of {} pictures, {MAX_REF_PICS} is the most", set.len());
        return Err(r.invalid_at(start, "st_ref_pic_set", rule));
    }
    Ok(set)
}

/// Bounded by sps_max_dec_pic_buffering_minus1, and that by 15 (A.4.2).
const MAX_REF_PICS: u8 = 15;
const MAX_DELTA_POC: u32 = 32_767;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bits::BitWriter;

    #[test]
    fn predicted_sets_count_what_they_keep() {
        // Two before and one after, then the same moved by -1 with one picture dropped and the reference's own added,
        // then moved by +1, where a difference of 0 falls out.
        let mut w = BitWriter::default();
        let ue = |w: &mut BitWriter, value: u8| {
            let width = 8 - u8::try_from((value + 1).leading_zeros()).unwrap();
            w.put(2 * width - 1, value + 1);
        };
        ue(&mut w, 2);
        ue(&mut w, 1);
        for delta in [0_u8, 1, 3] {
            ue(&mut w, delta);
            w.put(1, 1_u32);
        }
        // Set 1: predicted, negative, step 1; keep, drop, keep, keep.
        w.put(2, 0b11_u32);
        ue(&mut w, 0);
        w.put(5, 0b1_0011_u32);
        // Set 2 from (-1, -2, 3): predicted, positive, step 1; use without being used by the current picture, and keep.
        w.put(2, 0b10_u32);
        ue(&mut w, 0);
        w.put(5, 0b0_1111_u32);
        w.put(8, 0x77_u32);
        let data = w.finish();
        let r = &mut BitReader::plain(&data, "test", "");
        assert_eq!(read_explicit_set(&mut r.clone()).unwrap(), [-1, -3, 4]);
        let sets = read_short_term_ref_pic_sets(r, 3, 2).unwrap();
        assert_eq!(sets, [vec![-1, -3, 4], vec![-1, -2, 3], vec![-1, 1, 4]]);
        assert_eq!(r.take_oddities().len(), 3);
        assert_eq!(r.u8(8, "next").unwrap(), 0x77);
        let reader = |bits: &'static [u8]| BitReader::plain(bits, "test", "");
        assert_eq!(read_predicted_set(&mut reader(&[0b1110_0110]), &[-1, -3, 4]).unwrap(), [-1, -2, 3]);
        assert_eq!(read_predicted_set(&mut reader(&[0b0101_1110]), &[-1, -2, 3]).unwrap(), [-1, 1, 4]);
    }
}
