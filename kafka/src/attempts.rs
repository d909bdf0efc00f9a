//! Repetition of a request until a broker responds, the deadline passes, or it is clear that none will.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use rdkafka::consumer::Consumer;

use crate::client::{Client, last_complaint, serve_events};
use crate::error::KafkaError;

/// Time limit of one attempt, so that errors of the client are noticed in between.
pub(crate) const ATTEMPT_LIMIT: Duration = Duration::from_secs(5);
/// Time limit of the first attempt of a client without any response so far: it may be refused. It is doubled
/// for each further attempt, up to [`ATTEMPT_LIMIT`].
const FIRST_ATTEMPT_LIMIT: Duration = Duration::from_millis(500);
const RETRY_PAUSE: Duration = Duration::from_millis(100);
/// Time after which brokers are given up of which none has ever responded, once the client has failed with each
/// of them. A node that restarts takes longer, but then others of its cluster respond.
const UNREACHABLE_AFTER: Duration = Duration::from_secs(5);

/// Attempts with one client and a common deadline.
pub(crate) struct Attempts<'a> {
    client: &'a Client,
    started: Instant,
    deadline: Instant,
    cancelled: &'a AtomicBool,
}

/// Failure of one attempt.
pub(crate) enum Failure {
    /// Brokers come back, leaders are elected: another attempt may succeed.
    Passing(String),
    Final(KafkaError),
}

impl<'a> Attempts<'a> {
    /// Attempts that end at `deadline`, and when `cancelled` is set.
    pub(crate) fn new(client: &'a Client, deadline: Instant, cancelled: &'a AtomicBool) -> Self {
        Self {
            client,
            started: Instant::now(),
            deadline,
            cancelled,
        }
    }

    /// Repeats attempts until one succeeds or the deadline passes. Each is given the time to wait for a first
    /// response. `timed_out` creates the error for the deadline from the time waited and the last failure.
    ///
    /// # Errors
    /// Also [`KafkaError::Unreachable`], before the deadline.
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
                    "the query was cancelled".into(),
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

    /// `limit`, or the time until the deadline if that is shorter.
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
