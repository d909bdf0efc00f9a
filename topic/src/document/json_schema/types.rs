//! The type that the parts of a schema make.

use std::collections::HashMap;

use arrow::datatypes::{DataType, Field};

use super::super::json::Json;
use super::parts::{Part, Place, Reader};
use crate::connect_types;
use crate::names::are_distinct;
use crate::type_name::{MAX_DEPTH, list_of, map_of};

/// A member of an object.
#[derive(Debug, Clone)]
pub(super) struct Property<'a> {
    pub(super) name: &'a str,
    path: String,
    /// Schemas that its values always meet, all together.
    all: Vec<Place<'a>>,
    /// Schemas of which its values meet one; used if `all` is empty.
    any: Vec<Place<'a>>,
}

/// Keywords that may change a type and are not supported.
const NOT_UNDERSTOOD: [&str; 7] = [
    "not",
    "if",
    "dependentSchemas",
    "dependencies",
    "$dynamicRef",
    "$recursiveRef",
    "unevaluatedItems",
];

/// Keywords that do not change a type, or are supported.
const UNDERSTOOD: [&str; 49] = [
    "$anchor",
    "$comment",
    "$defs",
    "$id",
    "$ref",
    "$schema",
    "$vocabulary",
    "additionalItems",
    "additionalProperties",
    "allOf",
    "anyOf",
    "const",
    "contains",
    "contentEncoding",
    "contentMediaType",
    "contentSchema",
    "default",
    "definitions",
    "deprecated",
    "description",
    "else",
    "enum",
    "example",
    "examples",
    "exclusiveMaximum",
    "exclusiveMinimum",
    "format",
    "id",
    "items",
    "maxItems",
    "maxLength",
    "maxProperties",
    "maximum",
    "minItems",
    "minLength",
    "minProperties",
    "minimum",
    "multipleOf",
    "nullable",
    "oneOf",
    "pattern",
    "properties",
    "readOnly",
    "required",
    "then",
    "title",
    "type",
    "uniqueItems",
    "writeOnly",
];

impl<'a> Reader<'a> {
    /// The properties of the object at the top.
    pub(super) fn top(&mut self, place: Place<'a>) -> Vec<Property<'a>> {
        let Some(parts) = self.parts(&[place], "the schema") else {
            return Vec::new();
        };
        self.warn_of_keywords(&parts, "the schema");
        self.properties(&parts, "")
    }

    /// The type of a column, and the format hint that it is read by.
    pub(super) fn column_type(&mut self, property: &Property<'a>) -> (DataType, &'static str) {
        let followed = self.followed.len();
        let parts = self.parts(&property.all, &property.path).unwrap_or_default();
        self.followed.truncate(followed);
        let named = own(&parts).find_map(|place| {
            let title = place.schema.get("title").and_then(Json::as_text)?;
            let scale = place
                .schema
                .get("connect.parameters")
                .and_then(|parameters| parameters.get("scale"));
            let scale = scale.map(|scale| scale.as_text().map_or_else(|| scale.to_string(), str::to_owned));
            connect_types::named_type(title, scale.as_deref())
        });
        named.unwrap_or_else(|| (self.property_type(property, 1), ""))
    }

    /// Description of the property in its schemas.
    pub(super) fn description(&mut self, property: &Property<'a>) -> Option<String> {
        let followed = self.followed.len();
        self.silent += 1;
        let places = if property.all.is_empty() {
            &property.any
        } else {
            &property.all
        };
        let parts = self.parts(places, "").unwrap_or_default();
        self.silent -= 1;
        self.followed.truncate(followed);
        let text = own(&parts).find_map(|place| place.schema.get("description").and_then(Json::as_text));
        text.map(str::to_owned)
    }

    fn property_type(&mut self, property: &Property<'a>, depth: usize) -> DataType {
        match property.all.is_empty() {
            false => self.data_type(&property.all, &property.path, depth),
            true => self.common_type(&property.any, &property.path, depth),
        }
    }

    /// Type of values that meet all of these schemas.
    fn data_type(&mut self, places: &[Place<'a>], path: &str, depth: usize) -> DataType {
        if depth > MAX_DEPTH || !self.may_go_on() {
            return DataType::Utf8;
        }
        let followed = self.followed.len();
        let data_type = match self.parts(places, path) {
            Some(parts) => {
                self.warn_of_keywords(&parts, path);
                self.type_of_parts(&parts, path, depth)
            }
            None => DataType::Utf8,
        };
        self.followed.truncate(followed);
        data_type
    }

    /// Type that fits all `choices`; VARCHAR, with a warning, if there is none.
    fn common_type(&mut self, choices: &[Place<'a>], path: &str, depth: usize) -> DataType {
        let mut common: Option<DataType> = None;
        for choice in choices {
            let data_type = self.data_type(&[*choice], path, depth);
            common = match common {
                None => Some(data_type),
                Some(common) => match wider(&common, &data_type) {
                    Some(wider) => Some(wider),
                    None => {
                        self.warn(path, "may be of several types: shown as JSON text");
                        return DataType::Utf8;
                    }
                },
            };
        }
        common.unwrap_or(DataType::Utf8)
    }

    fn type_of_parts(&mut self, parts: &[Part<'a>], path: &str, depth: usize) -> DataType {
        let mut words: Option<Vec<&str>> = None;
        for place in own(parts) {
            let Some(own) = type_words(place.schema) else {
                continue;
            };
            words = Some(match words {
                None => own,
                Some(words) => both(&words, &own),
            });
        }
        match words.as_deref() {
            Some(["boolean"]) => DataType::Boolean,
            Some(["integer"]) => integer(parts),
            Some(["number"]) => DataType::Float64,
            Some(["string"]) => string(parts),
            Some(["array"]) => self.array(parts, path, depth),
            Some(["object"]) => self.object(parts, path, depth),
            // Null alone.
            Some([]) => DataType::Utf8,
            Some(words) => {
                let mut sorted = words.to_vec();
                sorted.sort_unstable();
                match sorted.as_slice() {
                    ["integer", "number"] => DataType::Float64,
                    _ => {
                        self.warn(
                            path,
                            format!("is of type {}: shown as JSON text", sorted.join(" or ")),
                        );
                        DataType::Utf8
                    }
                }
            }
            None => self.untyped(parts, path, depth),
        }
    }

    /// Type of schemas that name none.
    fn untyped(&mut self, parts: &[Part<'a>], path: &str, depth: usize) -> DataType {
        let choices = parts.iter().find_map(|part| match part {
            Part::Choice(choices) => Some(choices),
            Part::Own(_) => None,
        });
        if let Some(choices) = choices {
            return self.common_type(choices, path, depth);
        }
        let unknown = own(parts).find_map(|place| match place.schema {
            Json::Object(members) => members
                .iter()
                .map(|(key, _)| key.as_str())
                .find(|key| !UNDERSTOOD.contains(key) && !NOT_UNDERSTOOD.contains(key)),
            _ => None,
        });
        if let Some(keyword) = unknown {
            self.warn(
                path,
                format!("has no type, and `{keyword}` is not understood: shown as JSON text"),
            );
        }
        DataType::Utf8
    }

    fn array(&mut self, parts: &[Part<'a>], path: &str, depth: usize) -> DataType {
        let mut items = Vec::new();
        for place in own(parts) {
            let is_tuple = matches!(place.schema.get("items"), Some(Json::Array(_)))
                || place.schema.get("prefixItems").is_some();
            if is_tuple {
                self.warn(path, "is a tuple: shown as JSON text");
                return DataType::Utf8;
            }
            if let Some(schema @ Json::Object(_)) = place.schema.get("items") {
                items.push(place.at(schema));
            }
        }
        match items.is_empty() {
            true => DataType::Utf8,
            false => list_of(self.data_type(&items, &format!("{path}.items"), depth + 1)),
        }
    }

    fn object(&mut self, parts: &[Part<'a>], path: &str, depth: usize) -> DataType {
        let properties = self.properties(parts, path);
        if properties.is_empty() {
            return self.map(parts, path, depth);
        }
        let names = || properties.iter().map(|property| property.name);
        if !are_distinct(names()) || names().any(str::is_empty) {
            self.warn(
                path,
                "has properties that differ by case alone, or one without a name: shown as JSON text",
            );
            return DataType::Utf8;
        }
        let fields = properties.iter().map(|property| {
            let data_type = self.property_type(property, depth + 1);
            Field::new(property.name, data_type, true)
        });
        DataType::Struct(fields.collect())
    }

    fn map(&mut self, parts: &[Part<'a>], path: &str, depth: usize) -> DataType {
        let mut values = Vec::new();
        for place in own(parts) {
            if let Some(schema @ Json::Object(_)) = place.schema.get("additionalProperties") {
                values.push(place.at(schema));
            }
            if let Some(Json::Object(patterns)) = place.schema.get("patternProperties") {
                values.extend(patterns.iter().map(|(_, schema)| place.at(schema)));
            }
        }
        match values.as_slice() {
            [] => DataType::Utf8,
            values => {
                let value = self.common_type(values, &format!("{path}.additionalProperties"), depth + 1);
                map_of(DataType::Utf8, value)
            }
        }
    }

    /// The members of the object that the parts make, in the order of the text.
    fn properties(&mut self, parts: &[Part<'a>], path: &str) -> Vec<Property<'a>> {
        let mut properties = Properties::default();
        self.add_properties(parts, path, true, &mut properties);
        properties.list
    }

    /// Adds the members of the object that `parts` make; `always` is false for one of several choices.
    fn add_properties(
        &mut self,
        parts: &[Part<'a>],
        path: &str,
        always: bool,
        properties: &mut Properties<'a>,
    ) {
        for part in parts {
            match part {
                Part::Own(place) => {
                    let Some(Json::Object(members)) = place.schema.get("properties") else {
                        continue;
                    };
                    for (name, schema) in members {
                        let property = properties.named(name, path);
                        let places = if always {
                            &mut property.all
                        } else {
                            &mut property.any
                        };
                        places.push(place.at(schema));
                    }
                }
                Part::Choice(choices) => {
                    for choice in choices {
                        let followed = self.followed.len();
                        self.further_in(|reader| {
                            let parts = reader.parts(&[*choice], path)?;
                            reader.add_properties(&parts, path, false, properties);
                            Some(())
                        });
                        self.followed.truncate(followed);
                    }
                }
            }
        }
    }

    fn warn_of_keywords(&mut self, parts: &[Part<'a>], path: &str) {
        for place in own(parts) {
            for keyword in NOT_UNDERSTOOD {
                if place
                    .schema
                    .get(keyword)
                    .is_some_and(|value| matches!(value, Json::Object(_) | Json::Text(_)))
                {
                    self.warn(path, format!("`{keyword}` is not understood, ignored"));
                }
            }
        }
    }
}

/// Properties, each once.
#[derive(Default)]
struct Properties<'a> {
    list: Vec<Property<'a>>,
    places: HashMap<&'a str, usize>,
}

impl<'a> Properties<'a> {
    /// The property of this name of the object at `path`.
    fn named(&mut self, name: &'a str, path: &str) -> &mut Property<'a> {
        let list = &mut self.list;
        let at = *self.places.entry(name).or_insert_with(|| {
            let path = match path {
                "" => format!("properties.{name}"),
                path => format!("{path}.properties.{name}"),
            };
            list.push(Property {
                name,
                path,
                all: Vec::new(),
                any: Vec::new(),
            });
            list.len() - 1
        });
        &mut list[at]
    }
}

fn own<'p, 'a: 'p>(parts: &'p [Part<'a>]) -> impl Iterator<Item = Place<'a>> + 'p {
    parts.iter().filter_map(|part| match part {
        Part::Own(place) => Some(*place),
        Part::Choice(_) => None,
    })
}

/// The types that a schema allows apart from null; `None` if it allows any.
fn type_words(schema: &Json) -> Option<Vec<&str>> {
    let not_null = |word: &&str| *word != "null";
    match schema.get("type") {
        Some(Json::Text(word)) => Some(Some(word.as_str()).into_iter().filter(not_null).collect()),
        Some(Json::Array(words)) => Some(words.iter().filter_map(Json::as_text).filter(not_null).collect()),
        Some(_) => None,
        None if matches!(schema.get("properties"), Some(Json::Object(_))) => Some(vec!["object"]),
        None => {
            let values = match (schema.get("enum"), schema.get("const")) {
                (Some(Json::Array(values)), _) => values.iter().collect(),
                (_, Some(value)) => vec![value],
                _ => return None,
            };
            let mut words: Vec<&str> = values.into_iter().filter_map(word_of_value).collect();
            words.sort_unstable();
            words.dedup();
            Some(words)
        }
    }
}

fn word_of_value(value: &Json) -> Option<&'static str> {
    Some(match value {
        Json::Null => return None,
        Json::Bool(_) => "boolean",
        Json::Number(number) if number.is_f64() => "number",
        Json::Number(_) => "integer",
        Json::Text(_) => "string",
        Json::Array(_) => "array",
        Json::Object(_) => "object",
    })
}

/// The types that both allow: an integer is a number.
fn both<'w>(one: &[&'w str], other: &[&'w str]) -> Vec<&'w str> {
    let allowed =
        |word: &&'w str, by: &[&str]| by.contains(word) || *word == "integer" && by.contains(&"number");
    let of_one = one.iter().copied().filter(|word| allowed(word, other));
    let of_other = other
        .iter()
        .copied()
        .filter(|word| allowed(word, one) && !one.contains(word));
    of_one.chain(of_other).collect()
}

/// The type that takes values of both.
fn wider(one: &DataType, other: &DataType) -> Option<DataType> {
    use DataType::{Float64, Int32, Int64};
    match (one, other) {
        _ if one == other => Some(one.clone()),
        (Int32 | Int64, Int32 | Int64) => Some(Int64),
        (Int32 | Int64 | Float64, Int32 | Int64 | Float64) => Some(Float64),
        _ => None,
    }
}

fn integer(parts: &[Part<'_>]) -> DataType {
    let bound = |inclusive, exclusive| {
        let mut bounds = own(parts).filter_map(|place| {
            let bound = place
                .schema
                .get(inclusive)
                .or_else(|| place.schema.get(exclusive))?;
            bound.as_f64()
        });
        bounds.any(|bound| (f64::from(i32::MIN)..=f64::from(i32::MAX)).contains(&bound))
    };
    let small = bound("minimum", "exclusiveMinimum") && bound("maximum", "exclusiveMaximum");
    let is_int32 = own(parts).any(|place| text(place, "format") == Some("int32"));
    match small || is_int32 {
        true => DataType::Int32,
        false => DataType::Int64,
    }
}

fn string(parts: &[Part<'_>]) -> DataType {
    let is = |key, word| own(parts).any(|place| text(place, key) == Some(word));
    if is("contentEncoding", "base64") || is("format", "byte") {
        DataType::Binary
    } else if is("format", "date") {
        DataType::Date32
    } else if is("format", "date-time") {
        DataType::Date64
    } else {
        DataType::Utf8
    }
}

fn text<'a>(place: Place<'a>, key: &str) -> Option<&'a str> {
    place.schema.get(key).and_then(Json::as_text)
}
