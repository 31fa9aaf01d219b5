//! Element IDs (RFC 8794, section 5; RFC 9559, section 5) with their names, as messages and paths show them.

use std::fmt;

/// An EBML element ID with its length marker, as it stands in the file: `0x1A45DFA3` for the EBML header.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Id(pub u64);

macro_rules! ids {
    ($($(#[$doc:meta])* $constant:ident = $value:literal $name:literal;)*) => {
        impl Id {
            $(
                #[doc = concat!("`", $name, "`")]
                pub const $constant: Id = Id($value);
            )*

            /// The name that the standard gives this element, if it is one this crate knows.
            #[must_use]
            pub const fn name(self) -> Option<&'static str> {
                match self.0 {
                    $($value => Some($name),)*
                    _ => None,
                }
            }
        }
    };
}

ids! {
    // Global elements and the EBML header, RFC 8794 section 11.
    EBML = 0x1A45_DFA3 "EBML";
    EBML_VERSION = 0x4286 "EBMLVersion";
    EBML_READ_VERSION = 0x42F7 "EBMLReadVersion";
    EBML_MAX_ID_LENGTH = 0x42F2 "EBMLMaxIDLength";
    EBML_MAX_SIZE_LENGTH = 0x42F3 "EBMLMaxSizeLength";
    DOC_TYPE = 0x4282 "DocType";
    DOC_TYPE_VERSION = 0x4287 "DocTypeVersion";
    DOC_TYPE_READ_VERSION = 0x4285 "DocTypeReadVersion";
    CRC_32 = 0xBF "CRC-32";
    VOID = 0xEC "Void";
    // Level 0 and 1, RFC 9559 section 5.1.
    SEGMENT = 0x1853_8067 "Segment";
    SEEK_HEAD = 0x114D_9B74 "SeekHead";
    INFO = 0x1549_A966 "Info";
    TRACKS = 0x1654_AE6B "Tracks";
    CLUSTER = 0x1F43_B675 "Cluster";
    CUES = 0x1C53_BB6B "Cues";
    CHAPTERS = 0x1043_A770 "Chapters";
    ATTACHMENTS = 0x1941_A469 "Attachments";
    TAGS = 0x1254_C367 "Tags";
    // SeekHead and Cues, written only.
    SEEK = 0x4DBB "Seek";
    SEEK_ID = 0x53AB "SeekID";
    SEEK_POSITION = 0x53AC "SeekPosition";
    CUE_POINT = 0xBB "CuePoint";
    CUE_TIME = 0xB3 "CueTime";
    CUE_TRACK_POSITIONS = 0xB7 "CueTrackPositions";
    CUE_TRACK = 0xF7 "CueTrack";
    CUE_CLUSTER_POSITION = 0xF1 "CueClusterPosition";
    // Info.
    SEGMENT_UUID = 0x73A4 "SegmentUUID";
    TIMESTAMP_SCALE = 0x2AD7B1 "TimestampScale";
    DURATION = 0x4489 "Duration";
    DATE_UTC = 0x4461 "DateUTC";
    TITLE = 0x7BA9 "Title";
    MUXING_APP = 0x4D80 "MuxingApp";
    WRITING_APP = 0x5741 "WritingApp";
    // Tracks.
    TRACK_ENTRY = 0xAE "TrackEntry";
    TRACK_NUMBER = 0xD7 "TrackNumber";
    TRACK_UID = 0x73C5 "TrackUID";
    TRACK_TYPE = 0x83 "TrackType";
    FLAG_ENABLED = 0xB9 "FlagEnabled";
    FLAG_DEFAULT = 0x88 "FlagDefault";
    FLAG_FORCED = 0x55AA "FlagForced";
    FLAG_LACING = 0x9C "FlagLacing";
    DEFAULT_DURATION = 0x23E383 "DefaultDuration";
    NAME = 0x536E "Name";
    LANGUAGE = 0x22B59C "Language";
    LANGUAGE_BCP47 = 0x22B59D "LanguageBCP47";
    CODEC_ID = 0x86 "CodecID";
    CODEC_PRIVATE = 0x63A2 "CodecPrivate";
    CODEC_NAME = 0x258688 "CodecName";
    CODEC_DELAY = 0x56AA "CodecDelay";
    SEEK_PRE_ROLL = 0x56BB "SeekPreRoll";
    VIDEO = 0xE0 "Video";
    FLAG_INTERLACED = 0x9A "FlagInterlaced";
    FIELD_ORDER = 0x9D "FieldOrder";
    PIXEL_WIDTH = 0xB0 "PixelWidth";
    PIXEL_HEIGHT = 0xBA "PixelHeight";
    PIXEL_CROP_BOTTOM = 0x54AA "PixelCropBottom";
    PIXEL_CROP_TOP = 0x54BB "PixelCropTop";
    PIXEL_CROP_LEFT = 0x54CC "PixelCropLeft";
    PIXEL_CROP_RIGHT = 0x54DD "PixelCropRight";
    DISPLAY_WIDTH = 0x54B0 "DisplayWidth";
    DISPLAY_HEIGHT = 0x54BA "DisplayHeight";
    DISPLAY_UNIT = 0x54B2 "DisplayUnit";
    COLOUR = 0x55B0 "Colour";
    MATRIX_COEFFICIENTS = 0x55B1 "MatrixCoefficients";
    BITS_PER_CHANNEL = 0x55B2 "BitsPerChannel";
    CHROMA_SITING_HORZ = 0x55B7 "ChromaSitingHorz";
    CHROMA_SITING_VERT = 0x55B8 "ChromaSitingVert";
    RANGE = 0x55B9 "Range";
    TRANSFER_CHARACTERISTICS = 0x55BA "TransferCharacteristics";
    PRIMARIES = 0x55BB "Primaries";
    MAX_CLL = 0x55BC "MaxCLL";
    MAX_FALL = 0x55BD "MaxFALL";
    AUDIO = 0xE1 "Audio";
    SAMPLING_FREQUENCY = 0xB5 "SamplingFrequency";
    OUTPUT_SAMPLING_FREQUENCY = 0x78B5 "OutputSamplingFrequency";
    CHANNELS = 0x9F "Channels";
    BIT_DEPTH = 0x6264 "BitDepth";
    CONTENT_ENCODINGS = 0x6D80 "ContentEncodings";
    CONTENT_ENCODING = 0x6240 "ContentEncoding";
    CONTENT_ENCODING_ORDER = 0x5031 "ContentEncodingOrder";
    CONTENT_ENCODING_SCOPE = 0x5032 "ContentEncodingScope";
    CONTENT_ENCODING_TYPE = 0x5033 "ContentEncodingType";
    CONTENT_COMPRESSION = 0x5034 "ContentCompression";
    CONTENT_COMP_ALGO = 0x4254 "ContentCompAlgo";
    CONTENT_COMP_SETTINGS = 0x4255 "ContentCompSettings";
    CONTENT_ENCRYPTION = 0x5035 "ContentEncryption";
    // Cluster.
    TIMESTAMP = 0xE7 "Timestamp";
    POSITION = 0xA7 "Position";
    PREV_SIZE = 0xAB "PrevSize";
    SILENT_TRACKS = 0x5854 "SilentTracks";
    SIMPLE_BLOCK = 0xA3 "SimpleBlock";
    BLOCK_GROUP = 0xA0 "BlockGroup";
    BLOCK = 0xA1 "Block";
    BLOCK_ADDITIONS = 0x75A1 "BlockAdditions";
    BLOCK_MORE = 0xA6 "BlockMore";
    BLOCK_ADD_ID = 0xEE "BlockAddID";
    BLOCK_ADDITIONAL = 0xA5 "BlockAdditional";
    BLOCK_DURATION = 0x9B "BlockDuration";
    REFERENCE_PRIORITY = 0xFA "ReferencePriority";
    REFERENCE_BLOCK = 0xFB "ReferenceBlock";
    CODEC_STATE = 0xA4 "CodecState";
    DISCARD_PADDING = 0x75A2 "DiscardPadding";
    // Tags.
    TAG = 0x7373 "Tag";
    TARGETS = 0x63C0 "Targets";
    TARGET_TYPE_VALUE = 0x68CA "TargetTypeValue";
    TARGET_TYPE = 0x63CA "TargetType";
    TAG_TRACK_UID = 0x63C5 "TagTrackUID";
    SIMPLE_TAG = 0x67C8 "SimpleTag";
    TAG_NAME = 0x45A3 "TagName";
    TAG_LANGUAGE = 0x447A "TagLanguage";
    TAG_DEFAULT = 0x4484 "TagDefault";
    TAG_STRING = 0x4487 "TagString";
    TAG_BINARY = 0x4485 "TagBinary";
}

impl Id {
    /// Whether this is an element directly below the Segment, other than the global ones.
    #[must_use]
    pub const fn is_level_1(self) -> bool {
        matches!(
            self,
            Id::SEEK_HEAD | Id::INFO | Id::TRACKS | Id::CLUSTER | Id::CUES | Id::CHAPTERS | Id::ATTACHMENTS | Id::TAGS
        )
    }

    /// Whether meeting this element ends a Cluster of unknown size: a level-1 element, a new Segment or a new document
    /// (RFC 8794, section 6.2, Element Data Size).
    #[must_use]
    pub const fn ends_cluster(self) -> bool {
        self.is_level_1() || self.ends_segment()
    }

    /// Whether meeting this element ends a Segment of unknown size.
    #[must_use]
    pub const fn ends_segment(self) -> bool {
        matches!(self, Id::EBML | Id::SEGMENT)
    }
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name() {
            Some(name) => f.write_str(name),
            None => write!(f, "0x{:X}", self.0),
        }
    }
}

impl fmt::Debug for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
