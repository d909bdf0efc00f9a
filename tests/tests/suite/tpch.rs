//! TPC-H: eight tables as topics of each format, and 22 queries through Athena's dialect, wire and connector.
//! The results must equal those of the same engine over the generator's rows themselves, in types and to the last digit.
//! Its results are kept in `tests/fixtures/tpch`: DataFusion's own planner and functions gave them, too, but for
//! the digits that Trino's types round away.

use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch};
use arrow::compute::concat_batches;
use arrow::datatypes::{DataType, Schema, SchemaRef};
use arrow::row::{OwnedRow, RowConverter, SortField};
use arrow::util::display::array_value_to_string;
use datafusion::datasource::MemTable;
use datafusion::execution::session_state::SessionState;
use datafusion::physical_plan::collect;
use datafusion::prelude::SessionConfig;
use local::Athena;
use local::output::{OutputFormat, RowWriter};
use tests::lambda::Lambda;
use tests::world::{REGISTRY, World};
use tokio::sync::OnceCell;
use tpch::{Encoder, Format, Loader, QUERIES, Query, Registry, SchemaDefinition, Table};
use trino_sql::{OutputColumn, Session, session_state};

const SCALE: f64 = 0.01;

#[tokio::test(flavor = "multi_thread")]
async fn queries_over_json_are_answered_exactly() {
    Warehouse::open(Kind::Bare(Format::Json))
        .await
        .answers_all()
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn queries_over_csv_are_answered_exactly() {
    Warehouse::open(Kind::Bare(Format::Csv)).await.answers_all().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn queries_over_avro_are_answered_exactly() {
    Warehouse::open(Kind::AvroWithGlueHeader)
        .await
        .answers_all()
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn queries_over_protobuf_are_answered_exactly() {
    Warehouse::open(Kind::Bare(Format::Protobuf))
        .await
        .answers_all()
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn avro_without_a_header_is_read_by_the_registered_schema() {
    let warehouse = Warehouse::open(Kind::Bare(Format::Avro)).await;
    for table in Table::ALL {
        warehouse.holds(table).await;
    }
}

/// At this scale no part has query 17's brand and container, so that its result is NULL. With this container
/// it has a value.
const ANOTHER_CONTAINER: [(&str, &str); 1] = [("MED BOX", "MED BAG")];

/// Results of the queries at this scale; `TPCH_ANSWERS=write` in the environment writes them anew.
#[tokio::test(flavor = "multi_thread")]
async fn the_reference_gives_the_kept_answers() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/tpch");
    for query in &QUERIES {
        let answer = reference().await.csv(query.sql).await;
        let file = format!("{folder}/q{:02}.csv", query.number);
        if std::env::var("TPCH_ANSWERS").is_ok_and(|what| what == "write") {
            std::fs::write(&file, &answer).expect("a file");
        }
        let kept = std::fs::read_to_string(&file).expect("the answer is kept");
        assert_eq!(answer, kept, "query {}", query.number);
    }
}

/// The queries are meaningful: a result without rows, or of NULLs only, could not show an error.
#[tokio::test(flavor = "multi_thread")]
async fn the_reference_has_answers() {
    let mut empty = Vec::new();
    for query in &QUERIES {
        let answer = reference().await.sql(query.sql).await;
        if is_empty(&answer) {
            empty.push(query.number);
        }
        let inexact = |data_type: &&DataType| data_type.is_floating();
        assert_eq!(
            types(&answer.schema()).into_iter().find(inexact),
            None,
            "query {}",
            query.number
        );
    }
    assert_eq!(empty, [17]);
    let sql = replaced(QUERIES[16].sql, &ANOTHER_CONTAINER);
    assert!(
        !is_empty(&reference().await.sql(&sql).await),
        "query 17 with another container"
    );
}

fn is_empty(answer: &RecordBatch) -> bool {
    let rows = answer.num_rows();
    answer
        .columns()
        .iter()
        .all(|column| column.logical_null_count() == rows)
}

/// Form in which the topics hold their tables.
#[derive(Debug, Clone, Copy)]
enum Kind {
    Bare(Format),
    AvroWithGlueHeader,
}

impl Kind {
    fn format(self) -> Format {
        match self {
            Self::Bare(format) => format,
            Self::AvroWithGlueHeader => Format::Avro,
        }
    }
}

/// Eight topics, registered, and Athena over three containers.
struct Warehouse {
    athena: Athena,
    prefix: String,
    kind: Kind,
    /// Kept running.
    _parts: (World, Arc<Lambda>),
}

impl Warehouse {
    async fn open(kind: Kind) -> Self {
        let world = World::start().await;
        let prefix = format!("tpch_{}_", uuid::Uuid::new_v4().simple());
        load(&world, kind, &prefix).await;
        let (lambda, _) = world.lambda(3, &[("max_records_per_split", "10000")]).await;
        let athena = world.athena_on(&lambda);
        Self {
            athena,
            prefix,
            kind,
            _parts: (world, lambda),
        }
    }

    async fn answers_all(&self) {
        for table in Table::ALL {
            self.holds(table).await;
        }
        for query in &QUERIES {
            self.answers(query, &[]).await;
        }
        self.answers(&QUERIES[16], &ANOTHER_CONTAINER).await;
    }

    /// Asserts the table's rows, counted and complete.
    async fn holds(&self, table: Table) {
        for select in ["SELECT count(*) FROM", "SELECT * FROM"] {
            let expected = reference().await.sql(&format!("{select} {table}")).await;
            let found = self.sql(&format!("{select} {}", self.name(table))).await;
            assert_same_rows(&format!("{table} as {:?}", self.kind), &found, &expected);
        }
    }

    /// Asserts the query's rows, in its order; optionally with other parameters than its own.
    async fn answers(&self, query: &Query, parameters: &[(&str, &str)]) {
        let expected = reference().await.sql(&replaced(query.sql, parameters)).await;
        let over_topics = query.over(|table| self.name(table));
        let found = self.sql(&replaced(&over_topics, parameters)).await;
        let what = format!("query {} over {:?}", query.number, self.kind);
        assert_same_rows(&what, &found, &expected);
        let (found, expected) = (
            ordered(&found, query.order_by),
            ordered(&expected, query.order_by),
        );
        assert!(found == expected, "{what}: the same rows in another order");
    }

    async fn sql(&self, sql: &str) -> RecordBatch {
        match self.athena.query(sql).await {
            Ok(answer) => whole(&answer.schema, &answer.batches),
            Err(error) => panic!("{:?}: {error}\n{sql}", self.kind),
        }
    }

    fn name(&self, table: Table) -> String {
        format!("msk.{REGISTRY}.{}{table}", self.prefix)
    }
}

async fn load(world: &World, kind: Kind, prefix: &str) {
    let glue = aws_sdk_glue::Client::new(&world.sdk(&world.glue.endpoint_url()));
    let registry = Registry::open(glue, REGISTRY)
        .await
        .expect("the registry is there");
    let loader = Loader::new(world.broker.bootstrap(), SCALE);
    for table in Table::ALL {
        let topic = format!("{prefix}{table}");
        let schema = SchemaDefinition::new(table, kind.format(), &topic);
        let version_id = registry.register(&topic, &schema).await.expect("a schema");
        let encoder = match kind {
            Kind::Bare(format) => Encoder::new(table, format),
            Kind::AvroWithGlueHeader => Encoder::avro_with_glue_header(table, version_id),
        };
        loader.create_topic(&topic, 3).await.expect("a topic");
        loader
            .load(&topic, encoder.expect("an encoder"))
            .await
            .expect("all rows");
    }
}

/// The engine over the rows as they were generated: without Kafka, a format or the wire.
struct Reference(SessionState);

/// Shared by all tests: it only reads.
async fn reference() -> &'static Reference {
    static REFERENCE: OnceCell<Reference> = OnceCell::const_new();
    REFERENCE.get_or_init(|| async { Reference::of(SCALE) }).await
}

impl Reference {
    fn of(scale: f64) -> Self {
        let state = session_state(SessionConfig::new());
        let options = &state.config_options().catalog;
        let schema = state
            .catalog_list()
            .catalog(&options.default_catalog)
            .and_then(|catalog| catalog.schema(&options.default_schema))
            .expect("the session's own schema");
        for table in Table::ALL {
            let batches = tpch::batches(table, scale)
                .collect::<Result<_, _>>()
                .expect("batches");
            let rows = MemTable::try_new(tpch::arrow_schema(table), vec![batches]).expect("a table");
            schema
                .register_table(table.name().to_owned(), Arc::new(rows))
                .expect("a new name");
        }
        Self(state)
    }

    async fn sql(&self, sql: &str) -> RecordBatch {
        self.answer(sql).await.1
    }

    async fn csv(&self, sql: &str) -> String {
        let (columns, rows) = self.answer(sql).await;
        let mut csv = Vec::new();
        let mut writer = RowWriter::new(&mut csv, columns, OutputFormat::Csv { header: true }).expect("text");
        writer.write(&rows).expect("rows");
        writer.finish().expect("rows");
        String::from_utf8(csv).expect("text")
    }

    async fn answer(&self, sql: &str) -> (Vec<OutputColumn>, RecordBatch) {
        let Self(state) = self;
        let session = Session {
            state,
            views: &trino_sql::Views::default(),
            now: chrono::Utc::now(),
        };
        let answer = async {
            let query = trino_sql::Query::bind(sql, &session).await?;
            let plan = query.physical_plan(state).await?;
            let schema = plan.schema();
            let batches = collect(plan, state.task_ctx()).await?;
            Ok::<_, trino_sql::Error>((query.columns, whole(&schema, &batches)))
        };
        answer.await.unwrap_or_else(|error| panic!("{error}\n{sql}"))
    }
}

fn replaced(sql: &str, parameters: &[(&str, &str)]) -> String {
    let replace = |sql: String, (from, to): &(&str, &str)| sql.replace(from, to);
    parameters.iter().fold(sql.to_owned(), replace)
}

fn whole(schema: &SchemaRef, batches: &[RecordBatch]) -> RecordBatch {
    concat_batches(schema, batches).expect("batches of one schema")
}

/// Asserts the same columns by type, and the same rows as often, in whatever order.
fn assert_same_rows(what: &str, found: &RecordBatch, expected: &RecordBatch) {
    assert_eq!(types(&found.schema()), types(&expected.schema()), "{what}");
    let columns: Vec<_> = (0..expected.num_columns()).collect();
    let (found_rows, expected_rows) = (sorted(found, &columns), sorted(expected, &columns));
    let differs = found_rows
        .iter()
        .zip(&expected_rows)
        .position(|((f, _), (e, _))| f != e);
    if let Some(at) = differs {
        let (found, expected) = (text(found, found_rows[at].1), text(expected, expected_rows[at].1));
        panic!("{what}: row {at} of the sorted rows is\n  {found}\nand should be\n  {expected}");
    }
    assert_eq!(found.num_rows(), expected.num_rows(), "{what}: rows");
}

fn types(schema: &Schema) -> Vec<&DataType> {
    schema.fields().iter().map(|field| field.data_type()).collect()
}

/// All rows as comparable bytes, with their positions, in the bytes' order.
fn sorted(batch: &RecordBatch, columns: &[usize]) -> Vec<(OwnedRow, usize)> {
    let mut rows: Vec<_> = (0..)
        .zip(ordered(batch, columns))
        .map(|(at, row)| (row, at))
        .collect();
    rows.sort();
    rows
}

/// Some columns of each row as comparable bytes, in the result's order.
fn ordered(batch: &RecordBatch, columns: &[usize]) -> Vec<OwnedRow> {
    let columns: Vec<ArrayRef> = columns
        .iter()
        .map(|column| Arc::clone(batch.column(*column)))
        .collect();
    let fields = columns
        .iter()
        .map(|column| SortField::new(column.data_type().clone()));
    let converter = RowConverter::new(fields.collect()).expect("comparable types");
    let rows = converter
        .convert_columns(&columns)
        .expect("columns of those types");
    rows.iter().map(|row| row.owned()).collect()
}

fn text(batch: &RecordBatch, row: usize) -> String {
    let value = |column: &ArrayRef| array_value_to_string(column, row).expect("a value");
    batch.columns().iter().map(value).collect::<Vec<_>>().join(" | ")
}
