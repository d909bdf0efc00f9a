//! Decimals: up to 38 digits an unscaled integer and a scale, beyond that text.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

/// Precision and scale.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct DecimalType {
    pub(crate) precision: u8,
    pub(crate) scale: i8,
}

/// Maximum number of digits of Arrow's 128-bit decimals.
const MAX_DIGITS: u32 = 38;

const LIMB: u64 = 1_000_000_000;

/// Reads a number as JSON and SQL write it (a sign, digits, a point, an exponent) at the scale `to`, rounding
/// half away from zero; `None` if it is not a number or has too many digits before the point.
pub(crate) fn parse(text: &str, to: DecimalType) -> Option<i128> {
    let (negative, unsigned) = match text.as_bytes().first()? {
        b'-' => (true, &text[1..]),
        b'+' => (false, &text[1..]),
        _ => (false, text),
    };
    let (mantissa, exponent) = match unsigned.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, exponent.parse::<i32>().ok()?),
        None => (unsigned, 0),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits = || whole.bytes().chain(fraction.bytes());
    if whole.len() + fraction.len() == 0 || !digits().all(|digit| digit.is_ascii_digit()) {
        return None;
    }
    // The digits make an integer; this many of them (or zeros after them) belong before its point at scale
    // `to`.
    let kept = i64::try_from(whole.len()).ok()? + i64::from(exponent) + i64::from(to.scale);
    let mut unscaled: i128 = 0;
    let mut digits = digits().map(|digit| i128::from(digit - b'0'));
    let mut taken = 0;
    while taken < kept {
        match digits.next() {
            Some(digit) => unscaled = unscaled.checked_mul(10)?.checked_add(digit)?,
            None if unscaled == 0 => return Some(0),
            None => unscaled = unscaled.checked_mul(10)?,
        }
        taken += 1;
    }
    // If `kept` is below zero, the first digit is to the right of the rounding one.
    if kept >= 0 && digits.next().is_some_and(|digit| digit >= 5) {
        unscaled = unscaled.checked_add(1)?;
    }
    let unscaled = if negative { -unscaled } else { unscaled };
    fits(unscaled, to).then_some(unscaled)
}

/// Reads the base64 of an unscaled integer at the scale of `to`, in two's complement with the most significant byte
/// first; `None` if it is not base64 or has too many digits. Kafka Connect's `JsonConverter` writes decimals like this:
/// <https://kafka.apache.org/documentation/#connectconfigs_decimal.format>.
pub(crate) fn parse_base64(text: &str, to: DecimalType) -> Option<i128> {
    let bytes = STANDARD.decode(text).ok()?;
    let (first, _) = bytes.split_first()?;
    let sign: u8 = if *first >= 0x80 { 0xff } else { 0 };
    // Leading bytes that repeat the sign carry no digits.
    let filling = bytes.iter().take_while(|byte| **byte == sign).count();
    let digits = &bytes[filling..];
    let start = size_of::<i128>().checked_sub(digits.len())?;
    let mut whole = [sign; size_of::<i128>()];
    whole[start..].copy_from_slice(digits);
    let unscaled = i128::from_be_bytes(whole);
    let keeps_sign = (unscaled < 0) == (sign != 0);
    (keeps_sign && fits(unscaled, to)).then_some(unscaled)
}

/// `unscaled` / 10^`scale` converted to `to`, rounding half away from zero; `None` if it has too many digits.
pub(crate) fn rescale(unscaled: i128, scale: u32, to: DecimalType) -> Option<i128> {
    let shift = i64::from(to.scale) - i64::from(scale);
    let rescaled = match u32::try_from(shift) {
        Ok(up) if unscaled == 0 || up <= MAX_DIGITS => match unscaled {
            0 => 0,
            _ => unscaled.checked_mul(10_i128.checked_pow(up)?)?,
        },
        Ok(_) => return None,
        Err(_) => match 10_i128.checked_pow(u32::try_from(-shift).ok()?) {
            Some(divisor) => divide(unscaled, divisor),
            None => 0,
        },
    };
    fits(rescaled, to).then_some(rescaled)
}

/// Integer value of `unscaled` / 10^`scale`; `None` if it is not an integer.
pub(crate) fn to_integer(unscaled: i128, scale: u32) -> Option<i128> {
    if unscaled == 0 {
        return Some(0);
    }
    let divisor = 10_i128.checked_pow(scale)?;
    (unscaled % divisor == 0).then_some(unscaled / divisor)
}

/// Text with all digits and without exponent.
pub(crate) fn to_text(unscaled: i128, scale: u32) -> String {
    with_point(unscaled < 0, &unscaled.unsigned_abs().to_string(), scale)
}

/// Text of an unscaled integer of any length, in two's complement with the most significant byte first.
pub(crate) fn twos_complement_text(unscaled: &[u8], scale: u32) -> String {
    let negative = unscaled.first().is_some_and(|byte| *byte >= 0x80);
    let sign: u8 = if negative { 0xff } else { 0 };
    // Words of 32 bits; the first one is sign-extended.
    let filling = unscaled.len().next_multiple_of(4) - unscaled.len();
    let bytes: Vec<u8> = std::iter::repeat_n(sign, filling)
        .chain(unscaled.iter().copied())
        .collect();
    let (words, _) = bytes.as_chunks::<4>();
    let mut words: Vec<u32> = words.iter().map(|word| u32::from_be_bytes(*word)).collect();
    if negative {
        let mut carry = true;
        for word in words.iter_mut().rev() {
            (*word, carry) = (!*word).overflowing_add(carry.into());
        }
    }
    // Nine digits each, least significant first.
    let mut limbs: Vec<u64> = vec![0];
    for word in words {
        let mut carry = u64::from(word);
        for limb in &mut limbs {
            let value = (*limb << 32) + carry;
            (*limb, carry) = (value % LIMB, value / LIMB);
        }
        while carry > 0 {
            limbs.push(carry % LIMB);
            carry /= LIMB;
        }
    }
    let mut digits = String::new();
    for limb in limbs.iter().rev() {
        digits.push_str(&match digits.is_empty() {
            true => limb.to_string(),
            false => format!("{limb:09}"),
        });
    }
    with_point(negative, &digits, scale)
}

/// Inserts the point into `digits`, an integer without leading zeros.
fn with_point(negative: bool, digits: &str, scale: u32) -> String {
    let scale = scale as usize;
    let zeros = (scale + 1).saturating_sub(digits.len());
    let mut text = String::with_capacity(digits.len() + zeros + 2);
    if negative {
        text.push('-');
    }
    text.extend(std::iter::repeat_n('0', zeros));
    text.push_str(digits);
    if scale > 0 {
        text.insert(text.len() - scale, '.');
    }
    text
}

fn divide(value: i128, divisor: i128) -> i128 {
    let (quotient, rest) = (value / divisor, value % divisor);
    let half = rest.unsigned_abs() >= divisor.unsigned_abs().div_ceil(2);
    quotient + if half { value.signum() } else { 0 }
}

fn fits(unscaled: i128, to: DecimalType) -> bool {
    10_u128
        .checked_pow(to.precision.into())
        .is_some_and(|limit| unscaled.unsigned_abs() < limit)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const MONEY: DecimalType = DecimalType {
        precision: 5,
        scale: 2,
    };

    #[test]
    fn reads_unscaled_integers_in_base64() {
        for (text, wanted) in [
            ("BNI=", Some(1234)),
            ("/5w=", Some(-100)),
            ("AA==", Some(0)),
            ("/w==", Some(-1)),
            ("AP8=", Some(255)),
            ("AAAAAAAAAAAAAAAAAAAAAAAAAATS", Some(1234)),
            ("////////////////////////////////+y4=", Some(-1234)),
            // Six digits, and more than 128 bits.
            ("AYag", None),
            ("AQAAAAAAAAAAAAAAAAAAAAAA", None),
            ("", None),
            ("12.34", None),
            ("BNI", None),
            ("BN I=", None),
        ] {
            assert_eq!(parse_base64(text, MONEY), wanted, "{text}");
        }
    }

    #[test]
    fn reads_numbers_as_written() {
        for (text, wanted) in [
            ("1", Some(100)),
            ("1.5", Some(150)),
            ("-0.01", Some(-1)),
            ("+2.", Some(200)),
            (".5", Some(50)),
            ("1e2", Some(10_000)),
            ("12.5E-1", Some(125)),
            ("999.99", Some(99_999)),
            ("999.994", Some(99_999)),
            ("999.995", None),
            ("1000", None),
            ("0.005", Some(1)),
            ("-0.005", Some(-1)),
            ("0.0049", Some(0)),
            ("0.0005", Some(0)),
            ("0.9e-3", Some(0)),
            ("0e2000000000", Some(0)),
            ("1e2000000000", None),
            ("1e-2000000000", Some(0)),
            ("00000000000000000000000000000000000000000001", Some(100)),
            ("0.1000000000000000000000000000000000000000001", Some(10)),
            ("", None),
            ("-", None),
            (".", None),
            ("1e", None),
            ("1.2.3", None),
            (" 1", None),
            ("1_0", None),
            ("NaN", None),
            ("٣", None),
        ] {
            assert_eq!(parse(text, MONEY), wanted, "{text:?}");
        }
    }

    #[test]
    fn rounds_half_away_from_zero_when_digits_go() {
        for (unscaled, scale, wanted) in [
            (1235, 3, Some(124)),
            (-1235, 3, Some(-124)),
            (1234, 3, Some(123)),
            (5, 0, Some(500)),
            (1000, 0, None),
            (0, 90, Some(0)),
            (7, 90, Some(0)),
        ] {
            assert_eq!(rescale(unscaled, scale, MONEY), wanted, "{unscaled} / 10^{scale}");
        }
    }

    #[test]
    fn is_an_integer_only_without_a_fraction() {
        assert_eq!(to_integer(1200, 2), Some(12));
        assert_eq!(to_integer(1201, 2), None);
        assert_eq!(to_integer(0, 99), Some(0));
    }

    #[test]
    fn refuses_what_128_bits_do_not_hold() {
        let widest = DecimalType {
            precision: 38,
            scale: 0,
        };
        assert_eq!(parse(&format!("{}.5", i128::MAX), widest), None);
        assert_eq!(parse(&format!("{}.5", i128::MIN), widest), None);
        assert_eq!(parse(&"9".repeat(38), widest), Some(10_i128.pow(38) - 1));
        assert_eq!(parse(&format!("{}.5", "9".repeat(38)), widest), None);
        assert_eq!(rescale(i128::MIN, 0, widest), None);
    }

    proptest! {
        #[test]
        fn text_and_value_are_one(unscaled in -10_i128.pow(38) + 1..10_i128.pow(38), scale in 0_u8..=38) {
            let to = DecimalType { precision: 38, scale: scale as i8 };
            let text = to_text(unscaled, scale.into());
            prop_assert_eq!(parse(&text, to), Some(unscaled));
            prop_assert_eq!(rescale(unscaled, scale.into(), to), Some(unscaled));
        }

        #[test]
        fn no_text_panics(text in "[-+0-9.eE]{0,12}") {
            let _ = parse(&text, MONEY);
        }
    }
}
