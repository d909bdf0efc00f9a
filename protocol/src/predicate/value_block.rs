//! Values of a predicate: a block of one column, always named `col1`.

use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch, new_empty_array};
use arrow::datatypes::{DataType, Field, Schema};

use crate::error::{EncodeError, Fault, Rule};
use crate::ipc::{Block, IpcFraming};
use crate::json::{FromJson, Json};

const COLUMN: &str = "col1";

pub(super) fn from_json(json: &Json<'_>) -> Result<ArrayRef, Fault> {
    let batch = Block::from_json(json)?.batch;
    match batch.column_by_name(COLUMN) {
        Some(column) if batch.num_columns() == 1 => Ok(column.clone()),
        _ => Err(Rule::Predicate(format!("wanted one column named {COLUMN}, found others")).into()),
    }
}

pub(super) fn to_json(values: &ArrayRef, framing: IpcFraming) -> Result<Json<'static>, EncodeError> {
    let field = Field::new(COLUMN, values.data_type().clone(), true);
    let batch = RecordBatch::try_new(Arc::new(Schema::new(vec![field])), vec![values.clone()])?;
    Block::new(batch).to_json(framing)
}

/// Block that carries a type and no value.
pub(super) fn empty_to_json(data_type: &DataType, framing: IpcFraming) -> Result<Json<'static>, EncodeError> {
    to_json(&new_empty_array(data_type), framing)
}
