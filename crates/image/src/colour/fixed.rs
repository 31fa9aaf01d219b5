//! Arithmetic that the row loops are made of: wrapping, so that no check stands in the way of vector instructions.

/// The high half of a product.
pub(super) fn mul_high_unsigned(a: u16, b: u16) -> u16 {
    // Never above 16 bits: the compiler knows and drops the check.
    u16::try_from(u32::from(a).wrapping_mul(u32::from(b)) >> 16).unwrap_or(u16::MAX)
}

/// The high half of a product, rounded down.
#[allow(
    clippy::as_conversions,
    reason = "a 32-bit value shifted by 16 fits 16 bits; a checked conversion does not vectorise"
)]
pub(super) fn mul_high(a: i16, b: i16) -> i16 {
    (i32::from(a).wrapping_mul(i32::from(b)) >> 16) as i16
}

/// Three parts of `a` and one of `b`, rounded. Neither may be beyond a quarter of the type's range.
pub(super) fn quarter(a: i16, b: i16) -> i16 {
    a.wrapping_mul(3).wrapping_add(b).wrapping_add(2) >> 2
}

/// The nearest value from 0 to 255.
pub(super) fn byte(value: i16) -> u8 {
    u8::try_from(value.clamp(0, 255)).unwrap_or(u8::MAX)
}

/// The nearest integer, for coefficients.
#[allow(clippy::as_conversions, reason = "the cast saturates, and coefficients are in range")]
pub(super) fn rounded_i16(value: f64) -> i16 {
    value.round() as i16
}

/// The nearest integer, for coefficients.
#[allow(clippy::as_conversions, reason = "the cast saturates, and coefficients are in range")]
pub(super) fn rounded_u16(value: f64) -> u16 {
    value.round() as u16
}

/// A coefficient in single precision.
#[allow(clippy::as_conversions, reason = "there is no other conversion, and rounding is meant")]
pub(super) fn single(value: f64) -> f32 {
    value as f32
}
