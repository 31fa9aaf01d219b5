//! What stands around every decoder: limits, panics, and damage that decoders conceal.

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

use fragkit_codec::{avc, hevc};

use super::continuity::Continuity;
use super::{AccessUnit, DecodeError, DecodeErrorKind, Decoder, DecoderKind};
use crate::picture::Picture;

/// What decoders may use. Each is named in the error that passing it gives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Luma samples of a coded picture. Each takes some 20 bytes in a decoder, times the reference pictures that are kept.
    pub max_picture_pixels: u64,
    /// Bytes that the pictures may take that a stream tells its decoder to keep (H.264, `max_num_ref_frames`; H.265,
    /// `sps_max_dec_pic_buffering_minus1`).
    pub max_buffer_bytes: u64,
    /// How long decoding may take from a picture that stands on its own to the last one that is wanted. It is looked at between
    /// access units.
    pub max_decode_time: Duration,
}

impl Default for Limits {
    /// 8192 x 4352 samples (level 6.2 of both standards), 1 GiB, and a minute.
    fn default() -> Self {
        Limits {
            max_picture_pixels: 8192 * 4352,
            max_buffer_bytes: 1 << 30,
            max_decode_time: Duration::from_secs(60),
        }
    }
}

/// A decoder that a stranger's bytes can be given to.
pub struct Guarded {
    name: &'static str,
    /// None after it broke down.
    decoder: Option<Box<dyn Decoder>>,
    limits: Limits,
    begun: Instant,
    hevc: bool,
    continuity: Continuity,
}

impl std::fmt::Debug for Guarded {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Guarded").field("name", &self.name).finish_non_exhaustive()
    }
}

thread_local! {
    static GUARDED: Cell<bool> = const { Cell::new(false) };
}

/// Whether this thread is within a decoder, whose panic becomes an error: a program's panic hook may then be silent.
#[must_use]
pub fn is_guarded() -> bool {
    GUARDED.get()
}

/// Runs a step of a decoder; a panic becomes an error.
fn guarded<T>(step: impl FnOnce() -> T) -> Result<T, DecodeError> {
    let before = GUARDED.replace(true);
    // The decoder is not used again after a panic.
    let done = catch_unwind(AssertUnwindSafe(step));
    GUARDED.set(before);
    done.map_err(|panic| {
        let said = panic.downcast_ref::<&str>().copied().or_else(|| panic.downcast_ref::<String>().map(|said| &**said));
        let said = said.unwrap_or("without a word").lines().next().unwrap_or_default();
        DecodeError::new(DecodeErrorKind::Panic, format!("the decoder broke down: {said}"))
    })
}

impl Guarded {
    /// Opens a decoder of this kind; see [`DecoderKind::open`].
    ///
    /// # Errors
    ///
    /// If the parameter sets pass the limits, or the decoder does not take them.
    pub fn open(kind: DecoderKind, parameter_sets: &[&[u8]], limits: &Limits) -> Result<Self, DecodeError> {
        let hevc = parameter_sets.iter().any(|unit| {
            avc::nal_unit_type(unit) != Some(avc::NAL_SPS) && hevc::nal_unit_type(unit) == Some(hevc::NAL_SPS)
        });
        let mut guard = Guarded {
            name: "a decoder",
            decoder: None,
            limits: limits.clone(),
            begun: Instant::now(),
            hevc,
            continuity: Continuity::default(),
        };
        guard.parameter_sets(parameter_sets)?;
        let decoder = guarded(|| kind.open(parameter_sets))??;
        Ok(Guarded { name: decoder.name(), decoder: Some(decoder), ..guard })
    }

    /// Says that reference pictures before the next unit were left out on purpose, since no wanted picture refers to them.
    pub fn expect_gap(&mut self) {
        self.continuity.forget();
    }

    /// Holds parameter sets against the limits, before the decoder sees them.
    fn parameter_sets(&mut self, units: &[&[u8]]) -> Result<(), DecodeError> {
        for unit in units {
            let (width, height, kept, depth) = if self.hevc {
                if hevc::nal_unit_type(unit) != Some(hevc::NAL_SPS) {
                    continue;
                }
                let Ok(sps) = hevc::Sps::read(unit) else { continue };
                let (width, height) = (sps.pic_width_in_luma_samples, sps.pic_height_in_luma_samples);
                let depth = sps.bit_depth_luma_minus8.max(sps.bit_depth_chroma_minus8);
                // Up to 16 pictures (H.265, A.4.2).
                (width, height, 17, depth)
            } else {
                self.continuity.picture_set(unit);
                if avc::nal_unit_type(unit) != Some(avc::NAL_SPS) {
                    continue;
                }
                let Ok(sps) = avc::Sps::read(unit) else { continue };
                self.continuity.sequence(&sps);
                let depth = sps.bit_depth_luma_minus8.max(sps.bit_depth_chroma_minus8);
                (sps.coded_width(), sps.coded_height(), u64::from(sps.max_num_ref_frames) + 1, depth)
            };
            let pixels = u64::from(width) * u64::from(height);
            if pixels > self.limits.max_picture_pixels {
                let most = self.limits.max_picture_pixels;
                let message = format!("pictures of {width} x {height} samples, {most} are allowed (limit max_picture_pixels)");
                return Err(DecodeError::new(DecodeErrorKind::Limit, message));
            }
            // Three planes as large as luma at the most, and as much again for motion.
            let bytes = pixels.saturating_mul(if depth > 0 { 8 } else { 4 }).saturating_mul(kept);
            if bytes > self.limits.max_buffer_bytes.saturating_mul(if self.hevc { 4 } else { 1 }) {
                let most = self.limits.max_buffer_bytes;
                let message = format!("{kept} pictures of {width} x {height} samples have to be kept, {most} bytes are allowed (limit max_buffer_bytes)");
                return Err(DecodeError::new(DecodeErrorKind::Limit, message));
            }
        }
        Ok(())
    }

    /// A step of the decoder, which is not asked again after it failed.
    fn step(&mut self, step: impl FnOnce(&mut dyn Decoder) -> Result<(), DecodeError>) -> Result<(), DecodeError> {
        let Some(mut decoder) = self.decoder.take() else {
            return Err(DecodeError::new(DecodeErrorKind::Damaged, "the decoder has stopped"));
        };
        let done = guarded(|| step(&mut *decoder))?;
        self.decoder = Some(decoder);
        done
    }
}

impl Decoder for Guarded {
    fn name(&self) -> &'static str {
        self.name
    }

    fn push(&mut self, unit: AccessUnit<'_>) -> Result<(), DecodeError> {
        self.parameter_sets(unit.units)?;
        if !self.hevc
            && let Err((found, expected)) = self.continuity.check(unit.units)
        {
            let message = format!("frames before it are missing: frame_num is {found}, {expected} is expected (ITU-T H.264, 7.4.3)");
            return Err(DecodeError::new(DecodeErrorKind::Damaged, message));
        }
        let most = self.limits.max_decode_time;
        if self.begun.elapsed() > most {
            let message = format!("decoding takes longer than {} s (limit max_decode_time)", most.as_secs_f64());
            return Err(DecodeError::new(DecodeErrorKind::Limit, message));
        }
        self.step(|decoder| decoder.push(unit))
    }

    fn flush(&mut self) -> Result<(), DecodeError> {
        self.step(|decoder| decoder.flush())
    }

    fn take(&mut self) -> Option<(u32, Picture)> {
        let mut taken = None;
        // A failure was told of before.
        let _ = self.step(|decoder| {
            taken = decoder.take();
            Ok(())
        });
        taken
    }
}
