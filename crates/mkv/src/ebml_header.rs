//! The EBML header, which opens a document (RFC 8794, section 11.2).

use crate::error::{Error, Result};
use crate::id::Id;
use crate::master::Master;
use crate::vint::Widths;
use crate::write::Writer;

/// The EBML header.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EbmlHeader {
    /// EBMLVersion, default 1.
    pub version: u64,
    /// EBMLReadVersion, default 1.
    pub read_version: u64,
    /// EBMLMaxIDLength, in bytes, default 4.
    pub max_id_length: u64,
    /// EBMLMaxSizeLength, in bytes, default 8.
    pub max_size_length: u64,
    /// DocType: `matroska` or `webm`.
    pub doc_type: String,
    /// DocTypeVersion, default 1.
    pub doc_type_version: u64,
    /// DocTypeReadVersion, default 1.
    pub doc_type_read_version: u64,
}

impl Default for EbmlHeader {
    fn default() -> Self {
        EbmlHeader {
            version: 1,
            read_version: 1,
            max_id_length: 4,
            max_size_length: 8,
            doc_type: "matroska".into(),
            doc_type_version: 4,
            doc_type_read_version: 2,
        }
    }
}

impl EbmlHeader {
    pub(crate) fn read(master: Master<'_>) -> Result<Self> {
        let mut header = EbmlHeader {
            doc_type: String::new(),
            doc_type_version: 1,
            doc_type_read_version: 1,
            ..EbmlHeader::default()
        };
        master.children(|child| {
            match child.id {
                Id::EBML_VERSION => header.version = child.uint(1)?,
                Id::EBML_READ_VERSION => header.read_version = child.uint(1)?,
                Id::EBML_MAX_ID_LENGTH => header.max_id_length = child.uint(4)?,
                Id::EBML_MAX_SIZE_LENGTH => header.max_size_length = child.uint(8)?,
                Id::DOC_TYPE => header.doc_type = child.string(),
                Id::DOC_TYPE_VERSION => header.doc_type_version = child.uint(1)?,
                Id::DOC_TYPE_READ_VERSION => header.doc_type_read_version = child.uint(1)?,
                _ => {}
            }
            Ok(())
        })?;
        let invalid = |message| Err(Error::invalid(master.offset, master.path, message));
        if header.read_version != 1 {
            return invalid(format!(
                "EBMLReadVersion is {}, 1 is known (RFC 8794, section 11.2.3)",
                header.read_version
            ));
        }
        if !matches!(header.doc_type.as_str(), "matroska" | "webm") {
            return invalid(format!("DocType is {:?}, not matroska or webm (RFC 9559)", header.doc_type));
        }
        if !(4..=8).contains(&header.max_id_length) {
            return invalid(format!(
                "EBMLMaxIDLength is {}, not 4 to 8 (RFC 8794, section 11.2.4)",
                header.max_id_length
            ));
        }
        if !(1..=8).contains(&header.max_size_length) {
            return invalid(format!(
                "EBMLMaxSizeLength is {}, not 1 to 8 (RFC 8794, section 11.2.5)",
                header.max_size_length
            ));
        }
        Ok(header)
    }

    pub(crate) fn widths(&self) -> Widths {
        let narrow = |value| u32::try_from(value).unwrap_or(8);
        Widths { id: narrow(self.max_id_length), size: narrow(self.max_size_length) }
    }

    /// Appends the header.
    pub fn write(&self, writer: &mut Writer) {
        writer.master(Id::EBML, |header| {
            header.uint(Id::EBML_VERSION, self.version);
            header.uint(Id::EBML_READ_VERSION, self.read_version);
            header.uint(Id::EBML_MAX_ID_LENGTH, self.max_id_length);
            header.uint(Id::EBML_MAX_SIZE_LENGTH, self.max_size_length);
            header.string(Id::DOC_TYPE, &self.doc_type);
            header.uint(Id::DOC_TYPE_VERSION, self.doc_type_version);
            header.uint(Id::DOC_TYPE_READ_VERSION, self.doc_type_read_version);
        });
    }
}
