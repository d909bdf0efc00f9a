//! One JSON document per record.
//!
//! The document is walked once; only the mapped top-level keys are kept (as slices of the record, borrowed), every
//! other value is skipped. Numbers and nested values keep the spelling they came with.
//!
//! | in the record | in the row |
//! |---|---|
//! | key missing, or `null` | NULL |
//! | string | the string, unescaped; an unpaired surrogate escape is U+FFFD |
//! | number in VARCHAR | its text as written (`1.10`, `1e10`) |
//! | `true`, `false` in VARCHAR | `true`, `false` |
//! | object or array in VARCHAR | its JSON text as written |
//! | object or array in any other column | NULL, counted |
//! | BOOLEAN | true for `true` and `"true"` in any case, else false |
//! | integers, from number or string | digits with an optional sign; out of range, `1.0`, `1e3`, `" 7 "`, `""` are NULL, counted |
//! | REAL, DOUBLE, from number or string | as Java's `parseDouble` ([`Scalar::to_float`]), else NULL, counted |
//! | DATE, TIMESTAMP, from number or string | by the column's format, else NULL, counted |
//! | key given twice | the last one |
//! | key with escapes | compared unescaped |
//! | nesting of any depth | skipped without recursion |
//! | bytes that are not UTF-8 | replaced by U+FFFD; the row is kept |
//! | text after the document | ignored |
//! | empty value, byte order mark, comments, any other syntax error | bad record |
//! | top level not an object | bad record |
//!
//! A mapping names one top-level key, taken literally: `a.b` is the key `a.b`.

use std::fmt;
use std::ops::Range;

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;

use crate::decode::column::ColumnBuilder;
use crate::decode::scalar::Scalar;
use crate::decode::{Column, DecodeError, DecoderError, PayloadDecoder};

/// Decodes JSON objects.
pub(crate) struct JsonDecoder {
    keys: Keys,
    /// Where in the record each key's value stands, in the order of `keys`.
    found: Vec<Option<Range<usize>>>,
    /// Strings with escapes are unescaped here.
    unescaped: String,
}

impl JsonDecoder {
    pub(crate) fn new(columns: &[Column]) -> Result<Self, DecoderError> {
        let keys = Keys::new(columns.iter().map(|column| column.mapping.as_str()));
        let found = vec![None; keys.0.len()];
        Ok(Self {
            keys,
            found,
            unescaped: String::new(),
        })
    }

    /// Finds the mapped values of `json`.
    fn locate(&mut self, json: &str) -> Result<(), DecodeError> {
        expect_object(json)?;
        self.found.fill(None);
        let object = TopLevel {
            json,
            keys: &self.keys,
            found: &mut self.found,
        };
        serde_json::Deserializer::from_str(json)
            .deserialize_map(object)
            .map_err(|error| DecodeError::bad(format!("not JSON: {error}")))
    }
}

impl PayloadDecoder for JsonDecoder {
    fn decode(&mut self, payload: &[u8], columns: &mut [ColumnBuilder]) -> Result<(), DecodeError> {
        let json = String::from_utf8_lossy(payload);
        self.locate(&json)?;
        for (key, found) in self.keys.0.iter().zip(&self.found) {
            let scalar = match found {
                Some(range) => scalar(&json[range.clone()], &mut self.unescaped),
                None => Scalar::Null,
            };
            for &column in &key.columns {
                columns[column].append(scalar);
            }
        }
        Ok(())
    }
}

/// Mapped keys in the order of their bytes, each with the columns that read it.
struct Keys(Vec<Key>);

struct Key {
    name: String,
    columns: Vec<usize>,
}

impl Keys {
    fn new<'a>(mappings: impl Iterator<Item = &'a str>) -> Self {
        let mut keys: Vec<Key> = Vec::new();
        for (column, name) in mappings.enumerate() {
            match keys.binary_search_by(|key| key.name.as_str().cmp(name)) {
                Ok(known) => keys[known].columns.push(column),
                Err(at) => keys.insert(
                    at,
                    Key {
                        name: name.to_owned(),
                        columns: vec![column],
                    },
                ),
            }
        }
        Self(keys)
    }

    fn find(&self, name: &[u8]) -> Option<usize> {
        self.0.binary_search_by(|key| key.name.as_bytes().cmp(name)).ok()
    }
}

/// Names what stands there instead of an object, since a parser's own message would quote the record.
fn expect_object(json: &str) -> Result<(), DecodeError> {
    let text = json.trim_start_matches([' ', '\t', '\n', '\r']);
    let reason = match text.chars().next() {
        Some('{') => return Ok(()),
        None => "the value is empty, wanted a JSON object",
        Some('[') => "top level is an array, wanted an object",
        Some('"') => "top level is a string, wanted an object",
        Some('\u{feff}') => "the value begins with a byte order mark",
        Some('\u{3}') => "the value begins with byte 3, the mark of a Glue schema registry header",
        Some('\0') => "the value begins with byte 0, the mark of a Confluent schema registry header",
        Some(_) => "the value does not begin with a JSON object",
    };
    Err(DecodeError::bad(reason))
}

/// Walks the top-level object of `json` and notes where mapped values stand.
struct TopLevel<'a> {
    json: &'a str,
    keys: &'a Keys,
    found: &'a mut [Option<Range<usize>>],
}

impl<'de> Visitor<'de> for TopLevel<'de> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(key) = map.next_key_seed(self.keys)? {
            match key {
                Some(key) => {
                    let value: &RawValue = map.next_value()?;
                    self.found[key] = Some(range_within(self.json, value.get()));
                }
                None => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(())
    }
}

/// Where `part`, a slice of `whole`, stands in it.
fn range_within(whole: &str, part: &str) -> Range<usize> {
    let start = part.as_ptr().addr() - whole.as_ptr().addr();
    start..start + part.len()
}

/// A key's place among the mapped ones. Read as bytes, since a key that no mapping names need not be valid text.
impl<'de> DeserializeSeed<'de> for &Keys {
    type Value = Option<usize>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_bytes(self)
    }
}

impl Visitor<'_> for &Keys {
    type Value = Option<usize>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_bytes<E>(self, name: &[u8]) -> Result<Self::Value, E> {
        Ok(self.find(name))
    }
}

/// What the parser has found to be one JSON value; strings borrow from it unless they contain escapes.
fn scalar<'a>(json: &'a str, unescaped: &'a mut String) -> Scalar<'a> {
    match json.as_bytes().first() {
        Some(b'n') | None => Scalar::Null,
        Some(b't') => Scalar::Bool(true),
        Some(b'f') => Scalar::Bool(false),
        Some(b'{' | b'[') => Scalar::Nested(json),
        Some(b'"') => {
            let inside = json.get(1..json.len() - 1).unwrap_or_default();
            Scalar::Text(unescape(inside, unescaped))
        }
        Some(_) => Scalar::Number(json),
    }
}

/// Undoes JSON's escapes. The parser has checked their form, but not whether surrogates come in pairs.
fn unescape<'a>(text: &'a str, unescaped: &'a mut String) -> &'a str {
    if !text.contains('\\') {
        return text;
    }
    unescaped.clear();
    let mut rest = text;
    while let Some((plain, escape)) = rest.split_once('\\') {
        unescaped.push_str(plain);
        let (c, after) = read_escape(escape);
        unescaped.push(c);
        rest = after;
    }
    unescaped.push_str(rest);
    unescaped
}

/// The character an escape stands for, and what follows it; `escape` begins after the backslash.
fn read_escape(escape: &str) -> (char, &str) {
    let mut chars = escape.chars();
    let c = match chars.next() {
        Some('b') => '\u{8}',
        Some('f') => '\u{c}',
        Some('n') => '\n',
        Some('r') => '\r',
        Some('t') => '\t',
        Some('u') => return read_unicode_escape(chars.as_str()),
        Some(c) => c,
        None => char::REPLACEMENT_CHARACTER,
    };
    (c, chars.as_str())
}

/// `hex` begins after `\u`; a pair of surrogates takes a second escape.
fn read_unicode_escape(hex: &str) -> (char, &str) {
    let Some((unit, rest)) = read_code_unit(hex) else {
        return (char::REPLACEMENT_CHARACTER, hex);
    };
    let second = rest.strip_prefix("\\u").and_then(read_code_unit);
    if let Some((low, after)) = second
        && let Some(Ok(c)) = char::decode_utf16([unit, low]).next()
        && c.len_utf16() == 2
    {
        return (c, after);
    }
    (
        char::from_u32(unit.into()).unwrap_or(char::REPLACEMENT_CHARACTER),
        rest,
    )
}

fn read_code_unit(hex: &str) -> Option<(u16, &str)> {
    let (digits, rest) = hex.split_at_checked(4)?;
    Some((u16::from_str_radix(digits, 16).ok()?, rest))
}

#[cfg(test)]
mod tests;
