//! Both ends of a topic's partitions.
//!
//! A ListOffsets request for all partitions of one leader asks for the earliest offset, a second
//! for the latest; with `isolation.level=read_committed` the latest is the last stable offset.
//! Ends per partition would cost two round trips each.

use std::thread;
use std::time::{Duration, Instant};

use rdkafka::consumer::Consumer;
use rdkafka::error::KafkaError as ClientError;
use rdkafka::metadata::MetadataPartition;
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};
use rdkafka::types::RDKafkaErrorCode;

use super::client::{Client, last_complaint, serve_events};
use super::{KafkaError, TopicPartition, Watermarks};

/// How long brokers may take to tell where a topic's records are, retries included.
const LOOK_UP_LIMIT: Duration = Duration::from_secs(60);
/// How long the first attempt waits, so that errors the client meets meanwhile are noticed; each further one waits
/// twice as long, up to the longest.
const FIRST_ATTEMPT_LIMIT: Duration = Duration::from_millis(500);
const LONGEST_ATTEMPT_LIMIT: Duration = Duration::from_secs(5);
const RETRY_PAUSE: Duration = Duration::from_millis(100);

/// The watermarks of every partition of `topic`, by partition number.
pub(super) fn of_topic(
    client: &Client,
    topic: &str,
    deadline: Instant,
) -> Result<Vec<(i32, Watermarks)>, KafkaError> {
    let look_up = LookUp::new(client, topic, deadline);
    let partitions = look_up.partitions()?;
    look_up.watermarks(&partitions)
}

/// The watermarks of one partition.
pub(super) fn of_partition(
    client: &Client,
    topic_partition: &TopicPartition,
    deadline: Instant,
) -> Result<Watermarks, KafkaError> {
    let look_up = LookUp::new(client, &topic_partition.topic, deadline);
    let unknown = || KafkaError::UnknownPartition(topic_partition.clone());
    if !look_up.partitions()?.contains(&topic_partition.partition) {
        return Err(unknown());
    }
    let found = look_up.watermarks(&[topic_partition.partition])?;
    found
        .first()
        .map(|(_, watermarks)| *watermarks)
        .ok_or_else(unknown)
}

struct LookUp<'a> {
    client: &'a Client,
    topic: &'a str,
    started: Instant,
    deadline: Instant,
}

/// What one attempt came to, when it was not an answer.
enum Failure {
    /// Brokers come back, leaders are elected: worth another attempt.
    Passing(String),
    Final(KafkaError),
}

impl<'a> LookUp<'a> {
    fn new(client: &'a Client, topic: &'a str, deadline: Instant) -> Self {
        let started = Instant::now();
        Self {
            client,
            topic,
            started,
            deadline: deadline.min(started + LOOK_UP_LIMIT),
        }
    }

    /// Partition numbers, ascending.
    fn partitions(&self) -> Result<Vec<i32>, KafkaError> {
        self.retry("partitions", |timeout| {
            let metadata = self.client.fetch_metadata(Some(self.topic), timeout);
            let metadata = metadata.map_err(|error| self.failure(&error))?;
            let topic = metadata.topics().iter().find(|topic| topic.name() == self.topic);
            let topic =
                topic.ok_or_else(|| Failure::Passing("the topic is missing from the answer".into()))?;
            if let Some(error) = topic.error() {
                return Err(self.code_failure(error.into()));
            }
            let mut partitions: Vec<i32> = topic.partitions().iter().map(MetadataPartition::id).collect();
            if partitions.is_empty() {
                return Err(Failure::Passing("the topic has no partitions yet".into()));
            }
            partitions.sort_unstable();
            Ok(partitions)
        })
    }

    /// Asks for the low ends first, so that `low <= high` holds while records expire and arrive.
    fn watermarks(&self, partitions: &[i32]) -> Result<Vec<(i32, Watermarks)>, KafkaError> {
        let lows = self.offsets(partitions, Offset::Beginning, "earliest offsets")?;
        let highs = self.offsets(partitions, Offset::End, "latest offsets")?;
        let ends = lows.into_iter().zip(highs).map(|(low, high)| Watermarks {
            low,
            high: high.max(low),
        });
        Ok(partitions.iter().copied().zip(ends).collect())
    }

    fn offsets(&self, partitions: &[i32], end: Offset, wanted: &'static str) -> Result<Vec<i64>, KafkaError> {
        self.retry(wanted, |timeout| {
            let mut wanted = TopicPartitionList::with_capacity(partitions.len());
            for partition in partitions {
                let added = wanted.add_partition_offset(self.topic, *partition, end);
                added.map_err(|error| self.failure(&error))?;
            }
            let found = self
                .client
                .offsets_for_times(wanted, timeout)
                .map_err(|error| self.failure(&error))?;
            let offset = |partition: &i32| match found.find_partition(self.topic, *partition)?.offset() {
                Offset::Offset(offset) => Some(offset),
                // librdkafka leaves the question in place of an answer it did not get.
                _ => None,
            };
            let offsets = partitions.iter().map(offset).collect::<Option<Vec<_>>>();
            offsets.ok_or_else(|| Failure::Passing("a partition is missing from the answer".into()))
        })
    }

    fn retry<T>(
        &self,
        wanted: &'static str,
        attempt: impl Fn(Duration) -> Result<T, Failure>,
    ) -> Result<T, KafkaError> {
        let mut attempt_limit = FIRST_ATTEMPT_LIMIT;
        loop {
            let timeout = self.deadline.saturating_duration_since(Instant::now());
            let reason = match attempt(timeout.min(attempt_limit)) {
                Ok(answer) => return Ok(answer),
                Err(Failure::Final(error)) => return Err(error),
                Err(Failure::Passing(reason)) => reason,
            };
            serve_events(self.client)?;
            if Instant::now() + RETRY_PAUSE >= self.deadline {
                return Err(self.timed_out(wanted, reason));
            }
            thread::sleep(RETRY_PAUSE);
            attempt_limit = LONGEST_ATTEMPT_LIMIT.min(2 * attempt_limit);
        }
    }

    fn failure(&self, error: &ClientError) -> Failure {
        match error.rdkafka_error_code() {
            Some(code) => self.code_failure(code),
            // Not the cluster's answer but the client's refusal, such as a NUL in the name.
            None => Failure::Final(KafkaError::Client {
                reason: error.to_string(),
            }),
        }
    }

    fn code_failure(&self, code: RDKafkaErrorCode) -> Failure {
        use RDKafkaErrorCode as Code;
        match code {
            Code::UnknownTopicOrPartition | Code::UnknownTopic | Code::InvalidTopic => {
                Failure::Final(KafkaError::UnknownTopic {
                    topic: self.topic.to_owned(),
                })
            }
            Code::TopicAuthorizationFailed | Code::ClusterAuthorizationFailed => {
                let (place, reason) = (format!("topic `{}`", self.topic), code.to_string());
                Failure::Final(KafkaError::Unauthorized { place, reason })
            }
            other => Failure::Passing(other.to_string()),
        }
    }

    fn timed_out(&self, wanted: &'static str, reason: String) -> KafkaError {
        let reason = match last_complaint(self.client) {
            Some(broker_error) => format!("{reason}; last error of the brokers: {broker_error}"),
            None => reason,
        };
        KafkaError::LookUp {
            topic: self.topic.to_owned(),
            wanted,
            waited: self.started.elapsed(),
            reason,
        }
    }
}
