//! A query that has ended ends its reads: with an error, and without further requests to the brokers.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use axum::body::Bytes;
use connector::query_status::{QueryState, QueryStatus, QueryStatusError};
use embedded::kafka::{ApiKey, EmbeddedKafka};
use protocol::{Constraints, SpillLocation};
use spill::{BlockStore, MemoryBlockStore, StoreError};
use tests::client::Client;
use tests::world::World;
use tokio::sync::Notify;
use tokio::time::{sleep, timeout};

/// Delay of each fetch, which returns about a megabyte: reading all takes ten seconds.
const FETCH_DELAY: Duration = Duration::from_millis(500);
const MEGABYTES: usize = 20;

/// Query status that reports the end once it is `over`.
#[derive(Default)]
struct Query {
    over: AtomicBool,
    state: &'static str,
}

impl Query {
    fn ending_in(state: &'static str) -> Arc<Self> {
        let over = AtomicBool::new(false);
        Arc::new(Self { over, state })
    }

    fn end(&self) {
        self.over.store(true, Ordering::Relaxed);
    }
}

#[async_trait]
impl QueryStatus for Query {
    async fn state(&self, _query_id: &str) -> Result<QueryState, QueryStatusError> {
        Ok(if self.over.load(Ordering::Relaxed) {
            QueryState::Over(self.state.into())
        } else {
            QueryState::Running
        })
    }
}

/// Store that accepts a block and never completes; reports when it was started and cancelled.
#[derive(Default)]
struct StuckStore {
    begun: Notify,
    given_up: Arc<Notify>,
}

struct NotifyOnDrop(Arc<Notify>);

impl Drop for NotifyOnDrop {
    fn drop(&mut self) {
        self.0.notify_one();
    }
}

#[deny(
    clippy::missing_trait_methods,
    reason = "a default method would bypass the inner store"
)]
#[async_trait]
impl BlockStore for StuckStore {
    async fn put(&self, _location: &SpillLocation, _block: Bytes) -> Result<(), StoreError> {
        let _given_up = NotifyOnDrop(Arc::clone(&self.given_up));
        self.begun.notify_one();
        std::future::pending().await
    }

    async fn get(&self, location: &SpillLocation) -> Result<Bytes, StoreError> {
        MemoryBlockStore::new().get(location).await
    }

    async fn check_bucket(&self, _bucket: &str) -> Result<(), StoreError> {
        Ok(())
    }
}

async fn table(world: &World) {
    let topic = world.broker.create_topic("cancelled", 1).await;
    let record = format!(r#"{{"text":"{}"}}"#, "z".repeat(1000));
    let records = (0..MEGABYTES * 1000).map(|_| Some(&record));
    world.broker.produce(&topic, 0, records);
    world.register_json("t", &topic, &[("text", "VARCHAR", "")]);
    let kafka = world.broker.as_embedded().expect("the embedded broker");
    kafka.delay(ApiKey::Fetch, FETCH_DELAY);
}

async fn read(client: &Client) -> Result<(), String> {
    let schema = client.projection("t", &["text"]).await?;
    let split = client.splits("t").await?.remove(0);
    let all = Constraints::default();
    client.read_response("t", &schema, &split, &all).await.map(drop)
}

/// Returns after a second without a fetch, in which a reader would have sent two. More fetches remain than
/// these few seconds need.
async fn fetches_cease(kafka: &EmbeddedKafka) {
    for _ in 0..4 {
        let before = kafka.requests(ApiKey::Fetch);
        sleep(2 * FETCH_DELAY).await;
        if kafka.requests(ApiKey::Fetch) == before {
            return;
        }
    }
    panic!("{} fetches, and still more", kafka.requests(ApiKey::Fetch));
}

async fn fetches_begin(kafka: &EmbeddedKafka) {
    while kafka.requests(ApiKey::Fetch) < 2 {
        sleep(Duration::from_millis(10)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_query_that_is_over_ends_the_read_and_its_fetches() {
    for state in ["CANCELLED", "FAILED", "SUCCEEDED"] {
        let world = World::embedded().await;
        table(&world).await;
        let query = Query::ending_in(state);
        let blocks = Arc::new(MemoryBlockStore::new());
        let client = world.connector_of(&[], blocks, query.clone());
        let kafka = world.broker.as_embedded().expect("the embedded broker");
        let end = async {
            fetches_begin(kafka).await;
            query.end();
        };
        let (error, ()) = tokio::join!(read(&client), end);
        let wanted = format!("query query has ended ({state}): the read was stopped");
        assert_eq!(error.expect_err("the query is over"), wanted);
        fetches_cease(kafka).await;
    }
}

/// The reading thread waits for room in the channel, the async side for the store.
#[tokio::test(flavor = "multi_thread")]
async fn a_query_that_is_over_ends_a_read_that_a_slow_store_holds_up() {
    let world = World::embedded().await;
    table(&world).await;
    let query = Query::ending_in("CANCELLED");
    let store = Arc::new(StuckStore::default());
    let mut client = world.connector_of(&[], store.clone(), query.clone());
    client.max_block_bytes = 100_000;
    client.max_inline_block_bytes = 50_000;
    let kafka = world.broker.as_embedded().expect("the embedded broker");
    let end = async {
        store.begun.notified().await;
        query.end();
    };
    let (error, ()) = tokio::join!(read(&client), end);
    let error = error.expect_err("the query is over");
    assert_eq!(error, "query query has ended (CANCELLED): the read was stopped");
    timeout(Duration::from_secs(5), store.given_up.notified())
        .await
        .expect("the upload is given up");
    fetches_cease(kafka).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_that_takes_nothing_is_an_error_that_names_it() {
    let world = World::embedded().await;
    table(&world).await;
    let store = Arc::new(StuckStore::default());
    let mut client = world.connector_of(&[], store, Query::ending_in("CANCELLED"));
    client.max_block_bytes = 100_000;
    client.max_inline_block_bytes = 50_000;
    client.limit = Duration::from_secs(8);
    let error = read(&client).await.expect_err("nowhere to spill");
    assert!(
        error.contains(&world.bucket) && error.contains("did not answer"),
        "{error}"
    );
}
