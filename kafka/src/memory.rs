//! Topics in memory: a stand-in for the real broker in tests.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use async_trait::async_trait;
use topic::{Record, RecordTimestamp, TimestampType};

use crate::blocking::blocking;
use crate::cursor::{Cursor, Verdict};
use crate::error::KafkaError;
use crate::offsets::{PlannedRange, ReadStats, TopicPartition, TopicSnapshot, Watermarks};
use crate::seam::{Broker, RecordSink};
use crate::state::{CommittedOffset, LogState, PartitionState};
use crate::topic_id::TopicId;

/// Cluster in memory that responds at once and never fails.
#[derive(Debug, Default)]
pub struct MemoryBroker {
    topics: Mutex<Topics>,
}

#[derive(Debug, Default)]
struct Topics {
    by_name: BTreeMap<String, Topic>,
    /// By group, topic and partition.
    committed: BTreeMap<(String, String, i32), i64>,
    created: u128,
}

#[derive(Debug, Clone)]
struct Topic {
    id: Option<TopicId>,
    has_log_append_time: bool,
    logs: Vec<Log>,
}

/// Record to append; its offset is its position.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MemoryRecord {
    pub key: Option<Vec<u8>>,
    /// Value; `None` for a tombstone.
    pub value: Option<Vec<u8>>,
    pub headers: Vec<(String, Option<Vec<u8>>)>,
    pub timestamp: Option<RecordTimestamp>,
    pub leader_epoch: Option<i32>,
}

/// One partition: records by offset, and its offset range, gaps included.
#[derive(Debug, Clone, Default)]
struct Log {
    low: i64,
    high: i64,
    records: BTreeMap<i64, MemoryRecord>,
}

impl MemoryBroker {
    /// Creates `topic`, or replaces it by a new one.
    pub fn create_topic(&self, topic: &str, partitions: usize) {
        let mut topics = self.lock();
        topics.created += 1;
        let created = Topic {
            id: TopicId::from_bytes(topics.created.to_be_bytes()),
            has_log_append_time: false,
            logs: vec![Log::default(); partitions],
        };
        topics.by_name.insert(topic.to_owned(), created);
    }

    /// Removes a topic's id, as with brokers older than 2.8 (KIP-516).
    pub fn forget_topic_id(&self, topic: &str) {
        if let Some(topic) = self.lock().by_name.get_mut(topic) {
            topic.id = None;
        }
    }

    /// Adds empty partitions to an existing topic.
    pub fn add_partitions(&self, topic: &str, partitions: usize) {
        if let Some(topic) = self.lock().by_name.get_mut(topic) {
            let grown = topic.logs.len() + partitions;
            topic.logs.resize_with(grown, Log::default);
        }
    }

    /// Sets the timestamp type of an existing topic to `LogAppendTime`.
    pub fn set_log_append_time(&self, topic: &str) {
        if let Some(topic) = self.lock().by_name.get_mut(topic) {
            topic.has_log_append_time = true;
        }
    }

    /// Appends a value, `None` for a tombstone, to an existing topic.
    pub fn append(&self, topic: &str, partition: i32, value: Option<&[u8]>) {
        let value = value.map(<[u8]>::to_vec);
        let record = MemoryRecord {
            value,
            ..MemoryRecord::default()
        };
        self.append_record(topic, partition, record);
    }

    /// Appends a whole record to an existing topic.
    pub fn append_record(&self, topic: &str, partition: i32, record: MemoryRecord) {
        self.with_log(topic, partition, |log| {
            log.records.insert(log.high, record);
            log.high += 1;
        });
    }

    /// Advances by `offsets` without records, as transaction markers and compaction do.
    pub fn append_gap(&self, topic: &str, partition: i32, offsets: i64) {
        self.with_log(topic, partition, |log| log.high += offsets);
    }

    /// Commits `offset` of a partition for a consumer group.
    pub fn commit(&self, group: &str, topic: &str, partition: i32, offset: i64) {
        let place = (group.to_owned(), topic.to_owned(), partition);
        self.lock().committed.insert(place, offset);
    }

    /// Deletes records before `low`, as retention does.
    pub fn expire(&self, topic: &str, partition: i32, low: i64) {
        self.with_log(topic, partition, |log| {
            log.low = low;
            log.records = log.records.split_off(&low);
        });
    }

    fn with_log(&self, topic: &str, partition: i32, change: impl FnOnce(&mut Log)) {
        let mut topics = self.lock();
        let topic = topics.by_name.get_mut(topic);
        if let Some(log) = topic.and_then(|topic| topic.logs.get_mut(usize::try_from(partition).ok()?)) {
            change(log);
        }
    }

    fn topic(&self, name: &str) -> Result<Topic, KafkaError> {
        let topic = self.lock().by_name.get(name).cloned();
        topic.ok_or_else(|| KafkaError::UnknownTopic {
            topic: name.to_owned(),
        })
    }

    fn log(&self, planned: &PlannedRange) -> Result<Log, KafkaError> {
        let topic_partition = &planned.topic_partition;
        let topic = self.topic(&topic_partition.topic)?;
        if let (Some(planned), Some(found)) = (planned.topic_id, topic.id)
            && planned != found
        {
            return Err(KafkaError::Recreated {
                topic: topic_partition.topic.clone(),
                planned,
                found,
            });
        }
        Ok(topic.log(topic_partition)?.clone())
    }

    fn lock(&self) -> MutexGuard<'_, Topics> {
        self.topics.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Topic {
    fn log(&self, topic_partition: &TopicPartition) -> Result<&Log, KafkaError> {
        let index = usize::try_from(topic_partition.partition).ok();
        let log = index.and_then(|index| self.logs.get(index));
        log.ok_or_else(|| KafkaError::UnknownPartition(topic_partition.clone()))
    }
}

#[async_trait]
impl Broker for MemoryBroker {
    async fn snapshot(&self, topic: &str, _deadline: Instant) -> Result<TopicSnapshot, KafkaError> {
        let topic = self.topic(topic)?;
        Ok(TopicSnapshot {
            topic_id: topic.id,
            partitions: (0..).zip(topic.logs.iter().map(Log::watermarks)).collect(),
        })
    }

    async fn topics(&self, _deadline: Instant) -> Result<Vec<String>, KafkaError> {
        Ok(self.lock().by_name.keys().cloned().collect())
    }

    async fn partition_states(
        &self,
        topic: &str,
        _deadline: Instant,
    ) -> Result<Vec<PartitionState>, KafkaError> {
        let topic = self.topic(topic)?;
        Ok((0..)
            .zip(&topic.logs)
            .map(|(partition, log)| log.state(partition))
            .collect())
    }

    async fn committed_offsets(
        &self,
        topic: &str,
        _deadline: Instant,
    ) -> Result<Vec<CommittedOffset>, KafkaError> {
        let logs = self.topic(topic)?.logs;
        let committed = self.lock().committed.clone().into_iter();
        let committed = committed.filter(|((_, each, _), _)| each == topic);
        let committed = committed.filter_map(|((group, _, partition), offset)| {
            let log = logs.get(usize::try_from(partition).ok()?)?;
            Some(CommittedOffset {
                group,
                partition,
                offset,
                lag: Some((log.high - offset).max(0)),
            })
        });
        Ok(committed.collect())
    }

    async fn offsets_at(
        &self,
        topic: &str,
        partitions: &[i32],
        time_ms: i64,
        _deadline: Instant,
    ) -> Result<Vec<Option<i64>>, KafkaError> {
        let found = self.topic(topic)?;
        let offset_at = |&partition: &i32| {
            let topic = topic.to_owned();
            let log = found.log(&TopicPartition { topic, partition })?;
            Ok(log.offset_at(time_ms))
        };
        partitions.iter().map(offset_at).collect()
    }

    async fn timestamp_type(&self, topic: &str, _deadline: Instant) -> Result<Option<String>, KafkaError> {
        let kind = match self.topic(topic)?.has_log_append_time {
            true => TimestampType::LogAppendTime,
            false => TimestampType::CreateTime,
        };
        Ok(Some(kind.name().to_owned()))
    }

    async fn read(
        &self,
        planned: &PlannedRange,
        _deadline: Instant,
        mut sink: Box<dyn RecordSink>,
    ) -> Result<ReadStats, KafkaError> {
        let log = self.log(planned)?;
        let cursor = Cursor::start(planned.clone(), log.watermarks())?;
        blocking(move || log.read(cursor, sink.as_mut())).await
    }
}

impl Log {
    fn watermarks(&self) -> Watermarks {
        Watermarks {
            low: self.low,
            high: self.high,
        }
    }

    fn state(&self, partition: i32) -> PartitionState {
        let times = || self.records.values().filter_map(|record| record.timestamp);
        PartitionState {
            partition,
            leader: Some(0),
            replicas: vec![0],
            in_sync_replicas: vec![0],
            log: Some(LogState {
                earliest_offset: self.low,
                latest_offset: self.high,
                last_stable_offset: self.high,
                first_timestamp_ms: times().next().map(|time| time.millis),
                newest_timestamp_ms: times().map(|time| time.millis).max(),
            }),
        }
    }

    fn offset_at(&self, time_ms: i64) -> Option<i64> {
        let is_late = |record: &MemoryRecord| record.timestamp.is_some_and(|time| time.millis >= time_ms);
        let mut records = self.records.iter();
        records
            .find(|(_, record)| is_late(record))
            .map(|(offset, _)| *offset)
    }

    fn read(&self, mut cursor: Cursor, sink: &mut dyn RecordSink) -> Result<ReadStats, KafkaError> {
        let mut stats = ReadStats {
            expired_offsets: cursor.expired_offsets(),
            ..ReadStats::default()
        };
        for (&offset, record) in self.records.range(cursor.position()..) {
            if cursor.is_done() || cursor.record(offset) == Verdict::PastEnd {
                break;
            }
            stats.records += 1;
            stats.value_bytes += record.value.as_ref().map_or(0, |value| value.len() as u64);
            let next = sink.accept(Record {
                partition: cursor.topic_partition().partition,
                offset,
                timestamp: record.timestamp,
                leader_epoch: record.leader_epoch,
                key: record.key.as_deref(),
                value: record.value.as_deref(),
                headers: &record.headers.as_slice(),
            })?;
            if next.is_break() {
                stats.stopped_early = !cursor.is_done();
                break;
            }
        }
        if !cursor.is_done() && !stats.stopped_early {
            cursor.end_of_partition(self.high)?;
        }
        sink.finish()?;
        Ok(stats)
    }
}
