//! The members of the top-level object, as `serde_json` finds them.

use std::fmt;
use std::ops::Range;

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;

use crate::decode::error::RowError;
use crate::decode::json::wanted::{Found, Wanted};

/// Notes in `found`, which is empty, where those members of `json` stand that are wanted.
pub(crate) fn locate(json: &str, wanted: &Wanted, found: &mut Found) -> Result<(), RowError> {
    expect_object(json)?;
    serde_json::Deserializer::from_str(json)
        .deserialize_map(TopLevel { json, wanted, found })
        .map_err(|error| RowError::bad(format!("not JSON: {error}")))
}

/// The place of the member of this key, a string in its quotes, if it is wanted; `None` if it is no string.
pub(crate) fn place_of_key(key: &str, wanted: &Wanted) -> Option<Option<usize>> {
    let member = match key.contains('\\') {
        false => wanted.member(&key.as_bytes()[1..key.len() - 1]),
        true => {
            let mut key = serde_json::Deserializer::from_str(key);
            Member(wanted).deserialize(&mut key).ok()?
        }
    };
    Some(member.map(Wanted::place))
}

/// Names what stands there instead of an object, since a parser's own message would quote the record.
fn expect_object(json: &str) -> Result<(), RowError> {
    let text = json.trim_start_matches([' ', '\t', '\n', '\r']);
    let reason = match text.chars().next() {
        Some('{') => return Ok(()),
        None => "the value is empty, wanted a JSON object",
        Some('[') => "top level is an array, wanted an object",
        Some('"') => "top level is a string, wanted an object",
        Some('\u{feff}') => "the value begins with a byte order mark",
        Some(_) => "the value does not begin with a JSON object",
    };
    Err(RowError::bad(reason))
}

/// Walks the top-level object of `json` and notes where mapped values stand.
struct TopLevel<'a> {
    json: &'a str,
    wanted: &'a Wanted,
    found: &'a mut Found,
}

impl<'de> Visitor<'de> for TopLevel<'de> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(member) = map.next_key_seed(Member(self.wanted))? {
            match member {
                Some(wanted) => {
                    let value: &RawValue = map.next_value()?;
                    self.found[wanted.place()] = Some(range_within(self.json, value.get()));
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

/// What is wanted of the member of a key. Read as bytes, since a key that no mapping names need not be valid text.
struct Member<'a>(&'a Wanted);

impl<'de, 'a> DeserializeSeed<'de> for Member<'a> {
    type Value = Option<&'a Wanted>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_bytes(self)
    }
}

impl<'a> Visitor<'_> for Member<'a> {
    type Value = Option<&'a Wanted>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_bytes<E>(self, name: &[u8]) -> Result<Self::Value, E> {
        Ok(self.0.member(name))
    }
}
