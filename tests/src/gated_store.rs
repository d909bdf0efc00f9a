//! Block store with a gate: blocks wait until a test opens it, so that a read is known to be running.

use bytes::Bytes;
use protocol::SpillLocation;
use spill::{BlockStore, MemoryBlockStore, StoreError};
use tokio::sync::Semaphore;

/// Store that keeps blocks in memory once its gate is open.
#[derive(Debug)]
pub struct GatedStore {
    blocks: MemoryBlockStore,
    gate: Semaphore,
    arrivals: Semaphore,
}

impl Default for GatedStore {
    fn default() -> Self {
        Self {
            blocks: MemoryBlockStore::new(),
            gate: Semaphore::new(0),
            arrivals: Semaphore::new(0),
        }
    }
}

impl GatedStore {
    /// Returns once a block waits at the closed gate: its read can continue only until its buffers are full.
    pub async fn await_block(&self) {
        self.arrivals.acquire().await.expect("never closed").forget();
    }

    /// Opens the gate for every block from now on.
    pub fn open(&self) {
        self.gate.add_permits(Semaphore::MAX_PERMITS / 2);
    }
}

#[deny(
    clippy::missing_trait_methods,
    reason = "a default method would bypass the inner store"
)]
#[async_trait::async_trait]
impl BlockStore for GatedStore {
    async fn put(&self, location: &SpillLocation, block: Bytes) -> Result<(), StoreError> {
        self.arrivals.add_permits(1);
        self.gate.acquire().await.expect("never closed").forget();
        self.blocks.put(location, block).await
    }

    async fn get(&self, location: &SpillLocation) -> Result<Bytes, StoreError> {
        self.blocks.get(location).await
    }

    async fn check_bucket(&self, bucket: &str) -> Result<(), StoreError> {
        self.blocks.check_bucket(bucket).await
    }
}
