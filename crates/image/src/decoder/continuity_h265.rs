//! H.265: whether reference pictures are missing, by the reference picture set of each picture (ITU-T H.265, 8.3.1, 8.3.2).

use fragkit_codec::hevc;
use rusty_h265::{
    Error,
    bits::BitReader,
    nal::{NalHeader, NalType, unescape},
    ps::{Pps, ShortTermRps, Sps, parse_pps, parse_sps, parse_st_ref_pic_set},
};

use super::{DecodeError, continuity::Verdict};

pub(super) struct Hevc {
    sps: Vec<Sps>,
    pps: Vec<Pps>,
    /// Picture order counts of the pictures that can be referred to.
    pictures: Vec<i32>,
    /// Of the last picture of sub-layer 0 that others may refer to, by which the next ones are counted.
    prev_tid0_poc: i32,
    /// Before the first picture, and behind an end of sequence.
    starts: bool,
    /// NoRaslOutputFlag of the last IRAP picture: what is in front of it is not there.
    no_rasl_output: bool,
}

/// What a first slice segment header says up to the reference picture set.
struct Picture {
    poc_lsb: i32,
    short_term: ShortTermRps,
    /// Picture order count, or its lower bits where the flag says no; and whether this picture refers to it.
    long_term: Vec<LongTerm>,
}

struct LongTerm {
    poc_lsb: i32,
    msb_cycle: Option<i32>,
    used: bool,
}

impl Default for Hevc {
    fn default() -> Self {
        Self {
            sps: Vec::new(),
            pps: Vec::new(),
            pictures: Vec::new(),
            prev_tid0_poc: 0,
            starts: true,
            no_rasl_output: true,
        }
    }
}

impl Hevc {
    pub(super) fn add_parameter_set(&mut self, unit: &[u8]) {
        let payload = || unescape(unit.get(2..).unwrap_or_default()).data;
        match hevc::nal_unit_type(unit) {
            Some(hevc::NAL_SPS) => {
                if let Ok(sps) = parse_sps(&payload()) {
                    self.sps.retain(|known| known.id != sps.id);
                    self.sps.push(sps);
                }
            }
            Some(hevc::NAL_PPS) => {
                if let Ok(pps) = parse_pps(&payload()) {
                    self.pps.retain(|known| known.id != pps.id);
                    self.pps.push(pps);
                }
            }
            _ => {}
        }
    }

    pub(super) fn check(&mut self, units: &[&[u8]]) -> Result<Verdict, DecodeError> {
        let mut verdict = None;
        for unit in units {
            let Some(header) = NalHeader::parse(unit).filter(|header| header.layer_id == 0) else { continue };
            match header.nal_type {
                NalType::Eos | NalType::Eob => self.starts = true,
                nal_type if nal_type.is_vcl() && hevc::is_slice(unit) => {
                    // first_slice_segment_in_pic_flag
                    let first = unit.get(2).is_some_and(|byte| byte & 0x80 != 0);
                    match (first, verdict) {
                        (true, None) => verdict = Some(self.check_picture(&header, unit)?),
                        (true, Some(_)) => {
                            return Err(DecodeError::unsupported("more than one picture in an access unit"));
                        }
                        (false, None) => return Err(DecodeError::damaged("the picture lacks its first slice")),
                        (false, Some(_)) => {}
                    }
                }
                _ => self.add_parameter_set(unit),
            }
        }
        Ok(verdict.unwrap_or(Verdict::Decode))
    }

    fn check_picture(&mut self, header: &NalHeader, unit: &[u8]) -> Result<Verdict, DecodeError> {
        let nal_type = header.nal_type;
        if nal_type.is_irap() {
            self.no_rasl_output = nal_type.is_idr() || nal_type.is_bla() || self.starts;
        } else if self.starts {
            return Err(DecodeError::damaged("the first picture refers to others"));
        }
        if nal_type.is_rasl() && self.no_rasl_output {
            return Ok(Verdict::Skip);
        }
        self.starts = false;
        let (picture, poc_bits) = self.read_picture(header, unit)?;
        let poc = self.count(header, picture.poc_lsb, poc_bits);
        if nal_type.is_irap() && self.no_rasl_output {
            self.pictures.clear();
        }
        let mask = (1_i32 << poc_bits) - 1;
        let mut kept = Vec::new();
        let short_term = picture.short_term.neg.iter().chain(&picture.short_term.pos);
        for (delta, used) in short_term {
            let wanted = poc.saturating_add(*delta);
            match self.pictures.iter().find(|it| **it == wanted) {
                Some(found) => kept.push(*found),
                None if *used && !nal_type.is_irap() => return Err(missing(wanted)),
                None => {}
            }
        }
        for reference in &picture.long_term {
            let full = reference.msb_cycle.map(|cycle| {
                let msb = (poc - (poc & mask)).saturating_sub(cycle.saturating_mul(mask + 1));
                msb.saturating_add(reference.poc_lsb)
            });
            let is_it = |it: i32| full.map_or(it & mask == reference.poc_lsb, |full| it == full);
            match self.pictures.iter().find(|it| is_it(**it)) {
                Some(found) => kept.push(*found),
                None if reference.used && !nal_type.is_irap() => {
                    return Err(missing(full.unwrap_or(reference.poc_lsb)));
                }
                None => {}
            }
        }
        kept.push(poc);
        self.pictures = kept;
        Ok(Verdict::Decode)
    }

    /// PicOrderCntVal, 8.3.1.
    fn count(&mut self, header: &NalHeader, lsb: i32, bits: u8) -> i32 {
        let nal_type = header.nal_type;
        let range = 1_i32 << bits;
        let prev_lsb = self.prev_tid0_poc & (range - 1);
        let prev_msb = self.prev_tid0_poc - prev_lsb;
        let msb = if nal_type.is_irap() && self.no_rasl_output {
            0
        } else if lsb < prev_lsb && prev_lsb - lsb >= range / 2 {
            prev_msb.saturating_add(range)
        } else if lsb > prev_lsb && lsb - prev_lsb > range / 2 {
            prev_msb.saturating_sub(range)
        } else {
            prev_msb
        };
        let poc = msb.saturating_add(lsb);
        let counts = !nal_type.is_rasl() && !nal_type.is_radl() && !nal_type.is_sub_layer_non_ref();
        if header.temporal_id == 0 && counts {
            self.prev_tid0_poc = poc;
        }
        poc
    }

    /// The header of a first slice segment, 7.3.6.1; and the bits of slice_pic_order_cnt_lsb.
    fn read_picture(&self, header: &NalHeader, unit: &[u8]) -> Result<(Picture, u8), DecodeError> {
        let payload = unit.get(2..).unwrap_or_default();
        let rbsp = unescape(payload.get(..MAX_HEADER_BYTES).unwrap_or(payload));
        self.parse_picture(header, &rbsp.data).map_err(|error| {
            DecodeError::damaged(format!("H.265 slice segment header: {error} (ITU-T H.265, 7.4.7.1)"))
        })
    }

    fn parse_picture(&self, header: &NalHeader, rbsp: &[u8]) -> Result<(Picture, u8), Error> {
        let r = &mut BitReader::new(rbsp);
        r.skip_bits(1)?;
        if header.nal_type.is_irap() {
            r.skip_bits(1)?;
        }
        let id = r.read_ue_max(63)?;
        let pps = self.pps.iter().find(|pps| u32::from(pps.id) == id);
        let sps = pps.and_then(|pps| self.sps.iter().find(|sps| sps.id == pps.sps_id));
        let (Some(pps), Some(sps)) = (pps, sps) else {
            return Err(Error::invalid(format!(
                "slice_pic_parameter_set_id is {id}, and its parameter sets are not there"
            )));
        };
        r.skip_bits(pps.num_extra_slice_header_bits.into())?;
        r.read_ue_max(2)?;
        if pps.output_flag_present {
            r.skip_bits(1)?;
        }
        if sps.separate_colour_plane_flag {
            r.skip_bits(2)?;
        }
        let bits = sps.log2_max_poc_lsb;
        let mut picture = Picture { poc_lsb: 0, short_term: ShortTermRps::default(), long_term: Vec::new() };
        if header.nal_type.is_idr() {
            return Ok((picture, bits));
        }
        picture.poc_lsb = read_int(r, bits.into())?;
        picture.short_term = if r.read_flag()? {
            let index = r.read_bits(bits_for(sps.st_rps.len()))?;
            let set = usize::try_from(index).ok().and_then(|index| sps.st_rps.get(index));
            set.cloned().ok_or_else(|| Error::invalid("short_term_ref_pic_set_idx"))?
        } else {
            parse_st_ref_pic_set(r, sps.st_rps.len(), &sps.st_rps, true)?
        };
        if sps.long_term_ref_pics_present {
            picture.long_term = read_long_term(r, sps)?;
        }
        Ok((picture, bits))
    }
}

fn read_long_term(r: &mut BitReader<'_>, sps: &Sps) -> Result<Vec<LongTerm>, Error> {
    let known = &sps.lt_ref_pics;
    let of_sps = if known.is_empty() { 0 } else { r.read_ue_max(u32::try_from(known.len()).unwrap_or(u32::MAX))? };
    let of_slice = r.read_ue_max(32)?;
    let mut long_term: Vec<LongTerm> = Vec::new();
    let mut previous = 0;
    for at in 0..of_sps + of_slice {
        let (poc_lsb, used) = if at < of_sps {
            let index = r.read_bits(bits_for(known.len()))?;
            let found = usize::try_from(index).ok().and_then(|index| known.get(index));
            let (lsb, used) = *found.ok_or_else(|| Error::invalid("lt_idx_sps"))?;
            (i32::try_from(lsb).unwrap_or(i32::MAX), used)
        } else {
            (read_int(r, sps.log2_max_poc_lsb.into())?, r.read_flag()?)
        };
        // (7-52): cycles are differences to the one before in the same group.
        if at == of_sps {
            previous = 0;
        }
        let present = r.read_flag()?;
        if present {
            previous += i32::try_from(r.read_ue_max(1 << 24)?).unwrap_or(i32::MAX);
        }
        long_term.push(LongTerm { poc_lsb, msb_cycle: present.then_some(previous), used });
    }
    Ok(long_term)
}

fn read_int(r: &mut BitReader<'_>, bits: u32) -> Result<i32, Error> {
    Ok(i32::try_from(r.read_bits(bits)?).unwrap_or(i32::MAX))
}

/// Ceil(Log2(count)).
fn bits_for(count: usize) -> u32 {
    usize::BITS - count.saturating_sub(1).leading_zeros()
}

fn missing(poc: i32) -> DecodeError {
    DecodeError::damaged(format!("a picture that it refers to is missing: picture order count {poc}"))
}

/// What is read of a header is far shorter, even with 16 short-term and 33 long-term references.
const MAX_HEADER_BYTES: usize = 512;
