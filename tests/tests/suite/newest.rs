//! The newest records, through the real binary: `ORDER BY _partition_offset DESC LIMIT n` reads the ends of the partitions
//! and not the topic. How many records were fetched the embedded broker counts; with the real one, how many were read is what
//! the function reports.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::{AsArray, Int64Array, RecordBatch};
use arrow::datatypes::Int64Type;
use protocol::{
    Constraints, EquatableValueSet, FederationRequest, FederationResponse, GetDataSourceCapabilitiesRequest,
    OrderByDirection, OrderByField, Range, SortedRangeSet, ValueSet,
};
use serde_json::json;
use tests::broker::WholeRecord;
use tests::client::{Client, identity};
use tests::lambda::Lambda;
use tests::world::World;

const PARTITIONS: i32 = 3;
const RECORDS: i64 = 3_000;
/// Records in a batch, of which a fetch brings whole ones.
const BATCH: u64 = 100;
const START_MS: i64 = 1_678_752_000_000;

struct Topic {
    world: World,
    name: String,
    client: Client,
    lambda: Arc<Lambda>,
}

impl Topic {
    async fn new(topic_settings: &[(&str, &str)], settings: &[(&str, &str)]) -> Self {
        let world = World::start().await;
        let name = world
            .broker
            .create_topic_with("newest", PARTITIONS, topic_settings)
            .await;
        let document = json!({"topicName": name, "metadataColumns": true, "message": {"dataFormat": "json", "fields": [
            {"name": "n", "mapping": "n", "type": "BIGINT"}]}});
        world.register("t", &document);
        let mut all = vec![
            ("top_n_pushdown", "true"),
            ("ATHENA_FEDERATION_SDK_LOG_LEVEL", "info"),
        ];
        all.extend_from_slice(settings);
        let (lambda, client) = world.lambda(1, &all).await;
        Self {
            world,
            name,
            client,
            lambda,
        }
    }

    /// The record at offset `n` was made `n` seconds after the first, each third of them two hours earlier.
    async fn filled(topic_settings: &[(&str, &str)]) -> Self {
        let topic = Self::new(topic_settings, &[]).await;
        for partition in 0..PARTITIONS {
            let records: Vec<_> = (0..RECORDS)
                .map(|n| WholeRecord {
                    value: Some(format!(r#"{{"n":{n},"pad":"{}"}}"#, "x".repeat(500)).into_bytes()),
                    timestamp_ms: Some(START_MS + n * 1000 - (n % 3 / 2) * 7_200_000),
                    ..WholeRecord::default()
                })
                .collect();
            let batches = [("batch.num.messages", "100")];
            topic
                .world
                .broker
                .produce_whole_as(&batches, &topic.name, partition, &records);
        }
        topic
    }

    /// Number of records that the broker has sent so far; with one that does not count them, that were read.
    async fn fetched(&self) -> u64 {
        match self.world.broker.as_embedded() {
            Some(kafka) => kafka.fetched(&self.name).expect("a topic").records,
            None => self.lambda.records_read().await,
        }
    }

    /// Offsets of the rows of each partition, ascending; and how many records were fetched for them.
    async fn rows(&self, constraints: &Constraints) -> (BTreeMap<i64, Vec<i64>>, u64) {
        let before = self.fetched().await;
        let columns = ["_partition_id", "_partition_offset", "n", "_timestamp"];
        let rows = self
            .client
            .select_where("t", &columns, constraints)
            .await
            .expect("rows");
        (by_partition(&rows), self.fetched().await - before)
    }
}

fn by_partition(rows: &RecordBatch) -> BTreeMap<i64, Vec<i64>> {
    let column = |index: usize| rows.column(index).as_primitive::<Int64Type>().values();
    let mut offsets = BTreeMap::<i64, Vec<i64>>::new();
    for (partition, offset) in column(0).iter().zip(column(1)) {
        offsets.entry(*partition).or_default().push(*offset);
    }
    offsets.values_mut().for_each(|offsets| offsets.sort_unstable());
    offsets
}

/// The newest `count` by this column.
fn newest(column: &str, count: u64) -> Constraints {
    Constraints {
        order_by: vec![OrderByField {
            column_name: column.to_owned(),
            direction: OrderByDirection::DescNullsLast,
        }],
        limit: Some(count),
        ..Constraints::default()
    }
}

fn with(constraints: Constraints, column: &str, set: ValueSet) -> Constraints {
    let mut summary = constraints.summary;
    summary.insert(column.to_owned(), set);
    Constraints {
        summary,
        ..constraints
    }
}

fn one_of(values: &[i64]) -> ValueSet {
    EquatableValueSet {
        values: Arc::new(Int64Array::from(values.to_vec())),
        white_list: true,
        null_allowed: false,
    }
    .into()
}

fn below(value: i64) -> ValueSet {
    let range = Range::below(Arc::new(Int64Array::from(vec![value]))).expect("a range");
    SortedRangeSet::try_new(range.data_type().clone(), vec![range], false)
        .expect("a set")
        .into()
}

/// Asserts that the `count` newest rows of each partition were found, and that little more was fetched.
fn assert_newest(found: &(BTreeMap<i64, Vec<i64>>, u64), partitions: &[i64], end: i64, count: i64) {
    let (rows, fetched) = found;
    assert_newest_rows(rows, partitions, end, count);
    let few = partitions.len() as u64 * (count as u64 + 2 * BATCH);
    assert!(*fetched <= few, "{fetched} of {few}");
}

fn assert_newest_rows(rows: &BTreeMap<i64, Vec<i64>>, partitions: &[i64], end: i64, count: i64) {
    assert_eq!(rows.keys().copied().collect::<Vec<_>>(), partitions);
    for offsets in rows.values() {
        let wanted: Vec<_> = (end - count..end).collect();
        assert!(offsets.ends_with(&wanted), "{offsets:?}");
    }
}

/// Asserts that all rows of all partitions were found.
fn assert_all(rows: &BTreeMap<i64, Vec<i64>>) {
    let counts = rows
        .iter()
        .map(|(partition, offsets)| (*partition, offsets.len() as i64));
    assert_eq!(
        counts.collect::<Vec<_>>(),
        [(0, RECORDS), (1, RECORDS), (2, RECORDS)]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_ends_of_all_partitions_are_read_and_little_more() {
    let topic = Topic::filled(&[]).await;
    let found = topic.rows(&newest("_partition_offset", 5)).await;
    assert_newest(&found, &[0, 1, 2], RECORDS, 5);
    // The order may begin with the partition, and go on after the offset.
    let mut order = newest("_partition_id", 5);
    order.order_by.extend(newest("_partition_offset", 5).order_by);
    order.order_by.extend(newest("n", 5).order_by);
    assert_newest(&topic.rows(&order).await, &[0, 1, 2], RECORDS, 5);
}

#[tokio::test(flavor = "multi_thread")]
async fn conditions_on_partition_and_offset_say_where_the_end_is() {
    let topic = Topic::filled(&[]).await;
    let constraints = with(newest("_partition_offset", 5), "_partition_id", one_of(&[1]));
    assert_newest(&topic.rows(&constraints).await, &[1], RECORDS, 5);
    // In the middle of a log a fetch brings more than is asked for, as for any range.
    let constraints = with(constraints, "_partition_offset", below(2_000));
    let (rows, _) = topic.rows(&constraints).await;
    assert_newest_rows(&rows, &[1], 2_000, 5);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_condition_on_the_payload_is_satisfied_however_far_back() {
    let topic = Topic::filled(&[]).await;
    let constraints = with(newest("_partition_offset", 2), "n", one_of(&[7, 2_990, 2_995]));
    let (rows, fetched) = topic.rows(&constraints).await;
    for offsets in rows.values() {
        assert!(offsets.ends_with(&[2_990, 2_995]), "{offsets:?}");
    }
    assert!(fetched < 3 * 500, "{fetched}");
    let constraints = with(newest("_partition_offset", 3), "n", one_of(&[7, 2_990, 2_995]));
    let (rows, _) = topic.rows(&constraints).await;
    assert_eq!(rows[&1], [7, 2_990, 2_995]);
}

#[tokio::test(flavor = "multi_thread")]
async fn offsets_without_rows_are_passed_over() {
    let topic = Topic::new(&[], &[]).await;
    topic
        .world
        .broker
        .transaction(&topic.name, 0, &[r#"{"n":0}"#, r#"{"n":1}"#], true);
    for _ in 0..40 {
        topic
            .world
            .broker
            .transaction(&topic.name, 0, &[r#"{"n":-1}"#], false);
    }
    topic
        .world
        .broker
        .produce(&topic.name, 0, [Some(r#"{"n":2}"#), None, Some(r#"{"n":3}"#)]);
    let columns = ["n"];
    for (count, wanted) in [
        (1, &[3][..]),
        (2, &[2, 3]),
        (4, &[0, 1, 2, 3]),
        (9, &[0, 1, 2, 3]),
    ] {
        let rows = topic
            .client
            .select_where("t", &columns, &newest("_partition_offset", count))
            .await;
        let rows = rows.expect("rows");
        let mut found = rows.column(0).as_primitive::<Int64Type>().values().to_vec();
        found.sort_unstable();
        assert!(found.ends_with(wanted), "{count}: {found:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn times_are_in_the_order_of_offsets_only_where_the_log_gives_them() {
    let topic = Topic::filled(&[("message.timestamp.type", "LogAppendTime")]).await;
    assert_newest(
        &topic.rows(&newest("_timestamp", 5)).await,
        &[0, 1, 2],
        RECORDS,
        5,
    );
    let topic = Topic::filled(&[]).await;
    let (rows, _) = topic.rows(&newest("_timestamp", 5)).await;
    assert_all(&rows);
}

#[tokio::test(flavor = "multi_thread")]
async fn other_orders_read_everything() {
    let topic = Topic::filled(&[]).await;
    let ascending = Constraints {
        order_by: vec![OrderByField {
            column_name: "_partition_offset".into(),
            direction: OrderByDirection::AscNullsFirst,
        }],
        ..newest("_partition_offset", 5)
    };
    for constraints in [ascending, newest("n", 5)] {
        let (rows, _) = topic.rows(&constraints).await;
        assert_all(&rows);
    }
}

async fn promises(client: &Client) -> Vec<String> {
    let request = GetDataSourceCapabilitiesRequest {
        identity: Some(identity()),
        query_id: Some("query".into()),
        catalog_name: "msk".into(),
    };
    match client
        .call(&FederationRequest::GetDataSourceCapabilities(request))
        .await
    {
        Ok(FederationResponse::GetDataSourceCapabilities(response)) => {
            response.capabilities.into_keys().collect()
        }
        other => panic!("no capabilities: {other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn without_the_setting_nothing_is_promised_and_everything_is_read() {
    let topic = Topic::new(&[], &[("top_n_pushdown", "false")]).await;
    let lines = (0..50).map(|n| Some(format!(r#"{{"n":{n}}}"#)));
    topic.world.broker.produce(&topic.name, 0, lines);
    assert_eq!(promises(&topic.client).await, ["supports_limit_pushdown"]);
    let (rows, _) = topic.rows(&newest("_partition_offset", 5)).await;
    assert_eq!(rows[&0].len(), 50);

    let topic = Topic::new(&[], &[]).await;
    let promised = promises(&topic.client).await;
    assert_eq!(promised, ["supports_limit_pushdown", "supports_top_n_pushdown"]);
}
