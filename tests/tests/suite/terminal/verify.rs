//! `athena-local verify` at this project's own function.

use super::*;

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_found_at_the_projects_own_function() {
    let world = World::start().await;
    let topic = world.broker.create_topic("verified", 3).await;
    for partition in 0..3 {
        let ids = (0..200).map(|id| i64::from(partition) * 200 + id);
        let record = |id: i64| match id % 9 {
            0 => json!({"id": id, "note": null, "price": "1.50", "on": "2024-02-29"}),
            _ => {
                json!({"id": id, "note": format!("note {}", id % 40), "price": format!("{}.25", id % 7), "on": format!("2024-03-{:02}", id % 28 + 1)})
            }
        };
        world
            .broker
            .produce(&topic, partition, ids.map(|id| Some(record(id).to_string())));
    }
    world.register_json(
        "Verified",
        &topic,
        &[
            ("id", "BIGINT", ""),
            ("note", "VARCHAR", ""),
            ("price", "DECIMAL(10,2)", ""),
            ("on", "DATE", "yyyy-MM-dd"),
        ],
    );
    let settings = [
        ("max_records_per_split", "70"),
        ("metadata_columns", "true"),
        ("top_n_pushdown", "true"),
    ];
    let (lambda, _) = world.lambda(2, &settings).await;
    let arguments = [
        "verify",
        "--function",
        "f",
        "--endpoint",
        lambda.endpoint_url(),
        "--json",
        "--oldest-version",
        "1",
    ];
    let ended = world.run(&[], &arguments).await;
    let report: Value = serde_json::from_str(&ended.stdout).expect("a JSON object");
    assert_eq!(report["findings"], json!([]), "{report:#}");
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    assert_eq!((&report["tables"], &report["rows"]), (&json!(1), &json!(600)));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_finding_is_exit_code_1_and_one_line() {
    // Not a connector: every request is an error.
    let world = World::start().await;
    let (lambda, _) = world.lambda(1, &[("kafka_endpoint", "127.0.0.1:1")]).await;
    world.register_json("orders", "nowhere", &[("id", "BIGINT", "")]);
    let arguments = [
        "verify",
        "--function",
        "f",
        "--endpoint",
        lambda.endpoint_url(),
        "customer.orders",
    ];
    let ended = world.run(&[], &arguments).await;
    assert_eq!(ended.code, Some(1), "{}", ended.stdout);
    let line = ended.stdout.lines().next().unwrap_or_default();
    assert!(
        line.starts_with("call-fails            customer.orders: GetSplits"),
        "{}",
        ended.stdout
    );
}
