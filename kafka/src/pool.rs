//! Clients of a cluster: made when first needed, kept for the next request, replaced when the brokers refuse
//! them.

use std::ops::Deref;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use rdkafka::ClientConfig;
use rdkafka::consumer::Consumer;
use tokio::runtime::Handle;

use crate::auth::failure::{self, AuthenticationCause};
use crate::auth::settings::{AuthSettings, Authentication};
use crate::auth::validity;
use crate::client::{Client, Context, serve_events};
use crate::cluster::{Cluster, IsolationLevel};
use crate::error::KafkaError;
use crate::librdkafka::verification;

/// Idle clients of one cluster.
pub(crate) struct Pool {
    authentication: Arc<Authentication>,
    isolation_level: IsolationLevel,
    idle: Mutex<Vec<Client>>,
}

impl Pool {
    /// Creates an empty pool; reads no credentials yet.
    pub(crate) fn new(authentication: Arc<Authentication>, isolation_level: IsolationLevel) -> Self {
        Self {
            authentication,
            isolation_level,
            idle: Mutex::default(),
        }
    }

    /// Lends `work` a client. If that was used before and now fails to authenticate, `work` is repeated with
    /// a new one: secrets rotate, and tokens expire.
    pub(crate) fn with_client<T>(
        self: &Arc<Self>,
        mut work: impl FnMut(&Client) -> Result<T, KafkaError>,
    ) -> Result<T, KafkaError> {
        if let Some(client) = self.take_idle() {
            match self.lend(client, &mut work) {
                Err(KafkaError::Authentication { reason, .. }) => {
                    tracing::warn!(reason, "repeating the request with fresh credentials");
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
        work: &mut impl FnMut(&Client) -> Result<T, KafkaError>,
    ) -> Result<T, KafkaError> {
        let client = PooledClient {
            pool: Arc::clone(self),
            client: Some(client),
        };
        // Also gives a new client its first token, without which it cannot connect.
        serve_events(&client)?;
        let result = work(&client);
        if result.is_ok() {
            client.context().forget_complaint();
        }
        result.map_err(|error| self.explain(error))
    }

    /// Finds the exact fault of a certificate if all that is known is that one side rejected the other's.
    fn explain(&self, error: KafkaError) -> KafkaError {
        let KafkaError::Authentication { cause, reason } = error else {
            return error;
        };
        let cause = self.certificate_fault(cause, &reason).unwrap_or(cause);
        KafkaError::Authentication { cause, reason }
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

    fn create(&self) -> Result<Client, KafkaError> {
        let settings = Handle::current().block_on(self.authentication.settings());
        let settings = client_settings(
            self.authentication.cluster(),
            settings?.as_ref(),
            self.isolation_level,
        )?;
        let context = Context::new(Arc::clone(&self.authentication));
        let client = settings.create_with_context(context);
        client.map_err(|error| KafkaError::Client {
            reason: error.to_string(),
        })
    }

    pub(crate) fn idle(&self) -> MutexGuard<'_, Vec<Client>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Client that returns to its pool when dropped, unless it failed to authenticate: then its settings are
/// discarded, too.
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
        let has_failed = |client: &Client| client.context().has_failed();
        if self.client.as_ref().is_some_and(has_failed) {
            self.pool.authentication.forget();
        } else {
            self.pool.idle().extend(self.client.take());
        }
    }
}

/// Maximum number of kilobytes that are prefetched for the decoder, which bounds the memory of a read.
const PREFETCH_KBYTES: &str = "16384";
/// Number of bytes that one fetch requests. A larger batch is returned whole nevertheless, if it is the first
/// of the response
/// ([KIP-74](https://cwiki.apache.org/confluence/display/KAFKA/KIP-74%3A+Add+Fetch+Response+Size+Limit+in+Bytes)).
///
/// It limits the whole response, and so the cost of responses: librdkafka's limit for a partition grows with
/// each response without records (see `Fetched::WithoutRecords`), the limit for a response never does.
const FETCH_BYTES: &str = "1048576";

fn client_settings(
    cluster: &Cluster,
    authentication: &AuthSettings,
    isolation_level: IsolationLevel,
) -> Result<ClientConfig, KafkaError> {
    let isolation_level = match isolation_level {
        IsolationLevel::ReadCommitted => "read_committed",
        IsolationLevel::ReadUncommitted => "read_uncommitted",
    };
    let mut settings = ClientConfig::new();
    settings
        .set("bootstrap.servers", cluster.bootstrap_servers()?)
        .set("client.id", "athena-connector")
        .set("log.thread.name", "false")
        .set("isolation.level", isolation_level)
        // The reader decides where to continue, and when it is done.
        .set("auto.offset.reset", "error")
        .set("enable.partition.eof", "true")
        .set("enable.auto.commit", "false")
        .set("allow.auto.create.topics", "false")
        .set("check.crcs", "true")
        .set("queued.min.messages", "20000")
        .set("queued.max.messages.kbytes", PREFETCH_KBYTES)
        .set("fetch.max.bytes", FETCH_BYTES)
        .set("max.partition.fetch.bytes", FETCH_BYTES)
        // Pause of fetching after a full prefetch queue; the default of a second starves the decoder.
        .set("fetch.queue.backoff.ms", "2")
        // Time for which a fetch at the end of a log delays the connection's next one.
        .set("fetch.wait.max.ms", "10")
        .set("fetch.error.backoff.ms", "100")
        // Half of it is also how long librdkafka waits after connecting to a bootstrap server before it
        // connects to a leader: the default of 100 would be a third of a cold start.
        .set("reconnect.backoff.ms", "20")
        .set("reconnect.backoff.max.ms", "1000")
        .set("socket.connection.setup.timeout.ms", "10000")
        .set("socket.timeout.ms", "15000")
        .set("socket.keepalive.enable", "true")
        // Shorter than the idle timeout of NAT gateways and load balancers (350 s): a function that is
        // suspended between requests would otherwise wait for the timeout of a dead connection.
        .set("connections.max.idle.ms", "180000")
        .set("enable.metrics.push", "false");
    for (name, value) in authentication.iter() {
        settings.set(name, value);
    }
    Ok(settings)
}
