//! Blocks in JSON: a schema and a record batch, each a base64 text of its own
//! (`com.amazonaws.athena.connector.lambda.data.Block`).

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;

use super::batch::{batch_from_bytes, encode_batch};
use super::framing::IpcFraming;
use super::schema::schema_to_text;
use super::{bytes_from_json, encode_base64};
use crate::error::{EncodeError, Fault};
use crate::json::{FromJson, Json, Object};

/// Record batch as messages carry it.
#[derive(Debug, Clone)]
pub struct Block {
    /// Name of the peer's memory allocator, used for its debugging only; any text is valid.
    pub allocator_id: Option<String>,
    pub batch: RecordBatch,
}

/// Compares the batches only, not the allocator.
impl PartialEq for Block {
    fn eq(&self, other: &Self) -> bool {
        self.batch == other.batch
    }
}

impl Block {
    pub fn new(batch: RecordBatch) -> Self {
        Self {
            allocator_id: Some(String::new()),
            batch,
        }
    }

    pub(crate) fn to_json(&self, framing: IpcFraming) -> Result<Json<'static>, EncodeError> {
        Ok(Object::new()
            .with("aId", self.allocator_id.clone())
            .with("schema", schema_to_text(self.batch.schema_ref(), framing)?)
            .with("records", encode_base64(&encode_batch(&self.batch, framing)?))
            .into())
    }
}

impl From<RecordBatch> for Block {
    fn from(batch: RecordBatch) -> Self {
        Self::new(batch)
    }
}

impl FromJson for Block {
    fn from_json(json: &Json<'_>) -> Result<Self, Fault> {
        let object = json.as_object()?;
        let allocator_id = object.optional("aId")?;
        let schema: SchemaRef = object.required("schema")?;
        let records = |json: &Json<'_>| Ok(batch_from_bytes(&bytes_from_json(json)?, schema)?);
        Ok(Self {
            allocator_id,
            batch: object.required_with("records", records)?,
        })
    }
}
