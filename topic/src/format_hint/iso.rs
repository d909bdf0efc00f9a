//! ISO 8601, for columns without a hint and for `iso8601`.
//!
//! A calendar date, alone or with a time of day, a fraction of any length and an offset:
//!
//! ```text
//! 2023-03-09   2023-03-09T21:05   2023-03-09T21:05:00.123456Z   2023-03-09T21:05:00,5+09:00   20230309T210500Z
//! ```
//!
//! Extended or basic form, not mixed, except for the offset (`Z`, `±hh`, `±hhmm`, `±hh:mm`). SQL has a blank
//! in place of the `T`, and possibly another before the offset. A text without an offset is UTC. `24:00` is
//! the end of its day, second 60 is a leap second and the first moment of the next minute. Unlike patterns
//! this is strict: 30 February, or trailing text, does not match. All dates are Gregorian. Week dates and
//! ordinal dates are not supported.

use chrono::{NaiveDate, NaiveDateTime};

use super::number::read_fraction_ms;
use super::time::{DAY_MS, ParsedTime};

/// Separator of date and time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Separator {
    T,
    TOrBlank,
}

/// Reads all of `text`, except surrounding blanks.
pub(super) fn parse(text: &str, separator: Separator) -> Option<ParsedTime> {
    let mut cursor = Cursor(text.trim_ascii());
    let (date, form) = cursor.date()?;
    let midnight_ms = NaiveDateTime::from(date).and_utc().timestamp_millis();
    if cursor.0.is_empty() {
        return Some(ParsedTime::utc(midnight_ms));
    }
    cursor.separator(separator)?;
    let time_ms = cursor.time_ms(form)?;
    let offset_seconds = cursor.offset_seconds(separator)?;
    cursor.0.is_empty().then_some(())?;
    ParsedTime::from_local(midnight_ms + time_ms, offset_seconds)
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    Basic,
    Extended,
}

/// Rest of a text.
struct Cursor<'a>(&'a str);

impl Cursor<'_> {
    fn date(&mut self) -> Option<(NaiveDate, Form)> {
        let year = self.digits(4)?;
        let form = if self.skip('-') {
            Form::Extended
        } else {
            Form::Basic
        };
        let month = self.digits(2)?;
        if form == Form::Extended && !self.skip('-') {
            return None;
        }
        let day = self.digits(2)?;
        Some((NaiveDate::from_ymd_opt(year as i32, month, day)?, form))
    }

    fn separator(&mut self, separator: Separator) -> Option<()> {
        let found = self.skip('T') || self.skip('t') || separator == Separator::TOrBlank && self.skip(' ');
        found.then_some(())
    }

    fn time_ms(&mut self, form: Form) -> Option<i64> {
        let hour = self.digits(2)?;
        if form == Form::Extended && !self.skip(':') {
            return None;
        }
        let minute = self.digits(2)?;
        let (second, millisecond) = self.seconds(form)?;
        let time_ms = i64::from((hour * 60 + minute) * 60 + second) * 1000 + i64::from(millisecond);
        let valid = minute < 60 && second <= 60 && (hour < 24 || time_ms == DAY_MS);
        valid.then_some(time_ms)
    }

    /// Whole seconds and their fraction in milliseconds, 0 if the time ends before.
    fn seconds(&mut self, form: Form) -> Option<(u32, i32)> {
        let given = match form {
            Form::Extended => self.skip(':'),
            Form::Basic => self.0.starts_with(|c: char| c.is_ascii_digit()),
        };
        if !given {
            return Some((0, 0));
        }
        let second = self.digits(2)?;
        if !(self.skip('.') || self.skip(',')) {
            return Some((second, 0));
        }
        let (millisecond, bytes) = read_fraction_ms(self.0)?;
        self.0 = &self.0[bytes..];
        Some((second, millisecond))
    }

    fn offset_seconds(&mut self, separator: Separator) -> Option<i32> {
        if separator == Separator::TOrBlank {
            self.skip(' ');
        }
        if self.0.is_empty() || self.skip('Z') || self.skip('z') {
            return Some(0);
        }
        let sign = if self.skip('+') {
            1
        } else if self.skip('-') {
            -1
        } else {
            return None;
        };
        let hours = self.digits(2)?;
        let minutes = if self.skip(':') || !self.0.is_empty() {
            self.digits(2)?
        } else {
            0
        };
        (hours < 24 && minutes < 60).then(|| sign * 60 * (60 * hours + minutes) as i32)
    }

    fn digits(&mut self, count: usize) -> Option<u32> {
        let digits = self.0.get(..count)?;
        if !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        self.0 = &self.0[count..];
        digits.parse().ok()
    }

    fn skip(&mut self, wanted: char) -> bool {
        let rest = self.0.strip_prefix(wanted);
        self.0 = rest.unwrap_or(self.0);
        rest.is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn millis(text: &str) -> Option<i64> {
        parse(text, Separator::TOrBlank).map(|time| time.utc_ms)
    }

    const NINE_PAST_NINE: i64 = 1_678_396_140_000; // 2023-03-09T21:09:00Z

    #[test]
    fn reads_dates_times_fractions_and_offsets() {
        for (text, ms_later) in [
            ("2023-03-09T21:09", 0),
            ("2023-03-09T21:09:00", 0),
            ("2023-03-09t21:09:00z", 0),
            ("2023-03-09T21:09:00.5", 500),
            ("2023-03-09T21:09:00,073456789Z", 73),
            ("2023-03-09T22:09:00+01:00", 0),
            ("2023-03-09T22:09:00.001+01", 1),
            ("2023-03-09T19:39-0130", 0),
            ("20230309T210900.25Z", 250),
            ("20230309T2109", 0),
            ("2023-03-09 21:09", 0),
            ("2023-03-09 21:09:00.000001", 0),
            ("2023-03-09 21:09:00 +00:00", 0),
            ("  2023-03-09 21:09\n", 0),
            ("2023-03-09T21:08:60Z", 0),
        ] {
            assert_eq!(millis(text), Some(NINE_PAST_NINE + ms_later), "{text}");
        }
        assert_eq!(millis("2023-03-09T24:00"), millis("2023-03-10"));
        assert_eq!(millis("0001-01-01"), Some(-62_135_596_800_000));
    }

    #[test]
    fn refuses_what_is_not_a_date_to_the_end() {
        for text in [
            "",
            "2023",
            "2023-03",
            "2023-3-9",
            "2023-02-29",
            "2023-13-01",
            "2023-00-10",
            "2023-03-09T",
            "2023-03-09T21",
            "2023-03-09T21:60",
            "2023-03-09T24:00:01",
            "2023-03-09T25:00",
            "2023-03-09T21:09:61",
            "2023-03-09T21:09:00.",
            "2023-03-09T21:09:00.Z",
            "2023-03-09T21:09Zz",
            "2023-03-09T21:09+",
            "2023-03-09T21:09+1",
            "2023-03-09T21:09+01:",
            "2023-03-09T21:09+24:00",
            "2023-03-09T21:09+01:60",
            "20230309T21:09",
            "2023-03-09T2109",
            "+2023-03-09",
            "2023-03-0٩",
            "2023-03-09T21:09[UTC]",
        ] {
            assert_eq!(millis(text), None, "{text}");
        }
    }

    #[test]
    fn wants_a_t_when_told_so() {
        assert_eq!(parse("2023-03-09 21:09", Separator::T), None);
        assert_eq!(parse("2023-03-09T21:09 Z", Separator::T), None);
        assert!(parse("2023-03-09T21:09Z", Separator::T).is_some());
    }
}
