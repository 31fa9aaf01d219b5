//! What happens in a stream that somebody may want to know of.

use crate::continuity::Change;
use crate::fragment::Head;
use crate::number::FragmentNumber;
use crate::service::ServiceException;
use crate::time::Timestamp;

/// Something that happens at one place of the stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// What it is.
    pub kind: EventKind,
    /// When: the time of the chunk it is in, or of the last one that had a time.
    pub time: Option<Timestamp>,
    /// Where, in bytes from the start of the input.
    pub offset: u64,
    /// The fragment it is in, if that has a number.
    pub fragment_number: Option<FragmentNumber>,
}

/// What happens.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum EventKind {
    /// A fragment starts before the one in front of it has ended.
    Overlap {
        /// By so many milliseconds.
        ms: i64,
    },
    /// A fragment with the number of an earlier one. Its media is not counted again.
    DuplicateNumber,
    /// A fragment that starts at the same time as an earlier one, with another number.
    DuplicateStart,
    /// A fragment starts earlier than the one in front of it.
    TimeBack {
        /// By so many milliseconds.
        ms: i64,
    },
    /// The number of a fragment is lower than that of the one in front of it.
    NumberBack,
    /// The service began to count anew, as it does for each connection of a producer. This is read from the digits of fragment
    /// numbers, of which the service promises nothing: see [`FragmentNumber::decode`].
    NewSession,
    /// Fragments lack between two of the same session, by the same digits.
    NumbersSkipped {
        /// How many.
        count: u64,
    },
    /// Tracks or private data are others than before.
    TracksChange(Change),
    /// The chunk is cut off. Its media is not counted.
    Cut,
    /// The chunk is damaged. Its media is not counted.
    Broken,
    /// The chunk has headers or tags only.
    NoMedia,
    /// The service reports an exception in the chunk. Very long messages are shortened.
    Exception(ServiceException),
}

impl EventKind {
    /// A name that does not change: `overlap`, `duplicate_number` …
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            EventKind::Overlap { .. } => "overlap",
            EventKind::DuplicateNumber => "duplicate_number",
            EventKind::DuplicateStart => "duplicate_start",
            EventKind::TimeBack { .. } => "time_back",
            EventKind::NumberBack => "number_back",
            EventKind::NewSession => "new_session",
            EventKind::NumbersSkipped { .. } => "numbers_skipped",
            EventKind::TracksChange(_) => "tracks_change",
            EventKind::Cut => "cut",
            EventKind::Broken => "broken",
            EventKind::NoMedia => "no_media",
            EventKind::Exception(_) => "exception",
        }
    }

    /// How many bytes of text it holds.
    pub(super) fn text_bytes(&self) -> usize {
        match self {
            EventKind::TracksChange(Change::Codec { before, after, .. }) => before.len().saturating_add(after.len()),
            EventKind::TracksChange(Change::Format { what, .. }) => what.len(),
            EventKind::Exception(exception) => exception.message.len(),
            _ => 0,
        }
    }
}

/// What the number of a fragment says about the one in front of it.
pub(super) fn between(before: &FragmentNumber, after: &FragmentNumber) -> Option<EventKind> {
    if after < before {
        return Some(EventKind::NumberBack);
    }
    let (before, after) = (before.decode()?.sequence, after.decode()?.sequence);
    // Sessions have been seen to count from the next multiple of 1000 on.
    let session = |sequence: u64| sequence.saturating_sub(1) / 1000;
    match after.checked_sub(before)? {
        0 | 1 => None,
        step if session(before) == session(after) => Some(EventKind::NumbersSkipped { count: step - 1 }),
        _ => Some(EventKind::NewSession),
    }
}

/// The exception of a chunk as it is kept.
pub(super) fn exception(head: &Head) -> Option<EventKind> {
    let exception = head.exception.as_ref()?;
    let message = match exception.message.char_indices().nth(LONGEST_MESSAGE) {
        Some((end, _)) => exception.message.get(..end).unwrap_or_default().to_owned() + "…",
        None => exception.message.clone(),
    };
    Some(EventKind::Exception(ServiceException { code: exception.code, message }))
}

/// Characters of an exception's message.
const LONGEST_MESSAGE: usize = 500;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::number::DecodedNumber;

    #[test]
    fn numbers_tell_skipped_fragments_from_new_sessions() {
        let number = |sequence| DecodedNumber {
            sequence,
            server_timestamp: Timestamp::from_millis(sequence.cast_signed()),
            random: 7,
        };
        let told = |before, after| between(&number(before).encode(), &number(after).encode());
        assert_eq!(told(1, 2), None);
        assert_eq!(told(34_002, 34_006), Some(EventKind::NumbersSkipped { count: 3 }));
        // As was seen: 34001 and then 35001.
        assert_eq!(told(34_001, 35_001), Some(EventKind::NewSession));
        assert_eq!(told(35_000, 35_001), None);
        assert_eq!(told(7, 6), Some(EventKind::NumberBack));
        assert_eq!(between(&FragmentNumber::from(1), &FragmentNumber::from(9)), None);
    }

    #[test]
    fn the_message_of_an_exception_is_shortened_between_characters() {
        let long = ServiceException { code: Some(1), message: "ä".repeat(5000) };
        let head = Head { exception: Some(long), ..Head::empty(0) };
        let Some(EventKind::Exception(kept)) = exception(&head) else { panic!() };
        assert_eq!(kept.message.chars().count(), LONGEST_MESSAGE + 1);
    }
}
