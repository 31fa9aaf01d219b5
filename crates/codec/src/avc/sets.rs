//! Parameter sets picked out of NAL units that come in any order: one of each id, and only such as a decoder can use.

use bytes::Bytes;

use super::{NAL_PPS, NAL_SPS, NAL_SPS_EXT, nal_unit_type, pps::Pps, sps::Sps};
use crate::{error::Error, nal};

/// What is left of the units given, in the order in which their ids came up.
#[derive(Debug, Default)]
pub(super) struct ParameterSets {
    /// The last SPS of each id.
    pub(super) sps: Vec<(Bytes, Sps)>,
    /// The last PPS of each id, of those whose SPS is there.
    pub(super) pps: Vec<(Bytes, Pps)>,
    /// All PPS units as they came, each once.
    pub(super) all_pps: Vec<Bytes>,
    /// SPS extensions, each once.
    pub(super) ext: Vec<Bytes>,
    /// Why the first SPS that cannot be used cannot be used.
    pub(super) sps_error: Option<Error>,
    /// Why the first PPS that cannot be used cannot be used.
    pub(super) pps_error: Option<Error>,
}

impl ParameterSets {
    /// Of two sets with one id the later one counts, as it does for a decoder that is given both. A unit with a start code
    /// in front is taken without it.
    pub(super) fn pick<'a>(units: impl IntoIterator<Item = &'a [u8]>) -> Self {
        let mut sets = Self::default();
        let mut pps_units = Vec::new();
        for unit in units.into_iter().flat_map(bare_units) {
            match nal_unit_type(unit) {
                Some(NAL_SPS) => sets.add_sps(unit),
                Some(NAL_PPS) => pps_units.push(unit),
                Some(NAL_SPS_EXT) if is_new(&sets.ext, unit) => sets.ext.push(Bytes::copy_from_slice(unit)),
                _ => {}
            }
        }
        let known: Vec<Sps> = sets.sps.iter().map(|(_, sps)| sps.clone()).collect();
        for unit in pps_units {
            if is_new(&sets.all_pps, unit) {
                sets.all_pps.push(Bytes::copy_from_slice(unit));
            }
            sets.add_pps(unit, &known);
        }
        sets
    }

    fn add_sps(&mut self, unit: &[u8]) {
        match Sps::read(unit) {
            Ok(sps) => {
                let same = |(_, known): &&mut (Bytes, Sps)| known.seq_parameter_set_id == sps.seq_parameter_set_id;
                let bytes = Bytes::copy_from_slice(unit);
                match self.sps.iter_mut().find(same) {
                    Some(known) => *known = (bytes, sps),
                    None => self.sps.push((bytes, sps)),
                }
            }
            Err(error) => {
                self.sps_error.get_or_insert(error);
            }
        }
    }

    fn add_pps(&mut self, unit: &[u8], known: &[Sps]) {
        match Pps::read(unit, known).and_then(|pps| super::check::check_sps_is_there(&pps, known).map(|()| pps)) {
            Ok(pps) => {
                let same = |(_, known): &&mut (Bytes, Pps)| known.pic_parameter_set_id == pps.pic_parameter_set_id;
                let bytes = Bytes::copy_from_slice(unit);
                match self.pps.iter_mut().find(same) {
                    Some(known) => *known = (bytes, pps),
                    None => self.pps.push((bytes, pps)),
                }
            }
            Err(error) => {
                self.pps_error.get_or_insert(error);
            }
        }
    }
}

/// The units in a unit: itself without zeros at its end, or those behind the start codes where it begins with one.
pub(super) fn bare_units(unit: &[u8]) -> impl Iterator<Item = &[u8]> {
    let stream = if nal::starts_with_start_code(unit) { unit } else { &[] };
    let plain = if stream.is_empty() { nal::without_trailing_zeros(unit) } else { &[] };
    let inside = nal::annex_b(stream).filter_map(move |range| stream.get(range));
    inside.chain(Some(plain).filter(|unit| !unit.is_empty()))
}

/// Whether a unit is not in the list. What is longer than any record can hold is not looked through.
fn is_new(list: &[Bytes], unit: &[u8]) -> bool {
    list.len() > super::MAX_PPS || !list.iter().any(|known| known == unit)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testdata::hex;

    #[test]
    fn the_later_set_of_an_id_takes_the_place_of_the_earlier() {
        let main = hex("674d401eeca05017fcb80880000003008000001e078b16cb");
        let high = hex("6764001eacd940a02ff9701100000300010000030032604000f424001e84e4c30078b16cb0");
        let sets = ParameterSets::pick([&main[..], &high, &hex("68ef8fcb"), &hex("68ef8fcb")]);
        assert_eq!(sets.sps.len(), 1);
        assert_eq!(sets.sps[0].1.profile_idc, 100);
        assert_eq!((sets.pps.len(), sets.all_pps.len()), (1, 1));
    }

    #[test]
    fn units_with_start_codes_and_zeros_are_laid_bare() {
        let units = |unit: &[u8]| bare_units(unit).map(<[u8]>::to_vec).collect::<Vec<_>>();
        assert_eq!(units(&[0x67, 1, 0, 0]), [vec![0x67, 1]]);
        assert_eq!(units(&[0, 0, 0, 1, 0x67, 1, 0, 0, 1, 0x68, 2]), [vec![0x67, 1], vec![0x68, 2]]);
        assert!(units(&[]).is_empty() && units(&[0, 0, 1]).is_empty());
    }
}
