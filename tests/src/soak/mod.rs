//! Randomized search for rows that are missing, unexpected or duplicated.
//!
//! An episode draws, from a seed, a topic and operations on it: batches of every codec, tombstones,
//! transactions of several producers that interleave and are committed, aborted or ended late, retention,
//! compaction, and in between queries of any split size in both isolation modes, whose splits are read while
//! connections are closed, fetches stall and the log start moves. A model follows every change, and the rows
//! must be the model's. The same seed draws the same episode, except for its last phase, in which producers
//! write while plans are made and read, and for the progress of a read when a fault occurs.
//!
//! | file | idea |
//! | --- | --- |
//! | [`model`] | content of every offset (pure) |
//! | [`writers`] | producers that know the offsets of their records |
//! | [`query`] | a plan, its rows, and their differences |
//! | `episode` | the operations of a seed |
//! | `fault` | faults while splits are read |
//! | `background` | producers that write in the background |
//! | [`figures`] | the counts |

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use kafka::Clusters;
use kafka::IsolationLevel;
use rdkafka::config::ClientConfig;
use rdkafka::consumer::{BaseConsumer, Consumer};

use crate::client::Client;
use crate::world::World;
use episode::Episode;
use figures::Figures;
use writers::Writers;

mod background;
mod episode;
mod fault;
pub mod figures;
pub mod model;
pub mod query;
pub mod writers;

/// Time limit for a broker to show acknowledged records.
const SETTLE_LIMIT: Duration = Duration::from_secs(30);

/// Parts that episodes share: those of a query, producers, and the connectors' Kafka clients.
pub struct Soak {
    world: World,
    writers: Arc<Writers>,
    committed: Clusters,
    uncommitted: Clusters,
    /// One consumer of each isolation level.
    observers: [BaseConsumer; 2],
    figures: Figures,
}

impl Soak {
    pub fn new(world: World) -> Self {
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
            figures: Figures::default(),
            world,
        }
    }

    /// Draws and runs the episode of a seed.
    ///
    /// # Errors
    /// If a query failed, or its splits or rows are not the model's.
    ///
    /// # Panics
    /// If the broker does not execute an operation.
    pub async fn episode(&mut self, seed: u64) -> Result<(), Box<Failure>> {
        let mut episode = Episode::draw(self, seed).await;
        let outcome = episode.run().await;
        let (figures, operations) = episode.into_report();
        self.figures += figures;
        outcome.map_err(|reason| {
            Box::new(Failure {
                seed,
                operations,
                reason,
            })
        })
    }

    /// Counts over all episodes so far.
    pub fn figures(&self) -> Figures {
        self.figures
    }

    /// Connector with its own settings and shared Kafka clients.
    fn connector(&self, isolation: IsolationLevel, max_records: i64) -> Client {
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
    async fn settle(&self, topic: &str, partition: i32, wanted: [i64; 3]) {
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

/// Query whose rows are not the model's.
#[derive(Debug)]
pub struct Failure {
    pub seed: u64,
    /// Operations up to then, in order.
    pub operations: Vec<String>,
    pub reason: String,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "the episode of seed {} fails:", self.seed)?;
        for operation in &self.operations {
            writeln!(f, "  {operation}")?;
        }
        writeln!(f, "{}", self.reason)?;
        write!(
            f,
            "again: cargo run -p tests --bin soak -- --seed {} --episodes 1",
            self.seed
        )
    }
}

impl std::error::Error for Failure {}
