//! Uploads of blocks in the background.

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Instant;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use protocol::SpillLocation;
use tokio::task::{JoinError, JoinSet, spawn_blocking};

use crate::object::encode_object;
use crate::{BlockCipher, BlockStore, SpillError, block_location};

/// Default number of concurrent uploads. Each holds a block, so this bounds memory; two keep the network busy
/// while the next one is encoded.
pub(crate) const DEFAULT_MAX_UPLOADS: NonZeroUsize = NonZeroUsize::new(2).expect("two");

/// Encodes, encrypts and stores blocks in tasks, a bounded number at once, numbered in their order. Dropping
/// it aborts running tasks.
pub(crate) struct Uploads {
    store: Arc<dyn BlockStore>,
    schema: SchemaRef,
    directory: Option<SpillLocation>,
    cipher: Option<Arc<BlockCipher>>,
    under_way: JoinSet<Result<(), SpillError>>,
    max_uploads: NonZeroUsize,
    /// Locations of every block so far, stored or being uploaded, in the order of their numbers and so of
    /// their rows.
    locations: Vec<SpillLocation>,
}

impl Uploads {
    pub(crate) fn new(
        store: Arc<dyn BlockStore>,
        schema: SchemaRef,
        directory: Option<SpillLocation>,
        cipher: Option<BlockCipher>,
    ) -> Self {
        let cipher = cipher.map(Arc::new);
        Self {
            store,
            schema,
            directory,
            cipher,
            under_way: JoinSet::new(),
            max_uploads: DEFAULT_MAX_UPLOADS,
            locations: vec![],
        }
    }

    pub(crate) fn set_max_uploads(&mut self, max_uploads: NonZeroUsize) {
        self.max_uploads = max_uploads;
    }

    /// Number of blocks so far, stored or being uploaded.
    pub(crate) fn count(&self) -> usize {
        self.locations.len()
    }

    /// Starts the upload of a block; waits first while the maximum number is running. Returns errors of any
    /// block so far.
    pub(crate) async fn start(&mut self, parts: Vec<RecordBatch>) -> Result<(), SpillError> {
        let location = self.next_location()?;
        self.make_room().await?;
        self.locations.push(location.clone());
        let upload = upload(
            self.store.clone(),
            self.schema.clone(),
            parts,
            self.cipher.clone(),
            location,
        );
        self.under_way.spawn(upload);
        Ok(())
    }

    /// Waits until every block is stored.
    pub(crate) async fn finish(mut self) -> Result<Vec<SpillLocation>, SpillError> {
        while let Some(ended) = self.under_way.join_next().await {
            outcome(ended)?;
        }
        Ok(self.locations)
    }

    fn next_location(&self) -> Result<SpillLocation, SpillError> {
        match &self.directory {
            Some(directory) if directory.directory => Ok(block_location(directory, self.locations.len())),
            Some(object) => Err(SpillError::NotADirectory {
                location: object.clone(),
            }),
            None => Err(SpillError::NoDirectory),
        }
    }

    async fn make_room(&mut self) -> Result<(), SpillError> {
        while let Some(ended) = self.under_way.try_join_next() {
            outcome(ended)?;
        }
        if self.under_way.len() >= self.max_uploads.get()
            && let Some(ended) = self.under_way.join_next().await
        {
            outcome(ended)?;
        }
        Ok(())
    }
}

async fn upload(
    store: Arc<dyn BlockStore>,
    schema: SchemaRef,
    parts: Vec<RecordBatch>,
    cipher: Option<Arc<BlockCipher>>,
    location: SpillLocation,
) -> Result<(), SpillError> {
    let started = Instant::now();
    let object = spawn_blocking(move || encode_object(&schema, parts, cipher.as_deref())).await??;
    let object_bytes = object.len();
    store.put(&location, object).await?;
    tracing::debug!(
        %location,
        object_bytes,
        elapsed_ms = started.elapsed().as_millis() as u64,
        "spilled a block"
    );
    Ok(())
}

fn outcome(ended: Result<Result<(), SpillError>, JoinError>) -> Result<(), SpillError> {
    ended?
}
