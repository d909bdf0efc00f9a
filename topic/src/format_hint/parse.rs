//! Matching of a text against the items of a pattern.

use super::calendar::{Field, Fields, weekday_from_iso};
use super::item::{Item, Name, Number};
use super::number::{digit, read_fraction_ms, read_integer};
use super::pattern::{Century, Pattern};
use super::time::ParsedTime;
use super::zone::{Zone, starts_with_ignoring_case};

/// English names and their field values; of two that match, the longer is used.
const ERAS: [(&str, i32); 4] = [("BC", 0), ("AD", 1), ("Before Christ", 0), ("Anno Domini", 1)];
const AM_PM: [(&str, i32); 2] = [("AM", 0), ("PM", 1)];
const WEEKDAYS: [&str; 7] = [
    "Sunday",
    "Monday",
    "Tuesday",
    "Wednesday",
    "Thursday",
    "Friday",
    "Saturday",
];
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

/// Length in bytes of the short name of a weekday or month.
const SHORT_NAME: usize = 3;

impl Pattern {
    /// Time at the beginning of `text`; `None` if it does not match.
    pub(super) fn parse(&self, text: &str) -> Option<ParsedTime> {
        let plain = self.plain.as_ref().and_then(|plain| plain.parse(text));
        plain.or_else(|| self.parse_leniently(text))
    }

    /// Time at the beginning of `text`, by all rules of Java.
    pub(super) fn parse_leniently(&self, text: &str) -> Option<ParsedTime> {
        let mut reader = Reader {
            text,
            at: 0,
            fields: Fields::default(),
            zone: Zone::UTC,
            at_century_start: false,
        };
        for item in &self.items {
            reader.read(item, &self.century)?;
        }
        // An empty pattern matches nothing.
        if reader.at == 0 {
            return None;
        }
        reader.resolve(&self.century)
    }
}

struct Reader<'a> {
    text: &'a str,
    /// Number of bytes of `text` that have been read.
    at: usize,
    fields: Fields,
    zone: Zone,
    /// Whether a two-digit year was the one in which the century begins and ends: the date decides which.
    at_century_start: bool,
}

impl Reader<'_> {
    fn read(&mut self, item: &Item, century: &Century) -> Option<()> {
        match item {
            Item::Literal(literal) => self.literal(literal),
            Item::Number { number, width } => self.number(*number, *width, century),
            Item::Name(name) => self.name(*name),
            Item::Zone(style) => {
                let blanks = self.blanks()?;
                let (zone, bytes) = Zone::read(&self.text[self.at..], blanks, *style)?;
                self.zone = zone;
                self.at += bytes;
                Some(())
            }
        }
    }

    fn resolve(mut self, century: &Century) -> Option<ParsedTime> {
        let time = self.time()?;
        if !self.at_century_start || time.utc_ms >= century.start_ms {
            return Some(time);
        }
        self.fields.add_century();
        self.time()
    }

    fn time(&self) -> Option<ParsedTime> {
        let local_ms = self.fields.local_ms()?;
        ParsedTime::from_local(local_ms, self.zone.offset_seconds(local_ms))
    }

    fn literal(&mut self, literal: &str) -> Option<()> {
        self.text[self.at..].strip_prefix(literal)?;
        self.at += literal.len();
        Some(())
    }

    /// Number of blanks ahead, which may precede any item except a literal; `None` if the text ends with
    /// them.
    fn blanks(&self) -> Option<usize> {
        self.text[self.at..]
            .bytes()
            .position(|byte| !matches!(byte, b' ' | b'\t'))
    }

    fn number(&mut self, number: Number, width: Option<usize>, century: &Century) -> Option<()> {
        let blanks = self.blanks()?;
        let rest = &self.text[self.at..];
        let end = width.map_or(Some(rest.len()), |width| utf16_prefix(rest, width))?;
        let digits = rest.get(blanks..end)?;
        let (value, bytes) = match number {
            Number::Fraction => read_fraction_ms(digits)?,
            _ => read_integer(digits)?,
        };
        match number {
            Number::Plain(field) => self.fields.set(field, value),
            Number::Year { field, windowed } => {
                let two_digits = windowed && is_two_digits(&digits[..bytes]);
                let year = if two_digits {
                    self.place_in(century, value)
                } else {
                    value
                };
                self.fields.set(field, year);
            }
            Number::Month => self.fields.set(Field::Month, value.wrapping_sub(1)),
            Number::IsoWeekday => self.fields.set(Field::Weekday, weekday_from_iso(value)),
            Number::OneBasedHour { field, midnight } => {
                self.fields.set(field, if value == midnight { 0 } else { value });
            }
            Number::Fraction => self.fields.set(Field::Millisecond, value),
        }
        self.at += blanks + bytes;
        Some(())
    }

    fn place_in(&mut self, century: &Century, two_digits: i32) -> i32 {
        let start = century.start_year % 100;
        self.at_century_start = two_digits == start;
        century.start_year - start + two_digits + if two_digits < start { 100 } else { 0 }
    }

    fn name(&mut self, name: Name) -> Option<()> {
        self.blanks()?;
        let rest = &self.text[self.at..];
        let (field, (value, bytes)) = match name {
            Name::Era => (Field::Era, longest_name(rest, &ERAS)?),
            Name::AmPm => (Field::AmPm, longest_name(rest, &AM_PM)?),
            Name::Weekday => (Field::Weekday, ordinal_name(rest, &WEEKDAYS, 1)?),
            Name::Month => (Field::Month, ordinal_name(rest, &MONTHS, 0)?),
        };
        self.fields.set(field, value);
        self.at += bytes;
        Some(())
    }
}

/// Length in bytes of the first `width` UTF-16 units, Java's characters; `None` if there are fewer.
fn utf16_prefix(text: &str, width: usize) -> Option<usize> {
    let mut units = 0;
    for (at, c) in text.char_indices() {
        if units + c.len_utf16() > width {
            return Some(at);
        }
        units += c.len_utf16();
    }
    (units == width).then_some(text.len())
}

fn is_two_digits(text: &str) -> bool {
    text.chars().count() == 2 && text.chars().all(|c| digit(c).is_some())
}

fn longest_name(text: &str, names: &[(&str, i32)]) -> Option<(i32, usize)> {
    let found = names
        .iter()
        .filter_map(|(name, value)| Some((*value, starts_with_ignoring_case(text, name)?)));
    found.max_by_key(|(_, bytes)| *bytes)
}

/// Name, long or short, of those numbered from `first` on.
fn ordinal_name(text: &str, names: &[&str], first: i32) -> Option<(i32, usize)> {
    let mut values = (first..).zip(names);
    values.find_map(|(value, name)| {
        let short = starts_with_ignoring_case(text, &name[..SHORT_NAME])?;
        Some((value, starts_with_ignoring_case(text, name).unwrap_or(short)))
    })
}
