//! Confluent's own serializers, in Python: records of an independent implementation.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use serde_json::{Value, json};
use tokio::io::AsyncWriteExt;
use tokio::process::Command;

const PROGRAM: &str = include_str!("confluent_writer.py");

/// Writes `records` to partition 0 in order and returns them as they were produced. The program's own
/// documentation describes the form of a record.
///
/// # Panics
/// If Python fails, with its output.
pub async fn write(bootstrap: &str, registry_url: &str, topic: &str, records: &Value) -> Value {
    let task =
        json!({ "bootstrap": bootstrap, "registry": registry_url, "topic": topic, "records": records });
    let mut python = Command::new(python())
        .args(["-c", PROGRAM])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("Python starts: scripts/venv confluent");
    let mut input = python.stdin.take().expect("it is piped");
    input
        .write_all(task.to_string().as_bytes())
        .await
        .expect("Python reads");
    drop(input);
    let output = python.wait_with_output().await.expect("Python ends");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "Confluent's serializers: {said}");
    serde_json::from_slice(&output.stdout).expect("what was written")
}

/// Python with Confluent's client, as `scripts/venv confluent` installs it.
fn python() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/venv-confluent/bin/python")
}
