//! Findings of checks.

use std::fmt;

use serde::Serialize;

/// Result of a check.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// Subject of the check, such as `table customer.orders`.
    pub subject: String,
    pub check: Check,
    pub status: Status,
    /// Phrase with what was found, what is wrong, or why the check was skipped.
    pub found: String,
    /// Change that corrects the fault, if there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fix: Option<String>,
}

/// Outcome of a check.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    Ok,
    /// Queries run, but hardly as intended.
    Warning,
    /// Queries fail, or return nothing.
    Failed,
    /// The check depends on one that failed.
    Skipped,
}

/// Kind of check.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Check {
    /// The function's configuration can be read.
    Function,
    /// Environment variables have valid values.
    Variables,
    /// The AWS region is known.
    Region,
    /// AWS credentials are available.
    Credentials,
    /// The registries can be listed.
    Registries,
    /// Their descriptions contain the marker.
    Marker,
    /// The brokers respond and accept the login.
    Login,
    /// The schema describes a table.
    Document,
    /// The topic exists.
    Topic,
    /// Timestamp type of the topic.
    Timestamps,
    /// Records can be fetched.
    Read,
    /// Records become rows.
    Decode,
    /// Keys for spilled blocks can be generated.
    Key,
    /// The spill bucket exists.
    Bucket,
    /// Objects can be written to the bucket.
    Write,
    /// Athena returns the state of queries.
    QueryStatus,
}

impl Status {
    /// Name in the report.
    pub fn name(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Warning => "warning",
            Self::Failed => "failed",
            Self::Skipped => "skipped",
        }
    }
}

impl Check {
    /// Name in the report.
    pub fn name(self) -> &'static str {
        match self {
            Self::Function => "function",
            Self::Variables => "variables",
            Self::Region => "region",
            Self::Credentials => "credentials",
            Self::Registries => "registries",
            Self::Marker => "marker",
            Self::Login => "login",
            Self::Document => "document",
            Self::Topic => "topic",
            Self::Timestamps => "timestamps",
            Self::Read => "read",
            Self::Decode => "decode",
            Self::Key => "key",
            Self::Bucket => "bucket",
            Self::Write => "write",
            Self::QueryStatus => "query status",
        }
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl fmt::Display for Check {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}
