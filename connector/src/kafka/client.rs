//! Clients of the cluster: made when first needed, kept for the next request.

use std::ops::Deref;
use std::panic;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use async_trait::async_trait;
use rdkafka::ClientConfig;
use rdkafka::client::{ClientContext, OAuthToken};
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::consumer::{BaseConsumer, Consumer, ConsumerContext};
use rdkafka::error::KafkaError as ClientError;
use rdkafka::types::RDKafkaErrorCode;
use tokio::runtime::Handle;
use tracing::Span;

use super::auth::failure::{self, AuthenticationCause, AuthenticationFailure};
use super::auth::settings::{AuthSettings, Authentication};
use super::auth::store::CredentialStore;
use super::auth::{validity, verification};
use super::reader::Reader;
use super::topic_config;
use super::watermarks::LookUp;
use super::{Broker, KafkaError, PlannedRange, ReadStats, RecordSink, TopicSnapshot};
use crate::config::IsolationLevel;
use crate::config::cluster::ClusterConfig;
use crate::error::Error;

/// A Kafka cluster reached over the network.
///
/// Each call takes a client of its own from a pool, so that calls run side by side, and gives it
/// back with its connections open. Making the first client is the first thing that touches the
/// network, and the first that asks for credentials.
pub struct KafkaBroker {
    pool: Arc<Pool>,
}

impl KafkaBroker {
    /// Looks at nothing yet: what is wrong with `cluster` is told by the first call that needs it.
    pub fn new(
        cluster: ClusterConfig,
        isolation_level: IsolationLevel,
        credentials: Arc<dyn CredentialStore>,
    ) -> Self {
        Self {
            pool: Arc::new(Pool {
                authentication: Arc::new(Authentication::new(cluster, credentials)),
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
            pool.with_client(|client| Ok(LookUp::new(client, &topic, deadline, &flag).snapshot()?))
        })
        .await
    }

    async fn offsets_at(
        &self,
        topic: &str,
        partitions: &[i32],
        time_ms: i64,
        deadline: Instant,
    ) -> Result<Vec<Option<i64>>, Error> {
        if partitions.is_empty() {
            return Ok(Vec::new());
        }
        let cancelled = CancelOnDrop::default();
        let flag = Arc::clone(&cancelled.flag);
        let (pool, topic, partitions) = (Arc::clone(&self.pool), topic.to_owned(), partitions.to_vec());
        blocking(move || {
            pool.with_client(|client| {
                let look_up = LookUp::new(client, &topic, deadline, &flag);
                Ok(look_up.offsets_at(&partitions, time_ms)?)
            })
        })
        .await
    }

    async fn has_log_append_time(&self, topic: &str, deadline: Instant) -> bool {
        let (pool, name) = (Arc::clone(&self.pool), topic.to_owned());
        let told = blocking(move || {
            pool.with_client(|client| {
                let started = Instant::now();
                let told = topic_config::timestamp_type(client, &name, deadline);
                Ok(told.map_err(|code| KafkaError::LookUp {
                    topic: name.clone(),
                    wanted: "message.timestamp.type",
                    waited: started.elapsed(),
                    reason: code.to_string(),
                })?)
            })
        });
        match told.await {
            Ok(timestamp_type) => timestamp_type.as_deref() == Some("LogAppendTime"),
            Err(error) => {
                tracing::debug!(topic, %error, "it is not known whose time timestamps are");
                false
            }
        }
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
            let read = pool.with_client(|client| {
                let reader = Reader::start(client, planned.clone(), deadline, &flag)?;
                // Once begun it must not begin again: the sink has seen records.
                Ok(reader.read(sink.as_mut()))
            });
            read?
        })
        .await
    }
}

/// librdkafka's client. Without a `group.id` it joins nothing and commits nothing.
pub(super) type Client = BaseConsumer<Context>;

/// Serves what waits on the client's main queue (errors, log lines, the wish for a token), without
/// waiting for more.
///
/// # Errors
/// [`KafkaError::Authentication`] if a broker and the client have refused each other, now or before.
pub(super) fn serve_events(client: &Client) -> Result<(), KafkaError> {
    let context = client.context();
    loop {
        let heard = context.heard().events;
        // `None` also if the event was one for the context.
        if client.poll(Duration::ZERO).is_none() && context.heard().events == heard {
            break;
        }
    }
    match context.heard().failure.clone() {
        Some(AuthenticationFailure { cause, reason }) => Err(KafkaError::Authentication { cause, reason }),
        None => Ok(()),
    }
}

/// What librdkafka complained of last, since the client last did what it was asked.
pub(super) fn last_complaint(client: &Client) -> Option<String> {
    client.context().heard().complaint.clone()
}

/// Hears what librdkafka says outside of any call, and gives it tokens.
pub(super) struct Context {
    authentication: Arc<Authentication>,
    /// Whose credentials are asked for: callbacks come on threads that may block.
    runtime: Handle,
    heard: Mutex<Heard>,
    answering_broker: Mutex<Option<i32>>,
}

#[derive(Default)]
struct Heard {
    /// How many there were.
    events: u64,
    complaint: Option<String>,
    failure: Option<AuthenticationFailure>,
    token_expires: Option<SystemTime>,
}

impl Heard {
    fn has_token(&self) -> bool {
        self.token_expires
            .is_some_and(|expires| expires > SystemTime::now())
    }
}

impl Context {
    /// For the runtime that the current thread belongs to.
    fn new(authentication: Arc<Authentication>) -> Self {
        Self {
            authentication,
            runtime: Handle::current(),
            heard: Mutex::default(),
            answering_broker: Mutex::default(),
        }
    }

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
        self.heard().complaint = None;
    }

    /// Whether new connections of this client would fail for an old token. One that slept could not renew it.
    fn is_expired(&self) -> bool {
        let heard = self.heard();
        heard.token_expires.is_some() && !heard.has_token()
    }

    fn heard(&self) -> MutexGuard<'_, Heard> {
        self.heard.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl ClientContext for Context {
    const ENABLE_REFRESH_OAUTH_TOKEN: bool = true;

    /// A line about a failed connection says more than the error event, and is written only once while the
    /// failure lasts.
    fn log(&self, level: RDKafkaLogLevel, facility: &str, message: &str) {
        self.heard().events += 1;
        match level {
            RDKafkaLogLevel::Emerg
            | RDKafkaLogLevel::Alert
            | RDKafkaLogLevel::Critical
            | RDKafkaLogLevel::Error => {
                tracing::warn!(facility, "librdkafka: {message}");
                self.heard().complaint = Some(message.to_owned());
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
        let code = error.rdkafka_error_code();
        let mut heard = self.heard();
        heard.events += 1;
        if heard.complaint.is_none() || code != Some(RDKafkaErrorCode::AllBrokersDown) {
            heard.complaint = Some(reason.to_owned());
        }
        if heard.failure.is_none() {
            let failure = code.and_then(|code| AuthenticationFailure::recognise(code, reason));
            // A token that cannot be renewed is good until it expires, and librdkafka asks again.
            let has_token = heard.has_token();
            heard.failure =
                failure.filter(|failure| failure.cause != AuthenticationCause::Token || !has_token);
        }
    }

    fn generate_oauth_token(&self, _config: Option<&str>) -> Result<OAuthToken, Box<dyn std::error::Error>> {
        self.heard().events += 1;
        let token = self.authentication.iam_token(SystemTime::now());
        let token = self.runtime.block_on(token)?;
        self.heard().token_expires = Some(token.expires);
        let since_epoch = token.expires.duration_since(SystemTime::UNIX_EPOCH)?;
        Ok(OAuthToken {
            token: token.text.expose().to_owned(),
            // The brokers take the name from the token.
            principal_name: "athena-connector".to_owned(),
            lifetime_ms: i64::try_from(since_epoch.as_millis())?,
        })
    }
}

impl ConsumerContext for Context {}

struct Pool {
    authentication: Arc<Authentication>,
    isolation_level: IsolationLevel,
    idle: Mutex<Vec<Client>>,
}

impl Pool {
    /// Lends `work` a client. If the client had been used before and fails to authenticate, `work` is done again with
    /// a new one: secrets rotate, and tokens expire.
    fn with_client<T>(
        self: &Arc<Self>,
        mut work: impl FnMut(&Client) -> Result<T, Error>,
    ) -> Result<T, Error> {
        if let Some(client) = self.take_idle() {
            match self.lend(client, &mut work) {
                Err(Error::Kafka(KafkaError::Authentication { reason, .. })) => {
                    tracing::warn!(reason, "trying again with fresh credentials");
                }
                result => return result,
            }
        }
        let client = self.create()?;
        self.lend(client, &mut work)
    }

    fn lend<T>(
        self: &Arc<Self>,
        client: Client,
        work: &mut impl FnMut(&Client) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let client = PooledClient {
            pool: Arc::clone(self),
            client: Some(client),
        };
        // Also gives a new client its first token, without which it connects to nothing.
        serve_events(&client)?;
        let result = work(&client);
        if result.is_ok() {
            client.context().forget_complaint();
        }
        result.map_err(|error| self.explain(error))
    }

    /// Finds out what is wrong with a certificate, if all that is known is that one side did not take the other's.
    fn explain(&self, error: Error) -> Error {
        let Error::Kafka(KafkaError::Authentication { cause, reason }) = error else {
            return error;
        };
        let cause = self.certificate_fault(cause, &reason).unwrap_or(cause);
        KafkaError::Authentication { cause, reason }.into()
    }

    fn certificate_fault(&self, cause: AuthenticationCause, reason: &str) -> Option<AuthenticationCause> {
        let settings = || Handle::current().block_on(self.authentication.settings()).ok();
        match cause {
            AuthenticationCause::BrokerCertificate => {
                verification::broker_certificate_fault(failure::broker_of(reason)?, &*settings()?)
            }
            AuthenticationCause::ClientCertificate => {
                validity::client_certificate_fault(settings()?.get("ssl.certificate.pem"), SystemTime::now())
            }
            _ => None,
        }
    }

    fn take_idle(&self) -> Option<Client> {
        let mut idle = self.idle();
        idle.retain(|client| !client.context().is_expired());
        idle.pop()
    }

    fn create(&self) -> Result<Client, Error> {
        let settings = Handle::current().block_on(self.authentication.settings());
        let settings = settings.map_err(KafkaError::from)?;
        let settings = client_settings(self.authentication.cluster(), &settings, self.isolation_level)?;
        let context = Context::new(Arc::clone(&self.authentication));
        let client = settings.create_with_context(context);
        Ok(client.map_err(|error| KafkaError::Client {
            reason: error.to_string(),
        })?)
    }

    fn idle(&self) -> MutexGuard<'_, Vec<Client>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A client that goes back to its pool when dropped, unless it failed to authenticate: then what it was made from is
/// forgotten with it.
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
        let has_failed = |client: &Client| client.context().heard().failure.is_some();
        if self.client.as_ref().is_some_and(has_failed) {
            self.pool.authentication.forget();
        } else {
            self.pool.idle().extend(self.client.take());
        }
    }
}

/// How much is fetched ahead of the decoder, at most: what bounds the memory of a read.
const PREFETCH_KBYTES: &str = "16384";

fn client_settings(
    cluster: &ClusterConfig,
    authentication: &AuthSettings,
    isolation_level: IsolationLevel,
) -> Result<ClientConfig, Error> {
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
    for (name, value) in authentication.iter() {
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

#[cfg(test)]
mod tests;
