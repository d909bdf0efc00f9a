//! A query reads one snapshot of one topic: changes of the topic after planning are not seen, or are an
//! error.

use std::time::Duration;

use embedded::kafka::ApiKey;
use protocol::Split;
use tests::world::World;

use crate::numbers::{assert_exactly, numbers, page, read, read_error, records, select};

const RECREATED: &str = "was deleted and recreated after the query was planned";

#[tokio::test(flavor = "multi_thread")]
async fn a_topic_deleted_between_planning_and_reading_is_an_error() {
    let world = World::start().await;
    let (topic, table) = numbers(&world, 1).await;
    world.broker.produce(&topic, 0, records(0..100));
    let connector = world.connector(&[]);
    let splits = connector.splits(&table).await.expect("splits");
    world.broker.delete_topic(&topic).await;
    let error = read_error(&connector, &table, &splits).await;
    assert_eq!(
        error,
        format!("topic `{topic}` does not exist in the Kafka cluster")
    );
}

/// With as many records as before, with more and with fewer: the offsets distinguish only the last case.
#[tokio::test(flavor = "multi_thread")]
async fn a_topic_recreated_between_planning_and_reading_is_an_error() {
    let world = World::start().await;
    let connector = world.connector(&[("max_records_per_split", "40")]);
    for count in [100, 200, 10] {
        let (topic, table) = numbers(&world, 1).await;
        world.broker.produce(&topic, 0, records(0..100));
        let splits = connector.splits(&table).await.expect("splits");
        world.broker.recreate_topic(&topic, 1).await;
        world.broker.produce(&topic, 0, records(1000..1000 + count));
        for split in splits {
            let error = read_error(&connector, &table, &[split]).await;
            assert!(error.contains(&topic) && error.contains(RECREATED), "{error}");
        }
        assert_exactly(select(&connector, &table).await, 1000..1000 + count);
    }
}

/// The client that reads fetched the old topic before, and fetches the new one without an error.
#[tokio::test(flavor = "multi_thread")]
async fn a_topic_recreated_while_it_is_read_is_an_error() {
    let world = World::embedded().await;
    let (topic, table) = numbers(&world, 1).await;
    world.broker.produce(&topic, 0, records(0..100));
    let connector = world.connector(&[]);
    let splits = connector.splits(&table).await.expect("splits");
    let kafka = world.broker.as_embedded().expect("the embedded broker");
    kafka.stall_fetches(Duration::from_secs(60));
    let recreate = async {
        until(|| kafka.requests(ApiKey::Fetch) > 0).await;
        world.broker.recreate_topic(&topic, 1).await;
        world.broker.produce(&topic, 0, records(1000..1200));
        kafka.kill_connections();
        kafka.resume_fetches();
    };
    let (error, ()) = tokio::join!(read_error(&connector, &table, &splits), recreate);
    assert!(error.contains(&topic) && error.contains(RECREATED), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_later_page_is_of_the_topic_that_was_planned() {
    let world = World::start().await;
    let (topic, table) = numbers(&world, 1).await;
    world.broker.produce(&topic, 0, records(0..1500));
    let connector = world.connector(&[("max_records_per_split", "1")]);
    let first = page(&connector, &table, None).await;
    world.broker.recreate_topic(&topic, 1).await;
    world.broker.produce(&topic, 0, records(0..1500));
    let second = page(&connector, &table, first.continuation_token).await;
    let error = read_error(&connector, &table, &second.splits[..1]).await;
    assert!(error.contains(RECREATED), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_split_without_a_topic_id_is_read_by_name() {
    let world = World::start().await;
    let (topic, table) = numbers(&world, 1).await;
    world.broker.produce(&topic, 0, records(0..10));
    let connector = world.connector(&[]);
    let mut splits = connector.splits(&table).await.expect("splits");
    splits[0].properties.remove("topicId").expect("an id");
    world.broker.recreate_topic(&topic, 1).await;
    world.broker.produce(&topic, 0, records(0..10));
    assert_exactly(read(&connector, &table, &splits).await, 0..10);
}

#[tokio::test(flavor = "multi_thread")]
async fn offsets_that_expired_are_an_error_that_names_them_if_asked_for() {
    let world = World::start().await;
    let (topic, table) = numbers(&world, 1).await;
    world.broker.produce(&topic, 0, records(0..100));
    let connector = world.connector(&[("max_records_per_split", "50"), ("on_expired_offsets", "fail")]);
    let splits = connector.splits(&table).await.expect("splits");
    world.broker.delete_records_before(&topic, 0, 45).await;
    let error = read_error(&connector, &table, &splits).await;
    let wanted = format!("topic `{topic}` partition 0: offsets 0..45 were deleted by retention");
    assert!(error.starts_with(&wanted), "{error}");
    assert_exactly(read(&connector, &table, &splits[1..]).await, 50..100);
}

#[tokio::test(flavor = "multi_thread")]
async fn partitions_added_after_planning_are_not_read() {
    let world = World::start().await;
    let (topic, table) = numbers(&world, 1).await;
    world.broker.produce(&topic, 0, records(0..1500));
    let connector = world.connector(&[("max_records_per_split", "1")]);
    let first = page(&connector, &table, None).await;
    world.broker.grow_topic(&topic, 3).await;
    world.broker.produce(&topic, 2, records(2000..2010));
    let second = page(&connector, &table, first.continuation_token).await;
    assert_eq!((second.splits.len(), second.continuation_token), (500, None));
    let some: Vec<Split> = [&first.splits[990..], &second.splits[..10]].concat();
    assert_exactly(read(&connector, &table, &some).await, 990..1010);
}

/// Like a topic that is recreated with fewer, on brokers without topic ids.
#[tokio::test(flavor = "multi_thread")]
async fn a_partition_that_is_gone_is_an_error() {
    let world = World::start().await;
    let (topic, table) = numbers(&world, 2).await;
    world.broker.produce(&topic, 1, records(0..10));
    let connector = world.connector(&[]);
    let mut splits = connector.splits(&table).await.expect("splits");
    splits[0].properties.remove("topicId").expect("an id");
    world.broker.recreate_topic(&topic, 1).await;
    let error = read_error(&connector, &table, &splits).await;
    assert_eq!(
        error,
        format!("topic `{topic}` partition 1 does not exist in the Kafka cluster")
    );
}

/// Waits until `condition` holds, at most a minute.
async fn until(condition: impl Fn() -> bool) {
    let holds = async {
        while !condition() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(60), holds)
        .await
        .expect("the condition comes to hold");
}
