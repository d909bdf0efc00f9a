//! Decimal numbers from text, rounded as SQL rounds.

/// The unscaled value of `text` as `DECIMAL(precision, scale)`, rounded half up (away from zero).
///
/// Takes an optional sign, digits with an optional point, and an optional exponent. None when the text is no
/// number or needs more digits than `precision`.
pub(super) fn parse_decimal(text: &str, precision: u8, scale: i8) -> Option<i128> {
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, exponent.parse::<i32>().ok()?),
        None => (text, 0),
    };
    let (negative, unsigned) = match mantissa.as_bytes().first()? {
        b'-' => (true, &mantissa[1..]),
        b'+' => (false, &mantissa[1..]),
        _ => (false, mantissa),
    };
    let (whole, fraction) = unsigned.split_once('.').unwrap_or((unsigned, ""));
    let digits = [whole, fraction].concat();
    if digits.is_empty() || !digits.bytes().all(|digit| digit.is_ascii_digit()) {
        return None;
    }
    let shift = i64::from(exponent) - fraction.len() as i64 + i64::from(scale);
    let unscaled = shifted(digits.trim_start_matches('0'), shift)?;
    let limit = 10i128.checked_pow(precision.into())?;
    (unscaled < limit).then_some(if negative { -unscaled } else { unscaled })
}

/// `digits` times ten to the power of `shift`, rounded half up; None beyond 38 digits.
fn shifted(digits: &str, shift: i64) -> Option<i128> {
    const LONGEST: i64 = 38;
    if digits.is_empty() || digits.len() as i64 + shift < 0 {
        return Some(0);
    }
    if digits.len() as i64 + shift > LONGEST {
        return None;
    }
    if shift >= 0 {
        let zeros = 10i128.checked_pow(u32::try_from(shift).ok()?)?;
        return digits.parse::<i128>().ok()?.checked_mul(zeros);
    }
    // Within bounds: the length and the shift add up to between 0 and 38.
    let (kept, cut) = digits.split_at((digits.len() as i64 + shift) as usize);
    let kept = if kept.is_empty() {
        0
    } else {
        kept.parse::<i128>().ok()?
    };
    Some(kept + i128::from(cut.as_bytes()[0] >= b'5'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_signs_points_and_exponents() {
        let cases = [
            ("1", 100),
            ("-1.5", -150),
            ("+0.07", 7),
            ("1e1", 1000),
            ("125E-2", 125),
            ("000012.30", 1230),
            (".5", 50),
            ("5.", 500),
        ];
        for (text, unscaled) in cases {
            assert_eq!(parse_decimal(text, 10, 2), Some(unscaled), "{text}");
        }
    }

    #[test]
    fn rounds_half_away_from_zero() {
        let cases = [
            ("1.104", 110),
            ("1.105", 111),
            ("-1.105", -111),
            ("0.004", 0),
            ("0.005", 1),
            ("0.0005", 0),
        ];
        for (text, unscaled) in cases {
            assert_eq!(parse_decimal(text, 10, 2), Some(unscaled), "{text}");
        }
    }

    #[test]
    fn refuses_what_does_not_fit() {
        assert_eq!(parse_decimal("99.99", 4, 2), Some(9999));
        assert_eq!(parse_decimal("100", 4, 2), None);
        assert_eq!(parse_decimal("99.995", 4, 2), None);
        assert_eq!(parse_decimal("1e400", 38, 0), None);
        assert_eq!(parse_decimal(&"9".repeat(38), 38, 0), Some(10i128.pow(38) - 1));
        assert_eq!(parse_decimal(&"9".repeat(39), 38, 0), None);
        assert_eq!(parse_decimal("0e2000000000", 38, 0), Some(0));
        assert_eq!(parse_decimal("1e-2000000000", 38, 0), Some(0));
    }

    #[test]
    fn refuses_what_is_no_number() {
        for text in [
            "", "-", ".", "e5", "1e", "1e+", "0x1", "1 ", "1_0", "--1", "1.2.3", "١",
        ] {
            assert_eq!(parse_decimal(text, 10, 2), None, "{text}");
        }
    }
}
