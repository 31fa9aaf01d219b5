//! Parameter sets picked out of NAL units that come in any order: one of each id, and only such as a decoder can use.

use bytes::Bytes;

use super::{NAL_PPS, NAL_SPS, NAL_VPS, nal_unit_type, nuh_layer_id, pps::Pps, sps::Sps, vps::Vps};
use crate::{
    error::{Error, ErrorKind},
    nal,
};

/// What is left of the units given.
#[derive(Debug)]
pub(super) struct ParameterSets {
    pub(super) vps: Picked<Vps>,
    /// Those whose VPS is there.
    pub(super) sps: Picked<Sps>,
    /// Those whose SPS is there.
    pub(super) pps: Picked<Pps>,
    /// All SPS that can be read, for want of any whose VPS is there.
    pub(super) readable_sps: Picked<Sps>,
}

/// The sets of one kind.
#[derive(Debug, Clone)]
pub(super) struct Picked<T> {
    /// The last set of each id, in the order in which the ids came up.
    pub(super) sets: Vec<(Bytes, T)>,
    /// All units as they came, each once, usable or not.
    pub(super) all: Vec<Bytes>,
    /// Why the first one that cannot be used cannot be used.
    pub(super) error: Option<Error>,
}

impl ParameterSets {
    /// Of two sets with one id the later one counts, as it does for a decoder that is given both. A unit with a start code
    /// in front is taken without it, and those of enhancement layers are not taken.
    pub(super) fn pick<'a>(units: impl IntoIterator<Item = &'a [u8]>) -> Self {
        let mut vps = Picked::default();
        let mut sps_units = Vec::new();
        let mut pps_units = Vec::new();
        for unit in units.into_iter().flat_map(bare_units).filter(|unit| nuh_layer_id(unit).is_none_or(|id| id == 0)) {
            match nal_unit_type(unit) {
                Some(NAL_VPS) => vps.add(unit, Vps::read(unit), |vps| vps.vps_video_parameter_set_id),
                Some(NAL_SPS) => sps_units.push(unit),
                Some(NAL_PPS) => pps_units.push(unit),
                _ => {}
            }
        }
        let mut sps = Picked::default();
        let mut readable_sps = Picked::default();
        let id = |sps: &Sps| sps.sps_seq_parameter_set_id;
        for unit in sps_units {
            let read = Sps::read(unit);
            if let Ok(set) = &read {
                readable_sps.add(unit, Ok(set.clone()), id);
            }
            let known = vps.sets.iter().map(|(_, vps)| vps.vps_video_parameter_set_id);
            sps.add(unit, read.and_then(|set| check_vps_is_there(&set, known).map(|()| set)), id);
        }
        let of_pps = if sps.sets.is_empty() { &readable_sps } else { &sps };
        let known: Vec<Sps> = of_pps.sets.iter().map(|(_, sps)| sps.clone()).collect();
        let mut pps = Picked::default();
        for unit in pps_units {
            let read = Pps::read(unit, &known).and_then(|set| check_sps_is_there(&set, &known).map(|()| set));
            pps.add(unit, read, |pps| pps.pps_pic_parameter_set_id);
        }
        Self { vps, sps, pps, readable_sps }
    }

    /// Why sets of a kind are there and none of them can be used.
    pub(super) fn unusable(&self) -> Option<&Error> {
        let Self { vps, sps, pps, .. } = self;
        vps.unusable().or(sps.unusable()).or(pps.unusable())
    }
}

impl<T> Default for Picked<T> {
    fn default() -> Self {
        Self { sets: Vec::new(), all: Vec::new(), error: None }
    }
}

impl<T> Picked<T> {
    fn add(&mut self, unit: &[u8], read: Result<T, Error>, id: impl Fn(&T) -> u8) {
        // What is longer than all ids together is not looked through.
        if self.all.len() > MAX_IDS || !self.all.iter().any(|known| known == unit) {
            self.all.push(Bytes::copy_from_slice(unit));
        }
        match read {
            Ok(set) => {
                let bytes = Bytes::copy_from_slice(unit);
                match self.sets.iter_mut().find(|(_, known)| id(known) == id(&set)) {
                    Some(known) => *known = (bytes, set),
                    None => self.sets.push((bytes, set)),
                }
            }
            Err(error) => {
                self.error.get_or_insert(error);
            }
        }
    }

    fn unusable(&self) -> Option<&Error> {
        self.error.as_ref().filter(|_| self.sets.is_empty())
    }

    /// The units of the sets, or all units for want of sets.
    pub(super) fn into_units(self) -> Vec<Bytes> {
        if self.sets.is_empty() { self.all } else { self.sets.into_iter().map(|(unit, _)| unit).collect() }
    }
}

/// The units in a unit: itself without zeros at its end, or those behind the start codes where it begins with one.
pub(super) fn bare_units(unit: &[u8]) -> impl Iterator<Item = &[u8]> {
    let stream = if nal::starts_with_start_code(unit) { unit } else { &[] };
    let plain = if stream.is_empty() { nal::without_trailing_zeros(unit) } else { &[] };
    let inside = nal::annex_b(stream).filter_map(move |range| stream.get(range));
    inside.chain(Some(plain).filter(|unit| !unit.is_empty()))
}

/// An SPS without its VPS is of no use.
pub(super) fn check_vps_is_there(sps: &Sps, mut known: impl Iterator<Item = u8>) -> Result<(), Error> {
    let id = sps.sps_video_parameter_set_id;
    if known.any(|known| known == id) {
        return Ok(());
    }
    let (field, rule) = ("sps_video_parameter_set_id", format!("is {id}, and there is no VPS of that id"));
    Err(Error::new(ErrorKind::Invalid, "H.265 SPS", None, field, rule, "ITU-T H.265, 7.4.3.2"))
}

/// A PPS without its SPS is of no use.
pub(super) fn check_sps_is_there(pps: &Pps, known: &[Sps]) -> Result<(), Error> {
    let id = pps.pps_seq_parameter_set_id;
    if known.iter().any(|sps| sps.sps_seq_parameter_set_id == id) {
        return Ok(());
    }
    let (field, rule) = ("pps_seq_parameter_set_id", format!("is {id}, and there is no SPS of that id"));
    Err(Error::new(ErrorKind::Invalid, "H.265 PPS", None, field, rule, "ITU-T H.265, 7.4.3.3"))
}

const MAX_IDS: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testdata::{HEVC_MAIN, HEVC_MAIN_10, hex};

    #[test]
    fn sets_without_theirs_are_not_picked_while_there_are_others() {
        let [_, vps, sps, pps] = HEVC_MAIN.map(hex);
        // The same SPS with VPS id 1.
        let mut stray = sps.clone();
        stray[2] = 0x11;
        let sets = ParameterSets::pick([&vps[..], &sps, &stray, &pps]);
        assert_eq!((sets.vps.sets.len(), sets.sps.sets.len(), sets.pps.sets.len()), (1, 1, 1));
        assert_eq!(sets.sps.sets[0].0, sps);
        assert!(sets.unusable().is_none());
        let sets = ParameterSets::pick([&vps[..], &stray, &pps]);
        assert_eq!(sets.unusable().unwrap().field(), "sps_video_parameter_set_id");
        assert_eq!(sets.readable_sps.sets.len(), 1);
    }

    #[test]
    fn the_later_set_of_an_id_takes_the_place_of_the_earlier() {
        let [_, vps, sps, pps] = HEVC_MAIN.map(hex);
        let [_, vps_10, sps_10, _] = HEVC_MAIN_10.map(hex);
        let sets = ParameterSets::pick([&vps[..], &sps, &pps, &vps_10, &sps_10]);
        assert_eq!((sets.vps.sets.len(), sets.sps.sets.len()), (1, 1));
        assert_eq!(sets.sps.sets[0].0, sps_10);
    }
}
