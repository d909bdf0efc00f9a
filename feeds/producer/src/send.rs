//! Sending of records to a topic, with a check of every delivery report.

use std::fmt;
use std::str::FromStr;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use rdkafka::ClientConfig;
use rdkafka::ClientContext;
use rdkafka::client::OAuthToken;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::Message;
use rdkafka::metadata::Metadata;
use rdkafka::producer::{
    BaseRecord, DeliveryResult, Producer, ProducerContext, PurgeConfig, ThreadedProducer,
};
use tokio::time::Instant;

use crate::auth::{Auth, CLIENT, LoginError, Tokens};

/// Pause before the client's queue is checked again.
const QUEUE_PAUSE: Duration = Duration::from_millis(2);
/// Records sent before other tasks of the runtime get a turn.
const RECORDS_PER_TURN: u64 = 512;
/// Interval of the calls of the progress callback.
const PROGRESS_INTERVAL: Duration = Duration::from_millis(100);
/// Time limit for brokers to return the partitions of a topic.
const METADATA_LIMIT: Duration = Duration::from_secs(15);
/// Time limit of one request for them.
const ATTEMPT_LIMIT: Duration = Duration::from_secs(2);
/// Time limit of one request once each broker has failed.
const LOST_ATTEMPT_LIMIT: Duration = Duration::from_millis(500);
const RETRY_PAUSE: Duration = Duration::from_millis(100);
/// Time after which brokers are given up of which none responds, once each has failed.
const UNREACHABLE_AFTER: Duration = Duration::from_secs(5);
/// Time for which a topic may be unknown: a new one is not known to all brokers at once.
const CREATION_LIMIT: Duration = Duration::from_secs(3);

/// Destination and options of sending records.
#[derive(Debug, Clone)]
pub struct SendConfig {
    /// `host:port`, comma-separated.
    pub bootstrap_servers: String,
    pub topic: String,
    pub auth: Auth,
    /// Region that the tokens of [`Auth::SaslSslAwsMskIam`] are signed for; without it the region of the
    /// brokers' names, then the environment's.
    pub msk_region: Option<String>,
    /// File or folder of PEM certificates that are trusted instead of the system's authorities.
    pub ca_location: Option<String>,
    /// Settings that take precedence over those of the other fields.
    pub client_settings: ClientSettings,
    pub compression: Compression,
    /// Time from sending a record until its delivery counts as failed.
    pub delivery_timeout: Duration,
    /// Number of records that may wait in memory for the broker; then sending waits.
    pub max_queued_records: u32,
}

impl SendConfig {
    /// Defaults: without authentication and compression.
    pub fn new(bootstrap_servers: impl Into<String>, topic: impl Into<String>) -> Self {
        Self {
            bootstrap_servers: bootstrap_servers.into(),
            topic: topic.into(),
            auth: Auth::default(),
            msk_region: None,
            ca_location: None,
            client_settings: ClientSettings::default(),
            compression: Compression::default(),
            delivery_timeout: Duration::from_secs(30),
            max_queued_records: 50_000,
        }
    }

    /// Source of tokens for these brokers, if they need any.
    pub(crate) async fn tokens(&self) -> Result<Option<Tokens>, LoginError> {
        Tokens::of(self.auth, self.msk_region.as_deref(), &self.bootstrap_servers).await
    }

    /// Properties that every client of this crate needs.
    pub(crate) fn client(&self) -> ClientConfig {
        let mut client = ClientConfig::new();
        client
            .set("bootstrap.servers", &self.bootstrap_servers)
            .set("client.id", CLIENT)
            // The default (KIP-899) restarts at the bootstrap servers whenever no broker is connected, without the
            // pause that grows with each attempt: dozens of connections a second.
            .set("metadata.recovery.strategy", "none")
            // Otherwise a metadata request would create the topic, with the brokers' default number of partitions.
            .set("allow.auto.create.topics", "false");
        self.auth.apply(self.ca_location.as_deref(), &mut client);
        for (name, value) in &self.client_settings.0 {
            client.set(name, value);
        }
        client
    }

    fn producer(&self) -> ClientConfig {
        let mut client = self.client();
        client
            .set("enable.idempotence", "true")
            .set("partitioner", "murmur2_random")
            .set("compression.type", self.compression.name())
            .set("linger.ms", "20")
            .set(
                "message.timeout.ms",
                self.delivery_timeout.as_millis().to_string(),
            )
            .set(
                "queue.buffering.max.messages",
                self.max_queued_records.to_string(),
            );
        client
    }
}

/// Brokers of a command: those of its option, else of the variable `BOOTSTRAP_SERVERS`, else on this machine.
pub fn bootstrap_servers(option: Option<&str>) -> String {
    let named = option.filter(|brokers| !brokers.trim().is_empty());
    named
        .map(str::to_owned)
        .or_else(|| std::env::var("BOOTSTRAP_SERVERS").ok())
        .unwrap_or_else(|| "localhost:9092".to_owned())
}

/// Settings of librdkafka by name, for logins that [`Auth`] does not know. Debug output omits the values, which may be
/// passwords.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct ClientSettings(pub Vec<(String, String)>);

impl fmt::Debug for ClientSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list()
            .entries(self.0.iter().map(|(name, _)| name))
            .finish()
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
    pub(crate) const ALL: [Self; 5] = [Self::None, Self::Gzip, Self::Snappy, Self::Lz4, Self::Zstd];

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

/// Progress of a [`Sender`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// Number of records handed to the client.
    pub sent: u64,
    /// Number of records that a broker has acknowledged.
    pub delivered: u64,
    /// Size in bytes of the keys and values handed to the client.
    pub sent_bytes: u64,
    pub elapsed: Duration,
}

/// Reason why not all records were delivered.
#[derive(Debug, thiserror::Error)]
pub enum SendError {
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
    /// The client failed with each broker.
    #[error("no broker answers at {bootstrap_servers}, tried for {waited:.0?}: {reason}")]
    Unreachable {
        bootstrap_servers: String,
        waited: Duration,
        reason: String,
    },
    #[error("topic {topic}: cannot determine its partitions: {reason}")]
    Metadata { topic: String, reason: String },
    #[error("topic {topic} does not exist in the Kafka cluster at {bootstrap_servers}: create it first")]
    UnknownTopic {
        topic: String,
        bootstrap_servers: String,
    },
    #[error("topic {topic}: the record after {sent} others was not accepted: {source}")]
    Refused {
        topic: String,
        sent: u64,
        source: KafkaError,
    },
    #[error("topic {topic}: {delivered} of {sent} records delivered; first failure: {first_failure}")]
    ShortDelivery {
        topic: String,
        sent: u64,
        delivered: u64,
        first_failure: String,
    },
}

/// Client that sends to one topic. Idempotent: its own retries neither repeat nor reorder.
pub struct Sender {
    config: SendConfig,
    producer: Arc<ThreadedProducer<Reports>>,
    partitions: u64,
    started: Instant,
    sent: u64,
    sent_bytes: u64,
}

impl Sender {
    /// Logs in and looks the topic up.
    ///
    /// # Errors
    /// [`SendError::Unreachable`] and [`SendError::UnknownTopic`] within seconds.
    pub async fn connect(config: &SendConfig) -> Result<Self, SendError> {
        let producer = connect(config).await?;
        let partitions = partition_count(&producer, config).await?;
        Ok(Self {
            config: config.clone(),
            producer,
            partitions,
            started: Instant::now(),
            sent: 0,
            sent_bytes: 0,
        })
    }

    /// Partitions of the topic, at least 1.
    pub fn partitions(&self) -> u64 {
        self.partitions
    }

    /// Hands a record to the client, waiting for room in its queue. Without a partition, the client chooses it by
    /// the key like Java's client, and at random for records without key.
    ///
    /// # Errors
    /// [`SendError::Refused`] for an invalid record, such as one that is too large.
    pub async fn send(
        &mut self,
        key: Option<&[u8]>,
        value: &[u8],
        partition: Option<i32>,
    ) -> Result<(), SendError> {
        let mut record = BaseRecord::<[u8], [u8]>::to(&self.config.topic).payload(value);
        record.key = key;
        record.partition = partition;
        while let Err((error, returned)) = self.producer.send(record) {
            if error.rdkafka_error_code() != Some(RDKafkaErrorCode::QueueFull) {
                return Err(SendError::Refused {
                    topic: self.config.topic.clone(),
                    sent: self.sent,
                    source: error,
                });
            }
            record = returned;
            tokio::time::sleep(QUEUE_PAUSE).await;
        }
        self.sent += 1;
        self.sent_bytes += (key.map_or(0, <[u8]>::len) + value.len()) as u64;
        if self.sent.is_multiple_of(RECORDS_PER_TURN) {
            tokio::task::yield_now().await;
        }
        Ok(())
    }

    /// Whether a record could not be delivered, so that sending more is pointless.
    pub fn has_failed(&self) -> bool {
        self.reports().has_failure()
    }

    /// Waits for every delivery report. `progress` is called about ten times a second, and at the end. After a
    /// failure the rest is dropped.
    ///
    /// # Errors
    /// If not all records were delivered; those delivered before stay in the topic.
    pub async fn finish(&self, mut progress: impl FnMut(Progress)) -> Result<Progress, SendError> {
        let mut next_progress = self.elapsed() + PROGRESS_INTERVAL;
        while self.is_waiting() {
            tokio::time::sleep(QUEUE_PAUSE).await;
            if self.elapsed() >= next_progress {
                next_progress = self.elapsed() + PROGRESS_INTERVAL;
                progress(self.progress());
            }
        }
        let last = self.progress();
        progress(last);
        if last.delivered == last.sent {
            return Ok(last);
        }
        Err(SendError::ShortDelivery {
            topic: self.config.topic.clone(),
            sent: last.sent,
            delivered: last.delivered,
            first_failure: self.reports().failure(),
        })
    }

    /// Progress so far.
    pub fn progress(&self) -> Progress {
        Progress {
            sent: self.sent,
            delivered: self.reports().delivered(),
            sent_bytes: self.sent_bytes,
            elapsed: self.elapsed(),
        }
    }

    /// Time since the topic was found.
    pub fn elapsed(&self) -> Duration {
        self.started.elapsed()
    }

    pub(crate) fn started(&self) -> Instant {
        self.started
    }

    /// Whether delivery reports are outstanding. After a failure the rest is dropped.
    fn is_waiting(&self) -> bool {
        if self.reports().has_failure() {
            self.producer.purge(PurgeConfig::default().queue().inflight());
        }
        self.producer.in_flight_count() > 0
    }

    fn reports(&self) -> &Reports {
        self.producer.context()
    }
}

/// Creates a client, which has not reached a broker yet.
async fn connect(config: &SendConfig) -> Result<Arc<ThreadedProducer<Reports>>, SendError> {
    let tokens = config.tokens().await.map_err(|source| SendError::Login {
        bootstrap_servers: config.bootstrap_servers.clone(),
        source,
    })?;
    let reports = Reports {
        tokens,
        ..Reports::default()
    };
    let producer = config.producer().create_with_context(reports);
    producer.map(Arc::new).map_err(|source| SendError::Client {
        bootstrap_servers: config.bootstrap_servers.clone(),
        source,
    })
}

/// Waits until a broker responds.
///
/// # Errors
/// [`SendError::Unreachable`], within seconds, if none does.
pub(crate) async fn reach(config: &SendConfig) -> Result<(), SendError> {
    let producer = connect(config).await?;
    ask(&producer, config, |_| Some(Ok(()))).await
}

async fn partition_count(
    producer: &Arc<ThreadedProducer<Reports>>,
    config: &SendConfig,
) -> Result<u64, SendError> {
    let (topic, bootstrap_servers) = (config.topic.clone(), config.bootstrap_servers.clone());
    let mut unknown_since = None;
    ask(producer, config, move |metadata| {
        let found = metadata.topics().iter().find(|found| found.name() == topic)?;
        match found.error().map(RDKafkaErrorCode::from) {
            None => Some(found.partitions().len() as u64)
                .filter(|count| *count > 0)
                .map(Ok),
            Some(RDKafkaErrorCode::UnknownTopicOrPartition | RDKafkaErrorCode::UnknownTopic) => {
                let since = *unknown_since.get_or_insert_with(Instant::now);
                let error = || SendError::UnknownTopic {
                    topic: topic.clone(),
                    bootstrap_servers: bootstrap_servers.clone(),
                };
                (since.elapsed() >= CREATION_LIMIT).then(|| Err(error()))
            }
            Some(RDKafkaErrorCode::LeaderNotAvailable) => None,
            Some(code) => Some(Err(SendError::Metadata {
                topic: topic.clone(),
                reason: code.to_string(),
            })),
        }
    })
    .await
}

/// Requests the topic's metadata until `read` accepts a response.
async fn ask<T: Send + 'static>(
    producer: &Arc<ThreadedProducer<Reports>>,
    config: &SendConfig,
    mut read: impl FnMut(&Metadata) -> Option<Result<T, SendError>> + Send + 'static,
) -> Result<T, SendError> {
    let (producer, config) = (Arc::clone(producer), config.clone());
    // The call blocks, and the broker may run in this very runtime.
    let asking = tokio::task::spawn_blocking(move || {
        let started = Instant::now();
        loop {
            let limit = match producer.context().lost_all_brokers() {
                true => LOST_ATTEMPT_LIMIT,
                false => ATTEMPT_LIMIT,
            };
            let answer = producer.client().fetch_metadata(Some(&config.topic), limit);
            let reason = match &answer {
                Ok(metadata) => match read(metadata) {
                    Some(result) => return result,
                    None => "no broker leads its partitions".to_owned(),
                },
                Err(error) => error.to_string(),
            };
            let waited = started.elapsed();
            let reports = producer.context();
            let reason = reports.complaint().clone().unwrap_or(reason);
            if answer.is_err() && reports.lost_all_brokers() && waited >= UNREACHABLE_AFTER {
                let bootstrap_servers = config.bootstrap_servers;
                return Err(SendError::Unreachable {
                    bootstrap_servers,
                    waited,
                    reason,
                });
            }
            if waited >= METADATA_LIMIT {
                let topic = config.topic;
                return Err(SendError::Metadata { topic, reason });
            }
            std::thread::sleep(RETRY_PAUSE);
        }
    });
    match asking.await {
        Ok(result) => result,
        Err(error) => std::panic::resume_unwind(error.into_panic()),
    }
}

/// Results of the delivery reports, written by the client's thread, and tokens for the client.
#[derive(Default)]
struct Reports {
    delivered: AtomicU64,
    first_failure: OnceLock<String>,
    /// Last error of the client outside of any report: why brokers were not reached or refused the login.
    complaint: Mutex<Option<String>>,
    /// Whether the client has failed with each broker that it knows.
    lost_all_brokers: AtomicBool,
    tokens: Option<Tokens>,
}

impl Reports {
    fn delivered(&self) -> u64 {
        self.delivered.load(Ordering::Acquire)
    }

    fn has_failure(&self) -> bool {
        self.first_failure.get().is_some()
    }

    fn lost_all_brokers(&self) -> bool {
        self.lost_all_brokers.load(Ordering::Relaxed)
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

    /// Kept for the error that sending ends with: librdkafka repeats it for as long as a broker is unreachable.
    fn error(&self, error: KafkaError, reason: &str) {
        tracing::debug!(%error, reason, "kafka client");
        match error.rdkafka_error_code() {
            // Less specific than each broker's error.
            Some(RDKafkaErrorCode::AllBrokersDown) => self.lost_all_brokers.store(true, Ordering::Relaxed),
            _ => *self.complaint() = Some(reason.to_owned()),
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
mod tests {
    use super::*;

    #[test]
    fn settings_are_shown_without_their_values() {
        let settings = ClientSettings(vec![("sasl.password".to_owned(), "hunter2".to_owned())]);
        assert_eq!(format!("{settings:?}"), "[\"sasl.password\"]");
    }

    #[test]
    fn further_settings_take_precedence_over_the_login() {
        let settings = [("security.protocol", "SSL"), ("ssl.ca.pem", "PEM")];
        let settings = settings.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let config = SendConfig {
            client_settings: ClientSettings(settings.to_vec()),
            ..SendConfig::new("b:9092", "orders")
        };
        let client = config.client();
        assert_eq!(client.get("security.protocol"), Some("SSL"));
        assert_eq!(client.get("ssl.ca.pem"), Some("PEM"));
    }

    #[tokio::test]
    async fn brokers_that_nobody_reaches_are_given_up_with_address_and_reason() {
        let error = Sender::connect(&SendConfig::new("127.0.0.1:1", "orders"))
            .await
            .err()
            .expect("nobody is there")
            .to_string();
        assert!(
            error.starts_with("no broker answers at 127.0.0.1:1, tried for ") && error.contains("refused"),
            "{error}"
        );
    }
}
