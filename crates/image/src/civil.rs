//! Moments as dates and times of day, in UTC.

use fragkit_fragment::Timestamp;

/// A moment in the Gregorian calendar, in UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Civil {
    pub(crate) year: i64,
    /// 1 to 12.
    pub(crate) month: i64,
    /// 1 to 31.
    pub(crate) day: i64,
    /// 0 to 23.
    pub(crate) hour: i64,
    pub(crate) minute: i64,
    pub(crate) second: i64,
    pub(crate) millisecond: i64,
}

/// The date and the time of day of a moment, which is not before 1970.
pub(crate) fn civil(timestamp: Timestamp) -> Civil {
    let millis = timestamp.as_millis();
    let (days, of_day) = (millis.div_euclid(MILLIS_PER_DAY), millis.rem_euclid(MILLIS_PER_DAY));
    // Years are counted from March on, so that the day that leap years have comes last; and from the year 0, with which the
    // 400 years begin after which the calendar repeats.
    let days = days + DAYS_TO_1970;
    let (era, of_era) = (days.div_euclid(DAYS_PER_ERA), days.rem_euclid(DAYS_PER_ERA));
    let leap_days = of_era / (DAYS_PER_FOUR_YEARS - 1) - of_era / DAYS_PER_CENTURY + of_era / (DAYS_PER_ERA - 1);
    let year_of_era = (of_era - leap_days) / 365;
    let day_of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    // Five months have 153 days, whether from March or from August on.
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    Civil {
        year: 400 * era + year_of_era + i64::from(month <= 2),
        month,
        day,
        hour: of_day / 3_600_000,
        minute: of_day / 60_000 % 60,
        second: of_day / 1000 % 60,
        millisecond: of_day % 1000,
    }
}

/// A moment as people read it: `2017-11-28 06:55:09.126 UTC`.
#[must_use]
pub fn wall_clock(timestamp: Timestamp) -> String {
    let Civil { year, month, day, hour, minute, second, millisecond } = civil(timestamp);
    format!("{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02}.{millisecond:03} UTC")
}

const MILLIS_PER_DAY: i64 = 86_400_000;
/// From the 1st of March of the year 0 to the 1st of January 1970.
const DAYS_TO_1970: i64 = 719_468;
const DAYS_PER_FOUR_YEARS: i64 = 4 * 365 + 1;
const DAYS_PER_CENTURY: i64 = 25 * DAYS_PER_FOUR_YEARS - 1;
const DAYS_PER_ERA: i64 = 4 * DAYS_PER_CENTURY + 1;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_read_as_date_would_print_them() {
        for (millis, expected) in [
            (0, "1970-01-01 00:00:00.000 UTC"),
            (951_782_399_999, "2000-02-28 23:59:59.999 UTC"),
            (951_782_400_000, "2000-02-29 00:00:00.000 UTC"),
            (951_868_800_000, "2000-03-01 00:00:00.000 UTC"),
            (1_511_852_109_126, "2017-11-28 06:55:09.126 UTC"),
            (1_735_689_599_000, "2024-12-31 23:59:59.000 UTC"),
            (4_107_542_400_000, "2100-03-01 00:00:00.000 UTC"),
            (Timestamp::MAX.as_millis(), "2262-04-11 23:47:16.853 UTC"),
        ] {
            assert_eq!(wall_clock(Timestamp::from_millis(millis)), expected);
        }
    }

    #[test]
    fn each_day_follows_the_one_before() {
        let is_leap = |year: i64| year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
        let length = |year, month| match month {
            2 => 28 + i64::from(is_leap(year)),
            4 | 6 | 9 | 11 => 30,
            _ => 31,
        };
        let (mut year, mut month, mut day) = (1970, 1, 1);
        for at in 0..106_000 {
            let civil = civil(Timestamp::from_millis(at * MILLIS_PER_DAY));
            assert_eq!((civil.year, civil.month, civil.day), (year, month, day));
            day += 1;
            if day > length(year, month) {
                (month, day) = (month + 1, 1);
            }
            if month > 12 {
                (year, month) = (year + 1, 1);
            }
        }
    }
}
