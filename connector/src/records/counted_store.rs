//! Counting of the blocks that are stored for one split.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use async_trait::async_trait;
use hyper::body::Bytes;
use protocol::SpillLocation;
use spill::{BlockStore, StoreError};
use tracing::{Instrument, Span};

/// Store that delegates to another one and counts the stored blocks, each with its own span.
pub(super) struct CountedStore {
    store: Arc<dyn BlockStore>,
    /// Span of the request: the tasks that store blocks do not know it.
    request: Span,
    blocks: AtomicU64,
    bytes: AtomicU64,
}

impl CountedStore {
    pub(super) fn new(store: Arc<dyn BlockStore>) -> Self {
        Self {
            store,
            request: Span::current(),
            blocks: AtomicU64::new(0),
            bytes: AtomicU64::new(0),
        }
    }

    /// Number of stored blocks, and their total size in bytes.
    pub(super) fn stored(&self) -> (u64, u64) {
        let count = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        (count(&self.blocks), count(&self.bytes))
    }
}

// A wrapper that forgets to delegate a method with a default changes what it wraps.
#[deny(clippy::missing_trait_methods)]
#[async_trait]
impl BlockStore for CountedStore {
    async fn put(&self, location: &SpillLocation, block: Bytes) -> Result<(), StoreError> {
        let bytes = block.len() as u64;
        let span = tracing::info_span!(parent: &self.request, "put_block", bytes);
        self.store.put(location, block).instrument(span).await?;
        self.blocks.fetch_add(1, Ordering::Relaxed);
        self.bytes.fetch_add(bytes, Ordering::Relaxed);
        Ok(())
    }

    async fn get(&self, location: &SpillLocation) -> Result<Bytes, StoreError> {
        self.store.get(location).await
    }

    async fn check_bucket(&self, bucket: &str) -> Result<(), StoreError> {
        self.store.check_bucket(bucket).await
    }
}
