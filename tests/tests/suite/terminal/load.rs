//! `athena-local load`.

use tests::program::run_with_input;

use super::*;

fn name() -> String {
    format!("loaded-{}", uuid::Uuid::new_v4().simple())
}

/// A file of a folder that lives as long as it is held.
fn file(name: &str, text: &str) -> (tempfile::TempDir, String) {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join(name);
    std::fs::write(&path, text).expect("a file");
    let path = path.display().to_string();
    (folder, path)
}

#[tokio::test(flavor = "multi_thread")]
async fn json_lines_become_records_with_keys() {
    let world = World::start().await;
    let topic = name();
    let (_folder, path) = file(
        "orders.jsonl",
        "{\"id\": 1, \"note\": \"a\"}\n\n{\"id\": 2, \"note\":  \"b\"}\n",
    );
    let arguments = ["load", &path, "--topic", &topic, "--create", "3", "--key", "note"];
    let loaded = world.run(&[], &arguments).await.success();
    let line = format!("2 records with 0.0 MB in topic {topic}, 3 partitions (");
    assert!(
        loaded.stdout.starts_with(&line) && loaded.stdout.contains("records/s"),
        "{}",
        loaded.stdout
    );
    let mut shown = world.run(&[], &["peek", &topic]).await.success().json_lines();
    shown.sort_by_key(|shown| shown["key"].to_string());
    let keys: Vec<_> = shown.iter().map(|shown| &shown["key"]).collect();
    assert_eq!(keys, [&json!("a"), &json!("b")]);
    assert_eq!(
        values(&shown),
        [json!({"id": 1, "note": "a"}), json!({"id": 2, "note": "b"})]
    );
    let raw = world
        .run(&[], &["peek", &topic, "--output", "raw", "--key", "b"])
        .await
        .success();
    assert_eq!(
        raw.stdout, "{\"id\": 2, \"note\":  \"b\"}\n",
        "bytes are sent as they are"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn csv_and_standard_input_become_objects() {
    let world = World::start().await;
    let topic = world.broker.create_topic("loaded", 1).await;
    let (_folder, path) = file("a.csv", "id,zip\n1,01067\n2,\n");
    world
        .run(&[], &["load", &path, "--topic", &topic])
        .await
        .success();
    let input = "{\"id\": 3, \"zip\": null}\n";
    run_with_input(&world.variables(), &["load", "-", "--topic", &topic], input)
        .await
        .success();
    let shown = world.run(&[], &["peek", &topic]).await.success().json_lines();
    let row = |id: i64, zip: Option<&str>| json!({"id": id, "zip": zip});
    assert_eq!(
        values(&shown),
        [row(1, Some("01067")), row(2, None), row(3, None)]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_with_a_file_is_named_by_its_line() {
    let world = World::start().await;
    let topic = world.broker.create_topic("loaded", 1).await;
    let (_folder, path) = file("a.jsonl", "{\"id\": 1}\n{\"id\": }\n");
    let broken = world.run(&[], &["load", &path, "--topic", &topic]).await;
    assert_eq!(broken.code, Some(1));
    assert!(
        broken.stderr.contains("a.jsonl line 2: not JSON"),
        "{}",
        broken.stderr
    );
    assert!(
        broken.stderr.contains("the 1 rows before it are sent"),
        "{}",
        broken.stderr
    );
    let keyless = world
        .run(&[], &["load", &path, "--topic", &topic, "--key", "ID"])
        .await;
    assert!(
        keyless
            .stderr
            .contains("line 1: wanted the key in `ID`, found no such member"),
        "{}",
        keyless.stderr
    );
    let missing = world
        .run(&[], &["load", "no-such-file.csv", "--topic", &topic])
        .await;
    assert!(
        missing.stderr.contains("no-such-file.csv: No such file"),
        "{}",
        missing.stderr
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_topic_that_is_not_there_is_said_to_be_missing() {
    // Also where brokers make topics by themselves, as Apache Kafka is told to here.
    let world = World::start().await;
    let topic = name();
    let (_folder, path) = file("a.jsonl", "{}\n");
    let missing = world.run(&[], &["load", &path, "--topic", &topic]).await;
    assert_eq!(missing.code, Some(1));
    let wanted = format!(
        "topic {topic} does not exist in the Kafka cluster at {}",
        world.broker.bootstrap()
    );
    assert!(
        missing.stderr.contains(&wanted) && missing.stderr.contains("--create"),
        "{}",
        missing.stderr
    );
    assert_eq!(missing.stderr.lines().count(), 1, "{}", missing.stderr);
}
