//! Aggregates that make arrays, maps and texts, and those that count what is distinct.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use super::basic::{int, is_nan};
use crate::compare::order;
use crate::error::{Result, bail};
use crate::key::bytes_of;
use crate::registry::{Aggregate, Call, Fold, function, values_at};
use crate::value::Value;

pub(super) fn aggregates() -> Vec<Aggregate> {
    vec![
        function(
            "array_agg",
            &["(T) array(T)"],
            rows(|_, rows| Ok(non_empty(rows.map(first).collect()))),
        ),
        function(
            "set_agg",
            &["(T:comparable) array(T)"],
            rows(|_, rows| Ok(non_empty(distinct(rows.map(first))))),
        ),
        function(
            "set_union",
            &["(array(T)) array(T) where T:comparable"],
            rows(|_, rows| {
                let mut arrays = rows.map(first).filter(|array| !array.is_null()).peekable();
                if arrays.peek().is_none() {
                    return Ok(Value::Null);
                }
                let items = arrays.flat_map(|array| match array {
                    Value::Array(items) => items,
                    _ => Vec::new(),
                });
                Ok(Value::Array(distinct(items)))
            }),
        ),
        // An exact number is within any standard error.
        function(
            "approx_distinct",
            &["(T:comparable) bigint", "(T:comparable, double) bigint"],
            rows(|_, rows| {
                let values = rows.map(first).filter(|value| !value.is_null());
                Ok(Value::Int(distinct(values).len() as i64))
            }),
        ),
        function(
            "histogram",
            &["(K:comparable) map(K, bigint)"],
            rows(|_, rows| {
                let (mut places, mut entries) = (HashMap::new(), Vec::<(Value, Value)>::new());
                for value in rows.map(first).filter(|value| !value.is_null()) {
                    let place = *places
                        .entry(bytes_of(std::slice::from_ref(&value)))
                        .or_insert_with(|| {
                            entries.push((value, Value::Int(0)));
                            entries.len() - 1
                        });
                    entries[place].1 = Value::Int(int(&entries[place].1) + 1);
                }
                Ok(non_empty_map(entries))
            }),
        ),
        function(
            "map_agg",
            &["(K:comparable, V) map(K, V)"],
            rows(|_, rows| {
                Ok(non_empty_map(first_of_each(rows.map(|mut pair| {
                    let value = pair.swap_remove(1);
                    (pair.swap_remove(0), value)
                }))))
            }),
        ),
        function(
            "map_union",
            &["(map(K, V)) map(K, V)"],
            rows(|_, rows| {
                let mut maps = rows.map(first).filter(|map| !map.is_null()).peekable();
                if maps.peek().is_none() {
                    return Ok(Value::Null);
                }
                let entries = maps.flat_map(|map| match map {
                    Value::Map(entries) => entries,
                    _ => Vec::new(),
                });
                Ok(Value::Map(first_of_each(entries)))
            }),
        ),
        function(
            "multimap_agg",
            &["(K:comparable, V) map(K, array(V))"],
            rows(|_, rows| {
                let (mut places, mut entries) = (HashMap::new(), Vec::<(Value, Vec<Value>)>::new());
                for mut pair in rows.filter(|pair| !pair[0].is_null()) {
                    let value = pair.swap_remove(1);
                    let place = *places.entry(bytes_of(&pair)).or_insert_with(|| {
                        entries.push((pair.swap_remove(0), Vec::new()));
                        entries.len() - 1
                    });
                    entries[place].1.push(value);
                }
                let entries = entries.into_iter().map(|(key, all)| (key, Value::Array(all)));
                Ok(non_empty_map(entries.collect()))
            }),
        ),
        function(
            "listagg",
            &["(varchar(x)) varchar", "(varchar(x), varchar(y)) varchar"],
            rows(|_, rows| {
                let (mut texts, mut separator) = (Vec::new(), String::new());
                for row in rows {
                    let mut row = row.into_iter();
                    if let Some(Value::Text(text)) = row.next() {
                        texts.push(text);
                    }
                    if let Some(Value::Text(text)) = row.next() {
                        separator = text;
                    }
                }
                let text = texts.join(&separator);
                if text.len() > 1 << 20 {
                    bail!(
                        ExceededFunctionMemoryLimit,
                        "Concatenated string has the length in bytes larger than the maximum output length 1048576"
                    );
                }
                Ok(if texts.is_empty() {
                    Value::Null
                } else {
                    Value::Text(text)
                })
            }),
        ),
        function("max", &["(E:orderable, bigint) array(E)"], extremes(0, 1, false)),
        function("min", &["(E:orderable, bigint) array(E)"], extremes(0, 1, true)),
        function(
            "max_by",
            &["(V, K:orderable, bigint) array(V)"],
            extremes(1, 2, false),
        ),
        function(
            "min_by",
            &["(V, K:orderable, bigint) array(V)"],
            extremes(1, 2, true),
        ),
    ]
}

/// A fold over rows of values.
pub(super) fn rows(
    f: impl Fn(&Call<'_>, &mut dyn Iterator<Item = Vec<Value>>) -> Result<Value> + Send + Sync + 'static,
) -> Fold {
    Fold::Rows(Arc::new(move |call, columns| {
        f(
            call,
            &mut (0..call.rows).map(|row| values_at(call.args, columns, row)),
        )
    }))
}

fn first(mut row: Vec<Value>) -> Value {
    row.swap_remove(0)
}

fn non_empty(items: Vec<Value>) -> Value {
    if items.is_empty() {
        Value::Null
    } else {
        Value::Array(items)
    }
}

fn non_empty_map(entries: Vec<(Value, Value)>) -> Value {
    if entries.is_empty() {
        Value::Null
    } else {
        Value::Map(entries)
    }
}

fn distinct(values: impl Iterator<Item = Value>) -> Vec<Value> {
    let mut seen = HashSet::new();
    values
        .filter(|value| seen.insert(bytes_of(std::slice::from_ref(value))))
        .collect()
}

/// The first entry of each key that is not NULL.
fn first_of_each(entries: impl Iterator<Item = (Value, Value)>) -> Vec<(Value, Value)> {
    let mut seen = HashSet::new();
    entries
        .filter(|(key, _)| !key.is_null() && seen.insert(bytes_of(std::slice::from_ref(key))))
        .collect()
}

/// The first argument in the `count` rows where `by` is greatest or least, the best first.
fn extremes(by: usize, count: usize, least: bool) -> Fold {
    rows(move |call, rows| {
        let (mut best, mut most) = (Vec::new(), None);
        for row in rows {
            if most.is_none() {
                let wanted = int(&row[count]);
                if row[count].is_null() || !(1..=10_000).contains(&wanted) {
                    bail!(
                        InvalidFunctionArgument,
                        "third argument of max_by/min_by must be a positive integer of at most 10000: {wanted}"
                    );
                }
                most = Some(wanted as usize);
            }
            if !row[by].is_null() {
                best.push(row);
            }
        }
        let ty = &call.args[by];
        let mut failed = None;
        best.sort_by(|a, b| {
            let (a, b) = (&a[by], &b[by]);
            if is_nan(a) || is_nan(b) {
                return is_nan(a).cmp(&is_nan(b));
            }
            let order = order(ty, a, b).unwrap_or_else(|error| {
                failed.get_or_insert(error);
                std::cmp::Ordering::Equal
            });
            if least { order } else { order.reverse() }
        });
        if let Some(error) = failed {
            return Err(error);
        }
        best.truncate(most.unwrap_or(0));
        Ok(non_empty(best.into_iter().map(first).collect()))
    })
}
