//! Rows as JSON, one object a line.
//!
//! | value | JSON |
//! | --- | --- |
//! | boolean, integer, decimal, finite REAL and DOUBLE | as it is |
//! | NaN, Infinity, -Infinity | the word as a text, as a cast to JSON in Athena gives |
//! | JSON | itself |
//! | anything else without parts | its text |
//! | ARRAY, ROW | an array, an object |
//! | MAP | an object; a key of any type by its text |
//! | NULL | `null` |

use std::io::{self, Write};

use arrow::array::RecordBatch;
use serde_json::Value as Json;
use trino_sql::{OutputColumn, Type, Value};

use super::values::values;
use crate::types::field_name;

/// Writes a line for each row, every column in it.
pub(super) fn write(out: &mut impl Write, batch: &RecordBatch, columns: &[OutputColumn]) -> io::Result<()> {
    let mut line = String::new();
    for row in 0..batch.num_rows() {
        line.clear();
        push_row(
            &values(batch, columns, row).collect::<Vec<_>>(),
            columns,
            &mut line,
        );
        line.push('\n');
        out.write_all(line.as_bytes())?;
    }
    Ok(())
}

/// Appends the object of a row.
pub(super) fn push_row(values: &[Value], columns: &[OutputColumn], out: &mut String) {
    let columns = columns.iter().map(|column| (column.name.as_str(), &column.ty));
    push_object(columns.zip(values), out);
}

fn push_object<'a, N: AsRef<str>>(
    fields: impl Iterator<Item = ((N, &'a Type), &'a Value)>,
    out: &mut String,
) {
    out.push('{');
    for (at, ((name, ty), value)) in fields.enumerate() {
        separate(out, at);
        push_text(name.as_ref(), out);
        out.push(':');
        push(value, ty, out);
    }
    out.push('}');
}

fn push(value: &Value, ty: &Type, out: &mut String) {
    match (value, ty) {
        (Value::Null, _) => out.push_str("null"),
        (Value::Double(double), _) => push_float(*double, double, out),
        (Value::Real(real), _) => push_float(f64::from(*real), real, out),
        (Value::Boolean(_) | Value::Decimal(_), _)
        | (Value::Int(_), Type::TinyInt | Type::SmallInt | Type::Integer | Type::BigInt) => {
            out.push_str(&value.text(ty).unwrap_or_default());
        }
        (Value::Text(json), Type::Json) => out.push_str(json),
        (Value::Array(items), Type::Array(item)) => {
            out.push('[');
            for (at, value) in items.iter().enumerate() {
                separate(out, at);
                push(value, item, out);
            }
            out.push(']');
        }
        (Value::Map(entries), Type::Map(key_type, value_type)) => {
            let fields = entries.iter().map(|(key, value)| {
                let name = key.shown(key_type).unwrap_or_default();
                ((name, value_type.as_ref()), value)
            });
            push_object(fields, out);
        }
        (Value::Row(values), Type::Row(fields)) => {
            let names = fields.iter().enumerate();
            let names = names.map(|(place, field)| (field_name(field, place), &field.ty));
            push_object(names.zip(values), out);
        }
        _ => push_text(&value.shown(ty).unwrap_or_default(), out),
    }
}

/// A number with as many digits as tell it from its neighbours, or a word.
fn push_float(value: f64, spelled: &impl serde::Serialize, out: &mut String) {
    match serde_json::to_string(spelled) {
        Ok(number) if value.is_finite() => out.push_str(&number),
        _ if value.is_nan() => out.push_str("\"NaN\""),
        _ if value > 0.0 => out.push_str("\"Infinity\""),
        _ => out.push_str("\"-Infinity\""),
    }
}

fn push_text(text: &str, out: &mut String) {
    out.push_str(&Json::from(text).to_string());
}

fn separate(out: &mut String, at: usize) {
    if at > 0 {
        out.push(',');
    }
}
