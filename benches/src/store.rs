//! Streams to files.

use std::fs::{self, File};
use std::io::{self, BufWriter, Seek as _, Write};
use std::path::{Path, PathBuf};

use crate::generate::{Generator, Kind, write_plain_document};

/// What a file or a folder got.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Written {
    /// All bytes.
    pub bytes: u64,
    /// How many chunks there are, or 1 for a plain document.
    pub chunks: u64,
    /// How many frames there are.
    pub frames: u64,
}

/// Writes a chunk stream to a file, with holes where whole blocks of the file system are zeros.
///
/// # Errors
///
/// If writing fails.
pub fn store_stream(kind: Kind, bytes: u64, out: &Path) -> io::Result<Written> {
    when_whole(out, |file| {
        let mut file = BufWriter::with_capacity(1 << 20, Sparse::new(file));
        let mut written = Written::default();
        for chunk in Generator::new(kind) {
            if written.bytes >= bytes {
                break;
            }
            file.write_all(&chunk.bytes)?;
            written = written.and(chunk.bytes.len(), chunk.frames);
        }
        file.into_inner().map_err(io::IntoInnerError::into_error)?.finish()?;
        Ok(written)
    })
}

/// Writes one plain document to a file.
///
/// # Errors
///
/// If writing fails.
pub fn store_document(kind: Kind, bytes: u64, out: &Path) -> io::Result<Written> {
    when_whole(out, |mut file| {
        let frames = write_plain_document(kind, bytes, &mut file)?;
        Ok(Written { bytes: file.metadata()?.len(), chunks: 1, frames })
    })
}

/// Writes so many chunks, each to a file of its own, to a new folder.
///
/// # Errors
///
/// If writing fails, or something is in the folder already.
pub fn store_files(kind: Kind, count: usize, folder: &Path) -> io::Result<Written> {
    let part = part(folder);
    fs::create_dir_all(&part)?;
    let mut written = Written::default();
    for (chunk, number) in Generator::new(kind).take(count).zip(1..) {
        fs::write(part.join(format!("{number:06}.mkv")), &chunk.bytes)?;
        written = written.and(chunk.bytes.len(), chunk.frames);
    }
    fs::rename(&part, folder)?;
    Ok(written)
}

/// Under another name until it is whole: what is there is taken as good by the scripts.
fn when_whole(out: &Path, write: impl FnOnce(File) -> io::Result<Written>) -> io::Result<Written> {
    let part = part(out);
    let written = write(File::create(&part)?)?;
    fs::rename(&part, out)?;
    Ok(written)
}

fn part(path: &Path) -> PathBuf {
    let mut part = path.as_os_str().to_os_string();
    part.push(".part");
    part.into()
}

impl Written {
    fn and(self, bytes: usize, frames: u64) -> Written {
        let bytes = u64::try_from(bytes).unwrap_or(u64::MAX);
        Written { bytes: self.bytes + bytes, chunks: self.chunks + 1, frames: self.frames + frames }
    }
}

/// A file in which blocks of zeros are not written.
struct Sparse {
    file: File,
    at: u64,
}

/// What most file systems give room in.
const BLOCK: usize = 4096;

impl Sparse {
    fn new(file: File) -> Self {
        Sparse { file, at: 0 }
    }

    /// Gives the file its length, which a hole at its end does not.
    fn finish(self) -> io::Result<()> {
        self.file.set_len(self.at)
    }
}

impl Write for Sparse {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let to_boundary = BLOCK - usize::try_from(self.at).unwrap_or_default() % BLOCK;
        let (head, rest) = bytes.split_at_checked(to_boundary).unwrap_or((bytes, &[]));
        let count = if is_hole(head) {
            self.file.seek_relative(i64::try_from(head.len()).unwrap_or_default())?;
            head.len()
        } else {
            let stored: usize = rest.chunks(BLOCK).take_while(|block| !is_hole(block)).map(<[u8]>::len).sum();
            self.file.write(bytes.get(..head.len() + stored).unwrap_or(bytes))?
        };
        self.at += u64::try_from(count).unwrap_or(u64::MAX);
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

fn is_hole(block: &[u8]) -> bool {
    block.len() == BLOCK && block.iter().all(|&byte| byte == 0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chunk_stream;

    #[test]
    fn what_is_stored_with_holes_is_the_stream() {
        let folder = tempfile::tempdir().unwrap();
        for kind in [Kind::VideoSparse, Kind::Alaw] {
            let path = folder.path().join("stream.mkv");
            let written = store_stream(kind, 5_000_000, &path).unwrap();
            let (stream, frames) = chunk_stream(kind, 5_000_000);
            assert_eq!(fs::read(&path).unwrap(), stream);
            assert_eq!((written.bytes, written.frames), (u64::try_from(stream.len()).unwrap(), frames));
        }
    }

    #[test]
    fn files_joined_in_the_order_of_their_names_are_the_stream() {
        let folder = tempfile::tempdir().unwrap();
        let files = folder.path().join("files");
        let written = store_files(Kind::Audio, 12, &files).unwrap();
        let mut paths: Vec<_> = fs::read_dir(&files).unwrap().map(|entry| entry.unwrap().path()).collect();
        paths.sort();
        let joined: Vec<u8> = paths.iter().flat_map(|path| fs::read(path).unwrap()).collect();
        assert_eq!(joined, chunk_stream(Kind::Audio, joined.len()).0);
        assert_eq!((paths.len(), written.chunks), (12, 12));
    }
}
