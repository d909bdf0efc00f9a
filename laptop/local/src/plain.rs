//! Rows of an answer in the Arrow types that other programs know.
//!
//! [`trino_sql::Type`] carries some types in a way of its own, and so does an answer. Outside of this program they are:
//!
//! | type | Arrow |
//! | --- | --- |
//! | timestamp(p) with time zone | `Timestamp(unit, "UTC")`: the instant |
//! | uuid, ipaddress, interval | `Utf8`: the text that Athena shows |
//! | char(n) | `Utf8` with the spaces at the end |
//! | all others | what carries them already |

use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, ListArray, MapArray, RecordBatch, RecordBatchOptions, StringArray, StructArray,
};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Field, FieldRef, Schema, SchemaRef};
use arrow::error::ArrowError;
use trino_sql::{OutputColumn, Type, Value};

use crate::types::field_name;

/// Schema of [`plain_batch`]. Any column may hold NULL.
pub fn plain_schema(columns: &[OutputColumn]) -> SchemaRef {
    let fields = columns.iter();
    let fields = fields.map(|column| Field::new(&column.name, plain_type(&column.ty), true));
    Arc::new(Schema::new(fields.collect::<Vec<_>>()))
}

/// Rows of an answer in plain types. `schema` is that of the columns.
///
/// # Errors
/// If the batch is not of the columns.
pub fn plain_batch(
    schema: &SchemaRef,
    columns: &[OutputColumn],
    batch: &RecordBatch,
) -> Result<RecordBatch, ArrowError> {
    let arrays = batch.columns().iter().zip(columns);
    let arrays = arrays.map(|(array, column)| plain_array(array, &column.ty));
    let arrays = arrays.collect::<Result<Vec<_>, _>>()?;
    let options = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
    RecordBatch::try_new_with_options(Arc::clone(schema), arrays, &options)
}

/// Type of [`plain_array`].
fn plain_type(ty: &Type) -> DataType {
    match ty {
        Type::TimestampTz(_) => match instants_type(ty) {
            DataType::Timestamp(unit, _) => DataType::Timestamp(unit, Some("UTC".into())),
            other => other,
        },
        Type::Uuid | Type::IpAddress | Type::IntervalDay | Type::IntervalYear => DataType::Utf8,
        Type::Array(item) => DataType::List(item_field(item)),
        Type::Map(key, value) => DataType::Map(entries_field(key, value), false),
        Type::Row(fields) => {
            let fields = fields.iter().enumerate();
            let fields = fields
                .map(|(place, field)| Field::new(field_name(field, place), plain_type(&field.ty), true));
            DataType::Struct(fields.collect())
        }
        other => other.arrow(),
    }
}

fn plain_array(array: &ArrayRef, ty: &Type) -> Result<ArrayRef, ArrowError> {
    Ok(match ty {
        Type::TimestampTz(_) => {
            let zoned = array.as_struct();
            let instants = masked(zoned.column(0), zoned)?;
            cast(&instants, &plain_type(ty))?
        }
        Type::Uuid | Type::IpAddress | Type::IntervalDay | Type::IntervalYear | Type::Char(_) => {
            let texts = (0..array.len()).map(|row| match array.is_null(row) {
                true => None,
                false => Value::read(array, row, ty).shown(ty),
            });
            Arc::new(texts.collect::<StringArray>())
        }
        Type::Array(item) => {
            let list = array.as_list::<i32>();
            let items = plain_array(list.values(), item)?;
            let (offsets, nulls) = (list.offsets().clone(), list.nulls().cloned());
            Arc::new(ListArray::try_new(item_field(item), offsets, items, nulls)?)
        }
        Type::Map(key, value) => {
            let map = array.as_map();
            let field = entries_field(key, value);
            let columns = vec![plain_array(map.keys(), key)?, plain_array(map.values(), value)?];
            let DataType::Struct(fields) = field.data_type() else {
                unreachable!("entries are structs")
            };
            let entries = StructArray::try_new(fields.clone(), columns, None)?;
            let (offsets, nulls) = (map.offsets().clone(), map.nulls().cloned());
            Arc::new(MapArray::try_new(field, offsets, entries, nulls, false)?)
        }
        Type::Row(types) => {
            let row = array.as_struct();
            let columns = row.columns().iter().zip(types.iter());
            let columns = columns.map(|(column, field)| plain_array(column, &field.ty));
            let columns = columns.collect::<Result<Vec<_>, _>>()?;
            let DataType::Struct(fields) = plain_type(ty) else {
                unreachable!("rows are structs")
            };
            let nulls = row.nulls().cloned();
            Arc::new(StructArray::try_new_with_length(
                fields,
                columns,
                nulls,
                row.len(),
            )?)
        }
        _ => Arc::clone(array),
    })
}

fn instants_type(ty: &Type) -> DataType {
    match ty.arrow() {
        DataType::Struct(fields) => fields[0].data_type().clone(),
        other => other,
    }
}

/// The column of a struct, NULL where the struct is.
fn masked(column: &ArrayRef, parent: &StructArray) -> Result<ArrayRef, ArrowError> {
    match parent.nulls().filter(|nulls| nulls.null_count() > 0) {
        Some(nulls) => {
            let mask = arrow::array::BooleanArray::new(!nulls.inner(), None);
            arrow::compute::nullif(column, &mask)
        }
        None => Ok(Arc::clone(column)),
    }
}

fn item_field(item: &Type) -> FieldRef {
    Arc::new(Field::new("item", plain_type(item), true))
}

fn entries_field(key: &Type, value: &Type) -> FieldRef {
    let fields = vec![
        Field::new("key", plain_type(key), false),
        Field::new("value", plain_type(value), true),
    ];
    Arc::new(Field::new("entries", DataType::Struct(fields.into()), false))
}
