//! Records whose schemas are in a Confluent registry: named before the payload or in a record header, with
//! references, unknown, or without a configured registry. Written by hand here, and by Confluent's own
//! serializers in `written_by_confluent`.

use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::util::display::{ArrayFormatter, FormatOptions};
use embedded::confluent::{EmbeddedConfluent, Registered, Schema};
use embedded::glue::DataFormat;
use serde_json::{Value, json};
use tests::broker::WholeRecord;
use tests::client::Client;
use tests::lambda::Lambda;
use tests::world::World;
use uuid::Uuid;

mod bad_records;
mod headers;
mod ids;
mod protobuf_headers;
mod references;
mod unanswered;
mod written_by_confluent;

const VALUE_HEADER: &str = "__value_schema_id";
const KEY_HEADER: &str = "__key_schema_id";

/// Topic of one partition, and a registry.
struct Topic {
    world: World,
    registry: EmbeddedConfluent,
    name: String,
}

impl Topic {
    async fn create(stem: &str) -> Self {
        let world = World::start().await;
        let name = world.broker.create_topic(stem, 1).await;
        let registry = EmbeddedConfluent::start().await.expect("the registry starts");
        Self {
            world,
            registry,
            name,
        }
    }

    /// Registers the topic as a table of its own name, described by an Avro or Protobuf schema.
    fn describe(&self, data_format: DataFormat, definition: &str) -> Uuid {
        self.world.register_schema(&self.name, data_format, definition)
    }

    /// Registers it as the table `t` with a document without the topic's name.
    fn document(&self, mut document: Value) {
        document["topicName"] = self.name.as_str().into();
        self.world.register("t", &document);
    }

    /// Registers a schema under a subject that no record depends on.
    fn register(&self, schema: &Schema) -> Registered {
        self.registry.register("writers", schema).expect("a schema")
    }

    fn produce(&self, records: impl IntoIterator<Item = WholeRecord>) {
        let records: Vec<_> = records.into_iter().collect();
        self.world.broker.produce_whole(&self.name, 0, &records);
    }

    /// Function that uses the registry.
    async fn function(&self, settings: &[(&str, &str)]) -> (Arc<Lambda>, Client) {
        let url = self.registry.url();
        let mut all = vec![("schema_registry_url", url.as_str())];
        all.extend_from_slice(settings);
        self.world.lambda(1, &all).await
    }

    /// Function without a registry.
    async fn function_without_registry(&self, settings: &[(&str, &str)]) -> (Arc<Lambda>, Client) {
        self.world.lambda(1, settings).await
    }

    /// Number of requests for a version of a subject.
    fn asked_for(&self, subject: &str, version: &str) -> u64 {
        self.registry
            .requests(&["subjects", subject, "versions", version])
    }

    fn asked_for_id(&self, registered: Registered) -> u64 {
        self.registry
            .requests(&["schemas", "ids", &registered.id.to_string()])
    }

    fn asked_for_guid(&self, registered: Registered) -> u64 {
        self.registry
            .requests(&["schemas", "guids", &registered.guid.to_string()])
    }
}

/// Record with this value.
fn value(bytes: impl Into<Vec<u8>>) -> WholeRecord {
    WholeRecord {
        value: Some(bytes.into()),
        ..WholeRecord::default()
    }
}

/// Adds a header.
fn with(mut record: WholeRecord, name: &'static str, header: Vec<u8>) -> WholeRecord {
    record.headers.push((name, Some(header)));
    record
}

/// `01` and a GUID: the schema id in a record header.
fn guid(id: Uuid) -> Vec<u8> {
    [&[1], id.as_bytes().as_slice()].concat()
}

/// `00` and an id, before `body`: the schema id in a payload, or without a body in a record header.
fn prefixed(id: u32, body: &[u8]) -> Vec<u8> {
    [&[0], id.to_be_bytes().as_slice(), body].concat()
}

/// Glue header before `body`.
fn glue(version: Uuid, body: &[u8]) -> Vec<u8> {
    [&[3, 0], version.as_bytes().as_slice(), body].concat()
}

/// Bytes in hex, with optional blanks.
fn hex(text: &str) -> Vec<u8> {
    let digits: Vec<char> = text.chars().filter(|c| !c.is_whitespace()).collect();
    let byte = |pair: &[char]| u8::from_str_radix(&pair.iter().collect::<String>(), 16).expect("hex digits");
    digits.chunks(2).map(byte).collect()
}

/// Each row with its values between bars.
fn rows(batch: &RecordBatch) -> Vec<String> {
    let options = FormatOptions::default().with_null("NULL");
    let columns = batch.columns().iter();
    let columns: Vec<_> = columns
        .map(|column| ArrayFormatter::try_new(column, &options).expect("a printable column"))
        .collect();
    let row = |row| {
        let values: Vec<_> = columns
            .iter()
            .map(|column| column.value(row).to_string())
            .collect();
        values.join(" | ")
    };
    (0..batch.num_rows()).map(row).collect()
}

/// Rows of a query that must succeed.
async fn select(client: &Client, table: &str, columns: &[&str]) -> Vec<String> {
    rows(&client.select(table, columns).await.expect("rows"))
}

/// Error of a query that must fail.
async fn refusal(client: &Client, table: &str, columns: &[&str]) -> String {
    match client.select(table, columns).await {
        Ok(found) => panic!("wanted an error, found {:?}", rows(&found)),
        Err(error) => error,
    }
}

/// Whether a function uses the registry.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Asks {
    TheRegistry,
    Nobody,
}

/// Asserts the rows of a table under each policy. `None` is a bad record: NULL in every column, no row, or
/// the error that names its offset and contains `reason`.
async fn assert_bad(
    topic: &Topic,
    asks: Asks,
    table: &str,
    columns: &[&str],
    wanted: &[Option<&str>],
    reason: &str,
) {
    let function = async |policy| {
        let settings = [("on_bad_record", policy)];
        match asks {
            Asks::TheRegistry => topic.function(&settings).await,
            Asks::Nobody => topic.function_without_registry(&settings).await,
        }
    };
    let nulls = vec!["NULL"; columns.len()].join(" | ");
    let with_nulls: Vec<_> = wanted.iter().map(|row| row.unwrap_or(&nulls)).collect();
    let (_lambda, client) = function("null").await;
    assert_eq!(select(&client, table, columns).await, with_nulls, "null");
    let kept: Vec<_> = wanted.iter().copied().flatten().collect();
    let (_lambda, client) = function("skip").await;
    assert_eq!(select(&client, table, columns).await, kept, "skip");
    let first = wanted.iter().position(Option::is_none).expect("a bad record");
    let (_lambda, client) = function("fail").await;
    let error = refusal(&client, table, columns).await;
    assert!(
        error.contains(&format!("offset {first}")) && error.contains(reason),
        "{error}"
    );
}
