//! The state that all connections share.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicI32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use tokio::sync::watch;
use tokio::time::sleep;

use super::faults::{Faults, RequestCounters};
use super::topics::{Topic, TopicConfig, TopicError, Topics, check_name};
use super::transactions::{Ended, Transactions};

/// The only node of the cluster.
pub(crate) const BROKER_ID: i32 = 1;
pub(crate) const CLUSTER_ID: &str = "embedded-kafka";

const EXPIRY_INTERVAL: Duration = Duration::from_millis(100);

/// Locks are taken in this order: transactions, topics, one partition's log.
#[derive(Debug)]
pub(crate) struct Broker {
    pub(crate) address: SocketAddr,
    pub(crate) topics: RwLock<Topics>,
    pub(crate) transactions: Mutex<Transactions>,
    pub(crate) faults: Faults,
    pub(crate) requests: RequestCounters,
    /// Partitions of topics that spring up when asked for; 0 when they do not.
    auto_create_partitions: AtomicI32,
    /// Changes with every log: what fetches wait for.
    changed: watch::Sender<()>,
}

impl Broker {
    pub(crate) fn new(address: SocketAddr) -> Self {
        Self {
            address,
            topics: RwLock::default(),
            transactions: Mutex::default(),
            faults: Faults::default(),
            requests: RequestCounters::default(),
            auto_create_partitions: AtomicI32::new(0),
            changed: watch::Sender::new(()),
        }
    }

    pub(crate) fn topic(&self, name: &str) -> Option<Arc<Topic>> {
        read(&self.topics).named(name)
    }

    /// The topic, made now if it is missing, the client allows it and so does the broker.
    pub(crate) fn topic_or_create(&self, name: &str, client_allows: bool) -> Result<Arc<Topic>, TopicError> {
        check_name(name)?;
        if let Some(topic) = self.topic(name) {
            return Ok(topic);
        }
        let partitions = self.auto_create_partitions.load(Ordering::Relaxed);
        if !client_allows || partitions == 0 {
            return Err(TopicError::Unknown {
                topic: name.to_owned(),
            });
        }
        match write(&self.topics).create(name, partitions, TopicConfig::default()) {
            Err(TopicError::Exists { topic }) => self.topic(name).ok_or(TopicError::Unknown { topic }),
            created => created,
        }
    }

    pub(crate) fn set_auto_create(&self, partitions: Option<i32>) {
        self.auto_create_partitions
            .store(partitions.unwrap_or(0), Ordering::Relaxed);
    }

    /// Writes the markers of a transaction. The caller still holds the coordinator's lock.
    pub(crate) fn write_markers(&self, ended: &Ended) {
        for (name, index) in &ended.partitions {
            // A topic deleted meanwhile needs no marker.
            if let Some(partition) = self.topic(name).and_then(|topic| topic.partition(*index)) {
                partition
                    .log()
                    .append_marker(ended.producer, ended.outcome, now_ms());
            }
        }
        self.announce_change();
    }

    /// Aborts transactions whose producers have gone silent, for as long as the broker lives.
    pub(crate) async fn expire_transactions(self: Arc<Self>) {
        loop {
            sleep(EXPIRY_INTERVAL).await;
            let mut transactions = lock(&self.transactions);
            for ended in transactions.expire(Instant::now()) {
                self.write_markers(&ended);
            }
        }
    }

    pub(crate) fn announce_change(&self) {
        self.changed.send_replace(());
    }

    pub(crate) fn changes(&self) -> watch::Receiver<()> {
        self.changed.subscribe()
    }
}

/// Milliseconds since 1970, Kafka's unit for timestamps.
pub(crate) fn now_ms() -> i64 {
    let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since_epoch.as_millis()).unwrap_or(i64::MAX)
}

/// A lock is poisoned when another task panicked while holding it. What it guards is in memory only and every change to
/// it is small, so carrying on beats taking the whole broker down.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// As [`lock`].
pub(crate) fn read<T>(lock: &RwLock<T>) -> RwLockReadGuard<'_, T> {
    lock.read().unwrap_or_else(PoisonError::into_inner)
}

/// As [`lock`].
pub(crate) fn write<T>(lock: &RwLock<T>) -> RwLockWriteGuard<'_, T> {
    lock.write().unwrap_or_else(PoisonError::into_inner)
}
