//! Moments as dates and times of day, in UTC.

use fragkit_fragment::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::Offset;

/// The date and the time of day of a moment.
pub(crate) fn civil(timestamp: Timestamp) -> DateTime {
    // Its years go to 9999, those of a `Timestamp` to 2262.
    let moment = jiff::Timestamp::from_millisecond(timestamp.as_millis()).unwrap_or_default();
    Offset::UTC.to_datetime(moment)
}

/// A moment as people read it: `2017-11-28 06:55:09.126 UTC`.
#[must_use]
pub fn wall_clock(timestamp: Timestamp) -> String {
    civil(timestamp).strftime("%Y-%m-%d %H:%M:%S.%3f UTC").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_read_as_date_would_print_them() {
        for (millis, expected) in [
            (0, "1970-01-01 00:00:00.000 UTC"),
            (951_782_399_999, "2000-02-28 23:59:59.999 UTC"),
            (951_782_400_000, "2000-02-29 00:00:00.000 UTC"),
            (1_511_852_109_126, "2017-11-28 06:55:09.126 UTC"),
            (4_107_542_400_000, "2100-03-01 00:00:00.000 UTC"),
            (Timestamp::MAX.as_millis(), "2262-04-11 23:47:16.853 UTC"),
        ] {
            assert_eq!(wall_clock(Timestamp::from_millis(millis)), expected);
        }
    }
}
