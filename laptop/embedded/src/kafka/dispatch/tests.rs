use std::net::{Ipv4Addr, SocketAddr};

use kafka_protocol::messages::add_partitions_to_txn_request::AddPartitionsToTxnTopic;
use kafka_protocol::messages::create_partitions_request::CreatePartitionsTopic;
use kafka_protocol::messages::create_topics_request::{CreatableTopic, CreatableTopicConfig};
use kafka_protocol::messages::delete_records_request::{DeleteRecordsPartition, DeleteRecordsTopic};
use kafka_protocol::messages::delete_topics_request::DeleteTopicState;
use kafka_protocol::messages::describe_configs_request::DescribeConfigsResource;
use kafka_protocol::messages::fetch_request::{FetchPartition, FetchTopic};
use kafka_protocol::messages::list_offsets_request::{ListOffsetsPartition, ListOffsetsTopic};
use kafka_protocol::messages::metadata_request::MetadataRequestTopic;
use kafka_protocol::messages::offset_for_leader_epoch_request::{
    OffsetForLeaderPartition, OffsetForLeaderTopic,
};
use kafka_protocol::messages::produce_request::{PartitionProduceData, TopicProduceData};
use kafka_protocol::protocol::StrBytes;

use super::*;
use crate::kafka::apis::APIS;
use crate::kafka::locks::write;
use crate::kafka::topics::TopicConfig;

const NAME: StrBytes = StrBytes::from_static_str("orders");

fn broker() -> Broker {
    Broker::new(SocketAddr::from((Ipv4Addr::LOCALHOST, 9092)))
}

fn encoded(request: &impl Encodable, version: i16) -> Vec<u8> {
    let mut bytes = BytesMut::new();
    request.encode(&mut bytes, version).unwrap();
    bytes.to_vec()
}

/// Request about one partition of one topic, as the codec writes it.
fn sample(api: ApiKey, version: i16) -> Vec<u8> {
    let name = TopicName(NAME);
    let id = TransactionalId(NAME);
    macro_rules! request {
        ($kind:ident $(; $field:ident: $value:expr)+) => {{
            let mut request = $kind::default();
            $(request.$field = $value;)+
            encoded(&request, version)
        }};
    }
    match api {
        ApiKey::Produce => {
            let topic = TopicProduceData::default().with_name(name);
            let topic = topic.with_partition_data(vec![PartitionProduceData::default()]);
            request!(ProduceRequest; acks: -1; topic_data: vec![topic])
        }
        ApiKey::Fetch => {
            let topic = FetchTopic::default().with_partitions(vec![FetchPartition::default()]);
            let topic = if version < 13 {
                topic.with_topic(name)
            } else {
                topic
            };
            request!(FetchRequest; topics: vec![topic])
        }
        ApiKey::ListOffsets => {
            let topic = ListOffsetsTopic::default().with_name(name);
            let topic = topic.with_partitions(vec![ListOffsetsPartition::default()]);
            request!(ListOffsetsRequest; topics: vec![topic])
        }
        ApiKey::Metadata => {
            let topic = MetadataRequestTopic::default().with_name(Some(name));
            request!(MetadataRequest; topics: Some(vec![topic]))
        }
        ApiKey::FindCoordinator if version < 4 => request!(FindCoordinatorRequest; key: NAME),
        ApiKey::FindCoordinator => request!(FindCoordinatorRequest; coordinator_keys: vec![NAME]),
        ApiKey::ApiVersions => encoded(&ApiVersionsRequest::default(), version),
        ApiKey::CreateTopics => {
            let config = CreatableTopicConfig::default().with_name(NAME);
            let topic = CreatableTopic::default().with_name(name);
            let topic = topic
                .with_replication_factor(1)
                .with_num_partitions(1)
                .with_configs(vec![config]);
            request!(CreateTopicsRequest; topics: vec![topic])
        }
        ApiKey::DeleteTopics if version < 6 => request!(DeleteTopicsRequest; topic_names: vec![name]),
        ApiKey::DeleteTopics => {
            let topic = DeleteTopicState::default().with_name(Some(name));
            request!(DeleteTopicsRequest; topics: vec![topic])
        }
        ApiKey::DeleteRecords => {
            let topic = DeleteRecordsTopic::default().with_name(name);
            let topic = topic.with_partitions(vec![DeleteRecordsPartition::default()]);
            request!(DeleteRecordsRequest; topics: vec![topic])
        }
        ApiKey::InitProducerId => request!(InitProducerIdRequest; transactional_id: Some(id)),
        ApiKey::OffsetForLeaderEpoch => {
            let topic = OffsetForLeaderTopic::default().with_topic(name);
            let topic = topic.with_partitions(vec![OffsetForLeaderPartition::default()]);
            request!(OffsetForLeaderEpochRequest; topics: vec![topic])
        }
        ApiKey::AddPartitionsToTxn => {
            let topic = AddPartitionsToTxnTopic::default()
                .with_name(name)
                .with_partitions(vec![0]);
            request!(AddPartitionsToTxnRequest; v3_and_below_transactional_id: id; v3_and_below_topics: vec![topic])
        }
        ApiKey::EndTxn => request!(EndTxnRequest; transactional_id: id),
        ApiKey::CreatePartitions => {
            let topic = CreatePartitionsTopic::default().with_name(name).with_count(4);
            request!(CreatePartitionsRequest; topics: vec![topic])
        }
        ApiKey::DescribeConfigs => {
            let resource = DescribeConfigsResource::default().with_resource_type(2);
            let resource = resource.with_resource_name(NAME).with_configuration_keys(None);
            request!(DescribeConfigsRequest; resources: vec![resource])
        }
        other => panic!("no sample of {other:?}"),
    }
}

fn every_version() -> impl Iterator<Item = (ApiKey, i16)> {
    APIS.iter()
        .flat_map(|api| api.versions.clone().map(move |version| (api.key, version)))
}

fn frame(api: ApiKey, version: i16, body: &[u8]) -> Bytes {
    let header = RequestHeader::default()
        .with_request_api_key(api as i16)
        .with_request_api_version(version)
        .with_correlation_id(77);
    let mut frame = encoded(&header, api.request_header_version(version));
    frame.extend(body);
    frame.into()
}

#[tokio::test]
async fn answers_every_version_of_every_api() {
    let with_topic = broker();
    write(&with_topic.topics)
        .create("orders", 3, TopicConfig::default())
        .unwrap();
    for broker in [broker(), with_topic] {
        for (api, version) in every_version() {
            let response = answer(&broker, frame(api, version, &sample(api, version))).await;
            let response = response
                .unwrap_or_else(|error| panic!("{error}"))
                .expect("a response");
            let length = u32::from_be_bytes(response[..4].try_into().unwrap()) as usize;
            assert_eq!(length, response.len() - 4, "{api:?} {version}");
            assert_eq!(response[4..8], [0, 0, 0, 77], "{api:?} {version}");
        }
    }
}

#[tokio::test]
async fn produce_that_wants_no_answer_closes_the_connection_when_it_fails() {
    let topic = TopicProduceData::default().with_partition_data(vec![PartitionProduceData::default()]);
    let request = ProduceRequest::default()
        .with_acks(0)
        .with_topic_data(vec![topic]);
    let failed = answer(&broker(), frame(ApiKey::Produce, 9, &encoded(&request, 9))).await;
    assert!(matches!(
        failed,
        Err(Refused::UnacknowledgedProduce { error_code: 3 })
    ));
}

#[tokio::test]
async fn refuses_headers_that_end_too_soon() {
    let whole = frame(ApiKey::Metadata, 9, &[]);
    for length in 0..whole.len() {
        let refused = answer(&broker(), whole.slice(..length)).await;
        assert!(matches!(refused, Err(Refused::Header { .. })), "{length} bytes");
    }
}

/// A response or a refusal, but never a panic, nor more memory than the request has bytes.
#[tokio::test]
async fn survives_every_byte_of_every_request_going_wrong_or_missing() {
    let broker = broker();
    for (api, version) in every_version() {
        let body = sample(api, version);
        for at in 0..body.len() {
            let _ = answer(&broker, frame(api, version, &body[..at])).await;
            for wrong in [0x00, 0x7f, 0x80, 0xff] {
                let mut body = body.clone();
                body[at] = wrong;
                let _ = answer(&broker, frame(api, version, &body)).await;
            }
        }
    }
}
