use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use protocol::SpillLocation;
use tokio::sync::Semaphore;
use tokio::time::sleep;

use crate::{BlockStore, StoreError};

/// Store that holds puts back until the gate opens, and counts them.
pub(super) struct GatedStore {
    pub(super) gate: Semaphore,
    /// Delay of the first put; each further put waits this much less.
    first_delay: Duration,
    started: AtomicUsize,
    pub(super) under_way: AtomicUsize,
    pub(super) most_under_way: AtomicUsize,
    pub(super) ended: Mutex<Vec<String>>,
    pub(super) objects: Mutex<BTreeMap<String, Bytes>>,
}

impl GatedStore {
    pub(super) fn closed() -> Self {
        Self {
            gate: Semaphore::new(0),
            first_delay: Duration::ZERO,
            started: AtomicUsize::new(0),
            under_way: AtomicUsize::new(0),
            most_under_way: AtomicUsize::new(0),
            ended: Mutex::default(),
            objects: Mutex::default(),
        }
    }

    pub(super) fn slower_at_first() -> Self {
        Self {
            gate: Semaphore::new(100),
            first_delay: Duration::from_millis(40),
            ..Self::closed()
        }
    }
}

#[deny(
    clippy::missing_trait_methods,
    reason = "a default method would bypass the inner store"
)]
#[async_trait]
impl BlockStore for GatedStore {
    async fn put(&self, location: &SpillLocation, block: Bytes) -> Result<(), StoreError> {
        let number = self.started.fetch_add(1, SeqCst) as u32;
        self.most_under_way
            .fetch_max(self.under_way.fetch_add(1, SeqCst) + 1, SeqCst);
        sleep(self.first_delay / (1 + number * 8)).await;
        self.gate.acquire().await.unwrap().forget();
        self.ended.lock().unwrap().push(location.key.clone());
        self.objects.lock().unwrap().insert(location.key.clone(), block);
        self.under_way.fetch_sub(1, SeqCst);
        Ok(())
    }

    async fn check_bucket(&self, _bucket: &str) -> Result<(), StoreError> {
        Ok(())
    }

    async fn get(&self, location: &SpillLocation) -> Result<Bytes, StoreError> {
        Ok(self.objects.lock().unwrap()[&location.key].clone())
    }
}
