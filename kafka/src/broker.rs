//! Clusters reached through librdkafka.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use async_trait::async_trait;

use crate::auth::credentials::CredentialStore;
use crate::auth::settings::Authentication;
use crate::blocking::blocking;
use crate::client::Client;
use crate::cluster::{Cluster, IsolationLevel};
use crate::error::KafkaError;
use crate::librdkafka::topic_config::{TIMESTAMP_TYPE, topic_setting};
use crate::listing::{ListedTopic, list_topics, topic_names};
use crate::look_up::LookUp;
use crate::offsets::{PlannedRange, ReadStats, TopicSnapshot};
use crate::pool::Pool;
use crate::reader::Reader;
use crate::seam::{Broker, RecordSink};
use crate::state::{CommittedOffset, PartitionState};
use crate::topic_state::StateLookUp;

/// Kafka cluster reached over the network.
///
/// Each call takes a client from a pool, so that calls run concurrently, and returns it with its connections
/// open. The network is first used, and credentials are first read, when the first client is made.
pub struct KafkaBroker {
    pool: Arc<Pool>,
    /// Clients that also see uncommitted records; `None` if those of `pool` do.
    uncommitted: Option<Arc<Pool>>,
}

impl KafkaBroker {
    /// Performs no checks: a fault of `cluster` is reported by the first call that needs it.
    pub fn new(
        cluster: Cluster,
        isolation_level: IsolationLevel,
        credentials: Arc<dyn CredentialStore>,
    ) -> Self {
        let authentication = Arc::new(Authentication::new(cluster, credentials));
        let pool = |isolation_level| Arc::new(Pool::new(Arc::clone(&authentication), isolation_level));
        Self {
            pool: pool(isolation_level),
            uncommitted: match isolation_level {
                IsolationLevel::ReadCommitted => Some(pool(IsolationLevel::ReadUncommitted)),
                IsolationLevel::ReadUncommitted => None,
            },
        }
    }

    /// The topics that the client may see, by ascending names: all, Kafka's own among them, or the one that is `wanted`.
    ///
    /// # Errors
    /// [`KafkaError::UnknownTopic`] of the one that is wanted; [`KafkaError::Unauthorized`] of a topic whose offsets are
    /// denied; [`KafkaError::LookUp`] if the brokers do not answer in time, [`KafkaError::Unreachable`] when it is clear
    /// before that none will.
    pub async fn topics(
        &self,
        wanted: Option<&str>,
        deadline: Instant,
    ) -> Result<Vec<ListedTopic>, KafkaError> {
        let cancelled = CancelOnDrop::default();
        let flag = Arc::clone(&cancelled.flag);
        let (pool, wanted) = (Arc::clone(&self.pool), wanted.map(str::to_owned));
        blocking(move || pool.with_client(|client| list_topics(client, wanted.as_deref(), deadline, &flag)))
            .await
    }
}

#[async_trait]
impl Broker for KafkaBroker {
    async fn snapshot(&self, topic: &str, deadline: Instant) -> Result<TopicSnapshot, KafkaError> {
        let cancelled = CancelOnDrop::default();
        let flag = Arc::clone(&cancelled.flag);
        let (pool, topic) = (Arc::clone(&self.pool), topic.to_owned());
        blocking(move || pool.with_client(|client| LookUp::new(client, &topic, deadline, &flag).snapshot()))
            .await
    }

    async fn topics(&self, deadline: Instant) -> Result<Vec<String>, KafkaError> {
        let cancelled = CancelOnDrop::default();
        let flag = Arc::clone(&cancelled.flag);
        let pool = Arc::clone(&self.pool);
        blocking(move || pool.with_client(|client| topic_names(client, deadline, &flag))).await
    }

    async fn partition_states(
        &self,
        topic: &str,
        deadline: Instant,
    ) -> Result<Vec<PartitionState>, KafkaError> {
        let cancelled = CancelOnDrop::default();
        let flag = Arc::clone(&cancelled.flag);
        let (pool, topic) = (Arc::clone(&self.pool), topic.to_owned());
        let look_up = move |client: &Client| StateLookUp::new(client, &topic, deadline, &flag).partitions();
        blocking(move || pool.with_client(look_up)).await
    }

    async fn committed_offsets(
        &self,
        topic: &str,
        deadline: Instant,
    ) -> Result<Vec<CommittedOffset>, KafkaError> {
        let cancelled = CancelOnDrop::default();
        let flag = Arc::clone(&cancelled.flag);
        let (pool, topic) = (Arc::clone(&self.pool), topic.to_owned());
        let look_up =
            move |client: &Client| StateLookUp::new(client, &topic, deadline, &flag).committed_offsets();
        blocking(move || pool.with_client(look_up)).await
    }

    async fn offsets_at(
        &self,
        topic: &str,
        partitions: &[i32],
        time_ms: i64,
        deadline: Instant,
    ) -> Result<Vec<Option<i64>>, KafkaError> {
        if partitions.is_empty() {
            return Ok(Vec::new());
        }
        let cancelled = CancelOnDrop::default();
        let flag = Arc::clone(&cancelled.flag);
        let (pool, topic, partitions) = (Arc::clone(&self.pool), topic.to_owned(), partitions.to_vec());
        blocking(move || {
            pool.with_client(|client| {
                let look_up = LookUp::new(client, &topic, deadline, &flag);
                look_up.offsets_at(&partitions, time_ms)
            })
        })
        .await
    }

    async fn timestamp_type(&self, topic: &str, deadline: Instant) -> Result<Option<String>, KafkaError> {
        let (pool, topic) = (Arc::clone(&self.pool), topic.to_owned());
        blocking(move || {
            pool.with_client(|client| {
                let started = Instant::now();
                let setting = topic_setting(client, &topic, TIMESTAMP_TYPE, deadline);
                setting.map_err(|code| KafkaError::LookUp {
                    place: format!("topic `{topic}`"),
                    wanted: "message.timestamp.type",
                    waited: started.elapsed(),
                    reason: code.to_string(),
                })
            })
        })
        .await
    }

    async fn read(
        &self,
        planned: &PlannedRange,
        deadline: Instant,
        mut sink: Box<dyn RecordSink>,
    ) -> Result<ReadStats, KafkaError> {
        let cancelled = CancelOnDrop::default();
        let flag = Arc::clone(&cancelled.flag);
        let (pool, uncommitted) = (Arc::clone(&self.pool), self.uncommitted.clone());
        let planned = planned.clone();
        blocking(move || {
            let read = pool.with_client(|client| {
                let reader = Reader::start(client, uncommitted.as_ref(), planned.clone(), deadline, &flag)?;
                // A read must not start twice: the sink has seen records.
                Ok(reader.read(sink.as_mut()))
            });
            read?
        })
        .await
    }
}

/// Cancels the working thread when the caller stops waiting.
#[derive(Default)]
struct CancelOnDrop {
    flag: Arc<AtomicBool>,
}

impl Drop for CancelOnDrop {
    fn drop(&mut self) {
        self.flag.store(true, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests;
