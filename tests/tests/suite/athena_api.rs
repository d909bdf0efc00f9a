//! Athena's API in `athena-local serve`: clients of Athena that know nothing of this project, against topics in every
//! format.

use std::collections::{BTreeMap, HashMap};

use apache_avro::types::Value as Avro;
use serde_json::{Value, json};
use tests::athena_clients::{run_java, run_python};
use tests::broker::Broker;
use tests::program::Running;

mod hostile;
mod named_clients;

/// Columns of every format's table, with their types.
const COLUMNS: [(&str, &str); 8] = [
    ("id", "BIGINT"),
    ("amount", "DECIMAL(20,4)"),
    ("at", "TIMESTAMP"),
    ("zoned", "TIMESTAMP WITH TIME ZONE"),
    ("tags", "ARRAY(VARCHAR)"),
    ("item", "ROW(product_id INTEGER, note VARCHAR)"),
    ("rates", "MAP(VARCHAR, DOUBLE)"),
    ("note", "VARCHAR"),
];

const AVRO: &str = r#"{"type": "record", "name": "Row", "fields": [
    {"name": "id", "type": "long"},
    {"name": "amount", "type": ["null", {"type": "bytes", "logicalType": "decimal", "precision": 20, "scale": 4}]},
    {"name": "at", "type": ["null", {"type": "long", "logicalType": "timestamp-millis"}]},
    {"name": "zoned", "type": ["null", "string"]},
    {"name": "tags", "type": ["null", {"type": "array", "items": "string"}]},
    {"name": "item", "type": ["null", {"type": "record", "name": "Item", "fields": [
        {"name": "product_id", "type": "int"}, {"name": "note", "type": "string"}]}]},
    {"name": "rates", "type": ["null", {"type": "map", "values": "double"}]},
    {"name": "note", "type": ["null", "string"]}
]}"#;

const PROTOBUF: &str = r#"syntax = "proto3";
import "google/protobuf/timestamp.proto";
message Row {
  int64 id = 1;
  optional string amount = 2;
  google.protobuf.Timestamp at = 3;
  optional string zoned = 4;
  repeated string tags = 5;
  Item item = 6;
  map<string, double> rates = 7;
  optional string note = 8;
  message Item { int32 product_id = 1; string note = 2; }
}
"#;

const AMOUNT: &str = "1234567890123456.7891";
const ZONED: &str = "2023-03-14T01:02:03.004+05:30";

/// `athena-local serve` with the tables that the clients know.
struct Served {
    serve: Running,
    variables: BTreeMap<String, String>,
    _folder: tempfile::TempDir,
}

impl Served {
    async fn start() -> Self {
        Self::with(&[]).await
    }

    async fn with(arguments: &[&str]) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let database = folder.path().join("formats");
        std::fs::create_dir(&database).expect("a folder");
        for (name, document) in documents() {
            std::fs::write(database.join(format!("{name}.json")), document.to_string()).expect("a file");
        }
        let schemas = folder.path().display().to_string();
        let arguments = [&["serve", "--schemas", &schemas], arguments].concat();
        let mut serve = Running::start(&[], &arguments);
        let mut variables = BTreeMap::new();
        while !variables.contains_key("AWS_SECRET_ACCESS_KEY") {
            let line = serve.line().await.expect("a variable");
            let (name, value) = line
                .strip_prefix("export ")
                .and_then(|line| line.split_once('='))
                .expect("an export");
            variables.insert(name.to_owned(), value.to_owned());
        }
        let broker = Broker::at(variables["kafka_endpoint"].clone());
        for (topic, records) in records() {
            broker.create_topic_named(topic, 1, &[]).await;
            broker.produce(topic, 0, records.into_iter().map(Some));
        }
        Self {
            serve,
            variables,
            _folder: folder,
        }
    }

    /// Variables of a client: one endpoint for all of AWS.
    fn client_variables(&self) -> Vec<(String, String)> {
        let names = [
            "AWS_ENDPOINT_URL",
            "AWS_REGION",
            "AWS_DEFAULT_REGION",
            "AWS_ACCESS_KEY_ID",
            "AWS_SECRET_ACCESS_KEY",
        ];
        names
            .map(|name| (name.to_owned(), self.variables[name].clone()))
            .to_vec()
    }

    /// Address of the API.
    fn address(&self) -> &str {
        self.variables["AWS_ENDPOINT_URL"]
            .strip_prefix("http://")
            .expect("a URL")
    }

    /// Stops the program, which must end as if nothing had happened.
    async fn stop(self) {
        let ended = self.serve.interrupt().await;
        assert_eq!(ended.code, Some(0), "{ended:?}");
    }
}

fn documents() -> Vec<(&'static str, Value)> {
    let fields = |by_number: bool| {
        let fields = COLUMNS.iter().enumerate().map(|(number, (name, sql_type))| {
            let mapping = if by_number {
                number.to_string()
            } else {
                (*name).to_owned()
            };
            json!({"name": name, "mapping": mapping, "type": sql_type})
        });
        fields.collect::<Vec<_>>()
    };
    let document = |topic: &str, format: &str| json!({"topicName": topic, "message": {"dataFormat": format, "fields": fields(format == "csv")}});
    let mut avro = document("avro", "avro");
    avro["message"]["dataSchema"] = AVRO.into();
    let mut protobuf = document("protobuf", "protobuf");
    protobuf["message"]["dataSchema"] = PROTOBUF.into();
    let mut csv = document("csv", "csv");
    csv["message"]["csv"] = json!({"nullText": "-"});
    let number = json!({"name": "n", "mapping": "n", "type": "BIGINT"});
    let numbers = json!({"topicName": "numbers", "message": {"dataFormat": "json", "fields": [number]}});
    vec![
        ("json", document("json", "json")),
        ("csv", csv),
        ("avro", avro),
        ("protobuf", protobuf),
        ("numbers", numbers),
    ]
}

fn records() -> Vec<(&'static str, Vec<Vec<u8>>)> {
    let text = |texts: Vec<String>| texts.into_iter().map(String::into_bytes).collect::<Vec<_>>();
    let json = [
        format!(
            r#"{{"id": 1, "amount": {AMOUNT}, "at": "2023-03-14 01:02:03.004", "zoned": "{ZONED}", "tags": ["a", "b c"],
                "item": {{"product_id": 7, "note": "x"}}, "rates": {{"eur": 1.5}}, "note": ""}}"#
        ),
        r#"{"id": 2}"#.to_owned(),
    ];
    let csv = [
        format!(
            r#"1,{AMOUNT},2023-03-14 01:02:03.004,{ZONED},"[""a"",""b c""]","{{""product_id"":7,""note"":""x""}}","{{""eur"":1.5}}","#
        ),
        "2,-,-,-,-,-,-,-".to_owned(),
    ];
    let numbers = (0..1000).map(|n| format!(r#"{{"n": {n}}}"#)).collect();
    vec![
        ("json", text(json.into())),
        ("csv", text(csv.into())),
        ("avro", avro_records()),
        ("protobuf", protobuf_records()),
        ("numbers", text(numbers)),
    ]
}

fn avro_records() -> Vec<Vec<u8>> {
    let schema = apache_avro::Schema::parse_str(AVRO).expect("a schema");
    let some = |value: Avro| Avro::Union(1, Box::new(value));
    let text = |text: &str| Avro::String(text.to_owned());
    let unscaled: i128 = AMOUNT.replace('.', "").parse().expect("a number");
    let item = vec![
        ("product_id".to_owned(), Avro::Int(7)),
        ("note".to_owned(), text("x")),
    ];
    let values = [
        some(Avro::Decimal(apache_avro::Decimal::from(unscaled.to_be_bytes()))),
        some(Avro::TimestampMillis(1_678_755_723_004)),
        some(text(ZONED)),
        some(Avro::Array(vec![text("a"), text("b c")])),
        some(Avro::Record(item)),
        some(Avro::Map(HashMap::from([("eur".to_owned(), Avro::Double(1.5))]))),
        some(text("")),
    ];
    let nulls = std::array::from_fn::<_, 7, _>(|_| Avro::Union(0, Box::new(Avro::Null)));
    let record = |id, values: [Avro; 7]| {
        let values = [Avro::Long(id)].into_iter().chain(values);
        let fields = COLUMNS
            .iter()
            .zip(values)
            .map(|((name, _), value)| ((*name).to_owned(), value));
        apache_avro::to_avro_datum(&schema, Avro::Record(fields.collect())).expect("a datum")
    };
    vec![record(1, values), record(2, nulls)]
}

fn protobuf_records() -> Vec<Vec<u8>> {
    fn varint(mut number: u64) -> Vec<u8> {
        let mut bytes = Vec::new();
        while number >= 0x80 {
            bytes.push(number as u8 | 0x80);
            number >>= 7;
        }
        bytes.push(number as u8);
        bytes
    }
    let number = |field: u8, number: u64| [vec![field << 3], varint(number)].concat();
    let bytes = |field: u8, content: &[u8]| {
        [
            vec![field << 3 | 2],
            varint(content.len() as u64),
            content.to_vec(),
        ]
        .concat()
    };
    let rate = [bytes(1, b"eur"), vec![2 << 3 | 1], 1.5_f64.to_le_bytes().to_vec()].concat();
    let first = [
        number(1, 1),
        bytes(2, AMOUNT.as_bytes()),
        bytes(3, &[number(1, 1_678_755_723), number(2, 4_000_000)].concat()),
        bytes(4, ZONED.as_bytes()),
        bytes(5, b"a"),
        bytes(5, b"b c"),
        bytes(6, &[number(1, 7), bytes(2, b"x")].concat()),
        bytes(7, &rate),
        bytes(8, b""),
    ];
    vec![first.concat(), number(1, 2)]
}
