//! Parts of values of a type that a signature has promised.

use crate::value::Value;

/// A whole number, a day, a duration.
pub(crate) fn int(value: &Value) -> i64 {
    if let Value::Int(int) = value { *int } else { 0 }
}

pub(crate) fn double(value: &Value) -> f64 {
    if let Value::Double(double) = value {
        *double
    } else {
        f64::NAN
    }
}

pub(crate) fn text(value: &Value) -> &str {
    if let Value::Text(text) = value { text } else { "" }
}

pub(crate) fn items(value: &Value) -> &[Value] {
    if let Value::Array(items) = value {
        items
    } else {
        &[]
    }
}

pub(crate) fn entries(value: &Value) -> &[(Value, Value)] {
    if let Value::Map(entries) = value {
        entries
    } else {
        &[]
    }
}
