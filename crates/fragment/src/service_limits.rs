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
    /// GetImages: the shortest sampling interval, in milliseconds.
    pub images_min_interval_ms: Option<u64>,
    /// GetImages: the longest time from the first picture asked for to the last, in milliseconds.
    pub images_max_range_ms: Option<u64>,
    /// GetImages: how many pictures a page may be asked to hold.
    pub images_max_results: Option<usize>,
    /// GetImages: how many pictures a page holds at most, and where nothing is asked for.
    pub images_page: Option<usize>,
    /// GetImages: the largest width and height in pixels that may be asked for.
    pub images_max_size: Option<(u32, u32)>,
}

impl ServiceLimits {
    /// No limits: what the command line does unless told otherwise.
    #[must_use]
    pub fn unlimited() -> Self {
        ServiceLimits::default()
    }

    /// The service's quotas of today: 100 MB and 200 fragments a clip; pictures every 200 ms at most, in 300 s, 25 a page
    /// (Kinesis Video Streams developer guide, quotas, and video playback requirements; API reference, GetImages).
    #[must_use]
    pub fn current() -> Self {
        ServiceLimits {
            clip_bytes: Some(100_000_000),
            clip_fragments: Some(200),
            clip_needs_video: true,
            clip_documented_audio_only: true,
            images_min_interval_ms: Some(200),
            images_max_range_ms: Some(300_000),
            images_max_results: Some(100),
            images_page: Some(25),
            images_max_size: Some((3840, 2160)),
        }
    }

    /// The API pages of 2022, which did not tell mu-law from A-law, and gave pictures every 3 s at most, 100 a page.
    #[must_use]
    pub fn v2022() -> Self {
        ServiceLimits {
            clip_documented_audio_only: false,
            images_min_interval_ms: Some(3000),
            images_page: Some(100),
            ..Self::current()
        }
    }
}
