//! JSON with its keys in order, to compare encoded messages with expected ones.

use std::fmt;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use athena_federation_protocol::{decode_batch, decode_schema};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::Value;

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Tree {
    Scalar(Value),
    Array(Vec<Tree>),
    Object(Vec<(String, Tree)>),
}

pub(crate) fn parse(text: &[u8]) -> Tree {
    serde_json::from_slice(text).unwrap()
}

/// Asserts that two messages are the same tree with keys in the same order. Arrow bytes may differ if they
/// decode to the same value, and allocator ids inside `constraints` are ignored.
pub(crate) fn assert_same_message(found: &[u8], expected: &[u8]) {
    assert_eq!(plain(parse(found), false), plain(parse(expected), false));
}

/// Compares like [`assert_same_message`], without the deviations of the SDK's version 1: keys that repeat
/// others, and an omitted `all`.
pub(crate) fn assert_same_message_of_version_1(found: &[u8], expected: &[u8]) {
    let told = |text| plain(without_repetition(parse(text)), false);
    assert_eq!(told(found), told(expected));
}

fn without_repetition(tree: Tree) -> Tree {
    match tree {
        Tree::Scalar(_) => tree,
        Tree::Array(items) => Tree::Array(items.into_iter().map(without_repetition).collect()),
        Tree::Object(entries) => {
            let has = |key: &str| entries.iter().any(|(found, _)| found == key);
            let (is_range, is_all_or_none) = (has("low"), entries.iter().any(is_all_or_none));
            let repeats = |key: &str| match key {
                "context" | "queryPassthrough" | "queryPassThrough" | "values" | "children" => true,
                "type" => is_range,
                "all" => is_all_or_none,
                _ => false,
            };
            let kept = entries.into_iter().filter(|(key, _)| !repeats(key));
            Tree::Object(
                kept.map(|(key, value)| (key, without_repetition(value)))
                    .collect(),
            )
        }
    }
}

fn is_all_or_none((key, value): &(String, Tree)) -> bool {
    key == "@type" && *value == Tree::Scalar("allOrNone".into())
}

/// Texts of Arrow schemas and batches, in their order.
pub(crate) fn arrow_texts(tree: &Tree) -> Vec<String> {
    match tree {
        Tree::Scalar(_) => Vec::new(),
        Tree::Array(items) => items.iter().flat_map(arrow_texts).collect(),
        Tree::Object(entries) => entries
            .iter()
            .flat_map(|(key, value)| arrow_texts_of(key, value))
            .collect(),
    }
}

fn arrow_texts_of(key: &str, value: &Tree) -> Vec<String> {
    match value {
        Tree::Scalar(Value::String(text)) if is_schema(key) || key == "records" => vec![text.clone()],
        other => arrow_texts(other),
    }
}

fn is_schema(key: &str) -> bool {
    ["schema", "outputSchema"].contains(&key)
}

/// Replaces Arrow bytes by the value they decode to.
fn plain(tree: Tree, in_predicate: bool) -> Tree {
    match tree {
        Tree::Scalar(_) => tree,
        Tree::Array(items) => Tree::Array(items.into_iter().map(|item| plain(item, in_predicate)).collect()),
        Tree::Object(entries) => Tree::Object(plain_entries(entries, in_predicate)),
    }
}

fn plain_entries(entries: Vec<(String, Tree)>, in_predicate: bool) -> Vec<(String, Tree)> {
    let mut schema: Option<SchemaRef> = None;
    let entry = |(key, value): (String, Tree)| {
        let value = match &value {
            Tree::Scalar(Value::String(text)) if is_schema(&key) => {
                let decoded = decode_schema(&STANDARD.decode(text).unwrap()).unwrap();
                schema = Some(decoded.clone());
                text_of(&decoded)
            }
            Tree::Scalar(Value::String(text)) if key == "records" => {
                let batch = decode_batch(&STANDARD.decode(text).unwrap(), schema.clone().unwrap()).unwrap();
                text_of::<RecordBatch>(&batch)
            }
            Tree::Scalar(_) if key == "aId" && in_predicate => text_of("any"),
            _ => plain(value, in_predicate || key == "constraints"),
        };
        (key, value)
    };
    entries.into_iter().map(entry).collect()
}

fn text_of<T: fmt::Debug + ?Sized>(value: &T) -> Tree {
    Tree::Scalar(Value::String(format!("{value:?}")))
}

impl<'de> Deserialize<'de> for Tree {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(TreeVisitor)
    }
}

struct TreeVisitor;

impl<'de> Visitor<'de> for TreeVisitor {
    type Value = Tree;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Tree, E> {
        Ok(Tree::Scalar(Value::Null))
    }

    fn visit_bool<E>(self, value: bool) -> Result<Tree, E> {
        Ok(Tree::Scalar(value.into()))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Tree, E> {
        Ok(Tree::Scalar(value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Tree, E> {
        Ok(Tree::Scalar(value.into()))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Tree, E> {
        Ok(Tree::Scalar(value.into()))
    }

    fn visit_str<E>(self, text: &str) -> Result<Tree, E> {
        Ok(Tree::Scalar(text.into()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Tree, A::Error> {
        let mut array = Vec::new();
        while let Some(item) = items.next_element()? {
            array.push(item);
        }
        Ok(Tree::Array(array))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Tree, A::Error> {
        let mut object = Vec::new();
        while let Some(entry) = entries.next_entry()? {
            object.push(entry);
        }
        Ok(Tree::Object(object))
    }
}
