//! JSONPath of Trino's older JSON functions: `$`, `.name`, `["name"]`, `[index]`.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

/// Path from a document to one value in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct JsonPath(Vec<Step>);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Step {
    Member(String),
    /// Index from 0.
    Element(usize),
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("invalid JSON path: `{0}`")]
pub(super) struct InvalidPath(String);

impl JsonPath {
    pub(super) fn parse(path: &str) -> Result<Self, InvalidPath> {
        parse_steps(path)
            .map(Self)
            .ok_or_else(|| InvalidPath(path.to_owned()))
    }

    /// JSON text of the value, `None` if there is none; an error if `json` is not JSON.
    ///
    /// Uses the first of several equal keys, as Trino does.
    pub(super) fn find<'a>(&self, json: &'a str) -> serde_json::Result<Option<&'a str>> {
        let mut found: &RawValue = serde_json::from_str(json)?;
        for step in &self.0 {
            let mut deserializer = serde_json::Deserializer::from_str(found.get());
            match step.deserialize(&mut deserializer)? {
                Some(inner) => found = inner,
                None => return Ok(None),
            }
        }
        Ok(Some(found.get()))
    }
}

fn parse_steps(path: &str) -> Option<Vec<Step>> {
    let mut rest = path.strip_prefix('$')?;
    let mut steps = Vec::new();
    while !rest.is_empty() {
        let (step, after) = if let Some(name) = rest.strip_prefix('.') {
            plain_member(name)?
        } else if let Some(quoted) = rest.strip_prefix("[\"") {
            quoted_member(quoted)?
        } else {
            let (index, after) = rest.strip_prefix('[')?.split_once(']')?;
            (Step::Element(index.trim().parse().ok()?), after)
        };
        steps.push(step);
        rest = after;
    }
    Some(steps)
}

fn plain_member(path: &str) -> Option<(Step, &str)> {
    let plain = |c: char| c.is_alphanumeric() || c == '_' || c == '$' || c == '-' || c == ':';
    let end = path.find(|c| !plain(c)).unwrap_or(path.len());
    (end > 0).then(|| (Step::Member(path[..end].to_owned()), &path[end..]))
}

/// Reads `name"]…`, where a backslash escapes the next character.
fn quoted_member(path: &str) -> Option<(Step, &str)> {
    let mut name = String::new();
    let mut chars = path.char_indices();
    while let Some((index, c)) = chars.next() {
        match c {
            '"' => return Some((Step::Member(name), path[index..].strip_prefix("\"]")?)),
            '\\' => name.push(chars.next()?.1),
            other => name.push(other),
        }
    }
    None
}

impl<'de> DeserializeSeed<'de> for &Step {
    type Value = Option<&'de RawValue>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

/// A value that is not the container of the step has no such member or element.
impl<'de> Visitor<'de> for &Step {
    type Value = Option<&'de RawValue>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_bool<E>(self, _: bool) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_str<E>(self, _: &str) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<Self::Value, A::Error> {
        let mut found = None;
        let mut index = 0;
        while let Some(element) = elements.next_element::<&RawValue>()? {
            if *self == Step::Element(index) {
                found = Some(element);
            }
            index += 1;
        }
        Ok(found)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Self::Value, A::Error> {
        let mut found = None;
        while let Some(key) = members.next_key::<String>()? {
            match self {
                Step::Member(name) if found.is_none() && *name == key => found = Some(members.next_value()?),
                _ => {
                    members.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(found)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn find(path: &str, json: &str) -> Option<String> {
        JsonPath::parse(path)
            .unwrap()
            .find(json)
            .unwrap()
            .map(str::to_owned)
    }

    #[test]
    fn walks_members_and_elements() {
        let json = r#"{"a": [{"b c": 1}, [10, 20]], "": 0, "x-y": {"z": null}, "a": 9}"#;
        let cases = [
            ("$.a[0][\"b c\"]", Some("1")),
            ("$.a[1][1]", Some("20")),
            ("$[\"a\"][0]", Some(r#"{"b c": 1}"#)),
            ("$[\"\"]", Some("0")),
            ("$.x-y.z", Some("null")),
            ("$.a[2]", None),
            ("$.a.b", None),
            ("$.b", None),
            ("$[0]", None),
            ("$.x-y.z.w", None),
        ];
        for (path, value) in cases {
            assert_eq!(find(path, json).as_deref(), value, "{path}");
        }
        assert_eq!(find("$", " [1] ").as_deref(), Some("[1]"));
        assert_eq!(find(r#"$["a\"b"]"#, r#"{"a\"b": 1}"#).as_deref(), Some("1"));
    }

    #[test]
    fn refuses_what_is_no_path() {
        for path in [
            "", "a", "$.", "$..a", "$[", "$[x]", "$[-1]", "$[\"a\"", "$[*]", "$ ",
        ] {
            assert!(JsonPath::parse(path).is_err(), "{path}");
        }
    }

    #[test]
    fn refuses_what_is_not_json() {
        for json in ["", "{", "{\"a\":1} x", "{\"a\":1,}"] {
            assert!(JsonPath::parse("$.a").unwrap().find(json).is_err(), "{json}");
        }
    }
}
