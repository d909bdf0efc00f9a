//! `athena-local topics`.

use super::*;

#[tokio::test(flavor = "multi_thread")]
async fn topics_are_listed_with_ends_records_bytes_and_policy() {
    let world = World::start().await;
    let settings = [("cleanup.policy", "compact,delete")];
    let topic = world.broker.create_topic_with("listed", 2, &settings).await;
    world
        .broker
        .produce(&topic, 0, (0..5).map(|n| Some(format!("value {n}"))));
    world
        .broker
        .produce(&topic, 1, (0..3).map(|n| Some(format!("value {n}"))));
    world.broker.delete_records_before(&topic, 0, 2).await;

    let listed = world.run(&[], &["topics", "--output", "json"]).await.success();
    let listed = listed.json_lines();
    let found: Vec<_> = listed
        .iter()
        .filter(|listed| listed["topic"] == topic.as_str())
        .collect();
    let [found] = found[..] else { panic!("{listed:?}") };
    assert_eq!(
        (&found["records"], &found["cleanup_policy"]),
        (&json!(6), &json!("compact,delete"))
    );
    let ends: Vec<_> = found["partitions"]
        .as_array()
        .expect("partitions")
        .iter()
        .map(|each| {
            [
                &each["partition"],
                &each["earliest_offset"],
                &each["latest_offset"],
            ]
        })
        .collect();
    assert_eq!(
        ends,
        [
            [&json!(0), &json!(2), &json!(5)],
            [&json!(1), &json!(0), &json!(3)]
        ]
    );
    assert!(found["bytes"].as_u64().expect("bytes") > 3 * 7, "{found}");

    let table = world.run(&[], &["topics"]).await.success().stdout;
    let row = table
        .lines()
        .find(|line| line.starts_with(&topic))
        .expect("a row");
    let cells: Vec<_> = row.split_whitespace().collect();
    assert_eq!((cells[1], cells[2], cells[4]), ("2", "6", "compact,delete"));
    assert!(row.ends_with("0: 2..5, 1: 0..3"), "{row}");
}

#[tokio::test(flavor = "multi_thread")]
async fn one_topic_is_listed_partition_by_partition() {
    let world = World::start().await;
    let topic = world.broker.create_topic("listed", 2).await;
    world.broker.produce(&topic, 1, [Some("value")]);
    // By the option that every command has, whatever the environment names.
    let brokers = world.broker.bootstrap().to_owned();
    let nowhere = [("kafka_endpoint", "127.0.0.1:1")];
    let listed = world
        .run(&nowhere, &["topics", &topic, "--bootstrap", &brokers])
        .await
        .success();
    let rows: Vec<Vec<&str>> = listed
        .stdout
        .lines()
        .map(|row| row.split_whitespace().collect())
        .collect();
    assert_eq!(rows[0], ["PARTITION", "LEADER", "RECORDS", "BYTES", "OFFSETS"]);
    assert_eq!(
        (rows[1][2], rows[1][4], rows[2][2], rows[2][4]),
        ("0", "0..0", "1", "0..1")
    );
    assert_eq!(rows.len(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_topic_that_is_not_there_is_named_and_not_created() {
    let world = World::start().await;
    for _ in 0..2 {
        let listed = world.run(&[], &["topics", "nobody-made-it"]).await;
        assert_eq!(listed.code, Some(1));
        assert_eq!(
            listed.stderr,
            "athena-local: topic `nobody-made-it` does not exist in the Kafka cluster\n"
        );
    }
}
