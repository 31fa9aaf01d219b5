//! Reading on a thread of its own, into rooms that are used again.

use std::io::{self, Read};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use bytes::Bytes;

use super::PIECE;

/// How many pieces wait to be taken at most.
const WAITING: usize = 3;

/// How many rooms are kept for later: fresh memory costs the system more than reading into it.
const SPARE_ROOMS: usize = 16;

/// A stream that is read ahead.
#[derive(Debug)]
pub(super) struct ReadAhead {
    pieces: Receiver<io::Result<Bytes>>,
}

impl ReadAhead {
    pub(super) fn start(reader: impl Read + Send + 'static) -> io::Result<ReadAhead> {
        let (sender, pieces) = sync_channel(WAITING);
        thread::Builder::new().name("read-ahead".into()).spawn(move || read_all(reader, &sender))?;
        Ok(ReadAhead { pieces })
    }

    /// The next bytes; none at the end of the stream.
    pub(super) fn next(&mut self) -> io::Result<Bytes> {
        self.pieces.recv().unwrap_or(Ok(Bytes::new()))
    }
}

fn read_all(mut reader: impl Read, pieces: &SyncSender<io::Result<Bytes>>) {
    let spare = Arc::new(Spare::default());
    loop {
        let (piece, ended) = fill(&mut reader, &spare);
        // What came before an error counts.
        let taken = piece.is_empty() || pieces.send(Ok(piece)).is_ok();
        match ended {
            None if taken => {}
            Some(Err(error)) if taken => return pieces.send(Err(error)).unwrap_or_default(),
            // The stream has ended, or nobody listens any more.
            _ => return,
        }
    }
}

/// Reads until the room is full. Tells if the stream has ended, and how.
fn fill(reader: &mut impl Read, spare: &Arc<Spare>) -> (Bytes, Option<io::Result<()>>) {
    let mut room = spare.take();
    let (mut filled, mut ended) = (0, None);
    while let Some(free) = room.get_mut(filled..).filter(|free| !free.is_empty() && ended.is_none()) {
        match reader.read(free) {
            Ok(0) => ended = Some(Ok(())),
            Ok(count) => filled += count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => ended = Some(Err(error)),
        }
    }
    (Bytes::from_owner(Piece { room, filled, spare: Arc::clone(spare) }), ended)
}

/// Rooms that are free again.
#[derive(Debug, Default)]
struct Spare(Mutex<Vec<Vec<u8>>>);

impl Spare {
    fn take(&self) -> Vec<u8> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).pop().unwrap_or_else(|| vec![0; PIECE])
    }

    fn give_back(&self, room: Vec<u8>) {
        let mut rooms = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if rooms.len() < SPARE_ROOMS {
            rooms.push(room);
        }
    }
}

/// Bytes that were read. When the last slice of them is dropped, the room is free again.
#[derive(Debug)]
struct Piece {
    room: Vec<u8>,
    filled: usize,
    spare: Arc<Spare>,
}

impl AsRef<[u8]> for Piece {
    fn as_ref(&self) -> &[u8] {
        self.room.get(..self.filled).unwrap_or_default()
    }
}

impl Drop for Piece {
    fn drop(&mut self) {
        self.spare.give_back(std::mem::take(&mut self.room));
    }
}
