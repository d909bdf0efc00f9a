use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use bytes::Bytes;
use protocol::SpillLocation;

use super::BlockStore;
use crate::StoreError;

/// Objects in this process, for tests and for a connector in the same process as its client. Every bucket
/// exists.
#[derive(Debug, Default)]
pub struct MemoryBlockStore {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// Objects by bucket and key.
    objects: BTreeMap<(String, String), Bytes>,
    puts_to_fail: usize,
}

impl MemoryBlockStore {
    pub fn new() -> Self {
        Self::default()
    }

    /// Locations of all objects, by bucket and key.
    pub fn locations(&self) -> Vec<SpillLocation> {
        let location = |(bucket, key): &(String, String)| SpillLocation {
            bucket: bucket.clone(),
            key: key.clone(),
            directory: false,
        };
        self.state().objects.keys().map(location).collect()
    }

    /// Makes the next `count` puts fail and store nothing.
    #[cfg(any(test, feature = "test-util"))]
    pub fn fail_next_puts(&self, count: usize) {
        self.state().puts_to_fail = count;
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // No code panics while it holds the lock, and the map would be consistent even then.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl BlockStore for MemoryBlockStore {
    async fn put(&self, location: &SpillLocation, block: Bytes) -> Result<(), StoreError> {
        let mut state = self.state();
        if state.puts_to_fail > 0 {
            state.puts_to_fail -= 1;
            let (location, reason) = (location.clone(), "failure requested by the test".to_owned());
            return Err(StoreError::Put {
                location,
                bytes: block.len(),
                reason,
            });
        }
        state
            .objects
            .insert((location.bucket.clone(), location.key.clone()), block);
        Ok(())
    }

    async fn get(&self, location: &SpillLocation) -> Result<Bytes, StoreError> {
        let name = (location.bucket.clone(), location.key.clone());
        let object = self.state().objects.get(&name).cloned();
        object.ok_or_else(|| StoreError::NotFound {
            location: location.clone(),
        })
    }

    async fn check_bucket(&self, _bucket: &str) -> Result<(), StoreError> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::conformance;

    #[tokio::test]
    async fn conforms() {
        conformance(&MemoryBlockStore::new(), "bucket").await;
    }

    #[tokio::test]
    async fn a_put_told_to_fail_stores_nothing() {
        let store = MemoryBlockStore::new();
        let location = SpillLocation {
            bucket: "bkt".into(),
            key: "k.0".into(),
            directory: false,
        };
        store.fail_next_puts(1);
        assert!(matches!(
            store.put(&location, Bytes::new()).await,
            Err(StoreError::Put { .. })
        ));
        assert_eq!(store.locations(), []);
        store.put(&location, Bytes::new()).await.unwrap();
        assert_eq!(store.locations(), [location]);
    }
}
