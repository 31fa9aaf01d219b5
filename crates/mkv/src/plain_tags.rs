//! The short way for what nearly all Tags elements are: a few names with strings, all in one piece. The parser takes it first
//! where it is asked for it, and its own where this one says nothing.

use crate::id::Id;
use crate::parser::{Document, Parser, State};
use crate::vint::{self, Widths};

/// More SimpleTags than this go the long way.
const MAX_TAGS: usize = 16;

impl Parser {
    /// Steps over the next element if it is a Tags element with nothing in it but a few SimpleTags of a name and a string, and
    /// calls `each` with these; gives its offset. `None` says nothing about what comes: [`poll`](Parser::poll) then does, and
    /// gives such elements as well. This is the shorter way, since nothing is made of them.
    pub fn poll_simple_tags(&mut self, mut each: impl FnMut(&str, &str)) -> Option<u64> {
        let Some(Document { widths, segment: Some(end), cluster: None, .. }) = self.document else { return None };
        if self.state != State::Parsing {
            return None;
        }
        let offset = self.input.offset();
        let front = self.input.front();
        let room = end.map_or(u64::MAX, |end| end.saturating_sub(offset));
        let within = front.get(..usize::try_from(room).unwrap_or(usize::MAX)).unwrap_or(front);
        let (data, behind) = element(within, Id::TAGS, widths)?;
        if u64::try_from(data.len()).ok()? > self.limits.max_header_bytes || MAX_TAGS > self.limits.max_tags {
            return None;
        }
        let whole = within.len() - behind.len();
        let mut found = [("", ""); MAX_TAGS];
        let count = simple_tags(data, widths, &mut found)?;
        for (name, string) in found.iter().take(count) {
            each(name, string);
        }
        self.input.step(whole);
        self.wanted = 0;
        self.release();
        Some(offset)
    }
}

/// How many SimpleTags there are, if there is nothing else, and how they are called and what they say.
fn simple_tags<'d>(mut tags: &'d [u8], widths: Widths, found: &mut [(&'d str, &'d str); MAX_TAGS]) -> Option<usize> {
    // Tag elements count, too.
    let (mut elements, mut count) = (0, 0);
    while !tags.is_empty() {
        let mut tag;
        (tag, tags) = element(tags, Id::TAG, widths)?;
        elements += 1;
        while !tag.is_empty() {
            let simple;
            (simple, tag) = element(tag, Id::SIMPLE_TAG, widths)?;
            let (name, behind) = element(simple, Id::TAG_NAME, widths)?;
            let (string, behind) = element(behind, Id::TAG_STRING, widths)?;
            elements += 1;
            if !behind.is_empty() || elements > MAX_TAGS {
                return None;
            }
            *found.get_mut(count)? = (text(name)?, text(string)?);
            count += 1;
        }
        if elements > MAX_TAGS {
            return None;
        }
    }
    Some(count)
}

/// The data of the element at the start, if it is this one and whole, and what is behind it.
#[inline]
fn element(bytes: &[u8], id: Id, widths: Widths) -> Option<(&[u8], &[u8])> {
    let (behind, header) = vint::header(bytes, widths).ok()?;
    if header.id != id {
        return None;
    }
    behind.split_at_checked(usize::try_from(header.size?).ok()?)
}

/// A string that ends where its element does.
#[inline]
fn text(bytes: &[u8]) -> Option<&str> {
    if bytes.contains(&0) { None } else { std::str::from_utf8(bytes).ok() }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use crate::tags::{SimpleTag, Tag, Targets, write_tags};
    use crate::write::Writer;
    use crate::{EbmlHeader, Event, Id, Limits, Parser};

    /// A document of one Segment with these Tags, and a parser that has come to them.
    fn before(tags: &[Tag], limits: Limits) -> Parser {
        let mut writer = Writer::new();
        EbmlHeader::default().write(&mut writer);
        writer.header(Id::SEGMENT, None);
        write_tags(tags, &mut writer);
        writer.binary(Id::VOID, &[0; 20]);
        let mut parser = Parser::new(limits);
        parser.push(Bytes::from(writer.into_bytes()));
        parser.finish();
        while !matches!(parser.poll().unwrap(), Some(Event::Segment { .. })) {}
        parser
    }

    fn short_way(tags: &[Tag], limits: Limits) -> Option<Vec<SimpleTag>> {
        let mut parser = before(tags, limits);
        let offset = parser.offset();
        let mut found = Vec::new();
        let taken = parser.poll_simple_tags(|name, string| found.push(SimpleTag::new(name, string)));
        assert_eq!(taken, Some(offset).filter(|_| taken.is_some()));
        assert_eq!(parser.offset() > offset, taken.is_some());
        taken.map(|_| found)
    }

    fn long_way(tags: &[Tag]) -> (Vec<SimpleTag>, u64) {
        let mut parser = before(tags, Limits::default());
        let Ok(Some(Event::Tags { tags, .. })) = parser.poll() else { panic!() };
        (tags.into_iter().flat_map(|tag| tag.simple_tags).collect(), parser.offset())
    }

    #[test]
    fn names_with_strings_come_as_the_long_way_gives_them() {
        let simple = |count: usize| -> Vec<SimpleTag> {
            (0..count).map(|n| SimpleTag::new(format!("name {n}"), "ä".repeat(n * 20))).collect()
        };
        for counts in [vec![], vec![0], vec![5], vec![1, 2, 0, 3], vec![14]] {
            let tags: Vec<Tag> =
                counts.iter().map(|&count| Tag { simple_tags: simple(count), ..Tag::default() }).collect();
            let (expected, end) = long_way(&tags);
            assert_eq!(short_way(&tags, Limits::default()), Some(expected), "{counts:?}");
            let mut parser = before(&tags, Limits::default());
            parser.poll_simple_tags(|_, _| {});
            assert_eq!(parser.offset(), end);
        }
    }

    #[test]
    fn everything_else_is_left_to_the_long_way() {
        let tag = |change: &dyn Fn(&mut SimpleTag)| {
            let mut simple = SimpleTag::new("name", "string");
            change(&mut simple);
            vec![Tag { simple_tags: vec![SimpleTag::new("a", "b"), simple], ..Tag::default() }]
        };
        let usual = tag(&|_| {});
        assert!(short_way(&usual, Limits::default()).is_some());
        for odd in [
            tag(&|simple| simple.language = Some("und".into())),
            tag(&|simple| simple.default = Some(true)),
            tag(&|simple| (simple.string, simple.binary) = (None, Some(Bytes::from_static(b"x")))),
            tag(&|simple| simple.string = None),
            tag(&|simple| simple.nested.push(SimpleTag::new("c", "d"))),
            tag(&|simple| simple.string = Some("a\0b".into())),
            vec![Tag { targets: Some(Targets::default()), simple_tags: vec![SimpleTag::new("a", "b")] }],
            vec![Tag { simple_tags: vec![SimpleTag::new("a", "b"); 17], ..Tag::default() }],
            vec![Tag::default(); 17],
        ] {
            assert_eq!(short_way(&odd, Limits::default()), None, "{odd:?}");
        }
        let long = vec![Tag { simple_tags: vec![SimpleTag::new("name", "s".repeat(500))], ..Tag::default() }];
        assert!(short_way(&long, Limits::default()).is_some());
        let few = |max_tags, max_header_bytes| Limits { max_tags, max_header_bytes, ..Limits::default() };
        for limits in [few(15, 1000), few(100, 500)] {
            assert_eq!(short_way(&long, limits), None);
        }
    }
}
