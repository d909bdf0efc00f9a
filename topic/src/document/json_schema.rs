//! Columns of a standard [JSON Schema](https://json-schema.org/draft/2020-12/schema): one for each property of the top
//! object, in their order.
//!
//! | schema | type |
//! |---|---|
//! | `boolean` | BOOLEAN |
//! | `integer` | BIGINT; INTEGER where `format` is `int32`, or `minimum` and `maximum` fit it |
//! | `number` | DOUBLE |
//! | `string` | VARCHAR |
//! | `string` of `format` `date`, `date-time` | DATE, TIMESTAMP |
//! | `string` of `contentEncoding` `base64`, or of `format` `byte` | VARBINARY |
//! | `enum`, `const` without a type | that of its values |
//! | `array` with one schema for its `items` | ARRAY |
//! | `object` with `properties` | ROW |
//! | `object` with a schema for `additionalProperties`, or with one of `patternProperties`, alone | MAP of VARCHAR |
//! | `["…", "null"]`, or `anyOf`, `oneOf` with null | the other |
//! | `anyOf`, `oneOf` of several that make one type | that type, the widest of several numbers |
//! | `anyOf`, `oneOf` of several objects at the top, or beside an object's own `properties` | the fields of all |
//! | `allOf`, and what stands beside `$ref` | all of it together: of objects the fields of all, in the order of the text |
//! | `$ref` into the document, by pointer, `$id` or `$anchor` | what stands there |
//! | `$ref` to another schema of the registry, `name` or `name#/$defs/X` | what stands there |
//! | what Kafka Connect and Debezium name in `title` | [see there](crate::connect_types) |
//! | `true`, `{}`, `object` and `array` without more | VARCHAR holding JSON: anything may stand there |
//! | anything else: several types, tuples, references in a circle or to nothing | VARCHAR holding JSON, [warned](Warning) of |
//!
//! Keywords that might change a type and are not understood (`not`, `if`, …) are ignored and warned of.
//!
//! | file | idea |
//! |---|---|
//! | `parts` | a schema as the sum of what it refers to |
//! | `types` | the type that its parts make |
//! | `references` | what a `$ref` names |

use std::collections::HashMap;

use arrow::datatypes::Field;

use self::parts::{Place, Reader};
use self::types::Property;
use super::DocumentError;
use super::field::DeclaredColumn;
use super::json::Json;
use super::warning::Warning;
use crate::definition::ReferencedSchema;
use crate::path::{Path, Step};
use crate::table::{COMMENT_KEY, FORMAT_HINT_KEY, MAPPING_KEY, Source, TYPE_KEY};
use crate::type_name;

mod parts;
mod references;
mod types;

/// Whether `document` is a JSON Schema and not a topic document.
pub(super) fn is_json_schema(document: &Json) -> bool {
    let lists = |key| matches!(document.get(key), Some(Json::Array(_)));
    let describes_an_object = document.get("type").and_then(Json::as_text) == Some("object")
        || matches!(document.get("properties"), Some(Json::Object(members)) if !members.is_empty());
    let is_schema = document.get("$schema").is_some()
        || document.get("$ref").and_then(Json::as_text).is_some()
        || describes_an_object
        || ["allOf", "anyOf", "oneOf"].into_iter().any(lists);
    is_schema && document.get("message").is_none()
}

/// Columns of the object that `document` describes, and warnings about parts of it that are not supported. It may
/// refer to `references` by their names.
pub(super) fn columns(
    document: &Json,
    references: &[ReferencedSchema],
) -> Result<(Vec<DeclaredColumn>, Vec<Warning>), DocumentError> {
    let texts = parse(references);
    let mut reader = Reader::new(document, &texts);
    let properties = reader.top(Place::of_document(document));
    if properties.is_empty() {
        return Err(without_columns(document, reader));
    }
    let columns = properties
        .iter()
        .map(|property| column(property, &mut reader))
        .collect();
    Ok((columns, reader.into_warnings()))
}

/// Names of schemas that `document` refers to and that it does not hold; those of `references` are not among them.
pub(super) fn missing(document: &Json, references: &[ReferencedSchema]) -> Vec<String> {
    let texts = parse(references);
    let mut reader = Reader::new(document, &texts);
    for property in reader.top(Place::of_document(document)) {
        reader.column_type(&property);
    }
    reader.into_absent()
}

/// Parses the texts; those that are not JSON are left out.
fn parse(references: &[ReferencedSchema]) -> Vec<(String, Json)> {
    let parsed = references.iter().filter_map(|reference| {
        let json = serde_json::from_str(&reference.definition).ok()?;
        Some((reference.name.clone(), json))
    });
    parsed.collect()
}

/// Error of a schema without columns.
fn without_columns(document: &Json, reader: Reader<'_>) -> DocumentError {
    let path = "properties".to_owned();
    match document.get("properties") {
        Some(Json::Object(_)) => return DocumentError::NoColumns { path },
        Some(other) => {
            return DocumentError::WrongKind {
                path,
                wanted: "an object",
                found: other.kind(),
            };
        }
        None => {}
    }
    match reader.into_warnings().into_iter().next() {
        Some(Warning { path, text, .. }) => DocumentError::Invalid { path, reason: text },
        None => DocumentError::Missing { path },
    }
}

fn column<'a>(property: &Property<'a>, reader: &mut Reader<'a>) -> DeclaredColumn {
    let name = property.name;
    let (data_type, hint) = reader.column_type(property);
    let key = Path {
        steps: vec![Step::Key(name.to_owned())],
    };
    let mut metadata = HashMap::from([
        (MAPPING_KEY.to_owned(), key.to_string()),
        (FORMAT_HINT_KEY.to_owned(), hint.to_owned()),
        (TYPE_KEY.to_owned(), type_name::name(&data_type)),
    ]);
    if let Some(comment) = reader.description(property) {
        metadata.insert(COMMENT_KEY.to_owned(), comment);
    }
    DeclaredColumn {
        path: format!("properties.{name}"),
        mapping_path: format!("properties.{name}"),
        source: Source::Value,
        field: Field::new(name, data_type, true).with_metadata(metadata),
        typed: true,
    }
}

#[cfg(test)]
mod tests;
