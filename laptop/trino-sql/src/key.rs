//! Values that Arrow tells apart or orders otherwise than Trino, as values that it does not.
//!
//! Grouping, DISTINCT, set operations and windows' partitions go by [`group_key`]: values that are not distinct have
//! equal keys. ORDER BY goes by [`sort_key`].
//!
//! | type | key of a group | key of an order |
//! | --- | --- | --- |
//! | real, double | one zero and one NaN | itself: Arrow's total order is Trino's |
//! | timestamp with time zone | the instant, zones do not count | the instant |
//! | array, row | bytes | bytes, in order; NULL inside is an error, as in Trino |
//! | map | bytes, entries in the order of their keys | none |

use std::sync::Arc;

use crate::error::{Result, bail};
use crate::functions::column;
use crate::registry::{Kernel, each1, values};
use crate::typed::{Applied, Node, Typed};
use crate::types::Type;
use crate::value::Value;

/// Whether a value is its own key of a group.
pub(crate) fn is_own_group_key(ty: &Type) -> bool {
    ty.is_native() || *ty == Type::Json
}

/// Value that Arrow groups as Trino groups this one. NULL stays NULL.
pub(crate) fn group_key(typed: &Typed) -> Typed {
    match &typed.ty {
        ty if is_own_group_key(ty) => typed.clone(),
        Type::Double => call(
            "group_key",
            typed,
            Type::Double,
            each1::<f64, f64>(|v| Ok(canonical(v))),
        ),
        Type::Real => call(
            "group_key",
            typed,
            Type::Real,
            each1::<f32, f32>(|v| Ok(if v.is_nan() { f32::NAN } else { v + 0.0 })),
        ),
        Type::TimestampTz(digits) => call("instant", typed, Type::Timestamp(*digits), column::field(0)),
        _ => {
            let kernel = values(|_, args| Ok(Value::Bytes(bytes_of(args))));
            call("group_key", typed, Type::Varbinary, kernel)
        }
    }
}

/// Value that Arrow orders as Trino orders this one.
pub(crate) fn sort_key(typed: &Typed) -> Typed {
    match &typed.ty {
        Type::TimestampTz(digits) => call("instant", typed, Type::Timestamp(*digits), column::field(0)),
        Type::Array(_) | Type::Row(_) => {
            let kernel = values(|call, args| {
                let mut bytes = Vec::new();
                push_ordered(&call.args[0], &args[0], &mut bytes)?;
                Ok(Value::Bytes(bytes))
            });
            call("sort_key", typed, Type::Varbinary, kernel)
        }
        _ => typed.clone(),
    }
}

fn call(name: &str, typed: &Typed, ty: Type, kernel: Kernel) -> Typed {
    let applied = Applied {
        name: name.to_owned(),
        kernel,
        args: vec![typed.ty.clone()],
        result: ty.clone(),
        volatile: false,
        total: !matches!(typed.ty, Type::Array(_) | Type::Row(_)),
    };
    Typed {
        ty,
        node: Node::Call(Arc::new(applied), vec![typed.clone()]),
    }
}

/// The one zero and the one NaN.
fn canonical(value: f64) -> f64 {
    if value.is_nan() { f64::NAN } else { value + 0.0 }
}

/// Equal for values that are not distinct, which have one type.
pub(crate) fn bytes_of(values: &[Value]) -> Vec<u8> {
    let mut bytes = Vec::new();
    values.iter().for_each(|value| push(value, &mut bytes));
    bytes
}

fn push(value: &Value, bytes: &mut Vec<u8>) {
    let sized = |part: &[u8], bytes: &mut Vec<u8>| {
        bytes.extend((part.len() as u64).to_be_bytes());
        bytes.extend(part);
    };
    bytes.push(u8::from(!value.is_null()));
    match value {
        Value::Null => {}
        Value::Boolean(b) => bytes.push(u8::from(*b)),
        Value::Int(int) | Value::Zoned(int, _) => bytes.extend(int.to_be_bytes()),
        Value::Real(real) => bytes.extend(canonical(f64::from(*real)).to_be_bytes()),
        Value::Double(double) => bytes.extend(canonical(*double).to_be_bytes()),
        Value::Decimal(unscaled) => bytes.extend(unscaled.to_be_bytes()),
        Value::Text(text) => sized(text.as_bytes(), bytes),
        Value::Bytes(inner) => sized(inner, bytes),
        Value::Array(items) | Value::Row(items) => {
            bytes.extend((items.len() as u64).to_be_bytes());
            items.iter().for_each(|item| push(item, bytes));
        }
        Value::Map(entries) => {
            let mut pairs: Vec<_> = entries
                .iter()
                .map(|(key, value)| (bytes_of(std::slice::from_ref(key)), value))
                .collect();
            pairs.sort_by(|(a, _), (b, _)| a.cmp(b));
            bytes.extend((pairs.len() as u64).to_be_bytes());
            for (key, value) in pairs {
                bytes.extend(key);
                push(value, bytes);
            }
        }
    }
}

/// Bytes in the order of the values.
fn push_ordered(ty: &Type, value: &Value, bytes: &mut Vec<u8>) -> Result<()> {
    // Ends with two zeros, which no text that goes on has there: a zero inside is followed by 255.
    let text = |part: &[u8], bytes: &mut Vec<u8>| {
        for byte in part {
            bytes.push(*byte);
            if *byte == 0 {
                bytes.push(255);
            }
        }
        bytes.extend([0, 0]);
    };
    let double = |value: f64, bytes: &mut Vec<u8>| {
        let bits = (if value.is_nan() { f64::NAN } else { value }).to_bits() as i64;
        let ordered = if bits < 0 { !bits } else { bits ^ i64::MIN };
        bytes.extend(ordered.to_be_bytes());
    };
    match (ty, value) {
        (_, Value::Boolean(b)) => bytes.push(u8::from(*b)),
        (_, Value::Int(int) | Value::Zoned(int, _)) => bytes.extend((int ^ i64::MIN).to_be_bytes()),
        (_, Value::Real(real)) => double(f64::from(*real), bytes),
        (_, Value::Double(value)) => double(*value, bytes),
        (_, Value::Decimal(unscaled)) => bytes.extend((unscaled ^ i128::MIN).to_be_bytes()),
        (_, Value::Text(value)) => text(value.as_bytes(), bytes),
        (_, Value::Bytes(value)) => text(value, bytes),
        (Type::Array(item), Value::Array(items)) => {
            for value in items {
                bytes.push(1);
                push_ordered(item, value, bytes)?;
            }
            bytes.push(0);
        }
        (Type::Row(fields), Value::Row(items)) => {
            for (field, value) in fields.iter().zip(items) {
                push_ordered(&field.ty, value, bytes)?;
            }
        }
        (_, Value::Null) => bail!(
            NotSupported,
            "{ty} comparison not supported for values with null elements"
        ),
        _ => bail!(NotSupported, "{ty} is not ordered"),
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compare::{order, same};

    fn doubles(values: &[f64]) -> Value {
        Value::Array(values.iter().copied().map(Value::Double).collect())
    }

    #[test]
    fn values_have_one_key_if_and_only_if_they_are_not_distinct() {
        let nan = f64::from_bits(f64::NAN.to_bits() ^ 1 << 63);
        let entry = |key: &str, value: i64| (Value::Text(key.to_owned()), Value::Int(value));
        let values = [
            Value::Null,
            doubles(&[0.0]),
            doubles(&[-0.0]),
            doubles(&[f64::NAN]),
            doubles(&[nan]),
            doubles(&[0.0, 1.0]),
            Value::Array(vec![Value::Null]),
            Value::Array(Vec::new()),
            Value::Map(vec![entry("a", 1), entry("b", 2)]),
            Value::Map(vec![entry("b", 2), entry("a", 1)]),
            Value::Map(vec![entry("b", 1), entry("a", 2)]),
            Value::Zoned(5, 1),
            Value::Zoned(5, 2),
        ];
        for a in &values {
            for b in &values {
                // One group holds values of one type.
                if std::mem::discriminant(a) != std::mem::discriminant(b) && !a.is_null() && !b.is_null() {
                    continue;
                }
                let equal = bytes_of(std::slice::from_ref(a)) == bytes_of(std::slice::from_ref(b));
                assert_eq!(equal, same(a, b), "{a:?} {b:?}");
            }
        }
    }

    #[test]
    fn keys_are_ordered_as_values_are() {
        let texts = ["", "a", "a\0", "a\0b", "ab", "b"].map(|text| Value::Text(text.to_owned()));
        let numbers = [i64::MIN, -1, 0, 7, i64::MAX].map(Value::Int);
        let reals = [f64::NEG_INFINITY, -1.5, 0.0, 2.0, f64::INFINITY, f64::NAN].map(Value::Double);
        for (item, values) in [
            (Type::Varchar(None), texts.to_vec()),
            (Type::BigInt, numbers.to_vec()),
            (Type::Double, reals.to_vec()),
        ] {
            let ty = Type::array(item);
            let mut arrays = vec![Value::Array(Vec::new())];
            for a in &values {
                arrays.push(Value::Array(vec![a.clone()]));
                arrays.extend(values.iter().map(|b| Value::Array(vec![a.clone(), b.clone()])));
            }
            let key = |value: &Value| {
                let mut bytes = Vec::new();
                push_ordered(&ty, value, &mut bytes).unwrap();
                bytes
            };
            for a in &arrays {
                for b in &arrays {
                    assert_eq!(key(a).cmp(&key(b)), order(&ty, a, b).unwrap(), "{a:?} {b:?}");
                }
            }
        }
    }
}
