//! Record batches as encapsulated messages.

use arrow::array::RecordBatch;
use arrow::datatypes::{DataType, FieldRef, Schema, SchemaRef};
use arrow::error::ArrowError;

use super::framing::{Encapsulated, IpcFraming, arrow};
use super::read_batch::read_batch;
use super::types::check_block_types;
use super::write_batch::write_batches;
use crate::error::{EncodeError, Fault, Rule, WireError};

/// Encodes a batch; of a sliced column only the slice. A batch without rows is encoded as no bytes, because
/// the peer's reader fails on a message without a body.
///
/// # Errors
/// If a column is of a type that no block can carry, or there are rows but no column with data.
pub fn encode_batch(batch: &RecordBatch, framing: IpcFraming) -> Result<Vec<u8>, EncodeError> {
    encode_batches(batch.schema_ref(), vec![batch.clone()], framing)
}

/// Encodes rows that arrive in parts as one batch, in order, like [`encode_batch`]. Frees the memory of each
/// part while writing, so that at most the largest buffer of a part is held twice, unless the parts are
/// shared.
///
/// # Errors
/// As [`encode_batch`]; also if the columns of a part differ from `schema`, or a column has more bytes in
/// total than an `i32` offset can address.
pub fn encode_batches(
    schema: &Schema,
    parts: Vec<RecordBatch>,
    framing: IpcFraming,
) -> Result<Vec<u8>, EncodeError> {
    check_block_types(schema)?;
    let rows = parts.iter().map(RecordBatch::num_rows).sum();
    check_body(schema, rows)?;
    if let Some(other) = parts.iter().find(|part| !has_columns_of(part, schema)) {
        let found = other.schema();
        return Err(ArrowError::SchemaError(format!(
            "a part has other columns than the block: wanted {schema}, found {found}"
        ))
        .into());
    }
    if rows == 0 {
        return Ok(Vec::new());
    }
    Ok(write_batches(parts, schema.fields().len(), framing)?)
}

fn has_columns_of(batch: &RecordBatch, schema: &Schema) -> bool {
    let (found, wanted) = (batch.schema_ref().fields(), schema.fields());
    let is_of_type =
        |(found, wanted): (&FieldRef, &FieldRef)| found.data_type().equals_datatype(wanted.data_type());
    found.len() == wanted.len() && found.iter().zip(wanted).all(is_of_type)
}

fn check_body(schema: &Schema, rows: usize) -> Result<(), EncodeError> {
    let mut types = schema.fields().iter().map(|field| field.data_type());
    match rows {
        0 => Ok(()),
        _ if schema.fields().is_empty() => Err(EncodeError::NoColumns { rows }),
        _ if types.all(|data_type| *data_type == DataType::Null) => Err(EncodeError::NoBody { rows }),
        _ => Ok(()),
    }
}

/// Decodes a batch in either framing. No bytes decode to a batch without rows.
///
/// # Errors
/// If the bytes are not a record batch message of this schema. The input is untrusted: every array is
/// validated.
pub fn decode_batch(bytes: &[u8], schema: SchemaRef) -> Result<RecordBatch, WireError> {
    batch_from_bytes(bytes, schema).map_err(|rule| Fault::from(rule).in_message("arrow record batch"))
}

pub(super) fn batch_from_bytes(bytes: &[u8], schema: SchemaRef) -> Result<RecordBatch, Rule> {
    check_block_types(&schema).map_err(|error| arrow(error.to_string()))?;
    if bytes.is_empty() {
        return Ok(RecordBatch::new_empty(schema));
    }
    let encapsulated = Encapsulated::split(bytes)?;
    let message = encapsulated.message()?;
    let batch = message.header_as_record_batch().ok_or_else(|| {
        arrow(format!(
            "it is a {:?} message, wanted a record batch",
            message.header_type()
        ))
    })?;
    let (claimed, found) = (message.bodyLength(), encapsulated.rest.len());
    if usize::try_from(claimed) != Ok(found) {
        return Err(arrow(format!(
            "it claims a body of {claimed} bytes, found {found}"
        )));
    }
    read_batch(batch, encapsulated.rest, schema)
}
