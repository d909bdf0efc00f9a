//! Rows as Arrow, without a record format in between: the reference for an engine's results.

use std::sync::Arc;

use arrow::array::{
    ArrayRef, Date32Array, Decimal128Array, Int32Array, Int64Array, RecordBatch, StringArray,
};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use arrow::error::ArrowError;

use crate::row::{Row, Value, rows};
use crate::table::{Column, ColumnType, Table};

/// Number of rows in a batch.
const BATCH_ROWS: usize = 8_192;

/// All rows of a table in batches of at most 8,192, in the order of [`rows`].
pub fn batches(table: Table, scale: f64) -> impl Iterator<Item = Result<RecordBatch, ArrowError>> {
    let schema = arrow_schema(table);
    let mut rows = rows(table, scale);
    std::iter::from_fn(move || {
        let chunk: Vec<_> = rows.by_ref().take(BATCH_ROWS).collect();
        let values: Vec<_> = chunk.iter().map(Row::values).collect();
        (!values.is_empty()).then(|| batch(&schema, table, &values))
    })
}

/// Schema of [`batches`], without nullable columns.
pub fn arrow_schema(table: Table) -> SchemaRef {
    let field = |column: &Column| Field::new(column.name, data_type(column.column_type), false);
    Arc::new(Schema::new(table.columns().iter().map(field).collect::<Vec<_>>()))
}

fn data_type(column_type: ColumnType) -> DataType {
    match column_type {
        ColumnType::BigInt => DataType::Int64,
        ColumnType::Integer => DataType::Int32,
        ColumnType::Decimal => DataType::Decimal128(15, 2),
        ColumnType::Date => DataType::Date32,
        ColumnType::Varchar => DataType::Utf8,
    }
}

fn batch(schema: &SchemaRef, table: Table, rows: &[Vec<Value<'_>>]) -> Result<RecordBatch, ArrowError> {
    let columns = table.columns().iter().enumerate();
    let arrays = columns.map(|(at, column)| array(column.column_type, rows.iter().map(move |row| &row[at])));
    RecordBatch::try_new(Arc::clone(schema), arrays.collect::<Result<_, _>>()?)
}

/// Array of a column. A value of another type than its column's would be NULL, which the schema rejects.
fn array<'a>(
    column_type: ColumnType,
    values: impl Iterator<Item = &'a Value<'a>>,
) -> Result<ArrayRef, ArrowError> {
    Ok(match column_type {
        ColumnType::BigInt => Arc::new(Int64Array::from_iter(values.map(|value| match value {
            Value::BigInt(number) => Some(*number),
            _ => None,
        }))),
        ColumnType::Integer => Arc::new(Int32Array::from_iter(values.map(|value| match value {
            Value::Integer(number) => Some(*number),
            _ => None,
        }))),
        ColumnType::Decimal => {
            let unscaled = Decimal128Array::from_iter(values.map(|value| match value {
                Value::Decimal(number) => Some(i128::from(number.into_inner())),
                _ => None,
            }));
            Arc::new(unscaled.with_precision_and_scale(15, 2)?)
        }
        ColumnType::Date => Arc::new(Date32Array::from_iter(values.map(|value| match value {
            Value::Date(date) => Some(date.to_unix_epoch()),
            _ => None,
        }))),
        ColumnType::Varchar => Arc::new(StringArray::from_iter(values.map(|value| match value {
            Value::Varchar(text) => Some(text.as_ref()),
            _ => None,
        }))),
    })
}

#[cfg(test)]
mod tests {
    use arrow::array::AsArray;
    use arrow::datatypes::{Date32Type, Decimal128Type, Int64Type};

    use super::*;

    #[test]
    fn hold_every_row_in_order() {
        let batches: Vec<_> = batches(Table::Orders, 0.01).map(Result::unwrap).collect();
        let sizes: Vec<_> = batches.iter().map(RecordBatch::num_rows).collect();
        assert_eq!(sizes, [8_192, 6_808]);
        let keys: Vec<_> = batches
            .iter()
            .flat_map(|batch| batch.column(0).as_primitive::<Int64Type>().values().to_vec())
            .collect();
        assert!(keys.is_sorted());
    }

    /// First line item of the specification's sample data.
    #[test]
    fn hold_values_exactly() {
        let batch = batches(Table::Lineitem, 0.001).next().unwrap().unwrap();
        let column = |name| batch.column_by_name(name).unwrap();
        let quantity = column("l_quantity").as_primitive::<Decimal128Type>();
        assert_eq!(quantity.value_as_string(0), "17.00");
        let ship_date = column("l_shipdate").as_primitive::<Date32Type>();
        assert_eq!(ship_date.value_as_date(0).unwrap().to_string(), "1996-03-13");
        assert_eq!(column("l_shipmode").as_string::<i32>().value(0), "TRUCK");
    }
}
