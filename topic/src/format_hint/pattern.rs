//! Compilation of a `SimpleDateFormat` pattern to the items of a text.

use std::iter::Peekable;
use std::str::Chars;

use chrono::{DateTime, Datelike, Months};

use super::calendar::Field;
use super::error::FormatHintError;
use super::item::{Item, Name, Number, ZoneStyle};
use super::plain::PlainPattern;

/// Number of years before now to which two-digit years reach.
const CENTURY_LOOKBACK: Months = Months::new(80 * 12);

/// Compiled pattern.
#[derive(Debug, Clone)]
pub(super) struct Pattern {
    pub items: Vec<Item>,
    pub century: Century,
    /// Fast variant, if there is one.
    pub plain: Option<PlainPattern>,
}

/// Meaning of the letter `S`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum SecondFraction {
    /// Digits after a decimal point.
    Digits,
    /// Count of milliseconds, whatever its number of digits, as in Java.
    MillisecondCount,
}

/// Hundred years in which two-digit years are placed.
#[derive(Debug, Clone, Copy)]
pub(super) struct Century {
    pub start_ms: i64,
    pub start_year: i32,
}

impl Pattern {
    /// Compiles `hint`, without `prefix` if it starts with it; errors show the whole hint.
    pub(super) fn compile(
        hint: &str,
        prefix: &str,
        fraction: SecondFraction,
        now_ms: i64,
    ) -> Result<Self, FormatHintError> {
        let (pattern, skipped) = match hint.strip_prefix(prefix) {
            Some(pattern) => (pattern, prefix.chars().count()),
            None => (hint, 0),
        };
        let mut compiler = Compiler {
            hint,
            chars: pattern.chars().peekable(),
            position: skipped,
            fraction,
            items: Vec::new(),
        };
        compiler.run()?;
        let items = bound_abutting_numbers(compiler.items);
        Ok(Self {
            plain: PlainPattern::new(&items),
            items,
            century: Century::around(now_ms),
        })
    }
}

impl Century {
    fn around(now_ms: i64) -> Self {
        let start = DateTime::from_timestamp_millis(now_ms)
            .and_then(|now| now.checked_sub_months(CENTURY_LOOKBACK))
            .unwrap_or(DateTime::UNIX_EPOCH);
        Self {
            start_ms: start.timestamp_millis(),
            start_year: start.year(),
        }
    }
}

struct Compiler<'a> {
    hint: &'a str,
    chars: Peekable<Chars<'a>>,
    /// Number of characters of `hint` before the next one of `chars`.
    position: usize,
    fraction: SecondFraction,
    items: Vec<Item>,
}

impl Compiler<'_> {
    fn run(&mut self) -> Result<(), FormatHintError> {
        while let Some(c) = self.next() {
            match c {
                '\'' if self.next_if('\'') => self.literal('\''),
                '\'' => self.quoted()?,
                'a'..='z' | 'A'..='Z' => self.letters(c)?,
                _ => self.literal(c),
            }
        }
        Ok(())
    }

    fn quoted(&mut self) -> Result<(), FormatHintError> {
        let position = self.position - 1;
        while let Some(c) = self.next() {
            if c == '\'' && !self.next_if('\'') {
                return Ok(());
            }
            self.literal(c);
        }
        Err(FormatHintError::UnterminatedQuote {
            hint: self.hint.to_owned(),
            position,
        })
    }

    fn letters(&mut self, letter: char) -> Result<(), FormatHintError> {
        let position = self.position - 1;
        let mut width = 1;
        while self.next_if(letter) {
            width += 1;
        }
        let item = self.item(letter, width).ok_or_else(|| {
            let hint = self.hint.to_owned();
            match letter {
                'X' => FormatHintError::ZoneTooWide {
                    hint,
                    position,
                    width,
                },
                _ => FormatHintError::UnknownLetter {
                    hint,
                    position,
                    letter,
                },
            }
        })?;
        self.items.push(item);
        Ok(())
    }

    /// Item of a letter. Numbers first have their letter count as width, and lose it unless another number
    /// follows.
    fn item(&self, letter: char, width: usize) -> Option<Item> {
        let number = match letter {
            'G' => return Some(Item::Name(Name::Era)),
            'M' | 'L' if width > 2 => return Some(Item::Name(Name::Month)),
            'E' => return Some(Item::Name(Name::Weekday)),
            'a' => return Some(Item::Name(Name::AmPm)),
            'z' | 'Z' => return Some(Item::Zone(ZoneStyle::General)),
            'X' => return iso_zone(width).map(Item::Zone),
            'y' => Number::Year {
                field: Field::Year,
                windowed: width <= 2,
            },
            'Y' => Number::Year {
                field: Field::WeekYear,
                windowed: width <= 2,
            },
            'M' | 'L' => Number::Month,
            'w' => Number::Plain(Field::WeekOfYear),
            'W' => Number::Plain(Field::WeekOfMonth),
            'D' => Number::Plain(Field::DayOfYear),
            'd' => Number::Plain(Field::DayOfMonth),
            'F' => Number::Plain(Field::WeekdayInMonth),
            'u' => Number::IsoWeekday,
            'H' => Number::Plain(Field::HourOfDay),
            'k' => Number::OneBasedHour {
                field: Field::HourOfDay,
                midnight: 24,
            },
            'K' => Number::Plain(Field::Hour),
            'h' => Number::OneBasedHour {
                field: Field::Hour,
                midnight: 12,
            },
            'm' => Number::Plain(Field::Minute),
            's' => Number::Plain(Field::Second),
            'S' if self.fraction == SecondFraction::Digits => Number::Fraction,
            'S' => Number::Plain(Field::Millisecond),
            _ => return None,
        };
        Some(Item::Number {
            number,
            width: Some(width),
        })
    }

    fn literal(&mut self, c: char) {
        if let Some(Item::Literal(text)) = self.items.last_mut() {
            text.push(c);
        } else {
            self.items.push(Item::Literal(c.to_string()));
        }
    }

    fn next(&mut self) -> Option<char> {
        self.position += 1;
        self.chars.next()
    }

    fn next_if(&mut self, wanted: char) -> bool {
        let found = self.chars.next_if_eq(&wanted).is_some();
        self.position += usize::from(found);
        found
    }
}

fn iso_zone(width: usize) -> Option<ZoneStyle> {
    match width {
        1 => Some(ZoneStyle::IsoHours),
        2 => Some(ZoneStyle::IsoBasic),
        3 => Some(ZoneStyle::IsoExtended),
        _ => None,
    }
}

fn bound_abutting_numbers(mut items: Vec<Item>) -> Vec<Item> {
    let mut number_follows = false;
    for item in items.iter_mut().rev() {
        if let Item::Number { width, .. } = item {
            *width = width.filter(|_| number_follows);
        }
        number_follows = matches!(item, Item::Number { .. });
    }
    items
}
