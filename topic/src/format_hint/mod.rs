//! Format hints: formats of the texts of a DATE or TIMESTAMP column.
//!
//! A column of a topic document may have a `formatHint`. It is one of
//!
//! | hint | reads |
//! |---|---|
//! | none, or empty | ISO 8601, and SQL's `yyyy-MM-dd[ HH:mm[:ss[.fraction]]]`, both strictly and to the end of the text |
//! | `iso8601` | only ISO 8601, `T` between date and time |
//! | `rfc2822` | mail dates: `Thu, 9 Mar 2023 21:05:00 +0900` ([RFC 5322](https://www.rfc-editor.org/rfc/rfc5322#section-3.3)) |
//! | `epoch_days`, `epoch_seconds`, `epoch_millis`, `epoch_micros`, `epoch_nanos` | a decimal number counted from 1970-01-01T00:00Z, rounded down to milliseconds |
//! | `base64` | no dates, but decimals: text is the base64 of the unscaled integer, as Kafka Connect writes it; numbers are read as without a hint |
//! | a pattern | [`java.text.SimpleDateFormat`](https://docs.oracle.com/en/java/javase/17/docs/api/java.base/java/text/SimpleDateFormat.html), as in the Java connector |
//! | `java:` and a pattern | `java.text.SimpleDateFormat` without exceptions |
//!
//! No pattern can be confused with a name: each name contains a letter that is not a pattern letter.
//!
//! Two mistakes are unambiguous and are corrected: a name in another spelling (`ISO8601`, `ISO-8601`,
//! `Epoch_Millis`), and a `T` before the hour without its quotes (`yyyy-MM-ddTHH:mm:ss`). [`correction`]
//! returns the corrected hint. A pattern after `java:` is never corrected.
//!
//! Any other hint that cannot be compiled leaves the table's other columns readable:
//! [`DateFormat::compile_or_unreadable`] makes a format that matches nothing, so that each text and number in
//! the column is a value that does not fit. In the Java connector `SimpleDateFormat` throws for every value,
//! with the same result. Dates that the payload's own type declares (Avro, Protobuf) need no hint and are
//! read nevertheless.
//!
//! # Patterns
//!
//! They have the meaning of Java 17's `SimpleDateFormat` with its defaults on AWS Lambda: lenient, English,
//! zone UTC. So month 13 rolls into the next year, text after the match is ignored, `YYYY` is the week year,
//! two digits of `yy` are in the window from 80 years before to 20 after the moment the hint was compiled,
//! and dates before 15 October 1582 are Julian. Text that does not match gives `None`, which the column shows
//! as NULL.
//!
//! One difference is intended. Java reads `S` as a *count* of milliseconds: `.7` is 7 ms and `.073456` is 73
//! seconds. Without the `java:` prefix, `S` of any width reads the digits of a fraction: `.7` is 700 ms and
//! `.073456` is 73 ms, the rest truncated. Three digits have the same meaning in both. A fraction has no
//! sign.
//!
//! Differences from Java even with `java:`:
//! - a zone applies to its value. Java's formatter keeps a zone *name* it has read and reads later texts in
//!   it;
//! - only the last zone in a text is used. In Java the names of two zones in one pattern are mixed;
//! - an instant beyond 64 bits of milliseconds (some 292 million years away) is `None`, where Java wraps around;
//! - zone names and rules are those of the JDK that `zone_table.rs` was generated from.

mod calendar;
mod epoch;
mod error;
mod iso;
mod item;
mod number;
mod parse;
mod pattern;
mod plain;
mod spelling;
mod suspicion;
mod time;
mod zone;
mod zone_name;
#[rustfmt::skip]
mod zone_table;

#[cfg(test)]
mod tests;

use std::time::{SystemTime, UNIX_EPOCH};

use chrono::DateTime;

use self::epoch::EpochUnit;
pub use self::error::FormatHintError;
use self::iso::Separator;
use self::pattern::{Pattern, SecondFraction};
use self::spelling::{ISO_8601, JAVA_PREFIX, RFC_2822};
pub use self::time::ParsedTime;

/// Compiled format hint. Stateless: a text never affects the next.
#[derive(Debug, Clone)]
pub struct DateFormat(Syntax);

/// The hint of decimals that are written as bytes.
pub(crate) const BASE64: &str = "base64";

#[derive(Debug, Clone)]
enum Syntax {
    Base64,
    Iso(Separator),
    Rfc2822,
    Epoch(EpochUnit),
    Pattern(Pattern),
    Unreadable(FormatHintError),
}

impl DateFormat {
    /// Compiles a column's `formatHint`; an empty one is [`DateFormat::default`].
    ///
    /// # Errors
    /// For a pattern that `SimpleDateFormat` rejects, with the letter and its position, unless it has a
    /// [`correction`].
    pub fn compile(hint: &str) -> Result<Self, FormatHintError> {
        Self::compile_at(hint, now_ms())
    }

    /// Compiles like [`compile`](Self::compile), with two-digit years placed around `now_ms` (epoch
    /// milliseconds).
    ///
    /// # Errors
    /// As [`compile`](Self::compile).
    pub fn compile_at(hint: &str, now_ms: i64) -> Result<Self, FormatHintError> {
        Self::compile_as_written(hint, now_ms).or_else(|error| {
            let corrected = spelling::corrected(hint).ok_or_else(|| error.clone())?;
            Self::compile_as_written(&corrected, now_ms).map_err(|_| error)
        })
    }

    fn compile_as_written(hint: &str, now_ms: i64) -> Result<Self, FormatHintError> {
        let unit = EpochUnit::ALL.into_iter().find(|unit| unit.name() == hint);
        let syntax = match (hint, unit) {
            ("", _) => return Ok(Self::default()),
            (ISO_8601, _) => Syntax::Iso(Separator::T),
            (RFC_2822, _) => Syntax::Rfc2822,
            (_, Some(unit)) => Syntax::Epoch(unit),
            _ => {
                let fraction = if hint.starts_with(JAVA_PREFIX) {
                    SecondFraction::MillisecondCount
                } else {
                    SecondFraction::Digits
                };
                Syntax::Pattern(Pattern::compile(hint, JAVA_PREFIX, fraction, now_ms)?)
            }
        };
        Ok(Self(syntax))
    }

    /// Compiles a column's hint, or makes a format that matches nothing and keeps [the
    /// reason](Self::hint_error).
    pub fn compile_or_unreadable(hint: &str) -> Self {
        Self::compile(hint).unwrap_or_else(|error| Self(Syntax::Unreadable(error)))
    }

    /// The format of columns that have the hint [`BASE64`]. It reads no dates.
    pub(crate) fn of_base64() -> Self {
        Self(Syntax::Base64)
    }

    /// Whether the text of a decimal is its unscaled integer in base64.
    pub(crate) fn is_base64(&self) -> bool {
        matches!(self.0, Syntax::Base64)
    }

    /// Reason why nothing matches.
    pub fn hint_error(&self) -> Option<&FormatHintError> {
        match &self.0 {
            Syntax::Unreadable(error) => Some(error),
            _ => None,
        }
    }

    /// Time of `text`; `None` if it does not match.
    #[must_use]
    pub fn parse(&self, text: &str) -> Option<ParsedTime> {
        match &self.0 {
            Syntax::Iso(separator) => iso::parse(text, *separator),
            Syntax::Rfc2822 => parse_rfc2822(text),
            Syntax::Epoch(unit) => unit.parse_millis(text).map(ParsedTime::utc),
            Syntax::Pattern(pattern) => pattern.parse(text),
            Syntax::Base64 | Syntax::Unreadable(_) => None,
        }
    }

    /// UTC instant of `text` in epoch milliseconds, for a TIMESTAMP column.
    #[must_use]
    pub fn parse_millis(&self, text: &str) -> Option<i64> {
        self.parse(text).map(|time| time.utc_ms)
    }

    /// Date of `text` in days since 1970-01-01, for a DATE column. See [`ParsedTime::local_days`].
    #[must_use]
    pub fn parse_days(&self, text: &str) -> Option<i32> {
        self.parse(text)?.local_days()
    }
}

impl Default for DateFormat {
    /// Format of columns without a hint: ISO 8601 or SQL's format.
    fn default() -> Self {
        Self(Syntax::Iso(Separator::TOrBlank))
    }
}

/// Corrected hint for `hint`, if there is one: see [the module](self).
pub fn correction(hint: &str) -> Option<String> {
    let corrected = spelling::corrected(hint)?;
    let is_read = |hint| DateFormat::compile_as_written(hint, 0).is_ok();
    (!is_read(hint) && is_read(&corrected)).then_some(corrected)
}

/// Probable mistakes in a pattern that compiles, as sentences; empty for any other hint.
pub(crate) fn suspicions(hint: &str) -> Vec<String> {
    match DateFormat::compile_as_written(hint, 0) {
        Ok(DateFormat(Syntax::Pattern(_))) => suspicion::of_pattern(hint),
        _ => Vec::new(),
    }
}

fn parse_rfc2822(text: &str) -> Option<ParsedTime> {
    let time = DateTime::parse_from_rfc2822(text.trim_ascii()).ok()?;
    Some(ParsedTime {
        utc_ms: time.timestamp_millis(),
        offset_seconds: time.offset().local_minus_utc(),
    })
}

fn now_ms() -> i64 {
    let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since_epoch.as_millis()).unwrap_or(i64::MAX)
}
