//! Conversion of scalars to a column's type.
//!
//! Text follows Java's parsers, which users of the Java connector rely on: an integer is digits with an
//! optional sign and nothing else, a boolean is `true` or it is false, a double may be padded or end in `d`.
//! Typed values are converted if nothing is lost, or else do not fit.

use std::borrow::Cow;
use std::str::FromStr;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, NaiveDate, NaiveTime};

use crate::decode::decimal::{self, DecimalType};
use crate::decode::utf8;
use crate::format_hint::{DateFormat, ParsedTime};

/// Value as a format provides it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Scalar<'a> {
    /// Absent, or an explicit null.
    Null,
    Bool(bool),
    /// Number as written, with all its digits.
    Number(&'a str),
    Text(&'a str),
    /// Object or array, as JSON.
    Nested(&'a str),
    Int(i64),
    /// Unsigned integer, also beyond [`Scalar::Int`].
    UInt(u64),
    Float(f32),
    Double(f64),
    Bytes(&'a [u8]),
    /// Decimal `unscaled` / 10^`scale`.
    Decimal {
        unscaled: i128,
        scale: u32,
    },
    /// Days since 1970-01-01.
    Date(i32),
    /// Milliseconds since 1970-01-01T00:00, of an instant in UTC or of a local time.
    Timestamp(i64),
    /// Microseconds since midnight.
    Time(i64),
}

// By reference: a copy of its 48 bytes loads at once what was stored by parts, for which processors wait.
#[expect(clippy::wrong_self_convention, reason = "a copy costs more than a conversion")]
impl<'a> Scalar<'a> {
    pub(crate) fn is_null(&self) -> bool {
        matches!(*self, Scalar::Null)
    }

    /// Kind of the value, for messages.
    pub(crate) fn kind(&self) -> &'static str {
        match *self {
            Scalar::Null => "null",
            Scalar::Bool(_) => "a boolean",
            Scalar::Number(_) | Scalar::Int(_) | Scalar::UInt(_) | Scalar::Float(_) | Scalar::Double(_) => {
                "a number"
            }
            Scalar::Text(_) => "text",
            Scalar::Nested(_) => "an object or array",
            Scalar::Bytes(_) => "bytes",
            Scalar::Decimal { .. } => "a decimal",
            Scalar::Date(_) => "a date",
            Scalar::Timestamp(_) => "a timestamp",
            Scalar::Time(_) => "a time of day",
        }
    }

    /// Value of a VARCHAR column; `None` only for [`Scalar::Null`].
    pub(crate) fn to_varchar(&self) -> Option<Cow<'a, str>> {
        Some(match *self {
            Scalar::Nested(json) => Cow::Borrowed(json),
            Scalar::Bytes(bytes) => utf8::lossy(bytes),
            _ => return self.to_text(),
        })
    }

    /// Text of any value that is not null, nested or bytes.
    fn to_text(&self) -> Option<Cow<'a, str>> {
        Some(match *self {
            Scalar::Null | Scalar::Nested(_) | Scalar::Bytes(_) => return None,
            Scalar::Bool(true) => Cow::Borrowed("true"),
            Scalar::Bool(false) => Cow::Borrowed("false"),
            Scalar::Number(text) | Scalar::Text(text) => Cow::Borrowed(text),
            Scalar::Int(value) => Cow::Owned(value.to_string()),
            Scalar::UInt(value) => Cow::Owned(value.to_string()),
            Scalar::Float(value) => Cow::Owned(float_text(value, value.is_infinite())),
            Scalar::Double(value) => Cow::Owned(float_text(value, value.is_infinite())),
            Scalar::Decimal { unscaled, scale } => Cow::Owned(decimal::to_text(unscaled, scale)),
            Scalar::Date(days) => Cow::Owned(date_text(days)?),
            Scalar::Timestamp(millis) => Cow::Owned(timestamp_text(millis)?),
            Scalar::Time(micros) => Cow::Owned(time_text(micros)?),
        })
    }

    /// Bytes unchanged; text as base64.
    pub(crate) fn to_varbinary(&self) -> Option<Cow<'a, [u8]>> {
        match *self {
            Scalar::Bytes(bytes) => Some(Cow::Borrowed(bytes)),
            Scalar::Text(text) => STANDARD.decode(text).ok().map(Cow::Owned),
            _ => None,
        }
    }

    /// For text and numbers in text, true for `true` in any case and false for all else, like Java's
    /// `parseBoolean`.
    pub(crate) fn to_bool(&self) -> Option<bool> {
        match *self {
            Scalar::Bool(value) => Some(value),
            Scalar::Number(text) | Scalar::Text(text) => Some(text.eq_ignore_ascii_case("true")),
            _ => None,
        }
    }

    /// Digits with an optional sign, in range; `1.0` and `1e3` are not integers.
    pub(crate) fn to_integer<T: FromStr + TryFrom<i128>>(&self) -> Option<T> {
        match *self {
            Scalar::Number(text) | Scalar::Text(text) => text.parse().ok(),
            Scalar::Int(value) => T::try_from(value.into()).ok(),
            Scalar::UInt(value) => T::try_from(value.into()).ok(),
            Scalar::Decimal { unscaled, scale } => T::try_from(decimal::to_integer(unscaled, scale)?).ok(),
            _ => None,
        }
    }

    /// Accepts what Java's `Double.parseDouble` does, except hexadecimal notation: surrounding blanks, a
    /// sign, `NaN`, `Infinity`, digits with point and exponent, a trailing `f` or `d`. Too large numbers are
    /// infinite.
    pub(crate) fn to_float<T: FromStr + FromF64>(&self) -> Option<T> {
        match *self {
            Scalar::Number(text) | Scalar::Text(text) => parse_float(text),
            Scalar::Int(value) => Some(T::from_f64(value as f64)),
            Scalar::UInt(value) => Some(T::from_f64(value as f64)),
            Scalar::Float(value) => Some(T::from_f64(value.into())),
            Scalar::Double(value) => Some(T::from_f64(value)),
            Scalar::Decimal { unscaled, scale } => decimal::to_text(unscaled, scale).parse().ok(),
            _ => None,
        }
    }

    /// Unscaled value at the column's scale, rounded half away from zero; `None` if it exceeds the precision.
    /// The conversion does not go through a binary fraction, unless the value is one.
    pub(crate) fn to_decimal(&self, to: DecimalType) -> Option<i128> {
        match *self {
            Scalar::Number(text) | Scalar::Text(text) => decimal::parse(text, to),
            Scalar::Int(value) => decimal::rescale(value.into(), 0, to),
            Scalar::UInt(value) => decimal::rescale(value.into(), 0, to),
            Scalar::Float(value) => decimal::parse(&value.to_string(), to),
            Scalar::Double(value) => decimal::parse(&value.to_string(), to),
            Scalar::Decimal { unscaled, scale } => decimal::rescale(unscaled, scale, to),
            _ => None,
        }
    }

    /// Days since 1970-01-01. Text and numbers are read by `format`.
    pub(crate) fn to_date(&self, format: &DateFormat) -> Option<i32> {
        match *self {
            Scalar::Date(days) => Some(days),
            Scalar::Timestamp(millis) => i32::try_from(millis.div_euclid(DAY_MS)).ok(),
            _ => self.to_time(format)?.local_days(),
        }
    }

    /// Milliseconds since 1970-01-01T00:00. Text and numbers are read by `format`.
    pub(crate) fn to_timestamp(&self, format: &DateFormat) -> Option<i64> {
        match *self {
            Scalar::Date(days) => Some(i64::from(days) * DAY_MS),
            Scalar::Timestamp(millis) => Some(millis),
            _ => Some(self.to_time(format)?.utc_ms),
        }
    }

    /// Athena's packed value: the instant and the written offset; UTC if there is none.
    pub(crate) fn to_zoned_timestamp(&self, format: &DateFormat) -> Option<i64> {
        match *self {
            Scalar::Date(_) | Scalar::Timestamp(_) => pack(self.to_timestamp(format)?, 0),
            _ => {
                let time = self.to_time(format)?;
                pack(time.utc_ms, time.offset_seconds)
            }
        }
    }

    fn to_time(&self, format: &DateFormat) -> Option<ParsedTime> {
        match *self {
            Scalar::Number(_) | Scalar::Text(_) | Scalar::Int(_) | Scalar::UInt(_) => {
                format.parse(&self.to_text()?)
            }
            _ => None,
        }
    }
}

const DAY_MS: i64 = 86_400_000;

/// Conversion from a double, rounding to the nearest.
pub(crate) trait FromF64 {
    fn from_f64(value: f64) -> Self;
}

impl FromF64 for f32 {
    fn from_f64(value: f64) -> Self {
        value as f32
    }
}

impl FromF64 for f64 {
    fn from_f64(value: f64) -> Self {
        value
    }
}

fn parse_float<T: FromStr>(text: &str) -> Option<T> {
    let text = text.trim_matches(|c| c <= ' ');
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    if matches!(unsigned, "NaN" | "Infinity") {
        return text.parse().ok();
    }
    let number = text.strip_suffix(['f', 'F', 'd', 'D']).unwrap_or(text);
    let plain = |c: char| c.is_ascii_digit() || matches!(c, '.' | 'e' | 'E' | '+' | '-');
    number.chars().all(plain).then(|| number.parse().ok()).flatten()
}

/// Text of a float: `1.0` rather than `1`, and Java's word for infinity.
fn float_text(value: impl std::fmt::Debug, infinite: bool) -> String {
    let text = format!("{value:?}");
    if infinite {
        text.replace("inf", "Infinity")
    } else {
        text
    }
}

fn date_text(days: i32) -> Option<String> {
    Some(NaiveDate::from_epoch_days(days)?.to_string())
}

/// Text of a timestamp in SQL, with three digits of fraction.
fn timestamp_text(millis: i64) -> Option<String> {
    let time = DateTime::from_timestamp_millis(millis)?;
    Some(time.format("%Y-%m-%d %H:%M:%S%.3f").to_string())
}

fn time_text(micros: i64) -> Option<String> {
    let (seconds, micros) = (micros.div_euclid(1_000_000), micros.rem_euclid(1_000_000));
    let time =
        NaiveTime::from_num_seconds_from_midnight_opt(u32::try_from(seconds).ok()?, micros as u32 * 1000)?;
    Some(time.format("%H:%M:%S%.6f").to_string())
}

/// Packs instant and offset as Athena does, with the zone in the low 12 bits: 0 for UTC, else the minutes of
/// the offset, shifted to be positive. An offset with seconds or beyond 14 hours has no key; the instant is
/// kept, in UTC.
fn pack(millis: i64, offset_seconds: i32) -> Option<i64> {
    let minutes = i64::from(offset_seconds / 60);
    let whole = offset_seconds % 60 == 0 && minutes.abs() <= 14 * 60;
    let key = match minutes {
        _ if !whole => 0,
        0 => 0,
        west @ ..0 => west + 841,
        east => east + 840,
    };
    let fits = (-(1 << 51)..1 << 51).contains(&millis);
    fits.then_some((millis << 12) | key)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_integers_as_java_does() {
        for (text, wanted) in [
            ("5", Some(5)),
            ("+5", Some(5)),
            ("-5", Some(-5)),
            ("-0", Some(0)),
            ("007", Some(7)),
            ("2147483647", Some(i32::MAX)),
            ("2147483648", None),
            (" 7 ", None),
            ("", None),
            ("-", None),
            ("1.0", None),
            ("1e3", None),
            ("0x10", None),
            ("1_000", None),
        ] {
            assert_eq!(Scalar::Text(text).to_integer::<i32>(), wanted, "{text:?}");
            assert_eq!(Scalar::Number(text).to_integer::<i32>(), wanted, "{text:?}");
        }
        assert_eq!(Scalar::Bool(true).to_integer::<i32>(), None);
        assert_eq!(Scalar::Nested("[1]").to_integer::<i32>(), None);
    }

    #[test]
    fn reads_doubles_as_java_does() {
        for (text, wanted) in [
            ("1.5", Some(1.5)),
            (" 2 ", Some(2.0)),
            ("\t2\n", Some(2.0)),
            ("1.5f", Some(1.5)),
            ("1.5D", Some(1.5)),
            ("1e3d", Some(1000.0)),
            (".5", Some(0.5)),
            ("5.", Some(5.0)),
            ("-1E-2", Some(-0.01)),
            ("1e400", Some(f64::INFINITY)),
            ("Infinity", Some(f64::INFINITY)),
            ("-Infinity", Some(f64::NEG_INFINITY)),
            ("infinity", None),
            ("inf", None),
            ("nan", None),
            ("Infinityd", None),
            ("0x1p3", None),
            ("\u{a0}1", None),
            ("1 2", None),
            ("d", None),
            (".", None),
            ("", None),
            ("true", None),
        ] {
            assert_eq!(Scalar::Text(text).to_float::<f64>(), wanted, "{text:?}");
        }
        assert!(Scalar::Text("NaN").to_float::<f64>().is_some_and(f64::is_nan));
        assert!(Scalar::Text("-NaN").to_float::<f64>().is_some_and(f64::is_nan));
    }

    #[test]
    fn is_true_for_one_word_only() {
        for (scalar, wanted) in [
            (Scalar::Bool(true), Some(true)),
            (Scalar::Bool(false), Some(false)),
            (Scalar::Text("TRUE"), Some(true)),
            (Scalar::Text("tRuE"), Some(true)),
            (Scalar::Text(" true"), Some(false)),
            (Scalar::Text("yes"), Some(false)),
            (Scalar::Text(""), Some(false)),
            (Scalar::Number("1"), Some(false)),
            (Scalar::Int(1), None),
            (Scalar::Null, None),
            (Scalar::Nested("{}"), None),
        ] {
            assert_eq!(scalar.to_bool(), wanted, "{scalar:?}");
        }
    }

    #[test]
    fn keeps_text_as_written() {
        assert_eq!(Scalar::Number("1.10").to_varchar().as_deref(), Some("1.10"));
        assert_eq!(Scalar::Bool(false).to_varchar().as_deref(), Some("false"));
        assert_eq!(Scalar::Nested("[1, 2]").to_varchar().as_deref(), Some("[1, 2]"));
        assert_eq!(Scalar::Null.to_varchar().as_deref(), None);
    }
}
