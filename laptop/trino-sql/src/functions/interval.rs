//! Operators of dates, times and intervals.

use crate::error::{Result, bail, err};
use crate::functions::datetime::{DAY_MILLIS, Wall, add_millis, checked_day, digits, wall_clock};
use crate::functions::read::int;
use crate::registry::{Call, Scalar, each1, each2, function, values};
use crate::temporal::{self, DAY_SECONDS, add_months};
use crate::types::{Type, per_second};
use crate::value::Value;

pub(crate) fn scalars() -> Vec<Scalar> {
    let mut rows = vec![
        function(
            "$negate",
            &["(interval day to second) interval day to second"],
            each1::<i64, i64>(|a| Ok(-a)),
        ),
        function(
            "$negate",
            &["(interval year to month) interval year to month"],
            each1::<i32, i32>(|a| Ok(-a)),
        ),
        function(
            "to_milliseconds",
            &["(interval day to second) bigint"],
            each1::<i64, i64>(Ok),
        ),
        function(
            "$subtract",
            &["(date, date) interval day to second"],
            values(|_, args| Ok(Value::Int((int(&args[0]) - int(&args[1])) * DAY_MILLIS))),
        ),
        function(
            "$subtract",
            &["(time(p), time(p)) interval day to second"],
            values(|_, args| Ok(Value::Int(rounded_div(int(&args[0]) - int(&args[1]), 1_000_000)))),
        ),
        function(
            "$subtract",
            &[
                "(timestamp(p), timestamp(p)) interval day to second",
                "(timestamp(p) with time zone, timestamp(p) with time zone) interval day to second",
            ],
            values(|call, args| {
                let unit = per_second(digits(&call.args[0])) / 1000;
                let side = |value: &Value| match value {
                    Value::Zoned(instant, _) => *instant,
                    other => int(other),
                };
                Ok(Value::Int(rounded_div(side(&args[0]) - side(&args[1]), unit)))
            }),
        ),
    ];
    macro_rules! intervals {
        ($($native:ty, $both:literal, $by_bigint:literal, $bigint_by:literal, $by_double:literal, $double_by:literal;)*) => {$(
            rows.extend([
                function("$add", &[$both], each2::<$native, $native, $native>(|a, b| a.checked_add(b).ok_or_else(overflow))),
                function("$subtract", &[$both], each2::<$native, $native, $native>(|a, b| a.checked_sub(b).ok_or_else(overflow))),
                function("$multiply", &[$by_bigint], each2::<$native, i64, $native>(|a, b| {
                    i64::from(a).checked_mul(b).and_then(|product| product.try_into().ok()).ok_or_else(overflow)
                })),
                function("$multiply", &[$bigint_by], each2::<i64, $native, $native>(|a, b| {
                    a.checked_mul(i64::from(b)).and_then(|product| product.try_into().ok()).ok_or_else(overflow)
                })),
                function("$multiply", &[$by_double], each2::<$native, f64, $native>(|a, b| {
                    whole(a as f64 * b).and_then(|product| product.try_into().map_err(|_| overflow()))
                })),
                function("$multiply", &[$double_by], each2::<f64, $native, $native>(|a, b| {
                    whole(a * b as f64).and_then(|product| product.try_into().map_err(|_| overflow()))
                })),
                function("$divide", &[$by_double], each2::<$native, f64, $native>(|a, b| {
                    if b == 0.0 {
                        bail!(DivisionByZero, "Division by zero");
                    }
                    whole(a as f64 / b).and_then(|quotient| quotient.try_into().map_err(|_| overflow()))
                })),
            ]);
        )*};
    }
    intervals! {
        i64,
        "(interval day to second, interval day to second) interval day to second",
        "(interval day to second, bigint) interval day to second",
        "(bigint, interval day to second) interval day to second",
        "(interval day to second, double) interval day to second",
        "(double, interval day to second) interval day to second";
        i32,
        "(interval year to month, interval year to month) interval year to month",
        "(interval year to month, bigint) interval year to month",
        "(bigint, interval year to month) interval year to month",
        "(interval year to month, double) interval year to month",
        "(double, interval year to month) interval year to month";
    }
    for (name, sign) in [("$add", 1), ("$subtract", -1)] {
        rows.push(function(
            name,
            &[
                "(date, interval day to second) date",
                "(date, interval year to month) date",
                "(time(p), interval day to second) time(max(p, 3))",
                "(timestamp(p), interval day to second) timestamp(max(p, 3))",
                "(timestamp(p), interval year to month) timestamp(p)",
                "(timestamp(p) with time zone, interval day to second) timestamp(max(p, 3)) with time zone",
                "(timestamp(p) with time zone, interval year to month) timestamp(p) with time zone",
            ],
            values(move |call, args| moved(call, (&args[0], &call.args[0]), (&args[1], &call.args[1]), sign)),
        ));
    }
    rows.push(function(
        "$add",
        &[
            "(interval day to second, date) date",
            "(interval year to month, date) date",
            "(interval day to second, time(p)) time(max(p, 3))",
            "(interval day to second, timestamp(p)) timestamp(max(p, 3))",
            "(interval year to month, timestamp(p)) timestamp(p)",
            "(interval day to second, timestamp(p) with time zone) timestamp(max(p, 3)) with time zone",
            "(interval year to month, timestamp(p) with time zone) timestamp(p) with time zone",
        ],
        values(|call, args| moved(call, (&args[1], &call.args[1]), (&args[0], &call.args[0]), 1)),
    ));
    rows
}

fn overflow() -> crate::error::Error {
    err!(NumericValueOutOfRange, "interval out of range")
}

/// A double without its fraction.
fn whole(double: f64) -> Result<i64> {
    if double.is_finite() && double.abs() < i64::MAX as f64 {
        Ok(double as i64)
    } else {
        Err(overflow())
    }
}

/// Quotient with halves rounded up.
fn rounded_div(dividend: i64, divisor: i64) -> i64 {
    (dividend + divisor / 2).div_euclid(divisor)
}

/// A date, time or timestamp some way on.
fn moved(call: &Call<'_>, from: (&Value, &Type), by: (&Value, &Type), sign: i64) -> Result<Value> {
    let ((value, ty), amount) = (from, int(by.0) * sign);
    match (by.1, ty) {
        (Type::IntervalDay, Type::Date) => {
            if amount % DAY_MILLIS != 0 {
                bail!(
                    InvalidFunctionArgument,
                    "Cannot add hour, minutes or seconds to a date"
                );
            }
            Ok(Value::Int(checked_day(int(value) + amount / DAY_MILLIS)?))
        }
        (Type::IntervalDay, _) => {
            let scale = per_second(digits(call.result)) / per_second(digits(ty));
            let value = match value {
                Value::Int(units) if !matches!(ty, Type::Time(_)) => Value::Int(units * scale),
                Value::Zoned(instant, zone) => Value::Zoned(instant * scale, *zone),
                other => other.clone(),
            };
            add_millis(&value, call.result, amount)
        }
        (_, Type::Date) => Ok(Value::Int(add_months(int(value), amount)?)),
        _ => {
            let wall = wall_clock(value, ty);
            let day = add_months(wall.day(), amount)?;
            let wall = Wall {
                seconds: day * DAY_SECONDS + wall.second_of_day(),
                nanos: wall.nanos,
            };
            let units = temporal::to_units(wall.seconds, wall.nanos, digits(ty))?;
            Ok(match value {
                Value::Zoned(_, zone) => Value::Zoned(temporal::instant(units, *zone, digits(ty)), *zone),
                _ => Value::Int(units),
            })
        }
    }
}
