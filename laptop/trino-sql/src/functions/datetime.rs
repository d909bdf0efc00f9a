//! Parts of dates and times, truncation, differences, time zones.
//!
//! Arithmetic by calendar follows Joda-Time, which Trino uses: a difference counts the whole units that fit, and in a
//! zone days and longer units are those of the wall clock, hours and shorter ones those of the instant.

use chrono::Datelike;

use crate::cast::cast;
use crate::error::{Result, bail, err};
use crate::functions::read::{int, text};
use crate::registry::{Scalar, each1, function, values};
use crate::temporal::{self, DAY_SECONDS, add_months, date, last_day};
use crate::types::Type;
use crate::value::Value;
use crate::zone;

const NANOS: i64 = 1_000_000_000;
pub(crate) const DAY_MILLIS: i64 = DAY_SECONDS * 1000;

pub(crate) fn scalars() -> Vec<Scalar> {
    let mut rows = Vec::new();
    for (names, part) in parts() {
        for name in names {
            rows.push(function(
                name,
                &["(timestamp(p)) bigint", "(timestamp(p) with time zone) bigint"],
                values(move |call, args| Ok(Value::Int(part(&wall_clock(&args[0], &call.args[0]))))),
            ));
            if !["hour", "minute", "second", "millisecond"].contains(name) {
                rows.push(function(
                    name,
                    &["(date) bigint"],
                    values(move |call, args| Ok(Value::Int(part(&wall_clock(&args[0], &call.args[0]))))),
                ));
            } else {
                rows.push(function(
                    name,
                    &["(time(p)) bigint"],
                    values(move |call, args| Ok(Value::Int(part(&wall_clock(&args[0], &call.args[0]))))),
                ));
            }
        }
    }
    for (name, unit, most) in [
        ("day", DAY_MILLIS, i64::MAX),
        ("hour", 3_600_000, 24),
        ("minute", 60_000, 60),
        ("second", 1_000, 60),
        ("millisecond", 1, 1_000),
    ] {
        rows.push(function(
            name,
            &["(interval day to second) bigint"],
            each1::<i64, i64>(move |millis| Ok(millis / unit % most)),
        ));
    }
    rows.extend([
        function(
            "year",
            &["(interval year to month) bigint"],
            each1::<i32, i64>(|months| Ok(i64::from(months / 12))),
        ),
        function(
            "month",
            &["(interval year to month) bigint"],
            each1::<i32, i64>(|months| Ok(i64::from(months % 12))),
        ),
        function(
            "timezone_hour",
            &["(timestamp(p) with time zone) bigint"],
            values(|call, args| Ok(Value::Int(offset_minutes(&args[0], &call.args[0]) / 60))),
        ),
        function(
            "timezone_minute",
            &["(timestamp(p) with time zone) bigint"],
            values(|call, args| Ok(Value::Int(offset_minutes(&args[0], &call.args[0]) % 60))),
        ),
        function(
            "date",
            &[
                "(varchar(x)) date",
                "(timestamp(p)) date",
                "(timestamp(p) with time zone) date",
            ],
            values(|call, args| cast(&args[0], &call.args[0], &Type::Date)),
        ),
        function(
            "last_day_of_month",
            &[
                "(date) date",
                "(timestamp(p)) date",
                "(timestamp(p) with time zone) date",
            ],
            values(|call, args| {
                let day = wall_clock(&args[0], &call.args[0]).day();
                let from = date(day);
                let last = i64::from(last_day(from.year(), from.month()));
                Ok(Value::Int(day - i64::from(from.day()) + last))
            }),
        ),
        function(
            "date_trunc",
            &[
                "(varchar(x), date) date",
                "(varchar(x), time(p)) time(p)",
                "(varchar(x), timestamp(p)) timestamp(p)",
                "(varchar(x), timestamp(p) with time zone) timestamp(p) with time zone",
            ],
            values(|call, args| truncate(Unit::read(&args[0], &call.args[1])?, &args[1], &call.args[1])),
        ),
        function(
            "date_add",
            &[
                "(varchar(x), bigint, date) date",
                "(varchar(x), bigint, time(p)) time(p)",
                "(varchar(x), bigint, timestamp(p)) timestamp(p)",
                "(varchar(x), bigint, timestamp(p) with time zone) timestamp(p) with time zone",
            ],
            values(|call, args| {
                let unit = Unit::read(&args[0], &call.args[2])?;
                add(unit, int(&args[1]), &args[2], &call.args[2])
            }),
        ),
        function(
            "date_diff",
            &[
                "(varchar(x), date, date) bigint",
                "(varchar(x), time(p), time(p)) bigint",
                "(varchar(x), timestamp(p), timestamp(p)) bigint",
                "(varchar(x), timestamp(p) with time zone, timestamp(p) with time zone) bigint",
            ],
            values(|call, args| {
                let unit = Unit::read(&args[0], &call.args[1])?;
                Ok(Value::Int(difference(unit, &args[1], &args[2], &call.args[1])))
            }),
        ),
        function(
            "at_timezone",
            &["(timestamp(p) with time zone, varchar(x)) timestamp(p) with time zone"],
            values(|_, args| Ok(Value::Zoned(instant(&args[0]), zone::parse(text(&args[1]))?))),
        ),
        function(
            "at_timezone",
            &["(timestamp(p) with time zone, interval day to second) timestamp(p) with time zone"],
            values(|_, args| {
                let millis = int(&args[1]);
                if millis % 60_000 != 0 {
                    bail!(
                        InvalidFunctionArgument,
                        "Invalid time zone offset interval: interval contains seconds"
                    );
                }
                let zone = match millis / 60_000 {
                    0 => zone::utc(),
                    minutes => zone::from_offset(minutes)?,
                };
                Ok(Value::Zoned(instant(&args[0]), zone))
            }),
        ),
        function(
            "with_timezone",
            &["(timestamp(p), varchar(x)) timestamp(p) with time zone"],
            values(|call, args| {
                let zone = zone::parse(text(&args[1]))?;
                Ok(Value::Zoned(
                    temporal::instant(int(&args[0]), zone, digits(&call.args[0])),
                    zone,
                ))
            }),
        ),
        function(
            "current_timezone",
            &["() varchar"],
            values(|_, _| Ok(Value::Text(zone::name(zone::utc())))),
        ),
    ]);
    rows
}

/// Names of a function that reads a part of a wall clock, and the part.
type Part = (&'static [&'static str], fn(&Wall) -> i64);

fn parts() -> Vec<Part> {
    vec![
        (&["year"], |wall| i64::from(date(wall.day()).year())),
        (&["quarter"], |wall| i64::from(date(wall.day()).month0() / 3 + 1)),
        (&["month"], |wall| i64::from(date(wall.day()).month())),
        (&["week", "week_of_year"], |wall| {
            i64::from(date(wall.day()).iso_week().week())
        }),
        (&["day", "day_of_month"], |wall| i64::from(date(wall.day()).day())),
        (&["day_of_week", "dow"], |wall| {
            i64::from(date(wall.day()).weekday().number_from_monday())
        }),
        (&["day_of_year", "doy"], |wall| {
            i64::from(date(wall.day()).ordinal())
        }),
        (&["year_of_week", "yow"], |wall| {
            i64::from(date(wall.day()).iso_week().year())
        }),
        (&["hour"], |wall| wall.second_of_day() / 3600),
        (&["minute"], |wall| wall.second_of_day() / 60 % 60),
        (&["second"], |wall| wall.second_of_day() % 60),
        (&["millisecond"], |wall| wall.nanos / 1_000_000),
    ]
}

/// Time on a clock on the wall: seconds since 1970 as if it stood in UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Wall {
    pub seconds: i64,
    pub nanos: i64,
}

impl Wall {
    pub(crate) fn day(&self) -> i64 {
        self.seconds.div_euclid(DAY_SECONDS)
    }

    pub(crate) fn second_of_day(&self) -> i64 {
        self.seconds.rem_euclid(DAY_SECONDS)
    }

    fn millis(&self) -> i64 {
        self.seconds * 1000 + self.nanos / 1_000_000
    }

    fn at_day(&self, day: i64) -> Self {
        Self {
            seconds: day * DAY_SECONDS + self.second_of_day(),
            nanos: self.nanos,
        }
    }
}

pub(crate) fn digits(ty: &Type) -> u8 {
    match ty {
        Type::Time(digits) | Type::Timestamp(digits) | Type::TimestampTz(digits) => *digits,
        _ => 0,
    }
}

fn instant(value: &Value) -> i64 {
    if let Value::Zoned(instant, _) = value {
        *instant
    } else {
        0
    }
}

pub(crate) fn wall_clock(value: &Value, ty: &Type) -> Wall {
    let (seconds, nanos) = match (value, ty) {
        (Value::Int(days), Type::Date) => (days * DAY_SECONDS, 0),
        (Value::Int(nanos), Type::Time(_)) => (nanos / NANOS, nanos % NANOS),
        (Value::Int(units), _) => temporal::from_units(*units, digits(ty)),
        (Value::Zoned(instant, zone), _) => {
            temporal::from_units(temporal::wall(*instant, *zone, digits(ty)), digits(ty))
        }
        _ => (0, 0),
    };
    Wall { seconds, nanos }
}

fn offset_minutes(value: &Value, ty: &Type) -> i64 {
    let Value::Zoned(instant, zone) = value else {
        return 0;
    };
    zone::offset_seconds(*zone, temporal::from_units(*instant, digits(ty)).0) / 60
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Unit {
    Millisecond,
    Second,
    Minute,
    Hour,
    Day,
    Week,
    Month,
    Quarter,
    Year,
}

impl Unit {
    fn read(value: &Value, ty: &Type) -> Result<Self> {
        let (name, unit) = (text(value), text(value).to_lowercase());
        let unit = match unit.as_str() {
            "millisecond" => Some(Self::Millisecond),
            "second" => Some(Self::Second),
            "minute" => Some(Self::Minute),
            "hour" => Some(Self::Hour),
            "day" => Some(Self::Day),
            "week" => Some(Self::Week),
            "month" => Some(Self::Month),
            "quarter" => Some(Self::Quarter),
            "year" => Some(Self::Year),
            _ => None,
        };
        let (what, unit) = match ty {
            Type::Date => ("DATE", unit.filter(|unit| *unit >= Self::Day)),
            Type::Time(_) => ("TIME", unit.filter(|unit| *unit < Self::Day)),
            _ => ("TIMESTAMP", unit),
        };
        unit.ok_or_else(|| err!(InvalidFunctionArgument, "'{name}' is not a valid {what} field"))
    }

    /// Milliseconds of units of one length.
    fn millis(self) -> Option<i64> {
        Some(match self {
            Self::Millisecond => 1,
            Self::Second => 1_000,
            Self::Minute => 60_000,
            Self::Hour => 3_600_000,
            Self::Day => DAY_MILLIS,
            Self::Week => 7 * DAY_MILLIS,
            _ => return None,
        })
    }

    fn months(self) -> i64 {
        match self {
            Self::Quarter => 3,
            Self::Year => 12,
            _ => 1,
        }
    }
}

/// A wall clock as a value of a type; for a zone, the one that `like` has.
fn from_wall(wall: Wall, like: &Value, ty: &Type) -> Result<Value> {
    Ok(match (like, ty) {
        (_, Type::Date) => Value::Int(wall.day()),
        (_, Type::Time(_)) => Value::Int(wall.second_of_day() * NANOS + wall.nanos),
        (Value::Zoned(_, zone), _) => {
            let units = temporal::to_units(wall.seconds, wall.nanos, digits(ty))?;
            Value::Zoned(temporal::instant(units, *zone, digits(ty)), *zone)
        }
        _ => Value::Int(temporal::to_units(wall.seconds, wall.nanos, digits(ty))?),
    })
}

fn truncate(unit: Unit, value: &Value, ty: &Type) -> Result<Value> {
    let wall = wall_clock(value, ty);
    let from = date(wall.day());
    let first_of_month = wall.day() - i64::from(from.day0());
    let day = match unit {
        Unit::Day => wall.day(),
        Unit::Week => wall.day() - i64::from(from.weekday().num_days_from_monday()),
        Unit::Month => first_of_month,
        Unit::Quarter => add_months(first_of_month, -i64::from(from.month0() % 3))?,
        Unit::Year => wall.day() - i64::from(from.ordinal0()),
        _ => {
            let length = unit.millis().unwrap_or(1) * 1_000_000;
            let cut = (i128::from(wall.seconds) * i128::from(NANOS) + i128::from(wall.nanos))
                .rem_euclid(i128::from(length));
            return Ok(match value {
                // The offset stays, also in the hour that a clock shows twice.
                Value::Zoned(instant, zone) => Value::Zoned(
                    instant - cut as i64 / (NANOS / crate::types::per_second(digits(ty))),
                    *zone,
                ),
                Value::Int(units) if matches!(ty, Type::Time(_)) => Value::Int(units - cut as i64),
                value => Value::Int(int(value) - cut as i64 / (NANOS / crate::types::per_second(digits(ty)))),
            });
        }
    };
    from_wall(
        Wall {
            seconds: day * DAY_SECONDS,
            nanos: 0,
        },
        value,
        ty,
    )
}

/// A day that the calendar of this crate reaches: Trino's goes on to years of seven digits.
pub(crate) fn checked_day(day: i64) -> Result<i64> {
    if temporal::days(date(day)) == day {
        Ok(day)
    } else {
        Err(out_of_range())
    }
}

fn out_of_range() -> crate::error::Error {
    err!(NumericValueOutOfRange, "date or time out of range")
}

pub(crate) fn add(unit: Unit, count: i64, value: &Value, ty: &Type) -> Result<Value> {
    if unit < Unit::Day {
        let millis = unit
            .millis()
            .and_then(|unit| unit.checked_mul(count))
            .ok_or_else(out_of_range)?;
        return add_millis(value, ty, millis);
    }
    let wall = wall_clock(value, ty);
    let day = match unit.millis() {
        Some(millis) => count
            .checked_mul(millis / DAY_MILLIS)
            .and_then(|days| days.checked_add(wall.day())),
        None => Some(add_months(
            wall.day(),
            count.checked_mul(unit.months()).ok_or_else(out_of_range)?,
        )?),
    };
    let day = checked_day(day.ok_or_else(out_of_range)?)?;
    from_wall(wall.at_day(day), value, ty)
}

/// A time of day or a moment some milliseconds later.
pub(crate) fn add_millis(value: &Value, ty: &Type, millis: i64) -> Result<Value> {
    if matches!(ty, Type::Time(_)) {
        let nanos = millis % DAY_MILLIS * 1_000_000;
        return Ok(Value::Int((int(value) + nanos).rem_euclid(DAY_SECONDS * NANOS)));
    }
    let units = i128::from(millis) * i128::from(crate::types::per_second(digits(ty))) / 1000;
    let later = |units_before: i64| {
        let units = i64::try_from(i128::from(units_before) + units).map_err(|_| out_of_range())?;
        checked_day(temporal::from_units(units, digits(ty)).0.div_euclid(DAY_SECONDS))?;
        Ok::<_, crate::error::Error>(units)
    };
    Ok(match value {
        Value::Zoned(instant, zone) => Value::Zoned(later(*instant)?, *zone),
        value => Value::Int(later(int(value))?),
    })
}

/// Whole units from `a` to `b`.
pub(crate) fn difference(unit: Unit, a: &Value, b: &Value, ty: &Type) -> i64 {
    let (mut from, mut to) = (wall_clock(a, ty), wall_clock(b, ty));
    if let (Value::Zoned(a, zone), Value::Zoned(b, _)) = (a, b) {
        let zone = if unit < Unit::Day { zone::utc() } else { *zone };
        from = wall_clock(&Value::Zoned(*a, zone), ty);
        to = wall_clock(&Value::Zoned(*b, zone), ty);
    }
    match unit.millis() {
        Some(length) => (to.millis() - from.millis()) / length,
        None if to.millis() < from.millis() => -whole_units(unit, to, from),
        None => whole_units(unit, from, to),
    }
}

fn whole_units(unit: Unit, from: Wall, to: Wall) -> i64 {
    let (first, last) = (date(from.day()), date(to.day()));
    let of_day = |wall: Wall| wall.second_of_day() * 1000 + wall.nanos / 1_000_000;
    let years = i64::from(last.year() - first.year());
    if unit == Unit::Year {
        const FEBRUARY_29: u32 = 59;
        let (mut start, mut end) = (first.ordinal0(), last.ordinal0());
        if start >= FEBRUARY_29 {
            if first.leap_year() {
                start -= u32::from(!last.leap_year());
            } else if end >= FEBRUARY_29 && last.leap_year() {
                end -= 1;
            }
        }
        return years - i64::from((end, of_day(to)) < (start, of_day(from)));
    }
    let months = years * 12 + i64::from(last.month()) - i64::from(first.month());
    // The last day of a month counts for the days that the month does not have.
    let is_last = last.day() == last_day(last.year(), last.month());
    let start = if is_last {
        first.day().min(last.day())
    } else {
        first.day()
    };
    let months = months - i64::from((last.day(), of_day(to)) < (start, of_day(from)));
    months / unit.months()
}
