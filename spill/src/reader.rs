use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use protocol::{EncryptionKey, SpillLocation};
use tokio::task::spawn_blocking;

use crate::object::decode_object;
use crate::{BlockStore, SpillError};

/// Reader of spilled blocks, as Athena does it
/// (`com.amazonaws.athena.connector.lambda.data.S3BlockSpillReader`).
#[derive(Clone)]
pub struct SpillReader {
    store: Arc<dyn BlockStore>,
}

impl SpillReader {
    pub fn new(store: Arc<dyn BlockStore>) -> Self {
        Self { store }
    }

    /// Reads the rows of one block. `schema` and `key` are the response's: an object holds neither.
    ///
    /// # Errors
    /// If the object does not exist, does not decrypt with the key, or is not a block of this schema.
    pub async fn read(
        &self,
        location: &SpillLocation,
        schema: SchemaRef,
        key: Option<&EncryptionKey>,
    ) -> Result<RecordBatch, SpillError> {
        let object = self.store.get(location).await?;
        let (location, key) = (location.clone(), key.cloned());
        spawn_blocking(move || decode_object(object, schema, key.as_ref(), &location)).await?
    }
}
