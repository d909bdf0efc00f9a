//! Check whether a range that returns no records is empty.
//!
//! A reader of committed records can wait in vain: if compaction has removed every batch between its position
//! and a transaction that is still open, the response ends at the last stable offset before it holds anything
//! ([`LogSegment.read`](https://github.com/apache/kafka/blob/trunk/storage/src/main/java/org/apache/kafka/storage/internals/log/LogSegment.java)),
//! and no response contains the offset at which to continue. An empty response is not a proof, since
//! throttled brokers and those with tiered storage (KIP-405) send it, too. A reader of uncommitted records
//! sees the next record, of the open transaction or after it, and all that the other reader sees: what it
//! does not see before that does not exist.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use crate::client::Client;
use crate::error::KafkaError;
use crate::librdkafka::fetch::{Fetched, PartitionFetch};
use crate::look_up::LookUp;
use crate::offsets::{PlannedRange, TopicPartition};

/// Time to wait for records before deadline and cancellation are checked again.
const POLL_LIMIT: Duration = Duration::from_millis(100);

/// Whether the range of `planned` holds no record from `position` on, of whatever transaction. Also false if
/// that is not known before `deadline`.
///
/// `client` must see uncommitted records.
///
/// # Errors
/// As [`LookUp::partition`].
pub(crate) fn is_without_records(
    client: &Client,
    planned: &PlannedRange,
    position: i64,
    deadline: Instant,
    cancelled: &AtomicBool,
) -> Result<bool, KafkaError> {
    let TopicPartition { topic, partition } = &planned.topic_partition;
    let end = planned.range.end();
    // Also connects a new client to the leader.
    let watermarks = LookUp::new(client, topic, deadline, cancelled).partition(planned)?;
    let Ok(mut fetch) = PartitionFetch::start(client, topic, *partition, position) else {
        return Ok(false);
    };
    while watermarks.high >= end && Instant::now() < deadline && !cancelled.load(Ordering::Relaxed) {
        let next = fetch.poll(POLL_LIMIT, |fetched| match fetched {
            Fetched::Record(record) => Some(record.offset >= end),
            Fetched::EndOfPartition { offset } => Some(offset >= end),
            Fetched::WithoutRecords { .. } => None,
            Fetched::Failed { .. } => Some(false),
        });
        if let Some(is_without_records) = next.flatten() {
            return Ok(is_without_records);
        }
    }
    Ok(false)
}
