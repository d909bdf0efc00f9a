//! Dates and times as text, and text as dates and times.

use std::rc::Rc;

use crate::error::{Result, bail, err};
use crate::functions::compiled::{Compiled, compiled};
use crate::functions::date_pattern::{Field, Pattern, number, offset, wall_of};
use crate::functions::datetime::{Wall, digits, wall_clock};
use crate::functions::read::{int, text};
use crate::registry::{Call, Scalar, function, values};
use crate::temporal;
use crate::types::{Type, per_second};
use crate::value::Value;
use crate::zone;

pub(crate) fn scalars() -> Vec<Scalar> {
    vec![
        function(
            "date_format",
            &[
                "(timestamp(p), varchar(x)) varchar",
                "(timestamp(p) with time zone, varchar(x)) varchar",
            ],
            values(|call, args| {
                let pattern = mysql(text(&args[1]))?;
                print(&pattern, call, &args[0])
            }),
        ),
        function(
            "format_datetime",
            &[
                "(timestamp(p), varchar(x)) varchar",
                "(timestamp(p) with time zone, varchar(x)) varchar",
            ],
            values(|call, args| {
                let pattern = joda(text(&args[1]))?;
                if pattern.has_zone() && matches!(call.args[0], Type::Timestamp(_)) {
                    bail!(
                        InvalidFunctionArgument,
                        "format_datetime for TIMESTAMP type, cannot use 'Z' nor 'z' in format, as this type does not contain TZ information"
                    );
                }
                print(&pattern, call, &args[0])
            }),
        ),
        function(
            "date_parse",
            &["(varchar(x), varchar(y)) timestamp(3)"],
            values(|_, args| {
                let (wall, _) = mysql(text(&args[1]))?.parse(text(&args[0]))?;
                Ok(Value::Int(temporal::to_units(wall.seconds, wall.nanos, 3)?))
            }),
        ),
        function(
            "parse_datetime",
            &["(varchar(x), varchar(y)) timestamp(3) with time zone"],
            values(|_, args| {
                let (wall, zone) = joda(text(&args[1]))?.parse(text(&args[0]))?;
                zoned(wall, zone)
            }),
        ),
        function(
            "to_iso8601",
            &["(date) varchar(16)"],
            values(|_, args| Ok(Value::Text(temporal::date_text(int(&args[0]))))),
        ),
        function(
            "to_iso8601",
            &[
                "(timestamp(p)) varchar(p + 23)",
                "(timestamp(p) with time zone) varchar(p + 29)",
            ],
            values(|call, args| {
                let digits = digits(&call.args[0]);
                let clock = |units| temporal::timestamp_text(units, digits).replace(' ', "T");
                Ok(Value::Text(match &args[0] {
                    Value::Zoned(instant, zone) => {
                        let seconds = zone::offset_seconds(*zone, instant.div_euclid(per_second(digits)));
                        let offset = match seconds {
                            0 => "Z".to_owned(),
                            seconds if seconds % 60 != 0 => {
                                bail!(NotSupported, "offsets of time zones with seconds")
                            }
                            seconds => zone::offset_text((seconds / 60) as i32),
                        };
                        clock(temporal::wall(*instant, *zone, digits)) + &offset
                    }
                    value => clock(int(value)),
                }))
            }),
        ),
        function(
            "from_iso8601_timestamp",
            &["(varchar(x)) timestamp(3) with time zone"],
            values(|_, args| {
                let (wall, zone) = iso(text(&args[0]), true)?;
                zoned(wall, zone)
            }),
        ),
        function(
            "from_iso8601_date",
            &["(varchar(x)) date"],
            values(|_, args| Ok(Value::Int(iso(text(&args[0]), false)?.0.day()))),
        ),
    ]
}

/// A pattern of MySQL's letters, compiled once for all rows.
fn mysql(pattern: &str) -> Result<Rc<Pattern>> {
    thread_local! {
        static PATTERNS: Compiled<Pattern> = Compiled::default();
    }
    compiled(&PATTERNS, pattern, Pattern::mysql)
}

/// A pattern of Joda-Time's letters, compiled once for all rows.
fn joda(pattern: &str) -> Result<Rc<Pattern>> {
    thread_local! {
        static PATTERNS: Compiled<Pattern> = Compiled::default();
    }
    compiled(&PATTERNS, pattern, Pattern::joda)
}

fn print(pattern: &Pattern, call: &Call<'_>, value: &Value) -> Result<Value> {
    // Patterns know milliseconds: more digits are rounded.
    let ty = &call.args[0];
    let rounded = |units| temporal::rescale(units, digits(ty), 3);
    let (value, zone) = match value {
        Value::Zoned(instant, zone) => (Value::Zoned(rounded(*instant)?, *zone), *zone),
        value => (Value::Int(rounded(int(value))?), zone::utc()),
    };
    let (ty, instant) = match &value {
        Value::Zoned(instant, _) => (Type::TimestampTz(3), *instant),
        value => (Type::Timestamp(3), int(value)),
    };
    let text = pattern.print(wall_clock(&value, &ty), zone, instant.div_euclid(1000))?;
    Ok(Value::Text(text))
}

fn zoned(wall: Wall, zone: Option<i32>) -> Result<Value> {
    let zone = zone.unwrap_or_else(zone::utc);
    let units = temporal::to_units(wall.seconds, wall.nanos, 3)?;
    Ok(Value::Zoned(temporal::instant(units, zone, 3), zone))
}

/// A date, and a time after it if there may be one, as ISO 8601 spells them: `2023-03-14T01:02:03.5+09:00`,
/// `2023-W11-2`, `2023-073`, each as short as wanted.
fn iso(text: &str, with_time: bool) -> Result<(Wall, Option<i32>)> {
    let mut fields = Vec::new();
    let mut zone = None;
    let rest = iso_parts(text, with_time, &mut fields, &mut zone);
    match (rest, wall_of(fields)) {
        ("", Some(wall)) => Ok((wall, zone)),
        (rest, _) if rest.is_empty() || rest == text => {
            Err(err!(InvalidFunctionArgument, "Invalid format: \"{text}\""))
        }
        (rest, _) => Err(err!(
            InvalidFunctionArgument,
            "Invalid format: \"{text}\" is malformed at \"{rest}\""
        )),
    }
}

/// Reads as much as is valid, and returns what is left.
fn iso_parts<'a>(
    text: &'a str,
    with_time: bool,
    fields: &mut Vec<(Field, i64)>,
    zone: &mut Option<i32>,
) -> &'a str {
    let Some((year, _, mut rest)) = number(text, 9, true) else {
        return text;
    };
    if let Some(week) = rest.strip_prefix("-W") {
        let Some((week, _, after)) = number(week, 2, false) else {
            return rest;
        };
        fields.extend([(Field::WeekYear, year), (Field::Week, week)]);
        rest = after;
        if let Some((day, _, after)) = rest.strip_prefix('-').and_then(|day| number(day, 1, false)) {
            fields.push((Field::DayOfWeek, day));
            rest = after;
        }
    } else {
        fields.push((Field::Year, year));
        let ordinal = rest.strip_prefix('-').and_then(|day| number(day, 3, false));
        if let Some((day, 3, after)) = ordinal {
            fields.push((Field::DayOfYear, day));
            rest = after;
        } else if let Some((month, _, after)) =
            rest.strip_prefix('-').and_then(|month| number(month, 2, false))
        {
            fields.push((Field::Month, month));
            rest = after;
            if let Some((day, _, after)) = rest.strip_prefix('-').and_then(|day| number(day, 2, false)) {
                fields.push((Field::DayOfMonth, day));
                rest = after;
            }
        }
    }
    let Some(mut time) = rest.strip_prefix('T').filter(|_| with_time) else {
        return rest;
    };
    for (field, separator) in [(Field::Hour, ""), (Field::Minute, ":"), (Field::Second, ":")] {
        let Some((value, _, after)) = time
            .strip_prefix(separator)
            .and_then(|part| number(part, 2, false))
        else {
            break;
        };
        fields.push((field, value));
        time = after;
        if field == Field::Second
            && let Some(fraction) = time.strip_prefix(['.', ','])
        {
            let count = fraction.bytes().take(9).take_while(u8::is_ascii_digit).count();
            let millis = format!("{:0<3}", &fraction[..count]);
            let Some(value) = millis[..3].parse().ok().filter(|_| count > 0) else {
                return time;
            };
            fields.push((Field::Milli, value));
            time = &fraction[count..];
        }
    }
    if let Some((found, after)) = offset(time) {
        (*zone, time) = (Some(found), after);
    }
    time
}
