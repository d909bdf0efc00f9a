//! `athena-local peek`: which records are shown, in which order, for how long.

use tests::program::Running;

use super::*;

/// A topic of two partitions whose records alternate in time: ids 0, 2, 4 in the first, 1, 3, 5 in the second.
async fn world() -> (World, String) {
    let world = World::start().await;
    let topic = world.broker.create_topic("peeked", 2).await;
    for partition in 0..2 {
        let ids = (0..3).map(|n| 2 * n + i64::from(partition));
        let records: Vec<_> = ids
            .map(|id| record_at(DAY_MS + id * 1_000, &format!("k{id}"), &note(id).to_string()))
            .collect();
        world.broker.produce_whole(&topic, partition, &records);
    }
    (world, topic)
}

async fn ids(world: &World, arguments: &[&str]) -> Vec<i64> {
    let shown = world
        .run(&[], &[&["peek"], arguments].concat())
        .await
        .success()
        .json_lines();
    shown
        .iter()
        .map(|shown| shown["value"]["id"].as_i64().expect("an id"))
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_is_shown_with_all_that_kafka_keeps_of_it() {
    let world = World::start().await;
    let topic = world.broker.create_topic("peeked", 1).await;
    let whole = WholeRecord {
        headers: vec![("trace", Some(b"t1".to_vec())), ("raw", Some(vec![0, 255]))],
        ..record_at(DAY_MS + 40, "k", r#"{"id": 7, "note": "n"}"#)
    };
    world.broker.produce_whole(&topic, 0, &[whole]);
    let shown = world.run(&[], &["peek", &topic]).await.success();
    assert_eq!(
        shown.json_lines(),
        [json!({
            "partition": 0, "offset": 0, "time": "2023-03-14T00:00:00.040Z", "key": "k",
            "headers": {"trace": ["t1"], "raw": ["0x00ff"]},
            "value": {"id": 7, "note": "n"}, "read_as": "json", "error": null,
        })]
    );
    assert!(
        shown.stderr.contains("schema infer"),
        "says how to make a table: {}",
        shown.stderr
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_latest_of_all_partitions_come_in_order_of_time() {
    let (world, topic) = world().await;
    assert_eq!(ids(&world, &[&topic]).await, [0, 1, 2, 3, 4, 5]);
    assert_eq!(ids(&world, &[&topic, "--latest", "3"]).await, [3, 4, 5]);
    assert_eq!(
        ids(&world, &[&topic, "--latest", "2", "--partition", "0"]).await,
        [2, 4]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn records_are_found_by_time_offset_and_key() {
    let (world, topic) = world().await;
    assert_eq!(
        ids(&world, &[&topic, "--since", "2023-03-14T00:00:03Z"]).await,
        [4, 3, 5]
    );
    assert_eq!(ids(&world, &[&topic, "--since", "1h"]).await, [0_i64; 0]);
    assert_eq!(
        ids(&world, &[&topic, "--since", "1970-01-01"]).await,
        [0, 2, 4, 1, 3, 5]
    );
    assert_eq!(
        ids(&world, &[&topic, "--partition", "1", "--offset", "1"]).await,
        [3, 5]
    );
    assert_eq!(ids(&world, &[&topic, "--key", "k3"]).await, [3]);
    assert_eq!(ids(&world, &[&topic, "--key", "k3", "--latest", "1"]).await, [3]);
    assert_eq!(ids(&world, &[&topic, "--key", "k"]).await, [0_i64; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_latest_are_found_beyond_gaps() {
    let world = World::embedded().await;
    let topic = world.broker.create_topic("gaps", 1).await;
    world
        .broker
        .produce(&topic, 0, (0..3).map(|id| Some(note(id).to_string())));
    let kafka = world.broker.as_embedded().expect("the embedded broker");
    kafka.append_empty_batch(&topic, 0, 500).expect("a batch");
    assert_eq!(ids(&world, &[&topic, "--latest", "2"]).await, [1, 2]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_there_is_said() {
    let (world, topic) = world().await;
    for (arguments, wanted) in [
        (&["--partition", "7"][..], "partition 7 does not exist"),
        (
            &["--partition", "0", "--offset", "9"],
            "ends at offset 3, wanted records from 9 on",
        ),
        (&["--follow", "--output", "table"], "wanted json or raw"),
    ] {
        let failed = world.run(&[], &[&["peek", &topic], arguments].concat()).await;
        assert_eq!(failed.code, Some(1), "{failed:?}");
        assert!(failed.stderr.contains(wanted), "{failed:?}");
    }
    let missing = world.run(&[], &["peek", "nobody-made-it"]).await;
    assert_eq!(
        missing.stderr,
        "athena-local: topic `nobody-made-it` does not exist in the Kafka cluster\n"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn values_alone_are_shown_as_they_are() {
    let world = World::start().await;
    let topic = world.broker.create_topic("raw", 1).await;
    world
        .broker
        .produce(&topic, 0, [Some("a"), None, Some("{\"b\":  1}")]);
    let shown = world
        .run(&[], &["peek", &topic, "--output", "raw"])
        .await
        .success();
    assert_eq!(shown.stdout, "a\n\n{\"b\":  1}\n");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_table_is_for_people() {
    let (world, topic) = world().await;
    let shown = world
        .run(&[], &["peek", &topic, "--latest", "1", "--output", "table"])
        .await
        .success();
    let lines: Vec<&str> = shown.stdout.lines().collect();
    assert_eq!(lines.len(), 2, "{lines:?}");
    assert!(lines[0].starts_with("PARTITION  OFFSET  TIME"), "{}", lines[0]);
    assert!(
        lines[1].contains("2023-03-14T00:00:05.000Z") && lines[1].contains("k5"),
        "{}",
        lines[1]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_closed_pipe_is_a_quiet_end() {
    let world = World::start().await;
    let topic = world.broker.create_topic("many", 1).await;
    world
        .broker
        .produce(&topic, 0, (0..50_000).map(|id| Some(note(id).to_string())));
    for arguments in [
        &["peek", &topic, "--since", "1970-01-01"][..],
        &["peek", &topic, "--partition", "0", "--offset", "0", "-f"],
    ] {
        let mut peek = Running::start(&world.variables(), arguments);
        assert!(
            peek.line()
                .await
                .expect("a record")
                .starts_with("{\"partition\":0,\"offset\":0,")
        );
        let ended = peek.close().await;
        assert_eq!(ended.code, Some(0), "{ended:?}");
        assert!(!ended.stderr.contains("athena-local:"), "{ended:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn records_are_followed_until_ctrl_c() {
    let (world, topic) = world().await;
    let mut peek = Running::start(&world.variables(), &["peek", &topic, "--latest", "1", "--follow"]);
    let id = |line: Option<String>| {
        let shown: Value = serde_json::from_str(&line.expect("a record")).expect("JSON");
        shown["value"]["id"].as_i64()
    };
    assert_eq!(id(peek.line().await), Some(5));
    world
        .broker
        .produce_whole(&topic, 1, &[record("k", &note(100).to_string())]);
    assert_eq!(id(peek.line().await), Some(100));
    world
        .broker
        .produce_whole(&topic, 0, &[record("k", &note(101).to_string())]);
    assert_eq!(id(peek.line().await), Some(101));
    let ended = peek.interrupt().await;
    assert_eq!(ended.code, Some(0), "{ended:?}");
}
