//! What stands in front of the Clusters of a merged file.

use fragkit_mkv::write::Writer;
use fragkit_mkv::{EbmlHeader, Id, Info, TrackEntry, write_tracks};

use super::clusters::{Cluster, Layout};
use crate::time::Nanos;
use crate::tracks::Tracks;

/// DateUTC counts from 2001-01-01; this is that day in milliseconds since 1970.
const DATE_UTC_EPOCH_MS: i64 = 978_307_200_000;

/// A producer's clock that shows the first day of 1970 started with the producer and tells no date.
const DAY_MS: i64 = 86_400_000;

/// EBML header, head of the Segment, SeekHead, Info, Tracks and Cues. `start` is the wall-clock time of the file's time 0.
pub(super) fn head(layout: &Layout, tracks: &Tracks, start: Option<Nanos>) -> Vec<u8> {
    let info = element(|writer| info(layout, start).write(writer));
    let tracks = element(|writer| write_tracks(&entries(tracks), writer));
    // Positions have a fixed width, so these two are as long before their values are known.
    let cues_bytes = len(&cues(layout, 0));
    let mut sections = vec![(Id::INFO, len(&info)), (Id::TRACKS, len(&tracks))];
    if cues_bytes > 0 {
        sections.push((Id::CUES, cues_bytes));
    }
    let mut position = len(&seek_head(&sections));
    for (_, section) in &mut sections {
        let size = std::mem::replace(section, position);
        position += size;
    }
    let mut writer = Writer::new();
    EbmlHeader::default().write(&mut writer);
    writer.header_with_width(Id::SEGMENT, Some(position.saturating_add(layout.cluster_bytes())), 8);
    writer.raw(&seek_head(&sections));
    writer.raw(&info);
    writer.raw(&tracks);
    writer.raw(&cues(layout, position));
    writer.into_bytes()
}

fn info(layout: &Layout, start: Option<Nanos>) -> Info {
    let start = start.filter(|start| *start >= Nanos::from_millis(DAY_MS));
    Info {
        timestamp_scale: layout.scale.unsigned_abs(),
        duration: Some(float(layout.duration.0) / float(layout.scale)),
        date_utc: start.map(|start| (start - Nanos::from_millis(DATE_UTC_EPOCH_MS)).0),
        muxing_app: "fragkit".into(),
        writing_app: "fragkit".into(),
        ..Info::default()
    }
}

/// The entries as they came, but for what is not so any more: frames are stored as they are. A track whose frames could
/// not be had is left out.
fn entries(tracks: &Tracks) -> Vec<TrackEntry> {
    let kept = tracks.iter().filter(|track| track.refused_encoding.is_none());
    let mut entries: Vec<TrackEntry> =
        kept.map(|track| TrackEntry { content_encodings: Vec::new(), ..track.entry.clone() }).collect();
    // Producers are known that leave the UID out; 0 is no UID (RFC 9559, section 5.1.4.1.2).
    let uids: Vec<u64> = entries.iter().map(|entry| entry.uid).collect();
    for entry in entries.iter_mut().filter(|entry| entry.uid == 0) {
        entry.uid = if uids.contains(&entry.number) { u64::MAX - entry.number } else { entry.number };
    }
    entries
}

/// Where each of these elements is, in bytes from the start of the Segment's data.
fn seek_head(sections: &[(Id, u64)]) -> Vec<u8> {
    element(|writer| {
        writer.master(Id::SEEK_HEAD, |seek_head| {
            for (id, position) in sections {
                seek_head.master(Id::SEEK, |seek| {
                    let bytes = id.0.to_be_bytes();
                    let leading = bytes.iter().take_while(|byte| **byte == 0).count();
                    seek.binary(Id::SEEK_ID, bytes.get(leading..).unwrap_or_default());
                    seek.uint_with_width(Id::SEEK_POSITION, *position, 8);
                });
            }
        });
    })
}

/// The Cues, if there are any, for Clusters that begin this many bytes behind the start of the Segment's data.
fn cues(layout: &Layout, clusters: u64) -> Vec<u8> {
    let mut position = clusters;
    let mut starts = layout.clusters.iter().map(Cluster::size).map(|size| {
        let start = position;
        position = position.saturating_add(size);
        start
    });
    let mut next = 0;
    if layout.cues.is_empty() {
        return Vec::new();
    }
    element(|writer| {
        writer.master(Id::CUES, |cues| {
            for cue in &layout.cues {
                let start = starts.nth(cue.cluster - next).unwrap_or_default();
                next = cue.cluster + 1;
                cues.master(Id::CUE_POINT, |point| {
                    point.uint(Id::CUE_TIME, cue.time.max(0).unsigned_abs());
                    point.master(Id::CUE_TRACK_POSITIONS, |positions| {
                        positions.uint(Id::CUE_TRACK, layout.cue_track);
                        positions.uint_with_width(Id::CUE_CLUSTER_POSITION, start, 8);
                    });
                });
            }
        });
    })
}

fn element(write: impl FnOnce(&mut Writer)) -> Vec<u8> {
    let mut writer = Writer::new();
    write(&mut writer);
    writer.into_bytes()
}

fn len(bytes: &[u8]) -> u64 {
    u64::try_from(bytes.len()).unwrap_or(u64::MAX)
}

/// Rounded to 53 bits, as any conversion to a float of this size is.
fn float(value: i64) -> f64 {
    let magnitude = value.unsigned_abs();
    let half = |bits: u64| f64::from(u32::try_from(bits & u64::from(u32::MAX)).unwrap_or_default());
    let float = half(magnitude >> 32) * 4_294_967_296.0 + half(magnitude);
    if value < 0 { -float } else { float }
}
