use std::num::NonZeroUsize;
use std::sync::Arc;

use arrow::array::{RecordBatch, RecordBatchOptions};
use arrow::compute::concat_batches;
use arrow::datatypes::SchemaRef;
use protocol::{EncryptionKey, SpillLocation, block_bytes};

use crate::pending::PendingBlock;
use crate::uploads::Uploads;
use crate::{BlockCipher, BlockLimits, BlockStore, SpillError};

/// Writer of a split's rows as the result of a ReadRecords call: one inline block, or numbered objects.
///
/// ```no_run
/// use std::sync::Arc;
///
/// use arrow::array::RecordBatch;
/// use arrow::datatypes::SchemaRef;
/// use athena_federation_spill::protocol::Split;
/// use athena_federation_spill::{BlockLimits, BlockSpiller, BlockStore, Records, SpillError};
///
/// async fn read(
///     store: Arc<dyn BlockStore>,
///     batches: impl Iterator<Item = RecordBatch>,
///     schema: SchemaRef,
///     split: Split,
///     limits: BlockLimits,
/// ) -> Result<Records, SpillError> {
///     let mut spiller =
///         BlockSpiller::new(store, schema, split.spill_location, split.encryption_key, limits)?;
///     for batch in batches {
///         spiller.write(batch).await?;
///     }
///     spiller.finish().await
/// }
/// ```
///
/// Rows keep their order: within a block, from block to block, and in the list of locations. Batches are cut
/// and concatenated, so that few large blocks result whatever sizes are written.
///
/// Blocks are encoded and uploaded while the caller continues to write. In memory are the current block and
/// at most two blocks being uploaded, or [`Self::with_max_uploads`], whose rows are freed as they are written
/// to their object; [`Self::write`] waits for room. A failed upload fails the next `write` or
/// [`Self::finish`]: rows are never lost silently.
pub struct BlockSpiller {
    schema: SchemaRef,
    limits: BlockLimits,
    pending: PendingBlock,
    uploads: Uploads,
    stats: SpillStats,
    incomplete: bool,
}

/// Result of a ReadRecords call.
#[derive(Debug, Clone, PartialEq)]
pub enum Records {
    /// All rows, small enough for the response.
    Inline(RecordBatch),
    /// Stored blocks in the order of their rows. Empty if there are no rows and the inline limit is 0.
    Spilled(Vec<SpillLocation>),
}

/// Counters of what has been written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct SpillStats {
    pub rows: u64,
    /// Size in bytes of the batches as written, in the protocol's measure ([`protocol::block_bytes`]).
    pub bytes: u64,
    /// Blocks stored or being uploaded, without the current block.
    pub blocks: u64,
}

impl BlockSpiller {
    /// Creates a spiller for rows of `schema`; `directory` and `key` are the split's. Blocks are encrypted if
    /// and only if there is a key. The directory is needed only if rows are spilled.
    ///
    /// # Errors
    /// A key or nonce of invalid length.
    pub fn new(
        store: Arc<dyn BlockStore>,
        schema: SchemaRef,
        directory: Option<SpillLocation>,
        key: Option<EncryptionKey>,
        limits: BlockLimits,
    ) -> Result<Self, SpillError> {
        let cipher = key.as_ref().map(BlockCipher::new).transpose()?;
        Ok(Self {
            pending: PendingBlock::new(schema.clone(), limits.block_bytes()),
            uploads: Uploads::new(store, schema.clone(), directory, cipher),
            schema,
            limits,
            stats: SpillStats::default(),
            incomplete: false,
        })
    }

    /// Sets the number of concurrent uploads; the default is two.
    pub fn with_max_uploads(mut self, max_uploads: NonZeroUsize) -> Self {
        self.uploads.set_max_uploads(max_uploads);
        self
    }

    /// Appends rows; uploads every full block that is followed by another row.
    ///
    /// # Errors
    /// If the columns are not the schema's, there is no directory to spill to, or this or an earlier block
    /// could not be stored. After an error, or if the future is dropped before its end, the spiller only
    /// returns [`SpillError::Incomplete`].
    pub async fn write(&mut self, batch: RecordBatch) -> Result<(), SpillError> {
        if self.incomplete {
            return Err(SpillError::Incomplete);
        }
        self.incomplete = true;
        self.append(batch).await?;
        self.incomplete = false;
        Ok(())
    }

    /// Ends the split: waits for all blocks, or returns the only one if it fits into the response.
    ///
    /// # Errors
    /// As [`Self::write`].
    pub async fn finish(mut self) -> Result<Records, SpillError> {
        if self.incomplete {
            return Err(SpillError::Incomplete);
        }
        let last = self.pending.take();
        if self.uploads.count() > 0 {
            return self.spill_last(last).await;
        }
        let batch = concat_batches(&self.schema, &last)?;
        if self.limits.allow_inline(&batch)? {
            return Ok(Records::Inline(batch));
        }
        self.spill_last(vec![batch]).await
    }

    pub fn stats(&self) -> SpillStats {
        SpillStats {
            blocks: self.uploads.count() as u64,
            ..self.stats
        }
    }

    async fn append(&mut self, batch: RecordBatch) -> Result<(), SpillError> {
        let batch = self.with_schema(batch)?;
        self.stats.rows += batch.num_rows() as u64;
        self.stats.bytes += block_bytes(&batch) as u64;
        let mut left = Some(batch);
        while let Some(batch) = left {
            left = self.pending.fill(&batch)?;
            if left.is_some() {
                self.uploads.start(self.pending.take()).await?;
            }
        }
        Ok(())
    }

    async fn spill_last(mut self, parts: Vec<RecordBatch>) -> Result<Records, SpillError> {
        if parts.iter().any(|part| part.num_rows() > 0) {
            self.uploads.start(parts).await?;
        }
        Ok(Records::Spilled(self.uploads.finish().await?))
    }

    /// Batch under the response's schema, which also determines nullability and metadata.
    fn with_schema(&self, batch: RecordBatch) -> Result<RecordBatch, SpillError> {
        let (wanted, found) = (self.schema.fields(), batch.schema_ref().fields());
        if wanted.len() != found.len() {
            return Err(SpillError::ColumnCount {
                wanted: wanted.len(),
                found: found.len(),
            });
        }
        for (index, (wanted, found)) in wanted.iter().zip(found).enumerate() {
            if wanted.name() != found.name() || !wanted.data_type().equals_datatype(found.data_type()) {
                return Err(SpillError::Column {
                    index,
                    wanted_name: wanted.name().clone(),
                    wanted: wanted.data_type().clone(),
                    found_name: found.name().clone(),
                    found: found.data_type().clone(),
                });
            }
        }
        if wanted.is_empty() && batch.num_rows() > 0 {
            return Err(SpillError::NoColumns {
                rows: batch.num_rows(),
            });
        }
        let options = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
        Ok(RecordBatch::try_new_with_options(
            self.schema.clone(),
            batch.columns().to_vec(),
            &options,
        )?)
    }
}

#[cfg(test)]
mod tests;
