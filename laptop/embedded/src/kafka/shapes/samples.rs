//! One request for each api and version, with something in every array.

use bytes::{Bytes, BytesMut};
use kafka_protocol::messages::add_partitions_to_txn_request::AddPartitionsToTxnTopic;
use kafka_protocol::messages::create_partitions_request::{
    CreatePartitionsAssignment, CreatePartitionsTopic,
};
use kafka_protocol::messages::create_topics_request::{
    CreatableReplicaAssignment, CreatableTopic, CreatableTopicConfig,
};
use kafka_protocol::messages::delete_records_request::{DeleteRecordsPartition, DeleteRecordsTopic};
use kafka_protocol::messages::delete_topics_request::DeleteTopicState;
use kafka_protocol::messages::describe_configs_request::DescribeConfigsResource;
use kafka_protocol::messages::fetch_request::{FetchPartition, FetchTopic, ForgottenTopic};
use kafka_protocol::messages::list_offsets_request::{ListOffsetsPartition, ListOffsetsTopic};
use kafka_protocol::messages::metadata_request::MetadataRequestTopic;
use kafka_protocol::messages::offset_for_leader_epoch_request::{
    OffsetForLeaderPartition, OffsetForLeaderTopic,
};
use kafka_protocol::messages::produce_request::{PartitionProduceData, TopicProduceData};
use kafka_protocol::messages::*;
use kafka_protocol::protocol::{Encodable, StrBytes};

use super::{APIS, Api};

const TEXT: StrBytes = StrBytes::from_static_str("orders");

fn name() -> TopicName {
    TopicName(TEXT)
}

fn encoded(request: &impl Encodable, version: i16) -> Vec<u8> {
    let mut bytes = BytesMut::new();
    request.encode(&mut bytes, version).unwrap();
    bytes.to_vec()
}

/// A request with two elements in every array, as the codec writes it.
pub(crate) fn sample(api: ApiKey, version: i16) -> Vec<u8> {
    fn twice<T: Clone>(value: T) -> Vec<T> {
        vec![value; 2]
    }
    match api {
        ApiKey::Produce => {
            let data = PartitionProduceData::default().with_records(Some(Bytes::from_static(b"records")));
            let topic = TopicProduceData::default()
                .with_name(name())
                .with_partition_data(twice(data));
            let id = Some(TransactionalId(TEXT));
            encoded(
                &ProduceRequest::default()
                    .with_transactional_id(id)
                    .with_topic_data(twice(topic)),
                version,
            )
        }
        ApiKey::Fetch => {
            let topic = FetchTopic::default().with_partitions(twice(FetchPartition::default()));
            let forgotten = ForgottenTopic::default().with_partitions(vec![1, 2]);
            let mut request = FetchRequest::default();
            if version < 13 {
                request.topics = twice(topic.with_topic(name()));
            } else {
                request.topics = twice(topic);
            }
            if version >= 7 {
                request.forgotten_topics_data = twice(forgotten);
            }
            if version >= 11 {
                request.rack_id = TEXT;
            }
            encoded(&request, version)
        }
        ApiKey::ListOffsets => {
            let topic = ListOffsetsTopic::default()
                .with_name(name())
                .with_partitions(twice(ListOffsetsPartition::default()));
            encoded(&ListOffsetsRequest::default().with_topics(twice(topic)), version)
        }
        ApiKey::Metadata => {
            let topic = MetadataRequestTopic::default().with_name(Some(name()));
            encoded(
                &MetadataRequest::default().with_topics(Some(twice(topic))),
                version,
            )
        }
        ApiKey::FindCoordinator if version < 4 => {
            encoded(&FindCoordinatorRequest::default().with_key(TEXT), version)
        }
        ApiKey::FindCoordinator => encoded(
            &FindCoordinatorRequest::default().with_coordinator_keys(twice(TEXT)),
            version,
        ),
        ApiKey::ApiVersions if version < 3 => encoded(&ApiVersionsRequest::default(), version),
        ApiKey::ApiVersions => encoded(
            &ApiVersionsRequest::default()
                .with_client_software_name(TEXT)
                .with_client_software_version(TEXT),
            version,
        ),
        ApiKey::CreateTopics => {
            let assignment = CreatableReplicaAssignment::default().with_broker_ids(twice(BrokerId(1)));
            let config = CreatableTopicConfig::default()
                .with_name(TEXT)
                .with_value(Some(TEXT));
            let topic = CreatableTopic::default()
                .with_name(name())
                .with_assignments(twice(assignment))
                .with_configs(twice(config));
            encoded(&CreateTopicsRequest::default().with_topics(twice(topic)), version)
        }
        ApiKey::DeleteTopics if version < 6 => encoded(
            &DeleteTopicsRequest::default().with_topic_names(twice(name())),
            version,
        ),
        ApiKey::DeleteTopics => {
            let topic = DeleteTopicState::default().with_name(Some(name()));
            encoded(&DeleteTopicsRequest::default().with_topics(twice(topic)), version)
        }
        ApiKey::DeleteRecords => {
            let topic = DeleteRecordsTopic::default()
                .with_name(name())
                .with_partitions(twice(DeleteRecordsPartition::default()));
            encoded(
                &DeleteRecordsRequest::default().with_topics(twice(topic)),
                version,
            )
        }
        ApiKey::InitProducerId => encoded(
            &InitProducerIdRequest::default().with_transactional_id(Some(TransactionalId(TEXT))),
            version,
        ),
        ApiKey::OffsetForLeaderEpoch => {
            let topic = OffsetForLeaderTopic::default()
                .with_topic(name())
                .with_partitions(twice(OffsetForLeaderPartition::default()));
            encoded(
                &OffsetForLeaderEpochRequest::default().with_topics(twice(topic)),
                version,
            )
        }
        ApiKey::AddPartitionsToTxn => {
            let topic = AddPartitionsToTxnTopic::default()
                .with_name(name())
                .with_partitions(vec![1, 2]);
            let id = TransactionalId(TEXT);
            let request = AddPartitionsToTxnRequest::default();
            encoded(
                &request
                    .with_v3_and_below_transactional_id(id)
                    .with_v3_and_below_topics(twice(topic)),
                version,
            )
        }
        ApiKey::EndTxn => encoded(
            &EndTxnRequest::default().with_transactional_id(TransactionalId(TEXT)),
            version,
        ),
        ApiKey::CreatePartitions => {
            let assignment = CreatePartitionsAssignment::default().with_broker_ids(twice(BrokerId(1)));
            let topic = CreatePartitionsTopic::default()
                .with_name(name())
                .with_assignments(Some(twice(assignment)));
            encoded(
                &CreatePartitionsRequest::default().with_topics(twice(topic)),
                version,
            )
        }
        ApiKey::DescribeConfigs => {
            let resource = DescribeConfigsResource::default()
                .with_resource_type(2)
                .with_resource_name(TEXT)
                .with_configuration_keys(Some(vec![
                    StrBytes::from_static_str("max.message.bytes"),
                    StrBytes::from_static_str("message.timestamp.type"),
                ]));
            encoded(
                &DescribeConfigsRequest::default()
                    .with_resources(twice(resource))
                    .with_include_synonyms(true),
                version,
            )
        }
        other => panic!("no sample of {other:?}"),
    }
}

pub(crate) fn every_version() -> impl Iterator<Item = (&'static Api, i16)> {
    APIS.iter()
        .flat_map(|api| (api.min_version..=api.max_version).map(move |version| (api, version)))
}
