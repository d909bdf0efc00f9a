//! Requests for the state of a topic's partitions and of the groups that read it. No record is fetched.

use std::collections::BTreeMap;
use std::sync::atomic::AtomicBool;
use std::time::Instant;

use rdkafka::consumer::Consumer;
use rdkafka::types::RDKafkaErrorCode;

use crate::attempts::{ATTEMPT_LIMIT, About, Attempts, Failure};
use crate::client::Client;
use crate::error::KafkaError;
use crate::librdkafka::groups;
use crate::librdkafka::list_offsets::{FoundOffset, OffsetQuestion, list_offsets};
use crate::state::{CommittedOffset, PartitionState};

/// Requests about the state of one topic with a common deadline.
pub(crate) struct StateLookUp<'a> {
    client: &'a Client,
    topic: &'a str,
    attempts: Attempts<'a>,
}

impl<'a> StateLookUp<'a> {
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

    /// States by ascending partition. Requests the earliest offsets first, so that no end lies before its beginning.
    pub(crate) fn partitions(&self) -> Result<Vec<PartitionState>, KafkaError> {
        use OffsetQuestion as Question;
        let mut states = self.replicas()?;
        let partitions: Vec<_> = states.iter().map(|state| state.partition).collect();
        let earliest = self.offsets(&partitions, Question::Earliest)?;
        let stable = self.offsets(&partitions, Question::LastStable)?;
        let latest = self.offsets(&partitions, Question::Latest)?;
        let first = self.offsets(&partitions, Question::FirstTimestamp)?;
        let newest = self.offsets(&partitions, Question::GreatestTimestamp)?;
        for state in &mut states {
            let offset = |found: &Offsets| found.get(&state.partition).map_or(0, |found| found.offset);
            let time = |found: &Offsets| found.get(&state.partition).and_then(|found| found.timestamp_ms);
            state.earliest_offset = offset(&earliest);
            state.last_stable_offset = offset(&stable).max(state.earliest_offset);
            state.latest_offset = offset(&latest).max(state.last_stable_offset);
            state.first_timestamp_ms = time(&first);
            state.newest_timestamp_ms = time(&newest);
        }
        Ok(states)
    }

    /// Committed offsets of each group that the client may describe, by group and partition.
    pub(crate) fn committed_offsets(&self) -> Result<Vec<CommittedOffset>, KafkaError> {
        let partitions: Vec<_> = self.replicas()?.iter().map(|state| state.partition).collect();
        let groups = self.attempts.retry("consumer groups", |_| {
            let groups = groups::groups(self.client, self.attempts.at_most(ATTEMPT_LIMIT));
            groups.map_err(|code| self.attempts.code_failure(code))
        })?;
        let mut committed = Vec::new();
        for group in groups {
            let offsets = self.attempts.retry("committed offsets", |_| {
                let limit = self.attempts.at_most(ATTEMPT_LIMIT);
                match groups::committed_offsets(self.client, &group, self.topic, &partitions, limit) {
                    // The brokers list the group for another permission of the client.
                    Err(RDKafkaErrorCode::GroupAuthorizationFailed) => Ok(Vec::new()),
                    offsets => offsets.map_err(|code| self.attempts.code_failure(code)),
                }
            })?;
            committed.extend(offsets.into_iter().map(|(partition, offset)| CommittedOffset {
                group: group.clone(),
                partition,
                offset,
                lag: 0,
            }));
        }
        if committed.is_empty() {
            return Ok(committed);
        }
        let latest = self.offsets(&partitions, OffsetQuestion::Latest)?;
        for committed in &mut committed {
            let latest = latest.get(&committed.partition).map_or(0, |found| found.offset);
            committed.lag = (latest - committed.offset).max(0);
        }
        committed.sort_by(|a, b| (&a.group, a.partition).cmp(&(&b.group, b.partition)));
        Ok(committed)
    }

    /// States with the partitions' brokers, and no offsets yet.
    fn replicas(&self) -> Result<Vec<PartitionState>, KafkaError> {
        self.attempts.retry("partitions", |patience| {
            let metadata = self
                .client
                .fetch_metadata(Some(self.topic), self.attempts.at_most(patience));
            let metadata = metadata.map_err(|error| self.attempts.failure(&error))?;
            let topic = self.attempts.topic(&metadata, self.topic)?;
            if topic.partitions().is_empty() {
                return Err(Failure::Passing("the topic has no partitions yet".into()));
            }
            let mut states: Vec<_> = topic
                .partitions()
                .iter()
                .map(|partition| PartitionState {
                    partition: partition.id(),
                    leader: Some(partition.leader()).filter(|leader| *leader >= 0),
                    replicas: partition.replicas().to_vec(),
                    in_sync_replicas: partition.isr().to_vec(),
                    earliest_offset: 0,
                    latest_offset: 0,
                    last_stable_offset: 0,
                    first_timestamp_ms: None,
                    newest_timestamp_ms: None,
                })
                .collect();
            states.sort_unstable_by_key(|state| state.partition);
            Ok(states)
        })
    }

    /// Answers by partition. Brokers before Kafka 3.0 do not know
    /// [the greatest timestamp](https://cwiki.apache.org/confluence/x/tJU0CQ) (KIP-734): then there are none.
    fn offsets(&self, partitions: &[i32], question: OffsetQuestion) -> Result<Offsets, KafkaError> {
        let wanted = match question {
            OffsetQuestion::Earliest => "earliest offsets",
            OffsetQuestion::Latest => "latest offsets",
            OffsetQuestion::LastStable => "last stable offsets",
            OffsetQuestion::FirstTimestamp | OffsetQuestion::GreatestTimestamp => "offsets by time",
        };
        self.attempts.retry(wanted, |_| {
            let limit = self.attempts.at_most(ATTEMPT_LIMIT);
            let found = match list_offsets(self.client, self.topic, partitions, question, limit) {
                Err(RDKafkaErrorCode::UnsupportedFeature | RDKafkaErrorCode::UnsupportedVersion)
                    if question == OffsetQuestion::GreatestTimestamp =>
                {
                    return Ok(Offsets::new());
                }
                found => found.map_err(|code| self.attempts.code_failure(code))?,
            };
            if found.len() != partitions.len() {
                return Err(Failure::Passing("a partition is missing from the answer".into()));
            }
            Ok(found.into_iter().map(|found| (found.partition, found)).collect())
        })
    }
}

type Offsets = BTreeMap<i32, FoundOffset>;
