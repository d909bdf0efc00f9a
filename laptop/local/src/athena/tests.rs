//! Engine over a scripted connector of a hundred lines.

use std::ops::Range;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::time::Duration;

use arrow::array::{
    ArrayRef, AsArray, Date64Array, Int32Array, ListArray, MapArray, StringArray, StructArray,
};
use arrow::buffer::OffsetBuffer;
use arrow::datatypes::{DataType, Field, Fields, Int32Type, Int64Type, Schema};
use arrow::util::pretty::pretty_format_batches;
use async_trait::async_trait;
use protocol::{
    Block, FederationRequest, FederationResponse, GetDataSourceCapabilitiesResponse, GetSplitsResponse,
    GetTableLayoutResponse, GetTableResponse, IpcFraming, ListSchemasResponse, ListTablesResponse,
    OptimizationSubType, PingResponse, ReadRecordsRequest, ReadRecordsResponse, RemoteReadRecordsResponse,
    SerdeVersion, Split, TableName, ValueSet, encode_batch,
};
use spill::{BlockCipher, MemoryBlockStore, block_location, generate_key, split_location};

use super::*;
use crate::invoke::InvokeError;

mod names;
mod session;
mod statements;

/// Result of reading a split.
#[derive(Clone)]
enum Script {
    Inline(Range<i32>),
    /// A block for each range, encrypted.
    Spilled(Vec<Range<i32>>),
    /// Like `Spilled`, but the last block is missing.
    SpilledAndLost(Vec<Range<i32>>),
    /// A response without one of the columns.
    ShortOfAColumn,
    Fails,
}

struct Fake {
    reported_version: u32,
    /// Schema of the table `orders`.
    schema: SchemaRef,
    splits: Vec<Script>,
    splits_a_page: usize,
    /// Whether the continuation token never changes.
    endless: bool,
    capabilities: Vec<(String, Vec<OptimizationSubType>)>,
    blocks: Arc<MemoryBlockStore>,
    /// Number of calls that are still to be throttled.
    throttles: AtomicUsize,
    delay: Duration,
    reading: AtomicUsize,
    most_reading: AtomicUsize,
    requests: Mutex<Vec<(FederationRequest, SerdeVersion)>>,
}

impl Fake {
    fn new(splits: Vec<Script>) -> Self {
        Self {
            reported_version: 6,
            schema: table_schema(),
            splits,
            splits_a_page: 100,
            endless: false,
            capabilities: Vec::new(),
            blocks: Arc::default(),
            throttles: AtomicUsize::new(0),
            delay: Duration::ZERO,
            reading: AtomicUsize::new(0),
            most_reading: AtomicUsize::new(0),
            requests: Mutex::default(),
        }
    }

    fn start(self) -> (Arc<Self>, Athena) {
        let fake = Arc::new(self);
        let mut options = AthenaOptions {
            concurrency: 3,
            ..AthenaOptions::default()
        };
        options.federation.table_page_size = 2;
        options.federation.throttle_retries = 3;
        options.federation.throttle_delay = Duration::from_millis(1);
        let athena = Athena::with_options(Arc::clone(&fake) as _, Arc::clone(&fake.blocks) as _, options);
        (fake, athena)
    }

    fn count(&self, name: &str) -> usize {
        self.requests
            .lock()
            .unwrap()
            .iter()
            .filter(|(request, _)| request.name() == name)
            .count()
    }

    fn reads(&self) -> Vec<ReadRecordsRequest> {
        let requests = self.requests.lock().unwrap();
        let read = |request: &FederationRequest| match request {
            FederationRequest::ReadRecords(read) => Some(read.clone()),
            _ => None,
        };
        requests.iter().filter_map(|(request, _)| read(request)).collect()
    }

    async fn answer(&self, request: FederationRequest) -> Result<FederationResponse, String> {
        Ok(match request {
            FederationRequest::Ping(ping) => {
                let serde_version = self.reported_version;
                PingResponse {
                    serde_version,
                    ..PingResponse::to(&ping, "fake")
                }
                .into()
            }
            FederationRequest::ListSchemas(list) => ListSchemasResponse {
                catalog_name: list.catalog_name,
                schemas: vec!["customer".into(), "b".into()],
            }
            .into(),
            FederationRequest::ListTables(list) => {
                let first: usize = list.next_token.map_or(0, |token| token.parse().unwrap());
                let end = first + list.page_size.unwrap() as usize;
                let tables = ["t4", "t1", "t3", "t0", "t2"].map(|table| TableName::new("customer", table));
                let page = tables[first..end.min(5)].to_vec();
                let next_token = (end < 5).then(|| end.to_string());
                ListTablesResponse {
                    tables: page,
                    catalog_name: list.catalog_name,
                    next_token,
                }
                .into()
            }
            FederationRequest::GetTable(get) if get.table_name.table_name == "orders" => GetTableResponse {
                catalog_name: get.catalog_name,
                table_name: get.table_name,
                schema: Arc::clone(&self.schema),
                partition_columns: Vec::new(),
            }
            .into(),
            FederationRequest::GetTable(get) => return Err(format!("{} does not exist", get.table_name)),
            FederationRequest::GetTableLayout(get) => {
                let partition = Field::new("partitionId", DataType::Int32, true);
                let rows = i32::from(!self.splits.is_empty());
                let ids = Arc::new(Int32Array::from_iter_values(0..rows));
                let batch = RecordBatch::try_new(Arc::new(Schema::new(vec![partition])), vec![ids]).unwrap();
                let (catalog_name, table_name) = (get.catalog_name, get.table_name);
                GetTableLayoutResponse {
                    catalog_name,
                    table_name,
                    partitions: Block::new(batch),
                }
                .into()
            }
            FederationRequest::GetSplits(get) => {
                let first: usize = get
                    .continuation_token
                    .as_ref()
                    .map_or(0, |token| token.parse().unwrap());
                let end = (first + self.splits_a_page).min(self.splits.len());
                let more = if self.endless {
                    Some("0".into())
                } else {
                    (end < self.splits.len()).then(|| end.to_string())
                };
                let splits = (first..end)
                    .map(|index| split(index, &get.query_id.clone().unwrap()))
                    .collect();
                GetSplitsResponse {
                    catalog_name: get.catalog_name,
                    splits,
                    continuation_token: more,
                }
                .into()
            }
            FederationRequest::ReadRecords(read) => return self.read(read).await,
            FederationRequest::GetDataSourceCapabilities(get) => GetDataSourceCapabilitiesResponse {
                catalog_name: get.catalog_name,
                capabilities: self.capabilities.iter().cloned().collect(),
            }
            .into(),
            other => return Err(format!("{} is not in the script", other.name())),
        })
    }

    async fn read(&self, read: ReadRecordsRequest) -> Result<FederationResponse, String> {
        let reading = self.reading.fetch_add(1, SeqCst) + 1;
        self.most_reading.fetch_max(reading, SeqCst);
        tokio::time::sleep(self.delay).await;
        self.reading.fetch_sub(1, SeqCst);
        let index: usize = read.split.properties["index"].parse().unwrap();
        let catalog_name = read.catalog_name.clone();
        Ok(match &self.splits[index] {
            Script::Inline(ids) => ReadRecordsResponse {
                catalog_name,
                records: Block::new(rows(ids.clone(), &read.schema)),
            }
            .into(),
            Script::Spilled(blocks) => self.spill(&read, blocks, false).await,
            Script::SpilledAndLost(blocks) => self.spill(&read, blocks, true).await,
            Script::ShortOfAColumn => {
                let schema = Arc::new(Schema::new(vec![Field::new("name", DataType::Utf8, true)]));
                ReadRecordsResponse {
                    catalog_name,
                    records: Block::new(rows(0..1, &schema)),
                }
                .into()
            }
            Script::Fails => {
                return Err(format!(
                    "topic orders, partition 0, offset {index}: broker is gone"
                ));
            }
        })
    }

    async fn spill(
        &self,
        read: &ReadRecordsRequest,
        blocks: &[Range<i32>],
        lose_one: bool,
    ) -> FederationResponse {
        let key = read.split.encryption_key.clone().unwrap();
        let directory = read.split.spill_location.as_ref().unwrap();
        let mut remote_blocks = Vec::new();
        for (number, ids) in blocks.iter().enumerate() {
            let plain = encode_batch(&rows(ids.clone(), &read.schema), IpcFraming::Legacy).unwrap();
            let object = BlockCipher::new(&key).unwrap().encrypt(plain).unwrap();
            let location = block_location(directory, number);
            if !(lose_one && number + 1 == blocks.len()) {
                self.blocks.put(&location, object.into()).await.unwrap();
            }
            remote_blocks.push(location);
        }
        let (catalog_name, schema) = (read.catalog_name.clone(), Arc::clone(&read.schema));
        RemoteReadRecordsResponse {
            catalog_name,
            schema,
            remote_blocks,
            encryption_key: Some(key),
        }
        .into()
    }
}

#[async_trait]
impl Invoke for Fake {
    async fn invoke(&self, request: Vec<u8>) -> Result<Vec<u8>, InvokeError> {
        let (request, version) = FederationRequest::decode(&request).unwrap();
        self.requests.lock().unwrap().push((request.clone(), version));
        let package = "com.amazonaws.athena.connector.lambda.exceptions";
        if self
            .throttles
            .fetch_update(SeqCst, SeqCst, |left| left.checked_sub(1))
            .is_ok()
        {
            let error_type = format!("{package}.FederationThrottleException");
            return Err(InvokeError::Function {
                error_type,
                message: "slow down".into(),
            });
        }
        let response = self
            .answer(request)
            .await
            .map_err(|message| InvokeError::Function {
                error_type: format!("{package}.AthenaConnectorException"),
                message,
            })?;
        Ok(response.encode(version).unwrap())
    }
}

fn table_schema() -> SchemaRef {
    let fields = vec![
        Field::new("name", DataType::Utf8, true),
        Field::new("at", DataType::Date64, true),
        Field::new("id", DataType::Int32, true),
    ];
    Arc::new(Schema::new_with_metadata(
        fields,
        [("topicName".to_owned(), "t".to_owned())].into(),
    ))
}

fn split(index: usize, query_id: &str) -> Split {
    Split {
        spill_location: Some(split_location("bucket", "prefix", query_id)),
        encryption_key: Some(generate_key()),
        properties: [("index".to_owned(), index.to_string())].into(),
    }
}

/// Rows with the values of `id` in each column, by its type: the number, the text `n<id>` or `id` seconds;
/// lists and maps of one.
fn rows(ids: Range<i32>, schema: &SchemaRef) -> RecordBatch {
    let columns = schema
        .fields()
        .iter()
        .map(|field| values(&ids, field.data_type()));
    RecordBatch::try_new(Arc::clone(schema), columns.collect()).unwrap()
}

fn values(ids: &Range<i32>, data_type: &DataType) -> ArrayRef {
    let row = |fields: &Fields| {
        let columns = fields.iter().map(|field| values(ids, field.data_type()));
        StructArray::new(fields.clone(), columns.collect(), None)
    };
    let ones = || OffsetBuffer::from_lengths(ids.clone().map(|_| 1));
    match data_type {
        DataType::Utf8 => Arc::new(StringArray::from_iter_values(
            ids.clone().map(|id| format!("n{id}")),
        )),
        DataType::Date64 => Arc::new(Date64Array::from_iter_values(
            ids.clone().map(|id| i64::from(id) * 1000),
        )),
        DataType::Struct(fields) => Arc::new(row(fields)),
        DataType::List(item) => {
            let items = values(ids, item.data_type());
            Arc::new(ListArray::new(Arc::clone(item), ones(), items, None))
        }
        DataType::Map(entries, sorted) => {
            let DataType::Struct(fields) = entries.data_type() else {
                panic!("a map without entries: {entries}")
            };
            let pairs = row(fields);
            Arc::new(MapArray::new(Arc::clone(entries), ones(), pairs, None, *sorted))
        }
        _ => Arc::new(Int32Array::from_iter_values(ids.clone())),
    }
}

/// Four splits with the ids 0 to 60, each once.
fn sixty_rows() -> Fake {
    Fake::new(vec![
        Script::Inline(0..10),
        Script::Spilled(vec![10..20, 20..25, 25..40]),
        Script::Inline(0..0),
        Script::Spilled(vec![]),
        Script::Inline(40..60),
    ])
}

fn ids(batches: &[RecordBatch]) -> Vec<i32> {
    batches
        .iter()
        .flat_map(|batch| batch.column(0).as_primitive::<Int32Type>().values().to_vec())
        .collect()
}

async fn failure(fake: Fake, sql: &str) -> String {
    fake.start().1.sql(sql).await.expect_err(sql).to_string()
}

#[tokio::test]
async fn reads_every_row_once_wherever_it_was_put() {
    let (_, athena) = sixty_rows().start();
    let answer = athena
        .query("SELECT id, name FROM msk.customer.orders ORDER BY id")
        .await
        .unwrap();
    assert_eq!(ids(&answer.batches), (0..60).collect::<Vec<_>>());
    let statistics = answer.statistics;
    assert_eq!(
        (statistics.splits, statistics.splits_read, statistics.rows),
        (5, 5, 60)
    );
    assert_eq!((statistics.inline_blocks, statistics.spilled_blocks), (3, 3));
    assert!(statistics.bytes > 60 * 4);
}

#[tokio::test]
async fn asks_for_splits_page_by_page() {
    let (fake, athena) = Fake {
        splits_a_page: 2,
        ..sixty_rows()
    }
    .start();
    let batches = athena
        .sql("SELECT id FROM msk.customer.orders ORDER BY id")
        .await
        .unwrap();
    assert_eq!(ids(&batches).len(), 60);
    assert_eq!(fake.count("GetSplitsRequest"), 3);
}

#[tokio::test]
async fn counts_rows_by_reading_the_narrowest_column() {
    let (fake, athena) = sixty_rows().start();
    let batches = athena
        .sql("SELECT count(*) FROM msk.customer.orders")
        .await
        .unwrap();
    assert_eq!(batches[0].column(0).as_primitive::<Int64Type>().value(0), 60);
    for read in fake.reads() {
        assert_eq!(
            read.schema
                .fields()
                .iter()
                .map(|field| field.name().as_str())
                .collect::<Vec<_>>(),
            ["id"]
        );
    }
}

#[tokio::test]
async fn asks_only_for_the_columns_it_needs_and_gives_metadata_back() {
    let (fake, athena) = sixty_rows().start();
    athena
        .sql("SELECT id FROM msk.customer.orders WHERE name = 'n3'")
        .await
        .unwrap();
    let read = &fake.reads()[0];
    assert_eq!(
        read.schema
            .fields()
            .iter()
            .map(|field| field.name().as_str())
            .collect::<Vec<_>>(),
        ["name", "id"]
    );
    assert_eq!(read.schema.metadata()["topicName"], "t");
}

#[tokio::test]
async fn sends_filters_and_filters_again() {
    let (fake, athena) = sixty_rows().start();
    let sql = "SELECT id FROM msk.customer.orders
               WHERE id BETWEEN 5 AND 30 AND at >= TIMESTAMP '1970-01-01 00:00:21' ORDER BY id";
    // The script ignores constraints, so all filtering is done by the engine.
    assert_eq!(
        ids(&athena.sql(sql).await.unwrap()),
        (21..=30).collect::<Vec<_>>()
    );
    let summary = &fake.reads()[0].constraints.summary;
    assert_eq!(summary.keys().collect::<Vec<_>>(), ["at", "id"]);
    let ValueSet::SortedRange(set) = &summary["at"] else {
        panic!("not ranges: {summary:?}")
    };
    let low = set.ranges()[0].low().value().unwrap();
    assert_eq!(
        low.as_ref(),
        &Date64Array::from(vec![21_000]) as &dyn arrow::array::Array
    );
}

#[tokio::test]
async fn timestamps_read_as_timestamps() {
    let (_, athena) = sixty_rows().start();
    let batches = athena
        .sql("SELECT at, date_trunc('minute', at) AS m FROM msk.customer.orders WHERE id = 59")
        .await;
    let table = pretty_format_batches(&batches.unwrap()).unwrap().to_string();
    assert!(
        table.contains("| 1970-01-01T00:00:59 | 1970-01-01T00:00:00 |"),
        "{table}"
    );
}

#[tokio::test]
async fn asks_for_nothing_when_no_row_can_match() {
    let (fake, athena) = sixty_rows().start();
    let batches = athena
        .sql("SELECT id FROM msk.customer.orders WHERE id < 3 AND id > 5")
        .await
        .unwrap();
    assert!(ids(&batches).is_empty());
    assert_eq!(
        fake.count("GetTableLayoutRequest") + fake.count("ReadRecordsRequest"),
        0
    );
}

#[tokio::test]
async fn a_layout_without_rows_is_an_empty_table() {
    let (fake, athena) = Fake::new(Vec::new()).start();
    let batches = athena
        .sql("SELECT count(*) FROM msk.customer.orders")
        .await
        .unwrap();
    assert_eq!(batches[0].column(0).as_primitive::<Int64Type>().value(0), 0);
    assert_eq!(fake.count("GetSplitsRequest"), 0);
}

#[tokio::test]
async fn a_failed_split_fails_the_query_with_the_connectors_words() {
    for sql in [
        "SELECT id FROM msk.customer.orders",
        "SELECT count(*) FROM msk.customer.orders",
    ] {
        let fake = Fake {
            splits: vec![Script::Inline(0..5), Script::Fails, Script::Inline(5..9)],
            ..sixty_rows()
        };
        let message = failure(fake, sql).await;
        assert!(
            message.starts_with("ReadRecordsRequest: topic orders, partition 0, offset 1: broker is gone"),
            "{message}"
        );
        assert!(message.contains("AthenaConnectorException"), "{message}");
    }
}

#[tokio::test]
async fn a_lost_block_fails_the_query() {
    let fake = Fake::new(vec![
        Script::Inline(0..5),
        Script::SpilledAndLost(vec![5..6, 6..7]),
    ]);
    let message = failure(fake, "SELECT count(*) FROM msk.customer.orders").await;
    assert!(message.contains("cannot fetch a spilled block"), "{message}");
}

#[tokio::test]
async fn an_answer_with_other_columns_fails_the_query() {
    let message = failure(
        Fake::new(vec![Script::ShortOfAColumn]),
        "SELECT id, name FROM msk.customer.orders",
    )
    .await;
    assert!(
        message.contains("customer.orders: wanted columns (name Utf8, id Int32), found (name Utf8)"),
        "{message}"
    );
}

#[tokio::test]
async fn an_unknown_table_is_told_by_the_connector() {
    let message = failure(sixty_rows(), "SELECT 1 FROM msk.customer.nothing").await;
    assert!(
        message.starts_with("GetTableRequest: customer.nothing does not exist"),
        "{message}"
    );
}

#[tokio::test]
async fn pages_without_end_are_an_error() {
    let fake = Fake {
        endless: true,
        ..sixty_rows()
    };
    let message = failure(fake, "SELECT 1 FROM msk.customer.orders").await;
    assert!(
        message.contains("GetSplitsRequest returned the token of the previous page again"),
        "{message}"
    );
}

#[tokio::test]
async fn speaks_the_older_of_the_two_versions() {
    for (reported, spoken) in [
        (1, SerdeVersion::V1),
        (2, SerdeVersion::V2),
        (4, SerdeVersion::V4),
        (6, SerdeVersion::V6),
        (9, SerdeVersion::V6),
    ] {
        let (fake, athena) = Fake {
            reported_version: reported,
            ..sixty_rows()
        }
        .start();
        athena
            .sql("SELECT id FROM msk.customer.orders WHERE id = 1 LIMIT 5")
            .await
            .unwrap();
        let requests = fake.requests.lock().unwrap();
        let versions = requests
            .iter()
            .filter(|(request, _)| request.name() == "ReadRecordsRequest");
        assert!(
            versions
                .map(|(_, version)| version)
                .all(|version| *version == spoken),
            "{reported}"
        );
    }
}

#[tokio::test]
async fn pings_once() {
    let (fake, athena) = sixty_rows().start();
    for _ in 0..3 {
        athena
            .sql("SELECT id FROM msk.customer.orders LIMIT 1")
            .await
            .unwrap();
    }
    assert_eq!(fake.count("PingRequest"), 1);
}

#[tokio::test]
async fn pushes_a_limit_only_where_it_is_promised() {
    let (fake, athena) = sixty_rows().start();
    assert_eq!(
        ids(&athena
            .sql("SELECT id FROM msk.customer.orders LIMIT 7")
            .await
            .unwrap())
        .len(),
        7
    );
    assert_eq!(fake.reads()[0].constraints.limit, None);

    let promise = vec![OptimizationSubType {
        sub_type: "integer_constant".into(),
        properties: Vec::new(),
    }];
    let capabilities = vec![("supports_limit_pushdown".to_owned(), promise)];
    let (fake, athena) = Fake {
        capabilities,
        ..sixty_rows()
    }
    .start();
    assert_eq!(
        ids(&athena
            .sql("SELECT id FROM msk.customer.orders LIMIT 7")
            .await
            .unwrap())
        .len(),
        7
    );
    assert_eq!(fake.reads()[0].constraints.limit, Some(7));
    // Filtering in the engine may need more rows than the limit.
    athena
        .sql("SELECT id FROM msk.customer.orders WHERE name LIKE '%5' LIMIT 2")
        .await
        .unwrap();
    assert_eq!(fake.reads().last().unwrap().constraints.limit, None);
}

#[tokio::test]
async fn tries_again_when_throttled_but_not_for_ever() {
    let (fake, athena) = Fake {
        throttles: AtomicUsize::new(3),
        ..sixty_rows()
    }
    .start();
    let batches = athena.sql("SELECT id FROM msk.customer.orders").await.unwrap();
    assert_eq!(ids(&batches).len(), 60);
    assert_eq!(fake.count("PingRequest"), 4);

    let message = failure(
        Fake {
            throttles: AtomicUsize::new(4),
            ..sixty_rows()
        },
        "SELECT 1 FROM msk.customer.orders",
    )
    .await;
    assert!(message.contains("slow down"), "{message}");
}

#[tokio::test(flavor = "multi_thread")]
async fn reads_as_many_splits_at_once_as_it_may() {
    let splits = (0..12).map(|i| Script::Inline(i * 10..i * 10 + 10)).collect();
    let (fake, athena) = Fake {
        delay: Duration::from_millis(20),
        ..Fake::new(splits)
    }
    .start();
    let batches = athena
        .sql("SELECT id FROM msk.customer.orders ORDER BY id")
        .await
        .unwrap();
    assert_eq!(ids(&batches), (0..120).collect::<Vec<_>>());
    assert_eq!(fake.most_reading.load(SeqCst), 3);
}

#[tokio::test]
async fn a_table_may_be_read_twice_in_a_query() {
    let (_, athena) = sixty_rows().start();
    let sql = "SELECT count(*) FROM msk.customer.orders a JOIN msk.customer.orders b ON a.id = b.id + 1";
    assert_eq!(
        athena.sql(sql).await.unwrap()[0]
            .column(0)
            .as_primitive::<Int64Type>()
            .value(0),
        59
    );
}

#[tokio::test]
async fn explain_names_the_constrained_columns() {
    let (fake, athena) = sixty_rows().start();
    let batches = athena
        .sql("EXPLAIN SELECT id FROM msk.customer.orders WHERE id = 3")
        .await
        .unwrap();
    let plan = pretty_format_batches(&batches).unwrap().to_string();
    assert!(
        plan.contains("FederationScan: table=customer.orders, columns=[id], splits=5, constraints=[id = 3]"),
        "{plan}"
    );
    assert_eq!(fake.count("ReadRecordsRequest"), 0);
}

#[tokio::test]
async fn shows_schemas_all_pages_of_tables_and_columns() {
    let (fake, athena) = sixty_rows().start();
    let text = async |sql: &str| {
        pretty_format_batches(&athena.sql(sql).await.unwrap())
            .unwrap()
            .to_string()
    };
    let schemas = text("SHOW SCHEMAS").await;
    assert!(
        schemas.find("| b ").unwrap() < schemas.find("| customer ").unwrap(),
        "{schemas}"
    );
    let tables = text("SHOW TABLES IN customer LIKE 't%'").await;
    assert_eq!(tables.matches("| t").count(), 6, "{tables}");
    assert_eq!(fake.count("ListTablesRequest"), 3);
    let columns = text("DESCRIBE msk.customer.orders").await;
    assert!(columns.contains("| at     | timestamp(3) |"), "{columns}");
}

#[tokio::test]
async fn refuses_to_change_anything() {
    let target = std::env::temp_dir().join("athena-local-must-not-write.csv");
    let copy = format!("COPY (SELECT 1) TO '{}' STORED AS CSV", target.display());
    for sql in [
        "CREATE TABLE t AS SELECT 1",
        "DROP TABLE t",
        "INSERT INTO msk.customer.orders VALUES (1)",
        &copy,
        "SET a = 1",
    ] {
        assert!(sixty_rows().start().1.sql(sql).await.is_err(), "{sql}");
    }
    assert!(!target.exists());
}
