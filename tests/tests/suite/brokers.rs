//! The Kafka client reads the embedded broker and Apache Kafka by the rules of topics in memory.

use std::sync::Arc;
use std::time::{Duration, Instant};

use kafka::auth::credentials::memory::MemoryCredentialStore;
use kafka::conformance::{
    EXPIRED_BEFORE, PARTITIONS, RECORDS, check, check_before_kafka_3, time_ms,
    treats_expired_offsets_as_planned,
};
use kafka::{Broker as _, Cluster, IsolationLevel, KafkaBroker};
use tests::broker::{Broker, WholeRecord};

/// Time limit of a request.
const LIMIT: Duration = Duration::from_secs(60);

/// Topic as the rules require it.
async fn filled(broker: &Broker) -> String {
    let partitions = i32::try_from(PARTITIONS).expect("a count");
    let topic = broker.create_topic("conformance", partitions).await;
    let record = |offset: i64| WholeRecord {
        value: Some(offset.to_string().into_bytes()),
        timestamp_ms: Some(time_ms(offset)),
        ..WholeRecord::default()
    };
    let records: Vec<_> = (0..RECORDS).map(record).collect();
    broker.produce_whole(&topic, 0, &records);
    topic
}

fn client(broker: &Broker, isolation_level: IsolationLevel) -> KafkaBroker {
    let credentials = Arc::new(MemoryCredentialStore::new());
    KafkaBroker::new(Cluster::at(broker.bootstrap()), isolation_level, credentials)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broker_is_read_by_the_rules() {
    let broker = Broker::start().await;
    let topic = filled(&broker).await;
    for isolation_level in [IsolationLevel::ReadCommitted, IsolationLevel::ReadUncommitted] {
        let client = client(&broker, isolation_level);
        if broker.knows_greatest_timestamp() {
            check(&client, &topic).await;
        } else {
            check_before_kafka_3(&client, &topic).await;
            let states = client.partition_states(&topic, Instant::now() + LIMIT).await;
            for state in states.expect("states") {
                assert_eq!(state.log.expect("a log").newest_timestamp_ms, None);
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn records_that_a_broker_has_deleted_are_treated_by_the_rules() {
    let broker = Broker::start().await;
    let topic = filled(&broker).await;
    broker.delete_records_before(&topic, 0, EXPIRED_BEFORE).await;
    let client = client(&broker, IsolationLevel::ReadCommitted);
    treats_expired_offsets_as_planned(&client, &topic).await;
}
