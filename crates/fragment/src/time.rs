//! Units of time as types, and the one place where they are turned into each other.

use std::fmt;
use std::ops::{Add, Sub};
use std::str::FromStr;

/// Milliseconds since 1970-01-01T00:00:00 UTC, as the service's tags and API have them.
///
/// Its text form is that of the tags: seconds with three decimals, `1511852109.126`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Timestamp(i64);

impl Timestamp {
    /// The latest time that nanoseconds in 64 bits can hold, in the year 2262.
    pub const MAX: Timestamp = Timestamp(i64::MAX / NANOS_PER_MILLI - 1);

    /// From milliseconds since the epoch, kept within 0 and [`Timestamp::MAX`].
    #[must_use]
    pub fn from_millis(millis: i64) -> Self {
        Timestamp(millis.clamp(0, Self::MAX.0))
    }

    /// Milliseconds since the epoch.
    #[must_use]
    pub fn as_millis(self) -> i64 {
        self.0
    }

    /// Nanoseconds since the epoch.
    #[must_use]
    pub fn nanos(self) -> Nanos {
        Nanos(self.0 * NANOS_PER_MILLI)
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{:03}", self.0 / 1000, self.0 % 1000)
    }
}

impl FromStr for Timestamp {
    type Err = ParseTimestampError;

    /// Reads epoch seconds with any number of decimals; what is finer than a millisecond is cut off.
    fn from_str(text: &str) -> Result<Self, ParseTimestampError> {
        let (seconds, decimals) = text.split_once('.').unwrap_or((text, ""));
        let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        if seconds.is_empty() || !digits(seconds) || !digits(decimals) {
            return Err(ParseTimestampError);
        }
        let seconds: i64 = seconds.parse().map_err(|_| ParseTimestampError)?;
        let millis =
            decimals.bytes().chain(*b"000").take(3).fold(0, |millis, digit| millis * 10 + i64::from(digit - b'0'));
        let total = seconds.checked_mul(1000).and_then(|total| total.checked_add(millis)).ok_or(ParseTimestampError)?;
        if total > Self::MAX.0 { Err(ParseTimestampError) } else { Ok(Timestamp(total)) }
    }
}

/// A text is no epoch time in seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ParseTimestampError;

impl fmt::Display for ParseTimestampError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not a time in epoch seconds, such as 1511852109.126")
    }
}

impl std::error::Error for ParseTimestampError {}

const NANOS_PER_MILLI: i64 = 1_000_000;
const NANOS_PER_SECOND: i128 = 1_000_000_000;

/// A span or a point of track time in nanoseconds, exact for every TimestampScale. It may be negative.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Nanos(pub i64);

impl Nanos {
    /// No time.
    pub const ZERO: Nanos = Nanos(0);

    /// From milliseconds, saturating.
    #[must_use]
    pub fn from_millis(millis: i64) -> Self {
        Nanos(millis.saturating_mul(NANOS_PER_MILLI))
    }

    /// Units of TimestampScale as nanoseconds, saturating.
    #[must_use]
    pub fn from_scaled(units: i64, scale: u64) -> Self {
        if let Some(nanos) = i64::try_from(scale).ok().and_then(|scale| units.checked_mul(scale)) {
            return Nanos(nanos);
        }
        let nanos = i128::from(units) * i128::from(scale);
        Nanos(i64::try_from(nanos).unwrap_or(if units < 0 { i64::MIN } else { i64::MAX }))
    }

    /// Whole milliseconds, rounded down.
    #[must_use]
    pub fn floor_millis(self) -> i64 {
        self.0.div_euclid(NANOS_PER_MILLI)
    }

    /// Whole milliseconds, rounded up.
    #[must_use]
    pub fn ceil_millis(self) -> i64 {
        -(-self).floor_millis()
    }

    /// The nearest whole millisecond.
    #[must_use]
    pub fn round_millis(self) -> i64 {
        Nanos(self.0.saturating_add(NANOS_PER_MILLI / 2)).floor_millis()
    }

    /// The nearest tick of a clock with `timescale` ticks a second.
    #[must_use]
    pub fn ticks(self, timescale: u32) -> i64 {
        // Division of 128 bits is slow, and days fit into 64.
        if let Some(product) = self.0.checked_mul(timescale.into()).and_then(|product| product.checked_add(500_000_000))
        {
            return product.div_euclid(1_000_000_000);
        }
        let product = i128::from(self.0) * i128::from(timescale);
        let rounded = (product + NANOS_PER_SECOND / 2).div_euclid(NANOS_PER_SECOND);
        i64::try_from(rounded).unwrap_or(if rounded < 0 { i64::MIN } else { i64::MAX })
    }

    /// The nanoseconds, rounded to the nearest, of `ticks` of a clock with `timescale` ticks a second.
    #[must_use]
    pub fn from_ticks(ticks: i64, timescale: u32) -> Self {
        let half = i64::from(timescale / 2);
        if let Some(product) = ticks.checked_mul(1_000_000_000).and_then(|product| product.checked_add(half)) {
            return Nanos(product.div_euclid(timescale.max(1).into()));
        }
        let timescale = i128::from(timescale.max(1));
        let rounded = (i128::from(ticks) * NANOS_PER_SECOND + timescale / 2).div_euclid(timescale);
        Nanos(i64::try_from(rounded).unwrap_or(if rounded < 0 { i64::MIN } else { i64::MAX }))
    }

    /// How far it is from zero.
    #[must_use]
    pub fn abs(self) -> Nanos {
        Nanos(self.0.saturating_abs())
    }
}

impl Add for Nanos {
    type Output = Nanos;
    fn add(self, other: Nanos) -> Nanos {
        Nanos(self.0.saturating_add(other.0))
    }
}

impl Sub for Nanos {
    type Output = Nanos;
    fn sub(self, other: Nanos) -> Nanos {
        Nanos(self.0.saturating_sub(other.0))
    }
}

impl std::ops::Neg for Nanos {
    type Output = Nanos;
    fn neg(self) -> Nanos {
        Nanos(self.0.saturating_neg())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn timestamps_read_and_write_the_form_of_the_tags() {
        for text in ["1511852109.126", "0.000", "5.000", "1519423069.070"] {
            assert_eq!(text.parse::<Timestamp>().unwrap().to_string(), text);
        }
        assert_eq!("7".parse(), Ok(Timestamp(7000)));
        assert_eq!("7.1".parse(), Ok(Timestamp(7100)));
        assert_eq!("7.1239".parse(), Ok(Timestamp(7123)));
        for text in ["", ".5", "-1", "1e3", "1.2.3", "99999999999999999999", "9300000000.000", " 1"] {
            assert_eq!(text.parse::<Timestamp>(), Err(ParseTimestampError), "{text}");
        }
    }

    #[test]
    fn rescaling_rounds_to_the_nearest() {
        assert_eq!(Nanos(1_000_000).ticks(44_100), 44);
        assert_eq!(Nanos(-1_000_000).ticks(44_100), -44);
        assert_eq!(Nanos::from_ticks(1024, 48_000), Nanos(21_333_333));
        assert_eq!(Nanos(1_499_999).round_millis(), 1);
        assert_eq!(Nanos(-1).floor_millis(), -1);
        assert_eq!(Nanos(1).ceil_millis(), 1);
        assert_eq!(Nanos::from_scaled(-5, 20_832), Nanos(-104_160));
    }
}
