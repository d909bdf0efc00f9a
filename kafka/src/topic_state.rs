//! Requests for the state of a topic's partitions and of the groups that read it. No record is fetched.

use std::collections::BTreeMap;
use std::mem;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

use rdkafka::consumer::Consumer;
use rdkafka::types::RDKafkaErrorCode;

use crate::attempts::{ATTEMPT_LIMIT, About, Attempts, Failure};
use crate::client::Client;
use crate::error::KafkaError;
use crate::librdkafka::groups;
use crate::librdkafka::list_offsets::{FoundOffset, OffsetQuestion, list_offsets, list_offsets_from};
use crate::state::{CommittedOffset, LogState, PartitionState};

/// Number of groups whose offsets are asked at the same time: librdkafka takes one group per request, and a coordinator
/// answers the requests of a connection in their order.
const CONCURRENT_GROUPS: usize = 32;

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

    /// States by ascending partition. The log of a partition without a leader is not asked about: it would be waited for
    /// until the deadline. Leaders are looked up for each attempt, since they may be lost while the offsets are asked.
    pub(crate) fn partitions(&self) -> Result<Vec<PartitionState>, KafkaError> {
        self.attempts.retry("state of the partitions", |patience| {
            let mut states = self.replicas(patience)?;
            let mut logs = self.logs(&led(&states))?;
            for state in &mut states {
                state.log = logs.remove(&state.partition);
            }
            Ok(states)
        })
    }

    /// Committed offsets of each group that the client may describe, by group and partition.
    pub(crate) fn committed_offsets(&self) -> Result<Vec<CommittedOffset>, KafkaError> {
        let states = self
            .attempts
            .retry("partitions", |patience| self.replicas(patience))?;
        let partitions: Vec<_> = states.iter().map(|state| state.partition).collect();
        let groups = self.attempts.retry("consumer groups", |_| {
            let groups = groups::groups(self.client, self.attempts.at_most(ATTEMPT_LIMIT));
            groups.map_err(|code| self.attempts.code_failure(code))
        })?;
        let mut committed = Vec::new();
        for groups in groups.chunks(CONCURRENT_GROUPS) {
            self.add_committed(groups.to_vec(), &partitions, &mut committed)?;
        }
        if committed.is_empty() {
            return Ok(committed);
        }
        let latest = self.attempts.retry("latest offsets", |patience| {
            let led = led(&self.replicas(patience)?);
            self.offsets(&led, OffsetQuestion::Latest)
        })?;
        for committed in &mut committed {
            let latest = latest.get(&committed.partition);
            committed.lag = latest.map(|latest| (latest.offset - committed.offset).max(0));
        }
        committed.sort_by(|a, b| (&a.group, a.partition).cmp(&(&b.group, b.partition)));
        Ok(committed)
    }

    /// Asks for the offsets of all `groups` at once, and again of those that failed. Lags are yet to be found.
    fn add_committed(
        &self,
        mut groups: Vec<String>,
        partitions: &[i32],
        committed: &mut Vec<CommittedOffset>,
    ) -> Result<(), KafkaError> {
        self.attempts.retry("committed offsets", |_| {
            let limit = self.attempts.at_most(ATTEMPT_LIMIT);
            let answers = groups::committed_offsets(self.client, &groups, self.topic, partitions, limit);
            let (mut failed, mut failure) = (Vec::new(), None);
            for (group, answer) in mem::take(&mut groups).into_iter().zip(answers) {
                match answer {
                    Ok(offsets) => {
                        let offsets = offsets.into_iter();
                        committed.extend(offsets.map(|(partition, offset)| CommittedOffset {
                            group: group.clone(),
                            partition,
                            offset,
                            lag: None,
                        }));
                    }
                    // The brokers list the group for another permission of the client.
                    Err(RDKafkaErrorCode::GroupAuthorizationFailed) => {}
                    Err(code) => {
                        failed.push(group);
                        failure.get_or_insert(code);
                    }
                }
            }
            groups = failed;
            failure.map_or(Ok(()), |code| Err(self.attempts.code_failure(code)))
        })
    }

    /// States with the partitions' brokers, and no logs yet.
    fn replicas(&self, patience: Duration) -> Result<Vec<PartitionState>, Failure> {
        let metadata = self
            .client
            .fetch_metadata(Some(self.topic), self.attempts.at_most(patience));
        let metadata = metadata.map_err(|error| self.attempts.failure(&error))?;
        self.client.context().note_answer();
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
                log: None,
            })
            .collect();
        states.sort_unstable_by_key(|state| state.partition);
        Ok(states)
    }

    /// Logs by partition. Requests the earliest offsets first, so that no end lies before its beginning.
    fn logs(&self, partitions: &[i32]) -> Result<BTreeMap<i32, LogState>, Failure> {
        use OffsetQuestion as Question;
        let earliest = self.offsets(partitions, Question::Earliest)?;
        let stable = self.offsets(partitions, Question::LastStable)?;
        let latest = self.offsets(partitions, Question::Latest)?;
        let first = self.offsets(partitions, Question::FirstTimestamp)?;
        let newest = self.newest(partitions, &first, &latest)?;
        let logs = partitions.iter().map(|partition| {
            let offset = |found: &Offsets| found.get(partition).map_or(0, |found| found.offset);
            let time = |found: &Offsets| found.get(partition).and_then(|found| found.timestamp_ms);
            let earliest_offset = offset(&earliest);
            let last_stable_offset = offset(&stable).max(earliest_offset);
            let log = LogState {
                earliest_offset,
                latest_offset: offset(&latest).max(last_stable_offset),
                last_stable_offset,
                first_timestamp_ms: time(&first),
                newest_timestamp_ms: time(&newest),
            };
            (*partition, log)
        });
        Ok(logs.collect())
    }

    /// Records with the greatest timestamp, by partition; `first` are the first with any.
    ///
    /// Brokers before Kafka 3.0 do not know [the question](https://cwiki.apache.org/confluence/x/tJU0CQ) (KIP-734). They
    /// take it for one about a time before all records, and answer the first: no error tells the two apart, but a later
    /// record does. There is no answer for such a partition.
    fn newest(&self, partitions: &[i32], first: &Offsets, latest: &Offsets) -> Result<Offsets, Failure> {
        let mut newest = self.offsets(partitions, OffsetQuestion::GreatestTimestamp)?;
        let end = |partition| latest.get(&partition).map_or(0, |latest| latest.offset);
        let doubtful = newest.values().filter(|found| {
            let is_first = first
                .get(&found.partition)
                .is_some_and(|first| first.offset == found.offset);
            is_first && found.offset + 1 < end(found.partition)
        });
        let doubtful: Vec<_> = doubtful
            .filter_map(|found| Some((found.partition, found.timestamp_ms?.checked_add(1)?)))
            .collect();
        if doubtful.is_empty() {
            return Ok(newest);
        }
        let limit = self.attempts.at_most(ATTEMPT_LIMIT);
        let later = list_offsets_from(self.client, self.topic, &doubtful, limit);
        for later in later.map_err(|code| self.attempts.code_failure(code))? {
            // A record that has come since says nothing.
            if (0..end(later.partition)).contains(&later.offset) {
                newest.remove(&later.partition);
            }
        }
        Ok(newest)
    }

    /// Answers by partition; none if the brokers do not know the question.
    fn offsets(&self, partitions: &[i32], question: OffsetQuestion) -> Result<Offsets, Failure> {
        if partitions.is_empty() {
            return Ok(Offsets::new());
        }
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
    }
}

type Offsets = BTreeMap<i32, FoundOffset>;

/// Partitions that have a leader.
fn led(states: &[PartitionState]) -> Vec<i32> {
    let led = states.iter().filter(|state| state.leader.is_some());
    led.map(|state| state.partition).collect()
}

#[cfg(test)]
mod tests;
