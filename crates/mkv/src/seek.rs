//! After damage: the search for the next true document, or the next true Cluster of the document that is open.
//!
//! Four bytes that look like an EBML header or a Cluster occur in payload; so a candidate counts only if what follows
//! parses as one. The search begins right behind the start of the broken document, since a broken size may have swallowed
//! the next ones. Going back is bounded by a multiple of the way ahead, so that no input makes it quadratic.

use crate::ebml_header::EbmlHeader;
use crate::error::Path;
use crate::id::Id;
use crate::master::{Context, Master};
use crate::parser::{Parser, State};
use crate::vint::{self, Header, Widths};

/// Every byte of progress allows this many bytes of going back.
const REWIND_FACTOR: u64 = 8;
const REWIND_ALLOWANCE: u64 = 1 << 20;

/// An EBML header is some 40 bytes; a candidate longer than this is none.
const MAX_EBML_HEADER: u64 = 1024;

/// How far before its Cluster the EBML header of a chunk is looked for: some hundred bytes of headers, ten tags at most of the
/// service, and private data.
const MAX_HEADERS: u64 = 1 << 14;

/// How far [`Parser::step_over_to_document`] came.
pub(crate) enum Stepped {
    /// A document begins at the next byte.
    Document,
    /// There is none so far, and this many bytes are still to be gone over.
    Left(u64),
    /// More bytes are needed to tell; this many are still to be gone over.
    Unsure(u64),
}

/// What a candidate proved to be.
enum Candidate {
    True,
    False,
    /// This many bytes are needed to tell.
    Unsure(u64),
}

impl Parser {
    /// Turns to the search, from behind the start of the broken document if the bytes are still there.
    pub(crate) fn seek_from_checkpoint(&mut self) {
        let from = match &mut self.document {
            Some(document) => {
                document.cluster = None;
                // The Segment's size is not to be trusted any more.
                document.segment = Some(None);
                document.over = false;
                if !document.has_tracks {
                    self.document = None;
                }
                self.checkpoint + 1
            }
            None => self.input.offset() + 1,
        };
        let offset = self.input.offset();
        self.reached = self.reached.max(offset);
        let back = offset.saturating_sub(from);
        if self.rewound + back <= self.reached * REWIND_FACTOR + REWIND_ALLOWANCE {
            self.rewound += back;
            self.input.rewind(from.min(offset));
        }
        self.input.skip(from.saturating_sub(self.input.offset()));
        self.state = State::Seeking;
    }

    /// Goes to the next true document or Cluster and back to parsing. `false` if more bytes are needed to find it.
    pub(crate) fn seek(&mut self) -> bool {
        loop {
            let [ebml, cluster] = [Id::EBML, Id::CLUSTER].map(|id| id.0.to_be_bytes()[4]);
            let found = self.input.find2([ebml, cluster], u64::MAX);
            self.checkpoint = self.checkpoint.max(self.input.offset());
            self.input.release(self.checkpoint);
            if !found {
                if self.finished {
                    self.document = None;
                    self.state = State::Parsing;
                }
                return self.finished;
            }
            match self.candidate() {
                Candidate::True => {
                    self.state = State::Parsing;
                    return true;
                }
                Candidate::Unsure(wanted) if !self.finished => {
                    self.wanted = wanted;
                    return false;
                }
                Candidate::False | Candidate::Unsure(_) => {
                    self.input.skip(1);
                }
            }
        }
    }

    /// Goes over the next `left` bytes, which are said to belong to an element, up to where a document begins in them.
    pub(crate) fn step_over_to_document(&mut self, left: u64) -> Stepped {
        let end = self.input.offset() + left;
        let ebml = Id::EBML.0.to_be_bytes()[4];
        loop {
            if !self.input.find2([ebml, ebml], end - self.input.offset()) {
                return Stepped::Left(end - self.input.offset());
            }
            let left = end - self.input.offset();
            match self.ebml_candidate(None) {
                Candidate::True => return Stepped::Document,
                Candidate::Unsure(wanted) if !self.finished => {
                    self.wanted = wanted;
                    return Stepped::Unsure(left);
                }
                Candidate::False | Candidate::Unsure(_) => {
                    self.input.skip(1);
                }
            }
        }
    }

    /// Where a document begins between the last Cluster's start and `offset`, which is the next byte: not further back than its
    /// headers are long, and no byte is gone over twice.
    pub(crate) fn document_behind_cluster(&mut self, offset: u64) -> Option<u64> {
        let searched = self.document.as_mut()?.searched.as_mut()?;
        let from = (*searched).max(offset.saturating_sub(MAX_HEADERS));
        *searched = offset;
        self.input.rewind(from);
        let ebml = Id::EBML.0.to_be_bytes()[4];
        let mut found = None;
        while found.is_none() && self.input.find2([ebml, ebml], offset.saturating_sub(self.input.offset())) {
            let at = self.input.offset();
            // The element at the offset may be the Segment behind it.
            match self.ebml_candidate(Some(offset.saturating_sub(at) + 4)) {
                Candidate::True => found = Some(at),
                Candidate::False | Candidate::Unsure(_) => self.input.step(1),
            }
        }
        self.input.skip(offset.saturating_sub(self.input.offset()));
        found
    }

    fn candidate(&mut self) -> Candidate {
        let Some(id) = self.input.peek(4) else { return Candidate::Unsure(4) };
        let id = Id(id.iter().fold(0, |id, &byte| (id << 8) | u64::from(byte)));
        let offset = self.input.offset();
        match (id, &self.document) {
            (Id::EBML, _) => {
                let candidate = self.ebml_candidate(None);
                if matches!(candidate, Candidate::True) {
                    self.document = None;
                }
                candidate
            }
            (Id::CLUSTER, Some(document)) if offset > document.last_cluster => {
                let widths = document.widths;
                self.cluster_candidate(widths)
            }
            _ => Candidate::False,
        }
    }

    /// An EBML header that parses, with a Segment or a Void element behind it, or the end of the input. `within` is how many of
    /// the next bytes are looked at, if not all that there are.
    fn ebml_candidate(&mut self, within: Option<u64>) -> Candidate {
        let all = self.input.available();
        let room = within.map_or(all, |within| within.min(all));
        let head = self.input.peek(room.min(16)).unwrap_or_default();
        let header = match vint::header(&head, Widths::default()) {
            Ok((_, Header { id, .. })) if id != Id::EBML => return Candidate::False,
            Ok((_, header)) => header,
            Err(nom::Err::Incomplete(_)) => return Candidate::Unsure(room + 1),
            Err(_) => return Candidate::False,
        };
        let Header { size: Some(size), len, .. } = header else { return Candidate::False };
        if size > MAX_EBML_HEADER {
            return Candidate::False;
        }
        let total = u64::from(len) + size;
        let Some(element) = self.input.peek(total).filter(|_| total <= room) else {
            return Candidate::Unsure(total + 4);
        };
        let data = element.get(usize::try_from(len).unwrap_or_default()..).unwrap_or_default();
        let context = Context { widths: Widths::default(), limits: &self.limits };
        if EbmlHeader::read(Master { data, offset: 0, path: Path::TOP, context }).is_err() {
            return Candidate::False;
        }
        match self.input.peek(total + 4).filter(|_| total + 4 <= room) {
            Some(bytes) => {
                let next = bytes.get(element.len()..).unwrap_or_default();
                let is_segment = next == [0x18, 0x53, 0x80, 0x67];
                if is_segment || next.first() == Some(&0xEC) { Candidate::True } else { Candidate::False }
            }
            None if self.finished && within.is_none() => Candidate::True,
            None => Candidate::Unsure(total + 4),
        }
    }

    /// A Cluster whose first child, but for Void and CRC-32, is a Timestamp.
    fn cluster_candidate(&mut self, widths: Widths) -> Candidate {
        let window = self.input.peek(self.input.available().min(64)).unwrap_or_default();
        let unsure = if window.len() < 64 { Candidate::Unsure(self.input.available() + 1) } else { Candidate::False };
        let Ok((mut rest, _)) = vint::header(&window, widths) else { return unsure };
        loop {
            match vint::header(rest, widths) {
                Ok((_, Header { id: Id::TIMESTAMP, size: Some(0..=8), .. })) => return Candidate::True,
                Ok((after, Header { id: Id::VOID | Id::CRC_32, size: Some(size), .. })) => {
                    let Some(after) = usize::try_from(size).ok().and_then(|size| after.get(size..)) else {
                        return unsure;
                    };
                    rest = after;
                }
                Err(nom::Err::Incomplete(_)) => return unsure,
                _ => return Candidate::False,
            }
        }
    }
}
