//! What one check found.

use std::fmt;

use serde::Serialize;

/// What a check came to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// What was looked at, such as `table customer.orders`.
    pub subject: String,
    pub check: Check,
    pub status: Status,
    /// A phrase: what is there, what is wrong, or because of what nobody looked.
    pub found: String,
    /// What to change, if something is to be.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fix: Option<String>,
}

/// How a check ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    Ok,
    /// Queries run, though hardly as meant.
    Warning,
    /// Queries fail, or see nothing.
    Failed,
    /// It depends on what failed before.
    Skipped,
}

/// What is checked of a subject.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Check {
    /// The function's configuration can be read.
    Function,
    /// Environment variables have values of use.
    Variables,
    /// It is known where AWS is asked.
    Region,
    /// There is something to sign AWS's requests with.
    Credentials,
    /// The registries can be listed.
    Registries,
    /// Their descriptions carry the marker.
    Marker,
    /// The brokers answer and let the client in.
    Login,
    /// The schema makes a table.
    Document,
    /// The topic is there.
    Topic,
    /// Whose clock the topic's timestamps are of.
    Timestamps,
    /// Records can be fetched.
    Read,
    /// Records become rows.
    Decode,
    /// There are keys for spilled blocks.
    Key,
    /// The spill bucket is there.
    Bucket,
    /// It takes blocks.
    Write,
    /// Athena tells how queries stand.
    QueryStatus,
}

impl Status {
    /// The word shown.
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
    /// The words shown.
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
