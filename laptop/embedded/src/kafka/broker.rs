//! State that all connections share.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, RwLock};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use tokio::sync::watch;
use tokio::time::sleep;

use super::faults::{Faults, RequestCounters};
use super::locks::{lock, read};
use super::topics::{Topic, TopicError, Topics, check_name};
use super::transactions::{Ended, Transactions};

/// Id of the only node of the cluster.
pub(crate) const BROKER_ID: i32 = 1;
pub(crate) const CLUSTER_ID: &str = "embedded-kafka";

const EXPIRY_INTERVAL: Duration = Duration::from_millis(100);

/// State of the broker. Locks are taken in this order: transactions, topics, one partition's log.
#[derive(Debug)]
pub(crate) struct Broker {
    pub(crate) address: SocketAddr,
    pub(crate) topics: RwLock<Topics>,
    pub(crate) transactions: Mutex<Transactions>,
    pub(crate) faults: Faults,
    pub(crate) requests: RequestCounters,
    /// Changed with every append; fetches wait for it.
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
            changed: watch::Sender::new(()),
        }
    }

    pub(crate) fn topic(&self, name: &str) -> Option<Arc<Topic>> {
        read(&self.topics).named(name)
    }

    /// Topic of a name in a request.
    pub(crate) fn existing_topic(&self, name: &str) -> Result<Arc<Topic>, TopicError> {
        check_name(name)?;
        self.topic(name).ok_or_else(|| TopicError::Unknown {
            topic: name.to_owned(),
        })
    }

    /// Writes the markers of a transaction. The caller still holds the coordinator's lock.
    pub(crate) fn write_markers(&self, ended: &Ended) {
        for (name, index) in &ended.partitions {
            // A topic that was deleted meanwhile needs no marker.
            if let Some(partition) = self.topic(name).and_then(|topic| topic.partition(*index)) {
                partition
                    .log()
                    .append_marker(ended.producer, ended.outcome, now_ms());
            }
        }
        self.announce_change();
    }

    /// Aborts transactions whose timeout has passed, for as long as the broker lives.
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

/// Current time in milliseconds since 1970, Kafka's unit for timestamps.
pub(crate) fn now_ms() -> i64 {
    let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since_epoch.as_millis()).unwrap_or(i64::MAX)
}
