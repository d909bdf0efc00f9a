//! The first page's commands, run as they are printed.

use std::path::Path;

use tests::lambda::binary;
use tokio::process::Command;

use super::*;

const README: &str = include_str!("../../../../README.md");

/// Where the first page says that the brokers are.
const BROKERS: &str = "b-1.example:9092";

/// The commands of the section about topics, block by block.
fn blocks() -> Vec<&'static str> {
    let (_, section) = README
        .split_once("\n## Topics at the terminal\n")
        .expect("the section");
    let (section, _) = section.split_once("\n## ").expect("a section after it");
    let blocks = section.split("```sh\n").skip(1);
    blocks
        .map(|rest| rest.split_once("```").expect("its end").0)
        .collect()
}

/// Runs commands in a folder, as a shell does; what the last of them writes.
async fn run(commands: &str, folder: &Path) -> String {
    let program = binary("athena-local").expect("the program is built");
    let programs = program.parent().expect("a folder").display().to_string();
    let path = std::env::var("PATH").expect("a path");
    let output = Command::new("bash")
        .args(["-euo", "pipefail", "-c", commands])
        .current_dir(folder)
        .env_clear()
        .env("PATH", format!("{programs}:{path}"))
        .output()
        .await
        .expect("bash runs");
    assert!(
        output.status.success(),
        "{commands}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_pages_commands_lead_to_rows() {
    // A topic of just this name: the embedded broker is this test's own.
    let world = World::embedded().await;
    let kafka = world.broker.as_embedded().expect("the embedded broker");
    kafka.create_topic("orders", 3).expect("a topic");
    world
        .broker
        .produce("orders", 0, (0..5).map(|id| Some(note(id).to_string())));
    let folder = tempfile::tempdir().expect("a folder");
    let clicks: String = (0..7).map(|id| format!("{}\n", note(id))).collect();
    std::fs::write(folder.path().join("clicks.jsonl"), clicks).expect("a file");

    let blocks = blocks();
    let [cluster, file] = blocks[..] else {
        panic!("{blocks:?}")
    };
    assert_eq!(
        (cluster.lines().count(), file.lines().count()),
        (3, 2),
        "as many commands as are promised"
    );
    let rows = run(&cluster.replace(BROKERS, world.broker.bootstrap()), folder.path()).await;
    assert!(rows.contains("|  4 | n4   |"), "{rows}");
    let rows = run(file, folder.path()).await;
    assert!(
        rows.contains("| clicks |") && rows.contains("|      7 |"),
        "{rows}"
    );
}
