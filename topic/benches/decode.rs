//! Speed of decoding records to columns, by format: all four columns of an order, and two of them.
//!
//! `cargo bench -p topic` prints rows and bytes of payload per second.

use std::hint::black_box;
use std::sync::Arc;

use apache_avro::types::Value;
use arrow::datatypes::SchemaRef;
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use topic::{NoWriterSchemas, Record, RowDecoder, SchemaDefinition, TopicTable, WriterSchemas};

const RECORDS: usize = 10_000;
/// Rows of a batch, as the connector writes them.
const BATCH_ROWS: usize = 8192;

const AVRO: &str = r#"{"type": "record", "name": "Order", "fields": [
    {"name": "order_id", "type": "string"},
    {"name": "ordered_at", "type": {"type": "long", "logicalType": "timestamp-millis"}},
    {"name": "user_id", "type": "string"},
    {"name": "items", "type": "string"}
]}"#;

const LINE_ITEM: &str = r#"{"type": "record", "name": "LineItem", "fields": [
    {"name": "order", "type": "long"},
    {"name": "part", "type": "long"},
    {"name": "supplier", "type": "int"},
    {"name": "quantity", "type": {"type": "bytes", "logicalType": "decimal", "precision": 15, "scale": 2}},
    {"name": "price", "type": {"type": "bytes", "logicalType": "decimal", "precision": 15, "scale": 2}},
    {"name": "discount", "type": "double"},
    {"name": "shipped", "type": {"type": "int", "logicalType": "date"}},
    {"name": "returned", "type": ["null", {"type": "int", "logicalType": "date"}]}
]}"#;

const PROTOBUF: &str = r#"syntax = "proto3";
import "google/protobuf/timestamp.proto";
message Order {
  string order_id = 1;
  google.protobuf.Timestamp ordered_at = 2;
  string user_id = 3;
  string items = 4;
}"#;

#[derive(Clone, PartialEq, prost::Message)]
struct OrderMessage {
    #[prost(string, tag = "1")]
    order_id: String,
    #[prost(message, optional, tag = "2")]
    ordered_at: Option<TimestampMessage>,
    #[prost(string, tag = "3")]
    user_id: String,
    #[prost(string, tag = "4")]
    items: String,
}

#[derive(Clone, Copy, PartialEq, prost::Message)]
struct TimestampMessage {
    #[prost(int64, tag = "1")]
    seconds: i64,
    #[prost(int32, tag = "2")]
    nanos: i32,
}

/// Order before it is encoded in a format.
struct Order {
    order_id: String,
    ordered_at_ms: i64,
    user_id: String,
    items: String,
}

impl Order {
    fn numbered(n: usize) -> Self {
        let (product, quantity) = (n * 7919 % 9999 + 1, n % 10 + 1);
        let item = format!(r#"{{"product_id": {product}, "quantity": {quantity}}}"#);
        Self {
            order_id: format!(
                "{:08x}-7c1e-4bfa-9d3c-{:012x}",
                n * 2_654_435_761 % (1 << 32),
                n * 104_729
            ),
            ordered_at_ms: 1_678_395_900_000 + n as i64 * 10,
            user_id: format!("{:x}xa", n % 1000),
            items: format!("[{}]", vec![item; n % 4 + 1].join(", ")),
        }
    }

    fn ordered_at(&self) -> String {
        let seconds = self.ordered_at_ms / 1000 % 60;
        let minutes = self.ordered_at_ms / 60_000 % 60;
        format!(
            "2023-03-09 21:{minutes:02}:{seconds:02}.{:03}",
            self.ordered_at_ms % 1000
        )
    }

    fn json(&self) -> Vec<u8> {
        let order = serde_json::json!({
            "order_id": self.order_id, "ordered_at": self.ordered_at(), "user_id": self.user_id, "items": self.items,
        });
        order.to_string().into_bytes()
    }

    fn csv(&self) -> Vec<u8> {
        let mut writer = csv::Writer::from_writer(Vec::new());
        let fields = [&self.order_id, &self.ordered_at(), &self.user_id, &self.items];
        writer.write_record(fields).expect("a vector takes all");
        writer.into_inner().expect("a vector takes all")
    }

    fn avro(&self, schema: &apache_avro::Schema) -> Vec<u8> {
        let text = |text: &str| Value::String(text.to_owned());
        let record = Value::Record(vec![
            ("order_id".into(), text(&self.order_id)),
            ("ordered_at".into(), Value::TimestampMillis(self.ordered_at_ms)),
            ("user_id".into(), text(&self.user_id)),
            ("items".into(), text(&self.items)),
        ]);
        apache_avro::to_avro_datum(schema, record).expect("the record is of the schema")
    }

    fn protobuf(&self) -> Vec<u8> {
        let message = OrderMessage {
            order_id: self.order_id.clone(),
            ordered_at: Some(TimestampMessage {
                seconds: self.ordered_at_ms / 1000,
                nanos: (self.ordered_at_ms % 1000) as i32 * 1_000_000,
            }),
            user_id: self.user_id.clone(),
            items: self.items.clone(),
        };
        prost::Message::encode_to_vec(&message)
    }
}

fn line_item(n: i64, schema: &apache_avro::Schema) -> Vec<u8> {
    let decimal = |unscaled: i64| Value::Decimal(unscaled.to_be_bytes().into());
    let day = (9_000 + n % 2_500) as i32;
    let returned = match n % 3 {
        0 => Value::Union(0, Box::new(Value::Null)),
        _ => Value::Union(1, Box::new(Value::Date(day + 30))),
    };
    let record = Value::Record(vec![
        ("order".into(), Value::Long(n / 4)),
        ("part".into(), Value::Long(n * 7919 % 200_000)),
        ("supplier".into(), Value::Int((n % 10_000) as i32)),
        ("quantity".into(), decimal(n % 50 * 100)),
        ("price".into(), decimal(n * 104_729 % 10_000_000)),
        ("discount".into(), Value::Double((n % 11) as f64 / 100.0)),
        ("shipped".into(), Value::Date(day)),
        ("returned".into(), returned),
    ]);
    apache_avro::to_avro_datum(schema, record).expect("the record is of the schema")
}

fn document(data_format: &str) -> SchemaDefinition {
    let field = |at: usize, name: &str, type_name: &str| {
        let mapping = if data_format == "csv" {
            at.to_string()
        } else {
            name.to_owned()
        };
        let hint = if type_name == "TIMESTAMP" {
            "yyyy-MM-dd HH:mm:ss.SSS"
        } else {
            ""
        };
        serde_json::json!({"name": name, "mapping": mapping, "type": type_name, "formatHint": hint})
    };
    let fields = [
        field(0, "order_id", "VARCHAR"),
        field(1, "ordered_at", "TIMESTAMP"),
        field(2, "user_id", "VARCHAR"),
        field(3, "items", "VARCHAR"),
    ];
    let document = serde_json::json!({
        "topicName": "orders", "message": {"dataFormat": data_format, "fields": fields},
    });
    definition("JSON", &document.to_string())
}

fn definition(data_format: &str, text: &str) -> SchemaDefinition {
    SchemaDefinition {
        schema_version_id: "00000000-0000-0000-0000-000000000000".into(),
        data_format: data_format.into(),
        definition: text.into(),
        ..SchemaDefinition::default()
    }
}

fn decode(schema: &SchemaRef, table: &TopicTable, records: &[Vec<u8>]) -> usize {
    let writers: Arc<dyn WriterSchemas> = Arc::new(NoWriterSchemas);
    let mut decoder = RowDecoder::try_new(schema, Some(table), &writers).expect("a decoder");
    let mut rows = 0;
    for record in records {
        decoder.decode(&Record::of_value(record)).expect("a row");
        if decoder.rows() >= BATCH_ROWS {
            rows += black_box(decoder.flush()).num_rows();
        }
    }
    rows + black_box(decoder.flush()).num_rows()
}

fn formats(criterion: &mut Criterion) {
    let orders: Vec<_> = (0..RECORDS).map(Order::numbered).collect();
    let avro = apache_avro::Schema::parse_str(AVRO).expect("a schema");
    let formats: [(&str, SchemaDefinition, Vec<Vec<u8>>); 4] = [
        ("json", document("json"), orders.iter().map(Order::json).collect()),
        ("csv", document("csv"), orders.iter().map(Order::csv).collect()),
        (
            "avro",
            definition("AVRO", AVRO),
            orders.iter().map(|order| order.avro(&avro)).collect(),
        ),
        (
            "protobuf",
            definition("PROTOBUF", PROTOBUF),
            orders.iter().map(Order::protobuf).collect(),
        ),
    ];
    for (format, definition, records) in &formats {
        let table = TopicTable::parse("customer", "orders", definition).expect("a table");
        let bytes: usize = records.iter().map(Vec::len).sum();
        let mut group = criterion.benchmark_group(*format);
        for (columns, projection) in [("4 of 4 columns", &[0, 1, 2, 3][..]), ("2 of 4 columns", &[0, 2])] {
            let schema = Arc::new(table.schema.project(projection).expect("columns of the table"));
            assert_eq!(decode(&schema, &table, records), RECORDS);
            group.throughput(Throughput::ElementsAndBytes {
                elements: RECORDS as u64,
                bytes: bytes as u64,
            });
            group.bench_function(BenchmarkId::from_parameter(columns), |bencher| {
                bencher.iter(|| decode(&schema, &table, records));
            });
        }
        group.finish();
    }
}

/// Columns of a fixed width: those of a line item.
fn line_items(criterion: &mut Criterion) {
    let avro = apache_avro::Schema::parse_str(LINE_ITEM).expect("a schema");
    let records: Vec<_> = (0..RECORDS).map(|n| line_item(n as i64, &avro)).collect();
    let table = TopicTable::parse("customer", "line_items", &definition("AVRO", LINE_ITEM)).expect("a table");
    assert_eq!(decode(&table.schema, &table, &records), RECORDS);
    let mut group = criterion.benchmark_group("avro");
    group.throughput(Throughput::Elements(RECORDS as u64));
    group.bench_function("8 columns of a fixed width", |bencher| {
        bencher.iter(|| decode(&table.schema, &table, &records));
    });
    group.finish();
}

criterion_group!(benches, formats, line_items);
criterion_main!(benches);
