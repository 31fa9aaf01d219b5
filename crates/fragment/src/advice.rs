//! What the service calls a fault, and what to change at the producer so that it does not come up again.

use fragkit_codec::frame::SetChange;
use fragkit_codec::{CodecId, CodecPrivate, Effect, Error, ErrorKind, Fault, FrameRule};
use fragkit_mkv::TrackType;

use crate::finding::Finding;
use crate::tracks::Track;

impl Finding {
    /// What a fault of a track's private data comes to: how bad it is, the exception that the service gives for it, if it
    /// gives one, and what to change at the producer. Where in the stream that is, and what was done, is left to the caller.
    #[must_use]
    pub fn of_private_data(track: &Track, fault: &Fault) -> Finding {
        let entry = &track.entry;
        let message = match CodecId::parse(&entry.codec_id) {
            CodecId::Other(id) => {
                let name = codec_name(&id, entry.codec_private.as_deref().unwrap_or_default());
                let name = name.map_or_else(String::new, |name| format!(" ({name})"));
                format!("track {}: CodecID is {id:?}{name}, which stands in no clip and no playlist", entry.number)
            }
            _ => format!("track {}: {fault}", entry.number),
        };
        // Every stream of the producer SDK in one of the High profiles is like this.
        let left_out = fault.effect == Effect::Harmless && fault.error.field() == "chroma_format";
        let hint = match left_out {
            true => {
                "nothing has to change: the producer SDK leaves these fields out, and readers take them from the SPS"
            }
            false => private_hint(&entry.codec_id, &fault.error),
        };
        let of_container = fault.error.structure() == AUDIO_ELEMENT;
        Finding {
            exception: refused_for(track, fault),
            path: if of_container { AUDIO_PATH } else { PRIVATE_PATH }.into(),
            hint: Some(hint.into()),
            ..Finding::new(fault.effect.into(), message)
        }
    }
}

/// The exception that the service gives for a fault of a track's private data, if it gives one.
///
/// It looks into the private data of pictures alone; of sound, it has to be there, and to say how the frames are counted.
pub(crate) fn refused_for(track: &Track, fault: &Fault) -> Option<&'static str> {
    let looked_at =
        track.entry.track_type == TrackType::Video || track.pcm().is_some() || track.audio_clock().is_none();
    let exception = match (&track.codec_private, fault.error.kind()) {
        // The CodecID has told that it is AAC.
        (Ok(CodecPrivate::Aac(_)), ErrorKind::Unsupported) => private_exception(ErrorKind::Invalid),
        (_, kind) => private_exception(kind),
    };
    (fault.effect > Effect::Harmless && looked_at).then_some(exception)
}

/// What a CodecID that is not read here stands for.
fn codec_name(id: &str, private: &[u8]) -> Option<String> {
    if id == "V_MS/VFW/FOURCC" {
        // biCompression of the BITMAPINFOHEADER.
        let code = private.get(16..20).and_then(|code| std::str::from_utf8(code).ok())?;
        return code.bytes().all(|byte| byte.is_ascii_graphic()).then(|| format!("{code} in a BITMAPINFOHEADER"));
    }
    let name = match id {
        "V_MJPEG" => "Motion JPEG",
        "V_VP8" => "VP8",
        "V_VP9" => "VP9",
        "V_AV1" => "AV1",
        "V_MPEG4/ISO/SP" | "V_MPEG4/ISO/ASP" | "V_MPEG4/ISO/AP" => "MPEG-4 Part 2",
        "A_PCM/INT/LIT" | "A_PCM/INT/BIG" | "A_PCM/FLOAT/IEEE" => "PCM",
        "A_OPUS" => "Opus",
        "A_VORBIS" => "Vorbis",
        "A_FLAC" => "FLAC",
        "A_MPEG/L3" => "MP3",
        _ => return None,
    };
    Some(name.into())
}

/// What the producer should send instead of a codec that the service does not play.
fn codec_hint(id: &str) -> &'static str {
    match id {
        "V_MS/VFW/FOURCC" | "V_MJPEG" => {
            "have the camera or the producer encode H.264 (V_MPEG4/ISO/AVC) instead of single pictures; GetMedia and \
             `fragkit merge` give the stream as it is"
        }
        _ if id.starts_with("V_") => {
            "have the encoder make H.264 (V_MPEG4/ISO/AVC) or H.265 (V_MPEGH/ISO/HEVC), and check how the CodecID is spelt"
        }
        _ if id.starts_with("A_PCM") => {
            "encode the samples as A-law (A_MS/ACM with format tag 6) or AAC (A_AAC) before they are sent; GetMedia and \
             `fragkit merge` give them as they are, `fragkit audio` makes WAV files of them"
        }
        _ if id.starts_with("A_") => "encode the sound as AAC (A_AAC) or as G.711 A-law (A_MS/ACM with format tag 6)",
        _ => {
            "the service plays H.264 (V_MPEG4/ISO/AVC), H.265 (V_MPEGH/ISO/HEVC), AAC (A_AAC) and G.711 (A_MS/ACM): set \
             the CodecID of the track to one of these"
        }
    }
}

/// The exception that the service gives for private data that is wrong in this way.
pub(crate) fn private_exception(kind: ErrorKind) -> &'static str {
    match kind {
        ErrorKind::Missing => "MissingCodecPrivateDataException",
        ErrorKind::Unsupported => "UnsupportedStreamMediaTypeException",
        _ => "InvalidCodecPrivateDataException",
    }
}

/// What the producer should send as private data instead.
pub(crate) fn private_hint(codec_id: &str, error: &Error) -> &'static str {
    let codec = CodecId::parse(codec_id);
    let whole = error.field().is_empty();
    match (&codec, error.kind()) {
        (CodecId::Other(id), _) => codec_hint(id),
        _ if error.structure() == AUDIO_ELEMENT => {
            "set the rate and the channels that the producer gives for the track to those of the private data"
        }
        (_, ErrorKind::AnnexB) => {
            "have the producer adapt its private data: set the NAL adaptation flag NAL_ADAPTATION_ANNEXB_CPD_NALS, or in \
             GStreamer put h264parse or h265parse before kvssink with stream-format=avc or hvc1"
        }
        (CodecId::Avc | CodecId::Hevc, ErrorKind::Missing) if whole => {
            "have the producer send a configuration record, or set the NAL adaptation flags so that it takes the parameter \
             sets from the first key frame (NAL_ADAPTATION_ANNEXB_CPD_NALS | NAL_ADAPTATION_ANNEXB_NALS)"
        }
        (CodecId::Avc, ErrorKind::Missing) => {
            "the record needs an SPS and a PPS; encoders often give them in two buffers: collect both before the stream is \
             made"
        }
        (CodecId::Hevc, ErrorKind::Missing) => {
            "the record needs a VPS, an SPS and a PPS; collect all three from the encoder before the stream is made"
        }
        (CodecId::Aac, ErrorKind::Missing) => {
            "pass the AudioSpecificConfig, two bytes for AAC-LC: object type, rate and channels (11 90 is 48 kHz stereo)"
        }
        (CodecId::Acm, ErrorKind::Missing | ErrorKind::Truncated) => {
            "pass a WAVEFORMATEX of 18 bytes: format tag 6 (A-law) or 7 (mu-law), channels, rate, bytes a second, block \
             align, 8 bits, size 0"
        }
        (_, ErrorKind::Truncated) => "the private data ends too early: check the size that the producer passes with it",
        (CodecId::Aac, ErrorKind::Unsupported) => "have the encoder make AAC-LC (object type 2)",
        (CodecId::Acm, ErrorKind::Unsupported) => {
            "encode the samples as A-law (format tag 6) or mu-law (7) before they are sent, and let the format tag say so"
        }
        (CodecId::Acm, _) if matches!(error.field(), "nAvgBytesPerSec" | "nBlockAlign" | "wBitsPerSample") => {
            "fill in nAvgBytesPerSec = nSamplesPerSec x nChannels, nBlockAlign = nChannels and wBitsPerSample = 8; the \
             producer SDK for C does not, and readers have to look past it"
        }
        (CodecId::Acm, _) => "the format tag has to be 6 (A-law) or 7 (mu-law), all fields little-endian",
        (CodecId::Avc | CodecId::Hevc, _) if error.field() == "configurationVersion" => {
            "pass the payload of the avcC or hvcC box, which begins with 01: not the box with its header, not a bare SPS"
        }
        (CodecId::Avc | CodecId::Hevc, _) if error.field() == "lengthSizeMinusOne" => {
            "put lengths of four bytes in front of the NAL units, and declare them: lengthSizeMinusOne 3"
        }
        (CodecId::Avc | CodecId::Hevc, _) if is_copied_from_sps(error.field()) => {
            "copy profile, constraints and level from the SPS into the record; in GStreamer h264parse and h265parse do"
        }
        (CodecId::Avc | CodecId::Hevc, _) => {
            "build the record from the parameter sets that the encoder sends, and again when the encoder is set anew"
        }
        (CodecId::Aac, _) if error.to_string().contains("ADTS header") => {
            "pass the AudioSpecificConfig, two bytes for AAC-LC, not an ADTS header (in GStreamer stream-format=raw)"
        }
        (CodecId::Aac, _) => "take the AudioSpecificConfig from the encoder as it is",
        _ => "take the private data from the encoder as it is",
    }
}

/// Whether a field of a configuration record repeats what the first SPS says.
fn is_copied_from_sps(field: &str) -> bool {
    field.starts_with("general_")
        || ["AVCProfileIndication", "profile_compatibility", "AVCLevelIndication"].contains(&field)
}

/// The exception that the service gives for a frame that is wrong in this way, if it gives one.
pub(crate) fn frame_exception(rule: &FrameRule) -> Option<&'static str> {
    match rule {
        FrameRule::SetDiffers { change: SetChange::PictureSize { .. }, .. } => Some("InvalidCodecPrivateDataException"),
        FrameRule::RtpPacket(_) | FrameRule::Loas => Some("UnsupportedStreamMediaTypeException"),
        FrameRule::UnknownType(_)
        | FrameRule::OtherLayer(_)
        | FrameRule::DelimiterNotFirst
        | FrameRule::AfterSlice(_)
        | FrameRule::KeyOnRecoveryPoint
        | FrameRule::KeyOnIntra
        | FrameRule::KeyOnPredicted
        | FrameRule::KeyMissing
        | FrameRule::NoPicture
        | FrameRule::SecondPicture
        | FrameRule::SetDiffers { .. }
        | FrameRule::AdtsDiffers { .. } => None,
        _ => Some("InvalidMediaFrameException"),
    }
}

/// What the producer should do with its frames instead.
pub(crate) fn frame_hint(rule: &FrameRule) -> &'static str {
    match rule {
        FrameRule::StartCodes => {
            "have the producer adapt its frames: set the NAL adaptation flag NAL_ADAPTATION_ANNEXB_NALS, or in GStreamer put \
             h264parse or h265parse before kvssink with stream-format=avc or hvc1 and alignment=au"
        }
        FrameRule::OtherLengthSize(_) => "lengthSizeMinusOne of the private data has to be that of the frames",
        FrameRule::LengthPastEnd { .. } | FrameRule::LengthCut { .. } => {
            "the frame was cut before it was sent: check the buffer size of the producer, and that each frame is sent whole"
        }
        FrameRule::Empty => "do not send frames without bytes; an encoder gives them when it drops a picture",
        FrameRule::EmptyUnit => "do not send NAL units without bytes; they come from trailing zeros of a byte stream",
        FrameRule::ForbiddenBit => {
            "the bytes were damaged on the way, or they are no NAL units: check what the encoder sends"
        }
        FrameRule::HeaderCut | FrameRule::NoTemporalId => "check that the track's codec is that of the frames",
        FrameRule::RtpPacket(_) => "put RTP packets together to access units first (RFC 6184, RFC 7798)",
        FrameRule::NoPicture => {
            "send parameter sets and delimiters in front of the picture that they belong to, in the same frame \
             (alignment=au)"
        }
        FrameRule::SecondPicture => "send each picture as a frame of its own (alignment=au)",
        FrameRule::KeyOnPredicted => "set the key frame flag on IDR pictures only: fragments begin where it is set",
        FrameRule::KeyMissing => "set the key frame flag on IDR pictures: fragments begin where it is set",
        FrameRule::KeyOnRecoveryPoint | FrameRule::KeyOnIntra => {
            "have the encoder make closed groups that begin with IDR"
        }
        FrameRule::SetDiffers { change: SetChange::PictureSize { .. }, .. } => {
            "start the stream anew when the encoder changes its picture size, so that the private data changes with it"
        }
        FrameRule::SetDiffers { .. } => "send the private data anew when the encoder changes its parameter sets",
        FrameRule::AdtsHeaders(_) | FrameRule::AdtsLength { .. } | FrameRule::AdtsBlocks(_) => {
            "send raw AAC frames without ADTS headers (in GStreamer stream-format=raw)"
        }
        FrameRule::AdtsDiffers { .. } => "the AudioSpecificConfig has to be that of the encoder",
        FrameRule::Loas => "send raw AAC frames, not LOAS (in GStreamer stream-format=raw)",
        FrameRule::PartOfSample { .. } => "send whole samples of all channels in each frame",
        FrameRule::UnknownType(_) | FrameRule::OtherLayer(_) => {
            "decoders skip these units; the encoder need not send them"
        }
        _ => "put the delimiter first and the messages before the slices (ITU-T H.264, 7.4.1.2.3)",
    }
}

const PRIVATE_PATH: &str = "Segment > Tracks > TrackEntry > CodecPrivate";
const AUDIO_PATH: &str = "Segment > Tracks > TrackEntry > Audio";
/// What faults of the container beside the private data are faults of.
const AUDIO_ELEMENT: &str = "Audio element";
