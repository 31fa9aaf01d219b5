//! Mapping files: the one place in fragkit with `unsafe` in it.
#![allow(unsafe_code)]

use std::fs::File;
use std::io;
use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;
use memmap2::{Mmap, MmapOptions};

/// A whole file, mapped read-only. Copies are of the same map.
#[derive(Debug, Clone)]
pub(crate) struct Map(Arc<Mmap>);

/// Maps a file.
pub(crate) fn map(file: &File) -> io::Result<Map> {
    // SAFETY: the map is shared and read-only, and fragkit never writes to a file that it has mapped (an output that is also
    // an input is refused). What remains is that another process changes the file meanwhile: then the bytes read are whatever
    // is there at that time, which every parser takes as it takes any bytes, since each checks what it reads where it uses it;
    // and a file that is cut shorter ends the process with SIGBUS, as it does any program that maps files. Input that may be
    // cut while it is read is to be piped in.
    let map = unsafe { Mmap::map(file)? };
    // What is not in memory yet is read in pages of 2 MiB then, where the system has them, and each is mapped at once: a file from
    // a disk is listed as fast as it can be read, and the next time in a tenth of that. Where it cannot, nothing is lost.
    #[cfg(target_os = "linux")]
    let _ = map.advise(memmap2::Advice::HugePage);
    Ok(Map(Arc::new(map)))
}

/// So many zeros, which take no memory as long as nobody writes to them; fewer if there is no room for their addresses.
pub(crate) fn zeros(len: u64) -> Bytes {
    let len = usize::try_from(len).unwrap_or_default();
    match MmapOptions::new().len(len).no_reserve_swap().map_anon() {
        Ok(map) => Bytes::from_owner(map),
        Err(_) => Bytes::new(),
    }
}

impl Map {
    /// The bytes of the file; slices of them keep the map.
    pub(crate) fn bytes(&self) -> Bytes {
        Bytes::from_owner(self.clone())
    }

    /// Has the system map the pages of a range now, as far as it can. No byte of them is looked at: pages that another process has
    /// cut off end nothing.
    pub(crate) fn populate(&self, range: Range<usize>) {
        #[cfg(target_os = "linux")]
        if range.start < range.end && range.end <= self.0.len() {
            // Systems before 5.14 cannot: each page is mapped when it is used.
            let _ = self.0.advise_range(memmap2::Advice::PopulateRead, range.start, range.end - range.start);
        }
        #[cfg(not(target_os = "linux"))]
        let _ = range;
    }
}

impl AsRef<[u8]> for Map {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}
