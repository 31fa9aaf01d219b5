//! Tags: names and values, those of the service among them (RFC 9559, section 5.1.8).

use bytes::Bytes;

use crate::error::{Error, ErrorKind, Result};
use crate::id::Id;
use crate::master::Master;
use crate::write::Writer;

/// One Tag element.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Tag {
    /// Targets; the service and the producer SDK leave it out.
    pub targets: Option<Targets>,
    /// The SimpleTags, in order.
    pub simple_tags: Vec<SimpleTag>,
}

/// What a Tag speaks of; all of the Segment where it is empty.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Targets {
    /// TargetTypeValue, default 50.
    pub type_value: Option<u64>,
    /// TargetType, such as `ALBUM`.
    pub target_type: Option<String>,
    /// TagTrackUID.
    pub track_uids: Vec<u64>,
}

/// One SimpleTag element: a name with a string, bytes, or neither.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SimpleTag {
    /// TagName.
    pub name: String,
    /// TagLanguage; `und` where it is left out.
    pub language: Option<String>,
    /// TagDefault; true where it is left out.
    pub default: Option<bool>,
    /// TagString; empty where the element is there and empty, as in the service's end-of-fragment mark.
    pub string: Option<String>,
    /// TagBinary.
    pub binary: Option<Bytes>,
    /// SimpleTags within this one.
    pub nested: Vec<SimpleTag>,
}

impl SimpleTag {
    /// A tag with a name and a string.
    #[must_use]
    pub fn new(name: impl Into<String>, string: impl Into<String>) -> Self {
        SimpleTag { name: name.into(), string: Some(string.into()), ..SimpleTag::default() }
    }
}

/// Reads the Tag elements of a Tags element.
pub(crate) fn read(master: Master<'_>) -> Result<Vec<Tag>> {
    let mut tags = Vec::new();
    let mut count = 0;
    master.children(|child| {
        if child.id == Id::TAG {
            count_in(master, "Tag", &mut count)?;
            tags.push(child.master(|tag| read_tag(tag, &mut count))?);
        }
        Ok(())
    })?;
    Ok(tags)
}

fn read_tag(master: Master<'_>, count: &mut usize) -> Result<Tag> {
    let mut tag = Tag::default();
    master.children(|child| {
        match child.id {
            Id::TARGETS => tag.targets = Some(child.master(|targets| read_targets(targets, count))?),
            Id::SIMPLE_TAG => tag.simple_tags.push(child.master(|simple| read_simple_tag(simple, 1, count))?),
            _ => {}
        }
        Ok(())
    })?;
    Ok(tag)
}

/// Counts one more of what `max_tags` holds to a number.
fn count_in(master: Master<'_>, name: &str, count: &mut usize) -> Result<()> {
    *count += 1;
    let most = master.context.limits.max_tags;
    if *count > most { Err(master.limit(&format!("{name} elements (limit max_tags)"), most)) } else { Ok(()) }
}

fn read_targets(master: Master<'_>, count: &mut usize) -> Result<Targets> {
    let mut targets = Targets::default();
    master.children(|child| {
        match child.id {
            Id::TARGET_TYPE_VALUE => targets.type_value = Some(child.uint(50)?),
            Id::TARGET_TYPE => targets.target_type = Some(child.string()),
            Id::TAG_TRACK_UID => {
                count_in(master, "TagTrackUID", count)?;
                targets.track_uids.push(child.uint(0)?);
            }
            _ => {}
        }
        Ok(())
    })?;
    Ok(targets)
}

fn read_simple_tag(master: Master<'_>, depth: usize, count: &mut usize) -> Result<SimpleTag> {
    let limits = master.context.limits;
    count_in(master, "SimpleTag", count)?;
    if depth > limits.max_depth {
        let message = format!("SimpleTag elements nested more than {} deep (limit max_depth)", limits.max_depth);
        return Err(Error::new(ErrorKind::Limit, master.offset, master.path, message));
    }
    let mut tag = SimpleTag::default();
    master.children(|child| {
        match child.id {
            Id::TAG_NAME => tag.name = child.string(),
            Id::TAG_LANGUAGE => tag.language = Some(child.string()),
            Id::TAG_DEFAULT => tag.default = Some(child.uint(1)? != 0),
            Id::TAG_STRING => tag.string = Some(child.string()),
            Id::TAG_BINARY => tag.binary = Some(child.binary()),
            Id::SIMPLE_TAG => tag.nested.push(child.master(|nested| read_simple_tag(nested, depth + 1, count))?),
            _ => {}
        }
        Ok(())
    })?;
    Ok(tag)
}

/// Appends a Tags element.
pub fn write_tags(tags: &[Tag], writer: &mut Writer) {
    writer.master(Id::TAGS, |writer| {
        for tag in tags {
            writer.master(Id::TAG, |writer| tag.write(writer));
        }
    });
}

impl Tag {
    fn write(&self, writer: &mut Writer) {
        if let Some(targets) = &self.targets {
            writer.master(Id::TARGETS, |writer| {
                if let Some(value) = targets.type_value {
                    writer.uint(Id::TARGET_TYPE_VALUE, value);
                }
                if let Some(name) = &targets.target_type {
                    writer.string(Id::TARGET_TYPE, name);
                }
                for uid in &targets.track_uids {
                    writer.uint(Id::TAG_TRACK_UID, *uid);
                }
            });
        }
        for tag in &self.simple_tags {
            tag.write(writer);
        }
    }
}

impl SimpleTag {
    fn write(&self, writer: &mut Writer) {
        writer.master(Id::SIMPLE_TAG, |writer| {
            writer.string(Id::TAG_NAME, &self.name);
            if let Some(language) = &self.language {
                writer.string(Id::TAG_LANGUAGE, language);
            }
            if let Some(default) = self.default {
                writer.uint(Id::TAG_DEFAULT, default.into());
            }
            if let Some(string) = &self.string {
                writer.string(Id::TAG_STRING, string);
            }
            if let Some(binary) = &self.binary {
                writer.binary(Id::TAG_BINARY, binary);
            }
            for tag in &self.nested {
                tag.write(writer);
            }
        });
    }
}
