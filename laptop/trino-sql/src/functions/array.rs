//! Functions of arrays.

use arrow::array::{Array, AsArray, UInt32Array};

use crate::compare::{equal, same};
use crate::error::{bail, err};
use crate::registry::{Scalar, function, values};
use crate::value::Value;
use std::sync::Arc;

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
            "$subscript",
            &["(map(K, V), K) V"],
            values(|_, args| {
                let Value::Map(entries) = &args[0] else {
                    return Ok(Value::Null);
                };
                let found = entries.iter().find(|(key, _)| same(key, &args[1]));
                found
                    .map(|(_, value)| value.clone())
                    .ok_or_else(|| err!(InvalidFunctionArgument, "Key not present in map"))
            }),
        ),
        function(
            "map",
            &["(array(K), array(V)) map(K, V)"],
            values(|_, args| {
                let (Value::Array(keys), Value::Array(items)) = (&args[0], &args[1]) else {
                    return Ok(Value::Null);
                };
                if keys.len() != items.len() {
                    bail!(
                        InvalidFunctionArgument,
                        "Key and value arrays must be the same length"
                    );
                }
                let mut entries: Vec<(Value, Value)> = Vec::with_capacity(keys.len());
                for (key, value) in keys.iter().zip(items) {
                    if key.is_null() {
                        bail!(InvalidFunctionArgument, "map key cannot be null");
                    }
                    if entries.iter().any(|(known, _)| same(known, key)) {
                        bail!(InvalidFunctionArgument, "Duplicate map keys are not allowed");
                    }
                    entries.push((key.clone(), value.clone()));
                }
                Ok(Value::Map(entries))
            }),
        ),
        function(
            "map",
            &["() map(unknown, unknown)"],
            values(|_, _| Ok(Value::Map(Vec::new()))),
        ),
        function(
            "transform",
            &["(array(T), function(T, U)) array(U)"],
            Arc::new(|call, columns| {
                let list = columns[0].as_list::<i32>();
                let crate::types::Type::Array(item) = call.result else {
                    bail!(Internal, "transform gives an array")
                };
                let mut rows = Vec::new();
                let mut taken = Vec::new();
                let mut lengths = Vec::with_capacity(call.rows);
                for row in 0..call.rows {
                    let range = if list.is_null(row) {
                        0..0
                    } else {
                        list.value_offsets()[row] as u32..list.value_offsets()[row + 1] as u32
                    };
                    lengths.push(range.len());
                    rows.extend(std::iter::repeat_n(row as u32, range.len()));
                    taken.extend(range);
                }
                let items = arrow::compute::take(list.values(), &UInt32Array::from(taken), None)?;
                let made = call.lambda(1)?.apply(vec![items], &UInt32Array::from(rows))?;
                let offsets = arrow::buffer::OffsetBuffer::from_lengths(lengths);
                let field = crate::types::item_field(item);
                Ok(Arc::new(arrow::array::ListArray::try_new(
                    field,
                    offsets,
                    made,
                    list.nulls().cloned(),
                )?))
            }),
        ),
    ]
}
