//! What requests have in common.

use std::ops::RangeInclusive;
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

/// Names or ids of a batch, and how their number is checked.
pub(super) struct Batch<'a> {
    pub(super) field: &'a str,
    pub(super) keys: &'a [String],
    pub(super) wanted: RangeInclusive<usize>,
}

impl Batch<'_> {
    /// Looks all of them up: those that `find` finds, and what `missing` says of the others.
    pub(super) fn look_up<T>(
        &self,
        find: impl Fn(&str) -> Result<T, ApiError>,
        found: impl Fn(T) -> Value,
        missing: impl Fn(&str) -> Value,
    ) -> Result<(Value, Value), ApiError> {
        let (field, wanted, number) = (self.field, &self.wanted, self.keys.len());
        if !wanted.contains(&number) {
            let (least, most) = (wanted.start(), wanted.end());
            return Err(ApiError::invalid(format!(
                "{field}: wanted {least} to {most}, found {number}"
            )));
        }
        let (mut known, mut unknown) = (Vec::new(), Vec::new());
        for key in self.keys {
            match find(key) {
                Ok(value) => known.push(found(value)),
                Err(_) => unknown.push(missing(key)),
            }
        }
        Ok((known.into(), unknown.into()))
    }
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
