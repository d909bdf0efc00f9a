//! Producer identities and transactions.

use kafka_protocol::ResponseError;
use kafka_protocol::messages::add_partitions_to_txn_request::AddPartitionsToTxnTopic;
use kafka_protocol::messages::add_partitions_to_txn_response::{
    AddPartitionsToTxnPartitionResult, AddPartitionsToTxnTopicResult,
};
use kafka_protocol::messages::{
    AddPartitionsToTxnRequest, AddPartitionsToTxnResponse, EndTxnRequest, EndTxnResponse,
    InitProducerIdRequest, InitProducerIdResponse, ProducerId,
};

use super::named_partition;
use crate::kafka::batch::{NO_PRODUCER_ID, Outcome, ProducerIdentity};
use crate::kafka::broker::Broker;
use crate::kafka::locks::lock;

/// First versions of each api whose clients know the error of a fenced producer; earlier ones know invalid
/// epochs.
mod first_with_fencing {
    pub(super) const INIT_PRODUCER_ID: i16 = 4;
    pub(super) const ADD_PARTITIONS_TO_TXN: i16 = 2;
    pub(super) const END_TXN: i16 = 2;
}

pub(crate) fn init_producer_id(
    broker: &Broker,
    request: &InitProducerIdRequest,
    version: i16,
) -> InitProducerIdResponse {
    let outcome = producer_for(broker, request);
    match outcome {
        Ok(producer) => InitProducerIdResponse::default()
            .with_producer_id(ProducerId(producer.id))
            .with_producer_epoch(producer.epoch),
        Err(error) => InitProducerIdResponse::default()
            .with_error_code(error_for(error, version >= first_with_fencing::INIT_PRODUCER_ID).code())
            .with_producer_id(ProducerId(NO_PRODUCER_ID))
            .with_producer_epoch(-1),
    }
}

fn producer_for(broker: &Broker, request: &InitProducerIdRequest) -> Result<ProducerIdentity, ResponseError> {
    let mut transactions = lock(&broker.transactions);
    let Some(transactional_id) = &request.transactional_id else {
        return Ok(transactions.new_producer());
    };
    let claimed = ProducerIdentity {
        id: request.producer_id.0,
        epoch: request.producer_epoch,
    };
    let claimed = Some(claimed).filter(|claimed| claimed.id != NO_PRODUCER_ID);
    let (producer, left_open) =
        transactions.init(transactional_id, request.transaction_timeout_ms, claimed)?;
    if let Some(ended) = left_open {
        broker.write_markers(&ended);
    }
    Ok(producer)
}

/// Adds all partitions, or none.
pub(crate) fn add_partitions_to_txn(
    broker: &Broker,
    request: &AddPartitionsToTxnRequest,
    version: i16,
) -> AddPartitionsToTxnResponse {
    let topics = &request.v3_and_below_topics;
    let exists = |topic: &str, partition: i32| named_partition(broker, topic, partition).is_ok();
    let all_exist = partitions_of(topics).all(|(topic, partition)| exists(topic, partition));
    let added = if all_exist {
        add_partitions(broker, request)
    } else {
        Err(ResponseError::OperationNotAttempted)
    };
    let code = added.map_or_else(
        |error| error_for(error, version >= first_with_fencing::ADD_PARTITIONS_TO_TXN).code(),
        |()| 0,
    );
    let results = topics.iter().map(|topic| {
        let partitions = topic.partitions.iter().map(|partition| {
            let missing = !exists(&topic.name, *partition);
            let code = if missing {
                ResponseError::UnknownTopicOrPartition.code()
            } else {
                code
            };
            AddPartitionsToTxnPartitionResult::default()
                .with_partition_index(*partition)
                .with_partition_error_code(code)
        });
        AddPartitionsToTxnTopicResult::default()
            .with_name(topic.name.clone())
            .with_results_by_partition(partitions.collect())
    });
    AddPartitionsToTxnResponse::default().with_results_by_topic_v3_and_below(results.collect())
}

fn add_partitions(broker: &Broker, request: &AddPartitionsToTxnRequest) -> Result<(), ResponseError> {
    let producer = ProducerIdentity {
        id: request.v3_and_below_producer_id.0,
        epoch: request.v3_and_below_producer_epoch,
    };
    let added =
        partitions_of(&request.v3_and_below_topics).map(|(topic, partition)| (topic.to_owned(), partition));
    lock(&broker.transactions).add_partitions(&request.v3_and_below_transactional_id, producer, added)
}

fn partitions_of(topics: &[AddPartitionsToTxnTopic]) -> impl Iterator<Item = (&str, i32)> {
    topics.iter().flat_map(|topic| {
        topic
            .partitions
            .iter()
            .map(|partition| (topic.name.as_str(), *partition))
    })
}

pub(crate) fn end_txn(broker: &Broker, request: &EndTxnRequest, version: i16) -> EndTxnResponse {
    let producer = ProducerIdentity {
        id: request.producer_id.0,
        epoch: request.producer_epoch,
    };
    let outcome = if request.committed {
        Outcome::Commit
    } else {
        Outcome::Abort
    };
    let mut transactions = lock(&broker.transactions);
    let code = match transactions.end(&request.transactional_id, producer, outcome) {
        Ok(ended) => {
            ended.iter().for_each(|ended| broker.write_markers(ended));
            0
        }
        Err(error) => error_for(error, version >= first_with_fencing::END_TXN).code(),
    };
    EndTxnResponse::default().with_error_code(code)
}

fn error_for(error: ResponseError, knows_fencing: bool) -> ResponseError {
    match error {
        ResponseError::ProducerFenced if !knows_fencing => ResponseError::InvalidProducerEpoch,
        other => other,
    }
}
