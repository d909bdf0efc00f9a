//! CAST: which types become which, and how a value does.

pub(crate) mod json;
mod json_columns;
mod single;

use std::sync::Arc;

use crate::coerce::{as_decimal, is_same_carrier};
use crate::compare::same;
use crate::error::{Result, bail};
use crate::registry::{Kernel, values};
use crate::types::Type;
use crate::value::Value;

/// Whether there is such a cast at all.
pub(crate) fn is_cast(from: &Type, to: &Type) -> bool {
    use Type::*;
    let number = |ty: &Type| {
        matches!(
            ty,
            TinyInt | SmallInt | Integer | BigInt | Real | Double | Decimal(..)
        )
    };
    match (from, to) {
        (Unknown, Function) | (Function, _) | (_, Function | Unknown) => from == to,
        (Unknown, _) => true,
        (Array(x), Array(y)) => is_cast(x, y),
        (Map(k, v), Map(l, w)) => is_cast(k, l) && is_cast(v, w),
        (Row(x), Row(y)) => x.len() == y.len() && x.iter().zip(y.iter()).all(|(x, y)| is_cast(&x.ty, &y.ty)),
        (_, Json) | (Json, Array(_) | Map(..) | Row(_)) => json::is_cast(from, to),
        (Json, _) => json::is_cast(from, to),
        (Varchar(_), Varbinary | IpAddress | Uuid) => true,
        (Varchar(_), Date | Time(_) | Timestamp(_) | TimestampTz(_) | Boolean | Char(_)) => true,
        (Varchar(_), ty) if number(ty) => true,
        (Char(_), Varchar(_)) => true,
        (from, Varchar(_)) => {
            number(from)
                || matches!(
                    from,
                    Boolean
                        | Varchar(_)
                        | Date
                        | Time(_)
                        | Timestamp(_)
                        | TimestampTz(_)
                        | IntervalDay
                        | IntervalYear
                        | IpAddress
                        | Uuid
                )
        }
        (Boolean, to) => number(to) || *to == Boolean,
        (from, Boolean) => number(from),
        (Varbinary, IpAddress | Uuid) | (IpAddress | Uuid, Varbinary) => true,
        (Date, Timestamp(_) | TimestampTz(_)) | (Timestamp(_) | TimestampTz(_), Date) => true,
        (Timestamp(_) | TimestampTz(_), Timestamp(_) | TimestampTz(_) | Time(_)) => true,
        (Time(_), Time(_) | Timestamp(_)) | (Char(_), Char(_)) => true,
        (from, to) => from == to || number(from) && number(to),
    }
}

/// Whether every value of one type has a value of the other.
pub(crate) fn is_total(from: &Type, to: &Type) -> bool {
    use Type::*;
    match (from, to) {
        (TinyInt | SmallInt | Integer | BigInt, Real | Double)
        | (Real, Double)
        | (Decimal(..), Real | Double) => true,
        (Date, Timestamp(q)) => *q <= 6,
        (Timestamp(p), Timestamp(q)) => p <= q && *q <= 6,
        (from, Decimal(precision, scale)) => {
            *from != Unknown
                && as_decimal(from).is_some_and(|(p, s)| s <= *scale && p - s <= precision - scale)
        }
        (TinyInt, SmallInt | Integer | BigInt) | (SmallInt, Integer | BigInt) | (Integer, BigInt) => true,
        (from, Varchar(None)) => !matches!(from, Json | Array(_) | Map(..) | Row(_) | Function),
        _ => false,
    }
}

/// The kernel of a cast that [`is_cast`] allows; `safe` gives NULL for what cannot be cast, as `try_cast` does.
pub(crate) fn kernel(from: &Type, to: &Type, safe: bool) -> Kernel {
    if is_same_carrier(from, to) {
        return Arc::new(|_, columns| Ok(Arc::clone(&columns[0])));
    }
    if *from == Type::Json
        && !safe
        && let Some(kernel) = json_columns::kernel(from, to)
    {
        return kernel;
    }
    values(
        move |call, args| match cast(&args[0], &call.args[0], call.result) {
            Err(_) if safe => Ok(Value::Null),
            result => result,
        },
    )
}

/// The kernel of a cast of `json_parse` of a text, without the JSON in between; None where there is no such kernel.
pub(crate) fn parsed_kernel(text: &Type, to: &Type) -> Option<Kernel> {
    matches!(text, Type::Varchar(_))
        .then(|| json_columns::kernel(text, to))
        .flatten()
}

/// One value of one type as a value of another.
pub(crate) fn cast(value: &Value, from: &Type, to: &Type) -> Result<Value> {
    use Type::*;
    if value.is_null() && *to != Json {
        return Ok(Value::Null);
    }
    if is_same_carrier(from, to) {
        return Ok(value.clone());
    }
    if matches!((from, to), (_, Json) | (Json, _)) {
        return json::cast(value, from, to);
    }
    Ok(match (value, to) {
        (Value::Array(items), Array(inner)) => {
            let Array(item) = from else {
                return Err(single::unknown(from, to));
            };
            Value::Array(
                items
                    .iter()
                    .map(|v| cast(v, item, inner))
                    .collect::<Result<_>>()?,
            )
        }
        (Value::Map(entries), Map(k, v)) => {
            let Map(key, item) = from else {
                return Err(single::unknown(from, to));
            };
            let mut cast_entries: Vec<(Value, Value)> = Vec::with_capacity(entries.len());
            for (old_key, old_value) in entries {
                let new_key = cast(old_key, key, k)?;
                if cast_entries.iter().any(|(known, _)| same(known, &new_key)) {
                    bail!(InvalidCastArgument, "duplicate keys");
                }
                cast_entries.push((new_key, cast(old_value, item, v)?));
            }
            Value::Map(cast_entries)
        }
        (Value::Row(values), Row(fields)) => {
            let Row(from_fields) = from else {
                return Err(single::unknown(from, to));
            };
            let fields = values.iter().zip(from_fields.iter().zip(fields.iter()));
            Value::Row(
                fields
                    .map(|(v, (x, y))| cast(v, &x.ty, &y.ty))
                    .collect::<Result<_>>()?,
            )
        }
        _ => return single::cast(value, from, to),
    })
}
