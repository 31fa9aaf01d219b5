//! Streams as access units, what decoders make of them, and what ffmpeg does.

use std::{
    io::Write,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use bytes::Bytes;
use fragkit_codec::{CodecPrivate, nal};
use fragkit_fragment::{Assembler, Item, Limits};
use fragkit_image::{AccessUnit, ChromaFormat, DecodeError, DecoderKind, Picture, Plane, Planes};

pub(crate) const TESTDATA: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../testdata");
pub(crate) const CAPTURES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/captures");

/// The video of a file.
#[derive(Clone)]
pub(crate) struct Stream {
    pub(crate) private: CodecPrivate,
    pub(crate) units: Vec<Unit>,
}

/// A frame.
#[derive(Clone)]
pub(crate) struct Unit {
    /// Fragment and time: the order in which frames are shown.
    pub(crate) shown: (usize, i64),
    pub(crate) nals: Vec<Vec<u8>>,
}

impl Unit {
    /// Whether no other frame refers to it.
    pub(crate) fn is_disposable(&self, private: &CodecPrivate) -> bool {
        let avc = matches!(private, CodecPrivate::Avc(_));
        self.nals.iter().all(|nal| match avc {
            true => !matches!(nal[0] & 0x1f, 1..=5) || nal[0] & 0x60 == 0,
            // Sub-layer non-reference pictures have even types below 16; there is one sub-layer only.
            false => (nal[0] >> 1) >= 16 || (nal[0] >> 1) % 2 == 0,
        }) && !self.nals.iter().any(|nal| !avc && (16..=23).contains(&(nal[0] >> 1)))
    }
}

/// `None` where there is no video in it.
pub(crate) fn read(path: &Path) -> Option<Stream> {
    let mut assembler = Assembler::new(Limits::default());
    assembler.push(Bytes::from(std::fs::read(path).unwrap()));
    assembler.finish();
    let mut units = Vec::new();
    let mut private = None;
    let fragments = std::iter::from_fn(|| assembler.poll()).filter_map(|item| match item {
        Item::Fragment(fragment) => Some(fragment),
        Item::Finding(_) => None,
    });
    for (index, fragment) in fragments.enumerate() {
        let Some(track) = fragment.head.tracks.video() else { continue };
        let Ok(known) = &track.codec_private else { continue };
        let number = track.entry.number;
        for frame in fragment.frames.iter().filter(|frame| frame.track == number) {
            let nals = nal::units(&frame.payload, known.length_size()).map(|range| frame.payload[range].to_vec());
            units.push(Unit { shown: (index, frame.time.0), nals: nals.collect() });
        }
        private.get_or_insert_with(|| known.clone());
    }
    Some(Stream { private: private?, units })
}

/// A stream of pictures that move, as ffmpeg makes it with those options.
pub(crate) fn made(options: &str) -> Option<Stream> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("made.mkv");
    let status = Command::new("ffmpeg")
        .args(["-v", "error", "-nostdin", "-f", "lavfi", "-i"])
        .args(options.split_whitespace())
        .args(["-threads", "1", "-an"])
        .arg(&path)
        .status();
    match status {
        Ok(status) if status.success() => read(&path),
        other => {
            eprintln!("skipped: ffmpeg cannot make {options}: {other:?}");
            None
        }
    }
}

pub(crate) fn files(folder: &str) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(folder) else {
        eprintln!("skipped: {folder} is not there");
        return Vec::new();
    };
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.retain(|path| path.extension().is_some_and(|it| it == "mkv") && !path.to_string_lossy().contains(".chunks."));
    paths.sort();
    paths
}

/// Pictures with the indices of their units.
pub(crate) type Decoded = Vec<(usize, Picture)>;

impl Stream {
    pub(crate) fn sets(&self) -> Vec<Vec<u8>> {
        let sets: Vec<&[u8]> = match &self.private {
            CodecPrivate::Avc(record) => record.nal_units().collect(),
            CodecPrivate::Hevc(record) => record.nal_units().collect(),
            _ => Vec::new(),
        };
        sets.iter().map(|set| set.to_vec()).collect()
    }

    /// What ffmpeg decodes, in the order in which it is shown.
    pub(crate) fn decoded_by_ffmpeg(&self) -> Option<Vec<u8>> {
        let format = if matches!(self.private, CodecPrivate::Avc(_)) { "h264" } else { "hevc" };
        let sets = self.sets();
        let mut bytes = Vec::new();
        for nal in sets.iter().chain(self.units.iter().flat_map(|unit| &unit.nals)) {
            bytes.extend_from_slice(&[0, 0, 0, 1]);
            bytes.extend_from_slice(nal);
        }
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(&bytes).unwrap();
        let output = Command::new("ffmpeg")
            .args(["-v", "quiet", "-nostdin", "-threads", "1", "-strict", "strict", "-f", format, "-i"])
            .arg(file.path())
            .args(self.luma_alone())
            .args(["-fps_mode", "passthrough", "-f", "rawvideo", "-"])
            .stdin(Stdio::null())
            .output();
        match output {
            Ok(output) if output.status.success() => Some(output.stdout),
            other => {
                eprintln!("skipped: ffmpeg: {:?}", other.map(|output| output.status));
                None
            }
        }
    }

    /// ffmpeg gives monochrome pictures of H.264 grey chroma; this takes it off.
    fn luma_alone(&self) -> &'static [&'static str] {
        let monochrome =
            self.private.video().is_ok_and(|video| video.is_some_and(|video| video.chroma_format_idc == 0));
        if monochrome { &["-vf", "extractplanes=y"] } else { &[] }
    }

    /// The pictures of the units that are wanted, of all that are pushed, as they come out.
    pub(crate) fn decode(
        &self,
        kind: DecoderKind,
        pushed: impl Fn(usize) -> bool,
        wanted: impl Fn(usize) -> bool,
    ) -> Result<Decoded, (Decoded, DecodeError)> {
        let mut pictures = Vec::new();
        let sets = self.sets();
        let sets: Vec<&[u8]> = sets.iter().map(Vec::as_slice).collect();
        let mut decoder = match kind.open(&sets) {
            Ok(decoder) => decoder,
            Err(error) => return Err((pictures, error)),
        };
        let mut result = Ok(());
        for (id, unit) in self.units.iter().enumerate().filter(|(id, _)| pushed(*id)) {
            let units: Vec<&[u8]> = unit.nals.iter().map(Vec::as_slice).collect();
            let wanted = wanted(id);
            result = decoder.push(AccessUnit { id: id.try_into().unwrap(), wanted, units: &units });
            if result.is_err() {
                break;
            }
            let before = pictures.len();
            while let Some((id, picture)) = decoder.take() {
                pictures.push((id.try_into().unwrap(), picture));
            }
            if !format!("{kind:?}").contains("Ffmpeg") && wanted {
                assert!(pictures[before..].iter().all(|(of, _)| *of == id), "{kind:?} gives a picture late");
            }
        }
        let result = result.and_then(|()| decoder.flush());
        while let Some((id, picture)) = decoder.take() {
            pictures.push((id.try_into().unwrap(), picture));
        }
        match result {
            Ok(()) => Ok(pictures),
            Err(error) => Err((pictures, error)),
        }
    }

    /// All pictures in the order in which they are shown, as bytes.
    pub(crate) fn decoded_by(&self, kind: DecoderKind) -> Result<Vec<Vec<u8>>, DecodeError> {
        let mut pictures = self.decode(kind, |_| true, |_| true).map_err(|(_, error)| error)?;
        pictures.sort_by_key(|(id, _)| self.units[*id].shown);
        Ok(pictures.iter().map(|(_, picture)| raw(picture)).collect())
    }
}

/// As ffmpeg's rawvideo has it.
pub(crate) fn raw(picture: &Picture) -> Vec<u8> {
    fn put<T>(planes: &[Plane<T>; 3], sizes: [(u32, u32); 3], out: &mut Vec<u8>, bytes: impl Fn(&T, &mut Vec<u8>)) {
        for (plane, (width, height)) in planes.iter().zip(sizes) {
            let rows: Vec<&[T]> = plane.rows(width.try_into().unwrap()).take(height.try_into().unwrap()).collect();
            assert!(width == 0 || rows.len() == usize::try_from(height).unwrap());
            rows.iter().flat_map(|row| row.iter()).for_each(|sample| bytes(sample, out));
        }
    }
    let chroma = picture.chroma.chroma_size(picture.width, picture.height);
    let sizes = [(picture.width, picture.height), chroma, chroma];
    let mut out = Vec::new();
    match &picture.planes {
        Planes::Narrow(planes) => {
            assert_eq!(picture.bit_depth, 8);
            put(planes, sizes, &mut out, |sample, out| out.push(*sample));
        }
        Planes::Wide(planes) => {
            assert!(picture.bit_depth > 8);
            put(planes, sizes, &mut out, |sample, out| out.extend_from_slice(&sample.to_le_bytes()));
        }
    }
    assert_eq!(picture.chroma == ChromaFormat::Monochrome, sizes[1] == (0, 0));
    out
}
