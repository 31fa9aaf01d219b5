//! libavcodec, by the system's FFmpeg: all profiles of both standards. Pictures come out in the order in which they are shown,
//! up to 16 access units late, and are held until those that they may refer to are known to be whole.

use std::{collections::VecDeque, sync::Once};

use ffmpeg_next::{
    Error,
    codec::{self, Compliance, Context, Id, threading},
    decoder::{self, Check},
    error,
    format::Pixel,
    frame, log,
    packet::Packet,
};
use fragkit_codec::{avc, hevc};

use super::{
    AccessUnit, DecodeError, DecodeErrorKind, Decoder, Standard,
    planes::{Window, copied, from_le_bytes},
};
use crate::picture::{ChromaFormat, Picture, Plane, Planes};

pub(super) struct Ffmpeg {
    decoder: decoder::Video,
    standard: Standard,
    /// Whether pictures have no chroma, by the last sequence parameter set: those of H.264 come out with chroma that is grey.
    monochrome: bool,
    /// Parameter sets from outside, until they go in with the first access unit.
    parameter_sets: Vec<u8>,
    /// The access unit with start codes. Kept for its capacity.
    annex_b: Vec<u8>,
    /// Ids whose pictures are to come out.
    wanted: VecDeque<u32>,
    /// Ids of the access units whose frames have not come out, in decoding order.
    under_way: VecDeque<u32>,
    frame: frame::Video,
    /// Pictures that may refer to others under way.
    held: VecDeque<(u32, Picture)>,
    finished: VecDeque<(u32, Picture)>,
}

/// Access units after which one that gave no frame is no longer waited for: twice the pictures that a decoder may keep.
const MAX_UNDER_WAY: usize = 32;

impl Ffmpeg {
    pub(super) fn open(standard: Standard, parameter_sets: &[&[u8]]) -> Result<Self, DecodeError> {
        static ONCE: Once = Once::new();
        ONCE.call_once(|| {
            error::register_all();
            // What is wrong is told by errors; the library would also write it to standard error.
            log::set_level(log::Level::Quiet);
        });
        let id = match standard {
            Standard::Avc => Id::H264,
            Standard::Hevc => Id::HEVC,
        };
        let codec = codec::decoder::find(id)
            .ok_or_else(|| DecodeError::unsupported("this libavcodec was built without the decoder"))?;
        let mut context = Context::new_with_codec(codec);
        context.set_threading(threading::Config::count(1));
        // Else the H.264 decoder guesses how far pictures are reordered where the stream does not say, and drops those that
        // come later than it had guessed.
        context.compliance(Compliance::Strict);
        let mut decoder = context.decoder();
        // The H.264 decoder would also refuse a picture that could refer to more pictures than there are, and does not. What is
        // damaged it marks.
        if standard == Standard::Hevc {
            decoder.check(Check::EXPLODE);
        }
        let mut opened = Self {
            decoder: decoder.video().map_err(told)?,
            standard,
            monochrome: false,
            parameter_sets: Vec::new(),
            annex_b: Vec::new(),
            wanted: VecDeque::new(),
            under_way: VecDeque::new(),
            frame: frame::Video::empty(),
            held: VecDeque::new(),
            finished: VecDeque::new(),
        };
        put(parameter_sets, &mut opened.parameter_sets);
        opened.look_for_chroma(parameter_sets);
        Ok(opened)
    }

    /// Sees from sequence parameter sets whether there is chroma.
    fn look_for_chroma(&mut self, units: &[&[u8]]) {
        let is_set = |unit: &&&[u8]| avc::nal_unit_type(unit) == Some(avc::NAL_SPS);
        for unit in units.iter().filter(is_set).filter(|_| self.standard == Standard::Avc) {
            if let Ok(sps) = avc::Sps::read(unit) {
                self.monochrome = sps.chroma_format_idc == 0;
            }
        }
    }

    /// Takes all frames that are ready.
    fn receive(&mut self) -> Result<(), DecodeError> {
        loop {
            match self.decoder.receive_frame(&mut self.frame) {
                Ok(()) => {}
                // More input is needed, or there will be no more.
                Err(Error::Eof) => return Ok(()),
                Err(Error::Other { errno }) if errno == error::EAGAIN => return Ok(()),
                Err(other) => return Err(told(other)),
            }
            let frame = &self.frame;
            if frame.is_corrupt() || frame.has_decode_errors() {
                return Err(DecodeError::damaged("slices or references of the picture are missing or broken"));
            }
            let id = frame.pts().and_then(|pts| u32::try_from(pts).ok());
            self.under_way.retain(|under_way| Some(*under_way) != id);
            if let Some(at) = self.wanted.iter().position(|wanted| Some(*wanted) == id)
                && let Some(id) = self.wanted.remove(at)
            {
                self.held.push_back((id, converted(frame, self.monochrome)?));
            }
            self.release();
        }
    }

    /// Lets go of the pictures that can refer to nothing that is under way. Frames come out in the order in which they are shown,
    /// and a damaged one is marked only then, when those that were decoded from it may have come out unmarked.
    fn release(&mut self) {
        let oldest = self.under_way.front().copied().unwrap_or(u32::MAX);
        while let Some(at) = self.held.iter().position(|(id, _)| *id < oldest) {
            self.finished.extend(self.held.remove(at));
        }
    }
}

impl Decoder for Ffmpeg {
    fn name(&self) -> &'static str {
        "ffmpeg"
    }

    fn push(&mut self, unit: AccessUnit<'_>) -> Result<(), DecodeError> {
        let is_slice = match self.standard {
            Standard::Avc => avc::is_slice,
            Standard::Hevc => hevc::is_slice,
        };
        self.annex_b.clear();
        self.annex_b.append(&mut self.parameter_sets);
        put(unit.units, &mut self.annex_b);
        self.look_for_chroma(unit.units);
        if !unit.units.iter().any(|unit| is_slice(unit)) {
            // They go in with the next picture.
            self.parameter_sets.append(&mut self.annex_b);
            return Ok(());
        }
        if unit.wanted {
            self.wanted.push_back(unit.id);
        }
        if self.under_way.len() >= MAX_UNDER_WAY {
            self.under_way.pop_front();
        }
        self.under_way.push_back(unit.id);
        let mut packet = Packet::copy(&self.annex_b);
        packet.set_pts(Some(unit.id.into()));
        packet.set_dts(Some(unit.id.into()));
        self.decoder.send_packet(&packet).map_err(told)?;
        self.receive()
    }

    fn flush(&mut self) -> Result<(), DecodeError> {
        self.decoder.send_eof().map_err(told)?;
        self.receive()?;
        self.under_way.clear();
        self.release();
        Ok(())
    }

    fn take(&mut self) -> Option<(u32, Picture)> {
        self.finished.pop_front()
    }
}

fn put(units: &[&[u8]], out: &mut Vec<u8>) {
    for unit in units {
        out.extend_from_slice(&[0, 0, 0, 1]);
        out.extend_from_slice(unit);
    }
}

fn converted(frame: &frame::Video, monochrome: bool) -> Result<Picture, DecodeError> {
    let format = frame.format();
    let (chroma, bit_depth) = match format {
        Pixel::GRAY8 => (ChromaFormat::Monochrome, 8),
        Pixel::GRAY10LE => (ChromaFormat::Monochrome, 10),
        Pixel::GRAY12LE => (ChromaFormat::Monochrome, 12),
        Pixel::YUV420P | Pixel::YUVJ420P => (ChromaFormat::Yuv420, 8),
        Pixel::YUV420P9LE => (ChromaFormat::Yuv420, 9),
        Pixel::YUV420P10LE => (ChromaFormat::Yuv420, 10),
        Pixel::YUV420P12LE => (ChromaFormat::Yuv420, 12),
        Pixel::YUV420P14LE => (ChromaFormat::Yuv420, 14),
        Pixel::YUV422P | Pixel::YUVJ422P => (ChromaFormat::Yuv422, 8),
        Pixel::YUV422P9LE => (ChromaFormat::Yuv422, 9),
        Pixel::YUV422P10LE => (ChromaFormat::Yuv422, 10),
        Pixel::YUV422P12LE => (ChromaFormat::Yuv422, 12),
        Pixel::YUV422P14LE => (ChromaFormat::Yuv422, 14),
        // With matrix coefficients 0 the planes are G, B, R, and are decoded as Y, Cb, Cr are.
        Pixel::YUV444P | Pixel::YUVJ444P | Pixel::GBRP => (ChromaFormat::Yuv444, 8),
        Pixel::YUV444P9LE | Pixel::GBRP9LE => (ChromaFormat::Yuv444, 9),
        Pixel::YUV444P10LE | Pixel::GBRP10LE => (ChromaFormat::Yuv444, 10),
        Pixel::YUV444P12LE | Pixel::GBRP12LE => (ChromaFormat::Yuv444, 12),
        Pixel::YUV444P14LE | Pixel::GBRP14LE => (ChromaFormat::Yuv444, 14),
        _ => return Err(DecodeError::unsupported(format!("samples come out as {format:?}"))),
    };
    let chroma = if monochrome { ChromaFormat::Monochrome } else { chroma };
    let (width, height) = (frame.width(), frame.height());
    let (chroma_width, chroma_height) = chroma.chroma_size(width, height);
    let sizes = [(width, height), (chroma_width, chroma_height), (chroma_width, chroma_height)];
    let side = |side| usize::try_from(side).unwrap_or(usize::MAX);
    let bytes = |index: usize, (width, height): (u32, u32), sample: usize| -> Plane<u8> {
        if width == 0 || index >= frame.planes() {
            return Plane::default();
        }
        let window = Window { left: 0, top: 0, width: side(width) * sample, height: side(height) };
        copied(frame.data(index), frame.stride(index), window, |byte| *byte)
    };
    let [y, u, v] = [0, 1, 2];
    let [of_y, of_u, of_v] = sizes;
    let planes = if bit_depth > 8 {
        let plane = |index, size| {
            let Plane { data, stride } = bytes(index, size, 2);
            Plane { data: from_le_bytes(&data), stride: stride / 2 }
        };
        Planes::Wide([plane(y, of_y), plane(u, of_u), plane(v, of_v)])
    } else {
        Planes::Narrow([bytes(y, of_y, 1), bytes(u, of_u, 1), bytes(v, of_v, 1)])
    };
    Ok(Picture { width, height, chroma, bit_depth, planes })
}

fn told(error: Error) -> DecodeError {
    let kind = match error {
        Error::PatchWelcome | Error::DecoderNotFound => DecodeErrorKind::Unsupported,
        _ => DecodeErrorKind::Damaged,
    };
    DecodeError { kind, message: error.to_string() }
}
