//! Both ends of a topic's partitions, and where in them a time is.
//!
//! First one request tells which partitions there are, and which topic of this name it is. Then
//! a ListOffsets request for all partitions of one leader asks for the earliest offset, a second
//! for the latest; with `isolation.level=read_committed` the latest is the last stable offset.
//! Ends per partition would cost two round trips each.

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

/// How long a broker that answered before is waited for until another one is looked for.
const KNOWN_BROKER_LIMIT: Duration = Duration::from_secs(2);

/// Questions about one topic, all to be answered before one deadline.
pub(crate) struct LookUp<'a> {
    client: &'a Client,
    topic: &'a str,
    attempts: Attempts<'a>,
}

impl<'a> LookUp<'a> {
    /// Gives up when `cancelled` is set.
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

    /// The topic as it is now.
    pub(crate) fn snapshot(&self) -> Result<TopicSnapshot, KafkaError> {
        let topic = self.description()?;
        Ok(TopicSnapshot {
            topic_id: topic.id,
            partitions: self.watermarks(&topic.partitions)?,
        })
    }

    /// The watermarks of the partition of a planned range.
    ///
    /// # Errors
    /// Also [`KafkaError::Recreated`], if the topic is another than was planned, and [`KafkaError::UnknownPartition`].
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

    /// The topic as it is now, which must be the one that was planned. Where no id is known on either side, the name
    /// has to do.
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

    /// A broker that leads one of the topic's partitions, and so is to be asked for offsets anyway.
    ///
    /// It is asked for one at once: that connects the client to it, whereas librdkafka lets a second go by before it
    /// connects to a broker for a description alone.
    fn leader(&self, patience: Duration) -> Result<i32, Failure> {
        let metadata = self
            .client
            .fetch_metadata(Some(self.topic), self.attempts.at_most(patience));
        let metadata = metadata.map_err(|error| self.attempts.failure(&error))?;
        let topic = metadata.topics().iter().find(|topic| topic.name() == self.topic);
        let topic = topic.ok_or_else(|| Failure::Passing("the topic is missing from the answer".into()))?;
        if let Some(error) = topic.error() {
            return Err(self.attempts.code_failure(error.into()));
        }
        let led = topic
            .partitions()
            .iter()
            .find(|partition| partition.leader() >= 0);
        let led = led.ok_or_else(|| Failure::Passing("no partition of the topic has a leader".into()))?;
        self.ask_offsets(&[led.id()], Offset::End)?;
        Ok(led.leader())
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
        self.attempts.retry(wanted, |_| self.ask_offsets(partitions, end))
    }

    fn ask_offsets(&self, partitions: &[i32], end: Offset) -> Result<Vec<i64>, Failure> {
        self.ask(partitions, end, |answer| match answer {
            Offset::Offset(offset) => Some(offset),
            _ => None,
        })
    }

    /// For each of `partitions`, the first offset whose record has a timestamp of `time_ms` or later: at least
    /// [`EARLIEST_TIME_MS`](crate::EARLIEST_TIME_MS).
    pub(crate) fn offsets_at(
        &self,
        partitions: &[i32],
        time_ms: i64,
    ) -> Result<Vec<Option<i64>>, KafkaError> {
        let read = |answer| match answer {
            Offset::End => Some(None),
            // The question itself.
            Offset::Offset(offset) if offset == time_ms => None,
            Offset::Offset(offset) => Some(Some(offset)),
            _ => None,
        };
        self.attempts.retry("offsets by time", |_| {
            self.ask(partitions, Offset::Offset(time_ms), read)
        })
    }

    /// Asks `question` of each partition. `read` tells what an answer means, `None` if it is none: librdkafka leaves the
    /// question in place of an answer it did not get.
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
        // Looking each partition up in the list takes a time that grows with the square of their number.
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
