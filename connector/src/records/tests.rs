use std::sync::Arc;
use std::time::Duration;

use arrow::array::{Array, AsArray, Int64Array, RecordBatch};
use arrow::datatypes::{DataType, Field, Int64Type, Schema};
use async_trait::async_trait;
use protocol::{Constraints, QueryPlan, Range, SortedRangeSet, ValueSet};
use spill::SpillReader;
use topic::table::{FORMAT_HINT_KEY, MAPPING_KEY, SCHEMA_VERSION_KEY, SOURCE_KEY};
use topic::{
    Encoding, NoWriterSchemas, OnBadRecord, OnTombstone, Record, RecordTimestamp, RowDecoder, TimestampType,
    TopicTable, WriterSchemas,
};
use tracing::instrument::WithSubscriber;

use super::row_sink::{Policy, Selection};
use super::*;
use crate::filter::Filter;
use crate::query_status::{QueryState, QueryStatus, QueryStatusError};
use crate::testing::log::Lines;
use crate::testing::{TOPIC, World, soon, table_name};
use kafka::memory::MemoryRecord;
use kafka::{Broker, KafkaError, PlannedRange, RecordSink, TopicPartition, TopicSnapshot};

mod writer_schemas;

/// Reads offsets `start..end` of partition 0, all columns, with the request changed by `change`.
async fn read_as(
    world: &World,
    (start, end): (i64, i64),
    change: impl FnOnce(&mut ReadRecordsRequest),
) -> Result<FederationResponse, Error> {
    let mut request = world.read_request(start, end).await;
    change(&mut request);
    read_records(&world.parts, request, soon()).await
}

async fn rows(world: &World, range: (i64, i64)) -> RecordBatch {
    inline(read_as(world, range, |_| {}).await.unwrap())
}

fn inline(response: FederationResponse) -> RecordBatch {
    match response {
        FederationResponse::ReadRecords(response) => response.records.batch,
        other => panic!("wanted rows inline, found {other:?}"),
    }
}

fn ids(batch: &RecordBatch) -> Vec<Option<i64>> {
    batch
        .column_by_name("id")
        .unwrap()
        .as_primitive::<Int64Type>()
        .iter()
        .collect()
}

fn some(ids: impl IntoIterator<Item = i64>) -> Vec<Option<i64>> {
    ids.into_iter().map(Some).collect()
}

#[tokio::test]
async fn answers_the_rows_of_the_range_alone() {
    let world = World::new(1);
    world.produce(0..100);
    assert_eq!(ids(&rows(&world, (20, 50)).await), some(20..50));
}

#[tokio::test]
async fn records_that_arrive_after_planning_are_not_rows() {
    let world = World::new(1);
    world.produce(0..10);
    let request = world.read_request(0, 10).await;
    world.produce(10..20);
    let response = read_records(&world.parts, request, soon()).await.unwrap();
    assert_eq!(ids(&inline(response)), some(0..10));
}

#[tokio::test]
async fn rows_of_many_batches_keep_their_order() {
    let world = World::new(1);
    world.produce(0..20_001);
    assert_eq!(ids(&rows(&world, (0, 20_001)).await), some(0..20_001));
}

#[tokio::test]
async fn wide_records_are_handed_on_before_they_are_many() {
    let world = World::new(1);
    let wide = "x".repeat(1_000_000);
    for id in 0..12 {
        world.append(Some(&format!(r#"{{"id": {id}, "item": "{wide}"}}"#)));
    }
    let response = read_as(&world, (0, 12), |request| request.max_block_bytes = 2_500_000)
        .await
        .unwrap();
    let FederationResponse::RemoteReadRecords(response) = response else {
        panic!("wanted blocks: {response:?}")
    };
    assert_eq!(response.remote_blocks.len(), 6, "two rows a block");
}

#[tokio::test]
async fn decodes_only_the_columns_asked_for() {
    let world = World::new(1);
    world.produce(0..3);
    let schema = world.schema().await;
    let projected = Arc::new(schema.project(&[1]).unwrap());
    let response = read_as(&world, (0, 3), |request| request.schema = projected)
        .await
        .unwrap();
    let batch = inline(response);
    assert_eq!((batch.num_columns(), batch.num_rows()), (1, 3));
    assert_eq!(batch.column(0).as_string::<i32>().value(2), "item 2");
}

#[tokio::test]
async fn a_schema_without_metadata_is_completed_from_the_registry() {
    let world = World::new(1);
    world.produce(0..3);
    let fields: Vec<_> = world
        .schema()
        .await
        .fields()
        .iter()
        .map(|field| field.as_ref().clone().with_metadata([].into()))
        .collect();
    let bare = Arc::new(Schema::new(fields));
    let response = read_as(&world, (0, 3), |request| request.schema = bare)
        .await
        .unwrap();
    assert_eq!(ids(&inline(response)), some(0..3));
}

/// Schema without the metadata of its columns.
fn without_mappings(schema: &Schema) -> Schema {
    let fields = schema.fields().iter();
    let fields: Vec<_> = fields
        .map(|field| field.as_ref().clone().with_metadata([].into()))
        .collect();
    Schema::new_with_metadata(fields, schema.metadata().clone())
}

#[tokio::test]
async fn a_split_is_read_with_the_version_it_was_planned_with() {
    let world = World::new(1);
    world.append(Some(r#"{"id": 1, "other": 2}"#));
    let planned = Arc::new(without_mappings(world.schema().await.as_ref()));
    world.remap_id("other");
    let lost = Arc::new(Schema::new(planned.fields().clone()));
    for (schema, id) in [(planned, 1), (lost, 2)] {
        let response = read_as(&world, (0, 1), |request| request.schema = schema).await;
        assert_eq!(ids(&inline(response.unwrap())), some([id]));
    }
}

#[tokio::test]
async fn a_version_that_is_gone_is_an_error() {
    let world = World::new(1);
    world.produce(0..1);
    let mut schema = without_mappings(world.schema().await.as_ref());
    schema.metadata.insert(SCHEMA_VERSION_KEY.into(), "0d1e".into());
    let error = read_as(&world, (0, 1), |request| request.schema = Arc::new(schema)).await;
    let error = error.unwrap_err().to_string();
    assert_eq!(error, "schema version `0d1e` does not exist");
}

#[tokio::test]
async fn rows_satisfy_the_summary() {
    let world = World::new(1);
    world.produce(0..100);
    let response = read_as(&world, (0, 100), |request| {
        request.constraints.summary.insert("id".into(), at_least(90));
    });
    assert_eq!(ids(&inline(response.await.unwrap())), some(90..100));
}

fn at_least(id: i64) -> ValueSet {
    let range = Range::at_least(Arc::new(Int64Array::from(vec![id]))).unwrap();
    let set = SortedRangeSet::try_new(DataType::Int64, vec![range], false).unwrap();
    ValueSet::SortedRange(set)
}

/// Ids of a split of 20,000 orders, read with a limit and with the request changed by `change`.
async fn limited(limit: u64, change: impl FnOnce(&mut ReadRecordsRequest)) -> Vec<Option<i64>> {
    let world = World::new(1);
    world.produce(0..20_000);
    let response = read_as(&world, (0, 20_000), |request| {
        request.constraints.limit = Some(limit);
        change(request);
    });
    ids(&inline(response.await.unwrap()))
}

#[tokio::test]
async fn a_limit_is_enough() {
    for limit in [0, 1, 3, 10_000] {
        let found = limited(limit, |_| {}).await;
        assert_eq!(found, some(0..found.len() as i64));
        let limit = limit as usize;
        assert!(
            (limit..limit + 8192).contains(&found.len()),
            "{limit}: {}",
            found.len()
        );
    }
    assert_eq!(limited(3, |_| {}).await.len(), 3);
    assert_eq!(limited(30_000, |_| {}).await.len(), 20_000);
    assert_eq!(limited(u64::MAX, |_| {}).await.len(), 20_000);
}

#[tokio::test]
async fn a_limit_counts_rows_behind_the_filter() {
    let found = limited(5, |request| {
        request.constraints.summary.insert("id".into(), at_least(15_000));
    });
    let found = found.await;
    assert_eq!(found, some(15_000..15_000 + found.len() as i64));
    assert!((5..5000).contains(&found.len()), "{}", found.len());
}

#[tokio::test]
async fn a_limit_is_athenas_where_rows_are_not_surely_of_the_answer() {
    let found = limited(5, |request| {
        request.schema = Arc::new(request.schema.project(&[0]).unwrap());
        request.constraints.summary.insert("item".into(), at_least(0));
    });
    assert_eq!(found.await.len(), 20_000, "a column that is not at hand");
    let found = limited(5, |request| {
        request.constraints.query_plan = Some(QueryPlan {
            substrait_version: None,
            substrait_plan: "\u{0} no base64".into(),
        });
    });
    assert_eq!(found.await.len(), 20_000);
}

#[tokio::test]
async fn a_bad_record_behind_the_limit_fails_nothing() {
    let world = World::with_vars(1, &[("on_bad_record", "fail")]);
    world.produce(0..5);
    world.append(Some("{"));
    let limited = |limit| move |request: &mut ReadRecordsRequest| request.constraints.limit = Some(limit);
    let response = read_as(&world, (0, 6), limited(5)).await.unwrap();
    assert_eq!(ids(&inline(response)), some(0..5));
    let error = read_as(&world, (0, 6), limited(6)).await.unwrap_err();
    assert!(matches!(error, Error::BadRecord { offset: 5, .. }), "{error}");
}

#[tokio::test]
async fn a_tombstone_is_skipped_and_ends_nothing() {
    let world = World::new(1);
    world.produce(0..2);
    world.append(None);
    world.produce(3..5);
    assert_eq!(ids(&rows(&world, (0, 5)).await), some([0, 1, 3, 4]));
}

#[tokio::test]
async fn a_tombstone_may_be_a_row_of_nulls() {
    let world = World::with_vars(1, &[("on_tombstone", "null")]);
    world.produce(0..1);
    world.append(None);
    world.produce(2..3);
    assert_eq!(ids(&rows(&world, (0, 3)).await), [Some(0), None, Some(2)]);
}

fn with_bad_record(on_bad_record: &str) -> World {
    let world = World::with_vars(1, &[("on_bad_record", on_bad_record)]);
    world.produce(0..1);
    world.append(Some("{\"id\": "));
    world.produce(2..3);
    world
}

#[tokio::test]
async fn a_bad_record_is_a_row_of_nulls_or_no_row() {
    assert_eq!(
        ids(&rows(&with_bad_record("null"), (0, 3)).await),
        [Some(0), None, Some(2)]
    );
    assert_eq!(ids(&rows(&with_bad_record("skip"), (0, 3)).await), some([0, 2]));
}

#[tokio::test]
async fn a_bad_record_may_fail_the_query_and_is_named() {
    let error = read_as(&with_bad_record("fail"), (0, 3), |_| {})
        .await
        .unwrap_err();
    assert!(matches!(&error, Error::BadRecord { offset: 1, .. }), "{error}");
    assert!(
        error
            .to_string()
            .starts_with("topic `orders` partition 0 offset 1: "),
        "{error}"
    );
}

#[tokio::test]
async fn a_value_that_does_not_fit_is_null_or_fails_the_query_and_is_named() {
    for (on_bad_record, fails) in [("null", false), ("skip", false), ("fail", true)] {
        let world = World::with_vars(1, &[("on_bad_record", on_bad_record)]);
        world.produce(0..1);
        world.append(Some(r#"{"id": "seven", "item": "x"}"#));
        match read_as(&world, (0, 2), |_| {}).await {
            Ok(response) => assert_eq!(ids(&inline(response)), [Some(0), None], "{on_bad_record}"),
            Err(error) => assert_eq!(
                error.to_string(),
                "topic `orders` partition 0 offset 1: column `id`: text does not fit Int64"
            ),
        }
        let failed = read_as(&world, (0, 2), |_| {}).await.is_err();
        assert_eq!(failed, fails, "{on_bad_record}");
    }
}

#[tokio::test]
async fn what_the_document_says_of_bad_records_and_tombstones_goes_before_the_settings() {
    let world = World::with_vars(1, &[("on_bad_record", "fail"), ("on_tombstone", "null")]);
    world.produce(0..1);
    world.append(Some("{"));
    world.append(None);
    let mut schema = Schema::clone(world.schema().await.as_ref());
    for (key, word) in [("onBadRecord", "skip"), ("onTombstone", "skip")] {
        schema.metadata.insert(key.into(), word.into());
    }
    let response = read_as(&world, (0, 3), |request| request.schema = Arc::new(schema)).await;
    assert_eq!(ids(&inline(response.unwrap())), some([0]));
}

#[tokio::test]
async fn a_table_that_was_looked_up_says_itself_what_becomes_of_bad_records() {
    let world = World::with_vars(1, &[("on_bad_record", "fail")]);
    let mut table = TopicTable::clone(&*world.parts.catalog.table(&table_name()).await.unwrap());
    let policy = |table: &TopicTable| Policy::new(&world.parts.config, table.options);
    assert_eq!(policy(&table).on_bad_record, OnBadRecord::Fail);
    table.options.on_bad_record = Some(OnBadRecord::Skip);
    table.options.on_tombstone = Some(OnTombstone::Null);
    let policy = policy(&table);
    assert_eq!(
        (policy.on_bad_record, policy.on_tombstone),
        (OnBadRecord::Skip, OnTombstone::Null)
    );
}

/// Column that shows metadata of the record.
fn about(name: &str, source: &str, mapping: &str, data_type: DataType) -> Field {
    let metadata = [
        (SOURCE_KEY, source),
        (MAPPING_KEY, mapping),
        (FORMAT_HINT_KEY, ""),
    ];
    let metadata = metadata.map(|(key, text)| (key.to_owned(), text.to_owned()));
    Field::new(name, data_type, true).with_metadata(metadata.into())
}

#[tokio::test]
async fn columns_may_show_the_record_itself() {
    let world = World::new(1);
    world.produce(0..1);
    let record = MemoryRecord {
        key: Some(b"k".to_vec()),
        value: Some(b"{".to_vec()),
        headers: vec![
            ("trace".into(), Some(b"1".to_vec())),
            ("trace".into(), Some(b"2".to_vec())),
        ],
        timestamp: Some(RecordTimestamp {
            millis: 7,
            kind: TimestampType::CreateTime,
        }),
        leader_epoch: Some(3),
    };
    world.broker.append_record(TOPIC, 0, record);
    let columns = vec![
        about("offset", "offset", "", DataType::Utf8),
        about("timestamp", "timestamp", "", DataType::Utf8),
        about("epoch", "leader_epoch", "", DataType::Utf8),
        about("trace", "header", "trace", DataType::Utf8),
        about("raw_key", "raw_key", "", DataType::Utf8),
        about("corrupt", "value_corrupt", "", DataType::Utf8),
        about("error", "error", "", DataType::Utf8),
    ];
    let metadata = world.schema().await.metadata().clone();
    let schema = Arc::new(Schema::new_with_metadata(columns, metadata));
    let response = read_as(&world, (0, 2), |request| request.schema = schema).await;
    let batch = inline(response.unwrap());
    let row = |row: usize| -> Vec<String> {
        let columns = batch.columns().iter().map(AsArray::as_string::<i32>);
        columns
            .map(|column| match column.is_valid(row) {
                true => column.value(row).to_owned(),
                false => "NULL".to_owned(),
            })
            .collect()
    };
    assert_eq!(row(0), ["0", "NULL", "NULL", "NULL", "NULL", "false", "NULL"]);
    let second = row(1);
    assert_eq!(
        second[..6],
        ["1", "1970-01-01 00:00:00.007", "3", "2", "k", "true"]
    );
    assert!(second[6].contains("EOF"), "{second:?}");
}

#[tokio::test]
async fn counts_what_is_no_plain_row() {
    let world = World::new(1);
    let mut table = TopicTable::clone(&*world.parts.catalog.table(&table_name()).await.unwrap());
    table.key = Some(Encoding::Json);
    let columns = [
        about("id", "value", "id", DataType::Int64),
        about("key_id", "key", "id", DataType::Int64),
        about("narrow", "header", "n", DataType::Int8),
    ];
    table.schema = Arc::new(Schema::new(columns.to_vec()));
    let writers: Arc<dyn WriterSchemas> = Arc::new(NoWriterSchemas);
    let decoder = RowDecoder::try_new(&table.schema, Some(&table), &writers).unwrap();
    let (sender, mut deliveries) = mpsc::channel(2);
    let topic_partition = TopicPartition {
        topic: TOPIC.into(),
        partition: 0,
    };
    let policy = Policy::new(&world.parts.config, table.options);
    let selection = Selection {
        filter: Filter::try_new(&Constraints::default(), &table.schema).unwrap(),
        limit: None,
    };
    let mut sink = RowSink::new(
        decoder,
        selection,
        policy,
        topic_partition,
        sender,
        SinkFailure::default(),
    );
    let (good, misfit) = (r#"{"id": 1}"#.as_bytes(), r#"{"id": "x"}"#.as_bytes());
    let headers: [(&str, Option<&[u8]>); 1] = [("n", Some(b"128"))];
    type KeyAndValue<'a> = (Option<&'a [u8]>, Option<&'a [u8]>);
    let records: [KeyAndValue<'_>; 6] = [
        (Some(good), Some(good)),
        (Some(b"{"), Some(good)),
        (Some(b"["), None),
        (Some(misfit), Some(misfit)),
        (Some(good), Some(b"{")),
        (None, Some(good)),
    ];
    for (offset, (value, key)) in (0..).zip(records) {
        let next = sink.accept(Record {
            offset,
            key,
            value,
            headers: &headers.as_slice(),
            ..Record::of_value(b"")
        });
        assert!(next.unwrap().is_continue());
    }
    tokio::task::spawn_blocking(move || sink.finish().unwrap())
        .await
        .unwrap();
    let Some(Delivery::Rows(batch)) = deliveries.recv().await else {
        panic!("wanted rows")
    };
    assert_eq!(batch.num_rows(), 5);
    let Some(Delivery::End(tally)) = deliveries.recv().await else {
        panic!("wanted the tally")
    };
    assert_eq!((tally.tombstones, tally.bad_records, tally.bad_keys), (1, 2, 1));
    assert_eq!(tally.first_bad_record.unwrap().offset, 1);
    let errors: Vec<_> = tally
        .value_errors
        .iter()
        .map(|errors| (errors.column.as_str(), errors.values))
        .collect();
    assert_eq!(errors, [("id", 1), ("key_id", 1), ("narrow", 5)]);
}

#[tokio::test]
async fn offsets_without_records_are_no_rows_and_no_wait() {
    let world = World::new(1);
    world.produce(0..2);
    world.broker.append_gap(TOPIC, 0, 3);
    world.produce(5..6);
    world.broker.append_gap(TOPIC, 0, 1);
    assert_eq!(ids(&rows(&world, (0, 7)).await), some([0, 1, 5]));
    assert_eq!(
        ids(&rows(&world, (0, 4)).await),
        some([0, 1]),
        "a range that ends within a gap"
    );
    assert_eq!(ids(&rows(&world, (4, 7)).await), some([5]));
}

#[tokio::test]
async fn expired_records_are_skipped_and_none_is_read_twice() {
    let world = World::new(1);
    world.produce(0..10);
    world.broker.expire(TOPIC, 0, 4);
    assert_eq!(ids(&rows(&world, (0, 3)).await), some([]));
    assert_eq!(ids(&rows(&world, (3, 6)).await), some([4, 5]));
}

#[tokio::test]
async fn a_log_that_is_shorter_than_the_split_is_an_error() {
    let world = World::new(1);
    world.produce(0..5);
    let error = read_as(&world, (0, 6), |_| {}).await.unwrap_err();
    assert!(
        matches!(error, Error::Kafka(KafkaError::Truncated { .. })),
        "{error}"
    );
}

#[tokio::test]
async fn spilled_rows_are_encrypted_under_the_splits_key() {
    let world = World::new(1);
    world.produce(0..1000);
    let key = spill::generate_key();
    let response = read_as(&world, (0, 1000), |request| {
        request.split.encryption_key = Some(key.clone());
        request.max_inline_block_bytes = 0;
    });
    let FederationResponse::RemoteReadRecords(response) = response.await.unwrap() else {
        panic!("wanted blocks")
    };
    assert_eq!(response.encryption_key.as_ref(), Some(&key));
    let reader = SpillReader::new(world.blocks.clone());
    let block = reader
        .read(&response.remote_blocks[0], response.schema, Some(&key))
        .await
        .unwrap();
    assert_eq!(ids(&block), some(0..1000));
}

#[tokio::test]
async fn the_environments_block_size_goes_before_the_requests() {
    let world = World::with_vars(1, &[("MAX_BLOCK_SIZE_BYTES", "1000")]);
    world.produce(0..1000);
    let response = read_as(&world, (0, 1000), |_| {}).await.unwrap();
    let FederationResponse::RemoteReadRecords(response) = response else {
        panic!("wanted blocks")
    };
    assert!(
        response.remote_blocks.len() > 10,
        "{} blocks",
        response.remote_blocks.len()
    );
}

#[tokio::test]
async fn a_schema_without_columns_is_answered_only_if_there_are_no_rows() {
    let world = World::new(1);
    world.produce(0..3);
    world.append(None);
    let metadata = world.schema().await.metadata().clone();
    let none = Arc::new(Schema::empty().with_metadata(metadata));
    let empty = read_as(&world, (3, 4), |request| request.schema = none.clone())
        .await
        .unwrap();
    assert_eq!(inline(empty).num_rows(), 0);
    let error = read_as(&world, (0, 4), |request| request.schema = none)
        .await
        .unwrap_err();
    assert!(error.to_string().contains("cannot carry 3 rows"), "{error}");
}

#[tokio::test]
async fn a_split_that_is_not_ours_is_an_error() {
    let world = World::new(1);
    let response = read_as(&world, (0, 1), |request| {
        request.split.properties.insert("endOffset".into(), "0".into());
    });
    let error = response.await.unwrap_err().to_string();
    assert!(
        error.starts_with("split: startOffset 0 and endOffset 0"),
        "{error}"
    );
}

#[tokio::test]
async fn a_topic_of_another_id_is_an_error() {
    let world = World::new(1);
    world.produce(0..3);
    let planned = world.broker.snapshot(TOPIC, soon()).await.unwrap().topic_id;
    let read = || {
        read_as(&world, (0, 3), |request| {
            let id = planned.unwrap().to_string();
            request.split.properties.insert("topicId".into(), id);
        })
    };
    assert_eq!(inline(read().await.unwrap()).num_rows(), 3);
    world.broker.create_topic(TOPIC, 1);
    world.produce(0..3);
    let error = read().await.unwrap_err();
    assert!(
        matches!(&error, Error::Kafka(KafkaError::Recreated { topic, .. }) if topic == TOPIC),
        "{error}"
    );
}

#[tokio::test]
async fn offsets_that_expired_are_skipped_or_an_error_as_the_setting_says() {
    let expire = |vars: &[(&str, &str)]| {
        let world = World::with_vars(1, vars);
        world.produce(0..10);
        world.broker.expire(TOPIC, 0, 4);
        world
    };
    let skip = expire(&[]);
    assert_eq!(rows(&skip, (0, 10)).await.num_rows(), 6);
    let fail = expire(&[("on_expired_offsets", "fail")]);
    let error = read_as(&fail, (0, 10), |_| {}).await.unwrap_err().to_string();
    assert_eq!(
        error,
        "topic `orders` partition 0: offsets 0..4 were deleted by retention after the query was planned, \
         and on_expired_offsets is `fail`"
    );
    assert_eq!(rows(&fail, (4, 10)).await.num_rows(), 6);
}

/// Broker whose reads never progress; reports when one is dropped.
struct Stuck(Arc<tokio::sync::Notify>);

struct NotifyOnDrop(Arc<tokio::sync::Notify>);

impl Drop for NotifyOnDrop {
    fn drop(&mut self) {
        self.0.notify_one();
    }
}

#[async_trait]
impl Broker for Stuck {
    async fn snapshot(&self, _: &str, _: Instant) -> Result<TopicSnapshot, KafkaError> {
        std::future::pending().await
    }

    async fn offsets_at(
        &self,
        _: &str,
        _: &[i32],
        _: i64,
        _: Instant,
    ) -> Result<Vec<Option<i64>>, KafkaError> {
        std::future::pending().await
    }

    async fn timestamp_type(&self, _: &str, _: Instant) -> Result<Option<String>, KafkaError> {
        Ok(None)
    }

    async fn read(
        &self,
        _: &PlannedRange,
        _: Instant,
        _sink: Box<dyn RecordSink>,
    ) -> Result<ReadStats, KafkaError> {
        let _given_up = NotifyOnDrop(self.0.clone());
        std::future::pending().await
    }
}

struct Cancelled;

#[async_trait]
impl QueryStatus for Cancelled {
    async fn state(&self, _: &str) -> Result<QueryState, QueryStatusError> {
        Ok(QueryState::Over("CANCELLED".into()))
    }
}

#[tokio::test(start_paused = true)]
async fn a_query_that_is_over_ends_the_read_with_an_error() {
    let given_up = Arc::new(tokio::sync::Notify::new());
    let mut world = World::new(1);
    world.parts.clusters = Arc::new(Stuck(given_up.clone())).into();
    world.parts.query_status = Arc::new(Cancelled);
    let error = read_as(&world, (0, 1), |_| {}).await.unwrap_err().to_string();
    assert_eq!(error, "query 8f0c has ended (CANCELLED): the read was stopped");
    tokio::time::timeout(Duration::from_secs(1), given_up.notified())
        .await
        .expect("the read should be given up");
}

/// Document in which the format hint of `at` is invalid.
const UNREADABLE_HINT: &str = r#"{"topicName": "orders", "message": {"dataFormat": "json", "fields": [
    {"name": "id", "mapping": "id", "type": "BIGINT"},
    {"name": "at", "mapping": "at", "type": "TIMESTAMP", "formatHint": "yyyy-MM-dd b"}
]}}"#;

fn with_unreadable_hint(on_bad_record: &str) -> World {
    let world = World::with_vars(1, &[("on_bad_record", on_bad_record), ("spill_bucket", "spill")]);
    world
        .registry
        .register_schema("customer", "orders", "JSON", UNREADABLE_HINT);
    for id in 0..2 {
        world.append(Some(&format!(r#"{{"id": {id}, "at": "2023-03-09"}}"#)));
    }
    world
}

#[tokio::test]
async fn a_format_hint_that_is_not_one_costs_its_column_and_a_warning_for_each_load_of_the_table() {
    for on_bad_record in ["null", "skip"] {
        let world = with_unreadable_hint(on_bad_record);
        let lines = Lines::default();
        let (request, batch) = async {
            let request = world.read_request(0, 2).await;
            let response = read_records(&world.parts, request.clone(), soon()).await;
            (request, inline(response.unwrap()))
        }
        .with_subscriber(lines.subscriber())
        .await;
        assert_eq!(ids(&batch), some(0..2), "{on_bad_record}");
        assert_eq!(batch.column_by_name("at").unwrap().null_count(), 2);
        let logged: Vec<_> = lines
            .take()
            .iter()
            .filter(|line| line["level"] == "WARN")
            .map(|line| (line["message"].clone(), line["reason"].clone()))
            .collect();
        let reason = "format hint \"yyyy-MM-dd b\": `b` at position 11 is not a pattern letter; literal text requires single quotes";
        let of_document = format!("{reason}; texts and numbers of the column are NULL");
        assert_eq!(
            logged,
            [
                ("a column differs from its document".into(), of_document.into()),
                (
                    "values did not fit their column and are NULL".into(),
                    reason.into()
                ),
            ]
        );
        // The request describes its columns itself: the table is not needed.
        assert!(topic::table::is_self_described(&request.schema));
    }
}

#[tokio::test]
async fn a_format_hint_that_is_not_one_fails_only_queries_of_its_column_where_bad_records_do() {
    let world = with_unreadable_hint("fail");
    let error = read_as(&world, (0, 2), |_| {}).await.unwrap_err().to_string();
    assert!(
        error.contains("column `at`: text does not fit Date64; the column's format hint \"yyyy-MM-dd b\""),
        "{error}"
    );
    let without = |request: &mut ReadRecordsRequest| {
        request.schema = Arc::new(request.schema.project(&[0]).unwrap());
    };
    assert_eq!(
        ids(&inline(read_as(&world, (0, 2), without).await.unwrap())),
        some(0..2)
    );
}
