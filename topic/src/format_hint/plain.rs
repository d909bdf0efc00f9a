//! Fast variant for texts that contain only plain digits for their pattern.
//!
//! Most patterns have a date and a time as numbers, each field once, and most texts have digits at those
//! places, of a year without Julian dates. Then Java's leniency makes no difference: the fields add up. Texts
//! that are read here have the same result in the general variant; any other text is rejected, and read by
//! that one.

use super::calendar::{FIRST_GREGORIAN_YEAR, Field, days_before_month};
use super::item::{Item, Number, ZoneStyle};
use super::time::{DAY_MS, ParsedTime};
use super::zone::Zone;

/// Maximum number of digits: more could exceed 32 bits.
const MAX_DIGITS: usize = 9;
/// Maximum year: nine digits of years would exceed 64 bits of milliseconds.
const MAX_YEAR: u32 = 9999;

/// Pattern that has no field twice, and only fields that add up.
#[derive(Debug, Clone)]
pub(super) struct PlainPattern {
    parts: Vec<Part>,
}

#[derive(Debug, Clone)]
enum Part {
    Literal(Box<[u8]>),
    Digits {
        place: Place,
        /// Width as in [`Item::Number`].
        width: Option<usize>,
    },
    Zone(ZoneStyle),
}

/// Index of [`Values`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    Year,
    Month,
    Day,
    Hour,
    Minute,
    Second,
    Millisecond,
    /// Digits after a decimal point; converted to milliseconds at the end.
    Fraction,
}

type Values = [u32; Place::Fraction as usize + 1];

/// Values of fields that a pattern does not have.
const EPOCH: Values = [1970, 1, 1, 0, 0, 0, 0, 0];

impl PlainPattern {
    /// `None` if the pattern has other fields.
    pub(super) fn new(items: &[Item]) -> Option<Self> {
        let parts: Vec<Part> = items.iter().map(Part::new).collect::<Option<_>>()?;
        let places: Vec<Place> = parts.iter().filter_map(Part::place).collect();
        let once = |place: &Place| {
            places
                .iter()
                .filter(|other| other.field() == place.field())
                .count()
                == 1
        };
        let zones = parts.iter().filter(|part| matches!(part, Part::Zone(_)));
        let plain = !places.is_empty() && places.iter().all(once) && zones.count() <= 1;
        plain.then_some(Self { parts })
    }

    /// Time at the beginning of `text`; `None` if the general variant must read it.
    pub(super) fn parse(&self, text: &str) -> Option<ParsedTime> {
        let bytes = text.as_bytes();
        let mut values = EPOCH;
        let mut zone = Zone::UTC;
        let mut at = 0;
        for part in &self.parts {
            match part {
                Part::Literal(literal) => {
                    bytes[at..].starts_with(literal).then_some(())?;
                    at += literal.len();
                }
                Part::Digits { place, width } => {
                    let (value, digits) = read_digits(&bytes[at..], *width)?;
                    values[*place as usize] = match place {
                        Place::Fraction => to_millis(value, digits),
                        _ => value,
                    };
                    at += digits;
                }
                Part::Zone(style) => {
                    let (read, taken) = Zone::read(text.get(at..)?, 0, *style)?;
                    zone = read;
                    at += taken;
                }
            }
        }
        let local_ms = add_up(values)?;
        ParsedTime::from_local(local_ms, zone.offset_seconds(local_ms))
    }
}

impl Part {
    fn new(item: &Item) -> Option<Self> {
        let (number, width) = match item {
            Item::Literal(literal) => return Some(Self::Literal(literal.as_bytes().into())),
            Item::Zone(style) => return Some(Self::Zone(*style)),
            Item::Name(_) => return None,
            Item::Number { number, width } => (number, *width),
        };
        let place = match number {
            Number::Year {
                field: Field::Year,
                windowed: false,
            } => Place::Year,
            Number::Month => Place::Month,
            Number::Plain(Field::DayOfMonth) => Place::Day,
            Number::Plain(Field::HourOfDay) => Place::Hour,
            Number::Plain(Field::Minute) => Place::Minute,
            Number::Plain(Field::Second) => Place::Second,
            Number::Plain(Field::Millisecond) => Place::Millisecond,
            Number::Fraction => Place::Fraction,
            _ => return None,
        };
        Some(Self::Digits { place, width })
    }

    fn place(&self) -> Option<Place> {
        match self {
            Self::Digits { place, .. } => Some(*place),
            _ => None,
        }
    }
}

impl Place {
    /// Field of the place. Patterns with several places for one field need the general variant, since the
    /// last one set is used.
    fn field(self) -> Self {
        match self {
            Self::Fraction => Self::Millisecond,
            other => other,
        }
    }
}

/// Number at the beginning of `text` and its number of digits: `width`, or else as many as there are.
fn read_digits(text: &[u8], width: Option<usize>) -> Option<(u32, usize)> {
    let (mut value, mut digits) = (0, 0);
    let most = width.unwrap_or(usize::MAX);
    while digits < most
        && let Some(byte @ b'0'..=b'9') = text.get(digits)
    {
        if digits == MAX_DIGITS {
            return None;
        }
        value = value * 10 + u32::from(byte - b'0');
        digits += 1;
    }
    let ends = match width {
        Some(width) => digits == width,
        // Digits of other scripts continue the number, and so does an exponent.
        None => {
            digits > 0
                && text
                    .get(digits)
                    .is_none_or(|byte| byte.is_ascii() && *byte != b'E')
        }
    };
    ends.then_some((value, digits))
}

/// Fraction in milliseconds, the rest truncated.
fn to_millis(fraction: u32, digits: usize) -> u32 {
    const POWERS: [u32; MAX_DIGITS - 2] = [1, 10, 100, 1000, 10_000, 100_000, 1_000_000];
    match digits {
        ..3 => fraction * POWERS[3 - digits],
        _ => fraction / POWERS[digits - 3],
    }
}

/// Milliseconds since 1970-01-01T00:00 in local time. Values out of range roll over, except the month.
fn add_up([year, month, day, hour, minute, second, millisecond, fraction]: Values) -> Option<i64> {
    let plain = (FIRST_GREGORIAN_YEAR..=MAX_YEAR).contains(&year) && (1..=12).contains(&month);
    if !plain {
        return None;
    }
    let days = days_before_month(year as i32, month as i32 - 1) + i64::from(day) - 1;
    let minutes = i64::from(hour) * 60 + i64::from(minute);
    let seconds = minutes * 60 + i64::from(second);
    Some(days * DAY_MS + seconds * 1000 + i64::from(millisecond) + i64::from(fraction))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::pattern::{Pattern, SecondFraction};
    use super::*;

    fn pattern(hint: &str) -> Pattern {
        Pattern::compile(hint, "java:", SecondFraction::Digits, 0).unwrap()
    }

    #[test]
    fn takes_patterns_of_a_date_and_a_time_in_numbers() {
        for (hint, plain) in [
            ("yyyy-MM-dd HH:mm:ss.SSS", true),
            ("yyyyMMddHHmmssSSS", true),
            ("yyyy-MM-dd'T'HH:mm:ssXXX", true),
            ("HH:mm", true),
            ("yy-MM-dd", false),
            ("YYYY-MM-dd", false),
            ("dd MMM yyyy", false),
            ("hh:mm a", false),
            ("HH:mm kk", false),
            ("dd dd", false),
            ("X Z HH", false),
            ("'text'", false),
            ("", false),
        ] {
            assert_eq!(PlainPattern::new(&pattern(hint).items).is_some(), plain, "{hint}");
        }
    }

    #[test]
    fn declines_what_is_not_plain() {
        let pattern = PlainPattern::new(&pattern("yyyy-MM-dd HH").items).unwrap();
        assert!(pattern.parse("2023-03-09 21").is_some());
        for text in [
            "",
            "2023-03-09",
            "2023-03-09 ",
            " 2023-03-09 21",
            "2023-03- 9 21",
            "-2023-03-09 21",
            "2023-13-09 21",
            "2023-00-09 21",
            "1582-03-09 21",
            "10000-03-09 21",
            "2023-03-0000000009 21",
            "2023-03-09 2٩",
            "2023-03-09 2E1",
        ] {
            assert_eq!(pattern.parse(text), None, "{text}");
        }
    }

    /// Hints for which the generated texts look like dates, or nearly.
    const HINTS: [&str; 8] = [
        "yyyy-MM-dd HH:mm:ss.SSS",
        "yyyyMMddHHmmssSSS",
        "yyyy-MM-dd'T'HH:mm:ss.SSSX",
        "dd.MM.yyyy HH:mm z",
        "S s m H d M yyyy",
        "HHmmss SSSSSS",
        "yyyy/M/d",
        "yyyyMMdd'T'HHmmXX",
    ];

    proptest! {
        #[test]
        fn reads_nothing_else_than_the_long_way(
            hint in prop::sample::select(&HINTS[..]),
            text in "[0-9]{1,4}([-/. ]?[0-9]{1,4}){0,2}([T ]?([0-9]{1,3}[:. ]?){0,5}([-+][0-9]{2}|Z|PST|E1|٣)?)?",
        ) {
            agrees(hint, &text)?;
        }

        #[test]
        fn reads_nothing_else_than_the_long_way_where_numbers_fit(
            hint in prop::sample::select(&HINTS[..]),
            numbers in [1_u32..12_000, 0_u32..15, 0_u32..40, 0_u32..30, 0_u32..70, 0_u32..70, 0_u32..2000],
            padded: bool,
        ) {
            agrees(hint, &written(hint, numbers, padded))?;
        }
    }

    fn agrees(hint: &str, text: &str) -> Result<(), TestCaseError> {
        let pattern = pattern(hint);
        if let Some(time) = PlainPattern::new(&pattern.items).unwrap().parse(text) {
            prop_assert_eq!(pattern.parse_leniently(text), Some(time), "{} {}", hint, text);
        }
        Ok(())
    }

    /// `numbers` in the format of `hint`, with or without leading zeros.
    fn written(hint: &str, numbers: [u32; 7], padded: bool) -> String {
        let mut text = String::new();
        let mut letters = hint.chars().filter(|c| *c != '\'').peekable();
        while let Some(letter) = letters.next() {
            let mut width = 1;
            while letters.next_if_eq(&letter).is_some() {
                width += 1;
            }
            match "yMdHmsS".find(letter) {
                Some(at) if padded => text.push_str(&format!("{:0width$}", numbers[at])),
                Some(at) => text.push_str(&numbers[at].to_string()),
                None if matches!(letter, 'X' | 'z') => text.push('Z'),
                None => text.push(letter),
            }
        }
        text
    }

    #[test]
    fn reads_the_plain_texts_of_every_hint() {
        for hint in HINTS {
            let text = written(hint, [2023, 3, 9, 21, 5, 7, 123], true).replace(" Z", " PST");
            let pattern = pattern(hint);
            let short = PlainPattern::new(&pattern.items).unwrap().parse(&text);
            assert!(short.is_some(), "{hint} {text}");
            assert_eq!(short, pattern.parse_leniently(&text), "{hint} {text}");
        }
    }
}
