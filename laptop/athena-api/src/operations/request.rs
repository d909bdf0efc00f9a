//! What requests have in common.

use std::time::SystemTime;

use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::api::WORK_GROUP;
use crate::error::ApiError;

/// Request from its body.
pub(super) fn parsed<T: DeserializeOwned>(body: &[u8]) -> Result<T, ApiError> {
    // Some clients send nothing in place of an empty object.
    let body = if body.is_empty() { b"{}" } else { body };
    serde_json::from_slice(body).map_err(|error| ApiError::invalid(format!("invalid request: {error}")))
}

/// Checks the work group of a request: there is one.
pub(super) fn check_work_group(name: Option<&str>) -> Result<(), ApiError> {
    match name {
        None | Some(WORK_GROUP) => Ok(()),
        Some(other) => Err(ApiError::invalid(format!("WorkGroup {other} is not found"))),
    }
}

/// Seconds since 1970, as AWS JSON has times.
pub(super) fn timestamp(time: SystemTime) -> Value {
    let since = time.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    json!(since.as_millis() as f64 / 1e3)
}

/// Text of a request, which must not be empty or longer than Athena's limit in bytes.
pub(super) fn checked_text<'a>(field: &str, text: &'a str, limit: usize) -> Result<&'a str, ApiError> {
    match text.len() {
        0 => Err(ApiError::invalid(format!("{field} is empty"))),
        bytes if bytes > limit => Err(ApiError::invalid(format!(
            "{field}: wanted at most {limit} bytes, found {bytes}"
        ))),
        _ => Ok(text),
    }
}

/// Longest statement, in bytes.
pub(super) const MAX_SQL_BYTES: usize = 262_144;
