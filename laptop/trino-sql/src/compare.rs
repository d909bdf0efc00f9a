//! Equality and order of values, as the comparison operators and ORDER BY see them.

use std::cmp::Ordering;

use crate::ast::Comparison;
use crate::error::{Result, bail};
use crate::types::Type;
use crate::value::Value;

/// `a = b`: None is NULL.
pub(crate) fn equal(a: &Value, b: &Value) -> Option<bool> {
    Some(match (a, b) {
        (Value::Null, _) | (_, Value::Null) => return None,
        (Value::Zoned(a, _), Value::Zoned(b, _)) => a == b,
        (Value::Array(a), Value::Array(b)) => {
            if a.len() != b.len() {
                return Some(false);
            }
            return all_equal(a.iter().zip(b));
        }
        (Value::Row(a), Value::Row(b)) => return all_equal(a.iter().zip(b)),
        (Value::Map(a), Value::Map(b)) => {
            if a.len() != b.len() {
                return Some(false);
            }
            let mut pairs = Vec::with_capacity(a.len());
            for (key, value) in a {
                match b.iter().find(|(other, _)| same(key, other)) {
                    Some((_, other)) => pairs.push((value, other)),
                    None => return Some(false),
                }
            }
            return all_equal(pairs.into_iter());
        }
        (a, b) => a == b,
    })
}

/// False if a pair differs, else NULL if one is NULL.
fn all_equal<'a>(pairs: impl Iterator<Item = (&'a Value, &'a Value)>) -> Option<bool> {
    let mut all = Some(true);
    for (a, b) in pairs {
        match equal(a, b) {
            Some(false) => return Some(false),
            None => all = None,
            Some(true) => {}
        }
    }
    all
}

/// `a IS NOT DISTINCT FROM b`: NULL is the same as NULL, NaN as NaN.
pub(crate) fn same(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Null, Value::Null) => true,
        (Value::Real(a), Value::Real(b)) if a.is_nan() => b.is_nan(),
        (Value::Double(a), Value::Double(b)) if a.is_nan() => b.is_nan(),
        (Value::Array(a), Value::Array(b)) | (Value::Row(a), Value::Row(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b))
        }
        (Value::Map(a), Value::Map(b)) => {
            a.len() == b.len()
                && a.iter()
                    .all(|(key, value)| b.iter().any(|(k, v)| same(key, k) && same(value, v)))
        }
        (a, b) => equal(a, b) == Some(true),
    }
}

/// Order of two values that are not NULL; NaN comes last.
///
/// # Errors
/// If one holds NULL inside, as Trino does not order those.
pub(crate) fn order(ty: &Type, a: &Value, b: &Value) -> Result<Ordering> {
    Ok(match (ty, a, b) {
        (Type::Char(_), Value::Text(a), Value::Text(b)) => {
            let width = a.len().max(b.len());
            let padded = |text: &str| {
                text.bytes()
                    .chain(std::iter::repeat(b' '))
                    .take(width)
                    .collect::<Vec<_>>()
            };
            padded(a).cmp(&padded(b))
        }
        (_, Value::Boolean(a), Value::Boolean(b)) => a.cmp(b),
        (_, Value::Int(a), Value::Int(b)) | (_, Value::Zoned(a, _), Value::Zoned(b, _)) => a.cmp(b),
        (_, Value::Decimal(a), Value::Decimal(b)) => a.cmp(b),
        (_, Value::Text(a), Value::Text(b)) => a.cmp(b),
        (_, Value::Bytes(a), Value::Bytes(b)) => a.cmp(b),
        (_, Value::Real(a), Value::Real(b)) => order_double(f64::from(*a), f64::from(*b)),
        (_, Value::Double(a), Value::Double(b)) => order_double(*a, *b),
        (Type::Array(item), Value::Array(a), Value::Array(b)) => {
            for (a, b) in a.iter().zip(b) {
                match nested(item, a, b)? {
                    Ordering::Equal => {}
                    other => return Ok(other),
                }
            }
            a.len().cmp(&b.len())
        }
        (Type::Row(fields), Value::Row(a), Value::Row(b)) => {
            for ((a, b), field) in a.iter().zip(b).zip(fields.iter()) {
                match nested(&field.ty, a, b)? {
                    Ordering::Equal => {}
                    other => return Ok(other),
                }
            }
            Ordering::Equal
        }
        _ => bail!(NotSupported, "{ty} is not ordered"),
    })
}

fn nested(ty: &Type, a: &Value, b: &Value) -> Result<Ordering> {
    if a.is_null() || b.is_null() {
        bail!(
            NotSupported,
            "{} comparison not supported for values with null elements",
            ty
        );
    }
    order(ty, a, b)
}

fn order_double(a: f64, b: f64) -> Ordering {
    a.partial_cmp(&b).unwrap_or_else(|| a.is_nan().cmp(&b.is_nan()))
}

/// A comparison operator; None is NULL.
pub(crate) fn compare(op: Comparison, ty: &Type, a: &Value, b: &Value) -> Result<Option<bool>> {
    if a.is_null() || b.is_null() {
        return Ok(None);
    }
    match op {
        Comparison::Equal => return Ok(equal(a, b)),
        Comparison::NotEqual => return Ok(equal(a, b).map(|equal| !equal)),
        _ => {}
    }
    let nan = |value: &Value| {
        matches!(value, Value::Double(v) if v.is_nan()) || matches!(value, Value::Real(v) if v.is_nan())
    };
    if nan(a) || nan(b) {
        return Ok(Some(false));
    }
    let order = order(ty, a, b)?;
    Ok(Some(match op {
        Comparison::Less => order.is_lt(),
        Comparison::LessOrEqual => order.is_le(),
        Comparison::Greater => order.is_gt(),
        _ => order.is_ge(),
    }))
}
