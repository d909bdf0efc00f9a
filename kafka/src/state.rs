//! What a topic's partitions and its consumer groups are like at one moment, records apart.

/// One partition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PartitionState {
    pub partition: i32,
    /// `None` while there is none.
    pub leader: Option<i32>,
    pub replicas: Vec<i32>,
    pub in_sync_replicas: Vec<i32>,
    /// The earliest offset there is.
    pub earliest_offset: i64,
    /// One past the last record, of whatever transaction: the high watermark.
    pub latest_offset: i64,
    /// One past the last record whose transaction, if it is of one, is over.
    pub last_stable_offset: i64,
    /// Timestamp of the first record that has one, in milliseconds since 1970.
    pub first_timestamp_ms: Option<i64>,
    /// The greatest timestamp of a record; `None` also if the brokers are older than 3.0.
    pub newest_timestamp_ms: Option<i64>,
}

/// Where a consumer group goes on in one partition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommittedOffset {
    pub group: String,
    pub partition: i32,
    /// The next offset that the group reads.
    pub offset: i64,
    /// Offsets from there to the latest.
    pub lag: i64,
}
