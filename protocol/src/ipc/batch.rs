//! A record batch as one encapsulated message.

use arrow::array::{Array, RecordBatch};
use arrow::datatypes::{DataType, SchemaRef};
use arrow::ipc::writer::{DictionaryTracker, EncodedData, IpcDataGenerator, write_message};

use super::framing::{Encapsulated, IpcFraming, arrow};
use super::read_batch::read_batch;
use super::types::check_block_types;
use crate::error::{DecodeError, EncodeError, Fault, Rule};

/// Encodes a batch; sliced columns by their slice. A batch without rows is no bytes at all, because the peer's reader
/// fails on a message without a body.
///
/// # Errors
/// If a column is of a type that no block can carry, or there are rows but no column with data.
pub fn encode_batch(batch: &RecordBatch, framing: IpcFraming) -> Result<Vec<u8>, EncodeError> {
    check_block_types(batch.schema_ref())?;
    check_body(batch)?;
    if batch.num_rows() == 0 {
        return Ok(Vec::new());
    }
    let options = framing.write_options()?;
    let mut no_dictionaries = DictionaryTracker::new(true);
    let (_, encoded) =
        IpcDataGenerator::default().encode(batch, &mut no_dictionaries, &options, &mut Default::default())?;
    let EncodedData {
        ipc_message,
        arrow_data: mut bytes,
    } = encoded;
    let mut head = Vec::with_capacity(ipc_message.len() + LONGEST_PREFIX_BYTES);
    let metadata = EncodedData {
        ipc_message,
        arrow_data: Vec::new(),
    };
    write_message(&mut head, metadata, &options)?;
    // In front of the body, where that lies: a block is large, and a copy of it as large again.
    bytes.splice(0..0, head);
    Ok(bytes)
}

/// Room for continuation marker, length and padding.
const LONGEST_PREFIX_BYTES: usize = 16;

fn check_body(batch: &RecordBatch) -> Result<(), EncodeError> {
    let rows = batch.num_rows();
    match batch.columns() {
        _ if rows == 0 => Ok(()),
        [] => Err(EncodeError::NoColumns { rows }),
        columns if columns.iter().all(|column| *column.data_type() == DataType::Null) => {
            Err(EncodeError::NoBody { rows })
        }
        _ => Ok(()),
    }
}

/// Decodes a batch in either framing; no bytes are a batch without rows.
///
/// # Errors
/// If the bytes are not a record batch message of this schema. Nothing in it is trusted: every array is validated.
pub fn decode_batch(bytes: &[u8], schema: SchemaRef) -> Result<RecordBatch, DecodeError> {
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
