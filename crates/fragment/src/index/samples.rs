//! The samples of one fragment as an index keeps them: in eight bytes each where they are as those of sound nearly always are,
//! so that an index of small frames is small and quickly gone through.

use std::borrow::Cow;

use super::{Form, Sample};
use crate::time::Nanos;

/// In stored order.
#[derive(Debug)]
pub(super) enum Samples {
    /// Each with all that is known of it.
    Each(Vec<Sample>),
    /// All stored as they are to be written, of one track, alike in their key flags, each a little behind the one before.
    Steps {
        /// The first of them.
        first: Sample,
        /// The others.
        steps: Vec<Step>,
    },
}

/// A sample by how it differs from the one before.
#[derive(Debug, Clone, Copy)]
pub(super) struct Step {
    /// How much later it is presented, in nanoseconds.
    later_ns: u32,
    /// How many bytes lie between the two in the input: of sound, the header of its block.
    gap: u16,
    size: u16,
}

impl Default for Samples {
    fn default() -> Self {
        Samples::Each(Vec::new())
    }
}

impl Samples {
    /// These, in less room if they are so that it can be.
    pub(super) fn of(samples: Vec<Sample>) -> Samples {
        match steps(&samples, Vec::new()) {
            Some((first, steps)) => Samples::Steps { first, steps },
            None => Samples::Each(samples),
        }
    }

    /// The same of samples that are not given away, with room for steps, if there is to be any.
    pub(super) fn packed(samples: &[Sample], room: Vec<Step>) -> Samples {
        match steps(samples, room) {
            Some((first, steps)) => Samples::Steps { first, steps },
            None => Samples::Each(samples.to_vec()),
        }
    }

    /// As a slice, to be asked for once and not for every sample.
    pub(super) fn unpacked(&self) -> Cow<'_, [Sample]> {
        match self {
            Samples::Each(samples) => Cow::Borrowed(samples),
            Samples::Steps { first, steps } => {
                let mut samples = Vec::with_capacity(self.len());
                samples.push(*first);
                samples.extend(behind(*first, steps));
                Cow::Owned(samples)
            }
        }
    }

    /// Calls `each` with one after the other, if they are packed.
    #[inline]
    pub(super) fn each_packed<E>(&self, mut each: impl FnMut(&Sample) -> Result<(), E>) -> Option<Result<(), E>> {
        let Samples::Steps { first, steps } = self else { return None };
        Some(each(first).and_then(|()| behind(*first, steps).try_for_each(|sample| each(&sample))))
    }

    /// Calls `write` with one after the other, if they are packed, and notes that as many bytes as it says lie back to back from `offset`
    /// on.
    pub(super) fn write_packed<E>(
        &mut self,
        offset: u64,
        mut write: impl FnMut(&Sample) -> Result<u32, E>,
    ) -> Option<Result<(), E>> {
        let Samples::Steps { first, steps } = self else { return None };
        let written = || {
            let mut sample = *first;
            (first.size, first.offset) = (write(&sample)?, offset);
            for step in steps {
                sample = step.from(&sample);
                // No more than were asked for.
                let size = u16::try_from(write(&sample)?).unwrap_or(step.size);
                *step = Step { gap: 0, size, ..*step };
            }
            Ok(())
        };
        Some(written())
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        match self {
            Samples::Each(samples) => samples.len(),
            Samples::Steps { steps, .. } => steps.len() + 1,
        }
    }
}

/// The samples that come by these steps from the first.
#[inline]
fn behind(mut sample: Sample, steps: &[Step]) -> impl Iterator<Item = Sample> {
    steps.iter().map(move |step| {
        sample = step.from(&sample);
        sample
    })
}

/// The first sample, and the steps from each to the next.
fn steps(samples: &[Sample], mut steps: Vec<Step>) -> Option<(Sample, Vec<Step>)> {
    let (&first, rest) = samples.split_first().filter(|(first, _)| first.form == Form::AsStored)?;
    let mut before = first;
    for &sample in rest {
        // What does not hold for the second holds for none: video is told by that, and not gone through.
        let step = Step::between(&before, &sample)?;
        if steps.is_empty() {
            steps.reserve_exact(rest.len());
        }
        steps.push(step);
        before = sample;
    }
    Some((first, steps))
}

impl Step {
    fn between(before: &Sample, sample: &Sample) -> Option<Step> {
        let alike = before.track == sample.track && before.keyframe == sample.keyframe && before.form == sample.form;
        let end = before.offset.checked_add(before.size.into())?;
        let step = Step {
            later_ns: u32::try_from(sample.time.0.checked_sub(before.time.0)?).ok()?,
            gap: u16::try_from(sample.offset.checked_sub(end)?).ok()?,
            size: u16::try_from(sample.size).ok()?,
        };
        alike.then_some(step)
    }

    /// The sample that comes by this step from the one before it.
    #[inline]
    fn from(self, before: &Sample) -> Sample {
        Sample {
            // Nothing can overflow that did not before it was packed, and this is asked for every frame.
            offset: before.offset.wrapping_add(before.size.into()).wrapping_add(self.gap.into()),
            time: Nanos(before.time.0.wrapping_add(self.later_ns.into())),
            size: self.size.into(),
            ..*before
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn sample(offset: u64, time: i64, size: u32) -> Sample {
        Sample { offset, time: Nanos(time), size, track: 0, keyframe: true, form: Form::AsStored }
    }

    fn same(samples: &[Sample]) -> bool {
        let packed = Samples::of(samples.to_vec());
        assert_eq!(format!("{:?}", Samples::packed(samples, Vec::new())), format!("{packed:?}"));
        assert_eq!(packed.len(), samples.len());
        assert_eq!(format!("{:?}", packed.unpacked()), format!("{samples:?}"));
        matches!(packed, Samples::Steps { .. })
    }

    #[test]
    fn what_lies_in_steps_is_packed() {
        let sound = [sample(100, -5, 66), sample(173, 21_333_328, 70), sample(250, 21_333_328, 0)];
        assert!(same(&sound));
        // An extreme start does no harm.
        assert!(same(&[sample(u64::MAX, i64::MIN, 0), sample(u64::MAX, i64::MIN + 1, 3)]));
        assert!(same(&sound[..1]));
        assert!(!same(&[]));
    }

    #[test]
    fn what_is_not_alike_or_too_far_is_kept_as_it_is() {
        let first = sample(100, 1000, 66);
        let next = sample(173, 2000, 66);
        assert!(same(&[first, next]));
        for other in [
            Sample { track: 1, ..next },
            Sample { keyframe: false, ..next },
            Sample { form: Form::Stripped, ..next },
            Sample { offset: 165, ..next },
            Sample { offset: 166 + (1 << 17), ..next },
            Sample { size: 65_536, ..next },
            Sample { time: Nanos(999), ..next },
            Sample { time: Nanos(1 << 33), ..next },
            Sample { time: Nanos(i64::MIN), ..next },
        ] {
            assert!(!same(&[first, other]), "{other:?}");
            assert!(!same(&[first, next, other]), "{other:?}");
        }
        assert!(!same(&[Sample { form: Form::Stripped, ..first }, Sample { form: Form::Stripped, ..next }]));
    }

    proptest! {
        #[test]
        fn packing_loses_nothing(
            start in (0_u64..1 << 50, -1_i64 << 50..1 << 50),
            steps in prop::collection::vec((-1_i64..1 << 33, 0_u64..1 << 17, 0_u32..1 << 17), 0..20),
            small in any::<bool>(),
        ) {
            let (mut offset, mut time) = start;
            let mut samples = vec![sample(offset, time, 10)];
            for (later, gap, size) in steps {
                let (later, gap, size) = if small { (later.max(0) >> 2, gap >> 2, size >> 2) } else { (later, gap, size) };
                offset += u64::from(samples.last().unwrap().size) + gap;
                time += later;
                samples.push(sample(offset, time, size));
            }
            prop_assert!(same(&samples) || !small);
        }
    }
}
