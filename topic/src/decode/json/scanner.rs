//! A walk over JSON text that checks it on the way.
//!
//! It allows no more than `serde_json` does, and takes no stack however deep values nest. What it does not allow is
//! `None`, without a reason: `serde_json` can tell.

use std::ops::Range;

use crate::decode::json::search::plain_bytes;

/// Stands before a value, or behind one.
#[derive(Debug)]
pub(crate) struct Scanner<'a> {
    json: &'a [u8],
    at: usize,
    /// The brackets that the arrays and objects it stands within end with.
    ends: &'a mut Vec<u8>,
}

impl<'a> Scanner<'a> {
    /// Before the first byte of `json`. What `ends` holds is forgotten.
    pub(crate) fn new(json: &'a str, ends: &'a mut Vec<u8>) -> Self {
        ends.clear();
        let json = json.as_bytes();
        Self { json, at: 0, ends }
    }

    /// Where it stands, in bytes.
    pub(crate) fn position(&self) -> usize {
        self.at
    }

    /// Moves behind `text`, if that comes next.
    pub(crate) fn skip_text(&mut self, text: &str) -> bool {
        let found = self.rest().starts_with(text.as_bytes());
        if found {
            self.at += text.len();
        }
        found
    }

    /// Moves over blanks and gives the byte behind them; 0 at the end of the text.
    pub(crate) fn skip_blanks(&mut self) -> u8 {
        while let b' ' | b'\t' | b'\n' | b'\r' = self.first() {
            self.at += 1;
        }
        self.first()
    }

    /// Moves over blanks and behind `byte`.
    pub(crate) fn skip_byte(&mut self, byte: u8) -> Option<()> {
        (self.skip_blanks() == byte).then(|| self.at += 1)
    }

    /// Moves over blanks and behind the string. Gives where it stands, its quotes included.
    pub(crate) fn skip_string(&mut self) -> Option<Range<usize>> {
        self.skip_byte(b'"')?;
        let start = self.at - 1;
        loop {
            self.at += plain_bytes(self.rest());
            match self.first() {
                b'"' => break,
                b'\\' => self.skip_escape()?,
                _ => return None,
            }
        }
        self.at += 1;
        Some(start..self.at)
    }

    /// Moves over blanks and behind the value. Gives where it stands.
    pub(crate) fn skip_value(&mut self) -> Option<Range<usize>> {
        let first = self.skip_blanks();
        let start = self.at;
        match first {
            b'{' | b'[' => self.skip_nested()?,
            _ => self.skip_scalar(first)?,
        }
        Some(start..self.at)
    }

    fn skip_nested(&mut self) -> Option<()> {
        loop {
            match self.skip_blanks() {
                bracket @ (b'{' | b'[') => {
                    if self.enter(bracket) {
                        self.skip_key()?;
                        continue;
                    }
                }
                first => self.skip_scalar(first)?,
            }
            if !self.leave()? {
                return Some(());
            }
            self.skip_key()?;
        }
    }

    /// Moves into an array or object, or behind an empty one: then it is not within.
    fn enter(&mut self, bracket: u8) -> bool {
        self.at += 1;
        // So ASCII has them.
        let end = bracket + 2;
        let within = self.skip_blanks() != end;
        if within {
            self.ends.push(end);
        } else {
            self.at += 1;
        }
        within
    }

    /// Moves from behind a value out of whatever ends there and behind the comma; false if there is nothing left to be
    /// within.
    fn leave(&mut self) -> Option<bool> {
        while let Some(end) = self.ends.last().copied() {
            let first = self.skip_blanks();
            self.at += 1;
            match first {
                b',' => return Some(true),
                _ if first == end => self.ends.pop(),
                _ => return None,
            };
        }
        Some(false)
    }

    /// Moves behind the key, within an object.
    fn skip_key(&mut self) -> Option<()> {
        if self.ends.last() == Some(&b'}') {
            self.skip_string()?;
            self.skip_byte(b':')?;
        }
        Some(())
    }

    fn skip_scalar(&mut self, first: u8) -> Option<()> {
        match first {
            b'"' => self.skip_string().map(drop),
            b'-' | b'0'..=b'9' => self.skip_number(first),
            b't' => self.skip_word("true"),
            b'f' => self.skip_word("false"),
            b'n' => self.skip_word("null"),
            _ => None,
        }
    }

    fn skip_word(&mut self, word: &str) -> Option<()> {
        self.skip_text(word).then_some(())
    }

    fn skip_number(&mut self, first: u8) -> Option<()> {
        self.at += usize::from(first == b'-');
        let start = self.at;
        self.skip_digits()?;
        if self.json[start] == b'0' && self.at > start + 1 {
            return None;
        }
        if self.first() == b'.' {
            self.at += 1;
            self.skip_digits()?;
        }
        if let b'e' | b'E' = self.first() {
            self.at += 1;
            self.at += usize::from(matches!(self.first(), b'+' | b'-'));
            self.skip_digits()?;
        }
        Some(())
    }

    /// Moves over digits, of which there must be one.
    fn skip_digits(&mut self) -> Option<()> {
        let start = self.at;
        while self.first().is_ascii_digit() {
            self.at += 1;
        }
        (self.at > start).then_some(())
    }

    fn skip_escape(&mut self) -> Option<()> {
        self.at += match self.rest() {
            [_, b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't', ..] => 2,
            [_, b'u', digits @ ..] => {
                let digits = digits.first_chunk::<4>()?;
                digits.iter().all(u8::is_ascii_hexdigit).then_some(6)?
            }
            _ => return None,
        };
        Some(())
    }

    /// 0 at the end of the text, which no JSON holds outside of strings.
    fn first(&self) -> u8 {
        self.json.get(self.at).copied().unwrap_or(0)
    }

    fn rest(&self) -> &'a [u8] {
        self.json.get(self.at..).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde::de::{Deserialize, IgnoredAny};

    use super::*;
    use crate::decode::json::testing::json_value;

    fn value(json: &str) -> Option<Range<usize>> {
        let mut ends = vec![b'}'];
        let value = Scanner::new(json, &mut ends).skip_value();
        assert!(value.is_none() || ends.is_empty(), "{json}");
        value
    }

    /// What follows a value is for the next step to judge.
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
            // Digits may go on.
            let text = format!("{json} {tail}");
            prop_assert_eq!(value(&text), Some(0..json.len()));
        }

        #[test]
        fn allows_what_serde_json_allows(json in "([\\[\\]{}:,]|\"a\"|\"|\\\\|[-+0-9.eEu tné\n]|null|true|\"\\\\u12fF\"){0,12}") {
            prop_assert_eq!(value(&json).is_some(), serde_json_allows(&json), "{}", json);
        }
    }
}
