//! Brokers that are not there are named once, with the reason, by every command that needs them.

use std::time::{Duration, Instant};

use tests::lambda::binary;
use tokio::process::Command;

use super::*;

/// Far below the minute that a query waits for brokers that have answered before.
const SOON: Duration = Duration::from_secs(30);

#[tokio::test(flavor = "multi_thread")]
async fn brokers_that_are_not_there_are_given_up_early() {
    let world = World::embedded().await;
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("a.jsonl");
    std::fs::write(&path, "{}\n").expect("a file");
    let path = path.display().to_string();
    register_orders(&world, "orders");
    for arguments in [
        &["topics"][..],
        &["peek", "orders"],
        &["load", &path, "--topic", "orders"],
        &["load", &path, "--topic", "orders", "--create", "1"],
        &["schema", "infer", "orders"],
        &["sql", "SELECT * FROM msk.customer.orders"],
    ] {
        let started = Instant::now();
        let failed = world.run(&[("kafka_endpoint", "127.0.0.1:1")], arguments).await;
        assert_eq!(failed.code, Some(1), "{failed:?}");
        assert!(
            started.elapsed() < SOON,
            "{arguments:?} took {:?}",
            started.elapsed()
        );
        let lines: Vec<&str> = failed.stderr.lines().collect();
        let [error] = lines[..] else {
            panic!("{arguments:?}: {}", failed.stderr)
        };
        assert!(
            error.contains("127.0.0.1:1") && error.contains("refused"),
            "{arguments:?}: {error}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_producer_names_them_too() {
    let orders = Command::new(binary("orders").expect("the producer is built"))
        .args(["--bootstrap", "127.0.0.1:1", "--count", "5"])
        .output();
    let output = orders.await.expect("the producer runs");
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success());
    let lines: Vec<&str> = stderr.lines().filter(|line| !line.trim().is_empty()).collect();
    let [line] = lines[..] else { panic!("{stderr}") };
    assert!(
        line.starts_with("orders: no broker answers at 127.0.0.1:1") && line.contains("refused"),
        "{line}"
    );
}
