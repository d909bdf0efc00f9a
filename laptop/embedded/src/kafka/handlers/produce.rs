//! Produce: appends records.

use std::sync::{Arc, MutexGuard};

use bytes::Bytes;
use kafka_protocol::ResponseError;
use kafka_protocol::messages::produce_request::{PartitionProduceData, TopicProduceData};
use kafka_protocol::messages::produce_response::{PartitionProduceResponse, TopicProduceResponse};
use kafka_protocol::messages::{ProduceRequest, ProduceResponse, TransactionalId};
use kafka_protocol::protocol::StrBytes;

use super::partition_of;
use crate::kafka::batch::RecordBatch;
use crate::kafka::broker::{Broker, now_ms};
use crate::kafka::locks::lock;
use crate::kafka::producers::Appended;
use crate::kafka::topics::Topic;
use crate::kafka::transactions::Transactions;

pub(crate) fn produce(broker: &Broker, request: ProduceRequest) -> ProduceResponse {
    let acks = request.acks;
    // Held until everything is appended, so that no transaction ends in between.
    let mut transaction = request.transactional_id.map(|id| Transaction {
        id,
        coordinator: lock(&broker.transactions),
    });
    let topics = request
        .topic_data
        .into_iter()
        .map(|data| produce_to_topic(broker, data, acks, &mut transaction));
    let response = ProduceResponse::default().with_responses(topics.collect());
    drop(transaction);
    broker.announce_change();
    response
}

/// Transactional id of the request, and its coordinator.
struct Transaction<'a> {
    id: TransactionalId,
    coordinator: MutexGuard<'a, Transactions>,
}

fn produce_to_topic(
    broker: &Broker,
    data: TopicProduceData,
    acks: i16,
    transaction: &mut Option<Transaction<'_>>,
) -> TopicProduceResponse {
    let topic = broker.topic(&data.name);
    let partitions = data.partition_data.into_iter().map(|partition| {
        let index = partition.index;
        let outcome = check_acks(acks).and_then(|()| append(topic.as_ref(), partition, transaction));
        partition_response(index, &outcome)
    });
    TopicProduceResponse::default()
        .with_name(data.name)
        .with_partition_responses(partitions.collect())
}

/// Position of the appended records, and the log start at that time; or the error code and message for the
/// client.
type Outcome = Result<(Appended, i64), Rejected>;

struct Rejected {
    code: ResponseError,
    reason: Option<String>,
}

impl From<ResponseError> for Rejected {
    fn from(code: ResponseError) -> Self {
        Self { code, reason: None }
    }
}

fn check_acks(acks: i16) -> Result<(), Rejected> {
    if (-1..=1).contains(&acks) {
        Ok(())
    } else {
        Err(ResponseError::InvalidRequiredAcks.into())
    }
}

fn append(
    topic: Option<&Arc<Topic>>,
    data: PartitionProduceData,
    transaction: &mut Option<Transaction<'_>>,
) -> Outcome {
    let partition = partition_of(topic, data.index)?;
    let topic = topic.ok_or(ResponseError::UnknownTopicOrPartition)?;
    let now_ms = now_ms();
    let batch = checked_batch(topic, data.records.unwrap_or_default(), now_ms)?;
    if batch.is_transactional() {
        verify_transaction(topic, data.index, &batch, transaction)?;
    }
    let mut log = partition.log();
    let appended = log.append(&batch, topic.config.log_append_time.then_some(now_ms))?;
    Ok((appended, log.offsets().start))
}

fn checked_batch(topic: &Topic, records: Bytes, now_ms: i64) -> Result<RecordBatch, Rejected> {
    let size_bytes = records.len() as i64;
    let batch = RecordBatch::parse(records).and_then(|batch| batch.check_produced().map(|()| batch));
    let batch = batch.map_err(|error| Rejected {
        code: error.code(),
        reason: Some(error.to_string()),
    })?;
    if size_bytes > topic.config.max_message_bytes {
        return Err(ResponseError::MessageTooLarge.into());
    }
    if !topic.config.log_append_time {
        let latest_ms = now_ms.saturating_add(topic.config.timestamp_after_max_ms);
        if batch.max_timestamp_ms() > latest_ms {
            return Err(ResponseError::InvalidTimestamp.into());
        }
    }
    Ok(batch)
}

fn verify_transaction(
    topic: &Topic,
    index: i32,
    batch: &RecordBatch,
    transaction: &mut Option<Transaction<'_>>,
) -> Result<(), ResponseError> {
    // Kafka's response to transactional records in a request without a transaction.
    let transaction = transaction
        .as_mut()
        .ok_or(ResponseError::TransactionalIdAuthorizationFailed)?;
    let producer = batch.producer().ok_or(ResponseError::InvalidRecord)?;
    transaction
        .coordinator
        .verify(&transaction.id, producer, &(topic.name.clone(), index))
}

fn partition_response(index: i32, outcome: &Outcome) -> PartitionProduceResponse {
    let response = PartitionProduceResponse::default().with_index(index);
    match outcome {
        Ok((appended, log_start)) => response
            .with_base_offset(appended.base_offset)
            .with_log_append_time_ms(appended.log_append_time_ms.unwrap_or(-1))
            .with_log_start_offset(*log_start),
        Err(rejected) => response
            .with_error_code(rejected.code.code())
            .with_error_message(rejected.reason.clone().map(StrBytes::from_string))
            .with_base_offset(-1)
            .with_log_append_time_ms(-1)
            .with_log_start_offset(-1),
    }
}
