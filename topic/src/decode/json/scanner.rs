//! Validating variant of [`Cursor`].
//!
//! It accepts no text that `serde_json` rejects, and uses no stack however deep values nest. For invalid text
//! it returns `None` without a reason, which `serde_json` provides.

use std::ops::Range;

use crate::decode::json::cursor::Cursor;

/// Moves `cursor` past blanks and the value, and returns its range. `ends` holds a byte for each level of
/// nesting.
pub(crate) fn skip_value(cursor: &mut Cursor<'_>, ends: &mut Vec<u8>) -> Option<Range<usize>> {
    ends.clear();
    let first = cursor.skip_blanks();
    let start = cursor.position();
    match first {
        b'{' | b'[' => Scanner { cursor, ends }.skip_nested()?,
        _ => skip_scalar(cursor, first)?,
    }
    Some(start..cursor.position())
}

struct Scanner<'c, 'a> {
    cursor: &'c mut Cursor<'a>,
    /// Closing brackets of the enclosing arrays and objects.
    ends: &'c mut Vec<u8>,
}

impl Scanner<'_, '_> {
    fn skip_nested(&mut self) -> Option<()> {
        loop {
            match self.cursor.skip_blanks() {
                bracket @ (b'{' | b'[') => {
                    if self.enter(bracket) {
                        self.skip_key()?;
                        continue;
                    }
                }
                first => skip_scalar(self.cursor, first)?,
            }
            if !self.leave()? {
                return Some(());
            }
            self.skip_key()?;
        }
    }

    /// Moves into an array or object; false if it is empty and was skipped.
    fn enter(&mut self, bracket: u8) -> bool {
        self.cursor.enter();
        // In ASCII the closing bracket is two above the opening one.
        let end = bracket + 2;
        let within = self.cursor.skip_blanks() != end;
        if within {
            self.ends.push(end);
        } else {
            self.cursor.enter();
        }
        within
    }

    /// Moves out of the arrays and objects that end after a value, and past the comma; false if none encloses
    /// the position any more.
    fn leave(&mut self) -> Option<bool> {
        while let Some(end) = self.ends.last().copied() {
            let first = self.cursor.skip_blanks();
            self.cursor.enter();
            match first {
                b',' => return Some(true),
                _ if first == end => self.ends.pop(),
                _ => return None,
            };
        }
        Some(false)
    }

    /// Moves past the key, within an object.
    fn skip_key(&mut self) -> Option<()> {
        if self.ends.last() == Some(&b'}') {
            self.cursor.skip_string()?;
            self.cursor.skip_byte(b':')?;
        }
        Some(())
    }
}

fn skip_scalar(cursor: &mut Cursor<'_>, first: u8) -> Option<()> {
    match first {
        b'"' => cursor.skip_string().map(drop),
        b'-' | b'0'..=b'9' => skip_number(cursor),
        b't' => cursor.skip_text("true").then_some(()),
        b'f' => cursor.skip_text("false").then_some(()),
        b'n' => cursor.skip_text("null").then_some(()),
        _ => None,
    }
}

fn skip_number(cursor: &mut Cursor<'_>) -> Option<()> {
    cursor.skip_text("-");
    let leading_zero = cursor.first() == b'0';
    if skip_digits(cursor)? > 1 && leading_zero {
        return None;
    }
    if cursor.skip_text(".") {
        skip_digits(cursor)?;
    }
    if cursor.skip_text("e") || cursor.skip_text("E") {
        let _sign = cursor.skip_text("+") || cursor.skip_text("-");
        skip_digits(cursor)?;
    }
    Some(())
}

/// Moves past digits, of which there must be one; returns their number.
fn skip_digits(cursor: &mut Cursor<'_>) -> Option<usize> {
    let start = cursor.position();
    while cursor.first().is_ascii_digit() {
        cursor.enter();
    }
    Some(cursor.position() - start).filter(|digits| *digits > 0)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde::de::{Deserialize, IgnoredAny};

    use super::*;
    use crate::decode::json::testing::json_value;

    fn value(json: &str) -> Option<Range<usize>> {
        let mut ends = vec![b'}'];
        let value = skip_value(&mut Cursor::new(json), &mut ends);
        assert!(value.is_none() || ends.is_empty(), "{json}");
        value
    }

    /// The text after a value is checked by the next step.
    fn serde_json_allows(json: &str) -> bool {
        IgnoredAny::deserialize(&mut serde_json::Deserializer::from_str(json)).is_ok()
    }

    #[test]
    fn gives_where_a_value_stands() {
        for (json, wanted) in [
            (" 1 ", 1..2),
            ("\"a\\\"b\",", 0..6),
            ("\n[ { } , [ ] , {\"a\" : [ ]} ]]", 1..28),
            ("-0.5e+7}", 0..7),
            ("true false", 0..4),
        ] {
            assert_eq!(value(json), Some(wanted), "{json}");
        }
    }

    #[test]
    fn allows_what_json_allows() {
        for json in [
            "0",
            "-0",
            "10",
            "1.5",
            "1E5",
            "1e-5",
            "0.0e0",
            "null",
            "false",
            "\"\"",
            "\"\\u00eF\\ud800\"",
            "[]",
            "{}",
            "[[],{}]",
            "\t{\"a\":1,\"a\":[1,2]}",
            "\"\u{7f}é\"",
        ] {
            assert!(value(json).is_some() && serde_json_allows(json), "{json}");
        }
        for json in [
            "",
            "-",
            "+1",
            ".5",
            "1.",
            "1.e5",
            "1e",
            "1e+",
            "nul",
            "TRUE",
            "NaN",
            "'a'",
            "\"",
            "\"a",
            "\"\\",
            "\"\\\"",
            "\"\\x\"",
            "\"\\u00e\"",
            "\"\\u00e",
            "\"\\u+0e0\"",
            "\"\n\"",
            "\"\0\"",
            "[",
            "[1",
            "[1,",
            "[1,]",
            "[,1]",
            "[1 2]",
            "[1}",
            "{]",
            "{\"a\"}",
            "{\"a\":}",
            "{\"a\":1,}",
            "{1:2}",
            "{\"a\" 1}",
            "{\"a\":1]",
            "[{]}",
            "[01]",
            "\0",
            "}",
        ] {
            assert!(value(json).is_none() && !serde_json_allows(json), "{json}");
        }
    }

    proptest! {
        #[test]
        fn finds_the_end_of_what_was_written(json in json_value(), pretty: bool, tail in "[ ,}\\]a\"]{0,3}") {
            let print = if pretty { serde_json::to_string_pretty } else { serde_json::to_string };
            let json = print(&json).unwrap();
            // Digits may continue.
            let text = format!("{json} {tail}");
            prop_assert_eq!(value(&text), Some(0..json.len()));
        }

        #[test]
        fn allows_what_serde_json_allows(json in "([\\[\\]{}:,]|\"a\"|\"|\\\\|[-+0-9.eEu tné\n]|null|true|\"\\\\u12fF\"){0,12}") {
            prop_assert_eq!(value(&json).is_some(), serde_json_allows(&json), "{}", json);
        }
    }
}
