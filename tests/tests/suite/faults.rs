//! Parts that fail: success after retries, or an error that says what happened. Never fewer rows.

use std::time::Duration;

use arrow::array::RecordBatch;
use embedded::kafka::ApiKey;
use protocol::Constraints;
use tests::client::Client;
use tests::world::World;

const ROWS: i64 = 2_000;

async fn table(world: &World) -> String {
    let topic = world.broker.create_topic("faults", 1).await;
    world.broker.produce(
        &topic,
        0,
        (0..ROWS).map(|n| Some(format!(r#"{{"n":{n},"text":"{}"}}"#, "z".repeat(100)))),
    );
    world.register_json("t", &topic, &[("n", "BIGINT", ""), ("text", "VARCHAR", "")]);
    topic
}

/// Client whose results are spilled in several blocks.
fn spilling(world: &World, settings: &[(&str, &str)]) -> Client {
    let mut client = world.connector(settings);
    client.max_block_bytes = 50_000;
    client.max_inline_block_bytes = 10_000;
    client
}

async fn select(client: &Client) -> Result<RecordBatch, String> {
    client.select("t", &["n", "text"]).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_put_that_fails_now_and_then_is_retried() {
    let world = World::start().await;
    table(&world).await;
    let client = spilling(&world, &[]);
    if let Some(s3) = world.as_embedded_s3() {
        s3.fail_next_puts(2);
    }
    assert_eq!(select(&client).await.expect("rows").num_rows(), 2_000);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bucket_that_is_gone_is_an_error_that_names_it() {
    let world = World::start().await;
    table(&world).await;
    let client = spilling(&world, &[("spill_bucket", "no-such-bucket")]);
    let error = select(&client).await.expect_err("nowhere to spill");
    assert!(error.contains("no-such-bucket"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn throttled_registries_are_asked_again() {
    let world = World::start().await;
    table(&world).await;
    let client = world.connector(&[]);
    world.glue.throttle_next(2);
    assert_eq!(select(&client).await.expect("rows").num_rows(), 2_000);
}

#[tokio::test(flavor = "multi_thread")]
async fn registries_that_stay_throttled_say_so() {
    let world = World::start().await;
    table(&world).await;
    let client = world.connector(&[]);
    world.glue.throttle_next(1_000);
    let error = client.table("t").await.expect_err("throttled");
    assert!(error.to_lowercase().contains("throttl"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broker_that_stalls_for_a_while_loses_nothing() {
    let world = World::embedded().await;
    table(&world).await;
    let client = world.connector(&[]);
    let splits = client.splits("t").await.expect("splits");
    let schema = client.projection("t", &["n"]).await.expect("a schema");
    world
        .broker
        .as_embedded()
        .expect("the embedded broker")
        .stall_fetches(Duration::from_secs(4));
    let rows = client
        .read("t", &schema, &splits[0], &Constraints::default())
        .await
        .expect("rows");
    assert_eq!(rows.num_rows(), 2_000);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broker_that_is_gone_is_an_error_within_the_deadline() {
    let mut world = World::embedded().await;
    let topic = table(&world).await;
    let mut client = world.connector(&[]);
    let splits = client.splits("t").await.expect("splits");
    let schema = client.projection("t", &["n"]).await.expect("a schema");
    world.broker.stop();
    client.limit = Duration::from_secs(10);
    let error = client
        .read("t", &schema, &splits[0], &Constraints::default())
        .await
        .expect_err("no broker");
    assert!(error.contains(&topic), "{error}");
}

/// Every response to a fetch takes three seconds here. The reader waits for the one with the records, and for
/// the one that was sent ahead meanwhile, after which the last look-up of the topic follows; there is no time
/// for a third, which would show that nothing follows.
#[tokio::test(flavor = "multi_thread")]
async fn the_last_split_of_a_quiet_partition_waits_for_nothing_to_follow() {
    let world = World::embedded().await;
    table(&world).await;
    let mut client = world.connector(&[]);
    let splits = client.splits("t").await.expect("splits");
    let schema = client.projection("t", &["n"]).await.expect("a schema");
    let kafka = world.broker.as_embedded().expect("the embedded broker");
    kafka.delay(ApiKey::Fetch, Duration::from_secs(3));
    client.limit = Duration::from_secs(10);
    let rows = client
        .read("t", &schema, &splits[0], &Constraints::default())
        .await;
    assert_eq!(rows.expect("rows after two fetches").num_rows(), 2_000);
}
