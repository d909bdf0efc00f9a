use std::collections::BTreeSet;

use super::*;
use crate::testing::{TOPIC, World, soon, splits_request};
use kafka::{Broker, KafkaError};

async fn page(world: &World, request: GetSplitsRequest) -> Result<GetSplitsResponse, Error> {
    get_splits(&world.parts, request, soon()).await
}

/// Splits of all pages, with the number on each.
async fn all_pages(world: &World) -> (Vec<Split>, Vec<usize>) {
    let (mut splits, mut pages, mut token) = (Vec::new(), Vec::new(), None);
    loop {
        let response = page(world, splits_request(token)).await.unwrap();
        pages.push(response.splits.len());
        splits.extend(response.splits);
        match response.continuation_token {
            None => return (splits, pages),
            next => token = next,
        }
    }
}

fn ranges(splits: &[Split]) -> Vec<(i32, i64, i64)> {
    let read = |split: &Split| {
        let TopicSplit {
            topic_partition,
            range,
            ..
        } = TopicSplit::from_properties(&split.properties).unwrap();
        assert_eq!(topic_partition.topic, TOPIC);
        (topic_partition.partition, range.start(), range.end())
    };
    splits.iter().map(read).collect()
}

#[tokio::test]
async fn plans_each_partition_of_the_tables_topic() {
    let world = World::with_vars(3, &[("spill_bucket", "spill"), ("max_records_per_split", "10")]);
    world.broker.append_gap(TOPIC, 0, 25);
    world.broker.append_gap(TOPIC, 2, 7);
    world.broker.expire(TOPIC, 2, 5);
    let response = page(&world, splits_request(None)).await.unwrap();
    assert_eq!(
        ranges(&response.splits),
        [(0, 0, 9), (0, 9, 17), (0, 17, 25), (2, 5, 7)]
    );
    assert_eq!(
        (response.catalog_name.as_str(), response.continuation_token),
        ("msk", None)
    );
}

#[tokio::test]
async fn an_empty_topic_has_no_splits() {
    let response = page(&World::new(3), splits_request(None)).await.unwrap();
    assert_eq!((response.splits, response.continuation_token), (Vec::new(), None));
}

#[tokio::test]
async fn a_topic_that_the_cluster_does_not_have_is_an_error() {
    let mut world = World::new(1);
    let empty = kafka::MemoryBroker::default();
    world.parts.clusters = std::sync::Arc::new(empty).into();
    let error = page(&world, splits_request(None)).await.unwrap_err();
    assert!(matches!(error, Error::Kafka(KafkaError::UnknownTopic { topic }) if topic == TOPIC));
}

#[tokio::test]
async fn no_two_splits_share_a_spill_location_or_a_key() {
    let world = World::with_vars(1, &[("spill_bucket", "spill"), ("max_records_per_split", "1")]);
    world.broker.append_gap(TOPIC, 0, 50);
    let (splits, _) = all_pages(&world).await;
    let locations: BTreeSet<_> = splits
        .iter()
        .map(|split| split.spill_location.clone().unwrap().key)
        .collect();
    let keys: BTreeSet<_> = splits
        .iter()
        .map(|split| split.encryption_key.as_ref().unwrap().key.clone())
        .collect();
    assert_eq!((locations.len(), keys.len()), (50, 50));
    let location = splits[0].spill_location.clone().unwrap();
    assert!(
        location.directory && location.key.starts_with("athena-federation-spill/8f0c/"),
        "{location:?}"
    );
}

#[tokio::test]
async fn spilling_in_the_clear_needs_no_keys() {
    let world = World::with_vars(
        1,
        &[("spill_bucket", "spill"), ("disable_spill_encryption", "true")],
    );
    world.broker.append_gap(TOPIC, 0, 1);
    assert_eq!(
        page(&world, splits_request(None)).await.unwrap().splits[0].encryption_key,
        None
    );
}

#[tokio::test]
async fn the_identity_says_where_to_spill_before_the_environment_does() {
    let world = World::new(1);
    world.broker.append_gap(TOPIC, 0, 1);
    let mut request = splits_request(None);
    let options = &mut request.identity.as_mut().unwrap().config_options;
    options.insert("spill_bucket".into(), "theirs".into());
    options.insert("spill_prefix".into(), " ".into());
    let location = page(&world, request).await.unwrap().splits[0]
        .spill_location
        .clone()
        .unwrap();
    assert_eq!(location.bucket, "theirs");
    assert!(
        location.key.starts_with("athena-federation-spill/"),
        "a blank option is none: {}",
        location.key
    );
}

#[tokio::test]
async fn a_prefix_with_the_query_id_gets_no_other_segment_of_it() {
    let world = World::with_vars(1, &[("spill_bucket", "spill"), ("spill_prefix", "spill/8f0c")]);
    world.broker.append_gap(TOPIC, 0, 1);
    let location = page(&world, splits_request(None)).await.unwrap().splits[0]
        .spill_location
        .clone()
        .unwrap();
    assert_eq!(location.key.matches("8f0c").count(), 1, "{}", location.key);
}

#[tokio::test]
async fn without_a_bucket_nothing_is_planned() {
    let world = World::with_vars(1, &[]);
    let error = page(&world, splits_request(None)).await.unwrap_err().to_string();
    assert_eq!(
        error,
        "configuration: environment variable spill_bucket is not set"
    );
}

#[tokio::test]
async fn a_prefix_too_long_for_s3_is_an_error() {
    let prefix = "p".repeat(1000);
    let world = World::with_vars(1, &[("spill_bucket", "spill"), ("spill_prefix", &prefix)]);
    let error = page(&world, splits_request(None)).await.unwrap_err();
    assert!(matches!(error, Error::SpillKeyTooLong { .. }), "{error}");
}

#[tokio::test]
async fn pages_are_of_one_snapshot() {
    let world = World::with_vars(2, &[("spill_bucket", "spill"), ("max_records_per_split", "1")]);
    world.broker.append_gap(TOPIC, 0, 1500);
    world.broker.append_gap(TOPIC, 1, 700);
    let first = page(&world, splits_request(None)).await.unwrap();
    world.broker.append_gap(TOPIC, 0, 100);
    world.broker.append_gap(TOPIC, 1, 100);
    let second = page(&world, splits_request(first.continuation_token))
        .await
        .unwrap();
    let third = page(&world, splits_request(second.continuation_token))
        .await
        .unwrap();
    assert_eq!(
        [first.splits.len(), second.splits.len(), third.splits.len()],
        [1000, 1000, 200]
    );
    assert_eq!(third.continuation_token, None);
    let all = ranges(&[first.splits, second.splits, third.splits].concat());
    let wanted: Vec<_> = (0..1500)
        .map(|at| (0, at, at + 1))
        .chain((0..700).map(|at| (1, at, at + 1)))
        .collect();
    assert_eq!(all, wanted);
}

#[tokio::test]
async fn all_pages_name_the_topic_that_was_planned() {
    let world = World::with_vars(1, &[("spill_bucket", "spill"), ("max_records_per_split", "1")]);
    world.broker.append_gap(TOPIC, 0, 1500);
    let planned = world.broker.snapshot(TOPIC, soon()).await.unwrap().topic_id;
    let first = page(&world, splits_request(None)).await.unwrap();
    world.broker.create_topic(TOPIC, 1);
    world.broker.append_gap(TOPIC, 0, 1500);
    let second = page(&world, splits_request(first.continuation_token))
        .await
        .unwrap();
    for split in [&first.splits[0], &second.splits[499]] {
        let split = TopicSplit::from_properties(&split.properties).unwrap();
        assert_eq!(split.topic_id, planned);
    }
    assert!(planned.is_some());
}

#[tokio::test]
async fn without_an_id_of_the_topic_splits_have_none() {
    let world = World::new(1);
    world.broker.append_gap(TOPIC, 0, 1);
    world.broker.forget_topic_id(TOPIC);
    let response = page(&world, splits_request(None)).await.unwrap();
    assert!(!response.splits[0].properties.contains_key("topicId"));
}

#[tokio::test]
async fn partitions_added_between_pages_are_not_planned() {
    let world = World::with_vars(1, &[("spill_bucket", "spill"), ("max_records_per_split", "1")]);
    world.broker.append_gap(TOPIC, 0, 1001);
    let first = page(&world, splits_request(None)).await.unwrap();
    world.broker.add_partitions(TOPIC, 2);
    world.broker.append_gap(TOPIC, 1, 10);
    let second = page(&world, splits_request(first.continuation_token))
        .await
        .unwrap();
    assert_eq!(ranges(&second.splits), [(0, 1000, 1001)]);
    assert_eq!(second.continuation_token, None);
}

#[tokio::test]
async fn the_largest_page_stays_well_below_lambdas_limit() {
    let prefix = format!("8f0c{}", "p".repeat(950));
    let vars = [
        ("spill_bucket", "b"),
        ("spill_prefix", prefix.as_str()),
        ("max_records_per_split", "1"),
    ];
    let world = World::with_vars(1, &vars);
    world.broker.append_gap(TOPIC, 0, i64::MAX);
    let response = page(&world, splits_request(None)).await.unwrap();
    assert_eq!(response.splits.len(), MAX_SPLITS_PER_PAGE);
    let response = protocol::FederationResponse::GetSplits(response);
    let bytes = response.encode(protocol::SerdeVersion::V6).unwrap();
    assert!(
        bytes.len() < spill::MAX_RESPONSE_BYTES / 3,
        "{} bytes",
        bytes.len()
    );
}

#[tokio::test]
async fn a_token_that_is_not_ours_is_an_error() {
    let error = page(&World::new(1), splits_request(Some("7".into())))
        .await
        .unwrap_err()
        .to_string();
    assert!(error.starts_with("continuation token: "), "{error}");
}
