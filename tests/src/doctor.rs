//! `athena-local doctor` as a process of its own, and what it found.

use serde_json::Value;

use crate::program::{Ended, run};
use crate::world::World;

/// What the program did.
#[derive(Debug)]
pub struct Examination {
    /// 0 if nothing failed.
    pub code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

/// Runs it with exactly `variables`, a region, and `arguments` behind `doctor`.
///
/// # Panics
/// If it is not built, or does not end.
pub async fn examine(variables: &[(String, String)], arguments: &[&str]) -> Examination {
    let Ended { code, stdout, stderr } = run(variables, &[&["doctor"], arguments].concat()).await;
    Examination { code, stdout, stderr }
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
    /// Of a run with `--json`: status, what was found, and what to do (empty if nothing) of each finding of this check
    /// of this subject.
    ///
    /// # Panics
    /// If the output is no JSON.
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

    /// The same of the only finding.
    ///
    /// # Panics
    /// If there is not exactly one.
    pub fn only(&self, subject: &str, check: &str) -> (String, String, String) {
        let mut found = self.of(subject, check);
        assert_eq!(found.len(), 1, "{check} of {subject} in {}", self.stdout);
        found.remove(0)
    }

    /// The status of the only finding.
    pub fn status(&self, subject: &str, check: &str) -> String {
        self.only(subject, check).0
    }
}
