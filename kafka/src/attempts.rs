//! Requests to the brokers: attempts are repeated until one succeeds, is refused, the deadline passes, or it is clear
//! that no broker will respond.

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use rdkafka::consumer::Consumer;
use rdkafka::error::KafkaError as ClientError;
use rdkafka::metadata::{Metadata, MetadataTopic};
use rdkafka::types::RDKafkaErrorCode;

use crate::client::{Client, last_complaint, serve_events};
use crate::error::KafkaError;

/// Time limit for brokers to respond, retries included.
const LIMIT: Duration = Duration::from_secs(60);
/// Time limit of one attempt, so that errors of the client are noticed in between.
pub(crate) const ATTEMPT_LIMIT: Duration = Duration::from_secs(5);
/// Time limit of the first attempt of a client without any response so far: it may be refused. It is doubled
/// for each further attempt, up to [`ATTEMPT_LIMIT`].
const FIRST_ATTEMPT_LIMIT: Duration = Duration::from_millis(500);
const RETRY_PAUSE: Duration = Duration::from_millis(100);
/// Time after which brokers are given up of which none has ever responded, once the client has failed with each
/// of them. A node that restarts takes longer, but then others of its cluster respond.
const UNREACHABLE_AFTER: Duration = Duration::from_secs(5);

/// Subject of a request.
#[derive(Debug, Clone, Copy)]
pub(crate) enum About<'a> {
    Topic(&'a str),
    Cluster,
}

impl fmt::Display for About<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Topic(topic) => write!(f, "topic `{topic}`"),
            Self::Cluster => f.write_str("the Kafka cluster"),
        }
    }
}

/// Attempts that share one deadline.
pub(crate) struct Attempts<'a> {
    client: &'a Client,
    about: About<'a>,
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
    /// Gives up when `cancelled` is set.
    pub(crate) fn new(
        client: &'a Client,
        about: About<'a>,
        deadline: Instant,
        cancelled: &'a AtomicBool,
    ) -> Self {
        let started = Instant::now();
        Self {
            client,
            about,
            started,
            deadline: deadline.min(started + LIMIT),
            cancelled,
        }
    }

    /// Repeats attempts until one succeeds or the deadline passes. Each is given the time to wait for a first
    /// response.
    ///
    /// # Errors
    /// [`KafkaError::LookUp`] at the deadline; [`KafkaError::Unreachable`] earlier, if no broker ever responded.
    pub(crate) fn retry<T>(
        &self,
        wanted: &'static str,
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
                return Err(self.timed_out(wanted, "the query was cancelled".into()));
            }
            let client = self.client.context();
            if client.has_no_broker() && self.started.elapsed() >= UNREACHABLE_AFTER {
                return Err(KafkaError::Unreachable {
                    bootstrap_servers: client.bootstrap_servers(),
                    waited: self.started.elapsed(),
                    reason: last_complaint(self.client).unwrap_or(reason),
                });
            }
            if Instant::now() + RETRY_PAUSE >= self.deadline {
                return Err(self.timed_out(wanted, reason));
            }
            thread::sleep(RETRY_PAUSE);
            patience = match client.has_no_broker() {
                true => FIRST_ATTEMPT_LIMIT,
                false => ATTEMPT_LIMIT.min(2 * patience),
            };
        }
    }

    /// `limit`, or the time until the deadline if that is shorter.
    pub(crate) fn at_most(&self, limit: Duration) -> Duration {
        limit.min(self.deadline.saturating_duration_since(Instant::now()))
    }

    pub(crate) fn failure(&self, error: &ClientError) -> Failure {
        match error.rdkafka_error_code() {
            Some(code) => self.code_failure(code),
            // Rejected by the client, not by the cluster, such as a NUL in the name.
            None => Failure::Final(KafkaError::Client {
                reason: error.to_string(),
            }),
        }
    }

    pub(crate) fn code_failure(&self, code: RDKafkaErrorCode) -> Failure {
        use RDKafkaErrorCode as Code;
        match (code, self.about) {
            (
                Code::UnknownTopicOrPartition | Code::UnknownTopic | Code::InvalidTopic,
                About::Topic(topic),
            ) => Failure::Final(KafkaError::UnknownTopic {
                topic: topic.to_owned(),
            }),
            (Code::TopicAuthorizationFailed | Code::ClusterAuthorizationFailed, about) => {
                let (place, reason) = (about.to_string(), code.to_string());
                Failure::Final(KafkaError::Unauthorized { place, reason })
            }
            (other, _) => Failure::Passing(other.to_string()),
        }
    }

    /// Topic `name` in `metadata`, without an error.
    pub(crate) fn topic<'m>(&self, metadata: &'m Metadata, name: &str) -> Result<&'m MetadataTopic, Failure> {
        let topic = metadata.topics().iter().find(|topic| topic.name() == name);
        let topic = topic.ok_or_else(|| Failure::Passing("the topic is missing from the answer".into()))?;
        match topic.error() {
            None => Ok(topic),
            Some(error) => Err(self.code_failure(error.into())),
        }
    }

    fn timed_out(&self, wanted: &'static str, reason: String) -> KafkaError {
        let reason = match last_complaint(self.client) {
            Some(broker_error) => format!("{reason}; last error of the brokers: {broker_error}"),
            None => reason,
        };
        KafkaError::LookUp {
            place: self.about.to_string(),
            wanted,
            waited: self.started.elapsed(),
            reason,
        }
    }
}
