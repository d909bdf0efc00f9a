//! Cells of a batch as text, written from Arrow's buffers into the output's.
//!
//! Types whose text needs more than digits (doubles, zones, intervals) pass through [`Value`], which defines the text of
//! all: [`Value::shown`].

use std::io::Write;

use arrow::array::{
    Array, ArrayRef, AsArray, BinaryArray, BooleanArray, Decimal128Array, ListArray, MapArray, RecordBatch,
    StringArray, StructArray,
};
use arrow::buffer::ScalarBuffer;
use arrow::datatypes::{
    ArrowNativeType, ArrowPrimitiveType, Date32Type, Float32Type, Float64Type, Int8Type, Int16Type,
    Int32Type, Int64Type, TimestampMicrosecondType, TimestampMillisecondType, TimestampNanosecondType,
};
use chrono::{Datelike, NaiveDate};
use trino_sql::{OutputColumn, Type, Value};

use crate::types::field_name;

/// Days from the first day of chrono's calendar to 1970-01-01.
const EPOCH_DAYS: i64 = 719_163;
const DAY_SECONDS: i64 = 86_400;

/// Column of one batch, or part of one.
pub(super) struct Cells<'a> {
    pub(super) array: &'a dyn Array,
    pub(super) ty: &'a Type,
    pub(super) content: Content<'a>,
}

/// Buffers of a column, by what its cells are written from.
pub(super) enum Content<'a> {
    /// The type of a bare NULL.
    Nothing,
    Boolean(&'a BooleanArray),
    Int8(&'a ScalarBuffer<i8>),
    Int16(&'a ScalarBuffer<i16>),
    Int32(&'a ScalarBuffer<i32>),
    Int64(&'a ScalarBuffer<i64>),
    Real(&'a ScalarBuffer<f32>),
    Double(&'a ScalarBuffer<f64>),
    Decimal(&'a Decimal128Array, u8),
    Text(&'a StringArray),
    /// VARBINARY.
    Bytes(&'a BinaryArray),
    Date(&'a ScalarBuffer<i32>),
    /// Units, units per second, digits that are shown.
    Timestamp(&'a ScalarBuffer<i64>, i64, usize),
    List(&'a ListArray, Box<Cells<'a>>),
    Map(&'a MapArray, Box<[Cells<'a>; 2]>),
    /// Name of each field, and its cells.
    Row(Vec<(String, Cells<'a>)>),
    /// Anything else.
    Value,
}

/// Cells of each column.
pub(super) fn columns<'a>(batch: &'a RecordBatch, columns: &'a [OutputColumn]) -> Vec<Cells<'a>> {
    let columns = batch.columns().iter().zip(columns);
    columns
        .map(|(array, column)| Cells::new(array, &column.ty))
        .collect()
}

impl<'a> Cells<'a> {
    pub(super) fn new(array: &'a ArrayRef, ty: &'a Type) -> Self {
        Self {
            array: array.as_ref(),
            ty,
            content: content(array.as_ref(), ty).unwrap_or(Content::Value),
        }
    }

    pub(super) fn is_null(&self, row: usize) -> bool {
        matches!(self.content, Content::Nothing) || self.array.is_null(row)
    }

    /// The cell as [`Value`].
    pub(super) fn value(&self, row: usize) -> Value {
        Value::read(self.array, row, self.ty)
    }

    /// Appends the text of a cell that is not NULL.
    pub(super) fn push_text(&self, row: usize, out: &mut Vec<u8>) {
        match &self.content {
            Content::Nothing => {}
            Content::Boolean(array) => {
                let word: &[u8] = if array.value(row) { b"true" } else { b"false" };
                out.extend_from_slice(word);
            }
            Content::Int8(values) => push_int(values[row], out),
            Content::Int16(values) => push_int(values[row], out),
            Content::Int32(values) => push_int(values[row], out),
            Content::Int64(values) => push_int(values[row], out),
            Content::Decimal(array, scale) => push_decimal(array.value(row), *scale, out),
            Content::Text(array) => out.extend_from_slice(array.value(row).as_bytes()),
            Content::Bytes(array) => push_bytes(array.value(row), out),
            Content::Date(values) => {
                if push_date(i64::from(values[row]), out).is_none() {
                    self.push_value(row, out);
                }
            }
            Content::Timestamp(values, per_second, digits) => {
                if push_timestamp(values[row], *per_second, *digits, out).is_none() {
                    self.push_value(row, out);
                }
            }
            Content::List(list, items) => {
                out.push(b'[');
                for (at, item) in range(list.value_offsets(), row).enumerate() {
                    separate(out, at);
                    items.push_part(item, out);
                }
                out.push(b']');
            }
            Content::Map(map, entries) => {
                let [keys, values] = &**entries;
                out.push(b'{');
                for (at, entry) in range(map.value_offsets(), row).enumerate() {
                    separate(out, at);
                    keys.push_part(entry, out);
                    out.push(b'=');
                    values.push_part(entry, out);
                }
                out.push(b'}');
            }
            Content::Row(fields) => {
                out.push(b'{');
                for (at, (name, cells)) in fields.iter().enumerate() {
                    separate(out, at);
                    out.extend_from_slice(name.as_bytes());
                    out.push(b'=');
                    cells.push_part(row, out);
                }
                out.push(b'}');
            }
            Content::Real(_) | Content::Double(_) | Content::Value => self.push_value(row, out),
        }
    }

    /// Appends a part of an array, a map or a row.
    fn push_part(&self, row: usize, out: &mut Vec<u8>) {
        match self.is_null(row) {
            true => out.extend_from_slice(b"null"),
            false => self.push_text(row, out),
        }
    }

    fn push_value(&self, row: usize, out: &mut Vec<u8>) {
        let text = self.value(row).shown(self.ty).unwrap_or_default();
        out.extend_from_slice(text.as_bytes());
    }
}

/// `None` if the array is not the one that carries the type.
fn content<'a>(array: &'a dyn Array, ty: &'a Type) -> Option<Content<'a>> {
    fn values<T: ArrowPrimitiveType>(array: &dyn Array) -> Option<&ScalarBuffer<T::Native>> {
        Some(array.as_primitive_opt::<T>()?.values())
    }
    Some(match ty {
        Type::Unknown | Type::Function => Content::Nothing,
        Type::Boolean => Content::Boolean(array.as_boolean_opt()?),
        Type::TinyInt => Content::Int8(values::<Int8Type>(array)?),
        Type::SmallInt => Content::Int16(values::<Int16Type>(array)?),
        Type::Integer => Content::Int32(values::<Int32Type>(array)?),
        Type::BigInt => Content::Int64(values::<Int64Type>(array)?),
        Type::Real => Content::Real(values::<Float32Type>(array)?),
        Type::Double => Content::Double(values::<Float64Type>(array)?),
        Type::Decimal(_, scale) => Content::Decimal(array.as_primitive_opt()?, *scale),
        Type::Varchar(_) | Type::Json => Content::Text(array.as_string_opt()?),
        Type::Varbinary => Content::Bytes(array.as_binary_opt()?),
        Type::Date => Content::Date(values::<Date32Type>(array)?),
        Type::Timestamp(digits) => {
            let shown = usize::from(*digits);
            if let Some(units) = values::<TimestampMillisecondType>(array) {
                Content::Timestamp(units, 1_000, shown)
            } else if let Some(units) = values::<TimestampMicrosecondType>(array) {
                Content::Timestamp(units, 1_000_000, shown)
            } else {
                Content::Timestamp(values::<TimestampNanosecondType>(array)?, 1_000_000_000, shown)
            }
        }
        Type::Array(item) => {
            let list = array.as_list_opt::<i32>()?;
            Content::List(list, Box::new(Cells::new(list.values(), item)))
        }
        Type::Map(key, value) => {
            let map = array.as_map_opt()?;
            let entries = [Cells::new(map.keys(), key), Cells::new(map.values(), value)];
            Content::Map(map, Box::new(entries))
        }
        Type::Row(fields) => {
            let row: &StructArray = array.as_struct_opt()?;
            let cells = row.columns().iter().zip(fields.iter()).enumerate();
            let cells =
                cells.map(|(at, (column, field))| (field_name(field, at), Cells::new(column, &field.ty)));
            Content::Row(cells.collect())
        }
        _ => return None,
    })
}

/// Items of a row of a list or map.
pub(super) fn range(offsets: &[i32], row: usize) -> std::ops::Range<usize> {
    offsets[row].as_usize()..offsets[row + 1].as_usize()
}

pub(super) fn push_int(value: impl itoa::Integer, out: &mut Vec<u8>) {
    out.extend_from_slice(itoa::Buffer::new().format(value).as_bytes());
}

pub(super) fn push_decimal(unscaled: i128, scale: u8, out: &mut Vec<u8>) {
    if unscaled < 0 {
        out.push(b'-');
    }
    let mut buffer = itoa::Buffer::new();
    let digits = buffer.format(unscaled.unsigned_abs()).as_bytes();
    let scale = usize::from(scale);
    let whole = digits.len().saturating_sub(scale);
    out.extend_from_slice(if whole == 0 { b"0" } else { &digits[..whole] });
    if scale > 0 {
        out.push(b'.');
        out.resize(out.len() + scale.saturating_sub(digits.len()), b'0');
        out.extend_from_slice(&digits[whole..]);
    }
}

/// Appends a number of at most `width` digits with zeros before it.
fn push_padded(mut number: i64, width: usize, out: &mut Vec<u8>) {
    let start = out.len();
    out.resize(start + width, b'0');
    for digit in out[start..].iter_mut().rev() {
        *digit = b'0' + (number % 10) as u8;
        number /= 10;
    }
}

/// `None`, and nothing written, for years of more or fewer than four digits.
fn push_date(days: i64, out: &mut Vec<u8>) -> Option<()> {
    let date = NaiveDate::from_num_days_from_ce_opt(i32::try_from(days.checked_add(EPOCH_DAYS)?).ok()?)?;
    if !(0..=9999).contains(&date.year()) {
        return None;
    }
    push_padded(i64::from(date.year()), 4, out);
    out.push(b'-');
    push_padded(i64::from(date.month()), 2, out);
    out.push(b'-');
    push_padded(i64::from(date.day()), 2, out);
    Some(())
}

fn push_timestamp(units: i64, per_second: i64, digits: usize, out: &mut Vec<u8>) -> Option<()> {
    let (seconds, fraction) = (units.div_euclid(per_second), units.rem_euclid(per_second));
    push_date(seconds.div_euclid(DAY_SECONDS), out)?;
    let clock = seconds.rem_euclid(DAY_SECONDS);
    for (before, part) in [(b' ', clock / 3600), (b':', clock / 60 % 60), (b':', clock % 60)] {
        out.push(before);
        push_padded(part, 2, out);
    }
    if digits > 0 {
        out.push(b'.');
        let start = out.len();
        push_padded(fraction * (1_000_000_000 / per_second), 9, out);
        out.resize(start + digits, b'0');
    }
    Some(())
}

fn push_bytes(bytes: &[u8], out: &mut Vec<u8>) {
    for (at, byte) in bytes.iter().enumerate() {
        let space = if at > 0 { " " } else { "" };
        // Writing to memory cannot fail.
        let _ = write!(out, "{space}{byte:02x}");
    }
}

fn separate(out: &mut Vec<u8>, at: usize) {
    if at > 0 {
        out.extend_from_slice(b", ");
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::array::{
        Date32Array, Int8Array, Int64Array, TimestampMicrosecondArray, TimestampMillisecondArray,
        TimestampNanosecondArray,
    };

    use super::*;

    #[test]
    fn the_text_of_buffers_is_that_of_values() {
        let decimals = |values: Vec<i128>, precision, scale: u8| -> ArrayRef {
            let array = Decimal128Array::from(values);
            Arc::new(array.with_precision_and_scale(precision, scale as i8).unwrap())
        };
        let moments = vec![
            i64::MIN,
            -62_135_596_800_000,
            -62_167_219_200_001,
            -1,
            0,
            1_678_752_000_040,
            253_402_300_799_999,
            253_402_300_800_000,
        ];
        let cases: Vec<(ArrayRef, Type)> = vec![
            (Arc::new(Int8Array::from(vec![i8::MIN, 0, 127])), Type::TinyInt),
            (
                Arc::new(Int64Array::from(vec![i64::MIN, -7, i64::MAX])),
                Type::BigInt,
            ),
            (
                decimals(vec![0, 5, -5, 12_345, -99_999], 5, 2),
                Type::Decimal(5, 2),
            ),
            (decimals(vec![0, 7, -7], 5, 0), Type::Decimal(5, 0)),
            (decimals(vec![0, 7, -7], 5, 5), Type::Decimal(5, 5)),
            (
                decimals(vec![10_i128.pow(38) - 1, 1 - 10_i128.pow(38)], 38, 38),
                Type::Decimal(38, 38),
            ),
            (
                Arc::new(Date32Array::from(vec![
                    i32::MIN,
                    -719_529,
                    -719_528,
                    -1,
                    0,
                    2_932_896,
                    2_932_897,
                ])),
                Type::Date,
            ),
            (
                Arc::new(TimestampMillisecondArray::from(moments.clone())),
                Type::Timestamp(3),
            ),
            (
                Arc::new(TimestampMillisecondArray::from(moments.clone())),
                Type::Timestamp(0),
            ),
            (
                Arc::new(TimestampMicrosecondArray::from(moments.clone())),
                Type::Timestamp(5),
            ),
            (
                Arc::new(TimestampNanosecondArray::from(moments)),
                Type::Timestamp(9),
            ),
        ];
        for (array, ty) in cases {
            let cells = Cells::new(&array, &ty);
            for row in 0..array.len() {
                let mut text = Vec::new();
                cells.push_text(row, &mut text);
                let wanted = Value::read(&array, row, &ty).shown(&ty).unwrap();
                assert_eq!(String::from_utf8(text).unwrap(), wanted, "{ty}, row {row}");
            }
        }
    }
}
