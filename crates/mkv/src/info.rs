//! Info: what holds for the whole Segment (RFC 9559, section 5.1.2).

use bytes::Bytes;

use crate::error::{Error, Result};
use crate::id::Id;
use crate::master::Master;
use crate::write::Writer;

/// The Info element.
#[derive(Debug, Clone, PartialEq)]
pub struct Info {
    /// SegmentUUID, 16 bytes as a rule.
    pub segment_uuid: Option<Bytes>,
    /// TimestampScale: nanoseconds per unit of Cluster and block timestamps, default 1,000,000. Never 0.
    pub timestamp_scale: u64,
    /// Duration, in units of `timestamp_scale`. In chunk streams it is that of the uploaded file, not of the chunk.
    pub duration: Option<f64>,
    /// DateUTC, in nanoseconds since 2001-01-01T00:00:00 UTC.
    pub date_utc: Option<i64>,
    /// Title.
    pub title: Option<String>,
    /// MuxingApp.
    pub muxing_app: String,
    /// WritingApp.
    pub writing_app: String,
}

impl Default for Info {
    fn default() -> Self {
        Info {
            segment_uuid: None,
            timestamp_scale: 1_000_000,
            duration: None,
            date_utc: None,
            title: None,
            muxing_app: String::new(),
            writing_app: String::new(),
        }
    }
}

impl Info {
    pub(crate) fn read(master: Master<'_>) -> Result<Self> {
        let mut info = Info::default();
        master.children(|child| {
            match child.id {
                Id::SEGMENT_UUID => info.segment_uuid = Some(child.binary()),
                Id::TIMESTAMP_SCALE => info.timestamp_scale = child.uint(1_000_000)?,
                Id::DURATION => info.duration = Some(child.float(0.0)?),
                Id::DATE_UTC => info.date_utc = Some(child.int(0)?),
                Id::TITLE => info.title = Some(child.string()),
                Id::MUXING_APP => info.muxing_app = child.string(),
                Id::WRITING_APP => info.writing_app = child.string(),
                _ => {}
            }
            Ok(())
        })?;
        if info.timestamp_scale == 0 {
            return Err(Error::invalid(
                master.offset,
                master.path.child(Id::TIMESTAMP_SCALE),
                "the scale is 0 (RFC 9559, section 5.1.2.9)",
            ));
        }
        Ok(info)
    }

    /// Appends the element.
    pub fn write(&self, writer: &mut Writer) {
        writer.master(Id::INFO, |info| {
            if let Some(uuid) = &self.segment_uuid {
                info.binary(Id::SEGMENT_UUID, uuid);
            }
            info.uint(Id::TIMESTAMP_SCALE, self.timestamp_scale);
            if let Some(duration) = self.duration {
                info.float(Id::DURATION, duration);
            }
            if let Some(date) = self.date_utc {
                info.binary(Id::DATE_UTC, &date.to_be_bytes());
            }
            if let Some(title) = &self.title {
                info.string(Id::TITLE, title);
            }
            info.string(Id::MUXING_APP, &self.muxing_app);
            info.string(Id::WRITING_APP, &self.writing_app);
        });
    }
}
