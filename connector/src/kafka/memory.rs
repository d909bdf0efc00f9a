//! Topics in memory: the twin of the real broker, for tests of what reads from one.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use async_trait::async_trait;
use topic::{Record, RecordTimestamp};

use super::client::blocking;
use super::cursor::{Cursor, Verdict};
use super::{Broker, KafkaError, OffsetRange, ReadStats, RecordSink, TopicPartition, Watermarks};
use crate::error::Error;

/// A cluster that answers at once and never fails.
#[derive(Debug, Default)]
pub struct MemoryBroker {
    topics: Mutex<BTreeMap<String, Vec<Log>>>,
    /// Topics whose timestamps are those of the log.
    log_append_time: Mutex<BTreeSet<String>>,
}

/// A record as it is appended; the offset comes with its place.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MemoryRecord {
    pub key: Option<Vec<u8>>,
    /// `None` for a tombstone.
    pub value: Option<Vec<u8>>,
    pub headers: Vec<(String, Option<Vec<u8>>)>,
    pub timestamp: Option<RecordTimestamp>,
    pub leader_epoch: Option<i32>,
}

/// One partition: records by offset, and the offset range they live in, gaps included.
#[derive(Debug, Clone, Default)]
struct Log {
    low: i64,
    high: i64,
    records: BTreeMap<i64, MemoryRecord>,
}

impl MemoryBroker {
    /// Creates `topic`, or empties it.
    pub fn create_topic(&self, topic: &str, partitions: usize) {
        self.topics()
            .insert(topic.to_owned(), vec![Log::default(); partitions]);
    }

    /// Declares that the timestamps of `topic` are those of its log.
    pub fn set_log_append_time(&self, topic: &str) {
        self.log_append_time().insert(topic.to_owned());
    }

    /// Appends a record, `None` for a tombstone, to a topic that exists.
    pub fn append(&self, topic: &str, partition: i32, value: Option<&[u8]>) {
        let value = value.map(<[u8]>::to_vec);
        let record = MemoryRecord {
            value,
            ..MemoryRecord::default()
        };
        self.append_record(topic, partition, record);
    }

    /// Appends a whole record to a topic that exists.
    pub fn append_record(&self, topic: &str, partition: i32, record: MemoryRecord) {
        self.with_log(topic, partition, |log| {
            log.records.insert(log.high, record);
            log.high += 1;
        });
    }

    /// Uses up `offsets` without records, as transaction markers and compaction do.
    pub fn append_gap(&self, topic: &str, partition: i32, offsets: i64) {
        self.with_log(topic, partition, |log| log.high += offsets);
    }

    /// Deletes what is before `low`, as retention does.
    pub fn expire(&self, topic: &str, partition: i32, low: i64) {
        self.with_log(topic, partition, |log| {
            log.low = low;
            log.records = log.records.split_off(&low);
        });
    }

    fn with_log(&self, topic: &str, partition: i32, change: impl FnOnce(&mut Log)) {
        let mut topics = self.topics();
        let logs = topics.get_mut(topic);
        if let Some(log) = logs.and_then(|logs| logs.get_mut(usize::try_from(partition).ok()?)) {
            change(log);
        }
    }

    fn log(&self, topic_partition: &TopicPartition) -> Result<Log, KafkaError> {
        let topics = self.topics();
        let logs = topics.get(&topic_partition.topic);
        let logs = logs.ok_or_else(|| KafkaError::UnknownTopic {
            topic: topic_partition.topic.clone(),
        })?;
        let log = usize::try_from(topic_partition.partition)
            .ok()
            .and_then(|index| logs.get(index));
        log.cloned()
            .ok_or_else(|| KafkaError::UnknownPartition(topic_partition.clone()))
    }

    fn topics(&self) -> MutexGuard<'_, BTreeMap<String, Vec<Log>>> {
        self.topics.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn log_append_time(&self) -> MutexGuard<'_, BTreeSet<String>> {
        self.log_append_time
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Broker for MemoryBroker {
    async fn snapshot(&self, topic: &str, _deadline: Instant) -> Result<Vec<(i32, Watermarks)>, Error> {
        let topics = self.topics();
        let logs = topics.get(topic).ok_or_else(|| KafkaError::UnknownTopic {
            topic: topic.to_owned(),
        })?;
        Ok((0..)
            .zip(logs)
            .map(|(partition, log)| (partition, log.watermarks()))
            .collect())
    }

    async fn offsets_at(
        &self,
        topic: &str,
        partitions: &[i32],
        time_ms: i64,
        _deadline: Instant,
    ) -> Result<Vec<Option<i64>>, Error> {
        let offset_at = |&partition: &i32| {
            let topic = topic.to_owned();
            let log = self.log(&TopicPartition { topic, partition })?;
            Ok(log.offset_at(time_ms))
        };
        partitions.iter().map(offset_at).collect()
    }

    async fn has_log_append_time(&self, topic: &str, _deadline: Instant) -> bool {
        self.log_append_time().contains(topic)
    }

    async fn read(
        &self,
        topic_partition: &TopicPartition,
        range: OffsetRange,
        _deadline: Instant,
        mut sink: Box<dyn RecordSink>,
    ) -> Result<ReadStats, Error> {
        let log = self.log(topic_partition)?;
        let cursor = Cursor::start(topic_partition.clone(), range, log.watermarks())?;
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

    fn offset_at(&self, time_ms: i64) -> Option<i64> {
        let is_late = |record: &MemoryRecord| record.timestamp.is_some_and(|time| time.millis >= time_ms);
        let mut records = self.records.iter();
        records
            .find(|(_, record)| is_late(record))
            .map(|(offset, _)| *offset)
    }

    fn read(&self, mut cursor: Cursor, sink: &mut dyn RecordSink) -> Result<ReadStats, Error> {
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
