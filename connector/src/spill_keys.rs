//! Keys that encrypt blocks, each with a nonce: one for each split.

use async_trait::async_trait;
use protocol::EncryptionKey;

#[cfg(any(test, feature = "test-util"))]
pub mod conformance;

/// Source of keys for the splits of a page.
#[async_trait]
pub trait SpillKeys: Send + Sync {
    /// Generates `count` distinct keys.
    async fn generate(&self, count: usize) -> Result<Vec<EncryptionKey>, SpillKeyError>;
}

/// Keys of 256 bits from this process's random generator.
#[derive(Debug, Clone, Copy, Default)]
pub struct LocalSpillKeys;

#[async_trait]
impl SpillKeys for LocalSpillKeys {
    async fn generate(&self, count: usize) -> Result<Vec<EncryptionKey>, SpillKeyError> {
        Ok((0..count).map(|_| spill::generate_key()).collect())
    }
}

/// Error of a service that generates keys. Contains nothing of keys that it did return.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{operation} with key `{key_id}`: {reason}")]
pub struct SpillKeyError {
    pub operation: &'static str,
    pub key_id: String,
    pub reason: String,
    /// Whether the service throttled the request.
    pub throttled: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn keys_of_this_process_are_made_by_the_rules() {
        conformance::check(&LocalSpillKeys).await;
    }
}
