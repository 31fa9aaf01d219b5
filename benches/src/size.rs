//! Sizes as people write them.

/// Reads a number of bytes: `1048576`, `512KiB`, `100MiB`, `1GiB`, or `20MB` for powers of 1000.
///
/// # Errors
///
/// If it is none; the text says what would be one.
pub fn parse_size(text: &str) -> Result<u64, String> {
    let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let factor: Option<u64> = match unit {
        "" | "B" => Some(1),
        "kB" => Some(1000),
        "MB" => Some(1_000_000),
        "GB" => Some(1_000_000_000),
        "KiB" => Some(1 << 10),
        "MiB" => Some(1 << 20),
        "GiB" => Some(1 << 30),
        _ => None,
    };
    let number = number.parse::<u64>().ok();
    let bytes = number.zip(factor).and_then(|(number, factor)| number.checked_mul(factor));
    bytes.ok_or_else(|| format!("{text}: no size; write 1048576, 100MiB, 1GiB or 20MB"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_are_powers_of_1024_with_an_i_and_of_1000_without() {
        assert_eq!(parse_size("7"), Ok(7));
        assert_eq!(parse_size("1GiB"), Ok(1 << 30));
        assert_eq!(parse_size("100MiB"), Ok(100 << 20));
        assert_eq!(parse_size("20MB"), Ok(20_000_000));
        for text in ["", "MiB", "1 GiB", "-1", "1.5GiB", "1gib", "99999999999GiB"] {
            assert!(parse_size(text).is_err(), "{text}");
        }
    }
}
