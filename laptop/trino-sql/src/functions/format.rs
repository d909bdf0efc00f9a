//! `format`, with the specifiers of `java.util.Formatter`, and numbers, durations and sizes for people.

use crate::error::{Error, Result, bail, err};
use crate::functions::date_pattern::Pattern;
use crate::functions::datetime::{DAY_MILLIS, wall_clock};
use crate::functions::read::double;
use crate::number::{decimal_text, divide_rounded, java_double_text, power_of_ten, rescale};
use crate::registry::{Scalar, each1, function, values, values_or_null};
use crate::types::Type;
use crate::value::Value;

pub(crate) fn scalars() -> Vec<Scalar> {
    vec![
        function(
            "format",
            FORMAT,
            values_or_null(|call, args| {
                let Value::Text(pattern) = &args[0] else {
                    return Ok(Value::Null);
                };
                let args: Vec<_> = args[1..].iter().zip(&call.args[1..]).collect();
                Ok(Value::Text(format(pattern, &args)?))
            }),
        ),
        function(
            "format_number",
            &["(bigint) varchar"],
            each1::<i64, String>(|value| short_number(value as f64)),
        ),
        function(
            "format_number",
            &["(double) varchar"],
            each1::<f64, String>(|value| {
                if !value.is_finite() {
                    bail!(NotSupported, "format_number of {value}");
                }
                short_number(value)
            }),
        ),
        function(
            "parse_data_size",
            &["(varchar(x)) decimal(38, 0)"],
            values(|_, args| Ok(Value::Decimal(data_size(super::read::text(&args[0]))?))),
        ),
        function(
            "parse_duration",
            &["(varchar(x)) interval day to second"],
            each1::<str, i64>(duration),
        ),
        function(
            "human_readable_seconds",
            &["(double) varchar"],
            values(|_, args| {
                let seconds = double(&args[0]);
                if !seconds.is_finite() {
                    bail!(InvalidFunctionArgument, "Invalid argument found: {seconds}");
                }
                let mut rest = (seconds + 0.5).floor().abs() as u64;
                let mut parts = Vec::new();
                for (unit, length) in [
                    ("week", 604_800),
                    ("day", 86_400),
                    ("hour", 3_600),
                    ("minute", 60),
                    ("second", 1),
                ] {
                    let count = rest / length;
                    rest %= length;
                    if count > 0 || length == 1 && parts.is_empty() {
                        parts.push(format!("{count} {unit}{}", if count == 1 { "" } else { "s" }));
                    }
                }
                Ok(Value::Text(parts.join(", ")))
            }),
        ),
    ]
}

/// Each argument has a type of its own.
const FORMAT: &[&str] = &[
    "(varchar, A) varchar",
    "(varchar, A, B) varchar",
    "(varchar, A, B, C) varchar",
    "(varchar, A, B, C, D) varchar",
    "(varchar, A, B, C, D, E) varchar",
    "(varchar, A, B, C, D, E, F) varchar",
    "(varchar, A, B, C, D, E, F, G) varchar",
    "(varchar, A, B, C, D, E, F, G, H) varchar",
    "(varchar, A, B, C, D, E, F, G, H, I) varchar",
    "(varchar, A, B, C, D, E, F, G, H, I, J) varchar",
    "(varchar, A, B, C, D, E, F, G, H, I, J, K) varchar",
    "(varchar, A, B, C, D, E, F, G, H, I, J, K, L) varchar",
];

fn short_number(value: f64) -> Result<String> {
    let magnitude = value.abs();
    let units = ["", "K", "M", "B", "T", "Q"];
    let place = (1..units.len())
        .rev()
        .find(|place| magnitude >= 1000_f64.powi(*place as i32));
    let Some(place) = place else {
        return Ok(significant(value));
    };
    let scaled = value / 1000_f64.powi(place as i32);
    if scaled.abs() >= 1000.0 {
        bail!(NotSupported, "format_number of {value}");
    }
    Ok(significant(scaled) + units[place])
}

/// Three digits, halves to the even neighbour as `DecimalFormat` rounds them.
fn significant(value: f64) -> String {
    let digits = match value.abs() {
        magnitude if magnitude >= 100.0 => 0,
        magnitude if magnitude >= 10.0 => 1,
        _ => 2,
    };
    let text = format!("{value:.digits$}");
    if text.contains('.') {
        text.trim_end_matches('0').trim_end_matches('.').to_owned()
    } else {
        text
    }
}

fn number_and_unit(text: &str) -> Option<(&str, &str)> {
    let end = text.find(|c: char| !(c.is_ascii_digit() || c == '.'))?;
    let (number, unit) = text.split_at(end);
    (!number.is_empty()).then_some((number, unit))
}

fn data_size(text: &str) -> Result<i128> {
    let invalid = || err!(InvalidFunctionArgument, "Invalid data size: '{text}'");
    let (number, unit) = number_and_unit(text).ok_or_else(invalid)?;
    let power = ["B", "kB", "MB", "GB", "TB", "PB", "EB", "ZB", "YB"]
        .iter()
        .position(|known| *known == unit);
    let factor = 1_i128 << (10 * power.ok_or_else(invalid)?);
    let (unscaled, _, scale) = crate::number::parse_decimal(number).ok_or_else(invalid)?;
    let product = unscaled.checked_mul(factor);
    let bytes = product.map(|product| product / power_of_ten(u32::from(scale)));
    bytes
        .filter(|bytes| crate::number::fits(*bytes, 38))
        .ok_or_else(|| err!(NumericValueOutOfRange, "Value out of range: '{text}'"))
}

/// Milliseconds of `42.8ms`, `3.81 d`.
fn duration(text: &str) -> Result<i64> {
    let trimmed = text.trim();
    let Some((number, unit)) = number_and_unit(trimmed) else {
        bail!(
            InvalidFunctionArgument,
            "duration is not a valid data duration string: {text}"
        );
    };
    let number: f64 = number.parse().map_err(|_| {
        err!(
            InvalidFunctionArgument,
            "duration is not a valid data duration string: {text}"
        )
    })?;
    let millis = match unit.trim() {
        "ns" => 1e-6,
        "us" => 1e-3,
        "ms" => 1.0,
        "s" => 1e3,
        "m" => 6e4,
        "h" => 3.6e6,
        "d" => DAY_MILLIS as f64,
        other => bail!(InvalidFunctionArgument, "Unknown time unit: {other}"),
    };
    Ok((number * millis + 0.5).floor() as i64)
}

/// A specifier: `%2$-10.3f`.
struct Specifier<'a> {
    text: &'a str,
    index: Option<&'a str>,
    flags: &'a str,
    width: Option<usize>,
    precision: Option<usize>,
    conversion: char,
    /// Letter after `t`.
    part: Option<char>,
}

fn format(pattern: &str, args: &[(&Value, &Type)]) -> Result<String> {
    let invalid = |why: String| {
        err!(
            InvalidFunctionArgument,
            "Invalid format string: {pattern} ({why})"
        )
    };
    let (mut result, mut rest) = (String::new(), pattern);
    let (mut ordinary, mut last) = (0, None);
    while let Some(at) = rest.find('%') {
        result.push_str(&rest[..at]);
        let (specifier, after) = Specifier::read(&rest[at..])
            .ok_or_else(|| invalid(format!("UnknownFormatConversion: Conversion = '{}'", &rest[at..])))?;
        rest = after;
        match specifier.conversion {
            'n' => result.push('\n'),
            '%' => result.push_str(&specifier.padded("%".to_owned(), &invalid)?),
            _ => {
                let place = match specifier.index {
                    Some("<") => last,
                    Some(index) => index.parse::<usize>().ok().and_then(|index| index.checked_sub(1)),
                    None => {
                        ordinary += 1;
                        Some(ordinary - 1)
                    }
                };
                last = place;
                let arg = place.and_then(|place| args.get(place));
                let Some((value, ty)) = arg else {
                    return Err(invalid(format!(
                        "MissingFormatArgument: Format specifier '{}'",
                        specifier.text
                    )));
                };
                result.push_str(&specifier.apply(value, ty, &invalid)?);
            }
        }
    }
    result.push_str(rest);
    Ok(result)
}

impl<'a> Specifier<'a> {
    /// The specifier at the beginning of a text, and what follows it.
    fn read(text: &'a str) -> Option<(Self, &'a str)> {
        let mut rest = &text[1..];
        let mut take = |test: &dyn Fn(char) -> bool| {
            let end = rest.find(|c: char| !test(c)).unwrap_or(rest.len());
            let (taken, after) = rest.split_at(end);
            rest = after;
            taken
        };
        let is_digit = |c: char| c.is_ascii_digit();
        let is_flag = |c: char| "-#+ 0,(<".contains(c);
        let flags_or_index = take(&is_digit);
        let (index, flags, width);
        if flags_or_index.is_empty() || flags_or_index.starts_with('0') || !rest.starts_with('$') {
            // No index: what was read are flags and the width.
            rest = &text[1..];
            let end = rest.find(|c: char| !is_flag(c)).unwrap_or(rest.len());
            let (all, after) = rest.split_at(end);
            rest = after;
            (index, flags) = (all.contains('<').then_some("<"), all);
        } else {
            rest = &rest[1..];
            let end = rest.find(|c: char| !is_flag(c)).unwrap_or(rest.len());
            let (all, after) = rest.split_at(end);
            rest = after;
            (index, flags) = (Some(flags_or_index), all);
        }
        let end = rest.find(|c: char| !is_digit(c)).unwrap_or(rest.len());
        (width, rest) = (rest[..end].parse().ok(), &rest[end..]);
        let mut precision = None;
        if let Some(after) = rest.strip_prefix('.') {
            let end = after.find(|c: char| !is_digit(c)).unwrap_or(after.len());
            precision = Some(after[..end].parse().ok()?);
            rest = &after[end..];
        }
        let conversion = rest.chars().next()?;
        rest = &rest[conversion.len_utf8()..];
        let part = if matches!(conversion, 't' | 'T') {
            let part = rest.chars().next()?;
            rest = &rest[part.len_utf8()..];
            Some(part)
        } else {
            None
        };
        let text = &text[..text.len() - rest.len()];
        Some((
            Self {
                text,
                index,
                flags,
                width,
                precision,
                conversion,
                part,
            },
            rest,
        ))
    }

    fn has(&self, flag: char) -> bool {
        self.flags.contains(flag)
    }

    fn padded(&self, text: String, invalid: &dyn Fn(String) -> Error) -> Result<String> {
        let missing = self.width.unwrap_or(0).saturating_sub(text.chars().count());
        let blanks = " ".repeat(missing);
        if self.has('-') {
            if self.width.is_none() {
                return Err(invalid(format!("MissingFormatWidth: {}", self.text)));
            }
            return Ok(text + &blanks);
        }
        Ok(blanks + &text)
    }

    fn apply(&self, value: &Value, ty: &Type, invalid: &dyn Fn(String) -> Error) -> Result<String> {
        let lower = self.conversion.to_ascii_lowercase();
        let illegal = || invalid(format!("IllegalFormatConversion: {} with {ty}", self.conversion));
        let is_allowed = |flags: &str| self.flags.chars().all(|flag| flags.contains(flag) || flag == '<');
        let text = match lower {
            's' | 'b' if !is_allowed("-") => bail!(NotSupported, "flags {} of {}", self.flags, self.text),
            's' => {
                let text = java_text(value, ty)?;
                self.padded(self.cut(text), invalid)?
            }
            'b' => {
                let text = match value {
                    Value::Null => "false".to_owned(),
                    Value::Boolean(boolean) => boolean.to_string(),
                    _ => "true".to_owned(),
                };
                self.padded(self.cut(text), invalid)?
            }
            _ if value.is_null() => {
                if !is_allowed("-") && !"doxefg".contains(lower) {
                    bail!(NotSupported, "{} of NULL", self.text);
                }
                self.padded(self.cut("null".to_owned()), invalid)?
            }
            'd' => {
                let Value::Int(int) = value else {
                    return Err(illegal());
                };
                if !is_integer(ty) {
                    return Err(illegal());
                }
                self.number(*int < 0, &int.unsigned_abs().to_string(), "", invalid)?
            }
            'x' | 'o' => {
                let Value::Int(int) = value else {
                    return Err(illegal());
                };
                if !is_integer(ty) {
                    return Err(illegal());
                }
                // Trino hands over all integers as 64 bits.
                let digits = if lower == 'x' {
                    format!("{int:x}")
                } else {
                    format!("{int:o}")
                };
                if !is_allowed("-#0") {
                    bail!(NotSupported, "flags {} of {}", self.flags, self.text);
                }
                let prefix = match (self.has('#'), lower) {
                    (true, 'x') => "0x",
                    (true, _) => "0",
                    _ => "",
                };
                let zeros = if self.has('0') {
                    self.width
                        .unwrap_or(0)
                        .saturating_sub(digits.len() + prefix.len())
                } else {
                    0
                };
                self.padded(format!("{prefix}{}{digits}", "0".repeat(zeros)), invalid)?
            }
            'f' | 'e' => {
                let precision = self.precision.unwrap_or(6);
                match (value, ty) {
                    (Value::Decimal(unscaled), Type::Decimal(_, scale))
                        if lower == 'f' && precision <= 38 =>
                    {
                        let digits = rescale(*unscaled, *scale, precision as u8).ok_or_else(illegal)?;
                        let text = decimal_text(digits, precision as u8);
                        self.number(*unscaled < 0, text.trim_start_matches('-'), "", invalid)?
                    }
                    (Value::Double(_) | Value::Real(_), _) => {
                        let double = match value {
                            Value::Double(double) => *double,
                            // Java's text of a real, read as a double.
                            Value::Real(real) => f64::from(*real),
                            _ => f64::NAN,
                        };
                        if !double.is_finite() {
                            let text = match (double.is_nan(), double > 0.0) {
                                (true, _) => "NaN".to_owned(),
                                (_, true) => format!("{}Infinity", if self.has('+') { "+" } else { "" }),
                                _ => "-Infinity".to_owned(),
                            };
                            return self.padded(text, invalid);
                        }
                        let (digits, exponent) = if lower == 'f' {
                            (fixed(double.abs(), precision)?, String::new())
                        } else {
                            scientific(double.abs(), precision)?
                        };
                        self.number(double.is_sign_negative(), &digits, &exponent, invalid)?
                    }
                    (Value::Decimal(_), _) => bail!(NotSupported, "{} of a decimal", self.text),
                    _ => return Err(illegal()),
                }
            }
            't' => {
                if self.precision.is_some() || !is_allowed("-") {
                    return Err(invalid(format!("IllegalFormatFlags: {}", self.text)));
                }
                self.padded(date_part(self.part, value, ty)?.ok_or_else(illegal)?, invalid)?
            }
            'c' | 'h' | 'g' | 'a' => bail!(NotSupported, "{} in format", self.text),
            _ => {
                return Err(invalid(format!(
                    "UnknownFormatConversion: Conversion = '{}'",
                    self.conversion
                )));
            }
        };
        Ok(match self.conversion {
            conversion if conversion.is_ascii_lowercase() => text,
            'S' | 'B' | 'X' | 'E' | 'T' => text.to_uppercase(),
            conversion => {
                return Err(invalid(format!(
                    "UnknownFormatConversion: Conversion = '{conversion}'"
                )));
            }
        })
    }

    fn cut(&self, text: String) -> String {
        match self.precision {
            Some(precision) => text.chars().take(precision).collect(),
            None => text,
        }
    }

    /// Digits with their sign, in groups, with zeros in front, as the flags ask.
    fn number(
        &self,
        negative: bool,
        digits: &str,
        exponent: &str,
        invalid: &dyn Fn(String) -> Error,
    ) -> Result<String> {
        if self.has('#') || self.has('+') && self.has(' ') || self.has('-') && self.has('0') {
            return Err(invalid(format!("IllegalFormatFlags: Flags = '{}'", self.flags)));
        }
        if self.precision.is_some() && self.conversion == 'd' {
            return Err(invalid("IllegalFormatPrecision".to_owned()));
        }
        let (whole, fraction) = digits
            .split_once('.')
            .map_or((digits, None), |(whole, f)| (whole, Some(f)));
        let mut text = String::new();
        for (i, digit) in whole.chars().enumerate() {
            if self.has(',') && i > 0 && (whole.len() - i) % 3 == 0 {
                text.push(',');
            }
            text.push(digit);
        }
        if let Some(fraction) = fraction {
            text = format!("{text}.{fraction}");
        }
        text.push_str(exponent);
        let (before, after) = match () {
            () if negative && self.has('(') => ("(", ")"),
            () if negative => ("-", ""),
            () if self.has('+') => ("+", ""),
            () if self.has(' ') => (" ", ""),
            () => ("", ""),
        };
        if self.has('0') {
            let Some(width) = self.width else {
                return Err(invalid(format!("MissingFormatWidth: {}", self.text)));
            };
            let zeros = width.saturating_sub(before.len() + text.len() + after.len());
            return Ok(format!("{before}{}{text}{after}", "0".repeat(zeros)));
        }
        self.padded(format!("{before}{text}{after}"), invalid)
    }
}

/// A part of a date or time by Java's letter for it, in words of Joda-Time's patterns; None if the type has no such part.
fn date_part(letter: Option<char>, value: &Value, ty: &Type) -> Result<Option<String>> {
    let (pattern, is_date) = match letter {
        Some('Y') => ("yyyy", true),
        Some('y') => ("yy", true),
        Some('m') => ("MM", true),
        Some('d') => ("dd", true),
        Some('e') => ("d", true),
        Some('B') => ("MMMM", true),
        Some('b' | 'h') => ("MMM", true),
        Some('A') => ("EEEE", true),
        Some('a') => ("EEE", true),
        Some('j') => ("DDD", true),
        Some('F') => ("yyyy-MM-dd", true),
        Some('D') => ("MM/dd/yy", true),
        Some('H') => ("HH", false),
        Some('k') => ("H", false),
        Some('I') => ("hh", false),
        Some('l') => ("h", false),
        Some('M') => ("mm", false),
        Some('S') => ("ss", false),
        Some('L') => ("SSS", false),
        Some('p') => ("a", false),
        Some('T') => ("HH:mm:ss", false),
        Some('R') => ("HH:mm", false),
        Some('r') => ("hh:mm:ss a", false),
        other => bail!(NotSupported, "%t{} in format", other.unwrap_or(' ')),
    };
    let has_part = match ty {
        Type::Date => is_date,
        Type::Time(_) => !is_date,
        Type::Timestamp(_) | Type::TimestampTz(_) => true,
        _ => false,
    };
    if !has_part {
        return Ok(None);
    }
    let text = Pattern::joda(pattern)?.print(wall_clock(value, ty), crate::zone::utc(), 0)?;
    Ok(Some(if letter == Some('p') {
        text.to_lowercase()
    } else {
        text
    }))
}

fn is_integer(ty: &Type) -> bool {
    matches!(ty, Type::TinyInt | Type::SmallInt | Type::Integer | Type::BigInt)
}

/// Digits and exponent of the shortest text that means a double.
fn shortest(value: f64) -> Result<(i128, i32)> {
    let text = format!("{value:e}");
    let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits = format!("{whole}{fraction}").parse();
    let exponent: i32 = exponent.parse().unwrap_or_default();
    let digits = digits.map_err(|_| err!(Internal, "digits of {value}"))?;
    Ok((digits, exponent - fraction.len() as i32))
}

/// Java rounds the shortest text, halves up.
pub(crate) fn fixed(value: f64, precision: usize) -> Result<String> {
    let (digits, exponent) = shortest(value)?;
    let dropped = -exponent - precision as i32;
    let (digits, exponent) = match dropped {
        ..=0 => (digits, exponent),
        1..=38 => (
            divide_rounded(digits, power_of_ten(dropped as u32)),
            -(precision as i32),
        ),
        _ => (0, -(precision as i32)),
    };
    let mut text = digits.to_string();
    if exponent >= 0 {
        text.push_str(&"0".repeat(exponent as usize));
        return Ok(if precision == 0 {
            text
        } else {
            format!("{text}.{}", "0".repeat(precision))
        });
    }
    let scale = exponent.unsigned_abs() as usize;
    text = format!("{text:0>width$}", width = scale + 1);
    let (whole, fraction) = text.split_at(text.len() - scale);
    Ok(if precision == 0 {
        whole.to_owned()
    } else {
        format!("{whole}.{fraction:0<precision$}")
    })
}

fn scientific(value: f64, precision: usize) -> Result<(String, String)> {
    let (digits, exponent) = shortest(value)?;
    let length = digits.to_string().len();
    let mut exponent = exponent + length as i32 - 1;
    let dropped = length as i32 - 1 - precision as i32;
    let mut text = if dropped > 0 {
        divide_rounded(digits, power_of_ten(dropped as u32)).to_string()
    } else {
        digits.to_string()
    };
    if dropped > 0 && text.len() > precision + 1 {
        exponent += 1;
        text.pop();
    }
    let text = format!("{text:0<width$}", width = precision + 1);
    let mantissa = if precision == 0 {
        text
    } else {
        format!("{}.{}", &text[..1], &text[1..])
    };
    let sign = if exponent < 0 { '-' } else { '+' };
    Ok((mantissa, format!("e{sign}{:02}", exponent.abs())))
}

/// A value as Java's `toString` has it.
fn java_text(value: &Value, ty: &Type) -> Result<String> {
    Ok(match (value, ty) {
        (Value::Null, _) => "null".to_owned(),
        (Value::Double(double), _) => java_double_text(*double),
        (Value::Real(real), _) => {
            let magnitude = real.abs();
            if !real.is_finite() || magnitude != 0.0 && !(1e-3..1e7).contains(&magnitude) {
                crate::number::real_text(*real)
            } else {
                let text = format!("{real}");
                if text.contains('.') { text } else { text + ".0" }
            }
        }
        (Value::Decimal(unscaled), Type::Decimal(_, scale))
            if *scale > 6 && unscaled.unsigned_abs() < 10_u128.pow(u32::from(*scale) - 6) =>
        {
            bail!(
                NotSupported,
                "%s of a decimal so small that Java writes its exponent"
            )
        }
        (Value::Int(units), Type::Timestamp(digits)) => {
            // Groups of three digits of the fraction, and no seconds if there are none.
            let text = crate::temporal::timestamp_text(*units, (*digits).max(3)).replace(' ', "T");
            let (clock, fraction) = text.split_once('.').unwrap_or((&text, ""));
            let fraction = java_fraction(fraction);
            match clock.strip_suffix(":00") {
                Some(short) if fraction.is_empty() => short.to_owned(),
                _ => format!("{clock}{fraction}"),
            }
        }
        (Value::Int(nanos), Type::Time(_)) => {
            let text = crate::temporal::time_text(*nanos, 9);
            let (clock, fraction) = text.split_once('.').unwrap_or((&text, ""));
            let fraction = java_fraction(fraction);
            match clock.strip_suffix(":00") {
                Some(short) if fraction.is_empty() => short.to_owned(),
                _ => format!("{clock}{fraction}"),
            }
        }
        (Value::Int(_), Type::IntervalDay | Type::IntervalYear)
        | (Value::Zoned(..) | Value::Array(_) | Value::Map(_) | Value::Row(_) | Value::Bytes(_), _) => {
            if matches!(ty, Type::IpAddress) {
                return Ok(value.text(ty).unwrap_or_default());
            }
            bail!(NotSupported, "%s of {ty}")
        }
        _ => value.text(ty).unwrap_or_default(),
    })
}

fn java_fraction(digits: &str) -> String {
    let kept = digits.trim_end_matches('0').len().div_ceil(3) * 3;
    if kept == 0 {
        return String::new();
    }
    format!(".{digits:0<9}")[..=kept].to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(pattern: &str, value: Value, ty: Type) -> String {
        format(pattern, &[(&value, &ty)]).unwrap()
    }

    #[test]
    fn rounds_the_digits_that_a_double_shows() {
        assert_eq!(one("%.2f", Value::Double(1.005), Type::Double), "1.01");
        assert_eq!(one("%.0f", Value::Double(2.5), Type::Double), "3");
        assert_eq!(one("%.1e", Value::Double(99.96), Type::Double), "1.0e+02");
        assert_eq!(
            one("%,.1f", Value::Double(1234567.25), Type::Double),
            "1,234,567.3"
        );
        assert_eq!(one("%f", Value::Double(1e-10), Type::Double), "0.000000");
    }

    #[test]
    fn pads_and_signs_integers() {
        assert_eq!(one("%+,8d|", Value::Int(12345), Type::BigInt), " +12,345|");
        assert_eq!(one("%(08d", Value::Int(-5), Type::BigInt), "(000005)");
        assert_eq!(one("%1$d-%1$x", Value::Int(255), Type::BigInt), "255-ff");
        assert_eq!(
            one("%1$tA, %1$tB %1$te, %1$tY", Value::Int(13_333), Type::Date),
            "Tuesday, July 4, 2006"
        );
        assert!(format("%tH", &[(&Value::Int(0), &Type::Date)]).is_err());
        assert!(format("%d", &[(&Value::Double(1.0), &Type::Double)]).is_err());
    }
}
