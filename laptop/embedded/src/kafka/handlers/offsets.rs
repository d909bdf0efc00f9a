//! Offsets of logs: both ends, by time, and deletion up to an offset.

use kafka_protocol::ResponseError;
use kafka_protocol::messages::delete_records_response::{
    DeleteRecordsPartitionResult, DeleteRecordsTopicResult,
};
use kafka_protocol::messages::list_offsets_request::ListOffsetsPartition;
use kafka_protocol::messages::list_offsets_response::{
    ListOffsetsPartitionResponse, ListOffsetsTopicResponse,
};
use kafka_protocol::messages::offset_for_leader_epoch_request::OffsetForLeaderPartition;
use kafka_protocol::messages::offset_for_leader_epoch_response::{
    EpochEndOffset, OffsetForLeaderTopicResult,
};
use kafka_protocol::messages::{
    DeleteRecordsRequest, DeleteRecordsResponse, ListOffsetsRequest, ListOffsetsResponse,
    OffsetForLeaderEpochRequest, OffsetForLeaderEpochResponse,
};

use super::{check_leader_epoch, code_of, named_partition};
use crate::kafka::batch::{BatchError, LEADER_EPOCH};
use crate::kafka::broker::Broker;
use crate::kafka::log::Isolation;

/// Value for "no such offset", "no such epoch" and "no timestamp".
const NONE: i64 = -1;

/// Special timestamps.
mod asks_for {
    pub(super) const LATEST: i64 = -1;
    pub(super) const EARLIEST: i64 = -2;
    pub(super) const MAX_TIMESTAMP: i64 = -3;
    pub(super) const EARLIEST_LOCAL: i64 = -4;
    pub(super) const LATEST_TIERED: i64 = -5;
}

/// First version of `ListOffsets` with leader epochs.
const FIRST_LIST_WITH_EPOCHS: i16 = 4;

/// Offset in `DeleteRecords` that means the high watermark.
const HIGH_WATERMARK: i64 = -1;

pub(crate) fn list_offsets(
    broker: &Broker,
    request: ListOffsetsRequest,
    version: i16,
) -> ListOffsetsResponse {
    let isolation = Isolation::from_wire(request.isolation_level);
    let topics = request.topics.into_iter().map(|topic| {
        let partitions = topic.partitions.iter().map(|wanted| {
            let found = list_offset(broker, &topic.name, wanted, isolation);
            let (offset, timestamp) = *found.as_ref().unwrap_or(&(NONE, NONE));
            ListOffsetsPartitionResponse::default()
                .with_partition_index(wanted.partition_index)
                .with_error_code(code_of(&found))
                .with_offset(offset)
                .with_timestamp(timestamp)
                .with_leader_epoch(leader_epoch(offset, version))
        });
        let partitions = partitions.collect();
        ListOffsetsTopicResponse::default()
            .with_name(topic.name)
            .with_partitions(partitions)
    });
    ListOffsetsResponse::default().with_topics(topics.collect())
}

/// Earlier versions have no such field, and the codec rejects a value that a version cannot carry.
fn leader_epoch(offset: i64, version: i16) -> i32 {
    if offset == NONE || version < FIRST_LIST_WITH_EPOCHS {
        -1
    } else {
        LEADER_EPOCH
    }
}

/// Offset and timestamp, each -1 if there is none.
fn list_offset(
    broker: &Broker,
    topic: &str,
    wanted: &ListOffsetsPartition,
    isolation: Isolation,
) -> Result<(i64, i64), ResponseError> {
    let partition = named_partition(broker, topic, wanted.partition_index)?;
    check_leader_epoch(wanted.current_leader_epoch)?;
    let log = partition.log();
    let found = match wanted.timestamp {
        asks_for::LATEST => return Ok((log.readable_end(isolation), NONE)),
        asks_for::EARLIEST | asks_for::EARLIEST_LOCAL => return Ok((log.offsets().start, NONE)),
        asks_for::LATEST_TIERED => return Ok((NONE, NONE)),
        asks_for::MAX_TIMESTAMP => log.latest_timestamp(isolation),
        timestamp_ms if timestamp_ms < 0 => return Err(ResponseError::UnsupportedVersion),
        timestamp_ms => log.first_at_or_after(timestamp_ms, isolation),
    };
    Ok(found
        .map_err(|error: BatchError| error.code())?
        .unwrap_or((NONE, NONE)))
}

pub(crate) fn delete_records(broker: &Broker, request: DeleteRecordsRequest) -> DeleteRecordsResponse {
    let topics = request.topics.into_iter().map(|topic| {
        let partitions = topic.partitions.iter().map(|wanted| {
            let start = delete_before(broker, &topic.name, wanted.partition_index, wanted.offset);
            DeleteRecordsPartitionResult::default()
                .with_partition_index(wanted.partition_index)
                .with_error_code(code_of(&start))
                .with_low_watermark(start.unwrap_or(NONE))
        });
        let partitions = partitions.collect();
        DeleteRecordsTopicResult::default()
            .with_name(topic.name)
            .with_partitions(partitions)
    });
    let response = DeleteRecordsResponse::default().with_topics(topics.collect());
    broker.announce_change();
    response
}

fn delete_before(broker: &Broker, topic: &str, index: i32, offset: i64) -> Result<i64, ResponseError> {
    let partition = named_partition(broker, topic, index)?;
    let mut log = partition.log();
    let offset = if offset == HIGH_WATERMARK {
        log.offsets().end
    } else {
        offset
    };
    log.advance_start(offset)
}

/// Clients use this request to find out whether the log was truncated since they read it (KIP-320).
pub(crate) fn offset_for_leader_epoch(
    broker: &Broker,
    request: OffsetForLeaderEpochRequest,
) -> OffsetForLeaderEpochResponse {
    let topics = request.topics.into_iter().map(|topic| {
        let partitions = topic.partitions.iter().map(|wanted| {
            let found = epoch_end(broker, &topic.topic, wanted);
            let (leader_epoch, end_offset) = *found.as_ref().unwrap_or(&(-1, NONE));
            EpochEndOffset::default()
                .with_partition(wanted.partition)
                .with_error_code(code_of(&found))
                .with_leader_epoch(leader_epoch)
                .with_end_offset(end_offset)
        });
        let partitions = partitions.collect();
        OffsetForLeaderTopicResult::default()
            .with_topic(topic.topic)
            .with_partitions(partitions)
    });
    OffsetForLeaderEpochResponse::default().with_topics(topics.collect())
}

fn epoch_end(
    broker: &Broker,
    topic: &str,
    wanted: &OffsetForLeaderPartition,
) -> Result<(i32, i64), ResponseError> {
    let partition = named_partition(broker, topic, wanted.partition)?;
    check_leader_epoch(wanted.current_leader_epoch)?;
    if wanted.leader_epoch != LEADER_EPOCH {
        return Ok((-1, NONE));
    }
    Ok((LEADER_EPOCH, partition.log().offsets().end))
}
