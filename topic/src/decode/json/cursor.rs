//! Traversal of JSON text.
//!
//! [`skip`](Cursor::skip), [`take`](Cursor::take), [`next_item`](Cursor::next_item) and
//! [`next_key`](Cursor::next_key) assume valid JSON, so they are fast and cannot fail; on any other text
//! their results are meaningless, but they neither panic nor loop. [`scanner`](super::scanner) validates
//! text. Skipping uses neither stack nor memory.

use std::ops::Range;

use crate::decode::json::search::plain_bytes;

/// Position before a value, or, within an array or object, after one.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Cursor<'a> {
    json: &'a str,
    at: usize,
}

impl<'a> Cursor<'a> {
    /// Cursor before the first byte of `json`.
    pub(crate) fn new(json: &'a str) -> Self {
        Self { json, at: 0 }
    }

    /// Cursor before the value at byte `at` of `json`.
    pub(crate) fn at(json: &'a str, at: usize) -> Self {
        let mut cursor = Self { json, at };
        cursor.skip_blanks();
        cursor
    }

    /// Position in bytes.
    pub(crate) fn position(&self) -> usize {
        self.at
    }

    /// Next byte; 0 at the end of the text, which JSON never contains outside of strings.
    pub(crate) fn first(&self) -> u8 {
        self.json.as_bytes().get(self.at).copied().unwrap_or(0)
    }

    /// Moves past the value and returns its text.
    pub(crate) fn take(&mut self) -> &'a str {
        let start = self.at;
        self.skip();
        self.text(start..self.at)
    }

    /// Moves past the value.
    pub(crate) fn skip(&mut self) {
        match self.first() {
            b'"' => {
                self.skip_key();
            }
            b'{' | b'[' => self.skip_nested(),
            _ => self.skip_while(|byte| !is_blank(byte) && !matches!(byte, b',' | b']' | b'}')),
        }
    }

    /// Moves into the next array or object, or past any other byte.
    pub(crate) fn enter(&mut self) {
        self.at += 1;
    }

    /// Moves before the array's next item; if there is none, past the array.
    pub(crate) fn next_item(&mut self) -> bool {
        match self.skip_blanks() {
            b']' | b'}' => {
                self.at += 1;
                return false;
            }
            b',' => self.at += 1,
            _ => {}
        }
        self.skip_blanks();
        self.at < self.json.len()
    }

    /// Moves before the value of the object's next member and returns its key, still escaped; if there is
    /// none, moves past the object.
    pub(crate) fn next_key(&mut self) -> Option<&'a str> {
        if !self.next_item() {
            return None;
        }
        let key = self.skip_key();
        self.skip_while(|byte| is_blank(byte) || byte == b':');
        Some(self.text(key.start + 1..key.end.saturating_sub(1)))
    }

    /// Skips blanks and returns the next byte.
    pub(crate) fn skip_blanks(&mut self) -> u8 {
        while is_blank(self.first()) {
            self.at += 1;
        }
        self.first()
    }

    /// Moves past `text`, if it is next.
    pub(crate) fn skip_text(&mut self, text: &str) -> bool {
        let found = self.rest().starts_with(text.as_bytes());
        if found {
            self.at += text.len();
        }
        found
    }

    /// Skips blanks and moves past `byte`, if it is next.
    pub(crate) fn skip_byte(&mut self, byte: u8) -> Option<()> {
        (self.skip_blanks() == byte).then(|| self.at += 1)
    }

    /// Skips blanks and moves past a string, if it is next. Returns its range, including its quotes.
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

    /// Moves past an expected string, or else to the end of the text.
    fn skip_key(&mut self) -> Range<usize> {
        self.skip_string().unwrap_or_else(|| {
            self.at = self.json.len();
            self.at..self.at
        })
    }

    fn skip_nested(&mut self) {
        let mut depth = 0_usize;
        loop {
            match self.first() {
                b'"' => {
                    self.skip_key();
                }
                b'{' | b'[' => {
                    depth += 1;
                    self.at += 1;
                }
                b'}' | b']' => {
                    depth -= 1;
                    self.at += 1;
                }
                _ => self.skip_while(|byte| !matches!(byte, b'"' | b'{' | b'[' | b'}' | b']')),
            }
            if depth == 0 || self.at >= self.json.len() {
                return;
            }
        }
    }

    fn skip_while(&mut self, skipped: impl Fn(u8) -> bool) {
        let rest = self.rest();
        let skipped = rest.iter().position(|byte| !skipped(*byte));
        self.at += skipped.unwrap_or(rest.len());
    }

    fn rest(&self) -> &'a [u8] {
        self.json.as_bytes().get(self.at..).unwrap_or_default()
    }

    fn text(&self, range: Range<usize>) -> &'a str {
        self.json.get(range).unwrap_or_default()
    }
}

fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | b'\r')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::Value;

    use super::*;
    use crate::decode::json::testing::json_value;

    #[test]
    fn gives_keys_and_values_as_written() {
        let mut cursor = Cursor::at(
            " { \"a\" : [ 1 , \"]\\\"}\" ] , \"b\\\"\":{}\n,\"\" :-1.5e3} tail",
            0,
        );
        cursor.enter();
        let mut members = Vec::new();
        while let Some(key) = cursor.next_key() {
            members.push((key, cursor.take()));
        }
        assert_eq!(
            members,
            [("a", "[ 1 , \"]\\\"}\" ]"), ("b\\\"", "{}"), ("", "-1.5e3")]
        );
        assert_eq!(cursor.first(), b' ');
    }

    /// Reads a value through the cursor, to compare it with the tree.
    fn read(cursor: &mut Cursor<'_>) -> Value {
        match cursor.first() {
            b'{' => {
                let mut members = serde_json::Map::new();
                cursor.enter();
                while let Some(key) = cursor.next_key() {
                    let key = serde_json::from_str(&format!("\"{key}\"")).unwrap();
                    members.insert(key, read(cursor));
                }
                Value::Object(members)
            }
            b'[' => {
                let mut items = Vec::new();
                cursor.enter();
                while cursor.next_item() {
                    items.push(read(cursor));
                }
                Value::Array(items)
            }
            _ => serde_json::from_str(cursor.take()).unwrap(),
        }
    }

    proptest! {
        #[test]
        fn reads_what_was_written(value in json_value(), pretty: bool) {
            let print = if pretty { serde_json::to_string_pretty } else { serde_json::to_string };
            let json = print(&value).unwrap();
            prop_assert_eq!(read(&mut Cursor::at(&json, 0)), value);
            prop_assert_eq!(Cursor::at(&json, 0).take(), json.as_str());
        }

        #[test]
        fn ends_on_any_text(text in "([\\[\\]{}\":,\\\\ 0-9aé]|\\\\\")*") {
            let (mut members, mut items) = (Cursor::at(&text, 0), Cursor::at(&text, 0));
            let mut calls = 0;
            while members.next_key().is_some() || items.next_item() {
                members.skip();
                items.skip();
                calls += 1;
                prop_assert!(calls <= 2 * text.len());
            }
            prop_assert!(Cursor::at(&text, 0).take().len() <= text.len());
        }
    }
}
