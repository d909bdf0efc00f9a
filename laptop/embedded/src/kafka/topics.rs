//! Topics: names, ids, configuration, partitions.

use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, RwLock};

use kafka_protocol::ResponseError;
use uuid::Uuid;

use super::locks::{lock, read, write};
use super::log::{LogRead, PartitionLog};

/// Maximum number of partitions, to limit memory.
pub(crate) const MAX_PARTITIONS: i32 = 10_000;
const MAX_NAME_BYTES: usize = 249;

/// All topics of the broker.
#[derive(Debug, Default)]
pub(crate) struct Topics {
    by_name: BTreeMap<String, Arc<Topic>>,
    by_id: HashMap<Uuid, Arc<Topic>>,
}

impl Topics {
    pub(crate) fn create(
        &mut self,
        name: &str,
        partitions: i32,
        config: TopicConfig,
    ) -> Result<Arc<Topic>, TopicError> {
        self.check_new(name, partitions)?;
        let topic = Arc::new(Topic::new(name, partitions, config));
        self.by_name.insert(name.to_owned(), Arc::clone(&topic));
        self.by_id.insert(topic.id, Arc::clone(&topic));
        Ok(topic)
    }

    /// Checks whether [`Topics::create`] would succeed.
    pub(crate) fn check_new(&self, name: &str, partitions: i32) -> Result<(), TopicError> {
        check_name(name)?;
        if self.by_name.contains_key(name) {
            return Err(TopicError::Exists {
                topic: name.to_owned(),
            });
        }
        check_partition_count(name, partitions)
    }

    pub(crate) fn remove(&mut self, topic: &Topic) {
        self.by_name.remove(&topic.name);
        self.by_id.remove(&topic.id);
    }

    pub(crate) fn named(&self, name: &str) -> Option<Arc<Topic>> {
        self.by_name.get(name).cloned()
    }

    pub(crate) fn identified(&self, id: Uuid) -> Option<Arc<Topic>> {
        self.by_id.get(&id).cloned()
    }

    /// Topics in the order of their names.
    pub(crate) fn all(&self) -> Vec<Arc<Topic>> {
        self.by_name.values().cloned().collect()
    }
}

#[derive(Debug)]
pub(crate) struct Topic {
    pub(crate) name: String,
    pub(crate) id: Uuid,
    pub(crate) config: TopicConfig,
    partitions: RwLock<Vec<Arc<Partition>>>,
    fetched: FetchCounters,
}

impl Topic {
    fn new(name: &str, partitions: i32, config: TopicConfig) -> Self {
        let partitions = (0..partitions).map(|_| Arc::default()).collect();
        Self {
            name: name.to_owned(),
            id: Uuid::new_v4(),
            config,
            partitions: RwLock::new(partitions),
            fetched: FetchCounters::default(),
        }
    }

    pub(crate) fn partition(&self, index: i32) -> Option<Arc<Partition>> {
        let index = usize::try_from(index).ok()?;
        read(&self.partitions).get(index).cloned()
    }

    pub(crate) fn partition_count(&self) -> i32 {
        // At most MAX_PARTITIONS.
        read(&self.partitions).len() as i32
    }

    /// Adds empty partitions until there are `count`.
    pub(crate) fn grow(&self, count: i32, validate_only: bool) -> Result<(), TopicError> {
        check_partition_count(&self.name, count)?;
        let mut partitions = write(&self.partitions);
        let missing = (count as usize).saturating_sub(partitions.len());
        if missing == 0 {
            return Err(TopicError::PartitionCount {
                topic: self.name.clone(),
                partitions: count,
            });
        }
        if !validate_only {
            partitions.extend((0..missing).map(|_| Arc::default()));
        }
        Ok(())
    }

    pub(crate) fn count_fetched(&self, read: &LogRead) {
        self.fetched
            .batches
            .fetch_add(read.batches.len() as u64, Ordering::Relaxed);
        self.fetched.records.fetch_add(read.records, Ordering::Relaxed);
        self.fetched
            .size_bytes
            .fetch_add(read.size_bytes as u64, Ordering::Relaxed);
    }

    /// Records the byte limit of a fetch of a partition.
    pub(crate) fn note_limit(&self, limit_bytes: usize) {
        self.fetched
            .limit_bytes
            .fetch_max(limit_bytes as u64, Ordering::Relaxed);
    }

    pub(crate) fn fetched(&self) -> Fetched {
        Fetched {
            batches: self.fetched.batches.load(Ordering::Relaxed),
            records: self.fetched.records.load(Ordering::Relaxed),
            size_bytes: self.fetched.size_bytes.load(Ordering::Relaxed),
            limit_bytes: self.fetched.limit_bytes.load(Ordering::Relaxed),
        }
    }
}

/// Log that many connections share.
#[derive(Debug, Default)]
pub(crate) struct Partition {
    log: Mutex<PartitionLog>,
}

impl Partition {
    pub(crate) fn log(&self) -> std::sync::MutexGuard<'_, PartitionLog> {
        lock(&self.log)
    }
}

/// Totals of the fetches of a topic so far, counted when sent: batches are complete, so a reader that starts
/// or stops inside one receives more records than it requested.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Fetched {
    pub batches: u64,
    /// Number of records, without control records.
    pub records: u64,
    /// Size in bytes as stored, that is compressed.
    pub size_bytes: u64,
    /// Largest number of bytes that a client requested of one partition in one fetch, by both limits of its
    /// request.
    pub limit_bytes: u64,
}

#[derive(Debug, Default)]
struct FetchCounters {
    batches: AtomicU64,
    records: AtomicU64,
    size_bytes: AtomicU64,
    limit_bytes: AtomicU64,
}

/// Settings that this broker applies. Others of Kafka are accepted and have no effect.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TopicConfig {
    /// Whether records get the time at which they are appended, instead of their producer's.
    pub(crate) log_append_time: bool,
    pub(crate) max_message_bytes: i64,
    /// Maximum distance of a record's timestamp into the future.
    pub(crate) timestamp_after_max_ms: i64,
}

impl Default for TopicConfig {
    fn default() -> Self {
        Self {
            log_append_time: false,
            max_message_bytes: 1_048_588,
            timestamp_after_max_ms: 3_600_000,
        }
    }
}

impl TopicConfig {
    /// Reads Kafka's topic settings; a value of `None` requests the default.
    pub(crate) fn from_entries<'a>(
        entries: impl IntoIterator<Item = (&'a str, Option<&'a str>)>,
    ) -> Result<Self, TopicError> {
        let mut config = Self::default();
        for (name, value) in entries {
            let invalid = || TopicError::Config {
                name: name.to_owned(),
                value: value.unwrap_or_default().to_owned(),
            };
            let Some(value) = value else { continue };
            config.set(name, value).ok_or_else(invalid)?;
        }
        Ok(config)
    }

    /// Settings in Kafka's notation.
    pub(crate) fn settings(&self) -> Vec<Setting> {
        let timestamp_type = |config: &Self| match config.log_append_time {
            true => "LogAppendTime".to_owned(),
            false => "CreateTime".to_owned(),
        };
        let default = Self::default();
        let setting = |name, show: &dyn Fn(&Self) -> String| Setting {
            name,
            value: show(self),
            is_default: show(self) == show(&default),
        };
        vec![
            setting("message.timestamp.type", &timestamp_type),
            setting("max.message.bytes", &|config| {
                config.max_message_bytes.to_string()
            }),
            setting("message.timestamp.after.max.ms", &|config| {
                config.timestamp_after_max_ms.to_string()
            }),
        ]
    }

    fn set(&mut self, name: &str, value: &str) -> Option<()> {
        let at_least_zero = || value.parse::<i64>().ok().filter(|number| *number >= 0);
        match (name, value) {
            ("message.timestamp.type", "CreateTime") => self.log_append_time = false,
            ("message.timestamp.type", "LogAppendTime") => self.log_append_time = true,
            ("message.timestamp.type", _) => return None,
            ("max.message.bytes", _) => self.max_message_bytes = at_least_zero()?,
            ("message.timestamp.after.max.ms", _) => self.timestamp_after_max_ms = at_least_zero()?,
            _ => return WITHOUT_EFFECT.contains(&name).then_some(()),
        }
        Some(())
    }
}

/// Topic setting.
#[derive(Debug)]
pub(crate) struct Setting {
    pub(crate) name: &'static str,
    pub(crate) value: String,
    pub(crate) is_default: bool,
}

/// Other topic settings of Kafka, without effect: this broker keeps all records unchanged until they are
/// deleted.
const WITHOUT_EFFECT: [&str; 20] = [
    "cleanup.policy",
    "compression.type",
    "delete.retention.ms",
    "file.delete.delay.ms",
    "flush.messages",
    "flush.ms",
    "index.interval.bytes",
    "max.compaction.lag.ms",
    "message.timestamp.before.max.ms",
    "min.cleanable.dirty.ratio",
    "min.compaction.lag.ms",
    "min.insync.replicas",
    "preallocate",
    "retention.bytes",
    "retention.ms",
    "segment.bytes",
    "segment.index.bytes",
    "segment.jitter.ms",
    "segment.ms",
    "unclean.leader.election.enable",
];

/// Reason why a topic cannot be created, found or changed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TopicError {
    #[error("topic {topic} already exists")]
    Exists { topic: String },
    #[error("topic {topic} does not exist")]
    Unknown { topic: String },
    #[error("topic {topic} has no partition {partition}")]
    UnknownPartition { topic: String, partition: i32 },
    #[error(
        "{topic:?} is not a valid topic name: wanted 1 to {MAX_NAME_BYTES} of a-z, A-Z, 0-9, '.', '_', '-'"
    )]
    Name { topic: String },
    #[error(
        "topic {topic} cannot have {partitions} partitions: wanted more than it has, at most {MAX_PARTITIONS}"
    )]
    PartitionCount { topic: String, partitions: i32 },
    #[error("topic setting {name} = {value:?} is unknown or out of range")]
    Config { name: String, value: String },
    #[error("topic {topic}, partition {partition}: offset {offset} is outside of {start}..={end}")]
    OffsetOutOfRange {
        topic: String,
        partition: i32,
        offset: i64,
        start: i64,
        end: i64,
    },
    #[error("topic {topic}, partition {partition}: {reason}")]
    CorruptLog {
        topic: String,
        partition: i32,
        reason: String,
    },
}

impl TopicError {
    /// Error code for the client.
    pub(crate) fn code(&self) -> ResponseError {
        match self {
            Self::Exists { .. } => ResponseError::TopicAlreadyExists,
            Self::Unknown { .. } | Self::UnknownPartition { .. } => ResponseError::UnknownTopicOrPartition,
            Self::Name { .. } => ResponseError::InvalidTopicException,
            Self::PartitionCount { .. } => ResponseError::InvalidPartitions,
            Self::Config { .. } => ResponseError::InvalidConfig,
            Self::OffsetOutOfRange { .. } => ResponseError::OffsetOutOfRange,
            Self::CorruptLog { .. } => ResponseError::CorruptMessage,
        }
    }
}

/// Checks Kafka's rule for topic names.
pub(crate) fn check_name(name: &str) -> Result<(), TopicError> {
    let legal = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-');
    let fits = (1..=MAX_NAME_BYTES).contains(&name.len()) && name.bytes().all(legal);
    if fits && name != "." && name != ".." {
        Ok(())
    } else {
        Err(TopicError::Name {
            topic: name.to_owned(),
        })
    }
}

fn check_partition_count(topic: &str, partitions: i32) -> Result<(), TopicError> {
    if (1..=MAX_PARTITIONS).contains(&partitions) {
        return Ok(());
    }
    Err(TopicError::PartitionCount {
        topic: topic.to_owned(),
        partitions,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn topics_with(name: &str) -> (Topics, Arc<Topic>) {
        let mut topics = Topics::default();
        let topic = topics.create(name, 2, TopicConfig::default()).unwrap();
        (topics, topic)
    }

    #[test]
    fn finds_a_topic_by_name_and_by_id_until_it_is_removed() {
        let (mut topics, topic) = topics_with("orders");
        assert!(topics.named("orders").is_some() && topics.identified(topic.id).is_some());
        topics.remove(&topic);
        assert!(topics.named("orders").is_none() && topics.identified(topic.id).is_none());
    }

    #[test]
    fn refuses_a_second_topic_of_the_same_name() {
        let (mut topics, _) = topics_with("orders");
        let second = topics.create("orders", 1, TopicConfig::default());
        assert_eq!(
            second.unwrap_err(),
            TopicError::Exists {
                topic: "orders".into()
            }
        );
    }

    #[test]
    fn refuses_illegal_names() {
        for name in ["", ".", "..", "a b", "ü", "a/b", &"x".repeat(250)] {
            assert!(check_name(name).is_err(), "{name:?}");
        }
        for name in ["a", "a.b_c-D9", &"x".repeat(249)] {
            assert_eq!(check_name(name), Ok(()), "{name:?}");
        }
    }

    #[test]
    fn refuses_no_partitions_and_far_too_many() {
        let mut topics = Topics::default();
        for partitions in [-1, 0, MAX_PARTITIONS + 1] {
            assert!(
                topics
                    .create("orders", partitions, TopicConfig::default())
                    .is_err(),
                "{partitions}"
            );
        }
    }

    #[test]
    fn grows_but_never_shrinks() {
        let (_, topic) = topics_with("orders");
        assert!(topic.grow(2, false).is_err() && topic.grow(1, false).is_err());
        topic.grow(4, true).unwrap();
        assert_eq!(topic.partition_count(), 2);
        topic.grow(4, false).unwrap();
        assert_eq!(topic.partition_count(), 4);
    }

    #[test]
    fn reads_settings_and_refuses_unknown_ones() {
        let entries = [
            ("message.timestamp.type", Some("LogAppendTime")),
            ("max.message.bytes", Some("10")),
            ("retention.ms", Some("1")),
        ];
        let config = TopicConfig::from_entries(entries).unwrap();
        assert!(config.log_append_time);
        assert_eq!(config.max_message_bytes, 10);
        for (name, value) in [
            ("message.timestamp.type", "x"),
            ("max.message.bytes", "-1"),
            ("no.such.setting", "1"),
        ] {
            assert!(
                TopicConfig::from_entries([(name, Some(value))]).is_err(),
                "{name}"
            );
        }
    }
}
