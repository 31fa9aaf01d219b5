//! H.264: whether reference pictures are missing, by frame_num (ITU-T H.264, 7.4.3 and 8.2.5.2).
//!
//! frame_num grows by one behind each reference picture, so the caller may leave out all others. Where the SPS allows gaps,
//! pictures in them do not exist, and it is an error only to refer to them.

use fragkit_codec::avc::{self, Sps};

use super::{
    DecodeError,
    continuity::Verdict,
    h264_slice::{ParameterSets, SliceHeader},
};

#[derive(Debug, Default)]
pub(super) struct Avc {
    sets: ParameterSets,
    /// PrevRefFrameNum; none before the first picture.
    prev_ref_frame_num: Option<u32>,
    /// Whether that was an IDR picture.
    behind_idr: bool,
    /// frame_num of the last pictures in gaps that the SPS allows.
    not_existing: Vec<u32>,
    /// The first field of a frame whose other one is to come.
    open_field: Option<Field>,
    order: Option<Order>,
}

#[derive(Debug, Clone, Copy)]
struct Field {
    bottom: bool,
    frame_num: u32,
}

/// Picture order counts behind a first picture that is no IDR picture: what is shown before it may refer to what is not
/// there.
#[derive(Debug, Clone, Copy)]
struct Order {
    first: i64,
    prev_msb: i64,
    prev_lsb: i64,
}

impl Avc {
    pub(super) fn add_parameter_set(&mut self, unit: &[u8]) {
        match avc::nal_unit_type(unit) {
            Some(avc::NAL_SPS) => {
                if let Ok(sps) = Sps::read(unit) {
                    self.sets.add_sps(sps);
                }
            }
            Some(avc::NAL_PPS) => self.sets.add_pps(unit),
            _ => {}
        }
    }

    pub(super) fn check(&mut self, units: &[&[u8]]) -> Result<Verdict, DecodeError> {
        let mut verdict = Verdict::Decode;
        let mut pictures = 0;
        for unit in units {
            match avc::nal_unit_type(unit) {
                Some(1 | avc::NAL_IDR) => {}
                Some(2..=4) => return Err(DecodeError::unsupported("data partitioning")),
                _ => {
                    self.add_parameter_set(unit);
                    continue;
                }
            }
            let sets = std::mem::take(&mut self.sets);
            let checked = sets.read_slice(unit).and_then(|(header, sps)| self.check_slice(&header, sps, &mut pictures));
            self.sets = sets;
            match checked? {
                // One field of use makes a frame of use.
                Some(of_picture) if pictures == 1 => verdict = of_picture,
                _ => {}
            }
        }
        Ok(if self.open_field.is_some() { Verdict::HalfOfFrame } else { verdict })
    }

    /// Gives a verdict for the first slice of a picture.
    fn check_slice(
        &mut self,
        header: &SliceHeader,
        sps: &Sps,
        pictures: &mut u32,
    ) -> Result<Option<Verdict>, DecodeError> {
        let first = header.first_mb_in_slice == 0 && header.redundant_pic_cnt == 0 && header.colour_plane_id == 0;
        if first {
            *pictures += 1;
        } else if *pictures == 0 {
            return Err(DecodeError::damaged("the picture lacks its first slice"));
        }
        if first && *pictures > if header.field.is_some() { 2 } else { 1 } {
            return Err(DecodeError::damaged("the access unit holds more than one picture"));
        }
        let starts = self.prev_ref_frame_num.is_none();
        if header.is_inter() && starts && first {
            return Err(DecodeError::damaged("the first picture refers to others"));
        }
        if !first {
            self.check_references(header, sps)?;
            return Ok(None);
        }
        if self.is_second_field(header)? {
            self.check_references(header, sps)?;
            self.mark(header);
            return Ok(None);
        }
        self.check_frame_num(header, sps)?;
        self.check_references(header, sps)?;
        let verdict = self.check_order(header, sps, starts);
        self.mark(header);
        Ok(Some(verdict))
    }

    /// Whether it is the field that the one before waits for (7.4.1.2.4); opens a frame of two fields else.
    fn is_second_field(&mut self, header: &SliceHeader) -> Result<bool, DecodeError> {
        let open = self.open_field.take();
        match (open, header.field) {
            (Some(open), Some(bottom)) if open.bottom != bottom && open.frame_num == header.frame_num => Ok(true),
            (Some(_), _) => Err(DecodeError::damaged("the picture before lacks its second field")),
            (None, field) => {
                self.open_field = field.map(|bottom| Field { bottom, frame_num: header.frame_num });
                Ok(false)
            }
        }
    }

    fn check_frame_num(&mut self, header: &SliceHeader, sps: &Sps) -> Result<(), DecodeError> {
        let frame_num = header.frame_num;
        if header.idr {
            self.not_existing.clear();
            return Ok(());
        }
        // The same number twice comes of careless encoders, and never of a loss.
        let Some(previous) = self.prev_ref_frame_num.filter(|previous| *previous != frame_num) else { return Ok(()) };
        let range = 1_u32 << (sps.log2_max_frame_num_minus4 + 4);
        let missing = (frame_num + range - previous - 1) % range;
        // There are simple encoders that leave out a number behind every IDR picture, and no picture: that of clusters.mkv, a
        // capture. They know no B-pictures and one reference; of such a stream, the loss of that one picture is not noticed.
        let simple = sps.pic_order_cnt == avc::PicOrderCnt::Type2 && sps.max_num_ref_frames == 1;
        if missing == 0 || (missing == 1 && self.behind_idr && simple) {
            return Ok(());
        }
        if !sps.gaps_in_frame_num_value_allowed_flag {
            return Err(DecodeError::damaged(format!(
                "a picture that it refers to is missing: frame_num {frame_num} follows {previous}"
            )));
        }
        let kept = u32::from(sps.max_num_ref_frames).min(missing);
        self.not_existing.extend((1..=kept).map(|back| (frame_num + range - back) % range));
        self.prev_ref_frame_num = Some((frame_num + range - 1) % range);
        Ok(())
    }

    /// Whether a P slice refers to a picture in a gap for certain: with the first entry of its list, where nothing is
    /// changed there, or with those that it puts in front by number.
    fn check_references(&mut self, header: &SliceHeader, sps: &Sps) -> Result<(), DecodeError> {
        if self.not_existing.is_empty() || header.slice_type != PREDICTED || header.field.is_some() {
            return Ok(());
        }
        let range = 1_u32 << (sps.log2_max_frame_num_minus4 + 4);
        let reach = u32::from(sps.max_num_ref_frames);
        let frame_num = header.frame_num;
        self.not_existing.retain(|gone| (frame_num + range - gone) % range <= reach);
        let mut referred = Vec::new();
        let mut predicted = frame_num;
        for (idc, value) in
            header.modifications_l0.iter().take(usize::try_from(header.num_ref_idx_l0_active).unwrap_or(0))
        {
            let step = (value % range) + 1;
            match idc {
                0 => predicted = (predicted + range - step % range) % range,
                1 => predicted = (predicted + step) % range,
                _ => continue,
            }
            referred.push(predicted);
        }
        if header.modifications_l0.is_empty() {
            referred.push((frame_num + range - 1) % range);
        }
        match referred.iter().find(|it| self.not_existing.contains(it)) {
            Some(gone) => {
                Err(DecodeError::damaged(format!("a picture that it refers to is missing: frame_num {gone}")))
            }
            None => Ok(()),
        }
    }

    /// Picture order count of type 0, 8.2.1.1, of the top field or whichever it is.
    fn check_order(&mut self, header: &SliceHeader, sps: &Sps, starts: bool) -> Verdict {
        let avc::PicOrderCnt::Type0 { log2_max_pic_order_cnt_lsb_minus4 } = sps.pic_order_cnt else {
            return Verdict::Decode;
        };
        let lsb = i64::from(header.pic_order_cnt_lsb.unwrap_or(0));
        if starts && !header.idr {
            self.order = Some(Order { first: lsb, prev_msb: 0, prev_lsb: lsb });
        } else if header.idr || header.resets {
            self.order = None;
        }
        let Some(order) = &mut self.order else { return Verdict::Decode };
        let range = 1_i64 << (log2_max_pic_order_cnt_lsb_minus4 + 4);
        let msb = if lsb < order.prev_lsb && order.prev_lsb - lsb >= range / 2 {
            order.prev_msb + range
        } else if lsb > order.prev_lsb && lsb - order.prev_lsb > range / 2 {
            order.prev_msb - range
        } else {
            order.prev_msb
        };
        if header.nal_ref_idc != 0 {
            (order.prev_msb, order.prev_lsb) = (msb, lsb);
        }
        match (msb + lsb < order.first, header.nal_ref_idc) {
            (false, _) => Verdict::Decode,
            (true, 0) => Verdict::Skip,
            (true, _) => Verdict::Hide,
        }
    }

    fn mark(&mut self, header: &SliceHeader) {
        if header.nal_ref_idc != 0 {
            self.behind_idr = header.idr;
            self.prev_ref_frame_num = Some(if header.resets { 0 } else { header.frame_num });
            self.not_existing.retain(|gone| !header.resets && *gone != header.frame_num);
        } else if self.prev_ref_frame_num.is_none() {
            // A first picture that nothing refers to. The next one has the same number.
            self.prev_ref_frame_num = Some(header.frame_num);
        }
    }
}

/// `slice_type` of P slices.
const PREDICTED: u32 = 0;
