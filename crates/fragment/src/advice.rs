//! What the service calls a fault, and what to change at the producer so that it does not come up again.

use fragkit_codec::frame::SetChange;
use fragkit_codec::{CodecId, Error, ErrorKind, FrameRule};

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
        (CodecId::Other(_), _) => {
            "the service plays H.264 (V_MPEG4/ISO/AVC), H.265 (V_MPEGH/ISO/HEVC), AAC (A_AAC) and G.711 (A_MS/ACM)"
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
        (CodecId::Acm, _) => "the format tag has to be 6 (A-law) or 7 (mu-law), all fields little-endian",
        (CodecId::Avc | CodecId::Hevc, _) if error.field() == "configurationVersion" => {
            "pass the payload of the avcC or hvcC box, which begins with 01: not the box with its header, not a bare SPS"
        }
        (CodecId::Avc | CodecId::Hevc, _) => {
            "build the record from the parameter sets that the encoder sends, and again when the encoder is set anew"
        }
        (CodecId::Aac, _) => "take the AudioSpecificConfig from the encoder as it is",
        _ => "take the private data from the encoder as it is",
    }
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
