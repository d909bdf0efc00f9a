//! Asking brokers again and again until one answers, time is up, or it is clear that none will.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use rdkafka::consumer::Consumer;

use crate::client::{Client, last_complaint, serve_events};
use crate::error::KafkaError;

/// How long one attempt waits, so that errors the client meets meanwhile are noticed.
pub(crate) const ATTEMPT_LIMIT: Duration = Duration::from_secs(5);
/// How long the first attempt of a client waits that nobody has answered yet: it may be refused. Each further one waits
/// twice as long, up to [`ATTEMPT_LIMIT`].
const FIRST_ATTEMPT_LIMIT: Duration = Duration::from_millis(500);
const RETRY_PAUSE: Duration = Duration::from_millis(100);
/// How long brokers are tried of which none has ever answered the client, once it has failed with each of them. A node that
/// restarts takes longer, but then others of its cluster answer.
const UNREACHABLE_AFTER: Duration = Duration::from_secs(5);

/// Attempts with one client, all before one deadline.
pub(crate) struct Attempts<'a> {
    client: &'a Client,
    started: Instant,
    deadline: Instant,
    cancelled: &'a AtomicBool,
}

/// Result of an attempt that brought no answer.
pub(crate) enum Failure {
    /// Brokers come back, leaders are elected: worth another attempt.
    Passing(String),
    Final(KafkaError),
}

impl<'a> Attempts<'a> {
    /// Ends by `deadline`, and when `cancelled` is set.
    pub(crate) fn new(client: &'a Client, deadline: Instant, cancelled: &'a AtomicBool) -> Self {
        Self {
            client,
            started: Instant::now(),
            deadline,
            cancelled,
        }
    }

    /// Makes one attempt after the other; each is told how much patience to have with a first answer. `timed_out` makes the
    /// error of those that were not answered in time, from how long they were made and why the last failed.
    ///
    /// # Errors
    /// Also [`KafkaError::Unreachable`], long before the deadline.
    pub(crate) fn retry<T>(
        &self,
        timed_out: impl Fn(Duration, String) -> KafkaError,
        mut attempt: impl FnMut(Duration) -> Result<T, Failure>,
    ) -> Result<T, KafkaError> {
        let mut patience = FIRST_ATTEMPT_LIMIT;
        loop {
            let reason = match attempt(patience) {
                Ok(answer) => {
                    self.client.context().note_answer();
                    return Ok(answer);
                }
                Err(Failure::Final(error)) => return Err(error),
                Err(Failure::Passing(reason)) => reason,
            };
            serve_events(self.client)?;
            if self.cancelled.load(Ordering::Relaxed) {
                return Err(timed_out(
                    self.started.elapsed(),
                    "nobody waits for them any more".into(),
                ));
            }
            if self.client.context().has_no_broker() && self.started.elapsed() >= UNREACHABLE_AFTER {
                return Err(KafkaError::Unreachable {
                    bootstrap_servers: self.client.context().bootstrap_servers(),
                    waited: self.started.elapsed(),
                    reason: last_complaint(self.client).unwrap_or(reason),
                });
            }
            if Instant::now() + RETRY_PAUSE >= self.deadline {
                return Err(timed_out(self.started.elapsed(), self.with_complaint(reason)));
            }
            thread::sleep(RETRY_PAUSE);
            patience = match self.client.context().has_no_broker() {
                true => FIRST_ATTEMPT_LIMIT,
                false => ATTEMPT_LIMIT.min(2 * patience),
            };
        }
    }

    /// `limit`, or what is left until the deadline.
    pub(crate) fn at_most(&self, limit: Duration) -> Duration {
        limit.min(self.deadline.saturating_duration_since(Instant::now()))
    }

    fn with_complaint(&self, reason: String) -> String {
        match last_complaint(self.client) {
            Some(broker_error) => format!("{reason}; last error of the brokers: {broker_error}"),
            None => reason,
        }
    }
}
