//! Numbers as text, and decimals.

use crate::error::{Result, bail, err};

pub(crate) fn power_of_ten(exponent: u32) -> i128 {
    10_i128.pow(exponent)
}

/// Unscaled value as text: `(1050, 2)` is `10.50`.
pub(crate) fn decimal_text(unscaled: i128, scale: u8) -> String {
    if scale == 0 {
        return unscaled.to_string();
    }
    let digits = format!(
        "{:0>width$}",
        unscaled.unsigned_abs(),
        width = usize::from(scale) + 1
    );
    let (whole, fraction) = digits.split_at(digits.len() - usize::from(scale));
    format!("{}{whole}.{fraction}", if unscaled < 0 { "-" } else { "" })
}

/// Digits, sign and point as an unscaled value with its precision and scale, as a literal has them.
pub(crate) fn parse_decimal(text: &str) -> Option<(i128, u8, u8)> {
    let (negative, digits) = match text.as_bytes().first()? {
        b'-' => (true, &text[1..]),
        b'+' => (false, &text[1..]),
        _ => (false, text),
    };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let all_digits = |part: &str| part.bytes().all(|b| b.is_ascii_digit());
    if whole.len() + fraction.len() == 0 || !all_digits(whole) || !all_digits(fraction) {
        return None;
    }
    let whole = whole.trim_start_matches('0');
    let precision = (whole.len() + fraction.len()).max(1);
    if precision > 38 {
        return None;
    }
    let unscaled: i128 = format!("0{whole}{fraction}").parse().ok()?;
    Some((
        if negative { -unscaled } else { unscaled },
        precision as u8,
        fraction.len() as u8,
    ))
}

/// The value at another scale, halves rounded away from zero; None if it does not fit an i128.
pub(crate) fn rescale(unscaled: i128, from: u8, to: u8) -> Option<i128> {
    if to >= from {
        return unscaled.checked_mul(power_of_ten(u32::from(to - from)));
    }
    Some(divide_rounded(unscaled, power_of_ten(u32::from(from - to))))
}

/// Quotient with halves rounded away from zero.
pub(crate) fn divide_rounded(dividend: i128, divisor: i128) -> i128 {
    let (quotient, remainder) = (dividend / divisor, dividend % divisor);
    if remainder.unsigned_abs() >= divisor.unsigned_abs() - remainder.unsigned_abs() {
        quotient + if (dividend < 0) == (divisor < 0) { 1 } else { -1 }
    } else {
        quotient
    }
}

pub(crate) fn fits(unscaled: i128, precision: u8) -> bool {
    unscaled.unsigned_abs() < power_of_ten(u32::from(precision)).unsigned_abs()
}

/// A double as text in the form that Trino gives it: `1.0E-1`, `1.23456789E7`, `-0E0`.
pub(crate) fn double_text(value: f64) -> String {
    scientific(
        value.is_nan(),
        value.is_infinite(),
        value.is_sign_negative(),
        value == 0.0,
        || format!("{value:e}"),
    )
}

pub(crate) fn real_text(value: f32) -> String {
    scientific(
        value.is_nan(),
        value.is_infinite(),
        value.is_sign_negative(),
        value == 0.0,
        || format!("{value:e}"),
    )
}

fn scientific(nan: bool, infinite: bool, negative: bool, zero: bool, text: impl Fn() -> String) -> String {
    match () {
        () if nan => "NaN".to_owned(),
        () if infinite => (if negative { "-Infinity" } else { "Infinity" }).to_owned(),
        () if zero => (if negative { "-0E0" } else { "0E0" }).to_owned(),
        () => {
            let text = text();
            let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
            let point = if mantissa.contains('.') { "" } else { ".0" };
            format!("{mantissa}{point}E{exponent}")
        }
    }
}

/// A double as `Double.toString` of Java spells it: plain from 1e-3 to 1e7, in scientific form outside.
pub(crate) fn java_double_text(value: f64) -> String {
    if is_plain_in_java(value) {
        with_point(value.to_string())
    } else {
        double_text(value)
    }
}

/// A real as `Float.toString` of Java spells it.
pub(crate) fn java_real_text(value: f32) -> String {
    if is_plain_in_java(f64::from(value)) {
        with_point(value.to_string())
    } else {
        real_text(value)
    }
}

fn is_plain_in_java(value: f64) -> bool {
    value == 0.0 || (1e-3..1e7).contains(&value.abs())
}

fn with_point(text: String) -> String {
    if text.contains('.') { text } else { text + ".0" }
}

/// Text as a double by Java's rules: blanks around it, `NaN`, `Infinity`, an `f` or `d` at the end.
pub(crate) fn parse_double(text: &str) -> Option<f64> {
    let trimmed = text.trim_matches(|c: char| c <= ' ');
    let (sign, magnitude) = match trimmed.strip_prefix('-') {
        Some(rest) => (-1.0, rest),
        None => (1.0, trimmed.strip_prefix('+').unwrap_or(trimmed)),
    };
    match magnitude {
        "NaN" => return Some(f64::NAN),
        "Infinity" => return Some(sign * f64::INFINITY),
        _ => {}
    }
    let digits = magnitude.strip_suffix(['f', 'F', 'd', 'D']).unwrap_or(magnitude);
    if !digits.starts_with(|c: char| c.is_ascii_digit() || c == '.') {
        return None;
    }
    digits.parse::<f64>().ok().map(|value| sign * value)
}

/// A double rounded to a whole number, halves away from zero, if it lies within `min..=max`.
pub(crate) fn round_to_int(value: f64, min: i64, max: i64, ty: &str) -> Result<i64> {
    let rounded = value.round();
    if rounded.is_nan() {
        bail!(InvalidCastArgument, "Cannot cast double NaN to {ty}");
    }
    if rounded < min as f64 || rounded > max as f64 || (max == i64::MAX && rounded >= max as f64) {
        return Err(err!(
            InvalidCastArgument,
            "Out of range for {ty}: {}",
            double_text(value)
        ));
    }
    Ok(rounded as i64)
}
