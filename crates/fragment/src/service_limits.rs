//! The quotas of the service, as values.

/// What the service would refuse or cut off. The default is no limit at all.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ServiceLimits {
    /// GetClip: the clip ends before it passes this many bytes of fragments.
    pub clip_bytes: Option<u64>,
    /// GetClip: the clip ends after this many fragments.
    pub clip_fragments: Option<usize>,
    /// GetClip: there must be a video track.
    pub clip_needs_video: bool,
    /// GetClip: only the audio that today's guide names: AAC, and A-law beside H.264; no mu-law.
    pub clip_documented_audio_only: bool,
}

impl ServiceLimits {
    /// No limits: what the command line does unless told otherwise.
    #[must_use]
    pub fn unlimited() -> Self {
        ServiceLimits::default()
    }

    /// The service's quotas of today: 100 MB and 200 fragments a clip (Kinesis Video Streams developer guide, quotas, and
    /// video playback requirements).
    #[must_use]
    pub fn current() -> Self {
        ServiceLimits {
            clip_bytes: Some(100_000_000),
            clip_fragments: Some(200),
            clip_needs_video: true,
            clip_documented_audio_only: true,
        }
    }

    /// The API pages of 2022, which did not tell mu-law from A-law.
    #[must_use]
    pub fn v2022() -> Self {
        ServiceLimits { clip_documented_audio_only: false, ..Self::current() }
    }
}
