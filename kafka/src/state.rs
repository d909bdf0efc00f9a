//! State of a topic's partitions and consumer groups at one moment, without records.

/// State of one partition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PartitionState {
    pub partition: i32,
    /// Number of the broker that leads the partition; `None` while it has no leader.
    pub leader: Option<i32>,
    pub replicas: Vec<i32>,
    pub in_sync_replicas: Vec<i32>,
    /// `None` while the partition has no leader: only a leader answers questions about the log.
    pub log: Option<LogState>,
}

/// Ends of a partition's log, and the timestamps in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LogState {
    /// Earliest offset of the log.
    pub earliest_offset: i64,
    /// High watermark: one past the last record, also of open transactions.
    pub latest_offset: i64,
    /// Last stable offset: one past the last record before the first open transaction.
    pub last_stable_offset: i64,
    /// Timestamp of the first record that has one, in milliseconds since 1970.
    pub first_timestamp_ms: Option<i64>,
    /// Greatest timestamp of a record. `None` also if the brokers are older than 3.0, unless the first record has it.
    pub newest_timestamp_ms: Option<i64>,
}

/// Offset from which a consumer group continues in one partition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommittedOffset {
    pub group: String,
    pub partition: i32,
    /// Next offset that the group reads.
    pub offset: i64,
    /// Number of offsets from there to the latest; `None` while the partition has no leader, which knows the latest.
    pub lag: Option<i64>,
}
