//! Functions of maps.

use crate::compare::same;
use crate::error::{Result, bail, err};
use crate::functions::read::{entries, items};
use crate::registry::{Scalar, function, values};
use crate::types::Type;
use crate::value::Value;

pub(crate) fn scalars() -> Vec<Scalar> {
    vec![
        function(
            "map",
            &["() map(unknown, unknown)"],
            values(|_, _| Ok(Value::Map(Vec::new()))),
        ),
        function(
            "map",
            &["(array(K), array(V)) map(K, V)"],
            values(|call, args| {
                let (keys, values) = (items(&args[0]), items(&args[1]));
                if keys.len() != values.len() {
                    bail!(
                        InvalidFunctionArgument,
                        "Key and value arrays must be the same length"
                    );
                }
                unique(keys.iter().cloned().zip(values.iter().cloned()), call.result)
            }),
        ),
        function(
            "$subscript",
            &["(map(K, V), K) V"],
            values(|call, args| {
                found(&args[0], &args[1]).ok_or_else(|| {
                    let key = args[1].text(&call.args[1]).unwrap_or_default();
                    err!(InvalidFunctionArgument, "Key not present in map: {key}")
                })
            }),
        ),
        function(
            "element_at",
            &["(map(K, V), K) V"],
            values(|_, args| Ok(found(&args[0], &args[1]).unwrap_or(Value::Null))),
        ),
        function(
            "map_keys",
            &["(map(K, V)) array(K)"],
            values(|_, args| {
                Ok(Value::Array(
                    entries(&args[0]).iter().map(|(key, _)| key.clone()).collect(),
                ))
            }),
        ),
        function(
            "map_values",
            &["(map(K, V)) array(V)"],
            values(|_, args| {
                Ok(Value::Array(
                    entries(&args[0]).iter().map(|(_, value)| value.clone()).collect(),
                ))
            }),
        ),
        function(
            "map_entries",
            &["(map(K, V)) array(row(K, V))"],
            values(|_, args| {
                let rows = entries(&args[0])
                    .iter()
                    .map(|(key, value)| Value::Row(vec![key.clone(), value.clone()]));
                Ok(Value::Array(rows.collect()))
            }),
        ),
        function(
            "map_from_entries",
            &["(array(row(K, V))) map(K, V)"],
            values(|call, args| unique(rows(&args[0])?.into_iter(), call.result)),
        ),
        function(
            "multimap_from_entries",
            &["(array(row(K, V))) map(K, array(V))"],
            values(|_, args| {
                let mut map: Vec<(Value, Value)> = Vec::new();
                for (key, value) in rows(&args[0])? {
                    if key.is_null() {
                        bail!(InvalidFunctionArgument, "map key cannot be null");
                    }
                    match map.iter_mut().find(|(known, _)| same(known, &key)) {
                        Some((_, Value::Array(known))) => known.push(value),
                        _ => map.push((key, Value::Array(vec![value]))),
                    }
                }
                Ok(Value::Map(map))
            }),
        ),
        function(
            "map_concat",
            &["(map(K, V), map(K, V), map(K, V)...) map(K, V)"],
            values(|_, args| {
                let mut map: Vec<(Value, Value)> = Vec::new();
                for (key, value) in args.iter().flat_map(entries) {
                    match map.iter_mut().find(|(known, _)| same(known, key)) {
                        Some((_, known)) => *known = value.clone(),
                        None => map.push((key.clone(), value.clone())),
                    }
                }
                Ok(Value::Map(map))
            }),
        ),
    ]
}

fn found(map: &Value, wanted: &Value) -> Option<Value> {
    let entry = entries(map).iter().find(|(key, _)| same(key, wanted));
    entry.map(|(_, value)| value.clone())
}

/// Pairs out of an array of rows.
fn rows(value: &Value) -> Result<Vec<(Value, Value)>> {
    let pair = |row: &Value| match row {
        Value::Row(fields) => Ok((fields[0].clone(), fields[1].clone())),
        _ => Err(err!(InvalidFunctionArgument, "map entry cannot be null")),
    };
    items(value).iter().map(pair).collect()
}

/// A map of pairs, each key once.
pub(crate) fn unique(pairs: impl Iterator<Item = (Value, Value)>, ty: &Type) -> Result<Value> {
    let mut map: Vec<(Value, Value)> = Vec::new();
    for (key, value) in pairs {
        if key.is_null() {
            bail!(InvalidFunctionArgument, "map key cannot be null");
        }
        if is_indeterminate(&key) {
            bail!(InvalidFunctionArgument, "map key cannot be indeterminate");
        }
        if map.iter().any(|(known, _)| same(known, &key)) {
            let shown = if let Type::Map(ty, _) = ty {
                key.text(ty)
            } else {
                None
            };
            bail!(
                InvalidFunctionArgument,
                "Duplicate map keys ({}) are not allowed",
                shown.unwrap_or_default()
            );
        }
        map.push((key, value));
    }
    Ok(Value::Map(map))
}

/// Whether a key equals not even itself.
fn is_indeterminate(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Array(items) | Value::Row(items) => items.iter().any(is_indeterminate),
        Value::Map(entries) => entries.iter().any(|(_, value)| is_indeterminate(value)),
        _ => false,
    }
}
