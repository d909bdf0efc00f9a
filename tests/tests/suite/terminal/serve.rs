//! `athena-local serve` and `--embedded`: stand-ins with one's own schemas and files.

use std::collections::BTreeMap;

use tests::doctor::examine;
use tests::program::{Running, run};

use super::*;

/// A folder with rows of `clicks` and a schema of `orders` in the registry `shop`.
fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    let clicks = (0..5).map(|id| format!("{}\n", note(id))).collect::<String>();
    std::fs::write(folder.path().join("clicks.jsonl"), clicks).expect("a file");
    let schemas = folder.path().join("schemas").join("shop");
    std::fs::create_dir_all(&schemas).expect("folders");
    let document = json!({"topicName": "clicks", "message": {"dataFormat": "json", "fields": [
        {"name": "number", "mapping": "id", "type": "BIGINT"}]}});
    std::fs::write(schemas.join("orders.json"), document.to_string()).expect("a file");
    folder
}

/// Standard output of `serve` as variables.
async fn variables(serve: &mut Running) -> Vec<(String, String)> {
    let mut variables = Vec::new();
    loop {
        let line = serve.line().await.expect("a variable");
        let (name, value) = line
            .strip_prefix("export ")
            .and_then(|line| line.split_once('='))
            .expect("an export");
        variables.push((name.to_owned(), value.to_owned()));
        if name == "AWS_SECRET_ACCESS_KEY" {
            return variables;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_doctor_finds_nothing_to_mend_on_the_stand_ins() {
    let folder = folder();
    let load = format!("clicks={}", folder.path().join("clicks.jsonl").display());
    let schemas = folder.path().join("schemas").display().to_string();
    let mut serve = Running::start(
        &[],
        &["serve", "--orders", "20", "--load", &load, "--schemas", &schemas],
    );
    let variables = variables(&mut serve).await;
    let named: BTreeMap<_, _> = variables.iter().cloned().collect();
    assert_eq!(named["AWS_DEFAULT_REGION"], named["AWS_REGION"]);

    let examination = examine(&variables, &["--json"]).await;
    assert_eq!(examination.code, Some(0), "{}", examination.stdout);
    let report: Value = serde_json::from_str(&examination.stdout).expect("a JSON object");
    let findings = report["findings"].as_array().expect("findings");
    let tables: Vec<_> = findings
        .iter()
        .filter(|finding| finding["check"] == "decode")
        .collect();
    assert_eq!(
        tables.len(),
        3,
        "orders, clicks and the one of the folder: {tables:?}"
    );
    for finding in findings {
        assert_eq!(finding["status"], "ok", "{finding}");
    }

    let sql = "SELECT sum(number) AS sum FROM msk.shop.orders";
    let rows = run(&variables, &["sql", sql, "--output", "json"]).await.success();
    assert_eq!(rows.json_lines(), [json!({"sum": 10})]);
    let ended = serve.interrupt().await;
    assert_eq!(ended.code, Some(0), "{ended:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn ports_and_addresses_are_those_that_are_asked_for() {
    let port = std::net::TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr());
    let port = port.expect("a free port").port().to_string();
    let arguments = [
        "serve",
        "--kafka-port",
        &port,
        "--listen",
        "0.0.0.0",
        "--advertise",
        "localhost",
    ];
    let mut serve = Running::start(&[], &arguments);
    let named: BTreeMap<_, _> = variables(&mut serve).await.into_iter().collect();
    assert_eq!(named["kafka_endpoint"], format!("localhost:{port}"));
    assert!(
        named["AWS_ENDPOINT_URL_ATHENA"].starts_with("http://localhost:"),
        "{named:?}"
    );
    let ended = serve.interrupt().await;
    assert!(
        ended.stderr.contains("warning: listening at 0.0.0.0"),
        "{}",
        ended.stderr
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_of_json_lines_is_a_table_at_once() {
    let folder = folder();
    let load = format!("clicks={}", folder.path().join("clicks.jsonl").display());
    let sql = "SELECT id, note FROM msk.customer.clicks WHERE id = 3";
    let rows = run(
        &[],
        &["sql", "--embedded", "--load", &load, sql, "--output", "json"],
    )
    .await
    .success();
    assert_eq!(rows.json_lines(), [note(3)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_functions_settings_hold_with_embedded_parts() {
    let settings = [
        ("metadata_columns", "true"),
        // Not theirs to say.
        ("kafka_endpoint", "127.0.0.1:1"),
        ("spill_bucket", "nobody-made-it"),
    ];
    let settings = settings.map(|(name, value)| (name.to_owned(), value.to_owned()));
    let sql = "SELECT _partition_offset FROM msk.customer.orders WHERE _partition_id = 0 ORDER BY 1 LIMIT 1";
    let arguments = ["sql", "--embedded", "--orders", "50", sql, "--output", "json"];
    let rows = run(&settings, &arguments).await.success();
    assert_eq!(rows.json_lines(), [json!({"_partition_offset": 0})]);
}

#[tokio::test(flavor = "multi_thread")]
async fn own_brokers_are_queried_by_schemas_of_a_folder_without_aws() {
    let world = World::start().await;
    let topic = world.broker.create_topic("own", 1).await;
    world
        .broker
        .produce(&topic, 0, (0..3).map(|id| Some(note(id).to_string())));
    let brokers = world.broker.bootstrap();
    let folder = tempfile::tempdir().expect("a folder");
    let document = run(&[], &["schema", "infer", &topic, "--bootstrap", brokers])
        .await
        .success()
        .stdout;
    std::fs::write(folder.path().join("own.json"), document).expect("a file");
    let schemas = folder.path().display().to_string();
    let sql = "SELECT sum(id) AS sum FROM msk.customer.own";
    let arguments = [
        "sql",
        "--bootstrap",
        brokers,
        "--schemas",
        &schemas,
        sql,
        "--output",
        "json",
    ];
    let rows = run(&[], &arguments).await.success();
    assert_eq!(rows.json_lines(), [json!({"sum": 3})]);
}
