//! Columns of a standard [JSON Schema](https://json-schema.org/draft/2020-12/schema): one for each of the top
//! object's `properties`, in their order.
//!
//! | schema | type |
//! |---|---|
//! | `boolean` | BOOLEAN |
//! | `integer` | BIGINT; INTEGER where `format` is `int32`, or `minimum` and `maximum` fit it |
//! | `number` | DOUBLE |
//! | `string`, `enum` | VARCHAR |
//! | `string` of `format` `date`, `date-time` | DATE, TIMESTAMP |
//! | `string` of `contentEncoding` `base64` | VARBINARY |
//! | `array` with one schema for its `items` | ARRAY |
//! | `object` with `properties` | ROW |
//! | `object` with only a schema for `additionalProperties` | MAP of VARCHAR |
//! | `["…", "null"]`, or `anyOf`, `oneOf` with null | the type other than null |
//! | `allOf` of one | that one |
//! | `$ref` into `#/$defs`, `#/definitions` | the type of the definition |
//! | anything else: several types, tuples, circular or external references | VARCHAR holding JSON |

use std::collections::HashMap;

use arrow::datatypes::{DataType, Field};

use super::DocumentError;
use super::field::DeclaredColumn;
use super::json::Json;
use crate::names::are_distinct;
use crate::path::{Path, Step};
use crate::table::{FORMAT_HINT_KEY, MAPPING_KEY, Source, TYPE_KEY};
use crate::type_name::{self, MAX_DEPTH, list_of, map_of};

/// Maximum number of schemas that are examined, references followed: a few that refer to each other twice
/// expand without end.
const MAX_SCHEMAS: usize = 10_000;

/// Whether `document` is a JSON Schema and not a topic document.
pub(super) fn is_json_schema(document: &Json) -> bool {
    let of_object = document.get("type").and_then(Json::as_text) == Some("object");
    let schema = document.get("$schema").is_some() || of_object && document.get("properties").is_some();
    schema && document.get("message").is_none()
}

/// Columns of the object that `document` describes.
pub(super) fn columns(document: &Json) -> Result<Vec<DeclaredColumn>, DocumentError> {
    let mut reader = Reader {
        document,
        followed: Vec::new(),
        left: MAX_SCHEMAS,
    };
    let top = reader.target(document).unwrap_or(document);
    let Some(Json::Object(properties)) = top.get("properties") else {
        let path = "properties".to_owned();
        return Err(match top.get("properties") {
            None => DocumentError::Missing { path },
            Some(other) => DocumentError::WrongKind {
                path,
                wanted: "an object",
                found: other.kind(),
            },
        });
    };
    let columns = properties
        .iter()
        .map(|(name, schema)| column(name, reader.data_type(schema, 1)));
    Ok(columns.collect())
}

fn column(name: &str, data_type: DataType) -> DeclaredColumn {
    let key = Path {
        steps: vec![Step::Key(name.to_owned())],
    };
    let metadata = [
        (MAPPING_KEY, key.to_string()),
        (FORMAT_HINT_KEY, String::new()),
        (TYPE_KEY, type_name::name(&data_type)),
    ];
    let metadata = metadata.map(|(key, value)| (key.to_owned(), value));
    DeclaredColumn {
        path: format!("properties.{name}"),
        mapping_path: format!("properties.{name}"),
        source: Source::Value,
        field: Field::new(name, data_type, true).with_metadata(HashMap::from(metadata)),
        typed: true,
    }
}

struct Reader<'a> {
    document: &'a Json,
    /// References on the path from the top, so that none is followed in a circle.
    followed: Vec<&'a str>,
    left: usize,
}

impl<'a> Reader<'a> {
    fn data_type(&mut self, schema: &'a Json, depth: usize) -> DataType {
        self.left = self.left.saturating_sub(1);
        if depth > MAX_DEPTH || self.left == 0 {
            return DataType::Utf8;
        }
        let followed = self.followed.len();
        let data_type = self
            .target(schema)
            .and_then(|schema| self.known_type(schema, depth));
        self.followed.truncate(followed);
        data_type.unwrap_or(DataType::Utf8)
    }

    /// Target of `schema`: itself, or the end of its references and its single choices.
    fn target(&mut self, mut schema: &'a Json) -> Option<&'a Json> {
        loop {
            if let Some(reference) = schema.get("$ref") {
                let reference = reference.as_text()?;
                self.left = self.left.saturating_sub(1);
                if self.left == 0 || self.followed.contains(&reference) {
                    return None;
                }
                self.followed.push(reference);
                schema = lookup(self.document, reference)?;
            } else if let Some(only) = only_choice(schema) {
                schema = only?;
            } else {
                return Some(schema);
            }
        }
    }

    /// Type of the schema; `None` if it is ambiguous.
    fn known_type(&mut self, schema: &'a Json, depth: usize) -> Option<DataType> {
        match type_word(schema)? {
            "boolean" => Some(DataType::Boolean),
            "integer" => Some(integer(schema)),
            "number" => Some(DataType::Float64),
            "string" => Some(string(schema)),
            "array" => match schema.get("items") {
                Some(items @ Json::Object(_)) if schema.get("prefixItems").is_none() => {
                    Some(list_of(self.data_type(items, depth + 1)))
                }
                _ => None,
            },
            "object" => self.object(schema, depth),
            _ => None,
        }
    }

    fn object(&mut self, schema: &'a Json, depth: usize) -> Option<DataType> {
        if let Some(Json::Object(properties)) = schema.get("properties")
            && !properties.is_empty()
        {
            let names = || properties.iter().map(|(name, _)| name.as_str());
            let distinct = are_distinct(names()) && names().all(|name| !name.is_empty());
            let field = |(name, schema): &'a (String, Json)| {
                Field::new(name, self.data_type(schema, depth + 1), true)
            };
            return distinct.then(|| DataType::Struct(properties.iter().map(field).collect()));
        }
        match schema.get("additionalProperties")? {
            values @ Json::Object(_) => Some(map_of(DataType::Utf8, self.data_type(values, depth + 1))),
            _ => None,
        }
    }
}

/// Target of a reference within the document.
fn lookup<'a>(document: &'a Json, reference: &str) -> Option<&'a Json> {
    let pointer = reference.strip_prefix('#')?;
    let mut steps = pointer.split('/');
    // Before the first slash there is nothing, or the name of an anchor.
    steps.next().filter(|anchor| anchor.is_empty())?;
    steps.try_fold(document, |schema, step| {
        schema.get(&step.replace("~1", "/").replace("~0", "~"))
    })
}

/// Only schema other than null in `anyOf`, `oneOf` or `allOf`, if there is exactly one; the outer `None` if
/// there is no such list.
fn only_choice(schema: &Json) -> Option<Option<&Json>> {
    let list = |key| match schema.get(key) {
        Some(Json::Array(choices)) => Some(choices),
        _ => None,
    };
    let choices = ["anyOf", "oneOf", "allOf"].into_iter().find_map(list)?;
    // With properties of its own beside the list it is more than a choice.
    if schema.get("type").is_some() || schema.get("properties").is_some() {
        return None;
    }
    let mut others = choices.iter().filter(|choice| type_word(choice) != Some("null"));
    let only = others.next();
    Some(only.filter(|_| others.next().is_none()))
}

/// Type of the schema apart from null, if there is exactly one.
fn type_word(schema: &Json) -> Option<&str> {
    match schema.get("type") {
        Some(Json::Text(word)) => Some(word),
        Some(Json::Array(words)) => {
            let mut words = words
                .iter()
                .filter_map(Json::as_text)
                .filter(|word| *word != "null");
            let word = words.next();
            match (word, words.next()) {
                (Some("integer"), Some("number")) | (Some("number"), Some("integer")) => Some("number"),
                (word, None) => word,
                _ => None,
            }
        }
        Some(_) => None,
        None if schema.get("properties").is_some() => Some("object"),
        None => None,
    }
}

fn integer(schema: &Json) -> DataType {
    let bound = |inclusive, exclusive| {
        let bound = schema.get(inclusive).or_else(|| schema.get(exclusive))?;
        bound
            .as_f64()
            .map(|bound| (f64::from(i32::MIN)..=f64::from(i32::MAX)).contains(&bound))
    };
    let small = bound("minimum", "exclusiveMinimum") == Some(true)
        && bound("maximum", "exclusiveMaximum") == Some(true);
    match schema.get("format").and_then(Json::as_text) {
        Some("int32") => DataType::Int32,
        _ if small => DataType::Int32,
        _ => DataType::Int64,
    }
}

fn string(schema: &Json) -> DataType {
    let text = |key| schema.get(key).and_then(Json::as_text);
    match (text("format"), text("contentEncoding")) {
        (_, Some("base64")) => DataType::Binary,
        (Some("date"), _) => DataType::Date32,
        (Some("date-time"), _) => DataType::Date64,
        _ => DataType::Utf8,
    }
}

#[cfg(test)]
mod tests;
