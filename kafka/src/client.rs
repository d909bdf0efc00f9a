//! Events that a client reports outside of any call, and its tokens.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use rdkafka::client::{ClientContext, OAuthToken};
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::consumer::{BaseConsumer, Consumer, ConsumerContext};
use rdkafka::error::KafkaError as ClientError;
use rdkafka::types::RDKafkaErrorCode;
use tokio::runtime::Handle;

use crate::auth::failure::{AuthenticationCause, AuthenticationFailure};
use crate::auth::settings::Authentication;
use crate::error::KafkaError;

/// Client of librdkafka. Without a `group.id` it joins no group and commits nothing.
pub(crate) type Client = BaseConsumer<Context>;

/// Serves the events on the client's main queue (errors, log lines, token requests) without waiting for more.
///
/// # Errors
/// [`KafkaError::Authentication`] if a broker and the client have refused each other, now or earlier.
pub(crate) fn serve_events(client: &Client) -> Result<(), KafkaError> {
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

/// Last error of librdkafka since the client's last success.
pub(crate) fn last_complaint(client: &Client) -> Option<String> {
    client.context().heard().complaint.clone()
}

/// Callbacks of librdkafka: receives its events, and provides tokens.
pub(crate) struct Context {
    authentication: Arc<Authentication>,
    /// Runtime on which credentials are read: callbacks run on threads that may block.
    runtime: Handle,
    heard: Mutex<Heard>,
    answering_broker: Mutex<Option<i32>>,
}

#[derive(Default)]
struct Heard {
    /// Number of events so far.
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
    /// Creates a context for the runtime of the current thread.
    pub(crate) fn new(authentication: Arc<Authentication>) -> Self {
        Self {
            authentication,
            runtime: Handle::current(),
            heard: Mutex::default(),
            answering_broker: Mutex::default(),
        }
    }

    /// Id of the broker that described a topic last; `None` if it is yet to be found.
    pub(crate) fn answering_broker(&self) -> Option<i32> {
        *self
            .answering_broker
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn set_answering_broker(&self, broker: Option<i32>) {
        *self
            .answering_broker
            .lock()
            .unwrap_or_else(PoisonError::into_inner) = broker;
    }

    pub(crate) fn forget_complaint(&self) {
        self.heard().complaint = None;
    }

    /// Whether new connections of this client would fail because its token has expired. A client that was
    /// suspended with the function could not renew it.
    pub(crate) fn is_expired(&self) -> bool {
        let heard = self.heard();
        heard.token_expires.is_some() && !heard.has_token()
    }

    /// Whether a broker and the client have refused each other.
    pub(crate) fn has_failed(&self) -> bool {
        self.heard().failure.is_some()
    }

    /// Makes the client's token expire now.
    #[cfg(test)]
    pub(crate) fn expire_token(&self) {
        self.heard().token_expires = Some(SystemTime::now());
    }

    fn heard(&self) -> MutexGuard<'_, Heard> {
        self.heard.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl ClientContext for Context {
    const ENABLE_REFRESH_OAUTH_TOKEN: bool = true;

    /// Keeps a log line. One about a failed connection has more details than the error event, and is written
    /// only once while the failure lasts.
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
            // A token that cannot be renewed is valid until it expires, and librdkafka asks again.
            let has_token = heard.has_token();
            heard.failure =
                failure.filter(|failure| failure.cause != AuthenticationCause::Token || !has_token);
        }
    }

    fn generate_oauth_token(&self, _config: Option<&str>) -> Result<OAuthToken, Box<dyn std::error::Error>> {
        self.heard().events += 1;
        let token = self.authentication.iam_token(SystemTime::now());
        let token = self.runtime.block_on(token)?;
        self.heard().token_expires = Some(token.expires());
        let since_epoch = token.expires().duration_since(SystemTime::UNIX_EPOCH)?;
        Ok(OAuthToken {
            token: token.expose().to_owned(),
            // The brokers take the principal from the token.
            principal_name: "athena-connector".to_owned(),
            lifetime_ms: i64::try_from(since_epoch.as_millis())?,
        })
    }
}

impl ConsumerContext for Context {}
