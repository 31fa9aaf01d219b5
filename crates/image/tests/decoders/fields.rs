//! Frames of two fields, as one access unit and as two. No encoder at hand makes them, so they are written here: one
//! macroblock of raw samples (I_PCM) a field.

use fragkit_codec::CodecPrivate;
use fragkit_image::{AccessUnit, DecodeErrorKind, DecoderKind, Planes};

#[derive(Default)]
struct Bits {
    bytes: Vec<u8>,
    used: u8,
}

impl Bits {
    fn u(&mut self, bits: u8, value: u32) {
        for at in (0..bits).rev() {
            if self.used == 0 {
                self.bytes.push(0);
            }
            *self.bytes.last_mut().unwrap() |= u8::try_from((value >> at) & 1).unwrap() << (7 - self.used);
            self.used = (self.used + 1) % 8;
        }
    }

    fn ue(&mut self, value: u32) {
        let bits = u8::try_from(32 - (value + 1).leading_zeros()).unwrap();
        self.u(2 * bits - 1, value + 1);
    }

    fn finish(mut self, header: u8) -> Vec<u8> {
        self.u(1, 1);
        let mut unit = vec![header];
        for byte in self.bytes {
            if unit.ends_with(&[0, 0]) && byte <= 3 {
                unit.push(3);
            }
            unit.push(byte);
        }
        unit
    }
}

/// Main profile, fields, 16 by 32 samples.
fn sps() -> Vec<u8> {
    let mut bits = Bits::default();
    bits.u(8, 77);
    bits.u(8, 0);
    bits.u(8, 30);
    // Id, log2_max_frame_num_minus4, pic_order_cnt_type 0, its bits, max_num_ref_frames; gaps; width, height in map units.
    [0, 0, 0, 0, 1].into_iter().for_each(|value| bits.ue(value));
    bits.u(1, 0);
    bits.ue(0);
    bits.ue(0);
    // frame_mbs_only, mb_adaptive_frame_field, direct_8x8_inference, cropping, VUI.
    bits.u(5, 0b00100);
    bits.finish(0x67)
}

fn pps() -> Vec<u8> {
    let mut bits = Bits::default();
    bits.ue(0);
    bits.ue(0);
    // CAVLC, no bottom field order.
    bits.u(2, 0);
    [0, 0, 0].into_iter().for_each(|value| bits.ue(value));
    bits.u(3, 0);
    // pic_init_qp, pic_init_qs, chroma offset as se(0); deblocking control, constrained intra, redundant pictures.
    [0, 0, 0].into_iter().for_each(|value| bits.ue(value));
    bits.u(3, 0b100);
    bits.finish(0x68)
}

/// A field of one brightness.
fn field(idr: bool, frame_num: u32, bottom: bool, order: u32, luma: u32) -> Vec<u8> {
    let mut bits = Bits::default();
    // first_mb_in_slice, slice_type I, pic_parameter_set_id.
    [0, 7, 0].into_iter().for_each(|value| bits.ue(value));
    bits.u(4, frame_num);
    bits.u(2, if bottom { 3 } else { 2 });
    if idr {
        bits.ue(0);
    }
    bits.u(4, order);
    // Marking: for IDR no_output_of_prior_pics and long_term_reference, else no adaptive marking.
    bits.u(if idr { 2 } else { 1 }, 0);
    // slice_qp_delta, disable_deblocking_filter_idc 1.
    bits.ue(0);
    bits.ue(1);
    // mb_type I_PCM, aligned with zeros.
    bits.ue(25);
    while bits.used != 0 {
        bits.u(1, 0);
    }
    (0..256).for_each(|_| bits.u(8, luma));
    (0..128).for_each(|_| bits.u(8, 100));
    bits.finish(if idr { 0x65 } else { 0x61 })
}

fn kinds() -> Vec<DecoderKind> {
    let private = CodecPrivate::from_parameter_sets("V_MPEG4/ISO/AVC", [&sps()[..], &pps()]).unwrap();
    DecoderKind::candidates(&private)
}

fn fields() -> [Vec<u8>; 4] {
    [
        field(true, 0, false, 0, 50),
        field(false, 0, true, 1, 60),
        field(false, 1, false, 2, 70),
        field(false, 1, true, 3, 80),
    ]
}

fn rows(planes: &Planes) -> [u8; 4] {
    let Planes::Narrow([luma, ..]) = planes else { panic!("8 bits") };
    let mut rows = luma.rows(16).map(|row| row[0]);
    [0; 4].map(|_| rows.next().unwrap())
}

#[test]
fn fields_are_woven_whether_they_come_as_one_access_unit_or_as_two() {
    let [a, b, c, d] = fields();
    assert!(kinds().contains(&DecoderKind::RustH264) && !kinds().contains(&DecoderKind::RustyH264));
    for kind in kinds() {
        let mut decoder = kind.open(&[&sps(), &pps()]).unwrap();
        decoder.push(AccessUnit { id: 1, wanted: true, units: &[&a, &b] }).unwrap();
        decoder.push(AccessUnit { id: 2, wanted: true, units: &[&c, &d] }).unwrap();
        decoder.flush().unwrap();
        let pictures: Vec<_> = std::iter::from_fn(|| decoder.take()).collect();
        let seen: Vec<_> = pictures.iter().map(|(id, it)| (*id, it.height, rows(&it.planes))).collect();
        assert_eq!(seen, [(1, 32, [50, 60, 50, 60]), (2, 32, [70, 80, 70, 80])], "{kind:?}");

        let mut decoder = kind.open(&[&sps(), &pps()]).unwrap();
        for (id, wanted, unit) in [(1, true, &a), (2, true, &b), (3, false, &c), (4, true, &d)] {
            decoder.push(AccessUnit { id, wanted, units: &[unit] }).unwrap();
        }
        decoder.flush().unwrap();
        let pictures: Vec<_> = std::iter::from_fn(|| decoder.take()).collect();
        let mut seen: Vec<_> = pictures.iter().map(|(id, it)| (*id, rows(&it.planes))).collect();
        seen.sort_unstable();
        assert_eq!(seen, [(1, [50, 60, 50, 60]), (2, [50, 60, 50, 60]), (4, [70, 80, 70, 80])], "{kind:?}");
    }
}

#[test]
fn a_field_without_its_other_is_an_error() {
    let [a, b, c, d] = fields();
    for kind in kinds() {
        for units in [[&a, &b, &d, &d], [&a, &c, &d, &d]] {
            let mut decoder = kind.open(&[&sps(), &pps()]).unwrap();
            let result = (1..)
                .zip(units)
                .try_for_each(|(id, unit)| decoder.push(AccessUnit { id, wanted: true, units: &[unit] }));
            assert_eq!(result.unwrap_err().kind, DecodeErrorKind::Damaged, "{kind:?}");
        }
        let mut decoder = kind.open(&[&sps(), &pps()]).unwrap();
        decoder.push(AccessUnit { id: 1, wanted: true, units: &[&a] }).unwrap();
        assert_eq!(decoder.flush().unwrap_err().message, "the last picture lacks its second field", "{kind:?}");
    }
}
