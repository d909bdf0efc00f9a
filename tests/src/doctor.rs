//! `athena-local doctor` as a process of its own, and its findings.

use std::process::Stdio;
use std::time::Duration;

use serde_json::Value;
use tokio::process::Command;

use crate::lambda::binary;
use crate::world::World;

/// Time limit of all checks before the program counts as hung.
const LIMIT: Duration = Duration::from_secs(120);

/// Output of the program.
#[derive(Debug)]
pub struct Examination {
    /// Exit code: 0 if nothing failed.
    pub code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

/// Runs the program with exactly `variables`, a region, and `arguments` after `doctor`.
///
/// # Panics
/// If the program is not built, or does not end.
pub async fn examine(variables: &[(String, String)], arguments: &[&str]) -> Examination {
    let program = Command::new(binary("athena-local").expect("the program is built"))
        .arg("doctor")
        .args(arguments)
        .env_clear()
        .env("AWS_REGION", "us-east-1")
        .envs(variables.iter().map(|(name, value)| (name, value)))
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .output();
    let output = tokio::time::timeout(LIMIT, program).await.expect("an end of it");
    let output = output.expect("the program runs");
    Examination {
        code: output.status.code(),
        stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

impl World {
    /// Examines this world, with settings that override [`World::variables`].
    pub async fn examine(&self, settings: &[(&str, &str)], arguments: &[&str]) -> Examination {
        let mut variables = self.variables();
        let settings = settings
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        variables.extend(settings);
        examine(&variables, arguments).await
    }
}

impl Examination {
    /// Findings of a run with `--json`: status, finding and fix (empty if there is none) of each finding of
    /// this check of this subject.
    ///
    /// # Panics
    /// If the output is not JSON.
    pub fn of(&self, subject: &str, check: &str) -> Vec<(String, String, String)> {
        let report: Value = serde_json::from_str(&self.stdout).expect("a JSON object");
        let findings = report["findings"].as_array().expect("findings");
        let text = |finding: &Value, key: &str| finding[key].as_str().unwrap_or_default().to_owned();
        let wanted = findings
            .iter()
            .filter(|finding| finding["subject"] == subject && finding["check"] == check);
        wanted
            .map(|finding| {
                (
                    text(finding, "status"),
                    text(finding, "found"),
                    text(finding, "fix"),
                )
            })
            .collect()
    }

    /// Status, finding and fix of the only finding.
    ///
    /// # Panics
    /// If there is not exactly one.
    pub fn only(&self, subject: &str, check: &str) -> (String, String, String) {
        let mut found = self.of(subject, check);
        assert_eq!(found.len(), 1, "{check} of {subject} in {}", self.stdout);
        found.remove(0)
    }

    /// Status of the only finding.
    pub fn status(&self, subject: &str, check: &str) -> String {
        self.only(subject, check).0
    }
}
