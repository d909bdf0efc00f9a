//! Tables of several clusters through one function.

use arrow::array::AsArray;
use arrow::datatypes::Int64Type;
use serde_json::json;
use tests::broker::Broker;
use tests::client::Client;
use tests::world::World;

/// Topic of this name with one record in each cluster, whose number identifies the cluster.
async fn topic(broker: &Broker, n: i64) -> String {
    let topic = broker.create_topic("where", 1).await;
    broker.produce(&topic, 0, [Some(format!(r#"{{"n":{n}}}"#))]);
    topic
}

async fn select(client: &Client, table: &str) -> Vec<i64> {
    let rows = client.select(table, &["n"]).await.expect("rows");
    rows.column(0).as_primitive::<Int64Type>().values().to_vec()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_table_is_read_in_the_cluster_that_its_document_or_its_registry_names() {
    let world = World::start().await;
    let other = Broker::embedded().await;
    let (here, there) = (topic(&world.broker, 1).await, topic(&other, 2).await);
    let document = |topic: &str, cluster: Option<&str>| {
        let fields = json!([{"name": "n", "mapping": "n", "type": "BIGINT"}]);
        json!({"topicName": topic, "kafkaCluster": cluster, "message": {"dataFormat": "json", "fields": fields}})
    };
    world.register("here", &document(&here, None));
    world.register("there", &document(&there, Some("other")));
    let registry = "payments {AthenaFederationMSK} {KafkaCluster:other}";
    world.glue.add_registry("payments", registry).expect("a registry");
    world.register_in("payments", "there", &document(&there, None));

    let clusters = json!({"other": {"kafka_endpoint": other.bootstrap()}}).to_string();
    let (_lambda, mut client) = world.lambda(1, &[("kafka_clusters", &clusters)]).await;
    assert_eq!(select(&client, "here").await, [1]);
    assert_eq!(select(&client, "there").await, [2]);
    client.registry = "payments".into();
    assert_eq!(select(&client, "there").await, [2]);
}
