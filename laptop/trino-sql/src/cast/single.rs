//! Casts between types of single values.

use crate::address::parse_address;
use crate::coerce::is_same_carrier;
use crate::error::{Error, Result, bail, err};
use crate::number::{
    decimal_text, divide_rounded, double_text, fits, parse_decimal, parse_double, power_of_ten, rescale,
    round_to_int,
};
use crate::temporal::{self, DAY_SECONDS};
use crate::text::to_text;
use crate::types::Type;
use crate::value::Value;
use crate::zone;

pub(super) fn cast(value: &Value, from: &Type, to: &Type) -> Result<Value> {
    use Type::*;
    if value.is_null() {
        return Ok(Value::Null);
    }
    if is_same_carrier(from, to) {
        return Ok(value.clone());
    }
    if let Varchar(length) = to {
        let text = to_text(value, from);
        return match length {
            Some(length) if text.chars().count() > *length as usize => match from {
                Varchar(_) | Char(_) => Ok(Value::Text(text.chars().take(*length as usize).collect())),
                _ => Err(err!(
                    InvalidCastArgument,
                    "Value {text} cannot be represented as {to}"
                )),
            },
            _ => Ok(Value::Text(text)),
        };
    }
    Ok(match (value, to) {
        (Value::Text(text), _) => from_text(text, to)?,
        (Value::Boolean(b), _) => number_from_int(i64::from(*b), to)?,
        (Value::Int(int), _) => match (from, to) {
            (TinyInt | SmallInt | Integer | BigInt, Boolean) => Value::Boolean(*int != 0),
            (TinyInt | SmallInt | Integer | BigInt, _) => number_from_int(*int, to)?,
            (Date, Timestamp(digits)) => Value::Int(temporal::to_units(*int * DAY_SECONDS, 0, *digits)?),
            (Date, TimestampTz(digits)) => {
                Value::Zoned(temporal::to_units(*int * DAY_SECONDS, 0, *digits)?, zone::utc())
            }
            (Timestamp(digits), Date) => {
                Value::Int(temporal::from_units(*int, *digits).0.div_euclid(DAY_SECONDS))
            }
            (Timestamp(from), Timestamp(to)) => Value::Int(temporal::rescale(*int, *from, *to)?),
            (Timestamp(from), TimestampTz(to)) => {
                Value::Zoned(temporal::rescale(*int, *from, *to)?, zone::utc())
            }
            (Timestamp(digits), Time(to)) => {
                let (seconds, nanos) = temporal::from_units(*int, *digits);
                Value::Int(round_time(
                    seconds.rem_euclid(DAY_SECONDS) * 1_000_000_000 + nanos,
                    *to,
                ))
            }
            (Time(_), Time(to)) => Value::Int(round_time(*int, *to)),
            _ => return Err(unknown(from, to)),
        },
        (Value::Zoned(instant, tz), _) => {
            let TimestampTz(digits) = from else {
                return Err(unknown(from, to));
            };
            let wall = temporal::wall(*instant, *tz, *digits);
            match to {
                TimestampTz(to) => Value::Zoned(temporal::rescale(*instant, *digits, *to)?, *tz),
                _ => cast(&Value::Int(wall), &Timestamp(*digits), to)?,
            }
        }
        (Value::Decimal(unscaled), _) => {
            let Decimal(precision, scale) = from else {
                return Err(unknown(from, to));
            };
            from_decimal(*unscaled, *precision, *scale, to)?
        }
        (Value::Real(real), Double) => Value::Double(f64::from(*real)),
        (Value::Real(real), _) => from_double(f64::from(*real), to)?,
        (Value::Double(double), _) => from_double(*double, to)?,
        (Value::Bytes(bytes), _) => Value::Bytes(bytes.clone()),
        _ => return Err(unknown(from, to)),
    })
}

pub(super) fn unknown(from: &Type, to: &Type) -> Error {
    err!(TypeMismatch, "Cannot cast {from} to {to}")
}

fn round_time(nanos: i64, digits: u8) -> i64 {
    let step = 10_i64.pow(9 - u32::from(digits.min(9)));
    (nanos + step / 2) / step * step % (DAY_SECONDS * 1_000_000_000)
}

/// Bounds of a whole number's type, and its name in messages.
fn bounds(ty: &Type) -> Option<(i64, i64)> {
    Some(match ty {
        Type::TinyInt => (i8::MIN.into(), i8::MAX.into()),
        Type::SmallInt => (i16::MIN.into(), i16::MAX.into()),
        Type::Integer => (i32::MIN.into(), i32::MAX.into()),
        Type::BigInt => (i64::MIN, i64::MAX),
        _ => return None,
    })
}

fn number_from_int(int: i64, to: &Type) -> Result<Value> {
    Ok(match to {
        Type::Real => Value::Real(int as f32),
        Type::Double => Value::Double(int as f64),
        Type::Boolean => Value::Boolean(int != 0),
        Type::Decimal(precision, scale) => {
            let unscaled = i128::from(int).checked_mul(power_of_ten(u32::from(*scale)));
            match unscaled.filter(|unscaled| fits(*unscaled, *precision)) {
                Some(unscaled) => Value::Decimal(unscaled),
                None => bail!(
                    InvalidCastArgument,
                    "Cannot cast BIGINT '{int}' to DECIMAL({precision}, {scale})"
                ),
            }
        }
        _ => match bounds(to) {
            Some((min, max)) if (min..=max).contains(&int) => Value::Int(int),
            _ => bail!(NumericValueOutOfRange, "Out of range for {to}: {int}"),
        },
    })
}

fn from_double(double: f64, to: &Type) -> Result<Value> {
    Ok(match to {
        Type::Boolean => Value::Boolean(double != 0.0),
        Type::Real => Value::Real(double as f32),
        Type::Decimal(precision, scale) => {
            let invalid = || {
                err!(
                    InvalidCastArgument,
                    "Cannot cast DOUBLE '{}' to DECIMAL({precision}, {scale})",
                    double_text(double)
                )
            };
            // Through the shortest text that means the double, as Trino does.
            let text = if double.is_finite() {
                format!("{double}")
            } else {
                return Err(invalid());
            };
            let unscaled = decimal_from_text(&text, *scale).ok_or_else(invalid)?;
            if fits(unscaled, *precision) {
                Value::Decimal(unscaled)
            } else {
                return Err(invalid());
            }
        }
        _ => match bounds(to) {
            Some((min, max)) => Value::Int(round_to_int(double, min, max, &to.to_string())?),
            None => return Err(unknown(&Type::Double, to)),
        },
    })
}

/// Plain digits at a scale, rounded.
fn decimal_from_text(text: &str, scale: u8) -> Option<i128> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let kept = fraction.get(..fraction.len().min(usize::from(scale) + 1))?;
    let (unscaled, _, kept_scale) = parse_decimal(&format!("{whole}.{kept}"))?;
    rescale(unscaled, kept_scale, scale)
}

fn from_decimal(unscaled: i128, precision: u8, scale: u8, to: &Type) -> Result<Value> {
    let text = || decimal_text(unscaled, scale);
    Ok(match to {
        Type::Boolean => Value::Boolean(unscaled != 0),
        Type::Double => Value::Double(text().parse().unwrap_or(f64::NAN)),
        Type::Real => Value::Real(text().parse().unwrap_or(f32::NAN)),
        Type::Decimal(to_precision, to_scale) => {
            match rescale(unscaled, scale, *to_scale).filter(|value| fits(*value, *to_precision)) {
                Some(value) => Value::Decimal(value),
                None => bail!(
                    InvalidCastArgument,
                    "Cannot cast DECIMAL({precision}, {scale}) '{}' to DECIMAL({to_precision}, {to_scale})",
                    text()
                ),
            }
        }
        _ => {
            let whole = divide_rounded(unscaled, power_of_ten(u32::from(scale)));
            match (bounds(to), i64::try_from(whole)) {
                (Some((min, max)), Ok(whole)) if (min..=max).contains(&whole) => Value::Int(whole),
                _ => bail!(
                    InvalidCastArgument,
                    "Cannot cast '{}' to {}",
                    text(),
                    to.to_string().to_uppercase()
                ),
            }
        }
    })
}

fn from_text(text: &str, to: &Type) -> Result<Value> {
    let invalid = |name: &str| err!(InvalidCastArgument, "Cannot cast '{text}' to {name}");
    let not_castable = |name: &str| err!(InvalidCastArgument, "Value cannot be cast to {name}: {text}");
    Ok(match to {
        Type::Char(length) => {
            let cut: String = text.chars().take(*length as usize).collect();
            Value::Text(cut.trim_end_matches(' ').to_owned())
        }
        Type::Boolean => match text.to_ascii_lowercase().as_str() {
            "t" | "true" | "1" => Value::Boolean(true),
            "f" | "false" | "0" => Value::Boolean(false),
            _ => return Err(invalid("BOOLEAN")),
        },
        Type::TinyInt | Type::SmallInt | Type::Integer | Type::BigInt => {
            let name = match to {
                Type::Integer => "INT".to_owned(),
                other => other.to_string().to_uppercase(),
            };
            let int: i64 = text.parse().map_err(|_| invalid(&name))?;
            match bounds(to) {
                Some((min, max)) if (min..=max).contains(&int) => Value::Int(int),
                _ => return Err(invalid(&name)),
            }
        }
        Type::Double => Value::Double(parse_double(text).ok_or_else(|| invalid("DOUBLE"))?),
        Type::Real => {
            let double = parse_double(text).ok_or_else(|| invalid("REAL"))?;
            Value::Real(text.trim().parse().unwrap_or(double as f32))
        }
        Type::Decimal(precision, scale) => {
            let error = |why: &str| {
                err!(
                    InvalidCastArgument,
                    "Cannot cast VARCHAR '{text}' to DECIMAL({precision}, {scale}).{why}"
                )
            };
            let (mantissa, exponent) = match text.split_once(['e', 'E']) {
                Some((mantissa, exponent)) => (
                    mantissa,
                    exponent
                        .parse::<i32>()
                        .map_err(|_| error(" Value is not a number."))?,
                ),
                None => (text, 0),
            };
            let plain = shift_point(mantissa, exponent).ok_or_else(|| error(" Value is not a number."))?;
            match decimal_from_text(&plain, *scale).filter(|value| fits(*value, *precision)) {
                Some(unscaled) => Value::Decimal(unscaled),
                None => return Err(error(" Value too large.")),
            }
        }
        Type::Varbinary => Value::Bytes(text.as_bytes().to_vec()),
        Type::IpAddress => Value::Bytes(
            parse_address(text)
                .ok_or_else(|| err!(InvalidCastArgument, "Cannot cast value to IPADDRESS: {text}"))?,
        ),
        Type::Date => Value::Int(temporal::parse_date(text).ok_or_else(|| not_castable("date"))?),
        Type::Time(digits) => {
            let (nanos, _) = temporal::parse_time(text).ok_or_else(|| not_castable("time"))?;
            Value::Int(round_time(nanos, *digits))
        }
        Type::Timestamp(digits) => {
            let clock = temporal::parse_clock(text).ok_or_else(|| not_castable("timestamp"))?;
            Value::Int(temporal::to_units(clock.seconds, clock.nanos, *digits)?)
        }
        Type::TimestampTz(digits) => {
            let clock =
                temporal::parse_clock(text).ok_or_else(|| not_castable("timestamp with time zone"))?;
            let zone = clock.zone.unwrap_or_else(zone::utc);
            let wall = temporal::to_units(clock.seconds, clock.nanos, *digits)?;
            Value::Zoned(temporal::instant(wall, zone, *digits), zone)
        }
        _ => return Err(unknown(&Type::Varchar(None), to)),
    })
}

/// Digits with the point moved, as plain digits.
fn shift_point(mantissa: &str, exponent: i32) -> Option<String> {
    let (sign, digits) = match mantissa.as_bytes().first()? {
        b'-' => ("-", &mantissa[1..]),
        b'+' => ("", &mantissa[1..]),
        _ => ("", mantissa),
    };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let all: String = format!("{whole}{fraction}");
    if all.is_empty() || !all.bytes().all(|b| b.is_ascii_digit()) || exponent.abs() > 100 {
        return None;
    }
    let point = whole.len() as i32 + exponent;
    let text = if point <= 0 {
        format!("0.{}{all}", "0".repeat(point.unsigned_abs() as usize))
    } else if point as usize >= all.len() {
        format!("{all}{}", "0".repeat(point as usize - all.len()))
    } else {
        format!("{}.{}", &all[..point as usize], &all[point as usize..])
    };
    Some(format!("{sign}{text}"))
}
