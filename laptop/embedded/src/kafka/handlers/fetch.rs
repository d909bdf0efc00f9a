//! Fetch: a long poll over any number of partitions.

use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use kafka_protocol::ResponseError;
use kafka_protocol::messages::fetch_request::{FetchPartition, FetchTopic};
use kafka_protocol::messages::fetch_response::{AbortedTransaction, FetchableTopicResponse, PartitionData};
use kafka_protocol::messages::{FetchRequest, FetchResponse, ProducerId};
use tokio::time::{Instant, sleep_until};

use super::{check_leader_epoch, partition_of};
use crate::kafka::broker::Broker;
use crate::kafka::locks::read;
use crate::kafka::log::{Isolation, LogRead};
use crate::kafka::topics::Topic;

/// Default of Kafka's broker setting `fetch.max.bytes`.
const MAX_RESPONSE_BYTES: usize = 57_671_680;
/// First version that names topics by their ids.
const FIRST_VERSION_WITH_IDS: i16 = 13;

/// Responds as soon as `min_bytes` are available, some partition fails, or the client's wait time is over.
///
/// Fetch sessions
/// ([KIP-227](https://cwiki.apache.org/confluence/display/KAFKA/KIP-227%3A+Introduce+Incremental+FetchRequests+to+Increase+Partition+Scalability))
/// are not supported: the response has session 0, upon which clients continue to list all their partitions.
pub(crate) async fn fetch(broker: &Broker, request: FetchRequest, version: i16) -> FetchResponse {
    if request.session_id != 0 {
        return FetchResponse::default().with_error_code(ResponseError::FetchSessionIdNotFound.code());
    }
    let patience = Duration::from_millis(request.max_wait_ms.max(0).unsigned_abs().into());
    let deadline = Instant::now() + patience;
    let wanted_bytes = usize_of(request.min_bytes).min(usize_of(request.max_bytes));
    let mut changes = broker.changes();
    loop {
        changes.borrow_and_update();
        let gathered = gather(broker, &request, version);
        let enough = gathered.size_bytes >= wanted_bytes || gathered.failed || gathered.topics.is_empty();
        if enough || Instant::now() >= deadline {
            return gathered.into_response(Isolation::from_wire(request.isolation_level));
        }
        tokio::select! {
            _ = changes.changed() => {}
            () = sleep_until(deadline) => {}
        }
    }
}

/// Result of one pass over all partitions of the request; records are still shared with the logs.
struct Gathered<'a> {
    topics: Vec<GatheredTopic<'a>>,
    size_bytes: usize,
    failed: bool,
}

struct GatheredTopic<'a> {
    wanted: &'a FetchTopic,
    topic: Option<Arc<Topic>>,
    partitions: Vec<(i32, Result<LogRead, ResponseError>)>,
}

fn gather<'a>(broker: &Broker, request: &'a FetchRequest, version: i16) -> Gathered<'a> {
    let isolation = Isolation::from_wire(request.isolation_level);
    let limit_bytes = usize_of(request.max_bytes).min(MAX_RESPONSE_BYTES);
    let mut gathered = Gathered {
        topics: Vec::with_capacity(request.topics.len()),
        size_bytes: 0,
        failed: false,
    };
    for wanted in &request.topics {
        let topic = find_topic(broker, wanted, version);
        let mut partitions = Vec::with_capacity(wanted.partitions.len());
        for partition in &wanted.partitions {
            let left_bytes = limit_bytes.saturating_sub(gathered.size_bytes);
            let whole_first = gathered.size_bytes == 0;
            let outcome = topic
                .as_ref()
                .map_err(|error| *error)
                .and_then(|topic| read_partition(topic, partition, left_bytes, whole_first, isolation));
            match &outcome {
                Ok(read) => gathered.size_bytes += read.size_bytes,
                Err(_) => gathered.failed = true,
            }
            partitions.push((partition.partition, outcome));
        }
        gathered.topics.push(GatheredTopic {
            wanted,
            topic: topic.ok(),
            partitions,
        });
    }
    gathered
}

fn find_topic(broker: &Broker, wanted: &FetchTopic, version: i16) -> Result<Arc<Topic>, ResponseError> {
    if version >= FIRST_VERSION_WITH_IDS {
        return read(&broker.topics)
            .identified(wanted.topic_id)
            .ok_or(ResponseError::UnknownTopicId);
    }
    broker
        .topic(&wanted.topic)
        .ok_or(ResponseError::UnknownTopicOrPartition)
}

/// Reads a partition. The first batch of the whole response is complete, whatever the limits: otherwise a
/// reader could never get past it (KIP-74).
fn read_partition(
    topic: &Arc<Topic>,
    wanted: &FetchPartition,
    left_bytes: usize,
    whole_first: bool,
    isolation: Isolation,
) -> Result<LogRead, ResponseError> {
    let max_bytes = usize_of(wanted.partition_max_bytes).min(left_bytes);
    topic.note_limit(max_bytes);
    let partition = partition_of(Some(topic), wanted.partition)?;
    check_leader_epoch(wanted.current_leader_epoch)?;
    partition
        .log()
        .read(wanted.fetch_offset, max_bytes, whole_first, isolation)
}

impl Gathered<'_> {
    fn into_response(self, isolation: Isolation) -> FetchResponse {
        let topics = self.topics.into_iter().map(|gathered| {
            let (wanted, topic) = (gathered.wanted, gathered.topic);
            let partitions = gathered.partitions.into_iter().map(|(index, outcome)| {
                if let (Some(topic), Ok(read)) = (&topic, &outcome) {
                    topic.count_fetched(read);
                }
                partition_data(index, outcome, isolation)
            });
            FetchableTopicResponse::default()
                .with_topic(wanted.topic.clone())
                .with_topic_id(wanted.topic_id)
                .with_partitions(partitions.collect())
        });
        FetchResponse::default().with_responses(topics.collect())
    }
}

fn partition_data(
    index: i32,
    outcome: Result<LogRead, ResponseError>,
    isolation: Isolation,
) -> PartitionData {
    let data = PartitionData::default()
        .with_partition_index(index)
        .with_aborted_transactions(None);
    match outcome {
        Ok(read) => data
            .with_high_watermark(read.offsets.end)
            .with_last_stable_offset(read.offsets.last_stable)
            .with_log_start_offset(read.offsets.start)
            .with_aborted_transactions(
                (isolation == Isolation::ReadCommitted).then(|| aborted_transactions(&read)),
            )
            .with_records(Some(joined(read.batches))),
        Err(error) => data
            .with_error_code(error.code())
            .with_high_watermark(-1)
            .with_last_stable_offset(-1)
            .with_log_start_offset(-1)
            .with_records(Some(Bytes::new())),
    }
}

fn aborted_transactions(read: &LogRead) -> Vec<AbortedTransaction> {
    let aborted = read.aborted.iter().map(|transaction| {
        AbortedTransaction::default()
            .with_producer_id(ProducerId(transaction.producer_id))
            .with_first_offset(transaction.first_offset)
    });
    aborted.collect()
}

fn joined(mut batches: Vec<Bytes>) -> Bytes {
    if batches.len() <= 1 {
        return batches.pop().unwrap_or_default();
    }
    let mut records = BytesMut::with_capacity(batches.iter().map(Bytes::len).sum());
    batches.iter().for_each(|batch| records.extend_from_slice(batch));
    records.freeze()
}

/// Limit as a size; a negative one is unlimited.
fn usize_of(limit: i32) -> usize {
    usize::try_from(limit).unwrap_or(0)
}
