use async_trait::async_trait;
use bytes::Bytes;
use protocol::SpillLocation;

use crate::StoreError;

/// Largest object in bytes. Blocks are smaller; reading a larger object fails before it is all in memory.
pub const MAX_OBJECT_BYTES: usize = 1 << 30;

/// Store of spilled blocks as objects. `put` and `get` take the location of an object, not of a directory.
#[async_trait]
pub trait BlockStore: Send + Sync {
    /// Stores an object, whole or not at all, and replaces an existing one. Retries transient failures.
    async fn put(&self, location: &SpillLocation, block: Bytes) -> Result<(), StoreError>;

    /// Reads the whole object. [`StoreError::NotFound`] if it does not exist.
    async fn get(&self, location: &SpillLocation) -> Result<Bytes, StoreError>;

    /// Checks that the bucket exists and is accessible, before rows are read that could not be stored.
    async fn check_bucket(&self, bucket: &str) -> Result<(), StoreError>;
}
