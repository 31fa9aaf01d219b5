//! Times on the command line: RFC 3339, epoch seconds, or a distance from the start of the media.

use std::str::FromStr;

use fragkit::{Error, ErrorKind, Head, Nanos, Selector, Timestamp};

use crate::args::{Range, Reach};

/// A time as it was given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum When {
    At(Timestamp),
    /// From the earliest start of any fragment.
    After(Nanos),
}

impl FromStr for When {
    type Err = String;

    fn from_str(text: &str) -> Result<When, String> {
        match text.strip_prefix('+') {
            Some(distance) => duration(distance).map(When::After),
            None => absolute(text).map(When::At),
        }
    }
}

/// RFC 3339 or epoch seconds.
pub(crate) fn absolute(text: &str) -> Result<Timestamp, String> {
    if let Ok(timestamp) = text.parse() {
        return Ok(timestamp);
    }
    let moment: jiff::Timestamp = text
        .parse()
        .map_err(|_| "not a time: give RFC 3339 (2024-05-01T12:00:00Z) or epoch seconds (1714564800.5)".to_string())?;
    let millis = moment.as_millisecond();
    if millis < 0 { Err("the time is before 1970".into()) } else { Ok(Timestamp::from_millis(millis)) }
}

/// `10s`, `1.5s`, `250ms`, `2m` or `1h`; a bare number is seconds.
pub(crate) fn duration(text: &str) -> Result<Nanos, String> {
    let invalid = || "not a length of time, such as 10s, 250ms, 2m or 1h".to_string();
    let (number, unit_ms) = if let Some(number) = text.strip_suffix("ms") {
        (number, 1.0)
    } else if let Some(number) = text.strip_suffix('s') {
        (number, 1000.0)
    } else if let Some(number) = text.strip_suffix('m') {
        (number, 60_000.0)
    } else if let Some(number) = text.strip_suffix('h') {
        (number, 3_600_000.0)
    } else {
        (text, 1000.0)
    };
    let plain = number.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    let value: f64 = number.parse().ok().filter(|_| plain).ok_or_else(invalid)?;
    let millis = value * unit_ms;
    if millis > 1e14 {
        return Err(invalid());
    }
    if (millis - millis.round()).abs() > 1e-6 {
        return Err("finer than a millisecond".into());
    }
    #[allow(clippy::as_conversions, clippy::cast_possible_truncation, reason = "checked to lie between 0 and 1e14")]
    Ok(Nanos::from_millis(millis.round() as i64))
}

impl Range {
    /// Whether the start of the media must be known to tell what is meant.
    pub(crate) fn is_relative(&self) -> bool {
        [self.from, self.to].iter().any(|when| matches!(when, Some(When::After(_))))
    }

    /// The selection; `heads` gives the fragments if their times are needed.
    pub(crate) fn selector(&self, reach: Option<Reach>, heads: impl FnOnce() -> Vec<Head>) -> Result<Selector, Error> {
        let mut selector = Selector {
            by: self.by.into(),
            include_overlap: reach.is_some_and(|reach| reach.include_overlap),
            include_cut: reach.is_some_and(|reach| reach.include_cut),
            ..Selector::default()
        };
        let start = if self.is_relative() {
            heads().iter().filter(|head| selector.is_candidate(head)).filter_map(|head| selector.time(head)).min()
        } else {
            None
        };
        let resolve = |when: When| match when {
            When::At(timestamp) => timestamp,
            When::After(Nanos(distance)) => {
                let start = start.map_or(0, Timestamp::as_millis);
                Timestamp::from_millis(start.saturating_add(Nanos(distance).round_millis()))
            }
        };
        selector.from = self.from.map(resolve);
        selector.to = self.to.map(resolve);
        if let (Some(from), Some(to)) = (selector.from, selector.to)
            && from > to
        {
            let message = format!("--from {from} is after --to {to}");
            return Err(Error::new(ErrorKind::Usage, message).hint("swap them"));
        }
        Ok(selector)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_in_all_three_forms() {
        let at = |millis| Ok(When::At(Timestamp::from_millis(millis)));
        assert_eq!("1511852109.126".parse(), at(1_511_852_109_126));
        assert_eq!("2017-11-28T06:55:09.126Z".parse(), at(1_511_852_109_126));
        assert_eq!("2017-11-28T07:55:09.126+01:00".parse(), at(1_511_852_109_126));
        assert_eq!("+10s".parse(), Ok(When::After(Nanos::from_millis(10_000))));
        assert_eq!("+1.5".parse(), Ok(When::After(Nanos::from_millis(1500))));
        for text in ["", "+", "+-1s", "yesterday", "1969-01-01T00:00:00Z", "+1e9s", "+nans"] {
            assert!(text.parse::<When>().is_err(), "{text}");
        }
    }

    #[test]
    fn lengths_of_time_have_units() {
        for (text, millis) in [("2s", 2000), ("250ms", 250), ("2m", 120_000), ("1h", 3_600_000), ("3", 3000)] {
            assert_eq!(duration(text), Ok(Nanos::from_millis(millis)));
        }
    }
}
