//! What episodes share: servers, producers, Kafka clients.

use std::sync::Arc;
use std::time::Duration;

use kafka::{Clusters, IsolationLevel};
use rdkafka::config::ClientConfig;
use rdkafka::consumer::{BaseConsumer, Consumer};

use super::writers::Writers;
use crate::client::Client;
use crate::world::World;

/// Time limit for a broker to show acknowledged records.
pub(super) const SETTLE_LIMIT: Duration = Duration::from_secs(30);

/// Parts of a query, producers, and the connectors' Kafka clients.
pub(super) struct Parts {
    pub(super) world: World,
    pub(super) writers: Arc<Writers>,
    committed: Clusters,
    uncommitted: Clusters,
    /// One consumer of each isolation level.
    observers: [BaseConsumer; 2],
}

impl Parts {
    pub(super) fn new(world: World) -> Self {
        let clusters = |isolation| world.clusters(&[("isolation_level", isolation)]);
        let observer = |isolation: &str| {
            let mut config = ClientConfig::new();
            config.set("bootstrap.servers", world.broker.bootstrap());
            config.set("isolation.level", isolation);
            config.create().expect("a consumer")
        };
        Self {
            writers: Arc::new(Writers::connect(world.broker.bootstrap())),
            committed: clusters("read_committed"),
            uncommitted: clusters("read_uncommitted"),
            observers: ["read_committed", "read_uncommitted"].map(observer),
            world,
        }
    }

    /// Connector with its own settings and shared Kafka clients.
    pub(super) fn connector(&self, isolation: IsolationLevel, max_records: i64) -> Client {
        let (clusters, level) = match isolation {
            IsolationLevel::ReadCommitted => (&self.committed, "read_committed"),
            IsolationLevel::ReadUncommitted => (&self.uncommitted, "read_uncommitted"),
        };
        let settings = [
            ("isolation_level", level),
            ("max_records_per_split", &max_records.to_string()),
        ];
        self.world.connector_on(clusters.clone(), &settings)
    }

    /// Waits until a partition's log start, last stable offset and high watermark are `wanted`: a coordinator
    /// writes the markers of a transaction some time after it has acknowledged its end.
    pub(super) async fn settle(&self, topic: &str, partition: i32, wanted: [i64; 3]) {
        let started = std::time::Instant::now();
        loop {
            let found = self.offsets(topic, partition);
            if found == wanted {
                return;
            }
            assert!(
                started.elapsed() < SETTLE_LIMIT && self.world.broker.as_embedded().is_none(),
                "topic {topic} partition {partition}: log start, last stable offset and high watermark are {found:?}, \
                 the model's {wanted:?}"
            );
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    fn offsets(&self, topic: &str, partition: i32) -> [i64; 3] {
        if let Some(kafka) = self.world.broker.as_embedded() {
            let offsets = kafka.offsets(topic, partition).expect("a partition");
            return [offsets.start, offsets.last_stable, offsets.end];
        }
        let [stable, all] = [0, 1].map(|observer| {
            let consumer = &self.observers[observer];
            let found = consumer.fetch_watermarks(topic, partition, SETTLE_LIMIT);
            found.expect("watermarks")
        });
        [all.0, stable.1, all.1]
    }
}
