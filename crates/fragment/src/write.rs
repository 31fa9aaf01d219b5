//! Chunks as the service gives them, out of fragments or out of nothing but an exception.

use fragkit_mkv::write::{BlockFlags, Writer};
use fragkit_mkv::{EbmlHeader, Id, Info, SimpleTag, Tag, TrackEntry, stripped_header, write_tags, write_tracks};

use crate::fragment::{Frame, UserTag};
use crate::number::FragmentNumber;
use crate::service::{ServiceException, ServiceTag, TagNames};
use crate::time::{Nanos, Timestamp};

/// Whether a Cluster says how long it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ClusterSize {
    /// It does, as when the producer uploads a file.
    Known,
    /// It does not, as the producer SDK writes it: one byte, `FF`.
    #[default]
    Unknown,
}

/// How chunks are laid out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChunkLayout {
    /// How the service's tags are called.
    pub names: TagNames,
    /// Whether Clusters say how long they are.
    pub cluster_size: ClusterSize,
    /// Whether the tags that GetMedia writes behind the media are there.
    pub trailing_tags: bool,
    /// Nanoseconds per unit of block timestamps.
    pub timestamp_scale: u64,
}

impl Default for ChunkLayout {
    fn default() -> Self {
        ChunkLayout {
            names: TagNames::GetMedia,
            cluster_size: ClusterSize::Unknown,
            trailing_tags: true,
            timestamp_scale: 1_000_000,
        }
    }
}

/// Writes chunks: each a document of its own, with the headers of the session, the service's tags and one Cluster.
#[derive(Debug, Clone)]
pub struct ChunkWriter {
    layout: ChunkLayout,
    /// EBML header, Segment of unknown size, Info.
    opening: Vec<u8>,
}

impl ChunkWriter {
    /// A writer of chunks in this layout.
    #[must_use]
    pub fn new(layout: ChunkLayout) -> Self {
        let mut writer = Writer::new();
        EbmlHeader::default().write(&mut writer);
        writer.header(Id::SEGMENT, None);
        let info = Info {
            timestamp_scale: layout.timestamp_scale,
            muxing_app: "fragkit".into(),
            writing_app: "fragkit".into(),
            ..Info::default()
        };
        info.write(&mut writer);
        ChunkWriter { layout, opening: writer.into_bytes() }
    }

    /// One chunk with media. `cluster_time` is the Cluster's own timestamp, and frame times are relative to the producer
    /// timestamp. The times of frames must lie within 32,767 units of the Cluster's; those that do not are clamped.
    #[must_use]
    #[allow(clippy::too_many_arguments, reason = "each is a part of the chunk, in the order they stand in it")]
    pub fn chunk(
        &self,
        number: &FragmentNumber,
        producer: Timestamp,
        server: Timestamp,
        tracks: &[TrackEntry],
        tags: &[UserTag],
        cluster_time: Nanos,
        frames: &[Frame],
    ) -> Vec<u8> {
        let mut writer = Writer::new();
        writer.raw(&self.opening);
        // Frames are given with the header that was stripped off them; other encodings are still on.
        let restored =
            |track: &TrackEntry| stripped_header(&track.content_encodings).is_ok_and(|header| !header.is_empty());
        let entry = |track: &TrackEntry| match restored(track) {
            true => TrackEntry { content_encodings: Vec::new(), ..track.clone() },
            false => track.clone(),
        };
        write_tracks(&tracks.iter().map(entry).collect::<Vec<_>>(), &mut writer);
        let user = |tags: &mut dyn Iterator<Item = &UserTag>, writer: &mut Writer| {
            // The producer SDK gives each its own Tags element with sizes of 8 bytes.
            let mut own = Writer::with_size_width(8);
            tags.for_each(|tag| {
                write_tags(
                    &[Tag { simple_tags: vec![SimpleTag::new(&*tag.name, &*tag.value)], targets: None }],
                    &mut own,
                )
            });
            writer.raw(&own.into_bytes());
        };
        user(&mut tags.iter().filter(|tag| !tag.after_media), &mut writer);
        self.service_tags(
            &[
                (ServiceTag::FragmentNumber, number.to_string()),
                (ServiceTag::ServerTimestamp, server.to_string()),
                (ServiceTag::ProducerTimestamp, producer.to_string()),
            ],
            &mut writer,
        );
        let scale = i64::try_from(self.layout.timestamp_scale).unwrap_or(i64::MAX).max(1);
        let units = |time: Nanos| (time.0.saturating_add(scale / 2)).div_euclid(scale);
        let mut cluster = Writer::new();
        cluster.uint(Id::TIMESTAMP, units(cluster_time).max(0).unsigned_abs());
        for frame in frames {
            let time = units(frame.time);
            let timestamp = i16::try_from(time).unwrap_or(if time < 0 { i16::MIN } else { i16::MAX });
            let flags =
                BlockFlags { keyframe: frame.keyframe, invisible: frame.invisible, discardable: frame.discardable };
            let len = u64::try_from(frame.payload.len()).unwrap_or(u64::MAX);
            cluster.simple_block_header(frame.track, timestamp, flags, len);
            cluster.raw(&frame.payload);
        }
        match self.layout.cluster_size {
            ClusterSize::Known => writer.binary(Id::CLUSTER, &cluster.into_bytes()),
            ClusterSize::Unknown => {
                writer.header_with_width(Id::CLUSTER, None, 1);
                writer.raw(&cluster.into_bytes());
            }
        }
        user(&mut tags.iter().filter(|tag| tag.after_media), &mut writer);
        if self.layout.trailing_tags {
            self.service_tags(
                &[(ServiceTag::MillisBehindNow, "0".into()), (ServiceTag::ContinuationToken, number.to_string())],
                &mut writer,
            );
        }
        writer.into_bytes()
    }

    /// A chunk without media that carries an exception, as the service gives it for a fragment that it cannot read.
    #[must_use]
    pub fn exception(&self, number: Option<&FragmentNumber>, exception: &ServiceException) -> Vec<u8> {
        let mut writer = Writer::new();
        writer.raw(&self.opening);
        let mut tags = Vec::new();
        if let Some(number) = number {
            tags.push((ServiceTag::FragmentNumber, number.to_string()));
        }
        tags.push((ServiceTag::ExceptionMessage, exception.message.clone()));
        if let Some(code) = exception.code {
            tags.push((ServiceTag::ExceptionCode, code.to_string()));
        }
        self.service_tags(&tags, &mut writer);
        writer.into_bytes()
    }

    /// The service writes its tags as one Tag without Targets, with sizes of 4 bytes.
    fn service_tags(&self, tags: &[(ServiceTag, String)], writer: &mut Writer) {
        let simple_tags =
            tags.iter().map(|(tag, value)| SimpleTag::new(tag.name(self.layout.names), &**value)).collect();
        let mut own = Writer::with_size_width(4);
        write_tags(&[Tag { targets: None, simple_tags }], &mut own);
        writer.raw(&own.into_bytes());
    }
}
