//! Topics of a cluster: their names, or their partitions and sizes for people. A plan asks about one topic (`look_up`).

use std::collections::HashMap;
use std::slice;
use std::sync::atomic::AtomicBool;
use std::time::Instant;

use rdkafka::consumer::Consumer;
use rdkafka::metadata::MetadataTopic;
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};

use crate::attempts::{ATTEMPT_LIMIT, About, Attempts};
use crate::client::Client;
use crate::error::KafkaError;
use crate::librdkafka::topic_config::{CLEANUP_POLICY, topic_settings};
use crate::offsets::Watermarks;

/// A topic as a listing shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedTopic {
    pub name: String,
    /// Partitions by ascending number.
    pub partitions: Vec<ListedPartition>,
    /// Its `cleanup.policy`, such as `delete`; `None` if the brokers do not return it, or deny access.
    pub cleanup_policy: Option<String>,
}

/// A partition as a listing shows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ListedPartition {
    pub partition: i32,
    /// Number of the broker that leads it; `None` if there is none at present.
    pub leader: Option<i32>,
    /// `None` if the partition has no leader, or the leader does not return them.
    pub watermarks: Option<Watermarks>,
}

/// Prefix of the names of Kafka's own topics: offsets of groups, states of transactions.
const INTERNAL_PREFIX: &str = "__";

impl ListedTopic {
    /// Whether Kafka keeps its own state in the topic.
    pub fn is_internal(&self) -> bool {
        self.name.starts_with(INTERNAL_PREFIX)
    }

    /// Offsets between both ends of all partitions, the most records that there can be: compaction and transactions leave
    /// gaps. `None` if the ends of a partition are not known.
    pub fn offsets(&self) -> Option<u64> {
        let ends = self.partitions.iter().map(|partition| partition.watermarks);
        ends.map(|ends| Some(ends?.high.abs_diff(ends?.low))).sum()
    }
}

/// Names of all topics, sorted, in one Metadata request. Brokers leave out those that the client may not describe.
pub(crate) fn topic_names(
    client: &Client,
    deadline: Instant,
    cancelled: &AtomicBool,
) -> Result<Vec<String>, KafkaError> {
    let attempts = Attempts::new(client, About::Cluster, deadline, cancelled);
    attempts.retry("list of topics", |patience| {
        let metadata = client.fetch_metadata(None, attempts.at_most(patience));
        let metadata = metadata.map_err(|error| attempts.failure(&error))?;
        let mut names: Vec<_> = metadata
            .topics()
            .iter()
            .filter(|topic| topic.error().is_none())
            .map(|topic| topic.name().to_owned())
            .collect();
        names.sort_unstable();
        Ok(names)
    })
}

/// Topics by ascending names: all of them, or the one that is `wanted`.
///
/// # Errors
/// [`KafkaError::UnknownTopic`] of the one that is wanted; [`KafkaError::Unauthorized`] of a topic that the brokers list
/// but whose offsets they deny; [`KafkaError::LookUp`] if the brokers do not answer in time.
pub(crate) fn list_topics(
    client: &Client,
    wanted: Option<&str>,
    deadline: Instant,
    cancelled: &AtomicBool,
) -> Result<Vec<ListedTopic>, KafkaError> {
    let about = wanted.map_or(About::Cluster, About::Topic);
    let listing = Listing::new(client, about, deadline, cancelled);
    let mut topics = listing.topics(wanted)?;
    topics.sort_unstable_by(|left, right| left.name.cmp(&right.name));
    listing.add_watermarks(&mut topics)?;
    listing.add_cleanup_policies(&mut topics);
    Ok(topics)
}

struct Listing<'a> {
    client: &'a Client,
    attempts: Attempts<'a>,
    deadline: Instant,
    cancelled: &'a AtomicBool,
}

impl<'a> Listing<'a> {
    fn new(client: &'a Client, about: About<'a>, deadline: Instant, cancelled: &'a AtomicBool) -> Self {
        Self {
            client,
            attempts: Attempts::new(client, about, deadline, cancelled),
            deadline,
            cancelled,
        }
    }

    fn topics(&self, wanted: Option<&str>) -> Result<Vec<ListedTopic>, KafkaError> {
        self.attempts.retry("topics", |patience| {
            let limit = self.attempts.at_most(patience);
            let metadata = self.client.fetch_metadata(wanted, limit);
            let metadata = metadata.map_err(|error| self.attempts.failure(&error))?;
            if let Some(name) = wanted {
                self.attempts.topic(&metadata, name)?;
            }
            Ok(metadata.topics().iter().map(listed).collect())
        })
    }

    fn add_watermarks(&self, topics: &mut [ListedTopic]) -> Result<(), KafkaError> {
        // The low ends first, so that `low <= high` holds while records expire and arrive.
        let lows = self.offsets(topics, Offset::Beginning, "earliest offsets")?;
        let highs = self.offsets(topics, Offset::End, "latest offsets")?;
        for topic in topics {
            for partition in &mut topic.partitions {
                let place = (topic.name.clone(), partition.partition);
                if let (Some(&low), Some(&high)) = (lows.get(&place), highs.get(&place)) {
                    let high = high.max(low);
                    partition.watermarks = Some(Watermarks { low, high });
                }
            }
        }
        Ok(())
    }

    /// Offset at one end of each partition that has a leader; without those that no leader returned.
    ///
    /// One call asks for all topics. If that is denied, librdkafka does not say for which topic: then each is asked for by
    /// itself, so that the error names it.
    fn offsets(
        &self,
        topics: &[ListedTopic],
        end: Offset,
        wanted: &'static str,
    ) -> Result<HashMap<(String, i32), i64>, KafkaError> {
        match self.ask_offsets(topics, end, wanted) {
            Err(KafkaError::Unauthorized { .. }) if topics.len() > 1 => {
                let mut answers = HashMap::new();
                for topic in topics {
                    let about = About::Topic(&topic.name);
                    let listing = Listing::new(self.client, about, self.deadline, self.cancelled);
                    answers.extend(listing.ask_offsets(slice::from_ref(topic), end, wanted)?);
                }
                Ok(answers)
            }
            answers => answers,
        }
    }

    fn ask_offsets(
        &self,
        topics: &[ListedTopic],
        end: Offset,
        wanted: &'static str,
    ) -> Result<HashMap<(String, i32), i64>, KafkaError> {
        let mut questions = TopicPartitionList::new();
        for topic in topics {
            for partition in topic.partitions.iter().filter(|each| each.leader.is_some()) {
                let added = questions.add_partition_offset(&topic.name, partition.partition, end);
                added.map_err(|error| KafkaError::Client {
                    reason: error.to_string(),
                })?;
            }
        }
        if questions.count() == 0 {
            return Ok(HashMap::new());
        }
        let answers = self.attempts.retry(wanted, |_| {
            let limit = self.attempts.at_most(ATTEMPT_LIMIT);
            let answers = self.client.offsets_for_times(questions.clone(), limit);
            answers.map_err(|error| self.attempts.failure(&error))
        })?;
        // librdkafka leaves the question in place of an answer that it did not get.
        let answers = answers.elements();
        let answers = answers.iter().filter_map(|answer| match answer.offset() {
            Offset::Offset(offset) => Some(((answer.topic().to_owned(), answer.partition()), offset)),
            _ => None,
        });
        Ok(answers.collect())
    }

    /// Adds nothing if access is denied: the request needs a permission that reads do not.
    fn add_cleanup_policies(&self, topics: &mut [ListedTopic]) {
        let names: Vec<&str> = topics.iter().map(|topic| topic.name.as_str()).collect();
        if names.is_empty() {
            return;
        }
        match topic_settings(self.client, &names, CLEANUP_POLICY, self.deadline) {
            Ok(policies) => {
                for (topic, policy) in topics.iter_mut().zip(policies) {
                    topic.cleanup_policy = policy.unwrap_or(None);
                }
            }
            Err(error) => tracing::debug!(%error, "the cleanup policies of topics are not known"),
        }
    }
}

fn listed(topic: &MetadataTopic) -> ListedTopic {
    let partitions = topic.partitions().iter().map(|partition| ListedPartition {
        partition: partition.id(),
        leader: Some(partition.leader()).filter(|leader| *leader >= 0),
        watermarks: None,
    });
    let mut partitions: Vec<_> = partitions.collect();
    partitions.sort_unstable_by_key(|partition| partition.partition);
    ListedTopic {
        name: topic.name().to_owned(),
        partitions,
        cleanup_policy: None,
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Duration;

    use rdkafka::bindings::rd_kafka_resp_err_t::RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED as DENIED;
    use rdkafka::mocking::MockCluster;
    use rdkafka::types::RDKafkaApiKey;

    use super::*;
    use crate::auth::credentials::memory::MemoryCredentialStore;
    use crate::{Cluster, IsolationLevel, KafkaBroker};

    fn topic(ends: &[Option<(i64, i64)>]) -> ListedTopic {
        let partitions = (0..).zip(ends).map(|(partition, ends)| ListedPartition {
            partition,
            leader: ends.map(|_| 1),
            watermarks: ends.map(|(low, high)| Watermarks { low, high }),
        });
        ListedTopic {
            name: "orders".to_owned(),
            partitions: partitions.collect(),
            cleanup_policy: None,
        }
    }

    #[test]
    fn the_offsets_of_a_topic_are_known_if_those_of_all_partitions_are() {
        assert_eq!(topic(&[Some((5, 15)), Some((0, 3))]).offsets(), Some(13));
        assert_eq!(topic(&[Some((5, 15)), None]).offsets(), None);
    }

    /// The deadline is far away, and so is the time limit of look-ups.
    #[tokio::test]
    async fn a_denial_ends_a_listing_and_names_the_topic() {
        let mock = MockCluster::new(1).unwrap();
        for topic in ["orders", "payments"] {
            mock.create_topic(topic, 1, 1).unwrap();
        }
        let store = Arc::new(MemoryCredentialStore::new());
        let cluster = Cluster::at(mock.bootstrap_servers());
        let broker = KafkaBroker::new(cluster, IsolationLevel::default(), store);
        for (wanted, denied) in [(Some("payments"), "payments"), (None, "orders")] {
            mock.request_errors(RDKafkaApiKey::ListOffsets, &[DENIED; 2]);
            let deadline = Instant::now() + Duration::from_secs(600);
            let error = broker.topics(wanted, deadline).await.unwrap_err();
            let place = format!("topic `{denied}`");
            assert!(
                matches!(&error, KafkaError::Unauthorized { place: named, .. } if *named == place),
                "{error:?}"
            );
            mock.clear_request_errors(RDKafkaApiKey::ListOffsets);
        }
    }
}
