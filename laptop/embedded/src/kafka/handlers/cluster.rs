//! First requests of a client: api versions, brokers, topics, coordinators.

use std::ops::RangeInclusive;
use std::sync::Arc;

use kafka_protocol::ResponseError;
use kafka_protocol::messages::api_versions_response::ApiVersion;
use kafka_protocol::messages::find_coordinator_response::Coordinator;
use kafka_protocol::messages::metadata_request::MetadataRequestTopic;
use kafka_protocol::messages::metadata_response::{
    MetadataResponseBroker, MetadataResponsePartition, MetadataResponseTopic,
};
use kafka_protocol::messages::{
    ApiKey, ApiVersionsResponse, BrokerId, FindCoordinatorRequest, FindCoordinatorResponse, MetadataRequest,
    MetadataResponse, TopicName,
};
use kafka_protocol::protocol::StrBytes;

use crate::kafka::apis::APIS;
use crate::kafka::batch::LEADER_EPOCH;
use crate::kafka::broker::{BROKER_ID, Broker, CLUSTER_ID};
use crate::kafka::locks::read;
use crate::kafka::topics::Topic;

/// Key types: 0 for the coordinator of a consumer group, 1 for that of a transactional id.
const COORDINATOR_KINDS: RangeInclusive<i8> = 0..=1;
/// First version of `FindCoordinator` with several keys.
const FIRST_FIND_WITH_KEYS: i16 = 4;

pub(crate) fn api_versions() -> ApiVersionsResponse {
    let apis = APIS.iter().map(|api| {
        // Like Kafka 4: some librdkafka versions drop compression unless produce is offered from version 0.
        let min_version = if api.key == ApiKey::Produce {
            0
        } else {
            *api.versions.start()
        };
        ApiVersion::default()
            .with_api_key(api.key as i16)
            .with_min_version(min_version)
            .with_max_version(*api.versions.end())
    });
    ApiVersionsResponse::default().with_api_keys(apis.collect())
}

/// Response to a client whose own `ApiVersions` is too new.
pub(crate) fn unsupported_api_versions() -> ApiVersionsResponse {
    api_versions().with_error_code(ResponseError::UnsupportedVersion.code())
}

pub(crate) fn metadata(broker: &Broker, request: MetadataRequest, version: i16) -> MetadataResponse {
    // Version 0 requests all topics by an empty list, later ones by null.
    let wanted = request.topics.filter(|topics| version > 0 || !topics.is_empty());
    let topics = match wanted {
        Some(topics) => topics
            .into_iter()
            .map(|topic| wanted_topic(broker, topic))
            .collect(),
        None => read(&broker.topics).all().iter().map(described).collect(),
    };
    let node = MetadataResponseBroker::default()
        .with_node_id(BrokerId(BROKER_ID))
        .with_host(host(broker))
        .with_port(broker.address.port().into());
    MetadataResponse::default()
        .with_brokers(vec![node])
        .with_cluster_id(Some(StrBytes::from_static_str(CLUSTER_ID)))
        .with_controller_id(BrokerId(BROKER_ID))
        .with_topics(topics)
}

pub(crate) fn find_coordinator(
    broker: &Broker,
    request: FindCoordinatorRequest,
    version: i16,
) -> FindCoordinatorResponse {
    let known = COORDINATOR_KINDS.contains(&request.key_type);
    let (error_code, node, host, port) = if known {
        (0, BROKER_ID, host(broker), broker.address.port().into())
    } else {
        (ResponseError::InvalidRequest.code(), -1, StrBytes::new(), -1)
    };
    if version < FIRST_FIND_WITH_KEYS {
        return FindCoordinatorResponse::default()
            .with_error_code(error_code)
            .with_node_id(BrokerId(node))
            .with_host(host)
            .with_port(port);
    }
    let coordinators = request.coordinator_keys.into_iter().map(|key| {
        Coordinator::default()
            .with_key(key)
            .with_error_code(error_code)
            .with_node_id(BrokerId(node))
            .with_host(host.clone())
            .with_port(port)
    });
    FindCoordinatorResponse::default().with_coordinators(coordinators.collect())
}

/// Description of a requested topic. A name takes precedence over an id; without a name, clients know the
/// topic by its id only.
fn wanted_topic(broker: &Broker, wanted: MetadataRequestTopic) -> MetadataResponseTopic {
    let Some(name) = wanted.name else {
        let found = read(&broker.topics).identified(wanted.topic_id);
        return found.as_ref().map_or_else(
            || {
                MetadataResponseTopic::default()
                    .with_name(None)
                    .with_topic_id(wanted.topic_id)
                    .with_error_code(ResponseError::UnknownTopicId.code())
            },
            described,
        );
    };
    match broker.existing_topic(&name) {
        Ok(topic) => described(&topic),
        Err(error) => MetadataResponseTopic::default()
            .with_name(Some(name))
            .with_error_code(error.code().code()),
    }
}

fn described(topic: &Arc<Topic>) -> MetadataResponseTopic {
    let partitions = (0..topic.partition_count()).map(|index| {
        MetadataResponsePartition::default()
            .with_partition_index(index)
            .with_leader_id(BrokerId(BROKER_ID))
            .with_leader_epoch(LEADER_EPOCH)
            .with_replica_nodes(vec![BrokerId(BROKER_ID)])
            .with_isr_nodes(vec![BrokerId(BROKER_ID)])
    });
    MetadataResponseTopic::default()
        .with_name(Some(TopicName(StrBytes::from_string(topic.name.clone()))))
        .with_topic_id(topic.id)
        .with_partitions(partitions.collect())
}

fn host(broker: &Broker) -> StrBytes {
    StrBytes::from_string(broker.address.ip().to_string())
}
