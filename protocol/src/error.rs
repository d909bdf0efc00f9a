//! Errors of messages: which message, which field, and which rule it breaks.

use std::fmt;

use arrow::error::ArrowError;
use thiserror::Error;

use crate::ipc::UnsupportedType;
use crate::version::SerdeVersion;

/// Message that cannot be decoded. Never quotes a value, only names and types.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WireError {
    /// Name of the message, for example `GetSplitsRequest`; while that is unknown, what was being decoded.
    pub message: String,
    /// Path of the field, for example `constraints.summary.a.ranges[0].low.valueBlock`; empty for the message
    /// as a whole.
    pub field: String,
    pub rule: Rule,
}

impl std::error::Error for WireError {}

impl fmt::Display for WireError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.field.as_str() {
            "" => write!(f, "{}: {}", self.message, self.rule),
            field => write!(f, "{}: `{field}`: {}", self.message, self.rule),
        }
    }
}

/// Rule that a message breaks.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum Rule {
    #[error("is not JSON: {0}")]
    Json(String),
    #[error("key is missing")]
    Missing,
    #[error("key appears twice")]
    Duplicate,
    #[error("wanted {wanted}, found {found}")]
    Type {
        wanted: &'static str,
        found: &'static str,
    },
    #[error("wanted {wanted}, found `{found}`")]
    Unknown { wanted: &'static str, found: String },
    #[error("does not exist at serde version {0}")]
    Version(SerdeVersion),
    #[error("is not standard base64 with padding: {0}")]
    Base64(String),
    #[error("is not a valid Arrow message: {0}")]
    Arrow(String),
    #[error("{0}")]
    Predicate(String),
}

/// Message that cannot be encoded.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum EncodeError {
    #[error(transparent)]
    UnsupportedType(#[from] UnsupportedType),
    #[error("{message} does not exist at serde version {version}")]
    Version {
        message: &'static str,
        version: SerdeVersion,
    },
    #[error("query passthrough arguments do not exist at serde version {0}")]
    Passthrough(SerdeVersion),
    #[error("a batch of {rows} rows and no columns has no body, and the peer's reader fails without one")]
    NoColumns { rows: usize },
    #[error(
        "a batch of {rows} rows in columns of type Null alone has no body, and the peer's reader fails without one"
    )]
    NoBody { rows: usize },
    #[error("arrow cannot write it: {0}")]
    Arrow(#[from] ArrowError),
    #[error("JSON cannot be written: {0}")]
    Json(#[from] serde_json::Error),
}

/// Broken rule on its way out of nested values: each level adds its step to the path.
#[derive(Debug)]
pub(crate) struct Fault {
    /// Steps, innermost first.
    steps: Vec<Step>,
    rule: Rule,
}

#[derive(Debug)]
enum Step {
    Key(String),
    Index(usize),
}

/// Longest name from the peer that an error quotes in full.
const LONGEST_QUOTED_NAME_CHARS: usize = 64;

impl Fault {
    pub(crate) fn at_key(mut self, key: &str) -> Self {
        self.steps.push(Step::Key(quoted_name(key)));
        self
    }

    pub(crate) fn at_index(mut self, index: usize) -> Self {
        self.steps.push(Step::Index(index));
        self
    }

    pub(crate) fn in_message(self, message: &str) -> WireError {
        WireError {
            message: message.to_owned(),
            field: self.field(),
            rule: self.rule,
        }
    }

    fn field(&self) -> String {
        let mut field = String::new();
        for step in self.steps.iter().rev() {
            match step {
                Step::Key(key) if field.is_empty() => field.push_str(key),
                Step::Key(key) => field.extend([".", key]),
                Step::Index(index) => field.push_str(&format!("[{index}]")),
            }
        }
        field
    }
}

impl From<Rule> for Fault {
    fn from(rule: Rule) -> Self {
        Self {
            steps: Vec::new(),
            rule,
        }
    }
}

/// Name from the peer, truncated for an error.
pub(crate) fn quoted_name(name: &str) -> String {
    match name.char_indices().nth(LONGEST_QUOTED_NAME_CHARS) {
        Some((end, _)) => format!("{}…", &name[..end]),
        None => name.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_message_path_and_rule() {
        let fault = Fault::from(Rule::Missing)
            .at_key("valueBlock")
            .at_key("low")
            .at_index(3)
            .at_key("ranges");
        let error = fault.in_message("ReadRecordsRequest");
        assert_eq!(
            error.to_string(),
            "ReadRecordsRequest: `ranges[3].low.valueBlock`: key is missing"
        );
    }

    #[test]
    fn cuts_long_names() {
        let fault = Fault::from(Rule::Duplicate).at_key(&"é".repeat(1000));
        assert_eq!(fault.in_message("x").field, format!("{}…", "é".repeat(64)));
    }
}
