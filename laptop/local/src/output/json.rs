//! Rows as JSON objects.
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

use serde::Serialize;
use trino_sql::Type;

use super::cells::{Cells, Content, range};

/// A name as it stands before its value: `"name":`.
pub(super) fn key(name: &str) -> Vec<u8> {
    let mut key = Vec::new();
    push_json(name, &mut key);
    key.push(b':');
    key
}

/// Appends the object of a row; `keys` as [`key`] makes them.
pub(super) fn push_row(cells: &[Cells<'_>], keys: &[Vec<u8>], row: usize, out: &mut Vec<u8>) {
    out.push(b'{');
    for (at, (cells, key)) in cells.iter().zip(keys).enumerate() {
        separate(out, at);
        out.extend_from_slice(key);
        push(cells, row, out);
    }
    out.push(b'}');
}

fn push(cells: &Cells<'_>, row: usize, out: &mut Vec<u8>) {
    if cells.is_null(row) {
        return out.extend_from_slice(b"null");
    }
    match &cells.content {
        Content::Double(values) => push_float(values[row], &values[row], out),
        Content::Real(values) => push_float(f64::from(values[row]), &values[row], out),
        Content::Boolean(_)
        | Content::Int8(_)
        | Content::Int16(_)
        | Content::Int32(_)
        | Content::Int64(_)
        | Content::Decimal(..) => cells.push_text(row, out),
        Content::Text(array) => match cells.ty {
            Type::Json => out.extend_from_slice(array.value(row).as_bytes()),
            _ => push_json(array.value(row), out),
        },
        // Digits, points and blanks need no escapes.
        Content::Date(_) | Content::Timestamp(..) | Content::Bytes(_) => {
            out.push(b'"');
            cells.push_text(row, out);
            out.push(b'"');
        }
        Content::List(list, items) => {
            out.push(b'[');
            for (at, item) in range(list.value_offsets(), row).enumerate() {
                separate(out, at);
                push(items, item, out);
            }
            out.push(b']');
        }
        Content::Map(map, entries) => {
            let [keys, values] = &**entries;
            out.push(b'{');
            for (at, entry) in range(map.value_offsets(), row).enumerate() {
                separate(out, at);
                push_json(&keys.value(entry).shown(keys.ty).unwrap_or_default(), out);
                out.push(b':');
                push(values, entry, out);
            }
            out.push(b'}');
        }
        Content::Row(fields) => {
            out.push(b'{');
            for (at, (name, field)) in fields.iter().enumerate() {
                separate(out, at);
                push_json(name, out);
                out.push(b':');
                push(field, row, out);
            }
            out.push(b'}');
        }
        Content::Nothing | Content::Value => {
            push_json(&cells.value(row).shown(cells.ty).unwrap_or_default(), out);
        }
    }
}

/// A number with as many digits as tell it from its neighbours, or a word.
fn push_float(value: f64, spelled: &impl Serialize, out: &mut Vec<u8>) {
    match value {
        _ if value.is_finite() => push_json(spelled, out),
        _ if value.is_nan() => out.extend_from_slice(b"\"NaN\""),
        _ if value > 0.0 => out.extend_from_slice(b"\"Infinity\""),
        _ => out.extend_from_slice(b"\"-Infinity\""),
    }
}

fn push_json<T: Serialize + ?Sized>(value: &T, out: &mut Vec<u8>) {
    // Texts and finite numbers have JSON, and writing to memory cannot fail.
    let _ = serde_json::to_writer(out, value);
}

fn separate(out: &mut Vec<u8>, at: usize) {
    if at > 0 {
        out.push(b',');
    }
}
