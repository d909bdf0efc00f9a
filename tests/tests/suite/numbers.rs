//! Tables whose records are numbers, for tests that count them.

use std::collections::BTreeSet;

use arrow::array::{AsArray, RecordBatch};
use arrow::datatypes::Int64Type;
use protocol::{Constraints, GetSplitsResponse, Split};
use tests::client::Client;
use tests::world::World;

pub(crate) const COLUMNS: &[(&str, &str, &str)] = &[("n", "BIGINT", "")];

/// Table over a new topic whose records are `{"n": …}`.
pub(crate) async fn numbers(world: &World, partitions: i32) -> (String, String) {
    let topic = world.broker.create_topic("numbers", partitions).await;
    let table = format!("t{}", topic.replace('-', "_"));
    world.register_json(&table, &topic, COLUMNS);
    (topic, table)
}

pub(crate) fn record(n: i64) -> String {
    format!(r#"{{"n":{n}}}"#)
}

pub(crate) fn records(range: std::ops::Range<i64>) -> impl Iterator<Item = Option<String>> {
    range.map(|n| Some(record(n)))
}

fn values(batch: &RecordBatch) -> Vec<i64> {
    batch.column(0).as_primitive::<Int64Type>().values().to_vec()
}

pub(crate) async fn select(client: &Client, table: &str) -> Vec<i64> {
    values(&client.select(table, &["n"]).await.expect("the query succeeds"))
}

/// Numbers that splits planned before return now.
pub(crate) async fn read(client: &Client, table: &str, splits: &[Split]) -> Vec<i64> {
    let schema = client.projection(table, &["n"]).await.expect("a schema");
    let mut found = Vec::new();
    for split in splits {
        let rows = client.read(table, &schema, split, &Constraints::default()).await;
        found.extend(values(&rows.expect("rows")));
    }
    found
}

/// Asserts all of `range` once each, in any order.
pub(crate) fn assert_exactly(mut found: Vec<i64>, range: std::ops::Range<i64>) {
    found.sort_unstable();
    let wanted: Vec<_> = range.collect();
    let missing: BTreeSet<_> = wanted
        .iter()
        .filter(|n| found.binary_search(n).is_err())
        .collect();
    assert!(missing.is_empty(), "missing {missing:?}");
    assert_eq!(found.len(), wanted.len(), "rows beside the snapshot's, or twice");
}

/// Page of splits of all rows.
pub(crate) async fn page(client: &Client, table: &str, token: Option<String>) -> GetSplitsResponse {
    let page = client.split_page(table, &Constraints::default(), token).await;
    page.expect("a page")
}

/// Error of the first of these splits that cannot be read.
pub(crate) async fn read_error(client: &Client, table: &str, splits: &[Split]) -> String {
    let schema = client.projection(table, &["n"]).await.expect("a schema");
    for split in splits {
        let rows = client.read(table, &schema, split, &Constraints::default()).await;
        if let Err(error) = rows {
            return error;
        }
    }
    panic!("all of {} splits were read", splits.len())
}
