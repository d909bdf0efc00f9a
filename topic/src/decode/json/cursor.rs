//! A walk over JSON text that a parser has found to be JSON.
//!
//! It takes the text's form for granted, so it is quick and cannot fail; over any other text it would find nonsense, but
//! neither panic nor loop. What is skipped costs neither stack nor memory.

use crate::decode::json::search::plain_bytes;

/// Stands before a value, or, within an array or object, behind one.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Cursor<'a> {
    json: &'a str,
    at: usize,
}

impl<'a> Cursor<'a> {
    /// Before the value of `json`.
    pub(crate) fn new(json: &'a str) -> Self {
        Self::at(json, 0)
    }

    /// Before the value at byte `at` of `json`.
    pub(crate) fn at(json: &'a str, at: usize) -> Self {
        let mut cursor = Self { json, at };
        cursor.skip_blanks();
        cursor
    }

    /// Where it stands, in bytes.
    pub(crate) fn position(&self) -> usize {
        self.at
    }

    /// The first byte of the value it stands before; 0 at the end of the text.
    pub(crate) fn first(&self) -> u8 {
        self.json.as_bytes().get(self.at).copied().unwrap_or(0)
    }

    /// Moves behind the value, whose text it gives.
    pub(crate) fn take(&mut self) -> &'a str {
        let start = self.at;
        self.skip();
        self.text(start, self.at)
    }

    /// Moves behind the value.
    pub(crate) fn skip(&mut self) {
        match self.first() {
            b'"' => self.skip_string(),
            b'{' | b'[' => self.skip_nested(),
            _ => self.skip_while(|byte| !is_blank(byte) && !matches!(byte, b',' | b']' | b'}')),
        }
    }

    /// Moves into the array or object it stands before.
    pub(crate) fn enter(&mut self) {
        self.at += 1;
    }

    /// Moves before the array's next item; if there is none, behind the array.
    pub(crate) fn next_item(&mut self) -> bool {
        self.skip_blanks();
        match self.first() {
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

    /// Moves before the value of the object's next member and gives its key, still escaped; if there is none, moves
    /// behind the object.
    pub(crate) fn next_key(&mut self) -> Option<&'a str> {
        if !self.next_item() {
            return None;
        }
        let start = self.at + 1;
        self.skip_string();
        let key = self.text(start, self.at.saturating_sub(1));
        self.skip_while(|byte| is_blank(byte) || byte == b':');
        Some(key)
    }

    fn skip_blanks(&mut self) {
        self.skip_while(is_blank);
    }

    fn skip_while(&mut self, skipped: impl Fn(u8) -> bool) {
        let rest = self.rest();
        let skipped = rest.iter().position(|byte| !skipped(*byte));
        self.at += skipped.unwrap_or(rest.len());
    }

    fn skip_string(&mut self) {
        self.at += 1;
        loop {
            self.at += plain_bytes(self.rest());
            match self.first() {
                b'\\' => self.at += 2,
                b'"' => break,
                _ if self.at >= self.json.len() => break,
                // No JSON, but a cursor cannot fail.
                _ => self.at += 1,
            }
        }
        self.at += 1;
    }

    fn skip_nested(&mut self) {
        let mut depth = 0_usize;
        loop {
            match self.first() {
                b'"' => self.skip_string(),
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

    fn rest(&self) -> &'a [u8] {
        self.json.as_bytes().get(self.at..).unwrap_or_default()
    }

    fn text(&self, start: usize, end: usize) -> &'a str {
        let end = end.min(self.json.len());
        self.json.get(start..end).unwrap_or_default()
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
        let mut cursor = Cursor::new(" { \"a\" : [ 1 , \"]\\\"}\" ] , \"b\\\"\":{}\n,\"\" :-1.5e3} tail");
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

    /// Reads through the cursor what is then to equal the tree.
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
            prop_assert_eq!(read(&mut Cursor::new(&json)), value);
            prop_assert_eq!(Cursor::new(&json).take(), json.as_str());
        }

        #[test]
        fn ends_on_any_text(text in "([\\[\\]{}\":,\\\\ 0-9aé]|\\\\\")*") {
            let (mut members, mut items) = (Cursor::new(&text), Cursor::new(&text));
            let mut calls = 0;
            while members.next_key().is_some() || items.next_item() {
                members.skip();
                items.skip();
                calls += 1;
                prop_assert!(calls <= 2 * text.len());
            }
            prop_assert!(Cursor::new(&text).take().len() <= text.len());
        }
    }
}
