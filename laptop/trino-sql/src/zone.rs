//! Time zones.
//!
//! A zone is an `i32`: minutes from UTC for a fixed offset, from [`NAMED`] on a place in the list of the tz database.

use std::str::FromStr;

use chrono::{DateTime, LocalResult, NaiveDateTime, Offset, TimeZone};
use chrono_tz::{TZ_VARIANTS, Tz};

use crate::error::{Result, bail, err};

const NAMED: i32 = 10_000;

/// Time zone of a value in a column of TIMESTAMP WITH TIME ZONE.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Zone(pub(crate) i32);

impl Zone {
    pub fn utc() -> Self {
        Self(utc())
    }

    /// A fixed offset in minutes east of UTC; `None` beyond 14 hours.
    pub fn of_offset(minutes: i32) -> Option<Self> {
        from_offset(minutes.into()).ok().map(Self)
    }
}

/// Trino reads these as UTC.
const UTC_NAMES: [&str; 8] = ["utc", "z", "ut", "uct", "gmt", "gmt0", "greenwich", "universal"];

pub(crate) fn utc() -> i32 {
    named(Tz::UTC)
}

fn named(tz: Tz) -> i32 {
    NAMED
        + TZ_VARIANTS
            .iter()
            .position(|known| *known == tz)
            .unwrap_or_default() as i32
}

/// A zone by its name or offset: `Asia/Seoul`, `+09:00`.
pub(crate) fn parse(text: &str) -> Result<i32> {
    if UTC_NAMES.contains(&text.to_ascii_lowercase().as_str()) || text.eq_ignore_ascii_case("zulu") {
        return Ok(utc());
    }
    if let Some(minutes) = parse_offset(text) {
        return Ok(minutes);
    }
    let prefixed = ["UTC", "GMT", "UT"]
        .iter()
        .find_map(|prefix| text.strip_prefix(prefix));
    if let Some(minutes) = prefixed.and_then(parse_offset) {
        return Ok(minutes);
    }
    Tz::from_str(text)
        .map(named)
        .map_err(|_| err!(InvalidFunctionArgument, "'{text}' is not a valid time zone"))
}

/// Minutes of `+09:00`, `-0330` or `+9`.
fn parse_offset(text: &str) -> Option<i32> {
    let (sign, digits) = match text.as_bytes().first()? {
        b'+' => (1, &text[1..]),
        b'-' => (-1, &text[1..]),
        _ => return None,
    };
    let (hours, minutes) = match (digits.split_once(':'), digits.len()) {
        (Some((hours, minutes)), _) if hours.len() <= 2 && minutes.len() == 2 => (hours, minutes),
        (None, 1 | 2) => (digits, "0"),
        (None, 4) => digits.split_at(2),
        _ => return None,
    };
    let (hours, minutes): (i32, i32) = (hours.parse().ok()?, minutes.parse().ok()?);
    (hours <= 14 && minutes < 60).then_some(sign * (hours * 60 + minutes))
}

pub(crate) fn from_offset(minutes: i64) -> Result<i32> {
    if !(-840..=840).contains(&minutes) {
        bail!(InvalidFunctionArgument, "Invalid offset minutes {minutes}");
    }
    Ok(minutes as i32)
}

fn tz(zone: i32) -> Option<Tz> {
    TZ_VARIANTS.get(usize::try_from(zone - NAMED).ok()?).copied()
}

/// Name as it is printed.
pub(crate) fn name(zone: i32) -> String {
    tz(zone).map_or_else(|| offset_text(zone), |tz| tz.name().to_owned())
}

/// `+09:00`
pub(crate) fn offset_text(minutes: i32) -> String {
    let sign = if minutes < 0 { '-' } else { '+' };
    format!("{sign}{:02}:{:02}", minutes.abs() / 60, minutes.abs() % 60)
}

/// Seconds from UTC at an instant, in seconds since 1970.
pub(crate) fn offset_seconds(zone: i32, instant: i64) -> i64 {
    match (tz(zone), DateTime::from_timestamp(instant, 0)) {
        (Some(tz), Some(at)) => i64::from(
            tz.offset_from_utc_datetime(&at.naive_utc())
                .fix()
                .local_minus_utc(),
        ),
        (Some(_), None) => 0,
        (None, _) => i64::from(zone) * 60,
    }
}

/// Instant of a wall clock, both in seconds since 1970. A time that the clock shows twice is the earlier one; one that
/// it leaps over is moved by the leap, as Java does.
pub(crate) fn instant_of(zone: i32, wall: i64) -> i64 {
    let (Some(tz), Some(at)) = (tz(zone), DateTime::from_timestamp(wall, 0)) else {
        return wall - offset_seconds(zone, wall);
    };
    let local: NaiveDateTime = at.naive_utc();
    match tz.from_local_datetime(&local) {
        LocalResult::Single(found) | LocalResult::Ambiguous(found, _) => found.timestamp(),
        LocalResult::None => wall - offset_seconds(zone, wall - 86_400),
    }
}

/// Name of the zone's time at an instant, in seconds since 1970: `CET`, `CEST`.
///
/// # Errors
/// If the tz database has no name for it, which Trino takes from Java.
pub(crate) fn abbreviation(zone: i32, instant: i64) -> Result<String> {
    let (Some(tz), Some(at)) = (tz(zone), DateTime::from_timestamp(instant, 0)) else {
        return Ok(offset_text(zone));
    };
    let name = tz.offset_from_utc_datetime(&at.naive_utc()).to_string();
    if name.starts_with(['+', '-']) {
        bail!(NotSupported, "the short name of {}", tz.name());
    }
    Ok(name)
}
