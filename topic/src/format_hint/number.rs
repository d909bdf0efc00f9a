//! Reads integers like `java.text.DecimalFormat`, for the numbers inside of dates.
//!
//! Dates should contain only plain digits, but a formatter that agrees with Java must agree on the rest, too:
//! a minus sign, digits of any script, exponents (`2E3` is 2000), `NaN` and `∞`, and the part of all these
//! that a 32-bit field keeps.

/// Zero of each decimal digit script in the Basic Multilingual Plane; nine more digits follow each.
const ZEROS: [char; 37] = [
    '\u{0030}', '\u{0660}', '\u{06F0}', '\u{07C0}', '\u{0966}', '\u{09E6}', '\u{0A66}', '\u{0AE6}',
    '\u{0B66}', '\u{0BE6}', '\u{0C66}', '\u{0CE6}', '\u{0D66}', '\u{0DE6}', '\u{0E50}', '\u{0ED0}',
    '\u{0F20}', '\u{1040}', '\u{1090}', '\u{17E0}', '\u{1810}', '\u{1946}', '\u{19D0}', '\u{1A80}',
    '\u{1A90}', '\u{1B50}', '\u{1BB0}', '\u{1C40}', '\u{1C50}', '\u{A620}', '\u{A8D0}', '\u{A900}',
    '\u{A9D0}', '\u{A9F0}', '\u{AA50}', '\u{ABF0}', '\u{FF10}',
];

/// Maximum number of digits that always fit a `u64`.
const SAFE_DIGITS: usize = 19;

/// Number at the beginning of `text`, and its length in bytes.
pub(super) fn read_integer(text: &str) -> Option<(i32, usize)> {
    if text.starts_with("NaN") {
        return Some((0, "NaN".len()));
    }
    let unsigned = text.strip_prefix('-').unwrap_or(text);
    let sign_bytes = text.len() - unsigned.len();
    let negative = sign_bytes > 0;
    if unsigned.starts_with('∞') {
        return Some((
            if negative { i32::MIN } else { i32::MAX },
            sign_bytes + '∞'.len_utf8(),
        ));
    }
    let digits = Digits::read(unsigned)?;
    let (exponent, exponent_bytes) = read_exponent(&unsigned[digits.text.len()..]);
    Some((
        digits.to_i32(negative, exponent),
        sign_bytes + digits.text.len() + exponent_bytes,
    ))
}

/// Digits at the beginning of `text` as milliseconds of a decimal fraction (`7` is 700, `073456` is 73), and
/// their length in bytes.
pub(super) fn read_fraction_ms(text: &str) -> Option<(i32, usize)> {
    let (mut millis, mut unit, mut bytes) = (0, 100, 0);
    for (c, digit) in digits(text) {
        millis += i32::from(digit) * unit;
        unit /= 10;
        bytes += c.len_utf8();
    }
    (bytes > 0).then_some((millis, bytes))
}

/// Value of a decimal digit of any script.
pub(super) fn digit(c: char) -> Option<u8> {
    if c.is_ascii() {
        return c.to_digit(10).map(|digit| digit as u8);
    }
    let zero = ZEROS[ZEROS.partition_point(|zero| *zero <= c) - 1];
    u8::try_from(u32::from(c) - u32::from(zero))
        .ok()
        .filter(|digit| *digit < 10)
}

fn digits(text: &str) -> impl Iterator<Item = (char, u8)> {
    text.chars().map_while(|c| digit(c).map(|digit| (c, digit)))
}

struct Digits<'a> {
    text: &'a str,
    /// Number of digits from the first that is not zero.
    significant: usize,
    /// Value of the first [`SAFE_DIGITS`] of them.
    value: u64,
}

impl<'a> Digits<'a> {
    fn read(text: &'a str) -> Option<Self> {
        let (mut bytes, mut significant, mut value) = (0, 0, 0);
        for (c, digit) in digits(text) {
            bytes += c.len_utf8();
            significant += usize::from(digit > 0 || significant > 0);
            if significant <= SAFE_DIGITS {
                value = value * 10 + u64::from(digit);
            }
        }
        (bytes > 0).then(|| Self {
            text: &text[..bytes],
            significant,
            value,
        })
    }

    fn to_i64(&self, negative: bool) -> Option<i64> {
        let value = i128::from(self.value);
        let signed = if negative { -value } else { value };
        i64::try_from(signed)
            .ok()
            .filter(|_| self.significant <= SAFE_DIGITS)
    }

    /// Value in 32 bits. A whole number that fits 64 bits wraps to 32; any other number is a double in Java,
    /// and saturates.
    fn to_i32(&self, negative: bool, exponent: i32) -> i32 {
        match self.to_i64(negative) {
            Some(value) if exponent == 0 => value as i32,
            _ => self.to_i32_scaled(negative, exponent),
        }
    }

    fn to_i32_scaled(&self, negative: bool, exponent: i32) -> i32 {
        let ascii: String = digits(self.text)
            .map(|(_, digit)| char::from(b'0' + digit))
            .collect();
        let significant = ascii.trim_matches('0');
        // The value is 0.significant × 10^point.
        let point = (self.significant as i32).wrapping_add(exponent);
        let is_whole = usize::try_from(point).is_ok_and(|point| point >= significant.len());
        if is_whole && point <= 19 {
            let zeros = point as u32 - significant.len() as u32;
            let whole = significant.parse().unwrap_or(0_i128) * 10_i128.pow(zeros);
            if let Ok(value) = i64::try_from(if negative { -whole } else { whole }) {
                return value as i32;
            }
        }
        let magnitude: f64 = format!("0.{significant}E{point}").parse().unwrap_or(0.0);
        (if negative { -magnitude } else { magnitude }) as i32
    }
}

/// Exponent at the beginning of `text` and its length in bytes; `(0, 0)` without one.
fn read_exponent(text: &str) -> (i32, usize) {
    let Some(after) = text.strip_prefix('E') else {
        return (0, 0);
    };
    let unsigned = after.strip_prefix('-').unwrap_or(after);
    let sign_bytes = after.len() - unsigned.len();
    let exponent = Digits::read(unsigned).and_then(|digits| {
        Some((
            digits.to_i64(sign_bytes > 0)? as i32,
            1 + sign_bytes + digits.text.len(),
        ))
    });
    exponent.unwrap_or((0, 0))
}
