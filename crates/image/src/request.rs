//! What is asked for: which times, which frames, and what the pictures are to be like.

use fragkit_fragment::{Selector, ServiceLimits};

use crate::decoder::Limits;
use crate::encode::Compression;
use crate::error::Error;

/// Which pictures, and how.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// Which fragments. `from` and `to` are also the first time of the grid and the latest; without them these are the
    /// start of the first selected fragment and the end of the last.
    pub selector: Selector,
    /// From one picture to the next, in milliseconds: GetImages' SamplingInterval.
    pub interval_ms: u64,
    /// Which frame is taken for a time of the grid.
    pub pick: Pick,
    /// How pictures are written.
    pub format: Format,
    /// Width and height of the pictures. Both: pictures are stretched to them. One: the other follows, with square pixels.
    /// None: pictures have the size and pixels that they are stored with.
    pub size: (Option<u32>, Option<u32>),
    /// How many pictures at most; where there are more, there is a token for the rest.
    pub max_results: Option<usize>,
    /// The token that came with the pictures before these.
    pub next_token: Option<String>,
    /// What the service would refuse.
    pub service_limits: ServiceLimits,
    /// What decoders may use.
    pub decode_limits: Limits,
}

/// Which frame of a fragment is taken for a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum Pick {
    /// The last frame at or before it, in the order of presentation.
    #[default]
    Exact,
    /// The last key frame at or before it, or else the fragment's first: one frame is decoded.
    Keyframe,
    /// The first key frame at or after it, in whatever fragment, and each once: thumbnails with a target interval, as
    /// Amazon IVS records them. There is no entry for a time that no key frame follows.
    NextKeyframe,
}

/// How pictures are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Format {
    /// JPEG.
    Jpeg {
        /// 1 to 100, as libjpeg counts; [`DEFAULT_QUALITY`] where none is asked for. Frames that are JPEG already are then
        /// left as they are.
        quality: Option<u8>,
    },
    /// PNG of 8-bit RGB.
    Png {
        /// How hard to try for a small file.
        compression: Compression,
    },
}

/// The service's default quality of JPEG.
pub const DEFAULT_QUALITY: u8 = 80;

impl Default for Request {
    /// A JPEG every three seconds.
    fn default() -> Self {
        Request {
            selector: Selector::default(),
            interval_ms: 3000,
            pick: Pick::default(),
            format: Format::default(),
            size: (None, None),
            max_results: None,
            next_token: None,
            service_limits: ServiceLimits::default(),
            decode_limits: Limits::default(),
        }
    }
}

impl Default for Format {
    fn default() -> Self {
        Format::Jpeg { quality: None }
    }
}

impl Format {
    /// The usual ending of such a file's name.
    #[must_use]
    pub fn extension(self) -> &'static str {
        match self {
            Format::Jpeg { .. } => "jpg",
            Format::Png { .. } => "png",
        }
    }
}

/// Pictures are at most this wide and high: what JPEG can say.
pub(crate) const MAX_SIDE: u32 = 65_535;

impl Request {
    /// Holds it against what can be, and against the limits, but for the range of time.
    pub(crate) fn check(&self) -> Result<(), Error> {
        let limits = &self.service_limits;
        let least = limits.images_min_interval_ms.unwrap_or(1);
        if self.interval_ms < least {
            let given = self.interval_ms;
            return Err(Error::invalid(format!("the sampling interval is {given} ms, it may be {least} ms or more")));
        }
        if i64::try_from(self.interval_ms).is_err() {
            return Err(Error::invalid("the sampling interval is longer than time can be"));
        }
        if let Format::Jpeg { quality: Some(quality) } = self.format
            && !(1..=100).contains(&quality)
        {
            return Err(Error::invalid(format!("the quality is {quality}, it may be 1 to 100")));
        }
        let (max_width, max_height) = limits.images_max_size.unwrap_or((MAX_SIDE, MAX_SIDE));
        for (name, side, max) in [("width", self.size.0, max_width), ("height", self.size.1, max_height)] {
            if let Some(side) = side.filter(|side| !(1..=max).contains(side)) {
                return Err(Error::invalid(format!("the {name} is {side}, it may be 1 to {max}")));
            }
        }
        if let Some(most) = self.max_results {
            let max = limits.images_max_results.unwrap_or(usize::MAX);
            if !(1..=max).contains(&most) {
                return Err(Error::invalid(format!("{most} results are asked for, it may be 1 to {max}")));
            }
        }
        if let (Some(from), Some(to)) = (self.selector.from, self.selector.to)
            && to < from
        {
            return Err(Error::invalid(format!("the range ends at {to}, before its start at {from}")));
        }
        Ok(())
    }

    /// Holds the range of the grid against the limits.
    pub(crate) fn check_range(&self, range_ms: i64) -> Result<(), Error> {
        let Some(most) = self.service_limits.images_max_range_ms else { return Ok(()) };
        if u64::try_from(range_ms).is_ok_and(|range| range > most) {
            let message = format!("the range is {range_ms} ms long, it may be 0 to {most} ms");
            return Err(Error::invalid(message).hint("--from and --to choose a part; --limits unlimited takes all"));
        }
        Ok(())
    }

    /// How many pictures there may be in one go.
    pub(crate) fn page(&self) -> usize {
        let most = self.service_limits.images_page.unwrap_or(usize::MAX);
        self.max_results.unwrap_or(usize::MAX).min(most)
    }
}
