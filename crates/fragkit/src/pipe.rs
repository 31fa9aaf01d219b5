//! A stream that can be read only once: standard input, a FIFO, a socket.

mod ahead;

use std::io::{self, Read, Write};

use bytes::Bytes;
use fragkit_fragment::{Assembler, Item, Limits};
use fragkit_mp4::read::is_movie;

use crate::input::Source;
use ahead::ReadAhead;

/// How much is read at a time. A frame that lies across two pieces is copied.
const PIECE: usize = 512 << 10;

/// So many bytes tell what a stream is.
const TELLING: usize = 12;

/// As much as a pipe holds on Linux.
const LIVE_PIECE: usize = 64 << 10;

/// Gives the fragments of a stream as they come.
///
/// Of an MP4 or MOV file they come when all of it has: what is needed to read it may stand at its end. It is kept in a temporary
/// file without a name until then, and mapped, so that memory stays small.
pub struct Pipe<R> {
    reading: Reading<R>,
    assembler: Assembler,
    limits: Limits,
    heads_only: bool,
    start: Start,
    finished: bool,
}

/// What is known of the stream by its first bytes.
enum Start {
    /// Nothing yet: these are not enough.
    Unknown(Vec<u8>),
    Matroska,
    /// All of it has been taken in.
    Movie(Box<dyn Iterator<Item = Item>>),
}

enum Reading<R> {
    /// A piece at a time, filled.
    Filled(R),
    /// What a read gives, by way of this room.
    Live(R, Vec<u8>),
    Ahead(ReadAhead),
}

impl<R> std::fmt::Debug for Pipe<R> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Pipe").field("finished", &self.finished).finish_non_exhaustive()
    }
}

impl<R: Read> Pipe<R> {
    /// Reads fragments from `reader` as they come.
    pub fn new(reader: R) -> Self {
        Self::with_limits(reader, Limits::default())
    }

    /// The same, held to these limits instead of the usual ones.
    pub fn with_limits(reader: R, limits: Limits) -> Self {
        Pipe {
            reading: Reading::Filled(reader),
            assembler: Assembler::new(limits.clone()),
            limits,
            heads_only: false,
            start: Start::Unknown(Vec::new()),
            finished: false,
        }
    }

    /// Counts frames instead of keeping them.
    #[must_use]
    pub fn without_frames(mut self) -> Self {
        self.assembler = self.assembler.without_frames();
        self.heads_only = true;
        self
    }

    /// Takes only the places of audio frames, and the input that they are in: for a [`StreamingClipper`](crate::StreamingClipper),
    /// an [`Index`](crate::Index). It is faster where frames are small.
    #[must_use]
    pub fn with_audio_in_pieces(mut self) -> Self {
        self.assembler = self.assembler.with_audio_in_pieces();
        self
    }

    /// Hands on what a read gives and does not wait for more, so that a fragment is there as soon as its end is seen, however
    /// slowly the stream comes. It costs a copy of every byte.
    #[must_use]
    pub fn without_delay(mut self) -> Self {
        if let Reading::Filled(reader) = self.reading {
            self.reading = Reading::Live(reader, vec![0; LIVE_PIECE]);
        }
        self
    }

    /// Reads on a thread of its own, a few pieces ahead, while the caller is busy with the last fragment. The thread ends when
    /// the stream does, or with its first read after the pipe was dropped.
    ///
    /// # Errors
    ///
    /// If there can be no more threads.
    pub fn with_read_ahead(mut self) -> io::Result<Self>
    where
        R: Send + 'static,
    {
        if let Reading::Filled(reader) = self.reading {
            self.reading = Reading::Ahead(ReadAhead::start(reader)?);
        }
        Ok(self)
    }

    /// The next bytes; none at the end of the stream.
    fn read(&mut self) -> io::Result<Bytes> {
        match &mut self.reading {
            Reading::Filled(reader) => {
                let mut buffer = Vec::with_capacity(PIECE);
                let most = u64::try_from(PIECE).unwrap_or(u64::MAX);
                reader.by_ref().take(most).read_to_end(&mut buffer)?;
                Ok(buffer.into())
            }
            Reading::Live(reader, room) => loop {
                match reader.read(room) {
                    // A copy of its own size: many short reads would otherwise hold as many whole buffers.
                    Ok(count) => return Ok(Bytes::copy_from_slice(room.get(..count).unwrap_or_default())),
                    Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                    Err(error) => return Err(error),
                }
            },
            Reading::Ahead(ahead) => ahead.next(),
        }
    }

    /// Takes the next bytes, which may be those that tell what the stream is; none at its end.
    fn take(&mut self, bytes: Bytes) -> io::Result<()> {
        let ended = bytes.is_empty();
        let bytes = match &mut self.start {
            Start::Unknown(held) if held.len() + bytes.len() < TELLING && !ended => {
                held.extend_from_slice(&bytes);
                return Ok(());
            }
            Start::Unknown(held) if held.is_empty() => bytes,
            Start::Unknown(held) => {
                held.extend_from_slice(&bytes);
                std::mem::take(held).into()
            }
            _ => bytes,
        };
        if matches!(self.start, Start::Unknown(_)) {
            self.start = Start::Matroska;
            if is_movie(&bytes) {
                let source = self.spool(&bytes)?.with_limits(self.limits.clone());
                self.start =
                    Start::Movie(if self.heads_only { Box::new(source.heads()) } else { Box::new(source.items()) });
                return Ok(());
            }
        }
        if !bytes.is_empty() {
            self.assembler.push(bytes);
        }
        if ended {
            self.finished = true;
            self.assembler.finish();
        }
        Ok(())
    }

    /// All of the stream, of which this was read already, in a temporary file.
    fn spool(&mut self, first: &[u8]) -> io::Result<Source> {
        let mut file = tempfile::tempfile()?;
        file.write_all(first)?;
        loop {
            let bytes = self.read()?;
            if bytes.is_empty() {
                return Source::of_temporary(&file);
            }
            file.write_all(&bytes)?;
        }
    }
}

impl<R: Read> Iterator for Pipe<R> {
    type Item = io::Result<Item>;

    fn next(&mut self) -> Option<io::Result<Item>> {
        loop {
            if let Start::Movie(items) = &mut self.start {
                return items.next().map(Ok);
            }
            if let Some(item) = self.assembler.poll() {
                return Some(Ok(item));
            }
            if self.finished {
                return None;
            }
            if let Err(error) = self.read().and_then(|bytes| self.take(bytes)) {
                self.finished = true;
                return Some(Err(error));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::sync::{Arc, Condvar, Mutex};

    use fragkit_fragment::Fragment;

    use super::*;

    fn stream() -> Vec<u8> {
        std::fs::read(concat!(env!("CARGO_MANIFEST_DIR"), "/../../testdata/h264-baseline.chunks.mkv")).unwrap()
    }

    fn fragments<R: Read>(pipe: Pipe<R>) -> Vec<Fragment> {
        let items = pipe.map(Result::unwrap);
        items.filter_map(|item| if let Item::Fragment(it) = item { Some(it) } else { None }).collect()
    }

    fn payloads(fragment: &Fragment) -> Vec<Bytes> {
        fragment.frames.iter().map(|frame| frame.payload.clone()).collect()
    }

    /// Gives a stream in short pieces, and tells how much was taken.
    struct Slow<'s> {
        rest: &'s [u8],
        taken: &'s Cell<usize>,
    }

    impl Read for Slow<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let count = self.rest.len().min(buffer.len()).min(1000);
            let (piece, rest) = self.rest.split_at(count);
            buffer[..count].copy_from_slice(piece);
            self.rest = rest;
            self.taken.set(self.taken.get() + count);
            Ok(count)
        }
    }

    #[test]
    fn fragments_of_a_pipe_without_delay_come_before_the_stream_has_gone_on_and_are_the_same() {
        let stream = stream();
        let taken = Cell::new(0);
        let fragments = |pipe: Pipe<Slow<'_>>| -> Vec<(Fragment, usize)> {
            taken.set(0);
            let items = pipe.map(Result::unwrap);
            items
                .filter_map(|item| if let Item::Fragment(it) = item { Some((it, taken.get())) } else { None })
                .collect()
        };
        let slow = || Pipe::new(Slow { rest: &stream, taken: &taken });
        let (usual, live) = (fragments(slow()), fragments(slow().without_delay()));
        assert!(usual.len() > 2 && usual.len() == live.len());
        for ((expected, late), (fragment, early)) in usual.iter().zip(&live) {
            assert_eq!(*late, stream.len());
            assert!(u64::try_from(*early).unwrap() <= fragment.head.offset + fragment.head.size + 2000);
            assert_eq!(fragment.head.offset, expected.head.offset);
            assert_eq!(payloads(fragment), payloads(expected));
        }
    }

    #[test]
    fn what_is_read_ahead_is_the_same_however_often_rooms_are_used_again() {
        let once = stream();
        let times = 40 * PIECE / once.len();
        let stream: Vec<u8> = once.iter().copied().cycle().take(times * once.len()).collect();
        let usual = fragments(Pipe::new(&stream[..]));
        let ahead = fragments(Pipe::new(io::Cursor::new(stream)).with_read_ahead().unwrap());
        assert!(usual.len() > 100 && usual.len() == ahead.len());
        for (expected, fragment) in usual.iter().zip(&ahead) {
            assert_eq!(fragment.head.offset, expected.head.offset);
            assert_eq!(payloads(fragment), payloads(expected));
        }
    }

    /// Counts what is read of it, and fails in the end.
    struct Broken(Arc<(Mutex<usize>, Condvar)>);

    impl Read for Broken {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let mut read = self.0.0.lock().unwrap();
            if *read > 100 * PIECE {
                return Err(io::Error::other("the line is dead"));
            }
            buffer.fill(0);
            *read += buffer.len();
            self.0.1.notify_all();
            Ok(buffer.len())
        }
    }

    #[test]
    fn reading_ahead_waits_for_the_caller_and_tells_of_errors() {
        let read = Arc::new((Mutex::new(0), Condvar::new()));
        let pipe = Pipe::new(Broken(Arc::clone(&read))).with_read_ahead().unwrap();
        let started = read.1.wait_while(read.0.lock().unwrap(), |read| *read < PIECE).unwrap();
        drop(started);
        std::thread::sleep(std::time::Duration::from_millis(50));
        let ahead = *read.0.lock().unwrap();
        assert!(ahead <= 8 * PIECE, "{ahead} bytes were read before the first was asked for");
        let errors: Vec<String> = pipe.filter_map(Result::err).map(|error| error.to_string()).collect();
        assert_eq!(errors, ["the line is dead"]);
    }
}
