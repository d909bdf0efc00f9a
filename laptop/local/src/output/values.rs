//! Values of a row.

use arrow::array::RecordBatch;
use trino_sql::{OutputColumn, Value};

/// Values of a row, by the places of the columns.
pub(super) fn values(
    batch: &RecordBatch,
    columns: &[OutputColumn],
    row: usize,
) -> impl Iterator<Item = Value> {
    let columns = batch.columns().iter().zip(columns);
    columns.map(move |(array, column)| Value::read(array, row, &column.ty))
}
