//! Rows as columns of text.

use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch, RecordBatchOptions, StringBuilder};
use arrow::datatypes::{DataType, Field, Schema};
use arrow::error::ArrowError;
use trino_sql::OutputColumn;

use super::cells;

/// The text of each cell in Athena's spelling; NULL stays NULL.
pub(crate) fn texts(batch: &RecordBatch, columns: &[OutputColumn]) -> Result<RecordBatch, ArrowError> {
    let fields = columns
        .iter()
        .map(|column| Field::new(&column.name, DataType::Utf8, true));
    let schema = Arc::new(Schema::new(fields.collect::<Vec<_>>()));
    let mut scratch = Vec::new();
    let cells = cells::columns(batch, columns);
    let arrays = cells.iter().map(|cells| {
        let mut texts = StringBuilder::with_capacity(batch.num_rows(), 16 * batch.num_rows());
        for row in 0..batch.num_rows() {
            if cells.is_null(row) {
                texts.append_null();
                continue;
            }
            scratch.clear();
            cells.push_text(row, &mut scratch);
            texts.append_value(String::from_utf8_lossy(&scratch));
        }
        Arc::new(texts.finish()) as ArrayRef
    });
    let arrays = arrays.collect();
    let options = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
    RecordBatch::try_new_with_options(schema, arrays, &options)
}
