//! Functions of arrays.

use std::cmp::Ordering;

use crate::compare::{equal, order, same};
use crate::error::{Result, bail};
use crate::functions::read::{int, items, text};
use crate::registry::{Call, Scalar, function, values, values_or_null};
use crate::types::Type;
use crate::value::Value;

pub(crate) fn scalars() -> Vec<Scalar> {
    vec![
        function(
            "cardinality",
            &["(array(E)) bigint", "(map(K, V)) bigint"],
            values(|_, args| {
                Ok(Value::Int(match &args[0] {
                    Value::Array(items) => items.len() as i64,
                    Value::Map(entries) => entries.len() as i64,
                    _ => 0,
                }))
            }),
        ),
        function(
            "contains",
            &["(array(T), T) boolean where T:comparable"],
            values(|_, args| {
                let Value::Array(items) = &args[0] else {
                    return Ok(Value::Null);
                };
                let found: Vec<_> = items.iter().map(|item| equal(item, &args[1])).collect();
                Ok(if found.contains(&Some(true)) {
                    Value::Boolean(true)
                } else if found.contains(&None) {
                    Value::Null
                } else {
                    Value::Boolean(false)
                })
            }),
        ),
        function(
            "concat",
            &[
                "(array(E)...) array(E)",
                "(E, array(E)) array(E)",
                "(array(E), E) array(E)",
            ],
            values(|_, args| {
                let items = args.iter().flat_map(|arg| match arg {
                    Value::Array(items) => items.clone(),
                    other => vec![other.clone()],
                });
                Ok(Value::Array(items.collect()))
            }),
        ),
        function(
            "$subscript",
            &["(array(T), bigint) T"],
            values(|_, args| {
                let (Value::Array(items), Value::Int(at)) = (&args[0], &args[1]) else {
                    return Ok(Value::Null);
                };
                match *at {
                    0 => bail!(InvalidFunctionArgument, "SQL array indices start at 1"),
                    at if at < 0 => bail!(InvalidFunctionArgument, "Array subscript is negative: {at}"),
                    at => match items.get(at as usize - 1) {
                        Some(item) => Ok(item.clone()),
                        None => bail!(
                            InvalidFunctionArgument,
                            "Array subscript must be less than or equal to array length: {at} > {}",
                            items.len()
                        ),
                    },
                }
            }),
        ),
        function(
            "element_at",
            &["(array(T), bigint) T"],
            values(|_, args| {
                let (items, at) = (items(&args[0]), int(&args[1]));
                if at == 0 {
                    bail!(InvalidFunctionArgument, "SQL array indices start at 1");
                }
                let place = if at > 0 { at - 1 } else { items.len() as i64 + at };
                let item = usize::try_from(place).ok().and_then(|place| items.get(place));
                Ok(item.cloned().unwrap_or(Value::Null))
            }),
        ),
        function(
            "array_distinct",
            &["(array(E)) array(E) where E:comparable"],
            values(|_, args| Ok(Value::Array(distinct(items(&args[0]))))),
        ),
        function(
            "array_union",
            &["(array(E), array(E)) array(E) where E:comparable"],
            values(|_, args| {
                Ok(Value::Array(distinct(
                    items(&args[0]).iter().chain(items(&args[1])),
                )))
            }),
        ),
        function(
            "array_intersect",
            &["(array(E), array(E)) array(E) where E:comparable"],
            values(|_, args| {
                let (mut longer, mut shorter) = (items(&args[0]), items(&args[1]));
                if longer.len() < shorter.len() {
                    std::mem::swap(&mut longer, &mut shorter);
                }
                Ok(Value::Array(distinct(
                    longer.iter().filter(|item| has(shorter, item)),
                )))
            }),
        ),
        function(
            "array_except",
            &["(array(E), array(E)) array(E) where E:comparable"],
            values(|_, args| {
                Ok(Value::Array(distinct(
                    items(&args[0]).iter().filter(|item| !has(items(&args[1]), item)),
                )))
            }),
        ),
        function(
            "arrays_overlap",
            &["(array(E), array(E)) boolean where E:comparable"],
            values(|_, args| {
                let (a, b) = (items(&args[0]), items(&args[1]));
                Ok(if a.iter().any(|item| !item.is_null() && has(b, item)) {
                    Value::Boolean(true)
                } else if !a.is_empty() && !b.is_empty() && a.iter().chain(b).any(Value::is_null) {
                    Value::Null
                } else {
                    Value::Boolean(false)
                })
            }),
        ),
        function(
            "array_join",
            &[
                "(array(E), varchar) varchar",
                "(array(E), varchar, varchar) varchar",
            ],
            values(|call, args| {
                let Type::Array(item) = &call.args[0] else {
                    return Ok(Value::Null);
                };
                if !crate::cast::is_cast(item, &crate::types::VARCHAR) {
                    bail!(InvalidFunctionArgument, "Input type {item} not supported");
                }
                let mut parts = Vec::new();
                for value in items(&args[0]) {
                    match (value, args.get(2)) {
                        (Value::Null, None) => {}
                        (Value::Null, Some(replacement)) => parts.push(text(replacement).to_owned()),
                        (value, _) => parts.push(crate::text::to_text(value, item)),
                    }
                }
                Ok(Value::Text(parts.join(text(&args[1]))))
            }),
        ),
        function(
            "array_max",
            &["(array(E)) E where E:orderable"],
            values(|call, args| extreme(call, items(&args[0]), false)),
        ),
        function(
            "array_min",
            &["(array(E)) E where E:orderable"],
            values(|call, args| extreme(call, items(&args[0]), true)),
        ),
        function(
            "array_position",
            &["(array(T), T) bigint where T:comparable"],
            values(|_, args| Ok(Value::Int(position(items(&args[0]), &args[1], 1)?))),
        ),
        function(
            "array_position",
            &["(array(T), T, bigint) bigint where T:comparable"],
            values(|_, args| Ok(Value::Int(position(items(&args[0]), &args[1], int(&args[2]))?))),
        ),
        function(
            "array_remove",
            &["(array(E), E) array(E) where E:comparable"],
            values(|_, args| {
                let kept = items(&args[0])
                    .iter()
                    .filter(|item| equal(item, &args[1]) != Some(true));
                Ok(Value::Array(kept.cloned().collect()))
            }),
        ),
        function(
            "array_sort",
            &["(array(E)) array(E) where E:orderable"],
            values(|call, args| {
                let Type::Array(item) = call.result else {
                    return Ok(Value::Null);
                };
                Ok(Value::Array(sorted(
                    items(&args[0]).to_vec(),
                    &mut |a, b| match (a.is_null(), b.is_null()) {
                        (false, false) => order(item, a, b),
                        (a, b) => Ok(a.cmp(&b)),
                    },
                )?))
            }),
        ),
        function(
            "combinations",
            &["(array(E), bigint) array(array(E))"],
            values(|_, args| combinations(items(&args[0]), int(&args[1]))),
        ),
        function(
            "flatten",
            &["(array(array(E))) array(E)"],
            values(|_, args| {
                Ok(Value::Array(
                    items(&args[0]).iter().flat_map(items).cloned().collect(),
                ))
            }),
        ),
        function(
            "ngrams",
            &["(array(T), bigint) array(array(T))"],
            values(|_, args| {
                let (items, n) = (items(&args[0]), int(&args[1]));
                if n <= 0 {
                    bail!(InvalidFunctionArgument, "N must be positive");
                }
                let n = usize::try_from(n).unwrap_or(usize::MAX).min(items.len()).max(1);
                let grams: Vec<_> = items.windows(n).map(|gram| Value::Array(gram.to_vec())).collect();
                Ok(Value::Array(if items.is_empty() {
                    vec![Value::Array(Vec::new())]
                } else {
                    grams
                }))
            }),
        ),
        function(
            "repeat",
            &["(T, bigint) array(T)"],
            values_or_null(|_, args| {
                let Value::Int(count) = args[1] else {
                    return Ok(Value::Null);
                };
                if count > 10_000 {
                    bail!(
                        InvalidFunctionArgument,
                        "count argument of repeat function must be less than or equal to 10000"
                    );
                }
                if count < 0 {
                    bail!(
                        InvalidFunctionArgument,
                        "count argument of repeat function must be greater than or equal to 0"
                    );
                }
                Ok(Value::Array(vec![args[0].clone(); count as usize]))
            }),
        ),
        function(
            "reverse",
            &["(array(E)) array(E)"],
            values(|_, args| Ok(Value::Array(items(&args[0]).iter().rev().cloned().collect()))),
        ),
        function(
            "slice",
            &["(array(E), bigint, bigint) array(E)"],
            values(|_, args| {
                let (items, start, length) = (items(&args[0]), int(&args[1]), int(&args[2]));
                if length < 0 {
                    bail!(
                        InvalidFunctionArgument,
                        "length must be greater than or equal to 0"
                    );
                }
                if start == 0 {
                    bail!(InvalidFunctionArgument, "SQL array indices start at 1");
                }
                let first = if start > 0 {
                    start - 1
                } else {
                    items.len() as i64 + start
                };
                if first < 0 || first >= items.len() as i64 {
                    return Ok(Value::Array(Vec::new()));
                }
                let end = first.saturating_add(length).min(items.len() as i64);
                Ok(Value::Array(items[first as usize..end as usize].to_vec()))
            }),
        ),
        function(
            "trim_array",
            &["(array(E), bigint) array(E)"],
            values(|_, args| {
                let (items, size) = (items(&args[0]), int(&args[1]));
                if size < 0 {
                    bail!(InvalidFunctionArgument, "size must not be negative: {size}");
                }
                if size > items.len() as i64 {
                    bail!(
                        InvalidFunctionArgument,
                        "size must not exceed array cardinality {}: {size}",
                        items.len()
                    );
                }
                Ok(Value::Array(items[..items.len() - size as usize].to_vec()))
            }),
        ),
        function(
            "zip",
            &[
                "(array(T), array(U)) array(row(T, U))",
                "(array(T), array(U), array(V)) array(row(T, U, V))",
                "(array(T), array(U), array(V), array(W)) array(row(T, U, V, W))",
                "(array(T), array(U), array(V), array(W), array(X)) array(row(T, U, V, W, X))",
            ],
            values(|_, args| {
                let longest = args.iter().map(|arg| items(arg).len()).max().unwrap_or(0);
                let row = |i: usize| {
                    let fields = args
                        .iter()
                        .map(|arg| items(arg).get(i).cloned().unwrap_or(Value::Null));
                    Value::Row(fields.collect())
                };
                Ok(Value::Array((0..longest).map(row).collect()))
            }),
        ),
        function(
            "shuffle",
            &["(array(E)) array(E)"],
            values(|_, args| {
                let mut items = items(&args[0]).to_vec();
                let random = std::hash::RandomState::new();
                for i in (1..items.len()).rev() {
                    let place = std::hash::BuildHasher::hash_one(&random, i) % (i as u64 + 1);
                    items.swap(i, place as usize);
                }
                Ok(Value::Array(items))
            }),
        ),
    ]
}

fn has(items: &[Value], wanted: &Value) -> bool {
    items.iter().any(|item| same(item, wanted))
}

/// Each value once, where it comes first.
fn distinct<'a>(items: impl IntoIterator<Item = &'a Value>) -> Vec<Value> {
    let mut kept: Vec<Value> = Vec::new();
    for item in items {
        if !has(&kept, item) {
            kept.push(item.clone());
        }
    }
    kept
}

/// Place of the nth occurrence from 1, counted from the end if n is negative; 0 if there is none.
fn position(items: &[Value], wanted: &Value, nth: i64) -> Result<i64> {
    if nth == 0 {
        bail!(
            InvalidFunctionArgument,
            "array_position cannot take a 0-valued instance argument."
        );
    }
    let mut places: Vec<usize> = (0..items.len())
        .filter(|place| equal(&items[*place], wanted) == Some(true))
        .collect();
    if nth < 0 {
        places.reverse();
    }
    let place = usize::try_from(nth.unsigned_abs() - 1)
        .ok()
        .and_then(|n| places.get(n));
    Ok(place.map_or(0, |place| *place as i64 + 1))
}

/// The greatest or the least item: NULL if one is, NaN only if there is nothing else.
fn extreme(call: &Call<'_>, items: &[Value], least: bool) -> Result<Value> {
    let nan = |value: &Value| {
        matches!(value, Value::Double(v) if v.is_nan()) || matches!(value, Value::Real(v) if v.is_nan())
    };
    let mut best = Value::Null;
    for item in items {
        if item.is_null() {
            return Ok(Value::Null);
        }
        let better = best.is_null()
            || nan(&best)
            || !nan(item) && {
                let order = order(call.result, item, &best)?;
                if least { order.is_lt() } else { order.is_gt() }
            };
        if better {
            best = item.clone();
        }
    }
    Ok(best)
}

/// A stable sort whose comparisons may fail.
pub(crate) fn sorted(
    mut items: Vec<Value>,
    compare: &mut dyn FnMut(&Value, &Value) -> Result<Ordering>,
) -> Result<Vec<Value>> {
    if items.len() < 2 {
        return Ok(items);
    }
    let right = items.split_off(items.len() / 2);
    let (left, right) = (sorted(items, compare)?, sorted(right, compare)?);
    let mut merged = Vec::with_capacity(left.len() + right.len());
    let (mut left, mut right) = (left.into_iter().peekable(), right.into_iter().peekable());
    while let (Some(a), Some(b)) = (left.peek(), right.peek()) {
        let from = if compare(a, b)?.is_le() {
            &mut left
        } else {
            &mut right
        };
        merged.extend(from.next());
    }
    Ok(merged.into_iter().chain(left).chain(right).collect())
}

fn combinations(items: &[Value], n: i64) -> Result<Value> {
    if !(0..=5).contains(&n) {
        bail!(
            InvalidFunctionArgument,
            "combination size must be from 0 to 5: {n}"
        );
    }
    let n = n as usize;
    let mut all = Vec::new();
    let mut places: Vec<usize> = (0..n).collect();
    if n > items.len() {
        return Ok(Value::Array(all));
    }
    // In the order of the last place, as Trino gives them.
    loop {
        all.push(Value::Array(
            places.iter().map(|place| items[*place].clone()).collect(),
        ));
        if all.len() > 100_000 {
            bail!(InvalidFunctionArgument, "combinations exceed max size");
        }
        let movable = (0..n).find(|i| places[*i] + 1 < places.get(i + 1).copied().unwrap_or(items.len()));
        let Some(i) = movable else {
            return Ok(Value::Array(all));
        };
        places[i] += 1;
        (0..i).for_each(|before| places[before] = before);
    }
}
