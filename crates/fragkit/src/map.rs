//! Mapping files: the one place in fragkit with `unsafe` in it.
#![allow(unsafe_code)]

use std::fs::File;
use std::io;

use bytes::Bytes;
use memmap2::Mmap;

/// Maps a whole file read-only, as bytes whose slices keep the map.
pub(crate) fn map(file: &File) -> io::Result<Bytes> {
    // SAFETY: the map is shared and read-only, and fragkit never writes to a file that it has mapped (an output that is also
    // an input is refused). What remains is that another process changes the file meanwhile: then the bytes read are whatever
    // is there at that time, which every parser takes as it takes any bytes, since each checks what it reads where it uses it;
    // and a file that is cut shorter ends the process with SIGBUS, as it does any program that maps files. Input that may be
    // cut while it is read is to be piped in.
    let map = unsafe { Mmap::map(file)? };
    Ok(Bytes::from_owner(map))
}
