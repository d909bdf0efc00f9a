//! Creation, extension and deletion of topics.

use std::collections::BTreeMap;
use std::sync::Arc;

use kafka_protocol::ResponseError;
use kafka_protocol::messages::create_partitions_request::CreatePartitionsTopic;
use kafka_protocol::messages::create_partitions_response::CreatePartitionsTopicResult;
use kafka_protocol::messages::create_topics_request::CreatableTopic;
use kafka_protocol::messages::create_topics_response::CreatableTopicResult;
use kafka_protocol::messages::delete_topics_request::DeleteTopicState;
use kafka_protocol::messages::delete_topics_response::DeletableTopicResult;
use kafka_protocol::messages::{
    CreatePartitionsRequest, CreatePartitionsResponse, CreateTopicsRequest, CreateTopicsResponse,
    DeleteTopicsRequest, DeleteTopicsResponse, TopicName,
};
use kafka_protocol::protocol::StrBytes;
use uuid::Uuid;

use crate::kafka::broker::Broker;
use crate::kafka::locks::{read, write};
use crate::kafka::topics::{Topic, TopicConfig, TopicError};

/// Number of partitions or replicas that requests the broker's default.
const DEFAULT: i32 = -1;
const DEFAULT_PARTITIONS: i32 = 1;
/// Replication factor, since there is one broker.
const REPLICAS: i16 = 1;
/// First version that can name topics by their ids.
const FIRST_DELETE_WITH_IDS: i16 = 6;

pub(crate) fn create_topics(broker: &Broker, request: CreateTopicsRequest) -> CreateTopicsResponse {
    let mut mentions = BTreeMap::<TopicName, Vec<CreatableTopic>>::new();
    for topic in request.topics {
        mentions.entry(topic.name.clone()).or_default().push(topic);
    }
    let topics = mentions.into_iter().map(|(name, topics)| match &topics[..] {
        [topic] => create_topic(broker, topic, request.validate_only),
        _ => CreatableTopicResult::default()
            .with_name(name)
            .with_error_code(ResponseError::InvalidRequest.code()),
    });
    CreateTopicsResponse::default().with_topics(topics.collect())
}

fn create_topic(broker: &Broker, wanted: &CreatableTopic, validate_only: bool) -> CreatableTopicResult {
    let result = CreatableTopicResult::default()
        .with_name(wanted.name.clone())
        .with_configs(None);
    if !wanted.assignments.is_empty() {
        return result.with_error_code(ResponseError::InvalidReplicaAssignment.code());
    }
    if !matches!(wanted.replication_factor, -1 | REPLICAS) {
        return result.with_error_code(ResponseError::InvalidReplicationFactor.code());
    }
    let partitions = if wanted.num_partitions == DEFAULT {
        DEFAULT_PARTITIONS
    } else {
        wanted.num_partitions
    };
    match make_topic(broker, wanted, partitions, validate_only) {
        Ok(id) => result
            .with_topic_id(id)
            .with_num_partitions(partitions)
            .with_replication_factor(REPLICAS),
        Err(error) => result
            .with_error_code(error.code().code())
            .with_error_message(words(&error)),
    }
}

fn make_topic(
    broker: &Broker,
    wanted: &CreatableTopic,
    partitions: i32,
    validate_only: bool,
) -> Result<Uuid, TopicError> {
    let entries = wanted
        .configs
        .iter()
        .map(|entry| (entry.name.as_str(), entry.value.as_deref()));
    let config = TopicConfig::from_entries(entries)?;
    let mut topics = write(&broker.topics);
    if validate_only {
        return topics.check_new(&wanted.name, partitions).map(|()| Uuid::nil());
    }
    topics
        .create(&wanted.name, partitions, config)
        .map(|topic| topic.id)
}

pub(crate) fn delete_topics(
    broker: &Broker,
    request: DeleteTopicsRequest,
    version: i16,
) -> DeleteTopicsResponse {
    let by_name = |name| DeleteTopicState::default().with_name(Some(name));
    let wanted: Vec<_> = if version >= FIRST_DELETE_WITH_IDS {
        request.topics
    } else {
        request.topic_names.into_iter().map(by_name).collect()
    };
    let responses = wanted.into_iter().map(|topic| delete_topic(broker, topic));
    let response = DeleteTopicsResponse::default().with_responses(responses.collect());
    broker.announce_change();
    response
}

fn delete_topic(broker: &Broker, wanted: DeleteTopicState) -> DeletableTopicResult {
    let mut topics = write(&broker.topics);
    let (found, missing) = match &wanted.name {
        Some(name) => (topics.named(name), ResponseError::UnknownTopicOrPartition),
        None => (topics.identified(wanted.topic_id), ResponseError::UnknownTopicId),
    };
    let result = DeletableTopicResult::default();
    let Some(topic) = found else {
        return result
            .with_name(wanted.name)
            .with_topic_id(wanted.topic_id)
            .with_error_code(missing.code());
    };
    topics.remove(&topic);
    result.with_name(Some(topic_name(&topic))).with_topic_id(topic.id)
}

pub(crate) fn create_partitions(
    broker: &Broker,
    request: CreatePartitionsRequest,
) -> CreatePartitionsResponse {
    let results = request.topics.into_iter().map(|wanted| {
        let outcome = grow(broker, &wanted, request.validate_only);
        let error = outcome.err();
        CreatePartitionsTopicResult::default()
            .with_name(wanted.name)
            .with_error_code(error.as_ref().map_or(0, |error| error.code().code()))
            .with_error_message(error.as_ref().and_then(words))
    });
    CreatePartitionsResponse::default().with_results(results.collect())
}

fn grow(broker: &Broker, wanted: &CreatePartitionsTopic, validate_only: bool) -> Result<(), TopicError> {
    let topic = read(&broker.topics).named(&wanted.name);
    let topic = topic.ok_or_else(|| TopicError::Unknown {
        topic: wanted.name.to_string(),
    })?;
    topic.grow(wanted.count, validate_only)
}

fn topic_name(topic: &Arc<Topic>) -> TopicName {
    TopicName(StrBytes::from_string(topic.name.clone()))
}

fn words(error: &TopicError) -> Option<StrBytes> {
    Some(StrBytes::from_string(error.to_string()))
}
