use rdkafka::ClientConfig;
use rdkafka::mocking::MockCluster;
use rdkafka::producer::{BaseProducer, BaseRecord, Producer};
use topic::{RecordTimestamp, TimestampType};

use super::*;
use crate::auth::credentials::memory::MemoryCredentialStore;
use crate::memory::MemoryRecord;
use crate::{Cluster, IsolationLevel, KafkaBroker, MemoryBroker};

const TOPIC: &str = "numbers";

fn in_memory() -> MemoryBroker {
    let broker = MemoryBroker::default();
    broker.create_topic(TOPIC, PARTITIONS);
    for offset in 0..RECORDS {
        let record = MemoryRecord {
            value: Some(offset.to_string().into_bytes()),
            timestamp: Some(RecordTimestamp {
                millis: time_ms(offset),
                kind: TimestampType::CreateTime,
            }),
            ..MemoryRecord::default()
        };
        broker.append_record(TOPIC, 0, record);
    }
    broker
}

#[tokio::test]
async fn topics_in_memory_are_read_by_the_rules() {
    let broker = in_memory();
    check(&broker, TOPIC).await;
    broker.expire(TOPIC, 0, EXPIRED_BEFORE);
    treats_expired_offsets_as_planned(&broker, TOPIC).await;
}

/// librdkafka's mock lacks offsets by time, settings of topics and the deletion of records.
#[tokio::test]
async fn topics_of_librdkafkas_mock_are_read_by_the_rules() {
    let mock = MockCluster::new(1).unwrap();
    mock.create_topic(TOPIC, i32::try_from(PARTITIONS).unwrap(), 1)
        .unwrap();
    let mut config = ClientConfig::new();
    config.set("bootstrap.servers", mock.bootstrap_servers());
    let producer: BaseProducer = config.create().unwrap();
    for offset in 0..RECORDS {
        let value = offset.to_string();
        let record = BaseRecord::<(), _>::to(TOPIC).partition(0).payload(&value);
        producer.send(record.timestamp(time_ms(offset))).unwrap();
    }
    producer.flush(Duration::from_secs(20)).unwrap();

    let cluster = Cluster::at(mock.bootstrap_servers());
    let credentials = Arc::new(MemoryCredentialStore::new());
    let broker = KafkaBroker::new(cluster, IsolationLevel::ReadCommitted, credentials);
    check_reads(&broker, TOPIC).await;
}
