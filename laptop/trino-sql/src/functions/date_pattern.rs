//! Patterns of dates as text: MySQL's letters for `date_format` and `date_parse`, Joda-Time's for `format_datetime` and
//! `parse_datetime`. Both are read as Joda-Time's elements and go by its rules: fields are set from the longest to the
//! shortest, numbers are read as far as digits go, names are read in their case, in lower and in upper case.

use chrono::{Datelike, NaiveDate, Weekday};

use crate::error::{Result, bail, err};
use crate::functions::datetime::Wall;
use crate::temporal::{DAY_SECONDS, date, days, last_day};
use crate::zone;

/// Field of a wall clock, in the order in which values are set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Field {
    Year,
    WeekYear,
    Month,
    DayOfYear,
    Week,
    DayOfMonth,
    DayOfWeek,
    HalfDay,
    Hour,
    /// 1 to 24
    ClockHour,
    /// 0 to 11
    HalfHour,
    /// 1 to 12
    HalfClockHour,
    Minute,
    Second,
    Milli,
}

#[derive(Debug, Clone, PartialEq)]
enum Element {
    Literal(char),
    /// At least so many digits when printed, at most so many when read.
    Number(Field, usize, usize),
    /// The range begins 50 years before the pivot, which is 30 years ago where the pattern has none; lenient ones take
    /// years of other lengths, too.
    TwoDigitYear {
        field: Field,
        pivot: Option<i32>,
        lenient: bool,
    },
    Text(Field, bool),
    Fraction(usize, usize),
    Offset {
        colon: bool,
    },
    ZoneId,
    ZoneName,
    Era,
    Century(usize),
}

pub(crate) struct Pattern(Vec<Element>);

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];
const WEEKDAYS: [&str; 7] = [
    "Monday",
    "Tuesday",
    "Wednesday",
    "Thursday",
    "Friday",
    "Saturday",
    "Sunday",
];
const HALF_DAYS: [&str; 2] = ["AM", "PM"];

/// Zones of the names that Joda-Time reads.
const ZONE_NAMES: [(&str, &str); 11] = [
    ("UTC", "UTC"),
    ("UT", "UTC"),
    ("GMT", "UTC"),
    ("EST", "America/New_York"),
    ("EDT", "America/New_York"),
    ("CST", "America/Chicago"),
    ("CDT", "America/Chicago"),
    ("MST", "America/Denver"),
    ("MDT", "America/Denver"),
    ("PST", "America/Los_Angeles"),
    ("PDT", "America/Los_Angeles"),
];

impl Pattern {
    /// `%Y-%m-%d`
    pub(crate) fn mysql(text: &str) -> Result<Self> {
        use Field::*;
        let mut elements = Vec::new();
        let mut chars = text.chars();
        let two = |field| Element::Number(field, 2, 2);
        while let Some(c) = chars.next() {
            if c != '%' {
                elements.push(Element::Literal(c));
                continue;
            }
            let Some(letter) = chars.next() else { break };
            match letter {
                'a' => elements.push(Element::Text(DayOfWeek, true)),
                'b' => elements.push(Element::Text(Month, true)),
                'c' => elements.push(Element::Number(Month, 1, 2)),
                'd' => elements.push(two(DayOfMonth)),
                'e' => elements.push(Element::Number(DayOfMonth, 1, 2)),
                'f' => elements.push(Element::Fraction(6, 9)),
                'H' => elements.push(two(Hour)),
                'h' | 'I' => elements.push(two(HalfClockHour)),
                'i' => elements.push(two(Minute)),
                'j' => elements.push(Element::Number(DayOfYear, 3, 3)),
                'k' => elements.push(Element::Number(Hour, 1, 2)),
                'l' => elements.push(Element::Number(HalfClockHour, 1, 2)),
                'M' => elements.push(Element::Text(Month, false)),
                'm' => elements.push(two(Month)),
                'p' => elements.push(Element::Text(HalfDay, false)),
                'r' | 'T' => {
                    let hour = if letter == 'r' { HalfClockHour } else { Hour };
                    let colon = Element::Literal(':');
                    elements.extend([two(hour), colon.clone(), two(Minute), colon, two(Second)]);
                    if letter == 'r' {
                        elements.extend([Element::Literal(' '), Element::Text(HalfDay, false)]);
                    }
                }
                'S' | 's' => elements.push(two(Second)),
                'v' => elements.push(two(Week)),
                'W' => elements.push(Element::Text(DayOfWeek, false)),
                'x' => elements.push(Element::Number(WeekYear, 4, 4)),
                'Y' => elements.push(Element::Number(Year, 4, 4)),
                'y' => elements.push(Element::TwoDigitYear {
                    field: Year,
                    pivot: Some(2020),
                    lenient: false,
                }),
                'w' | 'U' | 'u' | 'V' | 'X' | 'D' => {
                    bail!(
                        InvalidFunctionArgument,
                        "%{letter} not supported in date format string"
                    )
                }
                other => elements.push(Element::Literal(other)),
            }
        }
        if elements.is_empty() {
            bail!(InvalidFunctionArgument, "Both printing and parsing not supported");
        }
        Ok(Self(elements))
    }

    /// `yyyy-MM-dd'T'HH:mm:ss`
    pub(crate) fn joda(text: &str) -> Result<Self> {
        use Field::*;
        let chars: Vec<char> = text.chars().collect();
        let mut elements = Vec::new();
        let mut at = 0;
        while let Some(&c) = chars.get(at) {
            let count = chars[at..].iter().take_while(|next| **next == c).count();
            if c == '\'' {
                at += 1;
                if chars.get(at) == Some(&'\'') {
                    elements.push(Element::Literal('\''));
                    at += 1;
                    continue;
                }
                while let Some(&quoted) = chars.get(at) {
                    at += 1;
                    if quoted == '\'' {
                        if chars.get(at) != Some(&'\'') {
                            break;
                        }
                        at += 1;
                    }
                    elements.push(Element::Literal(quoted));
                }
                continue;
            }
            if !c.is_ascii_alphabetic() {
                elements.push(Element::Literal(c));
                at += 1;
                continue;
            }
            at += count;
            // Digits may only run on where no other number follows.
            let number_follows = is_number(&chars[at..]);
            let number = |field, most: usize| Element::Number(field, count, most.max(count));
            let element = match c {
                'y' | 'Y' | 'x' if count == 2 => Element::TwoDigitYear {
                    field: if c == 'x' { WeekYear } else { Year },
                    pivot: None,
                    lenient: !number_follows,
                },
                'y' | 'Y' | 'x' => {
                    let field = if c == 'x' { WeekYear } else { Year };
                    Element::Number(field, count, if number_follows { count } else { 9 })
                }
                'G' => Element::Era,
                'C' => Element::Century(count),
                'M' if count >= 3 => Element::Text(Month, count == 3),
                'M' => number(Month, 2),
                'd' => number(DayOfMonth, 2),
                'D' => number(DayOfYear, 3),
                'w' => number(Week, 2),
                'e' => number(DayOfWeek, 1),
                'E' => Element::Text(DayOfWeek, count < 4),
                'a' => Element::Text(HalfDay, false),
                'H' => number(Hour, 2),
                'k' => number(ClockHour, 2),
                'K' => number(HalfHour, 2),
                'h' => number(HalfClockHour, 2),
                'm' => number(Minute, 2),
                's' => number(Second, 2),
                'S' => Element::Fraction(count, count),
                'Z' if count < 3 => Element::Offset { colon: count == 2 },
                'Z' => Element::ZoneId,
                'z' if count < 4 => Element::ZoneName,
                'z' => bail!(NotSupported, "long names of time zones"),
                _ => {
                    let component: String = std::iter::repeat_n(c, count).collect();
                    bail!(InvalidFunctionArgument, "Illegal pattern component: {component}")
                }
            };
            elements.push(element);
        }
        if elements.is_empty() {
            bail!(InvalidFunctionArgument, "Invalid pattern specification");
        }
        Ok(Self(elements))
    }

    /// Whether the pattern asks for a zone.
    pub(crate) fn has_zone(&self) -> bool {
        let zone = |element: &Element| {
            matches!(
                element,
                Element::Offset { .. } | Element::ZoneId | Element::ZoneName
            )
        };
        self.0.iter().any(zone)
    }

    /// A wall clock, to the millisecond, in a zone that is as many minutes from UTC as given.
    pub(crate) fn print(&self, wall: Wall, zone: i32, instant_seconds: i64) -> Result<String> {
        let mut text = String::new();
        for element in &self.0 {
            match element {
                Element::Literal(c) => text.push(*c),
                Element::Number(field, width, _) => text.push_str(&padded(field.get(wall), *width)),
                Element::TwoDigitYear { field, .. } => {
                    text.push_str(&padded(field.get(wall).rem_euclid(100), 2));
                }
                Element::Text(field, short) => {
                    let (names, first) = field.names();
                    let name = names[(field.get(wall) - first) as usize];
                    text.push_str(if *short { &name[..3] } else { name });
                }
                Element::Fraction(width, _) => {
                    let digits = format!("{:03}{}", wall.nanos / 1_000_000, "0".repeat(*width));
                    text.push_str(&digits[..*width]);
                }
                Element::Offset { colon } => {
                    let seconds = zone::offset_seconds(zone, instant_seconds);
                    if seconds % 60 != 0 {
                        bail!(NotSupported, "offsets of time zones with seconds");
                    }
                    let offset = zone::offset_text((seconds / 60) as i32);
                    text.push_str(&if *colon { offset } else { offset.replace(':', "") });
                }
                Element::ZoneId => text.push_str(&zone::name(zone)),
                Element::ZoneName => text.push_str(&zone::abbreviation(zone, instant_seconds)?),
                Element::Era => text.push_str(if Field::Year.get(wall) > 0 { "AD" } else { "BC" }),
                Element::Century(width) => text.push_str(&padded(Field::Year.get(wall) / 100, *width)),
            }
        }
        Ok(text)
    }

    /// The wall clock that a text means, and its zone if it names one.
    pub(crate) fn parse(&self, text: &str) -> Result<(Wall, Option<i32>)> {
        let malformed = |rest: &str| {
            if rest == text || rest.is_empty() {
                err!(InvalidFunctionArgument, "Invalid format: \"{text}\"")
            } else {
                err!(
                    InvalidFunctionArgument,
                    "Invalid format: \"{text}\" is malformed at \"{rest}\""
                )
            }
        };
        let (mut rest, mut fields, mut zone) = (text, Vec::new(), None);
        for element in &self.0 {
            let before = rest;
            let mut step = || -> Option<()> {
                match element {
                    Element::Literal(c) => {
                        let next = rest.chars().next()?;
                        if !next.to_lowercase().eq(c.to_lowercase()) {
                            return None;
                        }
                        rest = &rest[next.len_utf8()..];
                    }
                    Element::Number(field, _, most) => {
                        let signed = matches!(field, Field::Year | Field::WeekYear);
                        let (value, _, after) = number(rest, *most, signed)?;
                        fields.push((*field, value));
                        rest = after;
                    }
                    Element::TwoDigitYear {
                        field,
                        pivot,
                        lenient,
                    } => {
                        let (value, digits, after) = number(rest, if *lenient { 9 } else { 2 }, *lenient)?;
                        if digits != 2 && !lenient {
                            return None;
                        }
                        let is_short = digits == 2 && rest.starts_with(|c: char| c.is_ascii_digit());
                        let pivot = pivot.unwrap_or_else(|| this_year(*field) - 30);
                        let low = i64::from(pivot) - 50;
                        let shift = low.rem_euclid(100);
                        let year = value + low - shift + if value < shift { 100 } else { 0 };
                        fields.push((*field, if is_short { year } else { value }));
                        rest = after;
                    }
                    Element::Text(field, _) => {
                        let (names, first) = field.names();
                        let mut found: Option<(usize, usize)> = None;
                        for (i, name) in names.iter().enumerate() {
                            for name in [*name, name.get(..3).unwrap_or(name)] {
                                let spellings = [name.to_owned(), name.to_lowercase(), name.to_uppercase()];
                                let fits = spellings.iter().any(|spelling| rest.starts_with(spelling));
                                if fits && found.is_none_or(|(length, _)| name.len() > length) {
                                    found = Some((name.len(), i));
                                }
                            }
                        }
                        let (length, place) = found?;
                        fields.push((*field, place as i64 + first));
                        rest = &rest[length..];
                    }
                    Element::Fraction(_, most) => {
                        let count = rest.bytes().take(*most).take_while(u8::is_ascii_digit).count();
                        let millis = format!("{:0<3}", &rest[..count]);
                        fields.push((Field::Milli, millis[..3].parse().ok()?));
                        rest = &rest[count..];
                    }
                    Element::Offset { .. } => {
                        let (found, after) = offset(rest)?;
                        (zone, rest) = (Some(found), after);
                    }
                    Element::ZoneName => {
                        let named = ZONE_NAMES.iter().find(|(name, _)| rest.starts_with(name))?;
                        (zone, rest) = (zone::parse(named.1).ok(), &rest[named.0.len()..]);
                    }
                    Element::ZoneId => {
                        let end = rest
                            .find(|c: char| !(c.is_ascii_alphanumeric() || "/_+-:".contains(c)))
                            .unwrap_or(rest.len());
                        zone = Some(zone::parse(&rest[..end]).ok()?);
                        rest = &rest[end..];
                    }
                    Element::Era | Element::Century(_) => return None,
                }
                Some(())
            };
            if step().is_none() {
                return Err(malformed(before));
            }
        }
        if !rest.is_empty() {
            return Err(malformed(rest));
        }
        let wall = wall_of(fields).ok_or_else(|| malformed(text))?;
        Ok((wall, zone))
    }
}

fn padded(value: i64, width: usize) -> String {
    let sign = if value < 0 { "-" } else { "" };
    format!("{sign}{:0width$}", value.abs())
}

/// The year of the calendar, or that of the week.
fn this_year(field: Field) -> i32 {
    let now = chrono::Utc::now();
    if field == Field::WeekYear {
        now.iso_week().year()
    } else {
        now.year()
    }
}

/// Whether a pattern goes on with a number.
fn is_number(rest: &[char]) -> bool {
    let Some(&c) = rest.first() else { return false };
    let count = rest.iter().take_while(|next| **next == c).count();
    "cCxyYdhHmsSwDFKekK".contains(c) || c == 'M' && count <= 2
}

/// Number at the beginning of a text, the count of its digits, and what follows.
pub(crate) fn number(text: &str, most: usize, signed: bool) -> Option<(i64, usize, &str)> {
    let (sign, digits) = match text.as_bytes().first()? {
        b'-' if signed => (-1, &text[1..]),
        b'+' if signed => (1, &text[1..]),
        _ => (1, text),
    };
    let count = digits.bytes().take(most).take_while(u8::is_ascii_digit).count();
    let value: i64 = digits[..count].parse().ok()?;
    Some((sign * value, count, &digits[count..]))
}

/// Offset at the beginning of a text (`Z`, `+09:00`, `+0900`, `+09`), and what follows.
pub(crate) fn offset(text: &str) -> Option<(i32, &str)> {
    if let Some(rest) = text.strip_prefix(['Z', 'z']) {
        return Some((zone::utc(), rest));
    }
    let sign = match text.as_bytes().first()? {
        b'+' => 1,
        b'-' => -1,
        _ => return None,
    };
    let (hours, count, mut rest) = number(&text[1..], 2, false)?;
    let mut minutes = 0;
    if count != 2 || hours > 23 {
        return None;
    }
    let after_colon = rest.strip_prefix(':');
    if after_colon.is_some() || rest.starts_with(|c: char| c.is_ascii_digit()) {
        let (value, count, after) = number(after_colon.unwrap_or(rest), 2, false)?;
        if count != 2 || value > 59 {
            return None;
        }
        (minutes, rest) = (value, after);
    }
    let minutes = sign * (hours * 60 + minutes);
    let zone = if minutes == 0 {
        zone::utc()
    } else {
        zone::from_offset(minutes).ok()?
    };
    Some((zone, rest))
}

impl Field {
    /// Names of the values, and the first value.
    fn names(self) -> (&'static [&'static str], i64) {
        match self {
            Self::Month => (&MONTHS, 1),
            Self::DayOfWeek => (&WEEKDAYS, 1),
            _ => (&HALF_DAYS, 0),
        }
    }

    fn get(self, wall: Wall) -> i64 {
        let (date, second) = (date(wall.day()), wall.second_of_day());
        let hour = second / 3600;
        match self {
            Self::Year => date.year().into(),
            Self::WeekYear => date.iso_week().year().into(),
            Self::Month => date.month().into(),
            Self::DayOfYear => date.ordinal().into(),
            Self::Week => date.iso_week().week().into(),
            Self::DayOfMonth => date.day().into(),
            Self::DayOfWeek => date.weekday().number_from_monday().into(),
            Self::HalfDay => hour / 12,
            Self::Hour => hour,
            Self::ClockHour => {
                if hour == 0 {
                    24
                } else {
                    hour
                }
            }
            Self::HalfHour => hour % 12,
            Self::HalfClockHour => (hour + 11) % 12 + 1,
            Self::Minute => second / 60 % 60,
            Self::Second => second % 60,
            Self::Milli => wall.nanos / 1_000_000,
        }
    }

    /// The beginning of what the field counts.
    fn floor(self, wall: Wall) -> Wall {
        let (from, second) = (date(wall.day()), wall.second_of_day());
        let (back_days, second) = match self {
            Self::Year => (from.ordinal0(), 0),
            Self::WeekYear => (
                (from.iso_week().week() - 1) * 7 + from.weekday().num_days_from_monday(),
                0,
            ),
            Self::Month => (from.day0(), 0),
            Self::Week => (from.weekday().num_days_from_monday(), 0),
            Self::DayOfYear | Self::DayOfMonth | Self::DayOfWeek => (0, 0),
            Self::HalfDay => (0, second / 43_200 * 43_200),
            Self::Hour | Self::ClockHour | Self::HalfHour | Self::HalfClockHour => (0, second / 3600 * 3600),
            Self::Minute => (0, second / 60 * 60),
            Self::Second => (0, second),
            Self::Milli => return wall,
        };
        Wall {
            seconds: (wall.day() - i64::from(back_days)) * DAY_SECONDS + second,
            nanos: 0,
        }
    }

    /// The wall clock with another value in the field; None if there is no such value.
    fn set(self, wall: Wall, value: i64) -> Option<Wall> {
        let from = date(wall.day());
        let iso = from.iso_week();
        let unsigned = u32::try_from(value);
        let clamped = |year: i32, month: u32| {
            (1..=12)
                .contains(&month)
                .then(|| from.day().min(last_day(year, month)))
                .and_then(|day| NaiveDate::from_ymd_opt(year, month, day))
        };
        let day = match self {
            Self::Year => clamped(i32::try_from(value).ok()?, from.month())?,
            Self::WeekYear => {
                let year = i32::try_from(value).ok()?;
                NaiveDate::from_isoywd_opt(year, iso.week(), from.weekday())
                    .or_else(|| NaiveDate::from_isoywd_opt(year, 52, from.weekday()))?
            }
            Self::Month => clamped(from.year(), unsigned.ok()?)?,
            Self::DayOfYear => NaiveDate::from_yo_opt(from.year(), unsigned.ok()?)?,
            Self::Week => NaiveDate::from_isoywd_opt(iso.year(), unsigned.ok()?, from.weekday())?,
            Self::DayOfMonth => NaiveDate::from_ymd_opt(from.year(), from.month(), unsigned.ok()?)?,
            Self::DayOfWeek => {
                let place = u8::try_from(value.checked_sub(1)?).ok()?;
                NaiveDate::from_isoywd_opt(iso.year(), iso.week(), Weekday::try_from(place).ok()?)?
            }
            _ => {
                let allowed = match self {
                    Self::HalfDay => 0..=1,
                    Self::Hour => 0..=23,
                    Self::ClockHour => 1..=24,
                    Self::HalfHour => 0..=11,
                    Self::HalfClockHour => 1..=12,
                    Self::Milli => 0..=999,
                    _ => 0..=59,
                };
                if !allowed.contains(&value) {
                    return None;
                }
                let second = wall.second_of_day();
                let hour = second / 3600;
                let at_hour = |hour: i64| hour * 3600 + second % 3600;
                let second = match self {
                    Self::HalfDay => at_hour(hour % 12 + value * 12),
                    Self::Hour | Self::ClockHour => at_hour(value % 24),
                    Self::HalfHour | Self::HalfClockHour => at_hour(hour / 12 * 12 + value % 12),
                    Self::Minute => second - second / 60 % 60 * 60 + value * 60,
                    Self::Second => second - second % 60 + value,
                    _ => {
                        return Some(Wall {
                            nanos: value * 1_000_000,
                            ..wall
                        });
                    }
                };
                return Some(Wall {
                    seconds: wall.day() * DAY_SECONDS + second,
                    ..wall
                });
            }
        };
        Some(Wall {
            seconds: days(day) * DAY_SECONDS + wall.second_of_day(),
            ..wall
        })
    }
}

/// The wall clock that fields make on top of 1970-01-01, or of 2000 for a date without its year. Each field is set and
/// what is shorter goes to its beginning; then all are set once more, for a long one may have moved what was set before.
pub(crate) fn wall_of(mut fields: Vec<(Field, i64)>) -> Option<Wall> {
    fields.sort_by_key(|(field, _)| *field);
    if fields
        .first()
        .is_some_and(|(first, _)| (Field::Month..=Field::DayOfWeek).contains(first))
    {
        fields.insert(0, (Field::Year, 2000));
    }
    let mut wall = Wall { seconds: 0, nanos: 0 };
    for (field, value) in &fields {
        wall = field.floor(field.set(wall, *value)?);
    }
    for (field, value) in &fields {
        wall = field.set(wall, *value)?;
    }
    Some(fields.last().map_or(wall, |(field, _)| field.floor(wall)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(pattern: &Pattern, text: &str) -> Option<String> {
        let (wall, zone) = pattern.parse(text).ok()?;
        let units = wall.seconds * 1000 + wall.nanos / 1_000_000;
        let zone = zone.map(|zone| format!(" {}", zone::name(zone)));
        Some(crate::temporal::timestamp_text(units, 3) + &zone.unwrap_or_default())
    }

    fn mysql(pattern: &str, text: &str) -> Option<String> {
        parsed(&Pattern::mysql(pattern).unwrap(), text)
    }

    fn joda(pattern: &str, text: &str) -> Option<String> {
        parsed(&Pattern::joda(pattern).unwrap(), text)
    }

    #[test]
    fn sets_fields_from_the_longest_to_the_shortest() {
        assert_eq!(
            mysql("%d/%m/%Y %h%p", "14/03/2023 12AM").unwrap(),
            "2023-03-14 00:00:00.000"
        );
        assert_eq!(mysql("%m-%d", "02-29").unwrap(), "2000-02-29 00:00:00.000");
        assert_eq!(mysql("%x-%v", "2021-01").unwrap(), "2021-01-04 00:00:00.000");
        assert_eq!(mysql("%H:%i", "13:05").unwrap(), "1970-01-01 13:05:00.000");
        assert_eq!(mysql("%Y-%m-%d", "2023-02-30"), None);
        assert_eq!(mysql("%Y-%m-%d", "2023-02-03 "), None);
    }

    #[test]
    fn reads_names_and_zones() {
        assert_eq!(
            joda("EEE, d MMMM yyyy", "TUE, 14 march 2023").unwrap(),
            "2023-03-14 00:00:00.000"
        );
        assert_eq!(
            joda("yyyyMMdd'T'HHZ", "20230314T09+0530").unwrap(),
            "2023-03-14 09:00:00.000 +05:30"
        );
        assert_eq!(
            joda("yyyy ZZZ", "2023 Asia/Seoul").unwrap(),
            "2023-01-01 00:00:00.000 Asia/Seoul"
        );
    }
}
