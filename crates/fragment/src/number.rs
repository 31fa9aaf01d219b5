//! Fragment numbers: decimal strings that the service gives, ordered as numbers.

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::str::FromStr;

use crate::time::Timestamp;

/// A fragment number: 1 to 128 decimal digits, kept as they came and ordered by value.
///
/// ```
/// use fragkit_fragment::FragmentNumber;
///
/// let number: FragmentNumber = "91343852333181432392682062609776234230823574155".parse()?;
/// let decoded = number.decode().expect("it has the observed layout");
/// assert_eq!(decoded.sequence, 1);
/// assert_eq!(decoded.server_timestamp.to_string(), "1519423069.070");
/// # Ok::<(), fragkit_fragment::ParseFragmentNumberError>(())
/// ```
#[derive(Debug, Clone)]
pub struct FragmentNumber(Box<str>);

/// What the digits of a fragment number have been seen to hold. This layout is observed and not a contract.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DecodedNumber {
    /// Counts up by one from fragment to fragment within a PutMedia session.
    pub sequence: u64,
    /// The server timestamp of the fragment.
    pub server_timestamp: Timestamp,
    /// 28 random bits.
    pub random: u32,
}

impl FragmentNumber {
    /// The digits as they came.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    fn significant(&self) -> &str {
        self.0.trim_start_matches('0')
    }

    /// Takes the number apart as `1 | sequence (64 bits) | server time in ms (64) | random (28)`, or gives `None` where it
    /// does not have that layout. It is one that was observed on real streams; the service promises nothing of the kind.
    #[must_use]
    pub fn decode(&self) -> Option<DecodedNumber> {
        // 157 bits: 29 at the top, then two words.
        let mut words = [0_u64; 3];
        for digit in self.significant().bytes() {
            let mut carry = u128::from(digit - b'0');
            for word in words.iter_mut().rev() {
                let value = u128::from(*word) * 10 + carry;
                *word = u64::try_from(value & u128::from(u64::MAX)).ok()?;
                carry = value >> 64;
            }
            if carry != 0 {
                return None;
            }
        }
        let [high, middle, low] = words;
        if high >> 28 != 1 {
            return None;
        }
        let sequence = (high & 0xFFF_FFFF) << 36 | middle >> 28;
        let millis = (middle & 0xFFF_FFFF) << 36 | low >> 28;
        let millis = i64::try_from(millis).ok().filter(|&millis| millis <= Timestamp::MAX.as_millis())?;
        let random = u32::try_from(low & 0xFFF_FFFF).ok()?;
        Some(DecodedNumber { sequence, server_timestamp: Timestamp::from_millis(millis), random })
    }
}

impl DecodedNumber {
    /// The number with these parts; of `random` the low 28 bits are used.
    #[must_use]
    pub fn encode(self) -> FragmentNumber {
        let millis = self.server_timestamp.as_millis().unsigned_abs();
        let high = 1 << 28 | self.sequence >> 36;
        let middle = self.sequence << 28 | millis >> 36;
        let low = millis << 28 | u64::from(self.random & 0xFFF_FFFF);
        let mut words = [high, middle, low];
        let mut digits = Vec::with_capacity(48);
        while words != [0; 3] {
            let mut remainder = 0_u128;
            for word in &mut words {
                let value = remainder << 64 | u128::from(*word);
                *word = u64::try_from(value / 10).unwrap_or(u64::MAX);
                remainder = value % 10;
            }
            digits.push(char::from(b'0' + u8::try_from(remainder).unwrap_or_default()));
        }
        FragmentNumber(digits.into_iter().rev().collect::<String>().into())
    }
}

impl From<u64> for FragmentNumber {
    fn from(number: u64) -> Self {
        FragmentNumber(number.to_string().into())
    }
}

impl FromStr for FragmentNumber {
    type Err = ParseFragmentNumberError;

    fn from_str(text: &str) -> Result<Self, ParseFragmentNumberError> {
        if (1..=128).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit()) {
            Ok(FragmentNumber(text.into()))
        } else {
            Err(ParseFragmentNumberError)
        }
    }
}

impl fmt::Display for FragmentNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl Ord for FragmentNumber {
    fn cmp(&self, other: &Self) -> Ordering {
        let (a, b) = (self.significant(), other.significant());
        a.len().cmp(&b.len()).then_with(|| a.cmp(b))
    }
}

impl PartialOrd for FragmentNumber {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for FragmentNumber {
    fn eq(&self, other: &Self) -> bool {
        self.significant() == other.significant()
    }
}

impl Eq for FragmentNumber {}

impl Hash for FragmentNumber {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.significant().hash(state);
    }
}

/// A text is no fragment number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ParseFragmentNumberError;

impl fmt::Display for ParseFragmentNumberError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not a fragment number of 1 to 128 decimal digits")
    }
}

impl std::error::Error for ParseFragmentNumberError {}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(text: &str) -> FragmentNumber {
        text.parse().unwrap()
    }

    #[test]
    fn numbers_are_ordered_by_value_and_not_by_text() {
        assert!(number("9") < number("10"));
        assert!(number("0009") < number("10"));
        assert_eq!(number("007"), number("7"));
        assert_eq!(number("007").as_str(), "007");
    }

    #[test]
    fn numbers_of_real_streams_decode_to_their_server_time() {
        for (text, server) in [
            ("91343852333181432392682062609776234230823574155", "1519423069.070"),
            ("91343852333182036507421233921329142742245756394", "1690707289.209"),
        ] {
            let decoded = number(text).decode().unwrap();
            assert_eq!(decoded.server_timestamp.to_string(), server);
            assert_eq!(decoded.encode().as_str(), text);
        }
    }

    #[test]
    fn other_numbers_do_not_decode() {
        for text in ["1", "0", "9".repeat(47).as_str(), "9".repeat(128).as_str()] {
            assert_eq!(number(text).decode(), None);
        }
    }

    #[test]
    fn only_digits_make_a_number() {
        for text in ["", "12a", "-1", " 1", "1".repeat(129).as_str()] {
            assert!(text.parse::<FragmentNumber>().is_err());
        }
    }
}
