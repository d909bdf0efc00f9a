//! Cost of a plan: round trips by brokers, not by partitions; responses that fit Lambda.

use std::collections::BTreeSet;

use embedded::kafka::{ApiKey, EmbeddedKafka};
use protocol::{Constraints, FederationResponse, SerdeVersion, Split};
use rdkafka::ClientConfig;
use rdkafka::producer::{BaseProducer, BaseRecord, Producer};
use tests::client::Client;
use tests::lambda::MAX_RESPONSE_BYTES;
use tests::world::World;

use crate::numbers::{COLUMNS, numbers, page, record};

/// Number of records in each partition, each of which becomes a split.
const RECORDS: usize = 2;

/// Table over a new topic of this number of partitions, each with [`RECORDS`] records.
async fn spread(world: &World, partitions: i32) -> (String, String) {
    let (topic, table) = numbers(world, 1).await;
    let kafka = embedded(world);
    let topic = format!("{topic}-{partitions}");
    kafka
        .create_topic(&topic, partitions)
        .expect("the topic is created");
    let table = format!("{table}_{partitions}");
    world.register_json(&table, &topic, COLUMNS);
    let mut config = ClientConfig::new();
    config.set("bootstrap.servers", world.broker.bootstrap());
    config.set("linger.ms", "200");
    let producer: BaseProducer = config.create().expect("a producer");
    for partition in 0..partitions {
        for n in 0..RECORDS {
            let value = record(n as i64);
            let message = BaseRecord::<(), _>::to(&topic)
                .partition(partition)
                .payload(&value);
            producer
                .send(message)
                .map_err(|(error, _)| error)
                .expect("the record is queued");
        }
    }
    producer
        .flush(std::time::Duration::from_secs(120))
        .expect("every record is acknowledged");
    (topic, table)
}

fn embedded(world: &World) -> &EmbeddedKafka {
    world.broker.as_embedded().expect("the embedded broker")
}

/// All pages of a plan, and the size in bytes of the largest.
async fn pages(client: &Client, table: &str) -> (Vec<Split>, usize) {
    let (mut splits, mut largest, mut token) = (Vec::new(), 0, None);
    loop {
        let page = page(client, table, token).await;
        let answer = FederationResponse::GetSplits(page.clone());
        let bytes = answer.encode(SerdeVersion::V6).expect("the page encodes").len();
        largest = largest.max(bytes);
        splits.extend(page.splits);
        token = page.continuation_token;
        if token.is_none() {
            return (splits, largest);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_costs_as_many_requests_for_ten_thousand_partitions_as_for_one() {
    let world = World::embedded().await;
    let kafka = embedded(&world);
    let mut costs = Vec::new();
    for partitions in [1, 100, 10_000] {
        let (_, table) = spread(&world, partitions).await;
        let connector = world.connector(&[]);
        let apis = [ApiKey::ListOffsets, ApiKey::Metadata];
        let ask = async || {
            let before = apis.map(|api| kafka.requests(api));
            let first = page(&connector, &table, None).await;
            assert_eq!(first.splits.len(), 1000.min(partitions as usize));
            [0, 1].map(|api| kafka.requests(apis[api]) - before[api])
        };
        let new = ask().await;
        // A new client sends further requests to discover the brokers and a leader, and may repeat the
        // topic's while it connects.
        assert!(new[0] == 3 && new[1] <= 10, "[ListOffsets, Metadata] {new:?}");
        costs.push(least([ask().await, ask().await, ask().await]));
    }
    // The earliest offsets and the latest; the topic.
    assert_eq!(costs, [[2, 1]; 3], "[ListOffsets, Metadata] by partitions");
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_of_ten_thousand_partitions_fit_lambda_and_ask_kafka_once() {
    let world = World::embedded().await;
    let (topic, table) = spread(&world, 10_000).await;
    let connector = world.connector(&[("max_records_per_split", "1")]);
    let kafka = embedded(&world);
    let before = kafka.requests(ApiKey::ListOffsets);
    let (splits, largest) = pages(&connector, &table).await;
    assert_eq!(
        kafka.requests(ApiKey::ListOffsets) - before,
        3,
        "later pages are of the token"
    );
    assert!(largest < MAX_RESPONSE_BYTES.min(6_000_000), "{largest} bytes");
    let places: BTreeSet<(&str, &str)> = splits
        .iter()
        .map(|split| {
            assert_eq!(split.properties["topic"], topic);
            let property = |name: &str| split.properties[name].as_str();
            (property("partition"), property("startOffset"))
        })
        .collect();
    assert_eq!((splits.len(), places.len()), (10_000 * RECORDS, 10_000 * RECORDS));
}

/// The look-up before a read is of its own partition only, whatever else the topic has.
#[tokio::test(flavor = "multi_thread")]
async fn a_read_costs_as_many_look_ups_in_a_topic_of_ten_thousand_partitions_as_of_one() {
    let world = World::embedded().await;
    let kafka = embedded(&world);
    let mut costs = Vec::new();
    for partitions in [1, 10_000] {
        let (_, table) = spread(&world, partitions).await;
        let connector = world.connector(&[]);
        let schema = connector.projection(&table, &["n"]).await.expect("a schema");
        let split = page(&connector, &table, None).await.splits.remove(0);
        let apis = [ApiKey::ListOffsets, ApiKey::Metadata];
        let read = async || {
            let before = apis.map(|api| kafka.requests(api));
            let rows = connector
                .read(&table, &schema, &split, &Constraints::default())
                .await;
            assert_eq!(rows.expect("rows").num_rows(), RECORDS);
            [0, 1].map(|api| kafka.requests(apis[api]) - before[api])
        };
        costs.push(least([read().await, read().await, read().await]));
    }
    // The topic first and last, and both ends of the partition.
    assert_eq!(costs, [[2, 2]; 2], "[ListOffsets, Metadata] by partitions");
}

/// Minimum of several costs: librdkafka also refreshes its metadata by itself.
fn least(costs: [[u64; 2]; 3]) -> [u64; 2] {
    costs.into_iter().fold([u64::MAX; 2], |least, cost| {
        [least[0].min(cost[0]), least[1].min(cost[1])]
    })
}
