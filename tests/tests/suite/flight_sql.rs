//! `athena-local serve` over Flight SQL, with the drivers that people use: ADBC's in Python, JDBC's, and the client of
//! `arrow-flight`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use apache_avro::types::Value as Avro;
use serde_json::json;
use tests::broker::Broker;
use tests::program::Running;
use tokio::process::Command;

mod rust_client;

/// Orders that are generated; the programs multiply them.
const ORDERS: &str = "1000";
/// Time limit of a program.
const LIMIT: Duration = Duration::from_secs(60);
const PAGE: &str = include_str!("../../../docs/clients.md");
const FIXTURES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../laptop/flight-sql/tests/fixtures");

/// `athena-local serve` with a topic of every format.
struct Served {
    serve: Running,
    variables: BTreeMap<String, String>,
    _schemas: tempfile::TempDir,
}

const ORDER_AVRO: &str = r#"{"type": "record", "name": "Order", "fields": [
    {"name": "id", "type": "long"}, {"name": "note", "type": ["null", "string"]},
    {"name": "amount", "type": ["null", {"type": "bytes", "logicalType": "decimal", "precision": 10, "scale": 2}]}]}"#;
const ORDER_PROTO: &str = r#"syntax = "proto3";
message Order { int64 id = 1; optional string note = 2; optional string amount = 3; }"#;

impl Served {
    async fn start(arguments: &[&str]) -> Self {
        let schemas = tempfile::tempdir().expect("a folder");
        for (name, document) in documents() {
            let file = schemas.path().join(format!("{name}.json"));
            std::fs::write(file, document.to_string()).expect("a file");
        }
        let folder = schemas.path().display().to_string();
        let mut all = vec!["serve", "--orders", ORDERS, "--schemas", &folder];
        all.extend_from_slice(arguments);
        let mut serve = Running::start(&[], &all);
        let mut variables = BTreeMap::new();
        while !variables.contains_key("AWS_SECRET_ACCESS_KEY") {
            let line = serve.line().await.expect("a variable");
            let variable = line.strip_prefix("export ").and_then(|line| line.split_once('='));
            let (name, value) = variable.expect("an export");
            variables.insert(name.to_owned(), value.to_owned());
        }
        let broker = Broker::at(variables["kafka_endpoint"].clone());
        for (name, records) in records() {
            broker.create_topic_named(name, 1, &[]).await;
            broker.produce(name, 0, records.into_iter().map(Some));
        }
        Self {
            serve,
            variables,
            _schemas: schemas,
        }
    }

    fn uri(&self) -> &str {
        &self.variables["FLIGHT_SQL_URI"]
    }

    /// Host and port.
    fn place(&self) -> &str {
        self.uri().split_once("://").expect("a URI").1
    }

    async fn adbc(&self, cases: &str, more: &[&str]) {
        let program = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/suite/flight_sql/adbc.py");
        let mut python = Command::new(target("venv-flight/bin/python"));
        python.arg(program).arg(cases).arg(self.uri()).args(more);
        succeeds(python).await;
    }

    async fn jdbc(&self, cases: &str, parameters: &str, more: &[&str]) {
        let program = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/suite/flight_sql/Jdbc.java");
        let url = format!("jdbc:arrow-flight-sql://{}/?{parameters}", self.place());
        let mut java = Command::new("java");
        java.args([
            "--add-opens=java.base/java.nio=ALL-UNNAMED",
            "-Dorg.slf4j.simpleLogger.defaultLogLevel=error",
            "-cp",
        ])
        .arg(target("jars-flight/*"))
        .arg(program)
        .arg(cases)
        .arg(url)
        .args(more);
        succeeds(java).await;
    }
}

fn target(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../target").join(path)
}

async fn succeeds(mut program: Command) -> String {
    let program = program.stdin(Stdio::null()).kill_on_drop(true);
    let output = tokio::time::timeout(LIMIT, program.output())
        .await
        .expect("an end of it");
    let output = output.expect("the program starts: scripts/test installs what it needs");
    let [out, err] = [&output.stdout, &output.stderr].map(|text| String::from_utf8_lossy(text));
    assert!(output.status.success(), "{out}\n{err}");
    out.into_owned()
}

/// The program of a client in docs/clients.md.
fn snippet(client: &str) -> &'static str {
    let marker = format!("<!-- clients: {client} -->\n```");
    let (_, rest) = PAGE.split_once(&marker).expect("the program is marked");
    let (program, _) = rest.split_once("```").expect("its end");
    program.split_once('\n').expect("lines").1
}

/// Address of the documented programs.
const DOCUMENTED: &str = "127.0.0.1:32010";

fn documents() -> [(&'static str, serde_json::Value); 5] {
    let order = |topic: &str, message| json!({"topicName": topic, "message": message});
    let fields = json!([
        {"name": "id", "mapping": "id", "type": "BIGINT"},
        {"name": "note", "mapping": "note", "type": "VARCHAR"},
        {"name": "amount", "mapping": "amount", "type": "DECIMAL(10,2)"},
    ]);
    let mut by_number = fields.clone();
    for (number, field) in by_number.as_array_mut().into_iter().flatten().enumerate() {
        field["mapping"] = number.into();
    }
    let csv = json!({"dataFormat": "csv", "csv": {"nullText": "-"}, "fields": by_number});
    [
        (
            "json_orders",
            order("json_orders", json!({"dataFormat": "json", "fields": fields})),
        ),
        ("csv_orders", order("csv_orders", csv)),
        (
            "avro_orders",
            order(
                "avro_orders",
                json!({"dataFormat": "avro", "dataSchema": ORDER_AVRO}),
            ),
        ),
        (
            "protobuf_orders",
            order(
                "protobuf_orders",
                json!({"dataFormat": "protobuf", "dataSchema": ORDER_PROTO, "fields": fields}),
            ),
        ),
        ("types", order("types", typed())),
    ]
}

fn typed() -> serde_json::Value {
    let columns = [
        ("id", "BIGINT"),
        ("price", "DECIMAL(20,4)"),
        ("at", "TIMESTAMP WITH TIME ZONE"),
        ("local", "TIMESTAMP"),
        ("day", "DATE"),
        ("ok", "BOOLEAN"),
        ("ratio", "DOUBLE"),
        ("raw", "VARBINARY"),
        ("note", "VARCHAR"),
        ("tags", "ARRAY(VARCHAR)"),
        ("owner", "ROW(name VARCHAR, age INTEGER)"),
        ("counts", "MAP(VARCHAR, INTEGER)"),
        ("owners", "ARRAY(ROW(name VARCHAR, age INTEGER))"),
    ];
    let fields = columns.map(|(name, ty)| {
        let hint = match name {
            "at" => "yyyy-MM-dd'T'HH:mm:ss.SSSXXX",
            "local" => "yyyy-MM-dd HH:mm:ss.SSS",
            "day" => "yyyy-MM-dd",
            _ => return json!({"name": name, "mapping": name, "type": ty}),
        };
        json!({"name": name, "mapping": name, "type": ty, "formatHint": hint})
    });
    json!({"dataFormat": "json", "fields": fields})
}

/// Records of each topic. Each topic of orders has one with all its values, and one with NULLs.
fn records() -> [(&'static str, Vec<Vec<u8>>); 5] {
    let text = |records: &[serde_json::Value]| {
        records
            .iter()
            .map(|record| record.to_string().into_bytes())
            .collect()
    };
    let schema = apache_avro::Schema::parse_str(ORDER_AVRO).expect("a schema");
    let avro = |id, note, amount| {
        let fields = [("id", Avro::Long(id)), ("note", note), ("amount", amount)];
        let fields = fields.map(|(name, value)| (name.to_owned(), value)).to_vec();
        apache_avro::to_avro_datum(&schema, Avro::Record(fields)).expect("a datum")
    };
    let null = || Avro::Union(0, Box::new(Avro::Null));
    let some = |value| Avro::Union(1, Box::new(value));
    let amount = Avro::Decimal(apache_avro::Decimal::from(1_990_i32.to_be_bytes()));
    let protobuf = [&[0x08, 1, 0x12, 5][..], b"first", &[0x1a, 5], b"19.90"].concat();
    [
        (
            "json_orders",
            text(&[
                json!({"id": 1, "note": "first", "amount": 19.90}),
                json!({"id": 2}),
            ]),
        ),
        ("csv_orders", vec![b"1,first,19.9".to_vec(), b"2,-,-".to_vec()]),
        (
            "avro_orders",
            vec![
                avro(1, some(Avro::String("first".to_owned())), some(amount)),
                avro(2, null(), null()),
            ],
        ),
        ("protobuf_orders", vec![protobuf, vec![0x08, 2]]),
        (
            "types",
            text(&[
                json!({"id": 1, "price": "1234567890123456.7891", "at": "2023-03-14T12:30:00.250+09:00",
                    "local": "2023-03-14 09:00:00.125", "day": "2023-03-14", "ok": true, "ratio": 0.1, "raw": "AP8=",
                    "note": "Zürich, it's", "tags": ["a", null, ""], "owner": {"name": "Ann", "age": 7},
                    "counts": {"k": 1, "l": null}, "owners": [{"age": 1}, null]}),
                json!({"id": 2, "note": "", "tags": [], "owners": []}),
                json!({"id": 3}),
            ]),
        ),
    ]
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs ADBC's driver: scripts/test"]
async fn adbc_reads_every_format_and_type() {
    let served = Served::start(&[]).await;
    for case in [
        "types",
        "formats",
        "parameters",
        "catalogs",
        "errors",
        "many",
        "cancel",
    ] {
        served.adbc(case, &[]).await;
    }
    // What was cancelled, or left, holds nothing up.
    served.adbc("login", &[]).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs the JDBC driver: scripts/test"]
async fn jdbc_reads_types_catalogs_and_a_million_rows() {
    let served = Served::start(&[]).await;
    let cases = "types,prepared,catalogs,errors,many,cancel,login";
    served.jdbc(cases, "useEncryption=false", &[]).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs the drivers: scripts/test"]
async fn drivers_log_in_with_the_token_over_tls() {
    let [certificate, key] = ["certificate.pem", "key.pem"].map(|file| format!("{FIXTURES}/{file}"));
    let arguments = [
        "--flight-cert",
        &certificate,
        "--flight-key",
        &key,
        "--flight-token",
        "s3cret",
    ];
    let served = Served::start(&arguments).await;
    assert!(served.uri().starts_with("grpc+tls://"), "{}", served.uri());
    served.adbc("login", &["s3cret", &certificate]).await;
    served
        .jdbc("login", &format!("tlsRootCerts={certificate}"), &["s3cret"])
        .await;
    let parameters = format!("tlsRootCerts={certificate}&token=s3cret");
    served.jdbc("login", &parameters, &[]).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs the drivers: scripts/test"]
async fn the_documented_programs_print_orders() {
    let served = Served::start(&[]).await;
    let mut python = Command::new(target("venv-flight/bin/python"));
    python.args(["-c", &snippet("adbc").replace(DOCUMENTED, served.place())]);
    let shown = succeeds(python).await;
    assert!(
        shown.contains("order_id") && shown.contains("2023-03-14"),
        "{shown}"
    );
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("Orders.java");
    std::fs::write(&file, snippet("jdbc").replace(DOCUMENTED, served.place())).expect("a file");
    let mut java = Command::new("java");
    java.args(["--add-opens=java.base/java.nio=ALL-UNNAMED", "-cp"])
        .arg(target("jars-flight/*"))
        .arg(file);
    assert_eq!(succeeds(java).await.lines().count(), 3);
}

/// Waits for what must hold soon.
async fn eventually(mut holds: impl AsyncFnMut() -> bool) {
    let begun = Instant::now();
    while !holds().await {
        assert!(begun.elapsed() < LIMIT, "it does not happen");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}
