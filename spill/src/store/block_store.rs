use async_trait::async_trait;
use bytes::Bytes;
use protocol::SpillLocation;

use crate::StoreError;

/// No block is larger; an object that is fails its reader before it is all in memory.
pub const MAX_OBJECT_BYTES: usize = 1 << 30;

/// Holds spilled blocks as objects. Both methods take an object's location, never a directory's.
#[async_trait]
pub trait BlockStore: Send + Sync {
    /// Stores an object, whole or not at all, in place of one that may be there. Retries what is worth retrying.
    async fn put(&self, location: &SpillLocation, block: Bytes) -> Result<(), StoreError>;

    /// The whole object. [`StoreError::NotFound`] if there is none.
    async fn get(&self, location: &SpillLocation) -> Result<Bytes, StoreError>;

    /// Whether there is such a bucket, and the caller may know of it: before rows are read that would have no place.
    async fn check_bucket(&self, bucket: &str) -> Result<(), StoreError>;
}
