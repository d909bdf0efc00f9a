//! `client_rack`: the rack that the function sends to brokers, so that a replica near it may answer. The brokers
//! decide which one does: those of Apache Kafka by their setting `replica.selector.class`.

use std::collections::BTreeSet;

use axum::Router;
use axum::http::{HeaderMap, StatusCode, Uri, header};
use tests::apache_kafka::Cluster;
use tests::world::World;

/// Plays Lambda's metadata endpoint; `host:port`.
async fn metadata_endpoint() -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0")
        .await
        .expect("a port");
    let address = listener.local_addr().expect("an address").to_string();
    let answer = async |uri: Uri, headers: HeaderMap| {
        let is_known = headers
            .get(header::AUTHORIZATION)
            .is_some_and(|token| token == "Bearer of-the-environment");
        match uri.path() {
            "/2026-01-15/metadata/execution-environment" if is_known => {
                (StatusCode::OK, r#"{"AvailabilityZoneID": "use1-az1"}"#)
            }
            _ => (StatusCode::FORBIDDEN, ""),
        }
    };
    let router = Router::new().fallback(answer);
    tokio::spawn(async move { axum::serve(listener, router).await });
    address
}

/// Racks that a function with these settings sends while it reads a topic. Always of the embedded broker: others do not
/// report them.
async fn racks(settings: &[(&str, &str)]) -> BTreeSet<String> {
    let world = World::embedded().await;
    let topic = world.broker.create_topic("rack", 1).await;
    world.broker.produce(&topic, 0, [Some(r#"{"n":1}"#)]);
    world.register_json("t", &topic, &[("n", "BIGINT", "")]);
    let (_lambda, client) = world.lambda(1, settings).await;
    assert_eq!(client.select("t", &["n"]).await.expect("rows").num_rows(), 1);
    world.broker.as_embedded().expect("the embedded broker").racks()
}

fn only(rack: &str) -> BTreeSet<String> {
    BTreeSet::from([rack.to_owned()])
}

#[tokio::test(flavor = "multi_thread")]
async fn brokers_are_told_the_rack_of_the_setting() {
    assert_eq!(racks(&[("client_rack", "rack-7")]).await, only("rack-7"));
    assert!(racks(&[]).await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn auto_is_the_zone_that_lambda_tells() {
    let api = metadata_endpoint().await;
    for (token, wanted) in [
        ("of-the-environment", only("use1-az1")),
        ("of another", BTreeSet::new()),
    ] {
        let settings = [
            ("client_rack", "auto"),
            ("AWS_LAMBDA_METADATA_API", api.as_str()),
            ("AWS_LAMBDA_METADATA_TOKEN", token),
        ];
        assert_eq!(racks(&settings).await, wanted, "{token}");
    }
    assert!(racks(&[("client_rack", "auto")]).await.is_empty(), "nobody tells");
}

/// Each node has a rack of its own. The leader is asked first, and names the replica.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs Apache Kafka: scripts/test"]
async fn a_replica_in_the_same_rack_sends_the_records() {
    const RECORDS: usize = 40;
    const RECORD_BYTES: usize = 100_000;
    let cluster = Cluster::shared().await;
    let world = World::with_broker(cluster.broker()).await;
    let topic = world.broker.create_topic_on("rack", &[&[1, 2, 3]]).await;
    let text = "r".repeat(RECORD_BYTES);
    let values = (0..RECORDS).map(|n| Some(format!(r#"{{"n":{n},"text":"{text}"}}"#)));
    world.broker.produce(&topic, 0, values);
    world.register_json("t", &topic, &[("n", "BIGINT", "")]);
    let leader = cluster.leader(&topic).expect("a leader");
    let brokers = cluster.counted_bootstrap();
    let of_nodes = [1, 2, 3].map(|node| (Cluster::rack(node), node));
    let others = [(String::new(), leader), ("rack-of-nobody".to_owned(), leader)];
    for (rack, sender) in of_nodes.into_iter().chain(others) {
        let client = world.connector(&[("kafka_endpoint", &brokers), ("client_rack", &rack)]);
        let before = cluster.sent();
        let rows = client.select("t", &["n"]).await.expect("rows");
        assert_eq!(rows.num_rows(), RECORDS);
        for ((node, after), (_, before)) in cluster.sent().into_iter().zip(before) {
            let (sent, all) = (after - before, (RECORDS * RECORD_BYTES) as u64);
            match node == sender {
                true => assert!(
                    sent >= all,
                    "rack `{rack}`: node {node} sent {sent} bytes of {all}"
                ),
                false => assert!(
                    sent < all / 10,
                    "rack `{rack}`: node {node} sent {sent} bytes of {all}"
                ),
            }
        }
    }
}
