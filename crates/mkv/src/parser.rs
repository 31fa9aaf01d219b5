//! The push parser: bytes in, events out, one document after the other.
//!
//! ```text
//! input ── document ── EBML header
//!       │           └─ Segment ── Info, Tracks, Tags                      typed, held whole
//!       │                      ├─ Cluster ── Timestamp                    typed
//!       │                      │          ├─ SimpleBlock, BlockGroup      typed, held whole
//!       │                      │          └─ anything else                stepped over
//!       │                      └─ SeekHead, Cues, Void, unknown ones ...  stepped over
//!       └─ document ...
//! ```

use std::sync::Arc;

use bytes::Bytes;

use crate::block::{self, Block};
use crate::ebml_header::EbmlHeader;
use crate::encoding;
use crate::error::{Error, ErrorKind, Path, Result};
use crate::id::Id;
use crate::info::Info;
use crate::input::Input;
use crate::limits::Limits;
use crate::master::{Context, Master};
use crate::seek::Stepped;
use crate::tags::{self, Tag};
use crate::tracks::{self, TrackEntry};
use crate::vint::{self, Header, MAX_HEADER_LEN, Widths};

/// What the parser found. Offsets count bytes from the first one pushed.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Event {
    /// An EBML header: a document begins.
    Document {
        /// Offset of the header.
        offset: u64,
        /// What it says.
        header: Arc<EbmlHeader>,
    },
    /// A Segment begins.
    Segment {
        /// Offset of the element.
        offset: u64,
        /// Size of its data in bytes, if known.
        size: Option<u64>,
    },
    /// An Info element.
    Info {
        /// Offset of the element.
        offset: u64,
        /// What it says; the same `Arc` as before where the bytes are the same.
        info: Arc<Info>,
    },
    /// A Tracks element.
    Tracks {
        /// Offset of the element.
        offset: u64,
        /// What it says; the same `Arc` as before where the bytes are the same.
        tracks: Arc<[TrackEntry]>,
    },
    /// A Tags element.
    Tags {
        /// Offset of the element.
        offset: u64,
        /// The tags in it.
        tags: Vec<Tag>,
    },
    /// A Cluster begins.
    Cluster {
        /// Offset of the element.
        offset: u64,
        /// Size of its data in bytes, if known.
        size: Option<u64>,
    },
    /// The Timestamp of the current Cluster, in units of TimestampScale.
    Timestamp(u64),
    /// A SimpleBlock or BlockGroup of the current Cluster.
    Block(Block),
    /// The current Cluster has ended.
    ClusterEnd {
        /// Offset behind its last byte.
        offset: u64,
        /// What ended it.
        by: EndedBy,
    },
    /// An element that was stepped over.
    Skipped {
        /// Its ID.
        id: Id,
        /// Offset of the element.
        offset: u64,
        /// Size with its header, in bytes.
        size: u64,
    },
    /// The current document has ended whole, as far as its structure tells.
    DocumentEnd {
        /// Offset behind its last byte.
        offset: u64,
    },
}

/// What tells that an element has ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EndedBy {
    /// Its size.
    Size,
    /// An element that cannot be inside it.
    Element,
    /// The end of the input: if the size is unknown, only what it holds can tell whether something is missing.
    Input,
}

/// A push parser without I/O: [`push`](Parser::push) bytes as they come, [`poll`](Parser::poll) events until there are none,
/// and [`finish`](Parser::finish) at the end.
///
/// ```
/// use bytes::Bytes;
/// use fragkit_mkv::{Event, Limits, Parser};
///
/// let mut parser = Parser::new(Limits::default());
/// parser.push(Bytes::from_static(b"\x1A\x45\xDF\xA3\x8B\x42\x82\x88matroska"));
/// parser.push(Bytes::from_static(b"\x18\x53\x80\x67\xFF"));
/// parser.finish();
/// let mut events = 0;
/// while let Some(event) = parser.poll()? {
///     events += 1;
///     if let Event::Document { header, .. } = event {
///         assert_eq!(header.doc_type, "matroska");
///     }
/// }
/// assert_eq!(events, 3); // the document, its Segment, and the document's end
/// # Ok::<(), fragkit_mkv::Error>(())
/// ```
#[derive(Debug)]
pub struct Parser {
    pub(crate) limits: Limits,
    pub(crate) input: Input,
    pub(crate) finished: bool,
    /// Bytes that must be there before trying again is of use.
    pub(crate) wanted: u64,
    pub(crate) state: State,
    pub(crate) document: Option<Document>,
    /// Where the search for the next document starts if the current one proves broken: it may lie inside what a broken
    /// size made us take for a frame.
    pub(crate) checkpoint: u64,
    /// The furthest that parsing has come.
    pub(crate) reached: u64,
    /// Bytes that were gone back over, which is bounded so that time stays linear in the input.
    pub(crate) rewound: u64,
    pub(crate) ebml_header: Cached<EbmlHeader>,
    pub(crate) info: Cached<Info>,
    pub(crate) tracks: Cached<[TrackEntry]>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum State {
    Parsing,
    /// Inside an element that is stepped over.
    Skipping {
        id: Id,
        offset: u64,
        size: u64,
        left: u64,
    },
    /// After damage: looking for the next document, or the next Cluster of the one that is still open.
    Seeking,
}

/// The document that is open.
#[derive(Debug, Clone)]
pub(crate) struct Document {
    pub(crate) widths: Widths,
    /// Where the open Segment ends, if its size is known.
    pub(crate) segment: Option<Option<u64>>,
    /// Where the open Cluster ends, if its size is known.
    pub(crate) cluster: Option<Option<u64>>,
    /// Offset of the last Cluster, or of the document before there is one.
    pub(crate) last_cluster: u64,
    /// Up to where documents were looked for that an element had swallowed; `None` before the first Cluster.
    pub(crate) searched: Option<u64>,
    /// Whether a Segment of known size was there and has ended.
    pub(crate) over: bool,
    pub(crate) has_tracks: bool,
    /// Tracks whose frames had bytes stripped off, with those bytes.
    pub(crate) stripped: Vec<(u64, Bytes)>,
}

impl Document {
    /// Where the innermost open element ends, if its size is known or that of the one around it is.
    #[inline]
    pub(crate) fn parent_end(&self) -> Option<u64> {
        self.cluster.flatten().or(self.segment.flatten())
    }
}

/// The last value read of an element that every document repeats, with its bytes, by which the next is recognised.
#[derive(Debug)]
pub(crate) struct Cached<T: ?Sized> {
    last: Option<(Bytes, Widths, Arc<T>)>,
}

impl<T: ?Sized> Default for Cached<T> {
    fn default() -> Self {
        Cached { last: None }
    }
}

impl<T: ?Sized> Cached<T> {
    fn read(&mut self, bytes: &Bytes, widths: Widths, read: impl FnOnce() -> Result<Arc<T>>) -> Result<Arc<T>> {
        if let Some((last, with, value)) = &self.last
            && last == bytes
            && *with == widths
        {
            return Ok(Arc::clone(value));
        }
        let value = read()?;
        self.last = Some((Bytes::copy_from_slice(bytes), widths, Arc::clone(&value)));
        Ok(value)
    }
}

/// While bytes are only gone over, this many at a time are worth a look.
const STRIDE: u64 = 4096;

impl Parser {
    /// A parser that holds the input to these limits.
    #[must_use]
    pub fn new(limits: Limits) -> Self {
        Parser {
            limits,
            input: Input::default(),
            finished: false,
            wanted: 0,
            state: State::Parsing,
            document: None,
            checkpoint: 0,
            reached: 0,
            rewound: 0,
            ebml_header: Cached::default(),
            info: Cached::default(),
            tracks: Cached::default(),
        }
    }

    /// The same for a stream of which the bytes before this offset, at which a document starts, are not pushed. Offsets count
    /// from the start of the stream all the same.
    #[must_use]
    pub fn starting_at(limits: Limits, offset: u64) -> Self {
        let input = Input::starting_at(offset);
        Parser { input, checkpoint: offset, reached: offset, ..Parser::new(limits) }
    }

    /// Goes on at an offset ahead, at which a document starts or the stream ends. If it is beyond what was pushed, the next push
    /// is what stands there.
    pub fn go_on_at(&mut self, offset: u64) {
        self.input.leap(offset);
        self.document = None;
        self.state = State::Parsing;
        self.wanted = 0;
        self.checkpoint = self.input.offset();
        self.release();
    }

    /// Takes the next bytes of the stream. Frames come out as slices of them, without a copy.
    pub fn push(&mut self, bytes: Bytes) {
        self.input.push(bytes);
    }

    /// Says that no more bytes will come. What is left is then polled as usual; an element that is not whole gives an
    /// error of kind [`ErrorKind::Cut`].
    pub fn finish(&mut self) {
        self.finished = true;
    }

    /// Offset of the next byte to be parsed.
    #[must_use]
    pub fn offset(&self) -> u64 {
        self.input.offset()
    }

    /// The next event, or `None` if that needs more bytes (after [`finish`](Parser::finish): if all is done).
    ///
    /// # Errors
    ///
    /// An error says what is wrong and where, and costs the document it is in: polling again goes on with the next
    /// document that begins behind the start of the broken one, even where the damage made the broken one seem to hold
    /// it. In a document of several Clusters it goes on with the next whole Cluster, as [`Event::Cluster`].
    pub fn poll(&mut self) -> Result<Option<Event>> {
        if self.input.available() < self.wanted && !self.finished {
            return Ok(None);
        }
        self.wanted = 0;
        let polled = self.step();
        if polled.is_err() {
            self.seek_from_checkpoint();
        }
        polled
    }

    fn step(&mut self) -> Result<Option<Event>> {
        loop {
            self.reached = self.reached.max(self.input.offset());
            match self.state {
                State::Seeking => {
                    if !self.seek() {
                        return Ok(None);
                    }
                }
                State::Skipping { id, offset, size, left } => {
                    let (left, unsure) = self.skip_some(id, offset, left)?;
                    self.release();
                    if left == 0 {
                        self.state = State::Parsing;
                        return Ok(Some(Event::Skipped { id, offset, size }));
                    }
                    self.state = State::Skipping { id, offset, size, left };
                    if unsure {
                        return Ok(None);
                    }
                    if self.finished {
                        return Err(self.cut(id, offset, size));
                    }
                    self.wanted = left.min(STRIDE);
                    return Ok(None);
                }
                State::Parsing => {
                    if let Some(block) = self.plain_block() {
                        return Ok(Some(Event::Block(block)));
                    }
                    if let Some(event) = self.end_by_size() {
                        return Ok(Some(event));
                    }
                    if self.input.available() == 0 {
                        if self.finished {
                            return self.end_by_input();
                        }
                        self.wanted = 1;
                        return Ok(None);
                    }
                    let header = match self.header() {
                        Ok(Some(header)) => header,
                        Ok(None) => return Ok(None),
                        // What follows a whole document does not take it back.
                        Err(_) if self.document.as_ref().is_some_and(|document| document.over) => {
                            return Ok(self.end_document());
                        }
                        Err(error) => return Err(error),
                    };
                    if let Some(event) = self.end_by_element(header.id) {
                        return Ok(Some(event));
                    }
                    let event = self.element(header)?;
                    if event.is_some() || self.state == State::Parsing {
                        return Ok(event);
                    }
                }
            }
        }
    }

    /// Goes on stepping over an element that has `left` bytes left. Gives how many are left then, and whether more bytes are
    /// needed to go on. A document begins in none of the elements that are stepped over, but for a file that is attached: where
    /// one does, ID or size are made of damage.
    fn skip_some(&mut self, id: Id, offset: u64, left: u64) -> Result<(u64, bool)> {
        if id == Id::ATTACHMENTS {
            let left = left - self.input.skip(left);
            // Nor is it looked for there later.
            if let Some(searched) = self.document.as_mut().and_then(|document| document.searched.as_mut()) {
                *searched = self.input.offset();
            }
            return Ok((left, false));
        }
        match self.step_over_to_document(left) {
            Stepped::Left(left) => Ok((left, false)),
            Stepped::Unsure(left) => Ok((left, true)),
            Stepped::Document => {
                let message = format!("a document begins at byte {}, within this element", self.input.offset());
                Err(Error::invalid(offset, self.path().child(id), message))
            }
        }
    }

    /// The enclosing elements of the next byte.
    fn path(&self) -> Path<'static> {
        match &self.document {
            Some(Document { cluster: Some(_), .. }) => Path::CLUSTER,
            Some(Document { segment: Some(_), .. }) => Path::SEGMENT,
            _ => Path::TOP,
        }
    }

    fn widths(&self) -> Widths {
        self.document.as_ref().map_or_else(Widths::default, |document| document.widths)
    }

    /// The next element's header, still to be stepped over.
    fn header(&mut self) -> Result<Option<Header>> {
        let widths = self.widths();
        let mut joined = [0; MAX_HEADER_LEN];
        let head = self.input.head(&mut joined);
        match vint::header(head, widths) {
            Ok((_, header)) => Ok(Some(header)),
            Err(nom::Err::Incomplete(_)) => {
                let available = self.input.available();
                if self.finished {
                    let end = self.input.offset() + available;
                    let message = format!("the input ends {available} bytes into an element header");
                    return Err(Error::new(ErrorKind::Cut, end, self.path(), message));
                }
                self.wanted = available + 1;
                Ok(None)
            }
            Err(_) if self.document.is_none() => self.no_document(),
            Err(nom::Err::Error(fault) | nom::Err::Failure(fault)) => {
                Err(Error::invalid(self.input.offset(), self.path(), fault.message()))
            }
        }
    }

    /// The element whose header is next. `None` with the state unchanged means that more bytes are needed; with the state
    /// changed, that the element is stepped over.
    fn element(&mut self, header: Header) -> Result<Option<Event>> {
        let offset = self.input.offset();
        let data = offset + u64::from(header.len);
        let end = match header.size {
            Some(size) => Some(data.checked_add(size).ok_or_else(|| {
                Error::invalid(offset, self.path().child(header.id), "the element's size passes 2^64 bytes")
            })?),
            None => None,
        };
        let parent_end = self.document.as_ref().and_then(Document::parent_end);
        if let (Some(end), Some(parent_end)) = (end, parent_end)
            && end > parent_end
        {
            let message =
                format!("the element ends at byte {end} but its parent at {parent_end} (RFC 8794, section 6)");
            return Err(Error::invalid(offset, self.path().child(header.id), message));
        }
        match &self.document {
            Some(Document { cluster: Some(_), .. }) => self.element_of_cluster(header, offset),
            Some(Document { segment: Some(_), .. }) => self.element_of_segment(header, offset, end),
            _ => self.element_of_top(header, offset, end),
        }
    }

    fn element_of_top(&mut self, header: Header, offset: u64, end: Option<u64>) -> Result<Option<Event>> {
        match (header.id, &mut self.document) {
            (Id::EBML, _) => {
                self.checkpoint = offset;
                self.release();
                let Some((data, data_offset)) = self.whole(header, self.limits.max_header_bytes)? else {
                    return Ok(None);
                };
                let context = Context { widths: Widths::default(), limits: &self.limits };
                let read = self.ebml_header.read(&data, context.widths, || {
                    let path = Path::TOP.child(Id::EBML);
                    EbmlHeader::read(Master { data: &data, offset: data_offset, path, context }).map(Arc::new)
                });
                // What was taken for the header may hold the true one.
                let ebml_header = read.inspect_err(|_| self.input.rewind(offset))?;
                self.document = Some(Document {
                    widths: ebml_header.widths(),
                    segment: None,
                    cluster: None,
                    last_cluster: offset,
                    searched: None,
                    over: false,
                    has_tracks: false,
                    stripped: Vec::new(),
                });
                Ok(Some(Event::Document { offset, header: ebml_header }))
            }
            (Id::SEGMENT, Some(_)) => {
                self.swallowed_document(offset, header.id)?;
                self.input.skip(header.len.into());
                let Some(document) = &mut self.document else { return Ok(None) };
                document.segment = Some(end);
                document.over = false;
                Ok(Some(Event::Segment { offset, size: header.size }))
            }
            (Id::VOID | Id::CRC_32, _) => self.step_over(header, offset),
            (_, None) => self.no_document(),
            (id, Some(_)) => Err(Error::invalid(
                offset,
                Path::TOP.child(id),
                "a Segment is expected after the EBML header (RFC 9559)",
            )),
        }
    }

    fn element_of_segment(&mut self, header: Header, offset: u64, end: Option<u64>) -> Result<Option<Event>> {
        match header.id {
            Id::INFO | Id::TRACKS | Id::TAGS => self.typed(header, offset),
            Id::CLUSTER => {
                self.swallowed_document(offset, header.id)?;
                self.input.skip(header.len.into());
                if let Some(document) = &mut self.document {
                    document.searched = Some(offset);
                    document.cluster = Some(end);
                    // A broken size in the Cluster before this one shows by now, so there is no need to go back further.
                    self.checkpoint = self.checkpoint.max(document.last_cluster);
                    document.last_cluster = offset;
                }
                self.release();
                Ok(Some(Event::Cluster { offset, size: header.size }))
            }
            id if id.is_level_1() => self.step_over(header, offset),
            _ => self.step_over_unknown(header, offset),
        }
    }

    fn element_of_cluster(&mut self, header: Header, offset: u64) -> Result<Option<Event>> {
        match header.id {
            Id::SIMPLE_BLOCK | Id::BLOCK_GROUP => {
                let Some((data, data_offset)) = self.whole(header, self.limits.max_block_bytes)? else {
                    return Ok(None);
                };
                self.release();
                let path = Path::CLUSTER.child(header.id);
                let block = if header.id == Id::SIMPLE_BLOCK {
                    block::read(offset, data_offset, data, path)?
                } else {
                    let context = Context { widths: self.widths(), limits: &self.limits };
                    block::read_group(offset, data_offset, &data, path, context)?.ok_or_else(|| {
                        Error::invalid(offset, path, "a BlockGroup without a Block (RFC 9559, section 5.1.3.5)")
                    })?
                };
                let size = self.input.offset() - offset;
                Ok(Some(Event::Block(self.with_header(Block { size, ..block }))))
            }
            Id::TIMESTAMP => self.typed(header, offset),
            Id::POSITION | Id::PREV_SIZE | Id::SILENT_TRACKS => self.step_over(header, offset),
            _ => self.step_over_unknown(header, offset),
        }
    }

    /// Looks whether the next document began unnoticed: where a chunk is cut, its last block takes in what follows, and if that
    /// ends between two elements by chance, the next Segment or Cluster seems to belong to this document.
    fn swallowed_document(&mut self, offset: u64, id: Id) -> Result<()> {
        match self.document_behind_cluster(offset) {
            Some(at) => {
                let message = format!("a document begins at byte {at}, within an element before this one");
                Err(Error::invalid(offset, self.path().child(id), message))
            }
            None => Ok(()),
        }
    }

    /// An element that is held whole and read into a value.
    fn typed(&mut self, header: Header, offset: u64) -> Result<Option<Event>> {
        let Some((data, data_offset)) = self.whole(header, self.limits.max_header_bytes)? else { return Ok(None) };
        self.release();
        let widths = self.widths();
        let context = Context { widths, limits: &self.limits };
        let parent = self.path();
        let path = parent.child(header.id);
        let master = Master { data: &data, offset: data_offset, path, context };
        Ok(Some(match header.id {
            Id::INFO => {
                Event::Info { offset, info: self.info.read(&data, widths, || Info::read(master).map(Arc::new))? }
            }
            Id::TRACKS => {
                let tracks = self.tracks.read(&data, widths, || tracks::read(master).map(Arc::from))?;
                if let Some(document) = &mut self.document {
                    document.has_tracks = true;
                    document.stripped = tracks
                        .iter()
                        .filter_map(|track| {
                            Some((track.number, encoding::stripped_header(&track.content_encodings).ok()?))
                        })
                        .filter(|(_, header)| !header.is_empty())
                        .collect();
                }
                Event::Tracks { offset, tracks }
            }
            Id::TAGS => Event::Tags { offset, tags: tags::read(master)? },
            _ => {
                let value = data
                    .iter()
                    .try_fold(0_u64, |value, &byte| value.checked_mul(256).map(|value| value | u64::from(byte)));
                Event::Timestamp(value.ok_or_else(|| {
                    Error::invalid(
                        offset,
                        path,
                        format!("an unsigned integer of {} bytes, 8 at most (RFC 8794, section 7.2)", data.len()),
                    )
                })?)
            }
        }))
    }

    /// Puts back what header stripping took off.
    fn with_header(&self, mut block: Block) -> Block {
        let stripped = self.document.iter().flat_map(|document| &document.stripped);
        let Some((_, header)) = stripped.into_iter().find(|(track, _)| *track == block.track) else { return block };
        block.stripped = header.len();
        block.frames = block.frames.map(|frame| Bytes::from([&header[..], &frame[..]].concat()));
        block
    }

    /// Takes the data of the next element, if it is all there.
    fn whole(&mut self, header: Header, limit: u64) -> Result<Option<(Bytes, u64)>> {
        let offset = self.input.offset();
        let Some(size) = header.size else {
            return Err(Error::invalid(
                offset,
                self.path().child(header.id),
                "only Segment and Cluster may have an unknown size (RFC 9559)",
            ));
        };
        if size > limit {
            let name = if matches!(header.id, Id::SIMPLE_BLOCK | Id::BLOCK_GROUP) {
                "max_block_bytes"
            } else {
                "max_header_bytes"
            };
            let message = format!("an element of {size} bytes where {limit} are allowed (limit {name})");
            return Err(Error::new(ErrorKind::Limit, offset, self.path().child(header.id), message));
        }
        let total = u64::from(header.len) + size;
        if total > self.input.available() {
            if self.finished {
                return Err(self.cut(header.id, offset, total));
            }
            self.wanted = total;
            return Ok(None);
        }
        self.input.skip(header.len.into());
        let data_offset = self.input.offset();
        Ok(self.input.take(size).map(|data| (data, data_offset)))
    }

    /// Starts to step over an element that is global or unknown. A known one of another place tells of damage: a size that
    /// is wrong, so that what is read here are bytes from inside another element.
    fn step_over_unknown(&mut self, header: Header, offset: u64) -> Result<Option<Event>> {
        if header.id.name().is_some() && !matches!(header.id, Id::VOID | Id::CRC_32) {
            let message = "the element does not belong here; a size before it is wrong (RFC 9559, section 5.1)";
            return Err(Error::invalid(offset, self.path().child(header.id), message));
        }
        self.step_over(header, offset)
    }

    /// Starts to step over the next element.
    fn step_over(&mut self, header: Header, offset: u64) -> Result<Option<Event>> {
        let path = self.path();
        let Some(size) = header.size else {
            let message = "only Segment and Cluster may have an unknown size (RFC 9559)";
            return Err(Error::invalid(offset, path.child(header.id), message));
        };
        if size > self.limits.max_skipped_bytes {
            let limit = self.limits.max_skipped_bytes;
            let message = format!("an element of {size} bytes where {limit} are allowed (limit max_skipped_bytes)");
            return Err(Error::new(ErrorKind::Limit, offset, path.child(header.id), message));
        }
        let total = u64::from(header.len) + size;
        self.state = State::Skipping { id: header.id, offset, size: total, left: total };
        Ok(None)
    }

    fn cut(&self, id: Id, offset: u64, size: u64) -> Error {
        let end = self.input.offset() + self.input.available();
        let message = format!(
            "the input ends {} bytes into an element of {size} bytes that starts at byte {offset}",
            end - offset
        );
        Error::new(ErrorKind::Cut, end, self.path().child(id), message)
    }

    fn end_by_size(&mut self) -> Option<Event> {
        let offset = self.input.offset();
        let document = self.document.as_mut()?;
        if document.cluster.is_some() && document.parent_end() == Some(offset) {
            document.cluster = None;
            return Some(Event::ClusterEnd { offset, by: EndedBy::Size });
        }
        if document.cluster.is_none() && document.segment == Some(Some(offset)) {
            document.segment = None;
            document.over = true;
        }
        None
    }

    fn end_by_element(&mut self, id: Id) -> Option<Event> {
        let offset = self.input.offset();
        let document = self.document.as_mut()?;
        if document.cluster == Some(None) && id.ends_cluster() {
            document.cluster = None;
            return Some(Event::ClusterEnd { offset, by: EndedBy::Element });
        }
        if document.cluster.is_none() && document.segment == Some(None) && id.ends_segment() {
            document.segment = None;
            document.over = true;
        }
        let inside = document.cluster.is_some() || document.segment.is_some();
        let goes_on = matches!(id, Id::SEGMENT | Id::VOID | Id::CRC_32) || (!document.over && id != Id::EBML);
        if inside || goes_on { None } else { self.end_document() }
    }

    fn end_by_input(&mut self) -> Result<Option<Event>> {
        let offset = self.input.offset();
        let path = self.path();
        let Some(document) = &mut self.document else { return Ok(None) };
        if let Some(end) = document.parent_end() {
            let message = format!("the input ends {} bytes before the element does", end - offset);
            return Err(Error::new(ErrorKind::Cut, offset, path, message));
        }
        if document.cluster.take().is_some() {
            return Ok(Some(Event::ClusterEnd { offset, by: EndedBy::Input }));
        }
        Ok(self.end_document())
    }

    fn end_document(&mut self) -> Option<Event> {
        self.document.take().map(|_| Event::DocumentEnd { offset: self.input.offset() })
    }

    /// Says what stands where a document should begin, once there is enough of it to be shown.
    fn no_document<T>(&mut self) -> Result<Option<T>> {
        let shown = self.input.available().min(4);
        if shown < 4 && !self.finished {
            self.wanted = 4;
            return Ok(None);
        }
        let bytes = self.input.peek(shown).unwrap_or_default();
        let bytes: Vec<_> = bytes.iter().map(|byte| format!("{byte:02X}")).collect();
        let message =
            format!("an EBML header (1A 45 DF A3) is expected, not {} (RFC 8794, section 11.2)", bytes.join(" "));
        Err(Error::invalid(self.input.offset(), Path::TOP, message))
    }

    /// Lets go of the bytes that no search will go back to.
    #[inline]
    pub(crate) fn release(&mut self) {
        let floor = self.input.offset().saturating_sub(self.limits.max_rewind_bytes);
        self.input.release(self.checkpoint.max(floor));
    }
}

#[cfg(test)]
mod tests;
