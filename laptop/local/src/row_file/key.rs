//! Keys of records, from their rows.

use std::collections::HashMap;

use serde_json::value::RawValue;

/// Top-level field of rows whose value is the record's key: text without quotes, a number or boolean as JSON spells it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyField(pub String);

impl KeyField {
    /// Key of a row.
    ///
    /// # Errors
    /// If the row is not an object, or the field is missing, null, an array or an object.
    pub(super) fn key(&self, row: &[u8]) -> Result<Vec<u8>, String> {
        let Self(name) = self;
        let members: HashMap<String, &RawValue> = serde_json::from_slice(row)
            .map_err(|_| format!("wanted an object with the key in `{name}`, found other JSON"))?;
        let json = members.get(name).map_or("", |value| value.get());
        match json.as_bytes().first() {
            Some(b'"') => serde_json::from_str::<String>(json)
                .map(String::into_bytes)
                .map_err(|error| error.to_string()),
            Some(b'-' | b'0'..=b'9' | b't' | b'f') => Ok(json.as_bytes().to_vec()),
            None => Err(format!("wanted the key in `{name}`, found no such member")),
            Some(b'n') => Err(format!("wanted the key in `{name}`, found null")),
            Some(_) => Err(format!("wanted the key in `{name}`, found an array or object")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_or_number_is_a_key() {
        let key = |row: &str| KeyField("id".to_owned()).key(row.as_bytes());
        assert_eq!(key(r#"{"id": "a\"b"}"#), Ok(b"a\"b".to_vec()));
        assert_eq!(key(r#"{"x": 1, "id": 1.10}"#), Ok(b"1.10".to_vec()));
        for (row, found) in [
            (r#"{"ID": 1}"#, "no such member"),
            (r#"{"id": null}"#, "null"),
            (r#"{"id": [1]}"#, "an array or object"),
            ("[1]", "other JSON"),
        ] {
            assert!(key(row).unwrap_err().ends_with(found), "{row}");
        }
    }
}
