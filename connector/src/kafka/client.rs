//! Clients of the cluster: made when first needed, kept for the next request.

use std::ops::Deref;
use std::panic;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use rdkafka::ClientConfig;
use rdkafka::client::ClientContext;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::consumer::{BaseConsumer, Consumer, ConsumerContext};
use rdkafka::error::KafkaError as ClientError;
use rdkafka::types::RDKafkaErrorCode;
use tracing::Span;

use super::reader::Reader;
use super::watermarks::LookUp;
use super::{Broker, KafkaError, PlannedRange, ReadStats, RecordSink, TopicSnapshot};
use crate::config::cluster::ClusterConfig;
use crate::config::{ConfigError, IsolationLevel};
use crate::error::Error;

/// A Kafka cluster reached over the network.
///
/// Each call takes a client of its own from a pool, so that calls run side by side, and gives it
/// back with its connections open. Making the first client is the first thing that touches the
/// network.
pub struct KafkaBroker {
    pool: Arc<Pool>,
}

impl KafkaBroker {
    /// Looks at nothing yet: what is wrong with `cluster` is told by the first call that needs it.
    pub fn new(cluster: ClusterConfig, isolation_level: IsolationLevel) -> Self {
        Self {
            pool: Arc::new(Pool {
                cluster,
                isolation_level,
                idle: Mutex::default(),
            }),
        }
    }
}

#[async_trait]
impl Broker for KafkaBroker {
    async fn snapshot(&self, topic: &str, deadline: Instant) -> Result<TopicSnapshot, Error> {
        let cancelled = CancelOnDrop::default();
        let flag = Arc::clone(&cancelled.flag);
        let (pool, topic) = (Arc::clone(&self.pool), topic.to_owned());
        blocking(move || {
            let client = pool.client()?;
            let snapshot = LookUp::new(&client, &topic, deadline, &flag).snapshot()?;
            client.context().forget_complaint();
            Ok(snapshot)
        })
        .await
    }

    async fn read(
        &self,
        planned: &PlannedRange,
        deadline: Instant,
        mut sink: Box<dyn RecordSink>,
    ) -> Result<ReadStats, Error> {
        let cancelled = CancelOnDrop::default();
        let flag = Arc::clone(&cancelled.flag);
        let (pool, planned) = (Arc::clone(&self.pool), planned.clone());
        blocking(move || {
            let client = pool.client()?;
            let reader = Reader::start(&client, planned, deadline, &flag)?;
            let stats = reader.read(sink.as_mut())?;
            client.context().forget_complaint();
            Ok(stats)
        })
        .await
    }
}

/// librdkafka's client. Without a `group.id` it joins nothing and commits nothing.
pub(super) type Client = BaseConsumer<Context>;

/// Serves what waits on the client's main queue (errors, log lines), without blocking.
pub(super) fn serve_events(client: &Client) {
    while client.poll(Duration::ZERO).is_some() {}
}

/// What librdkafka complained of last, since the client last did what it was asked.
pub(super) fn last_complaint(client: &Client) -> Option<String> {
    client.context().complaint().clone()
}

/// Hears what librdkafka says outside of any call.
#[derive(Default)]
pub(super) struct Context {
    complaint: Mutex<Option<String>>,
    answering_broker: Mutex<Option<i32>>,
}

impl Context {
    /// The broker that described a topic last, by its number; `None` if that is to be found out.
    pub(super) fn answering_broker(&self) -> Option<i32> {
        *self
            .answering_broker
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn set_answering_broker(&self, broker: Option<i32>) {
        *self
            .answering_broker
            .lock()
            .unwrap_or_else(PoisonError::into_inner) = broker;
    }

    fn forget_complaint(&self) {
        *self.complaint() = None;
    }

    fn complaint(&self) -> MutexGuard<'_, Option<String>> {
        self.complaint.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl ClientContext for Context {
    /// A line about a failed connection says more than the error event, and is written only once while the
    /// failure lasts.
    fn log(&self, level: RDKafkaLogLevel, facility: &str, message: &str) {
        match level {
            RDKafkaLogLevel::Emerg
            | RDKafkaLogLevel::Alert
            | RDKafkaLogLevel::Critical
            | RDKafkaLogLevel::Error => {
                tracing::warn!(facility, "librdkafka: {message}");
                *self.complaint() = Some(message.to_owned());
            }
            RDKafkaLogLevel::Warning => tracing::warn!(facility, "librdkafka: {message}"),
            RDKafkaLogLevel::Notice | RDKafkaLogLevel::Info => {
                tracing::info!(facility, "librdkafka: {message}");
            }
            RDKafkaLogLevel::Debug => tracing::debug!(facility, "librdkafka: {message}"),
        }
    }

    fn error(&self, error: ClientError, reason: &str) {
        tracing::debug!(%error, reason, "librdkafka reports an error");
        let is_summary = error.rdkafka_error_code() == Some(RDKafkaErrorCode::AllBrokersDown);
        let mut complaint = self.complaint();
        if complaint.is_none() || !is_summary {
            *complaint = Some(reason.to_owned());
        }
    }
}

impl ConsumerContext for Context {}

struct Pool {
    cluster: ClusterConfig,
    isolation_level: IsolationLevel,
    idle: Mutex<Vec<Client>>,
}

impl Pool {
    fn client(self: &Arc<Self>) -> Result<PooledClient, Error> {
        let idle = self.idle().pop();
        let client = idle.map_or_else(|| self.create(), Ok)?;
        Ok(PooledClient {
            pool: Arc::clone(self),
            client: Some(client),
        })
    }

    fn create(&self) -> Result<Client, Error> {
        let settings = client_settings(&self.cluster, self.isolation_level)?;
        let client = settings.create_with_context(Context::default());
        Ok(client.map_err(|error| KafkaError::Client {
            reason: error.to_string(),
        })?)
    }

    fn idle(&self) -> MutexGuard<'_, Vec<Client>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A client that goes back to its pool when dropped.
struct PooledClient {
    pool: Arc<Pool>,
    /// `Some` until dropped.
    client: Option<Client>,
}

impl Deref for PooledClient {
    type Target = Client;

    #[expect(clippy::unwrap_used, reason = "only `drop` takes the client")]
    fn deref(&self) -> &Client {
        self.client.as_ref().unwrap()
    }
}

impl Drop for PooledClient {
    fn drop(&mut self) {
        self.pool.idle().extend(self.client.take());
    }
}

/// How much is fetched ahead of the decoder, at most: what bounds the memory of a read.
const PREFETCH_KBYTES: &str = "16384";

fn client_settings(cluster: &ClusterConfig, isolation_level: IsolationLevel) -> Result<ClientConfig, Error> {
    let isolation_level = match isolation_level {
        IsolationLevel::ReadCommitted => "read_committed",
        IsolationLevel::ReadUncommitted => "read_uncommitted",
    };
    let mut settings = ClientConfig::new();
    settings
        .set("bootstrap.servers", cluster.kafka_endpoint()?)
        .set("client.id", "athena-connector")
        .set("log.thread.name", "false")
        .set("isolation.level", isolation_level)
        // The reader decides where to go on, and when it is done.
        .set("auto.offset.reset", "error")
        .set("enable.partition.eof", "true")
        .set("enable.auto.commit", "false")
        .set("allow.auto.create.topics", "false")
        .set("check.crcs", "true")
        .set("queued.min.messages", "20000")
        .set("queued.max.messages.kbytes", PREFETCH_KBYTES)
        // A full prefetch queue pauses fetching for this long; the default of a second starves us.
        .set("fetch.queue.backoff.ms", "2")
        // A fetch at the end of a log holds up the connection's next one for this long.
        .set("fetch.wait.max.ms", "10")
        .set("fetch.error.backoff.ms", "100")
        .set("reconnect.backoff.max.ms", "1000")
        .set("socket.connection.setup.timeout.ms", "10000")
        .set("socket.timeout.ms", "15000")
        .set("socket.keepalive.enable", "true")
        // Sooner than NAT gateways and load balancers forget a connection (350 s): a function that
        // sleeps between requests would otherwise wait for the time-out of a dead one.
        .set("connections.max.idle.ms", "180000")
        .set("enable.metrics.push", "false");
    for (name, value) in cluster.auth_type.client_settings().map_err(ConfigError::from)? {
        settings.set(name, value);
    }
    Ok(settings)
}

/// Runs `work` on a thread that may block, in the caller's tracing span; passes a panic on.
pub(super) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Error> + Send + 'static,
) -> Result<T, Error> {
    let span = Span::current();
    match tokio::task::spawn_blocking(move || span.in_scope(work)).await {
        Ok(result) => result,
        Err(error) => match error.try_into_panic() {
            Ok(panic) => panic::resume_unwind(panic),
            Err(error) => Err(Error::Internal(error.to_string())),
        },
    }
}

/// Tells the working thread that nobody waits for it any more.
#[derive(Default)]
struct CancelOnDrop {
    flag: Arc<AtomicBool>,
}

impl Drop for CancelOnDrop {
    fn drop(&mut self) {
        self.flag.store(true, Ordering::Relaxed);
    }
}
