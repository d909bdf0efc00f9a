//! A query reads what its constraints leave of a topic: the rows are those of the whole topic, filtered, and
//! hardly more records are fetched than needed. The embedded broker counts the fetched records; with the real
//! one, the offsets of the plan are counted.

use std::sync::Arc;
use std::time::Duration;

use arrow::array::{
    ArrayRef, AsArray, Date64Array, Decimal128Array, Int8Array, Int64Array, RecordBatch, StringArray,
};
use arrow::datatypes::{DataType, Int64Type};
use embedded::kafka::{ApiKey, EmbeddedKafka};
use protocol::{
    Constraints, EquatableValueSet, Expression, FederationRequest, FederationResponse,
    GetDataSourceCapabilitiesRequest, OrderByDirection, OrderByField, QueryPlan, Range, SortedRangeSet,
    Split, ValueSet, VariableExpression,
};
use serde_json::json;
use tests::broker::WholeRecord;
use tests::client::{Client, identity};
use tests::world::World;

const PARTITIONS: i32 = 3;
const RECORDS: i64 = 6_000;
/// Timestamp of the first record of each partition; each later one is a second later.
const START_MS: i64 = 1_678_752_000_000;
/// Number of records that a narrow read stays below: a fetch returns a megabyte while another is in flight.
const FEW: u64 = 9_000;
/// Delay of each fetch of the embedded broker. A client without delay may fetch a whole partition ahead
/// before the reader, on a busy machine, stops it.
const FETCH_TAKES: Duration = Duration::from_millis(50);

/// Topic of records of a kilobyte each, `{"n": offset}`, as table `t`.
struct Topic {
    world: World,
    name: String,
    client: Client,
}

impl Topic {
    async fn filled() -> Self {
        let topic = Self::empty(&[], &[]).await;
        for partition in 0..PARTITIONS {
            let records: Vec<_> = (0..RECORDS).map(|n| record(n, START_MS + n * 1000)).collect();
            topic.world.broker.produce_whole(&topic.name, partition, &records);
        }
        if let Some(kafka) = topic.kafka() {
            kafka.delay(ApiKey::Fetch, FETCH_TAKES);
        }
        topic
    }

    async fn empty(topic_settings: &[(&str, &str)], settings: &[(&str, &str)]) -> Self {
        let world = World::start().await;
        let name = world
            .broker
            .create_topic_with("pushed", PARTITIONS, topic_settings)
            .await;
        let document = json!({"topicName": name, "metadataColumns": true, "message": {"dataFormat": "json", "fields": [
            {"name": "n", "mapping": "n", "type": "BIGINT"},
            {"name": "shard", "mapping": "", "source": "partition", "type": "VARCHAR"},
            {"name": "exact", "mapping": "", "source": "offset", "type": "DECIMAL(12,2)"},
            {"name": "tiny", "mapping": "", "source": "offset", "type": "TINYINT"},
            {"name": "made_on", "mapping": "", "source": "timestamp", "type": "DATE"},
        ]}});
        world.register("t", &document);
        let client = world.connector(settings);
        Self { world, name, client }
    }

    fn kafka(&self) -> Option<&EmbeddedKafka> {
        self.world.broker.as_embedded()
    }

    /// Number of records sent by the broker so far, if it counts them.
    fn fetched(&self) -> Option<u64> {
        let kafka = self.kafka()?;
        Some(kafka.fetched(&self.name).expect("a topic").records)
    }

    /// Number of requests of an api so far, if the broker counts them.
    fn requests(&self, api: ApiKey) -> u64 {
        self.kafka().map_or(0, |kafka| kafka.requests(api))
    }

    async fn rows(&self, constraints: &Constraints) -> Rows {
        let rows = self.client.select_where("t", COLUMNS, constraints).await;
        sorted_rows(&rows.expect("the query succeeds"))
    }

    /// Rows of a plan of the whole topic, read with the same constraints.
    async fn rows_of_all(&self, constraints: &Constraints) -> Rows {
        let splits = self.client.splits("t").await.expect("splits");
        let rows = self.client.read_all("t", COLUMNS, &splits, constraints).await;
        sorted_rows(&rows.expect("the query succeeds"))
    }

    /// Reads with `constraints` and compares with the whole topic; returns the rows, and the number of
    /// records that were fetched for them. A broker that does not count them sends those of the plan.
    async fn pruned(&self, constraints: &Constraints) -> (Rows, u64) {
        let before = self.fetched();
        let rows = self.rows(constraints).await;
        let fetched = match (before, self.fetched()) {
            (Some(before), Some(after)) => after - before,
            _ => self.planned(constraints).await,
        };
        assert_eq!(rows, self.rows_of_all(constraints).await, "{constraints:?}");
        (rows, fetched)
    }

    /// Number of offsets that a plan reads.
    async fn planned(&self, constraints: &Constraints) -> u64 {
        let splits = self.client.splits_of("t", constraints).await.expect("splits");
        let offset = |split: &Split, name: &str| -> u64 {
            let text = split.properties.get(name).expect("a split of records");
            text.parse().expect("an offset")
        };
        let lengths = splits
            .iter()
            .map(|split| offset(split, "endOffset") - offset(split, "startOffset"));
        lengths.sum()
    }
}

const COLUMNS: &[&str] = &[
    "_partition_id",
    "_partition_offset",
    "n",
    "_timestamp",
    "shard",
    "exact",
    "tiny",
    "made_on",
];

/// Partition and offset of each row, ascending.
type Rows = Vec<(i64, i64)>;

fn sorted_rows(batch: &RecordBatch) -> Rows {
    let column = |index: usize| batch.column(index).as_primitive::<Int64Type>();
    let mut rows: Vec<_> = (0..batch.num_rows())
        .map(|row| (column(0).value(row), column(1).value(row)))
        .collect();
    rows.sort_unstable();
    rows
}

fn record(n: i64, timestamp_ms: i64) -> WholeRecord {
    let value = format!(r#"{{"n":{n},"pad":"{}"}}"#, "x".repeat(1000));
    WholeRecord {
        value: Some(value.into_bytes()),
        timestamp_ms: Some(timestamp_ms),
        ..WholeRecord::default()
    }
}

fn on(sets: Vec<(&str, ValueSet)>) -> Constraints {
    Constraints {
        summary: sets
            .into_iter()
            .map(|(column, set)| (column.to_owned(), set))
            .collect(),
        ..Constraints::default()
    }
}

fn ints(values: &[i64]) -> ArrayRef {
    Arc::new(Int64Array::from(values.to_vec()))
}

fn millis(ms: i64) -> ArrayRef {
    Arc::new(Date64Array::from(vec![ms]))
}

fn list(values: ArrayRef) -> ValueSet {
    EquatableValueSet {
        values,
        white_list: true,
        null_allowed: false,
    }
    .into()
}

fn within(ranges: Vec<Range>) -> ValueSet {
    let data_type = ranges
        .first()
        .map_or(DataType::Int64, |range| range.data_type().clone());
    SortedRangeSet::try_new(data_type, ranges, false)
        .expect("a set")
        .into()
}

fn at_least(value: ArrayRef) -> ValueSet {
    within(vec![Range::at_least(value).expect("a range")])
}

fn below(value: ArrayRef) -> ValueSet {
    within(vec![Range::below(value).expect("a range")])
}

#[tokio::test(flavor = "multi_thread")]
async fn a_partition_is_read_alone() {
    let topic = Topic::filled().await;
    let (rows, fetched) = topic.pruned(&on(vec![("_partition_id", list(ints(&[1])))])).await;
    assert_eq!(rows, (0..RECORDS).map(|n| (1, n)).collect::<Vec<_>>());
    assert_eq!(fetched, RECORDS as u64);
    let text: ArrayRef = Arc::new(StringArray::from(vec!["2", "7"]));
    let (rows, fetched) = topic.pruned(&on(vec![("shard", list(text))])).await;
    assert_eq!(rows.len() as i64, RECORDS);
    assert_eq!(fetched, RECORDS as u64);
}

#[tokio::test(flavor = "multi_thread")]
async fn offsets_are_read_where_they_are() {
    let topic = Topic::filled().await;
    let in_list = on(vec![
        ("_partition_offset", list(ints(&[5, 5_500, 99_999]))),
        ("_partition_id", list(ints(&[0]))),
    ]);
    let (rows, fetched) = topic.pruned(&in_list).await;
    assert_eq!(rows, [(0, 5), (0, 5_500)]);
    assert!(fetched < FEW, "{fetched}");

    let late = on(vec![("_partition_offset", at_least(ints(&[RECORDS - 10])))]);
    let (rows, fetched) = topic.pruned(&late).await;
    assert_eq!(rows.len(), 30);
    assert!(fetched < FEW, "{fetched}");

    let decimal = Decimal128Array::from(vec![1050, 300_000, 300_050]).with_precision_and_scale(12, 2);
    let (rows, _) = topic
        .pruned(&on(vec![("exact", list(Arc::new(decimal.expect("a decimal"))))]))
        .await;
    assert_eq!(
        rows,
        [(0, 3000), (1, 3000), (2, 3000)],
        "10.5 is no offset, nor 3000.5"
    );

    let tiny: ArrayRef = Arc::new(Int8Array::from(vec![120]));
    let (rows, fetched) = topic.pruned(&on(vec![("tiny", at_least(tiny))])).await;
    assert_eq!(
        rows.len(),
        24,
        "120 to 127 in each partition; behind them the column is NULL"
    );
    assert!(fetched < FEW, "{fetched}");
}

#[tokio::test(flavor = "multi_thread")]
async fn records_before_the_earliest_time_are_not_read() {
    let topic = Topic::filled().await;
    let late = on(vec![(
        "_timestamp",
        at_least(millis(START_MS + (RECORDS - 100) * 1000)),
    )]);
    let (rows, fetched) = topic.pruned(&late).await;
    assert_eq!(rows.len(), 300);
    assert!(fetched < FEW, "{fetched}");

    let none = on(vec![("_timestamp", at_least(millis(START_MS + RECORDS * 1000)))]);
    assert_eq!(topic.client.splits_of("t", &none).await.expect("splits"), []);
}

#[tokio::test(flavor = "multi_thread")]
async fn brokers_are_asked_once_for_all_partitions_and_for_settings_only_if_they_count() {
    let topic = Topic::filled().await;
    let planning = async |sets| {
        let apis = [ApiKey::ListOffsets, ApiKey::DescribeConfigs, ApiKey::Fetch];
        let before = apis.map(|api| topic.requests(api));
        topic.client.splits_of("t", &on(sets)).await.expect("splits");
        let after = apis.map(|api| topic.requests(api));
        [0, 1, 2].map(|api| after[api] - before[api])
    };
    // A new client sends further requests to connect to a leader.
    planning(vec![]).await;
    let counted = |counts: [u64; 3]| if topic.kafka().is_some() { counts } else { [0; 3] };
    assert_eq!(planning(vec![]).await, counted([2, 0, 0]), "earliest and latest");
    assert_eq!(
        planning(vec![("_timestamp", at_least(millis(START_MS)))]).await,
        counted([3, 0, 0])
    );
    assert_eq!(
        planning(vec![("_timestamp", below(millis(START_MS)))]).await,
        counted([2, 1, 0])
    );
    let contradiction = vec![
        ("_partition_offset", list(ints(&[]))),
        ("_timestamp", at_least(millis(5))),
    ];
    assert_eq!(planning(contradiction).await, [0, 0, 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_contradiction_asks_the_brokers_nothing() {
    let topic = Topic::filled().await;
    let apis = [ApiKey::Metadata, ApiKey::ApiVersions, ApiKey::ListOffsets];
    let before = apis.map(|api| topic.requests(api));
    for contradiction in [
        on(vec![("n", list(ints(&[])))]),
        on(vec![("_partition_offset", below(ints(&[0])))]),
        on(vec![
            ("_timestamp", at_least(millis(START_MS + 86_400_000))),
            (
                "made_on",
                below(Arc::new(arrow::array::Date32Array::from(vec![19_430]))),
            ),
        ]),
        Constraints {
            limit: Some(0),
            ..Constraints::default()
        },
    ] {
        assert_eq!(
            topic.client.splits_of("t", &contradiction).await.expect("splits"),
            []
        );
    }
    assert_eq!(apis.map(|api| topic.requests(api)), before);
    let no_such_partition = on(vec![("_partition_id", list(ints(&[PARTITIONS.into()])))]);
    assert_eq!(
        topic
            .client
            .splits_of("t", &no_such_partition)
            .await
            .expect("splits"),
        []
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_latest_time_loses_no_record_that_is_out_of_order() {
    let topic = Topic::empty(&[], &[]).await;
    // Every other record is a day late.
    let records: Vec<_> = (0..200)
        .map(|n| record(n, START_MS + (n % 2) * 86_400_000 + n))
        .collect();
    topic.world.broker.produce_whole(&topic.name, 0, &records);
    let early = on(vec![("_timestamp", below(millis(START_MS + 86_400_000)))]);
    let (rows, _) = topic.pruned(&early).await;
    assert_eq!(rows.len(), 100);
    let between = on(vec![(
        "_timestamp",
        within(vec![
            Range::equal(millis(START_MS + 100)).expect("a range"),
            Range::equal(millis(START_MS + 102)).expect("a range"),
        ]),
    )]);
    assert_eq!(topic.pruned(&between).await.0, [(0, 100), (0, 102)]);

    let always = topic.world.connector(&[("timestamp_upper_bound", "always")]);
    let splits = always.splits_of("t", &early).await.expect("splits");
    assert_eq!(splits.len(), 1);
    assert_eq!(
        splits[0].properties["endOffset"], "1",
        "what the setting takes into account"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_latest_time_ends_the_read_of_a_log_in_order_of_time() {
    let topic = Topic::empty(&[("message.timestamp.type", "LogAppendTime")], &[]).await;
    for chunk in 0..6 {
        let records: Vec<_> = (0..1000).map(|n| record(chunk * 1000 + n, 5)).collect();
        topic.world.broker.produce_whole(&topic.name, 1, &records);
    }
    let all = topic.client.select("t", &["_timestamp"]).await.expect("rows");
    let times = all.column(0).as_primitive::<arrow::datatypes::Date64Type>();
    assert!(
        times.value(999) < times.value(1000),
        "appended one after the other"
    );
    let early = on(vec![("_timestamp", below(millis(times.value(1000))))]);
    let (rows, _) = topic.pruned(&early).await;
    assert_eq!(rows, (0..1000).map(|n| (1, n)).collect::<Vec<_>>());
    let splits = topic.client.splits_of("t", &early).await.expect("splits");
    let ends: Vec<_> = splits
        .iter()
        .map(|split| split.properties["endOffset"].as_str())
        .collect();
    assert_eq!(ends, ["1000"]);

    let never = topic.world.connector(&[("timestamp_upper_bound", "never")]);
    let splits = never.splits_of("t", &early).await.expect("splits");
    assert_eq!(splits[0].properties["endOffset"], "6000");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_limit_ends_the_read_of_a_split() {
    let topic = Topic::filled().await;
    let limited = |sets, limit| Constraints {
        limit: Some(limit),
        ..on(sets)
    };
    let before = topic.fetched();
    let rows = topic.rows(&limited(vec![], 5)).await;
    assert!(
        (15..30).contains(&rows.len()),
        "5 of each partition, or little more: {}",
        rows.len()
    );
    if let (Some(before), Some(after)) = (before, topic.fetched()) {
        assert!(after - before < FEW, "{}", after - before);
    }
    // A broker that does not count is replaced by the function's own report.
    let log = [("ATHENA_FEDERATION_SDK_LOG_LEVEL", "info")];
    let (lambda, client) = topic.world.lambda(1, &log).await;
    let rows = client.select_where("t", COLUMNS, &limited(vec![], 5)).await;
    assert!((15..30).contains(&rows.expect("rows").num_rows()));
    let read = lambda.records_read().await;
    assert!((15..30).contains(&read), "{read}");

    let late = || vec![("n", at_least(ints(&[1000])))];
    let rows = topic.rows(&limited(late(), 5)).await;
    assert!(rows.len() >= 15 && rows.len() < 3 * 5000, "{}", rows.len());
    assert!(rows.iter().all(|(_, n)| *n >= 1000));
    let rows = topic
        .rows(&limited(vec![("n", at_least(ints(&[RECORDS - 2])))], 5))
        .await;
    assert_eq!(rows.len(), 6, "all there are");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bad_record_behind_a_limit_is_not_found_out() {
    let topic = Topic::empty(&[], &[("on_bad_record", "fail")]).await;
    let good = (0..10).map(|n| format!(r#"{{"n":{n}}}"#));
    topic
        .world
        .broker
        .produce(&topic.name, 0, good.chain(["{".to_owned()]).map(Some));
    let limit = |limit| Constraints {
        limit: Some(limit),
        ..Constraints::default()
    };
    let select = async |constraints: Constraints| topic.client.select_where("t", &["n"], &constraints).await;
    assert_eq!(select(limit(10)).await.expect("rows").num_rows(), 10);
    let error = select(limit(11)).await.expect_err("one more is wanted");
    assert!(error.contains("partition 0 offset 10"), "{error}");
}

/// Constraints beyond a summary, with and without a limit.
fn hints() -> Vec<(&'static str, Constraints)> {
    let variable = VariableExpression {
        column_name: "n".into(),
        data_type: DataType::Int64,
    };
    let plan = |text: &str| Constraints {
        query_plan: Some(QueryPlan {
            substrait_version: Some("1".into()),
            substrait_plan: text.into(),
        }),
        ..Constraints::default()
    };
    let expression = Constraints {
        expression: vec![Expression::Variable(variable)],
        ..Constraints::default()
    };
    let order = OrderByField {
        column_name: "n".into(),
        direction: OrderByDirection::DescNullsLast,
    };
    let order = Constraints {
        order_by: vec![order],
        ..Constraints::default()
    };
    vec![
        ("expression", expression),
        ("plan", plan("CgwaCgoIbm90aGluZw==")),
        ("plan that is none", plan("\u{0}§ no base64")),
        ("order", order),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn hints_beyond_the_summary_leave_out_nothing() {
    let topic = Topic::empty(&[], &[]).await;
    let records: Vec<_> = (0..100).map(|n| record(n, START_MS + n)).collect();
    topic.world.broker.produce_whole(&topic.name, 0, &records);
    for (hint, constraints) in hints() {
        assert_eq!(topic.rows(&constraints).await.len(), 100, "{hint}");
        let limited = Constraints {
            limit: Some(5),
            ..constraints
        };
        assert_eq!(topic.rows(&limited).await.len(), 100, "{hint} with a limit");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_limit_is_all_that_is_promised() {
    let topic = Topic::empty(&[], &[]).await;
    let request = GetDataSourceCapabilitiesRequest {
        identity: Some(identity()),
        query_id: Some("query".into()),
        catalog_name: "msk".into(),
    };
    let answer = topic
        .client
        .call(&FederationRequest::GetDataSourceCapabilities(request))
        .await;
    let FederationResponse::GetDataSourceCapabilities(answer) = answer.expect("an answer") else {
        panic!("not capabilities")
    };
    let promised: Vec<_> = answer.capabilities.iter().collect();
    let [(name, kinds)] = &promised[..] else {
        panic!("{promised:?}")
    };
    assert_eq!(
        (name.as_str(), kinds.len(), kinds[0].sub_type.as_str()),
        ("supports_limit_pushdown", 1, "integer_constant")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn sql_reads_no_more_than_it_asks_for() {
    let topic = Topic::filled().await;
    let athena = topic.world.athena(&[]);
    let day = 19_430;
    assert_eq!(START_MS, day * 86_400_000);
    for (query, count, most) in [
        (
            "SELECT n FROM msk.customer.t WHERE _partition_id = 1",
            RECORDS as usize,
            RECORDS as u64,
        ),
        (
            "SELECT n FROM msk.customer.t WHERE shard = '1' AND n < 10",
            10,
            RECORDS as u64,
        ),
        (
            "SELECT n FROM msk.customer.t WHERE _partition_offset IN (7, 5000) AND _partition_id < 1",
            2,
            FEW,
        ),
        (
            "SELECT n FROM msk.customer.t WHERE _partition_offset BETWEEN 10 AND 19",
            30,
            FEW,
        ),
        (
            "SELECT n FROM msk.customer.t WHERE _timestamp >= TIMESTAMP '2023-03-14 01:39:50'",
            30,
            FEW,
        ),
        (
            "SELECT n FROM msk.customer.t WHERE made_on < DATE '2023-03-14'",
            0,
            3 * RECORDS as u64,
        ),
        (
            "SELECT n FROM msk.customer.t WHERE made_on > DATE '2023-03-14'",
            0,
            0,
        ),
        (
            "SELECT n FROM msk.customer.t WHERE _partition_id = 0 AND _partition_id = 1",
            0,
            0,
        ),
        ("SELECT n FROM msk.customer.t LIMIT 7", 7, FEW),
        (
            "SELECT n FROM msk.customer.t WHERE n >= 5990 LIMIT 7",
            7,
            // All, and what was still in flight for the previous query.
            3 * RECORDS as u64 + FEW,
        ),
    ] {
        let before = topic.fetched();
        let batches = athena
            .sql(query)
            .await
            .unwrap_or_else(|error| panic!("{query}: {error}"));
        let fetched = topic
            .fetched()
            .zip(before)
            .map_or(0, |(after, before)| after - before);
        assert_eq!(
            batches.iter().map(RecordBatch::num_rows).sum::<usize>(),
            count,
            "{query}"
        );
        assert!(fetched <= most, "{query}: fetched {fetched}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn splits_are_as_many_as_asked_for_and_pages_keep_their_size() {
    let topic = Topic::empty(&[], &[]).await;
    topic.world.broker.produce(
        &topic.name,
        0,
        (0..45_000).map(|n| Some(format!(r#"{{"n":{n}}}"#))),
    );
    for (parallelism, longest, splits) in [
        ("3", "100000", 3),
        ("1000", "100000", 5),
        ("3", "5000", 9),
        ("1", "100000", 1),
    ] {
        let settings = [
            ("target_parallelism", parallelism),
            ("max_records_per_split", longest),
        ];
        let client = topic.world.connector(&settings);
        assert_eq!(
            client.splits("t").await.expect("splits").len(),
            splits,
            "{parallelism} of {longest}"
        );
    }
    let late = on(vec![("_partition_offset", at_least(ints(&[15_000])))]);
    let client = topic.world.connector(&[("target_parallelism", "3")]);
    let splits = client.splits_of("t", &late).await.expect("splits");
    let starts: Vec<_> = splits
        .iter()
        .map(|split| split.properties["startOffset"].as_str())
        .collect();
    assert_eq!(starts, ["15000", "25000", "35000"], "sized by what is read");

    let small = topic.world.connector(&[("max_records_per_split", "20")]);
    let first = small.split_page("t", &late, None).await.expect("a page");
    let token = first.continuation_token.expect("1,500 splits are two pages");
    let large = topic.world.connector(&[]);
    let second = large
        .split_page("t", &Constraints::default(), Some(token))
        .await
        .expect("a page");
    assert_eq!(
        (first.splits.len(), second.splits.len()),
        (1000, 500),
        "the first page decides"
    );
    assert_eq!(second.splits[499].properties["endOffset"], "45000");
}
