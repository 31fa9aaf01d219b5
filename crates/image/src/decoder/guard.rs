//! What stands in front of every decoder: limits, a net for panics, and a check that nothing is missing.
//!
//! ```text
//! access unit ──► parameter sets within limits? ──► all references there? ──► decoder, panics caught ──► pictures
//! ```

use std::{
    cell::Cell,
    collections::VecDeque,
    fmt,
    panic::{AssertUnwindSafe, catch_unwind},
    time::{Duration, Instant},
};

use fragkit_codec::{avc, hevc};

use super::{
    AccessUnit, DecodeError, DecodeErrorKind, Decoder, Standard,
    continuity::{Continuity, Verdict},
};
use crate::picture::Picture;

/// Bounds on what one decoder may take. Each is named in the error of the stream that reaches it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Luma samples of a picture before cropping: 8192 times 4352, MaxLumaPs of level 6.2 (ITU-T H.265, A.4.1).
    pub max_picture_pixels: u64,
    /// Bytes of all pictures that a parameter set lets a decoder keep, at two bytes a sample: 2 GiB.
    pub max_buffer_bytes: u64,
    /// Slices of a picture: 600, as at level 6.2 (ITU-T H.265, A.4.1).
    pub max_slices: usize,
    /// Time in the decoder for one stretch, five minutes. It is looked at between access units.
    pub max_decode_time: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_picture_pixels: 8192 * 4352,
            max_buffer_bytes: 2 << 30,
            max_slices: 600,
            max_decode_time: Duration::from_secs(300),
        }
    }
}

/// A decoder behind its guard. Every decoder that [`DecoderKind::open`](super::DecoderKind::open) gives is one.
///
/// Beside errors of the decoder itself it gives: [`Limit`](DecodeErrorKind::Limit) before a parameter set that asks for too
/// much gets to the decoder; [`Damaged`](DecodeErrorKind::Damaged) for a picture that refers to one that was not pushed;
/// [`Panic`](DecodeErrorKind::Panic) if the decoder panics. After an error, every call gives it again.
///
/// Pictures that cannot be decoded because they belong to what comes before the first picture (leading pictures of an open
/// group of pictures) do not come out, and are no error.
pub struct Guarded {
    decoder: Option<Box<dyn Decoder>>,
    name: &'static str,
    standard: Standard,
    limits: Limits,
    continuity: Continuity,
    spent: Duration,
    failure: Option<DecodeError>,
    /// The first field of a frame whose other one is to come in the next access unit.
    held: Option<Held>,
    /// Both ids of a frame whose fields came in two access units, where both are wanted.
    twins: Vec<(u32, u32)>,
    finished: VecDeque<(u32, Picture)>,
    /// Ids that are wanted and have not come out of the decoder yet.
    awaited: Vec<u32>,
}

struct Held {
    id: u32,
    wanted: bool,
    units: Vec<Vec<u8>>,
}

impl Guarded {
    /// Opens the decoder that `open` makes of the parameter sets, once these are found within limits. Sets that cannot be
    /// read are left out.
    ///
    /// # Errors
    ///
    /// Those of `open`, [`Limit`](DecodeErrorKind::Limit) and [`Panic`](DecodeErrorKind::Panic).
    pub fn open(
        standard: Standard,
        limits: Limits,
        parameter_sets: &[&[u8]],
        open: impl FnOnce(&[&[u8]]) -> Result<Box<dyn Decoder>, DecodeError>,
    ) -> Result<Self, DecodeError> {
        let mut continuity = Continuity::new(standard);
        let mut usable = Vec::new();
        for unit in parameter_sets {
            match check_set(standard, &limits, unit) {
                Ok(()) => usable.push(*unit),
                Err(error) if error.kind == DecodeErrorKind::Limit => return Err(error),
                Err(_) => continue,
            }
            continuity.add_parameter_set(unit);
        }
        let decoder = caught(|| open(&usable))?;
        Ok(Self {
            name: decoder.name(),
            decoder: Some(decoder),
            standard,
            limits,
            continuity,
            spent: Duration::ZERO,
            failure: None,
            held: None,
            twins: Vec::new(),
            finished: VecDeque::new(),
            awaited: Vec::new(),
        })
    }

    fn check_limits(&self, units: &[&[u8]]) -> Result<(), DecodeError> {
        let Limits { max_slices, max_decode_time, .. } = self.limits;
        if self.spent > max_decode_time {
            return Err(DecodeError::limit("max_decode_time", format!("{} s are spent", self.spent.as_secs())));
        }
        let is_slice = match self.standard {
            Standard::Avc => avc::is_slice,
            Standard::Hevc => hevc::is_slice,
        };
        let slices = units.iter().filter(|unit| is_slice(unit)).count();
        if slices > max_slices {
            return Err(DecodeError::limit("max_slices", format!("a picture has {slices}, {max_slices} is the most")));
        }
        units.iter().try_for_each(|unit| check_set(self.standard, &self.limits, unit))
    }

    fn try_push(&mut self, unit: AccessUnit<'_>) -> Result<(), DecodeError> {
        self.check_limits(unit.units)?;
        // The parsers of slice headers are partly those of a decoder.
        let verdict = caught(|| self.continuity.check(unit))?;
        if verdict == Verdict::HalfOfFrame {
            let units = unit.units.iter().map(|unit| unit.to_vec()).collect();
            self.held = Some(Held { id: unit.id, wanted: unit.wanted, units });
            return Ok(());
        }
        let Some(held) = self.held.take() else { return self.decode(unit, verdict) };
        let units: Vec<&[u8]> = held.units.iter().map(Vec::as_slice).chain(unit.units.iter().copied()).collect();
        let id = if held.wanted { held.id } else { unit.id };
        if held.wanted && unit.wanted {
            self.twins.push((held.id, unit.id));
        }
        self.decode(AccessUnit { id, wanted: held.wanted || unit.wanted, units: &units }, verdict)
    }

    fn decode(&mut self, unit: AccessUnit<'_>, verdict: Verdict) -> Result<(), DecodeError> {
        if verdict == Verdict::Skip {
            return Ok(());
        }
        let hidden = verdict == Verdict::Hide;
        let wanted = unit.wanted && !hidden;
        if wanted {
            self.awaited.push(unit.id);
        }
        match self.call(|decoder| decoder.push(AccessUnit { wanted, ..unit })) {
            // It may well fail for want of what it refers to; that is told of those that it is of use to, if there are any.
            Err(error) if hidden && error.kind == DecodeErrorKind::Damaged => Ok(()),
            result => result,
        }
    }

    /// Calls the decoder, takes its pictures and the time.
    fn call(&mut self, action: impl FnOnce(&mut dyn Decoder) -> Result<(), DecodeError>) -> Result<(), DecodeError> {
        let Some(decoder) = &mut self.decoder else { return Ok(()) };
        let begun = Instant::now();
        let finished = &mut self.finished;
        let before = finished.len();
        let result = caught(|| {
            let result = action(decoder.as_mut());
            while let Some(picture) = decoder.take() {
                finished.push_back(picture);
            }
            result
        });
        self.spent += begun.elapsed();
        let mut copies = Vec::new();
        for (id, picture) in self.finished.iter().skip(before) {
            self.awaited.retain(|awaited| awaited != id);
            if let Some((_, twin)) = self.twins.iter().find(|(first, _)| first == id) {
                copies.push((*twin, picture.clone()));
            }
        }
        self.finished.extend(copies);
        result
    }

    fn try_flush(&mut self) -> Result<(), DecodeError> {
        if self.held.is_some() {
            return Err(DecodeError::damaged("the last picture lacks its second field"));
        }
        self.call(|decoder| decoder.flush())?;
        match self.awaited.first() {
            Some(id) => Err(DecodeError::unsupported(format!("no picture came of access unit {id}"))),
            None => Ok(()),
        }
    }

    /// Remembers an error, and lets go of the decoder, whose state is of no more use.
    fn settle(&mut self, result: Result<(), DecodeError>) -> Result<(), DecodeError> {
        if let Err(error) = &result {
            self.failure = Some(error.clone());
            let decoder = self.decoder.take();
            // A decoder that panicked may do so again when it goes.
            let _ = caught(|| {
                drop(decoder);
                Ok(())
            });
        }
        result
    }
}

impl Decoder for Guarded {
    fn name(&self) -> &'static str {
        self.name
    }

    fn push(&mut self, unit: AccessUnit<'_>) -> Result<(), DecodeError> {
        if let Some(failure) = &self.failure {
            return Err(failure.clone());
        }
        let result = self.try_push(unit);
        self.settle(result)
    }

    fn flush(&mut self) -> Result<(), DecodeError> {
        if let Some(failure) = &self.failure {
            return Err(failure.clone());
        }
        let result = self.try_flush();
        self.settle(result)
    }

    fn take(&mut self) -> Option<(u32, Picture)> {
        self.finished.pop_front()
    }
}

impl fmt::Debug for Guarded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Guarded").field("name", &self.name).field("failure", &self.failure).finish_non_exhaustive()
    }
}

thread_local! {
    static GUARDED: Cell<bool> = const { Cell::new(false) };
}

/// Whether this thread is inside a decoder whose panics are caught and become errors: a panic hook may then say nothing.
#[must_use]
pub fn is_guarded() -> bool {
    GUARDED.get()
}

/// Runs the action with a net under it. What it leaves half done is not used again: see [`Guarded::settle`].
fn caught<T>(action: impl FnOnce() -> Result<T, DecodeError>) -> Result<T, DecodeError> {
    let outer = GUARDED.replace(true);
    let result = catch_unwind(AssertUnwindSafe(action));
    GUARDED.set(outer);
    result.unwrap_or_else(|payload| {
        let text = payload.downcast_ref::<&str>().map(|text| (*text).to_owned());
        let text = text.or_else(|| payload.downcast_ref::<String>().cloned()).unwrap_or_default();
        Err(DecodeError { kind: DecodeErrorKind::Panic, message: format!("the decoder broke down: {text}") })
    })
}

/// Whether a NAL unit is no parameter set that tells of sizes, or one within limits.
fn check_set(standard: Standard, limits: &Limits, unit: &[u8]) -> Result<(), DecodeError> {
    let (width, height, chroma_format_idc, pictures) = match standard {
        Standard::Avc if avc::nal_unit_type(unit) == Some(avc::NAL_SPS) => {
            let sps = avc::Sps::read(unit)?;
            (sps.coded_width(), sps.coded_height(), sps.chroma_format_idc, sps.max_num_ref_frames)
        }
        Standard::Hevc if hevc::nal_unit_type(unit) == Some(hevc::NAL_SPS) && hevc::nuh_layer_id(unit) == Some(0) => {
            let sps = hevc::Sps::read(unit)?;
            let pictures = sps.decoded_picture_buffer.max_dec_pic_buffering_minus1;
            (sps.pic_width_in_luma_samples, sps.pic_height_in_luma_samples, sps.chroma_format_idc, pictures)
        }
        _ => return Ok(()),
    };
    let pixels = u64::from(width).saturating_mul(height.into());
    if pixels > limits.max_picture_pixels {
        let most = limits.max_picture_pixels;
        return Err(DecodeError::limit(
            "max_picture_pixels",
            format!("pictures have {pixels} samples, {most} is the most"),
        ));
    }
    // Half samples of a picture: 2 of luma, and those of chroma. Two halves at two bytes are two bytes.
    let halves = [2, 3, 4, 6].get(usize::from(chroma_format_idc)).copied().unwrap_or(6);
    let bytes = (u64::from(pictures) + KEPT_PICTURES).saturating_mul(pixels).saturating_mul(halves);
    if bytes > limits.max_buffer_bytes {
        let most = limits.max_buffer_bytes;
        return Err(DecodeError::limit(
            "max_buffer_bytes",
            format!("pictures to be kept take {bytes} bytes, {most} is the most"),
        ));
    }
    Ok(())
}

/// Pictures that decoders keep beside references: the one under way, one that comes out, and six buffers to be used again.
const KEPT_PICTURES: u64 = 8;

#[cfg(test)]
mod tests {
    use super::*;

    /// Panics on the access unit of this id.
    struct Fragile(u32);

    impl Decoder for Fragile {
        fn name(&self) -> &'static str {
            "fragile"
        }

        fn push(&mut self, unit: AccessUnit<'_>) -> Result<(), DecodeError> {
            assert!(is_guarded());
            assert!(unit.id != self.0, "id {}", unit.id);
            Ok(())
        }

        fn flush(&mut self) -> Result<(), DecodeError> {
            Ok(())
        }

        fn take(&mut self) -> Option<(u32, Picture)> {
            None
        }
    }

    fn unit(id: u32) -> AccessUnit<'static> {
        AccessUnit { id, wanted: false, units: &[] }
    }

    fn fragile(limits: Limits) -> Guarded {
        Guarded::open(Standard::Avc, limits, &[], |_| Ok(Box::new(Fragile(2)))).unwrap()
    }

    #[test]
    fn a_panic_becomes_an_error_that_stays() {
        let mut guarded = fragile(Limits::default());
        guarded.push(unit(1)).unwrap();
        let error = guarded.push(unit(2)).unwrap_err();
        assert_eq!((error.kind, &*error.message), (DecodeErrorKind::Panic, "the decoder broke down: id 2"));
        assert!(!is_guarded());
        assert_eq!(guarded.push(unit(3)), Err(error.clone()));
        assert_eq!(guarded.flush(), Err(error));
        let opened = Guarded::open(Standard::Hevc, Limits::default(), &[], |_| panic!("in open"));
        assert_eq!(opened.unwrap_err().kind, DecodeErrorKind::Panic);
    }

    #[test]
    fn a_wanted_picture_that_never_comes_is_an_error() {
        let mut guarded = fragile(Limits::default());
        guarded.push(AccessUnit { wanted: true, ..unit(1) }).unwrap();
        assert_eq!(guarded.flush().unwrap_err().message, "no picture came of access unit 1");
    }

    #[test]
    fn limits_of_time_and_slices_are_named() {
        let mut guarded = fragile(Limits { max_decode_time: Duration::ZERO, ..Limits::default() });
        guarded.push(unit(1)).unwrap();
        let error = guarded.push(unit(1)).unwrap_err();
        assert_eq!(error.kind, DecodeErrorKind::Limit);
        assert!(error.message.starts_with("limit max_decode_time: "), "{error}");
        let mut guarded = fragile(Limits { max_slices: 1, ..Limits::default() });
        let units: &[&[u8]] = &[&[0x65], &[0x65]];
        let error = guarded.push(AccessUnit { units, ..unit(1) }).unwrap_err();
        assert_eq!(error.message, "limit max_slices: a picture has 2, 1 is the most");
    }
}
