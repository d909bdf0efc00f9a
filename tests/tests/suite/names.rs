//! Names in any case: documents spell theirs as producers do, Athena lower-cases them. SQL finds columns and
//! fields of rows by any spelling, and the connector reads the same values when requested by lower-case
//! names.

use std::sync::Arc;

use apache_avro::types::Value;
use arrow::array::{Array, ArrayRef, Int32Array, Int64Array, RecordBatch};
use arrow::compute::concat_batches;
use arrow::datatypes::{DataType, Field, FieldRef, Fields, Schema, SchemaRef};
use arrow::util::pretty::pretty_format_batches;
use local::Athena;
use protocol::{Constraints, Range, SortedRangeSet, ValueSet};
use serde_json::json;
use tests::broker::WholeRecord;
use tests::client::Client;
use tests::world::World;

/// Registry with a capital in its name.
const SHOP: &str = "Shop";

async fn shop() -> World {
    let world = World::start().await;
    world
        .glue
        .add_registry(SHOP, "camel case {AthenaFederationMSK}")
        .expect("a registry");
    world
}

/// Five JSON orders as the table `Shop.OrderEvents`, in camel case throughout.
async fn register_json(world: &World) {
    let topic = world.broker.create_topic("json", 1).await;
    let records: Vec<_> = (0..5)
        .map(|id| WholeRecord {
            key: Some(format!(r#"{{"KeyId": {id}}}"#).into_bytes()),
            value: Some(
                json!({"orderId": id, "UPPER": "u", "ä": "ä", "order-id": id, "o": {"A": id, "Äb": "x", "Inner": {"bC": id}},
                    "items": [{"productId": id}], "byName": {"K": {"Qty": id}}})
                .to_string()
                .into_bytes(),
            ),
            ..WholeRecord::default()
        })
        .collect();
    world.broker.produce_whole(&topic, 0, &records);
    world.register_in(
        SHOP,
        "OrderEvents",
        &json!({"topicName": topic,
            "key": {"dataFormat": "json", "fields": [{"name": "keyId", "mapping": "KeyId", "type": "INT"}]},
            "message": {"dataFormat": "json", "fields": [
                {"name": "orderId", "mapping": "orderId", "type": "INT"},
                {"name": "camelCase", "mapping": "UPPER", "type": "VARCHAR"},
                {"name": "Äö", "mapping": "ä", "type": "VARCHAR"},
                {"name": "Order-Id", "mapping": "order-id", "type": "INT"},
                {"name": "recordOffset", "source": "offset", "type": "BIGINT"},
                {"name": "o", "mapping": "o", "type": "struct<A:int,Äb:string,Inner:struct<bC:int>>"},
                {"name": "Items", "mapping": "items", "type": "array<struct<productId:int>>"},
                {"name": "byName", "mapping": "byName", "type": "map<string,struct<Qty:int>>"}]}}),
    );
}

const ORDER_AVRO: &str = r#"{"type": "record", "name": "Order", "fields": [
    {"name": "orderId", "type": "int"},
    {"name": "customerInfo", "type": {"type": "record", "name": "Info", "fields": [{"name": "Qty", "type": "int"}]}},
    {"name": "Items", "type": {"type": "array", "items": "Info"}},
    {"name": "byName", "type": {"type": "map", "values": "Info"}},
    {"name": "multi", "type": ["null", "Info", {"type": "record", "name": "Inner", "fields": [{"name": "X", "type": "int"}]}]}
]}"#;

/// Five Avro orders as the table `Shop.AvroOrders`.
async fn register_avro(world: &World) {
    let topic = world.broker.create_topic("avro", 1).await;
    let schema = apache_avro::Schema::parse_str(ORDER_AVRO).expect("a schema");
    let record = |name: &str, value| Value::Record(vec![(name.to_owned(), Value::Int(value))]);
    let orders = (0..5).map(|id| {
        let fields = [
            ("orderId", Value::Int(id)),
            ("customerInfo", record("Qty", id)),
            ("Items", Value::Array(vec![record("Qty", id)])),
            ("byName", Value::Map([("K".to_owned(), record("Qty", id))].into())),
            ("multi", Value::Union(2, Box::new(record("X", id)))),
        ];
        let fields = fields.map(|(name, value)| (name.to_owned(), value)).to_vec();
        apache_avro::to_avro_datum(&schema, Value::Record(fields)).expect("a datum")
    });
    world.broker.produce(&topic, 0, orders.map(Some));
    world.register_in(
        SHOP,
        "AvroOrders",
        &json!({"topicName": topic, "message": {"dataFormat": "avro", "dataSchema": ORDER_AVRO}}),
    );
}

const ORDER_PROTO: &str = r#"syntax = "proto3";
message Order {
  optional int32 orderId = 1;
  Info customerInfo = 2;
  repeated Info Items = 3;
  map<string, Info> byName = 4;
  message Info { optional int32 Qty = 1; }
}
"#;

/// Five Protobuf orders as the table `Shop.ProtoOrders`.
async fn register_protobuf(world: &World) {
    let topic = world.broker.create_topic("proto", 1).await;
    let orders = (0..5_u8).map(|id| {
        let info = [0x08, id];
        [
            &[0x08, id, 0x12, 0x02][..],
            &info,
            &[0x1a, 0x02],
            &info,
            &[0x22, 0x07, 0x0a, 0x01, b'K', 0x12, 0x02],
            &info,
        ]
        .concat()
    });
    world.broker.produce(&topic, 0, orders.map(Some));
    world.register_in(
        SHOP,
        "ProtoOrders",
        &json!({"topicName": topic, "message": {"dataFormat": "protobuf", "dataSchema": ORDER_PROTO}}),
    );
}

/// Five lines of CSV as the table `Shop.CsvOrders`.
async fn register_csv(world: &World) {
    let topic = world.broker.create_topic("csv", 1).await;
    let lines = (0..5).map(|id| Some(format!("{id},x{id}")));
    world.broker.produce(&topic, 0, lines);
    world.register_in(
        SHOP,
        "CsvOrders",
        &json!({"topicName": topic, "message": {"dataFormat": "csv", "fields": [
            {"name": "orderId", "mapping": 0, "type": "INT"},
            {"name": "Note", "mapping": 1, "type": "VARCHAR"}]}}),
    );
}

/// Headings and rows, without the frame.
async fn lines(athena: &Athena, sql: &str) -> Vec<String> {
    let answer = athena.query(sql).await;
    let answer = answer.unwrap_or_else(|error| panic!("{sql}: {error}"));
    let table = pretty_format_batches(&answer.batches)
        .expect("rows print")
        .to_string();
    let cells = |line: &str| {
        let cells = line.trim_matches('|').split('|').map(str::trim);
        cells.collect::<Vec<_>>().join(" | ")
    };
    table
        .lines()
        .filter(|line| line.starts_with('|'))
        .map(cells)
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn sql_finds_columns_and_fields_by_any_spelling() {
    let world = shop().await;
    register_json(&world).await;
    let athena = world.athena(&[]);
    assert_eq!(
        lines(&athena, "SHOW TABLES IN msk.sHOP").await,
        ["table", "OrderEvents"]
    );
    let described = lines(&athena, "DESCRIBE msk.SHOP.orderEvents").await;
    assert_eq!(
        described,
        [
            "column | type",
            "orderid | integer",
            "camelcase | varchar",
            "äö | varchar",
            "order-id | integer",
            "recordoffset | bigint",
            "o | row(a integer, \"äb\" varchar, inner row(bc integer))",
            "items | array(row(productid integer))",
            "byname | map(varchar, row(qty integer))",
            "keyid | integer"
        ]
    );
    for (sql, wanted) in [
        (
            "SELECT camelCase FROM msk.Shop.OrderEvents LIMIT 1",
            ["camelCase", "u"],
        ),
        (
            "SELECT camelcase FROM msk.shop.orderevents LIMIT 1",
            ["camelcase", "u"],
        ),
        (
            "SELECT \"camelcase\" FROM msk.\"SHOP\".\"orderEvents\" LIMIT 1",
            ["camelcase", "u"],
        ),
        (
            "SELECT e.camelCase FROM shop.orderevents e WHERE CAMELCASE = 'u' AND \"ORDERid\" = 3 ORDER BY camelcase",
            ["camelCase", "u"],
        ),
        (
            "WITH x AS (SELECT camelCase AS \"Case\", ORDERID FROM shop.orderevents) SELECT * FROM X WHERE orderId = 3",
            ["Case | ORDERID", "u | 3"],
        ),
        (
            "SELECT ÄÖ, \"äö\" AS b FROM shop.orderevents WHERE \"order-ID\" = 3",
            ["ÄÖ | b", "ä | ä"],
        ),
        (
            "SELECT KEYID FROM shop.orderevents WHERE keyId = 3 AND RecordOffset = 3",
            ["KEYID", "3"],
        ),
        (
            "SELECT o.a, O.\"A\" AS b, o.ÄB FROM shop.orderevents WHERE o.a = 3",
            ["a | b | ÄB", "3 | 3 | x"],
        ),
        (
            "SELECT o.\"INNER\".bc FROM shop.orderevents WHERE O.\"inner\".BC = 3",
            ["bc", "3"],
        ),
        (
            "SELECT items[1].PRODUCTID AS p FROM shop.orderevents WHERE Items[1].productId = 3",
            ["p", "3"],
        ),
        (
            "SELECT BYNAME['K'].qty AS q FROM shop.orderevents WHERE byName['K'].QTY = 3",
            ["q", "3"],
        ),
        (
            "SELECT i.PRODUCTid, count(*) FROM shop.orderevents CROSS JOIN UNNEST(ITEMS) AS I
             WHERE i.ProductId = 3 GROUP BY I.productid",
            ["PRODUCTid | _col1", "3 | 1"],
        ),
    ] {
        assert_eq!(lines(&athena, sql).await, wanted, "{sql}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn sql_finds_the_branches_of_a_union_by_any_spelling() {
    let world = shop().await;
    register_avro(&world).await;
    let athena = world.athena(&[]);
    for sql in [
        "SELECT multi.\"inner\".x FROM shop.avroorders WHERE multi.\"inner\".x = 3",
        "SELECT MULTI.\"Inner\".x FROM shop.AvroOrders WHERE orderID = 3",
    ] {
        assert_eq!(lines(&athena, sql).await, ["x", "3"], "{sql}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn two_columns_that_differ_by_case_alone_are_both_named() {
    let world = World::start().await;
    let topic = world.broker.create_topic("twice", 1).await;
    world.register_json(
        "twice",
        &topic,
        &[("id", "INT", ""), ("x", "INT", ""), ("ID", "INT", "")],
    );
    let athena = world.athena(&[]);
    for sql in ["SELECT id FROM customer.twice", "DESCRIBE customer.twice"] {
        let error = athena.sql(sql).await.expect_err(sql).to_string();
        let wanted = "message.fields[2].name: the columns `id` and `ID` differ by case alone";
        assert!(error.contains(wanted), "{sql}: {error}");
    }
}

fn lower_case_field(field: &FieldRef) -> Field {
    let data_type = match field.data_type() {
        DataType::Struct(fields) => DataType::Struct(lower_case_fields(fields)),
        DataType::List(item) => DataType::List(Arc::new(lower_case_field(item))),
        DataType::Map(entries, sorted) => DataType::Map(Arc::new(lower_case_field(entries)), *sorted),
        other => other.clone(),
    };
    Field::new(field.name().to_lowercase(), data_type, field.is_nullable())
        .with_metadata(field.metadata().clone())
}

fn lower_case_fields(fields: &Fields) -> Fields {
    fields.iter().map(lower_case_field).collect()
}

/// Schema as Athena may send it back: names in lower case at every depth.
fn lower_case(schema: &Schema) -> SchemaRef {
    let fields = lower_case_fields(schema.fields());
    Arc::new(Schema::new_with_metadata(fields, schema.metadata().clone()))
}

fn without_metadata(schema: &Schema) -> SchemaRef {
    let fields = schema.fields().iter();
    let bare = fields.map(|field| field.as_ref().clone().with_metadata(Default::default()));
    Arc::new(Schema::new(bare.collect::<Fields>()))
}

async fn read(client: &Client, table: &str, schema: &SchemaRef, constraints: &Constraints) -> RecordBatch {
    let mut batches = Vec::new();
    for split in client.splits_of(table, constraints).await.expect("splits") {
        let batch = client.read(table, schema, &split, constraints).await;
        batches.push(batch.unwrap_or_else(|error| panic!("{table}: {error}")));
    }
    concat_batches(schema, &batches).expect("splits of one schema")
}

/// Rows with their names in lower case.
fn shown(rows: &RecordBatch) -> String {
    let table = pretty_format_batches(std::slice::from_ref(rows)).expect("rows print");
    table.to_string().to_lowercase()
}

fn equal(column: &str, value: ArrayRef) -> Constraints {
    let data_type = value.data_type().clone();
    let range = Range::equal(value).expect("a range");
    let set = SortedRangeSet::try_new(data_type, vec![range], false).expect("a set");
    Constraints {
        summary: [(column.to_owned(), ValueSet::SortedRange(set))].into(),
        ..Constraints::default()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_connector_reads_the_same_by_lower_case_names() {
    let world = shop().await;
    register_json(&world).await;
    register_avro(&world).await;
    register_protobuf(&world).await;
    register_csv(&world).await;
    let mut client = world.connector(&[]);
    for table in ["OrderEvents", "AvroOrders", "ProtoOrders", "CsvOrders"] {
        client.registry = SHOP.to_owned();
        let spelled = client.table(table).await.expect("a table").schema;
        let wanted = read(&client, table, &spelled, &Constraints::default()).await;
        assert_eq!(wanted.num_rows(), 5, "{table}");
        for (field, column) in spelled.fields().iter().zip(wanted.columns()) {
            assert_eq!(column.null_count(), 0, "{table}, {field}");
        }

        client.registry = SHOP.to_lowercase();
        let lower_table = table.to_lowercase();
        let schema = client
            .table(&lower_table)
            .await
            .expect("a table in any case")
            .schema;
        assert_eq!(
            schema, spelled,
            "{table}: the document's spelling, however the table was named"
        );
        let lower = lower_case(&spelled);
        for schema in [&lower, &without_metadata(&lower)] {
            let rows = read(&client, &lower_table, schema, &Constraints::default()).await;
            assert_eq!(shown(&rows), shown(&wanted), "{table}");
        }

        let one = equal("orderid", Arc::new(Int32Array::from(vec![3])));
        let rows = read(&client, &lower_table, &lower, &one).await;
        assert_eq!(shown(&rows), shown(&wanted.slice(3, 1)), "{table}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn lower_case_constraints_of_a_source_narrow_the_splits() {
    let world = shop().await;
    register_json(&world).await;
    let mut client = world.connector(&[("max_records_per_split", "1")]);
    client.registry = SHOP.to_lowercase();
    assert_eq!(client.splits("orderevents").await.expect("splits").len(), 5);
    let one = equal("recordoffset", Arc::new(Int64Array::from(vec![3])));
    let splits = client.splits_of("orderevents", &one).await.expect("splits");
    assert_eq!(splits.len(), 1);
    let schema = lower_case(&client.table("orderevents").await.expect("a table").schema);
    let rows = read(&client, "orderevents", &schema, &one).await;
    assert_eq!(rows.num_rows(), 1);
}
