//! How much the parser takes in before it calls the input hostile.

/// Limits on what a stream may ask of the parser. Each is named in the error that passing it gives.
///
/// The defaults hold every stream that the service would have accepted, with room to spare: a fragment there is at most
/// 50 MB.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Largest SimpleBlock or BlockGroup, in bytes. It is also what a pipe may make the parser hold for one element.
    pub max_block_bytes: u64,
    /// Largest EBML header, Info, Tracks or Tags element, in bytes; these are held whole to be parsed.
    pub max_header_bytes: u64,
    /// Largest element that is stepped over unread (SeekHead, Cues, Attachments, Void, unknown ones), in bytes.
    pub max_skipped_bytes: u64,
    /// Deepest nesting of SimpleTag elements.
    pub max_depth: usize,
    /// Most TrackEntry elements in one Tracks element.
    pub max_tracks: usize,
    /// Most Tag, SimpleTag (nested ones included) and TagTrackUID elements in one Tags element.
    pub max_tags: usize,
    /// Most ContentEncoding elements of one track.
    pub max_content_encodings: usize,
    /// Most bytes that header stripping may put back in front of each frame of a track.
    pub max_stripped_bytes: usize,
    /// Most ReferenceBlock and BlockMore elements in one BlockGroup.
    pub max_block_details: usize,
    /// How far back, in bytes, the search for the next document goes after damage when the input is a pipe. What lies
    /// within is held in memory as long as the document lasts.
    pub max_rewind_bytes: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Limits {
            max_block_bytes: 64 << 20,
            max_header_bytes: 16 << 20,
            max_skipped_bytes: 1 << 30,
            max_depth: 8,
            max_tracks: 256,
            max_tags: 65_536,
            max_content_encodings: 8,
            max_stripped_bytes: 1024,
            max_block_details: 256,
            max_rewind_bytes: 64 << 20,
        }
    }
}
