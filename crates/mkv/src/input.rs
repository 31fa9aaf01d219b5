//! The bytes that were pushed and not yet let go: read in place, joined only where an element spans two pushes, and kept
//! as far back as the search for the next document may have to go.

use std::collections::VecDeque;

use bytes::{Bytes, BytesMut};

use crate::vint::MAX_HEADER_LEN;

/// Pushes smaller than this are gathered, so that a stream of single bytes does not become a list of single bytes.
const SMALL_PUSH: usize = 4096;

/// How much is gathered at most.
const GATHERED: usize = 4 * SMALL_PUSH;

#[derive(Debug, Default)]
pub(crate) struct Input {
    /// From `base` on, without holes, each with its absolute offset.
    segments: VecDeque<(u64, Bytes)>,
    /// Small pushes, after the last segment.
    tail: Vec<u8>,
    /// Absolute offset of the first byte of the first segment.
    base: u64,
    /// How many segments, from the first one on, were looked at by [`Input::join_small`].
    tidy: usize,
    /// Which segment the next byte is in, that segment again, and where in it.
    segment: usize,
    current: Bytes,
    cursor: usize,
    /// Absolute offset of the next byte.
    offset: u64,
    /// How many bytes can be read, the tail included.
    available: u64,
}

impl Input {
    /// Of a stream whose bytes before this offset are not pushed.
    pub(crate) fn starting_at(offset: u64) -> Self {
        Input { base: offset, offset, ..Input::default() }
    }

    pub(crate) fn push(&mut self, bytes: Bytes) {
        self.available += len(&bytes);
        if bytes.len() < SMALL_PUSH {
            if self.tail.len() + bytes.len() > GATHERED {
                self.settle();
            }
            self.tail.extend_from_slice(&bytes);
        } else {
            self.settle();
            self.append(bytes);
        }
    }

    /// Makes a segment of the tail.
    fn settle(&mut self) {
        if !self.tail.is_empty() {
            let tail = Bytes::copy_from_slice(&self.tail);
            self.tail.clear();
            self.append(tail);
        }
    }

    fn append(&mut self, bytes: Bytes) {
        let start = self.segments.back().map_or(self.base, |(start, last)| start + len(last));
        self.segments.push_back((start, bytes));
    }

    /// Offset of the next byte, from the first one ever pushed.
    pub(crate) fn offset(&self) -> u64 {
        self.offset
    }

    pub(crate) fn available(&self) -> u64 {
        self.available
    }

    /// What can be read without a copy right now. Empty only at the end of what was pushed.
    #[inline]
    pub(crate) fn front(&mut self) -> &[u8] {
        self.settle_cursor_at_end();
        self.current.get(self.cursor..).unwrap_or_default()
    }

    /// The same, to be kept.
    pub(crate) fn front_bytes(&mut self) -> Bytes {
        self.settle_cursor_at_end();
        self.current.slice(self.cursor.min(self.current.len())..)
    }

    /// Moves the cursor off the end of a finished segment, if it is there.
    #[inline]
    fn settle_cursor_at_end(&mut self) {
        if self.cursor >= self.current.len() {
            self.settle_cursor();
        }
    }

    fn settle_cursor(&mut self) {
        if self.segments.get(self.segment).is_none_or(|(_, segment)| self.cursor >= segment.len()) {
            if self.segment < self.segments.len() {
                self.segment += 1;
                self.cursor = 0;
            }
            if self.segment >= self.segments.len() {
                self.settle();
            }
        }
        self.current = self.segments.get(self.segment).map(|(_, segment)| segment.clone()).unwrap_or_default();
    }

    /// Joins small segments that lie behind the cursor, so that a stream that is read byte by byte is not kept as a list of
    /// bytes. Only those of like size are joined: each byte is copied a few times at most.
    fn join_small(&mut self) {
        while self.tidy < self.segment {
            let joined = self.tidy.checked_sub(1).and_then(|before| {
                let ((start, first), (_, second)) = (self.segments.get(before)?, self.segments.get(self.tidy)?);
                let alike = first.len() < 2 * second.len() && first.len() + second.len() <= SMALL_PUSH;
                alike.then(|| (before, (*start, Bytes::from([&first[..], &second[..]].concat()))))
            });
            match joined {
                Some((before, joined)) => {
                    self.segments.remove(before);
                    if let Some(place) = self.segments.get_mut(before) {
                        *place = joined;
                    }
                    self.segment -= 1;
                    self.tidy = before;
                }
                None => self.tidy += 1,
            }
        }
    }

    /// The next bytes, as many as an element header can have or as there are.
    pub(crate) fn head<'a>(&'a mut self, joined: &'a mut [u8; MAX_HEADER_LEN]) -> &'a [u8] {
        let front = self.front().len();
        if front >= joined.len() || u64::try_from(front) == Ok(self.available) {
            return self.front();
        }
        let mut filled = 0;
        let mut cursor = self.cursor;
        let tail: &[u8] = &self.tail;
        for segment in self.segments.iter().skip(self.segment).map(|(_, segment)| &segment[..]).chain([tail]) {
            for (to, from) in joined.iter_mut().skip(filled).zip(segment.iter().skip(cursor)) {
                *to = *from;
                filled += 1;
            }
            cursor = 0;
        }
        joined.get(..filled).unwrap_or_default()
    }

    /// The next `total` bytes without the first `header` of them, if they lie in one piece: the common case of
    /// [`Input::take`].
    #[inline]
    pub(crate) fn take_behind(&mut self, header: usize, total: usize) -> Option<Bytes> {
        let end = self.cursor.checked_add(total)?;
        if end > self.current.len() {
            return None;
        }
        let bytes = self.current.slice(self.cursor + header..end);
        self.step(total);
        Some(bytes)
    }

    /// The next `count` bytes: a slice of what was pushed, or a copy where they span pushes, which then takes their place here,
    /// so that they are not held twice. `None` if there are fewer.
    pub(crate) fn take(&mut self, count: u64) -> Option<Bytes> {
        self.settle_cursor_at_end();
        let (first, from) = (self.segment, self.cursor);
        let bytes = self.read(count)?;
        if self.segment > first && !bytes.is_empty() {
            self.put_in_place(first, from, bytes.clone());
        }
        Some(bytes)
    }

    /// Makes one segment of what was just read, from byte `from` of segment `first` on.
    fn put_in_place(&mut self, first: usize, from: usize, bytes: Bytes) {
        let Some((start, before)) = self.segments.get(first).cloned() else { return };
        let behind =
            self.segments.get(self.segment).map(|(_, segment)| segment.slice(self.cursor..)).unwrap_or_default();
        let end = (self.segment + 1).min(self.segments.len());
        self.segments.drain(first..end);
        self.tidy = self.tidy.min(first);
        let mut at = first;
        if from > 0 {
            self.segments.insert(at, (start, before.slice(..from)));
            at += 1;
        }
        self.segments.insert(at, (self.offset - len(&bytes), bytes));
        at += 1;
        if !behind.is_empty() {
            self.segments.insert(at, (self.offset, behind));
        }
        self.segment = at;
        self.cursor = 0;
        self.current = self.segments.get(at).map(|(_, segment)| segment.clone()).unwrap_or_default();
    }

    /// The next `count` bytes: a slice of what was pushed, or a copy where they span pushes. `None` if there are fewer.
    fn read(&mut self, count: u64) -> Option<Bytes> {
        if count > self.available {
            return None;
        }
        let count_here = usize::try_from(count).ok()?;
        if self.front().len() >= count_here {
            let end = self.cursor + count_here;
            let bytes = self.current.slice(self.cursor..end);
            self.step(count_here);
            return Some(bytes);
        }
        let mut joined = BytesMut::with_capacity(count_here);
        while joined.len() < count_here {
            let missing = count_here - joined.len();
            let front = self.front();
            let part = front.get(..missing).unwrap_or(front);
            joined.extend_from_slice(part);
            let step = part.len();
            self.step(step);
        }
        Some(joined.freeze())
    }

    /// Like [`Input::take`], but stays where it is.
    pub(crate) fn peek(&mut self, count: u64) -> Option<Bytes> {
        self.settle_cursor_at_end();
        let before = (self.segment, self.current.clone(), self.cursor, self.offset, self.available);
        let bytes = self.read(count);
        (self.segment, self.current, self.cursor, self.offset, self.available) = before;
        bytes
    }

    /// Steps over up to `count` bytes and says how many there were.
    pub(crate) fn skip(&mut self, count: u64) -> u64 {
        let total = count.min(self.available);
        let mut left = total;
        while left > 0 {
            let front = self.front().len();
            let step = usize::try_from(left).unwrap_or(usize::MAX).min(front);
            self.step(step);
            left -= u64::try_from(step).unwrap_or(u64::MAX);
        }
        total
    }

    /// Goes on at `offset`, which lies ahead: over bytes that were pushed, and over bytes that will not be.
    pub(crate) fn leap(&mut self, offset: u64) {
        if offset <= self.offset + self.available {
            self.skip(offset.saturating_sub(self.offset));
        } else {
            *self = Input::starting_at(offset);
        }
    }

    /// Steps over bytes of [`Input::front`].
    #[inline]
    pub(crate) fn step(&mut self, count: usize) {
        self.cursor += count;
        let count = u64::try_from(count).unwrap_or(u64::MAX);
        self.offset += count;
        self.available -= count;
    }

    /// Steps to the next byte that is one of `first` and says whether there is one among the next `within` bytes; without one,
    /// these are gone over.
    pub(crate) fn find2(&mut self, first: [u8; 2], mut within: u64) -> bool {
        loop {
            let front = self.front();
            let front = usize::try_from(within).ok().and_then(|within| front.get(..within)).unwrap_or(front);
            if front.is_empty() {
                return false;
            }
            let found = memchr::memchr2(first[0], first[1], front);
            let step = found.unwrap_or(front.len());
            within -= len(front);
            self.step(step);
            if found.is_some() {
                return true;
            }
        }
    }

    /// Lets go of what lies before `offset`, as far as whole segments do.
    #[inline]
    pub(crate) fn release(&mut self, offset: u64) {
        if self.segment > 0 {
            self.release_segments(offset);
        }
    }

    fn release_segments(&mut self, offset: u64) {
        while self.segment > 0 {
            let Some(end) = self.segments.front().map(|(start, first)| start + len(first)) else { return };
            if end > offset {
                break;
            }
            self.segments.pop_front();
            self.segment -= 1;
            self.tidy = self.tidy.saturating_sub(1);
            self.base = end;
        }
        self.join_small();
    }

    /// Goes back to `offset`, or as far as there are bytes still.
    pub(crate) fn rewind(&mut self, offset: u64) {
        let offset = offset.clamp(self.base, self.offset);
        self.available += self.offset - offset;
        self.offset = offset;
        self.segment = self.segments.partition_point(|(start, segment)| start + len(segment) <= offset);
        let found = self.segments.get(self.segment);
        self.cursor = found.and_then(|(start, _)| usize::try_from(offset - start).ok()).unwrap_or_default();
        self.current = found.map(|(_, segment)| segment.clone()).unwrap_or_default();
    }
}

fn len(bytes: &[u8]) -> u64 {
    u64::try_from(bytes.len()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_within_one_push_are_a_slice_of_it() {
        let pushed = Bytes::from(vec![7; 10_000]);
        let mut input = Input::default();
        input.push(pushed.clone());
        input.skip(100);
        let taken = input.take(9_000).unwrap();
        assert_eq!(taken.as_ptr(), pushed.slice(100..).as_ptr());
    }

    #[test]
    fn a_leap_goes_over_what_is_pushed_and_what_is_not() {
        let mut input = Input::default();
        input.push(Bytes::from_static(b"0123"));
        input.push(Bytes::from(vec![b'4'; SMALL_PUSH]));
        input.leap(3);
        assert_eq!((input.offset(), input.head(&mut [0; MAX_HEADER_LEN])[0]), (3, b'3'));
        input.leap(2);
        assert_eq!(input.offset(), 3);
        input.leap(5000);
        assert_eq!((input.offset(), input.available()), (5000, 0));
        input.push(Bytes::from_static(b"ab"));
        input.rewind(0);
        assert_eq!(input.take(2).unwrap(), "ab");
        assert_eq!((input.offset(), input.available()), (5002, 0));
        input.leap(5002);
        assert!(input.take(1).is_none());
    }

    #[test]
    fn bytes_across_pushes_are_joined_and_can_be_read_again() {
        let mut input = Input::default();
        for byte in 0..=255u8 {
            input.push(Bytes::from(vec![byte; 5_000]));
        }
        assert_eq!(input.skip(4_999), 4_999);
        let mut joined = [0; MAX_HEADER_LEN];
        assert_eq!(input.head(&mut joined)[..3], [0, 1, 1]);
        let taken = input.take(5_002).unwrap();
        assert_eq!((taken[0], taken[1], taken[5_000], taken[5_001]), (0, 1, 1, 2));
        input.rewind(4_999);
        assert_eq!(input.take(5_002).unwrap(), taken);
        assert_eq!(input.offset(), 10_001);
        assert_eq!(input.available(), 256 * 5_000 - 10_001);
    }

    #[test]
    fn released_bytes_are_gone_and_the_rest_is_there() {
        let mut input = Input::default();
        for byte in 0..4u8 {
            input.push(Bytes::from(vec![byte; 5_000]));
        }
        input.skip(12_000);
        input.release(9_000);
        input.rewind(0);
        assert_eq!(input.offset(), 5_000);
        assert_eq!(input.take(1).unwrap()[0], 1);
    }

    #[test]
    fn bytes_that_were_joined_are_not_held_twice() {
        let stream: Vec<u8> =
            (0..100_000_u32).map(|number| number.to_le_bytes()[0] ^ number.to_le_bytes()[1]).collect();
        let mut input = Input::default();
        for piece in stream.chunks(5_000) {
            input.push(Bytes::copy_from_slice(piece));
        }
        let mut taken = Vec::new();
        for count in [4_000, 12_000, 0, 1, 4_999, 30_000, 40_000, 9_000] {
            taken.push((input.offset(), input.take(count).unwrap()));
        }
        assert_eq!(input.available(), 0);
        let held: usize = input.segments.iter().map(|(_, segment)| segment.len()).sum();
        assert_eq!(held, stream.len());
        for (start, bytes) in &taken {
            let at = usize::try_from(*start).unwrap();
            assert_eq!(bytes, &stream[at..at + bytes.len()]);
            // The same memory again.
            input.rewind(*start);
            assert_eq!(input.take(len(bytes)).unwrap().as_ptr(), bytes.as_ptr());
        }
        input.rewind(0);
        assert_eq!(input.take(100_000).unwrap(), stream);
        assert_eq!(input.segments.len(), 1);
        assert_eq!(input.take(1), None);
    }

    #[test]
    fn single_bytes_become_few_segments() {
        let mut input = Input::default();
        for _ in 0..100_000 {
            input.push(Bytes::from_static(b"x"));
        }
        assert!(input.segments.len() < 10, "{}", input.segments.len());
        assert_eq!(input.take(100_000).unwrap().len(), 100_000);
        // Also where each is read before the next one comes.
        let start = input.offset();
        for byte in 0..=255u8 {
            for _ in 0..100 {
                input.push(Bytes::from(vec![byte]));
                assert_eq!(input.take(1).unwrap()[0], byte);
                input.release(start);
            }
        }
        assert!(input.segments.len() < 40, "{}", input.segments.len());
        input.rewind(start);
        let again = input.take(25_600).unwrap();
        assert!(again.iter().enumerate().all(|(at, byte)| usize::from(*byte) == at / 100));
    }
}
