//! JSON as Trino's functions see it: numbers in their spelling, members in their order.

use crate::number::java_double_text;

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Json {
    Null,
    Boolean(bool),
    /// Number in its spelling.
    Number(String),
    Text(String),
    Array(Vec<Json>),
    Object(Vec<(String, Json)>),
}

impl Json {
    /// The whole text as one value; None if it is not one.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let mut reader = Reader { text, at: 0 };
        let value = reader.value(0)?;
        reader.blanks();
        (reader.at == text.len()).then_some(value)
    }

    /// The value without blanks, floating numbers as doubles, as Jackson writes what it has read.
    pub(crate) fn text(&self) -> String {
        let mut out = String::new();
        self.write(&mut out);
        out
    }

    fn write(&self, out: &mut String) {
        match self {
            Self::Null => out.push_str("null"),
            Self::Boolean(b) => out.push_str(if *b { "true" } else { "false" }),
            Self::Number(number) => out.push_str(&number_text(number)),
            Self::Text(text) => quote(text, out),
            Self::Array(items) => {
                out.push('[');
                for (i, item) in items.iter().enumerate() {
                    out.push_str(if i > 0 { "," } else { "" });
                    item.write(out);
                }
                out.push(']');
            }
            Self::Object(members) => {
                out.push('{');
                for (i, (key, value)) in members.iter().enumerate() {
                    out.push_str(if i > 0 { "," } else { "" });
                    quote(key, out);
                    out.push(':');
                    value.write(out);
                }
                out.push('}');
            }
        }
    }
}

/// Integers as they are, others as Java spells the double.
pub(crate) fn number_text(number: &str) -> String {
    if !number.contains(['.', 'e', 'E']) {
        return if number == "-0" {
            "0".to_owned()
        } else {
            number.to_owned()
        };
    }
    match number.parse::<f64>() {
        Ok(double) if double == 0.0 => (if double.is_sign_negative() { "-0.0" } else { "0.0" }).to_owned(),
        Ok(double) if double.is_finite() => java_double_text(double),
        // Jackson writes what is not a number in JSON as text.
        Ok(double) => format!("\"{}\"", java_double_text(double)),
        Err(_) => number.to_owned(),
    }
}

pub(crate) fn quote(text: &str, out: &mut String) {
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\u{8}' => out.push_str("\\b"),
            '\u{c}' => out.push_str("\\f"),
            c if c < ' ' => out.push_str(&format!("\\u{:04X}", c as u32)),
            c => out.push(c),
        }
    }
    out.push('"');
}

/// Deeper values than Jackson reads are not JSON.
const MOST_DEPTH: usize = 1000;

/// A reader that can stop early: the rest of the text is then not looked at.
pub(crate) struct Reader<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Reader<'a> {
    pub(crate) fn new(text: &'a str) -> Self {
        Self { text, at: 0 }
    }

    fn blanks(&mut self) {
        let rest = self.text[self.at..].trim_start_matches([' ', '\t', '\n', '\r']);
        self.at = self.text.len() - rest.len();
    }

    pub(crate) fn peek(&mut self) -> Option<u8> {
        self.blanks();
        self.text.as_bytes().get(self.at).copied()
    }

    pub(crate) fn accept(&mut self, byte: u8) -> bool {
        let found = self.peek() == Some(byte);
        self.at += usize::from(found);
        found
    }

    pub(crate) fn value(&mut self, depth: usize) -> Option<Json> {
        if depth > MOST_DEPTH {
            return None;
        }
        Some(match self.peek()? {
            b'{' => {
                let mut members = Vec::new();
                self.members(|reader, key| {
                    members.push((key, reader.value(depth + 1)?));
                    Some(true)
                })?;
                Json::Object(members)
            }
            b'[' => {
                let mut items = Vec::new();
                self.items(|reader, _| {
                    items.push(reader.value(depth + 1)?);
                    Some(true)
                })?;
                Json::Array(items)
            }
            b'"' => Json::Text(self.string()?),
            b't' => self.word("true", Json::Boolean(true))?,
            b'f' => self.word("false", Json::Boolean(false))?,
            b'n' => self.word("null", Json::Null)?,
            _ => Json::Number(self.number()?.to_owned()),
        })
    }

    /// Calls `each` for every member of the object that comes, until it returns false.
    pub(crate) fn members(&mut self, mut each: impl FnMut(&mut Self, String) -> Option<bool>) -> Option<()> {
        if !self.accept(b'{') {
            return None;
        }
        if self.accept(b'}') {
            return Some(());
        }
        loop {
            self.blanks();
            let key = self.string()?;
            if !self.accept(b':') {
                return None;
            }
            if !each(self, key)? {
                return Some(());
            }
            if self.accept(b'}') {
                return Some(());
            }
            if !self.accept(b',') {
                return None;
            }
        }
    }

    /// Calls `each` for every item of the array that comes, until it returns false.
    pub(crate) fn items(&mut self, mut each: impl FnMut(&mut Self, usize) -> Option<bool>) -> Option<()> {
        if !self.accept(b'[') {
            return None;
        }
        if self.accept(b']') {
            return Some(());
        }
        for place in 0.. {
            if !each(self, place)? {
                return Some(());
            }
            if self.accept(b']') {
                return Some(());
            }
            if !self.accept(b',') {
                return None;
            }
        }
        None
    }

    fn word(&mut self, word: &str, value: Json) -> Option<Json> {
        let after = self.text[self.at..].strip_prefix(word)?;
        if after.starts_with(|c: char| c.is_alphanumeric() || c == '_' || c == '$') {
            return None;
        }
        self.at += word.len();
        Some(value)
    }

    fn number(&mut self) -> Option<&'a str> {
        let rest = &self.text[self.at..];
        let bytes = rest.as_bytes();
        let digits = |from: usize| bytes[from..].iter().take_while(|b| b.is_ascii_digit()).count();
        let mut end = usize::from(bytes.first() == Some(&b'-'));
        let whole = digits(end);
        if whole == 0 || whole > 1 && bytes[end] == b'0' {
            return None;
        }
        end += whole;
        if bytes.get(end) == Some(&b'.') {
            let fraction = digits(end + 1);
            if fraction == 0 {
                return None;
            }
            end += 1 + fraction;
        }
        if matches!(bytes.get(end), Some(b'e' | b'E')) {
            let sign = usize::from(matches!(bytes.get(end + 1), Some(b'+' | b'-')));
            let exponent = digits(end + 1 + sign);
            if exponent == 0 {
                return None;
            }
            end += 1 + sign + exponent;
        }
        if rest[end..].starts_with(|c: char| c.is_alphanumeric() || c == '_' || c == '.') {
            return None;
        }
        self.at += end;
        Some(&rest[..end])
    }

    fn string(&mut self) -> Option<String> {
        let rest = self.text[self.at..].strip_prefix('"')?;
        let mut text = String::new();
        let mut chars = rest.char_indices();
        while let Some((at, c)) = chars.next() {
            match c {
                '"' => {
                    self.at += 1 + at + 1;
                    return Some(text);
                }
                '\\' => {
                    let (at, escaped) = chars.next()?;
                    match escaped {
                        '"' | '\\' | '/' => text.push(escaped),
                        'b' => text.push('\u{8}'),
                        'f' => text.push('\u{c}'),
                        'n' => text.push('\n'),
                        'r' => text.push('\r'),
                        't' => text.push('\t'),
                        'u' => {
                            let unit = |at: usize| u16::from_str_radix(rest.get(at..at + 4)?, 16).ok();
                            let first = unit(at + 1)?;
                            let mut units = vec![first];
                            if (0xd800..0xdc00).contains(&first) && rest.get(at + 5..at + 7) == Some("\\u") {
                                units.push(unit(at + 7)?);
                            }
                            text.push_str(&String::from_utf16(&units).ok()?);
                            chars.nth(if units.len() == 2 { 9 } else { 3 });
                        }
                        _ => return None,
                    }
                }
                c if c < ' ' => return None,
                c => text.push(c),
            }
        }
        None
    }
}
