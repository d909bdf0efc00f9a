//! Dates, times, timestamps and intervals: their literals, casts from text, and text.

use chrono::{Datelike, NaiveDate};

use crate::error::{Result, bail, err};
use crate::types::per_second;
use crate::value::Value;
use crate::{types, zone};

pub(crate) const DAY_SECONDS: i64 = 86_400;
const NANOS: i64 = 1_000_000_000;

/// Days since 1970.
pub(crate) fn days(date: NaiveDate) -> i64 {
    i64::from(date.num_days_from_ce()) - 719_163
}

pub(crate) fn date(days: i64) -> NaiveDate {
    let from_ce = i32::try_from(days + 719_163).ok();
    from_ce
        .and_then(NaiveDate::from_num_days_from_ce_opt)
        .unwrap_or(if days < 0 { NaiveDate::MIN } else { NaiveDate::MAX })
}

pub(crate) fn date_text(days: i64) -> String {
    let date = date(days);
    format!("{:04}-{:02}-{:02}", date.year(), date.month(), date.day())
}

/// `2023-3-4`, blanks around it allowed.
pub(crate) fn parse_date(text: &str) -> Option<i64> {
    let text = text.trim();
    let (negative, digits) = match text.as_bytes().first()? {
        b'-' => (true, &text[1..]),
        b'+' => (false, &text[1..]),
        _ => (false, text),
    };
    let mut parts = digits.split('-');
    let mut number = |most: usize| {
        let part = parts.next()?;
        let valid = (1..=most).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_digit());
        if valid { part.parse::<i32>().ok() } else { None }
    };
    let (year, month, day) = (number(7)?, number(2)?, number(2)?);
    if parts.next().is_some() || digits.split('-').next()?.len() < 4 {
        return None;
    }
    let year = if negative { -year } else { year };
    NaiveDate::from_ymd_opt(year, month as u32, day as u32).map(days)
}

/// A wall clock: seconds since 1970, nanoseconds, the digits written, and a zone if one is.
pub(crate) struct Clock {
    pub seconds: i64,
    pub nanos: i64,
    pub digits: u8,
    pub zone: Option<i32>,
}

/// `2023-03-14 01:02:03.456 Asia/Seoul`; the time, its seconds, their fraction and the zone may be left out.
pub(crate) fn parse_clock(text: &str) -> Option<Clock> {
    let text = text.trim();
    let date_end = text.find(' ').unwrap_or(text.len());
    let day = parse_date(&text[..date_end])?;
    let rest = text[date_end..].trim_start();
    let time_end = if rest.starts_with(|c: char| c.is_ascii_digit()) {
        rest.find(|c: char| !(c.is_ascii_digit() || c == ':' || c == '.'))
            .unwrap_or(rest.len())
    } else {
        0
    };
    let (seconds, nanos, digits) = if time_end == 0 {
        (0, 0, 0)
    } else {
        parse_time_parts(&rest[..time_end])?
    };
    let zone_text = rest[time_end..].trim();
    let zone = if zone_text.is_empty() {
        None
    } else {
        Some(zone::parse(zone_text).ok()?)
    };
    Some(Clock {
        seconds: day * DAY_SECONDS + seconds,
        nanos,
        digits,
        zone,
    })
}

/// Seconds of the day, nanoseconds and digits of `01:02:03.456`.
fn parse_time_parts(text: &str) -> Option<(i64, i64, u8)> {
    let (clock, fraction) = text.split_once('.').unwrap_or((text, ""));
    let mut parts = clock.split(':');
    let mut number = |limit: i64| {
        let part = parts.next()?;
        let valid = (1..=2).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_digit());
        part.parse::<i64>().ok().filter(|value| valid && *value < limit)
    };
    let (hour, minute) = (number(24)?, number(60)?);
    let second = number(60);
    if parts.next().is_some()
        || (second.is_none() && (clock.matches(':').count() > 1 || !fraction.is_empty()))
    {
        return None;
    }
    if fraction.len() > 12 || !fraction.bytes().all(|b| b.is_ascii_digit()) || text.ends_with('.') {
        return None;
    }
    let picos: i64 = format!("{fraction:0<12}").parse().ok()?;
    Some((
        hour * 3600 + minute * 60 + second.unwrap_or(0),
        picos / 1000,
        fraction.len() as u8,
    ))
}

/// Nanoseconds of the day, and digits.
pub(crate) fn parse_time(text: &str) -> Option<(i64, u8)> {
    parse_time_parts(text.trim()).map(|(seconds, nanos, digits)| (seconds * NANOS + nanos, digits))
}

/// Seconds and nanoseconds in the units of a timestamp's carrier, rounded to its digits.
pub(crate) fn to_units(seconds: i64, nanos: i64, digits: u8) -> Result<i64> {
    let step = 10_i64.pow(9 - u32::from(digits.min(9)));
    let nanos = (nanos + step / 2) / step * step;
    let units = per_second(digits);
    let whole = seconds
        .checked_add(nanos / NANOS)
        .and_then(|seconds| seconds.checked_mul(units));
    whole
        .and_then(|whole| whole.checked_add(nanos % NANOS / (NANOS / units)))
        .ok_or_else(|| err!(NumericValueOutOfRange, "timestamp out of range"))
}

/// Seconds and nanoseconds of a carrier's value.
pub(crate) fn from_units(value: i64, digits: u8) -> (i64, i64) {
    let units = per_second(digits);
    (value.div_euclid(units), value.rem_euclid(units) * (NANOS / units))
}

/// From one precision to another, rounded.
pub(crate) fn rescale(value: i64, from: u8, to: u8) -> Result<i64> {
    let (seconds, nanos) = from_units(value, from);
    to_units(seconds, nanos, to)
}

pub(crate) fn timestamp_text(value: i64, digits: u8) -> String {
    let (seconds, nanos) = from_units(value, digits);
    format!(
        "{} {}",
        date_text(seconds.div_euclid(DAY_SECONDS)),
        clock_text(seconds.rem_euclid(DAY_SECONDS), nanos, digits)
    )
}

pub(crate) fn time_text(nanos: i64, digits: u8) -> String {
    clock_text(nanos / NANOS, nanos % NANOS, digits)
}

fn clock_text(seconds: i64, nanos: i64, digits: u8) -> String {
    let clock = format!(
        "{:02}:{:02}:{:02}",
        seconds / 3600,
        seconds / 60 % 60,
        seconds % 60
    );
    if digits == 0 {
        clock
    } else {
        format!("{clock}.{}", &format!("{nanos:09}000")[..usize::from(digits)])
    }
}

/// The wall clock of a zoned timestamp, in units of its carrier.
pub(crate) fn wall(instant: i64, zone: i32, digits: u8) -> i64 {
    let seconds = instant.div_euclid(per_second(digits));
    instant + zone::offset_seconds(zone, seconds) * per_second(digits)
}

/// The instant at which a zone's clock shows a wall clock, in units of the carrier.
pub(crate) fn instant(wall: i64, zone: i32, digits: u8) -> i64 {
    let units = per_second(digits);
    zone::instant_of(zone, wall.div_euclid(units)) * units + wall.rem_euclid(units)
}

pub(crate) fn zoned_text(instant: i64, zone: i32, digits: u8) -> String {
    format!(
        "{} {}",
        timestamp_text(wall(instant, zone, digits), digits),
        zone::name(zone)
    )
}

/// A TIMESTAMP literal: its type follows from the digits and the zone that are written.
pub(crate) fn timestamp_literal(text: &str) -> Result<(Value, types::Type)> {
    let invalid = || err!(InvalidLiteral, "'{text}' is not a valid TIMESTAMP literal");
    let clock = parse_clock(text).ok_or_else(invalid)?;
    if clock.digits > 9 {
        bail!(NotSupported, "timestamps with more than 9 digits of a second");
    }
    let units = to_units(clock.seconds, clock.nanos, clock.digits)?;
    Ok(match clock.zone {
        None => (Value::Int(units), types::Type::Timestamp(clock.digits)),
        Some(zone) => (
            Value::Zoned(instant(units, zone, clock.digits), zone),
            types::Type::TimestampTz(clock.digits),
        ),
    })
}

/// `3 04:05:06.789`
pub(crate) fn day_interval_text(millis: i64) -> String {
    let (sign, rest) = (if millis < 0 { "-" } else { "" }, millis.unsigned_abs());
    let (days, rest) = (rest / 86_400_000, rest % 86_400_000);
    let (hours, minutes) = (rest / 3_600_000, rest / 60_000 % 60);
    format!(
        "{sign}{days} {hours:02}:{minutes:02}:{:02}.{:03}",
        rest / 1000 % 60,
        rest % 1000
    )
}

/// `1-2`
pub(crate) fn year_interval_text(months: i64) -> String {
    let sign = if months < 0 { "-" } else { "" };
    format!("{sign}{}-{}", months.abs() / 12, months.abs() % 12)
}

const INTERVAL_FIELDS: [&str; 6] = ["year", "month", "day", "hour", "minute", "second"];

/// An INTERVAL literal: months, or milliseconds.
pub(crate) fn interval_literal(
    text: &str,
    negative: bool,
    from: &str,
    to: Option<&str>,
) -> Result<(Value, types::Type)> {
    let invalid = || err!(InvalidLiteral, "'{text}' is not a valid interval literal");
    let place = |field: &str| {
        INTERVAL_FIELDS
            .iter()
            .position(|known| *known == field)
            .unwrap_or_default()
    };
    let (first, last) = (place(from), place(to.unwrap_or(from)));
    if last < first || (first < 2) != (last < 2) {
        return Err(invalid());
    }
    let (inner_negative, digits) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let mut rest = digits;
    let mut total = 0_i64;
    for field in first..=last {
        let end = if field == last {
            rest.len()
        } else {
            rest.find([' ', ':', '-']).ok_or_else(invalid)?
        };
        let (part, after) = rest.split_at(end);
        rest = after.get(1..).unwrap_or("");
        let (whole, fraction) = if field == 5 {
            part.split_once('.').unwrap_or((part, ""))
        } else {
            (part, "")
        };
        let count: i64 = whole.parse().map_err(|_| invalid())?;
        let millis: i64 = if fraction.is_empty() {
            0
        } else {
            format!("{fraction:0<3}")
                .get(..3)
                .and_then(|f| f.parse().ok())
                .ok_or_else(invalid)?
        };
        let unit = [12, 1, 86_400_000, 3_600_000, 60_000, 1_000][field];
        let amount = count
            .checked_mul(unit)
            .and_then(|amount| amount.checked_add(millis));
        total = amount
            .and_then(|amount| total.checked_add(amount))
            .ok_or_else(invalid)?;
    }
    let value = if negative != inner_negative { -total } else { total };
    Ok((
        Value::Int(value),
        if first < 2 {
            types::Type::IntervalYear
        } else {
            types::Type::IntervalDay
        },
    ))
}

/// A date some months on; a day that the month does not have becomes its last.
pub(crate) fn add_months(day: i64, months: i64) -> Result<i64> {
    let from = date(day);
    let month = i64::from(from.year()) * 12 + i64::from(from.month0()) + months;
    let (year, month) = (month.div_euclid(12) as i32, month.rem_euclid(12) as u32 + 1);
    let last = last_day(year, month);
    let found = NaiveDate::from_ymd_opt(year, month, from.day().min(last));
    found
        .map(days)
        .ok_or_else(|| err!(NumericValueOutOfRange, "date out of range"))
}

pub(crate) fn last_day(year: i32, month: u32) -> u32 {
    (28..=31)
        .rev()
        .find(|day| NaiveDate::from_ymd_opt(year, month, *day).is_some())
        .unwrap_or(28)
}
