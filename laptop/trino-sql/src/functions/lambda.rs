//! Functions that take lambdas.

use std::cmp::Ordering;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, BooleanArray, ListArray, UInt32Array};
use arrow::buffer::OffsetBuffer;
use arrow::compute::{filter, take};

use crate::error::{Result, bail};
use crate::functions::array::sorted;
use crate::functions::map::unique;
use crate::functions::read::{entries, items};
use crate::registry::{Call, Kernel, Scalar, function, rows};
use crate::types::{Type, item_field};
use crate::value::Value;

pub(crate) fn scalars() -> Vec<Scalar> {
    vec![
        function(
            "transform",
            &["(array(T), function(T, U)) array(U)"],
            Arc::new(|call, columns| {
                let list = columns[0].as_list::<i32>();
                let flat = Flat::new(list, call.rows)?;
                let made = call.lambda(1)?.apply(vec![flat.items], &flat.rows)?;
                list_of(call, flat.lengths, made, list)
            }),
        ),
        function(
            "filter",
            &["(array(T), function(T, boolean)) array(T)"],
            Arc::new(|call, columns| {
                let list = columns[0].as_list::<i32>();
                let flat = Flat::new(list, call.rows)?;
                let kept = call.lambda(1)?.apply(vec![Arc::clone(&flat.items)], &flat.rows)?;
                let kept: BooleanArray = kept
                    .as_boolean()
                    .iter()
                    .map(|keep| Some(keep == Some(true)))
                    .collect();
                let mut at = 0;
                let count = |length: usize| {
                    at += length;
                    kept.slice(at - length, length).true_count()
                };
                let lengths = flat.lengths.iter().copied().map(count).collect();
                list_of(call, lengths, filter(&flat.items, &kept)?, list)
            }),
        ),
        function(
            "any_match",
            &["(array(T), function(T, boolean)) boolean"],
            matching(true, true),
        ),
        function(
            "all_match",
            &["(array(T), function(T, boolean)) boolean"],
            matching(false, false),
        ),
        function(
            "none_match",
            &["(array(T), function(T, boolean)) boolean"],
            matching(true, false),
        ),
        function(
            "reduce",
            &["(array(T), S, function(S, T, S), function(S, R)) R"],
            rows(|call, row, args| {
                if args[0].is_null() {
                    return Ok(Value::Null);
                }
                let mut state = args[1].clone();
                for item in items(&args[0]) {
                    state = call.apply_one(2, row, vec![state, item.clone()])?;
                }
                call.apply_one(3, row, vec![state])
            }),
        ),
        function(
            "zip_with",
            &["(array(T), array(U), function(T, U, R)) array(R)"],
            rows(|call, row, args| {
                if args[..2].iter().any(Value::is_null) {
                    return Ok(Value::Null);
                }
                let (a, b) = (items(&args[0]), items(&args[1]));
                let item = |items: &[Value], i: usize| items.get(i).cloned().unwrap_or(Value::Null);
                let made =
                    (0..a.len().max(b.len())).map(|i| call.apply_one(2, row, vec![item(a, i), item(b, i)]));
                Ok(Value::Array(made.collect::<Result<_>>()?))
            }),
        ),
        function(
            "array_sort",
            &["(array(T), function(T, T, integer)) array(T)"],
            rows(|call, row, args| {
                if args[0].is_null() {
                    return Ok(Value::Null);
                }
                let mut compare = |a: &Value, b: &Value| {
                    Ok(match call.apply_one(1, row, vec![a.clone(), b.clone()])? {
                        Value::Int(-1) => Ordering::Less,
                        Value::Int(0) => Ordering::Equal,
                        Value::Int(1) => Ordering::Greater,
                        _ => bail!(
                            InvalidFunctionArgument,
                            "Lambda comparator must return either -1, 0, or 1"
                        ),
                    })
                };
                Ok(Value::Array(sorted(items(&args[0]).to_vec(), &mut compare)?))
            }),
        ),
        function(
            "map_filter",
            &["(map(K, V), function(K, V, boolean)) map(K, V)"],
            rows(|call, row, args| {
                each_entry(call, row, args, |pairs, results| {
                    let kept = pairs
                        .iter()
                        .zip(results)
                        .filter(|(_, keep)| *keep == Value::Boolean(true));
                    Ok(Value::Map(kept.map(|(pair, _)| pair.clone()).collect()))
                })
            }),
        ),
        function(
            "transform_keys",
            &["(map(K, V), function(K, V, L)) map(L, V)"],
            rows(|call, row, args| {
                each_entry(call, row, args, |pairs, keys| {
                    unique(
                        keys.into_iter().zip(pairs.iter().map(|(_, value)| value.clone())),
                        call.result,
                    )
                })
            }),
        ),
        function(
            "transform_values",
            &["(map(K, V), function(K, V, W)) map(K, W)"],
            rows(|call, row, args| {
                each_entry(call, row, args, |pairs, values| {
                    Ok(Value::Map(
                        pairs.iter().map(|(key, _)| key.clone()).zip(values).collect(),
                    ))
                })
            }),
        ),
        function(
            "map_zip_with",
            &["(map(K, V), map(K, W), function(K, V, W, R)) map(K, R)"],
            rows(|call, row, args| {
                if args[..2].iter().any(Value::is_null) {
                    return Ok(Value::Null);
                }
                let (a, b) = (entries(&args[0]), entries(&args[1]));
                let of = |map: &[(Value, Value)], wanted: &Value| {
                    let entry = map.iter().find(|(key, _)| crate::compare::same(key, wanted));
                    entry.map(|(_, value)| value.clone())
                };
                let only_b = b.iter().map(|(key, _)| key).filter(|key| of(a, key).is_none());
                let mut made = Vec::new();
                for key in a.iter().map(|(key, _)| key).chain(only_b) {
                    let value = |map| of(map, key).unwrap_or(Value::Null);
                    made.push((
                        key.clone(),
                        call.apply_one(2, row, vec![key.clone(), value(a), value(b)])?,
                    ));
                }
                Ok(Value::Map(made))
            }),
        ),
    ]
}

/// Items of the lists in all rows, one after the other, with the row that each belongs to.
struct Flat {
    items: ArrayRef,
    rows: UInt32Array,
    lengths: Vec<usize>,
}

impl Flat {
    fn new(list: &ListArray, count: usize) -> Result<Self> {
        let (mut rows, mut taken) = (Vec::new(), Vec::new());
        let mut lengths = Vec::with_capacity(count);
        for row in 0..count {
            let range = if list.is_null(row) {
                0..0
            } else {
                list.value_offsets()[row] as u32..list.value_offsets()[row + 1] as u32
            };
            lengths.push(range.len());
            rows.extend(std::iter::repeat_n(row as u32, range.len()));
            taken.extend(range);
        }
        Ok(Self {
            items: take(list.values(), &UInt32Array::from(taken), None)?,
            rows: rows.into(),
            lengths,
        })
    }
}

fn list_of(call: &Call<'_>, lengths: Vec<usize>, items: ArrayRef, like: &ListArray) -> Result<ArrayRef> {
    let Type::Array(item) = call.result else {
        bail!(Internal, "{} is not an array", call.result)
    };
    let offsets = OffsetBuffer::from_lengths(lengths);
    let nulls = like.nulls().cloned();
    Ok(Arc::new(ListArray::try_new(
        item_field(item),
        offsets,
        items,
        nulls,
    )?))
}

/// Whether a lambda gives a result somewhere: then `answer`, else NULL if one is NULL, else the opposite.
fn matching(wanted: bool, answer: bool) -> Kernel {
    Arc::new(move |call, columns| {
        let list = columns[0].as_list::<i32>();
        let flat = Flat::new(list, call.rows)?;
        let results = call.lambda(1)?.apply(vec![flat.items], &flat.rows)?;
        let mut results = results.as_boolean().iter();
        let row = |(row, length): (usize, usize)| {
            let found: Vec<_> = results.by_ref().take(length).collect();
            if list.is_null(row) {
                None
            } else if found.contains(&Some(wanted)) {
                Some(answer)
            } else if found.contains(&None) {
                None
            } else {
                Some(!answer)
            }
        };
        let answers: BooleanArray = flat.lengths.iter().copied().enumerate().map(row).collect();
        Ok(Arc::new(answers))
    })
}

/// A map's entries with what the lambda makes of each.
fn each_entry(
    call: &Call<'_>,
    row: usize,
    args: &[Value],
    finish: impl Fn(&[(Value, Value)], Vec<Value>) -> Result<Value>,
) -> Result<Value> {
    if args[0].is_null() {
        return Ok(Value::Null);
    }
    let pairs = entries(&args[0]);
    let results = pairs
        .iter()
        .map(|(key, value)| call.apply_one(1, row, vec![key.clone(), value.clone()]));
    finish(pairs, results.collect::<Result<_>>()?)
}
