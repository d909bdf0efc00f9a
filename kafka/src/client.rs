//! Events that a client reports outside of any call, and its tokens.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use rdkafka::client::ClientContext;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::consumer::{BaseConsumer, Consumer, ConsumerContext};
use rdkafka::error::KafkaError as ClientError;
use rdkafka::types::RDKafkaErrorCode;
use tokio::runtime::Handle;

use crate::auth::failure::{AuthenticationCause, AuthenticationFailure};
use crate::auth::settings::Authentication;
use crate::auth::token::is_visible;
use crate::error::KafkaError;
use crate::librdkafka::login_token::set_token;

/// Client of librdkafka. Without a `group.id` it joins no group and commits nothing.
pub(crate) type Client = BaseConsumer<Context>;

/// Serves the events on the client's main queue (errors, log lines) without waiting for more. Before that, gives a client
/// of OAUTHBEARER a token when it needs one.
///
/// # Errors
/// [`KafkaError::Authentication`] if a broker and the client have refused each other, now or earlier.
pub(crate) fn serve_events(client: &Client) -> Result<(), KafkaError> {
    let context = client.context();
    if context.needs_token() {
        renew_token(client);
    }
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

/// Part of a token's lifetime after which it is renewed, as by librdkafka.
const RENEWED_AFTER: f64 = 0.8;
/// Pause after a failure to get a token, as by librdkafka.
const TOKEN_PAUSE: Duration = Duration::from_secs(10);
/// Principal of every client; the brokers take it from the token.
const PRINCIPAL: &str = "athena-connector";

/// Gets a token and sets it with the cluster's SASL extensions. A failure is heard like one that
/// librdkafka reports.
///
/// The callback of the `rdkafka` crate is not used, because it sets tokens without extensions.
fn renew_token(client: &Client) {
    let context = client.context();
    let now = SystemTime::now();
    let token = context
        .runtime
        .block_on(context.authentication.token(now))
        .map_err(|error| error.to_string());
    let set = token.and_then(|token| {
        // librdkafka would refuse it with a reason that contains it.
        if !token.text.expose().bytes().all(is_visible) {
            return Err("the token has characters that a login cannot carry".to_owned());
        }
        let lifetime = token.expires.duration_since(SystemTime::UNIX_EPOCH);
        let lifetime_ms = lifetime.map_or(0, |lifetime| lifetime.as_millis());
        let lifetime_ms = i64::try_from(lifetime_ms).unwrap_or(i64::MAX / 1000);
        let extensions = &context.authentication.cluster().sasl_extensions;
        set_token(client, token.text.expose(), lifetime_ms, PRINCIPAL, extensions)?;
        Ok(token.expires)
    });
    match set {
        Ok(expires) => {
            let lifetime = expires.duration_since(now).unwrap_or_default();
            let mut heard = context.heard();
            heard.token_expires = Some(expires);
            heard.renew_token_at = Some(now + lifetime.mul_f64(RENEWED_AFTER));
        }
        Err(reason) => {
            context.heard().renew_token_at = Some(now + TOKEN_PAUSE);
            let reason = format!("Failed to acquire SASL OAUTHBEARER token: {reason}");
            context.error(ClientError::Global(RDKafkaErrorCode::Authentication), &reason);
        }
    }
}

/// Last error of librdkafka since the client's last success.
pub(crate) fn last_complaint(client: &Client) -> Option<String> {
    client.context().heard().complaint.clone()
}

/// Callbacks of librdkafka: receives its events.
pub(crate) struct Context {
    authentication: Arc<Authentication>,
    /// Runtime on which credentials are read: clients are used on threads that may block.
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
    /// When the next token is needed; `None` until the first one was.
    renew_token_at: Option<SystemTime>,
    /// Whether any broker has answered a question.
    is_answered: bool,
    /// Whether, since then, the client has failed with each broker that it knows.
    all_brokers_down: bool,
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

    /// Forgets what was complained of: the client has done what it was asked.
    pub(crate) fn note_success(&self) {
        let mut heard = self.heard();
        heard.complaint = None;
        heard.all_brokers_down = false;
    }

    pub(crate) fn bootstrap_servers(&self) -> String {
        let servers = &self.authentication.cluster().bootstrap_servers;
        servers.clone().unwrap_or_default()
    }

    pub(crate) fn note_answer(&self) {
        let mut heard = self.heard();
        heard.is_answered = true;
        heard.all_brokers_down = false;
    }

    /// Whether no broker has ever answered, and each was tried in vain.
    pub(crate) fn has_no_broker(&self) -> bool {
        let heard = self.heard();
        heard.all_brokers_down && !heard.is_answered
    }

    /// Whether each broker was tried in vain since the last answer: the addresses that the client knows may be old.
    pub(crate) fn is_cut_off(&self) -> bool {
        self.heard().all_brokers_down
    }

    /// Whether new connections of this client would fail because its token has expired. A client that was
    /// suspended with the function could not renew it.
    pub(crate) fn is_expired(&self) -> bool {
        let heard = self.heard();
        heard.token_expires.is_some() && !heard.has_token()
    }

    fn needs_token(&self) -> bool {
        let is_due = |at: SystemTime| at <= SystemTime::now();
        self.authentication.cluster().auth_type.has_token() && self.heard().renew_token_at.is_none_or(is_due)
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
        heard.all_brokers_down |= code == Some(RDKafkaErrorCode::AllBrokersDown);
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
}

impl ConsumerContext for Context {}

#[cfg(test)]
mod tests;
