//! Sending of orders, with a check of every delivery report.

use std::str::FromStr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use rdkafka::ClientConfig;
use rdkafka::ClientContext;
use rdkafka::client::OAuthToken;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::Message;
use rdkafka::producer::{
    BaseRecord, DeliveryResult, Producer, ProducerContext, PurgeConfig, ThreadedProducer,
};
use tokio::time::Instant;

use crate::auth::{Auth, CLIENT, LoginError, Tokens};
use crate::encode::{ItemsAs, encode_key, encode_value};
use crate::order::Order;
use crate::summary::Summary;

/// Interval of the calls of the progress callback.
const PROGRESS_INTERVAL: Duration = Duration::from_millis(100);
/// Pause before the client's queue is checked again.
const QUEUE_PAUSE: Duration = Duration::from_millis(2);
/// Orders sent before other tasks of the runtime get a turn.
const ORDERS_PER_TURN: u64 = 512;
/// Time limit for a broker to return the partitions of a topic.
const METADATA_TIMEOUT: Duration = Duration::from_secs(10);

/// Destination and options of sending.
#[derive(Debug, Clone)]
pub struct PublishConfig {
    /// `host:port`, comma-separated.
    pub bootstrap_servers: String,
    pub topic: String,
    pub auth: Auth,
    /// Region that the tokens of [`Auth::SaslSslAwsMskIam`] are signed for; without it the region of the
    /// brokers' names, then the environment's.
    pub msk_region: Option<String>,
    /// File or folder of PEM certificates that are trusted instead of the system's authorities.
    pub ca_location: Option<String>,
    pub items_as: ItemsAs,
    pub partitioning: Partitioning,
    pub pace: Pace,
    /// Time after which no order is sent; `None` to send all orders.
    pub max_run: Option<Duration>,
    pub compression: Compression,
    /// Time from sending an order until its delivery counts as failed.
    pub delivery_timeout: Duration,
    /// Number of orders that may wait in memory for the broker; then sending waits.
    pub max_queued_orders: u32,
}

impl PublishConfig {
    /// Defaults: as fast as possible, items as text, partition by key.
    pub fn new(bootstrap_servers: impl Into<String>, topic: impl Into<String>) -> Self {
        Self {
            bootstrap_servers: bootstrap_servers.into(),
            topic: topic.into(),
            auth: Auth::default(),
            msk_region: None,
            ca_location: None,
            items_as: ItemsAs::default(),
            partitioning: Partitioning::default(),
            pace: Pace::Unlimited,
            max_run: None,
            compression: Compression::default(),
            delivery_timeout: Duration::from_secs(30),
            max_queued_orders: 50_000,
        }
    }

    /// Source of tokens for these brokers, if they need any.
    pub(crate) async fn tokens(&self) -> Result<Option<Tokens>, LoginError> {
        Tokens::of(self.auth, self.msk_region.as_deref(), &self.bootstrap_servers).await
    }
}

/// Partitioning of the orders.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Partitioning {
    /// By murmur2 of the key, like Java's and Python's clients: the partition of an order id is fixed, and
    /// partitions have about, not exactly, the same size.
    #[default]
    KeyHash,
    /// Order `i` to partition `i mod partitions`: sizes differ by at most one, and each partition is in time
    /// order.
    RoundRobin,
}

impl FromStr for Partitioning {
    type Err = UnknownPartitioning;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "key" => Ok(Self::KeyHash),
            "round-robin" => Ok(Self::RoundRobin),
            _ => Err(UnknownPartitioning(text.to_owned())),
        }
    }
}

/// Error of a text that is neither `key` nor `round-robin`.
#[derive(Debug, thiserror::Error)]
#[error("partitioning: wanted key or round-robin, found {0:?}")]
pub struct UnknownPartitioning(String);

/// Rate of sending.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Pace {
    /// As fast as the broker accepts orders.
    Unlimited,
    /// Evenly over time, this many per second; catches up after a delay.
    PerSecond(u32),
}

impl Pace {
    /// A hundred orders a second, as in the article.
    pub const ARTICLE: Self = Self::PerSecond(100);

    /// Time from the start at which order `index` (from 0) is due.
    fn due(self, index: u64) -> Duration {
        match self {
            Self::Unlimited => Duration::ZERO,
            Self::PerSecond(rate) => Duration::from_secs_f64(index as f64 / f64::from(rate.max(1))),
        }
    }
}

/// Compression of record batches, with the names of Kafka's `compression.type`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Compression {
    #[default]
    None,
    Gzip,
    Snappy,
    Lz4,
    Zstd,
}

impl Compression {
    const ALL: [Self; 5] = [Self::None, Self::Gzip, Self::Snappy, Self::Lz4, Self::Zstd];

    /// Name in Kafka.
    pub fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Gzip => "gzip",
            Self::Snappy => "snappy",
            Self::Lz4 => "lz4",
            Self::Zstd => "zstd",
        }
    }
}

impl FromStr for Compression {
    type Err = UnknownCompression;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let known = Self::ALL
            .into_iter()
            .find(|compression| compression.name() == text);
        known.ok_or_else(|| UnknownCompression(text.to_owned()))
    }
}

/// Error of an unknown compression.
#[derive(Debug, thiserror::Error)]
#[error("compression: wanted none, gzip, snappy, lz4 or zstd, found {0:?}")]
pub struct UnknownCompression(String);

/// Progress of [`publish()`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// Orders handed to the client.
    pub sent: u64,
    /// Orders a broker has acknowledged.
    pub delivered: u64,
    pub elapsed: Duration,
}

/// Reason why not all orders were delivered.
#[derive(Debug, thiserror::Error)]
pub enum PublishError {
    #[error("kafka client for {bootstrap_servers}: {source}")]
    Client {
        bootstrap_servers: String,
        source: KafkaError,
    },
    #[error("login to {bootstrap_servers}: {source}")]
    Login {
        bootstrap_servers: String,
        source: LoginError,
    },
    #[error("topic {topic}: cannot determine its partitions: {source}")]
    Metadata { topic: String, source: KafkaError },
    #[error("topic {topic}: has no partitions; does it exist?")]
    NoPartitions { topic: String },
    #[error("topic {topic}: the order after {sent} others was not accepted: {source}")]
    Refused {
        topic: String,
        sent: u64,
        source: KafkaError,
    },
    #[error("topic {topic}: {delivered} of {sent} orders delivered; first failure: {first_failure}")]
    ShortDelivery {
        topic: String,
        sent: u64,
        delivered: u64,
        first_failure: String,
    },
}

/// Sends `orders` until they or [`PublishConfig::max_run`] end, waits for every delivery report, and returns
/// a summary of what was sent. Idempotent: the client's own retries neither repeat nor reorder.
///
/// Memory is bounded by `max_queued_orders`. `progress` is called about ten times a second, and at the end.
///
/// # Errors
/// If not all orders were delivered; those delivered before stay in the topic.
pub async fn publish(
    config: &PublishConfig,
    orders: impl IntoIterator<Item = Order>,
    mut progress: impl FnMut(Progress),
) -> Result<Summary, PublishError> {
    let mut sender = Sender::connect(config).await?;
    let mut summary = Summary::default();
    let mut next_progress = PROGRESS_INTERVAL;
    for order in orders {
        if !sender.wait_for_turn(summary.orders).await || sender.reports().has_failure() {
            break;
        }
        sender.send(&order, summary.orders).await?;
        summary.add(&order);
        if sender.elapsed() >= next_progress {
            next_progress = sender.elapsed() + PROGRESS_INTERVAL;
            progress(sender.progress(summary.orders));
        }
    }
    while sender.is_waiting() {
        tokio::time::sleep(QUEUE_PAUSE).await;
        if sender.elapsed() >= next_progress {
            next_progress = sender.elapsed() + PROGRESS_INTERVAL;
            progress(sender.progress(summary.orders));
        }
    }
    progress(sender.progress(summary.orders));
    sender.check(summary)
}

/// Properties that every client of this crate needs.
pub(crate) fn client_config(config: &PublishConfig) -> ClientConfig {
    let mut client = ClientConfig::new();
    client
        .set("bootstrap.servers", &config.bootstrap_servers)
        .set("client.id", CLIENT);
    config.auth.apply(config.ca_location.as_deref(), &mut client);
    client
}

fn producer_config(config: &PublishConfig) -> ClientConfig {
    let mut client = client_config(config);
    client
        .set("enable.idempotence", "true")
        .set("partitioner", "murmur2_random")
        .set("compression.type", config.compression.name())
        .set("linger.ms", "20")
        .set(
            "message.timeout.ms",
            config.delivery_timeout.as_millis().to_string(),
        )
        .set(
            "queue.buffering.max.messages",
            config.max_queued_orders.to_string(),
        );
    client
}

struct Sender<'a> {
    config: &'a PublishConfig,
    producer: Arc<ThreadedProducer<Reports>>,
    /// Number of partitions, for round robin only; otherwise the client chooses.
    partitions: Option<u64>,
    started: Instant,
}

impl<'a> Sender<'a> {
    async fn connect(config: &'a PublishConfig) -> Result<Self, PublishError> {
        let tokens = config.tokens().await.map_err(|source| PublishError::Login {
            bootstrap_servers: config.bootstrap_servers.clone(),
            source,
        })?;
        let reports = Reports {
            tokens,
            ..Reports::default()
        };
        let producer = producer_config(config)
            .create_with_context(reports)
            .map_err(|source| PublishError::Client {
                bootstrap_servers: config.bootstrap_servers.clone(),
                source,
            })?;
        let producer = Arc::new(producer);
        let partitions = match config.partitioning {
            Partitioning::KeyHash => None,
            Partitioning::RoundRobin => Some(partition_count(Arc::clone(&producer), &config.topic).await?),
        };
        Ok(Self {
            config,
            producer,
            partitions,
            started: Instant::now(),
        })
    }

    /// Waits until order `index` is due; `false` if that is after the end of the run.
    async fn wait_for_turn(&self, index: u64) -> bool {
        let due = self.config.pace.due(index).max(self.elapsed());
        if self.config.max_run.is_some_and(|max_run| due >= max_run) {
            return false;
        }
        if due > self.elapsed() {
            tokio::time::sleep_until(self.started + due).await;
        } else if index.is_multiple_of(ORDERS_PER_TURN) {
            tokio::task::yield_now().await;
        }
        true
    }

    async fn send(&mut self, order: &Order, index: u64) -> Result<(), PublishError> {
        let (key, value) = (encode_key(order), encode_value(order, self.config.items_as));
        let mut record = BaseRecord::to(&self.config.topic).key(&key).payload(&value);
        // Less than the number of partitions, which is an i32.
        record.partition = self.partitions.map(|partitions| (index % partitions) as i32);
        loop {
            match self.producer.send(record) {
                Ok(()) => return Ok(()),
                Err((error, returned)) if error.rdkafka_error_code() == Some(RDKafkaErrorCode::QueueFull) => {
                    record = returned;
                    tokio::time::sleep(QUEUE_PAUSE).await;
                }
                Err((source, _)) => {
                    let topic = self.config.topic.clone();
                    return Err(PublishError::Refused {
                        topic,
                        sent: index,
                        source,
                    });
                }
            }
        }
    }

    /// Whether delivery reports are outstanding. After a failure the rest is dropped.
    fn is_waiting(&self) -> bool {
        if self.reports().has_failure() {
            self.producer.purge(PurgeConfig::default().queue().inflight());
        }
        self.producer.in_flight_count() > 0
    }

    fn check(&self, summary: Summary) -> Result<Summary, PublishError> {
        let delivered = self.reports().delivered();
        if delivered == summary.orders {
            return Ok(summary);
        }
        Err(PublishError::ShortDelivery {
            topic: self.config.topic.clone(),
            sent: summary.orders,
            delivered,
            first_failure: self.reports().failure(),
        })
    }

    fn progress(&self, sent: u64) -> Progress {
        Progress {
            sent,
            delivered: self.reports().delivered(),
            elapsed: self.elapsed(),
        }
    }

    fn reports(&self) -> &Reports {
        self.producer.context()
    }

    fn elapsed(&self) -> Duration {
        self.started.elapsed()
    }
}

async fn partition_count(producer: Arc<ThreadedProducer<Reports>>, topic: &str) -> Result<u64, PublishError> {
    let name = topic.to_owned();
    // The call blocks, and the broker may run in this very runtime.
    let metadata =
        tokio::task::spawn_blocking(move || producer.client().fetch_metadata(Some(&name), METADATA_TIMEOUT));
    let metadata = metadata.await.unwrap_or(Err(KafkaError::Canceled));
    let metadata = metadata.map_err(|source| PublishError::Metadata {
        topic: topic.to_owned(),
        source,
    })?;
    let partitions = metadata
        .topics()
        .iter()
        .find(|t| t.name() == topic)
        .map_or(0, |t| t.partitions().len());
    match partitions {
        0 => Err(PublishError::NoPartitions {
            topic: topic.to_owned(),
        }),
        partitions => Ok(partitions as u64),
    }
}

/// Results of the delivery reports, written by the client's thread, and tokens for the client.
#[derive(Default)]
struct Reports {
    delivered: AtomicU64,
    first_failure: OnceLock<String>,
    /// Last error of the client outside of any report: why brokers were not reached or refused the login.
    complaint: Mutex<Option<String>>,
    tokens: Option<Tokens>,
}

impl Reports {
    fn delivered(&self) -> u64 {
        self.delivered.load(Ordering::Acquire)
    }

    fn has_failure(&self) -> bool {
        self.first_failure.get().is_some()
    }

    /// First reported failure; if nothing was delivered, with the client's last error.
    fn failure(&self) -> String {
        let failure = self.first_failure.get().cloned();
        let failure = failure.unwrap_or_else(|| "delivery reports are missing".to_owned());
        match self.complaint().as_deref() {
            Some(complaint) if self.delivered() == 0 => {
                format!("{failure}; last error of the client: {complaint}")
            }
            _ => failure,
        }
    }

    fn complaint(&self) -> MutexGuard<'_, Option<String>> {
        self.complaint.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl ClientContext for Reports {
    const ENABLE_REFRESH_OAUTH_TOKEN: bool = true;

    fn error(&self, error: KafkaError, reason: &str) {
        tracing::warn!(%error, reason, "kafka client");
        // That all brokers are down is less specific than each broker's error.
        if error.rdkafka_error_code() != Some(RDKafkaErrorCode::AllBrokersDown) {
            *self.complaint() = Some(reason.to_owned());
        }
    }

    fn generate_oauth_token(&self, _config: Option<&str>) -> Result<OAuthToken, Box<dyn std::error::Error>> {
        let tokens = self.tokens.as_ref().ok_or("this client needs no tokens")?;
        tokens.oauth_token()
    }
}

impl ProducerContext for Reports {
    type DeliveryOpaque = ();

    fn delivery(&self, report: &DeliveryResult<'_>, (): ()) {
        match report {
            Ok(_) => {
                self.delivered.fetch_add(1, Ordering::Release);
            }
            Err((error, record)) => {
                self.first_failure
                    .get_or_init(|| format!("partition {}: {error}", record.partition()));
            }
        }
    }
}

#[cfg(test)]
mod tests;
