//! Error of a record that is not a JSON object.

use std::fmt;

use serde::de::{Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;

use crate::decode::error::RowError;

/// Reason why [`members`](super::members) rejected `json`: the message of `serde_json`, unless it would quote
/// the record.
pub(crate) fn refusal(json: &str) -> RowError {
    let text = json.trim_start_matches([' ', '\t', '\n', '\r']);
    RowError::bad(match text.chars().next() {
        Some('{') => match serde_json::Deserializer::from_str(json).deserialize_map(AnyObject) {
            Err(error) => format!("not JSON: {error}"),
            // Both accept the same texts.
            Ok(()) => "not JSON".to_owned(),
        },
        None => "the value is empty, wanted a JSON object".to_owned(),
        Some('[') => "top level is an array, wanted an object".to_owned(),
        Some('"') => "top level is a string, wanted an object".to_owned(),
        Some('\u{feff}') => "the value begins with a byte order mark".to_owned(),
        Some(_) => "the value does not begin with a JSON object".to_owned(),
    })
}

/// Object with any members; keys need not be valid text.
struct AnyObject;

impl<'de> Visitor<'de> for AnyObject {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<(), A::Error> {
        while members.next_entry::<&RawValue, IgnoredAny>()?.is_some() {}
        Ok(())
    }
}
