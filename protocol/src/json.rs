//! JSON tree that keeps the order of keys, borrows text from the input, and reads scalars as leniently as the
//! peer does. A general JSON tree does not fit, because Athena's reader accepts keys in one order only.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::Number;

use crate::error::{Fault, Rule};

#[derive(Clone, PartialEq)]
pub(crate) enum Json<'a> {
    Null,
    Bool(bool),
    Number(Number),
    String(Cow<'a, str>),
    Array(Vec<Json<'a>>),
    Object(Object<'a>),
}

/// Keys and values in their order. Duplicate keys are kept, and detected when they are read.
#[derive(Clone, PartialEq, Default)]
pub(crate) struct Object<'a>(Vec<(Cow<'a, str>, Json<'a>)>);

/// Value that can be read from JSON.
pub(crate) trait FromJson: Sized {
    fn from_json(json: &Json<'_>) -> Result<Self, Fault>;
}

impl<'a> Json<'a> {
    /// Parses exactly one JSON text. Nesting is bounded by serde_json's recursion limit (128).
    pub(crate) fn parse(text: &'a [u8]) -> Result<Self, Fault> {
        serde_json::from_slice(text).map_err(|error| Rule::Json(error.to_string()).into())
    }

    pub(crate) fn as_object(&self) -> Result<&Object<'a>, Fault> {
        match self {
            Json::Object(object) => Ok(object),
            other => Err(other.is_not("an object")),
        }
    }

    pub(crate) fn as_array(&self) -> Result<&[Json<'a>], Fault> {
        match self {
            Json::Array(items) => Ok(items),
            other => Err(other.is_not("an array")),
        }
    }

    /// Text of a JSON string; no conversion.
    pub(crate) fn as_str(&self) -> Option<&str> {
        match self {
            Json::String(text) => Some(text),
            _ => None,
        }
    }

    /// Text of a string; numbers and booleans as spelled.
    pub(crate) fn to_text(&self) -> Result<Cow<'_, str>, Fault> {
        match self {
            Json::String(text) => Ok(Cow::Borrowed(text)),
            Json::Number(number) => Ok(Cow::Owned(number.to_string())),
            Json::Bool(value) => Ok(Cow::Owned(value.to_string())),
            other => Err(other.is_not("a string")),
        }
    }

    pub(crate) fn is_null(&self) -> bool {
        matches!(self, Json::Null)
    }

    pub(crate) fn is_not(&self, wanted: &'static str) -> Fault {
        Rule::Type {
            wanted,
            found: self.kind(),
        }
        .into()
    }

    fn kind(&self) -> &'static str {
        match self {
            Json::Null => "null",
            Json::Bool(_) => "a boolean",
            Json::Number(_) => "a number",
            Json::String(_) => "a string",
            Json::Array(_) => "an array",
            Json::Object(_) => "an object",
        }
    }
}

impl<'a> Object<'a> {
    pub(crate) fn new() -> Self {
        Self::default()
    }

    /// New object whose first key is `@type`.
    pub(crate) fn typed(name: &'static str) -> Self {
        Self::new().with("@type", name)
    }

    /// Appends a key. Keys are written in the order of the calls.
    pub(crate) fn with(mut self, key: impl Into<Cow<'a, str>>, value: impl Into<Json<'a>>) -> Self {
        self.0.push((key.into(), value.into()));
        self
    }

    pub(crate) fn get(&self, key: &str) -> Option<&Json<'a>> {
        self.0
            .iter()
            .find(|(name, _)| name == key)
            .map(|(_, value)| value)
    }

    pub(crate) fn contains(&self, key: &str) -> bool {
        self.get(key).is_some()
    }

    /// First of `names` that is present, else the first; later names are those of serde version 1.
    pub(crate) fn first_of<'k, const N: usize>(&self, names: [&'k str; N]) -> &'k str {
        let there = names.iter().find(|name| self.contains(name));
        there.copied().unwrap_or(names[0])
    }

    /// Object under a key, if present.
    pub(crate) fn object_at(&self, key: &str) -> Option<&Object<'a>> {
        match self.get(key) {
            Some(Json::Object(object)) => Some(object),
            _ => None,
        }
    }

    pub(crate) fn values(&self) -> impl Iterator<Item = &Json<'a>> {
        self.0.iter().map(|(_, value)| value)
    }

    /// Value of a required key; the type decides whether it may be null.
    pub(crate) fn required<T: FromJson>(&self, key: &str) -> Result<T, Fault> {
        self.required_with(key, T::from_json)
    }

    pub(crate) fn required_with<T>(
        &self,
        key: &str,
        read: impl FnOnce(&Json<'a>) -> Result<T, Fault>,
    ) -> Result<T, Fault> {
        self.find_once(key)
            .and_then(|value| read(value.ok_or(Rule::Missing)?))
            .map_err(|fault| fault.at_key(key))
    }

    /// Value of a key that may be absent or null.
    pub(crate) fn optional<T: FromJson>(&self, key: &str) -> Result<Option<T>, Fault> {
        self.find_once(key)
            .and_then(|value| {
                value
                    .filter(|value| !value.is_null())
                    .map(T::from_json)
                    .transpose()
            })
            .map_err(|fault| fault.at_key(key))
    }

    pub(crate) fn or_default<T: FromJson + Default>(&self, key: &str) -> Result<T, Fault> {
        Ok(self.optional(key)?.unwrap_or_default())
    }

    /// Text under `@type`.
    pub(crate) fn type_name(&self) -> Result<String, Fault> {
        self.required("@type")
    }

    fn find_once(&self, key: &str) -> Result<Option<&Json<'a>>, Fault> {
        let mut found = self
            .0
            .iter()
            .filter(|(name, _)| name == key)
            .map(|(_, value)| value);
        let first = found.next();
        match found.next() {
            Some(_) => Err(Rule::Duplicate.into()),
            None => Ok(first),
        }
    }
}

impl FromJson for String {
    fn from_json(json: &Json<'_>) -> Result<Self, Fault> {
        Ok(json.to_text()?.into_owned())
    }
}

/// Reads null as false and `"true"` as true, as the peer's reader does.
impl FromJson for bool {
    fn from_json(json: &Json<'_>) -> Result<Self, Fault> {
        match json {
            Json::Bool(value) => Ok(*value),
            Json::Null => Ok(false),
            Json::String(text) if text == "true" => Ok(true),
            Json::String(text) if text == "false" => Ok(false),
            other => Err(other.is_not("a boolean")),
        }
    }
}

/// Reads null as 0 and `"5"` as 5, as the peer's reader does.
impl FromJson for i64 {
    fn from_json(json: &Json<'_>) -> Result<Self, Fault> {
        let value = match json {
            Json::Null => Some(0),
            Json::Number(number) => number.as_i64(),
            Json::String(text) => text.parse().ok(),
            other => return Err(other.is_not("an integer")),
        };
        value.ok_or_else(|| json.is_not("an integer of 64 bits"))
    }
}

impl FromJson for u64 {
    fn from_json(json: &Json<'_>) -> Result<Self, Fault> {
        u64::try_from(i64::from_json(json)?).map_err(|_| json.is_not("an integer from 0 up"))
    }
}

impl FromJson for u32 {
    fn from_json(json: &Json<'_>) -> Result<Self, Fault> {
        u32::try_from(i64::from_json(json)?).map_err(|_| json.is_not("an integer from 0 up to 32 bits"))
    }
}

impl<T: FromJson> FromJson for Vec<T> {
    fn from_json(json: &Json<'_>) -> Result<Self, Fault> {
        let read = |(index, item)| T::from_json(item).map_err(|fault| fault.at_index(index));
        json.as_array()?.iter().enumerate().map(read).collect()
    }
}

impl<T: FromJson> FromJson for BTreeMap<String, T> {
    fn from_json(json: &Json<'_>) -> Result<Self, Fault> {
        let mut map = BTreeMap::new();
        for (key, value) in &json.as_object()?.0 {
            let value = T::from_json(value).map_err(|fault| fault.at_key(key))?;
            if map.insert(key.clone().into_owned(), value).is_some() {
                return Err(Fault::from(Rule::Duplicate).at_key(key));
            }
        }
        Ok(map)
    }
}

impl<'a> From<&'a str> for Json<'a> {
    fn from(text: &'a str) -> Self {
        Json::String(Cow::Borrowed(text))
    }
}

impl<'a> From<&'a String> for Json<'a> {
    fn from(text: &'a String) -> Self {
        Json::from(text.as_str())
    }
}

impl From<String> for Json<'_> {
    fn from(text: String) -> Self {
        Json::String(Cow::Owned(text))
    }
}

impl From<bool> for Json<'_> {
    fn from(value: bool) -> Self {
        Json::Bool(value)
    }
}

impl From<i64> for Json<'_> {
    fn from(value: i64) -> Self {
        Json::Number(value.into())
    }
}

impl From<u32> for Json<'_> {
    fn from(value: u32) -> Self {
        Json::Number(value.into())
    }
}

impl From<u64> for Json<'_> {
    fn from(value: u64) -> Self {
        Json::Number(value.into())
    }
}

impl<'a> From<Object<'a>> for Json<'a> {
    fn from(object: Object<'a>) -> Self {
        Json::Object(object)
    }
}

impl<'a, T: Into<Json<'a>>> From<Option<T>> for Json<'a> {
    fn from(value: Option<T>) -> Self {
        value.map_or(Json::Null, Into::into)
    }
}

impl<'a> From<&'a [String]> for Json<'a> {
    fn from(items: &'a [String]) -> Self {
        items.iter().collect()
    }
}

impl<'a> From<&'a Vec<String>> for Json<'a> {
    fn from(items: &'a Vec<String>) -> Self {
        items.iter().collect()
    }
}

impl<'a> From<&'a BTreeMap<String, String>> for Json<'a> {
    fn from(map: &'a BTreeMap<String, String>) -> Self {
        map.iter().collect::<Object<'_>>().into()
    }
}

impl<'a, T: Into<Json<'a>>> FromIterator<T> for Json<'a> {
    fn from_iter<I: IntoIterator<Item = T>>(items: I) -> Self {
        Json::Array(items.into_iter().map(Into::into).collect())
    }
}

impl<'a, T: Into<Json<'a>>> FromIterator<(&'a String, T)> for Object<'a> {
    fn from_iter<I: IntoIterator<Item = (&'a String, T)>>(entries: I) -> Self {
        Object(
            entries
                .into_iter()
                .map(|(key, value)| (Cow::Borrowed(key.as_str()), value.into()))
                .collect(),
        )
    }
}

impl Serialize for Json<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Json::Null => serializer.serialize_unit(),
            Json::Bool(value) => serializer.serialize_bool(*value),
            Json::Number(number) => number.serialize(serializer),
            Json::String(text) => serializer.serialize_str(text),
            Json::Array(items) => items.serialize(serializer),
            Json::Object(object) => object.serialize(serializer),
        }
    }
}

impl Serialize for Object<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (key, value) in &self.0 {
            map.serialize_entry(key, value)?;
        }
        map.end()
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Json<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(TreeVisitor)
    }
}

struct TreeVisitor;

impl<'de> Visitor<'de> for TreeVisitor {
    type Value = Json<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(Json::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Self::Value, E> {
        Ok(Json::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Self::Value, E> {
        Ok(Json::Number(value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Self::Value, E> {
        Ok(Json::Number(value.into()))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Self::Value, E> {
        Ok(Number::from_f64(value).map_or(Json::Null, Json::Number))
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
        Ok(Json::from(text))
    }

    fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
        Ok(Json::from(text.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Self::Value, A::Error> {
        let mut array = Vec::new();
        while let Some(item) = items.next_element()? {
            array.push(item);
        }
        Ok(Json::Array(array))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Self::Value, A::Error> {
        let mut object = Vec::new();
        while let Some((key, value)) = entries.next_entry::<Json<'de>, Json<'de>>()? {
            // A key of a JSON object is a string.
            if let Json::String(key) = key {
                object.push((key, value));
            }
        }
        Ok(Json::Object(Object(object)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read<T: FromJson>(text: &str) -> Result<T, String> {
        let read = Json::parse(text.as_bytes()).and_then(|json| T::from_json(&json));
        read.map_err(|fault| fault.in_message("it").to_string())
    }

    #[test]
    fn keeps_keys_in_order_and_text_as_it_is() {
        let text =
            r#"{"z":[1,-2,1.5,18446744073709551615],"a":{"é\n\"":"\u0001"},"m":[true,false,null],"":{}}"#;
        let json = Json::parse(text.as_bytes()).ok().unwrap();
        assert_eq!(serde_json::to_string(&json).unwrap(), text);
    }

    #[test]
    fn text_is_borrowed_unless_escaped() {
        let parsed = Json::parse(br#"["plain","esc\u0061ped"]"#).ok().unwrap();
        let Json::Array(items) = parsed else { panic!() };
        assert!(matches!(&items[0], Json::String(Cow::Borrowed("plain"))));
        assert!(matches!(&items[1], Json::String(Cow::Owned(text)) if text == "escaped"));
    }

    #[test]
    fn scalars_are_read_leniently() {
        assert_eq!(read("5"), Ok("5".to_owned()));
        assert_eq!(read("true"), Ok("true".to_owned()));
        assert_eq!(
            [read(r#""-5""#), read("null"), read("7")],
            [Ok(-5_i64), Ok(0), Ok(7)]
        );
        assert_eq!(
            [read(r#""true""#), read("null"), read("false")],
            [Ok(true), Ok(false), Ok(false)]
        );
    }

    #[test]
    fn leniency_has_an_end() {
        assert!(read::<String>("null").is_err());
        assert!(read::<String>("{}").is_err());
        assert!(read::<bool>("1").is_err());
        assert!(read::<bool>(r#""yes""#).is_err());
        assert!(read::<i64>("1.5").is_err());
        assert!(read::<i64>("9223372036854775808").is_err());
        assert!(read::<u32>("4294967296").is_err());
        assert!(read::<u64>("-1").is_err());
    }

    #[test]
    fn maps_refuse_a_key_twice() {
        let found = read::<BTreeMap<String, String>>(r#"{"a":"1","b":"2","a":"3"}"#);
        assert_eq!(found, Err("it: `a`: key appears twice".to_owned()));
    }

    #[test]
    fn refuses_text_that_is_not_utf_8_and_text_cut_short() {
        assert!(Json::parse(b"\"\xFF\"").is_err());
        for end in 1..20 {
            assert!(Json::parse(&br#"{"a":[1,{"b":"cde"}]}"#[..end]).is_err(), "{end}");
        }
    }
}
