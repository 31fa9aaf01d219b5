//! The H.265 picture parameter set (ITU-T H.265, 7.3.2.3).
//!
//! ```text
//! pps_pic_parameter_set_id, pps_seq_parameter_set_id
//! slice header options, reference indices
//! quantiser, transform skip, weighted prediction
//! tiles, wavefronts, loop filters
//! scaling_list_data()                               7.3.4
//! pps_range_extension()                             7.3.2.3.2, range extension profiles
//! ```

use super::{
    NAL_PPS,
    scaling::{ScalingList, read_scaling_list_data},
    sps::Sps,
};
use crate::{bits::BitReader, error::Error};

/// A picture parameter set of the base layer, in the names of the standard. Of its extensions the one for range extension
/// profiles is read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pps {
    /// `pps_pic_parameter_set_id`, 0 to 63.
    pub pps_pic_parameter_set_id: u8,
    /// `pps_seq_parameter_set_id`, 0 to 15: the SPS that it goes with.
    pub pps_seq_parameter_set_id: u8,
    /// `dependent_slice_segments_enabled_flag`.
    pub dependent_slice_segments_enabled_flag: bool,
    /// `output_flag_present_flag`.
    pub output_flag_present_flag: bool,
    /// `num_extra_slice_header_bits`.
    pub num_extra_slice_header_bits: u8,
    /// `sign_data_hiding_enabled_flag`.
    pub sign_data_hiding_enabled_flag: bool,
    /// `cabac_init_present_flag`.
    pub cabac_init_present_flag: bool,
    /// `num_ref_idx_l0_default_active_minus1`, 0 to 14.
    pub num_ref_idx_l0_default_active_minus1: u8,
    /// `num_ref_idx_l1_default_active_minus1`, 0 to 14.
    pub num_ref_idx_l1_default_active_minus1: u8,
    /// `init_qp_minus26`, -26 - 6 * bit_depth_luma_minus8 to 25.
    pub init_qp_minus26: i32,
    /// `constrained_intra_pred_flag`.
    pub constrained_intra_pred_flag: bool,
    /// `transform_skip_enabled_flag`.
    pub transform_skip_enabled_flag: bool,
    /// `diff_cu_qp_delta_depth`, when `cu_qp_delta_enabled_flag` is set.
    pub diff_cu_qp_delta_depth: Option<u8>,
    /// `pps_cb_qp_offset`, -12 to 12.
    pub pps_cb_qp_offset: i32,
    /// `pps_cr_qp_offset`, -12 to 12.
    pub pps_cr_qp_offset: i32,
    /// `pps_slice_chroma_qp_offsets_present_flag`.
    pub pps_slice_chroma_qp_offsets_present_flag: bool,
    /// `weighted_pred_flag`.
    pub weighted_pred_flag: bool,
    /// `weighted_bipred_flag`.
    pub weighted_bipred_flag: bool,
    /// `transquant_bypass_enabled_flag`.
    pub transquant_bypass_enabled_flag: bool,
    /// The tiles, when `tiles_enabled_flag` is set.
    pub tiles: Option<Tiles>,
    /// `entropy_coding_sync_enabled_flag`: wavefronts.
    pub entropy_coding_sync_enabled_flag: bool,
    /// `pps_loop_filter_across_slices_enabled_flag`.
    pub pps_loop_filter_across_slices_enabled_flag: bool,
    /// What `deblocking_filter_control_present_flag` announces.
    pub deblocking: Option<Deblocking>,
    /// What `pps_scaling_list_data_present_flag` announces.
    pub scaling_lists: Option<Vec<ScalingList>>,
    /// `lists_modification_present_flag`.
    pub lists_modification_present_flag: bool,
    /// `log2_parallel_merge_level_minus2`, up to CtbLog2SizeY - 2.
    pub log2_parallel_merge_level_minus2: u8,
    /// `slice_segment_header_extension_present_flag`.
    pub slice_segment_header_extension_present_flag: bool,
    /// The eight bits from `pps_range_extension_flag` to `pps_extension_4bits`, 0 when there are none.
    pub extension_flags: u8,
    /// `pps_range_extension()`, where the profile has it.
    pub range_extension: Option<PpsRangeExtension>,
    /// Rules of the standard that it breaks and that decoders do not insist on, with their places.
    pub oddities: Vec<Error>,
}

/// How pictures are cut into tiles.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tiles {
    /// `num_tile_columns_minus1`.
    pub num_tile_columns_minus1: u32,
    /// `num_tile_rows_minus1`.
    pub num_tile_rows_minus1: u32,
    /// `column_width_minus1` and `row_height_minus1` of all but the last, in coding tree blocks; `None` when
    /// `uniform_spacing_flag` is set.
    pub sizes: Option<(Vec<u32>, Vec<u32>)>,
    /// `loop_filter_across_tiles_enabled_flag`.
    pub loop_filter_across_tiles_enabled_flag: bool,
}

/// How the deblocking filter is controlled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Deblocking {
    /// `deblocking_filter_override_enabled_flag`.
    pub deblocking_filter_override_enabled_flag: bool,
    /// `pps_beta_offset_div2` and `pps_tc_offset_div2`, -6 to 6; `None` when `pps_deblocking_filter_disabled_flag` is set.
    pub offsets: Option<(i32, i32)>,
}

/// `pps_range_extension()`, 7.3.2.3.2.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PpsRangeExtension {
    /// `log2_max_transform_skip_block_size_minus2`, when transforms may be skipped.
    pub log2_max_transform_skip_block_size_minus2: Option<u8>,
    /// `cross_component_prediction_enabled_flag`.
    pub cross_component_prediction_enabled_flag: bool,
    /// `diff_cu_chroma_qp_offset_depth`, when `chroma_qp_offset_list_enabled_flag` is set.
    pub diff_cu_chroma_qp_offset_depth: Option<u8>,
    /// `cb_qp_offset_list` and `cr_qp_offset_list`, up to 6 pairs.
    pub chroma_qp_offsets: Vec<(i32, i32)>,
    /// `log2_sao_offset_scale_luma`.
    pub log2_sao_offset_scale_luma: u8,
    /// `log2_sao_offset_scale_chroma`.
    pub log2_sao_offset_scale_chroma: u8,
}

impl Pps {
    /// Reads a whole NAL unit. The SPS that it names is looked for in `sets`; without it, bounds are as wide as any SPS makes
    /// them, and extensions are not read.
    ///
    /// # Errors
    /// [`Missing`](crate::ErrorKind::Missing) for an empty unit, [`Invalid`](crate::ErrorKind::Invalid) for one of another
    /// type or with a value out of range, [`Unsupported`](crate::ErrorKind::Unsupported) for an enhancement layer,
    /// [`Truncated`](crate::ErrorKind::Truncated) for one cut off.
    pub fn read(unit: &[u8], sets: &[Sps]) -> Result<Self, Error> {
        let r = &mut BitReader::rbsp(unit, 2, STRUCTURE, SEMANTICS);
        super::read_header(unit, r, NAL_PPS, "a picture parameter set")?;
        r.cite(SEMANTICS);
        let pps_pic_parameter_set_id = r.ue_max8("pps_pic_parameter_set_id", 63)?;
        let pps_seq_parameter_set_id = r.ue_max8("pps_seq_parameter_set_id", 15)?;
        let sps = sets.iter().find(|sps| sps.sps_seq_parameter_set_id == pps_seq_parameter_set_id);
        let bounds = Bounds::of(sps);
        let mut pps = Self {
            pps_pic_parameter_set_id,
            pps_seq_parameter_set_id,
            dependent_slice_segments_enabled_flag: r.flag("dependent_slice_segments_enabled_flag")?,
            output_flag_present_flag: r.flag("output_flag_present_flag")?,
            num_extra_slice_header_bits: r.u8(3, "num_extra_slice_header_bits")?,
            sign_data_hiding_enabled_flag: r.flag("sign_data_hiding_enabled_flag")?,
            cabac_init_present_flag: r.flag("cabac_init_present_flag")?,
            num_ref_idx_l0_default_active_minus1: r.ue_max8("num_ref_idx_l0_default_active_minus1", 14)?,
            num_ref_idx_l1_default_active_minus1: r.ue_max8("num_ref_idx_l1_default_active_minus1", 14)?,
            init_qp_minus26: r.se_in("init_qp_minus26", -26 - bounds.qp_bd_offset..=25)?,
            constrained_intra_pred_flag: r.flag("constrained_intra_pred_flag")?,
            transform_skip_enabled_flag: r.flag("transform_skip_enabled_flag")?,
            diff_cu_qp_delta_depth: if r.flag("cu_qp_delta_enabled_flag")? {
                Some(r.ue_max8("diff_cu_qp_delta_depth", bounds.log2_diff_coding_block_size)?)
            } else {
                None
            },
            pps_cb_qp_offset: r.se_in("pps_cb_qp_offset", -12..=12)?,
            pps_cr_qp_offset: r.se_in("pps_cr_qp_offset", -12..=12)?,
            pps_slice_chroma_qp_offsets_present_flag: r.flag("pps_slice_chroma_qp_offsets_present_flag")?,
            weighted_pred_flag: r.flag("weighted_pred_flag")?,
            weighted_bipred_flag: r.flag("weighted_bipred_flag")?,
            transquant_bypass_enabled_flag: r.flag("transquant_bypass_enabled_flag")?,
            tiles: None,
            entropy_coding_sync_enabled_flag: false,
            pps_loop_filter_across_slices_enabled_flag: false,
            deblocking: None,
            scaling_lists: None,
            lists_modification_present_flag: false,
            log2_parallel_merge_level_minus2: 0,
            slice_segment_header_extension_present_flag: false,
            extension_flags: 0,
            range_extension: None,
            oddities: Vec::new(),
        };
        let tiles_enabled_flag = r.flag("tiles_enabled_flag")?;
        pps.entropy_coding_sync_enabled_flag = r.flag("entropy_coding_sync_enabled_flag")?;
        if tiles_enabled_flag {
            pps.tiles = Some(Tiles::read(r, &bounds)?);
        }
        pps.pps_loop_filter_across_slices_enabled_flag = r.flag("pps_loop_filter_across_slices_enabled_flag")?;
        if r.flag("deblocking_filter_control_present_flag")? {
            pps.deblocking = Some(Deblocking::read(r)?);
        }
        if r.flag("pps_scaling_list_data_present_flag")? {
            r.cite("ITU-T H.265, 7.4.5");
            pps.scaling_lists = Some(read_scaling_list_data(r)?);
            r.cite(SEMANTICS);
        }
        pps.lists_modification_present_flag = r.flag("lists_modification_present_flag")?;
        pps.log2_parallel_merge_level_minus2 =
            r.ue_max8("log2_parallel_merge_level_minus2", bounds.log2_coding_tree_block_size.saturating_sub(2))?;
        pps.slice_segment_header_extension_present_flag = r.flag("slice_segment_header_extension_present_flag")?;
        pps.read_extensions(r, sps, &bounds)?;
        pps.oddities = r.take_oddities();
        Ok(pps)
    }

    fn read_extensions(&mut self, r: &mut BitReader<'_>, sps: Option<&Sps>, bounds: &Bounds) -> Result<(), Error> {
        if r.flag("pps_extension_present_flag")? {
            self.extension_flags = r.u8(8, "pps_extension_flags")?;
            let has_range = sps.is_some_and(|sps| sps.profile_tier_level.general.profile_idc >= 4);
            if self.extension_flags & 0x80 != 0 && has_range {
                self.range_extension = Some(PpsRangeExtension::read(r, self.transform_skip_enabled_flag, bounds)?);
            }
        }
        // Extensions that are not read leave bits behind.
        if self.extension_flags & 0x7f == 0 && (self.extension_flags == 0 || self.range_extension.is_some()) {
            r.trailing_bits("ITU-T H.265, 7.3.2.11");
        }
        Ok(())
    }
}

/// What the SPS makes of the ranges.
struct Bounds {
    qp_bd_offset: i32,
    log2_diff_coding_block_size: u8,
    log2_coding_tree_block_size: u8,
    log2_max_transform_block_size: u8,
    /// PicWidthInCtbsY and PicHeightInCtbsY.
    size_in_ctbs: Option<(u32, u32)>,
    max_sao_scale: (u8, u8),
}

impl Bounds {
    fn of(sps: Option<&Sps>) -> Self {
        let Some(sps) = sps else {
            return Self {
                qp_bd_offset: 48,
                log2_diff_coding_block_size: 3,
                log2_coding_tree_block_size: 6,
                log2_max_transform_block_size: 5,
                size_in_ctbs: None,
                max_sao_scale: (6, 6),
            };
        };
        let log2 = sps.log2_luma_coding_tree_block_size;
        let ctbs = |samples: u32| samples.div_ceil(1 << log2);
        Self {
            qp_bd_offset: 6 * i32::from(sps.bit_depth_luma_minus8),
            log2_diff_coding_block_size: log2.saturating_sub(sps.log2_min_luma_coding_block_size),
            log2_coding_tree_block_size: log2,
            log2_max_transform_block_size: sps.log2_max_luma_transform_block_size,
            size_in_ctbs: Some((ctbs(sps.pic_width_in_luma_samples), ctbs(sps.pic_height_in_luma_samples))),
            max_sao_scale: (sps.bit_depth_luma_minus8.saturating_sub(2), sps.bit_depth_chroma_minus8.saturating_sub(2)),
        }
    }
}

impl Tiles {
    fn read(r: &mut BitReader<'_>, bounds: &Bounds) -> Result<Self, Error> {
        // Without an SPS: sides of 65535 samples in blocks of 16.
        let (columns, rows) = bounds.size_in_ctbs.unwrap_or((4096, 4096));
        let num_tile_columns_minus1 = r.ue_max("num_tile_columns_minus1", columns.saturating_sub(1))?;
        let num_tile_rows_minus1 = r.ue_max("num_tile_rows_minus1", rows.saturating_sub(1))?;
        let sizes = if r.flag("uniform_spacing_flag")? {
            None
        } else {
            Some((
                read_sizes(r, "column_width_minus1", num_tile_columns_minus1, columns)?,
                read_sizes(r, "row_height_minus1", num_tile_rows_minus1, rows)?,
            ))
        };
        Ok(Self {
            num_tile_columns_minus1,
            num_tile_rows_minus1,
            sizes,
            loop_filter_across_tiles_enabled_flag: r.flag("loop_filter_across_tiles_enabled_flag")?,
        })
    }
}

/// So many sizes, which leave something over for the last tile.
fn read_sizes(r: &mut BitReader<'_>, field: &'static str, count: u32, whole: u32) -> Result<Vec<u32>, Error> {
    let mut sizes = Vec::new();
    let mut left = whole;
    for _ in 0..count {
        let size = r.ue_max(field, left.saturating_sub(2))?;
        left = left.saturating_sub(size).saturating_sub(1);
        sizes.push(size);
    }
    Ok(sizes)
}

impl Deblocking {
    fn read(r: &mut BitReader<'_>) -> Result<Self, Error> {
        Ok(Self {
            deblocking_filter_override_enabled_flag: r.flag("deblocking_filter_override_enabled_flag")?,
            offsets: if r.flag("pps_deblocking_filter_disabled_flag")? {
                None
            } else {
                Some((r.se_in("pps_beta_offset_div2", -6..=6)?, r.se_in("pps_tc_offset_div2", -6..=6)?))
            },
        })
    }
}

impl PpsRangeExtension {
    fn read(r: &mut BitReader<'_>, transform_skip: bool, bounds: &Bounds) -> Result<Self, Error> {
        r.cite("ITU-T H.265, 7.4.3.3.2");
        let mut extension = Self {
            log2_max_transform_skip_block_size_minus2: if transform_skip {
                let max = bounds.log2_max_transform_block_size.saturating_sub(2);
                Some(r.ue_max8("log2_max_transform_skip_block_size_minus2", max)?)
            } else {
                None
            },
            cross_component_prediction_enabled_flag: r.flag("cross_component_prediction_enabled_flag")?,
            diff_cu_chroma_qp_offset_depth: None,
            chroma_qp_offsets: Vec::new(),
            log2_sao_offset_scale_luma: 0,
            log2_sao_offset_scale_chroma: 0,
        };
        if r.flag("chroma_qp_offset_list_enabled_flag")? {
            let depth = r.ue_max8("diff_cu_chroma_qp_offset_depth", bounds.log2_diff_coding_block_size)?;
            extension.diff_cu_chroma_qp_offset_depth = Some(depth);
            for _ in 0..=r.ue_max8("chroma_qp_offset_list_len_minus1", 5)? {
                let cb = r.se_in("cb_qp_offset_list", -12..=12)?;
                extension.chroma_qp_offsets.push((cb, r.se_in("cr_qp_offset_list", -12..=12)?));
            }
        }
        let (luma, chroma) = bounds.max_sao_scale;
        extension.log2_sao_offset_scale_luma = r.ue_max8("log2_sao_offset_scale_luma", luma)?;
        extension.log2_sao_offset_scale_chroma = r.ue_max8("log2_sao_offset_scale_chroma", chroma)?;
        Ok(extension)
    }
}

const STRUCTURE: &str = "H.265 PPS";
const SEMANTICS: &str = "ITU-T H.265, 7.4.3.3";

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::{bits::BitWriter, error::ErrorKind, testdata::hex};

    /// 640x360 in blocks of 64: 10 by 6.
    const SPS: &str = "42010101600000030090000003000003003fa00502016965959a4932bc05a020000003002000000303c1";

    fn sets() -> Vec<Sps> {
        vec![Sps::read(&hex(SPS)).unwrap()]
    }

    fn ue(w: &mut BitWriter, value: u32) {
        let width = u8::try_from(32 - (value + 1).leading_zeros()).unwrap();
        w.put(2 * width - 1, value + 1);
    }

    /// The start of a PPS of all zeros, up to `transquant_bypass_enabled_flag`.
    fn start(ids: (u32, u32)) -> BitWriter {
        let mut w = BitWriter::default();
        w.put(16, 0x4401_u32);
        ue(&mut w, ids.0);
        ue(&mut w, ids.1);
        w.put(7, 0_u32); // dependent slices, output, 3 extra bits, hiding, init
        w.put(3, 0b111_u32); // references, init_qp
        w.put(3, 0_u32); // intra, skip, delta
        w.put(2, 0b11_u32); // offsets
        w.put(4, 0_u32);
        w
    }

    /// Everything behind the tiles, all zeros, with a stop bit.
    fn finish(mut w: BitWriter) -> Vec<u8> {
        w.put(4, 0_u32); // slices, deblocking, scaling, lists
        w.put(1, 1_u32); // merge level
        w.put(2, 0_u32); // header extension, extension
        w.put(1, 1_u32);
        w.finish()
    }

    #[test]
    fn x265_main_is_read_to_its_end() {
        let pps = Pps::read(&hex("4401c172b46240"), &sets()).unwrap();
        assert_eq!((pps.pps_pic_parameter_set_id, pps.pps_seq_parameter_set_id), (0, 0));
        assert!(pps.entropy_coding_sync_enabled_flag);
        assert_eq!((pps.tiles, pps.extension_flags), (None, 0));
        assert_eq!(pps.oddities, []);
    }

    #[test]
    fn tiles_are_uniform_or_sized() {
        let mut w = start((3, 0));
        w.put(2, 0b10_u32);
        ue(&mut w, 2);
        ue(&mut w, 1);
        w.put(2, 0b11_u32);
        let pps = Pps::read(&finish(w), &sets()).unwrap();
        assert_eq!(pps.pps_pic_parameter_set_id, 3);
        let tiles = pps.tiles.unwrap();
        assert_eq!((tiles.num_tile_columns_minus1, tiles.num_tile_rows_minus1, tiles.sizes), (2, 1, None));
        assert_eq!(pps.oddities, []);

        let mut w = start((0, 0));
        w.put(2, 0b10_u32);
        ue(&mut w, 2);
        ue(&mut w, 0);
        w.put(1, 0_u32);
        ue(&mut w, 3);
        ue(&mut w, 2);
        w.put(1, 0_u32);
        let tiles = Pps::read(&finish(w), &sets()).unwrap().tiles.unwrap();
        assert_eq!(tiles.sizes, Some((vec![3, 2], vec![])));
    }

    #[test]
    fn tiles_wider_than_the_picture_are_refused() {
        let sps = sets().remove(0);
        let columns = sps.pic_width_in_luma_samples.div_ceil(1 << sps.log2_luma_coding_tree_block_size);
        let mut w = start((0, 0));
        w.put(2, 0b10_u32);
        ue(&mut w, columns);
        let error = Pps::read(&finish(w), &sets()).unwrap_err();
        assert_eq!(error.field(), "num_tile_columns_minus1");
        let mut w = start((0, 0));
        w.put(2, 0b10_u32);
        ue(&mut w, 1);
        ue(&mut w, 0);
        w.put(1, 0_u32);
        ue(&mut w, columns - 1);
        let error = Pps::read(&finish(w), &sets()).unwrap_err();
        assert_eq!(error.field(), "column_width_minus1");
    }

    #[test]
    fn range_extension_is_read_where_the_profile_has_it() {
        let mut sets = sets();
        let unit = || {
            let mut w = start((0, 0));
            w.put(2, 0_u32);
            w.put(4, 0_u32);
            w.put(1, 1_u32);
            w.put(2, 0b01_u32); // extension
            w.put(8, 0x80_u32); // range
            w.put(2, 0b11_u32); // cross component, list
            for value in [0, 1] {
                ue(&mut w, value);
            }
            for value in [1, 2, 3, 4] {
                ue(&mut w, value); // 1, -1, 2, -2
            }
            w.put(2, 0b11_u32); // scales
            w.put(1, 1_u32);
            w.finish()
        };
        assert_eq!(Pps::read(&unit(), &sets).unwrap().range_extension, None);
        sets[0].profile_tier_level.general.profile_idc = 4;
        let pps = Pps::read(&unit(), &sets).unwrap();
        let extension = pps.range_extension.unwrap();
        assert!(extension.cross_component_prediction_enabled_flag);
        assert_eq!(extension.chroma_qp_offsets, [(1, -1), (2, -2)]);
        assert_eq!(pps.oddities, []);
    }

    #[test]
    fn values_out_of_range_are_refused_with_their_place() {
        let error = Pps::read(&finish(start((64, 0))), &sets()).unwrap_err();
        assert_eq!(
            error.to_string(),
            "H.265 PPS byte 2: pps_pic_parameter_set_id is 64, the range is 0 to 63 (ITU-T H.265, 7.4.3.3)"
        );
        assert_eq!(Pps::read(&finish(start((0, 16))), &sets()).unwrap_err().field(), "pps_seq_parameter_set_id");
        assert_eq!(Pps::read(&hex("440180"), &sets()).unwrap_err().kind(), ErrorKind::Truncated);
        assert_eq!(Pps::read(&hex("4201"), &sets()).unwrap_err().field(), "nal_unit_type");
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_without_panic(tail: Vec<u8>, range: bool) {
            let mut unit = hex("4401");
            unit.extend(tail);
            let mut sets = sets();
            if range {
                sets[0].profile_tier_level.general.profile_idc = 4;
            }
            let _ = Pps::read(&unit, &sets);
            let _ = Pps::read(&unit, &[]);
        }
    }
}
