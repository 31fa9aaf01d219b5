//! The token that leads from one page of pictures to the next.
//!
//! ```text
//! 1 byte    version
//! 8 bytes   fingerprint of the grid: start, end, interval, pick, selection
//! 8 bytes   place in the grid of the next picture
//! 4 bytes   check over the 17 before
//! ```
//!
//! As base64, which is what the service's tokens look like: 28 characters. It is no secret and no proof of anything; the check
//! tells a token that was cut or altered from one that was not.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::error::Error;

const VERSION: u8 = 1;

/// Makes the token for the picture at `next`.
pub(crate) fn write(fingerprint: u64, next: u64) -> String {
    STANDARD.encode(bytes(fingerprint, next))
}

/// Reads a token that was made for the same grid.
pub(crate) fn read(token: &str, fingerprint: u64) -> Result<u64, Error> {
    let foreign = || Error::invalid("the next token is none that was given out, or was altered");
    let given = STANDARD.decode(token).map_err(|_| foreign())?;
    let next = given.get(9..17).and_then(|bytes| bytes.try_into().ok()).map(u64::from_be_bytes).ok_or_else(foreign)?;
    let made_for = given.get(1..9).and_then(|bytes| bytes.try_into().ok()).map(u64::from_be_bytes);
    if made_for.is_none_or(|made_for| given != bytes(made_for, next)) {
        return Err(foreign());
    }
    if made_for != Some(fingerprint) {
        let error = Error::invalid("the next token belongs to another request");
        return Err(error.hint("the range, the interval and the choice of fragments and frames must stay as they were"));
    }
    Ok(next)
}

fn bytes(fingerprint: u64, next: u64) -> Vec<u8> {
    let mut bytes = vec![VERSION];
    bytes.extend(fingerprint.to_be_bytes());
    bytes.extend(next.to_be_bytes());
    let check = hash(&bytes).to_be_bytes();
    bytes.extend(check.get(..4).unwrap_or_default());
    bytes
}

/// FNV-1a of 64 bits: short, and the same in every release. Its upper half is the better mixed one.
pub(crate) fn hash(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, &byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ErrorKind;

    #[test]
    fn a_token_leads_to_its_place() {
        for next in [0, 1, 25, u64::MAX] {
            let token = write(7, next);
            assert_eq!(read(&token, 7), Ok(next));
            assert!(token.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'+' || byte == b'/'), "{token}");
        }
    }

    #[test]
    fn a_token_of_another_request_is_an_invalid_argument() {
        let error = read(&write(7, 25), 8).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidArgument);
        assert!(error.to_string().contains("another request"), "{error}");
    }

    #[test]
    fn every_altered_character_is_found_out() {
        let token = write(0x0123_4567_89ab_cdef, 50);
        for at in 0..token.len() {
            for other in "AZaz09+/=".chars().filter(|&other| !token[at..].starts_with(other)) {
                let altered: String =
                    token.char_indices().map(|(index, was)| if index == at { other } else { was }).collect();
                let error = read(&altered, 0x0123_4567_89ab_cdef).unwrap_err();
                assert_eq!(error.kind(), ErrorKind::InvalidArgument, "{altered}");
            }
        }
        for text in ["", "x", "not a token", &token[..24], &format!("{token}AAAA")] {
            assert_eq!(read(text, 0x0123_4567_89ab_cdef).unwrap_err().kind(), ErrorKind::InvalidArgument, "{text}");
        }
    }
}
