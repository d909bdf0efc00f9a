//! Strict form of JSON, as the Java SDK's streaming reader requires it: keys in one order, no unknown ones.

use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};

/// JSON value whose objects keep the order and the repetition of their keys.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Node {
    Null,
    Flag,
    Number,
    Text(String),
    List(Vec<Node>),
    Object(Vec<(String, Node)>),
}

/// Form of a value.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Shape {
    Text,
    Number,
    Flag,
    /// An object from any text to a text.
    Texts,
    List(&'static Shape),
    /// An object from any text to a value.
    Map(&'static Shape),
    Object(&'static [Field]),
    /// Object with this `@type` first.
    Typed(&'static str, &'static [Field]),
    /// A response: as `Typed`, and with anything after the last known key, where the reader has stopped.
    Root(&'static str, &'static [Field]),
    OrNull(&'static Shape),
}

/// Key of an object.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Field {
    pub(crate) name: &'static str,
    pub(crate) shape: Shape,
    /// Whether the key may be absent.
    pub(crate) optional: bool,
}

pub(crate) const fn field(name: &'static str, shape: Shape) -> Field {
    Field {
        name,
        shape,
        optional: false,
    }
}

pub(crate) const fn optional(name: &'static str, shape: Shape) -> Field {
    Field {
        name,
        shape,
        optional: true,
    }
}

const TYPE: &str = "@type";

impl Node {
    fn kind(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Flag => "a boolean",
            Self::Number => "a number",
            Self::Text(_) => "a text",
            Self::List(_) => "an array",
            Self::Object(_) => "an object",
        }
    }

    /// `@type` of an object.
    pub(crate) fn type_name(&self) -> Option<&str> {
        let Self::Object(entries) = self else { return None };
        entries.iter().find_map(|(key, value)| match value {
            Self::Text(text) if key == TYPE => Some(text.as_str()),
            _ => None,
        })
    }
}

impl Shape {
    /// Faults of a value: a path and what is wrong there.
    pub(crate) fn faults(&self, node: &Node) -> Vec<String> {
        let mut faults = Vec::new();
        self.check(node, "", &mut faults);
        faults
    }

    fn check(&self, node: &Node, path: &str, faults: &mut Vec<String>) {
        let wrong = |wanted: &str, faults: &mut Vec<String>| {
            let place = if path.is_empty() { "the response" } else { path };
            faults.push(format!("{place} is {}, wanted {wanted}", node.kind()));
        };
        match (self, node) {
            (Self::OrNull(_), Node::Null) => {}
            (Self::OrNull(shape), node) => shape.check(node, path, faults),
            (Self::Text, Node::Text(_)) | (Self::Number, Node::Number) | (Self::Flag, Node::Flag) => {}
            (Self::List(shape), Node::List(items)) => {
                for (index, item) in items.iter().enumerate() {
                    shape.check(item, &format!("{path}[{index}]"), faults);
                }
            }
            (Self::Texts, node @ Node::Object(_)) => Self::Map(&Self::Text).check(node, path, faults),
            (Self::Map(shape), Node::Object(entries)) => {
                for (index, (key, value)) in entries.iter().enumerate() {
                    let path = below(path, key);
                    if entries[..index].iter().any(|(earlier, _)| earlier == key) {
                        faults.push(format!("{path} appears twice"));
                    }
                    shape.check(value, &path, faults);
                }
            }
            (Self::Object(fields), Node::Object(entries)) => keys(fields, entries, path, false, faults),
            (Self::Typed(name, fields), Node::Object(entries)) => {
                typed(name, fields, entries, path, false, faults);
            }
            (Self::Root(name, fields), Node::Object(entries)) => {
                typed(name, fields, entries, path, true, faults);
            }
            (Self::Text, _) => wrong("a text", faults),
            (Self::Number, _) => wrong("a number", faults),
            (Self::Flag, _) => wrong("a boolean", faults),
            (Self::List(_), _) => wrong("an array", faults),
            _ => wrong("an object", faults),
        }
    }
}

fn typed(
    name: &str,
    fields: &[Field],
    entries: &[(String, Node)],
    path: &str,
    open: bool,
    faults: &mut Vec<String>,
) {
    match entries.split_first() {
        Some(((key, Node::Text(found)), rest)) if key == TYPE => {
            if found != name {
                faults.push(format!("{} is `{found}`, wanted `{name}`", below(path, TYPE)));
            }
            keys(fields, rest, path, open, faults);
        }
        _ => faults.push(format!("{} is not the first key", below(path, TYPE))),
    }
}

/// Compares the keys in order. Reports the first one that is out of place: the reader fails there.
fn keys(fields: &[Field], entries: &[(String, Node)], path: &str, open: bool, faults: &mut Vec<String>) {
    let mut entries = entries.iter().peekable();
    for field in fields {
        match entries.peek() {
            Some((key, value)) if key == field.name => {
                field.shape.check(value, &below(path, key), faults);
                entries.next();
            }
            _ if field.optional => {}
            Some((key, _)) => {
                return faults.push(format!(
                    "{} stands where {} is expected",
                    below(path, key),
                    below(path, field.name)
                ));
            }
            None => return faults.push(format!("{} is missing", below(path, field.name))),
        }
    }
    if let Some((key, _)) = entries.next().filter(|_| !open) {
        faults.push(format!("{} is not a known key", below(path, key)));
    }
}

fn below(path: &str, key: &str) -> String {
    match path {
        "" => key.to_owned(),
        path => format!("{path}.{key}"),
    }
}

impl<'de> Deserialize<'de> for Node {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(NodeVisitor)
    }
}

struct NodeVisitor;

impl<'de> Visitor<'de> for NodeVisitor {
    type Value = Node;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Node, E> {
        Ok(Node::Null)
    }

    fn visit_bool<E>(self, _: bool) -> Result<Node, E> {
        Ok(Node::Flag)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Node, E> {
        Ok(Node::Number)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Node, E> {
        Ok(Node::Number)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Node, E> {
        Ok(Node::Number)
    }

    fn visit_str<E>(self, text: &str) -> Result<Node, E> {
        Ok(Node::Text(text.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Node, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element()? {
            list.push(item);
        }
        Ok(Node::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Node, A::Error> {
        let mut object = Vec::new();
        while let Some(entry) = entries.next_entry()? {
            object.push(entry);
        }
        Ok(Node::Object(object))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TABLE: Shape = Shape::Object(&[
        field("schema", Shape::Text),
        field("table", Shape::OrNull(&Shape::Text)),
    ]);
    const RESPONSE: Shape = Shape::Root(
        "R",
        &[
            field("tables", Shape::List(&TABLE)),
            optional("token", Shape::OrNull(&Shape::Text)),
        ],
    );

    fn faults(json: &str) -> Vec<String> {
        RESPONSE.faults(&serde_json::from_str(json).unwrap())
    }

    #[test]
    fn accepts_the_exact_form() {
        for json in [
            r#"{"@type":"R","tables":[{"schema":"a","table":null}],"token":null}"#,
            r#"{"@type":"R","tables":[]}"#,
            r#"{"@type":"R","tables":[],"token":"1","more":{"x":[1.5,true,-1]}}"#,
        ] {
            assert_eq!(faults(json), [""; 0], "{json}");
        }
    }

    #[test]
    fn names_the_first_key_out_of_place() {
        for (json, fault) in [
            (r#"{"tables":[],"@type":"R"}"#, "@type is not the first key"),
            (r#"{"@type":"S","tables":[]}"#, "@type is `S`, wanted `R`"),
            (
                r#"{"@type":"R","token":null,"tables":[]}"#,
                "token stands where tables is expected",
            ),
            (r#"{"@type":"R"}"#, "tables is missing"),
            (
                r#"{"@type":"R","tables":[{"schema":"a","table":"b","x":1}]}"#,
                "tables[0].x is not a known key",
            ),
            (
                r#"{"@type":"R","tables":[{"schema":null,"table":"b"}]}"#,
                "tables[0].schema is null, wanted a text",
            ),
            (
                r#"{"@type":"R","tables":{}}"#,
                "tables is an object, wanted an array",
            ),
        ] {
            assert_eq!(faults(json), [fault], "{json}");
        }
    }

    #[test]
    fn a_key_of_a_map_appears_once() {
        let node = serde_json::from_str(r#"{"a":"1","a":"2"}"#).unwrap();
        assert_eq!(Shape::Texts.faults(&node), ["a appears twice"]);
    }
}
