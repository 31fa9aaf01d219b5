//! The rules that frames break, small enough to be kept for each frame.

use crate::{error::ErrorKind, fault::Effect, nal::LengthSize};

/// A rule that a frame breaks, and where in the frame. [`FrameChecker::fault`](super::FrameChecker::fault) puts it into
/// words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FrameFault {
    /// Bytes from the frame's start.
    pub offset: usize,
    /// The rule.
    pub rule: FrameRule,
}

/// A rule that frames break.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum FrameRule {
    /// The frame has no bytes.
    Empty,
    /// A NAL unit's length reaches past the end of the frame.
    LengthPastEnd {
        /// The length.
        length: u32,
        /// Bytes that are left.
        left: usize,
    },
    /// Fewer bytes are left than a length takes.
    LengthCut {
        /// Bytes that are left.
        left: usize,
    },
    /// Start codes stand where lengths belong.
    StartCodes,
    /// The lengths add up only when read with a size other than the declared one.
    OtherLengthSize(LengthSize),
    /// A NAL unit has length 0.
    EmptyUnit,
    /// `forbidden_zero_bit` is 1.
    ForbiddenBit,
    /// A NAL unit of H.265 ends inside its header.
    HeaderCut,
    /// `nal_unit_type` is reserved or unspecified: decoders skip the unit.
    UnknownType(u8),
    /// All there is instead of a slice is a packet as RTP carries it, with this type.
    RtpPacket(u8),
    /// `nuh_layer_id` is not 0: decoders of the base layer skip the unit.
    OtherLayer(u8),
    /// `nuh_temporal_id_plus1` is 0.
    NoTemporalId,
    /// There is no slice.
    NoPicture,
    /// A second picture begins.
    SecondPicture,
    /// The key flag is set on a frame that is no IDR picture but has a recovery point message.
    KeyOnRecoveryPoint,
    /// The key flag is set on a frame that is no IDR, CRA or BLA picture but has intra slices only.
    KeyOnIntra,
    /// The key flag is set on a frame where decoding cannot start.
    KeyOnPredicted,
    /// The key flag is not set on an IDR, CRA or BLA picture.
    KeyMissing,
    /// An access unit delimiter is not the first NAL unit.
    DelimiterNotFirst,
    /// A NAL unit of this type follows a slice, where it begins the next picture.
    AfterSlice(u8),
    /// A parameter set is not the one in the private data.
    SetDiffers {
        /// Which kind.
        set: ParameterSet,
        /// Its id, when it can be read.
        id: Option<u8>,
        /// How it differs.
        change: SetChange,
    },
    /// ADTS headers in front of so many frames.
    AdtsHeaders(u32),
    /// An ADTS header that announces another number of bytes than there are.
    AdtsLength {
        /// `aac_frame_length`.
        stated: u16,
        /// Bytes from the header to the end of the frame.
        left: usize,
    },
    /// An ADTS frame with so many raw data blocks and nothing that tells where each of them begins.
    AdtsBlocks(u8),
    /// An ADTS header that does not agree with the private data.
    AdtsDiffers {
        /// Its sampling frequency in hertz.
        sampling_frequency: u32,
        /// Its `channel_configuration`.
        channel_configuration: u8,
    },
    /// A LOAS frame with its LATM multiplex.
    Loas,
    /// Bytes that do not make up whole samples.
    PartOfSample {
        /// Bytes too many.
        over: usize,
        /// Bytes of a sample in all channels.
        block: usize,
    },
}

/// A kind of parameter set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ParameterSet {
    /// Video parameter set, H.265 only.
    Vps,
    /// Sequence parameter set.
    Sps,
    /// Picture parameter set.
    Pps,
}

/// How a parameter set in a frame differs from those in the private data.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SetChange {
    /// The private data has none with this id.
    NewId,
    /// The private data has other bytes under this id.
    Content,
    /// The private data has other bytes under this id, and they describe pictures of another size.
    PictureSize {
        /// Width in luma samples, cropped.
        width: u32,
        /// Height in luma samples, cropped.
        height: u32,
    },
}

impl FrameRule {
    /// How much it matters.
    pub fn effect(&self) -> Effect {
        match self {
            Self::UnknownType(_)
            | Self::OtherLayer(_)
            | Self::KeyOnRecoveryPoint
            | Self::KeyOnIntra
            | Self::DelimiterNotFirst
            | Self::AfterSlice(_) => Effect::Harmless,
            Self::StartCodes
            | Self::OtherLengthSize(_)
            | Self::EmptyUnit
            | Self::NoPicture
            | Self::KeyOnPredicted
            | Self::KeyMissing
            | Self::SetDiffers { change: SetChange::NewId | SetChange::Content, .. }
            | Self::AdtsHeaders(_)
            | Self::AdtsDiffers { .. }
            | Self::PartOfSample { .. } => Effect::Mendable,
            Self::Empty
            | Self::LengthPastEnd { .. }
            | Self::LengthCut { .. }
            | Self::ForbiddenBit
            | Self::HeaderCut
            | Self::RtpPacket(_)
            | Self::NoTemporalId
            | Self::SecondPicture
            | Self::SetDiffers { change: SetChange::PictureSize { .. }, .. }
            | Self::AdtsLength { .. }
            | Self::AdtsBlocks(_)
            | Self::Loas => Effect::Fatal,
        }
    }

    /// Who has to act, for the error.
    pub(super) fn kind(&self) -> ErrorKind {
        match self {
            Self::Empty | Self::NoPicture => ErrorKind::Missing,
            Self::LengthPastEnd { .. } | Self::LengthCut { .. } | Self::HeaderCut | Self::AdtsLength { .. } => {
                ErrorKind::Truncated
            }
            Self::StartCodes => ErrorKind::AnnexB,
            Self::RtpPacket(_) | Self::Loas | Self::AdtsBlocks(_) => ErrorKind::Unsupported,
            _ => ErrorKind::Invalid,
        }
    }
}

impl ParameterSet {
    /// Its short name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Vps => "VPS",
            Self::Sps => "SPS",
            Self::Pps => "PPS",
        }
    }
}
