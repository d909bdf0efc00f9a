//! Functions of JSON with the paths of `json_extract`: `$.store.book[0]["a title"]`.
//!
//! Extraction reads no further than to what it wants, and takes the first of equal names.

use std::rc::Rc;

use crate::error::{Result, bail, err};
use crate::functions::compiled::{Compiled, compiled};
use crate::functions::read::{int, text};
use crate::json::{Json, Reader};
use crate::registry::{Scalar, function, values};
use crate::value::Value;

pub(crate) fn scalars() -> Vec<Scalar> {
    let mut rows = vec![
        function(
            "json_parse",
            &["(varchar(x)) json"],
            values(|_, args| crate::cast::json::parse(text(&args[0]))),
        ),
        function(
            "json_format",
            &["(json) varchar"],
            values(|_, args| Ok(args[0].clone())),
        ),
        function(
            "is_json_scalar",
            &["(json) boolean", "(varchar(x)) boolean"],
            values(|_, args| {
                let text = text(&args[0]);
                match Json::parse(text) {
                    Some(value) => Ok(Value::Boolean(!matches!(value, Json::Array(_) | Json::Object(_)))),
                    None => bail!(InvalidFunctionArgument, "Invalid JSON value: {text}"),
                }
            }),
        ),
        function(
            "json_extract",
            &["(json, varchar(x)) json", "(varchar(x), varchar(y)) json"],
            values(|_, args| {
                let found = extract(text(&args[0]), text(&args[1]))?;
                Ok(found.map_or(Value::Null, |found| Value::Text(found.text())))
            }),
        ),
        function(
            "json_extract_scalar",
            &[
                "(json, varchar(x)) varchar",
                "(varchar(x), varchar(y)) varchar(x)",
            ],
            values(|_, args| {
                let found = extract(text(&args[0]), text(&args[1]))?;
                Ok(found.as_ref().and_then(scalar).map_or(Value::Null, Value::Text))
            }),
        ),
        function(
            "json_size",
            &["(json, varchar(x)) bigint", "(varchar(x), varchar(y)) bigint"],
            values(|_, args| {
                let found = extract(text(&args[0]), text(&args[1]))?;
                Ok(found.map_or(Value::Null, |found| {
                    Value::Int(match found {
                        Json::Array(items) => items.len() as i64,
                        Json::Object(members) => members.len() as i64,
                        _ => 0,
                    })
                }))
            }),
        ),
        function(
            "json_array_length",
            &["(json) bigint", "(varchar(x)) bigint"],
            values(|_, args| {
                Ok(items(text(&args[0])).map_or(Value::Null, |items| Value::Int(items.len() as i64)))
            }),
        ),
        function(
            "json_array_get",
            &["(json, bigint) json", "(varchar(x), bigint) json"],
            values(|_, args| {
                let (items, at) = (items(text(&args[0])), int(&args[1]));
                let item = items.and_then(|items| {
                    let place = if at < 0 { items.len() as i64 + at } else { at };
                    items.into_iter().nth(usize::try_from(place).ok()?)
                });
                Ok(match item {
                    // Without its quotes: not JSON, but what Trino gives.
                    Some(Json::Text(text)) => Value::Text(text),
                    None | Some(Json::Null) => Value::Null,
                    Some(other) => Value::Text(other.text()),
                })
            }),
        ),
    ];
    rows.extend(
        [
            ["(json, boolean) boolean", "(varchar(x), boolean) boolean"],
            ["(json, bigint) boolean", "(varchar(x), bigint) boolean"],
            ["(json, double) boolean", "(varchar(x), double) boolean"],
            ["(json, varchar(x)) boolean", "(varchar(x), varchar(y)) boolean"],
        ]
        .map(|signatures| {
            function(
                "json_array_contains",
                &signatures,
                values(|_, args| {
                    let items = items(text(&args[0]));
                    Ok(items.map_or(Value::Null, |items| {
                        Value::Boolean(items.iter().any(|item| is_equal(item, &args[1])))
                    }))
                }),
            )
        }),
    );
    rows
}

/// Items of an array; None for everything else.
fn items(text: &str) -> Option<Vec<Json>> {
    match Json::parse(text) {
        Some(Json::Array(items)) => Some(items),
        _ => None,
    }
}

fn is_equal(item: &Json, wanted: &Value) -> bool {
    match (item, wanted) {
        (Json::Boolean(a), Value::Boolean(b)) => a == b,
        (Json::Text(a), Value::Text(b)) => a == b,
        // Whole numbers and others are never equal.
        (Json::Number(a), Value::Int(b)) => a.parse() == Ok(*b),
        (Json::Number(a), Value::Double(b)) => a.contains(['.', 'e', 'E']) && a.parse() == Ok(*b),
        _ => false,
    }
}

/// A scalar in its spelling.
pub(crate) fn scalar(value: &Json) -> Option<String> {
    match value {
        Json::Boolean(boolean) => Some(boolean.to_string()),
        Json::Number(number) => Some(number.clone()),
        Json::Text(text) => Some(text.clone()),
        _ => None,
    }
}

fn extract(text: &str, path: &str) -> Result<Option<Json>> {
    let steps = cached(path)?;
    Ok(walk(&mut Reader::new(text), &steps))
}

fn walk(reader: &mut Reader<'_>, steps: &[String]) -> Option<Json> {
    let Some((step, rest)) = steps.split_first() else {
        return reader.value(0);
    };
    let mut found = None;
    match reader.peek()? {
        b'{' => reader.members(|reader, key| {
            if key == *step {
                found = walk(reader, rest);
                return Some(false);
            }
            reader.value(0).map(|_| true)
        })?,
        b'[' => {
            let place: usize = step.parse().ok()?;
            reader.items(|reader, at| {
                if at == place {
                    found = walk(reader, rest);
                    return Some(false);
                }
                reader.value(0).map(|_| true)
            })?;
        }
        _ => {}
    }
    found
}

/// The steps of a path, read once for all rows.
fn cached(path: &str) -> Result<Rc<Vec<String>>> {
    thread_local! {
        static PATHS: Compiled<Vec<String>> = Compiled::default();
    }
    compiled(&PATHS, path, |path| {
        steps(path).ok_or_else(|| err!(InvalidFunctionArgument, "Invalid JSON path: '{path}'"))
    })
}

fn steps(path: &str) -> Option<Vec<String>> {
    let mut rest = path.strip_prefix('$')?;
    let mut steps = Vec::new();
    while !rest.is_empty() {
        let step;
        if let Some(after) = rest.strip_prefix('.') {
            let is_part = |c: char| c.is_alphanumeric() || "_:$-/@|#".contains(c);
            let end = after.find(|c| !is_part(c)).unwrap_or(after.len());
            (step, rest) = (after[..end].to_owned(), &after[end..]);
        } else if let Some(after) = rest.strip_prefix("[\"") {
            let (mut quoted, mut chars) = (String::new(), after.char_indices());
            let end = loop {
                match chars.next()? {
                    (_, '\\') => match chars.next()? {
                        (_, c @ ('"' | '\\')) => quoted.push(c),
                        _ => return None,
                    },
                    (at, '"') => break at,
                    (_, c) => quoted.push(c),
                }
            };
            step = quoted;
            rest = after[end + 1..].strip_prefix(']')?;
        } else {
            let after = rest.strip_prefix('[')?;
            let end = after.find(|c: char| !(c.is_alphanumeric() || c == '_'))?;
            step = after[..end].to_owned();
            rest = after[end..].strip_prefix(']')?;
        }
        if step.is_empty() {
            return None;
        }
        steps.push(step);
    }
    Some(steps)
}
