//! Handlers of requests, one file for each family of apis.

pub(crate) mod cluster;
pub(crate) mod configs;
pub(crate) mod fetch;
pub(crate) mod offsets;
pub(crate) mod produce;
pub(crate) mod topics;
pub(crate) mod transactions;

use std::sync::Arc;

use kafka_protocol::ResponseError;

use super::batch::LEADER_EPOCH;
use super::broker::Broker;
use super::topics::{Partition, Topic};

/// Error code of a result, 0 for success.
fn code_of<T>(outcome: &Result<T, ResponseError>) -> i16 {
    outcome.as_ref().err().map_or(0, ResponseError::code)
}

fn partition_of(topic: Option<&Arc<Topic>>, index: i32) -> Result<Arc<Partition>, ResponseError> {
    topic
        .and_then(|topic| topic.partition(index))
        .ok_or(ResponseError::UnknownTopicOrPartition)
}

fn named_partition(broker: &Broker, topic: &str, index: i32) -> Result<Arc<Partition>, ResponseError> {
    partition_of(broker.topic(topic).as_ref(), index)
}

/// Checks the leader epoch that a client knows; -1 if none.
fn check_leader_epoch(stated: i32) -> Result<(), ResponseError> {
    match stated {
        -1 | LEADER_EPOCH => Ok(()),
        newer if newer > LEADER_EPOCH => Err(ResponseError::UnknownLeaderEpoch),
        _ => Err(ResponseError::FencedLeaderEpoch),
    }
}
