//! UNNEST: arrays and maps side by side as an array of rows.

use crate::registry::{Kernel, values_or_null};
use crate::types::Type;
use crate::value::Value;

/// The kernel of `unnest(a, b, …)`: as many rows as the longest has, NULL where another is shorter. With `outer` an
/// array of no rows is NULL, which the plan keeps.
pub(crate) fn kernel(ordinality: bool, outer: bool) -> Kernel {
    values_or_null(move |call, args| {
        let length = |value: &Value| match value {
            Value::Array(items) => items.len(),
            Value::Map(entries) => entries.len(),
            _ => 0,
        };
        let longest = args.iter().map(length).max().unwrap_or(0);
        let mut rows = Vec::with_capacity(longest);
        for i in 0..longest {
            let mut row = Vec::new();
            for (value, ty) in args.iter().zip(call.args) {
                match (value, ty) {
                    (Value::Map(entries), _) => match entries.get(i) {
                        Some((key, value)) => row.extend([key.clone(), value.clone()]),
                        None => row.extend([Value::Null, Value::Null]),
                    },
                    (_, Type::Map(..)) => row.extend([Value::Null, Value::Null]),
                    (Value::Array(items), Type::Array(item)) => match (items.get(i), item.as_ref()) {
                        (Some(Value::Row(fields)), _) => row.extend(fields.iter().cloned()),
                        (_, Type::Row(fields)) => row.extend(vec![Value::Null; fields.len()]),
                        (item, _) => row.push(item.cloned().unwrap_or(Value::Null)),
                    },
                    (_, Type::Array(item)) => match item.as_ref() {
                        Type::Row(fields) => row.extend(vec![Value::Null; fields.len()]),
                        _ => row.push(Value::Null),
                    },
                    _ => row.push(Value::Null),
                }
            }
            if ordinality {
                row.push(Value::Int(i as i64 + 1));
            }
            rows.push(Value::Row(row));
        }
        Ok(if outer && rows.is_empty() {
            Value::Null
        } else {
            Value::Array(rows)
        })
    })
}
