//! Schemas as people and their tools write them make tables through the real binary, and `athena-local` tells what it sees
//! of them.

use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use arrow::array::{Array, ArrayRef, RecordBatch, StringArray};
use arrow::util::display::{ArrayFormatter, FormatOptions};
use embedded::confluent::{EmbeddedConfluent, Schema};
use embedded::glue::DataFormat;
use serde_json::{Value, json};
use tests::broker::WholeRecord;
use tests::lambda::{Lambda, binary};
use tests::world::World;
use tokio::io::AsyncWriteExt;
use tokio::process::Command;
use trino_sql::{OutputColumn, Type};

/// Time limit of a command.
const LIMIT: Duration = Duration::from_secs(120);

/// The one row of the table, each column as text.
async fn row(world: &World, table: &str) -> Vec<String> {
    let (lambda, _) = world.lambda(1, &[]).await;
    query(world, &lambda, &format!("SELECT * FROM customer.\"{table}\""))
        .await
        .unwrap_or_else(|error| panic!("{table}: {error}"))
        .remove(0)
}

async fn query(world: &World, lambda: &Arc<Lambda>, sql: &str) -> Result<Vec<Vec<String>>, String> {
    let answer = world.athena_on(lambda).query(sql).await;
    let answer = answer.map_err(|error| error.to_string())?;
    let rows = answer
        .batches
        .iter()
        .map(|batch| zones_as_text(batch, &answer.columns));
    Ok(rows.flat_map(|batch| texts(&batch)).collect())
}

/// The batch with timestamps that have a zone as Athena shows them.
fn zones_as_text(batch: &RecordBatch, columns: &[OutputColumn]) -> RecordBatch {
    let columns = columns.iter().zip(batch.columns()).map(|(column, array)| {
        let shown = |row| trino_sql::Value::read(array, row, &column.ty).shown(&column.ty);
        let array: ArrayRef = match column.ty {
            Type::TimestampTz(_) => Arc::new((0..array.len()).map(shown).collect::<StringArray>()),
            _ => Arc::clone(array),
        };
        (column.name.clone(), array, true)
    });
    RecordBatch::try_from_iter_with_nullable(columns).expect("columns of one length")
}

fn texts(batch: &RecordBatch) -> Vec<Vec<String>> {
    let options = FormatOptions::new().with_null("NULL");
    let columns = batch.columns().iter();
    let columns: Vec<_> = columns
        .map(|column| ArrayFormatter::try_new(column, &options).expect("a formatter"))
        .collect();
    let row = |row| {
        columns
            .iter()
            .map(|column| column.value(row).to_string())
            .collect()
    };
    (0..batch.num_rows()).map(row).collect()
}

/// A topic whose one record has this value, and its name, which is that of the table too.
async fn topic(world: &World, value: &[u8]) -> String {
    let topic = world.broker.create_topic("schemas", 1).await;
    world.broker.produce(&topic, 0, [Some(value.to_vec())]);
    topic
}

#[tokio::test(flavor = "multi_thread")]
async fn protobuf_imports_are_found_or_not_needed() {
    let world = World::start().await;
    let common = r#"syntax = "proto3"; package common; import "unit.proto"; message Amount { int64 units = 1; Unit unit = 2; }"#;
    world.register_schema("common.proto", DataFormat::Protobuf, common);
    let unit = r#"syntax = "proto3"; package common; message Unit { string name = 1; }"#;
    world.register_schema("unit", DataFormat::Protobuf, unit);
    let amount = b"\x0a\x07\x08\x05\x12\x03\x0a\x01k\x10\x03";
    for (text, value, wanted) in [
        (
            r#"import "buf/validate/validate.proto";
               message M { string name = 1 [(buf.validate.field).string.min_len = 1]; }"#,
            b"\x0a\x01x".as_slice(),
            vec!["x"],
        ),
        (
            r#"import "google/type/money.proto"; message M { google.type.Money price = 1; int32 n = 2; }"#,
            b"\x0a\x0d\x0a\x03EUR\x10\x0c\x18\x80\xca\xb5\xee\x01\x10\x03",
            vec!["{currency_code: EUR, units: 12, nanos: 500000000}", "3"],
        ),
        (
            r#"import "common/x.proto"; message M { int32 n = 1; }"#,
            b"\x08\x03",
            vec!["3"],
        ),
        (
            r#"import "common.proto"; message M { common.Amount amount = 1; int32 n = 2; }"#,
            amount,
            vec!["{units: 5, unit: {name: k}}", "3"],
        ),
    ] {
        let topic = topic(&world, value).await;
        world.register_schema(
            &topic,
            DataFormat::Protobuf,
            &format!(r#"syntax = "proto3"; {text}"#),
        );
        assert_eq!(row(&world, &topic).await, wanted, "{text}");
    }

    // A document whose own text imports, a record after the header of an older version that imports, and a key.
    let older =
        r#"syntax = "proto3"; import "common.proto"; message M { int32 n = 2; common.Amount amount = 1; }"#;
    let topic = world.broker.create_topic("schemas", 1).await;
    let older = world.register_schema(&topic, DataFormat::Protobuf, older);
    let latest = r#"syntax = "proto3"; import "common.proto"; message M { common.Amount amount = 1; }"#;
    world.register_schema(&topic, DataFormat::Protobuf, latest);
    let value = [&[3, 0], older.as_bytes().as_slice(), &[0], amount].concat();
    world.broker.produce(&topic, 0, [Some(value)]);
    assert_eq!(row(&world, &topic).await, ["{units: 5, unit: {name: k}}"]);

    let topic = world.broker.create_topic("schemas", 1).await;
    let record = WholeRecord {
        key: Some(amount.to_vec()),
        value: Some(amount.to_vec()),
        ..WholeRecord::default()
    };
    world.broker.produce_whole(&topic, 0, &[record]);
    let side = |name: &str| {
        json!({"dataFormat": "protobuf", "dataSchema": latest,
            "fields": [{"name": name, "mapping": "amount.unit.name", "type": "VARCHAR"}]})
    };
    world.register(
        "document",
        &json!({"topicName": topic, "message": side("v"), "key": side("k")}),
    );
    assert_eq!(row(&world, "document").await, ["k", "k"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_protobuf_import_that_nobody_has_is_named_with_the_way_out() {
    let world = World::start().await;
    let topic = topic(&world, b"").await;
    let text = r#"syntax = "proto3"; import "gone/types.proto"; message M { gone.Type t = 1; }"#;
    world.register_schema(&topic, DataFormat::Protobuf, text);
    let (lambda, _) = world.lambda(1, &[]).await;
    let sql = format!("SELECT * FROM customer.\"{topic}\"");
    let error = query(&world, &lambda, &sql).await.expect_err("a type is missing");
    assert!(
        error.contains("`gone/types.proto`") && error.contains("--descriptor_set_out"),
        "{error}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_protobuf_import_that_nobody_has_costs_the_fields_of_its_types_alone() {
    let world = World::start().await;
    let topic = topic(&world, b"\x0a\x01x\x10\x07").await;
    let text = r#"syntax = "proto3"; import "gone/types.proto"; message M { gone.Type t = 1; int32 n = 2; }"#;
    world.register_schema(&topic, DataFormat::Protobuf, text);
    assert_eq!(row(&world, &topic).await, ["7"]);
    let document = |name: &str| {
        let fields = json!([{"name": name, "mapping": name}]);
        json!({"topicName": topic, "message": {"dataFormat": "protobuf", "dataSchema": text, "fields": fields}})
    };
    world.register("mapped", &document("n"));
    assert_eq!(row(&world, "mapped").await, ["7"]);
    world.register("unmapped", &document("t"));
    let (lambda, _) = world.lambda(1, &[]).await;
    let error = query(&world, &lambda, "SELECT * FROM customer.unmapped").await;
    let error = error.expect_err("a type is missing");
    assert!(
        error.contains("message.fields[0].mapping: `t` cannot be read")
            && error.contains("`gone/types.proto`"),
        "{error}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_protobuf_edition_has_presence_unless_it_says_otherwise() {
    let world = World::start().await;
    let text =
        r#"edition = "2023"; message M { int32 a = 1 [features.field_presence = IMPLICIT]; int32 b = 2; }"#;
    for (value, wanted) in [(b"\x08\x07\x10\x00".as_slice(), ["7", "0"]), (b"", ["0", "NULL"])] {
        let topic = topic(&world, value).await;
        world.register_schema(&topic, DataFormat::Protobuf, text);
        assert_eq!(row(&world, &topic).await, wanted);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn json_schemas_are_put_together_from_their_parts() {
    // Columns stand in the order of the text, in which `json!` sorts the keys of objects.
    let world = World::start().await;
    let address = r#"{"type": "object", "properties": {"city": {"type": "string"}},
        "definitions": {"Zip": {"type": "integer"}}}"#;
    let registered = world
        .glue
        .register_schema("customer", "address", DataFormat::Json, address);
    registered.expect("a schema");
    for (schema, value, wanted) in [
        (
            json!({"$ref": "#/definitions/O", "definitions": {"O": {"type": "object",
                "properties": {"b": {"type": "integer"}}}}}),
            json!({"b": 1}),
            vec!["1"],
        ),
        (
            json!({"allOf": [{"type": "object", "properties": {"a": {"type": "integer"}}},
                {"type": "object", "properties": {"b": {"type": "string"}}}]}),
            json!({"a": 1, "b": "x"}),
            vec!["1", "x"],
        ),
        (
            json!({"type": "object", "properties": {"o": {"allOf": [
                {"type": "object", "properties": {"a": {"type": "integer"}}},
                {"type": "object", "properties": {"b": {"type": "string"}}}]}},
                "allOf": [{"properties": {"c": {"type": "boolean"}}}]}),
            json!({"o": {"a": 1, "b": "x"}, "c": true}),
            vec!["true", "{a: 1, b: x}"],
        ),
        (
            json!({"type": "object", "properties": {"to": {"$ref": "address"}, "zip": {"$ref": "address#/definitions/Zip"},
                "gone": {"$ref": "nobody"}}}),
            json!({"to": {"city": "Bern"}, "zip": 3011, "gone": {"x": 1}}),
            vec![r#"{"x":1}"#, "{city: Bern}", "3011"],
        ),
        (
            json!({"type": "object", "properties": {
                "any": {"oneOf": [{"type": "integer"}, {"type": "object", "properties": {"x": {}}}]},
                "one": {"anyOf": [{"type": "null"}, {"type": "object", "properties": {"x": {"type": "integer"}}}]}}}),
            json!({"any": {"x": 1}, "one": {"x": 1}}),
            vec![r#"{"x":1}"#, "{x: 1}"],
        ),
    ] {
        let topic = topic(&world, value.to_string().as_bytes()).await;
        let registered =
            world
                .glue
                .register_schema("customer", &topic, DataFormat::Json, &schema.to_string());
        registered.expect("a schema");
        assert_eq!(row(&world, &topic).await, wanted, "{schema}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn days_nanoseconds_and_decimals_in_bytes_are_read() {
    let world = World::start().await;
    let value = json!({"day": 19425, "midnight": "19425", "at": 1_678_395_900_123_456_789_i64, "before": -1,
        "days": [19425, "0"], "price": "BNI=", "prices": [{"p": "/5w="}], "number": 12.34});
    let topic = topic(&world, value.to_string().as_bytes()).await;
    let field = |name: &str, type_name: &str, hint: &str| json!({"name": name, "mapping": name, "type": type_name, "formatHint": hint});
    world.register(
        "hints",
        &json!({"topicName": topic, "message": {"dataFormat": "json", "fields": [
            field("day", "DATE", "epoch_days"),
            field("midnight", "TIMESTAMP", "epoch_days"),
            field("at", "TIMESTAMP", "epoch_nanos"),
            field("before", "TIMESTAMP", "epoch_nanos"),
            field("days", "ARRAY(DATE)", "epoch_days"),
            field("price", "DECIMAL(10,2)", "base64"),
            field("prices", "ARRAY(ROW(p DECIMAL(10,2)))", "base64"),
            field("number", "DECIMAL(10,2)", "base64")]}}),
    );
    assert_eq!(
        row(&world, "hints").await,
        [
            "2023-03-09",
            "2023-03-09T00:00:00",
            "2023-03-09T21:05:00.123",
            "1969-12-31T23:59:59.999",
            "[2023-03-09, 1970-01-01]",
            "12.34",
            "[{p: -1.00}]",
            "12.34"
        ]
    );

    let topic = world.broker.create_topic("schemas", 1).await;
    world.broker.produce(&topic, 0, [Some("19425,-1000001,BNI=")]);
    let field = |at: usize, type_name: &str, hint: &str| json!({"name": format!("c{at}"), "mapping": at, "type": type_name, "formatHint": hint});
    world.register(
        "lines",
        &json!({"topicName": topic, "message": {"dataFormat": "csv", "fields": [
            field(0, "DATE", "epoch_days"), field(1, "TIMESTAMP", "epoch_nanos"), field(2, "DECIMAL(10,2)", "base64")]}}),
    );
    assert_eq!(
        row(&world, "lines").await,
        ["2023-03-09", "1969-12-31T23:59:59.998", "12.34"]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn comments_are_on_the_wire_and_in_describe() {
    let world = World::start().await;
    let topic = topic(&world, b"{}").await;
    world.register(
        "noted",
        &json!({"topicName": topic, "message": {"dataFormat": "json", "fields": [
            {"name": "Id", "mapping": "id", "type": "INT", "comment": "The key."},
            {"name": "n", "mapping": "n", "type": "INT"}]}}),
    );
    let (lambda, client) = world.lambda(1, &[]).await;
    let table = client.table("noted").await.expect("a table");
    assert_eq!(
        table.schema.metadata().get("Id").map(String::as_str),
        Some("The key.")
    );
    let described = query(&world, &lambda, "DESCRIBE customer.noted")
        .await
        .expect("columns");
    assert_eq!(described, [["id", "integer", "The key."], ["n", "integer", ""]]);
}

#[tokio::test(flavor = "multi_thread")]
async fn timestamps_show_the_offset_that_they_were_written_with() {
    let world = World::start().await;
    let topic = world.broker.create_topic("schemas", 1).await;
    let values = [
        "2023-03-09T21:05:00.123+09:00",
        "2023-03-09T12:05:00.123Z",
        "2023-03-09T07:05:00.123-05:00",
    ];
    let values = values.map(|at| Some(json!({"n": 1, "at": at}).to_string()));
    world.broker.produce(&topic, 0, values);
    world.register_json(
        "zoned",
        &topic,
        &[("n", "INT", ""), ("at", "TIMESTAMP WITH TIME ZONE", "")],
    );
    let (lambda, _) = world.lambda(1, &[("metadata_columns", "true")]).await;
    let shown = [
        ["2023-03-09 21:05:00.123 +09:00"],
        ["2023-03-09 12:05:00.123 UTC"],
        ["2023-03-09 07:05:00.123 -05:00"],
    ];
    for sql in [
        "SELECT at FROM customer.zoned",
        "SELECT x.at AS moment FROM customer.zoned x WHERE x.n = 1 LIMIT 10",
        "WITH z AS (SELECT at AS moment, n FROM customer.zoned) SELECT moment FROM z WHERE n > 0",
        "SELECT at FROM customer.zoned WHERE at = TIMESTAMP '2023-03-09 12:05:00.123 UTC'",
    ] {
        assert_eq!(query(&world, &lambda, sql).await.expect(sql), shown, "{sql}");
    }
    let joined = query(
        &world,
        &lambda,
        "SELECT a.at, b.n FROM customer.zoned a JOIN customer.zoned b ON a.n = b.n AND a.at = b.at ORDER BY 1 LIMIT 1",
    );
    assert_eq!(joined.await.expect("rows").len(), 1);
    for (sql, wanted) in [
        (
            "SELECT max(at) FROM customer.zoned WHERE _partition_offset = 2",
            "2023-03-09 07:05:00.123 -05:00",
        ),
        (
            "SELECT date_add('hour', 1, at) FROM customer.zoned WHERE _partition_offset = 0",
            "2023-03-09 22:05:00.123 +09:00",
        ),
        ("SELECT count(*) FROM customer.zoned", "3"),
        ("SELECT count(DISTINCT at) FROM customer.zoned", "1"),
    ] {
        assert_eq!(query(&world, &lambda, sql).await.expect(sql), [[wanted]], "{sql}");
    }
}

/// Exit code and output of a command.
struct Ran {
    code: Option<i32>,
    stdout: String,
    stderr: String,
}

/// Runs `athena-local` with this on its standard input.
async fn run(variables: &[(String, String)], arguments: &[&str], input: &str) -> Ran {
    let mut program = Command::new(binary("athena-local").expect("the program is built"))
        .args(arguments)
        .env_clear()
        .env("AWS_REGION", "us-east-1")
        .envs(variables.iter().map(|(name, value)| (name, value)))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .expect("the program runs");
    let mut stdin = program.stdin.take().expect("an input");
    stdin.write_all(input.as_bytes()).await.expect("it reads");
    drop(stdin);
    let output = tokio::time::timeout(LIMIT, program.wait_with_output()).await;
    let output = output.expect("an end of it").expect("its output");
    Ran {
        code: output.status.code(),
        stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

async fn check(arguments: &[&str], input: &str) -> Ran {
    let arguments = [&["schema", "check", "-"], arguments].concat();
    run(&[], &arguments, input).await
}

#[tokio::test(flavor = "multi_thread")]
async fn schema_check_names_each_mistake_once() {
    let field = |name: &str, hint: &str| json!({"name": name, "mapping": name, "type": "TIMESTAMP", "formatHint": hint});
    let document = json!({"topicName": "t", "message": {"dataFormat": "json", "fields": [
        field("a", "YYYY-MM-DD"), field("b", "yyyy-mm-dd"), field("c", "yyyy-MM-dd hh:mm"), field("d", "%Y-%m-%d"),
        field("e", "yyyy-MM-ddTHH:mm:ss"), {"name": "f", "mapping": "f", "type": "INTERVAL"},
        field("g", "hh:mm a"), field("h", "yyyy-DDD"), field("i", "YYYY-'W'ww"), field("j", "epoch_nanos")]}});
    let ran = check(&[], &document.to_string()).await;
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    assert!(ran.stdout.contains("j  timestamp(3)"), "{}", ran.stdout);
    let warnings: Vec<_> = ran
        .stderr
        .lines()
        .filter(|line| line.starts_with("warning"))
        .collect();
    let places = [0, 1, 2, 3, 4].map(|at| format!("message.fields[{at}].formatHint"));
    assert_eq!(warnings.len(), 6, "{}", ran.stderr);
    for place in places.into_iter().chain(["message.fields[5].type".to_owned()]) {
        let told = warnings.iter().filter(|line| line.contains(&place)).count();
        assert_eq!(told, 1, "{place}: {}", ran.stderr);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn schema_check_says_what_of_a_json_schema_is_not_understood() {
    let schema = json!({"type": "object", "properties": {
        "to": {"$ref": "nobody"}, "n": {"type": "integer", "not": {"const": 0}, "description": "A number."}}});
    let ran = check(&["--name", "orders"], &schema.to_string()).await;
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    assert!(
        ran.stdout.contains("topic orders") && ran.stdout.contains("n   bigint  -- A number."),
        "{}",
        ran.stdout
    );
    for told in [
        "properties.to: $ref `nobody` matches no schema",
        "properties.n: `not` is not understood",
    ] {
        assert_eq!(ran.stderr.matches(told).count(), 1, "{}", ran.stderr);
    }
    let ran = check(
        &["--data-format", "protobuf"],
        "edition = '2023'; message M { x.Y y = 1; }",
    )
    .await;
    assert_ne!(ran.code, Some(0));
    assert!(ran.stderr.contains("name 'x.Y' is not defined"), "{}", ran.stderr);
}

/// The document that `schema infer` proposes, and its notes.
async fn infer(world: &World, settings: &[(&str, &str)], topic: &str) -> (Value, String) {
    let mut variables = world.variables();
    let settings = settings.iter();
    variables.extend(settings.map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
    let arguments = ["schema", "infer", topic, "--bootstrap", world.broker.bootstrap()];
    let ran = run(&variables, &arguments, "").await;
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    (serde_json::from_str(&ran.stdout).expect("a document"), ran.stderr)
}

#[tokio::test(flavor = "multi_thread")]
async fn schema_infer_proposes_the_rows_of_debezium() {
    let world = World::start().await;
    let (lambda, _) = world.lambda(1, &[]).await;
    let event = |id: i32, v: &str, op: &str| {
        let row = json!({"id": id, "v": v});
        let (before, after) = if op == "d" {
            (row, Value::Null)
        } else {
            (Value::Null, row)
        };
        json!({"before": before, "after": after, "op": op, "ts_ms": 1, "source": {}})
    };
    let events = [
        event(1, "old", "c"),
        event(2, "gone", "c"),
        event(1, "new", "u"),
        event(2, "gone", "d"),
    ];
    for wrapped in [false, true] {
        let topic = world.broker.create_topic("debezium", 1).await;
        let wrap = |value: Value| match wrapped {
            true => json!({"schema": {"type": "struct"}, "payload": value}),
            false => value,
        };
        let records = events.iter().map(|event| {
            let id = event["after"]["id"].as_i64().or(event["before"]["id"].as_i64());
            WholeRecord {
                key: Some(wrap(json!({"id": id})).to_string().into_bytes()),
                value: Some(wrap(event.clone()).to_string().into_bytes()),
                ..WholeRecord::default()
            }
        });
        world
            .broker
            .produce_whole(&topic, 0, &records.collect::<Vec<_>>());
        let (mut document, notes) = infer(&world, &[], &topic).await;
        let fields = document["message"]["fields"].as_array().expect("fields");
        let names: Vec<_> = fields
            .iter()
            .map(|field| field["name"].as_str().unwrap_or_default())
            .collect();
        assert_eq!(names, ["id", "v", "op"], "{document}");
        assert!(notes.contains("Debezium"), "{notes}");

        document["metadataColumns"] = json!(true);
        let table = format!("changes_{wrapped}");
        world.register(&table, &document);
        // The query of docs/topics.md.
        let sql = format!(
            "SELECT id, v FROM (SELECT id, v, op, row_number() OVER (PARTITION BY key_id ORDER BY _partition_offset DESC) \
             AS age FROM customer.{table}) WHERE age = 1 AND op <> 'd'"
        );
        assert_eq!(
            query(&world, &lambda, &sql).await.expect("rows"),
            [["1", "new"]],
            "{document}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn schema_infer_looks_up_the_schema_of_debeziums_avro() {
    let world = World::start().await;
    let registry = EmbeddedConfluent::start().await.expect("the registry starts");
    let envelope = r#"{"type": "record", "name": "Envelope", "fields": [
        {"name": "before", "type": ["null", {"type": "record", "name": "Value", "fields": [
            {"name": "id", "type": "int"}, {"name": "v", "type": ["null", "string"]}]}]},
        {"name": "after", "type": ["null", "Value"]}, {"name": "source", "type": "string"}, {"name": "op", "type": "string"}]}"#;
    let registered = registry
        .register("orders-value", &Schema::avro(envelope))
        .expect("a schema");
    let topic = world.broker.create_topic("debezium", 1).await;
    let value = [
        &[0],
        registered.id.to_be_bytes().as_slice(),
        b"\x00\x02\x0e\x02\x02x\x02s\x02c",
    ]
    .concat();
    world.broker.produce(&topic, 0, [Some(value)]);
    let url = registry.url();
    let settings = [("schema_registry_url", url.as_str())];
    let (document, _) = infer(&world, &settings, &topic).await;
    world.register("changes", &document);
    let (lambda, _) = world.lambda(1, &settings).await;
    let rows = query(&world, &lambda, "SELECT id, v, op FROM customer.changes").await;
    assert_eq!(rows.expect("rows"), [["7", "x", "c"]], "{document}");
}

#[tokio::test(flavor = "multi_thread")]
async fn schema_infer_takes_mixed_keys_for_text_and_mixed_framing_for_json() {
    let world = World::start().await;
    let topic = world.broker.create_topic("mixed", 1).await;
    let records = [
        ("k1", b"\0\0\0\0\x07{\"a\":1}".to_vec()),
        ("k2", b"{\"a\":2}".to_vec()),
        (r#"{"id":1}"#, b"{\"a\":3}".to_vec()),
    ];
    let records = records.map(|(key, value)| WholeRecord {
        key: Some(key.as_bytes().to_vec()),
        value: Some(value),
        ..WholeRecord::default()
    });
    world.broker.produce_whole(&topic, 0, &records);
    let (document, notes) = infer(&world, &[], &topic).await;
    assert_eq!(document["key"]["fields"][0]["type"], "VARCHAR", "{document}");
    assert!(
        !notes.contains("are not JSON") && !notes.contains("bytes"),
        "{notes}"
    );
    world.register("mixed", &document);
    let (lambda, _) = world.lambda(1, &[]).await;
    let rows = query(&world, &lambda, "SELECT key, a FROM customer.mixed ORDER BY a").await;
    let wanted = [["k1", "1"], ["k2", "2"], [r#"{"id":1}"#, "3"]];
    assert_eq!(rows.expect("rows"), wanted);
}
