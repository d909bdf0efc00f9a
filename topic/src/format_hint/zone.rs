//! Zones in texts: numeric offsets, `GMT±hh:mm`, and English names.
//!
//! Names have the meaning that Java gives them: `IST` is Israel's, `CST` Chicago's, and a name with
//! *standard* or *daylight* is used literally in any month. The table comes from the JDK.

use super::item::ZoneStyle;
use super::zone_name::ZoneName;
use super::zone_table::{HISTORIES, NAMES};

const GMT: &str = "GMT";

/// Zone of one value.
#[derive(Debug, Clone, Copy)]
pub(super) enum Zone {
    /// Seconds east of UTC.
    Offset(i32),
    Named(&'static ZoneName),
}

impl Zone {
    pub(super) const UTC: Self = Self::Offset(0);

    /// Zone after `blanks` bytes of blanks, and the length in bytes of both.
    pub(super) fn read(text: &str, blanks: usize, style: ZoneStyle) -> Option<(Self, usize)> {
        let (zone, bytes) = match style {
            // "GMT" is searched before the blanks, as in Java; after them it is a name like others.
            ZoneStyle::General => match starts_with_ignoring_case(text, GMT) {
                Some(gmt_bytes) => read_gmt_offset(text, gmt_bytes)?,
                None => read_general(&text[blanks..])?,
            },
            ZoneStyle::IsoHours => read_iso(&text[blanks..], OffsetSpelling::Hours)?,
            ZoneStyle::IsoBasic => read_iso(&text[blanks..], OffsetSpelling::Basic)?,
            ZoneStyle::IsoExtended => read_iso(&text[blanks..], OffsetSpelling::Extended)?,
        };
        Some((zone, blanks + bytes))
    }

    /// Seconds east of UTC, in force at a local time.
    pub(super) fn offset_seconds(self, local_ms: i64) -> i32 {
        match self {
            Self::Offset(seconds) => seconds,
            Self::Named(name) => name.offset_seconds(local_ms.div_euclid(1000)),
        }
    }
}

impl ZoneName {
    fn offset_seconds(&self, local_seconds: i64) -> i32 {
        let history = HISTORIES[self.history];
        let later = history.partition_point(|(from, _)| *from <= local_seconds);
        let in_force = history[..later].last().or(history.first());
        in_force.map_or(0, |(_, seconds)| seconds + self.saving_seconds)
    }
}

/// Format of an offset's digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum OffsetSpelling {
    /// `hh`.
    Hours,
    /// `hhmm`.
    Basic,
    /// `hh:mm`.
    Extended,
    /// `hh:mm` or `h:mm`.
    Gmt,
}

fn read_general(text: &str) -> Option<(Zone, usize)> {
    if text.starts_with(['+', '-']) {
        return read_offset(text, OffsetSpelling::Basic);
    }
    let (name, bytes) = longest_zone_name(text)?;
    Some((Zone::Named(name), bytes))
}

/// Offset after "GMT", 0 if there is none.
fn read_gmt_offset(text: &str, gmt_bytes: usize) -> Option<(Zone, usize)> {
    let offset = &text[gmt_bytes..];
    if !offset.starts_with(['+', '-']) {
        return Some((Zone::UTC, gmt_bytes));
    }
    let (zone, bytes) = read_offset(offset, OffsetSpelling::Gmt)?;
    Some((zone, gmt_bytes + bytes))
}

fn read_iso(text: &str, spelling: OffsetSpelling) -> Option<(Zone, usize)> {
    if text.starts_with('Z') {
        Some((Zone::UTC, 1))
    } else {
        read_offset(text, spelling)
    }
}

/// Reads a sign and an offset below 24 hours.
fn read_offset(text: &str, spelling: OffsetSpelling) -> Option<(Zone, usize)> {
    let (sign, digits) = match text.as_bytes().split_first()? {
        (b'+', digits) => (1, digits),
        (b'-', digits) => (-1, digits),
        _ => return None,
    };
    let (hours, mut bytes) = match digits {
        [tens @ b'0'..=b'9', ones @ b'0'..=b'9', ..] => (two_digits(*tens, *ones), 2),
        [ones @ b'0'..=b'9', ..] if spelling == OffsetSpelling::Gmt => (two_digits(b'0', *ones), 1),
        _ => return None,
    };
    let minutes = match (spelling, &digits[bytes..]) {
        (OffsetSpelling::Hours, _) => 0,
        (OffsetSpelling::Basic, [tens @ b'0'..=b'5', ones @ b'0'..=b'9', ..]) => {
            bytes += 2;
            two_digits(*tens, *ones)
        }
        (
            OffsetSpelling::Extended | OffsetSpelling::Gmt,
            [b':', tens @ b'0'..=b'5', ones @ b'0'..=b'9', ..],
        ) => {
            bytes += 3;
            two_digits(*tens, *ones)
        }
        _ => return None,
    };
    (hours < 24).then(|| (Zone::Offset(sign * 60 * (60 * hours + minutes)), 1 + bytes))
}

fn two_digits(tens: u8, ones: u8) -> i32 {
    i32::from(tens - b'0') * 10 + i32::from(ones - b'0')
}

/// Longest name at the beginning of `text`, and its length in bytes there.
fn longest_zone_name(text: &str) -> Option<(&'static ZoneName, usize)> {
    let initial = fold_case(text.chars().next()?);
    let first = NAMES.partition_point(|name| initial_of(name) < initial);
    let candidates = NAMES[first..]
        .iter()
        .take_while(|name| initial_of(name) == initial);
    let found = candidates.filter_map(|name| Some((name, starts_with_ignoring_case(text, name.name)?)));
    found.max_by_key(|(_, bytes)| *bytes)
}

fn initial_of(name: &ZoneName) -> char {
    name.name.chars().next().map_or('\0', fold_case)
}

/// Length in bytes of the beginning of `text` that matches `prefix` without regard to case; `None` if it does
/// not match.
pub(super) fn starts_with_ignoring_case(text: &str, prefix: &str) -> Option<usize> {
    let mut rest = text.chars();
    for wanted in prefix.chars() {
        let found = rest.next()?;
        if found != wanted && fold_case(found) != fold_case(wanted) {
            return None;
        }
    }
    Some(text.len() - rest.as_str().len())
}

/// Folds one character through upper case to lower case, as `String.regionMatches` does.
fn fold_case(c: char) -> char {
    match c {
        _ if c.is_ascii() => c.to_ascii_lowercase(),
        // Its lower case is two characters long outside of Java.
        'İ' => 'i',
        _ => {
            let upper = only(c.to_uppercase()).unwrap_or(c);
            only(upper.to_lowercase()).unwrap_or(upper)
        }
    }
}

fn only(mut chars: impl Iterator<Item = char>) -> Option<char> {
    chars.next().filter(|_| chars.next().is_none())
}
