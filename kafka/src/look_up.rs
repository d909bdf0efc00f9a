//! Watermarks of a topic's partitions, and offsets by time.
//!
//! One request describes the topic: its partitions and its id. Then a ListOffsets request for all partitions
//! of one leader asks for the earliest offset, a second for the latest; with `isolation.level=read_committed`
//! the latest is the last stable offset (KIP-98). Requests for each partition would cost two round trips
//! each.

use std::collections::HashMap;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

use rdkafka::consumer::Consumer;
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};

use crate::attempts::{ATTEMPT_LIMIT, About, Attempts, Failure};
use crate::client::Client;
use crate::error::KafkaError;
use crate::librdkafka::describe::{TopicDescription, describe};
use crate::offsets::{PlannedRange, TopicSnapshot, Watermarks};

/// Time to wait for a broker that responded before until another one is chosen.
const KNOWN_BROKER_LIMIT: Duration = Duration::from_secs(2);

/// Requests about one topic with a common deadline.
pub(crate) struct LookUp<'a> {
    client: &'a Client,
    topic: &'a str,
    attempts: Attempts<'a>,
}

impl<'a> LookUp<'a> {
    /// Creates a look-up that ends when `cancelled` is set.
    pub(crate) fn new(
        client: &'a Client,
        topic: &'a str,
        deadline: Instant,
        cancelled: &'a AtomicBool,
    ) -> Self {
        Self {
            client,
            topic,
            attempts: Attempts::new(client, About::Topic(topic), deadline, cancelled),
        }
    }

    /// Current state of the topic.
    pub(crate) fn snapshot(&self) -> Result<TopicSnapshot, KafkaError> {
        let topic = self.description()?;
        Ok(TopicSnapshot {
            topic_id: topic.id,
            partitions: self.watermarks(&topic.partitions)?,
        })
    }

    /// Watermarks of the partition of a planned range.
    ///
    /// # Errors
    /// Also [`KafkaError::Recreated`], if the topic is not the planned one, and
    /// [`KafkaError::UnknownPartition`].
    pub(crate) fn partition(&self, planned: &PlannedRange) -> Result<Watermarks, KafkaError> {
        let topic = self.same_topic(planned)?;
        let partition = planned.topic_partition.partition;
        let unknown = || KafkaError::UnknownPartition(planned.topic_partition.clone());
        if !topic.partitions.contains(&partition) {
            return Err(unknown());
        }
        let found = self.watermarks(&[partition])?;
        found
            .first()
            .map(|(_, watermarks)| *watermarks)
            .ok_or_else(unknown)
    }

    /// Current description of the topic, which must be the planned one. If either side has no id, the name is
    /// compared only.
    pub(crate) fn same_topic(&self, planned: &PlannedRange) -> Result<TopicDescription, KafkaError> {
        let topic = self.description()?;
        match (planned.topic_id, topic.id) {
            (Some(planned), Some(found)) if planned != found => Err(KafkaError::Recreated {
                topic: self.topic.to_owned(),
                planned,
                found,
            }),
            _ => Ok(topic),
        }
    }

    fn description(&self) -> Result<TopicDescription, KafkaError> {
        let context = self.client.context();
        self.attempts.retry("partitions", |patience| {
            let (broker, limit) = match context.answering_broker() {
                Some(broker) => (broker, KNOWN_BROKER_LIMIT),
                None => (self.leader(patience)?, ATTEMPT_LIMIT),
            };
            let described = describe(self.client, self.topic, broker, self.attempts.at_most(limit));
            context.set_answering_broker(described.is_ok().then_some(broker));
            let topic = described.map_err(|code| self.attempts.code_failure(code))?;
            if topic.partitions.is_empty() {
                return Err(Failure::Passing("the topic has no partitions yet".into()));
            }
            Ok(topic)
        })
    }

    /// Broker that leads one of the topic's partitions, which must be asked for offsets anyway.
    ///
    /// An offset is requested from it at once: that connects the client to it, whereas librdkafka waits a
    /// second before it connects to a broker for a description only.
    fn leader(&self, patience: Duration) -> Result<i32, Failure> {
        let metadata = self
            .client
            .fetch_metadata(Some(self.topic), self.attempts.at_most(patience));
        let metadata = metadata.map_err(|error| self.attempts.failure(&error))?;
        let topic = self.attempts.topic(&metadata, self.topic)?;
        let led = topic
            .partitions()
            .iter()
            .find(|partition| partition.leader() >= 0);
        let led = led.ok_or_else(|| Failure::Passing("no partition of the topic has a leader".into()))?;
        self.ask_offsets(&[led.id()], Offset::End)?;
        Ok(led.leader())
    }

    /// Requests the low ends first, so that `low <= high` holds while records expire and arrive.
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
        self.attempts.retry(wanted, |_| self.ask_offsets(partitions, end))
    }

    fn ask_offsets(&self, partitions: &[i32], end: Offset) -> Result<Vec<i64>, Failure> {
        self.ask(partitions, end, |answer| match answer {
            Offset::Offset(offset) => Some(offset),
            _ => None,
        })
    }

    /// First offset of each of `partitions` whose record has a timestamp of `time_ms` or later (KIP-79): at
    /// least [`EARLIEST_TIME_MS`](crate::EARLIEST_TIME_MS).
    pub(crate) fn offsets_at(
        &self,
        partitions: &[i32],
        time_ms: i64,
    ) -> Result<Vec<Option<i64>>, KafkaError> {
        let read = |answer| match answer {
            Offset::End => Some(None),
            // The requested time itself: no answer.
            Offset::Offset(offset) if offset == time_ms => None,
            Offset::Offset(offset) => Some(Some(offset)),
            _ => None,
        };
        self.attempts.retry("offsets by time", |_| {
            self.ask(partitions, Offset::Offset(time_ms), read)
        })
    }

    /// Sends `question` for each partition. `read` converts an answer; it returns `None` for a question that
    /// librdkafka left in place of an answer it did not get.
    fn ask<T>(
        &self,
        partitions: &[i32],
        question: Offset,
        read: impl Fn(Offset) -> Option<T>,
    ) -> Result<Vec<T>, Failure> {
        let mut questions = TopicPartitionList::with_capacity(partitions.len());
        for partition in partitions {
            let added = questions.add_partition_offset(self.topic, *partition, question);
            added.map_err(|error| self.attempts.failure(&error))?;
        }
        let found = self
            .client
            .offsets_for_times(questions, self.attempts.at_most(ATTEMPT_LIMIT))
            .map_err(|error| self.attempts.failure(&error))?;
        // A search of the list for each partition would take quadratic time.
        let answers: HashMap<i32, Offset> = found
            .elements()
            .iter()
            .map(|element| (element.partition(), element.offset()))
            .collect();
        let answer = |partition| read(*answers.get(partition)?);
        let answers = partitions.iter().map(answer).collect::<Option<Vec<_>>>();
        answers.ok_or_else(|| Failure::Passing("a partition is missing from the answer".into()))
    }
}
